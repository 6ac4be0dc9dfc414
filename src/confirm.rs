//! The token without which nothing is destroyed.

/// Proof that the operator agreed. Functions that destroy something ask for one.
#[derive(Debug)]
pub struct Confirmed(());

impl Confirmed {
    /// `--yes` was given.
    pub fn by_flag(yes: bool) -> Option<Confirmed> {
        yes.then_some(Confirmed(()))
    }

    /// The operator's settings ask for it each time: rules that say which archives are kept.
    pub fn by_setting(asked_for: bool) -> Option<Confirmed> {
        asked_for.then_some(Confirmed(()))
    }

    /// The operator typed an answer to a question; see [`is_yes`].
    pub fn by_answer(answer: &str) -> Option<Confirmed> {
        is_yes(answer).then_some(Confirmed(()))
    }
}

/// Whether what a person typed says yes; anything but `y` and `yes` does not.
pub fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}
