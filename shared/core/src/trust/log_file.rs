//! A log file against the hash that a digest lists: as a stream, or whole, which is faster.

use crate::format::form::Form;
use crate::format::log_file_size::{MAX_INFLATED_BYTES, MAX_OBJECT_BYTES};
use crate::gzip::stream::{Gunzip, GunzipError};
use crate::gzip::whole::Inflater;
use crate::names::sha256::{Hasher, Sha256};
use std::cell::RefCell;

/// The most bytes of an object that is better held whole than read as a stream.
pub const MAX_WHOLE_BYTES: u64 = 1024 * 1024;

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
    content: Content,
    hasher: Hasher,
    expected: Sha256,
    taken: u64,
}

/// How the bytes of an object become its content.
#[derive(Debug)]
enum Content {
    /// A file of a copy on disk, whose first byte will say.
    Unknown,
    Gzip(Gunzip),
    Inflated,
}

/// A log file that is the one listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checked {
    /// How many bytes its content has.
    pub inflated_bytes: u64,
    /// The form that it was read in.
    pub form: Form,
}

impl LogFileCheck {
    /// A check against the hash that the digest lists.
    #[must_use]
    pub fn new(expected: Sha256) -> Self {
        Self::of(Content::Gzip(Gunzip::new(MAX_INFLATED_BYTES)), expected)
    }

    /// A check of a file in a copy on disk, which may hold the content decompressed.
    #[must_use]
    pub fn of_copy(expected: Sha256) -> Self {
        Self::of(Content::Unknown, expected)
    }

