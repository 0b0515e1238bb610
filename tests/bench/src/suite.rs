//! The whole bench: what is measured, in which order, how often.

use crate::board::Fleet;
use crate::boards;
use crate::clock::Clock;
use crate::door::Door;
use crate::edge;
use crate::fleet::Boards;
use crate::footprint::{self, Crowd, Idle};
use crate::gateway::{Home, switches_online};
use crate::load::{Asked, Load, Taps};
use crate::mosquitto::{self, Mosquitto};
use crate::people;
use crate::screens::{Cause, Screens};
use crate::statistics::{Series, median};
use crate::taps::{self, Way};
use anyhow::Context;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Boards behind gateway and mosquitto, and relays of each.
pub(crate) const BOARDS: usize = 50;
/// See [`BOARDS`].
pub(crate) const RELAYS: usize = 4;
/// Commands in flight that saturate gateway and mosquitto.
const SATURATED: usize = 128;
/// Numbers of screens that a change must reach.
pub(crate) const SCREENS: [usize; 3] = [1, 10, 50];

/// How much of everything.
pub(crate) struct Scale {
    /// Rounds that count.
    pub(crate) rounds: usize,
    /// Rounds that count one at a time: many and short, since a p99 of hundreds of microseconds is where a neighbour's
    /// millisecond on a shared machine shows.
    pub(crate) rounds_alone: usize,
    /// Rounds before them that do not.
    pub(crate) warm_up: usize,
    /// Commands of a round one at a time.
    pub(crate) alone: usize,
    /// Commands of a round with 20 in flight.
    pub(crate) abreast: usize,
    /// Commands of a saturated round.
    pub(crate) saturated: usize,
    /// Changes of a round for each number of screens.
    pub(crate) changes: usize,
    /// Queries of a round.
    pub(crate) queries: usize,
    /// Cold starts.
    pub(crate) starts: usize,
    /// Boards and commands before the memory is looked at.
    pub(crate) crowd: (usize, usize),
    /// How many times memory is looked at; the largest counts.
    pub(crate) looks: usize,
    /// Of boards that come in.
    pub(crate) boards: boards::Scale,
    /// Of the edge.
    pub(crate) edge: edge::Scale,
}

impl Scale {
    /// What the committed table is made with.
    pub(crate) const FULL: Self = Self {
        rounds: 7,
        rounds_alone: 21,
        warm_up: 1,
        alone: 1_000,
        abreast: 10_000,
        saturated: 30_000,
        changes: 300,
        queries: 200,
        starts: 10,
        crowd: (500, 100_000),
        looks: 12,
        boards: boards::Scale { homes: 10, row: 50, noticed: 10 },
        edge: edge::Scale {
            rounds: 7,
            warm_up: 1,
            rounds_alone: 21,
            pump: Duration::from_millis(300),
            trips: 500,
            handshakes: 400,
            idle: 1_000,
            looks: 12,
            storm: (500, 5),
        },
    };
    /// Seconds, to see that everything works.
    pub(crate) const QUICK: Self = Self {
        rounds: 1,
        rounds_alone: 1,
        warm_up: 0,
        alone: 100,
        abreast: 400,
        saturated: 800,
        changes: 10,
        queries: 10,
        starts: 2,
        crowd: (50, 1_000),
        looks: 2,
        boards: boards::Scale { homes: 1, row: 2, noticed: 1 },
        edge: edge::Scale {
            rounds: 1,
            warm_up: 0,
            rounds_alone: 1,
            pump: Duration::from_millis(20),
            trips: 20,
            handshakes: 20,
            idle: 50,
            looks: 2,
            storm: (50, 1),
        },
    };
}

/// One kind of load, through one way in.
#[derive(Default)]
pub(crate) struct Measured {
    pub(crate) obeyed: Series,
    pub(crate) answered: Series,
    pub(crate) seen: Series,
    per_second: Vec<f64>,
}

impl Measured {
    fn round(&mut self, taps: Taps) {
        self.per_second.push(taps.per_second());
        self.obeyed.round(taps.obeyed);
        self.answered.round(taps.answered);
        self.seen.round(taps.seen);
    }

    /// Commands a second, the median of the rounds.
    pub(crate) fn per_second(&self) -> f64 {
        median(self.per_second.iter().copied())
    }
}

/// All ways in under one load.
#[derive(Default)]
pub(crate) struct Compared {
    /// Mosquitto, with boards that answer with one message: the least that a round trip takes.
    pub(crate) least: Measured,
    /// Mosquitto, with boards that say all that they say to the gateway.
    pub(crate) same: Measured,
    pub(crate) http: Measured,
    pub(crate) websocket: Measured,
    pub(crate) watched: Measured,
}

/// One part of the bench.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Part {
    /// Taps, and changes on their way to screens
    Taps,
    /// The MQTT edge: messages, memory of a connection, TLS, a storm of boards
    Edge,
    /// Taps while people sign in, and what looking at their rights costs
    People,
    /// Boards that come in, by their cable and in the network
    Boards,
    /// Start, memory, size
    Footprint,
}

/// Everything that was measured; none of what was not asked for.
pub(crate) struct Results {
    pub(crate) taps: Option<OfTaps>,
    pub(crate) edge: Option<edge::Results>,
    pub(crate) people: Option<people::Results>,
    pub(crate) boards: Option<boards::Results>,
    pub(crate) footprint: Option<Footprint>,
}

/// Taps, and changes on their way to screens.
pub(crate) struct OfTaps {
    pub(crate) alone: Compared,
    pub(crate) abreast: Compared,
    pub(crate) saturated: Compared,
    /// Button and tap, by the number of screens.
    pub(crate) screens: [[Series; 2]; SCREENS.len()],
}

