//! How everyone else asks the hub for something.

use crate::clock::Clock;
use crate::message::Message;
use crate::random::random;
use gatehouse_core::access::{Administer, Denied, Operate, TokenHash, Viewer};
use gatehouse_core::command::Command;
use gatehouse_core::device::{Secret, SecretHash};
use gatehouse_core::home::{Answer, Claim, Dropped, Edit, NewCredential, Registration, Setting, SignInCheck};
use gatehouse_core::homeassistant::{Form, HomeAssistant, Prefix};
use gatehouse_core::ids::{CommandId, DeviceId, IntegrationId, NoticeId, RoomId, SessionId, SwitchId};
use gatehouse_core::integration::{self, Filter, Integration, NewIntegration};
use gatehouse_core::name::Name;
use gatehouse_core::notice::{NoticeKind, Subject};
use gatehouse_core::record::Room;
use gatehouse_core::time::Now;
use gatehouse_core::view::{Change, DeviceView, SwitchView, View};
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

/// How long to wait for a board to come back with a new secret: it disconnects, connects and shakes hands, which a chip
/// does within a few seconds.
const ROTATION_WAIT: Duration = Duration::from_secs(15);

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

/// An integration as it is asked for.
#[derive(Clone, Debug)]
pub struct AskedIntegration {
    /// What people are to call it.
    pub name: Name,
    /// The topics it may publish to.
    pub publish: Vec<Filter>,
    /// The topics it may subscribe to.
    pub subscribe: Vec<Filter>,
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

    /// Whether `code` is the claim code; wrong ones count.
    pub async fn try_claim_code(&self, code: String) -> Result<(), Denied> {
        self.ask(|reply| Message::TryClaimCode { code, reply }).await.map(drop)
    }

    /// The claim code, a new one if the last has expired; none when the home has an owner.
    pub async fn claim_code(&self) -> Result<Option<String>, Denied> {
        let (reply, answer) = oneshot::channel();
        self.send(Message::ClaimCode { reply })?;
        answer.await.map_err(|_| Denied::Busy)
    }

    /// Makes someone the owner, signed in.
    pub async fn claim(&self, claim: Claim) -> Result<Viewer, Denied> {
        self.viewer(Setting::Claim(claim)).await
    }

    /// Starts a sign-in: what the password is to be checked against.
    pub async fn begin_sign_in(&self, name: String, address: String) -> Result<SignInCheck, Denied> {
        match self.ask(|reply| Message::BeginSignIn { name, address, reply }).await? {
            Answer::SignIn(check) => Ok(check),
            other => unexpected(&other),
        }
    }

    /// Ends a sign-in, with whether the password was right.
    pub async fn finish_sign_in(&self, check: SignInCheck, right: bool, token: TokenHash) -> Result<Viewer, Denied> {
        match self.ask(|reply| Message::FinishSignIn { check, right, token, reply }).await? {
            Answer::Viewer(viewer) => Ok(viewer),
            other => unexpected(&other),
        }
    }

    /// Ends a session.
    pub async fn sign_out(&self, session: SessionId) -> Result<(), Denied> {
        self.set(Setting::CloseSession(session)).await.map(drop)
    }

    /// Makes a room.
    pub async fn create_room(&self, cap: Administer, name: Name) -> Result<Arc<Room>, Denied> {
        self.room(Setting::CreateRoom(cap, name)).await
    }

    /// Gives a room another name.
    pub async fn rename_room(&self, cap: Administer, id: RoomId, name: Name) -> Result<Arc<Room>, Denied> {
        self.room(Setting::RenameRoom(cap, id, name)).await
    }

    /// Deletes a room; what was in it is in no room then.
    pub async fn delete_room(&self, cap: Administer, id: RoomId) -> Result<(), Denied> {
        self.set(Setting::DeleteRoom(cap, id)).await.map(drop)
    }

    /// Gives a switch another name or room.
    pub async fn update_switch(&self, cap: Administer, id: SwitchId, edit: Edit) -> Result<Arc<SwitchView>, Denied> {
        match self.set(Setting::UpdateSwitch(cap, id, edit)).await? {
            Answer::Switch(switch) => Ok(switch),
            other => unexpected(&other),
        }
    }

    /// Gives a device another name or room.
    pub async fn update_device(&self, cap: Administer, id: DeviceId, edit: Edit) -> Result<Arc<DeviceView>, Denied> {
        self.device(Setting::UpdateDevice(cap, id, edit)).await
    }

