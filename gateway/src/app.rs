//! The composition root: opens what must be open, hands round the ends of the channels, and stops in order.

use crate::config::Config;
use crate::control::server::Control;
use crate::control::{claim_link, socket_path};
use crate::exit::Failure;
use crate::ready_file::Ready;
use anyhow::{Context, anyhow};
use gatehouse_api::Api;
use gatehouse_broker::{Broker, Limits};
use gatehouse_core::access::Credentials;
use gatehouse_core::device::Order;
use gatehouse_hub::{Hub, Ports};
use gatehouse_store::{Batch, Opened, Writer};
use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Board events that may wait for the hub; then the boards' connections stop reading.
const BOARD_EVENTS: usize = 1_024;
/// Tickets that may be written and not yet noticed.
const WRITTEN: usize = 1_024;
/// How long a stop may take, part by part, before the daemon goes on without it.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);
/// Threads for everything but the store: the hub is one task, and a Pi has few cores.
const WORKERS: usize = 2;

/// Runs the gateway until it is told to stop.
pub(crate) fn run(config: &Config, ready_file: Option<&Path>) -> Result<(), Failure> {
    start_log();
    let opened = open_store(&config.data_dir)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(serve(config, opened, ready_file)).map_err(Failure::from)
}

/// Opens the database. redb panics on some damaged files, of which the store makes an error; the error is all that people
/// are to be told. Nothing else runs yet, so nobody else's panic is hushed.
fn open_store(data_dir: &Path) -> anyhow::Result<Opened> {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let opened = std::panic::catch_unwind(|| gatehouse_store::open(data_dir));
    std::panic::set_hook(hook);
    let defect =
        |_| anyhow!("the database in {} cannot be opened: a defect of gatehouse, please report it", data_dir.display());
    Ok(opened.map_err(defect)??)
}

/// Logs to standard error; `GATEHOUSE_LOG` takes a filter, `debug` say. The router's own spans would cost a tap up to a
/// quarter of its time, and say nothing that the edge does not.
fn start_log() {
    let filter = std::env::var("GATEHOUSE_LOG").unwrap_or_else(|_| "info".to_owned());
    let filter = tracing_subscriber::EnvFilter::try_new(format!("{filter},rumqttd=off,poem=warn,async_graphql=warn"))
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info,rumqttd=off"));
    // Colours are for people: in a file or the journal they are noise.
    let colours = std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    log.with_ansi(colours).init();
}

/// One part of the daemon: it runs until its token is cancelled.
struct Part {
    name: &'static str,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Part {
    fn start<F>(name: &'static str, run: impl FnOnce(CancellationToken) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let stop = CancellationToken::new();
        let task = tokio::spawn(run(stop.clone()));
        Self { name, stop, task }
    }

    /// Tells it to stop, and waits until it has.
    async fn stop(mut self) {
        self.stop.cancel();
        if tokio::time::timeout(STOP_TIMEOUT, &mut self.task).await.is_err() {
            tracing::warn!(part = self.name, "did not stop in time");
            self.task.abort();
        }
    }
}

async fn serve(config: &Config, opened: Opened, ready_file: Option<&Path>) -> anyhow::Result<()> {
    let http = listen("[http] listen", config.http).await?;
    let mqtt = listen("[mqtt] listen", config.mqtt).await?;
    let mut stop_asked = StopAsked::new()?;

    let reader = opened.store.reader();
    let (written_sender, written) = mpsc::channel(WRITTEN);
    let writer = opened.store.start_writer(move |ticket, result| {
        if let Err(error) = &result {
            tracing::error!(%error, "the database could not write");
        }
        // The hub is gone only when the daemon stops.
        let _hub_gone = written_sender.blocking_send((ticket, result.is_ok()));
    });

    let (credentials_sender, credentials) = watch::channel(Arc::new(Credentials::default()));
    let (board_sender, boards) = mpsc::channel(BOARD_EVENTS);
    let (broker, orders) = Broker::new(Limits::default(), credentials, board_sender);
    let queue = writer.queue();
    let ports = Ports {
        boards,
        orders: Box::new(move |order: &Order| {
            if let Err(not_sent) = orders.send(order) {
                // Its deadline settles the command; nothing is queued for a board that cannot take it now.
                tracing::debug!(board = %order.board, ?not_sent, "a command was not sent");
            }
        }),
        writes: Box::new(move |ticket, records| {
            queue.try_send(Batch { ticket, records }).map_err(|full| full.0.records)
        }),
        written,
        credentials: credentials_sender,
    };
    let (hub, event_loop) = gatehouse_hub::hub(opened.boot, opened.records, ports);

    let http_address = address(http.as_ref())?;
    let mqtt_address = address(mqtt.as_ref())?;
    let (ready_sender, ready) = watch::channel(false);
    let control = Control::bind(&socket_path(config), hub.clone(), http_address)?;

    let event_loop = Part::start("hub", |stop| event_loop.run(stop));
    let api = http.map(|listener| {
        let api = Api::new(hub.clone(), reader, ready, settings(config));
        let listeners = vec![gatehouse_api::Listener { socket: listener, serve: gatehouse_api::Serve::Everything }];
        Part::start("api", |stop| api.run(listeners, stop))
    });
    let edge = mqtt.map(|socket| {
        let listeners = vec![gatehouse_broker::Listener { socket, tls: None }];
        Part::start("edge", |stop| broker.run(listeners, stop))
    });
    let control = Part::start("control socket", |stop| control.run(stop));

    ready_sender.send_replace(true);
    announce(&hub, http_address, mqtt_address, ready_file).await?;

    let parts = [Some(event_loop), api, edge, Some(control)];
    let ended = run_until(&mut stop_asked, parts, writer).await;
    tracing::info!("stopped");
    ended
}

