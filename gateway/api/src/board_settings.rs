//! What an owner asks of a claimed board beside moving its relays: to blink, to start over, to keep other settings. The
//! board is the authority for them: what is shown is what it said.

use crate::commands::{CommandOutcome, ReasonCode};
use crate::devices::{DeleteDeviceInput, Device};
use crate::error::{no_such, told};
use crate::switches::Switch;
use crate::viewer::{SignedIn, shared, signed_in};
use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use gatehouse_core::access::Denied;
use gatehouse_core::board_settings::{self, Fulfilment, MAX_INTERLOCK, Pulse, RelaySetting, RelaySettings, Wish};
use gatehouse_core::command::{Outcome, Reason};
use gatehouse_core::ids::SwitchId;

/// What a relay does when power returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "board_settings::PowerOn")]
pub(crate) enum PowerOn {
    /// It stays off.
    Off,
    /// It comes on.
    On,
    /// It is as it was.
    Restore,
}

/// How a relay is connected.
#[derive(SimpleObject)]
pub(crate) struct Wiring {
    /// The load hangs on the contact that is closed while the relay has no current: without power it is on.
    normally_closed: bool,
    /// The module pulls the relay when its input is low.
    active_low: bool,
}

/// What a board says of a relay's settings; null for what it has not said.
#[derive(SimpleObject)]
pub(crate) struct SwitchSettings {
    /// What it does when power returns. A relay with a pulse always stays off.
    power_on: Option<PowerOn>,
    /// After so many milliseconds it turns itself off, by the board's own clock; 0: it does not.
    pulse_ms: Option<u32>,
    /// Of the relays of a board in the same group one at most is on: whoever comes on sends the other off; 0: none.
    interlock_group: Option<u8>,
    /// How it is connected.
    wiring: Option<Wiring>,
}

impl SwitchSettings {
    pub(crate) fn find(asked: &SignedIn, id: SwitchId) -> Option<Self> {
        let switch = asked.view.switch(id)?;
        let settings = asked.view.device(switch.device)?.settings.relays.get(&switch.endpoint)?;
        let RelaySettings { power_on, pulse, interlock, wiring } = *settings;
        Some(Self {
            power_on: power_on.map(Into::into),
            pulse_ms: pulse.map(Pulse::millis),
            interlock_group: interlock,
            wiring: wiring
                .map(|wiring| Wiring { normally_closed: wiring.normally_closed, active_low: wiring.active_low }),
        })
    }
}

/// What became of what was asked of a board.
struct Said(Fulfilment);

impl Said {
    fn outcome(&self) -> CommandOutcome {
        match self.0 {
            Fulfilment::Confirmed => Outcome::Confirmed,
            Fulfilment::Refused(_) => Outcome::Refused,
            Fulfilment::TimedOut => Outcome::TimedOut,
            Fulfilment::Offline => Outcome::Offline,
        }
        .into()
    }

    fn reason(&self) -> Option<Reason> {
        match self.0 {
            Fulfilment::Confirmed => None,
            Fulfilment::Refused(reason) => Some(reason),
            Fulfilment::TimedOut => Some(Reason::NoReport),
            Fulfilment::Offline => Some(Reason::Offline),
        }
    }

    fn in_words(&self) -> Option<String> {
        match self.0 {
            Fulfilment::TimedOut => {
                Some("The board did not answer in time, so it is unknown whether it is done.".to_owned())
            }
            _ => self.reason().map(|reason| reason.to_string()),
        }
    }
}

/// What became of what was asked of a device's board.
#[derive(SimpleObject)]
pub(crate) struct DeviceAnswer {
    /// CONFIRMED when the board said that it is done, REFUSED when it said why not, TIMED_OUT when it did not answer, which
    /// leaves it unknown, OFFLINE when it was not there.
    outcome: CommandOutcome,
    /// Why it is not confirmed, for people.
    reason: Option<String>,
    /// Why it is not confirmed, for programs.
    reason_code: Option<ReasonCode>,
    /// The device as it is now.
    device: Option<Device>,
}

