//! Every rule is seen to fire, and to keep quiet on the same text without what broke it.

use super::*;

const FRONT: &str = "id: x\ntitle: X\nkind: runbook\nseverity: low\nrespond_within: 1h\napplies_to: openwa\n\
parameters:\n  url:\n    help: address\n    type: url\n  archive: which one\n  key:\n    help: key\n    secret: true\n";

const REST: &str = "## Trigger\n\nT.\n\n## Impact\n\nI.\n\n## Prerequisites\n\n```http id=before\nGET {{url}}/api/health\nX-API-Key: {{key}}\n```\n\n\
## Steps\n\n```wpp id=act undo=back\nwpp stop\n```\n\n```wpp id=back\nwpp start\n```\n\n```wpp id=look expect=any\nwpp backup show {{archive}}\n```\n\nSTEP\n\n\
## Verification\n\n```wpp id=verify\nwpp status\n```\n\n## Rollback\n\nNone.\n";

fn text(step: &str) -> String {
    format!("---\n{FRONT}---\n{}", REST.replace("STEP", step))
}

/// Knows a few verbs; `--bad` is no flag of theirs.
fn parses(words: &[String]) -> Result<(), String> {
    let verbs = ["stop", "start", "status", "backup", "restore", "reset", "doctor", "webhook", "send"];
    match words.first() {
        Some(verb) if !verbs.contains(&verb.as_str()) => Err(format!("unrecognized subcommand '{verb}'")),
        _ if words.iter().any(|word| word == "--bad") => Err("unexpected argument '--bad' found".into()),
        _ => Ok(()),
    }
}

/// Knows one that does.
fn asks(words: &[String]) -> bool {
    words[0] == "reset" && !words.iter().any(|word| word == "--yes")
}

fn found(text: &str) -> Vec<Finding> {
    lint(text, &Surroundings { id: "x", parses: &parses, asks: &asks })
}

/// The line of a finding of this rule.
#[track_caller]
fn fires(rule: &str, text: &str) -> usize {
    let all = found(text);
    let Some(one) = all.iter().find(|finding| finding.rule == rule) else { panic!("{rule} keeps quiet: {all:#?}\n{text}") };
    assert!(RULES.iter().any(|known| known.id == rule && known.level == one.level));
    one.line
}

#[track_caller]
fn quiet(rule: &str, text: &str) {
    let all = found(text);
    assert!(all.iter().all(|finding| finding.rule != rule), "{rule} fires: {all:#?}\n{text}");
}

/// A step that breaks a rule, at which of its lines, and one that does not.
#[track_caller]
fn step(rule: &str, broken: &str, at: usize, whole: &str) {
    let first = text(broken).lines().position(|line| line == broken.lines().next().unwrap()).unwrap() + 1;
    assert_eq!(fires(rule, &text(broken)), first + at, "{broken}");
    quiet(rule, &text(whole));
}

fn sh(lines: &str) -> String {
    format!("```sh id=script\n{lines}\n```")
}

#[test]
fn a_whole_runbook_has_nothing_to_complain_about() {
    assert_eq!(found(&text("")), []);
}

