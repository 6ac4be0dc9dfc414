//! `wpp config`.

use serde_json::json;

use crate::app::App;
use crate::config::{Config, Source};
use crate::error::Result;
use crate::report::{Report, Section, Table};

/// Options of `wpp config`.
#[derive(Debug, clap::Args)]
pub struct Args {}

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
