//! Plugins that no compiler would make: modules written by hand in the place of an honest one, which
//! grow what they must not, hand over more than they have, or break the contract's own calls.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use wpp::config::Config;
use wpp::doctor::Selection;
use wpp::error::ErrorKind;
use wpp::home::Home;
use wpp::plugin::grants::{Grant, Grants};
use wpp::plugin::host::Limits;
use wpp::plugin::http::Http;
use wpp::plugin::powers::Powers;
use wpp::plugin::secrets::Secrets;
use wpp::plugin::{Plugins, examine};

use crate::doctor_network::{Authority, Server};
use crate::harness::{Outcome, TestHome};
use crate::plugin::{Bench, answer, component, limits, server};

/// The component `hostile`, with this module in the place of its own. What it exports and imports is
/// what the component expects: the contract's interface of checks, and the host's of the rest.
fn with_core(functions: &str) -> Vec<u8> {
    let module = format!(
        r#"(module
            (memory (export "memory") 40)
            (table $table 1 funcref)
            {functions}
            (data (i32.const 0x200) "act.behaves")
            (data (i32.const 0x300) "\ff\fe")
        )"#
    );
    let module = wat::parse_str(module).unwrap();
    let whole = component("hostile");
    let (mut out, mut at) = (whole[..8].to_vec(), 8);
    let mut replaced = false;
    while at < whole.len() {
        let section = whole[at];
        let (size, start) = number(&whole, at + 1);
        let end = start + size;
        // The first core module is the plugin's own; the others join it to the host.
        if section == 1 && !replaced {
            replaced = true;
            out.push(1);
            let mut rest = module.len();
            while rest >= 0x80 {
                out.push((rest & 0x7f) as u8 | 0x80);
                rest >>= 7;
            }
            out.push(rest as u8);
            out.extend_from_slice(&module);
        } else {
            out.extend_from_slice(&whole[at..end]);
        }
        at = end;
    }
    out
}

/// A number as WebAssembly writes it, and where it ends.
fn number(bytes: &[u8], mut at: usize) -> (usize, usize) {
    let (mut value, mut shift) = (0, 0);
    loop {
        value |= usize::from(bytes[at] & 0x7f) << shift;
        shift += 7;
        at += 1;
        if bytes[at - 1] & 0x80 == 0 {
            return (value, at);
        }
    }
}

/// What the honest parts of a module are.
struct Core {
    run: &'static str,
    after: &'static str,
    allocate: &'static str,
    more: &'static str,
}

const HONEST: Core = Core { run: FOUND, after: "", allocate: "i32.const 0x80000", more: "" };

/// Answers with one outcome at 0x110, which finds the `0x120` findings at 0x1000.
const FOUND: &str = "
    (i32.store (i32.const 0x100) (i32.const 0x110)) (i32.store (i32.const 0x104) (i32.const 1))
    (i32.store (i32.const 0x110) (i32.const 0x200)) (i32.store (i32.const 0x114) (i32.const 11))
    (i32.store (i32.const 0x11c) (i32.const 0x1000)) (i32.store (i32.const 0x120) (i32.const 1))
    (i32.const 0x100)";

impl Core {
    fn component(&self) -> Vec<u8> {
        with_core(&format!(
            r#"{more}
            (func (export "wpp:plugin/checks@0.1.0#describe") (result i32) (unreachable))
            (func (export "wpp:plugin/checks@0.1.0#run") (param i32 i32) (result i32) (local $i i32) {run})
            (func (export "cabi_post_wpp:plugin/checks@0.1.0#describe") (param i32))
            (func (export "cabi_post_wpp:plugin/checks@0.1.0#run") (param i32) {after})
            (func $allocate (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) {allocate})
            (func (export "cabi_realloc_wit_bindgen_0_61_1") (param i32 i32 i32 i32) (result i32)
                (call $allocate (local.get 0) (local.get 1) (local.get 2) (local.get 3)))"#,
            more = self.more,
            run = self.run,
            after = self.after,
            allocate = self.allocate,
        ))
    }
}

/// With the module's own of 40 pages they are seven, and more than 16 MiB.
const MEMORIES: &str = "(memory 40) (memory 40) (memory 40) (memory 40) (memory 40) (memory 40)";
/// More than 20 000 elements.
const TABLES: &str = "(table 3000 funcref) (table 3000 funcref) (table 3000 funcref) (table 3000 funcref)
    (table 3000 funcref) (table 3000 funcref) (table 3000 funcref)";

