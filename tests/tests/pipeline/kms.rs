//! KMS calls in the log that do not agree with the trail, its objects or its keys.

use crate::world::{CHECKER, VERIFIER, World, found};
use anyhow::{Context, Result};
use aws_sdk_kms::types::{KeySpec, KeyUsageType};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Mutex;
use trailseal_tests::local::{Alert, Expected, Fault, LocalAws, Match, Rule};
use trailseal_tests::trail::{
    EnclaveSpec, Encryption, KmsAnomaly, KmsAnomalyKind, KmsSpec, Object, Reader, Trail, TrailSpec,
};

/// Returns a trail whose log files are encrypted under a key of the local KMS.
async fn trail(aws: &LocalAws, spec: KeySpec, anomalies: &[KmsAnomalyKind]) -> Result<Trail> {
    trail_with(aws, spec, anomalies, |_| ()).await
}

/// Returns the same, adjusted.
pub(crate) async fn trail_with(
    aws: &LocalAws,
    spec: KeySpec,
    anomalies: &[KmsAnomalyKind],
    adjust: impl FnOnce(&mut TrailSpec),
) -> Result<Trail> {
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
    // A delivery of more than three days ago does not wait for its digest.
    let yesterday = Timestamp::now().as_second() - 24 * 60 * 60;
    let mut spec = TrailSpec {
        start: Timestamp::from_second(yesterday - yesterday % 3600)?,
        hours: 5,
        kms: Some(kms),
        ..TrailSpec::default()
    };
    adjust(&mut spec);
    Ok(spec.build())
}

/// Returns such a trail, delivered, after the functions have reported everything about it.
async fn delivered(
    anomalies: &[KmsAnomalyKind],
    adjust: impl FnOnce(&mut TrailSpec),
) -> Result<World> {
    let aws = LocalAws::start().await?;
    let trail = trail_with(&aws, KeySpec::SymmetricDefault, anomalies, adjust).await?;
    let world = World::within(aws, trail, &[], |_| ()).await?;
    world.deliver().await?;
    world.settle().await?;
    Ok(world)
}

/// Adds readers of every kind, an enclave, and KMS calls that are unrelated to the trail.
fn busy(spec: &mut TrailSpec) {
    let Some(kms) = &mut spec.kms else { return };
    kms.readers.extend([
        Reader::Role {
            arn: "arn:aws:iam::111122223333:role/audit/LogReader".to_owned(),
            session: "alice".to_owned(),
        },
        Reader::OtherAccount {
            account: "444455556666".to_owned(),
            principal: "AROAEXAMPLE:session".to_owned(),
        },
        Reader::CloudTrail,
    ]);
    kms.read_one_in = 1;
    kms.enclave = Some(EnclaveSpec::new(
        "arn:aws:iam::111122223333:role/EnclaveReader",
    ));
    kms.unrelated_calls = true;
}

