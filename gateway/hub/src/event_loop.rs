//! The loop that owns the home: one await, then `apply`, which is synchronous.

use crate::clock::Clock;
use crate::handle::Hub;
use crate::message::{Message, Reply};
use crate::pulse::Pulse;
use crate::random::random;
use crate::zone::minutes_east;
use gatehouse_core::access::{ClaimCode, Credentials, Denied};
use gatehouse_core::board_settings::ConfigOrder;
use gatehouse_core::device::{NewSecret, Order};
use gatehouse_core::edge::{Belief, EdgeEvent};
use gatehouse_core::home::{Answer, Effect, Home, Input};
use gatehouse_core::homeassistant::Announced;
use gatehouse_core::ids::{LinkId, Request, Ticket};
use gatehouse_core::nearby::{NearbyEvent, NearbyOrder};
use gatehouse_core::onboarding::{PortEvent, PortOrder};
use gatehouse_core::record::Record;
use gatehouse_core::time::Now;
use gatehouse_core::view::{Change, View};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{broadcast, mpsc, watch};
use tokio_util::sync::CancellationToken;

/// Questions that may wait; a further one is answered [`Denied::Busy`].
const INBOX: usize = 4_096;
/// Inputs applied before the view is published.
const MAX_BATCH: usize = 256;
/// Changes a slow subscriber may be behind before it gets the view again.
const CHANGE_FEED: usize = 4_096;

/// What the hub is given: the far ends of its ports.
pub struct Ports {
    /// What the MQTT edge tells.
    pub edge: mpsc::Receiver<EdgeEvent>,
    /// What serial ports tell.
    pub serial: mpsc::Receiver<PortEvent>,
    /// What the network tells of boards.
    pub nearby: mpsc::Receiver<NearbyEvent>,
    /// Has something done at a serial port, or drops it; must not block.
    pub port_orders: Box<dyn FnMut(PortOrder) + Send>,
    /// Has something done with a board in the network, or drops it; must not block.
    pub nearby_orders: Box<dyn FnMut(NearbyOrder) + Send>,
    /// Sends a command to a board's own connection, or drops it; must not block.
    pub orders: Box<dyn FnMut(&Order) + Send>,
    /// Sends a new secret to a board's own connection, or drops it; must not block.
    pub secrets: Box<dyn FnMut(&NewSecret) + Send>,
    /// Sends an order to configure to a board's own connection, or drops it; must not block.
    pub config_orders: Box<dyn FnMut(&ConfigOrder) + Send>,
    /// Says what the edge is to think of a board's connection; must not block.
    pub beliefs: Box<dyn FnMut(LinkId, Belief) + Send>,
    /// Hands records to the store, or gives them back when its queue is full; must not block.
    pub writes: WriteQueue,
    /// Tickets the store wrote, or could not.
    pub written: mpsc::Receiver<(Ticket, bool)>,
    /// Who may log in at the edge.
    pub credentials: watch::Sender<Arc<Credentials>>,
    /// What the edge is to announce to Home Assistant.
    pub announced: watch::Sender<Arc<Announced>>,
}

/// Hands records to the store, or gives them back when its queue is full.
pub type WriteQueue = Box<dyn FnMut(Option<Ticket>, Vec<Record>) -> Result<(), Vec<Record>> + Send>;

impl std::fmt::Debug for Ports {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ports { … }")
    }
}

/// The hub's loop, to be run once.
#[derive(Debug)]
pub struct EventLoop {
    home: Home,
    clock: Clock,
    ports: Ports,
    inbox: mpsc::Receiver<Message>,
    view: View,
    published: watch::Sender<Arc<View>>,
    changes: broadcast::Sender<Change>,
    /// Changes that are in `view` and not yet told.
    untold: Vec<Change>,
    /// The zone and the minute for which the home was last told how far its clocks are from UTC.
    zone: Option<(Arc<str>, u64)>,
    waiting: HashMap<Request, Reply>,
    next_request: u64,
    answers: Vec<(Request, Result<Answer, Denied>)>,
    /// Unticketed records the store had no room for; kept in order until it has.
    held: Vec<Record>,
    refused_tickets: Vec<Ticket>,
    pulse: Option<Pulse>,
}

/// Unticketed records held back at most while the store is behind; past that the oldest are lost, and said so.
const MAX_HELD: usize = 65_536;

enum Next {
    Edge(EdgeEvent),
    Serial(PortEvent),
    Nearby(NearbyEvent),
    Person(Message),
    Written(Ticket, bool),
    Deadline,
    Beat,
    Stop,
    Closed,
}

