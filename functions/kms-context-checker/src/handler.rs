//! What happens to one new log file.

use trailseal::event::Created;
use trailseal::kms_check::KmsChecker;
use trailseal::lambda::{Check, Checked, Deadline};
use trailseal::store::{DescribeKey, ReadEncryption, ReadObject};

/// Checks the KMS records of log files.
pub(crate) struct KmsContextChecker<S, K> {
    checker: KmsChecker<S, K>,
}

impl<S, K> KmsContextChecker<S, K> {
    pub(crate) fn new(checker: KmsChecker<S, K>) -> Self {
        Self { checker }
    }
}

impl<S, K> Check for KmsContextChecker<S, K>
where
    S: ReadObject + ReadEncryption + 'static,
    K: DescribeKey + 'static,
{
    const FUNCTION: &'static str = "kms-context-checker";

    async fn check(&self, created: &Created, _: Deadline) -> Checked {
        self.checker.check(&created.object).await.into()
    }
}
