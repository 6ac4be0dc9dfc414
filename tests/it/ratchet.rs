//! The proof that a restore with fresh keys loses no message, and that an old Signal state does.
//!
//! The real daemon with the real library talks to peers that really decrypt, drop what looks like a
//! repeat without a word, and honour retry requests. One session has a peer for every case of how
//! far a conversation has moved on since the archive was made, so one restore proves them all.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use wpp::daemon::api::SendRequest;
use wpp::daemon::client::Client;
use wpp::home::{Home, SessionPaths};
use wpp::journal::Journal;
use wpp::session::rekey;
use wpp::whatsapp::simulator::{Knob, Request};

use crate::simulated::Simulated;

/// How often something was sent, or went to and fro, after the archive was made.
const STEPS: [u32; 4] = [0, 1, 5, 50];

/// Messages in each direction after a restore.
const AFTER: u32 = 20;

/// All of a phase has come to its end within this, on a slow machine too.
const PATIENCE: Duration = Duration::from_secs(180);

/// Who speaks first after the restore.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum First {
    Us,
    Them,
}

/// One conversation: a peer, or a group and the member who writes.
#[derive(Debug, Clone)]
struct Talk {
    name: String,
    peer: String,
    group: Option<String>,
    first: First,
    /// What we sent after the archive was made.
    sends: u32,
    /// Round trips after that.
    rounds: u32,
}

impl Talk {
    fn chat(&self) -> String {
        self.group.clone().unwrap_or_else(|| format!("{}@s.whatsapp.net", self.peer))
    }
}

/// Every case of K sends and R round trips, in both orders.
fn matrix() -> Vec<Talk> {
    let mut talks = Vec::new();
    for (number, first) in [First::Us, First::Them].into_iter().enumerate() {
        for sends in STEPS {
            for rounds in STEPS {
                let name = format!("K={sends} R={rounds} first={first:?}");
                let peer = format!("15550{number}{sends:02}{rounds:02}");
                talks.push(Talk { name, peer, group: None, first, rounds, sends });
            }
        }
    }
    talks
}

/// A linked session and what was said in it.
struct Bench {
    simulated: Simulated,
    session: SessionPaths,
    client: Client,
    started: Instant,
}

impl Bench {
    fn new() -> Bench {
        let simulated = Simulated::with_settings(
            "[daemon]\nstart_timeout_ms = 15000\ndrain_timeout_ms = 5000\nwatchdog_ms = 10000\nack_timeout_ms = 20000\n",
        );
        let outcome = simulated.link();
        assert_eq!(outcome.code, 0, "{outcome:?}");
        let session = Home::open(simulated.home.path()).unwrap().session("main");
        let client = Client::connect(&session).unwrap();
        Bench { simulated, session, client, started: Instant::now() }
    }

    #[expect(clippy::print_stderr, reason = "with --nocapture it shows where the time goes")]
    fn note(&self, what: &str) {
        eprintln!("{:6.1} s  {what}", self.started.elapsed().as_secs_f32());
    }

    fn run(&mut self, arguments: &[&str]) -> Value {
        let (code, report) = self.simulated.home.json(arguments);
        assert_eq!(code, 0, "{arguments:?}: {report}");
        report
    }

    fn start(&mut self) {
        self.run(&["start"]);
        self.client = Client::connect(&self.session).unwrap();
    }

    fn stop(&mut self) {
        self.run(&["stop"]);
    }

    /// Makes an archive; its path.
    fn backup(&mut self) -> String {
        self.run(&["backup"])["data"]["path"].as_str().unwrap().to_owned()
    }

    /// Makes a group of us and these numbers; its JID.
    fn group(&self, subject: &str, members: &[&str]) -> String {
        let members = members.iter().map(|member| (*member).to_owned()).collect();
        self.simulated.ask(Request::GroupCreate { subject: subject.into(), members })["group"].as_str().unwrap().to_owned()
    }

    /// Restores the archive and starts the daemon; the report.
    fn restore(&mut self, archive: &str, plan: &str) -> Value {
        let report = self.run(&["restore", archive, "--plan", plan, "--yes"]);
        self.client = Client::connect(&self.session).unwrap();
        assert_eq!(self.simulated.state().0, "READY", "{report}");
        report
    }

