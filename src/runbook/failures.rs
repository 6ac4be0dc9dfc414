//! Which failures of a part's blocks nobody has handled yet, and what they make of the run. Pure.
//!
//! A block whose condition names the failure of another one is there to handle it: when it passes, that
//! failure is none. Start with [`Failures::among`].

use std::collections::BTreeMap;

use super::Verdict;
use super::fence::Fence;
use super::record::Ended;

/// Blocks that failed, and how.
#[derive(Debug)]
pub struct Failures<'a> {
    blocks: &'a [Fence],
    open: BTreeMap<&'a str, (Ended, String)>,
}

impl<'a> Failures<'a> {
    /// None so far, among these blocks.
    pub fn among(blocks: &'a [Fence]) -> Failures<'a> {
        Failures { blocks, open: BTreeMap::new() }
    }

    /// Takes in how a block ended.
    pub fn enter(&mut self, fence: &'a Fence, ended: Ended, observed: String) {
        match ended {
            Ended::Skipped => {}
            Ended::Passed => {
                let handles = fence.handles();
                // With a failure go those of the blocks that tried to handle it before.
                let tried = |id: &str| {
                    let block = self.blocks.iter().find(|block| block.id == id);
                    block.is_some_and(|block| !block.handles().is_disjoint(&handles))
                };
                self.open.retain(|id, _| !handles.contains(id) && !tried(id));
            }
            _ => drop(self.open.insert(&fence.id, (ended, observed))),
        }
    }

    /// The blocks whose failures are open; none when all is well.
    pub fn names(&self) -> Vec<&'a str> {
        self.open.keys().copied().collect()
    }

    /// Whether nothing failed that was not handled.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Whether a block is there for one of them.
    pub fn are_handled_by(&self, fence: &Fence) -> bool {
        fence.handles().iter().any(|id| self.open.contains_key(id))
    }

    /// Whether one of them may still be handled by a block after the one at this place.
    pub fn may_be_handled_after(&self, place: usize) -> bool {
        self.blocks[place + 1..].iter().any(|later| self.are_handled_by(later))
    }

    /// How the part ended with them, and why: a deviation goes before what could not be checked.
    pub fn judged(&self) -> Option<(Verdict, String)> {
        let deviated = self.open.iter().find(|(_, (ended, _))| *ended == Ended::Deviated);
        let (id, (ended, observed)) = deviated.or(self.open.iter().next())?;
        let verdict = if *ended == Ended::Deviated { Verdict::Deviated } else { Verdict::Inconclusive };
        Some((verdict, format!("{id}: {observed}")))
    }
}

#[cfg(test)]
mod tests {
    use super::super::fence::{Kind, Part};
    use super::*;

    fn blocks() -> Vec<Fence> {
        let fence = |info: &str| Fence::parse(Kind::Wpp, Part::Steps, 1, info, "wpp status\n".into()).unwrap();
        ["wpp id=act", "wpp id=mend when=failed(act)", "wpp id=mend-more when=failed(act)", "wpp id=other"].map(fence).into()
    }

    #[test]
    fn a_failure_is_open_until_a_block_that_is_there_for_it_passes() {
        let blocks = blocks();
        let mut failures = Failures::among(&blocks);
        failures.enter(&blocks[0], Ended::Deviated, "exit 1".into());
        assert_eq!(failures.judged(), Some((Verdict::Deviated, "act: exit 1".into())));
        assert!(failures.are_handled_by(&blocks[1]) && !failures.are_handled_by(&blocks[3]));
        failures.enter(&blocks[1], Ended::Deviated, "exit 2".into());
        assert!(failures.may_be_handled_after(1) && !failures.may_be_handled_after(2));
        assert_eq!(failures.names(), ["act", "mend"]);
        failures.enter(&blocks[3], Ended::Passed, String::new());
        assert_eq!(failures.names(), ["act", "mend"], "it is there for nothing");
        failures.enter(&blocks[2], Ended::Passed, String::new());
        assert!(failures.is_empty() && failures.judged().is_none(), "with the failure goes that of the first who tried");
    }

    #[test]
    fn a_deviation_goes_before_what_could_not_be_checked_and_what_was_not_run_is_no_failure() {
        let blocks = blocks();
        let mut failures = Failures::among(&blocks);
        failures.enter(&blocks[1], Ended::Skipped, "not the case".into());
        assert!(failures.is_empty());
        failures.enter(&blocks[0], Ended::Inconclusive, "no answer".into());
        assert_eq!(failures.judged(), Some((Verdict::Inconclusive, "act: no answer".into())));
        failures.enter(&blocks[3], Ended::Deviated, "exit 1".into());
        assert_eq!(failures.judged(), Some((Verdict::Deviated, "other: exit 1".into())));
    }
}
