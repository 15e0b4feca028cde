//! A log file against the hash that a digest lists, as a stream.

use crate::gunzip::{Gunzip, GunzipError};
use crate::sha256::{Hasher, Sha256};

/// The most bytes a log file may inflate to. CloudTrail's take kilobytes to tens of megabytes.
pub const MAX_INFLATED_BYTES: u64 = 2 * 1024 * 1024 * 1024;

/// The most bytes a log file object may have: more would be a stream that inflates to nothing.
pub const MAX_OBJECT_BYTES: u64 = 2 * 1024 * 1024 * 1024;

/// Why a log file is not the one listed.
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
    /// Its content hashes to something else.
    #[error("its content hashes to {actual}")]
    Modified {
        /// The hash of the content that is there.
        actual: Sha256,
    },
}

/// Hashes the inflated bytes of a log file, whatever its size, in constant memory.
#[derive(Debug)]
pub struct LogFileCheck {
    gunzip: Gunzip,
    hasher: Hasher,
    expected: Sha256,
    taken: u64,
}

impl LogFileCheck {
    /// A check against the hash that the digest lists.
    #[must_use]
    pub fn new(expected: Sha256) -> Self {
        Self {
            gunzip: Gunzip::new(MAX_INFLATED_BYTES),
            hasher: Hasher::default(),
            expected,
            taken: 0,
        }
    }

    /// Takes the next bytes of the object.
    ///
    /// # Errors
    /// [`LogFileError`] as soon as the object cannot be the file listed: the rest need not be
    /// read.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), LogFileError> {
        self.taken = self
            .taken
            .saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        if self.taken > MAX_OBJECT_BYTES {
            return Err(LogFileError::TooLarge);
        }
        let Self { gunzip, hasher, .. } = self;
        match gunzip.push(bytes, |piece| hasher.update(piece)) {
            Ok(()) => Ok(()),
            // What stands before the appended bytes tells whether only that was done.
            Err(GunzipError::TrailingData) => {
                compare(&self.hasher, self.expected)?;
                Err(LogFileError::TrailingData)
            }
            Err(error) => Err(LogFileError::Malformed(error)),
        }
    }

    /// Ends the object.
    ///
    /// # Errors
    /// [`LogFileError`] when it is not the file listed.
    pub fn finish(self) -> Result<(), LogFileError> {
        let Self {
            gunzip,
            hasher,
            expected,
            ..
        } = self;
        gunzip.finish().map_err(LogFileError::Malformed)?;
        compare(&hasher, expected)
    }
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
mod tests {
    use super::*;
    use crate::gunzip::tests::gzip;

    fn check(object: &[u8], expected: &[u8]) -> Result<(), LogFileError> {
        let mut check = LogFileCheck::new(Sha256::of(expected));
        for piece in object.chunks(7) {
            check.push(piece)?;
        }
        check.finish()
    }

    #[test]
    fn the_listed_file_is_valid() {
        assert_eq!(check(&gzip(b"records"), b"records"), Ok(()));
    }

    #[test]
    fn other_content_is_modified() {
        let actual = Sha256::of(b"planted");
        assert_eq!(
            check(&gzip(b"planted"), b"records"),
            Err(LogFileError::Modified { actual })
        );
    }

    #[test]
    fn an_appended_member_is_trailing_data_behind_the_right_content_and_modified_behind_other() {
        let appended = [gzip(b"records"), gzip(b"planted")].concat();
        assert_eq!(
            check(&appended, b"records"),
            Err(LogFileError::TrailingData)
        );
        assert_eq!(
            check(&appended, b"others"),
            Err(LogFileError::Modified {
                actual: Sha256::of(b"records")
            })
        );
    }

    #[test]
    fn a_file_without_its_trailer_is_malformed_although_all_its_content_is_there() {
        let whole = gzip(b"records");
        assert_eq!(
            check(&whole[..whole.len() - 8], b"records"),
            Err(LogFileError::Malformed(GunzipError::Truncated))
        );
    }

    #[test]
    fn an_empty_object_is_malformed() {
        assert_eq!(
            check(b"", b"records"),
            Err(LogFileError::Malformed(GunzipError::Empty))
        );
    }
}
