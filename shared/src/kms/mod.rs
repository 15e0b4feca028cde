//! What the KMS records of a log file say of the trail's own files.
//!
//! CloudTrail's SSE-KMS leaves a KMS call for each log file delivered or read, whose encryption
//! context names the trail and the object. Context, object and key must agree with each other
//! and with what is configured.
//!
//! Rules: <https://docs.aws.amazon.com/kms/latest/developerguide/services-cloudtrail.html>,
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/encrypting-cloudtrail-log-files-with-aws-kms.html>.

pub mod policy;
pub mod readers;

use crate::config::Places;
use crate::ids::TrailArn;
use crate::location::ObjectLocation;
use crate::object_key::{ObjectKind, classify};
use crate::store::{Encryption, KeyDescription};
use serde_json::Value;

const TRAIL_CONTEXT: &str = "aws:cloudtrail:arn";
const OBJECT_CONTEXT: &str = "aws:s3:arn";

/// The most bytes of a value that is kept as evidence: an object's ARN in full.
const MAX_EVIDENCE_BYTES: usize = 1200;

/// A KMS call under an encryption context of CloudTrail or S3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KmsCall {
    /// `GenerateDataKey`, `Decrypt`, ….
    pub name: String,
    /// The event's id, to find it again.
    pub event_id: String,
    /// Whether KMS refused: nothing was encrypted or read.
    pub failed: bool,
    /// The context's `aws:cloudtrail:arn`.
    pub trail_arn: Option<String>,
    /// The context's `aws:s3:arn`.
    pub object_arn: Option<String>,
    /// The key: its ARN from `resources`, else what the caller named.
    pub key: Option<String>,
}

impl KmsCall {
    /// Reads a record; none if it is not a KMS call under such a context.
    ///
    /// Most records are not, and are dismissed by a look at their bytes.
    #[must_use]
    pub fn from_record(record: &str) -> Option<Self> {
        if !record.contains("kms.amazonaws.com") || !record.contains("encryptionContext") {
            return None;
        }
        let record: Value = serde_json::from_str(record).ok()?;
        if record.get("eventSource")?.as_str()? != "kms.amazonaws.com" {
            return None;
        }
        let parameters = record.get("requestParameters")?;
        let context = parameters.get("encryptionContext")?;
        let trail_arn = text(context, TRAIL_CONTEXT);
        let object_arn = text(context, OBJECT_CONTEXT);
        if trail_arn.is_none() && object_arn.is_none() {
            return None;
        }
        let key_in_resources =
            record
                .get("resources")
                .and_then(Value::as_array)
                .and_then(|resources| {
                    resources
                        .iter()
                        .filter_map(|resource| text(resource, "ARN"))
                        .find(|arn| arn.contains(":kms:") && arn.contains(":key/"))
                });
        Some(Self {
            name: text(&record, "eventName").unwrap_or_default(),
            event_id: text(&record, "eventID").unwrap_or_else(|| "without an id".to_owned()),
            failed: record.get("errorCode").is_some_and(|code| !code.is_null()),
            trail_arn,
            object_arn,
            key: key_in_resources.or_else(|| text(parameters, "keyId")),
        })
    }
}

fn text(value: &Value, name: &str) -> Option<String> {
    let text = value.get(name)?.as_str()?;
    let end = text.floor_char_boundary(MAX_EVIDENCE_BYTES);
    Some(text.get(..end).unwrap_or_default().to_owned())
}

/// What a context names: the object, if it is one of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Context {
    /// Neither our trail nor our log files.
    NotOurs,
    /// Trail and object agree with each other and with the configuration.
    Agrees {
        /// The log file named; none where the context names a folder or the bucket alone, as at
        /// configuration or with an S3 Bucket Key.
        object: Option<ObjectLocation>,
    },
    /// They do not.
    Mismatch {
        /// The log file named, if it is in a bucket of ours.
        object: Option<ObjectLocation>,
        /// What the context should hold.
        expected: String,
        /// What it holds.
        actual: String,
    },
}

