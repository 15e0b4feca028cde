//! The local AWS itself: moto, started with `tests/local-aws/server.py`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::Credentials;
use serde_json::Value;
use tempfile::TempDir;

use super::paths;
use super::process::Leashed;

/// The Region of the stack, and of clients that name none.
pub const REGION: &str = "us-east-1";
/// The account of every request.
pub const ACCOUNT: &str = "111122223333";
/// Credentials that mean nothing outside of the local AWS.
pub const ACCESS_KEY_ID: &str = "AKIAIOSFODNN7EXAMPLE";
/// See [`ACCESS_KEY_ID`].
pub const SECRET_ACCESS_KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

/// The maximum time until the server has started on a busy machine.
const READY_WITHIN: Duration = Duration::from_secs(90);

/// Public keys by Region.
type PublicKeys = BTreeMap<String, Vec<Value>>;

/// A running local AWS. It ends when dropped.
#[derive(Debug)]
pub struct LocalAws {
    server: Leashed,
    endpoint: String,
    config: SdkConfig,
    keys: PathBuf,
    known_keys: Mutex<PublicKeys>,
    // Declared last, so that the files are removed after the processes that write them.
    directory: TempDir,
    next_file: AtomicUsize,
}

impl LocalAws {
    /// Starts the server on a free port and waits until it listens.
    pub async fn start() -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("trailseal-").tempdir()?;
        let keys = directory.path().join("public-keys.json");
        fs::write(&keys, "{}")?;
        let log = directory.path().join("server.log");
        let keys_file = keys.display().to_string();
        let arguments = [
            &["--port", "0", "--public-keys", &keys_file],
            &["--through", nursery()?][..],
        ]
        .concat();
        let server = start_server(&arguments, directory.path(), &log)?;
        let endpoint = wait_for_endpoint(&server, &log).await?;
        let config = sdk_config(&endpoint, REGION).await;
        Ok(Self {
            server,
            endpoint,
            config,
            keys,
            known_keys: Mutex::default(),
            directory,
            next_file: AtomicUsize::new(0),
        })
    }

    /// Returns `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Replaces the answers of `ListPublicKeys`: `{"us-east-1": [{"Value", "ValidityStartTime",
    /// "ValidityEndTime", "Fingerprint"}], …}`. The server reads them at each call.
    pub fn set_public_keys(&self, keys: &Value) -> Result<()> {
        let new = self.keys.with_extension("new");
        fs::write(&new, serde_json::to_vec(keys)?)?;
        fs::rename(new, &self.keys).context("public keys")
    }

    /// Adds to the answers of `ListPublicKeys`, so that several trails can share a local AWS.
    pub fn add_public_keys(&self, keys: &Value) -> Result<()> {
        let new: PublicKeys = serde_json::from_value(keys.clone())?;
        let mut known = self
            .known_keys
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for (region, keys) in new {
            let of_region = known.entry(region).or_default();
            for key in keys {
                if !of_region.contains(&key) {
                    of_region.push(key);
                }
            }
        }
        self.set_public_keys(&serde_json::to_value(&*known)?)
    }

    /// Returns a folder for logs and other files, which is removed with this value.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Returns a file name in [`Self::directory`] that is not in use.
    pub fn new_file(&self, name: &str) -> PathBuf {
        let number = self.next_file.fetch_add(1, Ordering::Relaxed);
        self.directory.path().join(format!("{number:03}-{name}"))
    }

    /// Returns the server's process ID.
    pub fn process_id(&self) -> u32 {
        self.server.pid()
    }

    /// Returns the last lines that the server wrote, for the output of a failing test.
    pub fn log_tail(&self) -> String {
        self.server.log_tail()
    }

    /// Returns the SDK configuration that every client here is made from.
    pub fn sdk_config(&self) -> &SdkConfig {
        &self.config
    }

    /// Returns the same for another Region.
    pub async fn sdk_config_in(&self, region: &str) -> SdkConfig {
        sdk_config(&self.endpoint, region).await
    }

    /// Returns the same with another endpoint, such as a proxy.
    pub fn sdk_config_at(&self, endpoint: &str) -> SdkConfig {
        self.config.to_builder().endpoint_url(endpoint).build()
    }

    /// Returns a client for S3.
    pub fn s3(&self) -> aws_sdk_s3::Client {
        let config = aws_sdk_s3::config::Builder::from(&self.config)
            .force_path_style(true)
            .build();
        aws_sdk_s3::Client::from_conf(config)
    }

    /// Returns the keys of a bucket with a prefix, on any number of pages.
    pub async fn object_keys(&self, bucket: &str, prefix: &str) -> Result<Vec<String>> {
        let request = self.s3().list_objects_v2().bucket(bucket).prefix(prefix);
        let mut pages = request.into_paginator().send();
        let mut keys = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.with_context(|| format!("list s3://{bucket}/{prefix}"))?;
            let found = page.contents().iter().filter_map(|object| object.key());
            keys.extend(found.map(str::to_owned));
        }
        Ok(keys)
    }

    /// Returns a client for SQS.
    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&self.config)
    }

    /// Returns a client for SNS.
    pub fn sns(&self) -> aws_sdk_sns::Client {
        aws_sdk_sns::Client::new(&self.config)
    }

    /// Returns a client for STS.
    pub fn sts(&self) -> aws_sdk_sts::Client {
        aws_sdk_sts::Client::new(&self.config)
    }

    /// Returns a client for KMS.
    pub fn kms(&self) -> aws_sdk_kms::Client {
        aws_sdk_kms::Client::new(&self.config)
    }

    /// Returns a client for `CloudFormation`.
    pub fn cloudformation(&self) -> aws_sdk_cloudformation::Client {
        aws_sdk_cloudformation::Client::new(&self.config)
    }

    /// Returns a client for Lambda.
    pub fn lambda(&self) -> aws_sdk_lambda::Client {
        aws_sdk_lambda::Client::new(&self.config)
    }
}

