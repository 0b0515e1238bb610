use super::*;
use gatehouse_core::time::Mono;
use std::time::Duration;

fn index(messages: usize, bytes: usize, share: usize) -> Retained {
    Retained::new(&Limits {
        retained_messages: messages,
        retained_bytes: bytes,
        retained_per_client: share,
        ..Limits::default()
    })
}

fn of<'a>(topic: &'a str, payload: &'a [u8], qos: u8) -> Publish<'a> {
    Publish { topic, payload, qos, ..Publish::default() }
}

fn lasting<'a>(topic: &'a str, seconds: u32) -> Publish<'a> {
    Publish { expiry: Some(seconds), ..of(topic, b"1", 0) }
}

fn ana() -> Owner {
    Owner::Integration("ana".into())
}

fn ben() -> Owner {
    Owner::Integration("ben".into())
}

fn relay() -> Owner {
    Owner::Board("relay-1".into())
}

impl Retained {
    fn put(&self, owner: &Owner, publish: &Publish<'_>) -> Result<(), Full> {
        self.publish(owner, publish, |_| true)
    }

    /// As `topic=payload`, or `topic` where it is deleted.
    fn written(&self, now: &Now, at_last: bool) -> Vec<String> {
        let shown = |change| match change {
            RetainedChange::Kept(message) => format!("{}={}", message.topic, String::from_utf8_lossy(&message.payload)),
            RetainedChange::Deleted(topic) => topic.to_string(),
        };
        let mut changes: Vec<_> = self.take_changes(now, at_last).into_iter().map(shown).collect();
        changes.sort();
        changes
    }
}

fn topics(index: &Retained, filter: &str) -> Vec<String> {
    let mut topics: Vec<_> = index.matching(filter).into_iter().map(|kept| kept.topic.to_string()).collect();
    topics.sort();
    topics
}

fn now(seconds: u64, wall_trusted: bool) -> Now {
    Now { mono: Mono::default(), wall: Wall::from_millis(seconds * 1_000), wall_trusted }
}

fn stored(topic: &str, expiry: Option<Expiry>) -> RetainedMessage {
    RetainedMessage {
        topic: topic.into(),
        user: "ana".into(),
        payload: b"1"[..].into(),
        qos: 1,
        properties: b"\x03\0\x01t"[..].into(),
        expiry,
    }
}

#[test]
fn the_last_one_counts_and_an_empty_one_deletes() {
    let index = index(10, 100, 10);
    index.put(&ana(), &of("a/b", b"1", 0)).unwrap();
    index.put(&ana(), &of("a/b", b"22", 1)).unwrap();
    index.put(&ana(), &of("a/c", b"3", 0)).unwrap();
    let kept = Kept {
        topic: "a/b".into(),
        payload: Bytes::from_static(b"22"),
        qos: 1,
        properties: Bytes::new(),
        expires: None,
    };
    assert_eq!(index.matching("a/b"), [kept]);
    assert_eq!(topics(&index, "a/+"), ["a/b", "a/c"]);
    index.put(&ana(), &of("a/b", b"", 0)).unwrap();
    assert_eq!(topics(&index, "#"), ["a/c"]);
}

