//! Notices: what the owner should know, one for each kind and subject, counting up instead of flooding.
//!
//! An incident is what happened, once or a few times; whoever meets it tells the home, and the home decides whether it
//! becomes a notice. See [`crate::home::Home`] for the rule.

use crate::access::origin;
use crate::health::{FLAPPING, RESTARTING};
use crate::ids::{MemberId, NoticeId};
use crate::name::BoardId;
use crate::time::Wall;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// Subjects that notices of one kind have at a time; what happens with further ones is counted on one notice for all of
/// them. Together with the number of kinds this bounds how many notices there are.
pub const MAX_SUBJECTS: usize = 16;
/// How long a dismissed notice stays away whatever happens. What happens later happens anew.
pub const QUIET: Duration = Duration::from_secs(60 * 60);
/// How often, at most, one notice that counts up is written to disk.
pub const WRITE_EVERY: Duration = Duration::from_secs(60);

/// How much a notice matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Good to know; nothing has to be done.
    Info,
    /// Something does not work, or works worse than it could.
    Warning,
    /// Someone may be trying to do what they must not.
    Critical,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $code:literal, $severity:ident;)*) => {
        /// What a notice is about. Kinds are added, never renamed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum NoticeKind {
            $($(#[$doc])* $kind,)*
        }

        impl NoticeKind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$kind,)*];

            /// Its name for programs.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$kind => $code,)* }
            }

            /// How much it matters.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$kind => Severity::$severity,)* }
            }
        }
    };
}

kinds! {
    /// Many wrong logins at the MQTT edge.
    MqttLoginStorm = "MQTT_LOGIN_STORM", Critical;
    /// Many wrong passwords at the API.
    SignInStorm = "SIGN_IN_STORM", Critical;
    /// Right name and secret of a board, with another's client id.
    ForeignClientId = "FOREIGN_CLIENT_ID", Critical;
    /// A client published where it may not.
    PublishRefused = "PUBLISH_REFUSED", Warning;
    /// A client tried to order a board.
    OrderRefused = "ORDER_REFUSED", Critical;
    /// A command with the retain flag, which would move a relay again at each reconnect.
    RetainedCommand = "RETAINED_COMMAND", Warning;
    /// An integration was cut because it did not keep up with its messages.
    IntegrationSlow = "INTEGRATION_SLOW", Warning;
    /// The edge has as many connections as it takes, in all or from one address.
    ConnectionsFull = "CONNECTIONS_FULL", Warning;
    /// No more retained messages are kept, in all or of one client.
    RetainedFull = "RETAINED_FULL", Warning;
    /// MQTT without TLS is open to more than this machine.
    PlainMqtt = "PLAIN_MQTT", Warning;
    /// The router that serves integrations died or was stuck, and was replaced.
    RouterReplaced = "ROUTER_REPLACED", Info;
    /// A mail could not be sent, and was given up.
    MailFailed = "MAIL_FAILED", Warning;
    /// Many wrong one-time codes: for a forgotten password, or of invitations.
    CodeStorm = "CODE_STORM", Critical;
    /// A board logged in as a device and is, or may be, other hardware.
    DeviceQuarantined = "DEVICE_QUARANTINED", Critical;
    /// A device came with firmware that this gateway did not give it.
    FirmwareChanged = "FIRMWARE_CHANGED", Warning;
    /// A device connects anew over and over.
    DeviceFlapping = "DEVICE_FLAPPING", Warning;
    /// A device restarts over and over.
    DeviceRestarting = "DEVICE_RESTARTING", Warning;
    /// A device has had a weak Wi-Fi signal for a while.
    WeakWifi = "WEAK_WIFI", Warning;
    /// A device has been away for long.
    DeviceSilent = "DEVICE_SILENT", Warning;
    /// The packets of a device come from another MAC address than its board says it has.
    NeighbourDiffers = "NEIGHBOUR_DIFFERS", Warning;
    /// The database could not be read, and its snapshot took its place.
    StartedFromSnapshot = "STARTED_FROM_SNAPSHOT", Critical;
    /// No snapshot of the database could be made.
    SnapshotFailed = "SNAPSHOT_FAILED", Warning;
    /// A new version of the gateway did not prove itself, and the one before runs.
    UpgradeReturned = "UPGRADE_RETURNED", Warning;
    /// GPIO is switched on, and this machine has none.
    HeaderMissing = "HEADER_MISSING", Warning;
    /// GPIO is switched on, and its pins cannot be used.
    HeaderUnusable = "HEADER_UNUSABLE", Warning;
    /// The database cannot be written: the disk is full, or fails.
    DiskFailing = "DISK_FAILING", Warning;
    /// A backup could not be made, or did not prove to be one.
    BackupFailed = "BACKUP_FAILED", Warning;
    /// The owner's own certificate for browsers cannot be used.
    CertificateUnusable = "CERTIFICATE_UNUSABLE", Warning;
}

