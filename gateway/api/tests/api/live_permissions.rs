//! Every subscription, opened by everyone who may ask: what it tells them at first and as things happen, that it tells
//! nothing else, and that what ends while it is open removes what was told or closes it.

use crate::permissions::{Asker, Owner, SignedIn, askers, schema};
use crate::schema::documents;
use crate::support::people::{BEN, CLEO, People};
use crate::support::{Frame, Socket};
use gatehouse_core::notice::{Incident, NoticeKind, Subject};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// One line a subscription: what to ask of it.
const LIVE: &[(&str, &str)] = &[
    ("switchChanged", "{ id }"),
    ("switchRemoved", ""),
    ("deviceChanged", "{ id }"),
    ("deviceRemoved", ""),
    ("noticeChanged", "{ code }"),
    ("noticeRemoved", ""),
    ("accessChanged", ""),
    ("boardsChanged", "{ id }"),
    ("claimsChanged", "{ id }"),
    ("wifiChanged", "{ ssid done }"),
    ("backupsChanged", "{ recoveryKey }"),
];

/// Opened by everyone in boards.rs, where there is a claim.
const ELSEWHERE: &str = "claimProgress";

/// What one subscription is to tell.
type Told = (&'static str, Value);

fn switches(field: &'static str, ids: &[&String]) -> Vec<Told> {
    let shown = |id: &&String| if field == "switchChanged" { json!({ "id": id }) } else { json!(id) };
    ids.iter().map(|id| (field, shown(id))).collect()
}

/// What someone is told, and nothing else but what they `may` be told again; that access changed comes as often as it likes.
async fn is_told(who: &str, socket: &mut Socket, mut wanted: Vec<Told>, may: &[Told]) {
    while !wanted.is_empty() {
        let message = socket.next().await.text();
        assert_eq!(message["type"], "next", "{who}: {message}");
        let field = message["id"].as_str().unwrap();
        let is_it = |(id, told): &Told| *id == field && *told == message["payload"]["data"][field];
        match wanted.iter().position(is_it) {
            Some(at) => drop(wanted.remove(at)),
            None => {
                let again = field == "accessChanged" || may.iter().any(is_it);
                assert!(again, "{who} is told {message}, and not {wanted:?}");
            }
        }
    }
}

/// It is closed, and nothing more was told.
async fn is_closed(who: &str, socket: &mut Socket) {
    loop {
        match socket.next().await {
            Frame::Text(message) => {
                let may = message["id"] == "accessChanged" || message["type"] == "complete";
                assert!(may, "{who} is told {message}");
            }
            other => return assert_eq!(other, Frame::Close(4403), "{who}"),
        }
    }
}

fn token_of(asker: &Asker) -> Option<String> {
    let header = asker.client.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    header.and_then(|(_, value)| value.strip_prefix("Bearer ")).map(str::to_owned)
}

/// Which of the three switches they may see, as everyone_sees_and_moves_exactly_what_was_given_to_them has it.
fn seen<'a>(asker: &Asker, switches: &'a [String; 3]) -> Vec<&'a String> {
    match asker.name {
        "an owner" => switches.iter().collect(),
        "a member with grants" | "a guest with grants" => switches[1..].iter().collect(),
        "whoever holds a guest link" => switches[2..].iter().collect(),
        _ => Vec::new(),
    }
}

/// Something of every kind changes.
async fn much_happens(home: &People, switches: &[String; 3]) {
    for id in switches {
        let rename = "mutation ($id: ID!) { updateSwitch(input: { id: $id, name: \"Another\" }) { id } }";
        home.ana.ask(rename, json!({ "id": id })).await.data();
    }
    let device = home.gateway.hub.view().devices[0].id.to_string();
    let rename = "mutation ($id: ID!) { updateDevice(input: { id: $id, name: \"Box\" }) { id } }";
    home.ana.ask(rename, json!({ "id": device })).await.data();
    let wifi = "mutation { changeWifi(input: { wifi: { ssid: \"New\" } }) { done } }";
    home.ana.ask(wifi, json!({})).await.data();
    let kind = NoticeKind::RouterReplaced;
    home.gateway.happens(Incident { kind, subject: Subject::Gateway, from: None, times: 1, detail: None }).await;
    home.gateway.until("a notice", |view| view.notices.len() == 1).await;
}

