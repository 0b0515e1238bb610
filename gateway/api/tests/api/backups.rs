//! How backups stand, for the owner alone.

use crate::support::people::People;
use crate::support::{Gateway, settings, unchunked};
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
    let (state, seen) = watch::channel(Arc::default());
    state.send_replace(Arc::new(Backups { directory: Some("/backups".into()), ..Backups::default() }));
    let ask = Arc::new(Notify::new());
    let backups = BackupDesk { state: seen, ask: ask.clone(), draw_key, ..BackupDesk::default() };
    let (gateway, ana) = Gateway::claimed_with(Settings { backups, ..settings() }).await;

    let mut screen = gateway.socket(&gateway.sign_in().await).await;
    screen.subscribe("1", "subscription { backupsChanged { recoveryKey making } }", json!({})).await;
    let mut told = async || screen.next().await.text()["payload"]["data"]["backupsChanged"].clone();
    assert_eq!(told().await, json!({ "recoveryKey": null, "making": false }));

    let stand = ana.ask(ALL, Value::Null).await.data()["backups"].clone();
    assert_eq!(
        stand,
        json!({ "recoveryKey": null, "directory": "/backups", "making": false, "kept": [], "proven": null, "problem": null })
    );
    assert_eq!(ana.ask("mutation { backUpNow }", Value::Null).await.code(), "CONFLICT", "nobody could open it");

    let made = ana.ask("mutation { createRecoveryKey { key recoveryKey } }", Value::Null).await;
    assert_eq!(made.data()["createRecoveryKey"], json!({ "key": "the secret half", "recoveryKey": PUBLIC }));
    assert_eq!(told().await, json!({ "recoveryKey": PUBLIC, "making": false }));
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
    assert_eq!(told().await, json!({ "recoveryKey": PUBLIC, "making": true }));
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

#[tokio::test]
async fn the_owner_downloads_a_backup_that_is_kept_and_nobody_else_anything() {
    let dir = tempfile::tempdir().unwrap();
    let [kept, gone, broken] = ["27", "26", "25"].map(|day| format!("gatehouse-202611{day}-030000.age"));
    std::fs::write(dir.path().join(&kept), vec![7; 300_000]).unwrap();
    std::fs::write(dir.path().join("gatehouse.redb"), "the database").unwrap();
    let backup = |name: &str| Backup { name: name.into(), bytes: 300_000, made_at: Wall::from_millis(0) };
    let state = Backups { kept: vec![backup(&kept), backup(&gone), backup(&broken)], ..Backups::default() };
    let (opened, bad) = (dir.path().to_owned(), broken.clone());
    let backups = BackupDesk {
        state: watch::channel(Arc::new(state)).1,
        open: Arc::new(move |name| {
            if name == bad { Err(std::io::Error::other("worn out")) } else { std::fs::File::open(opened.join(name)) }
        }),
        ..BackupDesk::default()
    };
    let (gateway, ana) = Gateway::claimed_with(Settings { backups, ..settings() }).await;

    let path = format!("/backups/{kept}");
    let reply = ana.get(&path).await;
    assert_eq!((reply.status, reply.header("cache-control")), (200, Some("no-store")));
    assert_eq!(reply.header("content-type"), Some("application/octet-stream"));
    assert_eq!(reply.header("content-disposition"), Some(&*format!("attachment; filename=\"{kept}\"")));
    assert_eq!(unchunked(&reply.body), (vec![7; 300_000], true));

    for (path, status) in [
        (format!("/backups/{gone}"), 404),
        (format!("/backups/{broken}"), 500),
        ("/backups/gatehouse.redb".to_owned(), 404),
        ("/backups/..%2Fgatehouse.redb".to_owned(), 404),
        ("/backups/".to_owned(), 404),
    ] {
        assert_eq!(ana.get(&path).await.status, status, "{path}");
    }
    let token = gateway.sign_in().await;
    let browser = gateway.client().header("cookie", &format!("gatehouse_session={token}"));
    assert_eq!(browser.own_page().send("POST", &path, b"").await.status, 200, "a form of our own page");
    for (client, status) in [(&browser, 403), (&gateway.client(), 401)] {
        for method in ["GET", "POST"] {
            assert_eq!(client.send(method, &path, b"").await.status, status, "{method}");
        }
    }
}

#[tokio::test]
async fn neither_members_nor_guests_get_files_that_hold_the_whole_home() {
    let home = People::new().await;
    for path in ["/record.csv", "/backups/gatehouse-20261127-030000.age"] {
        for (who, client) in [("Ben", &home.ben), ("Cleo", &home.cleo)] {
            assert_eq!(client.get(path).await.status, 403, "{who}, {path}");
        }
        assert_ne!(home.ana.get(path).await.status, 403, "{path}");
    }
}
