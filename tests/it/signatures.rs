//! `wpp plugin add` and the signatures of minisign, made here by its own library.

use std::path::PathBuf;

use minisign::KeyPair;

use crate::harness::TestHome;
use crate::plugin::component;

/// A maker of plugins with a key of its own.
pub struct Maker(KeyPair);

impl Maker {
    pub fn new() -> Maker {
        Maker(KeyPair::generate_unencrypted_keypair().unwrap())
    }

    pub fn public_key(&self) -> String {
        self.0.pk.to_base64()
    }

    pub fn sign(&self, bytes: &[u8]) -> String {
        minisign::sign(None, &self.0.sk, bytes, Some("webhook 0.1.0"), None).unwrap().into_string()
    }
}

/// A component in the home's folder, with this signature beside it.
fn signed(home: &TestHome, signature: &str) -> PathBuf {
    let file = home.path().join("webhook.wasm");
    std::fs::write(&file, component("webhook")).unwrap();
    std::fs::write(home.path().join("webhook.wasm.minisig"), signature).unwrap();
    file
}

#[test]
fn a_plugin_is_signed_by_whom_the_operator_trusts_or_by_nobody() {
    let (maker, stranger) = (Maker::new(), Maker::new());
    let home = crate::stores::home("signatures");
    let file = signed(&home, &maker.sign(&component("webhook")));
    let file = file.to_str().unwrap();
    let (code, report) = home.json(&["plugin", "add", file, "--public-key", &maker.public_key(), "--yes"]);
    assert!(code == 0 && report["data"]["signed_by"] == maker.public_key(), "{report:#}");
    assert_eq!(home.json(&["plugin", "info", "webhook"]).1["data"]["signed_by"], maker.public_key());
    // A key that did not sign it is no reason to add it, when it was asked for.
    let outcome = home.run(&["plugin", "add", file, "--public-key", &stranger.public_key(), "--yes"]);
    assert!(outcome.code == 15 && outcome.stderr.contains("not trusted here"), "{outcome:?}");
    // Nobody asked: as good as unsigned, and it says so.
    let outcome = home.run(&["plugin", "add", file, "--yes"]);
    assert!(outcome.code == 0 && outcome.stdout.contains("a key that is not known here"), "{outcome:?}");
    assert!(home.json(&["plugin", "info", "webhook"]).1["data"]["signed_by"].is_null());
}

#[test]
fn a_signature_that_does_not_fit_is_refused_whether_or_not_it_was_asked_for() {
    let maker = Maker::new();
    let home = crate::stores::home("signatures");
    std::fs::write(home.path().join("config.toml"), format!("[plugins]\npublic_keys = [\"{}\"]\n", maker.public_key())).unwrap();
    let good = maker.sign(&component("webhook"));
    let other = maker.sign(&component("hostile"));
    let renamed = good.replace("webhook 0.1.0", "webhook 9.9.9");
    for (signature, code, told) in [
        (other.as_str(), 15, "not the signature of these bytes"),
        (&renamed, 15, "not the signature of these bytes"),
        ("", 2, "no signature of minisign"),
        ("untrusted comment: x\nRW\ntrusted comment: é\n=", 2, "no signature of minisign"),
    ] {
        let file = signed(&home, signature);
        let outcome = home.run(&["plugin", "add", file.to_str().unwrap(), "--yes"]);
        assert!(outcome.code == code && outcome.stderr.contains(told), "{signature}: {outcome:?}");
        assert!(home.run(&["plugin", "list"]).stdout.contains("No plugins"));
    }
    let file = signed(&home, &good);
    assert_eq!(home.run(&["plugin", "add", file.to_str().unwrap(), "--yes"]).code, 0);
}

#[test]
fn where_signatures_are_required_nothing_else_is_added() {
    let (maker, stranger) = (Maker::new(), Maker::new());
    let home = crate::stores::home("signatures");
    let config = home.path().join("config.toml");
    std::fs::write(&config, "[plugins]\nsignature_required = true\n").unwrap();
    let file = signed(&home, &maker.sign(&component("webhook")));
    let add = ["plugin", "add", file.to_str().unwrap(), "--yes"];
    assert!(home.run(&add).stderr.contains("no public key"));
    std::fs::write(&config, format!("[plugins]\nsignature_required = true\npublic_keys = [\"{}\"]\n", stranger.public_key()))
        .unwrap();
    assert_eq!(home.run(&add).code, 15);
    std::fs::write(&config, "[plugins]\nsignature_required = true\npublic_keys = [\"RWnonsense\"]\n").unwrap();
    assert!(home.run(&add).stderr.contains("no public key of minisign"));
    let keys = format!("{}\", \"{}", stranger.public_key(), maker.public_key());
    std::fs::write(&config, format!("[plugins]\nsignature_required = true\npublic_keys = [\"{keys}\"]\n")).unwrap();
    assert_eq!(home.run(&add).code, 0);
    std::fs::remove_file(home.path().join("webhook.wasm.minisig")).unwrap();
    let outcome = home.run(&add);
    assert!(outcome.code != 0 && outcome.stderr.contains("minisign -S"), "{outcome:?}");
}
