use super::*;

fn fanout(max_feeds: usize) -> Arc<Fanout> {
    Arc::new(Fanout::new(max_feeds, Arc::default(), Arc::default()))
}

async fn attach(fanout: &Arc<Fanout>) -> Feed {
    let mut feed = fanout.attach().await.unwrap();
    feed.listen();
    feed
}

fn of<'a>(topic: &'a str, payload: &'a [u8], qos: u8) -> codec::Publish<'a> {
    codec::Publish { topic, payload, qos, ..codec::Publish::default() }
}

async fn next(feed: &mut Feed) -> Result<Message, Lost> {
    loop {
        if let Some(message) = feed.next().await? {
            return Ok(message);
        }
    }
}

#[tokio::test]
async fn every_feed_gets_every_message_in_order() {
    let fanout = fanout(2);
    assert_eq!(fanout.publish(NO_ORIGIN, &of("nobody/hears", b"it", 0)), Ok(()));
    let (mut a, mut b) = (attach(&fanout).await, attach(&fanout).await);
    for i in 0..1_000_u32 {
        fanout.publish(NO_ORIGIN, &of(&format!("ü/{i}"), &i.to_be_bytes(), 1)).unwrap();
    }
    for feed in [&mut a, &mut b] {
        for i in 0..1_000_u32 {
            let message = next(feed).await.unwrap();
            assert_eq!((message.topic(), message.qos()), (&*format!("ü/{i}"), 1));
            assert_eq!(message.payload(), i.to_be_bytes()[..]);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn feeds_that_keep_pace_now_and_then_miss_nothing() {
    const MESSAGES: u32 = 20_000;
    let fanout = fanout(2);
    let feeds = [attach(&fanout).await, attach(&fanout).await];
    let readers = feeds.map(|mut feed| {
        tokio::spawn(async move {
            for i in 0..MESSAGES {
                assert_eq!(next(&mut feed).await.unwrap().payload(), i.to_be_bytes()[..]);
            }
        })
    });
    for i in 0..MESSAGES {
        while fanout.publish(NO_ORIGIN, &of("a", &i.to_be_bytes(), 0)).is_err() {
            tokio::task::yield_now().await;
        }
        // Bursts of all lengths, some of which the readers have taken before the next.
        if i % 7 == 0 {
            tokio::task::yield_now().await;
        }
    }
    for reader in readers {
        reader.await.unwrap();
    }
}

#[tokio::test]
async fn what_overtook_a_message_handed_over_waits_for_it() {
    let fanout = fanout(1);
    let mut feed = attach(&fanout).await;
    fanout.publish(NO_ORIGIN, &of("a", b"1", 0)).unwrap();
    let by_router = frame::encode(2, NO_ORIGIN, fanout.epoch, &of("a", b"2", 0));
    let first = feed.take(feed.decode(by_router).unwrap()).unwrap();
    assert_eq!(first.unwrap().payload(), b"1"[..]);
    assert_eq!(next(&mut feed).await.unwrap().payload(), b"2"[..]);
    let missed = frame::encode(4, NO_ORIGIN, fanout.epoch, &of("a", b"4", 0));
    assert_eq!(feed.take(feed.decode(missed).unwrap()), Err(Lost::Behind));
}

#[tokio::test]
async fn a_board_is_heard_however_much_an_integration_says() {
    const INTEGRATION: u64 = 7;
    let fanout = fanout(1);
    let _feed = attach(&fanout).await;
    let mut full = 0;
    while full < 20 {
        if fanout.publish(INTEGRATION, &of("a", b"", 0)).is_err() {
            full += 1;
            assert_eq!(fanout.publish(NO_ORIGIN, &of("b", b"", 0)), Ok(()), "while {INTEGRATION} is told to wait");
        }
    }
}

#[tokio::test]
async fn a_feed_brings_what_is_published_once_it_listens_and_holds_up_nobody_before() {
    let fanout = fanout(2);
    let (mut late, mut other) = (fanout.attach().await.unwrap(), attach(&fanout).await);
    let payload = vec![0; 16 * 1024];
    for _ in 0..3 * SEGMENTS * SEGMENT_BYTES / payload.len() {
        fanout.publish(NO_ORIGIN, &of("before", &payload, 0)).unwrap();
        next(&mut other).await.unwrap();
    }
    late.listen();
    fanout.publish(NO_ORIGIN, &of("after", b"1", 0)).unwrap();
    assert_eq!(next(&mut late).await.unwrap().topic(), "after");
}

#[tokio::test]
async fn a_feed_that_fell_behind_is_told() {
    let fanout = fanout(2);
    let (mut slow, mut quick) = (attach(&fanout).await, attach(&fanout).await);
    let payload = vec![0; 16 * 1024];
    for _ in 0..3 * SEGMENTS * SEGMENT_BYTES / payload.len() {
        fanout.publish(NO_ORIGIN, &of("a", &payload, 0)).unwrap();
        next(&mut quick).await.unwrap();
    }
    let lost = loop {
        if let Err(lost) = next(&mut slow).await {
            break lost;
        }
    };
    assert_eq!(lost, Lost::Behind);
}

#[tokio::test]
async fn links_are_given_back_and_a_dead_router_is_replaced() {
    let fanout = fanout(1);
    let feed = attach(&fanout).await;
    assert!(fanout.attach().await.is_err());
    drop(feed);
    let mut feed = loop {
        // The link is given back on another thread.
        match fanout.attach().await {
            Ok(mut feed) => {
                feed.listen();
                break feed;
            }
            Err(Unreachable) => tokio::task::yield_now().await,
        }
    };
    fanout.died(feed.generation);
    assert_eq!(fanout.publish(NO_ORIGIN, &of("a", b"", 0)), Err(Unreachable));
    let mut second = attach(&fanout).await;
    fanout.publish(NO_ORIGIN, &of("a", b"1", 0)).unwrap();
    assert_eq!(next(&mut second).await.unwrap().topic(), "a");
    drop(second);
    assert_eq!(next(&mut feed).await, Err(Lost::Router), "the old feed");
}
