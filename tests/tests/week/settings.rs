//! The settings of the log buckets and of the stack, as `settings-monitor` reads them.

use crate::functions::Function;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use trailseal::check::guard::{ExpectedTrails, NamedAnswer, SeenBucket};
use trailseal::finding::guard::GuardCondition;
use trailseal::names::places::Places;
use trailseal::watch::OverdueHours;
use trailseal::world::{
    BucketSettings, ExpirationRule, Lifecycle, ObjectLock, Policy, PublicAccess, Replication,
    TrailStatus, Versioning,
};

/// The alert topic of the stack.
pub(crate) const TOPIC: &str = "arn:aws:sns:us-east-1:111122223333:trailseal-alerts";

/// A setting of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Setting {
    Versioning,
    ObjectLock,
    /// Objects expire sooner, and still after the retention.
    Lifecycle,
    /// Objects expire before the end of the retention.
    Retention,
    PublicAccess,
    Policy,
    Replication,
}

/// The settings of a bucket.
#[derive(Debug, Clone)]
pub(crate) struct Bucket {
    /// Indicates whether S3 sends the bucket's events.
    pub(crate) has_events: bool,
    /// The age in days at which objects expire.
    pub(crate) expires_after_days: u32,
    /// The settings that somebody weakened.
    weak: Vec<Setting>,
}

impl Default for Bucket {
    fn default() -> Self {
        Self {
            has_events: true,
            expires_after_days: 730,
            weak: Vec::new(),
        }
    }
}

impl Bucket {
    /// Weakens a setting, or restores it.
    pub(crate) fn set(&mut self, setting: Setting, is_weak: bool) {
        self.weak.retain(|weak| *weak != setting);
        self.weak.extend(is_weak.then_some(setting));
    }

    fn is_weak(&self, setting: Setting) -> bool {
        self.weak.contains(&setting)
    }

    fn read(&self) -> BucketSettings {
        let switches = ["BlockPublicAcls", "BlockPublicPolicy"];
        let kept = r#"{"Statement":[{"Sid":"CloudTrail","Effect":"Allow"}]}"#;
        let changed = r#"{"Statement":[{"Sid":"CloudTrail","Effect":"Allow"},{"Sid":"x","Effect":"Allow","Principal":"*","Action":"s3:DeleteObject"}]}"#;
        let destination = "arn:aws:s3:::amzn-s3-demo-destination-bucket";
        let replicated = [("copy".to_owned(), destination.to_owned())];
        let days = if self.is_weak(Setting::Retention) {
            1
        } else if self.is_weak(Setting::Lifecycle) {
            400
        } else {
            self.expires_after_days
        };
        BucketSettings {
            events: Ok(self.has_events),
            versioning: Ok(Versioning {
                enabled: !self.is_weak(Setting::Versioning),
            }),
            object_lock: Ok(ObjectLock {
                days: if self.is_weak(Setting::ObjectLock) {
                    7
                } else {
                    30
                },
                compliance: true,
            }),
            lifecycle: Ok(Lifecycle {
                rules: vec![ExpirationRule {
                    id: "expire".to_owned(),
                    days: Some(days),
                    ..ExpirationRule::default()
                }],
            }),
            public_access: Ok(PublicAccess {
                blocked: switches
                    .into_iter()
                    .filter(|_| !self.is_weak(Setting::PublicAccess))
                    .map(str::to_owned)
                    .collect(),
            }),
            policy: Ok(Policy {
                json: if self.is_weak(Setting::Policy) {
                    changed
                } else {
                    kept
                }
                .to_owned(),
            }),
            replication: Ok(Replication {
                destinations: replicated
                    .into_iter()
                    .filter(|_| !self.is_weak(Setting::Replication))
                    .collect(),
            }),
        }
    }
}

/// What is wrong with a trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TrailFault {
    Stopped,
    NotValidated,
    OtherBucket,
    Deleted,
}

impl TrailFault {
    pub(crate) const ALL: [Self; 4] = [
        Self::Stopped,
        Self::NotValidated,
        Self::OtherBucket,
        Self::Deleted,
    ];
}

/// Returns the status of a trail.
fn status(fault: Option<TrailFault>, bucket: &str) -> Option<TrailStatus> {
    let bucket = match fault {
        Some(TrailFault::OtherBucket) => "amzn-s3-demo-other-bucket",
        _ => bucket,
    };
    let status = TrailStatus {
        is_logging: fault != Some(TrailFault::Stopped),
        is_validated: fault != Some(TrailFault::NotValidated),
        bucket: Some(bucket.to_owned()),
        ..TrailStatus::default()
    };
    (fault != Some(TrailFault::Deleted)).then_some(status)
}

/// The buckets, and the parts of the stack.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    pub(crate) buckets: BTreeMap<String, Bucket>,
    /// The functions whose rules are disabled.
    pub(crate) rules_off: BTreeSet<Function>,
    /// Indicates whether somebody removed the subscription of the alert topic.
    pub(crate) is_unsubscribed: bool,
    /// What is wrong with trails, by their ARNs.
    pub(crate) trail_faults: BTreeMap<String, TrailFault>,
    /// The functions whose dead-letter queues hold messages.
    pub(crate) parked: BTreeSet<Function>,
}

impl Settings {
    /// Returns the bucket with this name.
    pub(crate) fn bucket(&mut self, name: &str) -> &mut Bucket {
        self.buckets.get_mut(name).expect("a log bucket")
    }

    /// Returns the settings of each bucket.
    pub(crate) fn of_buckets(&self) -> Vec<SeenBucket> {
        let buckets = self.buckets.iter();
        let seen = buckets.map(|(name, bucket)| SeenBucket {
            has_other_roots: false,
            bucket: name.clone(),
            settings: bucket.read(),
            roots: BTreeSet::new(),
        });
        seen.collect()
    }

    /// Returns the answers about the rules, the topic and the dead-letter queues.
    pub(crate) fn of_stack(&self) -> Vec<NamedAnswer> {
        let mut answers = Vec::new();
        for function in Function::ALL {
            let rule = format!("trailseal-{}", function.as_str());
            answers.push(NamedAnswer {
                subject: rule.clone(),
                condition: Ok(self.rules_off.contains(&function).then(|| {
                    GuardCondition::RuleOff {
                        rule,
                        state: "DISABLED".to_owned(),
                    }
                })),
            });
            let queue = format!("trailseal-{}-parked", function.as_str());
            answers.push(NamedAnswer {
                subject: queue.clone(),
                condition: Ok(self
                    .parked
                    .contains(&function)
                    .then_some(GuardCondition::Parked { queue })),
            });
        }
        answers.push(NamedAnswer {
            subject: TOPIC.to_owned(),
            condition: Ok(self.is_unsubscribed.then(|| GuardCondition::NoSubscriber {
                topic: TOPIC.to_owned(),
                pending: 0,
            })),
        });
        answers
    }

    /// Returns the answers about the trails.
    pub(crate) fn of_trails(&self, places: &Places, now: Timestamp) -> Vec<NamedAnswer> {
        let expected = ExpectedTrails {
            places,
            now,
            overdue: OverdueHours::default().duration(),
            ended: &[],
        };
        let trails = places.trails.iter();
        let answers = trails.map(|trail| {
            let fault = self.trail_faults.get(&trail.to_string()).copied();
            expected.answer(trail, Ok(status(fault, &places.log_buckets[0])))
        });
        answers.collect()
    }
}
