//! The record of every check: receipts and chain heads.

use crate::world::{ACCOUNT, REGION, VALIDATOR, VERIFIER, World, found};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::time::Duration;
use trailseal::receipt::{ChainHead, Receipt};
use trailseal_tests::local::{Alert, Fault, Match, Recorded, Rule};
use trailseal_tests::trail::tamper::digest as tamper_digest;
use trailseal_tests::trail::tamper::log as tamper_log;
use trailseal_tests::trail::{DigestFile, DigestKind, Object, Trail, TrailSpec};

const FUNCTIONS: [&str; 2] = ["digest-validator", "log-verifier"];

fn trail() -> Trail {
    TrailSpec {
        hours: 3,
        log_files_per_hour: 2..=2,
        ..TrailSpec::default()
    }
    .build()
}

impl World {
    /// Returns a function's receipts of an object, oldest first.
    async fn receipts_of(&self, function: &str, object: &Object) -> Result<Vec<Value>> {
        let receipts = self.receipts(function).await?.into_iter();
        let receipts = receipts.map(|(_, receipt)| receipt);
        let is_of = |receipt: &Value| receipt["object"]["key"] == object.key.as_str();
        Ok(receipts.filter(is_of).collect())
    }

    /// Returns the only receipt of an object by a function.
    async fn receipt_of(&self, function: &str, object: &Object) -> Result<Value> {
        let mut receipts = self.receipts_of(function, object).await?;
        ensure!(receipts.len() == 1, "{function}: {receipts:#?}");
        receipts.pop().context("a receipt")
    }

    /// Returns the head of the only chain.
    async fn head(&self) -> Result<Value> {
        let mut heads = self.evidence("chains/").await?.into_values();
        let head = heads.next().context("no chain head")?;
        ensure!(heads.next().is_none(), "more than one chain head");
        Ok(head)
    }

    /// Checks that every digest has a receipt of each function, and that the head is at the last.
    async fn assert_all_on_record(&self) -> Result<()> {
        for digest in &self.trail.digests {
            for function in FUNCTIONS {
                let receipts = self.receipts_of(function, &digest.object).await?;
                ensure!(!receipts.is_empty(), "{function} {}", digest.object.key);
            }
        }
        let head = self.head().await?;
        let last = self.trail.digests.last().context("a digest")?;
        ensure!(
            head["newest"]["key"] == last.object.key.as_str(),
            "{head:#}"
        );
        Ok(())
    }
}

/// Returns the ids of the published findings that are about an object.
fn published(world: &World, object: &Object) -> BTreeSet<String> {
    let alerts = world.proxy.alerts();
    let findings = alerts.iter().flat_map(Alert::findings);
    let about = findings.filter(|finding| finding.key == object.key);
    about.map(|finding| finding.id).collect()
}

fn ids(receipt: &Value) -> BTreeSet<String> {
    let findings = receipt["findings"].as_array().into_iter().flatten();
    let ids = findings.filter_map(|finding| finding["id"].as_str());
    ids.map(str::to_owned).collect()
}

