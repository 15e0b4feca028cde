//! Webhooks that their receiver does not accept.

use super::{World, alert, finding, message};
use serde_json::{Value, json};
use trailseal::world::Cause;

/// Returns the newest webhook's detail.
fn newest(world: &World) -> Value {
    let events = world.memory.events.lock().unwrap();
    let mut webhooks = events.iter().rev();
    let webhook = webhooks.find(|event| event.detail_type == "Trailseal Webhook");
    serde_json::from_str(&webhook.unwrap().detail).unwrap()
}

/// Returns the message that EventBridge sends to the rule's dead-letter queue.
fn returned(detail: &Value) -> String {
    json!({"version": "0", "source": "trailseal", "detail-type": "Trailseal Webhook", "detail": detail})
        .to_string()
}

#[tokio::test]
async fn a_webhook_that_comes_back_is_signed_again_later_and_parked_in_the_end() {
    let world = World::new();
    let body = alert(&[finding('a', "opened", 1)]).to_string();
    world.deliver(vec![message(&body)]).await;
    let first = newest(&world);
    let mut detail = first.clone();
    let mut tries = 1;
    loop {
        world.deliver(vec![message(&returned(&detail))]).await;
        if !world.memory.parked.lock().unwrap().is_empty() {
            break;
        }
        // It waits in the queue first.
        assert_eq!(newest(&world), detail);
        assert_eq!(world.memory.sent.lock().unwrap().len(), 1);
        assert!(world.deliver_sent().await.is_empty());
        tries += 1;
        detail = newest(&world);
        assert_eq!(detail["attempt"], tries);
        assert_eq!(detail["headers"]["id"], first["headers"]["id"]);
        assert_eq!(detail["body"], first["body"]);
    }
    assert_eq!(tries, 15);
    let parked: Value = serde_json::from_str(&world.memory.parked.lock().unwrap()[0]).unwrap();
    assert_eq!(parked["detail"]["attempt"], 1);
    assert_eq!(parked["detail"]["body"], first["body"]);
}

#[tokio::test]
async fn a_webhook_that_cannot_be_signed_waits_for_the_secret() {
    let world = World::new();
    world
        .memory
        .fail("secret", Cause::Unavailable("throttled".to_owned()));
    let body = alert(&[finding('a', "opened", 1)]).to_string();
    world.deliver(vec![message(&body)]).await;
    assert!(!world.events().contains_key("Trailseal Webhook"));
    world.memory.down.lock().unwrap().clear();
    world.deliver_sent().await;
    assert_eq!(world.events()["Trailseal Webhook"], 1);
    assert_eq!(world.events()["Trailseal Incident Opened"], 1);
}
