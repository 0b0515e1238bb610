//! What people cost each other: taps while fifty of them sign in, and looking at who may see what.

use crate::board::Fleet;
use crate::clock::Clock;
use crate::door::Door;
use crate::fleet::Boards;
use crate::gateway::{Home, switches_online};
use crate::graphql;
use crate::http::Http;
use crate::load::Load;
use crate::statistics::{Percentiles, Series};
use crate::suite::{BOARDS, RELAYS, Scale};
use crate::table::met;
use crate::taps::{Way, World};
use anyhow::Context;
use serde_json::{Value, json};
use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{interval, timeout};

/// People who sign in at the same time.
const PEOPLE: usize = 50;
/// How soon somebody tries again who was told that the gateway has too much to do.
const AGAIN: Duration = Duration::from_millis(250);
/// How long sign-ins may take to begin.
const PATIENCE: Duration = Duration::from_secs(60);
/// Grants by which someone sees all switches: the home, rooms, every switch by itself.
const GRANTS: [usize; 3] = [1, ROOMS, BOARDS * RELAYS];
const ROOMS: usize = 16;
/// What a page of switches asks.
const QUERY: &str = "{ switches { id name on desired availability mayOperate } }";

/// p99 of taps beside sign-ins, in those of quiet taps.
const TAPS_GOAL: f64 = 2.0;
/// Part of a query that goes into looking at rights.
const RIGHTS_GOAL: f64 = 0.05;

/// What was measured.
#[derive(Default)]
pub(crate) struct Results {
    quiet: Series,
    beside: Series,
    /// How many signed in meanwhile, and in how many nanoseconds.
    signed_in: (u64, u64),
    owner: Series,
    /// By the number of grants.
    guests: [Series; GRANTS.len()],
}

/// Someone who has come by an invitation.
struct Person {
    id: String,
    token: String,
}

/// Runs it; an error when a command does not end CONFIRMED, or a sign-in in anything but success.
pub(crate) async fn run(program: &Path, clock: Clock, scale: &Scale) -> anyhow::Result<Results> {
    let home = Home::new(program)?;
    let mut child = home.start_ordinary()?;
    home.ready(&mut child).await?;
    let token = home.claim(&mut child).await?;
    home.register(BOARDS, RELAYS).await?;
    let fleet = Fleet { door: Door::plain(home.mqtt), relays: RELAYS, homie_values: true, clock };
    let boards = Boards::start(fleet, BOARDS).await?;
    let switches = switches_online(home.http, &token, &mut child, BOARDS).await?;
    let world = Arc::new(World::new(home.http, token.clone(), boards, clock, switches));
    let mut owner = Owner { http: home.http, connection: Http::connect(home.http, Some(&token)).await? };
    let mut results = Results::default();

    let guests = owner.guests(&world).await?;
    rights(&world, &guests, scale, &mut results).await.context("looking at rights")?;
    owner.people(0, PEOPLE, "MEMBER").await?;
    sign_ins(&world, scale, &mut results).await.context("taps beside sign-ins")?;
    drop(world);
    child.stop().await?;
    Ok(results)
}

struct Owner {
    http: SocketAddr,
    connection: Http,
}

impl Owner {
    async fn ask(&mut self, request: &str) -> anyhow::Result<Value> {
        graphql::read(&self.connection.graphql(request).await?)
    }

    /// Lets in so many people, who all have the same password.
    async fn people(&mut self, first: usize, count: usize, role: &str) -> anyhow::Result<Vec<Person>> {
        let mut people = Vec::new();
        let numbers: Vec<_> = (first..first + count).collect();
        // An invitation lets in sixteen.
        for numbers in numbers.chunks(16) {
            let input = json!({ "role": role, "uses": numbers.len() });
            let create = graphql::mutation("createInvitation", "CreateInvitationInput", "{ code }", &input);
            let code = text(&self.ask(&create).await?["createInvitation"]["code"])?;
            for &number in numbers {
                let mut connection = Http::connect_from(address_of(number)?, self.http).await?;
                let accept = graphql::accept_invitation(&code, &name_of(number));
                let session: Value = graphql::read(&connection.graphql(&accept).await?)?;
                let session = &session["acceptInvitation"];
                people.push(Person { id: text(&session["viewer"]["id"])?, token: text(&session["token"])? });
            }
        }
        Ok(people)
    }

