//! Calls that weaken logging, in the log of a trail without SSE-KMS.

use crate::world::{ACCOUNT, World, found};
use anyhow::{Context, Result};
use jiff::Timestamp;
use trailseal_tests::local::Expected;
use trailseal_tests::trail::{Deed, DeedKind, TrailSpec};

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_weaken_logging_are_alerted_on_once() -> Result<()> {
    let yesterday = Timestamp::now().as_second() - 24 * 60 * 60;
    let deeds = DeedKind::ALL.into_iter().zip(1..);
    let spec = TrailSpec {
        start: Timestamp::from_second(yesterday - yesterday % 3600)?,
        hours: 11,
        deeds: deeds.map(|(kind, hour)| Deed { hour, kind }).collect(),
        ..TrailSpec::default()
    };
    let world = World::of(spec.build()).await?;
    let weakening = world.trail.spec.deeds.iter();
    let weakening = weakening.filter(|deed| deed.kind.weakens());
    let expected = weakening.map(|deed| -> Result<Expected> {
        let mut logs = world.trail.log_files.iter();
        let log = logs.find(|log| log.account == ACCOUNT && log.hour == i64::from(deed.hour));
        Ok(found(
            "logging-weakened",
            &log.context("a log file")?.object,
        ))
    });
    let expected = expected.collect::<Result<Vec<_>>>()?;
    assert_eq!(expected.len(), 5);
    world.deliver().await?;
    world.settle().await?;
    world.assert_alerts(&expected);
    // The log files are intact, and a receipt says what was found in them.
    world.assert_cli(&[]).await?;
    let receipts = world.evidence("receipts/kms-context-checker/").await?;
    let with_findings = receipts.values();
    let with_findings = with_findings.filter(|receipt| receipt["rules"]["logging"]["finding"] == 1);
    assert_eq!(with_findings.count(), 5, "{receipts:#?}");
    // The same log files again change nothing.
    world.deliver_log_files().await?;
    world.settle().await?;
    world.assert_alerts(&expected);
    Ok(())
}
