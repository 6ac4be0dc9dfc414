//! Addresses of servers that keep a gateway's state, taken apart once: what a program is told and whether it
//! may be told so come from the same parts. Pure. Start with [`Postgres::parse`] and [`read`].

use url::{ParseError, Url};

use crate::config::is_loopback;

/// Whether an address is one of PostgreSQL.
pub fn is_postgres(text: &str) -> bool {
    text.starts_with("postgres://") || text.starts_with("postgresql://")
}

/// Reads an address. One of PostgreSQL may name a user and no host, `postgres://USER@/DATABASE?host=FOLDER`,
/// which a general reader refuses: its host is then `-`.
pub fn read(text: &str) -> Result<Url, ParseError> {
    match text.split_once("@/").filter(|(before, _)| is_postgres(text) && before.matches('/').count() == 2) {
        Some((before, after)) => Url::parse(&format!("{before}@-/{after}")),
        None => Url::parse(text),
    }
}

/// An address for the eye.
pub fn without_password(text: &str) -> String {
    match read(text) {
        Ok(mut url) if url.password().is_some() => {
            // An address that had a password can do without one.
            let _ = url.set_password(None);
            url.to_string().replace("@-/", "@/")
        }
        _ => text.to_owned(),
    }
}

/// A database of a server of PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Postgres {
    /// The database; `None` for the one that is called like the user.
    pub database: Option<String>,
    /// The password, if it stands in the address.
    pub password: Option<String>,
    variables: Vec<(&'static str, String)>,
}

