//! A question that a person answers.

use std::time::Duration;

use super::{Attempt, Scene, Tried, Waited, wait_for};
use crate::confirm::is_yes;
use crate::runbook::expect::Answer;
use crate::runbook::fence::Fence;

pub fn attempt(fence: &Fence, scene: &Scene<'_>) -> Attempt {
    let question = match scene.values.fill(fence.body.trim()) {
        Ok(question) => question,
        Err(reason) => return Attempt::idle(Tried::Failed(reason), ""),
    };
    let answered = |yes: bool, how: &str| {
        let transcript = format!("{question}\n{} ({how})\n", if yes { "yes" } else { "no" });
        if yes {
            // What a person was asked to do is done.
            Attempt::of(Tried::Answered(Answer { output: "yes".into(), ..Answer::default() }), transcript)
        } else {
            Attempt::idle(Tried::Failed(format!("answered no ({how})")), transcript)
        }
    };
    if let Some(yes) = scene.answers.get(&fence.id) {
        return answered(*yes, "said in advance");
    }
    let (ask, asked) = (scene.site.ask.clone(), scene.values.redact(&question));
    match wait_for(move || ask(&asked), fence.timeout, Duration::ZERO, scene.stop) {
        Waited::Done(Some(answer)) => answered(is_yes(&answer), "on the terminal"),
        Waited::Done(None) => {
            let reason = format!("nobody is there to answer; give --answer {}=yes or {0}=no", fence.id);
            Attempt::idle(Tried::Declined(reason), format!("{question}\n(nobody was there)\n"))
        }
        Waited::Late => Attempt::idle(Tried::Declined("nobody answered in time".into()), format!("{question}\n(no answer)\n")),
        // The question stays open on its thread, and does nothing there.
        Waited::Interrupted | Waited::Died => Attempt::idle(Tried::interrupted(), format!("{question}\n(interrupted)\n")),
    }
}
