//! What is taken back is over on open WebSockets of the running daemon too. Tokens are in `tokens`; guest links, whose end
//! takes a clock that is trusted, in the API's own tests.

use gatehouse_e2e::{Client, Home, Watch};
use serde_json::{Value, json};

const ACCESS: &str = "subscription { accessChanged }";
const BENS: &str = "nine small otters";

/// Ben, a guest who may see one switch.
struct Ben {
    client: Client,
    id: String,
}

async fn invite_ben(home: &Home, switch: &str) -> Ben {
    let grant = json!({ "target": { "kind": "SWITCH", "id": switch }, "level": "VIEW" });
    let create = "mutation ($input: CreateInvitationInput!) { createInvitation(input: $input) { code } }";
    let input = json!({ "input": { "role": "GUEST", "grants": [grant] } });
    let made: Value = home.owner().ask("createInvitation", create, input).await;
    let accept =
        "mutation ($input: AcceptInvitationInput!) { acceptInvitation(input: $input) { token viewer { id } } }";
    let input = json!({ "input": { "code": made["code"], "name": "Ben", "password": BENS } });
    let session: Value = home.visitor().ask("acceptInvitation", accept, input).await;
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    Ben { client: home.visitor().with_token(Some(text(&session["token"]))), id: text(&session["viewer"]["id"]) }
}

/// Looks on with a subscription that has told its first value: it runs.
async fn looking_on(client: &Client) -> Watch {
    let mut watch = client.subscribe(ACCESS).await;
    watch.value("accessChanged", "the first value", |value| *value == true).await;
    watch
}

#[tokio::test]
async fn row_sessions_a_session_that_is_ended_is_cut_off_while_it_looks_on() {
    let home = Home::claimed().await;
    let phone = home.sign_in().await;
    let (on_phone, mut here) = (looking_on(&phone).await, looking_on(&home.owner()).await);
    let sessions: Value = home.owner().ask("sessions", "{ sessions { id current } }", json!({})).await;
    let other = sessions.as_array().unwrap().iter().find(|session| session["current"] == false).unwrap();
    let delete = "mutation ($id: ID!) { deleteSession(input: { id: $id }) }";
    let _: bool = home.owner().ask("deleteSession", delete, json!({ "id": other["id"] })).await;
    assert_eq!(on_phone.closed().await, 4403);
    here.value("accessChanged", "the other session goes on", |value| *value == true).await;
    assert_eq!(phone.try_ask("{ home { name } }", json!({})).await.unwrap_err().code, "UNAUTHENTICATED");
}

#[tokio::test]
async fn row_sessions_another_password_cuts_off_every_other_session() {
    let home = Home::claimed().await;
    let (phone, tablet) = (home.sign_in().await, home.sign_in().await);
    let (on_phone, on_tablet) = (looking_on(&phone).await, looking_on(&tablet).await);
    let change = "mutation ($input: ChangePasswordInput!) { changePassword(input: $input) }";
    let input = json!({ "input": { "current": gatehouse_e2e::PASSWORD, "new": "eight brown herons" } });
    let _: bool = phone.ask("changePassword", change, input).await;
    assert_eq!(on_tablet.closed().await, 4403);
    let mut on_phone = on_phone;
    on_phone.value("accessChanged", "the session that asked goes on", |value| *value == true).await;
}

#[tokio::test]
async fn row_sessions_with_a_grant_its_switch_goes_and_with_a_person_their_sockets() {
    let home = Home::claimed().await;
    let board = home.impostor("Kitchen", 1).await;
    let ben = invite_ben(&home, &board.switch(1)).await;
    assert_eq!(ben.client.switches().await.len(), 1);
    let mut gone = ben.client.subscribe("subscription { switchRemoved }").await;
    let mut looks_on = looking_on(&ben.client).await;
    let grants: Value = home.owner().ask("grants", "{ grants { id member { id } } }", json!({})).await;
    let grant = grants.as_array().unwrap().iter().find(|grant| grant["member"]["id"] == ben.id).expect("Ben's grant");
    let delete = "mutation ($id: ID!) { deleteGrant(input: { id: $id }) }";
    let _: bool = home.owner().ask("deleteGrant", delete, json!({ "id": grant["id"] })).await;
    gone.value("switchRemoved", "the switch is gone for Ben", |id| *id == board.switch(1)).await;
    looks_on.value("accessChanged", "Ben is told to ask again", |value| *value == true).await;
    assert!(ben.client.switches().await.is_empty());

    let delete = "mutation ($id: ID!) { deleteMember(input: { id: $id }) }";
    let _: bool = home.owner().ask("deleteMember", delete, json!({ "id": ben.id })).await;
    assert_eq!(looks_on.closed().await, 4403);
    assert_eq!(gone.closed().await, 4403);
    assert_eq!(home.owner().switches().await.len(), 1, "the switch is the owner's still");
}
