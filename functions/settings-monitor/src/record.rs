//! The record of the settings, in the evidence bucket.

use crate::monitor::{Ports, SettingsMonitor};
use trailseal::check::guard::{GuardState, MAX_STATE_BYTES, STATE_KEY};
use trailseal::world::{Cause, ReplaceEvidence as _, StoreError};

impl<P: Ports> SettingsMonitor<P> {
    /// Returns the record, and the version of its document.
    pub(crate) async fn recorded(&self) -> Result<(GuardState, Option<String>), StoreError> {
        let found = self.evidence.look_up(STATE_KEY, MAX_STATE_BYTES).await?;
        let Some(found) = found else {
            return Ok((GuardState::default(), None));
        };
        // Another record would take a weaker setting for granted.
        let state = GuardState::read(&found.document).map_err(|error| {
            failed(Cause::Failed(format!(
                "{error}. Keep a copy of the document and delete it: the settings are then recorded anew"
            )))
        })?;
        Ok((state, Some(found.version)))
    }

    pub(crate) async fn write_record(
        &self,
        state: &GuardState,
        version: Option<String>,
    ) -> Result<(), StoreError> {
        let document = state.to_json();
        let written = self
            .evidence
            .replace(STATE_KEY, document, version.as_deref());
        if written.await? {
            return Ok(());
        }
        Err(written_by_another_look())
    }
}

pub(crate) fn written_by_another_look() -> StoreError {
    let why = "another look wrote it in the meantime";
    failed(Cause::Unavailable(why.to_owned()))
}

fn failed(cause: Cause) -> StoreError {
    StoreError {
        action: "update",
        subject: STATE_KEY.to_owned(),
        cause,
    }
}
