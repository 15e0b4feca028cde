//! AWS refuses, throttles, stalls or breaks: nothing is called valid, nothing is reported as
//! tampering, the message goes back, and the alert arrives after the fault ends.

use crate::world::{ALERTER, CHECKER, VALIDATOR, VERIFIER, World, found};
use anyhow::{Result, ensure};
use aws_sdk_s3::types::StorageClass;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;
use trailseal_tests::local::{Alert, Expected, Fault, Match, Rule};
use trailseal_tests::trail::tamper::log as tamper_log;
use trailseal_tests::trail::{Object, Trail, TrailSpec};

fn trail() -> Trail {
    TrailSpec {
        hours: 3,
        log_files_per_hour: 2..=2,
        ..TrailSpec::default()
    }
    .build()
}

/// Returns a trail with one modified log file, and functions that have not seen it.
async fn tampered() -> Result<(World, Expected)> {
    let world = World::of(trail()).await?;
    world.deliver().await?;
    let log = &world.trail.logs_of(world.hour(2))[0].object;
    world.put(&tamper_log::modified(log)).await?;
    let expected = found("log-file-modified", log);
    Ok((world, expected))
}

/// Checks that during the fault, the functions' messages go back and nothing is reported, and that
/// without it, everything is.
async fn nothing_is_lost(rules: Vec<Rule>, functions: &[&str]) -> Result<()> {
    let (world, expected) = tampered().await?;
    for rule in rules {
        world.proxy.add(rule);
    }
    let round = world.round().await?;
    for function in functions {
        let of = round.of(function);
        ensure!(
            of.failed() == of.tried() && of.tried() > 0,
            "{function} is done with messages under the fault: {of:?}"
        );
        ensure!(of.errors().next().is_none(), "{of:?}");
    }
    world.assert_alerts(&[]);
    world.proxy.clear_rules();
    world.settle().await?;
    world.assert_alerts(&[expected]);
    Ok(())
}

fn every(service: &str, fault: Fault) -> Vec<Rule> {
    vec![Rule::new(Match::service(service), fault)]
}

const ALL: [&str; 3] = [VALIDATOR, VERIFIER, CHECKER];

#[tokio::test(flavor = "multi_thread")]
async fn s3_asks_to_slow_down() -> Result<()> {
    nothing_is_lost(every("s3", Fault::slow_down()), &ALL).await
}

#[tokio::test(flavor = "multi_thread")]
async fn s3_has_an_internal_error() -> Result<()> {
    nothing_is_lost(every("s3", Fault::internal_error()), &ALL).await
}

#[tokio::test(flavor = "multi_thread")]
async fn s3_drops_connections() -> Result<()> {
    nothing_is_lost(every("s3", Fault::Drop), &ALL).await
}

#[tokio::test(flavor = "multi_thread")]
async fn s3_ends_a_response_in_the_middle() -> Result<()> {
    nothing_is_lost(every("s3", Fault::Cut(40)), &ALL).await
}

/// The function gets a shorter body than S3 has, and nothing in HTTP says so.
#[tokio::test(flavor = "multi_thread")]
async fn s3_promises_fewer_bytes_than_it_has() -> Result<()> {
    let reads = Match::operation("s3", "GetObject").path_contains("/AWSLogs/");
    nothing_is_lost(vec![Rule::new(reads, Fault::Understate(10))], &ALL).await
}

#[tokio::test(flavor = "multi_thread")]
async fn s3_denies_access() -> Result<()> {
    nothing_is_lost(every("s3", Fault::access_denied()), &ALL).await
}