    /// For each of [`GRANTS`] someone who sees all switches by so many.
    async fn guests(&mut self, world: &World) -> anyhow::Result<Vec<Person>> {
        let guests = self.people(PEOPLE, GRANTS.len(), "GUEST").await?;
        let mut rooms = Vec::new();
        for number in 0..ROOMS {
            let input = json!({ "name": format!("Room {number}") });
            let made = self.ask(&graphql::mutation("createRoom", "CreateRoomInput", "{ id }", &input)).await?;
            rooms.push(text(&made["createRoom"]["id"])?);
        }
        let devices = self.ask(&graphql::query("{ devices { id } }")).await?;
        for (number, device) in devices["devices"].as_array().context("devices")?.iter().enumerate() {
            let input = json!({ "id": device["id"], "roomId": rooms[number % ROOMS] });
            self.ask(&graphql::mutation("updateDevice", "UpdateDeviceInput", "{ id }", &input)).await?;
        }
        let mut targets = vec![(&guests[0], json!({ "kind": "HOME" }))];
        targets.extend(rooms.iter().map(|room| (&guests[1], json!({ "kind": "ROOM", "id": room }))));
        let switches = world.switches.iter().flatten();
        targets.extend(switches.map(|switch| (&guests[2], json!({ "kind": "SWITCH", "id": switch }))));
        for (guest, target) in targets {
            let input = json!({ "memberId": guest.id, "target": target, "level": "VIEW" });
            self.ask(&graphql::mutation("createGrant", "CreateGrantInput", "{ id }", &input)).await?;
        }
        Ok(guests)
    }
}

fn text(value: &Value) -> anyhow::Result<String> {
    Ok(value.as_str().with_context(|| format!("no text: {value}"))?.to_owned())
}

fn name_of(number: usize) -> String {
    format!("Person {number}")
}

/// Everyone is somewhere else, so that no limit for one address is met.
fn address_of(number: usize) -> anyhow::Result<IpAddr> {
    Ok(IpAddr::from([127, 8, 0, u8::try_from(number + 1)?]))
}

/// The same query by an owner, who may see all, and by those who see the same by grants, in turn.
async fn rights(world: &World, guests: &[Person], scale: &Scale, results: &mut Results) -> anyhow::Result<()> {
    let query = graphql::query(QUERY);
    let mut askers = vec![Http::connect(world.http, Some(&world.token)).await?];
    for guest in guests {
        askers.push(Http::connect(world.http, Some(&guest.token)).await?);
    }
    for connection in &mut askers {
        let seen: Value = graphql::read(&connection.graphql(&query).await?)?;
        let count = seen["switches"].as_array().map_or(0, Vec::len);
        anyhow::ensure!(count == world.switch_count(), "{count} switches are seen");
    }
    let rounds = scale.warm_up + scale.rounds_alone;
    for round in 0..rounds {
        eprintln!("rights, round {} of {rounds} …", round + 1);
        let mut took_ns = vec![Vec::with_capacity(scale.queries); askers.len()];
        for _ in 0..scale.queries {
            for (connection, took_ns) in askers.iter_mut().zip(&mut took_ns) {
                let start_ns = world.clock.ns();
                connection.graphql(&query).await?;
                took_ns.push(world.clock.ns() - start_ns);
            }
        }
        if round >= scale.warm_up {
            let series = [&mut results.owner].into_iter().chain(&mut results.guests);
            series.zip(took_ns).for_each(|(series, took_ns)| series.round(took_ns));
        }
    }
    Ok(())
}

/// Taps one at a time, in turn while nobody and while everybody signs in.
async fn sign_ins(world: &Arc<World>, scale: &Scale, results: &mut Results) -> anyhow::Result<()> {
    let load = Load { in_flight: 1, connections: 1, commands: scale.alone };
    let rounds = scale.warm_up + scale.rounds_alone;
    for round in 0..rounds {
        eprintln!("sign-ins, round {} of {rounds} …", round + 1);
        let quiet = world.round(Way::WebSocket, load).await?;
        let crowd = Crowd::start(world).await?;
        let start_ns = world.clock.ns();
        let before = crowd.signed_in.load(Ordering::Relaxed);
        let beside = world.round(Way::WebSocket, load).await?;
        let signed_in = crowd.signed_in.load(Ordering::Relaxed) - before;
        let took_ns = world.clock.ns() - start_ns;
        crowd.stop().await?;
        if round >= scale.warm_up {
            results.quiet.round(quiet.answered);
            results.beside.round(beside.answered);
            results.signed_in.0 += signed_in;
            results.signed_in.1 += took_ns;
        }
    }
    Ok(())
}

