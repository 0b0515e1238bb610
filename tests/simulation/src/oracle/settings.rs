//! Settings: shown and acknowledged when they are on disk, not a moment before, and never lost after.

use super::{By, Caller, Ended, Oracle, Step};
use crate::board::hash_of;
use gatehouse_core::access::Denied;
use gatehouse_core::device::{Device, NewSecret};
use gatehouse_core::home::{Answer, Input};
use gatehouse_core::homeassistant::Announced;
use gatehouse_core::ids::Request;
use gatehouse_core::notice::MAX_SUBJECTS;
use gatehouse_core::record::Record;
use gatehouse_core::view::View;
use std::collections::{HashMap, HashSet};

impl Oracle {
    /// A change is planned: what is new in it has an id of its own.
    pub(super) fn plan_written(&mut self, records: &[Record]) {
        let lines = records.iter().filter(|record| matches!(record, Record::Entry(_))).count();
        // The end of a rotation, and what a board is when it first comes, are the changes that nobody makes.
        let recorded = |device: &Device| {
            self.acked
                .devices
                .get(&device.id)
                .is_some_and(|known| known.hardware.is_none() && device.hardware.is_some())
        };
        let by_itself = match records {
            [Record::Device(device)] if recorded(device) => {
                self.totals.hardware_recorded += 1;
                true
            }
            [Record::Device(device)] => device.next.is_none(),
            _ => false,
        };
        assert_eq!(lines, usize::from(!by_itself), "a line in the record for each change: {records:?}");
        for record in records {
            let (raw, known) = match record {
                Record::Home(home) => (home.id.raw(), self.acked.home.is_some()),
                Record::Member(member) => (member.id.raw(), self.acked.members.contains_key(&member.id)),
                Record::Session(session) => (session.id.raw(), self.acked.sessions.contains_key(&session.id)),
                Record::Room(room) => (room.id.raw(), self.acked.rooms.contains_key(&room.id)),
                Record::Device(device) => (device.id.raw(), self.acked.devices.contains_key(&device.id)),
                Record::Switch(switch) => (switch.id.raw(), self.acked.switches.contains_key(&switch.id)),
                Record::Integration(new, _) => (new.id.raw(), self.acked.integrations.contains_key(&new.id)),
                Record::Grant(grant) => (grant.id.raw(), self.acked.grants.contains_key(&grant.id)),
                Record::GuestLink(link) => (link.id.raw(), self.acked.links.contains_key(&link.id)),
                Record::Token(token) => (token.id.raw(), self.acked.tokens.contains_key(&token.id)),
                Record::Identity(linked) => (linked.id.raw(), self.acked.identities.contains_key(&linked.id)),
                Record::IdentityUnlinked(_) => continue,
                Record::MemberDeleted(_) | Record::GrantDeleted(_) | Record::GuestLinkDeleted(_) => continue,
                Record::TokenDeleted(_) => continue,
                Record::Invitation(new, _) => (new.id.raw(), self.acked.invitations.contains_key(&new.id)),
                Record::InvitationDeleted(_) | Record::DeviceDeleted(_) | Record::SwitchDeleted(_) => continue,
                Record::SessionEnded(_) | Record::RoomDeleted(_) | Record::IntegrationDeleted(_) => continue,
                Record::HomeAssistant(_) | Record::RecoveryCode(_) | Record::RecoveryCodeUsed => continue,
                Record::BackupKey(_) => continue,
                Record::Entry(entry) => (entry.id.raw(), false),
                // One that was shown before.
                Record::Notice(notice) if notice.dismissed => continue,
                Record::Notice(_) | Record::NoticeDeleted(_) | Record::Reported(..) | Record::Command(_) => {
                    panic!("not a setting: {record:?}")
                }
                Record::WrongTries(..) | Record::WrongTriesForgotten(_) => {
                    panic!("not a setting: {record:?}")
                }
            };
            assert!(known || self.ids.insert(raw), "an id was given out before: {record:?}");
        }
    }

