//! What every connection has: its socket and buffers, its deadlines, its window of unacknowledged messages.

use crate::codec::Version;
use crate::counters::{Count, Counters};
use crate::limits::Limits;
use crate::registry::Slot;
use bytes::BytesMut;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

/// What carries MQTT: TCP now, TLS over it later.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// Room that a read finds at least.
const READ_ROOM: usize = 256;
/// What a buffer is given when it needs room: a native board's packets are all smaller.
const BUFFER: usize = 1_024;
/// Bytes written at once while more wait.
pub(crate) const MAX_WRITE: usize = 64 * 1024;

/// A socket with what was read and not yet decoded, and what is to be written.
pub(crate) struct Io<S> {
    stream: S,
    pub(crate) read: BytesMut,
    /// What was not written yet, also after a write that was given up.
    pub(crate) out: BytesMut,
    /// What the client speaks, once its CONNECT has come.
    pub(crate) version: Version,
    counters: Arc<Counters>,
}

impl<S: Stream> Io<S> {
    pub(crate) fn new(stream: S, counters: Arc<Counters>) -> Self {
        Self { stream, read: BytesMut::new(), out: BytesMut::with_capacity(BUFFER), version: Version::V4, counters }
    }

    /// Waits for bytes and appends them to `read`. Cancelling it loses none.
    pub(crate) async fn fill(&mut self) -> Result<(), Count> {
        if self.read.capacity() - self.read.len() < READ_ROOM {
            self.read.reserve(BUFFER);
        }
        match self.stream.read_buf(&mut self.read).await {
            Ok(0) | Err(_) => Err(Count::EndClosed),
            Ok(bytes) => {
                self.counters.add(Count::BytesIn, bytes);
                Ok(())
            }
        }
    }

    /// Writes all of `out`, by `deadline`.
    pub(crate) async fn flush(&mut self, deadline: Instant) -> Result<(), Count> {
        if self.out.is_empty() {
            return Ok(());
        }
        let waiting = self.out.len();
        let written = async {
            self.stream.write_all_buf(&mut self.out).await?;
            self.stream.flush().await
        };
        match timeout_at(deadline, written).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Err(Count::EndClosed),
            Err(_) => return Err(Count::EndSlow),
        }
        self.counters.add(Count::BytesOut, waiting);
        if self.out.capacity() > MAX_WRITE {
            self.out = BytesMut::with_capacity(BUFFER);
        }
        Ok(())
    }

    /// Ends our side and waits until the client ends its own, for `wait` at most; what it still sends is thrown away.
    /// Closing at once would make its system throw away what we said last, when it was just sending something.
    pub(crate) async fn linger(&mut self, wait: Duration) {
        let drained = async {
            self.stream.shutdown().await?;
            let mut unheard = [0; 4 * 1024];
            while self.stream.read(&mut unheard).await? > 0 {}
            std::io::Result::Ok(())
        };
        let _ = timeout(wait, drained).await;
    }

    /// As [`Self::flush`], but ends at once when the connection is to end.
    pub(crate) async fn flush_unless_killed(&mut self, slot: &Slot, deadline: Instant) -> Result<(), Count> {
        if self.out.is_empty() {
            return Ok(());
        }
        let killed = pin!(slot.kill.cancelled());
        tokio::select! {
            biased;
            flushed = self.flush(deadline) => flushed,
            () = killed => Err(slot.why()),
        }
    }
}

/// When a connection is given up.
pub(crate) struct Deadlines {
    /// The longest silence; none where the client asked for no keep-alive.
    silence: Option<Duration>,
    write: Duration,
    ack: Duration,
    heard: Instant,
}

impl Deadlines {
    /// `silence` already holds the margin over the keep-alive.
    pub(crate) fn new(limits: &Limits, silence: Option<Duration>) -> Self {
        Self { silence, write: limits.write_deadline, ack: limits.ack_deadline, heard: Instant::now() }
    }

    /// A whole packet came: bytes that never make a packet are silence.
    pub(crate) fn heard(&mut self) {
        self.heard = Instant::now();
    }

