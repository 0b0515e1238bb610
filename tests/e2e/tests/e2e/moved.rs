//! A gateway whose address changes is found again, and an impostor that calls itself the same gets nothing. Gateway, board
//! and impostor are machines of their own here: network namespaces on one bridge.

use gatehouse_e2e::{Home, Process, board_program, within};
use rustix::process::Signal;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::AsFd;
use std::process::Command;
use std::time::Duration;
use tokio::net::UdpSocket;

const GATEWAY_WAS: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 2);
const GATEWAY_IS: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 9);
const BOARD: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 5);
const IMPOSTOR: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 66);

const MDNS: u16 = 5353;
const MDNS_GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);
/// What the header of an answer begins with (RFC 6762, section 18): no id; an answer, and an authoritative one.
const MDNS_ANSWER: [u8; 4] = [0, 0, 0x84, 0];

/// Silence, three attempts and the waits between them take a board half a minute; a busy machine may take longer.
const LOOKS_AROUND: Duration = Duration::from_secs(90);

/// Machines on one bridge. They are gone when this is dropped.
struct Net {
    /// Keeps it apart from those of other tests.
    name: String,
    machines: Vec<String>,
}

impl Net {
    fn new() -> Self {
        let name = format!("gatehouse-{}", std::process::id());
        let net = Self { machines: vec![name.clone()], name };
        net.ip(&["netns", "add", &net.name]);
        net.on(&net.name, "link add br0 type bridge");
        net.on(&net.name, "link set br0 up");
        net
    }

    fn ip(&self, arguments: &[&str]) {
        let needs = "this test makes network namespaces: it needs root, in a container CAP_SYS_ADMIN and CAP_NET_ADMIN, \
                     and Debian's package iproute2";
        let ran = Command::new("ip").args(arguments).output().unwrap_or_else(|error| panic!("{needs}: ip: {error}"));
        let said = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "{needs}: ip {arguments:?}: {said}");
    }

    /// `ip` on that machine.
    fn on(&self, machine: &str, arguments: &str) {
        self.ip(&[&["-n", machine], &arguments.split(' ').collect::<Vec<_>>()[..]].concat());
    }

    /// A machine with this address.
    fn machine(&mut self, what: &str, address: Ipv4Addr) -> String {
        let machine = format!("{}-{what}", self.name);
        self.ip(&["netns", "add", &machine]);
        self.machines.push(machine.clone());
        self.on(&self.name, &format!("link add {what} type veth peer name eth0 netns {machine}"));
        self.on(&self.name, &format!("link set {what} master br0 up"));
        self.on(&machine, &format!("addr add {address}/24 dev eth0"));
        self.on(&machine, "link set lo up");
        self.on(&machine, "link set eth0 up");
        machine
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        for machine in &self.machines {
            let _never_made = Command::new("ip").args(["netns", "delete", machine]).output();
        }
    }
}

/// From here on this thread is on that machine: what it opens and starts.
fn enter(machine: &str) {
    let namespace = File::open(format!("/var/run/netns/{machine}")).expect("a namespace");
    move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network)).expect("root may change over");
}

/// Starts the home's gateway anew with `from` replaced by `to` in its configuration.
async fn reconfigure(home: &mut Home, from: &str, to: &str) {
    home.stop().await;
    let text = std::fs::read_to_string(home.config()).expect("the configuration");
    assert!(text.contains(from), "{text}");
    std::fs::write(home.config(), text.replace(from, to)).expect("the configuration can be written");
    home.start().await;
}

fn has(packet: &[u8], part: &[u8]) -> bool {
    packet.windows(part.len()).any(|window| window == part)
}

/// Hears what is said by mDNS, from the impostor's machine.
struct Ear(UdpSocket);

impl Ear {
    fn new() -> Self {
        let socket = std::net::UdpSocket::bind((Ipv4Addr::UNSPECIFIED, MDNS)).expect("the port of mDNS");
        socket.join_multicast_v4(&MDNS_GROUP, &IMPOSTOR).expect("its group");
        socket.set_nonblocking(true).expect("a socket");
        Self(UdpSocket::from_std(socket).expect("a socket"))
    }

    /// The next packet from this address with all these parts, and who sent it.
    async fn hear(&self, what: &str, from: Ipv4Addr, parts: &[&[u8]]) -> (Vec<u8>, SocketAddr) {
        let hear = async {
            let mut buffer = [0; 9000];
            loop {
                let (size, sender) = self.0.recv_from(&mut buffer).await.expect("a packet");
                if sender.ip() == from && parts.iter().all(|part| has(&buffer[..size], part)) {
                    return (buffer[..size].to_vec(), sender);
                }
            }
        };
        within(LOOKS_AROUND, what, hear).await
    }
}

