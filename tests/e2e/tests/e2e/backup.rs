//! A home in a file, and out of it on another machine.

use gatehouse_e2e::{Board, Ended, Home, PATIENCE, within};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const ROOMS: &str = "{ rooms { name } }";

async fn rooms(home: &Home) -> Value {
    home.owner().ask("rooms", ROOMS, json!({})).await
}

#[track_caller]
fn done(ended: &Ended) -> &str {
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    &ended.stdout
}

#[track_caller]
fn refused(ended: &Ended, code: i32, saying: &str) {
    assert_eq!(ended.code, Some(code), "{}", ended.stderr);
    assert!(ended.stderr.contains(saying) && ended.stderr.lines().count() == 1, "{}", ended.stderr);
}

fn path(home: &Home, name: &str) -> (PathBuf, String) {
    let path = home.dir().join(name);
    let text = path.to_str().expect("text").to_owned();
    (path, text)
}

/// Back, and moved by nothing but this tap.
async fn goes_on(home: &Home, board: &mut Board) {
    let mut screen = home.owner().watch(board.switches()).await;
    screen.all(board.switches(), "the board is back", |switch| switch.is_online()).await;
    assert_eq!(home.owner().set(&board.switch(1), true).await.end(), ("CONFIRMED", None));
    assert_eq!(board.movement().await.to_string(), "relay 1 on cause=command");
}

#[tokio::test]
async fn a_home_goes_on_on_a_machine_that_has_nothing_but_its_backup_and_the_recovery_key() {
    let mut home = Home::unclaimed_over_tls().await;
    home.claim().await;
    let mut board = home.board_over_tls("Kitchen", 1).await;
    home.room("Pantry").await;

    let made = home.gatehouse(&["recovery-key"]).await;
    let key = done(&made).trim().to_owned();
    assert!(key.starts_with("AGE-SECRET-KEY-1"), "{key}");
    assert!(made.stderr.contains("shown once"), "{}", made.stderr);
    home.daemon().process().stderr_line(0, "and the backup proved").await;
    let (file, to) = path(&home, "home.age");
    assert!(done(&home.gatehouse(&["backup", &to]).await).contains("Only the recovery key opens it"));
    assert_eq!(fs::metadata(&file).expect("it is there").permissions().mode() & 0o777, 0o600);
    assert!(fs::read(&file).expect("it can be read").starts_with(b"age-encryption.org/v1\n"));
    assert_eq!(fs::read_dir(home.dir()).expect("a directory").filter(is_leftover).count(), 0);
    let workshop = fs::read_dir(home.data_dir().join("backup.new")).expect("a directory");
    assert_eq!(workshop.count(), 0, "nothing is left of the making");
    home.room("Attic").await;
    home.stop().await;

    // Another card, in another machine.
    fs::rename(home.data_dir(), home.dir().join("old card")).expect("it can be moved");
    let (key_file, key_path) = path(&home, "key");
    refused(&home.gatehouse(&["restore", &to]).await, 2, "--key-file");
    fs::write(&key_file, "AGE-SECRET-KEY-1").expect("it can be written");
    refused(&home.gatehouse(&["restore", &to, "--key-file", &key_path]).await, 1, "not a recovery key");
    let other = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";
    fs::write(&key_file, other).expect("it can be written");
    refused(&home.gatehouse(&["restore", &to, "--key-file", &key_path]).await, 1, "not the key of this backup");
    fs::write(&key_file, format!("{}\n", key.to_lowercase())).expect("it can be written");
    let restored = home.gatehouse(&["restore", &to, "--key-file", &key_path]).await;
    assert!(done(&restored).contains("\"Mill House\" is restored"), "{}", restored.stdout);

    home.start().await;
    goes_on(&home, &mut board).await;
    assert_eq!(rooms(&home).await, json!([{ "name": "Pantry" }]), "as it was when it was backed up");
    home.sign_in().await;
}

fn is_leftover(entry: &std::io::Result<fs::DirEntry>) -> bool {
    entry.as_ref().is_ok_and(|entry| entry.file_name().to_string_lossy().ends_with(".new"))
}

