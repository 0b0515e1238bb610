//! Invitations.

use super::*;
use crate::access::{Client, Level, Role, Target, Terms};
use crate::code::CodeHash;
use crate::identity::Proof;
use crate::ids::{InvitationId, MemberId};
use crate::invitation::{Acceptance, Invitation, MAX_INVITATIONS, NewInvitation, Offer};
use crate::mail::Address;

pub(super) const CODE: CodeHash = CodeHash([5; 32]);
pub(super) const BENS_TOKEN: TokenHash = TokenHash([2; 32]);
const HOUR_MS: u64 = 60 * 60 * 1_000;

impl House {
    pub(super) fn of_ana() -> Self {
        let mut house = Self::unclaimed();
        house.claim("Ana", ANAS_TOKEN);
        house.written_ok();
        house
    }

    pub(super) fn new_invitation(&self) -> NewInvitation {
        let inviter = self.viewer().member().expect("Ana is a person");
        NewInvitation {
            role: Role::Member,
            inviter,
            grants: Vec::new(),
            code: CODE,
            expires_at: None,
            uses: 1,
            email: None,
        }
    }

    pub(super) fn invite(&mut self, new: NewInvitation) -> Result<Arc<Invitation>, Denied> {
        self.invite_by(ANAS_TOKEN, new)
    }

    fn invite_by(&mut self, token: TokenHash, new: NewInvitation) -> Result<Arc<Invitation>, Denied> {
        let cap = self.view.access.viewer(&token).unwrap().share()?;
        let request = self.setting(Setting::CreateInvitation(cap, new));
        self.written_ok();
        match self.answer(request).clone() {
            Ok(Answer::Invitation(invitation)) => Ok(invitation),
            Ok(other) => panic!("not an invitation: {other:?}"),
            Err(denied) => Err(denied),
        }
    }

    pub(super) fn ends_in(&self, millis: u64) -> Option<Wall> {
        Some(Wall::from_millis(self.now.wall.as_millis() + millis))
    }

    fn offer(&mut self, code: Option<CodeHash>) -> Result<Offer, Denied> {
        let address = [192, 0, 2, 7].into();
        let request = self.ask(|request| Input::TryInvitation { request, code, address });
        match self.answer(request).clone() {
            Ok(Answer::Offer(offer)) => Ok(offer),
            Ok(other) => panic!("not an offer: {other:?}"),
            Err(denied) => Err(denied),
        }
    }

    fn begin_to_accept(&mut self, who: &str, token: TokenHash) -> Request {
        self.setting(Setting::AcceptInvitation(Acceptance {
            code: CODE,
            name: name(who),
            proof: Proof::Password("hash".into()),
            email: None,
            token,
            client: Client::default(),
        }))
    }

    fn accept(&mut self, who: &str, token: TokenHash) -> Result<Viewer, Denied> {
        let request = self.begin_to_accept(who, token);
        self.written_ok();
        match self.answer(request).clone() {
            Ok(Answer::Viewer(viewer)) => Ok(viewer),
            Ok(other) => panic!("not a viewer: {other:?}"),
            Err(denied) => Err(denied),
        }
    }
}

fn is_not_good<T: std::fmt::Debug>(answer: Result<T, Denied>) -> bool {
    matches!(answer, Err(Denied::BadInput { field: "code", .. }))
}

#[test]
fn whoever_holds_the_code_becomes_what_the_invitation_says_once() {
    let mut house = House::of_ana();
    house.invite(house.new_invitation()).unwrap();
    let offer = Offer { home: name("Home"), by: name("Ana"), role: Role::Member, email: None };
    assert_eq!(house.offer(Some(CODE)), Ok(offer));
    let ben = house.accept("Ben", BENS_TOKEN).unwrap();
    assert_eq!((ben.name(), ben.role()), (&name("Ben"), Role::Member));
    assert_eq!(house.view.access.viewer(&BENS_TOKEN), Some(ben));
    assert!(house.view.invitations.is_empty());
    assert!(is_not_good(house.offer(Some(CODE))) && is_not_good(house.accept("Zoe", TokenHash([9; 32]))));
    let after = House::load(2, house.written.clone());
    assert!(after.view.access.viewer(&BENS_TOKEN).is_some() && after.view.invitations.is_empty());
}

