//! What the running daemon says of itself; without one, why it may not run.

use super::Finding;
use crate::config::Config;
use crate::control::{Answer, Call, client};
use crate::header::Standing;
use gatehouse_core::backup::Backups;
use gatehouse_core::notice::Severity;
use gatehouse_core::view::Availability;
use gatehouse_hub::Hub;
use serde::{Deserialize, Serialize};
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// How long a listener may take to answer a connection on this machine.
const PATIENCE: Duration = Duration::from_secs(5);
/// How old the newest proven backup may be: two nights, and some of the third day.
const STALE_MS: u64 = 60 * 60 * 60 * 1_000;

/// What the daemon tells of how it is.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Health {
    pub(crate) version: String,
    pub(crate) claimed: bool,
    pub(crate) clock_trusted: bool,
    pub(crate) now_ms: u64,
    /// Where it listens: the key in the configuration, and the address.
    pub(crate) listeners: Vec<(String, SocketAddr)>,
    /// Devices, and the names of those that are not there.
    pub(crate) devices: usize,
    pub(crate) away: Vec<String>,
    /// What the owner should know and is not good news.
    pub(crate) notices: Vec<String>,
    pub(crate) backups: BackupHealth,
    /// The gateway's own header.
    pub(crate) header: Standing,
}

/// How backups stand.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BackupHealth {
    pub(crate) has_key: bool,
    pub(crate) directory: Option<String>,
    pub(crate) proven_at_ms: Option<u64>,
    pub(crate) problem: Option<String>,
}

/// What the daemon looks at for that.
pub(crate) struct Heard<'a> {
    pub(crate) hub: &'a Hub,
    pub(crate) listeners: Vec<(String, SocketAddr)>,
    pub(crate) backups: &'a Backups,
    pub(crate) header: &'a Standing,
}

impl Heard<'_> {
    /// The daemon's end.
    pub(crate) fn health(self) -> Health {
        let (view, now) = (self.hub.view(), self.hub.now());
        let gone =
            |device: &&std::sync::Arc<gatehouse_core::view::DeviceView>| device.availability != Availability::Online;
        let name = |notice: &gatehouse_core::notice::Notice| notice.kind.code().to_owned();
        Health {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            claimed: view.home.is_some(),
            clock_trusted: now.wall_trusted,
            now_ms: now.wall.as_millis(),
            listeners: self.listeners,
            devices: view.devices.len(),
            away: view.devices.iter().filter(gone).map(|device| device.name.to_string()).collect(),
            notices: view.notices.iter().filter(|n| n.kind.severity() > Severity::Info).map(|n| name(n)).collect(),
            backups: BackupHealth {
                has_key: view.backup_key.is_some(),
                directory: self.backups.directory.as_deref().map(str::to_owned),
                proven_at_ms: self.backups.proven.as_ref().map(|proven| proven.at.as_millis()),
                problem: self.backups.problem.as_deref().map(str::to_owned),
            },
            header: self.header.clone(),
        }
    }
}

pub(super) fn examine(config: &Config) -> Vec<Finding> {
    match client::call(config, &Call::Health) {
        Ok(Answer::Health(health)) => {
            let listening = health.listeners.iter().map(|(key, address)| listens(key, *address));
            listening.collect::<Vec<_>>().into_iter().chain(judge(&health)).collect()
        }
        Ok(_) => vec![Finding::bad("daemon", "it answered another question; is it another version? restart it")],
        Err(failure) => {
            let mut findings = vec![Finding::bad("daemon", failure.message())];
            let ports = [
                ("[http] listen", config.http),
                ("[http] tls_listen", config.https),
                ("[mqtt] listen", config.mqtt),
                ("[mqtt] tls_listen", config.mqtts),
            ];
            findings.extend(ports.into_iter().filter_map(|(key, address)| taken(key, address?)));
            findings
        }
    }
}

/// Whether a connection is taken; "any address" is reached by loopback.
fn listens(key: &str, address: SocketAddr) -> Finding {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    match TcpStream::connect_timeout(&SocketAddr::new(ip, address.port()), PATIENCE) {
        Ok(_) => Finding::good("port", format!("{key}: {address} answers")),
        Err(error) => Finding::bad("port", format!("{key}: {address} does not answer ({error}); restart the gateway")),
    }
}

/// Why a gateway that does not run may not be able to.
fn taken(key: &str, address: SocketAddr) -> Option<Finding> {
    match TcpListener::bind(address) {
        Err(error) if error.kind() == ErrorKind::AddrInUse => Some(Finding::bad(
            "port",
            format!("{key}: another program listens on {address}: stop it, or choose another address"),
        )),
        _ => None,
    }
}

fn judge(health: &Health) -> Vec<Finding> {
    let claimed = if health.claimed { "" } else { ", and nobody owns it yet: see gatehouse claim-code" };
    let mut findings = vec![Finding::good("daemon", format!("version {} runs{claimed}", health.version))];
    findings.push(if health.clock_trusted {
        Finding::good("clock", "it can be believed")
    } else {
        Finding::doubtful(
            "clock",
            "it cannot be believed yet, so what has an end or hours does not hold, and the record has no times; connect the machine to a time \
             server, or say [clock] trusted = true",
        )
    });
    findings.push(match &health.away[..] {
        [] => Finding::good("boards", format!("{} of {} are there", health.devices, health.devices)),
        away => Finding::doubtful(
            "boards",
            format!(
                "{} of {} are not there: {}; look at their power and Wi-Fi",
                away.len(),
                health.devices,
                away.join(", ")
            ),
        ),
    });
    if !health.notices.is_empty() {
        findings.push(Finding::doubtful("notices", format!("open on the dashboard: {}", health.notices.join(", "))));
    }
    findings.push(backups(health));
    findings.extend(header(&health.header));
    findings
}

