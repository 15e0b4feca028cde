//! The result of the verification of a log file that a digest lists.

use super::read::LogFileVerdict;
use crate::check::archived;
use crate::check::digest::DigestVerifier;
use crate::finding::log_file::{self as finding, LogFileSubject};
use crate::finding::{ArchivedMisfit, DigestReference, Obstacle, Report, Scope};
use crate::format::digest::{DigestMetadata, ListedLogFile};
use crate::format::form::Form;
use crate::names::location::ObjectLocation;
use crate::names::object_key::{DigestSeries, ObjectKind, classify};
use crate::world::{Cause, ListPublicKeys, ReadObject, StoreError};

/// The result of the verification of a log file that a digest lists.
#[derive(Debug)]
pub struct VerifiedLogFile {
    /// The findings and obstacles.
    pub report: Report,
    /// The number of bytes it inflates to, if it is valid.
    pub inflated_bytes: u64,
    /// The form that it was read in, if it is valid.
    pub form: Form,
    /// Its location.
    pub at: ObjectLocation,
}

impl<S: ReadObject, K: ListPublicKeys> DigestVerifier<S, K> {
    /// Verifies one log file that a CloudTrail digest lists.
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

    /// Returns the result of reading a listed log file, as a report.
    pub(super) async fn judge_log_file(
        &self,
        file: &ListedLogFile,
        scope: &Scope,
        listed_in: &DigestReference,
        at: &ObjectLocation,
        read: Result<LogFileVerdict, StoreError>,
    ) -> VerifiedLogFile {
        let subject = LogFileSubject {
            scope,
            at,
            hash: file.hash,
            listed_in,
        };
        let mut verified = VerifiedLogFile {
            report: Report::new(),
            inflated_bytes: 0,
            form: Form::Gzip,
            at: at.clone(),
        };
        let report = &mut verified.report;
        match read {
            Ok(LogFileVerdict::Valid(checked)) => {
                verified.inflated_bytes = checked.inflated_bytes;
                verified.form = checked.form;
            }
            Ok(LogFileVerdict::Missing(absence)) if !self.places.holds(&file.location.bucket) => {
                let error = StoreError {
                    action: "find a copy of",
                    subject: file.location.to_string(),
                    cause: Cause::Absent(absence),
                };
                report.cannot_tell(error, scope, at);
            }
            Ok(LogFileVerdict::Missing(absence)) => {
                let missing = finding::missing(subject, absence);
                report.absent(missing, absence, self.places.role_of(&at.bucket));
            }
            Ok(LogFileVerdict::Postponed) => {
                let error = StoreError {
                    action: "finish reading",
                    subject: at.to_string(),
                    cause: Cause::Unavailable(
                        "it is large, and there was not enough time".to_owned(),
                    ),
                };
                report.cannot_tell(error, scope, at);
            }
            Ok(LogFileVerdict::Wrong(error)) => {
                report.findings.push(finding::wrong(subject, &error));
            }
            Err(error) => self.report_unread_log_file(subject, error, report).await,
        }
        verified
    }

    /// Reports a log file that cannot be read. An archived one still has headers, which may show
    /// that it is not the one that CloudTrail delivered.
    async fn report_unread_log_file(
        &self,
        subject: LogFileSubject<'_>,
        error: StoreError,
        report: &mut Report,
    ) {
        let LogFileSubject {
            scope,
            at,
            listed_in,
            ..
        } = subject;
        match self.archived_misfit(at, error, listed_in).await {
            Ok(misfit) => {
                let finding = finding::replaced_in_archive(subject, &misfit);
                report.findings.push(finding);
            }
            Err(error) => {
                report.cannot_tell(error, scope, at);
                for Obstacle { if_it_stays, .. } in &mut report.obstacles {
                    let stays = if_it_stays.take();
                    *if_it_stays = stays.map(|f| f.with_digest(listed_in.clone()));
                }
            }
        }
    }

    /// Returns what does not fit in an archived log file, or the error if the headers do not show
    /// it.
    async fn archived_misfit(
        &self,
        at: &ObjectLocation,
        error: StoreError,
        listed_in: &DigestReference,
    ) -> Result<ArchivedMisfit, StoreError> {
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
