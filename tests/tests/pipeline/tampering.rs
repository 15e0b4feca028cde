//! Changes to log files and digests, and the findings about them.

use crate::world::{ACCOUNT, REGION, VALIDATOR, VERIFIER, World, found};
use anyhow::{Context, Result, ensure};
use trailseal_tests::local::{Alert, Expected, FileKind, LocalAws, assert_findings};
use trailseal_tests::trail::tamper::digest::{self as tamper_digest, ClaimedKey};
use trailseal_tests::trail::tamper::log as tamper_log;
use trailseal_tests::trail::{BucketChange, Location, Object, Stop, Trail, TrailSpec};

fn trail() -> Trail {
    TrailSpec {
        hours: 7,
        log_files_per_hour: 2..=2,
        ..TrailSpec::default()
    }
    .build()
}

const INVALID_HASH: &str = "hash value doesn't match";
const NOT_FOUND: &str = "not found";

#[tokio::test(flavor = "multi_thread")]
async fn untouched_trail_raises_no_alert() -> Result<()> {
    let world = World::of(trail()).await?;
    world.deliver().await?;
    world.settle().await?;
    world.assert_alerts(&[]);
    world.assert_rest_valid(&[], &[]).await?;
    world.assert_alerts(&[]);
    world.assert_cli(&[]).await?;
    let cli = world.cli(ACCOUNT, REGION).await?;
    assert_eq!(cli.total(FileKind::Digest).valid, world.hourly_digests());
    Ok(())
}

/// Tampers with one log file before its digest is processed.
async fn log_file(
    attack: impl Fn(&Object) -> Object,
    expected: &[&str],
    cli: Option<&str>,
) -> Result<()> {
    let world = World::of(trail()).await?;
    world.deliver().await?;
    let digest = world.hour(4);
    let log = &world.trail.logs_of(digest)[1].object;
    world.put(&attack(log)).await?;
    world.settle().await?;
    let findings: Vec<Expected> = expected.iter().map(|kind| found(kind, log)).collect();
    world.assert_alerts(&findings);
    world.assert_rest_valid(&[], &[digest]).await?;
    let outcome = world.ask(VERIFIER, &digest.object).await?;
    ensure!(
        outcome["valid"] == 1,
        "the next log file is valid: {outcome}"
    );
    let invalid: Vec<_> = cli.into_iter().map(|reason| (log, reason)).collect();
    world.assert_cli(&invalid).await
}

