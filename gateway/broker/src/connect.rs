//! Login: from the first byte to who it is, or why not.

use crate::Edge;
use crate::acl;
use crate::codec::{self, ConnAck, Connect, Malformed, Packet, Version};
use crate::connection::{Io, Stream};
use crate::counters::Count;
use crate::message::OwnedMessage;
use bytes::Buf;
use gatehouse_core::access::{Credentials, IntegrationCredential};
use gatehouse_core::device::SecretHash;
use gatehouse_core::ids::DeviceId;
use gatehouse_core::name::BoardId;
use gatehouse_core::notice::{NoticeKind, Subject};
use sha2::{Digest, Sha256};
use std::net::IpAddr;
use std::sync::Arc;
use subtle::ConstantTimeEq;
use tokio::time::Instant;

/// Longest client id of an integration, in bytes.
const MAX_CLIENT_ID: usize = 128;

/// The hash to keep of a secret in [`Credentials`]: SHA-256, keyed by the user name.
///
/// For random secrets only (a board's has 256 bits): it is fast on purpose, so that five hundred boards can come back
/// at once after a power cut, and would not protect a secret that a person chose.
pub fn secret_hash(user: &str, secret: &[u8]) -> SecretHash {
    let mut hash = Sha256::new();
    hash.update(b"gatehouse mqtt secret 1\0");
    hash.update((user.len() as u64).to_be_bytes());
    hash.update(user);
    hash.update(secret);
    SecretHash(hash.finalize().into())
}

/// Who logged in.
pub(crate) enum Login {
    Board(BoardLogin),
    Integration(Box<IntegrationLogin>),
}

pub(crate) struct BoardLogin {
    pub(crate) id: BoardId,
    pub(crate) device: DeviceId,
    /// What it presented.
    pub(crate) secret: SecretHash,
    /// Seconds; 0 is none.
    pub(crate) keep_alive: u16,
    pub(crate) will: Option<OwnedMessage>,
}

pub(crate) struct IntegrationLogin {
    pub(crate) user: Arc<str>,
    pub(crate) client_id: Box<str>,
    /// Whether the client brought none, and has to be told.
    pub(crate) drawn_id: bool,
    pub(crate) credential: Arc<IntegrationCredential>,
    /// Seconds; 0 is none.
    pub(crate) keep_alive: u16,
    pub(crate) will: Option<Will>,
    /// Whether to forget what is left of an earlier connection.
    pub(crate) clean: bool,
    /// Seconds that the session is to outlive the connection.
    pub(crate) session_expiry: u32,
    /// Messages above QoS 0 that it takes unacknowledged.
    pub(crate) receive_maximum: u16,
    /// The largest packet it takes, in bytes.
    pub(crate) maximum_packet: u32,
}

/// What is published when a connection ends in another way than by saying so.
#[derive(Debug)]
pub(crate) struct Will {
    pub(crate) message: OwnedMessage,
    /// Seconds from the end of the connection, if the session lasts that long.
    pub(crate) delay: u32,
    /// Seconds from when it is published.
    pub(crate) expiry: Option<u32>,
}

/// Why a login was refused, and the answer, if it gets one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refused(pub(crate) Count, pub(crate) Option<ConnAck>);

/// Reads a CONNECT and judges it. The caller sets the deadline.
pub(crate) async fn login<S: Stream>(edge: &Edge, io: &mut Io<S>, address: IpAddr) -> Result<Login, Refused> {
    loop {
        let malformed = |error| match error {
            Malformed::Level(_) => Refused(Count::RefusedLevel, Some(ConnAck::BadLevel)),
            _ => Refused(Count::RefusedMalformed, None),
        };
        if io.read.first().is_some_and(|first| *first != codec::CONNECT) {
            return Err(Refused(Count::RefusedMalformed, None));
        }
        if let Some((packet, length)) =
            codec::decode(&io.read, edge.limits.connect_bytes, Version::V4).map_err(malformed)?
        {
            let Packet::Connect(connect) = packet else { return Err(Refused(Count::RefusedMalformed, None)) };
            io.version = connect.version;
            let login = judge(edge, &connect, address)?;
            io.read.advance(length);
            return Ok(login);
        }
        io.fill().await.map_err(|_| Refused(Count::RefusedMalformed, None))?;
    }
}

enum Known {
    Board(BoardId, DeviceId, SecretHash),
    Integration(Arc<str>, Arc<IntegrationCredential>),
}

