//! Which boards say on the network that they are there, and what of it is taken: little, short and printable.

use crate::settling::Settling;
use gatehouse_core::name::BoardId;
use gatehouse_core::nearby::{NearbyEvent, NearbyFirmware, Sighting};
use mdns_sd::{ResolvedService, ServiceDaemon, ServiceEvent};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// The services that boards are found by. What each puts into its TXT record: ESPHome, mdns_component.cpp of 2026.10; Tasmota,
/// support_network.ino; ours, the last part of
/// `gateway/wire/PROVISIONING.md`.
pub(crate) const SERVICES: [&str; 3] = ["_gatehouse._tcp.local.", "_esphomelib._tcp.local.", "_http._tcp.local."];

/// The longest text that is taken, in characters.
const MAX_TEXT: usize = 64;
/// How long a search that ended is left alone before it begins anew: it ends when more is told than is read.
const AGAIN_AFTER: Duration = Duration::from_secs(10);

/// Looks for boards by this service as long as the library runs and somebody wants to know.
pub(crate) async fn browse(mdns: &ServiceDaemon, service: &str, told: &mpsc::Sender<NearbyEvent>) {
    let mut settling = Settling::default();
    let Ok(mut events) = mdns.browse(service) else { return };
    // Takes the place of `events`, which ends once all that it holds is heard.
    let mut next = None;
    loop {
        let look_at = settling.look_at().filter(|_| next.is_none());
        tokio::select! {
            event = events.recv_async() => match (event, next.take()) {
                (Ok(event), waiting) => {
                    next = waiting;
                    if tell(event, told, &mut settling).await.is_err() {
                        return;
                    }
                }
                (Err(_), Some(next)) => events = next,
                (Err(_), None) => {
                    tracing::debug!(service, "the search for boards ended, and begins anew");
                    tokio::time::sleep_until(Instant::now() + AGAIN_AFTER).await;
                    let Ok(again) = mdns.browse(service) else { return };
                    events = again;
                }
            },
            () = until(look_at) => {
                settling.looked(Instant::now());
                // It begins with all that the cache holds. One that cannot begin now leaves the old one as it is.
                next = mdns.browse(service).ok();
                if next.is_none() {
                    settling.put_off(Instant::now());
                }
            }
        }
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// Tells of what is found; an error when nobody wants to know any more.
async fn tell(
    event: ServiceEvent,
    told: &mpsc::Sender<NearbyEvent>,
    settling: &mut Settling,
) -> Result<(), mpsc::error::SendError<NearbyEvent>> {
    let event = match event {
        ServiceEvent::ServiceResolved(service) => {
            let Some(sighting) = sighting(&service) else { return Ok(()) };
            settling.seen(&sighting, Instant::now());
            NearbyEvent::Seen(sighting)
        }
        ServiceEvent::ServiceRemoved(_, fullname) => {
            settling.gone(&fullname);
            NearbyEvent::Gone(fullname.as_str().into())
        }
        _ => return Ok(()),
    };
    told.send(event).await
}

/// What a service says of a board; none when it is no board's.
fn sighting(service: &ResolvedService) -> Option<Sighting> {
    let said = |key: &str| service.get_property_val_str(key).and_then(text);
    let firmware = match service.ty_domain.as_str() {
        "_gatehouse._tcp.local." => NearbyFirmware::Gatehouse,
        "_esphomelib._tcp.local." => NearbyFirmware::EspHome,
        "_http._tcp.local." if said("devicetype").as_deref() == Some("tasmota") => NearbyFirmware::Tasmota,
        _ => return None,
    };
    let instance = service.fullname.strip_suffix(&service.ty_domain)?.strip_suffix('.')?;
    let (board, version, model) = match firmware {
        // One that gives no good id is none of ours.
        NearbyFirmware::Gatehouse => (Some(BoardId::new(&said("id")?).ok()?), said("fw"), said("model")),
        NearbyFirmware::EspHome => (None, said("version"), said("board")),
        NearbyFirmware::Tasmota => (None, None, None),
    };
    Some(Sighting {
        service: service.fullname.as_str().into(),
        firmware,
        version,
        name: said("friendly_name").or_else(|| text(instance))?,
        address: address(service),
        board,
        mac: said("mac").as_deref().and_then(mac),
        model,
        claim_port: claim_port(firmware, said("claim").as_deref(), service.get_port()),
    })
}

/// Where a board of ours can be claimed while it says so.
fn claim_port(firmware: NearbyFirmware, claim: Option<&str>, port: u16) -> Option<u16> {
    let open = firmware == NearbyFirmware::Gatehouse && claim == Some("open") && port != 0;
    open.then_some(port)
}

fn address(service: &ResolvedService) -> Option<IpAddr> {
    let addresses = service.get_addresses().iter().map(mdns_sd::ScopedIp::to_ip_addr);
    // The same one each time, whatever the order of the set.
    addresses.min_by_key(|address| (address.is_ipv6(), *address))
}

/// What can be shown of it: up to [`MAX_TEXT`] characters, none that control anything.
fn text(said: &str) -> Option<Arc<str>> {
    let shown: String = said.chars().filter(|char| !char.is_control()).take(MAX_TEXT).collect();
    let shown = shown.trim();
    (!shown.is_empty()).then(|| shown.into())
}

/// A MAC address however it is written, as we write it.
fn mac(said: &str) -> Option<Arc<str>> {
    let digits: String = said.chars().filter(|char| !matches!(char, ':' | '-')).collect();
    if digits.len() != 12 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let pairs: Vec<_> = (0..6).map(|pair| digits[2 * pair..2 * pair + 2].to_ascii_lowercase()).collect();
    Some(pairs.join(":").into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use mdns_sd::ServiceInfo;

    fn said(service: &str, name: &str, addresses: &str, txt: &[(&str, &str)]) -> Option<Sighting> {
        let info = ServiceInfo::new(service, name, "lamp.local.", addresses, 80, txt).unwrap();
        sighting(&info.as_resolved_service())
    }

    #[test]
    fn a_board_of_ours_says_who_it_is() {
        let txt = [
            ("id", "relay-a1b2c3"),
            ("mac", "5C:CF:7F:A1:B2:C3"),
            ("model", "nodemcuv2"),
            ("fw", "0.1.0"),
            ("claim", "open"),
        ];
        let seen = said(SERVICES[0], "relay-a1b2c3", "192.168.1.7,fe80::1", &txt).unwrap();
        assert_eq!((seen.firmware, &*seen.name), (NearbyFirmware::Gatehouse, "relay-a1b2c3"));
        assert_eq!(&*seen.service, "relay-a1b2c3._gatehouse._tcp.local.");
        assert_eq!(seen.board.as_ref().map(BoardId::as_str), Some("relay-a1b2c3"));
        assert_eq!((seen.version.as_deref(), seen.model.as_deref()), (Some("0.1.0"), Some("nodemcuv2")));
        assert_eq!((seen.mac.as_deref(), seen.address), (Some("5c:cf:7f:a1:b2:c3"), "192.168.1.7".parse().ok()));
        let (board, at) = seen.claim_at().unwrap();
        assert_eq!((board.as_str(), at.to_string()), ("relay-a1b2c3", "192.168.1.7:80".to_owned()));
        for closed in [&[("id", "relay-a1b2c3"), ("claim", "closed")][..], &[("id", "relay-a1b2c3")]] {
            let seen = said(SERVICES[0], "relay-a1b2c3", "192.168.1.7", closed).unwrap();
            assert_eq!((seen.claim_port, seen.claim_at()), (None, None));
        }
        for id in ["", "no id", "../..", &"a".repeat(33)] {
            assert_eq!(said(SERVICES[0], "relay", "192.168.1.7", &[("id", id)]), None, "{id:?}");
        }
        assert_eq!(said(SERVICES[0], "relay", "192.168.1.7", &[]), None);
    }

    #[test]
    fn boards_of_other_firmware_are_told_by_what_they_advertise() {
        let txt = [
            ("friendly_name", "Attic"),
            ("version", "2026.10.0"),
            ("mac", "5ccf7fa1b2c3"),
            ("board", "esp01_1m"),
            ("claim", "open"),
        ];
        let seen = said(SERVICES[1], "attic", "192.168.1.8", &txt).unwrap();
        assert_eq!((seen.firmware, &*seen.name, seen.board), (NearbyFirmware::EspHome, "Attic", None));
        assert_eq!((seen.version.as_deref(), seen.model.as_deref()), (Some("2026.10.0"), Some("esp01_1m")));
        assert_eq!((seen.mac.as_deref(), seen.claim_port), (Some("5c:cf:7f:a1:b2:c3"), None));
        let seen = said(SERVICES[2], "tasmota-1", "192.168.1.9", &[("devicetype", "tasmota")]).unwrap();
        assert_eq!((seen.firmware, &*seen.name, seen.mac), (NearbyFirmware::Tasmota, "tasmota-1", None));
        assert_eq!(said(SERVICES[2], "printer", "192.168.1.9", &[("devicetype", "printer")]), None);
        assert_eq!(said(SERVICES[2], "router", "192.168.1.1", &[]), None);
    }

    #[test]
    fn what_strangers_say_is_short_and_printable() {
        let long = "x".repeat(200);
        let txt =
            [("friendly_name", long.as_str()), ("version", "1\u{7}\u{1b}[2J"), ("mac", "5ccf7fa1b2"), ("board", " ")];
        let seen = said(SERVICES[1], "attic", "192.168.1.8", &txt).unwrap();
        assert_eq!(seen.name.chars().count(), MAX_TEXT);
        assert_eq!((seen.version.as_deref(), seen.mac, seen.model), (Some("1[2J"), None, None));
    }
}
