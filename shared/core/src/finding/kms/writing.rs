//! Writes by others, refusals of CloudTrail by KMS, and log files with another encryption.
//!
//! The tests are in `tests/tests/kms/writing.rs` and `tests/tests/kms/delivery.rs`.

use super::call::EventReference;
use super::evidence::{Evidence, FindingSubject, finding};
use crate::finding::{Finding, FindingKind};
use crate::world::Encryption;

/// A caller other than CloudTrail that generated a data key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignCaller {
    /// The caller and its source address.
    pub caller: String,
}

impl Evidence for ForeignCaller {
    fn kind(&self) -> FindingKind {
        FindingKind::KmsForeignCaller
    }

    fn expected(&self) -> String {
        "CloudTrail (userIdentity AWSService, invokedBy cloudtrail.amazonaws.com)".to_owned()
    }

    fn actual(&self) -> String {
        self.caller.clone()
    }
}

/// Reports that a caller other than CloudTrail generated a data key for a log file (`for_log_file`)
/// or for the trail.
#[must_use]
pub fn foreign_caller(
    subject: FindingSubject,
    by: &ForeignCaller,
    for_log_file: bool,
    call: &EventReference,
) -> Finding {
    let purpose = if for_log_file {
        "the log file, and therefore wrote it"
    } else {
        "the trail, to write under its name"
    };
    let message = format!(
        "Somebody other than CloudTrail generated a data key for {purpose}: {call} by {}.",
        by.caller
    );
    finding(subject, by, message)
}

/// A call by CloudTrail that KMS refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedCall {
    /// The answer of KMS.
    pub error: String,
}

impl Evidence for RefusedCall {
    fn kind(&self) -> FindingKind {
        FindingKind::KmsDeliveryDenied
    }

    fn expected(&self) -> String {
        "a data key for CloudTrail".to_owned()
    }

    fn actual(&self) -> String {
        format!("KMS answered {}", self.error)
    }
}

/// A key for which KMS refuses CloudTrail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedKey {
    /// Its ARN, or its name if the ARN is unknown.
    pub key: String,
    /// The number of refused calls.
    pub calls: u64,
    /// The first refused call.
    pub first: EventReference,
    /// The answer of KMS to the first call.
    pub answer: String,
}

impl Evidence for RefusedKey {
    fn kind(&self) -> FindingKind {
        FindingKind::KmsDeliveryDenied
    }

    fn expected(&self) -> String {
        format!("a data key under {} for CloudTrail", self.key)
    }

    fn actual(&self) -> String {
        format!("{} in this log file, from {}", self.answer, self.first)
    }
}

/// Reports that KMS refuses CloudTrail data keys, so that log files are not delivered.
#[must_use]
pub fn refused_key(subject: FindingSubject, refused: &RefusedKey) -> Finding {
    let times = match refused.calls {
        1 => "once".to_owned(),
        calls => format!("{calls} times"),
    };
    finding(
        subject,
        refused,
        format!(
            "KMS refused CloudTrail a data key {times}, first in {}: log files are not being delivered.",
            refused.first
        ),
    )
}

/// A log file that is not encrypted the way the trail encrypts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedEncryption {
    /// The configured keys, if any.
    pub configured: Vec<String>,
    /// The encryption that the object's headers state.
    pub found: Encryption,
}

impl Evidence for ChangedEncryption {
    fn kind(&self) -> FindingKind {
        FindingKind::LogFileEncryptionChanged
    }

    fn expected(&self) -> String {
        match self.configured.as_slice() {
            [] => "encryption under a KMS key (SSE-KMS)".to_owned(),
            keys => format!("encryption under {}", keys.join(" or ")),
        }
    }

    fn actual(&self) -> String {
        match self.found.kms_key() {
            Some(key) => format!("the object is encrypted under {key}"),
            None => format!(
                "the object is not encrypted under a KMS key but with {}",
                self.found.algorithm.as_deref().unwrap_or("nothing")
            ),
        }
    }
}

/// Reports a log file that is not encrypted the way the trail encrypts.
#[must_use]
pub fn changed_encryption(subject: FindingSubject, changed: &ChangedEncryption) -> Finding {
    finding(
        subject,
        changed,
        "The log file is not encrypted the way the trail encrypts. Somebody else wrote or copied it, or the trail's key was changed.",
    )
}
