//! The program: arguments, configuration, the composition root
fn main() {}
