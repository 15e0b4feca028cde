//! Every stretch of the time that was asked for is covered by digest files that CloudTrail signed, or
//! something is said about it.

use super::ends::{EndVerdict, PendingEnd, Sibling, Successor, judge};
use super::engine::{Engine, Medium};
use super::tally::Tally;
use crate::report::{CannotTell, Outcome};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use trailseal::bucket::discovery::MARGIN;
use trailseal::bucket::selection::DELIVERY;
use trailseal::check::digest::OVERDUE_AFTER;
use trailseal::finding::Finding;
use trailseal::finding::Scope;
use trailseal::names::location::ObjectLocation;
use trailseal::names::object_key::{Chain, DigestKey, DigestSeries};
use trailseal::names::window::Window;

/// What to do about time that no digest file covers.
const NOT_COVERED: &str = "Look for deleted versions of the digest files of that time (aws s3api list-object-versions); in a copy on disk, give the signatures of the digest files that cannot be verified (--signatures).";

/// What to do about it where a copy on disk may be unfinished.
const NOT_COVERED_IN_COPY: &str = "Finish the copy (run `aws s3 sync` again), and give the signatures of the digest files that cannot be verified (--signatures). If the copy holds everything that was in the bucket, give --complete, and look for deleted versions of the digest files of that time.";

/// CloudTrail delivers log files within about five minutes of an API call, on average
/// (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/how-cloudtrail-works.html>): what comes later
/// than this after the end of a digest file is of another hour.
const DELIVERED_WITHIN: SignedDuration = SignedDuration::from_mins(15);

impl Engine {
    /// Says something about every stretch of a chain's time that is neither covered nor accounted
    /// for. An end that nothing in the bucket explains is returned: what the user says of it counts
    /// when every chain is known.
    pub(super) async fn check_covered(
        &self,
        tally: &mut Tally,
        siblings: &[Sibling],
    ) -> Option<PendingEnd> {
        self.check_hourly(tally);
        let (from, to) = self.time_to_cover(tally)?;
        let mut pending = None;
        for gap in tally.coverage.untold(from, to) {
            match tally.newest_authentic.filter(|newest| *newest <= gap.0) {
                // It may still come.
                Some(_) if self.plan.now.duration_since(gap.0) <= OVERDUE_AFTER => {}
                Some(newest) => {
                    pending = Box::pin(self.check_end(tally, newest, gap, siblings)).await;
                }
                None => self.report_hole(tally, gap.0, gap.1),
            }
        }
        if self.compares_ends()
            && pending.is_none()
            && let Some(newest) = tally.newest_authentic
        {
            // How far the copy goes is known when every chain is.
            pending = Box::pin(self.check_end(tally, newest, (newest, newest), siblings)).await;
        }
        pending
    }

    /// Says where only backfill digest files of a chain are there: the hourly ones are gone, and from
    /// when on they should be there is not known.
    fn check_hourly(&self, tally: &mut Tally) {
        let is_known = tally.newest_authentic.is_some() || tally.coverage.first_told().is_some();
        if is_known || self.plan.wanted.from.is_some() || tally.digests.total() == 0 {
            return;
        }
        tally.unverified(None);
        let reason = "only backfill digest files of it are there, and none of the hourly ones";
        self.say(tally, reason);
    }

    /// Says that something about a chain cannot be verified.
    fn say(&self, tally: &Tally, what: &str) {
        let chain = &tally.chain;
        let scope = Scope::of_region_folder(&tally.folder);
        self.collector.not_told(CannotTell {
            subject: format!("s3://{}/{}", tally.folder.bucket, tally.folder.digests()),
            account: scope.account,
            region: scope.region,
            trail: Some(chain.trail.to_string()),
            reason: format!(
                "trail {} in {} {} cannot be verified: {what}",
                chain.trail, chain.folder.account, chain.region
            ),
            advice: NOT_COVERED.to_owned(),
        });
    }

