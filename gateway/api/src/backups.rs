//! Backups: how they stand, the key that opens them, and one more. For the owner.

use crate::error::told;
use crate::viewer::{shared, signed_in};
use async_graphql::{Context, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use gatehouse_core::access::Denied;
use gatehouse_core::backup::{self, BackupKey};
use gatehouse_core::time::Wall;
use std::fs::File;
use std::io;
use std::sync::Arc;
use tokio::sync::{Notify, watch};

/// Opens one of the backups that are kept, by its name. May block.
type Open = dyn Fn(&str) -> io::Result<File> + Send + Sync;

/// How backups stand, and how one is asked for.
#[derive(Clone)]
pub struct BackupDesk {
    /// How they stand.
    pub state: watch::Receiver<Arc<backup::Backups>>,
    /// Notified when one is wanted now.
    pub ask: Arc<Notify>,
    /// Draws a key: the secret half, for paper, and the public one.
    pub draw_key: fn() -> Option<(String, BackupKey)>,
    /// Opens one that is kept.
    pub open: Arc<Open>,
}

/// Of a gateway that makes none.
impl Default for BackupDesk {
    fn default() -> Self {
        Self {
            state: watch::channel(Arc::default()).1,
            ask: Arc::default(),
            draw_key: || None,
            open: Arc::new(|_| Err(io::ErrorKind::NotFound.into())),
        }
    }
}

impl std::fmt::Debug for BackupDesk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BackupDesk").field("state", &self.state).finish_non_exhaustive()
    }
}

impl BackupDesk {
    /// One that is kept, for whoever downloads it; none of that name.
    pub(crate) async fn download(&self, name: &str) -> Option<io::Result<tokio::fs::File>> {
        let name = self.state.borrow().kept.iter().find(|kept| *kept.name == *name)?.name.clone();
        let open = self.open.clone();
        let opened = tokio::task::spawn_blocking(move || open(&name)).await;
        Some(opened.map_err(io::Error::other).flatten().map(tokio::fs::File::from_std))
    }
}

/// How the backups of the home stand.
pub(crate) struct Backups {
    key: Option<BackupKey>,
    state: Arc<backup::Backups>,
}

impl Backups {
    pub(crate) fn new(key: Option<BackupKey>, state: Arc<backup::Backups>) -> Self {
        Self { key, state }
    }
}

/// A backup that is kept. The owner gets its file as `/backups/NAME`, with a token or by a form of our own page, as `/record.csv`.
#[derive(SimpleObject)]
pub(crate) struct Backup {
    /// The name of its file.
    name: String,
    /// Its size in bytes.
    bytes: f64,
    /// When it was written, as the gateway's clock was then.
    made_at: DateTime<Utc>,
}

/// That a backup was restored for a trial, every page and record of it read, and was whole.
#[derive(SimpleObject)]
pub(crate) struct ProvenBackup {
    /// The name of its file.
    name: String,
    /// When, as the gateway's clock was then.
    at: DateTime<Utc>,
}

/// A key that opens backups.
#[derive(SimpleObject)]
pub(crate) struct RecoveryKey {
    /// The key, shown this once and kept nowhere: for paper. It begins with AGE-SECRET-KEY-1.
    key: String,
    /// Its public half, to which backups are encrypted: `Backups.recoveryKey`.
    recovery_key: String,
}

fn time(at: Wall) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(i64::try_from(at.as_millis()).unwrap_or(i64::MAX)).unwrap_or_default()
}

/// How the backups of the home stand. One is made each night at three, restored for a trial, and kept if it was whole.
#[Object]
impl Backups {
    /// The public half of the key that opens them; null while there is none, and so long nothing is backed up by itself.
    async fn recovery_key(&self) -> Option<&str> {
        self.key.as_ref().map(BackupKey::as_str)
    }

    /// Where they are kept; null for nowhere, by the configuration.
    async fn directory(&self) -> Option<&str> {
        self.state.directory.as_deref()
    }

    /// Whether one is being made, or proved, just now.
    async fn making(&self) -> bool {
        self.state.making
    }

    /// Those that are kept, the newest first.
    async fn kept(&self) -> Vec<Backup> {
        let shown = |kept: &backup::Backup| Backup {
            name: kept.name.to_string(),
            bytes: kept.bytes as f64,
            made_at: time(kept.made_at),
        };
        self.state.kept.iter().map(shown).collect()
    }

    /// The last one that was proved.
    async fn proven(&self) -> Option<ProvenBackup> {
        let proven = self.state.proven.as_ref()?;
        Some(ProvenBackup { name: proven.name.to_string(), at: time(proven.at) })
    }

    /// Why there is no new one, when the last try failed.
    async fn problem(&self) -> Option<&str> {
        self.state.problem.as_deref()
    }
}

#[derive(Default)]
pub(crate) struct BackupsQuery;

#[Object]
impl BackupsQuery {
    /// How the backups of the home stand. For the owner.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED, FORBIDDEN.
    async fn backups(&self, ctx: &Context<'_>) -> Result<Backups> {
        let asked = signed_in(ctx)?;
        asked.viewer.administer().map_err(told)?;
        let state = shared(ctx).settings.backups.state.borrow().clone();
        Ok(Backups::new(asked.view.backup_key.clone(), state))
    }
}

#[derive(Default)]
pub(crate) struct BackupsMutation;

#[Object]
impl BackupsMutation {
    /// Makes another recovery key, shown this once: every backup from now on is opened by it, and by no earlier one; those that there
    /// are stay as they are. The first backup is made at once. For the owner.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED, FORBIDDEN, BUSY, STORAGE.
    async fn create_recovery_key(&self, ctx: &Context<'_>) -> Result<RecoveryKey> {
        let cap = signed_in(ctx)?.viewer.administer().map_err(told)?;
        let shared = shared(ctx);
        let (key, public) = (shared.settings.backups.draw_key)().ok_or_else(|| told(Denied::Busy))?;
        shared.hub.create_backup_key(cap, public.clone()).await.map_err(told)?;
        shared.settings.backups.ask.notify_one();
        Ok(RecoveryKey { key, recovery_key: public.as_str().to_owned() })
    }

    /// Has a backup made now; `backupsChanged` tells how it goes. True when it was begun. For the owner.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED, FORBIDDEN, CONFLICT (there is no recovery key, or no directory).
    async fn back_up_now(&self, ctx: &Context<'_>) -> Result<bool> {
        let asked = signed_in(ctx)?;
        asked.viewer.administer().map_err(told)?;
        let desk = &shared(ctx).settings.backups;
        if asked.view.backup_key.is_none() {
            return Err(told(Denied::Conflict(
                "make a recovery key first: without it nobody could open a backup".to_owned(),
            )));
        }
        if desk.state.borrow().directory.is_none() {
            return Err(told(Denied::Conflict(
                "the configuration says [backup] directory = \"\": name a directory there".to_owned(),
            )));
        }
        desk.ask.notify_one();
        Ok(true)
    }
}
