//! The starts of all functions.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};
use trailseal_tests::local::server::client_environment;
use trailseal_tests::local::{FunctionError, FunctionSpec, Rie, paths};

use super::TIMEOUT;
use super::gate::Gate;
use crate::data::REGION;
use crate::lab::Lab;
use crate::report::{Section, Table, float, median, megabytes, millis};

/// The functions, by their names in the template.
const FUNCTIONS: [(&str, &str); 8] = [
    ("DigestValidator", "digest-validator"),
    ("LogVerifier", "log-verifier"),
    ("KmsContextChecker", "kms-context-checker"),
    ("DeletionMonitor", "deletion-monitor"),
    ("Watchdog", "watchdog"),
    ("SettingsMonitor", "settings-monitor"),
    ("Alerter", "alerter"),
    ("Exporter", "exporter"),
];
/// Only passed to the function.
const MEMORY_MB: i32 = 1024;
const STARTS: usize = 15;
/// The longest median time of a start.
const START: f64 = 0.025;
/// The largest program, in bytes.
const SIZE: f64 = 8e6;

/// Adds a table with the starts of all functions.
pub(super) async fn measure(
    lab: &Lab,
    endpoint: &str,
    section: &mut Section,
) -> anyhow::Result<()> {
    let mut table = Table::new([
        "start",
        "program",
        "shortest",
        "median",
        "longest",
        "peak of memory",
    ]);
    let mut medians = Vec::new();
    for (logical_id, name) in FUNCTIONS {
        let bootstrap = paths::bootstrap(logical_id)?;
        let size = float(fs::metadata(&bootstrap)?.len());
        let (starts, peak) = starts(lab, logical_id, endpoint)
            .await
            .with_context(|| name.to_owned())?;
        let shortest = starts.iter().copied().fold(f64::INFINITY, f64::min);
        let longest = starts.iter().copied().fold(0.0, f64::max);
        let middle = median(starts);
        table.row([
            name.to_owned(),
            megabytes(size),
            millis(shortest),
            millis(middle),
            millis(longest),
            megabytes(peak),
        ]);
        medians.push((name, size, middle));
    }
    section.table(table);
    for (name, size, middle) in medians {
        section.below(
            &format!("start of {name}, median of {STARTS}"),
            middle,
            START,
            millis,
        );
        section.below(&format!("program of {name}"), size, SIZE, megabytes);
    }
    Ok(())
}

/// Returns the seconds of a function's starts, and the peak of its memory.
async fn starts(lab: &Lab, logical_id: &str, endpoint: &str) -> anyhow::Result<(Vec<f64>, f64)> {
    let gate = Gate::open().await?;
    let folder = lab.scratch().join("starts").join(logical_id);
    let spec = FunctionSpec {
        name: logical_id.to_owned(),
        bootstrap: gate.launcher(&folder, &paths::bootstrap(logical_id)?)?,
        env: environment(logical_id, endpoint)?,
        timeout: TIMEOUT,
        memory_mb: MEMORY_MB,
    };
    let rie = Rie::start(spec, &folder.join("function.log")).await?;
    let mut seconds = Vec::new();
    let mut peak = 0.0_f64;
    for start in 0..=STARTS {
        if start > 0 {
            rie.restart().await?;
        }
        match rie.invoke(&json!({ "Records": [] })).await {
            // The function started, whatever it says about an empty batch.
            Ok(_) | Err(FunctionError::Returned { .. }) => {}
            Err(error) => bail!("{error}\n{}", rie.log_tail()),
        }
        let took = gate.take().with_context(|| rie.log_tail())?;
        let memory = rie.peak_memory().await;
        peak = peak.max(float(memory.context("the function's process is gone")?));
        // The first one reads the program from the disk.
        if start > 0 {
            seconds.push(took.as_secs_f64());
        }
    }
    Ok((seconds, peak))
}

/// Returns the environment that `sam local invoke` gives the function.
fn environment(logical_id: &str, endpoint: &str) -> anyhow::Result<BTreeMap<String, String>> {
    let path = paths::repository().join("events/env.json");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let functions: Value = serde_json::from_str(&text)?;
    let variables: BTreeMap<String, String> =
        serde_json::from_value(functions[logical_id].clone())?;
    let own = variables.get("AWS_ENDPOINT_URL").cloned();
    let own = own.context("AWS_ENDPOINT_URL")?;
    let mut env: BTreeMap<String, String> = variables
        .into_iter()
        .map(|(name, value)| (name, value.replace(&own, endpoint)))
        .collect();
    env.extend(client_environment(endpoint, REGION));
    Ok(env)
}
