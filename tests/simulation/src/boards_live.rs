//! What becomes of boards: pressed, cut off, rebooted, connected again.

use crate::board::Fault;
use crate::network::Conn;
use crate::world::{Event, MILLISECOND, MINUTE, SECOND, World};
use gatehouse_core::command::BoardSession;
use gatehouse_core::device::{BoardEvent, BoardState, Fact, NewSecret, Order, Said, SecretHash};
use gatehouse_core::ids::LinkId;
use std::num::NonZeroU32;

impl World<'_> {
    fn any_board(&mut self) -> usize {
        self.rng.index(self.boards.len())
    }

    fn any_relay(&mut self) -> (usize, usize) {
        let board = self.any_board();
        (board, self.rng.index(self.boards[board].relays.len()))
    }

    pub(crate) fn press(&mut self) {
        self.again(self.climate.press, Event::Press);
        let (board, relay) = self.any_relay();
        if self.boards[board].powered && !self.quiet {
            let words = self.boards[board].press(self.t, relay);
            self.board_says(board, words);
        }
    }

    pub(crate) fn pulse(&mut self) {
        self.again(self.climate.press * 4, Event::Pulse);
        let (board, relay) = self.any_relay();
        if self.boards[board].powered && !self.quiet {
            let until = self.t + self.rng.between(SECOND, 10 * SECOND);
            let words = self.boards[board].pulse(self.t, relay, until);
            self.board_says(board, words);
            self.at(until, Event::EndPulse(board, relay));
        }
    }

    pub(crate) fn end_pulse(&mut self, board: usize, relay: usize) {
        let words = self.boards[board].end_pulse(self.t, relay);
        self.board_says(board, words);
    }

    /// A relay fails, or is well again.
    pub(crate) fn fault(&mut self) {
        self.again(self.climate.fault, Event::Fault);
        let (board, relay) = self.any_relay();
        if !self.quiet {
            let fault = self.rng.pick(&[Fault::None, Fault::None, Fault::None, Fault::None, Fault::Stuck, Fault::Gone]);
            self.boards[board].relays[relay].fault = fault;
        }
    }

    /// Somebody replaces a board that the gateway knows by one with a copy of its flash, or that one by it.
    pub(crate) fn swap(&mut self) {
        self.again(self.climate.power, Event::Swap);
        let board = self.any_board();
        if !self.quiet && self.oracle.recorded(&self.boards[board].id).is_some() {
            self.note(|| format!("board {board} is another"));
            self.oracle.totals.boards_swapped += 1;
            self.boards[board].swap();
            self.cut(board);
        }
    }

    pub(crate) fn power_cut(&mut self) {
        self.again(self.climate.power, Event::PowerCut);
        let board = self.any_board();
        if self.boards[board].powered && !self.quiet {
            self.note(|| format!("board {board} loses power"));
            self.oracle.totals.power_cuts += 1;
            self.boards[board].powered = false;
            self.go_mute(board);
            let dark = self.rng.around(10 * SECOND);
            self.after(dark, Event::PowerUp(board));
        }
    }

    pub(crate) fn power_up(&mut self, board: usize) {
        if !self.boards[board].powered {
            self.boards[board].boot(self.t);
            self.after(2 * SECOND, Event::Dial(board));
        }
    }

    /// The Wi-Fi goes away without a word.
    pub(crate) fn mute_connection(&mut self) {
        self.again(self.climate.mute, Event::Mute);
        let board = self.any_board();
        if self.boards[board].conn.is_some() && !self.quiet {
            self.oracle.totals.mutes += 1;
            self.go_mute(board);
            let away = self.rng.around(12 * SECOND);
            self.after(away, Event::Dial(board));
        }
    }

    fn go_mute(&mut self, board: usize) {
        let Some(conn) = self.boards[board].conn.take() else { return };
        self.conns[conn].board_side = false;
        self.conns[conn].keeps_in_flight = self.rng.coin();
        let noticed = self.rng.between(10 * SECOND, 15 * SECOND);
        self.after(noticed, Event::Noticed(conn));
    }

    /// The connection is closed.
    pub(crate) fn drop_connection(&mut self) {
        self.again(self.climate.drop, Event::Drop);
        let board = self.any_board();
        if !self.quiet {
            self.cut(board);
        }
    }

    pub(crate) fn cut(&mut self, board: usize) {
        let Some(conn) = self.boards[board].conn.take() else { return };
        self.conns[conn].board_side = false;
        self.conns[conn].keeps_in_flight = self.rng.coin();
        let noticed = self.rng.between(MILLISECOND, SECOND);
        self.after(noticed, Event::Noticed(conn));
        let back = self.rng.around(3 * SECOND);
        self.after(back, Event::Dial(board));
    }

    /// The gateway finds a connection gone.
    pub(crate) fn noticed(&mut self, conn: usize) {
        let Conn { board, link, run, gateway_side, .. } = self.conns[conn];
        if run == self.run && gateway_side {
            self.conns[conn].gateway_side = false;
            self.board_event(BoardEvent::Disconnected { board: self.boards[board].id.clone(), link });
        }
    }

    pub(crate) fn dial(&mut self, board: usize) {
        if self.boards[board].conn.is_some() || !self.boards[board].powered {
            return;
        }
        let id = self.boards[board].id.clone();
        let presented = self.boards[board].presents();
        if !self.lets_in(board, presented) {
            let back_off = self.rng.around(4 * SECOND);
            self.after(back_off, Event::Dial(board));
            return;
        }
        let (conn, link) = (self.conns.len(), LinkId(self.conns.len() as u64));
        let chaotic = self.rng.per_mille(self.weather.chaotic);
        let older = self.conns.iter().position(|c| c.board == board && c.run == self.run && c.gateway_side);
        self.conns.push(Conn::new(board, link, presented, self.run, chaotic));
        self.boards[board].conn = Some(conn);
        self.oracle.totals.connections += 1;
        if let Some(older) = older {
            // The edge ends the older connection; that it is gone may be told before or after the new one is there.
            self.oracle.totals.takeovers += 1;
            if self.rng.coin() {
                self.noticed(older);
            } else {
                let told = self.rng.between(MILLISECOND, SECOND);
                self.after(told, Event::Noticed(older));
            }
        }
        let connected = BoardEvent::Connected { board: id, link, address: None, secret: presented, private: true };
        self.board_event(connected);
        if self.boards[board].candidate.is_some() && !self.quiet && self.rng.per_mille(200) {
            // The answer to its login is lost: the board does not know that the gateway has taken the candidate.
            self.oracle.totals.logins_unanswered += 1;
            self.cut(board);
        } else {
            if let Some(candidate) = self.boards[board].candidate.take() {
                self.note(|| format!("board {board} has a new secret"));
                self.boards[board].secret = candidate;
                self.oracle.totals.rotations += 1;
            }
            self.introduce(board, conn);
        }
    }

    /// Whether the edge takes a login. What a claimed board has is always good, whatever was lost before.
    fn lets_in(&self, board: usize, presented: SecretHash) -> bool {
        let Some(gateway) = self.gateway.as_ref().filter(|gateway| !gateway.stopping) else { return false };
        let Some(known) = gateway.credentials.boards.get(&self.boards[board].id) else { return false };
        let good = known.secret == presented || known.next == Some(presented);
        assert!(good, "board {board} is locked out of its home: {:?}", self.boards[board].candidate);
        true
    }

    /// Who may log in has changed: no board is cut off that uses what it was given.
    pub(crate) fn credentials_changed(&mut self) {
        let Some(gateway) = self.gateway.as_mut() else { return };
        gateway.credentials = gateway.home.credentials();
        let mut deleted = Vec::new();
        for (index, board) in self.boards.iter().enumerate() {
            let Some(presented) = board.conn.map(|conn| self.conns[conn].presented) else { continue };
            let Some(known) = gateway.credentials.boards.get(&board.id) else {
                deleted.push(index);
                continue;
            };
            let good = known.secret == presented || known.next == Some(presented);
            assert!(good, "a new secret cuts off the board that uses the present one");
        }
        deleted.into_iter().for_each(|board| self.cut(board));
    }

    fn introduce(&mut self, board: usize, conn: usize) {
        let words = self.boards[board].introduce(self.t, &mut self.rng);
        if self.conns[conn].chaotic {
            // A firmware that sends reports of an earlier session once more, or draws two sessions.
            let old: Vec<_> = self.boards[board].old_reports.iter().map(|r| Said::Report(r.clone())).collect();
            self.say(conn, old);
            if self.rng.per_mille(100) {
                let uptime_ms = self.boards[board].uptime_ms(self.t);
                let drawn = u32::try_from(self.rng.next() >> 32).unwrap_or(1);
                let other = BoardSession(NonZeroU32::new(drawn).unwrap_or(NonZeroU32::MIN));
                self.say(conn, vec![Said::Session(other, uptime_ms)]);
            }
        }
        self.say(conn, words);
        let subscribed = self.rng.between(MILLISECOND, 2 * self.weather.latency);
        self.after(subscribed, Event::Say(conn, Said::State(BoardState::Ready)));
    }

    pub(crate) fn tell_uptime(&mut self, board: usize) {
        self.after(MINUTE, Event::Uptime(board));
        let uptime_ms = self.boards[board].uptime_ms(self.t);
        self.board_says(board, vec![Said::Fact(Fact::Uptime(uptime_ms))]);
    }

    fn board_says(&mut self, board: usize, words: Vec<Said>) {
        if let Some(conn) = self.boards[board].conn {
            self.say(conn, words);
        }
    }

    pub(crate) fn say(&mut self, conn: usize, words: Vec<Said>) {
        for said in words {
            if !self.conns[conn].board_side {
                return;
            }
            for at in self.conns[conn].up(self.t, &self.weather, &mut self.rng) {
                self.at(at, Event::ToHome(conn, said.clone()));
            }
        }
    }

    pub(crate) fn reaches_home(&mut self, conn: usize, said: Said) {
        let Conn { board, link, run, .. } = self.conns[conn];
        if run == self.run && self.conns[conn].delivers() {
            self.board_event(BoardEvent::Said { board: self.boards[board].id.clone(), link, said });
        }
    }

    /// The edge sends an order, if its connection is still there.
    pub(crate) fn send(&mut self, order: Order) {
        let index = usize::try_from(order.link.0).expect("a link of this world");
        let conn = &mut self.conns[index];
        self.oracle.goes_by(order.id, !conn.chaotic);
        if !conn.gateway_side {
            return;
        }
        for at in conn.down(self.t, &self.weather, &mut self.rng) {
            self.at(at, Event::ToBoard(index, order.clone()));
        }
    }

    /// The edge sends a new secret, if the connection is still there.
    pub(crate) fn send_secret(&mut self, new: NewSecret) {
        let index = usize::try_from(new.link.0).expect("a link of this world");
        let conn = &mut self.conns[index];
        if !conn.gateway_side {
            return;
        }
        for at in conn.down(self.t, &self.weather, &mut self.rng) {
            self.at(at, Event::SecretToBoard(index, new.clone()));
        }
    }

    pub(crate) fn secret_reaches_board(&mut self, conn: usize, new: &NewSecret) {
        let Conn { board, board_side, .. } = self.conns[conn];
        if board_side && self.boards[board].take_secret(new) {
            self.note(|| format!("board {board} comes back with a new secret"));
            self.cut(board);
        }
    }

    pub(crate) fn reaches_board(&mut self, conn: usize, order: &Order) {
        let Conn { board, board_side, .. } = self.conns[conn];
        if !board_side {
            return;
        }
        let before = self.boards[board].obeyed.contains_key(&order.id);
        let words = self.boards[board].take(self.t, order, !self.quiet, &mut self.rng);
        if !before && self.boards[board].obeyed.contains_key(&order.id) {
            self.note(|| format!("board {board} obeys {:?}", order.id));
            self.oracle.obeyed(order.id, self.now().mono);
        }
        self.say(conn, words);
    }
}
