//! Sets of gateways' state at a destination: what `wpp backup list` says of them, and
//! `wpp backup prune --channel`, by the rules of archives.

use serde_json::{Value, json};

use super::prune::{decision_data, plan_section, rules_section, tell};
use crate::app::App;
use crate::archive::destination::{Destination, Object};
use crate::archive::retention::{self, Archived, Check, Facts, Known, PrunePlan, Rules};
use crate::archive::seal::{self, Identities};
use crate::archive::shelf;
use crate::archive::verify::Level;
use crate::clock;
use crate::disk::{self, Lock};
use crate::dump::set::{self, Manifest};
use crate::error::{Error, ErrorKind, Result};
use crate::report::{Report, Section, Table, count, size};

/// A set that lies somewhere.
pub(super) struct Lying {
    object: Object,
    place: String,
    /// What it says of itself, unverified, or why it cannot be read.
    manifest: Result<Manifest>,
}

impl Lying {
    fn is_locked(&self) -> bool {
        self.object.name.ends_with(seal::SUFFIX) && self.manifest.as_ref().is_err_and(|error| error.kind() == ErrorKind::Denied)
    }

    /// Whether nobody can say what is in it, though every key that is needed is here.
    pub(super) fn is_unreadable(&self) -> bool {
        self.manifest.is_err() && !self.is_locked()
    }

    fn channel(&self) -> Option<&str> {
        match &self.manifest {
            Ok(manifest) => Some(&manifest.channel),
            Err(_) => shelf::named(&self.object.name).map(|name| name.session),
        }
    }

    fn created_ms(&self) -> Option<i64> {
        match &self.manifest {
            Ok(manifest) => Some(manifest.created_ms),
            Err(_) => shelf::named(&self.object.name).map(|name| name.time.as_millisecond()),
        }
    }
}

/// The sets at a destination, oldest first. Of each only the beginning is read.
pub(super) fn lying(destination: &Destination, identities: &Identities) -> Result<Vec<Lying>> {
    let mut found = Vec::new();
    for object in destination.list()?.into_iter().filter(|object| shelf::is_set(&object.name)) {
        let place = destination.place(&object.name);
        let bytes = destination.open_listed(&object);
        let manifest = bytes.and_then(|bytes| set::manifest(shelf::input(&place, bytes, object.size_bytes, identities)?));
        found.push(Lying { object, place, manifest });
    }
    found.sort_by_key(|lying| (lying.created_ms(), lying.object.name.clone()));
    Ok(found)
}

/// The table of `wpp backup list`.
pub(super) fn section(sets: &[Lying]) -> Section {
    let columns = ["set", "gateway", "taken", "age", "parts", "size", "holds"];
    let rows = sets.iter().map(|lying| {
        let taken = lying.created_ms().map(clock::from_ms);
        let (parts, holds) = match &lying.manifest {
            Ok(manifest) if manifest.complete => (manifest.parts.len().to_string(), "all".to_owned()),
            Ok(manifest) => (manifest.parts.len().to_string(), format!("INCOMPLETE, no backup: {}", manifest.lacks())),
            Err(_) if lying.is_locked() => ("?".into(), "encrypted: no key was given".into()),
            Err(error) => ("?".into(), error.chain()),
        };
        vec![
            lying.object.name.clone(),
            lying.channel().unwrap_or("?").to_owned(),
            taken.map_or("?".into(), clock::rfc3339),
            taken.map_or("?".into(), |taken| clock::human(clock::since(taken, clock::now()))),
            parts,
            size(lying.object.size_bytes),
            holds,
        ]
    });
    Section::new("Sets of gateways").table(Table::new(columns, rows))
}

/// The same for programs.
pub(super) fn data(sets: &[Lying]) -> Vec<Value> {
    let of = |lying: &Lying| {
        let manifest = lying.manifest.as_ref().ok();
        json!({
            "path": lying.place, "name": lying.object.name, "size_bytes": lying.object.size_bytes,
            "encrypted": lying.object.name.ends_with(seal::SUFFIX), "locked": lying.is_locked(),
            "channel": lying.channel(), "created_ms": lying.created_ms(),
            "id": manifest.map(|manifest| &manifest.id), "complete": manifest.map(|manifest| manifest.complete),
            "parts": manifest.map(|manifest| manifest.parts.iter().map(|part| &part.name).collect::<Vec<_>>()),
            "missing": manifest.map(|manifest| &manifest.missing),
            "error": lying.manifest.as_ref().err().map(Error::chain),
        })
    };
    sets.iter().map(of).collect()
}

/// Which sets, by which rules.
pub(super) struct Pruning<'a> {
    /// The gateway's name in config.toml.
    pub channel: &'a str,
    /// Where the sets are.
    pub destination: &'a Destination,
    /// What encrypted ones are read with; what cannot be read is never removed.
    pub identities: &'a Identities,
    /// What is kept.
    pub rules: &'a Rules,
    /// Whether the plan is only shown.
    pub dry_run: bool,
    /// Whether the operator agreed in advance.
    pub yes: bool,
}

