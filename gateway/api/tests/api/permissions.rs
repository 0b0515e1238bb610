//! Who may ask for what: every field of the schema against everyone who may ask. Row 5.5-4/5 of the security checklist.
//!
//! A field that is new has no decision, and the test fails until somebody adds a line for it here.

use crate::schema::{INTROSPECTION, documents, what};
use crate::support::Client;
use crate::support::people::{BEN, CLEO, People, give, terms};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Who gets past the gate in front of a field. What they then see of it is another question: see `SHOWN`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    /// Whoever asks, signed in or not.
    Anyone,
    /// Whoever is signed in.
    SignedIn,
    /// A person, by a session: nobody else has an account.
    Person,
    /// An owner, and a member: what they may share is decided by their rights.
    Sharer,
    /// An owner.
    Owner,
}
pub(crate) use Gate::{Anyone, Owner, Person, Sharer, SignedIn};

/// One line a root field.
const GATES: &[(&str, Gate)] = &[
    ("query gateway", Anyone),
    ("query viewer", Anyone),
    ("query invitation", Anyone),
    ("query home", SignedIn),
    ("query rooms", SignedIn),
    ("query switches", SignedIn),
    ("query switch", SignedIn),
    ("query devices", SignedIn),
    ("query device", SignedIn),
    ("query boards", Owner),
    ("query serialPorts", Owner),
    ("query claim", Owner),
    ("query claims", Owner),
    ("query wifiChange", Owner),
    ("query firmwareImages", Owner),
    ("query command", SignedIn),
    ("query integrations", Owner),
    ("query invitations", Sharer),
    ("query homeAssistant", Owner),
    ("query notices", Owner),
    ("query members", SignedIn),
    ("query grants", SignedIn),
    ("query guestLinks", SignedIn),
    ("query metrics", Owner),
    ("query backups", Owner),
    ("query passwordEstimate", SignedIn),
    ("query record", SignedIn),
    ("query sessions", Person),
    ("query tokens", Sharer),
    ("mutation setSwitch", SignedIn),
    ("mutation setSwitches", SignedIn),
    ("mutation updateSwitch", Owner),
    ("mutation claimGateway", Anyone),
    ("mutation signIn", Anyone),
    ("mutation signOut", SignedIn),
    ("mutation updateHome", Owner),
    ("mutation createRoom", Owner),
    ("mutation updateRoom", Owner),
    ("mutation deleteRoom", Owner),
    ("mutation updateDevice", Owner),
    ("mutation deleteDevice", Owner),
    ("mutation rotateCredential", Owner),
    ("mutation releaseDevice", Owner),
    ("mutation setBehindRepeater", Owner),
    ("mutation removeDevice", Owner),
    ("mutation identifyDevice", Owner),
    ("mutation restartDevice", Owner),
    ("mutation updateSwitchSettings", Owner),
    ("mutation claimDevice", Owner),
    ("mutation cancelClaim", Owner),
    ("mutation confirmClaim", Owner),
    ("mutation changeWifi", Owner),
    ("mutation identifyBoard", Owner),
    ("mutation flashBoard", Owner),
    ("mutation cancelFlash", Owner),
    ("mutation giveWifi", Owner),
    ("mutation cancelGiveWifi", Owner),
    ("mutation createIntegration", Owner),
    ("mutation deleteIntegration", Owner),
    ("mutation createInvitation", Sharer),
    ("mutation deleteInvitation", Sharer),
    ("mutation acceptInvitation", Anyone),
    ("mutation acceptInvitationByProvider", Anyone),
    ("mutation updateHomeAssistant", Owner),
    ("mutation dismissNotice", Owner),
    ("mutation updateMember", Owner),
    ("mutation deleteMember", Owner),
    ("mutation createGrant", Sharer),
    ("mutation deleteGrant", Sharer),
    ("mutation createGuestLink", Sharer),
    ("mutation deleteGuestLink", Sharer),
    ("mutation openGuestLink", Anyone),
    ("mutation deleteSession", Person),
    ("mutation createToken", Sharer),
    ("mutation deleteToken", Sharer),
    ("mutation deleteOtherSessions", Person),
    ("mutation changePassword", Person),
    ("mutation updateViewer", Person),
    ("mutation linkProvider", Person),
    ("mutation unlinkProvider", Person),
    ("mutation resetPassword", Anyone),
    ("mutation requestPasswordLink", Anyone),
    ("mutation confirmEmail", Anyone),
    ("mutation createRecoveryCode", Owner),
    ("mutation createRecoveryKey", Owner),
    ("mutation backUpNow", Owner),
    ("mutation factoryReset", Owner),
    // Each is opened by everyone in live_permissions.rs.
    ("subscription switchChanged", SignedIn),
    ("subscription switchRemoved", SignedIn),
    ("subscription noticeChanged", SignedIn),
    ("subscription noticeRemoved", SignedIn),
    ("subscription deviceChanged", SignedIn),
    ("subscription deviceRemoved", SignedIn),
    ("subscription accessChanged", SignedIn),
    ("subscription boardsChanged", SignedIn),
    ("subscription claimsChanged", SignedIn),
    ("subscription wifiChanged", SignedIn),
    ("subscription backupsChanged", SignedIn),
    // In boards.rs, where there is a claim.
    ("subscription claimProgress", Owner),
];

