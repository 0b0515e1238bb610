//! The store as the daemon uses it: real files, real crashes of a simulated disk.

mod failing;
mod keeping;
mod opening;
mod support;
mod writing;