#[tokio::test]
async fn a_home_that_is_lived_in_is_replaced_only_by_who_says_so_and_is_kept() {
    let mut home = Home::claimed().await;
    let mut board = home.board("Kitchen", 1).await;
    home.room("Pantry").await;
    let (_, to) = path(&home, "home.tar.gz");
    let made = home.gatehouse(&["backup", &to]).await;
    done(&made);
    assert!(made.stderr.contains("NOT encrypted") && made.stderr.contains("recovery-key"), "{}", made.stderr);
    home.room("Attic").await;

    refused(&home.gatehouse(&["restore", &to]).await, 75, "systemctl stop gatehouse");
    home.stop().await;
    refused(&home.gatehouse(&["backup", &to]).await, 75, "no daemon is running");
    refused(&home.gatehouse(&["restore", &to]).await, 1, "--replace");
    let (bad, bad_path) = path(&home, "bad");
    fs::write(&bad, "a shopping list").expect("it can be written");
    refused(&home.gatehouse(&["restore", &bad_path, "--replace"]).await, 1, "not a backup of gatehouse");
    let whole = fs::read(&to).expect("it can be read");
    fs::write(&bad, &whole[..whole.len() - 1_000]).expect("it can be written");
    refused(&home.gatehouse(&["restore", &bad_path, "--replace"]).await, 1, "damaged");
    home.start().await;
    assert_eq!(rooms(&home).await.as_array().map(Vec::len), Some(2), "what was refused changed nothing");
    home.stop().await;

    done(&home.gatehouse(&["restore", &to, "--replace"]).await);
    assert!(home.data_dir().join("replaced/gatehouse.redb").is_file());
    home.start().await;
    assert_eq!(rooms(&home).await, json!([{ "name": "Pantry" }]));
    goes_on(&home, &mut board).await;
}

/// The power may go between a home that was unpacked and its place.
#[tokio::test]
async fn a_restore_that_was_interrupted_is_finished_by_the_next_start() {
    let mut home = Home::claimed().await;
    home.room("Pantry").await;
    let (_, to) = path(&home, "home.tar.gz");
    done(&home.gatehouse(&["backup", &to]).await);
    home.room("Attic").await;
    home.stop().await;
    done(&home.gatehouse(&["restore", &to, "--replace"]).await);
    // As it is after one of two pieces.
    let data = home.data_dir();
    fs::create_dir(data.join("restored")).expect("it can be made");
    fs::rename(data.join("gatehouse.redb"), data.join("restored/gatehouse.redb")).expect("it can be moved");
    fs::rename(data.join("replaced/gatehouse.redb"), data.join("gatehouse.redb")).expect("it can be moved");
    home.start().await;
    assert_eq!(rooms(&home).await, json!([{ "name": "Pantry" }]));
    assert!(!data.join("restored").exists());
}

#[tokio::test]
async fn a_backup_is_made_by_itself_proved_and_kept_so_many_times() {
    let mut home = Home::claimed().await;
    home.room("Pantry").await;
    let owner = home.owner().clone();
    let document = "mutation { createRecoveryKey { key } }";
    let made: Value = owner.ask("createRecoveryKey", document, json!({})).await;
    let (_, key_path) = path(&home, "key");
    fs::write(&key_path, made["key"].as_str().expect("a key")).expect("it can be written");
    let (_, line) = home.daemon().process().stderr_line(0, "the home was backed up, and the backup proved").await;

    let stands = "{ backups { kept { name } proven { name } problem making } }";
    let stand: Value = owner.ask("backups", stands, json!({})).await;
    let name = stand["kept"][0]["name"].as_str().expect("a name").to_owned();
    assert_eq!(stand["proven"]["name"], json!(name));
    assert_eq!((&stand["problem"], &stand["making"]), (&Value::Null, &json!(false)));
    assert!(!home.data_dir().join("backup.trial").exists(), "nothing is left of the trial");

    assert!(owner.ask::<bool>("backUpNow", "mutation { backUpNow }", json!({})).await);
    home.daemon().process().stderr_line(line, "and the backup proved").await;
    let stand: Value = owner.ask("backups", stands, json!({})).await;
    assert_eq!(stand["kept"].as_array().map(Vec::len), Some(2));

    // What is kept is what a new machine starts from.
    let backup = home.data_dir().join("backups").join(&name);
    let moved = home.dir().join("stick");
    fs::copy(&backup, &moved).expect("it can be copied");
    home.stop().await;
    fs::remove_dir_all(home.data_dir()).expect("the card dies");
    let moved = moved.to_str().expect("text").to_owned();
    done(&home.gatehouse(&["restore", &moved, "--key-file", &key_path]).await);
    home.start().await;
    assert_eq!(rooms(&home).await, json!([{ "name": "Pantry" }]));
}