/// A gateway that moves, and all that must come of it. Runs on the gateway's machine.
async fn moves(net: &Net, here: &str, board_at: &str, there: &str) {
    let mut home = Home::claimed().await;
    reconfigure(&mut home, "tls_listen = \"127.0.0.1:", "tls_listen = \"0.0.0.0:").await;
    let port = home.daemon().ready.mqtts.expect("MQTT over TLS").port();
    let ca = home.daemon().ready.ca.clone().expect("the home has an authority");
    let secret = home.dir().join("secret");
    std::fs::write(&secret, "a secret of this test").expect("the secret can be written");
    let secret = secret.display().to_string();
    let registered = home.gatehouse(&["board", "register", "--id", "relay-1", "--secret-file", &secret]).await;
    assert_eq!(registered.code, Some(0), "{registered:?}");
    let mut command = tokio::process::Command::new("ip");
    command.args(["netns", "exec", board_at]).arg(board_program()).arg("--flash").arg(home.dir().join("flash"));
    command.args(["--id", "relay-1", "--secret-file", &secret, "--relays", "1"]).arg("--ca").arg(ca);
    command.args(["--gateway", &format!("{GATEWAY_WAS}:{port}")]);
    let mut board = Process::start("relay-1", command);
    let (_, next) = board.stderr_line(0, &format!("ready at {GATEWAY_WAS}:{port} with TLS")).await;

    // Another home's gateway, with an authority of its own.
    enter(there);
    let mut impostor = Home::unclaimed().await;
    let theirs = impostor.daemon().ready.mqtts.expect("MQTT over TLS");
    let (from, to) = (format!("\"{theirs}\"\n"), format!("\"0.0.0.0:{port}\"\n[mdns]\nenabled = false\n"));
    reconfigure(&mut impostor, &from, &to).await;
    let ear = Ear::new();
    enter(here);

    net.on(here, &format!("addr del {GATEWAY_WAS}/24 dev eth0"));
    net.on(here, &format!("addr add {GATEWAY_IS}/24 dev eth0"));
    let parts = [&MDNS_ANSWER[..], b"home=", &GATEWAY_IS.octets()];
    let (mut told, _) = ear.hear("the gateway should tell its new address", GATEWAY_IS, &parts).await;
    // What the impostor says is what the gateway said, but for the address; and it is the first to answer, since the gateway
    // cannot before.
    home.daemon().process().signal(Signal::STOP);
    let at = told.windows(4).position(|window| window == GATEWAY_IS.octets()).expect("its address");
    told[at..at + 4].copy_from_slice(&IMPOSTOR.octets());
    let (_, asker) = ear.hear("the board should look around", BOARD, &[b"_gatehouse-hub"]).await;
    ear.0.send_to(&told, asker).await.expect("an answer");
    home.daemon().process().signal(Signal::CONT);

    let (_, next) = board.stderr_line(next, "asking the network where it is").await;
    let (refused, next) = board.stderr_line(next, &format!("cannot connect to {IMPOSTOR}:{port}")).await;
    assert!(refused.contains("it is not the gateway of this home"), "{refused}");
    let (_, next) = board.stderr_line(next, &format!("the gateway is at {GATEWAY_IS}:{port} now")).await;
    board.stderr_line(next, &format!("ready at {GATEWAY_IS}:{port} with TLS")).await;
    let switch = home.owner().switches().await.remove(0).id;
    assert_eq!(home.owner().set(&switch, true).await.outcome, "CONFIRMED");
    let knows_it = |home: &mut Home| home.daemon().process().stderr_so_far().join("\n").contains("relay-1");
    assert!(knows_it(&mut home));
    assert!(!knows_it(&mut impostor), "the impostor learnt who the board is");
    assert_eq!(home.stop().await.code, Some(0));
}

#[test]
fn a_gateway_that_moved_is_found_and_an_impostor_gets_nothing() {
    let mut net = Net::new();
    let here = net.machine("gateway", GATEWAY_WAS);
    let board_at = net.machine("board", BOARD);
    let there = net.machine("impostor", IMPOSTOR);
    // A thread of its own: no other test is to find itself on one of these machines.
    let ended = std::thread::scope(|scope| {
        let run = || {
            enter(&here);
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(moves(&net, &here, &board_at, &there));
        };
        scope.spawn(run).join()
    });
    if let Err(panic) = ended {
        std::panic::resume_unwind(panic);
    }
}
