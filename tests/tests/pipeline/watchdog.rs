//! The hourly round: what nobody sends an event about. The functions use the clock, so these trails
//! end now.

use crate::world::{VALIDATOR, VERIFIER, World};
use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use serde_json::Value;
use std::process::Command;
use std::time::Duration;
use trailseal_tests::local::{Fault, Match, Rule};
use trailseal_tests::trail::{DigestFile, Trail, TrailSpec};

const WATCHDOG: &str = "Watchdog";
const TICK: &str = r#"{"watch":{}}"#;
const SETTINGS_MONITOR: &str = "SettingsMonitor";
const LOOK: &str = r#"{"settings":{}}"#;

/// Returns a trail whose last hour ended less than an hour ago.
fn trail(hours: u32) -> Trail {
    let now = Timestamp::now().as_second();
    let start = now - now % 3600 - i64::from(hours) * 3600;
    TrailSpec {
        start: Timestamp::from_second(start).unwrap(),
        hours,
        log_files_per_hour: 1..=1,
        records_per_file: 1..=1,
        ..TrailSpec::default()
    }
    .build()
}

impl World {
    /// Delivers the log files of some hours and their digests, and lets the functions work.
    async fn deliver_hours(&self, hours: std::ops::RangeInclusive<u32>) -> Result<()> {
        for hour in hours {
            let digest = self.hour(hour);
            for log in self.trail.logs_of(digest) {
                self.put(&log.object).await?;
            }
            self.put(&digest.object).await?;
        }
        self.settle().await
    }

    /// Starts a round, and lets the functions work.
    pub(crate) async fn tick(&self) -> Result<()> {
        self.pump.send(WATCHDOG, TICK).await?;
        self.settle().await?;
        ensure!(self.pump.drain_dlq(WATCHDOG).await?.is_empty());
        Ok(())
    }

    /// Starts a look at the settings, and lets the functions work.
    pub(crate) async fn look(&self) -> Result<()> {
        self.pump.send(SETTINGS_MONITOR, LOOK).await?;
        self.settle().await?;
        ensure!(self.pump.drain_dlq(SETTINGS_MONITOR).await?.is_empty());
        Ok(())
    }

    /// Starts a look at the settings, and lets the functions work. Messages may be parked.
    pub(crate) async fn look_alone(&self) -> Result<()> {
        self.pump.send(SETTINGS_MONITOR, LOOK).await?;
        self.pump.until_idle().await?;
        Ok(())
    }

    /// Returns the findings and all-clears of a kind that watchdog sent to the alerter so far.
    fn sent_by_watchdog(&self, kind: &str) -> Vec<Value> {
        let mut sent = self.sent_by("watchdog");
        sent.retain(|finding| finding["kind"] == kind);
        sent
    }

    /// Returns the findings and all-clears that a function sent to the alerter so far.
    pub(crate) fn sent_by(&self, function: &str) -> Vec<Value> {
        let calls = self.proxy.calls(&Match::operation("sqs", "SendMessage"));
        let bodies = calls.iter().filter_map(|call| {
            let body = call.parameters["MessageBody"].as_str()?;
            serde_json::from_str::<Value>(body).ok()
        });
        bodies
            .flat_map(|body| body["findings"].as_array().cloned().unwrap_or_default())
            .filter(|finding| finding["function"] == function)
            .collect()
    }

