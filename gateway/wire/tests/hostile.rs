//! Whatever bytes come: no panic, and what is taken is taken exactly, so that it encodes to the bytes it came as.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use gatehouse_core::command::{BoardSession, OrderId};
use gatehouse_core::device::{Cause, NewSecret, Report, Said};
use gatehouse_core::ids::LinkId;
use gatehouse_core::name::{BoardId, Endpoint};
use gatehouse_wire::homie::topic::Topic;
use gatehouse_wire::homie::{BadMessage, MAX_MS, board, decode, write_credential};
use std::num::NonZeroU32;

struct Xorshift(u64);

impl Xorshift {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn count(&mut self) -> NonZeroU32 {
        NonZeroU32::new(self.next() as u32).unwrap_or(NonZeroU32::MAX)
    }

    fn bytes(&mut self, longest: usize) -> Vec<u8> {
        (0..self.below(longest + 1)).map(|_| self.next() as u8).collect()
    }

    /// One to three small injuries.
    fn injure(&mut self, payload: &[u8]) -> Vec<u8> {
        const LIKELY: &[u8] = b" 0919afx-:/{}[]\",\\\0\n\xff";
        let mut payload = payload.to_vec();
        for _ in 0..=self.below(3) {
            let at = self.below(payload.len() + 1);
            let byte = LIKELY[self.below(LIKELY.len())];
            match self.below(4) {
                0 => payload.insert(at, byte),
                1 => payload.truncate(at),
                2 if at < payload.len() => payload[at] = byte,
                _ if at < payload.len() => drop(payload.remove(at)),
                _ => {}
            }
        }
        payload
    }
}

fn hear(path: &str, payload: &[u8]) -> Result<Option<Said>, BadMessage> {
    decode(&BoardId::new("b").unwrap(), &format!("homie/5/b/{path}"), payload, false)
}

/// Hears it, and whether it was taken.
fn taken_exactly(path: &str, payload: &[u8]) -> bool {
    let again = match (path, hear(path, payload)) {
        ("$command", _) => board::parse_command(payload).ok().map(|command| command.encode()),
        ("$credential", _) => board::parse_credential(payload).ok().map(|(id, secret)| {
            let (mut topic, mut written) = (String::new(), String::new());
            let new = NewSecret { board: BoardId::new("b").unwrap(), link: LinkId(1), id, secret };
            write_credential(&new, &mut topic, &mut written);
            written
        }),
        ("$configure", _) => board::parse_configure(payload).ok().map(|order| order.encode()),
        (_, Ok(Some(Said::Tried(tried)))) => Some(board::encode_tried(&tried)),
        (_, Ok(Some(Said::Configured(configured)))) => Some(board::encode_configured(&configured)),
        (_, Ok(Some(Said::Report(report)))) => Some(board::encode_report(&report)),
        (_, Ok(Some(Said::Refusal(refusal)))) => board::encode_refusal(&refusal),
        (_, Ok(Some(Said::Session(session, ms)))) => Some(board::encode_session(session, ms)),
        (_, Ok(Some(Said::State(state)))) => Some(board::encode_state(state).to_owned()),
        (_, Ok(said)) => return said.is_some(),
        (_, Err(_)) => None,
    };
    if let Some(again) = &again {
        assert_eq!(again.as_bytes(), payload, "{path} took {:?}", payload.escape_ascii());
    }
    again.is_some()
}

#[test]
fn random_bytes() {
    let mut random = Xorshift(0x9e37_79b9_7f4a_7c15);
    for _ in 0..20_000 {
        let payload = random.bytes(200);
        for path in [
            "$state",
            "$session",
            "$report",
            "$refusal",
            "$command",
            "$credential",
            "$configure",
            "$configured",
            "$description",
            "system/model",
        ] {
            assert!(!taken_exactly(path, &payload) || path == "system/model", "{path}: {:?}", payload.escape_ascii());
        }
        let topic = String::from_utf8_lossy(&payload).into_owned();
        assert!(hear(&topic, &payload).is_ok() || topic.ends_with("set"), "{topic:?}");
    }
}

#[test]
fn injured_payloads() {
    let mut random = Xorshift(0x2545_f491_4f6c_dd1d);
    let tables = [
        ("$session", "session"),
        ("$report", "report"),
        ("$refusal", "refusal"),
        ("$command", "command"),
        ("$credential", "credential"),
        ("$configure", "configure"),
        ("$configured", "configured"),
        ("$tried", "tried"),
    ];
    let mut taken = 0;
    for (path, table) in tables {
        for (payload, _) in support::golden(&format!("wire/{table}.tsv")).good {
            assert!(taken_exactly(path, &payload) || path == "$command", "{path}");
            for _ in 0..5_000 {
                let injured = random.injure(&payload);
                taken += usize::from(taken_exactly(path, &injured));
            }
        }
    }
    assert!(taken > 1_000, "the injuries are too heavy to prove anything: {taken}");
    let description = board::description("Board", 2);
    for _ in 0..20_000 {
        taken_exactly("$description", &random.injure(description.as_bytes()));
    }
}

#[test]
fn random_reports_come_back() {
    let mut random = Xorshift(0xd1b5_4a32_d192_ed03);
    let causes = [Cause::Command, Cause::Button, Cause::Boot, Cause::Pulse, Cause::Interlock];
    for _ in 0..10_000 {
        let session = BoardSession(random.count());
        let order = OrderId { session: BoardSession(random.count()), seq: random.count() };
        let report = Report {
            session,
            counter: random.count(),
            uptime_ms: random.next() & MAX_MS,
            endpoint: Endpoint::relay(1 + random.below(32)),
            on: random.below(2) == 1,
            cause: causes[random.below(causes.len())],
            obeyed: (random.below(2) == 1).then_some(order),
        };
        let payload = board::encode_report(&report);
        assert_eq!(hear("$report", payload.as_bytes()), Ok(Some(Said::Report(report))));
    }
}

#[test]
fn topics_are_taken_exactly() {
    let parts =
        ["homie", "5", "b", "$state", "$report", "$target", "set", "on", "relay-1", "system", "uptime", "", "+"];
    let mut random = Xorshift(0x1234_5678_9abc_def1);
    let mut taken = 0;
    for _ in 0..50_000 {
        let tail: Vec<&str> = (0..=random.below(4)).map(|_| parts[random.below(parts.len())]).collect();
        let text = format!("homie/5/{}", tail.join("/"));
        if let Some((board, topic)) = Topic::parse(&text) {
            assert_eq!(topic.of(&BoardId::new(board).unwrap()), text);
            taken += 1;
        }
    }
    assert!(taken > 500, "{taken}");
}
