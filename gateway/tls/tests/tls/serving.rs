use crate::support::{BOARDS_NAME, DAY_S, HOME, Home, NOW_S, Wire, at, client, client_of, names};
use gatehouse_tls::{SMALL_RECORD_BYTES, WEB_FILE};
use rustls::version::{TLS12, TLS13};
use rustls::{CipherSuite, HandshakeKind, ProtocolVersion};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

/// 2020-01-02, and shortly before 2100: a board checks at one constant date.
const FIRST_DAY_S: u64 = 1_577_923_200;
const LAST_DAY_S: u64 = 4_102_272_000;

#[test]
fn boards_check_one_name_and_their_certificate_outlives_them() {
    let home = Home::new();
    for day in [FIRST_DAY_S, NOW_S, LAST_DAY_S] {
        assert!(Wire::open(&Arc::new(client(&home.ca(), day)), home.served.mqtt(), BOARDS_NAME).is_ok(), "{day}");
    }
    for other in ["h10000000002.gatehouse.internal", "gatehouse.internal", "evil.local"] {
        assert!(Wire::open(&Arc::new(home.client()), home.served.mqtt(), other).is_err(), "{other}");
    }
}

#[test]
fn other_clients_check_the_names_and_addresses_of_the_machine_on_both_ports() {
    let home = Home::new();
    let client = Arc::new(home.client());
    for server in [home.served.mqtt(), home.served.https()] {
        for name in ["gatehouse.local", "GATEHOUSE.local", "127.0.0.1", "fd00::7", BOARDS_NAME] {
            assert!(Wire::open(&client, server.clone(), name).is_ok(), "{name}");
        }
        for name in ["other.local", "127.0.0.2"] {
            assert!(Wire::open(&client, server.clone(), name).is_err(), "{name}");
        }
    }
}

#[test]
fn people_get_at_most_397_days() {
    let home = Home::new();
    for (day, good) in
        [(NOW_S, true), (NOW_S + 395 * DAY_S, true), (NOW_S + 398 * DAY_S, false), (NOW_S - 2 * DAY_S, false)]
    {
        let opened = Wire::open(&Arc::new(client(&home.ca(), day)), home.served.https(), "gatehouse.local");
        assert_eq!(opened.is_ok(), good, "{day}");
    }
}

#[test]
fn names_that_cannot_be_vouched_for_are_left_out_and_told() {
    let asked = names(&["gatehouse.local", "home.example.org", "raspberrypi", "203.0.113.9"]);
    let (home, refreshed) = Home::with(None, &asked, at(NOW_S));
    assert_eq!(refreshed.left_out, ["203.0.113.9", "home.example.org", "raspberrypi"]);
    // One of them in the certificate would make clients refuse all of it.
    assert!(Wire::open(&Arc::new(home.client()), home.served.https(), "gatehouse.local").is_ok());
}

#[test]
fn a_new_certificate_is_for_new_handshakes_and_open_connections_go_on() {
    let home = Home::new();
    let client = Arc::new(client_of(&home.ca(), NOW_S, &[&TLS13]));
    let mut open = Wire::open(&client, home.served.https(), "gatehouse.local").unwrap();
    open.say(b"before");
    let later = home.served.refresh(Some(HOME), &names(&["gatehouse.local", "pi.local"]), at(NOW_S)).unwrap();
    assert!(later.renewed);
    open.say(b"after");
    let new = Wire::open(&Arc::new(home.client()), home.served.https(), "pi.local").unwrap();
    assert_ne!(new.certificate(), open.certificate());
    open.say(b"and on");
    assert!(!home.served.refresh(Some(HOME), &names(&["pi.local"]), at(NOW_S)).unwrap().renewed, "nothing is due");
}

#[test]
fn without_a_clock_people_get_one_that_is_replaced_once_the_time_is_known() {
    let (home, _) = Home::with(None, &names(&["gatehouse.local"]), None);
    let opens_on = |day| Wire::open(&Arc::new(client(&home.ca(), day)), home.served.https(), "gatehouse.local").is_ok();
    assert!(opens_on(FIRST_DAY_S) && opens_on(LAST_DAY_S));
    assert!(home.served.refresh(Some(HOME), &names(&["gatehouse.local"]), at(NOW_S)).unwrap().renewed);
    assert!(opens_on(NOW_S) && !opens_on(LAST_DAY_S));
}

