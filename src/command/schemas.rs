//! The contract of `--format json`, as a table: every document, every field, its type and meaning.
//!
//! `wpp-json(5)` is made from it, and `tests/it/schemas.rs` runs the commands and fails when a field
//! is not in it, or is in it and missing. Start with [`SCHEMAS`].

mod capacity;
mod support_bundle;

/// The type of a value.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// A string.
    Text,
    /// A number; times and sizes carry their unit in the field's name.
    Number,
    /// true or false.
    Boolean,
    /// Whatever the meaning says.
    Any,
    /// An array of one type.
    List(&'static Shape),
    /// An object whose names are data, with values of one type.
    Map(&'static Shape),
    /// An object with known fields.
    Object(&'static Object),
}

/// Whether a field is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Always, and never null.
    Always,
    /// Always, and null when there is nothing to say.
    Nullable,
    /// Absent, or null, when there is nothing to say.
    Optional,
}

/// One field of an object.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub shape: Shape,
    /// Whether it is there.
    pub presence: Presence,
    /// What it says.
    pub meaning: &'static str,
}

/// An object with known fields.
#[derive(Debug)]
pub struct Object {
    /// What other fields call it.
    pub name: &'static str,
    /// Its fields.
    pub fields: &'static [Field],
}

/// What `data` of a document holds.
#[derive(Debug)]
pub struct Schema {
    /// The document's `schema`.
    pub name: &'static str,
    /// Command lines that write it.
    pub commands: &'static [&'static str],
    /// The type of `data`.
    pub data: Shape,
}

const TEXTS: Shape = List(&Text);

const fn always(name: &'static str, shape: Shape, meaning: &'static str) -> Field {
    Field { name, shape, presence: Presence::Always, meaning }
}

const fn nullable(name: &'static str, shape: Shape, meaning: &'static str) -> Field {
    Field { name, shape, presence: Presence::Nullable, meaning }
}

const fn optional(name: &'static str, shape: Shape, meaning: &'static str) -> Field {
    Field { name, shape, presence: Presence::Optional, meaning }
}

use Shape::{Any, Boolean, List, Map, Number, Text};

/// The last line that a command writes, unless it fails.
pub static REPORT: Object = Object {
    name: "report",
    fields: &[
        always("schema", Text, "names the shape of data"),
        always("title", Text, "one line for people"),
        always("verdict", Text, "pass, skipped, unknown, fail or aborted"),
        optional("exit_code", Number, "what the process exits with, when the verdict alone does not say it"),
        optional("data", Any, "the thing itself, in the shape that schema names"),
        optional("findings", List(&Shape::Object(&FINDING)), "what the checks of the doctor say"),
        optional("steps", List(&Shape::Object(&STEP)), "what was done, in order"),
        optional("metrics", List(&Shape::Object(&METRIC)), "numbers"),
        optional("warnings", TEXTS, "what went wrong beside the thing itself; the verdict stands"),
        optional("next", TEXTS, "what to type next"),
        optional("sections", List(&Shape::Object(&SECTION)), "the same for the eye; its wording is no part of the contract"),
    ],
};

/// The last line that a command writes when it fails.
pub static ERROR: Object = Object {
    name: "error",
    fields: &[
        always("schema", Text, "wpp.error/1"),
        always("code", Text, "a stable name of the kind of error"),
        always("exit_code", Number, "what the process exits with; wpp(1) lists the codes"),
        always("message", Text, "what happened"),
        always("hints", TEXTS, "what to do next"),
        optional("class", Text, "of an outage: dns_resolution, timeout, network_unreachable or provider_unavailable"),
        optional("notes", TEXTS, "what else happened because of it, such as who was told"),
        optional(
            "client_message_id",
            Text,
            "of send, when whether the message was taken is not known: with --id and this, repeating it sends it once",
        ),
    ],
};

/// A line that a command writes while it works.
pub static EVENT: Object = Object {
    name: "event",
    fields: &[
        always("event", Text, "step_started, step_finished, line, output, qr_code or progress"),
        optional("title", Text, "step_started, step_finished: what is being done"),
        optional("verdict", Text, "step_finished: as in step"),
        optional("expected", Text, "step_finished: as in step"),
        optional("observed", Text, "step_finished: as in step"),
        optional("took_ms", Number, "step_finished: as in step"),
        optional("text", Text, "line, output: for people"),
        optional(
            "data",
            Any,
            "line, output: the same as data; output is a part of the result, of commands that follow something",
        ),
        optional("code", Text, "qr_code: what the code holds"),
        optional("valid_for_seconds", Number, "qr_code: how long the phone will accept it; absent when a gateway does not tell"),
        optional("what", Text, "progress: what is being worked through"),
        optional("done", Number, "progress: bytes done so far"),
        optional("total", Number, "progress: all bytes there are, when known"),
        optional("per_second", Number, "progress: bytes done in a second"),
        optional("left_seconds", Number, "progress: how long the rest takes at this rate, when that can be known"),
    ],
};

static FINDING: Object = Object {
    name: "finding",
    fields: &[
        always("id", Text, "the check, such as wpp.session.lock-held"),
        always("title", Text, "what is right when nothing is wrong"),
        always("severity", Text, "ok, info, warning, unknown, error or critical; unknown: it could not be checked"),
        always("area", Text, "the part of the catalog"),
        optional("session", Text, "the session; absent for host and home"),
        optional("subject", Text, "what of several things that come and go by themselves, such as an entry of the schedule"),
        optional(
            "class",
            Text,
            "of the outage that it was seen by: dns_resolution, timeout, network_unreachable or provider_unavailable",
        ),
        always("summary", Text, "what is so, in one sentence"),
        optional("evidence", List(&Shape::Object(&EVIDENCE)), "what was seen"),
        optional("remedy", Shape::Object(&REMEDY), "what mends it"),
        optional("runbook", Text, "the document to read"),
        optional("since_ms", Number, "since when it is known, since 1970; absent where nothing is kept"),
        optional("change", Text, "new or worse, against the last time; absent where it is as it was, or nothing is kept"),
    ],
};

static EVIDENCE: Object = Object {
    name: "evidence",
    fields: &[
        always("what", Text, "what was looked at"),
        always("expected", Text, "what a healthy system shows"),
        always("observed", Text, "what was there"),
    ],
};

static REMEDY: Object = Object {
    name: "remedy",
    fields: &[
        always("summary", Text, "what it does"),
        always("command", Text, "what an operator types"),
        optional("fix", Shape::Object(&FIX), "the act that --fix carries out; absent when only a person may do it"),
    ],
};

static FIX: Object = Object {
    name: "fix",
    fields: &[
        always("act", Text, "chmod, remove_stale_lock, remove_stale_socket or run"),
        optional("path", Text, "chmod: the file"),
        optional("mode", Number, "chmod: permission bits"),
        optional("session", Text, "remove_stale_lock, remove_stale_socket: the session"),
        optional("argv", TEXTS, "run: the words after wpp"),
    ],
};

static STEP: Object = Object {
    name: "step",
    fields: &[
        always("title", Text, "what was done"),
        always("verdict", Text, "as in report"),
        always("expected", Text, "what was to be seen"),
        always("observed", Text, "what was seen"),
        always("took_ms", Number, "how long it took"),
    ],
};

static METRIC: Object = Object {
    name: "metric",
    fields: &[always("name", Text, "what is counted, its unit last"), always("value", Number, "the number")],
};

static SECTION: Object = Object {
    name: "section",
    fields: &[
        optional("title", Text, "heading"),
        optional("fields", List(&TEXTS), "pairs of label and value"),
        optional("lines", TEXTS, "sentences"),
        optional("table", Shape::Object(&TABLE), "rows"),
    ],
};

static TABLE: Object = Object {
    name: "table",
    fields: &[always("columns", TEXTS, "headings"), always("rows", List(&TEXTS), "one list for each row")],
};

static STATUS: Object = Object {
    name: "status",
    fields: &[
        always("session", Text, "the session; openwa:sales for one of a gateway"),
        always(
            "state",
            Text,
            "BOOTING, AUTH_REQUIRED, CONNECTING, SYNCING, READY, RECONNECTING, DEGRADED, ERROR; STOPPED without a daemon; UNKNOWN \
             in a list, when it could not be told",
        ),
        optional("reason", Text, "why it is in that state, such as logged_out"),
        optional("error", Text, "UNKNOWN: why it could not be told"),
        optional("holder", Text, "STOPPED: the process that holds the session's files"),
        optional("detail", Text, "what was last said about it"),
        optional("since_ms", Number, "when the state was entered"),
        optional("pid", Number, "the daemon's process"),
        optional("version", Text, "the daemon's version"),
        optional("started_ms", Number, "when the daemon started"),
        optional("paired", Boolean, "whether the store holds a linked identity"),
        optional("last_heard_ms", Number, "when the server was last heard"),
        optional("reconnects", Number, "connections lost since the daemon started"),
        optional("outbound_paused", Boolean, "whether messages stay in the outbox"),
        optional("sync_enabled", Boolean, "whether the connection is kept"),
        optional("outbox_pending", Number, "messages in the outbox that the server has not acknowledged"),
        optional("messages", Number, "messages stored"),
        optional("last_event_id", Number, "the newest event"),
        optional("codes_seen", Number, "of reauth: how many QR codes were shown"),
        optional("search_mode", Text, "fts or degraded"),
        optional(
            "edited_ms",
            Number,
            "when somebody other than the daemon was first seen to have written to wpp.db since it started",
        ),
        optional("channel", Text, "of a gateway: its plugin"),
        optional("id", Text, "of a gateway: what it calls the session"),
        optional("told", Text, "of a gateway: its own word for the state"),
        optional("phone", Text, "of a gateway: the number that the session is linked to"),
        optional("stuck", Boolean, "of a gateway: whether the session ought to have come further long ago"),
    ],
};

