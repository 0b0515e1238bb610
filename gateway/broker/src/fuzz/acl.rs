//! Filters and topics, against a plain model of both.

use super::{BOARD, CREDENTIALS, is_order, is_plain};
use crate::codec::Publish;
use crate::{acl as rules, filter};
use gatehouse_core::access::IntegrationCredential;
use gatehouse_core::device::SecretHash;
use gatehouse_wire::homie::topic::Topic;

/// Three lines: a filter that is allowed, one that is asked for, a topic; whether all of them are well formed.
pub fn acl(input: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(input) else { return false };
    let mut lines = text.splitn(3, '\n');
    let (Some(allowed), Some(asked), Some(topic)) = (lines.next(), lines.next(), lines.next()) else { return false };
    assert_eq!(filter::is_topic(topic), is_plain(topic), "{topic:?}");
    for filter in [allowed, asked] {
        assert_eq!(filter::is_filter(filter), is_plain_filter(filter), "{filter:?}");
    }
    board(asked, topic);
    integration(allowed, asked, topic);
    let well_formed = is_plain_filter(allowed) && is_plain_filter(asked) && is_plain(topic);
    if well_formed {
        assert_eq!(filter::matches(asked, topic), hears(asked, topic), "{asked} {topic}");
        covering(allowed, asked, topic);
    }
    well_formed
}

fn is_plain_filter(text: &str) -> bool {
    let (last, before) = match text.rsplit_once('/') {
        Some((before, last)) => (last, Some(before)),
        None => (text, None),
    };
    // Without its wildcards it is a topic.
    let worded = |level: &str| if level == "+" { "w".to_owned() } else { level.to_owned() };
    let before = before.map(|before| before.split('/').map(worded).collect::<Vec<_>>().join("/") + "/");
    let last = if last == "#" { "w".to_owned() } else { worded(last) };
    is_plain(&(before.unwrap_or_default() + &last))
}

/// Level by level, as the standard puts it in words.
fn hears(filter: &str, topic: &str) -> bool {
    fn levels(filter: &[&str], topic: &[&str]) -> bool {
        match (filter, topic) {
            (["#"], _) | ([], []) => true,
            (["+", filter @ ..], [_, topic @ ..]) => levels(filter, topic),
            ([word, filter @ ..], [level, topic @ ..]) => word == level && levels(filter, topic),
            _ => false,
        }
    }
    levels(&filter.split('/').collect::<Vec<_>>(), &topic.split('/').collect::<Vec<_>>())
}

/// A topic for each way in which a filter can be met, with a word that is too long for any other filter.
fn witnesses(asked: &str) -> Vec<String> {
    let other = &*"w".repeat(filter::MAX_TOPIC + 1);
    let worded: Vec<&str> = asked.split('/').map(|level| if level == "+" { other } else { level }).collect();
    let Some((&"#", parent)) = worded.split_last() else { return vec![worded.join("/")] };
    let tails = (0..=filter::MAX_LEVELS).map(|more| [parent, &[other].repeat(more)].concat());
    tails.filter(|levels| !levels.is_empty()).map(|levels| levels.join("/")).collect()
}

fn covering(allowed: &str, asked: &str, topic: &str) {
    let mut all = witnesses(asked);
    all.retain(|witness| hears(asked, witness));
    let everything = all.iter().all(|witness| hears(allowed, witness));
    if filter::covers(allowed, asked) {
        assert!(everything, "{allowed} does not have all of {asked}");
        assert!(!hears(asked, topic) || hears(allowed, topic), "{topic} by {asked} of {allowed}");
    } else {
        assert!(!everything, "{allowed} has all of {asked}");
    }
}

fn board(asked: &str, topic: &str) {
    if rules::board_subscribe(&BOARD, asked) {
        assert!(is_plain_filter(asked) && asked.starts_with("homie/5/b/"), "{asked}");
        for witness in witnesses(asked) {
            assert!(witness.starts_with("homie/5/b/"), "{witness} by {asked}");
        }
    }
    let publish = Publish { topic, ..Publish::default() };
    if rules::board_publish(&BOARD, &publish).is_ok() {
        assert!(is_plain(topic) && topic.starts_with("homie/5/b/") && !is_order(topic), "{topic}");
    }
}

/// One with `allowed` as its only filter.
fn integration(allowed: &str, asked: &str, topic: &str) {
    let filters = vec![allowed.to_owned()];
    let secret = SecretHash([0; 32]);
    let credential = IntegrationCredential { secret, publish: filters.clone(), subscribe: filters };
    for asked in [asked, &format!("$share/g/{asked}")] {
        let of = asked.strip_prefix("$share/").and_then(|rest| Some(rest.split_once('/')?.1)).unwrap_or(asked);
        // An owner's filters are well formed: `core` takes no others.
        if is_plain_filter(allowed) && rules::integration_subscribe(&credential, asked) {
            assert!(is_plain_filter(of), "{asked}");
            assert!(!hears(of, topic) || hears(allowed, topic), "{topic} by {asked} of {allowed}");
        }
    }
    let publish = Publish { topic, retain: true, ..Publish::default() };
    if is_plain_filter(allowed) && rules::integration_publish(&credential, &CREDENTIALS, &publish).is_ok() {
        assert!(is_plain(topic) && hears(allowed, topic) && !topic.starts_with("homie/5/b/"), "{topic} of {allowed}");
        let levels = topic.split('/').count();
        let retained_order = levels == 6 && topic.ends_with("/set") && Topic::parse(topic).is_some();
        assert!(!retained_order, "{topic}");
    }
}
