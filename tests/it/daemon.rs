//! The daemon against the simulator: states and reasons, faults, drains, kills.

use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use wpp::daemon::api::{Auth, AuthStage, OutboxState, SendRequest, Status};
use wpp::daemon::client::Client;
use wpp::home::{Home, HomeKind, SessionPaths};
use wpp::journal::{Entry, Journal};
use wpp::session::state::{Reason, State};
use wpp::whatsapp::simulator::{Knob, Request};

use crate::harness::{TestHome, program};
use crate::simulated::{PATIENCE, PEER, Simulated};

/// A daemon of this test; killed with the value.
struct Daemon {
    child: Child,
    session: SessionPaths,
}

impl Daemon {
    fn start(home: &TestHome) -> Daemon {
        Daemon::start_with(home, "main", &[])
    }

    fn start_with(home: &TestHome, session: &str, settings: &[(&str, &str)]) -> Daemon {
        let mut command = home.command(&["daemon", "--session", session]);
        command.envs(settings.iter().copied()).stdout(Stdio::null()).stderr(Stdio::null());
        let session = Home::open(home.path()).unwrap().session(session);
        Daemon { child: command.spawn().unwrap(), session }
    }

    fn client(&self) -> Client {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match Client::connect(&self.session) {
                Ok(client) => return client,
                Err(error) => assert!(Instant::now() < deadline, "{}", error.chain()),
            }
            std::thread::sleep(Duration::from_millis(3));
        }
    }

    fn status(&self) -> Option<Status> {
        Client::connect(&self.session).and_then(|client| client.status()).ok()
    }

    /// Waits until the daemon says that it is so.
    #[track_caller]
    fn until<T>(&self, what: &str, mut pick: impl FnMut(&Status) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let status = self.status();
            if let Some(picked) = status.as_ref().and_then(&mut pick) {
                return picked;
            }
            assert!(Instant::now() < deadline, "{what} was not seen; last seen: {status:#?}\n{}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    #[track_caller]
    fn reaches(&self, state: State, reason: Reason) -> Status {
        let what = format!("{} ({})", state.name(), reason.name());
        self.until(&what, |status| ((status.state, status.reason) == (state, reason)).then(|| status.clone()))
    }

    #[track_caller]
    fn ready(&self) -> Status {
        self.reaches(State::Ready, Reason::Normal)
    }

    /// Waits until a message was handed over and not answered yet.
    #[track_caller]
    fn sends(&self, id: &str) {
        let client = self.client();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let sent = client.sent(id);
            if matches!(&sent, Ok(Some(answer)) if answer.state == OutboxState::Sending) {
                return;
            }
            assert!(Instant::now() < deadline, "{id} is not on its way; last seen: {sent:#?}\n{}", self.log());
            std::thread::sleep(Duration::from_millis(3));
        }
    }

    #[track_caller]
    fn auth(&self, what: &str, pick: impl Fn(&Auth) -> bool) -> Auth {
        let client = self.client();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let auth = client.auth();
            if let Ok(auth) = &auth
                && pick(auth)
            {
                return auth.clone();
            }
            assert!(Instant::now() < deadline, "{what} was not seen; last seen: {auth:#?}\n{}", self.log());
            std::thread::sleep(Duration::from_millis(3));
        }
    }

    #[track_caller]
    fn qr_code(&self) -> String {
        self.auth("a QR code", |auth| auth.qr_code.is_some()).qr_code.unwrap()
    }

    #[track_caller]
    fn link(&self, simulated: &Simulated) -> Status {
        simulated.ask(Request::PhoneScan { code: self.qr_code() });
        self.ready()
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.session.log()).unwrap_or_default()
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap(), signal).unwrap();
    }

    fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "the daemon does not end:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(3));
        }
    }

    fn stop(mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.wait()
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A simulated home with a linked session whose daemon runs.
fn linked() -> (Simulated, Daemon) {
    linked_with(&[])
}

fn linked_with(settings: &[(&str, &str)]) -> (Simulated, Daemon) {
    let simulated = Simulated::new();
    let daemon = Daemon::start_with(&simulated.home, "main", settings);
    daemon.link(&simulated);
    (simulated, daemon)
}

fn set(simulated: &Simulated, knob: Knob) {
    simulated.ask(Request::Set { knob });
}

fn clear(simulated: &Simulated) {
    simulated.ask(Request::Clear { knob: None });
}

fn journal(home: &TestHome) -> Vec<Entry> {
    Journal::open(&Home::open(home.path()).unwrap().journal()).unwrap().after("main", 0).unwrap()
}

fn verbs(home: &TestHome) -> Vec<String> {
    journal(home).into_iter().map(|entry| entry.verb).collect()
}

fn text(id: &str, text: &str) -> SendRequest {
    SendRequest { client_message_id: Some(id.into()), to: PEER.into(), text: text.into(), wait_ms: 0 }
}

#[test]
fn a_session_is_linked_by_qr_code_and_comes_back_after_a_stop_and_after_a_kill() {
    let simulated = Simulated::new();
    let home = &simulated.home;
    let daemon = Daemon::start(home);
    let status = daemon.reaches(State::AuthRequired, Reason::Pairing);
    assert!(!status.paired);
    let status = daemon.link(&simulated);
    assert!(status.paired && status.last_heard_ms.is_some());
    assert_eq!(daemon.client().auth().unwrap().stage, AuthStage::Open);
    assert_eq!(verbs(home), ["start", "connect", "connect"], "linking connects twice");
    assert_eq!(daemon.stop().code(), Some(0));
    assert!(!home.session("main").join("LOCK").exists() && !home.session("main").join("daemon.sock").exists());
    assert_eq!(verbs(home)[3..], ["stop"]);

    let daemon = Daemon::start(home);
    assert_eq!(daemon.ready().reconnects, 0);
    let lock = home.session("main").join("LOCK");
    daemon.kill();
    assert!(lock.exists() && home.session("main").join("daemon.sock").exists(), "a kill leaves both behind");
    let daemon = Daemon::start(home);
    daemon.ready();
    assert_eq!(verbs(home)[4..], ["start", "connect", "start", "connect"]);
    assert_eq!(daemon.stop().code(), Some(0));
}

#[test]
fn a_second_daemon_names_the_first_and_leaves_it_alone() {
    let (simulated, daemon) = linked();
    let outcome = simulated.home.run(&["daemon"]);
    assert_eq!(outcome.code, 11, "{outcome:?}");
    assert!(outcome.stderr.contains(&format!("process {}", daemon.child.id())), "{outcome:?}");
    daemon.ready();
    assert_eq!(verbs(&simulated.home).iter().filter(|verb| *verb == "start").count(), 1);
}

#[test]
fn what_is_in_the_way_of_the_socket_is_left_there() {
    let simulated = Simulated::new();
    let folder = simulated.home.session("main");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("daemon.sock"), "mine").unwrap();
    let outcome = simulated.home.run(&["daemon"]);
    assert_eq!(outcome.code, 15, "{outcome:?}");
    assert_eq!(std::fs::read_to_string(folder.join("daemon.sock")).unwrap(), "mine");
    assert!(!folder.join("LOCK").exists());
}

