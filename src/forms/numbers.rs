//! Telephone numbers, however they are spelled, told from times, sizes, versions and addresses. Start with [`find`].
//!
//! How sure it is that one stands there depends on what it is written with and on what stands around it; who asks
//! says how sure it has to be. The doctor wakes somebody up and wants to be [`Likeness::Certain`]; evidence is kept in
//! the home without all that is [`Likeness::Likely`]; a stranger reads nothing that is [`Likeness::Possible`].

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::digits::{Joint, digit, joint, plus};
use super::pattern;

/// How sure it is that a text is a number of somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Likeness {
    /// As many digits as numbers have, and no time, size, version or address that could be told.
    Possible,
    /// Written as numbers are, or told to be one.
    Likely,
    /// With a country code, or in a link that calls it.
    Certain,
}

/// Fewer digits are nobody's.
const DIGITS_MIN: usize = 7;
/// A group of so many digits is the last one of a number, and no number has a longer one behind another.
const GROUP_MAX: usize = 10;
/// No number has more groups.
const GROUPS_MAX: usize = 9;
/// So many signs may stand between two digits.
const JOINTS_MAX: usize = 6;
/// So much of a text before a number is looked at for what it is called.
const LABEL_BYTES_MAX: usize = 48;
/// So many digits have milliseconds after 1970, for the next centuries.
const MILLISECONDS_DIGITS: usize = 13;

/// What a number begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lead {
    Plus,
    Zeros,
    None,
}

/// Which joints are taken for a part of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Over {
    /// Those of one line that join nothing but numbers.
    Line,
    /// All.
    Everything,
}

impl Over {
    fn takes(self, joint: Joint) -> bool {
        self == Over::Everything || !joint.is_loose()
    }
}

/// Digits that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Run {
    range: Range<usize>,
    /// In ASCII, without a trunk's zero in brackets.
    digits: String,
    lead: Lead,
    /// How many digits stand together, in order.
    groups: Vec<usize>,
    joints: Vec<Joint>,
    /// Whether some are of another script than ASCII's.
    is_foreign: bool,
}

/// Where in a text numbers stand, of which it is at least so sure.
pub fn find(text: &str, least: Likeness) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < text.len() {
            let rest = &text[at..];
            let first = rest.chars().next()?;
            if !may_begin(first) {
                at += first.len_utf8();
                continue;
            }
            // A time and a version are none, and nor is a digit of how a space is written.
            if let Some(length) = time(text, at)
                .or_else(|| version(text, at))
                .or_else(|| joint(rest).map(|(_, length)| length).filter(|length| *length > 1))
            {
                at += length;
                continue;
            }
            if let Some(run) = best(text, at).filter(|(_, likeness)| *likeness >= least).map(|(run, _)| run) {
                at = run.range.end;
                return Some(run.range);
            }
            // The rest of these digits is no number by itself.
            at += first.len_utf8();
            if digit(first).is_some() {
                at += text[at..].find(|c| digit(c).is_none()).unwrap_or(text.len() - at);
            }
        }
        None
    })
}

/// Whether a number with a country code stands behind a plus or a link, of which this is the rest.
pub fn follows(rest: &[u8]) -> bool {
    const BYTES_MAX: usize = 96;
    let rest = &rest[..rest.len().min(BYTES_MAX)];
    let text = rest.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let text = format!("+{text}");
    best(&text, 0).is_some_and(|(_, likeness)| likeness == Likeness::Certain)
}

/// The digits of a text that is one number and nothing else, without what calls abroad: `+1 (555) 010-0001` and
/// `0015550100001` are the same.
pub fn whole(text: &str) -> Option<String> {
    // What a JID's agent or device is called is no part of the number.
    static BARE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^([0-9]{7,15})(?:[_:.][0-9]{1,3})+$"));
    let text = BARE.captures(text).and_then(|found| found.get(1)).map_or(text, |number| number.as_str());
    let run = read(text, 0, Over::Everything, usize::MAX).filter(|run| run.range.len() == text.len())?;
    Some(run.digits.strip_prefix("00").unwrap_or(&run.digits).to_owned())
}

/// Whether a number in a field of this name is somebody's.
pub fn is_named(name: &str, number: &str) -> bool {
    let text = format!("{name}=");
    label(&text).is_some() && find(&format!("{text}{number}"), Likeness::Likely).next().is_some()
}

fn may_begin(c: char) -> bool {
    digit(c).is_some() || matches!(c, '(' | '%' | '&' | '\\') || plus(c.encode_utf8(&mut [0; 4])).is_some()
}

