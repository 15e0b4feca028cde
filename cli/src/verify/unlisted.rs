//! Log files that no digest lists, in the folders of an account and Region.

use super::job::Job;
use super::unverified_files::UnverifiedFiles;
use trailseal::bucket::discovery;
use trailseal::bucket::selection::Part;
use trailseal::bucket::wanted::Wanted;
use trailseal::check::listed::{Listed, ListingPolicy, Proof};
use trailseal::finding::{Scope, log_file};
use trailseal::names::location::ObjectLocation;
use trailseal::names::object_key::LOG_FOLDER;
use trailseal::names::region_folder::RegionFolder;

/// Looks for log files of an account and Region that no digest lists, in each folder that
/// CloudTrail delivers log files to.
pub(super) async fn search_for_unlisted(job: &Job, folder: &RegionFolder, listed: &Listed) {
    let named = match &job.plan.target.part {
        Part::LogFiles(prefix) => prefix
            .strip_prefix(&folder.folder.to_string())
            .and_then(|below| below.split('/').next()),
        _ => None,
    };
    let mut folders = vec![named.unwrap_or(LOG_FOLDER).to_owned()];
    if job.plan.selects_account(&folder.bucket, &folder.folder) {
        let others = discovery::other_folders(job.store(), &folder.bucket, &folder.folder).await;
        let others = job.answer(others, &Scope::of_region_folder(folder));
        folders.extend(others.unwrap_or_default());
    }
    for events in folders {
        if job.interrupted() {
            return;
        }
        unlisted_in(job, folder, &events, listed).await;
    }
}

/// Looks for log files in one of the folders.
async fn unlisted_in(job: &Job, folder: &RegionFolder, events: &str, listed: &Listed) {
    let plan = &job.plan;
    let mut unlisted = 0;
    let mut unverified_files = UnverifiedFiles::default();
    let wanted = Wanted {
        from: plan.wanted.from.or_else(|| listed.first()),
        ..plan.wanted.clone()
    };
    let scope = Scope::of_region_folder(folder);
    let is_covered = listed.covers(&folder.folder, events);
    let later = plan.is_open_ended;
    let looked = discovery::log_files(job.store(), folder, events, &wanted, later, |key, time| {
        if listed.lists(&folder.bucket, &key) || !plan.target.part.selects_log_file(&key) {
            return;
        }
        let proof = match time {
            _ if !is_covered => Proof::Unproven,
            None => Proof::Unlisted,
            Some(time) => listed.proves(&folder.folder, time, plan.now, ListingPolicy::default()),
        };
        match proof {
            Proof::Unlisted => {
                unlisted += 1;
                report_unlisted(job, folder, key, &scope);
            }
            Proof::NotYet => {}
            Proof::Unproven => unverified_files.add(key),
        }
    })
    .await;
    job.answer(looked, &scope);
    job.collector.unlisted(unlisted);
    let below = folder.of_events(events);
    if events == LOG_FOLDER {
        unverified_files.report_log_files(job, &folder.bucket, &below, &scope);
    } else {
        unverified_files.report_not_covered(job, &folder.bucket, &below, &scope);
    }
}

/// Reports a log file that no digest lists.
pub(super) fn report_unlisted(job: &Job, folder: &RegionFolder, key: String, scope: &Scope) {
    let at = ObjectLocation::new(folder.bucket.clone(), key);
    let finding = log_file::unlisted(scope.clone(), at);
    job.collector.finding(&finding);
}