#[test]
fn the_form_is_held() {
    let good = text("");
    quiet("form", &good);
    assert_eq!(fires("form", "# X\n"), 1);
    assert_eq!(fires("form", &good.replace("T.", "```sh id=a\nx\n```")), 19);
    step("attributes", "```wpp id=a timeout=soon\nwpp start\n```", 0, "```wpp id=a timeout=9s\nwpp start\n```");
    assert_eq!(fires("file-name", &good.replace("id: x\n", "id: y\n")), 2);
    quiet("file-name", &good);
    assert_eq!(fires("headings", &good.replace("## Impact\n", "")), 1);
    fires("headings", &good.replace("## Impact", "## Effects"));
    fires("headings", &good.replace("## Trigger", "## Swap").replace("## Impact", "## Trigger").replace("## Swap", "## Impact"));
    quiet("headings", &good);
    step("duplicate-id", "```wpp id=act\nwpp start\n```", 0, "```wpp id=other\nwpp start\n```");
    step("undo", "```wpp id=a undo=nothing\nwpp start\n```", 0, "```wpp id=a undo=back\nwpp start\n```");
    fires("undo", &text("```wpp id=a undo=a\nwpp start\n```"));
    fires("undo", &text("").replace("id=back", "id=back undo=act"));
    step("when", "```wpp id=a when=failed(verify)\nwpp start\n```", 0, "```wpp id=a when=failed(act)\nwpp start\n```");
    fires("when", &text("```wpp id=a when=ran(nothing)\nwpp start\n```"));
    fires("when", &text("```wpp id=a when=ran(back)\nwpp start\n```"));
    fires("verification", &good.replace("id=verify", "id=verify expect=any"));
    quiet("verification", &good);
    fires("rollback", &good.replace("None.", ""));
    quiet("rollback", &good);
    assert_eq!(fires("empty-heading", &good.replace("T.\n", "\n")), 17);
    quiet("empty-heading", &good);
    fires("front", &good.replace("severity: low", "severity: low\nsandbox: true"));
    fires("front", &good.replace("severity: low", "severity: low\nnotify_before: 15m"));
    quiet("front", &good);
}

#[test]
fn names_have_values() {
    step(
        "undefined",
        "```wpp id=a\nwpp status\nwpp stop {{nothing}}\n```",
        2,
        "```wpp id=a save=n:$.title\nwpp status\n```\n\n```wpp id=b\nwpp stop {{n}}\n```",
    );
    fires("undefined", &text("```wpp id=b\nwpp stop {{n}}\n```\n\n```wpp id=a save=n:$.title\nwpp status\n```"));
    fires("undefined", &text("```wpp id=a expect=\"$.title=={{n}}\"\nwpp status\n```"));
    quiet("undefined", &text("```wpp id=a\nwpp stop {{run}} {{evidence}}\n```"));
    // What takes a block back has what that one saved, in its variables alone.
    quiet("undefined", &text("```sh id=a save=made undo=b\necho x\n```\n\n```sh id=b\nrm \"$made\"\n```"));
    fires("undefined", &text("```sh id=a save=made undo=b\necho x\n```\n\n```wpp id=b\nwpp stop {{made}}\n```"));
    // A script reads what was given, saved, or set by itself.
    step(
        "undefined",
        &sh("echo \"$archive\"\necho \"$nothing\""),
        2,
        &sh("nothing=1\necho \"$archive\" \"$nothing\" \"$run\" \"$HOME\""),
    );
    for broken in ["echo ${nothing}", "echo \"${nothing%/}\"", "test -e \"$ARCHIVE\"", "echo ${#nothing}", "x=$(ls \"$nothing\")"]
    {
        fires("undefined", &text(&sh(broken)));
    }
    for whole in [
        "echo '$nothing' \\$nothing # $nothing",
        "echo ${nothing:-none} ${1:-x} \"$#\" $? $$",
        "for x in a b; do echo \"$x\"; done",
        "ls | while read -r x y; do echo \"$x$y\"; done",
        "export X=1 Y=2\necho \"$X$Y\"",
        "cat <<'END'\n$nothing\nEND\necho \"$archive\"",
        "awk '{ print $name }' \"$archive\"",
    ] {
        quiet("undefined", &text(&sh(whole)));
    }
    let saved = "```wpp id=a save=n:$.title\nwpp status\n```\n\n";
    quiet("undefined", &text(&format!("{saved}{}", sh("echo \"$n\""))));
    fires("undefined", &text(&format!("{}\n\n{saved}", sh("echo \"$n\""))));
    fires("unused", &text("").replace("{{archive}}", "latest"));
    quiet("unused", &text(""));
    quiet("unused", &text(&sh("echo \"$archive\"")).replace("{{archive}}", "latest"));
    for (from, to) in [
        ("archive: which one", "Archive: which one"),
        ("archive: which one", "archive: \"\""),
        ("archive: which one", "run: which one"),
        ("    type: url\n", "    type: url\n    default: nowhere\n"),
        ("    secret: true\n", "    secret: true\n    default: hush\n"),
        ("    type: url\n", "    type: choice\n"),
    ] {
        fires("parameter", &text("").replace(from, to));
    }
    quiet("parameter", &text(""));
}