#[test]
fn messages_of_the_own_phone_and_of_groups_are_kept_with_their_chat_and_sender() {
    let (simulated, daemon) = linked();
    let client = daemon.client();
    simulated.ask(Request::PhoneSend { to: PEER.into(), text: "typed on the phone".into() });
    let group = simulated.ask(Request::GroupCreate { subject: "us".into(), members: vec![PEER.into()] });
    let group = group["group"].as_str().unwrap().to_owned();
    simulated.ask(Request::PeerSend { from: PEER.into(), text: "to all".into(), count: 1, group: Some(group.clone()) });
    daemon.until("both", |status| (status.messages == 2).then_some(()));
    let answer = client.send(&SendRequest { to: group.clone(), wait_ms: 5000, ..text("group", "and back") }).unwrap();
    assert_eq!(answer.state, OutboxState::Accepted);
    let mut seen: Vec<_> = client.messages(None, None, 10).unwrap().messages;
    seen.sort_by_key(|message| message.text.clone());
    let peer = format!("{PEER}@s.whatsapp.net");
    let [back, all, phone] = &seen[..] else { panic!("{seen:#?}") };
    assert_eq!((&back.chat, back.from_me), (&group, true));
    assert_eq!((&all.chat, &all.sender, all.from_me), (&group, &peer, false));
    assert_eq!((&phone.chat, phone.from_me, phone.kind.as_str()), (&peer, true, "text"));
    simulated.until("the group message", || {
        if simulated.peer_texts().contains(&"and back".to_owned()) { Ok(()) } else { Err("nothing".into()) }
    });
}

