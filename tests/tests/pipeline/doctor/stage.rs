//! A healthy stack, and how the command is run on it.

use crate::world::{REGION, World};
use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeSet;
use std::env;
use std::process::Output;
use tokio::process::Command;
use trailseal_tests::local::cli::{self, Trail as CliTrail};
use trailseal_tests::local::server::client_environment;
use trailseal_tests::local::{LocalAws, LogBucket, aws_succeeds, paths};
use trailseal_tests::trail::{Trail, TrailSpec};

/// The Region of the trail that is not the stack's.
pub(super) const OTHER_REGION: &str = "eu-west-1";

/// The name of the stack.
pub(super) const STACK: &str = "trailseal";

/// A check that is not ok, by its name and its subject.
pub(super) type Fault = (String, String);

/// What a run of the command printed.
#[derive(Debug)]
pub(super) struct Checkup {
    /// The exit code.
    pub(super) code: i32,
    /// The document.
    pub(super) json: Value,
}

impl Checkup {
    /// Returns the checks.
    fn checks(&self) -> impl Iterator<Item = &Value> {
        self.json["checks"].as_array().into_iter().flatten()
    }

    /// Returns the checks with a status.
    pub(super) fn with(&self, status: &str) -> BTreeSet<Fault> {
        let text = |check: &Value, name: &str| check[name].as_str().unwrap_or_default().to_owned();
        self.checks()
            .filter(|check| check["status"] == status)
            .map(|check| (text(check, "check"), text(check, "subject")))
            .collect()
    }

    /// Returns the remedies of a kind.
    pub(super) fn remedies(&self, kind: &str) -> Vec<String> {
        self.checks()
            .flat_map(|check| check["remedies"].as_array().into_iter().flatten())
            .filter(|remedy| remedy["kind"] == kind)
            .filter_map(|remedy| remedy["text"].as_str().map(str::to_owned))
            .collect()
    }
}

/// A healthy stack.
pub(super) struct Patient {
    pub(super) world: World,
    /// The ARN of the key of the log files.
    pub(super) key: String,
}

/// Returns a trail in two Regions whose last hour ended less than an hour ago.
fn trail(hours: u32) -> Trail {
    let now = Timestamp::now().as_second();
    let start = now - now % 3600 - i64::from(hours) * 3600;
    TrailSpec {
        start: Timestamp::from_second(start).unwrap(),
        hours,
        regions: vec![REGION.to_owned(), OTHER_REGION.to_owned()],
        log_files_per_hour: 1..=1,
        records_per_file: 1..=1,
        ..TrailSpec::default()
    }
    .build()
}

impl Patient {
    /// Deploys a stack, delivers a trail, and lets every function work.
    pub(super) async fn healthy() -> Result<Self> {
        let aws = LocalAws::start().await?;
        let create = [
            "kms",
            "create-key",
            "--query",
            "KeyMetadata.Arn",
            "--output",
            "text",
        ];
        let key = aws_succeeds(&aws, REGION, &create).await?.trim().to_owned();
        let trail = trail(3);
        let spec = trail.spec.clone();
        let parameters = [("KmsKeyArns", key.as_str())];
        let configure = LogBucket::versioned;
        let world = World::deployed(aws, trail, &[], configure, &parameters, |_| ()).await?;
        let created = CliTrail {
            name: &spec.trail_name,
            home_region: &spec.home_region,
            bucket: &spec.bucket,
            prefix: None,
            of_organization: false,
        };
        cli::create_trail(&world.aws, &created).await?;
        let patient = Self { world, key };
        patient
            .aws(&["cloudtrail", "start-logging", "--name", &spec.trail_name])
            .await?;
        patient.world.deliver().await?;
        patient.world.settle().await?;
        patient.world.tick().await?;
        patient.world.look().await?;
        patient.world.append().await?;
        Ok(patient)
    }

    /// Runs the AWS CLI.
    pub(super) async fn aws(&self, arguments: &[&str]) -> Result<String> {
        let endpoint = ["--endpoint-url", self.world.aws.endpoint()];
        let arguments = [&endpoint[..], arguments].concat();
        let printed = aws_succeeds(&self.world.aws, REGION, &arguments).await?;
        Ok(printed.trim().to_owned())
    }

    /// Runs the command through the proxy.
    pub(super) async fn run(&self, arguments: &[&str]) -> Result<Output> {
        let run = Command::new(paths::command()?)
            .args(["doctor", "--stack", STACK])
            .args(arguments)
            .envs(client_environment(&self.world.proxy.endpoint(), REGION))
            .output();
        Ok(run.await?)
    }

    /// Returns what the command finds.
    pub(super) async fn check(&self) -> Result<Checkup> {
        let output = self.run(&["--format", "json"]).await?;
        let json = serde_json::from_slice(&output.stdout);
        let json = json.with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
        Ok(Checkup {
            code: output.status.code().context("an exit code")?,
            json,
        })
    }

    /// Checks that nothing is wrong.
    pub(super) async fn assert_healthy(&self, after: &str) -> Result<Checkup> {
        let checkup = self.check().await?;
        let wrong = checkup.with("wrong");
        let unread = checkup.with("cannot-tell");
        ensure!(
            checkup.code == 0 && wrong.is_empty() && unread.is_empty(),
            "{after}: {wrong:?} {unread:?} {:#}",
            checkup.json
        );
        Ok(checkup)
    }

    /// Runs a command that the checks print, in a shell, as somebody who copies it.
    pub(super) async fn copy_into_shell(&self, command: &str) -> Result<()> {
        let aws_cli = paths::aws_cli();
        let folder = aws_cli.parent().context("a folder")?.display().to_string();
        let path = env::var("PATH").unwrap_or_default();
        // The AWS CLI does not take the endpoint of SQS from the environment.
        let at_home = format!("aws --endpoint-url {} sqs", self.world.aws.endpoint());
        let run = Command::new("sh")
            .args(["-c", &command.replace("aws sqs", &at_home)])
            .current_dir(self.world.aws.directory())
            .envs(client_environment(self.world.aws.endpoint(), REGION))
            .env("PATH", format!("{folder}:{path}"))
            .env("HOME", self.world.aws.directory())
            .env("AWS_PAGER", "")
            .output()
            .await?;
        ensure!(
            run.status.success(),
            "{command}: {}",
            String::from_utf8_lossy(&run.stderr)
        );
        Ok(())
    }

    /// Returns the physical ID of a resource.
    pub(super) fn resource(&self, logical_id: &str) -> Result<&str> {
        self.world.stack.resource(logical_id)
    }

    /// Returns the name of a queue.
    pub(super) fn queue_name(&self, logical_id: &str) -> Result<String> {
        let url = self.resource(logical_id)?;
        Ok(url.rsplit('/').next().unwrap_or_default().to_owned())
    }

    /// Returns the name of the log bucket.
    pub(super) fn bucket(&self) -> &str {
        &self.world.trail.spec.bucket
    }
}
