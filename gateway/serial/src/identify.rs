//! Who is there, and which networks it sees.

use crate::talk::{ANSWER, Heard, NoAnswer, Talk};
use gatehouse_core::onboarding::{Identity, ImprovFirmware, Network, PortTrouble};
use gatehouse_wire::improv::{Answer, Command, SYNC, Scanned};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

/// How long somebody has to say anything.
const MEETING: Duration = Duration::from_secs(5);
/// Times that Improv is tried before the chip's own loader is.
const IMPROV_FIRST: usize = 3;
/// How long a scan may say nothing: a chip with one radio takes about three seconds.
const SCANNING: Duration = Duration::from_secs(5);
/// How long a scan may take in all.
const SCAN: Duration = Duration::from_secs(12);
/// Most networks that are told of.
const MAX_NETWORKS: usize = 32;

/// Finds out who is at the other end.
pub(crate) async fn identify<L>(talk: &mut Talk<L>) -> Result<(Identity, Vec<Network>), PortTrouble>
where
    L: AsyncRead + AsyncWrite + Unpin,
{
    match timeout(MEETING, meet(talk)).await {
        Err(_) | Ok(Err(NoAnswer::Silent)) => return Ok((Identity::Silent, Vec::new())),
        Ok(Ok(Heard::BootLoader)) => return Ok((Identity::BootLoader, Vec::new())),
        Ok(Ok(Heard::Answer(_)) | Err(NoAnswer::Refused(_))) => {}
        Ok(Err(NoAnswer::Gone)) => return Err(PortTrouble::Gone),
    }
    let firmware = information(talk).await?;
    let identity = match talk.ask(&Command::Identity, |answer| replied(answer)?.identity()).await {
        Ok(described) => Identity::Native(described.with_firmware(firmware.version)),
        Err(NoAnswer::Gone) => return Err(PortTrouble::Gone),
        // Not one of ours, or one of a later protocol.
        Err(NoAnswer::Refused(_) | NoAnswer::Silent) => Identity::Improv(firmware),
    };
    Ok((identity, scan(talk).await?))
}

/// What it says it is; nothing, when it does not.
pub(crate) async fn information<L>(talk: &mut Talk<L>) -> Result<ImprovFirmware, PortTrouble>
where
    L: AsyncRead + AsyncWrite + Unpin,
{
    match talk.ask(&Command::Information, |answer| replied(answer)?.information()).await {
        Ok(information) => Ok(information),
        Err(NoAnswer::Gone) => Err(PortTrouble::Gone),
        Err(NoAnswer::Refused(_) | NoAnswer::Silent) => {
            let nothing = || "".into();
            Ok(ImprovFirmware { firmware: nothing(), version: nothing(), chip: nothing(), name: nothing() })
        }
    }
}

fn replied(answer: &Answer) -> Option<&gatehouse_wire::improv::Reply> {
    match answer {
        Answer::Result(reply) => Some(reply),
        _ => None,
    }
}

/// The first thing that is said, however often it takes to ask.
async fn meet<L: AsyncRead + AsyncWrite + Unpin>(talk: &mut Talk<L>) -> Result<Heard, NoAnswer> {
    let question = Command::State.encode().unwrap_or_default();
    let mut asked = 0_usize;
    loop {
        if asked >= IMPROV_FIRST {
            talk.say(&SYNC).await?;
        }
        talk.say(&question).await?;
        if let Ok(heard) = timeout(ANSWER, talk.hear()).await {
            return heard;
        }
        asked += 1;
    }
}

/// The networks it sees, the strongest first; as many as it has told in time.
async fn scan<L: AsyncRead + AsyncWrite + Unpin>(talk: &mut Talk<L>) -> Result<Vec<Network>, PortTrouble> {
    let mut networks = Vec::new();
    match timeout(SCAN, hear_networks(talk, &mut networks)).await {
        Ok(Err(NoAnswer::Gone)) => return Err(PortTrouble::Gone),
        // Some cannot scan.
        Ok(Err(NoAnswer::Refused(_) | NoAnswer::Silent) | Ok(())) | Err(_) => {}
    }
    networks.truncate(MAX_NETWORKS);
    Ok(networks)
}

async fn hear_networks<L>(talk: &mut Talk<L>, networks: &mut Vec<Network>) -> Result<(), NoAnswer>
where
    L: AsyncRead + AsyncWrite + Unpin,
{
    let scanned = |answer: &Answer| replied(answer)?.scanned();
    let mut next = match talk.ask_once(&Command::Scan, SCANNING, scanned).await {
        // It may not have heard it.
        Err(NoAnswer::Silent) => talk.ask_once(&Command::Scan, SCANNING, scanned).await?,
        next => next?,
    };
    while next != Scanned::End {
        if let Scanned::Network(network) = next {
            add(networks, network);
        }
        next = timeout(SCANNING, talk.answer(scanned)).await.unwrap_or(Err(NoAnswer::Silent))?;
    }
    Ok(())
}

/// Keeps the strongest of each name, in order.
fn add(networks: &mut Vec<Network>, network: Network) {
    if let Some(at) = networks.iter().position(|known| known.ssid == network.ssid) {
        if networks[at].rssi_dbm >= network.rssi_dbm {
            return;
        }
        networks.remove(at);
    }
    let at = networks.partition_point(|known| known.rssi_dbm >= network.rssi_dbm);
    networks.insert(at, network);
    networks.truncate(MAX_NETWORKS);
}