#[test]
fn a_long_backlog_comes_once_though_the_daemon_is_killed_in_the_middle() {
    const MESSAGES: u32 = 450;
    let (simulated, daemon) = linked();
    assert_eq!(daemon.stop().code(), Some(0));
    simulated.peer_sends("backlog", MESSAGES);
    let mut killed_with = Vec::new();
    for wait_ms in [60, 150, 300] {
        let daemon = Daemon::start(&simulated.home);
        daemon.client();
        std::thread::sleep(Duration::from_millis(wait_ms));
        killed_with.push(daemon.status().map(|status| status.messages));
        daemon.kill();
    }
    let daemon = Daemon::start(&simulated.home);
    daemon.ready();
    let all = u64::from(MESSAGES);
    daemon.until("the backlog", |status| (status.messages >= all).then_some(()));
    std::thread::sleep(Duration::from_millis(200));
    let mut texts: Vec<String> =
        daemon.client().messages(None, None, 1000).unwrap().messages.into_iter().map(|message| message.text).collect();
    texts.sort();
    texts.dedup();
    assert_eq!((texts.len(), daemon.status().unwrap().messages), (450, all), "killed with {killed_with:?}");
}

#[test]
fn a_server_that_refuses_is_tried_again() {
    let (simulated, daemon) = linked();
    set(&simulated, Knob::Refuse);
    simulated.ask(Request::Close);
    let status = daemon.reaches(State::Reconnecting, Reason::ConnectFailure);
    assert!(status.detail.unwrap().starts_with("provider_unavailable"));
    clear(&simulated);
    assert!(daemon.ready().reconnects >= 1);
}

#[test]
fn a_silent_server_is_noticed_by_the_watchdog() {
    let (simulated, daemon) = linked_with(&[("WPP_DAEMON_WATCHDOG_MS", "3000")]);
    // Quiet is not silent: pings are answered, and nothing is cut.
    std::thread::sleep(Duration::from_millis(4500));
    assert_eq!(daemon.ready().reconnects, 0);
    let started = Instant::now();
    set(&simulated, Knob::Silent);
    daemon.reaches(State::Reconnecting, Reason::KeepaliveTimeout);
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    clear(&simulated);
    daemon.ready();
}

#[test]
fn a_cut_connection_and_a_simulator_that_is_gone_come_back() {
    let (mut simulated, daemon) = linked();
    simulated.ask(Request::Close);
    daemon.until("a reconnect", |status| (status.reconnects > 0).then_some(()));
    daemon.ready();
    simulated.stop_simulator();
    let status = daemon.reaches(State::Reconnecting, Reason::ConnectFailure);
    assert!(status.detail.unwrap().contains("no simulator runs"));
    // On another port, which is found in the endpoint file.
    simulated.start_simulator();
    daemon.ready();
}

#[test]
fn refused_logins_have_their_states_and_are_not_tried_blindly() {
    for (code, state, reason, blind) in [
        (402, State::Error, Reason::TemporaryBan, false),
        (405, State::Error, Reason::ClientOutdated, false),
        (503, State::Reconnecting, Reason::ConnectFailure, true),
    ] {
        let (simulated, daemon) = linked();
        set(&simulated, Knob::LoginFailure { code, times: None, expire_s: None });
        simulated.ask(Request::Close);
        daemon.reaches(state, reason);
        let connects = || verbs(&simulated.home).iter().filter(|verb| *verb == "connect").count();
        let before = connects();
        if blind {
            simulated.until("another try", || if connects() > before { Ok(()) } else { Err("none".into()) });
        } else {
            std::thread::sleep(Duration::from_millis(1500));
            assert_eq!(connects(), before, "{code}");
        }
        clear(&simulated);
        if !blind {
            assert_eq!(daemon.status().unwrap().state, State::Error);
            daemon.client().set_sync(true).unwrap();
        }
        daemon.ready();
    }
}

#[test]
fn a_logged_out_session_stays_out_until_it_is_linked_anew() {
    for (code, reason) in [(401, Reason::LoggedOut), (403, Reason::MainDeviceGone)] {
        let (simulated, daemon) = linked();
        set(&simulated, Knob::LoginFailure { code, times: None, expire_s: None });
        simulated.ask(Request::Close);
        let status = daemon.reaches(State::AuthRequired, reason);
        assert!(!status.paired);
        clear(&simulated);
        assert!(verbs(&simulated.home).contains(&"logged_out".to_owned()));
        assert_eq!(daemon.stop().code(), Some(0));
        let connects = || verbs(&simulated.home).iter().filter(|verb| *verb == "connect").count();
        let before = connects();
        // The library's store still looks paired; the daemon knows better.
        let daemon = Daemon::start(&simulated.home);
        daemon.reaches(State::AuthRequired, reason);
        std::thread::sleep(Duration::from_millis(500));
        assert_eq!(connects(), before, "nothing connects by itself");
        daemon.client().begin_auth(None).unwrap();
        daemon.link(&simulated);
        let aside = std::fs::read_dir(simulated.home.path().join("sessions")).unwrap();
        let kept: Vec<PathBuf> =
            aside.map(|entry| entry.unwrap().path()).filter(|path| path.join("session.db").exists()).collect();
        assert_eq!(kept.len(), 2, "the old store is kept beside the session: {kept:?}");
        assert_eq!(daemon.stop().code(), Some(0));
        Daemon::start(&simulated.home).ready();
    }
}

