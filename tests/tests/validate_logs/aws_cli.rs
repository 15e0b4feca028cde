//! The AWS CLI, kept running: `tests/local-aws/validate_logs_driver.py`.

use std::process::Stdio;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use trailseal_tests::local::LocalAws;
use trailseal_tests::local::paths;
use trailseal_tests::local::server::client_environment;

/// A request to the AWS CLI.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Request {
    pub(crate) arguments: Vec<String>,
    /// The Region in the environment.
    pub(crate) region: String,
    /// Whether it can read keys in `SubjectPublicKeyInfo` form, which it cannot.
    pub(crate) accept_spki: bool,
    /// Keys that it does not see.
    pub(crate) without_keys: Vec<String>,
}

/// The stream that a text was written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Stream {
    Out,
    Err,
}

/// The AWS CLI's output and exit code.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Answer {
    pub(crate) code: i32,
    pub(crate) writes: Vec<(Stream, String)>,
}

impl Answer {
    /// Returns everything that was written to one stream.
    pub(crate) fn text(&self, of: Stream) -> String {
        let writes = self.writes.iter();
        writes
            .filter(|(stream, _)| *stream == of)
            .map(|(_, text)| text.as_str())
            .collect()
    }
}

/// A running driver.
#[derive(Debug)]
pub(crate) struct AwsCli {
    _child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl AwsCli {
    /// Starts it against a local AWS.
    pub(crate) fn start(aws: &LocalAws) -> Result<Self> {
        let script = paths::repository().join("tests/local-aws/validate_logs_driver.py");
        let mut child = Command::new(paths::python())
            .arg(&script)
            .env_clear()
            .envs(client_environment(aws.endpoint(), "us-east-1"))
            .env_remove("AWS_REGION")
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", aws.directory())
            .env("PYTHONUTF8", "1")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("starting {}", script.display()))?;
        let stdin = child.stdin.take().context("no standard input")?;
        let stdout = child.stdout.take().context("no standard output")?;
        Ok(Self {
            _child: child,
            stdin,
            stdout: BufReader::new(stdout),
        })
    }

    /// Runs it.
    pub(crate) async fn ask(&mut self, request: &Request) -> Result<Answer> {
        let mut line = serde_json::to_string(request)?;
        line.push('\n');
        self.stdin.write_all(line.as_bytes()).await?;
        self.stdin.flush().await?;
        line.clear();
        self.stdout.read_line(&mut line).await?;
        serde_json::from_str(&line).with_context(|| format!("the driver said {line:?}"))
    }
}
