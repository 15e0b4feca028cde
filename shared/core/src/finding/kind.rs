//! Every kind of finding, its severity, and what to do about it.

use serde::{Deserialize, Serialize, Serializer};
use std::fmt;

/// How a parked message is tried again, at the end of an advice. A function sends it to the
/// dead-letter queue itself, so that SQS knows no queue that it came from: without a destination "the
/// messages will be redriven back to their respective original source queues".
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html>
macro_rules! redrive {
    ($before:literal) => {
        concat!(
            $before,
            "move the message from the function's dead-letter queue back to its queue (aws sqs start-message-move-task --source-arn DEAD_LETTER_QUEUE_ARN --destination-arn QUEUE_ARN)."
        )
    };
}
pub(super) use redrive;

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
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// Every way in which the record can be wrong, or stay unreadable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum FindingKind {
    /// The digest's signature was not made by the key it names over its content.
    DigestSignatureInvalid,
    /// The digest carries no signature in its metadata.
    DigestSignatureMissing,
    /// The digest says it was delivered to another bucket or key.
    DigestMoved,
    /// The object where a digest should be is none.
    DigestMalformed,
    /// CloudTrail knows no such key for the Region and time.
    DigestKeyUnknown,
    /// The digest's key was not valid when the digest was signed, by what CloudTrail lists.
    DigestKeyOutOfPeriod,
    /// The digest names an algorithm that CloudTrail does not use.
    DigestAlgorithmUnsupported,
    /// A digest is gone, or a stretch of them.
    DigestMissing,
    /// The digest is not the one that its successor signed.
    DigestModified,
    /// The times of two neighbouring digests do not meet.
    ChainGap,
    /// A new chain starts where one existed.
    ChainRestarted,
    /// A chain starts, and nothing of it is there from before.
    ChainStarted,
    /// A digest of a trail that is none of the configured ones.
    DigestTrailUnexpected,
    /// No digest came for hours.
    DigestOverdue,
    /// A listed log file is gone.
    LogFileMissing,
    /// A log file's content is not what the digest lists.
    LogFileModified,
    /// Bytes follow the end of a log file.
    LogFileTrailingData,
    /// A log file is no gzip file of records.
    LogFileMalformed,
    /// A log file is in the bucket and no digest lists it.
    LogFileUnlisted,
    /// A KMS call's encryption context does not agree with the trail or the objects.
    KmsContextMismatch,
    /// Somebody named a trail or its log files in a KMS call under another key.
    KmsForeignContext,
    /// The key of a KMS call is not the object's, or not the trail's.
    KmsKeyMismatch,
    /// The trail's key cannot encrypt log files.
    KmsKeyUnusable,
    /// The imported material of the trail's key expires soon.
    KmsKeyExpiring,
    /// The key's policy lets other trails use it.
    KmsPolicyOpen,
    /// Somebody other than CloudTrail wrote under a trail's encryption context.
    KmsForeignCaller,
    /// The key refused a delivery.
    KmsDeliveryDenied,
    /// Somebody who is no listed reader read log files.
    KmsUnlistedReader,
    /// A log file is not encrypted under the trail's key.
    LogFileEncryptionChanged,
    /// Whether a delivered log file is listed by a digest could not be found out.
    DeliveryUnsettled,
    /// An enclave of an image that is not listed used KMS.
    EnclaveImageUnlisted,
    /// An attestation that no Nitro Enclave makes.
    EnclaveAttestationMalformed,
    /// A reader that reads from an enclave only read without its attestation.
    EnclaveAttestationMissing,
    /// An object stays unreadable: access is denied.
    ObjectUnreadableDenied,
    /// An object stays unreadable: it is archived.
    ObjectArchived,
}

impl FindingKind {
    /// Every kind.
    pub const ALL: [Self; 35] = [
        Self::DigestSignatureInvalid,
        Self::DigestSignatureMissing,
        Self::DigestMoved,
        Self::DigestMalformed,
        Self::DigestKeyUnknown,
        Self::DigestKeyOutOfPeriod,
        Self::DigestAlgorithmUnsupported,
        Self::DigestMissing,
        Self::DigestModified,
        Self::ChainGap,
        Self::ChainRestarted,
        Self::ChainStarted,
        Self::DigestTrailUnexpected,
        Self::DigestOverdue,
        Self::LogFileMissing,
        Self::LogFileModified,
        Self::LogFileTrailingData,
        Self::LogFileMalformed,
        Self::LogFileUnlisted,
        Self::KmsContextMismatch,
        Self::KmsForeignContext,
        Self::KmsKeyMismatch,
        Self::KmsKeyUnusable,
        Self::KmsKeyExpiring,
        Self::KmsPolicyOpen,
        Self::KmsForeignCaller,
        Self::KmsDeliveryDenied,
        Self::KmsUnlistedReader,
        Self::LogFileEncryptionChanged,
        Self::DeliveryUnsettled,
        Self::EnclaveImageUnlisted,
        Self::EnclaveAttestationMalformed,
        Self::EnclaveAttestationMissing,
        Self::ObjectUnreadableDenied,
        Self::ObjectArchived,
    ];