#[test]
fn stream_errors_mean_what_they_say() {
    for (code, state, reason) in [
        (401, State::AuthRequired, Reason::LoggedOut),
        (409, State::Error, Reason::StreamReplaced),
        (429, State::Reconnecting, Reason::StreamError),
        (503, State::Reconnecting, Reason::StreamError),
        (515, State::Ready, Reason::Normal),
    ] {
        let (simulated, daemon) = linked();
        let events = daemon.status().unwrap().last_event_id;
        simulated.ask(Request::StreamError { code });
        daemon.until("the stream error", |status| (status.last_event_id > events).then_some(()));
        daemon.reaches(state, reason);
        if code == 503 || code == 515 {
            // The event comes before the connection ends, so for a moment it may still be READY.
            daemon.until("a new connection", |status| (status.state == State::Ready && status.reconnects > 0).then_some(()));
        }
        if code == 409 {
            std::thread::sleep(Duration::from_millis(1500));
            assert_eq!(daemon.status().unwrap().state, State::Error);
            daemon.client().set_sync(true).unwrap();
            daemon.ready();
        }
    }
}

#[test]
fn a_passkey_stage_is_told_apart() {
    let simulated = Simulated::new();
    let daemon = Daemon::start(&simulated.home);
    set(&simulated, Knob::PasskeyStage);
    let code = daemon.qr_code();
    simulated.ask(Request::PhoneScan { code });
    daemon.reaches(State::AuthRequired, Reason::PasskeyRequired);
    assert_eq!(daemon.client().auth().unwrap().stage, AuthStage::PasskeyRequired);
}

#[test]
fn accepted_but_never_opened_is_told_apart_and_may_still_open() {
    let simulated = Simulated::new();
    let daemon = Daemon::start_with(&simulated.home, "main", &[("WPP_DAEMON_OPEN_TIMEOUT_MS", "700")]);
    let code = daemon.qr_code();
    set(&simulated, Knob::MuteLogin { times: None });
    simulated.ask(Request::PhoneScan { code });
    daemon.reaches(State::Degraded, Reason::AcceptedNotOpened);
    assert_eq!(daemon.client().auth().unwrap().stage, AuthStage::Failed);
    clear(&simulated);
    simulated.ask(Request::Close);
    daemon.ready();
}

#[test]
fn the_operator_gives_the_connection_up_and_takes_it_again() {
    let (simulated, daemon) = linked();
    daemon.client().set_sync(false).unwrap();
    daemon.reaches(State::Degraded, Reason::OperatorStopped);
    daemon.client().send(&text("later", "later")).unwrap();
    assert_eq!(daemon.stop().code(), Some(0));
    let daemon = Daemon::start(&simulated.home);
    daemon.reaches(State::Degraded, Reason::OperatorStopped);
    assert!(simulated.peer_texts().is_empty());
    daemon.client().set_sync(true).unwrap();
    daemon.ready();
    simulated.until("the message", || if simulated.peer_texts() == ["later"] { Ok(()) } else { Err("nothing".into()) });
}

#[test]
fn a_backlog_that_does_not_come_degrades_the_session_until_it_does() {
    let (simulated, daemon) = linked();
    assert_eq!(daemon.stop().code(), Some(0));
    set(&simulated, Knob::Slow { ms: 700 });
    let daemon = Daemon::start_with(&simulated.home, "main", &[("WPP_DAEMON_SYNC_TIMEOUT_MS", "300")]);
    daemon.reaches(State::Degraded, Reason::OfflineSyncStalled);
    clear(&simulated);
    daemon.ready();
}

