//! Which names the home's authority may vouch for, and which ones a certificate is to carry.

use rcgen::{CidrSubnet, GeneralSubtree, NameConstraints};
use rustls::pki_types::DnsName;
use std::collections::BTreeSet;
use std::net::IpAddr;

// Every authority made so far carries these constraints and people have installed it: to change them is to make all of them
// install another one.

/// Domains that no public authority vouches for: mDNS, private use, home networks, this machine (RFC 6762, ICANN resolution
/// 2024.07.29.06, RFC 8375, RFC 6761), each with everything under it.
const PERMITTED_DOMAINS: [&str; 4] = ["local", "internal", "home.arpa", "localhost"];
/// Private use (RFC 1918), link-local (RFC 3927), loopback.
const PERMITTED_V4: [([u8; 4], u8); 5] =
    [([10, 0, 0, 0], 8), ([172, 16, 0, 0], 12), ([192, 168, 0, 0], 16), ([169, 254, 0, 0], 16), ([127, 0, 0, 0], 8)];
/// Unique local (RFC 4193), link-local, loopback.
const PERMITTED_V6: [([u16; 8], u8); 3] =
    [([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7), ([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10), ([0, 0, 0, 0, 0, 0, 0, 1], 128)];
/// Names and addresses in one certificate, so that a machine with very many still has one that every client takes.
const NAMES_MAX: usize = 64;

/// The name that boards of a home expect of their gateway, whatever address they dial: `<home>.gatehouse.internal`. None
/// when `home` cannot be a label of a name: 1 to 63 of `a` to `z`, `0` to `9`, with `-` inside.
pub fn board_server_name(home: &str) -> Option<String> {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let label = (1..=63).contains(&home.len()) && home.bytes().all(allowed);
    (label && !home.starts_with('-') && !home.ends_with('-')).then(|| format!("{home}.gatehouse.internal"))
}

/// What the certificate for people is to name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Host names: the mDNS name, the machine's, the public one.
    pub hosts: Vec<String>,
    /// Addresses of the machine.
    pub addresses: Vec<IpAddr>,
}

/// [`Names`], each once, sorted into what the home's authority may vouch for and what it may not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sorted {
    pub(crate) hosts: BTreeSet<String>,
    pub(crate) addresses: BTreeSet<IpAddr>,
    pub(crate) left_out: BTreeSet<String>,
}

impl Names {
    pub(crate) fn sort(&self) -> Sorted {
        let mut sorted = Sorted::default();
        for address in &self.addresses {
            sorted.take_address(*address);
        }
        for host in &self.hosts {
            match host.parse() {
                Ok(address) => sorted.take_address(address),
                Err(_) => sorted.take_host(host),
            }
        }
        sorted
    }
}

impl Sorted {
    fn is_full(&self) -> bool {
        self.hosts.len() + self.addresses.len() >= NAMES_MAX
    }

    fn take_address(&mut self, address: IpAddr) {
        let address = address.to_canonical();
        if permits_address(address) && !self.is_full() {
            self.addresses.insert(address);
        } else if !self.addresses.contains(&address) {
            self.left_out.insert(address.to_string());
        }
    }

    fn take_host(&mut self, host: &str) {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        if DnsName::try_from(host.as_str()).is_ok() && permits_host(&host) && !self.is_full() {
            self.hosts.insert(host);
        } else if !self.hosts.contains(&host) {
            self.left_out.insert(host);
        }
    }
}

/// What the authority's own certificate says that it may vouch for.
pub(crate) fn constraints() -> NameConstraints {
    let domains = PERMITTED_DOMAINS.iter().map(|domain| GeneralSubtree::DnsName((*domain).to_owned()));
    let v4 = PERMITTED_V4.iter().map(|(net, prefix)| CidrSubnet::from_v4_prefix(*net, *prefix));
    let v6 = PERMITTED_V6.iter().map(|(net, prefix)| CidrSubnet::from_addr_prefix(IpAddr::from(*net), *prefix));
    let permitted_subtrees = domains.chain(v4.chain(v6).map(GeneralSubtree::IpAddress)).collect();
    NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() }
}

/// One name outside the constraints makes a client refuse the whole certificate.
fn permits_host(host: &str) -> bool {
    PERMITTED_DOMAINS.iter().any(|domain| {
        host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || (rest.len() > 1 && rest.ends_with('.')))
    })
}

fn permits_address(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => PERMITTED_V4.iter().any(|(net, prefix)| {
            let shift = 32 - u32::from(*prefix);
            v4.to_bits() >> shift == u32::from_be_bytes(*net) >> shift
        }),
        IpAddr::V6(v6) => PERMITTED_V6.iter().any(|(net, prefix)| {
            let shift = 128 - u32::from(*prefix);
            v6.to_bits() >> shift == std::net::Ipv6Addr::from(*net).to_bits() >> shift
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boards_name_is_a_label_of_the_home() {
        assert_eq!(board_server_name("h10000000001").as_deref(), Some("h10000000001.gatehouse.internal"));
        for bad in ["", "-h", "h-", "H1", "a.b", "h 1", &"h".repeat(64)] {
            assert_eq!(board_server_name(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn private_names_and_addresses_are_vouched_for_and_no_others() {
        let hosts = [
            "gatehouse.local",
            "Pi.Local.",
            "x.gatehouse.internal",
            "localhost",
            "nas.home.arpa",
            "192.168.1.5",
            "example.org",
            "notlocal",
            "evil-local",
            ".local",
            "raspberrypi",
            "8.8.8.8",
            "a b.local",
            "",
        ];
        let addresses = [
            "10.255.0.1",
            "172.31.0.1",
            "172.32.0.1",
            "127.0.0.1",
            "169.254.3.4",
            "100.64.0.1",
            "fd00::1",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "::1",
            "::2",
            "2001:db8::1",
            "::ffff:192.168.1.5",
        ];
        let names = Names {
            hosts: hosts.iter().map(|h| (*h).to_owned()).collect(),
            addresses: addresses.iter().map(|a| a.parse().unwrap()).collect(),
        };
        let sorted = names.sort();
        let hosts: Vec<_> = sorted.hosts.iter().map(String::as_str).collect();
        assert_eq!(hosts, ["gatehouse.local", "localhost", "nas.home.arpa", "pi.local", "x.gatehouse.internal"]);
        let addresses: Vec<_> = sorted.addresses.iter().map(ToString::to_string).collect();
        let permitted = ["10.255.0.1", "127.0.0.1", "169.254.3.4", "172.31.0.1", "192.168.1.5"];
        assert_eq!(addresses, [&permitted[..], &["::1", "fd00::1", "fe80::1", "febf::1"]].concat());
        assert_eq!(sorted.left_out.len(), 13);
    }

    #[test]
    fn a_machine_with_very_many_addresses_gets_a_certificate_of_bounded_size() {
        let addresses = (0..200).map(|n| IpAddr::from([10, 0, 0, n])).collect();
        let sorted = Names { hosts: vec!["gatehouse.local".to_owned()], addresses }.sort();
        assert_eq!(sorted.hosts.len() + sorted.addresses.len(), NAMES_MAX);
    }
}