#[test]
fn command_lines_are_those_of_wpp() {
    step("command", "```wpp id=a\nwpp status\nwpp nothing\n```", 2, "```wpp id=a\nwpp status\n```");
    fires("command", &text("```wpp id=a\nwpp status --bad\n```"));
    fires("command", &text("```wpp id=a\nls\n```"));
    fires("command", &text("```wpp id=a\nwpp status 'x\n```"));
    fires("command", &text("```wpp id=a\nwpp status --home /tmp\n```"));
    fires("command", &text("```wpp id=a\nwpp status --watch\n```"));
    step("unattended", "```wpp id=a\nwpp reset\n```", 1, "```wpp id=a\nwpp reset --yes\n```");
}

#[test]
fn requests_and_queries_can_be_made() {
    step("request", "```http id=a\nFETCH {{url}}/api/health\n```", 1, "```http id=a\nGET {{url}}/api/health\n```");
    fires("request", &text("```http id=a\nPOST {{url}}/api/sessions\n\n{\"name\": }\n```"));
    fires("request", &text("```http id=a\nGET /api/health\n```"));
    step(
        "query",
        "```sql id=a on={{archive}}\nSELECT '{{archive}}'\n```",
        1,
        "```sql id=a on={{archive}}\nSELECT {{archive}};\n```",
    );
    fires("query", &text("```sql id=a on={{archive}}\nSELECT 1; SELECT 2\n```"));
    fires("query", &text("```sql id=a on={{archive}}\nDELETE FROM t\n```"));
    fires("query", &text("```sql id=a on={{archive}}\nSELECT {{key}}\n```"));
    // A text without quotes is no JSON; a number is, and so is a text in quotes.
    let body = |body: &str| format!("```http id=a\nPOST {{{{url}}}}/api/sessions\n\n{body}\n```");
    step("request", &body("{\"name\": {{archive}}}"), 1, &body("{\"name\": \"{{archive}}\"}"));
    let numbered = |text: &str| text.replace("archive: which one", "archive:\n    help: which one\n    type: integer");
    quiet("request", &numbered(&text(&body("{\"name\": {{archive}}}"))));
    // A header's key is a parameter and no text of the file.
    let with = |header: &str| format!("```http id=a\nGET {{{{url}}}}/api/sessions\n{header}\n```");
    step("literal-secret", &with("Accept: */*\nX-API-Key: owa_live_1234"), 3, &with("Accept: */*\nX-API-Key: {{key}}"));
    step("literal-secret", &with("Authorization: Bearer abcdef"), 2, &with("Authorization: Bearer {{key}}"));
    // Requests of scripts are looked at, too.
    step("endpoint", &sh("curl -fsS \"$url/health\""), 1, &sh("curl -fsS \"$url/api/health\""));
    let curl = |line: &str| text(&sh(line));
    fires("endpoint", &curl("curl -f -X POST \"${url}/api/sessions/$archive/restart\""));
    quiet("endpoint", &curl("curl -f -X POST \"${url}/api/sessions/$archive/start\""));
    fires("endpoint", &curl("curl -f http://localhost:2785/health"));
    fires("endpoint", &curl("x=$(curl -f -d '{}' \"$url/api/health\")"));
    quiet("endpoint", &curl("curl -f http://localhost:9999/health"));
    quiet("endpoint", &curl("curl -fI \"$url/health\" https://elsewhere.example/health"));
    step(
        "endpoint",
        "```http id=a\nPOST {{url}}/api/sessions/s/restart\n```",
        1,
        "```http id=a\nPOST {{url}}/api/sessions/s/start\n```",
    );
    step("endpoint", "```wpp id=a\nwpp webhook retry openwa:s\n```", 1, "```wpp id=a\nwpp webhook list openwa:s\n```");
    let jarvis = |retries: &str| {
        text(&format!("```http id=a {retries}\nGET {{{{url}}}}/readyz\n```"))
            .replace("applies_to: openwa", "applies_to: jarvis")
            .replace("/api/health", "/healthz")
    };
    fires("endpoint", &jarvis("retries=3"));
    quiet("endpoint", &jarvis(""));
    quiet("endpoint", &text("```http id=a\nGET https://elsewhere.example/x\n```"));
    // Written out, and by whatever name its address has.
    for host in ["http://127.0.0.1:2785", "http://localhost:2785", "http://openwa:2785"] {
        let ask = |path: &str| format!("```http id=a\nGET {host}{path}\n```");
        step("endpoint", &ask("/health"), 1, &ask("/api/health"));
    }
    quiet("endpoint", &text("```http id=a\nGET http://127.0.0.1:9999/health\n```"));
    let named = |name: &str, path: &str| {
        let parameter = format!("parameters:\n  {name}:\n    help: address\n    type: url\n");
        text(&format!("```http id=a\nGET {{{{{name}}}}}{path}\n```")).replace("parameters:\n", &parameter)
    };
    fires("endpoint", &named("server", "/health"));
    quiet("endpoint", &named("server", "/api/health"));
    quiet("endpoint", &named("receiver", "/health"));
    fires("endpoint", &curl("curl -f http://127.0.0.1:2785"));
}

