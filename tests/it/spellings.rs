//! One number in every way that it is spelled: what the doctor, evidence and support bundles are each tried with.
//! `src/forms` reads this file, too.

/// The number, without what calls abroad.
pub const DIGITS: &str = "15550100077";

/// The ways in which anybody can tell a number with its country code: the doctor complains of these in a log.
pub const CERTAIN: &[&str] = &[
    "+15550100077",
    "+1 555 010 0077",
    "+1\u{a0}555\u{a0}010\u{a0}0077",
    "+1\u{2009}555\u{2009}010\u{2009}0077",
    "+1\u{2007}555\u{2007}010\u{2007}0077",
    "+1\u{202f}555\u{202f}010\u{202f}0077",
    "+1\u{3000}555\u{3000}010\u{3000}0077",
    "+1\u{200b}555\u{200b}010\u{200b}0077",
    "\u{202a}+1 555 010 0077\u{202c}",
    "+1-555-010-0077",
    "+1\u{2011}555\u{2011}010\u{2011}0077",
    "+1\u{2013}555\u{2013}010\u{2013}0077",
    "+1.555.010.0077",
    "+1/555/010/0077",
    "+1 (555) 010-0077",
    "(+1) 555 010 0077",
    "+1(555)0100077",
    "+1 555 010\n0077",
    "+1 555\n    010 0077",
    "+1555010\r\n0077",
    "+1 555 010\\n0077",
    "＋１５５５０１０００７７",
    "+١٥٥٥٠١٠٠٠٧٧",
    "+۱۵۵۵۰۱۰۰۰۷۷",
    "+१५५५०१०००७७",
    "+1&nbsp;555&#160;010&#x202f;0077",
    "+1\\u00a0555\\u2009010\\u202f0077",
    "+1\\u{a0}555\\u{2009}010\\u{202f}0077",
    "%2B15550100077",
    "LIKE '%+15550100077%'",
    "%2b1%20555%C2%A0010%2D0077",
    "tel:+1-555-010-0077",
    "https://wa.me/15550100077?text=x",
    "15550100077@s.whatsapp.net",
    "15550100077:12@s.whatsapp.net",
    "15550100077_1@s.whatsapp.net",
    "15550100077_1:12@s.whatsapp.net",
    "15550100077.0:12@s.whatsapp.net",
    "15550100077@c.us",
    "15550100077@lid",
    "15550100077:12@lid",
    "15550100077@hosted",
    "15550100077:99@hosted.lid",
    "15550100077@bot",
    "15550100077@msgr",
    "15550100077@interop",
    "15550100077@call",
    "15550100077@g.us",
    "15550100077@newsletter",
    "15550100077@broadcast",
];

/// The ways that leave a doubt, in which evidence does not hold it.
pub const LIKELY: &[&str] = &[
    "15550100077",
    "\"15550100077\"",
    "(15550100077)",
    "0015550100077",
    "001 555 010 0077",
    "00 1 555 010 0077",
    "001-555-010-0077",
    "1 555 010 0077",
    "1-555-010-0077",
    "1.555.010.0077",
    "1/555/010/0077",
    "1 (555) 010-0077",
    "1\u{2009}555\u{2009}010\u{2009}0077",
    "1\u{a0}555\u{a0}0100\u{a0}077",
    "1&nbsp;555&nbsp;010&nbsp;0077",
    "\\n15550100077\\n",
    "１５５５０１０００７７",
    "١٥٥٥٠١٠٠٠٧٧",
    "𝟏𝟓𝟓𝟓𝟎𝟏𝟎𝟎𝟎𝟕𝟕",
    "tel:15550100077",
    "tel:1-555-010-0077",
    "phone=1_555_010_0077",
    "https://api.whatsapp.com/send?phone=15550100077",
    "whatsapp://send?phone=1%20555%20010%200077",
    "{\"to\":15550100077}",
    "{\\\"jid\\\":\\\"15550100077\\\"}",
    "15550100077%40s.whatsapp.net",
    "15550100077:12%40lid",
    "mail 15550100077_1@example.org",
    "chat-15550100077.txt",
    "IMG_15550100077_1.jpg",
    "15550100077_1",
    "15550100077-20260801T093000Z",
    "15550100077 5",
];

/// The ways that are a number only to who looks for one: no stranger reads them.
pub const POSSIBLE: &[&str] = &[
    "user15550100077x",
    "1_555_010_0077",
    "1+555+010+0077",
    "1555 0100 077",
    "155501\n00077",
    "1 555 010\n0077",
    "1-5-5-5-0-1-0-0077",
];

/// All of them.
pub fn all() -> impl Iterator<Item = &'static str> {
    [CERTAIN, LIKELY, POSSIBLE].into_iter().flatten().copied()
}

#[allow(dead_code, reason = "the rooms that read this file look at tokens")]
/// The digits of a text, whatever they are written in and whatever stands between them.
pub fn digits(text: &str) -> String {
    const ZEROS: [char; 5] = ['0', '\u{660}', '\u{6f0}', '\u{966}', '\u{ff10}'];
    let value = |c: char| match c {
        '\u{1d7ce}'..='\u{1d7ff}' => Some((u32::from(c) - 0x1d7ce) % 10),
        c => ZEROS.iter().map(|zero| u32::from(c).wrapping_sub(u32::from(*zero))).find(|value| *value < 10),
    };
    text.chars().filter_map(value).filter_map(|value| char::from_digit(value, 10)).collect()
}
