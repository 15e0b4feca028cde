//! The events of deliveries and reads.

use jiff::Timestamp;

use super::super::json::{Fields, array};
use super::super::names::{account_folder, bucket_arn, object_arn, trail_arn};
use super::super::output::DigestKind;
use super::super::plan::LogPlan;
use super::super::records::{Caller, Record, Scene};
use super::super::region::partition;
use super::super::rng::Rng;
use super::super::spec::TrailSpec;
use super::super::time::seconds;
use super::callers::{self, INTERNAL};
use super::spec::{KmsAnomalyKind, KmsSpec, Reader};
use super::{Entry, KmsEvent, enclave};

/// The time after a delivery at which a reader reads the log file.
const READ_AFTER_SECONDS: u32 = 45;
/// The version of older records, whose `resources` have no `type`.
const OLD_VERSION: &str = "1.02";

/// The maker of events under one key.
pub(super) struct Events<'a> {
    pub(super) spec: &'a TrailSpec,
    pub(super) kms: &'a KmsSpec,
    /// The account and Region in whose log the key's events appear.
    account: &'a str,
    region: &'a str,
}

impl<'a> Events<'a> {
    /// Returns the maker of events. The key's events are logged in its own account and Region; the
    /// first account and the home Region replace those that the trail does not cover.
    pub(super) fn new(spec: &'a TrailSpec, kms: &'a KmsSpec) -> Self {
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

    /// Returns whether a log file is one of those that record the key's events.
    pub(super) fn logs_to(&self, plan: &LogPlan) -> bool {
        plan.kind == DigestKind::Hourly
            && plan.account == self.account
            && plan.region == self.region
    }

    pub(super) fn rng(&self, what: &str, subject: &str) -> Rng {
        Rng::for_subject(self.spec.seed, &format!("kms/{what}/{subject}"))
    }

    pub(super) fn scene(&self, what: &str, subject: &str, time: Timestamp) -> Scene<'a> {
        Scene {
            rng: self.rng(what, subject),
            account: self.account,
            region: self.region,
            time,
        }
    }

    /// Returns a call about the trail and something in its bucket; its caller and time are added
    /// later.
    pub(super) fn event(&self, event_name: &'static str, s3_arn: String) -> KmsEvent {
        KmsEvent {
            event_name,
            event_id: String::new(),
            time: Timestamp::MIN,
            caller_arn: None,
            source_ip: String::new(),
            trail_arn: Some(trail_arn(self.spec)),
            s3_arn,
            key_arn: self.kms.key_arn.clone(),
            failed: false,
            about: None,
            anomaly: None,
        }
    }

    /// Returns a call about the trail and a log file.
    pub(super) fn event_about(&self, event_name: &'static str, plan: &LogPlan) -> KmsEvent {
        KmsEvent {
            about: Some(plan.location()),
            ..self.event(event_name, object_arn(self.spec, &plan.bucket, &plan.key))
        }
    }

    /// Returns the ARN of the folder of the trail's own account in the bucket.
    pub(super) fn folder_arn(&self) -> String {
        let folder = account_folder(self.spec, self.spec.trail_account());
        object_arn(self.spec, &self.spec.bucket, &format!("{folder}/"))
    }

    /// Returns the call that configures the trail to use the key: the context ends with the
    /// account's folder.
    pub(super) fn configuration(&self, time: Timestamp) -> Entry {
        let event = self.event("GenerateDataKey", self.folder_arn());
        let scene = self.scene("configuration", "", time);
        self.finish(scene, callers::cloudtrail(), event)
    }

    /// Returns the event of a log file's delivery.
    pub(super) fn delivery(&self, plan: &LogPlan, anomaly: Option<KmsAnomalyKind>) -> Entry {
        let spec = self.spec;
        let what = format!("delivery/{anomaly:?}");
        let mut scene = self.scene(&what, &plan.key, plan.delivered_at);
        let caller = match (anomaly, scene.rng.within(&(0..=5))) {
            (Some(KmsAnomalyKind::ForeignCaller), _) => Caller::user(&mut scene),
            (_, turn) => cloudtrail_of(turn, &scene),
        };
        let mut event = KmsEvent {
            anomaly,
            ..self.event_about("GenerateDataKey", plan)
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
        let delivery = self.finish(scene, caller, event);
        if anomaly == Some(KmsAnomalyKind::Denied) {
            delivery.refused_to_cloudtrail()
        } else {
            delivery
        }
    }

    /// Returns the event of CloudTrail's attempt to deliver a log file, which the key refuses.
    pub(super) fn refused_delivery(&self, plan: &LogPlan, anomaly: KmsAnomalyKind) -> Entry {
        let what = format!("refused/{anomaly:?}");
        let mut scene = self.scene(&what, &plan.key, plan.delivered_at);
        let turn = scene.rng.within(&(0..=5));
        let caller = cloudtrail_of(turn, &scene);
        let event = KmsEvent {
            anomaly: Some(anomaly),
            about: None,
            ..self.event_about("GenerateDataKey", plan)
        };
        self.finish(scene, caller, event).refused_to_cloudtrail()
    }

    /// Returns the read of a log file, through S3 or by an enclave, by one of the readers if there
    /// are any.
    pub(super) fn read(&self, plan: &LogPlan) -> Option<Entry> {
        let reader = self.reader_of(plan)?;
        let time = plan.delivered_at + seconds(READ_AFTER_SECONDS);
        Some(self.read_by(
            reader,
            self.scene("read", &plan.key, time),
            self.event_about("Decrypt", plan),
        ))
    }

    /// Returns S3's renewal of the bucket's key: the context contains the bucket's ARN, and not
    /// always the trail's.
    pub(super) fn bucket_level(&self, plan: &LogPlan) -> Entry {
        let mut scene = self.scene("bucket", &plan.key, plan.delivered_at);
        let named = scene.rng.one_in(2);
        let event_name = *scene.rng.pick(&["GenerateDataKey", "Decrypt"]);
        let reader = (event_name == "Decrypt").then(|| self.reader_of(plan));
        let mut event = self.event(event_name, bucket_arn(self.spec, &plan.bucket));
        event.trail_arn = event.trail_arn.filter(|_| named);
        let Some(reader) = reader.flatten() else {
            event.event_name = "GenerateDataKey";
            return self.finish(scene, callers::cloudtrail(), event);
        };
        self.read_by(reader, scene, event)
    }

    /// Returns the reader whose turn it is to read a log file.
    fn reader_of(&self, plan: &LogPlan) -> Option<&'a Reader> {
        let readers = &self.kms.readers;
        (!readers.is_empty()).then(|| self.rng("reader", &plan.key).pick(readers))
    }

