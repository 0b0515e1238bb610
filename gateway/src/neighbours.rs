//! The kernel's neighbour table: which MAC address the packets of an IPv4 address come from. Of IPv6, which it tells by netlink
//! only, nothing is known.

use std::net::IpAddr;
use std::sync::Arc;

/// The table of IPv4 (proc(5), /proc/PID/net/arp), as this process's network has it.
const TABLE: &str = "/proc/self/net/arp";
/// The entry is complete (ATF_COM of linux/if_arp.h).
const COMPLETE: u32 = 0x2;

/// The MAC address behind an address, in lower case with colons; none when there is no complete entry for it.
pub(crate) fn mac_of(address: IpAddr) -> Option<Arc<str>> {
    find(&std::fs::read_to_string(TABLE).ok()?, address)
}

/// Columns: address, type of hardware, flags, MAC address, mask, device.
fn find(table: &str, address: IpAddr) -> Option<Arc<str>> {
    table.lines().skip(1).find_map(|line| {
        let mut columns = line.split_ascii_whitespace();
        let of: IpAddr = columns.next()?.parse().ok()?;
        let flags = u32::from_str_radix(columns.nth(1)?.strip_prefix("0x")?, 16).ok()?;
        let mac = columns.next().filter(|_| of == address && flags & COMPLETE != 0)?;
        (mac != "00:00:00:00:00:00").then(|| mac.to_ascii_lowercase().into())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_counts_when_it_is_complete_and_of_that_address() {
        let table = "IP address       HW type     Flags       HW address            Mask     Device\n\
             192.168.1.40     0x1         0x2         5C:cf:7f:0a:0b:0c     *        eth0\n\
             192.168.1.41     0x1         0x0         00:00:00:00:00:00     *        eth0\n\
             192.168.1.4      0x1         0x6         02:00:00:00:00:04     *        eth0\n\
             nonsense\n";
        let found = |last| find(table, [192, 168, 1, last].into()).map(|mac| mac.to_string());
        assert_eq!(found(40).as_deref(), Some("5c:cf:7f:0a:0b:0c"));
        assert_eq!(found(4).as_deref(), Some("02:00:00:00:00:04"));
        assert_eq!((found(41), found(1), find("", [192, 168, 1, 4].into())), (None, None, None));
    }
}
