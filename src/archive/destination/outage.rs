//! What can be wrong with a store, in the words of an outage: dns, refused, timeout, reset, tls, auth
//! denied, no such bucket, full, unavailable. Start with [`Outage::of`].

use crate::error::ErrorKind;

/// What was seen of an error, in plain words: no type of the client that saw it.
#[derive(Debug, Clone, Default)]
pub struct Symptoms {
    /// The status that the server answered with, if it answered.
    pub status: Option<u16>,
    /// Whether a condition on the state of the object did not hold.
    pub changed: bool,
    /// The system's error underneath.
    pub io: Option<std::io::ErrorKind>,
    /// What the connection was at.
    pub transport: Option<Transport>,
    /// Everything that the error and those underneath say. May hold secrets: only looked at, never shown.
    pub said: String,
}

/// What a connection was at when it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// It was being made.
    Connect,
    /// It waited.
    Timeout,
    /// It was in use.
    Interrupted,
}

/// What can be wrong with a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outage {
    /// The name has no address.
    Dns,
    /// Nobody listens there.
    Refused,
    /// No answer in time.
    Timeout,
    /// No TLS, or a certificate that is not accepted.
    Tls,
    /// The connection ended.
    Reset,
    /// The server has no such bucket.
    NoBucket,
    /// The server does not know the keys; with its code.
    KeysRejected(String),
    /// The clocks differ too much.
    Clock,
    /// The keys may not do this; with the server's code.
    Denied(String),
    /// The bucket is elsewhere.
    WrongRegion,
    /// Another object has the name now.
    Changed,
    /// There is no room left.
    Full,
    /// The server has trouble: its status and code.
    Unavailable(u16, String),
    /// Any other answer: its status and code.
    Answer(u16, String),
    /// None of these.
    Other,
}

impl Outage {
    /// Judges by what was seen.
    pub fn of(seen: &Symptoms) -> Outage {
        let said = seen.said.as_str();
        let code = code_of(said).unwrap_or_default();
        match (seen.status, code.as_str()) {
            (_, "NoSuchBucket") => Outage::NoBucket,
            (_, "InvalidAccessKeyId" | "SignatureDoesNotMatch" | "InvalidToken" | "ExpiredToken" | "NotSignedUp") => {
                Outage::KeysRejected(code)
            }
            (_, "RequestTimeTooSkewed") => Outage::Clock,
            (
                _,
                "PermanentRedirect" | "TemporaryRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException",
            ) => Outage::WrongRegion,
            (Some(507), _) | (_, "XMinioStorageFull" | "InsufficientStorage" | "QuotaExceeded") => Outage::Full,
            (Some(300..=399), _) => Outage::WrongRegion,
            (Some(401 | 403), _) => Outage::Denied(code),
            (Some(412), _) => Outage::Changed,
            (Some(number @ (429 | 500..=599)), _) => Outage::Unavailable(number, code),
            (Some(number), _) => Outage::Answer(number, code),
            (None, _) if seen.changed => Outage::Changed,
            (None, _) if said.contains("redirect without LOCATION") => Outage::WrongRegion,
            (None, _) => Outage::of_transport(seen),
        }
    }

    fn of_transport(seen: &Symptoms) -> Outage {
        use std::io::ErrorKind as Io;
        let low = seen.said.to_ascii_lowercase();
        if low.contains("dns error") || low.contains("failed to lookup address") {
            return Outage::Dns;
        }
        if ["certificate", "tls handshake", "invalid peer", "corrupt message"].iter().any(|part| low.contains(part)) {
            return Outage::Tls;
        }
        match (seen.io, seen.transport) {
            (Some(Io::ConnectionRefused), _) => Outage::Refused,
            (Some(Io::TimedOut), _) | (_, Some(Transport::Timeout)) => Outage::Timeout,
            (Some(Io::ConnectionReset | Io::ConnectionAborted | Io::BrokenPipe | Io::UnexpectedEof), _)
            | (_, Some(Transport::Interrupted)) => Outage::Reset,
            (_, Some(Transport::Connect)) if low.contains("refused") => Outage::Refused,
            (_, Some(Transport::Connect)) if low.contains("timed out") => Outage::Timeout,
            _ if low.contains("error decoding response body") || low.contains("end of file before message length") => {
                Outage::Reset
            }
            _ => Outage::Other,
        }
    }