    fn wait(&self, what: &str, mut missing: impl FnMut() -> Vec<String>) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = missing();
            if left.is_empty() {
                return;
            }
            assert!(Instant::now() < deadline, "{what}: {} missing: {:?}", left.len(), &left[..left.len().min(12)]);
            std::thread::sleep(Duration::from_millis(25));
        }
    }

    /// Sends texts and waits until the server took them all.
    fn send(&self, messages: impl IntoIterator<Item = (String, String)>) {
        for (to, text) in messages {
            let request = SendRequest { client_message_id: None, to, text, wait_ms: 0 };
            self.client.send(&request).unwrap();
        }
        self.wait("the server's answers", || match self.client.status().unwrap().outbox_pending {
            0 => Vec::new(),
            pending => vec![format!("{pending} pending")],
        });
    }

    fn say(&self, talk: &Talk, text: &str, count: u32) {
        let (from, group) = (talk.peer.clone(), talk.group.clone());
        self.simulated.ask(Request::PeerSend { from, text: text.into(), count, group });
    }

    /// Every text in our store.
    fn received(&self, chat: &str) -> BTreeSet<String> {
        let page = self.client.messages(Some(chat), None, 1000).unwrap();
        page.messages.into_iter().filter(|message| !message.from_me).map(|message| message.text).collect()
    }

    /// Every text that a peer read, with whether it was in this group.
    fn read_by(&self, peer: &str) -> BTreeSet<String> {
        texts(&self.simulated.ask(Request::PeerInbox { peer: peer.into() }))
    }

    fn counter(&self, name: &str) -> u64 {
        self.simulated.ask(Request::Status)["counters"][name].as_u64().unwrap()
    }

    /// The one companion, as the server knows it.
    fn companion(&self) -> Value {
        let status = self.simulated.ask(Request::Status);
        let all = status["companions"].as_array().unwrap();
        assert!(all.len() == 1 && all[0]["unlinked"] == false, "it was linked again: {status}");
        all[0].clone()
    }

    fn highest_key(&self) -> u64 {
        self.companion()["highest_one_time_key"].as_u64().unwrap()
    }

    /// Conversations begin, and end with what others say, as they mostly do.
    fn begin(&self, talks: &[Talk]) {
        self.send(talks.iter().map(|talk| (talk.chat(), "hello".to_owned())));
        for talk in talks {
            self.say(talk, "hello to you", 1);
        }
        self.heard(talks, &["hello to you".to_owned()]);
    }

    fn heard(&self, talks: &[Talk], wanted: &[String]) {
        let mut left: Vec<&Talk> = talks.iter().collect();
        self.wait("what others wrote", || {
            left.retain(|talk| {
                let received = self.received(&talk.chat());
                !wanted.iter().all(|text| received.contains(text))
            });
            left.iter().map(|talk| talk.name.clone()).collect()
        });
    }

    fn understood(&self, talks: &[Talk], wanted: &[String]) {
        let mut left: Vec<&Talk> = talks.iter().collect();
        self.wait("what we wrote", || {
            left.retain(|talk| {
                let read = self.read_by(&talk.peer);
                !wanted.iter().all(|text| read.contains(text))
            });
            left.iter().map(|talk| talk.name.clone()).collect()
        });
    }

    /// The conversations move on, each as far as its case says: what we send alone first, so that the
    /// keys of the archive are used up in what others still remember.
    fn move_on(&self, talks: &[Talk], label: &str) {
        let most = talks.iter().map(|talk| talk.sends).max().unwrap_or(0);
        self.send((1..=most).flat_map(|number| {
            talks.iter().filter(move |talk| talk.sends >= number).map(move |talk| (talk.chat(), format!("{label} send {number}")))
        }));
        for round in 1..=talks.iter().map(|talk| talk.rounds).max().unwrap_or(0) {
            let taking_part: Vec<Talk> = talks.iter().filter(|talk| talk.rounds >= round).cloned().collect();
            let (ping, pong) = (format!("{label} ping {round}"), format!("{label} pong {round}"));
            for talk in &taking_part {
                self.say(talk, &ping, 1);
            }
            self.heard(&taking_part, &[ping]);
            self.send(taking_part.iter().map(|talk| (talk.chat(), pong.clone())));
        }
    }

    /// After a restore: everybody writes 20 messages, we or they first.
    fn afterwards(&self, talks: &[Talk], label: &str) {
        let of = |first: First| talks.iter().filter(|talk| talk.first == first).cloned().collect::<Vec<_>>();
        let (ours, theirs) = (numbered(&format!("{label} ours")), numbered(&format!("{label} theirs")));
        let we_write = |talks: &[Talk]| {
            self.send(ours.iter().flat_map(|text| talks.iter().map(|talk| (talk.chat(), text.clone()))).collect::<Vec<_>>());
        };
        let they_write = |talks: &[Talk]| talks.iter().for_each(|talk| self.say(talk, &format!("{label} theirs"), AFTER));
        they_write(&of(First::Them));
        we_write(&of(First::Us));
        self.note("the first have written");
        self.heard(&of(First::Them), &theirs);
        self.understood(&of(First::Us), &ours);
        they_write(&of(First::Us));
        we_write(&of(First::Them));
        self.heard(&of(First::Us), &theirs);
        self.understood(&of(First::Them), &ours);
        self.note("everybody has read everything");
    }

    /// The own phone writes, and the copies come here.
    fn phone_writes(&self, label: &str) -> BTreeSet<String> {
        let texts: BTreeSet<String> = (1..=3).map(|number| format!("{label} from the phone {number}")).collect();
        for text in &texts {
            self.simulated.ask(Request::PhoneSend { to: "15550777777".into(), text: text.clone() });
        }
        texts
    }

    /// The conversation with the own phone moves on too: it writes, and gets copies of what we write.
    fn turn_the_phone(&self, talk: &Talk, label: &str) {
        let copies = self.phone_writes(label);
        self.wait("copies of what the phone wrote", || copies.difference(&self.copies()).cloned().collect());
        self.send([(talk.chat(), format!("{label}: the phone gets a copy"))]);
    }

    fn copies(&self) -> BTreeSet<String> {
        let page = self.client.messages(Some("15550777777@s.whatsapp.net"), None, 1000).unwrap();
        page.messages.into_iter().map(|message| message.text).filter(|text| !text.is_empty()).collect()
    }
}

