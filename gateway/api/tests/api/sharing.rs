//! Members, grants and guest links: who sees and moves what.

use crate::support::people::{ANA, BEN, CLEO, People, give, terms};
use crate::support::{Client, Frame, Reply};
use gatehouse_core::device::Cause;
use serde_json::{Value, json};

const SEEN: &str = "{ viewer { kind role mayShare until } rooms { name } devices { id }
    switches { id mayOperate sharedBy { name } room { name } device { id } } }";
const SET: &str = "mutation ($id: ID!) { setSwitch(input: { switchId: $id, on: true }) { outcome } }";
const LINK: &str = "mutation ($input: CreateGuestLinkInput!) { createGuestLink(input: $input) { token
    link { id name level until target { name } by { name } } } }";
const OPEN: &str =
    "mutation ($token: String!) { openGuestLink(input: { token: $token }) { token viewer { kind name role } } }";

async fn seen(client: &Client) -> Value {
    client.ask(SEEN, json!({})).await.data()
}

/// Each switch someone is shown, and whether they may move it.
fn switches(seen: &Value) -> Vec<(String, bool)> {
    let all = seen["switches"].as_array().unwrap().iter();
    all.map(|s| (s["id"].as_str().unwrap().to_owned(), s["mayOperate"].as_bool().unwrap())).collect()
}

async fn set(client: &Client, switch: &str) -> Reply {
    client.ask(SET, json!({ "id": switch })).await
}

async fn link(by: &Client, switch: &str, until: &str) -> (String, Value) {
    let target = json!({ "kind": "SWITCH", "id": switch });
    let input = json!({ "name": "Cat sitter", "target": target, "level": "OPERATE", "until": until });
    let made = by.ask(LINK, json!({ "input": input })).await.data()["createGuestLink"].clone();
    (made["token"].as_str().unwrap().to_owned(), made["link"].clone())
}

#[tokio::test]
async fn what_was_not_given_does_not_exist() {
    let home = People::new().await;
    let board = home.gateway.board("relay-1", 2).await;
    let (first, second) = (&board.switches[0], &board.switches[1]);
    assert_eq!(switches(&seen(&home.ana).await), [(first.clone(), true), (second.clone(), true)]);
    for nobody in [&home.ben, &home.cleo] {
        let seen = seen(nobody).await;
        assert_eq!((&seen["switches"], &seen["devices"], &seen["rooms"]), (&json!([]), &json!([]), &json!([])));
        assert_eq!(set(nobody, first).await.code(), "NOT_FOUND");
    }
    let grant = give(&home.ana, terms(CLEO.1, Some(first), "VIEW")).await.data()["createGrant"].clone();
    assert_eq!(
        (&grant["active"], &grant["by"]["name"], &grant["target"]["kind"]),
        (&json!(true), &json!("Ana"), &json!("SWITCH"))
    );
    let cleo = seen(&home.cleo).await;
    assert_eq!(switches(&cleo), [(first.clone(), false)]);
    assert_eq!(cleo["switches"][0]["sharedBy"]["name"], "Ana");
    assert_eq!((&cleo["devices"], &cleo["switches"][0]["device"]), (&json!([]), &Value::Null));
    assert_eq!(
        (set(&home.cleo, first).await.code(), set(&home.cleo, second).await.code()),
        ("FORBIDDEN".into(), "NOT_FOUND".into())
    );
    give(&home.ana, terms(CLEO.1, Some(second), "OPERATE")).await.data();
    assert_eq!(set(&home.cleo, second).await.data()["setSwitch"]["outcome"], "OFFLINE");
    let taken =
        home.ana.ask("mutation ($id: ID!) { deleteGrant(input: { id: $id }) }", json!({ "id": grant["id"] })).await;
    assert_eq!(taken.data(), json!({ "deleteGrant": true }));
    assert_eq!(switches(&seen(&home.cleo).await), [(second.clone(), true)]);
}

#[tokio::test]
async fn bad_grants_are_told_what_is_wrong_with_them() {
    let home = People::new().await;
    let board = home.gateway.board("relay-1", 1).await;
    let switch = board.switches[0].as_str();
    let good = terms(CLEO.1, Some(switch), "OPERATE");
    let with = |field: &str, value: Value| {
        let mut input = good.clone();
        input[field] = value;
        input
    };
    let hours = |from: i32, to: i32| json!({ "days": ["MONDAY"], "from": from, "to": to });
    for (input, code, field) in [
        (with("until", json!("2001-01-01T00:00:00Z")), "BAD_INPUT", "until"),
        (with("hours", hours(5, 5)), "BAD_INPUT", "hours"),
        (with("hours", hours(-1, 5)), "BAD_INPUT", "hours"),
        (with("hours", json!({ "days": [], "from": 0, "to": 5 })), "BAD_INPUT", "hours"),
        (with("target", json!({ "kind": "ROOM" })), "BAD_INPUT", "target"),
        (with("target", json!({ "kind": "HOME", "id": switch })), "BAD_INPUT", "target"),
        (with("target", json!({ "kind": "ROOM", "id": switch })), "NOT_FOUND", ""),
        (with("memberId", json!("m99")), "NOT_FOUND", ""),
        (with("memberId", json!(ANA.1)), "CONFLICT", ""),
    ] {
        let reply = give(&home.ana, input.clone()).await;
        assert_eq!(reply.code(), code, "{input}");
        assert!(field.is_empty() || reply.field() == field, "{input}");
    }
    let grant = give(&home.ana, with("hours", hours(60, 30))).await.data()["createGrant"].clone();
    assert_eq!(grant["hours"], hours(60, 30));
    assert_eq!(give(&home.cleo, good).await.code(), "FORBIDDEN");
}

