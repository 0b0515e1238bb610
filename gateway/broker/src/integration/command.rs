//! What integrations ask of claimed boards: handed to the hub, or refused with a reason.

use super::session::{NOT_AUTHORIZED, QUOTA_EXCEEDED, SUCCESS};
use crate::Edge;
use crate::acl::Asked;
use crate::counters::Count;
use crate::registry::Slot;
use gatehouse_core::edge::{EdgeEvent, IntegrationCommand};
use gatehouse_core::notice::Subject;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// How long a command waits for a hub that is behind. Later it would surprise whoever stands at the relay.
const PATIENCE: Duration = Duration::from_secs(1);

/// Reasons of MQTT 5.
const IMPLEMENTATION_SPECIFIC: u8 = 0x83;
const BAD_PAYLOAD: u8 = 0x99;

/// Hands the hub what is asked, and gives the reason to acknowledge it with: that it was taken, not what comes of it, which
/// the board's own reports tell.
pub(super) async fn take(edge: &Edge, slot: &Slot, user: &Arc<str>, asked: Result<Asked, Count>) -> Result<u8, Count> {
    let Asked { board, endpoint, on } = match asked {
        Ok(asked) => asked,
        Err(refused) => return Ok(refuse(edge, user, refused)),
    };
    if !edge.pace.take(user, &board, Instant::now()) {
        return Ok(refuse(edge, user, Count::CommandTooMany));
    }
    let command = IntegrationCommand { user: user.clone(), board, endpoint, on };
    tokio::select! {
        biased;
        () = slot.kill.cancelled() => Err(slot.why()),
        sent = edge.inbox.send(EdgeEvent::Command(command)) => {
            sent.map_err(|_| Count::EndStopped)?;
            edge.counters.one(Count::CommandTaken);
            Ok(SUCCESS)
        }
        () = sleep_until(Instant::now() + PATIENCE) => Ok(refuse(edge, user, Count::CommandTooMany)),
    }
}

fn refuse(edge: &Edge, user: &Arc<str>, refused: Count) -> u8 {
    match refused {
        Count::DroppedCommand | Count::CommandRetained => {
            edge.publish_refused(refused, Subject::Integration(user.clone()), refused == Count::CommandRetained);
        }
        _ => edge.counters.one(refused),
    }
    tracing::debug!(%user, why = refused.reason(), "a command of an integration was refused");
    match refused {
        Count::CommandBadValue => BAD_PAYLOAD,
        Count::CommandTooMany => QUOTA_EXCEEDED,
        Count::CommandRepeated => IMPLEMENTATION_SPECIFIC,
        _ => NOT_AUTHORIZED,
    }
}
