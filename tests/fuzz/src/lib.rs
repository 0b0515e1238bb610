//! Fuzz targets: code that meets bytes of strangers, under libFuzzer. `make fuzz` runs them all; `tests/fuzz/run` says how.
//!
//! What has to hold is in [`homie`], [`improv`] and [`claim`] and, as it looks inside, in the `fuzz` module of the broker. Tests try the seeds
//! with it. libFuzzer itself is only built where cargo-fuzz sets `cfg(fuzzing)`.

// A check may panic, like a test.
#![allow(clippy::unwrap_used)]

pub mod claim;
pub mod homie;
pub mod improv;

/// The entry of a target: a function of bytes that panics on what must not be.
#[macro_export]
macro_rules! target {
    ($check:path) => {
        #[cfg(fuzzing)]
        libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
            let _ = $check(bytes);
        });

        #[cfg(not(fuzzing))]
        fn main() {
            eprintln!("A fuzz target: run it by `make fuzz`.");
        }
    };
}

/// `\xNN` in a seed stands for the byte it names.
#[cfg(test)]
fn unescape(text: &str) -> Vec<u8> {
    let mut parts = text.split("\\x");
    let mut bytes = parts.next().unwrap().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    bytes
}
