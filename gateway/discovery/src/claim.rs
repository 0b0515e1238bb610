//! Boards in the network are claimed: one connection each, with a deadline for every step.

use gatehouse_core::device::Secret;
use gatehouse_core::name::BoardId;
use gatehouse_core::nearby::{NearbyEvent, NearbyOrder, NearbyTrouble};
use gatehouse_core::onboarding::Attempt;
use gatehouse_wire::claim::{HEADER, Meeting, Met, Taken, length_from_board};
use gatehouse_wire::improv::Handover;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// How long each step of a board may take. An ESP8266 multiplies on its curve for some tenths of a second.
const STEP: Duration = Duration::from_secs(5);

/// What a board of this id is given with this secret, as of now; none when no board could reach the gateway.
#[derive(Clone)]
pub struct Homes(pub Arc<dyn Fn(BoardId, Secret) -> Option<Handover> + Send + Sync>);

impl std::fmt::Debug for Homes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Homes { … }")
    }
}

/// Does as it is ordered with boards in the network until `stop`. One that is left has its connection closed at once.
pub async fn claims(
    mut orders: mpsc::Receiver<NearbyOrder>,
    events: mpsc::Sender<NearbyEvent>,
    homes: Homes,
    stop: CancellationToken,
) {
    let mut secrets: HashMap<Attempt, oneshot::Sender<Secret>> = HashMap::new();
    let mut stops: HashMap<Attempt, CancellationToken> = HashMap::new();
    let mut running = JoinSet::new();
    loop {
        let order = tokio::select! {
            () = stop.cancelled() => return,
            Some(ended) = running.join_next() => {
                if let Ok(attempt) = ended {
                    secrets.remove(&attempt);
                    stops.remove(&attempt);
                }
                continue;
            }
            Some(order) = orders.recv() => order,
        };
        match order {
            NearbyOrder::Meet { attempt, board, at } => {
                let (secret, given) = oneshot::channel();
                let left = CancellationToken::new();
                secrets.insert(attempt, secret);
                stops.insert(attempt, left.clone());
                let (events, homes) = (events.clone(), homes.clone());
                running.spawn(async move {
                    tokio::select! {
                        () = left.cancelled() => {}
                        () = claim(attempt, board, at, given, &events, &homes) => {}
                    }
                    attempt
                });
            }
            NearbyOrder::HandOver { attempt, secret } => {
                // One that has failed meanwhile says so itself.
                let _failed = secrets.remove(&attempt).map(|waiting| waiting.send(secret));
            }
            NearbyOrder::Leave { attempt } => {
                if let Some(left) = stops.remove(&attempt) {
                    left.cancel();
                }
            }
        }
    }
}

async fn claim(
    attempt: Attempt,
    board: BoardId,
    at: SocketAddr,
    given: oneshot::Receiver<Secret>,
    events: &mpsc::Sender<NearbyEvent>,
    homes: &Homes,
) {
    let event = match one(attempt, &board, at, given, events, homes).await {
        Ok(()) => NearbyEvent::Taken { attempt },
        Err(trouble) => {
            tracing::info!(%board, ?trouble, "a board in the network could not be claimed");
            NearbyEvent::Failed { attempt, trouble }
        }
    };
    // The hub is gone only when the daemon stops.
    let _hub_gone = events.send(event).await;
}

async fn one(
    attempt: Attempt,
    board: &BoardId,
    at: SocketAddr,
    given: oneshot::Receiver<Secret>,
    events: &mpsc::Sender<NearbyEvent>,
    homes: &Homes,
) -> Result<(), NearbyTrouble> {
    let connected = timeout(STEP, TcpStream::connect(at)).await;
    let mut line = connected.ok().and_then(Result::ok).ok_or(NearbyTrouble::NobodyThere)?;
    let met = meet(&mut line, board).await?;
    let (native, number) = (met.native().clone(), met.number());
    let _hub_gone = events.send(NearbyEvent::Met { attempt, native, number }).await;
    // The board has nothing to say until it is given its home: what comes before is its end.
    let mut byte = [0];
    let secret = tokio::select! {
        secret = given => secret.map_err(|_| NearbyTrouble::Lost)?,
        _ = line.peek(&mut byte) => return Err(NearbyTrouble::Lost),
    };
    let home = homes.0(board.clone(), secret).ok_or(NearbyTrouble::NoAddress)?;
    let document = home.encode().map_err(|error| {
        tracing::error!(%error, "a board cannot be given what it needs: a defect of gatehouse, please report it");
        NearbyTrouble::NotTaken
    })?;
    let message = met.hand_over(&document).map_err(|_| NearbyTrouble::NotTaken)?;
    write(&mut line, &message).await?;
    match met.taken(&read(&mut line).await?) {
        Ok(Taken::Stored) => Ok(()),
        Ok(Taken::NotValid) => Err(NearbyTrouble::NotTaken),
        Ok(Taken::NotStored) => Err(NearbyTrouble::NotStored),
        Err(_) => Err(NearbyTrouble::Stranger),
    }
}

async fn meet(line: &mut TcpStream, board: &BoardId) -> Result<Met, NearbyTrouble> {
    let meeting = Meeting::begin().map_err(|error| {
        tracing::error!(%error, "a board in the network cannot be claimed");
        NearbyTrouble::NobodyThere
    })?;
    write(line, &meeting.opening_message()).await?;
    // Who hangs up here has given its attempt to somebody else.
    let said = match read(line).await {
        Err(NearbyTrouble::Lost) => return Err(NearbyTrouble::NobodyThere),
        said => said?,
    };
    let key = meeting.key_message();
    let met = meeting.meet(&said).map_err(|_| NearbyTrouble::Stranger)?;
    if met.native().board != *board {
        return Err(NearbyTrouble::Stranger);
    }
    write(line, &key).await?;
    Ok(met)
}

async fn write(line: &mut TcpStream, message: &[u8]) -> Result<(), NearbyTrouble> {
    let written = timeout(STEP, line.write_all(message)).await;
    written.ok().and_then(Result::ok).ok_or(NearbyTrouble::Lost)
}

/// The next message of a board, without its header; never longer than one can be.
async fn read(line: &mut TcpStream) -> Result<Vec<u8>, NearbyTrouble> {
    let reading = async {
        let mut header = [0; HEADER];
        line.read_exact(&mut header).await.map_err(|_| NearbyTrouble::Lost)?;
        let mut said = vec![0; length_from_board(header).map_err(|_| NearbyTrouble::Stranger)?];
        line.read_exact(&mut said).await.map_err(|_| NearbyTrouble::Lost)?;
        Ok(said)
    };
    timeout(STEP, reading).await.unwrap_or(Err(NearbyTrouble::Lost))
}

#[cfg(test)]
mod tests;
