//! The log files that the digests of an account and Region list, and the time and the folders for
//! which that is known.

use crate::bucket::selection::DELIVERY;
use crate::check::digest::{OVERDUE_AFTER, SettledDigest};
use crate::names::location::ObjectLocation;
use crate::names::object_key::{AccountFolder, Chain, DigestKey, DigestSeries, LOG_FOLDER};
use crate::trust::signature::AuthenticDigest;
use crate::trust::signed_time::SignedTime;
use jiff::{SignedDuration, Timestamp};
use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::BuildHasher as _;

/// For this long after its delivery, an existing log file may be listed late, or by a backfill
/// digest.
pub const LISTED_WITHIN: SignedDuration = SignedDuration::from_hours(6);

/// The maximum difference between the time in a log file's name and its delivery, if the delivery is
/// first. The file may then be in the digest of an earlier hour.
pub const EARLIER: SignedDuration = SignedDuration::from_mins(15);

/// The maximum difference between the clocks of AWS and of this machine. A log file whose name has a
/// later time is not CloudTrail's.
pub const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_hours(1);

/// The log files that digests list, by hashes of their keys under a secret of this process. Nobody
/// can plant a key that looks like a listed one.
#[derive(Debug, Default)]
pub struct Listed {
    hasher: RandomState,
    keys: HashSet<u64>,
    /// The folders of accounts, such as `AWSLogs/111122223333/CloudTrail-Insight`, that hold a
    /// listed file.
    folders: BTreeSet<String>,
    chains: BTreeMap<Chain, SignedTime>,
}

/// The times within which a digest should list a log file.
#[derive(Debug, Clone, Copy)]
pub struct ListingPolicy {
    /// The maximum delay of a log file's delivery after the time in its name.
    pub delivered_within: SignedDuration,
    /// The maximum time from the end of a digest to the arrival of the next one.
    pub overdue_after: SignedDuration,
    /// The maximum difference between the clocks of AWS and of this machine.
    pub clocks: SignedDuration,
}

impl Default for ListingPolicy {
    fn default() -> Self {
        Self {
            delivered_within: DELIVERY,
            overdue_after: OVERDUE_AFTER,
            clocks: CLOCKS_DIFFER,
        }
    }
}

/// The state of knowledge about a log file that is not listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// Every digest that could list it exists, and none lists it.
    Unlisted,
    /// The digest that will list it has not arrived.
    NotYet,
    /// Digests that could list it are missing, or not CloudTrail's.
    Unproven,
}

impl Listed {
    /// Adds a digest. `actual` returns the location of a log file that it lists.
    pub fn add(
        &mut self,
        settled: &SettledDigest,
        actual: impl Fn(&ObjectLocation) -> ObjectLocation,
    ) {
        let key = &settled.key;
        if key.series == DigestSeries::Hourly {
            let signed = settled.authentic.as_ref();
            let from = signed.map(|signed| signed.digest().lists_from());
            let time = self.chains.entry(key.chain.clone()).or_default();
            time.add(from.unwrap_or(settled.start), key.end_time, from.is_some());
        }
        if let Some(digest) = &settled.authentic {
            self.add_log_files(key, digest, actual);
        }
    }

    /// Adds the log files that a digest lists, and not the time that it covers. `actual` returns the
    /// location of a log file that it lists.
    pub fn add_log_files(
        &mut self,
        key: &DigestKey,
        digest: &AuthenticDigest,
        actual: impl Fn(&ObjectLocation) -> ObjectLocation,
    ) {
        let account = key.chain.folder.to_string();
        for file in &digest.digest().log_files {
            self.add_log_file(&account, &file.location.key, &actual(&file.location));
        }
    }

    fn add_log_file(&mut self, account: &str, key: &str, at: &ObjectLocation) {
        self.keys
            .insert(self.hasher.hash_one((&at.bucket, &at.key)));
        let folder = key
            .strip_prefix(account)
            .and_then(|below| below.split_once('/'));
        if let Some((folder, _)) = folder {
            let folder = format!("{account}{folder}");
            if !self.folders.contains(&folder) {
                self.folders.insert(folder);
            }
        }
    }

    /// Returns whether a digest lists the log file with this key in this bucket.
    #[must_use]
    pub fn lists(&self, bucket: &str, key: &str) -> bool {
        self.keys.contains(&self.hasher.hash_one((bucket, key)))
    }

    /// Returns whether digests list files in a folder of the account, such as `CloudTrail-Insight`.
    /// CloudTrail's own folder counts if there is any digest that CloudTrail signed, because it
    /// lists all files of its hour.
    #[must_use]
    pub fn covers(&self, account: &AccountFolder, folder: &str) -> bool {
        self.folders.contains(&format!("{account}{folder}"))
            || (folder == LOG_FOLDER
                && self
                    .times_of(account)
                    .any(|time| time.signed_end().is_some()))
    }

