//! The Baileys service of SPEC-1, a gateway to WhatsApp with a small REST API and no keys.
//!
//! Settings: `url`; `timeout_ms`; `queue_max`; `backup_checked`. Secrets: none. Grants: the server's
//! origin.
//!
//! `POST /sessions/NAME/connect` answers `connecting` whatever happens then, so what is told of a
//! session comes from asking for it. The service can neither stop nor unlink a session. It connects
//! again without a pause when it fails, so that one that cannot connect goes to and fro many times in
//! a second.

use wpp_plugin_sdk::endpoints::{self, Endpoint, Framework};
use wpp_plugin_sdk::gateway::{
    Channel, Checks, Condition, Delivery, Description, Kind, Message, Offer, Receipt, Session, Sessions, State, Way, Webhook,
    Webhooks, Wellness,
};
use wpp_plugin_sdk::{
    Answer, Api, Evidence, Failure, FailureKind, Severity, TIMEOUT_MS, Value, address, clock, digits, failure, flag, json, needs,
    number, segment, takes, unsupported,
};

wpp_plugin_sdk::judgements!(gateway);

struct Baileys;

/// A session as the service tells it.
#[derive(Clone)]
struct Told {
    name: String,
    /// `close`, `connecting` or `open`.
    connection: String,
    /// Whether what goes out is held back.
    paused: bool,
    /// What the QR code holds.
    qr: Option<String>,
}

fn told(value: &Value) -> Option<Told> {
    Some(Told {
        name: value["sessionId"].as_str()?.to_owned(),
        connection: value["connection"].as_str()?.to_owned(),
        paused: value["paused"].as_bool()?,
        qr: value["qr"].as_str().filter(|code| !code.is_empty()).map(str::to_owned),
    })
}

fn list(api: &Api) -> Result<Vec<Told>, Failure> {
    let answer = api.seen("/sessions")?;
    answer.list()?.iter().map(|value| told(value).ok_or_else(|| answer.strange("a session of another shape"))).collect()
}

fn ask(api: &Api, name: &str) -> Result<Told, Failure> {
    if name.is_empty() {
        return Err(failure(FailureKind::NotFound, "a session without a name", "say which one"));
    }
    let answer = api.get(&format!("/sessions/{}", segment(name)))?;
    if answer.status == 404 && answer.words().is_some() {
        let message = format!("the service has no session {name:?}");
        return Err(failure(FailureKind::NotFound, message, format!("`wpp start {}` makes it", address(name))));
    }
    let body = answer.done()?;
    told(&body).filter(|told| told.name == name).ok_or_else(|| answer.strange("a session of another shape"))
}

fn session(told: &Told) -> Session {
    let (state, reason) = match told.connection.as_str() {
        "open" if told.paused => (State::Degraded, "operator_stopped"),
        "open" => (State::Ready, "normal"),
        _ if told.qr.is_some() => (State::AuthRequired, "pairing"),
        "connecting" => (State::Connecting, "normal"),
        // It connects again by itself, at once.
        "close" => (State::Reconnecting, "connect_failure"),
        _ => (State::Degraded, "normal"),
    };
    Session {
        name: told.name.clone(),
        id: told.name.clone(),
        state,
        reason: reason.into(),
        told: told.connection.clone(),
        since_ms: None,
        phone: None,
        trouble: told.paused.then(|| "outbound messages are paused".to_owned()),
    }
}

impl Channel for Baileys {
    fn describe() -> Description {
        Description {
            title: "Baileys service (SPEC-1)".into(),
            kind: Kind::Gateway,
            settings: vec![
                needs("url", "Where the service is, such as http://127.0.0.1:4001"),
                takes("timeout_ms", "How long one answer may take", &TIMEOUT_MS.to_string()),
                takes("queue_max", "How many messages may wait to be sent", "100"),
                takes("backup_checked", "Whether you have seen that BACKUP_DAILY uploads real dumps", "false"),
            ],
            secrets: Vec::new(),
            versions: Vec::new(),
        }
    }

    fn health() -> Result<Wellness, Failure> {
        let api = Api::configured()?;
        let answer = api.seen("/sessions")?;
        let known = list(&api)?;
        let open = known.iter().filter(|told| told.connection == "open" && !told.paused).count();
        let condition = if !known.is_empty() && open == known.len() { Condition::Ok } else { Condition::Degraded };
        Ok(Wellness {
            condition,
            summary: format!("{open} of {} sessions are open and not paused", known.len()),
            version: None,
            version_known: true,
            evidence: vec![answer.evidence("every session open")],
        })
    }