impl NoticeKind {
    /// How often it has to happen, and within which time, before it becomes a notice.
    pub const fn threshold(self) -> (u32, Duration) {
        match self {
            Self::MqttLoginStorm => (10, Duration::from_secs(10 * 60)),
            Self::SignInStorm | Self::CodeStorm => (6, Duration::from_secs(60 * 60)),
            Self::DeviceFlapping => FLAPPING,
            Self::DeviceRestarting => RESTARTING,
            _ => (1, Duration::ZERO),
        }
    }

    /// What the owner can do about it.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::MqttLoginStorm => {
                "If a device of yours is there, give it the right password. If not, find out who uses that address."
            }
            Self::SignInStorm | Self::CodeStorm => {
                "If it was nobody of your household, find out who uses that address."
            }
            Self::ForeignClientId => {
                "If you flashed a second board with the same secret, register it under its own. If not, give the board a \
                 new secret."
            }
            Self::PublishRefused => {
                "Give the integration a filter that covers its topics. If it is a board, check its firmware."
            }
            Self::OrderRefused => "If you did not set that up, revoke its credential.",
            Self::RetainedCommand => "Switch off the retain flag for commands where they come from.",
            Self::IntegrationSlow => "Let it subscribe to less, or find out why it is slow.",
            Self::ConnectionsFull => "Find out what connects so often; a device may be restarting over and over.",
            Self::RetainedFull => "Find out what publishes so many retained messages, and delete those not needed.",
            Self::PlainMqtt => {
                "Passwords and messages can be read by whoever is in that network. Only stock boards without TLS need it; \
                 else set mqtt.listen back to 127.0.0.1."
            }
            Self::RouterReplaced => "Nothing, unless it happens often: then please report it.",
            Self::MailFailed => {
                "Check [smtp] in the configuration; the log says what the mail server answered. Then have the mail sent again."
            }
            Self::DeviceQuarantined => {
                "If you put another board there, accept it on the device's page. If not, somebody has this device's secret: \
                 find that board, and set the right one up anew."
            }
            Self::FirmwareChanged => "If you did not update it, find out who did.",
            Self::DeviceFlapping => {
                "See on the device's page how good its Wi-Fi is, and whether it restarts. If its signal is good, look at the router."
            }
            Self::DeviceRestarting => {
                "Look at its power supply first: a weak one is the most frequent cause. The device's page says what it started from."
            }
            Self::WeakWifi => "Move the board or the router, turn its antenna, or put a repeater between them.",
            Self::DeviceSilent => {
                "See whether it has power and its network is there. If it is not used any more, delete it."
            }
            Self::NeighbourDiffers => {
                "If a repeater is between it and the gateway, say so on the device's page. If not, another machine may be in its place: \
                 look at that address."
            }
            Self::StartedFromSnapshot => {
                "See whether people, sharing and boards are as they were. If it happens again, replace the card or the disk."
            }
            Self::BackupFailed => {
                "See that the directory for backups is there, may be written by gatehouse, and has room. Then have one made on the page Backups."
            }
            Self::CertificateUnusable => {
                "Put it right where [http] certificate and key say that it is: it is read again within a minute. Until then browsers are given the one \
                 that was read before, or the home's own."
            }
            Self::SnapshotFailed => {
                "Make room on the disk. If there is room, the card or the disk may be failing: replace it."
            }
            Self::DiskFailing => {
                "Make room on the gateway's disk; \"df\" shows how full it is. If there is room, the card may be worn out: replace it soon."
            }
            Self::UpgradeReturned => {
                "Nothing of the home is lost. \"journalctl -u gatehouse\" says more. Another version is tried when it is installed."
            }
            Self::HeaderMissing => {
                "Set [gpio] enabled = false in the configuration, or run the gateway on a Raspberry Pi."
            }
            Self::HeaderUnusable => {
                "The user that runs the gateway has to be in the group gpio, and what [gpio] names must not be used by anything else. \
                 Restart the gateway after; gatehouse doctor says how it is."
            }
        }
    }
}

