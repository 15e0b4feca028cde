//! An intruder's actions with the key, and other errors that accompany deliveries.

use jiff::Timestamp;

use super::super::names;
use super::super::output::DigestKind;
use super::super::plan::LogPlan;
use super::super::time::{hours, seconds};
use super::events::Events;
use super::spec::KmsAnomalyKind;
use super::{Entry, KmsEvent, Scheduled, callers, enclave};

/// The time after a delivery at which the intruder writes, within the same hour.
const PLANT_AFTER_SECONDS: u32 = 90;
/// The time after a delivery at which the intruder configures.
const CONFIGURE_AFTER_SECONDS: u32 = 40;
/// The time after a delivery at which the intruder starts to read, and the time between reads.
const READ_AFTER_SECONDS: u32 = 20;
const READ_EVERY_SECONDS: u32 = 10;
/// How many log files the intruder reads.
const READS: u32 = 5;
/// How many deliveries fail in an hour in which the key refuses them.
const REFUSALS: u32 = 20;

/// Returns the events of an anomaly next to a delivery; the intruder reads sound log files.
pub(super) fn anomaly_events(
    events: &Events,
    kind: KmsAnomalyKind,
    plan: &LogPlan,
    sound: &[&LogPlan],
    scheduled: &mut Scheduled,
) -> Vec<Entry> {
    match kind {
        KmsAnomalyKind::PlantedFile | KmsAnomalyKind::PlantedFileBare => {
            let planted = planted(events, kind, plan);
            let entry = plant(events, kind, &planted);
            scheduled.plant(kind, planted, &events.kms.key_arn);
            vec![entry]
        }
        KmsAnomalyKind::ForeignConfiguration => vec![configure(events, kind, plan)],
        KmsAnomalyKind::UnlistedReader | KmsAnomalyKind::RefusedReader => {
            read(events, kind, plan, sound)
        }
        KmsAnomalyKind::DeniedMany => refuse(events, kind, plan),
        _ => vec![enclave::wrong_call(events, kind, plan)],
    }
}

/// Returns a log file of the delivery's account and Region that CloudTrail never writes.
fn unwritten(events: &Events, what: &str, plan: &LogPlan, delivered_at: Timestamp) -> LogPlan {
    let unique = events.rng(what, &plan.key).alphanumeric(16);
    let (account, region) = (&plan.account, &plan.region);
    LogPlan {
        kind: DigestKind::Hourly,
        key: names::file_key(
            events.spec,
            "CloudTrail",
            account,
            region,
            delivered_at,
            &unique,
        ),
        delivered_at,
        ..plan.clone()
    }
}

/// Returns the log file that the intruder plants, still in the delivery's hour.
fn planted(events: &Events, kind: KmsAnomalyKind, plan: &LogPlan) -> LogPlan {
    let last_moment = events.spec.hour_end(plan.hour) - seconds(1);
    let time = (plan.delivered_at + seconds(PLANT_AFTER_SECONDS)).min(last_moment);
    unwritten(events, &format!("planted/{kind:?}"), plan, time)
}

/// Returns the event in which S3 encrypts the planted file for the intruder.
fn plant(events: &Events, kind: KmsAnomalyKind, planted: &LogPlan) -> Entry {
    let mut scene = events.scene("plant", &planted.key, planted.delivered_at);
    let caller = callers::intruder(&mut scene, &events.kms.intruder_arn());
    let mut event = events.event_about("GenerateDataKey", planted);
    event.anomaly = Some(kind);
    if kind == KmsAnomalyKind::PlantedFileBare {
        event.trail_arn = None;
    }
    events.finish(scene, caller, event)
}

/// Returns an event as when the trail is configured, but not by CloudTrail.
fn configure(events: &Events, kind: KmsAnomalyKind, plan: &LogPlan) -> Entry {
    let time = plan.delivered_at + seconds(CONFIGURE_AFTER_SECONDS);
    let mut scene = events.scene("configure", &plan.key, time);
    let caller = callers::intruder(&mut scene, &events.kms.intruder_arn());
    let event = KmsEvent {
        anomaly: Some(kind),
        ..events.event("GenerateDataKey", events.folder_arn())
    };
    events.finish(scene, caller, event)
}

/// Returns the intruder's reads of the newest existing log files of the first chain; log files are
/// read again if there are too few.
fn read(events: &Events, kind: KmsAnomalyKind, plan: &LogPlan, sound: &[&LogPlan]) -> Vec<Entry> {
    let newest_first = sound.iter().rev().filter(|other| {
        other.account == plan.account
            && other.region == plan.region
            && other.delivered_at <= plan.delivered_at
    });
    let mut files: Vec<&LogPlan> = newest_first.copied().collect();
    if files.is_empty() {
        files.push(plan);
    }
    (0..READS)
        .zip(files.into_iter().cycle())
        .map(|(number, file)| {
            let after = READ_AFTER_SECONDS + number * READ_EVERY_SECONDS;
            let what = format!("{kind:?}/{number}");
            let time = plan.delivered_at + seconds(after);
            let mut scene = events.scene(&what, &plan.key, time);
            let arn = events.kms.intruder_arn();
            let caller = callers::intruder(&mut scene, &arn);
            let event = KmsEvent {
                anomaly: Some(kind),
                ..events.event_about("Decrypt", file)
            };
            let entry = events.finish(scene, caller, event);
            if kind == KmsAnomalyKind::RefusedReader {
                entry.refused(not_authorized(&arn, "kms:Decrypt"))
            } else {
                entry
            }
        })
        .collect()
}

/// Returns CloudTrail's repeated attempts within the hour, each with a new name.
fn refuse(events: &Events, kind: KmsAnomalyKind, plan: &LogPlan) -> Vec<Entry> {
    let start = events.spec.hour_end(plan.hour) - hours(1);
    (1..=REFUSALS)
        .map(|number| {
            let time = start + seconds(number * 3600 / (REFUSALS + 1));
            let never = unwritten(events, &format!("{kind:?}/{number}"), plan, time);
            events.refused_delivery(&never, kind)
        })
        .collect()
}

/// Returns KMS's message to a caller that no policy allows to make the call.
pub(super) fn not_authorized(arn: &str, action: &str) -> String {
    format!(
        "User: {arn} is not authorized to perform: {action} on this resource because the resource \
         does not exist in this Region, no resource-based policies allow access, or a \
         resource-based policy explicitly denies access"
    )
}
