//! One look: what is seen, compared with the record, and what is reported about it.

use crate::monitor::{FUNCTION, Ports, SettingsMonitor};
use crate::record::written_by_another_look;
use jiff::Timestamp;
use trailseal::check::guard::{STATE_KEY, read_message, step};
use trailseal::finding::Stamp;
use trailseal::names::location::ObjectLocation;
use trailseal::names::seconds::whole_second;
use trailseal::world::StoreError;
use trailseal_lambda::{Deadline, Work, WorkError, in_time, send_report, write_settings_look};

impl<P: Ports> Work for SettingsMonitor<P> {
    async fn work(&self, message: &str, deadline: Deadline) -> Result<Option<String>, WorkError> {
        read_message(message).map_err(|error| WorkError::Malformed(error.to_string()))?;
        let now = whole_second(Timestamp::now());
        let look = Box::pin(self.look(now));
        let unread = in_time(deadline.give_up, "look at", "the settings", look).await?;
        tracing::info!(unread, "the look at the settings is complete");
        write_settings_look(unread, Stamp::by_function(FUNCTION, now));
        Ok(None)
    }
}

impl<P: Ports> SettingsMonitor<P> {
    /// Compares the settings with what is recorded, and reports what is weaker or wrong. Returns the
    /// number of settings that could not be read.
    ///
    /// What is reported is recorded before, and what is cleared is removed from the record after
    /// that: a crash in between repeats a finding and never loses an all-clear.
    ///
    /// # Errors
    /// [`StoreError`]: the look is repeated.
    async fn look(&self, now: Timestamp) -> Result<u64, StoreError> {
        let seen = self.see(now).await?;
        let (state, version) = self.recorded().await?;
        let record = ObjectLocation::new(self.settings.evidence_bucket.clone(), STATE_KEY);
        let step = step(&state, seen, &record, self.retention_days);
        for error in &step.unread {
            tracing::warn!(error = ?error.to_string(), "a setting could not be read: nothing can be said about it");
        }
        if step.before != state {
            self.write_record(&step.before, version).await?;
        }
        let stamp = Stamp::by_function(FUNCTION, now);
        send_report(&self.findings, &step.report, stamp, None).await?;
        let (state, version) = self.recorded().await?;
        if state != step.before {
            return Err(written_by_another_look());
        }
        self.write_record(&step.after.completed_at(now), version)
            .await?;
        Ok(u64::try_from(step.unread.len()).unwrap_or(u64::MAX))
    }
}
