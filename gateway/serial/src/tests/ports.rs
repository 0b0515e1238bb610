//! Pseudo-terminals in place of ports: what needs the kernel.

use super::*;
use crate::line::Line;
use crate::{Config, Flasher, Gateway, Reach, run};
use gatehouse_core::onboarding::{Identity, Port, PortAccess, PortOrder};
use rustix::fs::{FlockOperation, Mode, OFlags, flock, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{ControlModes, LocalModes, OptionalActions, tcgetattr, tcsetattr};
use std::os::fd::OwnedFd;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A board on a pseudo-terminal to which a symlink leads, as long as it lives.
struct Board {
    path: PathBuf,
    terminal: PathBuf,
    native: Arc<Mutex<Native>>,
    task: JoinHandle<()>,
}

impl Board {
    fn plug_in(path: PathBuf, progress: &[Option<Progress>]) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        rustix::io::ioctl_fionbio(&master, true).unwrap();
        // Held open, or the other end would read an error whenever nobody has it open.
        let held = open_terminal(Path::new(&name));
        let (native, reply) = shared(progress);
        let line = Line::other_end(master);
        let task = tokio::spawn(async move {
            answer(line, |command| Some(reply(command))).await;
            drop(held);
        });
        symlink(&name, &path).unwrap();
        Self { path, terminal: name.into(), native, task }
    }

    fn name(&self) -> PortName {
        PortName(self.path.to_str().unwrap().into())
    }

    async fn pull_the_cable(self) {
        self.task.abort();
        let _aborted = self.task.await;
        std::fs::remove_file(&self.path).unwrap();
    }
}

fn open_terminal(path: &Path) -> OwnedFd {
    open(path, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty()).unwrap()
}

