//! Whom a message goes to: a phone number or a JID, checked and brought into one form.
//!
//! Start with [`receiver`].

use crate::error::{Error, ErrorKind, Result};

/// Servers whose accounts can be written to, with whether a dash may stand before the `@`: old
/// groups are called by their founder's number, a dash and a time.
const SERVERS: &[(&str, bool)] = &[("s.whatsapp.net", false), ("lid", false), ("g.us", true)];

/// The JID behind what an operator typed: a phone number in international form (`+31 6 1234 5678`)
/// or a JID (`31612345678@s.whatsapp.net`, `…@lid`, `…@g.us`).
///
/// Fails with [`ErrorKind::Usage`]. The error does not repeat a whole number, since errors are logged.
pub fn receiver(text: &str) -> Result<String> {
    let text = text.trim();
    let wrong = |reason: &str| {
        Error::new(ErrorKind::Usage, format!("the receiver is not a phone number or JID: {reason}"))
            .hint("write a number with its country code, such as +31612345678, or a JID such as 31612345678@s.whatsapp.net")
    };
    if let Some((user, server)) = text.split_once('@') {
        let Some((_, dashes)) = SERVERS.iter().find(|(name, _)| *name == server) else {
            return Err(wrong("after the @ must stand s.whatsapp.net, lid or g.us"));
        };
        return if (5..=40).contains(&user.len())
            && user.chars().all(|c| c.is_ascii_digit() || (*dashes && c == '-'))
            && !user.starts_with('-')
        {
            Ok(text.to_owned())
        } else {
            Err(wrong("before the @ must stand 5 to 40 digits"))
        };
    }
    phone_number(text).map(|digits| format!("{digits}@s.whatsapp.net")).map_err(|reason| wrong(&reason))
}

/// The digits of a phone number in international form; spaces, dots, dashes and brackets are dropped.
pub fn phone_number(text: &str) -> std::result::Result<String, String> {
    let bare = text.trim();
    let bare = bare.strip_prefix('+').unwrap_or(bare);
    let digits: String = bare.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')')).collect();
    if let Some(odd) = digits.chars().find(|c| !c.is_ascii_digit()) {
        return Err(format!("{odd:?} is no digit"));
    }
    if digits.starts_with('0') {
        return Err("it starts with 0 instead of a country code".into());
    }
    // The longest number of the numbering plan (E.164) has 15 digits.
    if !(7..=15).contains(&digits.len()) {
        return Err(format!("it has {} digits instead of 7 to 15", digits.len()));
    }
    Ok(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_jids_come_into_one_form() {
        for (text, jid) in [
            ("+31 6 1234-5678", "31612345678@s.whatsapp.net"),
            (" (1) 555.010.0999 ", "15550100999@s.whatsapp.net"),
            ("31612345678@s.whatsapp.net", "31612345678@s.whatsapp.net"),
            ("100000012345678@lid", "100000012345678@lid"),
            ("31612345678-1500000000@g.us", "31612345678-1500000000@g.us"),
        ] {
            assert_eq!(receiver(text).unwrap(), jid, "{text}");
        }
    }

    #[test]
    fn what_is_neither_is_refused_with_a_way_out() {
        let long = "1".repeat(16);
        for bad in
            ["", "+", "0612345678", "123", &long, "abc", "1234567@", "@lid", "1234567@example.com", "12345a@lid", "٣١٦١٢٣٤٥"]
        {
            let error = receiver(bad).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Usage, "{bad}");
            assert!(!error.hints().is_empty());
        }
    }
}
