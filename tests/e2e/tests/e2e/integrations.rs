//! Another home system with a credential of its own: it hears what it may, commands what it may and in its own name, and
//! is cut off when the owner says so.

use gatehouse_e2e::{Ended, Home, Mosquitto, Movement, PATIENCE, Process, Switch, within};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A board that falls silent is offline by then.
const MUTE: Duration = Duration::from_secs(15);
/// Retain flag, topic and payload of each message.
const FORMAT: [&str; 2] = ["-F", "%r %t %p"];

/// What `gatehouse integration create` printed.
struct Login {
    user: String,
    password: String,
}

impl Login {
    async fn create(home: &Home, name: &str, filters: &[&str]) -> Self {
        let arguments = [&["integration", "create", "--name", name], filters].concat();
        let ended = home.gatehouse(&arguments).await;
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
        let line = |word: &str| {
            let line = ended.stdout.lines().find_map(|line| line.strip_prefix(word));
            line.unwrap_or_else(|| panic!("{word:?} is missing in {:?}", ended.stdout)).trim().to_owned()
        };
        Self { user: line("User "), password: line("Password ") }
    }

    fn client(&self, home: &Home) -> Mosquitto {
        self.client_called("another-system", home)
    }

    fn client_called(&self, id: &str, home: &Home) -> Mosquitto {
        Mosquitto::new(home.mqtt(), id, &self.user, &self.password)
    }
}

/// A connection that only waits: logged in by MQTT 3.1.1, and not one to come back by itself.
async fn connected(home: &Home, login: &Login) -> TcpStream {
    let text = |text: &str| [&u16::try_from(text.len()).expect("a short text").to_be_bytes(), text.as_bytes()].concat();
    let head = b"\x00\x04MQTT\x04\xc2\x00\x00".to_vec();
    let body = [head, text("waits"), text(&login.user), text(&login.password)].concat();
    let length = u8::try_from(body.len()).expect("a short packet");
    assert!(length < 128, "longer ones are written in two bytes");
    let mut stream = TcpStream::connect(home.mqtt()).await.expect("a connection");
    stream.write_all(&[&[0x10, length][..], &body].concat()).await.expect("CONNECT can be sent");
    let mut answer = [0; 4];
    within(PATIENCE, "CONNACK", stream.read_exact(&mut answer)).await.expect("an answer");
    assert_eq!(answer, [0x20, 2, 0, 0]);
    stream
}

async fn line(listener: &mut Process, number: usize) -> String {
    let line = within(PATIENCE, &format!("message {number}"), listener.stdout_line(number)).await;
    line.unwrap_or_else(|| panic!("the listener ended: {:?}", listener.stderr_so_far()))
}

fn is_refused(ended: &Ended, words: &[&str]) {
    assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr.lines().count()), (Some(1), "", 1), "{ended:?}");
    assert!(words.iter().all(|word| ended.stderr.contains(word)), "{words:?} in {}", ended.stderr);
}

#[tokio::test]
async fn an_integration_hears_what_relays_do_and_nothing_else() {
    let home = Home::claimed().await;
    let mut board = home.board("Kitchen", 1).await;
    let switch = board.switch(1);
    assert_eq!(home.owner().set(&switch, true).await.end(), ("CONFIRMED", None));
    let filters = ["--subscribe", "homie/5/+/+/on", "--subscribe", "garden/#"];
    let login = Login::create(&home, "Another system", &filters).await;
    let client = login.client(&home);

    let topic = format!("homie/5/{}/relay-1/on", board.id());
    let mut listener = client.listen(&[&FORMAT[..], &["-t", "homie/5/+/relay-1/on"]].concat());
    assert_eq!(line(&mut listener, 0).await, format!("1 {topic} true"), "as it is");
    assert_eq!(home.owner().set(&switch, false).await.end(), ("CONFIRMED", None));
    assert_eq!(line(&mut listener, 1).await, format!("0 {topic} false"), "as it becomes");
    board.press("button 1").await;
    assert_eq!(line(&mut listener, 2).await, format!("0 {topic} true"), "whoever did it");

    let other = login.client_called("other", &home);
    for filter in ["#", "homie/5/#", "homie/5/+/+/+", "homie/5/+/$state", "+/5/+/+/on", "$SYS/#", "$share/x/homie/5/#"]
    {
        let ended = other.subscribe(&["-t", filter, "-W", "5"]).await;
        assert!(ended.stderr.contains("denied"), "{filter}: {ended:?}");
        assert_eq!(ended.stdout, "", "{filter}");
    }
    for filter in ["garden", "$share/x/garden/#"] {
        let granted = other.subscribe(&["-t", filter, "-E"]).await;
        assert_eq!((granted.code, granted.stderr.as_str()), (Some(0), ""), "{filter}: {granted:?}");
    }
    assert_eq!(listener.stdout_so_far().len(), 3);
}

