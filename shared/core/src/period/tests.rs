//! What the receipts of a chain say together: complete, contradictory, and hostile ones.

use super::chains::{ChainContext, ChainParts, period_of};
use super::collected::CollectedPeriod;
use super::digest_record::DigestRecord;
use super::lost_days::MAX_DAYS;
use super::report::{ChainPeriod, HourState, PeriodGap, PeriodReport};
use super::scope::PeriodScope;
use super::span::PeriodSpan;
use crate::evidence_log::{LogEntry, LogFault, LoggedDocument};
use crate::names::sha256::Sha256;
use crate::receipt::{Receipt, documents};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

const VALIDATOR: &str = "digest-validator";
const VERIFIER: &str = "log-verifier";

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn hour(hour: i64) -> Timestamp {
    time("2026-01-15T00:00:00Z") + SignedDuration::from_hours(hour)
}

/// The day of 2026-01-15.
fn day() -> PeriodSpan {
    PeriodSpan::new(hour(0), hour(24)).unwrap()
}

/// Returns the receipt of the digest that ends at an hour, checked half an hour later.
fn receipt(function: &str, end: i64) -> Value {
    named(function, hour(end), "")
}

fn named(function: &str, end: Timestamp, backfill: &str) -> Value {
    let name = end.strftime("%Y%m%dT%H%M%SZ");
    let day = end.strftime("%Y/%m/%d");
    let mut receipt = json!({
        "schema": "trailseal.receipt/1",
        "object": {
            "bucket": "amzn-s3-demo-bucket",
            "key": format!("AWSLogs/111122223333/CloudTrail-Digest/us-east-1/{day}/111122223333_CloudTrail-Digest_us-east-1_management_us-east-1_{name}{backfill}.json.gz"),
        },
        "digest": {
            "signed": true, "backfill": !backfill.is_empty(), "sha256": "aa".repeat(32),
            "startTime": end - SignedDuration::from_hours(1), "endTime": end, "logFiles": 3,
        },
        "verdict": "valid", "valid": 1, "rules": {}, "counts": {}, "findings": [],
        "findingsLeftOut": 0, "cannotTell": [], "cannotTellLeftOut": 0,
        "checkedAt": end + SignedDuration::from_mins(30), "function": function,
        "version": "0.1.0", "functionVersion": "$LATEST", "requestId": "x",
    });
    if function == VERIFIER {
        receipt["logFiles"] = part(0, 3);
    }
    receipt
}

fn part(from: u64, until: u64) -> Value {
    json!({"listed": 3, "from": from, "until": until, "valid": until.saturating_sub(from), "finding": 0, "cannotTell": 0})
}

fn with(mut receipt: Value, edits: &[(&str, Value)]) -> Value {
    for (pointer, value) in edits {
        let (parent, field) = pointer.rsplit_once('/').unwrap();
        let parent = receipt.pointer_mut(parent).unwrap();
        parent[field] = value.clone();
    }
    receipt
}

