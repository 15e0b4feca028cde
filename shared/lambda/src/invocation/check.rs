//! The work of a function on one object.

use super::deadline::Deadline;
use trailseal::check::arrival::Arrival;
use trailseal::check::pending::PendingUpdate;
use trailseal::finding::Report;
use trailseal::names::created::Created;

/// The check that a function makes of one created object.
pub trait Check: Send + Sync + 'static {
    /// The function's name, as it appears in findings.
    const FUNCTION: &'static str;

    /// How many messages of a batch are worked on at the same time.
    const AT_ONCE: usize = 4;

    /// Finds the object that an event refers to; the event may refer to several objects or to none.
    fn arrival(&self, created: &Created) -> impl Future<Output = Arrival> + Send {
        std::future::ready(Arrival::At(created.object.clone()))
    }

    /// Checks one object; stops in time and returns what is left.
    fn check(&self, created: &Created, deadline: Deadline) -> impl Future<Output = Checked> + Send;
}

/// The result of a check.
#[derive(Debug)]
pub struct Checked {
    /// The findings and counts of the check.
    pub report: Report,
    /// The part that there was no time for.
    pub rest: Option<Created>,
    /// The updates of the evidence bucket to make after the findings are sent.
    pub updates: Vec<PendingUpdate>,
}

impl From<Report> for Checked {
    fn from(report: Report) -> Self {
        Self {
            report,
            rest: None,
            updates: Vec::new(),
        }
    }
}
