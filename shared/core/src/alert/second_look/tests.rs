use super::*;
use crate::alert::sample::{at, finding};
use crate::alert::sent_finding::SentFinding;
use crate::finding::{DigestReference, FindingKind};
use std::collections::BTreeSet;

const FOLDER: &str = "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/01/15/";

fn digest(number: usize) -> String {
    format!(
        "{FOLDER}111122223333_CloudTrail-Digest_us-east-1_trail-{number}_us-east-1_20260115T120000Z.json.gz"
    )
}

/// Returns an occurrence as functions name one: 16 hex digits.
fn named(occurrence: &str) -> String {
    format!("{occurrence:0>16}")
}

/// Returns a finding about a log file that a digest shows.
fn shown_by(digest: &str, kind: FindingKind, occurrence: &str, minute: i64) -> SentFinding {
    let mut found = finding(occurrence, minute);
    found.occurrence = named(occurrence);
    kind.as_str().clone_into(&mut found.kind);
    found.digest = Some(DigestReference {
        bucket: "amzn-s3-demo-bucket".to_owned(),
        key: digest.to_owned(),
        start_time: None,
        end_time: None,
    });
    found
}

fn incident(findings: &[SentFinding]) -> Incident {
    let mut incident = Incident::of(&findings[0]);
    for finding in findings {
        incident.add(finding, finding.detected_at);
    }
    incident
}

fn keys(incident: &Incident, now: Timestamp) -> Vec<String> {
    let looks = looks(incident, now).into_iter();
    looks.map(|look| look.at.key).collect()
}

#[test]
fn the_digest_that_shows_an_open_occurrence_is_looked_at() {
    let kind = FindingKind::LogFileModified;
    let a = shown_by(&digest(1), kind, "a", 0);
    let b = shown_by(&digest(2), kind, "b", 1);
    let mut two = incident(&[a, b]);
    assert_eq!(keys(&two, at(60)), [digest(2), digest(1)]);
    let looks = looks(&two, at(60));
    assert_eq!(looks[0].functions, [VerifyingFunction::LogVerifier]);
    assert_eq!(looks[0].incidents, ["0".repeat(64)]);
    let over = SentFinding {
        all_clear: true,
        ..shown_by(&digest(1), kind, "a", 60)
    };
    two.add(&over, at(60));
    assert_eq!(keys(&two, at(60)), [digest(2)]);
    let over = SentFinding {
        ends_incident: true,
        ..over
    };
    two.add(&over, at(60));
    assert!(!two.is_open());
    assert!(keys(&two, at(60)).is_empty());
}

/// An incident of a folder has occurrences of several objects. Each ends for itself.
#[test]
fn the_occurrences_that_a_digest_shows_are_named() {
    let kind = FindingKind::ObjectDeleted;
    let found = [("a", 1), ("b", 1), ("c", 2)];
    let found = found.map(|(what, n)| shown_by(&digest(n), kind, what, 0));
    let looks = looks(&incident(&found), at(0));
    let id = "0".repeat(64);
    let found: Vec<_> = looks
        .iter()
        .map(|look| (look.at.key.clone(), look.incidents.clone()))
        .collect();
    assert_eq!(
        found,
        [
            (digest(2), vec![format!("{id}/{}", named("c"))]),
            (
                digest(1),
                vec![
                    format!("{id}/{}", named("b")),
                    format!("{id}/{}", named("a"))
                ]
            ),
        ]
    );
    assert_eq!(looks[0].functions.len(), 2);
}

/// A function refuses a message with anything else, and nothing in it would end.
#[test]
fn what_no_function_accepts_is_left_out_of_a_hostile_document() {
    let kind = FindingKind::ObjectDeleted;
    let mut hostile = incident(&[
        shown_by(&digest(1), kind, "a", 0),
        shown_by(&digest(2), kind, "b", 0),
        shown_by(&digest(3), kind, "c", 0),
    ]);
    hostile.recent[0].occurrence = "../x".to_owned();
    hostile.recent[1].look_at = Some(ObjectLocation::new("b", "x"));
    // The newest finding's digest takes the place of the second.
    assert_eq!(keys(&hostile, at(0)), [digest(3)]);
    let names = &looks(&hostile, at(0))[0].incidents;
    assert!(names.iter().all(|name| names_incident(name)), "{names:?}");
    for id in ["A".repeat(64), "x".to_owned()] {
        hostile.id = id;
        assert!(keys(&hostile, at(0)).is_empty());
    }
}

#[test]
fn nothing_but_a_digest_is_looked_at() {
    let kind = FindingKind::LogFileModified;
    // No digest shows it; it is not a digest; nobody looks at the kind again.
    let mut unlisted = finding("a", 0);
    kind.as_str().clone_into(&mut unlisted.kind);
    let not_a_digest = shown_by("a.txt", kind, "a", 0);
    let call = shown_by(&digest(1), FindingKind::LoggingWeakened, "a", 0);
    let long = shown_by(&format!("{}/{}", "x".repeat(500), digest(1)), kind, "a", 0);
    for found in [unlisted, not_a_digest, call, long] {
        assert!(keys(&incident(&[found]), at(0)).is_empty());
    }
    // A digest shows what is wrong with itself.
    let mut itself = finding("a", 0);
    "digest-malformed".clone_into(&mut itself.kind);
    itself.object = ObjectLocation::new("amzn-s3-demo-bucket", digest(1));
    let itself = incident(&[itself]);
    assert_eq!(keys(&itself, at(0)), [digest(1)]);
    assert_eq!(
        looks(&itself, at(0))[0].functions,
        [VerifyingFunction::DigestValidator]
    );
}

#[test]
fn an_old_incident_is_looked_at_once_a_day() {
    let kind = FindingKind::DigestMissing;
    let old = incident(&[shown_by(&digest(1), kind, "a", 0)]);
    let looked_at = |hours: std::ops::Range<i64>| {
        let hours = hours.filter(|hour| !keys(&old, at(hour * 60)).is_empty());
        hours.count()
    };
    assert_eq!(looked_at(0..49), 49);
    assert_eq!(looked_at(49..49 + 24), 1);
    assert_eq!(looked_at(49..49 + 240), 10);
}

#[test]
fn an_incident_of_many_digests_is_looked_at_in_turns() {
    let kind = FindingKind::ObjectUnreadableDenied;
    for count in [24, 100, 400] {
        let found = |n: usize| shown_by(&digest(n), kind, &n.to_string(), 0);
        let many = incident(&(0..count).map(found).collect::<Vec<_>>());
        let looked_at = |step: i64, looks: i64| {
            let hours = (0..looks).map(|look| at(look * step * 60));
            let keys = hours.map(|now| keys(&many, now));
            let keys = keys.inspect(|keys| assert!(keys.len() <= MAX_DIGESTS));
            keys.flatten().collect::<BTreeSet<_>>().len()
        };
        assert_eq!(looked_at(1, 48), count, "{count}");
    }
}
