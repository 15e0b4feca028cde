//! The columns of the catalog, and the macro that turns its rows into a type.

use serde::{Deserialize, Serialize};

/// The severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// For information; part of normal operation.
    Low,
    /// Trailseal could not verify something, or a key or its use is not as configured.
    Medium,
    /// Digests do not cover some time, records are being lost or soon will be, or a file, key or
    /// caller is not the expected one.
    High,
    /// Files were changed, deleted or forged, or CloudTrail can no longer record.
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

/// Makes `FindingKind` from rows. A row without one of the columns does not compile.
///
/// Each column is a function of its own, so that a program holds only the columns that it reads.
macro_rules! catalog {
    ($($kind:ident {
        means: $means:literal,
        name: $name:literal, severity: $severity:expr, step: $step:expr, once: $once:literal,
        object: $object:literal,
        established: $established:expr,
        advice: $advice:expr,
        command_advice: $command_advice:expr,
    })+) => {
        /// Every way in which the record can be wrong, or remain unreadable.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum FindingKind {
            $(#[doc = $means] $kind,)+
        }

        impl FindingKind {
            /// Every kind.
            pub const ALL: [Self; [$($means),+].len()] = [$(Self::$kind),+];

            /// Returns the stable name in JSON, subjects and filter policies.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$kind => $name,)+ }
            }

            /// Returns how bad a finding of this kind is.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$kind => $severity,)+ }
            }

            /// Returns what the kind means, for a reader who never saw a digest.
            #[must_use]
            pub const fn means(self) -> &'static str {
                match self { $(Self::$kind => $means,)+ }
            }

            /// Returns the step of a digest's check that the kind belongs to; `None` for any other
            /// kind.
            #[must_use]
            pub const fn step(self) -> Option<DigestStep> {
                match self { $(Self::$kind => $step,)+ }
            }

            /// Returns whether there is one finding, whatever is in the object's place: missing or
            /// unreadable.
            pub(super) const fn is_once(self) -> bool {
                match self { $(Self::$kind => $once,)+ }
            }

            /// Returns which object a finding of this kind names.
            #[must_use]
            pub const fn object(self) -> &'static str {
                match self { $(Self::$kind => $object,)+ }
            }

            /// Returns how the finding is established.
            #[must_use]
            pub const fn established(self) -> &'static str {
                match self { $(Self::$kind => $established,)+ }
            }

            /// Returns what to do next, for somebody who is woken up by a function's alert.
            #[must_use]
            pub const fn advice(self) -> &'static str {
                match self { $(Self::$kind => $advice,)+ }
            }

            /// Returns what to do next, for somebody who runs the command, if that differs: the
            /// command has flags, and not the parameters of the functions.
            const fn own_command_advice(self) -> Option<&'static str> {
                match self { $(Self::$kind => $command_advice,)+ }
            }

            /// Returns what to do next, for somebody who runs the command.
            #[must_use]
            pub const fn command_advice(self) -> &'static str {
                match self.own_command_advice() {
                    Some(advice) => advice,
                    None => self.advice(),
                }
            }
        }
    };
}
pub(super) use catalog;
