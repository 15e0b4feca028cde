//! Input that is made to exhaust, crash or confuse.

use crate::world::{CHECKER, VALIDATOR, VERIFIER, World, found};
use anyhow::{Result, ensure};
use aws_sdk_sqs::types::MessageAttributeValue;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use trailseal_tests::local::{Alert, Fault, Match, Rule};
use trailseal_tests::trail::tamper::log as tamper_log;
use trailseal_tests::trail::{Object, Trail, TrailSpec, gzip, hostile};

fn trail() -> Trail {
    TrailSpec {
        hours: 3,
        log_files_per_hour: 2..=2,
        ..TrailSpec::default()
    }
    .build()
}

/// Each malformed event goes back to its queue, and no other message with it.
#[tokio::test(flavor = "multi_thread")]
async fn malformed_events_affect_no_other_message() -> Result<()> {
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

/// Bombs are findings, within limited memory.
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

/// Returns a KMS call of a developer with his own key, in a context that he made up.
pub(crate) fn call(number: usize) -> Value {
    let bucket = "arn:aws:s3:::amzn-s3-demo-bucket/AWSLogs/111122223333/CloudTrail/us-east-1";
    json!({
        "eventSource": "kms.amazonaws.com",
        "eventName": "GenerateDataKey",
        "eventID": format!("event-{number}"),
        "eventTime": "2026-01-15T00:00:00Z",
        "awsRegion": "us-east-1",
        "userIdentity": {
            "type": "IAMUser",
            "arn": format!("arn:aws:iam::444455556666:user/mallory-{}", number % 3000),
            "accountId": "444455556666",
        },
        "requestParameters": {"encryptionContext": {
            "aws:cloudtrail:arn": format!("arn:aws:cloudtrail:us-east-1:444455556666:trail/{number}{}", "x".repeat(1000)),
            "aws:s3:arn": format!("{bucket}/2026/01/15/{number}{}.json.gz", "y".repeat(1000)),
        }},
        "resources": [{"ARN": "arn:aws:kms:us-east-1:444455556666:key/0ff1cebe-0ff1-4ceb-8ff1-0ff1cebe0ff1"}],
        "eventType": "AwsApiCall",
    })
}

/// Returns a log file other than `log`, of the same time and place.
fn sibling(log: &Object, number: usize) -> Object {
    let mut object = log.clone();
    let (stem, _) = log.key.rsplit_once('_').expect("a log file's key");
    object.key = format!("{stem}_hostile{number:09}.json.gz");
    object
}

fn reported(world: &World) -> Vec<(String, String)> {
    let alerts = world.proxy.alerts();
    let findings = alerts.iter().flat_map(Alert::findings);
    let reported =
        findings.map(|finding| (finding.kind, finding.document["object"]["key"].to_string()));
    reported.collect()
}

#[track_caller]
fn is_reported(world: &World, kind: &str, object: &Object) -> bool {
    let key = format!("\"{}\"", object.key);
    let reported = reported(world);
    reported
        .iter()
        .any(|(reported, at)| reported == kind && *at == key)
}

/// The invocation answers in time, and the cost of nine bombs does not affect the other message.
#[tokio::test(flavor = "multi_thread")]
async fn nine_bombs_and_a_valid_log_file_in_a_batch() -> Result<()> {
    let limit = Duration::from_secs(30);
    let world = World::adjusted(trail(), |spec| spec.timeout = limit).await?;
    let log = &world.trail.log_files[0].object;
    let body = hostile::records_gzip(&call(0).to_string(), 1 << 30);
    for number in 0..9 {
        world
            .put(&sibling(log, number).with_body(body.clone()))
            .await?;
    }
    let damaged = tamper_log::second_member(&sibling(log, 9).with_body(log.body.clone()));
    world.put(&damaged).await?;
    let round = world.round().await?;
    ensure!(
        round.errors().next().is_none(),
        "{round:?}\n{}",
        world.pump.log_tails()
    );
    let checks = round.of(CHECKER);
    ensure!(checks.invocations[0].messages == 10, "{checks:?}");
    ensure!(checks.invocations[0].took < limit, "{checks:?}");
    let failed = checks.invocations.iter().flat_map(|one| &one.failed);
    ensure!(!failed.into_iter().any(|body| body.contains(&damaged.key)));
    world.round().await?;
    ensure!(
        is_reported(&world, "log-file-trailing-data", &damaged),
        "{:?}",
        reported(&world)
    );
    Ok(())
}

/// A developer of any account fills ten log files: nothing is lost, and memory stays limited.
#[tokio::test(flavor = "multi_thread")]
async fn ten_log_files_of_thousands_of_kms_calls_in_a_batch() -> Result<()> {
    let world = World::of(trail()).await?;
    let log = &world.trail.log_files[0].object;
    for number in 0..9 {
        let calls = (0..6000).map(|call_number| call(number * 6000 + call_number).to_string());
        let content = format!(r#"{{"Records":[{}]}}"#, calls.collect::<Vec<_>>().join(","));
        let object = sibling(log, number).with_body(gzip::compress(content.as_bytes()));
        world.put(&object).await?;
    }
    let damaged = tamper_log::second_member(&sibling(log, 9).with_body(log.body.clone()));
    world.put(&damaged).await?;
    // Nothing goes back to the queue, and nothing is parked.
    world.settle().await?;
    ensure!(is_reported(&world, "log-file-trailing-data", &damaged));
    let kinds: BTreeSet<String> = reported(&world).into_iter().map(|(kind, _)| kind).collect();
    let expected = ["kms-foreign-context", "log-file-trailing-data"];
    ensure!(kinds == expected.map(str::to_owned).into(), "{kinds:?}");
    let peak = world.pump.rie(CHECKER)?.peak_memory().await;
    ensure!(
        peak.is_some_and(|bytes| bytes < 200 << 20),
        "it took {peak:?} bytes"
    );
    Ok(())
}

/// All of them are named, and so are the other findings.
#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_listed_log_files_replaced_by_bombs() -> Result<()> {
    let trail = TrailSpec {
        hours: 1,
        log_files_per_hour: 70..=70,
        records_per_file: 1..=1,
        ..TrailSpec::default()
    }
    .build();
    let world = World::of(trail).await?;
    world.stop_events().await?;
    let digest = world.hour(1);
    world.deliver().await?;
    let logs = world.trail.logs_of(digest);
    let bomb = hostile::zeros_gzip(2 << 30);
    for log in &logs[..64] {
        world.put(&log.object.with_body(bomb.clone())).await?;
    }
    let gone = &logs[69].object;
    world.delete(gone).await?;
    let event = digest.object.bare_event();
    world.pump.send(VERIFIER, &event.to_string()).await?;
    let rounds = world.pump.until_idle().await?;
    // No try failed.
    let failed: usize = rounds.iter().map(|round| round.of(VERIFIER).failed()).sum();
    ensure!(failed == 0, "{}", world.pump.log_tails());
    ensure!(world.pump.drain_dlq(VERIFIER).await?.is_empty());
    // A message lists the worst findings; each has a separate incident.
    let incidents = world.evidence("incidents/").await?;
    let named: BTreeSet<(String, String)> = incidents
        .values()
        .map(|incident| {
            let finding = &incident["latest"];
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            (text(&incident["kind"]), text(&finding["object"]["key"]))
        })
        .collect();
    let bombs = logs[..64].iter();
    let mut expected: BTreeSet<(String, String)> = bombs
        .map(|log| ("log-file-malformed".to_owned(), log.object.key.clone()))
        .collect();
    expected.insert(("log-file-missing".to_owned(), gone.key.clone()));
    ensure!(named == expected, "{named:#?}");
    Ok(())
}

/// Verified at once; and, with too little time, handed back to the queue until everything is done.
#[tokio::test(flavor = "multi_thread")]
async fn a_digest_of_ten_thousand_log_files() -> Result<()> {
    let world = World::of(TrailSpec::large(10_000).build()).await?;
    world.stop_events().await?;
    let digest = world.hour(1);
    world.deliver().await?;
    let gone = &world.trail.logs_of(digest)[9_990].object;
    world.delete(gone).await?;
    let outcome = world.ask(VERIFIER, &digest.object).await?;
    ensure!(outcome["valid"] == 9_999, "{outcome}");
    world.settle().await?;
    world.assert_alerts(&[found("log-file-missing", gone)]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn when_time_runs_short_the_rest_goes_back_to_the_queue() -> Result<()> {
    let trail = TrailSpec::large(2_000).build();
    let world = World::adjusted(trail, |spec| spec.timeout = Duration::from_secs(2)).await?;
    world.stop_events().await?;
    let digest = world.hour(1);
    world.deliver().await?;
    let gone = &world.trail.logs_of(digest)[1_990].object;
    world.delete(gone).await?;
    // Some are slow to arrive: on any machine, the work cannot be done at once.
    world.proxy.add(
        Rule::new(
            Match::operation("s3", "GetObject").path_contains("/CloudTrail/"),
            Fault::Stall(Duration::from_secs(1)),
        )
        .after(500)
        .times(100),
    );
    let event = digest.object.bare_event();
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

/// Lambda's own detection of loops is off: a rest that was handed back too often is parked.
#[tokio::test(flavor = "multi_thread")]
async fn a_rest_that_was_returned_too_often_is_parked() -> Result<()> {
    let trail = TrailSpec::large(400).build();
    let world = World::adjusted(trail, |spec| spec.timeout = Duration::from_secs(2)).await?;
    world.stop_events().await?;
    let digest = world.hour(1);
    world.deliver().await?;
    world.proxy.add(
        Rule::new(
            Match::operation("s3", "GetObject").path_contains("/CloudTrail/"),
            Fault::Stall(Duration::from_secs(5)),
        )
        .after(100),
    );
    let hops = MessageAttributeValue::builder()
        .data_type("String")
        .string_value("500")
        .build()?;
    let event = digest.object.bare_event();
    let queue = world.pump.queue_url(VERIFIER)?;
    let send = world.aws.sqs().send_message().queue_url(queue);
    let send = send.message_body(event.to_string());
    send.message_attributes("TrailsealHops", hops)
        .send()
        .await?;
    for _ in 0..8 {
        world.round().await?;
    }
    let parked = world.pump.drain_dlq(VERIFIER).await?;
    ensure!(parked == [event.to_string()], "{parked:?}");
    Ok(())
}