    /// Claims a board by hand.
    pub async fn register_board(&self, cap: Administer, board: Registration) -> Result<Arc<DeviceView>, Denied> {
        self.device(Setting::RegisterBoard(cap, board)).await
    }

    /// Gives a board another secret, 256 random bits in hexadecimal, over its own connection. Answers when it has logged
    /// in with it and the old one is good no more, or after 15 s with the device still `rotating`: then both are good,
    /// until it does.
    pub async fn rotate_credential(
        &self,
        cap: Administer,
        id: DeviceId,
        hash: HashSecret,
    ) -> Result<Arc<DeviceView>, Denied> {
        let board = self.view().device(id).ok_or(Denied::NotFound("device"))?.board.clone();
        let secret = hexadecimal(&random::<32>());
        let hash = hash(board.as_str(), secret.as_bytes());
        let new = NewCredential { secret: Secret::new(&secret), hash };
        self.device(Setting::RotateCredential(cap, id, new)).await?;
        let mut view = self.view.clone();
        let settled = view.wait_for(|view| view.device(id).is_none_or(|device| !device.rotating));
        // Whatever came of the wait: what is answered is what is so now.
        let _late = tokio::time::timeout(ROTATION_WAIT, settled).await;
        self.view().device(id).cloned().ok_or(Denied::NotFound("device"))
    }

    /// Lets another home system log in at the edge. Second: its password, 256 random bits in hexadecimal, which nobody
    /// can tell again; only what `hash` makes of user name and password is kept.
    pub async fn create_integration(
        &self,
        cap: Administer,
        asked: AskedIntegration,
        hash: HashSecret,
    ) -> Result<(Arc<Integration>, String), Denied> {
        let AskedIntegration { name, publish, subscribe } = asked;
        let user = integration::user_name(random());
        let password = hexadecimal(&random::<32>());
        let secret = hash(&user, password.as_bytes());
        let new = NewIntegration { name, user, secret, publish, subscribe };
        match self.set(Setting::CreateIntegration(cap, new)).await? {
            Answer::Integration(integration) => Ok((integration, password)),
            other => unexpected(&other),
        }
    }

    /// Revokes an integration's credential; its connections end at once.
    pub async fn delete_integration(&self, cap: Administer, id: IntegrationId) -> Result<(), Denied> {
        self.set(Setting::DeleteIntegration(cap, id)).await.map(drop)
    }

    /// Another form or place of what Home Assistant is told; what is none stays.
    pub async fn update_home_assistant(
        &self,
        cap: Administer,
        form: Option<Form>,
        prefix: Option<Prefix>,
    ) -> Result<Arc<HomeAssistant>, Denied> {
        match self.set(Setting::UpdateHomeAssistant(cap, form, prefix)).await? {
            Answer::HomeAssistant(set) => Ok(set),
            other => unexpected(&other),
        }
    }

    /// Puts a notice away until it happens anew.
    pub async fn dismiss_notice(&self, cap: Administer, id: NoticeId) -> Result<(), Denied> {
        self.set(Setting::DismissNotice(cap, id)).await.map(drop)
    }

    /// Tells that of this kind these subjects and no others are so now.
    pub fn tell_condition(&self, kind: NoticeKind, subjects: Vec<Subject>) -> Result<(), Denied> {
        self.send(Message::Condition { kind, subjects })
    }

    /// What boards said and the home did not believe, since the daemon started.
    pub async fn dropped(&self) -> Result<Dropped, Denied> {
        let (reply, answer) = oneshot::channel();
        self.send(Message::Dropped { reply })?;
        answer.await.map_err(|_| Denied::Busy)
    }

    async fn viewer(&self, setting: Setting) -> Result<Viewer, Denied> {
        match self.set(setting).await? {
            Answer::Viewer(viewer) => Ok(viewer),
            other => unexpected(&other),
        }
    }

    async fn room(&self, setting: Setting) -> Result<Arc<Room>, Denied> {
        match self.set(setting).await? {
            Answer::Room(room) => Ok(room),
            other => unexpected(&other),
        }
    }

    async fn device(&self, setting: Setting) -> Result<Arc<DeviceView>, Denied> {
        match self.set(setting).await? {
            Answer::Device(device) => Ok(device),
            other => unexpected(&other),
        }
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
