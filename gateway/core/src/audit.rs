//! The record that people read: who did what, and when.
//!
//! Its lines are commands, which are kept as they are, and entries: a relay that moved without a command, or a change of
//! settings. The ids of both rise with time, so that they can be merged. An entry names people and things as they were
//! called then, and holds no secret.

use crate::command::{Actor, ActorKind, Command};
use crate::ids::{EntryId, SwitchId};
use crate::time::Wall;
use crate::view::View;
use std::sync::Arc;

/// What a switch is called that is no more.
pub const REMOVED_SWITCH: &str = "a switch that was removed";

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A switch was asked to be on or off: a line that is a command, never an entry.
    Command,
    /// A relay moved, and no command of this home did it.
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
    /// The home has another name, time zone or contact.
    HomeUpdated,
    /// Someone signs in by an identity at a provider, too.
    IdentityLinked,
    /// Someone signs in by an identity no more.
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
    /// A board of another firmware was given Wi-Fi.
    WifiGiven,
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
    /// A recovery key for backups was made.
    BackupKeyCreated,
}

/// One thing that was done, as kept on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its id for good; ids of entries and of commands rise together with time.
    pub id: EntryId,
    /// When; none while the clock was not trusted.
    pub at: Option<Wall>,
    /// Who did it.
    pub actor: Actor,
    /// What was done.
    pub kind: Kind,
    /// To whom or what, as it was called before.
    pub subject: Arc<str>,
    /// What changed, for people; empty when the kind says it all.
    pub text: Arc<str>,
    /// The switch it is about, when it is about one.
    pub switch: Option<SwitchId>,
    /// What the switch became, where a relay moved.
    pub on: Option<bool>,
}

/// One line of the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// Someone asked for a switch to be on or off.
    Command(Arc<Command>),
    /// Anything else.
    Entry(Arc<Entry>),
}

impl Line {
    /// Its place among all lines.
    pub fn id(&self) -> EntryId {
        match self {
            Self::Command(command) => EntryId::from_raw(command.id.raw()),
            Self::Entry(entry) => entry.id,
        }
    }

    /// When it was done, or asked for; none while the clock was not trusted.
    pub fn at(&self) -> Option<Wall> {
        match self {
            Self::Command(command) => command.requested_at,
            Self::Entry(entry) => entry.at,
        }
    }

    /// Who did it.
    pub fn actor(&self) -> &Actor {
        match self {
            Self::Command(command) => &command.actor,
            Self::Entry(entry) => &entry.actor,
        }
    }

    /// What was done.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Command(_) => Kind::Command,
            Self::Entry(entry) => entry.kind,
        }
    }

    /// The switch it is about, when it is about one.
    pub fn switch(&self) -> Option<SwitchId> {
        match self {
            Self::Command(command) => Some(command.switch),
            Self::Entry(entry) => entry.switch,
        }
    }

    /// Whether it tells what a relay did or was to do, and nothing else.
    pub fn is_of_relay(&self) -> bool {
        matches!(self.kind(), Kind::Command | Kind::SwitchMoved)
    }

    /// To whom or what: a switch as it is called now, while it is there; everything else as it was called then.
    pub fn subject(&self, view: &View) -> Arc<str> {
        let now = || Some(view.switch(self.switch()?)?.name.as_str().into());
        match self {
            Self::Entry(entry) if !self.is_of_relay() => entry.subject.clone(),
            Self::Entry(entry) => now().unwrap_or_else(|| entry.subject.clone()),
            Self::Command(_) => now().unwrap_or_else(|| REMOVED_SWITCH.into()),
        }
    }

    /// What changed, for people; empty when the kind says it all.
    pub fn text(&self) -> &str {
        match self {
            Self::Command(command) => on_or_off(command.on),
            Self::Entry(entry) => &entry.text,
        }
    }
}

/// A relay's state, for people.
pub fn on_or_off(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

/// Which lines are wanted: those that every part takes. A part that is empty or none takes all.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// What was done.
    pub kinds: Vec<Kind>,
    /// What kind of actor did it.
    pub actors: Vec<ActorKind>,
    /// About one of these switches.
    pub switches: Vec<SwitchId>,
    /// Done by whoever had this name; case does not count.
    pub actor_name: Option<String>,
    /// Not before this time. What has no time is left out.
    pub from: Option<Wall>,
    /// Before this time. What has no time is left out.
    pub to: Option<Wall>,
    /// In the actor's name, the subject or what changed; case does not count.
    pub text: Option<String>,
}

impl Filter {
    /// Whether a line is wanted by someone who is told its actor, or is not: then no filter finds that out either.
    pub fn takes(&self, line: &Line, view: &View, told: bool) -> bool {
        let any = |empty: bool, among: bool| empty || among;
        (told || (self.actors.is_empty() && self.actor_name.is_none()))
            && any(self.kinds.is_empty(), self.kinds.contains(&line.kind()))
            && any(self.actors.is_empty(), self.actors.contains(&line.actor().kind))
            && any(self.switches.is_empty(), line.switch().is_some_and(|id| self.switches.contains(&id)))
            && self.from.is_none_or(|from| line.at().is_some_and(|at| at >= from))
            && self.to.is_none_or(|to| line.at().is_some_and(|at| at < to))
            && self.actor_name.as_ref().is_none_or(|name| line.actor().name.to_lowercase() == name.to_lowercase())
            && self.text.as_ref().is_none_or(|text| says(line, &text.to_lowercase(), view, told))
    }
}

