//! Command lines of `wpp`, run in this process against the run's home.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use super::{Attempt, GRACE, OUTPUT_BYTES_MAX, Scene, Tried, Waited, wait_for};
use crate::error::Result;
use crate::evidence::written;
use crate::report::{Event, Report, Severity, Sink};
use crate::runbook::expect::Answer;
use crate::runbook::fence::Fence;
use crate::runbook::values::Values;

/// Passes events on without secrets, and keeps the lines among them.
struct Listening {
    /// Whether it plays in a sandbox that is thrown away: what a command says there by the way, such as what to scan
    /// or how to mend something, is nobody's to do.
    apart: bool,
    onward: Arc<dyn Sink>,
    values: Values,
    heard: Mutex<String>,
}

impl Sink for Listening {
    fn emit(&self, event: Event) {
        let clean = |text: String| self.values.redact(&text);
        let tidy = |data: Value| if self.values.secrets.is_empty() { data } else { Value::Null };
        let event = match event {
            Event::Line { text, data } => Event::Line { text: clean(text), data: tidy(data) },
            Event::Output { text, data } => Event::Output { text: clean(text), data: tidy(data) },
            other => other,
        };
        if let Event::Line { text, .. } | Event::Output { text, .. } = &event {
            let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
            if heard.len() + text.len() < OUTPUT_BYTES_MAX {
                heard.push_str(text);
                heard.push('\n');
            }
        }
        match event {
            // The steps inside of a command line are told by its own report.
            Event::StepStarted { .. } | Event::StepFinished(_) => {}
            _ if self.apart => {}
            other => self.onward.emit(other),
        }
    }
}

pub fn attempt(fence: &Fence, scene: &Scene<'_>) -> Attempt {
    let lines = match fence.command_lines() {
        Ok(lines) => lines,
        Err((line, reason)) => return Attempt::idle(Tried::Failed(format!("line {line}: {reason}")), ""),
    };
    // What is held against expectations has all that was answered; what is kept has not.
    let (mut answer, mut transcript, mut output) = (Answer::default(), String::new(), String::new());
    let (accepted, several) = (fence.expect.exits(), lines.len() > 1);
    for (_, words) in lines {
        let filled: std::result::Result<Vec<String>, String> = words.iter().map(|word| scene.values.fill(word)).collect();
        let (idle, line) = (transcript.is_empty(), filled.and_then(|filled| no_options(&words, filled)));
        let ended = |reason, transcript| Attempt { acted: !idle, ..Attempt::of(Tried::Failed(reason), transcript) };
        let line = match line {
            Ok(words) => words,
            Err(reason) => return ended(reason, transcript),
        };
        let shown: Vec<String> = line.iter().map(|word| crate::report::quoted(word)).collect();
        let begun = transcript.len();
        transcript.push_str(&format!("$ {}\n", shown.join(" ")));
        if let Err(reason) = may_run(&line) {
            return ended(reason, transcript);
        }
        let Some(_deeper) = Deeper::go() else {
            return ended(format!("runs of runbooks inside of runs are {DEPTH_MAX} deep: it runs itself"), transcript);
        };
        let sink = Arc::new(Listening {
            apart: scene.site.home.root() != scene.site.records.root(),
            onward: scene.site.sink.clone(),
            values: scene.values.clone(),
            heard: Mutex::default(),
        });
        let mut argv = vec!["--home".to_owned(), scene.site.home.root().display().to_string()];
        argv.extend(line.into_iter().skip(1));
        let (runner, listening) = (scene.site.runner.clone(), sink.clone());
        let result = wait_for(move || runner(&argv, listening), fence.timeout, GRACE, scene.stop);
        let heard = std::mem::take(&mut *sink.heard.lock().unwrap_or_else(PoisonError::into_inner));
        transcript.push_str(&heard);
        let result = match result {
            Waited::Done(result) => result,
            Waited::Late => {
                let seconds = fence.timeout.map_or(0, |timeout| timeout.as_secs());
                return Attempt::of(Tried::Stuck(format!("`{}` did not end within {seconds} s", shown.join(" "))), transcript);
            }
            Waited::Interrupted => {
                return Attempt::of(Tried::Stuck(format!("`{}` did not end when interrupted", shown.join(" "))), transcript);
            }
            Waited::Died => return Attempt::of(Tried::Failed(format!("`{}` panicked", shown.join(" "))), transcript),
        };
        let (exit, document, findings) = read(&result);
        output.push_str(&transcript[begun..]);
        output.push_str(&format!("exit {exit}\n{document:#}\n"));
        transcript.push_str(&format!("exit {exit}\n{:#}\n", written::left_out(document.clone())));
        answer = Answer {
            exit: Some(i32::from(exit)),
            output: output.clone(),
            json: Some(document),
            findings: [answer.findings, findings].concat(),
            line: several.then(|| shown.join(" ")),
            ..Answer::default()
        };
        if scene.interrupted() {
            return Attempt::of(Tried::interrupted(), transcript);
        }
        if accepted.as_ref().is_some_and(|accepted| !accepted.contains(&i32::from(exit))) {
            break;
        }
    }
    Attempt::of(Tried::Answered(answer), transcript)
}

/// Whether words are a line that a block may hold; why not.
pub fn may_run(line: &[String]) -> std::result::Result<(), String> {
    if line.first().map(String::as_str) != Some("wpp") {
        return Err("a line of a wpp block begins with wpp".into());
    }
    if line.iter().any(|word| word == "--home" || word.starts_with("--home=")) {
        return Err("a line of a runbook names no home: it works on the one of the run".into());
    }
    if line.iter().any(|word| word == "--allow-shell" || word.starts_with("--allow-shell=")) {
        return Err("a line of a runbook cannot allow scripts: the operator does, for the run that they start".into());
    }
    Ok(())
}

/// Words with values in them, unless a value became an option: what a server answered is no order.
fn no_options(words: &[String], filled: Vec<String>) -> std::result::Result<Vec<String>, String> {
    match words.iter().zip(&filled).find(|(word, filled)| word.starts_with("{{") && filled.starts_with('-')) {
        Some((word, _)) => Err(format!("the value of {word} begins with - and would be taken for an option")),
        None => Ok(filled),
    }
}

/// How many runs inside of runs are too many.
const DEPTH_MAX: usize = 8;
static DEPTH: AtomicUsize = AtomicUsize::new(0);

/// A command line that a run runs, as long as it is run.
struct Deeper;

impl Deeper {
    fn go() -> Option<Deeper> {
        let deeper = Deeper;
        (DEPTH.fetch_add(1, Ordering::Relaxed) < DEPTH_MAX).then_some(deeper)
    }
}

impl Drop for Deeper {
    fn drop(&mut self) {
        DEPTH.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The exit code, the document and the findings of a command line's result.
fn read(result: &Result<Report>) -> (u8, Value, Vec<String>) {
    match result {
        Ok(report) => {
            let exit = report.exit_code();
            // A report is plain data; it always becomes JSON.
            let mut document = serde_json::to_value(report).unwrap_or_default();
            document["exit_code"] = json!(exit);
            let told = report.findings.iter().filter(|finding| finding.severity > Severity::Ok);
            (exit, document, told.map(|finding| finding.id.clone().into_owned()).collect())
        }
        Err(error) => {
            let exit = error.kind().exit_code();
            let document = json!({
                "schema": "wpp.error/1", "code": error.kind().code(), "message": error.chain(), "hints": error.hints(), "exit_code": exit,
            });
            (exit, document, Vec::new())
        }
    }
}
