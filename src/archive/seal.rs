//! Encrypts archives and decrypts them: the only file that names `age`.
//!
//! An archive is encrypted to **recipients**: public keys (`age1…`), which can be on every host that
//! makes backups, or a passphrase. It is read with **identities**: the secret keys
//! (`AGE-SECRET-KEY-1…`) in a file for its owner alone, or that passphrase. A host that only has
//! recipients can write archives and cannot read them. What is written is the age format, version 1,
//! so that the `age` tool reads it, too: `age -d -i key.txt ARCHIVE.age`.
//!
//! Reading is by random access: age encrypts in chunks of 64 KiB, each authenticated with its
//! place, and the end of the file with it. A flipped bit, two chunks that changed places and a file
//! that was cut are all found; the first is an error of the reader, of kind `InvalidData`.
//!
//! Passphrases come from a file for its owner alone, from `WPP_BACKUP_PASSPHRASE`, or from whoever
//! sits at the terminal; never from the command line. Start with [`Recipients`] and [`Identities`].

use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Arc, OnceLock};

use age::secrecy::SecretString;
use age::{DecryptError, Decryptor, EncryptError, Encryptor, IdentityFile, scrypt, x25519};

use sha2::{Digest, Sha256};

use super::destination::settings::Secret;
use super::output::Output;
use crate::disk;
use crate::error::{Error, ErrorKind, Result};

/// Ending of the name of an encrypted archive, after its own.
pub const SUFFIX: &str = ".age";
/// The variable that may hold the passphrase.
pub const PASSPHRASE_VARIABLE: &str = "WPP_BACKUP_PASSPHRASE";
/// How every file in this format begins.
const MAGIC: &[u8] = b"age-encryption.org/v1\n";
/// A file of keys or recipients is a page.
const KEYS_SIZE_BYTES_MAX: u64 = 1 << 20;
const PASSPHRASE_SIZE_BYTES_MAX: u64 = 4096;
/// The work that a passphrase costs: 2 to this power. A second on a small machine; the same on
/// every machine, so that what one wrote another reads.
const WORK_FACTOR: u8 = 18;
/// A file that asks for more work than this was made to keep a machine busy.
const WORK_FACTOR_MAX: u8 = 22;
/// Chunks of an age file, and what authenticates each.
const CHUNK_BYTES: u64 = 64 << 10;
const TAG_BYTES: u64 = 16;

/// Who can read what is written.
pub struct Recipients {
    keys: Vec<x25519::Recipient>,
    passphrase: Option<Secret>,
    work_factor: u8,
}

impl std::fmt::Debug for Recipients {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let keys: Vec<String> = self.names();
        formatter.debug_struct("Recipients").field("names", &keys).finish_non_exhaustive()
    }
}

