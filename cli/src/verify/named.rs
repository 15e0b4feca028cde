//! The one log file that is named: the report on it if no digest file lists it.

use super::job::Job;
use super::no_digests::NO_DIGESTS;
use super::unlisted::report_unlisted;
use crate::report::CannotTell;
use trailseal::check::listed::{Listed, ListingPolicy, Proof};
use trailseal::finding::Scope;
use trailseal::names::location::ObjectLocation;
use trailseal::names::object_key::{LOG_FOLDER, log_file_in};
use trailseal::names::region_folder::RegionFolder;
use trailseal::world::ReadObject as _;

/// Reports on a named log file that no digest file of its folder lists.
pub(super) async fn named_log_file(job: &Job, folder: &RegionFolder, key: &str, listed: &Listed) {
    if listed.lists(&folder.bucket, key) {
        return;
    }
    let at = ObjectLocation::new(folder.bucket.clone(), key.to_owned());
    let scope = Scope::of_region_folder(folder);
    let unverified = |reason: String, advice: &str| {
        job.collector
            .unverified(CannotTell::of(at.to_string(), &scope, reason, advice));
    };
    match job.store().read(&at).await {
        Ok(_) => {}
        Err(error) if error.absence().is_some() => {
            unverified(
                format!("{at} does not exist, and no digest file lists it"),
                "Check the name. To find a log file that was deleted, verify the folder of its day or the whole bucket: the report then names each log file that a digest lists and that is missing.",
            );
            return;
        }
        Err(error) => {
            job.collector.cannot_tell(&error, &scope);
            return;
        }
    }
    if !job.plan.wanted.trails.is_empty() {
        unverified(
            format!("no digest file of the requested trail lists {at}"),
            "Leave --trail out: another trail may have delivered it.",
        );
        return;
    }
    match proof(job, folder, key, listed) {
        Proof::Unlisted => {
            report_unlisted(job, folder, key.to_owned(), &scope);
            job.collector.unlisted(1);
        }
        Proof::NotYet => unverified(
            format!("the digest file that should list {at} has not arrived yet"),
            "Verify it again when CloudTrail has delivered the digest file of its hour.",
        ),
        Proof::Unproven => unverified(
            format!(
                "no digest file lists {at}, and some digest files that could list it are missing or could not be verified"
            ),
            NO_DIGESTS,
        ),
    }
}

/// Returns what the digests prove about a log file that none of them lists.
fn proof(job: &Job, folder: &RegionFolder, key: &str, listed: &Listed) -> Proof {
    let account = folder.folder.to_string();
    let events = key
        .strip_prefix(&account)
        .and_then(|below| below.split('/').next())
        .unwrap_or(LOG_FOLDER);
    if !listed.covers(&folder.folder, events) {
        return Proof::Unproven;
    }
    // CloudTrail gives no log file a name like that.
    log_file_in(events, key).map_or(Proof::Unlisted, |log_file| {
        listed.proves(
            &folder.folder,
            log_file.time,
            job.plan.now,
            ListingPolicy::default(),
        )
    })
}
