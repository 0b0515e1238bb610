//! Access control against a plain model of it: what a client may do is worked out here by trying all topics of a small
//! world, there by comparing filters.

use super::*;
use gatehouse_core::access::BoardCredential;
use gatehouse_core::device::SecretHash;
use gatehouse_core::ids::DeviceId;

const ROUNDS: usize = 30_000;
const SEED: u64 = 0x9e37_79b9_7f4a_7c15;
const WORDS: [&str; 13] = [
    "homie",
    "5",
    "relay-1",
    "relay-2",
    "set",
    "$command",
    "$credential",
    "$configure",
    "$network",
    "$SYS",
    "",
    "gatehouse_d1",
    "config",
];

/// A small generator with a fixed seed, so that a failure comes again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % end
    }

    fn levels(&mut self, wild: bool) -> String {
        let mut levels = Vec::new();
        // Often a beginning that means something.
        let count = if self.below(2) == 0 {
            levels.extend(["homie", "5"]);
            1 + self.below(6)
        } else {
            1 + self.below(4)
        };
        while levels.len() < count {
            levels.push(match self.below(12) {
                0 | 1 if wild => "+",
                2 if wild => "#",
                3 if wild => "a+",
                _ => WORDS[self.below(WORDS.len())],
            });
        }
        levels.join("/")
    }

    fn filter(&mut self) -> String {
        let filter = self.levels(true);
        match self.below(8) {
            0 => format!("$share/g/{filter}"),
            1 => format!("$share/{filter}"),
            _ => filter,
        }
    }

    /// As an owner may have set it: also one that makes no sense.
    fn credential(&mut self) -> IntegrationCredential {
        let mut filters = || (0..self.below(3)).map(|_| self.levels(true)).collect();
        let (publish, subscribe) = (filters(), filters());
        IntegrationCredential { secret: SecretHash([0; 32]), publish, subscribe }
    }
}

/// Level by level, as the standard puts it in words.
fn matches(filter: &[&str], topic: &[&str]) -> bool {
    match (filter, topic) {
        (["#"], _) | ([], []) => true,
        (["+", filter @ ..], [_, topic @ ..]) => matches(filter, topic),
        ([word, filter @ ..], [level, topic @ ..]) => word == level && matches(filter, topic),
        _ => false,
    }
}

fn split(text: &str) -> Vec<&str> {
    text.split('/').collect()
}

fn hears(filter: &str, topic: &str) -> bool {
    let hidden = topic.starts_with('$') && !filter.starts_with('$');
    !hidden && matches(&split(filter), &split(topic))
}

fn is_well_formed(filter: &str) -> bool {
    let levels = split(filter);
    let last = levels.len() - 1;
    let sound = |(i, level): (usize, &&str)| match *level {
        "+" => true,
        "#" => i == last,
        word => !word.contains(['+', '#']),
    };
    !filter.is_empty() && levels.iter().enumerate().all(sound)
}

/// Every topic that can tell two filters of this world apart: its words, a word that no filter has, down to a level
/// below the deepest filter.
fn witnesses(asked: &str) -> Vec<String> {
    let mut topics = vec![Vec::new()];
    let levels = split(asked);
    for (i, level) in levels.iter().enumerate() {
        let choices: Vec<&str> = match *level {
            "+" => WORDS.into_iter().chain(["other"]).collect(),
            "#" => {
                // What `#` stands for: nothing, or any levels.
                let mut all = if i > 0 { topics.clone() } else { Vec::new() };
                for tail in [&["other"][..], &["homie"], &["homie", "5"], &["5"], &["$SYS"], &["other"; 6], &[""]] {
                    all.extend(topics.iter().map(|topic: &Vec<&str>| [topic, tail].concat()));
                }
                for word in WORDS {
                    all.extend(topics.iter().map(|topic| [&topic[..], &[word]].concat()));
                }
                return all.iter().map(|topic| topic.join("/")).collect();
            }
            word => vec![word],
        };
        let longer = topics.iter().flat_map(|topic| choices.iter().map(move |word| [&topic[..], &[*word]].concat()));
        topics = longer.collect();
    }
    topics.iter().map(|topic| topic.join("/")).collect()
}

fn model_subscribe(credential: &IntegrationCredential, asked: &str) -> bool {
    let filter = match asked.strip_prefix("$share/") {
        Some(rest) => match rest.split_once('/') {
            Some((group, filter)) if !group.is_empty() && !group.contains(['+', '#']) => filter,
            _ => return false,
        },
        None => asked,
    };
    if !is_well_formed(filter) || filter.starts_with('$') {
        return false;
    }
    // One filter of the credential has to allow all of it: a union is not looked for.
    let all = witnesses(filter);
    let heard: Vec<_> = all.iter().filter(|topic| hears(filter, topic)).collect();
    let covers = |allowed: &&String| is_well_formed(allowed) && heard.iter().all(|topic| hears(allowed, topic));
    credential.subscribe.iter().any(|allowed| covers(&allowed))
}

