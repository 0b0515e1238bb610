//! The accept loop: who gets a connection at all, and when all of them end.

use crate::board::Peer;
use crate::codec::{self, Announced, ConnAck};
use crate::connect::{self, Login, Refused};
use crate::connection::{Io, Stream};
use crate::counters::Count;
use crate::registry::Slot;
use crate::throttle::{self, Place, Places};
use crate::{Broker, Edge, announcer, board, incidents, integration, router};
use gatehouse_core::notice::{NoticeKind, Subject};
use rustls::{HandshakeKind, ServerConfig};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

/// A socket to accept connections on, bound by the caller.
#[derive(Debug)]
pub struct Listener {
    /// The socket.
    pub socket: TcpListener,
    /// Speak TLS with this; plain TCP when none. What it serves may be swapped at any time, and so renewed.
    pub tls: Option<Arc<ServerConfig>>,
}

/// How long to wait for a file descriptor to become free.
const PAUSE: Duration = Duration::from_millis(100);

impl Broker {
    /// Serves MQTT 3.1.1 and 5 on all `listeners` until `stop` is cancelled. Then it accepts no more, ends all connections,
    /// sends their last events, and returns once all are closed; whoever takes the events must go on taking them until
    /// then.
    pub async fn run(self, listeners: Vec<Listener>, stop: CancellationToken) {
        let Self { edge, keeping, announced } = self;
        let written = CancellationToken::new();
        let writing = keeping.map(|keeping| tokio::spawn(keeping.run(edge.retained.clone(), written.clone())));
        let mut credentials = edge.credentials.clone();
        let mut watching = true;
        let addresses = Arc::new(Places::default());
        let mut connections = JoinSet::new();
        edge.background.spawn(router::supervise(edge.fanout.clone(), edge.limits.router_deadline, stop.clone()));
        edge.background.spawn(incidents::deliver(edge.incidents.clone(), edge.inbox.clone(), stop.clone()));
        if let Some(announced) = announced {
            edge.background.spawn(announcer::run(edge.clone(), announced, stop.clone()));
        }
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                changed = credentials.changed(), if watching => {
                    watching = changed.is_ok();
                    let current = credentials.borrow_and_update().clone();
                    edge.registry.revoke(&current);
                    edge.retained.forget_revoked(&current);
                }
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
                (accepted, tls) = accept(&listeners) => match accepted {
                    Ok((stream, peer)) => {
                        edge.counters.one(Count::Accepted);
                        if connections.len() >= edge.limits.connections {
                            edge.counters.one(Count::RefusedFull);
                            edge.incidents.tell(NoticeKind::ConnectionsFull, Subject::Gateway, Some(peer.ip()));
                        } else if let Some(place) = addresses.take(throttle::origin(peer.ip()), edge.limits.connections_per_address) {
                            connections.spawn(connection(edge.clone(), stream, tls, peer, place, stop.clone()));
                        } else {
                            edge.counters.one(Count::RefusedAddress);
                            edge.incidents.tell(NoticeKind::ConnectionsFull, Subject::address(peer.ip()), None);
                        }
                    }
                    Err(error) if is_the_peers(&error) => {}
                    Err(error) => {
                        edge.counters.one(Count::AcceptPaused);
                        tracing::warn!(%error, "cannot accept MQTT connections; trying again");
                        tokio::select! {
                            () = stop.cancelled() => break,
                            () = sleep_until(Instant::now() + PAUSE) => {}
                        }
                    }
                },
            }
        }
        drop(listeners);
        while connections.join_next().await.is_some() {}
        edge.background.close();
        edge.background.wait().await;
        // Only now does nothing more come to be retained.
        written.cancel();
        if let Some(writing) = writing {
            // A panic is in the log already.
            let _ = writing.await;
        }
    }
}

/// The next connection of any listener, and what TLS it is to speak.
async fn accept(listeners: &[Listener]) -> (io::Result<(TcpStream, SocketAddr)>, Option<Arc<ServerConfig>>) {
    std::future::poll_fn(|context| {
        for listener in listeners {
            if let Poll::Ready(accepted) = listener.socket.poll_accept(context) {
                return Poll::Ready((accepted, listener.tls.clone()));
            }
        }
        Poll::Pending
    })
    .await
}

/// An error of the connection that was to be accepted; any other is ours and would come again at once.
fn is_the_peers(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset)
}

