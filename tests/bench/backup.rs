//! What a backup and a restore cost, beside the tools that people use: one table, one run.
//!
//! `cargo bench --bench backup` makes a store of messages and measures `sqlite3 .backup` with
//! `tar czf` or pigz, restic, and `wpp` at each level, with increments, restores and every level of
//! verification. It judges nothing: the ratios at the end are for people. A rival that is not
//! installed is left out, and the table says so.
//!
//! Options, after `--`: `--size-mib N` (1024), `--store FOLDER` (keeps the store there, and uses
//! the one that is there already), `--only WORD` (rows whose name holds the word).
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark prints and may fail"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use rusqlite::Connection;
use wait4::Wait4;
use wpp::whatsapp::simulator::{Options, Request, Simulator};

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let option = |name: &str| arguments.iter().position(|word| word == name).and_then(|at| arguments.get(at + 1).cloned());
    let size_mib: u64 = option("--size-mib").and_then(|text| text.parse().ok()).unwrap_or(1024);
    let only = option("--only").unwrap_or_default();
    let scratch = tempfile::Builder::new().prefix("wpp-bench-").tempdir().unwrap();
    let store = option("--store").map_or_else(|| scratch.path().join("store"), PathBuf::from);

    let bench = Bench { home: store.join("h"), scratch: scratch.path().to_owned(), only };
    if option("--make").is_some() {
        return bench.make(size_mib << 20);
    }
    if !bench.home.exists() {
        let begun = Instant::now();
        // In a process of its own: a child starts as a copy of this one, and its peak of memory
        // counts from there.
        let mut maker = Command::new(std::env::current_exe().unwrap());
        maker.args(["--make", "yes", "--size-mib", &size_mib.to_string(), "--store"]).arg(&store);
        assert!(maker.status().unwrap().success(), "the store could not be made");
        eprintln!("made the store in {:.0} s", begun.elapsed().as_secs_f64());
    }
    let database = bench.database();
    let (rows, plain): (u64, u64) = {
        let connection = Connection::open(&database).unwrap();
        let count = connection.query_row("SELECT count(*) FROM messages", [], |row| row.get::<_, i64>(0)).unwrap();
        let _: (i64, i64, i64) = connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .unwrap();
        (count.unsigned_abs(), std::fs::metadata(&database).unwrap().len())
    };
    println!("wpp.db: {} MiB, {rows} messages with a full-text index", plain >> 20);
    println!("{:<44} {:>8} {:>8} {:>8} {:>9} {:>6}", "what", "wall s", "CPU s", "RSS MiB", "MiB", "ratio");

    let tar = bench.rivals(&database, plain);
    bench.ours(&database, plain, tar);
}

/// What one command took.
#[derive(Debug, Clone, Copy, Default)]
struct Cost {
    wall_s: f64,
    cpu_s: f64,
    rss_mib: f64,
}

struct Bench {
    home: PathBuf,
    scratch: PathBuf,
    only: String,
}

/// The rival that the targets are stated against.
#[derive(Debug, Clone, Copy, Default)]
struct Tar {
    make: Option<Cost>,
    unpack: Option<Cost>,
}

impl Bench {
    fn database(&self) -> PathBuf {
        self.home.join("sessions/main/wpp.db")
    }

    /// Runs a command to its end and counts it with all its descendants that it waited for.
    fn run(&self, command: &mut Command) -> Cost {
        let begun = Instant::now();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut complaint = String::new();
        std::io::Read::read_to_string(child.stderr.as_mut().unwrap(), &mut complaint).unwrap();
        let used = child.wait4().unwrap();
        assert!(used.status.success(), "{command:?} failed: {complaint}");
        Cost {
            wall_s: begun.elapsed().as_secs_f64(),
            cpu_s: used.rusage.utime.as_secs_f64() + used.rusage.stime.as_secs_f64(),
            rss_mib: used.rusage.maxrss as f64 / f64::from(1 << 20),
        }
    }

    fn wants(&self, what: &str) -> bool {
        what.contains(&self.only)
    }

    /// Runs, prints and answers one row; `bytes` is what it made, if it made something.
    fn row(&self, what: &str, plain: u64, command: &mut Command, bytes: impl FnOnce() -> Option<u64>) -> Option<Cost> {
        if !self.wants(what) {
            return None;
        }
        let cost = self.run(command);
        let made = bytes().map_or_else(
            || format!("{:>9} {:>6}", "", ""),
            |bytes| format!("{:>9.1} {:>6.3}", bytes as f64 / f64::from(1 << 20), bytes as f64 / plain as f64),
        );
        println!("{what:<44} {:>8.2} {:>8.2} {:>8.1} {made}", cost.wall_s, cost.cpu_s, cost.rss_mib);
        Some(cost)
    }

