//! The procedures of `docs/operations.md` and `docs/runbook.md`, as a person follows them.

use crate::evidence_log::text;
use crate::world::{CHECKER, REGION, VERIFIER, World, found};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use trailseal_tests::local::{Fault, Match, Rule, aws, aws_succeeds};
use trailseal_tests::trail::TrailSpec;

impl World {
    fn output(&self, name: &str) -> Result<&str> {
        let output = self.stack.outputs.get(name);
        output
            .map(String::as_str)
            .with_context(|| format!("no output {name}"))
    }

    async fn aws_cli(&self, arguments: &[&str]) -> Result<String> {
        aws_succeeds(&self.aws, REGION, arguments).await
    }
}

/// The order of `docs/operations.md#uninstall`: without the stack, the evidence is there, and
/// verifies with the key that somebody kept.
#[tokio::test(flavor = "multi_thread")]
async fn the_evidence_verifies_after_the_stack_is_deleted() -> Result<()> {
    let trail = TrailSpec {
        hours: 3,
        ..TrailSpec::default()
    };
    let world = World::of(trail.build()).await?;
    world.deliver().await?;
    world.settle().await?;
    world.append().await?;
    let source = world.evidence_source()?;
    let folder = tempfile::tempdir()?;
    let file = |name: &str| folder.path().join(name).display().to_string();
    let (key, checkpoint) = (file("log.key"), file("checkpoint.txt"));
    for (name, file) in [("public-key", &key), ("checkpoint", &checkpoint)] {
        let place = format!("{source}/log/{name}");
        world.aws_cli(&["s3", "cp", &place, file]).await?;
    }
    let verify = [
        "evidence",
        "verify",
        &source,
        "--key",
        &key,
        "--checkpoint",
        &checkpoint,
    ];
    let before = world.trailseal(&verify).await?;
    ensure!(before.status.code() == Some(0), "{}", text(&before));
    let receipts = world.evidence_keys("receipts/").await?;
    ensure!(!receipts.is_empty());

    let stack = world.stack.name.as_str();
    world
        .aws_cli(&["cloudformation", "delete-stack", "--stack-name", stack])
        .await?;
    let wait = [
        "cloudformation",
        "wait",
        "stack-delete-complete",
        "--stack-name",
        stack,
    ];
    world.aws_cli(&wait).await?;

    let queue = world.output("LogVerifierQueueUrl")?;
    let queue = [
        "sqs",
        "get-queue-attributes",
        "--queue-url",
        queue,
        "--endpoint-url",
        world.aws.endpoint(),
    ];
    ensure!(aws(&world.aws, REGION, &queue).await?.code != 0);
    let function = [
        "lambda",
        "get-function",
        "--function-name",
        world.output("LogVerifierName")?,
    ];
    ensure!(aws(&world.aws, REGION, &function).await?.code != 0);
    let key_of_log = [
        "kms",
        "describe-key",
        "--key-id",
        world.output("EvidenceKeyArn")?,
    ];
    let described: Value = serde_json::from_str(&world.aws_cli(&key_of_log).await?)?;
    ensure!(
        described["KeyMetadata"]["KeyState"] == "Enabled",
        "{described}"
    );
    ensure!(world.evidence_keys("receipts/").await? == receipts);
    let after = world.trailseal(&verify).await?;
    ensure!(after.status.code() == Some(0), "{}", text(&after));
    Ok(())
}

/// `docs/runbook.md#move-parked-events-back`: the object is verified, and nobody is alerted again. The
/// next second look ends the incident.
#[tokio::test(flavor = "multi_thread")]
async fn a_parked_event_is_verified_when_it_is_moved_back() -> Result<()> {
    let trail = TrailSpec {
        hours: 3,
        log_files_per_hour: 2..=2,
        ..TrailSpec::default()
    };
    let world = World::of(trail.build()).await?;
    world.deliver().await?;
    let digest = world.hour(2);
    let denied = world.trail.logs_of(digest)[1].object.clone();
    world.proxy.add(Rule::new(
        Match::operation("s3", "GetObject").path_contains(&denied.key),
        Fault::access_denied(),
    ));
    world.pump.until_idle().await?;
    let unreadable = found("object-unreadable-denied", &denied);
    world.assert_alerts(std::slice::from_ref(&unreadable));
    let alerts = world.alerts().len();

    // The command shows what is parked, and leaves it there.
    let url = world.output("LogVerifierDeadLetterQueueUrl")?;
    let read = [
        "sqs",
        "receive-message",
        "--queue-url",
        url,
        "--visibility-timeout",
        "0",
        // The AWS CLI does not use `AWS_ENDPOINT_URL` for SQS.
        "--endpoint-url",
        world.aws.endpoint(),
    ];
    let parked: Value = serde_json::from_str(&world.aws_cli(&read).await?)?;
    let body = parked["Messages"][0]["Body"]
        .as_str()
        .context("a message")?;
    ensure!(body.contains(&digest.object.key), "{body}");

    world.proxy.clear_rules();
    for function in [VERIFIER, CHECKER] {
        ensure!(world.pump.redrive(function).await? == 1, "{function}");
    }
    world.settle().await?;
    ensure!(world.alerts().len() == alerts, "{:#?}", world.alerts());
    let receipts = world.receipts("log-verifier").await?;
    let of_digest = receipts
        .iter()
        .map(|(_, receipt)| receipt)
        .filter(|receipt| receipt["object"]["key"] == digest.object.key.as_str());
    let mut verdicts: Vec<&str> = of_digest.filter_map(|it| it["verdict"].as_str()).collect();
    verdicts.sort_unstable();
    ensure!(verdicts == ["cannot-tell", "valid"], "{verdicts:?}");
    world.second_look().await?;
    let closed = world.all_clears();
    ensure!(closed.len() == 1, "{closed:?}");
    ensure!(closed[0].contains("object-unreadable-denied"), "{closed:?}");
    Ok(())
}
