//! The findings about objects that were deleted or overwritten, with their sentences.
//!
//! The tests are in `tests/tests/changed`.

use super::restore::Restoration;
use super::{DigestReference, Finding, FindingKind, Scope, log_file};
use crate::names::deed::{Deed, ObjectAction};
use crate::names::location::ObjectLocation;
use crate::names::seconds::whole_second;
use crate::names::sha256::Sha256;
use jiff::{SignedDuration, Timestamp};

/// An object that was deleted or overwritten.
#[derive(Debug, Clone)]
pub struct ChangedObject<'a> {
    /// The account, Region and trail.
    pub scope: Scope,
    /// The object.
    pub at: &'a ObjectLocation,
    /// The kind of the object.
    pub kind: ChangedKind,
    /// What was done to it, if an event says it.
    pub deed: Option<&'a Deed>,
    /// The signed digest that lists it, with the hash of its content, if it is known.
    pub listed: Option<(Sha256, DigestReference)>,
}

/// The kind of an object that was deleted or overwritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangedKind {
    /// A log file.
    LogFile,
    /// A digest.
    Digest,
}

impl ChangedKind {
    fn in_words(self) -> &'static str {
        match self {
            Self::LogFile => "log file",
            Self::Digest => "digest",
        }
    }
}

/// The versions that are left of an object that was deleted or overwritten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeftVersions {
    /// One is what CloudTrail delivered.
    Intact {
        /// Its ID.
        version: String,
        /// How it becomes the current one.
        restoration: Restoration,
    },
    /// There are versions, and whether one of them is what CloudTrail delivered is not known.
    Unverified {
        /// Their number.
        count: usize,
        /// Why it is not known.
        why: String,
        /// What makes the newest of them the current one, if only a delete marker hides it.
        restoration: Option<Restoration>,
    },
    /// There are versions, and none of them is what CloudTrail delivered.
    NotIntact {
        /// Their number.
        count: usize,
    },
    /// There are none.
    Nothing,
}

impl LeftVersions {
    /// Returns a sentence about them.
    fn in_words(&self) -> String {
        match self {
            Self::Intact { version, .. } => {
                format!("Version {version} is intact: it is what CloudTrail signed.")
            }
            Self::Unverified { count, why, .. } => format!(
                "{} left. Trailseal does not know whether an intact version is among them: {why}.",
                versions(*count)
            ),
            Self::NotIntact { count } => {
                format!(
                    "{} left, but none is what CloudTrail signed.",
                    versions(*count)
                )
            }
            Self::Nothing => "No other version is left.".to_owned(),
        }
    }

    /// Returns whether nothing is left that could be restored.
    fn is_lost(&self) -> bool {
        matches!(self, Self::NotIntact { .. } | Self::Nothing)
    }

    fn restoration(&self) -> Option<&Restoration> {
        match self {
            Self::Intact { restoration, .. } => Some(restoration),
            Self::Unverified { restoration, .. } => restoration.as_ref(),
            Self::NotIntact { .. } | Self::Nothing => None,
        }
    }
}

fn versions(count: usize) -> String {
    match count {
        1 => "1 version is".to_owned(),
        n => format!("{n} versions are"),
    }
}

