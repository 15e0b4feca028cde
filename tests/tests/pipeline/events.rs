//! The messages in the queues and their origin, the objects that they refer to, and manual
//! invocations.

use crate::world::{CHECKER, VALIDATOR, VERIFIER, World, found};
use anyhow::{Result, ensure};
use serde_json::{Value, json};
use trailseal_tests::local::FunctionError;
use trailseal_tests::trail::{Object, Trail, TrailSpec};

const ALL: [&str; 3] = [VALIDATOR, VERIFIER, CHECKER];

/// Returns a trail whose keys change when they are URL-encoded.
fn trail() -> Trail {
    TrailSpec {
        prefix: Some("team a+b".to_owned()),
        hours: 3,
        log_files_per_hour: 2..=2,
        ..TrailSpec::default()
    }
    .build()
}

/// Returns the messages on a topic or queue that is shared with AWS Config, alarms and people.
fn messages_of_others() -> Vec<String> {
    let config = json!({
        "s3ObjectKey": "AWSLogs/111122223333/Config/us-east-1/2026/1/15/ConfigHistory/x.json.gz",
        "s3Bucket": "amzn-s3-demo-bucket", "notificationCreationTime": "2026-01-15T12:00:00.000Z",
        "messageType": "ConfigurationHistoryDeliveryCompleted", "recordVersion": "1.1"});
    let item = json!({
        "configurationItemDiff": {}, "configurationItem": {"resourceType": "AWS::S3::Bucket"},
        "messageType": "ConfigurationItemChangeNotification", "recordVersion": "1.3"});
    let alarm = json!({"AlarmName": "a", "NewStateValue": "ALARM"}).to_string();
    let topic = "arn:aws:sns:us-east-1:111122223333:aws-controltower-AllConfigNotifications";
    let sns = json!({"Type": "Notification", "TopicArn": topic, "Message": config.to_string()});
    let ec2 = json!({"source": "aws.ec2", "detail-type": "EC2 Instance State-change Notification",
        "detail": {"state": "running"}});
    vec![
        config.to_string(),
        item.to_string(),
        sns.to_string(),
        ec2.to_string(),
        alarm,
        "not JSON: a note to whoever reads the topic".to_owned(),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn unrelated_messages_are_acknowledged_and_affect_no_other() -> Result<()> {
    let world = World::of(trail()).await?;
    world.deliver().await?;
    for function in ALL {
        for message in messages_of_others() {
            world.pump.send(function, &message).await?;
        }
    }
    world.settle().await?;
    world.assert_alerts(&[]);
    world.assert_rest_valid(&[], &[]).await
}

/// Returns the key of an object as S3 writes it into a notification.
fn encoded(object: &Object) -> String {
    object.key.replace('+', "%2B").replace(' ', "+")
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_read_unchanged() -> Result<()> {
    let world = World::of(trail()).await?;
    world.stop_events().await?;
    world.deliver().await?;
    let digest = &world.hour(2).object;
    let s3 = |key: &str| {
        json!({"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": digest.bucket}, "object": {"key": key}}}]})
    };
    let cloudtrail = |key: &str| json!({"s3Bucket": digest.bucket, "s3ObjectKey": [key]});
    let bare = |key: &str| json!({"bucket": digest.bucket, "key": key});
    let slashed = format!("/{}", digest.key);
    let events = [
        s3(&encoded(digest)),
        s3(&digest.key),
        cloudtrail(&encoded(digest)),
        bare(&encoded(digest)),
        bare(&slashed),
    ];
    for event in &events {
        for function in [VALIDATOR, VERIFIER] {
            let answer = world.pump.rie(function)?.invoke(event).await?;
            let outcome = &answer["outcomes"][0];
            ensure!(outcome["verdict"] == "valid", "{event} {answer}");
            ensure!(
                outcome["object"] == digest.location().to_string(),
                "{answer}"
            );
        }
    }
    for function in [VALIDATOR, VERIFIER] {
        for event in &events {
            world.pump.send(function, &event.to_string()).await?;
        }
    }
    world.settle().await?;
    world.assert_alerts(&[]);
    Ok(())
}

/// Returns a function's error for an object that a person names.
async fn refused(world: &World, function: &str, event: &Value) -> Result<String> {
    match world.pump.rie(function)?.invoke(event).await {
        Ok(answer) => anyhow::bail!("{function} answered {answer}"),
        Err(FunctionError::Returned { message, .. }) => Ok(message),
        Err(error) => Err(error.into()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_object_that_a_person_names_raises_no_alert() -> Result<()> {
    let world = World::of(trail()).await?;
    world.deliver().await?;
    world.settle().await?;
    let gone = &world.hour(3).object;
    world.delete(gone).await?;
    let event = gone.bare_event();
    for function in [VALIDATOR, VERIFIER] {
        let error = refused(&world, function, &event).await?;
        ensure!(error.contains("it does not exist"), "{error}");
    }
    world.assert_alerts(&[]);
    // An event of AWS says that it existed.
    let event = json!({"s3Bucket": gone.bucket, "s3ObjectKey": [gone.key]});
    world.pump.send(VALIDATOR, &event.to_string()).await?;
    world.settle().await?;
    world.assert_alerts(&[
        found("object-deleted", gone),
        found("digest-missing", gone).window("2026-01-15T02:00:00Z", "2026-01-15T03:00:00Z"),
    ]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_oldest_kept_digest_raises_no_alert() -> Result<()> {
    let world = World::of(trail()).await?;
    world.deliver().await?;
    world.settle().await?;
    for hour in [0, 1] {
        world.delete(&world.hour(hour).object).await?;
    }
    let oldest = &world.hour(2).object;
    let event = oldest.bare_event();
    let error = refused(&world, VALIDATOR, &event).await?;
    ensure!(
        error.contains("cannot verify what was delivered before 2026-01-15T01:00:00Z"),
        "{error}"
    );
    world.assert_alerts(&[]);
    let outcome = world.ask(VERIFIER, oldest).await?;
    ensure!(outcome["verdict"] == "valid", "{outcome}");
    let newer = world.ask(VALIDATOR, &world.hour(3).object).await?;
    ensure!(newer["verdict"] == "valid", "{newer}");
    Ok(())
}
