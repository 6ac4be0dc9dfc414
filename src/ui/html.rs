//! Reports as one HTML page: no other file, no script, light and dark.
//!
//! The page is `report.html`, a template; what is here computes where the points of its plots go.

use std::sync::LazyLock;

use minijinja::Environment;
use minijinja::value::Serde;
use serde::Serialize;
use serde_json::json;

use crate::clock::{self, Timestamp};
use crate::error::{Context as _, ErrorKind, Result};
use crate::evidence::Run;
use crate::report::{Report, Severity, Verdict};

/// Width and height of a plot, in its own units.
const PLOT: (f64, f64) = (640.0, 150.0);
/// Most runs that the page tells of.
const RUNS_MAX: usize = 60;
/// With more points than these a line alone is drawn: dots would hide it.
const DOTS_MAX: usize = 60;

/// Something measured over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// What it is.
    pub title: String,
    /// When, and how much.
    pub points: Vec<(Timestamp, f64)>,
    /// How its values are written.
    pub unit: Unit,
    /// Whether the plot begins at nothing, and not at the least value.
    pub from_zero: bool,
}

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// `1.2 s`
    Milliseconds,
    /// `3.4 MiB`
    Bytes,
    /// `2 d`
    Hours,
}

impl Unit {
    /// The value in words.
    pub fn show(self, value: f64) -> String {
        match self {
            Unit::Milliseconds if value < 1000.0 => format!("{value:.0} ms"),
            Unit::Milliseconds => clock::human(std::time::Duration::from_secs_f64((value / 1000.0).max(0.0))),
            Unit::Bytes => crate::report::size(value.max(0.0) as u64),
            Unit::Hours => format!("{value:.1} h"),
        }
    }
}

#[derive(Serialize)]
struct Plot {
    title: String,
    width: f64,
    height: f64,
    line: String,
    dots: Vec<Dot>,
    top: String,
    bottom: Option<String>,
    last: String,
    from: String,
    to: String,
}

#[derive(Serialize)]
struct Dot {
    x: f64,
    y: f64,
    label: String,
}

#[derive(Serialize)]
struct Row<'a> {
    number: usize,
    title: &'a str,
    verdict: &'static str,
    expected: &'a str,
    observed: &'a str,
    took: String,
    width: f64,
}

/// The page. `runs` are all runs of the same thing, this one the last of them; `series` is what else is
/// to be seen over time.
pub fn report(report: &Report, runs: &[Run], series: &[Series]) -> Result<String> {
    let longest = report.steps.iter().map(|step| step.took_ms).max().unwrap_or(0).max(1) as f64;
    let steps: Vec<Row<'_>> = report
        .steps
        .iter()
        .enumerate()
        .map(|(at, step)| Row {
            number: at + 1,
            title: &step.title,
            verdict: super::markdown::word(step.verdict),
            expected: &step.expected,
            observed: &step.observed,
            took: Unit::Milliseconds.show(step.took_ms as f64),
            width: (step.took_ms as f64 / longest * 100.0).max(0.5),
        })
        .collect();
    let shown = &runs[runs.len().saturating_sub(RUNS_MAX)..];
    let passed = shown.iter().filter(|run| run.verdict == Verdict::Pass).count();
    let rate = (!shown.is_empty()).then(|| passed as f64 / shown.len() as f64 * 100.0);
    let dots: Vec<_> = shown
        .iter()
        .map(|run| json!({ "verdict": super::markdown::word(run.verdict), "began": clock::rfc3339(run.began) }))
        .collect();
    let recovery = Series {
        title: "Time to recover".into(),
        points: shown.iter().filter_map(|run| Some((run.began, *run.metrics.get("recovery_ms")?))).collect(),
        unit: Unit::Milliseconds,
        from_zero: true,
    };
    let plots: Vec<Plot> = std::iter::once(&recovery).chain(series).filter_map(plot).collect();
    let findings: Vec<_> = report.findings.iter().filter(|finding| finding.severity > Severity::Ok).collect();
    let mut page = json!({
        "title": report.title,
        "verdict": super::markdown::word(report.verdict),
        "sections": report.sections,
        "steps": steps,
        "findings": findings,
        "metrics": report.metrics,
        "warnings": report.warnings,
        "next": report.next,
        "runs": dots,
        "rate": rate.map(|rate| format!("{rate:.0} %")),
        "passed": passed,
        "plots": plots,
    });
    make_visible(&mut page);
    PAGE.get_template("report.html")
        .and_then(|template| template.render(Serde(page)))
        .context(ErrorKind::Unexpected, || "cannot write the report as HTML".into())
}

/// Nothing that a page tells steers a terminal, or turns the direction of writing: it is read with `less`
/// as well.
fn make_visible(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::String(text) => {
            let lines: Vec<_> = text.split('\n').map(super::markdown::visible).collect();
            *text = lines.join("\n");
        }
        serde_json::Value::Array(values) => values.iter_mut().for_each(make_visible),
        serde_json::Value::Object(fields) => fields.values_mut().for_each(make_visible),
        _ => {}
    }
}