#[test]
fn of_two_who_accept_at_once_one_comes_in() {
    let mut house = House::of_ana();
    house.invite(house.new_invitation()).unwrap();
    let (ben, zoe) = (house.begin_to_accept("Ben", BENS_TOKEN), house.begin_to_accept("Zoe", TokenHash([9; 32])));
    assert!(!house.is_answered(ben) && !house.is_answered(zoe), "not before it is on disk");
    house.written_ok();
    assert!(house.answer(ben).is_ok() && is_not_good(house.answer(zoe).clone()));
}

#[test]
fn what_cannot_be_taken_burns_no_use() {
    let mut house = House::of_ana();
    house.invite(house.new_invitation()).unwrap();
    for taken in ["Ana", " ANA", "\u{410}na", "123"] {
        let denied = house.accept(taken, BENS_TOKEN);
        assert!(matches!(denied, Err(Denied::BadInput { field: "name", .. })), "{taken:?}: {denied:?}");
    }
    let ben = house.begin_to_accept("Ben", BENS_TOKEN);
    house.write_fails();
    assert_eq!(*house.answer(ben), Err(Denied::Storage));
    assert!(house.view.access.viewer(&BENS_TOKEN).is_none());
    assert!(house.accept("Ben", BENS_TOKEN).is_ok());
}

#[test]
fn an_invitation_for_several_lets_in_as_many() {
    let mut house = House::of_ana();
    house.invite(NewInvitation { uses: 2, role: Role::Guest, ..house.new_invitation() }).unwrap();
    assert_eq!(house.accept("Ben", BENS_TOKEN).unwrap().role(), Role::Guest);
    assert_eq!(house.view.invitations[0].uses_left, 1);
    let mut house = House::load(2, house.written.clone());
    assert!(house.accept("Zoe", TokenHash([9; 32])).is_ok());
    assert!(is_not_good(house.accept("Ida", TokenHash([8; 32]))));
}

#[test]
fn an_invitation_that_ended_stays_so_though_the_clock_steps_back() {
    let mut house = House::of_ana();
    house.invite(NewInvitation { expires_at: house.ends_in(HOUR_MS), ..house.new_invitation() }).unwrap();
    let before = house.now;
    assert!(house.wait_ms(HOUR_MS - 1).offer(Some(CODE)).is_ok());
    assert!(is_not_good(house.wait_ms(1).offer(Some(CODE))));
    house.now.wall = before.wall;
    assert!(is_not_good(house.offer(Some(CODE))) && is_not_good(house.accept("Ben", BENS_TOKEN)));
    assert!(house.view.invitations.is_empty());
    let mut after = House::load(2, house.written.clone());
    after.now.wall = before.wall;
    assert!(is_not_good(after.offer(Some(CODE))), "a restart forgets no end");
}

#[test]
fn with_an_end_it_opens_nothing_by_a_clock_that_is_not_trusted() {
    let mut house = House::of_ana();
    house.invite(NewInvitation { expires_at: house.ends_in(HOUR_MS), ..house.new_invitation() }).unwrap();
    house.now.wall_trusted = false;
    assert!(is_not_good(house.offer(Some(CODE))) && is_not_good(house.accept("Ben", BENS_TOKEN)));
    assert!(is_not_good(house.wait_ms(2 * HOUR_MS).offer(Some(CODE))));
    house.now.wall = Wall::from_millis(house.now.wall.as_millis() - 2 * HOUR_MS);
    house.now.wall_trusted = true;
    assert!(house.offer(Some(CODE)).is_ok(), "nothing ended by a clock that nobody trusts");
    let mut house = House::of_ana();
    house.invite(house.new_invitation()).unwrap();
    house.now.wall_trusted = false;
    assert!(house.accept("Ben", BENS_TOKEN).is_ok(), "without an end no clock is asked");
}

