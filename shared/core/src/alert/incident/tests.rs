use super::*;
use crate::alert::sample::{PACE, all_clear, at, finding};
use crate::alert::sent_finding::SentFinding;
use crate::finding::DigestReference;
use proptest::prelude::*;

fn publish(incident: &mut Incident, now: Timestamp) {
    incident.publish(now, incident.occurrences, 0);
}

#[test]
fn occurrences_that_another_environment_adds_count_as_unpublished() {
    let mut incident = Incident::of(&finding("a", 0));
    for n in 0..5 {
        incident.add(&finding(&n.to_string(), n), at(n));
    }
    // One environment has read two, and published these and one of its own.
    incident.add(&finding("own", 6), at(6));
    incident.publish(at(7), 2, 1);
    assert_eq!(incident.unpublished(), 3);
    // Publishing the same again does not add to it.
    incident.publish(at(8), 2, 0);
    assert_eq!(incident.unpublished(), 3);
    publish(&mut incident, at(9));
    assert_eq!(incident.unpublished(), 0);
}

#[test]
fn a_new_incident_is_published_at_once_and_updates_once_an_hour() {
    let first = finding("a", 0);
    let mut incident = Incident::of(&first);
    assert!(incident.add(&first, at(0)));
    assert_eq!(incident.notice(at(0), PACE), Notice::Opened);
    publish(&mut incident, at(0));
    // The same occurrence, tried again or found by another function.
    assert!(!incident.add(&finding("a", 1), at(1)));
    assert_eq!(incident.notice(at(1), PACE), Notice::Known);
    // Another one is not lost: people are notified when the hour has passed.
    assert!(incident.add(&finding("b", 5), at(5)));
    assert_eq!(incident.notice(at(5), PACE), Notice::Later { at: at(60) });
    assert_eq!(
        incident.notice(at(60), PACE),
        Notice::Grown { since: at(0) }
    );
    assert_eq!((incident.occurrences, incident.unpublished()), (2, 1));
    publish(&mut incident, at(60));
    assert_eq!(incident.notice(at(60 + 24 * 60 - 1), PACE), Notice::Known);
    assert_eq!(
        incident.notice(at(60 + 24 * 60), PACE),
        Notice::Persists { since: at(60) }
    );
}

#[test]
fn a_future_time_suppresses_no_alert() {
    let first = finding("a", 0);
    let mut incident = Incident::of(&first);
    incident.add(&first, at(0));
    publish(&mut incident, at(60 * 24 * 8));
    assert_eq!(incident.notice(at(0), PACE), Notice::Opened);
    // A finding from the future counts as one from now.
    let mut incident = Incident::of(&finding("a", 0));
    incident.add(&finding("b", 600), at(1));
    assert_eq!(incident.last_seen, at(1));
}

/// Returns a digest whose location is as long as an incident remembers one.
fn longest_digest(number: i64) -> DigestReference {
    let name = format!(
        "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/01/15/111122223333_CloudTrail-Digest_us-east-1_trail-{number:04}_us-east-1_20260115T120000Z.json.gz"
    );
    let bucket = "amzn-s3-demo-bucket".to_owned();
    let left = 500 - "s3:///".len() - bucket.len() - name.len() - 1;
    DigestReference {
        bucket,
        key: format!("{}/{name}", "\u{fff}".repeat(left / 3)),
        start_time: None,
        end_time: None,
    }
}

