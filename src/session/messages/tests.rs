//! Tests of the whole database.

use super::*;

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Place {
        Place { folder: tempfile::tempdir().unwrap() }
    }

    fn session(&self) -> SessionPaths {
        SessionPaths::at(self.folder.path(), "main")
    }

    fn open(&self) -> Messages {
        Messages::open(&self.session().wpp_db()).unwrap()
    }

    /// Another program's hands on the file.
    fn raw(&self) -> Connection {
        Connection::open(self.session().wpp_db()).unwrap()
    }

    fn files(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

fn text(id: &str, text: &str) -> Incoming {
    Incoming {
        id: id.into(),
        chat: "1@s.whatsapp.net".into(),
        sender: "1@s.whatsapp.net".into(),
        sender_name: Some("Ann".into()),
        kind: "text".into(),
        text: text.into(),
        sent_ms: 1000,
        ..Incoming::default()
    }
}

fn undecryptable(id: &str) -> Incoming {
    Incoming { kind: UNDECRYPTABLE.into(), text: String::new(), ..text(id, "") }
}

fn found(messages: &Messages, words: &str) -> (SearchMode, Vec<String>) {
    let found = messages.search(words, 100).unwrap();
    (found.mode, found.messages.into_iter().map(|message| message.id).collect())
}

fn kinds(messages: &Messages) -> Vec<String> {
    messages.events_after(0, 1000).unwrap().events.into_iter().map(|event| event.kind).collect()
}

#[test]
fn the_files_are_for_their_owner_alone() {
    let place = Place::new();
    let messages = place.open();
    messages.ingest(&text("1", "x")).unwrap();
    for name in ["wpp.db", "wpp.db-wal", "wpp.db-shm"] {
        let (mode, _) = disk::mode_and_owner(&place.folder.path().join(name)).unwrap().unwrap();
        assert_eq!(mode, disk::FILE_MODE, "{name}");
    }
    drop(messages);
    assert_eq!(place.files(), ["wpp.db"]);
}

#[test]
fn a_message_is_stored_once_however_often_it_comes() {
    let place = Place::new();
    let messages = place.open();
    assert_eq!(messages.ingest(&text("1", "hello")).unwrap(), Ingested::New);
    assert_eq!(messages.ingest(&text("1", "hello")).unwrap(), Ingested::Duplicate);
    assert_eq!(messages.ingest(&text("1", "forged")).unwrap(), Ingested::Duplicate);
    drop(messages);
    let messages = place.open();
    assert_eq!(messages.ingest(&text("1", "hello")).unwrap(), Ingested::Duplicate);
    // Another chat, and another sender in the chat, may use the same id.
    let other = Incoming { sender: "2@s.whatsapp.net".into(), ..text("1", "hi") };
    assert_eq!(messages.ingest(&other).unwrap(), Ingested::New);
    let mine = Incoming { from_me: true, ..text("1", "me") };
    assert_eq!(messages.ingest(&mine).unwrap(), Ingested::New);
    // This account goes by two JIDs; its messages are still one.
    let mine = Incoming { from_me: true, sender: "9@lid".into(), ..text("1", "me") };
    assert_eq!(messages.ingest(&mine).unwrap(), Ingested::Duplicate);
    assert_eq!(kinds(&messages), ["message"; 3]);
    assert_eq!(messages.list(None, None, 10).unwrap().len(), 3);
    // Even when the write-ahead row is long gone.
    place.raw().execute_batch("DELETE FROM inbound").unwrap();
    assert_eq!(messages.ingest(&text("1", "hello")).unwrap(), Ingested::Duplicate);
}

#[test]
fn a_readable_copy_takes_the_place_of_an_unreadable_one_and_never_the_reverse() {
    let place = Place::new();
    let messages = place.open();
    assert_eq!(messages.ingest(&undecryptable("1")).unwrap(), Ingested::New);
    assert_eq!(messages.ingest(&undecryptable("1")).unwrap(), Ingested::Duplicate);
    assert_eq!(messages.counts().unwrap().undecryptable, 1);
    assert_eq!(messages.ingest(&text("1", "hello world")).unwrap(), Ingested::Replaced);
    assert_eq!(messages.ingest(&undecryptable("1")).unwrap(), Ingested::Duplicate);
    assert_eq!(messages.ingest(&text("1", "again")).unwrap(), Ingested::Duplicate);
    let counts = messages.counts().unwrap();
    assert_eq!((counts.messages, counts.undecryptable, counts.inbound_waiting), (1, 0, 0));
    assert_eq!(found(&messages, "hello"), (SearchMode::Fts, vec!["1".into()]));
}

#[test]
fn what_a_crash_left_between_the_steps_is_projected_once_at_the_next_opening() {
    let place = Place::new();
    drop(place.open());
    let incoming = text("1", "kept");
    let late = text("2", "replaced");
    let raw = place.raw();
    for incoming in [&incoming, &late] {
        raw.execute(
            "INSERT INTO inbound (chat, id, author, payload, readable, received_ms) VALUES (?1, ?2, ?3, ?4, 1, 0)",
            params![incoming.chat, incoming.id, inbound::author(incoming), serde_json::to_string(incoming).unwrap()],
        )
        .unwrap();
    }
    // What no version understands stays, and is counted.
    raw.execute("INSERT INTO inbound VALUES ('c', 'x', 'a', 'not json', 1, 0, 0)", []).unwrap();
    // A crash in the middle of a transaction leaves nothing of it.
    raw.execute_batch("BEGIN IMMEDIATE; DELETE FROM inbound; INSERT INTO chats (jid) VALUES ('ghost')").unwrap();
    drop(raw);
    for _ in 0..2 {
        let messages = place.open();
        assert_eq!(messages.counts().unwrap().inbound_waiting, 1);
        assert_eq!(messages.counts().unwrap().messages, 2);
        assert_eq!(kinds(&messages), ["message", "message"]);
        assert_eq!(messages.ingest(&incoming).unwrap(), Ingested::Duplicate);
        assert_eq!(messages.chats().unwrap().len(), 1);
    }
}

#[test]
fn a_message_that_cannot_be_projected_is_kept_and_projected_when_it_can() {
    let place = Place::new();
    let messages = place.open();
    let raw = place.raw();
    raw.execute_batch("CREATE TRIGGER no BEFORE INSERT ON messages BEGIN SELECT RAISE(ABORT, 'no'); END").unwrap();
    messages.ingest(&text("1", "kept")).unwrap();
    let counts = messages.counts().unwrap();
    assert_eq!((counts.messages, counts.inbound_waiting, counts.events), (0, 1, 0));
    assert_eq!(messages.ingest(&text("1", "kept")).unwrap(), Ingested::Duplicate);
    raw.execute_batch("DROP TRIGGER no").unwrap();
    drop((raw, messages));
    let counts = place.open().counts().unwrap();
    assert_eq!((counts.messages, counts.inbound_waiting, counts.events), (1, 0, 1));
}

#[test]
fn an_accepted_message_joins_the_messages_and_sending_ones_are_queued_again_after_a_crash() {
    let place = Place::new();
    let now = clock::now_ms();
    let messages = place.open();
    messages.set_account("9@s.whatsapp.net").unwrap();
    for id in ["a", "b"] {
        messages.enqueue(id, &format!("ID{id}"), &format!("{id}@s.whatsapp.net"), "out", now).unwrap();
    }
    assert_eq!(messages.take_due(now).unwrap().unwrap().message_id, "IDa");
    assert_eq!(messages.take_due(now).unwrap().unwrap().message_id, "IDb");
    messages.answer("IDa", None, now).unwrap();
    drop(messages);
    let messages = place.open();
    assert_eq!(messages.outgoing("a").unwrap().unwrap().state, OutboxState::Accepted);
    let back = messages.outgoing("b").unwrap().unwrap();
    assert_eq!((back.state, back.message_id.as_str(), back.tries), (OutboxState::Queued, "IDb", 1));
    assert_eq!(messages.take_due(now).unwrap().unwrap().message_id, "IDb");
    let stored = &messages.list(None, None, 10).unwrap()[0];
    assert_eq!((stored.id.as_str(), stored.from_me, stored.sender.as_str()), ("IDa", true, "9@s.whatsapp.net"));
    // The phone's copy of it, delivered later, is the same message; so is a second answer.
    messages.answer("IDa", None, now).unwrap();
    let echo =
        Incoming { id: "IDa".into(), chat: "a@s.whatsapp.net".into(), sender: "9@lid".into(), from_me: true, ..text("", "out") };
    assert_eq!(messages.ingest(&echo).unwrap(), Ingested::Duplicate);
    assert_eq!(messages.counts().unwrap().messages, 1);
    assert_eq!(kinds(&messages), ["outbox", "outbox", "outbox", "message"]);
    assert_eq!(messages.outbox(false, 10).unwrap().len(), 1);
    assert_eq!(messages.outbox(true, 10).unwrap().len(), 2);
}

#[test]
fn a_search_takes_any_input_as_words() {
    let place = Place::new();
    let messages = place.open();
    messages.ingest(&text("1", "Crème brûlée, 100% good! 🎉 it's \"quoted\" a_b AND or c:\\dir")).unwrap();
    messages.ingest(&text("2", "plain words here")).unwrap();
    for hit in [
        "creme",
        "BRÛLÉE",
        "brul",
        "good crème",
        "100%",
        "\"quoted\"",
        "it's",
        "AND",
        "a_b",
        "c:\\dir",
        "good 🎉",
        "cr\0me".split('\0').next().unwrap(),
    ] {
        assert_eq!(found(&messages, hit), (SearchMode::Fts, vec!["1".into()]), "{hit}");
    }
    assert_eq!(found(&messages, "🎉"), (SearchMode::Scan, vec!["1".into()]));
    assert_eq!(found(&messages, "good 🚀").1, Vec::<String>::new());
    assert_eq!(found(&messages, "%").1, ["1"]);
    let nasty = [
        "\"",
        "\"\"\"",
        "*",
        "a*",
        "NEAR(",
        "NEAR(a b, 5)",
        "text:",
        "text: x",
        "-x",
        "NOT",
        "OR",
        "AND AND",
        "(",
        ")",
        "{}",
        "^x",
        "+",
        "';--",
        "a\"b",
        "\\",
        "_",
        "\u{202e}x",
        "x\0y",
        "\u{feff}",
        "ﷺ",
        "a' OR '1'='1",
        "messages_fts",
        "{text} : x",
        "𒐫",
        "\u{1F469}\u{200d}\u{1F4BB}",
    ];
    for words in nasty {
        match messages.search(words, 5) {
            Ok(found) => assert_ne!(found.mode, SearchMode::Degraded, "{words:?}: {:?}", found.problem),
            Err(error) => panic!("{words:?}: {}", error.chain()),
        }
    }
    for wrong in ["", " \n ", "\0", &"x".repeat(SEARCH_BYTES_MAX + 1)] {
        assert_eq!(messages.search(wrong, 5).unwrap_err().kind(), ErrorKind::Usage, "{wrong:?}");
    }
    let many = "a ".repeat(SEARCH_BYTES_MAX / 2);
    assert_eq!(found(&messages, &many).0, SearchMode::Fts);
    let many = "% ".repeat(SEARCH_BYTES_MAX / 2);
    assert_eq!(found(&messages, &many).0, SearchMode::Scan);
    assert!(messages.search("words", 0).unwrap().messages.is_empty());
}

#[test]
fn without_its_index_search_is_degraded_says_so_and_nothing_is_lost() {
    type Break = (&'static str, fn(&Connection));
    let breaks: [Break; 5] = [
        ("gone", |raw| raw.execute_batch("DROP TABLE messages_fts").unwrap()),
        ("half gone", |raw| {
            // As a damaged copy may have it: the schema speaks of tables that are not there.
            raw.execute_batch("PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = 'messages_fts_idx'; PRAGMA writable_schema = RESET").unwrap();
        }),
        ("scrambled", |raw| raw.execute_batch("UPDATE messages_fts_data SET block = x'deadbeefdeadbeef'").unwrap()),
        ("emptied", |raw| raw.execute_batch("INSERT INTO messages_fts (messages_fts) VALUES ('delete-all')").unwrap()),
        ("untended", |raw| raw.execute_batch("DROP TRIGGER messages_fts_insert").unwrap()),
    ];
    for (name, damage) in breaks {
        let place = Place::new();
        let messages = place.open();
        messages.ingest(&text("1", "one hello")).unwrap();
        drop(messages);
        damage(&place.raw());
        for _ in 0..2 {
            let messages = place.open();
            let answer = messages.search("hello", 10).unwrap();
            assert_eq!((answer.mode, answer.messages.len()), (SearchMode::Degraded, 1), "{name}");
            assert!(answer.problem.is_some());
        }
        let messages = place.open();
        assert_eq!(messages.ingest(&text("2", "two hello")).unwrap(), Ingested::New, "{name}");
        assert_eq!(found(&messages, "hello"), (SearchMode::Degraded, vec!["2".into(), "1".into()]), "{name}");
        messages.rebuild_index().unwrap_or_else(|error| panic!("{name}: {}", error.chain()));
        assert_eq!(messages.index_problem().unwrap(), None, "{name}");
        messages.ingest(&text("3", "three hello")).unwrap();
        assert_eq!(found(&messages, "hello"), (SearchMode::Fts, vec!["3".into(), "2".into(), "1".into()]), "{name}");
        place.raw().execute_batch("INSERT INTO messages_fts (messages_fts) VALUES ('integrity-check')").unwrap();
        let check: String = place.raw().query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        // What the forged schema no longer names stays as an unused page, which hurts nobody.
        assert!(check == "ok" || (name == "half gone" && check.contains("never used")), "{name}: {check}");
    }
}

#[test]
fn events_are_in_order_bounded_and_their_ids_are_never_used_again() {
    let place = Place::new();
    let messages = place.open();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let into = seen.clone();
    messages.observe(Box::new(move |id| into.lock().unwrap().push(id)));
    let before = clock::now_ms();
    let first = messages.add_event("a", &json!({"n": 1})).unwrap();
    let second = messages.add_event("b", &json!({"n": 2})).unwrap();
    assert!(first >= before && second > first);
    assert_eq!(*seen.lock().unwrap(), [first, second]);
    let page = messages.events_after(first, 10).unwrap();
    assert_eq!((page.lost_through, page.events.len(), page.events[0].id), (None, 1, second));
    // The clock going back does not make ids go back, not even when all events are gone.
    let raw = place.raw();
    let far = second + 10_000_000;
    raw.execute("INSERT INTO events (id, kind, at_ms, data) VALUES (?1, 'x', 0, '{}')", [far]).unwrap();
    raw.execute_batch("DELETE FROM events").unwrap();
    assert!(messages.add_event("c", &json!({})).unwrap() > far);
    raw.execute_batch(&format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) INSERT INTO events (kind, at_ms, data) SELECT 'x', 0, '{{}}' FROM n",
        EVENTS_MAX + 50
    ))
    .unwrap();
    for _ in 0..open::PRUNE_EVERY {
        messages.set_sync_enabled(true).unwrap();
    }
    assert_eq!(messages.counts().unwrap().events.cast_signed(), EVENTS_MAX);
    let page = messages.events_after(first, 1).unwrap();
    assert!(page.lost_through.is_some_and(|lost| lost >= far && lost < page.events[0].id));
    assert_eq!(
        messages.events_after(messages.newest_event_id().unwrap(), 10).unwrap(),
        EventPage { lost_through: None, events: vec![] }
    );
}