/// Where the points of a series go; `None` when there is none.
fn plot(series: &Series) -> Option<Plot> {
    let (first, last) = (series.points.first()?, series.points.last()?);
    let (begin, end) = (first.0.as_millisecond() as f64, last.0.as_millisecond() as f64);
    let most = series.points.iter().map(|point| point.1).fold(0.0, f64::max);
    let least = if series.from_zero { 0.0 } else { series.points.iter().map(|point| point.1).fold(most, f64::min) };
    let round = |value: f64| (value * 10.0).round() / 10.0;
    let dots: Vec<Dot> = series
        .points
        .iter()
        .map(|(at, value)| {
            let along = if end > begin { (at.as_millisecond() as f64 - begin) / (end - begin) } else { 0.5 };
            let up = if most > least { (value - least) / (most - least) } else { 0.0 };
            Dot {
                x: round(along * PLOT.0),
                y: round((1.0 - up) * PLOT.1),
                label: format!("{}: {}", clock::rfc3339(*at), series.unit.show(*value)),
            }
        })
        .collect();
    let line = dots.iter().map(|dot| format!("{},{}", dot.x, dot.y)).collect::<Vec<_>>().join(" ");
    let day = |at: &Timestamp| clock::rfc3339(*at).chars().take(10).collect();
    Some(Plot {
        title: series.title.clone(),
        width: PLOT.0,
        height: PLOT.1,
        line,
        dots: if dots.len() > DOTS_MAX { Vec::new() } else { dots },
        top: series.unit.show(most),
        bottom: (!series.from_zero).then(|| series.unit.show(least)),
        last: series.unit.show(last.1),
        from: day(&first.0),
        to: day(&last.0),
    })
}

static PAGE: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    #[expect(clippy::expect_used, reason = "the template is constant, and a test renders it")]
    environment.add_template("report.html", include_str!("report.html")).expect("a template that compiles");
    environment
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Metric, Section, Step};

    fn at(day: u8) -> Timestamp {
        format!("2026-08-{day:02}T09:30:00Z").parse().unwrap()
    }

    #[test]
    fn points_stand_where_time_and_value_put_them() {
        let series = Series {
            title: "x".into(),
            points: vec![(at(1), 500.0), (at(2), 2000.0), (at(5), 0.0)],
            unit: Unit::Milliseconds,
            from_zero: true,
        };
        let plot = plot(&series).unwrap();
        assert_eq!(plot.line, "0,112.5 160,0 640,150");
        assert_eq!(
            (plot.top.as_str(), plot.last.as_str(), plot.from.as_str(), plot.to.as_str()),
            ("2 s", "0 ms", "2026-08-01", "2026-08-05")
        );
        assert!(super::plot(&Series { points: Vec::new(), ..series }).is_none());
    }

    #[test]
    fn what_a_page_tells_cannot_become_markup() {
        let evil = "<script>alert(1)</script>\" onload=\"x\u{1b}]8;;x\u{7}\u{9b}2J\u{202e}";
        let mut subject = Report::new("runbook", evil)
            .verdict(Verdict::Fail)
            .section(Section::new(evil).field(evil, evil).line(evil))
            .next(evil);
        subject.steps.push(Step {
            title: evil.into(),
            verdict: Verdict::Fail,
            expected: evil.into(),
            observed: evil.into(),
            took_ms: 3,
        });
        subject.metrics.push(Metric { name: evil.into(), value: 1.0 });
        subject.warnings.push(evil.into());
        let page = report(&subject, &[], &[]).unwrap();
        assert!(!page.contains("<script") && !page.contains("\" onload"), "{page}");
        assert!(page.matches("&lt;script&gt;").count() >= 9, "{page}");
        assert!(!page.contains(|c: char| c != '\n' && crate::ui::terminal::steers(c)), "{page:?}");
    }

    #[test]
    fn a_page_holds_all_that_the_report_does_and_needs_no_other_file() {
        let runs: Vec<Run> = (1..=3)
            .map(|day| Run {
                id: format!("smoke-{day}"),
                began: at(day),
                verdict: if day == 2 { Verdict::Fail } else { Verdict::Pass },
                metrics: std::iter::once(("recovery_ms".to_owned(), f64::from(day) * 100.0)).collect(),
            })
            .collect();
        let mut subject = Report::new("drill", "Drill smoke");
        subject.steps.push(Step {
            title: "kill".into(),
            verdict: Verdict::Pass,
            expected: "gone".into(),
            observed: "gone".into(),
            took_ms: 1500,
        });
        let page = report(&subject, &runs, &[]).unwrap();
        for part in ["Drill smoke", "67 %", "Time to recover", "300 ms", "1.5 s", "prefers-color-scheme"] {
            assert!(page.contains(part), "{part}: {page}");
        }
        for outside in ["src=", "href=", "http://", "https://", "url(", "@import"] {
            assert!(!page.contains(outside), "{outside}");
        }
    }
}
