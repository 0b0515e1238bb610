//! Grants, guest links and members: who may do what, and until when.

use super::*;
use crate::access::{Giver, Hours, Level, Member, NewToken, Role, Scope, Session, Share, Target, Terms};
use crate::command::{Actor, ActorKind};
use crate::ids::{GrantId, MemberId, SessionId};

pub(super) const BENS_TOKEN: TokenHash = TokenHash([2; 32]);
pub(super) const CLEOS_TOKEN: TokenHash = TokenHash([4; 32]);
pub(super) const LINK: TokenHash = TokenHash([5; 32]);
pub(super) const BEN: MemberId = MemberId::from_raw(902);
pub(super) const CLEO: MemberId = MemberId::from_raw(904);

pub(super) fn always(target: Target, level: Level) -> Terms {
    Terms { target, level, until: None, hours: None }
}

impl House {
    /// Ana's home with so many relays; Ben is a member and Cleo a guest, both signed in.
    pub(super) fn with_people(relays: usize) -> Self {
        let mut house = Self::with_relays(relays);
        let mut effects = Vec::new();
        for (id, who, role, token) in [(BEN, "Ben", Role::Member, BENS_TOKEN), (CLEO, "Cleo", Role::Guest, CLEOS_TOKEN)]
        {
            let access = &house.view.access;
            let (ana, hers) = (access.members().next().unwrap(), access.sessions.values().next().unwrap());
            let member = Member { id, name: name(who), role, ..Member::clone(ana) };
            let session = Session { id: SessionId::from_raw(id.raw()), member: id, token, ..hers.clone() };
            house.home.apply_record(Record::Member(Arc::new(member)), &mut effects);
            house.home.apply_record(Record::Session(session), &mut effects);
        }
        house.collect(effects);
        house
    }

    pub(super) fn who(&self, token: TokenHash) -> Viewer {
        self.view.access.viewer(&token).expect("signed in")
    }

    pub(super) fn share(&self, token: TokenHash) -> Share {
        self.who(token).share().expect("may share")
    }

    pub(super) fn give(&mut self, by: TokenHash, to: MemberId, terms: Terms) -> Result<GrantId, Denied> {
        let cap = self.share(by);
        let request = self.setting(Setting::CreateGrant(cap, to, terms));
        self.written_ok();
        match self.answer(request) {
            Ok(Answer::Grant(grant)) => Ok(grant.id),
            Err(denied) => Err(denied.clone()),
            other => panic!("not a grant: {other:?}"),
        }
    }

    fn take_back(&mut self, by: TokenHash, grant: GrantId) -> Result<Answer, Denied> {
        let cap = self.share(by);
        let request = self.setting(Setting::DeleteGrant(cap, grant));
        self.written_ok();
        self.answer(request).clone()
    }

    pub(super) fn link(&mut self, by: TokenHash, terms: Terms) -> Result<Answer, Denied> {
        let cap = self.share(by);
        let request = self.setting(Setting::CreateGuestLink(cap, name("Cat sitter"), LINK, terms));
        self.written_ok();
        self.answer(request).clone()
    }

    pub(super) fn until_ms(&self, millis: u64) -> Option<Wall> {
        Some(Wall::from_millis(self.now.wall.as_millis() + millis))
    }

    /// Whether they may see, and move, each switch.
    pub(super) fn rights(&self, token: TokenHash) -> Vec<(bool, bool)> {
        let who = self.who(token);
        self.view.switches.iter().map(|switch| (who.may_view(switch.id), who.may_operate(switch.id))).collect()
    }

    pub(super) fn admin(&mut self, setting: Setting) -> Result<Answer, Denied> {
        let request = self.setting(setting);
        self.written_ok();
        self.answer(request).clone()
    }

    fn room_of(&mut self, relay: usize, called: &str) -> RoomId {
        let switch = self.switch_id(relay);
        let request = self.setting(Setting::CreateRoom(Administer::console(), name(called)));
        self.written_ok();
        let Ok(Answer::Room(room)) = self.answer(request).clone() else { panic!("a room") };
        let edit = Edit { name: None, room: Some(Some(room.id)) };
        self.setting(Setting::UpdateSwitch(Administer::console(), switch, edit));
        self.written_ok();
        room.id
    }
}

const NOTHING: (bool, bool) = (false, false);
const SEES: (bool, bool) = (true, false);
const MOVES: (bool, bool) = (true, true);

