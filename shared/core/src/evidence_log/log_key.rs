//! The public key of an evidence log or of a cosigner, as text.
//!
//! `NAME+ID+KEY`, a *verifier key* (<https://c2sp.org/signed-note#verifier-keys>): `ID` is the first
//! four bytes of a SHA-256 in hex, `KEY` is in base64, its type and the 32 bytes of an Ed25519 key.

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use signed_note::Verifier;
use std::fmt;

/// The maximum length in bytes of a name.
const MAX_NAME_BYTES: usize = 255;

/// The type of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyType {
    /// Ed25519 over the text of the note.
    Log,
    /// Ed25519 over a time and the text: `cosignature/v1`
    /// (<https://c2sp.org/tlog-cosignature>).
    Cosigner,
}

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogKey {
    name: String,
    key_type: KeyType,
    key: [u8; 32],
}

/// The reason why a text is not a public key of a log or of a cosigner.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogKeyError {
    /// It does not have the form `NAME+ID+KEY`.
    #[error("a key has the form NAME+ID+KEY")]
    Form,
    /// The name is empty, too long, or has characters that a name may not have.
    #[error(
        "the name of a key has from 1 to 255 characters, and no spaces, control characters or plus signs"
    )]
    Name,
    /// The key is not an Ed25519 key for a log or for a cosigner.
    #[error("the key is not an Ed25519 key of a log (type 1) or of a cosigner (type 4)")]
    Kind,
    /// The ID is not that of the name and the key.
    #[error("the ID is not that of the name and the key: a part of the text was changed")]
    Id,
}

impl LogKey {
    /// Returns the key of the log with this name.
    ///
    /// # Errors
    /// [`LogKeyError::Name`].
    pub fn of_log(name: &str, key: [u8; 32]) -> Result<Self, LogKeyError> {
        Self::new(name, KeyType::Log, key)
    }

    /// Returns the key of the cosigner with this name.
    ///
    /// # Errors
    /// [`LogKeyError::Name`].
    pub fn of_cosigner(name: &str, key: [u8; 32]) -> Result<Self, LogKeyError> {
        Self::new(name, KeyType::Cosigner, key)
    }

    fn new(name: &str, key_type: KeyType, key: [u8; 32]) -> Result<Self, LogKeyError> {
        let is_name = (1..=MAX_NAME_BYTES).contains(&name.len())
            && !name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+');
        if !is_name {
            return Err(LogKeyError::Name);
        }
        Ok(Self {
            name: name.to_owned(),
            key_type,
            key,
        })
    }

    /// Reads a key.
    ///
    /// # Errors
    /// [`LogKeyError`].
    pub fn read(text: &str) -> Result<Self, LogKeyError> {
        let mut parts = text.trim().splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(LogKeyError::Form);
        };
        let bytes = BASE64_STANDARD.decode(key).map_err(|_| LogKeyError::Form)?;
        let (key_type, key) = bytes.split_first().ok_or(LogKeyError::Form)?;
        let key_type = match key_type {
            1 => KeyType::Log,
            4 => KeyType::Cosigner,
            _ => return Err(LogKeyError::Kind),
        };
        let key = key.try_into().map_err(|_| LogKeyError::Kind)?;
        let read = Self::new(name, key_type, key)?;
        if format!("{:08x}", read.id()) == id.to_ascii_lowercase() {
            Ok(read)
        } else {
            Err(LogKeyError::Id)
        }
    }

    /// Returns the name: for a log, the first line of its checkpoints.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the ID that signatures name.
    #[must_use]
    pub fn id(&self) -> u32 {
        let mut hash = Sha256::new();
        hash.update(&self.name);
        hash.update([b'\n', self.type_byte()]);
        hash.update(self.key);
        let [a, b, c, d, ..] = <[u8; 32]>::from(hash.finalize());
        u32::from_be_bytes([a, b, c, d])
    }

    /// Returns the 32 bytes of the Ed25519 public key.
    #[must_use]
    pub fn bytes(&self) -> [u8; 32] {
        self.key
    }

    pub(super) fn key_type(&self) -> KeyType {
        self.key_type
    }

    fn type_byte(&self) -> u8 {
        match self.key_type {
            KeyType::Log => 1,
            KeyType::Cosigner => 4,
        }
    }

    /// Returns whether this key made the Ed25519 signature of a message (RFC 8032).
    fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.key)
            .verify(message, signature)
            .is_ok()
    }

    /// Returns the time that a signature of this key states, if it is a cosignature.
    pub(super) fn time_of(&self, signature: &[u8]) -> Option<Timestamp> {
        let (seconds, _) = signature.split_first_chunk::<8>()?;
        let seconds = i64::try_from(u64::from_be_bytes(*seconds)).ok()?;
        let time = Timestamp::from_second(seconds).ok()?;
        (self.key_type == KeyType::Cosigner).then_some(time)
    }
}

impl Verifier for LogKey {
    fn name(&self) -> &str {
        &self.name
    }

    fn key_id(&self) -> u32 {
        self.id()
    }

    fn verify(&self, text: &[u8], signature: &[u8]) -> bool {
        match self.key_type {
            KeyType::Log => self.signed(text, signature),
            KeyType::Cosigner => {
                let Some((seconds, signature)) = signature.split_first_chunk::<8>() else {
                    return false;
                };
                let seconds = u64::from_be_bytes(*seconds);
                let header = format!("cosignature/v1\ntime {seconds}\n");
                self.signed(&[header.as_bytes(), text].concat(), signature)
            }
        }
    }
}

impl fmt::Display for LogKey {
    /// Writes the key as text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[self.type_byte()], self.key.as_slice()].concat();
        let key = BASE64_STANDARD.encode(key);
        write!(f, "{}+{:08x}+{key}", self.name, self.id())
    }
}