fn numbered(text: &str) -> Vec<String> {
    (1..=AFTER).map(|number| format!("{text} {number}")).collect()
}

fn texts(inbox: &Value) -> BTreeSet<String> {
    let messages = inbox["messages"].as_array().unwrap();
    messages.iter().filter_map(|message| message["text"].as_str().map(str::to_owned)).collect()
}

#[test]
fn a_restore_with_fresh_keys_loses_no_message_however_far_the_session_moved_on() {
    let mut bench = Bench::new();
    let mut talks = matrix();
    // Groups that the archive knows, in both orders.
    for (number, first) in [First::Us, First::Them].into_iter().enumerate() {
        let writer = format!("1555060{number}001");
        let known = bench.group("known", &[&writer, &format!("1555060{number}002"), &format!("1555060{number}003")]);
        let name = format!("group first={first:?}");
        talks.push(Talk { name, peer: writer, group: Some(known), first, rounds: 20, sends: 5 });
    }
    bench.begin(&talks);
    bench.note("conversations have begun");
    bench.stop();
    let archive = bench.backup();
    let archive_keys = bench.highest_key();
    bench.start();
    bench.move_on(&talks, "since");
    bench.turn_the_phone(&talks[0], "since");
    bench.note("conversations have moved on");

    // Since then: one-time keys went up twice, the signed key was rotated, a stranger came in
    // under a key that the archive does not know, and a group was made.
    for _ in 0..2 {
        let before = bench.highest_key();
        // A client that still finishes an upload lets the word pass, so it is said again, as a server does.
        let mut said = None;
        bench.wait("an upload", || {
            if bench.highest_key() > before {
                return Vec::new();
            }
            if said.is_none_or(|said: Instant| said.elapsed() > Duration::from_secs(2)) {
                said = Some(Instant::now());
                bench.simulated.ask(Request::KeysLow { companion: None });
            }
            vec!["keys".into()]
        });
    }
    bench.simulated.ask(Request::Set { knob: Knob::NewestKeysFirst });
    let stranger = |number: u32, first| Talk {
        name: format!("stranger {number}"),
        peer: format!("155507{number:04}"),
        group: None,
        first,
        rounds: 0,
        sends: 0,
    };
    let since = stranger(1, First::Us);
    bench.say(&since, "hello to you", 1);
    bench.heard(std::slice::from_ref(&since), &["hello to you".into()]);
    talks.push(since);
    for (number, first) in [First::Us, First::Them].into_iter().enumerate() {
        let writer = format!("1555061{number}001");
        let new = bench.group("new", &[&writer, &format!("1555061{number}002")]);
        let talk =
            Talk { name: format!("new group first={first:?}"), peer: writer, group: Some(new), first, rounds: 0, sends: 0 };
        bench.begin(std::slice::from_ref(&talk));
        talks.push(talk);
    }
    bench.stop();
    let rotate = || {
        let store = rusqlite::Connection::open(bench.session.session_db()).unwrap();
        store.execute("UPDATE device SET last_signed_pre_key_rotation_ms = 1", []).unwrap();
    };
    rotate();
    let before = bench.companion()["signed_key"].clone();
    bench.start();
    bench.wait("a rotation", || if bench.companion()["signed_key"] == before { vec!["key".into()] } else { Vec::new() });
    let lost_keys = bench.highest_key();
    assert!(lost_keys > archive_keys, "nothing was uploaded since");
    bench.note("keys were uploaded and rotated");

    // While the session is down: a stranger takes a key whose private half will be lost, and others write.
    bench.simulated.kill_daemon();
    let mut waiting: Vec<Talk> = talks.iter().filter(|talk| talk.first == First::Us && talk.rounds == 5).cloned().collect();
    let lost = stranger(2, First::Us);
    waiting.push(lost.clone());
    talks.push(lost);
    for talk in &waiting {
        bench.say(talk, "while you were down", 3);
    }
    for name in ["session.db", "wpp.db"] {
        std::fs::write(bench.session.folder().join(name), "x".repeat(9000)).unwrap();
    }

    let relinked = bench.counter("pairings");
    let mut highest = lost_keys;
    for (label, plan) in [("first", "auto"), ("second", "rekey")] {
        let report = bench.restore(&archive, plan);
        assert_eq!((&report["data"]["plan"]["kind"], &report["data"]["woken"]), (&json!("rekey"), &json!(true)), "{report}");
        let next = report["data"]["rekeyed"]["next_prekey_id"].as_u64().unwrap();
        assert!(next > highest, "{next} may have been used: {highest} was");
        bench.note(&format!("{label} restore"));
        let copies = bench.phone_writes(label);
        bench.wait("copies of what the phone wrote", || copies.difference(&bench.copies()).cloned().collect());
        if label == "first" {
            let down: Vec<String> = (1..=3).map(|number| format!("while you were down {number}")).collect();
            bench.heard(&waiting, &down);
            bench.note("what waited has come");
            let new = stranger(3, First::Them);
            bench.say(&new, "hello to you", 1);
            bench.heard(std::slice::from_ref(&new), &["hello to you".into()]);
            talks.push(new);
        }
        bench.afterwards(&talks, label);
        // The other members of groups read them too.
        let wanted = numbered(&format!("{label} ours"));
        for talk in talks.iter().filter(|talk| talk.group.is_some()) {
            let other = Talk { peer: format!("{}2", &talk.peer[..talk.peer.len() - 1]), ..talk.clone() };
            bench.understood(std::slice::from_ref(&other), &wanted);
        }
        // And so did the own phone.
        let own = texts(&bench.simulated.ask(Request::PhoneInbox));
        assert!(wanted.iter().all(|text| own.contains(text)), "{label}: the own phone misses copies of what we sent");
        highest = bench.highest_key();
        assert!(highest >= next, "no new keys went up");
    }
    assert_eq!(bench.counter("pairings"), relinked, "it was linked again");
    assert_eq!(bench.counter("history_asked"), 2, "the phone is woken once after each restore");
    assert_eq!(bench.counter("faults"), 0, "{}", bench.simulated.ask(Request::Status));
}

