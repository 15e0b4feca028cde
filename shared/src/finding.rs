//! What was done to the trail: every kind of finding, its severity, and its evidence.

use crate::ids::TrailArn;
use crate::location::ObjectLocation;
use crate::object_key::{Chain, DigestKey, LogFileKey};
use crate::sha256::Sha256;
use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt;

/// The schema of a finding's JSON form.
pub const SCHEMA: &str = "trailseal.finding/1";

/// The most characters of a finding's message and of each piece of its evidence: an RSA-4096
/// signature takes 1,024. Some of it is quoted from objects that anybody may have written.
const MAX_TEXT_CHARS: usize = 2100;

/// Cuts a text where it is too long to be told.
fn told(text: impl Into<String>) -> String {
    let mut text = text.into();
    if let Some((end, _)) = text.char_indices().nth(MAX_TEXT_CHARS) {
        text.truncate(end);
        text.push('…');
    }
    text
}

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

/// The account, Region and trail that a finding is about, as far as known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Scope {
    /// The account whose events are recorded.
    pub account: Option<String>,
    /// Where the events happened.
    pub region: Option<String>,
    /// The trail's ARN; its name alone where the owning account is not known.
    pub trail: Option<String>,
    /// The trail's home Region.
    pub home_region: Option<String>,
}

impl Scope {
    /// The scope of a digest chain. `trails` are the configured ones: an organization trail's
    /// ARN names an account that its digests do not.
    #[must_use]
    pub fn of_chain(chain: &Chain, trails: &[TrailArn]) -> Self {
        let configured = trails.iter().find(|arn| chain.is_of(arn));
        let trail = match (configured, &chain.folder.organization) {
            (Some(arn), _) => arn.to_string(),
            (None, None) => TrailArn::new(
                chain.home_region.clone(),
                chain.folder.account.clone(),
                chain.trail.clone(),
            )
            .to_string(),
            (None, Some(_)) => chain.trail.to_string(),
        };
        Self {
            account: Some(chain.folder.account.to_string()),
            region: Some(chain.region.to_string()),
            trail: Some(trail),
            home_region: Some(chain.home_region.to_string()),
        }
    }

    /// The scope of a log file. Its key does not name the trail: it is the configured one, where
    /// there is just one.
    #[must_use]
    pub fn of_log_file(key: &LogFileKey, trails: &[TrailArn]) -> Self {
        let only = match trails {
            [trail] => Some(trail),
            _ => None,
        };
        Self {
            account: Some(key.folder.account.to_string()),
            region: Some(key.region.to_string()),
            trail: only.map(TrailArn::to_string),
            home_region: only.map(|trail| trail.home_region.to_string()),
        }
    }
}

/// The digest that a finding was made with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DigestReference {
    /// Its bucket.
    pub bucket: String,
    /// Its key.
    pub key: String,
    /// Begin of its range, where the digest could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Timestamp>,
    /// End of its range.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_time: Option<Timestamp>,
}

impl DigestReference {
    /// A digest of which only the key is known.
    #[must_use]
    pub fn by_key(at: &ObjectLocation, key: Option<&DigestKey>) -> Self {
        Self {
            bucket: at.bucket.clone(),
            key: at.key.clone(),
            start_time: None,
            end_time: key.map(|key| key.end_time),
        }
    }
}

/// A stretch of time that nothing covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Begin; unknown where no earlier digest is left.
    pub from: Option<Timestamp>,
    /// End.
    pub to: Timestamp,
}