#[test]
fn what_destroys_is_verified() {
    let restore = "```wpp id=a\nwpp restore {{archive}} --yes\n```";
    quiet("restore-unverified", &text(restore));
    // Nothing but the restore itself is left to look at what came back.
    let blind = text(restore).replace("id=verify", "id=verify expect=any");
    fires("restore-unverified", &blind);
    fires("restore-unverified", &text(&sh("pg_restore -d d dump")).replace("id=verify", "id=verify expect=any"));
    // What comes after it has to look at what came back.
    let then = |line: &str| text(restore).replace("wpp id=verify\nwpp status", &format!("wpp id=verify\n{line}"));
    for blind in ["wpp config", "wpp help", "wpp backup list", "wpp plugin list"] {
        fires("restore-unverified", &then(blind));
    }
    for looks in ["wpp backup verify {{archive}}", "wpp status", "wpp doctor", "wpp search x", "wpp send 15550100001 x"] {
        quiet("restore-unverified", &then(looks));
    }
    let of = |session: &str| then(&format!("wpp status --session {session}")).replace("--yes\n", "--yes --session main\n");
    quiet("restore-unverified", &of("main"));
    fires("restore-unverified", &of("other"));
    let script = |line: &str| then("wpp config").replace("wpp id=verify\nwpp config", &format!("sh id=verify\n{line}"));
    fires("restore-unverified", &script("echo restored"));
    quiet("restore-unverified", &script("test -s \"$archive\""));
    let prune = "wpp backup prune --yes";
    let verify = "wpp backup verify {{archive}}";
    step(
        "delete-before-verify",
        &format!("```wpp id=a\n{prune}\n{verify}\n```"),
        1,
        &format!("```wpp id=a\n{verify}\n{prune}\n```"),
    );
    let shell = |first: &str, then: &str| sh(&format!("{first}\n{then}"));
    let (remove, check) = ("find /backups -name '*.tar.gz' -mtime +30 -delete", "tar -tzf \"$archive\" > /dev/null");
    step("delete-before-verify", &shell(remove, check), 1, &shell(check, remove));
    // What is removed before its successor is even made; and after it was made, and nobody looked at it.
    let dump = "pg_dump -Fc openwa > \"$archive\"";
    let looked = "pg_restore -l \"$archive\" > /dev/null";
    step("delete-before-verify", &shell(remove, dump), 1, &sh(&format!("{dump}\n{looked}\n{remove}")));
    step("delete-before-verify", &shell(dump, remove), 2, &sh("find /var/log -name '*.gz' -delete"));
    step(
        "delete-before-verify",
        &format!("```wpp id=a\n{prune}\nwpp backup\n```"),
        1,
        &format!("```wpp id=a\nwpp backup\n{verify}\n{prune}\n```"),
    );
    quiet("delete-before-verify", &text("```wpp id=a\nwpp backup prune --dry-run\nwpp backup\n```"));
    // Data itself.
    for line in ["docker compose down -v", "docker compose down --volumes", "rm -rf \"$archive/data\"", "docker volume rm pgdata"]
    {
        step("delete-before-verify", &sh(line), 1, &shell(looked, line));
    }
    quiet("delete-before-verify", &text(&sh("docker compose down")));
    quiet("delete-before-verify", &text(&sh("rm -rf /tmp/data")));
    quiet("delete-before-verify", &text(&sh("rm -rf node_modules")));
}

