//! A trail in a local AWS, along with the real functions, deployed by the real template.

use anyhow::{Context, Result, ensure};
use aws_sdk_s3::types::NotificationConfiguration;
use serde_json::Value;
use std::collections::BTreeMap;
use trailseal_tests::local::{
    Alert, Deployment, Expected, FaultProxy, FunctionSpec, LocalAws, LogBucket, Pump, Round, Stack,
    ValidateLogs, Validation, assert_findings,
};
use trailseal_tests::trail::{
    Change, DigestFile, DigestKind, EnclaveSpec, KmsSpec, Object, Reader, Trail, deliver,
};

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const REGION: &str = "us-east-1";
pub(crate) const VALIDATOR: &str = "DigestValidator";
pub(crate) const VERIFIER: &str = "LogVerifier";
pub(crate) const CHECKER: &str = "KmsContextChecker";
pub(crate) const MONITOR: &str = "DeletionMonitor";
pub(crate) const ALERTER: &str = "Alerter";

pub(crate) struct World {
    pub(crate) aws: LocalAws,
    pub(crate) proxy: FaultProxy,
    pub(crate) pump: Pump,
    pub(crate) trail: Trail,
    pub(crate) stack: Stack,
    evidence_bucket: String,
}

/// The image of enclaves that are unrelated to the trail and appear in every log.
const OTHER_IMAGE: &str = "7fb5c55bc2ecbb68ed99a13d7122abfc0666b926a79d5379bc58b9445c84217f59cfdd36c08b2c79552928702efe23e4";

/// Returns the readers of an untouched trail, in the format of the `Readers` parameter.
fn readers(kms: &KmsSpec) -> String {
    let enclave = kms.enclave.as_ref().map(EnclaveSpec::reader);
    let patterns = kms.readers.iter().chain(&enclave).filter_map(|reader| {
        Some(match reader {
            Reader::User(arn) | Reader::Role { arn, .. } => arn.clone(),
            Reader::Enclave { role_arn, .. } => format!("{role_arn}=enclave"),
            Reader::OtherAccount { account, .. } => format!("arn:aws:iam::{account}:root"),
            // It needs no permission.
            Reader::CloudTrail => return None,
        })
    });
    patterns.collect::<Vec<_>>().join(",")
}

impl World {
    /// Deploys the template for the trail's buckets; nothing is delivered yet.
    pub(crate) async fn of(trail: Trail) -> Result<Self> {
        Self::adjusted(trail, |_| ()).await
    }

    pub(crate) async fn adjusted(trail: Trail, adjust: impl Fn(&mut FunctionSpec)) -> Result<Self> {
        Self::within(LocalAws::start().await?, trail, &[], adjust).await
    }

    /// Does the same in an AWS that already contains something, watching further buckets.
    pub(crate) async fn within(
        aws: LocalAws,
        trail: Trail,
        more_buckets: &[&str],
        adjust: impl Fn(&mut FunctionSpec),
    ) -> Result<Self> {
        Self::deployed(aws, trail, more_buckets, |bucket| bucket, &[], adjust).await
    }

    /// Deploys the template for a bucket that keeps versions, with further parameters.
    pub(crate) async fn versioned(trail: Trail, parameters: &[(&str, &str)]) -> Result<Self> {
        let aws = LocalAws::start().await?;
        Self::deployed(aws, trail, &[], LogBucket::versioned, parameters, |_| ()).await
    }