/// Something that was done to the trail, with its evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// What was done.
    pub kind: FindingKind,
    /// To whom.
    #[serde(flatten)]
    pub scope: Scope,
    /// The damaged, missing or suspicious object itself.
    pub object: ObjectLocation,
    /// The digest involved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<DigestReference>,
    /// The time left uncovered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// What should be there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// What is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actual: Option<String>,
    /// One plain sentence.
    pub message: String,
    /// Tells findings of one kind on one object apart.
    #[serde(skip)]
    pub detail: String,
    /// What the finding is about where that is not its object: a key, a principal, an image, the folder
    /// of an account and Region. All findings of one kind about it have one id, and are one incident.
    #[serde(skip)]
    pub about: Option<String>,
    /// Tells one occurrence from another in an incident; see [`Finding::occurrence`].
    #[serde(skip)]
    occurrence: Option<String>,
    /// What to do next, where the cause asks for something else than the kind does.
    #[serde(skip)]
    remedy: Option<&'static str>,
    /// When the digest ended that is gone, if no earlier one of its chain is there either: a
    /// lifecycle rule may have expired them. See [`Report::allow_for_expiry`].
    #[serde(skip)]
    pub begin_of_what_is_kept: Option<Timestamp>,
}

impl Finding {
    /// A finding without further evidence.
    #[must_use]
    pub fn new(
        kind: FindingKind,
        scope: Scope,
        object: ObjectLocation,
        message: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            scope,
            object,
            digest: None,
            window: None,
            expected: None,
            actual: None,
            message: told(message),
            detail: String::new(),
            about: None,
            occurrence: None,
            remedy: None,
            begin_of_what_is_kept: None,
        }
    }

    /// What to do next: what the cause asks for, else what the kind does.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        self.remedy.unwrap_or_else(|| self.kind.advice())
    }

    /// Adds the digest involved.
    #[must_use]
    pub fn with_digest(mut self, digest: DigestReference) -> Self {
        self.digest = Some(digest);
        self
    }

    /// Adds the window left uncovered.
    #[must_use]
    pub fn with_window(mut self, window: Window) -> Self {
        self.window = Some(window);
        self
    }

    /// Adds what should be there and what is.
    #[must_use]
    pub fn with_evidence(mut self, expected: impl Into<String>, actual: impl Into<String>) -> Self {
        self.expected = Some(told(expected));
        self.actual = Some(told(actual));
        self
    }

    /// Tells this finding from others of its kind on the same object.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// Says what to do next where the cause asks for something else than the kind does.
    #[must_use]
    pub fn with_remedy(mut self, remedy: &'static str) -> Self {
        self.remedy = Some(remedy);
        self
    }

    /// Says that the finding is about a key, a principal, an image or a folder, whichever object shows it:
    /// each further `occurrence` (an event, an object) is one more of the same incident.
    #[must_use]
    pub fn about(mut self, about: impl Into<String>, occurrence: impl Into<String>) -> Self {
        self.about = Some(about.into());
        self.occurrence = Some(occurrence.into());
        self
    }

    /// SHA-256 over kind and subject: the same whenever the same thing is found again. It names the
    /// incident.
    #[must_use]
    pub fn id(&self) -> Sha256 {
        let kind = self.kind.as_str();
        let subject = match &self.about {
            Some(about) => [kind, "about", about, &self.detail],
            None => [kind, &self.object.bucket, &self.object.key, &self.detail],
        };
        Sha256::of_parts(&subject)
    }

    /// Tells one occurrence of an incident from another: the same when an event is tried again, comes
    /// twice, or another function finds the same.
    ///
    /// A log file that is modified a second time has another content, and is another occurrence. What
    /// is gone or unreadable is so once.
    #[must_use]
    pub fn occurrence(&self) -> Sha256 {
        let what = match (&self.occurrence, self.kind) {
            (Some(occurrence), _) => occurrence.as_str(),
            (
                None,
                FindingKind::DigestMissing
                | FindingKind::LogFileMissing
                | FindingKind::DigestOverdue
                | FindingKind::ObjectUnreadableDenied
                | FindingKind::ObjectArchived,
            ) => "",
            (None, _) => self.actual.as_deref().unwrap_or_default(),
        };
        Sha256::of(what.as_bytes())
    }

    /// How bad it is.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.kind.severity()
    }
}

