//! The actions that AWS checks for a call, and the resources that they are about.
//!
//! The names, and the resources that an action can be restricted to, are from the Service Authorization
//! Reference: <https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html>. A call
//! that is not listed here is refused: nobody knows what it needs.

use anyhow::{Context, Result, bail};
use hyper::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde_json::Value;

use super::Identity;
use super::condition::Keys;
use crate::local::request::{Call, Protocol};
use crate::local::server::ACCOUNT;

/// The seconds of a day of retention.
const DAY: f64 = 86_400.0;

/// An action on a resource, and the values of the condition keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needed {
    /// The action, such as `s3:GetObject`.
    pub action: String,
    /// The ARN of the resource, or `*` for an action that has none.
    pub resource: String,
    /// The condition keys of the request.
    pub context: Keys,
}

impl Needed {
    fn new(action: &str, resource: impl Into<String>) -> Self {
        Self {
            action: action.to_owned(),
            resource: resource.into(),
            context: Keys::new(),
        }
    }

    fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.context.insert(key.to_ascii_lowercase(), value.into());
        self
    }
}

/// Returns what a call needs before AWS carries it out.
pub fn before(
    call: &Call,
    headers: &HeaderMap,
    parameters: &Value,
    identity: &Identity,
) -> Result<Vec<Needed>> {
    if call.protocol == Protocol::S3 {
        return of_s3(call, headers);
    }
    let text = |name: &str| {
        let value = parameters[name].as_str();
        value.with_context(|| format!("{} {} names no {name}", call.service, call.operation))
    };
    let arn = |service: &str, resource: &str| {
        format!("arn:aws:{service}:{}:{ACCOUNT}:{resource}", call.region)
    };
    let action = |name: &str| format!("{}:{name}", call.service);
    let of_queue = |name: &str| -> Result<Vec<Needed>> {
        let name_of_queue = text("QueueUrl")?.rsplit('/').next().unwrap_or_default();
        Ok(vec![Needed::new(&action(name), arn("sqs", name_of_queue))])
    };
    let one = |resource: String| vec![Needed::new(&action(&call.operation), resource)];
    Ok(match (call.service.as_str(), call.operation.as_str()) {
        ("sqs", "SendMessage" | "SendMessageBatch") => of_queue("SendMessage")?,
        ("sqs", "DeleteMessage" | "DeleteMessageBatch") => of_queue("DeleteMessage")?,
        ("sqs", "ChangeMessageVisibility" | "ChangeMessageVisibilityBatch") => {
            of_queue("ChangeMessageVisibility")?
        }
        ("sqs", name @ ("ReceiveMessage" | "GetQueueAttributes")) => of_queue(name)?,
        ("sns", "Publish") => {
            let topic = text("TopicArn")?;
            let mut needed = one(topic.to_owned());
            needed.extend(of_encrypted_topic(identity, topic, &call.region));
            needed
        }
        ("sns", "ListSubscriptionsByTopic") => one(text("TopicArn")?.to_owned()),
        ("kms", "DescribeKey" | "GetKeyPolicy" | "GetPublicKey" | "Sign") => {
            let key = text("KeyId")?;
            // "You cannot use an alias in the Resource element", and AWS checks the key that the alias
            // names: https://docs.aws.amazon.com/kms/latest/developerguide/cmks-in-iam-policies.html
            one(if key.starts_with("arn:") {
                identity.key_of_alias(key).to_owned()
            } else {
                arn("kms", &format!("key/{key}"))
            })
        }
        // These have no resource.
        ("cloudtrail", "ListPublicKeys") => one("*".to_owned()),
        ("cloudtrail", "GetTrailStatus" | "GetTrail") => one(text("Name")?.to_owned()),
        ("events", "DescribeRule") => one(arn("events", &format!("rule/{}", text("Name")?))),
        ("events", "ListTargetsByRule") => one(arn("events", &format!("rule/{}", text("Rule")?))),
        ("events", "DescribeEventBus") => {
            one(arn("events", &format!("event-bus/{}", text("Name")?)))
        }
        ("events", "PutEvents") => each(parameters, "Entries", |entry| {
            let name = entry["EventBusName"].as_str().unwrap_or("default");
            Some(Needed::new(
                "events:PutEvents",
                arn("events", &format!("event-bus/{name}")),
            ))
        })?,
        ("securityhub", "BatchImportFindings") => each(parameters, "Findings", |finding| {
            let product = finding["ProductArn"].as_str()?;
            Some(Needed::new("securityhub:BatchImportFindings", product))
        })?,
        ("secretsmanager", "GetSecretValue") => one(text("SecretId")?.to_owned()),
        ("sts", "AssumeRole") => one(text("RoleArn")?.to_owned()),
        (service, operation) => bail!("the permissions of {service} {operation} are not known"),
    })
}

/// Returns what each entry of a list needs.
fn each(
    parameters: &Value,
    list: &str,
    needed: impl Fn(&Value) -> Option<Needed>,
) -> Result<Vec<Needed>> {
    let entries = parameters[list].as_array();
    let entries = entries.with_context(|| format!("the request has no {list}"))?;
    let needed: Option<Vec<Needed>> = entries.iter().map(needed).collect();
    needed.with_context(|| format!("an entry of {list} names no resource"))
}

