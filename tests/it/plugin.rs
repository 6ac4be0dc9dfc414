//! The host of plugins, against plugins that do what no plugin may do.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use wpp::error::ErrorKind;
use wpp::plugin::cache::Cache;
use wpp::plugin::grants::{Grant, Grants};
use wpp::plugin::host::words::checks::Judgement;
use wpp::plugin::host::{Called, Host, Interface, Limits, Plugin};
use wpp::plugin::http::Http;
use wpp::plugin::powers::Powers;
use wpp::plugin::secrets::Secrets;

/// A component that comes with the project.
pub fn component(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins").join(name).join(format!("{name}.wasm"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub fn limits() -> Limits {
    Limits { memory_bytes: 16 << 20, output_bytes: 1 << 20, ..Limits::default() }
}

/// For plugins that would never end.
fn short() -> Limits {
    Limits { deadline: Duration::from_secs(2), ..limits() }
}

/// For plugins that have something to say after they have waited: a tenth of it is kept for that, which is long
/// enough on a busy machine.
fn roomy() -> Limits {
    Limits { deadline: Duration::from_secs(10), ..limits() }
}

pub struct Bench {
    pub runtime: tokio::runtime::Runtime,
    pub host: Host,
    limits: Limits,
    grants: Vec<String>,
    secrets: BTreeMap<String, String>,
}

impl Bench {
    pub fn new(limits: Limits) -> Bench {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Bench { runtime, host: Host::new(limits).unwrap(), limits, grants: Vec::new(), secrets: BTreeMap::new() }
    }

    pub fn powers(&self, settings: &[(&str, &str)]) -> Powers {
        let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let grants = Grants(self.grants.iter().map(|text| Grant::parse(text).unwrap()).collect());
        let secrets = Arc::new(Secrets::new(Path::new("/nowhere"), &self.secrets));
        let http = Http::new("hostile", grants, secrets, false, 1 << 20);
        Powers::new(Arc::new(settings), Arc::new(http), self.limits.deadline)
    }

    pub fn judge(&self, plugin: &Plugin, settings: &[(&str, &str)]) -> Called<Vec<wpp::plugin::host::words::checks::Outcome>> {
        self.runtime.block_on(plugin.judge(self.powers(settings), &[]))
    }

    /// The summary of the one finding.
    pub fn said(&self, plugin: &Plugin, settings: &[(&str, &str)]) -> String {
        let outcomes = self.judge(plugin, settings).answer.unwrap();
        match &outcomes[0].judgement {
            Judgement::Found(findings) => findings[0].summary.clone(),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn what_a_plugin_does_that_none_may_do_ends_it_and_nothing_else() {
    let load = |limits: Limits| {
        let bench = Bench::new(limits);
        let plugin = bench.host.load("hostile", &component("hostile"), None).unwrap();
        (bench, plugin)
    };
    let (bench, plugin) = load(limits());
    let (hasty, endless) = load(short());
    assert_eq!(plugin.interfaces(), [Interface::Checks]);
    let tame = || assert_eq!(bench.said(&plugin, &[("act", "nothing")]), "nothing");
    tame();
    for (act, why) in [
        ("loop", "longer than 2000 ms"),
        ("loop-of-calls", "longer than 2000 ms"),
        ("loop-of-sleeps", "longer than 2000 ms"),
        ("memory", "more than 16.0 MiB of memory"),
        ("stack", "ended"),
        ("trap", "gave up"),
        ("findings", "hands over more than"),
        ("a-long-finding", ""),
    ] {
        let called = match why {
            "longer than 2000 ms" => hasty.judge(&endless, &[("act", act)]),
            _ => bench.judge(&plugin, &[("act", act)]),
        };
        let error = called.answer.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unknown, "{act}: {}", error.chain());
        assert!(error.message().contains(why) && !error.hints().is_empty(), "{act}: {}", error.chain());
        // It goes on to the next as if nothing had been.
        tame();
    }
    // A wait ends a little before the deadline, so that who waited can say so.
    let (patient, sleeper) = load(roomy());
    assert_eq!(patient.said(&sleeper, &[("act", "sleep")]), "slept");
    let called = bench.runtime.block_on(plugin.checks(bench.powers(&[("act", "trap-in-describe")])));
    assert_eq!(called.answer.unwrap_err().kind(), ErrorKind::Unknown);
    assert!(
        called.heard.lines.iter().any(|(level, line)| *level == "error" && line.contains("described to death")),
        "{:?}",
        called.heard
    );
    let called = bench.judge(&plugin, &[("act", "log")]);
    assert!(called.heard.lines.len() == 200 && called.heard.dropped > 1000, "{}", called.heard.dropped);
    assert!(called.heard.lines.iter().all(|(_, line)| line.len() <= 4096));
}

#[test]
fn the_host_works_on_while_a_plugin_loops() {
    let bench = Bench::new(short());
    let plugin = bench.host.load("hostile", &component("hostile"), None).unwrap();
    // Both are on the one thread of the runtime.
    let (looped, tame) = bench.runtime.block_on(async {
        let looping = plugin.judge(bench.powers(&[("act", "loop")]), &[]);
        let tame = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            plugin.judge(bench.powers(&[("act", "nothing")]), &[]).await
        };
        tokio::join!(looping, tame)
    });
    assert!(looped.answer.is_err() && tame.answer.is_ok());
}

#[test]
fn what_is_no_plugin_is_refused_with_its_reason() {
    let bench = Bench::new(limits());
    let refused = |bytes: &[u8], why: &str| {
        let error = bench.host.load("x", bytes, None).err().unwrap();
        assert!(
            error.kind() == ErrorKind::Denied && error.chain().contains(why) && !error.hints().is_empty(),
            "{}",
            error.chain()
        );
    };
    refused(b"", "no WebAssembly");
    refused(b"MZ something else", "no WebAssembly");
    refused(&wat::parse_str("(module)").unwrap(), "core module");
    refused(b"\0asm\x0d\0\x01\0 garbage", "cannot be compiled");
    let whole = component("hostile");
    refused(&whole[..whole.len() / 2], "cannot be compiled");
    refused(&wat::parse_str("(component)").unwrap(), "offers nothing");
    let wat = |import: &str| wat::parse_str(format!("(component (import \"{import}\" (instance)))")).unwrap();
    refused(&wat("wasi:http/types@0.2.0"), "asks for wasi:http/types@0.2.0");
    refused(&wat("wpp:plugin/http@0.2.0"), "asks for wpp:plugin/http@0.2.0");
    refused(&wat("wpp:plugin/shell@0.1.0"), "asks for wpp:plugin/shell@0.1.0");
    let export = "(component (instance $i) (export \"wpp:plugin/checks@9.0.0\" (instance $i)))";
    refused(&wat::parse_str(export).unwrap(), "offers wpp:plugin/checks@9.0.0");
}

#[test]
fn a_table_beyond_the_limit_is_not_made() {
    // Every component has a table; the least one is too large here.
    let bench = Bench::new(Limits { table_elements: 1, ..limits() });
    let plugin = bench.host.load("hostile", &component("hostile"), None).unwrap();
    let error = bench.judge(&plugin, &[("act", "nothing")]).answer.unwrap_err();
    assert!(error.kind() == ErrorKind::Unknown && error.message().contains("table"), "{}", error.chain());
}

#[test]
fn an_interface_of_another_shape_is_refused() {
    let bench = Bench::new(limits());
    let text = "(component (instance $i) (export \"wpp:plugin/checks@0.1.0\" (instance $i)))";
    let error = bench.host.load("x", &wat::parse_str(text).unwrap(), None).err().unwrap();
    assert!(error.kind() == ErrorKind::Denied && error.chain().contains("does not fit the contract"), "{}", error.chain());
}

#[test]
fn compiled_code_is_taken_from_the_cache_and_a_tampered_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::at(&folder.path().join("compiled")).unwrap();
    let bench = Bench::new(limits());
    let bytes = component("hostile");
    let run = || {
        let plugin = bench.host.load("hostile", &bytes, Some(&cache)).unwrap();
        assert_eq!(bench.said(&plugin, &[("act", "nothing")]), "nothing");
    };
    run();
    let files: Vec<PathBuf> =
        std::fs::read_dir(folder.path().join("compiled")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 1);
    let written = std::fs::metadata(&files[0]).unwrap().modified().unwrap();
    run();
    assert_eq!(std::fs::metadata(&files[0]).unwrap().modified().unwrap(), written, "it was compiled again");
    let mut code = std::fs::read(&files[0]).unwrap();
    let middle = code.len() / 2;
    code[middle] ^= 0xff;
    std::fs::write(&files[0], &code).unwrap();
    run();
    assert_ne!(std::fs::read(&files[0]).unwrap()[middle], code[middle], "what was tampered with was replaced");
}

