//! The daemon's end of the control socket.

use super::{Answer, Call, MAX_QUESTION, backup, flash, giving, integrations, online, provision, tokens};
use crate::backup::{Desk, Maker};
use crate::doctor::Heard;
use crate::factory_reset::Eraser;
use crate::firmware::Held;
use crate::header::Standing;
use crate::listeners::Addresses;
use crate::reload::Reload;
use anyhow::Context;
use gatehouse_core::access::{Administer, Denied};
use gatehouse_core::flash::{ImageFault, MAX_IMAGE};
use gatehouse_core::home::{RESET_CODE_LIFE, Registration};
use gatehouse_core::name::{BoardId, Name};
use gatehouse_core::view::{DeviceView, View};
use gatehouse_hub::Hub;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Callers at a time.
const MAX_CALLERS: usize = 16;
/// How long a caller may take to ask and to listen.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Shortest and longest secret of a board, in bytes. What a provisioned board gets is far longer than the least.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 8..=256;

/// What callers may want to know that the hub does not.
#[derive(Clone)]
pub(crate) struct Told {
    /// Where everything listens.
    pub(crate) addresses: Addresses,
    /// The fingerprint of the home's certificate authority.
    pub(crate) fingerprint: String,
    /// The firmware that there is for boards.
    pub(crate) firmware: Held,
    /// What makes backups.
    pub(crate) backups: Maker,
    /// Where one is asked for.
    pub(crate) desk: Desk,
    /// What takes the home away.
    pub(crate) eraser: Eraser,
    /// What reads the configuration again.
    pub(crate) reload: Reload,
    /// How the gateway's own header stands.
    pub(crate) header: Standing,
}

/// A bound control socket; its file goes when it does.
pub(crate) struct Control {
    listener: UnixListener,
    path: PathBuf,
    hub: Hub,
    told: Told,
    /// Whose callers are let in, beside root.
    owner: (u32, u32),
}

impl Control {
    /// Binds the socket. Call it only when this daemon holds the data directory: a socket left behind is replaced.
    pub(crate) fn bind(path: &Path, hub: Hub, told: Told) -> anyhow::Result<Self> {
        let _none_left_behind = std::fs::remove_file(path);
        let shown = path.display();
        let listener = UnixListener::bind(path).with_context(|| format!("cannot make the control socket {shown}"))?;
        let installed = path.starts_with("/run");
        let mode = if installed { 0o660 } else { 0o600 };
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
            .with_context(|| format!("cannot protect the control socket {shown}"))?;
        let file = std::fs::metadata(path).with_context(|| format!("cannot see the control socket {shown}"))?;
        Ok(Self { listener, path: path.to_owned(), hub, told, owner: (file.uid(), file.gid()) })
    }

    /// Serves until `stop`.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut callers = JoinSet::new();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                Some(_) = callers.join_next(), if !callers.is_empty() => {}
                accepted = self.listener.accept(), if callers.len() < MAX_CALLERS => match accepted {
                    Ok((stream, _)) if self.may_call(&stream) => {
                        let (hub, told) = (self.hub.clone(), self.told.clone());
                        callers.spawn(async move {
                            serve(stream, hub, told).await;
                        });
                    }
                    Ok(_) => tracing::warn!("a caller on the control socket was refused"),
                    Err(error) => {
                        tracing::warn!(%error, "the control socket cannot accept");
                        tokio::task::yield_now().await;
                    }
                }
            }
        }
    }

    fn may_call(&self, stream: &UnixStream) -> bool {
        let (user, group) = self.owner;
        stream.peer_cred().is_ok_and(|peer| peer.uid() == 0 || peer.uid() == user || peer.gid() == group)
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        let _already_gone = std::fs::remove_file(&self.path);
    }
}

async fn serve(stream: UnixStream, hub: Hub, told: Told) {
    let (reader, mut writer) = stream.into_split();
    let maker = told.backups.clone();
    let Ok(backup) = timeout(TIMEOUT, serve_short(reader, &mut writer, hub, told)).await else {
        return tracing::warn!("a caller on the control socket took too long");
    };
    if backup {
        match timeout(backup::TIMEOUT, backup::send(maker, &mut writer)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "a backup could not be handed over"),
            Err(_) => tracing::warn!("a backup took too long"),
        }
    }
}

