//! The gateway under test: started, claimed, its boards registered.

use crate::board::{id_of, secret_of};
use crate::child::{Child, free_port};
use crate::graphql;
use crate::http::Http;
use crate::table::is_real_time;
use anyhow::{Context, bail};
use futures_util::{StreamExt, TryStreamExt, stream};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde::Deserialize;
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::process::Command;

/// Boards registered at a time; the control socket takes 16 callers.
const REGISTERED_AT_ONCE: usize = 8;

/// A home's files, and how to start a gateway on them.
pub(crate) struct Home {
    program: PathBuf,
    directory: tempfile::TempDir,
    /// Where it serves HTTP.
    pub(crate) http: SocketAddr,
    /// Where it serves MQTT.
    pub(crate) mqtt: SocketAddr,
    /// Where it serves MQTT over TLS.
    pub(crate) mqtts: SocketAddr,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ready {
    claim_code: Option<String>,
    ca: PathBuf,
}

/// What an integration logs in with.
#[derive(Clone, Deserialize)]
pub(crate) struct Login {
    pub(crate) user: String,
    pub(crate) password: String,
}

impl Home {
    /// An empty home on free loopback ports.
    pub(crate) fn new(program: &Path) -> anyhow::Result<Self> {
        Self::reached_at(program, Ipv4Addr::LOCALHOST)
    }

    /// An empty home whose gateway's MQTT over TLS other machines reach too, so that it speaks mDNS.
    pub(crate) fn in_network(program: &Path) -> anyhow::Result<Self> {
        Self::reached_at(program, Ipv4Addr::UNSPECIFIED)
    }

