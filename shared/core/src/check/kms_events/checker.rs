//! Checks log files in a bucket: reads them, passes their bytes on to be judged, and looks up what
//! the events name.
//!
//! The tests are in `tests/tests/kms/`, above all `first_look.rs` and `trails.rs`.

use super::chains::TrailLookup;
use super::judge::{KmsReport, conclude, read_held, read_stream, report_of_reading};
use super::keys::KmsKeyLookup;
use super::objects::look_at_objects;
use crate::check::arrival::{Arrival, arrival};
use crate::finding::{Report, Scope};
use crate::format::form::Form;
use crate::kms::expected::Expected;
use crate::kms::review::{Facts, KeyState, KmsReview, UnknownTrail};
use crate::names::event_object::EventObject;
use crate::names::location::ObjectLocation;
use crate::names::object_key::{Chain, LogFileKey, ObjectKind, classify};
use crate::world::{
    Body as _, Cause, DescribeKey, ListObjects, ReadEncryption, ReadKeyPolicy, ReadObject,
    StoreError,
};
use std::collections::{BTreeMap, HashMap};

/// The maximum number of bytes of a log file object that are held in memory. A larger one is read
/// as a stream.
const HELD_BYTES: usize = 1024 * 1024;

/// The maximum number of keys whose all-clear a log file sends after its message is moved back.
const MAX_NAMED_KEYS: usize = 100;

/// Checks the KMS events of log files.
#[derive(Debug)]
pub struct KmsChecker<S, K> {
    store: S,
    keys: KmsKeyLookup<K>,
    trails: TrailLookup,
    expected: Expected,
    explains: bool,
}

impl<S, K> KmsChecker<S, K> {
    /// Returns a checker that compares log files in `store` with the expectations.
    pub fn new(store: S, kms: K, expected: Expected) -> Self {
        Self {
            store,
            keys: KmsKeyLookup::new(kms),
            trails: TrailLookup::default(),
            expected,
            explains: false,
        }
    }

    /// Explains every verdict.
    #[must_use]
    pub fn explaining(mut self) -> Self {
        self.explains = true;
        self
    }
}

