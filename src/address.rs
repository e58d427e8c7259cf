//! Who a request comes from: the peer of the connection, or, behind proxies that the operator trusts,
//! the address that they report. Headers of anyone else are not believed. And how many connections each address has.

mod places;

use std::net::{IpAddr, Ipv6Addr};

pub use places::{Place, Places};

/// A network as `10.0.0.0/8`, `fd00::/8`, or a single address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    base: u128,
    /// Of the address as 128 bits; IPv4 is mapped into IPv6.
    prefix: u32,
}

/// The proxies whose `X-Forwarded-For` counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<Network>);

impl TrustedProxies {
    /// # Errors
    /// The first text that is no network, in a sentence.
    pub fn parse<S: AsRef<str>>(texts: &[S]) -> Result<Self, String> {
        let network = |text: &S| {
            let text = text.as_ref().trim();
            parse_network(text).ok_or_else(|| {
                format!("TRUSTED_PROXIES: '{text}' is no address or network; write for example 10.0.0.0/8")
            })
        };
        texts.iter().map(network).collect::<Result<_, _>>().map(Self)
    }

    /// The client's address, from the peer and the values of `X-Forwarded-For`, nearest proxy last.
    pub fn client<'a>(&self, peer: IpAddr, forwarded: impl DoubleEndedIterator<Item = &'a str>) -> IpAddr {
        let mut client = peer;
        for text in forwarded.rev().flat_map(|value| value.rsplit(',')) {
            if !self.trusts(client) {
                break;
            }
            match text.trim().parse::<IpAddr>() {
                Ok(address) => client = address.to_canonical(),
                Err(_) => break,
            }
        }
        client.to_canonical()
    }

    /// Is this the address of a proxy whose word counts?
    pub fn trusts(&self, address: IpAddr) -> bool {
        let bits = bits(address);
        self.0.iter().any(|n| n.prefix == 0 || (bits ^ n.base) >> (128 - n.prefix) == 0)
    }
}

/// What limits count by: an IPv4 address, or an IPv6 customer's whole /64.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from(u128::from(v6) >> 64 << 64).into(),
        v4 => v4,
    }
}

fn parse_network(text: &str) -> Option<Network> {
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix.parse::<u32>().ok()?)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let (width, offset) = if address.is_ipv4() { (32, 96) } else { (128, 0) };
    let prefix = prefix.unwrap_or(width);
    (prefix <= width).then(|| Network { base: bits(address), prefix: prefix + offset })
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u128::from(v4.to_ipv6_mapped()),
        IpAddr::V6(v6) => u128::from(v6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(trusted: &[&str], peer: &str, forwarded: &[&str]) -> String {
        let proxies = TrustedProxies::parse(trusted).unwrap();
        proxies.client(peer.parse().unwrap(), forwarded.iter().copied()).to_string()
    }

    #[test]
    fn a_header_counts_only_from_a_trusted_proxy() {
        assert_eq!(client(&[], "203.0.113.9", &["1.2.3.4"]), "203.0.113.9");
        assert_eq!(client(&["10.0.0.0/8"], "10.1.2.3", &["1.2.3.4"]), "1.2.3.4");
        assert_eq!(client(&["10.0.0.0/8"], "11.1.2.3", &["1.2.3.4"]), "11.1.2.3");
        assert_eq!(client(&["::1"], "::1", &["2001:db8::7"]), "2001:db8::7");
        assert_eq!(client(&["10.0.0.0/8"], "::ffff:10.1.2.3", &[]), "10.1.2.3");
    }

    #[test]
    fn a_forged_entry_left_of_the_first_untrusted_hop_is_ignored() {
        assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &["6.6.6.6, 198.51.100.4, 10.0.0.2"]), "198.51.100.4");
        assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &["6.6.6.6", "198.51.100.4"]), "198.51.100.4");
        assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &["nonsense"]), "10.0.0.1");
    }

    #[test]
    fn bad_networks_are_named() {
        assert!(TrustedProxies::parse(&["10.0.0.0/33"]).unwrap_err().contains("10.0.0.0/33"));
        assert!(TrustedProxies::parse(&["proxy"]).is_err());
    }
}
