//! The check of one new log file.
//!
//! The tests are in `tests/tests/pipeline/kms.rs` and `tests/tests/kms/`.

use jiff::Timestamp;
use tokio::sync::Semaphore;
use trailseal::check::arrival::Arrival;
use trailseal::check::kms_events::{KmsChecker, KmsReport};
use trailseal::check::pending;
use trailseal::finding::Scope;
use trailseal::names::event_object::EventObject;
use trailseal::world::{
    DescribeKey, KeepEvidence, ListObjects, ReadEncryption, ReadKeyPolicy, ReadObject,
};
use trailseal_lambda::{Check, Checked, Deadline, Record};

/// How many log files are checked at the same time: a whole batch. They take turns on the
/// processor, so that no log file waits until a large one is done. The largest takes about 60 MB.
const LOG_FILES_AT_ONCE: usize = 10;

/// Checks the KMS events of log files, and keeps the deliveries that they show until a digest lists
/// them.
pub(crate) struct KmsContextChecker<S, K, E> {
    checker: KmsChecker<S, K>,
    evidence: E,
    /// A message may name more than one log file.
    turns: Semaphore,
}

impl<S, K, E> KmsContextChecker<S, K, E> {
    pub(crate) fn new(checker: KmsChecker<S, K>, evidence: E) -> Self {
        Self {
            checker,
            evidence,
            turns: Semaphore::new(LOG_FILES_AT_ONCE),
        }
    }
}

impl<S, K, E> Check for KmsContextChecker<S, K, E>
where
    S: ReadObject + ReadEncryption + ListObjects + 'static,
    K: DescribeKey + ReadKeyPolicy + 'static,
    E: KeepEvidence + 'static,
{
    const FUNCTION: &'static str = "kms-context-checker";
    const RECORD: Record = Record::LogFiles;
    const MANY_FINDINGS: bool = true;
    const AT_ONCE: usize = LOG_FILES_AT_ONCE;

    async fn arrival(&self, created: &EventObject) -> Arrival {
        self.checker.arrival(created).await
    }

    async fn check(&self, created: &EventObject, _: Deadline) -> Checked {
        // The semaphore is never closed.
        let _turn = self.turns.acquire().await.ok();
        let at = &created.object;
        let KmsReport {
            mut report,
            waiting,
            ..
        } = self.checker.check(at).await;
        let subject = format!(
            "the deliveries that {at} shows, which must be recorded in the evidence bucket"
        );
        match pending::keep(&self.evidence, at, waiting, Timestamp::now()).await {
            Ok(not_kept) => {
                report.absorb(not_kept);
                report.looked_at.push(subject);
            }
            Err(error) => report.cannot_tell_of(error, &Scope::default(), at, &subject),
        }
        report.into()
    }
}