static MESSAGE: Object = Object {
    name: "message",
    fields: &[
        always("id", Text, "WhatsApp's id, unique within the chat for one sender"),
        always("chat", Text, "the chat's JID"),
        always("sender", Text, "the sender's JID"),
        always("from_me", Boolean, "whether this account sent it"),
        always("text", Text, "the text; empty for what has none"),
        always("kind", Text, "text, image, ..., or undecryptable"),
        always("sent_ms", Number, "the sender's time"),
        always("stored_ms", Number, "when it was stored here"),
    ],
};

static CHAT: Object = Object {
    name: "chat",
    fields: &[
        always("jid", Text, "its JID"),
        always("name", Text, "the other's name; empty when unknown"),
        always("last_message_ms", Number, "the newest message's time"),
        always("messages", Number, "messages stored"),
    ],
};

static OUTGOING: Object = Object {
    name: "outgoing",
    fields: &[
        always("client_message_id", Text, "the caller's id"),
        always("message_id", Text, "WhatsApp's id, the same at every try"),
        always("chat", Text, "the receiver's JID"),
        always("text", Text, "the text"),
        always("state", Text, "queued, sending, accepted or rejected"),
        always("tries", Number, "how often it was handed to the client library"),
        always("created_ms", Number, "when it was queued"),
        always("changed_ms", Number, "when it last changed"),
        always("due_ms", Number, "queued: not tried before; sending: handed over at"),
        optional("error", Text, "what the last try, or the server, said"),
    ],
};

static STREAM_EVENT: Object = Object {
    name: "stream event",
    fields: &[
        always("id", Number, "what to resume after; ids grow and are never used again"),
        always("kind", Text, "state, auth, message, outbox, outbound, receipt, wake, gap, ..."),
        always("at_ms", Number, "when"),
        always("data", Any, "what the kind says"),
    ],
};

static MANIFEST: Object = Object {
    name: "manifest",
    fields: &[
        always("schema", Text, "wpp.archive/1"),
        always("format", Shape::Object(&FORMAT), "the archive's format"),
        always("id", Text, "unique to this archive"),
        always("session", Text, "the session's name"),
        always("home_kind", Text, "live or sandbox"),
        always("created_ms", Number, "when the snapshot was taken"),
        always("created", Text, "the same, RFC 3339 in UTC"),
        always("tool_version", Text, "the wpp that wrote it"),
        always("daemon", Shape::Object(&DAEMON), "how the daemon stood while the snapshot was taken"),
        optional("block_bytes", Number, "how much of the tar file each compressed block holds"),
        always("members", List(&Shape::Object(&MEMBER)), "what is inside, in the order of the file"),
        always("missing", List(&Shape::Object(&MISSING)), "what should be inside and is not"),
        nullable("signal", Shape::Object(&SIGNAL), "identity and counters of the Signal store; null if they could not be read"),
        always("custody", Shape::Object(&MARK), "where the home's journal stood"),
        optional("chain", Shape::Object(&CHAIN), "what it builds on, if it is an increment"),
    ],
};

static FORMAT: Object = Object {
    name: "format",
    fields: &[
        always("major", Number, "readers refuse one that they do not know"),
        always("minor", Number, "readers may ignore what a higher one adds"),
    ],
};

static DAEMON: Object = Object {
    name: "daemon",
    fields: &[
        always("state", Text, "running or stopped"),
        optional("ended", Text, "stopped: clean or killed"),
        optional("session_state", Text, "running: what the daemon said about itself"),
    ],
};

static MEMBER: Object = Object {
    name: "member",
    fields: &[
        always("name", Text, "the tar entry's name"),
        always("size_bytes", Number, "its size"),
        always("sha256", Text, "SHA-256 of its bytes, in hex"),
        always("offset_bytes", Number, "where its first block starts in the archive"),
        optional("database", Shape::Object(&DATABASE), "what is known about it, if it is a database"),
    ],
};

static DATABASE: Object = Object {
    name: "database",
    fields: &[
        always("page_size_bytes", Number, "page size"),
        always("pages", Number, "pages"),
        always("journal_mode", Text, "wal, delete, ..."),
        always("last_migration", Text, "the newest migration that was applied"),
        always("schema_sha256", Text, "SHA-256 over the text of the schema, in hex"),
        always("tables", Map(&Shape::Object(&ROWS)), "rows by table"),
        always("quick_check", Text, "ok, or the first thing that SQLite's quick_check said, or not run"),
        always("method", Text, "pages or copy"),
        optional("pages_blake3", Text, "BLAKE3 over all page hashes, in hex; where increments are made"),
    ],
};

static CHAIN: Object = Object {
    name: "chain",
    fields: &[
        always("base_id", Text, "id of the full archive that the chain starts with"),
        always("parent_id", Text, "id of the archive that it builds on"),
        always("parent_name", Text, "the name that it had"),
        always("depth", Number, "1 for the first increment"),
        always("parent_pages", Number, "pages of the parent's wpp.db"),
        always("parent_pages_blake3", Text, "BLAKE3 over all their hashes, in hex"),
        always("changed_pages", Number, "pages inside"),
    ],
};

static ROWS: Object = Object {
    name: "rows",
    fields: &[always("count", Number, "rows"), nullable("highest", Number, "the highest rowid; null if empty or without rowids")],
};

static MISSING: Object = Object {
    name: "missing",
    fields: &[always("name", Text, "the content's name"), always("reason", Text, "why, in one sentence")],
};

static SIGNAL: Object = Object {
    name: "signal",
    fields: &[
        always("paired", Boolean, "whether the store holds the keys of a linked device"),
        optional(
            "logged_out_ms",
            Number,
            "when the phone logged that device out, in milliseconds since the epoch, if it is known",
        ),
        always("identity_sha256", Text, "differs between registrations"),
        nullable("account_sha256", Text, "differs between accounts; null before linking"),
        nullable("highest_prekey_id", Number, "the highest one-time prekey id in the store"),
        always("next_prekey_id", Number, "the id that the next one-time prekey gets"),
        always("login_counter", Number, "logins that the store counted"),
        always("sessions", Number, "Signal sessions with other devices"),
        always("sender_keys", Number, "group sender keys"),
    ],
};

static MARK: Object = Object {
    name: "mark",
    fields: &[
        always("journal", Text, "which journal"),
        always("newest_entry", Number, "the newest entry on the session; 0 when there was none"),
        nullable("last_start", Shape::Object(&MOMENT), "the newest start"),
        nullable("last_connect", Shape::Object(&MOMENT), "the newest connect"),
    ],
};

static MOMENT: Object =
    Object { name: "moment", fields: &[always("entry", Number, "the journal's entry"), always("at_ms", Number, "its time")] };

static SHELVED: Object = Object {
    name: "archive",
    fields: &[
        always("path", Text, "the file, or its s3:// address"),
        always("name", Text, "its name"),
        always("size_bytes", Number, "its size"),
        always("encrypted", Boolean, "whether it is encrypted"),
        always(
            "locked",
            Boolean,
            "whether no key to read it was given; what else is said is from its name and this home's journal",
        ),
        optional("read_back", Boolean, "of a locked one: whether this home read all its bytes back when it wrote them"),
        optional("error", Text, "why it cannot be read; then nothing else is known"),
        optional("id", Text, "as in manifest"),
        optional("session", Text, "as in manifest"),
        optional("created_ms", Number, "as in manifest"),
        optional("whole", Boolean, "whether both databases are inside and were sound"),
        optional("chain", Shape::Object(&CHAIN), "as in manifest; null for a full archive"),
        optional("broken", Text, "what an increment needs and is not here"),
        optional("verified_level", Text, "the highest level at which this home verified it: hash, quick or restore"),
        optional("verified_ms", Number, "when it last did so"),
        optional("failed_level", Text, "the level that it failed at, and has not passed since"),
        optional("failed_ms", Number, "when it failed"),
        optional("failed_why", Text, "in which way"),
    ],
};

static SHELVED_SET: Object = Object {
    name: "shelved_set",
    fields: &[
        always("path", Text, "the file, or its s3:// address"),
        always("name", Text, "its name"),
        always("size_bytes", Number, "its size"),
        always("encrypted", Boolean, "whether it is encrypted"),
        always("locked", Boolean, "whether no key to read it was given; what else is said is from its name"),
        nullable("channel", Text, "the gateway's name in config.toml"),
        nullable("created_ms", Number, "when it was taken"),
        nullable("id", Text, "as in dump_set; null when it cannot be read"),
        nullable("complete", Boolean, "whether nothing is missing that belongs to the gateway's state"),
        nullable("parts", TEXTS, "the names of its parts"),
        nullable("missing", List(&Shape::Object(&DUMP_LACKING)), "what is not in it"),
        nullable("error", Text, "why it cannot be read"),
    ],
};

static PLAN: Object = Object {
    name: "plan",
    fields: &[
        always("kind", Text, "exact, rekey, data or force-exact"),
        always("why", Text, "why this and nothing else"),
        always("custody", Shape::Object(&CUSTODY), "what is known about the Signal state"),
        always("loses", TEXTS, "what will not be there afterwards"),
        always("warnings", TEXTS, "what the operator must see to"),
        always("steps", TEXTS, "what will be done, in order"),
    ],
};

static CUSTODY: Object = Object {
    name: "custody",
    fields: &[always("state", Text, "unbroken, broken or unprovable"), always("why", Text, "why it is thought so")],
};

static CURRENT: Object = Object {
    name: "current",
    fields: &[
        always("session", Text, "the session's name"),
        always("home_kind", Text, "live or sandbox"),
        always("running", Boolean, "whether some process holds the session"),
        always("session_db", Any, "absent, readable, or an object whose unreadable says why"),
        always("wpp_db", Any, "absent, readable, or an object whose unreadable says why"),
        nullable("signal", Shape::Object(&SIGNAL), "identity and counters in session.db"),
        nullable("messages", Number, "messages stored in wpp.db, if they can be counted"),
        always("others", List(&Shape::Object(&OTHER)), "the other sessions of this home that have a store"),
        nullable("removed", Text, "why the identity in the archive is thought to be logged out"),
    ],
};

static OTHER: Object = Object {
    name: "other session",
    fields: &[
        always("session", Text, "its name"),
        nullable("identity_sha256", Text, "names the identity in its store; null when it cannot be read"),
    ],
};

