//! The requests about an object that was written or deleted, in their order, and the report.

use super::judge::{Content, Judgment, Situation, judge};
use super::left::ExpectedContent;
use super::listing::{self, Listing, LookedFor};
use super::object::{Changed, Name};
use crate::check::arrival::Arrival;
use crate::check::digest::DigestVerifier;
use crate::finding::changed::{self as finding, ChangedObject};
use crate::finding::{FindingKind, Report, Scope};
use crate::names::event_object::{EventObject, Origin};
use crate::names::location::ObjectLocation;
use crate::names::object_key::{DigestKey, LogFileKey, ObjectKind, classify};
use crate::world::{
    Absence, Cause, ListObjects, ListPublicKeys, ListVersions, ReadObject, StoreError,
};
use jiff::{SignedDuration, Timestamp};

/// Looks at objects that were written or deleted.
#[derive(Debug)]
pub struct ChangeMonitor<S, K> {
    digests: DigestVerifier<S, K>,
    /// For how long the owner of the bucket keeps log files and digests, if that is stated.
    retention: Option<SignedDuration>,
}

impl<S, K> ChangeMonitor<S, K>
where
    S: ReadObject + ListObjects + ListVersions,
    K: ListPublicKeys,
{
    /// Looks at the objects of `digests`. `retention` is for how long they are kept, if that is
    /// stated.
    pub fn new(digests: DigestVerifier<S, K>, retention: Option<SignedDuration>) -> Self {
        Self { digests, retention }
    }

    /// Finds the object that an event means. If its key has several readings, the first one under
    /// which the bucket holds a version or a delete marker counts.
    pub async fn arrival(&self, named: &EventObject) -> Arrival {
        let readings = named.readings();
        let readings = readings.filter(|at| classify(&at.key) != ObjectKind::Other);
        let readings: Vec<ObjectLocation> = readings.collect();
        if readings.len() > 1 {
            for at in &readings {
                match self.digests.store().versions(at).await {
                    Ok(versions) if versions.is_empty() => {}
                    // It exists; or S3 did not answer, and no other reading is used instead.
                    Ok(_) | Err(_) => return Arrival::At(at.clone()),
                }
            }
        }
        let first = readings.into_iter().next();
        Arrival::At(first.unwrap_or_else(|| named.object.clone()))
    }

    /// Checks an object that was written or deleted. Any object but a log file or digest, by its
    /// key, yields an empty report.
    pub async fn check(&self, named: &EventObject, now: Timestamp) -> Report {
        let at = &named.object;
        let kind = classify(&at.key);
        let (name, scope) = match &kind {
            ObjectKind::LogFile(key) => {
                let trails = &self.digests.places.trails;
                (Name::LogFile(key), Scope::of_log_file(key, trails))
            }
            ObjectKind::Digest(key) => (Name::Digest(key), self.digests.scope(key)),
            ObjectKind::UnknownLogFile | ObjectKind::UnknownDigest | ObjectKind::Other => {
                return Report::default();
            }
        };
        let versions = match self.digests.store().versions(at).await {
            Ok(versions) => versions,
            Err(error) => return unread(error, &scope, at),
        };
        let changed = Changed {
            at,
            name,
            deed: named.deed.as_ref(),
            origin: named.origin,
            versions,
            now,
        };
        match changed.versions.current() {
            None => self.check_missing(&changed, scope).await,
            // A lifecycle rule that deletes an earlier version, or a marker, does nothing to it.
            Some(_) if changed.is_by_lifecycle() => Report::default(),
            Some(_) => match changed.name {
                Name::LogFile(key) => self.check_log_file(&changed, key, scope).await,
                Name::Digest(key) => self.check_digest(&changed, key, scope).await,
            },
        }
    }

    async fn check_missing(&self, changed: &Changed<'_>, scope: Scope) -> Report {
        let at = changed.at;
        let written = changed.name.time();
        let known = |is_unlisted| Situation::Gone {
            by_lifecycle: changed.is_by_lifecycle(),
            is_unlisted,
            age: changed.age(),
        };
        // What expires is not looked up: it is a whole day of files, every day.
        if judge(known(false), self.retention) == Judgment::Expired {
            let object = changed.object(scope, None);
            return Report::of(vec![finding::expired(object, written, self.retention)]);
        }
        let listing = match changed.name {
            Name::Digest(_) => None,
            Name::LogFile(key) => {
                let written = None;
                let looked_for = LookedFor { at, key, written };
                let found = listing::find(&self.digests, looked_for, changed.now).await;
                // A deletion is reported at once.
                Some(found.unwrap_or_else(|error| Listing::Unproven(error.to_string())))
            }
        };
        let scope = self.scope(scope, listing.as_ref());
        let object = changed.object(scope, listing.as_ref());
        let is_unlisted = listing == Some(Listing::Unlisted);
        let judgment = judge(known(is_unlisted), self.retention);
        if judgment == Judgment::PlantedAndGone {
            let mut report = Report::new();
            report.all_clears.push(finding::unlisted_is_gone(&object));
            return report;
        }
        // Nothing proves that there ever was such an object.
        if changed.origin != Origin::Service && changed.versions.is_empty() {
            let error = StoreError {
                action: "read",
                subject: at.to_string(),
                cause: Cause::Absent(Absence::NoObject),
            };
            return unread(error, &Scope::default(), at);
        }
        let expected = changed.name.expected(listing.as_ref());
        let left = self.digests.left_of(at, &changed.versions, expected).await;
        let marker = changed.versions.hidden_by().map(|it| it.id.as_str());
        Report::of(vec![match judgment {
            Judgment::ExpiredEarly(retention) => {
                finding::expired_early(object, written, retention, &left)
            }
            _ => finding::deleted(object, marker, &left),
        }])
    }

    /// Returns the scope of a log file: its digest names the trail.
    fn scope(&self, scope: Scope, listing: Option<&Listing>) -> Scope {
        match listing {
            Some(Listing::Listed(_, digest)) => match classify(&digest.key) {
                ObjectKind::Digest(key) => self.digests.scope(&key),
                _ => scope,
            },
            _ => scope,
        }
    }

    async fn check_log_file(
        &self,
        changed: &Changed<'_>,
        key: &LogFileKey,
        scope: Scope,
    ) -> Report {
        let at = changed.at;
        let written = changed.versions.current().and_then(|it| it.written);
        let looked_for = LookedFor { at, key, written };
        let listing = match listing::find(&self.digests, looked_for, changed.now).await {
            Ok(listing) => listing,
            Err(error) => return unread(error, &scope, at),
        };
        let content = match &listing {
            Listing::Listed(hash, _) => match self.digests.is_log_file(at, *hash).await {
                Ok(Ok(())) => Content::Intact,
                Ok(Err(error)) => Content::Foreign(error.to_string()),
                Err(error) => return unread(error, &scope, at),
            },
            Listing::Unlisted => Content::Unlisted,
            Listing::NotYet => Content::NotYet,
            Listing::Unproven(why) => Content::Unproven(why.clone()),
        };
        let scope = self.scope(scope, Some(&listing));
        let object = changed.object(scope, Some(&listing));
        let expected = changed.name.expected(Some(&listing));
        self.report(changed, object, content, expected).await
    }

    async fn check_digest(&self, changed: &Changed<'_>, key: &DigestKey, scope: Scope) -> Report {
        let at = changed.at;
        let content = match self.digests.authenticate(at, key).await {
            Ok(_) => Content::Intact,
            Err(rejection) => match rejection.into_result() {
                Err(error) => return unread(error, &scope, at),
                // It was deleted since its versions were listed.
                Ok(finding) if finding.kind == FindingKind::DigestMissing => {
                    let error = StoreError {
                        action: "read",
                        subject: at.to_string(),
                        cause: Cause::Absent(Absence::NoObject),
                    };
                    return unread(error, &scope, at);
                }
                // A new object that CloudTrail did not sign is the work of the digest-validator.
                Ok(_) if changed.is_plain() => return Report::default(),
                Ok(finding) => Content::Foreign(finding.message),
            },
        };
        let object = changed.object(scope, None);
        let expected = changed.name.expected(None);
        self.report(changed, object, content, expected).await
    }

    /// Reports the verdict on an object that exists.
    async fn report(
        &self,
        changed: &Changed<'_>,
        object: ChangedObject<'_>,
        content: Content,
        expected: ExpectedContent<'_>,
    ) -> Report {
        let is_plain = changed.is_plain();
        let mut report = Report::new();
        match judge(Situation::There { content, is_plain }, self.retention) {
            Judgment::Intact => {
                report.valid = 1;
                if !changed.is_new() {
                    report.all_clears = finding::intact(&object);
                }
            }
            Judgment::Overwritten(actual) => {
                let versions = &changed.versions;
                let left = self.digests.left_of(changed.at, versions, expected).await;
                let found = finding::overwritten(object, &actual, &left);
                report.findings.push(found);
            }
            Judgment::Planted => report.findings.push(finding::unlisted(&object)),
            Judgment::Waits { is_left_to_others } => {
                waits(&mut report, changed.at, Cause::NotYet, is_left_to_others);
            }
            Judgment::Unproven {
                why,
                is_left_to_others,
            } => {
                // S3 replicates in any order: the digest of an old log file may arrive after it.
                let is_replica = self.digests.places.is_replica(&changed.at.bucket);
                let cause = if is_replica {
                    Cause::Unavailable(why)
                } else {
                    Cause::Failed(why)
                };
                waits(&mut report, changed.at, cause, is_left_to_others);
            }
            // These are about an object that does not exist.
            Judgment::Deleted
            | Judgment::Expired
            | Judgment::ExpiredEarly(_)
            | Judgment::PlantedAndGone => {}
        }
        report
    }
}

/// Returns a report on an object that could not be looked at.
fn unread(error: StoreError, scope: &Scope, at: &ObjectLocation) -> Report {
    let mut report = Report::new();
    report.cannot_tell(error, scope, at);
    report
}

/// Adds that the digest which lists a log file is not known.
fn waits(report: &mut Report, at: &ObjectLocation, cause: Cause, is_left_to_others: bool) {
    let error = StoreError {
        action: "find",
        subject: format!("a digest that lists {at}"),
        cause,
    };
    report.cannot_tell(error, &Scope::default(), at);
    report.is_left_to_others = is_left_to_others;
}