#[test]
fn transitions_and_markers_survive_a_restart() {
    let place = Place::new();
    let messages = place.open();
    assert!(messages.sync_enabled().unwrap() && !messages.outbound_paused().unwrap());
    messages.add_transition(State::Ready, State::Error, Reason::LoggedOut, Some("401"), 7).unwrap();
    messages.set_outbound_paused(true).unwrap();
    messages.set_sync_enabled(false).unwrap();
    let marker = LoggedOut { at_ms: 7, reason: Reason::MainDeviceGone };
    messages.set_logged_out(Some(&marker)).unwrap();
    drop(messages);
    let messages = place.open();
    assert!(!messages.sync_enabled().unwrap() && messages.outbound_paused().unwrap());
    assert_eq!(messages.logged_out().unwrap(), Some(marker));
    let transitions = messages.transitions_since(7).unwrap();
    assert_eq!((transitions.len(), transitions[0].to.as_str(), transitions[0].reason.as_str()), (1, "ERROR", "logged_out"));
    assert!(messages.transitions_since(8).unwrap().is_empty());
    assert_eq!(messages.events_after(0, 9).unwrap().events[0].data["state"], "ERROR");
    messages.set_logged_out(None).unwrap();
    assert_eq!(messages.logged_out().unwrap(), None);
    place.raw().execute_batch("INSERT INTO settings VALUES ('logged_out', 'yes', 0)").unwrap();
    assert!(!messages.logged_out().unwrap_err().hints().is_empty());
}

