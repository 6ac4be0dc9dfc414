//! Why a server could not be reached, in four classes that say what an operator should look at.
//!
//! The class is decided from the kind of an error and from the stage at which it came, never from
//! an error's words. Start with [`Fault`].

use std::io;

use serde::{Deserialize, Serialize};

/// The class of an outage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The server's name could not be turned into an address.
    DnsResolution,
    /// Something did not answer in its time.
    Timeout,
    /// This host has no way to the server's network.
    NetworkUnreachable,
    /// The server, or what stands before it, was reached and did not serve: it refused, hung up,
    /// or spoke another language.
    ProviderUnavailable,
}

impl Fault {
    /// The stable name, such as `dns_resolution`.
    pub fn name(self) -> &'static str {
        match self {
            Fault::DnsResolution => "dns_resolution",
            Fault::Timeout => "timeout",
            Fault::NetworkUnreachable => "network_unreachable",
            Fault::ProviderUnavailable => "provider_unavailable",
        }
    }

    /// The class of an error that a socket gave after the name was resolved.
    pub fn of_socket(kind: io::ErrorKind) -> Fault {
        use io::ErrorKind as Io;
        match kind {
            Io::TimedOut | Io::WouldBlock => Fault::Timeout,
            // No route, no interface, or no address of the right family, or a local firewall.
            Io::NetworkUnreachable | Io::HostUnreachable | Io::NetworkDown | Io::AddrNotAvailable | Io::PermissionDenied => {
                Fault::NetworkUnreachable
            }
            _ => Fault::ProviderUnavailable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn socket_errors_have_a_class_by_their_kind() {
        use io::ErrorKind as Io;
        for (kind, fault) in [
            (Io::TimedOut, Fault::Timeout),
            (Io::NetworkUnreachable, Fault::NetworkUnreachable),
            (Io::HostUnreachable, Fault::NetworkUnreachable),
            (Io::ConnectionRefused, Fault::ProviderUnavailable),
            (Io::ConnectionReset, Fault::ProviderUnavailable),
            (Io::UnexpectedEof, Fault::ProviderUnavailable),
        ] {
            assert_eq!(Fault::of_socket(kind), fault, "{kind:?}");
        }
    }

    #[test]
    fn names_are_those_of_the_json() {
        for fault in [Fault::DnsResolution, Fault::Timeout, Fault::NetworkUnreachable, Fault::ProviderUnavailable] {
            assert_eq!(serde_json::to_value(fault).unwrap(), fault.name());
        }
    }
}