    fn send(message: Message) -> Result<Receipt, Failure> {
        let api = Api::configured()?;
        let name = match message.session {
            Some(name) => name,
            None => match list(&api)?.as_slice() {
                [one] => one.name.clone(),
                known => {
                    let what = format!("the service has {} sessions", known.len());
                    return Err(failure(FailureKind::Misconfigured, what, "say which one sends"));
                }
            },
        };
        let jid = match digits(&message.to) {
            Some(number) => format!("{number}@s.whatsapp.net"),
            None if message.to.ends_with("@g.us") || message.to.ends_with("@lid") => message.to.clone(),
            None => {
                let what = format!("{:?} is no recipient on WhatsApp", message.to);
                return Err(failure(FailureKind::NotFound, what, "give a number with its country code, or a JID"));
            }
        };
        let text = match &message.title {
            Some(title) => format!("*{title}*\n{}", message.text),
            None => message.text.clone(),
        };
        let known = ask(&api, &name)?;
        if known.connection != "open" {
            let what = format!("the session {name} is {}, and sends only when it is open", known.connection);
            return Err(failure(FailureKind::Conflict, what, format!("see `wpp status {}`", address(&name))));
        }
        let answer = api.post(&format!("/sessions/{}/messages", segment(&name)), Some(&json!({"jid": jid, "message": text})))?;
        let body = answer.done()?;
        // It does not say what the message is called in every version; that it was taken, it does.
        let id = [&body["id"], &body["messageId"], &body["key"]["id"]].iter().find_map(|id| id.as_str().map(str::to_owned));
        if id.is_none() && !body.is_object() {
            return Err(answer.strange("no word of the message"));
        }
        Ok(Receipt { id, url: None, queued: false })
    }
}

fn cannot(what: &str) -> Failure {
    unsupported(format!("the Baileys service {what}"))
}

impl Sessions for Baileys {
    fn list() -> Result<Vec<Session>, Failure> {
        Ok(list(&Api::configured()?)?.iter().map(session).collect())
    }

    fn status(name: String) -> Result<Session, Failure> {
        Ok(session(&ask(&Api::configured()?, &name)?))
    }

    fn start(name: String) -> Result<(), Failure> {
        let api = Api::configured()?;
        connect(&api, &name).map(drop)
    }

    fn stop(_: String) -> Result<(), Failure> {
        Err(cannot("cannot stop one session; stop its container to stop them all"))
    }

    fn restart(_: String) -> Result<(), Failure> {
        Err(cannot("cannot restart one session; `wpp start` asks it to connect again, a restart of its container restarts all"))
    }

    fn logout(_: String) -> Result<(), Failure> {
        Err(cannot("cannot unlink a session; unlink it on the phone, under linked devices"))
    }

    fn link(name: String, way: Way, attempt: u32) -> Result<Offer, Failure> {
        if matches!(way, Way::PairingCode(_)) {
            return Err(cannot("has no pairing codes; scan its QR code"));
        }
        let api = Api::configured()?;
        let known = match ask(&api, &name) {
            Err(Failure { kind: FailureKind::NotFound, .. }) if attempt == 0 && !name.is_empty() => connect(&api, &name)?,
            known => known?,
        };
        Ok(match (&known.qr, known.connection.as_str()) {
            (_, "open") => Offer::Linked,
            (Some(code), _) if code.starts_with("data:image/") => Offer::QrImage(code.clone()),
            (Some(code), _) => Offer::QrText(code.clone()),
            (None, connection) => Offer::Pending(format!("the session is {connection} and has no QR code yet")),
        })
    }
}

// The answer to this is `connecting` even when nothing connects.
fn connect(api: &Api, name: &str) -> Result<Told, Failure> {
    if name.is_empty() {
        return Err(failure(FailureKind::NotFound, "a session without a name", "say which one"));
    }
    let answer = api.post(&format!("/sessions/{}/connect", segment(name)), None)?;
    let body = answer.done()?;
    if body["sessionId"].as_str() != Some(name) {
        return Err(answer.strange("no session of that name"));
    }
    ask(api, name)
}

fn no_webhooks() -> Failure {
    cannot("has no webhooks; what happens is told on its WebSocket")
}

impl Webhooks for Baileys {
    fn list() -> Result<Vec<Webhook>, Failure> {
        Err(no_webhooks())
    }

