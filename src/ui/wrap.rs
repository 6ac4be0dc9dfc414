//! Texts and tables in the columns that a terminal has. Start with [`text`] and [`table`].
//!
//! A file or a pipe has no columns: there every line stays whole, for `grep` and for other programs. A command to paste
//! stays whole everywhere; the terminal itself breaks it, and gives it back as one line.

use std::io::IsTerminal;

/// Fewer columns are treated as so many.
const COLUMNS_MIN: usize = 24;
/// A column of a table is not made narrower, where its words are longer.
const CELL_MIN: usize = 14;
/// Between two cells.
const GAP: &str = "  ";
/// Between two cells of a row that is told below its first.
const GAP_BELOW: &str = "   ";

/// The columns of a terminal, and `None` of anything else.
pub fn columns(of: &(impl IsTerminal + std::os::fd::AsFd)) -> Option<usize> {
    let size = of.is_terminal().then(|| rustix::termios::tcgetwinsize(of).ok()).flatten()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0).map(|columns| columns.max(COLUMNS_MIN))
}

/// How wide a text is.
pub fn width(text: &str) -> usize {
    text.chars().count()
}

/// Whether a line is a command to paste.
pub fn is_command(line: &str) -> bool {
    line.starts_with("wpp ") || line.starts_with("cargo ") || line.starts_with("$ ")
}

/// Whether a line is sentences, and no drawing, no setting and no line of a file.
pub fn is_prose(line: &str) -> bool {
    let mut words = line.split(' ');
    let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let joins = |c: char| matches!(c, '`' | '\'' | ',' | ':' | '.' | '-' | '/' | '[' | ']');
    let is_word = |word: &str| {
        word.starts_with(|c: char| c.is_alphabetic() || c == '`' || c == '[')
            && word.chars().all(|c| c.is_alphabetic() || joins(c))
    };
    let is_count = first.bytes().all(|byte| byte.is_ascii_digit()) && is_word(second);
    (is_word(first) || is_count) && second != "=" && !line.contains(GAP) && !is_command(line)
}

/// The length of what a line of a list begins with: spaces, and a sign or a number.
pub fn lead(line: &str) -> usize {
    let rest = line.trim_start_matches(' ');
    let number = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let marker = match () {
        () if rest.starts_with("- ") || rest.starts_with("* ") || rest.starts_with("> ") => 2,
        () if number > 0 && rest[number..].starts_with(". ") => number + 2,
        () => 0,
    };
    line.len() - rest.len() + marker
}

/// The text with lines of at most so many columns, the first of which begins at a column and the others, moved in, at
/// another. What stands between backticks stays in one line, and so does a word.
pub fn text(text: &str, columns: Option<usize>, first: usize, indent: usize) -> String {
    let Some(columns) = columns.filter(|columns| first + width(text) > *columns || text.contains('\n')) else {
        return text.to_owned();
    };
    let mut out = String::with_capacity(text.len() + 16);
    let mut at = first;
    for (number, line) in text.split('\n').enumerate() {
        // What follows in a text of several lines was moved in by who wrote it.
        let line = if number > 0 {
            out.push('\n');
            at = width(line) - width(line.trim_start());
            out.push_str(&line[..line.len() - line.trim_start().len()]);
            line.trim_start()
        } else {
            line
        };
        let mut is_first = true;
        for word in words(line) {
            let size = width(word);
            if !is_first && at + 1 + size > columns && at > indent {
                out.push('\n');
                out.push_str(&" ".repeat(indent));
                at = indent;
            } else if !is_first {
                out.push(' ');
                at += 1;
            }
            out.push_str(word);
            at += size;
            is_first = false;
        }
    }
    out
}

/// The words of a line, where a part between backticks is one.
fn words(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = line;
    let mut is_done = false;
    std::iter::from_fn(move || {
        if is_done {
            return None;
        }
        let mut is_quoted = false;
        let end = rest.char_indices().find_map(|(at, c)| {
            is_quoted ^= c == '`';
            // A backtick alone quotes nothing.
            let is_quoted = is_quoted && rest[at..].contains('`');
            (c == ' ' && !is_quoted).then_some(at)
        });
        let word = &rest[..end.unwrap_or(rest.len())];
        match end {
            Some(end) => rest = &rest[end + 1..],
            None => is_done = true,
        }
        Some(word)
    })
}

