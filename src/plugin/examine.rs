//! The checks that plugins add to the doctor's. Start with [`examine`].

use super::host::Interface;
use super::host::words::checks::{Check, Outcome};
use super::{Loaded, Plugins, adapt};
use crate::doctor::{Examination, Selection};
use crate::error::{ErrorKind, Result};

/// How many plugins are asked at once: mostly, they wait for their servers.
const AT_ONCE: usize = 8;

/// The plugins that have checks.
pub fn with_checks(plugins: &Plugins<'_>) -> Vec<String> {
    plugins.registry().offering(Interface::Checks).map(str::to_owned).collect()
}

/// The checks that plugins have, or why one cannot be asked.
pub fn describe(plugins: &Plugins<'_>, names: &[String]) -> Vec<Result<Vec<Check>>> {
    side_by_side(names, |name| plugins.load(name).and_then(|loaded| described(&loaded)))
}

/// Has plugins make the checks that are selected, in the order of their names, and with a session
/// tells nothing of the others. One that cannot be asked is unknown, and the others are asked all the
/// same. An error is that there is no such session, or no check that the selection names.
pub fn examine(plugins: &Plugins<'_>, names: &[String], selection: &Selection, session: Option<&str>) -> Result<Examination> {
    let mut examination = Examination::default();
    let answers = side_by_side(names, |name| ask(plugins, name, selection, session));
    for (name, answer) in names.iter().zip(answers) {
        match answer? {
            Ok((checks, outcomes)) => {
                let selected: Vec<Check> = checks.into_iter().filter(|check| selection.takes(&check.id, &check.area)).collect();
                examination.extend(adapt::examination(name, &selected, &outcomes, session));
            }
            Err(error) => examination.add(format!("{name}.plugin"), None, vec![adapt::unusable(name, &error)]),
        }
    }
    Ok(examination)
}

/// Asks one. The outer error is a question that makes no sense, the inner one a plugin that cannot be
/// asked.
fn ask(
    plugins: &Plugins<'_>,
    name: &str,
    selection: &Selection,
    session: Option<&str>,
) -> Result<Result<(Vec<Check>, Vec<Outcome>)>> {
    let (loaded, checks) = match plugins.load(name).and_then(|loaded| Ok((described(&loaded)?, loaded))) {
        Ok((checks, loaded)) => (loaded, checks),
        Err(error) => return Ok(Err(error)),
    };
    let ids: Vec<&str> = checks.iter().map(|check| check.id.as_str()).collect();
    if let Some(error) = selection.wrong(name, &ids) {
        return Err(error);
    }
    if let Some(session) = session.filter(|_| loaded.plugin.interfaces().contains(&Interface::Sessions)) {
        // Whatever else goes wrong here, the checks tell better.
        let asked = loaded.call(async |plugin, powers| plugin.status(powers, session).await).answer;
        if let Some(error) = asked.ok().and_then(|asked| asked.err()).map(|failure| adapt::error_of_session(name, failure))
            && error.kind() == ErrorKind::NoSession
        {
            return Err(error);
        }
    }
    let taken: Vec<String> =
        checks.iter().filter(|check| selection.takes(&check.id, &check.area)).map(|check| check.id.clone()).collect();
    if taken.is_empty() {
        // To a plugin, none are all.
        return Ok(Ok((Vec::new(), Vec::new())));
    }
    let outcomes = loaded.call(async |plugin, powers| plugin.judge(powers, &taken).await).answer;
    Ok(outcomes.map(|outcomes| (checks, outcomes)))
}

fn described(loaded: &Loaded) -> Result<Vec<Check>> {
    loaded.call(async |plugin, powers| plugin.checks(powers).await).answer
}

/// An answer for each name, in their order.
fn side_by_side<T: Send>(names: &[String], ask: impl Fn(&str) -> T + Sync) -> Vec<T> {
    let mut answers = Vec::with_capacity(names.len());
    for some in names.chunks(AT_ONCE) {
        std::thread::scope(|scope| {
            let asked: Vec<_> = some.iter().map(|name| scope.spawn(|| ask(name))).collect();
            answers.extend(asked.into_iter().map(|asked| asked.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))));
        });
    }
    answers
}