#[test]
fn one_taken_back_opens_nothing() {
    let mut house = House::of_ana();
    let id = house.invite(house.new_invitation()).unwrap().id;
    let cap = house.viewer().share().unwrap();
    let request = house.setting(Setting::DeleteInvitation(cap.clone(), id));
    house.written_ok();
    assert_eq!(*house.answer(request), Ok(Answer::Done));
    assert!(is_not_good(house.accept("Ben", BENS_TOKEN)));
    let request = house.setting(Setting::DeleteInvitation(cap, InvitationId::from_raw(1)));
    assert_eq!(*house.answer(request), Err(Denied::NotFound("invitation")));
}

#[test]
fn it_rests_on_who_invites() {
    let mut house = House::of_ana();
    let stranger = NewInvitation { inviter: MemberId::from_raw(7), ..house.new_invitation() };
    assert_eq!(house.invite(stranger), Err(Denied::Forbidden));
    house.invite(NewInvitation { uses: 2, ..house.new_invitation() }).unwrap();
    let ben = house.accept("Ben", BENS_TOKEN).unwrap().member().unwrap();
    let of_ben = NewInvitation { inviter: ben, ..house.new_invitation() };
    assert_eq!(house.invite_by(BENS_TOKEN, of_ben), Err(Denied::Forbidden), "he shares nothing");
    let mut records = house.written.clone();
    for record in &mut records {
        if let Record::Member(member) = record
            && member.name == name("Ana")
        {
            *record = Record::Member(Arc::new(crate::access::Member { role: Role::Guest, ..(**member).clone() }));
        }
    }
    let mut house = House::load(2, records);
    assert!(is_not_good(house.offer(Some(CODE))), "Ana is no owner any more");
}

#[test]
fn what_is_asked_for_is_bounded() {
    let mut house = House::of_ana();
    let email = Some((Address::new("ben@example.org").unwrap(), CodeHash([8; 32])));
    let day = 24 * HOUR_MS;
    for (new, field) in [
        (NewInvitation { uses: 0, ..house.new_invitation() }, "uses"),
        (NewInvitation { uses: 17, ..house.new_invitation() }, "uses"),
        (NewInvitation { uses: 2, email, ..house.new_invitation() }, "uses"),
        (NewInvitation { expires_at: house.ends_in(0), ..house.new_invitation() }, "expiresAt"),
        (NewInvitation { expires_at: house.ends_in(90 * day + 1), ..house.new_invitation() }, "expiresAt"),
    ] {
        assert!(matches!(house.invite(new), Err(Denied::BadInput { field: bad, .. }) if bad == field), "{field}");
    }
    for number in 0..MAX_INVITATIONS {
        let code = CodeHash([u8::try_from(number).unwrap() + 100; 32]);
        let expires_at = house.ends_in(90 * day);
        house.invite(NewInvitation { code, expires_at, ..house.new_invitation() }).unwrap();
    }
    assert!(matches!(house.invite(house.new_invitation()), Err(Denied::Conflict(_))));
    house.wait_ms(90 * day);
    assert!(house.invite(house.new_invitation()).is_ok(), "those that ended take no room");
}

#[test]
fn guessing_codes_gets_slower() {
    let mut house = House::of_ana();
    house.invite(house.new_invitation()).unwrap();
    for code in [None, Some(CodeHash([6; 32])), None, None, None] {
        assert!(is_not_good(house.offer(code)));
    }
    assert!(matches!(house.offer(Some(CODE)), Err(Denied::RateLimited { .. })), "also the right one has to wait");
    assert!(house.wait_ms(1_000).offer(Some(CODE)).is_ok());
}

