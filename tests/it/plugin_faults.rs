//! Every plugin that comes with the project, with everything that its server can do wrong: one table. What a
//! plugin's methods end as, in which class, with which remedy, and within which time.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::path::Path;
use std::time::{Duration, Instant};

use wpp::plugin::host::Interface;
use wpp::plugin::host::words::checks::Judgement;
use wpp::plugin::host::words::types::{Failure, FailureKind, Outage, Severity};

use crate::doubles::{Baileys, Behaviour, Connector, Double, Fault, Jarvis, Notices, OpenWa};
use crate::gateways::{self, Bench, message};
use crate::notifiers;

/// Far longer than all of it takes on a machine that is busy, and far shorter than a server that never answers.
const BOUND: Duration = Duration::from_secs(50);

/// What a server does; `None` is that nobody listens.
struct Row {
    fault: Option<Fault>,
    kinds: &'static [FailureKind],
    words: &'static str,
    class: Option<Outage>,
}

const ROWS: &[Row] = &[
    row(None, &[FailureKind::Unreachable], "provider_unavailable", Some(Outage::ProviderUnavailable)),
    row(Some(Fault::Slow), &[FailureKind::Unreachable], "timeout", Some(Outage::Timeout)),
    row(Some(Fault::Garbled), &[FailureKind::InvalidAnswer], "answered 200 with", None),
    row(Some(Fault::Broken), &[FailureKind::Failed], "500", None),
    row(Some(Fault::Busy), &[FailureKind::RateLimited], "17 s", None),
    row(Some(Fault::Denied), &[FailureKind::Denied], "401", None),
    row(Some(Fault::Page), &[FailureKind::InvalidAnswer], "a page of HTML", None),
    row(Some(Fault::Failure), &[FailureKind::Failed, FailureKind::InvalidAnswer], "it did not work", None),
];

const fn row(fault: Option<Fault>, kinds: &'static [FailureKind], words: &'static str, class: Option<Outage>) -> Row {
    Row { fault, kinds, words, class }
}

/// What one plugin does otherwise, and why.
#[derive(Default)]
struct But {
    /// Its system has no way to be asked how it is.
    no_health: bool,
    /// Of whoever takes its notices, the status alone counts.
    any_body: bool,
    /// Checks that ask the server nothing.
    quiet: &'static [&'static str],
}

fn told(why: &Failure) -> String {
    format!("{}; {}", why.message, why.hint)
}

impl Row {
    fn is_told<T: Debug>(&self, place: &str, ended: Result<T, Failure>) {
        let why = match ended {
            Err(why) => why,
            Ok(done) => panic!("{place}: {:?} is no failure: {done:?}", self.fault),
        };
        assert!(self.kinds.contains(&why.kind) && told(&why).contains(self.words), "{place} {:?}: {why:?}", self.fault);
        assert!(why.outage == self.class && !why.hint.is_empty(), "{place} {:?}: {why:?}", self.fault);
    }
}

fn suffers<B: Behaviour>(name: &str, double: &Double<B>, mut bench: Bench, but: &But) {
    let (gone, _held) = crate::harness::refusing();
    let gateway = bench.interfaces().contains(&Interface::Sessions);
    let text = if gateway { message(None) } else { notifiers::notice() };
    let urls: Vec<String> =
        bench.settings.iter().filter(|(_, value)| value.starts_with("http://")).map(|(name, _)| name.clone()).collect();
    assert!(!urls.is_empty());
    for row in ROWS {
        let address = if row.fault.is_some() { double.url() } else { format!("http://{gone}") };
        for url in &urls {
            bench.set(url, &address);
        }
        double.fault(row.fault.unwrap_or(Fault::None));
        bench.set("timeout_ms", if row.fault == Some(Fault::Slow) { "300" } else { "20000" });
        let begun = Instant::now();
        match bench.health() {
            Err(why) if but.no_health => assert_eq!(why.kind, FailureKind::Unsupported, "{name}: {why:?}"),
            health => row.is_told(&format!("{name} health"), health),
        }
        let taken = but.any_body && matches!(row.fault, Some(Fault::Garbled | Fault::Page | Fault::Failure));
        match bench.send(&text) {
            Ok(_) if taken => {}
            sent => row.is_told(&format!("{name} send"), sent),
        }
        if gateway {
            row.is_told(&format!("{name} sessions"), bench.sessions());
            row.is_told(&format!("{name} status"), bench.status("main"));
        }
        let checks = if bench.interfaces().contains(&Interface::Checks) { bench.judge() } else { Vec::new() };
        assert_eq!(gateway, !checks.is_empty());
        for outcome in checks.iter().filter(|outcome| !but.quiet.contains(&outcome.check.as_str())) {
            match &outcome.judgement {
                Judgement::Unknown(why) => row.is_told::<()>(&outcome.check, Err(why.clone())),
                Judgement::Found(findings) => {
                    let calm = [Severity::Ok, Severity::Info].map(Some);
                    for finding in findings {
                        assert!(!calm.contains(&finding.severity) && !finding.remedy.is_empty(), "{:?}: {outcome:?}", row.fault);
                    }
                }
                Judgement::Skipped(why) => assert!(!why.is_empty(), "{outcome:?}"),
            }
        }
        assert!(begun.elapsed() < BOUND, "{name} {:?}: {:?}", row.fault, begun.elapsed());
    }
}

#[test]
fn every_plugin_says_what_its_server_does_wrong_in_which_class_and_what_to_do() {
    let mut seen = BTreeSet::from(["openwa", "jarvis", "connector", "baileys"].map(str::to_owned));
    let double = Double::new(OpenWa::well());
    suffers("openwa", &double, gateways::openwa(&double), &But::default());
    let double = Double::new(Jarvis::well());
    suffers("jarvis", &double, gateways::jarvis(&double), &But::default());
    let double = Double::new(Connector::well());
    suffers("connector", &double, gateways::connector(&double), &But::default());
    let double = Double::new(Baileys::well());
    let quiet = But { quiet: &["baileys.backup.dumps"], ..But::default() };
    suffers("baileys", &double, gateways::baileys(&double), &quiet);
    for (name, _, _) in notifiers::ALL {
        let double = Double::new(Notices::new(notifiers::TOKEN));
        let webhook = name == "webhook";
        let but = But { no_health: webhook, any_body: webhook, ..But::default() };
        suffers(name, &double, notifiers::bench(name, &double), &but);
        seen.insert(name.to_owned());
    }
    // One that comes with the project and is not in the table fails it.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins");
    let all = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let names: BTreeSet<String> = all
        .filter(|path| path.join("Cargo.toml").is_file())
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .filter(|name| !["sdk", "hostile"].contains(&name.as_str()))
        .collect();
    assert_eq!(seen, names);
}
