//! Digits, and what may stand between the digits of one number: as people type them, as other scripts have them, and
//! as addresses on the web, JSON and HTML write them down.

/// The first digits, by value 0, of the scripts that numbers of people are written in.
const ZEROS: [char; 23] = [
    '0', '\u{660}', '\u{6f0}', '\u{7c0}', '\u{966}', '\u{9e6}', '\u{a66}', '\u{ae6}', '\u{b66}', '\u{be6}', '\u{c66}', '\u{ce6}',
    '\u{d66}', '\u{de6}', '\u{e50}', '\u{ed0}', '\u{f20}', '\u{1040}', '\u{17e0}', '\u{1810}', '\u{a8d0}', '\u{abf0}',
    '\u{ff10}',
];

/// Digits of styles, which Unicode keeps for formulas: five alphabets of ten, one behind the other.
const STYLED: std::ops::RangeInclusive<char> = '\u{1d7ce}'..='\u{1d7ff}';

/// The digit that a character is.
pub(super) fn digit(c: char) -> Option<char> {
    if c.is_ascii() {
        return c.is_ascii_digit().then_some(c);
    }
    let value = if STYLED.contains(&c) {
        (u32::from(c) - u32::from(*STYLED.start())) % 10
    } else {
        ZEROS.iter().map(|zero| u32::from(c).wrapping_sub(u32::from(*zero))).find(|value| *value < 10)?
    };
    char::from_digit(value, 10)
}

/// What stands between two digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Joint {
    /// A space, a hyphen or a bracket of a keyboard.
    Plain,
    /// A full stop.
    Dot,
    /// A slash.
    Slash,
    /// A low line or a plus, which join words and arguments as well.
    Word,
    /// The end of a line.
    Line,
    /// Nothing that a keyboard has: a space or a hyphen of typesetting, or what is not to be seen at all.
    Rare,
}

impl Joint {
    /// Whether it joins other things more often than numbers.
    pub(super) fn is_loose(self) -> bool {
        matches!(self, Joint::Word | Joint::Line)
    }
}

fn joint_of(c: char) -> Option<Joint> {
    Some(match c {
        ' ' | '\t' | '-' | '(' | ')' => Joint::Plain,
        '.' => Joint::Dot,
        '/' => Joint::Slash,
        '_' | '+' => Joint::Word,
        '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => Joint::Line,
        '\u{ad}' | '\u{b7}' | '\u{200b}'..='\u{200f}' | '\u{2010}'..='\u{2015}' | '\u{2022}' | '\u{2027}' => Joint::Rare,
        '\u{202a}'..='\u{202e}' | '\u{2044}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{2212}' => Joint::Rare,
        '\u{30fb}' | '\u{fe58}' | '\u{fe63}' | '\u{feff}' | '\u{ff08}' | '\u{ff09}' | '\u{ff0d}'..='\u{ff0f}' => Joint::Rare,
        c if c.is_whitespace() => Joint::Rare,
        _ => return None,
    })
}

/// What a text begins with that joins digits, and its length.
pub(super) fn joint(text: &str) -> Option<(Joint, usize)> {
    let (c, length) = character(text)?;
    joint_of(c).map(|joint| (joint, length))
}

/// The length of the plus that a text begins with.
pub(super) fn plus(text: &str) -> Option<usize> {
    character(text).filter(|(c, _)| matches!(c, '+' | '\u{ff0b}' | '\u{fe62}' | '\u{207a}')).map(|(_, length)| length)
}

/// The first character of a text, and how long it is as it is written there: `%20`, `&nbsp;`, `\u00a0` and `\n` are
/// one, too.
fn character(text: &str) -> Option<(char, usize)> {
    match text.as_bytes().first()? {
        b'%' => percent(text),
        b'&' => entity(text),
        b'\\' => escape(text),
        _ => text.chars().next().map(|c| (c, c.len_utf8())),
    }
}

/// How many digits the number of a character has at most.
const HEXADECIMAL_MAX: usize = 8;

/// The number that hexadecimal digits alone stand for: what the standard library reads may begin with a plus.
fn hexadecimal(text: &str) -> Option<u32> {
    let is_number = text.len() <= HEXADECIMAL_MAX && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_number.then(|| u32::from_str_radix(text, 16).ok()).flatten()
}

