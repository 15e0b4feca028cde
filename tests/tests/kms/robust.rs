//! For any content of a record, nothing panics, and the findings of the other records are reported.

use crate::case::{
    Case, KEY, OBJECT_OF, Record, TRAIL, TRAIL_OF, arn_of, kinds, log_file, log_key, user,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use trailseal::finding::FindingKind::KmsForeignCaller;
use trailseal::finding::Verdict;
use trailseal_tests::trail::rng::Rng;

/// Returns a planted file, whose finding no other record may hide.
fn planted() -> Record {
    Record::delivery()
        .by(user("mallory"))
        .object(&log_key(999))
        .id("planted")
}

async fn assert_planted_is_reported(record: &Value) {
    let mut case = Case::new().with_readers(&["arn:aws:iam::111122223333:role/Audit=enclave"]);
    let text = format!(r#"{{"Records":[{record},{},{record}]}}"#, planted().0);
    let report = case.check_text(&text).await;
    let found =
        report.report.findings.iter().filter(|finding| {
            finding.kind == KmsForeignCaller && finding.object.key == log_key(999)
        });
    assert_eq!(found.count(), 1, "{record}: {:#?}", report.report.findings);
    let ids: BTreeSet<String> = report
        .report
        .findings
        .iter()
        .map(|it| it.id().to_string())
        .collect();
    assert_eq!(ids.len(), report.report.findings.len(), "{record}");
}

/// Collects the pointers to every field and item.
fn pointers(value: &Value, at: &str, all: &mut Vec<String>) {
    let mut go = |name: String, value: &Value| {
        let at = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
        pointers(value, &at, all);
        all.push(at);
    };
    match value {
        Value::Object(fields) => fields
            .iter()
            .for_each(|(name, value)| go(name.clone(), value)),
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(place, value)| go(place.to_string(), value));
        }
        _ => {}
    }
}

fn odd_values() -> Vec<Value> {
    vec![
        Value::Null,
        json!(7),
        json!(-1e300),
        json!(true),
        json!(""),
        json!("\u{0}\u{1f600}\"\\"),
        json!("arn:aws:s3:::"),
        json!("arn:::::::::"),
        json!("x".repeat(10_000)),
        json!([]),
        json!([[], {}, null, 7, "x"]),
        json!({}),
        json!({"aws:s3:arn": {"aws:s3:arn": []}}),
    ]
}

fn remove(value: &mut Value, pointer: &str) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match value.pointer_mut(parent) {
        Some(Value::Object(fields)) => {
            fields.remove(name);
        }
        Some(Value::Array(items)) => {
            let place: usize = name.parse().unwrap();
            if place < items.len() {
                items.remove(place);
            }
        }
        _ => {}
    }
}

fn seeds() -> Vec<Value> {
    let attested = Record::read().attested(
        "i-123456789abcde123-enc123456789abcde12",
        "ee0d451a2ff9aaaa9bccd07700b9cab123a0ac2386ef7e88ad5ea6c72ebabea840957328e2ec890b408c9b06cb8ebe6a",
    );
    let refused = Record::delivery().refused();
    [Record::delivery(), attested, refused]
        .map(|record| record.0)
        .to_vec()
}

#[tokio::test]
async fn a_missing_field_or_one_of_any_type_affects_no_other_record() {
    for seed in seeds() {
        let mut all = Vec::new();
        pointers(&seed, "", &mut all);
        assert!(all.len() > 20);
        for pointer in all {
            let mut without = seed.clone();
            remove(&mut without, &pointer);
            assert_planted_is_reported(&without).await;
            for odd in odd_values() {
                let mut record = seed.clone();
                *record.pointer_mut(&pointer).unwrap() = odd;
                assert_planted_is_reported(&record).await;
            }
        }
    }
}

