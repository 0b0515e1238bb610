//! The gateway's side of a claim against boards that keep to the exchange, and ones that do not. Connections are real; where a deadline is
//! to pass, the clock is stopped once everything before has been heard, so that nothing is waited for.

use super::*;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::agreement::{EphemeralPrivateKey, UnparsedPublicKey, X25519, agree_ephemeral};
use ring::{digest, hkdf};
use tokio::net::TcpListener;
use tokio::time::Instant;

const ID: &str = "relay-a1b2c3";
const KEY: usize = 32;

/// What a board says of itself behind its key.
fn texts(id: &str) -> Vec<u8> {
    let all = [id, "5c:cf:7f:a1:b2:c3", "a1b2c3", "nodemcuv2", "0.1.0", "2"];
    all.iter().flat_map(|text| [&[text.len() as u8], text.as_bytes()].concat()).collect()
}

fn message(kind: u8, bytes: &[u8]) -> Vec<u8> {
    [&[kind], &(bytes.len() as u16).to_le_bytes()[..], bytes].concat()
}

/// A key message whose key is as good as any, and whose secret nobody knows.
fn key_message(id: &str) -> Vec<u8> {
    message(2, &[&[9; KEY], &texts(id)[..]].concat())
}

fn handover(board: BoardId, secret: Secret) -> Handover {
    Handover { board, secret, host: "192.168.1.20".into(), port: 8883, authority: vec![7; 340], time: None }
}

/// What must come, or the test would wait for ever.
async fn soon<T>(what: impl Future<Output = T>) -> T {
    timeout(4 * STEP, what).await.expect("it came in time")
}

/// The gateway, and where a board listens that it is told to claim.
struct Bench {
    orders: mpsc::Sender<NearbyOrder>,
    events: mpsc::Receiver<NearbyEvent>,
    port: TcpListener,
    stop: CancellationToken,
    gateway: tokio::task::JoinHandle<()>,
}

const ATTEMPT: Attempt = Attempt(7);

impl Bench {
    async fn new() -> Self {
        Self::with(Homes(Arc::new(|board, secret| Some(handover(board, secret))))).await
    }

    async fn with(homes: Homes) -> Self {
        let (orders, ordered) = mpsc::channel(8);
        let (tell, events) = mpsc::channel(8);
        let stop = CancellationToken::new();
        let gateway = tokio::spawn(claims(ordered, tell, homes, stop.clone()));
        let port = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { orders, events, port, stop, gateway }
    }

    async fn order(&self, order: NearbyOrder) {
        self.orders.send(order).await.unwrap();
    }

    async fn meet(&self) {
        let (board, at) = (BoardId::new(ID).unwrap(), self.port.local_addr().unwrap());
        self.order(NearbyOrder::Meet { attempt: ATTEMPT, board, at }).await;
    }

    async fn hand_over(&self) {
        let secret = Secret::new("a secret of the board");
        self.order(NearbyOrder::HandOver { attempt: ATTEMPT, secret }).await;
    }

    /// A board to whom the gateway has come and said its first message.
    async fn met_by(&self) -> Board {
        self.meet().await;
        let (line, _) = self.port.accept().await.unwrap();
        let mut board = Board { line };
        let (kind, opening) = board.hear().await;
        assert_eq!((kind, opening.len(), opening[0]), (1, 1 + KEY, 1));
        board
    }

    /// One whose key the gateway has taken, so that a person is asked for the number.
    async fn numbered(&mut self) -> Board {
        let mut board = self.met_by().await;
        board.say(&key_message(ID)).await;
        assert_eq!(board.hear().await.0, 3);
        let event = soon(self.events.recv()).await.unwrap();
        assert!(matches!(event, NearbyEvent::Met { attempt: ATTEMPT, number: 1..=8, .. }), "{event:?}");
        board
    }

    async fn failed(&mut self) -> NearbyTrouble {
        match soon(self.events.recv()).await.unwrap() {
            NearbyEvent::Failed { attempt: ATTEMPT, trouble } => trouble,
            other => panic!("{other:?}"),
        }
    }
}

struct Board {
    line: TcpStream,
}

impl Board {
    async fn say(&mut self, bytes: &[u8]) {
        self.line.write_all(bytes).await.unwrap();
    }

    async fn hear(&mut self) -> (u8, Vec<u8>) {
        let mut header = [0; HEADER];
        self.line.read_exact(&mut header).await.unwrap();
        let mut bytes = vec![0; usize::from(u16::from_le_bytes([header[1], header[2]]))];
        self.line.read_exact(&mut bytes).await.unwrap();
        (header[0], bytes)
    }

    /// The gateway hangs up, and says nothing more before.
    async fn hears_no_more(mut self, what: &str) {
        let mut rest = Vec::new();
        // With bytes of ours unread it is a reset.
        let _reset = soon(self.line.read_to_end(&mut rest)).await;
        assert!(rest.is_empty(), "{what}: {rest:?}");
    }
}

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn seal_key(bytes: &[u8]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, bytes).unwrap())
}

fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

/// The whole exchange with a board that takes its home like this; what the gateway makes of it.
async fn exchange(answer: u8) -> NearbyEvent {
    let mut bench = Bench::new().await;
    bench.meet().await;
    let (line, _) = bench.port.accept().await.unwrap();
    let mut board = Board { line };
    let (_, opening) = board.hear().await;
    let private = EphemeralPrivateKey::generate(&X25519, &ring::rand::SystemRandom::new()).unwrap();
    let said = [private.compute_public_key().unwrap().as_ref(), &texts(ID)].concat();
    board.say(&message(2, &said)).await;
    let (kind, key) = board.hear().await;
    assert_eq!((kind, digest::digest(&digest::SHA256, &key).as_ref()), (3, &opening[1..]), "it was bound to this key");

    let mut transcript = digest::Context::new(&digest::SHA256);
    [b"gatehouse claim 1", &opening[..], &said, &key].iter().for_each(|part| transcript.update(part));
    let transcript = transcript.finish();
    let mut keys = [0; 2 * KEY + 1];
    agree_ephemeral(private, &UnparsedPublicKey::new(&X25519, &key), |common| {
        let secret = hkdf::Salt::new(hkdf::HKDF_SHA256, transcript.as_ref()).extract(common);
        let info = [&b"gatehouse claim 1 keys"[..], ID.as_bytes()];
        secret.expand(&info, Length(keys.len())).unwrap().fill(&mut keys).unwrap();
    })
    .unwrap();
    let NearbyEvent::Met { number, native, .. } = soon(bench.events.recv()).await.unwrap() else { panic!("not met") };
    assert_eq!((number, native.board.as_str(), native.relays), (keys[2 * KEY] % 8 + 1, ID, 2));

    bench.hand_over().await;
    let (kind, mut sealed) = board.hear().await;
    let aad = || Aad::from(transcript.as_ref());
    let document = seal_key(&keys[..KEY]).open_in_place(nonce(), aad(), &mut sealed).unwrap();
    let secret = Secret::new("a secret of the board");
    assert_eq!((kind, Handover::parse(document)), (4, Ok(handover(BoardId::new(ID).unwrap(), secret))));
    let mut taken = vec![answer];
    seal_key(&keys[KEY..2 * KEY]).seal_in_place_append_tag(nonce(), aad(), &mut taken).unwrap();
    board.say(&message(5, &taken)).await;
    let event = soon(bench.events.recv()).await.unwrap();
    board.hears_no_more("it has its home").await;
    event
}

#[tokio::test]
async fn a_board_that_keeps_to_the_exchange_is_given_its_home_and_says_how_it_took_it() {
    assert_eq!(exchange(0).await, NearbyEvent::Taken { attempt: ATTEMPT });
    for (answer, trouble) in [(1, NearbyTrouble::NotTaken), (2, NearbyTrouble::NotStored), (3, NearbyTrouble::Stranger)]
    {
        assert_eq!(exchange(answer).await, NearbyEvent::Failed { attempt: ATTEMPT, trouble });
    }
}

#[tokio::test]
async fn who_does_not_keep_to_the_exchange_is_a_stranger_and_never_sees_the_gateways_key() {
    let text = |text: &[u8]| [&[9; KEY], &texts(ID)[..texts(ID).len() - 2], &[text.len() as u8], text].concat();
    let small_order = [0; KEY];
    let bad = [
        message(1, &[0; 33]),
        message(3, &[0; KEY]),
        message(2, &[9; KEY - 1]),
        // Its header alone is too much.
        vec![2, 254, 0],
        vec![2, 255, 255],
        message(5, &[0; 17]),
        message(2, &[9; KEY]),
        message(2, &text(b"0")),
        message(2, &text(b"99")),
        message(2, &text(b"2\n")),
        message(2, &text(b"\xff\xfe")),
        message(2, &[&text(b"2")[..], b"more"].concat()),
        message(2, &[&small_order, &texts(ID)[..]].concat()),
        key_message("relay-another"),
        b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
    ];
    for said in bad {
        let mut bench = Bench::new().await;
        let mut board = bench.met_by().await;
        board.say(&said).await;
        assert_eq!(bench.failed().await, NearbyTrouble::Stranger, "{said:?}");
        board.hears_no_more(&format!("{said:?}")).await;
    }
}

#[tokio::test]
async fn what_nobody_sealed_is_no_answer_to_the_handover() {
    for said in [message(5, &[0; 17]), message(5, &[0; 16]), key_message(ID), vec![5, 18, 0]] {
        let mut bench = Bench::new().await;
        let mut board = bench.numbered().await;
        bench.hand_over().await;
        assert_eq!(board.hear().await.0, 4);
        board.say(&said).await;
        assert_eq!(bench.failed().await, NearbyTrouble::Stranger, "{said:?}");
    }
}

