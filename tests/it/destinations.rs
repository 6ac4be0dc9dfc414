//! One suite that every kind of destination passes, and what only a store can do wrong.

use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use wpp::archive::destination::settings::Settings;
use wpp::archive::destination::{Destination, Draft};
use wpp::error::{Error, ErrorKind};

use super::objects::{BUCKET, Conditions, Fault, KEY, S3Server, SECRET, destination, keys};

const MIB: usize = 1 << 20;
/// Three parts.
const LARGE: usize = 14 * MIB + 12_345;

/// Bytes that no two places of share, so that a piece from elsewhere is noticed.
fn bytes(count: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut made = Vec::with_capacity(count + 8);
    while made.len() < count {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        made.extend_from_slice(&state.to_le_bytes());
    }
    made.truncate(count);
    made
}

fn write(destination: &Destination, name: &str, content: &[u8]) -> Draft {
    let mut draft = destination.create(name, content.len() as u64).unwrap();
    // Pieces as a compressor gives them, not in step with any part.
    for piece in content.chunks(300_007) {
        draft.write_all(piece).unwrap();
    }
    draft.finish().unwrap();
    draft
}

fn read(destination: &Destination, name: &str) -> Vec<u8> {
    let (mut reader, object) = destination.open(name).unwrap();
    let mut content = Vec::new();
    reader.read_to_end(&mut content).unwrap();
    assert_eq!(content.len() as u64, object.size_bytes);
    content
}

fn names(destination: &Destination) -> Vec<String> {
    destination.list().unwrap().into_iter().map(|object| object.name).collect()
}

/// What every destination does. `leftovers` names everything there that is no whole archive.
fn conforms(destination: &Destination, leftovers: &dyn Fn() -> Vec<String>) {
    let same = |one: &[u8], two: &[u8]| Sha256::digest(one) == Sha256::digest(two);
    assert_eq!(names(destination), [""; 0]);
    assert!(destination.look("main-none").unwrap().is_none());
    assert!(destination.open("main-none").is_err());
    destination.remove("main-none").unwrap();

    // Sizes around the edges of parts and ranges; the content is what was written, from anywhere.
    for (number, size) in [0, 1, 65_536, 5 * MIB, 5 * MIB + 1, 10 * MIB, LARGE].into_iter().enumerate() {
        let (name, content) = (format!("main-{number}"), bytes(size, number as u64));
        let draft = write(destination, &name, &content);
        let (mut back, object) = draft.open().unwrap();
        let mut seen = Vec::new();
        back.read_to_end(&mut seen).unwrap();
        assert!(same(&seen, &content) && object.size_bytes == size as u64, "{size}");
        drop(back);
        draft.publish().unwrap();
        assert!(same(&read(destination, &name), &content), "{size}");
        let listed = destination.list().unwrap().into_iter().find(|object| object.name == name).unwrap();
        let looked = destination.look(&name).unwrap().unwrap();
        assert!(listed.stamp.is(&looked.stamp) && listed.size_bytes == size as u64, "{listed:?} {looked:?}");
        assert_eq!(leftovers(), [""; 0], "{size}");
    }
    let content = bytes(LARGE, 6);
    let (mut reader, _) = destination.open("main-6").unwrap();
    let mut buffer = vec![0; 70_000];
    for place in [LARGE - 66, 0, 5 * MIB, 5 * MIB + 70_000, 3, LARGE - 70_000, 8 * MIB - 1, 12 * MIB, 12 * MIB - 70_000] {
        reader.seek(SeekFrom::Start(place as u64)).unwrap();
        let length = buffer.len().min(LARGE - place);
        reader.read_exact(&mut buffer[..length]).unwrap();
        assert!(same(&buffer[..length], &content[place..place + length]), "{place}");
    }
    assert_eq!(reader.seek(SeekFrom::End(-66)).unwrap(), LARGE as u64 - 66);
    assert!(reader.seek(SeekFrom::Current(-(LARGE as i64))).is_err());
    reader.seek(SeekFrom::Start(LARGE as u64 + 5)).unwrap();
    assert_eq!(reader.read(&mut buffer).unwrap(), 0);

    // A name is given once, and whoever comes second changes nothing.
    let error = destination.create("main-1", 1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Locked, "{error}");
    assert!(!error.hints().is_empty());
    for size in [10, LARGE] {
        let first = bytes(size, 100);
        let mut draft = destination.create("main-race", size as u64).unwrap();
        draft.write_all(&first[..size / 2]).unwrap();
        let second = destination.create("main-race", size as u64).and_then(|mut other| {
            other.write_all(&bytes(size, 101)).map_err(|error| wpp::disk::cannot("write", Path::new("main-race"), error))?;
            draft.write_all(&first[size / 2..]).unwrap();
            draft.finish().unwrap();
            other.finish()
        });
        let finished = second.is_err_and(|error| {
            assert_eq!(error.kind(), ErrorKind::Locked, "{error}");
            destination.look("main-race").unwrap().is_some()
        });
        if !finished {
            draft.write_all(&first[size / 2..]).unwrap();
            draft.finish().unwrap();
        }
        draft.publish().unwrap();
        assert!(same(&read(destination, "main-race"), &first), "{size}");
        destination.remove("main-race").unwrap();
        assert_eq!(leftovers(), [""; 0], "{size}");
    }

    // What is given up leaves nothing, however far it came.
    let before = names(destination);
    for size in [0, 10, LARGE] {
        for finished in [false, true] {
            for dropped in [false, true] {
                let mut draft = destination.create("main-given-up", size as u64).unwrap();
                draft.write_all(&bytes(size, 7)).unwrap();
                if finished {
                    draft.finish().unwrap();
                } else {
                    assert!(destination.look("main-given-up").unwrap().is_none());
                    assert_eq!(names(destination), before);
                }
                if dropped {
                    drop(draft)
                } else {
                    draft.discard().unwrap()
                }
                assert_eq!((names(destination), leftovers()), (before.clone(), Vec::new()), "{size} {finished} {dropped}");
            }
        }
    }
    for name in before {
        destination.remove(&name).unwrap();
    }
    assert_eq!(names(destination), [""; 0]);
}

