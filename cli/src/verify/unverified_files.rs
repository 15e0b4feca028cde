//! Files that no digest verifies: their number, and the report on them.

use super::job::Job;
use super::no_digests::NO_DIGESTS;
use crate::report::CannotTell;
use trailseal::finding::Scope;

/// The advice on files in a folder that no digest covers.
const NOT_COVERED: &str = "Find out who wrote the files: look for PutObject calls on the bucket by anybody other than CloudTrail. CloudTrail delivers Insights, network activity and aggregated events to folders of their own, and only a digest file that lists such a log file can verify it.";

/// Files that nothing verifies.
#[derive(Debug, Default)]
pub(super) struct UnverifiedFiles {
    count: u64,
    /// The first of them that was found.
    example: Option<String>,
}

impl UnverifiedFiles {
    pub(super) fn add(&mut self, key: String) {
        self.count += 1;
        self.example.get_or_insert(key);
    }

    /// Reports the number of log files for whose time no digest exists.
    pub(super) fn report_log_files(&self, job: &Job, bucket: &str, below: &str, scope: &Scope) {
        if self.count == 0 {
            return;
        }
        let count = self.count;
        job.collector.unverified(CannotTell::of(
            format!("s3://{bucket}/{below}"),
            scope,
            format!(
                "{count} log files below s3://{bucket}/{below} could not be verified: no digest that CloudTrail signed covers their times"
            ),
            NO_DIGESTS,
        ));
    }

    /// Reports the number of files in a folder of which no digest lists any file.
    pub(super) fn report_not_covered(&self, job: &Job, bucket: &str, below: &str, scope: &Scope) {
        let Some(example) = &self.example else {
            return;
        };
        let files = match self.count {
            1 => "1 file".to_owned(),
            count => format!("{count} files, for example"),
        };
        job.collector.unverified(CannotTell::of(
            format!("s3://{bucket}/{below}"),
            scope,
            format!(
                "no digest file covers the folder s3://{bucket}/{below}, so its files could not be verified: {files} s3://{bucket}/{example}"
            ),
            NOT_COVERED,
        ));
    }
}