static REKEYED: Object = Object {
    name: "rekeyed",
    fields: &[
        always("sessions_dropped", Number, "Signal sessions that were dropped"),
        always("own_sender_keys_dropped", Number, "own group keys that were dropped"),
        always("prekeys_kept", Number, "one-time keys that strangers may still use"),
        always("highest_prekey_id", Number, "the highest one-time key id that may have been used, as far as is known"),
        always("next_prekey_id", Number, "the id of the next one-time key"),
    ],
};

static ADOPTED: Object = Object {
    name: "adopted",
    fields: &[
        always("paused", Boolean, "whether sending was paused, as it was before the restore"),
        always("rejected", Number, "waiting messages that were rejected, because another session or device had queued them"),
    ],
};

static HEALTH: Object = Object {
    name: "health",
    fields: &[
        always(
            "health",
            Text,
            "healthy, unlinked when the session waits to be linked, or unproven when the server could not be reached",
        ),
        always("state", Text, "the state of the daemon, in words"),
    ],
};

static OLD_COPY: Object = Object {
    name: "old copy",
    fields: &[always("path", Text, "the folder"), always("size_bytes", Number, "size of all files in it")],
};

static RULES: Object = Object {
    name: "rules",
    fields: &[
        optional("keep_last", Number, "the newest so many"),
        optional("keep_hourly", Number, "the newest of each of so many hours"),
        optional("keep_daily", Number, "the newest of each of so many days"),
        optional("keep_weekly", Number, "the newest of each of so many ISO weeks"),
        optional("keep_monthly", Number, "the newest of each of so many months"),
        optional("keep_yearly", Number, "the newest of each of so many years"),
        optional("keep_within", Text, "all within this time before the newest"),
    ],
};

static DECISION: Object = Object {
    name: "decision",
    fields: &[
        always("name", Text, "the archive"),
        always("size_bytes", Number, "its size"),
        always("keep", Boolean, "whether it stays"),
        always("reasons", TEXTS, "why"),
        nullable("id", Text, "as in manifest; null if it cannot be read"),
        nullable("parent", Text, "the id of the archive that it is an increment of"),
        nullable("created_ms", Number, "as in manifest"),
        nullable("error", Text, "why it cannot be read"),
    ],
};

static PRUNED: Object = Object {
    name: "pruned",
    fields: &[
        always("rules", Shape::Object(&RULES), "what is kept"),
        always("time_zone", Text, "in which hours and days are counted"),
        always("removed", TEXTS, "archives, in the order of their removal"),
        always("freed_bytes", Number, "what they took"),
        always("kept", Number, "archives of the session that are still there"),
    ],
};

static TOLD: Object = Object {
    name: "notice",
    fields: &[
        always("by", Text, "textfile, ping or hook"),
        always("to", Text, "the file, the origin of the address, or the program"),
        always("ok", Boolean, "whether it worked"),
        always("observed", Text, "what was seen"),
        optional("output", Text, "hook: what the program wrote"),
    ],
};

static ASIDE: Object = Object {
    name: "set-aside copy",
    fields: &[
        always("path", Text, "the folder"),
        always("size_bytes", Number, "size of all files in it"),
        always("kind", Text, "old: by a restore; logged-out: by a new link"),
        nullable("set_aside_ms", Number, "when; null if its name does not tell"),
        always("keep", Boolean, "whether it stays"),
        always("reason", Text, "why"),
    ],
};

static CHECK: Object = Object {
    name: "check",
    fields: &[
        always("id", Text, "stable id"),
        always("title", Text, "what is right when nothing is wrong"),
        always("area", Text, "the part of the catalog"),
        always("severity", Text, "how much it matters when something is wrong"),
        always("worst", Text, "the worst that it can find"),
        always("needs", TEXTS, "what must be known before it can be made"),
        always("cost", Text, "what it touches: cheap, journal, daemon, databases or network"),
        nullable("runbook", Text, "the document to read"),
        always("explain", Text, "what it looks at, and why it matters"),
        nullable("mend", Text, "how a person mends it by hand; null for a plugin's, whose findings say so"),
    ],
};

static STANDING: Object = Object {
    name: "session's state",
    fields: &[
        always("session", Text, "the session"),
        optional("state", Text, "its state, such as READY; absent where a daemon is there and does not tell"),
        always("reason", Text, "why, in a few words; empty where the state says it all"),
    ],
};

static MADE: Object = Object {
    name: "made check",
    fields: &[
        always("id", Text, "the check"),
        always("severity", Text, "the worst that it said, of whatever it looked at"),
        always("count", Number, "how often it was made: for each session, or once"),
    ],
};

static SKIPPED: Object = Object {
    name: "skipped check",
    fields: &[
        always("id", Text, "the check"),
        always("reason", Text, "why it was not made"),
        always("sessions", TEXTS, "of which sessions; empty for host and home"),
    ],
};

static SUPPRESSED: Object = Object {
    name: "suppressed finding",
    fields: &[
        always("finding", Shape::Object(&FINDING), "what was found"),
        always("reason", Text, "why it is not told"),
        always("until", Text, "the last day of that"),
    ],
};

static MENDED: Object = Object {
    name: "mended finding",
    fields: &[
        always("id", Text, "the check"),
        optional("session", Text, "the session; absent for host and home"),
        always("severity", Text, "how much it mattered"),
        always("summary", Text, "what was said of it"),
        always("since_ms", Number, "since when it was known, since 1970"),
    ],
};

static FIXED: Object = Object {
    name: "applied fix",
    fields: &[
        always("fix", Shape::Object(&FIX), "the act"),
        always("summary", Text, "what it does"),
        always("command", Text, "what an operator types to do the same"),
        always("checks", TEXTS, "the checks that asked for it"),
        optional("session", Text, "the session; absent for the home"),
        always("verdict", Text, "pass, fail, unknown, or skipped when it was only planned"),
        always("observed", Text, "what was seen afterwards"),
    ],
};

static SETTING: Object = Object {
    name: "setting",
    fields: &[
        always("value", Text, "its value"),
        always("source", Text, "default, command line, a file or a variable"),
        always("variable", Text, "the environment variable that sets it"),
        always("class", Text, "required, recommended, optional or deprecated"),
        nullable("instead", Text, "what to write in the place of a deprecated one; null for all others"),
        always("help", Text, "what it does"),
    ],
};

static FAULT: Object = Object {
    name: "fault",
    fields: &[
        always("fault", Text, "its name"),
        always("does", Text, "what it does"),
        always("seen", Text, "what an operator sees of it"),
        always("lasts", Boolean, "whether it lasts until --release"),
        always("breaks", Boolean, "whether it breaks something; the others are hands that a drill needs"),
    ],
};

static DRILL: Object = Object {
    name: "drill",
    fields: &[
        always("name", Text, "its id"),
        always("proves", Text, "what it proves"),
        always("sandbox", Boolean, "whether it runs in a throw-away sandbox, or on this home"),
        nullable("schedule", Text, "when it is meant to run"),
    ],
};

static DRILL_RUN: Object = Object {
    name: "drill-run",
    fields: &[
        always("drill", Text, "its id"),
        always("run", Text, "the run, as `wpp runbook runs` lists it"),
        always("began", Text, "RFC 3339 in UTC"),
        always("outcome", Text, "pass, deviated, aborted, inconclusive or skipped"),
        always("remarks", TEXTS, "what it says of itself beside the verdict, as its document has it"),
        nullable("sandbox", Text, "the folder of a sandbox that was kept"),
        nullable("disk", Text, "which disk it lay on, where the drill asks for one of its own"),
        always("steps", Number, "how many steps there were"),
        nullable("recovery_ms", Number, "from the fault to READY, where the drill measured it"),
        always("report", Text, "the file with the report"),
    ],
};

/// One runbook of a list.
static RUNBOOK: Object = Object {
    name: "runbook",
    fields: &[
        always("id", Text, "its id"),
        always("title", Text, "what it is called"),
        always("kind", Text, "runbook or drill"),
        always("severity", Text, "info, low, medium, high or critical"),
        always("respond_within", Text, "how soon somebody should begin, such as 15m"),
        always("applies_to", Text, "wpp session, host, or the name of a gateway's plugin"),
        nullable("source", Text, "where operators know it from"),
        nullable("schedule", Text, "when it runs by itself"),
        always("origin", Text, "wpp, or the path of the file"),
    ],
};

/// One parameter of a runbook.
static RUNBOOK_PARAMETER: Object = Object {
    name: "runbook parameter",
    fields: &[
        always("help", Text, "what it is"),
        always("type", Text, "text, integer, number, boolean, duration, url, path, session or choice"),
        optional("values", TEXTS, "those of a choice"),
        optional("default", Text, "its value when nobody gives one"),
        always("secret", Boolean, "whether it is never shown nor kept"),
    ],
};

/// A block of a runbook, by its place.
static RUNBOOK_BLOCK: Object = Object {
    name: "runbook block",
    fields: &[
        always("id", Text, "its id"),
        always("kind", Text, "wpp, http, sh, sql or manual"),
        always("part", Text, "prerequisites, steps, verification or rollback"),
        always("line", Number, "the line that opens it"),
        nullable("answer", Text, "the option that says yes to its question where no terminal is; null where it asks nothing"),
    ],
};

/// A block of a runbook as it would be run.
static RUNBOOK_PLANNED: Object = Object {
    name: "planned block",
    fields: &[
        always("id", Text, "its id"),
        always("part", Text, "as in runbook block"),
        always("kind", Text, "as in runbook block"),
        always("lines", TEXTS, "its lines with values in them; secrets are named only"),
        always("expected", Text, "what is expected"),
        nullable("when", Text, "when it is run, if not always"),
        nullable("undo", Text, "the block that takes it back"),
        nullable("timeout_ms", Number, "how long one try may take"),
        always("retries", Number, "further tries"),
        optional("answer", Text, "the option that says yes to its question where no terminal is; absent where it asks nothing"),
    ],
};