/// A server that answers each request with the next of these, and tells what it was asked.
pub fn server(answers: Vec<String>) -> (SocketAddr, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (asked, heard) = channel();
    std::thread::spawn(move || {
        for answer in answers {
            let Ok((mut stream, _)) = listener.accept() else { return };
            stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
            let mut request = Vec::new();
            let mut piece = [0; 4096];
            while let Ok(count @ 1..) = stream.read(&mut piece) {
                request.extend_from_slice(&piece[..count]);
                let text = String::from_utf8_lossy(&request).into_owned();
                let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                let length =
                    head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned));
                if body.len() >= length.and_then(|length| length.parse().ok()).unwrap_or(0) {
                    break;
                }
            }
            let _ = asked.send(String::from_utf8_lossy(&request).into_owned());
            if answer == "silence" {
                std::thread::sleep(Duration::from_secs(60));
                continue;
            }
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (address, heard)
}

pub fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n{body}", body.len())
}

#[test]
fn requests_go_to_granted_origins_alone_and_redirects_are_judged_again() {
    let (elsewhere, _) = server(vec![answer("200 OK", "", "elsewhere")]);
    let redirects: Vec<String> = [
        "http://169.254.169.254/latest/meta-data".to_owned(),
        format!("http://{elsewhere}/"),
        "http://localhost:1/".to_owned(),
        "file:///etc/passwd".to_owned(),
    ]
    .iter()
    .map(|to| answer("302 Found", &format!("location: {to}\r\n"), ""))
    .collect();
    let count = redirects.len();
    let (address, heard) = server([vec![answer("200 OK", "", "here")], redirects].concat());
    let mut bench = Bench::new(limits());
    let plugin = bench.host.load("hostile", &component("hostile"), None).unwrap();
    let ask = |bench: &Bench, url: &str| bench.said(&plugin, &[("act", "request"), ("url", url)]);
    let url = format!("http://{address}/");
    let said = ask(&bench, &url);
    assert!(said.starts_with("denied") && said.contains(&format!("wpp plugin grant hostile http=http://{address}")), "{said}");
    assert!(heard.try_recv().is_err());
    bench.grants.push(format!("http=http://{address}"));
    assert_eq!(ask(&bench, &url), "200 here");
    for _ in 0..count {
        let said = ask(&bench, &url);
        assert!(said.starts_with("denied") || said.starts_with("invalid"), "{said}");
    }
    for (url, why) in [
        (format!("http://user:word@{address}/"), "invalid"),
        (format!("https://{address}/"), "denied"),
        ("http://127.0.0.1:1/".to_owned(), "denied"),
        ("gopher://x/".to_owned(), "invalid"),
        ("no address".to_owned(), "invalid"),
    ] {
        let said = ask(&bench, &url);
        assert!(said.starts_with(why), "{url}: {said}");
    }
}

#[test]
fn a_name_with_a_private_address_is_reached_only_when_that_is_granted_by_name() {
    let (address, _heard) = server(vec![answer("200 OK", "", "private")]);
    let mut bench = Bench::new(limits());
    let plugin = bench.host.load("hostile", &component("hostile"), None).unwrap();
    // A name that is no `localhost` and that every resolver here gives a loopback address.
    let name = "ip6-localhost";
    let known = std::net::ToSocketAddrs::to_socket_addrs(&(name, address.port()));
    if known.map_or(true, |mut found| !found.any(|found| found.ip().is_loopback())) {
        return;
    }
    bench.grants.push(format!("http=http://{name}:{}", address.port()));
    let url = format!("http://{name}:{}/", address.port());
    let ask = |bench: &Bench| bench.said(&plugin, &[("act", "request"), ("url", &url)]);
    let said = ask(&bench);
    assert!(said.contains("no public address") && said.contains(&format!("private={name}")), "{said}");
    bench.grants.push(format!("private={name}"));
    let said = ask(&bench);
    // It listens on the address of version 4 alone; what matters is that it was tried.
    assert!(said.starts_with("200") || said.starts_with("no answer"), "{said}");
}

