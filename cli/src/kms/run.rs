//! A run over log files. Several are judged at a time, and printed in their order.
//!
//! The tests are in `tests/tests/command/kms.rs`.

use super::head::{KmsFoot, KmsHead};
use super::judge::Judge;
use super::page::KmsPage;
use super::subject::{KmsSubject, Subjects, Unseen};
use super::tally::{KmsProgress, KmsTally};
use crate::exit::{self, Stop};
use crate::interrupt;
use crate::progress::Display;
use crate::report::{Outcome, Range};
use futures::stream::StreamExt as _;
use jiff::Timestamp;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use trailseal::check::kms_events::KmsReport;
use trailseal::names::object_key::ROOT_FOLDER;
use trailseal::world::{Cause, StoreError};

/// The time before the progress display appears. Shorter work is not displayed.
const SOON: Duration = Duration::from_secs(2);

/// A run over log files.
pub(super) struct KmsRun {
    pub(super) judge: Judge,
    pub(super) head: KmsHead,
    pub(super) at_once: usize,
}

impl KmsRun {
    /// Judges log files, several at a time, and prints them in their order.
    pub(super) async fn judge(
        self,
        subjects: Subjects,
        mut page: KmsPage,
        requests: impl Fn() -> u64,
    ) -> Result<Outcome, Stop> {
        let head = &self.head;
        let progress = Arc::new(KmsProgress::default());
        let shown = Arc::clone(&progress);
        let display = Display::start(SOON, move |elapsed| shown.line(elapsed));
        let mut tally = KmsTally::new(head.started_at);
        let mut judged = pin!(
            subjects
                .map(|subject| self.judge_one(subject))
                .buffered(self.at_once)
        );
        let mut interrupted = pin!(interrupt::first());
        let mut is_interrupted = false;
        while !tally.is_signed_out() {
            let next = tokio::select! {
                next = judged.next() => next,
                () = &mut interrupted => {
                    is_interrupted = true;
                    None
                }
            };
            let (subject, report) = match next {
                None => break,
                Some(Err(unseen)) => {
                    tally.unseen(&unseen.0.error);
                    continue;
                }
                Some(Ok(judged)) => judged,
            };
            if !report.report.checked {
                // Deleted since it was listed.
                if head.one {
                    display.stop();
                    return Err(Stop::cannot_tell(format_args!(
                        "cannot read {}: it does not exist",
                        subject.at
                    )));
                }
                continue;
            }
            let entry = tally.take(subject, report);
            progress.count(&tally);
            display.suspended(|| page.entry(head, &entry))?;
        }
        display.stop();
        let why = if tally.is_signed_out() {
            "the credentials can no longer be used"
        } else {
            "the run was interrupted"
        };
        if (tally.is_signed_out() || !is_interrupted) && tally.is_empty() {
            return Err(nothing(head, &tally));
        }
        is_interrupted |= tally.is_signed_out();
        let foot = KmsFoot {
            finished_at: Timestamp::now(),
            interrupted: is_interrupted,
            requests: requests(),
            verdict: tally.verdict(is_interrupted),
            notes: self.judge.notes(),
        };
        page.end(head, &tally, &foot)?;
        if is_interrupted {
            exit::say(format_args!(
                "{why}: the report does not include log files that the run did not reach"
            ));
        }
        Ok(foot.verdict)
    }

    async fn judge_one(
        &self,
        subject: Result<KmsSubject, Unseen>,
    ) -> Result<(KmsSubject, KmsReport), Unseen> {
        let subject = subject?;
        let (judge, asked) = (self.judge.clone(), subject.clone());
        let report = tokio::spawn(async move { judge.judge(&asked).await });
        match report.await {
            Ok(report) => Ok((subject, report)),
            Err(error) => Err(StoreError {
                action: "check the KMS events of",
                subject: subject.at.to_string(),
                cause: Cause::Failed(error.to_string()),
            }
            .into()),
        }
    }
}

/// Returns why there is nothing to report.
fn nothing(head: &KmsHead, tally: &KmsTally) -> Stop {
    if let Some(first) = tally.cannot_tell().first() {
        let reason = first.reason.trim_end_matches('.');
        return Stop::cannot_tell(format_args!("{reason}. {}", first.advice));
    }
    let of_the_time = if head.requested == Range::default() {
        ""
    } else {
        " of the requested time"
    };
    Stop::cannot_tell(format_args!(
        "{} contains no log file{of_the_time}: no {ROOT_FOLDER}/ACCOUNT/CloudTrail folder in it has one; check the bucket, the prefix and the times",
        head.source
    ))
}
