//! Problems with the trail's key, and calls that used another key.
//!
//! The tests are in `tests/tests/kms/agreement.rs`.

use super::call::EventReference;
use super::evidence::{Evidence, FindingSubject, finding};
use crate::finding::{Finding, FindingKind};
use crate::names::encryption_context::TRAIL_CONTEXT;
use jiff::{SignedDuration, Timestamp};

/// A mismatch between the key of a call and the key of the trail or the object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyMismatch {
    /// The key is not configured.
    NotConfigured {
        /// The key of the call.
        used: String,
        /// The configured keys.
        configured: Vec<String>,
    },
    /// The delivered object is encrypted under another key.
    NotOfObject {
        /// The key of the call.
        used: String,
        /// The key of the object.
        of_object: String,
    },
}

impl Evidence for KeyMismatch {
    fn kind(&self) -> FindingKind {
        FindingKind::KmsKeyMismatch
    }

    fn expected(&self) -> String {
        match self {
            Self::NotConfigured { configured, .. } => {
                format!("a configured key: {}", configured.join(" or "))
            }
            Self::NotOfObject { used, .. } => format!("the key of the KMS call, {used}"),
        }
    }

    fn actual(&self) -> String {
        match self {
            Self::NotConfigured { used, .. } => format!("the KMS call used {used}"),
            Self::NotOfObject { of_object, .. } => {
                format!("the object is encrypted under {of_object}")
            }
        }
    }
}

/// Reports a call that used another key than the trail or the object.
#[must_use]
pub fn key_mismatch(
    subject: FindingSubject,
    mismatch: &KeyMismatch,
    call: &EventReference,
) -> Finding {
    finding(
        subject,
        mismatch,
        format!(
            "The KMS call {} (event ID {}) used a key that is not the trail's or the object's.",
            call.name, call.id
        ),
    )
}

/// A key that cannot encrypt log files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnusableKey {
    /// `RSA_2048`, ….
    pub spec: String,
    /// `SIGN_VERIFY`, ….
    pub usage: String,
    /// `Disabled`, ….
    pub state: String,
}

impl Evidence for UnusableKey {
    fn kind(&self) -> FindingKind {
        FindingKind::KmsKeyUnusable
    }

    fn expected(&self) -> String {
        "a symmetric key (SYMMETRIC_DEFAULT, ENCRYPT_DECRYPT) that is Enabled".to_owned()
    }

    fn actual(&self) -> String {
        format!("{}, {}, {}", self.spec, self.usage, self.state)
    }
}

/// Reports that the trail's key, `arn`, cannot encrypt log files. It is one finding, regardless of
/// who uses the key.
#[must_use]
pub fn unusable_key(subject: FindingSubject, key: &UnusableKey, arn: &str) -> Finding {
    let what = "Log files can no longer be encrypted under the trail's key";
    about_key(subject, key, what, arn)
}

/// A key whose imported material expires soon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpiringKey {
    /// The time when it expires.
    pub expires: Timestamp,
    /// The remaining time that counts as soon.
    pub soon: SignedDuration,
}

impl Evidence for ExpiringKey {
    fn kind(&self) -> FindingKind {
        FindingKind::KmsKeyExpiring
    }

    fn expected(&self) -> String {
        format!(
            "key material that does not expire within {} days",
            self.soon.as_hours() / 24
        )
    }

    fn actual(&self) -> String {
        format!("its imported key material expires at {}", self.expires)
    }
}

/// Reports that the imported material of the trail's key, `arn`, expires soon.
#[must_use]
pub fn expiring_key(subject: FindingSubject, key: &ExpiringKey, arn: &str) -> Finding {
    let what = "The key material of the trail's key expires soon";
    about_key(subject, key, what, arn)
}

/// A key policy that lets other trails use the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenPolicy {
    /// The statements that allow it.
    pub statements: Vec<String>,
}

impl Evidence for OpenPolicy {
    fn kind(&self) -> FindingKind {
        FindingKind::KmsPolicyOpen
    }

    fn expected(&self) -> String {
        format!(
            "kms:GenerateDataKey* for cloudtrail.amazonaws.com only with a condition on kms:EncryptionContext:{TRAIL_CONTEXT}"
        )
    }

    fn actual(&self) -> String {
        format!("no such condition in {}", self.statements.join(", "))
    }
}

/// Reports that the policy of the trail's key, `arn`, lets other trails use it.
#[must_use]
pub fn open_policy(subject: FindingSubject, policy: &OpenPolicy, arn: &str) -> Finding {
    let what = "CloudTrail can write under the trail's key for any trail";
    about_key(subject, policy, what, arn)
}

fn about_key(subject: FindingSubject, evidence: &impl Evidence, what: &str, arn: &str) -> Finding {
    finding(subject, evidence, format!("{what}: {arn}.")).about(arn, evidence.actual())
}
