//! What the daemon tells systemd (sd_notify(3)); a socket stands where systemd's would.

use gatehouse_e2e::{Daemon, PATIENCE, Process, within};
use rustix::process::Signal;
use tokio::net::UnixDatagram;

/// Messages until one holds this line, all of them.
async fn told(manager: &UnixDatagram, line: &str) -> Vec<String> {
    let mut all = Vec::new();
    let until = async {
        loop {
            let mut bytes = [0; 512];
            let size = manager.recv(&mut bytes).await.expect("a message");
            all.push(String::from_utf8_lossy(&bytes[..size]).into_owned());
            if all.last().is_some_and(|message| message.lines().any(|one| one == line)) {
                return;
            }
        }
    };
    within(PATIENCE, &format!("systemd should be told {line}"), until).await;
    all
}

#[tokio::test]
async fn systemd_is_told_that_the_gateway_is_ready_goes_on_and_stops() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (config, socket) = (dir.path().join("config.toml"), dir.path().join("notify"));
    let lines = format!(
        "data_dir = {:?}\n[http]\nlisten = \"127.0.0.1:0\"\nplain = true\n[mqtt]\nlisten = \"127.0.0.1:0\"\ntls_listen = \
         \"\"\n[serial]\nports = []\n",
        dir.path().join("data")
    );
    std::fs::write(&config, lines).expect("the configuration can be written");
    let manager = UnixDatagram::bind(&socket).expect("a socket");
    let mut command = Daemon::program(&config);
    command.arg("run").env("NOTIFY_SOCKET", &socket).env("WATCHDOG_USEC", "200000");
    let mut daemon = Process::start("gatehouse", command);

    let ready = told(&manager, "READY=1").await;
    let status = "STATUS=Ready, and without an owner: see `gatehouse claim-code`.";
    assert!(ready.last().is_some_and(|message| message.contains(status)), "{ready:?}");
    for _ in 0..3 {
        let signs = told(&manager, "WATCHDOG=1").await;
        assert_eq!(signs.len(), 1, "nothing else is told meanwhile: {signs:?}");
    }
    daemon.signal(Signal::TERM);
    told(&manager, "STOPPING=1").await;
    assert_eq!(daemon.ended().await.code, Some(0));
}
