//! Findings that somebody has reviewed: nobody is alerted about them.

use crate::alerter::{Alerter, Ports};
use crate::inbox::Inbox;
use jiff::Timestamp;
use tokio::time::Instant;
use trailseal::alert::baseline::{Baseline, KEY, MAX_BASELINE_BYTES};
use trailseal::finding::Stamp;
use trailseal::world::SettleEvidence as _;
use trailseal_lambda::{in_time, write_known_findings};

impl<P: Ports> Alerter<P> {
    /// Takes the findings out of a batch that are in the baseline. If it cannot be read, all
    /// findings are published: an alert too many is better than none.
    pub(crate) async fn leave_out_known(&self, inbox: &mut Inbox, now: Timestamp, until: Instant) {
        if !inbox.has_findings() {
            return;
        }
        let baseline = self.evidence.recall(KEY, MAX_BASELINE_BYTES);
        let baseline = match in_time(until, "read", KEY, baseline).await {
            Ok(document) => Baseline::read(&document).map_err(|error| error.to_string()),
            Err(error) if error.absence().is_some() => return,
            Err(error) => Err(error.to_string()),
        };
        match baseline {
            Ok(baseline) => {
                let known = inbox.leave_out(&baseline);
                if known > 0 {
                    write_known_findings(known, Stamp::by_function("alerter", now));
                }
            }
            Err(error) => tracing::warn!(
                key = KEY,
                ?error,
                "the baseline cannot be used: findings that are in it are published"
            ),
        }
    }
}