    /// By when a write that begins now has to be done: the keep-alive runs on meanwhile.
    pub(crate) fn write(&self) -> Instant {
        let write = Instant::now() + self.write;
        self.silence.map_or(write, |silence| write.min(self.heard + silence))
    }

    /// When to look again, or why the connection ends.
    ///
    /// `waiting_since` is when the client last acknowledged something, while it has more to acknowledge.
    pub(crate) fn check(&self, waiting_since: Option<Instant>) -> Result<Instant, Count> {
        let now = Instant::now();
        let silent = self.silence.map(|silence| self.heard + silence);
        let unacknowledged = waiting_since.map(|since| since + self.ack);
        if silent.is_some_and(|at| at <= now) {
            return Err(Count::EndKeepAlive);
        }
        if unacknowledged.is_some_and(|at| at <= now) {
            return Err(Count::EndSlow);
        }
        // The window may fill at any time after this look.
        let next = silent.into_iter().chain(unacknowledged).fold(now + self.ack, Instant::min);
        Ok(next)
    }

    /// Waits until one of them may have passed.
    pub(crate) async fn wait(at: Instant) {
        sleep_until(at).await;
    }
}

/// Orders sent to a board and not yet acknowledged. They are never sent again.
pub(crate) struct Window {
    open: Vec<u16>,
    last: u16,
    size: usize,
    moved: Instant,
}

impl Window {
    pub(crate) fn new(size: usize) -> Self {
        Self { open: Vec::new(), last: 0, size, moved: Instant::now() }
    }

    /// How many more may be sent now.
    pub(crate) fn room(&self) -> usize {
        self.size.saturating_sub(self.open.len())
    }

    /// A packet id that is not in use.
    pub(crate) fn send(&mut self) -> u16 {
        if self.open.is_empty() {
            self.moved = Instant::now();
        }
        loop {
            self.last = self.last.checked_add(1).unwrap_or(1);
            if !self.open.contains(&self.last) {
                self.open.push(self.last);
                return self.last;
            }
        }
    }

    /// The client acknowledged it; ids that are not open mean nothing.
    pub(crate) fn acknowledged(&mut self, id: u16) {
        if let Some(at) = self.open.iter().position(|open| *open == id) {
            self.open.remove(at);
            self.moved = Instant::now();
        }
    }

    /// When the board last acknowledged something, while it has more to acknowledge.
    pub(crate) fn waiting_since(&self) -> Option<Instant> {
        (!self.open.is_empty()).then_some(self.moved)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packet_ids_in_use_are_skipped_and_zero_never_drawn() {
        let mut window = Window::new(3);
        assert_eq!((window.send(), window.send(), window.room()), (1, 2, 1));
        window.acknowledged(1);
        window.acknowledged(77);
        assert_eq!(window.room(), 2);
        window.last = u16::MAX;
        assert_eq!((window.send(), window.send(), window.room()), (1, 3, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn each_deadline_is_told_apart() {
        let limits = Limits::default();
        let mut deadlines = Deadlines::new(&limits, Some(Duration::from_secs(14)));
        let mut window = Window::new(3);
        tokio::time::advance(Duration::from_secs(13)).await;
        assert_eq!(deadlines.check(window.waiting_since()), Ok(Instant::now() + Duration::from_secs(1)));
        assert_eq!(deadlines.write(), Instant::now() + Duration::from_secs(1));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(deadlines.check(window.waiting_since()), Err(Count::EndKeepAlive));
        deadlines.heard();
        let id = window.send();
        tokio::time::advance(Duration::from_secs(13)).await;
        deadlines.heard();
        assert_eq!(deadlines.check(window.waiting_since()), Ok(Instant::now() + Duration::from_secs(7)));
        tokio::time::advance(Duration::from_secs(7)).await;
        assert_eq!(deadlines.check(window.waiting_since()), Err(Count::EndSlow));
        window.acknowledged(id);
        assert!(deadlines.check(window.waiting_since()).is_ok());

        let none = Deadlines::new(&limits, None);
        tokio::time::advance(Duration::from_secs(1_000_000)).await;
        assert!(none.check(None).is_ok(), "no keep-alive is legal");
    }
}
