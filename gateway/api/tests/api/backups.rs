//! How backups stand, for the owner alone.

use crate::support::{Gateway, settings};
use gatehouse_api::{BackupDesk, Settings};
use gatehouse_core::backup::{Backup, BackupKey, Backups, Proven};
use gatehouse_core::time::Wall;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::{Notify, watch};

const ALL: &str = "{ backups { recoveryKey directory making kept { name bytes madeAt } proven { name at } problem } }";
const PUBLIC: &str = "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq";

fn draw_key() -> Option<(String, BackupKey)> {
    BackupKey::new(PUBLIC).ok().map(|public| ("the secret half".to_owned(), public))
}

#[tokio::test]
async fn backups_begin_with_a_recovery_key_that_is_shown_once() {
    let (state, seen) = watch::channel(Arc::new(Backups { directory: Some("/backups".into()), ..Backups::default() }));
    let ask = Arc::new(Notify::new());
    let backups = BackupDesk { state: seen, ask: ask.clone(), draw_key };
    let (_gateway, ana) = Gateway::claimed_with(Settings { backups, ..settings() }).await;

    let stand = ana.ask(ALL, Value::Null).await.data()["backups"].clone();
    assert_eq!(
        stand,
        json!({ "recoveryKey": null, "directory": "/backups", "making": false, "kept": [], "proven": null, "problem": null })
    );
    assert_eq!(ana.ask("mutation { backUpNow }", Value::Null).await.code(), "CONFLICT", "nobody could open it");

    let made = ana.ask("mutation { createRecoveryKey { key recoveryKey } }", Value::Null).await;
    assert_eq!(made.data()["createRecoveryKey"], json!({ "key": "the secret half", "recoveryKey": PUBLIC }));
    ask.notified().await;
    assert_eq!(ana.ask("mutation { backUpNow }", Value::Null).await.data()["backUpNow"], true);
    ask.notified().await;

    let at = Wall::from_millis(1_800_000_000_000);
    state.send_modify(|state| {
        *state = Arc::new(Backups {
            making: true,
            kept: vec![Backup { name: "gatehouse-1.age".into(), bytes: 5_000_000_000, made_at: at }],
            proven: Some(Proven { name: "gatehouse-1.age".into(), at }),
            problem: Some("the stick is gone".into()),
            ..Backups::clone(state)
        });
    });
    let stand = ana.ask(ALL, Value::Null).await.data()["backups"].clone();
    let shown = "2027-01-15T08:00:00+00:00";
    assert_eq!(
        stand,
        json!({
            "recoveryKey": PUBLIC, "directory": "/backups", "making": true, "problem": "the stick is gone",
            "kept": [{ "name": "gatehouse-1.age", "bytes": 5_000_000_000_f64, "madeAt": shown }],
            "proven": { "name": "gatehouse-1.age", "at": shown },
        })
    );
    let lines = ana.ask("{ record { edges { node { what subject } } } }", Value::Null).await;
    assert_eq!(
        lines.data()["record"]["edges"][0]["node"],
        json!({ "what": "BACKUP_KEY_CREATED", "subject": "backups" })
    );
}

#[tokio::test]
async fn where_backups_go_nowhere_none_is_begun() {
    let backups = BackupDesk { draw_key, ..BackupDesk::default() };
    let (_gateway, ana) = Gateway::claimed_with(Settings { backups, ..settings() }).await;
    ana.ask("mutation { createRecoveryKey { key } }", Value::Null).await.data();
    let refused = ana.ask("mutation { backUpNow }", Value::Null).await;
    assert_eq!(refused.code(), "CONFLICT");
    assert!(refused.json().to_string().contains("[backup] directory"), "{}", refused.json());
}