/// True when the caller asked for a backup, which takes longer.
async fn serve_short(reader: OwnedReadHalf, writer: &mut OwnedWriteHalf, hub: Hub, told: Told) -> bool {
    let mut line = String::new();
    let mut reader = BufReader::new(reader.take(MAX_QUESTION));
    if reader.read_line(&mut line).await.unwrap_or(0) == 0 {
        return false;
    }
    let answer = match serde_json::from_str(&line) {
        Ok(Call::Backup) => return true,
        Ok(Call::Flash(new)) => match image_after(&mut reader, new.bytes).await {
            Ok(bytes) => flash::begin(&hub, told.firmware.clone(), new, bytes).await,
            Err(refused) => refused,
        },
        Ok(call) => answer(call, &hub, &told).await,
        Err(error) => refused(format!("the daemon does not understand the question: {error}")),
    };
    let Ok(mut answer) = serde_json::to_string(&answer) else { return false };
    answer.push('\n');
    // A caller that went away misses its answer.
    let _gone = writer.write_all(answer.as_bytes()).await;
    false
}

/// What comes after a question that says how long it is.
async fn image_after<R>(
    reader: &mut BufReader<tokio::io::Take<R>>,
    length: Option<usize>,
) -> Result<Option<Vec<u8>>, Answer>
where
    R: tokio::io::AsyncRead + Unpin,
{
    let Some(length) = length else { return Ok(None) };
    if length > MAX_IMAGE {
        return Err(refused(format!("this cannot be flashed. {}", ImageFault::TooLarge)));
    }
    let mut bytes = vec![0; length];
    reader.get_mut().set_limit(MAX_IMAGE as u64);
    match reader.read_exact(&mut bytes).await {
        Ok(_) => Ok(Some(bytes)),
        Err(error) => Err(refused(format!("the image did not come: {error}"))),
    }
}

pub(super) fn refused(message: impl Into<String>) -> Answer {
    Answer::Refused { message: message.into(), try_again: false }
}

async fn answer(call: Call, hub: &Hub, told: &Told) -> Answer {
    match call {
        Call::ClaimCode => match hub.claim_code().await {
            Ok(code) => {
                let link = code.as_ref().and_then(|code| told.addresses.claim_link(code));
                Answer::ClaimCode { code, link, fingerprint: told.fingerprint.clone() }
            }
            Err(denied) => explain(denied),
        },
        Call::ResetMember { name } => reset_member(hub, told, &name).await,
        Call::RegisterBoard { id, secret, name, room, relays } => {
            let registration = match registration(&id, &secret, name, room, relays) {
                Ok(registration) => registration,
                Err(message) => return refused(message),
            };
            match hub.register_board(Administer::console(), registration).await {
                Ok(device) => Answer::Registered { device: device.id.to_string(), name: device.name.to_string() },
                Err(denied) => explain(denied),
            }
        }
        Call::RotateCredential { which } => rotate(hub, &which).await,
        Call::CreateIntegration(new) => integrations::create(hub, &new).await,
        Call::ListIntegrations => integrations::list(hub),
        Call::RevokeIntegration { which } => integrations::revoke(hub, &which).await,
        Call::CreateToken(new) => tokens::create(hub, &new).await,
        Call::ListTokens => tokens::list(hub),
        Call::RevokeToken { which } => tokens::revoke(hub, &which).await,
        Call::Flash(_) | Call::Backup => refused("bytes come with this question"),
        Call::RecoveryKey => backup::new_key(hub, &told.desk).await,
        Call::FactoryReset { home } => match told.eraser.erase_named(Administer::console(), &home).await {
            Ok(erased) => Answer::Reset { forgot: erased.forgot, kept: erased.kept.clone() },
            Err(stays) => refused(stays.to_string()),
        },
        Call::Reload => match told.reload.again() {
            Ok(reloaded) => Answer::Reloaded(reloaded),
            Err(failure) => refused(failure.message()),
        },
        Call::Health => {
            let backups = told.desk.state.borrow().clone();
            let listeners = told.addresses.all();
            Answer::Health(Box::new(Heard { hub, listeners, backups: &backups, header: &told.header }.health()))
        }
        Call::Flashing { port, flash, seen_percent, seen_message } => {
            flash::follow(hub, &port, &flash, (seen_percent, &seen_message)).await
        }
        Call::Provision(new) => provision::begin(hub, new).await,
        Call::GiveWifi(new) => giving::begin(hub, new).await,
        Call::Giving { port, giving, ssid, seen } => giving::follow(hub, &port, &giving, &ssid, &seen).await,
        Call::Online { boards, wait_s } => online::wait(hub, told.addresses.mqtt, &boards, wait_s).await,
        Call::Claim { claim, seen } => provision::follow(hub, &claim, &seen).await,
    }
}

