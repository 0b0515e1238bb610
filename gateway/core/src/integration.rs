//! Integrations: other home systems, and what an owner lets them hear and say at the MQTT edge.

use crate::access::Denied;
use crate::device::SecretHash;
use crate::ids::{DeviceId, IntegrationId};
use crate::name::{BoardId, Name};
use crate::time::Wall;
use crate::view::View;
use std::fmt;
use std::sync::Arc;

/// Integrations a home may have.
pub const MAX_INTEGRATIONS: usize = 32;
/// Filters to publish by, and as many to subscribe by, that an integration may have.
pub const MAX_FILTERS: usize = 64;
/// Longest filter, in bytes.
pub const MAX_FILTER_BYTES: usize = 256;
/// Most levels of a filter, which are separated by `/`.
pub const MAX_FILTER_LEVELS: usize = 16;

/// An MQTT topic filter: 1 to [`MAX_FILTER_BYTES`] bytes, `+` for one level, `#` for all that follow. It begins with
/// no `$`: neither the broker's own topics nor shared subscriptions can be given away.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Filter(Arc<str>);

/// Why a topic filter was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadFilter {
    /// Nothing.
    Empty,
    /// More than [`MAX_FILTER_BYTES`] bytes.
    TooLong,
    /// More than [`MAX_FILTER_LEVELS`] levels.
    TooDeep,
    /// It begins with `$`.
    Reserved,
    /// A `+` or `#` that is not a level of its own, or a `#` that is not the last one.
    Wildcard,
    /// Control characters.
    Invisible,
}

impl fmt::Display for BadFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("A topic filter cannot be empty."),
            Self::TooLong => write!(f, "A topic filter has at most {MAX_FILTER_BYTES} bytes."),
            Self::TooDeep => write!(f, "A topic filter has at most {MAX_FILTER_LEVELS} levels."),
            Self::Reserved => f.write_str("A topic filter cannot begin with $."),
            Self::Wildcard => f.write_str(
                "In a topic filter + stands for one whole level, and # for all that follow, so it comes last.",
            ),
            Self::Invisible => f.write_str("A topic filter cannot hold control characters."),
        }
    }
}

impl std::error::Error for BadFilter {}

impl Filter {
    /// Takes a filter as it is.
    pub fn new(text: &str) -> Result<Self, BadFilter> {
        let levels = text.split('/').count();
        let misplaced = |(index, level): (usize, &str)| match level {
            "+" => false,
            "#" => index + 1 != levels,
            word => word.contains(['+', '#']),
        };
        if text.is_empty() {
            Err(BadFilter::Empty)
        } else if text.len() > MAX_FILTER_BYTES {
            Err(BadFilter::TooLong)
        } else if levels > MAX_FILTER_LEVELS {
            Err(BadFilter::TooDeep)
        } else if text.starts_with('$') {
            Err(BadFilter::Reserved)
        } else if text.chars().any(char::is_control) {
            Err(BadFilter::Invisible)
        } else if text.split('/').enumerate().any(misplaced) {
            Err(BadFilter::Wildcard)
        } else {
            Ok(Self(text.into()))
        }
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Another home system that may log in at the MQTT edge. Its secret is kept apart, so that whoever may see this does
/// not see that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Integration {
    /// Its id for good.
    pub id: IntegrationId,
    /// What people call it; no two have the same name.
    pub name: Name,
    /// The user name it logs in with.
    pub user: Arc<str>,
    /// The topics it may publish to; of a claimed board's only those that ask it for something, which makes a command.
    pub publish: Vec<Filter>,
    /// The topics it may subscribe to.
    pub subscribe: Vec<Filter>,
    /// When it was made; none while the clock was not trusted.
    pub created_at: Option<Wall>,
}

/// An integration to be made.
#[derive(Clone, Debug)]
pub struct NewIntegration {
    /// What people are to call it.
    pub name: Name,
    /// The user name it is to log in with: see [`user_name`].
    pub user: Arc<str>,
    /// The hash of the secret it is to present.
    pub secret: SecretHash,
    /// The topics it may publish to, at most [`MAX_FILTERS`] filters.
    pub publish: Vec<Filter>,
    /// The topics it may subscribe to, at most [`MAX_FILTERS`] filters.
    pub subscribe: Vec<Filter>,
}

/// A user name for an integration, from random bytes. No board can have it: a board's id holds no `_`.
pub fn user_name(random: [u8; 8]) -> Arc<str> {
    format!("integration_{:016x}", u64::from_be_bytes(random)).into()
}

/// Devices an integration is to be for, in place of filters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Every device, also those that come later.
    pub all: bool,
    /// Some of them, at most [`MAX_FILTERS`]. Not beside all.
    pub devices: Vec<DeviceId>,
    /// Whether it may command them; else it hears them only.
    pub operate: bool,
}

