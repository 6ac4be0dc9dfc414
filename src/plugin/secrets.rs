//! Secrets of plugins, which plugins never see. Start with [`Secrets`].
//!
//! A secret NAME is in the environment as `WPP_SECRET_NAME` (letters large, `-` as `_`), or it is the
//! first line that the command under `[secrets]` in config.toml writes, or it is in the file
//! `secrets/NAME` of the home, of mode 0600. One that is for a plugin alone goes before: it is called
//! `PLUGIN.NAME`, and in the environment `WPP_SECRET_PLUGIN__NAME`. So two plugins of one kind can have
//! two keys.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::disk;
use crate::error::{Error, ErrorKind, Result};
use crate::process::{self, Ended};

const SECRET_BYTES_MAX: u64 = 64 << 10;
/// How long a command may take: it may have to ask somebody.
const COMMAND_PATIENCE: Duration = Duration::from_secs(15);
/// A shorter text than this is found in answers by chance.
const BLOT_BYTES_MIN: usize = 4;

/// Where secrets come from, and those that were used.
pub struct Secrets {
    folder: PathBuf,
    environment: BTreeMap<String, String>,
    commands: BTreeMap<String, Vec<String>>,
    patience: Duration,
    /// By plugin and name; what could not be had, too: a command that fails is not run again and again.
    asked: Mutex<BTreeMap<(String, String), Asked>>,
}

/// A secret, or why there is none and what to do.
type Asked = std::result::Result<String, (String, Vec<String>)>;

impl Secrets {
    /// From a folder, and from variables that go before it.
    pub fn new(folder: &Path, environment: &BTreeMap<String, String>) -> Secrets {
        let environment = environment.iter().filter(|(name, _)| name.starts_with("WPP_SECRET_"));
        Secrets {
            folder: folder.to_owned(),
            environment: environment.map(|(name, value)| (name.clone(), value.clone())).collect(),
            commands: BTreeMap::new(),
            patience: COMMAND_PATIENCE,
            asked: Mutex::default(),
        }
    }

    /// The same, with commands that write secrets, each by its secret's name.
    #[must_use]
    pub fn with_commands(mut self, commands: &BTreeMap<String, Vec<String>>) -> Secrets {
        self.commands.clone_from(commands);
        self
    }

    /// The variable that holds a secret.
    pub fn variable(name: &str) -> String {
        format!("WPP_SECRET_{}", name.to_ascii_uppercase().replace('-', "_").replace('.', "__"))
    }

    /// A secret of a plugin; its name is one that [`super::grants::is_secret_name`] lets through.
    pub fn get(&self, plugin: &str, name: &str) -> Result<String> {
        let key = (plugin.to_owned(), name.to_owned());
        let known = self.asked.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        let asked = known.unwrap_or_else(|| {
            let asked = self.find(plugin, name).map_err(|error| (error.chain(), error.hints().to_vec()));
            self.asked.lock().unwrap_or_else(PoisonError::into_inner).insert(key, asked.clone());
            asked
        });
        asked.map_err(|(why, hints)| hints.into_iter().fold(Error::new(ErrorKind::Denied, why), Error::hint))
    }

    fn find(&self, plugin: &str, name: &str) -> Result<String> {
        let own = format!("{plugin}.{name}");
        let found = match self.look(&own)? {
            Some(secret) => Some(secret),
            None => self.look(name)?,
        };
        let Some(secret) = found else {
            let hint = format!(
                "set {}, write it to {} with mode 0600, or name a command that writes it under [secrets] in config.toml",
                Secrets::variable(name),
                self.folder.join(name).display()
            );
            return Err(Error::new(ErrorKind::Denied, format!("there is no secret {name}")).hint(hint));
        };
        if secret.is_empty() || secret.bytes().any(|byte| byte.is_ascii_control()) {
            return Err(Error::new(ErrorKind::Denied, format!("the secret {name} is empty or holds control characters"))
                .hint("write it on one line"));
        }
        Ok(secret)
    }

    fn look(&self, name: &str) -> Result<Option<String>> {
        match (self.environment.get(&Secrets::variable(name)), self.commands.get(name)) {
            (Some(value), _) => Ok(Some(value.clone())),
            (None, Some(command)) => self.ask(name, command).map(Some),
            (None, None) => self.read(name),
        }
    }

