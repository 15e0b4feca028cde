//! The story of a digest's log files: each one there, and as CloudTrail delivered it.

use crate::check::archived::{self, Misfit};
use crate::check::turn::give_way;
use crate::check::validation::{Digests, Rejection, reference};
use crate::finding::{DigestReference, Finding, FindingKind, Obstacle, Report, Scope, Verdict};
use crate::format::digest::{DigestMetadata, ListedLogFile};
use crate::format::form::Form;
use crate::format::records::STEP_BYTES;
use crate::names::location::ObjectLocation;
use crate::names::object_key::{DigestSeries, ObjectKind, classify};
use crate::names::sha256::Sha256;
use crate::trust::log_file::{self, Checked, LogFileCheck, LogFileError};
use crate::trust::signature::AuthenticDigest;
use crate::world::{Absence, Body as _, Cause, ListPublicKeys, ReadObject, StoreError};
use bytes::Bytes;
use futures::channel::mpsc;
use futures::future::{self, Either};
use futures::stream::{self, StreamExt as _};
use std::collections::BTreeSet;
use std::pin::pin;

/// How often a log file is read before it counts as unreadable for now: a connection that breaks
/// must not send a digest of thousands of files round again.
const READ_ATTEMPTS: usize = 3;

/// How many bytes a log file may inflate to in the first line, where many are read side by side. What
/// has more starts again in the second line. CloudTrail's take kilobytes to tens of megabytes.
const FIRST_LINE_BYTES: u64 = 32 * 1024 * 1024;

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

enum LogFileVerdict {
    Valid(Checked),
    Missing(Absence),
    Wrong(LogFileError),
    /// It inflates to more than was allowed for now.
    Postponed,
}

impl<S: ReadObject, K: ListPublicKeys> Digests<S, K> {
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
        // The list is CloudTrail's all the same.
        report
            .findings
            .extend(self.key_out_of_period(at, &key, &authentic));
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
        let listed_in = reference(at, digest);
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
        let mut settled = Settled::from(first);
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

    /// Verifies one log file that a digest of CloudTrail's lists.
    pub async fn verify_log_file(
        &self,
        file: &ListedLogFile,
        scope: &Scope,
        listed_in: &DigestReference,
    ) -> VerifiedLogFile {
        let at = self.actual(&file.location, &listed_in.bucket);
        let read = self.read_patiently(&at, file.hash, None).await;
        self.judge_log_file(file, scope, listed_in, &at, read).await
    }

    /// Verifies one log file in the first line; none where it inflates to too much for that.
    async fn verify_briefly(
        &self,
        file: &ListedLogFile,
        scope: &Scope,
        listed_in: &DigestReference,
    ) -> Option<VerifiedLogFile> {
        let at = self.actual(&file.location, &listed_in.bucket);
        let at_most = Some(FIRST_LINE_BYTES);
        match self.read_patiently(&at, file.hash, at_most).await {
            Ok(LogFileVerdict::Postponed) => None,
            read => Some(self.judge_log_file(file, scope, listed_in, &at, read).await),
        }
    }

