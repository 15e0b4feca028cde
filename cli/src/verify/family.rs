//! The folders of one account and Region, in every organization and bucket that was named. A trail
//! that is converted to an organization trail, or moved, continues in another of them.

use super::chain::{ChainPlace, verify_chain};
use super::chains::KnownChains;
use super::job::Job;
use super::listing::list_chains;
use super::named::named_log_file;
use super::no_digests::check_no_log_files;
use super::unlisted::search_for_unlisted;
use std::collections::BTreeMap;
use std::sync::Arc;
use trailseal::bucket::discovery::ChainDigests;
use trailseal::bucket::selection::Part;
use trailseal::check::chain_end::Sibling;
use trailseal::check::listed::Listed;
use trailseal::names::ids::{AccountId, Region};
use trailseal::names::object_key::Chain;
use trailseal::names::region_folder::RegionFolder;

/// The folders of one account and Region.
pub(super) type Family = Vec<RegionFolder>;

/// Groups the folders by account and Region.
pub(super) fn families(folders: Vec<RegionFolder>) -> Vec<Family> {
    let mut families: BTreeMap<(AccountId, Region), Family> = BTreeMap::new();
    for folder in folders {
        let name = (folder.folder.account.clone(), folder.region.clone());
        families.entry(name).or_default().push(folder);
    }
    families.into_values().collect()
}

/// Verifies every chain of an account and Region.
pub(super) async fn verify_family(job: &Arc<Job>, known: &KnownChains, family: Family) {
    let plan = &job.plan;
    let mut found: Vec<(RegionFolder, BTreeMap<Chain, ChainDigests>)> = Vec::new();
    for folder in family {
        if let Some(chains) = list_chains(job, &folder).await {
            found.push((folder, chains));
        }
    }
    let everywhere: Vec<Sibling> = found
        .iter()
        .flat_map(|(folder, chains)| {
            chains.keys().map(|chain| Sibling {
                folder: folder.clone(),
                chain: chain.clone(),
            })
        })
        .collect();
    let one = match &plan.target.part {
        Part::LogFile(key) => Some(key.clone()),
        _ => None,
    };
    let mut listed = (one.is_some() || plan.searches_for_unlisted()).then(Listed::default);
    let folders: Vec<RegionFolder> = found.iter().map(|(folder, _)| folder.clone()).collect();
    for (folder, chains) in found {
        let mut is_known = chains.is_empty();
        for (chain, digests) in chains {
            if job.interrupted() {
                return;
            }
            let siblings: Vec<Sibling> = everywhere
                .iter()
                .filter(|other| {
                    other.chain.same_trail(&chain)
                        && (other.chain != chain || other.folder.bucket != folder.bucket)
                })
                .cloned()
                .collect();
            let place = ChainPlace {
                folder: &folder,
                siblings: &siblings,
            };
            let listed = listed.as_mut();
            is_known |= Box::pin(verify_chain(job, known, place, chain, digests, listed)).await;
        }
        if !is_known && plan.wanted.trails.is_empty() && !job.interrupted() {
            // Names of digests prove nothing: anybody may put objects there.
            check_no_log_files(job, &folder).await;
        }
    }
    let Some(listed) = listed else { return };
    for folder in folders {
        if job.interrupted() {
            return;
        }
        match &one {
            Some(key) => named_log_file(job, &folder, key, &listed).await,
            None => search_for_unlisted(job, &folder, &listed).await,
        }
    }
}
