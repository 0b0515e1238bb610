//! Taps through the gateway: over HTTP, over a WebSocket, and as a second screen sees them.

use crate::clock::Clock;
use crate::fleet::Boards;
use crate::graphql::{self, Frame, SetSwitch, SwitchChanged};
use crate::http::Http;
use crate::load::{Asked, Lane, Load, ROUND_TIMEOUT, Taps, Target};
use crate::websocket::Socket;
use anyhow::Context;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// A client's view of the gateway and what is behind it.
pub(crate) struct World {
    pub(crate) http: SocketAddr,
    pub(crate) token: String,
    pub(crate) boards: Boards,
    pub(crate) asked: Asked,
    pub(crate) clock: Clock,
    /// Ids of the switches, by board and relay.
    pub(crate) switches: Vec<Vec<String>>,
    by_id: HashMap<String, Target>,
}

/// How clients reach the gateway.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Kept HTTP/1.1 connections, one command at a time on each.
    Http,
    /// Kept WebSockets.
    WebSocket,
    /// As [`Self::WebSocket`], and each client has a second one beside it that subscribes to all switches; its next
    /// command waits until that shows the last.
    Watched,
}

impl World {
    /// For boards that are online, with the ids of their switches.
    pub(crate) fn new(
        http: SocketAddr,
        token: String,
        boards: Boards,
        clock: Clock,
        switches: Vec<Vec<String>>,
    ) -> Self {
        let asked = Asked::new(switches.len(), switches.first().map_or(0, Vec::len));
        let of_board = |(board, ids): (usize, &Vec<String>)| {
            let of_relay = |(relay, id): (usize, &String)| (id.clone(), Target { board, relay });
            ids.iter().enumerate().map(of_relay).collect::<Vec<_>>()
        };
        let by_id = switches.iter().enumerate().flat_map(of_board).collect();
        Self { http, token, boards, asked, clock, switches, by_id }
    }

    /// The switch of a relay, by its id.
    pub(crate) fn target(&self, id: &str) -> anyhow::Result<Target> {
        self.by_id.get(id).copied().with_context(|| format!("a switch that is none of ours: {id}"))
    }

    /// How many switches there are.
    pub(crate) fn switch_count(&self) -> usize {
        self.by_id.len()
    }

    /// One round; an error when a command does not end CONFIRMED.
    pub(crate) async fn round(self: &Arc<Self>, way: Way, load: Load) -> anyhow::Result<Taps> {
        let mut clients = Vec::new();
        for lanes in load.lanes(self.switches.len()) {
            clients.push(Client::connect(self.clone(), way, lanes).await?);
        }
        let start_ns = self.clock.ns();
        let mut running: JoinSet<_> = clients.into_iter().map(|client| client.run(load.share())).collect();
        let mut taps = Taps::default();
        let all = async {
            while let Some(done) = running.join_next().await {
                taps.merge(done??);
            }
            anyhow::Ok(())
        };
        let ended = timeout(ROUND_TIMEOUT, all).await.context("a round through the gateway is stuck");
        self.boards.check()?;
        ended??;
        taps.took_ns = self.clock.ns() - start_ns;
        Ok(taps)
    }
}

enum Client {
    Http { world: Arc<World>, connection: Http, lane: Lane },
    Socket(Box<SocketClient>),
}

impl Client {
    async fn connect(world: Arc<World>, way: Way, mut lanes: Vec<Lane>) -> anyhow::Result<Self> {
        if way == Way::Http {
            let connection = Http::connect(world.http, Some(&world.token)).await?;
            let lane = lanes.pop().context("an HTTP connection has one lane")?;
            return Ok(Self::Http { world, connection, lane });
        }
        let socket = Socket::connect(world.http, &world.token).await?;
        let screen = if way == Way::Watched { Some(Screen::open(&world).await?) } else { None };
        let lanes: Vec<_> = lanes.into_iter().map(|lane| (lane, Open::default())).collect();
        let count = lanes.len();
        Ok(Self::Socket(Box::new(SocketClient { world, socket, screen, lanes, count, asked: 0 })))
    }

    async fn run(self, commands: usize) -> anyhow::Result<Taps> {
        match self {
            Self::Socket(client) => client.run(commands).await,
            Self::Http { world, mut connection, mut lane } => {
                let mut taps = Taps::default();
                for _ in 0..commands {
                    let target = lane.next();
                    let on = world.asked.flip(target);
                    let request = graphql::set_switch(&world.switches[target.board][target.relay], on);
                    let sent_ns = world.clock.ns();
                    let answer = connection.graphql(&request).await?;
                    let now_ns = world.clock.ns();
                    graphql::read::<SetSwitch>(&answer)?.confirmed()?;
                    taps.answered(&world.boards, target, sent_ns, now_ns);
                }
                Ok(taps)
            }
        }
    }
}

