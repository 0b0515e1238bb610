//! Settings: durable before they are true, one change at a time.
//!
//! A change is planned as records, the records are written under a ticket, and only when they are on disk are the same
//! records applied, told and answered. The next change is planned after that, so no two can contradict each other.

use super::{Answer, Effect, Home, Setting};
use crate::access::{Denied, TokenHash};
use crate::homeassistant::HomeAssistant;
use crate::ids::{
    ClaimId, DeviceId, GrantId, GuestLinkId, IntegrationId, InvitationId, MemberId, Request, RoomId, SwitchId, Ticket,
    TokenId,
};
use crate::name::Endpoint;
use crate::record::Record;
use crate::time::Now;
use std::collections::VecDeque;
use std::sync::Arc;

/// Changes that may wait for their turn.
const MAX_WAITING: usize = 1_024;

/// How to answer once a plan is true.
#[derive(Clone, Copy, Debug)]
enum Reply {
    Done,
    Viewer(TokenHash),
    Home,
    Room(RoomId),
    Device(DeviceId),
    Rotation(DeviceId),
    Repeater(DeviceId),
    Finished(ClaimId),
    Switch(SwitchId),
    Member(MemberId),
    Grant(GrantId),
    GuestLink(GuestLinkId),
    Token(TokenId),
    Integration(IntegrationId),
    Invitation(InvitationId),
    HomeAssistant,
}

#[derive(Debug)]
struct InFlight {
    ticket: Ticket,
    request: Option<Request>,
    records: Vec<Record>,
    reply: Reply,
}

/// The change under way, and those that wait.
#[derive(Debug, Default)]
pub(super) struct Queue {
    in_flight: Option<InFlight>,
    waiting: VecDeque<(Option<Request>, Setting)>,
}

impl Queue {
    /// An invitation ended while a change is on its way to the disk: that change does not bring it again.
    pub(super) fn end_invitation(&mut self, ended: InvitationId) {
        let under_way = self.in_flight.iter_mut().flat_map(|change| &mut change.records);
        for record in under_way.filter(|record| matches!(record, Record::Invitation(kept, _) if kept.id == ended)) {
            *record = Record::InvitationDeleted(ended);
        }
    }

    /// Whether a change is on its way to the disk.
    pub(super) fn is_writing(&self) -> bool {
        self.in_flight.is_some()
    }
}

impl Home {
    pub(super) fn change_settings(
        &mut self,
        now: &Now,
        request: Option<Request>,
        setting: Setting,
        out: &mut Vec<Effect>,
    ) {
        if self.settings.waiting.len() == MAX_WAITING {
            answer(request, Err(Denied::Busy), out);
            return;
        }
        self.settings.waiting.push_back((request, setting));
        self.next_setting(now, out);
    }

    /// A board described itself: switches for relays that have none yet.
    pub(super) fn adopt_relays(&mut self, now: &Now, device: DeviceId, relays: Vec<Endpoint>, out: &mut Vec<Effect>) {
        if relays.iter().all(|relay| self.switch_of(device, relay).is_some()) {
            return;
        }
        // A board that describes itself over and over has one place in the queue, so that it cannot crowd out people.
        let waiting = self.settings.waiting.iter_mut().find_map(|(_, setting)| match setting {
            Setting::AdoptRelays(waiting, relays) if *waiting == device => Some(relays),
            _ => None,
        });
        match waiting {
            Some(waiting) => *waiting = relays,
            None => self.change_settings(now, None, Setting::AdoptRelays(device, relays), out),
        }
    }

