//! The home: one owner of all rules.
//!
//! [`Home::handle`] takes one input with the time it arrived at and says what to do about it. It has four kinds of
//! business, one file each: what boards say (`boards`) and whether they are believed (`verification`), how they are (`health`), commands (`commands`), what is asked of boards otherwise (`configuring`, `moving`), who people are (`people`, `account`, `reset`, `backoff`), and settings,
//! which are durable before they are true (`settings`, `rooms`, `things`, `replacing`, `integrations`, `invitations`, `rotation`). Home Assistant is told of
//! them (`announcing`), and the owner of what went wrong (`notices`).

mod account;
mod addresses;
mod announcing;
mod apply;
mod auditing;
mod backoff;
mod boards;
mod clock_offset;
mod commands;
mod configuring;
mod effect;
mod header;
mod health;
mod household;
mod identities;
mod input;
mod integrations;
mod invitations;
mod members;
mod moving;
mod nearby;
mod neighbours;
mod notices;
mod onboarding;
mod people;
mod presence;
mod replacing;
mod reset;
mod rooms;
mod rotation;
mod setting;
mod settings;
mod sharing;
mod standing;
mod things;
mod tokens;
mod verification;

#[cfg(test)]
mod tests;

pub use account::{AccountChange, FIRST_PASSWORD_WITHIN};
pub use addresses::CONFIRMATION_LIFE;
pub use boards::Dropped;
pub use effect::{Answer, Effect};
pub use household::HomeEdit;
pub use input::Input;
pub use members::MemberEdit;
pub use moving::TRY_WITHIN;
pub use onboarding::{
    CLAIM_WITHIN, FLASH_WITHIN, FinishedClaim, MAX_FOUND, NUMBER_WITHIN, NUMBERS, NewClaim, NewFlash,
};
pub use people::{Claim, SignInCheck};
pub use reset::{RESET_CODE_LIFE, RecoveryCode, Reset};
pub use rooms::MAX_ROOMS;
pub use rotation::NewCredential;
pub use setting::Setting;
pub use things::{Edit, MAX_DEVICES, Registration};
pub use verification::Released;

use crate::access::{Access, BoardCredential, ClaimCode, Credentials, Throttle};
use crate::backup::BackupKey;
use crate::command::Command;
use crate::device::Device;
use crate::ids::{DeviceId, IdSource, IntegrationId, RoomId, SwitchId};
use crate::name::{BoardId, Endpoint};
use crate::record::{HomeRecord, Room};
use crate::switch::{Reported, Switch};
use crate::time::{Mono, Now};
use crate::view::{Change, DeviceView, SwitchView, View};
use account::NewSessions;
use addresses::Postage;
use announcing::Announcing;
use auditing::Flutter;
use backoff::Backoff;
use commands::{Commands, SentOrders};
use configuring::Configuring;
use health::Silence;
use integrations::IntegrationEntry;
use invitations::Invitations;
use moving::Moving;
use nearby::Nearby;
use notices::Notices;
use onboarding::Onboarding;
use people::CodeTry;
use presence::Presence;
use reset::ResetCodes;
use rotation::Rotation;
use settings::Queue;
use sharing::Sharing;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// A board claimed by this home: what is durable, and what is known of it now.
#[derive(Debug)]
struct DeviceEntry {
    device: Arc<Device>,
    presence: Presence,
    /// A new secret for it, while this run of the daemon knows it.
    rotation: Option<Rotation>,
    switches: BTreeMap<Endpoint, SwitchId>,
}

/// A switch of this home: what is durable, and what is under way.
#[derive(Debug)]
struct SwitchEntry {
    switch: Arc<Switch>,
    reported: Option<Reported>,
    open: Option<crate::ids::CommandId>,
    /// The command that settled last.
    settled: Option<Arc<Command>>,
    sent: SentOrders,
    flutter: Flutter,
    /// As last told to everyone; a change is told once.
    shown: Option<Arc<SwitchView>>,
}