/// People who sign in, over and over, with the right passwords.
struct Crowd {
    people: JoinSet<anyhow::Result<()>>,
    signed_in: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
}

impl Crowd {
    /// Ready once the first of them is in and all others are at it.
    async fn start(world: &World) -> anyhow::Result<Self> {
        let (signed_in, stop, first) =
            (Arc::new(AtomicU64::new(0)), Arc::<AtomicBool>::default(), Arc::new(Notify::new()));
        let mut people = JoinSet::new();
        for number in 0..PEOPLE {
            let mut connection = Http::connect_from(address_of(number)?, world.http).await?;
            let (signed_in, stop, first) = (signed_in.clone(), stop.clone(), first.clone());
            let request = graphql::sign_in(&name_of(number));
            people.spawn(async move {
                let mut again = interval(AGAIN);
                while !stop.load(Ordering::Relaxed) {
                    if graphql::is_signed_in(&connection.graphql(&request).await?)? {
                        signed_in.fetch_add(1, Ordering::Relaxed);
                        first.notify_one();
                    } else {
                        again.reset();
                        again.tick().await;
                    }
                }
                Ok(())
            });
        }
        timeout(PATIENCE, first.notified()).await.context("nobody gets in")?;
        Ok(Self { people, signed_in, stop })
    }

    /// Everyone finishes what they are at, so that the next round is quiet.
    async fn stop(mut self) -> anyhow::Result<()> {
        self.stop.store(true, Ordering::Relaxed);
        while let Some(ended) = self.people.join_next().await {
            ended??;
        }
        Ok(())
    }
}

/// Tells of it.
pub(crate) fn page(page: &mut String, results: &Results) {
    let (count, took_ns) = results.signed_in;
    let _infallible = write!(
        page,
        "\n## Taps while {PEOPLE} people sign in\n\nOne tap at a time over a WebSocket, beside {PEOPLE} people who sign in over and over, with \
         the right passwords and from addresses of their own; {:.0} a second get in, the others wait or are told that there is too much \
         to do. The gateway has the ordinary scheduling here, whatever the bench has.\n\n| µs | p50 | p95 | p99 | × p99 | goal | |\n\
         |:--|--:|--:|--:|--:|:--|:--|\n",
        count as f64 / (took_ns.max(1) as f64 / 1e9)
    );
    let quiet = results.quiet.medians();
    for (what, series, is_goal) in
        [("nobody signs in", &results.quiet, false), ("beside the sign-ins", &results.beside, true)]
    {
        let Percentiles { p50, p95, p99 } = series.medians();
        let times = p99 / quiet.p99;
        let (goal, is_met) =
            if is_goal { (format!("≤ {TAPS_GOAL} ×"), met(times <= TAPS_GOAL)) } else { (String::new(), "") };
        let _infallible =
            writeln!(page, "| {what} | {p50:.0} | {p95:.0} | {p99:.0} | {times:.1} | {goal} | {is_met} |");
    }
    let owner = results.owner.medians();
    let _infallible = write!(
        page,
        "\n## Who may see what\n\n`{QUERY}` of {} switches over HTTP: by an owner, who may see everything, and by guests who see the same by \
         grants. What a guest's takes longer is what looking at rights costs.\n\n| µs | p50 | p99 | share of rights | goal | |\n\
         |:--|--:|--:|--:|:--|:--|\n| owner | {:.0} | {:.0} |  |  |  |\n",
        BOARDS * RELAYS,
        owner.p50,
        owner.p99,
    );
    for (grants, series) in GRANTS.iter().zip(&results.guests) {
        let guest = series.medians();
        let share = ((guest.p50 - owner.p50) / guest.p50).max(0.0);
        let _infallible = writeln!(
            page,
            "| guest, by {grants} grants | {:.0} | {:.0} | {:.1} % | ≤ {:.0} % | {} |",
            guest.p50,
            guest.p99,
            share * 100.0,
            RIGHTS_GOAL * 100.0,
            met(share <= RIGHTS_GOAL)
        );
    }
}
