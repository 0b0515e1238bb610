//! Notices: which incidents become one, how it counts up, and what a dismissal means.
//!
//! Notices are observations, not settings: they are shown at once and written behind, the first time of one at once and
//! then at most once a minute, so that a storm wears no card; a cut of power may lose that minute of counting. A
//! dismissal is somebody's decision, and on disk before it is true.

use super::{Effect, Home};
use crate::access::Denied;
use crate::ids::{NoticeId, Ticket};
use crate::notice::{Incident, MAX_SUBJECTS, Notice, NoticeKind, QUIET, Subject, WRITE_EVERY};
use crate::record::Record;
use crate::time::{Mono, Now};
use crate::view::Change;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Incidents counted that are not often enough yet for a notice; of more, those that began longest ago are forgotten.
const MAX_TALLIES: usize = 256;

type Key = (NoticeKind, Subject);

#[derive(Debug)]
struct Entry {
    notice: Arc<Notice>,
    /// When it was last handed to the store; none in this run.
    written: Option<Mono>,
    /// Whether the store has yet to learn of it.
    dirty: bool,
    /// Dismissed, or about to be: until then nothing of its kind and subject happens anew.
    quiet_until: Option<Mono>,
    /// The dismissal is on its way to the disk; nothing else may be written about it meanwhile.
    dismissing: bool,
}

#[derive(Clone, Copy, Debug)]
struct Tally {
    times: u32,
    since: Mono,
}

/// All notices, those dismissed among them, and what may become one.
#[derive(Debug, Default)]
pub(super) struct Notices {
    entries: BTreeMap<NoticeId, Entry>,
    by_key: HashMap<Key, NoticeId>,
    tallies: HashMap<Key, Tally>,
    /// When the first of those that wait is to be written.
    due: Option<Mono>,
}

impl Notices {
    pub(super) fn next_deadline(&self) -> Option<Mono> {
        self.due
    }

    /// Those that are shown.
    pub(super) fn shown(&self) -> Vec<Arc<Notice>> {
        self.entries.values().map(|entry| &entry.notice).filter(|notice| !notice.dismissed).cloned().collect()
    }

    /// Whether there is one of this kind and subject, dismissed or not.
    pub(super) fn has(&self, kind: NoticeKind, subject: &Subject) -> bool {
        self.by_key.contains_key(&(kind, subject.clone()))
    }

    fn entry(&self, key: &Key) -> Option<&Entry> {
        self.by_key.get(key).and_then(|id| self.entries.get(id))
    }

    fn insert(&mut self, notice: Arc<Notice>, written: Option<Mono>) {
        self.by_key.insert((notice.kind, notice.subject.clone()), notice.id);
        let entry = Entry { notice: notice.clone(), written, dirty: false, quiet_until: None, dismissing: false };
        self.entries.insert(notice.id, entry);
    }

    fn remove(&mut self, id: NoticeId, out: &mut Vec<Effect>) {
        let Some(entry) = self.entries.remove(&id) else { return };
        self.by_key.remove(&(entry.notice.kind, entry.notice.subject.clone()));
        if !entry.notice.dismissed {
            out.push(Effect::Changed(Change::NoticeRemoved(id)));
        }
        out.push(write(Record::NoticeDeleted(id)));
    }

    /// There is no more to say of this.
    pub(super) fn answer(&mut self, kind: NoticeKind, subject: &Subject, out: &mut Vec<Effect>) {
        if let Some(&id) = self.by_key.get(&(kind, subject.clone())) {
            self.remove(id, out);
        }
    }

