//! What the owner is told of strangers at the edge, and what of it stays.

use gatehouse_e2e::{Client, Home, Mosquitto};
use serde_json::{Value, json};

const CHANGED: &str = "subscription { noticeChanged { id times } }";
const NOTICES: &str = "{ notices { nodes { id code severity subject message times } } }";

async fn notices(owner: &Client) -> Vec<Value> {
    let listed: Value = owner.ask("notices", NOTICES, json!({})).await;
    listed["nodes"].as_array().expect("a list").clone()
}

async fn metrics(owner: &Client) -> String {
    let bearer = format!("authorization: Bearer {}", owner.token().expect("a token"));
    let answer = owner.request("GET", "/metrics", &[&bearer], b"").await;
    assert_eq!(answer.status, 200);
    String::from_utf8(answer.body).expect("text")
}

#[tokio::test]
async fn a_storm_of_wrong_logins_is_one_notice_and_dismissed_it_stays_so() {
    let mut home = Home::claimed().await;
    let owner = home.owner().clone();
    let mut screen = owner.subscribe(CHANGED).await;
    let stranger = Mosquitto::new(home.mqtt(), "stranger", "stranger", "a guess");
    for _ in 0..14 {
        assert_ne!(stranger.publish(&["-t", "a", "-m", "1"]).await.code, Some(0));
    }
    screen.value("noticeChanged", "all of the storm", |notice| notice["times"] == 14.0).await;
    let told = notices(&owner).await;
    let [storm] = &told[..] else { panic!("a storm is one notice: {told:?}") };
    assert_eq!((&storm["code"], &storm["severity"]), (&json!("MQTT_LOGIN_STORM"), &json!("CRITICAL")));
    assert_eq!(storm["subject"], "127.0.0.1");

    let text = metrics(&owner).await;
    let number = |series: &str| -> u64 {
        let line =
            text.lines().find_map(|line| line.strip_prefix(series)).unwrap_or_else(|| panic!("{series} in {text}"));
        line.trim().parse().expect("a number")
    };
    let wrong = number("gatehouse_mqtt_refused_total{reason=\"secret\"}");
    assert_eq!(wrong + number("gatehouse_mqtt_refused_total{reason=\"throttled\"}"), 14);
    assert_eq!((number("gatehouse_mqtt_accepted_total"), number("gatehouse_notices")), (14, 1));
    assert_eq!(home.visitor().request("GET", "/metrics", &[], b"").await.status, 401);

    let dismiss = "mutation ($id: ID!) { dismissNotice(input: { id: $id }) }";
    assert!(owner.ask::<bool>("dismissNotice", dismiss, json!({ "id": storm["id"] })).await);
    assert!(notices(&owner).await.is_empty());
    home.kill().await;
    home.start().await;
    assert!(notices(&owner).await.is_empty(), "also after a restart");
    let mut screen = owner.subscribe(CHANGED).await;
    for _ in 0..10 {
        stranger.publish(&["-t", "a", "-m", "1"]).await;
    }
    let anew = screen.value("noticeChanged", "another storm", |notice| notice["times"] == 10.0).await;
    assert_ne!(anew["id"], storm["id"], "it happened anew");
}
