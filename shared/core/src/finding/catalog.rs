//! Every kind of finding. One row states everything that is the same for each finding of the kind.
//!
//! A new kind starts here. `docs/findings.md` has a row for each, too, and the tests compare it
//! with this one.

use super::redrive::redrive;
use super::row::DigestStep::{Algorithm, Document, Key, Place, Predecessor, Signature, Successor};
use super::row::Severity::{Critical, High, Low, Medium};
use super::row::{DigestStep, Severity, catalog};

catalog! {
    DigestSignatureInvalid {
        means: "The digest's content or metadata is not what CloudTrail signed. Nothing that this digest lists is verified.",
        name: "digest-signature-invalid", severity: Critical, step: Some(Signature), once: false,
        object: "the digest",
        established: "Trailseal checked the signature in the object's metadata over the digest's end time, bucket, key, the SHA-256 of its content and the signature of the previous digest, with the CloudTrail public key that the digest names. The signature does not match.",
        advice: "Treat the log files of this hour as unverified. List the object's versions (aws s3api list-object-versions), keep all of them, and find out who wrote this one: look for PutObject, CopyObject and CompleteMultipartUpload calls in S3 data events or S3 server access logs that the writer could not change.",
        command_advice: None,
    }
    DigestSignatureMissing {
        means: "The metadata entry that holds the digest's signature is missing. This happens when an object is copied or uploaded again.",
        name: "digest-signature-missing", severity: Critical, step: Some(Signature), once: false,
        object: "the digest",
        established: "The object's metadata has no signature. CloudTrail always stores one.",
        advice: "The content may be intact: the next digest repeats this digest's signature. Find out who copied the object onto itself. Then list the object's versions (aws s3api list-object-versions), and copy back the previous one, with its metadata.",
        command_advice: None,
    }
    DigestMoved {
        means: "The digest was delivered to another bucket or key. This object is a copy, or another digest is in the place of the original.",
        name: "digest-moved", severity: Critical, step: Some(Place), once: false,
        object: "the digest where it was found",
        established: "Trailseal compared the bucket and key that the digest states, which are signed, with where the object is.",
        advice: "Find out who copied the digest here and why. Check that the original is still where the digest says. If this bucket is a replica, name it as one (stack parameter BucketAliases).",
        command_advice: Some("Find out who copied the digest here and why. Check that the original is still where the digest says. If this bucket is a replica, name it with --alias."),
    }
    DigestMalformed {
        means: "The object at a digest's key is not a valid digest.",
        name: "digest-malformed", severity: Critical, step: Some(Document), once: false,
        object: "the object",
        established: "Trailseal read the object to its end. A digest is one gzip member of bounded size that holds one digest document without contradictions.",
        advice: "Treat the log files of this hour as unverified. List the object's versions (aws s3api list-object-versions), keep all of them, and find out who wrote this one: look for PutObject, CopyObject and CompleteMultipartUpload calls in S3 data events or S3 server access logs that the writer could not change.",
        command_advice: None,
    }
    DigestKeyUnknown {
        means: "The digest is signed with a key that CloudTrail does not list.",
        name: "digest-key-unknown", severity: High, step: Some(Key), once: false,
        object: "the digest",
        established: "Trailseal looked up the fingerprint that the digest states among CloudTrail's public keys of the digest's Region and time.",
        advice: "Treat the digest as forged until its key is found. Compare its fingerprint with `aws cloudtrail list-public-keys` in its Region. A key that CloudTrail lists only for a time more than 45 days away is as suspicious as a key that it does not list.",
        command_advice: Some("Treat the digest as forged until its key is found. Compare its fingerprint with `aws cloudtrail list-public-keys` in its Region. If the keys come from a file, save the keys of the digest's time with `trailseal keys`."),
    }
    DigestKeyOutOfPeriod {
        means: "The signature is right and the key is CloudTrail's, but CloudTrail lists the key for another time. CloudTrail may have signed late.",
        name: "digest-key-out-of-period", severity: Medium, step: Some(Key), once: false,
        object: "the digest",
        established: "Trailseal compared the validity that CloudTrail lists for the key with the digest's time.",
        advice: "Compare the key with the keys of the digests of the hours before and after. If those digests are signed with another key, open a case with AWS Support. If not, there is nothing to do: CloudTrail retries a delivery for 30 days, so it may have signed late.",
        command_advice: None,
    }
    DigestAlgorithmUnsupported {
        means: "The digest names a hash or signature algorithm that CloudTrail does not use.",
        name: "digest-algorithm-unsupported", severity: High, step: Some(Algorithm), once: false,
        object: "the digest",
        established: "Trailseal compared the algorithms that the digest states with the documented ones: SHA-256, and SHA-256 with RSA.",
        advice: "Treat the log files of this hour as unverified. List the object's versions (aws s3api list-object-versions), keep all of them, and find out who wrote this one: look for PutObject, CopyObject and CompleteMultipartUpload calls in S3 data events or S3 server access logs that the writer could not change.",
        command_advice: None,
    }
    DigestMissing {
        means: "One or more consecutive digests are missing. The log files of that time cannot be verified.",
        name: "digest-missing", severity: Critical, step: Some(Predecessor), once: true,
        object: "the newest of the missing digests",
        established: "The next digest, which CloudTrail signed, names the previous one by bucket and key, and that object does not exist. The gap ends at the last earlier digest that exists and is signed.",
        advice: "First, list all versions of the missing digests and save the list (aws s3api list-object-versions). If a delete marker hides a digest, remove the marker by its version ID (aws s3api delete-object). If no version is left, copy the digest back from a replica or a backup, with its metadata. Then find out who deleted the digests: look for DeleteObject and DeleteObjects calls in S3 data events or S3 server access logs, and check the bucket's lifecycle rules. Until the digests are back, nobody can verify the log files of the window. When they are back, run trailseal verify for the window.",
        command_advice: None,
    }
    DigestModified {
        means: "The digest differs from what the next digest states about it.",
        name: "digest-modified", severity: Critical, step: Some(Predecessor), once: false,
        object: "the modified digest",
        established: "The next digest, which CloudTrail signed, states the SHA-256 and the signature of this one. Trailseal compared them with the object.",
        advice: "First, save a copy of this version as evidence, outside the bucket. Then list the digest's versions (aws s3api list-object-versions), and copy back the one that the next digest describes, with its metadata: compare the SHA-256 of the decompressed content with the expected one. Until it is back, treat the log files of its hour as unverified.",
        command_advice: None,
    }
    ChainGap {
        means: "Two consecutive digests leave time uncovered between them, or overlap.",
        name: "chain-gap", severity: High, step: Some(Predecessor), once: false,
        object: "the later digest",
        established: "Trailseal compared the end of the earlier digest with the start of the later one. Both are signed.",
        advice: "Compare the log files that were delivered in the window with other records of the same time. If nobody changed the trail, open a case with AWS Support.",
        command_advice: None,
    }
    ChainRestarted {
        means: "A new chain of digests starts where one existed before. Logging was off in between, and nothing that happened then is recorded.",
        name: "chain-restarted", severity: High, step: Some(Predecessor), once: false,
        object: "the starting digest",
        established: "The later digest, which CloudTrail signed, names no previous digest, and older digests of the same trail are in the bucket.",
        advice: "Look for StopLogging, DeleteTrail or UpdateTrail calls at the start of the window. If nobody planned this, treat it as an attack.",
        command_advice: None,
    }
    ChainStarted {
        means: "A chain of digests starts, and no earlier digest of it exists. The trail or the Region is new, or everything older was deleted.",
        name: "chain-started", severity: Low, step: Some(Predecessor), once: false,
        object: "the starting digest",
        established: "The first digest names no previous digest, and Trailseal found no older one.",
        advice: "If somebody just created this trail, enabled its log file validation or added the Region, there is nothing to do. If the trail is older, its earlier digests were deleted: look for DeleteObject, DeleteObjects, DeleteTrail and CreateTrail calls.",
        command_advice: None,
    }
    DigestTrailUnexpected {
        means: "A trail that is not one of the expected trails delivers digests to this bucket.",
        name: "digest-trail-unexpected", severity: High, step: Some(Place), once: false,
        object: "the digest",
        established: "Trailseal compared the trail's name, account and home Region in the digest's key with the expected trails.",
        advice: "Find out who created the trail (CreateTrail) and why it delivers to this bucket. If it is yours, add it to the expected trails (stack parameter TrailArns). If it is not, remove its s3:PutObject permission (aws s3api get-bucket-policy).",
        command_advice: Some("Find out who created the trail (CreateTrail) and why it delivers to this bucket. If it is not yours, remove its s3:PutObject permission (aws s3api get-bucket-policy)."),
    }
    DigestOverdue {
        means: "CloudTrail delivers a digest every hour, and none arrived for hours. Logging may be off, or the newest digests may be deleted.",
        name: "digest-overdue", severity: High, step: Some(Successor), once: true,
        object: "the newest digest",
        established: "Trailseal compared the end of the newest digest with the time by which the next one was due.",
        advice: "Find out whether the trail was stopped, moved or deleted (StopLogging, UpdateTrail, DeleteTrail, PutBucketPolicy), and look for DeleteObject and DeleteObjects calls on its newest digests. Until digests arrive again, nothing in this Region can be verified.",
        command_advice: None,
    }
    LogFileMissing {
        means: "A log file that CloudTrail delivered is missing.",
        name: "log-file-missing", severity: Critical, step: None, once: true,
        object: "the log file",
        established: "A digest that CloudTrail signed lists the log file, and no such object is in the bucket.",
        advice: "First, list all versions of the log file and save the list (aws s3api list-object-versions). If a delete marker hides the log file, remove the marker by its version ID (aws s3api delete-object). If no version is left, copy the log file back from a replica or a backup. Then find out who deleted it: look for DeleteObject and DeleteObjects calls in S3 data events or S3 server access logs, and check the bucket's lifecycle rules.",
        command_advice: None,
    }
    LogFileModified {
        means: "The log file's content is not what CloudTrail delivered.",
        name: "log-file-modified", severity: Critical, step: None, once: false,
        object: "the log file",
        established: "Trailseal compared the SHA-256 of the decompressed log file with the one that the signed digest lists.",
        advice: "Do not trust this file. First, save a copy of it as evidence, outside the bucket. Then list its versions (aws s3api list-object-versions), download each one (aws s3api get-object), and decompress it: the original has the expected SHA-256. Copy the original back. Find out who wrote this version: look for PutObject, CopyObject and CompleteMultipartUpload calls in S3 data events or S3 server access logs.",
        command_advice: None,
    }
    LogFileTrailingData {
        means: "Bytes were added after the end of the log file. Some programs read them as records, and others do not.",
        name: "log-file-trailing-data", severity: Critical, step: None, once: false,
        object: "the log file",
        established: "Trailseal read the log file to its last byte. Data follows the end of its gzip stream.",
        advice: "Do not trust this file. First, save a copy of it as evidence, outside the bucket. Then list its versions (aws s3api list-object-versions), download each one (aws s3api get-object), and decompress it: the original has the expected SHA-256. Copy the original back. Find out who wrote this version: look for PutObject, CopyObject and CompleteMultipartUpload calls in S3 data events or S3 server access logs.",
        command_advice: None,
    }
    LogFileMalformed {
        means: "The log file cannot be decompressed: it is not a gzip file, it is cut off, or it inflates without end.",
        name: "log-file-malformed", severity: Critical, step: None, once: false,
        object: "the log file",
        established: "Trailseal decompressed the log file to its end and compared the checksum in its trailer.",
        advice: "Do not trust this file. First, save a copy of it as evidence, outside the bucket. Then list its versions (aws s3api list-object-versions), download each one (aws s3api get-object), and decompress it: the original has the expected SHA-256. Copy the original back. Find out who wrote this version: look for PutObject, CopyObject and CompleteMultipartUpload calls in S3 data events or S3 server access logs.",
        command_advice: None,
    }
    LogFileUnlisted {
        means: "The bucket contains a log file that no digest lists. Programs that read the bucket may mistake its records for CloudTrail's.",
        name: "log-file-unlisted", severity: High, step: None, once: false,
        object: "the log file",
        established: "Trailseal compared the bucket's log files with what the digests list. The digests of the file's time exist, and none of them lists it.",
        advice: "CloudTrail does not confirm that it delivered this file: do not use it as a record. Find out who wrote it: look for PutObject, CopyObject and CompleteMultipartUpload calls in S3 data events or S3 server access logs. If another trail without log file validation delivers to the same place, enable validation on that trail.",
        command_advice: None,
    }
    ObjectDeleted {
        means: "Somebody deleted a log file or a digest.",
        name: "object-deleted", severity: Critical, step: None, once: false,
        object: "the deleted object",
        established: "S3 reported the deletion, and Trailseal looked at the object and its versions.",
        advice: "First, list all versions of the object and save the list (aws s3api list-object-versions). If a delete marker hides an intact version, remove the marker by its version ID (aws s3api delete-object). If another version is intact, copy it back (aws s3api copy-object). If no version is intact, copy the object back from a replica or a backup. Copy a digest together with its metadata. Then find out who deleted the object: look for DeleteObject and DeleteObjects calls in S3 data events or S3 server access logs, and remove this principal's s3:DeleteObject and s3:DeleteObjectVersion permissions.",
        command_advice: None,
    }
    ObjectOverwritten {
        means: "Somebody wrote other content over a log file or a digest.",
        name: "object-overwritten", severity: Critical, step: None, once: false,
        object: "the overwritten object",
        established: "S3 reported a write, and Trailseal compared the object with what CloudTrail signed.",
        advice: "Do not trust this object. First, save a copy of it as evidence, outside the bucket. Then list its versions (aws s3api list-object-versions), and copy back the one that CloudTrail delivered (aws s3api copy-object). If none is left, copy the object back from a replica or a backup, a digest with its metadata. Find out who wrote it: look for PutObject, CopyObject and CompleteMultipartUpload calls in S3 data events or S3 server access logs.",
        command_advice: None,
    }
    ObjectExpired {
        means: "An S3 Lifecycle rule deleted log files or digests that are older than the stated retention, or no retention is stated.",
        name: "object-expired", severity: Low, step: None, once: true,
        object: "one of the deleted objects",
        established: "S3 reported the deletion as an expiration. Trailseal compared the time in the object's key with the stated retention.",
        advice: "If a lifecycle rule of yours deletes old log files, there is nothing to do. State for how long you keep them (stack parameter LogFileRetentionDays): Trailseal then reports a rule that deletes younger ones.",
        command_advice: Some("If a lifecycle rule of yours deletes old log files, there is nothing to do."),
    }
    KmsContextMismatch {
        means: "A KMS call with a trail's encryption context names another trail, or an object that is not the trail's.",
        name: "kms-context-mismatch", severity: High, step: None, once: false,
        object: "the log file that the call names; otherwise the log file that records the call",
        established: "Trailseal compared the encryption context that the KMS call records with the trail and its objects.",
        advice: "Find out which principal made the KMS call (the event ID is given), and whether it writes or reads log files outside the trail. If the trail or bucket is new, add it to the configuration.",
        command_advice: None,
    }
    KmsForeignContext {
        means: "A principal named the trail or one of its log files in a KMS call under a key that is not the trail's. This says nothing about the log files themselves.",
        name: "kms-foreign-context", severity: Medium, step: None, once: false,
        object: "the log file that records the call",
        established: "Trailseal compared the key of the KMS event with the trail's keys.",
        advice: "The call used a key that is not the trail's, so it says nothing about your log files. Ask the principal's owner why it names your trail. If the key is a new key of the trail, add it to the expected keys (stack parameter KmsKeyArns).",
        command_advice: Some("The call used a key that is not the trail's, so it says nothing about your log files. Ask the principal's owner why it names your trail. If the key is a new key of the trail, also name it with --key."),
    }
    KmsKeyMismatch {
        means: "A log file is encrypted under a key that is not the trail's.",
        name: "kms-key-mismatch", severity: High, step: None, once: false,
        object: "the log file that the call names; otherwise the log file that records the call",
        established: "Trailseal compared the key of the KMS call with the object's key and with the configured keys.",
        advice: "Find out who changed the key: look for UpdateTrail, PutBucketEncryption and CopyObject calls. If the change was planned, add the key to the expected keys (stack parameter KmsKeyArns).",
        command_advice: Some("Find out who changed the key: look for UpdateTrail, PutBucketEncryption and CopyObject calls. If the change was planned, also name the key with --key."),
    }
    KmsKeyUnusable {
        means: "The trail's key can no longer encrypt log files, so nothing new is recorded.",
        name: "kms-key-unusable", severity: Critical, step: None, once: false,
        object: "the log file that records the call",
        established: "KMS describes the key as disabled, about to be deleted, or not meant for encryption.",
        advice: "First, enable the key or cancel its deletion (aws kms enable-key, aws kms cancel-key-deletion): until then, log files encrypted under this key cannot be delivered or read. Then find out who changed it: look for DisableKey, ScheduleKeyDeletion and UpdateTrail calls.",
        command_advice: None,
    }
    KmsKeyExpiring {
        means: "The imported key material of the trail's key expires soon. After that, no log file can be delivered or read.",
        name: "kms-key-expiring", severity: High, step: None, once: false,
        object: "the log file that records the call",
        established: "KMS states the expiration date of the key material.",
        advice: "Import the key material again before it expires (aws kms get-parameters-for-import, aws kms import-key-material). Once it has expired, CloudTrail cannot deliver log files under this key, and nobody can read those that are there.",
        command_advice: None,
    }
    KmsPolicyOpen {
        means: "The key's policy lets CloudTrail encrypt for any trail, so another trail can write under the key.",
        name: "kms-policy-open", severity: Medium, step: None, once: false,
        object: "the log file that records the call",
        established: "Trailseal read the key's policy. A statement gives CloudTrail the key without naming the trail in a condition.",
        advice: "Other trails can write under this key, also to your bucket. Add the condition StringLike kms:EncryptionContext:aws:cloudtrail:arn with your trails' ARNs to the statement (aws kms put-key-policy).",
        command_advice: None,
    }
    KmsForeignCaller {
        means: "A caller other than CloudTrail called KMS to encrypt a log file, or data with a trail's encryption context.",
        name: "kms-foreign-caller", severity: Critical, step: None, once: false,
        object: "the log file that the call names; otherwise the log file that records the call",
        established: "The KMS event of the encryption names its caller, and the caller is not CloudTrail.",
        advice: "First, remove the caller's kms:GenerateDataKey permission on the key and its s3:PutObject permission on the bucket. Treat the log file as forged, and keep it as evidence: only CloudTrail writes log files. Then find all objects that this caller wrote: look for its PutObject, CopyObject and CompleteMultipartUpload calls in S3 data events or S3 server access logs.",
        command_advice: None,
    }
    KmsDeliveryDenied {
        means: "CloudTrail could not encrypt a log file, so records are being lost.",
        name: "kms-delivery-denied", severity: High, step: None, once: false,
        object: "the log file that was to be delivered; otherwise the log file that records the call",
        established: "The KMS event of the delivery carries an error.",
        advice: "First, check that the key is enabled (aws kms describe-key), and that its policy gives cloudtrail.amazonaws.com kms:GenerateDataKey* (aws kms get-key-policy). Until CloudTrail can use the key again, log files are being lost. Then find out who changed the key or the trail: look for PutKeyPolicy, DisableKey and UpdateTrail calls.",
        command_advice: None,
    }
    KmsUnlistedReader {
        means: "A principal that is not a listed reader read log files.",
        name: "kms-unlisted-reader", severity: Medium, step: None, once: false,
        object: "the first log file that was read",
        established: "The KMS events of the reads name their caller. Trailseal compared it with the list of readers.",
        advice: "Ask the principal's owner why the log files were read. If the principal may read them, add it to the readers (stack parameter Readers). If it may not, remove its kms:Decrypt and s3:GetObject permissions, and find out what it learned.",
        command_advice: Some("Ask the principal's owner why the log files were read. If the principal may read them, name it with --reader. If it may not, remove its kms:Decrypt and s3:GetObject permissions, and find out what it learned."),
    }
    LogFileEncryptionChanged {
        means: "A log file is not encrypted under the trail's key.",
        name: "log-file-encryption-changed", severity: High, step: None, once: false,
        object: "the log file",
        established: "Trailseal compared the encryption that the object's headers state with the trail's key.",
        advice: "Find out who wrote the object and how: look for PutObject, CopyObject, UpdateTrail and PutBucketEncryption calls. If the trail's key was changed on purpose, add the new key to the expected keys (stack parameter KmsKeyArns).",
        command_advice: Some("Find out who wrote the object and how: look for PutObject, CopyObject, UpdateTrail and PutBucketEncryption calls. If the trail's key was changed on purpose, also name the new key with --key."),
    }
    DeliveryUnsettled {
        means: "CloudTrail delivered a log file, and for days Trailseal could not find out whether a digest lists it.",
        name: "delivery-unsettled", severity: Medium, step: None, once: false,
        object: "one of the log files, or the digest",
        established: "Trailseal looked for the delivery in every digest that it could read since.",
        advice: "Verify the day from the command line (trailseal verify, or aws cloudtrail validate-logs). If no digest lists the log file then, compare it with other records of the same time.",
        command_advice: Some("Compare the log file with other records of the same time: no digest that Trailseal could read lists it."),
    }
    LoggingWeakened {
        means: "Somebody made a call that weakens what a trail records, or how its files are kept.",
        name: "logging-weakened", severity: High, step: None, once: false,
        object: "the log file that records the call",
        established: "The record of the call names the trail, the log bucket or the key, and shows what the call set. AWS carried it out.",
        advice: "Ask the principal's owner whether this was planned. If it was not, undo the call at once. Then disable the principal's credentials, and look for its other calls in the log files of that time. If it was planned, there is nothing to do.",
        command_advice: None,
    }
    EnclaveImageUnlisted {
        means: "An enclave whose image is not listed used KMS.",
        name: "enclave-image-unlisted", severity: High, step: None, once: false,
        object: "the log file that records the call",
        established: "The KMS event carries the enclave's attestation. Trailseal compared its image digest with the listed ones.",
        advice: "Find out who runs this enclave image (the module ID begins with the instance's ID). If it is a new build of yours, add its PCR0 value to the expected images (stack parameter EnclaveImages). If it is not, stop the instance and remove its role's access to the key.",
        command_advice: Some("Find out who runs this enclave image (the module ID begins with the instance's ID). If it is a new build of yours, name its PCR0 value with --enclave-image. If it is not, stop the instance and remove its role's access to the key."),
    }
    EnclaveAttestationMalformed {
        means: "A KMS event carries an attestation that no Nitro Enclave produces.",
        name: "enclave-attestation-malformed", severity: High, step: None, once: false,
        object: "the log file that records the call",
        established: "Trailseal checked the form of the enclave's module ID and image digest.",
        advice: "No Nitro Enclave produces such an attestation: do not rely on this record. Check that a digest lists the log file, and keep it as evidence.",
        command_advice: None,
    }
    EnclaveAttestationMissing {
        means: "A reader that must read from an enclave read without an enclave's attestation.",
        name: "enclave-attestation-missing", severity: High, step: None, once: false,
        object: "the log file that records the call",
        established: "The KMS event of the read carries no attestation.",
        advice: "The reader's credentials were used outside its enclave. Revoke its sessions, require kms:RecipientAttestation:ImageSha384 in the key's policy, and find out where the call came from.",
        command_advice: None,
    }
    BucketGuardWeakened {
        means: "A setting that protects the log files in a bucket is weaker than it was, or a lifecycle rule deletes log files too soon.",
        name: "bucket-guard-weakened", severity: High, step: None, once: false,
        object: "the bucket, without a key, or an object that shows it",
        established: "Trailseal compared the bucket's versioning, Object Lock, lifecycle rules, Block Public Access, policy and replication with the strongest settings that it had read before. Or a lifecycle rule deleted a file that is younger than the stated retention.",
        advice: "Find out who changed the setting: look for the bucket's Put… and Delete… calls in CloudTrail's event history (aws cloudtrail lookup-events) in the bucket's Region. If nobody planned it, treat it as an attack, and restore the setting.",
        command_advice: None,
    }
    MonitoringImpaired {
        means: "A part of Trailseal's monitoring does not work. Trailseal may not notice what happens to the files of that part.",
        name: "monitoring-impaired", severity: High, step: None, once: true,
        object: "the digest, folder, document or bucket that is not watched; the record `watch/guard.json`, if it is a rule, topic, queue or trail",
        established: "Once an hour, Trailseal looks for digests that no function verified, and reads the state of every chain, of the log buckets and of the stack.",
        advice: "Trailseal's monitoring is incomplete until this is repaired. Check the functions' logs, and find out who changed the stack, the buckets or their policies.",
        command_advice: None,
    }
    ObjectUnreadableDenied {
        means: "Trailseal cannot check this object. This is not a sign of tampering by itself.",
        name: "object-unreadable-denied", severity: Medium, step: None, once: true,
        object: "the unreadable object",
        established: "Access to the object was denied at every try.",
        advice: redrive!("Trailseal cannot check this object. Give the function's role s3:GetObject and s3:ListBucket on the bucket and kms:Decrypt on the key, then "),
        command_advice: Some("Trailseal cannot check this object. Make it readable to the caller, and run the command again."),
    }
    ObjectArchived {
        means: "Trailseal cannot check this object. This is not a sign of tampering by itself.",
        name: "object-archived", severity: Medium, step: None, once: true,
        object: "the archived object",
        established: "The object is in an archive storage class and cannot be read until it is restored.",
        advice: redrive!("Restore the object (aws s3api restore-object), then "),
        command_advice: Some("Trailseal cannot check this object. Restore it or make it readable to the caller, and run the command again."),
    }
}
