//! Guessing passwords at the running daemon, and what a restart in the middle gives away: nothing.

use gatehouse_e2e::{Client, Home, HttpAnswer, OWNER, PASSWORD};
use serde_json::{Value, json};
use std::net::IpAddr;
use tokio::time::Instant;

const WRONG: &str = "eight loud lamps";
const NOBODY: &str = "Nobody";

/// A stranger at an address of their own, another for each number.
fn stranger(home: &Home, number: u32) -> Client {
    let [.., high, low] = number.to_be_bytes();
    home.visitor().at(IpAddr::from([127, 9, high, low]))
}

async fn try_to_sign_in(client: &Client, name: &str, password: &str) -> HttpAnswer {
    let query = "mutation ($input: SignInInput!) { signIn(input: $input) { token } }";
    let variables = json!({ "input": { "name": name, "password": password } });
    client.post(json!({ "query": query, "variables": variables }).to_string().as_bytes()).await
}

fn code(answer: &HttpAnswer) -> String {
    let extensions = answer.json()["errors"][0]["extensions"].clone();
    extensions["code"].as_str().unwrap_or_default().to_owned()
}

/// How many passwords the daemon has checked since it started.
async fn checked(home: &Home) -> u64 {
    let owner = home.owner();
    let bearer = format!("authorization: Bearer {}", owner.token().expect("the owner is signed in"));
    let text = String::from_utf8(owner.request("GET", "/metrics", &[&bearer], b"").await.body).expect("text");
    let number = text.lines().find_map(|line| line.strip_prefix("gatehouse_password_checks_total "));
    number.expect("the number is told").parse().expect("a number")
}

/// Guesses so often; how many guesses got as far as the password.
async fn guess(home: &Home, name: &str, numbers: std::ops::Range<u32>) -> u64 {
    let mut heard = 0;
    for number in numbers {
        let answer = try_to_sign_in(&stranger(home, number), name, WRONG).await;
        match code(&answer).as_str() {
            "UNAUTHENTICATED" => heard += 1,
            "RATE_LIMITED" => {}
            other => panic!("{other}: {answer:?}"),
        }
    }
    heard
}

/// Guesses until strangers have to wait for the owner's account for longer than the next request takes.
async fn wait_has_just_begun(home: &Home) {
    for number in 30_000.. {
        let answer = try_to_sign_in(&stranger(home, number), OWNER, WRONG).await;
        let wait_ms = &answer.json()["errors"][0]["extensions"]["retryAfterMs"];
        if wait_ms.as_u64().is_some_and(|ms| ms > 3_000) {
            return;
        }
    }
}

#[tokio::test]
async fn row_5_1_5_of_a_thousand_guesses_across_restarts_a_handful_is_heard() {
    let mut home = Home::claimed().await;
    let begun = Instant::now();
    let (mut heard, mut nobodys, mut checks) = (0, 0, 0);
    for (round, numbers) in [0..400, 400..700, 700..1_000].into_iter().enumerate() {
        heard += guess(&home, OWNER, numbers).await;
        nobodys += guess(&home, NOBODY, 10_000..10_030).await;
        match round {
            0 => {
                // Counts are written behind, within a second. A sixth try is heard a second after the fifth at the
                // soonest: by then the fifth is written, and it is on disk before what is made after it.
                let mut numbers = 20_000..;
                for (name, heard) in [(OWNER, &mut heard), (NOBODY, &mut nobodys)] {
                    while *heard < 6 {
                        let number = numbers.next().expect("there are enough");
                        *heard += guess(&home, name, number..number + 1).await;
                    }
                }
                checks += checked(&home).await;
                home.room("Hall").await;
                home.kill().await;
                home.start().await;
            }
            1 => {
                checks += checked(&home).await;
                assert_eq!(home.stop().await.code, Some(0));
                home.start().await;
            }
            _ => checks += checked(&home).await,
        }
    }
    // Four cost nothing, and then each waits twice as long as the one before: so many fit into the time that it took. A
    // start that forgot would let five more through each time. Without warning, the last count may be lost.
    let most = 5 + u64::from((begun.elapsed().as_secs() + 1).ilog2()) + 1;
    assert!((5..=most).contains(&heard), "{heard} of 1,000 guesses were heard, at most {most} fit into the time");
    assert!((5..=most).contains(&nobodys), "{nobodys} guesses at a name that nobody has, and {heard} at an account");
    assert_eq!(heard + nobodys, checks, "argon2 ran for those and for no others");

    wait_has_just_begun(&home).await;
    let right = try_to_sign_in(&stranger(&home, 2_000), OWNER, PASSWORD).await;
    assert_eq!(code(&right), "RATE_LIMITED", "strangers wait, whatever they know");
    assert!(home.sign_in().await.token().is_some(), "and whose name it is does not, where they are signed in");
}

#[tokio::test]
async fn row_5_6_2_an_unknown_name_and_a_wrong_password_are_one_answer_and_one_argon2() {
    let home = Home::claimed().await;
    let headers = |answer: &HttpAnswer| {
        let told = answer.headers.iter().filter(|(name, _)| name != "date").cloned();
        told.collect::<Vec<_>>()
    };
    let long = "x".repeat(65);
    let names = [OWNER, "aNA ", NOBODY, "", "\u{202e}", &long, "2024"];
    let wrong = try_to_sign_in(&stranger(&home, 0), OWNER, WRONG).await;
    assert_eq!((wrong.status, code(&wrong).as_str()), (200, "UNAUTHENTICATED"));
    for (number, name) in (1..).zip(names) {
        for password in [WRONG, "", &"x".repeat(5_000)] {
            let before = checked(&home).await;
            let answer = try_to_sign_in(&stranger(&home, number), name, password).await;
            if code(&answer) == "RATE_LIMITED" {
                // An account has had its tries by now, and so would any other name.
                assert!(name.trim().eq_ignore_ascii_case(OWNER), "{name:?}");
                continue;
            }
            assert_eq!((answer.status, headers(&answer)), (wrong.status, headers(&wrong)), "{name:?}");
            assert_eq!(answer.body, wrong.body, "{name:?}");
            assert_eq!(checked(&home).await, before + 1, "{name:?} {password:.9}");
        }
    }
    // Who waits is answered alike too, but for how long.
    let waiting = async |name: &str, net: u32| loop {
        let answer = try_to_sign_in(&stranger(&home, net), name, WRONG).await;
        if code(&answer) == "RATE_LIMITED" {
            let mut body = answer.json();
            let wait = body["errors"][0]["extensions"]["retryAfterMs"].take();
            assert!(wait.as_u64().is_some_and(|wait| wait > 0), "{wait}");
            return (answer.status, body as Value);
        }
    };
    assert_eq!(waiting(OWNER, 300).await, waiting("Somebody", 301).await);
}