impl Recipients {
    /// Takes public keys, as words and as files with one a line.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] for what is no recipient; the line of a file is named and not repeated,
    /// because it may be a secret key that somebody put into the wrong file.
    pub fn keys<'a>(words: impl IntoIterator<Item = &'a str>, files: &[&Path]) -> Result<Recipients> {
        let mut keys = Vec::new();
        for word in words {
            keys.push(recipient(word).map_err(|reason| wrong_recipient(&format!("recipient {}", shown(word)), reason))?);
        }
        for path in files {
            let text = disk::read_small(path, KEYS_SIZE_BYTES_MAX)
                .map_err(|error| disk::cannot("read the recipients file", path, error))?;
            let text = String::from_utf8(text)
                .map_err(|_| wrong_recipient(&format!("the recipients file {}", path.display()), "it is not text"))?;
            let before = keys.len();
            for (number, line) in (1..).zip(text.lines()) {
                let line = line.trim();
                if line.is_empty() || line.starts_with('#') {
                    continue;
                }
                keys.push(recipient(line).map_err(|reason| {
                    wrong_recipient(&format!("line {number} of the recipients file {}", path.display()), reason)
                })?);
            }
            if keys.len() == before {
                return Err(wrong_recipient(&format!("the recipients file {}", path.display()), "it names nobody"));
            }
        }
        if keys.is_empty() {
            return Err(wrong_recipient("the list of recipients", "it is empty"));
        }
        Ok(Recipients { keys, passphrase: None, work_factor: WORK_FACTOR })
    }

    /// Whoever knows the passphrase.
    pub fn passphrase(passphrase: Secret) -> Recipients {
        Recipients { keys: Vec::new(), passphrase: Some(passphrase), work_factor: WORK_FACTOR }
    }

    /// The public keys, or `passphrase`: for reports.
    pub fn names(&self) -> Vec<String> {
        match self.passphrase {
            Some(_) => vec!["passphrase".into()],
            None => self.keys.iter().map(ToString::to_string).collect(),
        }
    }

    /// Encrypts what is written from here on; writes the header at once.
    pub fn seal<W: Write>(&self, output: W) -> Result<Sealed<W>> {
        let encryptor = match &self.passphrase {
            Some(passphrase) => {
                let mut recipient = scrypt::Recipient::new(SecretString::from(passphrase.reveal().to_owned()));
                recipient.set_work_factor(self.work_factor);
                Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient))
            }
            None => Encryptor::with_recipients(self.keys.iter().map(|key| key as &dyn age::Recipient)),
        };
        let encryptor = encryptor.map_err(|error: EncryptError| {
            Error::new(ErrorKind::Usage, format!("cannot encrypt to these recipients: {error}"))
                .hint("give public keys that `age-keygen -y` prints, or one passphrase alone")
        })?;
        let writer =
            encryptor.wrap_output(output).map_err(|error| disk::cannot("write", Path::new("the encrypted archive"), error))?;
        Ok(Sealed(writer))
    }
}

impl Recipients {
    /// Puts encryption between a writer of archives and an output; tells afterwards what the file is
    /// that came out.
    pub fn output(&self, output: Box<dyn Output>) -> Result<(Box<dyn Output>, Tally)> {
        let tally = Tally::default();
        let sealed = self.seal(Tallied { output, hasher: Sha256::new(), written: 0 })?;
        Ok((Box::new(SealedOutput { sealed, tally: tally.clone() }), tally))
    }
}

/// Size and SHA-256 of a file that was written, once it is finished.
#[derive(Debug, Clone, Default)]
pub struct Tally(Arc<OnceLock<(u64, String)>>);

impl Tally {
    /// Size in bytes, and SHA-256 in hex; `None` before the end.
    pub fn get(&self) -> Option<&(u64, String)> {
        self.0.get()
    }
}

struct Tallied {
    output: Box<dyn Output>,
    hasher: Sha256,
    written: u64,
}

impl Write for Tallied {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let count = self.output.write(bytes)?;
        self.hasher.update(&bytes[..count]);
        self.written += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.output.flush()
    }
}

struct SealedOutput {
    sealed: Sealed<Tallied>,
    tally: Tally,
}

impl Write for SealedOutput {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.sealed.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.sealed.flush()
    }
}

impl Output for SealedOutput {
    fn finish(self: Box<Self>) -> Result<()> {
        let Tallied { output, hasher, written } =
            self.sealed.finish().map_err(|error| disk::cannot("write", Path::new("the encrypted archive"), error))?;
        output.finish()?;
        let _ = self.tally.0.set((written, hex::encode(hasher.finalize())));
        Ok(())
    }
}

/// Takes plain bytes and writes encrypted ones. What is not [`Sealed::finish`]ed lacks its end and
/// is refused by every reader.
pub struct Sealed<W: Write>(age::stream::StreamWriter<W>);

impl<W: Write> Sealed<W> {
    /// Writes the end; gives back what was written to.
    pub fn finish(self) -> std::io::Result<W> {
        self.0.finish()
    }
}

impl<W: Write> Write for Sealed<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

