//! The verification of the log files of one new digest.

use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};
use trailseal::check::arrival::Arrival;
use trailseal::check::digest::DigestVerifier;
use trailseal::check::log_file::Progress;
use trailseal::check::pending::{self, PendingOverview, Settlement};
use trailseal::finding::Scope;
use trailseal::names::event_object::EventObject;
use trailseal::names::location::ObjectLocation;
use trailseal::trust::signature::AuthenticDigest;
use trailseal::world::{
    ListObjects, ListPublicKeys, ReadEncryption, ReadObject, SettleEvidence, StoreError,
};
use trailseal_lambda::{Check, Checked, Deadline, Record, in_time};

/// How many log files of one digest are under way at the same time, at most. Each waits for its turn
/// to be read: Trailseal adjusts the number of requests in flight.
const LOG_FILES_AT_ONCE: usize = 256;

/// How long one listing of all pending deliveries answers for the digests of an invocation.
const OVERVIEW_FOR: Duration = Duration::from_secs(30);

/// How long no such listing is made after one that did not fit on a page.
const LARGE_FOR: Duration = Duration::from_mins(10);

/// A listing of all pending deliveries.
struct Listed {
    /// The end of the invocation that made it, which no other invocation has.
    invocation: Instant,
    at: Instant,
    overview: Arc<PendingOverview>,
}

impl Listed {
    /// Returns whether it answers for a digest of an invocation.
    fn is_for(&self, invocation: Instant) -> bool {
        let age = self.at.elapsed();
        if self.overview.is_large() {
            age < LARGE_FOR
        } else {
            self.invocation == invocation && age < OVERVIEW_FOR
        }
    }
}

/// Verifies that log files exist and have the signed content. Then settles the pending deliveries
/// that wait for the digest.
pub(crate) struct LogVerifier<S, K, E> {
    digests: DigestVerifier<S, K>,
    /// Where the pending deliveries are. `None` in the history: deliveries wait for the digests of
    /// the last days, which settle them when they arrive.
    evidence: Option<E>,
    /// The newest listing of all of them.
    listed: Mutex<Option<Listed>>,
}

impl<S, K, E> LogVerifier<S, K, E> {
    pub(crate) fn new(digests: DigestVerifier<S, K>, evidence: Option<E>) -> Self {
        Self {
            digests,
            evidence,
            listed: Mutex::default(),
        }
    }
}

impl<S, K, E> LogVerifier<S, K, E>
where
    S: ReadObject + ReadEncryption + ListObjects,
    K: ListPublicKeys,
    E: SettleEvidence,
{
    /// Returns what is pending: the digests of a batch share a listing.
    async fn overview(
        &self,
        evidence: &E,
        deadline: Deadline,
    ) -> Result<Arc<PendingOverview>, StoreError> {
        let mut listed = self.listed.lock().await;
        let invocation = deadline.give_up;
        if let Some(known) = listed.as_ref().filter(|listed| listed.is_for(invocation)) {
            return Ok(Arc::clone(&known.overview));
        }
        let at = Instant::now();
        let overview = Arc::new(PendingOverview::list(evidence).await?);
        *listed = Some(Listed {
            invocation,
            at,
            overview: Arc::clone(&overview),
        });
        Ok(overview)
    }

    /// Settles the pending deliveries that wait for the digest. The findings about its log files
    /// are not lost if that takes too long.
    async fn settle(
        &self,
        evidence: &E,
        at: &ObjectLocation,
        digest: &AuthenticDigest,
        deadline: Deadline,
    ) -> Result<Settlement, StoreError> {
        let Deadline {
            wind_down, give_up, ..
        } = deadline;
        let late = give_up - give_up.duration_since(wind_down) / 4;
        let subject = format!("the pending deliveries in the evidence bucket that {at} may list");
        let settled = async {
            let overview = self.overview(evidence, deadline).await?;
            let stop = sleep_until(wind_down);
            pending::settle(&self.digests, &overview.of(evidence), at, digest, stop).await
        };
        in_time(late, "settle", &subject, settled).await
    }
}

impl<S, K, E> Check for LogVerifier<S, K, E>
where
    S: ReadObject + ReadEncryption + ListObjects + 'static,
    K: ListPublicKeys + 'static,
    E: SettleEvidence + 'static,
{
    const FUNCTION: &'static str = "log-verifier";
    const RECORD: Record = Record::Digests;
    const MANY_FINDINGS: bool = true;

    async fn arrival(&self, created: &EventObject) -> Arrival {
        self.digests.arrival(created).await
    }

    async fn check(&self, created: &EventObject, deadline: Deadline) -> Checked {
        let at = &created.object;
        let mut progress = self
            .digests
            .verify_log_files(
                at,
                created.resume_at,
                LOG_FILES_AT_ONCE,
                sleep_until(deadline.wind_down),
            )
            .await;
        let all_clears = self.digests.log_files_right_again(created, &progress);
        progress.report.all_clears.extend(all_clears);
        let Progress {
            report,
            rest,
            digest,
            seen,
            log_files,
        } = progress;
        let rest = rest.map(|resume_at| {
            let rest = EventObject::rest(at.clone(), resume_at);
            rest.with_incidents(created.incidents.clone())
        });
        let mut checked = Checked {
            report,
            rest,
            updates: Vec::new(),
            digest: seen,
            log_files,
        };
        if let (None, Some(digest), Some(evidence)) = (&checked.rest, digest, &self.evidence) {
            match self.settle(evidence, at, &digest, deadline).await {
                Ok(settled) => {
                    checked.report.absorb(settled.report);
                    checked.updates = settled.updates;
                }
                // The digest itself is verified: this is about the deliveries that wait for it.
                Err(error) => checked.report.cannot_tell_of(
                    error,
                    &Scope::default(),
                    at,
                    &format!("the pending deliveries in the evidence bucket that {at} may list"),
                ),
            }
        }
        checked
    }
}
