//! The real daemon on a real file, killed again and again in the middle of its work: what it acknowledged is there when it is back.
//!
//! `KILLS` is how often, `CUTS_SEED` what the moments are drawn from.

use gatehouse_e2e::{Client, Home};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Notify;
use tokio::task::JoinSet;

/// People at a time who change settings: each renames a room of their own, to one number after the other.
const HANDS: usize = 4;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |value| value.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// Until the gateway is gone. `last` is the last number that was acknowledged.
async fn rename(owner: Client, room: String, last: Arc<AtomicU64>, answered: Arc<Notify>) {
    let document = "mutation ($input: UpdateRoomInput!) { updateRoom(input: $input) { name } }";
    loop {
        let name = (last.load(Ordering::SeqCst) + 1).to_string();
        let body = json!({ "query": document, "variables": { "input": { "id": room, "name": name } } });
        // One that went away in the middle has acknowledged nothing.
        let Ok(answer) = owner.try_post(body.to_string().as_bytes()).await else { return };
        if answer.status != 200 || answer.json()["data"]["updateRoom"]["name"] != json!(name) {
            return;
        }
        last.fetch_add(1, Ordering::SeqCst);
        answered.notify_one();
    }
}

/// The number in the name of each room, by its id.
async fn numbers(home: &Home) -> BTreeMap<String, u64> {
    let rooms: Value = home.owner().ask("rooms", "{ rooms { id name } }", json!({})).await;
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let rooms = rooms.as_array().expect("a list").iter();
    rooms.map(|room| (text(&room["id"]), text(&room["name"]).parse().expect("a number"))).collect()
}

#[tokio::test]
async fn a_daemon_that_is_killed_over_and_over_starts_and_knows_what_it_acknowledged() {
    let mut home = Home::claimed().await;
    for hand in 0..HANDS {
        home.room(&format!("{}", 1_000_000 * (hand + 1))).await;
    }
    let mut state = setting("CUTS_SEED", 17);
    for kill in 0..setting("KILLS", 12) {
        let answered = Arc::new(Notify::new());
        let (mut hands, mut known) = (JoinSet::new(), BTreeMap::new());
        for (room, number) in numbers(&home).await {
            let last = Arc::new(AtomicU64::new(number));
            known.insert(room.clone(), last.clone());
            hands.spawn(rename(home.owner().clone(), room, last, answered.clone()));
        }
        // A generator as in Numerical Recipes: only the moments are drawn from it.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        for _ in 0..1 + (state >> 33) % 12 {
            answered.notified().await;
        }
        home.kill().await;
        while hands.join_next().await.is_some() {}
        home.start().await;
        for (room, there) in numbers(&home).await {
            let acknowledged = known[&room].load(Ordering::SeqCst);
            // One more may have been on its way.
            assert!(
                (acknowledged..=acknowledged + 1).contains(&there),
                "after kill {kill}: {there}, not {acknowledged}"
            );
        }
    }
    home.sign_in().await;
}
