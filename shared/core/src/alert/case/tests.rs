use super::*;
use crate::alert::sample::{PACE, all_clear, at, finding};

fn arrived(occurrences: &[&str]) -> Arrived {
    Arrived {
        findings: occurrences.iter().map(|name| finding(name, 0)).collect(),
        reminded: false,
    }
}

/// Returns an incident with these occurrences, which was published at time 0.
fn on_record(occurrences: &[&str]) -> Incident {
    let mut case = Case::of(arrived(occurrences), OnRecord::Nothing, at(0), PACE).unwrap();
    case.is_published = true;
    case.first_document(at(0))
}

fn known(occurrences: &[&str]) -> OnRecord {
    OnRecord::Incident(Box::new(on_record(occurrences)))
}

#[test]
fn an_arrived_finding_is_new_or_known_and_due_or_not() {
    let since = at(0);
    for (came, record, minute, new, notice) in [
        (&["a"][..], OnRecord::Nothing, 0, 1, Notice::Opened),
        (&["a", "a"], OnRecord::Nothing, 0, 1, Notice::Opened),
        (&["a"], OnRecord::Unreadable, 0, 1, Notice::Opened),
        (&["a"], known(&["a"]), 5, 0, Notice::Known),
        (&["b"], known(&["a"]), 5, 1, Notice::Later { at: at(60) }),
        (&["b"], known(&["a"]), 60, 1, Notice::Grown { since }),
        (
            &["a"],
            known(&["a"]),
            24 * 60,
            0,
            Notice::Persists { since },
        ),
    ] {
        let case = Case::of(arrived(came), record, at(minute), PACE).unwrap();
        assert_eq!((case.new.len(), case.notice), (new, notice), "{came:?}");
    }
}

#[test]
fn a_reminder_without_an_incident_makes_no_case() {
    let reminder = || Arrived {
        findings: Vec::new(),
        reminded: true,
    };
    for record in [OnRecord::Nothing, OnRecord::Unreadable] {
        assert!(Case::of(reminder(), record, at(0), PACE).is_none());
    }
    let case = Case::of(reminder(), known(&["a"]), at(5), PACE).unwrap();
    assert_eq!(case.notice, Notice::Known);
}

/// Checks that the write of another environment between reading and writing is kept, as not
/// published.
#[test]
fn arrived_findings_are_added_to_the_newest_record() {
    let mut case = Case::of(arrived(&["b"]), known(&["a"]), at(60), PACE).unwrap();
    case.is_published = true;
    let mut meanwhile = on_record(&["a"]);
    meanwhile.add(&finding("c", 0), at(60));
    for (record, occurrences, unpublished) in [
        (Some(on_record(&["a"])), 2, 0),
        (Some(meanwhile), 3, 1),
        (None, 1, 0),
    ] {
        let incident = case.added_to(record, at(60));
        let counts = (incident.occurrences, incident.unpublished());
        assert_eq!(counts, (occurrences, unpublished));
    }
    // Unpublished occurrences are on record as such.
    case.is_published = false;
    let incident = case.added_to(Some(on_record(&["a"])), at(60));
    assert_eq!(incident.unpublished(), 1);
}

