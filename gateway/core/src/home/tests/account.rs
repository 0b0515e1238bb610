//! One's own account.

use super::*;
use crate::access::{Client, MAX_EARLIER_PASSWORDS, USE_IS_NOTED_EVERY};
use crate::ids::MemberId;

pub(super) const PHONES_TOKEN: TokenHash = TokenHash([4; 32]);

impl House {
    /// Ana's home, where she is signed in on a telephone too.
    pub(super) fn with_a_phone() -> Self {
        let mut house = Self::unclaimed();
        house.claim("Ana", ANAS_TOKEN);
        house.written_ok();
        house.open(PHONES_TOKEN);
        house
    }

    fn open(&mut self, token: TokenHash) -> Request {
        let (member, client) = (self.ana(), Client::new("Phone", Some([192, 0, 2, 7].into())));
        let request = self.setting(Setting::OpenSession { member, token, client, was: None });
        self.written_ok();
        request
    }

    pub(super) fn ana(&self) -> MemberId {
        *self.view.access.members.keys().next().expect("Ana lives here")
    }

    pub(super) fn session_of(&self, token: &TokenHash) -> Option<SessionId> {
        self.view.access.viewer(token)?.session()
    }

    /// Somebody's who is signed in.
    pub(super) fn any_session(&self) -> SessionId {
        self.view.access.sessions().next().expect("somebody is signed in").id
    }

    pub(super) fn account(&mut self, change: AccountChange) -> Result<Answer, Denied> {
        let request = self.setting(Setting::Account(self.any_session(), change));
        self.written_ok();
        self.answer(request).clone()
    }

    pub(super) fn change_password(&mut self, hash: &str) -> Result<Answer, Denied> {
        let (member, keep) = (self.ana(), self.session_of(&ANAS_TOKEN).unwrap());
        let was = self.view.access.members[&member].password_hash.clone();
        self.account(AccountChange::Password { member, hash: hash.into(), was, keep })
    }
}

#[test]
fn a_session_knows_what_it_was_opened_with_and_now_and_then_when_it_was_used() {
    let mut house = House::with_a_phone();
    let id = house.session_of(&PHONES_TOKEN).unwrap();
    let phone = |house: &House| house.view.access.session(id).unwrap().clone();
    assert_eq!(phone(&house).client, Client::new("Phone", Some([192, 0, 2, 7].into())));
    let writes = house.written.len();
    for _ in 0..10 {
        house.handle(Input::SessionUsed(id));
    }
    assert_eq!((house.written.len(), phone(&house).last_used_at), (writes, None), "it was opened just now");
    let wait = u64::try_from(USE_IS_NOTED_EVERY.as_millis()).unwrap();
    for _ in 0..10 {
        house.wait_ms(wait / 5).handle(Input::SessionUsed(id));
    }
    assert_eq!(house.written.len(), writes + 2, "a write at most every five minutes");
    assert_eq!(phone(&house).last_used_at, Some(house.now.wall));
    house.now.wall_trusted = false;
    house.wait_ms(wait).handle(Input::SessionUsed(id));
    assert_eq!(house.written.len(), writes + 2, "no time is made up");
    house.now.wall_trusted = true;
    house.now.wall = Wall::from_millis(1_600_000_000_000);
    house.handle(Input::SessionUsed(id));
    assert_eq!(phone(&house).last_used_at, Some(house.now.wall), "the clock stepped back");
}

#[test]
fn a_use_that_is_noted_late_opens_no_session_that_ends() {
    let mut house = House::with_a_phone();
    let phone = house.session_of(&PHONES_TOKEN).unwrap();
    house.wait_ms(3_600_000);
    house.setting(Setting::CloseSession(phone));
    let writes = house.written.len();
    house.handle(Input::SessionUsed(phone));
    assert_eq!(house.written.len(), writes, "its end is on its way to the disk");
    house.written_ok();
    assert_eq!(house.session_of(&PHONES_TOKEN), None);
}

