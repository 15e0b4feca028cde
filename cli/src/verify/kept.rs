//! The start of what is kept: a lifecycle rule expires digest files and log files by their age.

use super::job::Job;
use super::tally::ChainTally;
use jiff::SignedDuration;
use trailseal::bucket::discovery::{self};
use trailseal::check::digest::SettledDigest;
use trailseal::finding::Finding;
use trailseal::finding::Scope;
use trailseal::names::object_key::{ObjectKind, classify};
use trailseal::names::region_folder::RegionFolder;

/// S3 may take a day longer to expire one object than another, and log files are delivered before
/// the digest file that lists them.
const EXPIRY_TOLERANCE: SignedDuration = SignedDuration::from_hours(48);

/// Records the time before the oldest digest file of a chain as unverified if a lifecycle rule may
/// have expired it. A user who says since when objects are kept says what should exist: an object
/// missing from that time is a finding.
pub(super) async fn record_start_of_retained(
    job: &Job,
    settled: &mut SettledDigest,
    tally: &mut ChainTally,
) {
    if job.plan.kept_since.is_some() {
        return;
    }
    let start = settled
        .report
        .findings
        .iter()
        .find(|finding| finding.start_of_retained.is_some());
    let Some(finding) = start else { return };
    let window = finding.window;
    if !job.plan.is_wanted(finding, false) || !may_have_expired(job, finding).await {
        return;
    }
    let before = settled.report.obstacles.len();
    settled.report.allow_for_expiry(job.plan.now);
    let scope = job.plan.digests.scope(&settled.key);
    // The time before a digest file counts even if the digest file itself is after the requested
    // time.
    for obstacle in settled.report.obstacles.split_off(before) {
        job.collector.cannot_tell(&obstacle.error, &scope);
        tally.unverified(window);
    }
}

/// Returns whether the missing digest files before the oldest one may have expired: then the log
/// files of their time are missing, too. If those exist, somebody deleted the digest files.
async fn may_have_expired(job: &Job, finding: &Finding) -> bool {
    let (Some(ended), ObjectKind::Digest(key)) =
        (finding.start_of_retained, classify(&finding.object.key))
    else {
        return false;
    };
    let folder = RegionFolder {
        bucket: finding.object.bucket.clone(),
        folder: key.chain.folder,
        region: key.chain.region,
    };
    match discovery::oldest_log_file(job.store(), &folder).await {
        Ok(oldest) => oldest.is_none_or(|oldest| ended.duration_since(oldest) <= EXPIRY_TOLERANCE),
        Err(error) => {
            job.collector
                .cannot_tell(&error, &Scope::of_region_folder(&folder));
            false
        }
    }
}