    /// Whether nobody says up to when a copy on disk that holds everything goes: then its chains tell.
    fn compares_ends(&self) -> bool {
        self.plan.medium == Medium::WholeCopy && self.plan.expected_until.is_none()
    }

    /// The time that a chain's digest files should cover. None where there is none.
    fn time_to_cover(&self, tally: &Tally) -> Option<(Timestamp, Timestamp)> {
        let wanted = &self.plan.wanted;
        let until = self.plan.expected_until.or(wanted.to);
        let (first, last) = match (tally.coverage.first_told(), tally.coverage.last_told()) {
            (Some(first), Some(last)) => (first, last),
            // Only names, of digests beside the time asked for, that are not CloudTrail's.
            _ => match (wanted.from, until) {
                (Some(from), Some(to)) => (from, to),
                (None, Some(to)) => (to, to),
                _ => return None,
            },
        };
        // The oldest digest's own link says what was before it.
        let from = match wanted.from {
            Some(from) if tally.oldest_is_authentic => from.max(first),
            Some(from) => from,
            None => first,
        };
        Some((from, self.plan.expected_until.unwrap_or(last)))
    }

    /// What is after the newest digest file that CloudTrail signed. Nothing more is to be said where
    /// another folder or bucket continues the chain.
    async fn check_end(
        &self,
        tally: &mut Tally,
        newest: Timestamp,
        gap: (Timestamp, Timestamp),
        siblings: &[Sibling],
    ) -> Option<PendingEnd> {
        let until = gap.1.max(newest.saturating_add(MARGIN).unwrap_or(newest));
        let successor = Box::pin(self.find_successor(tally, newest, until, siblings)).await;
        if let Some(successor) = &successor
            && successor.is_linked
        {
            tally.end = Some(goes_on(successor));
            return None;
        }
        // Log files that are there contradict an end that the chain itself does not explain.
        let grace = match successor {
            Some(_) => Some(DELIVERED_WITHIN),
            None if self.plan.ended.iter().any(|one| one.names(&tally.chain)) => Some(DELIVERY),
            None => None,
        };
        let has_log_files = match grace {
            Some(grace) => self.has_later_log_files(tally, newest, grace, until).await,
            None => false,
        };
        Some(PendingEnd {
            chain: tally.chain.clone(),
            newest,
            gap,
            has_siblings: !siblings.is_empty(),
            has_log_files,
            successor,
        })
    }

    async fn find_successor(
        &self,
        tally: &Tally,
        newest: Timestamp,
        until: Timestamp,
        siblings: &[Sibling],
    ) -> Option<Successor> {
        if siblings.is_empty() {
            return None;
        }
        match Box::pin(self.successor(&tally.chain, newest, until, siblings)).await {
            Ok(found) => found,
            Err(error) => {
                self.collector
                    .cannot_tell(&error, &Scope::of_region_folder(&tally.folder));
                None
            }
        }
    }

    /// Whether log files are in the chain's folder that were delivered clearly after its end.
    async fn has_later_log_files(
        &self,
        tally: &Tally,
        newest: Timestamp,
        grace: SignedDuration,
        until: Timestamp,
    ) -> bool {
        match self
            .holds_later_log_files(&tally.folder, newest, grace, until)
            .await
        {
            Ok(holds) => holds,
            Err(error) => {
                self.collector
                    .cannot_tell(&error, &Scope::of_region_folder(&tally.folder));
                true
            }
        }
    }