#[test]
fn a_document_round_trips_and_any_other_is_refused() {
    let first = finding("a", 0);
    let mut incident = Incident::of(&first);
    for n in 0..2_000 {
        // Characters that take more space in JSON and UTF-8.
        let mut hostile = finding(&n.to_string(), n);
        hostile.object.key = "\u{1}\u{ffff}\"\\".repeat(256);
        hostile.occurrence = format!("{n}{}", "\u{1}".repeat(10_000));
        hostile.message = "\u{1}".repeat(2_100);
        hostile.actual = Some("\u{1}".repeat(2_100));
        "log-file-missing".clone_into(&mut hostile.kind);
        hostile.digest = Some(longest_digest(n));
        incident.add(&hostile, at(n));
    }
    assert_eq!(incident.occurrences, 2_000);
    let document = incident.document();
    assert!(
        document.len() < MAX_DOCUMENT_BYTES / 4 * 3,
        "{}",
        document.len()
    );
    let read = Incident::read(document.as_bytes(), &incident.id);
    assert_eq!(read.as_ref(), Some(&incident));
    assert_eq!(Incident::read(document.as_bytes(), &"1".repeat(64)), None);
    assert_eq!(Incident::read(b"{}", &incident.id), None);
}

/// Returns the all-clear of an occurrence.
#[test]
fn an_incident_closes_when_every_occurrence_has_ended_and_opens_again() {
    let mut incident = Incident::of(&finding("a", 0));
    assert!(incident.add(&finding("a", 0), at(0)));
    assert!(incident.add(&finding("b", 1), at(1)));
    publish(&mut incident, at(1));
    assert!(incident.add(&all_clear("a", 2), at(2)));
    assert_eq!(incident.notice(at(2), PACE), Notice::Known);
    // The same again, and an occurrence that was never found.
    assert!(!incident.add(&all_clear("a", 3), at(3)));
    assert!(!incident.add(&all_clear("c", 3), at(3)));
    assert!(incident.add(&all_clear("b", 4), at(4)));
    assert_eq!(incident.notice(at(4), PACE), Notice::Closed);
    // What was found before it ended, delivered again.
    assert!(!incident.add(&finding("b", 1), at(5)));
    assert_eq!(incident.notice(at(5), PACE), Notice::Closed);
    incident.closing.as_mut().unwrap().is_published = true;
    assert_eq!(incident.notice(at(60 * 48), PACE), Notice::Known);
    // It happens again, within the hour of the last alert.
    assert!(incident.add(&finding("b", 6), at(6)));
    assert_eq!(incident.notice(at(6), PACE), Notice::Opened);
    assert_eq!((incident.first_seen, incident.occurrences), (at(6), 3));
    assert_eq!((incident.unpublished(), incident.recent.len()), (1, 2));
}

#[test]
fn an_all_clear_ends_only_what_was_found_before_it() {
    let mut incident = Incident::of(&finding("a", 5));
    incident.add(&finding("a", 5), at(5));
    for minute in [4, 5] {
        assert!(!incident.add(&all_clear("a", minute), at(6)), "{minute}");
    }
    assert!(incident.add(&all_clear("a", 6), at(6)));
    // The finding of the same second counts as the later one.
    assert!(incident.add(&finding("a", 6), at(6)));
    assert_eq!(incident.closing, None);
}

#[test]
fn an_incident_with_forgotten_occurrences_does_not_close() {
    let number = i64::try_from(MAX_REMEMBERED).unwrap();
    for (occurrences, closes) in [(number, true), (number + 1, false)] {
        let mut incident = Incident::of(&finding("0", 0));
        for n in 0..occurrences {
            incident.add(&finding(&n.to_string(), n), at(n));
        }
        for n in 0..occurrences {
            incident.add(
                &all_clear(&n.to_string(), occurrences + n),
                at(occurrences + n),
            );
        }
        assert_eq!(incident.closing.is_some(), closes, "{occurrences}");
    }
}

