//! What people do: tap, claim, sign in, arrange rooms.

use crate::board::hash_of;
use crate::oracle::{Asker, By, Caller, Ended};
use crate::world::{Event, MILLISECOND, SECOND, World};
use gatehouse_core::access::{Administer, Client, NameHash, Operate, Role, TokenHash, Viewer};
use gatehouse_core::command::{Actor, ActorKind};
use gatehouse_core::device::{Secret, SecretHash};
use gatehouse_core::home::{AccountChange, Claim, Edit, Input, NewCredential, Registration, Setting, SignInCheck};
use gatehouse_core::homeassistant::{Form, Prefix};
use gatehouse_core::ids::{DeviceId, IntegrationId, NoticeId, RoomId, SwitchId};
use gatehouse_core::integration::{Filter, NewIntegration, user_name};
use gatehouse_core::name::{Name, fold};
use gatehouse_core::notice::{Incident, NoticeKind, Subject};
use std::net::IpAddr;
use std::time::Duration;

const PEOPLE: [&str; 2] = ["Ana", "Ben"];
const ROOMS: [&str; 5] = ["Kitchen", "Hall", "Attic", "Garage", "kitchen"];

pub(crate) fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}

pub(crate) fn password_hash(person: &str) -> String {
    format!("hash of {person}'s password")
}

/// The right to move a switch, whose it is, and in whose name.
#[derive(Clone, Debug)]
pub(crate) struct Right {
    by: TokenHash,
    actor: Actor,
    cap: Operate,
}

