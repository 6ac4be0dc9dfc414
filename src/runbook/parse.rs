//! A runbook's text as data: what stands in front, the headings, the executable blocks, each with its
//! line. Pure; what is wrong with the form is listed, and the rest is read all the same.
//!
//! Start with [`Runbook::parse`].

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use sha2::{Digest, Sha256};

use super::fence::{Fence, Part, is_id};
use super::front::Front;

/// The largest file that is read.
pub const SIZE_BYTES_MAX: u64 = 256 << 10;

/// The headings, in their order.
pub const HEADINGS: [&str; 6] = ["Trigger", "Impact", "Prerequisites", "Steps", "Verification", "Rollback"];

/// Something that is wrong in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The rule that it breaks.
    pub rule: &'static str,
    /// The line, counted from 1.
    pub line: usize,
    /// What is so, in one sentence.
    pub message: String,
}

/// One heading and what stands below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    /// Its words.
    pub title: String,
    /// Its line.
    pub line: usize,
    /// How much text stands below it, blocks left out.
    pub words: usize,
}

/// A fenced block that is text for the reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aside {
    /// What follows the signs that open it.
    pub info: String,
    /// Its line.
    pub line: usize,
    /// Whether it stands under a heading where blocks are run.
    pub among_steps: bool,
    /// Its lines.
    pub body: String,
}

/// A runbook as data.
#[derive(Debug, Clone)]
pub struct Runbook {
    /// What stands in front.
    pub front: Front,
    /// The headings of the second level, in the order of the file.
    pub headings: Vec<Heading>,
    /// The executable blocks, in the order of the file.
    pub fences: Vec<Fence>,
    /// All other fenced blocks.
    pub asides: Vec<Aside>,
    /// The whole text.
    pub text: String,
}

impl Runbook {
    /// Reads a text.
    ///
    /// # Errors
    /// The problems, when what stands in front cannot be read; otherwise they come beside the runbook.
    pub fn parse(text: &str) -> Result<(Runbook, Vec<Problem>), Vec<Problem>> {
        let problem = |line, message: String| vec![Problem { rule: "form", line, message }];
        let text = text.replace("\r\n", "\n");
        let Some((yaml, body)) = text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n")) else {
            return Err(problem(1, "it does not begin with lines of YAML between `---`".into()));
        };
        let front = Front::parse(yaml)
            // The first line of the YAML is the second of the file.
            .map_err(|(line, reason)| {
                problem(line.map_or(1, |line| line + 1), format!("what stands in front cannot be read: {reason}"))
            })?;
        let mut runbook = Runbook { front, headings: Vec::new(), fences: Vec::new(), asides: Vec::new(), text: text.clone() };
        let mut problems = Vec::new();
        if !is_id(&runbook.front.id) {
            problems.extend(problem(2, format!("{:?} is no id; ids are made of a-z, 0-9 and -", runbook.front.id)));
        }
        // Lines are counted in the whole file.
        let before = text.len() - body.len();
        runbook.read_body(body, &Lines::of(&text, before), &mut problems);
        Ok((runbook, problems))
    }

    fn read_body(&mut self, body: &str, lines: &Lines, problems: &mut Vec<Problem>) {
        let mut heading: Option<Heading> = None;
        let mut block: Option<(String, usize, String)> = None;
        for (event, place) in Parser::new_ext(body, Options::empty()).into_offset_iter() {
            match event {
                Event::Start(Tag::Heading { level: HeadingLevel::H2, .. }) => {
                    heading = Some(Heading { title: String::new(), line: lines.number(place.start), words: 0 });
                }
                Event::End(TagEnd::Heading(HeadingLevel::H2)) => self.headings.extend(heading.take()),
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                    block = Some((info.to_string(), lines.number(place.start), String::new()));
                }
                Event::End(TagEnd::CodeBlock) => {
                    if let Some((info, line, content)) = block.take() {
                        if !closed(&body[place]) {
                            problems.push(Problem { rule: "form", line, message: "this block is not closed".into() });
                        }
                        self.read_block(&info, line, content, problems);
                    }
                }
                Event::Text(text) | Event::Code(text) => match (&mut heading, &mut block) {
                    (Some(heading), _) => heading.title.push_str(&text),
                    (None, Some((_, _, content))) => content.push_str(&text),
                    (None, None) => {
                        if let Some(last) = self.headings.last_mut() {
                            last.words += text.split_whitespace().count();
                        }
                    }
                },
                _ => {}
            }
        }
    }

    fn read_block(&mut self, info: &str, line: usize, content: String, problems: &mut Vec<Problem>) {
        let under = self.headings.last().map_or("", |heading| heading.title.as_str());
        let part = Part::ALL.into_iter().find(|part| part.heading() == under);
        let Some(kind) = Fence::kind_of(info) else {
            self.asides.push(Aside { info: info.trim().to_owned(), line, among_steps: part.is_some(), body: content });
            return;
        };
        let Some(part) = part else {
            let message = format!("a block of kind {} stands under {under:?}, where nothing is run", kind.name());
            problems.push(Problem { rule: "form", line, message });
            return;
        };
        match Fence::parse(kind, part, line, info, content) {
            Ok(fence) => self.fences.push(fence),
            Err(reasons) => {
                problems.extend(reasons.into_iter().map(|message| Problem { rule: "attributes", line, message }));
            }
        }
    }

    /// The block with this id.
    pub fn fence(&self, id: &str) -> Option<&Fence> {
        self.fences.iter().find(|fence| fence.id == id)
    }

    /// Whether the block takes another one back, and so is never run in its turn.
    pub fn is_undo(&self, id: &str) -> bool {
        self.fences.iter().any(|fence| fence.undo.as_deref() == Some(id))
    }

    /// The blocks of a part that are run in their turn.
    pub fn part(&self, part: Part) -> impl Iterator<Item = &Fence> {
        self.fences.iter().filter(move |fence| fence.part == part && !self.is_undo(&fence.id))
    }

    /// The SHA-256 of the text.
    pub fn sha256(&self) -> String {
        hex::encode(Sha256::digest(self.text.as_bytes()))
    }

    /// The line of the front matter that begins with these words; its first where there is none.
    pub fn front_line(&self, begins: &str) -> usize {
        let front = self.text.lines().enumerate().take_while(|(number, line)| *number == 0 || *line != "---");
        front.filter(|(_, line)| line.trim_start().starts_with(begins)).map(|(number, _)| number + 1).next().unwrap_or(1)
    }
}

