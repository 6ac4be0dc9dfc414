//! The server's side of the Noise handshakes and of the framing.
//!
//! Imports the library's Noise primitives. Start with [`accept`]: it reads the client's first
//! message, runs IK or XX, and leaves a [`Channel`] that turns stanzas into frames and back.
//!
//! A client that verifies certificates (XX) refuses this server, as it should: nobody can sign for
//! the real root. A client whose store pins this server's static key logs in by IK.

use bytes::BytesMut;
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_websockets::{Message, WebSocketStream};
use wacore_binary::consts::{NOISE_PATTERN_IK, NOISE_PATTERN_XX, WA_CONN_HEADER};
use wacore_binary::{Node, OwnedNodeRef};
use wacore_libsignal::protocol::KeyPair;
use wacore_noise::framing::{FrameDecoder, encode_frame};
use wacore_noise::{NoiseCipher, NoiseHandshake};
use waproto::buffa::{Message as _, MessageField};
use waproto::whatsapp::{ClientPayload, HandshakeMessage, handshake_message::ServerHello};

use super::signal;

/// Why a connection ended early; only ever counted and traced.
pub type Fault = Box<dyn std::error::Error + Send + Sync>;

/// The WebSocket below the frames.
pub type Socket = WebSocketStream<TcpStream>;

/// Bytes in front of the routing information that a client may send first: `ED 00 01`.
const EDGE_ROUTING: [u8; 3] = [b'E', b'D', 0];

/// What the handshake told about the client.
pub struct Login {
    /// The client's static Noise key; it is what a companion is known by.
    pub noise_public: [u8; 32],
    /// The number that it takes itself to be linked to; absent in a registration.
    pub username: Option<u64>,
    /// The device number that it takes itself to have.
    pub device: Option<u32>,
    /// `ik` or `xx`.
    pub pattern: &'static str,
}

/// An encrypted channel to one client.
pub struct Channel {
    socket: Socket,
    decoder: FrameDecoder,
    read: NoiseCipher,
    read_counter: u32,
    write: NoiseCipher,
    write_counter: u32,
}

/// Frames below the encryption: the WebSocket messages need not match frame borders.
struct Frames {
    socket: Socket,
    decoder: FrameDecoder,
    preamble: Vec<u8>,
    preamble_done: bool,
}

impl Frames {
    async fn next(&mut self) -> Result<BytesMut, Fault> {
        loop {
            if self.preamble_done
                && let Some(frame) = self.decoder.decode_frame()
            {
                return Ok(frame);
            }
            let message = self.socket.next().await.ok_or("the client went away during the handshake")??;
            if !message.is_binary() {
                continue;
            }
            if self.preamble_done {
                self.decoder.feed(message.as_payload());
                continue;
            }
            self.preamble.extend_from_slice(message.as_payload());
            if let Some(length) = preamble_length(&self.preamble)? {
                self.preamble_done = true;
                self.decoder.feed(&self.preamble[length..]);
            }
        }
    }

    async fn send(&mut self, message: &HandshakeMessage) -> Result<(), Fault> {
        let frame = encode_frame(&waproto::codec::handshake_message_to_vec(message), None)?;
        self.socket.send(Message::binary(frame)).await?;
        Ok(())
    }
}

/// How many bytes come before the first frame; `None` when more must be read to know.
fn preamble_length(bytes: &[u8]) -> Result<Option<usize>, Fault> {
    let mut start = 0;
    if bytes.first() == Some(&EDGE_ROUTING[0]) {
        let Some(length) = bytes.get(4..7) else { return Ok(None) };
        start = 7 + ((length[0] as usize) << 16 | (length[1] as usize) << 8 | length[2] as usize);
    }
    let Some(header) = bytes.get(start..start + WA_CONN_HEADER.len()) else { return Ok(None) };
    if header[..3] != WA_CONN_HEADER[..3] {
        return Err("the client does not speak this protocol".into());
    }
    Ok(Some(start + WA_CONN_HEADER.len()))
}