/// A finding with what the edge knows: when it was made, by which function and version.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StampedFinding<'a> {
    schema: &'static str,
    id: String,
    severity: Severity,
    #[serde(flatten)]
    finding: &'a Finding,
    advice: &'static str,
    detected_at: Timestamp,
    function: &'a str,
    version: &'static str,
}

/// Who reports findings, and when.
#[derive(Debug, Clone, Copy)]
pub struct Stamp<'a> {
    /// The function's name, as in the design: `digest-validator`, ….
    pub function: &'a str,
    /// Now.
    pub detected_at: Timestamp,
}

impl<'a> Stamp<'a> {
    /// Whether the command reports, as `trailseal verify`.
    fn is_command(self) -> bool {
        self.function.starts_with("trailseal ")
    }

    /// The finding as it goes out.
    #[must_use]
    pub fn stamp(self, finding: &'a Finding) -> StampedFinding<'a> {
        StampedFinding {
            schema: SCHEMA,
            id: finding.id().to_string(),
            severity: finding.severity(),
            finding,
            advice: if self.is_command() {
                finding.kind.command_advice()
            } else {
                finding.advice()
            },
            detected_at: self.detected_at,
            function: self.function,
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

/// What one check of one object came to.
#[derive(Debug, Default)]
pub struct Report {
    /// What was done to the trail.
    pub findings: Vec<Finding>,
    /// What could not be looked at.
    pub obstacles: Vec<Obstacle>,
    /// How many digests and log files were found valid.
    pub valid: usize,
    /// Whether anything was checked at all: a folder marker, say, is nothing to check.
    pub checked: bool,
    /// How often each rule was applied, and to what end, by the rule's name.
    pub rules: BTreeMap<&'static str, RuleCount>,
    /// What else was counted.
    pub counts: BTreeMap<&'static str, u64>,
}

/// How often a rule was applied, and to what end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleCount {
    /// Everything is as it should be.
    pub valid: u64,
    /// Something was found.
    pub finding: u64,
    /// It could not be said.
    pub cannot_tell: u64,
}

impl RuleCount {
    /// Adds one application of the rule.
    pub fn add(&mut self, verdict: Verdict) {
        let count = match verdict {
            Verdict::Valid => &mut self.valid,
            Verdict::Finding => &mut self.finding,
            Verdict::CannotTell => &mut self.cannot_tell,
            Verdict::Ignored => return,
        };
        *count = count.saturating_add(1);
    }
}

/// A thing that could not be looked at, and why.
#[derive(Debug)]
pub struct Obstacle {
    /// What failed.
    pub error: crate::store::StoreError,
    /// The finding to raise if it stays so; none for what may work a moment later.
    pub if_it_stays: Option<Finding>,
}

/// Whether CloudTrail delivers to a bucket, or S3 replicates into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bucket {
    /// CloudTrail delivers there: what a digest names is there before the digest.
    Original,
    /// S3 replicates there, in any order.
    Replica,
}

/// The one word for a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Everything that was to be checked was, and is as CloudTrail left it.
    Valid,
    /// Something was done to the trail.
    Finding,
    /// Not everything could be checked, and nothing wrong was seen.
    CannotTell,
    /// There was nothing to check: the object is none of the trail's, or of another function's.
    Ignored,
}

impl Report {
    /// A report on something that is checked; nothing is found yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            checked: true,
            ..Self::default()
        }
    }

    /// A report of findings alone.
    #[must_use]
    pub fn of(findings: Vec<Finding>) -> Self {
        Self {
            findings,
            ..Self::new()
        }
    }

    /// The report's one word. Not being able to tell is never valid: neither where something could
    /// not be looked at, nor where a rule could not be applied to the end.
    ///
    /// Only what could not be looked at ([`Report::obstacles`]) is worth another try.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let is_open = || self.rules.values().any(|count| count.cannot_tell > 0);
        if !self.findings.is_empty() {
            Verdict::Finding
        } else if !self.obstacles.is_empty() || is_open() {
            Verdict::CannotTell
        } else if self.checked {
            Verdict::Valid
        } else {
            Verdict::Ignored
        }
    }

    /// Adds another report to this one.
    pub fn absorb(&mut self, other: Self) {
        self.findings.extend(other.findings);
        self.obstacles.extend(other.obstacles);
        self.valid += other.valid;
        self.checked |= other.checked;
        for (rule, count) in other.rules {
            let sum = self.rules.entry(rule).or_default();
            sum.valid = sum.valid.saturating_add(count.valid);
            sum.finding = sum.finding.saturating_add(count.finding);
            sum.cannot_tell = sum.cannot_tell.saturating_add(count.cannot_tell);
        }
        for (name, count) in other.counts {
            let sum = self.counts.entry(name).or_default();
            *sum = sum.saturating_add(count);
        }
    }

    /// Adds an object that could not be looked at.
    pub fn cannot_tell(
        &mut self,
        error: crate::store::StoreError,
        scope: &Scope,
        object: &ObjectLocation,
    ) {
        self.cannot_tell_of(error, scope, object, &object.to_string());
    }

    /// Adds an object that is not there, with what is found if that stays so.
    ///
    /// S3 replicates in any order: in a replica, what a digest names may come after it. A copy on
    /// disk may hold a part of the bucket only.
    pub fn absent(&mut self, finding: Finding, absence: crate::store::Absence, bucket: Bucket) {
        let action = match (absence, bucket) {
            (crate::store::Absence::NotInCopy, _) => "read",
            (_, Bucket::Replica) => "find in the replica",
            (_, Bucket::Original) => {
                self.findings.push(finding);
                return;
            }
        };
        self.obstacles.push(Obstacle {
            error: crate::store::StoreError {
                action,
                subject: finding.object.to_string(),
                cause: crate::store::Cause::Absent(absence),
            },
            if_it_stays: Some(finding),
        });
    }

    /// Adds something else that could not be looked at, `subject`, with the object that led to it.
    pub fn cannot_tell_of(
        &mut self,
        error: crate::store::StoreError,
        scope: &Scope,
        object: &ObjectLocation,
        subject: &str,
    ) {
        use crate::store::Cause;
        let kind = match &error.cause {
            Cause::Denied(_) => Some((FindingKind::ObjectUnreadableDenied, "denied")),
            Cause::KeyUnusable(_) => Some((FindingKind::ObjectUnreadableDenied, "key")),
            Cause::RegionDisabled(_) => Some((FindingKind::ObjectUnreadableDenied, "Region")),
            Cause::Credentials(..) => Some((FindingKind::ObjectUnreadableDenied, "credentials")),
            Cause::Archived(_) => Some((FindingKind::ObjectArchived, "archived")),
            Cause::Absent(_) | Cause::Unavailable(_) | Cause::Failed(_) => None,
        };
        // One mistake, in a key's policy say, makes every object of a folder unreadable: that is one
        // incident.
        let if_it_stays = kind.map(|(kind, cause)| {
            let mut finding = Finding::new(
                kind,
                scope.clone(),
                object.clone(),
                format!("Nothing can be said about {subject}: {}.", error.cause),
            )
            .with_evidence("a readable object", error.cause.to_string())
            .about(format!("{} {cause}", object.region_folder()), subject);
            finding.remedy = remedy(&error.cause);
            finding
        });
        self.obstacles.push(Obstacle { error, if_it_stays });
    }
}