#[tokio::test]
async fn a_member_shares_no_more_than_they_may() {
    let home = People::new().await;
    let board = home.gateway.board("relay-1", 2).await;
    let (mine, other) = (board.switches[0].as_str(), board.switches[1].as_str());
    give(&home.ana, terms(BEN.1, Some(mine), "OPERATE")).await.data();
    assert_eq!(seen(&home.ben).await["viewer"]["mayShare"], true);
    assert_eq!(give(&home.ben, terms(CLEO.1, Some(other), "VIEW")).await.code(), "NOT_FOUND");
    assert_eq!(give(&home.ben, terms(CLEO.1, None, "VIEW")).await.code(), "FORBIDDEN");
    let given = give(&home.ben, terms(CLEO.1, Some(mine), "OPERATE")).await.data()["createGrant"].clone();
    let list = "{ grants { id member { name } by { name } } }";
    let grants = async |who: &Client| who.ask(list, json!({})).await.data()["grants"].as_array().unwrap().len();
    assert_eq!((grants(&home.ana).await, grants(&home.ben).await, grants(&home.cleo).await), (2, 2, 1));
    assert_eq!(switches(&seen(&home.cleo).await), [(mine.to_owned(), true)]);
    let gone = home.ana.ask("mutation ($id: ID!) { deleteMember(input: { id: $id }) }", json!({ "id": BEN.1 })).await;
    assert_eq!(gone.data(), json!({ "deleteMember": true }));
    assert_eq!(home.ben.ask(SEEN, json!({})).await.code(), "UNAUTHENTICATED");
    assert_eq!((switches(&seen(&home.cleo).await), grants(&home.ana).await), (vec![], 0), "{given}");
}

