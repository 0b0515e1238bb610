//! What a TLS handshake costs, full and resumed.

use crate::child::Child;
use crate::clock::Clock;
use crate::door::{Door, address_of};
use crate::load::ROUND_TIMEOUT;
use anyhow::{Context, bail};
use futures_util::{StreamExt, TryStreamExt, stream};
use rustls::HandshakeKind;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

/// Connections that shake hands at the same time: a server of one thread is busy with that, and one of two.
const ABREAST: usize = 4;
/// Sessions that a client needs at hand, since TLS 1.3 uses each once.
const AT_HAND: usize = 8;

/// What a round came to.
#[derive(Clone, Copy)]
pub(crate) struct Handshakes {
    pub(crate) per_second: f64,
    /// Processor time of the server for each, in milliseconds.
    pub(crate) cpu_ms: f64,
}

/// `count` connections, each from TCP to its end. None when the server does not resume sessions though that is wanted.
pub(crate) async fn round(
    door: &Door,
    server: &Child,
    clock: Clock,
    resumed: bool,
    count: usize,
) -> anyhow::Result<Option<Handshakes>> {
    let wanted = if resumed { HandshakeKind::Resumed } else { HandshakeKind::Full };
    if resumed {
        // At the same time, so that each gets sessions of its own.
        let first = stream::iter(0..AT_HAND).map(|number| one(door, number)).buffer_unordered(AT_HAND);
        first.try_collect::<Vec<_>>().await?;
        if one(door, 0).await? != wanted {
            return Ok(None);
        }
    }
    let (start_ns, start_cpu) = (clock.ns(), server.cpu_seconds()?);
    let all = stream::iter(0..count).map(|number| one(door, number)).buffer_unordered(ABREAST);
    let kinds = timeout(ROUND_TIMEOUT, all.try_collect::<Vec<_>>()).await.context("handshakes are stuck")??;
    if let Some(other) = kinds.into_iter().find(|kind| *kind != wanted) {
        bail!("a handshake was {other:?}, not {wanted:?}");
    }
    let seconds = (clock.ns() - start_ns) as f64 / 1e9;
    let cpu_ms = (server.cpu_seconds()? - start_cpu) * 1e3 / count as f64;
    Ok(Some(Handshakes { per_second: count as f64 / seconds, cpu_ms }))
}

async fn one(door: &Door, number: usize) -> anyhow::Result<HandshakeKind> {
    let mut stream = door.handshake(address_of(number)).await?;
    let kind = stream.get_ref().1.handshake_kind().context("no handshake")?;
    // A packet that must not come first: the server hangs up, and until then it sends its session tickets.
    stream.write_all(&[0xe0, 0]).await?;
    stream.flush().await?;
    let mut rest = Vec::new();
    // However it ends.
    let _end = stream.read_to_end(&mut rest).await;
    Ok(kind)
}
