//! Log files and digests that are deleted, overwritten, planted and restored: from S3's event to the
//! alert, and by the command that the alert gives back to an intact bucket.

use crate::world::{ACCOUNT, ALERTER, MONITOR, REGION, VALIDATOR, VERIFIER, World, found};
use anyhow::{Context, Result, ensure};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use trailseal_tests::local::{Alert, Fault, Finding, Match, Rule, aws_command};
use trailseal_tests::trail::deliver::{self, S3};
use trailseal_tests::trail::tamper::digest as tamper_digest;
use trailseal_tests::trail::tamper::log as tamper_log;
use trailseal_tests::trail::{Object, Trail, TrailSpec};

fn trail() -> Trail {
    TrailSpec {
        hours: 4,
        log_files_per_hour: 2..=2,
        ..TrailSpec::default()
    }
    .build()
}

/// Returns a bucket that keeps versions, with an untouched trail.
async fn untouched() -> Result<World> {
    let world = World::versioned(trail(), &[]).await?;
    world.deliver().await?;
    world.settle().await?;
    world.assert_alerts(&[]);
    Ok(world)
}

/// Writes an object as a principal of the account.
async fn overwrite(world: &World, object: &Object) -> Result<()> {
    deliver::put_by(&world.aws.s3(), object, None).await
}

/// Returns the newest finding of a kind.
fn newest(alerts: &[Alert], kind: &str) -> Result<Finding> {
    let findings = alerts.iter().flat_map(Alert::findings);
    let of_kind = findings.filter(|finding| finding.kind == kind);
    let finding = of_kind.max_by_key(|finding| finding.document["detectedAt"].to_string());
    finding.context("no finding")
}

/// Returns the command in the advice of the newest finding of a kind.
fn command(world: &World, kind: &str) -> Result<String> {
    let alerts = world.alerts();
    let finding = newest(&alerts, kind)?;
    let command = finding.command().context("no command")?;
    // The email has it, too, and in one piece.
    ensure!(alerts.iter().any(|alert| alert.email.contains(command)));
    Ok(command.to_owned())
}

/// Runs the command of the newest finding of a kind, in a later second than that of the finding: an
/// all-clear of the same second closes nothing.
async fn restore(world: &World, kind: &str) -> Result<()> {
    let finding = newest(&world.alerts(), kind)?;
    let detected_at = finding.document["detectedAt"].as_str().context("a time")?;
    let detected_at: Timestamp = detected_at.parse()?;
    while Timestamp::now() < detected_at + SignedDuration::from_secs(1) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    aws_command(&world.aws, REGION, &command(world, kind)?).await?;
    Ok(())
}

