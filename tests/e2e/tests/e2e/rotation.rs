//! 5.1-4: a board's secret rotates over the air, the old one dies, and no relay notices.

use gatehouse_e2e::{Board, Home, Mosquitto};
use serde_json::{Value, json};

const ROTATE: &str = "mutation ($input: RotateCredentialInput!) { rotateCredential(input: $input) {
    rotatingCredential availability } }";

async fn device_of(home: &Home, board: &Board) -> String {
    let document = "query ($id: ID!) { switch(id: $id) { device { id } } }";
    let switch: Value = home.owner().ask("switch", document, json!({ "id": board.switch(1) })).await;
    switch["device"]["id"].as_str().expect("a switch has a device").to_owned()
}

async fn rotate(home: &Home, device: &str) -> Value {
    home.owner().ask("rotateCredential", ROTATE, json!({ "input": { "deviceId": device } })).await
}

/// A login with this secret, which takes nothing over when it is refused.
async fn logs_in(home: &Home, board: &Board, secret: &str) -> bool {
    let client = Mosquitto::new(home.mqtt(), board.id(), board.id(), secret);
    let ended = client.publish(&["-t", "nowhere", "-m", "x"]).await;
    assert!(matches!(ended.code, Some(0 | 4)), "{ended:?}");
    ended.code == Some(0)
}

/// Whether a secret can be found in what lies on disk.
fn is_on_disk(home: &Home, secret: &str) -> bool {
    let files = std::fs::read_dir(home.data_dir()).expect("the data directory");
    files.map(|file| file.expect("a file").path()).filter(|path| path.is_file()).any(|path| {
        let bytes = std::fs::read(path).expect("it can be read");
        bytes.windows(secret.len()).any(|window| window == secret.as_bytes())
    })
}

/// The secret that a board's flash holds: the last of its credential records (PROTOCOL.md has 64 digits of them).
fn in_flash(board: &Board) -> String {
    let bytes = std::fs::read(board.flash()).expect("the flash");
    let digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let found = bytes.windows(64).rposition(|window| window.iter().all(digit)).expect("a secret of 64 digits");
    String::from_utf8(bytes[found..found + 64].to_vec()).expect("digits")
}

#[tokio::test]
async fn row_5_1_4_a_secret_rotates_over_tls_the_old_one_dies_and_the_new_one_survives_both_restarts() {
    let mut home = Home::claimed().await;
    let mut board = home.board_over_tls("Kitchen", 2).await;
    let (device, old) = (device_of(&home, &board).await, board.secret());
    assert_eq!(home.owner().set(&board.switch(1), true).await.end(), ("CONFIRMED", None));
    assert_eq!(board.movement().await.to_string(), "relay 1 on cause=command");

    assert_eq!(rotate(&home, &device).await["rotatingCredential"], false, "the board is back with it");
    board.says("got a new secret").await;
    let new = in_flash(&board);
    assert!(!logs_in(&home, &board, &old).await, "the old one is dead");
    assert!(!is_on_disk(&home, &new), "the gateway keeps a hash only");

    home.kill().await;
    home.start().await;
    let mut screen = home.owner().watch(board.switches()).await;
    screen.all(board.switches(), "the board is back", |switch| switch.is_online()).await;
    assert!(!logs_in(&home, &board, &old).await, "a crash does not bring it back");
    assert_eq!(board.movements_left(), Vec::<String>::new(), "no relay has moved");

    let mut board = board.replug().await;
    board.booted(&[false, false]).await;
    screen.all(board.switches(), "the board is back", |switch| switch.is_online() && switch.on == Some(false)).await;
    assert_eq!(in_flash(&board), new);
    assert_eq!(home.owner().set(&board.switch(2), true).await.end(), ("CONFIRMED", None));

    // And once more, from the command line.
    let rotated = home.gatehouse(&["board", "rotate", board.id()]).await;
    assert_eq!((rotated.code, rotated.stderr.as_str()), (Some(0), ""));
    assert_eq!(rotated.stdout, "\"Kitchen\" has a new secret; the old one is refused.");
    assert!(!logs_in(&home, &board, &new).await);
    assert!(logs_in(&home, &board, &in_flash(&board)).await);
}

/// Whether the secret was on its way when the gateway ended is for chance to say; that board and home know each other
/// afterwards is not.
#[tokio::test]
async fn a_gateway_that_ends_in_the_midst_of_it_lets_its_board_in_and_can_be_asked_anew() {
    let mut home = Home::claimed().await;
    let board = home.board_over_tls("Kitchen", 1).await;
    let (device, old) = (device_of(&home, &board).await, board.secret());
    board.freeze();
    let (owner, input) = (home.owner(), json!({ "input": { "deviceId": device } }));
    let asked = tokio::spawn(async move { owner.try_ask(ROTATE, input).await });
    let rotating = "{ devices { rotatingCredential } }";
    while home.owner().ask::<Value>("devices", rotating, Value::Null).await != json!([{ "rotatingCredential": true }]) {
        tokio::task::yield_now().await;
    }
    home.kill().await;
    assert!(asked.await.is_err(), "nobody answered it");
    home.start().await;
    assert!(logs_in(&home, &board, &old).await, "the board has not used a new one yet");
    board.thaw();
    let mut screen = home.owner().watch(board.switches()).await;
    screen.until("the board is back", |switch| switch.is_online()).await;
    assert_eq!(rotate(&home, &device).await["rotatingCredential"], false);
    assert!(!logs_in(&home, &board, &old).await);
    assert_eq!(board.movements_left(), Vec::<String>::new(), "no relay has moved");
}

#[tokio::test]
async fn what_cannot_be_rotated_is_refused_with_what_to_do() {
    let mut home = Home::claimed().await;
    let mut board = home.board_over_tls("Kitchen", 1).await;
    let device = device_of(&home, &board).await;
    let mut screen = home.owner().watch(board.switches()).await;
    board.press("quit").await;
    board.ended().await;
    screen.until("the board is gone", |switch| !switch.is_online()).await;
    let refused = home.owner().try_ask(ROTATE, json!({ "input": { "deviceId": device } })).await.unwrap_err();
    assert_eq!(refused.code, "CONFLICT");
    assert!(refused.message.contains("Kitchen is offline"), "{}", refused.message);

    // A board of another make, that takes commands and nothing else.
    let mut foreign = home.impostor("Foreign", 1).await;
    foreign.come_online(0xc0ff_ee01).await;
    let ended = home.gatehouse(&["board", "rotate", "Foreign"]).await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""));
    assert!(ended.stderr.contains("firmware of Foreign"), "{}", ended.stderr);
    let ended = home.gatehouse(&["board", "rotate", "nobody"]).await;
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("no board \"nobody\""), "{}", ended.stderr);
}

#[tokio::test]
async fn a_board_that_is_provisioned_with_a_dead_secret_stays_out() {
    let mut home = Home::claimed().await;
    let board = home.board_over_tls("Kitchen", 1).await;
    let device = device_of(&home, &board).await;
    assert_eq!(rotate(&home, &device).await["rotatingCredential"], false);
    let mut board = board.reprovision().await;
    board.says("refused the login with code 4").await;
}
