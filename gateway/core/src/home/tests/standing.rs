//! A change of settings that waited for its turn, and whose asker lost the right meanwhile.

use super::sharing::{BEN, BENS_TOKEN, CLEO, CLEOS_TOKEN, always};
use super::*;
use crate::access::{HoldTokens, Level, NewToken, Role, Scope, Target};

impl House {
    /// While `first` is on its way to the disk, `then` waits for its turn: what it comes to.
    fn after(&mut self, first: Setting, then: Setting) -> Result<Answer, Denied> {
        let first = self.setting(first);
        assert!(!self.is_answered(first), "it is being written");
        let then = self.setting(then);
        self.written_ok();
        assert!(self.answer(first).is_ok());
        self.answer(then).clone()
    }

    fn becomes(&self, who: crate::ids::MemberId, role: Role) -> Setting {
        Setting::UpdateMember(Administer::console(), who, MemberEdit { name: None, role: Some(role) })
    }

    fn promote_ben(&mut self) {
        self.admin(self.becomes(BEN, Role::Owner)).unwrap();
    }

    fn holds(&self, token: TokenHash) -> HoldTokens {
        self.who(token).hold_tokens().unwrap()
    }
}

fn new_token(scopes: &[Scope]) -> NewToken {
    let scopes = scopes.iter().copied().collect();
    NewToken { name: name("Panel"), scopes, token: TokenHash([8; 32]), expires_at: None }
}

#[test]
fn whoever_is_no_owner_any_more_changes_nothing_though_they_asked_before() {
    let mut house = House::with_people(1);
    house.promote_ben();
    let cap = house.who(BENS_TOKEN).administer().unwrap();
    let answer = house.after(house.becomes(BEN, Role::Member), Setting::CreateRoom(cap.clone(), name("Hall")));
    assert_eq!(answer, Err(Denied::Forbidden));
    assert!(house.view.rooms.is_empty());
    let answer = house.after(Setting::DeleteMember(Administer::console(), BEN), Setting::CreateRoom(cap, name("Hall")));
    assert_eq!(answer, Err(Denied::Unauthenticated));
    let room = house.admin(Setting::CreateRoom(Administer::console(), name("Hall")));
    assert!(matches!(room, Ok(Answer::Room(_))), "at the gateway itself nobody is signed in");
}

#[test]
fn whoever_signed_out_changes_nothing_though_they_asked_before() {
    let mut house = House::with_relays(1);
    let cap = house.viewer().administer().unwrap();
    let out = Setting::CloseSession(house.viewer().session().unwrap());
    assert_eq!(house.after(out, Setting::CreateRoom(cap, name("Hall"))), Err(Denied::Unauthenticated));
}

#[test]
fn a_gift_of_an_owner_needs_an_owner_and_that_of_a_member_no_guest() {
    let mut house = House::with_people(1);
    house.promote_ben();
    let (terms, cap) = (always(Target::Home, Level::View), house.share(BENS_TOKEN));
    let give = Setting::CreateGrant(cap, CLEO, terms);
    assert_eq!(house.after(house.becomes(BEN, Role::Member), give), Err(Denied::Forbidden));
    let ana = house.viewer().member().unwrap();
    house.give(ANAS_TOKEN, BEN, always(Target::Home, Level::Operate)).unwrap();
    let cap = house.share(BENS_TOKEN);
    let give = || Setting::CreateGrant(cap.clone(), CLEO, always(Target::Home, Level::View));
    assert_eq!(house.after(house.becomes(BEN, Role::Guest), give()), Err(Denied::Forbidden));
    assert_eq!(house.view.access.grants().filter(|grant| grant.to == CLEO).count(), 0);
    let back = house.after(house.becomes(BEN, Role::Member), give());
    assert!(matches!(back, Ok(Answer::Grant(_))), "as a member they may share it: {back:?} {ana:?}");
    assert!(house.who(CLEOS_TOKEN).may_view(house.switch_id(1)));
}

#[test]
fn tokens_are_made_and_revoked_by_those_who_still_may() {
    let mut house = House::with_people(1);
    house.promote_ben();
    let ana = house.viewer().hold_tokens().unwrap();
    let (cap, new) = (house.holds(BENS_TOKEN), new_token(&[Scope::View]));
    let made = house.admin(Setting::CreateToken(ana, new.clone())).unwrap();
    let Answer::Token(token) = made else { panic!("a token") };
    let demoted = house.becomes(BEN, Role::Member);
    assert_eq!(house.after(demoted, Setting::DeleteToken(cap, token.id)), Err(Denied::Forbidden), "of somebody else");
    let cap = house.holds(BENS_TOKEN);
    let create = Setting::CreateToken(cap, new);
    assert_eq!(house.after(house.becomes(BEN, Role::Guest), create), Err(Denied::Forbidden));
}

#[test]
fn a_program_whose_token_is_revoked_changes_nothing_though_it_asked_before() {
    let mut house = House::with_relays(1);
    let cap = house.viewer().hold_tokens().unwrap();
    let made = house.admin(Setting::CreateToken(cap.clone(), new_token(&[Scope::View, Scope::Administer])));
    let Ok(Answer::Token(token)) = made else { panic!("{made:?}") };
    let program = house.who(TokenHash([8; 32])).administer().unwrap();
    let revoked = Setting::DeleteToken(cap, token.id);
    assert_eq!(house.after(revoked, Setting::CreateRoom(program, name("Hall"))), Err(Denied::Unauthenticated));
}

#[test]
fn who_was_signed_out_meanwhile_changes_nothing_of_the_account() {
    let mut house = House::with_a_phone();
    let (member, phone) = (house.ana(), house.session_of(&super::account::PHONES_TOKEN).unwrap());
    let address = crate::mail::Address::new("eve@example.org").unwrap();
    for change in [
        AccountChange::Name { member, name: name("Eve") },
        AccountChange::Email { member, new: Some((address, crate::code::CodeHash([5; 32]))) },
        AccountChange::Email { member, new: None },
        AccountChange::EndSession { member, session: phone },
    ] {
        let mut house = House::with_a_phone();
        let by = house.session_of(&ANAS_TOKEN).unwrap();
        let answer = house.after(Setting::CloseSession(by), Setting::Account(by, change.clone()));
        assert_eq!(answer, Err(Denied::Unauthenticated), "{change:?}");
    }
    let change = AccountChange::Name { member, name: name("Anna") };
    assert!(
        house
            .after(Setting::CloseSession(house.session_of(&ANAS_TOKEN).unwrap()), Setting::Account(phone, change))
            .is_ok()
    );
}

#[test]
fn who_was_shut_out_shuts_out_nobody() {
    let mut house = House::with_a_phone();
    let (ana, session) = (house.viewer().member().unwrap(), house.viewer().session().unwrap());
    let others = AccountChange::EndOtherSessions { member: ana, keep: session };
    let answer = house.after(Setting::CloseSession(session), Setting::Account(session, others));
    assert_eq!(answer, Err(Denied::Unauthenticated));
    assert!(house.session_of(&super::account::PHONES_TOKEN).is_some());
}
