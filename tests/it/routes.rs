//! How what servers were made with answers to paths and methods that a server does not have, before anything
//! of the server runs. Seen of Express 4.22 and 5.3, NestJS 10.4 and FastAPI 0.165, and of the recorded
//! servers where they say it, too.
//!
//! Start with [`Routes::of`].

use serde_json::{Map, Value, json};

use wpp::runbook::endpoints;

use crate::doubles::{Asked, Reply};

/// What a server was made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framework {
    Express,
    /// Express below, and words in JSON.
    Nest,
    FastApi,
}

/// A method and a path, with `*` for a part that is a name.
type Route = (&'static str, &'static str);

/// What a server has.
pub struct Routes {
    framework: Framework,
    all: Vec<Route>,
    /// Whether it tells its list, where it is one of those that have one.
    pub listed: bool,
    /// Whether something before it refuses what cannot be decoded, as some proxies do.
    pub strict: bool,
}

impl Routes {
    /// Those of a server that runbooks speak to, as far as they are wanted.
    pub fn of(framework: Framework, server: &str, wanted: impl Fn(&str) -> bool) -> Routes {
        let all = endpoints::of(server).unwrap().endpoints.iter().copied().filter(|(_, path)| wanted(path));
        Routes { framework, all: all.collect(), listed: true, strict: false }
    }

    /// Takes one away.
    pub fn lose(&mut self, method: &str, path: &str) {
        let before = self.all.len();
        self.all.retain(|route| *route != (method, path));
        assert_eq!(self.all.len(), before - 1, "it has no {method} {path}");
    }

    /// What is answered when nothing of the server is reached.
    pub fn answer(&self, asked: &Asked) -> Option<Reply> {
        let fits = |route: &&Route| {
            let known: Vec<&str> = route.1.split('/').skip(1).collect();
            known.len() == asked.parts().len()
                && known.iter().zip(asked.parts()).all(|(known, part)| *known == "*" || *known == part)
        };
        let fitting: Vec<&Route> = self.all.iter().filter(fits).collect();
        if self.framework == Framework::FastApi {
            return self.fast_api(asked, &fitting);
        }
        // A name is read as soon as a path fits, whatever the method is.
        if (self.strict || !fitting.is_empty()) && asked.path.contains("%FF") {
            let words = "Failed to decode param '%FF'";
            return Some(match self.framework {
                Framework::Nest => Reply::json(400, &json!({"message": words, "error": "Bad Request", "statusCode": 400})),
                _ => page(400, "URIError: Failed to decode param &#39;%FF&#39;"),
            });
        }
        let method = if asked.method == "HEAD" { "GET" } else { asked.method.as_str() };
        let there = fitting.iter().any(|(known, _)| *known == method);
        (!there).then(|| match self.framework {
            Framework::Nest => no_nest_route(asked),
            _ => page(404, &format!("Cannot {} {}", asked.method, asked.path)),
        })
    }

    fn fast_api(&self, asked: &Asked, fitting: &[&Route]) -> Option<Reply> {
        if self.listed && asked.line() == "GET /openapi.json" {
            let mut paths = Map::new();
            for (method, path) in &self.all {
                let path = path.replace('*', "{name}");
                paths.entry(path).or_insert_with(|| json!({}))[method.to_ascii_lowercase()] = json!({"responses": {}});
            }
            return Some(Reply::json(200, &json!({"openapi": "3.1.0", "paths": Value::Object(paths)})));
        }
        match fitting {
            [] => Some(Reply::json(404, &json!({"detail": "Not Found"}))),
            all if all.iter().any(|(method, _)| *method == asked.method) => None,
            // Of several routes for one path it tells of the first alone.
            [first, ..] => Some(Reply::json(405, &json!({"detail": "Method Not Allowed"})).header("allow", first.0)),
        }
    }
}

/// As NestJS says that it has no such route.
pub fn no_nest_route(asked: &Asked) -> Reply {
    let query = if asked.query.is_empty() { String::new() } else { format!("?{}", asked.query) };
    let message = format!("Cannot {} {}{query}", asked.method, asked.path);
    Reply::json(404, &json!({"message": message, "error": "Not Found", "statusCode": 404}))
}

fn page(status: u16, words: &str) -> Reply {
    let page = Reply::recorded("baileys/09-health");
    Reply { status, body: String::from_utf8(page.body).unwrap().replace("Cannot GET /health", words).into(), ..page }
}
