//! The golden payloads, good and bad: good ones parse to their fields and their fields encode to them.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use gatehouse_core::board_settings::{ConfigOrder, Configured, PowerOn, Pulse, RelaySetting, Wiring, Wish};
use gatehouse_core::command::{BoardSession, OrderId, Reason};
use gatehouse_core::device::{BoardState, Cause, Fact, NewSecret, Order, Refusal, Report, Said, Secret};
use gatehouse_core::ids::LinkId;
use gatehouse_core::name::{BoardId, Endpoint};
use gatehouse_core::onboarding::WifiSettings;
use gatehouse_wire::homie::{
    BadKind, BadMessage, MAX_FACT, MAX_MS, MAX_PAYLOAD, board, decode, encode_command, write_configure,
    write_credential,
};
use std::num::NonZeroU32;
use support::golden;

fn board_id() -> BoardId {
    BoardId::new("relay-a1b2c3").unwrap()
}

fn hear(path: &str, payload: &[u8], retain: bool) -> Result<Option<Said>, BadMessage> {
    decode(&board_id(), &format!("homie/5/relay-a1b2c3/{path}"), payload, retain)
}

fn session(text: &str) -> BoardSession {
    BoardSession(NonZeroU32::new(u32::from_str_radix(text, 16).unwrap()).unwrap())
}

fn order_id(session_text: &str, seq: &str) -> OrderId {
    OrderId { session: session(session_text), seq: seq.parse().unwrap() }
}

fn cause(text: &str) -> Cause {
    match text {
        "command" => Cause::Command,
        "button" => Cause::Button,
        "boot" => Cause::Boot,
        "pulse" => Cause::Pulse,
        "interlock" => Cause::Interlock,
        other => panic!("{other}"),
    }
}

fn reason(text: &str) -> Reason {
    match text {
        "stale" => Reason::Stale,
        "unknown-endpoint" => Reason::UnknownEndpoint,
        "bad-value" => Reason::BadValue,
        "interlocked" => Reason::Interlocked,
        "held-by-pulse" => Reason::HeldByPulse,
        "relay-on" => Reason::RelayOn,
        "not-stored" => Reason::NotStored,
        other => panic!("{other}"),
    }
}

fn refused(path: &str, bad: &[Vec<u8>]) {
    for payload in bad {
        let error = hear(path, payload, false).expect_err(&format!("{path} took {:?}", payload.escape_ascii()));
        assert_eq!(error.at(), path, "{error}");
    }
}

#[test]
fn sessions() {
    let golden = golden("wire/session.tsv");
    for (payload, fields) in golden.good {
        let (id, ms) = (session(&fields[0]), fields[1].parse().unwrap());
        assert_eq!(hear("$session", &payload, false), Ok(Some(Said::Session(id, ms))));
        assert_eq!(board::encode_session(id, ms).as_bytes(), payload);
    }
    refused("$session", &golden.bad);
}

#[test]
fn reports() {
    let golden = golden("wire/report.tsv");
    for (payload, fields) in golden.good {
        let report = Report {
            session: session(&fields[0]),
            counter: fields[1].parse().unwrap(),
            uptime_ms: fields[2].parse().unwrap(),
            endpoint: Endpoint::new(&fields[3]).unwrap(),
            on: fields[4].parse().unwrap(),
            cause: cause(&fields[5]),
            obeyed: fields[6].split_once(':').map(|(session, seq)| order_id(session, seq)),
        };
        assert_eq!(board::encode_report(&report).as_bytes(), payload);
        assert_eq!(hear("$report", &payload, false), Ok(Some(Said::Report(report))));
    }
    refused("$report", &golden.bad);
}

#[test]
fn refusals() {
    let golden = golden("wire/refusal.tsv");
    for (payload, fields) in golden.good {
        let refusal = Refusal {
            order: order_id(&fields[0], &fields[1]),
            uptime_ms: fields[2].parse().unwrap(),
            endpoint: Endpoint::new(&fields[3]).unwrap(),
            reason: reason(&fields[4]),
        };
        assert_eq!(board::encode_refusal(&refusal).unwrap().as_bytes(), payload);
        assert_eq!(hear("$refusal", &payload, false), Ok(Some(Said::Refusal(refusal))));
    }
    refused("$refusal", &golden.bad);
}