/// The longest part of a cell that stays in one line.
fn longest_word(cell: &str) -> usize {
    if is_command(cell) { width(cell) } else { words(cell).map(width).max().unwrap_or(0) }
}

/// The lines of a table's head and of its rows, each moved in by two columns. What does not fit beside its neighbours
/// is broken into several lines, and where not even that fits, a row is told below its first cell, and there is no head.
pub fn table(head: &[String], rows: &[Vec<String>], columns: Option<usize>) -> (Vec<String>, Vec<String>) {
    let all = || std::iter::once(head).chain(rows.iter().map(Vec::as_slice));
    let widest = |of: fn(&str) -> usize| -> Vec<usize> {
        (0..head.len()).map(|at| all().filter_map(|row| row.get(at)).map(|cell| of(cell)).max().unwrap_or(0)).collect()
    };
    let natural = widest(width);
    let fitted = columns.map_or(Some(natural.clone()), |columns| fit(&natural, &widest(longest_word), columns));
    match (fitted, columns) {
        (Some(widths), _) => (beside(head, &widths), rows.iter().flat_map(|row| beside(row, &widths)).collect()),
        (None, columns) => (Vec::new(), below(head, rows, columns.unwrap_or(usize::MAX))),
    }
}

/// Widths of a table's cells, the widest made narrower until all fit; `None` when they do not.
fn fit(natural: &[usize], least: &[usize], columns: usize) -> Option<Vec<usize>> {
    let mut widths = natural.to_vec();
    let gaps = GAP.len() * widths.len();
    let least: Vec<usize> = natural.iter().zip(least).map(|(natural, word)| (*natural).min((*word).max(CELL_MIN))).collect();
    while widths.iter().sum::<usize>() + gaps > columns {
        let (_, widest) = widths
            .iter()
            .zip(&least)
            .enumerate()
            .filter(|(_, (width, least))| width > least)
            .map(|(at, (width, _))| (*width, at))
            .max()?;
        widths[widest] -= 1;
    }
    Some(widths)
}

/// A row whose cells stand side by side.
fn beside(row: &[String], widths: &[usize]) -> Vec<String> {
    let cells: Vec<Vec<String>> = row.iter().zip(widths).map(|(cell, width)| in_lines(cell, *width)).collect();
    let height = cells.iter().map(Vec::len).max().unwrap_or(0);
    let line = |at: usize| {
        let parts: Vec<String> = cells
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{:<width$}", cell.get(at).map_or("", String::as_str), width = *width))
            .collect();
        format!("{GAP}{}", parts.join(GAP)).trim_end().to_owned()
    };
    (0..height).map(line).collect()
}

fn in_lines(cell: &str, columns: usize) -> Vec<String> {
    if is_command(cell) {
        return vec![cell.to_owned()];
    }
    text(cell, Some(columns), 0, 0).split('\n').map(str::to_owned).collect()
}

