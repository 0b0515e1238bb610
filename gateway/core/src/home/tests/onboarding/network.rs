//! Claims over the network: what is shown, what a number decides, and that nothing of one that failed stays.

use super::*;
use crate::home::NUMBER_WITHIN;
use crate::nearby::{NearbyEvent, NearbyFirmware, NearbyOrder, NearbyTrouble, Sighting};

const NUMBER: u8 = 5;

fn sighting(claim_port: Option<u16>) -> Sighting {
    Sighting {
        service: "lamp._gatehouse._tcp.local.".into(),
        firmware: NearbyFirmware::Gatehouse,
        version: Some("0.1.0".into()),
        name: "lamp".into(),
        address: "192.168.1.7".parse().ok(),
        board: Some(lamp()),
        mac: Some(NATIVE.1.into()),
        model: Some("nodemcuv2".into()),
        claim_port,
    }
}

impl House {
    fn network(&mut self, event: NearbyEvent) {
        self.handle(Input::Nearby(event));
    }

    /// Ana's home, and a board whose FLASH button was pressed.
    fn with_board_in_the_network() -> Self {
        let mut house = Self::empty();
        house.tells = Some(NATIVE);
        house.network(NearbyEvent::Seen(sighting(Some(8484))));
        house
    }

    fn claims_nearby(&mut self, called: Option<&str>) -> Request {
        self.claims_nearby_for(called, None)
    }

    fn claims_nearby_for(&mut self, called: Option<&str>, replaces: Option<DeviceId>) -> Request {
        let board = self.view.nearby[0].id;
        let credential = NewCredential { secret: Secret::new("given"), hash: GIVEN };
        let new = NewClaim { board, name: called.map(name), room: None, replaces, wifi: None, credential };
        let cap = self.viewer().administer().unwrap();
        self.ask(|request| Input::ClaimBoard { cap, request, new })
    }

    /// The attempt of the last meeting.
    fn meeting(&self) -> Attempt {
        let orders = self.nearby_orders.iter().rev();
        let mut meetings = orders.filter_map(|order| match order {
            NearbyOrder::Meet { attempt, .. } => Some(*attempt),
            _ => None,
        });
        meetings.next().expect("a meeting")
    }

    fn meets(&mut self) {
        self.meets_by(NUMBER);
    }

    fn meets_by(&mut self, number: u8) {
        let attempt = self.meeting();
        self.network(NearbyEvent::Met { attempt, native: native(), number });
    }

    fn says(&mut self, number: u8) -> Request {
        let (cap, claim) = (self.viewer().administer().unwrap(), self.latest_claim().id);
        self.ask(|request| Input::ConfirmClaim { cap, request, claim, number })
    }

    /// A claim that somebody has said the right number of.
    fn handing_over() -> Self {
        let mut house = Self::with_board_in_the_network();
        house.claims_nearby(Some("Porch"));
        house.meets();
        house.says(NUMBER);
        house
    }

    fn fails_nearby(&mut self, trouble: NearbyTrouble) {
        let attempt = self.meeting();
        self.network(NearbyEvent::Failed { attempt, trouble });
    }

    fn left(&self) -> bool {
        self.nearby_orders.last() == Some(&NearbyOrder::Leave { attempt: self.meeting() })
    }

    fn was_handed_over(&self) -> bool {
        self.nearby_orders.iter().any(|order| matches!(order, NearbyOrder::HandOver { .. }))
    }
}

