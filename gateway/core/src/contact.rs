//! How whoever lives here can be reached, in the owner's own words.

use std::fmt;
use std::sync::Arc;

/// Longest text, in characters.
pub const MAX_CONTACT_CHARS: usize = 200;

/// A phone number or an address, say: 1 to 200 characters, trimmed, on as many lines as people like, nothing invisible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact(Arc<str>);

/// Why a text was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadContact {
    /// More than [`MAX_CONTACT_CHARS`] characters.
    TooLong,
    /// Control characters, or marks that turn the writing direction.
    Invisible,
}

impl fmt::Display for BadContact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "This has room for {MAX_CONTACT_CHARS} characters. Make it shorter."),
            Self::Invisible => {
                f.write_str("This holds a character that cannot be seen. Type it anew instead of copying it.")
            }
        }
    }
}

impl std::error::Error for BadContact {}

impl Contact {
    /// Takes a text, trimmed; none when nothing is left of it.
    pub fn new(text: &str) -> Result<Option<Self>, BadContact> {
        let text = text.trim().replace("\r\n", "\n");
        if text.chars().count() > MAX_CONTACT_CHARS {
            Err(BadContact::TooLong)
        } else if text.chars().any(|c| c != '\n' && crate::name::invisible(c)) {
            Err(BadContact::Invisible)
        } else {
            Ok((!text.is_empty()).then(|| Self(text.into())))
        }
    }

    /// As text, lines ended by `\n`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_bounded_text_of_several_lines() {
        let text = |text: &str| Contact::new(text).map(|contact| contact.map(|contact| contact.as_str().to_owned()));
        assert_eq!(text("  Mill Lane 3\r\n+43 1 234 \n"), Ok(Some("Mill Lane 3\n+43 1 234".to_owned())));
        assert_eq!(text(" \n\t"), Ok(None));
        assert_eq!(text(&"ü".repeat(200)), Ok(Some("ü".repeat(200))));
        assert_eq!(text(&"ü".repeat(201)), Err(BadContact::TooLong));
        for bad in ["a\0b", "a\rb", "a\u{1b}[31m", "a\u{202e}b", "a\u{200b}b"] {
            assert_eq!(text(bad), Err(BadContact::Invisible), "{bad:?}");
        }
    }
}
