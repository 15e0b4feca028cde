//! Which log files the digests of an account and Region list, and for which time that is known.

use super::engine::{Engine, NO_DIGESTS};
use crate::report::CannotTell;
use jiff::Timestamp;
use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, HashSet};
use std::hash::BuildHasher as _;
use trailseal::discovery::{self, RegionFolder, Wanted};
use trailseal::finding::{Finding, FindingKind, Scope};
use trailseal::location::ObjectLocation;
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

impl Engine {
    /// Log files that no digest lists.
    pub(super) async fn unlisted(&self, folder: &RegionFolder, listed: &Listed) {
        let mut unlisted = 0;
        let mut unproven = 0;
        let wanted = Wanted {
            from: self.plan.wanted.from.or_else(|| listed.first()),
            ..self.plan.wanted.clone()
        };
        let scope = Scope {
            account: Some(folder.folder.account.to_string()),
            region: Some(folder.region.to_string()),
            ..Scope::default()
        };
        let looked = discovery::log_files(self.store(), folder, &wanted, |key, log_file| {
            if listed.lists(&key) || !self.plan.part.takes_log_file(&key) {
                return;
            }
            let Some(log_file) = log_file else {
                unlisted += 1;
                self.report_unlisted(folder, key, &scope);
                return;
            };
            match listed.proves(&folder.folder, log_file.time, self.plan.now) {
                Proof::Unlisted => {
                    unlisted += 1;
                    self.report_unlisted(folder, key, &scope);
                }
                Proof::NotYet => {}
                Proof::Unproven => unproven += 1,
            }
        })
        .await;
        if let Err(error) = looked
            && !self.interrupted()
        {
            self.collector.cannot_tell(&error, &scope);
        }
        self.collector.unlisted(unlisted);
        if unproven > 0 {
            self.collector.not_told(CannotTell {
                subject: format!("s3://{}/{}", folder.bucket, folder.log_files()),
                account: scope.account,
                region: scope.region,
                trail: None,
                reason: format!(
                    "nothing proves {unproven} log files below s3://{}/{}: there is no digest of CloudTrail's for their times",
                    folder.bucket,
                    folder.log_files()
                ),
                advice: NO_DIGESTS.to_owned(),
            });
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
}
