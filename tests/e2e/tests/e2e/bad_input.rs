//! What the program makes of bad configuration, ports, directories and arguments: one line that says what to do, an exit
//! code for scripts, and nothing written over.

use gatehouse_e2e::{Daemon, Ended, Home, Process};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tempfile::TempDir;

const CONFIG: &str = "[http]\nlisten = \"127.0.0.1:0\"\n[mqtt]\nlisten = \"127.0.0.1:0\"\n";

fn directory() -> TempDir {
    tempfile::Builder::new().prefix("gatehouse-e2e-").tempdir().expect("a temporary directory")
}

async fn run(dir: &Path, config: &str) -> Ended {
    let file = dir.join("config.toml");
    let text = format!("data_dir = {:?}\n{config}", dir.join("data"));
    fs::write(&file, text).expect("the configuration can be written");
    let mut command = Daemon::program(&file);
    command.arg("run");
    Process::run("gatehouse", command).await
}

/// One line on standard error with these words in it, nothing on standard output, and this exit code.
fn refused(ended: &Ended, code: i32, words: &[&str]) {
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(code), ""), "{ended:?}");
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    for word in words {
        assert!(ended.stderr.contains(word), "{word:?} is missing in: {}", ended.stderr);
    }
}

#[tokio::test]
async fn a_configuration_that_is_wrong_is_refused_with_its_line() {
    let dir = directory();
    for (config, words) in [
        ("[http]\nlissten = \"127.0.0.1:0\"\n", &["config.toml, line 3", "lissten"][..]),
        ("[limits]\nintegrations = 0\n", &["[limits] integrations = 0 must be from 1 to 256"]),
        ("[smtp]\nhost = \"smtp.example.org\"\n", &["[smtp] from", "home@example.org say"]),
        ("[gpio]\nrelays = [{ pin = 17 }, { pin = 17 }]\n", &["[gpio] pin 17 is both", "one pin does one thing"]),
        ("[gpio]\nenabled = true\nrelays = [{ pin = 40 }]\n", &["[gpio] pin of relay 1 = 40", "0 to 27"]),
        ("[htttp]\n", &["line 2", "htttp"]),
        ("[http]\nlisten = 80\n", &["line 3"]),
        ("[http\n", &["line 2"]),
        ("[http]\nlisten = \"everywhere\"\n", &["[http] listen", "everywhere", "127.0.0.1:8080"]),
    ] {
        refused(&run(dir.path(), config).await, 2, words);
    }
    assert!(!dir.path().join("data").exists(), "nothing was begun");
    let mut command = Daemon::program(&dir.path().join("absent.toml"));
    command.arg("run");
    refused(&Process::run("gatehouse", command).await, 2, &["absent.toml"]);
}

#[tokio::test]
async fn a_secret_that_everybody_can_read_is_refused_before_anything_is_begun() {
    let dir = directory();
    let secret = dir.path().join("smtp-password");
    fs::write(&secret, "seven quiet lamps\n").unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o644)).unwrap();
    let config = format!(
        "{CONFIG}[smtp]\nhost = \"smtp.example.org\"\nfrom = \"home@example.org\"\nuser = \"home\"\npassword_file = {secret:?}\n"
    );
    let ended = run(dir.path(), &config).await;
    refused(&ended, 1, &["[smtp] password_file", "chmod 640"]);
    assert!(!ended.stderr.contains("seven quiet lamps"));
    assert!(!dir.path().join("data").exists(), "nothing was begun");
}

#[tokio::test]
async fn arguments_that_are_wrong_are_a_matter_of_usage() {
    let home = Home::unclaimed().await;
    for arguments in [&["rum"][..], &["run", "--fast"], &["board", "register"], &["board"], &[]] {
        refused(&home.gatehouse(arguments).await, 2, &["--help"]);
    }
}

#[tokio::test]
async fn a_port_in_use_is_named_with_what_to_do() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for section in ["http", "mqtt"] {
        let dir = directory();
        let config = CONFIG.replacen(
            &format!("[{section}]\nlisten = \"127.0.0.1:0\""),
            &format!("[{section}]\nlisten = \"{address}\""),
            1,
        );
        refused(&run(dir.path(), &config).await, 1, &[&address, &format!("[{section}] listen"), "stop the program"]);
    }
}

#[tokio::test]
async fn a_data_directory_that_cannot_be_one_is_refused() {
    let dir = directory();
    fs::write(dir.path().join("data"), "a file").unwrap();
    refused(&run(dir.path(), CONFIG).await, 1, &["data directory", "data"]);
    assert_eq!(fs::read_to_string(dir.path().join("data")).unwrap(), "a file");
    // Where even root cannot write.
    let file = dir.path().join("config.toml");
    fs::write(&file, format!("data_dir = \"/proc/gatehouse\"\n{CONFIG}")).unwrap();
    let mut command = Daemon::program(&file);
    command.arg("run");
    refused(&Process::run("gatehouse", command).await, 1, &["/proc/gatehouse", "create it"]);
}

