//! What the functions' roles allow for circumstances that are rare.

use crate::hostile::call;
use crate::kms::trail_with;
use crate::world::{ACCOUNT, ALERTER, CHECKER, MONITOR, REGION, VALIDATOR, VERIFIER, World, found};
use anyhow::{Context as _, Result, ensure};
use aws_sdk_kms::types::KeySpec;
use aws_sdk_s3::types::ServerSideEncryption;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use trailseal_tests::local::{Expected, Fault, LocalAws, LogBucket, Match, Rule};
use trailseal_tests::trail::tamper::log as tamper_log;
use trailseal_tests::trail::{Encryption, Trail, TrailSpec, deliver, gzip};

const WATCHDOG: &str = "Watchdog";

/// Every function of a stack whose outputs are on.
const ALL: [&str; 10] = [
    ALERTER,
    CHECKER,
    MONITOR,
    VALIDATOR,
    VERIFIER,
    WATCHDOG,
    "Exporter",
    "SettingsMonitor",
    "HistoryDigestValidator",
    "HistoryLogVerifier",
];

/// A message that no function can read.
const MALFORMED: &str = "[]";

fn trail() -> TrailSpec {
    TrailSpec {
        hours: 3,
        log_files_per_hour: 1..=1,
        ..TrailSpec::default()
    }
}

/// A message that fails is sent to its own queue again, and to the dead-letter queue in the end. If SQS
/// accepts neither, the function sets when the original is delivered again.
#[tokio::test(flavor = "multi_thread")]
async fn every_function_sends_a_message_again_parks_it_or_leaves_it() -> Result<()> {
    let world = World::versioned(trail().build(), &[("EventBus", "Enabled")]).await?;
    for function in ALL {
        world.pump.send(function, MALFORMED).await?;
    }
    world.pump.until_idle().await?;
    for function in ALL {
        let parked = world.pump.drain_dlq(function).await?;
        ensure!(parked == [MALFORMED], "{function}: {parked:?}");
    }
    world.proxy.forget();
    let sends = Match::operation("sqs", "SendMessage");
    world
        .proxy
        .add(Rule::new(sends, Fault::access_denied_exception()));
    for function in ALL {
        world.pump.send(function, MALFORMED).await?;
    }
    let round = world.round().await?;
    for function in ALL {
        let left = round.of(function).failed();
        ensure!(left == 1, "{function}: {left} messages went back");
        let queue = world.pump.queue_url(function)?;
        let name = queue.rsplit('/').next().context("a name")?;
        let calls = world
            .proxy
            .calls(&Match::operation("sqs", "ChangeMessageVisibility"));
        let is_set = calls.iter().any(|call| {
            let url = call.parameters["QueueUrl"].as_str().unwrap_or_default();
            call.succeeded() && url.ends_with(&format!("/{name}"))
        });
        ensure!(is_set, "{function}: the time of the next try is not set");
    }
    Ok(())
}

/// The public keys that the owner saved are in a bucket, the digests are encrypted with the key of the
/// log files, and CloudTrail does not list its keys.
#[tokio::test(flavor = "multi_thread")]
async fn encrypted_digests_are_verified_with_encrypted_keys_of_a_bucket() -> Result<()> {
    const KEY_BUCKET: &str = "amzn-s3-demo-bucket1";
    let aws = LocalAws::start().await?;
    let mut trail =
        trail_with(&aws, KeySpec::SymmetricDefault, &[], |spec| spec.hours = 20).await?;
    let key = trail.spec.kms.as_ref().context("a key")?.key_arn.clone();
    for digest in &mut trail.digests {
        digest.object.encryption = Encryption::Kms(key.clone());
    }
    LogBucket::new(KEY_BUCKET).create(&aws).await?;
    let mut keys = trail.public_keys_by_region()[REGION].clone();
    for key in keys.as_array_mut().context("keys")? {
        key["Region"] = REGION.into();
    }
    let saved = json!({ "PublicKeyList": keys }).to_string();
    let put = aws.s3().put_object().bucket(KEY_BUCKET).key("keys.json");
    put.body(saved.into_bytes().into())
        .server_side_encryption(ServerSideEncryption::AwsKms)
        .ssekms_key_id(format!(
            "arn:aws:kms:{REGION}:{ACCOUNT}:key/0987dcba-09fe-87dc-65ba-ab0987654321"
        ))
        .send()
        .await?;
    let pinned = format!("s3://{KEY_BUCKET}/keys.json");
    let parameters = [("PinnedKeys", pinned.as_str())];
    let world = World::deployed(aws, trail, &[], LogBucket::versioned, &parameters, |_| ()).await?;
    world.aws.set_public_keys(&json!({}))?;
    world.proxy.fail(
        Match::service("cloudtrail"),
        Fault::access_denied_exception(),
    );
    world.deliver().await?;
    world.settle().await?;
    world.assert_alerts(&[]);
    let log = world.trail.logs_of(world.hour(15))[0].object.clone();
    let s3 = world.aws.s3();
    deliver::put_by(&s3, &tamper_log::modified(&log), None).await?;
    world.settle().await?;
    world.assert_alerts(&[found("object-overwritten", &log)]);
    world.tick().await?;
    world.look().await?;
    world.assert_alerts(&[found("object-overwritten", &log)]);
    Ok(())
}

