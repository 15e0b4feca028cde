//! Every kind of finding: one row says all that is the same of each finding of the kind.
//!
//! A new kind begins here. `docs/findings.md` has a row for each, too, which the tests hold against
//! this one.

use super::redrive::redrive;
use super::row::DigestStep::{Algorithm, Document, Key, Place, Predecessor, Signature, Successor};
use super::row::Severity::{Critical, High, Low, Medium};
use super::row::{Row, catalog};

catalog! {
    DigestSignatureInvalid {
        means: "The content or the metadata of the digest is not what CloudTrail signed. Nothing that it lists is proven.",
        name: "digest-signature-invalid", severity: Critical, step: Some(Signature), once: false,
        object: "the digest",
        established: "The signature in the object's metadata was checked over the digest's end time, bucket, key, the SHA-256 of its content and the signature of the digest before, with the public key that CloudTrail names for it. It does not fit.",
        advice: "Treat the hour as unproven. List the object's versions (aws s3api list-object-versions), keep them all, and look for the PutObject call that wrote this one in a trail or data event log the writer could not reach.",
        command_advice: None,
    }
    DigestSignatureMissing {
        means: "The metadata that holds the digest's signature is gone, as it is after the object was copied or uploaded again.",
        name: "digest-signature-missing", severity: Critical, step: Some(Signature), once: false,
        object: "the digest",
        established: "The object's metadata has no signature where CloudTrail puts one.",
        advice: "The content may be intact: the next digest holds this one's signature. Find out who copied the object onto itself, and restore the version before (aws s3api list-object-versions).",
        command_advice: None,
    }
    DigestMoved {
        means: "The digest was delivered to another bucket or key: this is a copy, or another digest in its place.",
        name: "digest-moved", severity: Critical, step: Some(Place), once: false,
        object: "the digest where it was found",
        established: "The bucket and key that the digest states, which are signed, were compared with where it was found.",
        advice: "Find out who copied it there and why; check that the original is still where the digest says. If this bucket is a replica, name it as one (stack parameter BucketAliases).",
        command_advice: Some("Find out who copied it there and why; check that the original is still where the digest says. If this bucket is a replica, name it with --alias."),
    }
    DigestMalformed {
        means: "The object where a digest should be is none.",
        name: "digest-malformed", severity: Critical, step: Some(Document), once: false,
        object: "the object",
        established: "It was read to the end: it has to be one gzip member of bounded size, holding one digest document that does not contradict itself.",
        advice: "Treat the hour as unproven. List the object's versions (aws s3api list-object-versions), keep them all, and look for the PutObject call that wrote this one in a trail or data event log the writer could not reach.",
        command_advice: None,
    }
    DigestKeyUnknown {
        means: "The digest was signed by a key that CloudTrail does not know.",
        name: "digest-key-unknown", severity: High, step: Some(Key), once: false,
        object: "the digest",
        established: "The fingerprint that the digest states was looked up among the public keys of its Region and time.",
        advice: "Treat the digest as forged until its key is found: compare its fingerprint with `aws cloudtrail list-public-keys` in its Region. A key that CloudTrail lists only for a time more than 45 days away is as suspicious as one that it does not list.",
        command_advice: Some("Treat the digest as forged until its key is found: compare its fingerprint with `aws cloudtrail list-public-keys` in its Region. If the keys come from a file, save those of the digest's time with `trailseal keys`."),
    }
    DigestKeyOutOfPeriod {
        means: "The key is CloudTrail's and the signature is right, but CloudTrail lists the key for another time. It may have signed late.",
        name: "digest-key-out-of-period", severity: Medium, step: Some(Key), once: false,
        object: "the digest",
        established: "The validity that CloudTrail lists for the key was compared with the time of the digest.",
        advice: "The key is CloudTrail's and the signature is right, but CloudTrail lists the key for another time. CloudTrail may have signed late: it retries a delivery for 30 days. If the digests of the hours around it are signed by another key, open a case with AWS Support.",
        command_advice: None,
    }
    DigestAlgorithmUnsupported {
        means: "The digest names a hash or signature algorithm that CloudTrail does not use.",
        name: "digest-algorithm-unsupported", severity: High, step: Some(Algorithm), once: false,
        object: "the digest",
        established: "The algorithms that the digest states were compared with the documented ones, SHA-256 and SHA-256 with RSA.",
        advice: "Treat the hour as unproven. List the object's versions (aws s3api list-object-versions), keep them all, and look for the PutObject call that wrote this one in a trail or data event log the writer could not reach.",
        command_advice: None,
    }
    DigestMissing {
        means: "A digest, or a whole stretch of them, is gone. No log file of that time is proven.",
        name: "digest-missing", severity: Critical, step: Some(Predecessor), once: true,
        object: "the newest of the missing digests",
        established: "The next digest, which CloudTrail signed, names the one before by bucket and key, and that object is not there. The stretch ends at the last digest before it that is there and signed.",
        advice: "Look for deleted versions of the digests in this window (aws s3api list-object-versions) and restore them; look for DeleteObject calls on the bucket. Until they are back, no log file of the window is proven.",
        command_advice: None,
    }
    DigestModified {
        means: "The digest is not the one that its successor vouches for.",
        name: "digest-modified", severity: Critical, step: Some(Predecessor), once: false,
        object: "the modified digest",
        established: "The successor, which CloudTrail signed, states the SHA-256 and the signature of the digest before. They were compared with the object.",
        advice: "Restore the version that its successor signed (aws s3api list-object-versions; compare the SHA-256 of the inflated content with the expected one), keep the modified one as evidence, and treat the log files of its hour as unproven.",
        command_advice: None,
    }
    ChainGap {
        means: "Two neighbouring digests leave time between them, or overlap.",
        name: "chain-gap", severity: High, step: Some(Predecessor), once: false,
        object: "the later digest",
        established: "The end of the earlier digest and the begin of the later one, both signed, were compared.",
        advice: "Compare the log files delivered in the window with other records of the same time; open a case with AWS Support if nobody touched the trail.",
        command_advice: None,
    }
    ChainRestarted {
        means: "A new chain starts where one existed: logging was off in between, and what happened then is not recorded.",
        name: "chain-restarted", severity: High, step: Some(Predecessor), once: false,
        object: "the starting digest",
        established: "The later digest, which CloudTrail signed, names no digest before it, and older ones of the same trail are in the bucket.",
        advice: "Look for StopLogging, DeleteTrail or UpdateTrail calls at the begin of the window. If nobody planned it, somebody switched the record off.",
        command_advice: None,
    }
    ChainStarted {
        means: "A chain of digests starts, and nothing of it is there from before: the trail or the Region is new, or everything older was deleted.",
        name: "chain-started", severity: Low, step: Some(Predecessor), once: false,
        object: "the starting digest",
        established: "The first digest names none before it, and no older one was found.",
        advice: "Nothing to do if somebody has just created this trail, enabled its log file validation or added the Region. If the trail is older, its earlier digests were deleted: look for DeleteObject, DeleteTrail and CreateTrail calls.",
        command_advice: None,
    }
    DigestTrailUnexpected {
        means: "A trail that is none of the expected ones delivers digests.",
        name: "digest-trail-unexpected", severity: High, step: Some(Place), once: false,
        object: "the digest",
        established: "The trail's name, account and home Region in the digest's key were compared with the expected trails.",
        advice: "Find out who created the trail (CreateTrail) and why it delivers into this bucket. If it is yours, add it to the expected ones (stack parameter TrailArns); if not, take its s3:PutObject away (aws s3api get-bucket-policy).",
        command_advice: Some("Find out who created the trail (CreateTrail) and why it delivers into this bucket. If it is not yours, take its s3:PutObject away (aws s3api get-bucket-policy)."),
    }
    DigestOverdue {
        means: "CloudTrail writes a digest every hour, and none came for hours: logging may be off, or the newest digests gone.",
        name: "digest-overdue", severity: High, step: Some(Successor), once: true,
        object: "the newest digest there is",
        established: "The end of the newest digest there is was compared with the time.",
        advice: "Find out whether the trail was stopped, moved or deleted (StopLogging, UpdateTrail, DeleteTrail, PutBucketPolicy), and look for DeleteObject calls on its newest digests. Until digests come again, nothing in this Region is proven.",
        command_advice: None,
    }
    LogFileMissing {
        means: "A log file that CloudTrail delivered is gone.",
        name: "log-file-missing", severity: Critical, step: None, once: true,
        object: "the log file",
        established: "A digest that CloudTrail signed lists it, and no such object is in the bucket.",
        advice: "Look for a deleted version (aws s3api list-object-versions) and restore it; look for DeleteObject calls and lifecycle rules on the bucket.",
        command_advice: None,
    }
    LogFileModified {
        means: "The content of the log file is not what CloudTrail delivered: records were changed, added or removed.",
        name: "log-file-modified", severity: Critical, step: None, once: false,
        object: "the log file",
        established: "The SHA-256 of the inflated log file was compared with the one that the signed digest lists.",
        advice: "Do not trust this file. Restore the version whose inflated SHA-256 is the expected one (aws s3api list-object-versions), keep this one as evidence, and look for the PutObject call that wrote it.",
        command_advice: None,
    }
    LogFileTrailingData {
        means: "Bytes were added behind the end of the log file. Some readers show them as records, others do not.",
        name: "log-file-trailing-data", severity: Critical, step: None, once: false,
        object: "the log file",
        established: "The log file was read to its last byte: it goes on after its gzip stream ends.",
        advice: "Do not trust this file. Restore the version whose inflated SHA-256 is the expected one (aws s3api list-object-versions), keep this one as evidence, and look for the PutObject call that wrote it.",
        command_advice: None,
    }
    LogFileMalformed {
        means: "The log file cannot be inflated: it is no gzip file, is cut off, or inflates without end.",
        name: "log-file-malformed", severity: Critical, step: None, once: false,
        object: "the log file",
        established: "The log file was inflated to its end and the checksum in its trailer compared.",
        advice: "Do not trust this file. Restore the version whose inflated SHA-256 is the expected one (aws s3api list-object-versions), keep this one as evidence, and look for the PutObject call that wrote it.",
        command_advice: None,
    }
    LogFileUnlisted {
        means: "A log file is in the bucket that CloudTrail does not vouch for: whoever reads the bucket takes its records for CloudTrail's.",
        name: "log-file-unlisted", severity: High, step: None, once: false,
        object: "the file",
        established: "The bucket's log files were compared with what the digests list. The digests of its time are there, and none of them lists it.",
        advice: "CloudTrail never said that it delivered this file: do not read it as a record. Look for the PutObject call that wrote it. If another trail without log file validation delivers to the same place, enable validation on it.",
        command_advice: None,
    }
    KmsContextMismatch {
        means: "A KMS call under a trail's encryption context names another trail, or an object that is not the trail's.",
        name: "kms-context-mismatch", severity: High, step: None, once: false,
        object: "the log file that the call names; else the one that records it",
        established: "The encryption context that the KMS call records was compared with the trail and its objects.",
        advice: "Find out which principal made the KMS call (its event id is given) and whether it writes or reads log files outside the trail; if the trail or bucket is new, add it to the configuration.",
        command_advice: None,
    }
    KmsForeignContext {
        means: "Somebody named the trail or one of its log files in a KMS call under a key that is not the trail's. It says nothing about the log files themselves.",
        name: "kms-foreign-context", severity: Medium, step: None, once: false,
        object: "the log file that records the call",
        established: "The key of the KMS event was compared with the trail's keys.",
        advice: "The call used a key that is not the trail's, so that it says nothing about your log files. Ask the principal's owner why it names your trail. If the key is a new one of the trail, add it to the expected ones (stack parameter KmsKeyArns).",
        command_advice: Some("The call used a key that is not the trail's, so that it says nothing about your log files. Ask the principal's owner why it names your trail. If the key is a new one of the trail, name it with --key, too."),
    }
    KmsKeyMismatch {
        means: "A log file is encrypted under another key than the trail's.",
        name: "kms-key-mismatch", severity: High, step: None, once: false,
        object: "the log file that the call names; else the one that records it",
        established: "The key of the KMS call was compared with the object's and with the configured ones.",
        advice: "Find out who changed the key: look for UpdateTrail, PutBucketEncryption and CopyObject calls. If the change was planned, add the key to the expected ones (stack parameter KmsKeyArns).",
        command_advice: Some("Find out who changed the key: look for UpdateTrail, PutBucketEncryption and CopyObject calls. If the change was planned, name the key with --key, too."),
    }
    KmsKeyUnusable {
        means: "The trail's key cannot encrypt log files any more: nothing more is recorded.",
        name: "kms-key-unusable", severity: Critical, step: None, once: false,
        object: "the log file that records the call",
        established: "KMS describes the key as disabled, about to be deleted, or not meant for encryption.",
        advice: "Log files encrypted under this key cannot be delivered or read. Enable the key or cancel its deletion now (aws kms enable-key, aws kms cancel-key-deletion), then find out who changed it.",
        command_advice: None,
    }
    KmsKeyExpiring {
        means: "The imported material of the trail's key expires soon. From then on no log file can be delivered or read.",
        name: "kms-key-expiring", severity: High, step: None, once: false,
        object: "the log file that records the call",
        established: "KMS was asked for the key's expiration date.",
        advice: "Import the key material again before it expires (aws kms get-parameters-for-import, aws kms import-key-material). From then on CloudTrail cannot deliver log files under this key, and nobody can read those that are there.",
        command_advice: None,
    }
    KmsPolicyOpen {
        means: "The key's policy lets CloudTrail encrypt for any trail: another trail can write under the key.",
        name: "kms-policy-open", severity: Medium, step: None, once: false,
        object: "the log file that records the call",
        established: "The key's policy was read: a statement gives CloudTrail the key without naming the trail in a condition.",
        advice: "Other trails can write under this key, also into your bucket. Add the condition StringLike kms:EncryptionContext:aws:cloudtrail:arn with your trails' ARNs to the statement (aws kms put-key-policy).",
        command_advice: None,
    }
    KmsForeignCaller {
        means: "Somebody other than CloudTrail wrote a log file, or under a trail's encryption context.",
        name: "kms-foreign-caller", severity: Critical, step: None, once: false,
        object: "the log file that the call names; else the one that records it",
        established: "The KMS event of the encryption names its caller, and it is not CloudTrail.",
        advice: "Treat the named log file as forged: only CloudTrail writes log files. Keep it as evidence, look for the PutObject or CopyObject call of this principal, and take its kms:GenerateDataKey on the key and s3:PutObject on the bucket away.",
        command_advice: None,
    }
    KmsDeliveryDenied {
        means: "CloudTrail could not encrypt a log file: records are being lost.",
        name: "kms-delivery-denied", severity: High, step: None, once: false,
        object: "the log file that was to be delivered; else the one that records the call",
        established: "The KMS event of the delivery carries an error.",
        advice: "Log files are being lost now: CloudTrail cannot encrypt them. Give cloudtrail.amazonaws.com kms:GenerateDataKey* in the key's policy again (aws kms get-key-policy), enable the key, and find out who changed it (PutKeyPolicy, DisableKey, UpdateTrail).",
        command_advice: None,
    }
    KmsUnlistedReader {
        means: "A principal read log files who is not among the listed readers.",
        name: "kms-unlisted-reader", severity: Medium, step: None, once: false,
        object: "the first log file that was read",
        established: "The KMS events of the reading name their caller; it was compared with the list of readers.",
        advice: "Ask the principal's owner why the audit log was read. If it may, add it to the readers (stack parameter Readers); if not, take kms:Decrypt and s3:GetObject away from it and find out what it has learnt.",
        command_advice: Some("Ask the principal's owner why the audit log was read. If it may, name it with --reader; if not, take kms:Decrypt and s3:GetObject away from it and find out what it has learnt."),
    }
    LogFileEncryptionChanged {
        means: "A log file is not encrypted under the trail's key.",
        name: "log-file-encryption-changed", severity: High, step: None, once: false,
        object: "the log file",
        established: "The object's headers name its encryption; they were compared with the trail's key.",
        advice: "Find out who wrote the object and how: look for PutObject, CopyObject, UpdateTrail and PutBucketEncryption calls. If the trail's key was changed on purpose, add it to the expected ones (stack parameter KmsKeyArns).",
        command_advice: Some("Find out who wrote the object and how: look for PutObject, CopyObject, UpdateTrail and PutBucketEncryption calls. If the trail's key was changed on purpose, name it with --key, too."),
    }
    DeliveryUnsettled {
        means: "CloudTrail delivered a log file, and whether a digest lists it could not be found out for days.",
        name: "delivery-unsettled", severity: Medium, step: None, once: false,
        object: "one of the log files; or the digest",
        established: "The KMS event of the delivery was held against every digest that could be read since.",
        advice: "CloudTrail delivered the log file, and for days no digest that could be read said so. Verify the day by hand (trailseal verify, or aws cloudtrail validate-logs), and compare the file with other records of the same time.",
        command_advice: Some("CloudTrail delivered the log file, and no digest that could be read says so. Compare the file with other records of the same time."),
    }
    EnclaveImageUnlisted {
        means: "An enclave of an unknown image used KMS.",
        name: "enclave-image-unlisted", severity: High, step: None, once: false,
        object: "the log file that records the call",
        established: "The KMS event carries the enclave's attestation; its image digest was compared with the listed ones.",
        advice: "Find out who runs this enclave image (the module id begins with the instance's id). If it is a new build of yours, add its PCR0 to the expected ones (stack parameter EnclaveImages); if not, stop the instance and take its role's access to the key away.",
        command_advice: Some("Find out who runs this enclave image (the module id begins with the instance's id). If it is a new build of yours, name its PCR0 with --enclave-image; if not, stop the instance and take its role's access to the key away."),
    }
    EnclaveAttestationMalformed {
        means: "A KMS event carries an attestation that no Nitro Enclave makes.",
        name: "enclave-attestation-malformed", severity: High, step: None, once: false,
        object: "the log file that records the call",
        established: "The form of the enclave's module id and image digest was checked.",
        advice: "No Nitro Enclave makes such an attestation: do not rely on this record. Check that the log file is one that a digest lists, and keep it as evidence.",
        command_advice: None,
    }
    EnclaveAttestationMissing {
        means: "A reader that reads from an enclave only read without the enclave's attestation.",
        name: "enclave-attestation-missing", severity: High, step: None, once: false,
        object: "the log file that records the call",
        established: "The KMS event of the reading carries no attestation.",
        advice: "The reader's credentials were used outside its enclave. Revoke its sessions, require kms:RecipientAttestation:ImageSha384 in the key's policy, and find out where the call came from.",
        command_advice: None,
    }
    ObjectUnreadableDenied {
        means: "Nothing can be said about the object. This is no sign of tampering by itself.",
        name: "object-unreadable-denied", severity: Medium, step: None, once: true,
        object: "the unreadable object",
        established: "Access to it was denied at every try.",
        advice: redrive!("Nothing is known about this object. Give the function's role s3:GetObject and s3:ListBucket on the bucket and kms:Decrypt on the key, then "),
        command_advice: Some("Nothing is known about this object. Make it readable to the caller, and run the command again."),
    }
    ObjectArchived {
        means: "Nothing can be said about the object. This is no sign of tampering by itself.",
        name: "object-archived", severity: Medium, step: None, once: true,
        object: "the archived object",
        established: "It lies in an archive storage class, and cannot be read before it is restored.",
        advice: redrive!("Restore the object (aws s3api restore-object), then "),
        command_advice: Some("Nothing is known about this object. Make it readable to the caller, and run the command again."),
    }
}