#[test]
fn the_servers_last_word_outlives_stops_and_tries() {
    let place = Place::new();
    let messages = place.open();
    assert_eq!(messages.last_word().unwrap(), None);
    let told = ban_told(Duration::from_secs(7200), 1_000);
    messages.add_transition(State::Connecting, State::Error, Reason::TemporaryBan, Some(&told), 7).unwrap();
    for (from, to) in [
        (State::Error, State::Stopped),
        (State::Booting, State::Connecting),
        (State::Connecting, State::Reconnecting),
        (State::Reconnecting, State::Stopped),
    ] {
        messages.add_transition(from, to, Reason::Normal, None, 8).unwrap();
    }
    let word = messages.last_word().unwrap().unwrap();
    assert_eq!((word.to.as_str(), word.reason.as_str(), word.at_ms), ("ERROR", "temporary_ban", 7));
    assert_eq!((word.ban_ends_ms(), told.starts_with("the ban ends in 2 h")), (Some(7_201_000), true));
    messages.add_transition(State::Syncing, State::Ready, Reason::Normal, None, 9).unwrap();
    let word = messages.last_word().unwrap().unwrap();
    assert_eq!((word.to.as_str(), word.ban_ends_ms()), ("READY", None));
}

#[test]
fn a_queued_message_never_leaves_from_another_account() {
    let place = Place::new();
    let messages = place.open();
    // Before any account was linked: the first one takes it over.
    messages.enqueue("early", "ID0", "a@s.whatsapp.net", "early", 1).unwrap();
    assert_eq!(messages.set_account("1@s.whatsapp.net").unwrap(), 0);
    messages.enqueue("queued", "ID1", "b@s.whatsapp.net", "queued", 2).unwrap();
    assert_eq!(messages.set_account("1@s.whatsapp.net").unwrap(), 0);
    assert_eq!(messages.take_due(5).unwrap().unwrap().message_id, "ID0");
    let seen = messages.newest_event_id().unwrap();
    drop(messages);
    let messages = place.open();
    assert_eq!(messages.set_account("2@s.whatsapp.net").unwrap(), 2);
    assert_eq!(messages.take_due(i64::MAX).unwrap(), None);
    for id in ["early", "queued"] {
        let row = messages.outgoing(id).unwrap().unwrap();
        assert_eq!((row.state, row.error.as_deref()), (OutboxState::Rejected, Some(FOR_ANOTHER_ACCOUNT)));
    }
    let told = messages.events_after(seen, 10).unwrap().events;
    assert_eq!(told.iter().filter(|event| event.kind == "outbox" && event.data["state"] == "rejected").count(), 2);
    messages.enqueue("new", "ID2", "b@s.whatsapp.net", "new", 9).unwrap();
    assert_eq!(messages.take_due(9).unwrap().unwrap().message_id, "ID2");
    // Back at the first account, what was rejected stays so.
    assert_eq!(messages.set_account("1@s.whatsapp.net").unwrap(), 1);
    assert_eq!(messages.take_due(i64::MAX).unwrap(), None);
}