    fn read_by(&self, reader: &Reader, mut scene: Scene, event: KmsEvent) -> Entry {
        let caller = callers::reader(&mut scene, reader);
        let mut entry = self.finish(scene, caller, event);
        // One in three is an older record; the trail's plain reader always has current records.
        let mut rng = self.rng("reader/form", &entry.record.event_id);
        if !matches!(reader, Reader::User(_) | Reader::CloudTrail) && rng.one_in(3) {
            entry = entry.in_old_form();
        }
        match reader {
            Reader::OtherAccount { .. } => entry.record.shared_event_id = Some(rng.uuid()),
            Reader::Enclave { role_arn, image } => {
                let module = callers::enclave_module(role_arn);
                entry.record.additional = Some(enclave::attestation(&module, image));
            }
            _ => {}
        }
        entry
    }

    /// Returns one of the forms in which KMS logs the key of a call: the ARN, the bare ID, the
    /// alias.
    pub(super) fn key_id(&self, rng: &mut Rng, key_arn: &str) -> String {
        let (_, bare) = key_arn.rsplit_once('/').expect("a KMS key ARN");
        let names: [&str; 3] = [key_arn, bare, &self.kms.alias];
        let forms = if key_arn == self.kms.key_arn {
            &names[..]
        } else {
            &names[..2]
        };
        (*rng.pick::<&str>(forms)).to_owned()
    }

    /// Returns the record of an event, with its key in one of the forms in which KMS logs it.
    pub(super) fn finish(&self, mut scene: Scene, caller: Caller, mut event: KmsEvent) -> Entry {
        let by_old_account = caller.ip == INTERNAL;
        event.time = scene.time;
        event.caller_arn = caller.arn();
        event.source_ip.clone_from(&caller.ip);
        let mut record = Record::call(&mut scene, "kms.amazonaws.com", event.event_name, caller);
        let mut context = Fields::new();
        if let Some(trail) = &event.trail_arn {
            context = context.text("aws:cloudtrail:arn", trail);
        }
        context = context.text("aws:s3:arn", &event.s3_arn);
        let mut request = Fields::new().object("encryptionContext", context);
        if event.event_name == "Decrypt" {
            request = request.text("encryptionAlgorithm", "SYMMETRIC_DEFAULT");
        } else {
            let key_id = self.key_id(&mut scene.rng, &event.key_arn);
            request = request.text("keyId", &key_id).text("keySpec", "AES_256");
        }
        record.request = request.end();
        record.resources = Some(resources(&event.key_arn));
        event.event_id.clone_from(&record.event_id);
        let mut entry = Entry {
            record,
            event: Some(event),
        };
        if by_old_account {
            entry = entry.in_old_form();
            entry.record.event_type = "AwsServiceEvent";
        }
        entry
    }
}

impl Entry {
    /// Returns a record without an event of the trail.
    pub(super) fn plain(record: Record) -> Self {
        Self {
            record,
            event: None,
        }
    }

    /// Returns the same call, refused: with an error, and without `resources`.
    pub(super) fn refused(mut self, message: String) -> Self {
        self.record.error = Some(("AccessDenied", message));
        self.record.resources = None;
        if let Some(event) = &mut self.event {
            event.failed = true;
        }
        self
    }

    fn refused_to_cloudtrail(self) -> Self {
        self.refused(
            "User: cloudtrail.amazonaws.com is not authorized to perform: kms:GenerateDataKey"
                .into(),
        )
    }

    /// Returns the same record in the older form: its `resources` have no `type`.
    pub(super) fn in_old_form(mut self) -> Self {
        self.record.version = OLD_VERSION;
        if let Some(event) = &self.event {
            self.record.resources = Some(old_resources(&event.key_arn));
        }
        self
    }
}

/// Returns CloudTrail as the caller: in one case of six each, as its old role and its old user.
fn cloudtrail_of(turn: u32, scene: &Scene) -> Caller {
    match turn {
        0 => callers::old_role(scene),
        1 => callers::old_user(scene),
        _ => callers::cloudtrail(),
    }
}

/// Returns the account of a key's ARN.
fn owner(key_arn: &str) -> &str {
    key_arn.split(':').nth(4).expect("a KMS key ARN")
}

/// Returns the `resources` of a call with a key.
pub(super) fn resources(key_arn: &str) -> String {
    let resource = Fields::new()
        .text("accountId", owner(key_arn))
        .text("type", "AWS::KMS::Key")
        .text("ARN", key_arn);
    array(&[resource.end()])
}

/// Returns the `resources` of a call with a key in an older record.
pub(super) fn old_resources(key_arn: &str) -> String {
    let resource = Fields::new()
        .text("ARN", key_arn)
        .text("accountId", owner(key_arn));
    array(&[resource.end()])
}
