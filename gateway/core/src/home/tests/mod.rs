//! The home from outside: inputs, effects, views. A house is set up in a line, so that a test can be five.

mod account;
mod addresses;
mod announcing;
mod auditing;
mod backoff;
mod boards;
mod bounds;
mod commands;
mod configuring;
mod deleting;
mod header;
mod health;
mod household;
mod identities;
mod integration_commands;
mod integrations;
mod invitations;
mod moving;
mod nearby;
mod neighbours;
mod notices;
mod onboarding;
mod people;
mod reset;
mod restart;
mod rotation;
mod settings;
mod sharing;
mod standing;
mod tokens;
mod verification;

use super::*;
use crate::access::{Administer, Client, Denied, Member, NameHash, TokenHash, Viewer};
use crate::board_settings::ConfigOrder;
use crate::command::{BoardSession, OrderId, Outcome, Reason};
use crate::device::{
    BoardEvent, BoardState, Cause, Description, Fact, NewSecret, Order, Refusal, Report, Said, Secret, SecretHash,
};
use crate::edge::{Belief, IntegrationCommand};
use crate::homeassistant::Announced;
use crate::ids::{LinkId, Request, SessionId, Ticket};
use crate::name::Name;
use crate::onboarding::PortOrder;
use crate::record::Record;
use crate::time::Wall;
use std::num::NonZeroU32;
use std::time::Duration;

/// The board's clock is this far ahead of the gateway's, milliseconds.
const BOARD_AHEAD_MS: u64 = 5_000;
/// What the board presents, until it has another secret.
const SECRET: SecretHash = SecretHash([3; 32]);
const ANAS_TOKEN: TokenHash = TokenHash([1; 32]);

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

/// By what a name is known that nobody has; the hub takes a better hash.
fn name_hash(text: &str) -> NameHash {
    NameHash(crate::name::fold(text).bytes().fold(7, |hash, byte| hash * 31 % 1_000_003 + u64::from(byte)))
}

fn lamp() -> BoardId {
    BoardId::new("lamp").unwrap()
}

/// A home, its clock, and all that came out of it.
struct House {
    home: Home,
    now: Now,
    /// The board that speaks.
    board: BoardId,
    link: LinkId,
    session: BoardSession,
    counter: u32,
    next_request: u64,
    answers: HashMap<Request, Result<Answer, Denied>>,
    sent: Vec<Order>,
    secrets: Vec<NewSecret>,
    config_orders: Vec<ConfigOrder>,
    /// What the edge was told of connections.
    beliefs: HashMap<LinkId, Belief>,
    port_orders: Vec<PortOrder>,
    nearby_orders: Vec<crate::nearby::NearbyOrder>,
    /// What the board presents when it logs in.
    presents: SecretHash,
    /// The chip id and MAC address that the board tells, if it does.
    tells: Option<(&'static str, &'static str)>,
    /// Whether the board takes a new secret, and whether nobody can read along when it connects.
    rotates: bool,
    /// Whether its board declares the settings extension.
    configures: bool,
    private: bool,
    written: Vec<Record>,
    /// Tickets the store has not answered.
    tickets: Vec<Ticket>,
    view: View,
    /// As the edge was last told.
    announced: Arc<Announced>,
}

/// A tap under way: who waits, and the order that was sent for it, if one was.
#[derive(Clone, Copy, Debug)]
struct Tap {
    request: Request,
    relay: usize,
    on: bool,
    order: Option<OrderId>,
}

impl House {
    /// Nobody's home, with a claim code.
    fn unclaimed() -> Self {
        Self::load(1, Vec::new())
    }

    fn load(boot: u32, records: Vec<Record>) -> Self {
        let mono = Mono::from_micros(1_000_000);
        let now = Now { mono, wall: Wall::from_millis(1_700_000_000_000), wall_trusted: true };
        let (home, effects) = Home::load(boot, records, now);
        let mut house = Self {
            view: home.view(),
            announced: home.announced(),
            home,
            now,
            board: lamp(),
            link: LinkId(0),
            session: session(7),
            counter: 0,
            next_request: 0,
            answers: HashMap::new(),
            sent: Vec::new(),
            secrets: Vec::new(),
            config_orders: Vec::new(),
            beliefs: HashMap::new(),
            port_orders: Vec::new(),
            nearby_orders: Vec::new(),
            presents: SECRET,
            tells: None,
            rotates: true,
            configures: true,
            private: true,
            written: Vec::new(),
            tickets: Vec::new(),
        };
        house.collect(effects);
        if !house.home.is_claimed() {
            house.handle(Input::NewClaimCode(ClaimCode::new([9; 12], mono)));
        }
        house
    }