    /// The stable name in JSON, subjects and filter policies.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DigestSignatureInvalid => "digest-signature-invalid",
            Self::DigestSignatureMissing => "digest-signature-missing",
            Self::DigestMoved => "digest-moved",
            Self::DigestMalformed => "digest-malformed",
            Self::DigestKeyUnknown => "digest-key-unknown",
            Self::DigestKeyOutOfPeriod => "digest-key-out-of-period",
            Self::DigestAlgorithmUnsupported => "digest-algorithm-unsupported",
            Self::DigestMissing => "digest-missing",
            Self::DigestModified => "digest-modified",
            Self::ChainGap => "chain-gap",
            Self::ChainRestarted => "chain-restarted",
            Self::ChainStarted => "chain-started",
            Self::DigestTrailUnexpected => "digest-trail-unexpected",
            Self::DigestOverdue => "digest-overdue",
            Self::LogFileMissing => "log-file-missing",
            Self::LogFileModified => "log-file-modified",
            Self::LogFileTrailingData => "log-file-trailing-data",
            Self::LogFileMalformed => "log-file-malformed",
            Self::LogFileUnlisted => "log-file-unlisted",
            Self::KmsContextMismatch => "kms-context-mismatch",
            Self::KmsForeignContext => "kms-foreign-context",
            Self::KmsKeyMismatch => "kms-key-mismatch",
            Self::KmsKeyUnusable => "kms-key-unusable",
            Self::KmsKeyExpiring => "kms-key-expiring",
            Self::KmsPolicyOpen => "kms-policy-open",
            Self::KmsForeignCaller => "kms-foreign-caller",
            Self::KmsDeliveryDenied => "kms-delivery-denied",
            Self::KmsUnlistedReader => "kms-unlisted-reader",
            Self::LogFileEncryptionChanged => "log-file-encryption-changed",
            Self::DeliveryUnsettled => "delivery-unsettled",
            Self::EnclaveImageUnlisted => "enclave-image-unlisted",
            Self::EnclaveAttestationMalformed => "enclave-attestation-malformed",
            Self::EnclaveAttestationMissing => "enclave-attestation-missing",
            Self::ObjectUnreadableDenied => "object-unreadable-denied",
            Self::ObjectArchived => "object-archived",
        }
    }

    /// How bad a finding of this kind is.
    #[must_use]
    pub fn severity(self) -> Severity {
        match self {
            Self::DigestSignatureInvalid
            | Self::DigestSignatureMissing
            | Self::DigestMoved
            | Self::DigestMalformed
            | Self::DigestMissing
            | Self::DigestModified
            | Self::LogFileMissing
            | Self::LogFileModified
            | Self::LogFileTrailingData
            | Self::LogFileMalformed
            | Self::KmsKeyUnusable
            | Self::KmsForeignCaller => Severity::Critical,
            Self::DigestKeyUnknown
            | Self::DigestAlgorithmUnsupported
            | Self::ChainGap
            | Self::ChainRestarted
            | Self::DigestOverdue
            | Self::DigestTrailUnexpected
            | Self::LogFileUnlisted
            | Self::KmsContextMismatch
            | Self::KmsKeyMismatch
            | Self::KmsKeyExpiring
            | Self::KmsDeliveryDenied
            | Self::LogFileEncryptionChanged
            | Self::EnclaveImageUnlisted
            | Self::EnclaveAttestationMalformed
            | Self::EnclaveAttestationMissing => Severity::High,
            Self::DigestKeyOutOfPeriod
            | Self::KmsForeignContext
            | Self::KmsPolicyOpen
            | Self::KmsUnlistedReader
            | Self::DeliveryUnsettled
            | Self::ObjectUnreadableDenied
            | Self::ObjectArchived => Severity::Medium,
            Self::ChainStarted => Severity::Low,
        }
    }

    /// What to do next, for somebody who is woken by it.
    #[must_use]
    pub fn advice(self) -> &'static str {
        match self {
            Self::DigestSignatureInvalid
            | Self::DigestMalformed
            | Self::DigestAlgorithmUnsupported => {
                "Treat the hour as unproven. List the object's versions (aws s3api list-object-versions), keep them all, and look for the PutObject call that wrote this one in a trail or data event log the writer could not reach."
            }
            Self::DigestSignatureMissing => {
                "The content may be intact: the next digest holds this one's signature. Find out who copied the object onto itself, and restore the version before (aws s3api list-object-versions)."
            }
            Self::DigestMoved => {
                "Find out who copied it there and why; check that the original is still where the digest says. If this bucket is a replica, name it as one (stack parameter BucketAliases)."
            }
            Self::DigestKeyUnknown => {
                "Treat the digest as forged until its key is found: compare its fingerprint with `aws cloudtrail list-public-keys` in its Region. A key that CloudTrail lists only for a time more than 45 days away is as suspicious as one that it does not list."
            }
            Self::DigestKeyOutOfPeriod => {
                "The key is CloudTrail's and the signature is right, but CloudTrail lists the key for another time. CloudTrail may have signed late: it retries a delivery for 30 days. If the digests of the hours around it are signed by another key, open a case with AWS Support."
            }
            Self::DigestMissing => {
                "Look for deleted versions of the digests in this window (aws s3api list-object-versions) and restore them; look for DeleteObject calls on the bucket. Until they are back, no log file of the window is proven."
            }
            Self::DigestModified => {
                "Restore the version that its successor signed (aws s3api list-object-versions; compare the SHA-256 of the inflated content with the expected one), keep the modified one as evidence, and treat the log files of its hour as unproven."
            }
            Self::ChainGap => {
                "Compare the log files delivered in the window with other records of the same time; open a case with AWS Support if nobody touched the trail."
            }
            Self::ChainRestarted => {
                "Look for StopLogging, DeleteTrail or UpdateTrail calls at the begin of the window. If nobody planned it, somebody switched the record off."
            }
            Self::ChainStarted => {
                "Nothing to do if somebody has just created this trail, enabled its log file validation or added the Region. If the trail is older, its earlier digests were deleted: look for DeleteObject, DeleteTrail and CreateTrail calls."
            }
            Self::DigestTrailUnexpected => {
                "Find out who created the trail (CreateTrail) and why it delivers into this bucket. If it is yours, add it to the expected ones (stack parameter TrailArns); if not, take its s3:PutObject away (aws s3api get-bucket-policy)."
            }
            Self::DigestOverdue => {
                "Find out whether the trail was stopped, moved or deleted (StopLogging, UpdateTrail, DeleteTrail, PutBucketPolicy), and look for DeleteObject calls on its newest digests. Until digests come again, nothing in this Region is proven."
            }
            Self::LogFileMissing => {
                "Look for a deleted version (aws s3api list-object-versions) and restore it; look for DeleteObject calls and lifecycle rules on the bucket."
            }
            Self::LogFileModified | Self::LogFileTrailingData | Self::LogFileMalformed => {
                "Do not trust this file. Restore the version whose inflated SHA-256 is the expected one (aws s3api list-object-versions), keep this one as evidence, and look for the PutObject call that wrote it."
            }
            Self::LogFileUnlisted => {
                "CloudTrail never said that it delivered this file: do not read it as a record. Look for the PutObject call that wrote it. If another trail without log file validation delivers to the same place, enable validation on it."
            }
            Self::KmsContextMismatch => {
                "Find out which principal made the KMS call (its event id is given) and whether it writes or reads log files outside the trail; if the trail or bucket is new, add it to the configuration."
            }
            Self::KmsForeignContext => {
                "The call used a key that is not the trail's, so that it says nothing about your log files. Ask the principal's owner why it names your trail. If the key is a new one of the trail, add it to the expected ones (stack parameter KmsKeyArns)."
            }
            Self::KmsKeyMismatch => {
                "Find out who changed the key: look for UpdateTrail, PutBucketEncryption and CopyObject calls. If the change was planned, add the key to the expected ones (stack parameter KmsKeyArns)."
            }
            Self::KmsKeyUnusable => {
                "Log files encrypted under this key cannot be delivered or read. Enable the key or cancel its deletion now (aws kms enable-key, aws kms cancel-key-deletion), then find out who changed it."
            }
            Self::KmsKeyExpiring => {
                "Import the key material again before it expires (aws kms get-parameters-for-import, aws kms import-key-material). From then on CloudTrail cannot deliver log files under this key, and nobody can read those that are there."
            }
            Self::KmsPolicyOpen => {
                "Other trails can write under this key, also into your bucket. Add the condition StringLike kms:EncryptionContext:aws:cloudtrail:arn with your trails' ARNs to the statement (aws kms put-key-policy)."
            }
            Self::KmsForeignCaller => {
                "Treat the named log file as forged: only CloudTrail writes log files. Keep it as evidence, look for the PutObject or CopyObject call of this principal, and take its kms:GenerateDataKey on the key and s3:PutObject on the bucket away."
            }
            Self::KmsDeliveryDenied => {
                "Log files are being lost now: CloudTrail cannot encrypt them. Give cloudtrail.amazonaws.com kms:GenerateDataKey* in the key's policy again (aws kms get-key-policy), enable the key, and find out who changed it (PutKeyPolicy, DisableKey, UpdateTrail)."
            }
            Self::KmsUnlistedReader => {
                "Ask the principal's owner why the audit log was read. If it may, add it to the readers (stack parameter Readers); if not, take kms:Decrypt and s3:GetObject away from it and find out what it has learnt."
            }
            Self::LogFileEncryptionChanged => {
                "Find out who wrote the object and how: look for PutObject, CopyObject, UpdateTrail and PutBucketEncryption calls. If the trail's key was changed on purpose, add it to the expected ones (stack parameter KmsKeyArns)."
            }
            Self::DeliveryUnsettled => {
                "CloudTrail delivered the log file, and for days no digest that could be read said so. Verify the day by hand (trailseal verify, or aws cloudtrail validate-logs), and compare the file with other records of the same time."
            }
            Self::EnclaveImageUnlisted => {
                "Find out who runs this enclave image (the module id begins with the instance's id). If it is a new build of yours, add its PCR0 to the expected ones (stack parameter EnclaveImages); if not, stop the instance and take its role's access to the key away."
            }
            Self::EnclaveAttestationMalformed => {
                "No Nitro Enclave makes such an attestation: do not rely on this record. Check that the log file is one that a digest lists, and keep it as evidence."
            }
            Self::EnclaveAttestationMissing => {
                "The reader's credentials were used outside its enclave. Revoke its sessions, require kms:RecipientAttestation:ImageSha384 in the key's policy, and find out where the call came from."
            }
            Self::ObjectUnreadableDenied => {
                redrive!(
                    "Nothing is known about this object. Give the function's role s3:GetObject and s3:ListBucket on the bucket and kms:Decrypt on the key, then "
                )
            }
            Self::ObjectArchived => {
                redrive!("Restore the object (aws s3api restore-object), then ")
            }
        }
    }
}

