//! Claims: what ends one, and that nothing of one that failed stays.

use super::*;
use crate::home::onboarding::MAX_OVER;

#[test]
fn a_claim_ends_well_with_the_boards_own_login_and_with_nothing_less() {
    let mut house = House::with_bare_board();
    let asked = house.claims_board(Some("Porch"));
    assert!(matches!(house.answer(asked), Ok(Answer::Claim(claim)) if claim.step == ClaimStep::HandingOver));
    assert_eq!(house.board().state, FoundState::Claiming);
    let Some(PortOrder::Provision { board, secret, wifi: given, .. }) = house.port_orders.last() else { panic!() };
    assert_eq!((board, secret.reveal(), given), (&lamp(), "given", &wifi()));
    assert_eq!(house.lets_in(), Some((GIVEN, None)));
    let mut percents = vec![house.latest_claim().percent()];
    for progress in [
        Progress::HandedOver,
        Progress::Joining,
        Progress::Joined,
        Progress::Dialing,
        Progress::Securing,
        Progress::LoggingIn,
        Progress::Online,
    ] {
        house.goes_on(progress);
        percents.push(house.latest_claim().percent());
        assert!(!house.latest_claim().is_over() && house.view.devices.is_empty(), "its word is not enough");
    }
    assert!(percents.is_sorted(), "{percents:?}");
    house.presents = GIVEN;
    house.connect(1);
    house.reports(2, true, Cause::Boot, None);
    assert_eq!(
        (house.latest_claim().step, house.view.devices.len()),
        (ClaimStep::Registering, 0),
        "not before it is on disk"
    );
    house.written_ok();
    let (claim, device) = (house.latest_claim(), &house.view.devices[0]);
    assert_eq!((claim.step, claim.device, claim.percent()), (ClaimStep::Done, Some(device.id), 100));
    assert_eq!(
        (device.name.as_str(), device.availability),
        ("Porch", Availability::Online),
        "it heard what it said meanwhile"
    );
    assert_eq!((house.switch(1).name.as_str(), house.switch(2).name.as_str()), ("Porch 1", "Porch 2"));
    assert_eq!((house.switch(1).on, house.switch(2).on), (None, Some(true)));
    assert_eq!((house.lets_in(), house.open_order(1)), (Some((GIVEN, None)), None));
    assert_eq!((house.board().state, house.board().device), (FoundState::Claimed, Some(device.id)));
    let tap = house.tap(1, true);
    house.obeys(tap);
    assert_eq!(house.outcome(tap), (Outcome::Confirmed, None));
}

#[test]
fn a_login_with_another_secret_is_not_the_claims() {
    let mut house = House::with_bare_board();
    house.claims_board(None);
    house.presents = SECRET;
    house.connect(1);
    house.written_ok();
    assert_eq!((house.latest_claim().step, house.view.devices.len()), (ClaimStep::HandingOver, 0));
}

#[test]
fn whatever_ends_a_claim_its_credential_is_good_no_more() {
    let port = ClaimTrouble::Port;
    let cases: [(&[Progress], PortTrouble, ClaimTrouble); 7] = [
        (&[], PortTrouble::Gone, port(PortTrouble::Gone)),
        (&[], PortTrouble::Silent, port(PortTrouble::Silent)),
        (&[], PortTrouble::NotStored, port(PortTrouble::NotStored)),
        (&[Progress::HandedOver, Progress::NoNetwork], PortTrouble::UnableToConnect, ClaimTrouble::NoNetwork),
        (&[Progress::HandedOver, Progress::WrongPassword], PortTrouble::UnableToConnect, ClaimTrouble::WrongPassword),
        (&[Progress::Joining, Progress::NoAddress], PortTrouble::UnableToConnect, ClaimTrouble::NoAddress),
        (&[Progress::Joining], PortTrouble::UnableToConnect, port(PortTrouble::UnableToConnect)),
    ];
    for (steps, trouble, wanted) in cases {
        let mut house = House::with_bare_board();
        house.claims_board(None);
        steps.iter().for_each(|progress| house.goes_on(*progress));
        house.fails(trouble);
        assert_eq!(house.ended(), (ClaimStep::Failed, Some(wanted)));
        assert_eq!((house.lets_in(), house.board().state), (None, FoundState::Ready));
        // A board that comes in spite of it is nobody's.
        house.presents = GIVEN;
        house.connect(1);
        assert_eq!((house.view.devices.len(), &house.tickets[..]), (0, &[][..]));
        // And it can be claimed again.
        house.claims_board(None);
        assert_eq!(house.lets_in(), Some((GIVEN, None)));
    }
}

