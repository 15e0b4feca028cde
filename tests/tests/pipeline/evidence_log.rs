//! The evidence log: watchdog writes it, KMS signs it, and `trailseal evidence` verifies it.

use crate::world::{REGION, World};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::path::Path;
use std::process::Output;
use std::time::Duration;
use tempfile::TempDir;
use tokio::process::Command;
use trailseal_tests::local::server::client_environment;
use trailseal_tests::local::{Alert, Match, aws_succeeds, paths};
use trailseal_tests::trail::TrailSpec;
use trailseal_tests::trail::tamper::{digest as tamper_digest, log as tamper_log};

/// Adds what was written until now.
const APPEND: &str = r#"{"append":{"marginSeconds":0}}"#;

impl World {
    /// Appends to the log, and lets the functions work.
    pub(crate) async fn append(&self) -> Result<()> {
        // S3's times have whole seconds.
        tokio::time::sleep(Duration::from_millis(2_100)).await;
        self.pump.send("Watchdog", APPEND).await?;
        self.settle().await?;
        ensure!(self.pump.drain_dlq("Watchdog").await?.is_empty());
        Ok(())
    }

    /// Runs `trailseal evidence` against the local AWS.
    pub(crate) async fn evidence_command(&self, arguments: &[&str]) -> Result<Output> {
        self.trailseal(&[&["evidence"], arguments].concat()).await
    }

    /// Runs `trailseal` against the local AWS.
    pub(crate) async fn trailseal(&self, arguments: &[&str]) -> Result<Output> {
        let run = Command::new(paths::command()?)
            .args(arguments)
            .envs(client_environment(self.aws.endpoint(), REGION))
            .output();
        Ok(run.await?)
    }

    pub(crate) fn evidence_source(&self) -> Result<String> {
        let bucket = self.stack.outputs.get("EvidenceBucketName");
        Ok(format!("s3://{}", bucket.context("no bucket")?))
    }
}

/// Returns what a command printed.
pub(crate) fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

async fn write(path: &Path, content: &str) -> Result<String> {
    tokio::fs::write(path, content).await?;
    Ok(path.to_str().context("a path")?.to_owned())
}

/// A stack whose evidence log was written, and the files that a test needs.
pub(crate) struct Logged {
    pub(crate) world: World,
    pub(crate) folder: TempDir,
    pub(crate) source: String,
    /// The public key of the log, and the file that contains it.
    pub(crate) public_key: String,
    pub(crate) key: String,
}

async fn logged() -> Result<Logged> {
    let trail = TrailSpec {
        hours: 5,
        ..TrailSpec::default()
    };
    let world = World::of(trail.build()).await?;
    world.deliver().await?;
    world.settle().await?;
    log_of(world).await
}

/// Writes the evidence log of a stack.
pub(crate) async fn log_of(world: World) -> Result<Logged> {
    world.append().await?;
    world.append().await?;
    let source = world.evidence_source()?;
    let folder = tempfile::tempdir()?;

    // The key of KMS, which nobody who can write to the bucket can change.
    let log_name = world.stack.outputs.get("EvidenceLogName");
    let log_name = log_name.context("no name")?;
    let place = format!("{source}/log/public-key");
    let copying = ["s3", "cp", &place, "-"];
    let published = aws_succeeds(&world.aws, REGION, &copying).await?;
    let public_key = published.trim().to_owned();
    ensure!(
        public_key.starts_with(&format!("{log_name}+")),
        "{public_key}"
    );
    let key = write(&folder.path().join("log.key"), &public_key).await?;
    Ok(Logged {
        world,
        folder,
        source,
        public_key,
        key,
    })
}