fn model_publish(credential: &IntegrationCredential, topic: &str, retain: bool) -> bool {
    let allowed = credential.publish.iter().any(|filter| is_well_formed(filter) && hears(filter, topic));
    let levels = split(topic);
    // Of this world's words.
    let is_id = |level: &&str| !level.is_empty() && !level.starts_with('$') && !level.contains('_');
    let (board, command, set) = match levels[..] {
        ["homie", "5", id, ref rest @ ..] => (
            id == "relay-1" && !rest.is_empty(),
            is_id(&id)
                && (rest == ["$command"] || rest == ["$credential"] || rest == ["$configure"] || rest == ["$network"]),
            is_id(&id) && rest.len() == 3 && rest.iter().all(is_id) && rest[2] == "set",
        ),
        _ => (false, false, false),
    };
    // Where Home Assistant is told of this home, with one level behind its name or none.
    let announcement = matches!(levels[..], [.., "gatehouse_d1", "config"] | [.., "gatehouse_d1", _, "config"]);
    let refused = topic.is_empty() || topic.starts_with('$') || board || command || (set && retain) || announcement;
    allowed && !refused
}

fn model_board_publish(topic: &str) -> bool {
    match split(topic)[..] {
        ["homie", "5", "relay-1", "$command" | "$credential" | "$configure" | "$network", ..]
        | [.., "set"]
        | ["homie", "5", "relay-1", ""] => false,
        ["homie", "5", "relay-1", _, ..] => true,
        _ => false,
    }
}

/// All texts of one to `deepest` of these levels.
fn all(words: &[&'static str], deepest: usize) -> Vec<String> {
    let mut last = vec![Vec::new()];
    let mut all = Vec::new();
    for _ in 0..deepest {
        last = last.iter().flat_map(|levels| words.iter().map(move |word| [&levels[..], &[*word]].concat())).collect();
        all.extend(last.iter().map(|levels| levels.join("/")));
    }
    all
}

#[test]
fn a_filter_covers_another_if_it_matches_whatever_that_matches() {
    let filters = all(&["+", "#", "a", "$x", ""], 3);
    let topics = all(&["a", "b", "$x", ""], 4);
    let heard = |filter: &String| topics.iter().map(|topic| hears(filter, topic)).collect::<Vec<_>>();
    let heard: Vec<_> = filters.iter().map(heard).collect();
    let (mut covered, mut matched) = (0, 0);
    for (asked, its) in filters.iter().zip(&heard).filter(|(asked, _)| is_well_formed(asked)) {
        for (topic, expected) in topics.iter().zip(its) {
            assert_eq!(filter::matches(asked, topic), *expected, "{topic} by {asked}");
            matched += usize::from(*expected);
        }
        for (allowed, all) in filters.iter().zip(&heard) {
            let expected = is_well_formed(allowed) && its.iter().zip(all).all(|(its, all)| *all || !its);
            assert_eq!(filter::covers(allowed, asked), expected, "{asked} of {allowed}");
            covered += usize::from(expected);
        }
    }
    assert!(covered > 500 && matched > 1_000, "{covered} {matched}");
}

/// With `relay-1` claimed.
fn claimed() -> Credentials {
    let mut credentials = Credentials::default();
    let board = BoardCredential { device: DeviceId::from_raw(1), secret: SecretHash([2; 32]), next: None };
    credentials.boards.insert(BoardId::new("relay-1").unwrap(), board);
    credentials
}

#[test]
fn subscriptions_are_granted_as_the_model_says() {
    let (mut dice, mut granted) = (Dice(SEED), 0);
    for round in 0..ROUNDS {
        let (credential, asked) = (dice.credential(), dice.filter());
        let expected = model_subscribe(&credential, &asked);
        granted += usize::from(expected);
        let got = integration_subscribe(&credential, &asked);
        assert_eq!(got, expected, "{round}: {asked} of {:?}", credential.subscribe);
    }
    assert!(granted > ROUNDS / 100, "{granted} were granted");
}

#[test]
fn whatever_is_granted_hears_nothing_that_is_not_allowed() {
    let (mut dice, mut heard) = (Dice(SEED ^ 1), 0);
    for round in 0..ROUNDS {
        let (credential, asked, topic) = (dice.credential(), dice.filter(), dice.levels(false));
        let reaches = filter::matches(filter::unshared(&asked), &topic);
        if !integration_subscribe(&credential, &asked) || !reaches {
            continue;
        }
        heard += 1;
        let allowed = credential.subscribe.iter().any(|allowed| is_well_formed(allowed) && hears(allowed, &topic));
        assert!(allowed && !topic.starts_with('$'), "{round}: {topic} by {asked} of {:?}", credential.subscribe);
    }
    assert!(heard > ROUNDS / 1_000, "{heard} were heard");
}

#[test]
fn publishes_and_wills_are_allowed_as_the_model_says() {
    let credentials = claimed();
    let (mut dice, mut allowed) = (Dice(SEED ^ 2), 0);
    for round in 0..ROUNDS {
        let (credential, topic, retain) = (dice.credential(), dice.levels(false), dice.below(2) == 0);
        let expected = model_publish(&credential, &topic, retain);
        allowed += usize::from(expected);
        let publish = Publish { topic: &topic, retain, ..Publish::default() };
        let got = integration_publish(&credential, &credentials, &publish).is_ok();
        assert_eq!(got, expected, "{round}: {topic} {retain} of {:?}", credential.publish);
    }
    assert!(allowed > ROUNDS / 100, "{allowed} were allowed");
}

/// Which relay an integration moves by this, and how; none where it moves nothing.
fn model_command(credential: &IntegrationCredential, publish: &Publish<'_>) -> Option<(String, bool)> {
    let allowed = credential.publish.iter().any(|filter| is_well_formed(filter) && hears(filter, publish.topic));
    // As Homie has them.
    let is_id = |level: &str| !level.is_empty() && level.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '-'));
    let once = !publish.retain && !publish.duplicate;
    match (&split(publish.topic)[..], publish.payload) {
        (["homie", "5", "relay-1", node, property, "set"], value @ (b"true" | b"false"))
            if allowed && once && is_id(node) && is_id(property) =>
        {
            Some((format!("{node}/{property}"), value == b"true"))
        }
        _ => None,
    }
}