impl<S, K> KmsChecker<S, K>
where
    S: ReadObject + ReadEncryption + ListObjects,
    K: DescribeKey + ReadKeyPolicy,
{
    /// Finds the log file that an event means.
    ///
    /// A log file that is deleted before its digest arrives is not known to be `CloudTrail`'s. It
    /// is reported only to a person who names it.
    pub async fn arrival(&self, created: &EventObject) -> Arrival {
        arrival(&self.store, created, |_, _| None).await
    }

    /// Checks the KMS events that a log file records.
    ///
    /// Objects that are not log files by their key yield an empty report.
    pub async fn check(&self, at: &ObjectLocation) -> KmsReport {
        let ObjectKind::LogFile(key) = classify(&at.key) else {
            return KmsReport::default();
        };
        let scope = Scope::of_log_file(&key, &self.expected.places.trails);
        match self.read_and_check(at, &key, &scope).await {
            Ok(report) => report,
            // Deleted before its digest arrives, it is not known to be CloudTrail's.
            Err(error) if error.absence().is_some() => KmsReport::default(),
            Err(error) => self.check_unread(error, at, &key, &scope).await,
        }
    }

    /// Reports an object that could not be read. If access is denied, its headers still state its
    /// encryption: an attacker takes a log file away by encrypting it under another key. S3 asks for
    /// a permission for the key only to decrypt the content, or for a checksum:
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html>.
    async fn check_unread(
        &self,
        error: StoreError,
        at: &ObjectLocation,
        key: &LogFileKey,
        scope: &Scope,
    ) -> KmsReport {
        let is_denied = matches!(error.cause, Cause::Denied(_));
        let mut report = Report::new();
        report.cannot_tell(error, scope, at);
        if !is_denied || self.expected.places.is_copy() {
            return report.into();
        }
        let Ok(encryption) = self.store.encryption(at).await else {
            return report.into();
        };
        let mut review = KmsReview::new(&self.expected, at, key);
        review.review_encryption(&encryption);
        conclude(review, &Facts::default(), report, at, scope)
    }

    async fn read_and_check(
        &self,
        at: &ObjectLocation,
        key: &LogFileKey,
        scope: &Scope,
    ) -> Result<KmsReport, StoreError> {
        let mut object = self.store.read(at).await?;
        let mut review = KmsReview::new(&self.expected, at, key);
        if self.explains {
            review = review.explaining();
        }
        review.review_encryption(&object.encryption);
        let mut held = Vec::new();
        let is_whole = object.body.collect(&mut held, HELD_BYTES).await?;
        let read = if is_whole {
            // An open object takes a place from the requests that look at what it names.
            drop(object.body);
            read_held(&held, Form::Gzip, &mut review).await
        } else {
            read_stream(held, object.body, &mut review).await?
        };
        let storage = self.expected.places.storage;
        let mut report = report_of_reading(read, at, scope, storage);
        let facts = self.look_at(&review, at, key, scope, &mut report).await;
        Ok(conclude(review, &facts, report, at, scope))
    }

    /// Looks up what the events name.
    async fn look_at(
        &self,
        review: &KmsReview<'_>,
        at: &ObjectLocation,
        key: &LogFileKey,
        scope: &Scope,
        report: &mut Report,
    ) -> Facts {
        if self.expected.places.is_copy() {
            // A copy has neither headers nor keys to look up.
            return Facts::default();
        }
        let trails = &self.expected.places.trails;
        let objects = review.objects().cloned().collect();
        Facts {
            objects: look_at_objects(&self.store, objects, trails, report).await,
            keys: self.look_at_keys(review, at, key, scope, report).await,
            chains: self.look_for_chains(review, at, key, scope, report).await,
        }
    }

    async fn look_at_keys(
        &self,
        review: &KmsReview<'_>,
        at: &ObjectLocation,
        key: &LogFileKey,
        scope: &Scope,
        report: &mut Report,
    ) -> HashMap<String, KeyState> {
        let asked = review.keys();
        let asked = asked.map(|(key, region)| (key.to_owned(), region.clone()));
        let (mut keys, errors) = self.keys.look_at(asked.collect()).await;
        let subject = |key: &str| format!("the KMS key {key}, which a call in {at} names");
        let looked_at = keys.keys().take(MAX_NAMED_KEYS);
        report.looked_at.extend(looked_at.map(|key| subject(key)));
        for (key, error) in errors {
            match error.cause {
                // The key's owner decides who may describe it. Rule 4 counts it as not verified,
                // and no event waits for it. A caller who requests explanations gets the reason.
                Cause::Denied(_) | Cause::RegionDisabled(_) if !self.explains => {}
                _ => report.cannot_tell_of(error, scope, at, &subject(&key)),
            }
        }
        let refused = review.refused_keys().filter(|key| !keys.contains_key(*key));
        let refused = refused.map(str::to_owned).collect();
        let resolved = self.keys.resolve(refused, &key.region).await;
        keys.extend(resolved);
        keys
    }

    async fn look_for_chains(
        &self,
        review: &KmsReview<'_>,
        at: &ObjectLocation,
        key: &LogFileKey,
        scope: &Scope,
        report: &mut Report,
    ) -> BTreeMap<UnknownTrail, Vec<Chain>> {
        let asked = review.unknown_trails().cloned().collect();
        let mut found = BTreeMap::new();
        for (unknown, answer) in self.trails.look_for(&self.store, asked, key.time).await {
            match answer {
                Ok(chains) => {
                    found.insert(unknown, chains);
                }
                Err(error) => report.cannot_tell(error, scope, at),
            }
        }
        found
    }
}