/// What can read encrypted archives. A clone shares what its original learns.
#[derive(Clone, Default)]
pub struct Identities {
    keys: Vec<Arc<dyn age::Identity + Send + Sync>>,
    passphrase: Arc<OnceLock<Secret>>,
    ask: Option<Arc<Ask>>,
}

/// Asks whoever sits at the terminal for a secret; `None` when nobody does.
pub type Ask = dyn Fn(&str) -> Option<Secret> + Send + Sync;

impl std::fmt::Debug for Identities {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let passphrase = self.passphrase.get().is_some();
        formatter.debug_struct("Identities").field("keys", &self.keys.len()).field("passphrase", &passphrase).finish()
    }
}

impl Identities {
    /// Adds the secret keys of a file. A file that is itself encrypted with a passphrase is opened
    /// with `passphrase`.
    ///
    /// # Errors
    /// [`ErrorKind::Denied`] when others can open the file, [`ErrorKind::Usage`] when it holds none.
    pub fn add_file(&mut self, path: &Path, passphrase: &mut dyn FnMut(&str) -> Result<Secret>) -> Result<()> {
        let content = disk::read_private("identity file", path, KEYS_SIZE_BYTES_MAX)?;
        let wrong = |reason: &str| {
            Error::new(ErrorKind::Usage, format!("the identity file {} cannot be used: {reason}", path.display()))
                .hint("it holds lines that begin with AGE-SECRET-KEY-1, as `age-keygen -o FILE` writes them")
        };
        let content = if content.starts_with(MAGIC) {
            let secret = passphrase(&format!("passphrase of the identity file {}", path.display()))?;
            let opened = Identities { passphrase: Arc::new(OnceLock::from(secret)), ..Identities::default() };
            let mut plain = Vec::new();
            let mut reader = opened
                .open(std::io::Cursor::new(content), &path.display().to_string())
                .map_err(|error| wrong(error.message()))?;
            reader.read_to_end(&mut plain).map_err(|error| wrong(&error.to_string()))?;
            plain
        } else {
            content
        };
        let file = IdentityFile::from_buffer(content.as_slice()).map_err(|error| wrong(&error.to_string()))?;
        let found = file.into_identities().map_err(|error| wrong(&error.to_string()))?;
        if found.is_empty() {
            return Err(wrong("it holds no key"));
        }
        self.keys.extend(found.into_iter().map(Arc::from));
        Ok(())
    }

    /// Takes a passphrase, instead of one that it had.
    pub fn set_passphrase(&mut self, passphrase: Secret) {
        self.passphrase = Arc::new(OnceLock::from(passphrase));
    }

    /// Lets it ask for a passphrase, once, when it meets an archive that needs one.
    pub fn set_ask(&mut self, ask: Arc<Ask>) {
        self.ask = Some(ask);
    }

    /// Decrypts an archive from its first byte on, whose name is for errors.
    ///
    /// # Errors
    /// [`ErrorKind::Denied`] when none of the keys fits, [`ErrorKind::Archive`] when the file is
    /// damaged or is none. The bytes behind the header are checked as they are read.
    pub fn open<R: Read + Seek>(&self, mut input: R, name: &str) -> Result<Unsealed<R>> {
        let cannot = |error: std::io::Error| disk::cannot("read", Path::new(name), error);
        input.rewind().map_err(cannot)?;
        let decryptor = Decryptor::new(&mut input).map_err(|error| failed(name, error))?;
        let by_passphrase = decryptor.is_scrypt();
        drop(decryptor);
        input.rewind().map_err(cannot)?;
        let decryptor = Decryptor::new(input).map_err(|error| failed(name, error))?;
        if by_passphrase
            && self.passphrase.get().is_none()
            && let Some(secret) = self.ask.as_ref().and_then(|ask| ask(&format!("passphrase of {name}")))
        {
            let _ = self.passphrase.set(secret);
        }
        let reader = match (self.passphrase.get(), by_passphrase) {
            (Some(passphrase), true) => {
                let mut identity = scrypt::Identity::new(SecretString::from(passphrase.reveal().to_owned()));
                identity.set_max_work_factor(WORK_FACTOR_MAX);
                decryptor.decrypt(std::iter::once(&identity as &dyn age::Identity))
            }
            (None, true) => return Err(locked(name, Lock::Passphrase)),
            (_, false) if self.keys.is_empty() => return Err(locked(name, Lock::Key)),
            (_, false) => decryptor.decrypt(self.keys.iter().map(|key| key.as_ref() as &dyn age::Identity)),
        };
        let mut reader = reader.map_err(|error| match error {
            // The header's own authentication hangs on the right key.
            DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed if by_passphrase => {
                locked(name, Lock::WrongPassphrase)
            }
            DecryptError::NoMatchingKeys => locked(name, Lock::WrongKey),
            other => failed(name, other),
        })?;
        // Where the end is, is only believed after it was decrypted: this finds a file that was cut.
        let size_bytes = reader.seek(SeekFrom::End(0)).map_err(|error| damaged(name, error))?;
        reader.rewind().map_err(|error| damaged(name, error))?;
        Ok(Unsealed { reader, size_bytes })
    }
}