#[test]
fn without_a_grant_there_is_nothing_and_with_one_only_what_it_says() {
    let mut house = House::with_people(3);
    let (first, second) = (house.switch_id(1), house.switch_id(2));
    assert_eq!(house.rights(ANAS_TOKEN), [MOVES; 3]);
    assert_eq!(house.rights(BENS_TOKEN), [NOTHING; 3]);
    house.give(ANAS_TOKEN, BEN, always(Target::Switch(first), Level::View)).unwrap();
    let grant = house.give(ANAS_TOKEN, BEN, always(Target::Switch(second), Level::Operate)).unwrap();
    assert_eq!(house.rights(BENS_TOKEN), [SEES, MOVES, NOTHING]);
    assert_eq!(house.rights(CLEOS_TOKEN), [NOTHING; 3]);
    let ben = house.who(BENS_TOKEN);
    assert_eq!(ben.operate(first).unwrap_err(), Denied::Forbidden);
    assert_eq!(ben.operate(house.switch_id(3)).unwrap_err(), Denied::NotFound("switch"));
    assert_eq!(ben.shared_by(second), Some(&Actor::member(&name("Ana"))));
    let device = house.view.devices[0].id;
    assert!(!ben.may_view_device(device), "a switch can be shown to someone who is shown no device");
    house.take_back(ANAS_TOKEN, grant).unwrap();
    assert_eq!(house.rights(BENS_TOKEN), [SEES, NOTHING, NOTHING]);
    house.give(ANAS_TOKEN, BEN, always(Target::Device(device), Level::View)).unwrap();
    assert!(house.who(BENS_TOKEN).may_view_device(device));
    house.give(ANAS_TOKEN, CLEO, always(Target::Home, Level::Operate)).unwrap();
    assert_eq!(house.rights(CLEOS_TOKEN), [MOVES; 3]);
    assert!(!house.who(CLEOS_TOKEN).may_view_device(device), "guests are shown no hardware");
}

#[test]
fn what_is_moved_into_a_room_comes_with_it_and_goes_with_it() {
    let mut house = House::with_people(2);
    let hall = house.room_of(1, "Hall");
    house.give(ANAS_TOKEN, CLEO, always(Target::Room(hall), Level::Operate)).unwrap();
    assert_eq!(house.rights(CLEOS_TOKEN), [MOVES, NOTHING]);
    assert!(house.who(CLEOS_TOKEN).may_view_room(hall));
    let attic = house.room_of(1, "Attic");
    assert_eq!(house.rights(CLEOS_TOKEN), [NOTHING; 2]);
    assert!(!house.who(CLEOS_TOKEN).may_view_room(attic));
    house.admin(Setting::DeleteRoom(Administer::console(), hall)).unwrap();
    assert_eq!((house.rights(CLEOS_TOKEN), house.view.access.grants().count()), (vec![NOTHING; 2], 0));
}

#[test]
fn a_grant_ends_at_its_time_and_no_clock_brings_it_again() {
    let mut house = House::with_people(1);
    let (end, switch) = (house.until_ms(10_000), house.switch_id(1));
    let terms = Terms { until: end, ..always(Target::Switch(switch), Level::Operate) };
    let grant = house.give(ANAS_TOKEN, CLEO, terms).unwrap();
    let cap = house.who(CLEOS_TOKEN).operate(switch).unwrap();
    assert_eq!(house.who(CLEOS_TOKEN).until(), end);
    while house.rights(CLEOS_TOKEN) == [MOVES] {
        let due = house.home.next_deadline().expect("something hangs on the clock");
        let wait = due.since(house.now.mono);
        assert!(!wait.is_zero() && wait <= Duration::from_secs(1));
        house.now.mono = due;
        house.now.wall = Wall::from_millis(house.now.wall.as_millis() + u64::try_from(wait.as_millis()).unwrap());
        house.tick();
    }
    assert_eq!(Some(house.now.wall), end, "neither sooner nor later");
    assert!(matches!(&house.written[house.written.len() - 2..], [Record::GrantDeleted(ended), _] if *ended == grant));
    let (sent, timeout) = (house.sent.len(), Duration::from_secs(5));
    let ask = |request| Input::SetSwitch { cap, request, on: true, timeout, request_id: None };
    let request = house.ask(ask);
    assert_eq!((house.answer(request), house.sent.len()), (&Err(Denied::NotFound("switch")), sent));
    house.now.wall = Wall::from_millis(house.now.wall.as_millis() - 60_000);
    house.tick();
    assert_eq!(house.rights(CLEOS_TOKEN), [NOTHING]);
    assert_eq!(house.home.next_deadline(), None, "nothing hangs on the clock any more");
}