/// A household with all its rules. See the module's documentation.
#[derive(Debug)]
pub struct Home {
    ids: IdSource,
    next_ticket: u64,
    household: Option<Arc<HomeRecord>>,
    claim_code: Option<ClaimCode>,
    throttle: Throttle<CodeTry>,
    backoff: Backoff,
    reset_codes: ResetCodes,
    postage: Postage,
    recovery: Option<RecoveryCode>,
    backup_key: Option<BackupKey>,
    new_sessions: NewSessions,
    access: Arc<Access>,
    sharing: Sharing,
    rooms: BTreeMap<RoomId, Arc<Room>>,
    devices: BTreeMap<DeviceId, DeviceEntry>,
    by_board: HashMap<BoardId, DeviceId>,
    switches: BTreeMap<SwitchId, SwitchEntry>,
    integrations: BTreeMap<IntegrationId, IntegrationEntry>,
    invitations: Invitations,
    notices: Notices,
    onboarding: Onboarding,
    nearby: Nearby,
    silence: Silence,
    commands: Commands,
    configuring: Configuring,
    moving: Moving,
    announcing: Announcing,
    settings: Queue,
    stopping: bool,
    dropped: Dropped,
}

impl Home {
    /// Takes one input. Bounded work, no IO.
    pub fn handle(&mut self, now: Now, input: Input) -> Vec<Effect> {
        let mut effects = Vec::new();
        let out = &mut effects;
        // A deadline that has passed comes before whatever arrived after it, however late its tick: no report that
        // waited in a queue can confirm a command whose time was over.
        self.settle_overdue(&now, out);
        self.end_overdue_wishes(&now, out);
        self.settle_moving(&now, out);
        self.end_what_is_over(&now, out);
        self.begin_due_round(&now, out);
        self.end_invitations(&now, out);
        if self.notices.next_deadline().is_some_and(|due| due <= now.mono) {
            self.notices.write_due(Some(now.mono), out);
        }
        if self.backoff.next_deadline().is_some_and(|due| due <= now.mono) {
            self.backoff.settle(Some(now.mono), out);
        }
        if self.onboarding.next_deadline().is_some_and(|due| due <= now.mono) {
            self.settle_onboarding(&now, out);
        }
        if self.silence.next_deadline().is_some_and(|due| due <= now.mono) {
            self.settle_silence(&now, out);
        }
        match input {
            Input::Board(event) => {
                if !self.hear_claimed(&now, &event, out) {
                    self.board_event(&now, event, out);
                }
            }
            Input::Port(event) => self.port_event(&now, event, out),
            Input::Nearby(event) => self.nearby_event(&now, event, out),
            Input::ClaimBoard { cap, request, new } => {
                let answer = self.claim_board(&now, cap, new, out);
                out.push(Effect::Answer(request, answer));
            }
            Input::ConfirmClaim { cap, request, claim, number } => {
                let answer = self.confirm_claim(&now, &cap, claim, number, out);
                out.push(Effect::Answer(request, answer));
            }
            Input::CancelClaim { cap, request, claim } => {
                let answer = self.cancel_claim(&now, &cap, claim, out);
                out.push(Effect::Answer(request, answer));
            }
            Input::LookAtBoard { cap, request, board } => {
                let answer = self.look_at_board(&now, &cap, board, out);
                out.push(Effect::Answer(request, answer));
            }
            Input::FlashBoard { cap, request, new } => {
                let answer = self.flash_board(&now, &cap, new, out);
                out.push(Effect::Answer(request, answer));
            }
            Input::CancelFlash { cap, request, board } => {
                let answer = self.cancel_flash(&now, &cap, board, out);
                out.push(Effect::Answer(request, answer));
            }
            Input::GiveWifi { cap, request, board, wifi } => {
                let answer = self.give_wifi(&now, &cap, board, wifi, out);
                out.push(Effect::Answer(request, answer));
            }
            Input::CancelGiving { cap, request, board } => {
                let answer = self.cancel_giving(&now, &cap, board, out);
                out.push(Effect::Answer(request, answer));
            }
            Input::IntegrationCommand(asked) => self.integration_command(&now, &asked, out),
            Input::SetSwitch { cap, request, on, timeout, request_id } => {
                self.set_switch(&now, cap, request, commands::Asked { on, timeout, request_id }, out);
            }
            Input::Configure { cap, request, device, wish } => {
                self.configure(&now, &cap, (device, wish), request, out);
            }
            Input::ChangeWifi { cap, request, devices, wifi } => {
                let answer = self.change_wifi(&now, &cap, (devices, wifi), out);
                out.push(Effect::Answer(request, answer));
            }
            Input::TryClaimCode { request, code } => {
                let answer = self.try_claim_code(&now, &code).map(|()| Answer::Done);
                out.push(Effect::Answer(request, answer));
            }
            Input::TryInvitation { request, code, address } => {
                let answer = self.try_invitation(&now, code.as_ref(), address, out).map(Answer::Offer);
                out.push(Effect::Answer(request, answer));
            }
            Input::BeginSignIn { request, name, hash, address } => {
                let answer = self.begin_sign_in(&now, &name, hash, address, out).map(Answer::SignIn);
                out.push(Effect::Answer(request, answer));
            }
            Input::BeginPasswordCheck { request, session } => {
                let answer = self.begin_password_check(&now, session, out).map(Answer::SignIn);
                out.push(Effect::Answer(request, answer));
            }
            Input::FinishSignIn { request, check, right, token, client } => {
                match self.finish_sign_in(&now, &check, right, (token, client), out) {
                    Ok(setting) => self.change_settings(&now, Some(request), setting, out),
                    Err(denied) => out.push(Effect::Answer(request, Err(denied))),
                }
            }
            Input::SignInByIdentity { request, identity, token, client } => {
                match self.sign_in_by_identity(&now, identity, (token, client), out) {
                    Ok(setting) => self.change_settings(&now, Some(request), setting, out),
                    Err(denied) => out.push(Effect::Answer(request, Err(denied))),
                }
            }
            Input::PasswordChecked { request, check, right } => {
                let answer = self.password_checked(&now, &check, right, out).map(|_| Answer::Done);
                out.push(Effect::Answer(request, answer));
            }
            Input::TokenUsed(token) => self.token_used(&now, token, out),
            Input::SessionUsed(session) => self.session_used(&now, session, out),
            Input::TryResetCode { request, code, address } => {
                let answer = self.try_reset_code(&now, code, address, out).map(Answer::Member);
                out.push(Effect::Answer(request, answer));
            }
            Input::OfferReset { request, cap, member, code } => {
                let answer = self.offer_reset(&now, &cap, (member, code), out).map(Answer::Member);
                out.push(Effect::Answer(request, answer));
            }
            Input::AskForPasswordLink { request, address } => {
                let answer = self.ask_for_password_link(&now, address).map(|()| Answer::Done);
                out.push(Effect::Answer(request, answer));
            }
            Input::OfferResetByMail { request, email, code } => {
                let answer = self.offer_reset_by_mail(&now, &email, code).map(Answer::Member);
                out.push(Effect::Answer(request, answer));
            }
            Input::Settings { request, setting } => self.change_settings(&now, Some(request), setting, out),
            Input::Incident(incident) => self.incident(&now, &incident, out),
            Input::Condition(kind, subjects) => self.condition(&now, kind, &subjects, out),
            Input::Because(kind, why) => self.because(&now, kind, why, out),
            Input::NewClaimCode(code) => self.claim_code = self.household.is_none().then_some(code),
            Input::Written { ticket, ok } => self.written(&now, ticket, ok, out),
            Input::ZoneOffset(east) => self.zone_offset(&now, east, out),
            Input::HomeAssistantStarted => self.home_assistant_started(&now, out),
            Input::Tick => {}
            Input::Stop => self.stop(&now, out),
        }
        effects
    }

