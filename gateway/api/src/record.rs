//! The record: who did what, and when.

use crate::commands::{Actor, ActorKind, Command};
use crate::error::told;
use crate::gateway::{DateTime, date_time};
use crate::switches::Change;
use crate::viewer::{SignedIn, shared, signed_in};
use async_graphql::connection::PageInfo;
use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use gatehouse_core::access::{Denied, Viewer};
use gatehouse_core::audit::{self, Line};
use gatehouse_core::ids::EntryId;
use gatehouse_core::switch::SwitchChange;
use gatehouse_store::Bounds;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Lines on one page, unless asked for fewer or more.
const PAGE: usize = 50;
/// Lines on one page at most.
const MAX_PAGE: usize = 100;
/// Lines that are looked at for one page: some ten milliseconds' worth on a Pi.
const LOOK_AT: usize = 5_000;
/// Pages that are looked for at a time: each takes a thread that blocks.
const MAX_READERS: usize = 2;
/// Switches that a filter may name.
const MAX_SWITCHES: usize = 100;
/// Longest text to look for, in characters.
const MAX_TEXT: usize = 64;

/// A place for whoever reads the record.
#[derive(Debug)]
pub(crate) struct Readers(Semaphore);

impl Default for Readers {
    fn default() -> Self {
        Self(Semaphore::new(MAX_READERS))
    }
}

/// What was done. More may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "audit::Kind")]
pub(crate) enum RecordKind {
    /// A switch was asked to be on or off.
    Command,
    /// A relay moved, and no command of this home did it: by the wall button, say.
    SwitchMoved,
    /// The home got its first owner.
    HomeClaimed,
    /// Someone signed in.
    SignedIn,
    /// Someone signed out.
    SignedOut,
    /// A room is new.
    RoomCreated,
    /// A room has another name.
    RoomUpdated,
    /// A room is gone.
    RoomDeleted,
    /// A board was claimed.
    DeviceClaimed,
    /// A device has another board in place of the one that it had.
    DeviceReplaced,
    /// A device has another name or room.
    DeviceUpdated,
    /// A device was given a new secret.
    CredentialRotated,
    /// A switch is new: its board described a relay that had none.
    SwitchCreated,
    /// A switch has another name or room.
    SwitchUpdated,
    /// Another home system was let in.
    IntegrationCreated,
    /// Another home system was shut out.
    IntegrationDeleted,
    /// Home Assistant is told in another form or place.
    HomeAssistantUpdated,
    /// A notice was put away.
    NoticeDismissed,
    /// Someone ended other sessions of theirs.
    SessionsEnded,
    /// Someone has another password.
    PasswordChanged,
    /// Someone has another name, role or e-mail address.
    MemberUpdated,
    /// Someone does not live here any more.
    MemberDeleted,
    /// Someone was given a part of the home.
    GrantCreated,
    /// What someone was given was taken back.
    GrantDeleted,
    /// A guest link was made.
    GuestLinkCreated,
    /// A guest link was taken back.
    GuestLinkDeleted,
    /// A program was given an API token.
    TokenCreated,
    /// An API token was taken back.
    TokenDeleted,
    /// Someone was invited.
    InvitationCreated,
    /// An invitation was taken back.
    InvitationDeleted,
    /// Someone came by an invitation.
    MemberJoined,
    /// An owner was given a recovery code.
    RecoveryCodeCreated,
    /// A recovery key for backups was made.
    BackupKeyCreated,
    /// The home has another name, time zone or contact.
    HomeUpdated,
    /// A board was asked to blink.
    DeviceIdentified,
    /// A board was asked to start over.
    DeviceRestarted,
    /// A board was asked to forget the home.
    DeviceWiped,
    /// A setting of a relay was asked to be another, on its board.
    SwitchConfigured,
    /// A board was given another Wi-Fi network.
    WifiChanged,
    /// Someone signs in by an account at a provider, too.
    IdentityLinked,
    /// Someone signs in by an account at a provider no more.
    IdentityUnlinked,
    /// A device was deleted, with its switches.
    DeviceDeleted,
    /// What someone was given ended on time.
    GrantEnded,
    /// A guest link ended on time.
    GuestLinkEnded,
    /// An API token ended on time.
    TokenEnded,
    /// An invitation ended on time.
    InvitationEnded,
    /// A one-time code for a forgotten password was made at the gateway.
    ResetCodeCreated,
    /// The owner took another board for a device.
    DeviceReleased,
    /// A board was given firmware over its cable.
    BoardFlashed,
    /// A board of another firmware was given Wi-Fi over its cable, or told the network at least.
    WifiGiven,
}