/// The fields of every object: those after `|` are null for a guest who is shown the object, all others are shown with it.
const SHOWN: &[(&str, &str)] = &[
    ("Actor", "kind name"),
    ("Backup", "name bytes madeAt"),
    ("Backups", "recoveryKey directory making kept proven problem"),
    (
        "Board",
        "id source name location state advice boardId model mac firmware relays hasHome networks device flash wifiGiving claim",
    ),
    ("Change", "on at command | actor"),
    ("Claim", "id name ssid progress board replaces | by"),
    ("WifiChange", "ssid done moves | by"),
    ("WifiMove", "state reason message device"),
    ("ClaimProgress", "step percent message done error device"),
    ("Command", "id switch on outcome confirmedBy reason reasonCode requestedAt settledAt latencyMs | actor"),
    ("CreatedGuestLink", "link token"),
    ("CreatedToken", "token secret"),
    ("Token", "id name memberName scopes expiresAt lastUsedAt createdAt"),
    ("CreatedIntegration", "integration user password"),
    ("CreatedInvitation", "invitation code mailed"),
    (
        "Device",
        "id name room availability rotatingCredential header configurable lastSeen model firmware mac chip address neighbourMac behindRepeater quarantine health switches",
    ),
    ("FactoryReset", "forgot kept"),
    ("FirmwareImage", "name version sha256 size"),
    ("Flash", "id image step percent message done error | by"),
    ("DeviceAnswer", "outcome reason reasonCode device"),
    ("Gateway", "claimed time clockTrusted signInWays version"),
    ("Grant", "id member target level until hours by createdAt active"),
    ("GrantHours", "days from to"),
    ("GrantTarget", "kind id name"),
    ("GuestLink", "id name target level until by createdAt"),
    ("Health", "rssiDbm freeHeapBytes uptimeMs restartReason reconnects restarts clockOffsetMs"),
    ("Home", "id name timeZone contact"),
    ("HomeAssistant", "form prefix"),
    ("Identity", "id provider current linkedAt"),
    ("Integration", "id name user publish subscribe createdAt"),
    ("Invitation", "id role grants email expiresAt usesLeft by createdAt"),
    ("InvitationGrant", "target level until hours"),
    ("InvitationOffer", "homeName inviter role email"),
    ("Member", "id name role lastSeen email joinedAt grants"),
    ("Metric", "name help kind label numbers"),
    ("MetricNumber", "of value"),
    ("Network", "ssid rssi protected"),
    ("Notice", "id code severity subject message advice times firstAt at"),
    ("NoticeConnection", "pageInfo edges nodes"),
    ("NoticeEdge", "node cursor"),
    ("PageInfo", "hasPreviousPage hasNextPage startCursor endCursor"),
    ("PasswordEstimate", "score acceptable advice"),
    ("ProvenBackup", "name at"),
    ("ProviderTrip", "url"),
    ("Quarantine", "reason message since expectedChip expectedMac chip mac"),
    ("RecordConnection", "edges pageInfo"),
    ("RecordEdge", "node cursor"),
    ("RecordEntry", "id at what subject text command change | actor"),
    ("RecoveryCode", "code"),
    ("RecoveryKey", "key recoveryKey"),
    ("RemovedDevice", "wiped reason"),
    ("Room", "id name switches"),
    ("SerialPort", "name location adapter access board"),
    ("Session", "token viewer"),
    ("SetSwitchResult", "switchId command code"),
    ("SignIn", "id member openedAt lastUsedAt userAgent address current"),
    ("SignInProvider", "name origin"),
    ("SignInWays", "mail provider"),
    (
        "Switch",
        "id name room mayOperate sharedBy settings on desired reportedAt availability openCommand lastChange lastCommand | device",
    ),
    ("SwitchSettings", "powerOn pulseMs interlockGroup wiring"),
    ("SwitchSettingsAnswer", "outcome reason reasonCode field switch"),
    ("WifiGiving", "id ssid firmware step percent message done error url | by"),
    ("Wiring", "normallyClosed activeLow"),
    ("Viewer", "id name role email emailWaiting kind mayShare hasPassword identities until"),
];