    fn shell(&self, line: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-ec", line]).current_dir(&self.scratch);
        command
    }

    fn wpp(&self, line: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wpp"));
        command.arg("--home").arg(&self.home).args(line);
        command
    }

    fn rivals(&self, database: &Path, plain: u64) -> Tar {
        let there = |tool: &str| {
            let found = Command::new("sh").args(["-c", &format!("command -v {tool}")]).output().unwrap().status.success();
            if !found {
                println!("{tool} is not installed: its rows are left out");
            }
            found
        };
        let at = |name: &str| self.scratch.join(name);
        let size = |name: &str| Some(std::fs::metadata(at(name)).unwrap().len());
        let mut tar = Tar::default();
        if !there("sqlite3") {
            return tar;
        }
        let copy = format!("sqlite3 '{}' \".backup copy.db\"", database.display());
        tar.make =
            self.row("sqlite3 .backup, tar czf", plain, &mut self.shell(&format!("{copy}; tar czf copy.tar.gz copy.db")), || {
                size("copy.tar.gz")
            });
        if tar.make.is_some() {
            tar.unpack = self.row("tar xzf", plain, &mut self.shell("mkdir out; tar xzf copy.tar.gz -C out; rm -r out"), || None);
        }
        if there("pigz") {
            let line = format!("{copy}; tar c copy.db | pigz > copy.pigz.tar.gz");
            self.row("sqlite3 .backup, tar c | pigz", plain, &mut self.shell(&line), || size("copy.pigz.tar.gz"));
        }
        for name in ["copy.tar.gz", "copy.pigz.tar.gz"] {
            let _ = std::fs::remove_file(at(name));
        }
        if there("restic") && (self.wants("restic first") || self.wants("restic again")) {
            let restic = "restic --quiet --no-cache --repo repo --insecure-no-password";
            let restic = match self.shell("restic init --repo probe --insecure-no-password").output().unwrap().status.success() {
                true => restic.to_owned(),
                false => "RESTIC_PASSWORD=bench restic --quiet --no-cache --repo repo".to_owned(),
            };
            self.run(&mut self.shell(&format!("{restic} init")));
            let used = || Some(folder_bytes(&at("repo")));
            self.row("sqlite3 .backup, restic first", plain, &mut self.shell(&format!("{copy}; {restic} backup copy.db")), used);
            let before = folder_bytes(&at("repo"));
            touch_rows(&at("copy.db"));
            let grown = || Some(folder_bytes(&at("repo")) - before);
            self.row("restic again, 1 % of rows updated", plain, &mut self.shell(&format!("{restic} backup copy.db")), grown);
            self.row(
                "restic restore",
                plain,
                &mut self.shell(&format!("{restic} restore latest --target out; rm -r out")),
                || None,
            );
            std::fs::remove_dir_all(at("repo")).unwrap();
        }
        let _ = std::fs::remove_file(at("copy.db"));
        tar
    }