#[tokio::test]
async fn people_are_listed_changed_and_removed_by_the_owner_and_one_owner_stays() {
    let home = People::new().await;
    let list = "{ members { id name role lastSeen grants { id } } }";
    let names = async |who: &Client| {
        let all = who.ask(list, json!({})).await.data()["members"].clone();
        all.as_array().unwrap().iter().map(|member| member["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&home.ana).await, ["Ana", "Ben", "Cleo"]);
    assert_eq!(
        (names(&home.ben).await, names(&home.cleo).await),
        (vec!["Ana".into(), "Ben".into(), "Cleo".into()], vec!["Cleo".to_owned()])
    );
    let update = "mutation ($input: UpdateMemberInput!) { updateMember(input: $input) { name role } }";
    let change = async |who: &Client, input: Value| who.ask(update, json!({ "input": input })).await;
    assert_eq!(change(&home.ana, json!({ "id": ANA.1, "role": "MEMBER" })).await.code(), "CONFLICT");
    assert_eq!(change(&home.ana, json!({ "id": BEN.1, "name": "ana" })).await.field(), "name");
    assert_eq!(change(&home.ben, json!({ "id": CLEO.1, "role": "OWNER" })).await.code(), "FORBIDDEN");
    let both = json!({ "id": BEN.1, "name": "Bert", "role": "OWNER" });
    assert_eq!(change(&home.ana, both).await.data()["updateMember"], json!({ "name": "Bert", "role": "OWNER" }));
    assert_eq!(
        change(&home.ben, json!({ "id": ANA.1, "role": "GUEST" })).await.data()["updateMember"]["role"],
        "GUEST"
    );
    let remove = "mutation ($id: ID!) { deleteMember(input: { id: $id }) }";
    assert_eq!(home.ana.ask(remove, json!({ "id": CLEO.1 })).await.code(), "FORBIDDEN");
    assert_eq!(home.ben.ask(remove, json!({ "id": BEN.1 })).await.code(), "CONFLICT");
    assert_eq!(home.ben.ask(remove, json!({ "id": "m99" })).await.code(), "NOT_FOUND");
}

#[tokio::test]
async fn a_screen_follows_what_its_viewer_may_see() {
    let home = People::new().await;
    let mut board = home.gateway.online_board("relay-1", 1).await;
    let switch = board.switches[0].clone();
    let mut cleo = home.gateway.socket(CLEO.0).await;
    cleo.subscribe("a", "subscription { accessChanged }", json!({})).await;
    assert_eq!(cleo.data("a").await, json!({ "accessChanged": true }));
    let mut screen = home.gateway.socket(CLEO.0).await;
    screen.subscribe("s", "subscription { switchChanged { id on lastChange { actor { name } } } }", json!({})).await;
    let mut gone = home.gateway.socket(CLEO.0).await;
    gone.subscribe("r", "subscription { switchRemoved }", json!({})).await;
    board.report(1, true, Cause::Button, None).await;
    home.gateway.until("the report", |view| view.switches[0].on == Some(true)).await;
    let grant = give(&home.ana, terms(CLEO.1, Some(&switch), "VIEW")).await.data()["createGrant"]["id"].clone();
    assert_eq!(cleo.data("a").await, json!({ "accessChanged": true }));
    let shown = screen.data("s").await["switchChanged"].clone();
    assert_eq!(
        (&shown["id"], &shown["on"]),
        (&json!(switch), &json!(true)),
        "the first thing it is told of the switch"
    );
    home.ana.ask("mutation ($id: ID!) { deleteGrant(input: { id: $id }) }", json!({ "id": grant })).await.data();
    assert_eq!(gone.data("r").await, json!({ "switchRemoved": switch }));
    assert_eq!(cleo.data("a").await, json!({ "accessChanged": true }));
}

#[tokio::test]
async fn whoever_holds_a_guest_link_is_in_until_it_is_deleted() {
    let home = People::new().await;
    let board = home.gateway.board("relay-1", 2).await;
    let (token, link) = link(&home.ana, &board.switches[0], &home.in_ms(3_600_000)).await;
    assert_eq!((token.len(), &link["by"]["name"]), (64, &json!("Ana")));
    let stranger = home.gateway.client();
    let opened = stranger.ask(OPEN, json!({ "token": token })).await.data()["openGuestLink"].clone();
    assert_eq!(opened["viewer"], json!({ "kind": "GUEST_LINK", "name": "Cat sitter", "role": "GUEST" }));
    let guest = home.gateway.client().bearer(opened["token"].as_str().unwrap());
    let shown = seen(&guest).await;
    assert_eq!(
        (switches(&shown), &shown["viewer"]["until"]),
        (vec![(board.switches[0].clone(), true)], &link["until"])
    );
    assert_eq!(set(&guest, &board.switches[0]).await.data()["setSwitch"]["outcome"], "OFFLINE");
    assert_eq!(set(&guest, &board.switches[1]).await.code(), "NOT_FOUND");
    let list = "{ guestLinks { id } }";
    assert_eq!(guest.ask(list, json!({})).await.data(), json!({ "guestLinks": [] }));
    assert_eq!(home.ana.ask(list, json!({})).await.data()["guestLinks"][0]["id"], link["id"]);
    assert_eq!(guest.ask("{ sessions { id } }", json!({})).await.code(), "FORBIDDEN");
    assert_eq!(guest.ask("mutation { signOut }", json!({})).await.data(), json!({ "signOut": true }));
    assert_eq!(seen(&guest).await["viewer"]["kind"], "GUEST_LINK", "it is the link that ends");
    for wrong in ["", "x", ANA.0, &"f".repeat(64), &"f".repeat(1_000)] {
        let reply = stranger.ask(OPEN, json!({ "token": wrong })).await;
        assert_eq!((reply.code(), reply.field()), ("BAD_INPUT".into(), "token".into()), "{wrong}");
    }
    let mut socket = home.gateway.socket(&token).await;
    socket.subscribe("s", "subscription { switchChanged { id } }", json!({})).await;
    socket.data("s").await;
    let delete = "mutation ($id: ID!) { deleteGuestLink(input: { id: $id }) }";
    assert_eq!(home.ben.ask(delete, json!({ "id": link["id"] })).await.code(), "NOT_FOUND");
    home.ana.ask(delete, json!({ "id": link["id"] })).await.data();
    assert_eq!(closing(&mut socket).await, Frame::Close(4403));
    assert_eq!(guest.ask(SEEN, json!({})).await.code(), "UNAUTHENTICATED");
}

#[tokio::test]
async fn a_guest_link_and_its_open_sockets_end_on_time() {
    let home = People::new().await;
    let board = home.gateway.board("relay-1", 1).await;
    let (token, _) = link(&home.ana, &board.switches[0], &home.in_ms(1_500)).await;
    let mut socket = home.gateway.socket(&token).await;
    socket.subscribe("s", "subscription { switchChanged { id } }", json!({})).await;
    socket.data("s").await;
    assert_eq!(closing(&mut socket).await, Frame::Close(4403), "nobody did anything: it is time that ended it");
    assert_eq!(home.gateway.client().ask(OPEN, json!({ "token": token })).await.code(), "BAD_INPUT");
    assert_eq!(home.ana.ask("{ guestLinks { id } }", json!({})).await.data(), json!({ "guestLinks": [] }));
}

/// How the server closes it; what it says before does not matter.
async fn closing(socket: &mut crate::support::Socket) -> Frame {
    loop {
        match socket.next().await {
            Frame::Text(_) => {}
            other => return other,
        }
    }
}
