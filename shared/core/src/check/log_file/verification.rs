//! The story of a digest's log files: each one there, and as CloudTrail delivered it.

use crate::check::digest::DigestVerifier;
use crate::check::digest::rejection::Rejection;
use crate::check::digest::signed_digest::SignedDigest;
use crate::finding::{DigestReference, Report, Verdict};
use crate::names::location::ObjectLocation;
use crate::names::object_key::{ObjectKind, classify};
use crate::trust::signature::AuthenticDigest;
use crate::world::{Cause, ListPublicKeys, ReadObject, StoreError};
use futures::channel::mpsc;
use futures::future::{self, Either};
use futures::stream::{self, StreamExt as _};
use std::collections::BTreeSet;
use std::pin::pin;

/// How many log files the second line reads side by side. Few, so that the first of them are done with
/// while there is time: of 64 that share a processor, all would end together, and late.
const SECOND_LINE_AT_ONCE: usize = 4;

/// How far a verification came.
#[derive(Debug, Default)]
pub struct Progress {
    /// What was found so far.
    pub report: Report,
    /// The first listed log file that is not settled, where time ran out.
    pub rest: Option<usize>,
    /// The digest, if CloudTrail signed it.
    pub digest: Option<AuthenticDigest>,
}

impl Progress {
    /// Nothing but a report: there is no more to come.
    fn of(report: Report) -> Self {
        Self {
            report,
            ..Self::default()
        }
    }
}

impl<S: ReadObject, K: ListPublicKeys> DigestVerifier<S, K> {
    /// Verifies the log files that a digest lists, from the `first` one on, `concurrency` at a
    /// time, until `stop` resolves.
    ///
    /// A log file that inflates to much waits in a second line, which reads few at a time: however
    /// many such files there are, the others are done with, and so are the first of these.
    ///
    /// The list is believed only of a digest that CloudTrail signed. What is wrong with the
    /// digest itself is a finding here, too.
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
        let digest = match self.authenticate(at, &key).await {
            Ok(digest) => digest,
            Err(Rejection::Finding(finding)) => {
                // The digest-validator finds the same, under the same id, unless it read another
                // version or came before a deletion.
                report.findings.push(*finding);
                return Progress::of(report);
            }
            Err(Rejection::CannotTell(error)) => {
                report.cannot_tell(error, &scope, at);
                return Progress::of(report);
            }
        };
        let authentic = digest;
        let digest = authentic.digest();
        let signed = SignedDigest {
            at,
            key: &key,
            authentic: &authentic,
        };
        // The list is CloudTrail's all the same.
        report.findings.extend(self.key_out_of_period(signed));
        if first > 0 && first >= digest.log_files.len() {
            let error = StoreError {
                action: "go on verifying",
                subject: at.to_string(),
                cause: Cause::Failed(format!(
                    "it lists {} log files, and the event says to go on with number {first}",
                    digest.log_files.len()
                )),
            };
            report.cannot_tell(error, &scope, at);
            return Progress::of(report);
        }
        let listed_in = DigestReference::of(at, digest);
        let (scope, listed_in) = (&scope, &listed_in);
        let (second, postponed) = mpsc::unbounded();
        let first_line = stream::iter(first..digest.log_files.len())
            .map(|index| async move {
                let verified = match digest.log_files.get(index) {
                    Some(file) => self.verify_briefly(file, scope, listed_in).await,
                    None => None,
                };
                (index, verified)
            })
            .buffer_unordered(concurrency.max(1))
            .filter_map(move |(index, verified)| {
                if verified.is_none() {
                    // The other end is there for as long as this one is.
                    let _ = second.unbounded_send(index);
                }
                future::ready(verified.map(|verified| (index, verified.report)))
            });
        let second_line = postponed
            .map(|index| async move {
                let report = match digest.log_files.get(index) {
                    Some(file) => self.verify_log_file(file, scope, listed_in).await.report,
                    None => Report::new(),
                };
                (index, report)
            })
            .buffer_unordered(SECOND_LINE_AT_ONCE);
        let mut files = Box::pin(stream::select(first_line, second_line));
        let mut stop = pin!(stop);
        let mut settled = SettledPrefix::from(first);
        let mut reports = Vec::new();
        while settled.up_to < digest.log_files.len()
            && let Either::Right((Some((index, verified)), _)) =
                future::select(&mut stop, files.next()).await
        {
            settled.add(index);
            if verified.verdict() == Verdict::Valid {
                report.valid += 1;
            } else {
                reports.push((index, verified));
            }
        }
        // As the digest lists them, whatever answered first.
        reports.sort_by_key(|(index, _)| *index);
        for (_, file_report) in reports {
            report.absorb(file_report);
        }
        let rest = (settled.up_to < digest.log_files.len()).then_some(settled.up_to);
        drop(files);
        Progress {
            report,
            rest,
            digest: Some(authentic),
        }
    }
}

/// Which of a list, worked on out of order, are settled without a gap.
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
