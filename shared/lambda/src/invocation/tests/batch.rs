//! The messages of a batch, together and alone.

use super::*;
use crate::invocation::attempt::MAX_HOPS;

#[tokio::test]
async fn each_message_of_a_batch_has_its_own_result() {
    let service = service(Sent::default(), Line::default());
    let unknown = json!({"bucket": "somebody-elses", "key": "k"}).to_string();
    let event = sqs(&[
        ("valid", &key("valid"), 1),
        ("tampered", &key("tampered"), 1),
        ("denied", &key("denied"), 1),
        ("panics", &key("panics"), 1),
        ("stalls", &key("stalls"), 1),
        ("malformed", "{\"bucket\":", 1),
        ("note", "not JSON", 1),
        (
            "config",
            r#"{"messageType":"ScheduledNotification","s3ObjectKey":"x"}"#,
            1,
        ),
        ("unknown", &unknown, 1),
        ("empty", "", 1),
    ]);
    let response = invoke(&service, event).await.unwrap();
    assert!(sent_back(&response).is_empty());
    let mut failed = [
        key("denied"),
        key("panics"),
        key("stalls"),
        "{\"bucket\":".to_owned(),
        unknown,
        String::new(),
    ];
    failed.sort_unstable();
    assert_eq!(sent_again(&service), failed);
    let findings = findings(&service);
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0]["kind"], "log-file-modified");
}

/// The other objects of a batch never pay for what one object costs.
#[tokio::test]
async fn an_object_that_ran_out_of_time_is_retried_alone() {
    let service = service(Sent::default(), Line::default());
    let stalls = [("1"), ("2"), ("3"), ("4")].map(|id| (id, key("stalls")));
    let others = [("5"), ("6")].map(|id| (id, key("valid")));
    let all = stalls.iter().chain(&others);
    let all: Vec<_> = all.map(|(id, body)| (*id, body.as_str(), 1)).collect();
    let response = invoke(&service, sqs(&all)).await.unwrap();
    assert!(sent_back(&response).is_empty());
    let sent = take_sent(&service);
    assert_eq!(sent.len(), 6);
    for (body, passage, delay) in &sent {
        let stalled = *body == key("stalls");
        assert_eq!(passage.alone, stalled);
        // There was no time to start on the others: they lose no try, and are delivered again soon.
        let others = (passage.attempt, passage.hops, *delay);
        assert_eq!(others, if stalled { (2, 0, 60) } else { (1, 1, 10) });
    }
    assert!(parked(&service).is_empty());
}

#[tokio::test]
async fn objects_that_run_alone_are_last_and_one_at_a_time() {
    let service = service(Sent::default(), Line::default());
    let alone = Passage {
        alone: true,
        ..Passage::default()
    };
    let mut records: Vec<_> = ["a1", "a2"]
        .map(|id| record(id, &key(id), 1, &alone))
        .into();
    for id in ["t1", "t2", "t3"] {
        records.push(record(id, &key(id), 1, &Passage::default()));
    }
    invoke(&service, json!({ "Records": records }))
        .await
        .unwrap();
    let begun = service.check.begun.lock().unwrap();
    let keys: Vec<_> = begun.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["t1", "t2", "t3", "a1", "a2"]);
    assert!(begun[3..].iter().all(|(_, others)| *others == 0));
}

#[tokio::test]
async fn objects_that_run_alone_do_not_start_late() {
    let service = service(Sent::default(), Line::default());
    let alone = |hops| Passage {
        attempt: 3,
        alone: true,
        hops,
        ..Passage::default()
    };
    let event = |hops| {
        json!({"Records": [record("t", &key("slow"), 1, &Passage::default()),
                           record("a", &key("valid"), 1, &alone(hops))]})
    };
    invoke(&service, event(7)).await.unwrap();
    let sent = take_sent(&service);
    let (body, passage, delay) = &sent[0];
    assert_eq!((sent.len(), body, *delay), (1, &key("valid"), 10));
    let due = Passage {
        not_before: None,
        ..*passage
    };
    assert_eq!(due, alone(8));
    // Not forever.
    invoke(&service, event(MAX_HOPS)).await.unwrap();
    assert!(service.resender.queue.sent.lock().unwrap().is_empty());
    let begun = service.check.begun.lock().unwrap();
    assert_eq!(begun.last().unwrap().0, "valid");
}
