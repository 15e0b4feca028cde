//! The folders of accounts and Regions that are verified.

use super::plan::SearchTarget;
use crate::source::SourceDigests;
use trailseal::bucket::discovery;
use trailseal::bucket::selection::{Part, Selection};
use trailseal::bucket::wanted::Wanted;
use trailseal::finding::Report;
use trailseal::names::region_folder::RegionFolder;

/// The results of a search for a target.
pub(super) struct Found {
    /// The target, with the prefixes as they are meant. All of its places name the same part.
    pub(super) target: SearchTarget,
    /// Its folders.
    pub(super) folders: Vec<RegionFolder>,
    /// The reports of the search.
    pub(super) reports: Vec<Report>,
}

/// Finds the folders of a target.
///
/// A prefix that starts with a slash is taken literally if trails exist there, because a trail's
/// prefix may start with one. Otherwise, somebody wrote one slash too many.
pub(super) async fn find(digests: &SourceDigests, wanted: &Wanted, target: SearchTarget) -> Found {
    let mut found = Found {
        target: SearchTarget {
            places: Vec::new(),
            part: target.part,
        },
        folders: Vec::new(),
        reports: Vec::new(),
    };
    for (bucket, mut prefix) in target.places {
        let mut selection = Selection::of(&prefix);
        let (mut folders, mut report) = folders_of(digests, wanted, &bucket, &selection).await;
        let without_slash = prefix.trim_start_matches('/');
        if folders.is_empty() && report.obstacles.is_empty() && without_slash != prefix {
            selection = Selection::of(without_slash);
            (folders, report) = folders_of(digests, wanted, &bucket, &selection).await;
            prefix = without_slash.to_owned();
        }
        found.target.part = selection.part;
        found.target.places.push((bucket, prefix));
        found.folders.extend(folders);
        found.reports.push(report);
    }
    found
}

async fn folders_of(
    digests: &SourceDigests,
    wanted: &Wanted,
    bucket: &str,
    target: &Selection,
) -> (Vec<RegionFolder>, Report) {
    if let Part::Elsewhere(_) = target.part {
        return (Vec::new(), Report::new());
    }
    discovery::region_folders(digests.store(), bucket, target, wanted).await
}