/// Returns the checkpoint that people received, if it was in one message.
fn saved_checkpoint(world: &World) -> Option<String> {
    let alerts = world.alerts();
    let is_checkpoint = |alert: &&Alert| alert.subject.starts_with("[INFO] Trailseal: checkpoint");
    let mut received = alerts.iter().filter(is_checkpoint);
    let (alert, None) = (received.next()?, received.next()) else {
        return None;
    };
    let (_, after) = alert.email.split_once("--------\n")?;
    let (saved, _) = after.split_once("--------\n")?;
    Some(saved.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_are_logged_and_signed() -> Result<()> {
    let Logged {
        world,
        folder,
        source,
        key,
        ..
    } = logged().await?;
    let without_key = world.evidence_command(&["verify", &source]).await?;
    ensure!(
        without_key.status.code() == Some(2),
        "{}",
        text(&without_key)
    );
    let verified = world
        .evidence_command(&["verify", &source, "--key", &key, "--format", "json"])
        .await?;
    ensure!(verified.status.success(), "{}", text(&verified));
    let result: Value = serde_json::from_slice(&verified.stdout)?;
    ensure!(
        result["verdict"] == "valid" && result["rounds"] == 2,
        "{result:#}"
    );
    let receipts = world.evidence("receipts/").await?;
    let mut receipts: Vec<&String> = receipts.keys().collect();
    receipts.retain(|key| !key.starts_with("receipts/kms-context-checker/"));
    let receipts = receipts.len();
    let incidents = world.evidence("incidents/").await?.len();
    let documents = &result["documents"];
    ensure!(receipts > 0 && incidents > 0);
    ensure!(
        *documents == receipts + incidents,
        "{documents} {receipts} {incidents}"
    );

    // People receive the first checkpoint of the day, once. The log continues it.
    let saved = saved_checkpoint(&world).context("no message")?;
    let saved = write(&folder.path().join("saved.txt"), &saved).await?;
    let arguments = ["verify", &source, "--key", &key, "--checkpoint", &saved];
    let continued = world.evidence_command(&arguments).await?;
    ensure!(continued.status.success(), "{}", text(&continued));
    ensure!(text(&continued).contains("1 that the log continues"));

    // One signature for each append, and nothing was overwritten but the checkpoint and the head.
    let signed = world.proxy.calls(&Match::operation("kms", "Sign"));
    ensure!(signed.len() == 2, "{}", signed.len());
    Ok(())
}

/// By the command, and by a program in Python that needs nothing of Trailseal.
#[tokio::test(flavor = "multi_thread")]
async fn an_hour_is_proven() -> Result<()> {
    let logged = logged().await?;
    let hour = logged.world.hour(3).document.digest_start_time.clone();
    let said = logged.proven(&hour).await?;
    let by_verifier = "The receipt says: checked by log-verifier at ";
    ensure!(said.contains(by_verifier), "{said}");
    ensure!(said.contains(", verdict valid."), "{said}");
    Ok(())
}

impl Logged {
    /// Proves the hour that starts at a time, and verifies the proof with the command and with the
    /// program in Python. Returns what the command says.
    pub(crate) async fn proven(&self, hour: &str) -> Result<String> {
        let proof = self.folder.path().join("proof.json");
        let proof = proof.to_str().context("a path")?;
        let name = self.world.trail.spec.trail_arn();
        let proving = ["prove", &self.source, "--trail", &name, "--hour", hour];
        let proving = [&proving[..], &["--output", proof]].concat();
        let proven = self.world.evidence_command(&proving).await?;
        ensure!(proven.status.success(), "{}", text(&proven));
        let verifying = ["verify", proof, "--key", &self.key];
        let verified = self.world.evidence_command(&verifying).await?;
        ensure!(verified.status.success(), "{}", text(&verified));
        let checker = paths::repository().join("docs/verify_evidence_proof.py");
        let ran = Command::new("python3")
            .arg(checker)
            .args([proof, "--key", &self.public_key])
            .output()
            .await?;
        ensure!(ran.status.success(), "{}", text(&ran));
        ensure!(text(&ran).lines().count() >= 2, "{}", text(&ran));
        Ok(text(&verified))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_receipt_is_found_in_the_bucket_and_in_a_copy() -> Result<()> {
    let Logged {
        world,
        folder,
        source,
        key,
        ..
    } = logged().await?;
    let saved = saved_checkpoint(&world).context("no message")?;
    let checkpoint = write(&folder.path().join("checkpoint.txt"), &saved).await?;
    // A receipt is edited: the copy of the bucket shows it, and the log.
    let receipts = world.evidence("receipts/").await?;
    let (edited, _) = receipts.first_key_value().context("a receipt")?;
    let empty = write(&folder.path().join("empty.json"), "{}").await?;
    let target = format!("{source}/{edited}");
    aws_succeeds(&world.aws, REGION, &["s3", "cp", &empty, &target]).await?;
    let copy = folder.path().join("copy");
    let copy = copy.to_str().context("a path")?;
    aws_succeeds(&world.aws, REGION, &["s3", "sync", &source, copy]).await?;
    for place in [source.as_str(), copy] {
        let arguments = ["verify", place, "--key", &key, "--checkpoint", &checkpoint];
        let verified = world.evidence_command(&arguments).await?;
        ensure!(verified.status.code() == Some(1), "{}", text(&verified));
        let found = text(&verified);
        ensure!(found.contains("FINDING document-changed"), "{found}");
        ensure!(
            found.contains(edited.as_str()) && found.contains("1 finding"),
            "{found}"
        );
        ensure!(found.contains("1 that the log continues"), "{found}");
    }
    Ok(())
}

/// Receipts may be held against the trail: somebody changes digests although nobody sends an event.
#[tokio::test(flavor = "multi_thread")]
async fn receipts_are_held_against_the_trail() -> Result<()> {
    let Logged {
        world,
        folder: _folder,
        source,
        key,
        ..
    } = logged().await?;
    let trail = format!("s3://{}", world.trail.spec.bucket);
    let (from, to) = world.trail.time_span();
    let (from, to) = (from.to_string(), to.to_string());
    let arguments = [
        "verify",
        &source,
        "--key",
        &key,
        "--against",
        &trail,
        "--start-time",
        &from,
        "--end-time",
        &to,
    ];
    let same = world.evidence_command(&arguments).await?;
    let digests = world.trail.digests.len();
    let said = format!("Digests as recorded   {digests} in {trail}, from {from} to {to}\n");
    ensure!(same.status.success(), "{}", text(&same));
    ensure!(text(&same).contains(&said), "{}", text(&same));
    // Nothing is valid of what was not compared.
    for [bucket, from, to] in [
        [source.as_str(), &from, &to],
        [&trail, "2025-01-01", "2025-01-02"],
    ] {
        let arguments = [
            "verify",
            &source,
            "--key",
            &key,
            "--against",
            bucket,
            "--start-time",
            from,
            "--end-time",
            to,
        ];
        let nothing = world.evidence_command(&arguments).await?;
        ensure!(nothing.status.code() == Some(2), "{}", text(&nothing));
        ensure!(
            text(&nothing).contains("nothing was compared"),
            "{}",
            text(&nothing)
        );
    }

    world.stop_events().await?;
    let deleted = &world.hour(2).object;
    world.delete(deleted).await?;
    let changed = tamper_digest::without_first_log(world.hour(3));
    world.put(&changed).await?;
    let broken = tamper_log::cut_in_half(&world.hour(4).object);
    world.put(&broken).await?;
    let mut planted = world.hour(1).object.clone();
    planted.key = planted.key.replace("T010000Z", "T013000Z");
    ensure!(planted.key != world.hour(1).object.key, "{}", planted.key);
    world.put(&planted).await?;
    let found = world.evidence_command(&arguments).await?;
    ensure!(found.status.code() == Some(1), "{}", text(&found));
    let found = text(&found);
    for (fault, object) in [
        ("digest-missing", deleted),
        ("digest-changed", &changed),
        ("digest-changed", &broken),
        ("digest-unrecorded", &planted),
    ] {
        let said = format!("FINDING {fault}: s3://{}/{}\n", object.bucket, object.key);
        ensure!(found.contains(&said), "{said}\n{found}");
    }
    ensure!(found.contains("\n4 findings"), "{found}");
    let wrong = world
        .evidence_command(&["verify", &source, "--against", "logs"])
        .await?;
    ensure!(wrong.status.code() == Some(64), "{}", text(&wrong));
    Ok(())
}

/// The receipts of the functions, in a bucket: every hour after the first, with which the trail starts.
#[tokio::test(flavor = "multi_thread")]
async fn a_period_is_reported_on() -> Result<()> {
    let Logged {
        world,
        folder: _folder,
        source,
        key,
        ..
    } = logged().await?;
    let hour = |number: u32| world.hour(number).document.clone();
    let (from, to) = (hour(1).digest_start_time, hour(4).digest_end_time);
    let report = async |from: &str, key: &[&str]| {
        let period = ["report", &source, "--from", from, "--to", &to];
        let arguments = [&period[..], key, &["--format", "json"]].concat();
        world.evidence_command(&arguments).await
    };
    let with_key = ["--key", &key];
    let verified = report(&from, &with_key).await?;
    ensure!(verified.status.success(), "{}", text(&verified));
    let result: Value = serde_json::from_slice(&verified.stdout)?;
    ensure!(result["verdict"] == "valid", "{result:#}");
    let seconds = &result["totals"]["seconds"];
    ensure!(seconds["verified"] == 4 * 3600 && seconds["period"] == 4 * 3600);
    ensure!(result["chains"][0]["verified"].as_array().map(Vec::len) == Some(4));
    let without_key = report(&from, &[]).await?;
    ensure!(
        without_key.status.code() == Some(2),
        "{}",
        text(&without_key)
    );

    // The first digest of the trail is a finding, and the incident of it is listed.
    let whole = report(&hour(0).digest_start_time, &with_key).await?;
    ensure!(whole.status.code() == Some(1), "{}", text(&whole));
    let result: Value = serde_json::from_slice(&whole.stdout)?;
    let gaps = result["chains"][0]["gaps"].as_array().context("gaps")?;
    let kinds: Vec<&Value> = gaps.iter().map(|gap| &gap["findings"][0]["kind"]).collect();
    ensure!(kinds == ["chain-started"], "{kinds:?}");
    let incidents = result["incidents"].as_array().context("incidents")?;
    ensure!(
        incidents.is_empty(),
        "the incident opened now: {incidents:#?}"
    );

    // A receipt that somebody deletes.
    let receipts = world.evidence("receipts/").await?;
    let deleted = receipts
        .keys()
        .rfind(|key| key.contains("/log-verifier-"))
        .context("a receipt")?;
    let place = format!("{source}/{deleted}");
    aws_succeeds(&world.aws, REGION, &["s3", "rm", &place]).await?;
    let missing = report(&from, &with_key).await?;
    ensure!(missing.status.code() == Some(1), "{}", text(&missing));
    let result: Value = serde_json::from_slice(&missing.stdout)?;
    let findings = &result["evidenceFindings"];
    ensure!(findings[0]["fault"] == "document-missing", "{findings:#}");
    ensure!(findings[0]["key"] == deleted.as_str(), "{findings:#}");
    Ok(())
}
