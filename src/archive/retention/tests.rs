use std::collections::BTreeSet;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Central Europe, in a form that needs no database of zones.
const BERLIN: &str = "CET-1CEST,M3.5.0,M10.5.0/3";

fn archived(id: &str, created: &str) -> Archived {
    Archived {
        name: format!("{id}.wpp.tar.gz"),
        named: true,
        size_bytes: 1,
        facts: Facts::Known(Known {
            id: id.into(),
            session: "main".into(),
            home: "here".into(),
            created: at(created),
            whole: true,
            parent: None,
            checked: Some((Check::Verified(Level::Quick), at(created))),
            failed: None,
        }),
    }
}

fn with(mut archive: Archived, change: impl FnOnce(&mut Known)) -> Archived {
    if let Facts::Known(known) = &mut archive.facts {
        change(known);
    }
    archive
}

fn unverified(id: &str, created: &str) -> Archived {
    with(archived(id, created), |known| known.checked = None)
}

fn increment(id: &str, created: &str, parent: &str) -> Archived {
    with(archived(id, created), |known| known.parent = Some(parent.into()))
}

const NOW: &str = "2026-11-21T12:00:00Z";

fn planned(archives: &[Archived], rules: Rules) -> PrunePlan {
    plan(archives.to_vec(), &rules, &TimeZone::UTC, at(NOW))
}

fn kept(plan: &PrunePlan) -> Vec<&str> {
    plan.decisions
        .iter()
        .filter(|decision| decision.keep)
        .map(|decision| decision.archive.known().map_or("?", |known| &known.id))
        .collect()
}

fn reasons(plan: &PrunePlan, id: &str) -> Vec<String> {
    plan.decisions.iter().find(|decision| decision.archive.name.starts_with(id)).unwrap().reasons.clone()
}

fn days(count: u32) -> Vec<Archived> {
    // Two a day, oldest first, back from the day of NOW.
    let mut all: Vec<Archived> = (0..count)
        .flat_map(|day| {
            let date = at(NOW).to_zoned(TimeZone::UTC).date().checked_sub(jiff::Span::new().days(i64::from(day))).unwrap();
            [
                archived(&format!("{date}b"), &format!("{date}T11:00:00Z")),
                archived(&format!("{date}a"), &format!("{date}T01:00:00Z")),
            ]
        })
        .collect();
    all.reverse();
    all
}

#[test]
fn copies_of_an_archive_fill_no_rule_and_what_wpp_did_not_name_never_goes() {
    let one = |number: u32| archived(&format!("a{number}"), &format!("2026-11-{number:02}T00:00:00Z"));
    let copy = |number: u32, name: &str, named: bool| Archived { name: name.into(), named, ..one(number) };
    let all = [
        one(1),
        one(2),
        copy(2, "a2-mine", false),
        one(3),
        copy(3, "a3-2", true),
        one(4),
        copy(4, "a4-2", true),
        copy(4, "x", false),
    ];
    let plan = planned(&all, Rules { last: 2, ..Rules::default() });
    let removed: Vec<&str> = plan.removals().iter().map(|decision| decision.archive.name.as_str()).collect();
    assert_eq!(removed, ["a1.wpp.tar.gz", "a2.wpp.tar.gz"]);
    assert_eq!(reasons(&plan, "a2-mine"), ["wpp did not name it so: it is somebody's own copy"]);
    assert_eq!(reasons(&plan, "a3-2"), ["it is the same archive as a3.wpp.tar.gz"]);
    // A copy that was never verified stands for nothing, whatever it is called.
    let all = [with(one(1), |known| known.checked = None), copy(1, "x", false), one(2)];
    let plan = planned(&all, Rules { last: 2, ..Rules::default() });
    assert!(plan.removals().is_empty() && reasons(&plan, "x").contains(&"last".to_owned()), "{plan:?}");
}

