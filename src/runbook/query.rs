//! Whether a text is one query that only reads, as PostgreSQL and SQLite take texts apart. Pure.
//!
//! `psql` sends a text as it is, and the server runs every statement in it: `SELECT 1; COMMIT; DELETE …`
//! would leave the transaction that only reads. So what is sent is taken apart here first. Start with
//! [`one`].

/// What a query begins with.
const READS: [&str; 7] = ["SELECT", "WITH", "VALUES", "EXPLAIN", "PRAGMA", "SHOW", "TABLE"];

/// The line, from 0, at which a text ceases to be one query that only reads, and why.
pub fn one(text: &str) -> Result<(), (usize, String)> {
    let mut words = String::new();
    let mut ended = false;
    for piece in pieces(text) {
        let (at, code) = match piece {
            Piece::Code(at, code) => (at, code),
            Piece::Quoted(at) => (at, 'x'),
            Piece::Open(at, what) => return Err((line(text, at), format!("{what} is not closed"))),
        };
        if ended && !code.is_whitespace() && code != ';' {
            return Err((line(text, at), "one block holds one query".into()));
        }
        ended |= code == ';';
        words.push(code);
    }
    let first: String =
        words.trim_start_matches([' ', '\t', '\r', '\n', '(']).chars().take_while(char::is_ascii_alphabetic).collect();
    let start = text.len() - text.trim_start().len();
    match first.to_ascii_uppercase() {
        word if READS.contains(&word.as_str()) => Ok(()),
        word if word.is_empty() => Err((line(text, start), "there is no query".into())),
        word => Err((line(text, start), format!("a query only reads, and {word} does not look like it"))),
    }
}

/// The lines, from 0, on which a `{{name}}` stands in quotes: there it would be text of the query.
pub fn quoted_names(text: &str) -> Vec<usize> {
    let code: std::collections::BTreeSet<usize> =
        pieces(text).filter_map(|piece| if let Piece::Code(at, _) = piece { Some(at) } else { None }).collect();
    text.match_indices("{{").filter(|(at, _)| !code.contains(at)).map(|(at, _)| line(text, at)).collect()
}

fn line(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count()
}

/// A piece of a query, with the byte at which it begins.
enum Piece {
    /// A character that is neither quoted nor of a comment.
    Code(usize, char),
    /// A text, a name in quotes.
    Quoted(usize),
    /// Something that begins here and does not end.
    Open(usize, &'static str),
}

/// The pieces of a query; comments are none.
fn pieces(text: &str) -> impl Iterator<Item = Piece> {
    let mut at = 0;
    let mut before = ' ';
    std::iter::from_fn(move || {
        loop {
            let rest = &text[at..];
            let here = at;
            let first = rest.chars().next()?;
            let skip = |found: Option<usize>| found.map_or(text.len(), |length| here + length);
            if rest.starts_with("--") {
                at = skip(rest.find('\n'));
                continue;
            }
            if rest.starts_with("/*") {
                let length = comment(rest);
                at = skip(length);
                if length.is_none() {
                    return Some(Piece::Open(here, "a comment"));
                }
                before = ' ';
                continue;
            }
            // `E'…'`: a backslash takes the next character with it. `type'…'` is a name and a plain text.
            let escapes = first == '\'' && before == 'E';
            let length = match first {
                '\'' | '"' | '`' => Some(quoted(rest, first, escapes)),
                '$' if before != 'n' && before != 'E' => {
                    tag(rest).map(|tag| rest[tag.len()..].find(tag).map(|end| end + 2 * tag.len()))
                }
                _ => None,
            };
            if let Some(length) = length {
                at = skip(length);
                before = ' ';
                return Some(if length.is_some() { Piece::Quoted(here) } else { Piece::Open(here, "a text in quotes") });
            }
            at += first.len_utf8();
            before = match (before, first) {
                // The letter alone, and not the end of a name.
                (' ', 'e' | 'E') => 'E',
                (_, c) if c.is_alphanumeric() || c == '_' || c == '$' => 'n',
                _ => ' ',
            };
            return Some(Piece::Code(here, first));
        }
    })
}

/// The length of a text in quotes, both quotes with it; two of them stand for one.
fn quoted(text: &str, quote: char, escapes: bool) -> Option<usize> {
    let mut rest = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = rest.next() {
        if escapes && c == '\\' {
            rest.next();
        } else if c == quote && rest.next_if(|(_, next)| *next == quote).is_none() {
            return Some(at + 1);
        }
    }
    None
}

/// The length of a comment; PostgreSQL's hold others, and SQLite's end with the first end: what ends for
/// neither is taken for open, and what ends for one alone is code for nobody but that one.
fn comment(text: &str) -> Option<usize> {
    let (mut depth, mut at) = (0_u32, 0);
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return Some(at);
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    None
}

/// `$$` or `$name$`, with which a text of PostgreSQL's begins and ends.
fn tag(text: &str) -> Option<&str> {
    let end = text[1..].find('$')? + 2;
    let name = &text[1..end - 1];
    let good = !name.starts_with(|c: char| c.is_ascii_digit()) && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    good.then(|| &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_query_that_reads_is_one() {
        for text in [
            "SELECT 1",
            "select 1;\n",
            "SELECT ';' AS a, \";\" FROM t -- ; and more\n",
            "/* a; /* b; */ c; */ SELECT 1; -- the end",
            "WITH a AS (SELECT $$;$$, $tag$ ; $$ $tag$) TABLE a",
            r"SELECT E'it\'s; one', 'it''s; one', 'back\'",
            "SELECT type'a', e, e.x, $1, a$b$ FROM e",
            "(SELECT 1)",
            "PRAGMA quick_check;",
        ] {
            assert_eq!(one(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn what_would_be_more_than_one_query_is_refused() {
        for (text, at) in [
            ("SELECT 1; DELETE FROM t", 0),
            ("SELECT 1 --'\n; COMMIT; DELETE FROM t; --'", 1),
            ("SELECT 'a'; COMMIT; SELECT 'b", 0),
            ("SELECT /* ' */ 1; COMMIT; SELECT /* ' */ 1", 0),
            ("SELECT $$ ' $$; COMMIT -- '", 0),
            (r"SELECT E'\''; COMMIT; SELECT '", 0),
            (r"SELECT '\'; COMMIT; SELECT '", 0),
            ("SELECT a$$; COMMIT; SELECT b$$", 0),
            ("SELECT \"'\"; COMMIT; SELECT \"'\"", 0),
            ("DELETE FROM t", 0),
            ("\n\nCOMMIT", 2),
            ("COPY t TO PROGRAM 'id'", 0),
            ("", 0),
            ("-- nothing", 0),
            ("SELECT 'open", 0),
            ("SELECT 1 /* open", 0),
        ] {
            assert_eq!(one(text).map_err(|(line, _)| line), Err(at), "{text}");
        }
    }

    #[test]
    fn names_in_quotes_are_seen() {
        assert_eq!(quoted_names("SELECT {{a}},\n'{{b}}', $$ {{c}} $$,\n{{d}} -- '\n"), [1, 1]);
    }
}
