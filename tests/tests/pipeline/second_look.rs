//! What was found is looked at again: a restored file ends its incident, although no event says that
//! it is back.

use crate::evidence_log::text;
use crate::world::{World, found};
use anyhow::{Context, Result, ensure};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::time::Duration;
use trailseal_tests::local::Alert;
use trailseal_tests::trail::tamper::log as tamper_log;
use trailseal_tests::trail::{Object, TrailSpec};

const SECOND_LOOK: &str = r#"{"secondLook":{}}"#;

impl World {
    /// Has open incidents looked at again, in a later second than that of the newest finding, and
    /// lets the functions work.
    pub(crate) async fn second_look(&self) -> Result<()> {
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
    pub(crate) fn all_clears(&self) -> Vec<String> {
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
    assert_acknowledged(&world, &log).await?;
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
        email.contains("Trailseal no longer finds what it reported"),
        "{email}"
    );
    let source = world.evidence_source()?;
    let listed = world.trailseal(&["incidents", &source, "--all"]).await?;
    let printed = text(&listed);
    // A trail that starts is an incident that does not end.
    ensure!(printed.contains("OPEN LOW chain-started"), "{printed}");
    ensure!(
        printed.contains("\n1 open, 0 acknowledged, 3 closed\n"),
        "{printed}"
    );
    ensure!(
        printed.contains("CLOSED CRITICAL log-file-modified"),
        "{printed}"
    );
    ensure!(printed.contains("Acknowledged  "), "{printed}");
    // What has ended is not looked at again.
    let alerts = world.alerts().len();
    world.second_look().await?;
    ensure!(world.alerts().len() == alerts);
    Ok(())
}

/// Acknowledges the incident of a log file from the command line, as its alert names it.
async fn assert_acknowledged(world: &World, log: &Object) -> Result<()> {
    let source = world.evidence_source()?;
    let listed = world
        .trailseal(&["incidents", &source, "--format", "json"])
        .await?;
    ensure!(listed.status.code() == Some(1), "{}", text(&listed));
    let document: Value = serde_json::from_slice(&listed.stdout)?;
    let incidents = document["incidents"].as_array().context("incidents")?;
    ensure!(incidents.len() == 4, "{document:#}");
    ensure!(incidents.iter().all(|incident| incident["state"] == "open"));
    let of_log = |incident: &&Value| incident["object"]["key"] == log.key.as_str();
    let incident = incidents.iter().find(of_log).context("the log file")?;
    let id = incident["id"].as_str().context("an ID")?;
    let location = format!("{source}/incidents/{id}.json");
    for (arguments, code, printed) in [
        (
            vec!["ack", &location, "--reason", " "],
            64,
            "the reason is empty",
        ),
        (
            vec!["ack", &location, "--reason", "x", "--until", "2020-01-01"],
            64,
            "is over",
        ),
        (
            vec!["ack", &id[..12], "--reason", "x"],
            64,
            "give the evidence bucket",
        ),
        (
            vec!["ack", "0000000000", "--evidence", &source, "--reason", "x"],
            64,
            "there is no incident 0000000000",
        ),
        (
            vec![
                "ack",
                &id[..12],
                "--evidence",
                &source,
                "--reason",
                "x",
                "--until",
                "2d",
                "--by",
                "Jane Doe",
            ],
            0,
            "is not repeated until ",
        ),
        (
            vec!["ack", &location, "--reason", "No version is left"],
            0,
            "is not repeated until it is over",
        ),
    ] {
        let done = world.trailseal(&arguments).await?;
        let said = text(&done);
        ensure!(done.status.code() == Some(code), "{arguments:?}: {said}");
        ensure!(said.contains(printed), "{arguments:?}: {said}");
    }
    let kept = world.evidence(&format!("acknowledgments/{id}/")).await?;
    ensure!(kept.len() == 2, "{kept:#?}");
    ensure!(kept.values().any(|it| it["by"] == "Jane Doe"), "{kept:#?}");
    let by_identity = kept
        .values()
        .find(|it| it["reason"] == "No version is left");
    let by = by_identity.context("an acknowledgment")?["by"].as_str();
    ensure!(by.is_some_and(|by| by.starts_with("arn:aws:")), "{by:?}");
    let listed = world.trailseal(&["incidents", &source]).await?;
    let printed = text(&listed);
    ensure!(
        printed.contains("ACKNOWLEDGED CRITICAL log-file-modified"),
        "{printed}"
    );
    ensure!(
        printed.contains("\n3 open, 1 acknowledged; --all also"),
        "{printed}"
    );
    Ok(())
}
