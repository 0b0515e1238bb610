//! The pins of a Raspberry Pi, by rppal: `/dev/gpiomem` for levels, `/dev/gpiochip*` for what buttons do, neither of which needs root.

use crate::pins::{OpenError, Pins};
use crate::{MAX_PIN, Wired};
use ::rppal::gpio::{Error, Gpio, InputPin, Level, Mode, OutputPin, Pin, Trigger};
use ::rppal::system::DeviceInfo;
use std::sync::Arc;
use tokio::sync::Notify;

/// Names this boot of the machine (random(4)); empty where the kernel does not say.
pub fn boot_id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

#[derive(Debug)]
enum Line {
    /// Not driven yet.
    Waiting(Pin),
    Output(OutputPin),
    Button(InputPin),
}

/// The pins in use of a Raspberry Pi's header.
#[derive(Debug)]
pub struct RaspberryPi {
    model: String,
    lines: Vec<(u8, Line)>,
    changed: Arc<Notify>,
}

impl RaspberryPi {
    /// Takes the pins. Nothing is driven yet, but that buttons are held up.
    pub fn open(wired: &Wired) -> Result<Self, OpenError> {
        let info = DeviceInfo::new().map_err(|_| OpenError::NoHeader)?;
        let gpio = Gpio::new().map_err(|error| refused(error, 0))?;
        let changed = Arc::new(Notify::new());
        let mut lines = Vec::new();
        let outputs = wired.relays.iter().map(|relay| relay.pin).chain(wired.status_light);
        for pin in outputs {
            lines.push((pin, Line::Waiting(take(&gpio, pin)?)));
        }
        for pin in wired.relays.iter().filter_map(|relay| relay.button).chain(wired.reset_button) {
            let mut button = take(&gpio, pin)?.into_input_pullup();
            let tell = changed.clone();
            let watch = button.set_async_interrupt(Trigger::Both, None, move |_| tell.notify_one());
            watch.map_err(|error| refused(error, pin))?;
            lines.push((pin, Line::Button(button)));
        }
        Ok(Self { model: info.model().to_string(), lines, changed })
    }

    /// What the machine calls itself, "Raspberry Pi 4 B" say.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Told when a button may be another.
    pub fn changed(&self) -> Arc<Notify> {
        self.changed.clone()
    }

    fn line(&self, pin: u8) -> Option<&Line> {
        self.lines.iter().find(|(known, _)| *known == pin).map(|(_, line)| line)
    }
}

fn take(gpio: &Gpio, pin: u8) -> Result<Pin, OpenError> {
    if pin > MAX_PIN {
        return Err(OpenError::Busy { pin, by: "there is no such pin on the header".to_owned() });
    }
    let taken = gpio.get(pin).map_err(|error| refused(error, pin))?;
    match taken.mode() {
        Mode::Input | Mode::Output | Mode::Null => Ok(taken),
        // The system has given it to I²C, SPI, a serial line, …
        mode => Err(OpenError::Busy { pin, by: format!("function {mode}") }),
    }
}

fn refused(error: Error, pin: u8) -> OpenError {
    match error {
        Error::UnknownModel => OpenError::NoHeader,
        // Where it ends when there is no /dev/gpiomem.
        Error::PermissionDenied(path) if path == "/dev/mem" => OpenError::Failed(
            "this kernel has no /dev/gpiomem, and /dev/mem is for root alone; use the kernel of Raspberry Pi OS"
                .to_owned(),
        ),
        Error::PermissionDenied(path) => OpenError::Denied(path),
        Error::PinUsed(pin) | Error::PinNotAvailable(pin) => OpenError::Busy { pin, by: error.to_string() },
        Error::Io(error) if error.kind() == std::io::ErrorKind::ResourceBusy => {
            OpenError::Busy { pin, by: "a driver or another program".to_owned() }
        }
        other => OpenError::Failed(other.to_string()),
    }
}

impl Pins for RaspberryPi {
    fn driven(&self, pin: u8) -> Option<bool> {
        match self.line(pin)? {
            Line::Waiting(pin) if pin.mode() == Mode::Output => Some(pin.read() == Level::High),
            Line::Output(pin) => Some(pin.is_set_high()),
            Line::Waiting(_) | Line::Button(_) => None,
        }
    }

    fn write(&mut self, pin: u8, high: bool) {
        let Some(at) = self.lines.iter().position(|(known, _)| *known == pin) else { return };
        let (number, line) = self.lines.swap_remove(at);
        let line = match line {
            Line::Waiting(pin) => {
                let mut pin = if high { pin.into_output_high() } else { pin.into_output_low() };
                // While the gateway is away, relays stay as they are.
                pin.set_reset_on_drop(false);
                Line::Output(pin)
            }
            Line::Output(mut pin) => {
                pin.write(Level::from(high));
                Line::Output(pin)
            }
            button @ Line::Button(_) => button,
        };
        self.lines.push((number, line));
    }

    fn read(&self, pin: u8) -> bool {
        match self.line(pin) {
            Some(Line::Waiting(pin)) => pin.read() == Level::High,
            Some(Line::Output(pin)) => pin.is_set_high(),
            Some(Line::Button(pin)) => pin.is_high(),
            None => false,
        }
    }
}
