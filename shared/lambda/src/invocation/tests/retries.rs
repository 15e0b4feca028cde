//! The times at which a failed item is tried again, and at which it is parked.

use super::*;
use crate::queue::passage::MAX_WAIT;
use std::collections::BTreeSet;

#[tokio::test]
async fn an_object_that_stays_unreadable_is_reported_before_its_message_is_parked() {
    for (object, expected, kind) in [
        ("archived", &[300][..], Some("object-archived")),
        ("denied", &[60, 1800], Some("object-unreadable-denied")),
        ("slow-down", &[60, 300, 1800, 7200], None),
    ] {
        let service = service(Sent::default(), Line::default());
        assert_eq!(follow(&service, object).await, expected, "{object}");
        assert_eq!(parked(&service), [key(object)]);
        assert!(service.resender.queue.delays.lock().unwrap().is_empty());
        let findings = findings(&service);
        let found = findings.iter().map(|f| f["kind"].as_str().unwrap());
        assert_eq!(found.collect::<Vec<_>>(), Vec::from_iter(kind));
        assert!(findings.iter().all(|f| f["severity"] == "medium"));
    }
    // A malformed event is not waited for, either.
    let service = service(Sent::default(), Line::default());
    for attempt in [1, 2] {
        let passage = Passage {
            attempt,
            ..Passage::default()
        };
        let event = json!({"Records": [record("m", "{\"bucket\":", 1, &passage)]});
        assert!(sent_back(&invoke(&service, event).await.unwrap()).is_empty());
    }
    assert_eq!(service.resender.queue.sent.lock().unwrap().len(), 1);
    assert_eq!(parked(&service), ["{\"bucket\":"]);
}

/// The clock repeats a second look as long as the incident is open.
#[tokio::test]
async fn a_second_look_is_neither_tried_again_nor_parked() {
    let service = service(Sent::default(), Line::default());
    for object in ["archived", "denied", "slow-down"] {
        let incidents = ["0".repeat(64)];
        let body = json!({"bucket": BUCKET, "key": object, "incidents": incidents}).to_string();
        for attempt in [1, 5] {
            let passage = Passage {
                attempt,
                ..Passage::default()
            };
            let event = json!({"Records": [record("m", &body, 1, &passage)]});
            assert!(sent_back(&invoke(&service, event).await.unwrap()).is_empty());
        }
    }
    assert_eq!(service.check.begun.lock().unwrap().len(), 6);
    assert!(service.resender.queue.sent.lock().unwrap().is_empty());
    assert!(parked(&service).is_empty());
    assert!(findings(&service).is_empty());
}

/// Of the objects of one event, the one that may still succeed decides.
#[tokio::test]
async fn an_event_is_tried_as_often_as_its_most_hopeful_object() {
    let service = service(Sent::default(), Line::default());
    let keys = ["archived", "slow-down"];
    let body = json!({"s3Bucket": BUCKET, "s3ObjectKey": keys}).to_string();
    let passage = Passage {
        attempt: 2,
        ..Passage::default()
    };
    let event = json!({"Records": [record("m", &body, 1, &passage)]});
    assert!(sent_back(&invoke(&service, event).await.unwrap()).is_empty());
    let sent = service.resender.queue.sent.lock().unwrap();
    assert_eq!((sent[0].1.attempt, sent[0].2), (3, 300));
    assert!(parked(&service).is_empty());
    let findings = findings(&service);
    assert_eq!(findings[0]["kind"], "object-archived");
}

#[tokio::test]
async fn a_message_that_arrives_too_early_is_only_sent_on() {
    let service = service(Sent::default(), Line::default());
    let in_two_hours = Passage::default().again(5, Timestamp::now(), MAX_WAIT);
    let event = json!({"Records": [record("m", &key("tampered"), 3, &in_two_hours)]});
    assert!(sent_back(&invoke(&service, event).await.unwrap()).is_empty());
    let (body, passage, delay) = service.resender.queue.sent.lock().unwrap()[0].clone();
    assert_eq!((body, delay), (key("tampered"), 900));
    assert_eq!(passage, in_two_hours);
    // The last part of the wait is as long as it has to be.
    let soon = Passage::default().again(5, Timestamp::now(), Duration::from_secs(100));
    let event = json!({"Records": [record("m", &key("tampered"), 1, &soon)]});
    invoke(&service, event).await.unwrap();
    assert!((98..=100).contains(&service.resender.queue.sent.lock().unwrap()[1].2));
    assert!(service.check.begun.lock().unwrap().is_empty());
    // No attribute makes it wait forever.
    let never = Passage {
        not_before: Some(Timestamp::MAX),
        ..Passage::default()
    };
    let event = json!({"Records": [record("m", &key("tampered"), 1, &never)]});
    invoke(&service, event).await.unwrap();
    assert_eq!(findings(&service).len(), 1);
}

