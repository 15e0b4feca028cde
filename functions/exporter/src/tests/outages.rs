//! Outputs that accept nothing, or not everything.

use super::{World, alert, finding, message};
use std::time::Duration;
use tokio::time::Instant;
use trailseal::world::Cause;
use trailseal_lambda::Deadline;

fn throttled() -> Cause {
    Cause::Unavailable("throttled".to_owned())
}

#[tokio::test]
async fn only_what_an_output_did_not_accept_is_sent_again() {
    let world = World::new();
    *world.memory.refused.lock().unwrap() = vec!["b".repeat(64)];
    let body = alert(&[finding('a', "opened", 1), finding('b', "opened", 2)]);
    assert!(
        world
            .deliver(vec![message(&body.to_string())])
            .await
            .is_empty()
    );
    assert_eq!(world.memory.findings.lock().unwrap().len(), 1);
    let before = world.events();
    let (rest, passage) = world.memory.sent.lock().unwrap()[0].clone();
    assert!(rest.contains("\"security-hub\"") && rest.contains(&"b".repeat(64)));
    assert!(!rest.contains(&"a".repeat(64)));
    assert_eq!(passage.attempt, 2);
    world.memory.refused.lock().unwrap().clear();
    assert!(world.deliver_sent().await.is_empty());
    assert_eq!(world.memory.findings.lock().unwrap().len(), 2);
    assert_eq!(world.events(), before);
    assert_eq!(world.memory.chat.lock().unwrap().len(), 2);
    assert!(world.memory.sent.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_output_that_stays_down_is_tried_for_hours_and_parked() {
    for (cause, tries) in [(throttled(), 15), (Cause::Denied("no".to_owned()), 3)] {
        let world = World::new();
        world.memory.fail("chat", cause);
        let body = alert(&[finding('a', "opened", 1)]);
        world.deliver(vec![message(&body.to_string())]).await;
        let mut count = 1;
        while !world.memory.sent.lock().unwrap().is_empty() {
            assert!(world.deliver_sent().await.is_empty());
            count += 1;
        }
        assert_eq!(count, tries);
        let parked = world.memory.parked.lock().unwrap().clone();
        assert_eq!(parked.len(), 1);
        assert_eq!(world.events()["Trailseal Finding"], 1);
        // Somebody moves it back when the cause is corrected.
        world.memory.down.lock().unwrap().clear();
        world.deliver(vec![message(&parked[0])]).await;
        assert_eq!(world.memory.chat.lock().unwrap().len(), 1);
    }
}

/// The queue then delivers the whole message again.
#[tokio::test]
async fn a_message_whose_rest_no_queue_accepts_goes_back() {
    let world = World::new();
    world.memory.fail("hub", throttled());
    world.memory.fail("queue", throttled());
    let body = alert(&[finding('a', "opened", 1)]).to_string();
    assert_eq!(world.deliver(vec![message(&body)]).await, ["m"]);
    assert_eq!(world.deliver(vec![message("no JSON")]).await, ["m"]);
}

#[tokio::test]
async fn what_is_left_for_an_output_that_is_turned_off_is_not_sent() {
    let mut world = World::new();
    world.memory.fail("hub", throttled());
    let body = alert(&[finding('a', "opened", 1)]).to_string();
    world.deliver(vec![message(&body)]).await;
    world.memory.down.lock().unwrap().clear();
    world.exporter.outputs.clear();
    assert!(world.deliver_sent().await.is_empty());
    assert!(world.memory.findings.lock().unwrap().is_empty());
    assert!(world.memory.sent.lock().unwrap().is_empty());
}

/// An output that does not answer: the others get nothing twice, and neither does the chat get what it
/// accepted before.
#[tokio::test]
async fn an_output_that_does_not_answer_does_not_hold_up_the_others() {
    let world = World::new();
    *world.memory.silent_after.lock().unwrap() = Some(1);
    let body = alert(&[finding('a', "opened", 1), finding('b', "opened", 2)]).to_string();
    let now = Instant::now();
    let deadline = Deadline {
        half_time: now,
        wind_down: now + Duration::from_millis(300),
        give_up: now + Duration::from_millis(700),
        answer_by: now + Duration::from_secs(1),
    };
    let failed = world.deliver_until(vec![message(&body)], deadline).await;
    assert!(failed.is_empty());
    let before = world.events();
    *world.memory.silent_after.lock().unwrap() = None;
    assert!(world.deliver_sent().await.is_empty());
    assert_eq!(world.memory.chat.lock().unwrap().len(), 2);
    assert_eq!(world.memory.findings.lock().unwrap().len(), 2);
    assert_eq!(world.events(), before);
    assert!(world.memory.sent.lock().unwrap().is_empty());
}
