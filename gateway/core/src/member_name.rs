//! The names people sign in with: beside what holds for every name, no two that a person could take for one another.

use crate::name::Name;
use std::fmt;
use unicode_security::skeleton;

/// Why nobody can sign in by a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadMemberName {
    /// Only digits and signs.
    NoLetter,
    /// Characters that are not seen, or change how others look.
    Invisible,
}

impl fmt::Display for BadMemberName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoLetter => "A person's name needs at least one letter. Use the name you are called by.",
            Self::Invisible => {
                "This name holds a character that cannot be seen, so others could not type it. Type the name anew."
            }
        })
    }
}

impl std::error::Error for BadMemberName {}

/// Whether someone can sign in by this name.
pub fn check(name: &Name) -> Result<(), BadMemberName> {
    if name.as_str().chars().any(unseen) {
        Err(BadMemberName::Invisible)
    } else if !name.as_str().chars().any(char::is_alphabetic) {
        Err(BadMemberName::NoLetter)
    } else {
        Ok(())
    }
}

/// Whether a person could take one of these names for the other: case, blanks, and characters that look alike (Unicode
/// Technical Standard 39, "skeleton") do not count.
pub fn look_alike(one: &Name, other: &Name) -> bool {
    // A large I looks like a small l, but a small i does not: both ways of writing are compared.
    let written = |name: &Name| shape(name.as_str());
    let lower = |name: &Name| shape(&name.as_str().to_lowercase());
    written(one) == written(other) || lower(one) == lower(other)
}

fn shape(text: &str) -> String {
    let seen: String = skeleton(text).filter(|c| !c.is_whitespace()).collect();
    seen.to_lowercase()
}

/// Default ignorable characters beyond those that no name may hold (Unicode's `DerivedCoreProperties.txt`).
fn unseen(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    #[test]
    fn a_person_s_name_has_a_letter_and_nothing_unseen() {
        for good in ["Ana", "李", "Ana 2", "O'Neill", "ב", "Zoë-Marie"] {
            assert_eq!(check(&name(good)), Ok(()), "{good}");
        }
        for bad in ["123", "12 34", "-", "٣٤", "½", "🙂"] {
            assert_eq!(check(&name(bad)), Err(BadMemberName::NoLetter), "{bad}");
        }
        for bad in ["An\u{ad}a", "Ana\u{fe0f}", "Ana\u{3164}", "Ana\u{e0041}"] {
            assert_eq!(check(&name(bad)), Err(BadMemberName::Invisible), "{bad:?}");
        }
    }

    #[test]
    fn names_that_look_alike_are_told() {
        let alike = [
            ("Ana", "ANA"),
            ("Ana", "Аnа"), // Cyrillic
            ("paypal", "раураl"),
            ("Iris", "lris"),
            ("Iris", "1ris"),
            ("O'Neill", "0'Nei11"),
            ("Ana Maria", "Ana  Maria"),
            ("Ana Maria", "Ana\u{a0}Maria"),
            ("Ana Maria", "AnaMaria"),
            ("Zoë", "Zoe\u{308}"),
            ("Ana", "Ａｎａ"), // full width
            ("ΑΝΑ", "ANA"),    // Greek
        ];
        for (one, other) in alike {
            assert!(look_alike(&name(one), &name(other)) && look_alike(&name(other), &name(one)), "{one} {other}");
        }
        for (one, other) in [("Ana", "Anna"), ("Zoë", "Zoe"), ("Ben", "Bea"), ("Ana", "Ana 2"), ("Мария", "Марина")]
        {
            assert!(!look_alike(&name(one), &name(other)), "{one} {other}");
        }
    }
}