impl FindingKind {
    /// The same for somebody who runs the command: it has flags, and none of the functions'
    /// parameters.
    #[must_use]
    pub fn command_advice(self) -> &'static str {
        match self {
            Self::DigestMoved => {
                "Find out who copied it there and why; check that the original is still where the digest says. If this bucket is a replica, name it with --alias."
            }
            Self::DigestKeyUnknown => {
                "Treat the digest as forged until its key is found: compare its fingerprint with `aws cloudtrail list-public-keys` in its Region. If the keys come from a file, save those of the digest's time with `trailseal keys`."
            }
            Self::KmsKeyMismatch => {
                "Find out who changed the key: look for UpdateTrail, PutBucketEncryption and CopyObject calls. If the change was planned, name the key with --key, too."
            }
            Self::KmsUnlistedReader => {
                "Ask the principal's owner why the audit log was read. If it may, name it with --reader; if not, take kms:Decrypt and s3:GetObject away from it and find out what it has learnt."
            }
            Self::DigestTrailUnexpected => {
                "Find out who created the trail (CreateTrail) and why it delivers into this bucket. If it is not yours, take its s3:PutObject away (aws s3api get-bucket-policy)."
            }
            Self::KmsForeignContext => {
                "The call used a key that is not the trail's, so that it says nothing about your log files. Ask the principal's owner why it names your trail. If the key is a new one of the trail, name it with --key, too."
            }
            Self::DeliveryUnsettled => {
                "CloudTrail delivered the log file, and no digest that could be read says so. Compare the file with other records of the same time."
            }
            Self::LogFileEncryptionChanged => {
                "Find out who wrote the object and how: look for PutObject, CopyObject, UpdateTrail and PutBucketEncryption calls. If the trail's key was changed on purpose, name it with --key, too."
            }
            Self::EnclaveImageUnlisted => {
                "Find out who runs this enclave image (the module id begins with the instance's id). If it is a new build of yours, name its PCR0 with --enclave-image; if not, stop the instance and take its role's access to the key away."
            }
            Self::ObjectUnreadableDenied | Self::ObjectArchived => {
                "Nothing is known about this object. Make it readable to the caller, and run the command again."
            }
            _ => self.advice(),
        }
    }
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for FindingKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
