//! Debian's mosquitto clients speak with the edge: what another program makes of MQTT, not only our own.

use crate::world::{World, secret, soon};
use gatehouse_broker::Count;
use gatehouse_core::device::{BoardState, Said};
use std::net::SocketAddr;
use std::process::{Output, Stdio};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

fn command(program: &str, at: SocketAddr, user: &str, more: &[&str]) -> Command {
    command_of("311", program, at, user, more)
}

pub(crate) fn command_of(version: &str, program: &str, at: SocketAddr, user: &str, more: &[&str]) -> Command {
    let mut command = Command::new(program);
    let (port, secret) = (at.port().to_string(), secret(user));
    command.args(["-h", "127.0.0.1", "-p", &port, "-V", version, "-i", user, "-u", user, "-P", &secret]);
    command.args(more).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

pub(crate) async fn done(what: &str, mut command: Command) -> Output {
    soon(what, command.output()).await.unwrap_or_else(|error| panic!("{what} (package mosquitto-clients): {error}"))
}

#[tokio::test]
async fn a_board_played_by_mosquitto_is_heard_and_its_state_retained() {
    let mut world = World::new().await;
    world.believe_all();
    let state = ["-t", "homie/5/relay-1/$state", "-m", "ready", "-r", "-q", "1"];
    assert!(done("mosquitto_pub", command("mosquitto_pub", world.at, "relay-1", &state)).await.status.success());
    let link = world.connected("relay-1").await;
    assert_eq!(world.said("relay-1", link).await, Said::State(BoardState::Ready));
    world.disconnected("relay-1", link).await;
    let retained = ["-t", "homie/5/+/$state", "-C", "1", "-W", "10", "-F", "%t %p %r %q", "-q", "1"];
    let output = done("mosquitto_sub", command("mosquitto_sub", world.at, "house", &retained)).await;
    assert_eq!(String::from_utf8_lossy(&output.stdout), "homie/5/relay-1/$state ready 1 1\n");
}

#[tokio::test]
async fn a_live_message_reaches_a_mosquitto_subscriber() {
    let mut world = World::new().await;
    let follow = ["-t", "homie/5/#", "-t", "garden/#", "-C", "3", "-F", "%t %p %r", "-q", "1"];
    let mut house = command("mosquitto_sub", world.at, "house", &follow).spawn().unwrap();
    let mut lines = BufReader::new(house.stdout.take().unwrap()).lines();
    // Retained first, so that the subscription is known to stand.
    let first = ["-t", "garden/gate", "-m", "shut", "-r", "-q", "1"];
    done("mosquitto_pub", command("mosquitto_pub", world.at, "garden", &first)).await;
    let line = soon("the first line", lines.next_line()).await.unwrap().unwrap();
    assert!(line.starts_with("garden/gate shut"), "{line}");
    let (mut relay, _) = world.board("relay-1").await;
    relay.publish("homie/5/relay-1/relay-1/on", "true", true).await;
    relay.publish("homie/5/relay-1/$state", "ready", true).await;
    for expected in ["homie/5/relay-1/relay-1/on true 0", "homie/5/relay-1/$state ready 0"] {
        assert_eq!(soon("a line", lines.next_line()).await.unwrap().as_deref(), Some(expected));
    }
    assert!(soon("mosquitto_sub", house.wait()).await.unwrap().success());
}

#[tokio::test]
async fn mosquitto_understands_why_it_was_refused() {
    let world = World::new().await;
    let wrong = ["-P", "wrong", "-t", "garden/x", "-m", "1"];
    let output = done("mosquitto_pub", command("mosquitto_pub", world.at, "garden", &wrong)).await;
    let said = String::from_utf8_lossy(&output.stderr).to_lowercase();
    assert!(!output.status.success() && said.contains("bad user name or password"), "{said}");
    let foreign = ["-t", "homie/5/relay-1/$state", "-C", "1", "-W", "5"];
    let output = done("mosquitto_sub", command("mosquitto_sub", world.at, "garden", &foreign)).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("denied"), "{said}");
    assert_eq!(world.count(Count::SubscribeRefused), 1);
}

