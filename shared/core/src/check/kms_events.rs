//! The story of a new log file's KMS events.

use crate::check::arrival::{Arrival, arrival};
use crate::check::turn::give_way;
use crate::finding::kms::{FindingSubject, not_a_log_file};
use crate::finding::{Obstacle, Report, Scope};
use crate::format::form::Form;
use crate::format::records::{RecordReader, RecordsError, STEP_BYTES, for_each_record_at_once};
use crate::kms::event::EVENT_SOURCE;
use crate::kms::expected::Expected;
use crate::kms::key_name::is_key_arn;
use crate::kms::policy::{PolicyVerdict, check_policy};
use crate::kms::review::{
    Conclusion, Explanation, Facts, KeyState, KmsReview, ObjectState, RecordedDelivery,
    UnknownTrail,
};
use crate::names::created::Created;
use crate::names::date_folder::day_folder;
use crate::names::ids::Region;
use crate::names::location::ObjectLocation;
use crate::names::object_key::{Chain, DigestKey, DigestSeries, LogFileKey, ObjectKind, classify};
use crate::names::region_folder::RegionFolder;
use crate::world::{
    Body, Cause, Depth, DescribeKey, Encryption, KeyDescription, ListObjects, ReadEncryption,
    ReadKeyPolicy, ReadObject, StoreError,
};
use futures::stream::{self, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many bytes of a log file object are held in memory: one that has more is read as a stream.
const HELD_BYTES: usize = 1024 * 1024;

/// The most objects of which it is told one by one that they could not be looked at.
const MAX_UNREAD: usize = 50;

/// How many requests about objects and keys are in flight for one log file.
const REQUESTS_AT_ONCE: usize = 16;

/// The most names that are remembered between log files.
const MAX_REMEMBERED: usize = 10_000;

/// Checks the KMS events of log files.
#[derive(Debug)]
pub struct KmsChecker<S, K> {
    store: S,
    kms: K,
    expected: Expected,
    explains: bool,
    /// The key that an alias or a bare id, in a Region, stands for.
    resolved: Mutex<HashMap<String, String>>,
    /// Trails whose digests were seen, each in its home Region.
    known: Mutex<HashSet<UnknownTrail>>,
}

/// What became of a log file's KMS events.
#[derive(Debug, Default)]
pub struct KmsReport {
    /// What was found.
    pub report: Report,
    /// Deliveries whose digest is still to come.
    pub waiting: Vec<RecordedDelivery>,
    /// What each rule said of each event, where that was asked for.
    pub explanations: Vec<Explanation>,
}

impl From<Report> for KmsReport {
    fn from(report: Report) -> Self {
        Self {
            report,
            ..Self::default()
        }
    }
}

impl<S, K> KmsChecker<S, K> {
    /// A checker of log files in `store`, held against what is expected.
    pub fn new(store: S, kms: K, expected: Expected) -> Self {
        Self {
            store,
            kms,
            expected,
            explains: false,
            resolved: Mutex::default(),
            known: Mutex::default(),
        }
    }

    /// Has every verdict explained.
    #[must_use]
    pub fn explaining(mut self) -> Self {
        self.explains = true;
        self
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<S, K> KmsChecker<S, K>
where
    S: ReadObject + ReadEncryption + ListObjects,
    K: DescribeKey + ReadKeyPolicy,
{
    /// Finds the log file that an event means.
    ///
    /// Gone before its digest has come, a log file is not known to be `CloudTrail`'s: only a person
    /// who names it hears of it.
    pub async fn arrival(&self, created: &Created) -> Arrival {
        arrival(&self.store, created, |_, _| None).await
    }

    /// Checks the KMS events that a log file records.
    ///
    /// Objects that are not log files by their key give an empty report.
    pub async fn check(&self, at: &ObjectLocation) -> KmsReport {
        let ObjectKind::LogFile(key) = classify(&at.key) else {
            return KmsReport::default();
        };
        let scope = Scope::of_log_file(&key, &self.expected.places.trails);
        match self.read_and_check(at, &key).await {
            Ok(report) => report,
            // Gone before its digest has come, it is not known to be CloudTrail's.
            Err(error) if error.absence().is_some() => KmsReport::default(),
            Err(error) => {
                let mut report = Report::new();
                report.cannot_tell(error, &scope, at);
                report.into()
            }
        }
    }

    async fn read_and_check(
        &self,
        at: &ObjectLocation,
        key: &LogFileKey,
    ) -> Result<KmsReport, StoreError> {
        let mut object = self.store.read(at).await?;
        let mut review = self.review(at, key);
        review.review_encryption(&object.encryption);
        let mut held = Vec::new();
        let is_whole = object.body.collect(&mut held, HELD_BYTES).await?;
        let read = if is_whole {
            read_held(&held, Form::Gzip, &mut review).await
        } else {
            read_stream(held, object.body, &mut review).await?
        };
        Ok(self.conclude(at, key, review, read).await)
    }

    fn review<'x>(&'x self, at: &'x ObjectLocation, key: &LogFileKey) -> KmsReview<'x> {
        let review = KmsReview::new(&self.expected, at, key);
        if self.explains {
            review.explaining()
        } else {
            review
        }
    }

    /// Checks the KMS events of a log file that was read, encrypted so as far as is known.
    pub async fn check_read(
        &self,
        at: &ObjectLocation,
        key: &LogFileKey,
        object: &[u8],
        encryption: Option<&Encryption>,
    ) -> KmsReport {
        let mut review = self.review(at, key);
        if let Some(encryption) = encryption {
            review.review_encryption(encryption);
        }
        let form = Form::of(object, self.expected.places.bare_copy);
        let read = read_held(object, form, &mut review).await;
        self.conclude(at, key, review, read).await
    }

    /// Looks at what the events name, and ends.
    async fn conclude(
        &self,
        at: &ObjectLocation,
        key: &LogFileKey,
        review: KmsReview<'_>,
        read: Result<(), RecordsError>,
    ) -> KmsReport {
        let scope = Scope::of_log_file(key, &self.expected.places.trails);
        let mut report = Report::new();
        match read {
            Ok(()) => report.valid = 1,
            Err(error) => report.findings.push(not_a_log_file(
                FindingSubject {
                    scope: scope.clone(),
                    object: at.clone(),
                },
                &error,
                self.expected.places.bare_copy,
            )),
        }
        let facts = if self.expected.places.bare_copy {
            // A copy has neither headers nor keys to ask for.
            Facts::default()
        } else {
            self.facts(&review, at, &scope, &mut report).await
        };
        let Conclusion {
            report: concluded,
            waiting,
            explanations,
            overflow,
        } = review.conclude(&facts);
        report.absorb(concluded);
        if let Some(what) = overflow {
            report.cannot_tell(
                StoreError {
                    action: "check every KMS event of",
                    subject: at.to_string(),
                    cause: Cause::Failed(format!(
                        "it names more {what} than are looked at for one log file"
                    )),
                },
                &scope,
                at,
            );
        }
        KmsReport {
            report,
            waiting,
            explanations,
        }
    }

    /// Looks at what the events name.
    async fn facts(
        &self,
        review: &KmsReview<'_>,
        log_file: &ObjectLocation,
        scope: &Scope,
        report: &mut Report,
    ) -> Facts {
        Facts {
            objects: self.look_at_objects(review, report).await,
            keys: self.look_at_keys(review, log_file, scope, report).await,
            chains: self.look_for_chains(review, log_file, scope, report).await,
        }
    }

    async fn look_at_objects(
        &self,
        review: &KmsReview<'_>,
        report: &mut Report,
    ) -> HashMap<ObjectLocation, ObjectState> {
        let objects: Vec<ObjectLocation> = review.objects().cloned().collect();
        let mut answers = stream::iter(objects)
            .map(|object| async move {
                let answer = self.store.encryption(&object).await;
                (object, answer)
            })
            .buffer_unordered(REQUESTS_AT_ONCE);
        let mut looked = HashMap::new();
        let (mut unread, mut last) = (0_usize, None);
        while let Some((object, answer)) = answers.next().await {
            let found = match answer {
                Ok(headers) => ObjectState::There(headers),
                Err(error) => {
                    if let Some(absence) = error.absence() {
                        ObjectState::Gone(absence)
                    } else {
                        unread += 1;
                        if unread <= MAX_UNREAD {
                            report.cannot_tell(error, &self.scope_of(&object), &object);
                        } else {
                            last = Some(error);
                        }
                        ObjectState::Unknown
                    }
                }
            };
            looked.insert(object, found);
        }
        if let Some(mut error) = last {
            let more = unread - MAX_UNREAD;
            error.subject = format!("{more} more log files, {} among them", error.subject);
            let if_it_stays = None;
            report.obstacles.push(Obstacle { error, if_it_stays });
        }
        looked
    }

    fn scope_of(&self, object: &ObjectLocation) -> Scope {
        match classify(&object.key) {
            ObjectKind::LogFile(key) => Scope::of_log_file(&key, &self.expected.places.trails),
            _ => Scope::default(),
        }
    }

    async fn look_at_keys(
        &self,
        review: &KmsReview<'_>,
        log_file: &ObjectLocation,
        scope: &Scope,
        report: &mut Report,
    ) -> HashMap<String, KeyState> {
        let mut keys = HashMap::new();
        let asked: Vec<(String, Region)> = review
            .keys()
            .map(|(key, region)| (key.to_owned(), region.clone()))
            .collect();
        let mut answers = stream::iter(asked)
            .map(|(key, region)| async move {
                let looked = self.look_at_key(&key, &region).await;
                (key, looked)
            })
            .buffer_unordered(REQUESTS_AT_ONCE);
        while let Some((key, answer)) = answers.next().await {
            match answer {
                Ok(looked) => {
                    keys.insert(key, looked);
                }
                // Whose key it is decides who may describe it. Rule 4 counts that it cannot tell: no
                // event waits for it. Whoever asks for explanations hears why.
                Err(StoreError {
                    cause: Cause::Denied(_) | Cause::RegionDisabled(_),
                    ..
                }) if !self.explains => {}
                Err(error) => report.cannot_tell_of(
                    error,
                    scope,
                    log_file,
                    &format!("the KMS key {key}, which a call in {log_file} names"),
                ),
            }
        }
        // Which key refused is good to know, and told without, too.
        let region = match classify(&log_file.key) {
            ObjectKind::LogFile(key) => Some(key.region),
            _ => None,
        };
        let refused: Vec<String> = review
            .refused_keys()
            .filter(|key| !keys.contains_key(*key))
            .map(str::to_owned)
            .collect();
        let mut answers = stream::iter(refused)
            .map(|key| {
                let region = region.as_ref();
                async move {
                    let described = self.kms.describe_key(&key, region).await;
                    (key, described)
                }
            })
            .buffer_unordered(REQUESTS_AT_ONCE);
        while let Some((key, answer)) = answers.next().await {
            if let Ok(description) = answer {
                let looked = KeyState {
                    description,
                    policy: None,
                };
                keys.insert(key, looked);
            }
        }
        keys
    }

    async fn look_at_key(&self, key: &str, region: &Region) -> Result<KeyState, StoreError> {
        let name = format!("{region} {key}");
        let resolved = lock(&self.resolved).get(&name).cloned();
        let asked = resolved.as_deref().unwrap_or(key);
        let description = match self.kms.describe_key(asked, Some(region)).await {
            Ok(description) => description,
            // An alias may be gone without the key that it stood for.
            Err(error) if error.absence().is_some() && !asked.contains("alias/") => {
                return Ok(KeyState {
                    description: KeyDescription {
                        arn: asked.to_owned(),
                        spec: "no such key".to_owned(),
                        usage: "no usage".to_owned(),
                        state: "deleted".to_owned(),
                        expires: None,
                    },
                    policy: None,
                });
            }
            Err(error) => return Err(error),
        };
        if !is_key_arn(key) {
            let mut resolved = lock(&self.resolved);
            if resolved.len() < MAX_REMEMBERED {
                resolved.insert(name, description.arn.clone());
            }
        }
        let policy = match self.kms.key_policy(&description.arn).await {
            Ok(policy) => Some(check_policy(&policy)),
            // Nobody may read the policy of another account's key.
            Err(error) if matches!(error.cause, Cause::Denied(_)) => {
                Some(PolicyVerdict::Unreadable(error.to_string()))
            }
            Err(error) if error.absence().is_some() => None,
            Err(error) => return Err(error),
        };
        Ok(KeyState {
            description,
            policy,
        })
    }

    async fn look_for_chains(
        &self,
        review: &KmsReview<'_>,
        log_file: &ObjectLocation,
        scope: &Scope,
        report: &mut Report,
    ) -> BTreeMap<UnknownTrail, Vec<Chain>> {
        let mut found = BTreeMap::new();
        let time = match classify(&log_file.key) {
            ObjectKind::LogFile(key) => key.time,
            _ => return found,
        };
        let asked: Vec<UnknownTrail> = review.unknown_trails().cloned().collect();
        let mut answers = stream::iter(asked)
            .map(|unknown| async move {
                let chains = self.chains_beside(&unknown, time).await;
                (unknown, chains)
            })
            .buffer_unordered(REQUESTS_AT_ONCE);
        while let Some((unknown, answer)) = answers.next().await {
            match answer {
                Ok(chains) => {
                    found.insert(unknown, chains);
                }
                Err(error) => report.cannot_tell(error, scope, log_file),
            }
        }
        found
    }

    /// The trail's own chain if it has digests, at home or beside the log file, on the day of
    /// `time` or the day before; else the chains that have some there.
    async fn chains_beside(
        &self,
        unknown: &UnknownTrail,
        time: Timestamp,
    ) -> Result<Vec<Chain>, StoreError> {
        let home = at_home(unknown);
        if lock(&self.known).contains(&home) {
            return Ok(vec![chain_of(unknown)]);
        }
        let yesterday = time
            .saturating_sub(SignedDuration::from_hours(24))
            .unwrap_or(time);
        let bucket = &unknown.folder.bucket;
        let places = BTreeSet::from(
            [
                &unknown.folder,
                &home.folder,
                &RegionFolder {
                    region: home.folder.region.clone(),
                    ..unknown.folder.clone()
                },
            ]
            .map(Clone::clone),
        );
        let days = || {
            places
                .iter()
                .flat_map(|place| [(place, time), (place, yesterday)])
        };
        for (place, day) in days() {
            let prefix = digests_of(unknown, place, day);
            let page = self.store.list(bucket, &prefix, Depth::All, None).await?;
            let is_its_own = |key: &String| match classify(key) {
                ObjectKind::Digest(digest) => {
                    digest.chain.trail == unknown.trail.name
                        && digest.chain.home_region == unknown.trail.home_region
                }
                _ => false,
            };
            if page.keys.iter().any(is_its_own) {
                let mut known = lock(&self.known);
                if known.len() < MAX_REMEMBERED {
                    known.insert(home);
                }
                return Ok(vec![chain_of(unknown)]);
            }
        }
        let mut others = BTreeSet::new();
        for (place, day) in days() {
            let prefix = format!("{}{}", place.digests(), day_folder(day));
            let page = self.store.list(bucket, &prefix, Depth::All, None).await?;
            others.extend(page.keys.iter().filter_map(|key| match classify(key) {
                ObjectKind::Digest(digest) => Some(digest.chain),
                _ => None,
            }));
        }
        Ok(others.into_iter().collect())
    }
}

/// Hands the KMS events of an object that is held to `review`.
async fn read_held(
    object: &[u8],
    form: Form,
    review: &mut KmsReview<'_>,
) -> Result<(), RecordsError> {
    let mut take = |record: &str| review.review(record);
    if form == Form::Gzip
        && let Some(scan) = for_each_record_at_once(object, EVENT_SOURCE, &mut take)
    {
        return scan.map(|_| ());
    }
    let mut reader = RecordReader::new(form, EVENT_SOURCE, take);
    push(&mut reader, object).await?;
    reader.finish().map(|_| ())
}

/// Hands the KMS events of an object to `review`, of which `held` has come and `body` is to come.
async fn read_stream(
    held: Vec<u8>,
    mut body: impl Body,
    review: &mut KmsReview<'_>,
) -> Result<Result<(), RecordsError>, StoreError> {
    let take = |record: &str| review.review(record);
    let mut reader = RecordReader::new(Form::Gzip, EVENT_SOURCE, take);
    let mut read = push(&mut reader, &held).await;
    drop(held);
    while read.is_ok() {
        match body.next().await? {
            Some(piece) => read = push(&mut reader, &piece).await,
            None => return Ok(reader.finish().map(|_| ())),
        }
    }
    Ok(read)
}

/// Reads on, and lets others go on in between.
async fn push<F: FnMut(&str)>(
    reader: &mut RecordReader<'_, F>,
    bytes: &[u8],
) -> Result<(), RecordsError> {
    for step in bytes.chunks(STEP_BYTES) {
        reader.push(step)?;
        give_way().await;
    }
    Ok(())
}

/// The trail, with the folder of its own account and home Region: all that it delivers is signed
/// for there, too.
fn at_home(unknown: &UnknownTrail) -> UnknownTrail {
    let mut home = unknown.clone();
    home.folder.folder.account = home.trail.account.clone();
    home.folder.region = home.trail.home_region.clone();
    home
}

/// What the keys of the trail's digests in `place` begin with that end on the day of `day`.
fn digests_of(unknown: &UnknownTrail, place: &RegionFolder, day: Timestamp) -> String {
    let chain = Chain {
        folder: place.folder.clone(),
        region: place.region.clone(),
        ..chain_of(unknown)
    };
    let key = DigestKey::of(chain, DigestSeries::Hourly, day).to_string();
    let (stem, _) = key.rsplit_once('_').unwrap_or((&key, ""));
    format!("{stem}_")
}

/// The chain that an unknown trail's digests would be of.
fn chain_of(unknown: &UnknownTrail) -> Chain {
    Chain {
        folder: unknown.folder.folder.clone(),
        region: unknown.folder.region.clone(),
        trail: unknown.trail.name.clone(),
        home_region: unknown.trail.home_region.clone(),
    }
}