/// Rows whose first cell is a heading, with the others below it, each after its column's name.
fn below(head: &[String], rows: &[Vec<String>], columns: usize) -> Vec<String> {
    const INDENT: usize = 4;
    let mut lines = Vec::new();
    for row in rows {
        lines.push(text(&format!("{GAP}{}", row.first().map_or("", String::as_str)), Some(columns), 0, INDENT));
        let mut line = String::new();
        for (name, cell) in head.iter().zip(row).skip(1).filter(|(_, cell)| !cell.is_empty()) {
            let part = if name.is_empty() { cell.clone() } else { format!("{name}: {cell}") };
            let joined = if line.is_empty() { INDENT + width(&part) } else { width(&line) + GAP_BELOW.len() + width(&part) };
            if joined > columns && !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            if line.is_empty() {
                line = " ".repeat(INDENT);
            } else {
                line.push_str(GAP_BELOW);
            }
            line.push_str(&part);
            if width(&line) > columns {
                let long = std::mem::take(&mut line);
                let lead = INDENT + width(name) + 2;
                // A command that is broken by the terminal begins on a line of its own.
                if is_command(cell) && lead + width(cell) > columns && !name.is_empty() {
                    lines.extend([format!("{}{name}:", " ".repeat(INDENT)), format!("{}{cell}", " ".repeat(INDENT))]);
                } else if is_command(cell) {
                    lines.push(long);
                } else {
                    lines.push(format!("{}{}", " ".repeat(INDENT), text(&part, Some(columns), INDENT, INDENT + 2)));
                }
            }
        }
        if !line.is_empty() {
            lines.push(line);
        }
    }
    lines.iter().flat_map(|line| line.split('\n')).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_whole_and_so_does_a_command() {
        let long = "the disk is full: `wpp backup prune --dry-run` shows what may go, and nothing else does";
        assert_eq!(
            text(long, Some(40), 2, 2),
            "the disk is full:\n  `wpp backup prune --dry-run` shows\n  what may go, and nothing else does"
        );
        assert_eq!(text(long, None, 0, 2), long);
        assert_eq!(text("short", Some(40), 30, 2), "short");
        assert_eq!(text("a `b c", Some(24), 22, 0), "a\n`b c");
        assert_eq!(text(&"x".repeat(50), Some(40), 10, 10), "x".repeat(50), "a word is not broken");
        assert_eq!(text("one\n    two three", Some(11), 0, 4), "one\n    two\n    three");
        for text in ["", " ", "`", "``", "` `", "é `é é` é"] {
            assert_eq!(words(text).collect::<Vec<_>>().join(" "), text);
        }
    }

    #[test]
    fn a_line_of_a_file_or_a_drawing_is_no_prose() {
        for prose in [
            "The daemon holds the lock.",
            "growth: it cannot be told",
            "`wpp start` makes the first",
            "25 checks that do not apply here",
        ] {
            assert!(is_prose(prose), "{prose}");
        }
        for other in
            ["ExecStart=/usr/bin/wpp doctor", "wpp doctor --fix", "a = 5", "0 2 * * * wpp", "⠀⠈⠒ 5", "| a | b |", "", "x  y"]
        {
            assert!(!is_prose(other), "{other}");
        }
    }

    #[test]
    fn lines_of_a_list_hang_behind_what_they_begin_with() {
        for (line, columns) in
            [("text", 0), ("- text", 2), ("  - text", 4), ("12. text", 4), ("    text", 4), ("12 text", 0), ("-1", 0), ("", 0)]
        {
            assert_eq!(lead(line), columns, "{line}");
        }
        assert_eq!(text("  - one two three four", Some(16), 0, 4), "  - one two\n    three four");
    }

    fn rows(rows: &[&[&str]]) -> Vec<Vec<String>> {
        rows.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect()
    }

    #[test]
    fn a_table_is_as_wide_as_the_terminal_at_most() {
        let head = ["check", "what is right", "then type"].map(str::to_owned);
        let rows = rows(&[
            &["wpp.host.disk", "the file system of the home has room for what the daemons write", "wpp backup prune"],
            &["wpp.host.clock", "the clock is right", "timedatectl"],
        ]);
        let table = |rows: &[Vec<String>], columns| {
            let (head, rows) = table(&head, rows, columns);
            [head, rows].concat()
        };
        let whole = table(&rows, None);
        assert_eq!((whole.len(), table(&rows, Some(200))), (3, whole.clone()));
        for columns in [80, 60, 40, 24] {
            let lines = table(&rows, Some(columns));
            assert!(lines.iter().all(|line| width(line) <= columns), "{columns}: {lines:#?}");
            assert!(lines.iter().any(|line| line.contains("wpp backup prune")), "{columns}: {lines:#?}");
        }
        assert_eq!(
            table(&rows, Some(60)),
            [
                "  check           what is right             then type",
                "  wpp.host.disk   the file system of the    wpp backup prune",
                "                  home has room for what",
                "                  the daemons write",
                "  wpp.host.clock  the clock is right        timedatectl",
            ]
        );
        assert_eq!(
            table(&rows[..1], Some(40)),
            [
                "  wpp.host.disk",
                "    what is right: the file system of",
                "      the home has room for what the",
                "      daemons write",
                "    then type: wpp backup prune",
            ]
        );
    }
}
