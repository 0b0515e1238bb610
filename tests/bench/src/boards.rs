//! Boards come in: from the plug to the first tap, many in a row, and how soon the gateway knows of one that is in the network. The boards
//! are the firmware itself, as processes; the gateway is the real one, and what a person does takes no time.

use crate::child::Child;
use crate::clock::Clock;
use crate::gateway::Home;
use crate::graphql::{self, Frame, SetSwitch};
use crate::http::Http;
use crate::websocket::Socket;
use anyhow::Context;
use gatehouse_e2e::{Net, Process, board_program};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;
use tokio::process::Command;
use tokio::time::timeout;

mod page;

pub(crate) use page::write as page;

/// The longest that anything of a board may take; a claim ends by itself within 90 s.
const PATIENCE: Duration = Duration::from_secs(100);
const GATEWAY: Ipv4Addr = Ipv4Addr::new(10, 78, 2, 2);
const BOARD: Ipv4Addr = Ipv4Addr::new(10, 78, 2, 5);

const BOARDS: &str = "subscription { boardsChanged { id source location state boardId } }";
const SWITCHES: &str = "subscription { switchChanged { id availability } }";

/// How many of everything.
pub(crate) struct Scale {
    /// Homes, each with one board that comes in.
    pub(crate) homes: usize,
    /// Boards of one home that come in one after the other.
    pub(crate) row: usize,
    /// Boards that are noticed in the network.
    pub(crate) noticed: usize,
}

/// What was measured.
pub(crate) struct Results {
    /// The first board of a home.
    first: Row,
    /// Many of one home, one after the other.
    row: Row,
    /// None where network namespaces cannot be made.
    network: Option<Network>,
}

/// Boards that came in by their cable.
#[derive(Default)]
struct Row {
    came: Vec<Came>,
    failed: usize,
    took_ns: u64,
}

/// When a board had come how far, in nanoseconds from the plug.
struct Came {
    ready_ns: u64,
    claimed_ns: u64,
    tapped_ns: u64,
}

/// Boards in the network, in nanoseconds.
#[derive(Default)]
struct Network {
    /// From the start of its program to the gateway listing it.
    listed: Vec<u64>,
    /// From the press of FLASH to the gateway saying that it can be claimed.
    open: Vec<u64>,
}

/// Runs it. A board that does not come in is counted, and why is told on standard error.
pub(crate) async fn run(program: &Path, clock: Clock, scale: &Scale) -> anyhow::Result<Results> {
    let mut first = Row::default();
    for home in 0..scale.homes {
        eprintln!("a home's first board, {} of {} …", home + 1, scale.homes);
        let one = by_cable(program, clock, 1).await?;
        first.came.extend(one.came);
        first.failed += one.failed;
    }
    eprintln!("{} boards in a row …", scale.row);
    let row = by_cable(program, clock, scale.row).await?;
    let network = rustix::process::geteuid().is_root().then(|| {
        eprintln!("boards in the network …");
        let mut net = Net::new("bench");
        let (here, there) = (net.machine("gateway", GATEWAY), net.machine("board", BOARD));
        // Nothing else runs in this thread that it would keep waiting.
        net.run_on(&here, || noticed(program, clock, scale.noticed, &there))
    });
    Ok(Results { first, row, network: network.transpose().context("boards in the network")? })
}

/// A gateway with an owner who looks on.
struct House {
    gateway: Child,
    owner: Http,
    screen: Screen,
    clock: Clock,
    home: Home,
}

impl House {
    async fn new(home: Home, clock: Clock) -> anyhow::Result<Self> {
        let mut gateway = home.start()?;
        home.ready(&mut gateway).await?;
        let token = home.claim(&mut gateway).await?;
        let owner = Http::connect(home.http, Some(&token)).await?;
        let screen = Screen::open(&home, &token).await?;
        Ok(Self { gateway, owner, screen, clock, home })
    }
}

async fn by_cable(program: &Path, clock: Clock, count: usize) -> anyhow::Result<Row> {
    let mut house = House::new(Home::new(program)?, clock).await?;
    let (mut row, mut boards) = (Row::default(), Vec::new());
    let start_ns = clock.ns();
    for number in 0..count {
        let port = format!("tty{number}");
        let from_ns = clock.ns();
        let mut board = plug_in(&house.home, &port);
        match comes_in(&mut house, &port, from_ns).await {
            Ok(came) => row.came.push(came),
            Err(error) => {
                eprintln!(
                    "board {number} did not come in: {error:#}; it said last: {:?}",
                    board.stderr_so_far().last()
                );
                row.failed += 1;
            }
        }
        // There is one cable. The board goes on without it.
        board.say("unplug").await;
        boards.push(board);
    }
    row.took_ns = clock.ns() - start_ns;
    drop(boards);
    house.gateway.stop().await?;
    Ok(row)
}

/// A board of two relays that knows no home, within reach of the home's Wi-Fi.
fn plug_in(home: &Home, port: &str) -> Process {
    let mut command = Command::new(board_program());
    command.arg("--flash").arg(home.path(&format!("flash-{port}"))).arg("--serial").arg(home.path(port));
    command.args(["--relays", "2", "--network", "house:the password"]);
    Process::start(port, command)
}