async fn connection(
    edge: Arc<Edge>,
    stream: TcpStream,
    tls: Option<Arc<ServerConfig>>,
    peer: SocketAddr,
    _place: Place<IpAddr>,
    stop: CancellationToken,
) {
    // Small packets must not wait for each other. An error here means that the peer is gone; reading tells.
    let _ = stream.set_nodelay(true);
    let address = peer.ip().to_canonical();
    let peer = Peer { address, private: is_private(address, tls.is_some()) };
    let end = match tls {
        None => serve(&edge, stream, peer, &stop).await,
        // In boxes of their own: what TLS holds is not to make every connection's task larger, nor the handshake's own
        // part to stay when it is done.
        Some(config) => match Box::pin(handshake(&edge, stream, config, &stop)).await {
            Ok(stream) => serve(&edge, Box::new(stream), peer, &stop).await,
            Err(end) => end,
        },
    };
    edge.counters.one(end);
}

/// Whether nobody on the way can read what is sent: what stays on this machine passes nobody.
fn is_private(peer: IpAddr, tls: bool) -> bool {
    tls || peer.is_loopback()
}

/// In the connection's own task, so that a client that says nothing holds up nobody.
async fn handshake(
    edge: &Edge,
    stream: TcpStream,
    config: Arc<ServerConfig>,
    stop: &CancellationToken,
) -> Result<TlsStream<TcpStream>, Count> {
    let handshake = timeout(edge.limits.handshake_deadline, TlsAcceptor::from(config).accept(stream));
    tokio::select! {
        biased;
        () = stop.cancelled() => Err(Count::EndStopped),
        done = handshake => match done {
            Ok(Ok(stream)) => {
                let resumed = stream.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed);
                edge.counters.one(if resumed { Count::HandshakeResumed } else { Count::HandshakeFull });
                Ok(stream)
            }
            Ok(Err(error)) => {
                tracing::debug!(%error, "TLS handshake failed");
                Err(Count::RefusedTls)
            }
            Err(_) => Err(Count::RefusedSlow),
        },
    }
}

/// Any stream from its first MQTT byte on.
async fn serve<S: Stream>(edge: &Arc<Edge>, stream: S, peer: Peer, stop: &CancellationToken) -> Count {
    let mut io = Io::new(stream, edge.counters.clone());
    let deadline = edge.limits.connect_deadline;
    let login = tokio::select! {
        biased;
        () = stop.cancelled() => return Count::EndStopped,
        login = timeout(deadline, connect::login(edge, &mut io, peer.address)) => login,
    };
    match login {
        Ok(Ok(Login::Board(login))) => board::run(edge, io, login, peer, stop).await,
        // There are few of them, and many boards, whose tasks are smaller so.
        Ok(Ok(Login::Integration(login))) => Box::pin(integration::run(edge, io, *login, stop)).await,
        Ok(Err(Refused(count, answer))) => {
            if let Some(answer) = answer {
                edge.refuse(&mut io, answer).await;
            }
            count
        }
        Err(_) => Count::RefusedSlow,
    }
}

impl Edge {
    /// Says why, if the client still listens.
    pub(crate) async fn refuse<S: Stream>(&self, io: &mut Io<S>, answer: ConnAck) {
        codec::write_refusal(&mut io.out, io.version, answer);
        let _ = io.flush(Instant::now() + self.limits.write_deadline).await;
    }

    /// Accepts a login, unless it must not be any more.
    pub(crate) async fn greet<S: Stream>(
        &self,
        io: &mut Io<S>,
        slot: &Slot,
        announced: &Announced<'_>,
    ) -> Result<(), Count> {
        // The credential may have changed between the login and the entry in the registry.
        let holds = slot.holds(&self.credentials.borrow());
        if slot.kill.is_cancelled() {
            return Err(Count::RefusedStale);
        }
        if holds {
            codec::write_accepted(&mut io.out, io.version, announced);
        } else {
            codec::write_refusal(&mut io.out, io.version, ConnAck::NotAuthorized);
        }
        let deadline = Instant::now() + self.limits.write_deadline;
        io.flush_unless_killed(slot, deadline).await.map_err(|_| Count::RefusedStale)?;
        if holds { Ok(()) } else { Err(Count::RefusedStale) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn running_out_of_descriptors_is_no_fault_of_the_peer() {
        const EMFILE: i32 = 24;
        const ECONNABORTED: i32 = 103;
        assert!(!is_the_peers(&io::Error::from_raw_os_error(EMFILE)));
        assert!(is_the_peers(&io::Error::from_raw_os_error(ECONNABORTED)));
    }

    #[test]
    fn only_tls_or_this_machine_is_private() {
        for (peer, tls, private) in [
            ("192.168.7.20", false, false),
            ("192.168.7.20", true, true),
            ("127.0.0.1", false, true),
            ("::1", false, true),
        ] {
            assert_eq!(is_private(peer.parse().unwrap(), tls), private, "{peer}");
        }
    }
}
