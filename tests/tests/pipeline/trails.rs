//! Trails of every shape, untouched or tampered with in a way that is specific to the shape.

use crate::world::{ACCOUNT, CHECKER, REGION, VALIDATOR, VERIFIER, World, found};
use anyhow::{Result, ensure};
use serde_json::json;
use trailseal_tests::local::cli::{self, Trail as CliTrail};
use trailseal_tests::local::{Alert, FileKind, LocalAws, Ratio};
use trailseal_tests::trail::tamper::digest as tamper_digest;
use trailseal_tests::trail::tamper::log as tamper_log;
use trailseal_tests::trail::{Backfill, BackfillLink, TrailSpec};

#[tokio::test(flavor = "multi_thread")]
async fn empty_hours() -> Result<()> {
    let trail = TrailSpec {
        hours: 6,
        empty_hours: (2..5).collect(),
        ..TrailSpec::default()
    }
    .build();
    let world = World::of(trail).await?;
    world.deliver().await?;
    world.settle().await?;
    world.assert_alerts(&[]);
    world.assert_rest_valid(&[], &[]).await?;
    world.assert_cli(&[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn rotated_keys_of_both_encodings() -> Result<()> {
    let mut spec = TrailSpec {
        start: "2026-01-20T20:00:00Z".parse()?,
        hours: 8,
        ..TrailSpec::default()
    };
    spec.keys.spki_periods = [1].into();
    let world = World::of(spec.build()).await?;
    world.deliver().await?;
    world.settle().await?;
    world.assert_alerts(&[]);
    // The AWS CLI cannot read keys in SubjectPublicKeyInfo form, which AWS documents: it does not
    // run here.
    world.assert_rest_valid(&[], &[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn backfill_digests_good_and_tampered() -> Result<()> {
    let backfill = |hour| Backfill {
        hour,
        log_files: 2,
        generated_after_hours: 24 * 25,
        link: BackfillLink::Unlinked,
    };
    let trail = TrailSpec {
        hours: 6,
        backfills: vec![backfill(2), backfill(4)],
        ..TrailSpec::default()
    }
    .build();
    let world = World::of(trail).await?;
    world.deliver().await?;
    world.settle().await?;
    world.assert_alerts(&[]);
    world.assert_rest_valid(&[], &[]).await?;
    world.assert_cli(&[]).await?;
    let cli = world.cli(ACCOUNT, REGION).await?;
    assert_eq!(
        cli.total(FileKind::BackfillDigest),
        Ratio { valid: 2, total: 2 }
    );

    let tampered = world.trail.backfill(ACCOUNT, REGION, 2);
    world
        .put(&tamper_digest::without_first_log(tampered))
        .await?;
    let digest = world.trail.backfill(ACCOUNT, REGION, 4);
    let log = &world.trail.logs_of(digest)[0].object;
    world.put(&tamper_log::modified(log)).await?;
    world.ask(VERIFIER, &digest.object).await?;
    world.settle().await?;
    world.assert_alerts(&[
        found("digest-signature-invalid", &tampered.object),
        found("log-file-modified", log),
    ]);
    world
        .assert_rest_valid(&[tampered], &[tampered, digest])
        .await?;
    world
        .assert_cli(&[
            (&tampered.object, "signature verification failed"),
            (log, "hash value doesn't match"),
        ])
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn organization_trail_with_prefix_and_underscores() -> Result<()> {
    let aws = LocalAws::start().await?;
    let member = "444455556666";
    let trail = TrailSpec {
        bucket: "amzn-s3-demo-org-bucket".to_owned(),
        prefix: Some("security/audit".to_owned()),
        organization_id: Some(cli::create_organization(&aws).await?),
        accounts: vec![ACCOUNT.to_owned(), member.to_owned()],
        owner: Some(ACCOUNT.to_owned()),
        trail_name: "org_trail_us-east-1_x".to_owned(),
        regions: vec![REGION.to_owned(), "eu-central-1".to_owned()],
        offset_seconds: 1763,
        hours: 4,
        ..TrailSpec::default()
    }
    .build();
    let world = World::within(aws, trail, &[], |_| ()).await?;
    world.deliver().await?;
    world.settle().await?;
    world.assert_alerts(&[]);
    let spec = &world.trail.spec;
    let created = CliTrail {
        name: &spec.trail_name,
        home_region: &spec.home_region,
        bucket: &spec.bucket,
        prefix: spec.prefix.as_deref(),
        of_organization: true,
    };
    cli::create_trail(&world.aws, &created).await?;
    let validation = world.cli(member, "eu-central-1").await?;
    assert_eq!(validation.code(), 0, "{:?}", validation.output);
    assert_eq!(validation.total(FileKind::Digest).valid, 5);

    let digest = world.trail.digest(member, "eu-central-1", 2);
    world
        .put(&tamper_digest::without_metadata(&digest.object))
        .await?;
    world.settle().await?;
    world.assert_alerts(&[found("digest-signature-missing", &digest.object)]);
    let finding = &world.alerts()[0].findings()[0].document;
    assert_eq!(finding["account"], member);
    assert_eq!(finding["region"], "eu-central-1");
    assert_eq!(finding["homeRegion"], REGION);
    assert_eq!(finding["trail"], spec.trail_arn().as_str());
    let attributes = &world.alerts()[0].attributes;
    assert_eq!(attributes["account"], member);
    assert_eq!(attributes["trail"], spec.trail_arn());
    let successor = world.trail.digest(member, "eu-central-1", 3);
    world
        .assert_rest_valid(&[digest, successor], &[digest])
        .await?;
    let validation = world.cli(member, "eu-central-1").await?;
    assert_eq!(validation.invalid().len(), 1, "{:?}", validation.output);
    Ok(())
}

/// Checks an organization trail below a prefix: untouched, and then with a deleted log file of a
/// member.
async fn landing_zone(trail_name: &str, prefix: impl Fn(&str) -> String) -> Result<()> {
    let aws = LocalAws::start().await?;
    let member = "444455556666";
    let organization = cli::create_organization(&aws).await?;
    let folder = format!("{}/AWSLogs/{organization}", prefix(&organization));
    let trail = TrailSpec {
        bucket: "amzn-s3-demo-org-bucket".to_owned(),
        prefix: Some(prefix(&organization)),
        organization_id: Some(organization),
        accounts: vec![ACCOUNT.to_owned(), member.to_owned()],
        owner: Some(ACCOUNT.to_owned()),
        trail_name: trail_name.to_owned(),
        hours: 4,
        ..TrailSpec::as_captured()
    }
    .build();
    let world = World::within(aws, trail, &[], |_| ()).await?;
    let digest = world.trail.digest(member, REGION, 2);
    let expected = format!("{folder}/{member}/CloudTrail-Digest/{REGION}/");
    ensure!(
        digest.object.key.starts_with(&expected),
        "{}",
        digest.object.key
    );
    world.deliver().await?;
    world.settle().await?;
    world.assert_alerts(&[]);
    world.assert_rest_valid(&[], &[]).await?;

    let log = &world.trail.logs_of(digest)[0].object;
    world.delete(log).await?;
    world.ask(VERIFIER, &digest.object).await?;
    world.settle().await?;
    world.assert_alerts(&[found("log-file-missing", log), found("object-deleted", log)]);
    for alert in world.alerts() {
        for finding in alert.findings() {
            assert_eq!(finding.document["account"], member);
        }
    }
    Ok(())
}

/// AWS Control Tower: `o-x/AWSLogs/o-x/ACCOUNT/…`.
#[tokio::test(flavor = "multi_thread")]
async fn the_layout_of_control_tower() -> Result<()> {
    landing_zone("aws-controltower-BaselineCloudTrail", str::to_owned).await
}

/// Landing Zone Accelerator on AWS: `cloudtrail-organization/AWSLogs/o-x/ACCOUNT/…`.
#[tokio::test(flavor = "multi_thread")]
async fn the_layout_of_landing_zone_accelerator() -> Result<()> {
    landing_zone("AWSAccelerator-Organizations-CloudTrail", |_| {
        "cloudtrail-organization".to_owned()
    })
    .await
}

/// A trail that is not configured delivers to the bucket, and its chain is new: both are reported,
/// once.
#[tokio::test(flavor = "multi_thread")]
async fn an_unexpected_trail() -> Result<()> {
    let spec = TrailSpec {
        hours: 3,
        ..TrailSpec::default()
    };
    let world = World::of(spec.clone().build()).await?;
    world.deliver().await?;
    world.settle().await?;
    world.assert_alerts(&[]);
    let first = world.hour(0);
    let started = world.proxy.alerts();
    let started: Vec<_> = started.iter().flat_map(Alert::findings).collect();
    assert_eq!(started.len(), 1, "{started:#?}");
    assert_eq!(started[0].kind, "chain-started");
    assert_eq!(started[0].severity, "low");
    assert_eq!(started[0].key, first.object.key);

    let other = TrailSpec {
        trail_name: "other".to_owned(),
        ..spec
    }
    .build();
    let start = other.digest(ACCOUNT, REGION, 0);
    for digest in &other.digests {
        world.put(&digest.object).await?;
        world.settle().await?;
    }
    world.assert_alerts(&[
        found("digest-trail-unexpected", &start.object),
        found("chain-started", &start.object),
    ]);
    // It is still verified.
    let outcome = world
        .ask(VALIDATOR, &other.digest(ACCOUNT, REGION, 2).object)
        .await?;
    assert_eq!(
        (&outcome["valid"], &outcome["verdict"]),
        (&json!(1), &json!("finding"))
    );
    world.assert_rest_valid(&[], &[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn another_partition() -> Result<()> {
    let trail = TrailSpec {
        home_region: "us-gov-west-1".to_owned(),
        regions: vec!["us-gov-east-1".to_owned()],
        hours: 4,
        log_files_per_hour: 1..=1,
        ..TrailSpec::default()
    }
    .build();
    let world = World::of(trail).await?;
    world.deliver().await?;
    world.settle().await?;
    world.assert_alerts(&[]);
    world.assert_rest_valid(&[], &[]).await?;
    let cli = world.cli(ACCOUNT, "us-gov-east-1").await?;
    assert_eq!((cli.code(), cli.total(FileKind::Digest).valid), (0, 5));
    let digest = world.trail.digest(ACCOUNT, "us-gov-east-1", 2);
    world.put(&tamper_digest::without_first_log(digest)).await?;
    world.settle().await?;
    world.assert_alerts(&[found("digest-signature-invalid", &digest.object)]);
    assert_eq!(
        world.alerts()[0].attributes["trail"],
        "arn:aws-us-gov:cloudtrail:us-gov-west-1:111122223333:trail/management-events"
    );
    Ok(())
}

/// SQS delivers at least once and in any order: the verdicts are the same.
#[tokio::test(flavor = "multi_thread")]
async fn events_that_are_late_repeated_or_out_of_order() -> Result<()> {
    let trail = TrailSpec {
        hours: 5,
        log_files_per_hour: 1..=2,
        ..TrailSpec::default()
    }
    .build();
    let world = World::of(trail).await?;
    world.deliver().await?;
    let digest = world.hour(3);
    let log = &world.trail.logs_of(digest)[0].object;
    world.put(&tamper_log::modified(log)).await?;
    let mut bodies = Vec::new();
    for function in [VALIDATOR, VERIFIER, CHECKER] {
        let drained = self::drained(&world, function).await?;
        bodies.push((function, drained));
    }
    // People are alerted to the same finding once.
    for expected in [&[found("log-file-modified", log)][..], &[]] {
        for (function, bodies) in &bodies {
            for body in bodies.iter().rev().chain(bodies) {
                world.pump.send(function, body).await?;
            }
        }
        world.settle().await?;
        world.assert_alerts(expected);
        world.proxy.forget();
    }
    Ok(())
}

async fn drained(world: &World, function: &str) -> Result<Vec<String>> {
    let bodies = world.pump.drain(function).await?;
    ensure!(!bodies.is_empty());
    Ok(bodies)
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_that_do_not_belong_to_the_trail_are_ignored() -> Result<()> {
    let trail = TrailSpec {
        hours: 2,
        ..TrailSpec::default()
    }
    .build();
    let world = World::of(trail).await?;
    for object in world.trail.extras() {
        world.put(&object).await?;
        for function in [VALIDATOR, VERIFIER, CHECKER] {
            let event = object.bare_event();
            world.pump.send(function, &event.to_string()).await?;
        }
    }
    for event in [
        json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "amzn-s3-demo-bucket"}),
        json!({"source": "aws.s3", "detail-type": "Object Deleted", "detail": {}}),
        json!({"Type": "Notification", "TopicArn": "arn:aws:sns:us-east-1:111122223333:t", "Message": "CloudTrail validation message."}),
    ] {
        for function in [VALIDATOR, VERIFIER, CHECKER] {
            world.pump.send(function, &event.to_string()).await?;
        }
    }
    world.settle().await?;
    world.assert_alerts(&[]);
    Ok(())
}