#[test]
fn a_server_that_hangs_up_again_and_again_is_tried_again_and_again() {
    let (simulated, daemon) = linked();
    set(&simulated, Knob::CloseAfter { frames: 1 });
    simulated.ask(Request::Close);
    daemon.until("reconnects", |status| (status.reconnects >= 3).then_some(()));
    daemon.until("RECONNECTING", |status| (status.state == State::Reconnecting).then_some(()));
    clear(&simulated);
    daemon.ready();
}

#[test]
fn a_damaged_store_is_said_and_does_not_end_the_daemon() {
    let (simulated, daemon) = linked();
    let store = daemon.session.session_db();
    assert_eq!(daemon.stop().code(), Some(0));
    std::fs::write(&store, "not a database, ".repeat(1000)).unwrap();
    let daemon = Daemon::start(&simulated.home);
    let status = daemon.reaches(State::Error, Reason::StoreFailure);
    assert!(status.detail.unwrap().contains("session.db"));
    assert_eq!(daemon.stop().code(), Some(0));
    assert!(std::fs::read_to_string(&store).unwrap().starts_with("not a database"), "it is left as evidence");
}

#[test]
fn a_damaged_message_database_stops_the_start_and_leaves_nothing_behind() {
    let (simulated, daemon) = linked();
    let database = daemon.session.wpp_db();
    assert_eq!(daemon.stop().code(), Some(0));
    std::fs::write(&database, "not a database, ".repeat(1000)).unwrap();
    let outcome = simulated.home.run(&["daemon"]);
    assert_eq!(outcome.code, 1, "{outcome:?}");
    assert!(outcome.stderr.contains("wpp.db") && outcome.stderr.contains("wpp restore"), "{outcome:?}");
    let folder = simulated.home.session("main");
    assert!(!folder.join("LOCK").exists() && !folder.join("daemon.sock").exists());
}

#[test]
fn a_linked_session_is_not_linked_over() {
    let (_simulated, daemon) = linked();
    let error = daemon.client().begin_auth(None).unwrap_err();
    assert_eq!(error.kind(), wpp::error::ErrorKind::Denied);
    assert!(!error.hints().is_empty());
    daemon.ready();
}

#[test]
fn sigterm_drains_what_is_in_flight() {
    let patient = [("WPP_DAEMON_DRAIN_TIMEOUT_MS", "20000"), ("WPP_DAEMON_ACK_TIMEOUT_MS", "20000")];
    let (simulated, mut daemon) = linked_with(&patient);
    // So slow that it is still on its way when it is seen to be, and when the signal comes.
    set(&simulated, Knob::Slow { ms: 1000 });
    daemon.client().send(&text("a", "on its way")).unwrap();
    daemon.sends("a");
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.wait().code(), Some(0));
    clear(&simulated);
    assert_eq!(simulated.peer_texts(), ["on its way"]);
    let daemon = Daemon::start(&simulated.home);
    let sent = daemon.client().sent("a").unwrap().unwrap();
    assert_eq!(sent.state, OutboxState::Accepted, "the answer was waited for: {sent:?}");
}

#[test]
fn a_drain_is_bounded_and_an_interrupt_ends_it() {
    // Else it is queued anew before the drain is over, and nothing is in flight.
    let no_timeout = ("WPP_DAEMON_ACK_TIMEOUT_MS", "60000");
    let (simulated, mut daemon) = linked_with(&[no_timeout]);
    set(&simulated, Knob::DropAcks { times: None });
    daemon.client().send(&text("a", "never answered")).unwrap();
    simulated.until("the message", || if simulated.peer_texts().is_empty() { Err("nothing".into()) } else { Ok(()) });
    let started = Instant::now();
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.wait().code(), Some(0));
    let took = started.elapsed();
    assert!(took >= Duration::from_millis(1900) && took < Duration::from_secs(15), "drain_timeout_ms is 2000: {took:?}");

    let mut daemon = Daemon::start_with(&simulated.home, "main", &[no_timeout, ("WPP_DAEMON_DRAIN_TIMEOUT_MS", "60000")]);
    daemon.ready();
    daemon.sends("a");
    daemon.signal(Signal::TERM);
    daemon.until("STOPPED", |status| (status.state == State::Stopped).then_some(()));
    // Somebody else stops it, too.
    daemon.signal(Signal::TERM);
    std::thread::sleep(Duration::from_millis(200));
    assert!(daemon.child.try_wait().unwrap().is_none(), "it drains");
    daemon.signal(Signal::INT);
    assert_eq!(daemon.wait().code(), Some(130));
    clear(&simulated);
    // Sent again under the same id, and so read once.
    let daemon = Daemon::start(&simulated.home);
    daemon.until("the answer", |status| (status.outbox_pending == 0).then_some(()));
    assert_eq!(simulated.peer_texts(), ["never answered"]);
}