/// What became of the settings that were asked of a relay.
#[derive(SimpleObject)]
pub(crate) struct SwitchSettingsAnswer {
    /// CONFIRMED when the board said so of all of them, else what became of the first of which it did not: REFUSED,
    /// TIMED_OUT, which leaves it unknown, or OFFLINE.
    outcome: CommandOutcome,
    /// Why it is not confirmed, for people.
    reason: Option<String>,
    /// Why it is not confirmed, for programs.
    reason_code: Option<ReasonCode>,
    /// The field at which it ended, when not all are confirmed. Those before it in the order wiring, interlockGroup, pulseMs,
    /// powerOn are; those after it were not asked.
    field: Option<&'static str>,
    /// The switch as it is now.
    switch: Option<Switch>,
}

/// A device that is no more.
#[derive(SimpleObject)]
pub(crate) struct RemovedDevice {
    /// Whether its board forgot the home: CONFIRMED, else it still has its credential, which is good for nothing any more;
    /// null when its firmware cannot.
    wiped: Option<CommandOutcome>,
    /// Why it did not, for people.
    reason: Option<String>,
}

/// Which device.
#[derive(InputObject)]
pub(crate) struct IdentifyDeviceInput {
    /// Which device.
    device_id: ID,
}

/// Which device.
#[derive(InputObject)]
pub(crate) struct RestartDeviceInput {
    /// Which device.
    device_id: ID,
}

/// Other settings of a relay; what is left out stays.
#[derive(InputObject)]
pub(crate) struct UpdateSwitchSettingsInput {
    /// Which switch.
    switch_id: ID,
    /// What it is to do when power returns. With a pulse only OFF.
    power_on: Option<PowerOn>,
    /// After how many milliseconds it is to turn itself off: 100 to 600,000; 0 for never.
    pulse_ms: Option<i32>,
    /// Its group, 1 to 4; 0 for none.
    interlock_group: Option<i32>,
    /// Whether the load hangs on the contact that is closed without current.
    normally_closed: Option<bool>,
    /// Whether the module pulls the relay when its input is low.
    active_low: Option<bool>,
}

impl UpdateSwitchSettingsInput {
    /// What is asked, in the order in which the board is asked for it.
    fn wishes(&self, known: RelaySettings) -> Result<Vec<RelaySetting>> {
        let bad = |field, message: String| told(Denied::BadInput { field, message });
        let mut wishes = Vec::new();
        if self.normally_closed.is_some() || self.active_low.is_some() {
            let known = known.wiring.unwrap_or_default();
            wishes.push(RelaySetting::Wiring(board_settings::Wiring {
                normally_closed: self.normally_closed.unwrap_or(known.normally_closed),
                active_low: self.active_low.unwrap_or(known.active_low),
            }));
        }
        if let Some(group) = self.interlock_group {
            let valid = u8::try_from(group).ok().filter(|group| *group <= MAX_INTERLOCK);
            let message = || bad("interlockGroup", format!("A group is 1 to {MAX_INTERLOCK}, or 0 for none."));
            wishes.push(RelaySetting::Interlock(valid.ok_or_else(message)?));
        }
        let pulse = match self.pulse_ms {
            None => known.pulse.unwrap_or_default(),
            Some(ms) => {
                let message = || {
                    let text = format!("A pulse lasts {} to {} ms, or 0 for none.", Pulse::MIN_MS, Pulse::MAX_MS);
                    bad("pulseMs", text)
                };
                let pulse = u32::try_from(ms).ok().and_then(Pulse::from_millis).ok_or_else(message)?;
                wishes.push(RelaySetting::Pulse(pulse));
                pulse
            }
        };
        if let Some(policy) = self.power_on {
            if pulse.millis() > 0 && policy != PowerOn::Off {
                let message = "A relay with a pulse always comes back off when power returns.";
                return Err(bad("powerOn", message.to_owned()));
            }
            wishes.push(RelaySetting::PowerOn(policy.into()));
        }
        if wishes.is_empty() {
            return Err(bad("switchId", "Say what is to be another.".to_owned()));
        }
        Ok(wishes)
    }
}

fn field_of(setting: RelaySetting) -> &'static str {
    match setting {
        RelaySetting::PowerOn(_) => "powerOn",
        RelaySetting::Pulse(_) => "pulseMs",
        RelaySetting::Interlock(_) => "interlockGroup",
        RelaySetting::Wiring(_) => "wiring",
    }
}

