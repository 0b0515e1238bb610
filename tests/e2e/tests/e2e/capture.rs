//! 5.5-1: whoever records all that goes over the network, from the claim to the first tap, has none of the secrets.

use gatehouse_e2e::{Home, Mosquitto, PASSWORD, PATIENCE, Recorded, within};
use serde_json::{Value, json};

/// Bytes of an alphabet of base64, but for its last two.
const BASE64: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// A secret, and the ways it takes over the network.
struct Secret {
    name: &'static str,
    value: String,
    by_http: bool,
    by_mqtt: bool,
}

fn secret(name: &'static str, value: &str, by_http: bool, by_mqtt: bool) -> Secret {
    assert!(value.len() >= 8, "{name} is long enough not to be there by chance");
    Secret { name, value: value.to_owned(), by_http, by_mqtt }
}

/// A gateway is claimed, its owner signs in, a board connects, a tap moves its relay, another system listens in.
async fn from_claim_to_tap(home: &mut Home) -> Vec<Secret> {
    let code = home.daemon().ready.claim_code.clone().expect("a new gateway has a claim code");
    home.claim().await;
    let owner = home.owner();
    let other_screen = home.sign_in().await;

    let mut board = home.board("Kitchen", 1).await;
    let mut watch = other_screen.watch(board.switches()).await;
    assert_eq!(owner.set(&board.switch(1), true).await.end(), ("CONFIRMED", None));
    assert_eq!(board.movement().await.to_string(), "relay 1 on cause=command");
    watch.until("the other screen shows it", |switch| switch.on == Some(true)).await;

    let document = "mutation ($input: CreateIntegrationInput!) { createIntegration(input: $input) { user password } }";
    let input = json!({ "input": { "name": "Another system", "subscribe": ["homie/5/#"] } });
    let login: Value = owner.ask("createIntegration", document, input).await;
    let [user, password] = ["user", "password"].map(|field| login[field].as_str().expect("a login").to_owned());
    let client = Mosquitto::new(home.mqtt(), "another-system", &user, &password);
    let client = home.ca().map_or(client.clone(), |ca| client.over_tls(ca));
    let topic = format!("homie/5/{}/relay-1/on", board.id());
    let mut listener = client.listen(&["-t", &topic]);
    let heard = within(PATIENCE, "what the relay does", listener.stdout_line(0)).await;
    assert_eq!(heard.as_deref(), Some("true"), "{:?}", listener.stderr_so_far());

    let session = |client: &gatehouse_e2e::Client| client.token().expect("signed in").to_owned();
    vec![
        secret("claim code", &code, true, false),
        secret("password", PASSWORD, true, false),
        secret("session of the claim", &session(&owner), true, false),
        secret("session of the sign-in", &session(&other_screen), true, false),
        secret("secret of the board", &board.secret(), false, true),
        secret("password of the integration", &password, true, true),
    ]
}

/// Base64, standard and for URLs, as far as `bytes` alone decide it, behind `skipped` other bytes.
fn base64(bytes: &[u8], skipped: usize) -> [Vec<u8>; 2] {
    let bits: Vec<u8> = std::iter::repeat_n(0, 8 * skipped)
        .chain(bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| (byte >> bit) & 1)))
        .collect();
    let sixes = bits.chunks_exact(6).skip((8 * skipped).div_ceil(6));
    let sixes: Vec<usize> = sixes.map(|six| six.iter().fold(0, |all, bit| all << 1 | usize::from(*bit))).collect();
    ["+/", "-_"]
        .map(|last| sixes.iter().map(|six| *[BASE64, last.as_bytes()].concat().get(*six).expect("64")).collect())
}

/// All forms in which a secret might be written.
fn forms(value: &str) -> Vec<Vec<u8>> {
    let hex = |digit: fn(u8) -> String| value.bytes().map(digit).collect::<String>().into_bytes();
    let mut forms = vec![value.into(), value.replace('-', "").into()];
    forms.extend([hex(|byte| format!("{byte:02x}")), hex(|byte| format!("{byte:02X}"))]);
    forms.extend((0..3).flat_map(|skipped| base64(value.as_bytes(), skipped)));
    forms
}

/// Whether any form of it is anywhere in what was recorded.
fn holds(recorded: &[Vec<u8>], secret: &Secret) -> bool {
    let forms = forms(&secret.value);
    let holds = |stream: &Vec<u8>| forms.iter().any(|form| stream.windows(form.len()).any(|window| window == form));
    recorded.iter().any(holds)
}

async fn recorded(mut home: Home) -> (Vec<Secret>, [Vec<Vec<u8>>; 2]) {
    let secrets = from_claim_to_tap(&mut home).await;
    let Recorded { http, mqtt } = home.record().expect("it is recorded");
    let recorded = [http.recorded(), mqtt.recorded()];
    (secrets, recorded)
}

#[tokio::test]
async fn row_5_5_1_a_capture_from_claim_to_tap_over_tls_holds_no_secret() {
    let (secrets, recorded) = recorded(Home::unclaimed_over_tls().await.recorded().await).await;
    for (way, streams) in ["HTTPS", "MQTT"].into_iter().zip(&recorded) {
        for secret in &secrets {
            assert!(!holds(streams, secret), "{way}: the capture holds the {}", secret.name);
        }
        // A handshake's first record, version 3.x: nothing spoke before it.
        let is_tls = |stream: &Vec<u8>| matches!(stream[..], [0x16, 3, ..]);
        assert!(streams.len() >= 4 && streams.iter().all(is_tls), "{way}: all of it is TLS");
    }
}

#[tokio::test]
async fn a_capture_without_tls_holds_every_secret_where_it_went() {
    let (secrets, [http, mqtt]) = recorded(Home::unclaimed().await.recorded().await).await;
    for secret in &secrets {
        let found = (holds(&http, secret), holds(&mqtt, secret));
        assert_eq!(found, (secret.by_http, secret.by_mqtt), "{}", secret.name);
    }
}

#[test]
fn a_secret_is_found_in_every_form() {
    let looked_for = secret("secret", "secret-1", false, false);
    // All but the first as `base64` of coreutils has them, with other bytes around.
    for form in [
        "x secret-1 x",
        "c2VjcmV0LTE=",
        "eHNlY3JldC0xeA==",
        "eHhzZWNyZXQtMXg=",
        "7365637265742d31",
        "7365637265742D31",
        "secret1",
    ] {
        assert!(holds(&[form.as_bytes().to_vec()], &looked_for), "{form}");
    }
    assert!(!holds(&[b"secret-2".to_vec(), b"secret-".to_vec()], &looked_for));
}
