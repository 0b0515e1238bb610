//! Backups of the home: made by the running daemon, and brought back while it does not run.

pub(crate) mod command;
mod keeper;
mod make;
mod restore;
mod schedule;

pub(crate) use keeper::{Desk, Keeper};
pub(crate) use make::Maker;
pub(crate) use restore::finish as finish_restore;

use restore::{discard, stage};

use gatehouse_api::RestoreDesk;
use gatehouse_backup::{Key, Secrets};
use gatehouse_core::backup::BackupKey;
use gatehouse_hub::Hub;
use gatehouse_seal::Seal;
use gatehouse_store::FILE_NAME;
use gatehouse_tls::{CERTIFICATE_FILE, KEY_FILE, KEY_NAME};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::{Notify, Semaphore};

/// The database in a backup, called as in the data directory.
const DATABASE: &str = FILE_NAME;
/// The key of the home's authority, which every board of it trusts, and its certificate.
const AUTHORITY: [&str; 2] = [KEY_NAME, "tls/ca.pem"];
/// What relays at the gateway's own pins do when the power returns, and how long they pulse; where there are such.
const HEADER: &str = "header.json";
/// All that is in a backup, and is restored from it.
const CONTENTS: [&str; 4] = [DATABASE, AUTHORITY[0], AUTHORITY[1], HEADER];
/// What of it is sealed on the disk, where there is a key for that.
const SECRETS: [&str; 1] = [KEY_NAME];
// They are called in a backup as they are in the data directory.
const _: () = assert!(KEY_FILE.len() == "ca.key".len() && CERTIFICATE_FILE.len() == "ca.pem".len());

/// The secrets of a home, as this machine seals them.
fn secrets(seal: &Seal) -> Secrets<'_> {
    Secrets { seal, names: &SECRETS }
}

/// Draws a recovery key: its secret half, for paper, and its public one.
pub(crate) fn draw_key() -> Option<(String, BackupKey)> {
    let key = Key::draw();
    BackupKey::new(&key.recipient().to_string()).ok().map(|public| (key.reveal(), public))
}

/// How a backup is brought to a gateway that nobody owns.
pub(crate) fn restore_desk(data_dir: PathBuf, seal: Seal, hub: Hub, start_anew: Arc<Notify>) -> RestoreDesk {
    let upload = data_dir.join("upload.new");
    let take = move |upload: &Path, key: Option<&str>| {
        let keys = match key.map(str::trim).filter(|key| !key.is_empty()) {
            Some(key) => vec![Key::parse(key).map_err(|bad| bad.to_string())?],
            None => Vec::new(),
        };
        if keys.is_empty() && command::is_encrypted(upload) {
            return Err("the backup is encrypted: give the recovery key from the recovery sheet".to_owned());
        }
        // Whoever brings it does not know it by that name.
        let shown = upload.display().to_string();
        let told = |text: String| text.replace(&format!("{shown}: "), "").replace(&shown, "the backup");
        stage(&data_dir, upload, &keys, &seal).map_err(|failure| told(failure.message()))?;
        // It took a while to come: what somebody has claimed meanwhile must not be replaced by the next start.
        if hub.view().home.is_some() {
            discard(&data_dir);
            return Err(
                "somebody has claimed this gateway meanwhile; gatehouse restore takes a backup there".to_owned()
            );
        }
        tracing::info!("a backup was restored: starting anew with it");
        start_anew.notify_one();
        Ok(())
    };
    RestoreDesk { upload, take: Arc::new(take), place: Arc::new(Semaphore::new(1)) }
}