fn says(line: &Line, wanted: &str, view: &View, told: bool) -> bool {
    let has = |text: &str| text.to_lowercase().contains(wanted);
    (told && has(&line.actor().name)) || has(line.text()) || has(&line.subject(view))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Outcome;
    use crate::ids::{CommandId, DeviceId};
    use crate::name::{Endpoint, Name};
    use crate::view::{Availability, SwitchView};

    fn command(id: u64, at: Option<u64>) -> Line {
        Line::Command(Arc::new(Command {
            id: CommandId::from_raw(id),
            switch: SwitchId::from_raw(1),
            on: true,
            actor: Actor::member(&Name::new("Ana").unwrap()),
            outcome: Outcome::Confirmed,
            confirmed_by: None,
            reason: None,
            requested_at: at.map(Wall::from_millis),
            settled_at: None,
            latency: None,
            order: None,
        }))
    }

    fn entry(kind: Kind, subject: &str, switch: Option<u64>) -> Line {
        Line::Entry(Arc::new(Entry {
            id: EntryId::from_raw(9),
            at: Some(Wall::from_millis(50)),
            actor: Actor::of_kind(ActorKind::Button),
            kind,
            subject: subject.into(),
            text: "off".into(),
            switch: switch.map(SwitchId::from_raw),
            on: Some(false),
        }))
    }

    fn view() -> View {
        let switch = SwitchView {
            id: SwitchId::from_raw(1),
            device: DeviceId::from_raw(2),
            endpoint: Endpoint::relay(1),
            name: Name::new("Küche").unwrap(),
            room: None,
            on: None,
            reported_at: None,
            desired: None,
            availability: Availability::Offline,
            open: None,
            last_change: None,
            last_command: None,
        };
        View { switches: vec![Arc::new(switch)], ..View::default() }
    }

    #[test]
    fn a_switch_is_called_as_it_is_now_and_a_room_as_it_was_then() {
        let view = view();
        assert_eq!(&*command(1, None).subject(&view), "Küche");
        assert_eq!(&*entry(Kind::SwitchMoved, "Kitchen", Some(1)).subject(&view), "Küche");
        assert_eq!(&*entry(Kind::SwitchMoved, "Kitchen", Some(7)).subject(&view), "Kitchen");
        assert_eq!(&*entry(Kind::SwitchUpdated, "Kitchen", Some(1)).subject(&view), "Kitchen");
        assert_eq!(&*command(1, None).subject(&View::default()), "a switch that was removed");
    }

    #[test]
    fn every_part_of_a_filter_must_take_a_line() {
        let (view, asked, moved) = (view(), command(1, Some(40)), entry(Kind::SwitchMoved, "Hall", Some(7)));
        let created = entry(Kind::RoomCreated, "Attic", None);
        let takes = |filter: &Filter| [&asked, &moved, &created].map(|line| filter.takes(line, &view, true));
        let all = Filter::default();
        assert_eq!(takes(&all), [true; 3]);
        for (filter, wanted) in [
            (Filter { kinds: vec![Kind::Command, Kind::RoomCreated], ..all.clone() }, [true, false, true]),
            (Filter { actors: vec![ActorKind::Button], ..all.clone() }, [false, true, true]),
            (Filter { switches: vec![SwitchId::from_raw(7)], ..all.clone() }, [false, true, false]),
            (Filter { actor_name: Some("ANA".to_owned()), ..all.clone() }, [true, false, false]),
            (Filter { from: Some(Wall::from_millis(50)), ..all.clone() }, [false, true, true]),
            (Filter { to: Some(Wall::from_millis(50)), ..all.clone() }, [true, false, false]),
            (Filter { text: Some("KÜCH".to_owned()), ..all.clone() }, [true, false, false]),
            (Filter { text: Some("wall".to_owned()), ..all.clone() }, [false, true, true]),
            (
                Filter { text: Some("off".to_owned()), kinds: vec![Kind::SwitchMoved], ..all.clone() },
                [false, true, false],
            ),
        ] {
            assert_eq!(takes(&filter), wanted, "{filter:?}");
        }
        for by_actor in [
            Filter { actors: vec![ActorKind::Member], ..all.clone() },
            Filter { actor_name: Some("Ana".to_owned()), ..all.clone() },
            Filter { text: Some("ana".to_owned()), ..all.clone() },
        ] {
            assert!(by_actor.takes(&asked, &view, true) && !by_actor.takes(&asked, &view, false), "{by_actor:?}");
        }
        let timeless = command(2, None);
        assert!(all.takes(&timeless, &view, true));
        let some = Filter { to: Some(Wall::from_millis(u64::MAX)), ..all };
        assert!(!some.takes(&timeless, &view, true), "nobody knows when that was");
    }
}