/// Reads plain bytes of an encrypted file, from any place in it.
pub struct Unsealed<R> {
    reader: age::stream::StreamReader<R>,
    size_bytes: u64,
}

impl<R> Unsealed<R> {
    /// Number of plain bytes.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }
}

impl<R: Read> Read for Unsealed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.reader.read(buffer)
    }
}

impl<R: Read + Seek> Seek for Unsealed<R> {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.reader.seek(to)
    }
}

/// Whether a file begins like an encrypted one; leaves it at its first byte.
pub fn is_sealed<R: Read + Seek>(input: &mut R) -> std::io::Result<bool> {
    let mut start = Vec::new();
    input.rewind()?;
    input.by_ref().take(MAGIC.len() as u64).read_to_end(&mut start)?;
    input.rewind()?;
    Ok(start == MAGIC)
}

/// The passphrase in a file: its first line.
pub fn passphrase_file(path: &Path) -> Result<Secret> {
    let content = disk::read_private("passphrase file", path, PASSPHRASE_SIZE_BYTES_MAX)?;
    let text = String::from_utf8(content).ok();
    let line = text.as_deref().map(|text| text.lines().next().unwrap_or_default()).filter(|line| !line.is_empty());
    line.map(Secret::new).ok_or_else(|| {
        Error::new(ErrorKind::Usage, format!("the passphrase file {} holds no passphrase in its first line", path.display()))
            .hint("write the passphrase into it as text, in one line")
    })
}

/// The passphrase in the environment, if there is one.
pub fn passphrase_variable() -> Result<Option<Secret>> {
    match std::env::var_os(PASSPHRASE_VARIABLE).filter(|value| !value.is_empty()).map(std::ffi::OsString::into_string) {
        None => Ok(None),
        Some(Ok(text)) => Ok(Some(Secret::new(text))),
        Some(Err(_)) => Err(Error::new(ErrorKind::Usage, format!("the environment variable {PASSPHRASE_VARIABLE} is not UTF-8"))
            .hint(format!("unset {PASSPHRASE_VARIABLE} or correct it"))),
    }
}

/// Bytes of the encrypted form of so many plain ones, without the header.
pub fn sealed_bytes(plain_bytes: u64) -> u64 {
    plain_bytes + plain_bytes.div_ceil(CHUNK_BYTES).max(1) * TAG_BYTES
}

fn recipient(word: &str) -> std::result::Result<x25519::Recipient, &'static str> {
    word.parse().map_err(|_| match word {
        _ if word.to_ascii_uppercase().starts_with("AGE-SECRET-KEY-") => "it is a secret key: a recipient is the public one",
        _ if word.starts_with("age1") => "a letter of it is wrong or missing",
        _ if word.starts_with("ssh-") => "SSH keys are not supported",
        _ => "it does not begin with age1",
    })
}

