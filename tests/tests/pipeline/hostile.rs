//! Input made to exhaust, crash or confuse.

use crate::world::{CHECKER, VALIDATOR, VERIFIER, World, found};
use anyhow::{Result, ensure};
use serde_json::json;
use std::time::Duration;
use trailseal_tests::local::{Fault, Match, Rule};
use trailseal_tests::trail::{Trail, TrailSpec, hostile};

fn trail() -> Trail {
    TrailSpec {
        hours: 3,
        log_files_per_hour: 2..=2,
        ..TrailSpec::default()
    }
    .build()
}

/// Each goes back to its queue, and no neighbour with it.
#[tokio::test(flavor = "multi_thread")]
async fn malformed_events_do_not_take_their_neighbours_with_them() -> Result<()> {
    let world = World::of(trail()).await?;
    world.deliver().await?;
    let deep = "[".repeat(100_000);
    let absurd_key = json!({"bucket": "amzn-s3-demo-bucket", "key": "k/".repeat(4000)}).to_string();
    let bad = [
        "{\"s3Bucket\":\"amzn-s3-demo-bucket\",\"s3ObjectKey\":[5]}",
        "{\"source\":\"aws.s3\",\"detail-type\":\"Object Created\"",
        "{\"Bucket\":\"amzn-s3-demo-bucket\",\"Key\":\"k\"}",
        "[]",
        "{\"Records\":[{\"eventSource\":\"aws:s3\"}]}",
        "{\"bucket\":\"somebody-elses-bucket\",\"key\":\"k\"}",
        &deep,
        &absurd_key,
    ];
    let bad = bad.to_vec();
    for function in [VALIDATOR, VERIFIER, CHECKER] {
        for body in &bad {
            world.pump.send(function, body).await?;
        }
    }
    let round = world.round().await?;
    ensure!(round.errors().next().is_none(), "{round:?}");
    for function in [VALIDATOR, VERIFIER, CHECKER] {
        let of = round.of(function);
        let mut failed: Vec<&str> = of
            .invocations
            .iter()
            .flat_map(|invocation| invocation.failed.iter().map(String::as_str))
            .collect();
        failed.sort_unstable();
        let mut expected = bad.clone();
        expected.sort_unstable();
        ensure!(failed == expected, "{function}: {failed:?}");
        ensure!(of.succeeded() > 0);
    }
    world.assert_alerts(&[]);
    Ok(())
}

/// Findings, within bounded memory.
#[tokio::test(flavor = "multi_thread")]
async fn bombs_are_findings_and_memory_stays_bounded() -> Result<()> {
    let world = World::of(trail()).await?;
    world.deliver().await?;
    let (first, second) = (world.hour(1), world.hour(2));
    let log = &world.trail.logs_of(first)[0].object;
    world
        .put(&log.with_body(hostile::zeros_gzip(10 << 30)))
        .await?;
    let nested = &world.trail.logs_of(second)[0].object;
    world
        .put(&nested.with_body(hostile::nested_json(100_000)))
        .await?;
    let bomb = &world.hour(3).object;
    world
        .put(&bomb.with_body(hostile::zeros_gzip(10 << 30)))
        .await?;
    world.settle().await?;
    world.assert_alerts(&[
        found("log-file-malformed", log),
        found("log-file-modified", nested),
        found("digest-malformed", bomb),
    ]);
    let entries = hostile::digest_with_entries(second, 1_000_000);
    world.put(&entries).await?;
    world.settle().await?;
    for function in [VALIDATOR, VERIFIER, CHECKER] {
        let peak = world.pump.rie(function)?.peak_memory().await;
        ensure!(
            peak.is_some_and(|bytes| bytes < 250 << 20),
            "{function} took {peak:?} bytes"
        );
    }
    Ok(())
}

/// Verified at once; and, with too little time, handed back to the queue until all is done.
#[tokio::test(flavor = "multi_thread")]
async fn a_digest_of_ten_thousand_log_files() -> Result<()> {
    let world = World::of(TrailSpec::large(10_000).build()).await?;
    world.silence().await?;
    let digest = world.hour(1);
    world.deliver().await?;
    let gone = &world.trail.logs_of(digest)[9_990].object;
    world.delete(gone).await?;
    let outcome = world.ask(VERIFIER, &digest.object).await?;
    ensure!(outcome["valid"] == 9_999, "{outcome}");
    world.assert_alerts(&[found("log-file-missing", gone)]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn when_time_runs_short_the_rest_goes_back_to_the_queue() -> Result<()> {
    let trail = TrailSpec::large(2_000).build();
    let world = World::adjusted(trail, |spec| spec.timeout = Duration::from_secs(2)).await?;
    world.silence().await?;
    let digest = world.hour(1);
    world.deliver().await?;
    let gone = &world.trail.logs_of(digest)[1_990].object;
    world.delete(gone).await?;
    // Some are slow to come: whatever the machine, it cannot be done at once.
    world.proxy.add(
        Rule::new(
            Match::operation("s3", "GetObject").path_contains("/CloudTrail/"),
            Fault::Stall(Duration::from_secs(1)),
        )
        .after(500)
        .times(100),
    );
    let event = json!({"bucket": digest.object.bucket, "key": digest.object.key});
    world.pump.send(VERIFIER, &event.to_string()).await?;
    let rounds = world.pump.until_idle().await?;
    let invocations: usize = rounds
        .iter()
        .map(|round| round.of(VERIFIER).invocations.len())
        .sum();
    ensure!(
        world.pump.drain_dlq(VERIFIER).await?.is_empty(),
        "{}",
        world.pump.log_tails()
    );
    ensure!(
        invocations > 1,
        "it was done at once, in {invocations} invocations"
    );
    world.assert_alerts(&[found("log-file-missing", gone)]);
    Ok(())
}
