//! The verification of a digest's log files, until time runs out.

use super::judge::VerifiedLogFile;
use super::tally::LogFileTally;
use crate::check::digest::fetch::FetchedDigest;
use crate::check::digest::signed_digest::SignedDigest;
use crate::check::digest::{DigestVerifier, SeenDigest};
use crate::finding::{Counts, Report, Verdict};
use crate::names::location::ObjectLocation;
use crate::names::object_key::{ObjectKind, classify};
use crate::trust::signature::AuthenticDigest;
use crate::world::{Cause, ListPublicKeys, ReadObject, StoreError};
use futures::future::{self, Either};
use futures::stream::{Stream, StreamExt as _};
use std::collections::BTreeSet;
use std::pin::pin;

/// The progress of a verification.
#[derive(Debug, Default)]
pub struct Progress {
    /// The findings and obstacles so far.
    pub report: Report,
    /// The first listed log file that is not settled, if time ran out.
    pub rest: Option<usize>,
    /// The digest, if CloudTrail signed it.
    pub digest: Option<AuthenticDigest>,
    /// The facts about the digest's object, if it could be read.
    pub seen: Option<SeenDigest>,
    /// The results of the log files that are settled, if CloudTrail signed the list.
    pub log_files: Option<LogFileTally>,
}

impl Progress {
    /// Returns a result without log files: nothing remains to be done.
    fn of(report: Report, seen: Option<SeenDigest>) -> Self {
        Self {
            report,
            seen,
            ..Self::default()
        }
    }
}

impl<S: ReadObject, K: ListPublicKeys> DigestVerifier<S, K> {
    /// Verifies the log files that a digest lists, starting with `first`, `concurrency` at a time,
    /// until `stop` resolves.
    ///
    /// Trusts the list only of a digest that CloudTrail signed. A problem with the digest itself is
    /// a finding here, too.
    pub async fn verify_log_files(
        &self,
        at: &ObjectLocation,
        first: usize,
        concurrency: usize,
        stop: impl Future<Output = ()> + Send,
    ) -> Progress {
        let ObjectKind::Digest(key) = classify(&at.key) else {
            return Progress::default();
        };
        let mut report = Report::new();
        let scope = self.scope(&key);
        let fetched = self.fetch(at).await;
        let mut seen = fetched.as_ref().ok().map(FetchedDigest::seen);
        let authentic = match self.judge_fetched(at, &key, fetched).await {
            Ok(digest) => digest,
            // The digest-validator finds the same, with the same ID, unless it read another version
            // or ran before a deletion.
            Err(rejection) => {
                rejection.add_to(&mut report, &scope, at);
                return Progress::of(report, seen);
            }
        };
        if let Some(seen) = &mut seen {
            seen.is_signed = true;
        }
        let signed = SignedDigest {
            at,
            key: &key,
            authentic: &authentic,
        };
        // The list is still CloudTrail's.
        report.findings.extend(self.key_out_of_period(signed));
        let count = authentic.digest().log_files.len();
        if first > 0 && first >= count {
            let error = StoreError {
                action: "continue to verify",
                subject: at.to_string(),
                cause: Cause::Failed(format!(
                    "it lists {count} log files, but the event says to continue at number {first}: send an event without resumeAt"
                )),
            };
            report.cannot_tell(error, &scope, at);
            return Progress::of(report, seen);
        }
        let listed_in = signed.reference();
        let files = self.each_log_file(&authentic, &scope, &listed_in, first, concurrency);
        let tally = take_until(stop, files, first, count, &mut report).await;
        Progress {
            report,
            rest: (tally.until < count).then_some(tally.until),
            digest: Some(authentic),
            seen,
            log_files: Some(tally),
        }
    }
}

/// Adds the results of a list of log files, starting with `first`, to `report` until `stop`
/// resolves. Returns the results of those that are settled, of `count` listed ones.
async fn take_until(
    stop: impl Future<Output = ()> + Send,
    files: impl Stream<Item = (usize, VerifiedLogFile)> + Send,
    first: usize,
    count: usize,
    report: &mut Report,
) -> LogFileTally {
    let mut files = Box::pin(files);
    let mut stop = pin!(stop);
    let mut settled = SettledPrefix::from(first);
    let (mut reports, mut verdicts) = (Vec::new(), Vec::new());
    while settled.up_to < count
        && let Either::Right((Some((index, verified)), _)) =
            future::select(&mut stop, files.next()).await
    {
        settled.add(index);
        let verdict = verified.report.verdict();
        verdicts.push((index, verdict));
        if verdict == Verdict::Valid {
            report.valid += 1;
        } else {
            reports.push((index, verified.report));
        }
    }
    // The order is that of the digest, whatever answered first.
    reports.sort_by_key(|(index, _)| *index);
    for (_, file_report) in reports {
        report.absorb(file_report);
    }
    let mut tally = LogFileTally {
        listed: count,
        from: first,
        until: settled.up_to,
        counts: Counts::default(),
    };
    // A log file after a gap is verified again with the rest.
    for (index, verdict) in verdicts {
        if index < tally.until {
            tally.counts.add(verdict);
        }
    }
    tally
}

/// Tracks which items of a list, processed out of order, are settled without a gap.
struct SettledPrefix {
    up_to: usize,
    beyond: BTreeSet<usize>,
}

impl From<usize> for SettledPrefix {
    fn from(first: usize) -> Self {
        Self {
            up_to: first,
            beyond: BTreeSet::new(),
        }
    }
}

impl SettledPrefix {
    fn add(&mut self, index: usize) {
        self.beyond.insert(index);
        while self.beyond.remove(&self.up_to) {
            self.up_to += 1;
        }
    }
}