    /// Ana's home with a board of so many relays, connected and ready.
    fn with_relays(relays: usize) -> Self {
        let mut house = Self::unclaimed();
        house.claim("Ana", ANAS_TOKEN);
        house.written_ok();
        house.register(relays);
        house.written_ok();
        house.connect(1);
        house
    }

    fn handle(&mut self, input: Input) -> Vec<Effect> {
        let effects = self.home.handle(self.now, input);
        self.collect(effects.clone());
        assert_eq!(self.view, self.home.view(), "the view is the fold of its changes");
        assert_eq!(self.announced, self.home.announced(), "the edge knows what is to be announced");
        effects
    }

    fn collect(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Send(order) => self.sent.push(order),
                Effect::SendSecret(new) => self.secrets.push(new),
                Effect::Configure(order) => self.config_orders.push(order),
                Effect::Port(order) => self.port_orders.push(order),
                Effect::Nearby(order) => self.nearby_orders.push(order),
                Effect::Answer(request, answer) => {
                    assert_eq!(self.answers.insert(request, answer), None, "answered twice");
                }
                Effect::Changed(change) => self.view.apply(&change),
                Effect::Write { ticket, records } => {
                    self.tickets.extend(ticket);
                    self.written.extend(records);
                }
                Effect::Believe(link, belief) => drop(self.beliefs.insert(link, belief)),
                Effect::CredentialsChanged => {}
                Effect::AnnouncedChanged => self.announced = self.home.announced(),
            }
        }
    }

    fn ask(&mut self, input: impl FnOnce(Request) -> Input) -> Request {
        self.next_request += 1;
        let request = Request(self.next_request);
        self.handle(input(request));
        request
    }

    fn setting(&mut self, setting: Setting) -> Request {
        self.ask(|request| Input::Settings { request, setting })
    }

    /// The store wrote all it was given, also what comes of it.
    fn written_ok(&mut self) {
        while !self.tickets.is_empty() {
            let ticket = self.tickets.remove(0);
            self.handle(Input::Written { ticket, ok: true });
        }
    }

    fn write_fails(&mut self) {
        let ticket = self.tickets.remove(0);
        self.handle(Input::Written { ticket, ok: false });
    }

    fn answer(&self, request: Request) -> &Result<Answer, Denied> {
        self.answers.get(&request).expect("an answer")
    }

    fn is_answered(&self, request: Request) -> bool {
        self.answers.contains_key(&request)
    }

    fn wait_ms(&mut self, millis: u64) -> &mut Self {
        self.now.mono = self.now.mono.plus(Duration::from_millis(millis));
        self.now.wall = Wall::from_millis(self.now.wall.as_millis() + millis);
        self
    }

    fn tick(&mut self) {
        self.handle(Input::Tick);
    }

    // People.

    fn claim(&mut self, who: &str, token: TokenHash) -> Request {
        let code = self.home.claim_code(self.now.mono).map(|code| code.as_str().to_owned());
        self.claim_with(who, token, &code.unwrap_or_default())
    }

    fn claim_with(&mut self, who: &str, token: TokenHash, code: &str) -> Request {
        self.setting(Setting::Claim(Claim {
            code: code.to_owned(),
            home_name: name("Home"),
            member_name: name(who),
            password_hash: format!("hash of {who}'s password").into(),
            time_zone: "Europe/Vienna".into(),
            token,
            client: Client::new("Tablet", None),
        }))
    }

    fn register(&mut self, relays: usize) -> Request {
        let registration = Registration { board: lamp(), secret: SECRET, name: Some(name("Lamp")), room: None, relays };
        self.setting(Setting::RegisterBoard(Administer::console(), registration))
    }

    fn viewer(&self) -> Viewer {
        self.view.access.viewer(&ANAS_TOKEN).expect("Ana is signed in")
    }

    fn switch_id(&self, relay: usize) -> SwitchId {
        self.switch(relay).id
    }

    fn switch(&self, relay: usize) -> &SwitchView {
        self.view.switches.iter().find(|switch| switch.endpoint == Endpoint::relay(relay)).expect("a switch")
    }

    fn tap(&mut self, relay: usize, on: bool) -> Tap {
        self.tap_with(relay, on, 5_000, None)
    }

    fn tap_with(&mut self, relay: usize, on: bool, timeout_ms: u64, named: Option<&str>) -> Tap {
        let cap = self.viewer().operate(self.switch_id(relay)).unwrap();
        let (sent, timeout) = (self.sent.len(), Duration::from_millis(timeout_ms));
        let request_id = named.map(str::to_owned);
        let request = self.ask(|request| Input::SetSwitch { cap, request, on, timeout, request_id });
        Tap { request, relay, on, order: self.sent.get(sent).map(|order| order.id) }
    }

    fn command(&self, tap: Tap) -> &Command {
        match self.answer(tap.request) {
            Ok(Answer::Command(command)) => command,
            other => panic!("not a command: {other:?}"),
        }
    }

    fn outcome(&self, tap: Tap) -> (Outcome, Option<Reason>) {
        let command = self.command(tap);
        (command.outcome, command.reason)
    }

    // The board.

    fn uptime_ms(&self) -> u64 {
        self.now.mono.as_millis() + BOARD_AHEAD_MS
    }

    /// The board connects by a new link, in a session of its own, and is ready; it reports nothing yet.
    fn connect(&mut self, link: u64) {
        self.log_in(link);
        self.say(Said::State(BoardState::Init));
        self.describe(&[]);
        if let Some((chip, mac)) = self.tells {
            self.say(Said::Fact(Fact::Mac(mac.into())));
            self.say(Said::Fact(Fact::Chip(chip.into())));
        }
        self.say(Said::Session(self.session, self.uptime_ms()));
        self.say(Said::State(BoardState::Ready));
    }

    fn log_in(&mut self, link: u64) {
        (self.link, self.session) = (LinkId(link), session(u32::try_from(link).unwrap() + 100));
        let (secret, private) = (self.presents, self.private);
        let (board, link) = (self.board.clone(), self.link);
        let connected = BoardEvent::Connected { board, link, address: None, secret, private };
        self.handle(Input::Board(connected));
    }

    fn describe(&mut self, relays: &[usize]) {
        let relays = relays.iter().map(|&relay| Endpoint::relay(relay)).collect();
        self.say(Said::Description(Description {
            native: true,
            rotates: self.rotates,
            configures: self.configures,
            moves: self.configures,
            relays,
        }));
    }

    fn disconnect(&mut self, link: u64) {
        self.handle(Input::Board(BoardEvent::Disconnected { board: self.board.clone(), link: LinkId(link) }));
    }

    fn say(&mut self, said: Said) {
        self.say_by(self.link, said);
    }

    fn say_by(&mut self, link: LinkId, said: Said) {
        self.handle(Input::Board(BoardEvent::Said { board: self.board.clone(), link, said }));
    }

    /// A report as the board would make it now, the next one.
    fn report(&mut self, relay: usize, on: bool, cause: Cause, obeyed: Option<OrderId>) -> Report {
        self.counter += 1;
        Report {
            session: self.session,
            counter: NonZeroU32::new(self.counter).unwrap(),
            uptime_ms: self.uptime_ms(),
            endpoint: Endpoint::relay(relay),
            on,
            cause,
            obeyed,
        }
    }

    fn reports(&mut self, relay: usize, on: bool, cause: Cause, obeyed: Option<OrderId>) {
        let report = self.report(relay, on, cause, obeyed);
        self.say(Said::Report(report));
    }

    /// The board obeys and says so.
    fn obeys(&mut self, tap: Tap) {
        self.reports(tap.relay, tap.on, Cause::Command, tap.order);
    }

    fn refuses(&mut self, tap: Tap, reason: Reason) {
        let (order, endpoint) = (tap.order.unwrap(), Endpoint::relay(tap.relay));
        self.say(Said::Refusal(Refusal { order, uptime_ms: self.uptime_ms(), endpoint, reason }));
    }
}

fn session(number: u32) -> BoardSession {
    BoardSession(NonZeroU32::new(number).unwrap())
}