/// A hub for a home of these records, at start number `boot` of the daemon.
pub fn hub(boot: u32, records: Vec<Record>, ports: Ports) -> (Hub, EventLoop) {
    hub_by(Clock::start(), boot, records, ports)
}

/// The same by a given clock.
pub fn hub_by(clock: Clock, boot: u32, records: Vec<Record>, ports: Ports) -> (Hub, EventLoop) {
    let (home, effects) = Home::load(boot, records, clock.now());
    let (sender, inbox) = mpsc::channel(INBOX);
    let view = home.view();
    let (published, view_receiver) = watch::channel(Arc::new(view.clone()));
    let (changes, _) = broadcast::channel(CHANGE_FEED);
    let hub = Hub { inbox: sender, view: view_receiver, changes: changes.clone(), clock: clock.clone() };
    let mut event_loop = EventLoop {
        home,
        clock,
        ports,
        inbox,
        view,
        published,
        changes,
        untold: Vec::new(),
        zone: None,
        waiting: HashMap::new(),
        next_request: 0,
        answers: Vec::new(),
        held: Vec::new(),
        refused_tickets: Vec::new(),
        pulse: None,
    };
    event_loop.carry_out(effects);
    event_loop.ports.credentials.send_replace(Arc::new(event_loop.home.credentials()));
    event_loop.ports.announced.send_replace(event_loop.home.announced());
    event_loop.renew_claim_code();
    event_loop.publish();
    (hub, event_loop)
}

impl EventLoop {
    /// Has `beat` called when the loop begins, and again every `every` as long as it goes on: whoever watches over the daemon learns from
    /// their absence that it does not. `beat` must not block.
    #[must_use]
    pub fn beating(mut self, every: Duration, beat: impl FnMut() + Send + 'static) -> Self {
        self.pulse = Some(Pulse::new(every, Box::new(beat)));
        self
    }

    /// Runs until `stop`, or until a port is closed: the daemon cannot go on then, and in an orderly stop the edge is
    /// gone first. Either way settles what is open, answers it, and returns.
    pub async fn run(mut self, stop: CancellationToken) {
        loop {
            match self.next(&stop).await {
                Next::Stop | Next::Closed => break self.stop(),
                next => {
                    self.apply(next);
                    self.drain();
                    self.publish();
                }
            }
        }
    }

    /// The only await.
    async fn next(&mut self, stop: &CancellationToken) -> Next {
        let deadline = self.home.next_deadline().map(|at| self.clock.instant(at));
        let beat = self.pulse.as_ref().map(Pulse::due);
        tokio::select! {
            biased;
            () = stop.cancelled() => Next::Stop,
            // First, so that no flood of inputs can hold up a deadline.
            () = at(deadline), if deadline.is_some() => Next::Deadline,
            () = at(beat), if beat.is_some() => Next::Beat,
            written = self.ports.written.recv() => written.map_or(Next::Closed, |(ticket, ok)| Next::Written(ticket, ok)),
            event = self.ports.edge.recv() => event.map_or(Next::Closed, Next::Edge),
            // A home goes on without ports, and without being told who is in the network.
            Some(event) = self.ports.serial.recv() => Next::Serial(event),
            message = self.inbox.recv() => message.map_or(Next::Closed, Next::Person),
            Some(event) = self.ports.nearby.recv() => Next::Nearby(event),
        }
    }

    /// Applies what else is waiting, up to a batch: then one view serves them all. The edge and people take turns, so that
    /// neither can crowd out the other.
    fn drain(&mut self) {
        for _ in 0..MAX_BATCH / 2 {
            let edge = self.ports.edge.try_recv().map(Next::Edge);
            let person = self.inbox.try_recv().map(Next::Person);
            if edge.is_err() && person.is_err() {
                return;
            }
            [edge, person].into_iter().flatten().for_each(|next| self.apply(next));
        }
    }

