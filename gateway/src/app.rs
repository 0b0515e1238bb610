//! The composition root: opens what must be open, hands round the ends of the channels, and stops in order.

use crate::backup::{Desk, Keeper, Maker, finish_restore, restore_desk};
use crate::certificates::Certificates;
use crate::config::{Config, Source};
use crate::control::server::{Control, Told};
use crate::control::socket_path;
use crate::disk;
use crate::exit::Failure;
use crate::factory_reset::{self, Eraser};
use crate::firmware::Held;
use crate::header;
use crate::listeners::{Addresses, Listeners};
use crate::log;
use crate::mail::Mail;
use crate::neighbours;
use crate::oidc;
use crate::parts::{End, Part, Parts, StopAsked};
use crate::ready_file::Ready;
use crate::reload::Reload;
use crate::serial::{self, Serial};
use crate::snapshots::{self, Snapshots};
use crate::supervisor;
use crate::trial;
use anyhow::{Context, anyhow};
use gatehouse_api::{Api, Doorway, Serve};
use gatehouse_broker::{Broker, Keeping};
use gatehouse_core::access::Credentials;
use gatehouse_core::board_settings::ConfigOrder;
use gatehouse_core::device::{NewSecret, Order};
use gatehouse_core::mail::Letter;
use gatehouse_core::notice::{NoticeKind, Subject};
use gatehouse_core::retained::RetainedMessage;
use gatehouse_discovery::{Advertised, Kind};
use gatehouse_hub::{Clock, Hub, Ports};
use gatehouse_seal::Seal;
use gatehouse_store::{Batch, Opened, Queue};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::panic::UnwindSafe;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};

/// Events of the edge that may wait for the hub; then the connections that have more to tell stop reading.
const EDGE_EVENTS: usize = 1_024;
/// What the network tells of boards that may wait for the hub.
const NEARBY_EVENTS: usize = 64;
/// Tickets that may be written and not yet noticed.
const WRITTEN: usize = 1_024;
/// Threads for everything but the store: the hub is one task, and a Pi has few cores.
const WORKERS: usize = 2;

/// Runs the gateway until it is told to stop.
pub(crate) fn run(config: &Config, source: Source, ready_file: Option<&Path>) -> Result<(), Failure> {
    log::start();
    let seal = Seal::of_credentials(std::env::var_os("CREDENTIALS_DIRECTORY").as_deref().map(Path::new))
        .map_err(Failure::failed)?;
    let mail = Mail::open(config)?;
    let provider = oidc::open(config)?;
    factory_reset::finish(&config.data_dir)?;
    finish_restore(&config.data_dir)?;
    let opened = open_store(&config.data_dir)?;
    trial::forget_online(config);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let end = runtime.block_on(serve((config, source), (opened, seal), (mail, provider), ready_file))?;
    drop(runtime);
    match end {
        End::Asked => Ok(()),
        End::Anew => Err(start_anew()),
    }
}

/// Begins this program anew, in the same process: whoever supervises it sees it go on. Returns only if that fails.
fn start_anew() -> Failure {
    let mut arguments = std::env::args_os();
    let name = arguments.next().unwrap_or_default();
    let error = Command::new("/proc/self/exe").arg0(name).args(arguments).exec();
    Failure::failed(format!("what was restored is in place, but the gateway cannot start anew ({error}): start it"))
}

/// Opens the database. redb panics on some damaged files, of which the store makes an error; the error is all that people
/// are to be told. Nothing else runs yet, so nobody else's panic is hushed.
fn open_store(data_dir: &Path) -> anyhow::Result<Opened> {
    let defect =
        || anyhow!("the database in {} cannot be opened: a defect of gatehouse, please report it", data_dir.display());
    Ok(hushed(|| gatehouse_store::open(data_dir)).ok_or_else(defect)??)
}

/// Does something of which a panic says nothing that people are to read; none when it panicked.
pub(crate) fn hushed<T>(f: impl FnOnce() -> T + UnwindSafe) -> Option<T> {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let done = std::panic::catch_unwind(f);
    std::panic::set_hook(hook);
    done.ok()
}

