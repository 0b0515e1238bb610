//! Somebody on the network with mosquitto's clients and, at most, the secret of one board. No relay moves.

use gatehouse_e2e::{Board, Home, Impostor, Mosquitto, Movement, PATIENCE, within};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A home with two boards that matter, and a client with the secret of a third, which is not connected.
async fn besieged() -> (Home, Board, Board, Mosquitto) {
    let (home, kitchen, garden, _, client) = besieged_with_board().await;
    (home, kitchen, garden, client)
}

async fn besieged_with_board() -> (Home, Board, Board, Impostor, Mosquitto) {
    let home = Home::claimed().await;
    let kitchen = home.board("Kitchen", 1).await;
    let garden = home.board("Garden", 1).await;
    let attic = home.impostor("Attic", 1).await;
    let id = attic.id().as_str();
    let client = Mosquitto::new(home.mqtt(), id, id, &format!("secret of {id} in this test"));
    (home, kitchen, garden, attic, client)
}

/// Both boards are as they were: there, untouched, and moved by the next tap as by the first.
async fn unharmed(home: &Home, boards: [&mut Board; 2]) {
    for board in boards {
        let before = home.owner().switch(&board.switch(1)).await;
        assert_eq!((before.on, before.is_online()), (Some(false), true), "{}", board.name());
        assert_eq!(home.owner().set(&board.switch(1), true).await.end(), ("CONFIRMED", None));
        let moved = Movement { relay: 1, on: true, cause: "command".to_owned(), seq: 1 };
        assert_eq!(board.movement().await, moved, "{}: nothing has moved before, and no order came", board.name());
        let left = board.movements_left();
        assert!(left.is_empty(), "{left:?}");
    }
}

#[tokio::test]
async fn publishing_where_one_may_not_moves_nothing() {
    let (home, mut kitchen, mut garden, mut board, attic) = besieged_with_board().await;
    let (id, order) = (kitchen.id().to_owned(), "c0ffee01 1 9999999999 relay-1/on true");
    for (topic, payload) in [
        (format!("homie/5/{id}/$command"), order),
        (format!("homie/5/{id}/relay-1/on/set"), "true"),
        (format!("homie/5/{id}/$state"), "disconnected"),
        (format!("homie/5/{id}/$description"), "{}"),
        (format!("homie/5/{id}/$report"), "c0ffee01 9 9 relay-1/on true button -"),
        (format!("homie/5/{id}/relay-1/power-on/set"), "on"),
        ("homie/5/relay-000003/$command".to_owned(), order),
        ("homie/5/relay-000003/relay-1/on/set".to_owned(), "true"),
        ("homie/5/$broadcast/alarm".to_owned(), "fire"),
        ("somewhere/else".to_owned(), "true"),
        ("$SYS/broker/uptime".to_owned(), "0"),
        ("ü".to_owned(), "true"),
    ] {
        for retain in [&[][..], &["-r"][..]] {
            let arguments = [&["-t", &topic, "-m", payload], retain].concat();
            let ended = attic.publish(&arguments).await;
            assert_eq!(ended.code, Some(0), "acknowledged, and dropped: {topic} {ended:?}");
        }
    }
    // Nothing of it was kept for when the board itself comes.
    board.come_online(0xc0ff_ee01).await;
    board.ping().await;
    assert_eq!(board.orders_waiting(), 0);
    let tap = home.owner().start_set(&board.switch(1), true, 20_000);
    let order = board.order().await;
    let report = board.obeyed(&order);
    board.report(&report).await;
    assert_eq!(tap.await.expect("it is answered").end(), ("CONFIRMED", None));
    unharmed(&home, [&mut kitchen, &mut garden]).await;
}

#[tokio::test]
async fn listening_where_one_may_not_is_refused() {
    let (home, mut kitchen, mut garden, attic) = besieged().await;
    let id = kitchen.id();
    for filter in [
        "#",
        "+/+/+/#",
        "homie/#",
        "homie/5/+/$command",
        "homie/5/+/+/+/set",
        "$SYS/#",
        "$share/all/homie/5/#",
        &format!("homie/5/{id}/#"),
        &format!("homie/5/{id}/$command"),
        &format!("$share/x/homie/5/{id}/$command"),
    ] {
        let ended = attic.subscribe(&["-t", filter, "-W", "5"]).await;
        assert!(ended.stderr.contains("denied"), "{filter}: {ended:?}");
        assert_eq!(ended.stdout, "", "{filter}");
    }
    unharmed(&home, [&mut kitchen, &mut garden]).await;
}