    /// Deploys the template for the trail's buckets, in an AWS that already contains something.
    pub(crate) async fn deployed(
        aws: LocalAws,
        trail: Trail,
        more_buckets: &[&str],
        configure: impl Fn(LogBucket) -> LogBucket,
        parameters: &[(&str, &str)],
        adjust: impl Fn(&mut FunctionSpec),
    ) -> Result<Self> {
        let mut buckets = trail.spec.buckets();
        buckets.extend(more_buckets);
        aws.set_public_keys(&trail.public_keys_by_region())?;
        let mut deployment =
            Deployment::new("trailseal").parameter("TrailArns", &trail.spec.trail_arn());
        for bucket in buckets {
            deployment = deployment.bucket(configure(LogBucket::new(bucket)));
        }
        for (name, value) in parameters {
            deployment = deployment.parameter(name, value);
        }
        if let Some(kms) = &trail.spec.kms {
            deployment = deployment
                .parameter("KmsKeyArns", &kms.key_arn)
                .parameter("Readers", &readers(kms));
            if let Some(enclave) = &kms.enclave {
                let images = format!("{},{OTHER_IMAGE}", enclave.image);
                deployment = deployment.parameter("EnclaveImages", &images);
            }
        }
        let stack = deployment.deploy(&aws).await?;
        let evidence_bucket = stack.outputs.get("EvidenceBucketName");
        let evidence_bucket = evidence_bucket.context("no evidence bucket")?.clone();
        let proxy = FaultProxy::start(aws.endpoint()).await?;
        let pump = Pump::start_adjusted(&aws, &stack, &proxy.endpoint(), |spec| {
            // Tests wait for no rate except for the one that they are about.
            if let Some(rate) = spec.env.get_mut("TRAILSEAL_ALERTS_PER_MINUTE") {
                "600".clone_into(rate);
            }
            adjust(spec);
        })
        .await?;
        Ok(Self {
            aws,
            proxy,
            pump,
            trail,
            stack,
            evidence_bucket,
        })
    }

    /// Delivers the whole trail as CloudTrail does.
    pub(crate) async fn deliver(&self) -> Result<()> {
        deliver::deliver_in_order(&self.aws.s3(), &self.trail).await
    }

    /// Delivers only the log files: their digests are delivered later.
    pub(crate) async fn deliver_log_files(&self) -> Result<()> {
        let logs = self.trail.log_files.iter();
        deliver::deliver_to_s3(&self.aws.s3(), logs.map(|log| &log.object)).await
    }

    /// Delivers only the digests, oldest first, each processed before the next one arrives.
    pub(crate) async fn deliver_digests(&self) -> Result<()> {
        for digest in &self.trail.digests {
            self.put(&digest.object).await?;
            self.settle().await?;
        }
        Ok(())
    }

    /// Returns the documents of the evidence bucket with a prefix, by key: at most a page of them.
    pub(crate) async fn evidence(&self, prefix: &str) -> Result<BTreeMap<String, Value>> {
        let (documents, more) = self.page_of_evidence(prefix, None).await?;
        ensure!(more.is_none(), "more than a page of evidence");
        Ok(documents)
    }

    /// Returns the documents of the evidence bucket with a prefix, by key.
    pub(crate) async fn all_evidence(&self, prefix: &str) -> Result<BTreeMap<String, Value>> {
        let (mut documents, mut more) = self.page_of_evidence(prefix, None).await?;
        while let Some(next) = more {
            let page;
            (page, more) = self.page_of_evidence(prefix, Some(next)).await?;
            documents.extend(page);
        }
        Ok(documents)
    }

    async fn page_of_evidence(
        &self,
        prefix: &str,
        next: Option<String>,
    ) -> Result<(BTreeMap<String, Value>, Option<String>)> {
        let s3 = self.aws.s3();
        let bucket = &self.evidence_bucket;
        let page = s3
            .list_objects_v2()
            .bucket(bucket)
            .prefix(prefix)
            .set_continuation_token(next)
            .send()
            .await?;
        let mut documents = BTreeMap::new();
        for key in page.contents().iter().filter_map(|object| object.key()) {
            let object = s3.get_object().bucket(bucket).key(key).send().await?;
            let bytes = object.body.collect().await?.into_bytes();
            documents.insert(key.to_owned(), serde_json::from_slice(&bytes)?);
        }
        Ok((documents, page.next_continuation_token))
    }