fn put_receipt() -> Match {
    Match::operation("s3", "PutObject").path_contains("/receipts/")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_valid_digest_has_two_receipts_and_its_chain_a_head() -> Result<()> {
    let world = World::of(trail()).await?;
    world.deliver().await?;
    world.settle().await?;
    world.assert_alerts(&[]);
    let digests: Vec<&DigestFile> = world.trail.digests.iter().collect();
    for (number, digest) in digests.iter().enumerate() {
        let listed = digest.document.log_files.len();
        for function in FUNCTIONS {
            let receipt = world.receipt_of(function, &digest.object).await?;
            // The start of the chain is a finding.
            let starts = digest.kind == DigestKind::Starting && function == "digest-validator";
            let verdict = if starts { "finding" } else { "valid" };
            ensure!(receipt["verdict"] == verdict, "{receipt:#}");
            ensure!(receipt["digest"]["signed"] == true, "{receipt:#}");
            ensure!(receipt["digest"]["logFiles"] == listed, "{receipt:#}");
            ensure!(receipt["object"]["eTag"].is_string(), "{receipt:#}");
            ensure!(receipt["functionVersion"] == "$LATEST", "{receipt:#}");
            ensure!(receipt["requestId"] != "", "{receipt:#}");
            // It has the content that the next digest states.
            if let Some(next) = digests.get(number + 1) {
                let hash = next.document.previous_digest_hash_value.as_deref();
                ensure!(receipt["digest"]["sha256"].as_str() == hash, "{receipt:#}");
            }
        }
        let receipt = world.receipt_of("log-verifier", &digest.object).await?;
        let log_files = &receipt["logFiles"];
        ensure!(log_files["listed"] == listed && log_files["from"] == 0);
        ensure!(log_files["until"] == listed && log_files["valid"] == listed);
    }
    let head = world.head().await?;
    let last = digests.last().context("a digest")?;
    ensure!(head["since"] == digests[0].document.digest_start_time.as_str());
    ensure!(head["newest"]["endTime"] == last.document.digest_end_time.as_str());
    ensure!(head["newest"]["verdict"] == "valid", "{head:#}");
    let (key, receipt) = world
        .receipts("digest-validator")
        .await?
        .pop()
        .context("a receipt")?;
    ensure!(head["newest"]["receipt"] == key.as_str(), "{head:#}");
    ensure!(receipt["object"]["key"] == last.object.key.as_str());
    // A second verification is a second receipt, and the head names it.
    tokio::time::sleep(Duration::from_secs(1)).await;
    world.ask(VALIDATOR, &last.object).await?;
    let again = world.receipts_of("digest-validator", &last.object).await?;
    ensure!(again.len() == 2, "{again:#?}");
    ensure!(world.head().await?["newest"]["receipt"] != key.as_str());
    // Both documents are what the core reads.
    for receipt in again {
        Receipt::read(receipt.to_string().as_bytes())?;
    }
    ChainHead::read(head.to_string().as_bytes())?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_names_the_findings_that_were_published() -> Result<()> {
    let world = World::of(trail()).await?;
    world.deliver().await?;
    let digest = world.hour(2);
    let log = &world.trail.logs_of(digest)[0].object;
    world.put(&tamper_log::modified(log)).await?;
    world.settle().await?;
    world.assert_alerts(&[found("log-file-modified", log)]);
    let receipt = world.receipt_of("log-verifier", &digest.object).await?;
    ensure!(receipt["verdict"] == "finding", "{receipt:#}");
    ensure!(receipt["logFiles"]["finding"] == 1, "{receipt:#}");
    ensure!(receipt["logFiles"]["valid"] == 1, "{receipt:#}");
    assert_eq!(ids(&receipt), published(&world, log));
    let receipt = world.receipt_of("digest-validator", &digest.object).await?;
    ensure!(receipt["verdict"] == "valid", "{receipt:#}");
    world.assert_all_on_record().await
}

/// What is not CloudTrail's is on record, and never moves a chain's head.
#[tokio::test(flavor = "multi_thread")]
async fn objects_that_cloudtrail_did_not_sign_have_receipts_and_no_chain() -> Result<()> {
    let world = World::of(trail()).await?;
    world.deliver().await?;
    world.settle().await?;
    let head = world.head().await?;
    let last = world.trail.digests.last().context("a digest")?;
    let unsigned = tamper_digest::without_metadata(&last.object);
    let planted = |key: String, body: &'static [u8]| Object {
        key,
        body: body.into(),
        ..last.object.clone()
    };
    // The same chain an hour later, and a chain that does not exist.
    let junk = planted(
        world.trail.digests[1]
            .object
            .key
            .replace("2026/01/15", "2026/01/16")
            .replace("20260115T", "20260116T"),
        b"junk",
    );
    let other_chain = planted(
        last.object
            .key
            .replace("_us-east-1_2026", "_us-west-2_2026"),
        b"junk",
    );
    ensure!(other_chain.key != last.object.key && junk.key != last.object.key);
    for object in [&unsigned, &junk, &other_chain] {
        world.put(object).await?;
        world.settle().await?;
        for function in FUNCTIONS {
            let mut receipts = world.receipts_of(function, object).await?;
            receipts.retain(|receipt| receipt["digest"]["signed"] != true);
            ensure!(receipts.len() == 1, "{function}: {receipts:#?}");
            ensure!(receipts[0]["verdict"] == "finding", "{receipts:#?}");
            let found = published(&world, object);
            ensure!(ids(&receipts[0]).is_subset(&found), "{receipts:#?}");
            ensure!(!ids(&receipts[0]).is_empty(), "{receipts:#?}");
        }
        ensure!(world.head().await? == head);
    }
    let missing = &world.hour(2).object;
    world.delete(missing).await?;
    let event = json!({"s3Bucket": missing.bucket, "s3ObjectKey": [missing.key]});
    world.pump.send(VALIDATOR, &event.to_string()).await?;
    world.settle().await?;
    let receipts = world.receipts_of("digest-validator", missing).await?;
    let gone = receipts
        .iter()
        .find(|receipt| receipt["verdict"] == "finding");
    let gone = gone.with_context(|| format!("{receipts:#?}"))?;
    ensure!(gone["findings"][0]["kind"] == "digest-missing", "{gone:#}");
    ensure!(gone["digest"] == Value::Null && gone["chain"]["account"] == ACCOUNT);
    ensure!(gone["chain"]["region"] == REGION, "{gone:#}");
    Ok(())
}

/// Without a receipt, no event is done. Its findings are published nevertheless.
#[tokio::test(flavor = "multi_thread")]
async fn an_evidence_bucket_that_refuses_receipts_is_waited_for() -> Result<()> {
    let world = World::of(trail()).await?;
    world.deliver().await?;
    let log = &world.trail.logs_of(world.hour(2))[0].object;
    world.put(&tamper_log::modified(log)).await?;
    world
        .proxy
        .add(Rule::new(put_receipt(), Fault::access_denied()));
    let round = world.round().await?;
    for function in [VALIDATOR, VERIFIER] {
        let of = round.of(function);
        ensure!(of.failed() == of.tried() && of.tried() > 0, "{of:?}");
        ensure!(of.errors().next().is_none(), "{of:?}");
    }
    let answer = world.ask(VALIDATOR, &world.hour(2).object).await;
    ensure!(answer.is_err(), "{answer:?}");
    ensure!(world.evidence("receipts/").await?.is_empty());
    ensure!(world.evidence("chains/").await?.is_empty());
    world.proxy.clear_rules();
    world.settle().await?;
    world.assert_alerts(&[found("log-file-modified", log)]);
    world.assert_all_on_record().await
}

/// A chain head that is refused is waited for, too. One that another function has just written is
/// read again at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_chain_head_is_written_in_the_end() -> Result<()> {
    let head = || Match::operation("s3", "PutObject").path_contains("/chains/");
    let conflict = Fault::error(412, "PreconditionFailed", "At least one did not hold");
    for (fault, times, goes_back) in [
        (Fault::access_denied(), usize::MAX, true),
        (conflict, 1, false),
        (Fault::LoseAnswer, 1, false),
    ] {
        let world = World::of(trail()).await?;
        world.proxy.add(Rule::new(head(), fault).times(times));
        world.deliver().await?;
        let round = world.round().await?;
        let of = round.of(VALIDATOR);
        ensure!((of.failed() > 0) == goes_back, "{of:?}");
        ensure!(round.of(VERIFIER).failed() == 0);
        world.proxy.clear_rules();
        world.settle().await?;
        world.assert_all_on_record().await?;
        world.assert_alerts(&[]);
    }
    Ok(())
}