#[tokio::test]
async fn a_database_that_is_none_is_left_as_it_is() {
    let mut home = Home::claimed().await;
    home.room("Pantry").await;
    home.stop().await;
    let whole = fs::read(home.data_dir().join("gatehouse.redb")).unwrap();

    let half = whole[..whole.len() / 2].to_vec();
    let mut torn = whole.clone();
    torn[4_096..].iter_mut().step_by(7).for_each(|byte| *byte ^= 0x5a);
    let mut newer_magic = whole.clone();
    newer_magic[..16].fill(0x20);
    for (what, bytes) in [
        ("empty", Vec::new()),
        ("text", b"my diary\n".repeat(1_000)),
        ("half of one", half),
        ("torn", torn),
        ("another header", newer_magic),
    ] {
        let dir = directory();
        let file = dir.path().join("data/gatehouse.redb");
        fs::create_dir(dir.path().join("data")).unwrap();
        fs::write(&file, &bytes).unwrap();
        let ended = run(dir.path(), CONFIG).await;
        refused(&ended, 1, &["gatehouse.redb", "left as it is"]);
        assert!(fs::read(&file).unwrap() == bytes, "{what}: not a byte has changed");
    }
    home.start().await;
    let rooms: serde_json::Value = home.owner().ask("rooms", "{ rooms { name } }", serde_json::json!({})).await;
    assert_eq!(rooms, serde_json::json!([{ "name": "Pantry" }]), "the original is as good as ever");
}

#[tokio::test]
async fn a_second_daemon_on_the_same_data_is_refused() {
    let home = Home::claimed().await;
    let second = directory();
    let file = second.path().join("config.toml");
    fs::write(&file, format!("data_dir = {:?}\n{CONFIG}", home.data_dir())).unwrap();
    let mut command = Daemon::program(&file);
    command.arg("run");
    let ended = Process::run("gatehouse", command).await;
    refused(&ended, 1, &["another gatehouse is running", &home.data_dir().display().to_string()]);
    assert!(home.owner().switches().await.is_empty(), "the first goes on");
    let registered = home.gatehouse(&["claim-code"]).await;
    assert_eq!(registered.code, Some(1), "its control socket is still its own: {registered:?}");
}

#[tokio::test]
async fn without_a_daemon_its_commands_may_be_tried_again_later() {
    let mut home = Home::claimed().await;
    home.stop().await;
    let secret = home.dir().join("secret");
    fs::write(&secret, "a secret of some length").unwrap();
    let secret = secret.display().to_string();
    let register = ["board", "register", "--id", "relay-a", "--secret-file", &secret];
    for arguments in [&["claim-code"][..], &register] {
        refused(&home.gatehouse(arguments).await, 75, &["gatehouse run"]);
    }
    // A crash leaves the socket behind.
    home.start().await;
    home.kill().await;
    refused(&home.gatehouse(&["claim-code"]).await, 75, &["gatehouse run"]);
}

#[tokio::test]
async fn a_board_is_registered_once_and_under_a_good_name() {
    let home = Home::claimed().await;
    let write = |name: &str, text: &str| {
        let path = home.dir().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let (good, other, short) =
        (write("good", "0123456789abcdef\n"), write("other", "fedcba98"), write("short", "1234567"));
    let register = async |id: &str, secret: &str, more: &[&str]| {
        let arguments = [&["board", "register", "--id", id, "--secret-file", secret], more].concat();
        home.gatehouse(&arguments).await
    };
    for id in ["", "Relay", "relay/1", "relay+", "a b", &"a".repeat(33)] {
        refused(&register(id, &good, &[]).await, 1, &["--id", "1 to 32"]);
    }
    refused(&register("relay-a", &short, &[]).await, 1, &["8 to 256 bytes"]);
    refused(&register("relay-a", "/nowhere/secret", &[]).await, 1, &["/nowhere/secret"]);
    refused(&register("relay-a", &good, &["--relays", "0"]).await, 1, &["relays"]);
    refused(&register("relay-a", &good, &["--relays", "33"]).await, 1, &["relays"]);
    refused(&register("relay-a", &good, &["--relays", "two"]).await, 2, &["two"]);
    refused(&register("relay-a", &good, &["--name", " "]).await, 1, &["--name"]);
    assert!(home.owner().switches().await.is_empty(), "nothing of that was done");

    let first = register("relay-a", &good, &["--name", "Lamp", "--room", "Hall"]).await;
    assert_eq!((first.code, first.stderr.as_str()), (Some(0), ""));
    let again = register("relay-a", &good, &["--name", "Lamp", "--room", "Hall"]).await;
    assert_eq!((again.code, again.stdout), (Some(0), first.stdout), "the same once more changes nothing");
    refused(&register("relay-a", &other, &[]).await, 1, &["relay-a", "already claimed"]);
    let switches = home.owner().switches().await;
    assert_eq!(switches.len(), 1);
    assert_eq!((switches[0].name.as_str(), switches[0].room.as_ref().map(|r| r.name.as_str())), ("Lamp", Some("Hall")));
}

#[tokio::test]
async fn what_is_kept_is_for_its_owner_only() {
    let home = Home::claimed().await;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&home.data_dir()), 0o700);
    assert_eq!(mode(&home.data_dir().join("gatehouse.redb")), 0o600);
    assert_eq!(mode(&home.data_dir().join("control.sock")), 0o600);
    assert_eq!(mode(&home.config().with_extension("ready.json")), 0o600);
}
