//! GPIO where there is none: this machine has no header, and everything else goes on.

use gatehouse_e2e::Home;
use serde_json::{Value, json};

const NOTICES: &str = "{ notices { nodes { code message } } }";

#[tokio::test]
async fn a_machine_without_a_header_says_so_and_the_gateway_goes_on() {
    let mut home = Home::claimed().await;
    home.restart_with("[gpio]\nenabled = true\nreset_button = 3\n").await;
    home.daemon().process().stderr_line(0, "this machine has no GPIO header").await;
    let owner = home.owner();
    let listed: Value = owner.ask("notices", NOTICES, json!({})).await;
    let [told] = &listed["nodes"].as_array().expect("a list")[..] else { panic!("{listed}") };
    assert_eq!(told["code"], "HEADER_MISSING");
    assert!(
        told["message"].as_str().is_some_and(|message| message.contains("none is used: this machine has no")),
        "{told}"
    );
    let found = home.gatehouse(&["doctor"]).await;
    assert!(
        found.stdout.contains(
            "note  header        [gpio] is switched on, and none of it is used: this machine has no GPIO header"
        ),
        "{}",
        found.stdout
    );
    assert!(found.stdout.contains("set [gpio] enabled = false"), "{}", found.stdout);
    let config = std::fs::read_to_string(home.config()).expect("the configuration can be read");
    std::fs::write(home.config(), config.replace("enabled = true", "enabled = false")).expect("it can be written");
    home.restart_with("").await;
    let listed: Value = home.owner().ask("notices", NOTICES, json!({})).await;
    assert_eq!(listed["nodes"], json!([]), "it is over with the setting");
    let found = home.gatehouse(&["doctor"]).await;
    assert!(!found.stdout.contains("header"), "{}", found.stdout);
}