#[tokio::test]
async fn randomly_changed_records_affect_no_other_record() {
    for number in 0..400 {
        let mut rng = Rng::for_subject(number, "mutation");
        let seeds = seeds();
        let mut record = rng.pick(&seeds).clone();
        for _ in 0..rng.within(&(1..=5)) {
            let mut all = Vec::new();
            pointers(&record, "", &mut all);
            if all.is_empty() {
                break;
            }
            let pointer = rng.pick(&all).clone();
            let other = rng.pick(&all).clone();
            match rng.within(&(0..=3)) {
                0 => remove(&mut record, &pointer),
                1 => *record.pointer_mut(&pointer).unwrap() = rng.pick(&odd_values()).clone(),
                // Values from other places are the most likely to be mistaken for something.
                2 => {
                    let value = record.pointer(&other).unwrap().clone();
                    *record.pointer_mut(&pointer).unwrap() = value;
                }
                _ => {
                    if let Some(Value::String(text)) = record.pointer_mut(&pointer) {
                        let places: Vec<usize> =
                            text.char_indices().map(|(place, _)| place).collect();
                        if !places.is_empty() {
                            text.truncate(*rng.pick(&places));
                        }
                    }
                }
            }
        }
        assert_planted_is_reported(&record).await;
    }
}

#[tokio::test]
async fn an_entry_that_is_not_a_record_affects_no_other_record() {
    for record in [
        json!(null),
        json!(7),
        json!("kms.amazonaws.com"),
        json!([]),
        json!(["kms.amazonaws.com"]),
        json!({}),
        json!({"eventSource": "kms.amazonaws.com"}),
        json!({"eventSource": "kms.amazonaws.com", "errorCode": "AccessDenied"}),
        json!({"eventSource": "kms.amazonaws.com", "requestParameters": "HIDDEN_DUE_TO_SECURITY_REASONS"}),
    ] {
        assert_planted_is_reported(&record).await;
    }
    // Repeated names, unknown fields, and deep nesting.
    let delivery = Record::delivery().0.to_string();
    let twice = delivery.replacen(
        '{',
        r#"{"eventSource":"s3.amazonaws.com","userIdentity":{},"#,
        1,
    );
    let unknown = delivery.replacen(
        '{',
        r#"{"newField":{"encryptionContext":{"aws:s3:arn":"x"}},"#,
        1,
    );
    let deep = delivery.replacen(
        '{',
        &format!(r#"{{"x":{}{},"#, "[".repeat(100), "]".repeat(100)),
        1,
    );
    for record in [twice, unknown, deep] {
        let mut case = Case::new();
        let text = format!(r#"{{"Records":[{record},{}]}}"#, planted().0);
        let report = case.check_text(&text).await;
        assert_eq!(kinds(&report), [KmsForeignCaller], "{record}");
        assert_eq!(report.waiting.len(), 1, "{record}");
    }
}

#[tokio::test]
async fn a_record_that_appears_twice_is_reported_once() {
    let gone = Record::delivery().object(&log_key(1));
    let records = [
        Record::delivery(),
        gone.clone(),
        planted(),
        Record::delivery(),
        gone,
        planted(),
    ];
    let report = Case::new().check(&records).await;
    assert_eq!(kinds(&report).len(), 2, "{:#?}", report.report.findings);
    assert_eq!(report.waiting.len(), 1);
    assert_eq!(report.report.counts.kms_events, Some(6));
}

/// Records before an error are checked.
#[tokio::test]
async fn the_records_of_a_truncated_file_are_checked() {
    let text = format!(
        r#"{{"Records":[{},{{"eventSource":"kms.amazonaws.com","#,
        planted().0
    );
    let report = Case::new().check_text(&text).await;
    let kinds = kinds(&report);
    assert!(
        kinds.contains(&KmsForeignCaller) && kinds.len() == 2,
        "{kinds:?}"
    );
}

/// The longest context that there is room for, repeatedly.
#[tokio::test]
async fn the_memory_for_a_record_does_not_grow_with_it() {
    let long = "x".repeat(1 << 18);
    let records: Vec<Record> = (0..8)
        .map(|number| {
            Record::delivery()
                .by(user(&format!("{number}{long}")))
                .id(&format!("{number}{long}"))
                .with("/eventName", format!("GenerateDataKey{long}"))
                .with("/sourceIPAddress", format!("{number}{long}"))
                .with("/resources/0/ARN", format!("{KEY}{number}{long}"))
                .with(TRAIL_OF, format!("{TRAIL}{number}{long}"))
                .with(OBJECT_OF, format!("{}{number}{long}", arn_of("")))
        })
        .collect();
    let report = Case::new().check(&records).await;
    assert!(report.report.findings.len() >= 8);
    for finding in &report.report.findings {
        let size = format!("{finding:?}").len();
        assert!(size < 20_000, "{size}");
    }
    for explanation in &report.explanations {
        let size = format!("{explanation:?}").len();
        assert!(size < 10_000, "{size}");
    }
}

/// A hundred thousand names, all different.
async fn assert_bounded(case: Case) {
    type Hostile = fn(usize) -> Record;
    let kinds: [(usize, Hostile); 6] = [
        (25_000, |number| Record::delivery().object(&log_key(number))),
        (15_000, |number| {
            Record::delivery()
                .by(user(&format!("mallory{number}")))
                .object(&log_key(number))
        }),
        (15_000, |number| {
            Record::delivery().object("AWSLogs/111122223333/").with(
                "/resources/0/ARN",
                KEY.replace("1234abcd", &format!("{number:08}")),
            )
        }),
        (15_000, |number| {
            Record::read().by(user(&format!("reader{number}")))
        }),
        (15_000, |number| {
            let trail = format!("{TRAIL}-{number}");
            Record::delivery().with(TRAIL_OF, trail)
        }),
        (15_000, |number| {
            let name = format!("alias/{number}");
            Record::delivery()
                .refused()
                .with("/requestParameters/keyId", name)
        }),
    ];
    let records = kinds
        .iter()
        .flat_map(|(count, record)| (0..*count).map(record));
    let texts: Vec<String> = records
        .enumerate()
        .map(|(number, record)| record.id(&format!("event-{number}")).0.to_string())
        .collect();
    assert_eq!(texts.len(), 100_000);
    let mut case = case.with_readers(&["arn:aws:iam::111122223333:role/Audit"]);
    let report = case
        .check_text(&format!(r#"{{"Records":[{}]}}"#, texts.join(",")))
        .await;
    assert_eq!(report.report.counts.kms_events, Some(100_000));
    let findings = &report.report.findings;
    assert!((100..=320).contains(&findings.len()), "{}", findings.len());
    let bytes: usize = findings.iter().map(|it| format!("{it:?}").len()).sum();
    assert!(bytes < 2_000_000, "{bytes}");
    assert!(
        report.report.obstacles.len() <= 200,
        "{}",
        report.report.obstacles.len()
    );
    assert!(report.explanations.len() <= 20_000);
    let overflow = report.report.obstacles.iter().find(|obstacle| {
        obstacle
            .error
            .to_string()
            .contains("than Trailseal checks for one log file")
    });
    assert!(overflow.is_some_and(|it| it.if_it_stays.is_none()));
    assert_eq!(report.report.verdict(), Verdict::Finding);
    assert!(report.waiting.len() <= 1);
}

/// Ten log files are checked at the same time.
#[tokio::test]
async fn the_deliveries_checked_for_one_log_file_are_bounded() {
    let mut case = Case::new();
    let records: Vec<Record> = (0..6_001)
        .map(|number| {
            let key = log_key(number);
            case.memory.put(log_file(&key, &[]));
            Record::delivery().object(&key)
        })
        .collect();
    let report = case.check(&records[..6_000]).await;
    assert_eq!(kinds(&report), []);
    assert_eq!(report.waiting.len(), 6_000);
    let report = case.check(&records).await;
    assert_eq!(report.waiting.len(), 6_000);
    let [obstacle] = report.report.obstacles.as_slice() else {
        panic!("{:#?}", report.report.obstacles);
    };
    let said = obstacle.error.to_string();
    assert!(
        said.contains("more deliveries than Trailseal checks"),
        "{said}"
    );
}

#[tokio::test]
async fn the_names_in_a_hostile_log_file_are_bounded_and_the_excess_is_reported() {
    assert_bounded(Case::new()).await;
}

#[tokio::test]
async fn the_names_in_a_hostile_log_file_are_bounded_without_configuration() {
    assert_bounded(Case::unconfigured()).await;
}
