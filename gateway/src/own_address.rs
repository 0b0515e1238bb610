//! What address this machine has in the home's network.

use std::net::{IpAddr, Ipv4Addr};

/// Where the kernel lists its routes of IPv4.
const ROUTES: &str = "/proc/self/net/route";

/// The address of this machine that boards and phones in the home's network can dial, as far as can be told.
pub(crate) fn in_network() -> Option<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let interfaces: Vec<_> = interfaces.into_iter().map(|interface| (interface.name.clone(), interface.ip())).collect();
    let routes = std::fs::read_to_string(ROUTES).unwrap_or_default();
    choose(&interfaces, &routes).map(IpAddr::V4)
}

/// That of the interface by which the rest of the world is reached; else the first of a private network.
fn choose(interfaces: &[(String, IpAddr)], routes: &str) -> Option<Ipv4Addr> {
    let addresses = || {
        interfaces.iter().filter_map(|(name, ip)| match ip {
            IpAddr::V4(ip) if !ip.is_loopback() => Some((name.as_str(), *ip)),
            _ => None,
        })
    };
    let outwards = default_interface(routes);
    let chosen = addresses().find(|(name, _)| Some(*name) == outwards);
    chosen.or_else(|| addresses().find(|(_, ip)| ip.is_private())).map(|(_, ip)| ip)
}

/// The interface of the default route with the lowest metric.
fn default_interface(routes: &str) -> Option<&str> {
    let rows = routes.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    let defaults = rows.filter(|row| row.get(1) == Some(&"00000000") && row.get(7) == Some(&"00000000"));
    defaults.min_by_key(|row| row[6].parse().unwrap_or(u32::MAX))?.first().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";

    fn interfaces(all: &[(&str, &str)]) -> Vec<(String, IpAddr)> {
        all.iter().map(|(name, ip)| ((*name).to_owned(), ip.parse().unwrap())).collect()
    }

    fn chosen(all: &[(&str, &str)], routes: &str) -> Option<String> {
        choose(&interfaces(all), &format!("{HEAD}{routes}")).map(|ip| ip.to_string())
    }

    #[test]
    fn boards_dial_the_address_by_which_the_world_is_reached() {
        let all = [
            ("lo", "127.0.0.1"),
            ("docker0", "172.17.0.1"),
            ("eth0", "fe80::1"),
            ("eth0", "192.168.1.20"),
            ("wlan0", "192.168.2.20"),
        ];
        let routes = "docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n\
                      wlan0\t00000000\t0102A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n\
                      eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n";
        assert_eq!(chosen(&all, routes).as_deref(), Some("192.168.1.20"));
        // Half of the world is not the default.
        assert_eq!(
            chosen(&all, "wlan0\t00000000\t0102A8C0\t3\t0\t0\t0\t00000080\t0\t0\t0\n").as_deref(),
            Some("172.17.0.1")
        );
        assert_eq!(
            chosen(&[("lo", "127.0.0.1"), ("ppp0", "203.0.113.1"), ("eth0", "10.0.0.1")], "").as_deref(),
            Some("10.0.0.1")
        );
        assert_eq!(chosen(&[("lo", "127.0.0.1"), ("eth0", "fe80::1"), ("eth1", "169.254.1.1")], ""), None);
    }
}
