//! Checks a log file against the hash that a digest lists: as a stream, or held completely, which
//! is faster.

use crate::format::form::Form;
use crate::format::log_file_size::{MAX_INFLATED_BYTES, MAX_OBJECT_BYTES};
use crate::gzip::stream::{Gunzip, GunzipError};
use crate::gzip::whole::Inflater;
use crate::names::sha256::{Hasher, Sha256};
use std::cell::RefCell;

/// The maximum size in bytes of an object that is better held completely than read as a stream.
pub const MAX_WHOLE_BYTES: u64 = 4 * 1024 * 1024;

/// The reason why a log file is not the listed one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogFileError {
    /// Its first gzip member is the file, but bytes follow it.
    #[error("bytes follow the end of its gzip stream")]
    TrailingData,
    /// It is not one gzip member of acceptable size.
    #[error(transparent)]
    Malformed(GunzipError),
    /// It has more bytes than any log file.
    #[error("it has more than {MAX_OBJECT_BYTES} bytes")]
    TooLarge,
    /// Its content has another hash.
    #[error("content with SHA-256 {actual}")]
    Modified {
        /// The hash of the actual content.
        actual: Sha256,
    },
}

/// Hashes the inflated bytes of a log file, whatever its size, in constant memory.
#[derive(Debug)]
pub struct LogFileCheck {
    decoder: Decoder,
    hasher: Hasher,
    expected: Sha256,
    taken: u64,
}

/// The decoder for the bytes of an object.
#[derive(Debug)]
enum Decoder {
    /// A file of a copy on disk, whose first byte determines the decoder.
    Unknown,
    Gzip(Gunzip),
    Inflated,
}

/// A log file that is the listed one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checked {
    /// The length of its content in bytes.
    pub inflated_bytes: u64,
    /// The form that it was read in.
    pub form: Form,
}

impl LogFileCheck {
    /// Returns a check against the hash that the digest lists.
    #[must_use]
    pub fn new(expected: Sha256) -> Self {
        Self::of(Decoder::Gzip(Gunzip::new(MAX_INFLATED_BYTES)), expected)
    }

    /// Returns a check of a file in a copy on disk, which may hold the content decompressed.
    #[must_use]
    pub fn of_copy(expected: Sha256) -> Self {
        Self::of(Decoder::Unknown, expected)
    }

    fn of(decoder: Decoder, expected: Sha256) -> Self {
        Self {
            decoder,
            hasher: Hasher::default(),
            expected,
            taken: 0,
        }
    }