#[test]
fn what_looks_like_a_step_is_one() {
    for info in ["bash id=a", "shell id=a", "console id=a", "wpps id=a", "Wpp id=a", "yaml when=ran(act)", "bash", "SQL"] {
        step("never-run", &format!("```{info}\nls\n```"), 0, "```text\nls\n```");
    }
    fires("never-run", &text("```\nwpp restart\n```"));
    quiet("never-run", &text("```\nREADY\n```"));
    // An example of what a terminal shows is none; and nothing is run under Trigger.
    quiet("never-run", &text("```console\n$ wpp status\n```"));
    quiet("never-run", &text("```toml\n[alert]\n```"));
    quiet("never-run", &text("").replace("T.\n", "```bash\nls\n```\n"));
}

#[test]
fn prerequisites_only_look() {
    let before = |block: &str| text("").replace("## Steps", &format!("{block}\n\n## Steps"));
    for (broken, whole) in [
        ("wpp stop", "wpp status"),
        ("wpp send 15550100001 x", "wpp backup list"),
        ("wpp reset --yes", "wpp reset --dry-run"),
        ("wpp backup --session main", "wpp backup verify latest"),
        ("wpp doctor --fix --yes", "wpp doctor"),
        ("wpp webhook test openwa", "wpp webhook list openwa"),
    ] {
        let block = |line: &str| format!("```wpp id=a\n{line}\n```");
        let at = before(&block(broken)).lines().position(|line| line == broken).unwrap() + 1;
        assert_eq!(fires("prerequisite-acts", &before(&block(broken))), at);
        quiet("prerequisite-acts", &before(&block(whole)));
        quiet("prerequisite-acts", &text(&block(broken)));
    }
    for (broken, whole) in [
        ("docker compose -f x.yml down", "docker compose ps"),
        ("sudo true && systemctl restart openwa", "systemctl is-active openwa"),
        ("rm -f lock", "test -f lock"),
    ] {
        fires("prerequisite-acts", &before(&sh(broken)));
        quiet("prerequisite-acts", &before(&sh(whole)));
    }
    let request = |method: &str| format!("```http id=a\n{method} {{{{url}}}}/api/sessions/x\n```");
    fires("prerequisite-acts", &before(&request("DELETE")));
    quiet("prerequisite-acts", &before(&request("GET")));
}

#[test]
fn a_block_that_always_fails_ends_the_run() {
    step("always-fails", &sh("echo 'not yet'\nexit 1"), 2, &sh("test -n \"$archive\" || exit 1"));
    fires("always-fails", &text(&sh("false")));
    quiet("always-fails", &text(&sh("if [ -z \"$archive\" ]; then\n  exit 1\nfi")));
    quiet("always-fails", &text(&sh("exit 0")));
    let step = |attributes: &str| text(&sh("exit 3").replace("id=script", &format!("id=script {attributes}")));
    fires("always-fails", &step("retries=2"));
    for attributes in ["expect=any", "expect=exit=3", "when=failed(act)"] {
        quiet("always-fails", &step(attributes));
    }
    let handled = format!("{}\n\n```wpp id=b when=failed(script)\nwpp status\n```", sh("exit 3"));
    quiet("always-fails", &text(&handled));
}