    /// Returns the names of the functions that left a receipt of a digest.
    async fn receipts_by(&self, digest: &DigestFile) -> Result<Vec<&'static str>> {
        let mut found = Vec::new();
        for function in ["digest-validator", "log-verifier"] {
            let receipts = self.receipts(function).await?;
            let key = digest.object.key.as_str();
            let mut keys = receipts
                .iter()
                .map(|(_, receipt)| &receipt["object"]["key"]);
            found.extend(keys.any(|of| of == key).then_some(function));
        }
        Ok(found)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_trail_is_reported_and_cleared_when_its_digests_arrive() -> Result<()> {
    let world = World::of(trail(12)).await?;
    world.deliver_hours(0..=4).await?;
    world.tick().await?;
    let found = world.sent_by_watchdog("digest-overdue");
    let [finding] = found.as_slice() else {
        anyhow::bail!("{found:#?}");
    };
    let newest = world.hour(4);
    ensure!(finding["object"]["key"] == newest.object.key.as_str());
    ensure!(finding["severity"] == "high" && finding["allClear"] != true);
    let end = newest.document.digest_end_time.as_str();
    ensure!(finding["window"]["from"] == end, "{finding:#}");
    ensure!(finding["trail"] == world.trail.spec.trail_arn().as_str());
    let alerts = world.alerts();
    let kinds: Vec<String> = alerts
        .iter()
        .flat_map(|alert| alert.findings().into_iter().map(|finding| finding.kind))
        .collect();
    ensure!(kinds == ["digest-overdue"], "{kinds:?}");
    // The next round finds the same, and alerts nobody again.
    world.tick().await?;
    ensure!(world.sent_by_watchdog("digest-overdue").len() == 2);
    ensure!(world.alerts().len() == alerts.len());
    world.deliver_hours(5..=12).await?;
    world.tick().await?;
    let found = world.sent_by_watchdog("digest-overdue");
    let all_clear = found.last().context("an all-clear")?;
    ensure!(found.len() == 3, "{found:#?}");
    ensure!(all_clear["allClear"] == true, "{all_clear:#}");
    ensure!(all_clear["id"] == finding["id"], "{all_clear:#}");
    world.tick().await?;
    ensure!(world.sent_by_watchdog("digest-overdue").len() == 3);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn digests_whose_events_are_lost_are_verified_after_the_tick() -> Result<()> {
    let world = World::of(trail(20)).await?;
    world.deliver_hours(0..=2).await?;
    // The events of the next hours do not arrive.
    for function in [VALIDATOR, VERIFIER] {
        ensure!(world.pump.drain(function).await?.is_empty());
    }
    world.stop_events().await?;
    world.deliver_hours(3..=20).await?;
    let lost = world.hour(4);
    ensure!(world.receipts_by(lost).await?.is_empty());
    world.tick().await?;
    ensure!(world.receipts_by(lost).await? == ["digest-validator", "log-verifier"]);
    // The newest ones may still arrive: they were written a moment ago.
    ensure!(world.receipts_by(world.hour(18)).await?.is_empty());
    let impaired = world.sent_by_watchdog("monitoring-impaired");
    let messages = impaired.iter().filter_map(|one| one["message"].as_str());
    let messages: Vec<&str> = messages.collect();
    let [lost_events] = messages.as_slice() else {
        anyhow::bail!("{impaired:#?}");
    };
    ensure!(
        lost_events.contains("did not verify all digests within 90 minutes"),
        "{lost_events}"
    );
    // The chain is not silent: its digests are in the bucket.
    ensure!(world.sent_by_watchdog("digest-overdue").is_empty());
    let sent = world.evidence("watch/").await?;
    let account = &sent["watch/111122223333.json"]["sent"];
    ensure!(
        account.as_object().is_some_and(|sent| sent.len() >= 5),
        "{sent:#?}"
    );
    ensure!(sent["watch/stack.json"]["eventsLost"]["key"].is_string());
    Ok(())
}

/// Lambda's worst moment: the findings are sent, and the function dies before it forgets what ended.
#[tokio::test(flavor = "multi_thread")]
async fn a_round_that_is_killed_is_repeated() -> Result<()> {
    let world = World::of(trail(12)).await?;
    world.deliver_hours(0..=4).await?;
    let process = world.pump.rie(WATCHDOG)?.process_id().await;
    let memory = Match::operation("s3", "PutObject").path_contains("/watch/1111");
    // Remembered before the finding is sent.
    let stalled = world.proxy.add(Rule::new(
        memory.clone(),
        Fault::Stall(Duration::from_mins(1)),
    ));
    world.pump.send(WATCHDOG, TICK).await?;
    let kill = async {
        while world.proxy.hits(stalled) < 1 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        ensure!(world.sent_by_watchdog("digest-overdue").is_empty());
        let mut kill = Command::new("pkill");
        kill.args(["-KILL", "-P", &process.to_string()]).status()?;
        world.proxy.clear_rules();
        Ok(())
    };
    let (round, killed) = tokio::join!(world.round(), kill);
    killed?;
    ensure!(round?.of(WATCHDOG).errors().count() == 1);
    world.settle().await?;
    ensure!(world.sent_by_watchdog("digest-overdue").len() == 1);
    // The queue of findings is down: nothing is lost, and nothing is forgotten.
    world.deliver_hours(5..=12).await?;
    let findings = Match::operation("sqs", "SendMessage");
    world.proxy.add(Rule::new(findings, Fault::access_denied()));
    world.pump.send(WATCHDOG, TICK).await?;
    let round = world.round().await?;
    ensure!(round.of(WATCHDOG).failed() == 1, "{round:?}");
    let sent = world.evidence("watch/").await?;
    let conditions = &sent["watch/111122223333.json"]["conditions"];
    ensure!(
        conditions.as_object().is_some_and(|all| all.len() == 1),
        "{sent:#?}"
    );
    world.proxy.clear_rules();
    world.settle().await?;
    let found = world.sent_by_watchdog("digest-overdue");
    let cleared = found.iter().filter(|finding| finding["allClear"] == true);
    ensure!(cleared.count() >= 1, "{found:#?}");
    let sent = world.evidence("watch/").await?;
    let conditions = &sent["watch/111122223333.json"]["conditions"];
    ensure!(
        conditions
            .as_object()
            .is_some_and(serde_json::Map::is_empty),
        "{sent:#?}"
    );
    Ok(())
}