#[test]
fn a_secret_is_put_in_for_granted_origins_and_never_seen() {
    let echo = answer("200 OK", "x-key: s3cret-word\r\n", "your key is s3cret-word.");
    let (address, heard) = server(vec![echo; 5]);
    let (other, other_heard) = server(vec![answer("200 OK", "", "other")]);
    let mut bench = Bench::new(limits());
    bench.secrets.insert("WPP_SECRET_API_KEY".into(), "s3cret-word".into());
    bench.grants.push(format!("http=http://{address}"));
    let plugin = bench.host.load("hostile", &component("hostile"), None).unwrap();
    let url = format!("http://{address}/x");
    let ask = |bench: &Bench, more: &[(&str, &str)]| {
        bench.said(&plugin, &[&[("act", "request"), ("url", url.as_str())], more].concat())
    };
    let key = ("header", "x-api-key={{secret:api-key}}");
    let said = ask(&bench, &[key]);
    assert!(said.contains("the secret api-key is not granted"), "{said}");
    // Granted for one server, it is put in for this one alone.
    bench.grants.push(format!("http=http://{other}"));
    bench.grants.push(format!("secret=api-key@http://{other}"));
    let said = ask(&bench, &[key]);
    assert!(
        said.starts_with("denied") && said.contains(&format!("`wpp plugin grant hostile secret=api-key@http://{address}`")),
        "{said}"
    );
    assert!(heard.try_recv().is_err());
    bench.grants.truncate(1);
    bench.grants.push(format!("secret=api-key@http://{address}"));
    assert_eq!(ask(&bench, &[key]), "200 your key is [secret].");
    assert!(heard.recv().unwrap().contains("x-api-key: s3cret-word\r\n"));
    assert!(ask(&bench, &[("url", &format!("{url}/{{{{secret:api-key}}}}/y"))]).contains("[secret]"));
    assert!(heard.recv().unwrap().starts_with("GET /x/s3cret-word/y "));
    // A name that came from somewhere and was escaped is text, and stays as it was written.
    assert!(ask(&bench, &[("url", &format!("{url}/%7B%7Bsecret:api-key%7D%7D/y"))]).contains("200"));
    assert!(heard.recv().unwrap().starts_with("GET /x/%7B%7Bsecret:api-key%7D%7D/y "));
    // The signature of the body, as any other program makes it.
    assert!(ask(&bench, &[("header", "x-signature={{hmac-sha256:api-key}}"), ("body", "text")]).starts_with("200"));
    let mut mac = <hmac::Hmac<sha2::Sha256> as hmac::KeyInit>::new_from_slice(b"s3cret-word").unwrap();
    hmac::Mac::update(&mut mac, b"text");
    let signature = hex::encode(hmac::Mac::finalize(mac).into_bytes());
    let request = heard.recv().unwrap();
    assert!(request.contains(&format!("x-signature: {signature}\r\n")) && !request.contains("s3cret"), "{request}");
    // Not into the host's name, not into another header by a line of its own, not to another server.
    for (more, why) in [
        (vec![("url", "http://{{secret:api-key}}.example/")], ""),
        (vec![("header", "x-a=1\r\nx-b: {{secret:api-key}}")], "invalid"),
        (vec![("header", "host=evil.example")], "invalid"),
        (vec![("header", "x-a={{secret:other}}")], "denied"),
        (vec![("header", "x-a={{secret:../../etc/passwd}}")], "invalid"),
    ] {
        let said = ask(&bench, &more);
        assert!(said.starts_with(why) && !said.starts_with("200") && !said.contains("s3cret"), "{more:?}: {said}");
    }
    let url = format!("http://{other}/");
    let said = bench.said(&plugin, &[("act", "request"), ("url", &url), key]);
    assert!(said.starts_with("denied") && other_heard.try_recv().is_err(), "{said}");
}

#[test]
fn a_redirect_to_another_granted_server_takes_no_secret_along() {
    let (other, other_heard) = server(vec![answer("200 OK", "", "other")]);
    let (address, _heard) = server(vec![answer("307 Temporary Redirect", &format!("location: http://{other}/\r\n"), "")]);
    let mut bench = Bench::new(limits());
    bench.secrets.insert("WPP_SECRET_API_KEY".into(), "s3cret-word".into());
    bench.grants = vec![format!("http=http://{address}"), format!("http=http://{other}"), "secret=api-key".into()];
    let plugin = bench.host.load("hostile", &component("hostile"), None).unwrap();
    let url = format!("http://{address}/");
    let settings = [("act", "request"), ("url", url.as_str()), ("header", "x-api-key={{secret:api-key}}")];
    assert_eq!(bench.said(&plugin, &settings), "200 other");
    let request = other_heard.recv().unwrap();
    assert!(!request.contains("s3cret") && !request.contains("x-api-key"), "{request}");
}

#[test]
fn a_redirect_cannot_name_a_secret() {
    let names = answer("302 Found", "location: /next/{{secret:other}}?x={{secret:other}}\r\nx-a: {{secret:other}}\r\n", "");
    let (address, heard) = server(vec![names, answer("200 OK", "", "there")]);
    let mut bench = Bench::new(limits());
    bench.secrets.insert("WPP_SECRET_API_KEY".into(), "s3cret-word".into());
    bench.secrets.insert("WPP_SECRET_OTHER".into(), "an0ther-word".into());
    bench.grants = vec![format!("http=http://{address}"), "secret=api-key".into(), "secret=other".into()];
    let plugin = bench.host.load("hostile", &component("hostile"), None).unwrap();
    let url = format!("http://{address}/{{{{secret:api-key}}}}");
    let settings = [("act", "request"), ("url", url.as_str()), ("header", "x-api-key={{secret:api-key}}")];
    assert_eq!(bench.said(&plugin, &settings), "200 there");
    assert!(heard.recv().unwrap().starts_with("GET /s3cret-word "));
    let request = heard.recv().unwrap();
    assert!(request.contains("x-api-key: s3cret-word") && !request.contains("an0ther-word"), "{request}");
}

#[test]
fn a_server_that_does_not_answer_is_told_by_its_kind_and_a_parked_plugin_is_ended() {
    let (silent, _) = server(vec!["silence".into(), "silence".into()]);
    let long = answer("200 OK", "", &"x".repeat(2 << 20));
    let (talkative, _) = server(vec![long]);
    let (closed, _held) = crate::harness::refusing();
    let mut bench = Bench::new(limits());
    bench.grants = [silent, talkative, closed].iter().map(|address| format!("http=http://{address}")).collect();
    bench.grants.push("http=http://no-such-name.invalid".into());
    let plugin = bench.host.load("hostile", &component("hostile"), None).unwrap();
    let said = |url: &str| bench.said(&plugin, &[("act", "request"), ("url", url)]);
    assert!(said(&format!("http://{closed}/")).contains("ProviderUnavailable"));
    // Where names are asked for in vain, a resolver may take longer than the request.
    let nameless = said("http://no-such-name.invalid/");
    assert!(nameless.contains("DnsResolution") || nameless.contains("Timeout"), "{nameless}");
    assert!(said(&format!("http://{talkative}/")).starts_with("too large"));
    // It waits in a call of the host's for longer than it may take in all.
    let waits = |limits: Limits, act: &str| {
        let mut hasty = Bench::new(limits);
        hasty.grants = bench.grants.clone();
        let plugin = hasty.host.load("hostile", &component("hostile"), None).unwrap();
        hasty.judge(&plugin, &[("act", act), ("url", &format!("http://{silent}/"))]).answer
    };
    // It is told in time to say so itself.
    let parked = waits(roomy(), "request");
    assert!(format!("{:?}", parked.unwrap()).contains("Timeout"));
    // One that waits again and again is ended.
    let looping = waits(short(), "loop-of-requests");
    assert!(looping.unwrap_err().message().contains("longer than 2000 ms"));
}