    fn test(_: String) -> Result<String, Failure> {
        Err(no_webhooks())
    }

    fn failures() -> Result<Vec<Delivery>, Failure> {
        Err(no_webhooks())
    }

    fn enable(_: String) -> Result<(), Failure> {
        Err(no_webhooks())
    }

    fn disable(_: String) -> Result<(), Failure> {
        Err(no_webhooks())
    }

    fn retry(_: String) -> Result<(), Failure> {
        Err(no_webhooks())
    }
}

impl Checks for Baileys {
    fn describe() -> Vec<Check> {
        described(ROWS)
    }

    fn run(only: Vec<String>) -> Vec<Outcome> {
        judged(ROWS, &only, Api::configured())
    }
}

const ROWS: &[Row<Api>] = &[
    Row {
        id: "service.alive",
        title: "the service answers",
        area: "service",
        severity: Severity::Critical,
        explain: "Asks for the list of sessions: the service has no address of its own for its health (/health is a page that says 404). See whether its container runs, and what its log says.",
        runbook: "runbooks/baileys-image-rollback.md",
        judge: alive,
    },
    Row {
        id: "sessions.open",
        title: "every session is open and stays so",
        area: "sessions",
        severity: Severity::Error,
        explain: "Asks for each session and, for one that is not open, a few times within a second. The service connects again without a pause when it fails: a session that goes to and fro is flapping, which WhatsApp may answer with a ban. It tells no ages and no errors; its log does.",
        runbook: "runbooks/baileys-image-rollback.md",
        judge: open,
    },
    Row {
        id: "outbound.paused",
        title: "outbound messages are not held back",
        area: "messages",
        severity: Severity::Warning,
        explain: "A session can be paused from the workers' dashboard, for a drill or a maintenance; it stays so until somebody resumes it there.",
        runbook: "runbooks/drills/weekly-qr-relogin.md",
        judge: paused,
    },
    Row {
        id: "outbound.queue",
        title: "the queue of outbound messages is short",
        area: "messages",
        severity: Severity::Warning,
        explain: "Asks /metrics for queue_depth and send_rate_per_minute. A queue that is long (queue_max), or that has messages while nothing is sent, does not drain: look for a session that is not open, for a pause, and at the workers' log.",
        runbook: "runbooks/baileys-image-rollback.md",
        judge: queue,
    },
    Row {
        id: "backup.dumps",
        title: "its daily backup holds data",
        area: "backup",
        severity: Severity::Warning,
        explain: "In the source that this was written from, the job BACKUP_DAILY uploads a text in place of a dump, so that a restore of it restores nothing. This cannot be seen from the outside: look at the newest object under backups/spec-1 once, and set backup_checked = true when it is a real dump. Until then take dumps yourself.",
        runbook: "runbooks/drills/monthly-restore.md",
        judge: backup,
    },
    Row {
        id: "runbook.endpoints",
        title: "what runbooks ask of the service exists",
        area: "runbooks",
        severity: Severity::Warning,
        explain: "Looks for each address that runbooks and the verbs of wpp ask of the service. Those that read are asked. Of those that act (connect, messages) only the path is asked, with a name that cannot be decoded: the service answers 400 where it has the path and 404 where not, and nothing of it runs.",
        runbook: "runbooks/baileys-image-rollback.md",
        judge: asked,
    },
];

fn alive(api: &Api) -> Judged {
    match api.seen("/sessions") {
        Err(failure) if failure.kind == FailureKind::Unreachable => {
            one(bad(failure.message, "see `docker compose ps baileys` and its log; start it with `docker compose up -d baileys`"))
        }
        answer => {
            let answer = answer?;
            list(api)?;
            one(ok("the service answers").seen(answer.evidence("a list of sessions")))
        }
    }
}

