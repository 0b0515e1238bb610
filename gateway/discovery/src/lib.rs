//! How boards and people find the gateway, and it them: what it advertises by mDNS (RFC 6762, RFC 6763), and which boards say there
//! that they are in the network; and how one of them is claimed there.
//!
//! **Invariants.** Only what can be reached from elsewhere is advertised: with every listener on loopback no socket is
//! opened. Nothing here can end the daemon: a home goes on without being found.

mod browse;
mod claim;
mod settling;

pub use claim::{Homes, claims};

use browse::{SERVICES, browse};
use gatehouse_core::nearby::NearbyEvent;
use mdns_sd::{DaemonEvent, IfKind, Receiver, ServiceDaemon, ServiceInfo};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// How long a withdrawal of one service may take.
const WITHDRAWAL: Duration = Duration::from_secs(1);
/// Seconds between looks at the machine's addresses.
const ADDRESSES_EVERY: u32 = 5;

/// What can be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The home's gateway as its boards look for it: MQTT over TLS, with the home's id.
    Hub,
    /// The dashboard and the API.
    Https,
    /// MQTT over TLS.
    SecureMqtt,
    /// MQTT without TLS.
    Mqtt,
}

impl Kind {
    /// The service type, as DNS-SD has it.
    const fn service_type(self) -> &'static str {
        match self {
            Self::Hub => "_gatehouse-hub._tcp.local.",
            Self::Https => "_https._tcp.local.",
            Self::SecureMqtt => "_secure-mqtt._tcp.local.",
            Self::Mqtt => "_mqtt._tcp.local.",
        }
    }
}

/// What is to be advertised.
#[derive(Clone, Debug)]
pub struct Advertised {
    /// What this machine is called, without `.local`.
    pub hostname: String,
    /// The home's id: boards check it in the gateway's certificate too.
    pub home: String,
    /// Where what listens.
    pub listening: Vec<(Kind, SocketAddr)>,
}

impl Advertised {
    /// What somebody elsewhere can reach.
    fn reachable(&self) -> impl Iterator<Item = (Kind, SocketAddr)> + '_ {
        self.listening.iter().copied().filter(|(_, address)| !address.ip().to_canonical().is_loopback())
    }

    fn service(&self, kind: Kind, address: SocketAddr) -> mdns_sd::Result<ServiceInfo> {
        let host = format!("{}.local.", self.hostname);
        // As little as is of use: whoever listens learns neither version nor names.
        let (name, properties) = match kind {
            Kind::Hub => (self.home.as_str(), vec![("home", self.home.as_str())]),
            Kind::Https | Kind::SecureMqtt | Kind::Mqtt => ("Gatehouse", Vec::new()),
        };
        let port = address.port();
        if address.ip().is_unspecified() {
            let info = ServiceInfo::new(kind.service_type(), name, &host, (), port, &properties[..])?;
            return Ok(info.enable_addr_auto());
        }
        let ip: IpAddr = address.ip().to_canonical();
        ServiceInfo::new(kind.service_type(), name, &host, ip, port, &properties[..])
    }
}

