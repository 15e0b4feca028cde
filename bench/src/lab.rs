//! The parts that the benchmarks share: the data sets, the command, and the AWS CLI.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail, ensure};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use trailseal_tests::local::paths;
use trailseal_tests::local::server::client_environment;

use crate::data::{ACCOUNT, BUCKET, DataSet, Plan, REGION};
use crate::measure::{self, Output, Program, Run};
use crate::quiet::Quiet;
use crate::server::Endpoint;

/// Everything that benchmarks run with.
#[derive(Debug)]
pub(crate) struct Lab {
    data: PathBuf,
    scratch: PathBuf,
    command: PathBuf,
    sets: BTreeMap<&'static str, DataSet>,
    directory_runs: BTreeMap<&'static str, Vec<Run>>,
    quiet: Quiet,
}

impl Lab {
    /// The command is next to this program, and the data is above both.
    pub(crate) fn new() -> anyhow::Result<Self> {
        let this = std::env::current_exe()?;
        let binaries = this.parent().context("this program lies in a folder")?;
        let target = binaries.parent().context("target")?;
        let data = target.join("bench-data");
        let scratch = data.join("scratch");
        fs::create_dir_all(&scratch)?;
        Ok(Self {
            data,
            scratch,
            command: binaries.join("trailseal"),
            sets: BTreeMap::new(),
            directory_runs: BTreeMap::new(),
            quiet: Quiet::new(),
        })
    }

    /// Returns the folder of the data sets.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// Returns what finds moments without the work of other guests of the host.
    pub(crate) fn quiet(&self) -> &Quiet {
        &self.quiet
    }

    /// Returns a folder for temporary files.
    pub(crate) fn scratch(&self) -> &Path {
        &self.scratch
    }

    /// Returns a data set, in the page cache.
    pub(crate) fn set(&mut self, plan: &Plan) -> anyhow::Result<DataSet> {
        if let Some(set) = self.sets.get(plan.name) {
            return Ok(set.clone());
        }
        let set = DataSet::open(plan, &self.data)?;
        // The files just written are written back now, not during a measurement.
        Command::new("sync").status()?;
        for path in files(&set.directory())? {
            fs::read(path)?;
        }
        self.sets.insert(plan.name, set.clone());
        Ok(set)
    }

    /// Returns at least this many verifications of a set as a directory. Benchmarks share them.
    pub(crate) fn directory_runs(
        &mut self,
        plan: &'static Plan,
        count: usize,
    ) -> anyhow::Result<Vec<Run>> {
        let set = self.set(plan)?;
        let mut runs = self.directory_runs.remove(plan.name).unwrap_or_default();
        while runs.len() < count {
            runs.push(self.verify_directory(&set)?);
        }
        self.directory_runs.insert(plan.name, runs.clone());
        Ok(runs)
    }

    /// Verifies a set as a directory.
    pub(crate) fn verify_directory(&self, set: &DataSet) -> anyhow::Result<Run> {
        let arguments = [
            set.directory().into_os_string(),
            "--signatures".into(),
            set.newest_signature().into_os_string(),
        ];
        self.verify(set, arguments.to_vec(), BTreeMap::new())
    }

    /// Verifies a set in S3, with a fixed number of requests at a time, or as many as the command
    /// finds best.
    pub(crate) fn verify_s3(
        &self,
        set: &DataSet,
        endpoint: &Endpoint,
        fixed: Option<u32>,
    ) -> anyhow::Result<Run> {
        // The AWS CLI gets the same start. A digest counts by its end: `about.start` is the end of
        // the first one.
        let first: Timestamp = set.about.start.parse()?;
        let start = first - SignedDuration::from_hours(1);
        let mut arguments: Vec<OsString> = [
            &format!("s3://{BUCKET}"),
            "--trail",
            &DataSet::trail_arn(),
            "--account",
            ACCOUNT,
            "--region",
            REGION,
            "--start-time",
            &start.to_string(),
        ]
        .map(OsString::from)
        .to_vec();
        if let Some(fixed) = fixed {
            arguments.extend(["--concurrency".into(), fixed.to_string().into()]);
            arguments.push("--fixed-concurrency".into());
        }
        self.verify(set, arguments, client_environment(endpoint.url(), REGION))
    }

    fn verify(
        &self,
        set: &DataSet,
        mut arguments: Vec<OsString>,
        env: BTreeMap<String, String>,
    ) -> anyhow::Result<Run> {
        ensure!(
            self.command.is_file(),
            "{} is not built",
            self.command.display()
        );
        arguments.insert(0, "verify".into());
        arguments.extend([
            "--keys".into(),
            set.keys().into_os_string(),
            "--end-time".into(),
            set.about.end.clone().into(),
            "--format".into(),
            "json".into(),
        ]);
        let program = Program {
            path: self.command.clone(),
            arguments,
            env,
        };
        self.quiet.look();
        let output = measure::measure(&program, &self.scratch)?;
        expect_all_valid(set, &output).with_context(|| format!("{program:?}"))?;
        Ok(output.run)
    }

    /// Verifies a set in S3 with the AWS CLI.
    pub(crate) fn aws_cli(&self, set: &DataSet, endpoint: &Endpoint) -> anyhow::Result<Run> {
        let arguments = [
            "cloudtrail",
            "validate-logs",
            "--trail-arn",
            &DataSet::trail_arn(),
            "--start-time",
            &set.about.start,
            "--end-time",
            &set.about.end,
            "--s3-bucket",
            BUCKET,
            "--region",
            REGION,
        ];
        let mut env = client_environment(endpoint.url(), REGION);
        env.insert("AWS_PAGER".to_owned(), String::new());
        let program = Program {
            path: paths::aws_cli(),
            arguments: arguments.map(OsString::from).to_vec(),
            env,
        };
        let output = measure::measure(&program, &self.scratch)?;
        let valid = |count: u64, what: &str| {
            output
                .stdout
                .contains(&format!("{count}/{count} {what} files valid"))
        };
        if output.run.code != Some(0)
            || !valid(set.about.digests, "digest")
            || !valid(set.about.log_files, "log")
        {
            bail!(
                "the AWS CLI says:\n{}{}",
                tail(&output.stdout),
                tail(&output.stderr)
            );
        }
        Ok(output.run)
    }
}

/// Returns an error unless the command looked at everything and found nothing wrong.
fn expect_all_valid(set: &DataSet, output: &Output) -> anyhow::Result<()> {
    let report: Value = serde_json::from_str(&output.stdout).unwrap_or_default();
    let number = |pointer: &str| report.pointer(pointer).and_then(Value::as_u64);
    if output.run.code != Some(0)
        || number("/totals/digests/valid") != Some(set.about.digests)
        || number("/totals/logFiles/valid") != Some(set.about.log_files)
    {
        bail!(
            "exit code {:?}, {} digests and {} log files expected\n{}{}",
            output.run.code,
            set.about.digests,
            set.about.log_files,
            tail(&output.stdout),
            tail(&output.stderr)
        );
    }
    Ok(())
}

fn tail(text: &str) -> &str {
    const SHOWN: usize = 2000;
    text.char_indices()
        .rev()
        .nth(SHOWN)
        .map_or(text, |(at, _)| &text[at..])
}

/// Returns every file below a folder.
pub(crate) fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    Ok(files)
}
