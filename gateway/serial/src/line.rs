//! Opening a port so that the board behind it does not notice.
//!
//! On a NodeMCU the lines DTR and RTS reset the chip and choose its boot loader, unless both have the same value: a step by which
//! they differ must not happen. The kernel sets both when a port is opened and, told to, drops both when it is closed.

use gatehouse_core::onboarding::{PortName, PortTrouble};
use rustix::fs::{FlockOperation, Mode, OFlags, flock, open};
use rustix::io::Errno;
use rustix::termios::{
    ControlModes, OptionalActions, QueueSelector, ioctl_tiocexcl, ioctl_tiocnxcl, tcflush, tcgetattr, tcsetattr,
};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bits a second.
const SPEED: u32 = 115_200;

/// What is done to a port that has just been opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    /// Nobody else is to open it, and nobody has it who said so.
    Claim,
    /// Both lines are set, in one call.
    SetDtrAndRts,
    /// Bytes as they are, at our speed, and the lines stay as they are when it is closed.
    RawAndNoHangUp,
    /// What came in before is of no attempt of ours.
    ForgetInput,
}

/// The calls, in their order: who has not got the port leaves it alone, and nothing is done before the lines are as they are to be.
fn prepare(mut call: impl FnMut(Call) -> Result<(), Errno>) -> Result<(), Errno> {
    call(Call::Claim)?;
    match call(Call::SetDtrAndRts) {
        // A pseudo-terminal has no such lines; older kernels say it the other way.
        Err(Errno::NOTTY | Errno::INVAL) | Ok(()) => {}
        Err(error) => return Err(error),
    }
    call(Call::RawAndNoHangUp)?;
    call(Call::ForgetInput)
}

fn perform(port: BorrowedFd<'_>, call: Call) -> Result<(), Errno> {
    match call {
        Call::Claim => {
            // The one keeps out whoever opens it later, but root; the other tells those who ask, as the tools that flash do.
            ioctl_tiocexcl(port)?;
            flock(port, FlockOperation::NonBlockingLockExclusive)
        }
        Call::SetDtrAndRts => set_dtr_and_rts(port),
        Call::RawAndNoHangUp => {
            let mut settings = tcgetattr(port)?;
            settings.make_raw();
            settings
                .control_modes
                .remove(ControlModes::HUPCL | ControlModes::PARENB | ControlModes::CSTOPB | ControlModes::CRTSCTS);
            settings.control_modes.insert(ControlModes::CLOCAL | ControlModes::CREAD | ControlModes::CS8);
            settings.set_speed(SPEED)?;
            tcsetattr(port, OptionalActions::Now, &settings)
        }
        Call::ForgetInput => tcflush(port, QueueSelector::IFlush),
    }
}

/// Sets both lines at once. This call touches no other line, which one that sets all would: on a PC's own port the interrupt hangs on one.
#[allow(unsafe_code, reason = "no library sets two lines in one call")]
fn set_dtr_and_rts(port: BorrowedFd<'_>) -> Result<(), Errno> {
    use rustix::ioctl::{Opcode, Setter, ioctl};
    const TIOCMBIS: Opcode = 0x5416;
    const DTR_AND_RTS: i32 = 0x002 | 0x004;
    // SAFETY: of TIOCMBIS the kernel reads one int, and it changes no memory of ours.
    unsafe { ioctl(port, Setter::<TIOCMBIS, i32>::new(DTR_AND_RTS)) }
}

/// An open port. When it goes, so does what was not yet sent, for the kernel would wait for that, and others may open it again.
struct Claimed(OwnedFd);

impl AsRawFd for Claimed {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

impl Drop for Claimed {
    fn drop(&mut self) {
        let _may_be_gone = tcflush(&self.0, QueueSelector::OFlush);
        // A pseudo-terminal lives on with whoever has its other end.
        let _may_be_gone = ioctl_tiocnxcl(&self.0);
    }
}

fn open_claimed(path: &str) -> Result<Claimed, Errno> {
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let port = open(path, flags, Mode::empty())?;
    prepare(|call| perform(port.as_fd(), call))?;
    Ok(Claimed(port))
}

fn trouble(port: &PortName, error: Errno) -> PortTrouble {
    match error {
        Errno::ACCESS | Errno::PERM => {
            tracing::warn!(%port, "the daemon's user may not open this port; let it into the group that owns it, dialout say");
            PortTrouble::Denied
        }
        Errno::BUSY | Errno::WOULDBLOCK => {
            tracing::warn!(%port, "another program has this port; stop it, a serial monitor say");
            PortTrouble::InUse
        }
        Errno::NOTTY => {
            tracing::warn!(%port, "this is no serial port; give [serial] ports another glob");
            PortTrouble::Silent
        }
        error => {
            tracing::warn!(%port, %error, "a port that was there cannot be opened");
            PortTrouble::Gone
        }
    }
}

/// A port, as bytes both ways.
pub(crate) struct Line(AsyncFd<Claimed>);

impl Line {
    /// The other end of a pseudo-terminal.
    #[cfg(test)]
    pub(crate) fn other_end(file: OwnedFd) -> Self {
        Self(wait_for(Claimed(file)).unwrap())
    }

