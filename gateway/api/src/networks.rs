//! Wi-Fi networks: what boards see, and what they are given.

use crate::error::told;
use async_graphql::{InputObject, Result, SimpleObject};
use gatehouse_core::access::Denied;
use gatehouse_core::device::Secret;
use gatehouse_core::onboarding::WifiSettings;

/// A Wi-Fi network that a board sees.
#[derive(SimpleObject)]
pub(crate) struct Network {
    /// Its name.
    pub(crate) ssid: String,
    /// How strong it is there, in dBm: -30 is beside it, below -80 is bad.
    pub(crate) rssi: i32,
    /// Whether it wants a password.
    pub(crate) protected: bool,
}

/// How a board gets into the Wi-Fi network.
#[derive(InputObject)]
pub(crate) struct WifiInput {
    /// The network's name: 1 to 32 bytes.
    ssid: String,
    /// Its password: 8 to 63 printable ASCII characters, or 64 hexadecimal digits; null for an open network.
    password: Option<String>,
}

impl WifiInput {
    pub(crate) fn checked(self) -> Result<WifiSettings> {
        let bad = |field, message: &str| told(Denied::BadInput { field, message: message.to_owned() });
        WifiSettings::new(&self.ssid, self.password.as_deref().filter(|password| !password.is_empty()).map(Secret::new))
            .map_err(|(field, message)| bad(field, message))
    }
}
