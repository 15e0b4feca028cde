//! Messages that list several objects, and what continues in messages of its own.

use super::*;

/// Returns the message that lists these objects.
fn listing(keys: &[&str]) -> String {
    EventObject::message_of(BUCKET, keys)
}

/// Delivers a message with this passage.
async fn deliver(service: &Arc<InMemory>, body: &str, passage: &Passage) -> Vec<String> {
    let event = json!({"Records": [record("m", body, 1, passage)]});
    sent_back(&invoke(service, event).await.unwrap())
}

/// The objects that were checked.
fn checked(service: &InMemory) -> Vec<String> {
    let begun = service.check.begun.lock().unwrap();
    begun.iter().map(|(key, _)| key.clone()).collect()
}

#[tokio::test]
async fn each_object_that_failed_has_tries_of_its_own() {
    let service = service(Sent::default(), Line::default());
    let body = listing(&["valid", "denied", "tampered", "slow-down"]);
    let back = deliver(&service, &body, &Passage::default()).await;
    assert_eq!(back, [""; 0]);
    let sent = take_sent(&service);
    let sent: Vec<_> = sent
        .iter()
        .map(|(body, passage, delay)| (body.as_str(), passage.attempt, *delay))
        .collect();
    let (denied, slow_down) = (listing(&["denied"]), listing(&["slow-down"]));
    assert_eq!(sent, [(&*denied, 2, 60), (&*slow_down, 2, 60)]);
    assert_eq!(findings(&service).len(), 1);
    // Their last tries are their own, too.
    let last = Passage {
        attempt: 3,
        ..Passage::default()
    };
    deliver(&service, &denied, &last).await;
    assert_eq!(parked(&service), [denied]);
    assert_eq!(findings(&service).len(), 2);
}

#[tokio::test]
async fn what_there_was_no_time_for_is_one_message() {
    let service = service(Sent::default(), Line::default());
    let body = listing(&["slow", "slow", "slow", "slow", "valid", "tampered"]);
    let back = deliver(&service, &body, &Passage::default()).await;
    assert_eq!(back, [""; 0]);
    assert_eq!(checked(&service), ["slow"; 4]);
    let sent = take_sent(&service);
    let [(rest, passage, 0)] = sent.as_slice() else {
        panic!("{sent:?}");
    };
    assert_eq!(*rest, listing(&["valid", "tampered"]));
    assert_eq!((passage.attempt, passage.hops), (1, 1));
    deliver(&service, rest, passage).await;
    assert_eq!(checked(&service)[4..], ["valid", "tampered"]);
    assert!(take_sent(&service).is_empty());
    assert_eq!(findings(&service).len(), 1);
}

/// One object may end each invocation that works on it. It must not take the others along.
#[tokio::test]
async fn a_message_that_comes_again_is_divided() {
    let service = service(Sent::default(), Line::default());
    let body = listing(&["panics", "valid"]);
    deliver(&service, &body, &Passage::default()).await;
    let sent = take_sent(&service);
    let [(again, passage, _)] = sent.as_slice() else {
        panic!("{sent:?}");
    };
    assert_eq!((again, passage.attempt), (&body, 2));
    let due = Passage {
        not_before: None,
        moved_back: true,
        ..*passage
    };
    service.check.begun.lock().unwrap().clear();
    assert_eq!(deliver(&service, again, &due).await, [""; 0]);
    assert!(checked(&service).is_empty());
    let divided = take_sent(&service);
    for (_, passage, delay) in &divided {
        assert_eq!((passage.attempt, passage.hops, *delay), (1, 1, 0));
        assert!(passage.moved_back);
    }
    let bodies: Vec<_> = divided.iter().map(|(body, ..)| body.clone()).collect();
    assert_eq!(bodies, [listing(&["panics"]), listing(&["valid"])]);
    for (body, passage, _) in &divided {
        deliver(&service, body, passage).await;
    }
    let again = take_sent(&service);
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].0, listing(&["panics"]));
}

#[tokio::test]
async fn a_message_whose_parts_no_queue_accepts_goes_back_as_a_whole() {
    let queue = Line {
        refuses: true,
        ..Line::default()
    };
    let service = service(Sent::default(), queue);
    let first = Passage::default();
    let again = Passage {
        attempt: 2,
        ..Passage::default()
    };
    let failing = listing(&["valid", "denied"]);
    assert_eq!(deliver(&service, &failing, &first).await, ["m"]);
    assert_eq!(deliver(&service, &failing, &again).await, ["m"]);
    let long = listing(&["slow", "slow", "slow", "slow", "valid"]);
    assert_eq!(deliver(&service, &long, &first).await, ["m"]);
}

#[tokio::test]
async fn a_message_that_was_sent_on_too_often_is_parked() {
    let service = service(Sent::default(), Line::default());
    let body = listing(&["slow", "slow", "slow", "slow", "valid"]);
    let mut passage = Passage {
        hops: 500,
        ..Passage::default()
    };
    for attempt in 1..=2 {
        passage.attempt = attempt;
        assert_eq!(deliver(&service, &body, &passage).await, [""; 0]);
    }
    assert_eq!(parked(&service), [body]);
}