fn finding(kind: &str, object: &str) -> [(&'static str, Value); 2] {
    let finding = json!([{"id": "5d".repeat(32), "kind": kind, "object": object}]);
    [("/verdict", "finding".into()), ("/findings", finding)]
}

/// Returns a receipt as it is stored, and as the log names it.
fn stored(receipt: &Value) -> (LoggedDocument, Vec<u8>) {
    let json = receipt.to_string();
    let receipt = Receipt::read(json.as_bytes()).unwrap();
    let document = LoggedDocument {
        key: receipt.key_of_digest(&json),
        sha256: Sha256::of(json.as_bytes()).to_string(),
        size: 1,
        last_modified: receipt.checked_at,
    };
    (document, json.into_bytes())
}

/// Returns receipts as they are stored together, and as the log names the documents.
fn stored_together(receipts: &[Value]) -> Vec<(LoggedDocument, Vec<u8>)> {
    let receipts: Vec<Receipt> = receipts
        .iter()
        .map(|receipt| Receipt::read(receipt.to_string().as_bytes()).unwrap())
        .collect();
    let documents = documents(&receipts).into_iter().map(|document| {
        let checked_at = document.receipts.iter().map(|receipt| receipt.checked_at);
        let logged = LoggedDocument {
            key: document.key,
            sha256: Sha256::of(document.json.as_bytes()).to_string(),
            size: 1,
            last_modified: checked_at.max().unwrap(),
        };
        (logged, document.json.into_bytes())
    });
    documents.collect()
}

/// Adds documents that the log names and the bucket holds.
fn add(
    collected: &mut CollectedPeriod,
    report: &mut PeriodReport,
    documents: Vec<(LoggedDocument, Vec<u8>)>,
) {
    for (document, content) in documents {
        let entry = LogEntry::Document(document);
        if let Some(document) = collected.add(entry, report) {
            collected.take(&document, Some(content), report);
        }
    }
}

/// Returns the receipts of both functions of the digests of the day but the last, all checked in the
/// same minute.
fn of_day() -> Vec<Value> {
    let receipts = [VALIDATOR, VERIFIER].map(|function| {
        (1..24).map(move |end| {
            let checked_at = Value::from("2026-01-20T03:00:00Z");
            with(receipt(function, end), &[("/checkedAt", checked_at)])
        })
    });
    receipts.into_iter().flatten().collect()
}

fn collect(receipts: &[Value]) -> (CollectedPeriod, PeriodReport) {
    let mut collected = CollectedPeriod::new(day(), PeriodScope::default());
    let mut report = PeriodReport::new(day());
    let documents = receipts.iter().map(stored).collect();
    add(&mut collected, &mut report, documents);
    (collected, report)
}

fn context() -> ChainContext {
    ChainContext {
        period: day(),
        logged_until: hour(24),
        is_signed: true,
    }
}

/// Returns the only chain of these receipts.
fn chain(receipts: &[Value]) -> ChainPeriod {
    let (collected, report) = collect(receipts);
    assert!(report.findings.is_empty(), "{:?}", report.findings);
    chain_of(collected, None, context())
}

fn chain_of(
    mut collected: CollectedPeriod,
    since: Option<Timestamp>,
    context: ChainContext,
) -> ChainPeriod {
    let records = collected.take_records();
    let id = records.iter().find_map(|record| record.chain.clone());
    let parts = ChainParts {
        records,
        since,
        ..ChainParts::default()
    };
    period_of(id.unwrap(), parts, context, 0)
}

fn both(end: i64) -> [Value; 2] {
    [receipt(VALIDATOR, end), receipt(VERIFIER, end)]
}

/// Returns the state of each hour of the day.
fn states(chain: &ChainPeriod) -> Vec<HourState> {
    let at = |hour: Timestamp| {
        let mut stretches = chain.stretches.iter();
        let found = stretches.find(|it| it.span.from <= hour && hour < it.span.to);
        found.expect("the stretches cover the period").state
    };
    (0..24).map(|number| at(hour(number))).collect()
}

/// Asserts the state of the hour that ends at 12, when all others have no receipt.
fn assert_noon(receipts: &[Value], expected: HourState) -> ChainPeriod {
    let chain = chain(receipts);
    let mut states = states(&chain);
    assert_eq!(states.remove(11), expected, "{:#?}", chain.gaps);
    assert!(states.iter().all(|state| *state == HourState::NoReceipt));
    chain
}

/// Returns what is said about the hour that ends at 12.
fn noon(chain: &ChainPeriod) -> &PeriodGap {
    let mut gaps = chain.gaps.iter();
    gaps.find(|gap| gap.span.from == hour(11)).expect("a gap")
}

#[test]
fn an_hour_is_verified_if_both_functions_say_so() {
    let chain = assert_noon(&both(12), HourState::Verified);
    let [verified] = chain.verified.as_slice() else {
        panic!("{:?}", chain.verified);
    };
    assert_eq!(verified.first_at, time("2026-01-15T12:30:00Z"));
    assert_eq!(verified.last_at, verified.first_at);
    assert_eq!(chain.seconds(HourState::Verified), 3600);
    assert_noon(&[receipt(VALIDATOR, 12)], HourState::CannotTell);
    assert_noon(&[receipt(VERIFIER, 12)], HourState::CannotTell);
}

#[test]
fn a_second_verification_counts_from_when_all_of_it_was_repeated() {
    let later = |function, at: &str| with(receipt(function, 12), &[("/checkedAt", at.into())]);
    let [one, other] = both(12);
    let again = [
        one.clone(),
        other.clone(),
        later(VALIDATOR, "2026-03-01T00:00:00Z"),
    ];
    // The log files were not verified again.
    let chain = assert_noon(&again, HourState::Verified);
    assert_eq!(chain.verified[0].last_at, time("2026-01-15T12:30:00Z"));
    let all = [&again[..], &[later(VERIFIER, "2026-03-02T00:00:00Z")]].concat();
    let chain = assert_noon(&all, HourState::Verified);
    assert_eq!(chain.verified[0].first_at, time("2026-01-15T12:30:00Z"));
    assert_eq!(chain.verified[0].last_at, time("2026-03-01T00:00:00Z"));
    // What was valid once, and is not any more.
    let broken = with(
        later(VERIFIER, "2026-04-01T00:00:00Z"),
        &finding("log-file-missing", "s3://amzn-s3-demo-bucket/x"),
    );
    let chain = assert_noon(&[&all[..], &[broken]].concat(), HourState::Finding);
    assert_eq!(noon(&chain).findings[0].kind, "log-file-missing");
    // An obstacle of today does not undo the verification of yesterday.
    let obstacle = with(
        later(VALIDATOR, "2026-04-01T00:00:00Z"),
        &[
            ("/verdict", "cannot-tell".into()),
            ("/cannotTell", json!(["denied"])),
        ],
    );
    assert_noon(&[&all[..], &[obstacle]].concat(), HourState::Verified);
}

#[test]
fn parts_of_a_list_are_joined_only_if_they_are_of_one_content() {
    let of = |from, until, edits: &[(&str, Value)]| {
        let part = with(receipt(VERIFIER, 12), &[("/logFiles", part(from, until))]);
        with(part, edits)
    };
    let digest = receipt(VALIDATOR, 12);
    let join = |parts: &[Value], expected| {
        assert_noon(&[std::slice::from_ref(&digest), parts].concat(), expected)
    };
    join(&[of(0, 2, &[]), of(2, 3, &[])], HourState::Verified);
    join(&[of(2, 3, &[]), of(0, 2, &[])], HourState::Verified);
    // The same part twice, and overlapping parts.
    join(
        &[
            of(0, 2, &[]),
            of(0, 2, &[("/requestId", "y".into())]),
            of(1, 3, &[]),
        ],
        HourState::Verified,
    );
    let chain = join(&[of(0, 2, &[])], HourState::CannotTell);
    assert!(
        noon(&chain).reasons[0].contains("2 to 3"),
        "{:?}",
        noon(&chain)
    );
    let other = ("/digest/sha256", Value::from("bb".repeat(32)));
    join(
        &[of(0, 2, &[]), of(2, 3, std::slice::from_ref(&other))],
        HourState::CannotTell,
    );
    join(&[of(0, 3, &[other])], HourState::CannotTell);
    // Lists of different lengths, counts that are not those of the part, and an impossible part.
    join(
        &[of(0, 2, &[]), of(2, 3, &[("/logFiles/listed", 9.into())])],
        HourState::CannotTell,
    );
    join(
        &[of(0, 3, &[("/logFiles/finding", 1.into())])],
        HourState::CannotTell,
    );
    join(
        &[of(0, 3, &[("/logFiles/valid", 2.into())])],
        HourState::CannotTell,
    );
    join(&[of(3, 0, &[])], HourState::CannotTell);
    join(&[of(0, 30, &[])], HourState::CannotTell);
    let found = finding("log-file-modified", "s3://amzn-s3-demo-bucket/x");
    join(&[of(0, 2, &[]), of(2, 3, &found)], HourState::Finding);
    // A list of no log files.
    let empty =
        json!({"listed": 0, "from": 0, "until": 0, "valid": 0, "finding": 0, "cannotTell": 0});
    join(&[of(0, 0, &[("/logFiles", empty)])], HourState::Verified);
}

#[test]
fn only_a_range_that_was_signed_covers_more_than_the_hour_of_the_name() {
    let stated = |function, edits: &[(&str, Value)]| with(receipt(function, 12), edits);
    let each = |edits: &[(&str, Value)], expected| {
        assert_noon(
            &[stated(VALIDATOR, edits), stated(VERIFIER, edits)],
            expected,
        )
    };
    let start = |at: &str| ("/digest/startTime", Value::from(at));
    let end = |at: &str| ("/digest/endTime", Value::from(at));
    // Years, and a range that is the wrong way round.
    each(&[start("2013-01-01T00:00:00Z")], HourState::CannotTell);
    each(&[start("9999-01-01T00:00:00Z")], HourState::CannotTell);
    // Another time than that of the name.
    each(&[end("2026-01-15T20:00:00Z")], HourState::CannotTell);
    each(&[("/digest/signed", false.into())], HourState::CannotTell);
    each(&[("/digest/backfill", true.into())], HourState::CannotTell);
    each(&[("/digest/sha256", Value::Null)], HourState::CannotTell);
    // Whoever forges a digest chooses its range.
    let mut forged = finding("digest-signature-invalid", "s3://amzn-s3-demo-bucket/x").to_vec();
    forged.extend([
        ("/digest/signed", false.into()),
        start("2026-01-01T00:00:00Z"),
    ]);
    assert_noon(&[stated(VALIDATOR, &forged)], HourState::Finding);
    // A chain starts within an hour.
    let short = [start("2026-01-15T11:40:00Z")];
    let chain = chain(&[stated(VALIDATOR, &short), stated(VERIFIER, &short)]);
    assert_eq!(chain.seconds(HourState::Verified), 20 * 60);
}

#[test]
fn a_planted_object_does_not_take_verified_time_away() {
    let found = finding("digest-signature-invalid", "s3://amzn-s3-demo-bucket/x");
    let end = time("2026-01-15T12:30:00Z");
    let planted = with(named(VALIDATOR, end, ""), &found);
    let planted = with(planted, &[("/digest/signed", false.into())]);
    let receipts = [&both(12)[..], &both(13)[..], &[planted]].concat();
    let chain = chain(&receipts);
    assert_eq!(chain.seconds(HourState::Verified), 2 * 3600);
    assert_eq!(chain.seconds(HourState::Finding), 0);
}

#[test]
fn a_backfill_digest_verifies_no_hour() {
    let backfill = [VALIDATOR, VERIFIER].map(|function| {
        let receipt = named(function, hour(12), "_backfill");
        with(receipt, &[("/digest/backfill", false.into())])
    });
    let (mut collected, report) = collect(&backfill);
    assert!(report.findings.is_empty());
    let records = collected.take_records();
    assert!(records.iter().all(|record| record.is_backfill));
    assert!(!records.iter().any(DigestRecord::is_signed));
}

#[test]
fn a_missing_digest_is_a_finding_in_its_own_hour() {
    let missing = receipt(VALIDATOR, 11)["object"]["key"].clone();
    let object = format!("s3://amzn-s3-demo-bucket/{}", missing.as_str().unwrap());
    let successor = with(receipt(VALIDATOR, 12), &finding("digest-missing", &object));
    let chain = chain(&[successor, receipt(VERIFIER, 12)]);
    assert_eq!(chain.seconds(HourState::Finding), 2 * 3600);
    let objects: Vec<_> = chain
        .gaps
        .iter()
        .filter_map(|gap| gap.object.clone())
        .collect();
    assert_eq!(objects.first(), Some(&object));
    assert_eq!(objects.len(), 2);
}

#[test]
fn receipts_that_are_gone_or_changed_are_findings() {
    let [validated, verified] = both(12);
    for (content, fault) in [
        (None, LogFault::DocumentMissing),
        (Some(b"{}".to_vec()), LogFault::DocumentChanged),
    ] {
        let (mut collected, mut report) = collect(&[validated.clone(), verified.clone()]);
        // A third receipt, of which nobody knows what it said.
        let again = with(verified.clone(), &[("/requestId", "y".into())]);
        let (document, _) = stored(&again);
        collected.take(&document, content, &mut report);
        assert_eq!(report.findings[0].fault, fault);
        let chain = chain_of(collected, None, context());
        assert_eq!(states(&chain)[11], HourState::Finding);
        assert!(
            noon(&chain).receipts.contains(&document.key),
            "{:#?}",
            chain.gaps
        );
    }
    // All receipts of the digest are gone.
    let (mut collected, mut report) = collect(&both(13));
    collected.take(&stored(&validated).0, None, &mut report);
    assert_eq!(report.findings.len(), 1);
    let records = collected.take_records();
    let lost = records.iter().find(|record| !record.lost.is_empty());
    assert_eq!(lost.unwrap().chain, None);
}

#[test]
fn a_receipt_of_another_time_or_object_is_not_used() {
    let (mut document, content) = stored(&receipt(VERIFIER, 12));
    document.last_modified = time("2031-01-15T12:30:00Z");
    let (mut collected, mut report) = collect(&[receipt(VALIDATOR, 12)]);
    collected.take(&document, Some(content.clone()), &mut report);
    assert_eq!(report.findings[0].fault, LogFault::DocumentBackdated);
    assert_eq!(
        states(&chain_of(collected, None, context()))[11],
        HourState::Finding
    );
    // Under the name of another function, or in the folder of another digest.
    let (document, _) = stored(&receipt(VERIFIER, 12));
    for (from, to) in [
        ("log-verifier-", "digest-validator-"),
        ("T120000Z_m", "T110000Z_m"),
    ] {
        let mut document = document.clone();
        document.key = document.key.replacen(from, to, 1);
        let (mut collected, mut report) = collect(&[receipt(VALIDATOR, 12)]);
        collected.take(&document, Some(content.clone()), &mut report);
        assert!(
            report.cannot_tell[0].contains("about another object"),
            "{report:?}"
        );
        let chain = chain_of(collected, None, context());
        assert_eq!(chain.seconds(HourState::Verified), 0);
    }
}

#[test]
fn receipts_of_other_days_and_years_are_not_of_the_period() {
    let year = |year: &str| {
        let end: Timestamp = format!("{year}-01-15T12:00:00Z").parse().unwrap();
        named(VALIDATOR, end, "")
    };
    let years = [year("2014"), year("2025"), year("2027"), year("9998")];
    let (mut collected, report) = collect(&years);
    assert!(collected.take_records().is_empty());
    assert_eq!(report.receipts, 0);
    // Those from before the period show that the chain existed.
    assert_eq!(collected.before.len(), 1);
    let newest = collected.before.values().next().unwrap();
    assert!(newest.key.starts_with("receipts/2025/"), "{}", newest.key);
}

#[test]
fn time_before_the_first_verification_is_not_verified() {
    let since = |receipts: &[Value], since, is_known_before| {
        let (mut collected, _) = collect(receipts);
        let records = collected.take_records();
        let id = records[0].chain.clone().unwrap();
        let parts = ChainParts {
            records,
            since: Some(since),
            is_known_before,
            ..ChainParts::default()
        };
        states(&period_of(id, parts, context(), 0))
    };
    let watched = since(&both(12), hour(11), false);
    assert!(
        watched[..11]
            .iter()
            .all(|state| *state == HourState::BeforeWatch)
    );
    assert_eq!(watched[11], HourState::Verified);
    // A head that was moved, when receipts from before it exist.
    assert_eq!(since(&both(12), hour(20), false)[..13], watched[..13]);
    let known = since(&both(12), hour(11), true);
    assert!(
        known[..11]
            .iter()
            .all(|state| *state == HourState::NoReceipt)
    );
    // The chain itself starts there.
    let object = receipt(VALIDATOR, 12)["object"]["key"].clone();
    let object = format!("s3://amzn-s3-demo-bucket/{}", object.as_str().unwrap());
    let started = with(receipt(VALIDATOR, 12), &finding("chain-started", &object));
    let started = since(&[started], hour(11), false);
    assert!(
        started[..11]
            .iter()
            .all(|state| *state == HourState::BeforeTrail)
    );
}

#[test]
fn what_the_log_may_not_have_yet_is_not_missing() {
    let (collected, _) = collect(&both(12));
    let context = ChainContext {
        logged_until: hour(18),
        ..context()
    };
    let states = states(&chain_of(collected, None, context));
    assert_eq!(states[17], HourState::NoReceipt);
    assert_eq!(states[18], HourState::NotLoggedYet);
}

#[test]
fn nothing_is_verified_by_a_log_that_was_not_signed() {
    let (collected, _) = collect(&both(12));
    let context = ChainContext {
        is_signed: false,
        ..context()
    };
    assert_eq!(
        states(&chain_of(collected, None, context))[11],
        HourState::CannotTell
    );
}

#[test]
fn gaps_beyond_the_bound_are_counted() {
    // Every other hour of the day.
    let receipts: Vec<Value> = (1..=12).flat_map(|number| both(2 * number)).collect();
    let gaps_of = |named| {
        let (mut collected, _) = collect(&receipts);
        let records = collected.take_records();
        let id = records.iter().find_map(|record| record.chain.clone());
        let parts = ChainParts {
            records,
            ..ChainParts::default()
        };
        let chain = period_of(id.unwrap(), parts, context(), named);
        (chain.gaps.len(), chain.gaps_left_out)
    };
    assert_eq!(gaps_of(0), (12, 0));
    assert_eq!(gaps_of(99_995), (5, 7));
    assert_eq!(gaps_of(1_000_000), (0, 12));
}

#[test]
fn receipts_that_are_stored_together_say_the_same_as_each_by_itself() {
    let receipts = of_day();
    let apart = chain(&receipts);
    let (mut collected, mut report) = collect(&[]);
    let documents = stored_together(&receipts);
    assert_eq!(documents.len(), 2);
    add(&mut collected, &mut report, documents);
    assert!(
        report.findings.is_empty() && report.cannot_tell.is_empty(),
        "{report:?}"
    );
    assert_eq!(report.receipts, 46);
    let together = chain_of(collected, None, context());
    assert_eq!(states(&together), states(&apart));
    assert_eq!(together.seconds(HourState::Verified), 23 * 3600);
}

/// Nobody knows what it said about any of them.
#[test]
fn a_lost_document_of_a_day_concerns_each_digest_of_the_day() {
    let documents = stored_together(&of_day());
    let (lost, content) = &documents[1];
    let mut changed = content.clone();
    changed.push(b' ');
    for content in [None, Some(changed)] {
        // The digest of noon was verified by itself, too, and one of the next day.
        let (mut collected, mut report) = collect(&[both(12), both(24)].concat());
        collected.take(lost, content, &mut report);
        assert_eq!(report.findings.len(), 1, "{report:?}");
        let chain = chain_of(collected, None, context());
        let states = states(&chain);
        assert_eq!(states[..23], [HourState::Finding; 23]);
        assert_eq!(states[23], HourState::Verified);
        let named = noon(&chain).receipts.iter();
        assert_eq!(named.filter(|key| **key == lost.key).count(), 1);
        assert!(
            noon(&chain).receipts.contains(&lost.key),
            "{:#?}",
            chain.gaps
        );
    }
    let (mut collected, mut report) = collect(&both(12));
    collected.lose(&lost.key, "a receipt could not be read", false);
    let chain = chain_of(collected, None, context());
    assert_eq!(states(&chain)[..23], [HourState::CannotTell; 23]);
    // What is not its content.
    let (mut collected, _) = collect(&both(12));
    let (mut other, content) = stored_together(&of_day()[1..]).remove(0);
    other.key = lost.key.clone();
    collected.take(&other, Some(content), &mut report);
    assert!(
        report.cannot_tell[0].contains("about another object"),
        "{report:?}"
    );
}

/// Somebody who writes and deletes very many documents does not make a report endless.
#[test]
fn what_is_lost_is_bounded() {
    let (lost, _) = &stored_together(&of_day())[0];
    let invented = |number: usize| lost.key.replace("_management_", &format!("_{number}_"));
    let (mut collected, mut report) = collect(&[]);
    for number in 0..MAX_DAYS {
        collected.lose(&invented(number), "gone", true);
    }
    // A second document of a day that is known.
    collected.lose(&invented(0), "gone", true);
    collected.say_bounds(&mut report);
    assert!(report.cannot_tell.is_empty(), "{report:?}");
    assert!(collected.is_complete());
    for _ in 0..2 {
        collected.lose(&lost.key, "gone", true);
    }
    collected.say_bounds(&mut report);
    let [why] = &report.cannot_tell[..] else {
        panic!("{report:?}")
    };
    assert!(why.contains("2 documents are left out"), "{why}");
    assert!(!collected.is_complete());

    // One of many was deleted.
    for key in [&lost.key, &stored(&both(12)[0]).0.key] {
        let (mut collected, _) = collect(&both(13));
        let key = |number: usize| format!("{key}{number}");
        for number in 0..100 {
            collected.lose(&key(number), "a receipt could not be read", false);
        }
        for number in 100..200 {
            collected.lose(&key(number), "a receipt is missing", true);
        }
        let chain = chain_of(collected, None, context());
        let noon = noon(&chain);
        assert_eq!(noon.state, HourState::Finding);
        assert_eq!(
            noon.reasons,
            ["a receipt could not be read", "a receipt is missing"]
        );
        assert_eq!(noon.receipts.len(), 20);
        assert_eq!(noon.receipts[19], key(100));
    }
}

/// The first day of a period has a digest that ends with the day before.
#[test]
fn a_document_of_a_day_may_have_receipts_from_before_the_period() {
    let checked_at = [("/checkedAt", Value::from("2026-01-20T03:00:00Z"))];
    let receipts = [0, 1].map(|end| with(receipt(VALIDATOR, end), &checked_at));
    let (mut collected, mut report) = collect(&[]);
    let documents = stored_together(&receipts);
    assert_eq!(documents.len(), 1);
    add(&mut collected, &mut report, documents.clone());
    assert_eq!(report.receipts, 1);
    assert_eq!(collected.before.len(), 1);
    assert_eq!(collected.take_records().len(), 1);
    // The whole document is from before the period.
    let later = PeriodSpan::new(hour(24), hour(48)).unwrap();
    let mut collected = CollectedPeriod::new(later, PeriodScope::default());
    let mut report = PeriodReport::new(later);
    add(&mut collected, &mut report, documents);
    assert_eq!((report.receipts, collected.before.len()), (0, 1));
}