#[test]
fn what_a_client_calls_itself_is_bounded_and_shows_nothing_unseen() {
    let client = Client::new(&format!("\u{1b}[2J{}\n", "x".repeat(1_000)), None);
    assert_eq!(client.user_agent().chars().count(), 200);
    assert!(client.user_agent().starts_with("[2Jx"), "{client:?}");
}

#[test]
fn one_s_own_sessions_end_one_by_one_or_all_others_at_once() {
    let mut house = House::with_a_phone();
    let (ana, tablet, phone) =
        (house.ana(), house.session_of(&ANAS_TOKEN).unwrap(), house.session_of(&PHONES_TOKEN).unwrap());
    let stranger = MemberId::from_raw(7);
    let not_found = Err(Denied::NotFound("session"));
    assert_eq!(house.account(AccountChange::EndSession { member: stranger, session: phone }), not_found);
    assert!(house.account(AccountChange::EndSession { member: ana, session: phone }).is_ok());
    assert_eq!(house.session_of(&PHONES_TOKEN), None);
    assert_eq!(house.account(AccountChange::EndSession { member: ana, session: phone }), not_found);
    for other in 10..13 {
        house.open(TokenHash([other; 32]));
    }
    assert!(house.account(AccountChange::EndOtherSessions { member: ana, keep: tablet }).is_ok());
    assert_eq!(house.view.access.sessions_of(ana).map(|session| session.id).collect::<Vec<_>>(), [tablet]);
}

#[test]
fn another_password_ends_the_other_sessions_and_is_remembered() {
    let mut house = House::with_a_phone();
    assert_eq!(house.change_password("second"), Ok(Answer::Done));
    assert!(house.session_of(&ANAS_TOKEN).is_some() && house.session_of(&PHONES_TOKEN).is_none());
    let ana = house.ana();
    let passwords = |house: &House| house.view.access.members[&ana].passwords();
    assert_eq!(passwords(&house), ["second".into(), "hash of Ana's password".into()]);
    for number in 0..10 {
        house.change_password(&format!("number {number}")).unwrap();
    }
    assert_eq!(passwords(&house).len(), 1 + MAX_EARLIER_PASSWORDS);
    assert_eq!(&*passwords(&house)[MAX_EARLIER_PASSWORDS], "number 5");
}

#[test]
fn a_password_that_was_changed_meanwhile_changes_and_opens_nothing() {
    let mut house = House::with_a_phone();
    let (member, keep) = (house.ana(), house.session_of(&PHONES_TOKEN).unwrap());
    let was = house.view.access.members[&member].password_hash.clone();
    house.change_password("second").unwrap();
    let late = AccountChange::Password { member, hash: "third".into(), was: was.clone(), keep };
    assert!(matches!(house.account(late), Err(Denied::Conflict(_))));
    let late = Setting::OpenSession { member, token: PHONES_TOKEN, client: Client::default(), was };
    let late = house.setting(late);
    assert_eq!(*house.answer(late), Err(Denied::Unauthenticated), "the old password opened a session");
    assert!(house.tickets.is_empty());
}

#[test]
fn a_person_can_take_another_name_but_nobody_else_s() {
    let mut house = House::with_a_phone();
    let member = house.ana();
    let name_of = |house: &House| house.view.access.name_of(member).unwrap().to_string();
    assert!(house.account(AccountChange::Name { member, name: name("ANA") }).is_ok(), "one's own looks like one's own");
    assert_eq!(name_of(&house), "ANA");
    for bad in ["123", "A\u{ad}na"] {
        let denied = house.account(AccountChange::Name { member, name: name(bad) });
        assert!(matches!(denied, Err(Denied::BadInput { field: "name", .. })), "{bad:?}");
    }
    let ben = crate::access::Member {
        id: MemberId::from_raw(9),
        name: name("Ben"),
        ..(*house.view.access.members[&member]).clone()
    };
    let mut house = House::load(2, house.written.iter().cloned().chain([Record::Member(Arc::new(ben))]).collect());
    let denied = house.account(AccountChange::Name { member, name: name("\u{412}en") });
    assert!(matches!(denied, Err(Denied::BadInput { field: "name", .. })), "a Cyrillic letter");
    assert_eq!(name_of(&house), "ANA");
}
