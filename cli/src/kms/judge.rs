//! The judgment of one log file: with all answers of S3 and KMS, or a copy only by its bytes.
//!
//! The tests are in `tests/tests/command/kms.rs`.

use super::disk::{self, Disk};
use super::listing::SharedObjects;
use super::subject::KmsSubject;
use crate::report::copy::Note;
use std::path::Path;
use std::sync::Arc;
use trailseal::check::kms_events::{KmsChecker, KmsReport, judge_copy};
use trailseal::finding::{Report, Scope};
use trailseal::kms::expected::Expected;
use trailseal_aws::{KmsKeys, Remembered};

/// The judge of log files.
#[derive(Clone)]
pub(super) enum Judge {
    /// For log files in S3: requests the objects and keys that they name.
    Bucket(Arc<KmsChecker<SharedObjects, Remembered<KmsKeys>>>),
    /// For copies on disk: there is no service to query.
    Copy(Disk, Arc<Expected>),
}

impl Judge {
    /// Judges a log file.
    pub(super) async fn judge(&self, subject: &KmsSubject) -> KmsReport {
        match (self, &subject.file) {
            (Self::Bucket(checker), _) => Box::pin(checker.check(&subject.at)).await,
            (Self::Copy(disk, expected), Some(file)) => {
                judge_file(disk, expected, subject, file).await
            }
            // Everything found on disk is a file.
            (Self::Copy(..), None) => KmsReport::default(),
        }
    }

    /// Returns the unusual facts about the files of a copy on disk.
    pub(super) fn notes(&self) -> Vec<Note> {
        match self {
            Self::Bucket(_) => Vec::new(),
            Self::Copy(disk, _) => disk.notes(),
        }
    }
}

async fn judge_file(
    disk: &Disk,
    expected: &Expected,
    subject: &KmsSubject,
    file: &Path,
) -> KmsReport {
    match disk::read(file).await {
        Ok(bytes) => {
            disk.note_form(file, &bytes);
            Box::pin(judge_copy(expected, &subject.at, &subject.key, &bytes)).await
        }
        Err(error) => {
            let mut report = Report::new();
            let scope = Scope::of_log_file(&subject.key, &[]);
            report.cannot_tell(error, &scope, &subject.at);
            report.into()
        }
    }
}
