//! A gateway whose address changes is found again, and an impostor that calls itself the same gets nothing. Gateway, board
//! and impostor are machines of their own here: network namespaces on one bridge.

use gatehouse_e2e::{Home, Net, Process, board_program, enter, reconfigure, within};
use rustix::process::Signal;
use std::net::{Ipv4Addr, SocketAddr};
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
    let mut net = Net::new("moved");
    let here = net.machine("gateway", GATEWAY_WAS);
    let board_at = net.machine("board", BOARD);
    let there = net.machine("impostor", IMPOSTOR);
    net.run_on(&here, || moves(&net, &here, &board_at, &there));
}
