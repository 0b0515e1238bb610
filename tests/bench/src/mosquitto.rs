//! The peer: Debian's mosquitto, and a client that reaches boards through it with nothing in between.

use crate::board::{id_of, session_of};
use crate::child::{Child, free_port};
use crate::clock::Clock;
use crate::door::Door;
use crate::fleet::Boards;
use crate::load::{Asked, Lane, Load, ROUND_TIMEOUT, Taps, Target};
use crate::mqtt::{Connect, Mqtt};
use anyhow::{Context, bail};
use gatehouse_core::command::OrderId;
use gatehouse_core::device::Said;
use gatehouse_core::name::{BoardId, Endpoint};
use gatehouse_wire::homie::topic::Topic;
use gatehouse_wire::homie::{MAX_MS, board, decode};
use rumqttc::mqttbytes::v4::Packet;
use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// A mosquitto on a free loopback port; it ends when this is dropped.
pub(crate) struct Mosquitto {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Its process.
    pub(crate) child: Child,
    _directory: tempfile::TempDir,
}

impl Mosquitto {
    /// Starts it as it comes, but for what would hold it back here: Nagle's algorithm, 20 messages in flight, and 1,000
    /// that wait.
    pub(crate) async fn start() -> anyhow::Result<Self> {
        Self::launch(false).await
    }

    /// As [`Self::start`], over TLS, with a certificate of the gateway's kind.
    pub(crate) async fn start_tls() -> anyhow::Result<Self> {
        Self::launch(true).await
    }

    async fn launch(tls: bool) -> anyhow::Result<Self> {
        let directory = tempfile::tempdir()?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
        let mut config = format!(
            "listener {} {}\nallow_anonymous true\npersistence false\nset_tcp_nodelay true\nmax_inflight_messages 0\n\
             max_queued_messages 0\nlog_type error\nlog_type warning\n",
            address.port(),
            address.ip()
        );
        if tls {
            // It gives up its rights when it is started by root, and then must still read them.
            std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o755))?;
            let key = rcgen::KeyPair::generate()?;
            let certificate = rcgen::CertificateParams::new(["localhost".to_owned()])?.self_signed(&key)?;
            for (option, name, text) in
                [("certfile", "cert.pem", certificate.pem()), ("keyfile", "key.pem", key.serialize_pem())]
            {
                let path = directory.path().join(name);
                std::fs::write(&path, text)?;
                config.push_str(&format!("{option} {}\n", path.display()));
            }
        }
        let path = directory.path().join("mosquitto.conf");
        std::fs::write(&path, config)?;
        let program = ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto"]
            .into_iter()
            .find(|path| std::fs::exists(path).unwrap_or(false));
        let mut command = tokio::process::Command::new(program.unwrap_or("mosquitto"));
        command.arg("-c").arg(&path);
        let mut child = Child::start("mosquitto", command, &directory.path().join("mosquitto.log"))?;
        child.until(async || TcpStream::connect(address).await.ok()).await?;
        Ok(Self { address, child, _directory: directory })
    }
}

/// A client's view of the boards behind mosquitto.
pub(crate) struct World {
    pub(crate) address: SocketAddr,
    pub(crate) boards: Boards,
    pub(crate) asked: Asked,
    pub(crate) clock: Clock,
    ids: Vec<BoardId>,
    seqs: Vec<AtomicU32>,
}

impl World {
    /// For boards 0 to `count`, connected already.
    pub(crate) fn new(
        address: SocketAddr,
        boards: Boards,
        asked: Asked,
        clock: Clock,
        count: usize,
    ) -> anyhow::Result<Self> {
        let ids = (0..count).map(id_of).collect::<Result<_, _>>()?;
        let seqs = (0..count).map(|_| AtomicU32::new(0)).collect();
        Ok(Self { address, boards, asked, clock, ids, seqs })
    }

