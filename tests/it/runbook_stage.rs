//! What a shipped runbook is run on: a home, stand-ins for programs, and how it is told what it wants.
//!
//! Start with [`Stage`]. Every test of a runbook is a pair: on a system as it should be it passes, and
//! with one thing broken it does not.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::harness::{Outcome, TestHome, write_program};

/// Programs that only write down how they were called.
pub struct Tools {
    folder: tempfile::TempDir,
    /// Programs that are not on PATH, whatever this machine has.
    absent: Vec<&'static str>,
    /// In the place of folders of PATH that have one of them, the rest of what is in those.
    rest: tempfile::TempDir,
}

impl Tools {
    /// Stand-ins of these names. Each writes its arguments into a log, does what [`Tools::does`] says,
    /// and exits with 0.
    pub fn new(names: &[&str]) -> Tools {
        let folder = tempfile::Builder::new().prefix("wpp-tools-").tempdir().unwrap();
        let script = "#!/bin/sh\nhere=${0%/*}\nname=${0##*/}\nprintf '%s\\n' \"$name $*\" >> \"$here/log\"\n\
                      if [ -f \"$here/$name.does\" ]; then . \"$here/$name.does\"; fi\n";
        for name in names {
            let path = folder.path().join(name);
            write_program(&path, script);
        }
        let rest = tempfile::Builder::new().prefix("wpp-tools-").tempdir().unwrap();
        Tools { folder, absent: Vec::new(), rest }
    }

    /// The same on a machine that does not have this program.
    #[must_use]
    pub fn without(mut self, name: &'static str) -> Tools {
        self.absent.push(name);
        for (number, folder) in std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).enumerate() {
            if !folder.join(name).exists() {
                continue;
            }
            let rest = self.rest.path().join(number.to_string());
            std::fs::create_dir_all(&rest).unwrap();
            for entry in std::fs::read_dir(&folder).unwrap().map(Result::unwrap) {
                if !self.absent.iter().any(|absent| entry.file_name() == *absent) {
                    let _ = std::os::unix::fs::symlink(entry.path(), rest.join(entry.file_name()));
                }
            }
        }
        self
    }

    /// What a stand-in does beside: lines of the shell, with its arguments in `$*`.
    pub fn does(&self, name: &str, script: &str) {
        std::fs::write(self.folder.path().join(format!("{name}.does")), format!("{script}\n")).unwrap();
    }

    /// How they were called, in order.
    pub fn log(&self) -> Vec<String> {
        let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }

    fn path(&self) -> OsString {
        let system = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::env::split_paths(&system).enumerate().map(|(number, folder)| {
            let lacks = self.absent.iter().all(|absent| !folder.join(absent).exists());
            if lacks { folder } else { self.rest.path().join(number.to_string()) }
        });
        std::env::join_paths(std::iter::once(self.folder.path().to_owned()).chain(folders)).unwrap()
    }
}