/// By what the daemon says of it: whoever opened its pins beside the daemon would take them from it.
fn header(standing: &Standing) -> Option<Finding> {
    match standing {
        Standing::Off => None,
        Standing::InUse { model, relays, status_light, reset_button } => {
            let relays = if *relays == 1 { "1 relay".to_owned() } else { format!("{relays} relays") };
            let light = if *status_light { ", a status light" } else { "" };
            let button = if *reset_button { ", a reset button" } else { "" };
            Some(Finding::good("header", format!("the {model}'s own is in use: {relays}{light}{button}")))
        }
        Standing::Unusable { problem } => {
            Some(Finding::doubtful("header", format!("[gpio] is switched on, and none of it is used: {problem}")))
        }
    }
}

fn backups(health: &Health) -> Finding {
    let BackupHealth { has_key, directory, proven_at_ms, problem } = &health.backups;
    let hours = proven_at_ms.map(|at| health.now_ms.saturating_sub(at) / (60 * 60 * 1_000));
    match (directory, has_key, problem, proven_at_ms) {
        (None, ..) => Finding::doubtful("backups", "switched off by [backup] directory = \"\""),
        (_, false, ..) => Finding::doubtful(
            "backups",
            "nothing is backed up: make a recovery key on the page Backups, or with gatehouse recovery-key",
        ),
        (_, _, Some(problem), _) => Finding::bad("backups", format!("the last one failed: {problem}")),
        (_, _, None, None) => Finding::doubtful("backups", "none was proven yet; see the page Backups"),
        (_, _, None, Some(at)) if health.clock_trusted && health.now_ms.saturating_sub(*at) > STALE_MS => Finding::bad(
            "backups",
            format!("the last one was proven {} hours ago; see the journal", hours.unwrap_or(0)),
        ),
        (Some(directory), ..) => {
            Finding::good("backups", format!("the newest was proven {} hours ago, in {directory}", hours.unwrap_or(0)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Grade;
    use super::*;

    fn healthy() -> Health {
        Health {
            version: "0.1.0".to_owned(),
            claimed: true,
            clock_trusted: true,
            now_ms: 1_800_000_000_000,
            listeners: Vec::new(),
            devices: 2,
            away: Vec::new(),
            notices: Vec::new(),
            backups: BackupHealth {
                has_key: true,
                directory: Some("/backups".to_owned()),
                proven_at_ms: Some(1_800_000_000_000 - 7_200_000),
                problem: None,
            },
            header: Standing::Off,
        }
    }

    #[track_caller]
    fn says(health: &Health, grade: Grade, what: &str, part: &str) {
        let found = judge(health);
        let found = found.iter().find(|finding| finding.what == what).unwrap_or_else(|| panic!("{what}: {found:?}"));
        assert!(found.grade == grade && found.said.contains(part), "{found:?}");
    }

    #[test]
    fn a_healthy_gateway_is_good_in_everything() {
        assert!(judge(&healthy()).iter().all(|finding| finding.grade == Grade::Good), "{:?}", judge(&healthy()));
        says(&healthy(), Grade::Good, "backups", "2 hours ago, in /backups");
    }

    #[test]
    fn what_is_wrong_is_said_with_what_to_do() {
        let with = |change: fn(&mut Health)| {
            let mut health = healthy();
            change(&mut health);
            health
        };
        says(&with(|h| h.claimed = false), Grade::Good, "daemon", "claim-code");
        says(&with(|h| h.clock_trusted = false), Grade::Doubtful, "clock", "time server");
        says(&with(|h| h.away.push("Shed".to_owned())), Grade::Doubtful, "boards", "1 of 2 are not there: Shed");
        says(&with(|h| h.notices.push("PLAIN_MQTT".to_owned())), Grade::Doubtful, "notices", "PLAIN_MQTT");
        says(&with(|h| h.backups.has_key = false), Grade::Doubtful, "backups", "recovery-key");
        says(&with(|h| h.backups.directory = None), Grade::Doubtful, "backups", "switched off");
        says(&with(|h| h.backups.proven_at_ms = None), Grade::Doubtful, "backups", "none was proven");
        says(&with(|h| h.backups.problem = Some("no stick".to_owned())), Grade::Bad, "backups", "no stick");
        says(&with(|h| h.backups.proven_at_ms = Some(1_000)), Grade::Bad, "backups", "hours ago");
    }

    #[test]
    fn the_header_is_told_of_where_it_is_wanted() {
        let of = |header: Standing| Health { header, ..healthy() };
        assert!(judge(&of(Standing::Off)).iter().all(|finding| finding.what != "header"));
        let model = "Raspberry Pi 4 B".to_owned();
        let used = of(Standing::InUse { model, relays: 2, status_light: false, reset_button: true });
        says(&used, Grade::Good, "header", "Raspberry Pi 4 B's own is in use: 2 relays, a reset button");
        let problem = "pin 2 is used by something else: take another pin".to_owned();
        says(&of(Standing::Unusable { problem }), Grade::Doubtful, "header", "none of it is used: pin 2");
    }

    #[test]
    fn a_port_that_another_program_has_is_named() {
        let other = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = other.local_addr().unwrap();
        let found = taken("[mqtt] listen", address).unwrap();
        assert!(found.said.contains("[mqtt] listen") && found.said.contains(&address.to_string()), "{found:?}");
        assert_eq!(listens("[mqtt] listen", address).grade, Grade::Good);
        drop(other);
        assert_eq!(taken("[mqtt] listen", address), None);
        assert_eq!(listens("[mqtt] listen", address).grade, Grade::Bad);
    }
}
