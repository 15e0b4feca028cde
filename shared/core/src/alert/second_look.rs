//! Which digests are verified again because of an open incident, and when.

use super::incident::Incident;
use super::verified_again::{functions, is_of_one_object, look_at};
use crate::names::event_object::occurrence_of;
use crate::names::location::ObjectLocation;
use crate::names::sha256::Sha256;
use crate::watch::VerifyingFunction;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// The time after its start in which an incident is looked at every hour. Then, it is looked at once
/// a day.
const EVERY_HOUR_FOR: SignedDuration = SignedDuration::from_hours(48);

/// The maximum number of digests that are verified again for one incident at one look.
const MAX_DIGESTS: usize = 20;

/// A digest that is verified again because of an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondLook {
    /// Its location.
    pub at: ObjectLocation,
    /// The functions that verify it.
    pub functions: &'static [VerifyingFunction],
    /// What ends if they find it right: the incident, or occurrences of it. See
    /// [`EventObject::incidents`](crate::names::event_object::EventObject::incidents).
    pub incidents: Vec<String>,
}

/// Returns the digests that are verified again at `now` because of an incident.
#[must_use]
pub fn looks(incident: &Incident, now: Timestamp) -> Vec<SecondLook> {
    let functions = functions(&incident.kind);
    if functions.is_empty() || !incident.is_open() || !is_due(incident, now) {
        return Vec::new();
    }
    // Every digest once, the newest first, with the occurrences that it shows.
    let mut digests: Vec<ObjectLocation> = Vec::new();
    let mut shown: BTreeMap<ObjectLocation, Vec<String>> = BTreeMap::new();
    let open = incident.recent.iter().rev();
    for occurrence in open.filter(|occurrence| occurrence.ended_at.is_none()) {
        // A document of an earlier version does not name the digest.
        let of_latest = || look_at(&incident.latest);
        if let Some(at) = occurrence.look_at.clone().or_else(of_latest) {
            let shown = shown.entry(at.clone()).or_insert_with(|| {
                digests.push(at);
                Vec::new()
            });
            shown.push(occurrence_of(&incident.id, &occurrence.occurrence));
        }
    }
    if digests.len() > MAX_DIGESTS {
        // Other ones at the next look, after an hour or after a day.
        let hours = usize::try_from(hour_of(now)).unwrap_or(0);
        let days = hours / 24;
        let start = hours.wrapping_mul(MAX_DIGESTS).wrapping_add(days) % digests.len();
        digests.rotate_left(start);
        digests.truncate(MAX_DIGESTS);
    }
    let look = |at| SecondLook {
        incidents: if is_of_one_object(&incident.kind) {
            vec![incident.id.clone()]
        } else {
            shown.remove(&at).unwrap_or_default()
        },
        at,
        functions,
    };
    digests.into_iter().map(look).collect()
}

/// Returns whether an incident is looked at in this hour. Old incidents are spread over the day.
fn is_due(incident: &Incident, now: Timestamp) -> bool {
    if now.duration_since(incident.first_seen) <= EVERY_HOUR_FOR {
        return true;
    }
    let [first, ..] = Sha256::of(incident.id.as_bytes()).to_bytes();
    i64::from(first) % 24 == hour_of(now).rem_euclid(24)
}

/// Returns the number of the hour, since 1970.
fn hour_of(now: Timestamp) -> i64 {
    now.as_second().div_euclid(3600)
}

#[cfg(test)]
mod tests {
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

    /// Returns a finding about a log file that a digest shows.
    fn shown_by(digest: &str, kind: FindingKind, occurrence: &str, minute: i64) -> SentFinding {
        let mut found = finding(occurrence, minute);
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
        let named: Vec<_> = looks
            .iter()
            .map(|look| (look.at.key.clone(), look.incidents.clone()))
            .collect();
        assert_eq!(
            named,
            [
                (digest(2), vec![format!("{id}/c")]),
                (digest(1), vec![format!("{id}/b"), format!("{id}/a")]),
            ]
        );
        assert_eq!(looks[0].functions.len(), 2);
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
}
