//! Who may publish where, and subscribe to what.

use crate::codec::Publish;
use crate::counters::Count;
use crate::filter;
use gatehouse_core::access::{Credentials, IntegrationCredential};
use gatehouse_core::name::BoardId;
use gatehouse_wire::homie::topic::{self, Topic};

/// Whether a board may publish this: on its own topics, and never an order.
pub(crate) fn board_publish(board: &BoardId, publish: &Publish<'_>) -> Result<(), Count> {
    if filter::is_topic(publish.topic) && topic::may_publish(board, publish.topic) {
        Ok(())
    } else {
        Err(refusal(publish))
    }
}

/// Whether a board may have this filter: one for orders to itself or for its secret, and nothing else.
pub(crate) fn board_subscribe(board: &BoardId, asked: &str) -> bool {
    let for_orders = ["/$command", "/$credential", "/set"].iter().any(|end| asked.ends_with(end));
    for_orders && filter::is_filter(asked) && topic::may_subscribe(board, asked)
}

/// Whether an integration may publish this. What a board says is the board's own to say, and nobody but the gateway
/// orders a board to do anything, so the topics of boards are refused whatever the credential's filters are.
pub(crate) fn integration_publish(
    credential: &IntegrationCredential,
    credentials: &Credentials,
    publish: &Publish<'_>,
) -> Result<(), Count> {
    let topic = publish.topic;
    let allowed = filter::is_topic(topic) && credential.publish.iter().any(|allowed| filter::covers(allowed, topic));
    let of_board = topic.split('/').nth(2).and_then(|id| credentials.boards.get_key_value(id));
    let of_board = of_board.is_some_and(|(id, _)| topic.starts_with(&topic::board_prefix(id)));
    let order = match Topic::parse(topic) {
        Some((_, Topic::Command | Topic::Credential)) => true,
        // A retained one would move a relay again at each reconnect of whatever listens there.
        Some((_, Topic::Set(_))) => publish.retain,
        _ => false,
    };
    if allowed && !of_board && !order { Ok(()) } else { Err(refusal(publish)) }
}

/// Whether an integration may have this filter, shared with others of its credential or not.
pub(crate) fn integration_subscribe(credential: &IntegrationCredential, asked: &str) -> bool {
    let asked = filter::unshared(asked);
    filter::is_filter(asked) && credential.subscribe.iter().any(|allowed| filter::covers(allowed, asked))
}

fn refusal(publish: &Publish<'_>) -> Count {
    match Topic::parse(publish.topic) {
        Some((_, Topic::Command | Topic::Credential | Topic::Set(_))) => Count::DroppedCommand,
        _ => Count::DroppedForbidden,
    }
}

#[cfg(test)]
#[path = "acl_model.rs"]
mod model;

#[cfg(test)]
mod tests {
    use super::*;
    use gatehouse_core::access::BoardCredential;
    use gatehouse_core::device::SecretHash;
    use gatehouse_core::ids::DeviceId;

    fn publish(topic: &str, retain: bool) -> Publish<'_> {
        Publish { topic, payload: b"true", qos: 1, retain, id: 1, ..Publish::default() }
    }

    #[test]
    fn a_board_speaks_for_itself_and_orders_nobody() {
        let board = BoardId::new("relay-1").unwrap();
        for (topic, expected) in [
            ("homie/5/relay-1/$state", Ok(())),
            ("homie/5/relay-1/$command", Err(Count::DroppedCommand)),
            ("homie/5/relay-1/$credential", Err(Count::DroppedCommand)),
            ("homie/5/relay-1/relay-1/on/set", Err(Count::DroppedCommand)),
            ("homie/5/relay-2/$command", Err(Count::DroppedCommand)),
            ("homie/5/relay-2/$state", Err(Count::DroppedForbidden)),
            ("homie/5/relay-1", Err(Count::DroppedForbidden)),
            ("elsewhere", Err(Count::DroppedForbidden)),
        ] {
            assert_eq!(board_publish(&board, &publish(topic, true)), expected, "{topic}");
        }
    }

    #[test]
    fn a_board_hears_orders_to_itself_only() {
        let board = BoardId::new("relay-1").unwrap();
        for good in [
            "homie/5/relay-1/$command",
            "homie/5/relay-1/$credential",
            "homie/5/relay-1/+/+/set",
            "homie/5/relay-1/relay-1/on/set",
        ] {
            assert!(board_subscribe(&board, good), "{good}");
        }
        for bad in
            ["homie/5/relay-2/$command", "homie/5/+/$command", "homie/5/relay-1/#", "#", "$share/g/homie/5/relay-1/set"]
        {
            assert!(!board_subscribe(&board, bad), "{bad}");
        }
    }

    #[test]
    fn an_integration_never_reaches_a_board() {
        let all = IntegrationCredential {
            secret: SecretHash([1; 32]),
            publish: vec!["#".into()],
            subscribe: vec!["homie/5/#".into()],
        };
        let mut credentials = Credentials::default();
        let board = BoardCredential { device: DeviceId::from_raw(1), secret: SecretHash([2; 32]), next: None };
        credentials.boards.insert(BoardId::new("relay-1").unwrap(), board);
        for (topic, retain, expected) in [
            ("homie/5/relay-1/relay-1/on/set", false, Err(Count::DroppedCommand)),
            ("homie/5/relay-1/$command", false, Err(Count::DroppedCommand)),
            ("homie/5/relay-1/$credential", false, Err(Count::DroppedCommand)),
            ("homie/5/unknown/$credential", false, Err(Count::DroppedCommand)),
            ("homie/5/unknown/$command", false, Err(Count::DroppedCommand)),
            ("homie/5/foreign/lamp/on/set", true, Err(Count::DroppedCommand)),
            ("homie/5/foreign/lamp/on/set", false, Ok(())),
            ("homie/5/relay-1/$state", true, Err(Count::DroppedForbidden)),
            ("homie/5/relay-1/x/y/z/w", false, Err(Count::DroppedForbidden)),
            ("$SYS/x", false, Err(Count::DroppedForbidden)),
            ("kitchen/light", true, Ok(())),
        ] {
            assert_eq!(integration_publish(&all, &credentials, &publish(topic, retain)), expected, "{topic} {retain}");
        }
        assert!(integration_subscribe(&all, "homie/5/+/$state"));
        assert!(integration_subscribe(&all, "$share/g/homie/5/+/$state"));
        for bad in [
            "homie/+/relay-1/$state",
            "#",
            "$SYS/#",
            "$share/g/#",
            "$share/g/$SYS/#",
            "$share//homie/5/#",
            "$share/+/homie/5/#",
            "$share/homie",
            "homie/5/#/a",
        ] {
            assert!(!integration_subscribe(&all, bad), "{bad}");
        }
    }
}