    fn of(content: Content, expected: Sha256) -> Self {
        Self {
            content,
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
        if matches!(self.content, Content::Unknown) && !bytes.is_empty() {
            self.content = match Form::of_copy(bytes) {
                Form::Gzip => Content::Gzip(Gunzip::new(MAX_INFLATED_BYTES)),
                Form::Inflated => Content::Inflated,
            };
        }
        let Self {
            content, hasher, ..
        } = self;
        let gunzip = match content {
            Content::Gzip(gunzip) => gunzip,
            Content::Inflated if self.taken > MAX_INFLATED_BYTES => {
                let limit = MAX_INFLATED_BYTES;
                return Err(LogFileError::Malformed(GunzipError::TooLarge { limit }));
            }
            Content::Inflated => {
                hasher.update(bytes);
                return Ok(());
            }
            Content::Unknown => return Ok(()),
        };
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

    /// How many bytes the object has inflated to so far: what it has cost.
    #[must_use]
    pub fn inflated_bytes(&self) -> u64 {
        match &self.content {
            Content::Gzip(gunzip) => gunzip.inflated_bytes(),
            Content::Inflated | Content::Unknown => self.taken,
        }
    }

    /// Ends the object, and says how many bytes it inflates to.
    ///
    /// # Errors
    /// [`LogFileError`] when it is not the file listed.
    pub fn finish(self) -> Result<u64, LogFileError> {
        self.checked().map(|checked| checked.inflated_bytes)
    }

    /// Ends the object, and says in which form it holds how much.
    ///
    /// # Errors
    /// [`LogFileError`] when it is not the file listed.
    pub fn checked(self) -> Result<Checked, LogFileError> {
        let Self {
            content,
            hasher,
            expected,
            taken,
        } = self;
        let (inflated_bytes, form) = match content {
            Content::Gzip(gunzip) => {
                let inflated = gunzip.finish().map_err(LogFileError::Malformed)?;
                (inflated, Form::Gzip)
            }
            Content::Inflated => (taken, Form::Inflated),
            Content::Unknown => return Err(LogFileError::Malformed(GunzipError::Empty)),
        };
        compare(&hasher, expected)?;
        Ok(Checked {
            inflated_bytes,
            form,
        })
    }
}

/// Checks an object held whole against the hash that the digest lists, and says how many bytes
/// it inflates to.
///
/// # Errors
/// [`LogFileError`] when it is not the file listed: the same that [`LogFileCheck`] gives.
pub fn check_whole(object: &[u8], expected: Sha256) -> Result<u64, LogFileError> {
    if let Some(inflated) = quick(object, expected) {
        return Ok(inflated);
    }
    // Damaged, or unusual: the exact verdict is the stream's.
    let mut check = LogFileCheck::new(expected);
    check.push(object)?;
    check.finish()
}

/// Checks a file of a copy on disk held whole, which may hold the content decompressed.
///
/// # Errors
/// [`LogFileError`] when it is not the file listed: the same that [`LogFileCheck::of_copy`] gives.
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

/// The inflated size of an object that is the file listed; none if it is not, or if that cannot
/// be said without looking closer.
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
mod tests {
    use super::*;
    use crate::gzip::stream::tests::gzip;
    use proptest::prelude::*;

    /// As a stream and whole: the same, always.
    fn check(object: &[u8], expected: &[u8]) -> Result<u64, LogFileError> {
        let expected = Sha256::of(expected);
        let streamed = || {
            let mut check = LogFileCheck::new(expected);
            for piece in object.chunks(7) {
                check.push(piece)?;
            }
            check.finish()
        };
        let streamed = streamed();
        assert_eq!(check_whole(object, expected), streamed);
        streamed
    }

    #[test]
    fn the_listed_file_is_valid() {
        assert_eq!(check(&gzip(b"records"), b"records"), Ok(7));
        let large = b"records ".repeat(100_000);
        assert_eq!(check(&gzip(&large), &large), Ok(800_000));
        assert_eq!(quick(&gzip(&large), Sha256::of(&large)), Some(800_000));
        assert_eq!(check(&gzip(b""), b""), Ok(0));
    }

    /// A file of a copy as a stream and whole: the same, always.
    fn check_on_disk(file: &[u8], expected: &[u8]) -> Result<Checked, LogFileError> {
        let expected = Sha256::of(expected);
        let streamed = || {
            let mut check = LogFileCheck::of_copy(expected);
            for piece in file.chunks(7) {
                check.push(piece)?;
            }
            check.checked()
        };
        let streamed = streamed();
        assert_eq!(check_copy(file, expected), streamed);
        streamed
    }

    #[test]
    fn a_decompressed_file_of_a_copy_is_valid_by_its_content() {
        let content = br#"{"Records":[]}"#;
        let checked = |form| {
            Ok(Checked {
                inflated_bytes: 14,
                form,
            })
        };
        assert_eq!(check_on_disk(content, content), checked(Form::Inflated));
        assert_eq!(check_on_disk(&gzip(content), content), checked(Form::Gzip));
        // In S3 it is what it always was.
        assert_eq!(
            check(content, content),
            Err(LogFileError::Malformed(GunzipError::Corrupt))
        );
    }

    #[test]
    fn a_decompressed_file_of_other_content_is_modified() {
        for other in [&br#"{"Records":[]}"#[..], b"{\"Records\":[1]} ", b"{"] {
            assert_eq!(
                check_on_disk(other, b"{\"Records\":[1]}"),
                Err(LogFileError::Modified {
                    actual: Sha256::of(other)
                })
            );
        }
    }

    #[test]
    fn appended_bytes_and_emptiness_are_found_in_a_copy_too() {
        let content = b"{\"Records\":[1]}";
        let appended = [gzip(content), gzip(b"planted")].concat();
        assert_eq!(
            check_on_disk(&appended, content),
            Err(LogFileError::TrailingData)
        );
        assert_eq!(
            check_on_disk(b"", content),
            Err(LogFileError::Malformed(GunzipError::Empty))
        );
        // A gzip member inside another one is not what CloudTrail wrote.
        assert!(check_on_disk(&gzip(&gzip(content)), content).is_err());
    }

    proptest! {
        #[test]
        fn a_file_of_a_copy_is_valid_only_if_its_content_is_what_is_listed(
            content in proptest::collection::vec(any::<u8>(), 0..60),
            damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
            decompressed in any::<bool>(),
        ) {
            let content = [b"{", &content[..]].concat();
            let mut file = if decompressed { content.clone() } else { gzip(&content) };
            for (at, byte) in damage {
                let at = at.index(file.len());
                file[at] = byte;
            }
            let form = Form::of_copy(&file);
            let holds = form.inflate(&file, 1 << 20).is_ok_and(|held| *held == content[..]);
            prop_assert_eq!(check_on_disk(&file, &content).is_ok(), holds);
        }
    }

    #[test]
    fn appended_bytes_are_seen_although_they_end_as_the_member_does() {
        let member = gzip(b"records");
        let trailer = &member[member.len() - 8..];
        for appended in [trailer, &[trailer, trailer].concat(), &trailer[4..], b"\0"] {
            let object = [&member, appended].concat();
            assert_eq!(check(&object, b"records"), Err(LogFileError::TrailingData));
        }
    }

    proptest! {
        #[test]
        fn damaged_files_come_to_the_same_verdict_whole_and_streamed(
            content in proptest::collection::vec(any::<u8>(), 0..300),
            damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
            cut in 0_usize..20,
            appended in proptest::collection::vec(any::<u8>(), 0..12),
        ) {
            let mut object = gzip(&content);
            for (at, byte) in damage {
                let at = at.index(object.len());
                object[at] = byte;
            }
            object.truncate(object.len().saturating_sub(cut));
            object.extend(appended);
            let _ = check(&object, &content);
        }
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
