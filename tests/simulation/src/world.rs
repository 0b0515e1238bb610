//! One world: its clock, what will happen when, and the gateway in the middle of it.

use crate::board::Board;
use crate::disk::Disk;
use crate::network::{Conn, Weather};
use crate::oracle::{Asker, Caller, Oracle, Step};
use crate::people::Right;
use crate::rng::Rng;
use crate::totals::Totals;
use crate::trace::{Trace, effect_line, input_line};
use gatehouse_core::access::{Credentials, TokenHash};
use gatehouse_core::code::CodeHash;
use gatehouse_core::device::{BoardEvent, NewSecret, Order, Said};
use gatehouse_core::home::{Answer, Effect, Home, Input, Setting, SignInCheck};
use gatehouse_core::homeassistant::Announced;
use gatehouse_core::ids::{Request, SwitchId, Ticket};
use gatehouse_core::time::{Mono, Now, Wall};
use gatehouse_core::view::View;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Microseconds.
pub(crate) const MILLISECOND: u64 = 1_000;
pub(crate) const SECOND: u64 = 1_000 * MILLISECOND;
pub(crate) const MINUTE: u64 = 60 * SECOND;
/// When the weather clears: by then everything has happened that will.
const QUIET: u64 = 60 * MINUTE;
/// When everyone taps once more, with nothing in the way.
const LAST_TAPS: u64 = QUIET + MINUTE;
const END: u64 = LAST_TAPS + MINUTE;

/// What can happen next.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    // People.
    Tap,
    IntegrationAsks,
    IntegrationAsksAgain,
    TapAgain { by: Right, switch: SwitchId, on: bool },
    Share,
    TendAccount,
    AskLater(Box<(Setting, Asker)>),
    Claimer(usize),
    Register(usize),
    ChangeSettings,
    FinishSignIn { run: u32, check: SignInCheck, right: bool },
    // Boards.
    Press,
    Pulse,
    EndPulse(usize, usize),
    Fault,
    Swap,
    PowerCut,
    PowerUp(usize),
    Drop,
    Mute,
    Dial(usize),
    Uptime(usize),
    // The network.
    Say(usize, Said),
    ToHome(usize, Said),
    ToBoard(usize, Order),
    SecretToBoard(usize, NewSecret),
    Noticed(usize),
    // The gateway.
    Commit(u32),
    Written { run: u32, ticket: Ticket, ok: bool },
    Crash,
    Stop,
    Exit(u32),
    Start,
    ClockStep,
    // The end.
    Quiet,
    LastTaps,
}

/// How often what goes wrong, microseconds on average.
#[derive(Clone, Debug)]
pub(crate) struct Climate {
    pub(crate) tap: u64,
    pub(crate) press: u64,
    pub(crate) settings: u64,
    pub(crate) share: u64,
    pub(crate) drop: u64,
    pub(crate) mute: u64,
    pub(crate) power: u64,
    pub(crate) fault: u64,
    pub(crate) crash: u64,
    pub(crate) stop: u64,
    pub(crate) clock: u64,
    /// Longest time of a write.
    pub(crate) store_delay: u64,
    /// Writes of a thousand that fail.
    pub(crate) store_fails: u64,
    /// How late ticks are.
    pub(crate) tick_late: u64,
}

impl Climate {
    fn draw(rng: &mut Rng) -> Self {
        Self {
            tap: rng.pick(&[5, 12, 30]) * SECOND,
            press: rng.pick(&[20, 90, 400]) * SECOND,
            settings: rng.pick(&[20, 60]) * SECOND,
            share: rng.pick(&[10, 30]) * SECOND,
            drop: rng.pick(&[60, 300, 1_500]) * SECOND,
            mute: rng.pick(&[90, 300, 1_500]) * SECOND,
            power: rng.pick(&[200, 1_500]) * SECOND,
            fault: rng.pick(&[100, 900]) * SECOND,
            crash: rng.pick(&[200, 1_200, 7_200]) * SECOND,
            stop: rng.pick(&[1_800, 7_200]) * SECOND,
            clock: rng.pick(&[300, 1_200]) * SECOND,
            store_delay: rng.pick(&[5, 200, 4_000]) * MILLISECOND,
            store_fails: rng.pick(&[0, 10, 150]),
            tick_late: rng.pick(&[0, 0, 40 * MILLISECOND]),
        }
    }
}

