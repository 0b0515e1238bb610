//! Reading the vectors that both sides share.

#![allow(dead_code, reason = "each test program uses its part")]

use std::fs;
use std::path::PathBuf;

pub(crate) fn vectors(path: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors")).join(path)
}

pub(crate) fn json(path: &str) -> serde_json::Value {
    serde_json::from_slice(&fs::read(vectors(path)).unwrap()).unwrap()
}

/// The rows of a table: no comments, no empty lines, split at tabs.
pub(crate) fn rows(path: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(vectors(path)).unwrap();
    let rows: Vec<_> = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split('\t').map(str::to_owned).collect())
        .collect();
    assert!(!rows.is_empty(), "{path} holds nothing");
    rows
}

/// `\t`, `\n` and `\xNN` stand for the bytes they name.
pub(crate) fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((before, escape)) = rest.split_once('\\') {
        bytes.extend_from_slice(before.as_bytes());
        let (byte, length) = match escape.as_bytes()[0] {
            b't' => (b'\t', 1),
            b'n' => (b'\n', 1),
            b'x' => (u8::from_str_radix(&escape[1..3], 16).unwrap(), 3),
            other => panic!("no escape: \\{}", char::from(other)),
        };
        bytes.push(byte);
        rest = &escape[length..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

/// One table of payloads: good ones with their fields, then bad ones.
pub(crate) struct Golden {
    pub(crate) good: Vec<(Vec<u8>, Vec<String>)>,
    pub(crate) bad: Vec<Vec<u8>>,
}

pub(crate) fn golden(path: &str) -> Golden {
    let mut golden = Golden { good: Vec::new(), bad: Vec::new() };
    for row in rows(path) {
        let payload = unescape(row.get(1).map_or("", String::as_str));
        match row[0].as_str() {
            "good" => golden.good.push((payload, row[2..].to_vec())),
            "bad" => golden.bad.push(payload),
            other => panic!("{path}: neither good nor bad: {other}"),
        }
    }
    assert!(!golden.good.is_empty() && !golden.bad.is_empty(), "{path}");
    golden
}