/// [`FOUND`], with something changed before it is answered.
fn found_but(change: &str) -> String {
    FOUND.replace("(i32.const 0x100)\n", "").trim_end_matches("(i32.const 0x100)").to_owned() + change + "(i32.const 0x100)"
}

#[test]
fn modules_that_no_compiler_made_are_contained() {
    let bench = Bench::new(limits());
    let hasty = Bench::new(Limits { deadline: Duration::from_secs(2), ..limits() });
    let honest = bench.host.load("hostile", &component("hostile"), None).unwrap();
    // The module by hand is a plugin like others.
    let plain = bench.host.load("hostile", &HONEST.component(), None).unwrap();
    assert_eq!(bench.said(&plain, &[]), "");
    let but = |change: &str| Core { run: found_but(change).leak(), ..HONEST };
    let forever = "(loop $again (br $again)) (unreachable)";
    let cases: Vec<(&str, Core, &str)> = vec![
        (
            "a table that grows",
            Core {
                run: "(loop $again (drop (table.grow $table (ref.null func) (i32.const 1000))) (br $again)) (unreachable)",
                ..HONEST
            },
            "tables of more than",
        ),
        (
            "a memory that grows",
            Core { run: "(loop $again (drop (memory.grow (i32.const 16))) (br $again)) (unreachable)", ..HONEST },
            "of memory",
        ),
        ("a memory that is large from the start", Core { more: "(memory 2000)", ..HONEST }, "of memory"),
        ("a table that is large from the start", Core { more: "(table 1000000 funcref)", ..HONEST }, "tables of more than"),
        // Each of them alone may be.
        ("seven memories", Core { more: MEMORIES, ..HONEST }, "of memory"),
        ("seven tables", Core { more: TABLES, ..HONEST }, "tables of more than"),
        (
            "a stack without end",
            Core {
                run: "(call $deeper (i64.const 1)) (unreachable)",
                more: "(func $deeper (param i64) (call $deeper (i64.add (local.get 0) (i64.const 1))) (drop (i64.mul (local.get 0) (local.get 0))))",
                ..HONEST
            },
            "stack",
        ),
        ("a start without end", Core { more: "(func $begin (loop $again (br $again))) (start $begin)", ..HONEST }, "longer than"),
        ("a start that traps", Core { more: "(func $begin (unreachable)) (start $begin)", ..HONEST }, "gave up"),
        ("memory for an argument that is never there", Core { allocate: forever, ..HONEST }, "longer than"),
        ("memory for an argument that is nowhere", Core { allocate: "(i32.const -16)", ..HONEST }, ""),
        ("an end of the call without end", Core { after: forever, ..HONEST }, "longer than"),
        ("an end of the call that traps", Core { after: "(unreachable)", ..HONEST }, "gave up"),
        // Each of ten thousand findings is the same megabyte.
        (
            "ten gigabytes of findings",
            but("
            (local.set $i (i32.const 0x1000))
            (loop $again
                (i32.store offset=20 (local.get $i) (i32.const 0x100000))
                (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 48))) (i32.const 485096))))
            (i32.store (i32.const 0x120) (i32.const 10000))"),
            "hands over more than",
        ),
        ("more findings than there is memory", but("(i32.store (i32.const 0x120) (i32.const 0x0fffffff))"), ""),
        ("findings that are nowhere", but("(i32.store (i32.const 0x11c) (i32.const -48))"), ""),
        ("findings between places", but("(i32.store (i32.const 0x11c) (i32.const 0x1001))"), ""),
        ("a judgement that there is none of", but("(i32.store8 (i32.const 0x118) (i32.const 9))"), ""),
        ("a severity that there is none of", but("(i32.store16 (i32.const 0x1000) (i32.const 0x0901))"), ""),
        (
            "words that are no text",
            but("(i32.store (i32.const 0x1010) (i32.const 0x300)) (i32.store (i32.const 0x1014) (i32.const 2))"),
            "",
        ),
        ("an answer that is nowhere", Core { run: "(i32.const -1)", ..HONEST }, ""),
    ];
    for (what, core, why) in cases {
        // Only what would never end has little time.
        let by = if why == "longer than" { &hasty } else { &bench };
        let plugin = by.host.load("hostile", &core.component(), None).unwrap_or_else(|error| panic!("{what}: {}", error.chain()));
        let only = ["hostile.act.behaves".to_owned()];
        let called = by.runtime.block_on(plugin.judge(by.powers(&[]), &only));
        let error = match called.answer {
            Err(error) => error,
            Ok(outcomes) => panic!("{what}: {} outcomes", outcomes.len()),
        };
        assert!(error.kind() == ErrorKind::Unknown && !error.hints().is_empty(), "{what}: {}", error.chain());
        assert!(error.message().contains(why), "{what}: {}", error.chain());
        // Its words are one line and no more, whatever the engine says of it.
        assert!(error.chain().len() < 500, "{what}: {}", error.chain());
        assert_eq!(bench.said(&honest, &[("act", "nothing")]), "nothing");
    }
}

