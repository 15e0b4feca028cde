//! Deploys the real template into a local AWS.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use aws_sdk_cloudformation::types::{Capability, Parameter};
use aws_sdk_s3::types::{
    BucketLocationConstraint, BucketVersioningStatus, CreateBucketConfiguration,
    EventBridgeConfiguration, NotificationConfiguration, VersioningConfiguration,
};
use tokio::process::Command;
use tokio::sync::OnceCell;

use super::paths;
use super::server::{LocalAws, REGION};
use super::stack::Stack;

/// The maximum time of the translation of the template on a busy machine.
const TRANSLATED_WITHIN: Duration = Duration::from_mins(5);
/// The maximum time of the stack's creation.
const CREATED_WITHIN: Duration = Duration::from_mins(2);

/// The template as `CloudFormation`, the same for every deployment of this process.
static TRANSLATED: OnceCell<String> = OnceCell::const_new();

/// A bucket that CloudTrail delivers to. It is created before the stack.
#[derive(Clone, Debug)]
pub struct LogBucket {
    name: String,
    region: String,
    versioned: bool,
}

impl LogBucket {
    /// Returns a bucket in the stack's Region without versioning.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            region: REGION.to_owned(),
            versioned: false,
        }
    }

    /// Keeps old versions.
    #[must_use]
    pub fn versioned(mut self) -> Self {
        self.versioned = true;
        self
    }

    /// Puts the bucket into another Region, out of reach of the stack's rules.
    #[must_use]
    pub fn in_region(mut self, region: &str) -> Self {
        region.clone_into(&mut self.region);
        self
    }

    /// Creates the bucket, with its events sent to EventBridge.
    pub async fn create(&self, aws: &LocalAws) -> Result<()> {
        let s3 = aws.s3();
        let location = (self.region != REGION).then(|| {
            CreateBucketConfiguration::builder()
                .location_constraint(BucketLocationConstraint::from(self.region.as_str()))
                .build()
        });
        s3.create_bucket()
            .bucket(&self.name)
            .set_create_bucket_configuration(location)
            .send()
            .await
            .with_context(|| format!("creating bucket {}", self.name))?;
        if self.versioned {
            let enabled = VersioningConfiguration::builder()
                .status(BucketVersioningStatus::Enabled)
                .build();
            s3.put_bucket_versioning()
                .bucket(&self.name)
                .versioning_configuration(enabled)
                .send()
                .await?;
        }
        let notifications = NotificationConfiguration::builder()
            .event_bridge_configuration(EventBridgeConfiguration::builder().build())
            .build();
        s3.put_bucket_notification_configuration()
            .bucket(&self.name)
            .notification_configuration(notifications)
            .send()
            .await
            .with_context(|| format!("notifications of bucket {}", self.name))?;
        Ok(())
    }
}

/// A deployment to be made.
#[derive(Clone, Debug)]
pub struct Deployment {
    name: String,
    buckets: Vec<LogBucket>,
    parameters: BTreeMap<String, String>,
}

impl Deployment {
    /// Returns a deployment of the repository's template under a stack name.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            buckets: Vec::new(),
            parameters: BTreeMap::new(),
        }
    }

    /// Adds a log bucket, created first and named in the parameter `LogBuckets`.
    #[must_use]
    pub fn bucket(mut self, bucket: LogBucket) -> Self {
        self.buckets.push(bucket);
        self
    }

    /// Sets a parameter of the template.
    #[must_use]
    pub fn parameter(mut self, name: &str, value: &str) -> Self {
        self.parameters.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Creates the buckets and the stack, waits for it, and reads what was deployed.
    pub async fn deploy(mut self, aws: &LocalAws) -> Result<Stack> {
        for bucket in &self.buckets {
            bucket.create(aws).await?;
        }
        if !self.buckets.is_empty() {
            let names: Vec<&str> = self.buckets.iter().map(|b| b.name.as_str()).collect();
            let names = names.join(",");
            self.parameters
                .entry("LogBuckets".to_owned())
                .or_insert(names);
        }
        let template = TRANSLATED.get_or_try_init(translate).await?;
        let cloudformation = aws.cloudformation();
        let parameters = self.parameters.iter().map(|(name, value)| {
            Parameter::builder()
                .parameter_key(name)
                .parameter_value(value)
                .build()
        });
        cloudformation
            .create_stack()
            .stack_name(&self.name)
            .template_body(template.as_str())
            .set_parameters(Some(parameters.collect()))
            .capabilities(Capability::CapabilityIam)
            .capabilities(Capability::CapabilityNamedIam)
            .send()
            .await
            .with_context(|| format!("creating the stack\n{}", aws.log_tail()))?;
        Stack::deployed(aws, &self.name).await
    }
}

impl Stack {
    /// Waits until a stack is created, and reads what was deployed.
    pub async fn deployed(aws: &LocalAws, name: &str) -> Result<Self> {
        let outputs = wait_until_created(&aws.cloudformation(), name).await?;
        let stack = Self::read(aws, name, outputs).await?;
        subscribe(aws, &stack).await?;
        Ok(stack)
    }
}

/// Subscribes somebody to each topic of the stack: moto ignores the subscriptions of a template.
async fn subscribe(aws: &LocalAws, stack: &Stack) -> Result<()> {
    for topic in ["AlertTopic", "AlarmTopic"] {
        let subscribe = aws.sns().subscribe().topic_arn(stack.resource(topic)?);
        let subscribe = subscribe.protocol("email").endpoint("security@example.com");
        subscribe.send().await.context("subscribing to a topic")?;
    }
    let exporter = stack.functions.get("Exporter");
    if let Some(queue) = exporter.and_then(|exporter| exporter.queue.as_ref()) {
        let subscribe = aws.sns().subscribe().topic_arn(stack.alert_topic()?);
        let subscribe = subscribe.protocol("sqs").endpoint(&queue.arn);
        let subscribe = subscribe.attributes("RawMessageDelivery", "true");
        subscribe.send().await.context("subscribing the exporter")?;
    }
    Ok(())
}

async fn translate() -> Result<String> {
    let run = Command::new(paths::python())
        .arg(paths::translate_script())
        .arg(paths::template())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(TRANSLATED_WITHIN, run)
        .await
        .context("the template's translation takes too long")??;
    if !output.status.success() {
        bail!(
            "the template does not translate\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    String::from_utf8(output.stdout).context("translated template")
}

async fn wait_until_created(
    cloudformation: &aws_sdk_cloudformation::Client,
    name: &str,
) -> Result<BTreeMap<String, String>> {
    let deadline = Instant::now() + CREATED_WITHIN;
    loop {
        let described = cloudformation
            .describe_stacks()
            .stack_name(name)
            .send()
            .await?;
        let stack = described.stacks().first().context("no such stack")?;
        let status = stack.stack_status().map_or("", |status| status.as_str());
        match status {
            "CREATE_COMPLETE" => {
                let outputs = stack.outputs().iter().filter_map(|output| {
                    Some((
                        output.output_key()?.to_owned(),
                        output.output_value()?.to_owned(),
                    ))
                });
                return Ok(outputs.collect());
            }
            "CREATE_IN_PROGRESS" if Instant::now() < deadline => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            _ => bail!(
                "the stack is {status}: {}",
                stack.stack_status_reason().unwrap_or("no reason given")
            ),
        }
    }
}
