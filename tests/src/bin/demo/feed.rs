//! Writes into the log bucket, with the time of each write.

use std::cell::{Cell, RefCell};
use std::time::Instant;

use anyhow::Result;
use aws_sdk_s3::Client;
use futures::future::try_join_all;
use trailseal_tests::trail::{Change, Object, Trail, deliver};

use crate::verdicts::{
    DELETION_MONITOR, DIGEST_VALIDATOR, KMS_CONTEXT_CHECKER, LOG_VERIFIER, WATCHDOG,
};

/// The writer to the log bucket.
pub(crate) struct Feed {
    s3: Client,
    writes: RefCell<Vec<(String, Instant)>>,
    digests: Cell<usize>,
    log_files: Cell<usize>,
    changes: Cell<usize>,
    rounds: Cell<usize>,
}

impl Feed {
    pub(crate) fn new(s3: Client) -> Self {
        Self {
            s3,
            writes: RefCell::default(),
            digests: Cell::new(0),
            log_files: Cell::new(0),
            changes: Cell::new(0),
            rounds: Cell::new(0),
        }
    }

    /// Writes a digest, as CloudTrail or somebody else.
    pub(crate) async fn put_digest(&self, object: &Object) -> Result<()> {
        self.digests.update(|count| count + 1);
        self.put(object).await
    }

    /// Writes a log file, as CloudTrail or somebody else.
    pub(crate) async fn put_log_file(&self, object: &Object) -> Result<()> {
        self.log_files.update(|count| count + 1);
        self.put(object).await
    }

    /// Deletes an object.
    pub(crate) async fn delete(&self, object: &Object) -> Result<()> {
        self.changes.update(|count| count + 1);
        self.record(object);
        deliver::apply(&self.s3, &Change::Delete(object.location())).await
    }

    /// Notes that somebody removes the delete marker of an object.
    pub(crate) fn restored(&self, object: &Object) {
        self.changes.update(|count| count + 1);
        self.record(object);
    }

    /// Notes that a round of `watchdog` starts.
    pub(crate) fn round(&self) {
        self.rounds.update(|count| count + 1);
    }

    /// Delivers an hour as CloudTrail does: in each Region the log files, then the digest that
    /// lists them. Objects that were delivered before are not delivered again.
    pub(crate) async fn deliver_hour(&self, trail: &Trail, hour: u32) -> Result<()> {
        let account = &trail.spec.accounts[0];
        let regions = trail.spec.regions.iter().map(async |region| {
            let digest = trail.digest(account, region, hour);
            let log_files = trail.logs_of(digest);
            let new = log_files.iter().filter(|log| !self.has(&log.object));
            try_join_all(new.map(|log| self.put_log_file(&log.object))).await?;
            self.put_digest(&digest.object).await
        });
        try_join_all(regions).await?;
        Ok(())
    }

    /// Returns the time of the last write to a key, or of its deletion, until a moment.
    pub(crate) fn last_write(&self, key: &str, until: Instant) -> Option<Instant> {
        let writes = self.writes.borrow();
        let mut of_key = writes.iter().rev().filter(|(written, _)| written == key);
        of_key.find(|(_, at)| *at <= until).map(|(_, at)| *at)
    }

    /// Returns how many events a function has to process.
    pub(crate) fn events(&self, function: &str) -> usize {
        match function {
            DIGEST_VALIDATOR | LOG_VERIFIER => self.digests.get(),
            KMS_CONTEXT_CHECKER => self.log_files.get(),
            DELETION_MONITOR => self.changes.get(),
            WATCHDOG => self.rounds.get(),
            _ => 0,
        }
    }

    fn has(&self, object: &Object) -> bool {
        self.last_write(&object.key, Instant::now()).is_some()
    }

    async fn put(&self, object: &Object) -> Result<()> {
        self.record(object);
        deliver::put(&self.s3, object).await
    }

    fn record(&self, object: &Object) {
        let write = (object.key.clone(), Instant::now());
        self.writes.borrow_mut().push(write);
    }
}