    pub(super) fn written(&mut self, now: &Now, ticket: Ticket, ok: bool, out: &mut Vec<Effect>) {
        let Some(done) = self.settings.in_flight.take_if(|under_way| under_way.ticket == ticket) else { return };
        if ok {
            let was_claimed = self.is_claimed();
            let devices = |record: &Record| matches!(record, Record::Device(_) | Record::DeviceDeleted(_));
            let of_devices = done.records.iter().any(devices);
            for record in done.records {
                let new = match &record {
                    Record::Switch(switch) => Some(switch.clone()),
                    _ => None,
                };
                let new_device = match &record {
                    Record::Device(device) if !self.devices.contains_key(&device.id) => Some(device.id),
                    _ => None,
                };
                let judged = match &record {
                    Record::Device(device) if self.is_other_hardware(device) => Some(device.id),
                    _ => None,
                };
                let replaced = match &record {
                    Record::Device(device) if self.is_other_board(device) => Some(device.id),
                    _ => None,
                };
                match record {
                    Record::SwitchDeleted(id) => self.settle_of_deleted(now, id, out),
                    Record::DeviceDeleted(id) => {
                        self.end_move_of(now, id, out);
                        self.end_wishes_of(now, id, out);
                    }
                    _ => {}
                }
                self.apply_record(record, out);
                if let Some(device) = new_device {
                    self.silence.gone(device, now.mono);
                }
                if let Some(device) = replaced {
                    self.board_replaced(now, device, out);
                }
                if let Some(device) = judged {
                    self.judge_by_record(now, device, out);
                }
                if let Some(switch) = new {
                    self.replay_early(now, switch.device, &switch.endpoint, out);
                }
            }
            self.refresh_access(now, out);
            self.follow_up(now, done.reply, out);
            if of_devices {
                self.show_all_found(out);
            }
            if !was_claimed && self.is_claimed() {
                self.look_at_all(now, out);
            }
            let reply = self.reply(done.reply);
            answer(done.request, reply, out);
        } else {
            for record in done.records {
                if let Record::Notice(notice) = record {
                    self.dismissal_failed(now, notice.id);
                }
            }
            if let Reply::Finished(claim) = done.reply {
                self.claim_not_written(now, claim, out);
            }
            answer(done.request, Err(Denied::Storage), out);
        }
        self.next_setting(now, out);
    }

    fn next_setting(&mut self, now: &Now, out: &mut Vec<Effect>) {
        while self.settings.in_flight.is_none() {
            let Some((request, setting)) = self.settings.waiting.pop_front() else { return };
            let deed = self.deed(now, &setting);
            let claim = match &setting {
                Setting::FinishClaim(_, finished) => Some(finished.claim),
                _ => None,
            };
            match self.still_allowed(&setting).and_then(|()| self.plan(now, setting)) {
                Err(denied) => {
                    if let Some(claim) = claim {
                        self.claim_not_written(now, claim, out);
                    }
                    answer(request, Err(denied), out);
                }
                Ok((records, reply)) if records.is_empty() => {
                    self.follow_up(now, reply, out);
                    let reply = self.reply(reply);
                    answer(request, reply, out);
                }
                Ok((mut records, reply)) => {
                    records.extend(deed.map(|deed| self.entry(now, deed)));
                    self.next_ticket += 1;
                    let ticket = Ticket(self.next_ticket);
                    out.push(Effect::Write { ticket: Some(ticket), records: records.clone() });
                    self.settings.in_flight = Some(InFlight { ticket, request, records, reply });
                }
            }
        }
    }

    /// What a change leads to now that it is true.
    fn follow_up(&mut self, now: &Now, reply: Reply, out: &mut Vec<Effect>) {
        match reply {
            Reply::Rotation(id) => self.send_secret(id, out),
            Reply::Repeater(id) => self.repeater_set(now, id, out),
            Reply::Finished(id) => self.claim_written(now, id, out),
            _ => {}
        }
    }

