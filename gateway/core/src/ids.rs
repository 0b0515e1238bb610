//! Identifiers: opaque to everyone else, never reused.

use std::fmt;
use std::str::FromStr;

/// Text that is not an identifier of the kind asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadId;

impl fmt::Display for BadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an id that this gateway gave out")
    }
}

impl std::error::Error for BadId {}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u64);

        impl $name {
            /// From its number, as the store keeps it.
            pub const fn from_raw(raw: u64) -> Self {
                Self(raw)
            }

            /// Its number, as the store keeps it.
            pub const fn raw(self) -> u64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{:x}"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                let digits = text.strip_prefix($prefix).ok_or(BadId)?;
                let canonical = !digits.starts_with('0') || digits == "0";
                let hexadecimal = digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
                if !canonical || !hexadecimal {
                    return Err(BadId);
                }
                u64::from_str_radix(digits, 16).map(Self).map_err(|_| BadId)
            }
        }
    };
}

id!(
    /// The household.
    HomeId, "h"
);
id!(
    /// A person who lives here or visits.
    MemberId, "m"
);
id!(
    /// A sign-in of a person on one client.
    SessionId, "t"
);
id!(
    /// What a person may do with a part of the home.
    GrantId, "g"
);
id!(
    /// A link that lets whoever holds it in, as a guest.
    GuestLinkId, "l"
);
id!(
    /// A program's right to ask.
    TokenId, "k"
);
id!(
    /// An identity at a provider by which a person signs in.
    IdentityId, "o"
);
id!(
    /// A place in the home.
    RoomId, "r"
);
id!(
    /// A claimed board.
    DeviceId, "d"
);
id!(
    /// Bare hardware that was noticed, as long as it is there.
    FoundId, "b"
);
id!(
    /// One attempt to make a device of a board.
    ClaimId, "p"
);
id!(
    /// One attempt to give a board firmware over its cable.
    FlashId, "u"
);
id!(
    /// One attempt to give a board of another firmware Wi-Fi.
    GivingId, "w"
);
id!(
    /// An on/off endpoint of a device; survives the replacement of the board behind it.
    SwitchId, "s"
);
id!(
    /// Another home system that may log in at the MQTT edge.
    IntegrationId, "i"
);
id!(
    /// A way in for someone who is to become a person of this home.
    InvitationId, "v"
);
id!(
    /// What the owner should know.
    NoticeId, "n"
);
id!(
    /// One line of the record.
    EntryId, "e"
);
id!(
    /// One command, for good.
    CommandId, "c"
);

/// Gives out identifiers: the number of this start of the daemon, then a count. The store raises the number
/// durably before the home is loaded, so no crash and no lost write can give the same id twice.
#[derive(Clone, Debug)]
pub struct IdSource {
    next: u64,
}

/// Starts of the daemon that fit into an id.
pub const MAX_BOOTS: u32 = 1 << 24;
const BITS_PER_BOOT: u32 = 40;

impl IdSource {
    /// The ids of start number `boot`, which must lie under [`MAX_BOOTS`].
    pub fn new(boot: u32) -> Self {
        debug_assert!(boot < MAX_BOOTS);
        Self { next: (u64::from(boot) << BITS_PER_BOOT) + 1 }
    }

    /// A number nothing else has.
    pub fn draw(&mut self) -> u64 {
        let id = self.next;
        self.next += 1;
        id
    }
}

/// One connection of a board to the edge; a new one at every connection, never reused in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u64);

/// A caller of the home who waits for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Request(pub u64);

/// A durable write under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_and_only_as_its_own_kind() {
        let id = SwitchId::from_raw((7 << 40) + 0xab);
        assert_eq!(id.to_string(), "s700000000ab");
        assert_eq!(id.to_string().parse(), Ok(id));
        for bad in ["", "s", "s0700", "sAB", "d700000000ab", "s-1", "s+1", "s12345678901234567", "s 1"] {
            assert_eq!(bad.parse::<SwitchId>(), Err(BadId), "{bad:?}");
        }
    }

    #[test]
    fn no_two_starts_share_an_id() {
        let mut first = IdSource::new(1);
        let mut second = IdSource::new(2);
        assert!(first.draw() < first.draw());
        assert!(first.draw() < second.draw());
    }
}