#[test]
fn the_doctor_goes_on_to_the_next_plugin() {
    let (address, _heard) = server(Vec::new());
    let home = crate::stores::home("hostile");
    let file = |name: &str| {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("plugins/{name}/{name}.wasm")).to_str().unwrap().to_owned()
    };
    let mut settings = String::from("[plugin.connector]\nurl = \"http://127.0.0.1:1\"\n");
    let acts = ["trap", "trap-in-describe", "memory", "stack", "findings", "log"];
    for act in acts {
        settings.push_str(&format!("[plugin.{act}]\nact = \"{act}\"\n"));
        assert_eq!(home.run(&["plugin", "add", &file("hostile"), "--name", act, "--yes"]).code, 0);
    }
    settings.push_str(&format!("[plugin.asks]\nact = \"request\"\nurl = \"http://{address}/\"\n"));
    assert_eq!(home.run(&["plugin", "add", &file("hostile"), "--name", "asks", "--yes"]).code, 0);
    std::fs::write(home.path().join("config.toml"), settings).unwrap();
    let line = ["plugin", "add", &file("connector"), "--yes", "--grant", "http=http://127.0.0.1:1"];
    assert_eq!(home.run(&line).code, 0);
    let mut line = vec!["doctor"];
    for name in acts.iter().chain(&["asks", "connector"]) {
        line.extend(["--channel", name]);
    }
    let (code, report) = home.json(&line);
    let of = |id: &str| -> Vec<&Value> {
        report["findings"].as_array().unwrap().iter().filter(|finding| finding["id"].as_str().unwrap().starts_with(id)).collect()
    };
    assert!([3, 5].contains(&code), "{report:#}");
    for act in ["trap", "trap-in-describe", "memory", "stack", "findings"] {
        let findings = of(&format!("{act}.plugin"));
        assert!(findings.len() == 1 && findings[0]["severity"] == "unknown", "{act}: {report:#}");
    }
    assert_eq!(of("log.act.behaves").len(), 1, "{report:#}");
    let asked = of("asks.act.behaves");
    assert!(asked[0]["summary"].as_str().unwrap().contains(&format!("wpp plugin grant asks http=http://{address}")), "{asked:?}");
    // The last one is asked as if nobody had been before it.
    assert!(of("connector.").len() > 3, "{report:#}");
}

/// The path of a component.
fn file(name: &str) -> String {
    format!("{}/plugins/{name}/{name}.wasm", env!("CARGO_MANIFEST_DIR"))
}

fn add(home: &TestHome, file: &str, name: &str, grants: &[&str]) {
    let mut line = vec!["plugin", "add", file, "--name", name, "--yes"];
    grants.iter().for_each(|grant| line.extend(["--grant", *grant]));
    let outcome = home.run(&line);
    assert_eq!(outcome.code, 0, "{outcome:?}");
}

/// What the check of the hostile plugin `name` said, in a doctor with these variables.
fn said(home: &TestHome, name: &str, variables: &[(&str, &str)]) -> String {
    let mut command = home.command(&["doctor", "--channel", name, "--format", "json"]);
    let outcome = Outcome::of(command.envs(variables.iter().copied()).output().unwrap());
    outcome.assert_helpful();
    let report: Value = serde_json::from_str(outcome.stdout.lines().last().unwrap_or_default()).unwrap();
    let finding = report["findings"].as_array().unwrap().iter().find(|finding| finding["id"] == format!("{name}.act.behaves"));
    finding.unwrap_or_else(|| panic!("{report:#}"))["summary"].as_str().unwrap().to_owned()
}