#[test]
fn scripts_do_not_fail_in_silence() {
    step("shell-braces", &sh("echo {{archive}}"), 1, &sh("echo \"$archive\" '{{.Names}}'"));
    step(
        "quoted-glob",
        &sh("set -e\nif [ -f \"$DIR/*/database.sql\" ]; then\n  echo x\nfi"),
        2,
        &sh("for f in \"$DIR\"/*/database.sql; do\n  [ -f \"$f\" ] && echo x\ndone"),
    );
    for (broken, whole) in [
        ("for f in \"/b/*.db\"; do echo \"$f\"; done", "for f in /b/*.db; do echo \"$f\"; done"),
        ("cp \"/b/*.db\" /c/", "cp \"/b/\"*.db /c/"),
        ("sudo true; rm -f '/b/*.wal'", "find /b -name '*.wal' -print"),
    ] {
        step("quoted-glob", &sh(broken), 1, &sh(whole));
    }
    quiet("quoted-glob", &text(&sh("for word in \"really?\" no; do echo \"$word\"; done")));
    step("unreachable", &sh("echo a\nexit 0\necho b"), 3, &sh("if [ -z \"$archive\" ]; then\n  exit 1\nfi\necho b"));
    quiet("unreachable", &text(&sh("test -n \"$archive\" || exit 1\necho b")));
    for stop in ["sudo reboot", "shutdown -r now", "/sbin/poweroff", "systemctl reboot", "exit"] {
        step(
            "unreachable",
            &sh(&format!("{stop}\necho b")),
            2,
            &sh(&format!("if [ -z \"$archive\" ]; then\n  {stop}\nfi\necho b")),
        );
    }
    quiet("unreachable", &text(&sh("shutdown -c\necho b")));
    quiet("unreachable", &text(&sh("echo reboot\necho b")));
    // Nor is any block behind one that stops the machine.
    fires("unreachable", &text(&sh("reboot")));
    quiet("unreachable", &text(&sh("reboot").replace("id=script", "id=script when=failed(act)")));
    quiet("unreachable", &text(&sh("exit 0")));
    step("curl-fail", &sh("curl \\\n  http://127.0.0.1:2785/health"), 1, &sh("curl -fsS http://127.0.0.1:2785/health"));
    fires("curl-fail", &text(&sh("x=$(curl -s http://127.0.0.1/)")));
    step("insecure", &sh("curl -fv --insecure https://example.org"), 1, &sh("curl -fv https://example.org"));
    fires("insecure", &text(&sh("curl -fk https://example.org")));
    step("sleep", &sh("docker compose up -d\nsleep 30\necho done"), 2, &sh("until test -e /tmp/x; do\n  sleep 1\ndone"));
    step(
        "secret-argument",
        &sh("curl -f -H \"X-API-Key: $key\" http://127.0.0.1/"),
        1,
        &sh("printf 'header = \"X-API-Key: %s\"' \"$key\" | curl -f -K - http://127.0.0.1/"),
    );
    fires("secret-argument", &text("```wpp id=a\nwpp send 15550100001 {{key}}\n```"));
    step("read", &sh("read -p 'Continue? ' answer"), 1, &sh("while read -r line; do echo \"$line\"; done < list"));
}

#[test]
fn every_rule_has_a_name_of_its_own_and_a_test_here() {
    let own = include_str!("tests.rs");
    let mut names: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
    for name in &names {
        assert!(own.contains(&format!("\"{name}\",")), "{name} is seen neither to fire nor to keep quiet");
    }
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), RULES.len());
}

#[test]
fn the_old_restore_script_is_full_of_findings() {
    let script = "set -e\ndocker compose down\ntar -xzf \"$archive\" -C \"$evidence\"\n\
        if [ -f \"$evidence/*/database.sql\" ]; then\n  docker compose up -d postgres\n  sleep 10\n  \
        psql -U postgres openwa < \"$evidence\"/*/database.sql\nfi\nread -p \"Restore configuration? \" answer\n\
        docker compose up -d\nsleep 30\ncurl http://localhost:2785/health\necho \"Restore completed!\"";
    let all = found(&text(&sh(script)).replace("id=verify", "id=verify expect=any"));
    for rule in ["quoted-glob", "sleep", "read", "curl-fail", "restore-unverified", "verification"] {
        assert!(all.iter().any(|finding| finding.rule == rule), "{rule}: {all:#?}");
    }
}