#[tokio::test]
async fn a_stick_that_is_not_there_is_told_and_one_that_comes_back_is_used() {
    let mut home = Home::claimed().await;
    let stick = home.dir().join("stick");
    home.restart_with(&format!("[backup]\ndirectory = {stick:?}\nkeep = 1\n")).await;
    let owner = home.owner().clone();
    let mut screen = owner.subscribe("subscription { noticeChanged { code message } }").await;
    let _: Value = owner.ask("createRecoveryKey", "mutation { createRecoveryKey { key } }", json!({})).await;
    let told = screen.value("noticeChanged", "a backup that failed", |notice| notice["code"] == "BACKUP_FAILED").await;
    assert!(told["message"].as_str().is_some_and(|text| text.contains("is the stick plugged in?")), "{told}");

    fs::create_dir(&stick).expect("it is plugged in");
    let mut behind = 0;
    for _ in 0..2 {
        assert!(owner.ask::<bool>("backUpNow", "mutation { backUpNow }", json!({})).await);
        (_, behind) = home.daemon().process().stderr_line(behind, "and the backup proved").await;
    }
    let stand: Value = owner.ask("backups", "{ backups { kept { name } problem } }", json!({})).await;
    assert_eq!((stand["kept"].as_array().map(Vec::len), &stand["problem"]), (Some(1), &Value::Null));
}

/// As the dashboard does it, on a new gateway: the daemon starts anew by itself, and the board goes on.
#[tokio::test]
async fn a_new_gateway_takes_a_backup_in_its_first_run() {
    let mut home = Home::claimed().await;
    let mut board = home.board("Kitchen", 1).await;
    home.room("Pantry").await;
    let key = done(&home.gatehouse(&["recovery-key"]).await).trim().to_owned();
    let (file, to) = path(&home, "home.age");
    done(&home.gatehouse(&["backup", &to]).await);
    let backup = fs::read(file).expect("it can be read");
    home.stop().await;
    fs::remove_dir_all(home.data_dir()).expect("the card dies");
    home.start().await;

    let code = home.daemon().ready.claim_code.clone().expect("nobody owns it");
    let visitor = home.visitor();
    let bring = async |code: &str, key: &str, backup: &[u8]| {
        let headers = [format!("gatehouse-claim-code: {code}"), format!("gatehouse-recovery-key: {key}")];
        let headers = headers.each_ref().map(String::as_str);
        let answer = visitor.request("POST", "/restore", &headers, backup).await;
        (answer.status, String::from_utf8_lossy(&answer.body).into_owned())
    };
    let (status, _) = bring("WRONG", &key, &backup).await;
    assert_eq!(status, 403);
    for (key, backup, saying) in [
        ("", &backup[..], "give the recovery key"),
        ("AGE-SECRET-KEY-1", &backup, "not a recovery key"),
        (&key, b"a shopping list, of some length", "not a backup"),
        (&key, &backup[..backup.len() - 10], "damaged"),
    ] {
        let (status, told) = bring(&code, key, backup).await;
        assert!(status == 400 && told.contains(saying) && !told.contains("upload"), "{status} {told}");
    }
    assert!(!home.data_dir().join("upload.new").exists());

    let pid = home.daemon().process().pid();
    let (_, line) = home.daemon().process().stderr_line(0, "ready").await;
    assert_eq!(bring(&code, &key, &backup).await, (200, "restored\n".to_owned()));
    home.daemon().process().stderr_line(line, "ready").await;
    assert_eq!(home.daemon().process().pid(), pid, "whoever supervises it sees it go on");
    goes_on(&home, &mut board).await;
    assert_eq!(rooms(&home).await, json!([{ "name": "Pantry" }]));
    assert_eq!(bring(&code, &key, &backup).await.0, 409, "it has an owner");
}

#[tokio::test]
async fn a_home_that_somebody_claims_while_a_backup_comes_in_is_not_replaced() {
    let mut home = Home::claimed().await;
    let (file, to) = path(&home, "home.tar.gz");
    done(&home.gatehouse(&["backup", &to]).await);
    let backup = fs::read(file).expect("it can be read");
    home.stop().await;
    fs::remove_dir_all(home.data_dir()).expect("the card dies");
    home.start().await;

    let code = home.daemon().ready.claim_code.clone().expect("nobody owns it");
    let address = home.visitor().address();
    let mut slow = TcpStream::connect(address).await.expect("it listens");
    let head = format!(
        "POST /restore HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ngatehouse-claim-code: {code}\r\ncontent-length: {}\r\n\r\n",
        backup.len()
    );
    let (first, rest) = backup.split_at(backup.len() / 2);
    slow.write_all(&[head.as_bytes(), first].concat()).await.expect("it is taken");
    // The code was looked at by then.
    let upload = home.data_dir().join("upload.new");
    within(PATIENCE, "the upload should begin", async {
        while !upload.exists() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    home.claim().await;
    home.room("Attic").await;
    slow.write_all(rest).await.expect("it is taken");
    let mut answer = String::new();
    slow.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("claimed this gateway meanwhile"), "{answer}");
    assert!(!home.data_dir().join("restored").exists());
    home.stop().await;
    home.start().await;
    assert_eq!(rooms(&home).await, json!([{ "name": "Attic" }]), "also after the next start");
}