#[tokio::test(flavor = "multi_thread")]
async fn log_file_modified() -> Result<()> {
    log_file(
        tamper_log::modified,
        &["log-file-modified"],
        Some(INVALID_HASH),
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn log_file_with_a_second_gzip_member() -> Result<()> {
    log_file(
        tamper_log::second_member,
        &["log-file-trailing-data"],
        Some("unexpected data after end of compressed stream"),
    )
    .await
}

/// The AWS CLI inflates what exists and does not check the trailer.
#[tokio::test(flavor = "multi_thread")]
async fn log_file_cut_in_its_trailer() -> Result<()> {
    log_file(tamper_log::cut_in_trailer, &["log-file-malformed"], None).await
}

#[tokio::test(flavor = "multi_thread")]
async fn log_file_cut_in_half() -> Result<()> {
    log_file(
        tamper_log::cut_in_half,
        &["log-file-malformed"],
        Some(INVALID_HASH),
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn log_file_that_is_not_gzip() -> Result<()> {
    log_file(
        tamper_log::not_gzip,
        &["log-file-malformed"],
        Some("invalid format"),
    )
    .await
}

/// Modified by its hash, and malformed for a reader of its records.
#[tokio::test(flavor = "multi_thread")]
async fn log_file_that_is_not_json() -> Result<()> {
    log_file(
        tamper_log::not_json,
        &["log-file-modified", "log-file-malformed"],
        Some(INVALID_HASH),
    )
    .await
}

/// Other bytes, the same content: nothing was tampered with.
#[tokio::test(flavor = "multi_thread")]
async fn log_file_recompressed_raises_no_alert() -> Result<()> {
    let world = World::of(trail()).await?;
    world.deliver().await?;
    let log = &world.trail.logs_of(world.hour(4))[1].object;
    world.put(&tamper_log::recompressed(log)).await?;
    world.settle().await?;
    world.assert_alerts(&[]);
    world.assert_cli(&[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn log_file_deleted() -> Result<()> {
    let world = World::of(trail()).await?;
    world.deliver().await?;
    let digest = world.hour(4);
    let log = &world.trail.logs_of(digest)[0].object;
    world.delete(log).await?;
    world.settle().await?;
    world.assert_alerts(&[found("log-file-missing", log), found("object-deleted", log)]);
    world.assert_rest_valid(&[], &[digest]).await?;
    world.assert_cli(&[(log, NOT_FOUND)]).await
}

/// Tampers with one digest before the functions see it. Its successor signed a different one.
async fn digest(
    attack: impl Fn(&World) -> Object,
    kind: &str,
    in_successor: &str,
    cli: &str,
) -> Result<()> {
    let world = World::of(trail()).await?;
    world.deliver().await?;
    let (digest, successor) = (world.hour(4), world.hour(5));
    world.put(&attack(&world)).await?;
    world.settle().await?;
    let mut findings = vec![found(kind, &digest.object)];
    if in_successor != kind {
        findings.push(found(in_successor, &digest.object));
    }
    world.assert_alerts(&findings);
    world
        .assert_rest_valid(&[digest, successor], &[digest])
        .await?;
    let outcome = world.ask(VERIFIER, &digest.object).await?;
    ensure!(
        outcome["valid"] == 0,
        "no unsigned list is believed: {outcome}"
    );
    world.assert_cli(&[(&digest.object, cli)]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn digest_edited() -> Result<()> {
    digest(
        |world| tamper_digest::without_first_log(world.hour(4)),
        "digest-signature-invalid",
        "digest-modified",
        "signature verification failed",
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn digest_metadata_stripped() -> Result<()> {
    digest(
        |world| tamper_digest::without_metadata(&world.hour(4).object),
        "digest-signature-missing",
        "digest-modified",
        "signature verification failed",
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn digest_metadata_replaced() -> Result<()> {
    digest(
        |world| tamper_digest::with_metadata_of(&world.hour(4).object, &world.hour(3).object),
        "digest-signature-invalid",
        "digest-modified",
        "signature verification failed",
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn digest_replaced_by_a_copy_of_another() -> Result<()> {
    digest(
        |world| {
            let to = world.hour(4).object.location();
            tamper_digest::copied_to(&world.hour(3).object, &to)
        },
        "digest-moved",
        "digest-modified",
        "has been moved from its original location",
    )
    .await
}

/// The AWS CLI checks buckets one by one and does not see the copy in the other.
#[tokio::test(flavor = "multi_thread")]
async fn digest_copied_to_another_bucket() -> Result<()> {
    let other = "amzn-s3-demo-bucket2";
    let aws = LocalAws::start().await?;
    let world = World::within(aws, trail(), &[other], |_| ()).await?;
    world.deliver().await?;
    let to = Location {
        bucket: other.to_owned(),
        ..world.hour(4).object.location()
    };
    let copy = tamper_digest::copied_to(&world.hour(4).object, &to);
    world.put(&copy).await?;
    world.settle().await?;
    world.assert_alerts(&[found("digest-moved", &copy)]);
    assert_eq!(world.alerts()[0].findings()[0].bucket, other);
    world.assert_rest_valid(&[], &[]).await?;
    world.assert_cli(&[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_digest_deleted() -> Result<()> {
    let world = World::of(trail()).await?;
    world.deliver().await?;
    world.settle().await?;
    world.assert_alerts(&[]);
    // An old one, noticed when its successor is checked again.
    let gone = world.hour(3);
    world.delete(&gone.object).await?;
    let outcome = world.ask(VALIDATOR, &world.hour(4).object).await?;
    ensure!(outcome["verdict"] == "finding");
    world.settle().await?;
    world.assert_alerts(&[
        found("digest-missing", &gone.object)
            .window("2026-01-15T02:00:00Z", "2026-01-15T03:00:00Z"),
        found("object-deleted", &gone.object),
    ]);
    world
        .assert_rest_valid(&[gone, world.hour(4)], &[gone])
        .await?;
    world.assert_cli(&[(&gone.object, NOT_FOUND)]).await
}

/// The AWS CLI names the newest of the three and continues before the oldest: the log files of all
/// three are silently missing from its totals.
#[tokio::test(flavor = "multi_thread")]
async fn three_digests_deleted_in_a_row() -> Result<()> {
    let world = World::of(trail()).await?;
    world.deliver().await?;
    world.settle().await?;
    let gone = [world.hour(3), world.hour(4), world.hour(5)];
    for digest in gone {
        world.delete(&digest.object).await?;
    }
    world.ask(VALIDATOR, &world.hour(6).object).await?;
    world.settle().await?;
    // The three deletions are one incident.
    let alerts = world.alerts();
    let missing = |alert: &&Alert| alert.email.contains("digest-missing");
    let alert = alerts.iter().find(missing).context("no alert")?;
    let findings = alerts.iter().flat_map(Alert::findings);
    let deleted: Vec<_> = findings.filter(|it| it.kind == "object-deleted").collect();
    ensure!(deleted.len() == 1, "{deleted:#?}");
    ensure!(
        gone.iter()
            .any(|digest| digest.object.key == deleted[0].key)
    );
    world.assert_alerts(&[
        found("digest-missing", &gone[2].object)
            .window("2026-01-15T02:00:00Z", "2026-01-15T05:00:00Z"),
        Expected::new("object-deleted", &deleted[0].key),
    ]);
    ensure!(
        alert
            .email
            .contains("3 consecutive hourly digests are missing"),
        "{alert}"
    );
    world
        .assert_rest_valid(&[gone[0], gone[1], gone[2], world.hour(6)], &gone)
        .await?;
    let cli = world.cli(ACCOUNT, REGION).await?;
    assert_eq!(cli.invalid().len(), 1, "{:?}", cli.output);
    let lost: usize = gone.iter().map(|d| d.document.log_files.len()).sum();
    assert_eq!(
        cli.total(FileKind::Log).total,
        world.trail.log_files.len() - lost
    );
    Ok(())
}

/// The AWS CLI starts with the newest existing digest, and does not notice that one is missing.
#[tokio::test(flavor = "multi_thread")]
async fn newest_digest_deleted_then_its_successor_arrives() -> Result<()> {
    let mut trail = trail();
    let last = trail.digests.pop().expect("digests");
    let world = World::of(trail).await?;
    world.deliver().await?;
    world.settle().await?;
    let gone = world.hour(6);
    world.delete(&gone.object).await?;
    world.assert_cli(&[]).await?;
    for log in &world.trail.log_files {
        if log.hour == 7 {
            world.put(&log.object).await?;
        }
    }
    world.put(&last.object).await?;
    world.settle().await?;
    world.assert_alerts(&[
        found("digest-missing", &gone.object)
            .window("2026-01-15T05:00:00Z", "2026-01-15T06:00:00Z"),
        found("object-deleted", &gone.object),
    ]);
    world.assert_rest_valid(&[gone], &[gone]).await?;
    world.assert_cli(&[(&gone.object, NOT_FOUND)]).await
}

/// Deleted before the functions process it: its own event reports it.
#[tokio::test(flavor = "multi_thread")]
async fn newest_digest_deleted_at_once() -> Result<()> {
    let world = World::of(trail()).await?;
    world.deliver().await?;
    let newest = world.hour(7);
    world.delete(&newest.object).await?;
    world.settle().await?;
    world.assert_alerts(&[
        found("digest-missing", &newest.object)
            .window("2026-01-15T06:00:00Z", "2026-01-15T07:00:00Z"),
        found("object-deleted", &newest.object),
    ]);
    world.assert_rest_valid(&[newest], &[newest]).await
}

/// A forger who can write to the bucket signs with his own key, or claims a genuine one.
#[tokio::test(flavor = "multi_thread")]
async fn digest_signed_by_an_unknown_key() -> Result<()> {
    digest(
        |world| {
            tamper_digest::signed_by_rogue(world.hour(4), ClaimedKey::Own, |document| {
                document.log_files.clear();
            })
            .object
        },
        "digest-key-unknown",
        "digest-modified",
        "public key not found",
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn digest_signed_by_an_unknown_key_under_a_genuine_name() -> Result<()> {
    digest(
        |world| tamper_digest::signed_by_rogue(world.hour(4), ClaimedKey::Genuine, |_| {}).object,
        "digest-signature-invalid",
        "digest-modified",
        "signature verification failed",
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn digest_signed_by_another_regions_key() -> Result<()> {
    digest(
        |world| tamper_digest::signed_by_region(&world.trail, world.hour(4), "eu-west-1").object,
        "digest-key-unknown",
        "digest-modified",
        "public key not found",
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn digest_signed_by_a_key_outside_its_validity() -> Result<()> {
    let world = World::of(trail()).await?;
    world.deliver().await?;
    let (digest, successor) = (world.hour(4), world.hour(5));
    let signed = tamper_digest::signed_after_validity(&world.trail, digest);
    world.put(&signed.object).await?;
    world.settle().await?;
    // It is not the digest that its successor signed.
    world.assert_alerts(&[
        found("digest-key-out-of-period", &digest.object),
        found("digest-modified", &digest.object),
    ]);
    world
        .assert_rest_valid(&[digest, successor], &[digest])
        .await?;
    // CloudTrail signed the list, so it is trusted.
    let outcome = world.ask(VERIFIER, &digest.object).await?;
    ensure!(
        outcome["valid"] == world.trail.logs_of(digest).len(),
        "{outcome}"
    );
    world
        .assert_cli(&[(&digest.object, "public key not found")])
        .await
}

/// The AWS CLI mentions the window and exits with 0.
#[tokio::test(flavor = "multi_thread")]
async fn chain_restarted_after_a_stop() -> Result<()> {
    let trail = TrailSpec {
        hours: 12,
        log_files_per_hour: 1..=1,
        stops: vec![Stop {
            last_hour: 4,
            restart_hour: Some(9),
        }],
        ..TrailSpec::default()
    }
    .build();
    let world = World::of(trail).await?;
    world.deliver().await?;
    world.settle().await?;
    let restarted = world.hour(9);
    let window = ("2026-01-15T04:00:00Z", "2026-01-15T08:00:00Z");
    world.assert_alerts(&[found("chain-restarted", &restarted.object).window(window.0, window.1)]);
    world.assert_rest_valid(&[restarted], &[]).await?;
    world.assert_cli(&[]).await?;
    let cli = world.cli(ACCOUNT, REGION).await?;
    assert_eq!(cli.gaps, [(window.0.to_owned(), window.1.to_owned())]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn trail_moved_to_another_bucket() -> Result<()> {
    let trail = TrailSpec {
        hours: 7,
        log_files_per_hour: 2..=2,
        bucket_change: Some(BucketChange {
            hour: 4,
            bucket: "amzn-s3-demo-bucket2".to_owned(),
        }),
        ..TrailSpec::default()
    }
    .build();
    let world = World::of(trail).await?;
    world.deliver().await?;
    world.settle().await?;
    world.assert_alerts(&[]);
    world.assert_rest_valid(&[], &[]).await?;
    world.assert_cli(&[]).await?;
    // Deleted from the trail's previous bucket: both buckets are searched.
    let gone = [world.hour(3), world.hour(4)];
    for digest in gone {
        world.delete(&digest.object).await?;
    }
    world.ask(VALIDATOR, &world.hour(5).object).await?;
    world.settle().await?;
    // One of the two is the newest of the incident.
    let mut alerts = world.alerts();
    for alert in &mut alerts {
        if let Some(findings) = alert.document["findings"].as_array_mut() {
            findings.retain(|finding| finding["kind"] != "object-deleted");
        }
    }
    assert_findings(
        &alerts,
        &[found("digest-missing", &gone[1].object)
            .window("2026-01-15T02:00:00Z", "2026-01-15T04:00:00Z")],
    );
    Ok(())
}
