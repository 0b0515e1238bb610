//! The only place that knows the topics of Home Assistant's discovery, both ways.

use gatehouse_core::homeassistant::Prefix;
use gatehouse_core::ids::{DeviceId, SwitchId};

/// What every name of ours begins with: in topics, identifiers and unique ids.
const OURS: &str = "gatehouse_";

/// A topic under the discovery prefix: see [`Topic::of`] and [`Topic::parse`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// `status`, where Home Assistant says that it started.
    Status,
    /// `device/gatehouse_<device>/config`, a device with all its switches.
    Device(DeviceId),
    /// `switch/gatehouse_<device>/<switch>/config`, one switch. Home Assistant takes it for the same entity as the switch
    /// of that name in the device's own message, which is what lets one form follow the other.
    Switch(DeviceId, SwitchId),
}

impl Topic {
    /// The whole topic.
    ///
    /// ```
    /// use gatehouse_core::homeassistant::Prefix;
    /// use gatehouse_core::ids::{DeviceId, SwitchId};
    /// use gatehouse_wire::homeassistant::topic::Topic;
    ///
    /// let (prefix, device, switch) = (Prefix::default(), DeviceId::from_raw(0x2a), SwitchId::from_raw(0x2b));
    /// assert_eq!(Topic::Status.of(&prefix), "homeassistant/status");
    /// assert_eq!(Topic::Device(device).of(&prefix), "homeassistant/device/gatehouse_d2a/config");
    /// assert_eq!(Topic::Switch(device, switch).of(&prefix), "homeassistant/switch/gatehouse_d2a/s2b/config");
    /// ```
    pub fn of(self, prefix: &Prefix) -> String {
        match self {
            Self::Status => format!("{prefix}/status"),
            Self::Device(device) => format!("{prefix}/device/{OURS}{device}/config"),
            Self::Switch(device, switch) => format!("{prefix}/switch/{OURS}{device}/{switch}/config"),
        }
    }

    /// What a topic means; none for those that are not of this dialect, or somebody else's.
    ///
    /// ```
    /// use gatehouse_core::homeassistant::Prefix;
    /// use gatehouse_core::ids::{DeviceId, SwitchId};
    /// use gatehouse_wire::homeassistant::topic::Topic;
    ///
    /// let of = |text| Topic::parse(&Prefix::default(), text);
    /// assert_eq!(of("homeassistant/status"), Some(Topic::Status));
    /// assert_eq!(of("homeassistant/device/gatehouse_d2a/config"), Some(Topic::Device(DeviceId::from_raw(0x2a))));
    /// let switch = Topic::Switch(DeviceId::from_raw(0x2a), SwitchId::from_raw(0x2b));
    /// assert_eq!(of("homeassistant/switch/gatehouse_d2a/s2b/config"), Some(switch));
    /// for other in ["homeassistant/device/d2a/config", "homeassistant/switch/gatehouse_d2a/config", "x/status"] {
    ///     assert_eq!(of(other), None);
    /// }
    /// ```
    pub fn parse(prefix: &Prefix, topic: &str) -> Option<Self> {
        let path = topic.strip_prefix(prefix.as_str())?.strip_prefix('/')?;
        match path.split('/').collect::<Vec<_>>()[..] {
            ["status"] => Some(Self::Status),
            ["device", device, "config"] => Some(Self::Device(device.strip_prefix(OURS)?.parse().ok()?)),
            ["switch", device, switch, "config"] => {
                Some(Self::Switch(device.strip_prefix(OURS)?.parse().ok()?, switch.parse().ok()?))
            }
            _ => None,
        }
    }
}

/// Whether a topic is one that only the gateway may publish to, under whatever prefix: who could, would have Home Assistant
/// believe other topics than the device's.
///
/// ```
/// use gatehouse_wire::homeassistant::topic::is_for_gateway_only;
///
/// assert!(is_for_gateway_only("homeassistant/device/gatehouse_d2a/config"));
/// assert!(is_for_gateway_only("ha/switch/gatehouse_d2a/s2b/config"));
/// assert!(is_for_gateway_only("ha/light/gatehouse_anything/config"));
/// assert!(!is_for_gateway_only("homeassistant/device/zigbee_lamp/config"));
/// assert!(!is_for_gateway_only("homeassistant/status"));
/// ```
pub fn is_for_gateway_only(topic: &str) -> bool {
    let mut levels = topic.rsplit('/');
    levels.next() == Some("config") && levels.take(2).any(|level| level.starts_with(OURS))
}

pub(super) fn device_name(device: DeviceId) -> String {
    format!("{OURS}{device}")
}

pub(super) fn switch_name(switch: SwitchId) -> String {
    format!("{OURS}{switch}")
}
