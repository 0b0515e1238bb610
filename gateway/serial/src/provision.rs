//! A native board is given its home.

use crate::talk::{ANSWER, NoAnswer, Talk};
use crate::task::Teller;
use gatehouse_core::onboarding::{PortTrouble, Progress, WifiSettings};
use gatehouse_wire::improv::{Answer, Chunk, Come, Command, Fault, State, Taken, chunks};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::MissedTickBehavior;

/// How often a board is asked how far it has come.
const POLL_EVERY: Duration = Duration::from_millis(500);
/// How often in a row it may leave that unanswered, a second each: it may be starting anew.
const MAX_UNANSWERED: u32 = 10;
/// How often in a row it may say that it does nothing: it may not have begun.
const MAX_IDLE: u32 = 3;
/// How often the handover is begun anew: a board that started meanwhile has forgotten its beginning.
const BEGINNINGS: usize = 2;

/// Hands the document over, then the network, and tells how far the board comes with it, until somebody ends this.
pub(crate) async fn provision<L>(
    talk: &mut Talk<L>,
    document: &[u8],
    wifi: &WifiSettings,
    teller: &Teller,
) -> Result<(), PortTrouble>
where
    L: AsyncRead + AsyncWrite + Unpin,
{
    hand_over(talk, document).await?;
    teller.progress(Progress::HandedOver).await;
    let unable = match talk.ask(&wifi_command(wifi), begun).await {
        Ok(()) => false,
        // Why, it says when it is asked for its progress.
        Err(NoAnswer::Refused(Fault::UnableToConnect)) => true,
        Err(why) => return Err(why.into()),
    };
    follow(talk, unable, teller).await
}

/// The command that gives a board the network.
pub(crate) fn wifi_command(wifi: &WifiSettings) -> Command<'_> {
    Command::Wifi { ssid: &wifi.ssid, password: wifi.password.as_ref().map_or("", |password| password.reveal()) }
}

fn begun(answer: &Answer) -> Option<()> {
    matches!(answer, Answer::State(State::Provisioning | State::Provisioned)).then_some(())
}

async fn hand_over<L>(talk: &mut Talk<L>, document: &[u8]) -> Result<(), NoAnswer>
where
    L: AsyncRead + AsyncWrite + Unpin,
{
    let mut beginnings = 0;
    'anew: loop {
        beginnings += 1;
        for chunk in chunks(document) {
            match talk.ask(&Command::Handover(chunk), |answer| takes(answer, chunk)).await {
                Err(NoAnswer::Refused(Fault::InvalidRpc)) if chunk.number > 0 && beginnings < BEGINNINGS => {
                    continue 'anew;
                }
                taken => taken?,
            }
        }
        return Ok(());
    }
}

/// Whether it has taken this chunk. What it says late of one before is passed over.
fn takes(answer: &Answer, chunk: Chunk<'_>) -> Option<()> {
    let Answer::Result(reply) = answer else { return None };
    let taken = match reply.taken()? {
        Taken::Stored => chunk.last,
        Taken::Expects(next) => !chunk.last && next == chunk.number + 1,
    };
    taken.then_some(())
}

/// Tells how far the board has come whenever that is another than before.
async fn follow<L>(talk: &mut Talk<L>, mut unable: bool, teller: &Teller) -> Result<(), PortTrouble>
where
    L: AsyncRead + AsyncWrite + Unpin,
{
    let mut polls = tokio::time::interval(POLL_EVERY);
    polls.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut told, mut unanswered, mut idle) = (None, 0, 0);
    loop {
        polls.tick().await;
        let come = talk
            .ask_once(&Command::Progress, ANSWER, |answer| match answer {
                Answer::Result(reply) => reply.come(),
                _ => None,
            })
            .await;
        match come {
            Ok(Come::To(progress)) => {
                (unanswered, idle) = (0, 0);
                if told.replace(progress) != Some(progress) {
                    teller.progress(progress).await;
                }
                // It has given up, and said why.
                if unable && matches!(progress, Progress::NoNetwork | Progress::WrongPassword | Progress::NoAddress) {
                    return Err(PortTrouble::UnableToConnect);
                }
            }
            Ok(Come::Idle) => {
                (unanswered, idle) = (0, idle + 1);
                if idle == MAX_IDLE {
                    return Err(if unable { PortTrouble::UnableToConnect } else { PortTrouble::NotTaken });
                }
            }
            // That is of the network: the answer to what was asked comes next.
            Err(NoAnswer::Refused(Fault::UnableToConnect)) => unable = true,
            Err(NoAnswer::Refused(_) | NoAnswer::Silent) => {
                unanswered += 1;
                if unanswered == MAX_UNANSWERED {
                    return Err(PortTrouble::Silent);
                }
            }
            Err(NoAnswer::Gone) => return Err(PortTrouble::Gone),
        }
    }
}