/// Start, memory, size.
pub(crate) struct Footprint {
    pub(crate) idle: Idle,
    pub(crate) crowd: Crowd,
    pub(crate) program_bytes: u64,
}

struct Worlds {
    least: Arc<mosquitto::World>,
    same: Arc<mosquitto::World>,
    gateway: Arc<taps::World>,
}

/// Runs all of it, or one part; an error when a command does not end CONFIRMED, or a change or a message does not arrive.
pub(crate) async fn run(program: &Path, scale: &Scale, only: Option<Part>) -> anyhow::Result<Results> {
    let clock = Clock::start();
    let wanted = |part| only.is_none_or(|only| only == part);
    let mut results = Results { taps: None, edge: None, people: None, boards: None, footprint: None };
    if wanted(Part::Taps) {
        results.taps = Some(of_taps(program, clock, scale).await?);
    }
    if wanted(Part::Edge) {
        results.edge = Some(edge::run(program, clock, &scale.edge).await.context("the edge")?);
    }
    if wanted(Part::People) {
        results.people = Some(people::run(program, clock, scale).await.context("people")?);
    }
    if wanted(Part::Boards) {
        results.boards = Some(boards::run(program, clock, &scale.boards).await.context("boards that come in")?);
    }
    if wanted(Part::Footprint) {
        results.footprint = Some(footprint(program, clock, scale).await?);
    }
    Ok(results)
}

async fn of_taps(program: &Path, clock: Clock, scale: &Scale) -> anyhow::Result<OfTaps> {
    let (brokers, home) = ([Mosquitto::start().await?, Mosquitto::start().await?], Home::new(program)?);
    let mut child = home.start()?;
    home.ready(&mut child).await?;
    let token = home.claim(&mut child).await?;
    home.register(BOARDS, RELAYS).await?;
    let fleet = |address, homie_values| {
        let fleet = Fleet { door: Door::plain(address), relays: RELAYS, homie_values, clock };
        Boards::start(fleet, BOARDS)
    };
    let boards = fleet(home.mqtt, true).await?;
    let switches = switches_online(home.http, &token, &mut child, BOARDS).await?;
    let peer = async |broker: &Mosquitto, homie_values| {
        let boards = fleet(broker.address, homie_values).await?;
        let asked = Asked::new(BOARDS, RELAYS);
        mosquitto::World::new(broker.address, boards, asked, clock, BOARDS).map(Arc::new)
    };
    let worlds = Worlds {
        least: peer(&brokers[0], false).await?,
        same: peer(&brokers[1], true).await?,
        gateway: Arc::new(taps::World::new(home.http, token, boards, clock, switches)),
    };
    let load = |in_flight, connections, commands| Load { in_flight, connections, commands };
    let alone = compare(&worlds, scale, load(1, 1, scale.alone)).await.context("one at a time")?;
    let abreast = compare(&worlds, scale, load(20, 1, scale.abreast)).await.context("20 in flight")?;
    let saturated = compare(&worlds, scale, load(SATURATED, 4, scale.saturated)).await.context("saturated")?;
    let screens = reach(&worlds.gateway, scale).await.context("changes on screens")?;
    drop(worlds);
    child.stop().await?;
    Ok(OfTaps { alone, abreast, saturated, screens })
}

async fn footprint(program: &Path, clock: Clock, scale: &Scale) -> anyhow::Result<Footprint> {
    eprintln!("starting, and memory …");
    let program_bytes = std::fs::metadata(program).with_context(|| format!("{}", program.display()))?.len();
    let idle = footprint::idle(program, clock, scale.starts, scale.looks).await?;
    let (boards, commands) = scale.crowd;
    let load = Load { in_flight: boards.min(SATURATED), connections: 4, commands };
    let crowd = footprint::rss_after(program, clock, boards, load, scale.looks).await?;
    Ok(Footprint { idle, crowd, program_bytes })
}

/// Mosquitto and the gateway in turn, so that whatever else the machine does hits both.
async fn compare(worlds: &Worlds, scale: &Scale, load: Load) -> anyhow::Result<Compared> {
    let in_flight = load.in_flight.min(BOARDS);
    let each_its_own = Load { connections: in_flight, in_flight, ..load };
    let rounds = scale.warm_up + if load.in_flight == 1 { scale.rounds_alone } else { scale.rounds };
    let mut compared = Compared::default();
    for round in 0..rounds {
        eprintln!("{} in flight, round {} of {rounds} …", load.in_flight, round + 1);
        let least = worlds.least.round(load).await?;
        let http = worlds.gateway.round(Way::Http, each_its_own).await?;
        let same = worlds.same.round(load).await?;
        let websocket = worlds.gateway.round(Way::WebSocket, load).await?;
        let watched = worlds.gateway.round(Way::Watched, load).await?;
        if round >= scale.warm_up {
            compared.least.round(least);
            compared.same.round(same);
            compared.http.round(http);
            compared.websocket.round(websocket);
            compared.watched.round(watched);
        }
    }
    Ok(compared)
}

async fn reach(world: &Arc<taps::World>, scale: &Scale) -> anyhow::Result<[[Series; 2]; SCREENS.len()]> {
    let mut series: [[Series; 2]; SCREENS.len()] = Default::default();
    for round in 0..scale.warm_up + scale.rounds {
        eprintln!("screens, round {} of {} …", round + 1, scale.warm_up + scale.rounds);
        for (count, series) in SCREENS.into_iter().zip(&mut series) {
            let mut screens = Screens::open(world.clone(), count).await?;
            for (cause, series) in [Cause::Button, Cause::Tap].into_iter().zip(series) {
                let took_ns = screens.changes(cause, scale.changes).await?;
                if round >= scale.warm_up {
                    series.round(took_ns);
                }
            }
        }
    }
    Ok(series)
}