#[test]
fn chats_carry_names_and_sizes() {
    let place = Place::new();
    let messages = place.open();
    messages.ingest(&text("1", "x")).unwrap();
    messages.ingest(&Incoming { chat: "7@g.us".into(), sent_ms: 2000, ..text("2", "y") }).unwrap();
    messages.name_chat("7@g.us", "Family").unwrap();
    let chats = messages.chats().unwrap();
    assert_eq!(chats.iter().map(|chat| (chat.name.as_str(), chat.messages)).collect::<Vec<_>>(), [("Family", 1), ("Ann", 1)]);
    assert_eq!(messages.list(Some("7@g.us"), None, 10).unwrap().len(), 1);
    assert_eq!(messages.list(None, Some(2000), 10).unwrap()[0].id, "1");
    assert_eq!(messages.list(None, None, 1).unwrap()[0].id, "2");
}

#[test]
fn a_newer_a_foreign_and_a_damaged_database_are_refused_untouched() {
    let place = Place::new();
    drop(place.open());
    place.raw().pragma_update(None, "user_version", 99).unwrap();
    let error = Messages::open(&place.session().wpp_db()).unwrap_err();
    assert!(error.message().contains("newer") && !error.hints().is_empty(), "{error}");
    assert!(Messages::open_read_only(&place.session()).unwrap_err().message().contains("newer"));

    let place = Place::new();
    place.raw().execute_batch("CREATE TABLE theirs (x); PRAGMA user_version = 2").unwrap();
    let before = std::fs::read(place.session().wpp_db()).unwrap();
    assert!(Messages::open(&place.session().wpp_db()).unwrap_err().message().contains("another program"));
    assert_eq!(std::fs::read(place.session().wpp_db()).unwrap(), before);

    for damage in [&b"x".repeat(9000), &b"SQLite format 3\0 and no more".to_vec()] {
        let place = Place::new();
        std::fs::write(place.session().wpp_db(), damage).unwrap();
        for error in
            [Messages::open(&place.session().wpp_db()).unwrap_err(), Messages::open_read_only(&place.session()).unwrap_err()]
        {
            assert!(error.message().contains("damaged"), "{}", error.chain());
            assert!(error.hints()[0].contains("restore"));
        }
        assert_eq!(&std::fs::read(place.session().wpp_db()).unwrap(), damage);
    }
}

