//! The same over TLS, with the certificates that a home has.

use crate::client::{Client, Login};
use crate::world::{World, order, soon};
use gatehouse_broker::{Count, Limits};
use gatehouse_tls::{Authority, Names, SMALL_RECORD_BYTES, Served};
use rustls::client::Resumption;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

const HOME: &str = "h10000000001";
pub(crate) const BOARDS_NAME: &str = "h10000000001.gatehouse.internal";

pub(crate) struct Home {
    pub(crate) world: World,
    pub(crate) at: SocketAddr,
    pub(crate) client: Arc<ClientConfig>,
    served: Served,
    _dir: tempfile::TempDir,
}

impl Home {
    pub(crate) async fn new(limits: Limits) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let served = Served::new(Authority::open_or_create(dir.path()).unwrap(), None).unwrap();
        served.refresh(Some(HOME), &Names::default(), None).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(served.authority().certificate_der().to_vec())).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let client = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let mut client = client.with_root_certificates(roots).with_no_client_auth();
        // A resumed session would not look at the certificate of the day.
        client.resumption = Resumption::disabled();
        let client = Arc::new(client);
        let world = World::over(limits, 256, Some(served.mqtt())).await;
        let at = world.tls_at.unwrap();
        Self { world, at, client, served, _dir: dir }
    }

    pub(crate) async fn connect(&self, name: &'static str) -> std::io::Result<Client<TlsStream<TcpStream>>> {
        let stream = TcpStream::connect(self.at).await.unwrap();
        let connector = TlsConnector::from(self.client.clone());
        let name = ServerName::try_from(name).unwrap();
        let stream = soon("the handshake", connector.connect(name, stream)).await?;
        Ok(Client { stream })
    }
}

#[tokio::test]
async fn a_board_logs_in_and_obeys_over_tls() {
    let mut home = Home::new(Limits::default()).await;
    let mut relay = home.connect(BOARDS_NAME).await.unwrap();
    assert_eq!(relay.try_greet(&Login::of("relay-1")).await, Some(0));
    let link = home.world.connected("relay-1").await;
    assert_eq!(relay.subscribe(&[("homie/5/relay-1/$command", 1)]).await, [1]);
    home.world.orders.send(&order("relay-1", link, 1)).unwrap();
    assert_eq!(relay.message().await.payload, "c0ffee01 1 5000 relay-1/on true");
    // More than one small record both ways.
    let long = "x".repeat(4 * SMALL_RECORD_BYTES);
    let mut house = home.connect(BOARDS_NAME).await.unwrap();
    assert_eq!(house.try_greet(&Login::of("house")).await, Some(0));
    assert_eq!(house.subscribe(&[("kitchen/#", 0)]).await, [0]);
    house.send(&crate::client::publish("kitchen/note", &long, 0, false, 0)).await;
    assert_eq!(house.message().await.payload, long);
    // A new certificate is for new connections; open ones go on.
    home.served.refresh(Some("h2"), &Names::default(), None).unwrap();
    assert!(home.connect(BOARDS_NAME).await.is_err());
    let mut other = home.connect("h2.gatehouse.internal").await.unwrap();
    assert_eq!(other.try_greet(&Login { password: Some("x".into()), ..Login::of("relay-2") }).await, Some(4));
    relay.ping().await;
    drop(relay);
    home.world.disconnected("relay-1", link).await;
}

#[tokio::test]
async fn a_client_that_asks_for_another_name_goes_away_and_is_counted() {
    let mut home = Home::new(Limits::default()).await;
    let refused = home.connect("h2.gatehouse.internal").await.map(|_| ()).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::InvalidData, "{refused}");
    soon("the count", async {
        while home.world.count(Count::RefusedTls) == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    home.world.nothing_more().await;
}

#[tokio::test]
async fn plain_bytes_on_the_tls_port_are_refused_as_such() {
    let mut home = Home::new(Limits::default()).await;
    for bytes in [Login::of("relay-1").bytes(), b"GET / HTTP/1.1\r\n\r\n".to_vec()] {
        let mut client = Client::open(home.at).await;
        client.send(&bytes).await;
        let mut answer = Vec::new();
        let _ = soon("the end", client.stream.read_to_end(&mut answer)).await;
        assert!(answer.first().is_none_or(|first| *first == 0x15), "at most an alert: {answer:?}");
    }
    home.world.nothing_more().await;
    assert_eq!(home.world.count(Count::RefusedTls), 2);
}

#[tokio::test]
async fn silence_in_the_handshake_holds_up_nobody_and_is_cut() {
    let limits = Limits { handshake_deadline: Duration::from_millis(500), ..Limits::default() };
    let mut home = Home::new(limits).await;
    let mut mute = Vec::new();
    for _ in 0..20 {
        mute.push(Client::open(home.at).await);
    }
    // The first bytes of a ClientHello, and no more.
    mute[0].send(b"\x16\x03\x01").await;
    let mut relay = home.connect(BOARDS_NAME).await.unwrap();
    assert_eq!(relay.try_greet(&Login::of("relay-1")).await, Some(0));
    let link = home.world.connected("relay-1").await;
    assert_eq!(home.world.count(Count::RefusedSlow), 0, "while they were all still there");
    for client in &mut mute {
        client.closed().await;
    }
    assert_eq!(home.world.count(Count::RefusedSlow), 20);
    relay.ping().await;
    drop(relay);
    home.world.disconnected("relay-1", link).await;
}

#[tokio::test]
async fn a_stop_does_not_wait_for_handshakes() {
    let mut home = Home::new(Limits { handshake_deadline: Duration::from_secs(3_600), ..Limits::default() }).await;
    let mut mute = Client::open(home.at).await;
    let mut relay = home.connect(BOARDS_NAME).await.unwrap();
    assert_eq!(relay.try_greet(&Login::of("relay-1")).await, Some(0));
    let link = home.world.connected("relay-1").await;
    home.world.stop.cancel();
    home.world.disconnected("relay-1", link).await;
    home.world.nothing_more().await;
    mute.closed().await;
}
