//! The only place that knows Homie's topics, both ways, and who may use which.

use gatehouse_core::name::{BoardId, Endpoint};

const ROOT: &str = "homie/5/";

/// A property of a native board's `system` node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SystemProperty {
    /// Wi-Fi signal strength in dBm.
    Rssi,
    /// Free heap in bytes.
    Heap,
    /// The board's monotonic clock in milliseconds.
    Uptime,
    /// Why the board last started.
    RestartReason,
    /// The firmware's version.
    Firmware,
    /// The hardware.
    Model,
    /// The MAC address.
    Mac,
    /// The chip's own number.
    ChipId,
}

impl SystemProperty {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Rssi,
        Self::Heap,
        Self::Uptime,
        Self::RestartReason,
        Self::Firmware,
        Self::Model,
        Self::Mac,
        Self::ChipId,
    ];

    pub(crate) const fn topic_label(self) -> &'static str {
        match self {
            Self::Rssi => "system/rssi",
            Self::Heap => "system/heap",
            Self::Uptime => "system/uptime",
            Self::RestartReason => "system/restart-reason",
            Self::Firmware => "system/firmware",
            Self::Model => "system/model",
            Self::Mac => "system/mac",
            Self::ChipId => "system/chip-id",
        }
    }

    /// Its property id: `rssi`, `restart-reason`.
    pub fn id(self) -> &'static str {
        &self.topic_label()["system/".len()..]
    }
}

/// A topic of one board, without the board: see [`Topic::of`] and [`Topic::parse`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// `$state`.
    State,
    /// `$description`.
    Description,
    /// `$session`.
    Session,
    /// `$report`.
    Report,
    /// `$refusal`.
    Refusal,
    /// `$command`.
    Command,
    /// `$credential`.
    Credential,
    /// `$configure`.
    Configure,
    /// `$configured`.
    Configured,
    /// `$network`.
    Network,
    /// `$tried`.
    Tried,
    /// `$alert/<id>`.
    Alert(Box<str>),
    /// `$log/<level>`.
    Log(Box<str>),
    /// `system/<property>`.
    System(SystemProperty),
    /// `node/property`, its value.
    Property(Endpoint),
    /// `node/property/$target`, the value it is on its way to.
    Target(Endpoint),
    /// `node/property/set`, a value asked for without saying by whom.
    Set(Endpoint),
}

impl Topic {
    /// The board's id and what of it a topic means; none for topics that are not a board's in this profile.
    ///
    /// ```
    /// use gatehouse_core::name::Endpoint;
    /// use gatehouse_wire::homie::topic::{SystemProperty, Topic};
    ///
    /// let of = |path| Topic::parse(path).map(|(board, topic)| (board.to_owned(), topic));
    /// assert_eq!(of("homie/5/relay-a1b2c3/$state"), Some(("relay-a1b2c3".into(), Topic::State)));
    /// assert_eq!(of("homie/5/b/system/uptime"), Some(("b".into(), Topic::System(SystemProperty::Uptime))));
    /// assert_eq!(of("homie/5/b/relay-1/on"), Some(("b".into(), Topic::Property(Endpoint::relay(1)))));
    /// assert_eq!(of("homie/5/b/relay-1/on/$target"), Some(("b".into(), Topic::Target(Endpoint::relay(1)))));
    /// assert_eq!(of("homie/5/b/relay-1/on/set"), Some(("b".into(), Topic::Set(Endpoint::relay(1)))));
    /// assert_eq!(of("homie/5/$broadcast/security"), None);
    /// assert_eq!(of("homie/4/b/$state"), None);
    /// ```
    pub fn parse(topic: &str) -> Option<(&str, Self)> {
        let (board, path) = topic.strip_prefix(ROOT)?.split_once('/')?;
        BoardId::new(board).ok()?;
        Some((board, Self::parse_path(path)?))
    }