/// The daemon while it runs.
#[derive(Debug)]
pub(crate) struct Gateway {
    pub(crate) home: Home,
    /// The view as anyone keeps it who takes the changes.
    pub(crate) view: View,
    pub(crate) credentials: Credentials,
    /// What Home Assistant is to be told, as the edge knows it.
    pub(crate) announced: Arc<Announced>,
    pub(crate) stopping: bool,
    pub(crate) started: u64,
    pub(crate) mono_base: u64,
}

pub(crate) struct World<'a> {
    pub(crate) rng: Rng,
    pub(crate) t: u64,
    serial: u64,
    queue: BTreeMap<(u64, u64), Event>,
    pub(crate) climate: Climate,
    pub(crate) weather: Weather,
    pub(crate) quiet: bool,
    pub(crate) boards: Vec<Board>,
    pub(crate) conns: Vec<Conn>,
    pub(crate) disk: Disk,
    pub(crate) last_commit: u64,
    pub(crate) gateway: Option<Gateway>,
    pub(crate) run: u32,
    pub(crate) oracle: Oracle,
    pub(crate) wall_offset_ms: i64,
    pub(crate) wall_trusted: bool,
    /// Minutes that the home's zone is east of UTC.
    pub(crate) zone: i16,
    /// All that anyone ever had to present: of sessions, guest links and programs.
    pub(crate) tokens: Vec<TokenHash>,
    /// Of all invitations that there ever were.
    pub(crate) codes: Vec<CodeHash>,
    /// That were mailed to confirm an address.
    pub(crate) mailed: Vec<CodeHash>,
    /// One-time codes for forgotten passwords.
    pub(crate) resets: Vec<CodeHash>,
    /// Whether a device was ever to be deleted.
    pub(crate) deletes: bool,
    /// User names of all integrations that were ever to be, those revoked and those never made included.
    pub(crate) users: Vec<Arc<str>>,
    next_request: u64,
    trace: Trace<'a>,
}

impl<'a> World<'a> {
    pub(crate) fn new(seed: u64, trace: Trace<'a>) -> Self {
        let mut rng = Rng::new(seed);
        let climate = Climate::draw(&mut rng);
        let weather = Weather {
            latency: rng.pick(&[2, 20, 80]) * MILLISECOND,
            slow: rng.pick(&[0, 10, 60]),
            chaotic: rng.pick(&[0, 300, 700]),
        };
        let boards = (1..=rng.between(1, 3)).map(|i| Board::new(usize::try_from(i).unwrap_or(1), &mut rng)).collect();
        let mut world = Self {
            rng,
            t: 0,
            serial: 0,
            queue: BTreeMap::new(),
            climate,
            weather,
            quiet: false,
            boards,
            conns: Vec::new(),
            disk: Disk::default(),
            last_commit: 0,
            gateway: None,
            run: 0,
            oracle: Oracle::default(),
            wall_offset_ms: 0,
            wall_trusted: false,
            zone: 60,
            tokens: Vec::new(),
            codes: Vec::new(),
            mailed: Vec::new(),
            resets: Vec::new(),
            deletes: false,
            users: Vec::new(),
            next_request: 0,
            trace,
        };
        world.wall_trusted = world.rng.per_mille(800);
        world.begin();
        world
    }

