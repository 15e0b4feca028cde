//! A log file with handwritten KMS events, and what it is compared with.

use bytes::Bytes;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use trailseal::check::kms_events::{KmsChecker, KmsReport};
use trailseal::finding::{Finding, FindingKind, Verdict};
use trailseal::kms::expected::Expected;
use trailseal::kms::readers::{ReaderRule, Readers};
use trailseal::kms::review::Explanation;
use trailseal::kms::rules::Rule;
use trailseal::names::ids::TrailArn;
use trailseal::names::location::ObjectLocation;
use trailseal::names::places::Places;
use trailseal_tests::memory::Memory;
use trailseal_tests::trail::{Encryption, Object, gzip};

pub const BUCKET: &str = "amzn-s3-demo-bucket";
pub const ACCOUNT: &str = "111122223333";
pub const TRAIL: &str = "arn:aws:cloudtrail:us-east-1:111122223333:trail/management-events";
pub const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
pub const OTHER_KEY: &str =
    "arn:aws:kms:us-east-1:111122223333:key/0ddba11a-0dd0-4bad-8bad-0ddba11a0ddb";
pub const ALIAS: &str = "arn:aws:kms:us-east-1:111122223333:alias/logs";
pub const BARE: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";

/// The log file with the records.
pub const RECORDED: &str = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/15/111122223333_CloudTrail_us-east-1_20260115T1215Z_recordedInThis01.json.gz";
/// The log file that the records are about.
pub const DELIVERED: &str = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/15/111122223333_CloudTrail_us-east-1_20260115T1205Z_7JREEBimdK8d2nC9.json.gz";

pub const TRAIL_OF: &str = "/requestParameters/encryptionContext/aws:cloudtrail:arn";
pub const OBJECT_OF: &str = "/requestParameters/encryptionContext/aws:s3:arn";
pub const RESOURCE: &str = "/resources/0/ARN";

/// Returns a log file other than [`DELIVERED`].
pub fn log_key(number: usize) -> String {
    DELIVERED.replace("7JREEBimdK8d2nC9", &format!("number{number:010}"))
}

pub fn arn_of(key: &str) -> String {
    format!("arn:aws:s3:::{BUCKET}/{key}")
}

/// A record, changed by JSON pointers.
#[derive(Debug, Clone)]
pub struct Record(pub Value);

impl Record {
    /// Returns the event in which CloudTrail delivers [`DELIVERED`], as current events show it.
    pub fn delivery() -> Self {
        Self(json!({
            "eventVersion": "1.11",
            "userIdentity": {"type": "AWSService", "invokedBy": "cloudtrail.amazonaws.com"},
            "eventTime": "2026-01-15T12:04:31Z",
            "eventSource": "kms.amazonaws.com",
            "eventName": "GenerateDataKey",
            "awsRegion": "us-east-1",
            "sourceIPAddress": "cloudtrail.amazonaws.com",
            "userAgent": "cloudtrail.amazonaws.com",
            "requestParameters": {
                "encryptionContext": {
                    "aws:cloudtrail:arn": TRAIL,
                    "aws:s3:arn": arn_of(DELIVERED),
                },
                "keyId": KEY,
                "keySpec": "AES_256",
            },
            "responseElements": null,
            "requestID": "66f3f74a-88b9-11e5-b7fb-63d925c72ffe",
            "eventID": "7738554f-92ab-4e27-83e3-03354b1aa898",
            "readOnly": true,
            "resources": [{"accountId": ACCOUNT, "type": "AWS::KMS::Key", "ARN": KEY}],
            "eventType": "AwsApiCall",
            "recipientAccountId": ACCOUNT,
        }))
    }

    /// Returns the event in which a session of the role `Audit` reads [`DELIVERED`] through S3.
    pub fn read() -> Self {
        Self::delivery()
            .by(session("Audit", "alice"))
            .with("/eventName", "Decrypt")
            .with("/eventID", "9525bee7-5145-42b0-bed5-ab7196a16daa")
            .with("/sourceIPAddress", "198.51.100.7")
            .without("/requestParameters/keyId")
            .without("/requestParameters/keySpec")
    }

    pub fn by(self, identity: Value) -> Self {
        self.with("/userIdentity", identity)
    }

    pub fn id(self, id: &str) -> Self {
        self.with("/eventID", id)
    }

    pub fn object(self, key: &str) -> Self {
        self.with(OBJECT_OF, arn_of(key))
    }

    /// Makes KMS refuse: an error, and no resources.
    pub fn refused(self) -> Self {
        self.with("/errorCode", "AccessDenied")
            .without("/resources")
    }

    pub fn attested(self, module: &str, image: &str) -> Self {
        self.with(
            "/additionalEventData",
            json!({"recipient": {
                "attestationDocumentModuleId": module,
                "attestationDocumentEnclaveImageDigest": image,
            }}),
        )
    }

    /// Sets an existing field, or a new field of an existing object.
    #[track_caller]
    pub fn with(mut self, pointer: &str, value: impl Into<Value>) -> Self {
        let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
        match self.0.pointer_mut(parent).expect("the parent") {
            Value::Array(items) => items[name.parse::<usize>().expect("a place")] = value.into(),
            parent => parent[name] = value.into(),
        }
        self
    }

    #[track_caller]
    pub fn without(mut self, pointer: &str) -> Self {
        let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
        let parent = self.0.pointer_mut(parent).expect("the parent");
        parent.as_object_mut().expect("an object").remove(name);
        self
    }
}