proptest! {
    /// Checks that, whatever happens and ends in which order, an incident is closed exactly if the
    /// last thing that happened to each object is its end.
    #[test]
    fn an_incident_is_closed_exactly_if_nothing_is_left(steps in proptest::collection::vec((0_usize..4, any::<bool>()), 1..60)) {
        let mut incident = Incident::of(&finding("start", 0));
        let mut open = [false; 4];
        for (minute, (object, ends)) in steps.into_iter().enumerate() {
            let minute = i64::try_from(minute).unwrap();
            let name = object.to_string();
            let step = if ends { all_clear(&name, minute) } else { finding(&name, minute) };
            let changes = incident.add(&step, at(minute));
            prop_assert_eq!(changes, open[object] == ends);
            open[object] = !ends;
            let is_closed = incident.occurrences > 0 && !open.contains(&true);
            prop_assert_eq!(incident.closing.is_some(), is_closed);
        }
    }
    /// Checks that, whatever arrives when, no occurrence stays unpublished for more than an hour,
    /// and people are notified about one incident at most once an hour.
    #[test]
    fn no_new_occurrence_waits_longer_than_an_hour(steps in proptest::collection::vec((0_u8..8, 0_i64..90), 1..80)) {
        let mut incident = Incident::of(&finding("start", 0));
        let (mut now, mut published, mut oldest_unpublished) = (0, Vec::<i64>::new(), None::<i64>);
        for (occurrence, minutes) in steps {
            // Pending occurrences are looked at when they are due, as the reminder does.
            if let Notice::Later { at: due } = incident.notice(at(now), PACE) {
                let due = due.duration_since(at(0)).as_mins();
                if due <= now + minutes {
                    let notice = incident.notice(at(due), PACE);
                    prop_assert!(notice.is_now(), "{notice:?}");
                    publish(&mut incident, at(due));
                    published.push(due);
                    oldest_unpublished = None;
                }
            }
            now += minutes;
            if incident.add(&finding(&occurrence.to_string(), now), at(now)) {
                oldest_unpublished = oldest_unpublished.or(Some(now));
            }
            if incident.notice(at(now), PACE).is_now() {
                publish(&mut incident, at(now));
                published.push(now);
                oldest_unpublished = None;
            }
            prop_assert!(oldest_unpublished.is_none_or(|since| now - since <= 60));
        }
        prop_assert!(published.windows(2).all(|pair| pair[1] - pair[0] >= 60));
    }

    #[test]
    fn any_document_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Incident::read(&bytes, "x");
    }
}

#[test]
fn an_all_clear_of_the_incident_ends_all_occurrences_before_it() {
    let mut incident = Incident::of(&finding("0", 0));
    for n in 0..500 {
        assert!(incident.add(&finding(&n.to_string(), n), at(n)));
    }
    assert_eq!(incident.forgotten, 100);
    let over = |minute| SentFinding {
        ends_incident: true,
        ..all_clear("whole", minute)
    };
    // The last occurrences were found later.
    assert!(incident.add(&over(490), at(500)));
    assert!(incident.is_open());
    let open = incident
        .recent
        .iter()
        .filter(|known| known.ended_at.is_none());
    assert_eq!(open.count(), 10);
    assert!(incident.add(&over(500), at(500)));
    assert_eq!(incident.notice(at(500), PACE), Notice::Closed);
    assert!(!incident.add(&over(501), at(501)));
    // It opens again.
    assert!(incident.add(&finding("0", 502), at(502)));
    assert_eq!(incident.notice(at(502), PACE), Notice::Opened);
}

/// A check finds the object intact, somebody deletes it again, and the all-clear of the check arrives
/// last.
#[test]
fn an_all_clear_does_not_end_what_was_found_again_after_it() {
    let mut incident = Incident::of(&finding("a", 0));
    assert!(incident.add(&finding("a", 0), at(0)));
    for (minute, is_news) in [(0, false), (5, true), (5, false), (3, false)] {
        let found = finding("a", minute);
        assert!(!incident.add(&found, at(5)));
        assert_eq!(incident.learn(&found, at(5)), is_news, "{minute}");
    }
    for minute in [4, 5] {
        assert!(!incident.add(&all_clear("a", minute), at(6)));
    }
    assert!(incident.is_open());
    assert!(incident.add(&all_clear("a", 6), at(6)));
    assert!(!incident.is_open());
    // What has ended is not found again without a notice.
    assert!(!incident.learn(&finding("a", 7), at(7)));
    assert!(incident.add(&finding("a", 7), at(7)));
}