    /// Returns the keys of the evidence bucket with a prefix.
    pub(crate) async fn evidence_keys(&self, prefix: &str) -> Result<Vec<String>> {
        self.aws.object_keys(&self.evidence_bucket, prefix).await
    }

    /// Returns a function's receipts of digests, each with the key of the document that has it: in the
    /// order of the digests of a chain, and then of the checks.
    pub(crate) async fn receipts(&self, function: &str) -> Result<Vec<(String, Value)>> {
        let mut receipts = Vec::new();
        for (key, document) in self.evidence("receipts/2").await? {
            match document["receipts"].as_array() {
                Some(several) => {
                    receipts.extend(several.iter().map(|receipt| (key.clone(), receipt.clone())));
                }
                None => receipts.push((key, document)),
            }
        }
        receipts.retain(|(_, receipt)| receipt["function"] == function);
        Ok(receipts)
    }

    /// Writes a document into the evidence bucket.
    pub(crate) async fn keep_evidence(&self, key: &str, document: &Value) -> Result<()> {
        let put = self.aws.s3().put_object().bucket(&self.evidence_bucket);
        let put = put.key(key).body(document.to_string().into_bytes().into());
        put.send().await?;
        Ok(())
    }

    pub(crate) async fn put(&self, object: &Object) -> Result<()> {
        deliver::put(&self.aws.s3(), object).await
    }

    pub(crate) async fn delete(&self, object: &Object) -> Result<()> {
        deliver::apply(&self.aws.s3(), &Change::Delete(object.location())).await
    }

    /// Stops the bucket's events: for trails whose functions are invoked manually.
    pub(crate) async fn stop_events(&self) -> Result<()> {
        self.aws
            .s3()
            .put_bucket_notification_configuration()
            .bucket(&self.trail.spec.bucket)
            .notification_configuration(NotificationConfiguration::builder().build())
            .send()
            .await?;
        Ok(())
    }

    /// Lets the functions work until nothing is left; nothing may go back to a queue.
    pub(crate) async fn settle(&self) -> Result<()> {
        let rounds = self.pump.until_idle().await?;
        for round in &rounds {
            ensure!(
                round.failed() == 0,
                "messages went back: {round:?}\n{}",
                self.pump.log_tails()
            );
        }
        for function in [VALIDATOR, VERIFIER, CHECKER, MONITOR, ALERTER] {
            ensure!(self.pump.drain_dlq(function).await?.is_empty());
        }
        Ok(())
    }

    /// Makes one try of each waiting message.
    pub(crate) async fn round(&self) -> Result<Round> {
        self.pump.round().await
    }

    /// Checks that exactly these findings were published to SNS so far, except for the starts of
    /// the trail's chains.
    #[track_caller]
    pub(crate) fn assert_alerts(&self, expected: &[Expected]) {
        assert_findings(&self.alerts(), expected);
    }

    /// Returns the alerts that were published to SNS so far, except for the starts of the trail's
    /// chains.
    pub(crate) fn alerts(&self) -> Vec<Alert> {
        let starting = |digest: &&DigestFile| digest.kind == DigestKind::Starting;
        let starting = self.trail.digests.iter().filter(starting);
        except_starts(self.proxy.alerts(), &starting.collect::<Vec<_>>())
    }

    /// Returns a function's answer about one object when it is invoked manually.
    pub(crate) async fn ask(&self, function: &str, object: &Object) -> Result<Value> {
        let event = object.bare_event();
        let answer = self.pump.rie(function)?.invoke(&event).await?;
        let outcome = answer
            .pointer("/outcomes/0")
            .with_context(|| format!("no outcome in {answer}"))?;
        Ok(outcome.clone())
    }