/// Waits for the end, then stops in order: the API takes nothing new, the edge closes, the hub settles what is open, the
/// API answers it, the writer commits.
async fn run_until(stop_asked: &mut StopAsked, parts: [Option<Part>; 4], writer: Writer) -> anyhow::Result<()> {
    let [event_loop, mut api, edge, control] = parts;
    let Some(mut event_loop) = event_loop else { return Err(anyhow!("there is no hub to run")) };
    let ended = tokio::select! {
        () = stop_asked.wait() => Ok(()),
        end = &mut event_loop.task => Err(anyhow!("the hub ended on its own ({end:?})")),
        end = task_of(&mut api) => Err(anyhow!("the API ended on its own ({end})")),
        () = writer.ended() => Err(anyhow!("the database's writer ended on its own")),
    };
    tracing::info!("stopping");
    if let Some(api) = &api {
        api.stop.cancel();
    }
    for part in [control, edge].into_iter().flatten() {
        part.stop().await;
    }
    if !event_loop.task.is_finished() {
        event_loop.stop().await;
    }
    if let Some(api) = api.filter(|api| !api.task.is_finished()) {
        api.stop().await;
    }
    let committed = tokio::task::spawn_blocking(move || writer.stop()).await;
    ended.and(committed.context("the database's writer failed")?.context("the last records could not be written"))
}

async fn task_of(part: &mut Option<Part>) -> String {
    match part {
        Some(part) => format!("{:?}", (&mut part.task).await),
        None => std::future::pending().await,
    }
}

async fn listen(key: &str, address: Option<SocketAddr>) -> anyhow::Result<Option<TcpListener>> {
    let Some(address) = address else { return Ok(None) };
    let listener = TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address}: stop the program that uses it, or set {key} to another address")
    })?;
    Ok(Some(listener))
}

fn address(listener: Option<&TcpListener>) -> anyhow::Result<Option<SocketAddr>> {
    listener.map(TcpListener::local_addr).transpose().context("cannot read back a listener's address")
}

fn settings(config: &Config) -> gatehouse_api::Settings {
    gatehouse_api::Settings {
        public_hosts: config.public_name.iter().cloned().collect(),
        allowed_origins: config.allowed_origins.clone(),
        time_zone: iana_time_zone::get_timezone().unwrap_or_else(|_| "Etc/UTC".to_owned()),
        version: env!("CARGO_PKG_VERSION"),
        ca: None,
        limits: gatehouse_api::Limits::default(),
    }
}

/// Tells the log, and the ready file, where everything is.
async fn announce(
    hub: &Hub,
    http: Option<SocketAddr>,
    mqtt: Option<SocketAddr>,
    ready_file: Option<&Path>,
) -> anyhow::Result<()> {
    let claim_code = hub.claim_code().await.map_err(|denied| anyhow!("the hub does not answer ({denied:?})"))?;
    let shown = |address: Option<SocketAddr>| address.map_or_else(|| "none".to_owned(), |address| address.to_string());
    tracing::info!(http = shown(http), mqtt = shown(mqtt), "ready");
    if let (Some(http), Some(code)) = (http, &claim_code) {
        tracing::info!("this gateway has no owner yet: open {}", claim_link(http, code));
    }
    if let Some(path) = ready_file {
        let ready = Ready { http, https: None, mqtt, mqtts: None, claim_code, ca: None };
        ready.write(path).with_context(|| format!("cannot write the ready file {}", path.display()))?;
    }
    Ok(())
}

/// SIGTERM, or Ctrl-C.
struct StopAsked {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl StopAsked {
    fn new() -> anyhow::Result<Self> {
        let on = |kind| signal(kind).context("cannot listen for signals");
        Ok(Self { terminate: on(SignalKind::terminate())?, interrupt: on(SignalKind::interrupt())? })
    }

    async fn wait(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
