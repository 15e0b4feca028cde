//! A check when the store allows one request at a time.

use crate::case::{Case, Record, at, kinds};
use std::sync::Arc;
use std::time::Duration;
use trailseal::check::kms_events::KmsChecker;
use trailseal_aws::{Limited, RequestPlaces};

/// S3 throttles until one request is left. A log file that stays open would wait for what it names, and
/// what it names would wait for the log file to be closed.
#[tokio::test]
async fn a_log_file_gives_its_place_to_what_it_names() {
    let mut case = Case::new();
    let expected = case.check(&[Record::delivery()]).await;
    let store = Arc::new(Limited::new(&case.memory, RequestPlaces::fixed(1)));
    let checker = KmsChecker::new(Arc::clone(&store), &case.memory, case.expected.clone());
    let recorded = at(&case.recorded);
    let check = checker.check(&recorded);
    let report = tokio::time::timeout(Duration::from_secs(20), check).await;
    let report = report.expect("the check waits for itself");
    assert_eq!(kinds(&report), kinds(&expected));
    assert_eq!(report.waiting.len(), 1);
    assert!(
        store.requests() > 1,
        "only {} was requested",
        store.requests()
    );
}