#[test]
fn an_end_comes_before_whatever_arrives_after_it() {
    let mut house = House::with_people(1);
    let terms = Terms { until: house.until_ms(10_000), ..always(Target::Home, Level::Operate) };
    house.give(ANAS_TOKEN, CLEO, terms).unwrap();
    let cap = house.who(CLEOS_TOKEN).operate(house.switch_id(1)).unwrap();
    let (sent, timeout) = (house.sent.len(), Duration::from_secs(5));
    let ask = |request| Input::SetSwitch { cap, request, on: true, timeout, request_id: None };
    let request = house.wait_ms(10_000).ask(ask);
    assert_eq!((house.answer(request), house.sent.len()), (&Err(Denied::NotFound("switch")), sent));
}

#[test]
fn what_hangs_on_the_clock_waits_until_it_can_be_believed() {
    let mut house = House::with_people(1);
    let terms = Terms { until: house.until_ms(600_000), ..always(Target::Home, Level::Operate) };
    house.give(ANAS_TOKEN, CLEO, terms).unwrap();
    house.link(ANAS_TOKEN, terms).unwrap();
    assert_eq!((house.rights(CLEOS_TOKEN), house.rights(LINK)), (vec![MOVES], vec![MOVES]));
    (house.now.wall, house.now.wall_trusted) = (Wall::from_millis(5), false);
    house.tick();
    assert_eq!(house.rights(CLEOS_TOKEN), [NOTHING]);
    assert_eq!(house.view.access.viewer(&LINK), None);
    house.now.wall_trusted = true;
    house.wait_ms(1_000).tick();
    assert_eq!((house.rights(CLEOS_TOKEN), house.rights(LINK)), (vec![MOVES], vec![MOVES]));
    // The clock steps past the end.
    house.now.wall = terms.until.unwrap();
    house.wait_ms(1_000).tick();
    assert_eq!((house.rights(CLEOS_TOKEN), house.view.access.viewer(&LINK)), (vec![NOTHING], None));
    let request = house.give(ANAS_TOKEN, CLEO, terms);
    assert!(matches!(request, Err(Denied::BadInput { field: "until", .. })));
}

#[test]
fn hours_begin_and_end_in_the_home_s_zone() {
    let mut house = House::with_people(1);
    // 14 November 2023, 22:13:20 UTC, a Tuesday; an hour east it is 23:13.
    let hours = Hours::new(0b10, 23 * 60 + 30, 30);
    house.give(ANAS_TOKEN, CLEO, Terms { hours, ..always(Target::Home, Level::Operate) }).unwrap();
    let mut seen = vec![(house.now.wall, false)];
    house.handle(Input::ZoneOffset(60));
    while seen.len() < 3 {
        let wait = house.home.next_deadline().unwrap().since(house.now.mono);
        house.wait_ms(u64::try_from(wait.as_millis()).unwrap()).tick();
        let holds = house.rights(CLEOS_TOKEN) == [MOVES];
        if seen.last().unwrap().1 != holds {
            seen.push((house.now.wall, holds));
        }
    }
    let minutes: Vec<_> = seen[1..].iter().map(|(at, _)| (at.as_millis() - 1_700_000_000_000) / 1_000).collect();
    assert_eq!(minutes, [16 * 60 + 40, 76 * 60 + 40], "half past eleven until half past midnight");
}

