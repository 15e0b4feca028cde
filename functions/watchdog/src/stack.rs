//! The end of a round: what it shows about the whole stack.

use crate::watchdog::{Ports, Watchdog};
use jiff::Timestamp;
use trailseal::receipt::places;
use trailseal::watch::{StackMemory, Totals};
use trailseal::world::{Cause, ReplaceEvidence as _, StoreError};

/// The maximum size in bytes of the document that is read.
const MAX_BYTES: usize = 64 * 1024;

impl<P: Ports> Watchdog<P> {
    /// Reports what a complete round shows about the stack. What is reported is remembered before,
    /// and what is cleared is forgotten after that.
    ///
    /// # Errors
    /// [`StoreError`]: the end of the round is tried again.
    pub(crate) async fn conclude(&self, totals: &Totals, now: Timestamp) -> Result<(), StoreError> {
        let key = places::of_watched_stack();
        let found = self.evidence.look_up(&key, MAX_BYTES).await?;
        let memory = found
            .as_ref()
            .map(|found| StackMemory::read(&found.document));
        let known = memory.clone().unwrap_or_default();
        let (report, next) = known.conclude(totals, now);
        let clears = !report.all_clears.is_empty();
        if clears {
            self.publish(&report, now).await?;
        }
        if memory.as_ref() != Some(&next) {
            let version = found.map(|found| found.version);
            let written = self
                .evidence
                .replace(&key, next.to_json(), version.as_deref());
            if !written.await? {
                return Err(StoreError {
                    action: "write",
                    subject: key,
                    cause: Cause::Unavailable("another round wrote it in the meantime".to_owned()),
                });
            }
        }
        if !clears {
            self.publish(&report, now).await?;
        }
        Ok(())
    }
}