#[test]
fn a_plugin_reads_neither_the_settings_nor_the_secrets_of_another() {
    let (address, heard) = server((0..2).map(|_| answer("200 OK", "", "{}")).collect());
    let home = crate::stores::home("hostile");
    add(&home, &file("webhook"), "webhook", &[]);
    let grant = format!("http=http://{address}");
    add(&home, &file("hostile"), "peeps", &[&grant, "secret=webhook-key", "secret=peeps-key"]);
    std::fs::create_dir_all(home.path().join("secrets")).unwrap();
    wpp::disk::set_mode(&home.path().join("secrets"), 0o700).unwrap();
    for (name, value) in [("webhook.webhook-key", "hush-of-webhook"), ("peeps.peeps-key", "word-of-peeps")] {
        let path = home.path().join("secrets").join(name);
        std::fs::write(&path, value).unwrap();
        wpp::disk::set_mode(&path, 0o600).unwrap();
    }
    let configure = |peeps: &str| {
        let text = format!(
            "[plugin.webhook]\nurl = \"http://127.0.0.1:9/hush\"\nonly_here = \"hush\"\n[plugin.peeps]\nown = \"mine\"\n{peeps}\n\
             [secrets]\nshared = {{ command = [\"/bin/echo\", \"hush\"] }}\n"
        );
        std::fs::write(home.path().join("config.toml"), text).unwrap();
        wpp::disk::set_mode(&home.path().join("config.toml"), 0o600).unwrap();
    };
    let setting = |name: &str| {
        configure(&format!("act = \"setting\"\nother = {name:?}"));
        said(&home, "peeps", &[])
    };
    // It reads its own, so that the rest says something.
    assert_eq!(setting("own"), "Some(\"mine\")");
    for name in ["only_here", "url", "webhook.url", "plugin.webhook.url", "../webhook.only_here", "shared", "secrets.shared", ""]
    {
        assert_eq!(setting(name), "None", "{name}");
    }
    // Granted by its name, a secret that is another plugin's alone is not there; its own is.
    let request = |secret: &str| {
        let header = format!("authorization=Bearer {{{{secret:{secret}}}}}");
        configure(&format!("act = \"request\"\nurl = \"http://{address}/\"\nheader = {header:?}"));
        said(&home, "peeps", &[])
    };
    let refused = request("webhook-key");
    assert!(refused.starts_with("denied") && refused.contains("there is no secret"), "{refused}");
    assert!(heard.try_recv().is_err(), "it was asked");
    assert!(request("peeps-key").starts_with("200"));
    let asked = heard.recv_timeout(Duration::from_secs(60)).unwrap();
    assert!(asked.contains("word-of-peeps") && !asked.contains("hush"), "{asked}");
}

#[test]
fn a_name_that_moves_between_the_look_and_the_request_leads_where_the_look_was() {
    // The same port on two addresses of this machine.
    let (first, second) = (0..50)
        .find_map(|_| {
            let first = TcpListener::bind("127.0.0.1:0").unwrap();
            let second = TcpListener::bind(("127.0.0.2", first.local_addr().unwrap().port())).ok()?;
            Some((first, second))
        })
        .unwrap();
    let port = first.local_addr().unwrap().port();
    second.set_nonblocking(true).unwrap();
    let serving = std::thread::spawn(move || {
        let (mut stream, _) = first.accept().unwrap();
        std::io::Read::read(&mut stream, &mut [0; 4096]).unwrap();
        std::io::Write::write_all(&mut stream, answer("200 OK", "", "the first").as_bytes()).unwrap();
    });
    let bench = Bench::new(limits());
    let plugin = bench.host.load("hostile", &component("hostile"), None).unwrap();
    let looks = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&looks);
    let lookup = move |host: &str, port: u16| {
        assert_eq!(host, "moves.invalid");
        let ip = if counted.fetch_add(1, Ordering::Relaxed) == 0 { [127, 0, 0, 1] } else { [127, 0, 0, 2] };
        Ok(vec![SocketAddr::from((ip, port))])
    };
    let said = |grants: &[&str], lookup: Arc<wpp::plugin::http::Lookup>| {
        let mut all = vec![format!("http=http://moves.invalid:{port}")];
        all.extend(grants.iter().map(|grant| (*grant).to_owned()));
        let grants = Grants(all.iter().map(|text| Grant::parse(text).unwrap()).collect());
        let secrets = Arc::new(Secrets::new(Path::new("/nowhere"), &BTreeMap::new()));
        let http = Http::new("hostile", grants, secrets, false, 1 << 20).looked_up_by(lookup);
        let url = format!("http://moves.invalid:{port}/");
        let settings = [("act", "request"), ("url", url.as_str())].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let powers = Powers::new(Arc::new(BTreeMap::from(settings)), Arc::new(http), Duration::from_secs(30));
        let outcomes = bench.runtime.block_on(plugin.judge(powers, &[])).answer.unwrap();
        format!("{outcomes:?}")
    };
    let told = said(&["private=moves.invalid"], Arc::new(lookup));
    assert!(told.contains("200 the first"), "{told}");
    serving.join().unwrap();
    assert_eq!(looks.load(Ordering::Relaxed), 1, "it was looked up again");
    assert!(second.accept().is_err(), "somebody came to the second address");
    // Without the grant, no address of this machine is one that a name may have.
    let told = said(&[], Arc::new(|_: &str, port: u16| Ok(vec![SocketAddr::from(([127, 0, 0, 2], port))])));
    assert!(told.contains("denied: ") && told.contains("no public address"), "{told}");
    assert!(second.accept().is_err());
}