/// Starts `tests/local-aws/server.py`.
fn start_server(arguments: &[&str], directory: &Path, log: &Path) -> Result<Leashed> {
    let script = paths::server_script().display().to_string();
    let arguments = [&[script.as_str()], arguments].concat();
    let env = BTreeMap::from([
        ("MOTO_ACCOUNT_ID".to_owned(), ACCOUNT.to_owned()),
        ("PYTHONUNBUFFERED".to_owned(), "1".to_owned()),
        ("PYTHONDONTWRITEBYTECODE".to_owned(), "1".to_owned()),
    ]);
    Leashed::start(&paths::python(), &arguments, &env, directory, log)
}

/// Returns the name of this process's nursery, which imports moto once for all its local AWS. It
/// ends with this process.
fn nursery() -> Result<&'static str> {
    static NURSERY: Mutex<Option<Leashed>> = Mutex::new(None);
    static NAME: LazyLock<String> =
        LazyLock::new(|| format!("trailseal-nursery-{}", std::process::id()));
    let mut nursery = NURSERY.lock().unwrap_or_else(PoisonError::into_inner);
    if nursery.is_none() {
        let arguments = ["--nursery", NAME.as_str()];
        let log = Path::new("/dev/null");
        *nursery = Some(start_server(&arguments, &std::env::temp_dir(), log)?);
    }
    Ok(&NAME)
}

impl Drop for LocalAws {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("{}", self.log_tail());
        }
    }
}

/// Returns the environment that makes a program call `endpoint` and nothing else.
pub fn client_environment(endpoint: &str, region: &str) -> BTreeMap<String, String> {
    [
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID),
        ("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY),
        ("AWS_REGION", region),
        ("AWS_DEFAULT_REGION", region),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_CONFIG_FILE", "/dev/null"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect()
}

async fn sdk_config(endpoint: &str, region: &str) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(region.to_owned()))
        .endpoint_url(endpoint)
        .credentials_provider(Credentials::new(
            ACCESS_KEY_ID,
            SECRET_ACCESS_KEY,
            None,
            None,
            "local",
        ))
        .load()
        .await
}

/// The server chooses a free port itself and prints it: `listening on http://HOST:PORT`.
async fn wait_for_endpoint(server: &Leashed, log: &Path) -> Result<String> {
    let deadline = Instant::now() + READY_WITHIN;
    loop {
        let text = fs::read_to_string(log).unwrap_or_default();
        let endpoint = text
            .split_inclusive('\n')
            .filter(|line| line.ends_with('\n'))
            .find_map(|line| line.trim_end().strip_prefix("listening on "));
        if let Some(endpoint) = endpoint {
            return Ok(endpoint.to_owned());
        }
        if !server.is_running() {
            bail!("the local AWS ended at once\n{}", server.log_tail());
        }
        if Instant::now() > deadline {
            bail!(
                "the local AWS is not ready after {READY_WITHIN:?}\n{}",
                server.log_tail()
            );
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
