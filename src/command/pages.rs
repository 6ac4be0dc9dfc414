//! Pages of the manual that explain a subject. Each is written in Markdown, is what `wpp help` prints,
//! and becomes a man page of section 7. Start with [`page`].

/// What backups hold, how far they are verified, and how they come back.
pub const ARCHIVES: &str = include_str!("pages/archives.md");

/// How plugins are written.
pub const PLUGINS: &str = include_str!("pages/plugins.md");

/// Every procedure of the documents that operators came with, and what runs it.
pub const PROCEDURES: &str = include_str!("pages/procedures.md");

/// How runbooks are written and run.
pub const RUNBOOKS: &str = include_str!("pages/runbooks.md");

/// Every page: its subject, its text, and the pages of commands that it goes with.
pub const PAGES: [(&str, &str, &[&str]); 4] = [
    ("archives", ARCHIVES, &["wpp-backup", "wpp-restore"]),
    ("plugins", PLUGINS, &["wpp-plugin", "wpp-channel", "wpp-doctor"]),
    ("procedures", PROCEDURES, &["wpp-runbook", "wpp-drill", "wpp-doctor"]),
    ("runbooks", RUNBOOKS, &["wpp-runbook", "wpp-drill"]),
];

/// The page on a subject.
pub fn page(subject: &str) -> Option<&'static str> {
    PAGES.iter().find(|(known, ..)| *known == subject).map(|(_, page, _)| *page)
}

/// The page in the language of man pages. It knows the Markdown that the pages use: headings,
/// paragraphs, items, code, words in bold, in italics or in the fixed font, and tables, whose rows
/// become items: a screen of a terminal has no room for three columns.
pub fn man(page: &str, commands: &[&str]) -> String {
    let mut text = String::new();
    let mut code = false;
    let mut item = false;
    let mut table = false;
    for line in page.lines() {
        table &= line.starts_with('|');
        if line.starts_with("```") {
            text.push_str(if code { ".fi\n.RE\n" } else { ".RS 4\n.nf\n" });
            code = !code;
        } else if code {
            text.push_str(&format!("{}\n", literal(line)));
        } else if let Some(title) = line.strip_prefix("# ") {
            let (name, about) = title.split_once(": ").unwrap_or((title, ""));
            let upper = literal(&name.to_uppercase());
            text.push_str(&format!(".TH {upper} 7 \"\" wpp \"wpp manual\"\n.SH NAME\n{} \\- {}\n", literal(name), inline(about)));
        } else if let Some(heading) = line.strip_prefix("## ") {
            text.push_str(&format!(".SH {}\n", inline(&heading.to_uppercase())));
            item = false;
        } else if let Some(row) = line.strip_prefix("| ").and_then(|row| row.strip_suffix(" |")) {
            let mut cells = row.split(" | ");
            let (first, rest) = (cells.next().unwrap_or_default(), cells.collect::<Vec<_>>());
            if table {
                text.push_str(&format!(
                    ".TP\n{}\n{}\n",
                    inline(first),
                    rest.iter().map(|cell| inline(cell)).collect::<Vec<_>>().join("\n.br\n")
                ));
            }
        } else if line.starts_with("|--") {
            // What comes before is the heads of the columns.
            table = true;
        } else if let Some(rest) = line.strip_prefix("- ") {
            text.push_str(&format!(".IP \\(bu 2\n{}\n", inline(rest)));
            item = true;
        } else if let Some((number, rest)) = line.split_once(". ").filter(|(number, _)| number.parse::<u8>().is_ok()) {
            text.push_str(&format!(".IP {number}. 3\n{}\n", inline(rest)));
            item = true;
        } else if line.is_empty() {
            // Items space themselves; what follows them begins a paragraph of its own.
            if !item {
                text.push_str(".PP\n");
            }
        } else {
            if std::mem::take(&mut item) {
                text.push_str(".PP\n");
            }
            text.push_str(&format!("{}\n", inline(line)));
        }
    }
    let commands: String = commands.iter().map(|command| format!(", \\fB{}\\fR(1)", escape(command))).collect();
    text.push_str(&format!(".SH SEE ALSO\n\\fBwpp\\fR(1){commands}, \\fBwpp\\-json\\fR(5)\n"));
    text
}

/// Words in the fixed font and in bold become bold, words in italics underlined.
fn inline(line: &str) -> String {
    let mut text = String::new();
    for (number, part) in line.split('`').enumerate() {
        if number % 2 == 1 {
            text.push_str(&format!("\\fB{}\\fR", escape(part)));
            continue;
        }
        for (number, part) in part.split("**").enumerate() {
            if number % 2 == 1 {
                text.push_str(&format!("\\fB{}\\fR", escape(part)));
                continue;
            }
            for (number, part) in part.split('*').enumerate() {
                let part = escape(part);
                text.push_str(&if number % 2 == 1 { format!("\\fI{part}\\fR") } else { part });
            }
        }
    }
    start(text)
}

fn literal(line: &str) -> String {
    start(escape(line))
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-").replace('…', "...")
}

/// A dot or an apostrophe at the start of a line would be an order to the typesetter.
fn start(text: String) -> String {
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_becomes_a_man_page() {
        let text = man("# wpp-x: on *x*\n\n## One\nA `b-c` **d**.\n\n- e\n- f\n\nG\n\n```sh\n.h \\i\n```\n", &["wpp-y"]);
        let body = text.strip_prefix(".TH WPP\\-X 7 \"\" wpp \"wpp manual\"\n.SH NAME\nwpp\\-x \\- on \\fIx\\fR\n").unwrap();
        let expected = ".PP\n.SH ONE\nA \\fBb\\-c\\fR \\fBd\\fR.\n.PP\n.IP \\(bu 2\ne\n.IP \\(bu 2\nf\n.PP\nG\n.PP\n.RS 4\n.nf\n\\&.h \\ei\n.fi\n.RE\n.SH SEE ALSO\n";
        assert!(body.starts_with(expected), "{body}");
    }
}
