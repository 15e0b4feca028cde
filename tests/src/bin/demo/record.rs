//! What Trailseal itself did is on record: the evidence log, and a proof about one hour.

use anyhow::{Context as _, Result, ensure};
use std::process::Output;
use std::time::{Duration, Instant};
use tokio::process::Command;
use trailseal_tests::local::paths;
use trailseal_tests::local::server::client_environment;

use crate::screen::Screen;
use crate::stage::{REGIONS, Stage};

/// The message with which EventBridge starts an append to the evidence log. S3's times have whole
/// seconds, and no function writes now, so that nothing has to wait.
pub(crate) const APPEND: &str = r#"{"append":{"marginSeconds":0}}"#;

/// How long after the last document an append is started.
pub(crate) const SECOND: Duration = Duration::from_millis(2_100);

/// The hour that is proven.
const HOUR: usize = 3;

/// Verifies the evidence log, and proves what it says about an hour of the trail.
pub(crate) async fn show(screen: &Screen, stage: &Stage) -> Result<()> {
    let bucket = &stage.evidence_bucket;
    let source = format!("s3://{bucket}");
    let folder = tempfile::tempdir()?;
    let proof = folder.path().join("proof.json");
    let proof = proof.to_str().context("a path")?;
    let key = public_key(stage, bucket).await?;

    let begun = Instant::now();
    let verified = command(stage, &["verify", &source, "--key", &key]).await?;
    screen.step(&format!(
        "`trailseal evidence verify` took {:.1} s:",
        begun.elapsed().as_secs_f64()
    ));
    for line in verified.lines().filter(|line| !line.is_empty()) {
        screen.detail(line);
    }

    let spec = &stage.trail.spec;
    let digest = stage.trail.digests.get(HOUR).context("an hour")?;
    let hour = &digest.document.digest_start_time;
    let begun = Instant::now();
    command(
        stage,
        &[
            "prove",
            &source,
            "--trail",
            &spec.trail_name,
            "--hour",
            hour,
            "--region",
            REGIONS[0],
            "--key",
            &key,
            "--output",
            proof,
        ],
    )
    .await?;
    let took = begun.elapsed().as_secs_f64();
    let size = tokio::fs::metadata(proof).await?.len();
    screen.step(&format!(
        "`trailseal evidence prove` wrote the proof of the hour of {hour} in {} in {took:.1} s: {size} bytes. A program in Python that needs nothing of Trailseal verifies it:",
        REGIONS[0]
    ));
    let program = paths::repository().join("docs/verify_evidence_proof.py");
    let mut python = Command::new("python3");
    python.arg(program).args([proof, "--key", &key]);
    let checked = run(python).await?;
    ensure!(checked.starts_with("valid: "), "{checked}");
    screen.detail(&format!("{} receipts are valid.", checked.lines().count()));

    let listed = trailseal(stage, &["incidents", &source]).await?;
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    screen.step("`trailseal incidents` lists what is still wrong:");
    for line in listed.lines().filter(|line| line.starts_with("OPEN ")) {
        screen.detail(line);
    }
    screen.detail(listed.lines().next_back().context("a count")?);

    let (from, to) = stage.trail.time_span();
    let (from, to) = (from.to_string(), to.to_string());
    let page = folder.path().join("report.html");
    let page = page.to_str().context("a path")?;
    let period = ["--from", &from, "--to", &to, "--output", page];
    let report = [&["evidence", "report", &source, "--key", &key], &period[..]].concat();
    let written = trailseal(stage, &report).await?;
    let said = String::from_utf8_lossy(&written.stderr).into_owned();
    screen
        .step("`trailseal evidence report` writes a page for an auditor, from the receipts alone:");
    let (result, _) = said.split_once(". The report").context("a result")?;
    screen.detail(result.trim_start_matches("trailseal: "));
    let size = tokio::fs::metadata(page).await?.len();
    ensure!(size > 10_000, "{size} bytes");
    Ok(())
}

/// Reads the public key of the log.
async fn public_key(stage: &Stage, bucket: &str) -> Result<String> {
    let object = stage.aws.s3().get_object().bucket(bucket);
    let object = object.key("log/public-key").send().await?;
    let key = object.body.collect().await?.into_bytes();
    Ok(String::from_utf8(key.to_vec())?.trim().to_owned())
}

/// Runs `trailseal`.
async fn trailseal(stage: &Stage, arguments: &[&str]) -> Result<Output> {
    let mut command = Command::new(paths::command()?);
    command
        .args(arguments)
        .envs(client_environment(stage.aws.endpoint(), REGIONS[0]));
    Ok(command.output().await?)
}

/// Runs `trailseal evidence`, and returns what it printed if it succeeded.
async fn command(stage: &Stage, arguments: &[&str]) -> Result<String> {
    let output = trailseal(stage, &[&["evidence"], arguments].concat()).await?;
    printed(&output)
}

/// Runs a program, and returns what it printed if it succeeded.
async fn run(mut command: Command) -> Result<String> {
    printed(&command.output().await?)
}

/// Returns what a program printed if it succeeded.
fn printed(output: &Output) -> Result<String> {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let error = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{text}{error}");
    Ok(text)
}
