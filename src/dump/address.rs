//! Where a server of PostgreSQL is: an address taken apart into what its programs are told, and whether that
//! leads to this machine. What is judged is what the programs get, never the text of the address: they and
//! a reader of addresses differ in what they make of a second host. Start with [`server`].

use std::net::IpAddr;

use super::layout::parsed;

/// Where a server is, and which database of it is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// `PGHOST` and the like, each once.
    pub variables: Vec<(&'static str, String)>,
    /// The database; empty when none is named.
    pub database: String,
    /// The password that stands in the address, which few callers allow.
    pub password: Option<String>,
}

/// Takes `postgres://USER@HOST:PORT/DATABASE` or `postgres://USER@/DATABASE?host=FOLDER` apart.
///
/// # Errors
/// In words, and without a word of the address that may be secret: when it is no such address, when it says
/// anything twice, or several of anything.
pub fn server(address: &str) -> Result<Server, String> {
    let (parsed, local) = parsed(address).ok_or("it cannot be read")?;
    if !matches!(parsed.scheme(), "postgres" | "postgresql") {
        return Err("it begins otherwise than postgres://".into());
    }
    let mut variables: Vec<(&'static str, String)> = Vec::new();
    let mut database = decoded(parsed.path().strip_prefix('/').unwrap_or_default());
    let mut set = |name: &'static str, value: String| {
        if variables.iter().any(|(known, _)| *known == name) {
            return Err(format!("it says twice what {name} is"));
        }
        // Programs of PostgreSQL take a list for several servers, and try one after the other.
        if matches!(name, "PGHOST" | "PGPORT") && value.contains(',') {
            return Err("it names several servers, and one is asked".to_owned());
        }
        if value.chars().any(char::is_control) {
            return Err(format!("what it says of {name} is no text"));
        }
        variables.push((name, value));
        Ok(())
    };
    if let Some(host) = parsed.host_str().filter(|host| !local && !host.is_empty()) {
        set("PGHOST", decoded(host.trim_matches(['[', ']'])))?;
    }
    if let Some(port) = parsed.port() {
        set("PGPORT", port.to_string())?;
    }
    if !parsed.username().is_empty() {
        set("PGUSER", decoded(parsed.username()))?;
    }
    for (name, value) in parsed.query_pairs() {
        let value = value.into_owned();
        match &*name {
            "host" => set("PGHOST", value)?,
            "port" => set("PGPORT", value)?,
            "user" => set("PGUSER", value)?,
            "sslmode" => set("PGSSLMODE", value)?,
            "sslrootcert" => set("PGSSLROOTCERT", value)?,
            "dbname" if database.is_empty() => database = value,
            "dbname" => return Err("it says twice which database is meant".into()),
            _ => return Err(format!("nothing is known of its {name}")),
        }
    }
    // A database that is called like an address would be taken for one.
    if database.contains(['/', '=']) || database.chars().any(char::is_control) {
        return Err("it names no database".into());
    }
    Ok(Server { variables, database, password: parsed.password().map(decoded) })
}

impl Server {
    /// Whether programs that get these variables, and no other of their kind, reach this machine alone.
    pub fn is_near(&self) -> bool {
        let host = self.variables.iter().find(|(name, _)| *name == "PGHOST").map(|(_, host)| host.as_str());
        host.is_none_or(is_near)
    }
}

/// Whether a host is this machine: none, the folder of a socket, or a loopback address.
pub fn is_near(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    let is_socket = !host.contains(',') && (host.is_empty() || host.starts_with(['/', '@']));
    is_socket || host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// A text without its percent signs.
pub fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        match (byte, hex) {
            (b'%', Some(value)) => {
                bytes.push(value);
                rest = &after[2..];
            }
            _ => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_judged_is_what_programs_are_told() {
        for (address, near) in [
            ("postgres://u@/d?host=/run/postgresql", true),
            ("postgres://u@127.0.0.1:5433/d", true),
            ("postgres://u@[::1]/d", true),
            ("postgres:///d", true),
            ("postgres://localhost/d", true),
            ("postgres://%2Ftmp/d", true),
            ("postgres://u@db.example/d", false),
            ("postgres://u@/d?host=db.example", false),
            ("postgres://u@/d?host=192.0.2.2", false),
            ("postgres://127.0.0.1@db.example/d", false),
            ("postgres://u@/d?user=host%3D/tmp&host=db.example", false),
        ] {
            let judged = server(address).map(|server| server.is_near());
            assert!(judged == Ok(near) || address.contains("user=") && judged.is_err(), "{address}: {judged:?}");
        }
    }

    #[test]
    fn an_address_that_says_anything_twice_is_none() {
        for bad in [
            "postgres://postgres@/d?host=/tmp&host=192.0.2.2&port=5999",
            "postgres://postgres@/d?host=/tmp,192.0.2.2",
            "postgres://postgres@/d?host=/tmp%2C192.0.2.2",
            "postgres://127.0.0.1,192.0.2.2/d",
            "postgres://127.0.0.1/d?host=192.0.2.2",
            "postgres://127.0.0.1:1/d?port=2",
            "postgres://127.0.0.1/d?port=1,2",
            "postgres://a@127.0.0.1/d?user=b",
            "postgres://127.0.0.1/d?dbname=e",
            "postgres://127.0.0.1/d?hostaddr=192.0.2.2",
            "postgres://127.0.0.1/d?service=x",
            "postgres://127.0.0.1/host=192.0.2.2",
            "postgres://127.0.0.1/postgres:%2F%2F192.0.2.2",
            "mysql://127.0.0.1/d",
            "x",
        ] {
            assert!(server(bad).is_err(), "{bad}: {:?}", server(bad));
        }
        let whole = server("postgres://ap%70:hu%40sh@db.example:5433/gate%20way?sslmode=require").unwrap();
        let variables = [("PGHOST", "db.example"), ("PGPORT", "5433"), ("PGUSER", "app"), ("PGSSLMODE", "require")];
        assert_eq!(whole.variables, variables.map(|(name, value)| (name, value.to_owned())));
        assert_eq!((whole.database.as_str(), whole.password.as_deref()), ("gate way", Some("hu@sh")));
    }
}
