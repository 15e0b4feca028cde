//! CloudTrail records: the envelope that every event shares, and the caller.

use jiff::Timestamp;

use super::json::{self, Fields, quoted};
use super::plan::LogPlan;
use super::region::partition;
use super::rng::Rng;
use super::services;
use super::spec::TrailSpec;
use super::time::{iso, seconds};

const NULL: &str = "null";

/// One event. Parts that are JSON are JSON text; `None` leaves a field out.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) version: &'static str,
    pub(crate) identity: String,
    pub(crate) time: Timestamp,
    pub(crate) source: &'static str,
    pub(crate) name: &'static str,
    pub(crate) region: String,
    pub(crate) ip: String,
    pub(crate) agent: String,
    pub(crate) error: Option<(&'static str, String)>,
    pub(crate) request: String,
    pub(crate) response: String,
    pub(crate) additional: Option<String>,
    pub(crate) request_id: Option<String>,
    pub(crate) event_id: String,
    pub(crate) read_only: Option<bool>,
    pub(crate) resources: Option<String>,
    pub(crate) event_type: &'static str,
    pub(crate) recipient: String,
    pub(crate) shared_event_id: Option<String>,
    pub(crate) vpc_endpoint_id: Option<String>,
    pub(crate) tls_host: Option<String>,
}

impl Record {
    /// Returns an API call with an empty request and response.
    pub(crate) fn call(
        scene: &mut Scene,
        source: &'static str,
        name: &'static str,
        caller: Caller,
    ) -> Self {
        Self {
            version: if scene.rng.one_in(3) { "1.11" } else { "1.08" },
            identity: caller.identity,
            time: scene.time,
            source,
            name,
            region: scene.region.to_owned(),
            ip: caller.ip,
            agent: caller.agent,
            error: None,
            request: NULL.into(),
            response: NULL.into(),
            additional: None,
            request_id: Some(scene.rng.uuid()),
            event_id: scene.rng.uuid(),
            read_only: Some(true),
            resources: None,
            event_type: "AwsApiCall",
            recipient: scene.account.to_owned(),
            shared_event_id: None,
            vpc_endpoint_id: None,
            tls_host: None,
        }
    }

    /// Returns the record in CloudTrail's order of fields.
    pub(crate) fn to_json(&self) -> String {
        let mut fields = Fields::new()
            .text("eventVersion", self.version)
            .raw("userIdentity", &self.identity)
            .text("eventTime", &iso(self.time))
            .text("eventSource", self.source)
            .text("eventName", self.name)
            .text("awsRegion", &self.region)
            .text("sourceIPAddress", &self.ip)
            .text("userAgent", &self.agent);
        if let Some((code, message)) = &self.error {
            fields = fields.text("errorCode", code).text("errorMessage", message);
        }
        fields = fields
            .raw("requestParameters", &self.request)
            .raw("responseElements", &self.response);
        if let Some(additional) = &self.additional {
            fields = fields.raw("additionalEventData", additional);
        }
        if let Some(id) = &self.request_id {
            fields = fields.text("requestID", id);
        }
        fields = fields.text("eventID", &self.event_id);
        if let Some(read_only) = self.read_only {
            fields = fields.flag("readOnly", read_only);
        }
        if let Some(resources) = &self.resources {
            fields = fields.raw("resources", resources);
        }
        fields = fields
            .text("eventType", self.event_type)
            .flag("managementEvent", true)
            .text("recipientAccountId", &self.recipient);
        if let Some(id) = &self.shared_event_id {
            fields = fields.text("sharedEventID", id);
        }
        if let Some(id) = &self.vpc_endpoint_id {
            fields = fields.text("vpcEndpointId", id);
        }
        fields = fields.text("eventCategory", "Management");
        if let Some(host) = &self.tls_host {
            let details = Fields::new()
                .text("tlsVersion", "TLSv1.3")
                .text("cipherSuite", "TLS_AES_128_GCM_SHA256")
                .text("clientProvidedHostHeader", host);
            fields = fields.object("tlsDetails", details);
        }
        fields.end()
    }
}

/// The place and time of an event.
#[derive(Debug)]
pub(crate) struct Scene<'a> {
    pub(crate) rng: Rng,
    pub(crate) account: &'a str,
    pub(crate) region: &'a str,
    pub(crate) time: Timestamp,
}

impl Scene<'_> {
    /// Returns an ARN in the Region's partition.
    pub(crate) fn arn(&self, service: &str, region: &str, rest: &str) -> String {
        format!(
            "arn:{}:{service}:{region}:{}:{rest}",
            partition(self.region),
            self.account
        )
    }
}

/// The caller, its address and its user agent.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) identity: String,
    pub(crate) ip: String,
    pub(crate) agent: String,
}