/// What begins here, in as much of the text as makes it the surest. Of several that are as sure it is the one of one
/// line, as long as numbers of North America are, or else the longest that can be one.
fn best(text: &str, at: usize) -> Option<(Run, Likeness)> {
    let reads = [Over::Line, Over::Everything].into_iter().flat_map(|over| {
        (1..=GROUPS_MAX).map_while(move |groups| read(text, at, over, groups).filter(|run| run.groups.len() == groups))
    });
    let seen = reads.filter_map(|run| likeness(text, &run).map(|likeness| (run, likeness)));
    seen.max_by_key(|(run, likeness)| {
        let count = run.digits.len();
        let is_loose = run.joints.iter().any(|joint| joint.is_loose());
        (*likeness, count.min(10), !is_loose, count == 11 && run.digits.starts_with('1'), count <= 15, count)
    })
}

/// Reads so many groups of digits at most, with what joins them, from here on.
fn read(text: &str, at: usize, over: Over, groups: usize) -> Option<Run> {
    let mut end = at;
    let mut lead = Lead::None;
    if let Some(length) = plus(&text[end..]) {
        // Sums have a space there.
        if text[end + length..].starts_with([' ', '\t']) {
            return None;
        }
        lead = Lead::Plus;
        end += length + joints(&text[end + length..], Over::Line).1;
    } else if let Some(length) = text[end..].strip_prefix('(').map(|_| 1) {
        end += length;
        if let Some(length) = plus(&text[end..]) {
            (lead, end) = (Lead::Plus, end + length);
        }
    }
    let mut run = Run { range: at..end, digits: String::new(), lead, groups: Vec::new(), joints: Vec::new(), is_foreign: false };
    take(text, &mut run)?;
    while run.groups.len() < groups && run.groups.last().is_none_or(|digits| *digits < GROUP_MAX) {
        let (between, length) = joints(&text[run.range.end..], over);
        let next = run.range.end + length;
        let ahead = text[next..].chars().take_while(|c| digit(*c).is_some()).count();
        if ahead == 0 || ahead > GROUP_MAX || time(text, next).is_some() {
            break;
        }
        run.range.end = next;
        run.joints.extend(between);
        take(text, &mut run)?;
    }
    // A bracket alone is not the number's.
    if text[at..].starts_with('(') && !text[run.range.clone()].contains(')') {
        return None;
    }
    if run.lead == Lead::None && run.digits.starts_with("00") && run.digits.as_bytes().get(2).is_some_and(|digit| *digit > b'0') {
        run.lead = Lead::Zeros;
    }
    Some(run)
}

/// Takes the digits that come next as a group.
fn take(text: &str, run: &mut Run) -> Option<()> {
    let mut count = 0;
    for c in text[run.range.end..].chars() {
        let Some(value) = digit(c) else { break };
        run.digits.push(value);
        run.range.end += c.len_utf8();
        run.is_foreign |= !c.is_ascii();
        count += 1;
    }
    run.groups.push(count);
    (count > 0).then_some(())
}

/// What joins, from the beginning of a text, and its length. A trunk's zero in brackets joins, too: it is left out
/// behind a country code.
fn joints(text: &str, over: Over) -> (Vec<Joint>, usize) {
    let (mut found, mut end) = (Vec::new(), 0);
    while found.len() < JOINTS_MAX {
        if !found.is_empty() && text[end..].starts_with("(0)") {
            found.push(Joint::Plain);
            end += 3;
            continue;
        }
        let Some((joint, length)) = joint(&text[end..]).filter(|(joint, _)| over.takes(*joint)) else { break };
        found.push(joint);
        end += length;
    }
    (found, end)
}

/// How sure it is that these digits are somebody's number, or `None` when they are something else.
fn likeness(text: &str, run: &Run) -> Option<Likeness> {
    let (before, after) = (&text[..run.range.start], &text[run.range.end..]);
    let count = run.digits.len();
    let is_alone = run.joints.is_empty();
    let is_glued = last(before).is_some_and(is_word) || after.chars().next().is_some_and(is_word);
    // The token of somebody in a log may be of figures alone.
    if count < DIGITS_MIN || before.ends_with('#') && is_alone && count == 10 {
        return None;
    }
    let label = label(before);
    if label == Some(Label::Link) && count <= 17 {
        return Some(Likeness::Certain);
    }
    if run.lead == Lead::Plus && count <= 17 {
        let whole = count <= 15 && !run.joints.contains(&Joint::Word) && if is_alone { count >= 8 } else { count >= 10 };
        return Some(match (is_glued, whole) {
            (false, true) => Likeness::Certain,
            (false, false) => Likeness::Likely,
            (true, _) => Likeness::Possible,
        });
    }
    if label == Some(Label::Phone) && count <= 17 {
        return Some(Likeness::Likely);
    }
    let is_short = run.digits.len() < 9 && run.joints.contains(&Joint::Dot) && is_dotted(&text[run.range.clone()]);
    if is_alone && !run.is_foreign && is_measure(before, after, &run.digits) || is_short {
        return None;
    }
    let is_told = label == Some(Label::Who) && (10..=17).contains(&count);
    let likely = is_told
        || run.is_foreign && !is_glued
        || if is_alone { is_piece(before, after, run) } else { is_grouped(before, is_glued, run) };
    Some(if likely { Likeness::Likely } else { Likeness::Possible })
}

