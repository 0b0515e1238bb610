//! `gatehouse doctor`: what is wrong, and what to do about it.

use gatehouse_e2e::Home;
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