    /// What reading a listed log file came to, as a report.
    async fn judge_log_file(
        &self,
        file: &ListedLogFile,
        scope: &Scope,
        listed_in: &DigestReference,
        at: &ObjectLocation,
        read: Result<LogFileVerdict, StoreError>,
    ) -> VerifiedLogFile {
        let mut verified = VerifiedLogFile {
            report: Report::new(),
            inflated_bytes: 0,
            form: Form::Gzip,
            at: at.clone(),
        };
        let report = &mut verified.report;
        let verdict = match read {
            Ok(verdict) => verdict,
            Err(error) => {
                match self.unread_log_file(at, error, listed_in).await {
                    Ok(Misfit { expected, actual }) => report.findings.push(
                        Finding::new(
                            FindingKind::LogFileModified,
                            scope.clone(),
                            at.clone(),
                            "The log file was replaced after delivery, by an object in an archive storage class, which nobody can read.",
                        )
                        .with_digest(listed_in.clone())
                        .with_evidence(
                            format!("content with SHA-256 {}, in {expected}", file.hash),
                            actual,
                        ),
                    ),
                    Err(error) => {
                        report.cannot_tell(error, scope, at);
                        for Obstacle { if_it_stays, .. } in &mut report.obstacles {
                            let stays = if_it_stays.take();
                            *if_it_stays = stays.map(|f| f.with_digest(listed_in.clone()));
                        }
                    }
                }
                return verified;
            }
        };
        let finding = |kind, message: &str, actual: String| {
            Finding::new(kind, scope.clone(), at.clone(), message)
                .with_digest(listed_in.clone())
                .with_evidence(format!("content with SHA-256 {}", file.hash), actual)
        };
        let error = match verdict {
            LogFileVerdict::Valid(checked) => {
                verified.inflated_bytes = checked.inflated_bytes;
                verified.form = checked.form;
                return verified;
            }
            LogFileVerdict::Missing(absence) if !self.places.holds(&file.location.bucket) => {
                let error = StoreError {
                    action: "find a copy of",
                    subject: file.location.to_string(),
                    cause: Cause::Absent(absence),
                };
                report.cannot_tell(error, scope, at);
                return verified;
            }
            LogFileVerdict::Missing(absence) => {
                let missing = finding(
                    FindingKind::LogFileMissing,
                    "CloudTrail delivered the log file and it is gone.",
                    absence.to_string(),
                );
                report.absent(missing, absence, self.places.role_of(&at.bucket));
                return verified;
            }
            LogFileVerdict::Postponed => {
                let error = StoreError {
                    action: "read in time",
                    subject: at.to_string(),
                    cause: Cause::Unavailable("it is large".to_owned()),
                };
                report.cannot_tell(error, scope, at);
                return verified;
            }
            LogFileVerdict::Wrong(error) => error,
        };
        let (kind, message) = match &error {
            LogFileError::TrailingData => (
                FindingKind::LogFileTrailingData,
                "Bytes were appended to the log file after delivery; some readers would show them as records.",
            ),
            LogFileError::Malformed(_) | LogFileError::TooLarge => (
                FindingKind::LogFileMalformed,
                "The log file was replaced or damaged after delivery: it is not the gzip file that CloudTrail wrote.",
            ),
            LogFileError::Modified { .. } => (
                FindingKind::LogFileModified,
                "The log file's content is not what CloudTrail delivered.",
            ),
        };
        report
            .findings
            .push(finding(kind, message, error.to_string()));
        verified
    }

    /// What does not fit in an archived log file; the error where that does not tell.
    async fn unread_log_file(
        &self,
        at: &ObjectLocation,
        error: StoreError,
        listed_in: &DigestReference,
    ) -> Result<Misfit, StoreError> {
        if !matches!(error.cause, Cause::Archived(_)) || self.places.is_replica(&at.bucket) {
            return Err(error);
        }
        let listed_by = match classify(&listed_in.key) {
            ObjectKind::Digest(key) if key.series == DigestSeries::Backfill => {
                let digest_at = ObjectLocation::new(&listed_in.bucket, &listed_in.key);
                let headers = self.store.headers(&digest_at).await?;
                let metadata = DigestMetadata::from_user_metadata(&headers.metadata);
                metadata
                    .backfill_generated
                    .and_then(|time| time.parse().ok())
            }
            _ => listed_in.end_time,
        };
        let headers = self.store.headers(at).await?;
        archived::log_file(&headers, listed_by).ok_or(error)
    }

    async fn read_patiently(
        &self,
        at: &ObjectLocation,
        expected: Sha256,
        at_most: Option<u64>,
    ) -> Result<LogFileVerdict, StoreError> {
        let mut attempt = 1;
        loop {
            match self.read_log_file(at, expected, at_most).await {
                Err(StoreError {
                    cause: Cause::Unavailable(_),
                    ..
                }) if attempt < READ_ATTEMPTS => attempt += 1,
                Err(error) => {
                    return match error.absence() {
                        Some(absence) => Ok(LogFileVerdict::Missing(absence)),
                        None => Err(error),
                    };
                }
                Ok(verdict) => return Ok(verdict),
            }
        }
    }