/// Runs the handshake that the client chose.
pub async fn accept(socket: Socket, keys: &KeyPair, certificate: &[u8]) -> Result<(Channel, Login), Fault> {
    let mut frames = Frames { socket, decoder: FrameDecoder::new(), preamble: Vec::new(), preamble_done: false };
    let first = frames.next().await?;
    let hello = waproto::codec::handshake_message_decode(&first)?
        .client_hello
        .into_option()
        .ok_or("the first message is not a client hello")?;
    let client_ephemeral = hello.ephemeral.ok_or("the client hello has no ephemeral key")?;
    let server_ephemeral = KeyPair::generate(&mut signal::random());
    let ephemeral_private = server_ephemeral.private_key.serialize();
    let ephemeral_public = server_ephemeral.public_key.public_key_bytes();
    let static_private = keys.private_key.serialize();
    let static_public = keys.public_key.public_key_bytes();

    let (noise, client_static, payload, pattern) = match (hello.r#static, hello.payload) {
        (Some(sealed_static), Some(sealed_payload)) => {
            let mut noise = NoiseHandshake::new(NOISE_PATTERN_IK, &WA_CONN_HEADER)?;
            noise.authenticate(static_public);
            noise.authenticate(&client_ephemeral);
            noise.mix_shared_secret(static_private, &client_ephemeral)?;
            let client_static = noise.decrypt(&sealed_static)?;
            noise.mix_shared_secret(static_private, &client_static)?;
            let payload = noise.decrypt(&sealed_payload)?;
            noise.authenticate(ephemeral_public);
            noise.mix_shared_secret(ephemeral_private, &client_ephemeral)?;
            noise.mix_shared_secret(ephemeral_private, &client_static)?;
            let sealed_certificate = noise.encrypt(certificate)?;
            frames.send(&server_hello(ephemeral_public, None, sealed_certificate)).await?;
            (noise, client_static, payload, "ik")
        }
        _ => {
            let mut noise = NoiseHandshake::new(NOISE_PATTERN_XX, &WA_CONN_HEADER)?;
            noise.authenticate(&client_ephemeral);
            noise.authenticate(ephemeral_public);
            noise.mix_shared_secret(ephemeral_private, &client_ephemeral)?;
            let sealed_static = noise.encrypt(static_public)?;
            noise.mix_shared_secret(static_private, &client_ephemeral)?;
            let sealed_certificate = noise.encrypt(certificate)?;
            frames.send(&server_hello(ephemeral_public, Some(sealed_static), sealed_certificate)).await?;
            let finish = waproto::codec::handshake_message_decode(&frames.next().await?)?
                .client_finish
                .into_option()
                .ok_or("the second message is not a client finish")?;
            let client_static = noise.decrypt(&finish.r#static.ok_or("the client finish has no static key")?)?;
            noise.mix_shared_secret(ephemeral_private, &client_static)?;
            let payload = noise.decrypt(&finish.payload.ok_or("the client finish has no payload")?)?;
            (noise, client_static, payload, "xx")
        }
    };
    let noise_public: [u8; 32] = client_static.try_into().map_err(|_| "the client's static key does not have 32 bytes")?;
    let payload = ClientPayload::decode_from_slice(&payload)?;
    // Named from the client's side: what it writes is what is read here.
    let (read, write) = noise.finish()?;
    let channel = Channel { socket: frames.socket, decoder: frames.decoder, read, read_counter: 0, write, write_counter: 0 };
    Ok((channel, Login { noise_public, username: payload.username, device: payload.device, pattern }))
}

fn server_hello(ephemeral: &[u8], sealed_static: Option<Vec<u8>>, payload: Vec<u8>) -> HandshakeMessage {
    HandshakeMessage {
        server_hello: MessageField::some(ServerHello {
            ephemeral: Some(ephemeral.to_vec()),
            r#static: sealed_static,
            payload: Some(payload),
            ..Default::default()
        }),
        ..Default::default()
    }
}

impl Channel {
    /// The next stanza; `None` when the client closed the connection. Safe to cancel.
    pub async fn receive(&mut self) -> Result<Option<Node>, Fault> {
        loop {
            if let Some(mut frame) = self.decoder.decode_frame() {
                self.read.decrypt_in_place_with_counter(self.read_counter, &mut frame)?;
                self.read_counter += 1;
                let bytes = wacore_binary::util::unpack_bytes(frame)?;
                return Ok(Some(OwnedNodeRef::new(bytes)?.to_owned_node()));
            }
            match self.socket.next().await {
                None => return Ok(None),
                Some(Err(error)) => return Err(error.into()),
                Some(Ok(message)) if message.is_close() => return Ok(None),
                Some(Ok(message)) if message.is_binary() => {
                    acknowledge_at_once(self.socket.get_ref());
                    self.decoder.feed(message.as_payload());
                }
                Some(Ok(_)) => {}
            }
        }
    }

    /// Sends one stanza.
    pub async fn send(&mut self, node: &Node) -> Result<(), Fault> {
        let plain = wacore_binary::marshal::marshal(node)?;
        let sealed = self.write.encrypt_with_counter(self.write_counter, &plain)?;
        self.write_counter += 1;
        self.socket.send(Message::binary(encode_frame(&sealed, None)?)).await?;
        Ok(())
    }

    /// Ends the connection as a server does, with a close frame.
    pub async fn close(mut self) {
        // The client may be gone already; then there is nobody to tell.
        let _ = self.socket.close().await;
    }
}

/// Has the kernel confirm what was read now rather than 40 ms later.
///
/// Clients leave Nagle's algorithm on: after a stanza that gets no answer, such as an ack, their
/// next one waits for this confirmation. Linux forgets the wish, so it is repeated; a kernel that
/// does not know it is merely slower.
fn acknowledge_at_once(stream: &TcpStream) {
    #[cfg(target_os = "linux")]
    let _ = rustix::net::sockopt::set_tcp_quickack(stream, true);
    #[cfg(not(target_os = "linux"))]
    let _ = stream;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preamble_is_found_with_and_without_routing() {
        assert_eq!(preamble_length(b"WA").unwrap(), None);
        assert_eq!(preamble_length(&WA_CONN_HEADER).unwrap(), Some(4));
        let mut routed = vec![b'E', b'D', 0, 1, 0, 0, 2, 9, 9];
        assert_eq!(preamble_length(&routed).unwrap(), None);
        routed.extend_from_slice(&WA_CONN_HEADER);
        assert_eq!(preamble_length(&routed).unwrap(), Some(13));
        assert!(preamble_length(b"GET / HTTP").is_err());
    }
}
