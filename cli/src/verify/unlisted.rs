//! Log files that no digest lists: which ones the digests of an account and Region list, for which
//! time and in which folders that is known, and what lies in the bucket beside them.

use super::engine::{Engine, NO_DIGESTS};
use crate::report::CannotTell;
use futures::stream::{self, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::BuildHasher as _;
use trailseal::bucket::discovery::{self};
use trailseal::bucket::selection::{DELIVERY, Part, Selection};
use trailseal::bucket::wanted::Wanted;
use trailseal::check::digest::{OVERDUE_AFTER, SettledDigest};
use trailseal::finding::{Finding, FindingKind, Scope};
use trailseal::names::ids::Region;
use trailseal::names::location::ObjectLocation;
use trailseal::names::object_key::{AccountFolder, Chain, DigestSeries, LOG_FOLDER};
use trailseal::names::region_folder::RegionFolder;
use trailseal::world::StoreError;

/// The log files that digests list, by hashes of their keys under a secret of this process: no
/// one can plant a key that looks like a listed one.
#[derive(Debug, Default)]
pub(super) struct Listed {
    hasher: RandomState,
    keys: HashSet<u64>,
    /// The folders of accounts, such as `AWSLogs/111122223333/CloudTrail-Insight`, that hold a listed
    /// file.
    folders: BTreeSet<String>,
    /// The hours of each chain, by their end: begin, and whether CloudTrail signed the digest.
    chains: BTreeMap<Chain, BTreeMap<Timestamp, (Timestamp, bool)>>,
}

/// How far the clocks of AWS and of this machine may be apart.
const CLOCKS: SignedDuration = SignedDuration::from_hours(1);

/// What is known of a log file that is not listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    /// Every digest that could list it is there: none does.
    Unlisted,
    /// The digest that will list it has not come.
    NotYet,
    /// Digests that could list it are not there, or not CloudTrail's.
    Unproven,
}

impl Listed {
    /// Takes a digest. `actual` says where a log file is that it lists.
    pub(super) fn add(
        &mut self,
        settled: &SettledDigest,
        actual: impl Fn(&ObjectLocation) -> ObjectLocation,
    ) {
        if settled.key.series == DigestSeries::Hourly {
            self.chains
                .entry(settled.key.chain.clone())
                .or_default()
                .insert(
                    settled.key.end_time,
                    (settled.start, settled.authentic.is_some()),
                );
        }
        if let Some(digest) = &settled.authentic {
            let account = settled.key.chain.folder.to_string();
            for file in &digest.digest().log_files {
                let key = file.location.key.as_str();
                let at = actual(&file.location);
                self.keys
                    .insert(self.hasher.hash_one((&at.bucket, &at.key)));
                let folder = key
                    .strip_prefix(&account)
                    .and_then(|below| below.split_once('/'));
                if let Some((folder, _)) = folder {
                    let folder = format!("{account}{folder}");
                    if !self.folders.contains(&folder) {
                        self.folders.insert(folder);
                    }
                }
            }
        }
    }

    /// Whether a digest lists the log file with this key in this bucket.
    pub(super) fn lists(&self, bucket: &str, key: &str) -> bool {
        self.keys.contains(&self.hasher.hash_one((bucket, key)))
    }

    /// Whether no digest file of the folder that CloudTrail signed was taken.
    fn is_empty(&self, folder: &AccountFolder) -> bool {
        let mut of_folder = self
            .chains
            .iter()
            .filter(|(chain, _)| chain.folder == *folder);
        !of_folder.any(|(_, hours)| hours.values().any(|(_, authentic)| *authentic))
    }

    /// Whether digests list files in a folder of the account, such as `CloudTrail-Insight`.
    /// CloudTrail's own folder counts where there is any digest that CloudTrail signed: it lists all
    /// files of its hour.
    pub(super) fn covers(&self, account: &AccountFolder, folder: &str) -> bool {
        self.folders.contains(&format!("{account}{folder}"))
            || (folder == LOG_FOLDER && !self.is_empty(account))
    }

    /// Begin of the oldest digest.
    pub(super) fn first(&self) -> Option<Timestamp> {
        self.chains
            .values()
            .filter_map(|hours| hours.values().next())
            .map(|(start, _)| *start)
            .min()
    }