/// A word of the command line as it may be repeated: never a secret key.
fn shown(word: &str) -> String {
    if word.starts_with("age1") { format!("{word:?}") } else { "on the command line or in backup.recipients".into() }
}

fn wrong_recipient(what: &str, reason: &str) -> Error {
    Error::new(ErrorKind::Usage, format!("{what} cannot be used: {reason}"))
        .hint("a recipient is a public key such as age1…; `age-keygen -y KEYFILE` prints that of a secret key")
}

enum Lock {
    Key,
    Passphrase,
    WrongKey,
    WrongPassphrase,
}

fn locked(name: &str, lock: Lock) -> Error {
    let (reason, hint) = match lock {
        Lock::Key => ("is encrypted to a key, and none was given", "give the file with the secret key: --identity FILE"),
        Lock::Passphrase => (
            "is encrypted with a passphrase, and none was given",
            "give --passphrase-file FILE, set WPP_BACKUP_PASSPHRASE, or run the command at a terminal",
        ),
        Lock::WrongKey => {
            ("is encrypted to other keys than those that were given", "give the file with the right secret key: --identity FILE")
        }
        Lock::WrongPassphrase => ("is encrypted with another passphrase", "check the passphrase: every letter counts"),
    };
    Error::new(ErrorKind::Denied, format!("{name} {reason}")).hint(hint)
}

fn failed(name: &str, error: DecryptError) -> Error {
    match error {
        DecryptError::Io(error) => damaged(name, error),
        DecryptError::ExcessiveWork { .. } => refused(name, "its passphrase would cost an absurd amount of work"),
        DecryptError::UnknownFormat => refused(name, "it is encrypted in a way that this wpp does not know"),
        DecryptError::InvalidMac => refused(name, "its header was changed"),
        _ => refused(name, "it is no encrypted archive, or its header is damaged"),
    }
}

/// An error while reading: ours as it is, damage as what it is, and the system's otherwise.
fn damaged(name: &str, error: std::io::Error) -> Error {
    use std::io::ErrorKind as Io;
    match error.kind() {
        Io::InvalidData | Io::InvalidInput | Io::UnexpectedEof | Io::Other => refused(name, "it is damaged or cut short"),
        _ => disk::cannot("read", Path::new(name), error),
    }
}

