//! Reads a log file and checks its content.

use crate::check::digest::DigestVerifier;
use crate::check::turn::yield_now;
use crate::format::form::Form;
use crate::format::records::STEP_BYTES;
use crate::names::location::ObjectLocation;
use crate::names::sha256::Sha256;
use crate::trust::log_file::{self, Checked, LogFileCheck, LogFileError};
use crate::world::{
    Absence, Body as _, Cause, ListPublicKeys, ReadObject, StoreError, with_attempts,
};
use bytes::Bytes;

pub(super) enum LogFileVerdict {
    Valid(Checked),
    Missing(Absence),
    Wrong(LogFileError),
    /// It inflates to more than is currently allowed.
    Postponed,
}

impl<S: ReadObject, K: ListPublicKeys> DigestVerifier<S, K> {
    /// Returns whether an object, or a version of one, is the log file with this hash, and what it is
    /// otherwise.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read, or does not exist.
    pub(in crate::check) async fn is_log_file(
        &self,
        at: &ObjectLocation,
        expected: Sha256,
    ) -> Result<Result<(), LogFileError>, StoreError> {
        let failed = |cause| StoreError {
            action: "read",
            subject: at.to_string(),
            cause,
        };
        match self.read_patiently(at, expected, None).await? {
            LogFileVerdict::Valid(_) => Ok(Ok(())),
            LogFileVerdict::Wrong(error) => Ok(Err(error)),
            LogFileVerdict::Missing(absence) => Err(failed(Cause::Absent(absence))),
            // Without a limit, nothing is postponed.
            LogFileVerdict::Postponed => Err(failed(Cause::Unavailable("it is large".to_owned()))),
        }
    }

    pub(super) async fn read_patiently(
        &self,
        at: &ObjectLocation,
        expected: Sha256,
        at_most: Option<u64>,
    ) -> Result<LogFileVerdict, StoreError> {
        let read = with_attempts(|| self.read_log_file(at, expected, at_most)).await;
        read.or_else(|error| match error.absence() {
            Some(absence) => Ok(LogFileVerdict::Missing(absence)),
            None => Err(error),
        })
    }

    async fn read_log_file(
        &self,
        at: &ObjectLocation,
        expected: Sha256,
        at_most: Option<u64>,
    ) -> Result<LogFileVerdict, StoreError> {
        let mut object = self.store.read(at).await?;
        let mut whole = Whole::default();
        let mut ended = false;
        let whole_size = object
            .size
            .filter(|size| *size <= log_file::MAX_WHOLE_BYTES);
        let room = whole_size.and_then(|size| self.held.room(size));
        if room.is_some() {
            // Stop early if more arrives than is held completely: the stated size may be wrong.
            while whole.is_small() && !ended {
                match object.body.next().await? {
                    Some(bytes) => whole.0.push(bytes),
                    None => ended = true,
                }
            }
        }
        if ended {
            let bytes = whole.join();
            if let Some(checked) = self.check_quickly(&bytes, expected) {
                return Ok(LogFileVerdict::Valid(checked));
            }
            whole = Whole(vec![bytes]);
        }
        let mut check = if self.places.is_copy() {
            LogFileCheck::of_copy(expected)
        } else {
            LogFileCheck::new(expected)
        };
        let mut held = whole.0.into_iter();
        loop {
            let bytes = match held.next() {
                Some(bytes) => bytes,
                None if ended => return Ok(check.checked().into()),
                None => match object.body.next().await? {
                    Some(bytes) => bytes,
                    None => return Ok(check.checked().into()),
                },
            };
            for step in bytes.chunks(STEP_BYTES) {
                if let Err(error) = check.push(step) {
                    return Ok(LogFileVerdict::Wrong(error));
                }
                if at_most.is_some_and(|at_most| check.inflated_bytes() > at_most) {
                    return Ok(LogFileVerdict::Postponed);
                }
                yield_now().await;
            }
        }
    }

    /// Checks a log file that is held completely. Returns `None` if it is not the listed file, or
    /// takes long: the exact verdict comes from the stream. In a copy on disk, it may be
    /// decompressed.
    fn check_quickly(&self, bytes: &[u8], expected: Sha256) -> Option<Checked> {
        let form = Form::of(bytes, self.places.storage);
        let inflated_bytes = match form {
            Form::Gzip => log_file::quick(bytes, expected)?,
            Form::Inflated => return log_file::check_copy(bytes, expected).ok(),
        };
        Some(Checked {
            inflated_bytes,
            form,
        })
    }
}

/// An object that is held completely, in the pieces in which it arrived.
#[derive(Default)]
struct Whole(Vec<Bytes>);

impl Whole {
    fn is_small(&self) -> bool {
        let bytes: usize = self.0.iter().map(Bytes::len).sum();
        u64::try_from(bytes).is_ok_and(|bytes| bytes <= log_file::MAX_WHOLE_BYTES)
    }

    fn join(self) -> Bytes {
        match <[Bytes; 1]>::try_from(self.0) {
            Ok([only]) => only,
            Err(pieces) => pieces.concat().into(),
        }
    }
}

impl From<Result<Checked, LogFileError>> for LogFileVerdict {
    fn from(checked: Result<Checked, LogFileError>) -> Self {
        match checked {
            Ok(checked) => Self::Valid(checked),
            Err(error) => Self::Wrong(error),
        }
    }
}
