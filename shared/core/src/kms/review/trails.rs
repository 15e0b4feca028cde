//! Trails that events name, if none is configured. Those with digests are expected.
//!
//! The tests are in `tests/tests/kms/agreement.rs`.

use super::facts::{Facts, UnknownTrail};
use super::results::ReviewResults;
use crate::finding::kms::{self, EventReference, Evidence as _};
use crate::finding::{Obstacle, Verdict};
use crate::kms::context::{ContextObject, ContextTarget};
use crate::kms::event::KmsEvent;
use crate::kms::rules::{Rule, Ruling, trail_is_known};
use crate::names::ids::{OrganizationId, TrailArn};
use crate::names::location::ObjectLocation;
use crate::names::region_folder::RegionFolder;
use crate::world::{Cause, StoreError};
use std::collections::{BTreeMap, HashMap};

/// The number of folders in which the digests of one trail are looked for. One folder is enough,
/// and somebody may name folders that do not belong to the trail.
const MAX_FOLDERS_OF_A_TRAIL: usize = 4;

/// The maximum number of trails that are looked for because of one log file.
const MAX_TRAILS: usize = 100;

/// A trail, and the part of a bucket to which it may deliver.
type TrailPlace = (TrailArn, String, Option<String>, Option<OrganizationId>);

/// The trails to look for.
#[derive(Default)]
pub(super) struct UnknownTrails {
    by_folder: BTreeMap<UnknownTrail, (EventReference, Option<ObjectLocation>)>,
    /// The number of folders of a place in which a trail is looked for. It delivers the log files
    /// of many accounts and Regions.
    folders: HashMap<TrailPlace, usize>,
}

impl UnknownTrails {
    pub(super) fn iter(&self) -> impl Iterator<Item = &UnknownTrail> {
        self.by_folder.keys()
    }

    /// Requests a search for the trail next to the log file that the event names.
    pub(super) fn add(
        &mut self,
        trail: &TrailArn,
        named: &ContextObject<'_>,
        event: &KmsEvent<'_>,
        results: &mut ReviewResults<'_>,
    ) {
        let ContextTarget::LogFile(log, _) = &named.target else {
            return;
        };
        let place = (
            trail.clone(),
            named.bucket.to_owned(),
            log.folder.prefix.clone(),
            log.folder.organization.clone(),
        );
        let folders = self.folders.get(&place).copied().unwrap_or_default();
        if folders >= MAX_FOLDERS_OF_A_TRAIL {
            return;
        }
        let asked = UnknownTrail {
            trail: trail.clone(),
            folder: RegionFolder {
                bucket: named.bucket.to_owned(),
                folder: log.folder.clone(),
                region: log.region.clone(),
            },
        };
        if self.by_folder.contains_key(&asked) {
            return;
        }
        if self.by_folder.len() >= MAX_TRAILS {
            results.overflow = Some("trails");
            return;
        }
        self.folders.insert(place, folders + 1);
        let about = (EventReference::of(event), named.our_log_file());
        self.by_folder.insert(asked, about);
    }

    /// Judges the trails by the chains that were found.
    pub(super) fn conclude(self, facts: &Facts, results: &mut ReviewResults<'_>) {
        for (unknown, (event, object)) in self.by_folder {
            let Some(chains) = facts.chains.get(&unknown) else {
                results.count(Rule::Trail, Some(&event), Verdict::CannotTell, || {
                    "Trailseal could not find out whether the trail delivers to this bucket"
                        .to_owned()
                });
                continue;
            };
            let ruling = trail_is_known(&unknown.trail, chains);
            let Ruling::Wrong(problem) = ruling else {
                results.note_of(Rule::Trail, Some(&event), ruling);
                continue;
            };
            // A new trail's first digest arrives an hour after its first log file.
            results.count(Rule::Trail, Some(&event), Verdict::CannotTell, || {
                format!(
                    "the bucket has no digest of {}, or not yet; expected {}",
                    problem.actual(),
                    problem.expected()
                )
            });
            let if_it_stays =
                kms::context_mismatch(results.subject(object.as_ref()), &problem, &event);
            let occurrence = if_it_stays.object.to_string();
            let if_it_stays = if_it_stays.about(unknown.trail.to_string(), occurrence);
            results.obstacles.push(Obstacle {
                error: StoreError {
                    action: "find",
                    subject: format!(
                        "a digest of {} next to the log files in s3://{}/{}, where other trails have digests",
                        unknown.trail,
                        unknown.folder.bucket,
                        unknown.folder.log_files()
                    ),
                    cause: Cause::NotYet,
                },
                if_it_stays: Some(if_it_stays),
            });
        }
    }
}
