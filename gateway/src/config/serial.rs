//! Section `[serial]`: which ports boards may be plugged into.

use crate::exit::Failure;
use serde::Deserialize;

/// Keys of this section.
pub(super) const KEYS: &[&str] = &["ports"];
/// Where Linux has the ports of USB adapters and boards.
const PORTS: [&str; 2] = ["/dev/ttyUSB*", "/dev/ttyACM*"];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawSerial {
    ports: Vec<String>,
}

impl Default for RawSerial {
    fn default() -> Self {
        Self { ports: PORTS.map(str::to_owned).to_vec() }
    }
}

impl RawSerial {
    /// The globs.
    pub(super) fn check(self) -> Result<Vec<String>, Failure> {
        for glob in &self.ports {
            gatehouse_serial::check_glob(glob).map_err(|why| {
                Failure::usage(format!(
                    "[serial] ports: {glob:?} is no pattern for ports, such as \"/dev/ttyUSB*\": {why}"
                ))
            })?;
        }
        Ok(self.ports)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ports(ports: &[&str]) -> Result<Vec<String>, Failure> {
        RawSerial { ports: ports.iter().map(|port| (*port).to_owned()).collect() }.check()
    }

    #[test]
    fn ports_are_globs_of_whole_paths_or_none() {
        assert_eq!(RawSerial::default().check().unwrap(), PORTS);
        assert_eq!(ports(&[]).unwrap(), [""; 0]);
        for bad in ["ttyUSB0", "/dev/tty[", ""] {
            let error = format!("{:?}", ports(&["/dev/ttyUSB0", bad]).unwrap_err());
            assert!(error.contains(bad) && error.contains("/dev/ttyUSB*"), "{error}");
        }
    }
}