    /// Returns the start of the time whose log files the oldest digest lists.
    #[must_use]
    pub fn first(&self) -> Option<Timestamp> {
        self.chains.values().filter_map(SignedTime::start).min()
    }

    /// Returns what the digests prove about an unlisted log file in this folder with this time in
    /// its name. It may be delivered some time later, or just before.
    #[must_use]
    pub fn proves(
        &self,
        folder: &AccountFolder,
        time: Timestamp,
        now: Timestamp,
        policy: ListingPolicy,
    ) -> Proof {
        prove(self.times_of(folder), time, now, policy)
    }

    fn times_of<'a>(&'a self, folder: &'a AccountFolder) -> impl Iterator<Item = &'a SignedTime> {
        self.chains
            .iter()
            .filter(move |(chain, _)| chain.folder == *folder)
            .map(|(_, time)| time)
    }
}

/// Returns what the digests of some chains prove about a log file with this time in its name, which
/// none of them lists.
///
/// Only chains with CloudTrail digests before and after the time count.
fn prove<'a>(
    mut chains: impl Iterator<Item = &'a SignedTime>,
    time: Timestamp,
    now: Timestamp,
    policy: ListingPolicy,
) -> Proof {
    if time.duration_since(now) > policy.clocks {
        // The time in a name is the time of the delivery.
        return Proof::Unlisted;
    }
    let Ok(until) = time.checked_add(policy.delivered_within) else {
        return Proof::Unproven;
    };
    if until > now {
        return Proof::NotYet;
    }
    let from = time.saturating_sub(EARLIER).unwrap_or(time);
    let mut proof = Proof::Unproven;
    let open = chains.find_map(|chain| {
        let covered = chain.covered_from(from)?;
        if covered >= until {
            proof = Proof::Unlisted;
            return None;
        }
        let waits = chain.signed_end().is_some_and(|newest| {
            newest <= covered && now.duration_since(newest) <= policy.overdue_after
        });
        Some(if waits {
            Proof::NotYet
        } else {
            Proof::Unproven
        })
    });
    open.unwrap_or(proof)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(hour: i64) -> Timestamp {
        Timestamp::from_second(hour * 3600).unwrap()
    }

    /// Returns a chain whose digests start at these hours, each an hour long.
    fn chain(hours: &[i64]) -> SignedTime {
        let mut time = SignedTime::default();
        for start in hours {
            time.add(hour(*start), hour(start + 1), true);
        }
        time
    }

    #[test]
    fn a_log_file_is_unlisted_if_every_digest_that_could_list_it_exists() {
        let whole: Vec<i64> = (10..20).collect();
        let hole: Vec<i64> = (10..20).filter(|start| *start != 14).collect();
        for (chains, time, now, proof) in [
            (vec![chain(&whole)], 12, 30, Proof::Unlisted),
            (vec![chain(&whole)], 18, 30, Proof::Unlisted),
            // The last digest that could list it has not arrived, or is overdue.
            (vec![chain(&whole)], 19, 25, Proof::NotYet),
            (vec![chain(&whole)], 19, 27, Proof::Unproven),
            // It was delivered while the hour may still be in progress.
            (vec![chain(&whole)], 29, 30, Proof::NotYet),
            // Its name contains a future time.
            (vec![chain(&whole)], 32, 30, Proof::Unlisted),
            // Before the oldest digest, and after the newest one.
            (vec![chain(&whole)], 9, 30, Proof::Unproven),
            (vec![chain(&whole)], 20, 30, Proof::Unproven),
            (vec![chain(&hole)], 13, 30, Proof::Unproven),
            (vec![chain(&hole)], 14, 30, Proof::Unproven),
            // It may be delivered just before the time in its name.
            (vec![chain(&hole)], 15, 30, Proof::Unproven),
            (vec![chain(&hole)], 16, 30, Proof::Unlisted),
            (vec![chain(&hole)], 12, 30, Proof::Unlisted),
            // One chain of two may list it.
            (vec![chain(&whole), chain(&hole)], 13, 30, Proof::Unproven),
            (vec![chain(&whole), chain(&[1, 2])], 13, 30, Proof::Unlisted),
            (vec![], 12, 30, Proof::Unproven),
        ] {
            let policy = ListingPolicy::default();
            assert_eq!(
                prove(chains.iter(), hour(time), hour(now), policy),
                proof,
                "{time} at {now}"
            );
        }
    }
}
