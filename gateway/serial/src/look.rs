//! Which ports are there.

use crate::Config;
use crate::usb::{self, Plugged};
use gatehouse_core::onboarding::{Port, PortAccess, PortEvent, PortName};
use rustix::fs::{Access, access};
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

/// Most ports that are told of.
const MAX_PORTS: usize = 64;

/// A port as it was at one look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    port: Port,
    /// The kernel's node: what is unplugged and plugged in between two looks has another.
    node: (u64, u64),
}

/// The ports that are there now. What cannot be read is not there.
pub(crate) fn ports(config: &Config) -> BTreeMap<PortName, Seen> {
    let (mut seen, mut devices) = (BTreeMap::new(), BTreeSet::new());
    let paths = config.ports.iter().filter_map(|pattern| glob::glob(pattern).ok()).flatten().flatten();
    for path in paths.take(MAX_PORTS) {
        // One port may have several names, by symlinks: the first counts.
        if let Some((port, node, device)) = port(config, &path)
            && devices.insert(device)
        {
            seen.insert(port.name.clone(), Seen { port, node });
        }
    }
    seen
}

fn port(config: &Config, path: &Path) -> Option<(Port, (u64, u64), u64)> {
    let name = path.to_str()?;
    let device = path.canonicalize().ok()?;
    let metadata = device.metadata().ok()?;
    if !metadata.file_type().is_char_device() {
        return None;
    }
    let plugged = device.file_name().and_then(|terminal| usb::plugged(&config.sys, terminal.to_str()?));
    let (adapter, location) = match plugged {
        Some(Plugged { adapter, location }) => (Some(adapter), location),
        None => (None, name.into()),
    };
    let may = access(&device, Access::READ_OK | Access::WRITE_OK).is_ok();
    let access = if may { PortAccess::Free } else { PortAccess::Denied };
    let port = Port { name: PortName(name.into()), location, adapter, access };
    Some((port, (metadata.dev(), metadata.ino()), metadata.rdev()))
}

/// What is to be told: first who is gone, then who is there, or is another than it was.
pub(crate) fn changes(before: &BTreeMap<PortName, Seen>, now: &BTreeMap<PortName, Seen>) -> Vec<PortEvent> {
    let same = |old: &Seen, new: &Seen| old.node == new.node && old.port.location == new.port.location;
    let gone = before.iter().filter(|(name, old)| now.get(*name).is_none_or(|new| !same(old, new)));
    let appeared = now.iter().filter(|(name, new)| before.get(*name).is_none_or(|old| old != *new));
    let gone = gone.map(|(name, _)| PortEvent::Gone(name.clone()));
    gone.chain(appeared.map(|(_, seen)| PortEvent::Appeared(seen.port.clone()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(name: &str, node: u64, access: PortAccess) -> (PortName, Seen) {
        let name = PortName(name.into());
        let port = Port { name: name.clone(), location: "1-1.3:1.0".into(), adapter: None, access };
        (name, Seen { port, node: (5, node) })
    }

    fn told(before: &[&(PortName, Seen)], now: &[&(PortName, Seen)]) -> Vec<String> {
        let map = |all: &[&(PortName, Seen)]| all.iter().copied().cloned().collect::<BTreeMap<_, _>>();
        let told = changes(&map(before), &map(now)).into_iter().map(|event| match event {
            PortEvent::Gone(name) => format!("gone {name}"),
            PortEvent::Appeared(port) => format!("there {} {:?}", port.name, port.access),
            other => panic!("{other:?}"),
        });
        told.collect()
    }

    #[test]
    fn what_comes_goes_or_changes_is_told_once() {
        let free = seen("/dev/ttyUSB0", 1, PortAccess::Free);
        let denied = seen("/dev/ttyUSB0", 1, PortAccess::Denied);
        let other = seen("/dev/ttyUSB1", 2, PortAccess::Free);
        assert_eq!(told(&[], &[&free]), ["there /dev/ttyUSB0 Free"]);
        assert_eq!(told(&[&free], &[&free]), [""; 0]);
        // udev gives a new node to its group a moment after it is there.
        assert_eq!(told(&[&denied], &[&free]), ["there /dev/ttyUSB0 Free"]);
        let another = seen("/dev/ttyUSB0", 3, PortAccess::Free);
        assert_eq!(told(&[&free], &[&another]), ["gone /dev/ttyUSB0", "there /dev/ttyUSB0 Free"]);
        assert_eq!(told(&[&free], &[&other]), ["gone /dev/ttyUSB0", "there /dev/ttyUSB1 Free"]);
    }
}