#[test]
fn a_claim_that_takes_too_long_says_how_far_it_came() {
    let mut house = House::with_bare_board();
    house.claims_board(None);
    house.wait_ms(20_000).tick();
    assert_eq!(house.ended(), (ClaimStep::Failed, Some(ClaimTrouble::Port(PortTrouble::Silent))), "never handed over");

    let late = [
        (Progress::Joining, 45_000, ClaimTrouble::NoLogin),
        (Progress::NoNetwork, 45_000, ClaimTrouble::NoNetwork),
        (Progress::Joined, 90_000, ClaimTrouble::NoLogin),
        (Progress::Unreachable, 90_000, ClaimTrouble::Unreachable),
        (Progress::Untrusted, 90_000, ClaimTrouble::Untrusted),
    ];
    for (progress, millis, wanted) in late {
        let mut house = House::with_bare_board();
        house.claims_board(None);
        house.goes_on(progress);
        house.wait_ms(millis - 1).tick();
        assert!(!house.latest_claim().is_over(), "{progress:?}");
        house.wait_ms(1).tick();
        assert_eq!(house.ended(), (ClaimStep::Failed, Some(wanted)));
        assert_eq!(house.lets_in(), None);
    }
    assert_eq!(CLAIM_WITHIN, Duration::from_secs(90));
}

#[test]
fn a_board_that_goes_on_without_its_cable_is_waited_for() {
    let mut house = House::with_bare_board();
    house.claims_board(None);
    house.goes_on(Progress::Joined);
    house.port_tells(PortEvent::Gone(usb(1)));
    assert_eq!((house.view.boards.len(), house.latest_claim().step), (0, ClaimStep::Connecting));
    house.presents = GIVEN;
    house.connect(1);
    house.written_ok();
    assert_eq!((house.ended().0, house.view.devices.len()), (ClaimStep::Done, 1));

    let mut house = House::with_bare_board();
    house.claims_board(None);
    house.goes_on(Progress::HandedOver);
    house.port_tells(PortEvent::Gone(usb(1)));
    assert_eq!(house.ended().1, Some(ClaimTrouble::Port(PortTrouble::Gone)), "it has no network yet");
}

#[test]
fn a_board_that_the_gateway_refuses_is_told_at_once() {
    let mut house = House::with_bare_board();
    house.claims_board(None);
    house.goes_on(Progress::Refused);
    assert_eq!(house.ended(), (ClaimStep::Failed, Some(ClaimTrouble::Refused)));
}

#[test]
fn one_claim_a_board_and_what_is_no_board_of_ours_is_said_so() {
    let mut house = House::with_bare_board();
    house.claims_board(None);
    let second = house.claims_board(None);
    assert!(house.conflict(second).starts_with("Ana is claiming this board"));
    // The same board at another port, by a second cable or a lie.
    house.plug(2);
    house.answers_as(2, Identity::Native(native()));
    let other = house.claims_the(1, None);
    assert!(house.conflict(other).contains("being claimed at another port"));

    let tasmota = ImprovFirmware {
        firmware: "Tasmota".into(),
        version: "14.3.0".into(),
        chip: "ESP8266".into(),
        name: "tasmota-A1B2C3".into(),
    };
    for (identity, words) in [
        (Identity::Improv(tasmota), "runs Tasmota"),
        (Identity::BootLoader, "boot loader"),
        (Identity::Silent, "has not said who it is"),
    ] {
        let mut house = House::empty();
        house.plug(1);
        house.answers_as(1, identity);
        let asked = house.claims_board(None);
        assert!(house.conflict(asked).contains(words), "{}", house.conflict(asked));
        assert_eq!(house.lets_in(), None);
    }
}

