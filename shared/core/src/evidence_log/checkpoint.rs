//! A checkpoint: the size and the root of the tree, as a signed note.
//!
//! The text is a C2SP checkpoint (<https://c2sp.org/tlog-checkpoint>): the name of the log, the
//! size, the root. The signature is of type 1, Ed25519 (<https://c2sp.org/signed-note>): every
//! implementation of signed notes verifies it.

use super::log_key::{KeyType, LogKey};
use jiff::Timestamp;
use signed_note::{Note, NoteError, Signature, VerifierList};
use tlog_tiles::{Checkpoint, Hash};

/// The maximum size in bytes of a checkpoint with its signatures.
pub const MAX_CHECKPOINT_BYTES: usize = 16 * 1024;

/// A checkpoint whose signature by the log is right.
#[derive(Debug, Clone, PartialEq)]
pub struct LogCheckpoint {
    note: Vec<u8>,
    /// The number of entries of the tree.
    pub size: u64,
    /// The root of the tree.
    pub root: Hash,
}

/// A cosigner of a checkpoint, whose signature is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosigner {
    /// Its name.
    pub name: String,
    /// When it saw that the log was consistent with what it had seen before.
    pub at: Option<Timestamp>,
}

/// The reason why bytes are not a checkpoint of the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// They are not a signed note.
    #[error("it is not a signed note")]
    Note,
    /// The text of the note is not a checkpoint.
    #[error("its text is not a checkpoint")]
    Text,
    /// It is the checkpoint of another log.
    #[error("it is a checkpoint of the log `{found}`, not of `{expected}`")]
    Origin {
        /// The name of the log.
        expected: String,
        /// The name in the checkpoint.
        found: String,
    },
    /// The key of the log did not sign it.
    #[error("the key `{0}` did not sign it")]
    Unsigned(String),
    /// There is a signature of this key, and it is wrong.
    #[error("the signature of the key `{0}` is wrong")]
    Forged(String),
}

/// Returns the text that the log signs.
pub(super) fn text_of(name: &str, size: u64, root: Hash) -> Result<Vec<u8>, CheckpointError> {
    let checkpoint = Checkpoint::new(name, size, root, "").map_err(|_| CheckpointError::Text)?;
    Ok(checkpoint.to_bytes())
}

impl LogCheckpoint {
    /// Returns a checkpoint with the signature of its text.
    ///
    /// # Errors
    /// [`CheckpointError`]: the signature is wrong.
    pub(super) fn sign(
        text: &[u8],
        key: &LogKey,
        signature: Vec<u8>,
    ) -> Result<Self, CheckpointError> {
        let signature = Signature::new(key.name().to_owned(), key.id(), signature)
            .map_err(|_| CheckpointError::Note)?;
        let note = Note::new(text, &[signature]).map_err(|_| CheckpointError::Note)?;
        Self::read(&note.to_bytes(), key)
    }

    /// Reads a checkpoint of the log with this key.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn read(bytes: &[u8], key: &LogKey) -> Result<Self, CheckpointError> {
        let note = note_of(bytes)?;
        let text = Checkpoint::from_bytes(note.text()).map_err(|_| CheckpointError::Text)?;
        if text.origin() != key.name() {
            return Err(CheckpointError::Origin {
                expected: key.name().to_owned(),
                found: clipped(text.origin()),
            });
        }
        if key.key_type() != KeyType::Log || signature_of(&note, key)?.is_none() {
            return Err(CheckpointError::Unsigned(key.to_string()));
        }
        Ok(Self {
            note: bytes.to_owned(),
            size: text.size(),
            root: *text.hash(),
        })
    }

    /// Returns those of the cosigners that signed the checkpoint.
    ///
    /// # Errors
    /// [`CheckpointError::Forged`]: a signature with the name of a cosigner is wrong.
    pub fn cosigners(&self, keys: &[LogKey]) -> Result<Vec<Cosigner>, CheckpointError> {
        let note = note_of(&self.note)?;
        let mut cosigners = Vec::new();
        for key in keys {
            if let Some(signature) = signature_of(&note, key)? {
                let name = key.name().to_owned();
                let at = key.time_of(signature.signature());
                cosigners.push(Cosigner { name, at });
            }
        }
        Ok(cosigners)
    }

    /// Returns the signed note.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.note
    }
}

fn note_of(bytes: &[u8]) -> Result<Note, CheckpointError> {
    if bytes.len() > MAX_CHECKPOINT_BYTES {
        return Err(CheckpointError::Note);
    }
    Note::from_bytes(bytes).map_err(|_: NoteError| CheckpointError::Note)
}

fn clipped(text: &str) -> String {
    crate::names::text::clip_visibly(text.to_owned(), 200)
}

/// Returns the signature of a key on a note, if there is one.
///
/// # Errors
/// [`CheckpointError::Forged`]: it is wrong.
fn signature_of(note: &Note, key: &LogKey) -> Result<Option<Signature>, CheckpointError> {
    let known = VerifierList::new(vec![Box::new(key.clone())]);
    match note.verify(&known) {
        Ok((verified, _)) => Ok(verified.into_iter().next()),
        Err(NoteError::UnverifiedNote) => Ok(None),
        Err(NoteError::InvalidSignature { .. }) => Err(CheckpointError::Forged(key.to_string())),
        Err(_) => Err(CheckpointError::Note),
    }
}
