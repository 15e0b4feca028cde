//! What happens to the log files of one new digest.

use tokio::time::sleep_until;
use trailseal::event::Created;
use trailseal::lambda::{Check, Checked, Deadline};
use trailseal::store::{ListPublicKeys, ReadObject};
use trailseal::validation::Digests;

/// How many log files of one digest are read at once: S3 answers in some 20 ms, so that a
/// thousand files take a third of a second and what it takes to inflate them.
const LOG_FILES_AT_ONCE: usize = 64;

/// Verifies log files: present, and with the content that was signed.
pub(crate) struct LogVerifier<S, K> {
    digests: Digests<S, K>,
}

impl<S, K> LogVerifier<S, K> {
    pub(crate) fn new(digests: Digests<S, K>) -> Self {
        Self { digests }
    }
}

impl<S, K> Check for LogVerifier<S, K>
where
    S: ReadObject + 'static,
    K: ListPublicKeys + 'static,
{
    const FUNCTION: &'static str = "log-verifier";

    async fn check(&self, created: &Created, deadline: Deadline) -> Checked {
        let progress = self
            .digests
            .verify_log_files(
                &created.object,
                created.resume_at,
                LOG_FILES_AT_ONCE,
                sleep_until(deadline.wind_down),
            )
            .await;
        Checked {
            report: progress.report,
            rest: progress.rest.map(|resume_at| Created {
                object: created.object.clone(),
                resume_at,
            }),
        }
    }
}