/// Returns the messages of the findings that were alerted on, with repetitions.
fn messages(world: &World) -> Vec<String> {
    let alerts = world.alerts();
    let findings = alerts.iter().flat_map(Alert::findings);
    findings
        .map(|finding| format!("{}", finding.document))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn untouched_trail_under_a_kms_key_raises_no_alert() -> Result<()> {
    for bucket_key in [false, true] {
        let aws = LocalAws::start().await?;
        let adjust = |spec: &mut TrailSpec| {
            busy(spec);
            spec.hours = 8;
            if let Some(kms) = &mut spec.kms {
                kms.bucket_key = bucket_key;
            }
        };
        let trail = trail_with(&aws, KeySpec::SymmetricDefault, &[], adjust).await?;
        let world = World::within(aws, trail, &[], |_| ()).await?;
        world.deliver_log_files().await?;
        world.settle().await?;
        let waiting = world.evidence("pending/").await?.len();
        world.deliver_digests().await?;
        world.assert_alerts(&[]);
        world.assert_cli(&[]).await?;
        // The checks are recorded, rule by rule, without any finding.
        let receipts = world.evidence("receipts/kms-context-checker/").await?;
        let rules = |rule: &str| -> u64 {
            let counts = receipts.values().map(|receipt| &receipt["rules"][rule]);
            let valid = counts.map(|count| count["valid"].as_u64().unwrap_or_default());
            valid.sum()
        };
        for receipt in receipts.values() {
            assert_eq!(receipt["verdict"], "valid", "{receipt:#}");
        }
        for rule in [
            "caller",
            "delivery",
            "key",
            "key-health",
            "readers",
            "enclaves",
        ] {
            assert!(rules(rule) > 0, "{rule}: {receipts:#?}");
        }
        assert_eq!(rules("witness") > 0, !bucket_key);
        // Only the deliveries of the last hours still wait, to be counted.
        assert_eq!(waiting > 3, !bucket_key);
        let left = world.evidence("pending/").await?;
        assert!(left.is_empty() || left.len() * 2 < waiting, "{left:#?}");
        if !bucket_key {
            let receipts = world.receipts("log-verifier").await?;
            let counts = receipts.iter().map(|(_, receipt)| &receipt["counts"]);
            let witnessed = counts
                .clone()
                .filter_map(|count| count["witnessed"].as_u64());
            assert!(witnessed.sum::<u64>() > 3, "{receipts:#?}");
            let unwitnessed = counts.filter_map(|count| count["unwitnessed"].as_u64());
            assert_eq!(unwitnessed.sum::<u64>(), 0, "{receipts:#?}");
        }
    }
    Ok(())
}

/// Only the KMS event of its delivery shows that the log file existed.
#[tokio::test(flavor = "multi_thread")]
async fn object_deleted_before_its_digest_arrives() -> Result<()> {
    let aws = LocalAws::start().await?;
    let trail = trail(&aws, KeySpec::SymmetricDefault, &[]).await?;
    let world = World::within(aws, trail, &[], |_| ()).await?;
    let (log, event) = world
        .trail
        .log_files
        .iter()
        .flat_map(|log| log.kms_events.iter().map(move |event| (log, event)))
        .find(|(_, event)| event.about.is_some() && event.event_name == "GenerateDataKey")
        .context("an event of a delivery")?;
    let about = event.about.as_ref().context("a log file")?;
    let deleted = world
        .trail
        .log_files
        .iter()
        .find(|log| log.object.key == about.key);
    let deleted = &deleted.context("the delivered log file")?.object;
    world.put(deleted).await?;
    world.settle().await?;
    world.delete(deleted).await?;
    world.settle().await?;
    world.assert_alerts(&[found("object-deleted", deleted)]);
    // The log file that records the delivery.
    world.put(&log.object).await?;
    world.settle().await?;
    let alerts = world.alerts();
    assert_eq!(alerts.len(), 2, "{alerts:#?}");
    let missing = alerts[1].findings();
    let missing = missing.iter().find(|finding| finding.key == deleted.key);
    let missing = &missing.context("no finding about the log file")?.document;
    assert_eq!(missing["kind"], "log-file-missing");
    assert_eq!(missing["severity"], "critical");
    let reported = missing["message"].as_str().context("a message")?;
    assert!(
        reported.contains(&event.event_id) && reported.contains(&log.object.key),
        "{reported}"
    );
    Ok(())
}

/// The log file existed when the KMS event arrived, and was deleted before the digest: somebody
/// planted it and removed it again.
#[tokio::test(flavor = "multi_thread")]
async fn delivery_that_no_digest_lists() -> Result<()> {
    for stays in [true, false] {
        let aws = LocalAws::start().await?;
        let anomalies = [KmsAnomalyKind::MissingObject];
        let hours = |spec: &mut TrailSpec| spec.hours = 11;
        let trail = trail_with(&aws, KeySpec::SymmetricDefault, &anomalies, hours).await?;
        let world = World::within(aws, trail, &[], |_| ()).await?;
        let (_, event) = world.trail.kms_anomaly(anomalies[0]);
        let (_, key) = event.s3_arn.split_once('/').context("a key")?;
        let unlisted = Object {
            key: key.to_owned(),
            ..world.trail.log_files[0].object.clone()
        };
        world.put(&unlisted).await?;
        world.deliver_log_files().await?;
        world.settle().await?;
        world.assert_alerts(&[]);
        if !stays {
            world.delete(&unlisted).await?;
        }
        world.deliver_digests().await?;
        let mut expected = vec![if stays {
            found("log-file-unlisted", &unlisted)
        } else {
            found("log-file-missing", &unlisted)
        }];
        if !stays {
            expected.push(found("object-deleted", &unlisted));
        }
        world.assert_alerts(&expected);
        // Once, regardless of how many digests arrive afterward.
        assert_eq!(world.alerts().len(), expected.len());
        assert!(messages(&world).concat().contains(&event.event_id));
    }
    Ok(())
}

/// A delivery that can never be settled is removed, and the removal is reported, regardless of the
/// number of deliveries.
#[tokio::test(flavor = "multi_thread")]
async fn deliveries_that_are_given_up_are_reported_once() -> Result<()> {
    let aws = LocalAws::start().await?;
    let trail = trail(&aws, KeySpec::SymmetricDefault, &[]).await?;
    let world = World::within(aws, trail, &[], |_| ()).await?;
    world.deliver_log_files().await?;
    world.settle().await?;
    let waiting = world.evidence("pending/").await?;
    let (name, document) = waiting.into_iter().next().context("nothing waits")?;
    let (folder, _) = name.rsplit_once('/').context("a folder")?;
    let planted = Object {
        key: "planted".to_owned(),
        ..world.trail.log_files[0].object.clone()
    };
    world.put(&planted).await?;
    for number in 0..50 {
        let mut document = document.clone();
        document["deliveries"] = json!([
            {"key": planted.key, "eventId": "e", "time": "2026-01-02T00:00:00Z"},
        ]);
        let name = format!("{folder}/20260102T000000Z_{number}.json");
        world.keep_evidence(&name, &document).await?;
    }
    world.deliver_digests().await?;
    world.assert_alerts(&[found("delivery-unsettled", &planted)]);
    assert_eq!(world.alerts().len(), 1);
    assert!(messages(&world)[0].contains("50 log files"));
    let left = world.evidence("pending/").await?;
    assert!(left.keys().all(|name| !name.contains("20260102")));
    let receipts = world.receipts("log-verifier").await?;
    let given_up = receipts
        .iter()
        .map(|(_, receipt)| &receipt["counts"]["deliveriesGivenUp"]);
    assert_eq!(given_up.filter_map(Value::as_u64).sum::<u64>(), 50);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn delivery_of_a_log_file_that_does_not_exist() -> Result<()> {
    let anomalies = [KmsAnomalyKind::MissingObject];
    let world = delivered(&anomalies, |_| ()).await?;
    let (_, event) = world.trail.kms_anomaly(anomalies[0]);
    let (_, key) = event.s3_arn.split_once('/').context("a key")?;
    world.assert_alerts(&[Expected::new("log-file-missing", key)]);
    world.assert_cli(&[]).await
}

/// Under the right key, in the right place, and by somebody who is not CloudTrail.
#[tokio::test(flavor = "multi_thread")]
async fn planted_log_file_under_the_right_key() -> Result<()> {
    for anomaly in [KmsAnomalyKind::PlantedFile, KmsAnomalyKind::PlantedFileBare] {
        let aws = LocalAws::start().await?;
        let trail = trail_with(&aws, KeySpec::SymmetricDefault, &[anomaly], busy).await?;
        let world = World::within(aws, trail, &[], |_| ()).await?;
        let planted = world.trail.planted_by(anomaly).clone();
        world.put(&planted).await?;
        world.deliver().await?;
        world.settle().await?;
        world.assert_alerts(&[found("kms-foreign-caller", &planted)]);
        let alerts = world.alerts();
        assert_eq!(alerts[0].attributes["severity"], "critical");
        let reported = &messages(&world)[0];
        let kms = world.trail.spec.kms.as_ref().context("a key")?;
        assert!(
            reported.contains(&kms.intruder_arn()) && reported.contains("198.51.100.7"),
            "{reported}"
        );
        world.assert_cli(&[]).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_deliveries_are_one_incident_with_a_growing_count() -> Result<()> {
    let anomalies = [KmsAnomalyKind::DeniedMany];
    let world = delivered(&anomalies, |_| ()).await?;
    let refused = world.trail.kms_anomalies(anomalies[0]);
    assert_eq!(refused.len(), 20);
    let files: BTreeSet<&str> = refused
        .iter()
        .map(|(log, _)| log.object.key.as_str())
        .collect();
    assert!(files.len() > 1, "in several log files");
    let alerts = world.alerts();
    let findings: Vec<_> = alerts.iter().flat_map(Alert::findings).collect();
    assert_eq!(findings.len(), 1, "{findings:#?}");
    assert_eq!(findings[0].kind, "kms-delivery-denied");
    let incidents = world.evidence("incidents/").await?;
    let incident = &incidents[&format!("incidents/{}.json", findings[0].id)];
    assert_eq!(incident["occurrences"], files.len());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn unlisted_readers_are_reported_and_refused_ones_are_not() -> Result<()> {
    for (anomaly, is_reported) in [
        (KmsAnomalyKind::UnlistedReader, true),
        (KmsAnomalyKind::RefusedReader, false),
    ] {
        let world = delivered(&[anomaly], busy).await?;
        let findings: Vec<_> = world.alerts().iter().flat_map(Alert::findings).collect();
        assert_eq!(!findings.is_empty(), is_reported, "{findings:#?}");
        let kms = world.trail.spec.kms.as_ref().context("a key")?;
        for finding in findings {
            assert_eq!(finding.kind, "kms-unlisted-reader");
            let actual = finding.document["actual"].as_str().context("evidence")?;
            assert!(actual.starts_with(&kms.intruder_arn()), "{actual}");
            assert!(
                actual.contains("198.51.100.7") && actual.contains("first 2026-"),
                "{actual}"
            );
        }
    }
    Ok(())
}

/// A list of readers that is too long for a function's variables is in a document of the evidence
/// bucket.
#[tokio::test(flavor = "multi_thread")]
async fn readers_are_read_from_a_document_of_the_evidence_bucket() -> Result<()> {
    let anomaly = KmsAnomalyKind::UnlistedReader;
    let aws = LocalAws::start().await?;
    let trail = trail_with(&aws, KeySpec::SymmetricDefault, &[anomaly], busy).await?;
    let deployed = Mutex::new((String::new(), String::new()));
    let world = World::within(aws, trail, &[], |function| {
        let bucket = function.env.get("TRAILSEAL_EVIDENCE_BUCKET").cloned();
        if let Some(readers) = function.env.get_mut("TRAILSEAL_READERS")
            && let Some(bucket) = bucket
            && let Ok(mut deployed) = deployed.lock()
        {
            *deployed = (std::mem::take(readers), bucket);
            "@config/readers.txt".clone_into(readers);
        }
    })
    .await?;
    // A function starts with its first event.
    let (readers, bucket) = deployed.into_inner().unwrap_or_default();
    let more = (0..200).map(|n| format!("arn:aws:iam::111122223333:role/Auditor{n}"));
    let lines: Vec<String> = readers.split(',').map(str::to_owned).chain(more).collect();
    let document = format!("# who may read\n{}\n", lines.join("\n"));
    assert!(document.len() > 4096);
    world
        .aws
        .s3()
        .put_object()
        .bucket(bucket)
        .key("config/readers.txt")
        .body(document.into_bytes().into())
        .send()
        .await?;
    world.deliver().await?;
    world.settle().await?;
    let (log, _) = world.trail.kms_anomaly(anomaly);
    let alerts = world.alerts();
    let findings: Vec<_> = alerts.iter().flat_map(Alert::findings).collect();
    assert!(
        !findings.is_empty(),
        "{} tells of a stranger",
        log.object.key
    );
    let kms = world.trail.spec.kms.as_ref().context("a key")?;
    for finding in findings {
        assert_eq!(finding.kind, "kms-unlisted-reader");
        let actual = finding.document["actual"].as_str().context("evidence")?;
        assert!(actual.starts_with(&kms.intruder_arn()), "{actual}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn enclaves_without_a_valid_attestation() -> Result<()> {
    for (anomaly, kind) in [
        (KmsAnomalyKind::UnlistedImage, "enclave-image-unlisted"),
        (
            KmsAnomalyKind::MalformedModule,
            "enclave-attestation-malformed",
        ),
        (
            KmsAnomalyKind::MalformedImage,
            "enclave-attestation-malformed",
        ),
        (
            KmsAnomalyKind::MissingAttestation,
            "enclave-attestation-missing",
        ),
    ] {
        let world = delivered(&[anomaly], busy).await?;
        let (log, event) = world.trail.kms_anomaly(anomaly);
        world.assert_alerts(&[found(kind, &log.object)]);
        assert!(messages(&world)[0].contains(&event.event_id));
    }
    Ok(())
}

/// CloudTrail may encrypt under the key, for any trail.
#[tokio::test(flavor = "multi_thread")]
async fn key_policy_without_a_condition() -> Result<()> {
    let aws = LocalAws::start().await?;
    let trail = trail(&aws, KeySpec::SymmetricDefault, &[]).await?;
    let arn = trail.spec.kms.as_ref().context("a key")?.key_arn.clone();
    let world = World::within(aws, trail, &[], |_| ()).await?;
    let id = arn.rsplit('/').next().context("a key id")?;
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Sid":"Anybody's trail","Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"kms:GenerateDataKey*","Resource":"*"}]}"#;
    let put = world.aws.kms().put_key_policy().key_id(id);
    put.policy_name("default").policy(policy).send().await?;
    world.deliver().await?;
    world.settle().await?;
    let findings: Vec<_> = world.alerts().iter().flat_map(Alert::findings).collect();
    // Once a day, regardless of the number of log files.
    assert_eq!(findings.len(), 1, "{findings:#?}");
    assert_eq!(findings[0].kind, "kms-policy-open");
    let actual = findings[0].document["actual"]
        .as_str()
        .context("evidence")?;
    assert!(actual.contains("Anybody's trail"), "{actual}");
    assert_eq!(world.alerts()[0].attributes["severity"], "medium");
    Ok(())
}

async fn anomaly(anomaly: KmsAnomalyKind, kind: &str) -> Result<()> {
    let world = delivered(&[anomaly], |_| ()).await?;
    let (log, event) = world.trail.kms_anomaly(anomaly);
    // The object that the event names, if it is one of ours; otherwise the log file that records
    // the event.
    let about = event.about.as_ref().map(|about| about.key.clone());
    let alerts = world.alerts();
    let finding = &alerts.first().context("no alert")?.findings()[0];
    // Only this one, regardless of how many log files record a call about the object.
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

/// Returns a trail of which one log file is under another key, and functions that have not seen it.
async fn under_another_key() -> Result<World> {
    let aws = LocalAws::start().await?;
    let anomalies = [KmsAnomalyKind::WrongKeyOnObject];
    let trail = trail(&aws, KeySpec::SymmetricDefault, &anomalies).await?;
    World::within(aws, trail, &[], |_| ()).await
}

/// The policy of the key lets the functions decrypt.
fn grant_other_key(world: &World) -> Result<()> {
    let kms = world.trail.spec.kms.as_ref().context("a key")?;
    world.proxy.grant("kms:Decrypt", &kms.other_key_arn());
    Ok(())
}

/// Reported when the object arrives, which is under an unknown key, and by the KMS event of its
/// delivery.
#[tokio::test(flavor = "multi_thread")]
async fn key_of_the_call_is_not_the_objects() -> Result<()> {
    let world = under_another_key().await?;
    grant_other_key(&world)?;
    world.deliver().await?;
    world.settle().await?;
    let (_, event) = world.trail.kms_anomaly(KmsAnomalyKind::WrongKeyOnObject);
    let about = &event.about.as_ref().context("a log file")?.key;
    world.assert_alerts(&[
        Expected::new("kms-key-mismatch", about),
        Expected::new("log-file-encryption-changed", about),
    ]);
    assert!(
        messages(&world)
            .iter()
            .any(|reported| reported.contains(&event.event_id))
    );
    world.assert_rest_valid(&[], &[]).await?;
    world.assert_cli(&[]).await
}

/// The roles may use the trail's keys only. What is under another key cannot be read, and the finding
/// about the key goes out all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_the_roles_may_not_use() -> Result<()> {
    let world = under_another_key().await?;
    world.deliver().await?;
    world.pump.until_idle().await?;
    let (_, event) = world.trail.kms_anomaly(KmsAnomalyKind::WrongKeyOnObject);
    let about = &event.about.as_ref().context("a log file")?.key;
    world.assert_alerts(&[
        Expected::new("kms-key-mismatch", about),
        Expected::new("log-file-encryption-changed", about),
        Expected::new("object-unreadable-denied", about),
    ]);
    for function in [CHECKER, VERIFIER] {
        let parked = world.pump.drain_dlq(function).await?;
        assert_eq!(parked.len(), 1, "{function}: {parked:?}");
    }
    Ok(())
}

/// Digests still use SSE-S3.
#[tokio::test(flavor = "multi_thread")]
async fn log_file_under_no_key() -> Result<()> {
    let world = delivered(&[], |_| ()).await?;
    world.assert_alerts(&[]);
    let mut copied = world.trail.log_files[1].object.clone();
    copied.encryption = Encryption::S3;
    world.put(&copied).await?;
    world.settle().await?;
    world.assert_alerts(&[found("log-file-encryption-changed", &copied)]);
    Ok(())
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
    world.settle().await?;
    world.assert_alerts(&[found("kms-key-unusable", &log.object)]);
    assert_eq!(world.alerts()[0].attributes["severity"], "critical");
    Ok(())
}

/// KMS refuses to describe the key: that concerns only rule 4, and no log file waits for it. If KMS
/// is busy, nothing is reported about the calls under the key, and none is dropped.
#[tokio::test(flavor = "multi_thread")]
async fn kms_refuses_or_throttles() -> Result<()> {
    for (fault, goes_back) in [
        (Fault::access_denied_exception(), false),
        (Fault::throttling(), true),
    ] {
        let aws = LocalAws::start().await?;
        let trail = trail(
            &aws,
            KeySpec::SymmetricDefault,
            &[KmsAnomalyKind::WrongKeyOnObject],
        )
        .await?;
        let world = World::within(aws, trail, &[], |_| ()).await?;
        grant_other_key(&world)?;
        world.deliver().await?;
        let (log, _) = world.trail.kms_anomaly(KmsAnomalyKind::WrongKeyOnObject);
        world.proxy.add(Rule::new(Match::service("kms"), fault));
        let round = world.round().await?.of(CHECKER);
        let mut returned = round.invocations.iter().flat_map(|one| &one.failed);
        let with_calls = world.trail.log_files.iter().filter(|log| {
            let mut calls = log.kms_events.iter();
            calls.any(|call| call.event_name != "DescribeKey")
        });
        let expected = if goes_back { with_calls.count() } else { 0 };
        assert_eq!(returned.clone().count(), expected, "{round:?}");
        assert_eq!(
            returned.any(|body| body.contains(&log.object.key)),
            goes_back
        );
        world.proxy.clear_rules();
        world.settle().await?;
        let kinds: Vec<String> = world
            .alerts()
            .iter()
            .flat_map(Alert::findings)
            .map(|finding| finding.kind)
            .collect();
        // Reading the headers of the object itself does not require KMS.
        let kinds: BTreeSet<&str> = kinds.iter().map(String::as_str).collect();
        assert_eq!(
            kinds.into_iter().collect::<Vec<_>>(),
            ["kms-key-mismatch", "log-file-encryption-changed"]
        );
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
    // Once, regardless of which log file arrives first.
    let with_calls = world.trail.log_files.iter().filter(|log| {
        log.kms_events
            .iter()
            .any(|event| event.event_name != "DescribeKey")
    });
    let keys: BTreeSet<&str> = with_calls.map(|log| log.object.key.as_str()).collect();
    let alerts = world.alerts();
    let findings: Vec<_> = alerts.iter().flat_map(Alert::findings).collect();
    assert_eq!(findings.len(), 1, "{findings:#?}");
    for finding in findings {
        assert_eq!(finding.kind, "kms-key-unusable");
        assert!(keys.contains(finding.key.as_str()));
    }
    Ok(())
}
