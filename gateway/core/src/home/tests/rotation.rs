//! A board gets another secret: there is always one that both have, and in the end only the new one.

use super::*;

const FIRST: SecretHash = SecretHash([11; 32]);
const SECOND: SecretHash = SecretHash([12; 32]);

impl House {
    fn rotate(&mut self, hash: SecretHash) -> Request {
        let device = self.view.devices[0].id;
        let secret = Secret::new(&format!("secret {}", hash.0[0]));
        self.setting(Setting::RotateCredential(Administer::console(), device, NewCredential { secret, hash }))
    }

    /// What the edge takes of the board: the secret, and the next one.
    fn accepted(&self) -> (SecretHash, Option<SecretHash>) {
        let credentials = self.home.credentials();
        (credentials.boards[&lamp()].secret, credentials.boards[&lamp()].next)
    }

    fn rotating(&self) -> bool {
        self.view.devices[0].rotating
    }

    fn refusal(&self, request: Request) -> &str {
        match self.answer(request) {
            Err(Denied::Conflict(message)) => message,
            other => panic!("{other:?}"),
        }
    }

    /// The daemon ends, and another starts with what is on disk.
    fn restart(&self, boot: u32) -> Self {
        let devices = self.written.iter().rev().find(|record| matches!(record, Record::Device(_))).cloned();
        let others = self.written.iter().filter(|record| !matches!(record, Record::Device(_) | Record::Command(_)));
        let mut next = Self::load(boot, others.cloned().chain(devices).collect());
        next.presents = self.presents;
        next
    }
}

#[test]
fn a_new_secret_is_on_disk_before_it_is_sent_and_the_old_one_dies_when_it_was_used() {
    let mut house = House::with_relays(1);
    let asked = house.rotate(FIRST);
    assert_eq!((house.secrets.len(), house.accepted()), (0, (SECRET, None)), "not before it is on disk");
    house.written_ok();
    assert_eq!(house.accepted(), (SECRET, Some(FIRST)), "both are good now");
    let Ok(Answer::Device(device)) = house.answer(asked) else { panic!() };
    assert!(device.rotating);
    let [sent] = &house.secrets[..] else { panic!("{:?}", house.secrets) };
    assert_eq!((sent.secret.reveal(), sent.link), ("secret 11", LinkId(1)));
    assert_eq!((sent.id.session, sent.id.seq.get()), (house.session, 1), "named like a command");

    house.presents = FIRST;
    house.log_in(2);
    assert_eq!(house.accepted(), (SECRET, Some(FIRST)), "not before that is on disk");
    house.written_ok();
    assert_eq!((house.accepted(), house.rotating()), ((FIRST, None), false));
    house.say(Said::State(BoardState::Ready));
    assert_eq!(house.secrets.len(), 1);
}

#[test]
fn a_secret_is_named_in_the_sequence_of_commands() {
    let mut house = House::with_relays(1);
    house.tap(1, true);
    house.rotate(FIRST);
    house.written_ok();
    house.tap(1, false);
    let seqs = [house.sent[0].id.seq, house.secrets[0].id.seq, house.sent[1].id.seq];
    assert_eq!(seqs.map(NonZeroU32::get), [1, 2, 3]);
}

#[test]
fn a_board_that_is_away_or_cannot_or_could_be_overheard_gets_none() {
    let mut house = House::with_relays(1);
    house.disconnect(1);
    let offline = house.rotate(FIRST);
    assert!(house.refusal(offline).contains("Lamp is offline"));

    house.rotates = false;
    house.connect(2);
    let foreign = house.rotate(FIRST);
    assert!(house.refusal(foreign).contains("firmware of Lamp"));

    (house.rotates, house.private) = (true, false);
    house.connect(3);
    let overheard = house.rotate(FIRST);
    assert!(house.refusal(overheard).contains("without TLS"));
    assert_eq!((house.secrets.len(), house.accepted()), (0, (SECRET, None)));

    let device = DeviceId::from_raw(u64::MAX);
    let new = NewCredential { secret: Secret::new("x"), hash: FIRST };
    let unknown = house.setting(Setting::RotateCredential(Administer::console(), device, new));
    assert_eq!(house.answer(unknown), &Err(Denied::NotFound("device")));
}

