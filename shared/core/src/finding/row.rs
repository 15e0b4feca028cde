//! The columns of the catalogue, and how its rows become a type.

use serde::{Deserialize, Serialize};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; part of normal operation.
    Low,
    /// Something stays unverified.
    Medium,
    /// Time is uncovered or something does not agree: find out why.
    High,
    /// The record was tampered with.
    Critical,
}

impl Severity {
    /// The word in alerts and filter policies.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// A step of a digest's check, in the order in which each rests on the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DigestStep {
    /// It is there, and can be read.
    Object,
    /// It is one gzip member.
    Gzip,
    /// It is a digest document.
    Document,
    /// It is where it was delivered.
    Place,
    /// It is signed as CloudTrail signs.
    Algorithm,
    /// Its key is CloudTrail's.
    Key,
    /// Its signature is the key's.
    Signature,
    /// Its content is what was signed.
    Content,
    /// The digest before it is the one that it names.
    Predecessor,
    /// The digest after it names this one.
    Successor,
}

impl DigestStep {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Object => "object",
            Self::Gzip => "gzip",
            Self::Document => "document",
            Self::Place => "place",
            Self::Algorithm => "algorithm",
            Self::Key => "key",
            Self::Signature => "signature",
            Self::Content => "content",
            Self::Predecessor => "predecessor",
            Self::Successor => "successor",
        }
    }
}

/// What is the same of all findings of a kind.
#[derive(Debug)]
pub(super) struct Row {
    /// What it means, to a reader who never saw a digest.
    pub(super) means: &'static str,
    /// The stable name in JSON, subjects and filter policies.
    pub(super) name: &'static str,
    /// How bad it is.
    pub(super) severity: Severity,
    /// The step of a digest's check that it is about; none if it is about something else.
    pub(super) step: Option<DigestStep>,
    /// Whether it is so once, whatever there is in the object's place: what is gone or unreadable.
    pub(super) once: bool,
    /// Which object the finding names.
    pub(super) object: &'static str,
    /// How it is established.
    pub(super) established: &'static str,
    /// What to do next, for somebody whom a function's alert wakes.
    pub(super) advice: &'static str,
    /// The same for somebody who runs the command, where that differs: it has flags, and none of the
    /// functions' parameters.
    pub(super) command_advice: Option<&'static str>,
}

/// Makes `FindingKind` from rows. A row without one of the columns does not compile.
macro_rules! catalog {
    ($($kind:ident { means: $means:literal, $($column:ident: $value:expr,)+ })+) => {
        /// Every way in which the record can be wrong, or stay unreadable.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum FindingKind {
            $(#[doc = $means] $kind,)+
        }

        impl FindingKind {
            /// Every kind.
            pub const ALL: [Self; [$($means),+].len()] = [$(Self::$kind),+];

            /// What is the same of all findings of the kind.
            pub(super) const fn row(self) -> &'static Row {
                match self {
                    $(Self::$kind => &Row { means: $means, $($column: $value),+ },)+
                }
            }
        }
    };
}
pub(super) use catalog;
