//! Who may publish where, and subscribe to what.

use crate::codec::Publish;
use crate::counters::Count;
use crate::filter;
use gatehouse_core::access::{BoardCredential, Credentials, IntegrationCredential};
use gatehouse_core::name::{BoardId, Endpoint};
use gatehouse_wire::homeassistant::topic::is_for_gateway_only;
use gatehouse_wire::homie::asked_of_relay;
use gatehouse_wire::homie::topic::{self, Topic};

/// Whether a board may publish this: on its own topics, and never an order.
pub(crate) fn board_publish(board: &BoardId, publish: &Publish<'_>) -> Result<(), Count> {
    if filter::is_topic(publish.topic) && topic::may_publish(board, publish.topic) {
        Ok(())
    } else {
        Err(refusal(publish))
    }
}

/// Whether a board may have this filter: one for orders to itself of any kind or for its secret, and nothing else.
pub(crate) fn board_subscribe(board: &BoardId, asked: &str) -> bool {
    let for_orders =
        ["/$command", "/$credential", "/$configure", "/$network", "/set"].iter().any(|end| asked.ends_with(end));
    for_orders && filter::is_filter(asked) && topic::may_subscribe(board, asked)
}

/// What an integration asks of a claimed board, where it is a `/set` of one that it publishes to, or why that is refused.
/// It is for the home alone: nobody gets to hear it.
pub(crate) fn integration_command(
    credential: &IntegrationCredential,
    credentials: &Credentials,
    publish: &Publish<'_>,
) -> Option<Result<Asked, Count>> {
    let (board, _) = of_board(credentials, publish.topic)?;
    let Some((_, Topic::Set(endpoint))) = Topic::parse(publish.topic) else { return None };
    let asked = if !may_publish(credential, publish.topic) {
        Err(Count::DroppedCommand)
    } else if publish.retain {
        // It would move the relay again at each reconnect: the field's oldest accident.
        Err(Count::CommandRetained)
    } else if publish.duplicate {
        // It may have been obeyed before the connection broke, and someone may have moved the relay since.
        Err(Count::CommandRepeated)
    } else {
        let on = asked_of_relay(publish.payload).ok_or(Count::CommandBadValue);
        on.map(|on| Asked { board: board.clone(), endpoint, on })
    };
    Some(asked)
}

/// What an integration asks of a board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) board: BoardId,
    pub(crate) endpoint: Endpoint,
    pub(crate) on: bool,
}

fn may_publish(credential: &IntegrationCredential, topic: &str) -> bool {
    filter::is_topic(topic) && credential.publish.iter().any(|allowed| filter::covers(allowed, topic))
}

/// The claimed board whose topic this is.
fn of_board<'a>(credentials: &'a Credentials, topic: &str) -> Option<(&'a BoardId, &'a BoardCredential)> {
    let claimed = credentials.boards.get_key_value(topic.split('/').nth(2)?)?;
    topic.starts_with(&topic::board_prefix(claimed.0)).then_some(claimed)
}

/// Whether an integration may publish this, for others to hear. What a board says is the board's own to say, and nobody
/// but the gateway orders a board to do anything, so the topics of boards are refused whatever the credential's filters
/// are; what may be asked of them is for [`integration_command`] to say. So are those where the gateway tells Home Assistant
/// of them refused.
pub(crate) fn integration_publish(
    credential: &IntegrationCredential,
    credentials: &Credentials,
    publish: &Publish<'_>,
) -> Result<(), Count> {
    let topic = publish.topic;
    let allowed = may_publish(credential, topic);
    let of_board = of_board(credentials, topic).is_some();
    let order = match Topic::parse(topic) {
        Some((_, Topic::Command | Topic::Credential | Topic::Configure | Topic::Network)) => true,
        // A retained one would move a relay again at each reconnect of whatever listens there.
        Some((_, Topic::Set(_))) => publish.retain,
        _ => false,
    };
    let announcement = is_for_gateway_only(topic);
    if allowed && !of_board && !order && !announcement { Ok(()) } else { Err(refusal(publish)) }
}

/// Whether an integration may have this filter, shared with others of its credential or not.
pub(crate) fn integration_subscribe(credential: &IntegrationCredential, asked: &str) -> bool {
    let asked = filter::unshared(asked);
    filter::is_filter(asked) && credential.subscribe.iter().any(|allowed| filter::covers(allowed, asked))
}

fn refusal(publish: &Publish<'_>) -> Count {
    match Topic::parse(publish.topic) {
        Some((_, Topic::Command | Topic::Credential | Topic::Configure | Topic::Network | Topic::Set(_))) => {
            Count::DroppedCommand
        }
        _ if is_for_gateway_only(publish.topic) => Count::DroppedAnnouncement,
        _ => Count::DroppedForbidden,
    }
}

#[cfg(test)]
#[path = "acl_model.rs"]
mod model;