    /// What the digests prove of a log file in this folder, not listed, with this time in its name. It
    /// may be delivered some time later.
    ///
    /// Only chains of the folder that have digests of CloudTrail's before and after the time have a
    /// say.
    pub(super) fn proves(&self, folder: &AccountFolder, time: Timestamp, now: Timestamp) -> Proof {
        if time.duration_since(now) > CLOCKS {
            // The time in a name is that of the delivery.
            return Proof::Unlisted;
        }
        let Ok(until) = time.checked_add(DELIVERY) else {
            return Proof::Unproven;
        };
        if until > now {
            return Proof::NotYet;
        }
        let mut proof = Proof::Unproven;
        let of_folder = self
            .chains
            .iter()
            .filter(|(chain, _)| chain.folder == *folder);
        for hours in of_folder.map(|(_, hours)| hours) {
            let is_signed = |(_, (_, authentic)): &(&Timestamp, &(Timestamp, bool))| *authentic;
            let begins = hours
                .iter()
                .find(is_signed)
                .is_some_and(|(_, (start, _))| *start <= time);
            let ends = hours
                .range(time..)
                .any(|(end, (_, authentic))| *authentic && *end > time);
            if !begins || !ends {
                continue;
            }
            let mut covered = time;
            for (end, (start, authentic)) in hours.range(time..) {
                if covered >= until {
                    break;
                }
                if *authentic && *start <= covered {
                    covered = covered.max(*end);
                }
            }
            if covered < until {
                let newest = hours.iter().rev().find(is_signed);
                let waits = newest.is_some_and(|(newest, _)| {
                    *newest <= covered && now.duration_since(*newest) <= OVERDUE_AFTER
                });
                return if waits {
                    Proof::NotYet
                } else {
                    Proof::Unproven
                };
            }
            proof = Proof::Unlisted;
        }
        proof
    }
}

/// What to do about files in a folder that no digest covers.
const NOT_COVERED: &str = "Find out who wrote the files: look for PutObject calls on the bucket by anybody other than CloudTrail. CloudTrail delivers Insights, network activity and aggregated events to folders of their own, and what it delivers there only a digest file that lists it can prove.";

/// Files that nothing proves.
#[derive(Debug, Default)]
struct Unproven {
    count: u64,
    /// One of them: the first that was found.
    example: Option<String>,
}

impl Unproven {
    fn add(&mut self, key: String) {
        self.count += 1;
        self.example.get_or_insert(key);
    }
}

impl Engine {
    /// Looks for log files of an account and Region that no digest lists, in each folder that
    /// CloudTrail delivers log files to.
    pub(super) async fn unlisted(&self, folder: &RegionFolder, listed: &Listed) {
        let named = match &self.plan.part {
            Part::LogFiles(prefix) => prefix
                .strip_prefix(&folder.folder.to_string())
                .and_then(|below| below.split('/').next()),
            _ => None,
        };
        let mut folders = vec![named.unwrap_or(LOG_FOLDER).to_owned()];
        if self.asks_for_account(&folder.bucket, &folder.folder) {
            match discovery::other_folders(self.store(), &folder.bucket, &folder.folder).await {
                Ok(others) => folders.extend(others),
                Err(error) => self.not_listed(&error, &Scope::of_region_folder(folder)),
            }
        }
        for events in folders {
            if self.interrupted() {
                return;
            }
            self.unlisted_in(folder, &events, listed).await;
        }
    }

    /// Looks for log files in one of the folders.
    async fn unlisted_in(&self, folder: &RegionFolder, events: &str, listed: &Listed) {
        let mut unlisted = 0;
        let mut unproven = Unproven::default();
        let wanted = Wanted {
            from: self.plan.wanted.from.or_else(|| listed.first()),
            ..self.plan.wanted.clone()
        };
        let scope = Scope::of_region_folder(folder);
        let is_covered = listed.covers(&folder.folder, events);
        let ahead = self.plan.is_open_ended;
        let looked =
            discovery::log_files(self.store(), folder, events, &wanted, ahead, |key, time| {
                if listed.lists(&folder.bucket, &key) || !self.plan.part.takes_log_file(&key) {
                    return;
                }
                let proof = match time {
                    _ if !is_covered => Proof::Unproven,
                    None => Proof::Unlisted,
                    Some(time) => listed.proves(&folder.folder, time, self.plan.now),
                };
                match proof {
                    Proof::Unlisted => {
                        unlisted += 1;
                        self.report_unlisted(folder, key, &scope);
                    }
                    Proof::NotYet => {}
                    Proof::Unproven => unproven.add(key),
                }
            })
            .await;
        if let Err(error) = looked {
            self.not_listed(&error, &scope);
        }
        self.collector.unlisted(unlisted);
        let below = folder.of_events(events);
        if events == LOG_FOLDER {
            self.report_unproven(&folder.bucket, &below, &unproven, scope);
        } else {
            self.report_not_covered(&folder.bucket, &below, &unproven, scope);
        }
    }

    /// Looks into the folders of events for what is in no Region that was looked into, and for
    /// accounts that have such folders alone.
    pub(super) async fn unlisted_outside(&self, looked_into: &[RegionFolder]) {
        // Who asks for Regions asks for no other.
        if !self.plan.wanted.regions.is_empty() {
            return;
        }
        let mut accounts: BTreeMap<(String, AccountFolder), BTreeSet<Region>> = BTreeMap::new();
        for folder in looked_into {
            if self.asks_for_account(&folder.bucket, &folder.folder) {
                accounts
                    .entry((folder.bucket.clone(), folder.folder.clone()))
                    .or_default()
                    .insert(folder.region.clone());
            }
        }
        for (bucket, account) in self.accounts_beside(&accounts).await {
            accounts.entry((bucket, account)).or_default();
        }
        stream::iter(accounts)
            .for_each_concurrent(
                self.plan.concurrency,
                |((bucket, account), regions)| async move {
                    if !self.interrupted() {
                        self.unlisted_outside_of(&bucket, &account, &regions).await;
                    }
                },
            )
            .await;
    }

