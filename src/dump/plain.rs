//! A plain dump as `psql` reads it: what in it is SQL, what is a row of `COPY`, and what is an order to
//! `psql` itself.
//!
//! `psql` runs programs and reaches other servers when a line tells it to (`\!`, `\connect 'host=…'`,
//! `\g | sh`), and a dump is a file that somebody else may have written. So every backslash outside of
//! quotes, comments and rows is refused but for the few orders that `pg_dump` and `pg_dumpall` write, and
//! those are handed on in a form of our own. Where `psql` knows `\restrict`, it holds that, too. Start with
//! [`Scanner`], which judges, and [`Guarded`], which is what `psql` gets to read.

use std::io::{BufRead, BufReader, Read};

/// Of a line, so much is looked at in one go; longer ones come in segments.
const SEGMENT_BYTES: u64 = 64 << 10;
/// What of an order is shown.
const SHOWN_BYTES: usize = 60;
/// A word that is longer is none that is looked for.
const WORD_BYTES_MAX: usize = 64;

/// What a segment of a line is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// SQL, or a part of a comment.
    Text,
    /// Of the rows behind a `COPY … FROM stdin`.
    Row,
    /// `\connect` to a database of the same server, by its bare name.
    Connect(String),
    /// `\encoding`.
    Encoding,
    /// `\restrict` or `\unrestrict`.
    Key,
}

/// Where between quotes the next byte stands.
#[derive(Debug, Default, PartialEq, Eq)]
enum Within {
    #[default]
    Nothing,
    /// `'…'`; with `escapes`, a backslash takes the next byte with it.
    Quote { escapes: bool, escaped: bool },
    /// `"…"`.
    Name,
    /// Between the dollars of what may become `$tag$`.
    Tag(Vec<u8>),
    /// `$tag$ … $tag$`, and the beginning of what may be its end.
    Dollar { tag: Vec<u8>, end: Option<Vec<u8>> },
    /// `-- …`.
    Line,
    /// `/* … */`, so deep.
    Comment(u32),
}

/// The statement that is being read, as far as `psql` looks at it.
#[derive(Debug, Default)]
struct Statement {
    /// Whether it begins with COPY.
    copy: bool,
    /// Whether FROM stdin stands in it, outside of parentheses.
    reads: bool,
    /// Whether the last word was FROM.
    from: bool,
    words: usize,
    /// Beginnings of CREATE, OR, REPLACE, FUNCTION, PROCEDURE among the first words.
    initials: [u8; 4],
    parentheses: u32,
    /// Nested BEGIN and CASE in the body of a function.
    bodies: u32,
}

/// Reads a text as `psql` does, and refuses what would be an order to it.
#[derive(Debug, Default)]
pub struct Scanner {
    within: Within,
    statement: Statement,
    word: Vec<u8>,
    previous: u8,
    /// Of a quote that has ended just now, whether it had escapes: another one right behind goes on with it.
    ended: Option<bool>,
    /// Blocks of rows that begin with the next line.
    blocks: u32,
    rows: bool,
    line: u64,
    escapes_everywhere: bool,
    ambiguous: bool,
}

impl Scanner {
    /// Reads one segment of a line; `first` says that it begins the line, `last` that nothing of it follows.
    ///
    /// # Errors
    /// Why it must not be handed to `psql`, in words.
    pub fn read(&mut self, segment: &[u8], first: bool, last: bool) -> Result<Seen, String> {
        if first {
            self.line += 1;
        }
        if self.rows {
            if first && last && matches!(segment, b"\\.\n" | b"\\.\r\n" | b"\\.") {
                self.blocks -= 1;
                self.rows = self.blocks > 0;
            }
            return Ok(Seen::Row);
        }
        if segment.contains(&0) {
            return Err(format!("line {} holds a byte of zero, so it is no text", self.line));
        }
        let mut seen = Seen::Text;
        let trimmed = segment.trim_ascii_start();
        if first && self.at_top() && trimmed.first() == Some(&b'\\') {
            let order = std::str::from_utf8(trimmed).ok().filter(|_| last).and_then(order);
            seen = order.ok_or_else(|| self.refused(trimmed))?;
        } else {
            if first && self.at_top() {
                self.escapes_everywhere |= turns_escapes_on(segment);
                self.ambiguous |= self.escapes_everywhere;
            }
            for (at, byte) in segment.iter().enumerate() {
                self.byte(*byte).map_err(|()| self.refused(&segment[at..]))?;
            }
        }
        // Rows follow the whole line, whatever else stands on it.
        self.rows = last && self.blocks > 0;
        Ok(seen)
    }

