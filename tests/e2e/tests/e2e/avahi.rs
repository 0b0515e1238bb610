//! Avahi, as another implementation of mDNS that boards and gateway get on with.

use gatehouse_e2e::Process;
use std::path::Path;
use tokio::process::Command;

/// A bus and an Avahi of its own on a machine, with what they need in a directory.
pub(crate) struct Avahi {
    machine: String,
    bus: String,
    _running: [Process; 2],
}

/// Avahi keeps its socket and its number where only one can be: each gets a place of its own there.
const ALONE: &str = "mkdir -p /run/avahi-daemon && mount -t tmpfs none /run/avahi-daemon && exec avahi-daemon --file=\"$0\" --no-drop-root --no-chroot --no-rlimits";

impl Avahi {
    pub(crate) async fn start(machine: &str, host: &str, dir: &Path) -> Self {
        let socket = dir.join(format!("{host}.bus"));
        let bus = format!("unix:path={}", socket.display());
        let config = dir.join(format!("{host}.dbus"));
        let text = format!(
            "<busconfig><type>session</type><listen>{bus}</listen><auth>EXTERNAL</auth><policy context=\"default\">\
             <allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/><allow own=\"*\"/></policy></busconfig>"
        );
        std::fs::write(&config, text).expect("its configuration can be written");
        let mut daemon = Self::on(machine, &bus, "dbus-daemon");
        daemon.arg("--nofork").arg("--print-address").arg("--config-file").arg(config);
        let mut daemon = Process::start("dbus-daemon", daemon);
        daemon.stdout_line(0).await.expect("it listens");
        let config = dir.join(format!("{host}.avahi"));
        let text = format!("[server]\nhost-name={host}\nuse-ipv6=no\n[publish]\npublish-workstation=no\n");
        std::fs::write(&config, text).expect("its configuration can be written");
        let mut avahi = Self::on(machine, &bus, "sh");
        avahi.args(["-c", ALONE]).arg(config);
        let mut avahi = Process::start("avahi-daemon", avahi);
        avahi.stderr_line(0, "Server startup complete").await;
        Self { machine: machine.to_owned(), bus, _running: [avahi, daemon] }
    }

    fn on(machine: &str, bus: &str, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", machine, program]).env("DBUS_SYSTEM_BUS_ADDRESS", bus);
        command
    }

    /// Says that this is there, until it is ended.
    pub(crate) async fn publish(&self, name: &str, service: &str, txt: &[&str]) -> Process {
        let mut command = Self::on(&self.machine, &self.bus, "avahi-publish");
        command.args(["--service", name, service, "6053"]).args(txt);
        let mut process = Process::start(name, command);
        process.stderr_line(0, "Established").await;
        process
    }

    /// Who offers this service, a line each.
    pub(crate) async fn browse(&self, service: &str) -> String {
        let mut command = Self::on(&self.machine, &self.bus, "avahi-browse");
        command.args(["--resolve", "--parsable", "--terminate", service]);
        Process::run("avahi-browse", command).await.stdout
    }
}
