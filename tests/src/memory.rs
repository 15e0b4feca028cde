//! The store traits of the core, implemented for a trail in memory, with faults on request.

use crate::trail::{Change, Encryption as AtRest, KmsSpec, Object as Delivered, Trail};
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use trailseal::names::ids::{Region, TrailArn};
use trailseal::names::location::ObjectLocation;
use trailseal::names::object_key::{ObjectKind, classify};
use trailseal::names::places::Places;
use trailseal::trust::public_key::{KeySet, PublicKey, SigningPeriod};
use trailseal::world::{
    Absence, AddEvidence, Body, Cause, Depth, DescribeKey, Encryption, Headers, KeepEvidence,
    KeyDescription, ListAfter, ListEvidence, ListObjects, ListPublicKeys, ListVersions, Object,
    ObjectVersion, Page, ReadEncryption, ReadKeyPolicy, ReadObject, ReplaceEvidence,
    SettleEvidence, StoreError, Versioned, Versions, WaitingPage,
};

/// The number of keys on a page of a listing, unless a test sets it: few, so that pages matter.
const PAGE: usize = 10;

/// The number of keys on a page of the evidence bucket.
const WAITING_PAGE: usize = 100;

/// A key policy as CloudTrail's documentation shows it.
const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"CloudTrail","Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"kms:GenerateDataKey*","Resource":"*","Condition":{"StringLike":{"kms:EncryptionContext:aws:cloudtrail:arn":"arn:aws:cloudtrail:*:111122223333:trail/*"}}}]}"#;

/// Returns where a trail is delivered; no other trail is expected there.
pub fn places(trail: &Trail) -> Places {
    let buckets = trail.spec.buckets().into_iter().map(str::to_owned);
    Places {
        log_buckets: buckets.collect(),
        trails: vec![TrailArn::parse(&trail.spec.trail_arn()).expect("a trail's ARN")],
        ..Places::default()
    }
}

/// S3, CloudTrail's keys, KMS and the evidence bucket, in memory.
#[derive(Debug, Default)]
pub struct Memory {
    objects: BTreeMap<(String, String), Delivered>,
    /// The versions and delete markers of the objects that have several, oldest first.
    versions: BTreeMap<(String, String), Vec<StoredVersion>>,
    buckets: BTreeSet<String>,
    /// The errors that reading an object returns instead, by its key.
    faults: Mutex<HashMap<String, VecDeque<Cause>>>,
    /// The errors that a request for an object's headers returns instead, by the object's key.
    header_faults: HashMap<String, Cause>,
    /// The error that a request for the versions of an object returns instead.
    version_fault: Option<Cause>,
    /// When an object was written, by its key, if not at the time when CloudTrail delivers it.
    written: HashMap<String, Timestamp>,
    /// The time at which headers are requested, if it matters.
    now: Option<Timestamp>,
    keys: BTreeMap<String, serde_json::Value>,
    key_fault: Option<Cause>,
    descriptions: HashMap<String, KeyDescription>,
    /// KMS's answer about every key instead.
    description_fault: Option<Cause>,
    /// The keys that KMS was asked about.
    described: Mutex<Vec<String>>,
    policies: HashMap<String, Result<String, Cause>>,
    evidence: Mutex<BTreeMap<String, String>>,
    /// The errors of requests for documents, by the start of their keys.
    evidence_faults: Mutex<BTreeMap<String, Cause>>,
    /// The folder whose listings after a key fail, and why.
    listing_fault: Mutex<Option<(String, Cause)>>,
    reads: AtomicUsize,
    lists: AtomicUsize,
    /// The number of keys on a page of a listing, if not [`PAGE`].
    page: Option<usize>,
}

/// A version of an object, or a delete marker.
#[derive(Debug, Clone)]
struct StoredVersion {
    id: String,
    /// The content; `None` for a delete marker.
    object: Option<Delivered>,
    written: Timestamp,
}

impl Memory {
    /// Returns everything that a trail delivers, and the keys that sign it.
    pub fn of(trail: &Trail) -> Self {
        let mut memory = Self::default();
        memory
            .buckets
            .extend(trail.spec.buckets().into_iter().map(str::to_owned));
        for object in trail.objects() {
            memory.put(object.clone());
        }
        memory.publish_keys(trail);
        memory
    }

    /// Publishes the keys that sign a trail.
    pub fn publish_keys(&mut self, trail: &Trail) {
        let by_region = trail.public_keys_by_region();
        for (region, keys) in by_region.as_object().expect("keys by Region") {
            self.keys.insert(region.clone(), keys.clone());
        }
    }

    /// Writes an object.
    pub fn put(&mut self, object: Delivered) {
        self.buckets.insert(object.bucket.clone());
        self.objects
            .insert((object.bucket.clone(), object.key.clone()), object);
    }

    /// Deletes an object.
    pub fn delete(&mut self, object: &Delivered) {
        self.objects
            .remove(&(object.bucket.clone(), object.key.clone()))
            .expect("the object to delete is there");
    }

    /// Writes another version of an object, in a bucket that keeps versions.
    ///
    /// # Panics
    /// If `time` is not an RFC 3339 time.
    pub fn put_version(&mut self, object: Delivered, id: &str, time: &str) {
        self.written_at(&object, time);
        self.add_version(&object.clone(), Some(object.clone()), id, time);
        self.put(object);
    }

    /// Adds a delete marker to an object, in a bucket that keeps versions.
    ///
    /// # Panics
    /// If `time` is not an RFC 3339 time.
    pub fn mark_deleted(&mut self, object: &Delivered, id: &str, time: &str) {
        self.add_version(object, None, id, time);
        self.objects
            .remove(&(object.bucket.clone(), object.key.clone()));
    }

    /// Deletes a version or a delete marker permanently.
    ///
    /// # Panics
    /// If there is none with this ID.
    pub fn delete_version(&mut self, object: &Delivered, id: &str) {
        let place = (object.bucket.clone(), object.key.clone());
        let versions = self.versions_of(object);
        let at = versions.iter().position(|version| version.id == id);
        versions.remove(at.expect("the version to delete is there"));
        match versions.last().and_then(|newest| newest.object.clone()) {
            Some(current) => self.objects.insert(place, current),
            None => self.objects.remove(&place),
        };
    }

    fn add_version(&mut self, of: &Delivered, object: Option<Delivered>, id: &str, time: &str) {
        let version = StoredVersion {
            id: id.to_owned(),
            object,
            written: time.parse().expect("RFC 3339"),
        };
        self.versions_of(of).push(version);
    }

    /// Returns the versions of an object: at first, only the one that was delivered, `v0`.
    fn versions_of(&mut self, object: &Delivered) -> &mut Vec<StoredVersion> {
        let place = (object.bucket.clone(), object.key.clone());
        let first = self.objects.get(&place).map(|delivered| StoredVersion {
            id: "v0".to_owned(),
            object: Some(delivered.clone()),
            written: delivered.delivered_at,
        });
        self.versions
            .entry(place)
            .or_insert_with(|| first.into_iter().collect())
    }

    /// Makes a change to the bucket.
    pub fn apply(&mut self, change: Change) {
        match change {
            Change::Put(object) => self.put(object),
            Change::Delete(at) => {
                self.objects.remove(&(at.bucket, at.key));
            }
        }
    }

    /// Makes the next `times` reads of an object fail.
    pub fn fail(&self, object: &Delivered, cause: &Cause, times: usize) {
        let causes = std::iter::repeat_n(cause.clone(), times).collect();
        self.faults
            .lock()
            .expect("no panic")
            .insert(object.key.clone(), causes);
    }

    /// Makes requests for the headers of an object fail.
    pub fn fail_headers(&mut self, object: &Delivered, cause: Cause) {
        self.header_faults.insert(object.key.clone(), cause);
    }

    /// Makes requests for the versions of objects fail.
    pub fn fail_versions(&mut self, cause: Cause) {
        self.version_fault = Some(cause);
    }

    /// Sets the time at which headers are requested.
    ///
    /// # Panics
    /// If `time` is not an RFC 3339 time.
    pub fn asked_at(&mut self, time: &str) {
        self.now = Some(time.parse().expect("RFC 3339"));
    }

    /// Sets the time at which an object was written.
    ///
    /// # Panics
    /// If `time` is not an RFC 3339 time.
    pub fn written_at(&mut self, object: &Delivered, time: &str) {
        let time = time.parse().expect("RFC 3339");
        self.written.insert(object.key.clone(), time);
    }

    /// Makes CloudTrail answer every request for keys with this failure.
    pub fn fail_keys(&mut self, cause: Cause) {
        self.key_fault = Some(cause);
    }

    /// Makes CloudTrail answer without listing any key.
    pub fn forget_keys(&mut self) {
        self.keys.clear();
    }

    /// Makes KMS answer every request about a key with this failure.
    pub fn fail_descriptions(&mut self, cause: Cause) {
        self.description_fault = Some(cause);
    }

    /// Returns the keys that KMS was asked about, by the names in the requests.
    pub fn described(&self) -> Vec<String> {
        self.described.lock().expect("no panic").clone()
    }

    /// Makes this key known to KMS.
    pub fn describe(&mut self, arn: &str, spec: &str, usage: &str, state: &str) {
        self.describe_as(
            arn,
            KeyDescription {
                arn: arn.to_owned(),
                spec: spec.to_owned(),
                usage: usage.to_owned(),
                state: state.to_owned(),
                expires: None,
            },
        );
    }

    /// Makes a key known to KMS by this name: its ARN, its ID or an alias.
    pub fn describe_as(&mut self, name: &str, description: KeyDescription) {
        self.descriptions.insert(name.to_owned(), description);
    }

    /// Makes the keys of a trail known to KMS, by all their names: both are healthy.
    pub fn describe_keys(&mut self, kms: &KmsSpec) {
        let (_, id) = kms.key_arn.rsplit_once('/').expect("a key's ARN");
        for name in [&*kms.key_arn, &*kms.alias, id] {
            self.describe_as(name, healthy(&kms.key_arn));
        }
        let other = kms.other_key_arn();
        self.describe_as(&other, healthy(&other));
    }

    /// Sets the key's policy, or the reason why it cannot be read.
    pub fn set_policy(&mut self, arn: &str, policy: Result<&str, Cause>) {
        let policy = policy.map(str::to_owned);
        self.policies.insert(arn.to_owned(), policy);
    }

    /// Returns the documents of the evidence bucket with a prefix, by key.
    pub fn evidence(&self, prefix: &str) -> BTreeMap<String, String> {
        let evidence = self.evidence.lock().expect("no panic");
        let below = evidence.range(prefix.to_owned()..);
        below
            .take_while(|(key, _)| key.starts_with(prefix))
            .map(|(key, document)| (key.clone(), document.clone()))
            .collect()
    }

    /// Makes requests for documents of the evidence bucket fail whose key, or whose folder that is
    /// listed, starts with `prefix`; `None` makes them succeed again.
    pub fn fail_evidence(&self, prefix: &str, cause: Option<Cause>) {
        let mut faults = self.evidence_faults.lock().expect("no panic");
        match cause {
            Some(cause) => faults.insert(prefix.to_owned(), cause),
            None => faults.remove(prefix),
        };
    }

    fn evidence_fault(&self, key: &str) -> Option<Cause> {
        let faults = self.evidence_faults.lock().expect("no panic");
        let fault = faults.iter().find(|(prefix, _)| key.starts_with(*prefix));
        fault.map(|(_, cause)| cause.clone())
    }

    /// Makes listings of objects after a key fail; `None` makes them succeed again.
    pub fn fail_listings(&self, cause: Option<Cause>) {
        *self.listing_fault.lock().expect("no panic") = cause.map(|cause| (String::new(), cause));
    }

    /// Makes listings of objects after a key in a folder fail.
    pub fn fail_listings_below(&self, folder: &str, cause: Cause) {
        *self.listing_fault.lock().expect("no panic") = Some((folder.to_owned(), cause));
    }

    /// Sets the number of keys on a page of a listing. S3's have 1,000.
    pub fn set_page(&mut self, keys: usize) {
        self.page = Some(keys);
    }

    /// Returns how many objects were read.
    pub fn reads(&self) -> usize {
        self.reads.load(Ordering::Relaxed)
    }

    /// Returns how many pages were listed.
    pub fn lists(&self) -> usize {
        self.lists.load(Ordering::Relaxed)
    }

    fn find(&self, at: &ObjectLocation) -> Result<&Delivered, StoreError> {
        let fail = |cause| StoreError {
            action: "read",
            subject: at.to_string(),
            cause,
        };
        let mut faults = self.faults.lock().expect("no panic");
        if let Some(cause) = faults.get_mut(&at.key).and_then(VecDeque::pop_front) {
            return Err(fail(cause));
        }
        if !self.buckets.contains(&at.bucket) {
            return Err(fail(Cause::Absent(Absence::NoBucket)));
        }
        let place = (at.bucket.clone(), at.key.clone());
        let found = match (&at.version_id, self.versions.get(&place)) {
            (Some(id), Some(versions)) => versions
                .iter()
                .find(|version| version.id == *id)
                .and_then(|version| version.object.as_ref()),
            _ => self.objects.get(&place),
        };
        found.ok_or_else(|| fail(Cause::Absent(Absence::NoObject)))
    }
}

impl ListVersions for &Memory {
    async fn versions(&self, at: &ObjectLocation) -> Result<Versions, StoreError> {
        self.lists.fetch_add(1, Ordering::Relaxed);
        if let Some(cause) = &self.version_fault {
            return Err(StoreError {
                action: "list the versions of",
                subject: at.to_string(),
                cause: cause.clone(),
            });
        }
        let place = (at.bucket.clone(), at.key.clone());
        let Some(stored) = self.versions.get(&place) else {
            let only = self.objects.get(&place).map(|object| ObjectVersion {
                id: "null".to_owned(),
                is_current: true,
                written: Some(*self.written.get(&at.key).unwrap_or(&object.delivered_at)),
            });
            return Ok(Versions {
                versions: only.into_iter().collect(),
                ..Versions::default()
            });
        };
        let mut found = Versions::default();
        for (number, version) in stored.iter().rev().enumerate() {
            let list = match version.object {
                Some(_) => &mut found.versions,
                None => &mut found.markers,
            };
            list.push(ObjectVersion {
                id: version.id.clone(),
                is_current: number == 0,
                written: Some(version.written),
            });
        }
        Ok(found)
    }
}

/// Returns the description of a symmetric KMS key that is enabled.
fn healthy(arn: &str) -> KeyDescription {
    KeyDescription {
        arn: arn.to_owned(),
        spec: "SYMMETRIC_DEFAULT".to_owned(),
        usage: "ENCRYPT_DECRYPT".to_owned(),
        state: "Enabled".to_owned(),
        expires: None,
    }
}

/// An object's bytes, a few at a time.
#[derive(Debug)]
pub struct Pieces(VecDeque<Bytes>);

impl Body for Pieces {
    async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        Ok(self.0.pop_front())
    }
}

impl ReadObject for &Memory {
    type Body = Pieces;

    async fn read(&self, at: &ObjectLocation) -> Result<Object<Pieces>, StoreError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        let object = self.find(at)?;
        let size = object.body.len().div_ceil(8).max(1000);
        Ok(Object {
            version_id: Some("1".to_owned()),
            e_tag: Some(format!("\"{}\"", object.body.len())),
            last_modified: None,
            // Both ways of reading a log file are used.
            size: object
                .key
                .len()
                .is_multiple_of(2)
                .then(|| u64::try_from(object.body.len()).unwrap_or_default()),
            metadata: object.metadata.clone().into_iter().collect(),
            encryption: at_rest(object),
            body: Pieces(
                object
                    .body
                    .chunks(size)
                    .map(Bytes::copy_from_slice)
                    .collect(),
            ),
        })
    }

    /// Answers as S3 does, including for an archived object.
    async fn headers(&self, at: &ObjectLocation) -> Result<Headers, StoreError> {
        let fail = |cause| StoreError {
            action: "read the headers of",
            subject: at.to_string(),
            cause,
        };
        if let Some(cause) = self.header_faults.get(&at.key) {
            return Err(fail(cause.clone()));
        }
        let object = self.objects.get(&(at.bucket.clone(), at.key.clone()));
        let object = object.ok_or_else(|| fail(Cause::Absent(Absence::NoObject)))?;
        let written = self.written.get(&at.key).copied();
        Ok(Headers {
            last_modified: written.or_else(|| delivered(&at.key)),
            answered: self.now,
            metadata: object.metadata.clone().into_iter().collect(),
        })
    }
}

/// Returns when CloudTrail delivers an object: a digest half an hour after its end.
fn delivered(key: &str) -> Option<Timestamp> {
    match classify(key) {
        ObjectKind::Digest(key) => Some(key.end_time + SignedDuration::from_mins(30)),
        ObjectKind::LogFile(key) => Some(key.time),
        _ => None,
    }
}

fn at_rest(object: &Delivered) -> Encryption {
    match &object.encryption {
        AtRest::S3 => Encryption {
            algorithm: Some("AES256".to_owned()),
            kms_key_id: None,
        },
        AtRest::Kms(key) => Encryption {
            algorithm: Some("aws:kms".to_owned()),
            kms_key_id: Some(key.clone()),
        },
    }
}

impl ReadEncryption for &Memory {
    async fn encryption(&self, at: &ObjectLocation) -> Result<Encryption, StoreError> {
        Ok(at_rest(self.find(at)?))
    }
}

impl ListObjects for &Memory {
    async fn list(
        &self,
        bucket: &str,
        prefix: &str,
        depth: Depth,
        next: Option<&str>,
    ) -> Result<Page, StoreError> {
        self.lists.fetch_add(1, Ordering::Relaxed);
        let size = self.page.unwrap_or(PAGE);
        let first = next.filter(|next| *next > prefix).unwrap_or(prefix);
        let from = (bucket.to_owned(), first.to_owned());
        let below = self.objects.range(from..).map(|((at, key), _)| (at, key));
        let below = below.take_while(|(at, key)| *at == bucket && key.starts_with(prefix));
        let mut after: Vec<String> = Vec::new();
        for (_, key) in below {
            let rest = &key[prefix.len()..];
            let entry = match (depth, rest.split_once('/')) {
                (Depth::Folders, Some((folder, _))) => format!("{prefix}{folder}/"),
                _ => key.clone(),
            };
            if next.is_none_or(|next| entry.as_str() > next) && after.last() != Some(&entry) {
                after.push(entry);
            }
            if after.len() > size {
                break;
            }
        }
        let page = &after[..after.len().min(size)];
        let is_folder = |entry: &&String| depth == Depth::Folders && entry.ends_with('/');
        Ok(Page {
            keys: page.iter().filter(|e| !is_folder(e)).cloned().collect(),
            folders: page.iter().filter(is_folder).cloned().collect(),
            next: (after.len() > size).then(|| page.last().expect("a full page").clone()),
        })
    }
}

impl ListAfter for &Memory {
    async fn list_after(
        &self,
        bucket: &str,
        prefix: &str,
        after: &str,
    ) -> Result<Page, StoreError> {
        let fault = self.listing_fault.lock().expect("no panic").clone();
        if let Some((_, cause)) = fault.filter(|(folder, _)| prefix.starts_with(folder)) {
            return Err(StoreError {
                action: "list",
                subject: format!("s3://{bucket}/{prefix}"),
                cause,
            });
        }
        self.list(bucket, prefix, Depth::All, Some(after)).await
    }
}

impl ListPublicKeys for &Memory {
    async fn list_public_keys(
        &self,
        region: &Region,
        period: SigningPeriod,
    ) -> Result<Vec<PublicKey>, StoreError> {
        if let Some(cause) = &self.key_fault {
            return Err(StoreError {
                action: "list CloudTrail's public keys in",
                subject: region.to_string(),
                cause: cause.clone(),
            });
        }
        let Some(keys) = self.keys.get(region.as_str()) else {
            return Ok(Vec::new());
        };
        // Answers as CloudTrail does, with the keys that are valid at some time in the range.
        let in_range = |key: &&serde_json::Value| {
            let time = |name: &str| -> jiff::Timestamp {
                key[name]
                    .as_str()
                    .expect("a time")
                    .parse()
                    .expect("RFC 3339")
            };
            time("ValidityStartTime") <= period.to && time("ValidityEndTime") >= period.from
        };
        let list: Vec<_> = keys
            .as_array()
            .expect("a list")
            .iter()
            .filter(in_range)
            .collect();
        let response = serde_json::json!({ "PublicKeyList": list }).to_string();
        Ok(KeySet::from_saved_response(response.as_bytes())
            .expect("published keys are keys")
            .into_iter()
            .collect())
    }
}

impl DescribeKey for &Memory {
    async fn describe_key(
        &self,
        key: &str,
        _region: Option<&Region>,
    ) -> Result<KeyDescription, StoreError> {
        let mut described = self.described.lock().expect("no panic");
        described.push(key.to_owned());
        let error = |cause: Cause| StoreError {
            action: "describe the KMS key",
            subject: key.to_owned(),
            cause,
        };
        if let Some(cause) = &self.description_fault {
            return Err(error(cause.clone()));
        }
        self.descriptions
            .get(key)
            .cloned()
            .ok_or_else(|| error(Cause::Absent(Absence::NoObject)))
    }
}

impl ReadKeyPolicy for &Memory {
    async fn key_policy(&self, key_arn: &str) -> Result<String, StoreError> {
        let policy = self.policies.get(key_arn).cloned();
        policy
            .unwrap_or_else(|| Ok(POLICY.to_owned()))
            .map_err(|cause| StoreError {
                action: "read the policy of the KMS key",
                subject: key_arn.to_owned(),
                cause,
            })
    }
}

impl KeepEvidence for &Memory {
    async fn keep(&self, key: &str, document: String) -> Result<(), StoreError> {
        let mut evidence = self.evidence.lock().expect("no panic");
        evidence.insert(key.to_owned(), document);
        Ok(())
    }
}

impl AddEvidence for &Memory {
    async fn add(&self, key: &str, document: String) -> Result<(), StoreError> {
        let mut evidence = self.evidence.lock().expect("no panic");
        evidence.entry(key.to_owned()).or_insert(document);
        Ok(())
    }
}

impl ListEvidence for &Memory {
    async fn list_documents(
        &self,
        prefix: &str,
        after: Option<&str>,
    ) -> Result<WaitingPage, StoreError> {
        if let Some(cause) = self.evidence_fault(prefix) {
            return Err(StoreError {
                action: "list",
                subject: prefix.to_owned(),
                cause,
            });
        }
        self.waiting(prefix, after).await
    }
}

/// A document's version is its content.
impl ReplaceEvidence for &Memory {
    async fn look_up(&self, key: &str, limit: usize) -> Result<Option<Versioned>, StoreError> {
        let failed = |cause| StoreError {
            action: "read",
            subject: key.to_owned(),
            cause,
        };
        if let Some(cause) = self.evidence_fault(key) {
            return Err(failed(cause));
        }
        let evidence = self.evidence.lock().expect("no panic");
        match evidence.get(key) {
            Some(document) if document.len() > limit => {
                Err(failed(Cause::TooLarge("too large".to_owned())))
            }
            document => Ok(document.map(|document| Versioned {
                document: document.clone().into_bytes(),
                version: document.clone(),
            })),
        }
    }

    async fn replace(
        &self,
        key: &str,
        document: String,
        version: Option<&str>,
    ) -> Result<bool, StoreError> {
        let mut evidence = self.evidence.lock().expect("no panic");
        if evidence.get(key).map(String::as_str) != version {
            return Ok(false);
        }
        evidence.insert(key.to_owned(), document);
        Ok(true)
    }
}

impl SettleEvidence for &Memory {
    async fn waiting(&self, prefix: &str, after: Option<&str>) -> Result<WaitingPage, StoreError> {
        let evidence = self.evidence.lock().expect("no panic");
        let first = after.filter(|after| *after > prefix).unwrap_or(prefix);
        let names = evidence.range(first.to_owned()..).map(|(name, _)| name);
        let names = names.take_while(|name| name.starts_with(prefix));
        let mut names = names.filter(|name| after.is_none_or(|after| name.as_str() > after));
        let keys = names.by_ref().take(WAITING_PAGE).cloned().collect();
        Ok(WaitingPage {
            keys,
            more: names.next().is_some(),
        })
    }

    async fn recall(&self, key: &str, limit: usize) -> Result<Vec<u8>, StoreError> {
        let failed = |cause| StoreError {
            action: "read",
            subject: key.to_owned(),
            cause,
        };
        let evidence = self.evidence.lock().expect("no panic");
        let document = evidence.get(key);
        let document = document.ok_or_else(|| failed(Cause::Absent(Absence::NoObject)))?;
        if document.len() > limit {
            return Err(failed(Cause::TooLarge("too large".to_owned())));
        }
        Ok(document.clone().into_bytes())
    }

    async fn discard(&self, key: &str) -> Result<(), StoreError> {
        self.evidence.lock().expect("no panic").remove(key);
        Ok(())
    }
}
