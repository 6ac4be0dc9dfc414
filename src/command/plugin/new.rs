//! `wpp plugin new`: the start of a plugin.

use std::path::PathBuf;

use serde_json::json;

use crate::error::Result;
use crate::plugin::scaffold::{self, Kind, Language};
use crate::report::{Report, Section, count, quoted};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What to call it
    name: String,
    /// What it is to be: checks for the doctor, a place where notices go, or a gateway to WhatsApp
    #[arg(long, value_enum, default_value_t)]
    kind: Kind,
    /// What to write it in
    #[arg(long, value_enum, default_value_t)]
    language: Language,
    /// Where to write it, into a folder that is not there yet or is empty [default: NAME]
    #[arg(long, value_name = "FOLDER", value_hint = clap::ValueHint::DirPath)]
    folder: Option<PathBuf>,
}

impl Args {
    pub(super) fn run(self) -> Result<Report> {
        let files = scaffold::files(&self.name, self.kind, self.language)?;
        let folder = self.folder.unwrap_or_else(|| PathBuf::from(&self.name));
        scaffold::write(&folder, &files)?;
        let source = if self.language == Language::Rust { "src/lib.rs" } else { "plugin.js" };
        let at = quoted(&folder.display().to_string());
        let mut report = Report::new("plugin-new", format!("{}: {} in {}", self.name, count(files.len(), "file", "files"), at))
            .section(
                Section::default()
                    .field("the plugin", folder.join(source).display())
                    .field("its answers", folder.join("answers.json").display()),
            )
            .data(json!({
                "name": self.name, "kind": self.kind.name(), "language": self.language.name(), "folder": folder,
                "files": files.iter().map(|(path, _)| path).collect::<Vec<_>>(),
            }));
        if self.language == Language::JavaScript {
            report = report.next(format!("npm install --prefix {at}"));
        }
        let answers = format!("wpp plugin test {at}/{}.wasm --answers {at}/answers.json", self.name);
        Ok(report.next(format!("wpp plugin build {at}")).next(answers))
    }
}
