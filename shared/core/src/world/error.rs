//! How a request can fail, in the classes that lead to different verdicts.

/// A request that did not give an answer to decide on.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {subject}: {cause}")]
pub struct StoreError {
    /// What was being done, such as `read`.
    pub action: &'static str,
    /// To which object, key or Region.
    pub subject: String,
    /// Why it failed.
    #[source]
    pub cause: Cause,
}

/// Why a request failed, in the classes that lead to different verdicts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// There is no such object. S3 says so only to callers with `s3:ListBucket`.
    #[error("{}", .0.in_words())]
    Absent(Absence),
    /// Refused. Covers `kms:Decrypt` on the object's key.
    #[error("access is denied: {0}")]
    Denied(String),
    /// In an archive storage class: it must be restored before it can be read.
    #[error("it is archived: {0}")]
    Archived(String),
    /// KMS does not let anybody use the key that the request needs: it is disabled, about to be
    /// deleted, or deleted. Permissions do not help.
    #[error("the KMS key cannot be used: {0}")]
    KeyUnusable(String),
    /// A Region that accounts have to opt into accepts no credentials of this one.
    #[error("the credentials are not valid in this Region, which an account has to opt into: {0}")]
    RegionDisabled(String),
    /// AWS did not accept the credentials of the request. This says nothing about the object.
    #[error("{0}: {1}")]
    Credentials(CredentialTrouble, String),
    /// Throttled, timed out, or the service is down: may well work a moment later.
    #[error("the service did not answer: {0}")]
    Unavailable(String),
    /// It does not exist, and is expected to come.
    #[error("it does not exist (no such object)")]
    NotYet,
    /// A document or an object is larger than anything that is read in its place.
    #[error("{0}")]
    TooLarge(String),
    /// The run was interrupted before there was an answer.
    #[error("interrupted")]
    Interrupted,
    /// The request itself is wrong, or the answer is not what AWS documents.
    #[error("{0}")]
    Failed(String),
}

/// What is wrong with the credentials of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum CredentialTrouble {
    /// They were good, and are no longer.
    #[error("the credentials have expired")]
    Expired,
    /// The time of the request is too far from AWS's own.
    #[error("the clock of this machine is wrong")]
    Clock,
    /// AWS does not know the access key id, or the session token.
    #[error("AWS does not know these credentials")]
    Unknown,
    /// The signature was not made with the secret of the access key id.
    #[error("the signature does not belong to the access key id")]
    Signature,
    /// They could not be loaded when a request needed them.
    #[error("the credentials cannot be loaded")]
    NotLoaded,
}

impl CredentialTrouble {
    /// Whether it is so of every later request, wherever it goes: the credentials were good, and are
    /// gone. Any other trouble may be that of one Region or service.
    #[must_use]
    pub fn is_of_all_requests(self) -> bool {
        matches!(self, Self::Expired | Self::NotLoaded)
    }
}

impl Cause {
    /// Whether the same request fails again until somebody changes something, so that it is of no
    /// use to repeat it within a run.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Denied(_)
            | Self::KeyUnusable(_)
            | Self::RegionDisabled(_)
            | Self::Credentials(..) => true,
            Self::Absent(_)
            | Self::Archived(_)
            | Self::Unavailable(_)
            | Self::NotYet
            | Self::TooLarge(_)
            | Self::Interrupted
            | Self::Failed(_) => false,
        }
    }

    /// Whether the same request never gives an answer to decide on, and nobody can change that from
    /// outside.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        matches!(self, Self::TooLarge(_) | Self::Failed(_))
    }
}

/// What S3, or a copy on disk, says of an object that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Absence {
    /// No object, and no sign of one.
    #[error("no such object")]
    NoObject,
    /// A delete marker stands in its place: its earlier versions can be restored.
    #[error("a delete marker hides it; its earlier versions may be restorable")]
    DeleteMarker,
    /// The bucket itself is gone.
    #[error("the bucket does not exist")]
    NoBucket,
    /// A copy on disk does not hold it, and nobody said that the copy is complete: the object may
    /// be in the bucket all the same.
    #[error("it is not in this copy")]
    NotInCopy,
}

impl Absence {
    /// The end of a sentence about an object that could not be read.
    fn in_words(self) -> String {
        match self {
            Self::NotInCopy => self.to_string(),
            Self::NoObject | Self::DeleteMarker | Self::NoBucket => {
                format!("it does not exist ({self})")
            }
        }
    }
}

impl StoreError {
    /// What S3 said, where the object is simply not there.
    #[must_use]
    pub fn absence(&self) -> Option<Absence> {
        match self.cause {
            Cause::Absent(absence) => Some(absence),
            _ => None,
        }
    }

    /// Whether the object is only missing from a copy on disk, which may not be complete.
    #[must_use]
    pub fn is_not_in_copy(&self) -> bool {
        self.absence() == Some(Absence::NotInCopy)
    }
}