#[tokio::test(flavor = "multi_thread")]
async fn kms_denies_decryption() -> Result<()> {
    let key = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    nothing_is_lost(every("s3", Fault::kms_access_denied(key)), &ALL).await
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_are_archived() -> Result<()> {
    nothing_is_lost(every("s3", Fault::archived()), &ALL).await
}

#[tokio::test(flavor = "multi_thread")]
async fn cloudtrail_throttles() -> Result<()> {
    nothing_is_lost(
        every("cloudtrail", Fault::throttling()),
        &[VALIDATOR, VERIFIER],
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn s3_stalls_beyond_the_functions_time() -> Result<()> {
    let world = World::adjusted(trail(), |spec| spec.timeout = Duration::from_secs(4)).await?;
    world.deliver().await?;
    let log = &world.trail.logs_of(world.hour(2))[0].object;
    world.put(&tamper_log::modified(log)).await?;
    let stall = Fault::Stall(Duration::from_secs(30));
    world
        .proxy
        .add(Rule::new(Match::operation("s3", "GetObject"), stall));
    let round = world.round().await?;
    // The functions answer in time: Lambda does not have to end them.
    ensure!(round.errors().next().is_none(), "{round:?}");
    ensure!(round.succeeded() == 0, "{round:?}");
    world.assert_alerts(&[]);
    world.proxy.clear_rules();
    world.settle().await?;
    world.assert_alerts(&[found("log-file-modified", log)]);
    Ok(())
}

/// One log file in the middle of a digest cannot be read: what is known is reported at once, and
/// the digest is delivered again.
#[tokio::test(flavor = "multi_thread")]
async fn one_log_file_is_denied_and_the_next_one_is_modified() -> Result<()> {
    let (world, expected) = tampered().await?;
    let denied = world.trail.logs_of(world.hour(2))[1].object.clone();
    world.proxy.add(Rule::new(
        Match::operation("s3", "GetObject").path_contains(&denied.key),
        Fault::access_denied(),
    ));
    let round = world.round().await?;
    assert_eq!(round.of(VALIDATOR).failed(), 0);
    assert_eq!(round.of(VERIFIER).failed(), 1);
    world.round().await?;
    world.assert_alerts(std::slice::from_ref(&expected));
    // It stays like that: before the message is parked, people are alerted to it.
    let mut last = Vec::new();
    for _ in 0..6 {
        world.round().await?;
        last = world.pump.drain_dlq(VERIFIER).await?;
        if !last.is_empty() {
            break;
        }
    }
    assert_eq!(last.len(), 1, "parked in the dead-letter queue");
    world.round().await?;
    world.assert_alerts(&[expected, found("object-unreadable-denied", &denied)]);
    let alerts = world.proxy.alerts();
    let said = alerts.iter().flat_map(Alert::findings);
    assert_eq!(
        said.filter(|f| f.kind == "object-unreadable-denied" && f.key == denied.key)
            .count(),
        // The log-verifier and, for the file's own event, the kms-context-checker find the same:
        // people are alerted to it once.
        1
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn sns_refuses_the_alert() -> Result<()> {
    for fault in [
        Fault::authorization_error(),
        Fault::internal_error(),
        Fault::LoseAnswer,
    ] {
        let (world, expected) = tampered().await?;
        world.proxy.add(Rule::new(Match::service("sns"), fault));
        let round = world.round().await?;
        assert_eq!(round.of(VERIFIER).failed(), 0, "the queue has the finding");
        let round = world.round().await?.of(ALERTER);
        assert_eq!(round.failed(), round.tried(), "the alert was not accepted");
        assert!(round.tried() > 0);
        world.assert_alerts(&[]);
        // Nobody was alerted to it, and nothing records that anybody was.
        assert!(world.evidence("incidents/").await?.is_empty());
        world.proxy.clear_rules();
        world.settle().await?;
        world.assert_alerts(&[expected]);
        let incidents = world.evidence("incidents/").await?;
        let mut kinds = incidents.values().map(|incident| &incident["kind"]);
        assert!(
            kinds.any(|kind| kind == "log-file-modified"),
            "{incidents:#?}"
        );
    }
    Ok(())
}

/// The event of a finding that the queue does not accept is delivered again.
#[tokio::test(flavor = "multi_thread")]
async fn the_queue_of_findings_refuses_them() -> Result<()> {
    for fault in [Fault::access_denied_exception(), Fault::LoseAnswer] {
        let (world, expected) = tampered().await?;
        let calls = Match::operation("sqs", "SendMessage");
        world.proxy.add(Rule::new(calls, fault));
        let round = world.round().await?;
        // If the answer is lost, the queue also has the message that was sent again.
        assert!(
            round.of(VERIFIER).failed() >= 1,
            "the finding was not accepted"
        );
        world.proxy.clear_rules();
        world.settle().await?;
        world.assert_alerts(&[expected]);
    }
    Ok(())
}

/// Returns the tries of a message that was sent to its queue again: the number of the next try, and
/// the number of seconds that SQS was asked to wait.
fn sent_again(world: &World) -> Vec<(Option<String>, Option<u64>)> {
    let calls = world.proxy.calls(&Match::operation("sqs", "SendMessage"));
    let of_ours = calls
        .iter()
        .map(|call| &call.parameters)
        .filter_map(|sent| {
            let attributes = sent.get("MessageAttributes")?;
            attributes.get("TrailsealNotBefore")?;
            let attempt = attributes.pointer("/TrailsealAttempt/StringValue");
            let delay = sent.get("DelaySeconds");
            Some((
                attempt.and_then(|text| text.as_str()).map(str::to_owned),
                delay.and_then(serde_json::Value::as_u64),
            ))
        });
    of_ours.collect()
}

/// A message that fails is sent again and removed from the queue, so that it is not in flight;
/// after a permanent failure, it is parked after its second try. A parked message that somebody
/// moves back starts again from the first try.
#[tokio::test(flavor = "multi_thread")]
async fn a_failed_message_is_sent_again_by_its_class_and_then_parked() -> Result<()> {
    for (fault, waits, kind) in [
        (Fault::archived(), &[300][..], Some("object-archived")),
        (
            Fault::access_denied(),
            &[60, 900],
            Some("object-unreadable-denied"),
        ),
        (Fault::slow_down(), &[60, 300, 900, 900], None),
    ] {
        let world = World::of(trail()).await?;
        world.deliver().await?;
        world.settle().await?;
        world.stop_events().await?;
        world.proxy.forget();
        let (log, digest) = (&world.trail.log_files[0].object, world.hour(1));
        let head = Match::operation("s3", "HeadObject").path_contains(&log.key);
        let written = [("last-modified", "Thu, 15 Jan 2026 00:30:00 GMT")];
        world.proxy.add(Rule::new(head, Fault::headers(&written)));
        world.proxy.add(Rule::new(
            Match::operation("s3", "GetObject").path_contains(&log.key),
            fault,
        ));
        let body = digest.object.bare_event();
        let body = body.to_string();
        world.pump.send(VERIFIER, &body).await?;
        for (number, wait) in waits.iter().enumerate() {
            let round = world.round().await?.of(VERIFIER);
            assert_eq!((round.tried(), round.failed()), (1, 1), "{round:?}");
            // The body is identical, byte for byte.
            assert_eq!(round.invocations[0].failed, [body.as_str()]);
            let next = (Some((number + 2).to_string()), Some(*wait));
            assert_eq!(sent_again(&world).last(), Some(&next));
            assert!(world.pump.drain_dlq(VERIFIER).await?.is_empty());
        }
        world.assert_alerts(&[]);
        world.round().await?;
        assert_eq!(world.pump.drain_dlq(VERIFIER).await?, [body.as_str()]);
        assert_eq!(sent_again(&world).len(), waits.len());
        world.round().await?;
        let expected: Vec<_> = kind.iter().map(|kind| found(kind, log)).collect();
        world.assert_alerts(&expected);
        // No message changed its visibility: none is in flight.
        let in_flight = Match::operation("sqs", "ChangeMessageVisibility");
        assert!(world.proxy.calls(&in_flight).is_empty());
        world.proxy.clear_rules();
        world.pump.send(VERIFIER, &body).await?;
        world.settle().await?;
    }
    Ok(())
}

/// Somebody who overwrites a log file or a digest with an object in an archive class makes its
/// content unreadable. It is still reported at the first try.
#[tokio::test(flavor = "multi_thread")]
async fn an_object_replaced_by_an_archived_one_is_modified_at_the_first_attempt() -> Result<()> {
    let world = World::of(trail()).await?;
    world.deliver_log_files().await?;
    let log = &world.trail.logs_of(world.hour(2))[0].object;
    archive(&world, log).await?;
    for digest in &world.trail.digests {
        world.put(&digest.object).await?;
    }
    let digest = &world.hour(1).object;
    archive(&world, digest).await?;
    let round = world.round().await?;
    for function in [VALIDATOR, VERIFIER] {
        let of = round.of(function);
        assert_eq!(of.failed(), 0, "{function}: nothing is left open");
        assert!(of.tried() > 0);
    }
    world.round().await?;
    let alerts = world.proxy.alerts();
    // The log file's own event reports that its records cannot be read. deletion-monitor reports
    // that somebody overwrote an object, in this round or in a later one.
    let reported: BTreeSet<_> = alerts
        .iter()
        .flat_map(Alert::findings)
        .filter(|finding| finding.severity == "critical" && finding.kind != "object-overwritten")
        .map(|finding| (finding.kind, finding.key))
        .collect();
    let expected = [("log-file-modified", log), ("digest-modified", digest)];
    let expected = expected.map(|(kind, object)| (kind.to_owned(), object.key.clone()));
    assert_eq!(reported, BTreeSet::from(expected));
    Ok(())
}

/// Replaces an object with other content, with its own metadata, in an archive class.
async fn archive(world: &World, object: &Object) -> Result<()> {
    let metadata = object.metadata.clone();
    let put = world.aws.s3().put_object();
    put.bucket(&object.bucket)
        .key(&object.key)
        .body(b"something else".to_vec().into())
        .set_metadata(Some(metadata.into_iter().collect()))
        .storage_class(StorageClass::DeepArchive)
        .send()
        .await?;
    Ok(())
}

/// With too many tries, a message would expire before it is parked: the function does not start,
/// and the event stays in its queue.
#[tokio::test(flavor = "multi_thread")]
async fn more_attempts_than_a_message_lasts_are_refused_at_startup() -> Result<()> {
    let world = World::adjusted(trail(), |spec| {
        if let Some(tries) = spec.env.get_mut("TRAILSEAL_MAX_RECEIVES") {
            "88".clone_into(tries);
        }
    })
    .await?;
    world.put(&world.hour(1).object).await?;
    let round = world.round().await?.of(VALIDATOR);
    ensure!(round.errors().next().is_some(), "{round:?}");
    ensure!(round.succeeded() == 0, "{round:?}");
    let log = world.pump.log_tails();
    ensure!(log.contains("TRAILSEAL_MAX_RECEIVES"), "{log}");
    world.assert_alerts(&[]);
    Ok(())
}

/// Pinned keys are not a second opinion: they count only if CloudTrail refuses to list its own.
#[tokio::test(flavor = "multi_thread")]
async fn pinned_keys_count_only_where_cloudtrail_refuses() -> Result<()> {
    let trail = trail();
    let keys = trail.public_keys_by_region();
    let mut keys = keys["us-east-1"].as_array().cloned().unwrap_or_default();
    for key in &mut keys {
        key["Region"] = "us-east-1".into();
    }
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), json!({ "PublicKeyList": keys }).to_string())?;
    let path = file.path().display().to_string();
    let world = World::adjusted(trail, |spec| {
        spec.env
            .insert("TRAILSEAL_PINNED_KEYS".to_owned(), path.clone());
    })
    .await?;
    world.stop_events().await?;
    world.deliver().await?;
    world.aws.set_public_keys(&json!({}))?;
    let digest = &world.hour(2).object;
    let outcome = world.ask(VALIDATOR, digest).await?;
    ensure!(
        outcome["findings"][0]["kind"] == "digest-key-unknown",
        "{outcome:#}"
    );
    // A Region that the account has not opted into.
    world.proxy.fail(
        Match::service("cloudtrail"),
        Fault::access_denied_exception(),
    );
    let outcome = world.ask(VALIDATOR, digest).await?;
    ensure!(outcome["verdict"] == "valid", "{outcome:#}");
    Ok(())
}
