//! The MQTT edge beside mosquitto: messages between programs, memory, TLS, and a house whose power is back.

pub(crate) mod handshakes;
pub(crate) mod memory;
pub(crate) mod page;
pub(crate) mod pump;
mod raw;
pub(crate) mod storm;

use crate::child::Child;
use crate::clock::Clock;
use crate::door::Door;
use crate::gateway::{Home, Login};
use crate::mosquitto::Mosquitto;
use crate::statistics::{Series, median};
use anyhow::{Context, bail};
use handshakes::Handshakes;
use memory::{OfIntegrations, PerConnection};
use pump::{MANY, Peer, Shape};
use rumqttc::mqttbytes::QoS;
use rustls::SupportedProtocolVersion;
use rustls::version::{TLS12, TLS13};
use std::path::Path;
use std::time::Duration;
use storm::Storms;

/// How much of everything.
pub(crate) struct Scale {
    /// Rounds that count, and before them those that do not.
    pub(crate) rounds: usize,
    pub(crate) warm_up: usize,
    /// Rounds of messages one at a time.
    pub(crate) rounds_alone: usize,
    /// How long messages are pumped in a round.
    pub(crate) pump: Duration,
    /// Messages of a round one at a time.
    pub(crate) trips: usize,
    /// Handshakes of a round.
    pub(crate) handshakes: usize,
    /// Boards that are idle.
    pub(crate) idle: usize,
    /// How many times memory is looked at; the largest counts.
    pub(crate) looks: usize,
    /// Boards of a storm, and storms.
    pub(crate) storm: (usize, usize),
}

/// What messages are sent at, and what it is called.
pub(crate) const QOS: [QoS; 2] = [QoS::AtMostOnce, QoS::AtLeastOnce];
pub(crate) const SHAPES: [Shape; 3] = [Shape::One, Shape::Pairs, Shape::All];
/// Versions of TLS, and whether a session is resumed.
const TLS: [(&SupportedProtocolVersion, bool); 4] = [(&TLS12, false), (&TLS12, true), (&TLS13, false), (&TLS13, true)];

/// The same of mosquitto and the gateway.
#[derive(Default)]
pub(crate) struct Both<T> {
    pub(crate) mosquitto: T,
    pub(crate) gateway: T,
}

/// All of it.
pub(crate) struct Results {
    /// Messages a second of each round, by QoS and shape.
    pub(crate) rates: [[Both<Vec<f64>>; SHAPES.len()]; QOS.len()],
    /// By QoS.
    pub(crate) trips: [Both<Series>; QOS.len()],
    /// As [`TLS`].
    pub(crate) handshakes: [Both<Vec<Handshakes>>; TLS.len()],
    pub(crate) plain: PerConnection,
    pub(crate) tls: PerConnection,
    pub(crate) integrations: OfIntegrations,
    pub(crate) storms: Storms,
}

/// Runs it all; an error when a message is missing, a tap does not end CONFIRMED, or a session is not resumed.
pub(crate) async fn run(program: &Path, clock: Clock, scale: &Scale) -> anyhow::Result<Results> {
    let home = Home::new(program)?;
    let mut gateway = home.start()?;
    home.ready(&mut gateway).await?;
    let token = home.claim(&mut gateway).await?;
    let logins = home.integrations(&token, MANY).await?;
    let name = home.board_server_name(&mut gateway).await?;
    let (plain, tls) = (Mosquitto::start().await?, Mosquitto::start_tls().await?);
    let (rates, trips) = messages(&plain, &home, logins, clock, scale).await?;
    let peers = [(&tls.child, tls.address, "localhost"), (&gateway, home.mqtts, name.as_str())];
    let handshakes = shake_hands(peers, clock, scale).await.context("handshakes")?;
    gateway.stop().await?;
    drop((plain, tls));

    eprintln!("memory of {} boards …", scale.idle);
    let plain = memory::of_boards(program, clock, false, scale.idle, scale.looks).await.context("idle boards")?;
    let tls = memory::of_boards(program, clock, true, scale.idle, scale.looks).await.context("idle boards, TLS")?;
    let integrations =
        memory::of_integrations(program, clock, scale.pump, scale.looks).await.context("integrations")?;
    let (boards, storms) = scale.storm;
    let storms = storm::run(program, clock, boards, storms).await.context("a storm of boards")?;
    Ok(Results { rates, trips, handshakes, plain, tls, integrations, storms })
}

type Messages = ([[Both<Vec<f64>>; SHAPES.len()]; QOS.len()], [Both<Series>; QOS.len()]);

async fn messages(
    mosquitto: &Mosquitto,
    home: &Home,
    logins: Vec<Login>,
    clock: Clock,
    scale: &Scale,
) -> anyhow::Result<Messages> {
    let mosquitto = Peer { door: Door::plain(mosquitto.address), logins: Vec::new() };
    let gateway = Peer { door: Door::plain(home.mqtt), logins };
    let (mut rates, mut trips): Messages = Default::default();
    for round in 0..scale.warm_up + scale.rounds_alone {
        for (qos, trips) in QOS.into_iter().zip(&mut trips) {
            let least = pump::trips(&mosquitto, clock, qos, scale.trips).await.context("mosquitto")?;
            let ours = pump::trips(&gateway, clock, qos, scale.trips).await.context("gateway")?;
            if round >= scale.warm_up {
                trips.mosquitto.round(least);
                trips.gateway.round(ours);
            }
        }
    }
    for round in 0..scale.warm_up + scale.rounds {
        eprintln!("messages, round {} of {} …", round + 1, scale.warm_up + scale.rounds);
        for (qos, rates) in QOS.into_iter().zip(&mut rates) {
            for (shape, rates) in SHAPES.into_iter().zip(rates) {
                let least = pump::rate(&mosquitto, clock, shape, qos, scale.pump).await.context("mosquitto")?;
                let ours = pump::rate(&gateway, clock, shape, qos, scale.pump).await.context("gateway")?;
                if round >= scale.warm_up {
                    rates.mosquitto.push(least);
                    rates.gateway.push(ours);
                }
            }
        }
    }
    Ok((rates, trips))
}

/// Where mosquitto and the gateway listen, and under which name.
type Peers<'a> = [(&'a Child, std::net::SocketAddr, &'a str); 2];

async fn shake_hands(
    peers: Peers<'_>,
    clock: Clock,
    scale: &Scale,
) -> anyhow::Result<[Both<Vec<Handshakes>>; TLS.len()]> {
    let mut all: [Both<Vec<Handshakes>>; TLS.len()] = Default::default();
    for round in 0..scale.warm_up + scale.rounds {
        eprintln!("handshakes, round {} of {} …", round + 1, scale.warm_up + scale.rounds);
        for ((version, resumed), all) in TLS.into_iter().zip(&mut all) {
            for ((child, address, name), all) in peers.into_iter().zip([&mut all.mosquitto, &mut all.gateway]) {
                let door = Door::tls(address, name, version, resumed)?;
                let one = handshakes::round(&door, child, clock, resumed, scale.handshakes).await;
                let one = one.with_context(|| format!("{name}, {version:?}, resumed: {resumed}"))?;
                if round >= scale.warm_up {
                    all.extend(one);
                }
            }
            if round >= scale.warm_up && all.gateway.is_empty() {
                bail!("the gateway does not resume sessions of {version:?}");
            }
        }
    }
    Ok(all)
}

/// The median of one figure of the rounds.
fn middle(rounds: &[Handshakes], pick: fn(&Handshakes) -> f64) -> f64 {
    median(rounds.iter().map(pick))
}
