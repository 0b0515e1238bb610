//! What the API answers, as far as tests look at it.

use serde::Deserialize;

/// Fields of a [`Command`].
pub(crate) const COMMAND: &str =
    "id on actor { kind name } outcome confirmedBy reason reasonCode requestedAt settledAt latencyMs";

/// Fields of a [`Switch`].
pub(crate) fn switch_fields() -> String {
    format!(
        "id name room {{ name }} device {{ id name }} on desired reportedAt availability openCommand {{ {COMMAND} }} \
         lastChange {{ on at actor {{ kind name }} command {{ id outcome }} }}"
    )
}

/// Who or what did something.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Actor {
    /// `MEMBER`, `BUTTON` and so on.
    pub kind: String,
    /// The name shown.
    pub name: String,
}

/// A command.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Command {
    /// Its id.
    pub id: String,
    /// What was asked.
    pub on: bool,
    /// Who asked.
    pub actor: Option<Actor>,
    /// `CONFIRMED`, `REFUSED` and so on.
    pub outcome: String,
    /// `OBEYED` or `TARGET`.
    pub confirmed_by: Option<String>,
    /// For people.
    pub reason: Option<String>,
    /// For programs.
    pub reason_code: Option<String>,
    /// When it was asked.
    pub requested_at: Option<String>,
    /// When it settled.
    pub settled_at: Option<String>,
    /// From asked to settled, in milliseconds.
    pub latency_ms: Option<f64>,
}

impl Command {
    /// Outcome and reason code, for comparison.
    pub fn end(&self) -> (&str, Option<&str>) {
        (&self.outcome, self.reason_code.as_deref())
    }
}

/// The command behind a change.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct CommandRef {
    /// Its id.
    pub id: String,
    /// How it ended.
    pub outcome: String,
}

/// The last change of a switch.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Change {
    /// What it became.
    pub on: bool,
    /// When.
    pub at: Option<String>,
    /// Who or what did it.
    pub actor: Option<Actor>,
    /// The command that did it.
    pub command: Option<CommandRef>,
}

/// Something that has a name.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Named {
    /// The name.
    pub name: String,
}

/// A switch.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Switch {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its room.
    pub room: Option<Named>,
    /// Its device.
    pub device: Option<Named>,
    /// As last reported.
    pub on: Option<bool>,
    /// As asked.
    pub desired: Option<bool>,
    /// When last reported.
    pub reported_at: Option<String>,
    /// `ONLINE` or `OFFLINE`.
    pub availability: String,
    /// The command under way.
    pub open_command: Option<Command>,
    /// The last change.
    pub last_change: Option<Change>,
}

impl Switch {
    /// Whether a command would reach it.
    pub fn is_online(&self) -> bool {
        self.availability == "ONLINE"
    }

    /// Kind of who changed it last; empty when unknown.
    pub fn changed_by(&self) -> &str {
        self.last_change.as_ref().and_then(|change| change.actor.as_ref()).map_or("", |actor| &actor.kind)
    }
}