/// Returns a session of a role in the account.
pub fn session(role: &str, name: &str) -> Value {
    json!({
        "type": "AssumedRole",
        "principalId": format!("AROAEXAMPLE:{name}"),
        "arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{name}"),
        "accountId": ACCOUNT,
        "sessionContext": {"sessionIssuer": {
            "type": "Role",
            "arn": format!("arn:aws:iam::{ACCOUNT}:role/{role}"),
            "accountId": ACCOUNT,
        }},
        "invokedBy": "AWS Internal",
    })
}

pub fn user(name: &str) -> Value {
    json!({
        "type": "IAMUser",
        "principalId": "AIDAEXAMPLE",
        "arn": format!("arn:aws:iam::{ACCOUNT}:user/{name}"),
        "accountId": ACCOUNT,
        "userName": name,
    })
}

/// A log file of these records, and the environment that it is compared with.
pub struct Case {
    pub expected: Expected,
    pub memory: Memory,
    pub recorded: Object,
}

impl Case {
    /// Returns a case with one trail and one key, both configured; the delivered log file exists
    /// there under the key.
    pub fn new() -> Self {
        let mut memory = Memory::default();
        memory.describe(KEY, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "Enabled");
        memory.put(log_file(DELIVERED, &[]));
        Self {
            expected: Expected {
                places: Places {
                    log_buckets: vec![BUCKET.to_owned()],
                    trails: vec![TrailArn::parse(TRAIL).unwrap()],
                    ..Places::default()
                },
                key_arns: vec![KEY.to_owned()],
                ..Expected::default()
            },
            memory,
            recorded: log_file(RECORDED, &[]),
        }
    }

    /// Returns a case in which neither trail nor key nor readers are configured.
    pub fn unconfigured() -> Self {
        let mut case = Self::new();
        case.expected.places.trails.clear();
        case.expected.key_arns.clear();
        case
    }

    pub fn with_readers(mut self, rules: &[&str]) -> Self {
        let rules = rules.iter().map(|rule| ReaderRule::parse(rule).unwrap());
        self.expected.readers = Readers::new(
            rules.collect(),
            vec![format!("arn:aws:iam::{ACCOUNT}:role/trailseal-LogVerifier")],
        );
        self
    }

    /// Returns the report on a log file of these records.
    pub async fn check(&mut self, records: &[Record]) -> KmsReport {
        let records: Vec<String> = records.iter().map(|record| record.0.to_string()).collect();
        self.check_text(&format!(r#"{{"Records":[{}]}}"#, records.join(",")))
            .await
    }

    pub async fn check_text(&mut self, content: &str) -> KmsReport {
        self.recorded = self.recorded.with_body(gzip::compress(content.as_bytes()));
        self.memory.put(self.recorded.clone());
        let checker = KmsChecker::new(&self.memory, &self.memory, self.expected.clone());
        checker.explaining().check(&at(&self.recorded)).await
    }

    /// Returns the function's report, which explains nothing.
    pub async fn check_unexplained(&mut self, records: &[Record]) -> KmsReport {
        self.check(records).await;
        let checker = KmsChecker::new(&self.memory, &self.memory, self.expected.clone());
        checker.check(&at(&self.recorded)).await
    }

    /// Returns the kinds of the findings about one record.
    pub async fn kinds(&mut self, record: Record) -> Vec<FindingKind> {
        kinds(&self.check(&[record]).await)
    }
}

pub fn at(object: &Object) -> ObjectLocation {
    ObjectLocation::new(&object.bucket, &object.key)
}

/// Returns a log file under the key.
pub fn log_file(key: &str, records: &[Value]) -> Object {
    Object {
        bucket: BUCKET.to_owned(),
        key: key.to_owned(),
        body: gzip::compress(json!({"Records": records}).to_string().as_bytes()),
        content_type: "application/json".to_owned(),
        content_encoding: Some("gzip".to_owned()),
        metadata: BTreeMap::new(),
        encryption: Encryption::Kms(KEY.to_owned()),
        delivered_at: "2026-01-15T12:04:31Z".parse().unwrap(),
    }
}

/// Returns an object of which only the key matters.
pub fn named(key: &str) -> Object {
    Object {
        body: Bytes::new(),
        encryption: Encryption::S3,
        ..log_file(key, &[])
    }
}

#[track_caller]
pub fn kinds(report: &KmsReport) -> Vec<FindingKind> {
    let obstacles = &report.report.obstacles;
    assert!(obstacles.is_empty(), "{obstacles:#?}");
    let findings = report.report.findings.iter();
    findings.map(|finding| finding.kind).collect()
}

#[track_caller]
pub fn only(report: &KmsReport) -> &Finding {
    kinds(report);
    match report.report.findings.as_slice() {
        [finding] => finding,
        findings => panic!("not one finding: {findings:#?}"),
    }
}

/// Returns a rule's verdicts, event by event.
pub fn verdicts(report: &KmsReport, rule: Rule) -> Vec<Verdict> {
    let of_rule = |explanation: &&Explanation| explanation.rule == rule;
    let explanations = report.explanations.iter().filter(of_rule);
    explanations
        .map(|explanation| explanation.verdict)
        .collect()
}

/// Returns every verdict, rule by rule.
pub fn table(report: &KmsReport) -> Vec<(Rule, Verdict)> {
    let explanations = report.explanations.iter();
    let mut table: Vec<_> = explanations
        .map(|explanation| (explanation.rule, explanation.verdict))
        .collect();
    table.sort_by_key(|(rule, _)| *rule);
    table
}