async fn reset_member(hub: &Hub, told: &Told, who: &str) -> Answer {
    let member = Name::new(who).ok().and_then(|name| hub.view().access.by_name(&name).map(|member| member.id));
    let Some(member) = member else {
        return refused(format!("nobody here is called {who:?}; give the name they sign in with"));
    };
    match hub.offer_reset(Administer::console(), member).await {
        Ok((member, code)) => {
            let link = told.addresses.link(&format!("reset#{code}"));
            Answer::MemberReset { name: member.name.to_string(), code, link, minutes: RESET_CODE_LIFE.as_secs() / 60 }
        }
        Err(denied) => explain(denied),
    }
}

fn registration(
    id: &str,
    secret: &str,
    name: Option<String>,
    room: Option<String>,
    relays: usize,
) -> Result<Registration, String> {
    let board = BoardId::new(id).map_err(|error| format!("--id {id:?}: {error}"))?;
    if !SECRET_BYTES.contains(&secret.len()) {
        return Err(format!("a secret has {} to {} bytes", SECRET_BYTES.start(), SECRET_BYTES.end()));
    }
    let name_of = |option: &str, text: Option<String>| match text {
        None => Ok(None),
        Some(text) => Name::new(&text).map(Some).map_err(|error| format!("{option} {text:?}: {error}")),
    };
    let secret = gatehouse_broker::secret_hash(board.as_str(), secret.as_bytes());
    Ok(Registration { board, secret, name: name_of("--name", name)?, room: name_of("--room", room)?, relays })
}

async fn rotate(hub: &Hub, which: &str) -> Answer {
    let Some(device) = find(&hub.view(), which) else {
        return refused(format!("there is no board {which:?}: give the id of a board or a device, or its name"));
    };
    match hub.rotate_credential(Administer::console(), device.id, gatehouse_broker::secret_hash).await {
        Ok(device) => Answer::CredentialRotated { name: device.name.to_string(), done: !device.rotating },
        Err(denied) => explain(denied),
    }
}

/// By the board's id, else the device's, else the name, which several can have: then none is meant.
fn find(view: &View, which: &str) -> Option<Arc<DeviceView>> {
    let by_board = view.devices.iter().find(|device| device.board.as_str() == which);
    let by_id = || which.parse().ok().and_then(|id| view.device(id));
    let by_name = || {
        let name = Name::new(which).ok()?;
        let mut called = view.devices.iter().filter(|device| device.name.same_as(&name));
        called.next().filter(|_| called.next().is_none())
    };
    by_board.or_else(by_id).or_else(by_name).cloned()
}

pub(super) fn explain(denied: Denied) -> Answer {
    let message = match denied {
        Denied::BadInput { field, message } => format!("{field}: {message}"),
        Denied::Conflict(message) => message,
        Denied::Busy => "the daemon is busy; try again".to_owned(),
        Denied::RateLimited { retry_after } => format!("too many tries; try again in {} s", retry_after.as_secs() + 1),
        Denied::Storage => "the database could not write it, so nothing was changed; is the disk full?".to_owned(),
        Denied::NotFound(what) => format!("there is no such {what}"),
        Denied::Unauthenticated | Denied::Forbidden | Denied::Unclaimed => "that is not allowed".to_owned(),
    };
    let try_again = message.contains("try again");
    Answer::Refused { message, try_again }
}
