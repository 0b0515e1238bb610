//! What a board publishes goes to integrations only while the home believes that it is the device's board.

use crate::client::{Client, Login};
use crate::world::World;
use gatehouse_broker::Count;
use gatehouse_core::edge::Belief;
use gatehouse_core::ids::LinkId;

const STATE: &str = "homie/5/relay-1/$state";
const VALUE: &str = "homie/5/relay-1/relay-1/on";

/// An integration that hears all, and a board of which nothing is thought yet.
async fn doubtful() -> (World, Client, Client, LinkId) {
    let mut world = World::new().await;
    world.believing = false;
    let mut house = Client::login(world.at, "house").await;
    house.subscribe(&[("#", 0)]).await;
    let will = Some((STATE, "lost", true));
    let (board, code) = Client::try_login(world.at, &Login { will, ..Login::of("relay-1") }).await;
    assert_eq!(code, Some(0));
    let link = world.connected("relay-1").await;
    (world, house, board, link)
}

async fn hears(house: &mut Client, expected: &[(&str, &str)]) {
    for &(topic, payload) in expected {
        let message = house.message().await;
        assert_eq!((&*message.topic, &*message.payload), (topic, payload));
    }
}

/// All that was passed on until now has been heard: what comes next is what another says.
async fn hears_nothing(world: &World, house: &mut Client) {
    let (mut other, _) = Client::try_login(world.at, &Login { id: "other", ..Login::of("house") }).await;
    other.publish("house/mark", "x", false).await;
    hears(house, &[("house/mark", "x")]).await;
}

#[tokio::test]
async fn what_is_said_before_a_board_is_believed_is_heard_then_in_its_order_and_of_what_is_retained_the_last() {
    let (world, mut house, mut board, link) = doubtful().await;
    for (topic, said) in [(STATE, "init"), (VALUE, "false"), (VALUE, "true"), (STATE, "ready")] {
        board.publish(topic, said, true).await;
    }
    hears_nothing(&world, &mut house).await;
    world.orders.believe(link, Belief::Believed);
    hears(&mut house, &[(VALUE, "true"), (STATE, "ready")]).await;
    board.publish(VALUE, "false", true).await;
    drop(board);
    hears(&mut house, &[(VALUE, "false"), (STATE, "lost")]).await;
    assert_eq!(world.count(Count::DroppedUnbelieved), 0);
}

#[tokio::test]
async fn a_quarantined_board_is_not_heard_and_what_the_right_one_left_stays_but_that_it_is_gone() {
    let (world, mut house, mut board, link) = doubtful().await;
    world.orders.believe(link, Belief::Quarantined);
    board.publish(VALUE, "true", true).await;
    board.publish(STATE, "ready", true).await;
    hears_nothing(&world, &mut house).await;
    // The owner takes it for the device.
    world.orders.believe(link, Belief::Believed);
    hears(&mut house, &[(VALUE, "true"), (STATE, "ready")]).await;
    // The device is known by other hardware from here on.
    world.orders.believe(link, Belief::Quarantined);
    hears(&mut house, &[(STATE, "lost")]).await;
    board.publish(VALUE, "false", true).await;
    let (mut late, _) = Client::try_login(world.at, &Login { id: "late", ..Login::of("house") }).await;
    late.subscribe(&[("homie/5/relay-1/relay-1/on", 0), (STATE, 0)]).await;
    hears(&mut late, &[(VALUE, "true"), (STATE, "lost")]).await;
    world.orders.believe(link, Belief::Believed);
    hears(&mut house, &[(STATE, "ready"), (VALUE, "false")]).await;
    world.orders.believe(link, Belief::Quarantined);
    hears(&mut house, &[(STATE, "lost")]).await;
    board.publish(VALUE, "true", true).await;
    drop(board);
    world.counted(Count::DroppedUnbelieved, 2).await;
    hears_nothing(&world, &mut house).await;
}

#[tokio::test]
async fn of_a_board_that_is_never_believed_no_more_is_kept_than_a_board_has_topics() {
    let (world, mut house, mut board, link) = doubtful().await;
    for number in 0..600 {
        board.publish(&format!("homie/5/relay-1/node/p{number}"), "x", true).await;
    }
    assert_eq!(world.count(Count::DroppedUnbelieved), 600 - 512);
    world.orders.believe(link, Belief::Believed);
    for number in 0..512 {
        hears(&mut house, &[(&format!("homie/5/relay-1/node/p{number}"), "x")]).await;
    }
    hears_nothing(&world, &mut house).await;
}