/// The last character of a text: a space where it ends with how one is written.
fn last(text: &str) -> Option<char> {
    const BYTES_MAX: usize = 8;
    let from = text.len().saturating_sub(BYTES_MAX);
    let begins = text.bytes().enumerate().skip(from).filter(|(_, byte)| matches!(byte, b'\\' | b'%' | b'&'));
    let is_space = begins.map(|(at, _)| &text[at..]).any(|end| joint(end).is_some_and(|(_, length)| length == end.len()));
    if is_space { Some(' ') } else { text.chars().next_back() }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Digits in one piece, as long as numbers with a country code are. In the name of a file they may stand behind what
/// joins words, and not in a decimal or an id of hexadecimal digits.
fn is_piece(before: &str, after: &str, run: &Run) -> bool {
    static ID: LazyLock<Regex> = LazyLock::new(|| pattern(r"[0-9a-fA-F]{4}-$"));
    static DECIMAL: LazyLock<Regex> = LazyLock::new(|| pattern(r"[0-9][.,]$"));
    let count = run.digits.len();
    let next = after.chars().next();
    if next.is_some_and(char::is_alphabetic) || last(before).is_some_and(char::is_alphanumeric) {
        return false;
    }
    let joins = before.ends_with(['_', '.', '/', '-']) || next == Some('_');
    if joins {
        return (11..=13).contains(&count) && !ID.is_match(before) && !DECIMAL.is_match(before) && !is_moment(&run.digits);
    }
    (10..=15).contains(&count) || run.lead == Lead::Zeros && (10..=17).contains(&count)
}

/// Digits in groups as numbers have them: the country code in front, those of North America, a trunk's zero, brackets
/// around an area, or signs between that nobody puts into anything else.
fn is_grouped(before: &str, is_glued: bool, run: &Run) -> bool {
    let count = run.digits.len();
    if is_glued || run.joints.iter().any(|joint| joint.is_loose()) || before.ends_with(['.', '/', '+', '-']) {
        return false;
    }
    let groups = run.groups.as_slice();
    let of_america = matches!(groups, [3, 3, 4]) || matches!(groups, [1, 3, 3, 4]) && run.digits.starts_with('1');
    let abroad = run.lead == Lead::Zeros && (10..=17).contains(&count);
    let of_trunk = run.digits.starts_with('0')
        && run.lead == Lead::None
        && (3..=5).contains(&groups[0])
        && (9..=12).contains(&count)
        && !run.joints.contains(&Joint::Dot);
    let rare = run.joints.contains(&Joint::Rare) && (9..=15).contains(&count);
    of_america || abroad || of_trunk || rare
}

/// What is said before a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Label {
    /// A link that calls or writes to it.
    Link,
    /// That it is a telephone's.
    Phone,
    /// That it is somebody, or an id, or a time from which on something is.
    Who,
}

/// The end of a text, from the beginning of a character on.
fn end_of(text: &str) -> &str {
    let from = text.len().saturating_sub(LABEL_BYTES_MAX);
    (from..=text.len()).find_map(|at| text.get(at..)).unwrap_or_default()
}

fn label(before: &str) -> Option<Label> {
    static LINK: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"(?i)(?:wa\.me/|whatsapp\.com/send/?\?phone=|whatsapp://send/?\?phone=|\bphone%3d|\b(?:tel|sms|smsto|callto):(?://)?)$",
        )
    });
    static PHONE: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r#"(?i)\b(?:tel|tel(?:e)?phone|phone|phone[_ -]?number|mobile|msisdn|whatsapp|sms|wa[_-]?id|pn)(?:"|\\")?[ \t]*[:=][ \t]*(?:"|\\")?$"#,
        )
    });
    static WHO: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r#"(?i)\b(?:sender|recipient|receiver|from|to|chat|contact|user|participant|jid|lid)(?:"|\\")?[ \t]*[:=][ \t]*(?:"|\\")?$"#,
        )
    });
    let end = end_of(before);
    // Most are said nothing of.
    if !end.ends_with(['/', '=', ':', '"', ' ', '\t', 'd', 'D']) {
        return None;
    }
    let labels = [(&LINK, Label::Link), (&PHONE, Label::Phone), (&WHO, Label::Who)];
    labels.into_iter().find(|(pattern, _)| pattern.is_match(end)).map(|(_, label)| label)
}