    /// Checks that all digests except for these are valid, and so are all log files that they list.
    pub(crate) async fn assert_rest_valid(
        &self,
        digests_except: &[&DigestFile],
        lists_except: &[&DigestFile],
    ) -> Result<()> {
        let is_in = |digest: &DigestFile, list: &[&DigestFile]| {
            list.iter().any(|other| other.object == digest.object)
        };
        for digest in &self.trail.digests {
            if !is_in(digest, digests_except) {
                let outcome = self.ask(VALIDATOR, &digest.object).await?;
                let found = outcome["findings"].as_array().context("findings")?;
                let starts = digest.kind == DigestKind::Starting
                    && found.iter().all(|it| it["kind"] == "chain-started");
                ensure!(
                    (outcome["verdict"] == "valid" || starts) && outcome["valid"] == 1,
                    "{outcome:#}"
                );
            }
            if !is_in(digest, lists_except) {
                let outcome = self.ask(VERIFIER, &digest.object).await?;
                let listed = digest.document.log_files.len();
                ensure!(
                    outcome["verdict"] == "valid" && outcome["valid"] == listed,
                    "{outcome:#}"
                );
            }
        }
        Ok(())
    }

    /// Returns the AWS CLI's verdict on one chain, in the bucket to which the trail delivers at its
    /// end.
    pub(crate) async fn cli(&self, account: &str, region: &str) -> Result<Validation> {
        let spec = &self.trail.spec;
        let (from, to) = self.trail.time_span();
        let bucket = *spec.buckets().last().context("a bucket")?;
        let mut run = ValidateLogs::new(&spec.trail_arn(), region, &from.to_string())
            .end(&to.to_string())
            .account(account);
        if spec.organization_id.is_none() {
            run = run.bucket(bucket);
            if let Some(prefix) = &spec.prefix {
                run = run.prefix(prefix);
            }
        }
        run.run(&self.aws).await
    }

    /// Checks that the AWS CLI finds exactly these objects of the first chain invalid, for reasons
    /// that start with these texts.
    pub(crate) async fn assert_cli(&self, expected: &[(&Object, &str)]) -> Result<()> {
        let validation = self.cli(ACCOUNT, REGION).await?;
        let expected: BTreeMap<String, &str> = expected
            .iter()
            .map(|(object, reason)| (object.location().to_string(), *reason))
            .collect();
        let invalid = validation.invalid();
        let agrees = invalid.len() == expected.len()
            && invalid.iter().all(|(file, reason)| {
                let expected = expected.get(*file);
                expected.is_some_and(|expected| reason.starts_with(expected))
            });
        ensure!(
            agrees,
            "the AWS CLI says {invalid:#?}, expected {expected:#?}\n{:?}",
            validation.output
        );
        ensure!(validation.code() == i32::from(!expected.is_empty()));
        Ok(())
    }

    /// Returns the digest of an hour of the first chain.
    #[track_caller]
    pub(crate) fn hour(&self, hour: u32) -> &DigestFile {
        self.trail.digest(ACCOUNT, REGION, hour)
    }

    /// Returns how many hourly and starting digests the trail has.
    pub(crate) fn hourly_digests(&self) -> usize {
        let digests = self.trail.digests.iter();
        digests.filter(|d| d.kind != DigestKind::Backfill).count()
    }
}

/// Returns the alerts without the findings about the starts of these chains: every trail has them,
/// correctly.
fn except_starts(alerts: Vec<Alert>, starting: &[&DigestFile]) -> Vec<Alert> {
    let starts = |finding: &Value| {
        finding["kind"] == "chain-started"
            && starting
                .iter()
                .any(|digest| finding["object"]["key"] == digest.object.key.as_str())
    };
    let mut others = Vec::new();
    for mut alert in alerts {
        let mut is_empty = false;
        if let Some(findings) = alert.document["findings"].as_array_mut() {
            findings.retain(|finding| !starts(finding));
            is_empty = findings.is_empty();
        }
        if !is_empty {
            others.push(alert);
        }
    }
    others
}

/// Returns an expected finding without a window.
pub(crate) fn found(kind: &str, object: &Object) -> Expected {
    Expected::new(kind, &object.key)
}
