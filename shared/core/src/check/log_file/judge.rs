//! What became of a log file that a digest lists.

use super::read::LogFileVerdict;
use crate::check::archived::{self, Misfit};
use crate::check::digest::DigestVerifier;
use crate::finding::{DigestReference, Finding, FindingKind, Obstacle, Report, Scope};
use crate::format::digest::{DigestMetadata, ListedLogFile};
use crate::format::form::Form;
use crate::names::location::ObjectLocation;
use crate::names::object_key::{DigestSeries, ObjectKind, classify};
use crate::trust::log_file::LogFileError;
use crate::world::{Cause, ListPublicKeys, ReadObject, StoreError};

/// How many bytes a log file may inflate to in the first line, where many are read side by side. What
/// has more starts again in the second line. CloudTrail's take kilobytes to tens of megabytes.
const FIRST_LINE_BYTES: u64 = 32 * 1024 * 1024;

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

impl<S: ReadObject, K: ListPublicKeys> DigestVerifier<S, K> {
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
    pub(super) async fn verify_briefly(
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
}
