//! What is encrypted here is read by the `age` tool, and the other way round.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use wpp::archive::destination::settings::Secret;
use wpp::archive::seal::{Identities, Recipients};

/// The `age` tool, or `None` when it is not installed, which is said aloud.
pub fn tool(test: &str) -> Option<()> {
    let there = Command::new("age").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !there || Command::new("age-keygen").arg("--version").stdout(Stdio::null()).status().is_err() {
        let _ = writeln!(std::io::stderr(), "SKIPPED {test}: the tools age and age-keygen are not installed");
        return None;
    }
    Some(())
}

/// Makes a key file with the tool; gives the public key.
pub fn keygen(path: &Path) -> String {
    assert!(Command::new("age-keygen").arg("-o").arg(path).stderr(Stdio::null()).status().unwrap().success());
    wpp::disk::set_mode(path, 0o600).unwrap();
    let output = Command::new("age-keygen").arg("-y").arg(path).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn content() -> Vec<u8> {
    (0..300_000_u32).flat_map(u32::to_le_bytes).collect()
}

#[test]
fn the_age_tool_reads_what_is_sealed_here_and_the_other_way_round() {
    if tool("the_age_tool_reads_what_is_sealed_here_and_the_other_way_round").is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let [key, sealed, plain] = ["key.txt", "sealed.age", "plain"].map(|name| folder.path().join(name));
    let public = keygen(&key);

    let mut writer = Recipients::keys([public.as_str()], &[]).unwrap().seal(Vec::new()).unwrap();
    writer.write_all(&content()).unwrap();
    std::fs::write(&sealed, writer.finish().unwrap()).unwrap();
    let output = Command::new("age").args(["-d", "-i"]).arg(&key).arg(&sealed).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stdout == content());

    std::fs::write(&plain, content()).unwrap();
    std::fs::remove_file(&sealed).unwrap();
    let status = Command::new("age").args(["-r", &public, "-o"]).arg(&sealed).arg(&plain).status().unwrap();
    assert!(status.success());
    let mut identities = Identities::default();
    identities.add_file(&key, &mut |_| Ok(Secret::new("unused"))).unwrap();
    let mut seen = Vec::new();
    let mut reader = identities.open(std::fs::File::open(&sealed).unwrap(), "sealed.age").unwrap();
    reader.read_to_end(&mut seen).unwrap();
    assert!(seen == content());
}