#[test]
fn an_old_signal_state_put_back_by_force_loses_messages_without_a_word() {
    let mut bench = Bench::new();
    let mut talks: Vec<Talk> = matrix().into_iter().filter(|talk| talk.first == First::Us).collect();
    let group = bench.group("known", &["15550600001", "15550600002"]);
    let name = "group".to_owned();
    let grouped = Talk { name, peer: "15550600001".into(), group: Some(group), first: First::Us, sends: 5, rounds: 1 };
    talks.push(grouped.clone());
    bench.begin(&talks);
    bench.stop();
    let archive = bench.backup();
    bench.start();
    bench.move_on(&talks, "since");
    // To the peer whose conversation has gone to and fro most, where one message more says nothing.
    bench.turn_the_phone(talks.iter().max_by_key(|talk| talk.rounds).unwrap(), "since");
    bench.stop();
    bench.note("conversations have moved on");
    let report = bench.restore(&archive, "force-exact");
    assert_eq!(report["data"]["plan"]["kind"], "force-exact");
    assert!(report["data"]["plan"]["loses"][0].as_str().unwrap().contains("without a word"), "{report}");
    let asked = bench.counter("retries_asked_by_others");
    let copies = bench.phone_writes("after");
    let ours = numbered("ours");
    bench.send(ours.iter().flat_map(|text| talks.iter().map(|talk| (talk.chat(), text.clone()))).collect::<Vec<_>>());
    // A receiver remembers five chains of keys: that of the archive, and one more with each turn.
    // A key that is used a second time within them is a repeat, and is dropped without a word.
    // What is encrypted with an older chain it cannot read, says so, and is sent it again.
    let is_silent = |sends: u32, rounds: u32| (1..=5).contains(&(rounds + u32::from(sends > 0)));
    let loud = talks.iter().filter(|talk| talk.group.is_none() && !is_silent(talk.sends, talk.rounds));
    bench.understood(&loud.cloned().collect::<Vec<_>>(), &ours);
    // The server took them all, and those who ask again had theirs meanwhile: what the others read they have read.
    std::thread::sleep(Duration::from_secs(2));
    let all = ours.len();
    let read = |talk: &Talk| {
        let inbox = bench.read_by(&talk.peer);
        ours.iter().filter(|text| inbox.contains(*text)).count()
    };
    let found: BTreeMap<(u32, u32), usize> =
        talks.iter().filter(|talk| talk.group.is_none()).map(|talk| ((talk.sends, talk.rounds), read(talk))).collect();
    bench.note(&format!("of {all} messages peers read, by sends and round trips: {found:?}"));
    for ((sends, rounds), read) in found {
        assert_eq!(
            read < all,
            is_silent(sends, rounds),
            "after {sends} sends and {rounds} round trips {read} of {all} were read"
        );
    }
    assert!(read(&grouped) < all, "the group read everything");
    assert!(bench.counter("retries_asked_by_others") > asked, "nobody asked for a repeat: not the receivers that are meant");
    assert!(!copies.is_subset(&bench.copies()), "all that the phone wrote has come");
}

