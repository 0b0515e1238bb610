//! Section `[firmware]`: what boards are given over their cable, and what writes it.

use super::Failure;
use serde::Deserialize;
use std::path::PathBuf;

/// Keys of this section.
pub(super) const KEYS: &[&str] = &["directory", "esptool"];
/// Where a package puts images.
const DIRECTORY: &str = "/usr/share/gatehouse/firmware";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawFirmware {
    directory: PathBuf,
    esptool: PathBuf,
}

impl Default for RawFirmware {
    fn default() -> Self {
        Self { directory: PathBuf::from(DIRECTORY), esptool: PathBuf::new() }
    }
}

/// Firmware for boards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Firmware {
    /// Where images are.
    pub(crate) directory: PathBuf,
    /// The program that writes them; none for the one that is installed.
    pub(crate) esptool: Option<PathBuf>,
}

impl RawFirmware {
    pub(super) fn check(self) -> Result<Firmware, Failure> {
        let esptool = Some(self.esptool).filter(|path| !path.as_os_str().is_empty());
        for (key, path) in [("directory", Some(&self.directory)), ("esptool", esptool.as_ref())] {
            if path.is_some_and(|path| !path.is_absolute()) {
                return Err(Failure::usage(format!("[firmware] {key} must be a whole path, beginning with /")));
            }
        }
        Ok(Firmware { directory: self.directory, esptool })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_whole_ones() {
        let with = |directory: &str, esptool: &str| {
            RawFirmware { directory: directory.into(), esptool: esptool.into() }.check()
        };
        assert_eq!(with(DIRECTORY, "").unwrap().esptool, None);
        assert_eq!(with("/x", "/opt/esptool").unwrap().esptool, Some(PathBuf::from("/opt/esptool")));
        for (directory, esptool) in [("firmware", ""), ("", ""), ("/x", "esptool")] {
            assert!(format!("{:?}", with(directory, esptool).unwrap_err()).contains("beginning with /"));
        }
    }
}