    /// How often it has happened, once that is often enough.
    fn tally(&mut self, now: Mono, key: &Key, times: u32) -> Option<u32> {
        let (enough, within) = key.0.threshold();
        let known = self.tallies.get(key).filter(|tally| now.since(tally.since) <= within);
        let since = known.map_or(now, |tally| tally.since);
        let times = known.map_or(0, |tally| tally.times).saturating_add(times);
        self.tallies.remove(key);
        if times >= enough {
            return Some(times);
        }
        if self.tallies.len() >= MAX_TALLIES {
            let oldest = self.tallies.iter().min_by_key(|(_, tally)| tally.since).map(|(key, _)| key.clone());
            oldest.and_then(|key| self.tallies.remove(&key));
        }
        self.tallies.insert(key.clone(), Tally { times, since });
        None
    }

    /// Counts up a notice that is there; false when there is none, or it happened anew.
    fn count_up(&mut self, now: &Now, key: &Key, incident: &Incident, out: &mut Vec<Effect>) -> bool {
        let Some(entry) = self.by_key.get(key).and_then(|id| self.entries.get_mut(id)) else { return false };
        if entry.notice.dismissed {
            return entry.quiet_until.is_some_and(|until| now.mono < until);
        }
        let notice = Arc::make_mut(&mut entry.notice);
        notice.times = notice.times.saturating_add(incident.times.into());
        notice.at = now.stamp();
        notice.from = incident.from.or(notice.from);
        notice.detail = incident.detail.clone().or(notice.detail.take());
        out.push(Effect::Changed(Change::Notice(entry.notice.clone())));
        entry.dirty = true;
        let due = entry.written.map_or(now.mono, |written| written.plus(WRITE_EVERY));
        self.due = Some(self.due.map_or(due, |first| first.min(due)));
        true
    }

    /// Where a new notice of this kind and subject goes: there, or to the one for all the others.
    fn place(&mut self, key: Key, out: &mut Vec<Effect>) -> Key {
        let places = self.entries.values().map(|entry| &entry.notice);
        let places = places.filter(|notice| notice.kind == key.0 && notice.subject != Subject::Others);
        if places.clone().count() < MAX_SUBJECTS || key.1 == Subject::Others {
            return key;
        }
        let dismissed = places.filter(|notice| notice.dismissed).map(|notice| notice.id).next();
        match dismissed {
            Some(dismissed) => {
                self.remove(dismissed, out);
                key
            }
            None => (key.0, Subject::Others),
        }
    }

    /// Writes those that wait and whose time has come; all of them when there is no later.
    pub(super) fn write_due(&mut self, now: Option<Mono>, out: &mut Vec<Effect>) {
        self.due = None;
        for entry in self.entries.values_mut().filter(|entry| entry.dirty && !entry.dismissing) {
            let due = entry.written.map(|written| written.plus(WRITE_EVERY));
            match (now, due) {
                (Some(now), Some(due)) if due > now => {
                    self.due = Some(self.due.map_or(due, |first| first.min(due)));
                }
                _ => {
                    (entry.dirty, entry.written) = (false, now.or(entry.written));
                    out.push(write(Record::Notice(entry.notice.clone())));
                }
            }
        }
    }
}

fn write(record: Record) -> Effect {
    Effect::Write { ticket: None::<Ticket>, records: vec![record] }
}

impl Home {
    /// Something happened that may be worth a notice.
    pub(super) fn incident(&mut self, now: &Now, incident: &Incident, out: &mut Vec<Effect>) {
        let key = (incident.kind, incident.subject.clone());
        if self.notices.count_up(now, &key, incident, out) {
            return;
        }
        let Some(times) = self.notices.tally(now.mono, &key, incident.times.max(1)) else { return };
        let key = self.notices.place(key, out);
        let incident = Incident { times, ..incident.clone() };
        // On the one for all the others it may be there already.
        if !self.notices.count_up(now, &key, &incident, out) {
            self.new_notice(now, key, &incident, out);
        }
    }

