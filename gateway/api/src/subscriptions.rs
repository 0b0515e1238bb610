//! What happens, as it happens: current states first, then every change. Whoever falls behind gets the current states
//! again and goes on. A subscription ends when its viewer's session does.

use crate::backups::Backups;
use crate::boards::{self, Board, may_view_boards};
use crate::claims::{Claim, ClaimProgress};
use crate::devices::Device;
use crate::error::{no_such, told};
use crate::notices::{Notice, may_view_notices};
use crate::switches::Switch;
use crate::viewer::{Asker, asker, shared, signed_in};
use crate::wifi_change::WifiChange;
use async_graphql::{Context, ID, Result, Subscription};
use futures_util::stream::{self, Stream, StreamExt};
use gatehouse_core::access;
use gatehouse_core::backup;
use gatehouse_core::ids::{ClaimId, DeviceId, NoticeId, SwitchId};
use gatehouse_core::view::{Change, View};
use gatehouse_hub::{Changes, Feed, Hub};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use tokio::sync::watch;

/// What a subscription is told next.
enum Step {
    /// Everything as it is now: at the start, after lag, and when the viewer may see something else than before.
    All(Arc<View>),
    /// One change.
    Change(Change),
    /// How backups stand is something else, for who follows that.
    Backups,
}

/// The change feed, as one viewer sees it.
struct Feeder {
    hub: Hub,
    asker: Asker,
    viewer: access::Viewer,
    first: Option<Arc<View>>,
    changes: Changes,
    /// Whether it is told of people and grants, and not only of what follows from them for the viewer.
    follows_people: bool,
    /// How backups stand, which the hub does not know; none for who does not follow that.
    backups: Option<watch::Receiver<Arc<backup::Backups>>>,
}

impl Feeder {
    fn new(ctx: &Context<'_>) -> Result<Self> {
        let viewer = signed_in(ctx)?.viewer;
        let hub = shared(ctx).hub.clone();
        let (view, changes) = hub.watch();
        let (first, asker) = (Some(view), asker(ctx).clone());
        Ok(Self { hub, asker, viewer, first, changes, follows_people: false, backups: None })
    }

    /// The next step; none when the session or the hub has ended.
    async fn next(&mut self) -> Option<Step> {
        if let Some(view) = self.first.take() {
            return Some(Step::All(view));
        }
        loop {
            let feed = tokio::select! {
                // Whoever is an owner no more is told nothing more.
                biased;
                feed = self.changes.next() => feed?,
                () = changed(&mut self.backups) => return Some(Step::Backups),
            };
            match feed {
                Feed::Change(Change::Access(access)) => {
                    let view = self.hub.view();
                    if self.follows_people && self.asker.viewer(&view)? == self.viewer {
                        return Some(Step::Change(Change::Access(access)));
                    }
                    let viewer = self.asker.viewer(&view)?;
                    if viewer != self.viewer {
                        self.viewer = viewer;
                        return Some(Step::All(view));
                    }
                }
                Feed::Change(change) => return Some(Step::Change(change)),
                Feed::Lagged(view) => {
                    self.viewer = self.asker.viewer(&view)?;
                    return Some(Step::All(view));
                }
            }
        }
    }

    /// A stream of what `pick` takes out of each step.
    fn stream<T, P>(self, pick: P) -> impl Stream<Item = T> + use<T, P>
    where
        P: FnMut(&access::Viewer, Step, &mut VecDeque<T>),
    {
        stream::unfold((self, pick, VecDeque::new()), async |(mut feeder, mut pick, mut ready)| {
            loop {
                if let Some(item) = ready.pop_front() {
                    return Some((item, (feeder, pick, ready)));
                }
                let step = feeder.next().await?;
                pick(&feeder.viewer, step, &mut ready);
            }
        })
    }
}

