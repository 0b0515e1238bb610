//! Notices: what becomes one, how it counts up, and what stays away.

use super::*;
use crate::ids::NoticeId;
use crate::notice::{Incident, MAX_SUBJECTS, Notice, NoticeKind, QUIET, Subject, WRITE_EVERY};
use std::net::IpAddr;

fn address(last: u8) -> Subject {
    Subject::Address([192, 0, 2, last].into())
}

fn times(kind: NoticeKind, subject: Subject, times: u32) -> Incident {
    Incident { kind, subject, from: None, times, detail: None }
}

impl House {
    fn happens(&mut self, incident: Incident) {
        self.handle(Input::Incident(incident));
    }

    /// It happens once.
    fn once(&mut self, kind: NoticeKind, subject: Subject) {
        self.happens(times(kind, subject, 1));
    }

    fn wrong_logins(&mut self, count: u32) {
        self.happens(times(NoticeKind::MqttLoginStorm, address(1), count));
    }

    fn is(&mut self, kind: NoticeKind, subjects: &[Subject]) {
        self.handle(Input::Condition(kind, subjects.to_vec()));
    }

    fn dismiss(&mut self, id: NoticeId) -> Request {
        self.setting(Setting::DismissNotice(Administer::console(), id))
    }

    fn dismissed(&mut self, id: NoticeId) {
        let request = self.dismiss(id);
        self.written_ok();
        assert_eq!(*self.answer(request), Ok(Answer::Done));
    }

    /// The only notice.
    fn notice(&self) -> Arc<Notice> {
        let [notice] = &self.view.notices[..] else { panic!("not one notice: {:?}", self.view.notices) };
        notice.clone()
    }

    fn nothing_shown(&self) -> bool {
        self.view.notices.is_empty()
    }

    /// Records of notices that went to the store.
    fn records(&self) -> Vec<Record> {
        let of_notices = |record: &&Record| matches!(record, Record::Notice(_) | Record::NoticeDeleted(_));
        self.written.iter().filter(of_notices).cloned().collect()
    }
}

#[test]
fn wrong_logins_become_one_notice_when_they_are_many_and_it_counts_up() {
    let mut house = House::with_relays(1);
    house.wrong_logins(9);
    assert!(house.nothing_shown());
    house.once(NoticeKind::MqttLoginStorm, address(2));
    assert!(house.nothing_shown(), "each subject is counted by itself");
    house.wait_ms(1_000).wrong_logins(1);
    let first = house.notice();
    assert_eq!((first.kind, &first.subject, first.times), (NoticeKind::MqttLoginStorm, &address(1), 10));
    assert_eq!((first.first_at, first.at), (Some(house.now.wall), Some(house.now.wall)));
    house.wait_ms(5_000);
    let from: IpAddr = [192, 0, 2, 9].into();
    house.happens(Incident { from: Some(from), ..times(NoticeKind::MqttLoginStorm, address(1), 90) });
    let later = house.notice();
    assert_eq!((later.id, later.times, later.from), (first.id, 100, Some(from)));
    assert_eq!((later.first_at, later.at), (first.first_at, Some(house.now.wall)));
}

#[test]
fn a_few_now_and_then_are_no_storm() {
    let mut house = House::with_relays(1);
    for _ in 0..20 {
        house.wrong_logins(9);
        house.wait_ms(10 * 60_000 + 1);
    }
    assert!(house.nothing_shown());
    house.wrong_logins(10);
    assert_eq!(house.notice().times, 10);
}

#[test]
fn a_notice_is_written_at_once_and_then_once_a_minute_at_most() {
    let mut house = House::with_relays(1);
    let before = house.home.next_deadline();
    house.once(NoticeKind::RouterReplaced, Subject::Gateway);
    assert_eq!(house.records(), [Record::Notice(house.notice())]);
    assert_eq!(house.home.next_deadline(), before, "nothing waits");
    for _ in 0..100 {
        house.wait_ms(100).once(NoticeKind::RouterReplaced, Subject::Gateway);
    }
    assert_eq!(house.notice().times, 101);
    assert_eq!(house.records().len(), 1);
    let due = house.home.next_deadline().expect("the count is to be written");
    assert_eq!(due.since(house.now.mono) + Duration::from_secs(10), WRITE_EVERY);
    house.now.mono = due;
    house.tick();
    assert_eq!(house.records()[1..], [Record::Notice(house.notice())]);
    assert_eq!(house.home.next_deadline(), before);
    house.wait_ms(60_000).once(NoticeKind::RouterReplaced, Subject::Gateway);
    house.tick();
    assert_eq!(house.records().len(), 3, "its minute was over");
    house.wait_ms(1).once(NoticeKind::RouterReplaced, Subject::Gateway);
    house.handle(Input::Stop);
    assert_eq!(house.records()[3..], [Record::Notice(house.notice())], "a stop loses none");
}