#[tokio::test]
async fn both_versions_hear_each_other_their_retained_messages_and_their_wills() {
    let world = World::new().await;
    for (speaker, listener) in [("311", "311"), ("311", "5"), ("5", "311"), ("5", "5")] {
        let topic = format!("garden/{speaker}/{listener}");
        let will = format!("{topic}/gone");
        let all = format!("{topic}/#");
        let follow = ["-t", &all, "-C", "3", "-F", "%t %p %q %r", "-q", "2", "-i", "listener"];
        let mut house = command_of(listener, "mosquitto_sub", world.at, "house", &follow).spawn().unwrap();
        let mut lines = BufReader::new(house.stdout.take().unwrap()).lines();
        let first = ["-t", &topic, "-m", "kept", "-r", "-q", "2"];
        let spoken = done("mosquitto_pub", command_of(speaker, "mosquitto_pub", world.at, "garden", &first)).await;
        assert!(spoken.status.success(), "{spoken:?}");
        // Live or retained: whichever was first.
        let line = soon("the first line", lines.next_line()).await.unwrap().unwrap();
        assert!(line.starts_with(&format!("{topic} kept 2")), "{line}");
        let mortal = ["-t", &topic, "--will-topic", &will, "--will-payload", "bye", "--will-qos", "1", "-F", "%p"];
        let mut garden = command_of(speaker, "mosquitto_sub", world.at, "garden", &mortal).spawn().unwrap();
        let mut its = BufReader::new(garden.stdout.take().unwrap()).lines();
        assert_eq!(soon("the retained line", its.next_line()).await.unwrap().as_deref(), Some("kept"));
        garden.kill().await.unwrap();
        let line = soon("the will", lines.next_line()).await.unwrap().unwrap();
        assert_eq!(line, format!("{will} bye 1 0"));
        let last = ["-t", &topic, "-m", "last", "-q", "0"];
        done("mosquitto_pub", command_of(speaker, "mosquitto_pub", world.at, "garden", &last)).await;
        let line = soon("the last line", lines.next_line()).await.unwrap().unwrap();
        assert_eq!(line, format!("{topic} last 0 0"));
        assert!(soon("mosquitto_sub", house.wait()).await.unwrap().success());
    }
}

#[tokio::test]
async fn mosquitto_passes_properties_on_and_keeps_a_session() {
    let world = World::new().await;
    let session = ["-t", "garden/#", "-c", "-x", "3600", "-q", "1", "-i", "absent"];
    let once = [&session[..], &["-E"]].concat();
    assert!(done("mosquitto_sub", command_of("5", "mosquitto_sub", world.at, "house", &once)).await.status.success());
    let user = ["-D", "publish", "user-property", "who", "ana", "-D", "publish", "content-type", "text/plain"];
    let message = [&["-t", "garden/a", "-m", "1", "-q", "1"][..], &user].concat();
    assert!(
        done("mosquitto_pub", command_of("5", "mosquitto_pub", world.at, "garden", &message)).await.status.success()
    );
    let rest = [&session[..], &["-C", "1", "-W", "10", "-F", "%p %P %C"]].concat();
    let output = done("mosquitto_sub", command_of("5", "mosquitto_sub", world.at, "house", &rest)).await;
    assert_eq!(String::from_utf8_lossy(&output.stdout), "1 who:ana text/plain\n");
    assert_eq!(world.count(Count::SessionResumed), 1);
}

#[tokio::test]
async fn mosquitto_of_mqtt_5_is_told_why() {
    let world = World::new().await;
    let wrong = ["-P", "wrong", "-t", "garden/x", "-m", "1"];
    let output = done("mosquitto_pub", command_of("5", "mosquitto_pub", world.at, "garden", &wrong)).await;
    let said = String::from_utf8_lossy(&output.stderr).to_lowercase();
    assert!(!output.status.success() && said.contains("bad user name or password"), "{said}");
    let foreign = ["-t", "kitchen/x", "-m", "1", "-q", "1"];
    let output = done("mosquitto_pub", command_of("5", "mosquitto_pub", world.at, "garden", &foreign)).await;
    let said = String::from_utf8_lossy(&output.stderr).to_lowercase();
    assert!(said.contains("not authorized"), "{said}");
}