    /// What is shown is what is known to be on disk, no more and no less.
    pub(super) fn check_settings(&self, view: &View) {
        let acked = &self.acked;
        assert_eq!(view.home, acked.home, "the household");
        assert!(view.rooms.iter().eq(acked.rooms.values()), "the rooms: {:?}, {:?}", view.rooms, acked.rooms);
        assert_eq!(view.devices.len(), acked.devices.len(), "the devices");
        for (shown, kept) in view.devices.iter().zip(acked.devices.values()) {
            let shown = (shown.id, &shown.board, &shown.name, shown.room, shown.rotating);
            assert_eq!(shown, (kept.id, &kept.board, &kept.name, kept.room, kept.next.is_some()), "a device");
        }
        assert_eq!(view.switches.len(), acked.switches.len(), "the switches");
        for (shown, kept) in view.switches.iter().zip(acked.switches.values()) {
            let room = kept.room.or_else(|| acked.devices.get(&kept.device)?.room);
            assert!(room.is_none_or(|room| acked.rooms.contains_key(&room)), "{} is in a room that is gone", kept.id);
            let shown = (shown.id, shown.device, &shown.endpoint, &shown.name, shown.room);
            assert_eq!(shown, (kept.id, kept.device, &kept.endpoint, &kept.name, room), "a switch");
        }
        let integrations = acked.integrations.values().map(|(integration, _)| integration);
        assert!(view.integrations.iter().eq(integrations), "the integrations: {:?}", view.integrations);
        let set = acked.home_assistant.clone().unwrap_or_default();
        assert_eq!(view.home_assistant, set, "how Home Assistant is told");
    }

    /// What Home Assistant is told is what is known to be on disk.
    pub(super) fn check_announced(&self, announced: &Announced) {
        let acked = &self.acked;
        assert_eq!(announced.set, acked.home_assistant.as_deref().cloned().unwrap_or_default());
        assert_eq!(announced.devices.len(), acked.devices.len(), "the devices announced");
        for (told, kept) in announced.devices.values().zip(acked.devices.values()) {
            assert_eq!((told.id, &told.board, &told.name), (kept.id, &kept.board, &kept.name), "a device announced");
            if let Some(room) = kept.room {
                assert_eq!(told.room.as_ref(), Some(&acked.rooms[&room].name), "its room");
            }
            let kept = acked.switches.values().filter(|switch| switch.device == told.id);
            let kept = kept.map(|switch| (switch.id, &switch.endpoint, &switch.name));
            assert!(told.switches.iter().map(|s| (s.id, &s.endpoint, &s.name)).eq(kept), "its switches");
        }
    }

    /// A new secret leaves when the store has its hash beside the old one, by the connection that is.
    pub(super) fn secret_sent(&self, new: &NewSecret) {
        let device = self.acked.devices.values().find(|device| device.board == new.board);
        assert_eq!(device.and_then(|device| device.next), Some(hash_of(&new.secret)), "sent before it was on disk");
        self.heard.get(&new.board).expect("sent to a board that never connected").check_name(new.link, new.id.session);
    }

    /// One notice for each kind and subject, so many of a kind, and what was dismissed never comes back.
    pub(super) fn check_notices(&self, view: &View) {
        let mut seen = HashMap::new();
        for notice in &view.notices {
            assert!(!notice.dismissed && !self.dismissed.contains(&notice.id), "dismissed: {notice:?}");
            let subjects: &mut HashSet<_> = seen.entry(notice.kind).or_default();
            assert!(subjects.insert(&notice.subject), "twice: {notice:?}");
            assert!(subjects.len() <= MAX_SUBJECTS + 1, "too many: {:?}", view.notices);
        }
    }

    /// Someone is answered, once.
    pub(super) fn answered(&mut self, step: &Step<'_>, request: Request, answer: &Result<Answer, Denied>) {
        let caller =
            self.callers.remove(&request).unwrap_or_else(|| panic!("{request:?} is answered twice: {answer:?}"));
        if *answer == Err(Denied::Storage) {
            assert!(matches!(step.input, Input::Written { ok: false, .. }), "blamed on the store");
            self.totals.storage_failed += 1;
        }
        self.totals.rate_limited += u64::from(matches!(answer, Err(Denied::RateLimited { .. })));
        let line = self.line_of_answer(step);
        match caller {
            Caller::Tap { switch, on, expected, .. } => self.tap_answered((switch, on, expected), answer),
            Caller::Claim(token) => match answer {
                Ok(Answer::Viewer(viewer)) => {
                    assert_eq!(self.owner.replace(token), None, "two claims were acknowledged");
                    assert!(
                        self.acked.members.contains_key(&viewer.member().expect("a person")),
                        "an owner who is not on disk"
                    );
                }
                Ok(other) => panic!("a claim is answered {other:?}"),
                Err(Denied::Conflict(_)) => self.totals.claims_lost += 1,
                Err(other) => assert!(self.acked.home.is_none(), "a home with an owner is claimed: {other:?}"),
            },
            Caller::Offer { code, mailed } => {
                if let Ok(Answer::Member(member)) = answer {
                    self.offered(&step.now, code, mailed, member.id);
                }
            }
            Caller::SignIn(identity) => {
                if let Ok(Answer::Viewer(viewer)) = answer {
                    identity.inspect(|identity| self.came_by(identity, viewer.member()));
                    assert!(
                        self.acked.sessions.contains_key(&viewer.session().expect("a session")),
                        "a session that is not on disk"
                    );
                    self.totals.sign_ins += 1;
                }
            }
            Caller::Settings(asker, ended) => {
                self.setting_answered(step, answer, ended);
                match answer {
                    Ok(_) => self.acknowledged(line.as_ref(), &asker),
                    Err(Denied::Forbidden | Denied::Unauthenticated) => {
                        let might = self.might(&step.now, asker.by);
                        self.totals.lost_while_waiting += u64::from(!might);
                        assert!(!might || !matches!(asker.by, By::Owner(_)), "an owner is refused: {answer:?}");
                    }
                    Err(Denied::Conflict(message)) if message.starts_with("A home keeps at least one owner") => {
                        self.totals.last_owner_kept += 1;
                    }
                    Err(_) => {}
                }
            }
            Caller::Question => {}
        }
    }