#[test]
fn the_ids_of_checks_begin_with_what_the_operator_calls_the_plugin() {
    let bench = Bench::new(limits());
    let plugin = bench.host.load("eve", &component("hostile"), None).unwrap();
    let checks = |id: &str| bench.runtime.block_on(plugin.checks(bench.powers(&[("id", id)]))).answer;
    assert_eq!(checks("act.behaves").unwrap()[0].id, "eve.act.behaves");
    for id in ["", "act", "act.", ".behaves", "hostile.act.behaves", "Act.behaves", "act.be haves", "act.\u{1b}[2J", "act/x.y"] {
        let error = checks(id).unwrap_err();
        assert!(error.kind() == ErrorKind::Unknown && error.message().contains("AREA.WHAT"), "{id}: {}", error.chain());
    }
    let only = ["eve.act.behaves".to_owned()];
    let outcomes = bench.runtime.block_on(plugin.judge(bench.powers(&[("act", "nothing")]), &only)).answer.unwrap();
    assert_eq!(outcomes[0].check, "eve.act.behaves");
}

#[test]
fn the_class_of_an_outage_is_in_findings_and_in_errors() {
    let bench = Bench::new(limits());
    let plugin = bench.host.load("hostile", &component("hostile"), None).unwrap();
    for (outage, class) in [
        ("dns", Some("dns_resolution")),
        ("timeout", Some("timeout")),
        ("network", Some("network_unreachable")),
        ("provider", Some("provider_unavailable")),
        ("none", None),
    ] {
        let settings = [("act", "unknown"), ("outage", outage)];
        let checks = bench.runtime.block_on(plugin.checks(bench.powers(&settings))).answer.unwrap();
        let outcomes = bench.judge(&plugin, &settings).answer.unwrap();
        let Judgement::Unknown(failure) = outcomes[0].judgement.clone() else { panic!("{outcomes:?}") };
        assert_eq!(wpp::plugin::adapt::error("hostile", failure).class(), class);
        let finding = &wpp::plugin::adapt::examination("hostile", &checks, &outcomes, None).findings[0];
        assert_eq!((finding.class.as_deref(), finding.summary.as_str()), (class, "nobody knows"));
        assert_eq!(finding.remedy.as_ref().unwrap().command, "# ask somebody else");
    }
}

/// A home with a plugin that sends notices to this address.
fn with_webhook(address: SocketAddr, more: &[&str]) -> crate::harness::TestHome {
    let home = crate::stores::home("plugin");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins/webhook/webhook.wasm");
    std::fs::write(home.path().join("config.toml"), format!("[plugin.webhook]\nurl = \"http://{address}/in\"\n")).unwrap();
    wpp::disk::set_mode(&home.path().join("config.toml"), 0o600).unwrap();
    let outcome = home.run(&[&["plugin", "add", file.to_str().unwrap(), "--yes"], more].concat());
    assert_eq!(outcome.code, 0, "{outcome:?}");
    home
}

#[test]
fn a_notice_goes_where_it_is_granted_signed_and_once_for_each_key() {
    let (address, heard) =
        server(vec![answer("200 OK", "", "{}"), answer("500 Internal Server Error", "", "{\"message\":\"no\"}")]);
    let home = with_webhook(address, &[]);
    let send = |home: &crate::harness::TestHome| {
        let mut command = home.command(&["channel", "send", "webhook", "the disk is full", "--title", "wpp", "--key", "disk-1"]);
        command.env("WPP_SECRET_WEBHOOK_KEY", "s3cret-word").output().unwrap()
    };
    // Nothing is granted: the hint says what is wanted, and does it when it is pasted.
    for wanted in [format!("http=http://{address}"), "secret=webhook-key".to_owned()] {
        let output = send(&home);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(15) && said.contains(&format!("wpp plugin grant webhook {wanted}")), "{said}");
        assert!(heard.try_recv().is_err() && !said.contains("s3cret"));
        assert_eq!(home.run(&["plugin", "grant", "webhook", &wanted]).code, 0);
    }
    let output = send(&home);
    assert!(output.status.success(), "{output:?}");
    let request = heard.recv().unwrap();
    assert!(request.starts_with("POST /in ") && request.contains("idempotency-key: disk-1\r\n"), "{request}");
    assert!(request.contains("x-wpp-signature: sha256=") && request.contains("the disk is full"), "{request}");
    let output = send(&home);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(4) && said.contains("500") && said.contains("next:"), "{said}");
}

#[test]
fn a_secret_comes_from_a_command_that_the_operator_names() {
    let (address, heard) = server(vec![answer("200 OK", "", "{}"), answer("200 OK", "", "{}")]);
    let home = with_webhook(address, &["--grant", &format!("http=http://{address}"), "--grant", "secret=webhook-key"]);
    let config = home.path().join("config.toml");
    let before = std::fs::read_to_string(&config).unwrap();
    let send = |table: &str| {
        std::fs::write(&config, format!("{before}\n{table}\n")).unwrap();
        home.run(&["channel", "send", "webhook", "text"])
    };
    let signature = |secret: &[u8], request: &str| {
        let (_, body) = request.split_once("\r\n\r\n").unwrap();
        let mut mac = <hmac::Hmac<sha2::Sha256> as hmac::KeyInit>::new_from_slice(secret).unwrap();
        hmac::Mac::update(&mut mac, body.as_bytes());
        request.contains(&hex::encode(hmac::Mac::finalize(mac).into_bytes()))
    };
    let outcome = send("[secrets]\nwebhook-key = { command = [\"/bin/sh\", \"-c\", \"echo s3cret-word; echo more\"] }");
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert!(signature(b"s3cret-word", &heard.recv().unwrap()));
    // One that is this plugin's alone goes before.
    let both = "[secrets]\nwebhook-key.command = [\"false\"]\n[secrets.webhook]\nwebhook-key.command = [\"echo\", \"its-own\"]";
    let outcome = send(both);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert!(signature(b"its-own", &heard.recv().unwrap()));
    // A plugin's own settings name no command.
    for (table, code, why) in [
        ("[secrets]\nwebhook-key.command = [\"/bin/sh\", \"-c\", \"echo s3cret-word >&2; exit 3\"]", 15, "exit status: 3"),
        ("[secrets]\nwebhook-key = \"s3cret-word\"", 2, "secrets.webhook-key"),
        ("[plugin.other.secrets]\nwebhook-key.command = [\"echo\", \"x\"]", 2, "plugin.other.secrets"),
    ] {
        let outcome = send(table);
        let said = format!("{}{}", outcome.stdout, outcome.stderr);
        assert!(outcome.code == code && said.contains(why) && !said.contains("s3cret-word"), "{table}: {outcome:?}");
        assert!(heard.try_recv().is_err());
    }
}

