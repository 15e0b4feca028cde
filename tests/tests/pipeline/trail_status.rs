//! The status of the trails: settings-monitor reads it with the role of `docs/trail-status-role.yaml`.

use crate::world::{ACCOUNT, REGION, World};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::time::Duration;
use trailseal_tests::local::cli::{self, Trail as CliTrail};
use trailseal_tests::local::{Match, aws_succeeds, paths};
use trailseal_tests::trail::TrailSpec;

const ROLE: &str = "trailseal-trail-status";

impl World {
    /// Runs the AWS CLI.
    async fn run(&self, arguments: &[&str]) -> Result<()> {
        aws_succeeds(&self.aws, REGION, arguments).await.map(|_| ())
    }

    /// Deploys the template of the role, as the documentation says.
    async fn deploy_role(&self) -> Result<()> {
        let template = paths::repository().join("docs/trail-status-role.yaml");
        let template = template.to_str().context("a path")?;
        let monitor = self.stack.outputs.get("SettingsMonitorRoleArn");
        let parameter = format!("SettingsMonitorRoleArn={}", monitor.context("no output")?);
        self.run(&[
            "cloudformation",
            "deploy",
            "--template-file",
            template,
            "--stack-name",
            ROLE,
            "--capabilities",
            "CAPABILITY_NAMED_IAM",
            "--parameter-overrides",
            &parameter,
        ])
        .await
    }

    /// Returns the newest finding or all-clear about a trail.
    fn newest_about_trail(&self) -> Option<Value> {
        let mut sent = self.sent_by("settings-monitor");
        sent.retain(|finding| finding["kind"] == "monitoring-impaired");
        sent.pop()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_trail_is_reported_until_it_logs_again() -> Result<()> {
    let parameters = [("TrailStatusRole", ROLE)];
    let world = World::versioned(TrailSpec::default().build(), &parameters).await?;
    let name = world.trail.spec.trail_name.clone();
    let arn = world.trail.spec.trail_arn();

    // Without the trail, and with the role: moto lets any role be assumed.
    world.deploy_role().await?;
    world.look().await?;
    let finding = world.newest_about_trail().context("no finding")?;
    ensure!(finding["actual"] == "it does not exist", "{finding:#}");
    let assumed = world.proxy.calls(&Match::operation("sts", "AssumeRole"));
    let role = format!("arn:aws:iam::{ACCOUNT}:role/{ROLE}");
    ensure!(!assumed.is_empty());
    ensure!(
        assumed
            .iter()
            .all(|call| call.parameters["RoleArn"] == role.as_str())
    );

    let spec = &world.trail.spec;
    let created = CliTrail {
        name: &spec.trail_name,
        home_region: &spec.home_region,
        bucket: &spec.bucket,
        prefix: None,
        of_organization: false,
    };
    cli::create_trail(&world.aws, &created).await?;
    world
        .run(&["cloudtrail", "start-logging", "--name", &name])
        .await?;
    // An all-clear ends only what was found in an earlier second.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    world.look().await?;
    let all_clear = world.newest_about_trail().context("no all-clear")?;
    ensure!(all_clear["allClear"] == true, "{all_clear:#}");
    ensure!(all_clear["id"] == finding["id"]);
    let sent = world.sent_by("settings-monitor").len();
    world.look().await?;
    ensure!(world.sent_by("settings-monitor").len() == sent, "quiet");

    world
        .run(&["cloudtrail", "stop-logging", "--name", &name])
        .await?;
    world.look().await?;
    let finding = world.newest_about_trail().context("no finding")?;
    let message = finding["message"].as_str().context("a message")?;
    let start = format!(
        "CloudTrail does not deliver log files and digests of the trail {arn} as it should: logging has been stopped since "
    );
    ensure!(message.starts_with(&start), "{message}");
    let alerts = world.alerts();
    let newest = alerts.last().context("no alert")?;
    ensure!(newest.email.contains(&start), "{}", newest.email);
    Ok(())
}
