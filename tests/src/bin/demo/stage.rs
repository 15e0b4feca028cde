//! The environment of the demo: a local AWS, the deployed stack, and its functions.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use aws_sdk_kms::types::{KeySpec, KeyUsageType};
use futures::future::try_join_all;
use jiff::Timestamp;
use std::time::Duration;
use trailseal_tests::local::{
    Deployment, FaultProxy, Invocation, LocalAws, LogBucket, Pump, Stack, paths,
};
use trailseal_tests::trail::{KmsSpec, Trail, TrailSpec};

use crate::screen::{Screen, counted};
use crate::verdicts::{ALERTER, TRIGGERED};

/// The Regions that the trail logs.
pub(crate) const REGIONS: [&str; 3] = ["us-east-1", "eu-central-1", "ap-southeast-2"];
/// How many log files CloudTrail delivers in each Region.
const LOG_FILES_AN_HOUR: u32 = 4;
/// The longest time for which a batch is gathered. The demo's hours pass in seconds, so that the
/// windows of the template would take most of its time.
const LONGEST_WINDOW: Duration = Duration::from_secs(1);
/// How many hours ago the trail's last hour ended. A chain is overdue after six hours.
pub(crate) const SILENT_HOURS: u32 = 7;

/// A local AWS with the stack in it. Its processes and files end with it.
pub(crate) struct Stage {
    /// The functions.
    pub(crate) pump: Pump,
    /// The proxy between the functions and AWS.
    pub(crate) proxy: FaultProxy,
    /// The trail to be delivered.
    pub(crate) trail: Trail,
    /// The name of the evidence bucket.
    pub(crate) evidence_bucket: String,
    /// The ID of the KMS key of its log files.
    pub(crate) key_id: String,
    /// How many messages each function has processed.
    pub(crate) handled: Handled,
    /// The local AWS, which the others need until they have ended.
    pub(crate) aws: LocalAws,
}

/// The messages that functions have processed, by function.
#[derive(Clone, Default)]
pub(crate) struct Handled(Arc<Mutex<BTreeMap<String, usize>>>);

impl Handled {
    pub(crate) fn by(&self, function: &str) -> usize {
        let handled = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        handled.get(function).copied().unwrap_or_default()
    }

    fn count(&self, invocation: &Invocation) {
        let mut handled = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let done = invocation.messages - invocation.failed.len();
        *handled.entry(invocation.function.clone()).or_default() += done;
    }
}

impl Stage {
    /// Starts and deploys everything.
    pub(crate) async fn set_up(screen: &Screen) -> Result<Self> {
        for function in TRIGGERED.iter().chain([&ALERTER]) {
            paths::bootstrap(function)?;
        }
        screen.step("Starting moto, which simulates AWS on this machine, on a free port.");
        let aws = LocalAws::start().await?;
        screen.step(&format!("moto listens on {}.", aws.endpoint()));

        let (key_id, key_arn) = create_key(&aws).await?;
        let default = TrailSpec::default();
        let spec = TrailSpec {
            start: hours_ago(default.hours + SILENT_HOURS)?,
            regions: REGIONS.map(str::to_owned).to_vec(),
            log_files_per_hour: LOG_FILES_AN_HOUR..=LOG_FILES_AN_HOUR,
            kms: Some(KmsSpec::new(&key_arn)),
            ..default
        };
        screen.step(&format!(
            "Creating the log bucket {}, a KMS key for its log files, and the stack of template.yaml.",
            spec.bucket
        ));
        let deployment = Deployment::new("trailseal")
            .bucket(LogBucket::new(&spec.bucket).versioned())
            .parameter("TrailArns", &spec.trail_arn())
            .parameter("KmsKeyArns", &key_arn);
        let building = tokio::task::spawn_blocking(|| spec.build());
        let stack = deployment.deploy(&aws).await?;
        let trail = building.await?;
        aws.set_public_keys(&trail.public_keys_by_region())?;
        screen.step(&format!(
            "The stack has {}, among them {}, each with its queue and dead-letter queue.",
            counted(stack.resources.len(), "resource"),
            counted(stack.functions.len(), "function")
        ));

        let evidence_bucket = stack.outputs.get("EvidenceBucketName");
        let evidence_bucket = evidence_bucket.context("no evidence bucket")?.clone();
        let proxy = FaultProxy::start(aws.endpoint()).await?;
        let handled = Handled::default();
        let pump = start_functions(&aws, &stack, &proxy, handled.clone()).await?;
        screen.step("Each function runs in the AWS Lambda Runtime Interface Emulator.");
        Ok(Self {
            pump,
            proxy,
            trail,
            evidence_bucket,
            key_id,
            handled,
            aws,
        })
    }

    /// Carries messages from the queues to the functions, as long as it is polled.
    pub(crate) async fn carry_messages(&self) -> Result<Infallible> {
        let functions = self.pump.functions();
        let mut carried =
            try_join_all(functions.map(|function| self.pump.carry(function, LONGEST_WINDOW)))
                .await?;
        carried.pop().context("no function runs")
    }
}

/// Returns the start of an hour: so many hours before the current hour.
fn hours_ago(hours: u32) -> Result<Timestamp> {
    let now = Timestamp::now().as_second();
    let hour = now - now.rem_euclid(3600);
    Ok(Timestamp::from_second(hour - i64::from(hours) * 3600)?)
}

/// Creates a symmetric key; returns its ID and its ARN.
async fn create_key(aws: &LocalAws) -> Result<(String, String)> {
    let created = aws
        .kms()
        .create_key()
        .key_spec(KeySpec::SymmetricDefault)
        .key_usage(KeyUsageType::EncryptDecrypt)
        .send()
        .await?;
    let key = created.key_metadata().context("no key")?;
    let arn = key.arn().context("the key has no ARN")?;
    Ok((key.key_id().to_owned(), arn.to_owned()))
}

async fn start_functions(
    aws: &LocalAws,
    stack: &Stack,
    proxy: &FaultProxy,
    handled: Handled,
) -> Result<Pump> {
    let pump = Pump::start_adjusted(aws, stack, &proxy.endpoint(), |spec| {
        // The template's `LoggingConfig` makes Lambda set this.
        let format = ("AWS_LAMBDA_LOG_FORMAT".to_owned(), "JSON".to_owned());
        spec.env.extend([format]);
    })
    .await?;
    Ok(pump.on_invocation(move |invocation| handled.count(invocation)))
}
