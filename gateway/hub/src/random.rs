//! The only source of randomness.

/// Fills an array with random bytes of the operating system.
///
/// # Panics
/// When the operating system has none to give: nothing secret can be made then.
#[expect(clippy::disallowed_methods, reason = "this is the one place that draws randomness")]
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).unwrap_or_else(|error| panic!("the operating system gives no randomness: {error}"));
    bytes
}