/// Each checkpoint of the evidence log is copied to a bucket that is not of the stack.
#[tokio::test(flavor = "multi_thread")]
async fn checkpoints_are_copied() -> Result<()> {
    const COPIES: &str = "amzn-s3-demo-bucket2";
    let aws = LocalAws::start().await?;
    LogBucket::new(COPIES).create(&aws).await?;
    let parameters = [("CheckpointBucket", COPIES)];
    let world = World::deployed(
        aws,
        trail().build(),
        &[],
        LogBucket::versioned,
        &parameters,
        |_| (),
    )
    .await?;
    world.deliver().await?;
    world.settle().await?;
    world.append().await?;
    let listed = world
        .aws
        .s3()
        .list_objects_v2()
        .bucket(COPIES)
        .send()
        .await?;
    let copies = listed.contents();
    ensure!(copies.len() == 1, "{copies:?}");
    let key = copies[0].key().context("a key")?;
    ensure!(key.starts_with("checkpoints/"), "{key}");
    let get = world.aws.s3().get_object().bucket(COPIES).key(key);
    let copy = get.send().await?.body.collect().await?.into_bytes();
    let bucket = world.evidence_source()?;
    let bucket = bucket.trim_start_matches("s3://");
    let get = world.aws.s3().get_object().bucket(bucket);
    let newest = get.key("log/checkpoint").send().await?;
    ensure!(copy == newest.body.collect().await?.into_bytes());
    Ok(())
}

/// An incident that persists is not reported again if somebody has acknowledged it. The evidence log
/// has the acknowledgment.
#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledgment_is_read_and_logged() -> Result<()> {
    let world = World::of(trail().build()).await?;
    world.deliver().await?;
    let log = world.trail.logs_of(world.hour(2))[0].object.clone();
    world.put(&tamper_log::modified(&log)).await?;
    world.settle().await?;
    world.assert_alerts(&[found("log-file-modified", &log)]);
    let incidents = world.evidence("incidents/").await?;
    let mut open = incidents.into_iter();
    let (key, mut incident) = open
        .find(|(_, incident)| incident["kind"] == "log-file-modified")
        .context("an incident")?;
    let location = format!("{}/{key}", world.evidence_source()?);
    let reason = ["ack", &location, "--reason", "No version is left"];
    let done = world.trailseal(&reason).await?;
    ensure!(
        done.status.success(),
        "{}",
        crate::evidence_log::text(&done)
    );
    incident["toldAt"] = json!(Timestamp::now() - SignedDuration::from_hours(25));
    world.keep_evidence(&key, &incident).await?;
    let alerts = world.alerts().len();
    world.second_look().await?;
    ensure!(world.alerts().len() == alerts, "{:#?}", world.alerts());
    world.append().await?;
    let batches = world.all_evidence("log/batches/").await?;
    let text = json!(batches).to_string();
    ensure!(text.contains("acknowledgments/"), "{text}");
    Ok(())
}

/// A log file shows two deliveries, and one of them is gone: it is reported, and the rest of the document
/// waits.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_settled_in_part_stays_pending() -> Result<()> {
    let aws = LocalAws::start().await?;
    let trail = trail_with(&aws, KeySpec::SymmetricDefault, &[], |_| ()).await?;
    let world = World::within(aws, trail, &[], |_| ()).await?;
    world.deliver_log_files().await?;
    world.settle().await?;
    let mut pending = world.evidence("pending/").await?;
    let (key, document) = pending.pop_first().context("a document")?;
    let there = &document["deliveries"][0];
    let mut gone = there.clone();
    let log = there["key"].as_str().context("a key")?;
    let gone_key = log.replace(".json.gz", "gone.json.gz");
    gone["key"] = gone_key.as_str().into();
    let mut both = document.clone();
    both["deliveries"] = json!([there, gone]);
    world.keep_evidence(&key, &both).await?;
    world.proxy.forget();
    world.deliver_digests().await?;
    world.assert_alerts(&[Expected::new("log-file-missing", &gone_key)]);
    let written = Match::operation("s3", "PutObject").path_contains(&key);
    ensure!(world.proxy.calls(&written).len() == 1);
    Ok(())
}

