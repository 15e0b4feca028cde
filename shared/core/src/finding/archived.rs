//! What does not fit in the headers of an archived object.

use jiff::Timestamp;

/// What does not fit in the headers of an archived object, so that it is not what CloudTrail
/// delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArchivedMisfit {
    /// A digest has no signature in its metadata.
    NoSignature,
    /// A digest has another signature than its successor gives.
    OtherSignature {
        /// What its successor gives.
        expected: String,
        /// What is in its metadata.
        actual: String,
    },
    /// It was written on the day on which it was looked at, before any lifecycle rule archives it.
    WrittenToday {
        /// When it was written.
        written: Timestamp,
    },
    /// It was written after it was due.
    WrittenLate {
        /// When it was due.
        latest: Timestamp,
        /// When it was written.
        written: Timestamp,
    },
}

impl ArchivedMisfit {
    /// What should be there.
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

    /// What is there.
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