    fn begin(&mut self) {
        self.after(0, Event::Start);
        self.after(QUIET, Event::Quiet);
        self.after(LAST_TAPS, Event::LastTaps);
        let both = self.rng.around(30 * SECOND);
        for claimer in 0..2 {
            let own = self.rng.below(SECOND);
            self.after(both + own, Event::Claimer(claimer));
        }
        for board in 0..self.boards.len() {
            let registered = self.rng.around(30 * SECOND);
            self.after(registered, Event::Register(board));
            self.after(SECOND, Event::Dial(board));
            self.after(MINUTE, Event::Uptime(board));
        }
        let Climate { tap, press, settings, share, drop, mute, power, fault, crash, stop, clock, .. } = self.climate;
        let kinds = [
            (tap, Event::Tap),
            (tap * 4, Event::IntegrationAsks),
            (press, Event::Press),
            (press * 4, Event::Pulse),
            (settings, Event::ChangeSettings),
            (share, Event::Share),
            (share * 2, Event::TendAccount),
            (drop, Event::Drop),
            (mute, Event::Mute),
            (power, Event::PowerCut),
            (fault, Event::Fault),
            (power, Event::Swap),
            (crash, Event::Crash),
            (stop, Event::Stop),
            (clock, Event::ClockStep),
        ];
        for (mean, event) in kinds {
            self.again(mean, event);
        }
    }

    /// Something happens `micros` from now.
    pub(crate) fn after(&mut self, micros: u64, event: Event) {
        self.at(self.t + micros, event);
    }

    pub(crate) fn at(&mut self, t: u64, event: Event) {
        self.serial += 1;
        self.queue.insert((t.max(self.t), self.serial), event);
    }

    /// Something happens every now and then, until it gets quiet.
    pub(crate) fn again(&mut self, mean: u64, event: Event) {
        if !self.quiet {
            let wait = self.rng.around(mean);
            self.after(wait, event);
        }
    }

    /// To the end. Panics when a promise is broken.
    pub(crate) fn run(mut self) -> Totals {
        while self.t < END {
            let event = self.queue.first_key_value().map_or(END, |(&(t, _), _)| t);
            let tick = self.tick_due().unwrap_or(u64::MAX).max(self.t);
            if tick <= event.min(END) {
                self.t = tick;
                self.handle(Input::Tick);
            } else if event > END {
                self.t = END;
            } else if let Some(((t, _), event)) = self.queue.pop_first() {
                self.t = t;
                self.happen(event);
            }
        }
        let gateway = self.gateway.as_ref().expect("the gateway is up at the end");
        self.oracle.finish(&gateway.view, &self.boards);
        self.disk.close();
        self.oracle.check_disk(&self.disk.facts);
        self.oracle.totals.add_dropped(gateway.home.dropped());
        self.oracle.totals.worlds += 1;
        self.oracle.totals
    }

    fn tick_due(&self) -> Option<u64> {
        let gateway = self.gateway.as_ref()?;
        let deadline = gateway.home.next_deadline()?;
        let late = if self.quiet { 0 } else { self.climate.tick_late };
        Some(gateway.started + deadline.as_micros().saturating_sub(gateway.mono_base) + late)
    }

    pub(crate) fn now(&self) -> Now {
        let (base, started) = self.gateway.as_ref().map_or((0, self.t), |g| (g.mono_base, g.started));
        let wall = Wall::from_millis(1_700_000_000_000_u64.saturating_add_signed(self.wall_offset_ms) + self.t / 1_000);
        Now { mono: Mono::from_micros(base + self.t - started), wall, wall_trusted: self.wall_trusted }
    }

    pub(crate) fn note(&mut self, line: impl FnOnce() -> String) {
        let t = self.t;
        self.trace.line(t, line);
    }

    pub(crate) fn token(&mut self) -> TokenHash {
        let mut token = [0; 32];
        token[..8].copy_from_slice(&self.rng.next().to_le_bytes());
        TokenHash(token)
    }

    /// Someone asks the home something.
    pub(crate) fn ask(&mut self, caller: Caller, input: impl FnOnce(Request) -> Input) {
        if self.gateway.is_none() {
            return;
        }
        self.next_request += 1;
        let request = Request(self.next_request);
        self.oracle.asks(request, caller);
        self.handle(input(request));
    }

