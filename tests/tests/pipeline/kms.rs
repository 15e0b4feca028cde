//! KMS calls in the log that do not agree with trail, objects or keys.

use crate::world::{CHECKER, World, found};
use anyhow::{Context, Result};
use aws_sdk_kms::types::{KeySpec, KeyUsageType};
use trailseal_tests::local::{Alert, Expected, Fault, LocalAws, Match, Rule};
use trailseal_tests::trail::{KmsAnomaly, KmsAnomalyKind, KmsSpec, Trail, TrailSpec};

/// A trail whose log files are encrypted under a key of the local KMS.
async fn trail(aws: &LocalAws, spec: KeySpec, anomalies: &[KmsAnomalyKind]) -> Result<Trail> {
    let usage = KeyUsageType::EncryptDecrypt;
    let key = aws
        .kms()
        .create_key()
        .key_spec(spec)
        .key_usage(usage)
        .send()
        .await?;
    let arn = key
        .key_metadata()
        .and_then(|key| key.arn())
        .context("no ARN")?;
    let mut kms = KmsSpec::new(arn);
    let alias = kms.alias.rsplit(':').next().context("an alias")?;
    aws.kms()
        .create_alias()
        .alias_name(alias)
        .target_key_id(arn)
        .send()
        .await?;
    kms.anomalies = anomalies
        .iter()
        .map(|kind| KmsAnomaly {
            hour: 2,
            kind: *kind,
        })
        .collect();
    Ok(TrailSpec {
        hours: 5,
        kms: Some(kms),
        ..TrailSpec::default()
    }
    .build())
}

#[tokio::test(flavor = "multi_thread")]
async fn untouched_trail_under_a_kms_key_raises_no_alert() -> Result<()> {
    let aws = LocalAws::start().await?;
    let trail = trail(&aws, KeySpec::SymmetricDefault, &[]).await?;
    let world = World::within(aws, trail, &[], |_| ()).await?;
    world.deliver().await?;
    world.settle().await?;
    world.assert_alerts(&[]);
    world.assert_cli(&[]).await
}

async fn anomaly(anomaly: KmsAnomalyKind, kind: &str) -> Result<()> {
    let aws = LocalAws::start().await?;
    let trail = trail(&aws, KeySpec::SymmetricDefault, &[anomaly]).await?;
    let world = World::within(aws, trail, &[], |_| ()).await?;
    world.deliver().await?;
    world.settle().await?;
    let (log, event) = world.trail.kms_anomaly(anomaly);
    // The object that the event names, where it is one of ours; else the log file that records it.
    let about = event.about.as_ref().map(|about| about.key.clone());
    let alerts = world.proxy.alerts();
    let finding = &alerts.first().context("no alert")?.findings()[0];
    // This one alone, however many log files record a call about the object.
    world.assert_alerts(&[Expected::new(kind, &finding.key)]);
    assert!(
        Some(&finding.key) == about.as_ref() || finding.key == log.object.key,
        "{anomaly:?} {finding:?}"
    );
    assert!(
        finding.document["message"]
            .as_str()
            .is_some_and(|message| message.contains(&event.event_id))
    );
    // Every log file is as it was delivered.
    world.assert_rest_valid(&[], &[]).await?;
    world.assert_cli(&[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn context_names_a_wrong_trail() -> Result<()> {
    anomaly(KmsAnomalyKind::WrongTrail, "kms-context-mismatch").await
}

#[tokio::test(flavor = "multi_thread")]
async fn context_names_a_wrong_object() -> Result<()> {
    anomaly(KmsAnomalyKind::WrongBucket, "kms-context-mismatch").await
}

#[tokio::test(flavor = "multi_thread")]
async fn key_of_the_call_is_not_the_objects() -> Result<()> {
    anomaly(KmsAnomalyKind::WrongKeyOnObject, "kms-key-mismatch").await
}

#[tokio::test(flavor = "multi_thread")]
async fn key_of_the_call_is_not_the_trails() -> Result<()> {
    anomaly(KmsAnomalyKind::WrongKeyInEvent, "kms-key-mismatch").await
}

#[tokio::test(flavor = "multi_thread")]
async fn disabled_key() -> Result<()> {
    let aws = LocalAws::start().await?;
    let trail = trail(&aws, KeySpec::SymmetricDefault, &[]).await?;
    let arn = trail.spec.kms.as_ref().context("a key")?.key_arn.clone();
    let world = World::within(aws, trail, &[], |_| ()).await?;
    world.deliver().await?;
    world.settle().await?;
    world.assert_alerts(&[]);
    let id = arn.rsplit('/').next().context("a key id")?;
    world.aws.kms().disable_key().key_id(id).send().await?;
    let log = world
        .trail
        .log_files
        .iter()
        .find(|log| !log.kms_events.is_empty())
        .context("a log file with KMS events")?;
    world.ask(CHECKER, &log.object).await?;
    world.assert_alerts(&[found("kms-key-unusable", &log.object)]);
    assert_eq!(world.proxy.alerts()[0].attributes["severity"], "critical");
    Ok(())
}

/// KMS refuses to describe the key: nothing is said of the calls under it, and none is let go.
#[tokio::test(flavor = "multi_thread")]
async fn kms_refuses_or_throttles() -> Result<()> {
    for fault in [Fault::access_denied_exception(), Fault::throttling()] {
        let aws = LocalAws::start().await?;
        let trail = trail(
            &aws,
            KeySpec::SymmetricDefault,
            &[KmsAnomalyKind::WrongKeyOnObject],
        )
        .await?;
        let world = World::within(aws, trail, &[], |_| ()).await?;
        world.deliver().await?;
        let (log, _) = world.trail.kms_anomaly(KmsAnomalyKind::WrongKeyOnObject);
        world.proxy.add(Rule::new(Match::service("kms"), fault));
        let round = world.round().await?.of(CHECKER);
        let went_back = round.invocations.iter().flat_map(|one| &one.failed);
        let with_calls = world.trail.log_files.iter().filter(|log| {
            let mut calls = log.kms_events.iter();
            calls.any(|call| call.event_name != "DescribeKey")
        });
        assert_eq!(went_back.clone().count(), with_calls.count(), "{round:?}");
        assert!(
            went_back
                .into_iter()
                .any(|body| body.contains(&log.object.key))
        );
        world.proxy.heal();
        world.settle().await?;
        let kinds: Vec<String> = world
            .proxy
            .alerts()
            .iter()
            .flat_map(Alert::findings)
            .map(|finding| finding.kind)
            .collect();
        assert!(!kinds.is_empty() && kinds.iter().all(|kind| kind == "kms-key-mismatch"));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn asymmetric_key() -> Result<()> {
    let aws = LocalAws::start().await?;
    let trail = trail(&aws, KeySpec::Rsa2048, &[]).await?;
    let world = World::within(aws, trail, &[], |_| ()).await?;
    world.deliver().await?;
    world.settle().await?;
    let expected: Vec<_> = world
        .trail
        .log_files
        .iter()
        .filter(|log| {
            log.kms_events
                .iter()
                .any(|event| event.event_name != "DescribeKey")
        })
        .map(|log| found("kms-key-unusable", &log.object))
        .collect();
    assert!(!expected.is_empty());
    world.assert_alerts(&expected);
    Ok(())
}
