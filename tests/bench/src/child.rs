//! Programs that the bench starts: ended by their own id, also when the bench fails.

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;
use tokio::time::{interval, timeout};

/// How long a program may take to be there, or to stop.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How often it is looked at meanwhile.
const LOOK_EVERY: Duration = Duration::from_micros(500);

/// A running program. Dropping it kills it.
pub(crate) struct Child {
    name: &'static str,
    process: tokio::process::Child,
    log: PathBuf,
}

impl Child {
    /// Starts it with both outputs in the file `log`.
    pub(crate) fn start(name: &'static str, mut command: Command, log: &Path) -> anyhow::Result<Self> {
        let output = File::create(log)?;
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output).kill_on_drop(true);
        let process = command.spawn().with_context(|| format!("cannot start {name}"))?;
        Ok(Self { name, process, log: log.to_owned() })
    }

    /// Looks again and again until there is something, which is returned.
    pub(crate) async fn until<T>(&mut self, mut look: impl AsyncFnMut() -> Option<T>) -> anyhow::Result<T> {
        let mut again = interval(LOOK_EVERY);
        let found = async {
            loop {
                again.tick().await;
                if let Some(found) = look().await {
                    return found;
                }
            }
        };
        tokio::select! {
            found = timeout(TIMEOUT, found) => found.with_context(|| self.last_words("was not ready in time")),
            ended = self.process.wait() => bail!(self.last_words(&format!("ended: {:?}", ended?))),
        }
    }

    /// SIGTERM, and waits until it is gone.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        let pid = self.pid()?;
        kill_process(pid, Signal::TERM)?;
        let status =
            timeout(TIMEOUT, self.process.wait()).await.with_context(|| self.last_words("does not stop"))??;
        if !status.success() {
            bail!(self.last_words(&format!("stopped with {status}")));
        }
        Ok(())
    }

    /// Resident memory in bytes.
    pub(crate) fn rss(&self) -> anyhow::Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid()?.as_raw_nonzero()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kib * 1024)
    }

    /// Processor time used so far, in seconds.
    pub(crate) fn cpu_seconds(&self) -> anyhow::Result<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid()?.as_raw_nonzero()))?;
        // Fields 14 and 15 of proc_pid_stat(5), in ticks; the second one is the name in parentheses.
        let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
        let ticks: f64 =
            fields.split_whitespace().skip(14 - 3).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
        Ok(ticks / rustix::param::clock_ticks_per_second() as f64)
    }

    /// Ends it as a cut of power does, and waits until it is gone.
    pub(crate) async fn kill(mut self) -> anyhow::Result<()> {
        Ok(self.process.kill().await?)
    }

    fn pid(&self) -> anyhow::Result<Pid> {
        let id = self.process.id().with_context(|| self.last_words("has ended"))?;
        Pid::from_raw(id as i32).context("no process id")
    }

    fn last_words(&self, what: &str) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let tail: Vec<_> = log.lines().rev().take(5).collect();
        let tail: Vec<_> = tail.into_iter().rev().collect();
        format!("{} {what}; it said last:\n{}", self.name, tail.join("\n"))
    }
}

/// A loopback port that is free now.
pub(crate) fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
