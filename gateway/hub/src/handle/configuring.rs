//! What an owner asks of a board beside moving its relays, and how a device goes.

use super::{Hub, unexpected};
use crate::message::Message;
use gatehouse_core::access::{Administer, Denied};
use gatehouse_core::board_settings::{Fulfilment, RelaySetting, Wish};
use gatehouse_core::command::Reason;
use gatehouse_core::home::{Answer, Setting};
use gatehouse_core::ids::{DeviceId, SwitchId};
use gatehouse_core::onboarding::WifiSettings;
use gatehouse_core::view::Availability;
use gatehouse_core::wifi_change::WifiChange;
use std::sync::Arc;

/// What became of several settings of one relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RelayAnswer {
    /// Of the last one that was asked.
    pub fulfilment: Fulfilment,
    /// The one at which it ended, when not all are confirmed; those after it were not asked.
    pub ended_at: Option<RelaySetting>,
}

impl Hub {
    /// Asks something of a device's board; answers when the board has, or within five seconds.
    pub async fn configure(&self, cap: Administer, device: DeviceId, wish: Wish) -> Result<Fulfilment, Denied> {
        match self.ask(|reply| Message::Configure { cap, device, wish, reply }).await? {
            Answer::Configured(fulfilment) => Ok(fulfilment),
            other => unexpected(&other),
        }
    }

    /// Begins to give boards another network: those of these devices, or all. The view tells how it goes on.
    pub async fn change_wifi(
        &self,
        cap: Administer,
        devices: Option<Vec<DeviceId>>,
        wifi: WifiSettings,
    ) -> Result<Arc<WifiChange>, Denied> {
        match self.ask(|reply| Message::ChangeWifi { cap, devices, wifi, reply }).await? {
            Answer::WifiChange(change) => Ok(change),
            other => unexpected(&other),
        }
    }

    /// Asks for other settings of a relay, one after the other; the first that is not confirmed is the last.
    pub async fn configure_switch(
        &self,
        cap: Administer,
        switch: SwitchId,
        settings: &[RelaySetting],
    ) -> Result<RelayAnswer, Denied> {
        let (device, endpoint) = {
            let view = self.view();
            let switch = view.switch(switch).ok_or(Denied::NotFound("switch"))?;
            (switch.device, switch.endpoint.clone())
        };
        for &setting in settings {
            let fulfilment = self.configure(cap.clone(), device, Wish::Relay(endpoint.clone(), setting)).await?;
            if fulfilment != Fulfilment::Confirmed {
                return Ok(RelayAnswer { fulfilment, ended_at: Some(setting) });
            }
        }
        Ok(RelayAnswer { fulfilment: Fulfilment::Confirmed, ended_at: None })
    }

    /// Deletes a device with its switches: its board's connection ends, and it cannot log in again. A board that is there
    /// is asked to forget the home before, and what came of that is the answer; none when its firmware cannot. Whatever
    /// came of it, the device is gone then.
    pub async fn delete_device(&self, cap: Administer, id: DeviceId) -> Result<Option<Fulfilment>, Denied> {
        let device = self.view().device(id).cloned().ok_or(Denied::NotFound("device"))?;
        let wiped = match device.availability {
            Availability::Offline => Some(Fulfilment::Offline),
            // It is not its board, as far as is known, and is sent nothing.
            Availability::Quarantined => Some(Fulfilment::Refused(Reason::Quarantined)),
            Availability::Online if !device.settings.configurable || device.is_header() => None,
            Availability::Online => Some(self.configure(cap.clone(), id, Wish::Forget).await?),
        };
        self.set(Setting::DeleteDevice(cap, id)).await?;
        Ok(wiped)
    }
}
