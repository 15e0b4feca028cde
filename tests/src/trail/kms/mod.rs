//! The KMS events that the encryption of log files leaves in the log itself.

mod attacks;
mod callers;
mod enclave;
mod events;
mod spec;
#[cfg(test)]
mod tests;
mod unrelated_calls;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

pub use self::spec::{EnclaveSpec, KmsAnomaly, KmsAnomalyKind, KmsSpec, Reader};

use self::events::Events;
use super::object::Location;
use super::output::DigestKind;
use super::plan::LogPlan;
use super::records::Record;
use super::spec::TrailSpec;
use super::time::seconds;

/// The minimum time between an event and the delivery of the log file that contains it.
const LOGGING_LAG_SECONDS: u32 = 60;

/// A KMS event about the trail, as its record states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KmsEvent {
    /// `GenerateDataKey` or `Decrypt`.
    pub event_name: &'static str,
    /// The record's `eventID`.
    pub event_id: String,
    /// The record's `eventTime`.
    pub time: Timestamp,
    /// `userIdentity.arn`, which neither a service nor a caller from another account has.
    pub caller_arn: Option<String>,
    /// `sourceIPAddress`: an address, or a service.
    pub source_ip: String,
    /// `aws:cloudtrail:arn` of the encryption context.
    pub trail_arn: Option<String>,
    /// `aws:s3:arn` of the encryption context: a log file, a folder or a bucket.
    pub s3_arn: String,
    /// The key's ARN, which the record of a refused call leaves out.
    pub key_arn: String,
    /// Whether KMS refused: the record has an `errorCode`.
    pub failed: bool,
    /// The log file that was actually delivered, planted or read, if it was one.
    pub about: Option<Location>,
    /// The error in it, if any.
    pub anomaly: Option<KmsAnomalyKind>,
}

/// A record to write, and the KMS event that it states if it is about the trail.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) record: Record,
    pub(crate) event: Option<KmsEvent>,
}

/// The records to write into each log file, the key that each log file is encrypted under, and the
/// log files that CloudTrail did not write.
#[derive(Debug, Default)]
pub(crate) struct Scheduled {
    by_file: BTreeMap<String, Vec<Entry>>,
    object_keys: BTreeMap<String, String>,
    pub(crate) planted: Vec<(KmsAnomalyKind, LogPlan)>,
}

impl Scheduled {
    /// Returns the records of the log file with the key.
    pub(crate) fn take(&mut self, key: &str) -> Vec<Entry> {
        self.by_file.remove(key).unwrap_or_default()
    }

    /// Returns the KMS key of the log file with the key.
    pub(crate) fn object_key(&self, key: &str) -> Option<String> {
        self.object_keys.get(key).cloned()
    }

    /// Encrypts a planted file under the key, like CloudTrail's log files.
    fn plant(&mut self, anomaly: KmsAnomalyKind, plan: LogPlan, key_arn: &str) {
        self.object_keys
            .insert(plan.key.clone(), key_arn.to_owned());
        self.planted.push((anomaly, plan));
    }
}

/// Distributes the events of all deliveries over the log files of the key's own account and Region.
pub(crate) fn schedule(spec: &TrailSpec, deliveries: &[&LogPlan]) -> Scheduled {
    let Some(kms) = &spec.kms else {
        return Scheduled::default();
    };
    let events = Events::new(spec, kms);
    let mut in_order = deliveries.to_vec();
    in_order.sort_by_key(|plan| plan.delivered_at);
    let files: Vec<&LogPlan> = in_order
        .iter()
        .copied()
        .filter(|plan| events.logs_to(plan))
        .collect();

    let mut scheduled = Scheduled::default();
    let (of_delivery, further): (Vec<_>, Vec<_>) = anomalies(spec, kms, deliveries)
        .into_iter()
        .partition(|(kind, _)| kind.changes_delivery());
    let attacked: BTreeMap<&str, KmsAnomalyKind> = of_delivery
        .iter()
        .map(|(kind, plan)| (plan.key.as_str(), *kind))
        .collect();
    let sound: Vec<&LogPlan> = in_order
        .iter()
        .copied()
        .filter(|plan| plan.kind == DigestKind::Hourly && !attacked.contains_key(plan.key.as_str()))
        .collect();
    let mut made = of_deliveries(&events, &in_order, &attacked, &mut scheduled);
    for (kind, plan) in further {
        made.extend(attacks::anomaly_events(
            &events,
            kind,
            plan,
            &sound,
            &mut scheduled,
        ));
    }
    let hours: BTreeSet<i64> = files.iter().map(|plan| plan.hour).collect();
    for hour in hours {
        if let Some(spec) = &kms.enclave {
            made.extend(enclave::calls(&events, spec, hour, &sound));
        }
        if kms.unrelated_calls {
            made.extend(unrelated_calls::records(&events, hour));
        }
    }
    made.sort_by_key(|entry| entry.record.time);
    for entry in made {
        let due = entry.record.time + seconds(LOGGING_LAG_SECONDS);
        let next = files.partition_point(|file| file.delivered_at < due);
        if let Some(file) = files.get(next) {
            let entries = scheduled.by_file.entry(file.key.clone()).or_default();
            entries.push(entry);
        }
    }
    scheduled
}

/// Returns the trail's configuration, and the deliveries in order with the readers' events.
fn of_deliveries(
    events: &Events,
    in_order: &[&LogPlan],
    attacked: &BTreeMap<&str, KmsAnomalyKind>,
    scheduled: &mut Scheduled,
) -> Vec<Entry> {
    let (spec, kms) = (events.spec, events.kms);
    let mut made = vec![events.configuration(spec.start + seconds(spec.offset_seconds))];
    let mut next_bucket_event = Timestamp::MIN;
    for plan in in_order {
        let anomaly = attacked.get(plan.key.as_str()).copied();
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
            made.extend(events.read(plan));
        }
    }
    made
}

/// Returns each anomaly and the log file that it is about: the first one in the first chain's hour.
fn anomalies<'a>(
    spec: &TrailSpec,
    kms: &KmsSpec,
    deliveries: &[&'a LogPlan],
) -> Vec<(KmsAnomalyKind, &'a LogPlan)> {
    let plan_of = |anomaly: &KmsAnomaly| {
        let plan = deliveries.iter().find(|plan| {
            plan.kind == DigestKind::Hourly
                && plan.hour == i64::from(anomaly.hour)
                && plan.account == spec.accounts[0]
                && plan.region == spec.regions[0]
        });
        *plan.expect("an hour with an anomaly has a log file")
    };
    let anomalies = kms.anomalies.iter();
    anomalies
        .map(|anomaly| (anomaly.kind, plan_of(anomaly)))
        .collect()
}
