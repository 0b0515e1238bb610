//! The home's certificate authority and what is served with it.
//!
//! [`Authority`] is the one root of a home: boards get it when they are claimed, people install it once. [`Served`] keeps the
//! certificates that it vouches for, or the owner's own one, up to date, and gives two ready [`rustls::ServerConfig`]s: small
//! records for MQTT, plain HTTP/1.1 for people. Both look a certificate up at every handshake, so a new one takes effect at
//! once and open connections go on.
//!
//! **Invariant:** the key of the authority never leaves its file and this process; a damaged one is never overwritten, for
//! every board of the house trusts it.
//!
//! **Invariant:** nothing here reads a clock. Keys are drawn by ring from the system's random source.

mod authority;
mod error;
mod files;
mod fingerprint;
mod leaf;
mod names;
mod owner;
mod renewal;
mod resolver;
mod served;

pub use authority::{Authority, CERTIFICATE_FILE, KEY_FILE, KEY_NAME};
pub use error::{AuthorityError, OwnerError, RefreshError};
pub use fingerprint::Fingerprint;
pub use names::{Names, board_server_name};
pub use owner::OwnerFiles;
pub use served::{Refreshed, SMALL_RECORD_BYTES, Served, WEB_FILE};
