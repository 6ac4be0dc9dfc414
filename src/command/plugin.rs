//! `wpp plugin`: the plugins of a home, and what each is allowed.

mod build;
mod new;
mod test;

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::app::App;
use crate::clock;
use crate::disk;
use crate::error::{Context as _, Error, ErrorKind, Result};
use crate::plugin::grants::Grant;
use crate::plugin::host::Interface;
use crate::plugin::kept::How;
use crate::plugin::registry::{COMPONENT_BYTES_MAX, Pinned, Registry, sha256};
use crate::plugin::signature::{self, Signed};
use crate::plugin::{Loaded, Plugins};
use crate::report::{Report, Section, Table, count, size};

/// Options of `wpp plugin`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Show all plugins and what each is allowed
    List,
    /// Add a plugin, or put other bytes in its place
    Add(AddArgs),
    /// Take a plugin away with all that was granted to it
    Remove(OneArgs),
    /// Show what a plugin is, what it asks for and what it is allowed
    Info(OneArgs),
    /// Allow a plugin more
    Grant(GrantArgs),
    /// Take back what a plugin was allowed
    Revoke(GrantArgs),
    /// Take plugins.lock as it is, which somebody else than `wpp plugin` changed
    Accept(AcceptArgs),
    /// Try a plugin against recorded answers, without a network
    Test(test::Args),
    /// Write the start of a plugin: a folder that builds as it is
    New(new::Args),
    /// Build a plugin's folder to a component
    Build(build::Args),
}