#[test]
fn a_restart_keeps_the_certificate_that_somebody_accepted_by_hand() {
    let home = Home::new();
    let shown = |home: &Home| {
        Wire::open(&Arc::new(home.client()), home.served.https(), "gatehouse.local").unwrap().certificate()
    };
    let before = shown(&home);
    let file = home.dir.path().join(WEB_FILE);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let home = home.restarted();
    assert!(!home.served.refresh(Some(HOME), &names(&["gatehouse.local"]), at(NOW_S + DAY_S)).unwrap().renewed);
    assert_eq!(shown(&home), before);
    // It is not worth a refusal to start: it can be made anew.
    let foreign = Home::new();
    let foreign = fs::read_to_string(foreign.dir.path().join(WEB_FILE)).unwrap();
    let mut home = home;
    for damaged in ["", "rubbish", &foreign] {
        fs::write(&file, damaged).unwrap();
        home = home.restarted();
        assert!(home.served.refresh(Some(HOME), &names(&["gatehouse.local"]), at(NOW_S)).unwrap().renewed);
        assert_ne!(shown(&home), before);
    }
}

#[test]
fn records_of_the_mqtt_server_fit_a_boards_buffer() {
    let home = Home::new();
    for version in [&TLS12, &TLS13] {
        let client = Arc::new(client_of(&home.ca(), NOW_S, &[version]));
        let mut wire = Wire::open(&client, home.served.mqtt(), BOARDS_NAME).unwrap();
        wire.say(&[7; 5_000]);
        let (mut rest, mut largest) = (wire.from_server.as_slice(), 0);
        while let [_, _, _, high, low, payload @ ..] = rest {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            largest = largest.max(length);
            rest = &payload[length..];
        }
        // A tag of 16 bytes, and in TLS 1.3 one byte that says what it is.
        assert!((500..=SMALL_RECORD_BYTES + 17).contains(&largest), "{version:?}: {largest}");
    }
}

#[test]
fn boards_get_chacha20_whatever_they_offer_first() {
    let home = Home::new();
    for (version, suite) in [
        (&TLS12, CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256),
        (&TLS13, CipherSuite::TLS13_CHACHA20_POLY1305_SHA256),
    ] {
        let client = Arc::new(client_of(&home.ca(), NOW_S, &[version]));
        let wire = Wire::open(&client, home.served.mqtt(), BOARDS_NAME).unwrap();
        assert_eq!(wire.server.negotiated_cipher_suite().unwrap().suite(), suite);
    }
}

#[test]
fn sessions_are_resumed_and_nothing_is_sent_before_the_handshake() {
    let home = Home::new();
    for (server, version) in [home.served.mqtt(), home.served.https()].iter().flat_map(|s| [(s, &TLS12), (s, &TLS13)]) {
        let client = Arc::new(client_of(&home.ca(), NOW_S, &[version]));
        let mut first = Wire::open(&client, server.clone(), "gatehouse.local").unwrap();
        first.say(b"and its tickets");
        assert_eq!(first.client.handshake_kind(), Some(HandshakeKind::Full));
        let second = Wire::open(&client, server.clone(), "gatehouse.local").unwrap();
        assert_eq!(second.client.handshake_kind(), Some(HandshakeKind::Resumed), "{version:?}");
        // A command repeated by somebody who recorded it would be early data.
        assert_eq!(server.max_early_data_size, 0);
    }
}

#[test]
fn https_speaks_http_1_1() {
    let home = Home::new();
    let mut client = home.client();
    client.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let wire = Wire::open(&Arc::new(client), home.served.https(), "gatehouse.local").unwrap();
    assert_eq!(wire.client.alpn_protocol(), Some(&b"http/1.1"[..]));
    assert_eq!(wire.client.protocol_version(), Some(ProtocolVersion::TLSv1_3));
}