/// Lambda's worst moment: the findings are sent, and the function dies before the receipt.
#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_dies_before_the_receipt_loses_nothing() -> Result<()> {
    let world = World::of(trail()).await?;
    world.deliver().await?;
    world.settle().await?;
    let digest = &world.hour(2).object;
    let log = &world.trail.logs_of(world.hour(2))[0].object;
    world.put(&tamper_log::modified(log)).await?;
    world.settle().await?;
    world.assert_alerts(&[]);
    let mut emulators = Vec::new();
    for function in [VALIDATOR, VERIFIER] {
        let body = digest.bare_event().to_string();
        world.pump.send(function, &body).await?;
        emulators.push(world.pump.rie(function)?.process_id().await);
    }
    // One rule for each function: a function that waits sends its request again.
    let stalled = FUNCTIONS.map(|function| {
        let put = Match::operation("s3", "PutObject").path_contains(&format!("/{function}-"));
        let stall = Fault::Stall(Duration::from_mins(1));
        world.proxy.add(Rule::new(put, stall))
    });
    let kill = async {
        while stalled.iter().any(|rule| world.proxy.hits(*rule) == 0) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let sent = world.proxy.calls(&Match::operation("sqs", "SendMessage"));
        let is_sent = |call: &Recorded| {
            let body = call.parameters["MessageBody"].as_str();
            body.is_some_and(|body| body.contains("log-file-modified"))
        };
        ensure!(sent.iter().any(is_sent), "the findings are sent first");
        for emulator in &emulators {
            let mut kill = Command::new("pkill");
            kill.args(["-KILL", "-P", &emulator.to_string()]).status()?;
        }
        world.proxy.clear_rules();
        Ok(())
    };
    let (round, killed) = tokio::join!(world.round(), kill);
    killed?;
    ensure!(round?.errors().count() == emulators.len());
    for function in FUNCTIONS {
        let before = world.receipts_of(function, digest).await?;
        ensure!(before.len() == 1, "{before:#?}");
    }
    world.settle().await?;
    world.assert_alerts(&[found("log-file-modified", log)]);
    let receipts = world.receipts_of("log-verifier", digest).await?;
    ensure!(receipts.len() == 2, "{receipts:#?}");
    // Both may be of the same second, so the order of their keys says nothing.
    let named: BTreeSet<String> = receipts.iter().flat_map(ids).collect();
    assert_eq!(named, published(&world, log));
    ensure!(receipts.iter().any(|receipt| receipt["verdict"] == "valid"));
    let receipts = world.receipts_of("digest-validator", digest).await?;
    ensure!(receipts.len() == 2, "{receipts:#?}");
    Ok(())
}