    async fn unlisted_outside_of(
        &self,
        bucket: &str,
        account: &AccountFolder,
        regions: &BTreeSet<Region>,
    ) {
        let scope = Scope {
            account: Some(account.account.to_string()),
            ..Scope::default()
        };
        let others = discovery::other_folders(self.store(), bucket, account).await;
        let others = others.unwrap_or_else(|error| {
            self.not_listed(&error, &scope);
            Vec::new()
        });
        for events in std::iter::once(LOG_FOLDER.to_owned()).chain(others) {
            let mut unproven = Unproven::default();
            let looked = discovery::outside_regions(
                self.store(),
                bucket,
                account,
                &events,
                regions,
                &self.plan.wanted,
                |key| unproven.add(key),
            )
            .await;
            if let Err(error) = looked {
                self.not_listed(&error, &scope);
            }
            let below = format!("{account}{events}/");
            self.report_not_covered(bucket, &below, &unproven, scope.clone());
        }
    }

    /// The accounts beside these, which have no folder of a Region.
    async fn accounts_beside(
        &self,
        accounts: &BTreeMap<(String, AccountFolder), BTreeSet<Region>>,
    ) -> Vec<(String, AccountFolder)> {
        let parents: BTreeSet<_> = accounts
            .keys()
            .map(|(bucket, account)| (bucket, &account.prefix, &account.organization))
            .collect();
        let mut found = Vec::new();
        for (bucket, prefix, organization) in parents {
            let beside = discovery::accounts_beside(
                self.store(),
                bucket,
                prefix.as_deref(),
                organization.as_ref(),
                &self.plan.wanted,
            );
            match beside.await {
                Ok(beside) => found.extend(
                    beside
                        .into_iter()
                        .filter(|account| self.asks_for_account(bucket, account))
                        .map(|account| (bucket.clone(), account)),
                ),
                Err(error) => self.not_listed(&error, &Scope::default()),
            }
        }
        found
    }

    /// Whether the whole folder of an account was asked for, and not a folder in it.
    fn asks_for_account(&self, bucket: &str, account: &AccountFolder) -> bool {
        let account = account.to_string();
        self.plan.part == Part::Everything
            && self.plan.places.iter().any(|(place, prefix)| {
                place == bucket && account.starts_with(Selection::of(prefix).above())
            })
    }

    /// Takes why a folder could not be listed.
    fn not_listed(&self, error: &StoreError, scope: &Scope) {
        if !self.interrupted() {
            self.collector.cannot_tell(error, scope);
        }
    }

    pub(super) fn report_unlisted(&self, folder: &RegionFolder, key: String, scope: &Scope) {
        let finding = Finding::new(
            FindingKind::LogFileUnlisted,
            scope.clone(),
            ObjectLocation::new(folder.bucket.clone(), key),
            "The file lies among the log files, and no digest lists it, although the digests of its time are there.",
        )
        .with_evidence(
            "an entry in a digest of its hour, or a later one",
            "none in any digest",
        );
        self.collector.finding(&finding);
    }

    /// Says how many log files have a time of which no digest is there.
    fn report_unproven(&self, bucket: &str, below: &str, unproven: &Unproven, scope: Scope) {
        if unproven.count == 0 {
            return;
        }
        let count = unproven.count;
        self.collector.not_told(CannotTell {
            subject: format!("s3://{bucket}/{below}"),
            account: scope.account,
            region: scope.region,
            trail: None,
            reason: format!(
                "nothing proves {count} log files below s3://{bucket}/{below}: there is no digest of CloudTrail's for their times"
            ),
            advice: NO_DIGESTS.to_owned(),
        });
    }

    /// Says how many files are in a folder of which no digest lists any file.
    fn report_not_covered(&self, bucket: &str, below: &str, unproven: &Unproven, scope: Scope) {
        let Some(example) = &unproven.example else {
            return;
        };
        let files = match unproven.count {
            1 => "1 file".to_owned(),
            count => format!("{count} files, for example"),
        };
        self.collector.not_told(CannotTell {
            subject: format!("s3://{bucket}/{below}"),
            account: scope.account,
            region: scope.region,
            trail: None,
            reason: format!(
                "no digest file covers the folder s3://{bucket}/{below}, and nothing proves what is in it: {files} s3://{bucket}/{example}"
            ),
            advice: NOT_COVERED.to_owned(),
        });
    }
}
