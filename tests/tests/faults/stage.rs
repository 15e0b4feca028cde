//! A deployment on which many runs follow each other, each with an account of its own.

use anyhow::{Context, Result, ensure};
use aws_sdk_kms::error::SdkError;
use aws_sdk_kms::types::{KeySpec, KeyUsageType};
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;
use trailseal_tests::local::{Deployment, FaultProxy, LocalAws, LogBucket, Pump, Rie, Stack};
use trailseal_tests::trail::{KmsSpec, Reader};

pub(crate) const BUCKET: &str = "amzn-s3-demo-bucket";

/// The functions of which a run consists, and the start of the names of their queues' outputs.
const FUNCTIONS: [(&str, &str); 6] = [
    ("DigestValidator", "DigestValidator"),
    ("LogVerifier", "LogVerifier"),
    ("KmsContextChecker", "KmsContextChecker"),
    ("DeletionMonitor", "DeletionMonitor"),
    ("Watchdog", "Watchdog"),
    ("Alerter", "Findings"),
];

/// The time that Lambda gives an invocation. It is much shorter than in the template, so that some
/// faults last longer than an invocation.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(20);

pub(crate) struct Stage {
    pub(crate) aws: LocalAws,
    pub(crate) proxy: FaultProxy,
    pub(crate) pump: Pump,
    stack: Stack,
    evidence_bucket: String,
    /// The key under which CloudTrail encrypts.
    pub(crate) kms: Option<KmsSpec>,
}

impl Stage {
    pub(crate) async fn start(is_encrypted: bool) -> Result<Self> {
        let aws = LocalAws::start().await?;
        let mut deployment =
            Deployment::new("trailseal").bucket(LogBucket::new(BUCKET).versioned());
        let kms = if is_encrypted {
            Some(key(&aws).await?)
        } else {
            None
        };
        if let Some(kms) = &kms {
            let readers = kms.readers.iter().filter_map(|reader| match reader {
                Reader::User(arn) => Some(arn.as_str()),
                _ => None,
            });
            let readers: Vec<&str> = readers.collect();
            deployment = deployment
                .parameter("KmsKeyArns", &kms.key_arn)
                .parameter("Readers", &readers.join(","));
        }
        let stack = deployment.deploy(&aws).await?;
        let evidence_bucket = stack.outputs.get("EvidenceBucketName");
        let evidence_bucket = evidence_bucket.context("no evidence bucket")?.clone();
        let proxy = FaultProxy::start(aws.endpoint()).await?;
        let mut pump = Pump::empty(&aws);
        for (name, _) in FUNCTIONS {
            let function = stack.function(name)?;
            let mut spec = function.spec(&proxy.endpoint())?;
            spec.timeout = TIMEOUT;
            if let Some(rate) = spec.env.get_mut("TRAILSEAL_ALERTS_PER_MINUTE") {
                "600".clone_into(rate);
            }
            let log = aws.new_file(&format!("{name}.log"));
            pump.add(function.clone(), Rie::start(spec, &log).await?)?;
        }
        Ok(Self {
            aws,
            proxy,
            pump,
            stack,
            evidence_bucket,
            kms,
        })
    }

    fn output(&self, name: &str) -> Result<&str> {
        let output = self.stack.outputs.get(name);
        output
            .map(String::as_str)
            .with_context(|| format!("no output {name}"))
    }

    /// Returns how many messages are parked, by function.
    pub(crate) async fn parked(&self) -> Result<BTreeMap<&'static str, usize>> {
        let sqs = self.aws.sqs();
        let mut parked = BTreeMap::new();
        for (function, _) in FUNCTIONS {
            let attribute = QueueAttributeName::ApproximateNumberOfMessages;
            let asked = sqs
                .get_queue_attributes()
                .queue_url(self.pump.dead_letter_url(function)?)
                .attribute_names(attribute.clone())
                .send()
                .await?;
            let count = asked.attributes().and_then(|all| all.get(&attribute));
            let count: usize = count.context("no number")?.parse()?;
            if count > 0 {
                parked.insert(function, count);
            }
        }
        Ok(parked)
    }

    /// Moves the parked messages back, as the runbook says. Returns how many.
    pub(crate) async fn move_back(&self) -> Result<usize> {
        let parked = self.parked().await?;
        let sqs = self.aws.sqs();
        for (function, queue) in FUNCTIONS {
            if parked.contains_key(function) {
                sqs.start_message_move_task()
                    .source_arn(self.output(&format!("{queue}DeadLetterQueueArn"))?)
                    .destination_arn(self.output(&format!("{queue}QueueArn"))?)
                    .send()
                    .await?;
            }
        }
        ensure!(self.parked().await?.is_empty());
        Ok(parked.into_values().sum())
    }

    /// Takes the bodies of the parked messages.
    pub(crate) async fn drain_parked(&self) -> Result<Vec<String>> {
        let mut bodies = Vec::new();
        for (function, _) in FUNCTIONS {
            let of_function = self.pump.drain_dlq(function).await?.into_iter();
            bodies.extend(of_function.map(|body| format!("{function}: {body}")));
        }
        Ok(bodies)
    }

    /// Returns the keys of the evidence bucket with a prefix.
    pub(crate) async fn evidence_keys(&self, prefix: &str) -> Result<Vec<String>> {
        self.aws.object_keys(&self.evidence_bucket, prefix).await
    }

    /// Returns the document of an incident, if there is one.
    pub(crate) async fn incident(&self, id: &str) -> Result<Option<Value>> {
        let get = self.aws.s3().get_object().bucket(&self.evidence_bucket);
        let got = get.key(format!("incidents/{id}.json")).send().await;
        let object = match got.map_err(SdkError::into_service_error) {
            Err(error) if error.is_no_such_key() => return Ok(None),
            got => got?,
        };
        let bytes = object.body.collect().await?.into_bytes();
        Ok(Some(serde_json::from_slice(&bytes)?))
    }

    /// Returns the lines of the functions' logs that report a panic.
    pub(crate) fn panics(&self) -> Result<Vec<String>> {
        let mut panics = Vec::new();
        for entry in fs::read_dir(self.aws.directory())? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "log") {
                let log = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
                let lines = log.lines().filter(|line| line.contains("panicked at"));
                panics.extend(lines.map(str::to_owned));
            }
        }
        Ok(panics)
    }
}

/// Creates a key, with the alias by which some events name it.
async fn key(aws: &LocalAws) -> Result<KmsSpec> {
    let create = aws.kms().create_key().key_spec(KeySpec::SymmetricDefault);
    let create = create.key_usage(KeyUsageType::EncryptDecrypt);
    let created = create.send().await?;
    let arn = created.key_metadata().and_then(|key| key.arn());
    let arn = arn.context("no ARN")?;
    let kms = KmsSpec::new(arn);
    let alias = kms.alias.rsplit(':').next().context("an alias")?;
    let create = aws.kms().create_alias().alias_name(alias);
    create.target_key_id(arn).send().await?;
    Ok(kms)
}