#[test]
fn without_a_rule_nothing_is_removed() {
    let plan = planned(&days(10), Rules::default());
    assert_eq!(kept(&plan).len(), 20);
    assert!(plan.removals().is_empty());
}

#[test]
fn each_rule_keeps_the_newest_of_each_of_its_buckets() {
    let archives = days(800);
    let names = |rules: Rules| -> Vec<String> { kept(&planned(&archives, rules)).into_iter().rev().map(str::to_owned).collect() };
    assert_eq!(names(Rules { last: 3, ..Rules::default() }), ["2026-11-21b", "2026-11-21a", "2026-11-20b"]);
    assert_eq!(names(Rules { hourly: 3, ..Rules::default() }), ["2026-11-21b", "2026-11-21a", "2026-11-20b"]);
    assert_eq!(names(Rules { daily: 3, ..Rules::default() }), ["2026-11-21b", "2026-11-20b", "2026-11-19b"]);
    assert_eq!(names(Rules { weekly: 3, ..Rules::default() }), ["2026-11-21b", "2026-11-15b", "2026-11-08b"]);
    assert_eq!(names(Rules { monthly: 3, ..Rules::default() }), ["2026-11-21b", "2026-10-31b", "2026-09-30b"]);
    assert_eq!(names(Rules { yearly: 2, ..Rules::default() }), ["2026-11-21b", "2025-12-31b"]);
    // More years than there are: the oldest stays until there are enough.
    let oldest = archives[0].known().unwrap().id.clone();
    assert_eq!(names(Rules { yearly: 9, ..Rules::default() }), ["2026-11-21b", "2025-12-31b", "2024-12-31b", &oldest]);
    assert_eq!(
        names(Rules { within: Some("36h".parse().unwrap()), ..Rules::default() }),
        ["2026-11-21b", "2026-11-21a", "2026-11-20b", "2026-11-20a"]
    );
    let plan = planned(&archives, Rules { daily: 1, monthly: 2, ..Rules::default() });
    assert_eq!(
        reasons(&plan, "2026-11-21b"),
        ["the newest", "the newest verified at level quick", "daily 2026-11-21", "monthly 2026-11"]
    );
    assert_eq!(reasons(&plan, "2026-10-31b"), ["monthly 2026-10"]);
    assert_eq!(reasons(&plan, "2026-10-31a"), ["no rule keeps it"]);
}