/// What was given ends, then whoever asks is shut out.
async fn it_ends(home: &People, asker: &Asker, socket: &mut Socket, seen: &[&String]) {
    let by_id = async |field: &str, id: &str| {
        let document = format!("mutation ($id: ID!) {{ {field}(input: {{ id: $id }}) }}");
        home.ana.ask(&document, json!({ "id": id })).await.data();
    };
    let grants: Vec<_> = home.gateway.hub.view().access.grants().map(|grant| grant.id.to_string()).collect();
    for grant in &grants {
        by_id("deleteGrant", grant).await;
    }
    if !grants.is_empty() {
        // When the first ended, they may be told anew of what is left.
        let left = switches("switchChanged", &seen[1..]);
        is_told(asker.name, socket, switches("switchRemoved", seen), &left).await;
    }
    match asker.name {
        "an owner" => drop(home.ana.ask("mutation { signOut }", json!({})).await.data()),
        name if name.contains("link") => {
            let link = home.gateway.hub.view().access.guest_links().next().unwrap().id.to_string();
            by_id("deleteGuestLink", &link).await;
        }
        name => by_id("deleteMember", if name.contains("member") { BEN.1 } else { CLEO.1 }).await,
    }
    is_closed(asker.name, socket).await;
}

#[tokio::test]
async fn every_subscription_tells_everyone_what_they_may_know_until_it_ends() {
    let documents = documents(&schema().await);
    let fields: BTreeSet<_> = documents.iter().filter_map(|(field, _)| field.strip_prefix("subscription ")).collect();
    let tried: BTreeSet<_> = LIVE.iter().map(|(field, _)| *field).collect();
    let tried = tried.into_iter().chain([ELSEWHERE]).collect();
    assert_eq!(fields, tried, "every subscription is tried, one line each in LIVE");
    for (home, asker, all) in askers().await {
        let token = token_of(&asker);
        if !asker.passes.contains(&SignedIn) {
            let mut socket = Socket::open(home.gateway.address, "graphql-transport-ws", &[]).await.unwrap();
            socket.say(json!({ "type": "connection_init", "payload": { "token": token } })).await;
            assert_eq!(socket.next().await, Frame::Close(4401), "{}", asker.name);
            continue;
        }
        let mut socket = home.gateway.socket(&token.unwrap()).await;
        for (field, inner) in LIVE {
            socket.subscribe(field, &format!("subscription {{ {field} {inner} }}"), json!({})).await;
        }
        let seen = seen(&asker, &all);
        let device = json!({ "id": home.gateway.hub.view().devices[0].id.to_string() });
        let owner = asker.passes.contains(&Owner);
        let mut first = switches("switchChanged", &seen);
        first.push(("accessChanged", json!(true)));
        first.extend(owner.then(|| ("deviceChanged", device.clone())));
        first.extend(owner.then(|| ("boardsChanged", json!([]))));
        first.extend(owner.then(|| ("claimsChanged", json!([]))));
        first.extend(owner.then(|| ("backupsChanged", json!({ "recoveryKey": null }))));
        is_told(asker.name, &mut socket, first, &[]).await;
        much_happens(&home, &all).await;
        let mut then = switches("switchChanged", &seen);
        if owner {
            then.push(("deviceChanged", device));
            then.push(("wifiChanged", json!({ "ssid": "New", "done": true })));
            then.push(("noticeChanged", json!({ "code": "ROUTER_REPLACED" })));
        }
        is_told(asker.name, &mut socket, then, &[]).await;
        it_ends(&home, &asker, &mut socket, &seen).await;
    }
}