/// Whether digits in one piece are a size, a count with its unit, or a moment that is told to be one.
fn is_measure(before: &str, after: &str, digits: &str) -> bool {
    static UNIT: LazyLock<Regex> = LazyLock::new(|| {
        pattern(r"^[ \x{a0}]?(?:bytes?|ms|milliseconds?|microseconds?|nanoseconds?|us|µs|ns|rows?|kB|MB|GB|KiB|MiB|GiB)\b")
    });
    static SIZE: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r#"(?:[_-](?:bytes(?:_max|_min|_per_day)?|size|ns|us)|\b(?:bytes|size|inode|ino)|[a-z](?:Bytes|Size|Ns|Us))["'\\]*[ \t]*[:=]?[ \t]*["'\\]*$"#,
        )
    });
    static MOMENT: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r#"(?x) (?: [_-](?:ms|at|ts|time|timestamp|epoch|since|until|secs?|seconds) | [a-z](?:Ms|At|Ts|Time|Timestamp|Epoch|Since|Until)
            | \b(?i:at|time|timestamp|ts|t|since|until|epoch|date|now|exp|expires?|iat|nbf|started|ended|created|updated|modified|mtime|ctime|atime|due|deadline|unix|@) )
            ["'\\]* [\ \t]* [:=]? [\ \t]* ["'\\]* $"#,
        )
    });
    // The id of an event is the time in milliseconds at least, and no number in the world has as many digits and begins so.
    static EVENT: LazyLock<Regex> = LazyLock::new(|| {
        pattern(r#"(?:"|\\")(?:lost_after|lost_through|(?:(?:last|newest)_)?(?:event_)?id)(?:"|\\")[ \t]*:[ \t]*$"#)
    });
    if UNIT.is_match(after) {
        return true;
    }
    if is_date(digits) && !before.ends_with(is_word) {
        return true;
    }
    let end = end_of(before);
    SIZE.is_match(end)
        || is_moment(digits) && MOMENT.is_match(end)
        || is_moment(digits) && digits.len() == MILLISECONDS_DIGITS && EVENT.is_match(end)
}

/// Whether so many seconds, milliseconds, microseconds or nanoseconds after 1970 are between 2015 and 2040.
fn is_moment(digits: &str) -> bool {
    const SECONDS: Range<u64> = 1_420_070_400..2_208_988_800;
    matches!(digits.len(), 10 | 13 | 16 | 19)
        && digits.is_ascii()
        && digits[..10].parse().is_ok_and(|seconds: u64| SECONDS.contains(&seconds))
}

/// A date, or a date and a time, of digits alone.
fn is_date(digits: &str) -> bool {
    static DATE: LazyLock<Regex> = LazyLock::new(|| {
        pattern(r"^(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?:(?:[01][0-9]|2[0-3])[0-5][0-9][0-5][0-9])?$")
    });
    matches!(digits.len(), 8 | 14) && DATE.is_match(digits)
}

/// Versions have dots, and few digits.
fn is_dotted(written: &str) -> bool {
    written.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'))
}

/// The length of the kernel's version, with words behind it, or of the address of the network that begins here.
fn version(text: &str, at: usize) -> Option<usize> {
    static KERNEL: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"^(?P<numbers>[2-9]\.[0-9]{1,3}\.[0-9]{1,3}(?:[.-][0-9]{1,4})*)[.+-][A-Za-z]"));
    static ADDRESS: LazyLock<Regex> = LazyLock::new(|| pattern(r"^[0-9]{1,3}(?:\.[0-9]{1,3}){3}"));
    let rest = &text[at..];
    if text[..at].ends_with(|c: char| is_word(c) || c == '.') {
        return None;
    }
    if let Some(numbers) = KERNEL.captures(rest).and_then(|found| found.name("numbers")) {
        return Some(numbers.end());
    }
    let address = ADDRESS.find(rest)?;
    let ends = !rest[address.end()..].starts_with(|c: char| digit(c).is_some());
    (ends && address.as_str().parse::<std::net::Ipv4Addr>().is_ok()).then_some(address.end())
}