/// A second client that shows all switches.
pub(crate) struct Screen(Socket);

impl Screen {
    /// Opens it, and waits until it shows every switch as it is now.
    pub(crate) async fn open(world: &World) -> anyhow::Result<Self> {
        let mut socket = Socket::connect(world.http, &world.token).await?;
        socket.subscribe("screen", &graphql::switch_changed()).await?;
        socket.flush().await?;
        let mut screen = Self(socket);
        let current = async {
            for _ in 0..world.switch_count() {
                screen.next(world).await?;
            }
            anyhow::Ok(())
        };
        timeout(ROUND_TIMEOUT, current).await.context("a screen does not show the current states")??;
        Ok(screen)
    }

    /// What it shows next.
    pub(crate) async fn next(&mut self, world: &World) -> anyhow::Result<(Target, Option<bool>)> {
        Self::read(world, &self.0.next().await?)
    }

    fn read(world: &World, text: &str) -> anyhow::Result<(Target, Option<bool>)> {
        let frame = Frame::<SwitchChanged>::read(text)?;
        let shown = frame.payload.context("a subscription that ended")?.data()?.switch_changed;
        Ok((world.target(&shown.id)?, shown.on))
    }
}

/// A lane's command, while something about it is still awaited.
#[derive(Default)]
struct Open {
    target: Option<(Target, bool)>,
    sent_ns: u64,
    answered: bool,
    seen: bool,
}

struct SocketClient {
    world: Arc<World>,
    socket: Socket,
    screen: Option<Screen>,
    lanes: Vec<(Lane, Open)>,
    count: usize,
    asked: usize,
}

impl SocketClient {
    async fn run(mut self, commands: usize) -> anyhow::Result<Taps> {
        let mut taps = Taps::default();
        for lane in 0..commands.min(self.count) {
            self.ask(lane).await?;
        }
        self.socket.flush().await?;
        let mut done = 0;
        while done < commands {
            let mut free = tokio::select! {
                text = self.socket.next() => self.answer(&text?, &mut taps)?,
                shown = next_of(self.screen.as_mut(), &self.world) => {
                    let (target, on) = shown?;
                    self.shown(target, on, &mut taps)
                }
            };
            loop {
                if let Some(lane) = free {
                    done += 1;
                    if self.asked < commands {
                        self.ask(lane).await?;
                    }
                }
                let Some(text) = self.socket.arrived()? else { break };
                free = self.answer(&text, &mut taps)?;
            }
            self.socket.flush().await?;
        }
        Ok(taps)
    }

    async fn ask(&mut self, number: usize) -> anyhow::Result<()> {
        let (lane, open) = &mut self.lanes[number];
        let target = lane.next();
        let on = self.world.asked.flip(target);
        // An id may be used again only when `complete` has come, which nobody waits for here.
        let id = format!("{number}-{}", self.asked);
        self.asked += 1;
        let request = graphql::set_switch(&self.world.switches[target.board][target.relay], on);
        let sent_ns = self.world.clock.ns();
        *open = Open { target: Some((target, on)), sent_ns, answered: false, seen: self.screen.is_none() };
        self.socket.subscribe(&id, &request).await
    }

    /// The lane that is free again, if one is.
    fn answer(&mut self, text: &str, taps: &mut Taps) -> anyhow::Result<Option<usize>> {
        let now_ns = self.world.clock.ns();
        let frame = Frame::<SetSwitch>::read(text)?;
        let Some(answer) = frame.payload else { return Ok(None) };
        answer.data()?.confirmed()?;
        let number: usize = frame.id.split('-').next().unwrap_or_default().parse()?;
        let open = &mut self.lanes[number].1;
        let (target, _) = open.target.context("an answer nobody asked for")?;
        open.answered = true;
        taps.answered(&self.world.boards, target, open.sent_ns, now_ns);
        Ok(open.seen.then_some(number))
    }

    /// The lane that is free again, if one is.
    fn shown(&mut self, target: Target, on: Option<bool>, taps: &mut Taps) -> Option<usize> {
        let now_ns = self.world.clock.ns();
        let awaited = |(_, open): &(Lane, Open)| {
            !open.seen && open.target.is_some_and(|(asked, wanted)| asked == target && on == Some(wanted))
        };
        let number = self.lanes.iter().position(awaited)?;
        let open = &mut self.lanes[number].1;
        open.seen = true;
        taps.seen.push(now_ns - open.sent_ns);
        open.answered.then_some(number)
    }
}

async fn next_of(screen: Option<&mut Screen>, world: &World) -> anyhow::Result<(Target, Option<bool>)> {
    match screen {
        Some(screen) => screen.next(world).await,
        None => std::future::pending().await,
    }
}
