//! One TLS handshake with a server, its certificate verified as whoever connects there verifies it, and
//! the time that the server says it is.
//!
//! Of the doctor only this file names `rustls`. Nothing of the verification is left out: [`Watching`] asks
//! the real verifier twice, for now and for a week ahead. Start with [`secured`].

use std::error::Error as _;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned};

use crate::clock;
use crate::facts::network::{CertificateProblem, ClockLook, Failure};
use crate::whatsapp::fault::Fault;

/// A certificate that ends within this time is told.
const SOON: Duration = Duration::from_secs(7 * 86_400);
/// An answer's head that is longer is not read to its end.
const HEAD_BYTES_MAX: usize = 16 << 10;

/// Whose certificates are trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Those that the link to WhatsApp comes with; what this machine trusts changes nothing there.
    BuiltIn,
    /// Those of this machine.
    Machine,
}

/// What a handshake that went well shows.
pub struct Secured {
    /// When the certificate ends, if that is soon; milliseconds since the epoch.
    pub ends_ms: Option<i64>,
    /// What time it is there.
    pub clock: Option<ClockLook>,
}

/// Shakes hands over a connection, and asks for nothing but the head of `/` to learn the server's time.
pub fn secured(stream: TcpStream, host: &str, trust: Trust, until: Instant) -> Result<Secured, Failure> {
    let own = |detail: String| Failure { class: Fault::ProviderUnavailable, detail, certificate: None };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let inner: Arc<dyn ServerCertVerifier> = match trust {
        Trust::BuiltIn => {
            let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
            let made = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build();
            made.map_err(|error| own(format!("the built-in certificates cannot be used: {error}")))?
        }
        Trust::Machine => Arc::new(
            rustls_platform_verifier::Verifier::new(provider.clone())
                .map_err(|error| own(format!("the certificates of this machine cannot be used: {error}")))?,
        ),
    };
    let watching = Arc::new(Watching { inner, ends_ms: Mutex::new(None) });
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| own(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(watching.clone())
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).map_err(|error| own(format!("{host} is no server's name: {error}")))?;
    let mut connection = ClientConnection::new(Arc::new(config), name).map_err(|error| own(error.to_string()))?;
    let mut stream = stream;
    while connection.is_handshaking() {
        bound(&stream, until).and_then(|()| connection.complete_io(&mut stream)).map_err(|error| failure(&error))?;
    }
    let ends_ms = *watching.ends_ms.lock().unwrap_or_else(PoisonError::into_inner);
    // A server that says nothing more has a certificate all the same.
    let clock = time_of(StreamOwned::new(connection, stream), host, until).ok().flatten();
    Ok(Secured { ends_ms, clock })
}

/// Lets no read or write wait longer than until then.
fn bound(stream: &TcpStream, until: Instant) -> std::io::Result<()> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(std::io::ErrorKind::TimedOut.into());
    }
    stream.set_read_timeout(Some(left))?;
    stream.set_write_timeout(Some(left))
}

/// The class of a failed handshake, by what kind of error it is.
fn failure(error: &std::io::Error) -> Failure {
    let of_tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let Some(of_tls) = of_tls else {
        let class = Fault::of_socket(error.kind());
        let detail = match class {
            Fault::Timeout => "no answer in the TLS handshake".to_owned(),
            _ => format!("the TLS handshake was cut off: {error}"),
        };
        return Failure { class, detail, certificate: None };
    };
    let certificate = match of_tls {
        rustls::Error::InvalidCertificate(problem) => Some(match problem {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => CertificateProblem::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => CertificateProblem::NotYetValid,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => CertificateProblem::OtherName,
            CertificateError::UnknownIssuer => CertificateProblem::UnknownIssuer,
            _ => CertificateProblem::Other,
        }),
        _ => None,
    };
    let cause = of_tls.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    Failure { class: Fault::ProviderUnavailable, detail: format!("{of_tls}{cause}"), certificate }
}

/// The time in the head of an answer; `None` when it tells none.
fn time_of(
    mut stream: StreamOwned<ClientConnection, TcpStream>,
    host: &str,
    until: Instant,
) -> std::io::Result<Option<ClockLook>> {
    bound(&stream.sock, until)?;
    let request =
        format!("HEAD / HTTP/1.1\r\nHost: {host}\r\nUser-Agent: wpp/{}\r\nConnection: close\r\n\r\n", env!("CARGO_PKG_VERSION"));
    stream.write_all(request.as_bytes())?;
    stream.flush()?;
    let mut head = Vec::new();
    let mut piece = [0; 1024];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") && head.len() < HEAD_BYTES_MAX {
        bound(&stream.sock, until)?;
        match stream.read(&mut piece)? {
            0 => break,
            count => head.extend_from_slice(&piece[..count]),
        }
    }
    let here_ms = clock::now_ms();
    let head = String::from_utf8_lossy(&head);
    let date = super::network::header(&head, "date").and_then(clock::of_http);
    Ok(date.map(|date| ClockLook { server_ms: date.as_millisecond(), here_ms }))
}

/// The real verifier, asked for now, and then for a week ahead.
#[derive(Debug)]
struct Watching {
    inner: Arc<dyn ServerCertVerifier>,
    ends_ms: Mutex<Option<i64>>,
}

impl ServerCertVerifier for Watching {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verify = |at: UnixTime| self.inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, at);
        let verified = verify(now)?;
        let soon = now.as_secs() + SOON.as_secs();
        let ends_s = match verify(UnixTime::since_unix_epoch(Duration::from_secs(soon))) {
            Err(rustls::Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. })) => {
                Some(not_after.as_secs())
            }
            // Some verifiers do not say when.
            Err(rustls::Error::InvalidCertificate(CertificateError::Expired)) => Some(soon),
            _ => None,
        };
        *self.ends_ms.lock().unwrap_or_else(PoisonError::into_inner) =
            ends_s.and_then(|ends_s| i64::try_from(ends_s.saturating_mul(1000)).ok());
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
