//! Who really calls when a proxy stands in front of the server.

use std::net::IpAddr;
use std::str::FromStr;

use axum::http::HeaderMap;

/// Where proxies append the address they were called from.
const FORWARDED: &str = "x-forwarded-for";

/// The addresses of proxies that are believed. Nobody else's header is: anybody can write one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrustedProxy {
    /// On this machine.
    Loopback,
    /// In a network: its address, and how many of the first bits count.
    Network(IpAddr, u32),
}

/// Text that is neither `loopback` nor a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected loopback, or a network like 10.0.0.0/8")]
pub struct BadProxy;

impl FromStr for TrustedProxy {
    type Err = BadProxy;

    fn from_str(text: &str) -> Result<Self, BadProxy> {
        if text == "loopback" {
            return Ok(Self::Loopback);
        }
        let (address, bits) =
            text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| BadProxy)?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(width), |bits| bits.parse().map_err(|_| BadProxy))?;
        if bits > width { Err(BadProxy) } else { Ok(Self::Network(address, bits)) }
    }
}

impl TrustedProxy {
    fn trusts(&self, address: IpAddr) -> bool {
        match (self, address.to_canonical()) {
            (Self::Loopback, address) => address.is_loopback(),
            (Self::Network(IpAddr::V4(network), bits), IpAddr::V4(address)) => {
                (network.to_bits() ^ address.to_bits()).leading_zeros() >= *bits
            }
            (Self::Network(IpAddr::V6(network), bits), IpAddr::V6(address)) => {
                (network.to_bits() ^ address.to_bits()).leading_zeros() >= *bits
            }
            (Self::Network(..), _) => false,
        }
    }

    /// Who called: the last address in the header that is no trusted proxy, if the peer is one. What stands before it
    /// was written by the caller and proves nothing.
    #[must_use]
    pub fn caller(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        if !self.trusts(peer) {
            return peer;
        }
        let values: Vec<&str> =
            headers.get_all(FORWARDED).iter().filter_map(|value| value.to_str().ok()).collect();
        let mut nearest = peer;
        for text in values.iter().flat_map(|value| value.split(',')).rev() {
            let Ok(address) = text.trim().parse::<IpAddr>() else { return nearest };
            nearest = address;
            if !self.trusts(address) {
                return nearest;
            }
        }
        nearest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn called(proxy: &str, peer: &str, forwarded: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED, value.parse().unwrap());
        }
        proxy.parse::<TrustedProxy>().unwrap().caller(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        assert_eq!(called("loopback", "127.0.0.1", &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(called("loopback", "198.51.100.1", &["203.0.113.9"]), "198.51.100.1");
        assert_eq!(called("10.0.0.0/8", "10.9.8.7", &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(called("10.0.0.0/8", "11.0.0.1", &["203.0.113.9"]), "11.0.0.1");
        assert_eq!(called("fd00::/8", "fd12::1", &["2001:db8::9"]), "2001:db8::9");
        assert_eq!(called("loopback", "::ffff:127.0.0.1", &["203.0.113.9"]), "203.0.113.9");
    }

    #[test]
    fn what_the_caller_wrote_itself_proves_nothing() {
        assert_eq!(called("loopback", "127.0.0.1", &["1.2.3.4, 203.0.113.9"]), "203.0.113.9");
        assert_eq!(called("loopback", "127.0.0.1", &["1.2.3.4", "203.0.113.9, 127.0.0.1"]), "203.0.113.9");
        assert_eq!(called("loopback", "127.0.0.1", &["nonsense"]), "127.0.0.1");
        assert_eq!(called("loopback", "127.0.0.1", &[]), "127.0.0.1");
    }

    #[test]
    fn a_network_that_is_none_is_refused() {
        for text in ["", "localhost", "10.0.0.0/33", "10.0.0.0/x", "::/129"] {
            assert_eq!(text.parse::<TrustedProxy>(), Err(BadProxy), "{text}");
        }
    }
}
