//! A bucket that is emptied: thousands of events, one incident, and bounded work for each.

use crate::case::{Case, marked, only};
use std::collections::BTreeSet;
use trailseal_tests::trail::{Object, TrailSpec};

#[tokio::test]
async fn a_bucket_that_is_emptied_is_one_incident_for_each_region() {
    let mut case = Case::of(TrailSpec {
        hours: 24,
        regions: vec!["us-east-1".to_owned(), "eu-west-1".to_owned()],
        log_files_per_hour: 42..=42,
        records_per_file: 1..=1,
        ..TrailSpec::default()
    })
    .at("2026-01-17T00:00:00Z");
    let logs = case.trail.log_files.iter();
    let logs: Vec<Object> = logs.map(|log| log.object.clone()).collect();
    assert!(logs.len() >= 2_000, "{}", logs.len());
    let (mut ids, mut occurrences) = (BTreeSet::new(), BTreeSet::new());
    let (mut most_reads, mut most_lists) = (0, 0);
    for log in &logs {
        case.memory
            .mark_deleted(log, "marker", "2026-01-16T23:59:58Z");
        let (reads, lists) = (case.memory.reads(), case.memory.lists());
        let found = only(case.check(log, marked()).await);
        assert!(
            found.message.contains("Version v0 is intact"),
            "{}",
            found.message
        );
        most_reads = most_reads.max(case.memory.reads() - reads);
        most_lists = most_lists.max(case.memory.lists() - lists);
        ids.insert(found.id().to_string());
        occurrences.insert(found.occurrence().to_string());
    }
    assert_eq!((ids.len(), occurrences.len()), (2, logs.len()));
    // The digest, perhaps those of the next two hours, and the version. The pages of this memory
    // have ten keys, and S3's have a thousand.
    assert!(most_reads <= 4, "{most_reads} reads");
    assert!(most_lists <= 8, "{most_lists} lists");
}