/// Until how backups stand is something else; for ever when nobody follows that, or it is told no more.
async fn changed(backups: &mut Option<watch::Receiver<Arc<backup::Backups>>>) {
    let told = match backups {
        Some(backups) => backups.changed().await.is_ok(),
        None => false,
    };
    if !told {
        std::future::pending::<()>().await;
    }
}

/// The same, up to the first that is the last.
fn up_to<T>(told: impl Stream<Item = T>, is_last: fn(&T) -> bool) -> impl Stream<Item = T> {
    stream::unfold(Some((Box::pin(told), is_last)), async |rest| {
        let (mut told, is_last) = rest?;
        let next = told.next().await?;
        let rest = (!is_last(&next)).then_some((told, is_last));
        Some((next, rest))
    })
}

/// What happens, as it happens.
#[derive(Default)]
pub(crate) struct SubscriptionRoot;

/// What happens, as it happens. After lag the current states come again; intermediate ones may be skipped.
#[Subscription(name = "Subscription")]
impl SubscriptionRoot {
    /// Current switches first, then each switch whenever anything about it changes. Without `switchIds` all that the
    /// viewer may view; ids of nothing the viewer may view are left out.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED.
    async fn switch_changed(
        &self,
        ctx: &Context<'_>,
        switch_ids: Option<Vec<ID>>,
    ) -> Result<impl Stream<Item = Switch> + use<>> {
        let wanted: Option<BTreeSet<SwitchId>> =
            switch_ids.map(|ids| ids.iter().filter_map(|id| id.parse().ok()).collect());
        let shown = move |viewer: &access::Viewer, id| {
            wanted.as_ref().is_none_or(|wanted| wanted.contains(&id)) && viewer.may_view(id)
        };
        Ok(Feeder::new(ctx)?.stream(move |viewer, step, out| match step {
            Step::All(view) => out.extend(view.switches.iter().filter(|s| shown(viewer, s.id)).cloned().map(Switch)),
            Step::Change(Change::Switch(switch)) if shown(viewer, switch.id) => out.push_back(Switch(switch)),
            Step::Change(_) | Step::Backups => {}
        }))
    }

    /// Ids of switches that are gone, or that the viewer may no longer view.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED.
    async fn switch_removed(&self, ctx: &Context<'_>) -> Result<impl Stream<Item = ID> + use<>> {
        let mut known = BTreeSet::new();
        Ok(Feeder::new(ctx)?.stream(move |viewer, step, out| match step {
            Step::All(view) => {
                let shown: BTreeSet<_> = view.switches.iter().map(|s| s.id).filter(|id| viewer.may_view(*id)).collect();
                out.extend(known.difference(&shown).map(|id: &SwitchId| ID::from(id.to_string())));
                known = shown;
            }
            Step::Change(Change::Switch(switch)) if viewer.may_view(switch.id) => {
                known.insert(switch.id);
            }
            Step::Change(Change::SwitchRemoved(id)) => {
                if known.remove(&id) {
                    out.push_back(ID::from(id.to_string()));
                }
            }
            Step::Change(_) | Step::Backups => {}
        }))
    }

    /// Current notices first, then each whenever it is new or counts up. For the owner; others are told nothing.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED.
    async fn notice_changed(&self, ctx: &Context<'_>) -> Result<impl Stream<Item = Notice> + use<>> {
        Ok(Feeder::new(ctx)?.stream(move |viewer, step, out| match step {
            _ if !may_view_notices(viewer) => {}
            Step::All(view) => out.extend(view.notices.iter().cloned().map(Notice)),
            Step::Change(Change::Notice(notice)) => out.push_back(Notice(notice)),
            Step::Change(_) | Step::Backups => {}
        }))
    }