fn refused(name: &str, reason: &str) -> Error {
    super::open::refused(name, reason)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn pair() -> (String, Identities, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let secret = x25519::Identity::generate();
        let path = folder.path().join("key.txt");
        std::fs::write(
            &path,
            format!("# made for a test\n\n{}\n", age::secrecy::ExposeSecret::expose_secret(&secret.to_string())),
        )
        .unwrap();
        disk::set_mode(&path, 0o600).unwrap();
        let mut identities = Identities::default();
        identities.add_file(&path, &mut |_| panic!("this file is not encrypted")).unwrap();
        (secret.to_public().to_string(), identities, folder)
    }

    fn seal(recipients: &Recipients, content: &[u8]) -> Vec<u8> {
        let mut sealed = recipients.seal(Vec::new()).unwrap();
        sealed.write_all(content).unwrap();
        sealed.finish().unwrap()
    }

    fn content(count: usize) -> Vec<u8> {
        (0..count).map(|at| (at * 31 + at / 251) as u8).collect()
    }

    #[test]
    fn what_is_sealed_is_read_from_any_place_with_the_key_and_not_without() {
        let (public, identities, _folder) = pair();
        let (other, others, _) = pair();
        let plain = content(200_000);
        for recipients in [vec![public.as_str()], vec![other.as_str(), public.as_str()]] {
            let sealed = seal(&Recipients::keys(recipients, &[]).unwrap(), &plain);
            assert!(is_sealed(&mut Cursor::new(&sealed)).unwrap());
            let mut reader = identities.open(Cursor::new(&sealed), "x").unwrap();
            assert_eq!(reader.size_bytes(), plain.len() as u64);
            let mut seen = Vec::new();
            reader.read_to_end(&mut seen).unwrap();
            assert!(seen == plain);
            for place in [0_u64, 65_535, 65_536, 131_072, 199_990] {
                reader.seek(SeekFrom::Start(place)).unwrap();
                let mut piece = [0; 10];
                reader.read_exact(&mut piece).unwrap();
                assert_eq!(piece, plain[place as usize..place as usize + 10], "{place}");
            }
            let header = sealed.len() as u64 - sealed_bytes(plain.len() as u64);
            assert!(header < 1000, "{header}");
        }
        let sealed = seal(&Recipients::keys([public.as_str()], &[]).unwrap(), &plain);
        for (identities, part) in [(&others, "other keys"), (&Identities::default(), "none was given")] {
            let Err(error) = identities.open(Cursor::new(&sealed), "x") else { panic!("it was opened") };
            assert!(error.kind() == ErrorKind::Denied && error.message().contains(part), "{error}");
            assert!(error.hints()[0].contains("--identity"));
        }
        assert!(!is_sealed(&mut Cursor::new(&plain)).unwrap());
    }

    #[test]
    fn a_passphrase_opens_what_it_sealed() {
        let mut recipients = Recipients::passphrase(Secret::new("correct horse"));
        recipients.work_factor = 10;
        let sealed = seal(&recipients, b"hello");
        let mut identities = Identities::default();
        assert_eq!(identities.open(Cursor::new(&sealed), "x").err().unwrap().kind(), ErrorKind::Denied);
        identities.set_passphrase(Secret::new("wrong horse"));
        let error = identities.open(Cursor::new(&sealed), "x").err().unwrap();
        assert!(
            error.kind() == ErrorKind::Denied && !format!("{error:?}{identities:?}{recipients:?}").contains("horse"),
            "{error:?}"
        );
        identities.set_passphrase(Secret::new("correct horse"));
        let mut seen = String::new();
        identities.open(Cursor::new(&sealed), "x").unwrap().read_to_string(&mut seen).unwrap();
        assert_eq!(seen, "hello");
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_damage() {
        let (public, identities, _folder) = pair();
        let plain = content(150_000);
        let sealed = seal(&Recipients::keys([public.as_str()], &[]).unwrap(), &plain);
        let read = |bytes: &[u8]| -> Result<Vec<u8>> {
            let mut seen = Vec::new();
            let mut reader = identities.open(Cursor::new(bytes), "x")?;
            reader.read_to_end(&mut seen).map_err(|error| damaged("x", error))?;
            Ok(seen)
        };
        assert!(read(&sealed).unwrap() == plain);
        for at in (0..400).chain((400..sealed.len()).step_by(997)).chain(sealed.len() - 20..sealed.len()) {
            let mut changed = sealed.clone();
            changed[at] ^= 1 << (at % 8);
            let Err(error) = read(&changed) else { panic!("byte {at} was changed and nobody saw it") };
            // In the words that name whose key it is, a changed letter is another key.
            assert!(matches!(error.kind(), ErrorKind::Archive | ErrorKind::Denied), "{at}: {error:?}");
            assert!(at < 400 || error.kind() == ErrorKind::Archive, "{at}: {error:?}");
        }
        for length in [0, 10, 100, 250, 65_000, 65_752, 131_304, sealed.len() - 1] {
            let Err(error) = read(&sealed[..length]) else { panic!("it was cut to {length} and nobody saw it") };
            assert_eq!(error.kind(), ErrorKind::Archive, "{length}: {error:?}");
        }
        // What goes on after its end, and chunks that changed places.
        assert!(read(&[sealed.as_slice(), b"x"].concat()).is_err());
        let header = sealed.len() - usize::try_from(sealed_bytes(150_000)).unwrap();
        let chunk = 65_536 + 16;
        let mut swapped = sealed.clone();
        let (one, two) = swapped[header..].split_at_mut(chunk);
        one.swap_with_slice(&mut two[..chunk]);
        assert!(read(&swapped).is_err());
    }

    #[test]
    fn recipients_are_read_from_words_and_files_and_secrets_are_not_repeated() {
        let (public, _, folder) = pair();
        let path = folder.path().join("recipients");
        std::fs::write(&path, format!("# team\n\n  {public}  \n")).unwrap();
        assert_eq!(Recipients::keys([], &[&path]).unwrap().names(), [public.as_str()]);
        assert_eq!(Recipients::keys([public.as_str()], &[&path]).unwrap().names().len(), 2);
        let secret = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";
        let mut broken = public.clone();
        broken.pop();
        for word in [secret, &secret.to_lowercase(), "ssh-ed25519 AAAA", "hush", "", &broken] {
            let error = Recipients::keys([word], &[]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Usage, "{word}");
            assert!(!error.hints().is_empty());
            assert!(
                !error.chain().contains("GFPYYSJZ") && !error.chain().contains("gfpyysjz") && !error.chain().contains("hush"),
                "{error}"
            );
        }
        std::fs::write(&path, format!("{public}\n{secret}\n")).unwrap();
        let error = Recipients::keys([], &[&path]).unwrap_err();
        assert!(error.message().contains("line 2") && !error.message().contains("GFPYYSJZ"), "{error}");
        std::fs::write(&path, "# nobody\n").unwrap();
        assert!(Recipients::keys([], &[&path]).unwrap_err().message().contains("names nobody"));
        assert!(Recipients::keys([], &[]).is_err());
    }

    #[test]
    fn keys_that_others_can_read_are_refused_and_wrong_files_named() {
        let (_, _, folder) = pair();
        let path = folder.path().join("key.txt");
        disk::set_mode(&path, 0o644).unwrap();
        let add = |path: &Path| Identities::default().add_file(path, &mut |_| Ok(Secret::new("x"))).unwrap_err();
        let error = add(&path);
        assert!(error.kind() == ErrorKind::Denied && error.hints()[0].contains("chmod 600"), "{error:?}");
        for wrong in ["hush hush\n", "# nothing\n", "\u{0}"] {
            std::fs::write(&path, wrong).unwrap();
            disk::set_mode(&path, 0o600).unwrap();
            let error = add(&path);
            assert!(error.kind() == ErrorKind::Usage && !error.chain().contains("hush"), "{error:?}");
        }
        let phrase = folder.path().join("phrase");
        std::fs::write(&phrase, "horse\nrest").unwrap();
        disk::set_mode(&phrase, 0o600).unwrap();
        assert_eq!(passphrase_file(&phrase).unwrap().reveal(), "horse");
        disk::set_mode(&phrase, 0o640).unwrap();
        assert_eq!(passphrase_file(&phrase).unwrap_err().kind(), ErrorKind::Denied);
        std::fs::write(&phrase, "\n").unwrap();
        disk::set_mode(&phrase, 0o600).unwrap();
        assert_eq!(passphrase_file(&phrase).unwrap_err().kind(), ErrorKind::Usage);
    }

    #[test]
    fn an_identity_file_may_itself_be_encrypted_with_a_passphrase() {
        let (public, _, folder) = pair();
        let mut recipients = Recipients::passphrase(Secret::new("horse"));
        recipients.work_factor = 10;
        let path = folder.path().join("key.txt");
        std::fs::write(&path, seal(&recipients, &std::fs::read(&path).unwrap())).unwrap();
        let sealed = seal(&Recipients::keys([public.as_str()], &[]).unwrap(), b"hello");
        let mut identities = Identities::default();
        let error = identities.add_file(&path, &mut |_| Ok(Secret::new("cow"))).unwrap_err();
        assert!(error.message().contains("another passphrase"), "{error}");
        identities.add_file(&path, &mut |_| Ok(Secret::new("horse"))).unwrap();
        let mut seen = String::new();
        identities.open(Cursor::new(&sealed), "x").unwrap().read_to_string(&mut seen).unwrap();
        assert_eq!(seen, "hello");
    }
}
