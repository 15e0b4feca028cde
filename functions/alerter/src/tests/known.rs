//! Findings that somebody has reviewed.

use super::*;
use trailseal::alert::baseline::{Baseline, KEY, KnownFinding};
use trailseal::finding::Severity;

fn reviewed(finding: &Finding) -> KnownFinding {
    KnownFinding {
        id: finding.id().to_string(),
        occurrence: finding.short_occurrence(),
        kind: finding.kind.as_str().to_owned(),
        severity: finding.severity(),
        object: finding.object.clone(),
        window: finding.window,
        reason: "It was modified in a migration.".to_owned(),
        reviewer: "Jane Doe".to_owned(),
        reviewed_at: at(0),
    }
}

async fn store(aws: &Aws, known: KnownFinding) {
    let mut baseline = Baseline::default();
    baseline.add(known).unwrap();
    aws.keep(KEY, baseline.to_json()).await.unwrap();
}

#[tokio::test]
async fn nobody_is_alerted_about_a_finding_of_the_baseline() {
    let aws = Aws::default();
    let known = modified("known").with_evidence("hash 1", "hash 2");
    store(&aws, reviewed(&known)).await;
    let both = body(&[known.clone(), modified("new")], 0);
    let bodies = [both, body(std::slice::from_ref(&known), 0)];
    assert_eq!(answer(&aws, &bodies, 0).await, Some(vec![]));
    let alerted = || {
        let published = published(&aws).into_iter();
        published.map(|(_, key, _)| key).collect::<Vec<_>>()
    };
    assert_eq!(alerted(), ["new"]);
    // The same log file is modified a second time.
    let again = modified("known").with_evidence("hash 1", "hash 3");
    assert_eq!(answer(&aws, &[body(&[again], 1)], 1).await, Some(vec![]));
    assert_eq!(alerted(), ["new", "known"]);
}

#[tokio::test]
async fn a_baseline_that_cannot_be_used_silences_nothing() {
    let known = modified("known");
    for (document, refuses) in [
        ("{".to_owned(), None),
        ("{\"schema\":\"trailseal.baseline/1\"}".to_owned(), None),
        (String::new(), Some("recall")),
    ] {
        let aws = Aws::default();
        if document.is_empty() {
            store(&aws, reviewed(&known)).await;
        } else {
            aws.keep(KEY, document).await.unwrap();
        }
        aws.0.lock().unwrap().refuses.extend(refuses);
        let bodies = [body(std::slice::from_ref(&known), 0)];
        assert_eq!(answer(&aws, &bodies, 0).await, Some(vec![]));
        assert_eq!(number_of_alerts(&aws), 1);
    }
    // What was reviewed was less bad.
    let aws = Aws::default();
    let milder = KnownFinding {
        severity: Severity::Low,
        ..reviewed(&known)
    };
    store(&aws, milder).await;
    let bodies = [body(&[known], 0)];
    assert_eq!(answer(&aws, &bodies, 0).await, Some(vec![]));
    assert_eq!(number_of_alerts(&aws), 1);
}
