//! Who lives here and who visits, and what they are given: people invite, come, share, take back, leave, and ask by rights
//! that may have ended since.

use crate::oracle::{Asker, By};
use crate::people::{name, password_hash};
use crate::world::{Event, MILLISECOND, World};
use gatehouse_core::access::{Client, Hours, Level, NewToken, Role, Scope, Share, Target, Terms, TokenHash, Viewer};
use gatehouse_core::home::{AccountChange, Input, MemberEdit, Setting};
use gatehouse_core::identity::Proof;
use gatehouse_core::ids::{GrantId, GuestLinkId, InvitationId, MemberId, TokenId};
use gatehouse_core::invitation::{Acceptance, NewInvitation};
use gatehouse_core::time::Wall;
use gatehouse_core::view::View;

const NAMES: [&str; 6] = ["Cleo", "Dora", "Emil", "Finn", "Cat sitter", "ana"];
const UNKNOWN: u64 = 7;

/// Who asks, and by what.
type Someone = (TokenHash, Viewer);

/// Whether their gifts are an owner's.
fn sharer((by, viewer): &Someone) -> Asker {
    let by = if viewer.administer().is_ok() { By::Owner(*by) } else { By::Resident(*by) };
    Asker::new(by, Some(viewer.actor()))
}

impl World<'_> {
    pub(crate) fn share(&mut self) {
        self.again(self.climate.share, Event::Share);
        if self.quiet {
            return;
        }
        self.use_something();
        let someone = if self.rng.coin() { self.owner() } else { self.any_viewer() };
        let Some(someone) = someone else { return };
        for _ in 0..self.rng.between(1, 2) {
            match self.rng.below(16) {
                0 | 1 => self.invite(&someone),
                2 | 3 => self.accept(),
                4..=7 => self.give(&someone),
                8 => self.take_back(&someone),
                9 | 10 => self.link(&someone),
                11 => self.make_token(&someone),
                12 => self.take_from(&someone),
                13 | 14 => self.edit_someone(&someone),
                _ => self.end_sessions(&someone),
            }
        }
    }

    fn view(&self) -> Option<&View> {
        self.gateway.as_ref().map(|gateway| &gateway.view)
    }

    /// Any of these, or one that is not there.
    fn any<T: Copy>(&mut self, all: impl Fn(&View) -> Vec<T>, unknown: T) -> T {
        let all = self.view().map(all).unwrap_or_default();
        if all.is_empty() { unknown } else { all[self.rng.index(all.len())] }
    }

    pub(crate) fn any_member(&mut self) -> MemberId {
        self.any(|view| view.access.members().map(|member| member.id).collect(), MemberId::from_raw(UNKNOWN))
    }

    /// A session or a token is used.
    fn use_something(&mut self) {
        let Some((_, viewer)) = self.any_viewer() else { return };
        let used = match (viewer.session(), viewer.token()) {
            (Some(session), _) => Input::SessionUsed(session),
            (_, Some(token)) => Input::TokenUsed(token),
            _ => return,
        };
        if let Some(session) = viewer.session().filter(|_| self.rng.per_mille(300)) {
            // Right behind the change that ends it.
            self.setting_of(Setting::CloseSession(session), Asker::new(By::Itself, None));
        }
        self.handle(used);
    }

    fn an_end(&mut self) -> Wall {
        let ahead = self.rng.pick(&[1_000, 20_000, 120_000, 600_000, 3_600_000]);
        let (now, early) = (self.now().wall.as_millis(), self.rng.per_mille(50));
        let ahead = self.rng.below(ahead);
        Wall::from_millis(if early { now.saturating_sub(ahead) } else { now + ahead })
    }

    fn terms(&mut self) -> Terms {
        let target = match (self.rng.below(8), self.any_room(), self.any_switch()) {
            (0 | 1, ..) | (_, None, None) => Target::Home,
            (2 | 3, Some(room), _) => Target::Room(room),
            (4, ..) => Target::Device(self.any(
                |view| view.devices.iter().map(|device| device.id).collect(),
                gatehouse_core::ids::DeviceId::from_raw(UNKNOWN),
            )),
            (_, room, switch) => switch.map(Target::Switch).or(room.map(Target::Room)).unwrap_or(Target::Home),
        };
        let level = if self.rng.per_mille(600) { Level::Operate } else { Level::View };
        let until = self.rng.per_mille(400).then(|| self.an_end());
        let hours = self.rng.per_mille(200).then(|| self.some_hours()).flatten();
        Terms { target, level, until, hours }
    }

    /// Hours that begin or end about now.
    fn some_hours(&mut self) -> Option<Hours> {
        let minute = (self.now().wall.as_millis() / 60_000).saturating_add_signed(i64::from(self.zone));
        let from = (minute + 1_440 + self.rng.below(20) - 15) % 1_440;
        let to = (from + self.rng.between(1, 20)) % 1_440 + 1;
        let days = self.rng.pick(&[127, 127, 31, 96, 1 << 2]);
        Hours::new(days, u16::try_from(from).ok()?, u16::try_from(to).ok()?)
    }

    fn sharing(&self, someone: &Someone) -> Option<(Share, Asker)> {
        Some((someone.1.share().ok()?, sharer(someone)))
    }

    fn give(&mut self, someone: &Someone) {
        let Some((cap, asker)) = self.sharing(someone) else { return };
        let (to, terms) = (self.any_member(), self.terms());
        if self.rng.per_mille(300) {
            // What they may move for a time they may see for good.
            let seen = Terms { level: Level::View, until: None, hours: None, ..terms };
            self.setting_of(Setting::CreateGrant(cap.clone(), to, seen), asker.clone());
        }
        self.setting(Setting::CreateGrant(cap, to, terms), asker);
    }

    fn link(&mut self, someone: &Someone) {
        let Some((cap, asker)) = self.sharing(someone) else { return };
        let (token, called, mut terms) = (self.token(), name(self.rng.pick(&NAMES)), self.terms());
        if self.rng.per_mille(900) {
            terms.until = Some(self.an_end());
        }
        self.tokens.push(token);
        self.setting(Setting::CreateGuestLink(cap, called, token, terms), asker);
    }

    fn take_back(&mut self, someone: &Someone) {
        let Some((cap, asker)) = self.sharing(someone) else { return };
        let setting = match self.rng.below(3) {
            0 => {
                let all = |view: &View| view.access.guest_links().map(|link| link.id).collect();
                Setting::DeleteGuestLink(cap, self.any(all, GuestLinkId::from_raw(UNKNOWN)))
            }
            1 => {
                let all = |view: &View| view.invitations.iter().map(|invitation| invitation.id).collect();
                Setting::DeleteInvitation(cap, self.any(all, InvitationId::from_raw(UNKNOWN)))
            }
            _ => {
                let all = |view: &View| view.access.grants().map(|grant| grant.id).collect();
                Setting::DeleteGrant(cap, self.any(all, GrantId::from_raw(UNKNOWN)))
            }
        };
        self.setting(setting, asker);
    }

    fn invite(&mut self, someone: &Someone) {
        let Some((cap, asker)) = self.sharing(someone) else { return };
        let Some(inviter) = someone.1.member() else { return };
        let code = self.code();
        self.codes.push(code);
        let email = self.rng.per_mille(300).then(|| (self.an_address(), self.code()));
        self.codes.extend(email.as_ref().map(|(_, mailed)| *mailed));
        let grants = (0..self.rng.below(3)).map(|_| self.terms()).collect();
        let role = self.rng.pick(&[Role::Owner, Role::Member, Role::Member, Role::Guest, Role::Guest]);
        let expires_at = self.rng.coin().then(|| self.an_end());
        let uses = if email.is_some() { 1 } else { u32::try_from(self.rng.between(1, 3)).unwrap_or(1) };
        let new = NewInvitation { role, inviter, grants, code, expires_at, uses, email };
        self.setting(Setting::CreateInvitation(cap, new), asker);
    }

    fn accept(&mut self) {
        let code = self.one_of(|world| &world.codes);
        let address = [192, 0, 2, u8::try_from(self.rng.below(200)).unwrap_or(0)].into();
        self.ask(crate::oracle::Caller::Question, |request| Input::TryInvitation {
            request,
            code: Some(code),
            address,
        });
        let (who, token) = (self.rng.pick(&NAMES), self.token());
        let who = if self.rng.coin() { who.to_owned() } else { format!("{who} {}", self.rng.below(30)) };
        self.tokens.push(token);
        let proof = if self.rng.per_mille(300) {
            Proof::Identity(self.an_identity())
        } else {
            Proof::Password(password_hash(&who).into())
        };
        let email = self.rng.per_mille(400).then(|| (self.an_address(), self.code()));
        self.mailed.extend(email.as_ref().map(|(_, code)| *code));
        let acceptance = Acceptance { code, name: name(&who), proof, email, token, client: Client::default() };
        self.setting(Setting::AcceptInvitation(acceptance), Asker::new(By::Code(code, 0), None));
    }

    fn make_token(&mut self, (by, viewer): &Someone) {
        let Ok(cap) = viewer.hold_tokens() else { return };
        let all = [Scope::View, Scope::Operate, Scope::Administer, Scope::Metrics];
        let scopes = (0..self.rng.between(1, 3)).map(|_| self.rng.pick(&all)).collect();
        let expires_at = self.rng.coin().then(|| self.an_end());
        let (token, called) = (self.token(), name(&format!("Panel {}", self.rng.below(50))));
        self.tokens.push(token);
        let asker = Asker::new(By::Resident(*by), Some(viewer.actor()));
        let new = NewToken { name: called, scopes, token, expires_at };
        self.setting(Setting::CreateToken(cap, new), asker);
    }

    /// A token is revoked.
    fn take_from(&mut self, (by, viewer): &Someone) {
        let Ok(cap) = viewer.hold_tokens() else { return };
        let all = |view: &View| view.access.tokens().map(|token| token.id).collect();
        let id = self.any(all, TokenId::from_raw(UNKNOWN));
        let asker = Asker::new(By::Resident(*by), Some(viewer.actor()));
        self.setting(Setting::DeleteToken(cap, id), asker);
        self.handle(Input::TokenUsed(id));
    }

    /// Somebody becomes something else, or goes; what they ask for right after that comes too late.
    fn edit_someone(&mut self, (by, viewer): &Someone) {
        let Ok(cap) = viewer.administer() else { return };
        let whom = self.any_member();
        let theirs = self.someone_as(whom);
        let asker = Asker::new(By::Owner(*by), Some(viewer.actor()));
        if self.rng.per_mille(250) {
            self.setting_of(Setting::DeleteMember(cap, whom), asker);
        } else {
            let role =
                self.rng.per_mille(800).then(|| self.rng.pick(&[Role::Owner, Role::Member, Role::Member, Role::Guest]));
            let called = format!("{} {}", self.rng.pick(&NAMES), self.rng.below(30));
            let called = self.rng.per_mille(300).then(|| name(&called));
            self.setting_of(Setting::UpdateMember(cap, whom, MemberEdit { name: called, role }), asker);
        }
        if let Some(theirs) = theirs.filter(|_| self.rng.coin()) {
            self.ask_in_vain(&theirs);
        }
    }

    fn someone_as(&mut self, whom: MemberId) -> Option<Someone> {
        let access = self.view()?.access.clone();
        let viewer = |token| access.viewer(token).filter(|viewer| viewer.member() == Some(whom));
        self.tokens.iter().rev().find_map(|token| Some((*token, viewer(token)?)))
    }

    /// By rights that a change before this one may end.
    fn ask_in_vain(&mut self, someone: &Someone) {
        self.give(someone);
        let Ok(cap) = someone.1.administer() else { return };
        let asker = Asker::new(By::Owner(someone.0), Some(someone.1.actor()));
        let room = name(self.rng.pick(&["Cellar", "Loft", "Shed"]));
        self.setting_of(Setting::CreateRoom(cap, room), asker);
    }

    fn end_sessions(&mut self, someone: &Someone) {
        let viewer = &someone.1;
        let (Some(member), Some(keep)) = (viewer.member(), viewer.session()) else { return };
        let all = |view: &View| view.access.sessions_of(member).map(|session| session.id).collect();
        let session = self.any(all, keep);
        let own = || Asker::new(By::Itself, None);
        let setting = match self.rng.below(4) {
            0 => Setting::Account(keep, AccountChange::EndOtherSessions { member, keep }),
            1 => Setting::CloseSession(keep),
            _ => Setting::Account(keep, AccountChange::EndSession { member, session }),
        };
        self.setting_of(setting, own());
        if self.rng.coin() {
            let wait = self.rng.below(300 * MILLISECOND);
            if let Ok(cap) = viewer.administer() {
                let asker = Asker::new(By::Owner(someone.0), Some(viewer.actor()));
                let asked = (Setting::CreateRoom(cap, name("Cellar")), asker);
                self.after(wait, Event::AskLater(Box::new(asked)));
            }
            self.ask_in_vain(someone);
        }
    }
}
