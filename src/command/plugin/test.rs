//! `wpp plugin test`: a plugin against recorded answers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clap::ValueEnum as _;
use serde_json::json;

use super::{powers, read, texts};
use crate::error::{Error, ErrorKind, Result};
use crate::plugin::Plugins;
use crate::plugin::grants::{Grant, Grants};
use crate::plugin::recorded::Recording;
use crate::plugin::registry::sha256;
use crate::plugin::trial::{Act, Asked, Call, Tried, Wishes};
use crate::report::{Report, Section, Severity, Table, Verdict, count, size};

const NOTES: &str = "\
Nothing is sent: the recording's answers stand in for the network, and secrets have made-up values. What changes something in the \
system behind the plugin is called only with --act.

Exit codes: 4 when the plugin was ended, was denied something, asked for what the recording does not answer, broke the contract, or \
judged otherwise than the recording expects; 0 otherwise.

`wpp help plugins` says what a recording is.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
pub(super) struct Args {
    /// The component: a .wasm file, or the name of a plugin of this home
    #[arg(value_name = "FILE|NAME", value_hint = clap::ValueHint::FilePath)]
    plugin: String,
    /// The recorded answers: a file, or a folder of files
    #[arg(long, value_name = "PATH", value_hint = clap::ValueHint::AnyPath)]
    answers: PathBuf,
    /// Set one of the plugin's settings; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// Allow it this and nothing else; may be repeated [default: the recording's origins and grants]
    #[arg(long, value_name = "GRANT")]
    grant: Vec<String>,
    /// Judge only this check; may be repeated
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    only: Vec<String>,
    /// Call what changes something, too: all of it, or what is named
    #[arg(long, value_name = "ACT", value_enum, num_args = 0.., require_equals = true, value_delimiter = ',')]
    act: Option<Vec<Act>>,
    /// The session to act on [default: the first one]
    #[arg(long, value_name = "SESSION", requires = "act")]
    on: Option<String>,
}

impl Args {
    pub(super) fn run(self, plugins: &Plugins<'_>) -> Result<Report> {
        let (name, bytes) = self.component(plugins)?;
        let recording = Recording::read(&self.answers)?;
        let mut settings = BTreeMap::new();
        for text in &self.set {
            let (name, value) = text
                .split_once('=')
                .filter(|(name, _)| !name.is_empty())
                .ok_or_else(|| Error::new(ErrorKind::Usage, format!("{text:?} sets nothing")).hint("write --set NAME=VALUE"))?;
            settings.insert(name.to_owned(), value.to_owned());
        }
        let grants = if self.grant.is_empty() {
            let origins = recording.origins().into_iter().map(Grant::Http);
            Grants(origins.chain(recording.grants.iter().cloned()).collect())
        } else {
            Grants(self.grant.iter().map(|text| Grant::parse(text)).collect::<Result<_>>()?)
        };
        let acts: BTreeSet<Act> = match self.act {
            None => BTreeSet::new(),
            Some(none) if none.is_empty() => Act::value_variants().iter().copied().collect(),
            Some(some) => some.into_iter().collect(),
        };
        let wishes = Wishes { only: self.only, acts, session: self.on };
        let trial = plugins.trial(&name, &bytes, recording, settings, grants.clone())?;
        let interfaces: Vec<&str> = trial.plugin().interfaces().iter().map(|interface| interface.name()).collect();
        let imports = trial.plugin().imports().to_vec();
        let asks = powers(&imports);
        let granted = texts(&grants.0);
        let tried = trial.run(&wishes);
        let mut head = Section::default()
            .field("offers", interfaces.join(", "))
            .field("asks for", if asks.is_empty() { "nothing".into() } else { asks.join(", ") })
            .field("allowed", if granted.is_empty() { "nothing".into() } else { granted.join(", ") });
        let missing: Vec<&str> =
            tried.settings.iter().filter(|setting| setting.required && !setting.given).map(|setting| &*setting.name).collect();
        let asked: Vec<&str> = tried
            .settings
            .iter()
            .filter(|setting| setting.asked && !setting.given && !setting.required)
            .map(|setting| &*setting.name)
            .collect();
        if !asked.is_empty() {
            head = head.field("not set", asked.join(", "));
        }
        let title = match tried.problems.len() {
            0 => format!("{name}: {} as they should be", count(tried.calls.len(), "call", "calls")),
            more => format!("{name}: {}", count(more, "problem", "problems")),
        };
        let mut report = Report::answer("plugin-test", title)
            .verdict(if tried.problems.is_empty() { Verdict::Pass } else { Verdict::Fail })
            .section(head)
            .data(json!({
                "name": name, "sha256": sha256(&bytes), "interfaces": interfaces, "imports": imports, "grants": granted,
                "settings": tried.settings, "calls": tried.calls, "problems": tried.problems, "unused": tried.unused,
            }));
        report.sections.extend(tried.calls.iter().map(called));
        report.sections.extend(rest(&tried));
        report.warnings.extend(
            missing.iter().map(|name| format!("the setting {name} is required and not given: `--set {name}=VALUE` gives it")),
        );
        // Findings are what the recording's system has to say, good or bad; what is well goes without saying.
        report.findings = tried.findings.into_iter().filter(|finding| finding.severity != Severity::Ok).collect();
        Ok(report)
    }

    /// What the plugin is called, and its bytes.
    fn component(&self, plugins: &Plugins<'_>) -> Result<(String, Vec<u8>)> {
        let path = Path::new(&self.plugin);
        if !path.is_file() && path.extension().is_none() && path.components().count() == 1 {
            return Ok((self.plugin.clone(), plugins.registry().bytes(&self.plugin)?));
        }
        let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        Ok((name.to_owned(), read(path)?))
    }
}

fn called(call: &Call) -> Section {
    let mut section = Section::new(format!("{}, {} ms, {}", call.call, call.took_ms, size(call.memory_bytes as u64)));
    section = section.line(match call.end {
        "answered" => call.said.clone(),
        end => format!("{end}: {}", call.said),
    });
    section.lines.extend(call.log.iter().map(|line| format!("log, {}: {}", line.level, line.text)));
    if !call.requests.is_empty() {
        let mut table = Table { columns: ["request", "answer"].map(str::to_owned).into(), rows: Vec::new() };
        table.rows.extend(call.requests.iter().map(|asked| vec![format!("{} {}", asked.method, asked.url), answered(asked)]));
        section.table = Some(table);
    }
    section
}

fn answered(asked: &Asked) -> String {
    match (asked.status, &asked.why) {
        (Some(status), _) => status.to_string(),
        (None, Some(why)) => format!("{}: {why}", asked.end.replace('_', " ")),
        (None, None) => asked.end.into(),
    }
}

fn rest(tried: &Tried) -> Vec<Section> {
    let mut sections = Vec::new();
    if !tried.unused.is_empty() {
        let mut section = Section::new("Answers that nothing asked for");
        section.lines.extend(tried.unused.iter().cloned());
        sections.push(section);
    }
    if !tried.problems.is_empty() {
        let mut section = Section::new("Problems");
        let line = |problem: &crate::plugin::trial::Problem| format!("{}, {}: {}", problem.call, problem.kind, problem.text);
        section.lines.extend(tried.problems.iter().map(line));
        sections.push(section);
    }
    sections
}
