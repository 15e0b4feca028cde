//! The findings that are sent.

use super::*;
use trailseal::names::seconds::whole_second;

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

/// Somebody may have deleted the object again while the check was under way.
#[tokio::test]
async fn an_all_clear_is_of_the_time_when_the_check_began() {
    let service = service(Sent::default(), Line::default());
    let begun = whole_second(Timestamp::now());
    let event = sqs(&[("1", &key("restored"), 1)]);
    invoke(&service, event).await.unwrap();
    let sent = service.publisher.findings.findings.lock().unwrap();
    let time = |all_clear: bool| -> Timestamp {
        let mut of = sent.iter().filter(|f| (f["allClear"] == true) == all_clear);
        let finding = of.next().unwrap();
        finding["detectedAt"].as_str().unwrap().parse().unwrap()
    };
    assert!(time(true) >= begun);
    assert!(time(true) < time(false), "{sent:#?}");
}