/// Whoever may ask.
pub(crate) struct Asker {
    pub(crate) name: &'static str,
    /// None: nobody, or nobody any more.
    pub(crate) passes: &'static [Gate],
    pub(crate) client: Client,
}

/// Everyone, on a home of their own each, with the board's three switches: the second one is theirs to see, the third to move.
pub(crate) async fn askers() -> Vec<(People, Asker, [String; 3])> {
    let mut all = Vec::new();
    for (name, passes) in [
        ("an owner", &[Anyone, SignedIn, Person, Sharer, Owner][..]),
        ("a member with grants", &[Anyone, SignedIn, Person, Sharer]),
        ("a member without", &[Anyone, SignedIn, Person, Sharer]),
        ("a guest with grants", &[Anyone, SignedIn, Person]),
        ("a guest without", &[Anyone, SignedIn, Person]),
        ("a guest whose grants ended", &[Anyone, SignedIn, Person]),
        ("whoever holds a guest link", &[Anyone, SignedIn]),
        ("a guest link that was deleted", &[Anyone]),
        ("a session that ended", &[Anyone]),
        ("nobody", &[Anyone]),
    ] {
        let ended = name.contains("grants ended");
        let home = if ended { People::whose_grants_ended().await } else { People::new().await };
        let board = home.gateway.board("relay-1", 3).await;
        let switches: [String; 3] = board.switches.clone().try_into().unwrap();
        let client = match name {
            "an owner" => home.ana.clone(),
            "nobody" => home.gateway.client(),
            _ if name.contains("member") => home.ben.clone(),
            _ if name.contains("link") => link(&home, &switches[2], name.contains("deleted")).await,
            _ => home.cleo.clone(),
        };
        if name.ends_with("with grants") {
            let to = if name.contains("member") { BEN.1 } else { CLEO.1 };
            for (switch, level) in [(1, "VIEW"), (2, "OPERATE")] {
                give(&home.ana, terms(to, Some(&switches[switch]), level)).await.data();
            }
        }
        if ended {
            home.gateway.until("the end of the grants", |view| view.access.grants().count() == 0).await;
        }
        if name == "a session that ended" {
            client.ask("mutation { signOut }", json!({})).await.data();
        }
        all.push((home, Asker { name, passes, client }, switches));
    }
    all
}

/// Whoever holds a link to a switch.
async fn link(home: &People, switch: &str, deleted: bool) -> Client {
    let make = "mutation ($input: CreateGuestLinkInput!) { createGuestLink(input: $input) { token link { id } } }";
    let target = json!({ "kind": "SWITCH", "id": switch });
    let input = json!({ "name": "Cat", "target": target, "level": "OPERATE", "until": home.in_ms(3_600_000) });
    let made = home.ana.ask(make, json!({ "input": input })).await.data()["createGuestLink"].clone();
    if deleted {
        let delete = "mutation ($id: ID!) { deleteGuestLink(input: { id: $id }) }";
        home.ana.ask(delete, json!({ "id": made["link"]["id"] })).await.data();
    }
    home.gateway.client().bearer(made["token"].as_str().unwrap())
}

pub(crate) async fn schema() -> Value {
    let home = People::new().await;
    home.ana.ask(INTROSPECTION, json!({})).await.data()["__schema"].clone()
}

#[tokio::test]
async fn every_root_field_lets_through_whom_it_should_and_nobody_else() {
    let documents = documents(&schema().await);
    let fields: BTreeSet<_> = documents.iter().map(|(field, _)| field.as_str()).collect();
    let decided: BTreeSet<_> = GATES.iter().map(|(field, _)| *field).collect();
    let missing: Vec<_> = fields.symmetric_difference(&decided).collect();
    assert!(missing.is_empty(), "every field is decided upon in GATES, one line each: {missing:?}");
    for (home, asker, _) in askers().await {
        let mut gates: Vec<_> = GATES.iter().filter(|(field, _)| !field.starts_with("subscription")).collect();
        // Last what ends the session.
        gates.sort_by_key(|(field, _)| *field == "mutation signOut");
        for (field, gate) in gates {
            let document = &documents.iter().find(|(name, _)| name == field).unwrap().1;
            let reply = what(&asker.client.ask(document, json!({})).await);
            let signed_in = asker.passes.contains(&SignedIn);
            let wanted = match (asker.passes.contains(gate), signed_in) {
                // A wrong password is wrong for all.
                (true, _) if *field == "mutation signIn" => reply == "UNAUTHENTICATED" || reply == "RATE_LIMITED",
                (true, _) => !["UNAUTHENTICATED", "FORBIDDEN"].contains(&reply.as_str()),
                (false, true) => reply == "FORBIDDEN",
                (false, false) => reply == "UNAUTHENTICATED",
            };
            assert!(wanted, "{} asks for {field}, and gets {reply}", asker.name);
        }
        drop(home);
    }
}

