//! The work of a function on one object.

use super::deadline::Deadline;
use trailseal::check::arrival::Arrival;
use trailseal::check::digest::SeenDigest;
use trailseal::check::log_file::LogFileTally;
use trailseal::check::pending::PendingUpdate;
use trailseal::finding::Report;
use trailseal::names::event_object::EventObject;

/// The check that a function makes of one object that an event names.
pub trait Check: Send + Sync + 'static {
    /// The function's name, as it appears in findings.
    const FUNCTION: &'static str;

    /// The record that it keeps.
    const RECORD: Record;

    /// Whether deleted objects are its work, too. Otherwise, an event about one is unrelated.
    const REMOVED: bool = false;

    /// Whether one check can find more than a message of the queue of findings has room for. Then the
    /// list goes through the evidence bucket, for which the function needs a permission. Otherwise it
    /// goes in several messages.
    const MANY_FINDINGS: bool = false;

    /// How many messages of a batch are worked on at the same time.
    const AT_ONCE: usize = 4;

    /// Finds the object that an event refers to; the event may refer to several objects or to none.
    fn arrival(&self, created: &EventObject) -> impl Future<Output = Arrival> + Send {
        std::future::ready(Arrival::At(created.object.clone()))
    }

    /// Checks one object; stops in time and returns what is left.
    fn check(
        &self,
        created: &EventObject,
        deadline: Deadline,
    ) -> impl Future<Output = Checked> + Send;
}

/// The record that a function keeps of its checks, in the evidence bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record {
    /// A receipt for each log file to which rules were applied. A later check replaces it.
    LogFiles,
    /// A receipt for each check of a digest.
    Digests,
    /// A receipt for each check of a digest, and the head of its chain.
    Chains,
    /// None: its findings are on record as incidents.
    None,
}

/// The result of a check.
#[derive(Debug)]
pub struct Checked {
    /// The findings and counts of the check.
    pub report: Report,
    /// The part that there was no time for.
    pub rest: Option<EventObject>,
    /// The updates of the evidence bucket to make after the findings are sent.
    pub updates: Vec<PendingUpdate>,
    /// The facts about the digest, if the object is one and could be read.
    pub digest: Option<SeenDigest>,
    /// The results of the log files that were verified.
    pub log_files: Option<LogFileTally>,
}

impl From<Report> for Checked {
    fn from(report: Report) -> Self {
        Self {
            report,
            rest: None,
            updates: Vec::new(),
            digest: None,
            log_files: None,
        }
    }
}
