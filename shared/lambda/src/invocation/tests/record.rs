//! The receipts that are kept, and those that are not.

use super::*;
use trailseal::receipt::{Receipt, read_receipts};

const DIGEST: &str = "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/01/15/111122223333_CloudTrail-Digest_us-east-1_name_us-east-1_20260115T120000Z.json.gz";

/// Returns the receipts of an object, and the chain heads.
fn on_record(service: &InMemory, object: &str) -> (Vec<Receipt>, usize) {
    let documents = service.publisher.evidence.documents.lock().unwrap();
    let receipts = documents
        .iter()
        .filter(|(key, _)| key.starts_with("receipts/"));
    let receipts = receipts.map(|(_, document)| Receipt::read(document.as_bytes()).unwrap());
    let heads = documents.keys().filter(|key| key.starts_with("chains/"));
    let of_object = receipts.filter(|receipt| receipt.object.key == object);
    (of_object.collect(), heads.count())
}

#[tokio::test]
async fn every_check_is_on_record_with_its_invocation() {
    let service = service(Sent::default(), Line::default());
    for (object, verdict) in [("valid", Verdict::Valid), ("tampered", Verdict::Finding)] {
        invoke(&service, sqs(&[("a", &key(object), 1)]))
            .await
            .unwrap();
        let (receipts, heads) = on_record(&service, object);
        let [receipt] = receipts.as_slice() else {
            panic!("{receipts:#?}");
        };
        assert_eq!((receipt.verdict, heads), (verdict, 0));
        assert_eq!(
            (&*receipt.request_id, &*receipt.function_version),
            ("request", "7")
        );
    }
    let findings = findings(&service);
    let (receipts, _) = on_record(&service, "tampered");
    assert_eq!(findings[0]["id"], receipts[0].findings[0].id.as_str());
}

#[tokio::test]
async fn only_the_last_attempt_leaves_a_receipt() {
    for (object, tries) in [
        ("archived", 2),
        ("denied", 3),
        ("slow-down", 5),
        ("nowhere", 5),
    ] {
        let service = service(Sent::default(), Line::default());
        for attempt in 1..=tries {
            assert_eq!(on_record(&service, object).0, [], "{object} {attempt}");
            let event = sqs(&[("a", &key(object), attempt)]);
            invoke(&service, event).await.unwrap();
        }
        let (receipts, _) = on_record(&service, object);
        assert_eq!(receipts.len(), 1, "{object}");
        assert_eq!(receipts[0].verdict, Verdict::CannotTell);
        assert_eq!(receipts[0].cannot_tell.len(), 1);
    }
}

#[tokio::test]
async fn an_object_that_never_gets_time_has_a_receipt_when_it_is_given_up() {
    let service = service(Sent::default(), Line::default());
    for attempt in 1..=5 {
        assert_eq!(on_record(&service, "stalls").0, []);
        let event = sqs(&[("a", &key("stalls"), attempt)]);
        invoke(&service, event).await.unwrap();
    }
    let (receipts, _) = on_record(&service, "stalls");
    assert_eq!(receipts.len(), 1);
    assert_eq!(receipts[0].verdict, Verdict::CannotTell);
    assert!(receipts[0].cannot_tell[0].contains("no time left"));
}

/// A person is answered with an error. The receipt says what could not be verified.
#[tokio::test]
async fn a_manual_invocation_has_one_try() {
    let service = service(Sent::default(), Line::default());
    let event: Value = serde_json::from_str(&key("denied")).unwrap();
    assert!(invoke(&service, event).await.is_err());
    let (receipts, _) = on_record(&service, "denied");
    assert_eq!(receipts.len(), 1);
}

#[tokio::test]
async fn an_object_without_a_receipt_goes_back_after_its_findings_are_sent() {
    let mut service = service(Sent::default(), Line::default());
    let own = Arc::get_mut(&mut service).unwrap();
    own.publisher.evidence.refuses = "receipts/";
    let event = sqs(&[("a", &key("tampered"), 1), ("b", &key("valid"), 1)]);
    invoke(&service, event).await.unwrap();
    assert_eq!(sent_again(&service), [key("tampered"), key("valid")]);
    assert_eq!(findings(&service).len(), 1);
    // The answer to a person does not say that it is done, either.
    let event: Value = serde_json::from_str(&key("valid")).unwrap();
    let error = invoke(&service, event).await.unwrap_err();
    assert_eq!(error.error_type, "ReceiptNotKept");
}

