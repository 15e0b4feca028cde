//! The ways in which a request can fail, in the classes that lead to different verdicts.

/// A request that did not get a usable answer.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {subject}: {cause}")]
pub struct StoreError {
    /// The attempted action, such as `read`.
    pub action: &'static str,
    /// The object, key or Region of the request.
    pub subject: String,
    /// The reason for the failure.
    #[source]
    pub cause: Cause,
}

/// The reason why a request failed, in the classes that lead to different verdicts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// The object does not exist. S3 says so only to callers with `s3:ListBucket`.
    #[error("{}", .0.in_words())]
    Absent(Absence),
    /// Access is denied. Covers `kms:Decrypt` on the object's key.
    #[error("access is denied: {0}")]
    Denied(String),
    /// The object is in an archive storage class and must be restored before it can be read.
    #[error("it is archived: {0}")]
    Archived(String),
    /// KMS does not let anybody use the key that the request needs, because it is disabled, about
    /// to be deleted, or deleted. Permissions do not help.
    #[error("the KMS key cannot be used: {0}")]
    KeyUnusable(String),
    /// An opt-in Region does not accept the credentials of this account.
    #[error(
        "the credentials are not valid in this Region, which an account must enable before it can use it: {0}"
    )]
    RegionDisabled(String),
    /// AWS did not accept the credentials of the request. This says nothing about the object.
    #[error("{0}: {1}")]
    Credentials(CredentialTrouble, String),
    /// The request was throttled or timed out, or the service is down. It may work a moment later.
    #[error("the request failed and may succeed later: {0}")]
    Unavailable(String),
    /// The object does not exist yet, and is expected to arrive.
    #[error("it does not exist (no such object)")]
    NotYet,
    /// The object is older than everything that is left of its chain: a lifecycle rule expired it,
    /// or somebody deleted it.
    #[error("{0}")]
    MayHaveExpired(String),
    /// A document or an object is larger than anything that is read in its place.
    #[error("{0}")]
    TooLarge(String),
    /// The run was interrupted before there was an answer.
    #[error("the run was interrupted")]
    Interrupted,
    /// The request itself is wrong, or the answer is not what AWS documents.
    #[error("{0}")]
    Failed(String),
}

/// The problem with the credentials of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum CredentialTrouble {
    /// The credentials were valid, and no longer are.
    #[error("the credentials have expired")]
    Expired,
    /// The time of the request is too far from the time of AWS.
    #[error("the clock of this machine is wrong")]
    Clock,
    /// AWS does not know the access key ID, or the session token.
    #[error("AWS does not recognize these credentials")]
    Unknown,
    /// The signature was not made with the secret of the access key ID.
    #[error("the signature of the request does not match the access key ID")]
    Signature,
    /// The credentials could not be loaded when a request needed them.
    #[error("the credentials cannot be loaded")]
    NotLoaded,
}

impl CredentialTrouble {
    /// Returns whether every later request fails the same way, wherever it goes: the credentials
    /// were valid, and no longer are. Any other trouble may be limited to one Region or service.
    #[must_use]
    pub fn is_of_all_requests(self) -> bool {
        matches!(self, Self::Expired | Self::NotLoaded)
    }
}

impl Cause {
    /// Returns whether the same request fails again until somebody changes something, so that it is
    /// useless to repeat it within a run.
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
            | Self::MayHaveExpired(_)
            | Self::TooLarge(_)
            | Self::Interrupted
            | Self::Failed(_) => false,
        }
    }

    /// Returns whether the same request never gets a usable answer, and nobody can change that from
    /// outside.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        matches!(
            self,
            Self::MayHaveExpired(_) | Self::TooLarge(_) | Self::Failed(_)
        )
    }
}

/// The reason that S3, or a copy on disk, gives for a missing object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Absence {
    /// No object, and no sign of one.
    #[error("no such object")]
    NoObject,
    /// A delete marker is in its place: its earlier versions can be restored.
    #[error("a delete marker hides it; earlier versions may exist")]
    DeleteMarker,
    /// The bucket itself does not exist.
    #[error("the bucket does not exist")]
    NoBucket,
    /// A copy on disk does not hold the object, and nobody said that the copy is complete. The
    /// object may still be in the bucket.
    #[error("it is not in this copy")]
    NotInCopy,
}

impl Absence {
    /// Returns the end of a sentence about an object that could not be read.
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
    /// An action on `subject` that was given up, because the time for it was over.
    #[must_use]
    pub fn no_time(action: &'static str, subject: &(impl ToString + ?Sized)) -> Self {
        Self {
            action,
            subject: subject.to_string(),
            cause: Cause::Unavailable("there was no time left".to_owned()),
        }
    }

    /// Returns what S3 said, if the object simply does not exist.
    #[must_use]
    pub fn absence(&self) -> Option<Absence> {
        match self.cause {
            Cause::Absent(absence) => Some(absence),
            _ => None,
        }
    }

    /// Returns whether the object is only missing from a copy on disk, which may be incomplete.
    #[must_use]
    pub fn is_not_in_copy(&self) -> bool {
        self.absence() == Some(Absence::NotInCopy)
    }
}
