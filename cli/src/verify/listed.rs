//! Which log files the digests of an account and Region list, and for which time and in which folders
//! that is known.

use jiff::{SignedDuration, Timestamp};
use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::BuildHasher as _;
use trailseal::bucket::selection::DELIVERY;
use trailseal::check::digest::{OVERDUE_AFTER, SettledDigest};
use trailseal::names::location::ObjectLocation;
use trailseal::names::object_key::{AccountFolder, Chain, DigestSeries, LOG_FOLDER};

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
