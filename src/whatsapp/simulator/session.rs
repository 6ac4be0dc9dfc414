//! One connection: from the TCP accept to the last byte.
//!
//! Imports noise and world. Start with [`serve`]. The faults that concern the wire (silent, slow,
//! lost frames, sudden close) happen here; those that concern meaning happen in the world.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, WeakUnboundedSender, unbounded_channel};
use tokio::time::Instant;
use tokio_websockets::{Limits, ServerBuilder};

use super::knobs::{Name, Setting};
use super::noise::{self, Channel, Fault};
use super::world::Outgoing;
use super::{Shared, knobs_of};

/// How long a client may take for the handshakes.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(20);

/// Serves one connection until either side ends it.
pub(super) async fn serve(shared: Arc<Shared>, stream: TcpStream) {
    if let Err(fault) = converse(&shared, stream).await {
        shared.world.lock().await.note_fault(fault.to_string());
    }
}

async fn converse(shared: &Shared, stream: TcpStream) -> Result<(), Fault> {
    // Stanzas are small and each one is waited for.
    stream.set_nodelay(true)?;
    let handshake = async {
        let (_, socket) = ServerBuilder::new().limits(Limits::unlimited()).accept(stream).await?;
        noise::accept(socket, &shared.keys.keys, &shared.keys.certificate).await
    };
    let (mut channel, login) =
        tokio::time::timeout(HANDSHAKE_TIMEOUT, handshake).await.map_err(|_| "the client did not finish the handshake")??;
    if is_silent(shared) {
        // Such a connection stays mute for life: the client's login was never heard.
        while channel.receive().await?.is_some() {}
        return Ok(());
    }
    let (sender, outgoing) = unbounded_channel();
    // Weak, so that what is still to be sent later does not keep a finished connection open.
    let later = sender.downgrade();
    let id = shared.world.lock().await.connect(sender, &login)?;
    let result = exchange(shared, channel, outgoing, later, id).await;
    shared.world.lock().await.disconnect(id);
    result
}

/// Carries stanzas both ways until either side ends the connection.
async fn exchange(
    shared: &Shared,
    mut channel: Channel,
    mut outgoing: UnboundedReceiver<Outgoing>,
    later: WeakUnboundedSender<Outgoing>,
    id: u64,
) -> Result<(), Fault> {
    let mut end_at: Option<Instant> = None;
    let mut allowed: Option<u32> = None;
    loop {
        let ending = async {
            match end_at {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            told = outgoing.recv() => match told {
                Some(Outgoing::Stanza(node)) => {
                    if is_silent(shared) || knobs_of(&shared.knobs).take(Name::DropFrames).is_some() {
                        continue;
                    }
                    let delay = match knobs_of(&shared.knobs).get(Name::Slow) {
                        Some(Setting::Slow { ms }) => Some(Duration::from_millis(*ms)),
                        _ => None,
                    };
                    if let Some(delay) = delay {
                        tokio::time::sleep(delay).await;
                    }
                    // A client that is gone is no fault; the next read says so too.
                    if channel.send(&node).await.is_err() {
                        break;
                    }
                }
                Some(Outgoing::Later(delay, node)) => {
                    let later = later.clone();
                    tokio::spawn(async move {
                        tokio::time::sleep(delay).await;
                        if let Some(sender) = later.upgrade() {
                            // Nobody listens any more when the connection has ended meanwhile.
                            let _ = sender.send(Outgoing::Stanza(node));
                        }
                    });
                }
                Some(Outgoing::Close(linger)) => end_at = Some(Instant::now() + linger),
                Some(Outgoing::Drop) | None => break,
            },
            heard = channel.receive() => {
                // A client that hangs up hard did nothing wrong.
                let Ok(Some(node)) = heard else { break };
                match knobs_of(&shared.knobs).get(Name::CloseAfter) {
                    Some(Setting::CloseAfter { frames }) => {
                        let left = allowed.unwrap_or(*frames);
                        if left == 0 {
                            break;
                        }
                        allowed = Some(left - 1);
                    }
                    _ => allowed = None,
                }
                if !is_silent(shared) {
                    shared.world.lock().await.receive(id, node).await.map_err(|error| error.chain())?;
                }
            }
            () = ending => {
                channel.close().await;
                return Ok(());
            }
        }
    }
    Ok(())
}

fn is_silent(shared: &Shared) -> bool {
    knobs_of(&shared.knobs).is_on(Name::Silent)
}
