//! One append to the evidence log.

use crate::handler::no_time;
use crate::watchdog::{FUNCTION, Ports, Watchdog};
use jiff::Timestamp;
use tokio::time::timeout_at;
use trailseal::evidence_log::{AppendError, Appended, LogWriter};
use trailseal::finding::Stamp;
use trailseal::names::seconds::whole_second;
use trailseal::watch::AppendTick;
use trailseal::world::{Cause, StoreError};
use trailseal_lambda::{Deadline, WorkError, write_append};

impl<P: Ports> Watchdog<P> {
    /// Adds what is new to the evidence log. Returns the message that adds more.
    pub(crate) async fn append(
        &self,
        tick: AppendTick,
        deadline: Deadline,
    ) -> Result<Option<String>, WorkError> {
        let Some((signer, name)) = &self.log else {
            tracing::warn!("no key for the evidence log is configured: nothing is added to it");
            return Ok(None);
        };
        let writer = LogWriter {
            evidence: &self.evidence,
            signer,
            name,
            margin: tick.margin(),
        };
        let now = whole_second(Timestamp::now());
        let appended = timeout_at(deadline.give_up, Box::pin(writer.append(now))).await;
        let no_time = |_| Err(AppendError::Store(no_time("append to", "the evidence log")));
        let appended = appended.unwrap_or_else(no_time).map_err(failed)?;
        self.copy_checkpoint(&appended, name).await?;
        for why in &appended.not_listed {
            tracing::error!(why, "a folder is not in the evidence log");
        }
        tracing::info!(
            entries = appended.checkpoint.size,
            documents = appended.documents,
            unread = appended.unread,
            more = appended.more,
            "the evidence log is signed"
        );
        write_append(&appended, Stamp::by_function(FUNCTION, now));
        Ok(appended.more.then(|| tick.into_message()))
    }

    /// Writes the checkpoint to the bucket of another account, if one is configured.
    async fn copy_checkpoint(&self, appended: &Appended, name: &str) -> Result<(), StoreError> {
        use trailseal::world::StoreLog as _;
        let Some(copies) = &self.copies else {
            return Ok(());
        };
        let checkpoint = &appended.checkpoint;
        let key = format!("checkpoints/{name}/{:016}", checkpoint.size);
        // A checkpoint that is there already is this one, or contradicts it. Both must stay.
        copies.create(&key, checkpoint.as_bytes().to_vec()).await?;
        Ok(())
    }
}

fn failed(error: AppendError) -> StoreError {
    match error {
        AppendError::Store(error) => error,
        other => StoreError {
            action: "append to",
            subject: "the evidence log".to_owned(),
            cause: Cause::Failed(other.to_string()),
        },
    }
}