#[test]
fn an_integration_moves_what_the_model_says_and_nobody_else_hears_of_it() {
    let credentials = claimed();
    let (mut dice, mut moved) = (Dice(SEED ^ 4), 0);
    for round in 0..ROUNDS {
        let mut credential = dice.credential();
        let mut topic = dice.levels(false);
        if dice.below(2) == 0 {
            topic = format!("homie/5/relay-1/{topic}/set");
            credential.publish.extend((dice.below(2) == 0).then(|| "homie/5/relay-1/#".to_owned()));
        }
        let payload = [&b"true"[..], b"false", b"", b"on"][dice.below(4)];
        let (retain, duplicate) = (dice.below(4) == 0, dice.below(4) == 0);
        let publish = Publish { topic: &topic, payload, retain, duplicate, ..Publish::default() };
        let expected = model_command(&credential, &publish);
        let asked = integration_command(&credential, &credentials, &publish).and_then(Result::ok);
        let got = asked.map(|Asked { board, endpoint, on }| {
            assert_eq!(board.as_str(), "relay-1");
            (endpoint.as_str().to_owned(), on)
        });
        assert_eq!(got, expected, "{round}: {publish:?} of {:?}", credential.publish);
        if expected.is_some() {
            moved += 1;
            assert!(integration_publish(&credential, &credentials, &publish).is_err(), "{round}: {topic}");
        }
    }
    assert!(moved > ROUNDS / 1_000, "{moved} were moved");
}

#[test]
fn a_board_says_and_hears_only_what_is_its_own() {
    let (mut dice, board) = (Dice(SEED ^ 3), BoardId::new("relay-1").unwrap());
    let (mut said, mut heard) = (0, 0);
    for round in 0..ROUNDS {
        let (topic, asked) = (dice.levels(false), dice.filter());
        let got = board_publish(&board, &Publish { topic: &topic, retain: round % 2 == 0, ..Publish::default() });
        assert_eq!(got.is_ok(), model_board_publish(&topic), "{round}: {topic}");
        said += usize::from(got.is_ok());
        if board_subscribe(&board, &asked) {
            heard += 1;
            for topic in witnesses(&asked) {
                assert!(topic.starts_with("homie/5/relay-1/"), "{round}: {topic} by {asked}");
            }
        }
    }
    for asked in [
        "homie/5/relay-1/$command",
        "homie/5/relay-1/$credential",
        "homie/5/relay-1/$configure",
        "homie/5/relay-1/+/+/set",
    ] {
        assert!(board_subscribe(&board, asked), "{asked}");
    }
    assert!(said > 100 && heard > 10, "{said} {heard}");
}