fn judge(edge: &Edge, connect: &Connect<'_>, address: IpAddr) -> Result<Login, Refused> {
    if connect.authentication {
        return Err(Refused(Count::RefusedAuthMethod, Some(ConnAck::BadAuthMethod)));
    }
    let (user, now) = (connect.user.unwrap_or_default(), Instant::now());
    if !edge.failures.may_try(address, user, now) {
        wrong_login(edge, &edge.credentials.borrow().clone(), user, address);
        return Err(Refused(Count::RefusedThrottled, Some(ConnAck::TooManyLogins)));
    }
    let credentials = edge.credentials.borrow().clone();
    let Some(known) = authenticate(&credentials, user, connect.password.unwrap_or_default()) else {
        edge.failures.wrong(address, user, now);
        wrong_login(edge, &credentials, user, address);
        tracing::debug!(%address, "login refused: unknown user name or wrong secret");
        return Err(Refused(Count::RefusedSecret, Some(ConnAck::BadLogin)));
    };
    let refused_will = Err(Refused(Count::RefusedWill, Some(ConnAck::NotAuthorized)));
    let keep_alive = connect.keep_alive;
    match known {
        Known::Board(id, device, secret) => {
            // Boards speak the version their protocol is written for; another would only be half tested.
            if connect.version != Version::V4 {
                return Err(Refused(Count::RefusedLevel, Some(ConnAck::BadLevel)));
            }
            if connect.client_id != id.as_str() {
                edge.incidents.tell(NoticeKind::ForeignClientId, Subject::Board(id), Some(address));
                return Err(Refused(Count::RefusedForeignId, Some(ConnAck::NotAuthorized)));
            }
            if connect.will.as_ref().is_some_and(|will| acl::board_publish(&id, will).is_err()) {
                return refused_will;
            }
            let will = connect.will.as_ref().map(OwnedMessage::of);
            Ok(Login::Board(BoardLogin { id, device, secret, keep_alive, will }))
        }
        Known::Integration(user, credential) => {
            let client_id = client_id(edge, connect)?;
            let forbidden = |will| acl::integration_publish(&credential, &credentials, will).is_err();
            if connect.will.as_ref().is_some_and(forbidden) {
                return refused_will;
            }
            let will = connect.will.as_ref().map(|will| Will {
                message: OwnedMessage::of(will),
                delay: connect.will_delay,
                expiry: will.expiry,
            });
            Ok(Login::Integration(Box::new(IntegrationLogin {
                user,
                client_id,
                drawn_id: connect.client_id.is_empty(),
                credential,
                keep_alive,
                will,
                clean: connect.clean,
                session_expiry: connect.session_expiry,
                receive_maximum: connect.receive_maximum,
                maximum_packet: connect.maximum_packet,
            })))
        }
    }
}

/// Told by whose name was tried, for that says more than where from; an unknown name by where from alone.
fn wrong_login(edge: &Edge, credentials: &Credentials, user: &str, address: IpAddr) {
    let board = credentials.boards.get_key_value(user).map(|(id, _)| Subject::Board(id.clone()));
    let integration =
        || credentials.integrations.get_key_value(user).map(|(user, _)| Subject::Integration(user.clone()));
    let (subject, from) = match board.or_else(integration) {
        Some(known) => (known, Some(address)),
        None => (Subject::address(address), None),
    };
    edge.incidents.tell(NoticeKind::MqttLoginStorm, subject, from);
}

fn authenticate(credentials: &Credentials, user: &str, secret: &[u8]) -> Option<Known> {
    let board = credentials.boards.get_key_value(user);
    let integration = credentials.integrations.get_key_value(user);
    let (expected, next) = match (board, integration) {
        (Some((_, board)), _) => (board.secret, board.next),
        (None, Some((_, integration))) => (integration.secret, None),
        (None, None) => (SecretHash([0; 32]), None),
    };
    // Also for unknown names and where there is no next one, so that the time taken does not tell what exists.
    let presented = secret_hash(user, secret);
    let right = presented.0.ct_eq(&expected.0) | presented.0.ct_eq(&next.unwrap_or(expected).0);
    if !bool::from(right) {
        return None;
    }
    match (board, integration) {
        (Some((id, board)), _) => Some(Known::Board(id.clone(), board.device, presented)),
        (None, Some((user, integration))) => Some(Known::Integration(user.clone(), Arc::new(integration.clone()))),
        (None, None) => None,
    }
}

fn client_id(edge: &Edge, connect: &Connect<'_>) -> Result<Box<str>, Refused> {
    match connect.client_id {
        "" if connect.clean || connect.version == Version::V5 => Ok(edge.draw_client_id()),
        id if !id.is_empty() && id.len() <= MAX_CLIENT_ID && !id.contains(char::is_control) => Ok(id.into()),
        _ => Err(Refused(Count::RefusedClientId, Some(ConnAck::BadClientId))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_depends_on_name_and_secret_and_where_one_ends() {
        let hashes =
            [secret_hash("a", b"bc"), secret_hash("ab", b"c"), secret_hash("a", b"bd"), secret_hash("b", b"bc")];
        for (i, hash) in hashes.iter().enumerate() {
            assert_eq!(hashes.iter().filter(|other| *other == hash).count(), 1, "{i}");
        }
        assert_eq!(secret_hash("a", b"bc"), hashes[0]);
    }

    #[test]
    fn a_name_that_is_unknown_is_refused_whatever_the_secret() {
        assert!(authenticate(&Credentials::default(), "nobody", b"").is_none());
    }
}