/// What became of a block of a run.
static RUNBOOK_DONE: Object = Object {
    name: "block of a run",
    fields: &[
        always("id", Text, "its id"),
        always("part", Text, "as in runbook block"),
        always("kind", Text, "as in runbook block"),
        always("purpose", Text, "turn, undo, or again for the verification after an undo"),
        always("title", Text, "what it does"),
        always("ended", Text, "passed, deviated, inconclusive, interrupted, declined, stuck or skipped"),
        always("expected", Text, "what was to be seen"),
        always("observed", Text, "what was seen, or why it was left out"),
        always("took_ms", Number, "how long it took, all tries together"),
        always("tries", Number, "number of tries"),
        optional("transcript", Text, "what was asked and answered: a file below the evidence folder"),
    ],
};

/// One thing that lint found.
static RUNBOOK_FINDING: Object = Object {
    name: "lint finding",
    fields: &[
        always("file", Text, "the file"),
        always("line", Number, "the line, counted from 1"),
        always("level", Text, "error or warning"),
        always("rule", Text, "the rule's name"),
        always("message", Text, "what is so"),
    ],
};

/// One run of a list.
static RUNBOOK_RUN: Object = Object {
    name: "run",
    fields: &[
        always("run", Text, "its id"),
        always("runbook", Text, "the runbook's id"),
        always("began", Text, "RFC 3339 in UTC"),
        nullable("verdict", Text, "as in wpp.runbook-run/1; null while it is under way or was cut off"),
        always("open", Boolean, "whether something is left to resume or to undo"),
        nullable("under_way", Text, "the step that was begun and has not ended"),
        always("evidence", Text, "its evidence folder"),
        nullable("cause", Text, "why it ended so"),
        always("undone", TEXTS, "steps that were taken back"),
        always("left", TEXTS, "steps whose undo failed, and which are left as they are"),
    ],
};

static NOTICE: Object = Object {
    name: "notice",
    fields: &[
        always("kind", Text, "new, worse, escalated, unknown, recovered, notify or test"),
        always("key", Text, "what it is about"),
        always("contact", Text, "whom it is for"),
        always("severity", Text, "as in finding; ok when the problem is over"),
        always("title", Text, "its heading"),
        always("text", Text, "its text"),
        nullable("finding", Text, "the finding, if it is about one"),
        nullable("session", Text, "the session, if it is about one"),
        nullable("subject", Text, "as in finding"),
        nullable("runbook", Text, "the runbook to read"),
    ],
};

static DELIVERY: Object = Object {
    name: "delivery",
    fields: &[
        always("notice_id", Number, "the notice"),
        always("contact", Text, "whom it is for"),
        always("way", Text, "a channel, or command"),
        always("delivered", Boolean, "whether it was taken"),
        always("observed", Text, "what was seen"),
    ],
};

static PROBLEM: Object = Object {
    name: "problem",
    fields: &[
        always("finding", Text, "the finding's id"),
        nullable("session", Text, "the session; null for the host"),
        nullable("subject", Text, "as in finding"),
        always("severity", Text, "how much it matters, after the rules"),
        always("unknown", Boolean, "whether it could not be looked at the last time"),
        always("summary", Text, "what was last said of it"),
        always("first", Text, "when it was first seen, RFC 3339 in UTC"),
        always("told", List(&Shape::Object(&TOLD_CONTACT)), "who was told, in order"),
        nullable("acknowledged", Text, "when somebody took it on"),
        nullable("acknowledged_by", Text, "who did"),
        nullable("over", Text, "when it was over"),
    ],
};

static TOLD_CONTACT: Object =
    Object { name: "told contact", fields: &[always("contact", Text, "who"), always("at", Text, "when, RFC 3339 in UTC")] };

static RULE: Object = Object {
    name: "rule",
    fields: &[
        always("alert", Text, "what it is about"),
        always("findings", TEXTS, "ids of findings; *. stands for any plugin"),
        nullable("severity", Text, "how much they matter; null for what the finding says"),
        nullable("response_time_s", Number, "seconds after which the next contact is told; null for the contact's own"),
        nullable("runbook", Text, "the runbook to read"),
        always("contacts", TEXTS, "who is told, in this order"),
        always("built_in", Boolean, "whether wpp brings it along"),
    ],
};

static CONTACT: Object = Object {
    name: "contact",
    fields: &[
        always("name", Text, "the name"),
        nullable("place", Number, "its place in the escalation, from 1"),
        always("role", Text, "what it answers for; may be empty"),
        nullable("response_time_s", Number, "seconds it may take to acknowledge; null for the rule's"),
        always("ways", TEXTS, "channels, and command"),
        always("to", Text, "whom the channels write to; may be empty"),
    ],
};

static PAST_NOTICE: Object = Object {
    name: "past notice",
    fields: &[
        always("id", Number, "grows with time"),
        always("at", Text, "when it was written down, RFC 3339 in UTC"),
        always("notice", Shape::Object(&NOTICE), "the notice"),
        always("ways", List(&Shape::Object(&WAY)), "what became of it on each way"),
    ],
};

static WAY: Object = Object {
    name: "way",
    fields: &[
        always("way", Text, "a channel, or command"),
        always("state", Text, "pending, sending, delivered or given-up"),
        always("observed", Text, "what was last seen; may be empty"),
    ],
};

static ENTRY: Object = Object {
    name: "schedule entry",
    fields: &[
        always("name", Text, "its name"),
        always("run", TEXTS, "the words of the command line after wpp"),
        nullable("runbook", Text, "the runbook that it runs"),
        always("when", Text, "when it is due, as it is written"),
        always("time_zone", Text, "the zone that this is told in"),
        nullable("cannot_pass", Text, "what keeps it from ever passing as it is written"),
        always("missed", Text, "run-once, skip or tell"),
        nullable("next", Text, "when it is due next, RFC 3339 in UTC"),
        nullable("last", Shape::Object(&SCHEDULED_RUN), "the newest time it was due that was written down"),
    ],
};

static SCHEDULED_RUN: Object = Object {
    name: "scheduled run",
    fields: &[
        always("due", Text, "RFC 3339 in UTC"),
        always("state", Text, "running, ended, cut-off, skipped, missed or overlapped"),
        always("missed_before", Number, "times before it that nobody looked at"),
        always("began", Text, "when it was written down"),
        nullable("ended", Text, "when it ended"),
        nullable("exit_code", Number, "what it exited with; null when it was killed or did not run"),
        nullable("said", Text, "what it said"),
        nullable("report", Text, "the file or folder that tells more"),
        always("by_hand", Boolean, "whether an operator ran it by its name: due is then when that was"),
    ],
};

static DISPATCHED: Object = Object {
    name: "dispatched run",
    fields: &[
        always("entry", Text, "the entry"),
        always("due", Text, "RFC 3339 in UTC"),
        always("state", Text, "ended, skipped, missed or overlapped"),
        always("missed_before", Number, "times before it that nobody looked at"),
        nullable("exit_code", Number, "what it exited with; null when it was killed or did not run"),
        nullable("said", Text, "what it said"),
        nullable("report", Text, "the file or folder that tells more"),
    ],
};

static NEXT_TIME: Object = Object {
    name: "next time",
    fields: &[
        always("entry", Text, "the entry"),
        always("due", Text, "RFC 3339 in UTC"),
        always("local", Text, "the same with the offset of the entry's zone"),
        always("time_zone", Text, "the entry's zone"),
    ],
};

static INSTALLED_FILE: Object = Object {
    name: "file to install",
    fields: &[always("name", Text, "its name, or crontab"), always("text", Text, "what it holds")],
};

/// A dump of PostgreSQL.
static DUMP: Object = Object {
    name: "dump",
    fields: &[
        always("path", Text, "where it lies"),
        always("kind", Text, "custom, tar, directory or plain"),
        always("wrapping", Text, "none, gzip or zstd"),
        always("size_bytes", Number, "size of the file, or of all files of the folder"),
        always("sha256", Text, "SHA-256 of the file in hex; of a folder, of the names and hashes of its files"),
    ],
};

/// The answer to one question of the smoke SQL.
static DUMP_ANSWER: Object = Object {
    name: "dump_answer",
    fields: &[
        always("name", Text, "the question's name"),
        always("sql", Text, "what was asked"),
        always("expected", Text, "what the answer had to be, for people"),
        always("observed", Text, "what it was"),
        always("passed", Boolean, "whether that is as it had to be"),
        always("rows", List(&TEXTS), "the first rows of it"),
        always("row_count", Number, "how many rows there were"),
        always("took_ms", Number, "how long it took"),
    ],
};

/// A disposable server that was kept.
static DUMP_SERVER: Object = Object {
    name: "dump_server",
    fields: &[
        always("folder", Text, "its folder"),
        always("engine", Text, "local or docker"),
        always("look", Text, "what to type to look at it"),
        always("remove", Text, "what to type to remove it"),
        optional("address", Text, "its address for programs of this user; none of a container"),
    ],
};

/// What is in a set of a gateway's state.
static DUMP_SET: Object = Object {
    name: "dump_set",
    fields: &[
        always("schema", Text, "wpp.dump-set/1"),
        always("format", Shape::Object(&FORMAT), "version of the set's format"),
        always("id", Text, "unique to this set"),
        always("channel", Text, "the gateway's name in config.toml"),
        nullable("layout", Text, "the gateway whose layout it was judged by, if that is known"),
        always("needs", List(&Text), "roles that a complete set has, as [dump.NAME] says: auth, app, config or media"),
        always("created_ms", Number, "when it was taken, milliseconds since the epoch"),
        always("created", Text, "the same for people, RFC 3339 in UTC"),
        always("tool_version", Text, "the wpp that wrote it"),
        always("complete", Boolean, "whether nothing is missing that belongs to the gateway's state"),
        always("parts", List(&Shape::Object(&DUMP_PART)), "what is inside, in the order of the file"),
        always("missing", List(&Shape::Object(&DUMP_LACKING)), "what should be inside and is not"),
    ],
};

