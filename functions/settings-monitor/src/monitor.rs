//! The function and everything that it acts through.

use crate::stack_parts::{LookAtStack, StackParts};
use trailseal::names::places::Places;
use trailseal::watch::WatchSettings;
use trailseal::world::{ListEvidence, ReadBucketSettings, ReadTrailStatus, ReplaceEvidence};
use trailseal_aws::{EvidenceBucket, S3Objects, TrailsByRole};
use trailseal_lambda::Startup;
use trailseal_lambda::config::SettingsMonitorConfig;
use trailseal_lambda::queue::FindingsQueue;
use trailseal_lambda::queue::ports::SendFindings;

/// The function's name, as it appears in findings.
pub(crate) const FUNCTION: &str = "settings-monitor";

/// Everything that the function acts through.
pub(crate) trait Ports: Send + Sync + 'static {
    /// The settings of the log buckets.
    type Settings: ReadBucketSettings + 'static;
    /// The trails themselves.
    type Trails: ReadTrailStatus + 'static;
    /// The rules, topics and dead-letter queues of the stack.
    type Parts: LookAtStack + 'static;
    /// Chain heads, and what was recorded before.
    type Evidence: ListEvidence + ReplaceEvidence + 'static;
    /// The queue of findings.
    type Findings: SendFindings + 'static;
}

/// The buckets and queues of the stack.
pub(crate) struct Stack;

impl Ports for Stack {
    type Settings = S3Objects;
    type Trails = TrailsByRole;
    type Parts = StackParts;
    type Evidence = EvidenceBucket;
    type Findings = FindingsQueue;
}

/// Looks at settings once an hour.
pub(crate) struct SettingsMonitor<P: Ports> {
    pub(crate) places: Places,
    pub(crate) buckets: P::Settings,
    /// `None` if no role may read them.
    pub(crate) trails: Option<P::Trails>,
    pub(crate) parts: P::Parts,
    pub(crate) evidence: P::Evidence,
    pub(crate) findings: P::Findings,
    pub(crate) settings: WatchSettings,
    /// For how many days log files must be kept, if that is stated.
    pub(crate) retention_days: Option<u64>,
}

impl SettingsMonitor<Stack> {
    /// Returns the function in its stack.
    pub(crate) fn new(startup: &Startup, config: SettingsMonitorConfig) -> Self {
        let trails = config.trail_role;
        Self {
            places: startup.config.places.clone(),
            buckets: startup.objects(),
            trails: trails.map(|role| TrailsByRole::new(&startup.sdk, role)),
            parts: StackParts::new(&startup.sdk, config.parts),
            evidence: startup.evidence(),
            findings: startup.findings(),
            settings: config.settings,
            retention_days: startup.config.retention_days,
        }
    }
}