impl ChangedObject<'_> {
    /// Returns what was done to it, if it is a deletion, or a write.
    fn deed(&self, is_removal: bool) -> Option<&Deed> {
        let is_it = |deed: &&Deed| (deed.action != ObjectAction::Written) == is_removal;
        self.deed.filter(is_it)
    }

    /// Returns who deleted or wrote it, when and how: the start of a sentence. An event about
    /// something else does not say it.
    fn who(&self, did: &str, is_removal: bool) -> String {
        let deed = self.deed(is_removal);
        let requester = deed.and_then(|deed| deed.requester.as_deref());
        let who = match requester {
            Some(id) if id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit()) => {
                format!("A principal of account {id}")
            }
            Some(id) => id.to_owned(),
            None => "Somebody".to_owned(),
        };
        let Some(deed) = deed else {
            return format!("{who} {did}");
        };
        let text = |before: &str, text: Option<String>, after: &str| {
            text.map_or_else(String::new, |text| format!("{before}{text}{after}"))
        };
        let time = deed.time.map(|time| whole_second(time).to_string());
        format!(
            "{who} {did}{}{}{}",
            text(" at ", time, ""),
            text(" from ", deed.source_address.clone(), ""),
            text(" (", deed.reason.clone(), ")"),
        )
    }

    fn expected(&self) -> String {
        match (&self.listed, self.kind) {
            (Some((hash, _)), _) => format!("content with SHA-256 {hash}"),
            (None, ChangedKind::Digest) => "the digest that CloudTrail signed".to_owned(),
            (None, ChangedKind::LogFile) => "the log file that CloudTrail delivered".to_owned(),
        }
    }

    /// Returns a finding of the incident of the folder. A version that can be restored and one that
    /// is lost are two occurrences: people who know of the first have to hear of the second.
    fn finding(self, kind: FindingKind, is_lost: bool, message: String) -> Finding {
        let occurrence = occurrence(self.at, is_lost);
        let folder = self.at.region_folder();
        let mut finding =
            Finding::new(kind, self.scope, self.at.clone(), message).about(folder, occurrence);
        if let Some((_, digest)) = self.listed {
            finding = finding.with_digest(digest);
        }
        finding
    }
}

fn occurrence(at: &ObjectLocation, is_lost: bool) -> String {
    if is_lost {
        format!("{} lost", at.key)
    } else {
        at.key.clone()
    }
}

/// `object-deleted`: an object that CloudTrail delivered does not exist any more.
#[must_use]
pub fn deleted(object: ChangedObject<'_>, marker: Option<&str>, left: &LeftVersions) -> Finding {
    let what = object.kind.in_words();
    let actual = match marker {
        Some(marker) => format!("a delete marker, version {marker}"),
        None => "no such object".to_owned(),
    };
    let hidden = if marker.is_some() {
        " A delete marker hides it."
    } else {
        ""
    };
    let message = format!(
        "{}.{hidden} {}",
        object.who(&format!("deleted the {what}"), true),
        left.in_words()
    );
    let expected = object.expected();
    let advice = advice(object.at, left, "DeleteObject and DeleteObjects");
    let finding = object.finding(FindingKind::ObjectDeleted, left.is_lost(), message);
    with_advice(finding.with_evidence(expected, actual), advice)
}

/// `object-overwritten`: an object is not what CloudTrail delivered, although CloudTrail delivered
/// one with its key. `actual` says what it is.
#[must_use]
pub fn overwritten(object: ChangedObject<'_>, actual: &str, left: &LeftVersions) -> Finding {
    let what = object.kind.in_words();
    let is_removal = object.deed(true).is_some();
    let did = if is_removal {
        format!(
            "deleted a version of this {what}, and the current version is not what CloudTrail delivered"
        )
    } else {
        format!("overwrote this {what}")
    };
    let message = format!("{}. {}", object.who(&did, is_removal), left.in_words());
    let expected = object.expected();
    let calls = "PutObject, CopyObject and CompleteMultipartUpload";
    let advice = advice(object.at, left, calls);
    let finding = object.finding(FindingKind::ObjectOverwritten, left.is_lost(), message);
    with_advice(finding.with_evidence(expected, actual), advice)
}

/// `log-file-unlisted`: somebody wrote a file into a folder of log files, and no digest of its time
/// lists it.
#[must_use]
pub fn unlisted(object: &ChangedObject<'_>) -> Finding {
    let mut finding = log_file::unlisted(object.scope.clone(), object.at.clone());
    finding.message = format!(
        "{}. {}",
        object.who("wrote this file", false),
        finding.message
    );
    finding
}

/// The all-clear of `log-file-unlisted`: the file is no longer in the bucket.
#[must_use]
pub fn unlisted_is_gone(object: &ChangedObject<'_>) -> Finding {
    let message = format!(
        "{}. No digest lists it, although all digests of its time exist.",
        object.who("deleted this file", true)
    );
    unlisted(object).into_all_clear(message)
}

