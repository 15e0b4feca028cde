//! The rest of an object that there was no time for.

use super::*;
use crate::invocation::attempt::MAX_HOPS;

#[tokio::test]
async fn the_rest_or_the_whole_message_is_returned_to_the_queue() {
    let handing = service(Sent::default(), Line::default());
    let sent = || take_sent(&handing);
    let event = sqs(&[("a", &key("long"), 1)]);
    assert!(sent_back(&invoke(&handing, event.clone()).await.unwrap()).is_empty());
    let (rest, passage, delay) = sent().remove(0);
    let created: Value = serde_json::from_str(&rest).unwrap();
    assert_eq!(created["resumeAt"], 5);
    assert_eq!((passage.attempt, passage.hops, delay), (1, 1, 0));
    // No progress since then: handing it back again would continue forever.
    let again = json!({"Records": [record("a", &rest, 1, &passage)]});
    invoke(&handing, again).await.unwrap();
    let (body, passage, _) = sent().remove(0);
    assert_eq!((&body, passage.attempt, passage.hops), (&rest, 2, 1));
    // A message that is delivered again brings its rest along, until it is parked.
    for attempt in 1..=3 {
        let passage = Passage {
            attempt,
            ..Passage::default()
        };
        let event = json!({"Records": [record("a", &key("long-denied"), 1, &passage)]});
        invoke(&handing, event).await.unwrap();
        let bodies: Vec<_> = sent().into_iter().map(|(body, ..)| body).collect();
        let is_last = attempt == 3;
        assert_eq!(bodies.len(), 1);
        assert_eq!(bodies[0] == key("long-denied"), !is_last);
    }
    assert_eq!(parked(&handing), [key("long-denied")]);
    let line = Line {
        refuses: true,
        ..Line::default()
    };
    let refusing = service(Sent::default(), line);
    assert_eq!(sent_back(&invoke(&refusing, event).await.unwrap()), ["a"]);
}

/// Lambda does not stop the function from sending messages to itself: the function stops on its
/// own.
#[tokio::test]
async fn a_rest_that_was_returned_too_often_is_parked() {
    let service = service(Sent::default(), Line::default());
    for attempt in [1, 2] {
        let passage = Passage {
            attempt,
            hops: MAX_HOPS,
            ..Passage::default()
        };
        let event = json!({"Records": [record("a", &key("long"), 1, &passage)]});
        invoke(&service, event).await.unwrap();
    }
    assert_eq!(sent_again(&service), [key("long")]);
    assert_eq!(parked(&service), [key("long")]);
}