    /// Ids of notices that were dismissed, or are no more. For the owner; others are told nothing.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED.
    async fn notice_removed(&self, ctx: &Context<'_>) -> Result<impl Stream<Item = ID> + use<>> {
        let mut known = BTreeSet::new();
        Ok(Feeder::new(ctx)?.stream(move |viewer, step, out| match step {
            _ if !may_view_notices(viewer) => {}
            Step::All(view) => {
                let shown: BTreeSet<_> = view.notices.iter().map(|notice| notice.id).collect();
                out.extend(known.difference(&shown).map(|id: &NoticeId| ID::from(id.to_string())));
                known = shown;
            }
            Step::Change(Change::Notice(notice)) => drop(known.insert(notice.id)),
            Step::Change(Change::NoticeRemoved(id)) => {
                if known.remove(&id) {
                    out.push_back(ID::from(id.to_string()));
                }
            }
            Step::Change(_) | Step::Backups => {}
        }))
    }

    /// The boards that are plugged in or say in the network that they are there, at first and whenever anything about one of them, or
    /// about its claim, changes. For the owner; others are told nothing.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED.
    #[graphql(complexity = "5 * child_complexity + 1")]
    async fn boards_changed(&self, ctx: &Context<'_>) -> Result<impl Stream<Item = Vec<Board>> + use<>> {
        let mut known = View::default();
        Ok(Feeder::new(ctx)?.stream(move |viewer, step, out| {
            match step {
                _ if !may_view_boards(viewer) => return,
                Step::All(view) => {
                    known = View { boards: view.boards.clone(), nearby: view.nearby.clone(), ..View::default() }
                }
                Step::Change(
                    change
                    @ (Change::Board(_) | Change::BoardRemoved(_) | Change::Nearby(_) | Change::NearbyRemoved(_)),
                ) => known.apply(&change),
                Step::Change(Change::Claim(claim)) if known.board(claim.board).is_some() => {}
                Step::Change(_) | Step::Backups => return,
            }
            out.push_back(boards::all(&known.boards, &known.nearby));
        }))
    }

    /// Claims that are under way, or over and remembered, at first and whenever one of them, or whether its board is plugged in,
    /// changes. For the owner; others are told nothing.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED.
    #[graphql(complexity = "5 * child_complexity + 1")]
    async fn claims_changed(&self, ctx: &Context<'_>) -> Result<impl Stream<Item = Vec<Claim>> + use<>> {
        let mut known = BTreeMap::new();
        Ok(Feeder::new(ctx)?.stream(move |viewer, step, out| {
            match step {
                _ if !may_view_boards(viewer) => return,
                Step::All(view) => known = view.claims.iter().map(|claim| (claim.id, claim.clone())).collect(),
                Step::Change(Change::Claim(claim)) => drop(known.insert(claim.id, claim)),
                Step::Change(Change::ClaimRemoved(id)) => drop(known.remove(&id)),
                Step::Change(Change::BoardRemoved(id)) if known.values().any(|claim| claim.board == id) => {}
                Step::Change(_) | Step::Backups => return,
            }
            out.push_back(known.values().cloned().map(Claim::new).collect());
        }))
    }

    /// The last time that boards were given another network, at first and whenever one of them is further. For the owner; others are told
    /// nothing.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED.
    #[graphql(complexity = "5 * child_complexity + 1")]
    async fn wifi_changed(&self, ctx: &Context<'_>) -> Result<impl Stream<Item = WifiChange> + use<>> {
        Ok(Feeder::new(ctx)?.stream(move |viewer, step, out| {
            let change = match step {
                _ if !may_view_boards(viewer) => None,
                Step::All(view) => view.wifi_change.clone(),
                Step::Change(Change::WifiChange(change)) => Some(change),
                Step::Change(_) | Step::Backups => None,
            };
            out.extend(change.map(WifiChange::new));
        }))
    }

