//! The control socket: requests from outside the simulator's process, one JSON document per line.
//!
//! Imports request. Start with [`ask`] (the caller's side) or [`path`]. The socket has mode 0600 in
//! a folder with mode 0700; whoever can open it may do everything to the simulated account.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;

use super::Shared;
use super::request::Request;
use crate::error::{Context, Error, ErrorKind, Result};

/// The longest line that is read.
const LINE_LIMIT_BYTES: u64 = 1 << 20;

/// How long [`ask`] waits for an answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// The socket in a simulator's folder.
pub fn path(directory: &Path) -> PathBuf {
    directory.join("control.sock")
}

/// Makes the socket; one that a dead simulator left behind is replaced.
pub(super) fn bind(directory: &Path) -> Result<UnixListener> {
    let path = path(directory);
    let failed = || format!("cannot make the control socket {}", path.display());
    if path.exists() {
        if std::os::unix::net::UnixStream::connect(&path).is_ok() {
            return Err(Error::new(ErrorKind::Locked, format!("a simulator already runs in {}", directory.display()))
                .hint("stop it first, or give another folder"));
        }
        std::fs::remove_file(&path).while_doing(failed)?;
    }
    let listener = UnixListener::bind(&path).while_doing(failed)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).while_doing(failed)?;
    Ok(listener)
}

/// Answers callers until the task is stopped.
pub(super) async fn serve(shared: Arc<Shared>, listener: UnixListener) {
    let mut callers = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    callers.spawn(answer(Arc::clone(&shared), stream));
                }
                Err(error) => {
                    shared.world.lock().await.note_fault(error.to_string());
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            Some(_) = callers.join_next() => {}
        }
    }
}

async fn answer(shared: Arc<Shared>, stream: UnixStream) {
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    loop {
        let mut line = Vec::new();
        match (&mut reader).take(LINE_LIMIT_BYTES).read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let result = match serde_json::from_slice::<Request>(&line) {
            Ok(request) => shared.execute(request).await,
            Err(error) => Err(Error::new(ErrorKind::Usage, format!("this is no request: {error}"))),
        };
        let answer = match result {
            Ok(Value::Object(mut fields)) => {
                fields.insert("ok".to_owned(), Value::Bool(true));
                Value::Object(fields)
            }
            Ok(value) => json!({ "ok": true, "value": value }),
            Err(error) => json!({ "ok": false, "code": error.kind().code(), "error": error.chain(), "hints": error.hints() }),
        };
        let mut text = answer.to_string();
        text.push('\n');
        if writer.write_all(text.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// Asks the simulator that runs in `directory`, from any process of the same user.
pub async fn ask(directory: &Path, request: &Request) -> Result<Value> {
    let path = path(directory);
    let unreachable = || format!("no simulator answers on {}", path.display());
    let exchange = async {
        let mut stream = UnixStream::connect(&path).await?;
        let mut line = serde_json::to_string(request)?;
        line.push('\n');
        stream.write_all(line.as_bytes()).await?;
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer).await?;
        Ok::<String, std::io::Error>(answer)
    };
    let answer = tokio::time::timeout(ANSWER_TIMEOUT, exchange)
        .await
        .context(ErrorKind::Unreachable, unreachable)?
        .context(ErrorKind::Unreachable, unreachable)?;
    let mut value: Value = serde_json::from_str(&answer).context(ErrorKind::Unreachable, unreachable)?;
    if value["ok"] == json!(true) {
        if let Some(fields) = value.as_object_mut() {
            fields.remove("ok");
        }
        return Ok(value);
    }
    let kind = value["code"].as_str().and_then(ErrorKind::from_code).unwrap_or(ErrorKind::Unexpected);
    let mut error = Error::new(kind, value["error"].as_str().unwrap_or("the simulator gave no reason").to_owned());
    for hint in value["hints"].as_array().into_iter().flatten().filter_map(|hint| hint.as_str()) {
        error = error.hint(hint);
    }
    Err(error)
}