#[test]
fn count_bytes_and_share_are_bounded_and_given_back() {
    let (ana, ben) = (ana(), ben());
    let by_count = index(2, 100, 10);
    by_count.put(&ana, &of("a", b"1", 0)).unwrap();
    by_count.put(&ana, &of("b", b"1", 0)).unwrap();
    assert_eq!(by_count.put(&ana, &of("c", b"1", 0)), Err(Full));
    by_count.put(&ana, &of("b", b"2", 0)).unwrap();
    by_count.put(&ana, &of("a", b"", 0)).unwrap();
    by_count.put(&ana, &of("c", b"1", 0)).unwrap();

    let by_bytes = index(10, 10, 10);
    by_bytes.put(&ana, &of("a", b"123456789", 0)).unwrap();
    assert_eq!(by_bytes.put(&ana, &of("a", b"1234567890", 0)), Err(Full));
    assert_eq!(by_bytes.matching("a")[0].payload, b"123456789"[..]);
    assert_eq!(by_bytes.put(&ana, &of("b", b"1", 0)), Err(Full));
    by_bytes.put(&ana, &of("a", b"1", 0)).unwrap();
    by_bytes.put(&ana, &of("b", b"1234567", 0)).unwrap();

    let by_share = index(10, 100, 1);
    by_share.put(&ana, &of("a", b"1", 0)).unwrap();
    assert_eq!(by_share.put(&ana, &of("b", b"1", 0)), Err(Full));
    by_share.put(&ben, &of("b", b"1", 0)).unwrap();
    by_share.put(&ben, &of("a", b"", 0)).unwrap();
    by_share.put(&ana, &of("c", b"1", 0)).unwrap();
    assert_eq!(by_share.put(&ben, &of("c", b"2", 0)), Err(Full), "it would be ben's");
    by_share.put(&ben, &of("b", b"", 0)).unwrap();
    by_share.put(&ben, &of("c", b"2", 0)).unwrap();
    by_share.put(&ana, &of("d", b"1", 0)).unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_has_expired_is_gone_and_gives_its_room_back() {
    let index = index(2, 100, 10);
    index.put(&ana(), &lasting("a", 5)).unwrap();
    index.put(&ana(), &of("b", b"1", 0)).unwrap();
    assert_eq!(index.put(&ana(), &of("c", b"1", 0)), Err(Full));
    tokio::time::advance(Duration::from_secs(4)).await;
    assert_eq!(topics(&index, "#"), ["a", "b"]);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!((topics(&index, "#"), topics(&index, "a")), (vec!["b".to_owned()], vec![]));
    index.put(&ana(), &of("c", b"1", 0)).unwrap();
    assert_eq!(index.put(&ana(), &of("d", b"1", 0)), Err(Full));
}

#[test]
fn what_integrations_said_is_written_once_and_what_boards_said_never() {
    let (index, now) = (index(10, 100, 10), now(9, true));
    index.put(&relay(), &of("relay", b"1", 0)).unwrap();
    for payload in [b"1", b"2"] {
        index.put(&ana(), &of("a", payload, 0)).unwrap();
    }
    index.put(&ana(), &of("never", b"1", 0)).unwrap();
    index.put(&ana(), &of("never", b"", 0)).unwrap();
    assert_eq!(index.written(&now, false), ["a=2"]);
    index.put(&ana(), &of("a", b"2", 0)).unwrap();
    assert!(index.written(&now, false).is_empty(), "the same again");
    index.put(&ana(), &of("a", b"2", 1)).unwrap();
    assert_eq!(index.written(&now, false), ["a=2"]);
    index.put(&ana(), &of("a", b"", 0)).unwrap();
    assert_eq!(index.written(&now, false), ["a"]);
    index.put(&relay(), &of("relay", b"", 0)).unwrap();
    assert!(index.written(&now, true).is_empty());
}

#[test]
fn a_topic_that_becomes_a_board_s_is_deleted_from_the_store() {
    let (index, now) = (index(10, 100, 10), now(9, true));
    index.put(&ana(), &of("a", b"1", 0)).unwrap();
    assert_eq!(index.written(&now, false), ["a=1"]);
    index.put(&relay(), &of("a", b"1", 0)).unwrap();
    assert_eq!(index.written(&now, false), ["a"]);
    index.put(&ana(), &of("a", b"1", 0)).unwrap();
    assert_eq!(index.written(&now, false), ["a=1"]);
}

#[test]
fn what_was_not_taken_is_offered_again_as_it_is_then() {
    let (index, now) = (index(10, 100, 10), now(9, true));
    index.put(&ana(), &of("a", b"1", 0)).unwrap();
    index.put(&ana(), &of("b", b"1", 0)).unwrap();
    let refused = index.take_changes(&now, false);
    index.put(&ana(), &of("a", b"", 0)).unwrap();
    index.give_back(refused);
    assert_eq!(index.written(&now, false), ["a", "b=1"]);
    assert!(index.written(&now, false).is_empty());
}

#[test]
fn who_is_revoked_leaves_nothing_behind_here_or_in_the_store() {
    let (index, now) = (index(10, 100, 10), now(9, true));
    let other = Owner::Board("relay-2".into());
    for (owner, topic) in [(ana(), "a"), (ben(), "b"), (relay(), "r"), (other.clone(), "s")] {
        index.put(&owner, &of(topic, b"1", 0)).unwrap();
    }
    assert_eq!(index.written(&now, false), ["a=1", "b=1"]);
    let mut credentials = Credentials::default();
    let credential = gatehouse_core::access::IntegrationCredential {
        secret: gatehouse_core::device::SecretHash([0; 32]),
        publish: vec![],
        subscribe: vec![],
    };
    credentials.integrations.insert("ben".into(), credential);
    let secret = gatehouse_core::device::SecretHash([0; 32]);
    let board = gatehouse_core::access::BoardCredential {
        device: gatehouse_core::ids::DeviceId::from_raw(1),
        secret,
        next: None,
    };
    credentials.boards.insert(BoardId::new("relay-1").unwrap(), board);
    index.forget_revoked(&credentials);
    let known = |owner: &Owner| match owner {
        Owner::Integration(user) => credentials.integrations.contains_key(user),
        Owner::Board(board) => credentials.boards.contains_key(&**board),
    };
    assert_eq!(index.publish(&ana(), &of("late", b"1", 0), known), Ok(()));
    assert_eq!(index.publish(&other, &of("later", b"1", 0), known), Ok(()));
    assert_eq!(topics(&index, "#"), ["b", "r"]);
    assert_eq!(index.written(&now, false), ["a"]);
}

#[test]
fn what_is_restored_is_as_it_was_and_not_written_again() {
    let index = index(10, 100, 10);
    assert_eq!(index.restore(vec![stored("a", None), stored("b", None)], &now(9, true)), 0);
    assert!(index.written(&now(9, true), true).is_empty());
    let kept = Kept {
        topic: "a".into(),
        payload: Bytes::from_static(b"1"),
        qos: 1,
        properties: Bytes::from_static(b"\x03\0\x01t"),
        expires: None,
    };
    assert_eq!(index.matching("a"), [kept]);
    index.put(&ana(), &of("a", b"", 0)).unwrap();
    assert_eq!(index.written(&now(9, true), false), ["a"]);
    index.forget_revoked(&Credentials::default());
    assert_eq!(index.written(&now(9, true), false), ["b"]);
}

#[test]
fn what_is_not_restored_is_deleted_from_the_store() {
    let index = index(2, 100, 10);
    let wrong =
        |topic: &str, properties: &[u8]| RetainedMessage { properties: properties.into(), ..stored(topic, None) };
    let kept = vec![
        wrong("a/#", b""),
        wrong("$SYS/a", b""),
        wrong("cut", b"\x03\0"),
        wrong("alias", b"\x23\0\x01"),
        stored("a", None),
        stored("b", None),
        stored("too many", None),
    ];
    assert_eq!(index.restore(kept, &now(9, true)), 5);
    assert_eq!(topics(&index, "#"), ["a", "b"]);
    assert_eq!(index.written(&now(9, true), false), ["$SYS/a", "a/#", "alias", "cut", "too many"]);
}

#[tokio::test(start_paused = true)]
async fn an_end_that_passed_while_the_gateway_was_off_is_one() {
    let index = index(10, 100, 10);
    let ends = |seconds| Some(Expiry::new(Duration::from_secs(seconds), &now(100, true)));
    let kept = vec![stored("over", ends(60)), stored("not yet", ends(100)), stored("stays", None)];
    assert_eq!(index.restore(kept, &now(160, true)), 1);
    assert_eq!(index.written(&now(160, true), false), ["over"]);
    assert_eq!(topics(&index, "#"), ["not yet", "stays"]);
    tokio::time::advance(Duration::from_secs(40)).await;
    assert_eq!(topics(&index, "#"), ["stays"]);
    assert_eq!(index.written(&now(200, true), false), ["not yet"]);
}

#[tokio::test(start_paused = true)]
async fn while_the_clock_is_not_trusted_a_message_stays_and_is_judged_once_it_is() {
    let index = index(10, 100, 10);
    let ends = |seconds, trusted| Some(Expiry::new(Duration::from_secs(seconds), &now(100, trusted)));
    let kept =
        vec![stored("over", ends(60, true)), stored("not yet", ends(200, true)), stored("who knows", ends(60, false))];
    assert_eq!(index.restore(kept, &now(5, false)), 0);
    tokio::time::advance(Duration::from_secs(10)).await;
    index.settle(&now(15, false));
    assert_eq!(topics(&index, "#"), ["not yet", "over", "who knows"]);
    assert!(index.is_unsettled() && index.written(&now(15, false), false).is_empty());

    index.settle(&now(250, true));
    assert_eq!(topics(&index, "#"), ["not yet", "who knows"]);
    let changes = index.take_changes(&now(250, true), false);
    let left = Duration::from_secs(50);
    let end = Expiry { left, at: Some(Wall::from_millis(300_000)) };
    let known = RetainedChange::Kept(stored("who knows", Some(end)));
    assert!(changes.contains(&known) && changes.contains(&RetainedChange::Deleted("over".into())), "{changes:?}");
    assert!(changes.len() == 2 && !index.is_unsettled());
    tokio::time::advance(left).await;
    assert!(topics(&index, "#").is_empty());
}

#[tokio::test(start_paused = true)]
async fn at_a_stop_in_the_dark_what_is_left_is_written_down() {
    let index = index(10, 100, 10);
    index.put(&ana(), &lasting("a", 60)).unwrap();
    assert_eq!(index.written(&now(5, false), false), ["a=1"]);
    tokio::time::advance(Duration::from_secs(20)).await;
    assert!(index.written(&now(25, false), false).is_empty());
    let changes = index.take_changes(&now(25, false), true);
    let left = Some(Expiry { left: Duration::from_secs(40), at: None });
    let expected = RetainedMessage { qos: 0, properties: [].into(), ..stored("a", left) };
    assert_eq!(changes, [RetainedChange::Kept(expected)]);
}

#[test]
fn an_end_beyond_all_time_is_only_far() {
    let index = index(10, 100, 10);
    let end = Expiry { left: Duration::MAX, at: Some(Wall::from_millis(u64::MAX)) };
    assert_eq!(index.restore(vec![stored("a", Some(end))], &now(9, true)), 0);
    assert_eq!(topics(&index, "#"), ["a"]);
}
