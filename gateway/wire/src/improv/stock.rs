//! Boards that have another firmware, or none.

use gatehouse_core::onboarding::WifiSettings;

/// How the ROM says that it waits in the boot loader, and not that it starts what is in flash.
const BOOT_MODE: &[u8] = b"boot mode:(";
/// What the ROM's loader answers to [`SYNC`]: a frame, an answer, that to command 8.
const SYNC_ANSWER: &[u8] = &[0xc0, 0x01, 0x08];

/// Asks the ROM's loader whether it is there, in its own protocol; it finds the speed of the line by it. To other firmware it is noise.
pub const SYNC: [u8; 46] = {
    let mut bytes = [0x55; 46];
    let head = [0xc0, 0x00, 0x08, 0x24, 0x00, 0x00, 0x00, 0x00, 0x00, 0x07, 0x07, 0x12, 0x20];
    let mut at = 0;
    while at < head.len() {
        bytes[at] = head[at];
        at += 1;
    }
    bytes[45] = 0xc0;
    bytes
};

/// Finds in the noise of a line that the chip waits in its boot loader.
#[derive(Default)]
pub struct BootLoaderEar {
    tail: Vec<u8>,
    waits: bool,
}

impl BootLoaderEar {
    /// Takes bytes as they came, and says whether the last that was heard is the boot loader.
    pub fn hear(&mut self, bytes: &[u8]) -> bool {
        self.tail.extend_from_slice(bytes);
        for at in 0..self.tail.len() {
            let rest = &self.tail[at..];
            if rest.starts_with(SYNC_ANSWER) {
                self.waits = true;
            } else if let Some(mode) = rest.strip_prefix(BOOT_MODE).and_then(|rest| rest.first()) {
                self.waits = *mode == b'1';
            }
        }
        let kept = self.tail.len().min(BOOT_MODE.len());
        self.tail.drain(..self.tail.len() - kept);
        self.waits
    }
}

/// The line for Tasmota's console that gives it the network.
///
/// None where the console would read it as something else: it takes printable ASCII only, ends a command at `;`, cuts off
/// spaces at the ends, and takes a single character for an order to reset the setting. Improv's own command does for those.
///
/// ```
/// use gatehouse_core::onboarding::WifiSettings;
/// use gatehouse_wire::improv::tasmota_backlog;
///
/// let wifi = WifiSettings { ssid: "Our house".into(), password: None };
/// assert_eq!(tasmota_backlog(&wifi).unwrap(), "\nBacklog SSId1 Our house; Password1 \"\n");
/// let wifi = WifiSettings { ssid: "a; Reset 1".into(), password: None };
/// assert_eq!(tasmota_backlog(&wifi), None);
/// ```
pub fn tasmota_backlog(wifi: &WifiSettings) -> Option<String> {
    let plain = |text: &str| {
        let printable = text.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b';');
        printable && text.len() > 1 && text.trim() == text
    };
    // A lone quotation mark empties the setting.
    let password = wifi.password.as_ref().map_or("\"", |password| password.reveal());
    let safe = plain(&wifi.ssid) && (wifi.password.is_none() || plain(password));
    safe.then(|| format!("\nBacklog SSId1 {}; Password1 {password}\n", wifi.ssid))
}