/// With whom or what something happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// The gateway as a whole.
    Gateway,
    /// An address; of IPv6 the first 64 bits, for a host owns all behind them.
    Address(IpAddr),
    /// A listener of ours.
    Listener(SocketAddr),
    /// A board, by what it logged in as.
    Board(BoardId),
    /// An integration, by its user name.
    Integration(Arc<str>),
    /// A person.
    Member(MemberId),
    /// All that had no place of their own.
    Others,
}

impl Subject {
    /// Whoever is at an address.
    pub fn address(address: IpAddr) -> Self {
        Self::Address(origin(address))
    }
}

/// Something that happened, and how often; it may become a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// What.
    pub kind: NoticeKind,
    /// With whom.
    pub subject: Subject,
    /// Where from, the last time, where that is not the subject itself.
    pub from: Option<IpAddr>,
    /// How often since it was told last, at least 1.
    pub times: u32,
    /// What there is to say of it: within a sentence, without its end.
    pub detail: Option<Arc<str>>,
}

impl Incident {
    /// It happened once.
    pub fn once(kind: NoticeKind, subject: Subject, from: Option<IpAddr>) -> Self {
        Self { kind, subject, from, times: 1, detail: None }
    }

    /// The same, with what there is to say of it.
    pub fn saying(self, detail: impl Into<Arc<str>>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }
}

/// What the owner should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Its id for good.
    pub id: NoticeId,
    /// What happened.
    pub kind: NoticeKind,
    /// With whom.
    pub subject: Subject,
    /// Where from, the last time, where that is known and is not the subject itself.
    pub from: Option<IpAddr>,
    /// What there is to say of it, the last time: within a sentence, without its end.
    pub detail: Option<Arc<str>>,
    /// How often.
    pub times: u64,
    /// When first; none while the clock was not trusted.
    pub first_at: Option<Wall>,
    /// When last; none while the clock was not trusted.
    pub at: Option<Wall>,
    /// Whether the owner has put it away. A dismissed one is in no view.
    pub dismissed: bool,
}

