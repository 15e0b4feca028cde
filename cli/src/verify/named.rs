//! The one log file that is named: what is said of it where no digest file lists it.

use super::engine::{Engine, NO_DIGESTS};
use super::unlisted::{Listed, Proof};
use crate::report::CannotTell;
use trailseal::finding::Scope;
use trailseal::names::location::ObjectLocation;
use trailseal::names::object_key::{LOG_FOLDER, log_file_in};
use trailseal::names::region_folder::RegionFolder;
use trailseal::world::ReadObject as _;

impl Engine {
    /// Says what a log file is that was named and that no digest file of its folder lists.
    pub(super) async fn named_log_file(&self, folder: &RegionFolder, key: &str, listed: &Listed) {
        if listed.lists(&folder.bucket, key) {
            return;
        }
        let at = ObjectLocation::new(folder.bucket.clone(), key.to_owned());
        let scope = Scope::of_region_folder(folder);
        match self.store().read(&at).await {
            Ok(_) => {}
            Err(error) if error.absence().is_some() => {
                self.unverified(
                    folder,
                    &at,
                    format!("{at} does not exist, and no digest file lists it"),
                    "Check the name. A log file that was deleted is reported where the digest files that could list it are verified: name its day, or the bucket.",
                );
                return;
            }
            Err(error) => {
                self.collector.cannot_tell(&error, &scope);
                return;
            }
        }
        if !self.plan.wanted.trails.is_empty() {
            self.unverified(
                folder,
                &at,
                format!("no digest file of the trail that was asked for lists {at}"),
                "Leave --trail out: another trail may have delivered it.",
            );
            return;
        }
        let account = folder.folder.to_string();
        let events = key
            .strip_prefix(&account)
            .and_then(|below| below.split('/').next())
            .unwrap_or(LOG_FOLDER);
        let proof = if listed.covers(&folder.folder, events) {
            // CloudTrail gives no log file another name.
            log_file_in(events, key).map_or(Proof::Unlisted, |log_file| {
                listed.proves(&folder.folder, log_file.time, self.plan.now)
            })
        } else {
            Proof::Unproven
        };
        match proof {
            Proof::Unlisted => {
                self.report_unlisted(folder, key.to_owned(), &scope);
                self.collector.unlisted(1);
            }
            Proof::NotYet => self.unverified(
                folder,
                &at,
                format!("the digest file that should list {at} has not come yet"),
                "Verify it again when its hour has a digest file.",
            ),
            Proof::Unproven => self.unverified(
                folder,
                &at,
                format!("no digest file lists {at}, and not every one that could is here and signed by CloudTrail"),
                NO_DIGESTS,
            ),
        }
    }

    fn unverified(&self, folder: &RegionFolder, at: &ObjectLocation, reason: String, advice: &str) {
        let scope = Scope::of_region_folder(folder);
        self.collector.not_told(CannotTell {
            subject: at.to_string(),
            account: scope.account,
            region: scope.region,
            trail: None,
            reason,
            advice: advice.to_owned(),
        });
    }
}
