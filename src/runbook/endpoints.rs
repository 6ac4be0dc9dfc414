//! What the servers that runbooks speak to answer to, so that a runbook cannot name an endpoint that is
//! not there. The lists are those of the plugins' checks `runbook.endpoints` and of recorded servers.
//!
//! Start with [`of`].

/// A server and its endpoints.
#[derive(Debug)]
pub struct Server {
    /// The plugin's name.
    pub name: &'static str,
    /// Methods and paths; `*` stands for one part of a path.
    pub endpoints: &'static [(&'static str, &'static str)],
}

/// Every server whose endpoints are known.
pub const SERVERS: &[Server] = &[];

/// The server that a plugin of this name speaks to.
pub fn of(applies_to: &str) -> Option<&'static Server> {
    SERVERS.iter().find(|server| server.name == applies_to)
}

impl Server {
    /// Whether the server has an endpoint; else the nearest that it has, as the end of a sentence.
    pub fn knows(&self, method: &str, path: &str) -> Result<(), String> {
        let path = path.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
        let same = |known: &str| {
            let (known, asked): (Vec<&str>, Vec<&str>) = (known.split('/').collect(), path.split('/').collect());
            // A name in the place of a fixed part may be anything, and so may lead there.
            known.len() == asked.len() && known.iter().zip(&asked).all(|(known, asked)| *known == "*" || known == asked)
        };
        if self.endpoints.iter().any(|(known_method, known)| *known_method == method && same(known)) {
            return Ok(());
        }
        let others: Vec<&str> = self.endpoints.iter().filter(|(_, known)| same(known)).map(|(method, _)| *method).collect();
        if !others.is_empty() {
            return Err(format!("; this path takes {}", others.join(", ")));
        }
        let near = self.endpoints.iter().map(|(method, known)| (strsim::jaro_winkler(known, path), method, known));
        let nearest = near.filter(|(near, ..)| *near > 0.75).max_by(|(one, ..), (other, ..)| one.total_cmp(other));
        Err(nearest.map_or(String::new(), |(_, method, known)| format!("; the nearest is {method} {known}")))
    }

    /// Why a command line of `wpp` asks for something that this server lacks.
    pub fn lacks(&self, _words: &[String]) -> Option<String> {
        None
    }
}
