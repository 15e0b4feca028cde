//! The progress of a run that takes long, on standard error.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// The time after which progress is first shown, and shown again.
const SHOWN_EVERY: Duration = Duration::from_secs(2);

/// How many jobs are done.
#[derive(Debug)]
pub(crate) struct Progress {
    all: usize,
    done: AtomicUsize,
}

impl Progress {
    pub(crate) fn new(all: usize) -> Self {
        Self {
            all,
            done: AtomicUsize::new(0),
        }
    }

    /// Counts a job that is done.
    pub(crate) fn advance(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    /// Prints a line whenever something was done in the meantime.
    pub(crate) async fn show(self: Arc<Self>) {
        let mut shown = None;
        loop {
            tokio::time::sleep(SHOWN_EVERY).await;
            let done = self.done.load(Ordering::Relaxed);
            if shown != Some(done) {
                let mut out = std::io::stderr();
                let _ = writeln!(out, "trailseal: {done} of {} parts are checked", self.all);
                shown = Some(done);
            }
        }
    }
}
