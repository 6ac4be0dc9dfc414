//! Notices as issues of a repository on GitHub: one for each problem, and a comment on it when the
//! problem is told again.
//!
//! Settings: `repository`; `label`; `url`; `timeout_ms`. Secrets: `github-token`, a fine-grained token
//! that may read and write the repository's issues. Grants: `http=https://api.github.com`, and the
//! secret.
//!
//! The problem (of a message without one: its key) stands in the issue's text where nobody sees it. It
//! is looked for among the open issues with the label, in the list and not by GitHub's search, which
//! finds a new issue only a while later. A message of severity `ok` closes the problem's issue.

use wpp_plugin_sdk::http::Method;
use wpp_plugin_sdk::notifier::{Condition, Description, Guest, Kind, Message, Receipt, Wellness};
use wpp_plugin_sdk::{
    Answer, Api, Failure, FailureKind, Severity, TIMEOUT_MS, Value, config, failure, json, needs, needs_secret, required,
    segment, takes,
};

struct GitHub;

const PAGE: usize = 100;
/// More open issues than these are not looked through.
const PAGES_MAX: usize = 10;
const TEXT_CHARACTERS_MAX: usize = 60_000;
const TITLE_CHARACTERS_MAX: usize = 250;

struct Repository {
    server: Api,
    /// `/repos/OWNER/NAME`.
    path: String,
    label: String,
}

impl Repository {
    fn configured(name: Option<&str>) -> Result<Repository, Failure> {
        let name = match name {
            Some(name) => name.to_owned(),
            None => required("repository")?,
        };
        let path = match name.split_once('/') {
            Some((owner, name)) if !owner.is_empty() && !name.is_empty() && !name.contains('/') => {
                // A dot is common in a repository's name, and leads nowhere but alone.
                let part = |text: &str| segment(text).replace("%2E", ".");
                if [owner, name].iter().any(|part| part.bytes().all(|byte| byte == b'.')) {
                    return Err(no_repository(name));
                }
                format!("/repos/{}/{}", part(owner), part(name))
            }
            _ => return Err(no_repository(&name)),
        };
        let url = config::get("url").filter(|url| !url.is_empty()).unwrap_or_else(|| "https://api.github.com".into());
        let server = Api::configured_at(&url)?
            .header("authorization", "Bearer {{secret:github-token}}")
            .header("x-github-api-version", "2022-11-28");
        let label = config::get("label").filter(|label| !label.is_empty()).unwrap_or_else(|| "wpp".into());
        Ok(Repository { server, path, label })
    }

    /// The open issue with this mark.
    fn open(&self, mark: &str) -> Result<Option<Value>, Failure> {
        let labelled = format!("labels={}&", segment(&self.label));
        for page in 1..=PAGES_MAX {
            let (issues, found) = self.page(&labelled, page, mark)?;
            if found.is_some() {
                return Ok(found);
            }
            if issues < PAGE {
                // A token that may not label opens issues without the label, and GitHub does not say so.
                return Ok(self.page("", 1, mark)?.1);
            }
        }
        let what = format!("{} has more than {} open issues with the label {}", self.path, PAGES_MAX * PAGE, self.label);
        Err(failure(FailureKind::Failed, what, "close those that are done, or set another `label`"))
    }

    /// How many issues a page of the list has, and the one with the mark.
    fn page(&self, filter: &str, page: usize, mark: &str) -> Result<(usize, Option<Value>), Failure> {
        let answer = self.server.get(&format!("{}/issues?state=open&{filter}per_page={PAGE}&page={page}", self.path))?;
        let Value::Array(issues) = judged(&answer)? else { return Err(answer.strange("no list of issues")) };
        let marked =
            |issue: &&Value| issue["body"].as_str().is_some_and(|body| body.contains(mark)) && issue["pull_request"].is_null();
        Ok((issues.len(), issues.iter().find(marked).cloned()))
    }
}

fn no_repository(name: &str) -> Failure {
    failure(FailureKind::Misconfigured, format!("{name:?} is no repository"), "set `repository` to OWNER/NAME")
}

fn judged(answer: &Answer) -> Result<Value, Failure> {
    if answer.accepted() {
        let body = answer.json()?;
        // What GitHub gives is a list, or an issue or a repository, which have numbers.
        return if body.is_array() || body["id"].is_u64() { Ok(body) } else { Err(answer.strange("nothing of GitHub's")) };
    }
    let words = answer.words().unwrap_or_default();
    let limited = answer.status == 403 && (answer.header("x-ratelimit-remaining") == Some("0") || words.contains("rate limit"));
    let why = |kind, hint: &str| failure(kind, format!("{} answered {}: {words}", answer.asked, answer.status), hint);
    Err(match answer.status {
        _ if limited => {
            let after = answer.header("retry-after").map(|after| format!("try again after {after} s"));
            why(FailureKind::RateLimited, &after.unwrap_or_else(|| "try again later".into()))
        }
        401 => why(FailureKind::Denied, "give a token that GitHub accepts as the secret github-token"),
        403 => why(FailureKind::Denied, "let the token read and write the issues of this repository"),
        404 => why(FailureKind::NotFound, "check `repository`, and that the token may see it"),
        410 => why(FailureKind::Unsupported, "turn issues on in the repository's settings"),
        _ => answer.complaint(),
    })
}

