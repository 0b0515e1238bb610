//! A child process: its lines as they come, signals to it, and its end.

use crate::wait::{PATIENCE, within};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, PipeReader};
use std::process::{ExitStatus, Stdio};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::watch;

/// What a process that has ended left behind.
#[derive(Clone, Debug)]
pub struct Ended {
    /// The exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// All of standard output.
    pub stdout: String,
    /// All of standard error.
    pub stderr: String,
}

/// Lines of one stream so far; true once it has ended.
type Lines = watch::Receiver<(Vec<String>, bool)>;

/// A running child. It is killed when this is dropped, and its standard error is shown when a test fails meanwhile.
#[derive(Debug)]
pub struct Process {
    what: String,
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Lines,
    stderr: Lines,
}

/// Reads in a thread of its own: what was said last is there also when a test panics.
fn collect(pipe: PipeReader) -> Lines {
    let (sender, receiver) = watch::channel((Vec::new(), false));
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
            sender.send_modify(|(all, _)| all.push(String::from_utf8_lossy(&line).into_owned()));
        }
        sender.send_modify(|(_, ended)| *ended = true);
    });
    receiver
}

impl Process {
    /// Starts `command`; `what` is its name in messages.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(what: &str, mut command: Command) -> Self {
        let (stdout, stdout_writer) = std::io::pipe().expect("a pipe");
        let (stderr, stderr_writer) = std::io::pipe().expect("a pipe");
        command.stdin(Stdio::piped()).stdout(stdout_writer).stderr(stderr_writer).kill_on_drop(true);
        let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot start {what}: {error}"));
        let stdin = child.stdin.take();
        Self { what: what.to_owned(), child, stdin, stdout: collect(stdout), stderr: collect(stderr) }
    }

    /// Runs `command` to its end, with nothing on standard input.
    pub async fn run(what: &str, command: Command) -> Ended {
        let mut process = Self::start(what, command);
        process.stdin = None;
        process.ended().await
    }

    /// The process id, while it runs.
    pub fn pid(&self) -> Pid {
        let raw = self.child.id().unwrap_or_else(|| panic!("{} has ended", self.what));
        Pid::from_raw(raw.cast_signed()).expect("a process id is positive")
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap_or_else(|error| panic!("cannot signal {}: {error}", self.what));
    }

    /// Writes a line to standard input.
    pub async fn say(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().expect("standard input is open");
        stdin.write_all(format!("{line}\n").as_bytes()).await.unwrap_or_else(|e| panic!("{}: {e}", self.what));
    }

    /// Line `number` of standard output, from 0, once it is there; none when the stream ended before.
    pub async fn stdout_line(&mut self, number: usize) -> Option<String> {
        let seen = self.stdout.wait_for(|(lines, ended)| lines.len() > number || *ended).await;
        seen.ok().and_then(|seen| seen.0.get(number).cloned())
    }

    /// The first line of standard error at or behind `from` that contains `part`, and the number behind it.
    ///
    /// # Panics
    /// When the process ends or time passes without.
    pub async fn stderr_line(&mut self, from: usize, part: &str) -> (String, usize) {
        let what = format!("{} should say {part:?} on standard error", self.what);
        let find = |lines: &[String]| lines.iter().skip(from).position(|line| line.contains(part)).map(|at| at + from);
        let stderr = &mut self.stderr;
        let seen = stderr.wait_for(|(lines, ended)| *ended || find(lines).is_some());
        let seen = within(PATIENCE, &what, seen).await.expect("the collector runs");
        let at = find(&seen.0).unwrap_or_else(|| panic!("{what}, but it ended"));
        (seen.0[at].clone(), at + 1)
    }

    /// Lines of standard error so far.
    pub fn stderr_so_far(&self) -> Vec<String> {
        self.stderr.borrow().0.clone()
    }

    /// Lines of standard output so far.
    pub fn stdout_so_far(&self) -> Vec<String> {
        self.stdout.borrow().0.clone()
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|status| status.is_some())
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// When it goes on for longer than [`PATIENCE`].
    pub async fn ended(&mut self) -> Ended {
        let what = format!("{} should end", self.what);
        let status: ExitStatus = within(PATIENCE, &what, self.child.wait()).await.expect("a child can be waited for");
        let stdout = within(PATIENCE, &what, self.stdout.wait_for(|(_, ended)| *ended)).await;
        let stdout = stdout.map(|seen| seen.0.join("\n")).unwrap_or_default();
        let stderr = within(PATIENCE, &what, self.stderr.wait_for(|(_, ended)| *ended)).await;
        let stderr = stderr.map(|seen| seen.0.join("\n")).unwrap_or_default();
        Ended { code: status.code(), stdout, stderr }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for line in &self.stderr.borrow().0 {
                eprintln!("{}: {line}", self.what);
            }
        }
    }
}