#[tokio::test]
async fn what_an_integration_may_set_is_a_command_in_its_name() {
    let home = Home::claimed().await;
    let mut board = home.board("Kitchen", 1).await;
    let switch = board.switch(1);
    let mut screen = home.owner().watch(&[switch]).await;
    let client = Login::create(&home, "Another system", &["--all-devices"]).await.client(&home);
    let mut listener = client.listen(&[&FORMAT[..], &["-t", "homie/5/+/relay-1/on/#"]].concat());
    // Its value and its target, as they are.
    for number in 0..2 {
        assert!(line(&mut listener, number).await.ends_with(" false"));
    }
    let topic = format!("homie/5/{}/relay-1/on/set", board.id());
    let speaker = Login::create(&home, "Speaker", &["--device", "kitchen", "--operate"]).await.client(&home);
    for (seq, payload) in [(1, "true"), (2, "false")] {
        let ended = speaker.publish(&["-t", &topic, "-m", payload]).await;
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
        let on = payload == "true";
        let moved = Movement { relay: 1, on, cause: "command".to_owned(), seq };
        assert_eq!(board.movement().await, moved);
        let open = screen.until("switching", |switch| switch.open_command.is_some()).await.open_command;
        let actor = open.and_then(|command| command.actor).expect("an actor");
        assert_eq!((actor.kind.as_str(), actor.name.as_str()), ("INTEGRATION", "Speaker"));
        let moved = |switch: &Switch| switch.on == Some(on) && switch.open_command.is_none();
        let shown = screen.until("moved", moved).await;
        assert_eq!(shown.changed_by(), "INTEGRATION");
        let change = shown.last_change.expect("a change");
        assert_eq!(change.actor.map(|actor| actor.name), Some("Speaker".to_owned()));
        assert_eq!(change.command.map(|command| command.outcome), Some("CONFIRMED".to_owned()));
    }
    // The board itself answered, and nobody heard what was asked.
    for number in 2..6 {
        let heard = line(&mut listener, number).await;
        assert!(!heard.contains("/set "), "{heard}");
    }
    assert!(board.movements_left().is_empty());
}

#[tokio::test]
async fn whatever_else_an_integration_says_to_a_board_moves_nothing() {
    let mut home = Home::claimed().await;
    let mut board = home.board("Kitchen", 1).await;
    let everything = Login::create(&home, "Another system", &["--publish", "#", "--subscribe", "#"]).await;
    let id = board.id().to_owned();
    let set = format!("homie/5/{id}/relay-1/on/set");
    let said = [
        (format!("homie/5/{id}/relay-1/on"), "true"),
        (format!("homie/5/{id}/relay-2/on/set"), "true"),
        (format!("homie/5/{id}/relay-1/power-on/set"), "on"),
        (format!("homie/5/{id}/$command"), "c0ffee01 1 9999999999 relay-1/on true"),
        (format!("homie/5/{id}/$report"), "c0ffee01 9 9 relay-1/on true button -"),
        (format!("homie/5/{id}/$state"), "disconnected"),
        (set.clone(), "on"),
        (set.clone(), "TRUE"),
        (set.clone(), ""),
    ];
    let client = everything.client(&home);
    for (topic, payload) in &said {
        for retain in [&[][..], &["-r"][..]] {
            let ended = client.publish(&[&["-t", topic, "-m", payload], retain].concat()).await;
            assert_eq!(ended.code, Some(0), "acknowledged, and dropped: {topic} {ended:?}");
        }
    }
    assert_eq!(client.publish(&["-t", &set, "-m", "true", "-r"]).await.code, Some(0), "retained");
    let other = Login::create(&home, "Other", &["--publish", "homie/5/relay-ffffff/#", "--publish", "a/#"]).await;
    assert_eq!(other.client(&home).publish(&["-t", &set, "-m", "true"]).await.code, Some(0), "not its board");
    let revoked = Login::create(&home, "Revoked", &["--publish", "#"]).await;
    assert_eq!(home.gatehouse(&["integration", "revoke", "Revoked"]).await.code, Some(0));
    assert_eq!(revoked.client(&home).publish(&["-t", &set, "-m", "true"]).await.code, Some(4));

    let topic = format!("homie/5/{id}/relay-1/on");
    let retained = client.subscribe(&[&FORMAT[..], &["-t", &topic, "-C", "1", "-W", "10"]].concat()).await;
    assert_eq!(retained.stdout, format!("1 {topic} false"), "nobody speaks for the board");
    let before = home.owner().switch(&board.switch(1)).await;
    assert_eq!((before.on, before.is_online()), (Some(false), true));

    // Nothing waits for a board that is away, and nothing that was retained comes back with it.
    let mut screen = home.owner().watch(board.switches()).await;
    screen.until("online", Switch::is_online).await;
    board.press("wifi down").await;
    screen.until_within(MUTE, "offline", |switch| !switch.is_online()).await;
    assert_eq!(client.publish(&["-t", &set, "-m", "true"]).await.code, Some(0));
    board.press("wifi up").await;
    screen.until("online", Switch::is_online).await;
    home.kill().await;
    home.start().await;
    home.owner().watch(board.switches()).await.until("online", Switch::is_online).await;
    assert_eq!(home.owner().set(&board.switch(1), true).await.end(), ("CONFIRMED", None));
    let moved = Movement { relay: 1, on: true, cause: "command".to_owned(), seq: 1 };
    assert_eq!(board.movement().await, moved, "nothing has moved before, and no order came");
    assert!(board.movements_left().is_empty());
}

