//! Mismatches of a call's encryption context, or of its caller.
//!
//! The tests are in `tests/tests/kms/agreement.rs` and `tests/tests/kms/foreign.rs`.

use super::call::EventReference;
use super::evidence::{Evidence, FindingSubject, finding};
use crate::finding::{Finding, FindingKind};
use crate::names::encryption_context::{OBJECT_CONTEXT, TRAIL_CONTEXT};
use crate::names::ids::{AccountId, TrailArn};
use crate::names::object_key::Chain;

/// The maximum number of trails that a finding names.
const MAX_TRAILS: usize = 5;

/// A disagreement between the encryption context of a call and the trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContextMismatch {
    /// The context does not name a trail.
    NoTrail {
        /// The value in the trail's place.
        named: String,
    },
    /// The context names a trail that is not configured.
    OtherTrail {
        /// The trail.
        named: String,
        /// The configured trails.
        configured: Vec<TrailArn>,
    },
    /// The context names a trail without digests in the bucket, which has digests of other trails.
    TrailWithoutDigests {
        /// The trail.
        named: TrailArn,
        /// The chains in the bucket.
        known: Vec<Chain>,
    },
    /// The context does not name an object.
    NoObject {
        /// The value in the object's place.
        named: Option<String>,
    },
    /// The context names an object in another bucket.
    OtherBucket {
        /// The object.
        named: String,
        /// The configured buckets.
        log_buckets: Vec<String>,
    },
    /// The context names an object in an undocumented form, or one that contradicts itself.
    InconsistentObject {
        /// The object.
        named: String,
    },
    /// The context names an object of another account than the trail's.
    OtherAccount {
        /// The object.
        named: String,
        /// The trail's account.
        account: AccountId,
    },
}

impl Evidence for ContextMismatch {
    fn kind(&self) -> FindingKind {
        FindingKind::KmsContextMismatch
    }

    fn expected(&self) -> String {
        match self {
            Self::NoTrail { .. } => format!("{TRAIL_CONTEXT} with a trail's ARN"),
            Self::OtherTrail { configured, .. } => {
                let trails: Vec<String> = configured.iter().map(TrailArn::to_string).collect();
                format!("{TRAIL_CONTEXT} {}", trails.join(" or "))
            }
            Self::TrailWithoutDigests { known, .. } => {
                let mut names: Vec<String> = known
                    .iter()
                    .map(|chain| format!("{} of {}", chain.trail, chain.home_region))
                    .collect();
                names.sort_unstable();
                names.dedup();
                names.truncate(MAX_TRAILS);
                format!(
                    "{TRAIL_CONTEXT} of a trail that delivers digests to the bucket: {}",
                    names.join(" or ")
                )
            }
            Self::NoObject { .. } => {
                format!("{OBJECT_CONTEXT} with the bucket, folder or log file")
            }
            Self::OtherBucket { log_buckets, .. } => {
                format!("{OBJECT_CONTEXT} in {}", log_buckets.join(" or "))
            }
            Self::InconsistentObject { .. } => format!(
                "{OBJECT_CONTEXT} with the bucket, the trail's folder, or a log file's key that agrees with itself"
            ),
            Self::OtherAccount { account, .. } => {
                format!("{OBJECT_CONTEXT} of account {account}, which the trail belongs to")
            }
        }
    }

    fn actual(&self) -> String {
        match self {
            Self::NoTrail { named }
            | Self::OtherTrail { named, .. }
            | Self::OtherBucket { named, .. }
            | Self::InconsistentObject { named }
            | Self::OtherAccount { named, .. } => named.clone(),
            Self::TrailWithoutDigests { named, .. } => named.to_string(),
            Self::NoObject { named } => named.clone().unwrap_or_else(|| "none".to_owned()),
        }
    }
}

/// Reports a call whose encryption context does not match the trail.
#[must_use]
pub fn context_mismatch(
    subject: FindingSubject,
    mismatch: &ContextMismatch,
    call: &EventReference,
) -> Finding {
    finding(
        subject,
        mismatch,
        format!(
            "The KMS call {} (event ID {}) has an encryption context that does not match the trail.",
            call.name, call.id
        ),
    )
}

/// A call under a key that is not the trail's, which names the trail or its log files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignContext {
    /// The configured keys, if any.
    pub configured_keys: Vec<String>,
    /// The caller and its source address.
    pub caller: String,
    /// The key.
    pub key: Option<String>,
    /// The trail in the context.
    pub trail: Option<String>,
    /// The object in the context.
    pub object: Option<String>,
}

impl Evidence for ForeignContext {
    fn kind(&self) -> FindingKind {
        FindingKind::KmsForeignContext
    }

    fn expected(&self) -> String {
        if self.configured_keys.is_empty() {
            "the key of the log file that the call names".to_owned()
        } else {
            format!("a configured key: {}", self.configured_keys.join(" or "))
        }
    }

    fn actual(&self) -> String {
        format!(
            "{} under {}, with {TRAIL_CONTEXT} {} and {OBJECT_CONTEXT} {}",
            self.caller,
            self.key.as_deref().unwrap_or("no key"),
            self.trail.as_deref().unwrap_or("none"),
            self.object.as_deref().unwrap_or("none"),
        )
    }
}

/// Reports a principal that named the trail or its log files in a call under another key.
#[must_use]
pub fn foreign_context(
    subject: FindingSubject,
    call_under: &ForeignContext,
    principal: &str,
    call: &EventReference,
) -> Finding {
    finding(
        subject,
        call_under,
        format!(
            "{principal} named the trail or its log files in a KMS call under a key that is not the trail's: {call}."
        ),
    )
}

/// Reports that a log file has more such calls than Trailseal looks at.
#[must_use]
pub fn too_many_foreign_calls(subject: FindingSubject, calls: u64) -> Finding {
    let about = format!("calls of {}", subject.object);
    Finding::new(
        FindingKind::KmsForeignContext,
        subject.scope,
        subject.object,
        format!(
            "{calls} further KMS calls name the trail or its log files under keys that are not known to be the trail's. Trailseal does not check so many one by one."
        ),
    )
    .with_remedy(
        "Name the trail's keys (stack parameter KmsKeyArns): each call is then judged by its key alone. To see all calls of this log file, run `trailseal kms` with its place.",
    )
    .about(about, "")
}
