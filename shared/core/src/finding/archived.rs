//! Evidence against an archived object, from its headers.

use jiff::Timestamp;

/// Evidence in the headers of an archived object that it is not what CloudTrail delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArchivedMisfit {
    /// A digest without a signature in its metadata.
    NoSignature,
    /// A digest with another signature than its successor states.
    OtherSignature {
        /// The signature that its successor states.
        expected: String,
        /// The signature in its metadata.
        actual: String,
    },
    /// An object that was written on the day on which it was checked, before any lifecycle rule
    /// archives it.
    WrittenToday {
        /// The time when it was written.
        written: Timestamp,
    },
    /// An object that was written after it was due.
    WrittenLate {
        /// The time when it was due.
        latest: Timestamp,
        /// The time when it was written.
        written: Timestamp,
    },
}

impl ArchivedMisfit {
    /// Returns the expected state.
    #[must_use]
    pub fn expected(&self) -> String {
        match self {
            Self::NoSignature => "metadata entries signature and signature-algorithm".to_owned(),
            Self::OtherSignature { expected, .. } => format!("signature {expected}"),
            Self::WrittenToday { .. } => {
                "an object that no lifecycle rule archives before the next midnight UTC".to_owned()
            }
            Self::WrittenLate { latest, .. } => format!("an object that was written by {latest}"),
        }
    }

    /// Returns the actual state.
    #[must_use]
    pub fn actual(&self) -> String {
        match self {
            Self::NoSignature => "an archived object with no signature in its metadata".to_owned(),
            Self::OtherSignature { actual, .. } => {
                format!("an archived object with signature {actual}")
            }
            Self::WrittenToday { written } => format!(
                "an archived object that was written at {written}, on the day on which it was looked at"
            ),
            Self::WrittenLate { written, .. } => {
                format!("an archived object that was written at {written}")
            }
        }
    }
}
