//! The folders of one account and Region, in every organization and bucket that was named: a trail that
//! is converted to an organization trail, or moved, goes on in another of them.

use super::collector::Progress;
use super::ends::Sibling;
use super::engine::{Engine, NO_DIGESTS};
use super::unlisted::Listed;
use crate::report::CannotTell;
use futures::future::join;
use futures::stream::{self, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;
use trailseal::bucket::discovery::{self, ChainDigests};
use trailseal::bucket::selection::Part;
use trailseal::bucket::wanted::Wanted;
use trailseal::finding::Report;
use trailseal::finding::Scope;
use trailseal::names::ids::{AccountId, Region};
use trailseal::names::location::ObjectLocation;
use trailseal::names::object_key::Chain;
use trailseal::names::region_folder::RegionFolder;

/// How many days are looked back for the newest digest before the time asked for, in steps that
/// grow, so that a chain that stopped years ago costs few requests; at last, all.
const EARLIER: [Option<i64>; 3] = [Some(31), Some(366), None];

/// The folders of one account and Region.
pub(super) type Family = Vec<RegionFolder>;

/// Puts the folders of one account and Region together.
pub(super) fn families(folders: Vec<RegionFolder>) -> Vec<Family> {
    let mut families: BTreeMap<(AccountId, Region), Family> = BTreeMap::new();
    for folder in folders {
        let name = (folder.folder.account.clone(), folder.region.clone());
        families.entry(name).or_default().push(folder);
    }
    families.into_values().collect()
}

impl Engine {
    /// Verifies every chain of an account and Region.
    pub(super) async fn family(self: Arc<Self>, family: Family) {
        let mut found: Vec<(RegionFolder, BTreeMap<Chain, ChainDigests>)> = Vec::new();
        for folder in family {
            if let Some(chains) = self.list(&folder).await {
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
        let one = match &self.plan.part {
            Part::LogFile(key) => Some(key.clone()),
            _ => None,
        };
        let mut listed = (one.is_some() || self.looks_for_unlisted()).then(Listed::default);
        let folders: Vec<RegionFolder> = found.iter().map(|(folder, _)| folder.clone()).collect();
        for (folder, chains) in found {
            let mut is_known = chains.is_empty();
            for (chain, digests) in chains {
                if self.interrupted() {
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
                let place = Place {
                    folder: &folder,
                    siblings: &siblings,
                };
                is_known |= Box::pin(self.chain(place, chain, digests, listed.as_mut())).await;
            }
            if !is_known && self.plan.wanted.trails.is_empty() && !self.interrupted() {
                // Names of digests prove nothing: anybody may put objects there.
                self.check_no_log_files(&folder).await;
            }
        }
        let Some(listed) = listed else { return };
        for folder in folders {
            if self.interrupted() {
                return;
            }
            match &one {
                Some(key) => self.named_log_file(&folder, key, &listed).await,
                None => self.unlisted(&folder, &listed).await,
            }
        }
    }

    /// The chains of a folder. None where it cannot be listed.
    async fn list(&self, folder: &RegionFolder) -> Option<BTreeMap<Chain, ChainDigests>> {
        let (listed, earlier) = join(
            discovery::digests(self.store(), folder, &self.plan.wanted),
            self.earlier(folder, &EARLIER[..1], self.plan.wanted.from),
        )
        .await;
        let progress = &self.collector.progress;
        Progress::add(&progress.folders_listed, 1);
        let discovery::FoundDigests {
            mut chains,
            misnamed,
        } = match listed {
            Ok(found) => found,
            Err(error) => {
                let mut report = Report::new();
                folder.cannot_list(&mut report, error);
                self.take(report);
                return None;
            }
        };
        let misnamed = misnamed
            .into_iter()
            .filter(|key| self.plan.part.takes_misnamed(key));
        stream::iter(misnamed)
            .for_each_concurrent(self.plan.concurrency, |key| {
                let at = ObjectLocation::new(folder.bucket.clone(), key);
                async move { self.take(self.plan.digests.validate(&at).await) }
            })
            .await;
        let earlier = match earlier {
            (earlier, Some(back_to)) if chains.is_empty() && earlier.is_empty() => {
                self.earlier(folder, &EARLIER[1..], Some(back_to)).await.0
            }
            (earlier, _) => earlier,
        };
        let no_digests = chains.is_empty() && earlier.is_empty();
        // A chain that has none any more: when did they stop?
        for (chain, newest) in earlier {
            let known = &mut chains.entry(chain).or_default().hourly;
            if known.is_empty() {
                known.insert(newest);
            }
        }
        if no_digests && self.plan.wanted.trails.is_empty() && !self.interrupted() {
            self.check_no_log_files(folder).await;
        }
        Some(chains)
    }

    /// The newest digest of each chain before a time, as far back as these many days go until
    /// there is one, and what they reached back to.
    async fn earlier(
        &self,
        folder: &RegionFolder,
        steps: &[Option<i64>],
        before: Option<Timestamp>,
    ) -> (BTreeMap<Chain, Timestamp>, Option<Timestamp>) {
        let mut newest = BTreeMap::new();
        let mut end = before;
        for days in steps {
            let Some(until) = end else { break };
            let back = days.map(|days| SignedDuration::from_hours(24 * days));
            let earlier = Wanted {
                from: back.and_then(|back| until.checked_sub(back).ok()),
                to: Some(until),
                ..self.plan.wanted.clone()
            };
            match discovery::digests(self.store(), folder, &earlier).await {
                Ok(found) => {
                    for (chain, digests) in found.chains {
                        let before = digests.hourly.range(..=until).next_back();
                        if let Some(last) = before {
                            newest.insert(chain, *last);
                        }
                    }
                }
                Err(error) => {
                    let mut report = Report::new();
                    folder.cannot_list(&mut report, error);
                    self.take(report);
                    break;
                }
            }
            if !newest.is_empty() {
                break;
            }
            end = earlier.from;
        }
        (newest, end)
    }

    /// Log files without any digest: validation was off, or the digests are gone.
    async fn check_no_log_files(&self, folder: &RegionFolder) {
        if self.plan.part.is_one() {
            return;
        }
        let looked = discovery::holds_log_files(self.store(), folder, &self.plan.wanted).await;
        let scope = Scope::of_region_folder(folder);
        match looked {
            Ok(false) => {}
            Ok(true) if self.looks_for_unlisted() => {}
            Ok(true) => self.collector.not_told(CannotTell {
                subject: format!("s3://{}/{}", folder.bucket, folder.log_files()),
                account: scope.account,
                region: scope.region,
                trail: None,
                reason: format!(
                    "nothing proves the log files below s3://{}/{}: there is no digest at all that CloudTrail signed",
                    folder.bucket,
                    folder.log_files()
                ),
                advice: NO_DIGESTS.to_owned(),
            }),
            Err(error) => self.collector.cannot_tell(&error, &scope),
        }
    }
}

/// Where a chain's digest files are.
pub(super) struct Place<'a> {
    /// Its folder.
    pub(super) folder: &'a RegionFolder,
    /// The same trail, account and Region elsewhere.
    pub(super) siblings: &'a [Sibling],
}
