//! A board of another firmware is given the network.

use crate::identify::information;
use crate::provision::wifi_command;
use crate::talk::{ANSWER, NoAnswer, Talk};
use crate::task::Teller;
use gatehouse_core::onboarding::{PortTrouble, Progress, WifiSettings};
use gatehouse_wire::improv::{Answer, Command, State, tasmota_backlog};
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
pub(crate) async fn give<L>(talk: &mut Talk<L>, wifi: &WifiSettings, teller: &Teller) -> Result<(), PortTrouble>
where
    L: AsyncRead + AsyncWrite + Unpin,
{
    let firmware = information(talk).await?.firmware;
    let backlog = firmware.eq_ignore_ascii_case("Tasmota").then(|| tasmota_backlog(wifi)).flatten();
    match backlog {
        Some(line) => by_console(talk, &line, teller).await?,
        None => by_improv(talk, wifi, teller).await?,
    }
    teller.progress(Progress::Joined).await;
    Ok(())
}

async fn by_improv<L>(talk: &mut Talk<L>, wifi: &WifiSettings, teller: &Teller) -> Result<(), NoAnswer>
where
    L: AsyncRead + AsyncWrite + Unpin,
{
    let command = wifi_command(wifi);
    let mut state = match talk.ask_once(&command, FIRST_ANSWER, state).await {
        // It may not have heard it.
        Err(NoAnswer::Silent) => talk.ask_once(&command, FIRST_ANSWER, state).await?,
        state => state?,
    };
    if state == State::Provisioning {
        teller.progress(Progress::Joining).await;
    }
    let provisioned = async {
        while state != State::Provisioned {
            state = talk.answer(self::state).await?;
        }
        Ok(())
    };
    timeout(JOINING, provisioned).await.unwrap_or(Err(NoAnswer::Silent))
}

/// What it is at; the answer to the command says that it is in the network too.
fn state(answer: &Answer) -> Option<State> {
    match answer {
        Answer::State(state) => Some(*state),
        Answer::Result(reply) => (reply.command == 1).then_some(State::Provisioned),
        Answer::Error(_) => None,
    }
}

async fn by_console<L>(talk: &mut Talk<L>, line: &str, teller: &Teller) -> Result<(), PortTrouble>
where
    L: AsyncRead + AsyncWrite + Unpin,
{
    talk.say(line.as_bytes()).await?;
    teller.progress(Progress::Joining).await;
    if let Ok(Err(NoAnswer::Gone)) = timeout(RESTART, talk.answer(|_| None::<()>)).await {
        return Err(PortTrouble::Gone);
    }
    let mut answered = false;
    let provisioned = async {
        loop {
            match talk.ask_once(&Command::State, ANSWER, state).await {
                Ok(State::Provisioned) => return Ok(()),
                Err(NoAnswer::Gone) => return Err(PortTrouble::Gone),
                Err(NoAnswer::Silent) => {}
                // Not so often that it does nothing else.
                Ok(_) | Err(NoAnswer::Refused(_)) => {
                    answered = true;
                    if let Ok(Err(NoAnswer::Gone)) = timeout(ANSWER, talk.answer(|_| None::<()>)).await {
                        return Err(PortTrouble::Gone);
                    }
                }
            }
        }
    };
    let provisioned = timeout(JOINING, provisioned).await;
    provisioned.unwrap_or(Err(if answered { PortTrouble::UnableToConnect } else { PortTrouble::Silent }))
}