    async fn read_log_file(
        &self,
        at: &ObjectLocation,
        expected: Sha256,
        at_most: Option<u64>,
    ) -> Result<LogFileVerdict, StoreError> {
        let mut object = self.store.read(at).await?;
        let mut whole = Whole::default();
        let mut ended = false;
        if object
            .size
            .is_some_and(|size| size <= log_file::MAX_WHOLE_BYTES)
        {
            // Until there is more than was announced.
            while whole.is_small() && !ended {
                match object.body.next().await? {
                    Some(bytes) => whole.0.push(bytes),
                    None => ended = true,
                }
            }
        }
        if ended {
            let bytes = whole.join();
            if let Some(checked) = self.check_quickly(&bytes, expected) {
                return Ok(LogFileVerdict::Valid(checked));
            }
            whole = Whole(vec![bytes]);
        }
        let mut check = if self.places.bare_copy {
            LogFileCheck::of_copy(expected)
        } else {
            LogFileCheck::new(expected)
        };
        let mut held = whole.0.into_iter();
        loop {
            let bytes = match held.next() {
                Some(bytes) => bytes,
                None if ended => return Ok(check.checked().into()),
                None => match object.body.next().await? {
                    Some(bytes) => bytes,
                    None => return Ok(check.checked().into()),
                },
            };
            for step in bytes.chunks(STEP_BYTES) {
                if let Err(error) = check.push(step) {
                    return Ok(LogFileVerdict::Wrong(error));
                }
                if at_most.is_some_and(|at_most| check.inflated_bytes() > at_most) {
                    return Ok(LogFileVerdict::Postponed);
                }
                give_way().await;
            }
        }
    }

    /// Checks a log file held whole; none where it is not the file listed, or takes long: the exact
    /// verdict is the stream's. In a copy on disk it may be decompressed.
    fn check_quickly(&self, bytes: &[u8], expected: Sha256) -> Option<Checked> {
        let form = Form::of(bytes, self.places.bare_copy);
        let inflated_bytes = match form {
            Form::Gzip => log_file::quick(bytes, expected)?,
            Form::Inflated => return log_file::check_copy(bytes, expected).ok(),
        };
        Some(Checked {
            inflated_bytes,
            form,
        })
    }
}

/// What became of a log file that a digest lists.
#[derive(Debug)]
pub struct VerifiedLogFile {
    /// What was found.
    pub report: Report,
    /// How many bytes it inflates to, if it is valid.
    pub inflated_bytes: u64,
    /// The form that it was read in, if it is valid.
    pub form: Form,
    /// Where it is.
    pub at: ObjectLocation,
}

/// An object held whole, in the pieces that it came in.
#[derive(Default)]
struct Whole(Vec<Bytes>);

impl Whole {
    fn is_small(&self) -> bool {
        let bytes: usize = self.0.iter().map(Bytes::len).sum();
        u64::try_from(bytes).is_ok_and(|bytes| bytes <= log_file::MAX_WHOLE_BYTES)
    }

    fn join(self) -> Bytes {
        match <[Bytes; 1]>::try_from(self.0) {
            Ok([only]) => only,
            Err(pieces) => pieces.concat().into(),
        }
    }
}

impl From<Result<Checked, LogFileError>> for LogFileVerdict {
    fn from(checked: Result<Checked, LogFileError>) -> Self {
        match checked {
            Ok(checked) => Self::Valid(checked),
            Err(error) => Self::Wrong(error),
        }
    }
}

/// Which of a list, worked on out of order, are settled without a gap.
struct Settled {
    up_to: usize,
    beyond: BTreeSet<usize>,
}

impl From<usize> for Settled {
    fn from(first: usize) -> Self {
        Self {
            up_to: first,
            beyond: BTreeSet::new(),
        }
    }
}

impl Settled {
    fn add(&mut self, index: usize) {
        self.beyond.insert(index);
        while self.beyond.remove(&self.up_to) {
            self.up_to += 1;
        }
    }
}
