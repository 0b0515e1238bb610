//! The loop of the header: orders in, words out, what is due, and the disk beside it.

use crate::board::{Board, Change, HeaderOrder};
use crate::kept::Kept;
use crate::light::{self, Light};
use crate::pins::Pins;
use crate::reset_button::{HOLD_MS, Hold};
use gatehouse_core::board_settings::ConfigOrder;
use gatehouse_core::device::{BoardEvent, SecretHash};
use gatehouse_core::edge::EdgeEvent;
use gatehouse_core::ids::LinkId;
use gatehouse_core::name::BoardId;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// Its connection in the home's eyes. Those of the edge are counted from 1.
const LINK: LinkId = LinkId(0);

/// The ends of the header's channels.
#[derive(Debug)]
pub struct Ends {
    /// What the home orders.
    pub orders: mpsc::Receiver<HeaderOrder>,
    /// Whether the home has it as a device: before that it goes by its rules and says nothing.
    pub known: watch::Receiver<bool>,
    /// Where it says what happens: what the edge says of boards.
    pub inbox: mpsc::Sender<EdgeEvent>,
    /// What the status light is to say.
    pub light: watch::Receiver<Light>,
    /// Told when a button may be another.
    pub buttons: Arc<Notify>,
    /// Notified when the reset button was held for its time.
    pub reset: Arc<Notify>,
    /// Where settings and states are kept.
    pub path: PathBuf,
}

/// What is on its way to the disk.
struct Writing {
    kept: Kept,
    /// The setting that holds when it is there.
    change: Option<Change>,
    done: JoinHandle<std::io::Result<()>>,
}

struct Header<P> {
    board: Board<P>,
    ends: Ends,
    started: Instant,
    /// Whether the home knows it.
    connected: bool,
    /// Whether the home was told so.
    greeted: bool,
    writing: Option<Writing>,
    /// A wish that came while states were being written.
    wish: Option<ConfigOrder>,
    shown: Option<bool>,
    light_due_ms: Option<u64>,
}

enum Next {
    Known,
    Order(HeaderOrder),
    Room,
    Written(std::io::Result<()>),
    Look,
}

/// Serves the header until `stop`, or until the home is gone.
pub async fn run<P: Pins>(board: Board<P>, ends: Ends, stop: CancellationToken) {
    let (started, writing, shown) = (Instant::now(), None, None);
    let mut header = Header {
        board,
        ends,
        started,
        connected: false,
        greeted: false,
        writing,
        wish: None,
        shown,
        light_due_ms: None,
    };
    if header.board.is_reset_stuck() {
        tracing::warn!("[gpio] reset_button is down, and was before the gateway started: it counts once it was let go");
    }
    while let Some(next) = header.next(&stop).await {
        header.apply(next);
    }
    header.stop().await;
}