async fn ask(ctx: &Context<'_>, device: ID, wish: Wish) -> Result<DeviceAnswer> {
    let cap = signed_in(ctx)?.viewer.administer().map_err(told)?;
    let id = device.parse().map_err(|_| no_such("device"))?;
    let hub = &shared(ctx).hub;
    let said = Said(hub.configure(cap, id, wish).await.map_err(told)?);
    Ok(DeviceAnswer {
        outcome: said.outcome(),
        reason: said.in_words(),
        reason_code: said.reason().map(Into::into),
        device: hub.view().device(id).cloned().map(Device),
    })
}

#[derive(Default)]
pub(crate) struct BoardSettingsMutation;

#[Object]
impl BoardSettingsMutation {
    /// Lets a board's light blink for 15 s, so that people see which it is. Answers when the board has, within 5 s.
    /// For the owner.
    /// Errors: NOT_FOUND, CONFLICT (its firmware does not support it), FORBIDDEN, BUSY.
    async fn identify_device(&self, ctx: &Context<'_>, input: IdentifyDeviceInput) -> Result<DeviceAnswer> {
        ask(ctx, input.device_id, Wish::Identify).await
    }

    /// Has a board start over. Its relays do what they do after a power cut, so they may move. Answers when the board says that
    /// it will, within 5 s. For the owner.
    /// Errors: NOT_FOUND, CONFLICT (its firmware does not support it), FORBIDDEN, BUSY.
    async fn restart_device(&self, ctx: &Context<'_>, input: RestartDeviceInput) -> Result<DeviceAnswer> {
        ask(ctx, input.device_id, Wish::Restart).await
    }

    /// Asks a relay's board to keep other settings of it. No relay moves by that: the board refuses another wiring, pulse or
    /// interlock while the relay is on. Answers when the board has, within 5 s a setting. For the owner.
    /// Errors: BAD_INPUT (powerOn, pulseMs, interlockGroup, switchId), NOT_FOUND, CONFLICT (its firmware does not support it),
    /// FORBIDDEN, BUSY.
    async fn update_switch_settings(
        &self,
        ctx: &Context<'_>,
        input: UpdateSwitchSettingsInput,
    ) -> Result<SwitchSettingsAnswer> {
        let asked = signed_in(ctx)?;
        let cap = asked.viewer.administer().map_err(told)?;
        let id: SwitchId = input.switch_id.parse().map_err(|_| no_such("switch"))?;
        let switch = asked.view.switch(id).ok_or_else(|| no_such("switch"))?;
        let relays = asked.view.device(switch.device).map(|device| &device.settings.relays);
        let known = relays.and_then(|relays| relays.get(&switch.endpoint)).copied().unwrap_or_default();
        let wishes = input.wishes(known)?;
        let hub = &shared(ctx).hub;
        let answer = hub.configure_switch(cap, id, &wishes).await.map_err(told)?;
        let said = Said(answer.fulfilment);
        Ok(SwitchSettingsAnswer {
            outcome: said.outcome(),
            reason: said.in_words(),
            reason_code: said.reason().map(Into::into),
            field: answer.ended_at.map(field_of),
            switch: hub.view().switch(id).cloned().map(Switch),
        })
    }

    /// Deletes a device as `deleteDevice` does, and says whether its board forgot the home. For the owner.
    /// Errors: NOT_FOUND, FORBIDDEN, BUSY, STORAGE.
    async fn remove_device(&self, ctx: &Context<'_>, input: DeleteDeviceInput) -> Result<RemovedDevice> {
        let cap = signed_in(ctx)?.viewer.administer().map_err(told)?;
        let id = input.id.parse().map_err(|_| no_such("device"))?;
        let wiped = shared(ctx).hub.delete_device(cap, id).await.map_err(told)?.map(Said);
        let unable = || Some("The firmware of the board cannot forget its home over the air.".to_owned());
        Ok(RemovedDevice {
            wiped: wiped.as_ref().map(Said::outcome),
            reason: wiped.as_ref().map_or_else(unable, Said::in_words),
        })
    }
}
