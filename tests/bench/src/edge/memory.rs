//! What a connection costs the broker in memory. The other ends of the sockets are in this process.

use super::pump::{self, MANY, Peer, Shape};
use super::raw::Raw;
use crate::board::Fleet;
use crate::clock::Clock;
use crate::door::Door;
use crate::fleet::Boards;
use crate::footprint::largest_rss;
use crate::gateway::{Home, switches_online};
use crate::mosquitto::Mosquitto;
use rumqttc::mqttbytes::QoS;
use rustls::version::TLS12;
use std::path::Path;
use std::time::Duration;

/// Memory, in bytes each.
pub(crate) struct PerConnection {
    pub(crate) mosquitto: f64,
    pub(crate) gateway: f64,
}

/// What idle boards cost, connected and ready, over the same home without them.
pub(crate) async fn of_boards(
    program: &Path,
    clock: Clock,
    tls: bool,
    boards: usize,
    looks: usize,
) -> anyhow::Result<PerConnection> {
    let peer = if tls { Mosquitto::start_tls().await? } else { Mosquitto::start().await? };
    let before = largest_rss(&peer.child, 1).await?;
    let door = if tls { Door::tls(peer.address, "localhost", &TLS12, false)? } else { Door::plain(peer.address) };
    let connected = Boards::start(Fleet { door, relays: 1, homie_values: true, clock }, boards).await?;
    let mosquitto = each(before, largest_rss(&peer.child, looks).await?, boards);
    drop((connected, peer));

    let home = Home::new(program)?;
    let mut gateway = home.start()?;
    home.ready(&mut gateway).await?;
    let token = home.claim(&mut gateway).await?;
    home.register(boards, 1).await?;
    // A start later all that is left of registering is the home itself.
    gateway.stop().await?;
    let mut gateway = home.start()?;
    home.ready(&mut gateway).await?;
    let before = largest_rss(&gateway, looks).await?;
    let door = if tls {
        Door::tls(home.mqtts, &home.board_server_name(&mut gateway).await?, &TLS12, false)?
    } else {
        Door::plain(home.mqtt)
    };
    let connected = Boards::start(Fleet { door, relays: 1, homie_values: true, clock }, boards).await?;
    switches_online(home.http, &token, &mut gateway, boards).await?;
    let after = largest_rss(&gateway, looks).await?;
    connected.check()?;
    drop(connected);
    gateway.stop().await?;
    Ok(PerConnection { mosquitto, gateway: each(before, after, boards) })
}

/// What integrations cost: connected, and once many messages have gone through.
pub(crate) struct OfIntegrations {
    pub(crate) idle: f64,
    pub(crate) used: f64,
}

pub(crate) async fn of_integrations(
    program: &Path,
    clock: Clock,
    length: Duration,
    looks: usize,
) -> anyhow::Result<OfIntegrations> {
    let home = Home::new(program)?;
    let mut gateway = home.start()?;
    home.ready(&mut gateway).await?;
    let token = home.claim(&mut gateway).await?;
    let peer = Peer { door: Door::plain(home.mqtt), logins: home.integrations(&token, MANY).await? };
    let before = largest_rss(&gateway, looks).await?;
    let mut idle = Vec::new();
    for (number, login) in peer.logins.iter().enumerate() {
        let filter = Some(("bench/#", QoS::AtLeastOnce));
        idle.push(Raw::connect(&peer.door, &format!("idle-{number}"), Some(login), filter).await?);
    }
    let connected = largest_rss(&gateway, looks).await?;
    drop(idle);
    pump::rate(&peer, clock, Shape::All, QoS::AtLeastOnce, length).await?;
    let used = largest_rss(&gateway, looks).await?;
    gateway.stop().await?;
    // The publishers are integrations too.
    Ok(OfIntegrations { idle: each(before, connected, MANY), used: each(before, used, 2 * MANY) })
}

fn each(before: u64, after: u64, count: usize) -> f64 {
    after.saturating_sub(before) as f64 / count.max(1) as f64
}