    fn reply(&self, reply: Reply) -> Result<Answer, Denied> {
        match reply {
            Reply::Done | Reply::Finished(_) => Ok(Answer::Done),
            Reply::Viewer(token) => self.access.viewer(&token).map(Answer::Viewer).ok_or(Denied::Unauthenticated),
            Reply::Home => self.household.clone().map(Answer::Home).ok_or(Denied::Unclaimed),
            Reply::Room(id) => self.rooms.get(&id).cloned().map(Answer::Room).ok_or(Denied::NotFound("room")),
            Reply::Device(id) | Reply::Rotation(id) | Reply::Repeater(id) => {
                let entry = self.devices.get(&id).ok_or(Denied::NotFound("device"))?;
                Ok(Answer::Device(Arc::new(self.device_view(entry))))
            }
            Reply::Switch(id) => {
                let entry = self.switches.get(&id).ok_or(Denied::NotFound("switch"))?;
                Ok(Answer::Switch(Arc::new(self.switch_view(entry))))
            }
            Reply::Member(id) => self.access.member(id).cloned().map(Answer::Member).ok_or(Denied::NotFound("member")),
            Reply::Grant(id) => {
                self.access.grants.get(&id).cloned().map(Answer::Grant).ok_or(Denied::NotFound("grant"))
            }
            Reply::Token(id) => self.access.token(id).cloned().map(Answer::Token).ok_or(Denied::NotFound("token")),
            Reply::GuestLink(id) => {
                self.access.links.get(&id).cloned().map(Answer::GuestLink).ok_or(Denied::NotFound("guest link"))
            }
            Reply::Integration(id) => {
                let entry = self.integrations.get(&id).ok_or(Denied::NotFound("integration"))?;
                Ok(Answer::Integration(entry.integration.clone()))
            }
            Reply::Invitation(id) => self.invitation(id).map(Answer::Invitation),
            Reply::HomeAssistant => Ok(Answer::HomeAssistant(Arc::new(self.announcing.set().clone()))),
        }
    }