#[test]
fn the_own_phone_is_woken_once_after_each_restore_and_without_it_its_copies_are_lost() {
    let mut bench = Bench::new();
    let talks = [Talk { sends: 1, rounds: 1, ..matrix()[0].clone() }];
    let journal = Journal::open(&bench.simulated.home.path().join("ops.db")).unwrap();
    // Nothing was ever said: there is no message that the phone could be asked about.
    bench.stop();
    let empty = bench.backup();
    bench.start();
    bench.stop();
    assert_eq!(rekey::owed_wake(&journal, "main").unwrap(), None);
    let report = bench.restore(&empty, "rekey");
    assert_eq!((&report["data"]["woken"], bench.counter("history_asked")), (&json!(true), 1), "{report}");
    bench.begin(&talks);
    bench.stop();
    let archive = bench.backup();
    bench.start();
    bench.move_on(&talks, "since");
    assert_eq!(bench.counter("history_asked"), 1, "a start without a restore woke it");

    // The journal is made to believe that it was woken already.
    let report = bench.run(&["restore", &archive, "--yes", "--keep-daemon-stopped"]);
    assert_eq!((&report["data"]["plan"]["kind"], &report["data"]["woken"]), (&json!("rekey"), &Value::Null), "{report}");
    let restore = rekey::owed_wake(&journal, "main").unwrap().expect("a wake is owed");
    journal.record(Some("main"), rekey::WAKE, &json!({ "restore": restore })).unwrap();
    assert_eq!(rekey::owed_wake(&journal, "main").unwrap(), None);
    bench.start();
    let lost = bench.phone_writes("unwoken");
    std::thread::sleep(Duration::from_secs(2));
    assert!(lost.is_disjoint(&bench.copies()), "the copies come without it, so this test sees nothing");
    assert_eq!(bench.counter("history_asked"), 1);

    // A daemon that was not there to wake it does so when it is.
    bench.stop();
    bench.run(&["restore", &archive, "--yes", "--keep-daemon-stopped"]);
    bench.start();
    bench.wait("the wake", || rekey::owed_wake(&journal, "main").unwrap().map(|id| id.to_string()).into_iter().collect());
    let copies = bench.phone_writes("woken");
    bench.wait("copies of what the phone wrote", || copies.difference(&bench.copies()).cloned().collect());
    assert_eq!(bench.counter("history_asked"), 2);
    bench.stop();
    bench.start();
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(bench.counter("history_asked"), 2, "it was woken again");

    // Refused once, it is tried again.
    bench.stop();
    bench.simulated.ask(Request::Set { knob: Knob::NackSends { code: 479, times: Some(1) } });
    let report = bench.restore(&archive, "rekey");
    assert_eq!((&report["data"]["woken"], bench.counter("history_asked")), (&json!(true), 3), "{report}");
    let events = bench.run(&["events"]);
    let told: Vec<&Value> = events["data"]["events"].as_array().unwrap().iter().filter(|event| event["kind"] == "wake").collect();
    let woken: Vec<&Value> = told.iter().map(|event| &event["data"]["woken"]).collect();
    assert_eq!(woken[woken.len() - 2..], [&json!(false), &json!(true)], "{told:?}");

    // And a restore that saw no wake says so.
    bench.stop();
    bench.simulated.ask(Request::Set { knob: Knob::NackSends { code: 479, times: None } });
    let (code, report) = bench.simulated.home.json(&["restore", &archive, "--plan", "rekey", "--yes"]);
    assert_eq!((code, &report["data"]["woken"], &report["verdict"]), (5, &json!(false), &json!("unknown")), "{report}");
}

