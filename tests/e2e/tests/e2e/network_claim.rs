//! 5.2: a board in the network becomes a device there, after a press of its FLASH button and by the number that its light blinks:
//! the real daemon and the real firmware, on machines of their own.

use crate::avahi::Avahi;
use gatehouse_e2e::{Client, Home, Net, Process, board_program, reconfigure};
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use tokio::process::Command;
use tokio::time::Instant;

const GATEWAY: Ipv4Addr = Ipv4Addr::new(10, 78, 1, 2);
const BOARD: Ipv4Addr = Ipv4Addr::new(10, 78, 1, 5);
const NEIGHBOUR: Ipv4Addr = Ipv4Addr::new(10, 78, 1, 6);

const BOARDS: &str =
    "subscription { boardsChanged { id source state advice boardId model mac firmware claim { id } } }";
const CLAIM: &str = "mutation ($input: ClaimDeviceInput!) { claimDevice(input: $input) { id ssid progress { step } } }";
const CONFIRM: &str =
    "mutation ($input: ConfirmClaimInput!) { confirmClaim(input: $input) { progress { step message error } } }";
fn progress(id: &str) -> String {
    format!("subscription {{ claimProgress(claimId: \"{id}\") {{ step done error message device {{ id name }} }} }}")
}

/// A board of two relays in the network, without a home.
fn power_on(machine: &str, home: &Home) -> Process {
    let mut command = Command::new("ip");
    command.args(["netns", "exec", machine]).arg(board_program());
    command.arg("--flash").arg(home.dir().join("flash")).args(["--relays", "2", "--wifi", "house:the password"]);
    Process::start("board", command)
}

fn state_is<'a>(boards: &'a Value, state: &str) -> Option<&'a Value> {
    boards.as_array()?.iter().find(|board| board["state"] == state)
}

/// Claims the board that is there to be claimed; the claim's id.
async fn claim(owner: &Client, board: &Value) -> String {
    let input = json!({ "input": { "boardId": board["id"], "name": "Porch" } });
    let begun: Value = owner.ask("claimDevice", CLAIM, input).await;
    assert_eq!(begun["ssid"], Value::Null);
    begun["id"].as_str().expect("an id").to_owned()
}

/// The number that the light blinks from here on, and where to look for the next.
async fn blinks(board: &mut Process, from: usize) -> (u64, usize) {
    let (line, next) = board.stderr_line(from, "the light blinks").await;
    let number = line.split(' ').find_map(|word| word.parse().ok());
    (number.unwrap_or_else(|| panic!("{line}")), next)
}

async fn claimed(there: &str) {
    let mut home = Home::claimed().await;
    reconfigure(&mut home, "tls_listen = \"127.0.0.1:", "tls_listen = \"0.0.0.0:").await;
    let mut screen = home.owner().subscribe(BOARDS).await;
    assert_eq!(screen.value("boardsChanged", "nothing at first", |_| true).await, json!([]));

    let began = Instant::now();
    let mut board = power_on(there, &home);
    let noticed = |boards: &Value| state_is(boards, "NOTICED").is_some();
    let boards = screen.value("boardsChanged", "a board without a home", noticed).await;
    // For people: what it takes is no promise of a machine that does other things too.
    println!("noticed {} ms after the board's program was started", began.elapsed().as_millis());
    let found = state_is(&boards, "NOTICED").expect("it is there").clone();
    assert_eq!((&found["source"], &found["firmware"]), (&json!("MDNS"), &json!("Gatehouse 0.1.0")));
    assert!(found["advice"].as_str().is_some_and(|advice| advice.contains("FLASH")), "{found}");
    let refused = home.owner().try_ask(CLAIM, json!({ "input": { "boardId": found["id"] } })).await;
    assert_eq!(refused.expect_err("nobody has pressed FLASH").code, "CONFLICT");

    // A wrong number: nothing is given, and the window is over.
    board.say("flash-button").await;
    let ready = |boards: &Value| state_is(boards, "READY").is_some();
    let boards = screen.value("boardsChanged", "a board that can be claimed", ready).await;
    let id = claim(&home.owner(), state_is(&boards, "READY").expect("it is there")).await;
    let mut steps = home.owner().subscribe(&progress(&id)).await;
    steps.value("claimProgress", "the number is asked for", |progress| progress["step"] == "CONFIRMING").await;
    let (number, next) = blinks(&mut board, 0).await;
    let confirm = |id: &str, number: u64| json!({ "input": { "claimId": id, "number": number } });
    let ended: Value = home.owner().ask("confirmClaim", CONFIRM, confirm(&id, number % 8 + 1)).await;
    assert_eq!(ended["progress"]["error"], json!("WRONG_NUMBER"), "{ended}");
    let (_, next) = board.stderr_line(next, "cannot be claimed in the network any more").await;
    let again = home.owner().try_ask(CONFIRM, confirm(&id, number)).await;
    assert_eq!(again.expect_err("there is one try").code, "CONFLICT");

    // The right one, after another press. Both may come within the second in which listeners keep what was said before (RFC 6762, section
    // 10.2): the gateway must come to what is so all the same.
    screen.value("boardsChanged", "a board whose window is over", noticed).await;
    board.say("flash-button").await;
    let (_, next) = board.stderr_line(next, "can be claimed in the network for two minutes").await;
    let boards = screen.value("boardsChanged", "a board that can be claimed again", ready).await;
    let id = claim(&home.owner(), state_is(&boards, "READY").expect("it is there")).await;
    let mut steps = home.owner().subscribe(&progress(&id)).await;
    steps.value("claimProgress", "the number is asked for", |progress| progress["step"] == "CONFIRMING").await;
    let (number, _) = blinks(&mut board, next).await;
    let _begun: Value = home.owner().ask("confirmClaim", CONFIRM, confirm(&id, number)).await;
    let done = steps.value("claimProgress", "the board's own login", |progress| progress["done"] == true).await;
    assert_eq!((&done["step"], &done["device"]["name"]), (&json!("DONE"), &json!("Porch")), "{done}");
    screen.value("boardsChanged", "it has a home, and says so no more", |boards| *boards == json!([])).await;

    let switches: Vec<_> = home.owner().switches().await.into_iter().map(|switch| switch.id).collect();
    let mut tiles = home.owner().watch(&switches).await;
    tiles.all(&switches, "the board should be online", |switch| switch.is_online() && switch.on.is_some()).await;
    assert_eq!(home.owner().set(&switches[0], true).await.end(), ("CONFIRMED", None));
    // What is told from here on is told of what comes after the tap: while it was under way the relay was off.
    tiles.all(&switches[..1], "it is on", |switch| switch.on == Some(true)).await;
    // With a home it takes nobody.
    board.say("flash-button").await;
    board.stderr_line(0, "the FLASH button does nothing now").await;
    // And it stays: power goes and comes.
    board.say("power-cycle").await;
    tiles.all(&switches[..1], "it comes back off", |switch| switch.is_online() && switch.on == Some(false)).await;
    assert_eq!(home.owner().set(&switches[0], true).await.end(), ("CONFIRMED", None));
}

