//! Retention: which archives are kept and which may go, and why. Decides; `prune` removes.
//!
//! **The rules** are restic's: the newest archive of each of the last N hours, days, weeks, months
//! and years that have one, the last N archives, and all within a span of the newest. While a rule
//! of hours to years is not filled, the oldest archive is kept as well, so that history grows to its
//! full length. Hours and days are those of one stated time zone, weeks are ISO weeks.
//!
//! **What may count.** An archive is *sound* when it is whole, was verified by this home (or read
//! back, if it is sealed to a key that is not here) and failed no check since, and when all of that
//! holds for the whole chain that it builds on.
//! Only sound archives fill a rule. One that is not sound is kept beside them as long as the rule is
//! not filled, and never in the place of a sound one.
//!
//! **What is never removed**, whatever the rules say: the newest archive of a session, the newest
//! one at each level of verification, what a kept increment builds on, what is newer than the newest
//! sound one, what cannot be read or may be needed by what cannot be read, what has a time that lies
//! ahead, and what has a name that wpp did not give. Without a rule nothing is removed at all.
//!
//! Several files that hold one archive count once, and stay or go together.
//!
//! Archives are judged in groups of one session of one home: a folder that two hosts share keeps
//! both of theirs. Start with [`plan`].

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::verify::Level;
use crate::clock::{CalendarSpan, TimeZone, Timestamp};

/// How many archives of each kind stay; a rule of zero is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rules {
    /// The newest so many.
    pub last: u64,
    /// The newest of each of the last so many hours that have one.
    pub hourly: u64,
    /// The same for days.
    pub daily: u64,
    /// The same for ISO weeks.
    pub weekly: u64,
    /// The same for months.
    pub monthly: u64,
    /// The same for years.
    pub yearly: u64,
    /// All that were made within this span before the newest sound one.
    pub within: Option<CalendarSpan>,
}

impl Rules {
    /// Whether there is no rule at all.
    pub fn is_empty(&self) -> bool {
        *self == Rules::default()
    }
}

/// How far this home has checked an archive; the better check is the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    /// What was written was read back, byte for byte; its key is not here.
    ReadBack,
    /// It was verified at this level.
    Verified(Level),
}

impl Check {
    fn words(self) -> String {
        match self {
            Check::ReadBack => "read back".into(),
            Check::Verified(level) => format!("verified at level {}", level.name()),
        }
    }
}

/// What is known about an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Its id.
    pub id: String,
    /// Its session's name.
    pub session: String,
    /// The journal of the home that made it.
    pub home: String,
    /// When its snapshot was taken.
    pub created: Timestamp,
    /// Whether both databases are inside and were sound.
    pub whole: bool,
    /// The id of the archive that it is an increment of.
    pub parent: Option<String>,
    /// How far this home has checked this very file, and when it last did.
    pub checked: Option<(Check, Timestamp)>,
    /// What a later check found wrong with it.
    pub failed: Option<String>,
}

/// What is known, or why nothing is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Facts {
    /// It could be read, or the journal knows it.
    Known(Known),
    /// It could not.
    Unknown {
        /// Why.
        why: String,
        /// The session whose archives it may build on, when it may be an increment.
        may_need: Option<String>,
    },
}

/// One archive, as plain data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archived {
    /// Its name at its destination.
    pub name: String,
    /// Whether its name is one that wpp gave; what has another is a copy that somebody made.
    pub named: bool,
    /// Its size.
    pub size_bytes: u64,
    /// What is known about it.
    pub facts: Facts,
}

impl Archived {
    /// What is known about it, if anything is.
    pub fn known(&self) -> Option<&Known> {
        match &self.facts {
            Facts::Known(known) => Some(known),
            Facts::Unknown { .. } => None,
        }
    }
}

/// What is to become of one archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The archive.
    pub archive: Archived,
    /// Whether it stays.
    pub keep: bool,
    /// Why: one reason or several to keep it, one to remove it.
    pub reasons: Vec<String>,
    /// Whether others may go because this one is sound: the newest sound one of its group, and what
    /// that one builds on.
    pub anchor: bool,
}

/// What is to become of every archive, in the order in which they were given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrunePlan {
    /// Every archive.
    pub decisions: Vec<Decision>,
}