/// Holds a call's encryption context, recorded in `bucket`, against the configuration and against
/// itself.
#[must_use]
pub fn check_context(call: &KmsCall, places: &Places, bucket: &str) -> Context {
    let object_arn = call.object_arn.as_deref();
    let resource = object_arn.and_then(|arn| S3Resource::parse(arn, places, bucket));
    let trail = call.trail_arn.as_deref().map(TrailArn::parse);
    let configured = |arn: &TrailArn| places.trails.contains(arn);
    let trail_is_ours = matches!(&trail, Some(Ok(arn)) if configured(arn));
    let names_a_log_file = resource.as_ref().is_some_and(S3Resource::is_of_a_trail);
    if !trail_is_ours && !names_a_log_file {
        return Context::NotOurs;
    }
    let object = resource.as_ref().and_then(|r| r.object.clone());
    let mismatch = |expected: String, actual: &str| Context::Mismatch {
        object: object.clone(),
        expected,
        actual: actual.to_owned(),
    };
    let account_of_object = resource.as_ref().and_then(|r| r.single_account.as_deref());
    match (&trail, call.trail_arn.as_deref()) {
        // Encrypted by the bucket's default, not by the trail: there is no trail to agree with.
        (None, _) | (_, None) => {}
        (Some(Err(_)), Some(text)) => {
            return mismatch(format!("{TRAIL_CONTEXT} with a trail's ARN"), text);
        }
        (Some(Ok(arn)), Some(text)) => {
            if !places.trails.is_empty() && !configured(arn) {
                let trails: Vec<String> = places.trails.iter().map(TrailArn::to_string).collect();
                return mismatch(format!("{TRAIL_CONTEXT} {}", trails.join(" or ")), text);
            }
            if places.trails.is_empty()
                && account_of_object.is_some_and(|account| account != arn.account.as_str())
            {
                return mismatch(
                    format!(
                        "{TRAIL_CONTEXT} of account {}, as the object's key says",
                        account_of_object.unwrap_or_default()
                    ),
                    text,
                );
            }
        }
    }
    match (resource, object_arn) {
        (Some(resource), Some(text)) => {
            if resource.well_formed {
                Context::Agrees { object }
            } else {
                mismatch(
                    format!(
                        "{OBJECT_CONTEXT} with the bucket, the trail's folder, or a log file's key that agrees with itself"
                    ),
                    text,
                )
            }
        }
        (None, Some(text)) => mismatch(
            format!("{OBJECT_CONTEXT} in {}", places.log_buckets.join(" or ")),
            text,
        ),
        (_, None) => mismatch(
            format!("{OBJECT_CONTEXT} with the bucket, folder or log file"),
            "none",
        ),
    }
}

/// An `aws:s3:arn` in one of our buckets.
struct S3Resource {
    /// The object, with the bucket to read it from; none for the bucket or a folder.
    object: Option<ObjectLocation>,
    /// The account in the key, unless it lies in an organization's folder.
    single_account: Option<String>,
    /// One of the documented forms.
    well_formed: bool,
}

