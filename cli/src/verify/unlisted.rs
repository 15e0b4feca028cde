//! Which log files the digests of an account and Region list, and for which time that is known.

use jiff::Timestamp;
use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, HashSet};
use std::hash::BuildHasher as _;
use trailseal::object_key::{AccountFolder, Chain, DigestSeries};
use trailseal::selection::DELIVERY;
use trailseal::walk::{OVERDUE_AFTER, Settled};

/// The log files that digests list, by hashes of their keys under a secret of this process: no
/// one can plant a key that looks like a listed one.
#[derive(Debug, Default)]
pub(super) struct Listed {
    hasher: RandomState,
    keys: HashSet<u64>,
    /// The hours of each chain, by their end: begin, and whether CloudTrail signed the digest.
    chains: BTreeMap<Chain, BTreeMap<Timestamp, (Timestamp, bool)>>,
}

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
    /// Takes a digest.
    pub(super) fn add(&mut self, settled: &Settled) {
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
            for file in &digest.digest().log_files {
                self.keys.insert(self.hasher.hash_one(&file.location.key));
            }
        }
    }

    /// Whether a digest lists this key.
    pub(super) fn lists(&self, key: &str) -> bool {
        self.keys.contains(&self.hasher.hash_one(key))
    }

    /// Whether no digest file of the folder that CloudTrail signed was taken.
    pub(super) fn is_empty(&self, folder: &AccountFolder) -> bool {
        let mut of_folder = self
            .chains
            .iter()
            .filter(|(chain, _)| chain.folder == *folder);
        !of_folder.any(|(_, hours)| hours.values().any(|(_, authentic)| *authentic))
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