    /// Whether the next byte stands outside of quotes, comments and rows.
    pub fn at_top(&self) -> bool {
        self.within == Within::Nothing && !self.rows
    }

    /// Whether older versions of `psql` might have read it otherwise.
    pub fn is_ambiguous(&self) -> bool {
        self.ambiguous
    }

    /// What the text is in the middle of, if it ends here.
    pub fn unfinished(&self) -> Option<&'static str> {
        match &self.within {
            _ if self.rows || self.blocks > 0 => Some("a table"),
            Within::Quote { .. } | Within::Name | Within::Dollar { .. } => Some("a statement"),
            Within::Comment(_) => Some("a comment"),
            Within::Nothing | Within::Line | Within::Tag(_) => None,
        }
    }

    fn refused(&self, from: &[u8]) -> String {
        let shown: String =
            String::from_utf8_lossy(&from[..from.len().min(SHOWN_BYTES)]).trim().chars().filter(|c| !c.is_control()).collect();
        format!(
            "line {} holds an order to psql that no dump needs ({shown:?}): psql would run programs or reach other servers",
            self.line
        )
    }

    fn byte(&mut self, byte: u8) -> Result<(), ()> {
        let previous = std::mem::replace(&mut self.previous, byte);
        match &mut self.within {
            Within::Nothing => return self.outside(byte, previous),
            Within::Quote { escapes, escaped } => {
                if *escaped {
                    *escaped = false;
                } else if byte == b'\\' && *escapes {
                    *escaped = true;
                } else if byte == b'\'' {
                    // How that is read, a setting of the server decides.
                    self.ambiguous |= !*escapes && previous == b'\\';
                    self.ended = Some(*escapes);
                    self.within = Within::Nothing;
                }
            }
            Within::Name if byte == b'"' => self.within = Within::Nothing,
            Within::Name => {}
            Within::Tag(tag) => match byte {
                b'$' => self.within = Within::Dollar { tag: std::mem::take(tag), end: None },
                byte if is_word(byte) && !(tag.is_empty() && byte.is_ascii_digit()) => tag.push(byte),
                byte => {
                    self.within = Within::Nothing;
                    return self.outside(byte, previous);
                }
            },
            Within::Dollar { tag, end } => match (byte, end.take()) {
                (b'$', Some(read)) if read == *tag => self.within = Within::Nothing,
                (b'$', _) => *end = Some(Vec::new()),
                (byte, Some(mut read)) if is_word(byte) && read.len() < tag.len() => {
                    read.push(byte);
                    *end = Some(read);
                }
                _ => {}
            },
            Within::Line if matches!(byte, b'\n' | b'\r') => self.within = Within::Nothing,
            Within::Line => {}
            Within::Comment(depth) => {
                if (previous, byte) == (b'*', b'/') {
                    *depth -= 1;
                    self.previous = 0;
                    if *depth == 0 {
                        self.within = Within::Nothing;
                    }
                } else if (previous, byte) == (b'/', b'*') {
                    *depth += 1;
                    self.previous = 0;
                }
            }
        }
        Ok(())
    }

    fn outside(&mut self, byte: u8, previous: u8) -> Result<(), ()> {
        let ended = self.ended.take();
        let begins_with_digit = self.word.first().is_some_and(u8::is_ascii_digit);
        if is_word(byte) || byte == b'$' && !self.word.is_empty() && !begins_with_digit {
            if self.word.len() < WORD_BYTES_MAX {
                self.word.push(byte);
            }
            return Ok(());
        }
        let word = std::mem::take(&mut self.word);
        self.statement.word(&word);
        match byte {
            b'\\' => return Err(()),
            b'\'' => {
                self.ambiguous |= begins_with_digit && word.last().is_some_and(|byte| byte.eq_ignore_ascii_case(&b'e'));
                let escapes = ended.unwrap_or(word.eq_ignore_ascii_case(b"e") || self.escapes_everywhere);
                self.within = Within::Quote { escapes, escaped: false };
            }
            b'"' => self.within = Within::Name,
            b'$' => self.within = Within::Tag(Vec::new()),
            b'-' if previous == b'-' => self.within = Within::Line,
            b'*' if previous == b'/' => {
                self.within = Within::Comment(1);
                self.previous = 0;
            }
            b'(' => self.statement.parentheses += 1,
            b')' => self.statement.parentheses = self.statement.parentheses.saturating_sub(1),
            b';' if self.statement.parentheses == 0 && self.statement.bodies == 0 => {
                let statement = std::mem::take(&mut self.statement);
                self.blocks += u32::from(statement.copy && statement.reads);
            }
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            self.statement.from = false;
            if self.statement.words == 0 && !matches!(byte, b';' | b'-' | b'/' | b'*') {
                // What begins otherwise begins with no word.
                self.statement.words = 1;
            }
        }
        Ok(())
    }
}