/// Whether a fenced block ends with a line of the signs that opened it.
fn closed(block: &str) -> bool {
    let last = block.trim_end().lines().skip(1).last().map(|line| line.trim().trim_start_matches('>').trim());
    last.is_some_and(|last| last.len() >= 3 && (last.chars().all(|c| c == '`') || last.chars().all(|c| c == '~')))
}

struct Lines {
    /// Where each line of the whole text begins.
    begins: Vec<usize>,
    before: usize,
}

impl Lines {
    fn of(text: &str, before: usize) -> Lines {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Lines { begins: std::iter::once(0).chain(ends).collect(), before }
    }

    /// The line of a place in the body, counted from 1.
    fn number(&self, place: usize) -> usize {
        self.begins.partition_point(|begin| *begin <= place + self.before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "---\nid: x\ntitle: X\nkind: runbook\nseverity: low\nrespond_within: 1h\napplies_to: host\n---\n\n# X\n\n\
        ## Trigger\n\nSomething.\n\n## Impact\n\nNone.\n\n## Prerequisites\n\n```wpp id=before expect=any\nwpp status\n```\n\n\
        ## Steps\n\n1. Do it.\n\n   ```wpp id=act undo=back\n   wpp stop\n   ```\n\n```console\n$ wpp nothing\n```\n\n```wpp id=back\nwpp start\n```\n\n\
        ## Verification\n\n```wpp id=verify\nwpp status\n```\n\n## Rollback\n\nThere is none.\n";

    #[test]
    fn blocks_are_found_with_their_lines_in_lists_too() {
        let (runbook, problems) = Runbook::parse(TEXT).unwrap();
        assert_eq!(problems, []);
        let titles: Vec<&str> = runbook.headings.iter().map(|heading| heading.title.as_str()).collect();
        assert_eq!(titles, HEADINGS);
        let act = runbook.fence("act").unwrap();
        assert_eq!((act.body.as_str(), act.part), ("wpp stop\n", Part::Steps));
        assert_eq!(TEXT.lines().nth(act.line - 1).unwrap().trim(), "```wpp id=act undo=back");
        let turns: Vec<&str> = runbook.part(Part::Steps).map(|fence| fence.id.as_str()).collect();
        assert_eq!(turns, ["act"], "what takes another block back has no turn, and other blocks are text");
        assert_eq!(runbook.front_line("severity:"), 5);
        assert_eq!(runbook.headings[5].words, 3);
    }

    #[test]
    fn what_is_wrong_with_the_form_is_listed_with_its_line() {
        let (_, problems) =
            Runbook::parse(&TEXT.replace("## Trigger\n", "## Trigger\n\n```wpp id=early\nwpp status\n```\n")).unwrap();
        assert_eq!((problems.len(), problems[0].line), (1, 14), "{problems:?}");
        let (_, problems) = Runbook::parse(&TEXT.replace("id=verify", "ident=verify")).unwrap();
        assert!(problems.iter().all(|problem| problem.rule == "attributes" && problem.line == 44), "{problems:?}");
        let (_, problems) = Runbook::parse(&format!("{TEXT}\n```wpp id=open\nwpp status\n")).unwrap();
        assert!(problems.iter().any(|problem| problem.message.contains("not closed")), "{problems:?}");
        assert!(Runbook::parse("# X\n").is_err());
        assert_eq!(Runbook::parse(&TEXT.replace("low", "blue")).unwrap_err()[0].line, 5);
    }
}