fn open(api: &Api) -> Judged {
    const LOOKS: usize = 5;
    const BETWEEN_MS: u32 = 150;
    let known = list(api)?;
    if known.is_empty() {
        return one(note("the service has no session", format!("`wpp start {}` makes one", address("NAME"))));
    }
    let mut seen: Vec<Vec<Told>> = known.iter().filter(|told| told.connection != "open").map(|told| vec![told.clone()]).collect();
    for _ in 0..if seen.is_empty() { 0 } else { LOOKS - 1 } {
        clock::sleep_ms(BETWEEN_MS);
        for looks in &mut seen {
            let next = ask(api, &looks[0].name)?;
            looks.push(next);
        }
    }
    let mut findings = Vec::new();
    for looks in &seen {
        let (first, last) = (&looks[0], &looks[looks.len() - 1]);
        let address = address(&first.name);
        let words: Vec<&str> = looks.iter().map(|told| told.connection.as_str()).collect();
        let changes = words.windows(2).filter(|pair| pair[0] != pair[1]).count();
        let finding = match () {
            _ if last.connection == "open" => note(format!("the session {} has just opened", last.name), "wait, and look again"),
            _ if last.qr.is_some() => bad(format!("the session {} waits for its QR code to be scanned", last.name), "scan it")
                .mended_by(&["reauth", &address]),
            _ if changes > 0 => bad(
                format!("the session {} is flapping: {changes} changes in {} looks within a second", last.name, looks.len()),
                "stop the service, see whether it reaches web.whatsapp.com and whether another client uses the session, and start it again",
            ),
            _ => bad(
                format!("the session {} is {}", last.name, last.connection),
                "see whether the service reaches web.whatsapp.com; ask it to connect again",
            )
            .mended_by(&["start", &address]),
        };
        let evidence = Evidence {
            subject: format!("GET /sessions/{}, {} times", last.name, looks.len()),
            expected: "connection open".into(),
            observed: words.join(", "),
        };
        findings.push(finding.about(&last.name).seen(evidence));
    }
    all(findings, || ok(format!("all {} sessions are open", known.len())))
}

fn paused(api: &Api) -> Judged {
    let known = list(api)?;
    let finding = |told: &Told| {
        let summary = format!("what the session {} sends is held back", told.name);
        bad(summary, "resume outbound automation on the workers' dashboard").about(&told.name)
    };
    all(known.iter().filter(|told| told.paused).map(finding).collect(), || ok("no session is paused"))
}

fn metrics(api: &Api) -> Result<(Answer, u64, f64), Failure> {
    let answer = api.seen("/metrics")?;
    let body = answer.done()?;
    match (body["queue_depth"].as_u64(), body["send_rate_per_minute"].as_f64()) {
        (Some(depth), Some(rate)) => Ok((answer, depth, rate)),
        _ => Err(answer.strange("no queue_depth and send_rate_per_minute")),
    }
}

fn queue(api: &Api) -> Judged {
    let (answer, depth, rate) = metrics(api)?;
    let most = number("queue_max", 100)?;
    let summary = format!("{depth} messages wait, and {rate} are sent in a minute");
    let evidence = answer.evidence(&format!("queue_depth of {most} or less, and a rate while there is a queue"));
    let remedy = "look for a session that is not open, for a pause, and at the workers' log";
    one(match () {
        _ if depth > most => bad(summary, remedy),
        _ if depth > 0 && rate == 0.0 => bad(format!("{summary}: the queue does not drain"), remedy),
        _ => ok(summary),
    }
    .seen(evidence))
}

fn backup(_: &Api) -> Judged {
    if flag("backup_checked", false)? {
        return Ok(Judgement::Skipped("backup_checked = true: you have seen that its dumps are real".into()));
    }
    let summary = "the job BACKUP_DAILY of this service is known to upload a text in place of a dump; whether yours does cannot be seen from here";
    one(note(
        summary,
        "look at its newest object under backups/spec-1, and take dumps with `wpp backup` or pg_dump until it is real",
    ))
}

/// The addresses that runbooks and this plugin ask of the service. Which runbook asks what is read from the
/// runbooks by a test, and compared with what is here.
const ENDPOINTS: &[Endpoint] = &[
    Endpoint::reads("/sessions", ""),
    Endpoint::reads("/metrics", ""),
    Endpoint::reads("/sessions/*", ""),
    Endpoint::acts("POST", "/sessions/*/connect"),
    Endpoint::acts("POST", "/sessions/*/messages"),
];

fn asked(api: &Api) -> Judged {
    let answer = api.seen("/sessions")?;
    // Anything else than its own answer is another server's.
    if !answer.body.starts_with(b"<") || answer.status != 404 {
        list(api)?;
    }
    let framework = Framework::Express { never: "/sessions/*/wpp-asks-nothing" };
    let server = endpoints::Server { api, framework, nobody: "wpp-asks-for-nobody" };
    Ok(Judgement::Found(endpoints::findings(&server.look(ENDPOINTS)?, "the Baileys service")))
}

wpp_plugin_sdk::gateway!(Baileys);