#[test]
fn a_claim_is_cancelled_until_the_board_has_come() {
    let mut house = House::with_bare_board();
    house.claims_board(None);
    let cap = house.viewer().administer().unwrap();
    let claim = house.latest_claim().id;
    let cancel = |house: &mut House, cap: Administer, claim: ClaimId| {
        house.ask(|request| Input::CancelClaim { cap, request, claim })
    };
    cancel(&mut house, cap.clone(), claim);
    assert_eq!(house.ended(), (ClaimStep::Failed, Some(ClaimTrouble::Cancelled)));
    assert_eq!((house.lets_in(), house.open_order(1)), (None, None));
    let unknown = cancel(&mut house, cap.clone(), ClaimId::from_raw(1));
    assert_eq!(house.answer(unknown), &Err(Denied::NotFound("claim")));

    house.claims_board(None);
    let claim = house.latest_claim().id;
    house.presents = GIVEN;
    house.connect(1);
    let late = cancel(&mut house, cap.clone(), claim);
    assert!(house.conflict(late).contains("logged in"));
    house.written_ok();
    let done = cancel(&mut house, cap, claim);
    assert!(house.conflict(done).contains("Delete the device"));
}

#[test]
fn a_device_that_cannot_be_written_is_none() {
    let mut house = House::with_bare_board();
    house.claims_board(None);
    house.presents = GIVEN;
    house.connect(1);
    house.write_fails();
    assert_eq!(house.ended(), (ClaimStep::Failed, Some(ClaimTrouble::NotWritten)));
    assert_eq!((house.view.devices.len(), house.lets_in()), (0, None));
}

#[test]
fn a_device_is_given_its_home_anew_and_stays_the_device_that_it_was() {
    let mut house = House::with_relays(2);
    house.tells = Some(NATIVE);
    let (device, switch) = (house.view.devices[0].id, house.switch_id(1));
    house.plug(1);
    house.answers_as(1, Identity::Native(native()));
    house.written_ok();
    assert_eq!((house.board().state, house.board().device), (FoundState::Claimed, Some(device)));
    house.claims_board(None);
    assert_eq!(house.latest_claim().name.as_str(), "Lamp");
    assert_eq!(house.lets_in(), Some((SECRET, Some(GIVEN))), "what it has is good until it comes with the other");
    house.fails(PortTrouble::NotTaken);
    assert_eq!(house.lets_in(), Some((SECRET, None)));
    house.claims_board(Some("Porch"));
    house.presents = GIVEN;
    house.connect(2);
    house.written_ok();
    let [known] = &house.view.devices[..] else { panic!() };
    assert_eq!((known.id, known.name.as_str(), known.availability), (device, "Porch", Availability::Online));
    assert_eq!((house.switch_id(1), house.lets_in()), (switch, Some((GIVEN, None))));
}

#[test]
fn a_right_that_ended_claims_nothing() {
    let mut house = House::with_bare_board();
    let cap = house.viewer().administer().unwrap();
    let session = house.view.access.viewer(&ANAS_TOKEN).and_then(|viewer| viewer.session()).unwrap();
    house.claims_board(None);
    house.setting(Setting::CloseSession(session));
    house.written_ok();
    house.presents = GIVEN;
    house.connect(1);
    house.written_ok();
    assert_eq!(house.ended(), (ClaimStep::Failed, Some(ClaimTrouble::NotWritten)), "signed out meanwhile");
    assert_eq!((house.view.devices.len(), house.lets_in()), (0, None));
    let board = house.view.boards[0].id;
    let asked = house.ask(|request| Input::LookAtBoard { cap, request, board });
    assert_eq!(house.answer(asked), &Err(Denied::Unauthenticated));
}