async fn window_ends(there: &str, beside: &str) {
    let mut home = Home::claimed().await;
    reconfigure(&mut home, "tls_listen = \"127.0.0.1:", "tls_listen = \"0.0.0.0:").await;
    let mut screen = home.owner().subscribe(BOARDS).await;
    let avahi = Avahi::start(beside, "neighbour", home.dir()).await;
    let mut board = power_on(there, &home);
    let noticed = |boards: &Value| state_is(boards, "NOTICED").is_some();
    let boards = screen.value("boardsChanged", "a board without a home", noticed).await;
    let id = boards[0]["boardId"].as_str().expect("its id").to_owned();
    let seen = |found: &str, claim: &str| {
        let one = format!("=;eth0;IPv4;{id};_gatehouse._tcp;local;{id}.local;{BOARD};8484;");
        let line = found.lines().find(|line| line.starts_with(&one)).unwrap_or_else(|| panic!("no {one} in {found}"));
        for said in [format!("\"claim={claim}\""), format!("\"id={id}\""), "\"fw=0.1.0\"".to_owned()] {
            assert!(line.contains(&said), "{line}");
        }
    };
    seen(&avahi.browse("_gatehouse._tcp").await, "closed");

    board.say("flash-button").await;
    let ready = |boards: &Value| state_is(boards, "READY").is_some();
    let boards = screen.value("boardsChanged", "a board that can be claimed", ready).await;
    let open = state_is(&boards, "READY").expect("it is there").clone();
    seen(&avahi.browse("_gatehouse._tcp").await, "open");
    // Nobody claims it for two minutes.
    board.say("later 119").await;
    board.say("later 1").await;
    board.stderr_line(0, "cannot be claimed in the network any more").await;
    screen.value("boardsChanged", "a board whose window is over", noticed).await;
    let refused = home.owner().try_ask(CLAIM, json!({ "input": { "boardId": open["id"] } })).await;
    assert_eq!(refused.expect_err("its window is over").code, "CONFLICT");

    // It goes in good order, and both know at once.
    board.say("quit").await;
    screen.value("boardsChanged", "nothing any more", |boards| *boards == json!([])).await;
    assert_eq!(avahi.browse("_gatehouse._tcp").await, "");
}

#[test]
fn row_5_2_a_board_in_the_network_says_when_it_can_be_claimed_and_when_not_any_more() {
    let mut net = Net::new("window");
    let here = net.machine("gateway", GATEWAY);
    let there = net.machine("board", BOARD);
    let beside = net.machine("beside", NEIGHBOUR);
    net.run_on(&here, || window_ends(&there, &beside));
}

#[test]
fn row_5_2_a_board_in_the_network_is_claimed_by_the_number_that_its_light_blinks() {
    let mut net = Net::new("claim");
    let here = net.machine("gateway", GATEWAY);
    let there = net.machine("board", BOARD);
    net.run_on(&here, || claimed(&there));
}