#[test]
fn the_right_number_gives_the_board_its_home_and_its_login_ends_the_claim_well() {
    let mut house = House::with_board_in_the_network();
    let asked = house.claims_nearby(Some("Porch"));
    assert!(matches!(house.answer(asked), Ok(Answer::Claim(claim)) if claim.step == ClaimStep::Meeting));
    let at = "192.168.1.7:8484".parse().unwrap();
    let meet = NearbyOrder::Meet { attempt: house.meeting(), board: lamp(), at };
    assert_eq!((house.nearby_orders.as_slice(), house.port_orders.as_slice()), (&[meet][..], &[][..]));
    assert_eq!(house.view.nearby[0].claim, Some((house.latest_claim().id, true)));
    let mut percents = vec![house.latest_claim().percent()];
    house.meets();
    assert_eq!(house.latest_claim().step, ClaimStep::Confirming);
    let mut other = House::with_board_in_the_network();
    other.claims_nearby(Some("Porch"));
    other.meets_by(NUMBER + 1);
    assert_eq!(house.view.claims, other.view.claims, "nobody is shown the number");
    percents.push(house.latest_claim().percent());
    assert!(!house.was_handed_over(), "nothing is given before somebody has said the number");
    let said = house.says(NUMBER);
    assert!(matches!(house.answer(said), Ok(Answer::Claim(claim)) if claim.step == ClaimStep::HandingOver));
    let (attempt, secret) = (house.meeting(), Secret::new("given"));
    assert_eq!(house.nearby_orders.last(), Some(&NearbyOrder::HandOver { attempt, secret }));
    percents.push(house.latest_claim().percent());
    house.network(NearbyEvent::Taken { attempt });
    assert_eq!(house.latest_claim().step, ClaimStep::Connecting);
    percents.push(house.latest_claim().percent());
    assert!(percents.is_sorted(), "{percents:?}");
    // It has a home now, and says so no more.
    house.network(NearbyEvent::Gone(sighting(None).service));
    assert!(house.view.devices.is_empty(), "its word is not enough");
    house.presents = GIVEN;
    house.connect(1);
    house.written_ok();
    let (claim, device) = (house.latest_claim(), &house.view.devices[0]);
    assert_eq!((claim.step, claim.device, device.name.as_str()), (ClaimStep::Done, Some(device.id), "Porch"));
    assert_eq!((device.availability, house.view.switches.len()), (Availability::Online, 2));
    assert_eq!((house.lets_in(), house.left()), (Some((GIVEN, None)), true));
    let tap = house.tap(1, true);
    house.obeys(tap);
    assert_eq!(house.outcome(tap), (Outcome::Confirmed, None));
}

#[test]
fn a_wrong_number_ends_it_and_there_is_no_other_try() {
    for number in (1..=8).filter(|number| *number != NUMBER) {
        let mut house = House::with_board_in_the_network();
        house.claims_nearby(None);
        house.meets();
        house.says(number);
        assert_eq!(house.ended(), (ClaimStep::Failed, Some(ClaimTrouble::WrongNumber)));
        assert_eq!((house.lets_in(), house.left(), house.was_handed_over()), (None, true, false));
        let again = house.says(NUMBER);
        assert!(house.conflict(again).contains("does not wait"));
        house.network(NearbyEvent::Taken { attempt: house.meeting() });
        assert_eq!((house.ended().0, house.was_handed_over()), (ClaimStep::Failed, false));
        assert_eq!(house.view.nearby[0].claim, Some((house.latest_claim().id, false)), "it can be claimed again");
    }
    let mut house = House::with_board_in_the_network();
    house.claims_nearby(None);
    let early = house.says(NUMBER);
    assert!(house.conflict(early).contains("does not wait"), "its light does not blink yet");
    house.meets();
    for none in [0, 9, 255] {
        let said = house.says(none);
        assert!(matches!(house.answer(said), Err(Denied::BadInput { field: "number", .. })), "{none} is a slip");
    }
    house.says(NUMBER);
    assert_eq!(house.latest_claim().step, ClaimStep::HandingOver);
}

#[test]
fn every_other_end_takes_the_credential_away_and_says_what_to_do() {
    use NearbyTrouble::{Lost, NoAddress, NobodyThere, NotStored, NotTaken, Stranger};
    let port = ClaimTrouble::Port;
    for (trouble, wanted, says) in [
        (NobodyThere, ClaimTrouble::NobodyThere, "FLASH"),
        (Stranger, ClaimTrouble::Stranger, "USB port"),
        (Lost, ClaimTrouble::Lost, "two minutes"),
        (NotTaken, port(PortTrouble::NotTaken), "firmware"),
        (NotStored, port(PortTrouble::NotStored), "flash memory"),
        (NoAddress, port(PortTrouble::NoAddress), "no address"),
    ] {
        let mut house = House::handing_over();
        assert_eq!(house.lets_in(), Some((GIVEN, None)));
        house.fails_nearby(trouble);
        assert_eq!(house.ended(), (ClaimStep::Failed, Some(wanted)));
        assert!(house.latest_claim().message().contains(says), "{}", house.latest_claim().message());
        assert_eq!((house.lets_in(), house.left(), house.view.devices.len()), (None, true, 0));
    }
}