async fn comes_in(house: &mut House, port: &str, from_ns: u64) -> anyhow::Result<Came> {
    let House { owner, screen, clock, home, .. } = house;
    let location = home.path(port).display().to_string();
    let wanted = |shown: &Shown| shown.board(|board| board["location"] == *location && board["state"] == "READY");
    let board = screen.until("a board that can be claimed", wanted).await?;
    let ready_ns = clock.ns() - from_ns;

    let wifi = json!({ "ssid": "house", "password": "the password" });
    let input = json!({ "boardId": board["id"], "name": format!("Board at {port}"), "wifi": wifi });
    let claim = graphql::mutation("claimDevice", "ClaimDeviceInput", "{ id }", &input);
    let claim: Value = graphql::read(&owner.graphql(&claim).await?)?;
    let id = claim["claimDevice"]["id"].as_str().context("a claim without an id")?;
    screen.follow(id).await?;
    let progress = screen.until("the end of the claim", Shown::ended).await?;
    let claimed_ns = clock.ns() - from_ns;

    let switch = progress["device"]["switches"][0]["id"].as_str().with_context(|| format!("no device: {progress}"))?;
    screen.until("a switch that is online", |shown| shown.online.contains(switch).then_some(())).await?;
    let tap: SetSwitch = graphql::read(&owner.graphql(&graphql::set_switch(switch, true)).await?)?;
    tap.confirmed()?;
    Ok(Came { ready_ns, claimed_ns, tapped_ns: clock.ns() - from_ns })
}

/// Boards of the network that come and go one after the other.
async fn noticed(program: &Path, clock: Clock, count: usize, there: &str) -> anyhow::Result<Network> {
    let mut house = House::new(Home::in_network(program)?, clock).await?;
    let mut network = Network::default();
    for number in 0..count {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", there]).arg(board_program());
        command.arg("--flash").arg(house.home.path(&format!("flash{number}")));
        command.args(["--relays", "2", "--wifi", "house:the password"]);
        let start_ns = clock.ns();
        let mut board = Process::start("board", command);
        let is = |state: &'static str| move |shown: &Shown| shown.board(|board| board["state"] == state);
        house.screen.until("a board in the network", is("NOTICED")).await?;
        network.listed.push(clock.ns() - start_ns);
        let start_ns = clock.ns();
        board.say("flash-button").await;
        house.screen.until("a board whose window is open", is("READY")).await?;
        network.open.push(clock.ns() - start_ns);
        board.say("quit").await;
        board.ended().await;
        house.screen.until("nothing any more", |shown| shown.boards.is_empty().then_some(())).await?;
    }
    house.gateway.stop().await?;
    Ok(network)
}

/// What an owner's screen shows.
#[derive(Default)]
struct Shown {
    boards: Vec<Value>,
    online: HashSet<String>,
    /// Of the claim that is followed.
    progress: Value,
}

impl Shown {
    fn board(&self, wanted: impl Fn(&Value) -> bool) -> Option<Value> {
        self.boards.iter().find(|board| wanted(board)).cloned()
    }

    fn ended(&self) -> Option<Value> {
        (self.progress["done"] == true).then(|| self.progress.clone())
    }
}

struct Screen {
    socket: Socket,
    shown: Shown,
    /// The operation that follows the claim.
    following: String,
}

impl Screen {
    async fn open(home: &Home, token: &str) -> anyhow::Result<Self> {
        let mut socket = Socket::connect(home.http, token).await?;
        socket.subscribe("boards", &graphql::query(BOARDS)).await?;
        socket.subscribe("switches", &graphql::query(SWITCHES)).await?;
        socket.flush().await?;
        Ok(Self { socket, shown: Shown::default(), following: String::new() })
    }

    /// Follows this claim, and none before it.
    async fn follow(&mut self, claim: &str) -> anyhow::Result<()> {
        let fields = "{ step done error message device { switches { id } } }";
        let query = format!("subscription {{ claimProgress(claimId: \"{claim}\") {fields} }}");
        (self.following, self.shown.progress) = (claim.to_owned(), Value::Null);
        self.socket.subscribe(claim, &graphql::query(&query)).await?;
        self.socket.flush().await
    }

    /// What `wanted` finds on the screen, once it is there.
    async fn until<T>(&mut self, what: &str, wanted: impl Fn(&Shown) -> Option<T>) -> anyhow::Result<T> {
        let wait = async {
            loop {
                if let Some(found) = wanted(&self.shown) {
                    return Ok(found);
                }
                let text = self.socket.next().await?;
                self.hear(&text)?;
            }
        };
        timeout(PATIENCE, wait).await.with_context(|| format!("waited in vain for {what}"))?
    }

    fn hear(&mut self, text: &str) -> anyhow::Result<()> {
        let frame = Frame::<Value>::read(text)?;
        anyhow::ensure!(frame.kind != "error", "the gateway said {text}");
        let Some(payload) = frame.payload else { return Ok(()) };
        let mut data = payload.data()?;
        match frame.id {
            "boards" => self.shown.boards = serde_json::from_value(data["boardsChanged"].take())?,
            "switches" => {
                let switch = &data["switchChanged"];
                let id = switch["id"].as_str().context("a switch without an id")?;
                if switch["availability"] == "ONLINE" {
                    self.shown.online.insert(id.to_owned());
                } else {
                    self.shown.online.remove(id);
                }
            }
            id if id == self.following => self.shown.progress = data["claimProgress"].take(),
            _ => {}
        }
        Ok(())
    }
}
