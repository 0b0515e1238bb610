//! Boards are given another network: what ends it for each, and whom it spares.

use super::*;
use crate::audit::Kind;
use crate::board_settings::{Configured, Wish};
use crate::ids::DeviceId;
use crate::onboarding::WifiSettings;
use crate::wifi_change::{FellBack, MoveState, Tried};

fn board(number: usize) -> BoardId {
    BoardId::new(&format!("board-{number}")).unwrap()
}

fn wifi() -> WifiSettings {
    WifiSettings::new("New", Some(Secret::new("green curtain"))).unwrap()
}

impl House {
    /// Ana's home with so many boards of one relay, all of them ready.
    fn with_boards(count: usize) -> Self {
        let mut house = Self::unclaimed();
        house.claim("Ana", ANAS_TOKEN);
        house.written_ok();
        for number in 1..=count {
            let called = Some(name(&format!("Lamp {number}")));
            let registration =
                Registration { board: board(number), secret: SECRET, name: called, room: None, relays: 1 };
            house.setting(Setting::RegisterBoard(Administer::console(), registration));
            house.written_ok();
            house.is_there(number, number);
        }
        house
    }

    /// Board `number` logs in by link `link`, and is ready.
    fn is_there(&mut self, number: usize, link: usize) {
        self.board = board(number);
        self.connect(u64::try_from(link).unwrap());
    }

    /// Board `number` logs in by link `link`, says what became of its order, and is ready.
    fn comes_back(&mut self, number: usize, link: usize, fell_back: Option<FellBack>) {
        self.says_what_came(number, link, fell_back);
        self.say(Said::State(BoardState::Ready));
    }

    /// The same, but it is not ready yet.
    fn says_what_came(&mut self, number: usize, link: usize, fell_back: Option<FellBack>) {
        self.board = board(number);
        let order = self.config_orders.last().unwrap().id;
        self.log_in(u64::try_from(link).unwrap());
        self.describe(&[]);
        self.say(Said::Session(self.session, self.uptime_ms()));
        self.say(Said::Tried(Tried { order, uptime_ms: self.uptime_ms(), fell_back }));
    }

    fn takes(&mut self, number: usize) {
        let (id, link) = (self.config_orders.last().unwrap().id, self.config_orders.last().unwrap().link);
        self.board = board(number);
        let endpoint = Endpoint::new("system/network").unwrap();
        let said = Configured { order: id, uptime_ms: self.uptime_ms(), endpoint, value: "true".into() };
        self.say_by(link, Said::Configured(said));
        self.disconnect(link.0);
    }

    fn changes_wifi(&mut self, devices: Option<Vec<DeviceId>>) -> Request {
        let cap = self.viewer().administer().unwrap();
        self.ask(|request| Input::ChangeWifi { cap, request, devices, wifi: wifi() })
    }

    fn states(&self) -> Vec<MoveState> {
        self.view.wifi_change.as_ref().unwrap().moves.iter().map(|one| one.state).collect()
    }

    fn orders_to(&self) -> Vec<String> {
        self.config_orders.iter().map(|order| order.board.to_string()).collect()
    }
}

#[test]
fn one_after_the_other_each_by_its_own_login() {
    let mut house = House::with_boards(2);
    let asked = house.changes_wifi(None);
    assert!(matches!(house.answer(asked), Ok(Answer::WifiChange(change)) if !change.is_over()));
    assert_eq!(
        (house.states(), house.orders_to()),
        (vec![MoveState::Asked, MoveState::Waiting], vec!["board-1".into()])
    );
    assert_eq!(house.config_orders[0].wish, Wish::Network(wifi()));
    house.takes(1);
    assert_eq!(house.states(), [MoveState::Trying, MoveState::Waiting]);
    house.comes_back(1, 3, None);
    assert_eq!(house.states(), [MoveState::Changed, MoveState::Asked]);
    // Whatever becomes of it now: the first got there.
    house.takes(2);
    house.comes_back(2, 4, Some(FellBack::NoNetwork));
    assert_eq!(house.states(), [MoveState::Changed, MoveState::FellBack(FellBack::NoNetwork)]);
    assert!(house.view.wifi_change.as_ref().unwrap().is_over());
    let lines = house.written.iter().filter_map(|record| match record {
        Record::Entry(entry) if entry.kind == Kind::WifiChanged => Some((&*entry.subject, &*entry.text)),
        _ => None,
    });
    let lines: Vec<_> = lines.collect();
    assert_eq!(lines[..2], [("Lamp 1", "to “New”; the board has not come yet"), ("Lamp 1", "to “New”")]);
    assert!(lines[3].1.starts_with("to “New”; It does not see the network"), "{lines:?}");
}

#[test]
fn after_one_that_did_not_get_there_no_other_is_asked() {
    for why in [FellBack::WrongPassword, FellBack::NoNetwork, FellBack::NoAddress, FellBack::Unreachable] {
        let mut house = House::with_boards(3);
        house.changes_wifi(None);
        house.takes(1);
        house.comes_back(1, 4, Some(why));
        assert_eq!(house.states(), [MoveState::FellBack(why), MoveState::NotAsked, MoveState::NotAsked]);
        assert_eq!(house.orders_to(), ["board-1"]);
    }
    // A password that is wrong is wrong for all, whoever got there before.
    let mut house = House::with_boards(3);
    house.changes_wifi(None);
    house.takes(1);
    house.comes_back(1, 4, None);
    house.takes(2);
    house.comes_back(2, 5, Some(FellBack::WrongPassword));
    assert_eq!(house.states()[2], MoveState::NotAsked);
}

