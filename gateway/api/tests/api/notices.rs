//! Notices: told to the owner, page by page and as they happen, and put away.

use crate::support::Gateway;
use gatehouse_core::edge::EdgeEvent;
use gatehouse_core::name::BoardId;
use gatehouse_core::notice::{Incident, NoticeKind, Subject};
use serde_json::{Value, json};

const LIST: &str = "query ($first: Int, $after: String) { notices(first: $first, after: $after) {
    edges { cursor node { id code severity subject message advice times firstAt at } } pageInfo { hasNextPage endCursor } } }";
const DISMISS: &str = "mutation ($id: ID!) { dismissNotice(input: { id: $id }) }";

fn times(kind: NoticeKind, subject: Subject, times: u32) -> Incident {
    Incident { kind, subject, from: None, times, detail: None }
}

impl Gateway {
    pub(crate) async fn happens(&self, incident: Incident) {
        self.edge(EdgeEvent::Incident(incident)).await;
    }

    async fn notices_shown(&self, count: usize) {
        self.until("notices", |view| view.notices.len() == count).await;
    }
}

#[tokio::test]
async fn a_storm_is_one_notice_that_counts_up_and_names_the_device() {
    let (gateway, ana) = Gateway::claimed().await;
    gateway.board("relay-1", 1).await;
    let board = Subject::Board(BoardId::new("relay-1").unwrap());
    let mut screen = gateway.socket(&gateway.sign_in().await).await;
    let changed = "subscription { noticeChanged { id code severity subject message times } }";
    screen.subscribe("n", changed, json!({})).await;
    screen.subscribe("r", "subscription { noticeRemoved }", json!({})).await;
    let from = Some([192, 0, 2, 7].into());
    gateway.happens(Incident { from, ..times(NoticeKind::MqttLoginStorm, board.clone(), 10) }).await;
    let first = screen.data("n").await["noticeChanged"].clone();
    assert_eq!((&first["code"], &first["severity"]), (&json!("MQTT_LOGIN_STORM"), &json!("CRITICAL")));
    assert_eq!((&first["subject"], &first["times"]), (&json!("Board relay-1"), &json!(10.0)));
    let message = first["message"].as_str().unwrap();
    assert!(message.contains("Board relay-1, last from 192.0.2.7"), "{message}");
    gateway.happens(times(NoticeKind::MqttLoginStorm, board, 5)).await;
    let next = screen.data("n").await["noticeChanged"].clone();
    assert_eq!((&next["id"], &next["times"]), (&first["id"], &json!(15.0)));

    let listed = ana.ask(LIST, json!({})).await.data()["notices"].clone();
    assert_eq!(listed["edges"].as_array().unwrap().len(), 1);
    assert_eq!(listed["edges"][0]["node"]["id"], first["id"]);
    let id = json!({ "id": first["id"] });
    assert_eq!(ana.ask(DISMISS, id.clone()).await.data(), json!({ "dismissNotice": true }));
    assert_eq!(screen.data("r").await["noticeRemoved"], first["id"], "other screens learn of it");
    assert_eq!(ana.ask(LIST, json!({})).await.data()["notices"]["edges"], json!([]));
    assert_eq!(ana.ask(DISMISS, id).await.code(), "NOT_FOUND");
    assert_eq!(ana.ask(DISMISS, json!({ "id": "nonsense" })).await.code(), "NOT_FOUND");
}

#[tokio::test]
async fn pages_go_from_the_newest_to_the_oldest_and_hold_while_one_counts_up() {
    let (gateway, ana) = Gateway::claimed().await;
    let subject = |last| Subject::Address([192, 0, 2, last].into());
    for last in 1..=5 {
        gateway.happens(times(NoticeKind::ConnectionsFull, subject(last), 1)).await;
    }
    gateway.notices_shown(5).await;
    let mut after = Value::Null;
    let mut seen = Vec::new();
    for more in [true, true, false] {
        let page = ana.ask(LIST, json!({ "first": 2, "after": after })).await.data()["notices"].clone();
        let nodes = page["edges"].as_array().unwrap().iter();
        seen.extend(nodes.map(|edge| edge["node"]["subject"].as_str().unwrap().to_owned()));
        assert_eq!(page["pageInfo"]["hasNextPage"], json!(more));
        after = page["pageInfo"]["endCursor"].clone();
        gateway.happens(times(NoticeKind::ConnectionsFull, subject(1), 1)).await;
    }
    assert_eq!(seen, ["192.0.2.5", "192.0.2.4", "192.0.2.3", "192.0.2.2", "192.0.2.1"]);
    for (field, variables) in
        [("first", json!({ "first": -1 })), ("first", json!({ "first": 101 })), ("after", json!({ "after": "x" }))]
    {
        let reply = ana.ask(LIST, variables).await;
        assert_eq!((reply.code().as_str(), reply.field().as_str()), ("BAD_INPUT", field));
    }
}

#[tokio::test]
async fn guessing_a_password_is_told_to_who_owns_it() {
    let (gateway, ana) = Gateway::claimed().await;
    for _ in 0..6 {
        let wrong = r#"mutation { signIn(input: {name: "ana", password: "not the password"}) { token } }"#;
        gateway.client().ask(wrong, json!({})).await.code();
    }
    gateway.notices_shown(1).await;
    let notice = ana.ask(LIST, json!({})).await.data()["notices"]["edges"][0]["node"].clone();
    assert_eq!((&notice["code"], &notice["subject"]), (&json!("SIGN_IN_STORM"), &json!("Ana")));
    assert!(notice["message"].as_str().unwrap().contains("127.0.0.1"), "{notice}");
}