impl<P: Pins> Header<P> {
    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The only await, but at the end. None when it is over.
    async fn next(&mut self, stop: &CancellationToken) -> Option<Next> {
        let due = [
            Some(self.board.due_ms()),
            self.light_due_ms,
            self.board.keeping_due_ms().filter(|_| self.writing.is_none()),
        ];
        let due = due.into_iter().flatten().min().unwrap_or(u64::MAX).min(self.now_ms() + 3_600_000);
        let due = self.started + Duration::from_millis(due);
        let (connected, has_to_say) = (self.connected, self.board.has_to_say());
        let Ends { orders, known, inbox, light, buttons, .. } = &mut self.ends;
        // What an order asks may hang on a setting that is being written; states that are hold up nothing.
        let takes_orders = self.wish.is_none() && self.writing.as_ref().is_none_or(|writing| writing.change.is_none());
        let written = async {
            match self.writing.as_mut() {
                Some(writing) => (&mut writing.done).await.unwrap_or_else(|error| Err(std::io::Error::other(error))),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => None,
            () = sleep_until(due) => Some(Next::Look),
            () = buttons.notified() => Some(Next::Look),
            written = written => Some(Next::Written(written)),
            known = known.wait_for(|known| *known), if !connected => known.is_ok().then_some(Next::Known),
            room = inbox.reserve(), if has_to_say => room.is_ok().then_some(Next::Room),
            order = orders.recv(), if takes_orders => order.map(Next::Order),
            Ok(()) = light.changed(), if self.board.has_light() => Some(Next::Look),
        }
    }

    fn apply(&mut self, next: Next) {
        let now_ms = self.now_ms();
        match next {
            Next::Look => {}
            Next::Known => {
                self.connected = true;
                self.board.introduce(now_ms);
            }
            Next::Order(HeaderOrder::Switch(order)) => self.board.order(&order, now_ms),
            Next::Order(HeaderOrder::Configure(order)) if self.writing.is_some() => self.wish = Some(order),
            Next::Order(HeaderOrder::Configure(order)) => self.configure(&order, now_ms),
            Next::Room => self.say(now_ms),
            Next::Written(result) => self.written(result, now_ms),
        }
        self.board.tick(now_ms);
        self.look_at_reset(now_ms);
        self.show(now_ms);
        if self.writing.is_none()
            && let Some(kept) = self.board.take_due(now_ms)
        {
            self.write(kept, None);
        }
    }

    fn look_at_reset(&mut self, now_ms: u64) {
        let seconds = HOLD_MS / 1_000;
        match self.board.look_at_reset(now_ms) {
            None => {}
            Some(Hold::Begun) => {
                tracing::warn!("the reset button is held: after {seconds} s of it the home is taken away");
            }
            Some(Hold::LetGo) => {
                tracing::warn!("the reset button was let go before {seconds} s were over: nothing happens");
            }
            Some(Hold::Complete) => {
                tracing::warn!("the reset button was held for {seconds} s: this is to be a factory reset");
                self.ends.reset.notify_one();
            }
        }
    }

    fn configure(&mut self, order: &ConfigOrder, now_ms: u64) {
        if let Some((kept, change)) = self.board.configure(order, now_ms) {
            self.write(kept, Some(change));
        }
    }

    fn write(&mut self, kept: Kept, change: Option<Change>) {
        let (path, what) = (self.ends.path.clone(), kept.clone());
        let done = tokio::task::spawn_blocking(move || what.write(&path));
        self.writing = Some(Writing { kept, change, done });
    }

    fn written(&mut self, result: std::io::Result<()>, now_ms: u64) {
        let Some(Writing { kept, change, .. }) = self.writing.take() else { return };
        if let Err(error) = &result {
            tracing::error!(%error, "{} cannot be written", self.ends.path.display());
        } else {
            self.board.is_kept(kept);
        }
        if let Some(change) = change {
            self.board.settle(&change, result.is_ok(), now_ms);
        }
        if let Some(order) = self.wish.take() {
            self.configure(&order, now_ms);
        }
    }

    fn say(&mut self, now_ms: u64) {
        while let Ok(room) = self.ends.inbox.try_reserve() {
            let event = match std::mem::replace(&mut self.greeted, true) {
                false => connected(),
                true => match self.board.say(now_ms) {
                    Some(said) => BoardEvent::Said { board: BoardId::header(), link: LINK, said },
                    None => return,
                },
            };
            room.send(event.into());
        }
    }

    fn show(&mut self, now_ms: u64) {
        if !self.board.has_light() {
            return;
        }
        let word = *self.ends.light.borrow_and_update();
        let (on, until) = if self.board.is_reset_held() { light::held(now_ms) } else { word.at(now_ms) };
        self.light_due_ms = until;
        if self.shown.replace(on) != Some(on) {
            self.board.light(on);
        }
    }

    async fn stop(mut self) {
        self.wish = None;
        if let Some(writing) = self.writing.as_mut() {
            let result = (&mut writing.done).await.unwrap_or_else(|error| Err(std::io::Error::other(error)));
            self.written(result, self.now_ms());
        }
        let now_ms = self.now_ms();
        self.board.light(false);
        if let Some(kept) = self.board.stop(now_ms) {
            let path = self.ends.path.clone();
            let written = tokio::task::spawn_blocking(move || kept.write(&path)).await;
            if !matches!(written, Ok(Ok(()))) {
                tracing::error!("{} cannot be written", self.ends.path.display());
            }
        }
        // The hub may be behind: what it does not hear now it hears at the next start.
        if self.connected {
            self.say(now_ms);
            let _hub_gone =
                self.ends.inbox.try_send(BoardEvent::Disconnected { board: BoardId::header(), link: LINK }.into());
        }
    }
}

/// How it comes in: by no address, with no secret, and unheard by anybody.
fn connected() -> BoardEvent {
    let (board, secret) = (BoardId::header(), SecretHash([0; 32]));
    BoardEvent::Connected { board, link: LINK, address: None, secret, private: true }
}
