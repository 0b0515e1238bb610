//! Everything on the wire: a listener that passes on what comes, both ways, and keeps a copy.
//!
//! It stands between clients and daemon, so it has the very bytes that a packet capture would have, in order and without
//! what the kernel adds; it needs no rights that a test should not have.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Each direction of each connection.
type Recorded = Arc<Mutex<Vec<Arc<Mutex<Vec<u8>>>>>>;

/// A way to a listener of the daemon that is recorded. It ends when this is dropped.
#[derive(Debug)]
pub struct Recorder {
    address: SocketAddr,
    recorded: Recorded,
    _task: JoinSet<()>,
}

impl Recorder {
    /// Listens on a loopback port of its own for connections to `target`.
    pub(crate) async fn start(target: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let recorded = Recorded::default();
        let mut task = JoinSet::new();
        task.spawn(accept(listener, target, recorded.clone()));
        Self { address, recorded, _task: task }
    }

    /// Where clients connect to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What went each way on each connection so far.
    pub fn recorded(&self) -> Vec<Vec<u8>> {
        let all = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().map(|one| one.lock().unwrap_or_else(PoisonError::into_inner).clone()).collect()
    }
}

async fn accept(listener: TcpListener, target: SocketAddr, recorded: Recorded) {
    let mut passing = JoinSet::new();
    loop {
        let (client, _) = listener.accept().await.expect("a connection can be accepted");
        // A daemon that is not there refuses the client too.
        let Ok(daemon) = TcpStream::connect(target).await else { continue };
        for stream in [&client, &daemon] {
            stream.set_nodelay(true).expect("TCP_NODELAY");
        }
        let (from_client, to_client) = client.into_split();
        let (from_daemon, to_daemon) = daemon.into_split();
        for (from, to) in [(from_client, to_daemon), (from_daemon, to_client)] {
            let record = Arc::default();
            recorded.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&record));
            passing.spawn(pass(from, to, record));
        }
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, record: Arc<Mutex<Vec<u8>>>) {
    let mut bytes = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut bytes).await {
        record.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&bytes[..length]);
        if to.write_all(&bytes[..length]).await.is_err() {
            return;
        }
    }
    // The other side is told that this one is done; it may be gone.
    let _gone = to.shutdown().await;
}
