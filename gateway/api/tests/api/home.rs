//! The household itself: what the owner sets and everyone sees.

use crate::support::people::{BEN, People, give, terms};
use crate::support::{Client, Reply};
use serde_json::{Value, json};

const HOME: &str = "{ home { name timeZone contact } }";

async fn update(who: &Client, input: Value) -> Reply {
    let document = "mutation ($input: UpdateHomeInput!) { updateHome(input: $input) { name timeZone contact } }";
    who.ask(document, json!({ "input": input })).await
}

#[tokio::test]
async fn the_owner_sets_name_zone_and_contact_and_guests_see_them() {
    let home = People::new().await;
    let as_it_was = json!({ "name": "Lakeside", "timeZone": "Europe/Vienna", "contact": null });
    assert_eq!(home.cleo.ask(HOME, json!({})).await.data()["home"], as_it_was);
    let contact = "Call Ana: +43 1 234\n<script>alert(1)</script>";
    let set = json!({ "name": " Mill ", "timeZone": "America/New_York", "contact": contact });
    let now = json!({ "name": "Mill", "timeZone": "America/New_York", "contact": contact });
    assert_eq!(update(&home.ana, set).await.data()["updateHome"], now);
    assert_eq!(home.cleo.ask(HOME, json!({})).await.data()["home"], now, "as it was typed: pages escape it");
    assert_eq!(update(&home.ana, json!({})).await.data()["updateHome"], now, "what is left out stays");
    assert_eq!(update(&home.ana, json!({ "contact": " " })).await.data()["updateHome"]["contact"], Value::Null);
    for who in [&home.ben, &home.cleo] {
        assert_eq!(update(who, json!({ "name": "Ours" })).await.code(), "FORBIDDEN");
    }
}

#[tokio::test]
async fn what_cannot_be_taken_is_told_by_its_field_and_changes_nothing() {
    let home = People::new().await;
    for (input, field) in [
        (json!({ "name": "" }), "name"),
        (json!({ "name": "a\u{202e}b" }), "name"),
        (json!({ "name": "Mill", "timeZone": "Europe/Atlantis" }), "timeZone"),
        (json!({ "timeZone": "europe/vienna" }), "timeZone"),
        (json!({ "timeZone": "x".repeat(10_000) }), "timeZone"),
        (json!({ "name": "Mill", "contact": "x".repeat(201) }), "contact"),
        (json!({ "contact": "a\u{0}b" }), "contact"),
    ] {
        let reply = update(&home.ana, input).await;
        assert_eq!((reply.code(), reply.field()), ("BAD_INPUT".to_owned(), field.to_owned()), "{}", reply.text());
    }
    assert_eq!(home.ana.ask(HOME, json!({})).await.data()["home"]["name"], "Lakeside");
}

#[tokio::test]
async fn hours_of_grants_hold_by_another_zone_as_soon_as_it_is_answered() {
    let home = People::new().await;
    let board = home.gateway.board("relay-1", 1).await;
    update(&home.ana, json!({ "timeZone": "Etc/UTC" })).await.data();
    let minute = home.gateway.hub.now().wall.as_millis() / 60_000 % 1_440;
    let (from, to) = ((minute + 1_380) % 1_440, (minute + 60) % 1_440);
    let days = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"];
    let mut input = terms(BEN.1, Some(&board.switches[0]), "VIEW");
    // An hour around now; midnight is 1,440 as an end.
    input["hours"] = json!({ "days": days, "from": from, "to": if to == 0 { 1_440 } else { to } });
    give(&home.ana, input).await.data();
    let seen = async || home.ben.ask("{ switches { id } }", json!({})).await.data()["switches"].clone();
    let lamp = json!([{ "id": board.switches[0] }]);
    assert_eq!(seen().await, lamp);
    for (zone, sees) in [("Etc/GMT+6", json!([])), ("Etc/UTC", lamp.clone()), ("Asia/Tokyo", json!([])), ("UTC", lamp)]
    {
        update(&home.ana, json!({ "timeZone": zone })).await.data();
        assert_eq!(seen().await, sees, "{zone}");
    }
}

#[tokio::test]
async fn when_people_came_is_told_to_who_sees_them_and_their_address_to_owners_and_themselves() {
    let home = People::new().await;
    let document = "{ members { name joinedAt email } }";
    for (who, names) in [(&home.ana, vec!["Ana", "Ben", "Cleo"]), (&home.cleo, vec!["Cleo"])] {
        let all = who.ask(document, json!({})).await.data()["members"].clone();
        let told: Vec<_> = all.as_array().unwrap().iter().map(|member| member["name"].as_str().unwrap()).collect();
        assert_eq!(told, names);
        assert!(
            all.as_array().unwrap().iter().all(|member| member["joinedAt"].is_null()),
            "they came before that was kept"
        );
    }
}