#[test]
fn a_server_of_a_plugin_shows_a_certificate_that_is_trusted_and_is_its_own() {
    let (trusted, other) = (Authority::new(), Authority::new());
    let home = crate::stores::home("hostile");
    let look = |config: Arc<rustls::ServerConfig>| {
        let server = Server::tls(config, 0);
        let address = format!("https://127.0.0.1:{}", server.port());
        add(&home, &file("hostile"), "asks", &[&format!("http={address}")]);
        let settings = format!("[plugin.asks]\nact = \"request\"\nurl = \"{address}/\"\n");
        std::fs::write(home.path().join("config.toml"), settings).unwrap();
        said(&home, "asks", &[("SSL_CERT_FILE", trusted.file().to_str().unwrap())])
    };
    let well = look(trusted.certified("127.0.0.1", 30));
    assert!(well.starts_with("200"), "{well}");
    for (what, config) in [
        ("nobody trusts", other.certified("127.0.0.1", 30)),
        ("of another name", trusted.certified("other.example", 30)),
        ("of another address", trusted.certified("127.0.0.2", 30)),
        ("that has ended", trusted.certified("127.0.0.1", -1)),
    ] {
        let told = look(config);
        assert!(told.starts_with("no answer") && told.contains("certificate"), "a certificate {what}: {told}");
    }
}

#[test]
fn the_doctor_goes_on_after_what_never_ends_and_after_what_was_exchanged() {
    let deadline = Duration::from_secs(5);
    let home = crate::stores::home("hostile");
    let bomb = Core { more: "(table 1000000 funcref)", ..HONEST }.component();
    let bomb_file = home.path().join("bomb.wasm");
    std::fs::write(&bomb_file, bomb).unwrap();
    let mut settings = String::from("[plugin.zealous]\nact = \"nothing\"\n");
    let never = ["loop", "loop-of-calls", "loop-of-sleeps"];
    for act in never {
        settings.push_str(&format!("[plugin.{act}]\nact = \"{act}\"\n"));
        add(&home, &file("hostile"), act, &[]);
    }
    add(&home, bomb_file.to_str().unwrap(), "bomb", &[]);
    add(&home, &file("hostile"), "exchanged", &[]);
    add(&home, &file("hostile"), "zealous", &[]);
    std::fs::write(home.path().join("plugins/exchanged.wasm"), component("webhook")).unwrap();
    std::fs::write(home.path().join("config.toml"), settings).unwrap();
    let folder = Home::open(home.path()).unwrap();
    let config = Config::load(&home.path().join("config.toml"), &Default::default()).unwrap();
    let limits = Limits { deadline, ..Limits::default() };
    let plugins = Plugins::open(&folder, &config, &BTreeMap::new()).unwrap().with_limits(limits);
    // The honest one is the last.
    let names: Vec<String> = plugins.registry().all().map(|(name, _)| name.to_owned()).collect();
    assert_eq!(names.last().map(String::as_str), Some("zealous"));
    let begun = Instant::now();
    let selection = Selection::new(Vec::new(), Vec::new(), &names).unwrap();
    let examination = examine::examine(&plugins, &names, &selection, None).unwrap();
    let of = |id: &str| {
        let all: Vec<_> = examination.findings.iter().filter(|finding| finding.id == id).collect();
        assert_eq!(all.len(), 1, "{id}: {:?}", examination.findings);
        all[0].summary.clone()
    };
    for act in never {
        assert!(of(&format!("{act}.plugin")).contains("longer than 5000 ms"), "{act}");
    }
    assert!(of("bomb.plugin").contains("tables of more than"));
    assert!(of("exchanged.plugin").contains("changed since it was added"));
    assert_eq!(of("zealous.act.behaves"), "nothing");
    assert!(begun.elapsed() < Duration::from_secs(120), "{:?}", begun.elapsed());
}