#[test]
fn stopping_is_quick_whatever_the_server_does() {
    let (simulated, mut daemon) = linked();
    for (knob, cut) in [
        (Knob::Silent, false),
        (Knob::Silent, true),
        (Knob::Refuse, true),
        (Knob::MuteLogin { times: None }, true),
        (Knob::Slow { ms: 50 }, false),
    ] {
        set(&simulated, knob.clone());
        if cut {
            simulated.ask(Request::Close);
        }
        std::thread::sleep(Duration::from_millis(800));
        let started = Instant::now();
        assert_eq!(daemon.stop().code(), Some(0));
        assert!(started.elapsed() < Duration::from_secs(8), "{knob:?} {cut}: {:?}", started.elapsed());
        clear(&simulated);
        daemon = Daemon::start(&simulated.home);
        daemon.ready();
    }
}

#[test]
fn a_nacked_message_is_rejected_and_said_so() {
    let (simulated, daemon) = linked();
    set(&simulated, Knob::NackSends { code: 479, times: None });
    let answer = daemon.client().send(&SendRequest { wait_ms: 5000, ..text("a", "no") }).unwrap();
    assert_eq!(answer.state, OutboxState::Rejected);
    assert!(answer.error.unwrap().contains("479"));
    assert!(simulated.peer_texts().is_empty());
}

#[test]
fn a_store_that_cannot_be_written_costs_no_message_and_is_said() {
    let (simulated, daemon) = linked();
    let database = rusqlite::Connection::open(daemon.session.wpp_db()).unwrap();
    database
        .execute_batch("CREATE TRIGGER broken BEFORE INSERT ON inbound BEGIN SELECT RAISE(ABORT, 'broken by a test'); END")
        .unwrap();
    simulated.peer_sends("kept by the server", 1);
    let status = daemon.reaches(State::Error, Reason::StoreFailure);
    assert!(status.detail.unwrap().contains("wpp.db"));
    assert_eq!(status.messages, 0);
    database.execute_batch("DROP TRIGGER broken").unwrap();
    drop(database);
    daemon.client().set_sync(true).unwrap();
    daemon.ready();
    daemon.until("the message", |status| (status.messages == 1).then_some(()));
    assert_eq!(daemon.stop().code(), Some(0));
    let daemon = Daemon::start(&simulated.home);
    daemon.ready();
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(daemon.status().unwrap().messages, 1, "it came twice and is there once");
}

#[test]
fn an_unlinked_session_says_why_it_has_no_code() {
    let mut simulated = Simulated::new();
    simulated.stop_simulator();
    let daemon = Daemon::start(&simulated.home);
    daemon.reaches(State::AuthRequired, Reason::ConnectFailure);
    simulated.start_simulator();
    daemon.reaches(State::AuthRequired, Reason::Pairing);
    set(&simulated, Knob::Refuse);
    simulated.ask(Request::Close);
    daemon.reaches(State::AuthRequired, Reason::ConnectFailure);
    clear(&simulated);
    daemon.reaches(State::AuthRequired, Reason::Pairing);
    daemon.link(&simulated);
}

#[test]
fn another_simulator_is_not_taken_for_the_one_that_the_store_pins() {
    let (mut simulated, daemon) = linked();
    simulated.stop_simulator();
    std::fs::remove_dir_all(simulated.home.path().join("simulator")).unwrap();
    simulated.start_simulator();
    // It has other keys and knows no devices, so the session is to be linked to its account.
    daemon.reaches(State::AuthRequired, Reason::Pairing);
    daemon.link(&simulated);
}

#[test]
fn the_service_manager_is_told() {
    let simulated = Simulated::new();
    let path = simulated.home.path().join("notify");
    let socket = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
    let daemon = Daemon::start_with(&simulated.home, "main", &[("NOTIFY_SOCKET", path.to_str().unwrap())]);
    // It reads all the time, as a service manager does: few words fit into the socket, and who has more waits.
    socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let (tell, heard) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        loop {
            let words = socket.recv(&mut buffer).map(|size| String::from_utf8(buffer[..size].to_vec()).unwrap());
            // Until nobody listens any more.
            if tell.send(words.unwrap_or_default()).is_err() {
                return;
            }
        }
    });
    let mut told = String::new();
    let mut listen = |until: &str| {
        let deadline = Instant::now() + PATIENCE;
        while !told.contains(until) {
            if let Ok(words) = heard.recv_timeout(Duration::from_millis(100)) {
                told.push_str(&words);
                told.push('\n');
            }
            assert!(Instant::now() < deadline, "{until} was not told: {told}");
        }
    };
    for part in ["READY=1", "STATUS=AUTH_REQUIRED (pairing)", "WATCHDOG=1"] {
        listen(part);
    }
    daemon.link(&simulated);
    listen("STATUS=READY (normal)");
    assert_eq!(daemon.stop().code(), Some(0));
    listen("STOPPING=1");
}

