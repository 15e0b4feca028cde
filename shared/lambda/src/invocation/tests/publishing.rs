//! The findings that are sent.

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
async fn findings_about_one_key_are_occurrences_of_one_incident() {
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
}
