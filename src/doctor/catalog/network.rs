//! Rows of the way to servers.

use crate::doctor::Judge::Host;
use crate::doctor::{Check, network};
use crate::report::Severity::{Error, Warning};

const CERTIFICATE: Option<&str> = Some("runbooks/certificate-renewal.md");
const RECONNECTING: Option<&str> = Some("runbooks/reconnect-loop.md");

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "wpp.network.name",
        title: "the server's name leads to an address",
        area: "network",
        severity: Error,
        needs: &["wpp.home.marker"],
        runbook: RECONNECTING,
        explain: "Whether the name that sessions connect to (web.whatsapp.com) is resolved within 3 s, to an address outside \
                  this host. A failure has the class dns_resolution, or timeout when no name server answers. A daemon that is \
                  READY makes the look needless, and --offline or doctor.offline forbids it. A sandbox looks at its simulator \
                  alone.",
        mend: "`getent ahosts web.whatsapp.com` shows what this machine makes of the name. Correct the name servers in \
               /etc/resolv.conf, or the line in /etc/hosts.",
        judge: Host(network::name),
    },
    Check {
        id: "wpp.network.connection",
        title: "the server takes connections",
        area: "network",
        severity: Error,
        needs: &["wpp.network.name"],
        runbook: RECONNECTING,
        explain: "Whether a TCP connection to that address comes about within 3 s. Class timeout: something swallows it (a \
                  firewall); network_unreachable: no route, or a local firewall; provider_unavailable: refused. Sessions connect \
                  directly: a proxy that the environment names is not used for them.",
        mend: "`curl -v --max-time 5 telnet://web.whatsapp.com:443` shows how far it gets. Let this host through the firewall \
               to port 443, or mend its route (`ip route get ADDRESS`).",
        judge: Host(network::connection),
    },
    Check {
        id: "wpp.network.tls",
        title: "the server proves who it is",
        area: "network",
        severity: Error,
        needs: &["wpp.network.connection"],
        runbook: RECONNECTING,
        explain: "One TLS handshake, verified against the same authorities as sessions do (those built in, not those of this \
                  machine). An untrusted certificate means that something on the way answers instead: a portal, a firewall that \
                  looks into connections. Nothing but the head of / is asked for. Class provider_unavailable, or timeout.",
        mend: "`openssl s_client -connect web.whatsapp.com:443` shows whose certificate it is. Sign in to the portal, or have \
               connections of this host left alone; when the clock here is wrong, set that.",
        judge: Host(network::tls),
    },
    Check {
        id: "wpp.network.portal",
        title: "nobody answers in the server's place",
        area: "network",
        severity: Error,
        needs: &["wpp.network.name"],
        runbook: RECONNECTING,
        explain: "Only when the connection or TLS fails: whether a request without TLS is answered by sending one on to \
                  another host, or with status 511. That is how networks ask for a login.",
        mend: "Sign in to the network in a browser, or have this host let through; `curl -i http://web.whatsapp.com/` shows \
               where it sends one.",
        judge: Host(network::portal),
    },
    Check {
        id: "wpp.network.certificate",
        title: "the server's certificate lasts",
        area: "network",
        severity: Warning,
        needs: &["wpp.network.connection"],
        runbook: CERTIFICATE,
        explain: "The end of the certificate that the server shows: over is an error, less than 7 days a warning.",
        mend: "Look at the clock here first (`timedatectl`): a wrong one is what has to be mended. Otherwise whoever runs that \
               server must renew it; nothing here does.",
        judge: Host(network::certificate),
    },
    Check {
        id: "wpp.network.clock-skew",
        title: "the clock here is the server's",
        area: "network",
        severity: Warning,
        needs: &["wpp.network.tls"],
        runbook: None,
        explain: "The time in the head of the server's answer against the clock here. More than a minute between them makes \
                  times of messages wrong, codes for linking run out early and, with more, certificates invalid. Beside a READY \
                  daemon the server is not asked; then the messages of the last hour tell, if any was stored here before the \
                  server says that it was sent.",
        mend: "`sudo timedatectl set-ntp true`; then start the daemon anew with `wpp restart`.",
        judge: Host(network::clock_skew),
    },
    Check {
        id: "wpp.network.proxy",
        title: "no proxy is expected that is not used",
        area: "network",
        severity: Warning,
        needs: &["wpp.home.marker"],
        runbook: RECONNECTING,
        explain: "HTTPS_PROXY, HTTP_PROXY and ALL_PROXY. Sessions do not use them, which is worth knowing; archives to S3 and \
                  pings do, and fail when the proxy takes no connection. A password in them is never shown.",
        mend: "Correct the variable, start the proxy, or `unset` it; `env | grep -i proxy` shows them. Sessions need a direct \
               way to port 443.",
        judge: Host(network::proxy),
    },
    Check {
        id: "wpp.network.servers",
        title: "servers that the settings name take connections",
        area: "network",
        severity: Warning,
        needs: &["wpp.home.settings"],
        runbook: None,
        explain: "Name and TCP connection of every http and https address under [plugin.NAME] and of backup.s3.endpoint, all at \
                  once, within 3 s each. A gateway on a loopback port must be listening there. The class says why not: \
                  dns_resolution, timeout, network_unreachable, provider_unavailable. Addresses that are pinged are left \
                  alone: a call there means something.",
        mend: "Start that server, or correct its address in config.toml; `curl -v --max-time 5 telnet://HOST:PORT` shows how \
               far it gets.",
        judge: Host(network::servers),
    },
    Check {
        id: "wpp.network.server-certificates",
        title: "certificates of servers that the settings name last",
        area: "network",
        severity: Error,
        needs: &["wpp.home.settings"],
        runbook: CERTIFICATE,
        explain: "One TLS handshake with each https address that the settings name, verified with the authorities of this \
                  machine, as plugins do. Untrusted or over is an error, less than 7 days left a warning.",
        mend: "Renew it at that server, or make its authority known to this machine (`sudo update-ca-certificates`); `openssl \
               s_client -connect HOST:PORT` shows it.",
        judge: Host(network::server_certificates),
    },
];
