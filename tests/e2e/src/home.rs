//! A home in a directory of its own: configuration, daemon, boards, people.

use crate::board::{Board, Wiring};
use crate::client::Client;
use crate::daemon::Daemon;
use crate::impostor::Impostor;
use crate::process::{Ended, Process};
use crate::recorder::Recorder;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;
use tokio::net::TcpSocket;

/// The owner's name.
pub const OWNER: &str = "Ana";
/// The owner's password.
pub const PASSWORD: &str = "seven quiet lamps";

/// What claims a gateway.
pub fn claim_input(code: &str) -> Value {
    json!({ "input": { "code": code, "homeName": "Mill House", "memberName": OWNER, "password": PASSWORD } })
}

/// A port that nobody else gets, but that the daemon may listen on, again and again.
#[derive(Debug)]
struct Port {
    address: SocketAddr,
    _bound: TcpSocket,
}

impl Port {
    fn reserve() -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        // Bound and never listening: the system gives the port to nobody who asks for any, and lets those listen who
        // name it.
        socket.set_reuseaddr(true).expect("SO_REUSEADDR");
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free port");
        Self { address: socket.local_addr().expect("its address"), _bound: socket }
    }
}

/// A home. Its processes end, and its directory goes, when this is dropped.
#[derive(Debug)]
pub struct Home {
    // First, so that the daemon is gone before its directory.
    daemon: Option<Daemon>,
    owner: Option<Client>,
    boards: AtomicU32,
    http: Port,
    mqtt: Port,
    mqtts: Port,
    /// The authority that clients trust, where they speak TLS.
    ca: Option<PathBuf>,
    recorded: Option<Recorded>,
    dir: TempDir,
}

/// All ways to a home's daemon over which its clients go, recorded.
#[derive(Debug)]
pub struct Recorded {
    /// To the API.
    pub http: Recorder,
    /// To MQTT.
    pub mqtt: Recorder,
}

impl Home {
    /// A new gateway that has no owner yet.
    pub async fn unclaimed() -> Self {
        let mut home = Self::new();
        let (http, mqtt, mqtts) = (home.http.address, home.mqtt.address, home.mqtts.address);
        home.configure(&format!(
            "[http]\nlisten = \"{http}\"\nplain = true\n[mqtt]\nlisten = \"{mqtt}\"\ntls_listen = \"{mqtts}\"\n"
        ));
        home.start().await;
        home
    }

    /// As [`Self::unclaimed`], over TLS only.
    pub async fn unclaimed_over_tls() -> Self {
        let mut home = Self::new();
        let (https, mqtts) = (home.http.address, home.mqtts.address);
        home.configure(&format!(
            "[http]\nlisten = \"\"\ntls_listen = \"{https}\"\n[mqtt]\nlisten = \"\"\ntls_listen = \"{mqtts}\"\n"
        ));
        home.start().await;
        home.ca = home.daemon().ready.ca.clone();
        home
    }

    /// The same home; from now on clients and boards go over ways that are recorded.
    #[must_use]
    pub async fn recorded(self) -> Self {
        let http = Recorder::start(self.http.address).await;
        let mqtt = Recorder::start(self.listens().address).await;
        Self { recorded: Some(Recorded { http, mqtt }), ..self }
    }

    fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("gatehouse-e2e-").tempdir().expect("a temporary directory");
        let [http, mqtt, mqtts] = [(); 3].map(|()| Port::reserve());
        Self { daemon: None, owner: None, boards: AtomicU32::new(0), http, mqtt, mqtts, ca: None, recorded: None, dir }
    }

    fn configure(&self, sections: &str) {
        // Its own boards may be plugged in; those of whoever runs this are left alone.
        let ports = self.dir.path().join("tty*");
        let config = format!("data_dir = {:?}\n{sections}[serial]\nports = [{ports:?}]\n", self.data_dir());
        std::fs::write(self.config(), config).expect("the configuration can be written");
    }

    /// The same home, restarted with these lines at the end of its configuration file.
    pub async fn restart_with(&mut self, lines: &str) {
        self.stop().await;
        let before = std::fs::read_to_string(self.config()).expect("the configuration can be read");
        std::fs::write(self.config(), before + lines).expect("the configuration can be written");
        self.start().await;
    }

    /// The same, and it goes by the address that its clients use, so that others can send people there.
    pub async fn restart_in_public_with(&mut self, lines: &str) {
        let before = std::fs::read_to_string(self.config()).expect("the configuration can be read");
        let public = format!("[http]\npublic_name = \"{}\"\n", self.http.address);
        std::fs::write(self.config(), before.replacen("[http]\n", &public, 1)).expect("it can be written");
        self.restart_with(lines).await;
    }

    /// A new gateway that [`OWNER`] has claimed.
    pub async fn claimed() -> Self {
        let mut home = Self::unclaimed().await;
        home.claim().await;
        home
    }

    /// Makes [`OWNER`] its owner.
    ///
    /// # Panics
    /// When it has one.
    pub async fn claim(&mut self) {
        let code = self.daemon().ready.claim_code.clone().expect("a new gateway has a claim code");
        let document = "mutation ($input: ClaimGatewayInput!) { claimGateway(input: $input) { token } }";
        let session: Value = self.visitor().ask("claimGateway", document, claim_input(&code)).await;
        let token = session["token"].as_str().expect("a program gets a token").to_owned();
        self.owner = Some(self.visitor().with_token(Some(token)));
    }

    /// The configuration file.
    pub fn config(&self) -> PathBuf {
        self.dir.path().join("config.toml")
    }

    /// The directory of everything.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The data directory.
    pub fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// Where MQTT is.
    pub fn mqtt(&self) -> SocketAddr {
        self.recorded.as_ref().map_or(self.listens().address, |recorded| recorded.mqtt.address())
    }

    /// Where MQTT is that clients use.
    fn listens(&self) -> &Port {
        if self.ca.is_some() { &self.mqtts } else { &self.mqtt }
    }

    /// The home's authority, where clients speak TLS.
    pub fn ca(&self) -> Option<&Path> {
        self.ca.as_deref()
    }

    /// What clients and boards said and heard so far, where it is recorded.
    pub fn record(&self) -> Option<&Recorded> {
        self.recorded.as_ref()
    }

    /// The daemon.
    ///
    /// # Panics
    /// When it does not run.
    pub fn daemon(&mut self) -> &mut Daemon {
        self.daemon.as_mut().expect("the daemon runs")
    }

    /// Starts the daemon again.
    pub async fn start(&mut self) {
        self.daemon = Some(Daemon::start(&self.config()).await);
    }

    /// Stops the daemon as systemd would.
    pub async fn stop(&mut self) -> Ended {
        self.daemon.take().expect("the daemon runs").stop().await
    }

    /// Kills the daemon.
    pub async fn kill(&mut self) {
        self.daemon.take().expect("the daemon runs").kill().await;
    }

    /// Someone who is not signed in.
    pub fn visitor(&self) -> Client {
        let address = self.recorded.as_ref().map_or(self.http.address, |recorded| recorded.http.address());
        self.ca.as_ref().map_or_else(|| Client::new(address, None), |ca| Client::over_tls(address, ca))
    }

    /// The owner, signed in.
    ///
    /// # Panics
    /// When the home is not claimed.
    pub fn owner(&self) -> Client {
        self.owner.clone().expect("the home is claimed")
    }

    /// The owner on another screen: a session of its own.
    pub async fn sign_in(&self) -> Client {
        let document = "mutation ($input: SignInInput!) { signIn(input: $input) { token } }";
        let input = json!({ "input": { "name": OWNER, "password": PASSWORD } });
        let session: Value = self.visitor().ask("signIn", document, input).await;
        self.visitor().with_token(session["token"].as_str().map(str::to_owned))
    }

    /// Makes a room. What was written before it is on disk when this returns.
    pub async fn room(&self, name: &str) {
        let document = "mutation ($input: CreateRoomInput!) { createRoom(input: $input) { id } }";
        let _: Value = self.owner().ask("createRoom", document, json!({ "input": { "name": name } })).await;
    }

    /// The program with this home's configuration and these arguments, to its end.
    pub async fn gatehouse(&self, arguments: &[&str]) -> Ended {
        let mut command = Daemon::program(&self.config());
        command.args(arguments);
        Process::run("gatehouse", command).await
    }

    /// A board of these many relays, registered, running and ready.
    pub async fn board(&self, name: &str, relays: usize) -> Board {
        self.ready(self.register(name, relays).await).await
    }

    /// The same over TLS, and it holds the home's authority.
    pub async fn board_over_tls(&mut self, name: &str, relays: usize) -> Board {
        let ca = self.daemon().ready.ca.clone().expect("the home has an authority");
        let wiring = self.register(name, relays).await;
        let wiring = Wiring { gateway: self.mqtts.address, ca: Some(ca), ..wiring };
        self.ready(wiring).await
    }

    async fn ready(&self, wiring: Wiring) -> Board {
        let relays = wiring.relays;
        let mut watch = self.owner().watch(&wiring.switches).await;
        let mut board = wiring.start();
        board.booted(&vec![false; relays]).await;
        watch.all(board.switches(), "the board should be online", |s| s.is_online() && s.on.is_some()).await;
        board
    }

    /// A board that was registered with one secret and has another.
    pub async fn board_with_wrong_secret(&self, name: &str) -> Board {
        let wiring = self.register(name, 1).await;
        std::fs::write(&wiring.secret_file, "somebody else's secret").expect("the secret can be written");
        wiring.start()
    }

    /// A registered board that a test plays itself; it is not connected.
    pub async fn impostor(&self, name: &str, relays: usize) -> Impostor {
        Impostor::new(self.register(name, relays).await, self.owner())
    }

    async fn register(&self, name: &str, relays: usize) -> Wiring {
        let number = self.boards.fetch_add(1, Ordering::Relaxed) + 1;
        let id = format!("relay-{number:06}");
        let file = |extension: &str| self.dir.path().join(format!("{id}.{extension}"));
        let (secret_file, flash) = (file("secret"), file("flash"));
        std::fs::write(&secret_file, format!("secret of {id} in this test")).expect("the secret can be written");
        let shown = secret_file.display().to_string();
        let count = relays.to_string();
        let arguments = ["board", "register", "--id", &id, "--secret-file", &shown, "--name", name, "--relays", &count];
        let ended = self.gatehouse(&arguments).await;
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{arguments:?}");
        let all = self.owner().switches().await;
        let mut own: Vec<_> = all.into_iter().filter(|s| s.device.as_ref().is_some_and(|d| d.name == name)).collect();
        // "Kitchen 10" comes behind "Kitchen 9".
        own.sort_by_key(|switch| (switch.name.len(), switch.name.clone()));
        let switches = own.into_iter().map(|switch| switch.id).collect();
        let (name, gateway, ca) = (name.to_owned(), self.mqtt(), self.ca.clone());
        Wiring { id, name, relays, secret_file, flash, gateway, ca, provisioned: false, mac: None, switches }
    }
}
