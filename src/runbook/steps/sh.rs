//! Scripts of the shell. Values reach them through their environment alone.

use std::process::Command;
use std::time::Duration;

use super::{Attempt, OUTPUT_BYTES_MAX, Scene, Tried};
use crate::process::{Ended, Input, Run};
use crate::runbook::expect::Answer;
use crate::runbook::fence::Fence;

/// A step without a time limit; long enough for anything that ends.
const FOREVER: Duration = Duration::from_secs(7 * 86_400);

pub fn attempt(fence: &Fence, scene: &Scene<'_>) -> Attempt {
    if !scene.shell_allowed {
        return Attempt::idle(Tried::Failed("scripts of the shell were not allowed for this run".into()), "");
    }
    let mut command = Command::new("/bin/sh");
    // It waits until it is written down that it runs: whatever kills this process, the next one finds it.
    let script = format!("read -r go || exit 125; exec </dev/null; unset go; {}", fence.body);
    command.args(["-eu", "-c", &script, &fence.id]);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("WPP_")) {
        // What holds for this process, secrets of plugins among it, is not the script's.
        command.env_remove(name);
    }
    command.envs(&scene.values.plain).envs(&scene.values.secrets);
    command.env("WPP_HOME", scene.site.home.root());
    let patience = fence.timeout.unwrap_or(FOREVER);
    let input = Input::Bytes(b"go\n".to_vec());
    let run = Run { input, output: None, patience, output_bytes_max: OUTPUT_BYTES_MAX, stop: Some(scene.stop) };
    let ran = run.of_known(&mut command, &mut |group| (scene.know)(group));
    let output = String::from_utf8_lossy(&ran.stdout.bytes).into_owned();
    let more = if ran.stdout.more || ran.stderr.more { "\n(there was more, which is not kept)\n" } else { "" };
    let transcript = format!("$ sh -eu\n{}\n{output}{}{more}", fence.body.trim_end(), String::from_utf8_lossy(&ran.stderr.bytes));
    match ran.ended {
        Ended::Itself(status) => {
            use std::os::unix::process::ExitStatusExt;
            let exit = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
            let said = if output.trim().is_empty() { String::from_utf8_lossy(&ran.stderr.bytes).into_owned() } else { output };
            let json = serde_json::from_str(said.trim()).ok();
            Attempt::of(
                Tried::Answered(Answer { exit: Some(exit), output: said, json, ..Answer::default() }),
                format!("{transcript}\nexit {exit}\n"),
            )
        }
        Ended::NotStarted(error) => Attempt::idle(Tried::Unknown(format!("the shell cannot be started: {error}")), transcript),
        Ended::NotSeen(error) => {
            Attempt::of(Tried::Unknown(format!("whether the script ended cannot be told: {error}")), transcript)
        }
        Ended::Killed if scene.interrupted() => Attempt::of(Tried::interrupted(), transcript),
        Ended::Killed => {
            Attempt::of(Tried::Failed(format!("it did not end within {} s and was killed", patience.as_secs())), transcript)
        }
    }
}
