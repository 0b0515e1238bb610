//! Backups of the home: made by the running daemon, and brought back while it does not run.

pub(crate) mod command;
mod keeper;
mod make;
mod restore;
mod schedule;

pub(crate) use keeper::{Desk, Keeper};
pub(crate) use make::Maker;
pub(crate) use restore::finish as finish_restore;

use gatehouse_backup::Key;
use gatehouse_core::backup::BackupKey;
use gatehouse_store::FILE_NAME;
use gatehouse_tls::{CERTIFICATE_FILE, KEY_FILE};

/// The database in a backup, called as in the data directory.
const DATABASE: &str = FILE_NAME;
/// The key of the home's authority, which every board of it trusts, and its certificate.
const AUTHORITY: [&str; 2] = ["tls/ca.key", "tls/ca.pem"];
/// What relays at the gateway's own pins do when the power returns, and how long they pulse; where there are such.
const HEADER: &str = "header.json";
/// All that is in a backup, and is restored from it.
const CONTENTS: [&str; 4] = [DATABASE, AUTHORITY[0], AUTHORITY[1], HEADER];
// They are called in a backup as they are in the data directory.
const _: () = assert!(KEY_FILE.len() == "ca.key".len() && CERTIFICATE_FILE.len() == "ca.pem".len());

/// Draws a recovery key: its secret half, for paper, and its public one.
pub(crate) fn draw_key() -> Option<(String, BackupKey)> {
    let key = Key::draw();
    BackupKey::new(&key.recipient().to_string()).ok().map(|public| (key.reveal(), public))
}
