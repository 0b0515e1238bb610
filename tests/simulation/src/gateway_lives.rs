//! What becomes of the gateway: crashes, stops, starts, a slow disk, a clock that steps.

use crate::network::Weather;
use crate::world::{Event, Gateway, MILLISECOND, SECOND, World};
use gatehouse_core::access::ClaimCode;
use gatehouse_core::home::{Home, Input};
use gatehouse_core::ids::Ticket;
use gatehouse_core::record::Record;

impl World<'_> {
    pub(crate) fn start(&mut self) {
        if self.gateway.is_some() {
            return;
        }
        self.run += 1;
        let mono_base = self.rng.below(1_000 * SECOND);
        let mut records = self.disk.facts.records();
        self.rng.shuffle(&mut records);
        self.note(|| format!("the gateway starts with {} records", records.len()));
        let empty = Home::load(0, Vec::new(), self.now()).0;
        let (view, credentials, announced) = (empty.view(), empty.credentials(), empty.announced());
        let started = self.t;
        self.gateway = Some(Gateway { home: empty, view, credentials, announced, stopping: false, started, mono_base });
        let now = self.now();
        let (home, effects) = Home::load(self.run, records, now);
        self.oracle.loaded(self.run, &self.disk.facts, now, (&home, &effects));
        let claimed = home.is_claimed();
        if let Some(gateway) = self.gateway.as_mut() {
            (gateway.view, gateway.credentials) = (home.view(), home.credentials());
            (gateway.announced, gateway.home) = (home.announced(), home);
        }
        self.carry_out(effects);
        self.handle(Input::ZoneOffset(self.zone));
        if !claimed {
            let mut random = [0; 12];
            random[..8].copy_from_slice(&self.rng.next().to_le_bytes());
            self.handle(Input::NewClaimCode(ClaimCode::new(random, now.mono)));
        }
    }

    /// The power goes.
    pub(crate) fn crash(&mut self) {
        self.again(self.climate.crash, Event::Crash);
        if self.quiet {
            return;
        }
        let Some(gateway) = self.gateway.take() else { return };
        self.oracle.totals.add_dropped(gateway.home.dropped());
        self.note(|| "the gateway crashes".to_owned());
        self.oracle.totals.crashes += 1;
        self.disk.crash(&mut self.rng);
        self.oracle.went_down(true);
        self.lose_boards();
        let down = self.rng.around(8 * SECOND);
        self.after(down, Event::Start);
    }

    pub(crate) fn stop(&mut self) {
        self.again(self.climate.stop, Event::Stop);
        let Some(gateway) = self.gateway.as_mut().filter(|gateway| !gateway.stopping) else { return };
        if self.quiet {
            return;
        }
        gateway.stopping = true;
        self.oracle.totals.stops += 1;
        self.handle(Input::Stop);
        for wait in [0, 10 * MILLISECOND] {
            self.after(wait, Event::Tap);
        }
        let last = self.rng.between(20 * MILLISECOND, 500 * MILLISECOND);
        self.after(last, Event::Exit(self.run));
    }

    pub(crate) fn exit(&mut self, run: u32) {
        if run == self.run
            && let Some(gateway) = self.gateway.take()
        {
            self.oracle.totals.add_dropped(gateway.home.dropped());
            self.disk.close();
            self.oracle.went_down(false);
            self.lose_boards();
            let down = self.rng.around(4 * SECOND);
            self.after(down, Event::Start);
        }
    }

    fn lose_boards(&mut self) {
        for board in 0..self.boards.len() {
            if let Some(conn) = self.boards[board].conn.take() {
                self.conns[conn].board_side = false;
                let noticed = self.rng.around(5 * SECOND);
                self.after(noticed, Event::Dial(board));
            }
        }
    }

    pub(crate) fn write(&mut self, ticket: Option<Ticket>, records: Vec<Record>) {
        self.disk.push(ticket, records);
        let slowest = if self.quiet { 5 * MILLISECOND } else { self.climate.store_delay };
        self.last_commit = self.last_commit.max(self.t) + 1;
        let at = self.last_commit.max(self.t + self.rng.below(slowest));
        self.last_commit = at;
        self.at(at, Event::Commit(self.run));
    }

    pub(crate) fn commit(&mut self, run: u32) {
        if run != self.run || self.gateway.is_none() {
            return;
        }
        let fails = !self.quiet && self.rng.per_mille(self.climate.store_fails);
        let Some((ticket, ok)) = self.disk.commit(fails) else { return };
        let slowest = if !self.quiet && self.rng.per_mille(30) { 3 * SECOND } else { 20 * MILLISECOND };
        let told = self.rng.between(1, slowest);
        self.after(told, Event::Written { run, ticket, ok });
        if self.rng.per_mille(20) {
            // The same word once more, and a contradiction: about a ticket that is settled they mean nothing.
            self.after(told + self.climate.store_delay, Event::Written { run, ticket, ok });
            self.after(told + 2 * self.climate.store_delay, Event::Written { run, ticket, ok: !ok });
        }
    }

    pub(crate) fn written(&mut self, run: u32, ticket: Ticket, ok: bool) {
        if run == self.run && self.gateway.is_some() {
            let records = if ok { self.disk.heard(ticket) } else { Vec::new() };
            self.oracle.durable(&records);
            self.handle(Input::Written { ticket, ok });
        }
    }

    pub(crate) fn clock_step(&mut self) {
        self.again(self.climate.clock, Event::ClockStep);
        self.oracle.totals.clock_steps += 1;
        let most = self.rng.pick(&[5_000, 10 * 60_000, 3_600_000, 200_000_000_000]);
        match self.rng.below(10) {
            0..=3 => self.wall_offset_ms += self.rng.below(2 * most).cast_signed() - most.cast_signed(),
            4 => self.wall_offset_ms = self.rng.below(400_000_000_000).cast_signed(),
            // It is found to be right, or to have been wrong.
            5..=8 => self.wall_trusted = !self.wall_trusted,
            _ => self.wall_offset_ms = 0,
        }
        self.zone = self.rng.pick(&[0, 60, 60, 120, -300]);
        self.handle(Input::ZoneOffset(self.zone));
    }

    /// The weather clears, everything is repaired, every board connects afresh.
    pub(crate) fn get_quiet(&mut self) {
        self.note(|| "it gets quiet".to_owned());
        self.quiet = true;
        self.weather = Weather { latency: 5 * MILLISECOND, slow: 0, chaotic: 0 };
        for board in 0..self.boards.len() {
            self.boards[board].heal();
            if let Some(known) = self.oracle.recorded(&self.boards[board].id) {
                self.boards[board].swap_back(&known);
            }
            self.power_up(board);
            self.cut(board);
            self.register(board);
        }
    }
}
