//! One run of a program, measured: time on the clock, time on the processors, peak of memory.
//!
//! Linux counts the memory of the process that starts a program as that program's, until it is
//! replaced. Therefore, this program starts itself again with little in memory, and that process
//! starts the measured program: `getrusage` then reports only this one child.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use anyhow::{Context as _, bail};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use serde::{Deserialize, Serialize};

/// The argument that makes this program the one in the middle: `measure RESULT PROGRAM ARGUMENTS…`.
pub(crate) const SUBCOMMAND: &str = "measure";

/// The measurements of a run.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Run {
    /// The exit code, if the program was not killed.
    pub(crate) code: Option<i32>,
    /// The seconds on the clock.
    pub(crate) wall: f64,
    /// The seconds on the processors, outside of the kernel.
    pub(crate) user: f64,
    /// The seconds on the processors, in the kernel.
    pub(crate) system: f64,
    /// The peak of resident memory in bytes.
    pub(crate) peak: u64,
}

impl Run {
    /// Returns the seconds on the processors.
    pub(crate) fn processor(self) -> f64 {
        self.user + self.system
    }
}

/// The program to run.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    /// The executable.
    pub(crate) path: std::path::PathBuf,
    /// Its arguments.
    pub(crate) arguments: Vec<OsString>,
    /// Its whole environment except for `PATH`.
    pub(crate) env: BTreeMap<String, String>,
}

/// A run with the program's output.
#[derive(Debug)]
pub(crate) struct Output {
    /// The measurements.
    pub(crate) run: Run,
    /// Standard output.
    pub(crate) stdout: String,
    /// Standard error.
    pub(crate) stderr: String,
}

/// Runs a program; files for its results are in `scratch`.
pub(crate) fn measure(program: &Program, scratch: &Path) -> anyhow::Result<Output> {
    let result = scratch.join("measured.json");
    let output = Command::new(std::env::current_exe()?)
        .arg(SUBCOMMAND)
        .arg(&result)
        .arg(&program.path)
        .args(&program.arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", scratch)
        .envs(&program.env)
        .current_dir(scratch)
        .stdin(Stdio::null())
        .output()
        .context("starting this program again")?;
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if !output.status.success() {
        bail!("{}", said(&output.stderr));
    }
    Ok(Output {
        run: serde_json::from_slice(&fs::read(&result)?)?,
        stdout: said(&output.stdout),
        stderr: said(&output.stderr),
    })
}

/// Runs as the process in the middle.
pub(crate) fn child(arguments: &[String]) -> anyhow::Result<ExitCode> {
    let [_, result, program, arguments @ ..] = arguments else {
        bail!("{SUBCOMMAND} RESULT PROGRAM ARGUMENTS…");
    };
    let began = Instant::now();
    let status = Command::new(program)
        .args(arguments)
        .status()
        .with_context(|| format!("starting {program}"))?;
    let wall = began.elapsed().as_secs_f64();
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let seconds = |time: nix::sys::time::TimeVal| {
        std::time::Duration::from_micros(time.num_microseconds().unsigned_abs()).as_secs_f64()
    };
    let run = Run {
        code: status.code(),
        wall,
        user: seconds(usage.user_time()),
        system: seconds(usage.system_time()),
        // Linux counts kilobytes.
        peak: usage.max_rss().unsigned_abs() * 1024,
    };
    fs::write(result, serde_json::to_vec(&run)?)?;
    Ok(ExitCode::SUCCESS)
}