    /// Reports that no digest file follows the newest one.
    pub(super) fn report_overdue(
        &self,
        tally: &mut Tally,
        newest: Timestamp,
        (from, to): (Timestamp, Timestamp),
        reasons: &[String],
    ) {
        let key = DigestKey::of(tally.chain.clone(), DigestSeries::Hourly, newest);
        let at = ObjectLocation::new(tally.folder.bucket.clone(), key.to_string());
        let mut finding: Finding = self.plan.digests.overdue(&at, &key, from, to);
        if !reasons.is_empty() {
            let actual = finding.actual.clone().unwrap_or_default();
            finding.actual = Some(format!("{actual}; {}", reasons.join("; ")));
        }
        if self.plan.medium == Medium::PartialCopy {
            self.collector.ends_in_copy(&finding.scope, from, to);
            tally.unverified(finding.window);
        } else if self.collector.finding(&finding) {
            tally.window_of(&finding);
        }
    }

    /// Reports time that nothing covers, before a digest file that CloudTrail signed.
    fn report_hole(&self, tally: &mut Tally, from: Timestamp, to: Timestamp) {
        tally.unverified(Some(Window {
            from: Some(from),
            to,
        }));
        let chain = &tally.chain;
        let key = DigestKey::of(chain.clone(), DigestSeries::Hourly, to);
        let scope = self.plan.digests.scope(&key);
        self.collector.not_told(CannotTell {
            subject: format!("s3://{}/{}", tally.folder.bucket, tally.folder.digests()),
            account: scope.account,
            region: scope.region,
            trail: scope.trail,
            reason: format!(
                "no digest of trail {} in {} {} covers {from} to {to}, and none that CloudTrail signed says why",
                chain.trail, chain.folder.account, chain.region
            ),
            advice: if self.plan.medium == Medium::PartialCopy {
                NOT_COVERED_IN_COPY
            } else {
                NOT_COVERED
            }
            .to_owned(),
        });
    }

    /// Gives the verdict on the ends of chains that no later digest file of theirs explains.
    pub(super) fn settle_ends(&self) {
        let pending = std::mem::take(&mut *self.pending());
        let newest = std::mem::take(&mut *self.newest());
        for (mut tally, end) in pending {
            if self.interrupted() {
                tally.worst = tally.worst.max(Outcome::CannotTell);
            } else {
                self.settle_end(&mut tally, end, &newest);
            }
            self.done(tally);
        }
    }

    fn settle_end(
        &self,
        tally: &mut Tally,
        mut end: PendingEnd,
        newest: &BTreeMap<Chain, Timestamp>,
    ) {
        if end.gap.0 >= end.gap.1 {
            let latest = newest.values().max().copied().unwrap_or(end.gap.1);
            if latest.duration_since(end.newest) <= OVERDUE_AFTER {
                return;
            }
            end.gap.1 = latest;
        }
        // Where other trails deliver to the same folder, or are not looked at, nobody knows whose a log
        // file is.
        let is_company = |(chain, last): (&Chain, &Timestamp)| {
            *chain != end.chain
                && chain.folder == end.chain.folder
                && chain.region == end.chain.region
                && *last > end.newest
        };
        if end.has_log_files
            && (!self.plan.wanted.trails.is_empty() || newest.iter().any(is_company))
        {
            end.has_log_files = false;
            if end.successor.is_some() {
                tally.unverified(None);
                let what = format!(
                    "its digest files end at {}, and log files are there that were delivered later, by it or by another trail",
                    end.newest
                );
                self.say(tally, &what);
            }
        }
        if let Some(successor) = end.successor.as_ref().filter(|_| !end.has_log_files) {
            if successor.from > end.gap.0 {
                let gap = (end.gap.0, successor.from.min(end.gap.1));
                self.report_overdue(tally, end.newest, gap, &[]);
            }
            tally.end = Some(goes_on(successor));
            return;
        }
        match judge(&self.plan.ended, &end, newest) {
            EndVerdict::Explained(words) => {
                tally.end = Some(format!("ended on purpose (--ended {words})"));
            }
            EndVerdict::Open(reasons) => {
                self.report_overdue(tally, end.newest, end.gap, &reasons);
            }
        }
    }
}

fn goes_on(successor: &Successor) -> String {
    format!("goes on in {}", successor.at)
}
