//! What the gateway tells Home Assistant: to everyone who may hear it, and by nobody else.

use crate::client::{Client, Login, Message};
use crate::world::{World, board, soon};
use gatehouse_broker::{Count, Limits};
use gatehouse_core::edge::EdgeEvent;
use gatehouse_core::homeassistant::{Announced, AnnouncedDevice, AnnouncedSwitch, Form};
use gatehouse_core::ids::{DeviceId, SwitchId};
use gatehouse_core::name::{Endpoint, Name};
use gatehouse_core::notice::{NoticeKind, Subject};
use std::sync::Arc;

const DEVICE: &str = "homeassistant/device/gatehouse_d1/config";
const SWITCH: &str = "homeassistant/switch/gatehouse_d1/s1/config";

fn device(number: u64, called: &str) -> AnnouncedDevice {
    let name = Name::new(called).unwrap();
    let id = SwitchId::from_raw(number);
    AnnouncedDevice {
        id: DeviceId::from_raw(number),
        board: board(&format!("relay-{number}")),
        name: name.clone(),
        room: None,
        model: None,
        firmware: None,
        switches: vec![AnnouncedSwitch { id, endpoint: Endpoint::relay(1), name }],
    }
}

fn announced(devices: impl IntoIterator<Item = AnnouncedDevice>) -> Announced {
    let devices = devices.into_iter().map(|device| (device.id, Arc::new(device))).collect();
    Announced { devices, ..Announced::default() }
}

async fn world(announced: Announced) -> World {
    World::announcing(Limits::default(), announced).await
}

fn change(world: &World, change: impl FnOnce(&mut Announced)) {
    world.announced.send_modify(|announced| change(Arc::make_mut(announced)));
}

/// Its topic, what it says of a device's name or of its end, and whether it was kept for whoever subscribes.
fn told(message: &Message) -> (&str, &str, bool) {
    let what = match &*message.payload {
        "" => "",
        text if text.contains("migrate_discovery") => "migrate",
        text if text.contains("\"Lamp\"") => "Lamp",
        text if text.contains("\"Stove\"") => "Stove",
        text => text,
    };
    (&message.topic, what, message.retain)
}

#[tokio::test]
async fn whoever_comes_hears_it_and_whoever_is_there_hears_every_change() {
    let world = world(announced([device(1, "Lamp")])).await;
    let mut house = Client::login(world.at, "house").await;
    house.subscribe(&[("homeassistant/#", 0)]).await;
    assert_eq!(told(&house.message().await), (DEVICE, "Lamp", true), "from the start");
    change(&world, |announced| announced.devices.extend([(DeviceId::from_raw(1), Arc::new(device(1, "Stove")))]));
    assert_eq!(told(&house.message().await), (DEVICE, "Stove", false));
    change(&world, |announced| announced.round += 1);
    assert_eq!(told(&house.message().await), (DEVICE, "Stove", false), "once more, as it is");

    change(&world, |announced| announced.set.form = Form::Component);
    assert_eq!(told(&house.message().await), (DEVICE, "migrate", false));
    let mut late = Client::try_login(world.at, &Login { id: "late", ..Login::of("house") }).await.0;
    late.subscribe(&[("homeassistant/+/+/config", 0), ("homeassistant/+/+/+/config", 0)]).await;
    assert_eq!(told(&late.message().await), (SWITCH, "Stove", true), "the new form, while others are led there");
    assert_eq!(told(&house.message().await), (SWITCH, "Stove", false));
    assert_eq!(told(&house.message().await), (DEVICE, "", false));
    change(&world, |announced| announced.set.form = Form::Off);
    assert_eq!(told(&house.message().await), (SWITCH, "", false));
    house.subscribe(&[("homeassistant/#", 0)]).await;
    house.ping().await;
    assert_eq!(world.count(Count::DroppedRouter), 0);
}