#[test]
fn other_bytes_have_no_grants_and_are_not_run() {
    let (address, _) = server(Vec::new());
    let home = with_webhook(address, &["--grant", &format!("http=http://{address}")]);
    let file = home.path().join("plugins/webhook.wasm");
    let mut bytes = std::fs::read(&file).unwrap();
    std::fs::write(&file, component("hostile")).unwrap();
    for line in
        [&["plugin", "info", "webhook"][..], &["channel", "health", "webhook"], &["plugin", "grant", "webhook", "secret=x"]]
    {
        let outcome = home.run(line);
        assert!(outcome.code == 15 && outcome.stderr.contains("changed since it was added"), "{outcome:?}");
    }
    assert!(home.run(&["plugin", "list"]).stdout.contains("changed since it was added"));
    // Added anew, they begin with nothing.
    bytes.push(0);
    bytes.extend_from_slice(&[1, 0]);
    let changed = home.path().join("changed.wasm");
    std::fs::write(&changed, component("hostile")).unwrap();
    let outcome = home.run(&["plugin", "add", changed.to_str().unwrap(), "--name", "webhook", "--yes"]);
    assert!(outcome.code == 0 && outcome.stdout.contains(&format!("no longer allowed: http=http://{address}")), "{outcome:?}");
    assert!(home.run(&["plugin", "info", "webhook"]).stdout.contains("nothing"));
}

#[test]
fn a_lock_file_that_wpp_did_not_write_is_an_error_and_nothing_is_run() {
    let (address, _) = server(Vec::new());
    let home = with_webhook(address, &[]);
    let path = home.path().join("plugins.lock");
    let text = std::fs::read_to_string(&path).unwrap();
    for (from, to) in [
        ("[plugin.webhook]", "[plugin.\"../webhook\"]"),
        ("sha256 = \"", "sha256 = \"x"),
        ("grants = []", "grants = [\"all\"]"),
        ("grants = []", "granted = []"),
        ("[plugin.webhook]", "[plugin.webhook"),
    ] {
        assert!(text.contains(from), "{text}");
        std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
        for line in [&["plugin", "list"][..], &["channel", "health", "webhook"]] {
            let outcome = home.run(line);
            assert!(outcome.code == 2 && outcome.stderr.contains("plugins.lock"), "{to}: {outcome:?}");
        }
        // What has to do with no plugin does not look at it.
        assert_eq!(home.run(&["backup", "list"]).code, 0);
    }
}

#[test]
fn a_lock_file_that_somebody_else_changed_is_refused_until_it_is_back_or_accepted() {
    let (address, heard) = server(vec![answer("200 OK", "", "{}")]);
    let home = with_webhook(address, &[]);
    let path = home.path().join("plugins.lock");
    let whole = std::fs::read_to_string(&path).unwrap();
    let granted = whole.replacen("grants = []", &format!("grants = [\"http=http://{address}\", \"secret=webhook-key\"]"), 1);
    let hash = whole.split("sha256 = \"").nth(1).unwrap()[..64].to_owned();
    let others = wpp::plugin::registry::sha256(&component("hostile"));
    let swapped = whole.replacen(&hash, &others, 1);
    assert!(granted != whole && swapped != whole);
    // With the bytes that it then names, which would be run.
    let file = home.path().join("plugins/webhook.wasm");
    let bytes = std::fs::read(&file).unwrap();
    for (text, component) in [(&granted, bytes.clone()), (&swapped, component("hostile"))] {
        std::fs::write(&path, text).unwrap();
        std::fs::write(&file, component).unwrap();
        for line in [
            &["plugin", "list"][..],
            &["channel", "send", "webhook", "text"],
            &["plugin", "grant", "webhook", "secret=more"],
            &["plugin", "remove", "webhook"],
            &["doctor", "--channel", "webhook"],
        ] {
            let outcome = home.run(line);
            assert!([2, 15].contains(&outcome.code) && outcome.stderr.contains("is not what wpp wrote"), "{line:?}: {outcome:?}");
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), *text);
    }
    std::fs::write(&file, &bytes).unwrap();
    let (code, report) = home.json(&["doctor", "--only", "wpp.home.plugins"]);
    assert!(code == 3 && report.to_string().contains("wpp plugin accept"), "{report:#}");
    assert!(heard.try_recv().is_err(), "it was asked");
    // One way out is to put it back.
    std::fs::write(&path, &whole).unwrap();
    let (code, list) = home.json(&["plugin", "list"]);
    assert_eq!((code, &list["data"]["lock"]["how"]), (0, &"written".into()), "{list:#}");
    // The other is to take it, with open eyes.
    std::fs::write(&path, &granted).unwrap();
    let asked = home.run(&["plugin", "accept"]);
    assert!(asked.code != 0 && home.run(&["plugin", "list"]).code == 15, "{asked:?}");
    let (code, list) = home.json(&["plugin", "accept", "--yes"]);
    assert_eq!((code, &list["data"]["lock"]["how"]), (0, &"accepted".into()), "{list:#}");
    let shown = home.run(&["plugin", "list"]);
    assert!(shown.code == 0 && shown.stdout.contains("was changed by somebody else"), "{shown:?}");
    // What was written before is no longer what is there.
    assert_eq!(home.run(&["plugin", "revoke", "webhook", "secret=webhook-key"]).code, 0);
    std::fs::write(&path, &granted).unwrap();
    assert_eq!(home.run(&["plugin", "list"]).code, 15);
}

