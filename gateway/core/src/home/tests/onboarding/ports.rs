//! Ports: which are looked at, and when.

use super::*;

#[test]
fn a_board_is_looked_at_when_it_is_plugged_in_and_gone_when_it_is_not() {
    let mut house = House::empty();
    house.plug(1);
    assert_eq!(house.board().state, FoundState::Identifying);
    let attempt = house.attempt(1);
    house.plug(1);
    assert_eq!((house.view.boards.len(), house.attempt(1)), (1, attempt), "told twice, it is one");
    house.answers_as(1, Identity::Native(native()));
    assert_eq!((house.board().state, house.board().networks.len()), (FoundState::Ready, 1));
    assert_eq!(house.open_order(1), None, "the port is left");
    house.port_tells(PortEvent::Gone(usb(1)));
    assert_eq!(house.view.boards, []);
    // What comes late from before means nothing.
    house.plug(1);
    let late = PortEvent::Identified { port: usb(1), attempt, identity: Identity::Silent, networks: Vec::new() };
    house.port_tells(late);
    assert_eq!(house.board().state, FoundState::Identifying);
}

#[test]
fn nothing_is_opened_before_the_home_has_an_owner_nor_what_no_board_has() {
    let mut house = House::unclaimed();
    house.plug(1);
    let zigbee = UsbAdapter { vendor: 0x1cf1, product: 0x0030, text: Some("ConBee II".into()) };
    house.port_tells(PortEvent::Appeared(Port { adapter: Some(zigbee), ..port(2) }));
    house.port_tells(PortEvent::Appeared(Port { access: PortAccess::Denied, ..port(3) }));
    assert_eq!(house.port_orders, []);
    house.claim("Ana", ANAS_TOKEN);
    house.written_ok();
    assert_eq!(house.port_orders, [PortOrder::Identify { port: usb(1), attempt: house.attempt(1) }]);
    let troubles: Vec<_> = house.view.boards.iter().map(|board| (board.state, board.trouble)).collect();
    let noticed = FoundState::Noticed;
    assert_eq!(troubles, [(FoundState::Identifying, None), (noticed, None), (noticed, Some(PortTrouble::Denied))]);
    // Permission came: it is looked at.
    house.plug(3);
    assert!(house.open_order(3).is_some());
    // And what the owner asks for.
    let (cap, board) = (house.viewer().administer().unwrap(), house.view.boards[1].id);
    let asked = house.ask(|request| Input::LookAtBoard { cap, request, board });
    assert!(matches!(house.answer(asked), Ok(Answer::Board(board)) if board.state == FoundState::Identifying));
    assert!(house.open_order(2).is_some());
}

#[test]
fn a_port_that_does_not_answer_at_all_is_silent_after_a_while() {
    let mut house = House::empty();
    house.plug(1);
    house.wait_ms(19_999).tick();
    assert_eq!(house.board().state, FoundState::Identifying);
    house.wait_ms(1).tick();
    assert_eq!((house.board().identity.as_ref(), house.open_order(1)), (Some(&Identity::Silent), None));
}

#[test]
fn the_port_of_a_device_is_never_opened_unasked_also_after_a_restart() {
    let mut house = House::with_bare_board();
    house.claims_board(None);
    house.presents = GIVEN;
    house.connect(1);
    house.written_ok();
    house.port_tells(PortEvent::Gone(usb(1)));
    let orders = house.port_orders.len();
    house.plug(1);
    assert_eq!((house.port_orders.len(), house.board().state), (orders, FoundState::Claimed));

    let durable = house.written.iter().filter(|record| !matches!(record, Record::Command(_))).cloned().collect();
    let mut house = House::load(2, durable);
    house.plug(1);
    assert_eq!((&house.port_orders[..], house.board().state), (&[][..], FoundState::Claimed));
    house.plug(2);
    assert!(house.open_order(2).is_some(), "others are");
    // Moved to another port, it says who it is there, once, and that one is left alone from then on.
    house.answers_as(2, Identity::Native(native()));
    house.written_ok();
    house.port_tells(PortEvent::Gone(usb(2)));
    let orders = house.port_orders.len();
    house.plug(2);
    assert_eq!(house.port_orders.len(), orders);
    // A device that is deleted leaves a bare board.
    let cap = house.viewer().administer().unwrap();
    house.setting(Setting::DeleteDevice(cap, house.view.devices[0].id));
    house.written_ok();
    assert!(house.view.boards.iter().all(|board| board.device.is_none()));
}
