//! Findings in documents of the evidence bucket.

use super::*;

#[tokio::test]
async fn findings_are_read_from_their_document_and_other_documents_are_refused() {
    let aws = Aws::default();
    let findings: Vec<Finding> = (0..500).map(|n| modified(&format!("{n:0900}"))).collect();
    let messages = composed(&findings, 0, Some(BUCKET));
    let document = messages[0].document.clone().unwrap();
    aws.keep(&document.key, document.content).await.unwrap();
    let elsewhere = messages[0].body.replace("findings/", "AWSLogs/");
    let bodies = [
        messages[0].body.clone(),
        elsewhere,
        messages[0].body.replace("2026/01/15/", "2026/01/15/gone"),
        "{}".to_owned(),
        body(&[modified("other")], 0),
    ];
    assert_eq!(answer(&aws, &bodies, 0).await, Some(vec![1, 2, 3]));
    let alerts = aws.0.lock().unwrap().alerts.clone();
    assert_eq!(alerts.len(), 1);
    assert!(
        alerts[0].subject.contains("501 findings"),
        "{}",
        alerts[0].subject
    );
}

/// More documents than one invocation reads: the rest is delivered a moment later.
#[tokio::test]
async fn documents_beyond_the_bound_are_delivered_again() {
    let aws = Aws::default();
    let mut bodies = Vec::new();
    for n in 0..20 {
        let findings: Vec<Finding> = (0..400)
            .map(|m| modified(&format!("{n}{m:0900}")))
            .collect();
        for message in composed(&findings, 0, Some(BUCKET)) {
            let document = message.document.unwrap();
            aws.keep(&document.key, document.content).await.unwrap();
            bodies.push(message.body);
        }
    }
    let mut rounds = 0;
    while !bodies.is_empty() {
        assert_eq!(answer(&aws, &bodies, rounds).await, Some(vec![]));
        rounds += 1;
        bodies = take_later(&aws);
    }
    assert_eq!(rounds, 3);
    let world = aws.0.lock().unwrap();
    let incidents = world
        .documents
        .keys()
        .filter(|key| key.starts_with("incidents/"));
    assert_eq!(incidents.count(), 20 * 400);
}