#[test]
fn a_folder_conforms() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("a/b");
    let destination = Destination::parse(place.to_str().unwrap(), &Settings::default()).unwrap();
    conforms(&destination, &|| {
        let Ok(entries) = std::fs::read_dir(&place) else { return Vec::new() };
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.ends_with(".partial")).collect()
    });
}

#[test]
fn a_store_conforms() {
    let (server, folder) = (S3Server::start(), tempfile::tempdir().unwrap());
    let settings = server.settings(&server.keys(folder.path()));
    for prefix in ["", "some/where"] {
        let destination = destination(prefix, &settings);
        conforms(&destination, &|| leftovers(&server, prefix));
        assert_eq!(destination.limits(), [""; 0]);
    }
}

fn leftovers(server: &S3Server, prefix: &str) -> Vec<String> {
    let claims = server.objects(prefix).into_iter().filter(|name| name.ends_with(".claim"));
    claims.chain(server.unfinished()).collect()
}

#[test]
fn a_second_implementation_of_a_store_conforms() {
    let Some(moto) = Moto::start() else {
        // Said aloud: a skipped test is no passed one.
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED a_second_implementation_of_a_store_conforms: no moto_server on the PATH or in WPP_TEST_MOTO (pip install 'moto[server,s3]')"
        );
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings {
        endpoint: moto.endpoint.clone(),
        credentials_file: Some(keys(folder.path(), "testing", "testing")),
        retry: Duration::from_secs(5),
        ..Settings::default()
    };
    conforms(&destination("wpp", &settings), &Vec::new);
}

/// The PyPI package `moto` as a server in a process of its own.
struct Moto {
    child: Child,
    endpoint: String,
}

