//! Who may do what, told by Debian's mosquitto clients in both versions: every kind of credential by everything that a
//! client can ask for.

use crate::client::{Client, Login, Message};
use crate::mosquitto::{command_of, done};
use crate::world::{World, board, secret, soon};
use gatehouse_broker::{Count, secret_hash};
use gatehouse_core::access::IntegrationCredential;
use gatehouse_core::edge::EdgeEvent;
use gatehouse_core::name::Endpoint;

#[derive(Clone, Copy, Debug)]
enum Act {
    Publish(&'static str),
    /// Published with the retain flag.
    Keep(&'static str),
    /// Published once: what a relay is to do.
    Ask(&'static str),
    /// The same with the retain flag.
    KeepAsking(&'static str),
    Subscribe(&'static str),
    /// The topic of a will; its client is killed.
    Will(&'static str),
    /// The same, retained.
    KeptWill(&'static str),
    /// The topic of a will; its client says goodbye.
    Goodbye(&'static str),
}
use Act::{Ask, Goodbye, Keep, KeepAsking, KeptWill, Publish, Subscribe, Will};

/// What a row of the table is about.
#[derive(Clone, Copy, Debug)]
enum Outcome {
    /// Published: another client hears it. Subscribed: granted.
    Done,
    /// Subscribed, and the retained message of this topic comes.
    Hears(&'static str),
    /// The home is asked to move a relay, and nobody else hears of it.
    Moves,
    /// Nobody hears of it, and its client may be told so or not.
    Unheard,
    /// Nobody hears of it, and a client of MQTT 5 is told so, one of MQTT 3.1.1 where that has words for it.
    Refused,
    /// No login, in these words.
    NoLogin(&'static str),
}
use Outcome::{Done, Hears, Moves, NoLogin, Refused, Unheard};

const BOTH: &[&str] = &["311", "5"];
const OLD: &[&str] = &["311"];
const NEW: &[&str] = &["5"];
const STATE: &str = "homie/5/relay-1/$state";
const SET: &str = "homie/5/relay-1/relay-1/on/set";
/// Where a board may say anything.
const LOG: &str = "homie/5/relay-1/$log/info";
const WRONG: &str = "bad user name or password";

type Row = (&'static [&'static str], &'static str, &'static [Act], Outcome);

/// Versions, credential, acts, and what comes of each of them.
const TABLE: &[Row] = &[
    // A board: its own topics, in the version that boards speak, and orders to itself.
    (OLD, "relay-1", &[Publish(LOG), Keep(LOG), Will(LOG), KeptWill(LOG)], Done),
    (OLD, "relay-1", &[Goodbye(LOG)], Unheard),
    (OLD, "relay-1", &[Publish("homie/5/relay-2/$state"), Keep("homie/5/relay-2/$state")], Refused),
    (OLD, "relay-1", &[Publish("homie/5/relay-1/$credential"), Subscribe("homie/5/relay-2/$credential")], Refused),
    (OLD, "relay-1", &[Subscribe("homie/5/relay-1/$credential")], Done),
    (OLD, "relay-1", &[Publish("homie/5/relay-1/$command"), Keep(SET)], Refused),
    (OLD, "relay-1", &[Ask(SET), KeepAsking(SET), Ask("homie/5/relay-2/relay-1/on/set")], Refused),
    (OLD, "relay-1", &[Publish("homie/5/relay-2/relay-1/on/set"), Publish("garden/a"), Publish("$SYS/a")], Refused),
    (OLD, "relay-1", &[Will("homie/5/relay-2/$state"), KeptWill("garden/a"), Will("$SYS/a")], NoLogin("not authori")),
    (OLD, "relay-1", &[Will("homie/5/relay-1/$command")], NoLogin("not authori")),
    (OLD, "relay-1", &[Subscribe("homie/5/relay-1/$command"), Subscribe("homie/5/relay-1/+/+/set")], Done),
    (OLD, "relay-1", &[Subscribe("homie/5/relay-2/$command"), Subscribe("homie/5/+/+/+/set")], Refused),
    (OLD, "relay-1", &[Subscribe("#"), Subscribe(STATE), Subscribe("$SYS/#"), Subscribe("garden/kept")], Refused),
    (OLD, "relay-1", &[Subscribe("$share/g/homie/5/relay-1/$command")], Refused),
    (
        NEW,
        "relay-1",
        &[Publish(STATE), Subscribe("homie/5/relay-1/$command"), Will(STATE)],
        NoLogin("protocol version"),
    ),
    // An integration that may hear and say everything: everything but what boards say and are told.
    (BOTH, "house", &[Publish("kitchen/a"), Keep("kitchen/b"), Will("kitchen/c"), KeptWill("kitchen/d")], Done),
    (BOTH, "house", &[Goodbye("kitchen/e")], Unheard),
    (BOTH, "house", &[Publish(STATE), Keep(STATE), Publish("homie/5/relay-1/$report")], Refused),
    (BOTH, "house", &[Publish("homie/5/relay-1/$command"), Publish("homie/5/other/$command")], Refused),
    (BOTH, "house", &[Publish("homie/5/relay-1/$credential"), Publish("homie/5/other/$credential")], Refused),
    (BOTH, "house", &[Ask(SET)], Moves),
    (BOTH, "house", &[Publish(SET)], Unheard),
    (BOTH, "house", &[KeepAsking(SET), KeepAsking("homie/5/other/relay-1/on/set")], Refused),
    (BOTH, "house", &[Keep(SET), Keep("homie/5/other/relay-1/on/set")], Refused),
    (BOTH, "house", &[Publish("$SYS/a"), Keep("$SYS/a")], Refused),
    (BOTH, "house", &[Will(STATE), KeptWill(STATE), Will("homie/5/relay-1/$command")], NoLogin("not authori")),
    (BOTH, "house", &[KeptWill(SET), Will("$SYS/a")], NoLogin("not authori")),
    (BOTH, "house", &[Subscribe("garden/+"), Subscribe("garden/#")], Hears("garden/kept")),
    (BOTH, "house", &[Subscribe("homie/5/+/$state")], Hears(STATE)),
    (BOTH, "house", &[Subscribe("#"), Subscribe("$share/g/#"), Subscribe("$share/g/homie/5/#")], Done),
    (BOTH, "house", &[Subscribe("$SYS/#"), Subscribe("$share/g/$SYS/#"), Subscribe("$SYS/broker/uptime")], Refused),
    // An integration with narrow filters.
    (BOTH, "garden", &[Publish("garden/a"), Keep("garden/b"), Will("garden/c"), KeptWill("garden/d")], Done),
    (BOTH, "garden", &[Publish("kitchen/a"), Keep("kitchen/x"), Publish("gardens"), Publish("$SYS/a")], Refused),
    (BOTH, "garden", &[Ask(SET), KeepAsking(SET), Publish(SET), Keep(STATE)], Refused),
    (BOTH, "garden", &[Will("kitchen/a"), KeptWill("kitchen/x"), Will(STATE), Will("$SYS/a")], NoLogin("not authori")),
    (BOTH, "garden", &[Subscribe("garden/kept"), Subscribe("garden/kept/#")], Hears("garden/kept")),
    (BOTH, "garden", &[Subscribe("garden/+/x"), Subscribe("$share/g/garden/#")], Done),
    (BOTH, "garden", &[Subscribe("#"), Subscribe("+/kept"), Subscribe("kitchen/#"), Subscribe(STATE)], Refused),
    (BOTH, "garden", &[Subscribe("$share/g/#"), Subscribe("$share/garden/kitchen"), Subscribe("$SYS/#")], Refused),
    // One that was revoked, one that never was, and a board that never was.
    (BOTH, "former", &[Ask(SET), Publish("garden/a"), Subscribe("garden/#"), Will("garden/a")], NoLogin(WRONG)),
    (BOTH, "nobody", &[Ask(SET), Publish("garden/a"), Subscribe("garden/#"), Will("garden/a")], NoLogin(WRONG)),
    (BOTH, "relay-9", &[Publish("homie/5/relay-9/$state"), KeptWill("homie/5/relay-9/$state")], NoLogin(WRONG)),
];

/// What another client hears.
struct Witness {
    client: Client,
    heard: Vec<Message>,
}

impl Witness {
    async fn new(world: &World) -> Self {
        let login = Login { id: "witness", ..Login::of("house") };
        let mut client = Client::try_login(world.at, &login).await.0;
        assert_eq!(client.subscribe(&[("#", 0)]).await, [0]);
        Self { client, heard: Vec::new() }
    }

    /// Whether this has come, live or as a retained one.
    fn has(&self, topic: &str, payload: &str, retain: bool) -> bool {
        self.heard.iter().any(|heard| (&*heard.topic, &*heard.payload, heard.retain) == (topic, payload, retain))
    }

    async fn wait(&mut self, topic: &str, payload: &str) {
        while !self.has(topic, payload, false) {
            self.heard.push(self.client.message().await);
        }
    }

    /// Reads on until all has come that was published before.
    async fn catch_up(&mut self) {
        self.client.send(&crate::client::publish("end", "", 0, false, 0)).await;
        while self.heard.last().is_none_or(|last| last.topic != "end") {
            self.heard.push(self.client.message().await);
        }
        self.heard.pop();
    }

    /// Whether a new subscriber gets it.
    async fn is_kept(&mut self, topic: &str, payload: &str) -> bool {
        let granted = self.client.subscribe(&[(topic, 0)]).await;
        if granted == [0x80] {
            return false;
        }
        // Behind what is retained there.
        self.catch_up().await;
        self.has(topic, payload, true)
    }
}

/// One cell of the table.
struct Cell<'a> {
    world: &'a mut World,
    witness: &'a mut Witness,
    version: &'static str,
    user: &'static str,
    /// Its payload, which no other cell has.
    payload: String,
}

impl Cell<'_> {
    async fn run(&mut self, act: Act, expected: Outcome) {
        match act {
            Subscribe(filter) => self.subscribe(filter, expected).await,
            Publish(topic) => self.publish(topic, false, expected).await,
            Keep(topic) => self.publish(topic, true, expected).await,
            Ask(topic) | KeepAsking(topic) => {
                self.payload = "true".into();
                self.publish(topic, matches!(act, KeepAsking(_)), expected).await;
            }
            Will(topic) => self.will(topic, false, expected).await,
            KeptWill(topic) => self.will(topic, true, expected).await,
            Goodbye(topic) => self.goodbye(topic).await,
        }
        self.witness.heard.clear();
        // What boards say is of no interest here, but there is no room for all of it.
        let mut moved = Vec::new();
        while let Ok(event) = self.world.events.try_recv() {
            if let EdgeEvent::Command(command) = event {
                moved.push((command.user.to_string(), command.board, command.endpoint, command.on));
            }
        }
        let asked = (self.user.to_owned(), board("relay-1"), Endpoint::relay(1), true);
        assert_eq!(moved, if matches!(expected, Moves) { vec![asked] } else { vec![] });
    }

    /// What it said on its way out, in lower case.
    async fn client(&self, program: &str, arguments: &[&str]) -> (bool, String, String) {
        let output = done(program, command_of(self.version, program, self.world.at, self.user, arguments)).await;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.success(), text(&output.stdout), text(&output.stderr).to_lowercase())
    }

    async fn publish(&mut self, topic: &str, retain: bool, expected: Outcome) {
        let payload = self.payload.clone();
        let mut arguments = vec!["-t", topic, "-m", &payload, "-q", "1"];
        arguments.extend(retain.then_some("-r"));
        let (success, _, said) = self.client("mosquitto_pub", &arguments).await;
        match expected {
            NoLogin(why) => assert!(!success && said.contains(why), "{said}"),
            Refused if self.version == "5" => assert!(said.contains("not authorized"), "{said}"),
            _ => assert!(success, "{said}"),
        }
        self.witness.catch_up().await;
        let is_done = matches!(expected, Done);
        assert_eq!(self.witness.has(topic, &payload, false), is_done);
        assert_eq!(self.witness.is_kept(topic, &payload).await, is_done && retain);
    }

    async fn subscribe(&mut self, filter: &str, expected: Outcome) {
        let before = self.world.count(Count::SubscribeRefused);
        let until: &[&str] = if matches!(expected, Hears(_)) { &["-C", "1", "-F", "%t %r"] } else { &["-E"] };
        let arguments = [&["-t", filter, "-q", "1"], until].concat();
        let (success, heard, said) = self.client("mosquitto_sub", &arguments).await;
        let refused = self.world.count(Count::SubscribeRefused) - before;
        match expected {
            Hears(topic) => assert_eq!((success, heard, refused), (true, format!("{topic} 1\n"), 0)),
            Done | Moves => assert!(success && said.is_empty() && refused == 0, "{said}"),
            Refused | Unheard => assert!(said.contains("denied") && refused == 1, "{said} {refused}"),
            NoLogin(why) => assert!(!success && said.contains(why), "{said}"),
        }
    }

    async fn will(&mut self, topic: &str, retain: bool, expected: Outcome) {
        let payload = self.payload.clone();
        let logins = [Count::BoardLogin, Count::IntegrationLogin];
        let before: u64 = logins.iter().map(|count| self.world.count(*count)).sum();
        // Refused or not, this subscription does not matter.
        let mut arguments = vec!["-t", "homie/5/relay-1/$command", "-t", "garden/none"];
        arguments.extend(["--will-topic", topic, "--will-payload", &payload, "--will-qos", "1"]);
        arguments.extend(retain.then_some("--will-retain"));
        if let NoLogin(why) = expected {
            let (success, _, said) = self.client("mosquitto_sub", &arguments).await;
            assert!(!success && said.contains(why), "{said}");
            self.witness.catch_up().await;
            assert!(!self.witness.has(topic, &payload, false));
            assert!(!self.witness.is_kept(topic, &payload).await);
            return;
        }
        let command = command_of(self.version, "mosquitto_sub", self.world.at, self.user, &arguments).spawn();
        let mut mortal = command.unwrap();
        soon("its login", async {
            while logins.iter().map(|count| self.world.count(*count)).sum::<u64>() == before {
                tokio::task::yield_now().await;
            }
        })
        .await;
        mortal.kill().await.unwrap();
        self.witness.wait(topic, &payload).await;
        assert_eq!(self.witness.is_kept(topic, &payload).await, retain);
    }

    async fn goodbye(&mut self, topic: &str) {
        let payload = self.payload.clone();
        let will = ["--will-topic", topic, "--will-payload", &payload];
        let filter = if self.user == "relay-1" { "homie/5/relay-1/$command" } else { "garden/none" };
        let arguments = [&["-t", filter, "-E"], &will[..]].concat();
        let (success, _, said) = self.client("mosquitto_sub", &arguments).await;
        assert!(success, "{said}");
        self.witness.catch_up().await;
        assert!(!self.witness.has(topic, &payload, false));
    }
}

#[tokio::test]
async fn each_credential_may_do_what_it_may_and_nothing_else() {
    let mut world = World::new().await;
    world.believe_all();
    let mut witness = Witness::new(&world).await;
    let (secret, all) = (secret_hash("former", secret("former").as_bytes()), vec!["#".to_owned()]);
    let former = IntegrationCredential { secret, publish: all.clone(), subscribe: all };
    world.change(|credentials| drop(credentials.integrations.insert("former".into(), former)));
    // It was one.
    Client::login(world.at, "former").await.ping().await;
    world.change(|credentials| drop(credentials.integrations.remove("former")));
    Client::login(world.at, "garden").await.publish("garden/kept", "kept", true).await;
    world.board("relay-1").await.0.publish(STATE, "ready", true).await;
    let mut cells = 0;
    for (versions, user, acts, expected) in TABLE {
        for (version, act) in versions.iter().flat_map(|version| acts.iter().map(move |act| (*version, *act))) {
            cells += 1;
            println!("{cells}: {user}, MQTT {version}: {act:?}, {expected:?}");
            let payload = format!("cell {cells}");
            let mut cell = Cell { world: &mut world, witness: &mut witness, version, user, payload };
            cell.run(act, *expected).await;
        }
    }
}
