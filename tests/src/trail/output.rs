//! A generated trail.

use std::collections::HashMap;

use jiff::Timestamp;

use super::digest::{DigestDocument, Sealed};
use super::extras;
use super::keys::Signer;
use super::kms::{KmsAnomalyKind, KmsEvent};
use super::object::{
    BACKFILL_GENERATED, Location, Object, SHA256_WITH_RSA, SIGNATURE, SIGNATURE_ALGORITHM,
};
use super::schedule::ResponseStyle;
use super::spec::TrailSpec;
use super::time::iso;

/// A trail: its digests and log files, with the facts that tests need about them.
#[derive(Debug, Clone)]
pub struct Trail {
    /// The spec that it was generated from.
    pub spec: TrailSpec,
    /// Digests, chain by chain: hourly ones in order, then backfill ones.
    pub digests: Vec<DigestFile>,
    /// Log files, chain by chain in the order of their digests.
    pub log_files: Vec<LogFile>,
    /// Log files that CloudTrail never wrote, not among [`Trail::objects`].
    pub planted: Vec<Planted>,
}

/// A log file that an intruder puts next to CloudTrail's, listed in no digest.
#[derive(Debug, Clone)]
pub struct Planted {
    /// The anomaly whose event it causes.
    pub anomaly: KmsAnomalyKind,
    /// The object, named like a log file of the hour.
    pub object: Object,
}

/// The type of a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DigestKind {
    /// The first of a chain, or the first after a stop.
    Starting,
    /// The digest of an ordinary hour.
    Hourly,
    /// A digest that is generated later.
    Backfill,
}

/// A digest file.
#[derive(Debug, Clone)]
pub struct DigestFile {
    /// The object as delivered.
    pub object: Object,
    /// The account whose activity it covers.
    pub account: String,
    /// The Region whose activity it covers.
    pub region: String,
    /// The hour that it covers; it ends this many hours after the trail's start.
    pub hour: i64,
    /// Its type.
    pub kind: DigestKind,
    /// The time at which it was generated, which for a backfill digest is long after its end.
    pub generated_at: Timestamp,
    /// Its content.
    pub document: DigestDocument,
    /// Its bytes, hash and signature.
    pub sealed: Sealed,
    /// Its signer.
    pub signer: Signer,
}

/// A log file.
#[derive(Debug, Clone)]
pub struct LogFile {
    /// The object as delivered.
    pub object: Object,
    /// The account whose activity it contains.
    pub account: String,
    /// The Region whose activity it contains.
    pub region: String,
    /// The hour of the digest that lists it.
    pub hour: i64,
    /// Whether it is listed in the hourly or in the backfill digest of that hour.
    pub kind: DigestKind,
    /// The SHA-256 of its inflated bytes, in hex.
    pub sha256: String,
    /// The oldest event in it.
    pub oldest_event: Timestamp,
    /// The newest event in it.
    pub newest_event: Timestamp,
    /// The KMS events about the trail that it records, in order.
    pub kms_events: Vec<KmsEvent>,
}

impl DigestFile {
    /// Returns the digest file of a document that the signer signs.
    pub(crate) fn sealed(
        mut document: DigestDocument,
        signer: Signer,
        region: &str,
        hour: i64,
        kind: DigestKind,
        generated_at: Timestamp,
    ) -> Self {
        let sealed = document.seal(&signer);
        let location = Location {
            bucket: document.digest_s3_bucket.clone(),
            key: document.digest_s3_object.clone(),
        };
        let mut object = Object::gzipped_json(location, sealed.body.clone(), generated_at);
        object
            .metadata
            .insert(SIGNATURE.into(), sealed.signature.clone());
        object
            .metadata
            .insert(SIGNATURE_ALGORITHM.into(), SHA256_WITH_RSA.into());
        if kind == DigestKind::Backfill {
            object
                .metadata
                .insert(BACKFILL_GENERATED.into(), iso(generated_at));
        }
        Self {
            object,
            account: document.aws_account_id.clone(),
            region: region.to_owned(),
            hour,
            kind,
            generated_at,
            document,
            sealed,
            signer,
        }
    }

    /// Returns the same digest with an edited document, signed again by the signer.
    #[must_use]
    pub fn resealed(&self, signer: &Signer, edit: impl FnOnce(&mut DigestDocument)) -> Self {
        let mut document = self.document.clone();
        edit(&mut document);
        Self::sealed(
            document,
            signer.clone(),
            &self.region,
            self.hour,
            self.kind,
            self.generated_at,
        )
    }

    fn is_of(&self, account: &str, region: &str) -> bool {
        self.account == account && self.region == region
    }
}

impl Trail {
    /// Returns the starting or hourly digest of an account, a Region and an hour.
    #[track_caller]
    pub fn digest(&self, account: &str, region: &str, hour: u32) -> &DigestFile {
        self.find(account, region, hour, false)
    }

    /// Returns the backfill digest of an account, a Region and an hour.
    #[track_caller]
    pub fn backfill(&self, account: &str, region: &str, hour: u32) -> &DigestFile {
        self.find(account, region, hour, true)
    }

