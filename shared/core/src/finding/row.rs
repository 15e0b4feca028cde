//! The columns of the catalog, and the macro that turns its rows into a type.

use serde::{Deserialize, Serialize};

/// The severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; part of normal operation.
    Low,
    /// Something remains unverified.
    Medium,
    /// Time is not covered, or something does not agree: find out why.
    High,
    /// The record was tampered with.
    Critical,
}

impl Severity {
    /// Returns the word in alerts and filter policies.
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

/// A step of a digest's check. Each step depends on the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DigestStep {
    /// The object exists and can be read.
    Object,
    /// The object is one gzip member.
    Gzip,
    /// The object is a digest document.
    Document,
    /// The digest is where it was delivered.
    Place,
    /// The digest is signed with the algorithms that CloudTrail uses.
    Algorithm,
    /// The digest's key is CloudTrail's.
    Key,
    /// The signature was made with the key.
    Signature,
    /// The content is what was signed.
    Content,
    /// The digest before it is the one that it names.
    Predecessor,
    /// The digest after it names this one.
    Successor,
}

impl DigestStep {
    /// Returns the word for the step.
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

/// The properties that all findings of a kind have in common.
#[derive(Debug)]
pub(super) struct Row {
    /// The meaning of the kind, for a reader who never saw a digest.
    pub(super) means: &'static str,
    /// The stable name in JSON, subjects and filter policies.
    pub(super) name: &'static str,
    /// The severity.
    pub(super) severity: Severity,
    /// The step of a digest's check that the kind belongs to; `None` for any other kind.
    pub(super) step: Option<DigestStep>,
    /// Indicates whether there is one finding, whatever is in the object's place: missing or
    /// unreadable.
    pub(super) once: bool,
    /// The object that the finding names.
    pub(super) object: &'static str,
    /// The method by which the finding is established.
    pub(super) established: &'static str,
    /// The advice for somebody who is woken up by a function's alert.
    pub(super) advice: &'static str,
    /// The advice for somebody who runs the command, if that differs: the command has flags, and
    /// not the parameters of the functions.
    pub(super) command_advice: Option<&'static str>,
}

/// Makes `FindingKind` from rows. A row without one of the columns does not compile.
macro_rules! catalog {
    ($($kind:ident { means: $means:literal, $($column:ident: $value:expr,)+ })+) => {
        /// Every way in which the record can be wrong, or remain unreadable.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum FindingKind {
            $(#[doc = $means] $kind,)+
        }

        impl FindingKind {
            /// Every kind.
            pub const ALL: [Self; [$($means),+].len()] = [$(Self::$kind),+];

            /// Returns what all findings of the kind have in common.
            pub(super) const fn row(self) -> &'static Row {
                match self {
                    $(Self::$kind => &Row { means: $means, $($column: $value),+ },)+
                }
            }
        }
    };
}
pub(super) use catalog;