    /// What a command writes. Nothing of it is ever said: a program that fails may have written a
    /// secret, or half of one.
    fn ask(&self, name: &str, command: &[String]) -> Result<String> {
        let wrong = |why: String, hint: &str| {
            Error::new(ErrorKind::Denied, format!("there is no secret {name}: {why}")).hint(hint.to_owned())
        };
        let by_hand = "run the command under [secrets] in config.toml by hand: it has to write the secret on its first line";
        let Some((program, arguments)) = command.split_first() else {
            return Err(wrong("no program is named".into(), by_hand));
        };
        let ran = process::run(Command::new(program).args(arguments), &[], self.patience, SECRET_BYTES_MAX as usize);
        match ran.ended {
            Ended::Itself(status) if status.success() => {}
            Ended::Itself(status) => return Err(wrong(format!("its command {program:?} ended with {status}"), by_hand)),
            Ended::NotStarted(error) => {
                return Err(wrong(format!("its command {program:?} could not be started: {error}"), by_hand));
            }
            Ended::NotSeen(error) => {
                return Err(wrong(format!("its command {program:?} could not be waited for: {error}"), by_hand));
            }
            Ended::Killed => {
                let why = format!("its command {program:?} did not end within {} ms and was killed", self.patience.as_millis());
                return Err(wrong(why, "let it ask nobody, or unlock before what it asks"));
            }
        }
        if ran.stdout.more {
            let most = crate::report::size(SECRET_BYTES_MAX);
            return Err(wrong(format!("its command {program:?} writes more than {most}"), by_hand));
        }
        let text = String::from_utf8(ran.stdout.bytes);
        let text = text.map_err(|_| wrong(format!("its command {program:?} writes no text"), by_hand))?;
        let line = text.split('\n').next().unwrap_or_default();
        Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
    }

    fn read(&self, name: &str) -> Result<Option<String>> {
        let path = self.folder.join(name);
        let seen = match std::fs::symlink_metadata(&path) {
            Ok(seen) => seen,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(disk::cannot("look at", &path, error)),
        };
        use std::os::unix::fs::MetadataExt as _;
        if !seen.is_file() || seen.mode() & 0o077 != 0 {
            return Err(Error::new(
                ErrorKind::Denied,
                format!("others may read the secret {}, or it is no file", path.display()),
            )
            .hint(format!("chmod 600 {}", path.display())));
        }
        let text = disk::read_small(&path, SECRET_BYTES_MAX).map_err(|error| disk::cannot("read", &path, error))?;
        let text = String::from_utf8(text).map_err(|_| {
            Error::new(ErrorKind::Denied, format!("the secret {} is no text", path.display())).hint("write it as UTF-8")
        })?;
        Ok(Some(text.trim_end_matches(['\n', '\r']).to_owned()))
    }

    /// A text in which every secret that was used is blotted out.
    pub fn blot(&self, text: &str) -> String {
        String::from_utf8_lossy(&self.blot_bytes(text.as_bytes().to_vec())).into_owned()
    }

