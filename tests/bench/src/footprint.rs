//! What the gateway costs when nobody taps: to start, to hold in memory, to ship.

use crate::board::Fleet;
use crate::child::Child;
use crate::clock::Clock;
use crate::door::Door;
use crate::fleet::Boards;
use crate::gateway::{Home, switches_online};
use crate::graphql;
use crate::http::Http;
use crate::load::Load;
use crate::taps::{Way, World};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::interval;

/// How often memory is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Boards of a home that is idle, and relays of each.
const IDLE_BOARDS: usize = 10;
const IDLE_RELAYS: usize = 4;

/// Starting, and doing nothing.
pub(crate) struct Idle {
    /// From starting the process to `/readyz` answering 200, in nanoseconds, each start.
    pub(crate) cold_start_ns: Vec<u64>,
    /// Resident memory with ten boards connected, in bytes.
    pub(crate) rss: u64,
}

/// Starts a gateway on a home with ten boards `starts` times, and looks at the last one's memory.
pub(crate) async fn idle(program: &Path, clock: Clock, starts: usize, looks: usize) -> anyhow::Result<Idle> {
    let home = Home::new(program)?;
    let mut gateway = home.start()?;
    home.ready(&mut gateway).await?;
    let token = home.claim(&mut gateway).await?;
    home.register(IDLE_BOARDS, IDLE_RELAYS).await?;
    let mut cold_start_ns = Vec::new();
    for _ in 0..starts {
        gateway.stop().await?;
        let start_ns = clock.ns();
        gateway = home.start()?;
        home.ready(&mut gateway).await?;
        cold_start_ns.push(clock.ns() - start_ns);
    }
    let fleet = Fleet { door: Door::plain(home.mqtt), relays: IDLE_RELAYS, homie_values: true, clock };
    let boards = Boards::start(fleet, IDLE_BOARDS).await?;
    switches_online(home.http, &token, &mut gateway, IDLE_BOARDS).await?;
    let rss = largest_rss(&gateway, looks).await?;
    boards.check()?;
    gateway.stop().await?;
    Ok(Idle { cold_start_ns, rss })
}

/// Memory of a busy home.
pub(crate) struct Crowd {
    /// Resident memory with all boards connected, after the load, in bytes.
    pub(crate) rss: u64,
    /// The same once somebody has thought of a password: the word lists that it is judged by stay in memory.
    pub(crate) rss_password: u64,
}

/// Looks at the memory of a gateway with `boards` boards of one relay connected, after `load`. It has started anew since
/// its owner claimed it, as any has that a house lives with.
pub(crate) async fn rss_after(
    program: &Path,
    clock: Clock,
    boards: usize,
    load: Load,
    looks: usize,
) -> anyhow::Result<Crowd> {
    let home = Home::new(program)?;
    let mut gateway = home.start()?;
    home.ready(&mut gateway).await?;
    let token = home.claim(&mut gateway).await?;
    home.register(boards, 1).await?;
    gateway.stop().await?;
    let mut gateway = home.start()?;
    home.ready(&mut gateway).await?;
    let fleet = Fleet { door: Door::plain(home.mqtt), relays: 1, homie_values: true, clock };
    let connected = Boards::start(fleet, boards).await?;
    let switches = switches_online(home.http, &token, &mut gateway, boards).await?;
    let mut http = Http::connect(home.http, Some(&token)).await?;
    let world = Arc::new(World::new(home.http, token, connected, clock, switches));
    world.round(Way::WebSocket, load).await?;
    let rss = largest_rss(&gateway, looks).await?;
    let answer = http.graphql(&graphql::password_estimate()).await?;
    graphql::read::<serde::de::IgnoredAny>(&answer)?;
    let rss_password = largest_rss(&gateway, looks).await?;
    world.boards.check()?;
    gateway.stop().await?;
    Ok(Crowd { rss, rss_password })
}

pub(crate) async fn largest_rss(gateway: &Child, looks: usize) -> anyhow::Result<u64> {
    let mut look = interval(LOOK_EVERY);
    let mut largest = 0;
    for _ in 0..looks {
        look.tick().await;
        largest = largest.max(gateway.rss()?);
    }
    Ok(largest)
}
