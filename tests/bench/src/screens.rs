//! One change on its way to many screens.

use crate::graphql::{self, Frame, SetSwitch};
use crate::load::{ROUND_TIMEOUT, Target};
use crate::taps::{Screen, World};
use crate::websocket::Socket;
use anyhow::Context;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// What screens may show before the measurer has looked at it.
const SHOWN: usize = 4_096;

/// What makes the change.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Somebody presses the wall button: from the moment the relay moved.
    Button,
    /// Somebody taps: from the moment before the command was written.
    Tap,
}

/// A number of open screens.
pub(crate) struct Screens {
    world: Arc<World>,
    tapping: Socket,
    count: usize,
    shown: mpsc::Receiver<anyhow::Result<(Target, Option<bool>, u64)>>,
    _tasks: JoinSet<()>,
}

impl Screens {
    /// Opens `count` screens, each on a connection of its own.
    pub(crate) async fn open(world: Arc<World>, count: usize) -> anyhow::Result<Self> {
        let (sender, shown) = mpsc::channel(SHOWN);
        let mut tasks = JoinSet::new();
        for _ in 0..count {
            let mut screen = Screen::open(&world).await?;
            let (world, sender) = (world.clone(), sender.clone());
            tasks.spawn(async move {
                loop {
                    let shown = screen.next(&world).await;
                    let shown = shown.map(|(target, on)| (target, on, world.clock.ns()));
                    let failed = shown.is_err();
                    if sender.send(shown).await.is_err() || failed {
                        return;
                    }
                }
            });
        }
        let tapping = Socket::connect(world.http, &world.token).await?;
        Ok(Self { world, tapping, count, shown, _tasks: tasks })
    }

    /// Changes one switch after the other: nanoseconds until the last screen had each change.
    pub(crate) async fn changes(&mut self, cause: Cause, changes: usize) -> anyhow::Result<Vec<u64>> {
        let boards = self.world.switches.len();
        let mut took_ns = Vec::with_capacity(changes);
        for number in 0..changes {
            let target = Target { board: number % boards, relay: 0 };
            let one = timeout(ROUND_TIMEOUT, self.change(cause, target, number)).await;
            self.world.boards.check()?;
            took_ns.push(one.context("a screen does not show a change")??);
        }
        Ok(took_ns)
    }

    async fn change(&mut self, cause: Cause, target: Target, number: usize) -> anyhow::Result<u64> {
        let on = self.world.asked.flip(target);
        let sent_ns = self.world.clock.ns();
        match cause {
            Cause::Button => self.world.boards.press(target.board, target.relay)?,
            Cause::Tap => {
                let request = graphql::set_switch(&self.world.switches[target.board][target.relay], on);
                self.tapping.subscribe(&number.to_string(), &request).await?;
                self.tapping.flush().await?;
            }
        }
        let (mut missing, mut last_ns) = (self.count, 0);
        while missing > 0 {
            let (shown, shown_on, at_ns) = self.shown.recv().await.context("no screen is open")??;
            if shown == target && shown_on == Some(on) {
                missing -= 1;
                last_ns = last_ns.max(at_ns);
            }
        }
        if cause == Cause::Button {
            return Ok(last_ns - self.world.boards.moved_ns(target.board, target.relay));
        }
        loop {
            let text = self.tapping.next().await?;
            if let Some(answer) = Frame::<SetSwitch>::read(&text)?.payload {
                answer.data()?.confirmed()?;
                return Ok(last_ns - sent_ns);
            }
        }
    }
}