#[test]
fn a_lock_file_that_others_may_write_is_refused() {
    let (address, _) = server(Vec::new());
    let home = with_webhook(address, &[]);
    let path = home.path().join("plugins.lock");
    for mode in [0o666, 0o620, 0o604] {
        wpp::disk::set_mode(&path, mode).unwrap();
        let outcome = home.run(&["plugin", "list"]);
        assert!(outcome.code == 15 && outcome.stderr.contains("chmod 600"), "{mode:o}: {outcome:?}");
        assert_eq!(home.run(&["channel", "health", "webhook"]).code, 15, "{mode:o}");
    }
    wpp::disk::set_mode(&path, 0o600).unwrap();
    assert_eq!(home.run(&["plugin", "list"]).code, 0);
    // Only the administrator can give a file away.
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(&path, Some(4711), None).unwrap();
        let outcome = home.run(&["plugin", "list"]);
        assert!(outcome.code == 15 && outcome.stderr.contains("user 4711"), "{outcome:?}");
    }
}

#[test]
fn a_home_whose_journal_is_gone_keeps_the_lock_file_as_it_is_once_and_says_so() {
    let (address, _) = server(Vec::new());
    let home = with_webhook(address, &[]);
    let path = home.path().join("plugins.lock");
    let forget = || {
        for ending in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(home.path().join(format!("ops.db{ending}")));
        }
    };
    forget();
    let first = home.run(&["plugin", "list"]);
    assert!(first.code == 0 && first.stdout.contains("found and taken as it was"), "{first:?}");
    let (_, again) = home.json(&["plugin", "list"]);
    assert_eq!(again["data"]["lock"]["how"], "found", "{again:#}");
    let whole = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, whole.replacen("grants = []", "grants = [\"secret=more\"]", 1)).unwrap();
    assert_eq!(home.run(&["plugin", "list"]).code, 15, "only once");
    std::fs::write(&path, &whole).unwrap();
    // A change is one of wpp's, and what it began with was kept.
    forget();
    assert_eq!(home.run(&["plugin", "grant", "webhook", "secret=more"]).code, 0);
    assert_eq!(home.json(&["plugin", "list"]).1["data"]["lock"]["how"], "written");
    // A home that moves takes its journal along.
    let moved = tempfile::Builder::new().prefix("wpp-it-").tempdir().unwrap();
    let copied =
        std::process::Command::new("cp").args(["-a", &format!("{}/.", home.path().display())]).arg(moved.path()).status();
    assert!(copied.unwrap().success());
    let outcome = home.command(&["plugin", "list"]).env("WPP_HOME", moved.path()).output().unwrap();
    assert!(outcome.status.success(), "{outcome:?}");
}

#[test]
fn a_sandbox_reaches_loopback_alone_whatever_is_granted() {
    let home = with_webhook("127.0.0.1:9".parse().unwrap(), &[]);
    std::fs::write(home.path().join("config.toml"), "[plugin.webhook]\nurl = \"http://1.1.1.1/in\"\nsigned = false\n").unwrap();
    assert_eq!(home.run(&["plugin", "grant", "webhook", "http=http://1.1.1.1"]).code, 0);
    let outcome = home.run(&["channel", "send", "webhook", "text"]);
    assert!(outcome.code == 15 && outcome.stderr.contains("a sandbox reaches loopback alone"), "{outcome:?}");
}

#[test]
fn the_doctor_asks_the_checks_of_a_plugin() {
    let (nobody, _held) = crate::harness::refusing();
    let home = with_webhook(nobody, &[]);
    let config = home.path().join("config.toml");
    let settings = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, format!("{settings}\n[plugin.openwa]\nurl = \"http://{nobody}\"\n")).unwrap();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins/openwa/openwa.wasm");
    let grant = format!("http=http://{nobody}");
    let outcome =
        home.run(&["plugin", "add", file.to_str().unwrap(), "--grant", &grant, "--grant", "secret=openwa-key", "--yes"]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    let (code, report) = home.json(&["doctor", "--channel", "openwa"]);
    let findings = report["findings"].as_array().unwrap();
    assert!([3, 5].contains(&code) && findings.len() > 3, "{report:#}");
    assert!(findings.iter().all(|finding| finding["id"].as_str().unwrap().starts_with("openwa.") && finding["severity"] != "ok"));
    let mut command = home.command(&["doctor", "--channel", "openwa"]);
    let output = command.env("WPP_SECRET_OPENWA_KEY", "s3cret-word").output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(told.contains("next: # ") && !told.contains("mend: \n"), "{told}");
    // Its bytes change: it is not asked, and that is no good sign.
    let component = home.path().join("plugins/openwa.wasm");
    std::fs::write(&component, crate::plugin::component("hostile")).unwrap();
    let (code, report) = home.json(&["doctor", "--channel", "openwa"]);
    assert!(code == 5 && report["findings"][0]["summary"].as_str().unwrap().contains("changed since"), "{report:#}");
    for name in ["webhook", "none"] {
        assert_eq!(home.run(&["doctor", "--channel", name]).code, 2);
    }
}

#[test]
fn a_channel_that_cannot_be_asked_how_it_is_is_unknown_and_not_ok() {
    let (address, _) = server(Vec::new());
    let home = with_webhook(address, &[]);
    std::fs::write(home.path().join("config.toml"), format!("[plugin.webhook]\nurl = \"http://{address}\"\n")).unwrap();
    let (code, report) = home.json(&["channel", "health", "webhook"]);
    assert_eq!((code, &report["data"]["condition"], &report["verdict"]), (5, &"unknown".into(), &"unknown".into()), "{report:#}");
}