#[tokio::test]
async fn no_client_speaks_for_the_gateway_whatever_its_filters() {
    let world = world(announced([device(1, "Lamp")])).await;
    let mut house = Client::login(world.at, "house").await;
    house.subscribe(&[("homeassistant/#", 0)]).await;
    assert_eq!(told(&house.message().await), (DEVICE, "Lamp", true));
    let mut refused = 0;
    for (topic, payload) in [(DEVICE, ""), (DEVICE, "{}"), (SWITCH, "{}"), ("x/device/gatehouse_d9/config", "{}")] {
        for retain in [true, false] {
            house.publish(topic, payload, retain).await;
            refused += 1;
            assert_eq!(world.count(Count::DroppedAnnouncement), refused, "{topic}");
        }
    }
    let will = Some((DEVICE, "{}", true));
    let (_, code) = Client::try_login(world.at, &Login { will, id: "other", ..Login::of("house") }).await;
    assert_eq!(code, Some(5), "nor by its will");
    house.publish("homeassistant/device/somebody_elses/config", "{}", false).await;
    assert_eq!(house.message().await.topic, "homeassistant/device/somebody_elses/config", "others' are their own");
    house.subscribe(&[(DEVICE, 0)]).await;
    assert_eq!(told(&house.message().await), (DEVICE, "Lamp", true), "as it was");
}

#[tokio::test]
async fn a_full_index_of_clients_leaves_the_gateway_s_its_room_and_the_gateway_s_is_bounded() {
    let limits = Limits { retained_messages: 1, announced_bytes: 1_000, ..Limits::default() };
    let world = World::announcing(limits, announced([device(1, "Lamp"), device(2, "Stove")])).await;
    assert_eq!(world.count(Count::DroppedRetained), 1, "two are too many");
    let mut house = Client::login(world.at, "house").await;
    house.publish("a", "1", true).await;
    change(&world, |announced| drop(announced.devices.remove(&DeviceId::from_raw(2))));
    change(&world, |announced| announced.devices.extend([(DeviceId::from_raw(1), Arc::new(device(1, "Stove")))]));
    house.subscribe(&[(DEVICE, 0)]).await;
    while told(&house.message().await).1 != "Stove" {}
}

#[tokio::test]
async fn a_board_that_has_not_spoken_since_the_start_is_lost_until_it_does() {
    const STATE: &str = "homie/5/relay-1/$state";
    let mut world = world(announced([device(1, "Lamp")])).await;
    let mut house = Client::login(world.at, "house").await;
    house.subscribe(&[("homie/5/+/$state", 0)]).await;
    let first = house.message().await;
    assert_eq!((&*first.topic, &*first.payload, first.retain), (STATE, "lost", true));
    let (mut relay, _) = world.board("relay-1").await;
    relay.publish(STATE, "ready", true).await;
    assert_eq!(house.message().await.payload, "ready");
    house.subscribe(&[("homie/5/relay-1/#", 0)]).await;
    let now = house.message().await;
    assert_eq!((&*now.topic, &*now.payload, now.retain), (STATE, "ready", true));
    house.ping().await;
}

#[tokio::test]
async fn the_hub_hears_that_home_assistant_started_from_whoever_may_say_so() {
    let mut world = world(Announced::default()).await;
    let mut garden = Client::login(world.at, "garden").await;
    garden.publish("homeassistant/status", "online", false).await;
    let mut house = Client::login(world.at, "house").await;
    for (topic, payload) in [("homeassistant/status", "offline"), ("garden/status", "online"), ("x/status", "online")] {
        house.publish(topic, payload, false).await;
    }
    let refused = world.incident().await;
    assert_eq!((refused.kind, refused.subject), (NoticeKind::PublishRefused, Subject::Integration("garden".into())));
    assert!(world.events.try_recv().is_err());
    house.publish("homeassistant/status", "online", false).await;
    assert_eq!(soon("an event", world.events.recv()).await, Some(EdgeEvent::HomeAssistantStarted));
    assert_eq!(world.count(Count::DroppedForbidden), 1, "the garden's");
}
