//! What becomes of the incidents that `watchdog` opens: each closes when nothing of it is left, and
//! no sooner.

use crate::stage::{Found, Stage, after, small};
use jiff::Timestamp;
use std::collections::BTreeMap;
use trailseal::alert::findings_message::compose;
use trailseal::alert::incident::Incident;
use trailseal::alert::received::{self, Received};
use trailseal::finding::Stamp;
use trailseal_tests::trail::TrailSpec;

/// The incidents as the alerter keeps them.
#[derive(Default)]
struct Incidents(BTreeMap<String, Incident>);

impl Incidents {
    /// Adds what a round sends.
    fn add(&mut self, found: &Found, now: Timestamp) {
        let stamp = Stamp::by_function("watchdog", now);
        for list in [&found.findings, &found.all_clears] {
            for message in compose(list, stamp, None) {
                let Ok(Received::Findings(sent)) = received::read(message.body.as_bytes()) else {
                    panic!("{}", message.body);
                };
                for finding in sent {
                    let incidents = self.0.entry(finding.id.clone());
                    let incident = incidents.or_insert_with(|| Incident::of(&finding));
                    incident.add(&finding, now);
                }
            }
        }
    }

    /// Returns the number of open incidents, and of all.
    fn open(&self) -> (usize, usize) {
        let open = self.0.values().filter(|incident| incident.is_open());
        (open.count(), self.0.len())
    }
}

/// Each day of a silence is an occurrence, and none of them stays open: the next silence of the same
/// chain must not look like a part of this one.
#[tokio::test]
async fn a_silence_of_several_days_is_over_when_digests_arrive_again() {
    let mut stage = Stage::of(TrailSpec {
        hours: 90,
        ..small()
    });
    stage.pass(after(stage.end(5), 35)).await;
    let since = stage.end(5);
    let mut incidents = Incidents::default();
    for hour in 1..=73 {
        let now = after(since, hour * 60);
        incidents.add(&stage.round(now).await, now);
    }
    assert_eq!(incidents.open(), (1, 1));
    let now = after(since, 73 * 60 + 40);
    stage.pass(now).await;
    incidents.add(&stage.round(now).await, now);
    assert_eq!(incidents.open(), (0, 1));
    let now = after(now, 10 * 60);
    incidents.add(&stage.round(now).await, now);
    assert_eq!(incidents.open(), (1, 1));
}

/// Several digests of one chain stay unverified: each is reported, and the incident lasts until the
/// last one is verified, whichever that is.
#[tokio::test]
async fn each_unverified_digest_keeps_the_incident_open() {
    for last in [4, 5, 6] {
        let mut stage = Stage::of(TrailSpec {
            hours: 60,
            ..small()
        });
        stage.pass(after(stage.end(3), 35)).await;
        let mut lost = BTreeMap::new();
        for hour in 4..=6 {
            lost.extend(
                stage
                    .deliver(after(stage.end(hour), 35))
                    .into_iter()
                    .map(|it| (hour, it)),
            );
        }
        let end = stage.end(6);
        let mut incidents = Incidents::default();
        let mut reported = BTreeMap::new();
        for hour in 1..=20 {
            let now = after(end, hour * 60 + 40);
            stage.pass(now).await;
            let found = stage.round(now).await;
            for (_, key) in found.found() {
                *reported.entry(key).or_insert(0) += 1;
            }
            incidents.add(&found, now);
        }
        let expected: Vec<_> = lost.values().map(|digest| digest.key.clone()).collect();
        assert_eq!(reported.into_keys().collect::<Vec<_>>(), expected);
        let mut now = after(end, 20 * 60 + 40);
        for hour in (4..=6).filter(|hour| *hour != last).chain([last]) {
            assert_eq!(incidents.open(), (1, 1), "before hour {hour} of {last}");
            now = after(now, 60);
            let digest = &lost[&hour];
            stage.validate(digest, now).await;
            stage.verify(digest, now).await;
            stage.pass(now).await;
            incidents.add(&stage.round(now).await, now);
        }
        assert_eq!(incidents.open(), (0, 1), "{last}");
    }
}