#[test]
fn an_identity_that_the_phone_removed_is_said_to_be_of_no_use() {
    let mut bench = Bench::new();
    bench.stop();
    let archive = bench.backup();
    bench.start();
    bench.stop();
    // While nobody was there to see it.
    bench.simulated.ask(Request::PhoneUnlink { companion: None });
    let (code, report) = bench.simulated.home.json(&["restore", &archive, "--yes"]);
    let data = &report["data"];
    assert_eq!((code, &data["plan"]["kind"], &data["health"]["health"]), (0, &json!("rekey"), &json!("unlinked")), "{report}");
    assert!(data["woken"].is_null() && report["next"].to_string().contains("wpp reauth"), "{report}");
    // From now on the journal knows.
    let report = bench.run(&["restore", &archive, "--yes"]);
    assert_eq!(report["data"]["plan"]["kind"], "data", "{report}");
    let outcome = bench.simulated.home.run(&["restore", &archive, "--plan", "rekey", "--yes"]);
    assert!(outcome.code == 15 && outcome.stderr.contains("logged out"), "{outcome:?}");
}

/// Everything in a store that the edit is to leave alone.
fn kept(store: &rusqlite::Connection) -> Vec<String> {
    let mut all = Vec::new();
    for table in [
        "prekeys",
        "signed_prekeys",
        "identities",
        "sent_messages",
        "app_state_keys",
        "app_state_versions",
        "app_state_mutation_macs",
        "lid_pn_mapping",
        "tc_tokens",
        "msg_secrets",
        "pending_inbound_messages",
    ] {
        all.extend(rows(store, &format!("SELECT * FROM {table}")).into_iter().map(|row| format!("{table} {row}")));
    }
    all
}

fn rows(store: &rusqlite::Connection, query: &str) -> Vec<String> {
    let mut statement = store.prepare(query).unwrap();
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| {
        (0..columns).map(|column| row.get_ref(column).map(|value| format!("{value:?}"))).collect::<rusqlite::Result<Vec<_>>>()
    });
    rows.unwrap().map(|row| row.unwrap().join(",")).collect()
}