#[tokio::test]
async fn a_board_that_hangs_up_is_told_of_at_each_step() {
    // Before its key was whole: its attempt is somebody else's.
    for said in [&b""[..], &[2], &key_message(ID)[..40]] {
        let mut bench = Bench::new().await;
        let mut board = bench.met_by().await;
        board.say(said).await;
        drop(board);
        assert_eq!(bench.failed().await, NearbyTrouble::NobodyThere, "{said:?}");
    }
    // While the number is asked for.
    let mut bench = Bench::new().await;
    drop(bench.numbered().await);
    assert_eq!(bench.failed().await, NearbyTrouble::Lost);
    // With its home in its hands.
    let mut bench = Bench::new().await;
    let mut board = bench.numbered().await;
    bench.hand_over().await;
    assert_eq!(board.hear().await.0, 4);
    drop(board);
    assert_eq!(bench.failed().await, NearbyTrouble::Lost);
}

#[tokio::test]
async fn a_board_that_speaks_while_the_number_is_asked_for_hears_no_more() {
    let mut bench = Bench::new().await;
    let mut board = bench.numbered().await;
    board.say(b"?").await;
    assert_eq!(bench.failed().await, NearbyTrouble::Lost);
    board.hears_no_more("it spoke").await;
}

#[tokio::test]
async fn after_a_wrong_number_nothing_is_given_and_nothing_told() {
    let mut bench = Bench::new().await;
    let board = bench.numbered().await;
    bench.order(NearbyOrder::Leave { attempt: ATTEMPT }).await;
    board.hears_no_more("a wrong number").await;
    // What comes too late for it is for nobody.
    bench.hand_over().await;
    bench.stop.cancel();
    soon(bench.gateway).await.unwrap();
    assert_eq!(bench.events.recv().await, None);
}

#[tokio::test]
async fn a_gateway_that_stops_leaves_nobody_waiting() {
    let mut bench = Bench::new().await;
    let board = bench.numbered().await;
    bench.stop.cancel();
    soon(bench.gateway).await.unwrap();
    board.hears_no_more("the gateway stops").await;
}

#[tokio::test]
async fn nobody_is_there_where_nobody_listens_and_no_home_is_given_that_cannot_be_reached() {
    let mut bench = Bench::new().await;
    let (board, at) = (BoardId::new(ID).unwrap(), bench.port.local_addr().unwrap());
    bench.port = TcpListener::bind("127.0.0.1:0").await.unwrap();
    bench.order(NearbyOrder::Meet { attempt: ATTEMPT, board, at }).await;
    assert_eq!(bench.failed().await, NearbyTrouble::NobodyThere);

    let mut bench = Bench::with(Homes(Arc::new(|_, _| None))).await;
    let board = bench.numbered().await;
    bench.hand_over().await;
    assert_eq!(bench.failed().await, NearbyTrouble::NoAddress);
    board.hears_no_more("there is no home to give").await;
}

/// A step that began shortly before `start` ended when it had to.
fn its_time_is_over(start: Instant) {
    let took = start.elapsed();
    assert!(STEP / 2 < took && took < STEP * 3 / 2, "{took:?}");
}

#[tokio::test]
async fn a_board_that_says_nothing_is_given_five_seconds_for_each_step() {
    let mut bench = Bench::new().await;
    let _silent = bench.met_by().await;
    tokio::time::pause();
    let start = Instant::now();
    assert_eq!(bench.failed().await, NearbyTrouble::NobodyThere);
    its_time_is_over(start);
    tokio::time::resume();

    let mut bench = Bench::new().await;
    let mut board = bench.numbered().await;
    bench.hand_over().await;
    assert_eq!(board.hear().await.0, 4);
    tokio::time::pause();
    let start = Instant::now();
    assert_eq!(bench.failed().await, NearbyTrouble::Lost);
    its_time_is_over(start);
}

#[tokio::test]
async fn a_board_that_drips_gets_no_more_time() {
    let mut bench = Bench::new().await;
    let mut board = bench.met_by().await;
    tokio::time::pause();
    let start = Instant::now();
    let drip = async {
        for byte in key_message(ID) {
            board.say(&[byte]).await;
            tokio::time::sleep_until(Instant::now() + STEP / 2).await;
        }
    };
    tokio::select! {
        trouble = bench.failed() => assert_eq!(trouble, NearbyTrouble::NobodyThere),
        () = drip => panic!("it was heard to its end"),
    }
    its_time_is_over(start);
}

#[tokio::test]
async fn a_person_may_take_as_long_as_they_like_to_say_the_number() {
    let mut bench = Bench::new().await;
    let mut board = bench.numbered().await;
    tokio::time::pause();
    tokio::time::advance(20 * STEP).await;
    tokio::time::resume();
    bench.hand_over().await;
    assert_eq!(board.hear().await.0, 4);
}