    fn plan(&mut self, now: &Now, setting: Setting) -> Result<(Vec<Record>, Reply), Denied> {
        match setting {
            Setting::Claim(claim) => {
                let reply = Reply::Viewer(claim.token);
                Ok((self.plan_claim(now, claim)?, reply))
            }
            Setting::OpenSession { member, token, client, was } => {
                if was.is_some() && self.account(member).is_ok_and(|member| member.password_hash != was) {
                    return Err(Denied::Unauthenticated);
                }
                Ok((self.plan_session(now, member, token, client)?, Reply::Viewer(token)))
            }
            Setting::SignInByIdentity { identity, token, client } => {
                Ok((self.plan_sign_in_by_identity(now, &identity, token, client)?, Reply::Viewer(token)))
            }
            Setting::Account(_, change) => Ok((self.plan_account(now, change)?, Reply::Done)),
            Setting::CloseSession(id) => {
                let open = self.access.is_open(id);
                Ok((open.then_some(Record::SessionEnded(id)).into_iter().collect(), Reply::Done))
            }
            Setting::EndSession(_, id) => {
                let known = self.access.session(id).ok_or(Denied::NotFound("session"))?;
                Ok((vec![Record::SessionEnded(known.id)], Reply::Done))
            }
            Setting::UpdateMember(_, id, edit) => Ok((vec![self.plan_member_update(id, edit)?], Reply::Member(id))),
            Setting::DeleteMember(_, id) => Ok((self.plan_member_deletion(id)?, Reply::Done)),
            Setting::CreateGrant(cap, to, terms) => {
                let grant = self.plan_grant(now, cap.giver(), to, terms)?;
                let reply = Reply::Grant(grant.id);
                Ok((vec![Record::Grant(grant)], reply))
            }
            Setting::DeleteGrant(cap, id) => Ok((vec![self.plan_grant_deletion(cap.giver(), id)?], Reply::Done)),
            Setting::CreateGuestLink(cap, name, token, terms) => {
                let link = self.plan_guest_link(now, cap.giver(), name, token, terms)?;
                let reply = Reply::GuestLink(link.id);
                Ok((vec![Record::GuestLink(link)], reply))
            }
            Setting::CreateToken(cap, new) => {
                let token = self.plan_token(now, &cap, new)?;
                let reply = Reply::Token(token.id);
                Ok((vec![Record::Token(token)], reply))
            }
            Setting::DeleteToken(cap, id) => Ok((vec![self.plan_token_deletion(&cap, id)?], Reply::Done)),
            Setting::DeleteGuestLink(cap, id) => {
                Ok((vec![self.plan_guest_link_deletion(cap.giver(), id)?], Reply::Done))
            }
            Setting::CreateInvitation(cap, new) => {
                let (id, records) = self.plan_invitation(now, cap.giver(), new)?;
                Ok((records, Reply::Invitation(id)))
            }
            Setting::DeleteInvitation(cap, id) => {
                Ok((vec![self.plan_invitation_deletion(cap.giver(), id)?], Reply::Done))
            }
            Setting::AcceptInvitation(acceptance) => {
                let reply = Reply::Viewer(acceptance.token);
                Ok((self.plan_acceptance(now, acceptance)?, reply))
            }
            Setting::ConfirmEmail(code, asker) => Ok((self.plan_confirmation(now, code, asker)?, Reply::Done)),
            Setting::ResetPassword(reset) => {
                let reply = Reply::Viewer(reset.token);
                Ok((self.plan_reset(now, reset)?, reply))
            }
            Setting::CreateRecoveryCode(_, member, code) => {
                Ok((self.plan_recovery_code(now, member, code)?, Reply::Done))
            }
            Setting::UpdateHome(_, edit) => Ok((self.plan_home(edit)?, Reply::Home)),
            Setting::CreateRoom(_, name) => {
                let room = self.plan_room(name)?;
                let reply = Reply::Room(room.id);
                Ok((vec![Record::Room(room)], reply))
            }
            Setting::RenameRoom(_, id, name) => {
                Ok((vec![Record::Room(self.plan_renaming(id, name)?)], Reply::Room(id)))
            }
            Setting::DeleteRoom(_, id) => Ok((self.plan_room_deletion(id)?, Reply::Done)),
            Setting::UpdateDevice(_, id, edit) => Ok((vec![self.plan_device(id, edit)?], Reply::Device(id))),
            Setting::DeleteDevice(_, id) => Ok((self.plan_device_deletion(id)?, Reply::Done)),
            Setting::UpdateSwitch(_, id, edit) => Ok((vec![self.plan_switch(id, edit)?], Reply::Switch(id))),
            Setting::RegisterBoard(_, registration) => {
                let (records, id) = self.plan_registration(registration)?;
                Ok((records, Reply::Device(id)))
            }
            Setting::FinishClaim(_, finished) => {
                let reply = Reply::Finished(finished.claim);
                Ok((self.plan_finished_claim(finished)?, reply))
            }
            Setting::NoteHardware(id, hardware) => Ok((self.plan_hardware(id, hardware), Reply::Done)),
            Setting::NoteTold(id) => Ok((self.plan_told(id), Reply::Done)),
            Setting::ReleaseDevice(_, id, released) => Ok((self.plan_release(id, &released)?, Reply::Device(id))),
            Setting::SetBehindRepeater(_, id, behind) => Ok((self.plan_repeater(id, behind)?, Reply::Repeater(id))),
            Setting::RotateCredential(_, id, new) => Ok((self.plan_rotation(id, new)?, Reply::Rotation(id))),
            Setting::EndRotation(id, secret) => Ok((self.plan_end_of_rotation(id, secret), Reply::Done)),
            Setting::CreateIntegration(_, new) => {
                let (id, record) = self.plan_integration(now, new)?;
                Ok((vec![record], Reply::Integration(id)))
            }
            Setting::DeleteIntegration(_, id) => Ok((vec![self.plan_integration_deletion(id)?], Reply::Done)),
            Setting::UpdateHomeAssistant(_, form, prefix) => {
                let known = self.announcing.set();
                let set = HomeAssistant {
                    form: form.unwrap_or(known.form),
                    prefix: prefix.unwrap_or_else(|| known.prefix.clone()),
                };
                let changed = (set != *known).then(|| Record::HomeAssistant(Arc::new(set)));
                Ok((changed.into_iter().collect(), Reply::HomeAssistant))
            }
            Setting::CreateBackupKey(_, key) => Ok((vec![Record::BackupKey(key)], Reply::Done)),
            Setting::DismissNotice(_, id) => Ok((vec![self.plan_dismissal(now, id)?], Reply::Done)),
            Setting::AdoptHeader(relays) => {
                let (records, id) = self.plan_header(&relays)?;
                Ok((records, Reply::Device(id)))
            }
            Setting::AdoptRelays(id, relays) => {
                let device = self.devices.get(&id).ok_or(Denied::NotFound("device"))?.device.clone();
                Ok((self.plan_switches(&device, &relays), Reply::Done))
            }
        }
    }
}

fn answer(request: Option<Request>, answer: Result<Answer, Denied>, out: &mut Vec<Effect>) {
    if let Some(request) = request {
        out.push(Effect::Answer(request, answer));
    }
}