/// The adapter, and a folder in which ports appear.
struct Adapter {
    folder: TempDir,
    config: watch::Sender<Config>,
    orders: mpsc::Sender<PortOrder>,
    events: mpsc::Receiver<PortEvent>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Adapter {
    fn start(reach: Option<Reach>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = Config {
            ports: vec![format!("{}/tty*", folder.path().display())],
            sys: folder.path().join("sys"),
            flasher: Flasher::installed(folder.path().into()),
        };
        let (config, config_of) = watch::channel(config);
        let (orders, orders_of) = mpsc::channel(8);
        let (events_of, events) = mpsc::channel(8);
        let stop = CancellationToken::new();
        let gateway = Gateway(Arc::new(move || reach.clone()));
        let task = tokio::spawn(run(config_of, orders_of, events_of, gateway, stop.clone()));
        Self { folder, config, orders, events, stop, task }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A board, once it was told of.
    async fn board(&mut self, name: &str, progress: &[Option<Progress>]) -> Board {
        let board = Board::plug_in(self.path(name), progress);
        let port = Port { name: board.name(), location: board.name().0, adapter: None, access: PortAccess::Free };
        assert_eq!(self.next().await, PortEvent::Appeared(port));
        board
    }

    async fn order(&self, order: PortOrder) {
        self.orders.send(order).await.unwrap();
    }

    async fn identify(&self, port: PortName, attempt: u64) {
        self.order(PortOrder::Identify { port, attempt: Attempt(attempt) }).await;
    }

    async fn provision(&self, port: PortName, attempt: u64) {
        let handover = handover();
        self.order(PortOrder::Provision {
            port,
            attempt: Attempt(attempt),
            board: handover.board,
            secret: handover.secret,
            wifi: wifi(),
        })
        .await;
    }

    async fn next(&mut self) -> PortEvent {
        let next = tokio::time::timeout(Duration::from_secs(20), self.events.recv()).await;
        next.expect("nothing was told").expect("the adapter has ended")
    }

    /// Skips what is told until this.
    async fn until(&mut self, last: &PortEvent) {
        while self.next().await != *last {}
    }

    async fn stop(mut self) {
        self.stop.cancel();
        self.task.await.unwrap();
        assert_eq!(self.events.try_recv().ok(), None);
    }
}

fn reach() -> Option<Reach> {
    let Handover { host, port, authority, time, .. } = handover();
    Some(Reach { host, port, authority, time })
}

fn progress(port: &PortName, attempt: u64, progress: Progress) -> PortEvent {
    PortEvent::Progress { port: port.clone(), attempt: Attempt(attempt), progress }
}

fn failed(port: &PortName, attempt: u64, trouble: PortTrouble) -> PortEvent {
    PortEvent::Failed { port: port.clone(), attempt: Attempt(attempt), trouble }
}

/// Whether nobody has the terminal.
fn is_free(terminal: &Path) -> bool {
    flock(open_terminal(terminal), FlockOperation::NonBlockingLockExclusive).is_ok()
}

const ONLINE: [Option<Progress>; 2] = [Some(Progress::Joining), Some(Progress::Online)];

#[tokio::test]
async fn a_port_appears_is_asked_given_a_home_released_and_gone() {
    let mut adapter = Adapter::start(reach());
    let board = adapter.board("ttyUSB0", &ONLINE).await;
    let (name, terminal) = (board.name(), board.terminal.clone());
    assert!(is_free(&terminal), "no port is opened unasked");
    // As it is on a port that nobody has set.
    let held = open_terminal(&terminal);
    let mut settings = tcgetattr(&held).unwrap();
    settings.control_modes.insert(ControlModes::HUPCL);
    tcsetattr(&held, OptionalActions::Now, &settings).unwrap();
    drop(held);

    adapter.identify(name.clone(), 1).await;
    let PortEvent::Identified { port, attempt: Attempt(1), identity: Identity::Native(native), networks } =
        adapter.next().await
    else {
        panic!()
    };
    assert_eq!((port, native.relays, networks.len()), (name.clone(), 2, 2));

    adapter.provision(name.clone(), 2).await;
    for step in [Progress::HandedOver, Progress::Joining, Progress::Online] {
        assert_eq!(adapter.next().await, progress(&name, 2, step));
    }
    assert_eq!(board.native.lock().unwrap().taken, Some(handover()));
    assert!(!is_free(&terminal));
    let settings = tcgetattr(open_terminal(&terminal)).unwrap();
    assert!(!settings.control_modes.contains(ControlModes::HUPCL), "closing it would drop the lines");
    assert!(!settings.local_modes.intersects(LocalModes::ECHO | LocalModes::ICANON));

    adapter.order(PortOrder::Release { port: name.clone() }).await;
    // The next order is carried out after that one.
    adapter.identify(PortName("/dev/ttyNone".into()), 3).await;
    assert_eq!(adapter.next().await, failed(&PortName("/dev/ttyNone".into()), 3, PortTrouble::Gone));
    assert!(is_free(&terminal));

    board.pull_the_cable().await;
    assert_eq!(adapter.next().await, PortEvent::Gone(name));
    adapter.stop().await;
}

#[tokio::test]
async fn with_other_globs_other_ports_are_there() {
    let mut adapter = Adapter::start(reach());
    let board = adapter.board("ttyUSB0", &ONLINE).await;
    adapter.identify(board.name(), 1).await;
    assert!(matches!(adapter.next().await, PortEvent::Identified { .. }));
    let elsewhere = format!("{}/other*", adapter.folder.path().display());
    adapter.config.send_modify(|config| config.ports = vec![elsewhere]);
    assert_eq!(adapter.next().await, PortEvent::Gone(board.name()));
    adapter.board("other0", &ONLINE).await;
    adapter.stop().await;
}

#[tokio::test]
async fn two_ports_are_served_at_once() {
    let mut adapter = Adapter::start(reach());
    let boards = [adapter.board("ttyUSB0", &ONLINE).await, adapter.board("ttyUSB1", &ONLINE).await];
    for board in &boards {
        adapter.provision(board.name(), 1).await;
    }
    let mut online = 0;
    while online < 2 {
        let event = adapter.next().await;
        assert!(matches!(event, PortEvent::Progress { .. }), "{event:?}");
        online += usize::from(matches!(event, PortEvent::Progress { progress: Progress::Online, .. }));
    }
    for board in &boards {
        assert_eq!(board.native.lock().unwrap().taken, Some(handover()));
        assert!(!is_free(&board.terminal));
    }
    let terminals = boards.each_ref().map(|board| board.terminal.clone());
    adapter.stop().await;
    assert!(terminals.iter().all(|terminal| is_free(terminal)));
}

#[tokio::test]
async fn a_cable_that_is_pulled_half_way_ends_the_attempt_once_and_another_port_goes_on() {
    let mut adapter = Adapter::start(reach());
    let (pulled, stays) = (adapter.board("ttyUSB0", &ONLINE).await, adapter.board("ttyUSB1", &[None; 1]).await);
    let name = pulled.name();
    adapter.provision(name.clone(), 1).await;
    adapter.until(&progress(&name, 1, Progress::Online)).await;
    pulled.pull_the_cable().await;
    assert_eq!(adapter.next().await, failed(&name, 1, PortTrouble::Gone));
    assert_eq!(adapter.next().await, PortEvent::Gone(name.clone()));
    adapter.identify(stays.name(), 2).await;
    let event = adapter.next().await;
    assert!(matches!(event, PortEvent::Identified { attempt: Attempt(2), .. }), "{event:?}");
    // Plugged in again it is a port like any other.
    let again = adapter.board("ttyUSB0", &ONLINE).await;
    adapter.provision(again.name(), 3).await;
    adapter.until(&progress(&name, 3, Progress::Online)).await;
    adapter.stop().await;
}

#[tokio::test]
async fn another_order_for_a_port_ends_the_one_before() {
    let mut adapter = Adapter::start(reach());
    let board = adapter.board("ttyUSB0", &[Some(Progress::Joining)]).await;
    adapter.provision(board.name(), 1).await;
    adapter.until(&progress(&board.name(), 1, Progress::Joining)).await;
    adapter.provision(board.name(), 2).await;
    assert_eq!(adapter.next().await, progress(&board.name(), 2, Progress::HandedOver));
    adapter.until(&progress(&board.name(), 2, Progress::Joining)).await;
    adapter.stop().await;
}

#[tokio::test]
async fn a_port_that_another_program_has_is_told_as_such_and_left_alone() {
    let mut adapter = Adapter::start(reach());
    let board = adapter.board("ttyUSB0", &ONLINE).await;
    let monitor = open_terminal(&board.terminal);
    flock(&monitor, FlockOperation::NonBlockingLockExclusive).unwrap();
    let before = tcgetattr(&monitor).unwrap().control_modes;
    adapter.identify(board.name(), 1).await;
    assert_eq!(adapter.next().await, failed(&board.name(), 1, PortTrouble::InUse));
    assert_eq!(tcgetattr(&monitor).unwrap().control_modes, before);
    drop(monitor);
    adapter.identify(board.name(), 2).await;
    let event = adapter.next().await;
    assert!(matches!(event, PortEvent::Identified { attempt: Attempt(2), .. }), "{event:?}");
    adapter.stop().await;
}

#[tokio::test]
async fn a_board_is_told_nothing_when_it_could_not_reach_the_gateway() {
    let mut adapter = Adapter::start(None);
    let board = adapter.board("ttyUSB0", &ONLINE).await;
    adapter.provision(board.name(), 1).await;
    assert_eq!(adapter.next().await, failed(&board.name(), 1, PortTrouble::NoAddress));
    assert!(board.native.lock().unwrap().document.is_empty());
    adapter.stop().await;
}

#[tokio::test]
async fn what_is_no_terminal_is_no_port_or_has_nobody_behind_it() {
    let mut adapter = Adapter::start(reach());
    std::fs::write(adapter.path("ttyFile"), "not a port").unwrap();
    symlink(adapter.path("nowhere"), adapter.path("ttyDangling")).unwrap();
    symlink("/dev/null", adapter.path("ttyNull")).unwrap();
    // The same by another name.
    symlink("/dev/null", adapter.path("ttyZero")).unwrap();
    let PortEvent::Appeared(port) = adapter.next().await else { panic!() };
    assert_eq!(port.name, PortName(adapter.path("ttyNull").to_str().unwrap().into()));
    adapter.identify(port.name.clone(), 1).await;
    assert_eq!(adapter.next().await, failed(&port.name, 1, PortTrouble::Silent));
    adapter.stop().await;
}