    /// Processes the next bytes of the object.
    ///
    /// # Errors
    /// [`LogFileError`] as soon as the object cannot be the listed file. The rest need not be read.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), LogFileError> {
        self.taken = self
            .taken
            .saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        if self.taken > MAX_OBJECT_BYTES {
            return Err(LogFileError::TooLarge);
        }
        if matches!(self.decoder, Decoder::Unknown) && !bytes.is_empty() {
            self.decoder = match Form::of_copy(bytes) {
                Form::Gzip => Decoder::Gzip(Gunzip::new(MAX_INFLATED_BYTES)),
                Form::Inflated => Decoder::Inflated,
            };
        }
        let Self {
            decoder, hasher, ..
        } = self;
        let gunzip = match decoder {
            Decoder::Gzip(gunzip) => gunzip,
            Decoder::Inflated if self.taken > MAX_INFLATED_BYTES => {
                let limit = MAX_INFLATED_BYTES;
                return Err(LogFileError::Malformed(GunzipError::TooLarge { limit }));
            }
            Decoder::Inflated => {
                hasher.update(bytes);
                return Ok(());
            }
            Decoder::Unknown => return Ok(()),
        };
        match gunzip.push(bytes, |piece| hasher.update(piece)) {
            Ok(()) => Ok(()),
            // The content before the appended bytes shows whether only that was done.
            Err(GunzipError::TrailingData) => {
                compare(&self.hasher, self.expected)?;
                Err(LogFileError::TrailingData)
            }
            Err(error) => Err(LogFileError::Malformed(error)),
        }
    }

    /// Returns the number of bytes to which the object has inflated so far, which is the cost.
    #[must_use]
    pub fn inflated_bytes(&self) -> u64 {
        match &self.decoder {
            Decoder::Gzip(gunzip) => gunzip.inflated_bytes(),
            Decoder::Inflated | Decoder::Unknown => self.taken,
        }
    }

    /// Returns whether the content so far is the listed content, even if the object has not ended
    /// as it should.
    #[must_use]
    pub fn is_listed_content(&self) -> bool {
        compare(&self.hasher, self.expected).is_ok()
    }

    /// Ends the object, and returns the number of bytes it inflates to.
    ///
    /// # Errors
    /// [`LogFileError`] if it is not the listed file.
    pub fn finish(self) -> Result<u64, LogFileError> {
        self.checked().map(|checked| checked.inflated_bytes)
    }

    /// Ends the object, and returns its form and its inflated size.
    ///
    /// # Errors
    /// [`LogFileError`] if it is not the listed file.
    pub fn checked(self) -> Result<Checked, LogFileError> {
        let Self {
            decoder,
            hasher,
            expected,
            taken,
        } = self;
        let (inflated_bytes, form) = match decoder {
            Decoder::Gzip(gunzip) => {
                let inflated = gunzip.finish().map_err(LogFileError::Malformed)?;
                (inflated, Form::Gzip)
            }
            Decoder::Inflated => (taken, Form::Inflated),
            Decoder::Unknown => return Err(LogFileError::Malformed(GunzipError::Empty)),
        };
        compare(&hasher, expected)?;
        Ok(Checked {
            inflated_bytes,
            form,
        })
    }
}

/// Checks an object that is held completely against the hash that the digest lists, and returns the
/// number of bytes it inflates to.
///
/// # Errors
/// [`LogFileError`] if it is not the listed file: the same error that [`LogFileCheck`] returns.
pub fn check_whole(object: &[u8], expected: Sha256) -> Result<u64, LogFileError> {
    if let Some(inflated) = quick(object, expected) {
        return Ok(inflated);
    }
    // It is damaged or unusual: the exact verdict comes from the stream.
    let mut check = LogFileCheck::new(expected);
    check.push(object)?;
    check.finish()
}

/// Checks a file of a copy on disk that is held completely and may hold the content decompressed.
///
/// # Errors
/// [`LogFileError`] if it is not the listed file: the same error that [`LogFileCheck::of_copy`]
/// returns.
pub fn check_copy(file: &[u8], expected: Sha256) -> Result<Checked, LogFileError> {
    match Form::of_copy(file) {
        form @ Form::Gzip => check_whole(file, expected).map(|inflated_bytes| Checked {
            inflated_bytes,
            form,
        }),
        Form::Inflated => {
            let mut check = LogFileCheck::of_copy(expected);
            check.push(file)?;
            check.checked()
        }
    }
}

/// Returns the inflated size of an object that is the listed file; `None` if it is not, or if that
/// needs a closer look.
pub(crate) fn quick(object: &[u8], expected: Sha256) -> Option<u64> {
    thread_local! {
        static INFLATER: RefCell<Inflater> = RefCell::default();
    }
    INFLATER.with_borrow_mut(|inflater| {
        let inflated = inflater.inflate(object)?;
        (Sha256::of(inflated) == expected)
            .then(|| u64::try_from(inflated.len()).unwrap_or(u64::MAX))
    })
}

fn compare(hasher: &Hasher, expected: Sha256) -> Result<(), LogFileError> {
    let actual = hasher.clone().finish();
    if actual == expected {
        Ok(())
    } else {
        Err(LogFileError::Modified { actual })
    }
}

#[cfg(test)]
mod tests;