/// The text of a shipped runbook.
pub fn text(id: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("runbooks").join(format!("{id}.md"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The words of an info string that begin so, changed.
fn with_attribute(line: &str, name: &str, change: impl Fn(&str) -> String) -> String {
    let words = line.split(' ').map(|word| match word.strip_prefix(name).and_then(|rest| rest.strip_prefix('=')) {
        Some(value) => format!("{name}={}", change(value)),
        None => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// A runbook as it is shipped, but that it waits for milliseconds where it waits for seconds: for tries
/// that are to fail, time proves nothing.
fn hurried(text: &str) -> String {
    let lines = text.lines().map(|line| match line.trim_start().starts_with("```") {
        true => {
            let line = with_attribute(line, "every", |_| "20ms".into());
            with_attribute(&line, "retries", |value| value.parse::<u32>().unwrap().min(3).to_string())
        }
        false => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

/// Ids of the questions of a runbook.
fn questions(text: &str) -> Vec<String> {
    let infos = text.lines().filter_map(|line| line.trim_start().strip_prefix("```manual "));
    infos.map(|info| info.split(' ').find_map(|word| word.strip_prefix("id=")).unwrap().to_owned()).collect()
}

/// A runbook with what it is told.
#[derive(Default)]
pub struct Stage<'a> {
    /// Parameters.
    pub set: Vec<(&'a str, String)>,
    /// Secrets, which reach it through its environment.
    pub secrets: Vec<(&'a str, &'a str)>,
    /// Questions that are answered with no; all others are with yes.
    pub no: Vec<&'a str>,
    /// Stand-ins for programs.
    pub tools: Option<&'a Tools>,
}

/// How a run ended.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub report: Value,
    pub outcome: Outcome,
}

impl Ran {
    /// The steps with their verdicts, for messages of tests.
    fn told(&self) -> String {
        let steps = self.report["steps"].as_array().cloned().unwrap_or_default();
        let line = |step: &Value| format!("{} | {} | {}", step["title"], step["verdict"], step["observed"]);
        format!(
            "exit {}\n{}\n{}\n{}",
            self.code,
            steps.iter().map(line).collect::<Vec<_>>().join("\n"),
            self.report["data"],
            self.outcome.stderr
        )
    }

    /// What it came to, if that is not this.
    pub fn other_than(&self, code: i32, id: &str) -> Option<String> {
        (self.code != code).then(|| format!("{id} does not come to {code}: {}", self.told()))
    }

    #[track_caller]
    pub fn passes(&self, id: &str) {
        assert_eq!(self.code, 0, "{id} does not pass: {}", self.told());
    }

    #[track_caller]
    pub fn deviates(&self, id: &str) {
        assert_eq!(self.code, 4, "{id} does not deviate: {}", self.told());
    }

    /// Nothing was begun, or it could not be told.
    #[track_caller]
    pub fn is_skipped(&self, id: &str) {
        assert_eq!(self.code, 5, "{id} is not skipped: {}", self.told());
    }
}

impl<'a> Stage<'a> {
    pub fn set(mut self, name: &'a str, value: impl Into<String>) -> Self {
        self.set.push((name, value.into()));
        self
    }

    pub fn secret(mut self, name: &'a str, value: &'a str) -> Self {
        self.secrets.push((name, value));
        self
    }

    pub fn tools(mut self, tools: &'a Tools) -> Self {
        self.tools = Some(tools);
        self
    }

    pub fn no(mut self, question: &'a str) -> Self {
        self.no.push(question);
        self
    }

    /// The words of the command line that runs it, and what stands in its environment.
    fn command(&self, named: &str, text: &str) -> (Vec<String>, Vec<(String, OsString)>) {
        let mut words: Vec<String> = ["runbook", "run", named, "--yes", "--allow-shell"].map(str::to_owned).to_vec();
        for (name, value) in &self.set {
            words.extend(["--set".into(), format!("{name}={value}")]);
        }
        for question in questions(text) {
            let answer = if self.no.contains(&question.as_str()) { "no" } else { "yes" };
            words.extend(["--answer".into(), format!("{question}={answer}")]);
        }
        let mut environment: Vec<(String, OsString)> = Vec::new();
        for (name, value) in &self.secrets {
            environment.push((format!("WPP_SECRET_{}", name.to_uppercase()), (*value).into()));
        }
        environment.extend(self.tools.map(|tools| ("PATH".to_owned(), tools.path())));
        (words, environment)
    }

    fn run_as(&self, home: &TestHome, named: &str, text: &str) -> Ran {
        let (words, environment) = self.command(named, text);
        let words: Vec<&str> = words.iter().map(String::as_str).chain(["--format", "json"]).collect();
        let output = home.command(&words).envs(environment).output().unwrap();
        read(Outcome::of(output))
    }

    /// Runs it as it is shipped.
    pub fn run(&self, home: &TestHome, id: &str) -> Ran {
        self.run_as(home, id, &text(id))
    }

    /// Runs it hurriedly: for what is to fail.
    pub fn run_hurried(&self, home: &TestHome, id: &str) -> Ran {
        let (folder, text) = copy(id);
        self.run_as(home, &path_of(&folder, id), &text)
    }

    /// The words of a command line that runs it, as shipped or hurriedly, for tests that run it themselves.
    pub fn words(&self, id: &str) -> Vec<String> {
        self.command(id, &text(id)).0
    }

    /// The same for a hurried copy, which goes with the folder.
    pub fn hurried_words(&self, id: &str) -> (tempfile::TempDir, Vec<String>) {
        let (folder, text) = copy(id);
        let words = self.command(&path_of(&folder, id), &text).0;
        (folder, words)
    }
}

fn copy(id: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::Builder::new().prefix("wpp-runbook-").tempdir().unwrap();
    let text = hurried(&text(id));
    std::fs::write(path_of(&folder, id), &text).unwrap();
    (folder, text)
}

fn path_of(folder: &tempfile::TempDir, id: &str) -> String {
    folder.path().join(format!("{id}.md")).to_str().unwrap().to_owned()
}

/// The last document of a run.
pub fn read(outcome: Outcome) -> Ran {
    outcome.assert_helpful();
    let last = outcome.stdout.lines().last().unwrap_or_default();
    let report = serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {outcome:?}"));
    Ran { code: outcome.code, report, outcome }
}

/// A folder with files in it.
pub fn folder(files: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::Builder::new().prefix("wpp-project-").tempdir().unwrap();
    for (name, content) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    let path = folder.path().canonicalize().unwrap();
    (folder, path)
}

#[test]
fn a_hurried_copy_differs_in_its_pauses_alone() {
    let text = "```wpp id=a retries=20 every=6s expect=\"exit=0\"\nwpp x every=6s\n```\n";
    assert_eq!(hurried(text), "```wpp id=a retries=3 every=20ms expect=\"exit=0\"\nwpp x every=6s\n```\n");
    assert_eq!(questions("```manual id=b\n   ```manual id=c when=x\n"), ["b", "c"]);
}
