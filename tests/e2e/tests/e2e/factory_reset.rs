//! A factory reset, from the terminal and from the dashboard: nothing of the home is left, on the gateway and on the boards that are there.

use gatehouse_e2e::{Home, PASSWORD};
use serde_json::{Value, json};

#[tokio::test]
async fn a_factory_reset_takes_the_home_away_for_good_and_only_by_its_name() {
    let mut home = Home::unclaimed_over_tls().await;
    home.claim().await;
    let mut board = home.board_over_tls("Kitchen", 1).await;
    let away = home.board_over_tls("Shed", 1).await;
    away.freeze();
    let mut screen = home.owner().watch(away.switches()).await;
    screen.all(away.switches(), "it is away", |switch| !switch.is_online()).await;

    let refused = home.gatehouse(&["factory-reset"]).await;
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    assert!(refused.stderr.contains("--home NAME"), "{}", refused.stderr);
    let refused = home.gatehouse(&["factory-reset", "--home", "mill"]).await;
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    assert!(refused.stderr.contains("nothing was taken away"), "{}", refused.stderr);
    home.sign_in().await;

    let authority = std::fs::read(home.data_dir().join("tls/ca.pem")).expect("there is one");
    let done = home.gatehouse(&["factory-reset", "--home", "Mill House"]).await;
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(done.stdout.contains("1 boards have forgotten") && done.stdout.contains("anew: Shed"), "{}", done.stdout);
    board.says("the home is forgotten").await;
    let (_, line) = home.daemon().process().stderr_line(0, "factory reset: starting anew").await;
    home.daemon().process().stderr_line(line, "this gateway has no owner yet").await;
    assert_ne!(std::fs::read(home.data_dir().join("tls/ca.pem")).expect("another one"), authority);
    let found = home.gatehouse(&["claim-code"]).await;
    assert_eq!(found.code, Some(0), "{}", found.stderr);
}

#[tokio::test]
async fn an_owner_takes_the_home_away_by_its_name_and_their_password_and_it_can_be_claimed_anew() {
    let mut home = Home::claimed().await;
    let mut board = home.board("Kitchen", 1).await;
    let away = home.board("Shed", 1).await;
    away.freeze();
    let mut screen = home.owner().watch(away.switches()).await;
    screen.all(away.switches(), "it is away", |switch| !switch.is_online()).await;

    let document = "mutation ($input: FactoryResetInput!) { factoryReset(input: $input) { forgot kept } }";
    let input = |name: &str, password: &str| json!({ "input": { "homeName": name, "password": password } });
    for (name, password, field) in [("Mill House", "not it", "password"), ("mill house", PASSWORD, "homeName")] {
        let refused = home.owner().try_ask(document, input(name, password)).await.expect_err("it stays");
        assert_eq!((refused.code.as_str(), &refused.extensions["field"]), ("BAD_INPUT", &json!(field)));
    }
    home.sign_in().await;

    let done: Value = home.owner().ask("factoryReset", document, input("Mill House", PASSWORD)).await;
    assert_eq!(done, json!({ "forgot": 1, "kept": ["Shed"] }));
    board.says("the home is forgotten").await;
    let (_, line) = home.daemon().process().stderr_line(0, "factory reset: starting anew").await;
    home.daemon().process().stderr_line(line, "this gateway has no owner yet").await;
}
