//! One random client that breaks what rules there are.

use crate::client::{Client, Login, field, packet, publish, subscribe};
use crate::client5::{Login5, publish5, session_expiry, will_delay};
use crate::tls::BOARDS_NAME;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// Credentials of boards that they have come by.
pub(super) const BOARDS: [&str; 3] = ["relay-1", "relay-2", "relay-3"];
/// Credentials of which each is used once, by [`mute`].
pub(super) const MUTE_BOARDS: [&str; 2] = ["mute-1", "mute-2"];
/// Client ids that they share, and take from each other.
pub(super) const IDS: [&str; 4] = ["a", "b", "c", "d"];
/// How long one waits for an edge that does not read, and for an answer.
const PATIENCE: Duration = Duration::from_secs(3);
const GLANCE: Duration = Duration::from_millis(5);
const ORDER: &str = "c0ffee01 1 5000 relay-1/on false";

/// Plain or TLS.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// Random numbers of one session.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64, session: u64) -> Self {
        Self(seed ^ session.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn one_in(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn bytes(&mut self, longest: usize) -> Vec<u8> {
        (0..self.below(longest)).map(|_| self.next() as u8).collect()
    }

    fn damage(&mut self, bytes: &mut [u8]) {
        for _ in 0..=self.below(3) {
            let at = self.below(bytes.len());
            bytes[at] = self.next() as u8;
        }
    }
}

/// Where the edge listens.
pub(super) struct Place {
    pub(super) plain: SocketAddr,
    pub(super) tls: SocketAddr,
    pub(super) config: Arc<ClientConfig>,
}

/// Where they come from: not the address of those who behave, which would share its limits.
pub(super) fn addresses() -> impl Iterator<Item = Ipv4Addr> {
    (2..=7).map(|last| Ipv4Addr::new(127, 0, 0, last))
}

pub(super) async fn connect(to: SocketAddr, from: Ipv4Addr) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((IpAddr::V4(from), 0).into())?;
    socket.connect(to).await
}

pub(super) type Vandal = Client<Box<dyn Stream>>;

/// A whole session; gives the connection back when it is to be left open and mute.
pub(super) async fn session(place: Arc<Place>, mut dice: Dice) -> Option<Vandal> {
    let mut client = enter(&place, &mut dice).await?;
    if dice.one_in(400) {
        return stall(client, &mut dice).await;
    }
    let v5 = dice.one_in(2);
    let mut hello = if v5 { login5(&mut dice) } else { login(&mut dice) };
    match dice.below(24) {
        0 => hello.truncate(dice.below(hello.len())),
        1 => dice.damage(&mut hello),
        2 => hello = dice.bytes(200),
        3 => hello.extend_from_within(..),
        4 => {
            hello.truncate(dice.below(3));
            send(&mut client, &hello).await?;
            return Some(client);
        }
        _ => {}
    }
    send(&mut client, &hello).await?;
    if dice.one_in(60) {
        return Some(client);
    }
    if !dice.one_in(4) {
        glance(&mut client).await;
    }
    for _ in 0..dice.below(10) {
        let mut bytes = act(&mut dice, v5);
        if dice.one_in(12) && !bytes.is_empty() {
            dice.damage(&mut bytes);
        }
        send(&mut client, &bytes).await?;
        if dice.one_in(2) {
            glance(&mut client).await;
        }
    }
    leave(client, &mut dice, v5).await
}

/// Asks for all it can have, then neither reads nor acknowledges any of it.
async fn stall(mut client: Vandal, dice: &mut Dice) -> Option<Vandal> {
    let board = dice.of(&BOARDS);
    let (hello, filter) = match dice.one_in(3) {
        true => (Login { keep_alive: 3_600, ..Login::of(board) }, format!("homie/5/{board}/$command")),
        false => (Login { id: "", keep_alive: 0, ..Login::of("vandal") }, "#".to_owned()),
    };
    send(&mut client, &[hello.bytes(), subscribe(&[(&filter, 1)])].concat()).await?;
    Some(client)
}

