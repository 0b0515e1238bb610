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

/// Why pins cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There are none that are known.
    #[error("this machine has no GPIO header that Gatehouse knows: set [gpio] enabled = false")]
    NoHeader,
    /// Who runs the gateway may not.
    #[error(
        "{0} may not be used by the user that runs the gateway: add it to the group that owns it (ls -l {0}), \"gpio\" usually, and \
         restart the gateway"
    )]
    Denied(String),
    /// A pin does something else.
    #[error(
        "pin {pin} is used by something else ({by}): switch that off (raspi-config, /boot/firmware/config.txt), or take another pin in [gpio]"
    )]
    Busy {
        /// Its BCM number.
        pin: u8,
        /// What the pin says that it is.
        by: String,
    },
    /// Whatever else the system says.
    #[error("the GPIO header cannot be used: {0}")]
    Failed(String),
}