/// How filters for one board, or for all boards, are written: only `wire` knows topics.
#[derive(Clone, Copy, Debug)]
pub struct BoardFilters {
    /// For all that it says.
    pub hear: fn(Option<&BoardId>) -> String,
    /// For all that may be asked of it.
    pub operate: fn(Option<&BoardId>) -> String,
}

impl Scope {
    /// The filters to publish and to subscribe by. They name the boards that are behind the devices now.
    ///
    /// # Errors
    /// [`Denied::BadInput`] for a scope that contradicts itself, [`Denied::NotFound`] for a device that is not there.
    pub fn filters(&self, view: &View, forms: BoardFilters) -> Result<(Vec<Filter>, Vec<Filter>), Denied> {
        let bad = |field, message: &str| Err(Denied::BadInput { field, message: message.to_owned() });
        if self.all && !self.devices.is_empty() {
            return bad("devices", "Name devices, or take all of them, but not both.");
        }
        if self.operate && !self.all && self.devices.is_empty() {
            return bad("operate", "Say which devices it may operate, or take all of them.");
        }
        if self.devices.len() > MAX_FILTERS {
            return bad("devices", &format!("At most {MAX_FILTERS} devices can be named; take all of them instead."));
        }
        let mut boards: Vec<Option<&BoardId>> = self.all.then_some(None).into_iter().collect();
        for id in &self.devices {
            let device = view.devices.iter().find(|device| device.id == *id).ok_or(Denied::NotFound("device"))?;
            boards.push(Some(&device.board));
        }
        // A board's id and a few fixed levels always make a filter.
        let filters = |form: fn(Option<&BoardId>) -> String| -> Vec<Filter> {
            boards.iter().filter_map(|board| Filter::new(&form(*board)).ok()).collect()
        };
        let publish = if self.operate { filters(forms.operate) } else { Vec::new() };
        Ok((publish, filters(forms.hear)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::BoardId;

    #[test]
    fn filters_follow_mqtt() {
        let (deep, long) = (["a"; MAX_FILTER_LEVELS].join("/"), "ü".repeat(MAX_FILTER_BYTES / 2));
        for good in ["#", "+", "/", "homie/5/+/$state", "a/+/#", "+/+", " a", "ü", "a/$SYS", &deep, &long] {
            assert_eq!(Filter::new(good).map(|filter| filter.to_string()), Ok(good.to_owned()));
        }
        for (bad, why) in [
            ("", BadFilter::Empty),
            (format!("{long}a").as_str(), BadFilter::TooLong),
            (format!("{deep}/a").as_str(), BadFilter::TooDeep),
            ("$SYS/#", BadFilter::Reserved),
            ("$share/all/homie/5/#", BadFilter::Reserved),
            ("$", BadFilter::Reserved),
            ("a\0", BadFilter::Invisible),
            ("a\n/b", BadFilter::Invisible),
            ("a/#/b", BadFilter::Wildcard),
            ("#/", BadFilter::Wildcard),
            ("a#", BadFilter::Wildcard),
            ("a/b+", BadFilter::Wildcard),
            ("++", BadFilter::Wildcard),
        ] {
            assert_eq!(Filter::new(bad), Err(why), "{bad:?}");
        }
    }

    #[test]
    fn a_user_name_is_no_board_s() {
        let user = user_name([0, 0, 0, 0, 0, 0, 0xab, 0xcd]);
        assert_eq!(&*user, "integration_000000000000abcd");
        assert!(BoardId::new(&user).is_err());
    }
}