    fn ours(&self, database: &Path, plain: u64, tar: Tar) {
        let folder = |name: &str| self.scratch.join(name);
        let backup = |what: &str, name: &str, more: &[&str]| {
            let into = folder(name);
            let before = folder_bytes(&into);
            let mut command = self.wpp(&["backup", "--quiet", "--output", into.to_str().unwrap()]);
            self.row(what, plain, command.args(more), || Some(folder_bytes(&into) - before))
        };
        backup("wpp backup --level fast", "fast", &["--level", "fast"]);
        backup("wpp backup --level small", "small", &["--level", "small"]);
        backup("wpp backup --as tar.zst", "zst", &["--as", "tar.zst"]);
        for name in ["fast", "small", "zst"] {
            let _ = std::fs::remove_dir_all(folder(name));
        }
        let make = backup("wpp backup (default)", "default", &[]);
        if make.is_none() {
            // The rows below need an archive, measured or not.
            self.run(self.wpp(&["backup", "--quiet", "--output", folder("default").to_str().unwrap()]).args::<[&str; 0], _>([]));
        }
        let archive = newest(&folder("default"));
        for level in ["hash", "quick", "restore"] {
            let line = ["backup", "verify", archive.to_str().unwrap(), "--level", level, "--quiet"];
            self.row(&format!("wpp backup verify --level {level}"), plain, &mut self.wpp(&line), || None);
        }
        let line = ["restore", archive.to_str().unwrap(), "--plan", "data", "--keep-daemon-stopped", "--yes", "--quiet"];
        let restore = self.row("wpp restore (verified at level quick)", plain, &mut self.wpp(&line), || None);
        // The restored copy replaced the store; the one that was set aside is of no use here.
        for entry in std::fs::read_dir(self.home.join("sessions")).unwrap().flatten() {
            if entry.file_name().to_string_lossy().starts_with(".main.old-") {
                std::fs::remove_dir_all(entry.path()).unwrap();
            }
        }
        if self.wants("beside a writer") {
            self.beside_a_writer(database);
        }
        // The first one reads the archive for its page map; from then on a map is kept.
        backup("wpp backup --incremental, the first", "default", &["--incremental"]);
        touch_rows(database);
        let increment = backup("wpp backup --incremental, 1 % of rows updated", "default", &["--incremental"]);

        println!();
        let ratio = |what: &str, one: Option<f64>, other: Option<f64>, target: &str| {
            if let (Some(one), Some(other)) = (one, other) {
                println!("{what:<60} {:>6.3}   (wanted: {target})", one / other);
            }
        };
        let (wall, cpu) = (|cost: Cost| cost.wall_s, |cost: Cost| cost.cpu_s);
        ratio("default backup / sqlite3 .backup, tar czf: CPU", make.map(cpu), tar.make.map(cpu), "at most 0.25");
        ratio(
            "default backup / sqlite3 .backup, tar czf: wall",
            make.map(wall),
            tar.make.map(wall),
            "at most 0.167 on 2 idle cores",
        );
        ratio("restore / tar xzf: wall", restore.map(wall), tar.unpack.map(wall), "at most 0.5");
        ratio("increment: CPU seconds", increment.map(cpu), Some(1.0), "at most 3");
    }

    /// What a default backup costs a writer at 200 transactions a second: its slowest commit, beside
    /// the slowest in as long a time without a backup.
    fn beside_a_writer(&self, database: &Path) {
        let slowest_ms = |meanwhile: &mut dyn FnMut()| {
            let stop = std::sync::atomic::AtomicBool::new(false);
            std::thread::scope(|scope| {
                let writer = scope.spawn(|| {
                    let connection = Connection::open(database).unwrap();
                    let (mut slowest, mut count) = (0.0_f64, 0_u32);
                    let start = Instant::now();
                    while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                        let begun = Instant::now();
                        connection.execute("UPDATE messages SET stored_ms = stored_ms + 1 WHERE number = ?1", [count]).unwrap();
                        slowest = slowest.max(begun.elapsed().as_secs_f64() * 1000.0);
                        count += 1;
                        let due = std::time::Duration::from_millis(u64::from(count) * 5);
                        std::thread::sleep(due.saturating_sub(start.elapsed()));
                    }
                    (slowest, count)
                });
                meanwhile();
                stop.store(true, std::sync::atomic::Ordering::Relaxed);
                writer.join().unwrap()
            })
        };
        let into = self.scratch.join("beside");
        let begun = Instant::now();
        let (beside, count) = slowest_ms(&mut || {
            self.run(&mut self.wpp(&["backup", "--quiet", "--output", into.to_str().unwrap()]));
        });
        let took = begun.elapsed();
        let (alone, _) = slowest_ms(&mut || std::thread::sleep(took));
        let _ = std::fs::remove_dir_all(&into);
        println!(
            "beside a writer at 200 transactions a second: {count} commits, the slowest took {beside:.1} ms ({alone:.1} ms alone)"
        );
    }

    /// A linked session of a sandbox, whose wpp.db is then filled.
    fn make(&self, size_bytes: u64) {
        std::fs::create_dir_all(self.home.parent().unwrap()).unwrap();
        wpp::home::Home::create(&self.home, wpp::home::HomeKind::Sandbox).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let options = Options { directory: self.home.join("simulator"), listen: "127.0.0.1:0".parse().unwrap() };
        let simulator = runtime.block_on(Simulator::start(options)).unwrap();
        let mut child = self.wpp(&["reauth", "--format", "json"]).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        for line in std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap())) {
            let value: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
            if value["event"] == "qr_code" {
                let code = value["code"].as_str().unwrap().to_owned();
                runtime.block_on(simulator.execute(Request::PhoneScan { code })).unwrap();
            }
        }
        assert!(child.wait().unwrap().success(), "linking failed");
        self.run(&mut self.wpp(&["stop"]));
        runtime.block_on(simulator.stop());
        fill(&self.database(), size_bytes);
    }
}