#[test]
fn the_log_names_nobody_and_is_rotated() {
    const SECRET: &str = "xyzzy-plugh-the-secret-text";
    let simulated = Simulated::new();
    let settings = [("WPP_LOG_SIZE_BYTES_MAX", "4096"), ("WPP_LOG_FILES_MAX", "3")];
    let daemon = Daemon::start_with(&simulated.home, "main", &settings);
    daemon.link(&simulated);
    let client = daemon.client();
    simulated.peer_sends(SECRET, 3);
    for number in 0..12 {
        client.send(&SendRequest { wait_ms: 5000, ..text(&number.to_string(), SECRET) }).unwrap();
    }
    set(&simulated, Knob::NackSends { code: 463, times: Some(1) });
    client.send(&SendRequest { wait_ms: 5000, ..text("nack", SECRET) }).unwrap();
    // A peer that lost its sessions, and stream errors that the library logs whole.
    simulated.ask(Request::PeerForget { peer: PEER.into() });
    client.send(&SendRequest { wait_ms: 5000, ..text("again", SECRET) }).unwrap();
    simulated.peer_sends(SECRET, 1);
    daemon.until("every message", |status| (status.messages >= 17).then_some(()));
    let own = client.messages(None, None, 100).unwrap().messages.into_iter().find(|message| message.from_me).unwrap().sender;
    let own = own.split('@').next().unwrap().to_owned();
    simulated.ask(Request::StreamError { code: 503 });
    daemon.until("a reconnect", |status| (status.reconnects > 0).then_some(()));
    daemon.ready();
    set(&simulated, Knob::LoginFailure { code: 401, times: None, expire_s: None });
    simulated.ask(Request::Close);
    daemon.reaches(State::AuthRequired, Reason::LoggedOut);
    let folder = daemon.session.logs();
    assert_eq!(daemon.stop().code(), Some(0));

    let files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!((2..=4).contains(&files.len()), "rotated, and not without end: {files:?}");
    let mut lines = 0;
    for path in files {
        assert_eq!(wpp::disk::mode_and_owner(&path).unwrap().unwrap().0, 0o600);
        let log = std::fs::read_to_string(&path).unwrap();
        for secret in [PEER, &own, SECRET, "@s.whatsapp.net", "@lid", "xyzzy"] {
            assert!(!log.contains(secret), "{secret} is in {}:\n{log}", path.display());
        }
        for line in log.lines() {
            let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            assert!(value["at"].is_string() && value["level"].is_string() && value["message"].is_string(), "{line}");
            lines += 1;
        }
    }
    assert!(lines > 20);
}

#[test]
fn a_sandbox_reaches_loopback_only_and_a_live_home_never_does() {
    for (kind, url) in [(HomeKind::Sandbox, "ws://192.0.2.1:9/ws/chat"), (HomeKind::Live, "ws://127.0.0.1:9/ws/chat")] {
        let home = TestHome::live();
        Home::create(home.path(), kind).unwrap();
        let folder = home.path().join("simulator");
        std::fs::create_dir(&folder).unwrap();
        let endpoint = serde_json::json!({
            "schema": wpp::whatsapp::simulator::ENDPOINT_SCHEMA, "url": url, "server_public_key": "11".repeat(32), "pid": 1,
        });
        std::fs::write(folder.join("endpoint.json"), endpoint.to_string()).unwrap();
        let daemon = Daemon::start(&home);
        let status = daemon.reaches(State::Error, Reason::EndpointDenied);
        assert!(status.detail.is_some());
        assert!(!verbs(&home).contains(&"connect".to_owned()));
        assert_eq!(daemon.stop().code(), Some(0));
    }
}

/// A small generator with a seed, printed with every failure.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