#[tokio::test]
async fn a_revoked_integration_is_cut_within_a_second_and_stays_out() {
    let home = Home::claimed().await;
    let create = "mutation ($input: CreateIntegrationInput!) { createIntegration(input: $input) {
        integration { id } user password } }";
    let input = json!({ "input": { "name": "Another system", "publish": ["a/#"], "subscribe": ["a/#", "b/#"] } });
    let created: Value = home.owner().ask("createIntegration", create, input).await;
    let text = |field: &str| created[field].as_str().unwrap().to_owned();
    let login = Login { user: text("user"), password: text("password") };
    let untouched = Login::create(&home, "Untouched", &["--subscribe", "a/#"]).await;

    let client = login.client(&home);
    let mut listener = client.listen(&[&FORMAT[..], &["-t", "a/#"]].concat());
    // Retained, so that it is heard however late the listener is.
    let speaker = login.client_called("speaker", &home);
    assert_eq!(speaker.publish(&["-t", "a/b", "-m", "1", "-r"]).await.code, Some(0));
    assert!(line(&mut listener, 0).await.ends_with(" a/b 1"));
    let (mut cut, mut kept) = (connected(&home, &login).await, connected(&home, &untouched).await);

    let delete = "mutation ($input: DeleteIntegrationInput!) { deleteIntegration(input: $input) }";
    let id = json!({ "input": { "id": created["integration"]["id"] } });
    assert!(home.owner().ask::<bool>("deleteIntegration", delete, id.clone()).await);
    let mut rest = Vec::new();
    let end = within(Duration::from_secs(1), "the end of a revoked connection", cut.read_to_end(&mut rest)).await;
    assert!(end.is_err() || rest.is_empty(), "{rest:?}");

    // It comes back by itself, and is told off.
    let ended = listener.ended().await;
    assert_ne!(ended.code, Some(0), "{ended:?}");
    assert_eq!(client.publish(&["-t", "a/b", "-m", "2"]).await.code, Some(4), "bad user name or password");
    kept.write_all(&[0xc0, 0]).await.unwrap();
    let mut pong = [0; 2];
    within(PATIENCE, "PINGRESP", kept.read_exact(&mut pong)).await.unwrap();
    assert_eq!(pong, [0xd0, 0], "the other's connection goes on");
    assert_eq!(home.owner().try_ask(delete, id).await.unwrap_err().code, "NOT_FOUND");
}

