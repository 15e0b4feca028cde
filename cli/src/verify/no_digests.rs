//! Log files of an account and Region without any digest.

use super::job::Job;
use crate::report::CannotTell;
use trailseal::bucket::discovery;
use trailseal::finding::Scope;
use trailseal::names::region_folder::RegionFolder;

/// The advice on log files without digests.
pub(super) const NO_DIGESTS: &str = "If digests were deleted, restore them. If they are missing from a copy on disk, copy them, too. If log file validation is off, enable it (aws cloudtrail update-trail --enable-log-file-validation).";

/// Reports log files without any digest: validation was off, or the digests are missing.
pub(super) async fn check_no_log_files(job: &Job, folder: &RegionFolder) {
    if job.plan.target.part.is_single_object() {
        return;
    }
    let scope = Scope::of_region_folder(folder);
    let looked = discovery::holds_log_files(job.store(), folder, &job.plan.wanted).await;
    let Some(true) = job.answer(looked, &scope) else {
        return;
    };
    if job.plan.searches_for_unlisted() {
        return;
    }
    let below = format!("s3://{}/{}", folder.bucket, folder.log_files());
    job.collector.unverified(CannotTell::of(
        below.as_str(),
        &scope,
        format!(
            "the log files below {below} could not be verified: no digest there is signed by CloudTrail"
        ),
        NO_DIGESTS,
    ));
}