/// `%C2%A0`.
fn percent(text: &str) -> Option<(char, usize)> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(byte) = rest.strip_prefix('%').and_then(|rest| hexadecimal(rest.get(..2)?)) {
        bytes.push(u8::try_from(byte).ok()?);
        rest = rest.get(3..)?;
        if let Some(c) = std::str::from_utf8(&bytes).ok().and_then(|text| text.chars().next()) {
            return Some((c, bytes.len() * 3));
        }
        if bytes.len() == 4 {
            break;
        }
    }
    None
}

/// `&nbsp;` and `&#8239;`.
fn entity(text: &str) -> Option<(char, usize)> {
    const NAMES: [(&str, char); 11] = [
        ("nbsp", '\u{a0}'),
        ("ensp", '\u{2002}'),
        ("emsp", '\u{2003}'),
        ("numsp", '\u{2007}'),
        ("puncsp", '\u{2008}'),
        ("thinsp", '\u{2009}'),
        ("hairsp", '\u{200a}'),
        ("ndash", '\u{2013}'),
        ("mdash", '\u{2014}'),
        ("shy", '\u{ad}'),
        ("plus", '+'),
    ];
    let end = text.bytes().take(10).position(|byte| byte == b';')?;
    let name = &text[1..end];
    let number = |name: &str| match name.strip_prefix(['x', 'X']) {
        Some(hex) => hexadecimal(hex),
        None => name.bytes().all(|byte| byte.is_ascii_digit()).then(|| name.parse().ok()).flatten(),
    };
    let c = match name.strip_prefix('#') {
        Some(name) => char::from_u32(number(name)?)?,
        None => NAMES.iter().find(|(known, _)| *known == name)?.1,
    };
    Some((c, end + 1))
}

/// `\n`, `\u00a0` and `\u{a0}`.
fn escape(text: &str) -> Option<(char, usize)> {
    let rest = text.get(2..)?;
    match text.as_bytes()[1] {
        b'n' => Some(('\n', 2)),
        b'r' => Some(('\r', 2)),
        b't' => Some(('\t', 2)),
        b'u' => {
            let (hex, length) = match rest.strip_prefix('{') {
                Some(rest) => {
                    let end = rest.bytes().take(HEXADECIMAL_MAX + 1).position(|byte| byte == b'}')?;
                    (&rest[..end], end + 4)
                }
                None => (rest.get(..4)?, 6),
            };
            Some((char::from_u32(hexadecimal(hex)?)?, length))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_other_scripts_have_their_values() {
        for (text, value) in [("٠٩", "09"), ("۱۹", "19"), ("０９", "09"), ("०९", "09"), ("๑", "1"), ("𝟎𝟗𝟘𝟡", "0909")]
        {
            assert_eq!(text.chars().filter_map(digit).collect::<String>(), value, "{text}");
        }
        assert!("a²½Ⅷ一".chars().all(|c| digit(c).is_none()));
    }

    #[test]
    fn what_joins_is_known_however_it_is_written() {
        for text in ["\u{a0}", "\u{202f}", "\u{2007}", "\u{200b}", "%C2%A0", "&nbsp;", "&#160;", "&#xA0;", "\\u00a0", "\\u{a0}"] {
            assert_eq!(joint(text), Some((Joint::Rare, text.len())), "{text}");
        }
        assert_eq!(
            (joint("%20"), joint("\\n1"), joint("%2Fx")),
            (Some((Joint::Plain, 3)), Some((Joint::Line, 2)), Some((Joint::Slash, 3)))
        );
        // What a pattern of SQL begins with is no character that is written as a number.
        assert_eq!((joint("%+9"), joint("&#+9;"), joint("&#x+9;"), joint("\\u{+9}")), (None, None, None, None));
        assert_eq!(joint(&format!("\\u{{{}", "0".repeat(1 << 20))), None);
        for text in ["+", "%2B", "%2b", "&plus;", "&#43;", "\\u002b", "＋"] {
            assert_eq!(plus(text), Some(text.len()), "{text}");
        }
        for text in
            ["", "%", "%2", "%zz", "&", "&;", "&x", "&#;", "\\", "\\u", "\\u00", "\\u{", "\\uabcé", "é", "%é", "&é;", "\\é"]
        {
            assert_eq!((joint(text), plus(text)), (None, None), "{text}");
        }
    }
}
