//! Clients that keep the rules, and insist on them.

use super::{BOARDS, GOOD, Stream};
use crate::client::{Client, Login, publish};
use std::collections::VecDeque;
use tokio::sync::watch;

/// Which of the good boards it is.
pub(super) fn number(id: &str) -> Option<usize> {
    BOARDS.iter().position(|good| *good == id)
}

/// A board that obeys every order at once; gives back how many there were when the gateway has closed the connection.
pub(super) async fn board(id: &'static str, mut client: Client<Box<dyn Stream>>) -> (&'static str, u32) {
    assert_eq!(client.try_greet(&Login::of(id)).await, Some(0));
    let topic = |last: &str| format!("homie/5/{id}/{last}");
    assert_eq!(client.subscribe(&[(&topic("$command"), 1)]).await, [1]);
    let (mut obeyed, mut unacknowledged, mut pings) = (0, VecDeque::new(), 0);
    while let Some(packet) = client.try_read().await {
        match packet.first {
            0x40 => {
                let oldest: Option<u16> = unacknowledged.pop_front();
                assert_eq!(oldest.map(u16::to_be_bytes).as_ref().map(|id| &id[..]), Some(&packet.body[..]), "{id}");
            }
            0xd0 => pings -= 1,
            _ => {
                let message = packet.message();
                obeyed += 1;
                assert_eq!((message.topic, message.qos, message.retain), (topic("$command"), 1, false));
                assert_eq!(message.payload, format!("c0ffee01 {obeyed} 5000 relay-1/on true"), "{id}");
                client.acknowledge(message.id).await;
                let report = format!("c0ffee01 {obeyed} {obeyed} relay-1/on true command c0ffee01:{obeyed}");
                let (qos, id) = if obeyed % 2 == 0 { (0, 0) } else { (1, obeyed as u16) };
                unacknowledged.extend((qos > 0).then_some(id));
                client.send(&publish(&topic("$report"), &report, qos, false, id)).await;
                if obeyed % 16 == 0 {
                    client.send(&[0xc0, 0]).await;
                    pings += 1;
                }
            }
        }
    }
    assert_eq!((unacknowledged.len(), pings), (0, 0), "{id} got every answer");
    (id, obeyed)
}

/// How many reports of each good board the integration heard.
#[derive(Clone)]
pub(super) struct Heard(watch::Sender<[u32; GOOD]>);

impl Heard {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new([0; GOOD]))
    }

    pub(super) async fn all(&self, expected: [u32; GOOD]) {
        self.0.subscribe().wait_for(|heard| *heard == expected).await.unwrap();
    }
}

/// An integration that has subscribed to all reports, until the gateway closes the connection; those of good boards come once
/// and in order.
pub(super) async fn listen(mut client: Client, heard: Heard) {
    while let Some(packet) = client.try_read().await {
        let message = packet.message();
        if message.qos > 0 {
            client.acknowledge(message.id).await;
        }
        let Some(board) = message.topic.split('/').nth(2).and_then(number) else { continue };
        let next = heard.0.borrow()[board] + 1;
        let expected = format!("c0ffee01 {next} {next} relay-1/on true command c0ffee01:{next}");
        assert_eq!((message.payload, message.retain), (expected, false), "{}", message.topic);
        heard.0.send_modify(|heard| heard[board] = next);
    }
}
