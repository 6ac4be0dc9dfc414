//! Numbers that stand bare in JSON, whatever text is around it. What is put in the place of one must be a text of JSON,
//! or nothing reads the rest any more. Start with [`number`].

use std::ops::Range;

/// A number of JSON.
pub struct Number {
    /// Where it begins, its sign included.
    pub begin: usize,
    /// What a text in its place stands between.
    pub quote: &'static str,
}

/// Where in a text strings of JSON are, told in one walk through it. None goes over the end of a line.
#[derive(Default)]
pub struct Strings {
    at: usize,
    inside: bool,
    escaped: bool,
}

impl Strings {
    /// Whether a string goes on at this place, which is not before the one that was asked for last.
    fn go_on_at(&mut self, text: &str, at: usize) -> bool {
        for byte in text.as_bytes().get(self.at..at).unwrap_or_default() {
            match byte {
                b'\n' => self.inside = false,
                b'"' if !self.escaped => self.inside = !self.inside,
                _ => {}
            }
            self.escaped = *byte == b'\\' && !self.escaped;
        }
        self.at = self.at.max(at);
        self.inside
    }
}

/// The number of JSON that these digits are: the value of a field, or one of a list; also in JSON that is a string of
/// JSON itself.
pub fn number(text: &str, digits: &Range<usize>, strings: &mut Strings) -> Option<Number> {
    let is_space = |c: char| matches!(c, ' ' | '\t' | '\r' | '\n');
    if !text[digits.clone()].bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let begin = digits.start - usize::from(text[..digits.start].ends_with('-'));
    let (before, after) = (text[..begin].trim_end_matches(is_space), text[digits.end..].trim_start_matches(is_space));
    let name = before.strip_suffix(':').map(|name| name.trim_end_matches(is_space));
    if !(name.is_some() || before.ends_with(['[', ','])) {
        return None;
    }
    let ends = |after: &str| after.is_empty() || after.starts_with([',', '}', ']']);
    if strings.go_on_at(text, begin) {
        let ends = ends(after) || ["\\n", "\\r"].iter().any(|end| after.starts_with(end));
        let is_named = name.is_some_and(|name| name.ends_with("\\\""));
        return (ends && is_named).then_some(Number { begin, quote: "\\\"" });
    }
    let is_named = name.is_some_and(|name| name.ends_with('"'));
    let is_listed = || {
        let list = before.trim_end_matches(|c: char| is_space(c) || c.is_ascii_digit() || matches!(c, ',' | '-' | '.'));
        list.ends_with('[') || before.ends_with(',') && list.ends_with(['"', ']', '}'])
    };
    (ends(after) && (is_named || is_listed())).then_some(Number { begin, quote: "\"" })
}
