//! The contents of an HTTP request to AWS: service, Region, operation, object.

use std::collections::BTreeMap;

use bytes::Bytes;
use hyper::Method;
use hyper::http::request::Parts;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use trailseal_lambda::queue::passage::NOT_BEFORE;

/// The format of a service's requests, and therefore of its errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// S3: REST with XML errors.
    S3,
    /// `X-Amz-Target` with JSON (KMS, CloudTrail, SQS).
    Json,
    /// A form with `Action`, and XML answers (SNS, `CloudFormation`).
    Query,
    /// REST with JSON (Lambda, Security Hub).
    RestJson,
}

/// One call to AWS.
#[derive(Clone, Debug)]
pub struct Call {
    /// The service that the request is signed for (`s3`, `kms`, `sns`, …); empty without a
    /// signature.
    pub service: String,
    /// The Region that the request is signed for.
    pub region: String,
    /// The access key ID that the request is signed with; empty without a signature.
    pub access_key: String,
    /// The service's format.
    pub protocol: Protocol,
    /// HTTP method.
    pub method: Method,
    /// The decoded path; `/BUCKET/KEY` for S3.
    pub path: String,
    /// The query string as sent.
    pub query: String,
    /// The operation's name as AWS documents it; empty if it cannot be determined.
    pub operation: String,
    /// Bucket and key of an S3 request; the key is empty for requests about the bucket.
    pub object: Option<(String, String)>,
}

impl Call {
    /// Reads a call from the head of a request, and from its form body if it has one.
    pub fn read(parts: &Parts, body: &[u8]) -> Self {
        let [access_key, region, service] = credential_scope(parts).unwrap_or_default();
        let path = decode(parts.uri.path());
        let query = parts.uri.query().unwrap_or_default().to_owned();
        let target = header(parts, "x-amz-target");
        let is_form = header(parts, "content-type")
            .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        let (protocol, operation) = if let Some(target) = target {
            let name = target.rsplit('.').next().unwrap_or_default();
            (Protocol::Json, name.to_owned())
        } else if service == "s3" {
            (Protocol::S3, s3_operation(parts, &path, &query).to_owned())
        } else if is_form {
            let action = form(body).remove("Action");
            (Protocol::Query, action.unwrap_or_default())
        } else {
            (
                Protocol::RestJson,
                rest_operation(&service, &path).to_owned(),
            )
        };
        let object = (protocol == Protocol::S3).then(|| {
            let whole = path.trim_start_matches('/');
            let (bucket, key) = whole.split_once('/').unwrap_or((whole, ""));
            (bucket.to_owned(), key.to_owned())
        });
        Self {
            service,
            region,
            access_key,
            protocol,
            method: parts.method.clone(),
            path,
            query,
            operation,
            object,
        }
    }

    /// Returns the object's key, if the call is about an object.
    pub fn key(&self) -> Option<&str> {
        let (_, key) = self.object.as_ref()?;
        (!key.is_empty()).then_some(key.as_str())
    }
}

/// Returns whether a request is signed for S3, whose bodies may be large.
pub(super) fn is_s3(parts: &Parts) -> bool {
    credential_scope(parts).is_some_and(|[_, _, service]| service == "s3")
}

/// Returns the fields of a form.
pub(super) fn form(body: &[u8]) -> BTreeMap<String, String> {
    String::from_utf8_lossy(body)
        .split('&')
        .filter_map(|field| field.split_once('='))
        .map(|(name, value)| (decode_form(name), decode_form(value)))
        .collect()
}

/// Returns the parameters of a call as JSON: a JSON body unchanged, a form as an object of strings.
pub(super) fn parameters(call: &Call, body: &[u8]) -> Value {
    match call.protocol {
        Protocol::Query => form(body).into_iter().collect(),
        Protocol::Json | Protocol::RestJson => serde_json::from_slice(body).unwrap_or_default(),
        Protocol::S3 => Value::Null,
    }
}

/// Returns a message that is to be tried again later, without its delay: no test waits for minutes.
/// The record keeps the delay.
pub(super) fn undelayed(call: &Call, parameters: &Value) -> Option<Bytes> {
    if call.service != "sqs" || call.operation != "SendMessage" {
        return None;
    }
    parameters.get("MessageAttributes")?.get(NOT_BEFORE)?;
    let mut parameters = parameters.as_object()?.clone();
    parameters.remove("DelaySeconds")?;
    Some(Value::Object(parameters).to_string().into())
}

/// Returns the access key ID, Region and service of the `SigV4` credential scope:
/// `Credential=KEY/DATE/REGION/SERVICE/aws4_request`.
fn credential_scope(parts: &Parts) -> Option<[String; 3]> {
    let authorization = header(parts, "authorization")?;
    let (_, credential) = authorization.split_once("Credential=")?;
    let mut scope = credential.split([',', ' ']).next()?.split('/');
    let access_key = scope.next()?.to_owned();
    let region = scope.nth(1)?.to_owned();
    Some([access_key, region, scope.next()?.to_owned()])
}

fn header<'a>(parts: &'a Parts, name: &str) -> Option<&'a str> {
    parts.headers.get(name)?.to_str().ok()
}

fn rest_operation(service: &str, path: &str) -> &'static str {
    match (service, path) {
        ("securityhub", "/findings/import") => "BatchImportFindings",
        _ => "",
    }
}

fn s3_operation(parts: &Parts, path: &str, query: &str) -> &'static str {
    let has = |name: &str| {
        query
            .split('&')
            .any(|field| field.split('=').next() == Some(name))
    };
    let on_object = path
        .trim_start_matches('/')
        .split_once('/')
        .is_some_and(|(_, key)| !key.is_empty());
    match (parts.method.as_str(), on_object) {
        ("HEAD", true) => "HeadObject",
        ("HEAD", false) => "HeadBucket",
        ("GET", true) => "GetObject",
        ("GET", false) if has("versions") => "ListObjectVersions",
        ("GET", false) if has("location") => "GetBucketLocation",
        ("GET", false) if has("lifecycle") => "GetBucketLifecycleConfiguration",
        ("GET", false) if has("notification") => "GetBucketNotificationConfiguration",
        ("GET", false) if has("object-lock") => "GetObjectLockConfiguration",
        ("GET", false) if has("policy") => "GetBucketPolicy",
        ("GET", false) if has("publicAccessBlock") => "GetPublicAccessBlock",
        ("GET", false) if has("replication") => "GetBucketReplication",
        ("GET", false) if has("versioning") => "GetBucketVersioning",
        ("GET", false) if has("list-type") => "ListObjectsV2",
        ("GET", false) if path == "/" => "ListBuckets",
        ("GET", false) => "ListObjects",
        ("PUT", true) if parts.headers.contains_key("x-amz-copy-source") => "CopyObject",
        ("PUT", true) if has("partNumber") => "UploadPart",
        ("PUT", true) => "PutObject",
        ("PUT", false) => "CreateBucket",
        ("DELETE", true) => "DeleteObject",
        ("DELETE", false) => "DeleteBucket",
        ("POST", false) if has("delete") => "DeleteObjects",
        _ => "",
    }
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn decode_form(text: &str) -> String {
    decode(&text.replace('+', " "))
}
