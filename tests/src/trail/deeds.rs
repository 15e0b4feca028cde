//! Calls on the trail and its bucket in the trail's own log, harmful and harmless.

use super::json::{Fields, array, quoted};
use super::plan::LogPlan;
use super::records::{Caller, Record, Scene};
use super::rng::Rng;
use super::spec::TrailSpec;
use super::time::seconds;

/// The time between a call and the delivery of the log file that records it.
const BEFORE_DELIVERY_SECONDS: u32 = 65;

/// A call on the trail or its bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deed {
    /// The hour in which it is recorded, in the first log file.
    pub hour: u32,
    /// What is called.
    pub kind: DeedKind,
}

/// The kinds of calls on the trail and its bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeedKind {
    /// `StopLogging`, which names the trail.
    StopLogging,
    /// `StopLogging` that is refused.
    RefusedStop,
    /// `UpdateTrail` that ends log file validation.
    EndValidation,
    /// `UpdateTrail` that changes only the topic.
    ChangeTopic,
    /// `PutEventSelectors` without management events.
    DropManagementEvents,
    /// `PutEventSelectors` with advanced selectors that add data events.
    AddDataEvents,
    /// `PutBucketLifecycle` that expires everything after a day.
    ExpireSoon,
    /// `PutBucketLifecycle` that expires everything after seven years.
    ExpireLate,
    /// `PutBucketNotification` without EventBridge.
    EndEvents,
    /// `DeleteBucketPolicy` of another bucket.
    OtherBucket,
}

impl DeedKind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::StopLogging,
        Self::RefusedStop,
        Self::EndValidation,
        Self::ChangeTopic,
        Self::DropManagementEvents,
        Self::AddDataEvents,
        Self::ExpireSoon,
        Self::ExpireLate,
        Self::EndEvents,
        Self::OtherBucket,
    ];

    /// Returns the name of the call in its record.
    pub fn event_name(self) -> &'static str {
        match self {
            Self::StopLogging | Self::RefusedStop => "StopLogging",
            Self::EndValidation | Self::ChangeTopic => "UpdateTrail",
            Self::DropManagementEvents | Self::AddDataEvents => "PutEventSelectors",
            Self::ExpireSoon | Self::ExpireLate => "PutBucketLifecycle",
            Self::EndEvents => "PutBucketNotification",
            Self::OtherBucket => "DeleteBucketPolicy",
        }
    }

    /// Returns whether it weakens the logging of the trail.
    pub fn weakens(self) -> bool {
        matches!(
            self,
            Self::StopLogging
                | Self::EndValidation
                | Self::DropManagementEvents
                | Self::ExpireSoon
                | Self::EndEvents
        )
    }
}

/// Returns the records of the deeds that the first log file of an hour contains.
pub(crate) fn records(spec: &TrailSpec, plan: &LogPlan) -> Vec<Record> {
    let is_home = plan.region == spec.home_region && plan.account == spec.trail_account();
    let deeds = spec.deeds.iter();
    deeds
        .filter(|deed| is_home && i64::from(deed.hour) == plan.hour)
        .map(|deed| record(spec, plan, deed.kind))
        .collect()
}

fn record(spec: &TrailSpec, plan: &LogPlan, kind: DeedKind) -> Record {
    let subject = format!("deed/{kind:?}/{}", plan.key);
    let mut scene = Scene {
        rng: Rng::for_subject(spec.seed, &subject),
        account: &plan.account,
        region: &plan.region,
        time: plan.delivered_at - seconds(BEFORE_DELIVERY_SECONDS),
    };
    let caller = Caller::user(&mut scene);
    let source = if matches!(
        kind,
        DeedKind::ExpireSoon | DeedKind::ExpireLate | DeedKind::EndEvents | DeedKind::OtherBucket
    ) {
        "s3.amazonaws.com"
    } else {
        "cloudtrail.amazonaws.com"
    };
    let mut record = Record::call(&mut scene, source, kind.event_name(), caller);
    record.read_only = Some(false);
    record.request = request(spec, kind);
    if kind == DeedKind::RefusedStop {
        let message = "User is not authorized to perform: cloudtrail:StopLogging".to_owned();
        record.error = Some(("AccessDenied", message));
    }
    record
}

fn request(spec: &TrailSpec, kind: DeedKind) -> String {
    let trail = || Fields::new().text("name", &spec.trail_arn());
    let selectors = |name: &str, selector: Fields| {
        Fields::new()
            .text("trailName", &spec.trail_name)
            .raw(name, &array(&[selector.end()]))
    };
    let bucket = |name: &str| {
        Fields::new()
            .text("bucketName", name)
            .text("Host", &format!("{name}.s3.amazonaws.com"))
    };
    let expiry = |days: u32| {
        let rule = Fields::new()
            .text("ID", "expire")
            .text("Status", "Enabled")
            .object("Filter", Fields::new().text("Prefix", ""))
            .object("Expiration", Fields::new().number("Days", days));
        let rules = Fields::new().object("Rule", rule);
        bucket(&spec.bucket).object("LifecycleConfiguration", rules)
    };
    let fields = match kind {
        DeedKind::StopLogging | DeedKind::RefusedStop => trail(),
        DeedKind::EndValidation => trail().flag("enableLogFileValidation", false),
        DeedKind::ChangeTopic => trail().text("snsTopicName", "trail-topic"),
        DeedKind::DropManagementEvents => selectors(
            "eventSelectors",
            Fields::new()
                .text("readWriteType", "ReadOnly")
                .flag("includeManagementEvents", false),
        ),
        DeedKind::AddDataEvents => {
            let category = Fields::new()
                .text("field", "eventCategory")
                .raw("equals", &array(&[quoted("Management")]));
            selectors(
                "advancedEventSelectors",
                Fields::new()
                    .text("name", "all management events")
                    .raw("fieldSelectors", &array(&[category.end()])),
            )
        }
        DeedKind::ExpireSoon => expiry(1),
        DeedKind::ExpireLate => expiry(2555),
        DeedKind::EndEvents => {
            bucket(&spec.bucket).object("NotificationConfiguration", Fields::new())
        }
        DeedKind::OtherBucket => bucket("amzn-s3-demo-source-bucket"),
    };
    fields.end()
}
