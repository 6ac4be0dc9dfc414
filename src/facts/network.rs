//! What is true of the way to servers: each stage of it, and the class of a failure.
//!
//! Start with [`NetworkFacts`].

use serde::{Deserialize, Serialize};

use super::Probed;
use crate::whatsapp::fault::Fault;

/// The way to WhatsApp and to the servers that settings name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkFacts {
    /// Where sessions connect to.
    pub endpoint: Probed<ServerLook>,
    /// What answers without TLS where the endpoint should, looked at when its TLS fails.
    pub plain: Probed<PlainAnswer>,
    /// Proxies that the environment names.
    pub proxies: Probed<Vec<ProxyLook>>,
    /// Servers that settings name.
    pub servers: Probed<Vec<ServerLook>>,
}

impl NetworkFacts {
    /// Nothing of it was looked at.
    pub fn not_looked_at(reason: &str) -> NetworkFacts {
        let reason = || reason.to_owned();
        NetworkFacts {
            endpoint: Probed::NotApplicable(reason()),
            plain: Probed::NotApplicable(reason()),
            proxies: Probed::NotApplicable(reason()),
            servers: Probed::NotApplicable(reason()),
        }
    }

    /// The look did not end.
    pub fn failed(reason: &str) -> NetworkFacts {
        let reason = || reason.to_owned();
        NetworkFacts {
            endpoint: Probed::Failed(reason()),
            plain: Probed::Failed(reason()),
            proxies: Probed::Failed(reason()),
            servers: Probed::Failed(reason()),
        }
    }
}

/// One stage of the way to a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum Stage {
    /// It was passed.
    Passed {
        /// How long it took.
        took_ms: u64,
    },
    /// It was not.
    Failed(Failure),
    /// The stage before it was not passed, or there is no such stage; why, in one lowercase sentence.
    NotReached {
        /// Why.
        reason: String,
    },
}

/// Why a stage was not passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Its class, by the stage and by the error's kind.
    pub class: Fault,
    /// What was seen, for people.
    pub detail: String,
    /// What is wrong with the certificate, when that is it.
    pub certificate: Option<CertificateProblem>,
}

/// What is wrong with a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CertificateProblem {
    /// Its time is over.
    Expired,
    /// Its time has not come: one of the two clocks is wrong.
    NotYetValid,
    /// It is for another name.
    OtherName,
    /// Nobody who is trusted here has signed it.
    UnknownIssuer,
    /// Something else.
    Other,
}

/// One server, and how far one gets with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerLook {
    /// What it is to this home: `WhatsApp`, a setting.
    pub name: String,
    /// Its name or IP address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Name to addresses.
    pub resolved: Stage,
    /// TCP.
    pub connected: Stage,
    /// TLS, with the certificate verified.
    pub secured: Stage,
    /// When the certificate ends, for one that ends soon; milliseconds since the epoch.
    pub certificate_ends_ms: Option<i64>,
    /// The time that the server says it is, milliseconds since the epoch, and the time here then.
    pub clock: Option<ClockLook>,
}

/// Two clocks at the same moment, milliseconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockLook {
    /// The server's, which tells whole seconds.
    pub server_ms: i64,
    /// The one here.
    pub here_ms: i64,
}

/// An HTTP answer to a request without TLS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlainAnswer {
    /// Its status; `None` when nothing spoke HTTP there.
    pub status: Option<u16>,
    /// The host that it sends one on to.
    pub sent_on_to: Option<String>,
}

/// A proxy that the environment names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProxyLook {
    /// The variable.
    pub variable: String,
    /// Host and port, without a name and a password.
    pub address: String,
    /// Whether it takes connections.
    pub connected: Stage,
}