    /// The whole topic for a board.
    ///
    /// ```
    /// use gatehouse_core::name::{BoardId, Endpoint};
    /// use gatehouse_wire::homie::topic::Topic;
    ///
    /// let board = BoardId::new("relay-a1b2c3").unwrap();
    /// assert_eq!(Topic::Report.of(&board), "homie/5/relay-a1b2c3/$report");
    /// assert_eq!(Topic::Target(Endpoint::relay(2)).of(&board), "homie/5/relay-a1b2c3/relay-2/on/$target");
    /// assert_eq!(Topic::Set(Endpoint::relay(2)).of(&board), "homie/5/relay-a1b2c3/relay-2/on/set");
    /// ```
    pub fn of(&self, board: &BoardId) -> String {
        let mut topic = String::with_capacity(64);
        self.write(board, &mut topic);
        topic
    }

    /// Appends the whole topic for a board.
    pub fn write(&self, board: &BoardId, out: &mut String) {
        for part in [ROOT, board.as_str(), "/"] {
            out.push_str(part);
        }
        let (path, tail) = match self {
            Self::Alert(id) => ("$alert/", &**id),
            Self::Log(level) => ("$log/", &**level),
            Self::Property(endpoint) => (endpoint.as_str(), ""),
            Self::Target(endpoint) => (endpoint.as_str(), "/$target"),
            Self::Set(endpoint) => (endpoint.as_str(), "/set"),
            fixed => (fixed.label(), ""),
        };
        out.push_str(path);
        out.push_str(tail);
    }

    /// Its kind as a fixed short text: `$report`, `system/uptime`, `property`.
    pub const fn label(&self) -> &'static str {
        match self {
            Self::State => "$state",
            Self::Description => "$description",
            Self::Session => "$session",
            Self::Report => "$report",
            Self::Refusal => "$refusal",
            Self::Command => "$command",
            Self::Credential => "$credential",
            Self::Configure => "$configure",
            Self::Configured => "$configured",
            Self::Network => "$network",
            Self::Tried => "$tried",
            Self::Alert(_) => "$alert",
            Self::Log(_) => "$log",
            Self::System(property) => property.topic_label(),
            Self::Property(_) => "property",
            Self::Target(_) => "$target",
            Self::Set(_) => "set",
        }
    }

    pub(crate) fn parse_path(path: &str) -> Option<Self> {
        let fixed = [
            Self::State,
            Self::Description,
            Self::Session,
            Self::Report,
            Self::Refusal,
            Self::Command,
            Self::Credential,
            Self::Configure,
            Self::Configured,
            Self::Network,
            Self::Tried,
        ];
        if path.starts_with('$') {
            if let Some(topic) = fixed.into_iter().find(|topic| topic.label() == path) {
                return Some(topic);
            }
            return match path.split_once('/')? {
                ("$alert", id) if is_id(id) => Some(Self::Alert(id.into())),
                ("$log", level) if is_id(level) => Some(Self::Log(level.into())),
                _ => None,
            };
        }
        if let Some(property) = SystemProperty::ALL.into_iter().find(|property| property.topic_label() == path) {
            return Some(Self::System(property));
        }
        if let Ok(endpoint) = Endpoint::new(path) {
            return Some(Self::Property(endpoint));
        }
        let (endpoint, last) = path.rsplit_once('/')?;
        match last {
            "$target" => Endpoint::new(endpoint).ok().map(Self::Target),
            "set" => Endpoint::new(endpoint).ok().map(Self::Set),
            _ => None,
        }
    }
}

/// The filter for all that one board says, or all boards do.
///
/// ```
/// use gatehouse_core::name::BoardId;
/// use gatehouse_wire::homie::topic::{hear_filter, operate_filter};
///
/// let board = BoardId::new("relay-a1b2c3").unwrap();
/// assert_eq!(hear_filter(Some(&board)), "homie/5/relay-a1b2c3/#");
/// assert_eq!(hear_filter(None), "homie/5/#");
/// assert_eq!(operate_filter(Some(&board)), "homie/5/relay-a1b2c3/+/+/set");
/// assert_eq!(operate_filter(None), "homie/5/+/+/+/set");
/// ```
pub fn hear_filter(board: Option<&BoardId>) -> String {
    board.map_or_else(|| format!("{ROOT}#"), |board| format!("{ROOT}{board}/#"))
}