impl Caller {
    /// Returns the ARN in the caller's identity, if it has one.
    pub(crate) fn arn(&self) -> Option<String> {
        let identity: serde_json::Value =
            serde_json::from_str(&self.identity).expect("an identity is JSON");
        identity["arn"].as_str().map(str::to_owned)
    }

    /// Returns an IAM user at a terminal.
    pub(crate) fn user(scene: &mut Scene) -> Self {
        let name = *scene.rng.pick(&["alice", "bob", "mateo", "zhang-wei"]);
        let identity = Fields::new()
            .text("type", "IAMUser")
            .text("principalId", &format!("AIDA{}", scene.rng.capitals(17)))
            .text("arn", &scene.arn("iam", "", &format!("user/{name}")))
            .text("accountId", scene.account)
            .text("accessKeyId", &format!("AKIA{}", scene.rng.capitals(16)))
            .text("userName", name);
        Self {
            identity: identity.end(),
            ip: format!("192.0.2.{}", scene.rng.within(&(1..=254))),
            agent: scene
                .rng
                .pick(&[
                    "aws-cli/2.31.3 md/awscrt#0.27.6 ua/2.1 os/linux#6.12 md/arch#x86_64 lang/python#3.13.7",
                    "Boto3/1.40.43 md/Botocore#1.40.43 ua/2.1 os/linux#6.1 lang/python#3.12.11",
                    "APN/1.0 HashiCorp/1.0 Terraform/1.13.3 (+https://www.terraform.io) terraform-provider-aws/6.14.1",
                    "aws-sdk-rust/1.3.9 ua/2.1 api/s3#1.107.0 os/linux lang/rust#1.90.0",
                ])
                .to_string(),
        }
    }

    /// Returns a role with a session.
    pub(crate) fn role(scene: &mut Scene) -> Self {
        let (role, session) = *scene.rng.pick(&[
            ("DeployPipeline", "build-4711"),
            ("OrderService", "i-0d4f1c2b3a4e5f607"),
            (
                "AWSReservedSSO_Auditor_0a1b2c3d4e5f6071",
                "alice@example.com",
            ),
        ]);
        let principal = format!("AROA{}", scene.rng.capitals(17));
        let issuer = Fields::new()
            .text("type", "Role")
            .text("principalId", &principal)
            .text("arn", &scene.arn("iam", "", &format!("role/{role}")))
            .text("accountId", scene.account)
            .text("userName", role);
        let attributes = Fields::new()
            .text("creationDate", &iso(scene.time - seconds(900)))
            .text("mfaAuthenticated", "false");
        let session_context = Fields::new()
            .object("sessionIssuer", issuer)
            .object("attributes", attributes);
        let identity = Fields::new()
            .text("type", "AssumedRole")
            .text("principalId", &format!("{principal}:{session}"))
            .text(
                "arn",
                &scene.arn("sts", "", &format!("assumed-role/{role}/{session}")),
            )
            .text("accountId", scene.account)
            .text("accessKeyId", &format!("ASIA{}", scene.rng.capitals(16)))
            .object("sessionContext", session_context);
        Self {
            identity: identity.end(),
            ip: format!(
                "10.0.{}.{}",
                scene.rng.within(&(0..=3)),
                scene.rng.within(&(4..=250))
            ),
            agent: "aws-sdk-java/2.34.5 ua/2.1 os/Linux#6.1.150-174.amzn2023 lang/java#21.0.8"
                .into(),
        }
    }

    /// Returns an AWS service that calls on its own behalf.
    pub(crate) fn service(host: &str) -> Self {
        let identity = Fields::new()
            .text("type", "AWSService")
            .text("invokedBy", host);
        Self {
            identity: identity.end(),
            ip: host.to_owned(),
            agent: host.to_owned(),
        }
    }
}

/// Returns a log file's ordinary records.
pub(crate) fn ordinary(spec: &TrailSpec, plan: &LogPlan) -> Vec<Record> {
    let mut rng = Rng::for_subject(spec.seed, &plan.key);
    let count = rng.within(&spec.records_per_file);
    (0..count)
        .map(|_| {
            let age = rng.within(&spec.event_age_seconds);
            let mut scene = Scene {
                rng: rng.clone(),
                account: &plan.account,
                region: &plan.region,
                time: plan.delivered_at - seconds(age),
            };
            let record = services::record(&mut scene);
            rng = scene.rng;
            record
        })
        .collect()
}

/// Returns a log file's inflated content: one line of compact JSON.
pub(crate) fn file_content(records: &[Record]) -> String {
    let records: Vec<String> = records.iter().map(Record::to_json).collect();
    format!("{{{}:{}}}", quoted("Records"), json::array(&records))
}
