//! How everyone else asks the hub for something: one file for each feature.

mod addresses;
mod configuring;
mod household;
mod integrations;
mod invitations;
mod onboarding;
mod people;
mod sharing;
mod things;
mod tokens;

pub use configuring::RelayAnswer;
pub use integrations::AskedIntegration;
pub use onboarding::AskedClaim;

use crate::clock::Clock;
use crate::message::Message;
use gatehouse_core::access::{Administer, Denied, Operate};
use gatehouse_core::command::Command;
use gatehouse_core::device::SecretHash;
use gatehouse_core::home::{Answer, Dropped, Setting};
use gatehouse_core::ids::{CommandId, NoticeId};
use gatehouse_core::notice::{Incident, NoticeKind, Subject};
use gatehouse_core::time::Now;
use gatehouse_core::view::{Change, View};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{broadcast, mpsc, oneshot, watch};

/// A handle to the hub. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Hub {
    pub(crate) inbox: mpsc::Sender<Message>,
    pub(crate) view: watch::Receiver<Arc<View>>,
    pub(crate) changes: broadcast::Sender<Change>,
    pub(crate) clock: Clock,
}

/// What a change feed gives next.
#[derive(Clone, Debug)]
pub enum Feed {
    /// One step.
    Change(Change),
    /// Steps were missed: everything as it is now.
    Lagged(Arc<View>),
}

/// Changes as they happen.
#[derive(Debug)]
pub struct Changes {
    feed: broadcast::Receiver<Change>,
    view: watch::Receiver<Arc<View>>,
}

impl Changes {
    /// The next change; none when the hub has stopped. Cancel safe.
    pub async fn next(&mut self) -> Option<Feed> {
        match self.feed.recv().await {
            Ok(change) => Some(Feed::Change(change)),
            Err(broadcast::error::RecvError::Lagged(_)) => {
                self.feed = self.feed.resubscribe();
                Some(Feed::Lagged(self.view.borrow().clone()))
            }
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

/// How the MQTT edge hashes a secret: user name, secret.
pub type HashSecret = fn(&str, &[u8]) -> SecretHash;

impl Hub {
    /// Everything there is to see, now.
    pub fn view(&self) -> Arc<View> {
        self.view.borrow().clone()
    }

    /// Everything there is to see, and every change after it. A change that is in the view already may come once
    /// more; none is missed.
    pub fn watch(&self) -> (Arc<View>, Changes) {
        let feed = self.changes.subscribe();
        let view = self.view();
        (view, Changes { feed, view: self.view.clone() })
    }

    /// What the clocks say.
    pub fn now(&self) -> Now {
        self.clock.now()
    }

    /// Asks for a switch to be on or off; answers when the command settles, within `timeout`.
    pub async fn set_switch(
        &self,
        cap: Operate,
        on: bool,
        timeout: Duration,
        request_id: Option<String>,
    ) -> Result<Arc<Command>, Denied> {
        match self.ask(|reply| Message::SetSwitch { cap, on, timeout, request_id, reply }).await? {
            Answer::Command(command) => Ok(command),
            other => unexpected(&other),
        }
    }

    /// A command that is open or settled lately; none when it must be looked up in the store.
    pub async fn command(&self, id: CommandId) -> Result<Option<Arc<Command>>, Denied> {
        let (reply, answer) = oneshot::channel();
        self.send(Message::FindCommand { id, reply })?;
        answer.await.map_err(|_| Denied::Busy)
    }

    /// Puts a notice away until it happens anew.
    pub async fn dismiss_notice(&self, cap: Administer, id: NoticeId) -> Result<(), Denied> {
        self.set(Setting::DismissNotice(cap, id)).await.map(drop)
    }

    /// Tells that something happened that the owner may have to know.
    pub fn tell_incident(&self, incident: Incident) -> Result<(), Denied> {
        self.send(Message::Incident(incident))
    }

    /// Tells that of this kind these subjects and no others are so now.
    pub fn tell_condition(&self, kind: NoticeKind, subjects: Vec<Subject>) -> Result<(), Denied> {
        self.send(Message::Condition { kind, subjects })
    }

    /// Tells why this is so of the gateway, within a sentence and without its end; none when it is not.
    pub fn tell_because(&self, kind: NoticeKind, why: Option<Arc<str>>) -> Result<(), Denied> {
        self.send(Message::Because { kind, why })
    }

    /// What boards said and the home did not believe, since the daemon started.
    pub async fn dropped(&self) -> Result<Dropped, Denied> {
        let (reply, answer) = oneshot::channel();
        self.send(Message::Dropped { reply })?;
        answer.await.map_err(|_| Denied::Busy)
    }

    async fn set(&self, setting: Setting) -> Result<Answer, Denied> {
        self.ask(|reply| Message::Settings { setting, reply }).await
    }

    async fn ask(&self, message: impl FnOnce(crate::message::Reply) -> Message) -> Result<Answer, Denied> {
        let (reply, answer) = oneshot::channel();
        self.send(message(reply))?;
        answer.await.map_err(|_| Denied::Busy)?
    }

    /// A full inbox means too much at once: people are told, not queued without end.
    fn send(&self, message: Message) -> Result<(), Denied> {
        self.inbox.try_send(message).map_err(|_| Denied::Busy)
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The home answered another question than was asked: a bug in it, told as trouble that passes.
fn unexpected<T>(answer: &Answer) -> Result<T, Denied> {
    tracing::error!(?answer, "the home answered another question than was asked");
    Err(Denied::Busy)
}
