//! `.ci/run`, with stand-ins for all that it calls: what cannot be had ends it, unless the machine is said
//! to be without it.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output};

/// A copy of the script beside stand-ins, and nothing else to call.
struct Scene {
    folder: tempfile::TempDir,
}

/// All of these are there, and work.
const PROGRAMS: [&str; 9] = ["age", "sqlite3", "zstd", "redis-server", "npm", "python3", "apt-get", "cargo", "sleep"];

impl Scene {
    fn new() -> Scene {
        let folder = tempfile::Builder::new().prefix("wpp-it-ci-").tempdir().unwrap();
        let scene = Scene { folder };
        for below in ["root/.ci", "root/plugins", "bin", "home"] {
            std::fs::create_dir_all(scene.path(below)).unwrap();
        }
        std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/run"), scene.path("root/.ci/run")).unwrap();
        for program in ["bash", "cat", "chmod", "dirname", "env", "head", "ln", "mkdir", "rm", "tail", "timeout"] {
            let all = std::env::var_os("PATH").unwrap();
            let found = std::env::split_paths(&all).map(|folder| folder.join(program)).find(|path| path.is_file());
            symlink(found.unwrap_or_else(|| panic!("{program} is nowhere")), scene.path("bin").join(program)).unwrap();
        }
        for program in PROGRAMS {
            scene.does(&format!("bin/{program}"), "exit 0");
        }
        scene.does("bin/id", "echo 0");
        scene.does("root/plugins/toolchain", "exit 0");
        scene.does("root/plugins/components", "exit 0");
        // A folder of Python has a pip in it.
        scene.does(
            "bin/python3",
            "case \"$*\" in *venv*) for last; do :; done; mkdir -p \"$last/bin\"; ln -sf \"$PIP\" \"$last/bin/pip\";; esac",
        );
        scene.does("bin/pip", "exit 0");
        scene
    }

    fn path(&self, below: &str) -> std::path::PathBuf {
        self.folder.path().join(below)
    }

    /// What a stand-in does, after it has written down that it was called.
    fn does(&self, file: &str, script: &str) {
        let path = self.path(file);
        let name = path.file_name().unwrap().to_str().unwrap();
        let log = self.path("called");
        let text = format!(
            "#!{}\necho \"{name} $* [$WPP_TEST_NO_SKIP]\" >>'{}'\n{script}\n",
            self.path("bin/bash").display(),
            log.display()
        );
        crate::harness::write_program(&path, &text);
    }

    fn lose(&self, program: &str) {
        std::fs::remove_file(self.path("bin").join(program)).unwrap();
    }

    /// Servers of PostgreSQL are looked for in one place of the system: nothing is said of them here.
    fn run(&self, without: &str) -> Output {
        let mut command = Command::new(self.path("bin/bash"));
        command.arg(self.path("root/.ci/run")).env_clear().env("PATH", self.path("bin")).env("HOME", self.path("home"));
        command.env("PIP", self.path("bin/pip")).env("WPP_CI_WITHOUT", format!("postgres {without}"));
        command.output().unwrap()
    }

    fn called(&self) -> String {
        std::fs::read_to_string(self.path("called")).unwrap_or_default()
    }

    fn passes(&self, without: &str) {
        let output = self.run(without);
        let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success() && told.contains("== done"), "{told}");
        assert!(self.called().contains("cargo test "), "{}", self.called());
    }

    fn fails(&self, words: &str) {
        let output = self.run("redis");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && told.contains(words), "{words}: {told}");
        assert!(!self.called().contains("cargo test"), "tests were made without it: {}", self.called());
    }
}

#[test]
fn with_all_that_it_needs_no_test_may_be_passed_over() {
    let scene = Scene::new();
    scene.passes("");
    let called = scene.called();
    assert!(called.contains("cargo test [ age sqlite3 zstd redis rust javascript python]"), "{called}");
    assert!(
        called.contains("npm install") && called.contains("pip install") && called.contains("components --check"),
        "{called}"
    );
    assert!(!called.contains("apt-get"), "{called}");
}

#[test]
fn what_cannot_be_had_ends_it_unless_the_machine_is_said_to_be_without_it() {
    // A stand-in that is not there or does not work, the word for it, and how often it is tried.
    for (breaks, word, tried) in [
        (&["age"][..], "age", "apt-get install"),
        (&["sqlite3"], "sqlite3", "apt-get install"),
        (&["zstd"], "zstd", "apt-get install"),
        (&["toolchain"], "rust", "toolchain"),
        (&["npm install"], "javascript", "npm install"),
        (&["npm"], "javascript", "apt-get install"),
        (&["pip"], "python", "pip install"),
        (&["python3"], "python", "apt-get install"),
    ] {
        let broken = || {
            let scene = Scene::new();
            for what in breaks {
                match *what {
                    "toolchain" => scene.does("root/plugins/toolchain", "exit 1"),
                    "npm install" => scene.does("bin/npm", "exit 1"),
                    "pip" => scene.does("bin/pip", "exit 1"),
                    gone => scene.lose(gone),
                }
            }
            scene.does("bin/apt-get", "case \"$*\" in *install*) [ $# -lt 5 ] || exit 1;; esac");
            scene
        };
        let scene = broken();
        scene.fails(&format!("WPP_CI_WITHOUT=\"{word}\""));
        assert!(scene.called().matches(tried).count() >= 3, "{word}: {}", scene.called());
        let scene = broken();
        scene.passes(word);
        assert!(!scene.called().contains(tried), "{word}: {}", scene.called());
        let held = scene.called().lines().find(|line| line.starts_with("cargo test")).unwrap().to_owned();
        assert!(!held.contains(word), "{held}");
    }
}

#[test]
fn a_registry_that_is_busy_is_tried_again_and_a_word_that_is_none_is_refused() {
    let scene = Scene::new();
    let mark = scene.path("tried");
    scene.does("bin/npm", &format!("[ -e '{0}' ] || {{ : >'{0}'; exit 1; }}", mark.display()));
    scene.passes("");
    assert_eq!(scene.called().matches("npm install").count(), 2, "{}", scene.called());
    // What was fetched is not fetched again.
    scene.passes("");
    assert_eq!(scene.called().matches("npm install").count(), 2, "{}", scene.called());
    let output = scene.run("pyhton");
    assert!(!output.status.success() && String::from_utf8_lossy(&output.stderr).contains("pyhton"), "{output:?}");
}