    /// How the backups of the home stand, at first and whenever that changes. For the owner; others are told nothing.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED.
    async fn backups_changed(&self, ctx: &Context<'_>) -> Result<impl Stream<Item = Backups> + use<>> {
        let state = shared(ctx).settings.backups.state.clone();
        // What there is now is told at first.
        let mut backups = state.clone();
        backups.mark_unchanged();
        let feeder = Feeder { backups: Some(backups), ..Feeder::new(ctx)? };
        let mut key = None;
        Ok(feeder.stream(move |viewer, step, out| {
            match step {
                _ if viewer.administer().is_err() => return,
                Step::All(view) => key = view.backup_key.clone(),
                Step::Change(Change::BackupKey(new)) => key = Some(new),
                Step::Backups => {}
                Step::Change(_) => return,
            }
            out.push_back(Backups::new(key.clone(), state.borrow().clone()));
        }))
    }

    /// How far a claim is, at first and whenever it is further. Ends after `done`. For the owner.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED, FORBIDDEN, NOT_FOUND (there is none any more: the gateway was started anew, or it
    /// is long over).
    async fn claim_progress(
        &self,
        ctx: &Context<'_>,
        claim_id: ID,
    ) -> Result<impl Stream<Item = ClaimProgress> + use<>> {
        let asked = signed_in(ctx)?;
        asked.viewer.administer().map_err(told)?;
        let id: ClaimId = claim_id.parse().map_err(|_| no_such("claim"))?;
        asked.view.claim(id).ok_or_else(|| no_such("claim"))?;
        let told = Feeder::new(ctx)?.stream(move |viewer, step, out| match step {
            _ if !may_view_boards(viewer) => {}
            Step::All(view) => out.extend(view.claim(id).map(|claim| ClaimProgress::new(claim))),
            Step::Change(Change::Claim(claim)) if claim.id == id => out.push_back(ClaimProgress::new(&claim)),
            Step::Change(_) | Step::Backups => {}
        });
        // Who follows one claim after the other is left with no subscription of those that are over.
        Ok(up_to(told, ClaimProgress::is_over))
    }

    /// Current devices that the viewer may view first, then each device whenever anything about it changes.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED.
    async fn device_changed(&self, ctx: &Context<'_>) -> Result<impl Stream<Item = Device> + use<>> {
        Ok(Feeder::new(ctx)?.stream(move |viewer, step, out| match step {
            Step::All(view) => {
                out.extend(view.devices.iter().filter(|d| viewer.may_view_device(d.id)).cloned().map(Device));
            }
            Step::Change(Change::Device(device)) if viewer.may_view_device(device.id) => out.push_back(Device(device)),
            Step::Change(_) | Step::Backups => {}
        }))
    }

    /// Ids of devices that are gone, or that the viewer may no longer view.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED.
    async fn device_removed(&self, ctx: &Context<'_>) -> Result<impl Stream<Item = ID> + use<>> {
        let mut known = BTreeSet::new();
        Ok(Feeder::new(ctx)?.stream(move |viewer, step, out| match step {
            Step::All(view) => {
                let ids = view.devices.iter().map(|device| device.id);
                let shown: BTreeSet<_> = ids.filter(|id| viewer.may_view_device(*id)).collect();
                out.extend(known.difference(&shown).map(|id: &DeviceId| ID::from(id.to_string())));
                known = shown;
            }
            Step::Change(Change::Device(device)) if viewer.may_view_device(device.id) => {
                known.insert(device.id);
            }
            Step::Change(Change::DeviceRemoved(id)) => {
                if known.remove(&id) {
                    out.push_back(ID::from(id.to_string()));
                }
            }
            Step::Change(_) | Step::Backups => {}
        }))
    }

    /// True at first, and whenever people, sessions, grants, links, or what the viewer may do, are others: ask again. Guests are
    /// told when what they may do is something else.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED.
    async fn access_changed(&self, ctx: &Context<'_>) -> Result<impl Stream<Item = bool> + use<>> {
        let feeder = Feeder { follows_people: true, ..Feeder::new(ctx)? };
        Ok(feeder.stream(move |viewer, step, out| match step {
            Step::All(_) => out.push_back(true),
            Step::Change(Change::Access(_)) if viewer.role() != access::Role::Guest => out.push_back(true),
            Step::Change(_) | Step::Backups => {}
        }))
    }
}
