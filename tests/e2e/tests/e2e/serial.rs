//! 5.1: a board that is plugged in becomes a device by one call: the real daemon, the real firmware, a pseudo-terminal between them.

use gatehouse_e2e::{Ended, Home, PATIENCE, Process, Switch, board_program, within};
use std::path::PathBuf;
use tokio::process::Command;

/// A board of two relays that knows no home, plugged in at `port`, within reach of the network `house` and an open one.
fn plug_in(home: &Home, port: &str) -> Process {
    let mut command = Command::new(board_program());
    command.arg("--flash").arg(home.dir().join(format!("{port}.flash"))).arg("--serial").arg(home.dir().join(port));
    command.args(["--relays", "2", "--network", "house:the password", "--network", "open:"]);
    Process::start(port, command)
}

fn password_file(home: &Home, password: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let file = home.dir().join("password");
    std::fs::write(&file, password).expect("the password can be written");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("it can be protected");
    file
}

/// Calls `gatehouse provision` for the network `house`.
async fn provision(home: &Home, port: &str, name: &str, password: &str) -> Ended {
    let (port, file) = (home.dir().join(port).display().to_string(), password_file(home, password));
    let file = file.display().to_string();
    let arguments =
        ["provision", "--port", &port, "--ssid", "house", "--password-file", &file, "--name", name, "--room", "Hall"];
    within(3 * PATIENCE, "gatehouse provision should end", home.gatehouse(&arguments)).await
}

/// The switches of a device, in order, once they are online.
async fn online(home: &Home, name: &str) -> Vec<Switch> {
    let all = home.owner().switches().await;
    let own = all.into_iter().filter(|switch| switch.device.as_ref().is_some_and(|device| device.name == name));
    let ids: Vec<_> = own.map(|switch| switch.id).collect();
    let mut screen = home.owner().watch(&ids).await;
    screen.all(&ids, "the board should be online", |switch| switch.is_online() && switch.on.is_some()).await;
    let mut all = home.owner().switches().await;
    all.retain(|switch| ids.contains(&switch.id));
    all
}

#[tokio::test]
async fn row_5_1_1_two_boards_that_are_plugged_in_become_devices_that_can_be_tapped() {
    let home = Home::claimed().await;
    let mut boards = [plug_in(&home, "ttyUSB0"), plug_in(&home, "ttyUSB1")];
    let ended = tokio::join!(
        provision(&home, "ttyUSB0", "Kitchen", "the password"),
        provision(&home, "ttyUSB1", "Cellar", "the password"),
    );
    for ended in [ended.0, ended.1] {
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{}", ended.stdout);
        assert!(ended.stdout.contains("100 %"), "{}", ended.stdout);
        assert!(!ended.stdout.contains("the password"));
    }
    for name in ["Kitchen", "Cellar"] {
        let switches = online(&home, name).await;
        assert_eq!(switches.len(), 2);
        assert_eq!(home.owner().set(&switches[0].id, true).await.end(), ("CONFIRMED", None));
    }
    // The cable is of no more use to them.
    for board in &mut boards {
        board.say("unplug").await;
    }
    for name in ["Kitchen", "Cellar"] {
        let switches = online(&home, name).await;
        assert_eq!(home.owner().set(&switches[1].id, true).await.end(), ("CONFIRMED", None));
    }
}

#[tokio::test]
async fn row_5_1_2_a_wrong_password_is_told_leaves_nothing_behind_and_the_right_one_is_taken_after_it() {
    let home = Home::claimed().await;
    let _board = plug_in(&home, "ttyUSB0");
    let ended = provision(&home, "ttyUSB0", "Kitchen", "another password").await;
    assert_eq!(ended.code, Some(1), "{}", ended.stdout);
    assert!(ended.stderr.contains("did not take the password"), "{}", ended.stderr);
    assert_eq!(home.owner().switches().await.len(), 0);
    let ended = provision(&home, "ttyUSB0", "Kitchen", "the password").await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{}", ended.stdout);
    assert_eq!(online(&home, "Kitchen").await.len(), 2);
}

#[tokio::test]
async fn row_5_1_3_what_cannot_be_claimed_is_told_in_one_line() {
    let home = Home::claimed().await;
    let nothing = provision(&home, "ttyUSB0", "Kitchen", "the password").await;
    assert_eq!((nothing.code, nothing.stderr.lines().count()), (Some(1), 1), "{}", nothing.stderr);
    assert!(nothing.stderr.contains("nothing is plugged in at"), "{}", nothing.stderr);
    let short = provision(&home, "ttyUSB0", "Kitchen", "short").await;
    assert_eq!((short.code, short.stderr.lines().count()), (Some(1), 1), "{}", short.stderr);
    assert!(short.stderr.contains("8 to 63"), "{}", short.stderr);
}