/// If a function crashes, the queue's count of deliveries applies.
#[tokio::test]
async fn crashes_count_as_attempts() {
    let service = service(Sent::default(), Line::default());
    let event = sqs(&[("m", &key("denied"), 3)]);
    assert!(sent_back(&invoke(&service, event).await.unwrap()).is_empty());
    assert_eq!(parked(&service), [key("denied")]);
    assert_eq!(findings(&service).len(), 1);
}

#[tokio::test]
async fn a_message_that_no_queue_accepts_goes_back_to_its_own_queue() {
    let line = Line {
        refuses: true,
        parks_nothing: true,
        ..Line::default()
    };
    let service = service(Sent::default(), line);
    for receives in 1..=5 {
        let event = sqs(&[("m", &key("slow-down"), receives)]);
        assert_eq!(sent_back(&invoke(&service, event).await.unwrap()), ["m"]);
    }
    // Given up, and not to be parked by the queue yet.
    let event = sqs(&[("m", &key("denied"), 3)]);
    assert_eq!(sent_back(&invoke(&service, event).await.unwrap()), ["m"]);
    let receipt = "receipt of m".to_owned();
    assert_eq!(
        *service.resender.queue.delays.lock().unwrap(),
        [60, 300, 1800, 7200, 0, 60].map(|delay| (receipt.clone(), delay))
    );
}

#[tokio::test]
async fn a_digest_that_a_lifecycle_rule_may_have_expired_is_never_a_finding() {
    let service = service(Sent::default(), Line::default());
    for receives in [1, 5] {
        let event = sqs(&[("old", &key("begins-long-ago"), receives)]);
        invoke(&service, event).await.unwrap();
        let old = [key("begins-long-ago")];
        assert_eq!(sent_again(&service), old);
        let parked = parked(&service);
        assert_eq!(parked, if receives == 5 { &old[..] } else { &[] });
        assert!(findings(&service).is_empty());
    }
    let event = sqs(&[("new", &key("begins-lately"), 1)]);
    assert!(sent_back(&invoke(&service, event).await.unwrap()).is_empty());
    assert_eq!(findings(&service).len(), 1);
}

/// Every chain of a bucket with a retention period has one: it would be parked each month.
#[tokio::test]
async fn in_the_history_a_digest_that_may_have_expired_is_on_record_and_not_parked() {
    let service = Arc::new(InMemory {
        is_history: true,
        ..service_of(Sent::default(), Line::default())
    });
    let event = sqs(&[("old", &key("begins-long-ago"), 1)]);
    assert!(sent_back(&invoke(&service, event).await.unwrap()).is_empty());
    assert!(sent_again(&service).is_empty() && parked(&service).is_empty());
    assert!(findings(&service).is_empty());
    // What may go away is tried again, as always.
    let event = sqs(&[("denied", &key("denied"), 1)]);
    assert!(sent_back(&invoke(&service, event).await.unwrap()).is_empty());
    assert_eq!(sent_again(&service), [key("denied")]);
}

/// What was reported as unreadable ends when somebody moves its message back.
#[tokio::test]
async fn an_object_that_can_be_read_after_its_message_is_moved_back_is_an_all_clear() {
    const LOG_FILE: &str = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/15/111122223333_CloudTrail_us-east-1_20260115T1215Z_recordedInThis01.json.gz";
    let moved_back = Passage::into_dead_letter_queue();
    for (object, passage, count) in [
        (LOG_FILE, Passage::default(), 0),
        // Of the object and of the key that it names, for each reason.
        (LOG_FILE, moved_back, 10),
        // It says nothing about these: a finding, an obstacle, an object without a name.
        ("tampered", moved_back, 0),
        ("denied", moved_back, 0),
        ("valid", moved_back, 0),
    ] {
        let service = service(Sent::default(), Line::default());
        let event = json!({"Records": [record("m", &key(object), 1, &passage)]});
        invoke(&service, event).await.unwrap();
        let found = findings(&service);
        let all_clears = found.iter().filter(|it| it["allClear"] == true);
        assert_eq!(all_clears.clone().count(), count, "{object} {found:#?}");
        let kinds: BTreeSet<_> = all_clears.map(|it| it["kind"].to_string()).collect();
        assert!(kinds.len() <= 2, "{kinds:?}");
        // A try that fails does not forget it.
        for (_, passage, _) in take_sent(&service) {
            assert_eq!(passage.moved_back, object == "denied");
        }
    }
}
