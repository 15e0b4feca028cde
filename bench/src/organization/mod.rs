//! A day of an organization: what Trailseal does and costs with 10, 100 and 500 accounts.
//!
//! `docs/scale.md` describes what is simulated. The files, from the lowest to the highest:
//!
//! - `prices`, `requests`, `assumptions`, `settings`: what AWS charges, what is assumed, and what the
//!   template sets
//! - `clock`, `store`, `sample`, `stage`, `hourly`, `day`: the functions' own code over files in memory, in a
//!   process of its own
//! - `sdk`, `logs`: what a request takes besides that, and the lines of that process
//! - `queue`, `bill`: queues and costs of the whole organization
//! - `before`, `memory`: what it cost before some cuts, and costs with other sizes of memory
//! - `tables`: the output

mod assumptions;
mod before;
mod bill;
mod clock;
mod day;
mod hourly;
mod logs;
mod memory;
mod prices;
mod queue;
mod requests;
mod sample;
mod sdk;
mod settings;
mod stage;
mod store;
mod tables;

#[path = "../../../functions/digest-validator/src/handler.rs"]
mod digest_validator;
#[path = "../../../functions/kms-context-checker/src/handler.rs"]
mod kms_context_checker;
#[path = "../../../functions/log-verifier/src/handler.rs"]
mod log_verifier;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};

use crate::lab::Lab;
use crate::report::Section;
use bill::{Bill, Inputs};
use day::Measured;
use logs::LogLines;
use settings::Settings;
use stage::Messages;

pub(crate) use assumptions::WHOLE_PROCESSOR_MB;
pub(crate) use memory::SIZES as MEMORY_SIZES;
pub(crate) use prices::LAMBDA_X86 as GIGABYTE_SECOND;
pub(crate) use sdk::{CHILD as REQUESTS_CHILD, child as send_requests};

/// The argument that makes this program the simulation: `organization-day RESULT`.
pub(crate) const CHILD: &str = "organization-day";

/// Simulates the day, and writes what was measured to a file.
pub(crate) fn child(arguments: &[String]) -> anyhow::Result<()> {
    let result = arguments.get(1).context("a file for the result")?;
    trailseal_lambda::start_logging();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    let measured = runtime.block_on(day::simulate(&Settings::read()?))?;
    fs::write(result, serde_json::to_vec(&measured)?)?;
    Ok(())
}

/// Runs the simulation in a process of its own, because log lines go to its standard output.
fn measure(scratch: &Path) -> anyhow::Result<(Measured, LogLines)> {
    let result = scratch.join("organization.json");
    let mut child = Command::new(std::env::current_exe()?)
        .arg(CHILD)
        .arg(&result)
        .env("AWS_LAMBDA_LOG_FORMAT", "JSON")
        .env_remove("AWS_LAMBDA_LOG_LEVEL")
        .env_remove("RUST_LOG")
        .stdout(Stdio::piped())
        .spawn()
        .context("starting this program again")?;
    let output = child.stdout.take().context("its output")?;
    let mut logs = LogLines::read(output)?;
    ensure!(child.wait()?.success(), "the simulation failed");
    let measured: Measured = serde_json::from_slice(&fs::read(&result)?)?;
    let sized = measured.sized.iter();
    logs.messages = sized
        .map(|(name, sums)| (name.clone(), sums.messages))
        .collect();
    Ok((measured, logs))
}

/// Returns the tables.
pub(crate) fn run(lab: &mut Lab) -> anyhow::Result<Vec<Section>> {
    let settings = Settings::read()?;
    let request = sdk::request(lab)?;
    let (measured, logs) = measure(lab.scratch())?;
    let inputs = Inputs {
        measured: &measured,
        logs: &logs,
        request,
        settings: &settings,
        spread: &assumptions::SPREAD,
        compute: prices::LAMBDA_X86,
        logged: |_| None,
        past: Messages::Listing,
    };
    let days = assumptions::ACCOUNTS.map(|accounts| Bill::of(accounts, inputs));
    let settings = before::settings(&settings);
    let before = Bill::of(
        assumptions::ACCOUNTS[2],
        Inputs {
            settings: &settings,
            logged: before::logged,
            past: Messages::Single,
            ..inputs
        },
    );
    Ok(vec![
        tables::organization(inputs, &days),
        tables::requests(&days),
        tables::lambda(&days, inputs),
        memory::section(inputs),
        tables::queues(inputs),
        tables::costs(&days, inputs),
        tables::compared(&before, &days[2]),
    ])
}