/// What a function's owner does about an object that stays unreadable, where the cause is another
/// than a permission that is missing.
fn remedy(cause: &crate::store::Cause) -> Option<&'static str> {
    use crate::store::Cause;
    match cause {
        Cause::KeyUnusable(_) => Some(redrive!(
            "Nobody can read what this KMS key encrypts while it is disabled or waits for its deletion. Enable the key or cancel its deletion (aws kms enable-key, aws kms cancel-key-deletion), find out who changed it (DisableKey, ScheduleKeyDeletion), then "
        )),
        Cause::RegionDisabled(_) => Some(redrive!(
            "This account has not opted into the Region, so that CloudTrail does not list the Region's public keys to it. In an account that has, save them with the command `trailseal keys`, name the file in the stack's parameter PinnedKeys (TRAILSEAL_PINNED_KEYS), then "
        )),
        Cause::Credentials(..) => Some(redrive!(
            "AWS did not accept the function's own credentials: this is not about the object. Check that the function's role exists and that no AWS_ACCESS_KEY_ID is set in the function's environment, deploy the stack again, then "
        )),
        Cause::Denied(_)
        | Cause::Archived(_)
        | Cause::Absent(_)
        | Cause::Unavailable(_)
        | Cause::Failed(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_remedy_fits_the_cause() {
        use crate::store::{Cause, CredentialTrouble, StoreError};
        let advice = |cause: Cause| {
            let mut report = Report::new();
            let error = StoreError {
                action: "read",
                subject: "x".to_owned(),
                cause,
            };
            report.cannot_tell(error, &Scope::default(), &ObjectLocation::new("b", "k"));
            assert_eq!(report.verdict(), Verdict::CannotTell);
            let finding = report.obstacles.remove(0).if_it_stays.unwrap();
            assert_eq!(finding.kind, FindingKind::ObjectUnreadableDenied);
            let stamp = Stamp {
                function: "log-verifier",
                detected_at: Timestamp::UNIX_EPOCH,
            };
            let json = serde_json::to_value(stamp.stamp(&finding)).unwrap();
            assert_eq!(json["advice"], finding.advice());
            assert!(json.get("remedy").is_none());
            finding.advice()
        };
        let text = || "no".to_owned();
        assert!(advice(Cause::Denied(text())).contains("s3:GetObject"));
        assert!(advice(Cause::KeyUnusable(text())).contains("aws kms enable-key"));
        assert!(advice(Cause::RegionDisabled(text())).contains("PinnedKeys"));
        let expired = Cause::Credentials(CredentialTrouble::Expired, text());
        assert!(advice(expired).contains("the function's own credentials"));
        for cause in [
            Cause::Denied(text()),
            Cause::KeyUnusable(text()),
            Cause::RegionDisabled(text()),
            Cause::Credentials(CredentialTrouble::Clock, text()),
        ] {
            // A function has no command line.
            assert!(!advice(cause).replace(redrive!(""), "").contains("--"));
        }
    }

    #[test]
    fn the_unreadable_objects_of_a_folder_are_one_incident_a_cause() {
        use crate::store::{Cause, StoreError};
        const LOG: &str = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/15/111122223333_CloudTrail_us-east-1_20260115T1205Z_7JREEBimdK8d2nC9.json.gz";
        const DIGEST: &str = "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/01/15/111122223333_CloudTrail-Digest_us-east-1_management-events_us-east-1_20260115T120000Z.json.gz";
        let found = |key: &str, cause: Cause| {
            let mut report = Report::new();
            let object = ObjectLocation::new("amzn-s3-demo-bucket", key);
            let error = StoreError {
                action: "read",
                subject: object.to_string(),
                cause,
            };
            report.cannot_tell(error, &Scope::default(), &object);
            let finding = report.obstacles.remove(0).if_it_stays.unwrap();
            assert_eq!(finding.object, object);
            (finding.id(), finding.occurrence())
        };
        let denied = || Cause::Denied("no".to_owned());
        let first = found(LOG, denied());
        assert_eq!(found(LOG, denied()), first);
        for other in [LOG.replace("T1205Z", "T1210Z"), DIGEST.to_owned()] {
            let other = found(&other, denied());
            assert_eq!(other.0, first.0);
            assert_ne!(other.1, first.1);
        }
        for (key, cause) in [
            (LOG, Cause::KeyUnusable("no".to_owned())),
            (LOG, Cause::Archived("no".to_owned())),
            (&LOG.replace("us-east-1", "us-west-2"), denied()),
            (&LOG.replace("111122223333", "444455556666"), denied()),
            ("AWSLogs/111122223333/CloudTrail/x.json.gz", denied()),
        ] {
            assert_ne!(found(key, cause).0, first.0, "{key}");
        }
    }

    #[test]
    fn the_command_names_no_parameter_of_the_functions_and_they_no_flag() {
        for kind in FindingKind::ALL {
            let (ours, theirs) = (kind.command_advice(), kind.advice());
            assert!(!ours.contains("TRAILSEAL_"), "{kind}: {ours}");
            assert!(!ours.contains("dead-letter"), "{kind}: {ours}");
            let theirs = theirs.replace(redrive!(""), "");
            assert!(!theirs.contains(" --"), "{kind}: {theirs}");
        }
        let finding = Finding::new(
            FindingKind::DigestMoved,
            Scope::default(),
            ObjectLocation::new("b", "k"),
            "moved",
        );
        for (function, word) in [
            ("trailseal verify", "--alias"),
            ("digest-validator", "stack parameter BucketAliases"),
        ] {
            let stamp = Stamp {
                function,
                detected_at: Timestamp::UNIX_EPOCH,
            };
            let json = serde_json::to_value(stamp.stamp(&finding)).unwrap();
            assert!(json["advice"].as_str().unwrap().contains(word), "{json}");
        }
    }

    /// Nothing says which queue a message that a function parked came from.
    #[test]
    fn whoever_moves_a_message_back_says_where_to() {
        let causes = [
            crate::store::Cause::KeyUnusable("no".to_owned()),
            crate::store::Cause::RegionDisabled("no".to_owned()),
            crate::store::Cause::Credentials(
                crate::store::CredentialTrouble::Unknown,
                "no".to_owned(),
            ),
        ];
        let advice = FindingKind::ALL.iter().map(|kind| kind.advice());
        let advice = advice.chain(causes.iter().filter_map(remedy));
        let moving: Vec<_> = advice
            .filter(|text| text.contains("start-message-"))
            .collect();
        assert_eq!(moving.len(), 5);
        for text in moving {
            assert!(text.contains("--source-arn"), "{text}");
            assert!(text.contains("--destination-arn"), "{text}");
        }
    }

    #[test]
    fn every_kind_is_documented_with_its_severity() {
        let document = include_str!("../../docs/findings.md");
        for kind in FindingKind::ALL {
            let row = format!("| `{kind}` | {} |", kind.severity().as_str());
            assert!(document.contains(&row), "docs/findings.md has no {row}");
        }
        let rows = document.lines().filter(|line| {
            ["| critical |", "| high |", "| medium |", "| low |"]
                .iter()
                .any(|severity| line.contains(severity))
        });
        assert_eq!(rows.count(), FindingKind::ALL.len());
    }

    #[test]
    fn not_being_able_to_tell_is_never_valid() {
        assert_eq!(Report::default().verdict(), Verdict::Ignored);
        let mut report = Report::new();
        assert_eq!(report.verdict(), Verdict::Valid);
        let error = crate::store::StoreError {
            action: "read",
            subject: "x".to_owned(),
            cause: crate::store::Cause::Unavailable("no".to_owned()),
        };
        report.cannot_tell(error, &Scope::default(), &ObjectLocation::new("b", "k"));
        assert_eq!(report.verdict(), Verdict::CannotTell);
        // Nor where everything could be read, and a rule could not be applied.
        let mut report = Report::new();
        report.valid = 1;
        report
            .rules
            .entry("witness")
            .or_default()
            .add(Verdict::Valid);
        assert_eq!(report.verdict(), Verdict::Valid);
        report
            .rules
            .entry("key-health")
            .or_default()
            .add(Verdict::CannotTell);
        assert_eq!(report.verdict(), Verdict::CannotTell);
        report.findings.push(Finding::new(
            FindingKind::LogFileMissing,
            Scope::default(),
            ObjectLocation::new("b", "k"),
            "gone",
        ));
        assert_eq!(report.verdict(), Verdict::Finding);
    }
}