impl Statement {
    /// A word that is no number and stands in no quotes.
    fn word(&mut self, word: &[u8]) {
        if word.is_empty() {
            return;
        }
        let word = word.to_ascii_lowercase();
        if self.words == 0 {
            self.copy = word == b"copy";
        }
        if self.parentheses == 0 {
            self.reads |= self.from && word == b"stdin";
            self.from = word == b"from";
        }
        if matches!(word.as_slice(), b"create" | b"or" | b"replace" | b"function" | b"procedure")
            && let Some(initial) = self.initials.get_mut(self.words)
        {
            *initial = word[0];
        }
        self.words += 1;
        let makes_function = matches!(self.initials, [b'c', b'f' | b'p', ..] | [b'c', b'o', b'r', b'f' | b'p']);
        if makes_function && self.parentheses == 0 {
            match word.as_slice() {
                b"begin" => self.bodies += 1,
                b"case" if self.bodies > 0 => self.bodies += 1,
                b"end" => self.bodies = self.bodies.saturating_sub(1),
                _ => {}
            }
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// Whether a line says that a backslash in any quotes takes the next byte with it, as pg_dump writes it of
/// a server that is set so.
fn turns_escapes_on(line: &[u8]) -> bool {
    let text = String::from_utf8_lossy(&line[..line.len().min(80)]).to_ascii_lowercase();
    let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || "=;'".contains(c)).filter(|word| !word.is_empty()).collect();
    matches!(words.as_slice(), ["set", "standard_conforming_strings", "off" | "to", ..]) && words.contains(&"off")
}

/// One of the orders that pg_dump and pg_dumpall write, in a line of its own.
fn order(line: &str) -> Option<Seen> {
    let line = line.trim_end();
    if let Some(name) = line.strip_prefix("\\connect -reuse-previous=on \"dbname='").and_then(|rest| rest.strip_suffix("'\"")) {
        let kept = |c: char| c.is_alphanumeric() || " _.-@+".contains(c);
        return (!name.is_empty() && name.chars().all(kept)).then(|| Seen::Connect(name.to_owned()));
    }
    let (order, word) = line.split_once([' ', '\t'])?;
    let bare = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    if word.is_empty() || word.starts_with('-') || !word.chars().all(bare) {
        return None;
    }
    match order {
        "\\connect" => Some(Seen::Connect(word.to_owned())),
        "\\encoding" => Some(Seen::Encoding),
        "\\restrict" | "\\unrestrict" => Some(Seen::Key),
        _ => None,
    }
}

/// Reads segments of lines.
pub struct Segments<R> {
    reader: R,
    begins: bool,
}

impl<R: BufRead> Segments<R> {
    /// From where `reader` stands.
    pub fn of(reader: R) -> Segments<R> {
        Segments { reader, begins: true }
    }

    /// The next one, into `segment`; whether it begins and whether it ends its line. `None` at the end.
    pub fn next(&mut self, segment: &mut Vec<u8>) -> std::io::Result<Option<(bool, bool)>> {
        segment.clear();
        let count = self.reader.by_ref().take(SEGMENT_BYTES).read_until(b'\n', segment)?;
        if count == 0 {
            return Ok(None);
        }
        // A short one without an end of line is the end of all.
        let last = segment.last() == Some(&b'\n') || (count as u64) < SEGMENT_BYTES;
        Ok(Some((std::mem::replace(&mut self.begins, last), last)))
    }
}

/// A plain dump on its way to `psql`: an order that is refused is an error of reading.
pub struct Guarded<R> {
    segments: Segments<BufReader<R>>,
    scanner: Scanner,
    key: Option<String>,
    segment: Vec<u8>,
    out: Vec<u8>,
    at: usize,
    begun: bool,
}

impl<R: Read> Guarded<R> {
    /// With a key that nobody knows, `psql` itself refuses all orders but those that are written here; one
    /// that knows no `\restrict` gets none.
    pub fn new(reader: R, key: Option<String>) -> Guarded<R> {
        let segments = Segments::of(BufReader::with_capacity(256 << 10, reader));
        Guarded { segments, scanner: Scanner::default(), key, segment: Vec::new(), out: Vec::new(), at: 0, begun: false }
    }

    fn fill(&mut self) -> std::io::Result<()> {
        self.out.clear();
        self.at = 0;
        let begins = !std::mem::replace(&mut self.begun, true);
        if let (true, Some(key)) = (begins, &self.key) {
            self.out.extend_from_slice(format!("\\restrict {key}\n").as_bytes());
        }
        let Some((first, last)) = self.segments.next(&mut self.segment)? else { return Ok(()) };
        // psql would skip it at the beginning of its input, where our own line stands.
        let segment = self.segment.strip_prefix(b"\xef\xbb\xbf").filter(|_| begins).unwrap_or(&self.segment);
        let refused = |why| std::io::Error::new(std::io::ErrorKind::InvalidData, why);
        match self.scanner.read(segment, first, last).map_err(refused)? {
            Seen::Text | Seen::Row => self.out.extend_from_slice(segment),
            Seen::Key => self.out.push(b'\n'),
            Seen::Connect(_) | Seen::Encoding => {
                let order = segment.trim_ascii();
                match &self.key {
                    Some(key) => {
                        self.out.extend_from_slice(format!("\\unrestrict {key}\n").as_bytes());
                        self.out.extend_from_slice(order);
                        self.out.extend_from_slice(format!("\n\\restrict {key}\n").as_bytes());
                    }
                    None => {
                        self.out.extend_from_slice(order);
                        self.out.push(b'\n');
                    }
                }
            }
        }
        Ok(())
    }
}

impl<R: Read> Read for Guarded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.at == self.out.len() {
            self.fill()?;
        }
        let count = buffer.len().min(self.out.len() - self.at);
        buffer[..count].copy_from_slice(&self.out[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guarded(text: &str, key: Option<&str>) -> Result<String, String> {
        let mut out = String::new();
        let mut reader = Guarded::new(text.as_bytes(), key.map(str::to_owned));
        reader.read_to_string(&mut out).map(|_| out).map_err(|error| error.to_string())
    }

    #[test]
    fn orders_to_psql_are_refused_wherever_psql_would_take_them() {
        let long = format!("select '{}'; \\! id\n", "x".repeat(200_000));
        for bad in [
            "\\! id\n",
            "  \\! id\n",
            "select 1 \\g | sh\n",
            "select 1; \\! id\n",
            "\\connect 'host=127.0.0.1 dbname=live'\n",
            "\\connect \"host=x\"\n",
            "\\connect live postgres 127.0.0.1 5544\n",
            "\\connect -\n",
            "\\connect -reuse-previous=off \"dbname='x'\"\n",
            "\\connect -reuse-previous=on \"dbname='x' host='y'\"\n",
            "\\connect postgres://h/d\n",
            "\\connect host=x\n",
            "\\c live\n",
            "\\copy t from program 'id'\n",
            "\\i /etc/passwd\n",
            "\\.\n",
            "\\restrict a b\n",
            "COPY t FROM stdin;\n1\n\\.\n\\! id\n",
            "COPY t FROM stdin; \\! id\n1\n\\.\n",
            // None of these makes rows of what follows.
            "select 1\nCOPY FROM stdin;\n\\! id\n\\.\n",
            "'COPY t FROM stdin;\n' \\! id\n",
            "copy (select 1\nFROM stdin;\n\\! id\n\\.\n",
            "COPY t TO stdout; -- FROM stdin;\n\\! id\n",
            "-- a comment ends with\r\\! id\n",
            "/* a /* nested */ comment */ \\! id\n",
            "select $a$ $b$ $a$ \\! id\n",
            "select a$b$ \\! id $b$\n",
            "select 'x\\' \\! id\n",
            "select E'\\\\' \\! id\n",
            "select 'a\0\n'\n",
            &long,
        ] {
            assert!(guarded(bad, Some("k")).is_err() && guarded(bad, None).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn what_only_looks_like_an_order_is_data() {
        for good in [
            "COPY public.t (x) FROM stdin;\n\\! id\n\\N\n\\.\nselect 1;\n",
            "copy t\n  from STDIN with (format csv);\n\\connect x y\n\\.\n",
            "insert into t values ('a\n\\! id\n');\n",
            "insert into t values ('C:\\');\ninsert into t values ('it''s \\! it');\n",
            "insert into t values (E'it\\'s \\\\! it');\n",
            "create function f() returns text as $_$ select '\\! id' $_$ language sql;\n",
            "create function f() returns text as $$ $x \\! $x$ $$ language sql;\n",
            "create table \"a\\b\" (x int);\n",
            "-- a comment with a \\ in it\n",
            "/* and\n\\! one */\n",
            "create function f() returns int begin atomic select 1; end;\nselect '\\';\n",
        ] {
            assert_eq!(guarded(good, None).unwrap(), good);
            assert_eq!(guarded(good, Some("k")).unwrap(), format!("\\restrict k\n{good}"));
        }
        // As a server writes them whose quotes all have escapes.
        let old = "SET standard_conforming_strings = off;\ninsert into t values ('it\\'s \\! it');\n";
        assert_eq!(guarded(old, None).unwrap(), old);
    }

    #[test]
    fn orders_of_pg_dumpall_are_handed_on_under_our_own_key() {
        let text = "\\restrict theirs\n\\unrestrict theirs\n\\encoding SQL_ASCII\n\\connect -reuse-previous=on \"dbname='my-app'\"\n\\connect gw\n";
        let wrapped = "\\restrict k\n\n\n\\unrestrict k\n\\encoding SQL_ASCII\n\\restrict k\n\\unrestrict k\n\
            \\connect -reuse-previous=on \"dbname='my-app'\"\n\\restrict k\n\\unrestrict k\n\\connect gw\n\\restrict k\n";
        assert_eq!(guarded(text, Some("k")).unwrap(), wrapped);
        assert!(!guarded(text, None).unwrap().contains("restrict"));
    }

    #[test]
    fn what_older_versions_may_read_otherwise_is_told() {
        let ambiguous = |text: &str| {
            let mut scanner = Scanner::default();
            for line in text.split_inclusive('\n') {
                scanner.read(line.as_bytes(), true, true).unwrap();
            }
            scanner.is_ambiguous()
        };
        assert!(ambiguous("select 'a\\'' \\! id '\n") && ambiguous("SET standard_conforming_strings = off;\n"));
        assert!(!ambiguous("select E'a\\'', 'b\\x', 'c''';\n"));
    }
}