#[cfg(test)]
mod tests {
    use super::*;
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
            ("homie/5/relay-1/$configure", Err(Count::DroppedCommand)),
            ("homie/5/relay-1/$network", Err(Count::DroppedCommand)),
            ("homie/5/relay-1/$tried", Ok(())),
            ("homie/5/relay-1/$configured", Ok(())),
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
            "homie/5/relay-1/$configure",
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

    fn integration(publish: &str) -> IntegrationCredential {
        let (publish, subscribe) = (vec![publish.into()], vec!["homie/5/#".into()]);
        IntegrationCredential { secret: SecretHash([1; 32]), publish, subscribe }
    }

    /// With `relay-1` claimed.
    fn credentials() -> Credentials {
        let mut credentials = Credentials::default();
        let board = BoardCredential { device: DeviceId::from_raw(1), secret: SecretHash([2; 32]), next: None };
        credentials.boards.insert(BoardId::new("relay-1").unwrap(), board);
        credentials
    }

    #[test]
    fn an_integration_asks_of_a_claimed_board_what_its_filters_let_it() {
        const SET: &str = "homie/5/relay-1/relay-2/on/set";
        let plain = publish(SET, false);
        let asked =
            |filter: &str, publish: &Publish<'_>| integration_command(&integration(filter), &credentials(), publish);
        let (board, endpoint) = (BoardId::new("relay-1").unwrap(), Endpoint::relay(2));
        for (payload, on) in [(&b"true"[..], true), (b"false", false)] {
            let expected = Asked { board: board.clone(), endpoint: endpoint.clone(), on };
            for filter in ["#", "homie/5/+/+/+/set", "homie/5/relay-1/#", "homie/5/relay-1/+/+/set", SET] {
                let got = asked(filter, &Publish { payload, ..plain });
                assert_eq!(got, Some(Ok(expected.clone())), "{filter} {on}");
            }
        }
        for filter in ["garden/#", "homie/5/relay-2/#", "homie/5/relay-1/relay-1/on/set", "homie/5/relay-1/+/on"] {
            assert_eq!(asked(filter, &plain), Some(Err(Count::DroppedCommand)), "{filter}");
        }
        for (bad, why) in [
            (Publish { retain: true, ..plain }, Count::CommandRetained),
            (Publish { duplicate: true, ..plain }, Count::CommandRepeated),
            (Publish { payload: b"TRUE", ..plain }, Count::CommandBadValue),
            (Publish { payload: b"true ", ..plain }, Count::CommandBadValue),
            (Publish { payload: b"", ..plain }, Count::CommandBadValue),
        ] {
            assert_eq!(asked("#", &bad), Some(Err(why)), "{bad:?}");
        }
        for other in [
            "homie/5/relay-1/$command",
            "homie/5/relay-1/relay-1/on",
            "homie/5/relay-1/relay-1/on/$target",
            "homie/5/relay-1/set",
            "homie/5/relay-1/a/b/c/set",
            "homie/5/relay-1/relay-1/ON/set",
            "homie/5/foreign/lamp/on/set",
            "homie/4/relay-1/relay-1/on/set",
            "other/5/relay-1/relay-1/on/set",
        ] {
            assert_eq!(asked("#", &publish(other, false)), None, "{other}");
        }
    }

    #[test]
    fn an_integration_never_reaches_a_board() {
        let (all, credentials) = (integration("#"), credentials());
        for (topic, retain, expected) in [
            ("homie/5/relay-1/relay-1/on/set", false, Err(Count::DroppedCommand)),
            ("homie/5/relay-1/$command", false, Err(Count::DroppedCommand)),
            ("homie/5/relay-1/$credential", false, Err(Count::DroppedCommand)),
            ("homie/5/relay-1/$configure", false, Err(Count::DroppedCommand)),
            ("homie/5/relay-1/$network", false, Err(Count::DroppedCommand)),
            ("homie/5/unknown/$credential", false, Err(Count::DroppedCommand)),
            ("homie/5/unknown/$command", false, Err(Count::DroppedCommand)),
            ("homie/5/foreign/lamp/on/set", true, Err(Count::DroppedCommand)),
            ("homie/5/foreign/lamp/on/set", false, Ok(())),
            ("homie/5/relay-1/$state", true, Err(Count::DroppedForbidden)),
            ("homie/5/relay-1/x/y/z/w", false, Err(Count::DroppedForbidden)),
            ("$SYS/x", false, Err(Count::DroppedForbidden)),
            ("homeassistant/device/gatehouse_d1/config", true, Err(Count::DroppedAnnouncement)),
            ("homeassistant/switch/gatehouse_d1/s1/config", false, Err(Count::DroppedAnnouncement)),
            ("any/prefix/of/it/device/gatehouse_/config", true, Err(Count::DroppedAnnouncement)),
            ("homeassistant/device/other_d1/config", true, Ok(())),
            ("homeassistant/status", true, Ok(())),
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