    fn apply(&mut self, next: Next) {
        let now = self.clock.now();
        match next {
            Next::Edge(EdgeEvent::Board(event)) => self.handle(now, Input::Board(event)),
            Next::Edge(EdgeEvent::Command(asked)) => self.handle(now, Input::IntegrationCommand(asked)),
            Next::Edge(EdgeEvent::HomeAssistantStarted) => self.handle(now, Input::HomeAssistantStarted),
            Next::Edge(EdgeEvent::Incident(incident)) => self.handle(now, Input::Incident(incident)),
            Next::Serial(event) => self.handle(now, Input::Port(event)),
            Next::Nearby(event) => self.handle(now, Input::Nearby(event)),
            Next::Written(ticket, ok) => self.handle(now, Input::Written { ticket, ok }),
            Next::Deadline => self.handle(now, Input::Tick),
            Next::Person(message) => self.person(now, message),
            Next::Beat => self.pulse.iter_mut().for_each(Pulse::beat),
            Next::Stop | Next::Closed => {}
        }
        while let Some(ticket) = self.refused_tickets.pop() {
            self.handle(now, Input::Written { ticket, ok: false });
        }
    }

    fn person(&mut self, now: Now, message: Message) {
        let input = match message {
            Message::FindCommand { id, reply } => {
                let _gone = reply.send(self.home.command(id));
                return;
            }
            Message::Dropped { reply } => {
                let _gone = reply.send(self.home.dropped());
                return;
            }
            Message::ClaimCode { reply } => {
                self.renew_claim_code();
                let code = self.home.claim_code(now.mono).map(|code| code.as_str().to_owned());
                let _gone = reply.send(code);
                return;
            }
            Message::SetSwitch { cap, on, timeout, request_id, reply } => {
                Input::SetSwitch { cap, request: self.wait(reply), on, timeout, request_id }
            }
            Message::Configure { cap, device, wish, reply } => {
                Input::Configure { cap, request: self.wait(reply), device, wish }
            }
            Message::ChangeWifi { cap, devices, wifi, reply } => {
                Input::ChangeWifi { cap, request: self.wait(reply), devices, wifi }
            }
            Message::TryClaimCode { code, reply } => Input::TryClaimCode { request: self.wait(reply), code },
            Message::TryInvitation { code, address, reply } => {
                Input::TryInvitation { request: self.wait(reply), code, address }
            }
            Message::BeginSignIn { name, hash, address, reply } => {
                Input::BeginSignIn { request: self.wait(reply), name, hash, address }
            }
            Message::BeginPasswordCheck { session, reply } => {
                Input::BeginPasswordCheck { request: self.wait(reply), session }
            }
            Message::FinishSignIn { check, right, token, client, reply } => {
                Input::FinishSignIn { request: self.wait(reply), check, right, token, client }
            }
            Message::SignInByIdentity { identity, token, client, reply } => {
                Input::SignInByIdentity { request: self.wait(reply), identity, token, client }
            }
            Message::Incident(incident) => Input::Incident(incident),
            Message::PasswordChecked { check, right, reply } => {
                Input::PasswordChecked { request: self.wait(reply), check, right }
            }
            Message::TokenUsed { id } => Input::TokenUsed(id),
            Message::SessionUsed { session } => Input::SessionUsed(session),
            Message::TryResetCode { code, address, reply } => {
                Input::TryResetCode { request: self.wait(reply), code, address }
            }
            Message::OfferReset { cap, member, code, reply } => {
                Input::OfferReset { request: self.wait(reply), cap, member, code }
            }
            Message::AskForPasswordLink { address, reply } => {
                Input::AskForPasswordLink { request: self.wait(reply), address }
            }
            Message::OfferResetByMail { email, code, reply } => {
                Input::OfferResetByMail { request: self.wait(reply), email, code }
            }
            Message::Condition { kind, subjects } => Input::Condition(kind, subjects),
            Message::Because { kind, why } => Input::Because(kind, why),
            Message::ClaimBoard { cap, new, reply } => Input::ClaimBoard { cap, request: self.wait(reply), new },
            Message::ConfirmClaim { cap, claim, number, reply } => {
                Input::ConfirmClaim { cap, request: self.wait(reply), claim, number }
            }
            Message::CancelClaim { cap, claim, reply } => Input::CancelClaim { cap, request: self.wait(reply), claim },
            Message::LookAtBoard { cap, board, reply } => Input::LookAtBoard { cap, request: self.wait(reply), board },
            Message::FlashBoard { cap, new, reply } => Input::FlashBoard { cap, request: self.wait(reply), new },
            Message::CancelFlash { cap, board, reply } => Input::CancelFlash { cap, request: self.wait(reply), board },
            Message::GiveWifi { cap, board, wifi, reply } => {
                Input::GiveWifi { cap, request: self.wait(reply), board, wifi }
            }
            Message::CancelGiving { cap, board, reply } => {
                Input::CancelGiving { cap, request: self.wait(reply), board }
            }
            Message::Settings { setting, reply } => Input::Settings { request: self.wait(reply), setting },
        };
        self.handle(now, input);
    }

