//! The KMS events that the encryption of log files leaves in the log itself.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::json::{Fields, array};
use super::names::{account_folder, bucket_arn, object_arn, trail_arn};
use super::object::Location;
use super::output::DigestKind;
use super::plan::LogPlan;
use super::records::{Caller, Record, Scene};
use super::region::partition;
use super::rng::Rng;
use super::spec::{KmsAnomalyKind, KmsSpec, TrailSpec};
use super::time::{iso, seconds};

/// An event is in a log file that is delivered at least so long after it.
const LOGGING_LAG_SECONDS: u32 = 60;
/// A reader comes so long after a delivery.
const READ_AFTER_SECONDS: u32 = 45;
/// CloudTrail's own account, as older events show it.
const CLOUDTRAIL_ACCOUNT: &str = "086441151436";

/// How older events name CloudTrail as the source of a call.
const INTERNAL: &str = "internal.amazonaws.com";

/// A KMS event about the trail, as its record states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KmsEvent {
    /// `GenerateDataKey` or `Decrypt`.
    pub event_name: &'static str,
    /// The record's `eventID`.
    pub event_id: String,
    /// `aws:cloudtrail:arn` of the encryption context.
    pub trail_arn: Option<String>,
    /// `aws:s3:arn` of the encryption context: a log file, a folder or a bucket.
    pub s3_arn: String,
    /// The key's ARN, which a refused call's record leaves out.
    pub key_arn: String,
    /// The log file that was really delivered or read, if it was one.
    pub about: Option<Location>,
    /// What is wrong with it, if anything.
    pub anomaly: Option<KmsAnomalyKind>,
}

/// The events to write into each log file, and the key each log file is encrypted under.
#[derive(Debug, Default)]
pub(crate) struct Scheduled {
    by_file: BTreeMap<String, Vec<(Record, KmsEvent)>>,
    object_keys: BTreeMap<String, String>,
}

impl Scheduled {
    /// The events of the log file with the key.
    pub(crate) fn take(&mut self, key: &str) -> Vec<(Record, KmsEvent)> {
        self.by_file.remove(key).unwrap_or_default()
    }

    /// The KMS key of the log file with the key.
    pub(crate) fn object_key(&self, key: &str) -> Option<String> {
        self.object_keys.get(key).cloned()
    }
}

/// Spreads the events of all deliveries over the log files of the key's own account and Region.
pub(crate) fn schedule(spec: &TrailSpec, deliveries: &[&LogPlan]) -> Scheduled {
    let Some(kms) = &spec.kms else {
        return Scheduled::default();
    };
    let events = Events::new(spec, kms);
    let mut files: Vec<&&LogPlan> = deliveries
        .iter()
        .filter(|plan| events.logs_to(plan))
        .collect();
    files.sort_by_key(|plan| plan.delivered_at);
    let mut in_order: Vec<&&LogPlan> = deliveries.iter().collect();
    in_order.sort_by_key(|plan| plan.delivered_at);

    let mut scheduled = Scheduled::default();
    let anomalies = anomalies(spec, kms, deliveries);
    let mut made = vec![events.configuration(spec.start + seconds(spec.offset_seconds))];
    let mut next_bucket_event = Timestamp::MIN;
    for plan in in_order {
        let anomaly = anomalies.get(plan.key.as_str()).copied();
        let object_key = match anomaly {
            Some(KmsAnomalyKind::WrongKeyOnObject) => kms.other_key_arn(),
            _ => kms.key_arn.clone(),
        };
        scheduled.object_keys.insert(plan.key.clone(), object_key);
        if kms.bucket_key && anomaly.is_none() {
            if plan.delivered_at >= next_bucket_event {
                made.push(events.bucket_level(plan));
                next_bucket_event = plan.delivered_at + seconds(3600);
            }
            continue;
        }
        if let Some(KmsAnomalyKind::Denied | KmsAnomalyKind::ForeignCaller) = anomaly {
            made.push(events.delivery(plan, None));
        }
        made.push(events.delivery(plan, anomaly));
        let mut rng = events.rng("read", &plan.key);
        if kms.read_one_in > 0 && rng.one_in(u64::from(kms.read_one_in)) {
            made.push(events.read(plan));
        }
    }
    for (record, event) in made {
        let due = record.time + seconds(LOGGING_LAG_SECONDS);
        let next = files.partition_point(|file| file.delivered_at < due);
        if let Some(file) = files.get(next) {
            let entries = scheduled.by_file.entry(file.key.clone()).or_default();
            entries.push((record, event));
        }
    }
    scheduled
}