#[test]
fn days_are_days_of_the_stated_zone() {
    let archives =
        [archived("a", "2026-11-20T22:30:00Z"), archived("b", "2026-11-20T23:30:00Z"), archived("c", "2026-11-21T01:00:00Z")];
    let rules = Rules { daily: 2, ..Rules::default() };
    let in_zone = |name: &str| {
        let plan = plan(archives.to_vec(), &rules, &TimeZone::posix(name).unwrap(), at(NOW));
        kept(&plan).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(in_zone("UTC0"), ["b", "c"]);
    assert_eq!(in_zone(BERLIN), ["a", "c"]);
    // The first ISO week of 2027 begins in it; the last days of 2026 are in week 53.
    let weeks = [archived("x", "2027-01-03T12:00:00Z"), archived("y", "2027-01-04T12:00:00Z")];
    let plan = plan(weeks.to_vec(), &Rules { weekly: 2, ..Rules::default() }, &TimeZone::UTC, at("2027-02-01T00:00:00Z"));
    assert!(reasons(&plan, "x").contains(&"weekly 2026-W53".to_owned()), "{:?}", reasons(&plan, "x"));
    assert!(reasons(&plan, "y").contains(&"weekly 2027-W01".to_owned()));
}

#[test]
fn what_was_never_verified_never_pushes_out_what_was() {
    let archives = [
        archived("a", "2026-11-18T00:00:00Z"),
        archived("b", "2026-11-19T00:00:00Z"),
        unverified("c", "2026-11-19T08:00:00Z"),
        archived("d", "2026-11-20T00:00:00Z"),
        unverified("e", "2026-11-20T08:00:00Z"),
        with(archived("f", "2026-11-21T00:00:00Z"), |known| known.whole = false),
    ];
    let plan = planned(&archives, Rules { last: 2, ..Rules::default() });
    // c rides along; e and f are newer than the last sound one.
    assert_eq!(kept(&plan), ["b", "c", "d", "e", "f"]);
    assert!(reasons(&plan, "e").contains(&"not verified yet".to_owned()));
    assert!(reasons(&plan, "f")[1].contains("only in part"));
    let plan = planned(&archives, Rules { daily: 2, ..Rules::default() });
    assert_eq!(kept(&plan), ["b", "d", "e", "f"], "in each day the sound one is chosen");
    assert_eq!(plan.anchors().map(|anchor| anchor.archive.name.as_str()).collect::<Vec<_>>(), ["d.wpp.tar.gz"]);
    // What failed a check later is no reason to remove anything, whatever it passed before.
    let failed: Vec<Archived> = archives
        .iter()
        .cloned()
        .map(|archive| with(archive, |known| known.failed = (known.id == "d").then(|| "damaged".to_owned())))
        .collect();
    let plan = planned(&failed, Rules { last: 1, ..Rules::default() });
    assert_eq!(kept(&plan), ["b", "c", "d", "e", "f"]);
    assert!(reasons(&plan, "d")[0].contains("failed: damaged"), "{:?}", reasons(&plan, "d"));
    // Where nothing is verified, nothing goes.
    let none: Vec<Archived> = days(4).into_iter().map(|archive| with(archive, |known| known.checked = None)).collect();
    assert!(planned(&none, Rules { last: 1, ..Rules::default() }).removals().is_empty());
}

#[test]
fn the_newest_at_each_level_stays() {
    let check = |check: Check| move |known: &mut Known| known.checked = Some((check, known.created));
    let archives = [
        with(archived("x", "2026-11-01T00:00:00Z"), check(Check::Verified(Level::Restore))),
        with(archived("y", "2026-11-02T00:00:00Z"), check(Check::Verified(Level::Restore))),
        with(archived("z", "2026-11-03T00:00:00Z"), check(Check::Verified(Level::Quick))),
        with(archived("a", "2026-11-10T00:00:00Z"), check(Check::Verified(Level::Quick))),
        with(archived("b", "2026-11-11T00:00:00Z"), check(Check::Verified(Level::Hash))),
        with(archived("c", "2026-11-12T00:00:00Z"), check(Check::Verified(Level::Hash))),
        with(archived("d", "2026-11-13T00:00:00Z"), check(Check::ReadBack)),
        with(archived("e", "2026-11-14T00:00:00Z"), check(Check::ReadBack)),
    ];
    let plan = planned(&archives, Rules { last: 1, ..Rules::default() });
    assert_eq!(kept(&plan), ["y", "a", "c", "e"]);
    assert_eq!(reasons(&plan, "y"), ["the newest verified at level restore"]);
    assert_eq!(reasons(&plan, "a"), ["the newest verified at level quick"]);
    assert_eq!(reasons(&plan, "c"), ["the newest verified at level hash"]);
    assert_eq!(reasons(&plan, "e"), ["the newest", "the newest read back", "last"]);
}

#[test]
fn a_chain_is_kept_below_what_is_kept_and_removed_from_its_top() {
    let archives = [
        archived("full-1", "2026-11-10T00:00:00Z"),
        increment("one-1", "2026-11-11T00:00:00Z", "full-1"),
        increment("two-1", "2026-11-12T00:00:00Z", "one-1"),
        archived("full-2", "2026-11-13T00:00:00Z"),
        increment("one-2", "2026-11-14T00:00:00Z", "full-2"),
        increment("two-2", "2026-11-15T00:00:00Z", "one-2"),
    ];
    let plan = planned(&archives, Rules { last: 1, ..Rules::default() });
    assert_eq!(kept(&plan), ["full-2", "one-2", "two-2"]);
    assert_eq!(reasons(&plan, "full-2"), ["two-2.wpp.tar.gz builds on it"]);
    let order: Vec<&str> = plan.removals().iter().map(|decision| decision.archive.name.as_str()).collect();
    assert_eq!(order, ["two-1.wpp.tar.gz", "one-1.wpp.tar.gz", "full-1.wpp.tar.gz"]);
    assert_eq!(plan.anchors().count(), 3);
    // The parent is gone: what is left of the chain is not sound, and older ones stay.
    let broken: Vec<Archived> = archives.iter().filter(|archive| !archive.name.starts_with("one-2")).cloned().collect();
    let plan = planned(&broken, Rules { last: 1, ..Rules::default() });
    assert_eq!(kept(&plan), ["full-2", "two-2"]);
    assert!(reasons(&plan, "two-2")[1].contains("builds on"), "{:?}", reasons(&plan, "two-2"));
    assert!(reasons(&plan, "full-2").contains(&"last".to_owned()));
    // A circle is no chain, and no endless loop.
    let circle = [increment("x", "2026-11-10T00:00:00Z", "y"), increment("y", "2026-11-11T00:00:00Z", "x")];
    assert_eq!(kept(&planned(&circle, Rules { last: 1, ..Rules::default() })).len(), 2);
}

#[test]
fn what_cannot_be_read_stays_and_so_does_what_it_may_need() {
    let mut archives = days(3);
    let unknown = |may_need: Option<&str>| Archived {
        named: true,
        name: "main-x.wpp-incr.tar.gz".into(),
        size_bytes: 1,
        facts: Facts::Unknown { why: "it is cut short".into(), may_need: may_need.map(str::to_owned) },
    };
    archives.push(unknown(None));
    let rules = Rules { last: 1, ..Rules::default() };
    assert_eq!(kept(&planned(&archives, rules)), ["2026-11-21b", "?"]);
    archives.push(unknown(Some("main")));
    assert_eq!(planned(&archives, rules).removals().len(), 0);
    archives.push(with(archived("other", "2026-11-10T00:00:00Z"), |known| known.session = "other".into()));
    archives.push(with(archived("other2", "2026-11-11T00:00:00Z"), |known| known.session = "other".into()));
    assert_eq!(planned(&archives, rules).removals().len(), 1, "another session is not held back");
}

#[test]
fn homes_that_share_a_folder_do_not_count_each_others_archives_and_a_wrong_clock_takes_nothing_away() {
    let there = |archive: Archived| with(archive, |known| known.home = "there".into());
    let archives = [
        there(unverified("a", "2026-11-10T00:00:00Z")),
        there(unverified("b", "2026-11-11T00:00:00Z")),
        archived("c", "2026-11-12T00:00:00Z"),
        archived("d", "2026-11-13T00:00:00Z"),
        archived("e", "2031-01-01T00:00:00Z"),
    ];
    let plan = planned(&archives, Rules { last: 1, ..Rules::default() });
    assert_eq!(kept(&plan), ["a", "b", "d", "e"]);
    assert_eq!(reasons(&plan, "e"), ["its time lies ahead of this clock"]);
}

/// A made-up set of archives: sessions, homes, chains whole and broken, clocks gone wrong.
fn made_up(random: &mut StdRng) -> Vec<Archived> {
    let mut all: Vec<Archived> = Vec::new();
    let count = random.random_range(0..40);
    let spread_hours = [3, 40, 900, 20_000][random.random_range(0..4)];
    for number in 0..count {
        let created = at(NOW).as_second() - random.random_range(-2..spread_hours) * 3600 - random.random_range(0..3600);
        let session = ["main", "sales"][random.random_range(0..2)];
        let mut archive = with(archived(&format!("{number}"), NOW), |known| {
            known.created = Timestamp::from_second(created).unwrap();
            known.session = session.into();
            known.home = ["here", "here", "there"][random.random_range(0..3)].into();
            known.whole = random.random_range(0..8) > 0;
            known.checked =
                [None, Some(Check::ReadBack), Some(Check::Verified(Level::Hash)), Some(Check::Verified(Level::Restore))]
                    [random.random_range(0..4)]
                .map(|check| (check, known.created));
            known.failed = (random.random_range(0..10) == 0).then(|| "noise".to_owned());
            if random.random_range(0..2) == 0 {
                known.parent = Some(random.random_range(0..count).to_string());
            }
        });
        if random.random_range(0..20) == 0 {
            let may_need = (random.random_range(0..4) == 0).then(|| session.to_owned());
            archive.facts = Facts::Unknown { why: "junk".into(), may_need };
        }
        all.push(archive);
    }
    all
}

fn made_up_rules(random: &mut StdRng) -> Rules {
    let mut count = || if random.random_range(0..2) == 0 { 0 } else { random.random_range(0..6) };
    let mut rules = Rules {
        last: count(),
        hourly: count(),
        daily: count(),
        weekly: count(),
        monthly: count(),
        yearly: count(),
        within: None,
    };
    if random.random_range(0..3) == 0 {
        rules.within = Some(["1h", "36h", "7d", "2m", "1y"][random.random_range(0..5)].parse().unwrap());
    }
    rules
}

#[test]
fn whatever_the_archives_and_the_rules_nothing_is_removed_that_must_stay() {
    for seed in 0..4000 {
        let mut random = StdRng::seed_from_u64(seed);
        let archives = made_up(&mut random);
        let rules = made_up_rules(&mut random);
        let plan = planned(&archives, rules);
        let label = || format!("seed {seed}: {rules:?}\n{:#?}", plan.decisions);
        assert_eq!(
            plan.decisions.iter().map(|decision| &decision.archive).collect::<Vec<_>>(),
            archives.iter().collect::<Vec<_>>()
        );
        assert!(plan.decisions.iter().all(|decision| !decision.reasons.is_empty()), "{}", label());
        let removals = plan.removals();
        assert_eq!(removals.len(), plan.decisions.iter().filter(|decision| !decision.keep).count(), "{}", label());
        if rules.is_empty() {
            assert!(removals.is_empty(), "{}", label());
            continue;
        }
        let kept_ids: BTreeSet<&str> = plan
            .decisions
            .iter()
            .filter(|decision| decision.keep)
            .filter_map(|decision| Some(decision.archive.known()?.id.as_str()))
            .collect();
        let known: Vec<&Known> = archives.iter().filter_map(Archived::known).collect();
        let by_id = |id: &str| known.iter().find(|known| known.id == id).copied();
        // An oracle of its own for soundness.
        let sound = |known: &Known| {
            let (mut next, mut steps) = (Some(known), 0);
            loop {
                let Some(one) = next else { return false };
                if !one.whole || one.checked.is_none() || one.failed.is_some() || steps > 100 {
                    return false;
                }
                match &one.parent {
                    None => return true,
                    Some(id) => next = by_id(id),
                }
                steps += 1;
            }
        };
        // Of two that were made in one moment the names decide.
        let order = |known: &Known| (known.created, format!("{}.wpp.tar.gz", known.id));
        for removed in &removals {
            let Some(gone) = removed.archive.known() else { panic!("unreadable and removed\n{}", label()) };
            assert!(!removed.anchor && gone.created <= at(NOW), "{}", label());
            let group: Vec<&Known> = known
                .iter()
                .filter(|one| one.session == gone.session && one.home == gone.home && one.created <= at(NOW))
                .copied()
                .collect();
            let newer: Vec<&&Known> = group.iter().filter(|one| order(one) > order(gone)).collect();
            assert!(
                newer.iter().any(|one| sound(one) && kept_ids.contains(one.id.as_str())),
                "no sound one after {gone:?}\n{}",
                label()
            );
            if sound(gone) {
                let as_good =
                    |one: &&Known| sound(one) && one.checked.map(|(check, _)| check) >= gone.checked.map(|(check, _)| check);
                assert!(
                    newer.iter().any(|one| as_good(one) && kept_ids.contains(one.id.as_str())),
                    "the best checked is gone\n{}",
                    label()
                );
            }
        }
        for id in &kept_ids {
            let parent = by_id(id).and_then(|known| known.parent.as_deref());
            assert!(
                parent.is_none_or(|parent| by_id(parent).is_none() || kept_ids.contains(parent)),
                "{id} lost {parent:?}\n{}",
                label()
            );
        }
        // Killed after any number of removals, no chain is broken that was not before. A circle is none.
        let circular = |known: &Known| {
            let mut next = known.parent.as_deref();
            (0..100).any(|_| {
                let found = next == Some(&known.id);
                next = next.and_then(by_id).and_then(|parent| parent.parent.as_deref());
                found
            })
        };
        for count in 0..=removals.len() {
            let gone: BTreeSet<&str> =
                removals[..count].iter().filter_map(|removed| Some(removed.archive.known()?.id.as_str())).collect();
            for one in known.iter().filter(|one| !gone.contains(one.id.as_str()) && !circular(one)) {
                assert!(one.parent.as_deref().is_none_or(|parent| !gone.contains(parent)), "after {count} removals\n{}", label());
            }
        }
        // A second run finds nothing more to do, and more generous rules keep no less.
        let left: Vec<Archived> =
            plan.decisions.iter().filter(|decision| decision.keep).map(|decision| decision.archive.clone()).collect();
        assert!(planned(&left, rules).removals().is_empty(), "not the last word\n{}", label());
        let generous = Rules { last: rules.last + 1, daily: rules.daily + 2, yearly: rules.yearly + 1, ..rules };
        let more = planned(&archives, generous);
        assert!(kept_ids.iter().all(|id| kept(&more).contains(id)), "{generous:?} keeps less\n{}", label());
    }
}

#[test]
fn when_all_is_sound_the_rules_are_those_of_restic() {
    for seed in 0..500 {
        let mut random = StdRng::seed_from_u64(seed);
        let mut archives: Vec<Archived> = (0..random.random_range(1..60))
            .map(|number| {
                let created = at(NOW).as_second() - random.random_range(0..9000) * 1800;
                with(archived(&format!("{number:02}"), NOW), |known| known.created = Timestamp::from_second(created).unwrap())
            })
            .collect();
        archives.sort_by_key(|archive| archive.known().map(|known| (known.created, archive.name.clone())));
        archives.dedup_by_key(|archive| archive.known().map(|known| known.created));
        let rules = Rules { within: None, ..made_up_rules(&mut random) };
        if rules.is_empty() {
            continue;
        }
        // Restic's own loop, written as its documentation states it.
        let counts = [rules.last, rules.hourly, rules.daily, rules.weekly, rules.monthly, rules.yearly];
        let mut expected = BTreeSet::new();
        for (rule, count) in counts.into_iter().enumerate() {
            let (mut left, mut last) = (count, String::new());
            for (number, archive) in archives.iter().rev().enumerate() {
                let known = archive.known().unwrap();
                let bucket = if rule == 0 { number.to_string() } else { BUCKETS[rule - 1].1(known.created, &TimeZone::UTC) };
                if left > 0 && (bucket != last || number + 1 == archives.len()) {
                    expected.insert(known.id.as_str());
                    left -= 1;
                    last = bucket;
                }
            }
        }
        // What restic does not promise: the newest always stays.
        expected.insert(archives.last().and_then(Archived::known).map_or("", |known| &known.id));
        let plan = planned(&archives, rules);
        assert_eq!(kept(&plan).into_iter().collect::<BTreeSet<_>>(), expected, "seed {seed}, {rules:?}");
    }
}
