//! The home's certificates, seen by clients: rustls in memory, OpenSSL over a socket.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod authority;
mod openssl;
mod owner;
mod serving;
mod support;