const GRANTS: &str = "\
Grants:
  http=https://HOST[:PORT]   requests to this origin, and to no other
  secret=NAME[@https://HOST[:PORT]]
                             to have the secret NAME put into requests (to this origin), which the plugin never sees:
                             the variable WPP_SECRET_NAME, what a command writes (NAME = { command = [\"PROGRAM\"] }
                             under [secrets] in config.toml), or the file secrets/NAME of the home (mode 0600);
                             for one plugin alone WPP_SECRET_PLUGIN__NAME, [secrets.PLUGIN] or secrets/PLUGIN.NAME
  private=HOST               HOST may have an address that is not public; addresses and localhost need no such grant
A grant is for the bytes that the plugin has now. Its settings are in config.toml, under [plugin.NAME].";

#[derive(Debug, clap::Args)]
#[command(after_help = GRANTS)]
struct AddArgs {
    /// The component: a .wasm file
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    file: PathBuf,
    /// What to call it here [default: the file's name]
    #[arg(long)]
    name: Option<String>,
    /// Allow it this; may be repeated
    #[arg(long, value_name = "GRANT")]
    grant: Vec<String>,
    /// Its signature by minisign [default: FILE.minisig, where there is one]
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    signature: Option<PathBuf>,
    /// Trust this public key of minisign beside those of plugins.public_keys, this time
    #[arg(long, value_name = "KEY")]
    public_key: Option<String>,
    /// Agree in advance
    #[arg(long, short)]
    yes: bool,
}

#[derive(Debug, clap::Args)]
struct AcceptArgs {
    /// Agree in advance
    #[arg(long, short)]
    yes: bool,
}

#[derive(Debug, clap::Args)]
struct OneArgs {
    /// The plugin
    name: String,
}

#[derive(Debug, clap::Args)]
#[command(after_help = GRANTS)]
struct GrantArgs {
    /// The plugin
    name: String,
    /// What it is allowed
    #[arg(value_name = "GRANT", required = true)]
    grants: Vec<String>,
}

impl Args {
    /// Runs the verb.
    pub fn run(self, app: &App) -> Result<Report> {
        // It is for a list that is refused by all others.
        if let Verb::Accept(args) = self.verb {
            return args.run(app);
        }
        let mut plugins = app.plugins()?;
        match self.verb {
            Verb::List => {
                plugins.registry().keep_first()?;
                Ok(list(plugins.registry()))
            }
            Verb::Accept(args) => args.run(app),
            Verb::Add(args) => args.run(app, &mut plugins),
            Verb::Remove(args) => args.remove(app, &mut plugins),
            Verb::Info(args) => args.info(&plugins),
            Verb::Grant(args) => args.run(app, &mut plugins, true),
            Verb::Revoke(args) => args.run(app, &mut plugins, false),
            Verb::Test(args) => args.run(&plugins),
            Verb::New(args) => args.run(),
            Verb::Build(args) => args.run(app, &plugins),
        }
    }
}

fn list(registry: &Registry) -> Report {
    let mut table = Table { columns: ["plugin", "offers", "allowed", "bytes"].map(str::to_owned).into(), rows: Vec::new() };
    let mut data = Vec::new();
    for (name, pinned) in registry.all() {
        let state = match registry.bytes(name) {
            Ok(_) => "as added".to_owned(),
            Err(error) => error.message().to_owned(),
        };
        let grants: Vec<String> = pinned.grants.0.iter().map(Grant::to_string).collect();
        let allowed = if grants.is_empty() { "nothing".into() } else { grants.join(", ") };
        table.rows.push(vec![name.to_owned(), pinned.interfaces.join(", "), allowed, state.clone()]);
        data.push(json!({
            "name": name, "sha256": pinned.sha256, "interfaces": pinned.interfaces, "grants": grants, "state": state,
        }));
    }
    let title = if data.is_empty() { "No plugins".into() } else { count(data.len(), "plugin", "plugins") };
    let mut section = Section { table: (!data.is_empty()).then_some(table), ..Section::default() };
    let mut report = Report::answer("plugins", title).data(json!({ "plugins": data }));
    if let Some(kept) = registry.kept() {
        let since = clock::rfc3339(clock::from_ms(kept.at_ms));
        let told = match kept.how {
            How::Written => None,
            How::Found => Some("plugins.lock was found and taken as it was, as the journal knew nothing of it"),
            How::Accepted => Some("plugins.lock was changed by somebody else, and the operator took it as it was"),
        };
        if let Some(told) = told {
            section = section.line(format!("{told} ({since})"));
        }
        report.data["lock"] = json!({ "sha256": kept.sha256, "how": kept.how, "at_ms": kept.at_ms });
    }
    report.section(section)
}

impl AcceptArgs {
    fn run(self, app: &App) -> Result<Report> {
        let mut registry = Registry::as_it_is(app.home())?;
        let allowed = |(name, pinned): (&str, &Pinned)| {
            let grants = texts(&pinned.grants.0);
            format!("{name} is allowed {}", if grants.is_empty() { "nothing".into() } else { grants.join(", ") })
        };
        let all: Vec<String> = registry.all().map(allowed).collect();
        let all = if all.is_empty() { "there is no plugin".into() } else { all.join("; ") };
        app.confirm(self.yes, &format!("Take plugins.lock as it is? By it, {all}."))?;
        registry.accept()?;
        Ok(list(&registry))
    }
}

const SIGNATURE_BYTES_MAX: u64 = 16 << 10;

/// Who vouches for a component.
enum Signing {
    /// Nobody.
    Unsigned,
    /// Somebody whose key is not known here: as good as nobody.
    Unknown,
    /// The holder of a key that the operator trusts.
    By(Signed),
}

impl std::fmt::Display for Signing {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Signing::Unsigned => out.write_str("not signed"),
            Signing::Unknown => out.write_str("signed with a key that is not known here"),
            Signing::By(signed) => write!(out, "signed by {}: {}", signed.public_key, signed.comment),
        }
    }
}

impl AddArgs {
    /// Who vouches for the bytes, as far as the operator wants to know.
    fn signing(&self, app: &App, bytes: &[u8]) -> Result<Signing> {
        let required = app.config().boolean("plugins.signature_required");
        let mut keys: Vec<String> = app.config().list("plugins.public_keys").map(str::to_owned).collect();
        keys.extend(self.public_key.clone());
        let mut beside = self.file.clone().into_os_string();
        beside.push(".minisig");
        let path = self.signature.clone().unwrap_or_else(|| beside.into());
        let asked = required || self.signature.is_some() || self.public_key.is_some();
        let signed = match disk::read_small(&path, SIGNATURE_BYTES_MAX) {
            Ok(text) if !keys.is_empty() => {
                signature::verify(bytes, &String::from_utf8_lossy(&text), &path.display().to_string(), &keys)?
            }
            Ok(_) if !asked => None,
            Ok(_) => {
                return Err(Error::new(ErrorKind::Denied, "there is no public key to check the signature with")
                    .hint("give its maker's key with --public-key, if you trust it, or name it in plugins.public_keys"));
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !asked => return Ok(Signing::Unsigned),
            Err(error) => {
                return Err(disk::cannot("read the signature", &path, error)
                    .hint("`minisign -S` writes it beside the component; --signature FILE names another place"));
            }
        };
        match signed {
            Some(signed) => Ok(Signing::By(signed)),
            None if !asked => Ok(Signing::Unknown),
            None => {
                Err(Error::new(ErrorKind::Denied, format!("{} was made with a key that is not trusted here", path.display()))
                    .hint("give its maker's key with --public-key, if you trust it, or name it in plugins.public_keys"))
            }
        }
    }

    fn run(self, app: &App, plugins: &mut Plugins<'_>) -> Result<Report> {
        let name = match &self.name {
            Some(name) => name.clone(),
            None => self.file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned(),
        };
        let mut grants: Vec<Grant> = self.grant.iter().map(|text| Grant::parse(text)).collect::<Result<_>>()?;
        let bytes = read(&self.file)?;
        let digest = sha256(&bytes);
        let signing = self.signing(app, &bytes)?;
        let loaded = plugins.look_at(&name, &bytes)?;
        let plugin = &loaded.plugin;
        let before = plugins.registry().pinned(&name).ok().cloned();
        if !self.yes {
            // One by one, before the question that counts: whoever agrees to nothing here can still add it.
            let has =
                |grant: &Grant| before.as_ref().is_some_and(|before| before.sha256 == digest && before.grants.0.contains(grant));
            for (grant, about) in loaded.needs() {
                if !grants.contains(&grant)
                    && !has(&grant)
                    && app.agrees(&format!("Allow {name} {grant} ({about})?")) == Some(true)
                {
                    grants.push(grant);
                }
            }
        }
        let interfaces: Vec<String> = plugin.interfaces().iter().map(|interface| interface.name().to_owned()).collect();
        let asks = powers(plugin.imports());
        let allowed = if grants.is_empty() { "nothing".into() } else { texts(&grants).join(", ") };
        let lost = before.as_ref().filter(|before| before.sha256 != digest).map(|before| texts(&before.grants.0));
        let mut question = format!(
            "Add the plugin {name} ({}, SHA-256 {}…, {signing})? It offers {}, asks for {}, and is allowed {allowed}.",
            size(bytes.len() as u64),
            &digest[..16],
            interfaces.join(", "),
            if asks.is_empty() { "nothing".into() } else { asks.join(", ") },
        );
        if let Some(lost) = lost.as_ref().filter(|lost| !lost.is_empty()) {
            question.push_str(&format!(" What was granted to its old bytes goes: {}.", lost.join(", ")));
        }
        app.confirm(self.yes, &question)?;
        let mut kept = before.filter(|before| before.sha256 == digest).map(|before| before.grants).unwrap_or_default();
        kept.0.extend(grants);
        let pinned = Pinned {
            sha256: digest,
            size_bytes: bytes.len() as u64,
            added: clock::rfc3339(clock::now()),
            source: std::path::absolute(&self.file).unwrap_or(self.file).display().to_string(),
            interfaces: interfaces.clone(),
            imports: plugin.imports().to_vec(),
            signed_by: if let Signing::By(signed) = &signing { Some(signed.public_key.clone()) } else { None },
            grants: kept.clone(),
        };
        app.home().ensure()?;
        app.journal()?.record(None, "plugin-add", &json!({ "name": name, "sha256": pinned.sha256, "grants": kept }))?;
        plugins.registry_mut().add(&name, &bytes, pinned.clone())?;
        let mut section = Section::default()
            .field("offers", interfaces.join(", "))
            .field("asks for", asks.join(", "))
            .field("allowed", texts(&kept.0).join(", "))
            .field("SHA-256", &pinned.sha256)
            .field("signature", signing.to_string());
        if let Some(lost) = lost.filter(|lost| !lost.is_empty()) {
            section = section.line(format!("its bytes changed; no longer allowed: {}", lost.join(", ")));
        }
        let mut report = Report::new("plugin", format!("{name}: added")).section(section).data(json!({
            "name": name, "sha256": pinned.sha256, "interfaces": interfaces, "imports": pinned.imports, "grants": texts(&kept.0),
        }));
        if let Some(key) = &pinned.signed_by {
            report.data["signed_by"] = json!(key);
        }
        if plugin.interfaces().contains(&Interface::Channel) {
            report = report.next(format!("wpp plugin info {name}")).next(format!("wpp channel health {name}"));
        }
        Ok(report)
    }
}

impl OneArgs {
    fn remove(self, app: &App, plugins: &mut Plugins<'_>) -> Result<Report> {
        let pinned = plugins.registry().pinned(&self.name)?.clone();
        app.journal()?.record(None, "plugin-remove", &json!({ "name": self.name, "sha256": pinned.sha256 }))?;
        plugins.registry_mut().remove(&self.name)?;
        Ok(Report::new("plugin", format!("{}: removed with what it was allowed", self.name))
            .data(json!({ "name": self.name, "sha256": pinned.sha256, "grants": texts(&pinned.grants.0) })))
    }

    fn info(self, plugins: &Plugins<'_>) -> Result<Report> {
        let pinned = plugins.registry().pinned(&self.name)?.clone();
        let loaded = plugins.load(&self.name)?;
        let mut section = Section::default()
            .field("offers", pinned.interfaces.join(", "))
            .field("asks for", pinned.imports.iter().map(|import| short(import)).collect::<Vec<_>>().join(", "))
            .field("allowed", if pinned.grants.0.is_empty() { "nothing".into() } else { texts(&pinned.grants.0).join(", ") })
            .field("SHA-256", &pinned.sha256)
            .field("signed by", pinned.signed_by.as_deref().unwrap_or("nobody"))
            .field("size", size(pinned.size_bytes))
            .field("added", format!("{} from {}", pinned.added, pinned.source));
        let mut data = json!({
            "name": self.name, "sha256": pinned.sha256, "interfaces": pinned.interfaces, "imports": pinned.imports,
            "grants": texts(&pinned.grants.0), "added": pinned.added, "source": pinned.source,
        });
        if let Some(key) = &pinned.signed_by {
            data["signed_by"] = json!(key);
        }
        let mut report = Report::answer("plugin", format!("{}: {}", self.name, described(&loaded, &mut section, &mut data)?));
        if loaded.plugin.interfaces().contains(&Interface::Checks) {
            let checks = loaded.call(async |plugin, powers| plugin.checks(powers).await).answer?;
            let mut table = Table { columns: ["check", "what is right"].map(str::to_owned).into(), rows: Vec::new() };
            table.rows.extend(checks.iter().map(|check| vec![check.id.clone(), check.title.clone()]));
            data["checks"] = json!(checks.iter().map(|check| &check.id).collect::<Vec<_>>());
            report = report.section(Section { table: Some(table), ..Section::default() });
        }
        report.sections.insert(0, section);
        Ok(report.data(data))
    }
}

/// What a channel says of itself, as one word for the title.
fn described(loaded: &Loaded, section: &mut Section, data: &mut serde_json::Value) -> Result<String> {
    if !loaded.plugin.interfaces().contains(&Interface::Channel) {
        return Ok("checks for the doctor".into());
    }
    let about = loaded.call(async |plugin, powers| plugin.describe(powers).await).answer?;
    let mut table = Table { columns: ["setting", "", "what it is"].map(str::to_owned).into(), rows: Vec::new() };
    for setting in &about.settings {
        let need = match (&setting.default, setting.required) {
            (_, true) => "required".to_owned(),
            (Some(default), false) => format!("default {default}"),
            (None, false) => "optional".to_owned(),
        };
        table.rows.push(vec![setting.name.clone(), need, setting.about.clone()]);
    }
    table.rows.extend(about.secrets.iter().map(|secret| {
        let need = if secret.required { "secret, required" } else { "secret" };
        vec![secret.name.clone(), need.into(), secret.about.clone()]
    }));
    data["settings"] = json!(about.settings.iter().map(|setting| &setting.name).collect::<Vec<_>>());
    data["secrets"] = json!(about.secrets.iter().map(|secret| &secret.name).collect::<Vec<_>>());
    data["versions"] = json!(about.versions);
    if !table.rows.is_empty() {
        section.table = Some(table);
    }
    Ok(about.title)
}

impl GrantArgs {
    fn run(self, app: &App, plugins: &mut Plugins<'_>, give: bool) -> Result<Report> {
        let grants: Vec<Grant> = self.grants.iter().map(|text| Grant::parse(text)).collect::<Result<_>>()?;
        plugins.registry().pinned(&self.name)?;
        let verb = if give { "plugin-grant" } else { "plugin-revoke" };
        app.journal()?.record(None, verb, &json!({ "name": self.name, "grants": texts(&grants) }))?;
        let changed = if give {
            plugins.registry_mut().grant(&self.name, &grants)?
        } else {
            plugins.registry_mut().revoke(&self.name, &grants)?
        };
        let pinned = plugins.registry().pinned(&self.name)?;
        let now = texts(&pinned.grants.0);
        let word = if give { "allowed" } else { "no longer allowed" };
        let title = match changed.len() {
            0 => format!("{}: nothing changed", self.name),
            _ => format!("{}: {word} {}", self.name, texts(&changed).join(", ")),
        };
        Ok(Report::new("plugin", title)
            .section(Section::default().field("allowed", if now.is_empty() { "nothing".into() } else { now.join(", ") }))
            .data(json!({
                "name": self.name, "sha256": pinned.sha256, "changed": texts(&changed), "grants": now,
            })))
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let seen = std::fs::metadata(path)
        .while_doing(|| format!("cannot look at {}", path.display()))
        .map_err(|error| error.hint("give the .wasm file that the plugin's build wrote"))?;
    if !seen.is_file() || seen.len() > COMPONENT_BYTES_MAX {
        return Err(Error::new(
            ErrorKind::Usage,
            format!("{} is no file of at most {}", path.display(), size(COMPONENT_BYTES_MAX)),
        )
        .hint("give the .wasm file that the plugin's build wrote"));
    }
    disk::read_small(path, COMPONENT_BYTES_MAX).map_err(|error| disk::cannot("read", path, error))
}

fn texts<'a>(grants: impl IntoIterator<Item = &'a Grant>) -> Vec<String> {
    grants.into_iter().map(Grant::to_string).collect()
}

/// The powers that a component asks for by its imports; words that it shares are none.
fn powers(imports: &[String]) -> Vec<&str> {
    imports.iter().map(|import| short(import)).filter(|import| *import != "types").collect()
}

/// `http` of `wpp:plugin/http@0.1.0`.
fn short(import: &str) -> &str {
    let last = import.rsplit('/').next().unwrap_or(import);
    last.split('@').next().unwrap_or(last)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::app::Settings;
    use crate::home::{Home, HomeKind};

    #[test]
    fn what_a_plugin_needs_is_asked_for_one_by_one_and_what_is_declined_is_not_granted() {
        let folder = tempfile::Builder::new().prefix("wpp-test-").tempdir().unwrap();
        let home = Home::create(&folder.path().join("h"), HomeKind::Sandbox).unwrap();
        disk::write_atomic(&home.config(), b"[plugin.openwa]\nurl = \"http://127.0.0.1:2785/\"\n").unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&asked);
        let settings = Settings {
            home: Some(home.root().to_owned()),
            session: None,
            quiet: false,
            whole: true,
            environment: Default::default(),
            sink: Arc::new(crate::report::Silent),
            ask: Arc::new(move |question: &str| {
                heard.lock().unwrap().push(question.to_owned());
                Some(if question.contains("metrics") { "no".into() } else { "yes".into() })
            }),
            ask_secret: Arc::new(|_: &str| None),
        };
        let app = App::new(settings).unwrap();
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins/openwa/openwa.wasm");
        let args = AddArgs { file, name: None, grant: Vec::new(), signature: None, public_key: None, yes: false };
        args.run(&app, &mut app.plugins().unwrap()).unwrap();
        let plugins = app.plugins().unwrap();
        let granted = texts(&plugins.registry().pinned("openwa").unwrap().grants.0);
        assert_eq!(granted, ["http=http://127.0.0.1:2785", "secret=openwa-key"]);
        let asked = asked.lock().unwrap();
        // The last question says all that was agreed to.
        assert!(asked.len() == 4 && asked[3].contains("allowed http=http://127.0.0.1:2785, secret=openwa-key"), "{asked:#?}");
    }
}