    fn setting_answered(&mut self, step: &Step<'_>, answer: &Result<Answer, Denied>, ended: Option<Ended>) {
        let durable = match answer {
            Ok(Answer::Room(room)) => self.acked.rooms.get(&room.id) == Some(room),
            Ok(Answer::Device(device)) => {
                self.acked.devices.get(&device.id).is_some_and(|kept| kept.name == device.name)
            }
            Ok(Answer::Switch(switch)) => {
                self.acked.switches.get(&switch.id).is_some_and(|kept| kept.name == switch.name)
            }
            Ok(Answer::Integration(integration)) => {
                self.totals.integrations_made += 1;
                let kept = self.acked.integrations.get(&integration.id);
                let credentials = step.home.credentials();
                let credential = credentials.integrations.get(&integration.user);
                kept.zip(credential).is_some_and(|((kept, secret), held)| kept == integration && held.secret == *secret)
            }
            Ok(Answer::Done) => match ended {
                Some(Ended::Integration(id)) => {
                    self.totals.integrations_revoked += 1;
                    !self.acked.integrations.contains_key(&id)
                        && step.home.credentials().integrations.len() == self.acked.integrations.len()
                }
                Some(Ended::Notice(id)) => {
                    self.totals.notices_dismissed += 1;
                    self.dismissed.insert(id);
                    self.acked.notices.get(&id).is_some_and(|notice| notice.dismissed)
                }
                Some(Ended::Room(id)) => !self.acked.rooms.contains_key(&id),
                Some(Ended::Session(id)) => !self.acked.sessions.contains_key(&id),
                Some(Ended::Member(id)) => !self.acked.members.contains_key(&id),
                Some(Ended::Grant(id)) => !self.acked.grants.contains_key(&id),
                Some(Ended::GuestLink(id)) => !self.acked.links.contains_key(&id),
                Some(Ended::Token(id)) => !self.acked.tokens.contains_key(&id),
                Some(Ended::Invitation(id)) => !self.acked.invitations.contains_key(&id),
                Some(Ended::Device(id)) => !self.acked.devices.contains_key(&id),
                Some(Ended::Nothing) => true,
                None => false,
            },
            Ok(Answer::Member(member)) => self.acked.members.get(&member.id) == Some(member),
            // What is made with an end may be over by the time that it is on disk.
            Ok(Answer::Grant(grant)) => self.acked.grants.get(&grant.id) == Some(grant),
            Ok(Answer::GuestLink(link)) => self.acked.links.get(&link.id) == Some(link),
            Ok(Answer::Token(token)) => self.acked.tokens.get(&token.id) == Some(token),
            Ok(Answer::Invitation(invitation)) => {
                self.acked.invitations.get(&invitation.id).is_some_and(|(kept, _)| kept == invitation)
            }
            Ok(Answer::Viewer(viewer)) => {
                let session = viewer.session().expect("a person who came has a session");
                self.acked.sessions.contains_key(&session)
            }
            // What was not set is as it is when nobody ever set anything.
            Ok(Answer::HomeAssistant(set)) => *set == self.acked.home_assistant.clone().unwrap_or_default(),
            Ok(other) => panic!("a change of settings is answered {other:?}"),
            Err(_) => true,
        };
        assert!(durable, "acknowledged before it was on disk: {answer:?}");
        self.totals.settings += u64::from(answer.is_ok());
    }
}
