//! `wpp plugin build`: a plugin's folder becomes a component.

use std::path::PathBuf;

use serde_json::json;

use super::powers;
use crate::app::App;
use crate::error::Result;
use crate::plugin::registry::sha256;
use crate::plugin::{Plugins, build};
use crate::report::{Event, Report, Section, quoted, size};

const NOTES: &str = "\
Rust needs rustup or, on Debian, apt-get: where the target wasm32-unknown-unknown is missing, it is made once. JavaScript needs \
componentize-qjs, which `npm install` puts into the plugin's folder.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
pub(super) struct Args {
    /// The plugin's folder
    #[arg(value_name = "FOLDER", default_value = ".", value_hint = clap::ValueHint::DirPath)]
    folder: PathBuf,
}

impl Args {
    pub(super) fn run(self, app: &App, plugins: &Plugins<'_>) -> Result<Report> {
        let tell = |line: &str| app.emit(Event::Line { text: line.to_owned(), data: serde_json::Value::Null });
        let built = build::build(&self.folder, &tell)?;
        let plugin = plugins.look_at(&built.name, &built.bytes)?.plugin;
        let interfaces: Vec<&str> = plugin.interfaces().iter().map(|interface| interface.name()).collect();
        let asks = powers(plugin.imports());
        let digest = sha256(&built.bytes);
        let at = quoted(&built.path.display().to_string());
        let mut report = Report::new("plugin-build", format!("{}: {at}, {}", built.name, size(built.bytes.len() as u64)))
            .section(
                Section::default()
                    .field("offers", interfaces.join(", "))
                    .field("asks for", if asks.is_empty() { "nothing".into() } else { asks.join(", ") })
                    .field("SHA-256", &digest),
            )
            .data(json!({
                "name": built.name, "language": built.language.name(), "path": built.path, "size_bytes": built.bytes.len(),
                "sha256": digest, "interfaces": interfaces, "imports": plugin.imports(),
            }));
        let answers = self.folder.join("answers.json");
        if answers.is_file() {
            let answers = quoted(&answers.display().to_string());
            report = report.next(format!("wpp plugin test {at} --answers {answers}"));
        }
        Ok(report.next(format!("wpp plugin add {at}")))
    }
}