    /// When the next [`Input::Tick`] is due.
    pub fn next_deadline(&self) -> Option<Mono> {
        let (announcing, notices) = (self.announcing.next_deadline(), self.notices.next_deadline());
        let (sharing, backoff) = (self.sharing.next_deadline(), self.backoff.next_deadline());
        let deadlines = self.commands.next_deadline().into_iter().chain(announcing).chain(notices);
        let deadlines = deadlines.chain(sharing).chain(backoff).chain(self.onboarding.next_deadline());
        deadlines
            .chain(self.silence.next_deadline())
            .chain(self.configuring.next_deadline())
            .chain(self.moving.next_deadline())
            .min()
    }

    /// The claim code, while the home has no owner and the code is live.
    pub fn claim_code(&self, now: Mono) -> Option<&ClaimCode> {
        self.claim_code.as_ref().filter(|code| code.is_live(now))
    }

    /// Whether the home has an owner.
    pub fn is_claimed(&self) -> bool {
        self.household.is_some()
    }

    /// A command that is open or settled lately; the store knows the older ones.
    pub fn command(&self, id: crate::ids::CommandId) -> Option<Arc<Command>> {
        self.commands.get(id)
    }

    /// What boards said and the home did not believe, and what integrations asked in vain, since it was loaded.
    pub fn dropped(&self) -> Dropped {
        self.dropped
    }

