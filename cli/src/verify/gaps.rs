//! Every stretch of the time that was asked for is covered by digest files that CloudTrail signed, or
//! something is said about it.

use super::ends::{PendingEnd, Sibling, Successor};
use super::engine::Engine;
use super::tally::Tally;
use crate::report::{CannotTell, Outcome};
use jiff::Timestamp;
use trailseal::finding::{Finding, Window};
use trailseal::location::ObjectLocation;
use trailseal::object_key::{DigestKey, DigestSeries};
use trailseal::walk::OVERDUE_AFTER;

/// What to do about time that no digest file covers.
const NOT_COVERED: &str = "Look for deleted versions of the digest files of that time (aws s3api list-object-versions); in a copy on disk, give the signatures of the digest files that cannot be verified (--signatures).";

/// What to do about it where a copy on disk may be unfinished.
const NOT_COVERED_IN_COPY: &str = "Finish the copy (run `aws s3 sync` again), and give the signatures of the digest files that cannot be verified (--signatures). If the copy holds everything that was in the bucket, give --complete, and look for deleted versions of the digest files of that time.";

impl Engine {
    /// Says something about every stretch of a chain's time that is neither covered nor accounted
    /// for. An end that nothing in the bucket explains is returned: what the user says of it counts
    /// when every chain is known.
    pub(super) async fn check_covered(
        &self,
        tally: &mut Tally,
        siblings: &[Sibling],
        has_company: bool,
    ) -> Option<PendingEnd> {
        let (from, to) = self.time_to_cover(tally)?;
        let mut pending = None;
        for (from, to) in tally.coverage.untold(from, to) {
            match tally.newest_authentic.filter(|newest| *newest <= from) {
                Some(newest) => {
                    let end = self
                        .check_end(tally, newest, (from, to), siblings, has_company)
                        .await;
                    pending = pending.or(end);
                }
                None => self.report_hole(tally, from, to),
            }
        }
        pending
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

    /// What is after the newest digest file that CloudTrail signed.
    async fn check_end(
        &self,
        tally: &mut Tally,
        newest: Timestamp,
        (from, to): (Timestamp, Timestamp),
        siblings: &[Sibling],
        has_company: bool,
    ) -> Option<PendingEnd> {
        if self.plan.now.duration_since(from) <= OVERDUE_AFTER {
            // It may still come.
            return None;
        }
        let is_explained = self.plan.ended.iter().any(|one| one.names(&tally.chain));
        // Where other trails deliver to the same folder, nobody knows whose a log file is.
        let has_log_files = !has_company
            && (is_explained || !siblings.is_empty())
            && self.has_later_log_files(tally, newest, to).await;
        match self.find_successor(tally, newest, to, siblings).await {
            Some(successor) if successor.is_linked => {
                tally.end = Some(goes_on(&successor));
                None
            }
            Some(successor) if successor.from <= from && !has_log_files => {
                tally.end = Some(goes_on(&successor));
                None
            }
            Some(successor) if !has_log_files => {
                self.report_overdue(tally, newest, (from, successor.from.min(to)), &[]);
                tally.end = Some(goes_on(&successor));
                None
            }
            _ => Some(PendingEnd {
                chain: tally.chain.clone(),
                newest,
                gap: (from, to),
                has_siblings: !siblings.is_empty(),
                has_log_files,
            }),
        }
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
        match self.successor(&tally.chain, newest, until, siblings).await {
            Ok(found) => found,
            Err(error) => {
                self.collector.cannot_tell(&error, &tally.folder.scope());
                None
            }
        }
    }

    /// Whether log files are in the chain's folder that were delivered after its end.
    async fn has_later_log_files(&self, tally: &Tally, newest: Timestamp, to: Timestamp) -> bool {
        match self.holds_later_log_files(&tally.folder, newest, to).await {
            Ok(holds) => holds,
            Err(error) => {
                self.collector.cannot_tell(&error, &tally.folder.scope());
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
        if self.plan.is_partial {
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
            advice: if self.plan.is_partial {
                NOT_COVERED_IN_COPY
            } else {
                NOT_COVERED
            }
            .to_owned(),
        });
    }

    /// Gives the verdict on the ends that nothing in the bucket explains.
    pub(super) fn settle_ends(&self) {
        let pending = std::mem::take(&mut *self.pending());
        let newest = std::mem::take(&mut *self.newest());
        for (mut tally, end) in pending {
            match super::ends::judge(&self.plan.ended, &end, &newest) {
                _ if self.interrupted() => tally.worst = tally.worst.max(Outcome::CannotTell),
                super::ends::EndVerdict::Explained(words) => {
                    tally.end = Some(format!("ended on purpose (--ended {words})"));
                }
                super::ends::EndVerdict::Open(reasons) => {
                    self.report_overdue(&mut tally, end.newest, end.gap, &reasons);
                }
            }
            self.done(tally);
        }
    }
}

fn goes_on(successor: &Successor) -> String {
    format!("goes on in {}", successor.at)
}