    /// Of this kind, these and no others are so now. One that was dismissed stays away for as long as it is so.
    pub(super) fn condition(&mut self, now: &Now, kind: NoticeKind, subjects: &[Subject], out: &mut Vec<Effect>) {
        let over = |entry: &&Entry| {
            entry.notice.kind == kind && !entry.dismissing && !subjects.contains(&entry.notice.subject)
        };
        let over: Vec<_> = self.notices.entries.values().filter(over).map(|entry| entry.notice.id).collect();
        for id in over {
            self.notices.remove(id, out);
        }
        for subject in subjects.iter().take(MAX_SUBJECTS) {
            let key = (kind, subject.clone());
            if self.notices.entry(&key).is_none() {
                self.new_notice(now, key, &Incident::once(kind, subject.clone(), None), out);
            }
        }
    }

    /// This is so of the gateway, for this reason, or is not. What is the case for another reason is another notice.
    pub(super) fn because(&mut self, now: &Now, kind: NoticeKind, why: Option<Arc<str>>, out: &mut Vec<Effect>) {
        let subject = Subject::Gateway;
        let key = (kind, subject.clone());
        if why.is_some() && self.notices.entry(&key).is_some_and(|entry| entry.notice.detail == why) {
            return;
        }
        self.notices.answer(kind, &subject, out);
        if why.is_some() {
            let incident = Incident { detail: why, ..Incident::once(kind, subject, None) };
            self.new_notice(now, key, &incident, out);
        }
    }

    fn new_notice(&mut self, now: &Now, key: Key, incident: &Incident, out: &mut Vec<Effect>) {
        if let Some(&dismissed) = self.notices.by_key.get(&key) {
            self.notices.remove(dismissed, out);
        }
        let at = now.stamp();
        let notice = Arc::new(Notice {
            id: NoticeId::from_raw(self.ids.draw()),
            kind: key.0,
            subject: key.1,
            from: incident.from,
            detail: incident.detail.clone(),
            times: incident.times.into(),
            first_at: at,
            at,
            dismissed: false,
        });
        self.notices.insert(notice.clone(), Some(now.mono));
        out.push(Effect::Changed(Change::Notice(notice.clone())));
        out.push(write(Record::Notice(notice)));
    }

    pub(super) fn notice_kind(&self, id: NoticeId) -> Option<NoticeKind> {
        self.notices.entries.get(&id).map(|entry| entry.notice.kind)
    }

    pub(super) fn plan_dismissal(&mut self, now: &Now, id: NoticeId) -> Result<Record, Denied> {
        let entry = self.notices.entries.get_mut(&id).filter(|entry| !entry.notice.dismissed);
        let entry = entry.ok_or(Denied::NotFound("notice"))?;
        (entry.dismissing, entry.quiet_until) = (true, Some(now.mono.plus(QUIET)));
        Ok(Record::Notice(Arc::new(Notice { dismissed: true, ..Notice::clone(&entry.notice) })))
    }

    /// A dismissal could not be written: it did not happen.
    pub(super) fn dismissal_failed(&mut self, now: &Now, id: NoticeId) {
        if let Some(entry) = self.notices.entries.get_mut(&id) {
            (entry.dismissing, entry.quiet_until) = (false, None);
            if entry.dirty {
                self.notices.due = Some(now.mono);
            }
        }
    }

    /// A notice as it is on disk: at start, and when it was dismissed.
    pub(super) fn apply_notice(&mut self, notice: Arc<Notice>, out: &mut Vec<Effect>) {
        let id = notice.id;
        let change = if notice.dismissed { Change::NoticeRemoved(id) } else { Change::Notice(notice.clone()) };
        match self.notices.entries.get_mut(&id) {
            Some(entry) => (entry.notice, entry.dirty, entry.dismissing) = (notice, false, false),
            None => self.notices.insert(notice, None),
        }
        out.push(Effect::Changed(change));
    }

    pub(super) fn apply_notice_deletion(&mut self, id: NoticeId) {
        if let Some(entry) = self.notices.entries.remove(&id) {
            self.notices.by_key.remove(&(entry.notice.kind, entry.notice.subject.clone()));
        }
    }
}