/// One line of the record.
pub(crate) struct RecordEntry {
    line: Line,
    subject: Arc<str>,
    shows_actor: bool,
}

/// One thing that was done. People and things have the names they had then, switches that moved or were asked to the
/// name they have now.
#[Object]
impl RecordEntry {
    /// Its id for good.
    async fn id(&self) -> ID {
        self.line.id().to_string().into()
    }

    /// When it was done, or asked for; null when the clock was not trusted.
    async fn at(&self) -> Option<DateTime> {
        self.line.at().and_then(date_time)
    }

    /// Who did it; null when that is hidden from the viewer.
    async fn actor(&self) -> Option<Actor> {
        self.shows_actor.then(|| Actor(self.line.actor().clone()))
    }

    /// What was done.
    async fn what(&self) -> RecordKind {
        self.line.kind().into()
    }

    /// To whom or what: a switch, a room, a device, a person.
    async fn subject(&self) -> &str {
        &self.subject
    }

    /// What changed, for people; empty when `what` says it all.
    async fn text(&self) -> &str {
        self.line.text()
    }

    /// The command and its outcome; null unless COMMAND.
    async fn command(&self) -> Option<Command> {
        match &self.line {
            Line::Command(command) => Some(Command(command.clone())),
            Line::Entry(_) => None,
        }
    }

    /// What a relay did; null unless SWITCH_MOVED.
    async fn change(&self) -> Option<Change> {
        let Line::Entry(entry) = &self.line else { return None };
        let change = SwitchChange { on: entry.on?, at: entry.at, actor: entry.actor.clone(), command: None };
        Some(Change(Arc::new(change)))
    }
}

/// One line of the record, and where it stands.
#[derive(SimpleObject)]
pub(crate) struct RecordEdge {
    /// What was done.
    node: RecordEntry,
    /// Where it stands, for `after`.
    cursor: String,
}

/// A page of the record.
#[derive(SimpleObject)]
pub(crate) struct RecordConnection {
    /// Its lines, the newest first.
    edges: Vec<RecordEdge>,
    /// Where to go on. `hasNextPage` means that there are older lines, which a filter may still take none of, and `endCursor` is
    /// the last line that was looked at: a page may hold fewer lines than asked for, or none, and still have a next.
    page_info: PageInfo,
}

/// Which lines are wanted: those that every part takes. A part that is left out takes all.
#[derive(InputObject, Default)]
pub(crate) struct RecordFilter {
    /// What was done.
    #[graphql(default)]
    kinds: Vec<RecordKind>,
    /// What kind of actor did it.
    #[graphql(default)]
    actors: Vec<ActorKind>,
    /// About one of these switches, at most 100.
    #[graphql(default)]
    switch_ids: Vec<ID>,
    /// Done by whoever had this name, a person's, an integration's or a token's: 1 to 64 characters, case does not count.
    member_name: Option<String>,
    /// Not before this time. What has no time is left out.
    from: Option<DateTime>,
    /// Before this time. What has no time is left out.
    to: Option<DateTime>,
    /// In the actor's name, the subject or the text: 1 to 64 characters, case does not count.
    text: Option<String>,
}

fn bad<T>(field: &'static str, message: &str) -> Result<T> {
    Err(told(Denied::BadInput { field, message: message.to_owned() }))
}

