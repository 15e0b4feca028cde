//! The story of a new log file's KMS records.

use crate::config::Places;
use crate::finding::{Finding, FindingKind, Report, Scope};
use crate::gunzip::GunzipError;
use crate::kms::{self, Context, KmsCall};
use crate::location::ObjectLocation;
use crate::object_key::{ObjectKind, classify};
use crate::records::{RecordsError, for_each_record};
use crate::store::{
    Body as _, Cause, DescribeKey, Encryption, KeyDescription, ReadEncryption, ReadObject,
    StoreError,
};
use futures::stream::{self, StreamExt as _};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The most bytes of a log file object that are held in memory. CloudTrail's take a few
/// megabytes.
pub const MAX_OBJECT_BYTES: usize = 32 * 1024 * 1024;

/// The most KMS calls of one log file that differ in what they name: a file has thousands of
/// records at most, and each such call costs a request.
const MAX_CALLS: usize = 5_000;

/// How many requests about objects and keys are in flight for one log file.
const REQUESTS_AT_ONCE: usize = 16;

/// Checks the KMS records of log files.
#[derive(Debug)]
pub struct KmsChecker<S, K> {
    store: S,
    kms: K,
    places: Places,
    key_arns: Vec<String>,
}

impl<S: ReadObject + ReadEncryption, K: DescribeKey> KmsChecker<S, K> {
    /// A checker of log files in `store`. `key_arns` are the trail's keys; empty: any.
    pub fn new(store: S, kms: K, places: Places, key_arns: Vec<String>) -> Self {
        Self {
            store,
            kms,
            places,
            key_arns,
        }
    }

    /// Checks the KMS calls that a log file records.
    ///
    /// Objects that are not log files by their key give an empty report.
    pub async fn check(&self, at: &ObjectLocation) -> Report {
        let ObjectKind::LogFile(key) = classify(&at.key) else {
            return Report::default();
        };
        let scope = Scope::of_log_file(&key, &self.places.trails);
        let object = match self.read(at).await {
            Ok(object) => object,
            // Gone before its digest has come, it is not known to be CloudTrail's.
            Err(error) if error.absence().is_some() => return Report::default(),
            Err(error) => {
                let mut report = Report::new();
                report.cannot_tell(error, &scope, at);
                return report;
            }
        };
        let mut report = Report::new();
        let mut calls = BTreeMap::new();
        let mut too_many = false;
        let read = for_each_record(&object, |record| {
            if let Some(call) = KmsCall::from_record(record) {
                too_many |= calls.len() >= MAX_CALLS;
                if !too_many {
                    // One of each is enough: the rest would be found the same.
                    calls.entry(Subject::of(&call)).or_insert(call);
                }
            }
        });
        drop(object);
        match read {
            Ok(()) => report.valid = 1,
            Err(error) => report.findings.push(not_a_log_file(&error, at, &scope)),
        }
        if too_many {
            report.cannot_tell(
                StoreError {
                    action: "check every KMS call of",
                    subject: at.to_string(),
                    cause: Cause::Failed(format!("it records more than {MAX_CALLS}")),
                },
                &scope,
                at,
            );
        }
        self.judge(calls.into_values().collect(), at, &scope, &mut report)
            .await;
        report
    }

    async fn read(&self, at: &ObjectLocation) -> Result<Vec<u8>, StoreError> {
        let mut object = self.store.read(at).await?;
        let mut bytes = Vec::new();
        while let Some(piece) = object.body.next().await? {
            if bytes.len().saturating_add(piece.len()) > MAX_OBJECT_BYTES {
                return Err(StoreError {
                    action: "read the records of",
                    subject: at.to_string(),
                    cause: Cause::Failed(format!(
                        "it has more than {MAX_OBJECT_BYTES} bytes, more than any log file of CloudTrail's"
                    )),
                });
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }
}

/// What makes two calls the same to every rule.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Subject {
    trail_arn: Option<String>,
    object_arn: Option<String>,
    key: Option<String>,
    failed: bool,
}

impl Subject {
    fn of(call: &KmsCall) -> Self {
        Self {
            trail_arn: call.trail_arn.clone(),
            object_arn: call.object_arn.clone(),
            key: call.key.clone(),
            failed: call.failed,
        }
    }
}

impl<S: ReadObject + ReadEncryption, K: DescribeKey> KmsChecker<S, K> {
    async fn judge(
        &self,
        calls: Vec<KmsCall>,
        log_file: &ObjectLocation,
        scope: &Scope,
        report: &mut Report,
    ) {
        let mut findings = Findings::default();
        let mut agreeing = Vec::new();
        for call in calls {
            match kms::check_context(&call, &self.places, &log_file.bucket) {
                Context::NotOurs => {}
                Context::Agrees { object } => agreeing.push((call, object)),
                Context::Mismatch {
                    object,
                    expected,
                    actual,
                } => findings.add(
                    Finding::new(
                        FindingKind::KmsContextMismatch,
                        self.scope_of(object.as_ref(), scope),
                        object.unwrap_or_else(|| log_file.clone()),
                        format!(
                            "The KMS call {} (event {}) has an encryption context that does not agree with the trail.",
                            call.name, call.event_id
                        ),
                    )
                    .with_evidence(expected, actual)
                    .with_detail(format!("{:?} {:?}", call.trail_arn, call.object_arn)),
                ),
            }
        }
        // A refused call encrypted and read nothing.
        agreeing.retain(|(call, _)| !call.failed);
        // Replication encrypts anew: a replica's headers say nothing of the original's key.
        let objects = agreeing
            .iter()
            .filter_map(|(_, object)| object.clone())
            .filter(|object| !self.places.is_replica(&object.bucket));
        let encryption = self.encryption_of(objects.collect(), scope, report).await;
        // A key that is not configured need not be asked about, and may not be.
        let keys = agreeing.iter().filter_map(|(call, _)| call.key.clone());
        let keys = keys.filter(|key| {
            !kms::is_key_arn(key) || kms::check_configured(key, &self.key_arns).is_none()
        });
        let keys = self
            .descriptions_of(keys.collect(), log_file, scope, report)
            .await;
        for (call, object) in &agreeing {
            let Some(named) = &call.key else { continue };
            let description = keys.get(named);
            let arn = match description {
                Some(description) => &description.arn,
                None if kms::is_key_arn(named) => named,
                None => continue,
            };
            let headers = object.as_ref().and_then(|object| encryption.get(object));
            let mismatch = kms::check_configured(arn, &self.key_arns)
                .or_else(|| kms::check_object(arn, headers?));
            if let Some(mismatch) = mismatch {
                findings.add(
                    Finding::new(
                        FindingKind::KmsKeyMismatch,
                        self.scope_of(object.as_ref(), scope),
                        object.clone().unwrap_or_else(|| log_file.clone()),
                        format!(
                            "The KMS call {} (event {}) used another key than the trail or the object.",
                            call.name, call.event_id
                        ),
                    )
                    .with_evidence(mismatch.expected, mismatch.actual)
                    .with_detail(arn.clone()),
                );
            }
            if let Some(mismatch) = description.and_then(kms::check_health) {
                findings.add(
                    Finding::new(
                        FindingKind::KmsKeyUnusable,
                        scope.clone(),
                        log_file.clone(),
                        format!(
                            "The key {arn} under which the trail's log files are encrypted cannot do so any more."
                        ),
                    )
                    .with_evidence(mismatch.expected, mismatch.actual)
                    .with_detail(arn.clone()),
                );
            }
        }
        report.findings.append(&mut findings.found);
    }