/// The length of the date, the date and time, or the time of day that begins here.
fn time(text: &str, at: usize) -> Option<usize> {
    static TIME: LazyLock<Regex> = LazyLock::new(|| {
        let (month, day) = ("(?:0[1-9]|1[0-2])", "(?:0[1-9]|[12][0-9]|3[01])");
        let year = "(?:19|20)[0-9]{2}";
        let clock = "(?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]{1,9})?)?";
        let zone = "(?:Z|[+-](?:0[0-9]|1[0-4])(?::?[0-5][0-9])?)?";
        pattern(&format!(
            r"^(?:{year}{month}{day}T[0-9]{{6}}(?:\.[0-9]{{1,9}})?Z?|(?:{year}(?:-{month}-{day}|/{month}/{day}|\.{month}\.{day})|{day}(?:-{month}-|/{month}/|\.{month}\.){year})(?:[T_ ]{clock})?{zone}|{clock}{zone})"
        ))
    });
    let rest = &text[at..];
    if !rest.starts_with(|c: char| c.is_ascii_digit()) || text[..at].ends_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let length = TIME.find(rest)?.end();
    (!rest[length..].starts_with(|c: char| digit(c).is_some())).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, least: Likeness) -> Vec<&str> {
        find(text, least).map(|range| &text[range]).collect()
    }

    #[test]
    fn a_time_is_told_from_a_number_by_what_it_is_called_and_when_it_is() {
        // As many digits as seconds and milliseconds have, and none of them: out of the range, or nobody says so.
        for text in [
            "1112345678",
            "to 1790000000",
            "chat 1790000000123",
            "\"to\":1790000000123",
            "1390000000123",
            "at 1112345678",
            "at_ms=1112345678901",
        ] {
            assert_eq!(found(text, Likeness::Likely).len(), 1, "{text}");
        }
        for text in [
            "at 1790000000",
            "\"since_ms\": 1790000000123",
            "\\\"at_ms\\\":1790000000123,",
            "createdAt=1790000000123",
            "timestamp: 1790000000",
            "size_bytes=1790000000123",
            "1790000000123 ms",
            "20260801093000",
            "\"id\": 1790000000123,",
            "{\"last_id\":1790000000123}",
            "{\\\"last_event_id\\\": 1790000000123}",
        ] {
            assert_eq!(found(text, Likeness::Possible), [""; 0], "{text}");
        }
        // Ids of others, and what is told to be somebody's.
        for text in [
            "\"id\": 15550100001",
            "\"id\": \"1790000000123\"",
            "\"id\": 1790000000",
            "\"user_id\": 1790000000123",
            "id 1790000000123",
        ] {
            assert_eq!(found(text, Likeness::Likely).len(), 1, "{text}");
        }
    }

    #[test]
    fn numbers_beside_others_are_told_apart() {
        for (text, numbers) in [
            ("15550100001 15550100002", &["15550100001", "15550100002"][..]),
            ("15550100001\n12", &["15550100001"]),
            ("7 15550100001", &["15550100001"]),
            ("+1 555 010 0001 +1 555 010 0002", &["+1 555 010 0001", "+1 555 010 0002"]),
            ("+15550100001/+15550100002", &["+15550100001", "+15550100002"]),
            ("15550100001-20260801T093000Z", &["15550100001"]),
            ("+1 555 010 0001 2026-08-01", &["+1 555 010 0001"]),
            ("(see +1 555 010 0001)", &["+1 555 010 0001"]),
        ] {
            assert_eq!(found(text, Likeness::Likely), numbers, "{text}");
        }
    }

    #[test]
    fn a_kernel_is_none() {
        for text in [
            "6.8.0-1021-aws",
            "5.15.0-1052-azure",
            "4.18.0-553.16.1.el8_10.x86_64",
            "5.15.167.4-microsoft-standard-WSL2",
            "10.0.0.255",
            "6.12.57+deb13-amd64",
        ] {
            assert_eq!(found(text, Likeness::Possible), [""; 0], "{text}");
        }
        assert_eq!(found("1.555.010-0001-x", Likeness::Possible).len(), 1);
    }

    #[test]
    fn every_text_can_be_looked_through() {
        for text in
            ["", "+", "(", "((0)", "+(", "%2B", "&#43;", "\\", "\\u{", "(0)(0)(0)1234567", "é1234567é", "1\u{200b}", "🙂+1🙂"]
        {
            let _ = (found(text, Likeness::Possible), whole(text), follows(text.as_bytes()));
        }
        assert!(!follows(b"\xff15550100001") && follows(b"1 555 010 0001\xff"));
    }
}