    fn wait(&mut self, reply: Reply) -> Request {
        self.next_request += 1;
        let request = Request(self.next_request);
        self.waiting.insert(request, reply);
        request
    }

    /// Tells the home how far its clocks are from UTC, when a minute or a zone is another than last time.
    fn tell_zone(&mut self, now: Now) {
        let Some(home) = &self.view.home else { return };
        let minute = now.wall.as_millis() / 60_000;
        if self.zone.as_ref().is_some_and(|(known, at)| *at == minute && *known == home.time_zone) {
            return;
        }
        let east = minutes_east(&home.time_zone, now.wall);
        self.zone = Some((home.time_zone.clone(), minute));
        let effects = self.home.handle(now, Input::ZoneOffset(east));
        self.carry_out(effects);
    }

    fn handle(&mut self, now: Now, input: Input) {
        self.tell_zone(now);
        let effects = self.home.handle(now, input);
        self.carry_out(effects);
        // The home may be in another zone by this very input: hours hold by it at once.
        self.tell_zone(now);
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Send(order) => (self.ports.orders)(&order),
                Effect::SendSecret(new) => (self.ports.secrets)(&new),
                Effect::Configure(order) => (self.ports.config_orders)(&order),
                Effect::Believe(link, belief) => (self.ports.beliefs)(link, belief),
                Effect::Port(order) => (self.ports.port_orders)(order),
                Effect::Nearby(order) => (self.ports.nearby_orders)(order),
                Effect::Answer(request, answer) => self.answers.push((request, answer)),
                Effect::Changed(change) => {
                    self.view.apply(&change);
                    self.untold.push(change);
                }
                Effect::Write { ticket, records } => self.write(ticket, records),
                Effect::CredentialsChanged => {
                    self.ports.credentials.send_replace(Arc::new(self.home.credentials()));
                }
                Effect::AnnouncedChanged => {
                    self.ports.announced.send_replace(self.home.announced());
                }
            }
        }
    }

    fn write(&mut self, ticket: Option<Ticket>, mut records: Vec<Record>) {
        let mut held = std::mem::take(&mut self.held);
        if !held.is_empty() {
            held = (self.ports.writes)(None, held).err().unwrap_or_default();
        }
        // What is held comes before. For what somebody waits for there is room, and it takes the rest along.
        let earlier = held.len();
        if ticket.is_some() || earlier == 0 {
            held.append(&mut records);
            let Err(back) = (self.ports.writes)(ticket, held) else { return };
            held = back;
            records = held.split_off(earlier);
        }
        self.held = held;
        if let Some(ticket) = ticket {
            self.refused_tickets.push(ticket);
        } else if earlier + records.len() > MAX_HELD {
            tracing::error!(lost = records.len(), "the store is too far behind: records of commands are lost");
        } else {
            self.held.append(&mut records);
        }
    }

    /// The view comes before the changes that led to it, so that whoever subscribes and then reads misses none; and
    /// before the answers, so that no answer shows the past.
    fn publish(&mut self) {
        if !self.untold.is_empty() {
            self.published.send_replace(Arc::new(self.view.clone()));
        }
        for change in self.untold.drain(..) {
            // Nobody listening is no error.
            let _nobody = self.changes.send(change);
        }
        for (request, answer) in self.answers.drain(..) {
            if let Some(reply) = self.waiting.remove(&request) {
                // A caller that went away misses its answer; the command lives on.
                let _gone = reply.send(answer);
            }
        }
    }

    fn renew_claim_code(&mut self) {
        let now = self.clock.now();
        if !self.home.is_claimed() && self.home.claim_code(now.mono).is_none() {
            self.handle(now, Input::NewClaimCode(ClaimCode::new(random(), now.mono)));
        }
    }

    fn stop(&mut self) {
        let now = self.clock.now();
        self.handle(now, Input::Stop);
        while let Ok(message) = self.inbox.try_recv() {
            self.person(now, message);
        }
        self.publish();
        if !self.held.is_empty() && (self.ports.writes)(None, std::mem::take(&mut self.held)).is_err() {
            tracing::error!("the store had no room for the last records of commands: they are lost");
        }
    }
}

async fn at(deadline: Option<tokio::time::Instant>) {
    if let Some(deadline) = deadline {
        tokio::time::sleep_until(deadline).await;
    }
}