/// One part of a set.
static DUMP_PART: Object = Object {
    name: "dump_part",
    fields: &[
        always("name", Text, "its name, and the folder that it is laid out in"),
        always("kind", Text, "postgres, sqlite, folder, file or redis"),
        always("role", Text, "auth, app, config or media"),
        always("source", Text, "where it came from; no password is in it"),
        always("secret", Boolean, "whether it holds secrets that are read with no further key"),
        always("members", List(&Shape::Object(&DUMP_MEMBER)), "its files; empty in reports when they are more than 20"),
        nullable("detail", Any, "what is known of it: tables and rows, keys, what a folder left out"),
    ],
};

/// One file of a set.
static DUMP_MEMBER: Object = Object {
    name: "dump_member",
    fields: &[
        always("name", Text, "its name in the tar file"),
        always("size_bytes", Number, "its size"),
        always("sha256", Text, "SHA-256 in hex"),
    ],
};

/// What is not in a set.
static DUMP_LACKING: Object = Object {
    name: "dump_lacking",
    fields: &[
        always("name", Text, "the part"),
        always("role", Text, "auth, app, config or media"),
        always("reason", Text, "why it is not there"),
    ],
};

/// `data` of a schema that needs no name of its own.
macro_rules! data {
    ($($field:expr),* $(,)?) => {{
        static DATA: Object = Object { name: "", fields: &[$($field),*] };
        Shape::Object(&DATA)
    }};
}

const SOURCE: Field = always("source", Text, "daemon, or file when no daemon answered");

/// One plugin of a list.
static PLUGIN: Object = Object {
    name: "plugin",
    fields: &[
        always("name", Text, "what it is called here"),
        always("sha256", Text, "SHA-256 of its component, in hex"),
        always("interfaces", TEXTS, "what it offers"),
        always("grants", TEXTS, "what it is allowed"),
        always("state", Text, "as added, or what is wrong with its bytes"),
    ],
};

/// What is known of the list of plugins.
static PLUGINS_LOCK: Object = Object {
    name: "plugins_lock",
    fields: &[
        always("sha256", Text, "SHA-256 of the file, in hex"),
        always("how", Text, "written by wpp, found when nothing was kept of it yet, or accepted by the operator"),
        always("at_ms", Number, "since when, milliseconds since the epoch"),
    ],
};

/// One request that a plugin made of recorded answers.
static PLUGIN_REQUEST: Object = Object {
    name: "plugin_request",
    fields: &[
        always("method", Text, "GET, HEAD, POST, PUT, PATCH or DELETE"),
        always("url", Text, "the whole address, with the names of secrets in the place of secrets"),
        always("headers", Map(&Text), "what it says beside, the same way"),
        nullable("body", Text, "its body"),
        always("end", Text, "answered, no_answer, unrecorded, denied or refused"),
        nullable("status", Number, "the answer's"),
        nullable("why", Text, "why there is no answer"),
    ],
};

/// One line that a plugin wrote to the log.
static PLUGIN_LINE: Object = Object {
    name: "plugin_line",
    fields: &[always("level", Text, "debug, info, warning or error"), always("text", Text, "what it says")],
};

/// One call of a plugin.
static PLUGIN_CALL: Object = Object {
    name: "plugin_call",
    fields: &[
        always("call", Text, "interface and function, and what it was called with: sessions.status main"),
        always("end", Text, "answered, failed or ended; a failure is an answer that keeps the contract"),
        always("said", Text, "what it answered, or why it ended, in a few words"),
        always("took_ms", Number, "how long it took"),
        always("memory_bytes", Number, "the memory that it took"),
        always("requests", List(&Shape::Object(&PLUGIN_REQUEST)), "what it asked for, in order"),
        always("log", List(&Shape::Object(&PLUGIN_LINE)), "what it wrote"),
    ],
};

/// One thing that is wrong with a plugin.
static PLUGIN_PROBLEM: Object = Object {
    name: "plugin_problem",
    fields: &[
        always("call", Text, "the call that it was seen in"),
        always("kind", Text, "ended, denied, unrecorded, refused, contract or expectation"),
        always("text", Text, "what is so"),
    ],
};

/// One setting of a plugin.
static PLUGIN_SETTING: Object = Object {
    name: "plugin_setting",
    fields: &[
        always("name", Text, "what it is called"),
        always("required", Boolean, "whether nothing works without it"),
        always("given", Boolean, "whether the home, the recording or --set has it"),
        always("asked", Boolean, "whether the plugin asked for it"),
    ],
};

/// One channel of a list.
static CHANNEL: Object = Object {
    name: "channel",
    fields: &[
        always("name", Text, "the plugin that it is"),
        always("kind", Text, "gateway, notice or unknown"),
        always("title", Text, "the system's name, or why it is unknown"),
    ],
};