    #[track_caller]
    fn find(&self, account: &str, region: &str, hour: u32, backfill: bool) -> &DigestFile {
        let found = self.digests.iter().find(|digest| {
            digest.is_of(account, region)
                && digest.hour == i64::from(hour)
                && (digest.kind == DigestKind::Backfill) == backfill
        });
        found.unwrap_or_else(|| panic!("no such digest: {account} {region} hour {hour}"))
    }

    /// Returns the starting and hourly digests of an account and a Region, in order.
    pub fn chain(&self, account: &str, region: &str) -> Vec<&DigestFile> {
        self.digests
            .iter()
            .filter(|digest| digest.is_of(account, region) && digest.kind != DigestKind::Backfill)
            .collect()
    }

    /// Returns the log files that a digest lists, in its order.
    pub fn logs_of(&self, digest: &DigestFile) -> Vec<&LogFile> {
        let by_location: HashMap<(&str, &str), &LogFile> = self
            .log_files
            .iter()
            .filter(|log| log.hour == digest.hour)
            .map(|log| ((log.object.bucket.as_str(), log.object.key.as_str()), log))
            .collect();
        let listed = digest.document.log_files.iter();
        listed
            .map(|entry| by_location[&(entry.s3_bucket.as_str(), entry.s3_object.as_str())])
            .collect()
    }

    /// Returns the KMS events with this anomaly, and the log files that record them, oldest first
    /// in each chain.
    pub fn kms_anomalies(&self, kind: KmsAnomalyKind) -> Vec<(&LogFile, &KmsEvent)> {
        self.log_files
            .iter()
            .flat_map(|log| log.kms_events.iter().map(move |event| (log, event)))
            .filter(|(_, event)| event.anomaly == Some(kind))
            .collect()
    }

    /// Returns the first KMS event with this anomaly, and the log file that records it.
    #[track_caller]
    pub fn kms_anomaly(&self, kind: KmsAnomalyKind) -> (&LogFile, &KmsEvent) {
        let first = self.kms_anomalies(kind).into_iter().next();
        first.unwrap_or_else(|| panic!("no log file records a {kind:?}"))
    }

    /// Returns the object that an anomaly plants.
    #[track_caller]
    pub fn planted_by(&self, kind: KmsAnomalyKind) -> &Object {
        let planted = self.planted.iter().find(|planted| planted.anomaly == kind);
        &planted
            .unwrap_or_else(|| panic!("no {kind:?} plants anything"))
            .object
    }

    /// Returns every digest and log file, oldest delivery first.
    pub fn objects(&self) -> Vec<&Object> {
        let mut objects: Vec<&Object> = self
            .log_files
            .iter()
            .map(|log| &log.object)
            .chain(self.digests.iter().map(|digest| &digest.object))
            .collect();
        objects.sort_by_key(|object| object.delivered_at);
        objects
    }

    /// Returns objects that are in a log bucket and are neither digests nor log files: folder
    /// markers, Insight files, objects of others.
    pub fn extras(&self) -> Vec<Object> {
        extras::extras(&self.spec)
    }

    /// Replaces a digest's document, signed with its own key, and updates the chain after it: each
    /// successor names and signs its new predecessor. The result is as if CloudTrail itself had
    /// written the edited digest. A starting digest ends the rewriting.
    #[track_caller]
    pub fn rewrite(
        &mut self,
        account: &str,
        region: &str,
        hour: u32,
        edit: impl FnOnce(&mut DigestDocument),
    ) {
        let first = self
            .digests
            .iter()
            .position(|digest| {
                digest.is_of(account, region)
                    && digest.hour == i64::from(hour)
                    && digest.kind != DigestKind::Backfill
            })
            .expect("the digest to rewrite is in the trail");
        let signer = self.digests[first].signer.clone();
        self.digests[first] = self.digests[first].resealed(&signer, edit);
        for index in first + 1..self.digests.len() {
            let previous = self.digests[index - 1].clone();
            let digest = &self.digests[index];
            if digest.kind != DigestKind::Hourly || !digest.is_of(account, region) {
                break;
            }
            let signer = digest.signer.clone();
            self.digests[index] = digest.resealed(&signer, |document| {
                document.link_to(&previous.document, &previous.sealed);
            });
        }
    }

    /// Returns the file from which the local AWS answers `ListPublicKeys`.
    pub fn public_keys_by_region(&self) -> serde_json::Value {
        let (from, to) = self.time_span();
        self.spec
            .keys
            .public_keys_by_region(&self.spec.regions, from, to)
    }

    /// Returns a saved `aws cloudtrail list-public-keys` response with the keys of one Region for
    /// the trail's time.
    pub fn list_public_keys_response(
        &self,
        region: &str,
        style: ResponseStyle,
    ) -> serde_json::Value {
        let (from, to) = self.time_span();
        let keys = &self.spec.keys;
        keys.list_public_keys_response(region, from, to, style)
    }

    /// Returns the time from the first digest's start to the last delivery.
    pub fn time_span(&self) -> (Timestamp, Timestamp) {
        let last_delivery = self.digests.iter().map(|digest| digest.generated_at).max();
        (
            self.spec.hour_end(-1),
            last_delivery.unwrap_or(self.spec.start),
        )
    }
}
