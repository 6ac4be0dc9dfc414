//! `wpp config`.

use serde_json::json;

use crate::app::App;
use crate::config::{Config, KEYS, Source};
use crate::error::Result;
use crate::report::{Report, Section, Table};

/// The tables of config.toml whose names are the operator's.
const TABLES_OF_PLUGINS: &str = "\
Tables for gateways, whose state `wpp backup --channel NAME` takes:
  [dump.NAME]
      channel = \"openwa\" (or baileys, jarvis, connector, evolution; what the plugin NAME is, or NAME, without it),
      root = \"/srv/openwa\", needs = [\"auth\", \"app\"] (for a gateway that is none of these: the roles that a complete
      set has; without it no set of that is called complete), and
      parts = [{ kind = \"postgres\", role = \"app\", url = \"postgres://app@127.0.0.1/openwa\", secret = \"openwa-postgres\" }]:
      kind postgres, sqlite, folder, file or redis; role auth, app, config or media; path or url; must_hold = [\"creds.json\"];
      optional = true
Tables for plugins:
  [plugin.NAME]
      settings of the plugin that is called NAME; `wpp plugin info NAME` lists them
  [secrets]
  NAME = { command = [\"pass\", \"show\", \"x\"] }
      a secret of plugins: the first line that this program writes. It is run without a shell when the secret is
      wanted, for at most 15 s; what it writes is never shown. Never write the secret itself here
  [secrets.PLUGIN]
      the same for the secrets of one plugin alone";

/// Options of `wpp config`.
#[derive(Debug, clap::Args)]
#[command(after_help = settings())]
pub struct Args {}

/// Every setting with its default, for the help.
fn settings() -> String {
    let settings = KEYS.iter().map(|key| {
        let (default, variable, note) = (Config::default_in_toml(key), Config::variable(key), key.class.note());
        format!("\n  {} = {default}, or {variable}{note}\n      {}", key.path, key.help)
    });
    format!(
        "Settings of config.toml with their defaults, and the variables that set them too:{}\n\n{TABLES_OF_PLUGINS}\n\nTables of your own names, with their defaults:{}",
        settings.collect::<String>(),
        crate::config::named::help()
    )
}

impl Args {
    /// Lists the settings.
    pub fn run(self, app: &App) -> Result<Report> {
        let mut rows = Vec::new();
        let mut data = serde_json::Map::new();
        for (key, value, source) in app.config().all() {
            let source = match source {
                Source::Default => "default".to_owned(),
                Source::File(path) => path.display().to_string(),
                Source::Environment(name) => name.clone(),
                Source::Flag => "command line".to_owned(),
            };
            let value = key.kind.shown(value);
            data.insert(
                key.path.into(),
                json!({
                    "value": value, "source": source, "variable": Config::variable(key), "class": key.class.name(),
                    "instead": key.class.instead(), "help": key.help,
                }),
            );
            rows.push(vec![key.path.to_owned(), value, source, key.class.name().to_owned(), key.help.to_owned()]);
        }
        let table = Table::new(["setting", "value", "from", "class", "what it does"], rows);
        Ok(Report::answer("config", format!("Settings of the {} home {}", app.home().kind().name(), app.home().root().display()))
            .section(Section::default().table(table))
            .data(data.into()))
    }
}
