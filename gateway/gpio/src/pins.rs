//! What is needed of pins.

/// Pins of a header. Levels are as they are on the wire: true is high.
pub trait Pins: Send + 'static {
    /// The level that a pin drives; none while it is no output.
    fn driven(&self, pin: u8) -> Option<bool>;
    /// Drives a pin. One that was no output is one from then on, at this level from its first moment.
    fn write(&mut self, pin: u8, high: bool);
    /// The level that a pin has now.
    fn read(&self, pin: u8) -> bool;
}

/// Why pins cannot be used. As a whole it is the reason, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[error("{}: {}", self.why(), self.what_to_do())]
pub enum OpenError {
    /// There are none that are known.
    NoHeader,
    /// Who runs the gateway may not use this device.
    Denied(String),
    /// A pin does something else.
    Busy {
        /// Its BCM number.
        pin: u8,
        /// What the pin says that it is.
        by: String,
    },
    /// Whatever else the system says.
    Failed(String),
}

impl OpenError {
    /// The reason, within a sentence and without its end.
    pub fn why(&self) -> String {
        match self {
            Self::NoHeader => "this machine has no GPIO header that Gatehouse knows".to_owned(),
            Self::Denied(device) => format!("{device} may not be used by the user that runs the gateway"),
            Self::Busy { pin, by } => format!("pin {pin} is used by something else ({by})"),
            Self::Failed(error) => error.clone(),
        }
    }

    fn what_to_do(&self) -> String {
        match self {
            Self::NoHeader => "set [gpio] enabled = false".to_owned(),
            Self::Denied(device) => {
                format!("add it to the group that owns it (ls -l {device}), \"gpio\" usually, and restart the gateway")
            }
            Self::Busy { .. } => {
                "switch that off (raspi-config, /boot/firmware/config.txt), or take another pin in [gpio]".to_owned()
            }
            Self::Failed(_) => "the GPIO header cannot be used until that is put right".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_comes_first_and_then_what_to_do() {
        for (error, why, told) in [
            (OpenError::NoHeader, "has no GPIO header", "knows: set [gpio] enabled = false"),
            (OpenError::Denied("/dev/gpiomem".to_owned()), "/dev/gpiomem may not be used", "(ls -l /dev/gpiomem)"),
            (OpenError::Busy { pin: 2, by: "function ALT0".to_owned() }, "(function ALT0)", "take another pin"),
            (OpenError::Failed("no /dev/gpiochip0".to_owned()), "no /dev/gpiochip0", "put right"),
        ] {
            let (reason, whole) = (error.why(), error.to_string());
            assert!(reason.contains(why) && !reason.ends_with('.'), "{reason}");
            assert!(whole.starts_with(&reason) && whole.contains(told), "{whole}");
        }
    }
}
