//! The settings of the log bucket, and the parts of the stack: what settings-monitor reports about them.

use crate::world::{VALIDATOR, World};
use anyhow::{Context, Result, ensure};
use aws_sdk_s3::types::{
    BucketVersioningStatus, EventBridgeConfiguration, NotificationConfiguration,
    VersioningConfiguration,
};
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;
use trailseal_tests::trail::TrailSpec;

const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"Mallory","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:root"},"Action":"s3:*","Resource":"arn:aws:s3:::amzn-s3-demo-bucket/*"}]}"#;

/// Returns the messages of findings, or of all-clears, that were sent about the guard.
fn messages(findings: &[Value], all_clear: bool) -> BTreeSet<String> {
    let of_guard = ["bucket-guard-weakened", "monitoring-impaired"];
    let wanted = findings.iter().filter(|finding| {
        let kind = finding["kind"].as_str().unwrap_or_default();
        of_guard.contains(&kind) && (finding["allClear"] == true) == all_clear
    });
    let message = |finding: &Value| finding["message"].as_str().unwrap_or_default().to_owned();
    wanted.map(message).collect()
}

impl World {
    async fn set_versioning(&self, status: BucketVersioningStatus) -> Result<()> {
        let versioning = VersioningConfiguration::builder().status(status).build();
        let put = self.aws.s3().put_bucket_versioning();
        let put = put.bucket(&self.trail.spec.bucket);
        put.versioning_configuration(versioning).send().await?;
        Ok(())
    }

    async fn set_events(&self) -> Result<()> {
        let bridge = EventBridgeConfiguration::builder().build();
        let notifications = NotificationConfiguration::builder();
        let notifications = notifications.event_bridge_configuration(bridge).build();
        let put = self.aws.s3().put_bucket_notification_configuration();
        let put = put.bucket(&self.trail.spec.bucket);
        put.notification_configuration(notifications).send().await?;
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_protects_the_bucket_and_the_stack_is_watched() -> Result<()> {
    let world = World::of(TrailSpec::default().build()).await?;
    let bucket = &world.trail.spec.bucket;
    let events = aws_sdk_eventbridge::Client::new(world.aws.sdk_config());
    world
        .set_versioning(BucketVersioningStatus::Enabled)
        .await?;
    // The first look records the settings.
    world.look().await?;
    let first = world.sent_by("settings-monitor");
    ensure!(first.is_empty(), "{first:#?}");
    let state = world.evidence("watch/guard.json").await?;
    let record = &state["watch/guard.json"]["buckets"][bucket.as_str()];
    let versioning = &record["versioning"]["enabled"];
    ensure!(versioning == true, "{}", world.pump.log_tails());

    world
        .set_versioning(BucketVersioningStatus::Suspended)
        .await?;
    let put = world.aws.s3().put_bucket_policy().bucket(bucket);
    put.policy(POLICY).send().await?;
    world.stop_events().await?;
    let rule = "trailseal-digest-validator";
    events.disable_rule().name(rule).send().await?;
    let parked = world.pump.dead_letter_url(VALIDATOR)?.to_owned();
    let park = world.aws.sqs().send_message().queue_url(&parked);
    park.message_body("x").send().await?;
    world.look_alone().await?;
    let (_, name) = parked.rsplit_once('/').context("a queue")?;
    let queue = format!(
        "The dead-letter queue https://sqs.us-east-1.amazonaws.com/111122223333/{name} holds messages that Trailseal could not process."
    );
    let weaker = |setting: &str| {
        format!(
            "A setting that protects the log files in the bucket {bucket} is weaker than it was, or changed: {setting}."
        )
    };
    let expected = BTreeSet::from([
        weaker("versioning"),
        weaker("bucket policy"),
        format!(
            "S3 does not send the events of the bucket {bucket} to EventBridge. Until it does, Trailseal finds changed and deleted files hours or days later."
        ),
        format!(
            "The EventBridge rule {rule} does not send events to Trailseal: it is disabled. Until it does, Trailseal finds what happens in the log buckets hours or days later, or not at all."
        ),
        queue,
    ]);
    let found = messages(&world.sent_by("settings-monitor"), false);
    ensure!(found == expected, "{found:#?}");
    let policy = world.sent_by("settings-monitor");
    let policy = policy
        .iter()
        .find(|f| f["message"] == weaker("bucket policy").as_str());
    let actual = policy.context("a finding")?["actual"]
        .as_str()
        .context("evidence")?;
    ensure!(
        actual.contains("arn:aws:iam::444455556666:root"),
        "{actual}"
    );
    let alerts = world.alerts().len();

    world
        .set_versioning(BucketVersioningStatus::Enabled)
        .await?;
    world
        .aws
        .s3()
        .delete_bucket_policy()
        .bucket(bucket)
        .send()
        .await?;
    world.set_events().await?;
    events.enable_rule().name(rule).send().await?;
    ensure!(world.pump.drain_dlq(VALIDATOR).await?.len() == 1);
    // An all-clear ends only what was found in an earlier second.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    world.look().await?;
    let cleared = messages(&world.sent_by("settings-monitor"), true);
    ensure!(cleared.len() == expected.len(), "{cleared:#?}");
    let all = world.alerts();
    let subjects: Vec<&str> = all[alerts..]
        .iter()
        .map(|alert| alert.subject.as_str())
        .collect();
    let [subject] = subjects.as_slice() else {
        anyhow::bail!("{subjects:?}");
    };
    let closed = "[ALL CLEAR] Trailseal: 5 incidents closed: ";
    ensure!(subject.starts_with(closed), "{subject}");
    Ok(())
}
