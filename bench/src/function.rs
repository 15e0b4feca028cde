//! The functions in AWS's runtime interface emulator.

pub(crate) mod gate;
mod memory;
mod starts;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use trailseal_tests::local::server::client_environment;
use trailseal_tests::local::{FunctionSpec, Rie, paths};

use crate::data::{self, ACCOUNT, BUCKET, DataSet, REGION};
use crate::lab::Lab;
use crate::report::{Section, Table, count, float, median, megabytes, seconds};
use crate::server::Endpoint;

const LATENCY: Duration = Duration::from_millis(20);
/// As in the template.
const LOG_VERIFIER: &str = "LogVerifier";
const MEMORY_MB: i32 = 1769;
const TIMEOUT: Duration = Duration::from_mins(5);
const STARTS: usize = 3;
const WARM: usize = 4;

pub(crate) fn run(lab: &mut Lab) -> anyhow::Result<Section> {
    let set = lab.set(&data::HOUR)?;
    let endpoint = Endpoint::start(&set, LATENCY)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let measured = runtime.block_on(invoke(lab, &set, &endpoint))?;
    let (cold, warm) = (median(measured.cold), median(measured.warm));
    let mut table = Table::new(["invocation", "time", "requests", "peak of memory"]);
    table.row([
        "the first, with the function's start".to_owned(),
        seconds(cold),
        count(measured.requests),
        megabytes(measured.peak_cold),
    ]);
    table.row([
        "a later one".to_owned(),
        seconds(warm),
        count(measured.requests),
        megabytes(measured.peak),
    ]);
    let mut section = Section::new(
        "Functions",
        format!(
            "The functions under AWS's runtime interface emulator. Invocations are of log-verifier: one digest of {} log files in S3, every request answered after {} ms; medians of {STARTS} starts with {WARM} later invocations each. A start is the time from a function's process to its first request for an invocation.",
            count(set.about.log_files),
            LATENCY.as_millis()
        ),
    )
    .of_one_program();
    section.table(table);
    section.below("log-verifier, the first invocation", cold, 1.5, seconds);
    section.below("log-verifier, a later invocation", warm, 1.5, seconds);
    section.below(
        "log-verifier, peak of memory",
        measured.peak,
        100e6,
        megabytes,
    );
    runtime.block_on(starts::measure(lab, endpoint.url(), &mut section))?;
    let usual = lab.set(&data::LOGS[0])?;
    let usual_endpoint = Endpoint::start(&usual, LATENCY)?;
    let subjects = [
        Subject::new(&set, &endpoint, set.about.log_files),
        Subject::new(&usual, &usual_endpoint, 100),
    ];
    runtime.block_on(memory::measure(lab, &subjects, &mut section))?;
    Ok(section)
}

/// The newest digest of a data set, and the endpoint that serves it.
struct Subject<'a> {
    set: &'a DataSet,
    endpoint: &'a Endpoint,
    /// The number of log files that the digest lists.
    log_files: u64,
}

impl<'a> Subject<'a> {
    fn new(set: &'a DataSet, endpoint: &'a Endpoint, log_files: u64) -> Self {
        Self {
            set,
            endpoint,
            log_files,
        }
    }
}

/// Returns log-verifier, with the settings of the template.
fn log_verifier(endpoint: &Endpoint) -> anyhow::Result<FunctionSpec> {
    Ok(FunctionSpec {
        name: LOG_VERIFIER.to_owned(),
        bootstrap: paths::bootstrap(LOG_VERIFIER)?,
        env: environment(endpoint),
        timeout: TIMEOUT,
        memory_mb: MEMORY_MB,
    })
}

struct Measured {
    cold: Vec<f64>,
    warm: Vec<f64>,
    requests: u64,
    peak_cold: f64,
    peak: f64,
}

async fn invoke(lab: &Lab, set: &DataSet, endpoint: &Endpoint) -> anyhow::Result<Measured> {
    let subject = Subject::new(set, endpoint, set.about.log_files);
    let log = lab.scratch().join("function.log");
    let rie = Rie::start(log_verifier(endpoint)?, &log).await?;
    let mut measured = Measured {
        cold: Vec::new(),
        warm: Vec::new(),
        requests: 0,
        peak_cold: 0.0,
        peak: 0.0,
    };
    for start in 0..STARTS {
        if start > 0 {
            rie.restart().await?;
        }
        endpoint.take_served();
        measured.cold.push(once(&rie, &subject).await?);
        measured.requests = endpoint.take_served().requests;
        measured.peak_cold = measured.peak_cold.max(peak(&rie).await?);
        for _ in 0..WARM {
            measured.warm.push(once(&rie, &subject).await?);
        }
        measured.peak = measured.peak.max(peak(&rie).await?);
    }
    Ok(measured)
}

async fn peak(rie: &Rie) -> anyhow::Result<f64> {
    let peak = rie.peak_memory().await;
    Ok(float(peak.context("the function's process is gone")?))
}

/// Returns the seconds of one invocation that finds every log file valid.
async fn once(rie: &Rie, subject: &Subject<'_>) -> anyhow::Result<f64> {
    let event = digest(&subject.set.about.newest);
    let began = Instant::now();
    let answer = rie.invoke(&event).await;
    let took = began.elapsed().as_secs_f64();
    let answer = answer.with_context(|| rie.log_tail())?;
    let outcome = answer.pointer("/outcomes/0");
    let field = |name: &str| outcome.and_then(|outcome| outcome.get(name));
    ensure!(
        field("verdict").and_then(Value::as_str) == Some("valid")
            && field("valid").and_then(Value::as_u64) == Some(subject.log_files),
        "the function says {answer}\n{}",
        rie.log_tail()
    );
    Ok(took)
}

/// Returns the event that names a digest.
fn digest(key: &str) -> Value {
    json!({ "bucket": BUCKET, "key": key })
}

/// Returns the environment that the template gives the function.
fn environment(endpoint: &Endpoint) -> BTreeMap<String, String> {
    let mut env = client_environment(endpoint.url(), REGION);
    for (name, value) in [
        ("TRAILSEAL_LOG_BUCKETS", BUCKET.to_owned()),
        ("TRAILSEAL_BUCKET_OWNER", ACCOUNT.to_owned()),
        ("TRAILSEAL_TRAIL_ARNS", DataSet::trail_arn()),
        (
            "TRAILSEAL_FINDINGS_QUEUE_URL",
            format!("{}/{ACCOUNT}/trailseal-findings", endpoint.url()),
        ),
        // The endpoint has one bucket; nothing is pending in it.
        ("TRAILSEAL_EVIDENCE_BUCKET", BUCKET.to_owned()),
        (
            "TRAILSEAL_QUEUE_URL",
            format!("{}/{ACCOUNT}/trailseal-log-verifier", endpoint.url()),
        ),
    ] {
        env.insert(name.to_owned(), value);
    }
    env
}
