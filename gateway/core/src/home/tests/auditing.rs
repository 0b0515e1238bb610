//! Every change of settings is in the record.

use super::sharing::{BENS_TOKEN, CLEO, always};
use super::*;
use crate::access::{Level, NewToken, Role, Scope, Target, Terms};
use crate::audit::Kind;
use crate::code::CodeHash;
use crate::command::ActorKind;
use crate::identity::Proof;
use crate::invitation::{Acceptance, NewInvitation};
use crate::mail::Address;

/// What, who, to what, and how.
type Told = (Kind, ActorKind, String, String);

fn told(kind: Kind, actor: ActorKind, subject: &str, text: &str) -> Told {
    (kind, actor, subject.to_owned(), text.to_owned())
}

impl House {
    /// The lines of the record, but for what relays did.
    pub(super) fn lines(&self) -> Vec<Told> {
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
    let line = told;
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

const CODE: CodeHash = CodeHash([5; 32]);

impl House {
    fn invites(&mut self, role: Role, email: Option<Address>, expires_at: Option<Wall>) -> Request {
        let (cap, inviter) = (self.viewer().share().unwrap(), self.viewer().member().unwrap());
        let uses = if email.is_some() { 1 } else { 2 };
        let new = NewInvitation {
            role,
            inviter,
            grants: Vec::new(),
            code: CODE,
            expires_at,
            uses,
            email: email.map(|email| (email, CodeHash([8; 32]))),
        };
        let request = self.setting(Setting::CreateInvitation(cap, new));
        self.written_ok();
        request
    }
}

#[test]
fn what_ends_on_time_has_one_line_each_in_the_same_write() {
    let mut house = House::with_people(1);
    let terms = Terms { until: house.until_ms(60_000), ..always(Target::Home, Level::View) };
    house.give(ANAS_TOKEN, CLEO, terms).unwrap();
    house.link(ANAS_TOKEN, terms).unwrap();
    let new = NewToken {
        name: name("Panel"),
        scopes: [Scope::View].into(),
        token: TokenHash([8; 32]),
        expires_at: terms.until,
    };
    let request = house.setting(Setting::CreateToken(house.viewer().hold_tokens().unwrap(), new));
    house.written_ok();
    assert!(house.answer(request).is_ok());
    house.invites(Role::Guest, None, terms.until);
    let before = house.lines().len();
    let effects = house.wait_ms(60_000).handle(Input::Tick);
    let clock = ActorKind::Automation;
    let ended = [
        told(Kind::GrantEnded, clock, "Cleo", "the whole home, to see, for a time"),
        told(Kind::GuestLinkEnded, clock, "Cat sitter", ""),
        told(Kind::TokenEnded, clock, "Panel", ""),
        told(Kind::InvitationEnded, clock, "someone", "invited by Ana, as a guest"),
    ];
    assert_eq!(house.lines()[before..], ended);
    for effect in &effects {
        let Effect::Write { records, .. } = effect else { continue };
        let lines = records.iter().filter(|record| matches!(record, Record::Entry(_))).count();
        assert_eq!(lines * 2, records.len(), "each end is on disk with its line: {records:?}");
    }
    house.wait_ms(60_000).tick();
    let mut later = House::load(2, house.written.clone());
    later.wait_ms(60_000).tick();
    assert_eq!((house.lines().len(), later.lines().len()), (before + 4, 0), "once");
}

#[test]
fn what_ended_while_the_gateway_was_off_has_its_line_when_it_is_back() {
    let mut house = House::with_people(1);
    let terms = Terms { until: house.until_ms(5), ..always(Target::Home, Level::View) };
    house.give(ANAS_TOKEN, CLEO, terms).unwrap();
    house.now.wall_trusted = false;
    let mut records = house.written.clone();
    records.extend(house.view.access.members().cloned().map(Record::Member));
    for record in &mut records {
        if let Record::Grant(grant) = record {
            let terms = Terms { until: Some(Wall::from_millis(1)), ..grant.terms };
            *record = Record::Grant(Arc::new(crate::access::Grant { terms, ..(**grant).clone() }));
        }
    }
    let later = House::load(2, records);
    let lines = later.lines();
    assert_eq!(lines.iter().map(|line| (line.0, line.2.as_str())).collect::<Vec<_>>(), [(Kind::GrantEnded, "Cleo")]);
}

#[test]
fn the_lines_of_an_invitation_name_who_invited_and_who_came() {
    let mut house = House::with_relays(1);
    let before = house.lines().len();
    let first = house.invites(Role::Guest, None, None);
    let accept = |house: &mut House, who: &str, token| {
        let client = Client::default();
        let new = Acceptance {
            code: CODE,
            name: name(who),
            proof: Proof::Password("hash".into()),
            email: None,
            token,
            client,
        };
        house.setting(Setting::AcceptInvitation(new));
        house.written_ok();
    };
    accept(&mut house, "Ben", BENS_TOKEN);
    let Ok(Answer::Invitation(invitation)) = house.answer(first).clone() else { panic!("an invitation") };
    let cap = house.viewer().share().unwrap();
    house.setting(Setting::DeleteInvitation(cap, invitation.id));
    house.written_ok();
    house.invites(Role::Member, Some(Address::new("cleo@example.org").unwrap()), None);
    accept(&mut house, "Cleo", TokenHash([9; 32]));
    accept(&mut house, "Zoe", TokenHash([10; 32]));
    let wanted = [
        told(Kind::InvitationCreated, ActorKind::Member, "someone", "as a guest, up to 2 people"),
        told(Kind::MemberJoined, ActorKind::Guest, "Ben", "invited by Ana, as a guest"),
        told(Kind::InvitationDeleted, ActorKind::Member, "someone", "invited by Ana, as a guest"),
        told(Kind::InvitationCreated, ActorKind::Member, "someone", "as a member, by mail"),
        told(Kind::MemberJoined, ActorKind::Member, "Cleo", "invited by Ana, as a member"),
    ];
    assert_eq!(house.lines()[before..], wanted, "the last one came too late");
}

#[test]
fn codes_for_forgotten_passwords_have_lines_and_so_has_their_use() {
    let mut house = House::with_relays(1);
    let before = house.lines().len();
    let (ana, now) = (house.viewer().member().unwrap(), TokenHash([9; 32]));
    let cap = Administer::console();
    house.ask(|request| Input::OfferReset { request, cap, member: ana, code: CODE });
    let cap = house.viewer().administer().unwrap();
    house.setting(Setting::CreateRecoveryCode(cap, ana, CodeHash([6; 32])));
    house.written_ok();
    for code in [CODE, CodeHash([6; 32]), CODE] {
        let reset = Reset { code, password_hash: "new".into(), token: now, client: Client::default() };
        house.setting(Setting::ResetPassword(reset));
        house.written_ok();
    }
    let wanted = [
        told(Kind::ResetCodeCreated, ActorKind::Console, "Ana", ""),
        told(Kind::RecoveryCodeCreated, ActorKind::Member, "Ana", ""),
        told(Kind::PasswordChanged, ActorKind::Member, "Ana", "by a link made at the gateway"),
        told(Kind::PasswordChanged, ActorKind::Member, "Ana", "by the recovery code"),
    ];
    assert_eq!(house.lines()[before..], wanted, "a code that is used up changes nothing");
}