#[tokio::test]
async fn who_is_not_known_or_calls_itself_another_is_not_let_in() {
    let (home, mut kitchen, mut garden, _) = besieged().await;
    let mqtt = home.mqtt();
    let (id, secret) = (kitchen.id().to_owned(), kitchen.secret());
    let attic = "secret of relay-000003 in this test";
    for (client_id, user, password, code) in [
        ("relay-000003", "relay-000003", "guess", 4),
        ("relay-000003", "relay-000003", "", 4),
        ("relay-000009", "relay-000009", attic, 4),
        (id.as_str(), id.as_str(), attic, 4),
        ("admin", "admin", "admin", 4),
        // The right secret under another name: who has one board's secret cannot push another off its connection.
        (id.as_str(), "relay-000003", attic, 5),
        ("relay-000003", id.as_str(), secret.as_str(), 5),
        ("anything", "relay-000003", attic, 5),
    ] {
        let client = Mosquitto::new(mqtt, client_id, user, password);
        let ended = client.publish(&["-t", "homie/5/relay-000003/$state", "-m", "ready"]).await;
        assert_eq!(ended.code, Some(code), "{client_id} as {user}: {ended:?}");
    }
    unharmed(&home, [&mut kitchen, &mut garden]).await;
}

#[tokio::test]
async fn garbage_in_its_own_words_is_dropped_and_harms_nobody() {
    let (home, mut kitchen, mut garden, attic) = besieged().await;
    let garbage = home.dir().join("garbage");
    let bytes: Vec<u8> = (0..2_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    std::fs::write(&garbage, bytes).unwrap();
    let file = garbage.display().to_string();
    for what in
        ["$description", "$report", "$session", "$refusal", "$state", "system/uptime", "relay-1/on", "a/b/c/d/e"]
    {
        let topic = format!("homie/5/relay-000003/{what}");
        let ended = attic.publish(&["-t", &topic, "-f", &file]).await;
        assert_eq!(ended.code, Some(0), "{what}: {ended:?}");
    }
    unharmed(&home, [&mut kitchen, &mut garden]).await;
}

#[tokio::test]
async fn a_packet_without_measure_ends_its_connection_only() {
    let (home, mut kitchen, mut garden, attic) = besieged().await;
    let large = home.dir().join("large");
    std::fs::write(&large, vec![b'x'; 1_000_000]).unwrap();
    let file = large.display().to_string();
    let ended = attic.publish(&["-t", "homie/5/relay-000003/$description", "-f", &file]).await;
    assert_ne!(ended.code, Some(0), "{ended:?}");
    unharmed(&home, [&mut kitchen, &mut garden]).await;
}

#[tokio::test]
async fn what_is_no_mqtt_at_all_is_cut_off() {
    let (home, mut kitchen, mut garden, _) = besieged().await;
    let endless = [&[0x10, 0xff, 0xff, 0xff, 0x7f][..], &[0; 4_096]].concat();
    let level = b"\x10\x0c\x00\x04MQTT\x09\x02\x00\x0a\x00\x00".to_vec();
    let http = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec();
    for bytes in [vec![0; 64], vec![0xff; 5_000], endless, level, http, b"\x30\x05\x00\x01aon".to_vec()] {
        let mut stream = TcpStream::connect(home.mqtt()).await.unwrap();
        // It may be cut off before it has said all.
        let _cut_off = stream.write_all(&bytes).await;
        let mut answer = Vec::new();
        let ended = within(PATIENCE, "the end of the connection", stream.read_to_end(&mut answer)).await;
        let refused = answer.is_empty() || answer == [0x20, 2, 0, 1];
        assert!(refused, "{:x?} was answered with {answer:x?} {ended:?}", &bytes[..8]);
    }
    unharmed(&home, [&mut kitchen, &mut garden]).await;
}
