//! The program that an operator has set to be run when a backup fails: without a shell, for a bounded
//! time, with the result on its standard input. Start with [`run`].

use std::process::Command;
use std::time::Duration;

use super::Told;
use crate::process::{self, Ended};

/// How long the program may run.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// How much of what it writes is kept.
const OUTPUT_BYTES_MAX: usize = 16 << 10;

/// Parts of the names of variables that hold what unlocks archives, stores, accounts and servers, and
/// addresses that are secrets: none of a notice's business. What the program needs itself it is given some
/// other way.
const SECRET_PARTS: [&str; 14] = [
    "SECRET",
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "TOKEN",
    "CREDENTIAL",
    "API_KEY",
    "APIKEY",
    "ACCESS_KEY",
    "PRIVATE_KEY",
    "ENCRYPTION_KEY",
    "SIGNING_KEY",
    "PING_URL",
    "COOKIE",
];
/// The same of their endings.
const SECRET_ENDINGS: [&str; 4] = ["_PASS", "_PWD", "_PW", "_AUTH"];

/// Whether a variable of this name, or with this value, holds a secret.
fn is_secret(name: &str, value: &str) -> bool {
    let name = name.to_ascii_uppercase();
    SECRET_PARTS.iter().any(|part| name.contains(part))
        || SECRET_ENDINGS.iter().any(|ending| name.ends_with(ending))
        || has_password(value)
}

/// Whether it is an address with a user and a password in it: `postgres://wpp:…@host/`.
fn has_password(value: &str) -> bool {
    let Some((_, rest)) = value.split_once("://") else { return false };
    let authority = rest.rsplit_once('@').map(|(who, _)| who);
    authority.is_some_and(|who| who.contains(':') && !who.chars().any(char::is_whitespace))
}

/// Runs the program, without the secrets of this process's environment, and says what became of it. One that
/// does not end in time is killed, with all that it has started.
pub fn run(command: &[String], document: &str, patience: Duration) -> Told {
    let told = |ok: bool, observed: String, output: String| {
        let to = command.first().cloned().unwrap_or_default();
        Told { by: "hook", to, ok, observed, output }
    };
    let Some((program, arguments)) = command.split_first() else {
        return told(false, "no program is named".into(), String::new());
    };
    let mut running = Command::new(program);
    running.args(arguments);
    for (name, value) in std::env::vars_os() {
        if is_secret(&name.to_string_lossy(), &value.to_string_lossy()) {
            running.env_remove(name);
        }
    }
    let ran = process::run(&mut running, document.as_bytes(), patience, OUTPUT_BYTES_MAX);
    let text: String = [&ran.stdout, &ran.stderr].iter().map(|written| String::from_utf8_lossy(&written.bytes)).collect();
    let good = matches!(ran.ended, Ended::Itself(status) if status.success());
    told(good, ran.ended.observed(patience), text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::process::{Pid, Signal, kill_process_group};

    fn script(text: &str, patience: Duration) -> Told {
        run(&["/bin/sh", "-c", text].map(str::to_owned), "{\"title\":\"x\"}\n", patience)
    }

    #[test]
    fn a_program_gets_the_document_and_what_it_says_is_kept() {
        let told = script("cat; echo too >&2", PATIENCE);
        assert!(told.ok && told.output == "{\"title\":\"x\"}\ntoo\n", "{told:?}");
        let told = script("exit 7", PATIENCE);
        assert!(!told.ok && told.observed.contains('7') && told.warning().is_some(), "{told:?}");
        let told = run(&["/no/such/program".to_owned()], "", PATIENCE);
        assert!(!told.ok && told.observed.contains("could not be started"), "{told:?}");
        let told = script("head -c 100000 /dev/zero; echo end >&2", PATIENCE);
        assert!(told.ok && told.output.len() == OUTPUT_BYTES_MAX + 4, "{}", told.output.len());
    }

    #[test]
    fn a_program_that_hangs_is_killed_with_all_it_started() {
        let told = script("echo $$; sleep 1000 & sleep 1000", Duration::from_millis(300));
        assert!(!told.ok && told.observed.contains("was killed"), "{told:?}");
        // It may have been killed before it said who it is.
        let Ok(group) = told.output.trim().parse().map(|group| Pid::from_raw(group).unwrap()) else { return };
        assert!(is_gone(group), "its children live on");
    }

    #[test]
    fn a_program_that_ends_and_leaves_its_output_to_a_child_is_not_waited_for() {
        let told = script("echo $$; sleep 1000 & exit 0", Duration::from_secs(900));
        assert!(told.ok, "{told:?}");
        let group = Pid::from_raw(told.output.trim().parse().unwrap()).unwrap();
        // The child is there still, and was left alone.
        kill_process_group(group, Signal::KILL).unwrap();
        assert!(is_gone(group));
    }

    #[test]
    fn variables_that_hold_secrets_are_known_by_their_names_and_the_others_stay() {
        for name in [
            "WPP_SECRET_OPENWA_KEY",
            "WPP_BACKUP_PASSPHRASE",
            "WPP_BACKUP_PING_URL",
            "WPP_ALERT_PING_URL",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_ACCESS_KEY_ID",
            "AWS_SESSION_TOKEN",
            "PGPASSWORD",
            "github_token",
            "SLACK_API_KEY",
            "DB_PASS",
        ] {
            assert!(is_secret(name, "x"), "{name}");
        }
        assert!(is_secret("DATABASE_URL", "postgres://wpp:x@127.0.0.1/wpp"));
        for (name, value) in [
            ("PATH", "/usr/bin:/bin"),
            ("HOME", "/root"),
            ("PWD", "/"),
            ("WPP_HOME", "/srv/wpp"),
            ("LANG", "C.UTF-8"),
            ("DATABASE_URL", "postgres://127.0.0.1:5432/wpp"),
            ("DISPLAY", ":0"),
            ("SSH_CONNECTION", "10.0.0.1 22"),
        ] {
            assert!(!is_secret(name, value), "{name}");
        }
    }

    fn is_gone(group: Pid) -> bool {
        (0..1000).any(|_| {
            std::thread::sleep(Duration::from_millis(10));
            kill_process_group(group, Signal::CONT).is_err()
        })
    }
}
