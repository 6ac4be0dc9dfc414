//! Who made a component: signatures of [minisign](https://jedisct1.github.io/minisign/), checked when it
//! is added. Start with [`verify`].
//!
//! A signature says who vouches for the bytes; it allows nothing. What a plugin may do is granted by the
//! operator, to these bytes, signed or not.

use minisign_verify::{PublicKey, Signature};

use crate::error::{Error, ErrorKind, Result};

/// What a good signature says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The public key that it was checked with, in base64.
    pub public_key: String,
    /// What its maker wrote into it; it is signed too.
    pub comment: String,
}

/// Checks the signature of a component with the keys that the operator trusts; `None` when it was made
/// with none of them. `source` is where the signature was read, for errors.
pub fn verify(bytes: &[u8], signature: &str, source: &str, public_keys: &[String]) -> Result<Option<Signed>> {
    let signature = Signature::decode(signature).map_err(|error| {
        Error::new(ErrorKind::Usage, format!("{source} is no signature of minisign: {error}"))
            .hint("give the .minisig file that `minisign -S` wrote for this component")
    })?;
    for text in public_keys {
        match public_key(text)?.verify(bytes, &signature, false) {
            Ok(()) => {
                return Ok(Some(Signed { public_key: text.clone(), comment: signature.trusted_comment().to_owned() }));
            }
            Err(minisign_verify::Error::UnexpectedKeyId) => {}
            // The right key, and it does not fit: no other will make it good.
            Err(error) => {
                return Err(Error::new(ErrorKind::Denied, format!("{source} is not the signature of these bytes: {error}"))
                    .hint("the component or the signature was changed; fetch both again from whom you trust"));
            }
        }
    }
    Ok(None)
}

/// A public key from its text in base64, the second line of a .pub file.
fn public_key(text: &str) -> Result<PublicKey> {
    PublicKey::from_base64(text).map_err(|error| {
        Error::new(ErrorKind::Usage, format!("{text:?} is no public key of minisign: {error}"))
            .hint("a key is the second line of the .pub file, and begins with RW")
    })
}