#[test]
fn a_member_shares_what_an_owner_let_them_move_and_it_ends_with_their_right() {
    let mut house = House::with_people(2);
    let (mine, other) = (Target::Switch(house.switch_id(1)), Target::Switch(house.switch_id(2)));
    assert!(!house.who(BENS_TOKEN).may_share());
    assert_eq!(house.give(BENS_TOKEN, CLEO, always(mine, Level::View)), Err(Denied::NotFound("switch")));
    let from_ana = house.give(ANAS_TOKEN, BEN, always(mine, Level::Operate)).unwrap();
    house.give(ANAS_TOKEN, BEN, always(other, Level::View)).unwrap();
    assert!(house.who(BENS_TOKEN).may_share());
    for (target, denied) in [
        (other, Denied::Forbidden),
        (Target::Home, Denied::Forbidden),
        (Target::Device(house.view.devices[0].id), Denied::Forbidden),
        (Target::Room(RoomId::from_raw(7)), Denied::NotFound("room")),
    ] {
        assert_eq!(house.give(BENS_TOKEN, CLEO, always(target, Level::View)), Err(denied), "{target:?}");
    }
    let from_ben = house.give(BENS_TOKEN, CLEO, always(mine, Level::Operate)).unwrap();
    house.link(BENS_TOKEN, Terms { until: house.until_ms(60_000), ..always(mine, Level::Operate) }).unwrap();
    assert_eq!((house.rights(CLEOS_TOKEN), house.rights(LINK)), (vec![MOVES, NOTHING], vec![MOVES, NOTHING]));
    assert_eq!(house.who(LINK).actor(), Actor { kind: ActorKind::Guest, name: "Cat sitter".into() });
    assert_eq!(house.who(CLEOS_TOKEN).share().unwrap_err(), Denied::Forbidden);
    assert_eq!(house.take_back(BENS_TOKEN, from_ana), Err(Denied::Forbidden));
    house.take_back(ANAS_TOKEN, from_ana).unwrap();
    assert_eq!((house.rights(CLEOS_TOKEN), house.rights(LINK)), (vec![NOTHING; 2], vec![NOTHING; 2]));
    // Their right comes again, and with it what rests on it.
    house.give(ANAS_TOKEN, BEN, always(Target::Home, Level::Operate)).unwrap();
    assert_eq!(house.rights(CLEOS_TOKEN), [MOVES, NOTHING]);
    house.take_back(BENS_TOKEN, from_ben).unwrap();
    assert_eq!(house.rights(CLEOS_TOKEN), [NOTHING; 2]);
    // Who is a guest shares nothing, whatever they shared before.
    house.give(BENS_TOKEN, CLEO, always(Target::Home, Level::View)).unwrap();
    assert_eq!(house.rights(CLEOS_TOKEN), [SEES; 2]);
    let demote = MemberEdit { name: None, role: Some(Role::Guest) };
    house.admin(Setting::UpdateMember(Administer::console(), BEN, demote)).unwrap();
    assert_eq!((house.rights(BENS_TOKEN), house.rights(CLEOS_TOKEN)), (vec![MOVES; 2], vec![NOTHING; 2]));
}

#[test]
fn what_is_shared_on_is_never_shared_further() {
    let mut house = House::with_people(1);
    let promote = MemberEdit { name: None, role: Some(Role::Member) };
    house.admin(Setting::UpdateMember(Administer::console(), CLEO, promote)).unwrap();
    let target = Target::Switch(house.switch_id(1));
    house.give(ANAS_TOKEN, BEN, always(target, Level::Operate)).unwrap();
    house.give(BENS_TOKEN, CLEO, always(target, Level::Operate)).unwrap();
    assert_eq!(house.rights(CLEOS_TOKEN), [MOVES]);
    assert!(!house.who(CLEOS_TOKEN).may_share());
    assert_eq!(house.give(CLEOS_TOKEN, BEN, always(target, Level::View)), Err(Denied::Forbidden));
}

#[test]
fn the_last_owner_stays_and_who_goes_leaves_nothing_behind() {
    let mut house = House::with_people(1);
    let ana = house.viewer().member().unwrap();
    let console = Administer::console;
    let demote = MemberEdit { name: None, role: Some(Role::Member) };
    assert!(matches!(house.admin(Setting::DeleteMember(console(), ana)), Err(Denied::Conflict(_))));
    assert!(matches!(house.admin(Setting::UpdateMember(console(), ana, demote.clone())), Err(Denied::Conflict(_))));
    house.give(ANAS_TOKEN, BEN, always(Target::Home, Level::Operate)).unwrap();
    house.give(BENS_TOKEN, CLEO, always(Target::Home, Level::View)).unwrap();
    let promote = MemberEdit { name: Some(name("Bert")), role: Some(Role::Owner) };
    house.admin(Setting::UpdateMember(console(), BEN, promote)).unwrap();
    assert_eq!((house.who(BENS_TOKEN).name(), house.rights(BENS_TOKEN)), (&name("Bert"), vec![MOVES]));
    house.admin(Setting::UpdateMember(console(), ana, demote)).unwrap();
    assert_eq!(house.rights(ANAS_TOKEN), [NOTHING]);
    house.admin(Setting::DeleteMember(console(), ana)).unwrap();
    assert_eq!(house.view.access.viewer(&ANAS_TOKEN), None);
    assert_eq!(house.rights(CLEOS_TOKEN), [SEES], "it rests on an owner now");
    let taken = MemberEdit { name: Some(name("bert")), role: None };
    assert!(house.admin(Setting::UpdateMember(console(), CLEO, taken)).is_err());
    house.admin(Setting::DeleteMember(console(), CLEO)).unwrap();
    assert_eq!(house.view.access.grants().filter(|grant| grant.to == CLEO).count(), 0);
    assert_eq!(house.admin(Setting::DeleteMember(console(), CLEO)), Err(Denied::NotFound("member")));
}

