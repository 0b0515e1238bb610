//! Names people give to things, and the names boards have.

use std::fmt;
use std::sync::Arc;

/// A name as a person typed it: 1 to 64 characters, trimmed, nothing invisible.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Arc<str>);

/// Longest name, in characters.
pub const MAX_NAME_CHARS: usize = 64;

/// Why a name was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadName {
    /// Nothing but blanks.
    Empty,
    /// More than [`MAX_NAME_CHARS`] characters.
    TooLong,
    /// Control characters, or marks that turn the writing direction and so let one name pass for another.
    Invisible,
}

impl fmt::Display for BadName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("A name is needed."),
            Self::TooLong => write!(f, "A name has at most {MAX_NAME_CHARS} characters."),
            Self::Invisible => f.write_str("A name cannot hold control or other invisible characters."),
        }
    }
}

impl std::error::Error for BadName {}

pub(crate) fn invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

impl Name {
    /// Takes a name, trimmed.
    pub fn new(text: &str) -> Result<Self, BadName> {
        let text = text.trim();
        if text.is_empty() {
            Err(BadName::Empty)
        } else if text.chars().count() > MAX_NAME_CHARS {
            Err(BadName::TooLong)
        } else if text.chars().any(invisible) {
            Err(BadName::Invisible)
        } else {
            Ok(Self(text.into()))
        }
    }

    /// The name with a number behind it, shortened so that it still is a name.
    #[must_use]
    pub fn numbered(&self, number: usize) -> Self {
        let tail = format!(" {number}");
        let head: String = self.0.chars().take(MAX_NAME_CHARS - tail.len()).collect();
        Self(format!("{}{tail}", head.trim_end()).into())
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether two names are the same to a person: case does not count.
    pub fn same_as(&self, other: &Self) -> bool {
        fold(&self.0) == fold(&other.0)
    }
}

/// One spelling for all that are the same name to a person: case does not count, nor blanks at the ends.
pub fn fold(text: &str) -> String {
    text.trim().to_lowercase()
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a board is called on the wire: 1 to 32 of `[a-z0-9-]` (Homie 5's id syntax).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BoardId(Arc<str>);

/// What the gateway's own header is called, where boards have an id. It is none.
const HEADER: &str = "@header";

/// Text that is not a board id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadBoardId;

impl fmt::Display for BadBoardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a board id has 1 to 32 characters, all of a-z, 0-9 and -")
    }
}

impl std::error::Error for BadBoardId {}

/// Longest part of a Homie topic that we take, in bytes.
pub const MAX_ENDPOINT_PART: usize = 31;

fn homie_id(text: &str, longest: usize) -> bool {
    (1..=longest).contains(&text.len()) && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

impl BoardId {
    /// Takes a board id.
    pub fn new(text: &str) -> Result<Self, BadBoardId> {
        if homie_id(text, 32) { Ok(Self(text.into())) } else { Err(BadBoardId) }
    }

    /// The header of the machine that the gateway runs on. Nothing that comes from outside can be called so, so that nothing can log
    /// in, be claimed or be ordered as it.
    pub fn header() -> Self {
        Self(HEADER.into())
    }

    /// Whether it is the gateway's own header.
    pub fn is_header(&self) -> bool {
        &*self.0 == HEADER
    }

    /// Takes what was written down of a board id.
    pub fn kept(text: &str) -> Result<Self, BadBoardId> {
        if text == HEADER { Ok(Self::header()) } else { Self::new(text) }
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BoardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::borrow::Borrow<str> for BoardId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// One function of a board: `node/property` in Homie's words, `relay-1/on` say.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint(Arc<str>);

/// Text that is not an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadEndpoint;

impl fmt::Display for BadEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an endpoint is node/property, each 1 to 31 characters of a-z, 0-9 and -")
    }
}

impl std::error::Error for BadEndpoint {}

impl Endpoint {
    /// Takes `node/property`.
    pub fn new(text: &str) -> Result<Self, BadEndpoint> {
        let (node, property) = text.split_once('/').ok_or(BadEndpoint)?;
        if homie_id(node, MAX_ENDPOINT_PART) && homie_id(property, MAX_ENDPOINT_PART) {
            Ok(Self(text.into()))
        } else {
            Err(BadEndpoint)
        }
    }

    /// The switching endpoint of relay `number`, from 1.
    pub fn relay(number: usize) -> Self {
        Self(format!("relay-{number}/on").into())
    }

    /// What switches the relay at a pin of the gateway's own header, by its BCM number.
    pub fn header_pin(pin: u8) -> Self {
        Self(format!("gpio-{pin}/on").into())
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the slash.
    pub fn node(&self) -> &str {
        self.0.split_once('/').map_or(&*self.0, |(node, _)| node)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::borrow::Borrow<str> for Endpoint {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_trimmed_and_bounded() {
        assert_eq!(Name::new("  Kitchen \n").map(|n| n.to_string()), Ok("Kitchen".to_owned()));
        assert_eq!(Name::new(" \t"), Err(BadName::Empty));
        assert!(Name::new(&"ü".repeat(64)).is_ok());
        assert_eq!(Name::new(&"ü".repeat(65)), Err(BadName::TooLong));
        assert_eq!(Name::new("a\u{202e}b"), Err(BadName::Invisible));
        assert_eq!(Name::new("a\0b"), Err(BadName::Invisible));
    }

    #[test]
    fn a_numbered_name_is_still_a_name() {
        let long = Name::new(&"x".repeat(64)).unwrap();
        assert_eq!(Name::new(long.numbered(12).as_str()), Ok(long.numbered(12)));
        assert_eq!(Name::new("Lamp").unwrap().numbered(2).as_str(), "Lamp 2");
    }

    #[test]
    fn board_ids_and_endpoints_follow_homie() {
        assert!(BoardId::new("relay-a1b2c3").is_ok());
        for bad in ["", "Relay", "relay/1", "relay+", "ü", &"a".repeat(33)] {
            assert!(BoardId::new(bad).is_err(), "{bad:?}");
        }
        assert_eq!(Endpoint::new("relay-1/on"), Ok(Endpoint::relay(1)));
        assert_eq!(Endpoint::new("gpio-17/on"), Ok(Endpoint::header_pin(17)));
        for bad in ["", "relay-1", "/on", "relay-1/", "relay-1/on/set", "relay-1/$target", "a b/on"] {
            assert!(Endpoint::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn nothing_from_outside_can_be_called_as_the_header_is() {
        let header = BoardId::header();
        assert!(header.is_header() && !BoardId::new("header").unwrap().is_header());
        assert_eq!(BoardId::new(header.as_str()), Err(BadBoardId));
        assert_eq!(BoardId::kept(header.as_str()), Ok(header));
        assert_eq!(BoardId::kept("relay-1"), BoardId::new("relay-1"));
        assert_eq!(BoardId::kept("Relay"), Err(BadBoardId));
    }
}
