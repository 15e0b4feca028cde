//! The running result of a chain, while its digest files are verified.

use super::coverage::Coverage;
use super::outcomes::DigestOutcomes;
use crate::report::{ChainReport, Counts, Outcome};
use jiff::{SignedDuration, Timestamp};
use trailseal::bucket::wanted::Wanted;
use trailseal::check::coverage::AccountedTime;
use trailseal::finding::{Finding, FindingKind};
use trailseal::names::object_key::{Chain, DigestSeries};
use trailseal::names::region_folder::RegionFolder;
use trailseal::names::window::Window;
use trailseal::trust::chain::hourly_digests;

/// The running result of a chain, while its digests are verified.
pub(super) struct ChainTally {
    pub(super) folder: RegionFolder,
    pub(super) chain: Chain,
    pub(super) digests: Counts,
    pub(super) digests_missing: u64,
    pub(super) log_files: Counts,
    pub(super) bytes: u64,
    pub(super) coverage: Coverage,
    /// Time that is verified, or about which something is reported.
    pub(super) accounted: AccountedTime,
    pub(super) worst: Outcome,
    /// The end of the newest digest that CloudTrail signed.
    pub(super) newest_authentic: Option<Timestamp>,
    /// Whether CloudTrail signed the oldest digest that counts.
    pub(super) oldest_is_authentic: bool,
    /// The reason why the chain ends before the requested time, if there is an explanation.
    pub(super) end: Option<String>,
}

impl ChainTally {
    pub(super) fn new(folder: &RegionFolder, chain: &Chain) -> Self {
        Self {
            folder: folder.clone(),
            chain: chain.clone(),
            digests: Counts::default(),
            digests_missing: 0,
            log_files: Counts::default(),
            bytes: 0,
            coverage: Coverage::default(),
            accounted: AccountedTime::default(),
            worst: Outcome::Valid,
            newest_authentic: None,
            oldest_is_authentic: false,
            end: None,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.digests.total() == 0 && self.worst == Outcome::Valid
    }

    pub(super) fn add(&mut self, outcomes: &DigestOutcomes) {
        match outcomes.own {
            Outcome::Valid => self.digests.valid += 1,
            Outcome::Finding => self.digests.finding += 1,
            Outcome::CannotTell => self.digests.cannot_tell += 1,
        }
        self.log_files.merge(outcomes.log_files);
        self.bytes += outcomes.bytes;
        let state = outcomes.state();
        self.worst = self.worst.max(state);
        if outcomes.key.series == DigestSeries::Hourly {
            self.coverage
                .digest(outcomes.time, state, outcomes.log_files.total());
        }
    }

    /// Adds the time that a finding leaves uncovered.
    pub(super) fn window_of(&mut self, finding: &Finding) {
        self.worst = Outcome::Finding;
        let Some(window) = finding.window else {
            return;
        };
        if finding.kind == FindingKind::DigestMissing {
            let missing = hourly_digests(window).unwrap_or(1);
            self.digests_missing += u64::try_from(missing).unwrap_or(1);
        }
        let from = window.from.unwrap_or_else(|| {
            window
                .to
                .saturating_sub(SignedDuration::from_hours(1))
                .unwrap_or(window.to)
        });
        self.coverage.uncovered(from, window.to);
        self.accounted.add(from, window.to);
    }

    /// Adds time that no digest file here covers and that could not be verified.
    pub(super) fn unverified(&mut self, window: Option<Window>) {
        self.worst = self.worst.max(Outcome::CannotTell);
        let Some(Window { from, to }) = window else {
            return;
        };
        let hour = SignedDuration::from_hours(1);
        let from = from.unwrap_or_else(|| to.saturating_sub(hour).unwrap_or(to));
        self.coverage.unverified(from, to);
        self.accounted.add(from, to);
    }

    pub(super) fn report(self, wanted: &Wanted) -> ChainReport {
        let Chain {
            folder,
            region,
            trail,
            home_region,
        } = self.chain;
        ChainReport {
            bucket: self.folder.bucket,
            prefix: folder.prefix,
            organization: folder.organization.map(|id| id.to_string()),
            account: folder.account.to_string(),
            region: region.to_string(),
            trail: trail.to_string(),
            home_region: home_region.to_string(),
            verdict: self.worst,
            digests: self.digests,
            digests_missing: self.digests_missing,
            log_files: self.log_files,
            bytes: self.bytes,
            coverage: self.coverage.stretches(wanted.from, wanted.to),
            end: self.end,
        }
    }
}