/// Every document, sorted by name.
pub static SCHEMAS: &[Schema] = &[
    Schema {
        name: "wpp.channel/1",
        commands: &["wpp channel health"],
        data: data![
            always("name", Text, "the channel"),
            always("condition", Text, "ok, degraded or down; unknown where its system cannot be asked"),
            always("summary", Text, "how its system is, in one sentence"),
            nullable("version", Text, "what its system says that it is"),
            always("version_known", Boolean, "whether the plugin was tried with that version"),
        ],
    },
    Schema {
        name: "wpp.channel-send/1",
        commands: &["wpp channel send"],
        data: data![
            always("name", Text, "the channel"),
            always("key", Text, "what tells the message from all others"),
            nullable("problem", Text, "the problem that it is about"),
            nullable("id", Text, "what the system calls it"),
            nullable("url", Text, "where it can be looked at"),
            always("queued", Boolean, "whether the system has taken it and not sent it yet"),
        ],
    },
    Schema {
        name: "wpp.channels/1",
        commands: &["wpp channel list"],
        data: data![always("channels", List(&Shape::Object(&CHANNEL)), "one for each plugin that is a channel")],
    },
    Schema {
        name: "wpp.plugin/1",
        commands: &["wpp plugin add", "wpp plugin remove", "wpp plugin info", "wpp plugin grant", "wpp plugin revoke"],
        data: data![
            always("name", Text, "the plugin"),
            always("sha256", Text, "SHA-256 of its component, in hex"),
            always("grants", TEXTS, "what it is allowed; what it was allowed, once it is removed"),
            optional("changed", TEXTS, "what was new of the grants, or was there of those that were taken back"),
            optional("interfaces", TEXTS, "what it offers"),
            optional("imports", TEXTS, "what it asks for"),
            optional("added", Text, "when it was added, RFC 3339"),
            optional("source", Text, "the file that it was added from"),
            optional("signed_by", Text, "the public key of minisign that vouched for its bytes"),
            optional("checks", TEXTS, "ids of its checks"),
            optional("settings", TEXTS, "settings that it reads"),
            optional("secrets", TEXTS, "secrets that it has put into requests"),
            optional("versions", TEXTS, "versions of its server that it was tried with"),
        ],
    },
    Schema {
        name: "wpp.plugin-build/1",
        commands: &["wpp plugin build"],
        data: data![
            always("name", Text, "what its manifest calls the plugin"),
            always("language", Text, "rust or javascript"),
            always("path", Text, "the component"),
            always("size_bytes", Number, "its size"),
            always("sha256", Text, "its SHA-256, in hex"),
            always("interfaces", TEXTS, "what it offers"),
            always("imports", TEXTS, "what it asks for"),
        ],
    },
    Schema {
        name: "wpp.plugin-new/1",
        commands: &["wpp plugin new"],
        data: data![
            always("name", Text, "the plugin"),
            always("kind", Text, "checks, notice or gateway"),
            always("language", Text, "rust or javascript"),
            always("folder", Text, "where it was written"),
            always("files", TEXTS, "paths in it"),
        ],
    },
    Schema {
        name: "wpp.plugin-test/1",
        commands: &["wpp plugin test"],
        data: data![
            always("name", Text, "what the plugin is called"),
            always("sha256", Text, "SHA-256 of its component, in hex"),
            always("interfaces", TEXTS, "what it offers"),
            always("imports", TEXTS, "what it asks for"),
            always("grants", TEXTS, "what it was allowed"),
            always("settings", List(&Shape::Object(&PLUGIN_SETTING)), "what it describes, asked for or was given"),
            always("calls", List(&Shape::Object(&PLUGIN_CALL)), "what was called, in order"),
            always("problems", List(&Shape::Object(&PLUGIN_PROBLEM)), "what is wrong; with none, it passed"),
            always("unused", TEXTS, "answers that nothing asked for"),
        ],
    },
    Schema {
        name: "wpp.plugins/1",
        commands: &["wpp plugin list", "wpp plugin accept"],
        data: data![
            always("plugins", List(&Shape::Object(&PLUGIN)), "one for each plugin"),
            optional("lock", Shape::Object(&PLUGINS_LOCK), "what the journal knows of plugins.lock"),
        ],
    },
    Schema {
        name: "wpp.alert/1",
        commands: &["wpp alert run"],
        data: data![
            always("dry_run", Boolean, "whether nothing was written down or sent"),
            always("problems", List(&Shape::Object(&PROBLEM)), "those that are open, and those that are over since the last run"),
            always("notices", List(&Shape::Object(&NOTICE)), "what was decided to be told"),
            always("held", Number, "problems that wait for the end of the quiet hours"),
            always("deliveries", List(&Shape::Object(&DELIVERY)), "what was handed over, older notices that had waited included"),
            nullable("pinged", Boolean, "whether the dead-man switch was called; null without one"),
        ],
    },
    Schema {
        name: "wpp.alert-ack/1",
        commands: &["wpp alert ack"],
        data: data![always("by", Text, "who takes them on"), always("problems", List(&Shape::Object(&PROBLEM)), "the problems")],
    },
    Schema {
        name: "wpp.alert-contacts/1",
        commands: &["wpp alert contacts"],
        data: data![always("contacts", List(&Shape::Object(&CONTACT)), "in the order in which they are told")],
    },
    Schema {
        name: "wpp.alert-history/1",
        commands: &["wpp alert history"],
        data: data![always("notices", List(&Shape::Object(&PAST_NOTICE)), "newest first")],
    },
    Schema {
        name: "wpp.alert-matrix/1",
        commands: &["wpp alert matrix"],
        data: data![always("rules", List(&Shape::Object(&RULE)), "the operator's, then wpp's")],
    },
    Schema {
        name: "wpp.alert-test/1",
        commands: &["wpp alert test"],
        data: data![
            always("dry_run", Boolean, "whether nothing was sent"),
            always("deliveries", List(&Shape::Object(&DELIVERY)), "every way that was tried")
        ],
    },
    Schema {
        name: "wpp.backup/1",
        commands: &["wpp backup", "wpp backup create"],
        data: data![
            always("path", Text, "the archive: a path or an s3:// address"),
            always("size_bytes", Number, "its size"),
            always("sha256", Text, "SHA-256 of the file, in hex"),
            nullable("level", Text, "how far it was verified: hash or quick; null when no key to read it is here"),
            always("read_back", Boolean, "whether all its bytes were read back and are what was written"),
            always("recipients", TEXTS, "who can read it: age recipients or passphrase; empty when it is not encrypted"),
            always("limits", TEXTS, "what the destination cannot do"),
            nullable("level_reason", Text, "why it was not verified further"),
            nullable("full_reason", Text, "why it is a full archive although --incremental was given"),
            nullable("map_reason", Text, "why the next increment has to read archives again"),
            always("whole", Boolean, "whether both databases are inside and were sound"),
            always("took_ms", Number, "how long it took"),
            always("manifest", Shape::Object(&MANIFEST), "what it says about itself"),
            optional("pruned", Shape::Object(&PRUNED), "what was removed after it, when rules are set"),
            optional("prune_error", Text, "why nothing more was removed"),
            optional("notices", List(&Shape::Object(&TOLD)), "who was told how it ended, when the settings name somebody"),
        ],
    },
    Schema {
        name: "wpp.backup-list/1",
        commands: &["wpp backup list"],
        data: data![
            always("folder", Text, "the folder or s3:// address"),
            always("archives", List(&Shape::Object(&SHELVED)), "oldest first"),
            always("sets", List(&Shape::Object(&SHELVED_SET)), "sets of gateways' state, oldest first; none for one session"),
        ],
    },
    Schema {
        name: "wpp.backup-show/1",
        commands: &["wpp backup show"],
        data: data![
            always("path", Text, "the archive"),
            always("manifest", Shape::Object(&MANIFEST), "what it says about itself; not verified"),
        ],
    },
    Schema {
        name: "wpp.backup-verify/1",
        commands: &["wpp backup verify"],
        data: data![
            always("path", Text, "the archive"),
            nullable("level", Text, "how far it was verified: hash, quick or restore; null when it failed"),
            always("sha256", Text, "SHA-256 of the file, in hex"),
            always("size_bytes", Number, "its size"),
            always("took_ms", Number, "how long it took"),
            always("whole", Boolean, "whether both databases are inside and were sound"),
            always("manifest", Shape::Object(&MANIFEST), "what it says about itself"),
            optional(
                "paired",
                Boolean,
                "level restore: whether it comes back linked to a phone; null if it did not get that far"
            ),
            optional("sandbox", Text, "level restore: where the sandbox was kept; null if it was not"),
            optional("failed_level", Text, "level restore: the level whose demands it does not meet; null if it passed"),
            optional("failed_why", Text, "level restore: in which way; null if it passed"),
        ],
    },
    Schema { name: "wpp.capacity/1", commands: &["wpp capacity"], data: Shape::Object(&capacity::CAPACITY) },
    Schema {
        name: "wpp.chats/1",
        commands: &["wpp chats"],
        data: data![SOURCE, always("chats", List(&Shape::Object(&CHAT)), "the one with the newest message first")],
    },
    Schema { name: "wpp.config/1", commands: &["wpp config"], data: Map(&Shape::Object(&SETTING)) },
    Schema {
        name: "wpp.daemon/1",
        commands: &["wpp daemon"],
        data: data![always("session", Text, "the session"), always("ran_ms", Number, "how long it ran")],
    },
    Schema {
        name: "wpp.doctor/1",
        commands: &["wpp doctor"],
        data: data![
            always("home", Text, "the home's folder"),
            nullable("kind", Text, "live or sandbox; null when the home does not open"),
            always("version", Text, "the version of wpp"),
            always("sessions", TEXTS, "sessions that were looked at"),
            always("plugins", TEXTS, "plugins whose checks were made"),
            always("states", List(&Shape::Object(&STANDING)), "where each session stands, as far as that was looked at"),
            always("counts", Map(&Number), "number of findings for each severity"),
            always("checks", List(&Shape::Object(&MADE)), "checks that were made"),
            always("skipped", List(&Shape::Object(&SKIPPED)), "checks that were not"),
            always("fail_on", Text, "the severity from which findings fail"),
            always("shown_from", Text, "the severity from which findings are listed, beside those that are unknown"),
            nullable(
                "score",
                Number,
                "100 is nothing found, 0 is ruin: the mean of host and sessions, each of which loses 1 for a note, 5 for a warning, 10 for what could not be checked, 25 for an error and 60 for what is critical; null when no check was made"
            ),
            always("suppressed", List(&Shape::Object(&SUPPRESSED)), "found, and by the settings not told"),
            always("mended", List(&Shape::Object(&MENDED)), "found before, and no more"),
            nullable("not_kept", Text, "why nothing of this is kept for the next time; null when it is"),
            always("took_ms", Number, "how long it took"),
            optional("fixes", List(&Shape::Object(&FIXED)), "present with --fix"),
            optional("before", Map(&Number), "the counts before the fixes; present when fixes were applied"),
        ],
    },
    Schema {
        name: "wpp.doctor-checks/1",
        commands: &["wpp doctor --list", "wpp doctor --explain"],
        data: data![always("checks", List(&Shape::Object(&CHECK)), "the catalog, or the part that was asked for")],
    },
    Schema { name: "wpp.drill/1", commands: &["wpp drill run"], data: Shape::Object(&DRILL_RUN) },
    Schema {
        name: "wpp.drill-guard/1",
        commands: &["wpp drill guard"],
        data: data![always("session", Text, "the session"), always("guards", TEXTS, "the guards, all of which hold")],
    },
    Schema {
        name: "wpp.drill-plan/1",
        commands: &["wpp drill run --dry-run"],
        data: data![
            always("drill", Text, "its id"),
            always("sandbox", Boolean, "whether it runs in a throw-away sandbox"),
            always("blocks", Any, "as in wpp.runbook-plan/1"),
        ],
    },
    Schema {
        name: "wpp.drill-runs/1",
        commands: &["wpp drill run --all"],
        data: data![always("drills", List(&Shape::Object(&DRILL_RUN)), "each of them")],
    },
    Schema {
        name: "wpp.drill-show/1",
        commands: &["wpp drill show"],
        data: data![
            always("id", Text, "its id"),
            always("origin", Text, "wpp, or the file that it stands in"),
            always("text", Text, "what is written there"),
        ],
    },
    Schema {
        name: "wpp.drill-faults/1",
        commands: &["wpp drill inject --list"],
        data: data![always("faults", List(&Shape::Object(&FAULT)), "all of them")],
    },
    Schema {
        name: "wpp.drill-inject/1",
        commands: &["wpp drill inject"],
        data: data![
            always("fault", Text, "its name"),
            always("session", Text, "the session"),
            nullable("injected_ms", Number, "when, since 1970; null when it was taken back"),
            nullable("pid", Number, "the process that was hit, or that holds what is held"),
            always("done", Text, "what exactly was done"),
            nullable(
                "really",
                Boolean,
                "of a full disk, whether the system itself says so, or a fault of wpp's own disk layer; else null"
            ),
        ],
    },
    Schema {
        name: "wpp.drill-recovery/1",
        commands: &["wpp drill recovery"],
        data: data![
            always("fault", Text, "the newest fault that was injected"),
            always("session", Text, "the session"),
            always("recovery_ms", Number, "from its injection to READY"),
            always("was_down", Boolean, "whether the session left READY since; if not, the time is until it was looked at"),
        ],
    },
    Schema {
        name: "wpp.drill-list/1",
        commands: &["wpp drill list"],
        data: data![always("drills", List(&Shape::Object(&DRILL)), "all of them")],
    },
    Schema { name: "wpp.dump-check/1", commands: &["wpp dump check"], data: Shape::Object(&DUMP) },
    Schema {
        name: "wpp.dump-load/1",
        commands: &["wpp dump load"],
        data: data![
            always("dump", Shape::Object(&DUMP), "what was loaded"),
            always("database", Text, "what it was loaded into"),
            always("tables", Map(&Number), "rows by table, as they are there now"),
        ],
    },
    Schema {
        name: "wpp.dump-rehearsal/1",
        commands: &["wpp dump rehearse"],
        data: data![
            nullable("dump", Shape::Object(&DUMP), "what was rehearsed; null when it is no dump"),
            nullable("server_version", Text, "what the disposable server calls its version"),
            always(
                "tables",
                Map(&Number),
                "rows by table, as they came back; DATABASE/TABLE where the dump makes its own databases"
            ),
            always("queries", List(&Shape::Object(&DUMP_ANSWER)), "the answers to the smoke SQL"),
            nullable("standing", Shape::Object(&DUMP_SERVER), "the server, when it was kept"),
            nullable("dump_kept", Text, "where a dump lies that was downloaded and kept"),
            always("aborted", Boolean, "whether the operator ended it"),
        ],
    },
    Schema {
        name: "wpp.dump-servers/1",
        commands: &["wpp dump servers"],
        data: data![always("servers", List(&Shape::Object(&DUMP_SERVER)), "those that were kept, and what is left of others")],
    },
    Schema {
        name: "wpp.dump-set/1",
        commands: &["wpp backup --channel"],
        data: data![
            always("path", Text, "path or address of the set"),
            always("size_bytes", Number, "size of the file"),
            nullable("level", Text, "how far it was verified; null when no key is here to read it back with"),
            always("complete", Boolean, "whether nothing is missing that belongs to the gateway's state"),
            always("manifest", Shape::Object(&DUMP_SET), "what is inside"),
        ],
    },
    Schema {
        name: "wpp.dump-set-prune/1",
        commands: &["wpp backup prune --channel"],
        data: data![
            always("channel", Text, "the gateway's name in config.toml"),
            always("folder", Text, "where the sets are"),
            always("dry_run", Boolean, "whether nothing was to be removed, or nothing had to be"),
            always("time_zone", Text, "in which hours and days are counted"),
            always("rules", Shape::Object(&RULES), "what is kept"),
            always("sets", List(&Shape::Object(&DECISION)), "oldest first"),
            always("removed", TEXTS, "sets, in the order of their removal"),
            always("freed_bytes", Number, "what they took"),
        ],
    },
    Schema {
        name: "wpp.dump-set-restore/1",
        commands: &["wpp restore --set --into"],
        data: data![
            always("set", Text, "path or address of the set"),
            always("into", Text, "the folder that it was laid out in"),
            always("complete", Boolean, "whether nothing is missing that belongs to the gateway's state"),
            always("manifest", Shape::Object(&DUMP_SET), "what is inside"),
        ],
    },
    Schema {
        name: "wpp.dump-set-verify/1",
        commands: &["wpp backup verify"],
        data: data![
            always("path", Text, "path or address of the set"),
            always("level", Text, "how far it was verified: hash or quick"),
            always("complete", Boolean, "whether nothing is missing that belongs to the gateway's state"),
            always("manifest", Shape::Object(&DUMP_SET), "what is inside"),
        ],
    },
    Schema { name: "wpp.dump-stop/1", commands: &["wpp dump stop"], data: data![always("folder", Text, "what is gone")] },
    Schema {
        name: "wpp.evidence-export/1",
        commands: &["wpp evidence export"],
        data: data![
            always("id", Text, "the run"),
            always("path", Text, "the file"),
            always("size_bytes", Number, "its size"),
            always("sha256", Text, "its SHA-256 in hex"),
        ],
    },
    Schema {
        name: "wpp.evidence-list/1",
        commands: &["wpp evidence list"],
        data: data![always(
            "evidence",
            List(&Shape::Object(&Object {
                name: "evidence",
                fields: &[
                    always("id", Text, "what was run, and when"),
                    always("of", Text, "the runbook or drill; ? when the report does not say"),
                    nullable("verdict", Text, "how it ended; null when the report cannot be read"),
                    nullable("began", Text, "RFC 3339 in UTC"),
                    always("path", Text, "the folder"),
                    always("size_bytes", Number, "the size of all its files"),
                ],
            })),
            "oldest first",
        )],
    },
    Schema {
        name: "wpp.evidence-rotation/1",
        commands: &["wpp evidence rotation"],
        data: data![
            always(
                "rotated",
                List(&Shape::Object(&Object {
                    name: "credential",
                    fields: &[
                        always("name", Text, "its name"),
                        nullable("change", Text, "rotated, unchanged, added or removed; null when it is in neither file"),
                    ],
                })),
                "the credentials that were asked for",
            ),
            always("files", List(&Text), "what was written"),
            always("id", Text, "what the evidence is called"),
            always("sums", Text, "the file with the hashes of these"),
        ],
    },
    Schema {
        name: "wpp.evidence-verify/1",
        commands: &["wpp evidence verify"],
        data: data![always(
            "verified",
            List(&Shape::Object(&Object {
                name: "verified evidence",
                fields: &[
                    always("id", Text, "the run"),
                    always("verdict", Text, "pass when every file is as it was"),
                    always("observed", Text, "which are not"),
                ],
            })),
            "those that were looked at",
        )],
    },
    Schema {
        name: "wpp.events/1",
        commands: &["wpp events"],
        data: data![
            SOURCE,
            nullable("last_id", Number, "the id to go on after"),
            always(
                "events",
                List(&Shape::Object(&STREAM_EVENT)),
                "oldest first; with --follow each is the data of an output event"
            ),
        ],
    },
    Schema {
        name: "wpp.logs/1",
        commands: &["wpp logs"],
        data: data![
            always("file", Text, "the log"),
            always(
                "lines",
                List(&Any),
                "oldest first, as the daemon wrote them; with --follow each is the data of an output event"
            ),
        ],
    },
    Schema {
        name: "wpp.messages/1",
        commands: &["wpp messages"],
        data: data![SOURCE, always("messages", List(&Shape::Object(&MESSAGE)), "newest first")],
    },
    Schema {
        name: "wpp.outbound/1",
        commands: &["wpp outbound pause", "wpp outbound resume"],
        data: data![
            always("paused", Boolean, "whether messages stay in the outbox"),
            always("pending", Number, "messages in the outbox that the server has not answered"),
        ],
    },
    Schema {
        name: "wpp.outbox/1",
        commands: &["wpp outbound list"],
        data: data![SOURCE, always("outbox", List(&Shape::Object(&OUTGOING)), "oldest first")],
    },
    Schema {
        name: "wpp.prune/1",
        commands: &["wpp backup prune"],
        data: data![
            always("session", Text, "the session"),
            always("folder", Text, "where the archives are"),
            always("dry_run", Boolean, "whether nothing was to be removed, or nothing had to be"),
            always("time_zone", Text, "in which hours and days are counted"),
            always("rules", Shape::Object(&RULES), "what is kept"),
            always("archives", List(&Shape::Object(&DECISION)), "oldest first"),
            always("removed", TEXTS, "archives, in the order of their removal"),
            always("freed_bytes", Number, "what they took"),
            always("spared", TEXTS, "what the plan let go and a second look did not"),
        ],
    },
    Schema {
        name: "wpp.prune-set-aside/1",
        commands: &["wpp backup prune --set-aside"],
        data: data![
            always("session", Text, "the session"),
            always("dry_run", Boolean, "whether nothing was to be removed, or nothing had to be"),
            always("older_than", Text, "the age from which copies go"),
            always("copies", List(&Shape::Object(&ASIDE)), "oldest first, by kind"),
            always("removed", TEXTS, "folders"),
            always("freed_bytes", Number, "what they took"),
        ],
    },
    Schema {
        name: "wpp.reset/1",
        commands: &["wpp reset"],
        data: data![
            always("session", Text, "the session"),
            always("backup", Text, "the archive of all it held, or of a part"),
            always("removed", TEXTS, "files and folders"),
            nullable("kept", Text, "the folder with the files, where the archive holds them only in part"),
        ],
    },
    Schema {
        name: "wpp.reset-plan/1",
        commands: &["wpp reset --dry-run"],
        data: data![
            always("session", Text, "the session"),
            always("removes", TEXTS, "files and folders"),
            always("backup_folder", Text, "where the archive would go"),
        ],
    },
    Schema {
        name: "wpp.restore/1",
        commands: &["wpp restore"],
        data: data![
            always("dry_run", Boolean, "whether nothing was to be changed"),
            always("archive", Text, "the archive"),
            always("plan", Shape::Object(&PLAN), "what was decided"),
            optional("current", Shape::Object(&CURRENT), "with --dry-run: what is there now"),
            optional("good", Boolean, "whether the session is restored, and healthy if it was started"),
            optional("rolled_back", Boolean, "whether the old files were put back"),
            optional("health", Shape::Object(&HEALTH), "what the started daemon showed"),
            optional("old", Text, "where this restore set the old files aside"),
            optional("old_copies", List(&Shape::Object(&OLD_COPY)), "all that restores have set aside"),
            optional("rekeyed", Shape::Object(&REKEYED), "with the plan rekey: what was done to the Signal store"),
            optional(
                "woken",
                Boolean,
                "whether the own phone was woken; absent or null when it need not be or the daemon was not seen READY"
            ),
            optional("passed_over", List(&Text), "newer archives that `latest` does not mean, each with what it lacks"),
            optional("adopted", Shape::Object(&ADOPTED), "what was done about messages that wait to be sent"),
        ],
    },
    Schema {
        name: "wpp.runbook-lint/1",
        commands: &["wpp runbook lint"],
        data: data![
            always("files", TEXTS, "what was looked at"),
            always("findings", List(&Shape::Object(&RUNBOOK_FINDING)), "all that is wrong"),
        ],
    },
    Schema {
        name: "wpp.runbook-list/1",
        commands: &["wpp runbook list"],
        data: data![always("runbooks", List(&Shape::Object(&RUNBOOK)), "by their ids")],
    },
    Schema {
        name: "wpp.runbook-new/1",
        commands: &["wpp runbook new"],
        data: data![
            always("id", Text, "its id"),
            always("kind", Text, "runbook or drill"),
            always("path", Text, "the file that was written"),
        ],
    },
    Schema {
        name: "wpp.runbook-plan/1",
        commands: &["wpp runbook run --dry-run"],
        data: data![
            always("runbook", Text, "the runbook's id"),
            always("guards", TEXTS, "what must hold before the run and before every step"),
            always("shell_allowed", Boolean, "whether its scripts would be run"),
            always(
                "blocks",
                List(&Shape::Object(&RUNBOOK_PLANNED)),
                "in the order of the run; what takes others back comes last"
            ),
        ],
    },
    Schema {
        name: "wpp.runbook-run/1",
        commands: &["wpp runbook run", "wpp runbook resume", "wpp runbook undo"],
        data: data![
            always("run", Text, "its id"),
            always("runbook", Text, "the runbook's id"),
            always("kind", Text, "runbook or drill"),
            always("verdict", Text, "pass, deviated, aborted, inconclusive or skipped"),
            nullable("aborted_by", Text, "operator, guard or nobody"),
            nullable("cause", Text, "why it ended so"),
            always("evidence", Text, "its evidence folder"),
            always("home", Text, "the home that it worked on"),
            always("began", Text, "RFC 3339 in UTC"),
            always("took_ms", Number, "how long it took, from its first beginning"),
            always("open", Boolean, "whether something is left to resume or to undo"),
            always("steps", List(&Shape::Object(&RUNBOOK_DONE)), "what became of its blocks, in order"),
            always("undone", TEXTS, "steps that were taken back"),
            always("left", TEXTS, "steps whose undo failed, and which are left as they are"),
            nullable(
                "verified_again",
                Boolean,
                "whether the verification after the undo was as expected; null when there was none"
            ),
            always("values", Map(&Text), "parameters and saved values, without secrets"),
            always("remarks", TEXTS, "what it says of itself beside the verdict, as its document has it"),
            always("report", Text, "the report for people"),
        ],
    },
    Schema {
        name: "wpp.runbook-runs/1",
        commands: &["wpp runbook runs"],
        data: data![always("runs", List(&Shape::Object(&RUNBOOK_RUN)), "newest first")],
    },
    Schema {
        name: "wpp.runbook-show/1",
        commands: &["wpp runbook show"],
        data: data![
            always("id", Text, "its id"),
            always("origin", Text, "wpp, or the path of the file"),
            always("text", Text, "the whole text"),
            nullable("sha256", Text, "of the text; null when it cannot be read as a runbook"),
            nullable("parameters", Map(&Shape::Object(&RUNBOOK_PARAMETER)), "by their names; null as sha256 is"),
            always("blocks", List(&Shape::Object(&RUNBOOK_BLOCK)), "its executable blocks, in their order"),
        ],
    },
    Schema {
        name: "wpp.schedule/1",
        commands: &["wpp schedule list"],
        data: data![
            always("entries", List(&Shape::Object(&ENTRY)), "by name"),
            nullable("looked", Text, "when somebody last looked for what is due, RFC 3339 in UTC"),
            always("daemon", Boolean, "whether daemons look"),
        ],
    },
    Schema {
        name: "wpp.schedule-install/1",
        commands: &["wpp schedule install"],
        data: data![
            nullable("by", Text, "systemd or cron; null with --print"),
            always("installed", Boolean, "whether it is there now"),
            always("unit", Text, "the name of the units, and the mark of the crontab's line"),
            always("done", TEXTS, "what was done"),
            always("files", List(&Shape::Object(&INSTALLED_FILE)), "with --print, what would be written"),
        ],
    },
    Schema {
        name: "wpp.schedule-next/1",
        commands: &["wpp schedule next"],
        data: data![always("next", List(&Shape::Object(&NEXT_TIME)), "soonest first")],
    },
    Schema {
        name: "wpp.schedule-run/1",
        commands: &["wpp schedule run"],
        data: data![always(
            "dispatched",
            List(&Shape::Object(&DISPATCHED)),
            "due times that this run dispatched; with --follow those alone that did not run"
        )],
    },
    Schema {
        name: "wpp.search/1",
        commands: &["wpp search"],
        data: data![
            SOURCE,
            always("mode", Text, "fts; scan for words without a letter or digit; degraded when the index cannot be used"),
            nullable("problem", Text, "what is wrong with the index"),
            always("messages", List(&Shape::Object(&MESSAGE)), "newest first"),
        ],
    },
    Schema { name: "wpp.search-rebuild/1", commands: &["wpp search --rebuild"], data: data![always("rebuilt", Boolean, "true")] },
    Schema {
        name: "wpp.send/1",
        commands: &["wpp send"],
        data: data![
            always("client_message_id", Text, "the caller's id, or the one made for it"),
            nullable("message_id", Text, "WhatsApp's id, or the gateway's; null when a gateway tells none"),
            always(
                "state",
                Text,
                "queued, sending, accepted or rejected; handed_over: a gateway has it, and does not tell whether WhatsApp has",
            ),
            optional("duplicate", Boolean, "whether this id had been sent before; gateways do not tell"),
            optional("took_ms", Number, "until the daemon answered, which waits for the server's word; none of a gateway"),
            optional("error", Text, "why it was refused"),
        ],
    },
    Schema {
        name: "wpp.status/1",
        commands: &["wpp status", "wpp start", "wpp restart", "wpp reauth"],
        data: Shape::Object(&STATUS),
    },
    Schema {
        name: "wpp.status-list/1",
        commands: &["wpp status --all", "wpp status"],
        data: data![always("sessions", List(&Shape::Object(&STATUS)), "sorted by name")],
    },
    Schema {
        name: "wpp.stop/1",
        commands: &["wpp stop"],
        data: data![
            always("session", Text, "the session"),
            optional("pid", Number, "of this host: the process that was stopped; null when none ran"),
            optional("killed", Boolean, "of this host: whether it had to be killed"),
            always("took_ms", Number, "how long it took"),
            optional("state", Text, "of a gateway: where its session stands now, as in status"),
        ],
    },
    Schema {
        name: "wpp.support-bundle/1",
        commands: &["wpp support-bundle"],
        data: Shape::Object(&support_bundle::SUPPORT_BUNDLE),
    },
    Schema {
        name: "wpp.sync/1",
        commands: &["wpp sync start", "wpp sync stop", "wpp sync status"],
        data: data![
            always("enabled", Boolean, "whether the connection is kept"),
            always("state", Text, "as in status"),
            always("reason", Text, "as in status"),
        ],
    },
    Schema {
        name: "wpp.webhook/1",
        commands: &["wpp webhook test", "wpp webhook enable", "wpp webhook disable", "wpp webhook retry"],
        data: data![
            always("channel", Text, "the gateway"),
            always("act", Text, "test, enable, disable or retry"),
            always("id", Text, "the webhook; retry: the delivery"),
            optional("said", Text, "test: what the receiver answered"),
            optional("enabled", Boolean, "enable, disable: whether it is on now"),
        ],
    },
    Schema {
        name: "wpp.webhook-failures/1",
        commands: &["wpp webhook failures"],
        data: data![
            always("channel", Text, "the gateway"),
            always(
                "failures",
                List(&Shape::Object(&Object {
                    name: "delivery",
                    fields: &[
                        always("id", Text, "what `wpp webhook retry` takes"),
                        always("webhook", Text, "the webhook"),
                        always("event", Text, "what happened"),
                        nullable("at_ms", Number, "when it happened; null when the gateway does not tell"),
                        always("tries", Number, "how often it was tried"),
                        always("trouble", Text, "why it failed"),
                    ],
                })),
                "what could not be delivered",
            ),
        ],
    },
    Schema {
        name: "wpp.webhooks/1",
        commands: &["wpp webhook list"],
        data: data![
            always("channel", Text, "the gateway"),
            always(
                "webhooks",
                List(&Shape::Object(&Object {
                    name: "webhook",
                    fields: &[
                        always("id", Text, "what the gateway calls it"),
                        nullable("session", Text, "the session that it is for; null for all"),
                        always("url", Text, "where it sends to, without a user's name, a password and a query"),
                        always("events", TEXTS, "what it sends"),
                        always("enabled", Boolean, "whether it is on"),
                    ],
                })),
                "all of them",
            ),
        ],
    },
];