#[test]
fn a_refusal_with_a_reason_of_the_gateway_cannot_be_written() {
    for reason in [Reason::Offline, Reason::NoReport, Reason::Superseded, Reason::ReadBackDiffers] {
        let order = order_id("c0ffee01", "1");
        let refusal = Refusal { order, uptime_ms: 1, endpoint: Endpoint::relay(1), reason };
        assert_eq!(board::encode_refusal(&refusal), None);
    }
}

#[test]
fn commands() {
    let golden = golden("wire/command.tsv");
    for (payload, fields) in golden.good {
        let command = board::parse_command(&payload).unwrap();
        assert_eq!(command.id, order_id(&fields[0], &fields[1]));
        assert_eq!(command.deadline_ms.to_string(), fields[2]);
        assert_eq!(command.endpoint.as_str(), fields[3]);
        assert_eq!(command.value, fields[4]);
        assert_eq!(command.on(), fields[4].parse().ok());
        assert_eq!(command.encode().as_bytes(), payload);
        let Some(on) = command.on() else { continue };
        let order = Order {
            board: board_id(),
            link: LinkId(1),
            id: command.id,
            deadline_ms: command.deadline_ms,
            endpoint: command.endpoint.clone(),
            on,
        };
        let (topic, written) = encode_command(&order);
        assert_eq!((topic.as_str(), written.as_bytes()), ("homie/5/relay-a1b2c3/$command", &payload[..]));
    }
    for payload in golden.bad {
        let error = board::parse_command(&payload).expect_err(&format!("took {:?}", payload.escape_ascii()));
        assert_eq!(error.at(), "$command");
    }
}

#[test]
fn credentials() {
    let golden = golden("wire/credential.tsv");
    for (payload, fields) in golden.good {
        let (id, secret) = (order_id(&fields[0], &fields[1]), Secret::new(&fields[2]));
        assert_eq!(board::parse_credential(&payload), Ok((id, secret.clone())));
        let (mut topic, mut written) = ("x".to_owned(), "x".to_owned());
        let new = NewSecret { board: board_id(), link: LinkId(1), id, secret };
        write_credential(&new, &mut topic, &mut written);
        assert_eq!((topic.as_str(), written.as_bytes()), ("homie/5/relay-a1b2c3/$credential", &payload[..]));
    }
    for payload in golden.bad {
        let error = board::parse_credential(&payload).expect_err(&format!("took {:?}", payload.escape_ascii()));
        assert_eq!(error.at(), "$credential");
        assert!(!error.to_string().contains("0123456789abcdef"), "a secret is in no error: {error}");
    }
}

/// What a golden order asks, by its endpoint and value.
fn wish(endpoint: &str, value: &str) -> Wish {
    let (node, property) = endpoint.split_once('/').unwrap();
    let policies = [("off", PowerOn::Off), ("on", PowerOn::On), ("restore", PowerOn::Restore)];
    let setting = match property {
        "identify" => return Wish::Identify,
        "restart" => return Wish::Restart,
        "forget" => return Wish::Forget,
        "power-on" => RelaySetting::PowerOn(policies.into_iter().find(|(word, _)| *word == value).unwrap().1),
        "pulse" => RelaySetting::Pulse(Pulse::from_millis(value.parse().unwrap()).unwrap()),
        "interlock" => RelaySetting::Interlock(value.parse().unwrap()),
        "wiring" => RelaySetting::Wiring(Wiring {
            normally_closed: value.starts_with("nc-"),
            active_low: value.ends_with("-low"),
        }),
        other => panic!("{other}"),
    };
    Wish::Relay(Endpoint::new(&format!("{node}/on")).unwrap(), setting)
}

#[test]
fn orders_to_configure() {
    let golden = golden("wire/configure.tsv");
    for (payload, fields) in golden.good {
        let read = board::parse_configure(&payload).unwrap();
        assert_eq!((read.endpoint.as_str(), read.value), (fields[3].as_str(), fields[4].as_str()));
        let (id, deadline_ms) = (order_id(&fields[0], &fields[1]), fields[2].parse().unwrap());
        let wish = wish(&fields[3], &fields[4]);
        let (mut topic, mut written) = ("x".to_owned(), "x".to_owned());
        let order = ConfigOrder { board: board_id(), link: LinkId(1), id, deadline_ms, wish };
        write_configure(&order, &mut topic, &mut written);
        assert_eq!((topic.as_str(), written.as_bytes()), ("homie/5/relay-a1b2c3/$configure", &payload[..]));
    }
    for payload in golden.bad {
        let error = board::parse_configure(&payload).expect_err(&format!("took {:?}", payload.escape_ascii()));
        assert_eq!(error.at(), "$configure");
    }
}