/// Returns what an answer of S3 needed as well: that S3 decrypts the object with KMS in the caller's
/// name, and that the caller may know that an object does not exist.
pub fn after(call: &Call, status: StatusCode, headers: &HeaderMap) -> Vec<Needed> {
    let (Protocol::S3, Some((bucket, key))) = (call.protocol, &call.object) else {
        return Vec::new();
    };
    let reads = matches!(call.operation.as_str(), "GetObject" | "HeadObject");
    if !reads {
        return Vec::new();
    }
    // "If you have the s3:ListBucket permission on the bucket, Amazon S3 returns an HTTP status code 404
    // (Not Found) error. If you don't, Amazon S3 returns an HTTP status code 403 (Access Denied) error":
    // https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    if status == StatusCode::NOT_FOUND {
        return vec![of_bucket("s3:ListBucket", bucket)];
    }
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let algorithm = text("x-amz-server-side-encryption").unwrap_or_default();
    if call.operation != "GetObject" || !status.is_success() || !algorithm.starts_with("aws:kms") {
        return Vec::new();
    }
    let Some(id) = text("x-amz-server-side-encryption-aws-kms-key-id") else {
        return Vec::new();
    };
    let resource = match id {
        arn if arn.starts_with("arn:") => arn.to_owned(),
        id => format!("arn:aws:kms:{}:{ACCOUNT}:key/{id}", call.region),
    };
    // With a Bucket Key, the context names the bucket:
    // https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html
    let named = match text("x-amz-server-side-encryption-bucket-key-enabled") {
        Some("true") => format!("arn:aws:s3:::{bucket}"),
        _ => format!("arn:aws:s3:::{bucket}/{key}"),
    };
    let needed = Needed::new("kms:Decrypt", resource)
        .with(
            "kms:ViaService",
            format!("s3.{}.amazonaws.com", call.region),
        )
        .with("kms:EncryptionContext:aws:s3:arn", named);
    vec![needed]
}

/// A publisher to an encrypted topic needs these permissions for the topic's key, which SNS uses in its
/// name: <https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html>.
fn of_encrypted_topic(identity: &Identity, topic: &str, region: &str) -> Vec<Needed> {
    let Some(key) = identity.key_of_topic(topic) else {
        return Vec::new();
    };
    let needed = ["kms:Decrypt", "kms:GenerateDataKey"].into_iter();
    needed
        .map(|action| {
            Needed::new(action, key).with("kms:ViaService", format!("sns.{region}.amazonaws.com"))
        })
        .collect()
}

fn of_bucket(action: &str, bucket: &str) -> Needed {
    Needed::new(action, format!("arn:aws:s3:::{bucket}")).with("aws:ResourceAccount", ACCOUNT)
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html>
fn of_s3(call: &Call, headers: &HeaderMap) -> Result<Vec<Needed>> {
    let (bucket, key) = call.object.as_ref().context("a call of S3")?;
    let of_object = |action: &str| {
        Needed::new(action, format!("arn:aws:s3:::{bucket}/{key}"))
            .with("aws:ResourceAccount", ACCOUNT)
    };
    let names_version = call.query.split('&').any(|it| it.starts_with("versionId="));
    let bucket_action = match call.operation.as_str() {
        "GetObject" | "HeadObject" if names_version => {
            return Ok(vec![of_object("s3:GetObjectVersion")]);
        }
        "GetObject" | "HeadObject" => return Ok(vec![of_object("s3:GetObject")]),
        "DeleteObject" if !names_version => return Ok(vec![of_object("s3:DeleteObject")]),
        "PutObject" => return of_put(of_object, headers),
        "HeadBucket" | "ListObjects" | "ListObjectsV2" => "s3:ListBucket",
        "ListObjectVersions" => "s3:ListBucketVersions",
        "GetBucketLifecycleConfiguration" => "s3:GetLifecycleConfiguration",
        "GetBucketNotificationConfiguration" => "s3:GetBucketNotification",
        "GetBucketPolicy" => "s3:GetBucketPolicy",
        "GetBucketReplication" => "s3:GetReplicationConfiguration",
        "GetBucketVersioning" => "s3:GetBucketVersioning",
        "GetObjectLockConfiguration" => "s3:GetBucketObjectLockConfiguration",
        "GetPublicAccessBlock" => "s3:GetBucketPublicAccessBlock",
        _ => bail!(
            "the permissions of {} {}?{} are not known",
            call.method,
            call.path,
            call.query
        ),
    };
    Ok(vec![of_bucket(bucket_action, bucket)])
}

/// An object that is written with a retention needs a permission for it as well:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>.
fn of_put(of_object: impl Fn(&str) -> Needed, headers: &HeaderMap) -> Result<Vec<Needed>> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let mut put = of_object("s3:PutObject");
    for (header, key) in [
        ("if-none-match", "s3:if-none-match"),
        ("if-match", "s3:if-match"),
    ] {
        if let Some(value) = text(header) {
            put = put.with(key, value);
        }
    }
    if text("x-amz-server-side-encryption")
        .is_some_and(|algorithm| algorithm.starts_with("aws:kms"))
    {
        bail!("the permissions of an upload with SSE-KMS are not known");
    }
    let mut needed = vec![put];
    if let Some(mode) = text("x-amz-object-lock-mode") {
        let until =
            text("x-amz-object-lock-retain-until-date").context("no end of the retention")?;
        let left = until.parse::<Timestamp>()?.duration_since(Timestamp::now());
        let days = (left.as_secs_f64() / DAY).ceil();
        needed.push(
            of_object("s3:PutObjectRetention")
                .with("s3:object-lock-mode", mode)
                .with("s3:object-lock-remaining-retention-days", days.to_string()),
        );
    }
    Ok(needed)
}