    /// The scope of the object that a finding is about; else that of the log file at hand.
    fn scope_of(&self, object: Option<&ObjectLocation>, log_file: &Scope) -> Scope {
        match object.map(|object| classify(&object.key)) {
            Some(ObjectKind::LogFile(key)) => Scope::of_log_file(&key, &self.places.trails),
            _ => log_file.clone(),
        }
    }

    async fn encryption_of(
        &self,
        objects: BTreeSet<ObjectLocation>,
        scope: &Scope,
        report: &mut Report,
    ) -> HashMap<ObjectLocation, Encryption> {
        let answers: Vec<_> = stream::iter(objects)
            .map(|object| async move {
                let answer = self.store.encryption(&object).await;
                (object, answer)
            })
            .buffer_unordered(REQUESTS_AT_ONCE)
            .collect()
            .await;
        let mut encryption = HashMap::new();
        for (object, answer) in answers {
            match answer {
                Ok(headers) => {
                    encryption.insert(object, headers);
                }
                // Whether it should be there is for its digest to say.
                Err(error) if error.absence().is_some() => {}
                Err(error) => {
                    report.cannot_tell(error, &self.scope_of(Some(&object), scope), &object);
                }
            }
        }
        encryption
    }

    async fn descriptions_of(
        &self,
        keys: BTreeSet<String>,
        log_file: &ObjectLocation,
        scope: &Scope,
        report: &mut Report,
    ) -> HashMap<String, KeyDescription> {
        let answers: Vec<_> = stream::iter(keys)
            .map(|key| async move {
                let answer = self.kms.describe_key(&key).await;
                (key, answer)
            })
            .buffer_unordered(REQUESTS_AT_ONCE)
            .collect()
            .await;
        let mut descriptions = HashMap::new();
        for (key, answer) in answers {
            let description = match answer {
                Ok(description) => description,
                Err(error) if error.absence().is_some() => KeyDescription {
                    arn: key.clone(),
                    spec: "no such key".to_owned(),
                    usage: "no usage".to_owned(),
                    state: "deleted".to_owned(),
                },
                Err(error) => {
                    report.cannot_tell_of(
                        error,
                        scope,
                        log_file,
                        &format!("the KMS key {key}, which a call in {log_file} names"),
                    );
                    continue;
                }
            };
            descriptions.insert(key, description);
        }
        descriptions
    }
}

/// Findings of one log file, each once.
#[derive(Default)]
struct Findings {
    found: Vec<Finding>,
    ids: BTreeSet<String>,
}

impl Findings {
    fn add(&mut self, finding: Finding) {
        if self.ids.insert(finding.id().to_string()) {
            self.found.push(finding);
        }
    }
}

fn not_a_log_file(error: &RecordsError, at: &ObjectLocation, scope: &Scope) -> Finding {
    let kind = match error {
        RecordsError::Gunzip(GunzipError::TrailingData) => FindingKind::LogFileTrailingData,
        _ => FindingKind::LogFileMalformed,
    };
    Finding::new(
        kind,
        scope.clone(),
        at.clone(),
        format!("An object was put where log files are delivered that CloudTrail does not write: {error}."),
    )
    .with_evidence(
        "one gzip member holding a JSON document of records",
        error.to_string(),
    )
}