    fn reached_at(program: &Path, mqtts: Ipv4Addr) -> anyhow::Result<Self> {
        let port = || anyhow::Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?)));
        let (http, mqtt, mqtts) = (port()?, port()?, SocketAddr::from((mqtts, free_port()?)));
        let directory = tempfile::tempdir()?;
        // Its own boards may be plugged in; those of whoever runs this are left alone.
        let ports = directory.path().join("tty*");
        // Twenty publishers and as many subscribers are more than a home usually has.
        let config = format!(
            "[http]\nlisten = \"{http}\"\nplain = true\n[mqtt]\nlisten = \"{mqtt}\"\ntls_listen = \"{mqtts}\"\n[limits]\n\
             integrations = 64\n[serial]\nports = [{ports:?}]\n"
        );
        std::fs::write(directory.path().join("config.toml"), config)?;
        Ok(Self { program: program.to_owned(), directory, http, mqtt, mqtts })
    }

    /// A file of this home; a board whose port is called `tty` and more is plugged in.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Starts the gateway; it need not be ready yet.
    pub(crate) fn start(&self) -> anyhow::Result<Child> {
        self.start_by(Command::new(&self.program))
    }

    /// As [`Self::start`], with the ordinary scheduling that a gateway has, whatever the bench itself has: under a real-time
    /// policy no thread stands back for another.
    pub(crate) fn start_ordinary(&self) -> anyhow::Result<Child> {
        if !is_real_time() {
            return self.start();
        }
        let mut command = Command::new("chrt");
        command.args(["--other", "0"]).arg(&self.program);
        self.start_by(command)
    }

    fn start_by(&self, mut command: Command) -> anyhow::Result<Child> {
        let ready = self.path("ready.json");
        if ready.exists() {
            std::fs::remove_file(&ready)?;
        }
        command.arg("run").arg("--config").arg(self.path("config.toml"));
        command.arg("--data-dir").arg(self.path("data")).arg("--ready-file").arg(ready);
        Child::start("the gateway", command, &self.path("gateway.log"))
    }

    /// Waits until `/readyz` answers 200.
    pub(crate) async fn ready(&self, child: &mut Child) -> anyhow::Result<()> {
        child
            .until(async || {
                (Http::connect(self.http, None).await.ok()?.get("/readyz").await.ok()? == 200).then_some(())
            })
            .await
    }

    async fn read_ready(&self, child: &mut Child) -> anyhow::Result<Ready> {
        let ready = child.until(async || std::fs::read(self.path("ready.json")).ok()).await?;
        Ok(serde_json::from_slice(&ready)?)
    }

    /// The name under which boards know this gateway: the home's id stands in its authority's name.
    pub(crate) async fn board_server_name(&self, child: &mut Child) -> anyhow::Result<String> {
        let Ready { ca, .. } = self.read_ready(child).await?;
        let der = CertificateDer::from_pem_file(&ca).with_context(|| format!("{}", ca.display()))?;
        let word = b"Gatehouse ";
        let at = der.windows(word.len()).position(|window| window == word).context("an authority of another name")?;
        let id = der.get(at + word.len()..at + word.len() + 8).context("an authority without a home")?;
        Ok(format!("{}.gatehouse.internal", String::from_utf8_lossy(id).to_lowercase()))
    }

    /// Makes integrations that may say and hear everything under `bench/`, as the dashboard does.
    pub(crate) async fn integrations(&self, token: &str, count: usize) -> anyhow::Result<Vec<Login>> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Created {
            create_integration: Login,
        }
        let mut connection = Http::connect(self.http, Some(token)).await?;
        let mut logins = Vec::new();
        for number in 0..count {
            let answer = connection.graphql(&graphql::create_integration(&format!("Bench {number}"))).await?;
            logins.push(graphql::read::<Created>(&answer)?.create_integration);
        }
        Ok(logins)
    }

    /// Makes Ana its owner; her token.
    pub(crate) async fn claim(&self, child: &mut Child) -> anyhow::Result<String> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Claimed {
            claim_gateway: Session,
        }
        #[derive(Deserialize)]
        struct Session {
            token: Option<String>,
        }
        let Ready { claim_code, .. } = self.read_ready(child).await?;
        let request = graphql::claim(&claim_code.context("the home has an owner already")?);
        let answer = Http::connect(self.http, None).await?.graphql(&request).await?;
        let Claimed { claim_gateway } = graphql::read(&answer)?;
        claim_gateway.token.context("no token for a program")
    }

    /// Registers boards 0 to `count`, as `gatehouse board register` does.
    pub(crate) async fn register(&self, count: usize, relays: usize) -> anyhow::Result<()> {
        let calls = (0..count).map(|number| self.register_one(number, relays));
        stream::iter(calls).buffer_unordered(REGISTERED_AT_ONCE).try_collect::<Vec<()>>().await?;
        Ok(())
    }

    async fn register_one(&self, number: usize, relays: usize) -> anyhow::Result<()> {
        let id = id_of(number)?;
        let call = json!({
            "call": "register-board", "id": id.as_str(), "secret": secret_of(number),
            "name": id.as_str(), "room": null, "relays": relays,
        });
        let mut stream = UnixStream::connect(self.path("data").join("control.sock")).await?;
        stream.write_all(format!("{call}\n").as_bytes()).await?;
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer).await?;
        let value: Value = serde_json::from_str(&answer).with_context(|| format!("registering: {answer:?}"))?;
        if value["answer"] != "registered" {
            bail!("board {number} was not registered: {answer}");
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct Devices {
    devices: Vec<Device>,
}

#[derive(Deserialize)]
struct Device {
    name: String,
    availability: String,
    switches: Vec<Switch>,
}

#[derive(Deserialize)]
struct Switch {
    id: String,
}

/// Ids of the switches of boards 0 to `boards`, once all of them are online.
pub(crate) async fn switches_online(
    http: SocketAddr,
    token: &str,
    child: &mut Child,
    boards: usize,
) -> anyhow::Result<Vec<Vec<String>>> {
    let mut connection = Http::connect(http, Some(token)).await?;
    let query = graphql::query("{ devices { name availability switches { id } } }");
    let names = (0..boards).map(id_of).collect::<Result<Vec<_>, _>>()?;
    let online = child.until(async || {
        let answer = connection.graphql(&query).await;
        let Devices { mut devices } = match answer.and_then(|body| graphql::read(&body)) {
            Ok(devices) => devices,
            Err(error) => return Some(Err(error)),
        };
        devices.sort_by(|a, b| a.name.cmp(&b.name));
        let there = devices.iter().map(|device| device.name.as_str()).eq(names.iter().map(|name| name.as_str()));
        let online = there && devices.iter().all(|device| device.availability == "ONLINE");
        online.then(|| {
            Ok(devices.into_iter().map(|device| device.switches.into_iter().map(|s| s.id).collect()).collect())
        })
    });
    online.await?
}