/// One connection for each verdict that takes its time: half a CONNECT, no word within its keep-alive, and orders that
/// are not acknowledged.
pub(super) async fn mute(place: &Place) -> [Vandal; 3] {
    let [silent, busy] = MUTE_BOARDS;
    let mut hello = Login::of(silent).bytes();
    hello.pop();
    let silent = Login { keep_alive: 1, ..Login::of(silent) }.bytes();
    let orders = format!("homie/5/{busy}/$command");
    let busy = [Login { keep_alive: 3_600, ..Login::of(busy) }.bytes(), subscribe(&[(&orders, 1)])].concat();
    let mut all = Vec::new();
    for (from, bytes) in addresses().zip([hello, silent, busy]) {
        let mut client: Vandal = Client { stream: Box::new(connect(place.plain, from).await.unwrap()) };
        send(&mut client, &bytes).await.unwrap();
        all.push(client);
    }
    all.try_into().ok().unwrap()
}

async fn enter(place: &Place, dice: &mut Dice) -> Option<Vandal> {
    let all: Vec<Ipv4Addr> = addresses().collect();
    let from = dice.of(&all);
    if !dice.one_in(10) {
        return Some(Client { stream: Box::new(connect(place.plain, from).await.ok()?) });
    }
    let stream = connect(place.tls, from).await.ok()?;
    if dice.one_in(2) {
        // Speaks no TLS there.
        return Some(Client { stream: Box::new(stream) });
    }
    let name = ServerName::try_from(BOARDS_NAME).unwrap();
    let shaken = timeout(PATIENCE, TlsConnector::from(place.config.clone()).connect(name, stream)).await;
    Some(Client { stream: Box::new(shaken.ok()?.ok()?) })
}

/// Ends the session where the edge does not take it.
async fn send(client: &mut Vandal, bytes: &[u8]) -> Option<()> {
    timeout(PATIENCE, client.stream.write_all(bytes)).await.ok()?.ok()
}

/// Reads something of what came, if anything did.
async fn glance(client: &mut Vandal) {
    let _ = timeout(GLANCE, client.stream.read(&mut [0; 512])).await;
}

async fn leave(mut client: Vandal, dice: &mut Dice, v5: bool) -> Option<Vandal> {
    let mut half = act(dice, v5);
    half.truncate(dice.below(half.len() + 1));
    match dice.below(8) {
        0 => send(&mut client, &[0xe0, 0]).await?,
        // With the will.
        1 if v5 => send(&mut client, &[0xe0, 1, 4]).await?,
        2 => send(&mut client, &half).await?,
        3 => {
            let _ = timeout(PATIENCE, client.stream.shutdown()).await;
        }
        4 => return Some(client),
        5 => {
            send(&mut client, &half).await?;
            return Some(client);
        }
        _ => {}
    }
    None
}

/// Boards, integrations, and now and then nobody.
fn user(dice: &mut Dice) -> &'static str {
    match dice.below(20) {
        0..7 => dice.of(&BOARDS),
        7..16 => "vandal",
        16..19 => "garden",
        _ => "nobody",
    }
}

