//! What the kernel tells of the adapter behind a port.

use gatehouse_core::onboarding::UsbAdapter;
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// Longest text of an adapter that is passed on, in characters.
const MAX_TEXT: usize = 64;

/// An adapter and where it is plugged in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Plugged {
    pub(crate) adapter: UsbAdapter,
    /// Its USB interface: `1-1.3:1.0`.
    pub(crate) location: Arc<str>,
}

/// The adapter of the terminal of this name, `ttyUSB0` say; none when it is not on USB. `sys` is where the kernel tells of it.
pub(crate) fn plugged(sys: &Path, terminal: &str) -> Option<Plugged> {
    let device = fs::canonicalize(sys.join("class/tty").join(terminal).join("device")).ok()?;
    // From the terminal up: its interface, then the device whose it is.
    let interface = device.ancestors().find(|path| path.join("bInterfaceNumber").is_file())?;
    let usb = interface.ancestors().find(|path| path.join("idVendor").is_file())?;
    let id = |file: &str| u16::from_str_radix(read(&usb.join(file))?.as_str(), 16).ok();
    let adapter = UsbAdapter {
        vendor: id("idVendor")?,
        product: id("idProduct")?,
        text: read(&usb.join("product")).or_else(|| read(&usb.join("manufacturer"))).map(Into::into),
    };
    Some(Plugged { adapter, location: interface.file_name()?.to_str()?.into() })
}

/// A line of the kernel's, which may repeat what a device says: fit to be shown, and not endless.
fn read(path: &Path) -> Option<String> {
    let bytes = fs::read(path).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let text: String = text.chars().filter(|character| !character.is_control()).take(MAX_TEXT).collect();
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    /// Plants a terminal as the kernel shows it: at the end of the chain of what it hangs on.
    pub(crate) fn plant(sys: &Path, terminal: &str, usb: &str, files: &[(&str, &str)], through_a_port: bool) {
        let device = sys.join("devices/platform/soc/usb1/1-1").join(usb);
        let interface = device.join(format!("{usb}:1.0"));
        let at = if through_a_port { interface.join(terminal) } else { interface.clone() };
        fs::create_dir_all(at.join("tty").join(terminal)).unwrap();
        fs::write(interface.join("bInterfaceNumber"), "00\n").unwrap();
        for (file, text) in files {
            fs::write(device.join(file), format!("{text}\n")).unwrap();
        }
        fs::create_dir_all(sys.join("class/tty")).unwrap();
        symlink(at.join("tty").join(terminal), sys.join("class/tty").join(terminal)).unwrap();
        symlink(&at, at.join("tty").join(terminal).join("device")).unwrap();
    }

    #[test]
    fn ids_and_place_are_read_from_what_the_terminal_hangs_on() {
        let sys = tempfile::tempdir().unwrap();
        let sys = sys.path();
        let ch340 = [("idVendor", "1a86"), ("idProduct", "7523"), ("product", "USB2.0-Serial")];
        plant(sys, "ttyUSB0", "1-1.3", &ch340, true);
        let cp2102 = [("idVendor", "10c4"), ("idProduct", "ea60"), ("manufacturer", "Silicon\x1b[2J Labs")];
        plant(sys, "ttyACM0", "1-1.4", &cp2102, false);
        plant(sys, "ttyUSB7", "1-1.5", &[("idVendor", "what"), ("idProduct", "ea60")], true);
        let ch340 = plugged(sys, "ttyUSB0").unwrap();
        assert_eq!(
            (ch340.adapter.vendor, ch340.adapter.product, &*ch340.location, ch340.adapter.text.as_deref()),
            (0x1a86, 0x7523, "1-1.3:1.0", Some("USB2.0-Serial"))
        );
        assert!(ch340.adapter.is_of_boards());
        let cp2102 = plugged(sys, "ttyACM0").unwrap();
        assert_eq!((&*cp2102.location, cp2102.adapter.text.as_deref()), ("1-1.4:1.0", Some("Silicon[2J Labs")));
        assert_eq!(plugged(sys, "ttyUSB7"), None);
        assert_eq!(plugged(sys, "ttyUSB1"), None);
    }

    #[test]
    fn a_port_of_the_machine_itself_has_no_adapter() {
        let sys = tempfile::tempdir().unwrap();
        let at = sys.path().join("devices/platform/serial8250/tty/ttyS0");
        fs::create_dir_all(&at).unwrap();
        fs::create_dir_all(sys.path().join("class/tty")).unwrap();
        symlink(&at, sys.path().join("class/tty/ttyS0")).unwrap();
        symlink(sys.path().join("devices/platform/serial8250"), at.join("device")).unwrap();
        assert_eq!(plugged(sys.path(), "ttyS0"), None);
    }
}
