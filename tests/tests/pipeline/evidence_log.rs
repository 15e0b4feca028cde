//! The evidence log: watchdog writes it, KMS signs it, and `trailseal evidence` verifies it.

use crate::world::{REGION, World};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::path::Path;
use std::process::Output;
use std::time::Duration;
use tokio::process::Command;
use trailseal_tests::local::server::client_environment;
use trailseal_tests::local::{Match, aws_succeeds, paths};
use trailseal_tests::trail::TrailSpec;

/// Adds what was written until now.
const APPEND: &str = r#"{"append":{"marginSeconds":0}}"#;

impl World {
    /// Appends to the log, and lets the functions work.
    async fn append(&self) -> Result<()> {
        // S3's times have whole seconds.
        tokio::time::sleep(Duration::from_millis(2_100)).await;
        self.pump.send("Watchdog", APPEND).await?;
        self.settle().await?;
        ensure!(self.pump.drain_dlq("Watchdog").await?.is_empty());
        Ok(())
    }

    /// Runs `trailseal evidence` against the local AWS.
    async fn evidence_command(&self, arguments: &[&str]) -> Result<Output> {
        let run = Command::new(paths::command()?)
            .arg("evidence")
            .args(arguments)
            .envs(client_environment(self.aws.endpoint(), REGION))
            .output();
        Ok(run.await?)
    }

    fn evidence_source(&self) -> Result<String> {
        let bucket = self.stack.outputs.get("EvidenceBucketName");
        Ok(format!("s3://{}", bucket.context("no bucket")?))
    }
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

async fn write(path: &Path, content: &str) -> Result<String> {
    tokio::fs::write(path, content).await?;
    Ok(path.to_str().context("a path")?.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_are_logged_signed_and_proven() -> Result<()> {
    let trail = TrailSpec {
        hours: 5,
        ..TrailSpec::default()
    };
    let world = World::of(trail.build()).await?;
    world.deliver().await?;
    world.settle().await?;
    world.append().await?;
    world.append().await?;
    let source = world.evidence_source()?;
    let folder = tempfile::tempdir()?;

    // The key of KMS, which nobody who can write to the bucket can change.
    let log_name = world.stack.outputs.get("EvidenceLogName");
    let log_name = log_name.context("no name")?;
    let public_key = format!("{source}/log/public-key");
    let copying = ["s3", "cp", &public_key, "-"];
    let published = aws_succeeds(&world.aws, REGION, &copying).await?;
    let published = published.trim().to_owned();
    ensure!(
        published.starts_with(&format!("{log_name}+")),
        "{published}"
    );
    let key = write(&folder.path().join("log.key"), &published).await?;

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
    let checkpoint = result["checkpoint"].as_str().context("a checkpoint")?;
    let checkpoint = write(&folder.path().join("checkpoint.txt"), checkpoint).await?;

    // One signature for each append, and nothing was overwritten but the checkpoint and the head.
    let signed = world.proxy.calls(&Match::operation("kms", "Sign"));
    ensure!(signed.len() == 2, "{}", signed.len());

    let hour = world.hour(3).document.digest_start_time.clone();
    let proof = folder.path().join("proof.json");
    let proof = proof.to_str().context("a path")?;
    let name = world.trail.spec.trail_arn();
    let proving = [
        "prove", &source, "--trail", &name, "--hour", &hour, "--output", proof,
    ];
    let proven = world.evidence_command(&proving).await?;
    ensure!(proven.status.success(), "{}", text(&proven));
    for arguments in [vec!["verify", proof, "--key", &key]] {
        let verified = world.evidence_command(&arguments).await?;
        ensure!(verified.status.success(), "{}", text(&verified));
    }
    let checker = paths::repository().join("docs/verify_evidence_proof.py");
    let ran = Command::new("python3")
        .arg(checker)
        .args([proof, "--key", &published])
        .output()
        .await?;
    ensure!(ran.status.success(), "{}", text(&ran));
    ensure!(text(&ran).lines().count() >= 2, "{}", text(&ran));

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