/// Advertises until `stop`, follows the machine's addresses, tells of the boards in the network, and withdraws what it
/// advertised. When that cannot be done it says so once, and waits for `stop`.
pub async fn run(advertised: Advertised, nearby: mpsc::Sender<NearbyEvent>, stop: CancellationToken) {
    if advertised.reachable().next().is_none() {
        tracing::debug!("nothing to be found by mDNS: everything listens on loopback");
        return stop.cancelled().await;
    }
    let mdns = match Mdns::start(&advertised) {
        Ok(mdns) => mdns,
        Err(error) => {
            tracing::warn!(
                %error,
                "mDNS does not work, so this gateway is found by its address only; set [mdns] enabled = false to do without"
            );
            return stop.cancelled().await;
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = mdns.tell() => stop.cancelled().await,
        () = mdns.browse(&nearby) => stop.cancelled().await,
    }
    mdns.withdraw().await;
}

/// The library's thread, and what it advertises.
struct Mdns {
    daemon: ServiceDaemon,
    events: Receiver<DaemonEvent>,
    names: Vec<String>,
}

impl Mdns {
    fn start(advertised: &Advertised) -> mdns_sd::Result<Self> {
        let daemon = ServiceDaemon::new()?;
        let mut mdns = Self { events: daemon.monitor()?, daemon, names: Vec::new() };
        mdns.daemon.disable_interface(vec![IfKind::LoopbackV4, IfKind::LoopbackV6])?;
        mdns.daemon.set_ip_check_interval(ADDRESSES_EVERY)?;
        for (kind, address) in advertised.reachable() {
            let service = advertised.service(kind, address)?;
            mdns.names.push(service.get_fullname().to_owned());
            mdns.daemon.register(service)?;
        }
        tracing::info!(hostname = advertised.hostname, services = mdns.names.len(), "found by mDNS");
        Ok(mdns)
    }

    /// Tells the log what happens, as long as the library runs.
    async fn tell(&self) {
        let mut troubled = false;
        while let Ok(event) = self.events.recv_async().await {
            match event {
                DaemonEvent::Error(error) if !troubled => {
                    troubled = true;
                    tracing::warn!(%error, "mDNS has trouble; more of it is told at level debug only");
                }
                DaemonEvent::NameChange(change) => {
                    let (from, to) = (change.original, change.new_name);
                    tracing::warn!(from, to, "something else on the network has this mDNS name");
                }
                event => tracing::debug!(?event, "mDNS"),
            }
        }
        tracing::warn!("mDNS ended on its own, so this gateway is found by its address only");
    }

    /// Looks for boards, as long as the library runs.
    async fn browse(&self, nearby: &mpsc::Sender<NearbyEvent>) {
        let [ours, esp_home, http] = SERVICES.map(|service| browse(&self.daemon, service, nearby));
        tokio::join!(ours, esp_home, http);
    }

    /// Tells everyone that it is here no more.
    async fn withdraw(self) {
        for name in &self.names {
            if let Ok(done) = self.daemon.unregister(name) {
                let _in_vain = tokio::time::timeout(WITHDRAWAL, done.recv_async()).await;
            }
        }
        if let Ok(done) = self.daemon.shutdown() {
            let _in_vain = tokio::time::timeout(WITHDRAWAL, done.recv_async()).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advertised(listening: &[(Kind, &str)]) -> Advertised {
        let listening = listening.iter().map(|(kind, address)| (*kind, address.parse().unwrap())).collect();
        Advertised { hostname: "gatehouse".to_owned(), home: "0a1b2c3d".to_owned(), listening }
    }

    #[test]
    fn what_listens_on_loopback_is_not_advertised() {
        let all = advertised(&[
            (Kind::Hub, "[::]:8883"),
            (Kind::Https, "127.0.0.1:443"),
            (Kind::SecureMqtt, "192.168.7.2:8883"),
            (Kind::Mqtt, "[::ffff:127.0.0.1]:1883"),
        ]);
        let kinds: Vec<_> = all.reachable().map(|(kind, _)| kind).collect();
        assert_eq!(kinds, [Kind::Hub, Kind::SecureMqtt]);
    }

    #[test]
    fn a_hub_tells_its_home_and_port_and_nothing_else() {
        let hub = advertised(&[]).service(Kind::Hub, "[::]:8883".parse().unwrap()).unwrap();
        assert_eq!(hub.get_fullname(), "0a1b2c3d._gatehouse-hub._tcp.local.");
        assert_eq!((hub.get_hostname(), hub.get_port(), hub.is_addr_auto()), ("gatehouse.local.", 8883, true));
        let told: Vec<_> = hub.get_properties().iter().map(|property| (property.key(), property.val_str())).collect();
        assert_eq!(told, [("home", "0a1b2c3d")]);
        let https = advertised(&[]).service(Kind::Https, "192.168.7.2:443".parse().unwrap()).unwrap();
        assert_eq!((https.get_properties().len(), https.is_addr_auto()), (0, false));
        assert_eq!(https.get_addresses().len(), 1);
    }

    #[tokio::test]
    async fn with_everything_on_loopback_it_only_waits() {
        let stop = CancellationToken::new();
        stop.cancel();
        run(advertised(&[(Kind::Hub, "127.0.0.1:8883")]), mpsc::channel(1).0, stop).await;
    }
}