    /// The home takes an input; the judge looks on; the effects are carried out.
    pub(crate) fn handle(&mut self, input: Input) {
        let now = self.now();
        self.note(|| input_line(&input));
        let Some(gateway) = self.gateway.as_mut() else { return };
        let effects = gateway.home.handle(now, input.clone());
        let before = gateway.view.clone();
        for effect in &effects {
            match effect {
                Effect::Changed(change) => gateway.view.apply(change),
                Effect::AnnouncedChanged => gateway.announced = gateway.home.announced(),
                _ => {}
            }
            self.trace.line(self.t, || effect_line(effect));
        }
        let step = Step {
            now,
            input: &input,
            effects: &effects,
            before: &before,
            after: &gateway.view,
            announced: &gateway.announced,
            home: &gateway.home,
            boards: &self.boards,
            secrets: &self.tokens,
        };
        self.oracle.judge(&step);
        self.carry_out(effects);
    }

    pub(crate) fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Send(order) => self.send(order),
                Effect::SendSecret(new) => self.send_secret(new),
                Effect::Write { ticket, records } => self.write(ticket, records),
                Effect::CredentialsChanged => self.credentials_changed(),
                Effect::Answer(_, Ok(Answer::SignIn(check))) => self.check_password(check),
                Effect::Answer(..)
                | Effect::Changed(_)
                | Effect::AnnouncedChanged
                | Effect::Port(_)
                | Effect::Nearby(_) => {}
                // Nobody asks for it here.
                Effect::Configure(_) => {}
                // No integration listens here.
                Effect::Believe(..) => {}
            }
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Tap => self.tap(),
            Event::IntegrationAsks => self.integration_asks(),
            Event::IntegrationAsksAgain => self.integration_asks_once(),
            Event::TapAgain { by, switch, on } => self.tap_again(by, switch, on),
            Event::Share => self.share(),
            Event::TendAccount => self.tend_account(),
            // The last taps are not to meet a board that is given a new secret.
            Event::AskLater(_) if self.quiet => {}
            Event::AskLater(asked) => self.setting_of(asked.0, asked.1),
            Event::Claimer(claimer) => self.claim(claimer),
            Event::Register(board) => self.register(board),
            Event::ChangeSettings => self.change_settings(),
            Event::FinishSignIn { run, check, right } => self.finish_sign_in(run, check, right),
            Event::Press => self.press(),
            Event::Pulse => self.pulse(),
            Event::EndPulse(board, relay) => self.end_pulse(board, relay),
            Event::Fault => self.fault(),
            Event::Swap => self.swap(),
            Event::PowerCut => self.power_cut(),
            Event::PowerUp(board) => self.power_up(board),
            Event::Drop => self.drop_connection(),
            Event::Mute => self.mute_connection(),
            Event::Dial(board) => self.dial(board),
            Event::Uptime(board) => self.tell_uptime(board),
            Event::Say(conn, said) => self.say(conn, vec![said]),
            Event::ToHome(conn, said) => self.reaches_home(conn, said),
            Event::ToBoard(conn, order) => self.reaches_board(conn, &order),
            Event::SecretToBoard(conn, new) => self.secret_reaches_board(conn, &new),
            Event::Noticed(conn) => self.noticed(conn),
            Event::Commit(run) => self.commit(run),
            Event::Written { run, ticket, ok } => self.written(run, ticket, ok),
            Event::Crash => self.crash(),
            Event::Stop => self.stop(),
            Event::Exit(run) => self.exit(run),
            Event::Start => self.start(),
            Event::ClockStep => self.clock_step(),
            Event::Quiet => self.get_quiet(),
            Event::LastTaps => self.last_taps(),
        }
    }

    pub(crate) fn board_event(&mut self, event: BoardEvent) {
        self.handle(Input::Board(event));
    }
}
