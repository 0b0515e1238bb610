//! One-time codes: 256 random bits that open one thing once, for whoever holds them. A code is shown once, and only its
//! SHA-256 is kept.

use crate::time::{Mono, Now, Wall};

/// Letters of one-time codes and of claim codes: none that look or sound alike (Crockford's base 32).
pub(crate) const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Letters of a one-time code: 256 bits, five each.
const LENGTH: usize = 52;

/// The SHA-256 of a one-time code as [`canonical`] spells it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CodeHash(pub [u8; 32]);

impl std::fmt::Debug for CodeHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CodeHash(…)")
    }
}

/// How long a one-time code is good, unless it is used before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// Until it is used.
    UntilUsed,
    /// For a while, in this run of the daemon: not to be kept on disk.
    Run(Mono),
    /// Until a time of the wall clock. Not good while that clock is not trusted: no door opens by a wrong clock.
    Until(Wall),
}

impl Life {
    /// Whether a code of this life can be used now.
    pub fn is_live(&self, now: &Now) -> bool {
        match self {
            Self::UntilUsed => true,
            Self::Run(end) => now.mono < *end,
            Self::Until(end) => now.wall_trusted && now.wall < *end,
        }
    }
}

/// A code from random bytes, as it is shown: 52 letters in groups of four.
pub fn spell(random: [u8; 32]) -> String {
    let mut code = String::with_capacity(LENGTH + LENGTH / 4);
    for place in 0..LENGTH {
        if place > 0 && place % 4 == 0 {
            code.push('-');
        }
        let letter = (0..5).fold(0, |letter, bit| {
            let at = place * 5 + bit;
            // Beyond the 256th, bits are zero.
            let byte = random.get(at / 8).copied().unwrap_or_default();
            letter << 1 | usize::from(byte >> (7 - at % 8) & 1)
        });
        code.push(char::from(LETTERS[letter]));
    }
    code
}

/// What people typed, with one spelling for each code: dashes, blanks, case and look-alike letters do not count. None when
/// it cannot be a code.
pub fn canonical(typed: &str) -> Option<String> {
    // Bounded before it is looked at: three signs between any two letters are enough for people.
    if typed.len() > LENGTH * 4 {
        return None;
    }
    let code: String = letters(typed).map(char::from).collect();
    (code.len() == LENGTH && code.bytes().all(|letter| LETTERS.contains(&letter))).then_some(code)
}

/// Letters as they are meant.
pub(crate) fn letters(text: &str) -> impl Iterator<Item = u8> + '_ {
    text.bytes().filter(|b| !matches!(b, b'-' | b' ')).map(|b| match b.to_ascii_uppercase() {
        b'O' => b'0',
        b'I' | b'L' => b'1',
        other => other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_code_holds_every_bit_and_reads_as_people_type_it() {
        let code = spell([0xff; 32]);
        assert!(code.starts_with("ZZZZ-ZZZZ-") && code.ends_with("-ZZZG"), "{code}");
        assert_eq!(code.len(), 64);
        let mut random = [0; 32];
        random[31] = 1;
        assert!(spell(random).ends_with("-000G"), "the last bit counts");
        let code = spell(std::array::from_fn(|i| u8::try_from(i * 37 % 256).unwrap()));
        let plain = canonical(&code).unwrap();
        assert_eq!(plain.len(), 52);
        let typed = format!("  {} ", code.to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l"));
        assert_eq!(canonical(&typed), Some(plain.clone()));
        for wrong in ["", "-", &plain[1..], &format!("{plain}0"), &format!("U{}", &plain[1..]), &" ".repeat(1_000), "ü"]
        {
            assert_eq!(canonical(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_code_lives_as_long_as_it_was_given() {
        let at = |seconds: u64, wall, wall_trusted| Now {
            mono: Mono::from_micros(seconds * 1_000_000),
            wall: Wall::from_millis(wall),
            wall_trusted,
        };
        let start = at(10, 1_000, true);
        let run = Life::Run(start.mono.plus(Duration::from_secs(60)));
        assert!(run.is_live(&start) && run.is_live(&at(69, 0, false)) && !run.is_live(&at(70, 1_000, true)));
        let until = Life::Until(Wall::from_millis(2_000));
        assert!(until.is_live(&at(99, 1_999, true)) && !until.is_live(&at(10, 2_000, true)));
        assert!(!until.is_live(&at(10, 1_000, false)), "by a clock that is not trusted nothing with an end holds");
        assert!(Life::UntilUsed.is_live(&at(0, 0, false)));
    }
}
