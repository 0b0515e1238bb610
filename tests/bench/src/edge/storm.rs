//! The power is back: all boards of a house come at once, over TLS, while somebody taps.

use crate::board::Fleet;
use crate::child::Child;
use crate::clock::Clock;
use crate::door::Door;
use crate::fleet::Boards;
use crate::gateway::{Home, switches_online};
use crate::graphql::{self, Frame, SetSwitch};
use crate::load::ROUND_TIMEOUT;
use crate::mosquitto::Mosquitto;
use crate::websocket::Socket;
use anyhow::Context;
use rustls::version::TLS12;
use serde::Deserialize;
use std::collections::HashMap;
use std::path::Path;
use tokio::time::timeout;

/// The first boards that are back: the ones that are tapped.
pub(crate) const FIRST: usize = 20;

/// What storms came to, each.
#[derive(Default)]
pub(crate) struct Storms {
    /// From the first connection to the last board that is ready, through mosquitto and the gateway, in nanoseconds.
    pub(crate) mosquitto_ns: Vec<u64>,
    /// As the API shows it.
    pub(crate) gateway_ns: Vec<u64>,
    /// How long each tap took meanwhile.
    pub(crate) taps_ns: Vec<Vec<u64>>,
}

/// `storms` cuts of power with `boards` boards of one relay; an error when a tap does not end CONFIRMED.
pub(crate) async fn run(program: &Path, clock: Clock, boards: usize, storms: usize) -> anyhow::Result<Storms> {
    let home = Home::new(program)?;
    let mut gateway = home.start()?;
    home.ready(&mut gateway).await?;
    let token = home.claim(&mut gateway).await?;
    home.register(boards, 1).await?;
    let name = home.board_server_name(&mut gateway).await?;
    let fleet = |address, name: &str| {
        let door = Door::tls(address, name, &TLS12, false)?;
        anyhow::Ok(Fleet { door, relays: 1, homie_values: true, clock })
    };
    let mut told = Storms::default();
    let connected = Boards::start(fleet(home.mqtts, &name)?, boards).await?;
    switches_online(home.http, &token, &mut gateway, boards).await?;
    let mut cut = (gateway, connected);
    for storm in 0..storms {
        eprintln!("storm {} of {storms} …", storm + 1);
        // Mosquitto is new each time: neither remembers a session of TLS.
        let peer = Mosquitto::start_tls().await?;
        let start_ns = clock.ns();
        let connected = Boards::start(fleet(peer.address, "localhost")?, boards).await?;
        told.mosquitto_ns.push(clock.ns() - start_ns);
        drop((connected, peer));

        let (gateway, connected) = cut;
        gateway.kill().await?;
        drop(connected);
        let mut gateway = home.start()?;
        home.ready(&mut gateway).await?;
        let mut screen = Screen::open(&home, &token, boards).await?;
        let start_ns = clock.ns();
        let (connected, _ready) = Boards::power_on(fleet(home.mqtts, &name)?, boards)?;
        let back = timeout(ROUND_TIMEOUT, screen.until_all_online(clock)).await;
        connected.check()?;
        told.taps_ns.push(back.context("not all boards came back")??);
        told.gateway_ns.push(clock.ns() - start_ns);
        cut = (gateway, connected);
    }
    stop(cut).await?;
    Ok(told)
}

async fn stop((gateway, connected): (Child, Boards)) -> anyhow::Result<()> {
    drop(connected);
    gateway.stop().await
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Data {
    #[serde(rename_all = "camelCase")]
    Shown {
        switch_changed: Shown,
    },
    Answer(SetSwitch),
}

#[derive(Deserialize)]
struct Shown {
    id: String,
    availability: String,
}

/// A dashboard: it shows all switches, and its owner taps those that are back.
struct Screen {
    socket: Socket,
    /// Whether each switch is online.
    online: HashMap<String, bool>,
    boards: usize,
    /// The first ones that came back, and what was last asked of them.
    first: Vec<(String, bool)>,
}

impl Screen {
    async fn open(home: &Home, token: &str, boards: usize) -> anyhow::Result<Self> {
        let mut socket = Socket::connect(home.http, token).await?;
        let query = graphql::query("subscription Storm { switchChanged { id on desired availability } }");
        socket.subscribe("screen", &query).await?;
        socket.flush().await?;
        let mut screen = Self { socket, online: HashMap::new(), boards, first: Vec::new() };
        let current = async {
            while screen.online.len() < boards {
                let text = screen.socket.next().await?;
                screen.hear(&text)?;
            }
            anyhow::Ok(())
        };
        timeout(ROUND_TIMEOUT, current).await.context("a screen does not show the current states")??;
        Ok(screen)
    }

    /// Taps one after the other until all boards are back: how long each tap took, in nanoseconds.
    async fn until_all_online(&mut self, clock: Clock) -> anyhow::Result<Vec<u64>> {
        let (mut taps_ns, mut asked, mut open) = (Vec::new(), 0_usize, None);
        loop {
            let all = self.online.values().filter(|online| **online).count() == self.boards;
            if all && open.is_none() {
                return Ok(taps_ns);
            }
            if open.is_none() && !self.first.is_empty() {
                let turn = asked % self.first.len();
                let (id, on) = &mut self.first[turn];
                *on = !*on;
                open = Some(clock.ns());
                self.socket.subscribe(&asked.to_string(), &graphql::set_switch(id, *on)).await?;
                self.socket.flush().await?;
                asked += 1;
            }
            let text = self.socket.next().await?;
            if self.hear(&text)? {
                taps_ns.push(clock.ns() - open.take().context("an answer nobody asked for")?);
            }
        }
    }

    /// Whether it was the answer to a tap.
    fn hear(&mut self, text: &str) -> anyhow::Result<bool> {
        let Some(payload) = Frame::<Data>::read(text)?.payload else { return Ok(false) };
        match payload.data()? {
            Data::Answer(answer) => answer.confirmed().map(|()| true),
            Data::Shown { switch_changed: Shown { id, availability } } => {
                let online = availability == "ONLINE";
                if online && self.first.len() < FIRST && self.first.iter().all(|(first, _)| *first != id) {
                    self.first.push((id.clone(), false));
                }
                self.online.insert(id, online);
                Ok(false)
            }
        }
    }
}
