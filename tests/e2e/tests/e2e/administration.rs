//! A device is deleted while its board is connected: the running daemon and the firmware itself.

use gatehouse_e2e::{Ended, Home, Mosquitto};
use serde_json::{Value, json};

/// The id of its device, by what its switch says.
async fn device_of(home: &Home, switch: &str) -> Value {
    let document = "query ($id: ID!) { switch(id: $id) { device { id name } } }";
    let switch: Value = home.owner().ask("switch", document, json!({ "id": switch })).await;
    switch["device"]["id"].clone()
}

/// An integration that hears every board.
async fn listener(home: &Home) -> Mosquitto {
    let Ended { code, stdout, .. } =
        home.gatehouse(&["integration", "create", "--name", "Other", "--all-devices"]).await;
    assert_eq!(code, Some(0));
    let line = |word: &str| {
        let line = stdout.lines().find_map(|line| line.strip_prefix(word));
        line.unwrap_or_else(|| panic!("{word:?} is missing in {stdout:?}")).trim().to_owned()
    };
    Mosquitto::new(home.mqtt(), "other", &line("User "), &line("Password "))
}

#[tokio::test]
async fn a_deleted_device_forgets_the_home_its_relays_stay_and_it_can_be_registered_again() {
    let mut home = Home::claimed().await;
    let mut board = home.board("Kitchen", 2).await;
    let other = home.board("Hall", 1).await;
    assert_eq!(home.owner().set(&board.switch(1), true).await.end(), ("CONFIRMED", None));
    board.movement().await;
    let integration = listener(&home).await;
    let topic = format!("homie/5/{}/#", board.id());
    // What the end of its connection says meanwhile is heard, and not kept.
    let all = ["-t", &topic, "-W", "1", "-F", "%t", "--retained-only"];
    assert!(integration.subscribe(&all).await.stdout.contains("/$state"), "it is heard");
    let mut removed = home.owner().subscribe("subscription { switchRemoved }").await;
    let mut gone = home.owner().subscribe("subscription { deviceRemoved }").await;

    let id = device_of(&home, &board.switch(1)).await;
    let delete = "mutation ($id: ID!) { deleteDevice(input: { id: $id }) }";
    let done: bool = home.owner().ask("deleteDevice", delete, json!({ "id": id })).await;
    assert!(done);
    board.says("the home is forgotten").await;
    for _ in 0..2 {
        let switches = board.switches().to_vec();
        removed.value("switchRemoved", "its switches", |id| switches.iter().any(|one| id == one)).await;
    }
    gone.value("deviceRemoved", "the device", |gone| *gone == id).await;
    assert_eq!(home.owner().switches().await.len(), 1);
    assert_eq!(integration.subscribe(&all).await.stdout, "", "nothing of it is retained");
    let movements = board.movements_left();
    assert!(movements.is_empty(), "its relays stay as they are: {movements:?}");
    assert_eq!(home.owner().set(&other.switch(1), true).await.end(), ("CONFIRMED", None));

    // The same after a restart, and with the history that was.
    home.stop().await;
    home.start().await;
    assert_eq!(home.owner().switches().await.len(), 1);
    let record = "{ record { edges { node { what subject command { outcome switch { id } } } } } }";
    let record: Value = home.owner().ask("record", record, json!({})).await;
    let has =
        |wanted: &dyn Fn(&Value) -> bool| record["edges"].as_array().unwrap().iter().any(|edge| wanted(&edge["node"]));
    assert!(has(&|line| line["what"] == "DEVICE_DELETED" && line["subject"] == "Kitchen"), "{record}");
    let asked = json!({ "outcome": "CONFIRMED", "switch": { "id": board.switch(1) } });
    assert!(has(&|line| line["command"] == asked), "{record}");

    let secret = board.secret_file().display().to_string();
    let arguments =
        ["board", "register", "--id", board.id(), "--secret-file", &secret, "--name", "Kitchen", "--relays", "2"];
    let ended = home.gatehouse(&arguments).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    let anew: Vec<_> =
        home.owner().switches().await.into_iter().filter(|one| one.name.starts_with("Kitchen")).collect();
    let first = anew.iter().find(|one| one.name == "Kitchen 1").expect("a new switch");
    assert!(!board.switches().contains(&first.id), "ids are never used again");
    let mut screen = home.owner().watch(std::slice::from_ref(&first.id)).await;
    // It has forgotten all of it.
    let mut board = board.reprovision().await;
    board.booted(&[false, false]).await;
    screen.until("back, and off", |switch| switch.is_online() && switch.on == Some(false)).await;
    assert_eq!(home.owner().set(&first.id, true).await.end(), ("CONFIRMED", None));
    assert_eq!(board.movement().await.cause, "command");
}