impl Postgres {
    /// Takes an address apart. The error says what of it is not understood, and repeats no password.
    pub fn parse(text: &str) -> Result<Postgres, String> {
        if !is_postgres(text) {
            return Err("it does not begin with postgres://".into());
        }
        let url = read(text).map_err(|error| format!("it cannot be read ({error})"))?;
        let mut variables: Vec<(&'static str, String)> = Vec::new();
        let mut set = |name, value: String| {
            // One that is said twice means what the last says to one reader, and the first to another.
            if variables.iter().any(|(known, _)| *known == name) {
                return Err(format!("it says {name} twice"));
            }
            // The programs take a list for several servers, and try one after the other.
            if matches!(name, "PGHOST" | "PGPORT") && value.contains(',') {
                return Err("it names several servers, and one is meant".to_owned());
            }
            // A database that is called like an address would be taken for one.
            if name == "PGDATABASE" && value.contains(['=', '/']) || value.chars().any(char::is_control) {
                return Err(format!("what it says of {name} is no name"));
            }
            variables.push((name, value));
            Ok(())
        };
        if let Some(host) = url.host_str().filter(|host| !matches!(*host, "" | "-")) {
            set("PGHOST", decoded(host.trim_matches(['[', ']'])))?;
        }
        if let Some(port) = url.port() {
            set("PGPORT", port.to_string())?;
        }
        if !url.username().is_empty() {
            set("PGUSER", decoded(url.username()))?;
        }
        let database = decoded(url.path().trim_start_matches('/'));
        if !database.is_empty() {
            set("PGDATABASE", database)?;
        }
        for (name, value) in url.query_pairs() {
            let variable = match &*name {
                "host" => "PGHOST",
                "port" => "PGPORT",
                "user" => "PGUSER",
                "dbname" => "PGDATABASE",
                "sslmode" => "PGSSLMODE",
                "sslrootcert" => "PGSSLROOTCERT",
                _ => return Err(format!("nothing is known of its {name}")),
            };
            set(variable, value.into_owned())?;
        }
        let database = variables.iter().find(|(name, _)| *name == "PGDATABASE").map(|(_, value)| value.clone());
        Ok(Postgres { database, password: url.password().map(decoded), variables })
    }

    /// What tells the programs of PostgreSQL where the server is, but for the password.
    pub fn variables(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.variables.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// Whether it leads nowhere but to this machine: to a socket, or to a loopback address.
    pub fn is_of_this_machine(&self) -> bool {
        let host = self.variables().find(|(name, _)| *name == "PGHOST").map_or("", |(_, host)| host);
        host.is_empty() || host.starts_with('/') || is_loopback(host)
    }
}

/// The socket of a Redis that its address names in the place of a host.
pub fn redis_socket(url: &Url) -> Option<String> {
    url.query_pairs().find(|(name, _)| name == "socket").map(|(_, socket)| socket.into_owned())
}

/// Whether an address of a server leads nowhere but to this machine: to a socket, or to a loopback address.
pub fn is_of_this_machine(text: &str) -> bool {
    if is_postgres(text) {
        return Postgres::parse(text).is_ok_and(|address| address.is_of_this_machine());
    }
    Url::parse(text).is_ok_and(|url| redis_socket(&url).is_some() || url.host_str().is_none_or(is_loopback))
}

/// A part of an address without its `%XX`.
pub fn decoded(text: &str) -> String {
    // As the value of a form, where `+` is a space and `&` ends it.
    let form = format!("x={}", text.replace('+', "%2B").replace('&', "%26"));
    url::form_urlencoded::parse(form.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_postgresql_becomes_variables() {
        let address = Postgres::parse("postgres://u%2B1:hu%40s+h&@127.0.0.1:5433/gate%20way?sslmode=require").unwrap();
        assert_eq!((address.database.as_deref(), address.password.as_deref()), (Some("gate way"), Some("hu@s+h&")));
        let variables: Vec<_> = address.variables().collect();
        assert_eq!(
            variables,
            [
                ("PGHOST", "127.0.0.1"),
                ("PGPORT", "5433"),
                ("PGUSER", "u+1"),
                ("PGDATABASE", "gate way"),
                ("PGSSLMODE", "require")
            ]
        );
        let local = Postgres::parse("postgres://wpp@/restored?host=/tmp/x/socket").unwrap();
        assert_eq!(local.variables().last(), Some(("PGHOST", "/tmp/x/socket")));
        for bad in [
            "postgres:///d?options=x",
            "postgres:///d?hostaddr=192.0.2.2",
            "postgres://h/d?host=other",
            "postgres:///d?host=/a&host=/b",
            "postgres:///d?host=/a,192.0.2.2",
            "postgres:///d?host=/a%2C192.0.2.2",
            "postgres://h,192.0.2.2/d",
            "postgres://h:1/d?port=2",
            "postgres://h/d?port=1,2",
            "postgres://127.0.0.1/host=192.0.2.2",
            "postgres://127.0.0.1/postgres:%2F%2F192.0.2.2",
            "mysql://h/d",
            "d",
        ] {
            assert!(Postgres::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_password_is_not_shown() {
        assert_eq!(without_password("postgres://u:hush@h/d"), "postgres://u@h/d");
        assert_eq!(without_password("postgres://u:hush@/d?host=/tmp"), "postgres://u@/d?host=/tmp");
    }

    #[test]
    fn servers_of_this_machine_are_told_from_others() {
        for (address, near) in [
            ("postgres:///d", true),
            ("postgres:///d?host=/tmp", true),
            ("postgres://u@/d?host=/run/postgresql", true),
            ("postgres://u@127.0.0.1:5433/d", true),
            ("postgres://[::1]/d", true),
            ("redis://[::1]:6379", true),
            ("redis://db.example?socket=/run/redis.sock", true),
            ("postgres://u@db.example/d", false),
            ("postgres://localhost/d", false),
            ("postgres://127.0.0.1@db.example/d", false),
            // Whatever way of writing it leads the programs elsewhere.
            ("postgres://u@/d?host=db.example", false),
            ("postgres://u@/d?ho%73t=db.example", false),
            ("postgres://u@/d?host=/tmp,db.example", false),
            ("postgres://u@/d?host=/tmp&host=db.example", false),
            ("redis://10.0.0.1", false),
            ("redis://db.example#@127.0.0.1", false),
            ("x", false),
        ] {
            assert_eq!(is_of_this_machine(address), near, "{address}");
        }
    }
}