impl RecordFilter {
    fn check(self) -> Result<audit::Filter> {
        if self.switch_ids.len() > MAX_SWITCHES {
            return bad("switchIds", "A filter names at most 100 switches.");
        }
        let Ok(switches) = self.switch_ids.iter().map(|id| id.parse()).collect() else {
            return bad("switchIds", "That is no id of a switch.");
        };
        for (field, text) in [("memberName", &self.member_name), ("text", &self.text)] {
            let length = text.as_ref().map_or(1, |text| text.chars().count());
            if !(1..=MAX_TEXT).contains(&length) {
                return bad(field, "What to look for has 1 to 64 characters.");
            }
        }
        // Before 1970 there is nothing, so everything is after.
        let (from, to) = (self.from.map(|from| from.wall()), self.to.map(|to| to.wall()));
        if from.zip(to).is_some_and(|(from, to)| from > to) {
            return bad("to", "The end lies before the beginning.");
        }
        Ok(audit::Filter {
            kinds: self.kinds.into_iter().map(Into::into).collect(),
            actors: self.actors.into_iter().map(Into::into).collect(),
            switches,
            actor_name: self.member_name,
            from,
            to,
            text: self.text,
        })
    }
}

/// Whether a line exists for someone: everything for the owner, what relays did and were to do for whoever may view the
/// switch.
fn may_view(viewer: &Viewer, line: &Line) -> bool {
    viewer.administer().is_ok() || (line.is_of_relay() && line.switch().is_some_and(|id| viewer.may_view(id)))
}

#[derive(Default)]
pub(crate) struct RecordQuery;

#[Object]
impl RecordQuery {
    /// Who did what, the newest first: commands, relays that moved without one, and changes of settings. The owner sees all
    /// of it, others what is about switches that they may view. The newest 100,000 commands, 100,000 movements and 50,000
    /// changes are kept; what happened is there within a second. `first` is 50 unless given, and at most 100; `after` is a
    /// cursor of an earlier answer. At most 5,000 lines are looked at for one page. The owner gets all of it as a file by
    /// `/record.csv`.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED, BAD_INPUT (first, after, switchIds, memberName, to, text), STORAGE.
    #[graphql(complexity = "5 * child_complexity + 1")]
    async fn record(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        filter: Option<RecordFilter>,
    ) -> Result<RecordConnection> {
        let SignedIn { viewer, view } = signed_in(ctx)?;
        let take = match usize::try_from(first.unwrap_or(PAGE as i32)) {
            Ok(count) if count <= MAX_PAGE => count,
            _ => return bad("first", "A page has 0 to 100 lines."),
        };
        let Ok(before) = after.as_deref().map(str::parse::<EntryId>).transpose() else {
            return bad("after", "That is no cursor of an earlier answer.");
        };
        let filter = filter.unwrap_or_default().check()?;
        let shared = shared(ctx);
        // Held while the thread reads, which whoever asked cannot end.
        let _place = shared.readers.0.acquire().await.map_err(|_| told(Denied::Busy))?;
        let (reader, seen, asks) = (shared.commands.clone(), view.clone(), viewer.clone());
        let read = tokio::task::spawn_blocking(move || {
            let wanted =
                |line: &Line| may_view(&asks, line) && filter.takes(line, &seen, asks.may_view_actor(line.actor()));
            reader.record(before, Bounds { take, look_at: LOOK_AT }, wanted)
        });
        let read = read.await.map_err(|_| told(Denied::Storage))?;
        let page = read.map_err(|error| {
            tracing::error!(%error, "the record could not be read");
            told(Denied::Storage)
        })?;
        let edge = |line: Line| {
            let subject = line.subject(&view);
            let shows_actor = viewer.may_view_actor(line.actor());
            RecordEdge { cursor: line.id().to_string(), node: RecordEntry { line, subject, shows_actor } }
        };
        let edges: Vec<_> = page.lines.into_iter().map(edge).collect();
        let page_info = PageInfo {
            has_previous_page: before.is_some(),
            has_next_page: page.more,
            start_cursor: edges.first().map(|edge| edge.cursor.clone()),
            end_cursor: page.last.map(|last| EntryId::from_raw(last).to_string()),
        };
        Ok(RecordConnection { edges, page_info })
    }
}
