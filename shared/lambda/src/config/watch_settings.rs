//! What the hourly functions expect of the trails.

use super::variables::Variables;
use trailseal::check::chain_end::Ended;
use trailseal::names::date_or_time::date_or_time;
use trailseal::watch::{OverdueHours, WatchSettings};

/// Reads `TRAILSEAL_OVERDUE_HOURS`, `TRAILSEAL_ENDED_TRAILS` and `TRAILSEAL_EVIDENCE_BUCKET`. What is
/// missing or wrong is a problem of `variables`.
pub(super) fn read(variables: &mut Variables<impl Fn(&str) -> Option<String>>) -> WatchSettings {
    let overdue = variables.one(
        "TRAILSEAL_OVERDUE_HOURS",
        "a number from 2 to 744",
        |text| text.parse().ok().and_then(OverdueHours::new),
    );
    let ended = variables.list(
        "TRAILSEAL_ENDED_TRAILS",
        "ended trails: [ACCOUNT/][REGION/]TRAIL[@TIME], where TRAIL is a name or an ARN and TIME is a date or a time in UTC",
        |text| Ended::parse(text, date_or_time).ok(),
    );
    let evidence_bucket = variables.evidence_bucket();
    if evidence_bucket.is_none() {
        variables.problem("TRAILSEAL_EVIDENCE_BUCKET", "is missing");
    }
    WatchSettings {
        overdue: overdue.unwrap_or_default(),
        ended,
        evidence_bucket: evidence_bucket.unwrap_or_default(),
    }
}