    /// Kind, cause and way out; `host` is the server, with its port.
    pub fn words(&self, host: &str, bucket: &str) -> (ErrorKind, String, String) {
        let code = |code: &String| if code.is_empty() { String::new() } else { format!(" {code}") };
        let (kind, words, hint) = match self {
            Outage::Dns => (
                ErrorKind::Unexpected,
                format!("no address is known for {host} (dns)"),
                "check backup.s3.endpoint and this machine's name server".to_owned(),
            ),
            Outage::Refused => (
                ErrorKind::Unexpected,
                format!("{host} refuses the connection (refused)"),
                "check that the server runs, and backup.s3.endpoint".to_owned(),
            ),
            Outage::Timeout => (
                ErrorKind::Unexpected,
                format!("{host} does not answer in time (timeout)"),
                "check the way to the server; backup.s3.retry_ms says how long a request is tried".to_owned(),
            ),
            Outage::Tls => (
                ErrorKind::Unexpected,
                format!("the certificate of {host} is not accepted, or it does not speak TLS (tls)"),
                "check backup.s3.endpoint, the server's certificate and this machine's clock and certificate store".to_owned(),
            ),
            Outage::Reset => (
                ErrorKind::Unexpected,
                format!("the connection to {host} broke off (reset)"),
                "try again; something between here and the server ends connections".to_owned(),
            ),
            Outage::NoBucket => (
                ErrorKind::Usage,
                format!("{host} has no bucket {bucket} (no such bucket)"),
                "check the address, or make the bucket with the provider's tools".to_owned(),
            ),
            Outage::KeysRejected(said) => (
                ErrorKind::Denied,
                format!("{host} does not accept the keys (auth denied:{})", code(said)),
                "check backup.s3.credentials_file and backup.s3.profile, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
                    .to_owned(),
            ),
            Outage::Clock => (
                ErrorKind::Denied,
                format!("{host} says that the clocks differ too much (auth denied: RequestTimeTooSkewed)"),
                "set this machine's clock".to_owned(),
            ),
            Outage::Denied(said) => (
                ErrorKind::Denied,
                format!(
                    "{host} does not allow it with these keys (auth denied:{})",
                    if said.is_empty() { " AccessDenied".into() } else { code(said) }
                ),
                format!("allow the keys to list, get, put and delete in bucket {bucket}, and to abort multipart uploads"),
            ),
            Outage::WrongRegion => (
                ErrorKind::Usage,
                format!("{host} says that bucket {bucket} is in another region"),
                "set backup.s3.region, and backup.s3.endpoint if it names a region".to_owned(),
            ),
            Outage::Changed => (
                ErrorKind::Unexpected,
                "it was replaced by another object meanwhile".to_owned(),
                "try again, and find out who else writes there".to_owned(),
            ),
            Outage::Full => {
                (ErrorKind::Unexpected, format!("{host} has no room left (full)"), "free room in the store".to_owned())
            }
            Outage::Unavailable(number, said) => (
                ErrorKind::Unexpected,
                format!("{host} answers {number}{} (unavailable)", code(said)),
                "the server has trouble, or its disk is full; try again later and read its log".to_owned(),
            ),
            Outage::Answer(number, said) => (
                ErrorKind::Unexpected,
                format!("{host} answers {number}{}", code(said)),
                "check backup.s3.endpoint: the server may not speak S3, or not this part of it".to_owned(),
            ),
            Outage::Other => (
                ErrorKind::Unexpected,
                format!("{host} cannot be used"),
                "check backup.s3.endpoint: something there does not speak S3 as it should".to_owned(),
            ),
        };
        (kind, words, hint)
    }
}

/// `<Code>…</Code>` of the server's answer, if it is one word.
fn code_of(said: &str) -> Option<String> {
    let (_, rest) = said.split_once("<Code>")?;
    let (code, _) = rest.split_once("</Code>")?;
    (code.len() <= 64 && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.')).then(|| code.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_servers_are_told_apart() {
        for (status, code, outage) in [
            (404, "NoSuchBucket", Outage::NoBucket),
            (403, "AccessDenied", Outage::Denied("AccessDenied".into())),
            (403, "SignatureDoesNotMatch", Outage::KeysRejected("SignatureDoesNotMatch".into())),
            (403, "RequestTimeTooSkewed", Outage::Clock),
            (301, "PermanentRedirect", Outage::WrongRegion),
            (507, "", Outage::Full),
            (503, "SlowDown", Outage::Unavailable(503, "SlowDown".into())),
            (400, "\u{1b}[2J", Outage::Answer(400, String::new())),
            (412, "PreconditionFailed", Outage::Changed),
        ] {
            let said = format!("<Error><Code>{code}</Code></Error>");
            assert_eq!(Outage::of(&Symptoms { status: Some(status), said, ..Symptoms::default() }), outage, "{status} {code}");
        }
    }

    #[test]
    fn every_outage_says_what_to_do() {
        use std::io::ErrorKind as Io;
        let io = |kind| Symptoms { io: Some(kind), ..Symptoms::default() };
        let said = |text: &str| Symptoms { said: text.into(), ..Symptoms::default() };
        for (seen, word) in [
            (io(Io::ConnectionRefused), "(refused)"),
            (io(Io::TimedOut), "(timeout)"),
            (io(Io::ConnectionReset), "(reset)"),
            (said("client error (Connect): dns error: failed to lookup address"), "(dns)"),
            (said("invalid peer certificate: UnknownIssuer"), "(tls)"),
            (said("something else"), "cannot be used"),
        ] {
            let (_, words, hint) = Outage::of(&seen).words("host:1", "bucket");
            assert!(words.contains(word) && !hint.is_empty(), "{seen:?}: {words}");
        }
    }
}