impl S3Resource {
    fn parse(arn: &str, places: &Places, recorded_in: &str) -> Option<Self> {
        let (partition, rest) = arn.strip_prefix("arn:")?.split_once(":s3:::")?;
        let (bucket, key) = rest
            .split_once('/')
            .map_or((rest, None), |(bucket, key)| (bucket, Some(key)));
        let bucket = places.actual_of(bucket, recorded_in);
        if !places.watches(bucket) {
            return None;
        }
        let of = |key: &str| Some(ObjectLocation::new(bucket, key));
        let partition_agrees = places
            .trails
            .first()
            .is_none_or(|trail| trail.home_region.partition() == partition);
        let mut resource = match key {
            None => Self {
                object: None,
                single_account: None,
                well_formed: true,
            },
            Some(folder) if folder.is_empty() || folder.ends_with('/') => Self {
                object: None,
                single_account: None,
                well_formed: is_trail_folder(folder),
            },
            Some(key) => match classify(key) {
                ObjectKind::LogFile(log) => Self {
                    object: of(key),
                    single_account: log
                        .folder
                        .organization
                        .is_none()
                        .then(|| log.folder.account.to_string()),
                    well_formed: true,
                },
                ObjectKind::UnknownLogFile => Self {
                    object: of(key),
                    single_account: None,
                    well_formed: false,
                },
                // Insight files and what else CloudTrail delivers beside log files.
                ObjectKind::Digest(_) | ObjectKind::UnknownDigest | ObjectKind::Other => Self {
                    object: None,
                    single_account: None,
                    well_formed: key.contains("AWSLogs/"),
                },
            },
        };
        resource.well_formed &= partition_agrees;
        Some(resource)
    }

    /// Whether it is a log file by its place, so that a context without our trail is odd.
    fn is_of_a_trail(&self) -> bool {
        self.object.is_some()
    }
}

/// Where the trail delivers, as `arn:…:s3:::BUCKET/[prefix/]AWSLogs/[o-orgid/][ACCOUNT/]`.
fn is_trail_folder(folder: &str) -> bool {
    folder.is_empty() || folder.starts_with("AWSLogs/") || folder.contains("/AWSLogs/")
}

/// Two things that should be the same key and are not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyMismatch {
    /// What the key should be.
    pub expected: String,
    /// What it is.
    pub actual: String,
}

/// Whether `key` is a key's ARN, and not an alias or a bare id.
#[must_use]
pub fn is_key_arn(key: &str) -> bool {
    key.starts_with("arn:") && key.contains(":kms:") && key.contains(":key/")
}

/// Holds the key of a call (by ARN) against the configured keys; none configured: any.
#[must_use]
pub fn check_configured(key_arn: &str, configured: &[String]) -> Option<KeyMismatch> {
    let expected = configured.is_empty() || configured.iter().any(|arn| arn == key_arn);
    (!expected).then(|| KeyMismatch {
        expected: format!("a configured key: {}", configured.join(" or ")),
        actual: format!("the KMS call used {key_arn}"),
    })
}

/// Holds the key of a call (by ARN) against the headers of the object that it names.
#[must_use]
pub fn check_object(key_arn: &str, object: &Encryption) -> Option<KeyMismatch> {
    let actual = match (&object.algorithm, &object.kms_key_id) {
        (Some(algorithm), Some(key)) if algorithm.starts_with("aws:kms") => {
            if same_key(key, key_arn) {
                return None;
            }
            format!("the object is encrypted under {key}")
        }
        (algorithm, _) => format!(
            "the object is not encrypted under a KMS key but with {}",
            algorithm.as_deref().unwrap_or("nothing")
        ),
    };
    Some(KeyMismatch {
        expected: format!("the key of the KMS call, {key_arn}"),
        actual,
    })
}

/// An object's header holds the key's ARN, or its bare id where the writer named it so.
fn same_key(header: &str, arn: &str) -> bool {
    header == arn || arn.split_once(":key/").is_some_and(|(_, id)| id == header)
}

/// Why a key cannot encrypt log files, if it cannot.
///
/// Rule: CloudTrail and S3 take symmetric encryption keys only.
#[must_use]
pub fn check_health(key: &KeyDescription) -> Option<KeyMismatch> {
    let sound =
        key.spec == "SYMMETRIC_DEFAULT" && key.usage == "ENCRYPT_DECRYPT" && key.state == "Enabled";
    (!sound).then(|| KeyMismatch {
        expected: "a symmetric key (SYMMETRIC_DEFAULT, ENCRYPT_DECRYPT) that is Enabled".to_owned(),
        actual: format!("{}, {}, {}", key.spec, key.usage, key.state),
    })
}