fn id(dice: &mut Dice, user: &'static str) -> &'static str {
    match user {
        "vandal" | "garden" => dice.of(&["a", "b", "c", "d", ""]),
        _ if dice.one_in(12) => "good-1",
        board => board,
    }
}

fn login(dice: &mut Dice) -> Vec<u8> {
    let user = user(dice);
    let mut login = Login { id: id(dice, user), keep_alive: dice.of(&[0, 1, 2, 10]), ..Login::of(user) };
    if dice.one_in(200) {
        login.password = Some("guessed".to_owned());
    }
    let (topic, order) = (topic(dice), ORDER.to_owned());
    if dice.one_in(4) {
        login.will = Some((&topic, &order, dice.one_in(2)));
    }
    let mut bytes = login.bytes();
    if dice.one_in(3) {
        // Not clean: the session stays.
        bytes[9] &= !2;
    }
    bytes
}

fn login5(dice: &mut Dice) -> Vec<u8> {
    let user = if dice.one_in(8) { user(dice) } else { "vandal" };
    let mut login = Login5 {
        id: id(dice, user),
        clean: dice.one_in(2),
        keep_alive: dice.of(&[0, 1, 2, 10]),
        properties: if dice.one_in(2) { session_expiry(dice.below(4) as u32) } else { vec![] },
        ..Login5::of(user)
    };
    if dice.one_in(4) {
        login.properties.extend([0x21, 0, 1 + dice.below(3) as u8]);
    }
    let topic = topic(dice);
    if dice.one_in(4) {
        let properties = if dice.one_in(2) { will_delay(dice.below(3) as u32) } else { vec![] };
        login.will = Some((properties, &topic, ORDER));
    }
    login.bytes()
}

fn topic(dice: &mut Dice) -> String {
    let board = dice.of(&["good-1", "good-2", "good-3", "good-4", "relay-1", "relay-2", "relay-3", "foreign"]);
    let last = dice.of(&["$command", "$state", "$report", "$description", "relay-1/on/set", "relay-1/on", "", "x/y"]);
    match dice.below(10) {
        0..5 => format!("homie/5/{board}/{last}"),
        5..8 => format!("garden/{}", dice.below(200)),
        8 => dice.of(&["$SYS/x", "", "/", "a+", "#", "a/\u{fc}", "$share/g/a"]).to_owned(),
        _ => "deep/".repeat(dice.below(20)),
    }
}

fn filter(dice: &mut Dice) -> String {
    let shared = dice.of(&["", "", "", "$share/g/", "$share/h/", "$share//"]);
    let all =
        ["#", "+", "garden/#", "garden/+", "homie/5/+/$report", "homie/5/#", "$SYS/#", "a/#/b", "homie/5/good-1/#"];
    if dice.one_in(3) { shared.to_owned() + &topic(dice) } else { shared.to_owned() + dice.of(&all) }
}

fn payload(dice: &mut Dice) -> String {
    match dice.below(5) {
        0 => String::new(),
        1 => "c0ffee01 1 1 relay-1/on true button -".to_owned(),
        2 => ORDER.to_owned(),
        3 => "ready".to_owned(),
        _ => "x".repeat(dice.below(600)),
    }
}

fn a_publish(dice: &mut Dice, v5: bool, qos: u8, retain: bool) -> Vec<u8> {
    let (topic, payload, id) = (topic(dice), payload(dice), dice.below(9) as u16);
    if v5 { publish5(&topic, &payload, qos, retain, id, b"") } else { publish(&topic, &payload, qos, retain, id) }
}

/// One or many packets, wrong or right.
fn act(dice: &mut Dice, v5: bool) -> Vec<u8> {
    let filters: Vec<(String, u8)> = (0..1 + dice.below(24)).map(|_| (filter(dice), dice.below(3) as u8)).collect();
    match dice.below(13) {
        qos @ 0..3 => a_publish(dice, v5, qos as u8, true),
        3 => (0..60).flat_map(|_| a_publish(dice, v5, 0, true)).collect(),
        4 => {
            // Nothing wrong with each of them.
            let many = if dice.one_in(8) { 6_000 } else { 100 };
            let plain = |i: &str| match v5 {
                true => publish5("garden/x", i, 0, false, 0, b""),
                false => publish("garden/x", i, 0, false, 0),
            };
            (0..many).flat_map(|i: usize| plain(&i.to_string())).collect()
        }
        // Begun, and never released.
        5 => (1..8).flat_map(|_| a_publish(dice, v5, 2, false)).collect(),
        6 => {
            let asked: Vec<(&str, u8)> = filters.iter().map(|(filter, qos)| (&**filter, *qos)).collect();
            if v5 { subscribe_v5(&asked) } else { subscribe(&asked) }
        }
        7 => {
            let id: &[u8] = if v5 { &[0, 3, 0] } else { &[0, 3] };
            packet(0xa2, &[id, &field(&filters[0].0)].concat())
        }
        8 => packet(dice.of(&[0x40, 0x50, 0x62, 0x70]), &[0, dice.below(12) as u8]),
        9 => vec![0xc0, 0],
        10 => packet(0x30, &[0; 5_000]),
        // What boards have to, to get orders.
        11 => subscribe(&BOARDS.map(|id| (format!("homie/5/{id}/$command"), 1)).each_ref().map(|(f, q)| (&**f, *q))),
        _ => dice.bytes(300),
    }
}

fn subscribe_v5(asked: &[(&str, u8)]) -> Vec<u8> {
    let filters: Vec<u8> = asked.iter().flat_map(|(filter, qos)| [field(filter), vec![*qos]].concat()).collect();
    packet(0x82, &[&[0, 9, 0][..], &filters].concat())
}
