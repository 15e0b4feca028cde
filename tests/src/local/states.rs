//! State machines in the local AWS, which executes them (`tests/local-aws/state_machines.py`).

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use http_body_util::BodyExt;
use hyper::Request;
use serde_json::{Value, json};

use super::http;
use super::server::{ACCESS_KEY_ID, LocalAws, REGION};

/// The time between two looks at an execution.
const POLL: Duration = Duration::from_millis(100);

/// An execution of a state machine that has ended.
#[derive(Clone, Debug)]
pub struct Execution {
    /// Its name.
    pub name: String,
    /// `SUCCEEDED`, `FAILED`, `TIMED_OUT` or `ABORTED`.
    pub status: String,
    /// Its output, if it succeeded.
    pub output: Value,
    /// The error's name, if it failed.
    pub error: String,
    /// The error's cause, if it failed.
    pub cause: String,
}

impl Execution {
    /// Executes a state machine with an input, and waits for the end.
    pub async fn run(
        aws: &LocalAws,
        machine_arn: &str,
        name: &str,
        input: &Value,
        within: Duration,
    ) -> Result<Self> {
        let start = json!({
            "stateMachineArn": machine_arn, "name": name, "input": input.to_string(),
        });
        let started = call(aws, "StartExecution", &start).await?;
        let describe = json!({"executionArn": started["executionArn"]});
        let deadline = Instant::now() + within;
        loop {
            let described = call(aws, "DescribeExecution", &describe).await?;
            if described["status"] != "RUNNING" {
                return Self::of(name, &described);
            }
            ensure!(
                Instant::now() < deadline,
                "the execution {name} did not end within {within:?}\n{}",
                aws.log_tail()
            );
            tokio::time::sleep(POLL).await;
        }
    }

    fn of(name: &str, described: &Value) -> Result<Self> {
        let text = |field: &str| described[field].as_str().unwrap_or_default().to_owned();
        let output = match described["output"].as_str() {
            Some(output) => serde_json::from_str(output).context("output")?,
            None => Value::Null,
        };
        Ok(Self {
            name: name.to_owned(),
            status: text("status"),
            output,
            error: text("error"),
            cause: text("cause"),
        })
    }
}

/// Calls an operation of Step Functions. The tests need few of them, and the SDK's client would
/// take long to compile.
async fn call(aws: &LocalAws, operation: &str, body: &Value) -> Result<Value> {
    // The server reads the Region and the service from it, and checks no signature.
    let credential = format!("{ACCESS_KEY_ID}/20260101/{REGION}/states/aws4_request");
    let request = Request::post(aws.endpoint())
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", format!("AWSStepFunctions.{operation}"))
        .header(
            "authorization",
            format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0"),
        )
        .body(http::full(body.to_string()))?;
    let response = http::client()
        .request(request)
        .await
        .context(operation.to_owned())?;
    let status = response.status();
    let answer = response.into_body().collect().await?.to_bytes();
    ensure!(
        status.is_success(),
        "{operation}: {status} {}",
        String::from_utf8_lossy(&answer)
    );
    Ok(serde_json::from_slice(&answer)?)
}