#[test]
fn a_plugin_goes_by_the_name_that_the_operator_gave_it() {
    let double = crate::doubles::Double::new(crate::doubles::OpenWa::well());
    let home = with_webhook(double.address, &[]);
    let url = double.url();
    std::fs::write(home.path().join("config.toml"), format!("[plugin.sales]\nurl = \"{url}\"\n")).unwrap();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins/openwa/openwa.wasm");
    let grant = format!("http={url}");
    let file = file.to_str().unwrap();
    let line = ["plugin", "add", file, "--name", "sales", "--grant", &grant, "--grant", "secret=openwa-key", "--yes"];
    assert_eq!(home.run(&line).code, 0);
    double.state().sessions[0]["status"] = serde_json::json!("disconnected");
    double.state().sessions[0]["engineLoaded"] = serde_json::json!(false);
    let secrets = home.path().join("secrets");
    wpp::disk::create_folder(&secrets).unwrap();
    wpp::disk::write_atomic(&secrets.join("openwa-key"), b"owa-key-for-tests").unwrap();
    let (_, report) = home.json(&["doctor", "--channel", "sales"]);
    let findings = report["findings"].as_array().unwrap();
    assert!(findings.iter().all(|finding| finding["id"].as_str().unwrap().starts_with("sales.")), "{report:#}");
    let stopped = findings.iter().find(|finding| finding["id"] == "sales.sessions.ready").unwrap();
    assert_eq!((&stopped["session"], &stopped["remedy"]["command"]), (&"sales:main".into(), &"wpp start sales:main".into()));
    // Nothing anywhere says what the file was called.
    assert!(!report.to_string().contains("openwa."), "{report:#}");
    let (_, info) = home.json(&["plugin", "info", "sales"]);
    assert!(info["data"]["checks"].as_array().unwrap().iter().all(|id| id.as_str().unwrap().starts_with("sales.")), "{info:#}");
    // The server goes away: the class is in the report and in an error.
    drop(double);
    let (_, report) = home.json(&["doctor", "--channel", "sales"]);
    let unknown: Vec<_> =
        report["findings"].as_array().unwrap().iter().filter(|finding| finding["severity"] == "unknown").collect();
    assert!(unknown.len() > 3 && unknown.iter().all(|finding| finding["class"] == "provider_unavailable"), "{report:#}");
    let (code, error) = home.json(&["channel", "health", "sales"]);
    assert!(code == 14 && error["class"] == "provider_unavailable", "{error:#}");
}

#[test]
fn grants_are_answered_one_by_one_at_a_terminal_and_a_no_grants_nothing() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins/openwa/openwa.wasm");
    let line = ["plugin", "add", file.to_str().unwrap()];
    let home = || {
        let home = crate::harness::TestHome::sandbox();
        std::fs::write(home.path().join("config.toml"), "[plugin.openwa]\nurl = \"http://127.0.0.1:2785\"\n").unwrap();
        home
    };
    // What is typed, and what is granted then; without an answer to the last question, nothing is added.
    let (url, key, metrics) = ("http=http://127.0.0.1:2785", "secret=openwa-key", "secret=openwa-metrics-token");
    let agreed = [url, key, metrics];
    let cases = [
        (["y", "y", "n", "y"], Some(vec![url, key])),
        (["n", "yes", "N", "Y"], Some(vec![key])),
        (["", "no", "what?", "y"], Some(Vec::new())),
        (["y", "y", "y", "n"], None),
        (["y", "y", "y", ""], None),
    ];
    for (answers, granted) in &cases {
        let home = home();
        let mut terminal = crate::terminal::Terminal::new(&home, &line);
        for (answer, about) in answers.iter().zip([url, key, metrics, "Add the plugin openwa"]) {
            let question = terminal.waits_for("[y/N] ");
            assert!(question.contains(about), "{about}: {question}");
            if about.starts_with("Add") {
                let all = granted.as_deref().unwrap_or(&agreed);
                let allowed = if all.is_empty() { "nothing".to_owned() } else { all.join(", ") };
                let question = question.replace("\r\n", " ");
                assert!(question.contains(&format!("is allowed {allowed}.")), "{question}");
            }
            terminal.types(answer);
        }
        let code = if granted.is_some() { 0 } else { 20 };
        assert_eq!(terminal.ends(), code, "{answers:?}: {}", terminal.shown());
        let (_, list) = home.json(&["plugin", "list"]);
        match granted {
            None => {
                assert!(!list.to_string().contains("openwa"), "{list}");
                assert!(terminal.shown().contains("nothing was changed"), "{}", terminal.shown());
            }
            Some(granted) => {
                let (_, info) = home.json(&["plugin", "info", "openwa"]);
                let kept: Vec<&str> =
                    info["data"]["grants"].as_array().unwrap().iter().map(|grant| grant.as_str().unwrap()).collect();
                assert_eq!(kept, *granted, "{answers:?}");
            }
        }
    }
}

/// A home with the plugin `openwa` against a double of its server, which has a second session, and a
/// plugin whose bytes changed.
fn with_gateways(double: &crate::doubles::Double<crate::doubles::OpenWa>) -> crate::harness::TestHome {
    let home = crate::stores::home("gateways");
    std::fs::write(home.path().join("config.toml"), format!("[plugin.openwa]\nurl = \"{}\"\n", double.url())).unwrap();
    wpp::disk::set_mode(&home.path().join("config.toml"), 0o600).unwrap();
    let file = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("plugins/{name}/{name}.wasm"));
    let (openwa, baileys, grant) = (file("openwa"), file("baileys"), format!("http={}", double.url()));
    let line = ["plugin", "add", openwa.to_str().unwrap(), "--grant", &grant, "--grant", "secret=openwa-key", "--yes"];
    assert_eq!(home.run(&line).code, 0);
    assert_eq!(home.run(&["plugin", "add", baileys.to_str().unwrap(), "--yes"]).code, 0);
    wpp::disk::create_folder(&home.path().join("secrets")).unwrap();
    wpp::disk::write_atomic(&home.path().join("secrets/openwa-key"), b"owa-key-for-tests").unwrap();
    std::fs::write(home.path().join("plugins/baileys.wasm"), component("hostile")).unwrap();
    double.state().session("11111111-2222-4333-8444-555555555555", "sales", "failed");
    home
}

