//! The serial ports' part of the daemon, and what a board that is given its home by one is told of the gateway.

use crate::listeners::Addresses;
use crate::own_address;
use gatehouse_core::onboarding::{PortEvent, PortOrder};
use gatehouse_core::time::Now;
use gatehouse_serial::{Config, Flasher, Gateway, Reach};
use std::sync::Arc;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

/// What ports have to tell that may wait for the hub.
const EVENTS: usize = 256;
/// What is to be done at ports that may wait until it is begun.
const ORDERS: usize = 256;

/// How the hub orders something done at a port.
type GiveOrder = Box<dyn FnMut(PortOrder) + Send>;

/// The ports' ends of the channels between them and the hub.
pub(crate) struct Serial {
    orders: mpsc::Receiver<PortOrder>,
    events: mpsc::Sender<PortEvent>,
}

impl Serial {
    /// With the hub's ends.
    pub(crate) fn new() -> (Self, mpsc::Receiver<PortEvent>, GiveOrder) {
        let (events, told) = mpsc::channel(EVENTS);
        let (order, orders) = mpsc::channel(ORDERS);
        let order = move |what: PortOrder| {
            if order.try_send(what).is_err() {
                // The home's own deadlines end what was to come of it.
                tracing::warn!("the serial ports have too much to do, so an order to one was dropped");
            }
        };
        (Self { orders, events }, told, Box::new(order))
    }

    /// Serves the ports that there are until `stop`.
    pub(crate) async fn run(self, ports: watch::Receiver<Config>, gateway: Gateway, stop: CancellationToken) {
        gatehouse_serial::run(ports, self.orders, self.events, gateway, stop).await;
    }
}

/// Which ports there may be, and what writes firmware to the boards there.
pub(crate) fn config(config: &crate::config::Config) -> Config {
    Config::of(config.serial_ports.clone(), flasher(config))
}

/// What writes firmware to boards, and where it finds the image.
fn flasher(config: &crate::config::Config) -> Flasher {
    // It is started in that folder, whichever this process is in.
    let folder = std::path::absolute(&config.data_dir).unwrap_or_else(|_| config.data_dir.clone());
    let installed = Flasher::installed(folder);
    match &config.firmware.esptool {
        Some(program) => Flasher { programs: vec![program.clone()], ..installed },
        None => installed,
    }
}

/// What is told is found out anew each time: addresses change. `authority` is the certificate of the home's authority, DER.
pub(crate) fn gateway(
    addresses: Addresses,
    authority: Vec<u8>,
    now: impl Fn() -> Now + Send + Sync + 'static,
) -> Gateway {
    Gateway(Arc::new(move || {
        let (listening, authority) = match (addresses.mqtts, addresses.mqtt) {
            (Some(mqtts), _) => (mqtts, authority.clone()),
            (None, Some(mqtt)) => (mqtt, Vec::new()),
            (None, None) => return None,
        };
        let ip = listening.ip().to_canonical();
        let host = if ip.is_unspecified() { own_address::in_network()? } else { ip };
        let time = now().stamp().map(|wall| wall.as_millis() / 1_000);
        Some(Reach { host: host.to_string().into(), port: listening.port(), authority, time })
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatehouse_hub::Clock;

    fn clock(clock: Clock) -> impl Fn() -> Now + Send + Sync + 'static {
        move || clock.now()
    }

    fn told(mqtt: Option<&str>, mqtts: Option<&str>) -> Option<(String, u16, usize)> {
        let address = |text: Option<&str>| text.map(|text| text.parse().unwrap());
        let addresses = Addresses { http: None, https: None, mqtt: address(mqtt), mqtts: address(mqtts) };
        let reach = (gateway(addresses, vec![1, 2, 3], clock(Clock::start())).0)()?;
        Some((reach.host.to_string(), reach.port, reach.authority.len()))
    }

    #[test]
    fn boards_are_told_where_mqtt_listens_over_tls_where_it_does() {
        let (plain, tls) = (Some("127.0.0.1:1883"), Some("[::ffff:192.168.1.20]:8883"));
        assert_eq!(told(plain, tls), Some(("192.168.1.20".to_owned(), 8883, 3)));
        assert_eq!(told(plain, None), Some(("127.0.0.1".to_owned(), 1883, 0)));
        assert_eq!(told(None, None), None);
    }

    #[test]
    fn the_time_is_told_once_it_is_trusted() {
        let addresses = Addresses { http: None, https: None, mqtt: "127.0.0.1:1883".parse().ok(), mqtts: None };
        let reach = (gateway(addresses, Vec::new(), clock(Clock::vouched_for())).0)().unwrap();
        // 2024 began then.
        assert!(reach.time.unwrap() > 1_704_067_200);
    }
}
