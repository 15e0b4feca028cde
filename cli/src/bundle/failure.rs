//! Requests without a usable answer, as a manifest records them.

use serde::{Deserialize, Serialize};
use trailseal::world::{Absence, Cause, StoreError};

/// The reason that S3 gave for a missing object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RecordedAbsence {
    /// No object.
    NoObject,
    /// A delete marker.
    DeleteMarker,
    /// No bucket.
    NoBucket,
}

impl RecordedAbsence {
    /// Returns the record, or none for a reason that S3 does not give.
    pub(super) fn of(absence: Absence) -> Option<Self> {
        match absence {
            Absence::NoObject => Some(Self::NoObject),
            Absence::DeleteMarker => Some(Self::DeleteMarker),
            Absence::NoBucket => Some(Self::NoBucket),
            Absence::NotInCopy => None,
        }
    }

    fn absence(self) -> Absence {
        match self {
            Self::NoObject => Absence::NoObject,
            Self::DeleteMarker => Absence::DeleteMarker,
            Self::NoBucket => Absence::NoBucket,
        }
    }
}

/// A request that failed, so that the answer is not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RecordedFailure {
    /// Its class.
    pub(crate) kind: FailureKind,
    /// The error, in words.
    pub(crate) text: String,
}

/// The class of a failed request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum FailureKind {
    /// Access was denied.
    Denied,
    /// The object is archived.
    Archived,
    /// The KMS key cannot be used.
    KeyUnusable,
    /// The Region is not enabled.
    RegionDisabled,
    /// Any other reason.
    Other,
}

impl RecordedFailure {
    /// Returns the record, or none for a cause that says nothing about the request.
    pub(super) fn of(cause: &Cause) -> Option<Self> {
        let (kind, text) = match cause {
            Cause::Denied(text) => (FailureKind::Denied, text.clone()),
            Cause::Archived(text) => (FailureKind::Archived, text.clone()),
            Cause::KeyUnusable(text) => (FailureKind::KeyUnusable, text.clone()),
            Cause::RegionDisabled(text) => (FailureKind::RegionDisabled, text.clone()),
            Cause::Interrupted => return None,
            Cause::Absent(_)
            | Cause::Credentials(..)
            | Cause::Unavailable(_)
            | Cause::NotYet
            | Cause::MayHaveExpired(_)
            | Cause::TooLarge(_)
            | Cause::Failed(_) => (FailureKind::Other, cause.to_string()),
        };
        Some(Self { kind, text })
    }

    fn cause(&self) -> Cause {
        let text = self.text.clone();
        match self.kind {
            FailureKind::Denied => Cause::Denied(text),
            FailureKind::Archived => Cause::Archived(text),
            FailureKind::KeyUnusable => Cause::KeyUnusable(text),
            FailureKind::RegionDisabled => Cause::RegionDisabled(text),
            // Neither another attempt nor other credentials change what a bundle holds.
            FailureKind::Other => Cause::Failed(format!(
                "the request failed when the bundle was collected: {text}"
            )),
        }
    }
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum RecordedAnswer<T> {
    /// What was asked for.
    Found(T),
    /// It does not exist.
    Absent(RecordedAbsence),
    /// The answer is not known.
    Failed(RecordedFailure),
}

impl<T> RecordedAnswer<T> {
    /// Returns the answer, as the store gave it.
    ///
    /// # Errors
    /// The recorded [`StoreError`].
    pub(super) fn replay(
        &self,
        action: &'static str,
        subject: impl FnOnce() -> String,
    ) -> Result<&T, StoreError> {
        let cause = match self {
            Self::Found(found) => return Ok(found),
            Self::Absent(absence) => Cause::Absent(absence.absence()),
            Self::Failed(failure) => failure.cause(),
        };
        Err(StoreError {
            action,
            subject: subject(),
            cause,
        })
    }
}
