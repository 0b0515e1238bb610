//! How devices are: told at a bounded rate, and the owner hears of what lasts.

use super::*;
use crate::health::{FLAPPING, Health, RESTARTING, SILENT_AFTER, WEAK_DBM, WEAK_FOR, WELL_DBM};
use crate::ids::NoticeId;
use crate::notice::NoticeKind;
use crate::view::Change;

impl House {
    /// What the firmware tells once a minute.
    fn tells(&mut self, rssi: i16, uptime_ms: u64) -> Vec<Effect> {
        self.say(Said::Fact(Fact::Rssi(rssi)));
        self.say(Said::Fact(Fact::FreeHeap(20_480)));
        let said = Said::Fact(Fact::Uptime(uptime_ms));
        self.handle(Input::Board(BoardEvent::Said { board: lamp(), link: self.link, said }))
    }

    fn health(&self) -> &Health {
        &self.view.devices[0].health
    }

    fn told_of(&self, kind: NoticeKind) -> Option<NoticeId> {
        self.view.notices.iter().find(|notice| notice.kind == kind).map(|notice| notice.id)
    }
}

#[test]
fn how_it_is_is_shown_and_told_at_most_every_ten_seconds() {
    let mut house = House::with_relays(1);
    house.say(Said::Fact(Fact::RestartReason("power-on".into())));
    house.wait_ms(10_000).tells(-61, 70_000);
    let Health { rssi_dbm, free_heap_bytes, uptime_ms, restart_reason, reconnects, restarts, clock_offset_ms } =
        house.health().clone();
    assert_eq!((rssi_dbm, free_heap_bytes, uptime_ms), (Some(-61), Some(20_480), Some(70_000)));
    assert_eq!((restart_reason.as_deref(), reconnects, restarts), (Some("power-on"), 0, 0));
    assert_eq!(clock_offset_ms, Some(70_000 - 11_000));
    let devices = |effects: Vec<Effect>| {
        effects.iter().filter(|effect| matches!(effect, Effect::Changed(Change::Device(_)))).count()
    };
    for second in 1..10 {
        assert_eq!(devices(house.wait_ms(1_000).tells(-60, 70_000 + second)), 0, "{second}");
    }
    assert_eq!(house.health().rssi_dbm, Some(-61));
    assert_eq!(devices(house.wait_ms(1_000).tells(-60, 80_000)), 1);
    assert_eq!(house.health().rssi_dbm, Some(-60));
}

#[test]
fn a_device_that_comes_and_goes_is_flapping() {
    let mut house = House::with_relays(1);
    for time in 1..=u64::from(FLAPPING.0) {
        assert_eq!(house.told_of(NoticeKind::DeviceFlapping), None, "{time}");
        house.disconnect(time);
        house.wait_ms(60_000).connect(time + 1);
    }
    assert!(house.told_of(NoticeKind::DeviceFlapping).is_some());
    assert_eq!(house.health().reconnects, FLAPPING.0);
    // Over a longer time it is nothing.
    let mut house = House::with_relays(1);
    for time in 1..=20 {
        house.disconnect(time);
        house.wait_ms(5 * 60_000).connect(time + 1);
    }
    assert_eq!(house.told_of(NoticeKind::DeviceFlapping), None);
}

#[test]
fn a_device_whose_uptime_goes_back_is_restarting() {
    let mut house = House::with_relays(1);
    house.tells(-60, 1_000_000);
    for time in 1..=u64::from(RESTARTING.0) {
        assert_eq!(house.told_of(NoticeKind::DeviceRestarting), None, "{time}");
        house.disconnect(time);
        house.wait_ms(11 * 60_000).connect(time + 1);
        house.say(Said::Fact(Fact::RestartReason("watchdog".into())));
        house.tells(-60, 1_000);
        house.wait_ms(60_000).tells(-60, 61_000);
    }
    let notice = house.view.notices.iter().find(|notice| notice.kind == NoticeKind::DeviceRestarting).unwrap();
    assert!(notice.message("Lamp").contains("watchdog"), "{}", notice.message("Lamp"));
    assert_eq!(house.health().restarts, RESTARTING.0);
}

#[test]
fn a_signal_that_stays_weak_is_told_until_it_is_well() {
    let mut house = House::with_relays(1);
    let minutes = WEAK_FOR.as_secs() / 60;
    let mut uptime = 0;
    let mut tell = |house: &mut House, rssi| {
        uptime += 60_000;
        house.wait_ms(60_000).tells(rssi, uptime);
        house.told_of(NoticeKind::WeakWifi)
    };
    for minute in 0..minutes {
        assert_eq!(tell(&mut house, WEAK_DBM - 1), None, "{minute}");
    }
    assert_eq!(tell(&mut house, WELL_DBM), None, "it was only for a while");
    for _ in 0..minutes {
        assert_eq!(tell(&mut house, WEAK_DBM - 1), None);
    }
    let told = tell(&mut house, WEAK_DBM - 1);
    assert!(told.is_some());
    assert_eq!(tell(&mut house, WELL_DBM - 1), told, "it wavers");
    assert_eq!(tell(&mut house, WELL_DBM), None, "it is well again");
}

#[test]
fn a_device_that_is_away_for_a_day_is_told_of_until_it_is_back() {
    let day = u64::try_from(SILENT_AFTER.as_millis()).unwrap();
    let mut house = House::with_relays(1);
    house.wait_ms(2 * day).tick();
    assert_eq!(house.told_of(NoticeKind::DeviceSilent), None, "it is there");
    house.disconnect(1);
    assert_eq!(house.home.next_deadline(), Some(house.now.mono.plus(SILENT_AFTER)));
    house.wait_ms(day - 1).tick();
    assert_eq!(house.told_of(NoticeKind::DeviceSilent), None);
    house.wait_ms(1).tick();
    let told = house.told_of(NoticeKind::DeviceSilent);
    assert!(told.is_some() && house.home.next_deadline().is_none());

    let mut again = House::load(2, house.written.clone());
    assert_eq!(again.told_of(NoticeKind::DeviceSilent), told, "also after a restart");
    again.connect(2);
    assert_eq!(again.told_of(NoticeKind::DeviceSilent), None);
    again.disconnect(2);
    again.wait_ms(day).tick();
    assert!(again.told_of(NoticeKind::DeviceSilent).is_some_and(|anew| Some(anew) != told));
    let cap = again.viewer().administer().unwrap();
    again.setting(Setting::DeleteDevice(cap, again.view.devices[0].id));
    again.written_ok();
    assert_eq!(again.home.next_deadline(), None);
}

#[test]
fn what_a_board_says_that_is_not_believed_is_not_how_the_device_is() {
    let mut house = House::with_relays(1);
    house.tells = Some(("a1b2c3", "5c:cf:7f:a1:b2:c3"));
    house.connect(2);
    house.written_ok();
    house.tells(-60, 1_000);
    house.tells = Some(("ffffff", "5c:cf:7f:ff:ff:ff"));
    house.connect(3);
    house.wait_ms(60_000).tells(-30, 5);
    assert_eq!((house.health().rssi_dbm, house.health().restarts), (Some(-60), 0));
}
