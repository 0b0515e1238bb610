//! The store as the daemon uses it: real files, real crashes of a simulated disk.

#![allow(clippy::unwrap_used, reason = "a test ends where it fails")]

mod checking;
mod cuts;
mod disk;
mod failing;
mod fixtures;
mod keeping;
mod lines;
mod opening;
mod records;
mod retained;
mod snapshots;
mod support;
mod writing;