async fn serve(
    (config, source): (&Config, Source),
    (opened, seal): (Opened, Seal),
    (mail, provider): (Option<Mail>, Option<gatehouse_api::Provider>),
    ready_file: Option<&Path>,
) -> anyhow::Result<End> {
    // First, as on a board: relays are where they belong whatever becomes of the rest.
    let opened_header = header::open(config, opened.boot);
    let (header_told, header_standing) = (opened_header.told(), opened_header.standing());
    let listeners = Listeners::bind(config)?;
    let addresses = listeners.addresses();
    let mut stop_asked = StopAsked::new()?;

    let (reload, followers) = Reload::new(source, config);
    let reader = opened.store.reader();
    let (written_sender, written) = mpsc::channel(WRITTEN);
    let snapshots = Snapshots::new(reader.clone(), config.data_dir.clone());
    let settings_changed = snapshots.changed();
    let (disk_sender, disk_failing) = watch::channel(false);
    let store = opened.store.telling(move |failing| {
        disk_sender.send_replace(failing);
    });
    let writer = store.start_writer(move |ticket, result| {
        match &result {
            Ok(()) => settings_changed.notify_one(),
            Err(error) => tracing::error!(%error, "the database could not write"),
        }
        // The hub is gone only when the daemon stops.
        let _hub_gone = written_sender.blocking_send((ticket, result.is_ok()));
    });

    let (credentials_sender, credentials) = watch::channel(Arc::new(Credentials::default()));
    let (edge_sender, edge) = mpsc::channel(EDGE_EVENTS);
    let (broker, to_boards) = Broker::new(config.limits.clone(), credentials, edge_sender.clone());
    let (to_header, header_orders) = header::Orders::new();
    let configures_header = to_header.clone();
    let clock = if config.clock_trusted { Clock::vouched_for() } else { Clock::start() };
    let broker = broker.asking(Arc::new(neighbours::mac_of));
    let broker = broker.keeping(keeping(opened.retained, writer.queue(), clock.clone()));
    let (announced_sender, announced) = watch::channel(Arc::default());
    let meter = broker.meter();
    let (queue, orders, configures) = (writer.queue(), to_boards.clone(), to_boards.clone());
    let beliefs = to_boards.clone();
    let (serial, told_by_serial, port_orders) = Serial::new();
    let (nearby, told_by_network) = mpsc::channel(NEARBY_EVENTS);
    let (nearby_orders, claims) = crate::nearby::orders();
    let ports = Ports {
        edge,
        serial: told_by_serial,
        nearby: told_by_network,
        port_orders,
        nearby_orders,
        orders: Box::new(move |order: &Order| {
            if order.board.is_header() {
                return to_header.send(order);
            }
            if let Err(not_sent) = orders.send(order) {
                // Its deadline settles the command; nothing is queued for a board that cannot take it now.
                tracing::debug!(board = %order.board, ?not_sent, "a command was not sent");
            }
        }),
        secrets: Box::new(move |new: &NewSecret| {
            if let Err(not_sent) = to_boards.send_secret(new) {
                // The board goes on with the one it has, and whoever asked sees that it does.
                tracing::warn!(board = %new.board, %not_sent, "a new secret was not sent");
            }
        }),
        config_orders: Box::new(move |order: &ConfigOrder| {
            if order.board.is_header() {
                return configures_header.configure(order);
            }
            if let Err(not_sent) = configures.send_configure(order) {
                tracing::debug!(board = %order.board, %not_sent, "an order to configure was not sent");
            }
        }),
        beliefs: Box::new(move |link, belief| beliefs.believe(link, belief)),
        writes: Box::new(move |ticket, records| {
            queue.try_send(Batch { ticket, records }).map_err(|full| full.0.records)
        }),
        written,
        credentials: credentials_sender,
        announced: announced_sender,
    };
    let (hub, event_loop) = gatehouse_hub::hub_by(clock, opened.boot, opened.records, ports);
    let event_loop = supervisor::watched(event_loop);

    // The hub has told by now what is to be announced: clients that come find all of it.
    let broker = broker.announcing(announced);
    let certificates = Certificates::open(config, &seal, hub.clone())?;
    let ca = certificates.authority_path().to_owned();
    let fingerprint = certificates.served().authority().fingerprint().to_string();
    let (ready_sender, ready) = watch::channel(false);
    let backups = Maker::new(reader.clone(), config.data_dir.clone(), seal.clone(), hub.clone());
    let restore = restore_desk(config.data_dir.clone(), seal, hub.clone(), stop_asked.anew());
    let (keeper, desk) = Keeper::new(backups.clone(), hub.clone(), config.data_dir.clone(), followers.backups);
    let eraser = Eraser::new(hub.clone(), config.data_dir.clone(), stop_asked.anew());
    let told = Told {
        addresses,
        fingerprint,
        firmware: followers.firmware.clone(),
        backups,
        desk: desk.clone(),
        eraser: eraser.clone(),
        reload: reload.clone(),
        header: header_standing,
    };
    let control = Control::bind(&socket_path(config), hub.clone(), told)?;
    let desks = Desks {
        backups: desk,
        restore,
        factory_reset: eraser.clone().desk(),
        mail: mail.as_ref().map(Mail::queue),
        provider,
        firmware: followers.firmware,
    };
    let settings = settings(config, &certificates, meter, desks);
    let api = Api::new(hub.clone(), reader, ready, settings);
    let (mqtt, web) = serving(config, listeners, &certificates);

    let advertised = advertised(config, addresses, &certificates);
    let authority = certificates.served().authority().certificate_der().to_vec();
    let clocks = hub.clone();
    let gateway = serial::gateway(addresses, authority, move || clocks.now());
    let homes = crate::nearby::homes(gateway.clone());
    let told_of_claims = nearby.clone();
    let mut others = vec![
        Part::start("control socket", |stop| control.run(stop)),
        Part::start("reload", |stop| reload.run(stop)),
        Part::start("disk", |stop| disk::watch(disk_failing, hub.clone(), stop)),
        Part::start("certificates", |stop| certificates.run(stop)),
        Part::start("mDNS", |stop| gatehouse_discovery::run(advertised, nearby, stop)),
        Part::start("claims in the network", |stop| gatehouse_discovery::claims(claims, told_of_claims, homes, stop)),
        Part::start("serial ports", |stop| serial.run(followers.serial, gateway, stop)),
    ];
    let snapshots_of = hub.clone();
    others.push(Part::start("backups", |stop| keeper.run(stop)));
    others.push(Part::start("snapshots", |stop| snapshots.run(snapshots_of, stop)));
    if let header::Opened::Here(header) = opened_header {
        let (path, ends) = (gatehouse_gpio::Kept::path(&config.data_dir), (header_orders, edge_sender));
        others.push(Part::start("header", |stop| header.run(path, (hub.clone(), eraser), ends, stop)));
    }
    others.extend(mail.map(|mail| Part::start("mail", |stop| mail.run(hub.clone(), stop))));
    let parts = Parts {
        hub: Part::start("hub", |stop| event_loop.run(stop)),
        api: Part::start("API", |stop| api.run(web, stop)),
        edge: Part::start("MQTT edge", |stop| broker.run(mqtt, stop)),
        others,
    };
    snapshots::tell_recovered(&hub, opened.recovered)
        .and_then(|()| hub.tell_because(NoticeKind::UpgradeReturned, trial::returned(config)))
        .and_then(|()| hub.tell_condition(NoticeKind::PlainMqtt, plain_mqtt(addresses)))
        .and_then(|()| header_told.into_iter().try_for_each(|(kind, why)| hub.tell_because(kind, why)))
        .map_err(|denied| anyhow!("the hub does not answer ({denied:?})"))?;
    ready_sender.send_replace(true);
    announce(&hub, addresses, ca, ready_file).await?;
    let stopping = |anew| {
        if anew {
            supervisor::starting_anew()
        } else {
            supervisor::stopping()
        }
        trial::note_online(config, &hub.view());
    };
    let ended = parts.run(&mut stop_asked, stopping, writer).await;
    tracing::info!("stopped");
    ended
}