    /// Everyone who may log in at the edge.
    pub fn credentials(&self) -> Credentials {
        // The header is inside the process: nobody can log in as it.
        let boards = self.devices.values().filter(|entry| !entry.device.board.is_header()).map(|entry| {
            let device = &entry.device;
            let credential = BoardCredential { device: device.id, secret: device.secret, next: device.next };
            (device.board.clone(), credential)
        });
        let mut boards: HashMap<_, _> = boards.collect();
        for (board, credential) in self.onboarding.credentials() {
            let secret = credential.secret;
            // A device that is given its home anew keeps what it has until it comes with the other.
            boards
                .entry(board)
                .and_modify(|known: &mut BoardCredential| known.next = Some(secret))
                .or_insert(credential);
        }
        let integrations = self.integrations.values().map(IntegrationEntry::credential);
        Credentials { boards, integrations: integrations.collect() }
    }

    /// Everything there is to see. The changes keep a copy of it up to date, so this is asked once.
    pub fn view(&self) -> View {
        View {
            home: self.household.clone(),
            rooms: self.rooms.values().cloned().collect(),
            devices: self.devices.values().map(|entry| Arc::new(self.device_view(entry))).collect(),
            switches: self.switches.values().map(|entry| Arc::new(self.switch_view(entry))).collect(),
            integrations: self.integrations.values().map(|entry| entry.integration.clone()).collect(),
            invitations: self.invitations.shown(),
            home_assistant: Arc::new(self.announcing.set().clone()),
            backup_key: self.backup_key.clone(),
            notices: self.notices.shown(),
            boards: self.onboarding.boards_shown(),
            claims: self.onboarding.claims_shown(),
            nearby: self.nearby.shown(),
            wifi_change: self.moving.shown(),
            access: self.access.clone(),
        }
    }

    fn device_view(&self, entry: &DeviceEntry) -> DeviceView {
        DeviceView {
            id: entry.device.id,
            board: entry.device.board.clone(),
            name: entry.device.name.clone(),
            room: entry.device.room,
            availability: entry.presence.availability(),
            rotating: entry.device.next.is_some(),
            last_seen: entry.presence.last_seen_shown(),
            facts: entry.facts(),
            health: entry.presence.health.shown().clone(),
            quarantine: entry.presence.quarantine().cloned(),
            settings: entry.presence.settings().clone(),
            behind_repeater: entry.device.behind_repeater,
        }
    }

    fn switch_view(&self, entry: &SwitchEntry) -> SwitchView {
        let switch = &entry.switch;
        let device = self.devices.get(&switch.device);
        let open = entry.open.and_then(|id| self.commands.get(id));
        let on = entry.reported.as_ref().map(|reported| reported.on);
        SwitchView {
            id: switch.id,
            device: switch.device,
            endpoint: switch.endpoint.clone(),
            name: switch.name.clone(),
            room: switch.room.or_else(|| device.and_then(|entry| entry.device.room)),
            on,
            reported_at: entry.reported.as_ref().and_then(|reported| reported.at),
            desired: open.as_ref().map(|command| command.on).or(on),
            availability: device.map_or(crate::view::Availability::Offline, |entry| entry.presence.availability()),
            open,
            last_change: entry.reported.as_ref().and_then(|reported| reported.change.clone()),
            last_command: entry.settled.clone(),
        }
    }

    /// Tells of a switch if anything about it is another than last told.
    fn show_switch(&mut self, id: SwitchId, out: &mut Vec<Effect>) {
        let Some(entry) = self.switches.get(&id) else { return };
        let view = self.switch_view(entry);
        if entry.shown.as_deref() == Some(&view) {
            return;
        }
        let view = Arc::new(view);
        if let Some(entry) = self.switches.get_mut(&id) {
            entry.shown = Some(view.clone());
        }
        out.push(Effect::Changed(Change::Switch(view)));
    }

    fn show_device(&self, id: DeviceId, out: &mut Vec<Effect>) {
        if let Some(entry) = self.devices.get(&id) {
            out.push(Effect::Changed(Change::Device(Arc::new(self.device_view(entry)))));
        }
    }

    fn show_device_and_switches(&mut self, id: DeviceId, out: &mut Vec<Effect>) {
        self.show_device(id, out);
        let switches: Vec<_> =
            self.devices.get(&id).map(|entry| entry.switches.values().copied().collect()).unwrap_or_default();
        for switch in switches {
            self.show_switch(switch, out);
        }
    }
}