#[test]
fn each_step_has_its_time() {
    let mut house = House::with_board_in_the_network();
    house.claims_nearby(None);
    house.wait_ms(15_000).tick();
    assert_eq!(house.ended().1, Some(ClaimTrouble::NobodyThere));
    house.claims_nearby(None);
    house.meets();
    house.wait_ms(NUMBER_WITHIN.as_millis() as u64).tick();
    assert_eq!(house.ended().1, Some(ClaimTrouble::Lost));
    let mut house = House::handing_over();
    house.wait_ms(10_000).tick();
    assert_eq!(house.ended().1, Some(ClaimTrouble::Lost));
    let mut house = House::handing_over();
    let attempt = house.meeting();
    house.network(NearbyEvent::Taken { attempt });
    house.wait_ms(CLAIM_WITHIN.as_millis() as u64).tick();
    assert_eq!(house.ended().1, Some(ClaimTrouble::NoLogin));
    assert_eq!(house.lets_in(), None);
}

#[test]
fn a_connection_that_ends_after_the_handover_was_taken_ends_nothing() {
    let mut house = House::handing_over();
    let attempt = house.meeting();
    house.network(NearbyEvent::Taken { attempt });
    house.fails_nearby(NearbyTrouble::Lost);
    assert_eq!(house.latest_claim().step, ClaimStep::Connecting);
    // A login may also overtake what says that it was taken.
    let mut house = House::handing_over();
    house.presents = GIVEN;
    house.connect(1);
    house.fails_nearby(NearbyTrouble::Lost);
    house.written_ok();
    assert_eq!(house.ended().0, ClaimStep::Done);
}

#[test]
fn only_a_board_that_says_that_it_can_be_claimed_is_and_by_one_at_a_time() {
    let mut house = House::empty();
    house.network(NearbyEvent::Seen(sighting(None)));
    let closed = house.claims_nearby(None);
    assert!(house.conflict(closed).contains("FLASH"));
    assert_eq!((house.nearby_orders.as_slice(), house.lets_in()), (&[][..], None));
    house.network(NearbyEvent::Seen(sighting(Some(8484))));
    house.claims_nearby(None);
    let second = house.claims_nearby(None);
    assert!(house.conflict(second).contains("Ana is claiming this board"));
    // Its port closes with the attempt; that ends nothing.
    house.network(NearbyEvent::Seen(sighting(None)));
    house.meets();
    assert_eq!(house.latest_claim().step, ClaimStep::Confirming);
    let (cap, claim) = (house.viewer().administer().unwrap(), house.latest_claim().id);
    house.ask(|request| Input::CancelClaim { cap, request, claim });
    assert_eq!((house.ended().1, house.lets_in(), house.left()), (Some(ClaimTrouble::Cancelled), None, true));
}

#[test]
fn who_answers_as_another_board_is_not_met() {
    let mut house = House::with_board_in_the_network();
    house.claims_nearby(None);
    let attempt = house.meeting();
    let other = NativeBoard { board: BoardId::new("relay-9").unwrap(), ..native() };
    house.network(NearbyEvent::Met { attempt, native: other, number: NUMBER });
    assert_eq!(house.latest_claim().step, ClaimStep::Meeting);
    // What comes late of an attempt that is over is of no meaning.
    house.network(NearbyEvent::Met { attempt: Attempt(u64::MAX), native: native(), number: NUMBER });
    assert_eq!(house.latest_claim().step, ClaimStep::Meeting);
}

#[test]
fn a_board_in_the_network_takes_a_place_only_if_it_has_the_relays_for_it() {
    let other = BoardId::new("relay-d4e5f6").unwrap();
    for (relays, step, handed_over) in [(1, ClaimStep::Failed, false), (2, ClaimStep::HandingOver, true)] {
        let mut house = House::with_relays(2);
        house.network(NearbyEvent::Seen(Sighting { board: Some(other.clone()), ..sighting(Some(8484)) }));
        let device = house.view.devices[0].id;
        let asked = house.claims_nearby_for(None, Some(device));
        assert!(matches!(house.answer(asked), Ok(Answer::Claim(claim)) if claim.replaces.is_some()));
        let spare = NativeBoard { board: other.clone(), chip: "00d4e5f6".into(), relays, ..native() };
        let attempt = house.meeting();
        house.network(NearbyEvent::Met { attempt, native: spare, number: NUMBER });
        let said = house.says(NUMBER);
        match house.answer(said) {
            Err(Denied::Conflict(message)) => assert!(!handed_over && message.contains("2 switches"), "{message}"),
            answer => assert!(handed_over && answer.is_ok(), "{answer:?}"),
        }
        assert_eq!((house.latest_claim().step, house.was_handed_over()), (step, handed_over));
    }
}
