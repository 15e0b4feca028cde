//! The policy in `docs/doctor.md` has the permissions for the calls that the command makes, and no
//! others; the document shows what the command prints.

use super::stage::Patient;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use trailseal_tests::local::paths;
use trailseal_tests::local::request::Call;

/// The subresources of a bucket, and the actions that read them.
const SETTINGS: [(&str, &str); 7] = [
    ("lifecycle", "GetLifecycleConfiguration"),
    ("notification", "GetBucketNotification"),
    ("object-lock", "GetBucketObjectLockConfiguration"),
    ("policy", "GetBucketPolicy"),
    ("publicAccessBlock", "GetBucketPublicAccessBlock"),
    ("replication", "GetReplicationConfiguration"),
    ("versioning", "GetBucketVersioning"),
];

/// Returns the action that a call needs.
fn action(call: &Call) -> String {
    let service = call.service.as_str();
    let name = match (service, call.operation.as_str()) {
        ("s3", "HeadObject" | "GetObject") => "GetObject",
        ("s3", "HeadBucket" | "ListObjectsV2") => "ListBucket",
        ("s3", _) => {
            let is_named = |name: &str| {
                call.query
                    .split('&')
                    .any(|it| it.split('=').next() == Some(name))
            };
            let setting = SETTINGS.iter().find(|(name, _)| is_named(name));
            setting.map_or("unknown", |(_, action)| action)
        }
        ("lambda", _) if call.path.ends_with("/configuration") => "GetFunctionConfiguration",
        ("lambda", _) if call.path.ends_with("/concurrency") => "GetFunctionConcurrency",
        ("lambda", _) if call.path.contains("/event-source-mappings") => "ListEventSourceMappings",
        ("scheduler", _) if call.path.starts_with("/schedules/") => "GetSchedule",
        (_, operation) => operation,
    };
    format!("{service}:{name}")
}

/// Returns the actions of the policy in the document.
fn documented() -> Result<BTreeSet<String>> {
    let page = fs::read_to_string(paths::repository().join("docs/doctor.md"))?;
    let (_, rest) = page.split_once("```json\n").context("a policy")?;
    let (policy, _) = rest.split_once("```").context("its end")?;
    let policy: Value = serde_json::from_str(policy)?;
    let statements = policy["Statement"].as_array().context("statements")?;
    let actions = statements
        .iter()
        .flat_map(|it| it["Action"].as_array().cloned().unwrap_or_default());
    Ok(actions
        .filter_map(|it| it.as_str().map(str::to_owned))
        .collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documented_policy_is_what_the_command_calls() -> Result<()> {
    let patient = Patient::healthy().await?;
    patient.world.proxy.forget();
    let output = patient.run(&[]).await?;
    let text = String::from_utf8(output.stdout)?;
    ensure!(output.status.success(), "{text}");
    let called: BTreeSet<String> = patient
        .world
        .proxy
        .recorded()
        .iter()
        .map(|it| action(&it.call))
        .collect();
    // A call with an unknown name is in the difference.
    ensure!(called == documented()?, "{called:#?}");
    if let Some(folder) = std::env::var_os("TRAILSEAL_DOCTOR_OUTPUT") {
        fs::write(folder, &text)?;
    }
    let page = fs::read_to_string(paths::repository().join("docs/doctor.md"))?;
    let (_, rest) = page
        .split_once("```text\nAll ")
        .context("the output of a healthy stack")?;
    let (shown, _) = rest.split_once("```").context("its end")?;
    let shape = |text: &str| -> Vec<String> {
        let lines = text.lines().skip(1).filter(|line| !line.is_empty());
        // The status and the name of the check.
        let columns = lines.map(|line| {
            line.split("  ")
                .filter(|it| !it.is_empty())
                .take(2)
                .collect::<Vec<_>>()
                .join("|")
        });
        columns.collect()
    };
    ensure!(
        shape(&format!("All {shown}")) == shape(&text),
        "docs/doctor.md shows other checks:\n{text}"
    );
    Ok(())
}
