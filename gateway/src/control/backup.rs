//! Backups for the command line, the daemon's end.

use super::Answer;
use super::server::{explain, refused};
use crate::backup::{Desk, Maker, draw_key};
use gatehouse_core::access::Administer;
use gatehouse_hub::Hub;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::unix::OwnedWriteHalf;

/// How long a backup may take, from the question to its last byte: hundreds of megabytes, from a slow card.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10 * 60);

/// Makes one, and sends it after the answer.
pub(super) async fn send(maker: Maker, writer: &mut OwnedWriteHalf) -> std::io::Result<()> {
    let made = tokio::task::spawn_blocking(move || maker.make()).await;
    let made = match made {
        Ok(Ok(made)) => made,
        Ok(Err(error)) => return answer(writer, &refused(format!("there is no backup: {error:#}"))).await,
        Err(_) => return answer(writer, &refused("there is no backup: a defect of gatehouse, please report it")).await,
    };
    let mut file = tokio::fs::File::open(&made.path).await?;
    let bytes = file.metadata().await?.len();
    answer(writer, &Answer::Backup { bytes, encrypted: made.encrypted }).await?;
    tokio::io::copy(&mut file, writer).await?;
    writer.shutdown().await
}

async fn answer(writer: &mut OwnedWriteHalf, answer: &Answer) -> std::io::Result<()> {
    let mut line = serde_json::to_string(answer)?;
    line.push('\n');
    writer.write_all(line.as_bytes()).await
}

/// Draws another recovery key, which is told once it is on disk to whom backups are encrypted.
pub(super) async fn new_key(hub: &Hub, desk: &Desk) -> Answer {
    let Some((key, public)) = draw_key() else {
        return refused("no key could be made: a defect of gatehouse, please report it");
    };
    match hub.create_backup_key(Administer::console(), public).await {
        Ok(()) => {
            desk.ask.notify_one();
            Answer::RecoveryKey { key }
        }
        Err(denied) => explain(denied),
    }
}
