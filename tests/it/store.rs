//! The look into the library's store, over stores that the library itself wrote.

use wpp::home::SessionPaths;
use wpp::session::store::{self, LAST_KNOWN_MIGRATION, StoreError};

use crate::simulated::{PEER, Simulated};

fn files(session: &SessionPaths) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(session.folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("session.db"))
        .collect();
    names.sort();
    names
}

#[test]
fn a_store_is_told_absent_unpaired_paired_live_stopped_and_killed_without_a_trace() {
    let simulated = Simulated::new();
    let session = SessionPaths::at(&simulated.home.session("main"), "main");
    assert!(matches!(store::look(&session), Err(StoreError::Absent)));
    assert_eq!(simulated.home.run(&["start"]).code, 0);
    // The library may still be at work on its tables, which the look says instead of guessing.
    simulated.until("a migrated store", || store::look(&session).map(drop).map_err(|error| format!("{error:?}")));
    let unpaired = store::look(&session).unwrap();
    assert!(!unpaired.paired);
    assert_eq!(unpaired.last_migration, LAST_KNOWN_MIGRATION);

    assert_eq!(simulated.link().code, 0);
    let live = store::look(&session).unwrap();
    assert!(live.paired && live.has_number && live.registration_id.is_some_and(|id| id > 0), "{live:?}");
    simulated.home.run(&["send", &format!("+{PEER}"), "hi"]);
    assert!(store::look(&session).unwrap().rows.sessions > 0);

    assert_eq!(simulated.home.run(&["stop"]).code, 0);
    let before = files(&session);
    let bytes = std::fs::read(session.session_db()).unwrap();
    let stopped = store::look(&session).unwrap();
    assert!(stopped.paired && stopped.highest_pre_key_id.is_some() && stopped.next_pre_key_id > 0, "{stopped:?}");
    assert_eq!(files(&session), before);
    assert_eq!(std::fs::read(session.session_db()).unwrap(), bytes);

    simulated.home.run(&["start"]);
    simulated.kill_daemon();
    let before = files(&session);
    assert_eq!(store::look(&session).unwrap().registration_id, stopped.registration_id);
    assert_eq!(files(&session), before);
}

#[test]
fn a_store_of_a_newer_library_a_damaged_and_a_foreign_one_are_told_apart() {
    let simulated = Simulated::new();
    let session = SessionPaths::at(&simulated.home.session("main"), "main");
    assert_eq!(simulated.home.run(&["start"]).code, 0);
    assert_eq!(simulated.home.run(&["stop"]).code, 0);
    let good = std::fs::read(session.session_db()).unwrap();
    let damage = |act: &dyn Fn(&rusqlite::Connection)| {
        std::fs::write(session.session_db(), &good).unwrap();
        act(&rusqlite::Connection::open(session.session_db()).unwrap());
        store::look(&session)
    };
    let newer = damage(&|raw| {
        raw.execute_batch("INSERT INTO __diesel_schema_migrations (version) VALUES ('20990101000000')").unwrap();
    });
    assert!(matches!(newer, Err(StoreError::UnknownMigration(number)) if number == "20990101000000"));
    let older = damage(&|raw| {
        raw.execute_batch(&format!("DELETE FROM __diesel_schema_migrations WHERE version = '{LAST_KNOWN_MIGRATION}'")).unwrap();
    });
    assert!(matches!(older, Err(StoreError::OlderMigration(number)) if number.as_str() < LAST_KNOWN_MIGRATION));
    let torn = damage(&|raw| raw.execute_batch("DROP TABLE prekeys").unwrap());
    assert!(matches!(torn, Err(StoreError::Damaged(what)) if what.contains("prekeys")));
    let empty = damage(&|raw| raw.execute_batch("DELETE FROM device").unwrap()).unwrap();
    assert!(!empty.paired && empty.registration_id.is_none());
    for bytes in [&good[..good.len() / 2], &[b'x'; 9000][..]] {
        std::fs::write(session.session_db(), bytes).unwrap();
        let seen = store::look(&session);
        assert!(matches!(seen, Err(StoreError::Damaged(_))), "{seen:?}");
        assert!(!seen.unwrap_err().into_error(&session).hints().is_empty());
    }
    std::fs::write(session.session_db(), "").unwrap();
    assert!(matches!(store::look(&session), Err(StoreError::Absent)));
}
