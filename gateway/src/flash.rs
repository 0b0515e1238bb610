//! `gatehouse flash`: a board at a serial port is given firmware, with its progress on the terminal.

use crate::config::Config;
use crate::control::{Answer, Call, NewFlash, client};
use crate::exit::Failure;
use crate::provision::{another_question, end_of_bar, show};
use clap::Args;
use gatehouse_core::flash::MAX_IMAGE;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

#[derive(Debug, Args)]
pub(crate) struct Flash {
    /// The port it is plugged into: /dev/ttyUSB0
    #[arg(long, value_name = "PATH")]
    port: String,
    /// The image, or the name of one that the gateway holds [default: the only one that it holds]
    #[arg(long, value_name = "FILE")]
    image: Option<String>,
    /// Also when it is the board of a device, which does not work meanwhile and may have to be set up anew
    #[arg(long)]
    even_a_device: bool,
}

impl Flash {
    /// Has the board flashed, and waits until it is, or cannot be.
    pub(crate) fn carry_out(self, config: &Config) -> Result<(), Failure> {
        let Self { port, image, even_a_device } = self;
        let port = std::path::absolute(&port).map_or(port, |path| path.display().to_string());
        let (image, bytes) = match image {
            Some(image) => brought(image)?,
            None => (None, None),
        };
        let length = bytes.as_ref().map(Vec::len);
        let new = NewFlash { port: port.clone(), image, bytes: length, even_a_device };
        let answer = client::call_with(config, &Call::Flash(new), &bytes.unwrap_or_default())?;
        let Answer::FlashBegun { flash, image, version, sha256 } = answer else { return Err(another_question()) };
        let version = version.map(|version| format!(", version {version}")).unwrap_or_default();
        println!("{image}{version}, SHA-256 {sha256}");
        let mut seen = (0, String::new());
        loop {
            let call = Call::Flashing {
                port: port.clone(),
                flash: flash.clone(),
                seen_percent: seen.0,
                seen_message: seen.1.clone(),
            };
            let Answer::FlashAt { percent, message, over, done } = client::call(config, &call)? else {
                return Err(another_question());
            };
            if over && !done {
                end_of_bar();
                return Err(Failure::failed(message));
            }
            if (percent, &message) != (seen.0, &seen.1) {
                show(percent, &message);
            }
            if over {
                end_of_bar();
                return Ok(());
            }
            seen = (percent, message);
        }
    }
}

/// A file's name and bytes; what is no file may be the name of one that the gateway holds.
fn brought(image: String) -> Result<(Option<String>, Option<Vec<u8>>), Failure> {
    let path = Path::new(&image);
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MAX_IMAGE as u64 + 1).read_to_end(&mut bytes));
    match read {
        Ok(_) => {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            Ok((name, Some(bytes)))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok((Some(image), None)),
        Err(error) => Err(Failure::failed(format!("cannot read the image {image}: {error}"))),
    }
}
