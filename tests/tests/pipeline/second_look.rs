//! What was found is looked at again: a restored file ends its incident, although no event says that
//! it is back.

use crate::world::{World, found};
use anyhow::{Context, Result, ensure};
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;
use trailseal_tests::local::Alert;
use trailseal_tests::trail::TrailSpec;
use trailseal_tests::trail::tamper::log as tamper_log;

const SECOND_LOOK: &str = r#"{"secondLook":{}}"#;

impl World {
    /// Has open incidents looked at again, in a later second than that of the newest finding, and
    /// lets the functions work.
    async fn second_look(&self) -> Result<()> {
        let now = Timestamp::now();
        while Timestamp::now() < now + SignedDuration::from_millis(1100) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.pump.send("Watchdog", SECOND_LOOK).await?;
        self.settle().await?;
        ensure!(self.pump.drain_dlq("Watchdog").await?.is_empty());
        Ok(())
    }

    /// Returns the subjects of the all-clears.
    fn all_clears(&self) -> Vec<String> {
        let subjects = self.alerts().into_iter().map(|alert: Alert| alert.subject);
        let mut subjects: Vec<_> = subjects.filter(|it| it.contains("ALL CLEAR")).collect();
        subjects.sort();
        subjects
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn restored_files_end_their_incidents_at_the_next_second_look() -> Result<()> {
    let trail = TrailSpec {
        hours: 4,
        log_files_per_hour: 2..=2,
        ..TrailSpec::default()
    };
    let world = World::of(trail.build()).await?;
    world.deliver_log_files().await?;
    let log = world.trail.logs_of(world.hour(2))[0].object.clone();
    world.put(&tamper_log::modified(&log)).await?;
    let digest = world.hour(1).object.clone();
    for hour in 0..4 {
        world.put(&world.hour(hour).object).await?;
        if hour == 1 {
            world.settle().await?;
            world.delete(&digest).await?;
        }
    }
    world.settle().await?;
    let stated = &world.hour(1).document;
    world.assert_alerts(&[
        found("log-file-modified", &log),
        found("digest-missing", &digest).window(&stated.digest_start_time, &stated.digest_end_time),
        found("object-deleted", &digest),
    ]);
    // As long as it is wrong, nobody hears of it again.
    let alerts = world.alerts().len();
    world.second_look().await?;
    ensure!(world.alerts().len() == alerts, "{:#?}", world.alerts());
    // CloudTrail's own requests have no event that a function acts on.
    world.put(&log).await?;
    world.put(&digest).await?;
    world.settle().await?;
    world.second_look().await?;
    let closed = world.all_clears();
    ensure!(!closed.is_empty());
    let documents = world.evidence("incidents/").await?;
    for document in documents.values() {
        if document["kind"] != "chain-started" {
            ensure!(document["closing"]["isPublished"] == true, "{document:#}");
        }
    }
    let email = world.alerts().pop().context("an alert")?.email;
    ensure!(
        email.contains("what Trailseal found before is right again"),
        "{email}"
    );
    // What has ended is not looked at again.
    let alerts = world.alerts().len();
    world.second_look().await?;
    ensure!(world.alerts().len() == alerts);
    Ok(())
}
