//! Boards that are not the hardware their device is known by, and the owner's word that one is from now on.

use crate::devices::Device;
use crate::error::{no_such, told};
use crate::gateway::{DateTime, date_time};
use crate::viewer::{shared, signed_in};
use async_graphql::{Context, Enum, ID, InputObject, Object, Result};
use gatehouse_core::home::Released;
use gatehouse_core::quarantine::{self, Suspicion};
use std::sync::Arc;

/// What is wrong with a board.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Suspicion")]
pub(crate) enum QuarantineReason {
    /// Its chip id or its MAC address is another than on record.
    OtherHardware,
    /// It wanted to take commands before it had told its chip id and MAC address.
    Withheld,
}

/// A board that logged in as a device and is not believed.
pub(crate) struct Quarantine(pub(crate) Arc<quarantine::Quarantine>);

/// A board that logged in as a device with its secret and is not believed: nothing that it says counts, and nothing is sent
/// to it. It lasts until that connection ends, or until the owner accepts the board (`releaseDevice`). The next one is
/// looked at anew: the right board ends it by coming back.
#[Object]
impl Quarantine {
    /// What is wrong.
    async fn reason(&self) -> QuarantineReason {
        self.0.why.into()
    }

    /// What is wrong, for people, with what was expected and what came.
    async fn message(&self) -> String {
        self.0.message()
    }

    /// Since when; null when the gateway's clock was not trusted then.
    async fn since(&self) -> Option<DateTime> {
        self.0.since.and_then(date_time)
    }

    /// The chip id on record.
    async fn expected_chip(&self) -> &str {
        &self.0.expected_chip
    }

    /// The MAC address on record.
    async fn expected_mac(&self) -> &str {
        &self.0.expected_mac
    }

    /// The chip id that the board told; null when it told none.
    async fn chip(&self) -> Option<&str> {
        self.0.chip.as_deref()
    }

    /// The MAC address that the board told; null when it told none.
    async fn mac(&self) -> Option<&str> {
        self.0.mac.as_deref()
    }
}

/// Another board is a device from now on.
#[derive(InputObject)]
pub(crate) struct ReleaseDeviceInput {
    /// Which device.
    device_id: ID,
    /// The chip id of the board, as its quarantine shows it.
    chip: String,
    /// The MAC address of the board, as its quarantine shows it.
    mac: String,
}

#[derive(Default)]
pub(crate) struct QuarantineMutation;

#[Object]
impl QuarantineMutation {
    /// Ends a device's quarantine: the board that is there is the device from now on, and every other one is quarantined. Its
    /// chip id and MAC address are given as they were shown, so that no third board is accepted unseen. For the owner.
    /// Errors: NOT_FOUND, CONFLICT (it is not quarantined, the board does not say who it is, or it is another by now),
    /// FORBIDDEN, BUSY, STORAGE.
    async fn release_device(&self, ctx: &Context<'_>, input: ReleaseDeviceInput) -> Result<Device> {
        let cap = signed_in(ctx)?.viewer.administer().map_err(told)?;
        let id = input.device_id.parse().map_err(|_| no_such("device"))?;
        let released = Released { chip: input.chip.into(), mac: input.mac.into() };
        shared(ctx).hub.release_device(cap, id, released).await.map(Device).map_err(told)
    }
}