impl Notice {
    /// What happened, for people; `who` is the subject as they know it.
    pub fn message(&self, who: &str) -> String {
        let from = self.from.map(|from| format!(", last from {from}")).unwrap_or_default();
        let detail = self.detail.as_ref().map(|detail| format!(": {detail}")).unwrap_or_default();
        match self.kind {
            NoticeKind::MqttLoginStorm => {
                format!("Many wrong MQTT logins: {who}{from}. Further ones are slowed down.")
            }
            NoticeKind::SignInStorm => {
                format!("Many wrong passwords at sign-in: {who}{from}. Further tries are slowed down.")
            }
            NoticeKind::ForeignClientId => {
                format!("A client knew the secret of {who} but called itself something else{from}. It was refused.")
            }
            NoticeKind::PublishRefused => format!("{who} published to topics that are not its own. It was refused."),
            NoticeKind::OrderRefused => format!("{who} tried to order a board. Nothing was moved."),
            NoticeKind::RetainedCommand => {
                format!("{who} sent a command that was to be retained. It was refused, and nothing was moved.")
            }
            NoticeKind::IntegrationSlow => format!("{who} did not keep up with its messages and was disconnected."),
            NoticeKind::ConnectionsFull => format!("Too many MQTT connections: {who}. Further ones are refused."),
            NoticeKind::RetainedFull => format!("Retained messages are full: {who}. New topics are not retained."),
            NoticeKind::PlainMqtt => format!("MQTT without encryption is open to the network at {who}."),
            NoticeKind::RouterReplaced => {
                "What passes messages on to integrations failed and was replaced. Switches were not affected."
                    .to_owned()
            }
            NoticeKind::MailFailed => "Mail could not be sent, and was given up.".to_owned(),
            NoticeKind::CodeStorm => {
                format!("Many wrong codes for passwords or invitations: {who}{from}. Further tries are slowed down.")
            }
            NoticeKind::DeviceQuarantined => {
                format!(
                    "A board came as {who} that is not the one on record{detail}{from}. It is not believed, and nothing is sent to it."
                )
            }
            NoticeKind::FirmwareChanged => {
                format!("{who} came with firmware that this gateway did not give it{detail}.")
            }
            NoticeKind::DeviceFlapping => format!("{who} loses its connection and comes back over and over."),
            NoticeKind::DeviceRestarting => format!("{who} restarts over and over{detail}."),
            NoticeKind::WeakWifi => format!("{who} has had a weak Wi-Fi signal for at least ten minutes."),
            NoticeKind::DeviceSilent => format!("{who} has not been there for a day."),
            NoticeKind::NeighbourDiffers => {
                format!("The packets of {who} come from another MAC address than its own{detail}{from}.")
            }
            NoticeKind::StartedFromSnapshot => {
                format!("The database could not be read, and its snapshot took its place{detail}.")
            }
            NoticeKind::SnapshotFailed => format!("No snapshot of the database could be made{detail}."),
            NoticeKind::DiskFailing => {
                "The disk cannot be written. Switches work, but nothing can be set up or changed, and what happens is kept in memory only."
                    .to_owned()
            }
            NoticeKind::UpgradeReturned => format!("An upgrade of the gateway was taken back{detail}."),
            NoticeKind::HeaderMissing | NoticeKind::HeaderUnusable => {
                format!("Pins of the gateway itself are configured, but none is used{detail}.")
            }
            NoticeKind::BackupFailed => format!("The home is not backed up{detail}."),
            NoticeKind::CertificateUnusable => format!("Your own certificate for browsers cannot be used{detail}."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(kind: NoticeKind, from: Option<IpAddr>) -> Notice {
        let (id, subject) = (NoticeId::from_raw(1), Subject::Gateway);
        Notice { id, kind, subject, from, detail: None, times: 1, first_at: None, at: None, dismissed: false }
    }

    #[test]
    fn each_kind_has_a_code_of_its_own_and_says_what_to_do() {
        for (index, kind) in NoticeKind::ALL.iter().enumerate() {
            let (code, message) = (kind.code(), notice(*kind, None).message("the lamp"));
            assert!(code.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'), "{code}");
            assert!(NoticeKind::ALL[..index].iter().all(|other| other.code() != code), "{code} twice");
            assert!(message.ends_with('.') && kind.advice().ends_with('.'), "{message} {}", kind.advice());
            assert!(kind.threshold().0 >= 1);
        }
        let told = notice(NoticeKind::MqttLoginStorm, Some([192, 0, 2, 7].into())).message("the lamp");
        assert!(told.contains("the lamp, last from 192.0.2.7."), "{told}");
        let header =
            Notice { detail: Some("pin 4 does something else".into()), ..notice(NoticeKind::HeaderUnusable, None) };
        assert!(header.message("").ends_with("but none is used: pin 4 does something else."));
    }
}