/// A try that is followed by another leaves no receipt. The last one does.
#[tokio::test(flavor = "multi_thread")]
async fn only_the_last_attempt_that_could_not_verify_leaves_a_receipt() -> Result<()> {
    let world = World::of(trail()).await?;
    world.stop_events().await?;
    world.deliver().await?;
    let digest = &world.hour(1).object;
    let log = &world.trail.logs_of(world.hour(1))[0].object;
    for (function, denied) in [(VERIFIER, log), (VALIDATOR, digest)] {
        let name = FUNCTIONS[usize::from(function == VERIFIER)];
        world.proxy.add(Rule::new(
            Match::operation("s3", "GetObject").path_contains(&denied.key),
            Fault::access_denied(),
        ));
        let body = digest.bare_event().to_string();
        world.pump.send(function, &body).await?;
        for _ in 0..2 {
            ensure!(world.round().await?.of(function).failed() == 1);
            ensure!(world.receipts_of(name, digest).await?.is_empty());
        }
        world.round().await?;
        let receipt = world.receipt_of(name, digest).await?;
        ensure!(receipt["verdict"] == "cannot-tell", "{receipt:#}");
        ensure!(receipt["cannotTell"][0].is_string(), "{receipt:#}");
        let kind = &receipt["findings"][0]["kind"];
        ensure!(kind == "object-unreadable-denied", "{receipt:#}");
        ensure!(world.pump.drain_dlq(function).await?.len() == 1);
        world.round().await?;
        // Both are one incident: nothing in the Region's folder can be read.
        ensure!(ids(&receipt) == published(&world, log), "{receipt:#}");
        world.proxy.clear_rules();
    }
    ensure!(world.evidence("chains/").await? == BTreeMap::new());
    Ok(())
}