    /// One round: client → mosquitto → board → mosquitto → client.
    pub(crate) async fn round(self: &Arc<Self>, load: Load) -> anyhow::Result<Taps> {
        let mut clients = Vec::new();
        for (number, lanes) in load.lanes(self.ids.len()).into_iter().enumerate() {
            clients.push(Client::start(self.clone(), number, load.connections, lanes).await?);
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
        let ended = timeout(ROUND_TIMEOUT, all).await.context("a round through mosquitto is stuck");
        self.boards.check()?;
        ended??;
        taps.took_ns = self.clock.ns() - start_ns;
        Ok(taps)
    }
}

struct Client {
    world: Arc<World>,
    mqtt: Mqtt,
    lanes: Vec<Lane>,
    /// Lane, relay and moment of what is open, by the board's number and sequence.
    open: HashMap<(usize, NonZeroU32), (usize, Target, u64)>,
}

impl Client {
    async fn start(world: Arc<World>, number: usize, of: usize, lanes: Vec<Lane>) -> anyhow::Result<Self> {
        let mut connect = Connect::new(format!("bench-client-{number}"));
        connect.keep_alive = 60;
        let mut mqtt = Mqtt::connect(&Door::plain(world.address), Ipv4Addr::LOCALHOST, &connect).await?;
        for id in world.ids.iter().skip(number).step_by(of) {
            mqtt.subscribe(&Topic::Report.of(id)).await?;
        }
        Ok(Self { world, mqtt, lanes, open: HashMap::new() })
    }

    async fn run(mut self, commands: usize) -> anyhow::Result<Taps> {
        let mut taps = Taps::default();
        let mut asked = 0;
        while asked < commands.min(self.lanes.len()) {
            self.ask(asked)?;
            asked += 1;
        }
        self.mqtt.flush().await?;
        while taps.answered.len() < commands {
            let mut packet = Some(self.mqtt.next().await?);
            while let Some(arrived) = packet {
                if let Some(lane) = self.take(arrived, &mut taps)?
                    && asked < commands
                {
                    self.ask(lane)?;
                    asked += 1;
                }
                packet = self.mqtt.buffered()?;
            }
            self.mqtt.flush().await?;
        }
        Ok(taps)
    }

    fn ask(&mut self, lane: usize) -> anyhow::Result<()> {
        let target = self.lanes[lane].next();
        let seq = NonZeroU32::MIN.saturating_add(self.world.seqs[target.board].fetch_add(1, Ordering::Relaxed));
        let value = if self.world.asked.flip(target) { "true" } else { "false" };
        let id = OrderId { session: session_of(target.board), seq };
        let command = board::Command { id, deadline_ms: MAX_MS, endpoint: Endpoint::relay(target.relay + 1), value };
        self.open.insert((target.board, seq), (lane, target, self.world.clock.ns()));
        self.mqtt.publish(&Topic::Command.of(&self.world.ids[target.board]), command.encode(), false)?;
        Ok(())
    }

    /// The lane that is free again, when it was the report that answers a command.
    fn take(&mut self, packet: Packet, taps: &mut Taps) -> anyhow::Result<Option<usize>> {
        let Packet::Publish(publish) = packet else { return Ok(None) };
        self.mqtt.acknowledge(&publish)?;
        let (board, _) = Topic::parse(&publish.topic).context("a topic that nobody subscribed to")?;
        let number: usize = board.trim_start_matches("bench-").parse()?;
        let id = self.world.ids.get(number).context("a board that is none of ours")?;
        let said = decode(id, &publish.topic, &publish.payload, publish.retain);
        let Ok(Some(Said::Report(report))) = said else { bail!("a board said {said:?}") };
        let obeyed = report.obeyed.context("a report of no command")?;
        let Some((lane, target, sent_ns)) = self.open.remove(&(number, obeyed.seq)) else { return Ok(None) };
        taps.answered(&self.world.boards, target, sent_ns, self.world.clock.ns());
        Ok(Some(lane))
    }
}