/// Checks that the bucket is intact: for the functions, and for the AWS CLI.
async fn assert_intact(world: &World, object: &Object) -> Result<()> {
    world.settle().await?;
    let outcome = world.ask(MONITOR, object).await?;
    ensure!(outcome["verdict"] == "valid", "{outcome:#}");
    world.assert_rest_valid(&[], &[]).await?;
    world.assert_cli(&[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_log_file_is_restored_by_the_command_of_its_alert() -> Result<()> {
    let world = untouched().await?;
    let log = &world.trail.logs_of(world.hour(3))[0].object;
    world.delete(log).await?;
    let start = Instant::now();
    world.settle().await?;
    ensure!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
    world.assert_alerts(&[found("object-deleted", log)]);
    let document = world.alerts()[0].findings()[0].document.clone();
    let message = document["message"].as_str().context("a message")?;
    ensure!(message.starts_with("A principal of account 111122223333 deleted the log file at "));
    ensure!(
        message.contains(" from 192.0.2.10 (DeleteObject). A delete marker hides it. Version ")
    );
    ensure!(
        message.ends_with(" is intact: it is what CloudTrail signed."),
        "{message}"
    );
    ensure!(document["severity"] == "critical" && document["account"] == ACCOUNT);
    ensure!(document["function"] == "deletion-monitor");
    world.assert_cli(&[(log, "not found")]).await?;
    restore(&world, "object-deleted").await?;
    assert_intact(&world, log).await?;
    ensure!(
        world.pump.log_tails().contains("all-clear"),
        "{}",
        world.pump.log_tails()
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overwritten_log_file_is_restored_by_the_command_of_its_alert() -> Result<()> {
    let world = untouched().await?;
    let log = &world.trail.logs_of(world.hour(3))[0].object;
    overwrite(&world, &tamper_log::modified(log)).await?;
    world.settle().await?;
    world.assert_alerts(&[found("object-overwritten", log)]);
    restore(&world, "object-overwritten").await?;
    assert_intact(&world, log).await?;
    // The finding and the all-clear. The same content, compressed in another way, is no finding.
    let alerts = world.alerts().len();
    ensure!(alerts == 2, "{alerts}");
    overwrite(&world, &tamper_log::recompressed(log)).await?;
    assert_intact(&world, log).await?;
    ensure!(world.alerts().len() == alerts);
    Ok(())
}

/// The copy keeps the signature, which is in the metadata.
#[tokio::test(flavor = "multi_thread")]
async fn a_digest_is_restored_by_the_command_of_its_alert() -> Result<()> {
    let world = untouched().await?;
    let digest = &world.hour(3).object;
    world.delete(digest).await?;
    world.settle().await?;
    world.assert_alerts(&[found("object-deleted", digest)]);
    restore(&world, "object-deleted").await?;
    assert_intact(&world, digest).await?;
    overwrite(&world, &tamper_digest::without_metadata(digest)).await?;
    world.settle().await?;
    world.assert_alerts(&[
        found("object-deleted", digest),
        found("object-overwritten", digest),
        found("digest-signature-missing", digest),
    ]);
    restore(&world, "object-overwritten").await?;
    assert_intact(&world, digest).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permanent_deletion_leaves_nothing_to_restore() -> Result<()> {
    let world = World::of(trail()).await?;
    world.deliver().await?;
    world.settle().await?;
    let log = &world.trail.logs_of(world.hour(3))[0].object;
    world.delete(log).await?;
    world.settle().await?;
    world.assert_alerts(&[found("object-deleted", log)]);
    let document = world.alerts()[0].findings()[0].document.clone();
    let message = document["message"].as_str().context("a message")?;
    ensure!(
        message.ends_with("(DeleteObject). No other version is left."),
        "{message}"
    );
    // It is copied back.
    overwrite(&world, log).await?;
    assert_intact(&world, log).await
}

/// Nobody can know from here how S3 names CloudTrail in its events.
#[tokio::test(flavor = "multi_thread")]
async fn a_trail_whose_files_seem_to_be_from_somebody_else_raises_no_alert() -> Result<()> {
    let world = World::versioned(trail(), &[]).await?;
    for digest in &world.trail.digests {
        for log in world.trail.logs_of(digest) {
            overwrite(&world, &log.object).await?;
        }
        overwrite(&world, &digest.object).await?;
    }
    world.settle().await?;
    world.assert_alerts(&[]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_planted_log_file_is_found_and_its_removal_is_right() -> Result<()> {
    let world = untouched().await?;
    let mut planted = world.trail.logs_of(world.hour(2))[0].object.clone();
    planted.key = planted.key.replace(".json.gz", "0planted.json.gz");
    overwrite(&world, &planted).await?;
    world.settle().await?;
    world.assert_alerts(&[found("log-file-unlisted", &planted)]);
    world.delete(&planted).await?;
    world.settle().await?;
    world.assert_alerts(&[found("log-file-unlisted", &planted)]);
    Ok(())
}

/// The trail's files are months old.
#[tokio::test(flavor = "multi_thread")]
async fn an_expiration_is_compared_with_the_retention() -> Result<()> {
    for (days, kind) in [("30", "object-expired"), ("36500", "bucket-guard-weakened")] {
        let parameters = [("LogFileRetentionDays", days)];
        let world = World::versioned(trail(), &parameters).await?;
        world.deliver().await?;
        world.settle().await?;
        let logs = world.trail.logs_of(world.hour(3));
        for log in &logs {
            deliver::delete_by(&world.aws.s3(), &log.object.location(), Some(S3)).await?;
        }
        world.settle().await?;
        // One incident, which names one of them.
        let alerts = world.alerts();
        let findings: Vec<_> = alerts.iter().flat_map(Alert::findings).collect();
        ensure!(
            findings.len() == 1 && findings[0].kind == kind,
            "{findings:#?}"
        );
        ensure!(logs.iter().any(|log| log.object.key == findings[0].key));
        let incidents = world.evidence("incidents/").await?;
        let incident = incidents.values().find(|incident| incident["kind"] == kind);
        let occurrences = &incident.context("no incident")?["occurrences"];
        let expected = if kind == "object-expired" {
            1
        } else {
            logs.len()
        };
        ensure!(*occurrences == expected, "{occurrences}");
    }
    Ok(())
}

/// People hear of one incident, and every object is on record.
#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_is_emptied_is_one_incident() -> Result<()> {
    const DELETED: usize = 500;
    let trail = TrailSpec {
        hours: 5,
        log_files_per_hour: 100..=100,
        records_per_file: 1..=1,
        ..TrailSpec::default()
    }
    .build();
    let world = World::versioned(trail, &[]).await?;
    world.stop_events().await?;
    world.deliver().await?;
    let logs: Vec<&Object> = world
        .trail
        .log_files
        .iter()
        .map(|log| &log.object)
        .collect();
    ensure!(logs.len() >= DELETED, "{}", logs.len());
    for log in &logs[..DELETED] {
        world.delete(log).await?;
        world.pump.send(MONITOR, &deletion(log).to_string()).await?;
    }
    world.proxy.forget();
    let start = Instant::now();
    world.settle().await?;
    let took = start.elapsed();
    let calls = world.proxy.calls(&Match::service("s3"));
    let by_monitor = calls.iter().filter(|it| !it.call.path.contains("evidence"));
    let requests = by_monitor.count();
    println!("{DELETED} deletions in {took:?}, {requests} requests to the log bucket");
    ensure!(requests < DELETED * 6, "{requests} requests");
    // The first of them at once, and an update an hour later.
    let published = world.proxy.calls(&Match::operation("sns", "Publish"));
    ensure!(published.len() == 1, "{} messages", published.len());
    let incidents = world.evidence("incidents/").await?;
    let opened: Vec<&Value> = incidents
        .values()
        .filter(|incident| incident["kind"] == "object-deleted")
        .collect();
    ensure!(opened.len() == 1, "{} incidents", opened.len());
    ensure!(
        opened[0]["occurrences"] == DELETED,
        "{}",
        opened[0]["occurrences"]
    );
    // Every object is named: in the message, in its list, or in the findings that wait.
    let mut named = BTreeSet::new();
    for prefix in ["alerts/", "incidents/"] {
        for document in world.all_evidence(prefix).await?.values() {
            let findings = document["findings"].as_array();
            let keys = findings.into_iter().flatten();
            let key = |finding: &Value| finding["object"]["key"].as_str().map(str::to_owned);
            named.extend(keys.filter_map(key));
        }
    }
    for alert in world.alerts() {
        named.extend(alert.findings().into_iter().map(|finding| finding.key));
    }
    let missing = logs[..DELETED]
        .iter()
        .filter(|log| !named.contains(&log.key));
    ensure!(
        missing.count() == 0,
        "{} of {DELETED} are named",
        named.len()
    );
    Ok(())
}

/// Returns S3's event about a delete marker.
fn deletion(object: &Object) -> Value {
    json!({
        "version": "0", "id": "ad1de317-e409-eba2-9552-30113f8d88e3", "detail-type": "Object Deleted",
        "source": "aws.s3", "account": ACCOUNT, "time": "2026-01-16T00:00:00Z", "region": REGION,
        "resources": [format!("arn:aws:s3:::{}", object.bucket)],
        "detail": {
            "version": "0", "bucket": {"name": object.bucket}, "object": {"key": object.key},
            "request-id": "0BH729840619AG5K", "requester": "444455556666",
            "source-ip-address": "198.51.100.7", "reason": "DeleteObject",
            "deletion-type": "Delete Marker Created",
        },
    })
}

/// The facts of the event survive every retry: S3 throttles, the queue of findings loses an answer,
/// and the function is killed before it answers.
#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_is_reported_once_whatever_fails() -> Result<()> {
    let world = untouched().await?;
    let log = &world.trail.logs_of(world.hour(3))[0].object;
    world.delete(log).await?;
    // It cannot list the versions: nothing is known, and the message goes back.
    let listing = Match::operation("s3", "ListObjectVersions");
    world.proxy.add(Rule::new(listing, Fault::slow_down()));
    let round = world.round().await?;
    ensure!(round.of(MONITOR).failed() == 1, "{round:?}");
    world.assert_alerts(&[]);
    world.proxy.clear_rules();
    // The queue accepts the findings, and the function does not hear of it.
    let send = Match::operation("sqs", "SendMessage");
    world.proxy.add(Rule::new(send, Fault::LoseAnswer).times(3));
    let round = world.round().await?;
    ensure!(round.of(MONITOR).failed() == 1, "{round:?}");
    world.proxy.clear_rules();
    world.pump.rie(MONITOR)?.restart().await?;
    world.settle().await?;
    world.assert_alerts(&[found("object-deleted", log)]);
    ensure!(world.alerts().len() == 1);
    let document = world.alerts()[0].findings()[0].document.clone();
    let message = document["message"].as_str().context("a message")?;
    ensure!(message.starts_with("A principal of account 111122223333 deleted the log file at "));
    let incidents = world.evidence("incidents/").await?;
    let mut deleted = incidents
        .values()
        .filter(|it| it["kind"] == "object-deleted");
    ensure!(deleted.next().context("no incident")?["occurrences"] == 1);
    Ok(())
}

/// Events that arrive in other ways, and those for other consumers.
#[tokio::test(flavor = "multi_thread")]
async fn notifications_work_and_other_functions_ignore_deletions() -> Result<()> {
    let world = untouched().await?;
    world.stop_events().await?;
    let log = &world.trail.logs_of(world.hour(3))[0].object;
    world.delete(log).await?;
    let record = json!({"Records": [{"eventSource": "aws:s3", "eventName": "ObjectRemoved:DeleteMarkerCreated",
        "userIdentity": {"principalId": "AWS:AROAEXAMPLE:mallory"},
        "s3": {"bucket": {"name": log.bucket}, "object": {"key": log.key}}}]});
    let message = json!({"Type": "Notification", "TopicArn": "arn:aws:sns:us-east-1:111122223333:t",
        "Message": record.to_string()});
    for function in [VALIDATOR, VERIFIER, MONITOR] {
        world.pump.send(function, &message.to_string()).await?;
    }
    world.settle().await?;
    world.assert_alerts(&[found("object-deleted", log)]);
    let document = world.alerts()[0].findings()[0].document.clone();
    let message = document["message"].as_str().context("a message")?;
    ensure!(
        message.starts_with("AWS:AROAEXAMPLE:mallory deleted the log file"),
        "{message}"
    );
    ensure!(world.pump.drain_dlq(ALERTER).await?.is_empty());
    Ok(())
}