/// Hundreds of log files that no digest lists: the findings go through the evidence bucket.
#[tokio::test(flavor = "multi_thread")]
async fn many_findings_of_a_round_are_one_list() -> Result<()> {
    let regions = ["eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1", REGION];
    let yesterday = Timestamp::now().as_second() - 24 * 60 * 60;
    let trail: Trail = TrailSpec {
        start: Timestamp::from_second(yesterday - yesterday % 3600)?,
        regions: regions.map(str::to_owned).to_vec(),
        hours: 23,
        ..trail()
    }
    .build();
    let world = World::of(trail).await?;
    world.deliver().await?;
    world.settle().await?;
    world.stop_events().await?;
    for region in regions {
        let logs = world.trail.log_files.iter().map(|log| &log.object);
        let folder = format!("/CloudTrail/{region}/");
        let log = logs.filter(|log| log.key.contains(&folder)).nth(9);
        let log = log.context("a log file")?;
        let (stem, _) = log.key.rsplit_once('_').context("a name")?;
        for number in 0..50 {
            let mut planted = log.clone();
            planted.key = format!("{stem}_planted{number:09}.json.gz");
            world.put(&planted).await?;
        }
    }
    world.tick().await?;
    let documents = world.evidence("findings/").await?;
    let counts: Vec<_> = documents
        .values()
        .map(|document| &document["count"])
        .collect();
    ensure!(counts == [250], "{counts:?}");
    Ok(())
}

/// People without permission read under the trail's key, and a developer of any account makes up
/// contexts: the findings about a log file go through the evidence bucket.
#[tokio::test(flavor = "multi_thread")]
async fn many_findings_of_a_log_file_are_one_list() -> Result<()> {
    let aws = LocalAws::start().await?;
    let trail = trail_with(&aws, KeySpec::SymmetricDefault, &[], |_| ()).await?;
    let key = trail.spec.kms.as_ref().context("a key")?.key_arn.clone();
    let log = trail.log_files[0].object.clone();
    let world = World::within(aws, trail, &[], |_| ()).await?;
    // As long as possible: a principal and an address that AWS would not record.
    let filler = "z".repeat(2_000);
    let call = |number| {
        let mut call = call(number);
        let arn = format!("arn:aws:iam::444455556666:user/{number}-{filler}");
        call["userIdentity"]["arn"] = arn.into();
        call["sourceIPAddress"] = filler.as_str().into();
        call
    };
    let made_up = (0..200).map(call);
    let read = (0..200).map(|number| {
        let mut read = call(number);
        read["eventName"] = "Decrypt".into();
        read["requestParameters"]["encryptionContext"] = json!({
            "aws:cloudtrail:arn": world.trail.spec.trail_arn(),
            "aws:s3:arn": format!("arn:aws:s3:::{}/{}", log.bucket, log.key),
        });
        read["resources"][0]["ARN"] = key.as_str().into();
        read
    });
    let records: Vec<String> = made_up
        .chain(read)
        .map(|record| record.to_string())
        .collect();
    let content = format!(r#"{{"Records":[{}]}}"#, records.join(","));
    world
        .put(&log.with_body(gzip::compress(content.as_bytes())))
        .await?;
    world.settle().await?;
    let documents = world.evidence("findings/").await?;
    let counts: Vec<_> = documents
        .values()
        .map(|document| &document["count"])
        .collect();
    // 50 of each kind, and one more that says how many are left out.
    ensure!(counts == [102], "{counts:?}");
    Ok(())
}

/// The alert has no room for its findings: the events are about the list in the evidence bucket. If
/// somebody removed the list, the alert is parked.
#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_an_alert_is_exported() -> Result<()> {
    let parameters = [("EventBus", "Enabled")];
    let world = World::versioned(TrailSpec::large(400).build(), &parameters).await?;
    world.stop_events().await?;
    world.put(&world.hour(1).object).await?;
    let event = world.hour(1).object.bare_event().to_string();
    world.pump.send(VERIFIER, &event).await?;
    world.settle().await?;
    let lists = world.evidence_keys("alerts/").await?;
    ensure!(lists.len() == 1, "{lists:?}");
    let sent = world.proxy.calls(&Match::operation("events", "PutEvents"));
    let sent = sent
        .iter()
        .filter_map(|call| call.parameters["Entries"].as_array());
    ensure!(sent.map(Vec::len).sum::<usize>() >= 400);
    let alerts = world.proxy.alerts();
    let message = alerts.first().context("an alert")?.document.to_string();
    let bucket = world.evidence_source()?;
    let bucket = bucket.trim_start_matches("s3://");
    let s3 = world.aws.s3();
    let delete = s3.delete_object().bucket(bucket).key(&lists[0]);
    delete.send().await?;
    world.pump.send("Exporter", &message).await?;
    world.pump.until_idle().await?;
    let parked = world.pump.drain_dlq("Exporter").await?;
    ensure!(parked.len() == 1, "{parked:?}");
    Ok(())
}
