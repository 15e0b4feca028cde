//! One append to the evidence log.

use crate::watchdog::{FUNCTION, Ports, Watchdog};
use jiff::Timestamp;
use trailseal::alert::checkpoint_notice::CheckpointNotice;
use trailseal::alert::findings_message::FindingsMessage;
use trailseal::evidence_log::{AppendError, Appended, LogWriter};
use trailseal::finding::Stamp;
use trailseal::names::seconds::whole_second;
use trailseal::receipt::places;
use trailseal::watch::AppendTick;
use trailseal::world::{Cause, FetchEvidence as _, StoreError, StoreLog as _};
use trailseal_lambda::queue::ports::SendFindings as _;
use trailseal_lambda::{Deadline, WorkError, in_time, write_append};

/// The maximum size in bytes of what is remembered about the published checkpoint.
const MAX_BYTES: usize = 1024;

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
        let append = Box::pin(writer.append(now));
        let appended = in_time(deadline.give_up, "append to", "the evidence log", append);
        let appended = appended.await.map_err(failed)?;
        self.publish_checkpoint(&appended, now).await?;
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
        // Another account decides whether this works. What people and alarms know about the log does
        // not depend on it.
        self.copy_checkpoint(&appended, name).await?;
        Ok(appended.more.then(|| tick.into_message()))
    }

    /// Sends the first checkpoint of a day to people. The day is remembered after that: a crash in
    /// between sends another one.
    async fn publish_checkpoint(
        &self,
        appended: &Appended,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let day = now.strftime("%Y-%m-%d").to_string();
        let key = places::of_published_checkpoint();
        let document =
            serde_json::json!({"schema": "trailseal.published-checkpoint/1", "day": day});
        let document = document.to_string().into_bytes();
        let known = match self.evidence.fetch(&key, MAX_BYTES).await {
            Err(error) if matches!(error.cause, Cause::TooLarge(_)) => None,
            known => known?,
        };
        if known.as_ref() == Some(&document) {
            return Ok(());
        }
        let notice = CheckpointNotice::new(&appended.key, &appended.checkpoint, now);
        let message = FindingsMessage {
            body: notice.to_json(),
            document: None,
        };
        self.findings.send(&message).await?;
        self.evidence.overwrite(&key, document).await
    }

    /// Writes the checkpoint to the bucket of another account, if one is configured.
    async fn copy_checkpoint(&self, appended: &Appended, name: &str) -> Result<(), StoreError> {
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