#[test]
fn claims_are_remembered_for_a_while_and_ports_are_bounded() {
    let mut house = House::with_bare_board();
    house.claims_board(None);
    house.fails(PortTrouble::Silent);
    house.wait_ms(599_999).tick();
    assert_eq!(house.view.claims.len(), 1);
    house.wait_ms(1).tick();
    assert_eq!(house.view.claims, []);
    for number in 2..100 {
        house.plug(number);
    }
    assert_eq!(house.view.boards.len(), MAX_FOUND);
    let unknown = FoundId::from_raw(1);
    assert_eq!(house.view.board(unknown), None);
}

#[test]
fn of_claims_that_are_over_the_newest_are_remembered() {
    let mut house = House::with_bare_board();
    for _ in 0..MAX_OVER {
        house.claims_board(None);
        house.fails(PortTrouble::Silent);
        house.wait_ms(10);
    }
    let (first, second) = (house.view.claims[0].id, house.view.claims[1].id);
    house.claims_board(None);
    assert_eq!((house.view.claims.len(), house.view.claims[0].id), (MAX_OVER + 1, first), "one is under way");
    house.fails(PortTrouble::Silent);
    assert_eq!((house.view.claims.len(), house.view.claims[0].id), (MAX_OVER, second));
    assert_eq!(house.board().claim, Some(house.latest_claim().id));
    house.port_tells(PortEvent::Gone(usb(1)));
    house.wait_ms(600_000).tick();
    assert_eq!(house.view.claims, []);
}

#[test]
fn a_gateway_that_stops_ends_its_claims() {
    let mut house = House::with_bare_board();
    house.claims_board(None);
    house.handle(Input::Stop);
    assert_eq!(house.ended(), (ClaimStep::Failed, Some(ClaimTrouble::Stopping)));
    assert_eq!(house.open_order(1), None);
}

#[test]
fn what_a_network_is_called_and_its_password_are_checked() {
    let refused = |ssid: &str, password: &str| {
        let password = Some(password).filter(|password| !password.is_empty()).map(Secret::new);
        WifiSettings::new(ssid, password).err().map(|(field, _)| field)
    };
    assert_eq!(refused("Home", ""), None);
    assert_eq!(refused(&"é".repeat(16), "12345678"), None);
    assert_eq!(refused("Home", &"f".repeat(64)), None);
    for ssid in ["", &"é".repeat(17)[..], "a\0b"] {
        assert_eq!(refused(ssid, ""), Some("ssid"), "{ssid:?}");
    }
    for password in ["1234567", &"x".repeat(64), "12345678\u{e9}", &"f".repeat(65)] {
        assert_eq!(refused("Home", password), Some("password"), "{password:?}");
    }
    assert!(!format!("{:?}", wifi()).contains("curtain"));
}

#[test]
fn other_hardware_at_a_port_that_says_it_is_a_device_changes_nothing_of_it() {
    let mut house = House::with_bare_board();
    house.claims_board(Some("Porch"));
    house.presents = GIVEN;
    house.connect(1);
    house.written_ok();
    house.plug(2);
    let other = NativeBoard { mac: "5c:cf:7f:ff:ff:ff".into(), home: Some("home".into()), ..native() };
    house.answers_as(2, Identity::Native(other));
    house.written_ok();
    assert_eq!(house.view.devices[0].availability, Availability::Online);
    house.connect(2);
    assert_eq!(house.view.devices[0].availability, Availability::Online, "the board that was claimed still is it");
    house.tells = Some((NATIVE.0, "5c:cf:7f:ff:ff:ff"));
    house.connect(3);
    assert_eq!(house.view.devices[0].availability, Availability::Quarantined);
}