fn ids(report: &serde_json::Value, list: &str) -> Vec<String> {
    let list = report.pointer(list).and_then(serde_json::Value::as_array).cloned().unwrap_or_default();
    list.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn checks_of_plugins_are_checks_of_the_doctor() {
    let double = crate::doubles::Double::new(crate::doubles::OpenWa::well());
    let home = with_gateways(&double);
    let (_, all) = home.json(&["doctor"]);
    let made = ids(&all, "/data/checks");
    assert!(made.iter().any(|id| id == "wpp.home.modes") && made.iter().any(|id| id == "openwa.sessions.ready"), "{all:#}");
    // One that cannot be asked keeps no other from being asked.
    assert!(made.iter().any(|id| id == "baileys.plugin"), "{all:#}");
    assert_eq!(all["data"]["plugins"], serde_json::json!(["baileys", "openwa"]));
    let worst = all["findings"].as_array().unwrap().iter().find(|finding| finding["session"] == "openwa:sales").unwrap();
    assert!(worst["id"] == "openwa.sessions.ready" && worst["severity"] != "ok", "{worst:#}");
    assert!(ids(&home.json(&["doctor", "--all"]).1, "/data/checks").contains(&"openwa.sessions.ready".into()));

    // Nobody is asked whom nobody asked for.
    double.asked();
    let before = double.asked().len();
    for line in [&["doctor", "--session", "main"][..], &["doctor", "--only", "wpp.home"], &["doctor", "--skip", "openwa,baileys"]]
    {
        let (_, report) = home.json(line);
        assert!(ids(&report, "/data/checks").iter().all(|id| id.starts_with("wpp.")), "{line:?}: {report:#}");
    }
    assert_eq!(double.asked().len(), before);
    let (_, one) = home.json(&["doctor", "--only", "openwa.service,wpp.home.modes"]);
    let made = ids(&one, "/data/checks");
    assert!(made.len() > 1 && made.iter().all(|id| id.starts_with("openwa.service.") || id == "wpp.home.modes"), "{one:#}");
    for wrong in ["openwa.nothing", "openwa.sessions.read", "nobody.sessions"] {
        let outcome = home.run(&["doctor", "--only", wrong]);
        assert!(outcome.code == 2 && outcome.stderr.contains("no check is called"), "{wrong}: {outcome:?}");
    }

    // A session of a gateway is looked at like one of ours.
    let (code, main) = home.json(&["doctor", "--session", "openwa:main", "--only", "openwa.sessions"]);
    let sessions: Vec<_> = main["findings"]
        .as_array()
        .unwrap_or_else(|| panic!("{main:#}"))
        .iter()
        .map(|finding| finding["session"].clone())
        .collect();
    assert!(code == 0 && sessions.contains(&"openwa:main".into()) && !sessions.contains(&"openwa:sales".into()), "{main:#}");
    assert_eq!(home.json(&["doctor", "--session", "openwa:sales", "--only", "openwa.sessions"]).0, 3);
    assert_eq!(home.json(&["doctor", "--session", "openwa:nobody"]).0, 10);
    assert_eq!(home.json(&["doctor", "--session", "nobody:main"]).0, 2);

    // The catalog has them, too.
    let (code, list) = home.json(&["doctor", "--list"]);
    assert!(ids(&list, "/data/checks").contains(&"openwa.sessions.ready".into()), "{list:#}");
    assert_eq!(code, 5, "one plugin could not say what it has");
    let (code, told) = home.json(&["doctor", "--explain", "openwa.sessions.ready"]);
    assert!(code == 0 && told["data"]["checks"][0]["explain"].as_str().unwrap().len() > 40, "{told:#}");

    // What is noted of plugins is broken: that is what to mend, and the host is looked at all the same.
    std::fs::write(home.path().join("plugins.lock"), "[plugin.openwa]\nsha256 = 1\n").unwrap();
    let (code, report) = home.json(&["doctor"]);
    let lock = report["findings"].as_array().unwrap().iter().find(|finding| finding["id"] == "wpp.home.plugins").unwrap();
    assert!(code == 3 && lock["severity"] == "error", "{report:#}");
    assert_eq!(home.run(&["doctor", "--channel", "openwa"]).code, 2);
}

#[test]
fn what_looks_at_nothing_is_no_pass() {
    let double = crate::doubles::Double::new(crate::doubles::OpenWa::well());
    let home = with_gateways(&double);
    let slack = Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins/slack/slack.wasm");
    assert_eq!(home.run(&["plugin", "add", slack.to_str().unwrap(), "--yes"]).code, 0);
    for line in [
        &["doctor", "--only", "slack"][..],
        &["doctor", "--session", "main", "--only", "openwa.sessions"],
        &["doctor", "--channel", "openwa", "--only", "wpp.home"],
        &["doctor", "--skip", "wpp,openwa,baileys"],
        &["doctor", "--channel", "openwa", "--list"],
    ] {
        let outcome = home.run(line);
        assert!(outcome.code == 2 && !outcome.stderr.is_empty(), "{line:?}: {outcome:?}");
    }
}

#[test]
fn changes_at_once_lose_nothing() {
    let home = crate::stores::home("plugin");
    let names = ["slack", "ntfy", "telegram", "webhook", "github"];
    let file = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("plugins/{name}/{name}.wasm"));
    let at_once = |lines: Vec<Vec<String>>| {
        let run = |line: &Vec<String>| home.command(&line.iter().map(String::as_str).collect::<Vec<_>>()).spawn().unwrap();
        let children: Vec<_> = lines.iter().map(run).collect();
        for mut child in children {
            assert!(child.wait().unwrap().success());
        }
    };
    let words = |line: &[&str]| line.iter().map(|word| (*word).to_owned()).collect::<Vec<String>>();
    at_once(names.iter().map(|name| words(&["plugin", "add", file(name).to_str().unwrap(), "--yes"])).collect());
    let (_, list) = home.json(&["plugin", "list"]);
    assert_eq!(list["data"]["plugins"].as_array().unwrap().len(), names.len(), "{list:#}");
    assert_eq!(home.run(&["plugin", "grant", "slack", "http=https://old.example"]).code, 0);
    let mut lines: Vec<_> =
        (0..6).map(|at| words(&["plugin", "grant", "slack", &format!("http=https://h{at}.example")])).collect();
    lines.push(words(&["plugin", "revoke", "slack", "http=https://old.example"]));
    at_once(lines);
    let (_, info) = home.json(&["plugin", "info", "slack"]);
    assert_eq!(info["data"]["grants"].as_array().unwrap().len(), 6, "{info:#}");
    assert!(!info["data"]["grants"].to_string().contains("old.example"), "{info:#}");
}

#[test]
fn an_add_that_is_cut_off_anywhere_leaves_the_old_plugin_or_the_new_one() {
    let file = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("plugins/{name}/{name}.wasm"));
    let (mut olds, mut news) = (0, 0);
    for at in 1.. {
        let home = crate::stores::home("plugin");
        let old = file("slack");
        let line = ["plugin", "add", old.to_str().unwrap(), "--name", "x", "--grant", "secret=old", "--yes"];
        assert_eq!(home.run(&line).code, 0);
        let mut command = home.command(&["plugin", "add", file("ntfy").to_str().unwrap(), "--name", "x", "--yes"]);
        let status = command.env("WPP_DISK_FAULT", format!("kill@{at}")).output().unwrap().status;
        let (code, info) = home.json(&["plugin", "info", "x"]);
        let grants = info["data"]["grants"].as_array().unwrap_or_else(|| panic!("{at}: {info:#}")).len();
        assert!(code == 0 && grants <= 1, "{at}: {info:#}");
        if grants == 1 {
            olds += 1
        } else {
            news += 1
        }
        // It can be changed again, whatever was left.
        assert_eq!(home.run(&["plugin", "grant", "x", "secret=more"]).code, 0, "{at}");
        if status.success() {
            break;
        }
    }
    assert!(olds > 2 && news > 1, "{olds} {news}");
}