#[test]
fn answers_to_them() {
    let golden = golden("wire/configured.tsv");
    for (payload, fields) in golden.good {
        let configured = Configured {
            order: order_id(&fields[0], &fields[1]),
            uptime_ms: fields[2].parse().unwrap(),
            endpoint: Endpoint::new(&fields[3]).unwrap(),
            value: fields[4].as_str().into(),
        };
        assert_eq!(board::encode_configured(&configured).as_bytes(), payload);
        assert_eq!(hear("$configured", &payload, false), Ok(Some(Said::Configured(configured))));
        assert_eq!(hear("$configured", &payload, true).unwrap_err().kind(), BadKind::Retained);
    }
    refused("$configured", &golden.bad);
}

#[test]
fn other_networks() {
    for (payload, fields) in golden("wire/network.tsv").good {
        let password = Some(&fields[4]).filter(|password| !password.is_empty()).map(|password| Secret::new(password));
        let wifi = WifiSettings { ssid: fields[3].as_str().into(), password };
        let order = ConfigOrder {
            board: board_id(),
            link: LinkId(1),
            id: order_id(&fields[0], &fields[1]),
            deadline_ms: fields[2].parse().unwrap(),
            wish: Wish::Network(wifi),
        };
        let (mut topic, mut written) = (String::new(), String::new());
        write_configure(&order, &mut topic, &mut written);
        assert_eq!((topic.as_str(), written.as_bytes()), ("homie/5/relay-a1b2c3/$network", &payload[..]));
        assert!(written.len() <= MAX_PAYLOAD);
    }
}

#[test]
fn what_became_of_them() {
    let golden = golden("wire/tried.tsv");
    for (payload, _) in golden.good {
        let Ok(Some(Said::Tried(tried))) = hear("$tried", &payload, false) else { panic!() };
        assert_eq!(board::encode_tried(&tried).as_bytes(), payload);
        assert_eq!(hear("$tried", &payload, true).unwrap_err().kind(), BadKind::Retained);
    }
    refused("$tried", &golden.bad);
    assert!(hear("$tried", b"c0ffee01 1 777 lost", false).is_err());
}

#[test]
fn settings_that_a_board_tells() {
    for row in support::rows("wire/configure.tsv") {
        let [verdict, _, _, _, _, endpoint, value] = &row[..] else { continue };
        if verdict != "good" || endpoint.starts_with("system/") {
            continue;
        }
        let Wish::Relay(relay, setting) = wish(endpoint, value) else { panic!() };
        assert_eq!(
            hear(endpoint, value.as_bytes(), true),
            Ok(Some(Said::Setting(relay, setting))),
            "{endpoint} {value}"
        );
    }
    // Words of other boards under these names are nothing to us, and no mistake.
    for (path, payload) in [
        ("relay-1/power-on", "ON"),
        ("relay-1/power-on", ""),
        ("relay-1/pulse", "99"),
        ("relay-1/pulse", "600001"),
        ("relay-1/pulse", "2.5"),
        ("relay-1/pulse", "0100"),
        ("relay-1/interlock", "5"),
        ("relay-1/interlock", "256"),
        ("relay-1/interlock", "-1"),
        ("relay-1/wiring", "nc"),
        ("relay-1/colour", "red"),
    ] {
        assert_eq!(hear(path, payload.as_bytes(), true), Ok(None), "{path} {payload}");
    }
}

#[test]
fn a_deadline_beyond_the_wire_is_written_as_the_largest() {
    let order = Order {
        board: board_id(),
        link: LinkId(1),
        id: order_id("c0ffee01", "1"),
        deadline_ms: u64::MAX,
        endpoint: Endpoint::relay(1),
        on: false,
    };
    let payload = encode_command(&order).1;
    assert_eq!(board::parse_command(payload.as_bytes()).unwrap().deadline_ms, MAX_MS);
}

#[test]
fn longer_payloads_are_refused_unread() {
    let long = vec![b'a'; MAX_PAYLOAD + 1];
    for path in ["$session", "$report", "$refusal", "system/uptime"] {
        assert_eq!(hear(path, &long, false).unwrap_err().kind(), BadKind::TooLong, "{path}");
        assert_ne!(hear(path, &long[1..], false).unwrap_err().kind(), BadKind::TooLong, "{path}");
    }
    assert_eq!(board::parse_command(&long).unwrap_err().kind(), BadKind::TooLong);
}

