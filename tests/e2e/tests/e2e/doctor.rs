//! `gatehouse doctor`: what is wrong, and what to do about it.

use gatehouse_e2e::{Authority, Home, reconfigure};
use serde_json::{Value, json};
use std::net::TcpListener;

#[tokio::test]
async fn a_gateway_that_is_well_is_said_to_be_and_one_that_does_not_run_says_why() {
    let mut home = Home::claimed().await;
    let board = home.board("Kitchen", 1).await;
    let found = home.gatehouse(&["doctor"]).await;
    assert_eq!((found.code, found.stderr.as_str()), (Some(0), ""), "{}", found.stdout);
    for said in
        ["ok    daemon        version", "[mqtt] listen", "1 of 1 are there", "note  backups       nothing is backed up"]
    {
        assert!(found.stdout.contains(said), "{said:?} in {}", found.stdout);
    }
    drop(board);

    let mqtt = home.mqtt();
    home.stop().await;
    let _other = TcpListener::bind(mqtt).expect("the port is free");
    let found = home.gatehouse(&["doctor"]).await;
    assert_eq!(found.code, Some(1), "{}", found.stdout);
    assert!(found.stdout.contains("BAD   daemon        no daemon is running"), "{}", found.stdout);
    assert!(found.stdout.contains(&format!("another program listens on {mqtt}")), "{}", found.stdout);
    assert_eq!(found.stderr.trim(), "gatehouse: 2 things are wrong: see above");
}

#[tokio::test]
async fn a_certificate_of_the_owners_that_cannot_be_used_is_told_until_it_can() {
    let mut home = Home::claimed().await;
    home.restart_with("[clock]\ntrusted = true\n").await;
    let elsewhere = tempfile::tempdir().expect("a directory");
    let Authority { certificate, key, .. } = Authority::new(elsewhere.path());
    let away = elsewhere.path().join("away.pem");
    std::fs::rename(&certificate, &away).expect("it can be moved");
    reconfigure(&mut home, "[http]\n", &format!("[http]\ncertificate = {certificate:?}\nkey = {key:?}\n")).await;
    let told: Value = home.owner().ask("notices", "{ notices { nodes { code message } } }", json!({})).await;
    let said = &told["nodes"][0];
    assert_eq!(said["code"], "CERTIFICATE_UNUSABLE", "{told}");
    let message = said["message"].as_str().expect("a message");
    assert!(message.contains(&format!("cannot be used: cannot read {}", certificate.display())), "{message}");
    let found = home.gatehouse(&["doctor"]).await;
    assert!(found.stdout.contains("CERTIFICATE_UNUSABLE") && found.code == Some(1), "{}", found.stdout);

    std::fs::rename(&away, &certificate).expect("it can be moved");
    home.stop().await;
    home.start().await;
    let told: Value = home.owner().ask("notices", "{ notices { nodes { code } } }", json!({})).await;
    assert_eq!(told["nodes"], json!([]));
}
