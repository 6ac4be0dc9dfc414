//! What the operator says of a run before it begins: values, answers, what is allowed. Start with
//! [`parameters`].

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::Site;
use super::front::Type;
use super::parse::Runbook;
use super::values::Values;
use crate::clock;
use crate::error::{Error, ErrorKind, Result};

/// What the operator says of a run.
#[derive(Debug, Clone, Default)]
pub struct Order {
    /// Parameters and secrets.
    pub values: Values,
    /// Answers to questions, by their ids.
    pub answers: BTreeMap<String, bool>,
    /// Whether scripts of the shell may be run.
    pub shell_allowed: bool,
    /// Whether it may begin although an earlier run of it has acted and is open.
    pub despite_open: bool,
    /// The evidence folder, where it is not to be one of the home's reports.
    pub evidence: Option<PathBuf>,
}

/// The parameters of a run: what was given, else their defaults, checked. `session` is the session that
/// was chosen on the command line.
///
/// # Errors
/// [`ErrorKind::Usage`] naming every parameter that has no value.
pub fn parameters(
    runbook: &Runbook,
    given: &BTreeMap<String, String>,
    secrets: &BTreeMap<String, String>,
    session: Option<&str>,
) -> Result<Values> {
    let (mut values, mut missing) = (Values::default(), Vec::new());
    for name in given.keys().chain(secrets.keys()).filter(|name| !runbook.front.parameters.contains_key(*name)) {
        runbook.front.check(name, "")?;
    }
    for (name, parameter) in &runbook.front.parameters {
        if parameter.secret && given.contains_key(name) {
            return Err(Error::new(ErrorKind::Usage, format!("{name} is a secret, and a command line is no place for one"))
                .hint(format!(
                    "give --secret {name}=env:VARIABLE or --secret {name}=file:PATH, or set WPP_SECRET_{}",
                    name.to_uppercase()
                )));
        }
        let chosen = session.filter(|_| name == "session" && parameter.kind == Type::Session).map(str::to_owned);
        let value = given.get(name).or_else(|| secrets.get(name)).cloned().or_else(|| parameter.default.clone()).or(chosen);
        match value {
            Some(value) => {
                let value = runbook.front.check(name, &value)?;
                if parameter.secret && value.is_empty() {
                    return Err(
                        Error::new(ErrorKind::Usage, format!("the secret {name} is empty")).hint("look at where it comes from")
                    );
                }
                if parameter.secret { &mut values.secrets } else { &mut values.plain }.insert(name.clone(), value);
            }
            None if parameter.secret => missing.push(format!("--secret {name}=env:VARIABLE ({})", parameter.help)),
            None => missing.push(format!("--set {name}=VALUE ({})", parameter.help)),
        }
    }
    if missing.is_empty() {
        return Ok(values);
    }
    let error = Error::new(ErrorKind::Usage, format!("the runbook {} needs to be told more", runbook.front.id));
    Err(missing.into_iter().fold(error, |error, one| error.hint(format!("give {one}"))))
}

/// What `{{gateway}}` is where the run is on a session of this host, or on none. No channel is called that.
const NO_GATEWAY: &str = "none";

/// The channel of the session that a run is on.
pub fn gateway(values: &Values) -> &str {
    let channel = values.get("session").and_then(|session| session.split_once(':'));
    channel.map_or(NO_GATEWAY, |(channel, _)| channel)
}

/// The values that every run has of itself, added to its parameters.
pub fn with_built_in(values: &mut Values, site: &Site<'_>, run: &str, evidence: &std::path::Path) {
    let now = clock::now();
    let gateway = gateway(values).to_owned();
    let own = [
        ("gateway", gateway),
        ("run", run.to_owned()),
        ("evidence", evidence.display().to_string()),
        ("home", site.home.root().display().to_string()),
        ("now", clock::rfc3339(now)),
        ("today", clock::compact(now)[..8].to_owned()),
    ];
    values.plain.extend(own.map(|(name, value)| (name.to_owned(), value)));
}