/// Where integrations' retained messages are when the edge is not there.
fn keeping(kept: Vec<RetainedMessage>, queue: Queue, clock: Clock) -> Keeping {
    Keeping {
        kept,
        write: Box::new(move |changes| queue.try_send_retained(changes)),
        now: Box::new(move || clock.now()),
    }
}

/// What each socket is to serve.
fn serving(
    config: &Config,
    listeners: Listeners,
    certificates: &Certificates,
) -> (Vec<gatehouse_broker::Listener>, Vec<gatehouse_api::Listener>) {
    let served = certificates.served();
    let https_port = listeners.https.as_ref().map(|https| https.address.port());
    let plain = listeners.mqtt.map(|mqtt| gatehouse_broker::Listener { socket: mqtt.socket, tls: None });
    let over_tls =
        listeners.mqtts.map(|mqtts| gatehouse_broker::Listener { socket: mqtts.socket, tls: Some(served.mqtt()) });
    let http = listeners.http.map(|http| {
        let serve = match https_port {
            Some(https_port) if !config.plain => Serve::Doorway(Doorway { https_port }),
            _ => Serve::Everything,
        };
        gatehouse_api::Listener { socket: http.socket, serve }
    });
    let https = listeners
        .https
        .map(|https| gatehouse_api::Listener { socket: https.socket, serve: Serve::EverythingOverTls(served.https()) });
    (plain.into_iter().chain(over_tls).collect(), http.into_iter().chain(https).collect())
}