#[test]
fn what_is_dismissed_stays_away_until_it_happens_anew() {
    let mut house = House::with_relays(1);
    house.wrong_logins(10);
    let first = house.notice();
    let request = house.dismiss(first.id);
    assert!(!house.nothing_shown() && !house.is_answered(request), "on disk before it is true");
    house.written_ok();
    assert!(house.nothing_shown());
    let again = house.dismiss(first.id);
    assert_eq!(*house.answer(again), Err(Denied::NotFound("notice")));

    house.wrong_logins(50);
    assert!(house.nothing_shown(), "the same storm goes on");
    house.wait_ms(u64::try_from(QUIET.as_millis()).unwrap());
    house.wrong_logins(9);
    assert!(house.nothing_shown());
    house.wrong_logins(1);
    let anew = house.notice();
    assert_eq!((anew.times, anew.first_at), (10, Some(house.now.wall)));
    assert_ne!(anew.id, first.id);
    assert!(house.records().contains(&Record::NoticeDeleted(first.id)));
}

#[test]
fn a_dismissal_that_cannot_be_written_did_not_happen() {
    let mut house = House::with_relays(1);
    house.once(NoticeKind::RouterReplaced, Subject::Gateway);
    let id = house.notice().id;
    let request = house.dismiss(id);
    house.write_fails();
    assert_eq!(*house.answer(request), Err(Denied::Storage));
    house.wait_ms(60_000).once(NoticeKind::RouterReplaced, Subject::Gateway);
    assert_eq!(house.notice().times, 2);
    house.tick();
    assert_eq!(house.records().last(), Some(&Record::Notice(house.notice())));
    let id = house.notice().id;
    house.dismissed(id);
    assert!(house.nothing_shown());
}

#[test]
fn nothing_is_written_about_a_notice_while_its_dismissal_is() {
    let mut house = House::with_relays(1);
    house.once(NoticeKind::RouterReplaced, Subject::Gateway);
    let id = house.notice().id;
    house.dismiss(id);
    let dismissal = house.records().pop();
    house.wait_ms(60_000).once(NoticeKind::RouterReplaced, Subject::Gateway);
    house.tick();
    house.written_ok();
    house.handle(Input::Stop);
    assert_eq!(house.records().pop(), dismissal, "else it would be back after a restart");
    assert!(house.nothing_shown());
    assert!(House::load(2, house.written.clone()).nothing_shown());
}

#[test]
fn a_start_finds_notices_and_what_was_dismissed_stays_so() {
    let mut house = House::with_relays(1);
    house.once(NoticeKind::RouterReplaced, Subject::Gateway);
    house.once(NoticeKind::IntegrationSlow, Subject::Integration("integration_1".into()));
    let (kept, dismissed) = (house.view.notices[0].clone(), house.view.notices[1].id);
    house.dismissed(dismissed);
    let mut next = House::load(2, house.written.clone());
    assert_eq!(next.view.notices, std::slice::from_ref(&kept));
    next.once(NoticeKind::RouterReplaced, Subject::Gateway);
    assert_eq!((next.notice().id, next.notice().times), (kept.id, 2));
    next.once(NoticeKind::IntegrationSlow, Subject::Integration("integration_1".into()));
    assert_eq!(next.view.notices.len(), 2, "it happened anew");
}

#[test]
fn however_many_have_trouble_there_are_so_many_notices() {
    let mut house = House::with_relays(1);
    for last in 0..200 {
        house.once(NoticeKind::ConnectionsFull, address(last));
    }
    assert_eq!(house.view.notices.len(), MAX_SUBJECTS + 1);
    let others = house.view.notices.last().unwrap().clone();
    assert_eq!((&others.subject, others.times), (&Subject::Others, 200 - MAX_SUBJECTS as u64));
    house.once(NoticeKind::ConnectionsFull, address(0));
    assert_eq!((house.view.notices[0].times, house.view.notices.len()), (2, MAX_SUBJECTS + 1));
    house.once(NoticeKind::RouterReplaced, Subject::Gateway);
    assert_eq!(house.view.notices.len(), MAX_SUBJECTS + 2, "other kinds have places of their own");

    let id = house.view.notices[0].id;
    house.dismissed(id);
    house.once(NoticeKind::ConnectionsFull, address(250));
    assert!(house.view.notices.iter().any(|notice| notice.subject == address(250)), "a dismissed one makes room");
    for last in 0..200 {
        house.happens(times(NoticeKind::MqttLoginStorm, address(last), 9));
    }
    assert_eq!(house.view.notices.len(), MAX_SUBJECTS + 2, "what is counted is bounded too");
}