#[test]
fn who_cannot_be_asked_is_said_so_and_not_waited_for() {
    let mut house = House::with_boards(1);
    for (number, prepare) in [(2, "offline"), (3, "old"), (4, "plain")] {
        let called = Some(name(prepare));
        let registration = Registration { board: board(number), secret: SECRET, name: called, room: None, relays: 1 };
        house.setting(Setting::RegisterBoard(Administer::console(), registration));
        house.written_ok();
        (house.configures, house.private) = (prepare != "old", prepare != "plain");
        if prepare != "offline" {
            house.is_there(number, number);
        }
    }
    house.changes_wifi(None);
    house.takes(1);
    house.comes_back(1, 9, None);
    assert_eq!(house.states()[1..], [MoveState::Offline, MoveState::Unsupported, MoveState::Readable]);
    assert_eq!(house.orders_to(), ["board-1"], "nothing was sent where somebody could read it");
    assert_eq!(house.view.wifi_change.as_ref().unwrap().moves[0].state, MoveState::Changed);
}

#[test]
fn who_does_not_come_back_or_does_not_say_is_unknown() {
    // It never answers.
    let mut house = House::with_boards(1);
    house.changes_wifi(None);
    house.wait_ms(5_000).tick();
    assert_eq!(house.states(), [MoveState::Silent]);
    // It answers and never comes.
    let mut house = House::with_boards(1);
    house.changes_wifi(None);
    house.takes(1);
    house.wait_ms(u64::try_from(TRY_WITHIN.as_millis()).unwrap() - 1).tick();
    assert_eq!(house.states(), [MoveState::Trying]);
    house.wait_ms(1).tick();
    assert_eq!(house.states(), [MoveState::Silent]);
    // Its answer was lost with the connection, and it comes back as if it had not been asked.
    let mut house = House::with_boards(1);
    house.changes_wifi(None);
    house.disconnect(1);
    assert_eq!(house.states(), [MoveState::Trying]);
    house.is_there(1, 2);
    assert_eq!(house.states(), [MoveState::Silent]);
    // Its device is deleted meanwhile.
    let mut house = House::with_boards(1);
    house.changes_wifi(None);
    let (cap, device) = (house.viewer().administer().unwrap(), house.view.devices[0].id);
    house.setting(Setting::DeleteDevice(cap, device));
    house.written_ok();
    assert_eq!(house.states(), [MoveState::Silent]);
}

#[test]
fn one_that_says_it_came_counts_when_it_takes_commands_again_or_when_its_time_is_over() {
    let mut house = House::with_boards(1);
    house.changes_wifi(None);
    house.takes(1);
    house.says_what_came(1, 2, None);
    assert_eq!(house.states(), [MoveState::Trying], "a tap would not reach it yet");
    house.say(Said::State(BoardState::Ready));
    assert_eq!(house.states(), [MoveState::Changed]);
    // It is lost again before it is ready.
    let mut house = House::with_boards(1);
    house.changes_wifi(None);
    house.takes(1);
    house.says_what_came(1, 2, Some(FellBack::NoNetwork));
    house.disconnect(2);
    house.wait_ms(u64::try_from(TRY_WITHIN.as_millis()).unwrap()).tick();
    assert_eq!(house.states(), [MoveState::FellBack(FellBack::NoNetwork)]);
}

#[test]
fn a_board_that_refuses_has_tried_nothing_so_the_next_is_asked() {
    let mut house = House::with_boards(2);
    house.changes_wifi(None);
    let order = house.config_orders[0].id;
    let endpoint = Endpoint::new("system/network").unwrap();
    let refusal = Refusal { order, uptime_ms: house.uptime_ms(), endpoint, reason: Reason::NotStored };
    house.board = board(1);
    house.say_by(LinkId(1), Said::Refusal(refusal));
    assert_eq!(house.states(), [MoveState::Refused(Reason::NotStored), MoveState::Asked]);
}

#[test]
fn one_change_at_a_time_of_devices_that_there_are_by_an_owner() {
    let mut house = House::with_boards(2);
    let unknown = house.changes_wifi(Some(vec![DeviceId::from_raw(1)]));
    assert_eq!(house.answer(unknown), &Err(Denied::NotFound("device")));
    let second = house.view.devices[1].id;
    house.changes_wifi(Some(vec![second, second]));
    assert_eq!(house.orders_to(), ["board-2"]);
    let again = house.changes_wifi(None);
    assert!(matches!(house.answer(again), Err(Denied::Conflict(_))));
    // An order that nobody waits for any more is of the past.
    house.takes(2);
    house.comes_back(2, 3, None);
    house.comes_back(2, 4, Some(FellBack::Refused));
    assert_eq!(house.states(), [MoveState::Changed]);
    let all = format!("{:?}", (&house.config_orders, &house.written, &house.view));
    assert!(!all.contains("green curtain"), "the password is in no log and on no disk");
}
