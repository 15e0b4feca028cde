//! Events of every kind, and their answers.

use super::*;
use crate::invocation::answer::is_sqs;
use std::collections::HashMap;
use trailseal::check::guard::read_message;
use trailseal::event::EventObjects;

#[tokio::test]
async fn a_manual_event_is_answered_with_its_outcome_or_fails() {
    let service = service(Sent::default(), Line::default());
    let by_hand = |key: &str| json!({"bucket": BUCKET, "key": key});
    let answer = invoke(&service, by_hand("valid")).await.unwrap();
    assert_eq!(answer["outcomes"][0]["verdict"], "valid");
    let answer = invoke(&service, by_hand("tampered")).await.unwrap();
    assert_eq!(answer["outcomes"][0]["verdict"], "finding");
    assert_eq!(
        answer["outcomes"][0]["findings"][0]["kind"],
        "log-file-modified"
    );
    let error = invoke(&service, by_hand("denied")).await.unwrap_err();
    assert_eq!(error.error_type, "CannotTell");
    let error = invoke(&service, json!({"what": "ever"})).await.unwrap_err();
    assert_eq!(error.error_type, "MalformedEvent");
    assert_eq!(findings(&service).len(), 1);
}

#[tokio::test]
async fn the_intended_object_is_checked_and_named() {
    let service = service(Sent::default(), Line::default());
    let by_hand = |key: &str| json!({"bucket": BUCKET, "key": key});
    let answer = invoke(&service, by_hand("other%20reading")).await.unwrap();
    let outcome = &answer["outcomes"][0];
    assert_eq!(outcome["object"], format!("s3://{BUCKET}/tampered"));
    assert_eq!(outcome["verdict"], "finding");
    // An object that does not exist is not checked: otherwise it would be valid.
    let error = invoke(&service, by_hand("nowhere")).await.unwrap_err();
    assert_eq!(error.error_type, "CannotTell");
    assert!(error.error_message.contains("it does not exist"));
    let event = sqs(&[("a", &key("nowhere"), 1), ("b", &key("other%20reading"), 1)]);
    invoke(&service, event).await.unwrap();
    assert_eq!(sent_again(&service), [key("nowhere")]);
}

#[tokio::test]
async fn an_unrelated_message_is_answered_with_its_kind() {
    let service = service(Sent::default(), Line::default());
    let config = json!({"messageType": "ScheduledNotification"}).to_string();
    let record = json!({"EventSource": "aws:sns", "Sns": {"Message": config}});
    let event = json!({"Records": [record.clone(), record]});
    let answer = invoke(&service, event).await.unwrap();
    assert_eq!(
        answer,
        json!({"outcomes": [], "unrelated": {"aws-config": 2}})
    );
}

/// The samples in `events/` are documentation that runs.
#[tokio::test]
async fn every_sample_event_is_understood() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events");
    let mut by_kind: HashMap<bool, usize> = HashMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let of_others = ["env", "alerter", "exporter"];
        let is_other = of_others.iter().any(|start| name.starts_with(start));
        if path.extension().is_none_or(|e| e != "json") || is_other {
            continue;
        }
        let event: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).expect(&name);
        let body = event.pointer("/Records/0/body").and_then(Value::as_str);
        let body = body.map_or_else(|| event.to_string(), str::to_owned);
        if name.starts_with("watchdog") {
            assert!(trailseal::watch::Tick::read(&body).is_ok(), "{name}");
            continue;
        }
        if name.starts_with("settings-monitor") {
            assert_eq!(read_message(&body), Ok(()), "{name}");
            continue;
        }
        let EventObjects {
            created,
            removed,
            unrelated,
            error,
            removed_error,
        } = EventObjects::by(&event);
        assert_eq!((error, removed_error), (None, None), "{name}");
        let asks_nothing = name.contains("test-event") || name.contains("unrelated");
        let named: Vec<_> = created.iter().chain(&removed).collect();
        assert_eq!(named.is_empty(), asks_nothing, "{name}");
        assert_eq!(unrelated.is_empty(), !asks_nothing, "{name}");
        assert!(named.iter().all(|it| it.object.bucket == BUCKET), "{name}");
        let service = service(Sent::default(), Line::default());
        let answer = invoke(&service, event.clone()).await.unwrap();
        if is_sqs(&event) {
            assert!(sent_back(&answer).is_empty(), "{name}");
        }
        *by_kind.entry(is_sqs(&event)).or_default() += 1;
    }
    assert!(by_kind[&true] >= 3 && by_kind[&false] >= 5, "{by_kind:?}");
}

/// The history names digests that exist: a search for each of them would cost a request.
#[tokio::test]
async fn a_digest_that_can_be_read_is_not_searched() {
    let service = service(Sent::default(), Line::default());
    let mut searches = Vec::new();
    for object in ["valid", "nowhere", "other%20reading"] {
        let event = sqs(&[("a", &key(object), 1)]);
        invoke(&service, event).await.unwrap();
        searches.push(service.check.searches.swap(0, Ordering::SeqCst));
    }
    assert_eq!(searches, [0, 1, 1]);
}