/// The filter for all that may be asked of one board, or of all boards.
pub fn operate_filter(board: Option<&BoardId>) -> String {
    format!("{ROOT}{}/+/+/set", board.map_or("+", BoardId::as_str))
}

/// Homie's id syntax, without a length: a topic is bounded as a whole.
pub(crate) fn is_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

/// What every topic of a board begins with: `homie/5/<id>/`.
pub fn board_prefix(board: &BoardId) -> String {
    format!("{ROOT}{board}/")
}

/// The part of a topic or filter behind [`board_prefix`]; none when it does not lie under it.
pub(crate) fn path_of<'a>(board: &BoardId, topic: &'a str) -> Option<&'a str> {
    topic.strip_prefix(ROOT)?.strip_prefix(board.as_str())?.strip_prefix('/')
}

/// Whether a board would take a message there for an order of any kind, or for a secret.
pub(crate) fn is_for_gateway_only(path: &str) -> bool {
    matches!(path.split('/').next(), Some("$command" | "$credential" | "$configure" | "$network"))
        || path.rsplit('/').next() == Some("set")
}

/// Whether a board may publish to a topic, or name it in its will: all of its own but `$command`,
/// `$credential`, `$configure`, `$network` and what ends in `/set`.
///
/// ```
/// use gatehouse_core::name::BoardId;
/// use gatehouse_wire::homie::topic::may_publish;
///
/// let board = BoardId::new("relay-a1b2c3").unwrap();
/// assert!(may_publish(&board, "homie/5/relay-a1b2c3/$report"));
/// assert!(!may_publish(&board, "homie/5/relay-a1b2c3/$command"));
/// assert!(!may_publish(&board, "homie/5/relay-a1b2c3/$credential"));
/// assert!(!may_publish(&board, "homie/5/relay-a1b2c3/$configure"));
/// assert!(!may_publish(&board, "homie/5/relay-a1b2c3/$network"));
/// assert!(may_publish(&board, "homie/5/relay-a1b2c3/$configured"));
/// assert!(!may_publish(&board, "homie/5/relay-a1b2c3/relay-1/on/set"));
/// assert!(!may_publish(&board, "homie/5/relay-a1b2c34/$report"));
/// ```
pub fn may_publish(board: &BoardId, topic: &str) -> bool {
    path_of(board, topic)
        .is_some_and(|path| !path.is_empty() && !path.contains(['+', '#', '\0']) && !is_for_gateway_only(path))
}

/// Whether a board may subscribe to a filter: a well-formed one that can match nothing but its own topics. Shared
/// subscriptions are never granted.
///
/// ```
/// use gatehouse_core::name::BoardId;
/// use gatehouse_wire::homie::topic::may_subscribe;
///
/// let board = BoardId::new("relay-a1b2c3").unwrap();
/// assert!(may_subscribe(&board, "homie/5/relay-a1b2c3/$command"));
/// assert!(may_subscribe(&board, "homie/5/relay-a1b2c3/+/+/set"));
/// assert!(!may_subscribe(&board, "homie/5/+/$command"));
/// assert!(!may_subscribe(&board, "homie/5/#"));
/// assert!(!may_subscribe(&board, "$share/all/homie/5/relay-a1b2c3/#"));
/// ```
pub fn may_subscribe(board: &BoardId, filter: &str) -> bool {
    let Some(path) = path_of(board, filter) else { return false };
    let mut levels = path.split('/').peekable();
    while let Some(level) = levels.next() {
        let well_formed = match level {
            "+" => true,
            "#" => levels.peek().is_none(),
            word => !word.contains(['+', '#', '\0']),
        };
        if !well_formed {
            return false;
        }
    }
    !path.is_empty()
}