/// What is to be found by mDNS; nothing where that is switched off.
fn advertised(config: &Config, addresses: Addresses, certificates: &Certificates) -> Advertised {
    let Addresses { http: _, https, mqtt, mqtts } = addresses;
    let all = [(Kind::Hub, mqtts), (Kind::Https, https), (Kind::SecureMqtt, mqtts), (Kind::Mqtt, mqtt)];
    let listening = all.into_iter().filter_map(|(kind, address)| Some((kind, address?)));
    Advertised {
        hostname: config.mdns_hostname.clone(),
        home: certificates.served().authority().home(),
        listening: listening.filter(|_| config.mdns_enabled).collect(),
    }
}

/// Whom the API asks for what is none of the hub's.
struct Desks {
    backups: Desk,
    restore: gatehouse_api::RestoreDesk,
    factory_reset: gatehouse_api::FactoryResetDesk,
    mail: Option<mpsc::Sender<Letter>>,
    provider: Option<gatehouse_api::Provider>,
    firmware: Held,
}

fn settings(
    config: &Config,
    certificates: &Certificates,
    meter: gatehouse_broker::Meter,
    desks: Desks,
) -> gatehouse_api::Settings {
    let Desks { backups, restore, factory_reset, mail, provider, firmware } = desks;
    let authority = certificates.served().authority();
    gatehouse_api::Settings {
        public_hosts: certificates.hosts().to_vec(),
        public_name: config.public_name.clone(),
        allowed_origins: config.allowed_origins.clone(),
        time_zone: iana_time_zone::get_timezone().unwrap_or_else(|_| "Etc/UTC".to_owned()),
        version: env!("CARGO_PKG_VERSION"),
        ca: Some(gatehouse_api::Ca {
            der: authority.certificate_der().to_vec(),
            fingerprint: authority.fingerprint().to_string(),
            name: authority.name().to_owned(),
        }),
        hash_secret: gatehouse_broker::secret_hash,
        board_filters: crate::control::BOARD_FILTERS,
        home_assistant_filters: gatehouse_wire::homeassistant::filters,
        images: gatehouse_api::Images(Arc::new(move || firmware.all())),
        meter: gatehouse_api::Meter(Arc::new(move || meter.metrics())),
        mail,
        provider,
        backups: backups.desk(),
        restore,
        factory_reset,
        limits: gatehouse_api::Limits::default(),
    }
}

/// Where MQTT without TLS can be reached from other machines.
fn plain_mqtt(addresses: Addresses) -> Vec<Subject> {
    let reachable = |address: &SocketAddr| !address.ip().to_canonical().is_loopback();
    addresses.mqtt.filter(reachable).map(Subject::Listener).into_iter().collect()
}

/// Tells the log, and the ready file, where everything is.
async fn announce(hub: &Hub, addresses: Addresses, ca: PathBuf, ready_file: Option<&Path>) -> anyhow::Result<()> {
    let claim_code = hub.claim_code().await.map_err(|denied| anyhow!("the hub does not answer ({denied:?})"))?;
    let shown = |address: Option<SocketAddr>| address.map_or_else(|| "none".to_owned(), |address| address.to_string());
    let Addresses { http, https, mqtt, mqtts } = addresses;
    tracing::info!(http = shown(http), https = shown(https), mqtt = shown(mqtt), mqtts = shown(mqtts), "ready");
    let link = claim_code.as_ref().and_then(|code| addresses.claim_link(code));
    if let Some(link) = &link {
        tracing::info!("this gateway has no owner yet: open {link}");
    }
    if let Some(path) = ready_file {
        let ready = Ready { http, https, mqtt, mqtts, claim_code, ca: Some(ca) };
        ready.write(path).with_context(|| format!("cannot write the ready file {}", path.display()))?;
    }
    supervisor::ready(link.is_none());
    Ok(())
}