    /// Whether it has lines by which a board is reset: a pseudo-terminal has none, and some adapters neither.
    #[allow(unsafe_code, reason = "no library reads these lines")]
    pub(crate) fn has_lines(&self) -> bool {
        use rustix::ioctl::{Getter, Opcode, ioctl};
        const TIOCMGET: Opcode = 0x5415;
        // SAFETY: with TIOCMGET the kernel writes one int, which is what is given to it.
        unsafe { ioctl(&self.0.get_ref().0, Getter::<TIOCMGET, i32>::new()) }.is_ok()
    }

    /// Opens it. Where that takes time, nobody else waits.
    pub(crate) async fn open(port: &PortName) -> Result<Self, PortTrouble> {
        let path = port.0.clone();
        let opened = tokio::task::spawn_blocking(move || open_claimed(&path)).await;
        let claimed = opened.map_err(|_| PortTrouble::Gone)?.map_err(|error| trouble(port, error))?;
        wait_for(claimed).map(Self).map_err(|error| {
            tracing::warn!(%port, %error, "a port cannot be waited for");
            PortTrouble::Gone
        })
    }
}

#[allow(unsafe_code, reason = "tokio has it vouched for that a file stays what it is")]
fn wait_for(port: Claimed) -> io::Result<AsyncFd<Claimed>> {
    // SAFETY: it owns its file, which stays open and the same for as long as it lives.
    unsafe { AsyncFd::register(port) }.map_err(io::Error::from)
}

impl AsyncRead for Line {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            let mut ready = ready!(self.0.poll_read_ready(cx))?;
            let read = |port: &AsyncFd<Claimed>| Ok(rustix::io::read(&port.get_ref().0, into.initialize_unfilled())?);
            if let Ok(read) = ready.try_io(read) {
                into.advance(read?);
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl AsyncWrite for Line {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            let mut ready = ready!(self.0.poll_write_ready(cx))?;
            if let Ok(written) = ready.try_io(|port| Ok(rustix::io::write(&port.get_ref().0, bytes)?)) {
                return Poll::Ready(written);
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is called when one of the calls fails.
    fn calls(failing: Option<(Call, Errno)>) -> (Vec<Call>, Result<(), Errno>) {
        let mut called = Vec::new();
        let result = prepare(|call| {
            called.push(call);
            failing.filter(|(at, _)| *at == call).map_or(Ok(()), |(_, error)| Err(error))
        });
        (called, result)
    }

    #[test]
    fn both_lines_are_set_in_one_call_before_anything_else_is_done_to_a_port_that_is_ours() {
        let all = vec![Call::Claim, Call::SetDtrAndRts, Call::RawAndNoHangUp, Call::ForgetInput];
        assert_eq!(calls(None), (all.clone(), Ok(())));
        assert_eq!(calls(Some((Call::SetDtrAndRts, Errno::NOTTY))), (all.clone(), Ok(())));
        assert_eq!(calls(Some((Call::SetDtrAndRts, Errno::INVAL))), (all.clone(), Ok(())));
        assert_eq!(calls(Some((Call::SetDtrAndRts, Errno::IO))), (all[..2].to_vec(), Err(Errno::IO)));
        // Somebody else's port is left alone.
        assert_eq!(calls(Some((Call::Claim, Errno::WOULDBLOCK))), (all[..1].to_vec(), Err(Errno::WOULDBLOCK)));
    }

    #[test]
    fn why_a_port_cannot_be_opened_is_told_as_such() {
        let port = PortName("/dev/ttyUSB0".into());
        for (error, told) in [
            (Errno::ACCESS, PortTrouble::Denied),
            (Errno::PERM, PortTrouble::Denied),
            (Errno::BUSY, PortTrouble::InUse),
            (Errno::WOULDBLOCK, PortTrouble::InUse),
            (Errno::NOENT, PortTrouble::Gone),
            (Errno::NXIO, PortTrouble::Gone),
            (Errno::NOTTY, PortTrouble::Silent),
        ] {
            assert_eq!(trouble(&port, error), told);
        }
    }
}
