//! What each output gets of an alert.

use super::{World, alert, finding, message};
use serde_json::json;
use trailseal::alert::incident::{self, Closing, Incident};
use trailseal::export::change::Change;

#[tokio::test]
async fn each_output_gets_each_change_once() {
    let world = World::new();
    let body = alert(&[finding('a', "opened", 1), finding('b', "persists", 2)]);
    assert!(
        world
            .deliver(vec![message(&body.to_string())])
            .await
            .is_empty()
    );
    let events: Vec<_> = world.events().into_iter().collect();
    assert_eq!(
        events,
        [
            ("Trailseal Finding", 1),
            ("Trailseal Incident Opened", 1),
            ("Trailseal Incident Persists", 1),
            ("Trailseal OCSF Detection Finding", 2),
            ("Trailseal Webhook", 2),
        ]
    );
    assert_eq!(world.memory.findings.lock().unwrap().len(), 2);
    assert_eq!(world.memory.chat.lock().unwrap().len(), 2);
}

/// The list holds what the alert shows, and the rest.
#[tokio::test]
async fn the_findings_of_the_list_are_exported_and_each_incident_is_one() {
    let world = World::new();
    let list = [1, 2, 3].map(|minute| finding('a', "opened", minute));
    let key = "alerts/2026/01/15/x.json";
    let mut documents = std::collections::BTreeMap::new();
    documents.insert(key.to_owned(), alert(&list).to_string().into_bytes());
    *world.memory.documents.lock().unwrap() = documents;
    let mut body = alert(&list[2..]);
    body["leftOut"] = json!({"count": 2, "wholeList": format!("s3://amzn-s3-demo-bucket/{key}")});
    assert!(
        world
            .deliver(vec![message(&body.to_string())])
            .await
            .is_empty()
    );
    assert_eq!(world.events()["Trailseal Finding"], 3);
    assert_eq!(world.events()["Trailseal Incident Opened"], 1);
    let findings = world.memory.findings.lock().unwrap();
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].updated_at, "2026-01-15T15:03:00Z");
}

/// Otherwise the findings that only the list holds would be lost.
#[tokio::test]
async fn an_alert_whose_list_cannot_be_read_goes_back() {
    let world = World::new();
    let mut body = alert(&[finding('a', "opened", 1)]);
    let list = "s3://amzn-s3-demo-bucket/alerts/2026/01/15/x.json";
    body["leftOut"] = json!({"count": 2, "wholeList": list});
    assert_eq!(world.deliver(vec![message(&body.to_string())]).await, ["m"]);
    assert!(world.events().is_empty());
}

#[tokio::test]
async fn an_incident_that_has_been_closed_since_stays_archived() {
    let world = World::new();
    let read = |value| serde_json::from_value::<Change>(value).unwrap().finding;
    let mut incident = Incident::of(&read(finding('a', "opened", 1)));
    incident.closing = Some(Box::new(Closing {
        all_clear: read(finding('a', "closed", 20)),
        is_published: true,
    }));
    let key = incident::key(&incident.id);
    let document = incident.document().into_bytes();
    world.memory.documents.lock().unwrap().insert(key, document);
    // A message about its start arrives late, and one about what came after its end.
    for (minute, is_archived) in [(1, true), (30, false)] {
        let body = alert(&[finding('a', "opened", minute)]);
        world.deliver(vec![message(&body.to_string())]).await;
        let findings = world.memory.findings.lock().unwrap();
        assert_eq!(
            findings.last().unwrap().is_archived,
            is_archived,
            "{minute}"
        );
    }
}

#[tokio::test]
async fn messages_are_exported_in_the_order_in_which_they_were_sent() {
    let world = World::new();
    let sent = |state, minute, at: &str| {
        let mut message = message(&alert(&[finding('a', state, minute)]).to_string());
        let attributes = &mut message.attributes;
        attributes.insert("SentTimestamp".to_owned(), at.to_owned());
        message
    };
    let messages = vec![
        sent("closed", 20, "1768492800000"),
        sent("opened", 1, "1768491660000"),
    ];
    assert!(world.deliver(messages).await.is_empty());
    let findings = world.memory.findings.lock().unwrap();
    let archived: Vec<bool> = findings.iter().map(|it| it.is_archived).collect();
    assert_eq!(archived, [false, true]);
}

#[tokio::test]
async fn other_messages_are_done_and_unreadable_ones_are_parked() {
    let world = World::new();
    let checkpoint = json!({"schema": "trailseal.checkpoint/1"}).to_string();
    let messages = ["no JSON", "{}", &checkpoint].map(message);
    assert!(world.deliver(messages.to_vec()).await.is_empty());
    assert_eq!(*world.memory.parked.lock().unwrap(), ["no JSON", "{}"]);
    assert!(world.events().is_empty());
}