impl PrunePlan {
    /// What is to be removed: what builds on another one before that one, and else the oldest first.
    pub fn removals(&self) -> Vec<&Decision> {
        let chains = Chains::of(self.decisions.iter().map(|decision| &decision.archive));
        let mut removals: Vec<(usize, Timestamp, &Decision)> = self
            .decisions
            .iter()
            .filter(|decision| !decision.keep)
            .filter_map(|decision| {
                let known = decision.archive.known()?;
                Some((chains.ancestors(known).0.len(), known.created, decision))
            })
            .collect();
        removals.sort_by_key(|(depth, created, _)| (std::cmp::Reverse(*depth), *created));
        removals.into_iter().map(|(_, _, decision)| decision).collect()
    }

    /// The archives whose soundness is the reason why others may go.
    pub fn anchors(&self) -> impl Iterator<Item = &Decision> {
        self.decisions.iter().filter(|decision| decision.anchor)
    }
}

/// Which archive builds on which.
struct Chains<'a> {
    /// Parents by id.
    parents: BTreeMap<&'a str, Option<&'a str>>,
    /// Numbers by id; two files may hold one archive.
    numbers: BTreeMap<&'a str, Vec<usize>>,
}

impl<'a> Chains<'a> {
    fn of(archives: impl Iterator<Item = &'a Archived>) -> Chains<'a> {
        let mut chains = Chains { parents: BTreeMap::new(), numbers: BTreeMap::new() };
        for (number, archive) in archives.enumerate() {
            let Some(known) = archive.known() else { continue };
            chains.parents.insert(&known.id, known.parent.as_deref());
            chains.numbers.entry(&known.id).or_default().push(number);
        }
        chains
    }

    /// Ids that an archive builds on, nearest first, and whether all of them are there.
    fn ancestors(&self, known: &'a Known) -> (Vec<&'a str>, bool) {
        let mut found = Vec::new();
        let mut next = known.parent.as_deref();
        while let Some(id) = next {
            // A manifest may state anything, a circle too.
            if id == known.id || found.contains(&id) {
                return (found, false);
            }
            let Some(parent) = self.parents.get(id) else { return (found, false) };
            found.push(id);
            next = *parent;
        }
        (found, true)
    }

    /// Numbers of the files that an archive builds on.
    fn below(&self, known: &'a Known) -> impl Iterator<Item = usize> {
        self.ancestors(known).0.into_iter().filter_map(|id| self.numbers.get(id)).flatten().copied()
    }
}

/// The name of a bucket.
type Bucket = fn(Timestamp, &TimeZone) -> String;

const BUCKETS: [(&str, Bucket); 5] = [
    ("hourly", |time, zone| time.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:00").to_string()),
    ("daily", |time, zone| time.to_zoned(zone.clone()).strftime("%Y-%m-%d").to_string()),
    ("weekly", |time, zone| time.to_zoned(zone.clone()).strftime("%G-W%V").to_string()),
    ("monthly", |time, zone| time.to_zoned(zone.clone()).strftime("%Y-%m").to_string()),
    ("yearly", |time, zone| time.to_zoned(zone.clone()).strftime("%Y").to_string()),
];

/// Decides what becomes of every archive.
pub fn plan(archives: Vec<Archived>, rules: &Rules, zone: &TimeZone, now: Timestamp) -> PrunePlan {
    let (reasons, anchors) = judge(&archives, rules, zone, now);
    let decide = |(number, archive): (usize, Archived)| {
        let mut why = reasons.0.get(&number).cloned().unwrap_or_default();
        let keep = rules.is_empty() || !why.is_empty();
        if why.is_empty() {
            why.push(if keep { "no rule is set, so nothing is removed" } else { "no rule keeps it" }.to_owned());
        }
        Decision { archive, keep, reasons: why, anchor: anchors.contains(&number) }
    };
    PrunePlan { decisions: archives.into_iter().enumerate().map(decide).collect() }
}

/// Why each archive is kept (what has no reason may go), and the numbers of the anchors.
fn judge(archives: &[Archived], rules: &Rules, zone: &TimeZone, now: Timestamp) -> (Reasons, BTreeSet<usize>) {
    let (mut reasons, mut anchors) = (Reasons::default(), BTreeSet::new());
    for (number, archive) in archives.iter().enumerate() {
        match &archive.facts {
            Facts::Unknown { why, .. } => reasons.add(number, format!("cannot be read, so it is never removed: {why}")),
            Facts::Known(known) if known.created > now => reasons.add(number, "its time lies ahead of this clock"),
            Facts::Known(_) if !archive.named => reasons.add(number, "wpp did not name it so: it is somebody's own copy"),
            Facts::Known(_) => {}
        }
    }
    if rules.is_empty() {
        return (reasons, anchors);
    }
    let chains = Chains::of(archives.iter());
    for group in groups(archives, &chains, now) {
        group.judge(rules, zone, &mut reasons);
        if let Some((number, known)) = group.newest_sound().map(|place| group.archives[place]) {
            anchors.insert(number);
            // Of a parent that is there twice, what is not sound is no reason for anything.
            let below = chains.below(known).filter(|number| archives[*number].known().is_some_and(is_good));
            anchors.extend(below);
        }
        for (copy, one) in &group.copies {
            if reasons.0.contains_key(one) {
                reasons.add(*copy, format!("it is the same archive as {}", archives[*one].name));
            }
        }
    }
    // Whoever cannot say what it builds on may build on any of its session; its time is not known either.
    for unknown in archives {
        let Facts::Unknown { may_need: Some(session), .. } = &unknown.facts else { continue };
        for (number, archive) in archives.iter().enumerate() {
            if archive.known().is_some_and(|known| known.session == *session) {
                reasons.add(number, format!("{} may build on it, and cannot be read", unknown.name));
            }
        }
    }
    let kept: Vec<usize> = reasons.0.keys().copied().collect();
    for number in kept {
        let Some(known) = archives[number].known() else { continue };
        for ancestor in chains.below(known) {
            reasons.add(ancestor, format!("{} builds on it", archives[number].name));
        }
    }
    (reasons, anchors)
}

/// The archives of one session of one home.
struct Group<'a> {
    /// Newest first, without those whose time lies ahead.
    archives: Vec<(usize, &'a Known)>,
    /// Which of them are sound.
    sound: BTreeSet<usize>,
    /// Further files that hold one of these archives, each with the number of the one that counts.
    copies: Vec<(usize, usize)>,
}

/// Whether all that this home knows of an archive alone is good.
fn is_good(known: &Known) -> bool {
    known.whole && known.checked.is_some() && known.failed.is_none()
}

fn groups<'a>(archives: &'a [Archived], chains: &Chains<'a>, now: Timestamp) -> Vec<Group<'a>> {
    let known = || archives.iter().enumerate().filter_map(|(number, archive)| Some((number, archive.known()?)));
    let good_ids: BTreeSet<&str> = known().filter(|(_, known)| is_good(known)).map(|(_, known)| known.id.as_str()).collect();
    let mut groups: BTreeMap<(&str, &str), Group<'a>> = BTreeMap::new();
    for (number, known) in known().filter(|(_, known)| known.created <= now) {
        let key = (known.session.as_str(), known.home.as_str());
        let group =
            groups.entry(key).or_insert_with(|| Group { archives: Vec::new(), sound: BTreeSet::new(), copies: Vec::new() });
        group.archives.push((number, known));
        let (chain, complete) = chains.ancestors(known);
        if is_good(known) && complete && chain.iter().all(|id| good_ids.contains(id)) {
            group.sound.insert(number);
        }
    }
    for group in groups.values_mut() {
        // Of several files with one archive the sound one counts, then the one that wpp named.
        let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
        group.archives.sort_by_key(|(number, _)| (!group.sound.contains(number), !archives[*number].named, *number));
        let (sound, copies) = (&mut group.sound, &mut group.copies);
        group.archives.retain(|(number, known)| match counted.entry(&known.id) {
            Entry::Vacant(first) => *first.insert(*number) == *number,
            Entry::Occupied(first) => {
                sound.remove(number);
                copies.push((*number, *first.get()));
                false
            }
        });
        group.archives.sort_by_key(|(number, known)| std::cmp::Reverse((known.created, &archives[*number].name)));
    }
    groups.into_values().collect()
}

#[derive(Default)]
struct Reasons(BTreeMap<usize, Vec<String>>);

impl Reasons {
    fn add(&mut self, number: usize, reason: impl Into<String>) {
        let (all, reason) = (self.0.entry(number).or_default(), reason.into());
        if !all.contains(&reason) {
            all.push(reason);
        }
    }
}

impl Group<'_> {
    fn is_sound(&self, number: usize) -> bool {
        self.sound.contains(&number)
    }

    /// The place of the newest sound archive.
    fn newest_sound(&self) -> Option<usize> {
        self.archives.iter().position(|(number, _)| self.is_sound(*number))
    }

    fn judge(&self, rules: &Rules, zone: &TimeZone, reasons: &mut Reasons) {
        let archives = &self.archives;
        if let Some((number, _)) = archives.first() {
            reasons.add(*number, "the newest");
        }
        let Some(newest_sound) = self.newest_sound() else {
            for (number, _) in archives {
                reasons.add(*number, "no archive of its session is whole and verified by this home");
            }
            return;
        };
        for (number, known) in &archives[..newest_sound] {
            let reason = match (&known.failed, known.checked, known.whole) {
                (Some(why), _, _) => &format!("it is newer than the last one that is verified, and failed: {why}"),
                (_, None, _) => "not verified yet",
                (_, _, false) => "it holds its session only in part, and is newer than the last one that is whole and verified",
                (_, _, true) => "what it builds on is not there or not verified, and it is newer than the last one that is",
            };
            reasons.add(*number, reason);
        }
        self.keep_checked(reasons);
        self.keep_last(rules.last, reasons);
        let counts = [rules.hourly, rules.daily, rules.weekly, rules.monthly, rules.yearly];
        for ((rule, bucket), count) in BUCKETS.into_iter().zip(counts).filter(|(_, count)| *count > 0) {
            self.keep_newest_of_each(rule, |known| bucket(known.created, zone), count, reasons);
        }
        if let Some(span) = rules.within {
            let since = span.before(archives[newest_sound].1.created, zone);
            for (number, _) in archives.iter().filter(|(_, known)| known.created >= since) {
                reasons.add(*number, format!("within {span} of the newest"));
            }
        }
    }

    /// Keeps the newest archive at each level. A better check is a weaker one, too: the newest at
    /// level quick may be the newest at level hash.
    fn keep_checked(&self, reasons: &mut Reasons) {
        let mut best = None;
        for (number, known) in self.archives.iter().filter(|(number, _)| self.is_sound(*number)) {
            let check = known.checked.map(|(check, _)| check);
            if check > best {
                best = check;
                reasons.add(*number, check.map_or_else(String::new, |check| format!("the newest {}", check.words())));
            }
        }
    }

    fn keep_last(&self, mut left: u64, reasons: &mut Reasons) {
        for (number, _) in &self.archives {
            if left == 0 {
                break;
            }
            reasons.add(*number, "last");
            left -= u64::from(self.is_sound(*number));
        }
    }

    fn keep_newest_of_each(&self, rule: &str, bucket: impl Fn(&Known) -> String, mut left: u64, reasons: &mut Reasons) {
        for same in self.archives.chunk_by(|one, two| bucket(one.1) == bucket(two.1)) {
            if left == 0 {
                return;
            }
            // No chunk is empty.
            let Some((number, known)) = same.iter().find(|(number, _)| self.is_sound(*number)).or(same.first()) else { continue };
            reasons.add(*number, format!("{rule} {}", bucket(known)));
            left -= u64::from(self.is_sound(*number));
        }
        let oldest = self.archives.iter().rfind(|(number, _)| self.is_sound(*number));
        if let (Some((number, _)), true) = (oldest, left > 0) {
            reasons.add(*number, format!("the oldest, as long as {rule} is not filled"));
        }
    }
}

/// The rules as they are written into reports and the journal.
impl Serialize for Rules {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = serializer.serialize_map(None)?;
        let counts = [
            ("keep_last", self.last),
            ("keep_hourly", self.hourly),
            ("keep_daily", self.daily),
            ("keep_weekly", self.weekly),
            ("keep_monthly", self.monthly),
            ("keep_yearly", self.yearly),
        ];
        for (name, count) in counts.iter().filter(|(_, count)| *count > 0) {
            map.serialize_entry(name, count)?;
        }
        if let Some(span) = self.within {
            map.serialize_entry("keep_within", &span.to_string())?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests;