/// The keys of the log files that anomalies strike: the first of the first chain's hour.
fn anomalies<'a>(
    spec: &TrailSpec,
    kms: &KmsSpec,
    deliveries: &[&'a LogPlan],
) -> BTreeMap<&'a str, KmsAnomalyKind> {
    let mut struck = BTreeMap::new();
    for anomaly in &kms.anomalies {
        let plan = deliveries.iter().find(|plan| {
            plan.kind == DigestKind::Hourly
                && plan.hour == i64::from(anomaly.hour)
                && plan.account == spec.accounts[0]
                && plan.region == spec.regions[0]
        });
        let plan = plan.expect("an hour with an anomaly has a log file");
        struck.insert(plan.key.as_str(), anomaly.kind);
    }
    struck
}

/// The maker of events under one key.
struct Events<'a> {
    spec: &'a TrailSpec,
    kms: &'a KmsSpec,
    /// The account and Region in whose log the key's events appear.
    account: &'a str,
    region: &'a str,
}

impl<'a> Events<'a> {
    /// The key's events are logged in its own account and Region; where the trail covers neither,
    /// in the first account and the home Region.
    fn new(spec: &'a TrailSpec, kms: &'a KmsSpec) -> Self {
        let mut parts = kms.key_arn.split(':').skip(3);
        let key_region = parts.next().expect("a KMS key ARN has a Region");
        let key_account = parts.next().expect("a KMS key ARN has an account");
        let covered = |list: &'a [String], wanted: &str| {
            let found = list.iter().find(|item| *item == wanted);
            found.map(String::as_str)
        };
        Self {
            spec,
            kms,
            account: covered(&spec.accounts, key_account).unwrap_or(&spec.accounts[0]),
            region: covered(&spec.regions, key_region)
                .or_else(|| covered(&spec.regions, &spec.home_region))
                .unwrap_or(&spec.regions[0]),
        }
    }

    fn logs_to(&self, plan: &LogPlan) -> bool {
        plan.kind == DigestKind::Hourly
            && plan.account == self.account
            && plan.region == self.region
    }

    fn rng(&self, what: &str, subject: &str) -> Rng {
        Rng::for_subject(self.spec.seed, &format!("kms/{what}/{subject}"))
    }

    fn scene(&self, what: &str, subject: &str, time: Timestamp) -> Scene<'a> {
        Scene {
            rng: self.rng(what, subject),
            account: self.account,
            region: self.region,
            time,
        }
    }

    /// The trail is configured to use the key: the context ends with the account's folder.
    fn configuration(&self, time: Timestamp) -> (Record, KmsEvent) {
        let spec = self.spec;
        let folder = format!("{}/", account_folder(spec, spec.trail_account()));
        let scene = self.scene("configuration", "", time);
        let event = KmsEvent {
            event_name: "GenerateDataKey",
            event_id: String::new(),
            trail_arn: Some(trail_arn(spec)),
            s3_arn: object_arn(spec, &spec.bucket, &folder),
            key_arn: self.kms.key_arn.clone(),
            about: None,
            anomaly: None,
        };
        self.finish(scene, Caller::service("cloudtrail.amazonaws.com"), event)
    }

    /// A log file is delivered.
    fn delivery(&self, plan: &LogPlan, anomaly: Option<KmsAnomalyKind>) -> (Record, KmsEvent) {
        let spec = self.spec;
        let what = format!("delivery/{anomaly:?}");
        let mut scene = self.scene(&what, &plan.key, plan.delivered_at);
        let caller = match (anomaly, scene.rng.within(&(0..=5))) {
            (Some(KmsAnomalyKind::ForeignCaller), _) => Caller::user(&mut scene),
            (_, 0) => old_role(&scene),
            (_, 1) => old_user(&scene),
            _ => Caller::service("cloudtrail.amazonaws.com"),
        };
        let mut event = KmsEvent {
            event_name: "GenerateDataKey",
            event_id: String::new(),
            trail_arn: Some(trail_arn(spec)),
            s3_arn: object_arn(spec, &plan.bucket, &plan.key),
            key_arn: self.kms.key_arn.clone(),
            about: Some(plan.location()),
            anomaly,
        };
        match anomaly {
            Some(KmsAnomalyKind::WrongTrail) => {
                event.trail_arn = Some(format!(
                    "arn:{}:cloudtrail:{}:444455556666:trail/shadow-trail",
                    partition(&spec.home_region),
                    spec.home_region
                ));
            }
            Some(KmsAnomalyKind::WrongBucket) => {
                event.s3_arn = object_arn(spec, "amzn-s3-demo-destination-bucket", &plan.key);
            }
            Some(KmsAnomalyKind::MissingObject) => {
                let (stem, _) = plan.key.rsplit_once('_').expect("a log file's key");
                let key = format!("{stem}_{}.json.gz", scene.rng.alphanumeric(16));
                event.s3_arn = object_arn(spec, &plan.bucket, &key);
            }
            Some(KmsAnomalyKind::WrongKeyInEvent) => event.key_arn = self.kms.other_key_arn(),
            _ => {}
        }
        self.finish(scene, caller, event)
    }

    /// A log file is read, through S3, by the reader.
    fn read(&self, plan: &LogPlan) -> (Record, KmsEvent) {
        let time = plan.delivered_at + seconds(READ_AFTER_SECONDS);
        let mut scene = self.scene("read", &plan.key, time);
        let caller = self.reader(&mut scene);
        let event = KmsEvent {
            event_name: "Decrypt",
            event_id: String::new(),
            trail_arn: Some(trail_arn(self.spec)),
            s3_arn: object_arn(self.spec, &plan.bucket, &plan.key),
            key_arn: self.kms.key_arn.clone(),
            about: Some(plan.location()),
            anomaly: None,
        };
        self.finish(scene, caller, event)
    }

    /// S3 renews the bucket's key: the context holds the bucket's ARN, and not always the trail's.
    fn bucket_level(&self, plan: &LogPlan) -> (Record, KmsEvent) {
        let mut scene = self.scene("bucket", &plan.key, plan.delivered_at);
        let named = scene.rng.one_in(2);
        let event_name = *scene.rng.pick(&["GenerateDataKey", "Decrypt"]);
        let caller = if event_name == "Decrypt" {
            self.reader(&mut scene)
        } else {
            Caller::service("cloudtrail.amazonaws.com")
        };
        let event = KmsEvent {
            event_name,
            event_id: String::new(),
            trail_arn: named.then(|| trail_arn(self.spec)),
            s3_arn: bucket_arn(self.spec, &plan.bucket),
            key_arn: self.kms.key_arn.clone(),
            about: None,
            anomaly: None,
        };
        self.finish(scene, caller, event)
    }

    fn reader(&self, scene: &mut Scene) -> Caller {
        let arn = &self.kms.reader_arn;
        let account = arn.split(':').nth(4).expect("an ARN has an account");
        let name = arn.rsplit('/').next().expect("a name");
        let kind = if arn.contains(":assumed-role/") {
            "AssumedRole"
        } else {
            "IAMUser"
        };
        let identity = Fields::new()
            .text("type", kind)
            .text("principalId", &format!("AIDA{}", scene.rng.capitals(17)))
            .text("arn", arn)
            .text("accountId", account)
            .text("accessKeyId", &format!("ASIA{}", scene.rng.capitals(16)))
            .text("userName", name)
            .text("invokedBy", "AWS Internal");
        Caller {
            identity: identity.end(),
            ip: "AWS Internal".into(),
            agent: "AWS Internal".into(),
        }
    }

    /// The record of an event, its key named in one of the ways in which KMS logs it.
    fn finish(&self, mut scene: Scene, caller: Caller, mut event: KmsEvent) -> (Record, KmsEvent) {
        let by_old_account = caller.ip == INTERNAL;
        let mut record = Record::call(&mut scene, "kms.amazonaws.com", event.event_name, caller);
        if by_old_account {
            record.version = "1.02";
            record.event_type = "AwsServiceEvent";
        }
        let mut context = Fields::new();
        if let Some(trail) = &event.trail_arn {
            context = context.text("aws:cloudtrail:arn", trail);
        }
        context = context.text("aws:s3:arn", &event.s3_arn);
        let mut request = Fields::new().object("encryptionContext", context);
        if event.event_name == "Decrypt" {
            request = request.text("encryptionAlgorithm", "SYMMETRIC_DEFAULT");
        } else {
            let (_, bare) = event.key_arn.rsplit_once('/').expect("a KMS key ARN");
            let names: [&str; 3] = [&event.key_arn, bare, &self.kms.alias];
            let forms = if event.key_arn == self.kms.key_arn {
                &names[..]
            } else {
                &names[..2]
            };
            let key_id: &str = scene.rng.pick::<&str>(forms);
            request = request.text("keyId", key_id).text("keySpec", "AES_256");
        }
        record.request = request.end();
        if event.anomaly == Some(KmsAnomalyKind::Denied) {
            record.error = Some((
                "AccessDenied",
                "User: cloudtrail.amazonaws.com is not authorized to perform: kms:GenerateDataKey"
                    .into(),
            ));
        } else {
            let owner = event.key_arn.split(':').nth(4).expect("a KMS key ARN");
            let mut resource = Fields::new();
            resource = if record.version == "1.02" {
                resource
                    .text("ARN", &event.key_arn)
                    .text("accountId", owner)
            } else {
                resource
                    .text("accountId", owner)
                    .text("type", "AWS::KMS::Key")
                    .text("ARN", &event.key_arn)
            };
            record.resources = Some(array(&[resource.end()]));
        }
        event.event_id.clone_from(&record.event_id);
        (record, event)
    }
}