#[test]
fn who_comes_may_at_once_do_what_the_invitation_gives() {
    let mut house = House::with_relays(2);
    let lamp = house.switch_id(1);
    let terms = Terms { target: Target::Switch(lamp), level: Level::Operate, until: None, hours: None };
    house.invite(NewInvitation { grants: vec![terms], ..house.new_invitation() }).unwrap();
    let ben = house.accept("Ben", BENS_TOKEN).unwrap();
    assert!(ben.may_operate(lamp) && !ben.may_view(house.switch_id(2)));
    let unknown = Terms { target: Target::Switch(crate::ids::SwitchId::from_raw(9)), ..terms };
    let denied = house.invite(NewInvitation { grants: vec![unknown], ..house.new_invitation() });
    assert_eq!(denied, Err(Denied::NotFound("switch")));
    let many = NewInvitation { grants: vec![terms; 17], ..house.new_invitation() };
    assert!(matches!(house.invite(many), Err(Denied::BadInput { field: "grants", .. })));
}

#[test]
fn a_member_invites_to_what_they_may_share_and_what_they_gave_ends_with_them() {
    let mut house = House::with_relays(2);
    let (lamp, other) = (house.switch_id(1), house.switch_id(2));
    let terms = |switch| Terms { target: Target::Switch(switch), level: Level::Operate, until: None, hours: None };
    house.invite(NewInvitation { grants: vec![terms(lamp)], ..house.new_invitation() }).unwrap();
    let ben = house.accept("Ben", BENS_TOKEN).unwrap().member().unwrap();
    let of_ben = |house: &House| NewInvitation { inviter: ben, role: Role::Guest, uses: 2, ..house.new_invitation() };
    for (role, grants) in [(Role::Owner, vec![terms(lamp)]), (Role::Guest, vec![])] {
        let new = NewInvitation { role, grants, ..of_ben(&house) };
        assert_eq!(house.invite_by(BENS_TOKEN, new), Err(Denied::Forbidden), "{role:?}");
    }
    let new = NewInvitation { grants: vec![terms(other)], ..of_ben(&house) };
    assert_eq!(house.invite_by(BENS_TOKEN, new), Err(Denied::NotFound("switch")), "he may not see it");
    let new = NewInvitation { grants: vec![terms(lamp)], ..of_ben(&house) };
    let made = house.invite_by(BENS_TOKEN, new).unwrap();
    let zoe = TokenHash([9; 32]);
    assert!(house.accept("Zoe", zoe).unwrap().may_operate(lamp));
    let cap = house.viewer().administer().unwrap();
    let request = house.setting(Setting::DeleteMember(cap, ben));
    house.written_ok();
    assert_eq!(*house.answer(request), Ok(Answer::Done));
    assert!(!house.view.access.viewer(&zoe).unwrap().may_view(lamp), "what rests on him ends with him");
    assert!(house.view.invitations.iter().all(|left| left.id != made.id) && is_not_good(house.offer(Some(CODE))));
}

#[test]
fn one_that_ends_while_a_use_of_it_is_written_stays_ended() {
    let mut house = House::of_ana();
    let expires_at = house.ends_in(HOUR_MS);
    house.invite(NewInvitation { uses: 2, expires_at, ..house.new_invitation() }).unwrap();
    let before = house.now.wall;
    let ben = house.begin_to_accept("Ben", BENS_TOKEN);
    house.wait_ms(HOUR_MS).tick();
    house.now.wall = before;
    house.written_ok();
    assert!(house.answer(ben).is_ok(), "they came in time");
    assert!(is_not_good(house.offer(Some(CODE))) && house.view.invitations.is_empty());
    let mut after = House::load(2, house.written.clone());
    after.now.wall = before;
    assert!(is_not_good(after.offer(Some(CODE))), "a restart forgets no end");
}