#[tokio::test]
async fn the_command_line_makes_lists_and_revokes_and_a_start_later_it_is_still_so() {
    let mut home = Home::claimed().await;
    let nothing = home.gatehouse(&["integration", "list"]).await;
    assert_eq!((nothing.code, nothing.stdout.as_str()), (Some(0), "There are no integrations."));
    let garden = Login::create(&home, "Garden", &["--publish", "garden/#", "--subscribe", "homie/5/#"]).await;
    let other = Login::create(&home, "Other", &["--subscribe", "a"]).await;
    assert!(garden.user != other.user && garden.password != other.password);

    let create = ["integration", "create", "--name"];
    is_refused(&home.gatehouse(&[&create[..], &["garden"]].concat()).await, &["already", "garden"]);
    is_refused(&home.gatehouse(&[&create[..], &[" "]].concat()).await, &["--name"]);
    for filter in ["#/a", "$SYS/#", "$share/x/#", ""] {
        for option in ["--publish", "--subscribe"] {
            is_refused(&home.gatehouse(&[&create[..], &["X", option, filter]].concat()).await, &[option, "filter"]);
        }
    }
    for (options, words) in [
        (&["--device", "Attic"][..], ["--device", "Attic"]),
        (&["--operate"], ["operate", "devices"]),
        (&["--all-devices", "--device", "Attic"], ["--device", "Attic"]),
    ] {
        is_refused(&home.gatehouse(&[&create[..], &["X"], options].concat()).await, &words);
    }
    is_refused(&home.gatehouse(&["integration", "revoke", "Attic"]).await, &["Attic", "integration list"]);

    home.kill().await;
    home.start().await;
    let listed = home.gatehouse(&["integration", "list"]).await.stdout;
    for part in ["Garden\n", "Other\n", &garden.user, &other.user, "publish    garden/#", "subscribe  homie/5/#"] {
        assert!(listed.contains(part), "{part:?} in {listed}");
    }
    assert!(!listed.contains(&garden.password), "told once");
    let data = std::fs::read(home.data_dir().join("gatehouse.redb")).unwrap();
    let password = garden.password.as_bytes();
    assert!(!data.windows(password.len()).any(|window| window == password), "only its hash is kept");
    assert_eq!(garden.client(&home).publish(&["-t", "garden/a", "-m", "1"]).await.code, Some(0));

    let id = listed.lines().skip_while(|line| *line != "Other").find_map(|line| line.trim().strip_prefix("id "));
    for which in ["GARDEN", id.unwrap().trim()] {
        let ended = home.gatehouse(&["integration", "revoke", which]).await;
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    }
    assert_eq!(garden.client(&home).publish(&["-t", "garden/a", "-m", "1"]).await.code, Some(4));
    assert_eq!(home.gatehouse(&["integration", "list"]).await.stdout, "There are no integrations.");
    home.kill().await;
    home.start().await;
    assert_eq!(other.client(&home).publish(&["-t", "a", "-m", "1"]).await.code, Some(4), "for good");
}

#[tokio::test]
async fn what_an_integration_retained_is_there_after_a_restart_until_it_is_revoked() {
    let mut home = Home::claimed().await;
    let garden = Login::create(&home, "Garden", &["--publish", "garden/#"]).await;
    let reader = Login::create(&home, "Reader", &["--subscribe", "#", "--publish", "end"]).await;
    let speaker = garden.client(&home);
    for (topic, payload) in [("garden/lamp", "off"), ("garden/lamp", "on"), ("garden/gone", "1"), ("garden/gone", "")] {
        assert_eq!(speaker.publish(&["-t", topic, "-m", payload, "-r"]).await.code, Some(0));
    }
    assert_eq!(reader.client(&home).publish(&["-t", "end", "-m", "1", "-r"]).await.code, Some(0));
    // Those of the last filter come last.
    let heard = async |home: &Home, count: &str| {
        let wanted = ["-t", "garden/#", "-t", "end", "-C", count, "-W", "10"];
        reader.client(home).subscribe(&[&FORMAT[..], &wanted].concat()).await.stdout
    };
    for _ in 0..2 {
        assert_eq!(home.stop().await.code, Some(0));
        home.start().await;
        assert_eq!(heard(&home, "2").await, "1 garden/lamp on\n1 end 1");
    }
    assert_eq!(home.gatehouse(&["integration", "revoke", "Garden"]).await.code, Some(0));
    assert_eq!(heard(&home, "1").await, "1 end 1");
    assert_eq!(home.stop().await.code, Some(0));
    home.start().await;
    assert_eq!(heard(&home, "1").await, "1 end 1");
}

#[tokio::test]
async fn the_limits_of_the_configuration_are_those_of_the_edge() {
    let mut home = Home::claimed().await;
    let login = Login::create(&home, "Weather", &["--publish", "garden/#", "--subscribe", "garden/#"]).await;
    let large = "x".repeat(8 * 1024);
    let publish = |home: &Home, payload: &str| {
        let (client, payload) = (login.client(home), payload.to_owned());
        async move { client.publish(&["-t", "garden/report", "-m", &payload]).await.code }
    };

    let waits = connected(&home, &login).await;
    assert_eq!(publish(&home, &large).await, Some(0), "the limits that are not set: 64 KiB, and 32 integrations");
    drop(waits);

    home.restart_with("[limits]\npacket_bytes = 4096\n").await;
    assert_eq!(publish(&home, "mild").await, Some(0), "what is within it passes");
    assert_ne!(publish(&home, &large).await, Some(0), "a packet over 4 KiB ends its connection");

    home.restart_with("integrations = 1\n").await;
    let waits = connected(&home, &login).await;
    assert_ne!(publish(&home, "mild").await, Some(0), "there is room for one integration, and it is taken");
    drop(waits);
}