#[test]
fn killed_at_any_moment_of_linking_a_session_can_still_be_linked() {
    const KILLS: u64 = 30;
    let simulated = Simulated::new();
    let mut random = Random(0x5EED_0001);
    for number in 0..KILLS {
        let session = format!("kill{number}");
        let start = || Daemon::start_with(&simulated.home, &session, &[]);
        let daemon = start();
        let wait_ms = random.below(120);
        if number % 3 == 0 {
            // Before the scan: while the store is made and the codes are asked for.
            std::thread::sleep(Duration::from_millis(wait_ms));
        } else {
            simulated.ask(Request::PhoneScan { code: daemon.qr_code() });
            std::thread::sleep(Duration::from_millis(wait_ms));
        }
        daemon.kill();
        let daemon = start();
        let paired = daemon.until("a state", |status| match status.state {
            State::Ready => Some(true),
            State::AuthRequired => Some(false),
            _ => None,
        });
        if !paired {
            daemon.link(&simulated);
        }
        assert_eq!(daemon.stop().code(), Some(0), "kill {number} after {wait_ms} ms");
    }
}

#[test]
fn killed_at_any_moment_of_sending_and_ingesting_nothing_is_lost_or_doubled() {
    const KILLS: u64 = 90;
    let (simulated, daemon) = linked();
    daemon.client().send(&SendRequest { wait_ms: 5000, ..text("first", "out first") }).unwrap();
    simulated.peer_sends("in first", 1);
    daemon.until("both", |status| (status.messages == 2).then_some(()));
    daemon.kill();
    let mut random = Random(0x5EED_0002);
    let mut expected_out = vec!["out first".to_owned()];
    let mut expected_in = vec!["in first".to_owned()];
    for number in 0..KILLS {
        let inbound = format!("in {number}");
        expected_in.push(inbound.clone());
        if number % 3 == 0 {
            // While the stores are opened, the server is logged in to, and the backlog comes.
            simulated.peer_sends(&inbound, 1);
            let daemon = Daemon::start(&simulated.home);
            std::thread::sleep(Duration::from_millis(random.below(200)));
            daemon.kill();
            continue;
        }
        let daemon = Daemon::start(&simulated.home);
        let client = daemon.client();
        if number % 3 == 1 {
            daemon.ready();
        }
        let outbound = format!("out {number}");
        client.send(&text(&number.to_string(), &outbound)).unwrap();
        // Taken means kept, whatever happens next.
        expected_out.push(outbound);
        simulated.peer_sends(&inbound, 1);
        std::thread::sleep(Duration::from_micros(random.below(60_000)));
        daemon.kill();
    }
    let daemon = Daemon::start(&simulated.home);
    daemon.ready();
    let received = |client: &Client| -> Vec<String> {
        let all = client.messages(None, None, 1000).unwrap().messages;
        all.into_iter().filter(|message| !message.from_me).map(|message| message.text).collect()
    };
    let client = daemon.client();
    simulated.until("every message", || {
        let (inbound, waiting) = (received(&client).len(), client.status().unwrap().outbox_pending);
        // The server's word is not the peer's: what it cannot read at first it asks for again, and that
        // takes as long as the machine is busy.
        let read = simulated.peer_texts().len();
        match inbound >= expected_in.len() && waiting == 0 && read >= expected_out.len() {
            true => Ok(()),
            false => {
                Err(format!("{inbound} of {} in, {waiting} waiting, {read} of {} read", expected_in.len(), expected_out.len()))
            }
        }
    });
    // What was doubled would come late.
    std::thread::sleep(Duration::from_millis(300));
    assert_same(received(&client), expected_in);
    assert_same(simulated.peer_texts(), expected_out);
}

#[track_caller]
fn assert_same(mut seen: Vec<String>, mut expected: Vec<String>) {
    seen.sort();
    expected.sort();
    assert_eq!(seen, expected);
}

#[test]
fn a_detached_daemon_survives_its_parents_terminal() {
    let simulated = Simulated::new();
    let mut command: Command = simulated.home.command(&["daemon", "--detached"]);
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    // The reading end is gone, as it is when `wpp start` has ended.
    drop(child.stdout.take());
    let session = Home::open(simulated.home.path()).unwrap().session("main");
    let daemon = Daemon { child, session };
    daemon.reaches(State::AuthRequired, Reason::Pairing);
    let pid = Pid::from_raw(i32::try_from(daemon.child.id()).unwrap());
    assert_eq!(rustix::process::getsid(pid).unwrap(), pid.unwrap(), "it leads a session of its own");
    assert_eq!(daemon.stop().code(), Some(0));
    assert!(program().contains("wpp"));
}
