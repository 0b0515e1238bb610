//! The hub's side: orders for the good boards throughout, and what the edge tells of all boards.

use super::{BOARDS, GOOD, good, vandal};
use crate::world::order;
use gatehouse_broker::Orders;
use gatehouse_core::device::{BoardEvent, Said};
use gatehouse_core::edge::{Belief, EdgeEvent};
use gatehouse_core::ids::LinkId;
use std::collections::HashMap;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// Between two orders for a board.
const PACE: Duration = Duration::from_millis(5);
/// Orders that may be without their report.
const UNANSWERED: u32 = 4;

pub(super) struct Hub {
    events: mpsc::Receiver<EdgeEvent>,
    orders: Orders,
    stop: CancellationToken,
    open: HashMap<String, LinkId>,
    /// To each good board, and reports of it.
    sent: [u32; GOOD],
    heard: [u32; GOOD],
    /// To the other boards, as far as they took any.
    others: u32,
}

impl Hub {
    pub(super) fn new(events: mpsc::Receiver<EdgeEvent>, orders: Orders, stop: CancellationToken) -> Self {
        Self { events, orders, stop, open: HashMap::new(), sent: [0; GOOD], heard: [0; GOOD], others: 0 }
    }

    /// Until the edge is gone. Once `finish` is true no more orders are sent; `settled` tells how many there were when
    /// all are answered.
    pub(super) async fn run(mut self, finish: watch::Receiver<bool>, settled: watch::Sender<Option<[u32; GOOD]>>) {
        let mut pace = interval(PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                event = self.events.recv() => match event {
                    Some(EdgeEvent::Board(event)) => self.take(event),
                    // Vandals ask boards for things, too; what comes of it is for the home to say.
                    Some(EdgeEvent::Command(_)) => {}
                    Some(EdgeEvent::HomeAssistantStarted | EdgeEvent::Incident(_)) => {}
                    None => break,
                },
                _ = pace.tick() => {
                    if !*finish.borrow() {
                        self.order();
                    } else if self.sent == self.heard {
                        settled.send_replace(Some(self.sent));
                    }
                }
            }
        }
        assert!(self.open.is_empty(), "told of their end: {:?}", self.open);
        assert!(self.sent.iter().all(|sent| *sent > 10), "{:?}", self.sent);
        assert!(self.others > 10, "{}", self.others);
    }

    fn order(&mut self) {
        for (number, id) in BOARDS.iter().enumerate() {
            let Some(link) = self.open.get(*id) else { continue };
            if self.sent[number] - self.heard[number] >= UNANSWERED {
                continue;
            }
            match self.orders.send(&order(id, *link, self.sent[number] + 1)) {
                Ok(()) => self.sent[number] += 1,
                Err(error) => assert_eq!(self.sent[number], 0, "{id}, once it has subscribed: {error}"),
            }
        }
        for id in vandal::BOARDS.into_iter().chain(vandal::MUTE_BOARDS) {
            let link = self.open.get(id).copied();
            let sent = link.map(|link| self.orders.send(&order(id, link, self.others + 1)));
            self.others += u32::from(sent == Some(Ok(())));
        }
    }

    fn take(&mut self, event: BoardEvent) {
        match event {
            BoardEvent::Connected { board, link, .. } => {
                self.orders.believe(link, Belief::Believed);
                assert_eq!(self.open.insert(board.to_string(), link), None, "{board} twice at once");
            }
            BoardEvent::Neighbour { .. } => panic!("nobody was asked for neighbours"),
            BoardEvent::Disconnected { board, link } => {
                assert_eq!(self.open.remove(board.as_str()), Some(link), "{board}");
                assert!(good::number(board.as_str()).is_none() || self.stop.is_cancelled(), "{board} was cut");
            }
            BoardEvent::Said { board, link, said } => {
                assert_eq!(self.open.get(board.as_str()), Some(&link), "{board}");
                let Some(number) = good::number(board.as_str()) else { return };
                let Said::Report(report) = said else { panic!("{board} said {said:?}") };
                let next = self.heard[number] + 1;
                assert!(next <= self.sent[number], "{board} obeyed what was not sent");
                let order = order(board.as_str(), link, next);
                assert_eq!((report.counter.get(), report.obeyed), (next, Some(order.id)), "{board}");
                self.heard[number] = next;
            }
        }
    }
}