#[tokio::test]
async fn every_field_of_an_object_is_decided_upon_and_hidden_ones_are_null_for_a_guest() {
    let schema = schema().await;
    let roots = ["Query", "Mutation", "Subscription"];
    let objects = schema["types"].as_array().unwrap().iter().filter(|of| of["kind"] == "OBJECT");
    let mut fields = BTreeSet::new();
    for object in objects {
        let name = object["name"].as_str().unwrap();
        if roots.contains(&name) || name.starts_with("__") {
            continue;
        }
        let names = object["fields"].as_array().unwrap().iter().map(|field| field["name"].as_str().unwrap());
        fields.extend(names.map(|field| format!("{name}.{field}")));
    }
    let decided = SHOWN.iter().flat_map(|(name, shown)| {
        shown.split(' ').filter(|field| *field != "|").map(move |field| format!("{name}.{field}"))
    });
    let decided: BTreeSet<_> = decided.collect();
    let missing: Vec<_> = fields.symmetric_difference(&decided).collect();
    assert!(missing.is_empty(), "every field is decided upon in SHOWN: {missing:?}");

    let home = People::new().await;
    let board = home.gateway.board("relay-1", 1).await;
    let set = "mutation ($id: ID!) { setSwitch(input: { switchId: $id, on: true }) { id } }";
    let command = home.ana.ask(set, json!({ "id": board.switches[0] })).await.data()["setSwitch"]["id"].clone();
    give(&home.ana, terms(CLEO.1, Some(&board.switches[0]), "VIEW")).await.data();
    for (field, id) in [("switch", &json!(board.switches[0])), ("command", &command)] {
        let object = SHOWN.iter().find(|(name, _)| name.to_lowercase() == field).unwrap().1;
        let (_, hidden) = object.split_once(" | ").unwrap();
        for hidden in hidden.split(' ') {
            let document = format!("query ($id: ID!) {{ {field}(id: $id) {{ id {hidden} {{ __typename }} }} }}");
            let ask = async |who: &Client| who.ask(&document, json!({ "id": id })).await.data()[field].clone();
            assert!(!ask(&home.ana).await[hidden].is_null(), "{field} {hidden}");
            let shown = ask(&home.cleo).await;
            assert!(!shown["id"].is_null() && shown[hidden].is_null(), "{field} {hidden}");
        }
    }
}

#[tokio::test]
async fn everyone_sees_and_moves_exactly_what_was_given_to_them() {
    let find = "query ($id: ID!) { switch(id: $id) { id } }";
    let set = "mutation ($id: ID!) { setSwitch(input: { switchId: $id, on: true }) { outcome } }";
    for (_home, asker, switches) in askers().await {
        // Sees, moves: nothing of the first, the second only to see, the third to move.
        let wanted = match asker.name {
            "an owner" => ["moves", "moves", "moves"],
            "a member with grants" | "a guest with grants" => ["nothing", "sees", "moves"],
            "whoever holds a guest link" => ["nothing", "nothing", "moves"],
            _ if asker.passes.contains(&SignedIn) => ["nothing"; 3],
            _ => ["refused"; 3],
        };
        let mut got = Vec::new();
        for switch in &switches {
            let found = asker.client.ask(find, json!({ "id": switch })).await;
            let moved = what(&asker.client.ask(set, json!({ "id": switch })).await);
            let seen = found.json()["data"]["switch"]["id"] == json!(switch);
            got.push(match (seen, moved.as_str()) {
                (true, "answered") => "moves",
                (true, "FORBIDDEN") => "sees",
                (false, "NOT_FOUND") => "nothing",
                (false, "UNAUTHENTICATED") => "refused",
                other => panic!("{}: {other:?}", asker.name),
            });
        }
        assert_eq!(got, wanted, "{}", asker.name);
    }
}
