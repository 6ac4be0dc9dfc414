//! Where a session connects to: WhatsApp for a live home, a simulator on loopback for a sandbox.
//!
//! The home decides, and nothing else can: an [`Endpoint`] is only made by [`Endpoint::for_home`].
//! It is asked again before each attempt, because a simulator that was started anew listens
//! elsewhere.

use std::net::{IpAddr, SocketAddr};

use super::simulator;
use crate::error::{Error, ErrorKind, Result};
use crate::home::{Home, HomeKind};

/// Where to connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// WhatsApp itself. The transport refuses to dial a loopback address for it.
    Live,
    /// A simulator.
    Loopback(Loopback),
}

/// A checked address of a simulator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loopback {
    url: String,
    address: SocketAddr,
    simulator: simulator::Endpoint,
}

impl Loopback {
    /// The WebSocket address, `ws://127.0.0.1:PORT/…`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The address to dial; its IP is a loopback one.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What the simulator wrote about itself.
    pub fn simulator(&self) -> &simulator::Endpoint {
        &self.simulator
    }
}

impl Endpoint {
    /// The endpoint of a home's sessions.
    ///
    /// # Errors
    /// [`ErrorKind::Denied`] when a sandbox's simulator claims an address that is not loopback, or
    /// when a live home holds a simulator; [`ErrorKind::Unreachable`] when no simulator runs.
    pub fn for_home(home: &Home) -> Result<Endpoint> {
        let folder = home.simulator();
        match home.kind() {
            HomeKind::Live => {
                let path = simulator::Endpoint::path(&folder);
                if path.symlink_metadata().is_ok() {
                    return Err(Error::new(
                        ErrorKind::Denied,
                        format!("the live home {} holds the simulator endpoint {}", home.root().display(), path.display()),
                    )
                    .hint("a live home never reaches loopback: use a sandbox home, or move that file away"));
                }
                Ok(Endpoint::Live)
            }
            HomeKind::Sandbox => match simulator::Endpoint::read(&folder)? {
                Some(endpoint) => Ok(Endpoint::Loopback(checked(endpoint)?)),
                None => Err(Error::new(ErrorKind::Unreachable, format!("no simulator runs in {}", folder.display()))
                    .hint(format!("start one with `wpp simulator --home {}`", home.root().display()))),
            },
        }
    }
}

fn checked(simulator: simulator::Endpoint) -> Result<Loopback> {
    let url = simulator.url.clone();
    let refused = |what: &str| {
        Error::new(ErrorKind::Denied, format!("the sandbox endpoint {url:?} {what}"))
            .hint("a sandbox reaches ws:// at a loopback IP address and nothing else; start the simulator anew")
    };
    let rest = url.strip_prefix("ws://").ok_or_else(|| refused("does not begin with ws://"))?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    // An IP literal with a port: a name could lead anywhere by the time it is dialled.
    let address: SocketAddr = authority.parse().map_err(|_| refused("does not name an IP address and a port"))?;
    if !is_loopback(address.ip()) {
        return Err(refused("is not a loopback address"));
    }
    Ok(Loopback { url, address, simulator })
}

/// Host and port of WhatsApp itself.
pub fn live() -> (&'static str, u16) {
    (super::transport::live_host(), 443)
}

/// Loopback, also when an IPv4 address is written as an IPv6 one.
pub fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(url: &str) -> simulator::Endpoint {
        simulator::Endpoint {
            schema: simulator::ENDPOINT_SCHEMA.to_owned(),
            url: url.to_owned(),
            server_public_key: "00".repeat(32),
            pid: 1,
        }
    }

    #[test]
    fn a_sandbox_takes_loopback_literals_and_nothing_else() {
        for good in ["ws://127.0.0.1:80/ws/chat", "ws://127.8.8.8:1", "ws://[::1]:9/x"] {
            assert!(checked(endpoint(good)).is_ok(), "{good}");
        }
        for bad in [
            "wss://127.0.0.1:80/",
            "ws://localhost:80/",
            "ws://127.0.0.1/",
            "ws://10.0.0.1:80/",
            "ws://0.0.0.0:80/",
            "ws://127.0.0.1@example.org:80/",
            "ws://127.0.0.1:80@example.org/",
            "ws://[::ffff:10.0.0.1]:80/",
            "ws://web.whatsapp.com/ws/chat",
            "",
        ] {
            let error = checked(endpoint(bad)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Denied, "{bad}");
            assert!(!error.hints().is_empty());
        }
    }

    #[test]
    fn a_live_home_refuses_a_simulator_and_a_sandbox_needs_one() {
        let folder = tempfile::tempdir().unwrap();
        let live = Home::create(&folder.path().join("live"), HomeKind::Live).unwrap();
        assert_eq!(Endpoint::for_home(&live).unwrap(), Endpoint::Live);
        std::fs::create_dir(live.simulator()).unwrap();
        std::fs::write(simulator::Endpoint::path(&live.simulator()), "{}").unwrap();
        assert_eq!(Endpoint::for_home(&live).unwrap_err().kind(), ErrorKind::Denied);

        let sandbox = Home::create(&folder.path().join("sandbox"), HomeKind::Sandbox).unwrap();
        assert_eq!(Endpoint::for_home(&sandbox).unwrap_err().kind(), ErrorKind::Unreachable);
    }
}
