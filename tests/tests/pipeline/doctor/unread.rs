//! What the command says if it may not read something, and if there is nothing to check.

use super::stage::{Patient, STACK};
use anyhow::{Context, Result, ensure};
use tokio::process::Command;
use trailseal_tests::local::server::client_environment;
use trailseal_tests::local::{Fault, LocalAws, Match, paths};

fn denied(operation: (&str, &str)) -> (Match, Fault) {
    let (service, operation) = operation;
    let fault = Fault::Error {
        status: hyper::StatusCode::BAD_REQUEST,
        code: "AccessDeniedException".to_owned(),
        message: "not authorized".to_owned(),
    };
    (Match::operation(service, operation), fault)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_read_names_the_permission_and_is_not_wrong() -> Result<()> {
    let patient = Patient::healthy().await?;
    for (operation, check, action, checks) in [
        (("events", "DescribeRule"), "rule", "events:DescribeRule", 7),
        (("kms", "GetKeyPolicy"), "key policy", "kms:GetKeyPolicy", 1),
        (
            ("iam", "ListAttachedRolePolicies"),
            "role",
            "iam:ListAttachedRolePolicies",
            7,
        ),
        (
            ("cloudtrail", "GetTrailStatus"),
            "trail",
            "cloudtrail:GetTrailStatus",
            1,
        ),
        (
            ("cloudtrail", "ListPublicKeys"),
            "public keys",
            "cloudtrail:ListPublicKeys",
            2,
        ),
        (
            ("sns", "ListSubscriptionsByTopic"),
            "topic",
            "sns:ListSubscriptionsByTopic",
            2,
        ),
        (("iam", "GetRole"), "role", "iam:GetRole", 7),
    ] {
        let (calls, fault) = denied(operation);
        let rule = patient.world.proxy.fail(calls, fault);
        let checkup = patient.check().await?;
        patient.world.proxy.remove(rule);
        let unread = checkup.with("cannot-tell");
        ensure!(checkup.code == 2, "{action}: {:#}", checkup.json);
        ensure!(
            checkup.with("wrong").is_empty(),
            "{action}: {:#}",
            checkup.json
        );
        ensure!(
            unread.len() == checks && unread.iter().all(|(name, _)| name == check),
            "{action}: {unread:?}"
        );
        let grants = checkup.remedies("grant");
        ensure!(
            grants.iter().all(|it| it.contains(action)),
            "{action}: {grants:?}"
        );
        ensure!(grants.len() == checks, "{action}: {grants:?}");
    }
    patient.assert_healthy("everything may be read").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_usage_and_a_stack_that_does_not_exist() -> Result<()> {
    let aws = LocalAws::start().await?;
    let run = async |arguments: &[&str]| -> Result<(i32, String)> {
        let output = Command::new(paths::command()?)
            .arg("doctor")
            .args(arguments)
            .envs(client_environment(aws.endpoint(), "us-east-1"))
            .output()
            .await?;
        let code = output.status.code().context("an exit code")?;
        let printed = [output.stdout, output.stderr].concat();
        Ok((code, String::from_utf8(printed)?))
    };
    let (code, printed) = run(&["--stack", STACK]).await?;
    ensure!(code == 64, "{printed}");
    ensure!(
        printed.contains("there is no stack trailseal in us-east-1"),
        "{printed}"
    );
    for arguments in [
        &[][..],
        &["--stack", "a b"],
        &["--stack", STACK, "--region", "x"],
    ] {
        let (code, printed) = run(arguments).await?;
        ensure!(code == 64, "{arguments:?}: {printed}");
    }
    let (code, printed) = run(&["--help"]).await?;
    ensure!(
        code == 0 && printed.contains("Usage: trailseal doctor"),
        "{printed}"
    );
    Ok(())
}