impl Moto {
    fn start() -> Option<Moto> {
        let program = std::env::var_os("WPP_TEST_MOTO").unwrap_or_else(|| "moto_server".into());
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new(program);
        command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
        let moto = Moto { child, endpoint: format!("http://127.0.0.1:{port}") };
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            assert!(Instant::now() < deadline, "moto does not answer");
            std::thread::sleep(Duration::from_millis(100));
            let Ok(mut stream) = std::net::TcpStream::connect(("127.0.0.1", port)) else { continue };
            write!(stream, "PUT /{BUCKET} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\nConnection: close\r\nAuthorization: AWS4-HMAC-SHA256 Credential=testing/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0\r\n\r\n").unwrap();
            let mut answer = String::new();
            if stream.read_to_string(&mut answer).is_ok() && answer.contains(" 200 ") {
                return Some(moto);
            }
        }
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_store_that_stumbles_is_tried_again() {
    let (server, folder) = (S3Server::start(), tempfile::tempdir().unwrap());
    let settings = server.settings(&server.keys(folder.path()));
    let content = bytes(LARGE, 1);
    for (number, (method, part_of_uri, fault)) in [
        ("PUT", "partNumber=2", Fault::Reset),
        ("PUT", "partNumber=1&", Fault::Answer(503)),
        ("PUT", "partNumber=3", Fault::LostAnswer),
        ("PUT", ".claim", Fault::LostAnswer),
        ("PUT", ".claim", Fault::Answer(500)),
        ("POST", "uploads", Fault::Answer(503)),
        ("POST", "uploadId=", Fault::Answer(503)),
        ("POST", "uploadId=", Fault::LostAnswer),
        ("HEAD", "", Fault::Answer(503)),
        ("GET", "", Fault::Answer(503)),
        ("GET", "main-", Fault::CutShort),
        ("DELETE", ".claim", Fault::Reset),
    ]
    .into_iter()
    .enumerate()
    {
        let destination = destination("p", &settings);
        let name = format!("main-{number}");
        server.order(method, part_of_uri, 2, fault);
        write(&destination, &name, &content).publish().unwrap();
        assert!(read(&destination, &name) == content, "{method} {part_of_uri} {fault:?}");
        assert!(names(&destination).contains(&name));
        assert_eq!(leftovers(&server, "p"), [""; 0], "{method} {part_of_uri} {fault:?}");
        destination.remove(&name).unwrap();
        server.heal();
    }
    // A small one whose answer is lost is found to be there, and is ours.
    let destination = destination("p", &settings);
    server.order("PUT", "main-small", 1, Fault::LostAnswer);
    write(&destination, "main-small", b"small").publish().unwrap();
    assert_eq!(read(&destination, "main-small"), b"small");
}

fn words(error: &Error) -> String {
    let text = format!("{} / {:?} / {error:?}", error.chain(), error.hints());
    assert!(!text.contains(SECRET), "{text}");
    assert!(!error.hints().is_empty(), "{text}");
    text
}

/// How writing an archive fails.
fn try_to_write(destination: &Destination, content: &[u8]) -> Error {
    let mut draft = match destination.create("main-x", content.len() as u64) {
        Ok(draft) => draft,
        Err(error) => return error,
    };
    let written = content.chunks(300_007).try_for_each(|piece| draft.write_all(piece));
    match written {
        Err(error) => wpp::disk::cannot("write", Path::new("x"), error),
        Ok(()) => draft.finish().unwrap_err(),
    }
}

/// Nobody would see it in the store, and everybody would pay for it.
#[test]
fn a_part_that_the_store_still_takes_in_as_another_one_fails_is_not_left_there() {
    // Both are sent to their end before the first one is refused.
    const REFUSED_MS: u64 = 2000;
    const LATE_MS: u64 = 2700;
    let (server, folder) = (S3Server::start(), tempfile::tempdir().unwrap());
    server.order("PUT", "partNumber=1&", 100, Fault::AnswerLate(403, REFUSED_MS));
    server.order("PUT", "partNumber=2", 1, Fault::Late(LATE_MS));
    let destination = destination("p", &server.settings(&server.keys(folder.path())));
    let error = try_to_write(&destination, &bytes(LARGE, 1));
    assert!(words(&error).contains("(auth denied"), "{}", words(&error));
    let requests = server.requests();
    assert!(requests.iter().any(|request| request.contains("partNumber=2")), "{requests:?}");
    std::thread::sleep(Duration::from_millis(2 * LATE_MS));
    assert_eq!((server.objects("p"), server.unfinished()), (Vec::new(), Vec::new()));
}

#[test]
fn a_store_that_fails_is_an_error_in_words_and_leaves_nothing() {
    let (server, folder) = (S3Server::start(), tempfile::tempdir().unwrap());
    let keys_file = server.keys(folder.path());
    let once = |attempt: Duration| Settings { retry: Duration::ZERO, attempt, ..server.settings(&keys_file) };
    let content = bytes(LARGE, 1);
    for (method, part_of_uri, fault, expected) in [
        ("PUT", "partNumber=2", Fault::Reset, "(reset)"),
        ("PUT", "partNumber=1&", Fault::Answer(503), "answers 503 (unavailable)"),
        ("PUT", "partNumber=2", Fault::Answer(507), "(full)"),
        ("PUT", "partNumber=3", Fault::Answer(403), "(auth denied"),
        ("PUT", "partNumber=1&", Fault::Slow(3000), "(timeout)"),
        ("PUT", ".claim", Fault::Answer(403), "(auth denied"),
        ("POST", "uploads", Fault::Answer(500), "(unavailable)"),
        ("POST", "uploadId=", Fault::Answer(500), "(unavailable)"),
        ("POST", "uploadId=", Fault::Answer(301), "another region"),
        ("HEAD", "main-x", Fault::Answer(403), "(auth denied"),
    ] {
        server.order(method, part_of_uri, 100, fault);
        // Who answers is waited for; whoever is slow is not.
        let attempt = if matches!(fault, Fault::Slow(_)) { Duration::from_millis(400) } else { Duration::from_secs(10) };
        let destination = destination("p", &once(attempt));
        let error = try_to_write(&destination, &content);
        assert!(words(&error).contains(expected), "{method} {part_of_uri} {fault:?}: {}", words(&error));
        drop(destination);
        server.heal();
        // An answer that comes too late may still make something; the next backup clears that.
        if !matches!(fault, Fault::Slow(_)) {
            assert_eq!((server.objects("p"), server.unfinished()), (Vec::new(), Vec::new()), "{method} {part_of_uri} {fault:?}");
        }
    }
    let destination = destination("p", &once(Duration::from_secs(10)));
    server.order("PUT", "main-x", 100, Fault::Answer(507));
    assert!(words(&try_to_write(&destination, b"small")).contains("(full)"));
    server.heal();
    server.order("GET", "", 100, Fault::Answer(301));
    assert!(words(&destination.list().unwrap_err()).contains("another region"));
    server.heal();
    assert!(server.requests().iter().all(|request| !request.contains("elsewhere")), "a redirect was followed");
}

#[test]
fn stores_that_cannot_be_reached_say_why() {
    let (server, folder) = (S3Server::start(), tempfile::tempdir().unwrap());
    let good = Settings { retry: Duration::ZERO, ..server.settings(&server.keys(folder.path())) };
    let look = |settings: &Settings, bucket: &str| {
        Destination::parse(&format!("s3://{bucket}/p"), settings).unwrap().list().unwrap_err()
    };
    let wrong = tempfile::tempdir().unwrap();
    let stranger = Settings { credentials_file: Some(keys(wrong.path(), "STRANGERSTRANGERSTRA", SECRET)), ..good.clone() };
    let error = look(&stranger, BUCKET);
    assert!(error.kind() == ErrorKind::Denied && words(&error).contains("does not accept the keys (auth denied: "), "{error:?}");
    let forger = Settings { credentials_file: Some(keys(wrong.path(), KEY, &SECRET.replace("0123", "3210"))), ..good.clone() };
    let error = look(&forger, BUCKET);
    assert!(error.kind() == ErrorKind::Denied && words(&error).contains("(auth denied: SignatureDoesNotMatch)"), "{error:?}");
    let error = look(&good, "no-such-bucket");
    assert!(error.kind() == ErrorKind::Usage && words(&error).contains("(no such bucket)"), "{error:?}");
    let (nobody, _held) = crate::harness::refusing();
    let error = look(&Settings { endpoint: format!("http://{nobody}"), ..good.clone() }, BUCKET);
    assert!(words(&error).contains("(refused)"), "{error:?}");
    let error = look(&Settings { endpoint: server.endpoint().replace("http://", "https://"), ..good.clone() }, BUCKET);
    assert!(words(&error).contains("(tls)"), "{error:?}");
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let error = look(&Settings { endpoint, attempt: Duration::from_millis(300), ..good.clone() }, BUCKET);
    assert!(words(&error).contains("(timeout)"), "{error:?}");
    // Keys that others can read are not used.
    let open = server.keys(wrong.path());
    wpp::disk::set_mode(&open, 0o644).unwrap();
    let error = look(&Settings { credentials_file: Some(open), ..good }, BUCKET);
    assert!(error.kind() == ErrorKind::Denied && error.hints()[0].contains("chmod 600"), "{error:?}");
}

#[test]
fn what_is_damaged_on_the_way_back_does_not_have_the_hash_that_was_written() {
    let (server, folder) = (S3Server::start(), tempfile::tempdir().unwrap());
    let destination = destination("p", &server.settings(&server.keys(folder.path())));
    let content = bytes(LARGE, 1);
    let draft = write(&destination, "main-x", &content);
    server.order("GET", "main-x", 1, Fault::Corrupt);
    let (mut reader, _) = draft.open().unwrap();
    let mut back = Vec::new();
    reader.read_to_end(&mut back).unwrap();
    assert!(back.len() == content.len() && back != content);
}

#[test]
fn another_object_of_the_name_is_not_read_as_the_rest_of_this_one() {
    let (server, folder) = (S3Server::start(), tempfile::tempdir().unwrap());
    let destination = destination("p", &server.settings(&server.keys(folder.path())));
    write(&destination, "main-x", &bytes(LARGE, 1)).publish().unwrap();
    let (mut reader, _) = destination.open("main-x").unwrap();
    reader.read_exact(&mut [0; 1000]).unwrap();
    destination.remove("main-x").unwrap();
    write(&destination, "main-x", &bytes(LARGE, 2)).publish().unwrap();
    reader.seek(SeekFrom::Start(12 << 20)).unwrap();
    let seen = reader.read_exact(&mut [0; 1000]);
    let error = wpp::disk::cannot("read", Path::new("x"), seen.unwrap_err());
    assert!(words(&error).contains("replaced"), "{error:?}");
}

#[test]
fn a_server_without_conditional_puts_is_noticed_and_said() {
    let folder = tempfile::tempdir().unwrap();
    for (conditions, expected) in
        [(Conditions::Ignored, "ignores the condition"), (Conditions::Unknown, "does not know the condition")]
    {
        for size in [100, LARGE] {
            let server = S3Server::start_with(conditions);
            let destination = destination("p", &server.settings(&server.keys(folder.path())));
            write(&destination, "main-x", &bytes(size, 1)).publish().unwrap();
            assert!(destination.limits().concat().contains(expected), "{conditions:?} {size} {:?}", destination.limits());
            assert_eq!(destination.create("main-x", 1).unwrap_err().kind(), ErrorKind::Locked);
            assert!(read(&destination, "main-x") == bytes(size, 1));
            assert_eq!(leftovers(&server, "p"), [""; 0]);
        }
    }
}

#[test]
fn leftovers_of_a_killed_upload_are_cleared_by_their_own_home_and_session() {
    let (server, folder) = (S3Server::start(), tempfile::tempdir().unwrap());
    let settings = server.settings(&server.keys(folder.path()));
    let name = |session: &str| format!("{session}-20261121T031500Z.wpp.tar.gz");
    for session in ["main", "main-2"] {
        let mut draft = destination("p", &settings).create(&name(session), LARGE as u64).unwrap();
        draft.write_all(&bytes(LARGE, 3)).unwrap();
        // As kill -9 leaves it.
        std::mem::forget(draft);
    }
    assert_eq!(server.objects("p").len(), 2);
    let here = destination("p", &settings);
    assert_eq!(names(&here), [""; 0]);
    let elsewhere = destination("p", &Settings { owner: "another home".into(), ..settings.clone() });
    let cleared = elsewhere.clear("main").unwrap();
    assert!(cleared.removed.is_empty() && cleared.kept.len() == 1, "{cleared:?}");
    let cleared = here.clear("main").unwrap();
    assert_eq!(cleared.removed, [format!("s3://{BUCKET}/p/{}.claim", name("main"))]);
    assert_eq!(server.objects("p"), [format!("{}.claim", name("main-2"))]);
    here.clear("main-2").unwrap();
    assert_eq!((server.objects("p"), server.unfinished()), (Vec::new(), Vec::new()));
    // Killed between the completion and the end: the object is whole and stays.
    let draft = write(&here, &name("main"), &bytes(LARGE, 4));
    std::mem::forget(draft);
    assert_eq!(here.clear("main").unwrap().removed.len(), 1);
    assert_eq!(server.objects("p"), [name("main")]);
    assert!(read(&here, &name("main")) == bytes(LARGE, 4));
}

#[test]
fn listing_and_the_ends_of_archives_cost_little() {
    let (server, folder) = (S3Server::start(), tempfile::tempdir().unwrap());
    let destination = destination("p", &server.settings(&server.keys(folder.path())));
    write(&destination, "main-x", &bytes(LARGE, 1)).publish().unwrap();
    server.requests();
    let (mut reader, _) = destination.open("main-x").unwrap();
    reader.seek(SeekFrom::End(-66)).unwrap();
    reader.read_exact(&mut [0; 66]).unwrap();
    assert_eq!(server.requests().len(), 2);
    // In order, the ranges grow: 14 MiB take no more than a dozen requests.
    let (mut reader, _) = destination.open("main-x").unwrap();
    std::io::copy(&mut reader, &mut std::io::sink()).unwrap();
    assert!(server.requests().len() <= 12);
}

#[test]
fn nothing_that_is_printed_holds_the_secret() {
    let (server, folder) = (S3Server::start(), tempfile::tempdir().unwrap());
    let settings = server.settings(&server.keys(folder.path()));
    let destination = destination("p", &settings);
    let draft = write(&destination, "main-x", &bytes(LARGE, 1));
    let (_, object) = draft.open().unwrap();
    let printed = format!("{settings:?} {destination:?} {destination} {draft:?} {object:?} {:?}", settings.keys().unwrap());
    assert!(!printed.contains(SECRET) && !printed.contains(KEY), "{printed}");
}