#[test]
fn the_edit_keeps_the_identity_and_what_strangers_use_and_nothing_that_ages() {
    let mut bench = Bench::new();
    let group = bench.group("known", &["15550600001", "15550600002"]);
    let grouped = Talk { peer: "15550600001".into(), group: Some(group), ..matrix()[0].clone() };
    bench.begin(&[grouped, matrix()[1].clone()]);
    bench.stop();
    let folder = tempfile::tempdir().unwrap();
    let copy = |name: &str| {
        let path = folder.path().join(name);
        std::fs::copy(bench.session.session_db(), &path).unwrap();
        path
    };
    let open = |path: &std::path::Path| rusqlite::Connection::open(path).unwrap();

    let path = copy("good.db");
    let store = open(&path);
    let before = kept(&store);
    let own = rows(
        &store,
        "SELECT pn, lid, registration_id, noise_key, identity_key, signed_pre_key, signed_pre_key_id, account FROM device",
    );
    let sender_keys = rows(&store, "SELECT address FROM sender_keys").len();
    let count = |store: &rusqlite::Connection, table: &str| rows(store, &format!("SELECT 1 FROM {table}")).len();
    assert!(before.len() > 812 && count(&store, "sessions") >= 3 && sender_keys >= 2, "{sender_keys}");
    drop(store);
    let rekeyed = rekey::rekey(&path, &[900_000]).unwrap();
    assert!(!path.with_extension("db-wal").exists() && !path.with_extension("db-shm").exists());
    let store = open(&path);
    assert_eq!(kept(&store), before);
    let same = "SELECT pn, lid, registration_id, noise_key, identity_key, signed_pre_key, signed_pre_key_id, account FROM device";
    assert_eq!(rows(&store, same), own);
    for table in ["sessions", "sender_key_devices", "base_keys", "device_registry", "group_metadata"] {
        assert_eq!(count(&store, table), 0, "{table}");
    }
    assert_eq!((rekeyed.own_sender_keys_dropped, count(&store, "sender_keys")), (1, sender_keys - 1));
    assert_eq!((rekeyed.prekeys_kept, rekeyed.highest_prekey_id), (count(&store, "prekeys") as u64, 900_000));
    let next = rekeyed.next_prekey_id;
    assert!(next > 900_000 + rekey::JUMP_MIN, "{next}");
    let device = rows(
        &store,
        "SELECT next_pre_key_id, first_unupload_pre_key_id, server_has_prekeys, last_signed_pre_key_rotation_ms FROM device",
    );
    assert_eq!(device, [format!("Integer({next}),Integer({next}),Integer(0),Integer(1)")]);
    drop(store);
    // Once more is the same again, further on.
    let again = rekey::rekey(&path, &[]).unwrap();
    assert!(again.sessions_dropped == 0 && again.next_prekey_id > next, "{again:?}");

    // What is not known well enough is left alone.
    let untouched = |what: &str, change: &str, part: &str| {
        let path = copy(what);
        open(&path).execute_batch(change).unwrap();
        let before = rows(&open(&path), "SELECT * FROM sessions");
        let error = rekey::rekey(&path, &[]).unwrap_err();
        assert!(error.message().contains(part) || error.chain().contains(part), "{what}: {}", error.chain());
        assert!(!error.hints().is_empty());
        if !change.contains("sessions") {
            assert_eq!(rows(&open(&path), "SELECT * FROM sessions"), before, "{what}");
        }
    };
    untouched("newer.db", "INSERT INTO __diesel_schema_migrations (version) VALUES ('20990101000000')", "a newer client library");
    untouched("older.db", "DELETE FROM __diesel_schema_migrations WHERE version > '20260601'", "an older client library");
    untouched("unlinked.db", "UPDATE device SET account = NULL", "no phone has admitted");
    untouched("empty.db", "PRAGMA foreign_keys = OFF; DELETE FROM device", "more than one device, or none");
    // A schema that was prepared runs nothing.
    untouched("view.db", "ALTER TABLE sessions RENAME TO hidden; CREATE VIEW sessions AS SELECT * FROM hidden", "");
    let path = copy("trigger.db");
    open(&path)
        .execute_batch(
            "CREATE TRIGGER t AFTER DELETE ON sessions BEGIN INSERT INTO sessions VALUES (old.address, old.record, 9); END",
        )
        .unwrap();
    rekey::rekey(&path, &[]).unwrap();
    assert_eq!(count(&open(&path), "sessions"), 0);
    // Somebody has it open.
    let path = copy("busy.db");
    let holder = open(&path);
    holder.execute_batch("UPDATE device SET push_name = 'x'").unwrap();
    assert!(rekey::rekey(&path, &[]).unwrap_err().message().contains("open"));
}
