//! Alerts with thousands of findings, and messages that are delivered again.

use super::{World, alert, finding, message};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use trailseal::export::summary::MAX_CHAT_MESSAGES;
use trailseal::world::Cause;

const KEY: &str = "alerts/2026/01/15/x.json";
const LIST: &str = "s3://amzn-s3-demo-bucket/alerts/2026/01/15/x.json";

/// Returns an alert with one finding. It names a list with findings of this many incidents.
fn alert_with_list(world: &World, incidents: usize) -> String {
    let findings: Vec<Value> = (0..incidents)
        .map(|n| {
            let mut finding = finding('a', "opened", 1);
            finding["id"] = format!("{n:064x}").into();
            finding["occurrence"] = format!("{n:016x}").into();
            finding
        })
        .collect();
    let list = alert(&findings).to_string().into_bytes();
    let documents = &world.memory.documents;
    documents.lock().unwrap().insert(KEY.to_owned(), list);
    let mut body = alert(&findings[..1]);
    body["leftOut"] = json!({"count": incidents - 1, "wholeList": LIST});
    body.to_string()
}

/// The number of events, findings of Security Hub and chat messages that a receiver that knows the
/// IDs of earlier ones keeps.
#[derive(Debug, PartialEq, Eq)]
struct Distinct {
    events: usize,
    findings: usize,
    chat: usize,
}

fn distinct(world: &World) -> Distinct {
    let memory = &world.memory;
    let events = memory.events.lock().unwrap();
    let events = events.iter().map(|event| {
        let detail: Value = serde_json::from_str(&event.detail).unwrap();
        let id = match event.detail_type {
            "Trailseal Finding" => format!("{} {}", detail["id"], detail["occurrence"]),
            "Trailseal OCSF Detection Finding" => detail["metadata"]["uid"].to_string(),
            "Trailseal Webhook" => detail["headers"]["id"].to_string(),
            _ => detail["id"].to_string(),
        };
        (event.detail_type, id)
    });
    let findings = memory.findings.lock().unwrap();
    let chat = memory.chat.lock().unwrap();
    let chat = chat.iter().map(|message| message["id"].to_string());
    Distinct {
        events: events.collect::<BTreeSet<_>>().len(),
        findings: findings
            .iter()
            .map(|it| &it.id)
            .collect::<BTreeSet<_>>()
            .len(),
        chat: chat.collect::<BTreeSet<_>>().len(),
    }
}

#[tokio::test]
async fn a_list_of_thousands_is_exported_and_the_chat_gets_a_summary() {
    let world = World::new();
    let body = alert_with_list(&world, 5000);
    assert!(world.deliver(vec![message(&body)]).await.is_empty());
    assert_eq!(world.events()["Trailseal Finding"], 5000);
    assert_eq!(world.events()["Trailseal Incident Opened"], 5000);
    assert_eq!(world.events()["Trailseal OCSF Detection Finding"], 5000);
    assert_eq!(world.events()["Trailseal Webhook"], 5000);
    assert_eq!(world.memory.findings.lock().unwrap().len(), 5000);
    assert!(world.memory.sent.lock().unwrap().is_empty());
    let chat = world.memory.chat.lock().unwrap();
    assert_eq!(chat.len(), MAX_CHAT_MESSAGES + 1);
    let summary = &chat[MAX_CHAT_MESSAGES]["content"];
    assert!(
        summary["title"]
            .as_str()
            .unwrap()
            .ends_with("4980 more incidents")
    );
    assert!(summary["description"].as_str().unwrap().contains(LIST));
}

/// A crash before the answer: the queue delivers the message again. It has the same IDs.
#[tokio::test]
async fn what_is_sent_twice_has_the_ids_of_the_first_time() {
    let world = World::new();
    let body = alert_with_list(&world, 250);
    world.deliver(vec![message(&body)]).await;
    let first = distinct(&world);
    assert_eq!(
        first,
        Distinct {
            events: 1000,
            findings: 250,
            chat: MAX_CHAT_MESSAGES + 1,
        }
    );
    world.deliver(vec![message(&body)]).await;
    assert_eq!(world.memory.events.lock().unwrap().len(), 2000);
    assert_eq!(distinct(&world), first);
}

/// The rest is handed on, and everything arrives once.
#[tokio::test]
async fn an_invocation_without_time_for_everything_sends_nothing_twice() {
    let world = World::new();
    let body = alert_with_list(&world, 1000);
    // 100 requests of each kind of event take half a second.
    let time = Duration::from_millis(300);
    *world.memory.slow.lock().unwrap() = Duration::from_millis(5);
    assert!(
        world
            .deliver_within(vec![message(&body)], time)
            .await
            .is_empty()
    );
    let sent = world.memory.sent.lock().unwrap().clone();
    assert!(!sent.is_empty());
    assert!(
        sent.iter()
            .all(|(_, passage)| passage.attempt == 1 && passage.hops == 1)
    );
    *world.memory.slow.lock().unwrap() = Duration::ZERO;
    while !world.memory.sent.lock().unwrap().is_empty() {
        assert!(world.deliver_sent().await.is_empty());
    }
    for (_, count) in world.events() {
        assert_eq!(count, 1000);
    }
    assert_eq!(world.memory.findings.lock().unwrap().len(), 1000);
    assert_eq!(
        world.memory.chat.lock().unwrap().len(),
        MAX_CHAT_MESSAGES + 1
    );
    assert!(world.memory.parked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_summary_is_sent_later_if_the_chat_does_not_accept_it() {
    let world = World::new();
    let body = alert_with_list(&world, MAX_CHAT_MESSAGES + 2);
    world
        .memory
        .fail("chat", Cause::Unavailable("throttled".to_owned()));
    assert!(world.deliver(vec![message(&body)]).await.is_empty());
    world.memory.down.lock().unwrap().clear();
    assert!(world.deliver_sent().await.is_empty());
    let chat = world.memory.chat.lock().unwrap();
    assert_eq!(chat.len(), MAX_CHAT_MESSAGES + 1);
    let titles = chat
        .iter()
        .map(|message| message["content"]["title"].to_string());
    let summaries = titles.filter(|title| title.contains("2 more incidents"));
    assert_eq!(summaries.count(), 1);
}

/// If `alerter` cannot store the list, the alert does not name one.
#[tokio::test]
async fn findings_that_no_list_has_are_counted_in_the_log_and_in_the_chat() {
    for place in [
        "the functions' logs",
        "s3://amzn-s3-demo-bucket2/alerts/x.json",
    ] {
        let world = World::new();
        let mut body = alert(&[finding('a', "opened", 1)]);
        body["leftOut"] = json!({"count": 7, "wholeList": place});
        let log = super::Log::default();
        let guard = log.collect();
        assert!(
            world
                .deliver(vec![message(&body.to_string())])
                .await
                .is_empty()
        );
        drop(guard);
        let log = log.text();
        assert!(log.contains("WARN") && log.contains("count=7"), "{log}");
        assert_eq!(world.events()["Trailseal Finding"], 1);
        let chat = world.memory.chat.lock().unwrap();
        let summary = chat[1]["content"]["description"].as_str().unwrap();
        assert!(summary.starts_with("7 findings are neither"), "{summary}");
    }
}