#[test]
fn a_read_only_look_leaves_nothing_and_writes_nothing() {
    let place = Place::new();
    assert!(Messages::open_read_only(&place.session()).unwrap().is_none());
    assert!(place.files().is_empty());
    let messages = place.open();
    messages.ingest(&text("1", "hello")).unwrap();
    drop(messages);
    let before = std::fs::read(place.session().wpp_db()).unwrap();
    let reading = Messages::open_read_only(&place.session()).unwrap().unwrap();
    assert_eq!(found(&reading, "hello"), (SearchMode::Fts, vec!["1".into()]));
    assert_eq!(reading.counts().unwrap().messages, 1);
    assert_eq!(reading.ingest(&text("2", "x")).unwrap_err().kind(), ErrorKind::Denied);
    drop(reading);
    assert_eq!(place.files(), ["wpp.db"]);
    assert_eq!(std::fs::read(place.session().wpp_db()).unwrap(), before);
}

#[test]
fn a_long_search_holds_up_neither_the_outbox_nor_what_comes_in() {
    let place = Place::new();
    let messages = place.open();
    let searching = messages.0.searcher.as_ref().unwrap().lock().unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    let other = messages.clone();
    std::thread::spawn(move || {
        other.ingest(&text("1", "x")).unwrap();
        other.enqueue("a", "ID", "1@s.whatsapp.net", "x", 1).unwrap();
        other.take_due(1).unwrap().unwrap();
        other.counts().unwrap();
        other.events_after(0, 10).unwrap();
        sender.send(()).unwrap();
    });
    receiver.recv_timeout(Duration::from_secs(5)).unwrap();
    drop(searching);
    assert_eq!(found(&messages, "x").1, ["1"]);
}

