//! What is done to a board over its cable with nobody else at its port: it is flashed, or given Wi-Fi and no home. Such a job is known by
//! where the board is plugged in, so that what failed is shown there when it is back.

use crate::ids::FoundId;
use crate::onboarding::{Attempt, PortName};
use crate::time::Mono;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How long one that is over is shown, and how many of a kind, the newest.
const REMEMBERED: Duration = Duration::from_secs(600);
pub(in crate::home) const MAX_JOBS_OVER: usize = 64;

/// A job as people see it.
pub(super) trait JobView: Clone {
    /// Of its kind alone; a later one is greater.
    type Id: Copy + Ord;
    fn id(&self) -> Self::Id;
    /// Whether nothing more will come of it.
    fn is_over(&self) -> bool;
}

/// Where a board is plugged in.
#[derive(Clone, Debug)]
pub(super) struct Plug {
    pub(super) board: FoundId,
    pub(super) port: PortName,
    pub(super) location: Arc<str>,
}

/// One that is under way, or was.
#[derive(Debug)]
pub(super) struct Job<V> {
    pub(super) view: Arc<V>,
    pub(super) plug: Plug,
    pub(super) begun: Mono,
    attempt: Attempt,
    /// When it must be further.
    due: Mono,
    /// When it is forgotten.
    over: Option<Mono>,
}

/// All of one kind.
#[derive(Debug)]
pub(super) struct Jobs<V: JobView>(BTreeMap<V::Id, Job<V>>);

impl<V: JobView> Default for Jobs<V> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<V: JobView> Jobs<V> {
    /// Begins one, which must be further after `within`.
    pub(super) fn begin(&mut self, now: Mono, plug: Plug, attempt: Attempt, view: V, within: Duration) {
        let (id, due) = (view.id(), now.plus(within));
        self.0.insert(id, Job { view: Arc::new(view), plug, begun: now, attempt, due, over: None });
    }

    /// The newest at a place.
    pub(super) fn at(&self, location: &Arc<str>) -> Option<&Arc<V>> {
        self.0.values().rev().find(|job| job.plug.location == *location).map(|job| &job.view)
    }

    /// The newest at a place, as long as it is under way.
    pub(super) fn open_at(&self, location: &Arc<str>) -> Option<&Arc<V>> {
        self.at(location).filter(|view| !view.is_over())
    }

    /// Those that are under way.
    pub(super) fn open(&self) -> Vec<V::Id> {
        self.0.iter().filter(|(_, job)| !job.view.is_over()).map(|(id, _)| *id).collect()
    }

    /// The open one that an event at a port is of.
    pub(super) fn of(&self, port: &PortName, attempt: Attempt) -> Option<V::Id> {
        let mut open = self.0.iter().filter(|(_, job)| !job.view.is_over());
        open.find(|(_, job)| job.plug.port == *port && job.attempt == attempt).map(|(id, _)| *id)
    }

    pub(super) fn get(&self, id: V::Id) -> Option<&Job<V>> {
        self.0.get(&id)
    }

    /// What people see of it is something else.
    pub(super) fn update(&mut self, id: V::Id, change: impl FnOnce(&mut V)) {
        if let Some(job) = self.0.get_mut(&id) {
            change(Arc::make_mut(&mut job.view));
        }
    }

    /// It is further, and must be further again by `due`.
    pub(super) fn extend(&mut self, id: V::Id, due: impl FnOnce(&Job<V>) -> Mono) {
        if let Some(job) = self.0.get_mut(&id) {
            job.due = due(job);
        }
    }

    /// It is over, and is shown for a while. The ports of those that are forgotten for it.
    pub(super) fn close(&mut self, now: Mono, id: V::Id) -> Vec<PortName> {
        if let Some(job) = self.0.get_mut(&id) {
            job.over = Some(now.plus(REMEMBERED));
        }
        let mut over: Vec<_> = self.0.iter().filter_map(|(id, job)| Some((job.over?, *id))).collect();
        over.sort_unstable();
        over.truncate(over.len().saturating_sub(MAX_JOBS_OVER));
        self.forget(over.into_iter().map(|(_, id)| id))
    }

    /// Forgets those that are long over. Their ports, and those that come no further.
    pub(super) fn settle(&mut self, now: Mono) -> (Vec<PortName>, Vec<V::Id>) {
        let due = self.0.iter().filter(|(_, job)| job.over.unwrap_or(job.due) <= now);
        let (over, late): (Vec<_>, Vec<_>) =
            due.map(|(id, job)| (*id, job.over.is_some())).partition(|(_, over)| *over);
        (self.forget(over.into_iter().map(|(id, _)| id)), late.into_iter().map(|(id, _)| id).collect())
    }

    /// Forgets those at a place that are over, but for those to be kept.
    pub(super) fn forget_at(&mut self, location: &Arc<str>, kept: impl Fn(&Job<V>) -> bool) {
        self.0.retain(|_, job| job.plug.location != *location || !job.view.is_over() || kept(job));
    }

    fn forget(&mut self, ids: impl Iterator<Item = V::Id>) -> Vec<PortName> {
        ids.filter_map(|id| self.0.remove(&id)).map(|job| job.plug.port).collect()
    }

    /// When something has to be done about each.
    pub(super) fn deadlines(&self) -> impl Iterator<Item = Mono> {
        self.0.values().map(|job| job.over.unwrap_or(job.due))
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}