#[test]
fn when_the_disk_fails_nothing_is_sent_and_nothing_has_changed() {
    let mut house = House::with_relays(1);
    let asked = house.rotate(FIRST);
    house.write_fails();
    assert_eq!(house.answer(asked), &Err(Denied::Storage));
    assert_eq!((house.secrets.len(), house.accepted()), (0, (SECRET, None)));
    house.connect(2);
    assert_eq!(house.secrets.len(), 0, "nor later");
    house.rotate(SECOND);
    house.written_ok();
    assert_eq!((house.secrets[0].secret.reveal(), house.accepted()), ("secret 12", (SECRET, Some(SECOND))));
}

#[test]
fn a_lost_message_is_sent_again_but_not_without_end() {
    let mut house = House::with_relays(1);
    house.rotate(FIRST);
    house.written_ok();
    for link in 2..8 {
        house.disconnect(link - 1);
        house.connect(link);
    }
    let links: Vec<_> = house.secrets.iter().map(|sent| sent.link.0).collect();
    assert_eq!(links, [1, 2, 3], "on three connections");
    assert!(house.secrets.iter().all(|sent| sent.secret.reveal() == "secret 11"));
    assert_eq!(house.accepted(), (SECRET, Some(FIRST)), "the board may have it all the same");

    let again = house.rotate(SECOND);
    assert!(house.is_answered(again) && house.tickets.is_empty(), "nothing new to write");
    assert_eq!(house.secrets.last().map(|sent| (sent.link.0, sent.secret.reveal())), Some((7, "secret 11")));
    assert_eq!(house.accepted(), (SECRET, Some(FIRST)));
}

#[test]
fn a_later_connection_that_can_be_overheard_gets_nothing() {
    let mut house = House::with_relays(1);
    house.rotate(FIRST);
    house.private = false;
    house.connect(2);
    house.written_ok();
    assert_eq!(house.secrets.len(), 0);
    house.private = true;
    house.connect(3);
    assert_eq!(house.secrets.len(), 1);
}

#[test]
fn after_a_restart_both_are_good_and_whichever_the_board_has_is_what_counts() {
    let mut house = House::with_relays(1);
    house.rotate(FIRST);
    house.written_ok();
    let mut house = house.restart(2);
    assert_eq!((house.accepted(), house.rotating()), ((SECRET, Some(FIRST)), true));

    // It never got it, and the text is forgotten: another is made.
    house.connect(1);
    assert_eq!(house.secrets.len(), 0);
    house.rotate(SECOND);
    house.written_ok();
    assert_eq!((house.secrets[0].secret.reveal(), house.accepted()), ("secret 12", (SECRET, Some(SECOND))));

    // It got that one, and only then did the gateway end.
    house.presents = SECOND;
    let mut house = house.restart(3);
    house.connect(1);
    house.written_ok();
    assert_eq!((house.accepted(), house.rotating()), ((SECOND, None), false));
    assert_eq!(house.restart(4).accepted(), (SECOND, None));
}

#[test]
fn a_board_with_its_new_secret_keeps_it_whatever_becomes_of_the_disk() {
    let mut house = House::with_relays(1);
    house.rotate(FIRST);
    house.written_ok();
    house.presents = FIRST;
    house.connect(2);
    house.write_fails();
    assert_eq!(house.accepted(), (SECRET, Some(FIRST)));

    // Asked anew, what the board has stays good beside what it is to get.
    house.rotate(SECOND);
    house.written_ok();
    assert_eq!(house.accepted(), (FIRST, Some(SECOND)));
    assert_eq!(house.secrets.last().map(|sent| sent.secret.reveal()), Some("secret 12"));
}

#[test]
fn another_name_changes_no_secret() {
    let mut house = House::with_relays(1);
    house.rotate(FIRST);
    house.written_ok();
    let edit = Edit { name: Some(name("Ceiling")), room: None };
    house.setting(Setting::UpdateDevice(Administer::console(), house.view.devices[0].id, edit));
    house.written_ok();
    assert_eq!(house.accepted(), (SECRET, Some(FIRST)));
    house.connect(2);
    assert_eq!(house.secrets.len(), 2, "and it is still sent again");
}

#[test]
fn a_secret_is_in_no_log() {
    let shown = format!("{:?}", NewCredential { secret: Secret::new("hush"), hash: FIRST });
    assert!(!shown.contains("hush") && !shown.contains("11"), "{shown}");
}