/// A mark that is no end of a comment, whatever the key is.
fn mark(key: &str) -> String {
    format!("<!-- wpp-problem: {} -->", segment(key).replace("--", "-%2D"))
}

fn shortened(text: &str, characters_max: usize) -> String {
    text.chars().take(characters_max).collect()
}

impl Guest for GitHub {
    fn describe() -> Description {
        Description {
            title: "GitHub issues".into(),
            kind: Kind::Notice,
            settings: vec![
                needs("repository", "Where issues are opened: OWNER/NAME"),
                takes("label", "The label that they have; those without it are not looked through", "wpp"),
                takes("url", "Where the API is", "https://api.github.com"),
                takes("timeout_ms", "How long one answer may take", &TIMEOUT_MS.to_string()),
            ],
            secrets: vec![needs_secret("github-token", "A token that may read and write the repository's issues")],
            versions: Vec::new(),
        }
    }

    fn health() -> Result<Wellness, Failure> {
        let repository = Repository::configured(None)?;
        let answer = repository.server.get(&repository.path)?;
        let body = judged(&answer)?;
        let on = match body["has_issues"].as_bool() {
            Some(on) => on,
            None => return Err(answer.strange("no word of its issues")),
        };
        let name = body["full_name"].as_str().unwrap_or("the repository");
        let (condition, summary) = match (on, body["archived"] == true) {
            (_, true) => (Condition::Down, format!("{name} is archived: no issue can be opened")),
            (false, _) => (Condition::Down, format!("issues are turned off in {name}")),
            (true, false) => (Condition::Ok, format!("issues are opened in {name}")),
        };
        let evidence = vec![answer.evidence("has_issues true, archived false")];
        Ok(Wellness { condition, summary, version: None, version_known: true, evidence })
    }

    fn send(message: Message) -> Result<Receipt, Failure> {
        let repository = Repository::configured(Some(message.to.as_str()).filter(|to| !to.is_empty()))?;
        let mark = mark(message.problem.as_ref().unwrap_or(&message.key));
        let over = message.problem.is_some() && message.severity == Some(Severity::Ok);
        let text = shortened(&message.text, TEXT_CHARACTERS_MAX);
        let answer = match repository.open(&mark)? {
            // The same message once more.
            Some(issue) if message.problem.is_none() => {
                let id = issue["number"].as_u64().map(|number| number.to_string());
                return Ok(Receipt { id, url: issue["html_url"].as_str().map(str::to_owned), queued: false });
            }
            Some(issue) => {
                let Some(number) = issue["number"].as_u64() else {
                    return Err(failure(
                        FailureKind::InvalidAnswer,
                        "an open issue of GitHub has no number",
                        "see whether the address leads to GitHub",
                    ));
                };
                let told = match &message.title {
                    Some(title) => format!("**{title}**\n\n{text}"),
                    None => text,
                };
                let path = format!("{}/issues/{number}", repository.path);
                let answer = repository.server.post(&format!("{path}/comments"), Some(&json!({"body": told})))?;
                if over {
                    judged(&answer)?;
                    repository.server.ask(Method::Patch, &path, Some(&json!({"state": "closed"})))?
                } else {
                    answer
                }
            }
            // That something is over that nobody knew of is no news.
            None if over => return Ok(Receipt { id: None, url: None, queued: false }),
            None => {
                let title = message.title.clone().unwrap_or_else(|| text.lines().next().unwrap_or_default().to_owned());
                let title = if title.trim().is_empty() { message.key.clone() } else { title };
                let body = json!({
                    "title": shortened(&title, TITLE_CHARACTERS_MAX),
                    "body": format!("{text}\n\n{mark}"),
                    "labels": [repository.label],
                });
                repository.server.post(&format!("{}/issues", repository.path), Some(&body))?
            }
        };
        let done = judged(&answer)?;
        let id = done["number"].as_u64().or_else(|| done["id"].as_u64()).map(|id| id.to_string());
        Ok(Receipt { id, url: done["html_url"].as_str().map(str::to_owned), queued: false })
    }
}

wpp_plugin_sdk::notifier!(GitHub);