impl Shape {
    /// The type's name for people.
    fn words(&self) -> String {
        match self {
            Text => "text".into(),
            Number => "number".into(),
            Boolean => "true or false".into(),
            Any => "any".into(),
            List(item) => format!("list of {}", item.words()),
            Map(item) => format!("object of {}", item.words()),
            Shape::Object(object) => object.name.into(),
        }
    }

    /// Named objects in it, each once, those that are named first first.
    fn objects(&self, found: &mut Vec<&'static Object>) {
        match self {
            Text | Number | Boolean | Any => {}
            List(item) | Map(item) => item.objects(found),
            Shape::Object(object) => {
                if !object.name.is_empty() {
                    if found.iter().any(|other| other.name == object.name) {
                        return;
                    }
                    found.push(object);
                }
                for field in object.fields {
                    field.shape.objects(found);
                }
            }
        }
    }
}

/// `wpp-json(5)`, in the language of man pages.
pub fn man_page() -> String {
    let mut text = String::from(
        ".TH WPP-JSON 5 \"\" wpp \"wpp manual\"\n.SH NAME\nwpp\\-json \\- documents that wpp writes with \\-\\-format json\n\
         .SH DESCRIPTION\nWith \\fB\\-\\-format json\\fR a command writes one JSON document per line to standard output: events while \
         it works, then one report, or one error when it fails. A new version may add fields; it takes none away and changes \
         none, unless the number at the end of the schema rises. Fields whose name ends in _ms are milliseconds; those that are \
         points in time count from the Unix epoch.\n",
    );
    let mut objects: Vec<&'static Object> = Vec::new();
    text.push_str(".SH LINES\n");
    for object in [&REPORT, &ERROR, &EVENT] {
        section(&mut text, object.name, "", object.fields);
        for field in object.fields {
            field.shape.objects(&mut objects);
        }
    }
    text.push_str(".SH DATA OF REPORTS\n");
    for schema in SCHEMAS {
        schema.data.objects(&mut objects);
        let fields = match schema.data {
            Shape::Object(object) if object.name.is_empty() => object.fields,
            _ => &[],
        };
        let commands: Vec<String> = schema.commands.iter().map(|command| format!("\\fB{}\\fR", escape(command))).collect();
        let mut note = format!("Written by {}.", commands.join(", "));
        if fields.is_empty() {
            note.push_str(&format!(" It is: {}.", escape(&schema.data.words())));
        }
        section(&mut text, schema.name, &note, fields);
    }
    text.push_str(".SH OBJECTS\n");
    for object in objects {
        section(&mut text, object.name, "", object.fields);
    }
    text.push_str(".SH SEE ALSO\n\\fBwpp\\fR(1), \\fBwpp\\-archives\\fR(7)\n");
    text
}

fn section(text: &mut String, heading: &str, note: &str, fields: &[Field]) {
    text.push_str(&format!(".SS {}\n", escape(heading)));
    if !note.is_empty() {
        text.push_str(&format!("{note}\n"));
    }
    for field in fields {
        let presence = match field.presence {
            Presence::Always => "",
            Presence::Nullable => ", or null",
            Presence::Optional => ", optional",
        };
        let (name, shape, meaning) = (escape(field.name), escape(&field.shape.words()), escape(field.meaning));
        text.push_str(&format!(".TP\n\\fB{name}\\fR ({shape}{presence})\n{meaning}\n"));
    }
}

fn escape(text: &str) -> String {
    // No text here begins with a dot or an apostrophe, which would be an order to the typesetter.
    text.replace('\\', "\\e").replace('-', "\\-")
}
