//! The gateway's own header: a device like others, but for what only boards can.

use super::*;
use crate::board_settings::{PowerOn, RelaySetting, Wiring, Wish};
use crate::ids::DeviceId;

fn pins() -> Vec<Endpoint> {
    [4, 17].map(Endpoint::header_pin).to_vec()
}

impl House {
    /// Ana's home with a lamp, and a header with two relays that is there.
    fn with_header() -> (Self, DeviceId) {
        let mut house = Self::with_relays(1);
        house.disconnect(1);
        house.setting(Setting::AdoptHeader(pins()));
        house.written_ok();
        (house.board, house.configures) = (BoardId::header(), true);
        house.link = LinkId(0);
        house.connect(0);
        let id = house.view.devices.iter().find(|device| device.is_header()).expect("a header").id;
        (house, id)
    }

    fn refused(&mut self, setting: Setting) -> String {
        let request = self.setting(setting);
        match self.answer(request) {
            Err(Denied::Conflict(message)) => message.clone(),
            other => panic!("{other:?}"),
        }
    }

    fn wishes(&mut self, device: DeviceId, wish: Wish) -> Result<Answer, Denied> {
        let cap = self.viewer().administer().unwrap();
        let request = self.ask(|request| Input::Configure { cap, request, device, wish });
        self.answers.get(&request).cloned().unwrap_or(Ok(Answer::Done))
    }
}

#[test]
fn it_is_called_by_the_homes_name_and_known_by_its_pins() {
    let mut house = House::unclaimed();
    let request = house.setting(Setting::AdoptHeader(pins()));
    assert_eq!(*house.answer(request), Err(Denied::Unclaimed));
    house.claim("Ana", ANAS_TOKEN);
    house.written_ok();
    for _ in 0..2 {
        house.setting(Setting::AdoptHeader(pins()));
        house.written_ok();
    }
    let [device] = &house.view.devices[..] else { panic!("{:?}", house.view.devices) };
    assert_eq!((device.name.as_str(), device.is_header()), ("Home", true));
    let switches: Vec<_> = house.view.switches.iter().map(|s| (s.name.as_str(), s.endpoint.as_str())).collect();
    assert_eq!(switches, [("Home 1", "gpio-4/on"), ("Home 2", "gpio-17/on")]);
    house.setting(Setting::AdoptHeader([4, 17, 22].map(Endpoint::header_pin).to_vec()));
    house.written_ok();
    assert_eq!((house.view.devices.len(), house.view.switches.len()), (1, 3), "a relay more is a switch more");
}

#[test]
fn nobody_can_log_in_as_it_and_nobody_is_told_of_it_by_mqtt() {
    let (house, id) = House::with_header();
    assert_eq!(house.home.credentials().boards.keys().cloned().collect::<Vec<_>>(), [lamp()]);
    assert!(!house.announced.devices.contains_key(&id) && house.announced.devices.len() == 1);
}

#[test]
fn its_commands_live_like_others() {
    let (mut house, id) = House::with_header();
    let switch = house.view.switches.iter().find(|switch| switch.device == id).unwrap();
    let (cap, endpoint) = (house.viewer().operate(switch.id).unwrap(), switch.endpoint.clone());
    let timeout = Duration::from_secs(5);
    let request = house.ask(|request| Input::SetSwitch { cap, request, on: true, timeout, request_id: None });
    let order = house.sent.last().unwrap().clone();
    assert_eq!((&order.board, order.link, &order.endpoint), (&BoardId::header(), LinkId(0), &endpoint));
    let report = Report { endpoint, ..house.report(1, true, Cause::Command, Some(order.id)) };
    house.say(Said::Report(report));
    let Ok(Answer::Command(command)) = house.answer(request) else { panic!("a command") };
    assert_eq!(command.outcome, Outcome::Confirmed);
}

#[test]
fn what_only_boards_can_is_refused_in_clear_words() {
    let (mut house, id) = House::with_header();
    let cap = || Administer::console();
    let new = NewCredential { secret: Secret::new("x"), hash: SecretHash([9; 32]) };
    assert!(house.refused(Setting::RotateCredential(cap(), id, new)).contains("it has no secret"));
    assert!(house.refused(Setting::SetBehindRepeater(cap(), id, true)).contains("no packets"));
    assert!(house.refused(Setting::DeleteDevice(cap(), id)).contains("[gpio] enabled = false"));
    for (wish, why) in [
        (Wish::Identify, "cannot blink"),
        (Wish::Restart, "with the gateway"),
        (Wish::Forget, "no home"),
        (Wish::Relay(pins()[0].clone(), RelaySetting::Wiring(Wiring::default())), "under [gpio]"),
    ] {
        let refused = house.wishes(id, wish);
        assert!(matches!(&refused, Err(Denied::Conflict(message)) if message.contains(why)), "{refused:?}");
    }
    assert!(house.config_orders.is_empty());
    let setting = RelaySetting::PowerOn(PowerOn::Restore);
    house.wishes(id, Wish::Relay(pins()[0].clone(), setting)).unwrap();
    assert_eq!(house.config_orders.len(), 1, "settings of its relays are like those of others");
}

#[test]
fn another_network_is_for_boards() {
    let (mut house, id) = House::with_header();
    let wifi = || crate::onboarding::WifiSettings { ssid: "Attic".into(), password: Some(Secret::new("12345678")) };
    let change = |devices| |request| Input::ChangeWifi { cap: Administer::console(), request, devices, wifi: wifi() };
    let request = house.ask(change(Some(vec![id])));
    assert!(matches!(house.answer(request), Err(Denied::Conflict(message)) if message.contains("no Wi-Fi of its own")));
    let request = house.ask(change(None));
    let Ok(Answer::WifiChange(change)) = house.answer(request) else { panic!("a change") };
    assert!(change.moves.iter().all(|one| one.device != id) && change.moves.len() == 1);
}

#[test]
fn it_can_be_deleted_once_it_is_away() {
    let (mut house, id) = House::with_header();
    house.disconnect(0);
    let request = house.setting(Setting::DeleteDevice(Administer::console(), id));
    house.written_ok();
    assert_eq!(*house.answer(request), Ok(Answer::Done));
    let switch = Wish::Relay(pins()[0].clone(), RelaySetting::PowerOn(PowerOn::Off));
    assert_eq!(house.wishes(id, switch), Err(Denied::NotFound("device")));
}