#[test]
fn a_database_that_somebody_else_writes_is_busy_not_broken() {
    let place = Place::new();
    let messages = place.open();
    let raw = place.raw();
    raw.execute_batch("BEGIN IMMEDIATE").unwrap();
    if let Some(writer) = &messages.0.writer {
        writer.lock().unwrap().busy_timeout(Duration::from_millis(20)).unwrap();
    }
    assert_eq!(messages.ingest(&text("1", "x")).unwrap_err().kind(), ErrorKind::Locked);
    raw.execute_batch("ROLLBACK").unwrap();
    assert_eq!(messages.ingest(&text("1", "x")).unwrap(), Ingested::New);
    assert_eq!(messages.index_problem().unwrap(), None);
}

#[test]
fn what_others_write_is_seen_and_what_this_value_writes_is_not() {
    let place = Place::new();
    let messages = place.open();
    messages.ingest(&text("1", "hello")).unwrap();
    messages.ingest(&text("2", "hello")).unwrap();
    place.raw().query_row("SELECT count(*) FROM messages", [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(messages.edited_ms().unwrap(), None);
    place.raw().execute("UPDATE messages SET text = 'x' WHERE id = '1'", []).unwrap();
    let seen = messages.edited_ms().unwrap();
    assert!(seen.is_some());
    // The first time counts, and a value that only reads cannot tell.
    place.raw().execute("UPDATE messages SET text = 'y' WHERE id = '1'", []).unwrap();
    assert_eq!(messages.edited_ms().unwrap(), seen);
    assert_eq!(Messages::open_read_only(&place.session()).unwrap().unwrap().edited_ms().unwrap(), None);
    drop(messages);
    assert_eq!(place.open().edited_ms().unwrap(), None);
}

#[test]
fn the_least_delay_is_of_messages_of_others_that_came_of_late() {
    let place = Place::new();
    let messages = place.open();
    let now_ms = clock::now_ms();
    let least = || messages.traffic(now_ms).unwrap().least_delay_ms;
    assert_eq!(least(), None);
    for (id, from_me, sent_ms, stored_ms) in
        [("1", false, now_ms - 7000, now_ms - 2000), ("2", false, now_ms - 90_000, now_ms), ("3", true, now_ms + 90_000, now_ms)]
    {
        let sql = "INSERT INTO messages (chat, id, author, sender, from_me, kind, text, sent_ms, stored_ms)
                   VALUES ('c', ?1, 'a', 'a', ?2, 'text', 'x', ?3, ?4)";
        place.raw().execute(sql, params![id, from_me, sent_ms, stored_ms]).unwrap();
    }
    assert_eq!(least(), Some(5000));
    place.raw().execute("UPDATE messages SET stored_ms = sent_ms - 70000 WHERE id = '2'", []).unwrap();
    assert_eq!(least(), Some(-70_000));
    place.raw().execute("UPDATE messages SET stored_ms = ?1, sent_ms = ?1 + 70000", [now_ms - 2 * 3_600_000]).unwrap();
    assert_eq!(least(), None);
}