    /// The same for bytes.
    pub fn blot_bytes(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let used = asked.values().filter_map(|asked| asked.as_ref().ok());
        let written = |secret: &String| -> [String; 4] {
            // As it is, and as JSON writes it and an address.
            let json = serde_json::Value::from(secret.as_str()).to_string();
            let inner = json.get(1..json.len() - 1).unwrap_or_default().to_owned();
            [secret.clone(), inner.replace('/', "\\/"), inner, escaped(secret)]
        };
        let mut forms: Vec<String> = used.filter(|secret| secret.len() >= BLOT_BYTES_MIN).flat_map(written).collect();
        // The longest first: one may begin with another.
        forms.sort_unstable_by_key(|form| std::cmp::Reverse(form.len()));
        forms.dedup();
        for form in &forms {
            let mut blotted = Vec::with_capacity(bytes.len());
            let mut rest = bytes.as_slice();
            while let Some(found) = rest.windows(form.len()).position(|part| part == form.as_bytes()) {
                blotted.extend_from_slice(&rest[..found]);
                blotted.extend_from_slice(b"[secret]");
                rest = &rest[found + form.len()..];
            }
            blotted.extend_from_slice(rest);
            bytes = blotted;
        }
        bytes
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_comes_from_the_first_line_of_a_command() {
        let folder = tempfile::tempdir().unwrap();
        let patient = Duration::from_secs(60);
        let within = |patience: Duration, script: &str| {
            let command = ["/bin/sh", "-c", script].map(str::to_owned).to_vec();
            let secrets = Secrets::new(folder.path(), &BTreeMap::new()).with_commands(&BTreeMap::from([("key".into(), command)]));
            Secrets { patience, ..secrets }
        };
        let secrets = |script: &str| within(patient, script);
        for script in ["echo s3cret", "printf s3cret", "printf 's3cret\\r\\nuser: me\\n'", "echo s3cret; echo noise >&2"] {
            assert_eq!(secrets(script).get("eve", "key").unwrap(), "s3cret", "{script}");
        }
        // A space is a part of it, and only the end of the line is none.
        assert_eq!(secrets("echo ' s3cret '").get("eve", "key").unwrap(), " s3cret ");
        let fails_within = |patience: Duration, script: &str, why: &str| {
            let error = within(patience, script).get("eve", "key").unwrap_err();
            let said = format!("{} {}", error.chain(), error.hints().join(" "));
            assert!(error.kind() == ErrorKind::Denied && said.contains("secret key") && said.contains(why), "{said}");
            assert!(!said.contains("s3cret"), "{said}");
        };
        let fails = |script: &str, why: &str| fails_within(patient, script, why);
        fails("echo s3cret; echo s3cret >&2; exit 7", "exit status: 7");
        fails("kill -9 $$", "signal: 9");
        fails_within(Duration::from_millis(300), "echo s3cret; sleep 1000", "did not end within 300 ms");
        fails("echo s3cret; head -c 100000 /dev/zero", "writes more than");
        fails("printf 's3cret\\377\\n'", "no text");
        fails("echo; echo s3cret", "is empty");
        fails("printf 's3cret\\033\\n'", "control characters");
        fails("exec 2>&-; /no/such/program", "exit status: 127");
        // The environment goes before it, and it before a file.
        std::fs::write(folder.path().join("key"), "of the file").unwrap();
        disk::set_mode(&folder.path().join("key"), 0o600).unwrap();
        assert_eq!(secrets("echo s3cret").get("eve", "key").unwrap(), "s3cret");
        let environment = BTreeMap::from([("WPP_SECRET_KEY".to_owned(), "of the variable".to_owned())]);
        let both =
            Secrets::new(folder.path(), &environment).with_commands(&BTreeMap::from([("key".into(), vec!["false".into()])]));
        assert_eq!(both.get("eve", "key").unwrap(), "of the variable");
        let none = Secrets::new(folder.path(), &BTreeMap::new())
            .with_commands(&BTreeMap::from([("key".into(), vec!["/no/such".into()])]));
        assert!(none.get("eve", "key").unwrap_err().chain().contains("could not be started"));
    }

    #[test]
    fn a_secret_is_blotted_out_however_it_is_written() {
        let environment = BTreeMap::from([("WPP_SECRET_KEY".to_owned(), "T0/B\"1 x".to_owned())]);
        let secrets = Secrets::new(Path::new("/nowhere"), &environment);
        secrets.get("eve", "key").unwrap();
        for form in ["T0/B\"1 x", "T0/B\\\"1 x", "T0\\/B\\\"1 x", "T0%2FB%221%20x"] {
            assert_eq!(secrets.blot(&format!("a {form} b")), "a [secret] b", "{form}");
        }
        // A server that says nothing else holds nobody up.
        assert_eq!(secrets.blot(&"T0/B\"1 x".repeat(100_000)), "[secret]".repeat(100_000));
    }

    #[test]
    fn a_secret_is_taken_from_the_environment_or_from_a_closed_file_and_blotted_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("api-key");
        let environment = BTreeMap::from([("WPP_SECRET_TOKEN_2".to_owned(), "t0ken".to_owned())]);
        let fresh = || Secrets::new(folder.path(), &environment);
        assert!(fresh().get("eve", "api-key").unwrap_err().hints()[0].contains("WPP_SECRET_API_KEY"));
        std::fs::write(&path, "s3cret\n").unwrap();
        disk::set_mode(&path, 0o644).unwrap();
        assert!(fresh().get("eve", "api-key").unwrap_err().hints()[0].contains("chmod 600"));
        disk::set_mode(&path, 0o600).unwrap();
        let secrets = fresh();
        assert_eq!(secrets.get("eve", "token-2").unwrap(), "t0ken");
        assert_eq!(secrets.get("eve", "api-key").unwrap(), "s3cret");
        assert_eq!(secrets.blot("a s3cret, t0ken and s3crets3cret"), "a [secret], [secret] and [secret][secret]");
        std::fs::write(folder.path().join("two"), "a\nb").unwrap();
        disk::set_mode(&folder.path().join("two"), 0o600).unwrap();
        assert!(secrets.get("eve", "two").is_err());
    }

    #[test]
    fn a_secret_of_a_plugin_alone_goes_before_one_for_all() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).unwrap();
            disk::set_mode(&folder.path().join(name), 0o600).unwrap();
        };
        write("key", "for all");
        write("sales.key", "for sales");
        let environment = BTreeMap::from([("WPP_SECRET_HELP_DESK__KEY".to_owned(), "for the help-desk".to_owned())]);
        let command = ["/bin/sh", "-c", "echo for support"].map(str::to_owned).to_vec();
        let commands = BTreeMap::from([("support.key".to_owned(), command)]);
        let secrets = Secrets::new(folder.path(), &environment).with_commands(&commands);
        for (plugin, secret) in
            [("sales", "for sales"), ("help-desk", "for the help-desk"), ("support", "for support"), ("other", "for all")]
        {
            assert_eq!(secrets.get(plugin, "key").unwrap(), secret);
            // All of them are blotted out, whoever hears them.
            assert_eq!(secrets.blot(secret), "[secret]");
        }
    }

    #[test]
    fn a_command_that_fails_is_run_once() {
        let folder = tempfile::tempdir().unwrap();
        let script = format!("echo run >>{}; exit 1", folder.path().join("runs").display());
        let commands = BTreeMap::from([("key".to_owned(), vec!["/bin/sh".to_owned(), "-c".to_owned(), script])]);
        let secrets = Secrets::new(folder.path(), &BTreeMap::new()).with_commands(&commands);
        let (first, again) = (secrets.get("eve", "key").unwrap_err(), secrets.get("eve", "key").unwrap_err());
        assert_eq!((first.chain(), first.hints()), (again.chain(), again.hints()));
        assert_eq!(std::fs::read_to_string(folder.path().join("runs")).unwrap(), "run\n");
    }
}
