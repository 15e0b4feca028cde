//! A function in AWS's Lambda runtime interface emulator.

use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use hyper::StatusCode;
use serde_json::Value;
use thiserror::Error;
use tokio::net::TcpStream;
use tokio::sync::Mutex;

use super::http::{self, HttpClient};
use super::paths;
use super::process::{self, Leashed};

/// The maximum time until the emulator listens.
const READY_WITHIN: Duration = Duration::from_secs(20);
/// How much longer than the function's own timeout an answer may take.
const GRACE: Duration = Duration::from_secs(20);
/// How many times a start is tried, because another process may take a free port first.
const STARTS: usize = 3;

/// The function to run, and its settings.
#[derive(Clone, Debug)]
pub struct FunctionSpec {
    /// `AWS_LAMBDA_FUNCTION_NAME`.
    pub name: String,
    /// The executable.
    pub bootstrap: PathBuf,
    /// The whole environment, except for what the emulator adds.
    pub env: BTreeMap<String, String>,
    /// The function's timeout, in whole seconds.
    pub timeout: Duration,
    /// The function's memory. The emulator only passes it to the function.
    pub memory_mb: i32,
}

/// The reason why an invocation returned no result.
#[derive(Clone, Debug, Error)]
pub enum FunctionError {
    /// The handler returned an error.
    #[error("{error_type}: {message}")]
    Returned {
        /// `errorType`.
        error_type: String,
        /// `errorMessage`.
        message: String,
    },
    /// The function did not answer within its timeout.
    #[error("{0}")]
    TimedOut(String),
    /// The process ended, at its start or during the invocation.
    #[error("{0}")]
    Exited(String),
    /// The emulator itself failed.
    #[error("the runtime emulator failed: {0}")]
    Emulator(String),
}

/// A function, ready to be invoked. It ends when dropped.
#[derive(Debug)]
pub struct Rie {
    spec: FunctionSpec,
    client: HttpClient,
    log: PathBuf,
    // The emulator serves one invocation at a time; the lock queues the others.
    running: Mutex<Running>,
}

#[derive(Debug)]
struct Running {
    process: Leashed,
    invoke_uri: String,
}

impl Rie {
    /// Starts the emulator; the function itself starts with its first invocation. Both write to `log`.
    pub async fn start(spec: FunctionSpec, log: &Path) -> Result<Self> {
        let running = Mutex::new(start(&spec, log).await?);
        Ok(Self {
            spec,
            client: http::client(),
            log: log.to_path_buf(),
            running,
        })
    }

    /// Invokes the function and waits for its result. Starts the emulator again if it has ended.
    pub async fn invoke(&self, event: &Value) -> Result<Value, FunctionError> {
        let emulator = |error: anyhow::Error| FunctionError::Emulator(format!("{error:#}"));
        let mut running = self.running.lock().await;
        if !running.process.is_running() {
            *running = start(&self.spec, &self.log).await.map_err(emulator)?;
        }
        let within = self.spec.timeout + GRACE;
        let (status, body) =
            http::post(&self.client, &running.invoke_uri, event.to_string(), within)
                .await
                .map_err(emulator)?;
        result(status, &body)
    }

    /// Ends the function and its emulator; the next invocation is a cold start.
    pub async fn restart(&self) -> Result<()> {
        *self.running.lock().await = start(&self.spec, &self.log).await?;
        Ok(())
    }

    /// Returns the emulator's process ID.
    pub async fn process_id(&self) -> u32 {
        self.running.lock().await.process.pid()
    }

    /// Returns the peak of resident memory of the function's process since it started, in bytes.
    /// Returns `None` while no such process is running.
    pub async fn peak_memory(&self) -> Option<u64> {
        let processes = self.function_ids().await;
        processes.into_iter().filter_map(peak_memory_of).max()
    }

    /// Returns the IDs of the function's processes.
    pub async fn function_ids(&self) -> Vec<u32> {
        process::children_of(self.process_id().await)
    }

    /// Returns what is running.
    pub fn spec(&self) -> &FunctionSpec {
        &self.spec
    }

    /// Returns the last lines that the function and the emulator wrote.
    pub fn log_tail(&self) -> String {
        process::tail(&self.log)
    }
}

impl Drop for Rie {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("{}", self.log_tail());
        }
    }
}

async fn start(spec: &FunctionSpec, log: &Path) -> Result<Running> {
    let mut failure = None;
    for _ in 0..STARTS {
        match try_start(spec, log).await {
            Ok(running) => return Ok(running),
            Err(error) => failure = Some(error),
        }
    }
    failure.map_or_else(|| bail!("not started"), Err)
}

async fn try_start(spec: &FunctionSpec, log: &Path) -> Result<Running> {
    let [invoke, runtime] = free_addresses()?;
    let arguments = [
        "--runtime-interface-emulator-address",
        &invoke,
        "--runtime-api-address",
        &runtime,
        &spec.bootstrap.display().to_string(),
    ];
    let mut env = spec.env.clone();
    for (name, value) in [
        ("AWS_LAMBDA_FUNCTION_NAME", spec.name.clone()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        (
            "AWS_LAMBDA_FUNCTION_TIMEOUT",
            spec.timeout.as_secs().to_string(),
        ),
        (
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
            spec.memory_mb.to_string(),
        ),
    ] {
        env.insert(name.to_owned(), value);
    }
    let directory = spec.bootstrap.parent().context("bootstrap has no folder")?;
    let emulator = paths::runtime_emulator()?;
    let process = Leashed::start(&emulator, &arguments, &env, directory, log)?;
    let deadline = Instant::now() + READY_WITHIN;
    while TcpStream::connect(&invoke).await.is_err() {
        if !process.is_running() {
            bail!("the emulator ended at once\n{}", process.log_tail());
        }
        if Instant::now() > deadline {
            bail!("the emulator does not listen\n{}", process.log_tail());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(Running {
        process,
        invoke_uri: format!("http://{invoke}/2015-03-31/functions/function/invocations"),
    })
}

/// Returns two addresses that are free now. Both are held until both are known, so that they
/// differ.
fn free_addresses() -> Result<[String; 2]> {
    let first = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let second = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok([
        first.local_addr()?.to_string(),
        second.local_addr()?.to_string(),
    ])
}

/// Reads the result. The emulator distinguishes errors of the handler from results only by their
/// fields, and reports a timeout by a line of text; a crash is a 502.
fn result(status: StatusCode, body: &Bytes) -> Result<Value, FunctionError> {
    let text = || String::from_utf8_lossy(body).trim().to_owned();
    if body.is_empty() && status.is_success() {
        return Ok(Value::Null);
    }
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        return Err(if text().starts_with("Task timed out") {
            FunctionError::TimedOut(text())
        } else {
            FunctionError::Emulator(format!("{status}: {}", text()))
        });
    };
    let field = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    match (field("errorType"), field("errorMessage")) {
        (Some(error_type), message) if error_type.starts_with("Runtime.") => Err(
            FunctionError::Exited(format!("{error_type}: {}", message.unwrap_or_default())),
        ),
        (Some(error_type), Some(message)) => Err(FunctionError::Returned {
            error_type,
            message,
        }),
        _ if status.is_success() => Ok(value),
        _ => Err(FunctionError::Emulator(format!("{status}: {}", text()))),
    }
}

/// Returns `VmHWM` of a process, in bytes.
fn peak_memory_of(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}
