//! The report on time that no digest file covers.

use super::job::Job;
use super::plan::Medium;
use super::tally::ChainTally;
use crate::report::CannotTell;
use jiff::Timestamp;
use trailseal::finding::Scope;
use trailseal::names::object_key::{DigestKey, DigestSeries};
use trailseal::names::window::Window;

/// The advice on time that no digest file covers.
const NOT_COVERED: &str = "Look for deleted versions of the digest files of that time (aws s3api list-object-versions); in a copy on disk, give the signatures of the digest files that cannot be verified (--signatures).";

/// The advice on it if a copy on disk may be unfinished.
const NOT_COVERED_IN_COPY: &str = "Finish the copy (run `aws s3 sync` again), and give the signatures of the digest files that cannot be verified (--signatures). If the copy contains everything that was in the bucket, give --complete, and look for deleted versions of the digest files of that time.";

/// Reports that something about a chain could not be verified.
pub(super) fn cannot_verify(job: &Job, tally: &ChainTally, what: &str) {
    let chain = &tally.chain;
    let scope = Scope {
        trail: Some(chain.trail.to_string()),
        ..Scope::of_region_folder(&tally.folder)
    };
    job.collector.unverified(CannotTell::of(
        format!("s3://{}/{}", tally.folder.bucket, tally.folder.digests()),
        &scope,
        format!(
            "trail {} in {} {} could not be verified: {what}",
            chain.trail, chain.folder.account, chain.region
        ),
        NOT_COVERED,
    ));
}

/// Reports that nothing covers a time before a digest file that CloudTrail signed.
pub(super) fn report_hole(job: &Job, tally: &mut ChainTally, from: Timestamp, to: Timestamp) {
    tally.unverified(Some(Window {
        from: Some(from),
        to,
    }));
    let chain = &tally.chain;
    let key = DigestKey::of(chain.clone(), DigestSeries::Hourly, to);
    job.collector.unverified(CannotTell::of(
        format!("s3://{}/{}", tally.folder.bucket, tally.folder.digests()),
        &job.plan.digests.scope(&key),
        format!(
            "no digest of trail {} in {} {} covers {from} to {to}, and no digest that CloudTrail signed explains why",
            chain.trail, chain.folder.account, chain.region
        ),
        if job.plan.medium == Medium::PartialCopy {
            NOT_COVERED_IN_COPY
        } else {
            NOT_COVERED
        },
    ));
}
