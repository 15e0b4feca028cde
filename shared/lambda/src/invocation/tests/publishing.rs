//! The findings that are sent, and the receipts that are kept.

use super::*;

#[tokio::test]
async fn a_finding_that_is_not_accepted_goes_back_to_its_queue() {
    let sent = Sent {
        refuses: true,
        ..Sent::default()
    };
    let service = service(sent, Line::default());
    let event = sqs(&[("a", &key("tampered"), 1), ("b", &key("valid"), 1)]);
    invoke(&service, event).await.unwrap();
    assert_eq!(sent_again(&service), [key("tampered")]);
    service.resender.queue.sent.lock().unwrap().clear();
    // It is not given up early, regardless of the queue's error.
    assert_eq!(follow(&service, "tampered").await.len(), 4);
}

#[tokio::test]
async fn findings_about_one_key_are_recorded_occurrences_of_one_incident() {
    let service = service(Sent::default(), Line::default());
    for object in ["hourly", "hourly-too", "hourly"] {
        let event = sqs(&[("a", &key(object), 1)]);
        assert!(sent_back(&invoke(&service, event).await.unwrap()).is_empty());
    }
    let findings = findings(&service);
    let all = |field: &str| -> Vec<Value> {
        let findings = findings.iter();
        findings.map(|finding| finding[field].clone()).collect()
    };
    let (ids, occurrences) = (all("id"), all("occurrence"));
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(occurrences[0], occurrences[2]);
    assert_ne!(occurrences[0], occurrences[1]);
    let documents = service.publisher.evidence.documents.lock().unwrap();
    for object in ["hourly", "hourly-too"] {
        let receipt = &documents[&format!("receipts/log-verifier/{BUCKET}/{object}.json")];
        let receipt: Value = serde_json::from_str(receipt).unwrap();
        assert_eq!(receipt["schema"], "trailseal.receipt/1");
        assert_eq!(receipt["verdict"], "finding");
        assert_eq!(receipt["rules"]["delivery"]["finding"], 1);
        assert_eq!(receipt["findings"][0]["kind"], "log-file-modified");
    }
}

#[tokio::test]
async fn an_object_without_a_receipt_goes_back_after_its_findings_are_sent() {
    let mut service = service(Sent::default(), Line::default());
    Arc::get_mut(&mut service)
        .unwrap()
        .publisher
        .evidence
        .refuses = true;
    let event = sqs(&[("a", &key("hourly"), 1), ("b", &key("valid"), 1)]);
    invoke(&service, event).await.unwrap();
    assert_eq!(sent_again(&service), [key("hourly")]);
    assert_eq!(findings(&service).len(), 1);
}