/// CloudTrail's service account, as an assumed role.
fn old_role(scene: &Scene) -> Caller {
    let partition = partition(scene.region);
    let attributes = Fields::new()
        .text("mfaAuthenticated", "false")
        .text("creationDate", &iso(scene.time - seconds(1833)));
    let issuer = Fields::new()
        .text("type", "Role")
        .text("principalId", "AROACKCEVSQ6C2EXAMPLE")
        .text(
            "arn",
            &format!("arn:{partition}:iam::{CLOUDTRAIL_ACCOUNT}:role/AWSCloudTrail"),
        )
        .text("accountId", CLOUDTRAIL_ACCOUNT)
        .text("userName", "AWSCloudTrail");
    let session = Fields::new()
        .object("attributes", attributes)
        .object("sessionIssuer", issuer);
    let identity = Fields::new()
        .text("type", "AssumedRole")
        .text("principalId", "AROACKCEVSQ6C2EXAMPLE:i-34755b85")
        .text(
            "arn",
            &format!(
                "arn:{partition}:sts::{CLOUDTRAIL_ACCOUNT}:assumed-role/AWSCloudTrail/i-34755b85"
            ),
        )
        .text("accountId", CLOUDTRAIL_ACCOUNT)
        .text("accessKeyId", "AKIAI44QH8DHBEXAMPLE")
        .object("sessionContext", session)
        .text("invokedBy", INTERNAL);
    internal(identity)
}

/// CloudTrail's service account, as an IAM user.
fn old_user(scene: &Scene) -> Caller {
    let attributes = Fields::new()
        .text("mfaAuthenticated", "false")
        .text("creationDate", &iso(scene.time - seconds(33)));
    let identity = Fields::new()
        .text("type", "IAMUser")
        .text("principalId", "AIDACKCEVSQ6C2EXAMPLE")
        .text(
            "arn",
            &format!(
                "arn:{}:iam::{CLOUDTRAIL_ACCOUNT}:user/AWSCloudTrail",
                partition(scene.region)
            ),
        )
        .text("accountId", CLOUDTRAIL_ACCOUNT)
        .text("accessKeyId", "AKIAI44QH8DHBEXAMPLE")
        .text("userName", "AWSCloudTrail")
        .object(
            "sessionContext",
            Fields::new().object("attributes", attributes),
        )
        .text("invokedBy", INTERNAL);
    internal(identity)
}

fn internal(identity: Fields) -> Caller {
    Caller {
        identity: identity.end(),
        ip: INTERNAL.into(),
        agent: INTERNAL.into(),
    }
}