/// `object-expired`: a lifecycle rule deleted an object that is older than the stated retention, or
/// no retention is stated. One incident for each bucket: it happens every day.
#[must_use]
pub fn expired(
    object: ChangedObject<'_>,
    written: Timestamp,
    retention: Option<SignedDuration>,
) -> Finding {
    let what = object.kind.in_words();
    let (message, expected) = match retention {
        Some(retention) => (
            format!(
                "An S3 Lifecycle rule deleted this {what} and perhaps others. They are older than the {} days for which you keep them.",
                days(retention)
            ),
            format!("objects are kept for {} days", days(retention)),
        ),
        None => (
            format!(
                "An S3 Lifecycle rule deleted this {what} and perhaps others. Trailseal does not know for how long you keep them."
            ),
            "a stated retention".to_owned(),
        ),
    };
    let actual = format!("the {what} of {}", whole_second(written));
    let about = format!("s3://{}", object.at.bucket);
    Finding::new(
        FindingKind::ObjectExpired,
        object.scope,
        object.at.clone(),
        message,
    )
    .with_evidence(expected, actual)
    .about(about, "")
}

/// `bucket-guard-weakened`: a lifecycle rule deleted an object that is younger than the stated
/// retention. One incident for each bucket, which has one lifecycle configuration.
#[must_use]
pub fn expired_early(
    object: ChangedObject<'_>,
    written: Timestamp,
    retention: SignedDuration,
    left: &LeftVersions,
) -> Finding {
    let what = object.kind.in_words();
    let message = format!(
        "An S3 Lifecycle rule deleted the {what} of {}, although you keep log files for {} days. The rule deletes more files every day. {}",
        whole_second(written),
        days(retention),
        left.in_words()
    );
    let about = format!("s3://{} lifecycle", object.at.bucket);
    let occurrence = object.at.key.clone();
    let command = left.restoration().and_then(|it| it.command(object.at));
    let restore = command.map_or_else(String::new, |command| {
        format!(" Then restore the object: `{command}`.")
    });
    let advice = format!(
        "First, disable the rule: read the rules (aws s3api get-bucket-lifecycle-configuration), and write them back without it (aws s3api put-bucket-lifecycle-configuration).{restore} Find out who added the rule: look for PutBucketLifecycle and PutBucketLifecycleConfiguration calls."
    );
    let finding = Finding::new(
        FindingKind::BucketGuardWeakened,
        object.scope,
        object.at.clone(),
        message,
    )
    .with_evidence(
        format!(
            "no lifecycle rule deletes files of the last {} days",
            days(retention)
        ),
        "a lifecycle rule that does",
    )
    .about(about, occurrence);
    with_advice(finding, Some(advice))
}

/// The all-clears of [`deleted`] and [`overwritten`]: the object is what CloudTrail delivered.
#[must_use]
pub fn intact(object: &ChangedObject<'_>) -> Vec<Finding> {
    let message = format!(
        "The {} is in its place again, and is what CloudTrail signed.",
        object.kind.in_words()
    );
    let kinds = [FindingKind::ObjectDeleted, FindingKind::ObjectOverwritten];
    kinds
        .into_iter()
        .flat_map(|kind| [(kind, false), (kind, true)])
        .map(|(kind, is_lost)| {
            let found = object.clone().finding(kind, is_lost, String::new());
            found.into_all_clear(message.clone())
        })
        .collect()
}

/// Returns what to do first, if a command restores the object.
fn advice(at: &ObjectLocation, left: &LeftVersions, calls: &str) -> Option<String> {
    let command = left.restoration()?.command(at)?;
    let then = match left {
        LeftVersions::Intact { .. } => {
            "Trailseal closes the incident when all of its objects are restored."
        }
        _ => "After that, verify the day (trailseal verify).",
    };
    Some(format!(
        "First, save the list of the object's versions (aws s3api list-object-versions). Then restore the object: `{command}`. {then} Find out who did this: look for {calls} calls in S3 data events or S3 server access logs."
    ))
}

fn with_advice(finding: Finding, advice: Option<String>) -> Finding {
    match advice {
        Some(advice) => finding.with_remedy(advice),
        None => finding,
    }
}

fn days(duration: SignedDuration) -> i64 {
    duration.as_hours() / 24
}