/// Plans which sets of a gateway go, asks, and removes them.
///
/// # Errors
/// [`ErrorKind::Archive`] when the newest complete set, for whose sake others may go, cannot be read whole:
/// nothing is removed then. [`ErrorKind::Locked`] while a set of that gateway is made.
pub(super) fn prune(app: &App, pruning: &Pruning<'_>) -> Result<Report> {
    let Pruning { channel, destination, rules, .. } = *pruning;
    let sets = lying(destination, pruning.identities)?;
    let (zone, zone_name) = clock::local_zone();
    let archives = sets.iter().filter(|lying| lying.channel() == Some(channel)).map(archived).collect();
    let plan = retention::plan(archives, rules, &zone, clock::now());
    let removals = plan.removals();
    let freed: u64 = removals.iter().map(|decision| decision.archive.size_bytes).sum();
    let what = count(removals.len(), "set", "sets");
    let data = |dry_run: bool, removed: &[String], freed_bytes: u64| {
        json!({
            "channel": channel, "folder": destination.to_string(), "dry_run": dry_run, "time_zone": zone_name, "rules": rules,
            "sets": plan.decisions.iter().map(decision_data).collect::<Vec<Value>>(),
            "removed": removed, "freed_bytes": freed_bytes,
        })
    };
    if pruning.dry_run || removals.is_empty() {
        let title = match (removals.len(), plan.decisions.len()) {
            (0, 0) => format!("{channel}: no set in {destination}"),
            (0, all) => format!("{channel}: nothing to remove of {} in {destination}", count(all, "set", "sets")),
            _ => format!("{channel}: would remove {what} ({}); nothing was removed", size(freed)),
        };
        let mut report = Report::answer("dump-set-prune", title).section(rules_section(rules, &zone_name));
        if !plan.decisions.is_empty() {
            report = report.section(plan_section(&plan));
        }
        return Ok(report.data(data(true, &[], 0)));
    }
    tell(app, &plan, &zone_name);
    let question = format!("Remove {what} of {channel} ({}) from {destination}?", size(freed));
    let _confirmed = app.confirm_or_dry_run(pruning.yes, &question)?;
    app.home().ensure()?;
    disk::create_folder(&app.home().backup_state())?;
    let _lock = Lock::acquire(&app.home().set_lock(channel), "prune")?;
    read_anchors(pruning, &plan)?;
    let mut removed = Vec::new();
    for decision in &removals {
        let name = &decision.archive.name;
        let judged = sets.iter().find(|lying| lying.object.name == *name).map(|lying| &lying.object.stamp);
        let now = destination.look(name)?.map(|object| object.stamp);
        if !now.as_ref().zip(judged).is_some_and(|(now, judged)| now.is(judged)) {
            return Err(Error::new(
                ErrorKind::Archive,
                format!("{} is not the file any more that was judged", destination.place(name)),
            )
            .hint(format!("{} removed before; plan anew with --dry-run", count(removed.len(), "set was", "sets were"))));
        }
        destination.remove(name)?;
        let id = decision.archive.known().map(|known| &known.id);
        app.journal()?.record(
            None,
            "dump-set-prune",
            &json!({ "channel": channel, "path": destination.place(name), "id": id, "reasons": decision.reasons }),
        )?;
        removed.push(name.clone());
    }
    let kept = plan.decisions.len() - removed.len();
    let title = format!("{channel}: removed {what}, {} freed, {kept} kept", size(freed));
    Ok(Report::new("dump-set-prune", title).section(plan_section(&plan)).data(data(false, &removed, freed)))
}

/// A set as the rules of archives see it.
fn archived(lying: &Lying) -> Archived {
    let name = lying.object.name.clone();
    let facts = match &lying.manifest {
        Ok(manifest) => {
            let created = clock::from_ms(manifest.created_ms);
            Facts::Known(Known {
                id: manifest.id.clone(),
                session: manifest.channel.clone(),
                home: String::new(),
                created,
                whole: manifest.complete,
                parent: None,
                // What others rest on is read whole before anything goes.
                checked: Some((Check::Verified(Level::Hash), created)),
                failed: None,
            })
        }
        Err(error) => Facts::Unknown { why: error.chain(), may_need: None },
    };
    let named = shelf::named(&name).is_some_and(|named| Some(named.session) == lying.channel());
    Archived { name, named, size_bytes: lying.object.size_bytes, facts }
}

/// Reads what is the reason why others may go, every byte of it.
fn read_anchors(pruning: &Pruning<'_>, plan: &PrunePlan) -> Result<()> {
    for anchor in plan.anchors() {
        let name = &anchor.archive.name;
        let (bytes, object) = pruning.destination.open(name)?;
        let place = pruning.destination.place(name);
        let input = shelf::input(&place, bytes, object.size_bytes, pruning.identities)?;
        set::read(input, &mut |_, _| Ok(())).map_err(|error| {
            error
                .hint("nothing was removed: the others may only go because this one is good")
                .hint(format!("make a new one with `wpp backup --channel {}`", pruning.channel))
        })?;
    }
    Ok(())
}
