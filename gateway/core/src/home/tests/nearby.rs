//! Boards that say on the network that they are there: they are listed, and nothing else comes of it.

use super::*;
use crate::ids::FoundId;
use crate::nearby::{MAX_NEARBY, NearbyEvent, NearbyFirmware, Sighting};
use crate::onboarding::WifiSettings;

fn sighting(number: usize) -> Sighting {
    Sighting {
        service: format!("lamp-{number}._esphomelib._tcp.local.").into(),
        firmware: NearbyFirmware::EspHome,
        version: Some("2026.10.0".into()),
        name: "Lamp".into(),
        address: "192.168.1.7".parse().ok(),
        board: None,
        mac: None,
        model: None,
        claim_port: None,
    }
}

impl House {
    fn network_tells(&mut self, event: NearbyEvent) {
        self.handle(Input::Nearby(event));
    }

    fn nearby(&self) -> Vec<(FoundId, String)> {
        self.view.nearby.iter().map(|board| (board.id, board.sighting.name.to_string())).collect()
    }
}

#[test]
fn a_board_in_the_network_is_listed_until_it_goes() {
    let mut house = House::with_relays(1);
    house.network_tells(NearbyEvent::Seen(sighting(1)));
    let [(id, _)] = house.nearby()[..] else { panic!() };
    let renamed = Sighting { name: "Attic".into(), ..sighting(1) };
    house.network_tells(NearbyEvent::Seen(renamed.clone()));
    assert_eq!(house.nearby(), [(id, "Attic".to_owned())], "the same board");
    let before = house.view.clone();
    house.network_tells(NearbyEvent::Seen(renamed));
    house.network_tells(NearbyEvent::Gone("another._esphomelib._tcp.local.".into()));
    assert_eq!(house.view, before);
    assert_eq!(house.home.view(), house.view, "who comes later sees the same");
    house.network_tells(NearbyEvent::Gone(sighting(1).service));
    assert_eq!(house.nearby(), []);
    house.network_tells(NearbyEvent::Seen(sighting(1)));
    assert_ne!(house.nearby()[0].0, id, "an id is never another's");
}

#[test]
fn a_flood_of_boards_takes_nobodys_place() {
    let mut house = House::with_relays(1);
    (0..2 * MAX_NEARBY).for_each(|number| house.network_tells(NearbyEvent::Seen(sighting(number))));
    assert_eq!(house.nearby().len(), MAX_NEARBY);
    assert_eq!(house.view.nearby[0].sighting, sighting(0), "who was there first stays");
    house.network_tells(NearbyEvent::Gone(sighting(3).service));
    house.network_tells(NearbyEvent::Seen(sighting(MAX_NEARBY)));
    assert!(house.view.nearby.iter().any(|board| board.sighting == sighting(MAX_NEARBY)), "there is room again");
}

#[test]
fn a_board_in_the_network_cannot_be_claimed_and_it_is_said_what_to_do() {
    let mut house = House::with_relays(1);
    house.network_tells(NearbyEvent::Seen(sighting(1)));
    let (id, _) = house.nearby()[0];
    let cap = house.viewer().administer().unwrap();
    let credential = NewCredential { secret: Secret::new("s"), hash: SecretHash([9; 32]) };
    let wifi = WifiSettings::new("Home", None).unwrap();
    let new = NewClaim { board: id, name: None, room: None, replaces: None, wifi: Some(wifi), credential };
    let claim = house.ask(|request| Input::ClaimBoard { cap: cap.clone(), request, new });
    let look = house.ask(|request| Input::LookAtBoard { cap, request, board: id });
    for request in [claim, look] {
        let Err(Denied::Conflict(advice)) = house.answer(request) else { panic!() };
        assert!(advice.contains("USB port"), "{advice}");
    }
    assert_eq!(house.port_orders, []);
}
