//! Every change of settings is in the record.

use super::*;
use crate::audit::Kind;
use crate::command::ActorKind;

impl House {
    /// The lines of the record, but for what relays did: what, who, to what, and how.
    pub(super) fn lines(&self) -> Vec<(Kind, ActorKind, String, String)> {
        let line = |record: &Record| match record {
            Record::Entry(entry) if entry.kind != Kind::SwitchMoved => {
                Some((entry.kind, entry.actor.kind, entry.subject.to_string(), entry.text.to_string()))
            }
            _ => None,
        };
        self.written.iter().filter_map(line).collect()
    }
}

#[test]
fn every_change_of_settings_has_a_line_with_who_made_it_and_names_as_they_were() {
    let mut house = House::with_relays(1);
    let line = |kind, actor, subject: &str, text: &str| (kind, actor, subject.to_owned(), text.to_owned());
    let claimed = [
        line(Kind::HomeClaimed, ActorKind::Member, "Home", ""),
        line(Kind::DeviceClaimed, ActorKind::Console, "Lamp", "board lamp"),
    ];
    assert_eq!(house.lines(), claimed);
    let cap = || house.viewer().administer().unwrap();
    let (first, second, third) = (cap(), cap(), cap());
    let room = house.setting(Setting::CreateRoom(first, name("Hall")));
    house.written_ok();
    let Ok(Answer::Room(room)) = house.answer(room).clone() else { panic!("a room") };
    house.setting(Setting::RenameRoom(second, room.id, name("Attic")));
    house.written_ok();
    let edit = Edit { name: Some(name("Light")), room: Some(Some(room.id)) };
    let switch = house.switch_id(1);
    house.setting(Setting::UpdateSwitch(third, switch, edit));
    house.written_ok();
    house.setting(Setting::CloseSession(house.viewer().session().unwrap()));
    house.written_ok();
    let changed = [
        line(Kind::RoomCreated, ActorKind::Member, "Hall", ""),
        line(Kind::RoomUpdated, ActorKind::Member, "Hall", "now called Attic"),
        line(Kind::SwitchUpdated, ActorKind::Member, "Lamp", "now called Light, put into Attic"),
        line(Kind::SignedOut, ActorKind::Member, "Ana", ""),
    ];
    assert_eq!(house.lines()[2..], changed);
    let about = house.written.iter().filter_map(|record| match record {
        Record::Entry(entry) => entry.switch,
        _ => None,
    });
    assert!(about.eq([switch]));
}

#[test]
fn what_was_refused_or_failed_has_no_line() {
    let mut house = House::with_relays(1);
    let before = house.lines().len();
    house.setting(Setting::CreateRoom(Administer::console(), name("Hall")));
    let both = house.written.iter().rev().take(2).all(|record| matches!(record, Record::Room(_) | Record::Entry(_)));
    assert!(both && house.tickets.len() == 1, "one write: both are on disk, or neither");
    house.write_fails();
    house.setting(Setting::DeleteRoom(Administer::console(), RoomId::from_raw(1)));
    house.setting(Setting::UpdateHomeAssistant(Administer::console(), None, None));
    assert_eq!(house.lines().len(), before + 1, "nothing changed");
    assert!(house.tickets.is_empty());
}

#[test]
fn no_secret_is_in_the_record() {
    let mut house = House::unclaimed();
    house.claim("Ana", ANAS_TOKEN);
    house.written_ok();
    house.register(1);
    house.written_ok();
    for record in &house.written {
        if let Record::Entry(entry) = record {
            let text = format!("{entry:?}");
            assert!(!text.contains("hash of") && !text.contains("0909"), "{text}");
        }
    }
}
