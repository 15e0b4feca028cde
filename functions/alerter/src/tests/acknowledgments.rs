//! Repeats of an alert that somebody has silenced.

use super::*;
use trailseal::alert::acknowledgment::Acknowledgment;

const DAY: i64 = 24 * 60;

/// Has somebody acknowledge the incident of a finding.
async fn acknowledge(aws: &Aws, finding: &Finding, minute: i64, until: Option<i64>) {
    let id = finding.id().to_string();
    let until = until.map(at);
    let acknowledged = Acknowledgment::new(&id, "alice", "no version is left", at(minute), until);
    let acknowledged = acknowledged.unwrap();
    aws.keep(&acknowledged.key(), acknowledged.document())
        .await
        .unwrap();
}

/// Lets the alerter answer to one finding; returns whether people hear of it.
async fn is_published(aws: &Aws, finding: &Finding, minute: i64) -> bool {
    let before = number_of_alerts(aws);
    let body = body(std::slice::from_ref(finding), minute);
    assert_eq!(answer(aws, &[body], minute).await, Some(Vec::new()));
    number_of_alerts(aws) > before
}

#[tokio::test]
async fn an_acknowledgment_silences_repeats_until_its_end() {
    let aws = Aws::default();
    let found = modified("a");
    assert!(is_published(&aws, &found, 0).await);
    assert!(is_published(&aws, &found, DAY).await);
    acknowledge(&aws, &found, DAY + 1, Some(3 * DAY)).await;
    assert!(!is_published(&aws, &found, 2 * DAY + 1).await);
    assert!(is_published(&aws, &found, 3 * DAY).await);
    acknowledge(&aws, &found, 3 * DAY + 1, None).await;
    assert!(!is_published(&aws, &found, 9 * DAY).await);
    // Something else in it is news.
    let again = modified("a").with_evidence("x", "another content");
    assert!(is_published(&aws, &again, 10 * DAY).await);
}

#[tokio::test]
async fn an_acknowledgment_silences_no_first_alert() {
    let aws = Aws::default();
    let found = modified("a");
    acknowledge(&aws, &found, 0, None).await;
    assert!(is_published(&aws, &found, 1).await);
    // Before it opened.
    assert!(is_published(&aws, &found, 1 + DAY).await);
}

#[tokio::test]
async fn what_cannot_be_read_silences_nothing() {
    let aws = Aws::default();
    let found = modified("a");
    assert!(is_published(&aws, &found, 0).await);
    acknowledge(&aws, &found, 1, None).await;
    for refused in ["list", "fetch"] {
        aws.0.lock().unwrap().refuses = BTreeSet::from([refused]);
        assert!(is_published(&aws, &found, DAY).await, "{refused}");
        aws.0
            .lock()
            .unwrap()
            .documents
            .retain(|key, _| !key.starts_with("incidents/"));
        aws.0.lock().unwrap().refuses = BTreeSet::new();
        assert!(is_published(&aws, &found, 0).await);
        acknowledge(&aws, &found, 1, None).await;
    }
    assert!(!is_published(&aws, &found, DAY).await);
}

/// Checks that each day of a silent chain is on record, although people do not hear of it.
#[tokio::test]
async fn a_planned_stop_is_recorded_silently() {
    let overdue = |day: i64| {
        let object = ObjectLocation::new(BUCKET, "digest");
        let finding = Finding::for_tests(
            FindingKind::DigestOverdue,
            Scope::default(),
            object,
            "No digest arrived.",
        );
        finding.about("chain", format!("day {day}"))
    };
    let aws = Aws::default();
    assert!(is_published(&aws, &overdue(0), 0).await);
    acknowledge(&aws, &overdue(0), 1, Some(3 * DAY)).await;
    for day in 1..3 {
        assert!(!is_published(&aws, &overdue(day), day * DAY).await);
    }
    let key = trailseal::alert::incident::key(&overdue(0).id().to_string());
    let document = aws.0.lock().unwrap().documents[&key].0.clone();
    let incident: Value = serde_json::from_str(&document).unwrap();
    assert_eq!(incident["occurrences"], 3);
    // The stop is longer than planned.
    assert!(is_published(&aws, &overdue(3), 3 * DAY).await);
    assert_eq!(published(&aws).last().unwrap().2, 3);
}