/// Two functions find an object unreadable: at first the one that knows of no digest.
#[test]
fn the_digest_of_a_known_occurrence_is_recorded() {
    use crate::finding::DigestReference;
    let found = |digest| SentFinding {
        kind: "object-unreadable-denied".to_owned(),
        digest,
        ..finding("a", 0)
    };
    let key = "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/01/15/111122223333_CloudTrail-Digest_us-east-1_trail_us-east-1_20260115T120000Z.json.gz";
    let with_digest = || {
        found(Some(DigestReference {
            bucket: "amzn-s3-demo-bucket".to_owned(),
            key: key.to_owned(),
            start_time: None,
            end_time: None,
        }))
    };
    let arrived = |findings| Arrived {
        findings,
        reminded: false,
    };
    let look_at = |incident: &Incident| {
        let at = incident.recent[0].look_at.as_ref();
        at.map(|at| at.key.clone())
    };
    // In one batch, or in two.
    let both = arrived(vec![found(None), with_digest()]);
    let case = Case::of(both, OnRecord::Nothing, at(0), PACE).unwrap();
    assert_eq!(look_at(&case.first_document(at(0))).as_deref(), Some(key));
    let first = arrived(vec![found(None)]);
    let mut case = Case::of(first, OnRecord::Nothing, at(0), PACE).unwrap();
    case.is_published = true;
    let on_record = case.first_document(at(0));
    assert_eq!(look_at(&on_record), None);
    let record = || OnRecord::Incident(Box::new(on_record.clone()));
    let second = arrived(vec![with_digest()]);
    let case = Case::of(second, record(), at(5), PACE).unwrap();
    assert_eq!((case.notice, case.new.len()), (Notice::Known, 0));
    assert!(case.is_recorded_silently());
    let known = case.added_to(Some(on_record.clone()), at(5));
    assert_eq!(look_at(&known).as_deref(), Some(key));
    assert_eq!((known.occurrences, known.unpublished()), (1, 0));
    // The same again is nothing new.
    let third = arrived(vec![with_digest(), found(None)]);
    let known = OnRecord::Incident(Box::new(known));
    let case = Case::of(third, known, at(6), PACE).unwrap();
    assert!(!case.is_recorded_silently());
}

fn came(finding: SentFinding) -> Arrived {
    Arrived {
        findings: vec![finding],
        reminded: false,
    }
}

/// What this environment found waits for the next alert, or is known. Before that is recorded,
/// another environment closes the incident, and people hear that everything is right.
#[test]
fn what_is_found_while_the_incident_closes_is_published_immediately() {
    let mut closing = Case::of(came(all_clear("a", 5)), known(&["a"]), at(5), PACE).unwrap();
    assert_eq!(closing.notice, Notice::Closed);
    closing.is_published = true;
    let closed = closing.added_to(Some(on_record(&["a"])), at(5));
    assert!(!closed.is_open());
    for occurrence in ["a", "b"] {
        let found = came(finding(occurrence, 6));
        let case = Case::of(found, known(&["a"]), at(6), PACE).unwrap();
        assert!(!case.notice.is_now(), "{occurrence}");
        let mut incident = case.added_to(Some(closed.clone()), at(6));
        assert_eq!(incident.notice(at(6), PACE), Notice::Opened, "{occurrence}");
        let wait = incident.remind(at(6), PACE);
        assert_eq!(wait, Some(std::time::Duration::ZERO), "{occurrence}");
    }
}

/// The same, and the other environment records its finding first.
#[test]
fn an_all_clear_that_came_too_early_is_followed_by_an_alert() {
    let mut case = Case::of(came(all_clear("a", 5)), known(&["a"]), at(5), PACE).unwrap();
    case.is_published = true;
    let mut meanwhile = on_record(&["a"]);
    meanwhile.add(&finding("b", 5), at(5));
    assert!(meanwhile.remind(at(5), PACE).is_some());
    let mut incident = case.added_to(Some(meanwhile), at(5));
    assert!(incident.is_open());
    assert_eq!(incident.notice(at(5), PACE), Notice::Opened);
    let wait = incident.remind(at(5), PACE);
    assert_eq!(wait, Some(std::time::Duration::ZERO));
}

#[test]
fn a_reminder_is_sent_once_for_each_later_update() {
    let mut incident = on_record(&["a"]);
    assert_eq!(incident.remind(at(5), PACE), None);
    incident.add(&finding("b", 0), at(5));
    let minutes = |wait: Option<std::time::Duration>| wait.map(|wait| wait.as_secs() / 60);
    for (minute, wait) in [
        (5, Some(15)),
        (6, None),
        (30, None),
        (31, Some(15)),
        (60, None),
    ] {
        assert_eq!(minutes(incident.remind(at(minute), PACE)), wait, "{minute}");
    }
}