impl World<'_> {
    /// Whoever is signed in, of any kind: the latest is nearest.
    pub(crate) fn any_viewer(&mut self) -> Option<(TokenHash, Viewer)> {
        let access = self.gateway.as_ref()?.view.access.clone();
        let mut open: Vec<_> =
            self.tokens.iter().rev().filter_map(|token| Some((*token, access.viewer(token)?))).collect();
        (!open.is_empty()).then(|| open.swap_remove(self.rng.index(open.len())))
    }

    /// An owner who is signed in.
    pub(crate) fn owner(&self) -> Option<(TokenHash, Viewer)> {
        let access = &self.gateway.as_ref()?.view.access;
        let viewer =
            |token| access.viewer(token).filter(|viewer| viewer.session().is_some() && viewer.role() == Role::Owner);
        self.tokens.iter().rev().find_map(|token| Some((*token, viewer(token)?)))
    }

    pub(crate) fn any_switch(&mut self) -> Option<SwitchId> {
        let switches = &self.gateway.as_ref()?.view.switches;
        (!switches.is_empty()).then(|| switches[self.rng.index(switches.len())].id)
    }

    pub(crate) fn tap(&mut self) {
        self.again(self.climate.tap, Event::Tap);
        // The last taps are not to be superseded by an earlier plan.
        if self.quiet {
            return;
        }
        let Some(switch) = self.any_switch() else { return };
        let on = self.rng.coin();
        let timeout = match self.rng.below(20) {
            0 => self.rng.pick(&[0, 499, 30_001, 9_999_999]),
            1..=4 => 500,
            5..=15 => 5_000,
            _ => self.rng.between(500, 30_000),
        };
        let timeout = Duration::from_millis(timeout);
        let named = self.rng.per_mille(300).then(|| format!("request {}", self.rng.below(40)));
        let times = if named.is_some() && self.rng.per_mille(60) { 20 } else { 1 };
        let Some(by) = self.may_operate(switch) else { return };
        for _ in 0..times {
            self.set_switch(by.clone(), (switch, on, timeout), named.clone());
        }
        if self.rng.per_mille(350) {
            // By the same right, which may have ended by then.
            let most = self.rng.pick(&[400 * MILLISECOND, 10 * SECOND, 300 * SECOND]);
            let wait = self.rng.between(MILLISECOND, most);
            let on = if self.rng.coin() { !on } else { on };
            self.after(wait, Event::TapAgain { by, switch, on });
        }
    }

    /// Somebody's right to move a switch: mostly of someone who lives here.
    fn may_operate(&mut self, switch: SwitchId) -> Option<Right> {
        let (by, viewer) = if self.rng.per_mille(300) { self.owner()? } else { self.any_viewer()? };
        Some(Right { by, actor: viewer.actor(), cap: viewer.operate(switch).ok()? })
    }

    pub(crate) fn tap_again(&mut self, by: Right, switch: SwitchId, on: bool) {
        // The last taps are not to be superseded.
        if !self.quiet {
            self.set_switch(by, (switch, on, Duration::from_secs(5)), None);
        }
    }

    pub(crate) fn last_taps(&mut self) {
        self.oracle.expect_confirmations();
        let all = self.gateway.as_ref().map(|g| g.view.switches.iter().map(|s| s.id).collect::<Vec<_>>());
        for switch in all.unwrap_or_default() {
            let on = self.rng.coin();
            let Some((by, viewer)) = self.owner() else { return };
            let Ok(cap) = viewer.operate(switch) else { return };
            let by = Right { by, actor: viewer.actor(), cap };
            self.set_switch(by, (switch, on, Duration::from_secs(5)), None);
        }
    }

    fn set_switch(&mut self, by: Right, asked: (SwitchId, bool, Duration), named: Option<String>) {
        self.trouble();
        let (Right { by, cap, actor }, (switch, on, timeout)) = (by, asked);
        let expected = self.oracle.expect(&self.now(), (&by, &actor), asked, named.as_ref());
        let caller = Caller::Tap { switch, on, expected, actor };
        self.ask(caller, |request| Input::SetSwitch { cap, request, on, timeout, request_id: named });
    }

    /// Two people want to own the new home.
    pub(crate) fn claim(&mut self, claimer: usize) {
        let now = self.now();
        let claimed = self.gateway.as_ref().is_some_and(|g| g.view.home.is_some());
        if claimed && !self.rng.per_mille(500) {
            return;
        }
        self.after(15 * SECOND, Event::Claimer(claimer));
        let code = self.gateway.as_ref().and_then(|g| g.home.claim_code(now.mono)).map(|code| code.as_str().to_owned());
        let wrong = self.rng.per_mille(if self.quiet { 0 } else { 250 });
        let code = code.filter(|_| !wrong).unwrap_or_else(|| "0000-0000-0000".to_owned());
        if self.rng.coin() {
            let code = code.clone();
            self.ask(Caller::Question, |request| Input::TryClaimCode { request, code });
        }
        let token = self.token();
        self.tokens.push(token);
        let claim = Claim {
            code,
            home_name: name("Home"),
            member_name: name(PEOPLE[claimer]),
            password_hash: password_hash(PEOPLE[claimer]).into(),
            time_zone: "Europe/Vienna".into(),
            token,
            client: Client::default(),
        };
        self.ask(Caller::Claim(token), |request| Input::Settings { request, setting: Setting::Claim(claim) });
    }

    /// Someone registers a board at the command line, until it is.
    pub(crate) fn register(&mut self, board: usize) {
        let id = self.boards[board].id.clone();
        if self.gateway.as_ref().is_none_or(|g| g.view.devices.iter().all(|device| device.board != id)) {
            self.after(10 * SECOND, Event::Register(board));
        } else if self.deletes {
            // It may be about to go, and then has another secret than now.
            if self.quiet {
                self.after(10 * SECOND, Event::Register(board));
            }
            return;
        }
        let relays = self.rng.index(self.boards[board].relays.len()) + 1;
        let room = self.rng.coin().then(|| name(self.rng.pick(&ROOMS)));
        let secret = self.boards[board].presents();
        let console = Asker::new(By::Console, Some(Actor::of_kind(ActorKind::Console)));
        let register =
            Setting::RegisterBoard(Administer::console(), Registration { board: id, secret, name: None, room, relays });
        self.setting_of(register, console);
    }

    /// Now, or a while later by the same right.
    pub(crate) fn setting(&mut self, setting: Setting, asker: Asker) {
        if self.rng.per_mille(250) {
            let most = self.rng.pick(&[100 * MILLISECOND, 5 * SECOND, 120 * SECOND]);
            let wait = self.rng.below(most);
            self.after(wait, Event::AskLater(Box::new((setting, asker))));
        } else {
            self.setting_of(setting, asker);
        }
    }

    pub(crate) fn setting_of(&mut self, setting: Setting, asker: Asker) {
        let ended = match setting {
            Setting::DeleteRoom(_, id) => Some(Ended::Room(id)),
            Setting::CloseSession(id) => Some(Ended::Session(id)),
            Setting::DismissNotice(_, id) => Some(Ended::Notice(id)),
            Setting::DeleteIntegration(_, id) => Some(Ended::Integration(id)),
            Setting::DeleteMember(_, id) => Some(Ended::Member(id)),
            Setting::DeleteGrant(_, id) => Some(Ended::Grant(id)),
            Setting::DeleteGuestLink(_, id) => Some(Ended::GuestLink(id)),
            Setting::DeleteToken(_, id) => Some(Ended::Token(id)),
            Setting::DeleteInvitation(_, id) => Some(Ended::Invitation(id)),
            Setting::DeleteDevice(_, id) => Some(Ended::Device(id)),
            Setting::Account(_, AccountChange::EndSession { session, .. }) => Some(Ended::Session(session)),
            Setting::Account(..) | Setting::ConfirmEmail(..) | Setting::CreateRecoveryCode(..) => Some(Ended::Nothing),
            _ => None,
        };
        self.ask(Caller::Settings(asker, ended), |request| Input::Settings { request, setting });
    }

    pub(crate) fn change_settings(&mut self) {
        self.again(self.climate.settings, Event::ChangeSettings);
        if self.quiet {
            return;
        }
        if self.owner().is_none() || self.rng.per_mille(150) {
            self.begin_sign_in();
        }
        let owner = if self.rng.per_mille(800) { self.owner() } else { self.any_viewer() };
        let Some((by, viewer)) = owner else { return };
        let Ok(cap) = viewer.administer() else { return };
        for _ in 0..self.rng.between(1, 3) {
            let cap = cap.clone();
            let room = self.any_room();
            let other = name(self.rng.pick(&ROOMS));
            let edit = Edit {
                name: self.rng.coin().then(|| other.clone()),
                room: self.rng.coin().then_some(room.filter(|_| self.rng.per_mille(800))),
            };
            let device = self.gateway.as_ref().and_then(|g| g.view.devices.first()).map(|device| device.id);
            let unknown = RoomId::from_raw(7);
            let setting = match (self.rng.below(14), self.any_switch(), device) {
                (0 | 1, ..) => Setting::CreateRoom(cap, other),
                (2, ..) => Setting::RenameRoom(cap, room.unwrap_or(unknown), other),
                (3, ..) => Setting::DeleteRoom(cap, room.unwrap_or(unknown)),
                (4, Some(switch), _) => Setting::UpdateSwitch(cap, switch, edit),
                (5, _, Some(device)) => Setting::UpdateDevice(cap, device, edit),
                (6, ..) => Setting::CreateIntegration(cap, self.new_integration(other)),
                (7 | 8, _, Some(device)) => Setting::RotateCredential(cap, device, self.new_credential()),
                (9, ..) => {
                    Setting::DeleteIntegration(cap, self.any_integration().unwrap_or(IntegrationId::from_raw(7)))
                }
                (10, ..) => {
                    let form = self.rng.pick(&[Form::Device, Form::Component, Form::Off]);
                    let prefix = Prefix::new(self.rng.pick(&["homeassistant", "ha"])).expect("a prefix");
                    Setting::UpdateHomeAssistant(cap, Some(form), self.rng.coin().then_some(prefix))
                }
                (12, _, Some(device)) if self.rng.per_mille(300) => self.delete_device(cap, device),
                (11, ..) => Setting::DismissNotice(cap, self.any_notice().unwrap_or(NoticeId::from_raw(7))),
                _ => {
                    let Some(session) = viewer.session() else { continue };
                    self.setting(Setting::CloseSession(session), Asker::new(By::Itself, None));
                    continue;
                }
            };
            self.setting(setting, Asker::new(By::Owner(by), Some(viewer.actor())));
        }
    }

    /// Its board is registered anew after a while.
    fn delete_device(&mut self, cap: Administer, device: DeviceId) -> Setting {
        self.deletes = true;
        let known = self.gateway.as_ref().and_then(|gateway| gateway.view.device(device));
        let board = known.and_then(|known| self.boards.iter().position(|board| board.id == known.board));
        for wait in [20 * SECOND, 130 * SECOND] {
            board.inspect(|board| self.after(wait, Event::Register(*board)));
        }
        Setting::DeleteDevice(cap, device)
    }

    pub(crate) fn any_room(&mut self) -> Option<RoomId> {
        let rooms = &self.gateway.as_ref()?.view.rooms;
        (!rooms.is_empty()).then(|| rooms[self.rng.index(rooms.len())].id)
    }

    /// Something goes wrong at the edge, more or less often.
    fn trouble(&mut self) {
        for _ in 0..self.rng.below(4) {
            let kinds = [NoticeKind::MqttLoginStorm, NoticeKind::PublishRefused, NoticeKind::RouterReplaced];
            let (kind, last) = (self.rng.pick(&kinds).to_owned(), self.rng.below(24) as u8);
            let subject = Subject::Address([192, 0, 2, last].into());
            let times = self.rng.between(1, 12) as u32;
            self.handle(Input::Incident(Incident { kind, subject, from: None, times, detail: None }));
        }
    }

    fn any_notice(&mut self) -> Option<NoticeId> {
        let notices = &self.gateway.as_ref()?.view.notices;
        (!notices.is_empty()).then(|| notices[self.rng.index(notices.len())].id)
    }

    fn any_integration(&mut self) -> Option<IntegrationId> {
        let integrations = &self.gateway.as_ref()?.view.integrations;
        (!integrations.is_empty()).then(|| integrations[self.rng.index(integrations.len())].id)
    }

    fn new_integration(&mut self, called: Name) -> NewIntegration {
        let random = self.rng.below(u64::MAX).to_be_bytes();
        let filters = vec![Filter::new("homie/5/#").expect("a filter")];
        let (publish, secret) = (filters.clone(), SecretHash([random[7]; 32]));
        let user = user_name(random);
        self.users.push(user.clone());
        NewIntegration { name: called, user, secret, publish, subscribe: filters }
    }

    fn new_credential(&mut self) -> NewCredential {
        let secret = Secret::new(&format!("{:016x}", self.rng.next()));
        let hash = hash_of(&secret);
        NewCredential { secret, hash }
    }

    pub(crate) fn begin_sign_in(&mut self) {
        let mut name = self.rng.pick(&["Ana", "ben ", "BEN", "ana", "Mallory", ""]).to_owned();
        if self.rng.per_mille(700) {
            let people = self.gateway.as_ref().map(|g| g.view.access.members().map(|m| m.name.clone()).collect());
            let people: Vec<Name> = people.unwrap_or_default();
            if !people.is_empty() {
                name = people[self.rng.index(people.len())].as_str().to_lowercase();
            }
        }
        let address = IpAddr::from([192, 0, 2, u8::try_from(self.rng.below(4)).expect("one of four")]);
        let hash = NameHash(fold(&name).bytes().fold(7, |hash, byte| hash * 31 % 1_000_003 + u64::from(byte)));
        self.ask(Caller::Question, |request| Input::BeginSignIn { request, name, hash, address });
    }

    /// The API hashes what they typed.
    pub(crate) fn check_password(&mut self, check: SignInCheck) {
        let right = check.password_hash.is_some() && self.rng.per_mille(800);
        self.after(250 * MILLISECOND, Event::FinishSignIn { run: self.run, check, right });
    }

    pub(crate) fn finish_sign_in(&mut self, run: u32, check: SignInCheck, right: bool) {
        if run != self.run {
            return;
        }
        let token = self.token();
        self.tokens.push(token);
        self.ask(Caller::SignIn(None), |request| Input::FinishSignIn {
            request,
            check,
            right,
            token,
            client: Client::default(),
        });
    }
}