#[test]
fn a_condition_is_a_notice_for_as_long_as_it_holds() {
    let (open, other) =
        (Subject::Listener("192.0.2.1:1883".parse().unwrap()), Subject::Listener("192.0.2.2:1883".parse().unwrap()));
    let mut house = House::with_relays(1);
    house.is(NoticeKind::PlainMqtt, std::slice::from_ref(&open));
    let first = house.notice();
    assert_eq!((&first.subject, first.times), (&open, 1));
    house.is(NoticeKind::PlainMqtt, std::slice::from_ref(&open));
    assert_eq!(house.notice(), first, "told again at the next start, and the same");
    house.dismissed(first.id);
    let mut next = House::load(2, house.written.clone());
    next.is(NoticeKind::PlainMqtt, std::slice::from_ref(&open));
    assert!(next.nothing_shown(), "the owner knows");
    next.is(NoticeKind::PlainMqtt, &[open.clone(), other.clone()]);
    assert_eq!(next.notice().subject, other);
    next.is(NoticeKind::PlainMqtt, &[]);
    assert!(next.nothing_shown());
    let mut last = House::load(3, next.written.clone());
    last.is(NoticeKind::PlainMqtt, std::slice::from_ref(&open));
    assert_eq!(last.notice().subject, open, "it was closed in between, so it is open anew");
}

#[test]
fn many_wrong_passwords_become_one_notice_with_who_and_from_where() {
    let mut house = House::with_relays(1);
    let guess = |house: &mut House, who: &str| {
        let (name, hash, address) = (who.to_owned(), name_hash(who), [192, 0, 2, 7].into());
        let request = house.ask(|request| Input::BeginSignIn { request, name, hash, address });
        if let Ok(Answer::SignIn(check)) = house.answer(request).clone() {
            let token = TokenHash([7; 32]);
            house.ask(|request| Input::FinishSignIn { request, check, right: false, token, client: Client::default() });
        }
    };
    for _ in 0..5 {
        guess(&mut house, "ana");
    }
    assert!(house.nothing_shown(), "people mistype");
    guess(&mut house, "Ana");
    let notice = house.notice();
    let ana = house.viewer().member().unwrap();
    assert_eq!((notice.kind, &notice.subject, notice.times), (NoticeKind::SignInStorm, &Subject::Member(ana), 6));
    assert_eq!(notice.from, Some([192, 0, 2, 7].into()));
    for _ in 0..6 {
        guess(&mut house, "nobody of that name");
    }
    let other = &house.view.notices[1];
    assert_eq!((&other.subject, other.from), (&address(7), None));
}

#[test]
fn an_upgrade_that_was_taken_back_is_told_until_one_has_proved_itself() {
    let mut house = House::with_relays(1);
    let is = |house: &mut House, why: Option<&str>| {
        house.handle(Input::Because(NoticeKind::UpgradeReturned, why.map(Into::into)));
    };
    is(&mut house, None);
    assert!(house.nothing_shown());
    is(&mut house, Some("2 ended at each start; 1 is back"));
    let told = house.notice();
    assert_eq!((told.kind, &told.subject), (NoticeKind::UpgradeReturned, &Subject::Gateway));
    assert_eq!(told.message("").matches("taken back: ").count(), 1, "{}", told.message(""));
    is(&mut house, Some("2 ended at each start; 1 is back"));
    assert_eq!((house.notice().id, house.notice().times), (told.id, 1), "at each start the same");

    house.dismissed(told.id);
    is(&mut house, Some("2 ended at each start; 1 is back"));
    assert!(house.nothing_shown(), "it was put away, and nothing else is the case");
    is(&mut house, Some("3 did too; 1 is back"));
    assert_ne!(house.notice().id, told.id, "another version is another notice");
    is(&mut house, None);
    assert!(house.nothing_shown());
}