#[test]
fn an_owner_is_given_nothing_and_a_link_has_an_end() {
    let mut house = House::with_people(1);
    let ana = house.viewer().member().unwrap();
    let terms = always(Target::Home, Level::Operate);
    assert!(matches!(house.give(ANAS_TOKEN, ana, terms), Err(Denied::Conflict(_))));
    assert_eq!(house.give(ANAS_TOKEN, MemberId::from_raw(7), terms), Err(Denied::NotFound("member")));
    assert!(matches!(house.link(ANAS_TOKEN, terms), Err(Denied::BadInput { field: "until", .. })));
}

#[test]
fn a_person_comes_with_what_was_promised_as_far_as_it_can_be_given() {
    let mut house = House::with_people(2);
    let by = Giver { actor: Actor::of_kind(ActorKind::Console), rests_on: None };
    let (now, good) = (house.now, always(Target::Switch(house.switch_id(2)), Level::Operate));
    let over = Terms { until: Some(now.wall), ..good };
    let gone = always(Target::Room(RoomId::from_raw(7)), Level::View);
    let ana = Member::clone(house.view.access.members().next().unwrap());
    let dora =
        |called: &str| Member { id: MemberId::from_raw(905), name: name(called), role: Role::Guest, ..ana.clone() };
    assert!(house.home.plan_new_member(&now, dora("ben"), &[good], &by).is_err(), "the name is taken");
    let records = house.home.plan_new_member(&now, dora("Dora"), &[over, good, gone], &by).unwrap();
    let [Record::Member(member), Record::Grant(grant)] = &records[..] else { panic!("{records:?}") };
    assert_eq!((member.name.as_str(), grant.to, grant.terms), ("Dora", member.id, good));
}

/// Row "sessions" of the security checklist: what has an end, when the clock leaps over it and back.
#[test]
fn row_sessions_what_a_leaping_clock_ended_stays_ended_across_a_restart() {
    let mut house = House::with_people(1);
    let people = &house.view.access;
    let mut known: Vec<_> = people.members.values().cloned().map(Record::Member).collect();
    known.extend(people.sessions.values().cloned().map(Record::Session));
    let before = house.now.wall;
    let terms = Terms { until: house.until_ms(600_000), ..always(Target::Home, Level::Operate) };
    house.give(ANAS_TOKEN, CLEO, terms).unwrap();
    house.link(ANAS_TOKEN, terms).unwrap();
    let token = TokenHash([6; 32]);
    let new = NewToken { name: name("Panel"), token, scopes: [Scope::View].into(), expires_at: terms.until };
    let cap = house.viewer().hold_tokens().unwrap();
    house.setting(Setting::CreateToken(cap, new));
    house.written_ok();
    let is_in = |house: &House| {
        let access = &house.view.access;
        let cleo = access.viewer(&CLEOS_TOKEN).is_some_and(|cleo| cleo.operate(house.switch_id(1)).is_ok());
        [cleo, access.viewer(&LINK).is_some(), access.viewer(&token).is_some()]
    };
    assert_eq!(is_in(&house), [true; 3]);
    house.now.wall = Wall::from_millis(before.as_millis() + 31_536_000_000);
    house.wait_ms(1_000).tick();
    assert_eq!(is_in(&house), [false; 3], "a leap of a year");
    house.now.wall = before;
    house.wait_ms(1_000).tick();
    assert_eq!(is_in(&house), [false; 3], "and back");
    let mut after = House::load(2, [known, house.written.clone()].concat());
    after.now.wall = before;
    after.wait_ms(1_000).tick();
    assert_eq!(is_in(&after), [false; 3], "and a restart");
}
