//! What a new runbook begins with: a text that lints clean and says what goes where.

/// The text for an id that has the form of one.
pub fn text(id: &str, drill: bool) -> String {
    let kind = if drill { "drill\nsandbox: true" } else { "runbook" };
    let parameters = if drill { "" } else { "parameters:\n  session: name of the session, such as main\n" };
    let title = {
        let words = id.replace('-', " ");
        let mut letters = words.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>()).unwrap_or_default()
    };
    format!(
        "---\nid: {id}\ntitle: {title}\nkind: {kind}\nseverity: medium\nrespond_within: 1h\napplies_to: wpp session\n{parameters}---\n\n\
# {title}\n\n\
## Trigger\n\nWhat an operator sees that calls for this.\n\n\
## Impact\n\nWhat does not work meanwhile, and for whom.\n\n\
## Prerequisites\n\nWhat must be so before. A block here only looks; one that is not as expected ends the run before anything began.\n\n\
```wpp id=before expect=\"exit=0|13; $.data.outbound_paused==false\"\nwpp status --session {{{{session}}}}\n```\n\n\
## Steps\n\n1. Say what the step does, and why. What takes it back is a block of its own, and is run only for that.\n\n   \
```wpp id=pause undo=resume\n   wpp outbound pause --session {{{{session}}}}\n   ```\n\n   \
```wpp id=resume\n   wpp outbound resume --session {{{{session}}}}\n   ```\n\n\
2. What is to be done meanwhile, in the place of this look.\n\n   \
```wpp id=meanwhile expect=\"exit=0|13; $.data.outbound_paused==true\"\n   wpp status --session {{{{session}}}}\n   ```\n\n\
3. Let go on what was held back.\n\n   \
```wpp id=go-on\n   wpp outbound resume --session {{{{session}}}}\n   ```\n\n\
## Verification\n\nWhat shows that it worked. At least one block here must be able to fail. It is made again after an undo: what is to be\n\
so whether the steps were done or taken back, as here, passes then, too.\n\n\
```wpp id=verify retries=5 every=2s expect=\"exit=0|13; $.data.outbound_paused==false\"\nwpp status --session {{{{session}}}}\n```\n\n\
## Rollback\n\nSteps that name an undo are taken back by themselves, the last first. Say here what else is to be done, or why\nnothing can be.\n"
    )
}
