//! The object that an encryption context names in its `aws:s3:arn`.
//!
//! Four forms are documented: the bucket and folder when the trail is configured, a log file when
//! it is delivered and when it is read, and only the bucket with an S3 Bucket Key.
//!
//! Rules: <https://docs.aws.amazon.com/kms/latest/developerguide/services-cloudtrail.html>,
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html>.

use crate::names::ids::{AccountId, OrganizationId};
use crate::names::location::ObjectLocation;
use crate::names::object_key::{LOG_FOLDER, LogFileKey, ObjectKind, ROOT_FOLDER, classify};
use crate::names::places::Places;
use crate::names::split::split_once;

/// The object that an `aws:s3:arn` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextObject<'a> {
    /// The bucket to read from. A replica is named like its original.
    pub bucket: &'a str,
    /// Indicates whether it is a watched bucket.
    pub ours: bool,
    /// Indicates whether the ARN itself names a replica, into which S3 writes.
    pub replica: bool,
    /// The partition in the ARN.
    pub partition: &'a str,
    /// The target in the bucket.
    pub target: ContextTarget<'a>,
}

/// The target in a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContextTarget<'a> {
    /// Only the bucket, as with an S3 Bucket Key.
    Bucket,
    /// The folder to which a trail delivers.
    Folder {
        /// The account in it; `None` in an organization's folder.
        account: Option<AccountId>,
    },
    /// A log file whose path agrees with itself.
    LogFile(LogFileKey, &'a str),
    /// An object in a folder of log files whose path contradicts itself.
    InconsistentLogFile(&'a str),
    /// Another object of a trail: a digest, an Insight file, or the marker of one of its folders.
    OtherFile,
    /// None of these.
    Unknown,
}

impl<'a> ContextObject<'a> {
    /// Parses an `aws:s3:arn` in a record of the bucket `recorded_in`. Returns `None` if it is not
    /// an S3 ARN.
    #[must_use]
    pub fn parse(arn: &'a str, places: &'a Places, recorded_in: &'a str) -> Option<Self> {
        let arn = arn.strip_prefix("arn:")?;
        let (partition, rest) = split_once(arn, b':')
            .and_then(|(partition, rest)| Some((partition, rest.strip_prefix("s3:::")?)))
            .or_else(|| arn.split_once(":s3:::"))?;
        let (bucket, key) =
            split_once(rest, b'/').map_or((rest, None), |(bucket, key)| (bucket, Some(key)));
        let replica = places.is_replica(bucket);
        // A copy on disk of several buckets does not show their names.
        let bucket = if places.is_copy() {
            bucket
        } else {
            places.actual_of(bucket, recorded_in)
        };
        Some(Self {
            ours: places.watches(bucket),
            replica,
            bucket,
            partition,
            target: key.map_or(ContextTarget::Bucket, ContextTarget::of),
        })
    }

    /// Returns whether it names a log file, well-formed or not.
    #[must_use]
    pub fn names_log_file(&self) -> bool {
        matches!(
            self.target,
            ContextTarget::LogFile(..) | ContextTarget::InconsistentLogFile(_)
        )
    }

    /// Returns the named log file, well-formed or not.
    #[must_use]
    pub fn log_file(&self) -> Option<ObjectLocation> {
        match &self.target {
            ContextTarget::LogFile(_, key) | ContextTarget::InconsistentLogFile(key) => {
                Some(ObjectLocation::new(self.bucket, *key))
            }
            ContextTarget::Bucket
            | ContextTarget::Folder { .. }
            | ContextTarget::OtherFile
            | ContextTarget::Unknown => None,
        }
    }

    /// Returns the named log file, well-formed or not, if it is in a watched bucket.
    #[must_use]
    pub fn our_log_file(&self) -> Option<ObjectLocation> {
        self.ours.then(|| self.log_file()).flatten()
    }

    /// Returns the account whose folder is named; `None` in an organization's folder, whose trail
    /// belongs to another account.
    #[must_use]
    pub fn single_account(&self) -> Option<&AccountId> {
        match &self.target {
            ContextTarget::LogFile(key, _) if key.folder.organization.is_none() => {
                Some(&key.folder.account)
            }
            ContextTarget::Folder { account } => account.as_ref(),
            _ => None,
        }
    }
}

impl<'a> ContextTarget<'a> {
    fn of(key: &'a str) -> Self {
        if key.is_empty() || key.ends_with('/') {
            return match Self::folder(key) {
                Some(folder) => folder,
                None if is_marker(key) => Self::OtherFile,
                None => Self::Unknown,
            };
        }
        match classify(key) {
            ObjectKind::LogFile(log) => Self::LogFile(log, key),
            ObjectKind::UnknownLogFile => Self::InconsistentLogFile(key),
            ObjectKind::Digest(_) => Self::OtherFile,
            // Insight files and other files that CloudTrail delivers next to log files.
            ObjectKind::Other if in_trail_folder(key, "CloudTrail-") => Self::OtherFile,
            ObjectKind::UnknownDigest | ObjectKind::Other => Self::Unknown,
        }
    }

    /// Reads `[prefix/]ROOT/[o-orgid/]ACCOUNT/`, where ROOT is [`ROOT_FOLDER`], or an
    /// organization's complete folder.
    fn folder(key: &str) -> Option<Self> {
        let mut parts = key.strip_suffix('/')?.rsplit('/');
        let mut last = parts.next()?;
        let account = AccountId::new(last).ok();
        if account.is_some() {
            last = parts.next()?;
        }
        let organization = OrganizationId::new(last).is_ok();
        if organization {
            last = parts.next()?;
        }
        let well_formed = last == ROOT_FOLDER && (organization || account.is_some());
        well_formed.then_some(Self::Folder {
            account: account.filter(|_| !organization),
        })
    }
}

/// Returns whether a key is that of the empty object by which CloudTrail creates one of a trail's
/// folders: `[prefix/]ROOT/[o-orgid/]ACCOUNT/CloudTrail/`, or `…/CloudTrail-Digest/`.
fn is_marker(key: &str) -> bool {
    let parent = key.strip_suffix('/').and_then(|key| key.rsplit_once('/'));
    parent.is_some_and(|(parent, _)| ContextTarget::folder(&format!("{parent}/")).is_some())
        && in_trail_folder(key, LOG_FOLDER)
}

/// Returns whether a key is below `ROOT/[o-orgid/]ACCOUNT/CloudTrail…/`, a folder whose name starts
/// with `name`.
fn in_trail_folder(key: &str, name: &str) -> bool {
    let folders: Vec<&str> = key.split('/').collect();
    folders.windows(4).any(|window| {
        let [root, a, b, c] = window else {
            return false;
        };
        let below = |account: &str, folder: &str| {
            AccountId::new(account).is_ok() && folder.starts_with(name)
        };
        *root == ROOT_FOLDER && (below(a, b) || (OrganizationId::new(a).is_ok() && below(b, c)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/15/111122223333_CloudTrail_us-east-1_20260115T1205Z_7JREEBimdK8d2nC9.json.gz";

    fn what(key: &str) -> ContextTarget<'_> {
        let places = Places {
            log_buckets: vec!["amzn-s3-demo-bucket".to_owned()],
            ..Places::default()
        };
        let arn = format!("arn:aws:s3:::amzn-s3-demo-bucket{key}");
        let named = ContextObject::parse(&arn, &places, "amzn-s3-demo-bucket").unwrap();
        assert!(named.ours && named.partition == "aws");
        let key = key.strip_prefix('/');
        let target = key.map_or(ContextTarget::Bucket, ContextTarget::of);
        assert_eq!(named.target, target);
        target
    }

    #[test]
    fn the_documented_forms_are_distinguished() {
        assert_eq!(what(""), ContextTarget::Bucket);
        let account = AccountId::new("111122223333").ok();
        for folder in [
            "/AWSLogs/111122223333/",
            "/some/prefix/AWSLogs/111122223333/",
        ] {
            let account = account.clone();
            assert_eq!(what(folder), ContextTarget::Folder { account });
        }
        for folder in [
            "/AWSLogs/o-exampleorgid/",
            "/p/AWSLogs/o-exampleorgid/111122223333/",
        ] {
            assert_eq!(what(folder), ContextTarget::Folder { account: None });
        }
        assert!(matches!(what(&format!("/{KEY}")), ContextTarget::LogFile(_, key) if key == KEY));
        assert_eq!(
            what("/AWSLogs/111122223333/CloudTrail-Insight/us-east-1/2026/01/15/x.json.gz"),
            ContextTarget::OtherFile
        );
        // CloudTrail writes such objects when a trail is created.
        for marker in [
            "/AWSLogs/111122223333/CloudTrail/",
            "/p/AWSLogs/o-exampleorgid/111122223333/CloudTrail-Digest/",
        ] {
            assert_eq!(what(marker), ContextTarget::OtherFile, "{marker}");
        }
    }

    #[test]
    fn a_path_that_contradicts_itself_is_inconsistent() {
        for (from, to) in [
            ("/us-east-1/", "/us-west-2/"),
            ("/2026/01/15/", "/2026/01/16/"),
            ("AWSLogs/111122223333", "AWSLogs/444455556666"),
            ("T1205Z", "T1299Z"),
        ] {
            let key = KEY.replacen(from, to, 1);
            assert_eq!(
                what(&format!("/{key}")),
                ContextTarget::InconsistentLogFile(&key)
            );
        }
        for odd in [
            "/",
            "/AWSLogs/",
            "/folder/",
            "/AWSLogs/1111/",
            "/notes.txt",
            "/AWSLogs/111122223333/notes.txt",
            "/AWSLogs/111122223333/notes/",
            "/AWSLogs/111122223333/CloudTrail/us-east-1/2026/",
            "/AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/15/x.txt",
            "/AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/01/15/x.json.gz",
        ] {
            assert_eq!(what(odd), ContextTarget::Unknown, "{odd}");
        }
    }

    #[test]
    fn other_arns_name_no_object() {
        let places = Places::default();
        for arn in ["", "arn:aws:s3", "arn:aws:kms:::x", "amzn-s3-demo-bucket"] {
            assert_eq!(ContextObject::parse(arn, &places, "b"), None);
        }
        let named = ContextObject::parse("arn:aws:s3:::other/x", &places, "b").unwrap();
        assert!(!named.ours);
    }
}
