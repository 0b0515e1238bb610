//! A board is given firmware, by Espressif's esptool ([0016](../../decisions/0016-esptool-writes-firmware.md)).
//!
//! It runs outside of here and has the port to itself meanwhile. What it prints is all that is known of it, so that is read: the
//! words of its versions 4 and 5. That it ends well counts only with its word that the memory holds what was written.

use crate::line::Line;
use crate::task::Teller;
use gatehouse_core::flash::{FirmwareImage, FlashProgress, FlashTrouble};
use gatehouse_core::onboarding::{PortName, PortTrouble};
use rustix::process::{Pid, Signal, kill_process_group};
use std::io::{self, PipeReader, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Bits a second: what every adapter and cable does.
const SPEED: &str = "115200";
/// Longest line of its output that is looked at, in bytes; the rest of a longer one is dropped.
const MAX_LINE: usize = 400;
/// Lines that may wait to be looked at; then it waits itself.
const LINES: usize = 16;
/// How long one that was killed may take to be gone: the kernel may wait for the port.
const GONE_WITHIN: Duration = Duration::from_secs(5);

/// What writes firmware.
#[derive(Clone, Debug)]
pub struct Flasher {
    /// What it may be called: the first that there is counts.
    pub programs: Vec<PathBuf>,
    /// Where the image is while it is written.
    pub scratch: PathBuf,
}

impl Flasher {
    /// That which is installed: Debian calls it `esptool`, as do its versions since 5; before, it is `esptool.py`.
    pub fn installed(scratch: PathBuf) -> Self {
        Self { programs: vec!["esptool".into(), "esptool.py".into()], scratch }
    }
}

/// What it has printed so far, as far as that matters.
#[derive(Debug, Default)]
struct Heard {
    connected: bool,
    verified: bool,
    trouble: Option<FlashTrouble>,
}

impl Heard {
    /// Takes a line, and says what it tells of how far it is.
    fn line(&mut self, line: &str) -> Option<FlashProgress> {
        let has = |words: &str| line.contains(words);
        if has("Wrong --chip argument") || has("Unexpected chip") || has("This chip is ESP") {
            self.trouble = Some(FlashTrouble::WrongChip);
        } else if has("MD5 of file does not match") || has("Verify failed") {
            self.trouble = Some(FlashTrouble::NotVerified);
        } else if has("Failed to connect") {
            self.trouble = Some(FlashTrouble::NoLoader);
        } else if has("port is busy") {
            self.trouble = Some(FlashTrouble::Port(PortTrouble::InUse));
        } else if has("chip stopped responding") || has("Timed out waiting") || has("No serial data received") {
            self.trouble.get_or_insert(FlashTrouble::Port(PortTrouble::Silent));
        } else if has("Hash of data verified") {
            self.verified = true;
        } else if line.starts_with("Chip is ") || line.starts_with("Connected to ") {
            self.connected = true;
            return Some(FlashProgress::Connected);
        } else if line.starts_with("Writing at ") {
            return percent(line).map(FlashProgress::Written);
        } else if line.starts_with("Wrote ") {
            return Some(FlashProgress::Verifying);
        }
        None
    }

    /// How it ended.
    fn end(self, well: bool, port_is_there: bool) -> Result<(), FlashTrouble> {
        match (well, self.trouble) {
            (true, _) if self.verified => Ok(()),
            (true, _) => Err(FlashTrouble::NotVerified),
            (false, _) if !port_is_there => Err(FlashTrouble::Port(PortTrouble::Gone)),
            (false, Some(FlashTrouble::Port(PortTrouble::Silent))) if !self.connected => Err(FlashTrouble::NoLoader),
            (false, Some(trouble)) => Err(trouble),
            (false, None) => Err(FlashTrouble::Broken),
        }
    }
}

/// The number before the sign: `(25 %)`, `27.3%`.
fn percent(line: &str) -> Option<u8> {
    let before = line.split_once('%')?.0.trim_end();
    let number = before.rsplit([' ', '(']).next()?;
    number.split('.').next()?.parse().ok().filter(|percent| *percent <= 100)
}

/// Writes an image to the board at a port, and tells how far it is; until `stop`, with which it is killed.
pub(crate) async fn flash(
    port: &PortName,
    image: &FirmwareImage,
    flasher: &Flasher,
    teller: &Teller,
    stop: &CancellationToken,
) -> Result<(), FlashTrouble> {
    // Why a port cannot be opened is known best by opening it. That resets nothing.
    let line = Line::open(port).await.map_err(FlashTrouble::Port)?;
    let resets = line.has_lines();
    drop(line);
    let file = Scratch::write(&flasher.scratch, port, image).map_err(|error| {
        tracing::error!(%error, "an image to flash cannot be written to the data directory");
        FlashTrouble::Broken
    })?;
    let mut tool = Tool::start(flasher, &arguments(port, &file.0, resets))?;
    let mut heard = Heard::default();
    loop {
        tokio::select! {
            () = stop.cancelled() => {
                tool.kill().await;
                return Err(FlashTrouble::Cancelled);
            }
            line = tool.lines.recv() => match line {
                Some(line) => {
                    tracing::debug!(%port, line, "esptool says");
                    if let Some(progress) = heard.line(&line) {
                        teller.flashing(progress).await;
                    }
                }
                None => break,
            }
        }
    }
    let well = tool.ended().await;
    let ended = heard.end(well, Path::new(&*port.0).exists());
    if ended.is_ok() {
        teller.flashing(FlashProgress::Verified).await;
    }
    ended
}

/// Whoever has no lines to reset the chip by has put it into its loader by hand.
fn arguments(port: &PortName, image: &Path, resets: bool) -> Vec<String> {
    let (before, after) = if resets { ("default_reset", "hard_reset") } else { ("no_reset", "no_reset") };
    let image = image.display().to_string();
    let arguments = ["--chip", "esp8266", "--port", &port.0, "--baud", SPEED, "--before", before, "--after", after];
    arguments.into_iter().chain(["write_flash", "0x0", &image]).map(str::to_owned).collect()
}

/// The image's file, as long as it is written from.
struct Scratch(PathBuf);

impl Scratch {
    /// One a port; what an end by force left behind is overwritten.
    fn write(folder: &Path, port: &PortName, image: &FirmwareImage) -> io::Result<Self> {
        let name: String = port.0.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let file = Self(folder.join(format!("flash{name}.part")));
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        io::Write::write_all(&mut options.open(&file.0)?, &image.bytes)?;
        Ok(file)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _may_be_gone = std::fs::remove_file(&self.0);
    }
}

/// The program, as long as it runs. It goes with this.
struct Tool {
    /// None once it has ended.
    group: Option<Pid>,
    lines: mpsc::Receiver<String>,
    end: JoinHandle<bool>,
}

impl Tool {
    fn start(flasher: &Flasher, arguments: &[String]) -> Result<Self, FlashTrouble> {
        for program in &flasher.programs {
            match spawn(program, arguments, &flasher.scratch) {
                Ok((child, output)) => {
                    tracing::info!(program = %program.display(), ?arguments, "a board is flashed");
                    let (sender, lines) = mpsc::channel(LINES);
                    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
                    let end = tokio::task::spawn_blocking(move || attend(child, output, &sender));
                    return Ok(Self { group, lines, end });
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => tracing::warn!(program = %program.display(), %error, "esptool cannot be started"),
            }
        }
        Err(FlashTrouble::NoTool)
    }

    /// Whether it ended well. Call it when there are no more lines.
    async fn ended(&mut self) -> bool {
        let well = (&mut self.end).await.unwrap_or(false);
        self.group = None;
        well
    }

    async fn kill(&mut self) {
        self.end_by_force();
        self.lines.close();
        let _kernel_waits = tokio::time::timeout(GONE_WITHIN, &mut self.end).await;
    }

    fn end_by_force(&mut self) {
        if let Some(group) = self.group.take() {
            let _gone = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for Tool {
    fn drop(&mut self) {
        self.end_by_force();
    }
}

/// Starts it in a group of its own, with nothing of this process but the way to programs, and both its outputs as one.
fn spawn(program: &Path, arguments: &[String], folder: &Path) -> io::Result<(Child, PipeReader)> {
    let (output, into) = io::pipe()?;
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).env_clear().process_group(0);
    command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    command.envs([("LANG", "C.UTF-8"), ("PYTHONUNBUFFERED", "1"), ("PYTHONDONTWRITEBYTECODE", "1"), ("NO_COLOR", "1")]);
    command.stdin(Stdio::null()).stdout(into.try_clone()?).stderr(into);
    Ok((command.spawn()?, output))
}

/// Reads what it prints to its end, and says whether that was a good one.
fn attend(mut child: Child, mut output: PipeReader, lines: &mpsc::Sender<String>) -> bool {
    let (mut bytes, mut line) = ([0; 1024], Vec::new());
    while let Ok(length @ 1..) = output.read(&mut bytes) {
        for &byte in &bytes[..length] {
            if !matches!(byte, b'\n' | b'\r') {
                if line.len() < MAX_LINE {
                    line.push(byte);
                }
            } else if !line.is_empty() {
                let text = String::from_utf8_lossy(&line).into_owned();
                line.clear();
                // Nobody listens any more when it is killed.
                let _killed = lines.blocking_send(text);
            }
        }
    }
    if !line.is_empty() {
        let _killed = lines.blocking_send(String::from_utf8_lossy(&line).into_owned());
    }
    child.wait().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told of these lines, and how it ends.
    fn told(text: &str, well: bool, there: bool) -> (Vec<FlashProgress>, Result<(), FlashTrouble>) {
        let mut heard = Heard::default();
        let progress = text.split(['\n', '\r']).filter_map(|line| heard.line(line)).collect();
        (progress, heard.end(well, there))
    }

    /// As version 4.8.1 prints it, and 5.6.0.
    const FOUR: &str = "esptool.py v4.8.1\nConnecting...\nChip is ESP8266EX\nStub running...\nCompressed 60032 bytes to 60058...\n\
        \rWriting at 0x00000000... (25 %)\rWriting at 0x00003ff9... (100 %)\nWrote 60032 bytes (60058 compressed) at 0x00000000 in \
        0.0 seconds\nHash of data verified.\nLeaving...\n";
    const FIVE: &str = "esptool v5.6.0\nConnecting...\nConnected to ESP8266 on /dev/ttyUSB0:\nChip type:          ESP8266EX\n\
        Writing at 0x00004000 \u{2501}\u{2501}\u{2501}          27.3% 16.00kB/58.62kB [0s]\n\
        Writing at 0x0000ea80 \u{2501}\u{2501}\u{2501}\u{2501} 100.0% 58.62kB/58.62kB [0s]\nWrote 60032 bytes at 0x00000000 in 0.2 \
        seconds (2673.3 kbit/s).\nVerifying written data...\nHash of data verified.\n";

    #[test]
    fn both_versions_are_understood() {
        for (text, first) in [(FOUR, 25), (FIVE, 27)] {
            let (progress, end) = told(text, true, true);
            let wanted = [
                FlashProgress::Connected,
                FlashProgress::Written(first),
                FlashProgress::Written(100),
                FlashProgress::Verifying,
            ];
            assert_eq!((&progress[..], end), (&wanted[..], Ok(())));
            // Its word without its good end, and the other way round, is not enough.
            assert_eq!(told(text, false, true).1, Err(FlashTrouble::Broken));
            let unverified = text.replace("Hash of data verified.", "");
            assert_eq!(told(&unverified, true, true).1, Err(FlashTrouble::NotVerified));
        }
    }

    #[test]
    fn why_it_failed_is_told_as_something_to_act_on() {
        let silent = FlashTrouble::Port(PortTrouble::Silent);
        for (text, there, wanted) in [
            (
                "A fatal error occurred: Failed to connect to ESP8266: No serial data received.",
                true,
                FlashTrouble::NoLoader,
            ),
            (
                "A fatal error occurred: Failed to connect to ESP8266: Timed out waiting for packet header",
                true,
                FlashTrouble::NoLoader,
            ),
            ("Failed to connect to Espressif device: Invalid head of packet", true, FlashTrouble::NoLoader),
            (
                "A fatal error occurred: This chip is ESP32 not ESP8266. Wrong --chip argument?",
                true,
                FlashTrouble::WrongChip,
            ),
            (
                "A fatal error occurred: This chip is ESP32-S3, not ESP8266. Wrong chip argument?",
                true,
                FlashTrouble::WrongChip,
            ),
            ("A fatal error occurred: MD5 of file does not match data in flash!", true, FlashTrouble::NotVerified),
            (
                "Could not open /dev/ttyUSB0, the port is busy or doesn't exist.",
                true,
                FlashTrouble::Port(PortTrouble::InUse),
            ),
            (
                "Could not open /dev/ttyUSB0, the port is busy or doesn't exist.",
                false,
                FlashTrouble::Port(PortTrouble::Gone),
            ),
            ("Chip is ESP8266EX\nA fatal error occurred: Timed out waiting for packet content", true, silent),
            ("The chip stopped responding.", true, FlashTrouble::NoLoader),
            (
                "Chip is ESP8266EX\nWriting at 0x0... (3 %)\nInput/output error",
                false,
                FlashTrouble::Port(PortTrouble::Gone),
            ),
            ("Traceback (most recent call last):", true, FlashTrouble::Broken),
            ("", true, FlashTrouble::Broken),
        ] {
            assert_eq!(told(text, false, there).1, Err(wanted), "{text}");
        }
        assert_eq!(["(100 %)", "(101 %)", "x%", "%", "12.9%"].map(percent), [Some(100), None, None, None, Some(12)]);
    }

    #[test]
    fn the_lines_that_reset_a_chip_are_used_where_there_are_any() {
        let port = PortName("/dev/ttyUSB0".into());
        let with = |resets| arguments(&port, Path::new("/x/image"), resets).join(" ");
        let wanted = "--chip esp8266 --port /dev/ttyUSB0 --baud 115200 --before default_reset --after hard_reset write_flash 0x0 /x/image";
        assert_eq!(with(true), wanted);
        assert_eq!(with(false), wanted.replace("default_reset", "no_reset").replace("hard_reset", "no_reset"));
    }
}
