//! The golden descriptions, good and bad.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use gatehouse_core::device::{Description, MAX_RELAYS, Said};
use gatehouse_core::name::{BoardId, Endpoint};
use gatehouse_wire::homie::{BadKind, BadMessage, MAX_DESCRIPTION, board, decode};
use std::collections::BTreeSet;
use std::fs;

fn describe(payload: &[u8]) -> Result<Description, BadMessage> {
    let id = BoardId::new("relay-a1b2c3").unwrap();
    decode(&id, "homie/5/relay-a1b2c3/$description", payload, false).map(|said| match said {
        Some(Said::Description(description)) => description,
        other => panic!("{other:?}"),
    })
}

/// The rows of a table, which must name every file of its folder and no other.
fn table(folder: &str) -> Vec<Vec<String>> {
    let rows = support::rows(&format!("wire/description/{folder}.tsv"));
    let named: BTreeSet<String> = rows.iter().map(|row| row[0].clone()).collect();
    let there: BTreeSet<String> = fs::read_dir(support::vectors("wire/description").join(folder))
        .unwrap()
        .map(|entry| format!("{folder}/{}", entry.unwrap().file_name().into_string().unwrap()))
        .collect();
    assert_eq!(named, there);
    rows
}

fn file(name: &str) -> Vec<u8> {
    fs::read(support::vectors("wire/description").join(name)).unwrap()
}

#[test]
fn valid_ones_read_as_listed() {
    for row in table("valid") {
        let relays = row[2].split(',').filter(|relay| *relay != "-").map(|relay| Endpoint::new(relay).unwrap());
        let expected = Description {
            native: row[1] != "plain",
            rotates: row[1] == "rotates",
            configures: row[1] == "configures",
            moves: row[1] == "moves",
            relays: relays.collect(),
        };
        assert_eq!(describe(&file(&row[0])), Ok(expected), "{}", row[0]);
    }
}

#[test]
fn invalid_ones_are_refused_for_the_reason_listed() {
    for row in table("invalid") {
        let error = describe(&file(&row[0])).expect_err(&row[0]);
        assert_eq!(error.kind(), BadKind::Description, "{}", row[0]);
        assert!(error.to_string().contains(&row[1]), "{}: {error}", row[0]);
    }
}

#[test]
fn the_size_is_bounded() {
    let mut payload = br#"{"homie":"5.0","version":1}"#.to_vec();
    payload.resize(MAX_DESCRIPTION, b' ');
    assert!(describe(&payload).is_ok());
    payload.push(b' ');
    assert_eq!(describe(&payload).unwrap_err().kind(), BadKind::TooLong);
}

#[test]
fn the_senders_words_do_not_reach_the_log() {
    let error = describe(br#"{"homie":"5.0","version":"EVIL\n"}"#).unwrap_err().to_string();
    assert!(!error.contains("EVIL"), "{error}");
    assert!(error.contains("line 1, column"), "{error}");
}

#[test]
fn a_stand_in_board_describes_itself_as_native() {
    for count in [0, 1, 12, MAX_RELAYS] {
        let relays = (1..=count).map(Endpoint::relay).collect();
        let payload = board::description("Kitchen \"lamp\"", count);
        assert_eq!(
            describe(payload.as_bytes()),
            Ok(Description { native: true, rotates: false, configures: false, moves: false, relays }),
            "{count}"
        );
        let document: serde_json::Value = serde_json::from_str(&payload).unwrap();
        assert_eq!(document["name"], "Kitchen \"lamp\"");
        assert_eq!(document["nodes"]["system"]["properties"]["uptime"]["unit"], "ms");
    }
    assert!(describe(board::description("", MAX_RELAYS + 1).as_bytes()).is_err());
}