fn folder_bytes(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    entries
        .flatten()
        .map(|entry| if entry.path().is_dir() { folder_bytes(&entry.path()) } else { entry.metadata().unwrap().len() })
        .sum()
}

fn newest(folder: &Path) -> PathBuf {
    std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()).max().unwrap()
}

/// Changes one row in a hundred, spread over the whole table, in a column that no index holds.
fn touch_rows(database: &Path) {
    let connection = Connection::open(database).unwrap();
    let changed = connection
        .execute("UPDATE messages SET stored_ms = stored_ms + 1 WHERE (number * 2654435761) % 4294967296 % 100 = 7", [])
        .unwrap();
    assert!(changed > 0);
}

/// Fills the database with chats that look like people's: some thousand words of which few are
/// common, several alphabets, ids that do not compress.
fn fill(database: &Path, size_bytes: u64) {
    let mut random = Random(0x5eed);
    let words = vocabulary(&mut random);
    let mut connection = Connection::open(database).unwrap();
    let _: i64 = connection.query_row("PRAGMA wal_autocheckpoint = 20000", [], |row| row.get(0)).unwrap();
    connection.execute_batch("PRAGMA synchronous = OFF; PRAGMA cache_size = -200000").unwrap();
    let chats: Vec<String> = (0..800)
        .map(|number| match number % 10 {
            0 => format!("1203630{:011}@g.us", random.below(99_999_999_999)),
            _ => format!("49{:011}@s.whatsapp.net", random.below(99_999_999_999)),
        })
        .collect();
    let mut time = 1_600_000_000_000_i64;
    let mut number = 0_u64;
    while std::fs::metadata(database).unwrap().len() < size_bytes {
        let transaction = connection.transaction().unwrap();
        {
            let mut insert = transaction
                .prepare_cached(
                    "INSERT INTO messages (chat, id, author, sender, from_me, kind, text, sent_ms, stored_ms)
                     VALUES (?1, ?2, ?3, ?4, ?5, 'text', ?6, ?7, ?8)",
                )
                .unwrap();
            for _ in 0..20_000 {
                number += 1;
                time += 40_000 + i64::try_from(random.below(60_000)).unwrap();
                let chat = &chats[random.skewed(chats.len())];
                let mine = random.below(3) == 0;
                let author = if mine { "" } else { chat.as_str() };
                let id = format!("3EB0{:016X}{:02X}", random.next(), number % 256);
                let count = 3 + random.skewed(160);
                let mut text = String::new();
                for _ in 0..count {
                    if !text.is_empty() {
                        text.push(' ');
                    }
                    // Common words between rare ones.
                    let word =
                        if random.below(2) == 0 { random.skewed(words.len()) } else { random.below(words.len() as u64) as usize };
                    text.push_str(&words[word]);
                }
                let from_me = i64::from(mine);
                insert.execute(rusqlite::params![chat, id, author, author, from_me, text, time, time + 400]).unwrap();
            }
        }
        transaction.commit().unwrap();
    }
    connection
        .execute_batch(
            "INSERT OR REPLACE INTO chats (jid, last_message_ms) SELECT chat, max(sent_ms) FROM messages GROUP BY chat",
        )
        .unwrap();
}

fn vocabulary(random: &mut Random) -> Vec<String> {
    const SYLLABLES: &[&str] = &[
        "an", "ba", "che", "da", "el", "fo", "gra", "hi", "in", "jo", "ka", "lem", "mo", "nu", "or", "pe", "qui", "ro", "se",
        "ti", "und", "vor", "wa", "xi", "zu", "ção", "ñe", "él", "да", "не", "ло", "при", "और", "है", "مر", "сто", "👍", "😂",
    ];
    (0..30_000)
        .map(|_| {
            (0..=random.below(3)).map(|_| SYLLABLES[usize::try_from(random.below(SYLLABLES.len() as u64)).unwrap()]).collect()
        })
        .collect()
}

/// Marsaglia's xorshift: the same store on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// Small numbers far more often than large ones, as words and chats are.
    fn skewed(&mut self, limit: usize) -> usize {
        let unit = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        (((limit as f64 + 1.0).powf(unit) - 1.0) as usize).min(limit - 1)
    }
}
