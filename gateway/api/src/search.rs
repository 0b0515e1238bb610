//! Finding things by a part of their name.

use crate::error::told;
use gatehouse_core::access::Denied;
use unicode_normalization::UnicodeNormalization;

/// Longest text that is looked for, in characters.
const MAX_CHARS: usize = 256;

/// What somebody looks for. Case does not count, nor in which of several ways Unicode writes the same text.
#[derive(Debug)]
pub(crate) struct Search(String);

impl Search {
    /// Looks for this text; blanks around it do not count, and nothing is in everything.
    pub(crate) fn new(text: Option<String>) -> async_graphql::Result<Self> {
        let text = text.unwrap_or_default();
        if text.chars().count() > MAX_CHARS {
            let message = format!("What to look for has at most {MAX_CHARS} characters.");
            return Err(told(Denied::BadInput { field: "search", message }));
        }
        Ok(Self(folded(text.trim())))
    }

    /// Whether it is in this text.
    pub(crate) fn finds(&self, text: &str) -> bool {
        self.0.is_empty() || folded(text).contains(&self.0)
    }

    /// Whether it is in one of these texts.
    pub(crate) fn finds_any(&self, texts: &[&str]) -> bool {
        texts.iter().any(|text| self.finds(text))
    }
}

/// As in Unicode's caseless matching: what becomes the same in capitals is the same.
fn folded(text: &str) -> String {
    text.nfkc().flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfkc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(wanted: &str, text: &str) -> bool {
        Search::new(Some(wanted.to_owned())).unwrap().finds(text)
    }

    #[test]
    fn case_and_ways_of_writing_do_not_count() {
        for (wanted, text) in [
            ("", "Lamp"),
            ("  LAMP ", "Garden lamp 2"),
            ("küche", "KÜCHE"),
            ("ku\u{308}che", "Küche"),
            ("STRASSE", "Hauptstraße"),
            ("ß", "STRASSE"),
            ("οδος", "ΟΔΟΣΩ"),
            ("ΟΔΟΣ", "οδος"),
            ("ДОМ", "Мой дом"),
            ("Ａｎａ", "ana"),
            ("i\u{307}", "İ"),
        ] {
            assert!(finds(wanted, text), "{wanted:?} is in {text:?}");
        }
        for (wanted, text) in [("lamps", "Lamp"), ("kuche", "Küche"), ("a b", "ab"), (".*", "Lamp"), ("%", "Lamp")] {
            assert!(!finds(wanted, text), "{wanted:?} is not in {text:?}");
        }
    }

    #[test]
    fn what_is_looked_for_is_bounded() {
        assert!(Search::new(None).unwrap().finds("Lamp"));
        assert!(Search::new(Some("ü".repeat(256))).is_ok());
        assert!(Search::new(Some("ü".repeat(257))).is_err());
    }
}
