//! A board of another firmware is given the network.

use crate::identify::information;
use crate::provision::wifi_command;
use crate::talk::{ANSWER, NoAnswer, Talk};
use crate::task::Teller;
use gatehouse_core::onboarding::{BoardPage, PortTrouble, Progress, WifiSettings};
use gatehouse_wire::improv::{Answer, Command, Fault, State, tasmota_backlog};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

/// How long a firmware may take to say anything: some say nothing before they are in the network, or have started anew.
const FIRST_ANSWER: Duration = Duration::from_secs(20);
/// How long it may take into the network.
const JOINING: Duration = Duration::from_secs(60);
/// How long Tasmota takes at most to start anew: before, it is in the network it had.
const RESTART: Duration = Duration::from_secs(8);

/// Gives it the network, and tells when it is in. Tasmota is told by its console, which needs no restart in between.
///
/// `firmware` is what the board called its firmware when it was looked at: to another one nothing is given.
pub(crate) async fn give<L>(
    talk: &mut Talk<L>,
    firmware: &str,
    wifi: &WifiSettings,
    teller: &Teller,
) -> Result<(), PortTrouble>
where
    L: AsyncRead + AsyncWrite + Unpin,
{
    let there = information(talk).await?.firmware;
    if *there != *firmware {
        // Who does not say who it is, is no other for it.
        return Err(if there.is_empty() { PortTrouble::Silent } else { PortTrouble::AnotherBoard });
    }
    let backlog = firmware.eq_ignore_ascii_case("Tasmota").then(|| tasmota_backlog(wifi)).flatten();
    let page = match backlog {
        Some(line) => by_console(talk, &line, teller).await?,
        None => by_improv(talk, wifi, teller).await?,
    };
    teller.in_network(page).await;
    Ok(())
}

/// What it says on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    /// What it is at.
    At(State),
    /// It is in the network, and where its own page is, as far as it tells.
    In(Option<BoardPage>),
}

fn said(answer: &Answer) -> Option<Said> {
    match answer {
        Answer::State(state) => Some(Said::At(*state)),
        Answer::Result(reply) => reply.in_network().map(Said::In),
        Answer::Error(_) => None,
    }
}

async fn by_improv<L>(talk: &mut Talk<L>, wifi: &WifiSettings, teller: &Teller) -> Result<Option<BoardPage>, NoAnswer>
where
    L: AsyncRead + AsyncWrite + Unpin,
{
    let command = wifi_command(wifi);
    let first = match talk.ask_once(&command, FIRST_ANSWER, said).await {
        // It may not have heard it.
        Err(NoAnswer::Silent) => talk.ask_once(&command, FIRST_ANSWER, said).await?,
        first => first?,
    };
    if matches!(first, Said::At(state) if state != State::Provisioned) {
        teller.progress(Progress::Joining).await;
    }
    if let Ok(arrived) = timeout(JOINING, arrival(talk, first)).await {
        return arrived;
    }
    // It says nothing of it: it is there all the same, or it is not.
    match talk.ask(&Command::State, said).await? {
        Said::At(state) if state != State::Provisioned => Err(NoAnswer::Refused(Fault::UnableToConnect)),
        there => arrival(talk, there).await,
    }
}

/// Waits until it is in.
async fn arrival<L>(talk: &mut Talk<L>, mut now: Said) -> Result<Option<BoardPage>, NoAnswer>
where
    L: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        match now {
            Said::In(page) => return Ok(page),
            Said::At(State::Provisioned) => return Ok(page(talk).await),
            Said::At(_) => now = talk.answer(said).await?,
        }
    }
}

/// Where its own page is, which a board in a network says after that, and again when it is asked for its state; some never do. It is
/// in, whatever it says of that.
async fn page<L>(talk: &mut Talk<L>) -> Option<BoardPage>
where
    L: AsyncRead + AsyncWrite + Unpin,
{
    let of = |answer: &Answer| match said(answer) {
        Some(Said::In(page)) => Some(page),
        Some(Said::At(_)) | None => None,
    };
    match timeout(ANSWER, talk.answer(of)).await {
        Ok(Ok(page)) => page,
        _ => talk.ask_once(&Command::State, ANSWER, of).await.unwrap_or(None),
    }
}

/// Lets this time pass, whatever the board says meanwhile.
async fn pass<L>(talk: &mut Talk<L>, time: Duration) -> Result<(), NoAnswer>
where
    L: AsyncRead + AsyncWrite + Unpin,
{
    let heard = async {
        loop {
            talk.hear().await?;
        }
    };
    timeout(time, heard).await.unwrap_or(Ok(()))
}

async fn by_console<L>(talk: &mut Talk<L>, line: &str, teller: &Teller) -> Result<Option<BoardPage>, PortTrouble>
where
    L: AsyncRead + AsyncWrite + Unpin,
{
    talk.say(line.as_bytes()).await?;
    teller.progress(Progress::Joining).await;
    pass(talk, RESTART).await?;
    let mut answered = false;
    let provisioned = async {
        loop {
            match talk.ask_once(&Command::State, ANSWER, said).await {
                Ok(there @ (Said::In(_) | Said::At(State::Provisioned))) => return Ok(there),
                Err(NoAnswer::Gone) => return Err(NoAnswer::Gone),
                Err(NoAnswer::Silent) => {}
                // Not so often that it does nothing else.
                Ok(Said::At(_)) | Err(NoAnswer::Refused(_)) => {
                    answered = true;
                    pass(talk, ANSWER).await?;
                }
            }
        }
    };
    match timeout(JOINING, provisioned).await {
        Ok(there) => Ok(arrival(talk, there?).await?),
        Err(_) if answered => Err(PortTrouble::UnableToConnect),
        Err(_) => Err(PortTrouble::Silent),
    }
}
