//! What a function does with one object.

use super::deadline::Deadline;
use trailseal::check::arrival::Arrival;
use trailseal::check::pending::PendingUpdate;
use trailseal::finding::Report;
use trailseal::names::created::Created;

/// What a function does with one created object.
pub trait Check: Send + Sync + 'static {
    /// The function's name, as it stands in findings.
    const FUNCTION: &'static str;

    /// How many messages of a batch are worked on at once.
    const AT_ONCE: usize = 4;

    /// Finds the object that an event means, where it may mean several or none.
    fn arrival(&self, created: &Created) -> impl Future<Output = Arrival> + Send {
        std::future::ready(Arrival::At(created.object.clone()))
    }

    /// Checks one object; stops in time and says what is left.
    fn check(&self, created: &Created, deadline: Deadline) -> impl Future<Output = Checked> + Send;
}

/// What a check came to.
#[derive(Debug)]
pub struct Checked {
    /// What was found.
    pub report: Report,
    /// What there was no time for.
    pub rest: Option<Created>,
    /// What is to be done in the evidence bucket once the findings were sent.
    pub afterwards: Vec<PendingUpdate>,
}

impl From<Report> for Checked {
    fn from(report: Report) -> Self {
        Self {
            report,
            rest: None,
            afterwards: Vec::new(),
        }
    }
}