#[test]
fn errors_say_where_and_why_without_the_senders_words() {
    let shown = |payload: &[u8]| hear("$report", payload, false).unwrap_err().to_string();
    assert_eq!(
        shown(b"c0ffee01 0 1 relay-1/on true boot -"),
        "$report: the counter must be a decimal number from 1 to 4294967295"
    );
    assert_eq!(shown(b"c0ffee01 1"), "$report: it has too few fields");
    assert_eq!(shown(b"c0ffee01 1 1 relay-1/on true boot - EVIL"), "$report: it has too many fields");
    assert!(!shown(b"c0ffee01 1 1 relay-1/on EVIL boot -").contains("EVIL"));
}

#[test]
fn messages_for_now_must_not_be_retained() {
    let messages: [(&str, &[u8]); 3] = [
        ("$session", b"c0ffee01 5"),
        ("$report", b"c0ffee01 1 1 relay-1/on true boot -"),
        ("$refusal", b"c0ffee01 9 777 relay-1/on stale"),
    ];
    for (path, payload) in messages {
        assert!(matches!(hear(path, payload, false), Ok(Some(_))), "{path}");
        assert_eq!(hear(path, payload, true).unwrap_err().kind(), BadKind::Retained, "{path}");
    }
}

#[test]
fn states() {
    let states = [
        ("init", BoardState::Init),
        ("ready", BoardState::Ready),
        ("disconnected", BoardState::Disconnected),
        ("sleeping", BoardState::Sleeping),
        (board::WILL, BoardState::Lost),
    ];
    for (word, state) in states {
        assert_eq!(board::encode_state(state), word);
        assert_eq!(hear("$state", word.as_bytes(), true), Ok(Some(Said::State(state))));
    }
    for bad in ["Ready", "ready ", "alert", "ready\0", "ü"] {
        assert_eq!(hear("$state", bad.as_bytes(), true).unwrap_err().kind(), BadKind::Field, "{bad:?}");
    }
    assert_eq!(hear("$state", b"", true), Ok(Some(Said::State(BoardState::Disconnected))), "Homie's removal");
    assert!(hear("$state", b"", false).is_err());
}

#[test]
fn facts() {
    assert_eq!(hear("system/model", b"NodeMCU v3", true), Ok(Some(Said::Fact(Fact::Model("NodeMCU v3".into())))));
    assert_eq!(hear("system/firmware", b"0.1.0", true), Ok(Some(Said::Fact(Fact::Firmware("0.1.0".into())))));
    let mac = "a0:20:a6:a1:b2:c3";
    assert_eq!(hear("system/mac", mac.as_bytes(), true), Ok(Some(Said::Fact(Fact::Mac(mac.into())))));
    assert_eq!(hear("system/chip-id", b"a1b2c3", true), Ok(Some(Said::Fact(Fact::Chip("a1b2c3".into())))));
    assert_eq!(hear("system/uptime", b"1234", true), Ok(Some(Said::Fact(Fact::Uptime(1234)))));
    for bad in ["", " 1", "1 ", "01", "-1", "1.5", "9223372036854775808", "1 2"] {
        assert!(hear("system/uptime", bad.as_bytes(), false).is_err(), "{bad:?}");
    }
    assert_eq!(hear("system/rssi", b"-61", true), Ok(Some(Said::Fact(Fact::Rssi(-61)))));
    assert_eq!(hear("system/heap", b"20480", true), Ok(Some(Said::Fact(Fact::FreeHeap(20_480)))));
    let reason = Fact::RestartReason("power-on".into());
    assert_eq!(hear("system/restart-reason", b"power-on", true), Ok(Some(Said::Fact(reason))));
    for bad in ["", " 1", "+1", "01", "-0", "1.5", "4294967296", "99999999999"] {
        assert!(hear("system/rssi", bad.as_bytes(), false).is_err(), "{bad:?}");
        assert!(hear("system/heap", bad.as_bytes(), false).is_err(), "{bad:?}");
    }
    assert!(hear("system/heap", b"-1", true).is_err());
    let longest = "x".repeat(MAX_FACT);
    assert!(hear("system/model", longest.as_bytes(), true).is_ok());
    assert_eq!(hear("system/model", format!("{longest}x").as_bytes(), true).unwrap_err().kind(), BadKind::TooLong);
    for bad in ["a\nb", "\u{202e}b", "\0"] {
        assert_eq!(hear("system/firmware", bad.as_bytes(), true).unwrap_err().kind(), BadKind::NotText, "{bad:?}");
    }
    assert_eq!(hear("system/firmware", b"  ", true).unwrap_err().kind(), BadKind::Field);
}