/// The findings are sent first: without them, no receipt says that they were published.
#[tokio::test]
async fn no_receipt_is_kept_before_its_findings_are_sent() {
    let sent = Sent {
        refuses: true,
        ..Sent::default()
    };
    let service = service(sent, Line::default());
    invoke(&service, sqs(&[("a", &key("tampered"), 1)]))
        .await
        .unwrap();
    assert_eq!(on_record(&service, "tampered").0, []);
}

#[tokio::test]
async fn objects_of_other_buckets_leave_no_receipt() {
    let service = service(Sent::default(), Line::default());
    let body = json!({"bucket": "other", "key": DIGEST}).to_string();
    for attempt in [1, 2] {
        invoke(&service, sqs(&[("a", &body, attempt)]))
            .await
            .unwrap();
    }
    assert_eq!(on_record(&service, DIGEST), (Vec::new(), 0));
}

#[tokio::test]
async fn a_signed_digest_moves_the_head_of_its_chain() {
    let mut service = service(Sent::default(), Line::default());
    invoke(&service, sqs(&[("a", &key(DIGEST), 1)]))
        .await
        .unwrap();
    let (receipts, heads) = on_record(&service, DIGEST);
    assert_eq!((receipts.len(), heads), (1, 1));
    // A head that is not written goes back, too.
    let own = Arc::get_mut(&mut service).unwrap();
    own.publisher.evidence = Shelf {
        refuses: "chains/",
        ..Shelf::default()
    };
    let event: Value = serde_json::from_str(&key(DIGEST)).unwrap();
    let error = invoke(&service, event).await.unwrap_err();
    assert_eq!(error.error_type, "ChainHeadNotKept");
    invoke(&service, sqs(&[("a", &key(DIGEST), 1)]))
        .await
        .unwrap();
    assert_eq!(sent_again(&service), [key(DIGEST)]);
}

/// Each part of a long list has a receipt: the part says for itself which log files it is about.
#[tokio::test]
async fn a_part_of_a_digest_is_on_record() {
    let service = service(Sent::default(), Line::default());
    invoke(&service, sqs(&[("a", &key("long"), 1)]))
        .await
        .unwrap();
    let (receipts, _) = on_record(&service, "long");
    assert_eq!(receipts.len(), 1);
    // One that could not be verified comes back as a whole, and leaves none.
    invoke(&service, sqs(&[("a", &key("long-denied"), 1)]))
        .await
        .unwrap();
    assert_eq!(on_record(&service, "long-denied").0, []);
}

/// The history verifies a day of a chain at a time: it would otherwise pay for a document for each
/// digest.
#[tokio::test]
async fn digests_of_a_day_that_one_message_lists_are_on_record_together() {
    let service = service(Sent::default(), Line::default());
    let other_day = DIGEST.replace("2026/01/15", "2026/01/16");
    let other_day = other_day.replace("20260115T", "20260116T");
    let hours: Vec<String> = (10..13)
        .map(|hour| DIGEST.replace("T12", &format!("T{hour}")))
        .collect();
    let [ten, eleven, noon] = hours.as_slice() else {
        panic!("{hours:?}");
    };
    let body = EventObject::message_of(BUCKET, &[ten, eleven, noon, &other_day, "valid"]);
    invoke(&service, sqs(&[("a", &body, 1)])).await.unwrap();
    let documents = service.publisher.evidence.documents.lock().unwrap();
    let receipts = documents
        .iter()
        .filter(|(key, _)| key.starts_with("receipts/"));
    let read: Vec<(&String, Vec<String>)> = receipts
        .map(|(key, document)| {
            let receipts = read_receipts(document.as_bytes()).unwrap();
            let objects = receipts.into_iter().map(|receipt| receipt.object.key);
            (key, objects.collect())
        })
        .collect();
    let objects_of = |name: &str| {
        let mut found = read.iter().filter(|(key, _)| key.contains(name));
        let (_, objects) = found.next().unwrap();
        assert!(found.next().is_none(), "{name}");
        objects.clone()
    };
    assert_eq!(read.len(), 3);
    assert_eq!(
        objects_of("2026/01/15/111122223333/us-east-1/day_name_"),
        hours
    );
    assert_eq!(objects_of("/20260116T120000Z_name_"), [other_day]);
    assert_eq!(objects_of("/misnamed/"), ["valid"]);
    let heads = documents.keys().filter(|key| key.starts_with("chains/"));
    assert_eq!(heads.count(), 1);
}
