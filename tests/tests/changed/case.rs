//! A trail, a bucket, and the check of an event about it.

use jiff::{SignedDuration, Timestamp};
use trailseal::check::arrival::Arrival;
use trailseal::check::changed::ChangeMonitor;
use trailseal::check::digest::DigestVerifier;
use trailseal::check::key_ring::KeyRing;
use trailseal::finding::{Finding, FindingKind, Report, Verdict};
use trailseal::names::deed::{Deed, ObjectAction, Removal};
use trailseal::names::event_object::EventObject;
use trailseal::names::location::ObjectLocation;
use trailseal::names::places::Places;
use trailseal::trust::public_key::KeySet;
use trailseal_tests::memory::{Memory, places};
use trailseal_tests::trail::{DigestFile, Object, Trail, TrailSpec};

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const REGION: &str = "us-east-1";

/// When everything happens, unless a case says otherwise: hours after the last digest.
pub(crate) const NOW: &str = "2026-01-15T12:00:00Z";

pub(crate) struct Case {
    pub(crate) trail: Trail,
    pub(crate) memory: Memory,
    pub(crate) places: Places,
    pub(crate) retention_days: Option<i64>,
    pub(crate) now: Timestamp,
}

impl Case {
    pub(crate) fn new() -> Self {
        Self::of(TrailSpec {
            hours: 6,
            log_files_per_hour: 2..=2,
            ..TrailSpec::default()
        })
    }

    pub(crate) fn of(spec: TrailSpec) -> Self {
        let trail = spec.build();
        Self {
            memory: Memory::of(&trail),
            places: places(&trail),
            retention_days: None,
            now: NOW.parse().unwrap(),
            trail,
        }
    }

    pub(crate) fn at(mut self, now: &str) -> Self {
        self.now = now.parse().unwrap();
        self
    }

    pub(crate) fn digest(&self, hour: u32) -> &DigestFile {
        self.trail.digest(ACCOUNT, REGION, hour)
    }

    /// Returns the first log file of an hour.
    pub(crate) fn log_file(&self, hour: u32) -> Object {
        self.trail.logs_of(self.digest(hour))[0].object.clone()
    }

    /// Removes the digests after an hour: they have not arrived.
    pub(crate) fn without_digests_after(&mut self, hour: i64) {
        for digest in &self.trail.digests {
            if digest.hour > hour {
                self.memory.delete(&digest.object);
            }
        }
    }

    fn monitor(&self) -> ChangeMonitor<&Memory, &Memory> {
        let keys = KeyRing::new(&self.memory, KeySet::default());
        let digests = DigestVerifier::new(&self.memory, keys, self.places.clone());
        let days = self.retention_days;
        ChangeMonitor::new(
            digests,
            days.map(|days| SignedDuration::from_hours(24 * days)),
        )
    }

    /// Checks an object after an event about it.
    pub(crate) async fn check(&self, object: &Object, deed: Deed) -> Report {
        self.check_named(EventObject::new(location(object)).with_deed(deed))
            .await
    }

    /// Checks the object that an event names.
    pub(crate) async fn check_named(&self, named: EventObject) -> Report {
        let monitor = self.monitor();
        match monitor.arrival(&named).await {
            Arrival::At(object) => {
                let meant = EventObject { object, ..named };
                monitor.check(&meant, self.now).await
            }
            Arrival::NotFound(report) => *report,
        }
    }
}

pub(crate) fn location(object: &Object) -> ObjectLocation {
    ObjectLocation::new(&object.bucket, &object.key)
}

fn deed(action: ObjectAction, reason: &str) -> Deed {
    Deed {
        reason: Some(reason.to_owned()),
        requester: Some("444455556666".to_owned()),
        source_address: Some("198.51.100.7".to_owned()),
        time: Some("2026-01-15T11:59:58Z".parse().unwrap()),
        ..Deed::new(action)
    }
}

/// A principal of another account adds a delete marker.
pub(crate) fn marked() -> Deed {
    deed(removed(Removal::Marker), "DeleteObject")
}

/// A principal of another account deletes an object, a version or a marker permanently.
pub(crate) fn deleted() -> Deed {
    deed(removed(Removal::Permanent), "DeleteObject")
}

/// A principal of another account writes an object.
pub(crate) fn written() -> Deed {
    deed(ObjectAction::Written, "PutObject")
}

fn removed(how: Removal) -> ObjectAction {
    ObjectAction::Removed {
        how: Some(how),
        by_lifecycle: false,
    }
}

/// A lifecycle rule deletes an object, in the way in which S3 reports it.
pub(crate) fn expired(how: Removal) -> Deed {
    Deed {
        reason: Some("Lifecycle Expiration".to_owned()),
        requester: Some("s3.amazonaws.com".to_owned()),
        time: Some("2026-01-15T11:59:58Z".parse().unwrap()),
        ..Deed::new(ObjectAction::Removed {
            how: Some(how),
            by_lifecycle: true,
        })
    }
}

/// Returns the only finding of a report that has nothing else.
#[track_caller]
pub(crate) fn only(report: Report) -> Finding {
    assert!(report.obstacles.is_empty(), "{:#?}", report.obstacles);
    assert!(report.all_clears.is_empty(), "{:#?}", report.all_clears);
    assert_eq!(report.findings.len(), 1, "{:#?}", report.findings);
    report.findings.into_iter().next().unwrap()
}

/// Checks that a report says only that the object is as CloudTrail delivered it, and that it ends
/// what `found` reported.
#[track_caller]
pub(crate) fn assert_all_clear(report: &Report, found: &[&Finding]) {
    assert!(report.findings.is_empty(), "{:#?}", report.findings);
    assert!(report.obstacles.is_empty(), "{:#?}", report.obstacles);
    assert_eq!((report.verdict(), report.valid), (Verdict::Valid, 1));
    for finding in found {
        let ends = |all_clear: &&Finding| {
            all_clear.all_clear
                && all_clear.id() == finding.id()
                && all_clear.occurrence() == finding.occurrence()
        };
        assert_eq!(
            report.all_clears.iter().filter(ends).count(),
            1,
            "{found:#?}"
        );
    }
    let kinds = [FindingKind::ObjectDeleted, FindingKind::ObjectOverwritten];
    assert!(report.all_clears.iter().all(|it| kinds.contains(&it.kind)));
}

/// Checks that a report is about an object that needs no check.
#[track_caller]
pub(crate) fn assert_ignored(report: &Report) {
    assert_eq!(report.verdict(), Verdict::Ignored, "{report:#?}");
    assert!(report.all_clears.is_empty(), "{report:#?}");
}
