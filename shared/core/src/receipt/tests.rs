//! Receipts and chain heads: their documents, their keys, and the order in which they are kept.

use super::document::MAX_RECEIPT_BYTES;
use super::*;
use crate::check::digest::{SeenDigest, StatedDigest};
use crate::check::log_file::LogFileTally;
use crate::finding::{Counts, Finding, FindingKind, Report, Scope, Verdict};
use crate::names::location::ObjectLocation;
use crate::names::sha256::Sha256;
use crate::world::{AddEvidence, Cause, ReplaceEvidence, StoreError, Versioned};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::pin;
use std::slice::from_ref;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

const DOCUMENT: &str = include_str!("../../../../docs/receipts.md");
const BUCKET: &str = "amzn-s3-demo-bucket";
const LOG_FILE: &str = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/15/111122223333_CloudTrail_us-east-1_20260115T1125Z_7JREEBimdK8d2nC9.json.gz";

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Returns the key of the digest of a trail that ends at `end`, such as `20260115T120000Z`.
fn digest_key(trail: &str, end: &str) -> String {
    let (year, month, day) = (&end[..4], &end[4..6], &end[6..8]);
    format!(
        "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/{year}/{month}/{day}/111122223333_CloudTrail-Digest_us-east-1_{trail}_us-east-1_{end}.json.gz"
    )
}

fn seen(end: Timestamp) -> SeenDigest {
    SeenDigest {
        version_id: Some("3HL4kqtJvjVBH40Nrjfkd".to_owned()),
        e_tag: Some("\"9b2cf535f27731c974343645a3985328\"".to_owned()),
        sha256: Some(Sha256::of(b"the content of the digest")),
        signature_algorithm: Some("SHA256withRSA".to_owned()),
        stated: Some(StatedDigest {
            start_time: end - SignedDuration::from_hours(1),
            end_time: end,
            key_fingerprint: "31e8b5433410dfb61a9dc45cc65b22ff".to_owned(),
            log_files: 3,
        }),
        is_signed: true,
    }
}

fn stamp(function: &str) -> ReceiptStamp<'_> {
    ReceiptStamp {
        function,
        function_version: "$LATEST",
        request_id: "8f507cfc-xmpl-4697-b07a-ac58fc914c95",
        checked_at: time("2026-01-15T12:31:07Z"),
    }
}

fn denied(key: &str) -> StoreError {
    StoreError {
        action: "read",
        subject: format!("s3://{BUCKET}/{key}"),
        cause: Cause::Denied("AccessDenied".to_owned()),
    }
}

/// Returns the receipt of the document's example: one log file is modified, and one is denied.
fn sample() -> Receipt {
    let log_file = ObjectLocation::new(BUCKET, LOG_FILE);
    let kind = FindingKind::LogFileModified;
    let finding = Finding::for_tests(kind, Scope::default(), log_file.clone(), "Modified.");
    let mut report = Report::of(vec![finding]);
    report.valid = 1;
    let other = LOG_FILE.replace("T1125Z", "T1130Z");
    report.cannot_tell(denied(&other), &Scope::default(), &log_file);
    report.rules.insert(
        "witness",
        Counts {
            valid: 3,
            ..Counts::default()
        },
    );
    report.counts.witnessed = Some(3);
    let counts = Counts {
        valid: 1,
        finding: 1,
        cannot_tell: 1,
    };
    let subject = ReceiptSubject {
        object: &ObjectLocation::new(BUCKET, digest_key("management", "20260115T120000Z")),
        report: &report,
        digest: Some(&seen(time("2026-01-15T12:00:00Z"))),
        log_files: Some(LogFileTally {
            listed: 3,
            from: 0,
            until: 3,
            counts,
        }),
    };
    Receipt::of(subject, stamp("log-verifier"))
}

/// Returns the receipt of a valid digest of the chain `trail`.
fn valid(trail: &str, end: &str) -> Receipt {
    let object = ObjectLocation::new(BUCKET, digest_key(trail, end));
    let end = crate::names::compact_time::read_compact_time::<6>(end).unwrap();
    let subject = ReceiptSubject {
        object: &object,
        report: &Report::new(),
        digest: Some(&seen(end)),
        log_files: None,
    };
    Receipt::of(subject, stamp("digest-validator"))
}

fn key_of(receipt: &Receipt) -> String {
    receipt.key_of_digest(&receipt.to_json())
}

/// Returns the blocks of JSON in the document.
fn examples() -> Vec<Value> {
    let blocks = DOCUMENT.split("```json\n").skip(1);
    let blocks = blocks.map(|block| block.split("```").next().unwrap());
    blocks
        .map(|block| serde_json::from_str(block).unwrap())
        .collect()
}

#[test]
fn the_documents_examples_are_what_is_written() {
    let mut receipt = serde_json::to_value(sample()).unwrap();
    let validated = valid("management", "20260115T120000Z");
    let head = ChainHead::of(&validated, &key_of(&validated)).unwrap();
    let mut head = serde_json::to_value(head).unwrap();
    let mut examples = examples();
    // They change with each version of Trailseal.
    for document in [&mut receipt, &mut examples[0]] {
        document["version"] = "".into();
    }
    for document in [&mut head, &mut examples[1]] {
        let key = document["newest"]["receipt"].as_str().unwrap();
        document["newest"]["receipt"] = key[..key.len() - "0123456789abcdef.json".len()].into();
    }
    assert_eq!(receipt, examples[0], "{receipt:#}");
    assert_eq!(head, examples[1], "{head:#}");
    assert_eq!(examples.len(), 2);
}

#[test]
fn the_document_names_every_field() {
    fn names(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    found.insert(name.clone());
                    if !["rules", "counts"].contains(&name.as_str()) {
                        names(value, found);
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| names(item, found)),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    for example in examples() {
        names(&example, &mut found);
    }
    assert!(found.len() > 35, "{found:?}");
    for name in found {
        let is_named = DOCUMENT.contains(&format!("`{name}`"));
        assert!(is_named, "docs/receipts.md does not name `{name}`");
    }
}

#[test]
fn a_receipt_is_read_as_it_was_written() {
    for receipt in [sample(), valid("management", "20260115T120000Z")] {
        let json = receipt.to_json();
        assert_eq!(Receipt::read(json.as_bytes()), Ok(receipt));
        let foreign = json.replace("trailseal.receipt/1", "trailseal.receipt/2");
        let error = Receipt::read(foreign.as_bytes()).unwrap_err();
        assert_eq!(
            error,
            ReceiptError::UnknownSchema("trailseal.receipt/2".to_owned())
        );
    }
    // A later version may add fields.
    let mut later = serde_json::to_value(sample()).unwrap();
    later["records"] = 17.into();
    assert_eq!(Receipt::read(later.to_string().as_bytes()), Ok(sample()));
}

/// The documents are also bounded if every text is as long and as awkward as S3 and JSON allow.
#[test]
fn every_receipt_that_is_written_can_be_read() {
    let awkward = "\u{1}".repeat(1024);
    let object = ObjectLocation::new("b".repeat(63), &awkward);
    let kind = FindingKind::LogFileModified;
    let finding = Finding::for_tests(kind, Scope::default(), object.clone(), "Modified.");
    let mut report = Report::of(vec![finding; 1_002]);
    for _ in 0..1_002 {
        let mut error = denied(&awkward);
        error.cause = Cause::Denied("\u{1}".repeat(100_000));
        report.cannot_tell(error, &Scope::default(), &object);
    }
    let mut digest = seen(time("2026-01-15T12:00:00Z"));
    digest.signature_algorithm = Some("\u{1}".repeat(2048));
    let subject = ReceiptSubject {
        object: &object,
        report: &report,
        digest: Some(&digest),
        log_files: None,
    };
    let receipt = Receipt::of(subject, stamp("log-verifier"));
    let json = receipt.to_json();
    assert!(json.len() > MAX_RECEIPT_BYTES * 3 / 4, "{}", json.len());
    assert_eq!(Receipt::read(json.as_bytes()), Ok(receipt.clone()));
    assert_eq!(receipt.findings.len(), 1_000);
    assert_eq!(
        (receipt.findings_left_out, receipt.cannot_tell_left_out),
        (2, 2)
    );
    assert!(key_of(&receipt).len() < 400);
    assert_eq!(
        Receipt::read(&vec![b' '; MAX_RECEIPT_BYTES + 1]),
        Err(ReceiptError::TooLarge)
    );
}

#[test]
fn an_unverified_object_is_never_valid() {
    let object = ObjectLocation::new(BUCKET, LOG_FILE);
    let of = |report: &Report| {
        let subject = ReceiptSubject {
            object: &object,
            report,
            digest: None,
            log_files: None,
        };
        Receipt::of(subject, stamp("log-verifier")).verdict
    };
    let finding = |kind| Finding::for_tests(kind, Scope::default(), object.clone(), "Said.");
    let mut report = Report::new();
    assert_eq!(of(&report), Verdict::Valid);
    report.rules.entry("witness").or_default().cannot_tell = 1;
    assert_eq!(of(&report), Verdict::CannotTell);
    let mut report = Report::new();
    report.cannot_tell(denied("k"), &Scope::default(), &object);
    assert_eq!(of(&report), Verdict::CannotTell);
    // The last try raises a finding about it, which says no more.
    report
        .findings
        .push(finding(FindingKind::ObjectUnreadableDenied));
    assert_eq!(of(&report), Verdict::CannotTell);
    report.findings.push(finding(FindingKind::LogFileMissing));
    assert_eq!(of(&report), Verdict::Finding);
}

#[test]
fn a_digest_has_a_folder_of_its_own_on_the_day_of_its_end() {
    let receipt = valid("management", "20260115T000000Z");
    let key = key_of(&receipt);
    let rest = key.strip_prefix(
        "receipts/2026/01/15/111122223333/us-east-1/20260115T000000Z_management_us-east-1_",
    );
    let rest = rest.unwrap_or_else(|| panic!("{key}"));
    assert_eq!(
        &rest[16..52],
        "/digest-validator-20260115T123107Z-c"
            .trim_end_matches('c')
            .to_owned()
            + &rest[51..52]
    );
    assert!(rest.len() == 16 + 35 + 16 + ".json".len(), "{rest}");
    // A second verification is a second receipt, and the same one is not.
    let mut again = receipt.clone();
    assert_eq!(key_of(&again), key);
    again.request_id = "another".to_owned();
    let folder = |key: &str| key.rsplit_once('/').unwrap().0.to_owned();
    assert_ne!(key_of(&again), key);
    assert_eq!(folder(&key_of(&again)), folder(&key));
    let mut elsewhere = receipt.clone();
    elsewhere.object.bucket = "replica".to_owned();
    assert_ne!(folder(&key_of(&elsewhere)), folder(&key));
}

#[test]
fn an_object_without_a_digests_name_is_listed_on_the_day_of_its_check() {
    let mut receipt = valid("management", "20260115T000000Z");
    receipt.object.key = "AWSLogs/../../receipts/x_backfill.json.gz".to_owned();
    let key = key_of(&receipt);
    assert!(
        key.starts_with("receipts/2026/01/15/misnamed/"),
        "a copied digest: {key}"
    );
    assert!(!key.contains(".."), "{key}");
}

#[test]
fn the_longest_names_fit_into_a_key() {
    let trail = "t".repeat(128);
    let long = valid(&trail, "20260115T000000Z");
    assert!(key_of(&long).len() < 400, "{}", key_of(&long).len());
    let head = ChainHead::of(&long, &key_of(&long)).unwrap();
    assert!(head.key().unwrap().len() < 300);
    let mut log_file = sample();
    for (key, is_named) in [
        (LOG_FILE.to_owned(), true),
        ("k".repeat(800), true),
        ("k".repeat(1024), false),
    ] {
        log_file.object.bucket = "b".repeat(63);
        log_file.object.key.clone_from(&key);
        let receipt = log_file.key_of_log_file("");
        assert!(receipt.len() <= 1024);
        assert_eq!(receipt.contains(&key), is_named);
    }
}

/// The longest head can be read again.
#[test]
fn every_head_that_is_written_can_be_read() {
    let mut receipt = valid("management", "20260115T000000Z");
    receipt.object.key = "\u{1}".repeat(1024);
    let chain = receipt.chain.as_mut().unwrap();
    chain.folder = "\u{1}".repeat(1024);
    let head = ChainHead::of(&receipt, &"\u{1}".repeat(1024)).unwrap();
    let json = head.to_json();
    assert!(json.len() < MAX_HEAD_BYTES, "{}", json.len());
    assert_eq!(ChainHead::read(json.as_bytes()), Ok(head));
    let foreign = json.replace("trailseal.chain/1", "trailseal.chain/2");
    assert_eq!(
        ChainHead::read(foreign.as_bytes()),
        Err(HeadError::UnknownSchema("trailseal.chain/2".to_owned()))
    );
}

/// What a verification does to a head: nothing, or a new newest digest, or an earlier start.
#[test]
fn a_head_moves_on_and_never_back() {
    let noon = valid("management", "20260115T120000Z");
    let head = advance(None, &noon, "noon").unwrap();
    assert_eq!(head.since, time("2026-01-15T11:00:00Z"));
    assert_eq!(head.newest.receipt, "noon");
    let with = |end: &str, adjust: &dyn Fn(&mut Receipt)| {
        let mut receipt = valid("management", end);
        adjust(&mut receipt);
        advance(Some(&head), &receipt, "other")
            .map(|next| (next.newest.end_time.to_string(), next.newest, next.since))
    };
    let digest = |receipt: &mut Receipt| receipt.digest.clone().unwrap();
    // The next digest.
    let (end, newest, since) = with("20260115T130000Z", &|_| ()).unwrap();
    assert_eq!(
        (end.as_str(), newest.receipt.as_str()),
        ("2026-01-15T13:00:00Z", "other")
    );
    assert_eq!(since, head.since);
    // One that has a finding, or could not be verified to the end, is still CloudTrail's.
    for verdict in [Verdict::Finding, Verdict::CannotTell] {
        let (_, newest, _) = with("20260115T130000Z", &|it| it.verdict = verdict).unwrap();
        assert_eq!(newest.verdict, verdict);
    }
    // One that is not signed, or not of the hourly chain, or whose name is not a digest's.
    let unsigned = |it: &mut Receipt| {
        it.digest = Some(ReceiptDigest {
            signed: false,
            ..digest(it)
        });
    };
    let backfill = |it: &mut Receipt| {
        it.digest = Some(ReceiptDigest {
            backfill: true,
            ..digest(it)
        });
    };
    assert!(with("20260115T130000Z", &unsigned).is_none());
    assert!(with("20260115T130000Z", &backfill).is_none());
    assert!(with("20260115T130000Z", &|it| it.digest = None).is_none());
    assert!(with("20260115T130000Z", &|it| it.chain = None).is_none());
    // A late older digest moves only the start.
    let (end, newest, since) = with("20260115T110000Z", &|_| ()).unwrap();
    assert_eq!(
        (end.as_str(), newest.receipt.as_str()),
        ("2026-01-15T12:00:00Z", "noon")
    );
    assert_eq!(since, time("2026-01-15T10:00:00Z"));
    // The last verification of the newest digest counts; an earlier one, or the same, does not.
    let later = |it: &mut Receipt| it.checked_at += SignedDuration::from_secs(1);
    let earlier = |it: &mut Receipt| it.checked_at -= SignedDuration::from_secs(1);
    assert_eq!(with("20260115T120000Z", &later).unwrap().1.receipt, "other");
    assert!(with("20260115T120000Z", &earlier).is_none());
    assert!(advance(Some(&head), &noon, "noon").is_none());
}

fn arbitrary_receipt() -> impl Strategy<Value = Receipt> {
    let verdict = prop_oneof![
        Just(Verdict::Valid),
        Just(Verdict::Finding),
        Just(Verdict::CannotTell)
    ];
    let times = (0..6_i64, 1..4_i64, 0..3_i64);
    (times, verdict, any::<bool>()).prop_map(|((end, length, checked), verdict, signed)| {
        let mut receipt = valid("management", "20260115T120000Z");
        let digest = receipt.digest.as_mut().unwrap();
        let end = digest.end_time.unwrap() + SignedDuration::from_hours(end);
        digest.end_time = Some(end);
        digest.start_time = Some(end - SignedDuration::from_hours(length));
        digest.signed = signed;
        receipt.verdict = verdict;
        receipt.checked_at += SignedDuration::from_secs(checked);
        receipt
    })
}

fn head_after<'a>(receipts: impl Iterator<Item = &'a Receipt>) -> Option<ChainHead> {
    receipts.fold(None, |head, receipt| {
        advance(head.as_ref(), receipt, &key_of(receipt)).or(head)
    })
}

proptest! {
    #[test]
    fn any_order_of_arrivals_gives_the_same_head(
        (receipts, shuffled) in proptest::collection::vec(arbitrary_receipt(), 0..12)
            .prop_flat_map(|receipts| (Just(receipts.clone()), Just(receipts).prop_shuffle())),
        twice in any::<bool>(),
    ) {
        let head = head_after(receipts.iter());
        let again = shuffled.iter().filter(|_| twice);
        prop_assert_eq!(&head, &head_after(shuffled.iter().chain(again)));
        let ends = receipts.iter().filter_map(|receipt| receipt.digest.as_ref());
        let newest = ends.filter(|digest| digest.signed).filter_map(|digest| digest.end_time).max();
        prop_assert_eq!(head.map(|head| head.newest.end_time), newest);
    }

    #[test]
    fn any_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Receipt::read(&bytes);
        let _ = ChainHead::read(&bytes);
    }
}

/// An evidence bucket that another function also writes to.
#[derive(Default)]
struct Shelf {
    documents: Mutex<BTreeMap<String, String>>,
    /// What was written, in order.
    written: Mutex<Vec<String>>,
    /// How many times another function is faster.
    conflicts: Mutex<usize>,
    refuses: &'static str,
}

impl Shelf {
    fn put(&self, key: &str, document: String) {
        self.written.lock().unwrap().push(key.to_owned());
        let mut documents = self.documents.lock().unwrap();
        documents.insert(key.to_owned(), document);
    }

    fn refused(&self, key: &str) -> Result<(), StoreError> {
        match self.refuses {
            "" => Ok(()),
            refuses if key.starts_with(refuses) => Err(denied(key)),
            _ => Ok(()),
        }
    }

    fn head(&self) -> Option<ChainHead> {
        let documents = self.documents.lock().unwrap();
        let mut heads = documents
            .iter()
            .filter(|(key, _)| key.starts_with("chains/"));
        let (_, head) = heads.next()?;
        Some(ChainHead::read(head.as_bytes()).unwrap())
    }
}

impl AddEvidence for Shelf {
    async fn add(&self, key: &str, document: String) -> Result<(), StoreError> {
        self.refused(key)?;
        self.put(key, document);
        Ok(())
    }
}

impl ReplaceEvidence for Shelf {
    async fn look_up(&self, key: &str, limit: usize) -> Result<Option<Versioned>, StoreError> {
        let documents = self.documents.lock().unwrap();
        Ok(documents.get(key).map(|document| {
            assert!(document.len() <= limit);
            Versioned {
                document: document.clone().into_bytes(),
                version: document.clone(),
            }
        }))
    }

    async fn replace(
        &self,
        key: &str,
        document: String,
        version: Option<&str>,
    ) -> Result<bool, StoreError> {
        self.refused(key)?;
        let is_late = {
            let mut conflicts = self.conflicts.lock().unwrap();
            let is_late = *conflicts > 0;
            *conflicts = conflicts.saturating_sub(1);
            is_late
        };
        if is_late {
            // Another digest of the same chain is verified at the same time.
            let hour = 1 + *self.conflicts.lock().unwrap();
            let other = valid("management", &format!("20260115T{hour:02}0000Z"));
            let known = self.head();
            if let Some(head) = advance(known.as_ref(), &other, &key_of(&other)) {
                let mut documents = self.documents.lock().unwrap();
                documents.insert(key.to_owned(), head.to_json());
            }
            return Ok(false);
        }
        let current = self.documents.lock().unwrap().get(key).cloned();
        if current.as_deref() != version {
            return Ok(false);
        }
        self.put(key, document);
        Ok(true)
    }
}

/// Nothing waits in these tests.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it waits"),
    }
}

#[test]
fn the_receipt_is_written_before_the_head_that_names_it() {
    let shelf = Shelf::default();
    let receipt = valid("management", "20260115T120000Z");
    now(keep_with_heads(&shelf, from_ref(&receipt))).unwrap();
    let written = shelf.written.lock().unwrap().clone();
    let head = shelf.head().unwrap();
    assert_eq!(written, [key_of(&receipt), head.key().unwrap()]);
    assert_eq!(head.newest.receipt, key_of(&receipt));
    assert!(
        head.key()
            .unwrap()
            .starts_with("chains/111122223333/us-east-1/management_us-east-1_")
    );
    // The log-verifier keeps no head, and neither does a digest that is not signed.
    let shelf = Shelf::default();
    now(keep(&shelf, from_ref(&receipt))).unwrap();
    assert!(shelf.head().is_none());
    let mut forged = receipt;
    forged.digest.as_mut().unwrap().signed = false;
    now(keep_with_heads(&shelf, from_ref(&forged))).unwrap();
    assert_eq!(shelf.head(), None);
    assert_eq!(shelf.written.lock().unwrap().len(), 2);
}

#[test]
fn chains_that_differ_only_in_their_folder_have_heads_of_their_own() {
    let shelf = Shelf::default();
    let mut keys = BTreeSet::new();
    for (bucket, prefix) in [(BUCKET, ""), (BUCKET, "moved/"), ("replica", "")] {
        let mut receipt = valid("management", "20260115T120000Z");
        receipt.object.bucket = bucket.to_owned();
        receipt.object.key = format!("{prefix}{}", receipt.object.key);
        now(keep_with_heads(&shelf, from_ref(&receipt))).unwrap();
        keys.insert(ChainHead::of(&receipt, "r").unwrap().key().unwrap());
    }
    assert_eq!(keys.len(), 3);
}

#[test]
fn no_head_is_written_without_its_receipt() {
    let shelf = Shelf {
        refuses: "receipts/",
        ..Shelf::default()
    };
    let receipt = valid("management", "20260115T120000Z");
    let error = now(keep_with_heads(&shelf, from_ref(&receipt))).unwrap_err();
    assert!(matches!(error, KeepError::Receipt(_)), "{error}");
    assert!(shelf.written.lock().unwrap().is_empty());
    let shelf = Shelf {
        refuses: "chains/",
        ..Shelf::default()
    };
    let error = now(keep_with_heads(&shelf, from_ref(&receipt))).unwrap_err();
    assert!(matches!(error, KeepError::Head(_)), "{error}");
    assert_eq!(*shelf.written.lock().unwrap(), [key_of(&receipt)]);
}

#[test]
fn a_conflict_is_tried_again_a_bounded_number_of_times() {
    let noon = valid("management", "20260115T120000Z");
    for (conflicts, is_kept) in [(1, true), (7, true), (8, false)] {
        let shelf = Shelf {
            conflicts: Mutex::new(conflicts),
            ..Shelf::default()
        };
        let kept = now(keep_with_heads(&shelf, from_ref(&noon)));
        assert_eq!(kept.is_ok(), is_kept, "{conflicts}: {kept:?}");
    }
    // What the other function wrote counts, too.
    let shelf = Shelf {
        conflicts: Mutex::new(1),
        ..Shelf::default()
    };
    now(keep_with_heads(&shelf, from_ref(&noon))).unwrap();
    let head = shelf.head().unwrap();
    assert_eq!(head.since, time("2026-01-15T00:00:00Z"));
    assert_eq!(head.newest.receipt, key_of(&noon));
}

#[test]
fn a_document_that_is_not_a_head_is_not_overwritten() {
    let shelf = Shelf::default();
    let receipt = valid("management", "20260115T120000Z");
    let key = ChainHead::of(&receipt, "r").unwrap().key().unwrap();
    shelf.put(&key, "{}".to_owned());
    let error = now(keep_with_heads(&shelf, from_ref(&receipt))).unwrap_err();
    assert!(
        error.to_string().contains("it is not a chain head"),
        "{error}"
    );
    assert_eq!(shelf.documents.lock().unwrap()[&key], "{}");
}

fn keys(documents: &[ReceiptDocument<'_>]) -> Vec<String> {
    documents
        .iter()
        .map(|document| document.key.clone())
        .collect()
}

/// Returns the receipt of a valid digest of the chain `trail` that is verified again weeks later.
fn past(trail: &str, end: &str) -> Receipt {
    checked_at(valid(trail, end), time("2026-02-01T12:31:07Z"))
}

fn checked_at(mut receipt: Receipt, at: Timestamp) -> Receipt {
    receipt.checked_at = at;
    receipt
}

#[test]
fn receipts_of_digests_of_a_day_are_stored_together() {
    let mut other_function = past("management", "20260115T130000Z");
    other_function.function = "log-verifier".to_owned();
    let mut misnamed = past("management", "20260115T140000Z");
    misnamed.object.key = "AWSLogs/copy.json.gz".to_owned();
    let mut replica = past("management", "20260115T150000Z");
    replica.object.bucket = "replica".to_owned();
    let mut later = past("management", "20260115T110000Z");
    later.checked_at = time("2026-02-01T12:31:09Z");
    let receipts = [
        past("management", "20260115T100000Z"),
        past("data", "20260115T100000Z"),
        later,
        past("management", "20260116T000000Z"),
        other_function,
        misnamed,
        replica,
    ];
    let documents = documents(&receipts);
    let together = &documents[0];
    let folder = "receipts/2026/01/15/111122223333/us-east-1/day_management_us-east-1_";
    assert!(together.key.starts_with(folder), "{}", together.key);
    // The time of the last of the checks.
    let name = "/digest-validator-20260201T123109Z-";
    assert!(together.key.contains(name), "{}", together.key);
    assert_eq!(together.receipts, [&receipts[0], &receipts[2]]);
    // Each of the others is what it would be by itself.
    let alone = [1, 3, 4, 5, 6].map(|index: usize| key_of(&receipts[index]));
    assert_eq!(keys(&documents[1..]), alone);
    for document in &documents {
        let read = read_receipts(document.json.as_bytes()).unwrap();
        assert!(read.iter().eq(document.receipts.iter().copied()));
        let key = key_of_document(&read, &document.json);
        assert_eq!(key.as_ref(), Some(&document.key));
    }
    // Receipts that do not belong together are in no document.
    assert_eq!(key_of_document(&receipts[..2], "{}"), None);
    assert_eq!(key_of_document(&receipts[2..4], "{}"), None);
    let of_two_functions = [receipts[0].clone(), receipts[4].clone()];
    assert_eq!(key_of_document(&of_two_functions, "{}"), None);
    assert_eq!(key_of_document(&[], "{}"), None);
}

/// The largest receipt has 14 MB, and so many of them would not fit into one document.
#[test]
fn a_document_has_room_for_a_limited_number_of_bytes() {
    let receipts: Vec<Receipt> = (10..16)
        .map(|hour| {
            let mut receipt = past("management", &format!("20260115T{hour}0000Z"));
            let size = if hour == 12 { 2_000_000 } else { 400_000 };
            receipt.cannot_tell = vec!["x".repeat(size)];
            receipt
        })
        .collect();
    let documents = documents(&receipts);
    let sizes: Vec<usize> = documents.iter().map(|it| it.receipts.len()).collect();
    assert_eq!(sizes, [2, 1, 2, 1]);
    for document in &documents {
        assert!(document.json.len() < 1_100_000 || document.receipts.len() == 1);
    }
    let all: BTreeSet<String> = keys(&documents).into_iter().collect();
    assert_eq!(all.len(), 4);
}

#[test]
fn a_document_that_does_not_have_receipts_is_an_error() {
    let receipt = past("management", "20260115T120000Z").to_json();
    let several = |receipts: &[&str]| {
        let receipts = receipts.join(",");
        format!(r#"{{"schema":"trailseal.receipts/1","receipts":[{receipts}]}}"#)
    };
    assert_eq!(
        read_receipts(several(&[&receipt]).as_bytes())
            .unwrap()
            .len(),
        1
    );
    let read = |document: &str| read_receipts(document.as_bytes()).unwrap_err();
    assert_eq!(read(&several(&[])), ReceiptError::Number(0));
    let many = vec![receipt.as_str(); MAX_TOGETHER + 1];
    assert_eq!(
        read(&several(&many)),
        ReceiptError::Number(MAX_TOGETHER + 1)
    );
    let later = receipt.replace("trailseal.receipt/1", "trailseal.receipt/2");
    let unknown = ReceiptError::UnknownSchema("trailseal.receipt/2".to_owned());
    assert_eq!(read(&several(&[&receipt, &later])), unknown);
    assert_eq!(read(&later), unknown);
    for document in ["", "[]", "{}", r#"{"schema":"trailseal.receipts/1"}"#] {
        assert!(
            matches!(read(document), ReceiptError::Json(_)),
            "{document}"
        );
    }
    assert_eq!(
        read(&" ".repeat(MAX_RECEIPT_BYTES + 1)),
        ReceiptError::TooLarge
    );
}

/// Digests of two days, in the order in which somebody may send them again.
#[test]
fn several_digests_of_a_chain_move_its_head_once() {
    let shelf = Shelf::default();
    let receipts = ["15T130000Z", "15T110000Z", "16T000000Z", "15T120000Z"]
        .map(|end| past("management", &format!("202601{end}")));
    now(keep_with_heads(&shelf, &receipts)).unwrap();
    let head = shelf.head().unwrap();
    assert_eq!(head.since, time("2026-01-15T10:00:00Z"));
    assert_eq!(head.newest.end_time, time("2026-01-16T00:00:00Z"));
    assert_eq!(head.newest.receipt, key_of(&receipts[2]));
    let documents = keys(&documents(&receipts));
    let [of_day, alone] = documents.as_slice() else {
        panic!("{documents:#?}");
    };
    let written = shelf.written.lock().unwrap().clone();
    assert_eq!(
        written,
        [of_day.clone(), alone.clone(), head.key().unwrap()]
    );
    // They move no head back, and none that they do not change.
    now(keep_with_heads(&shelf, &receipts[..2])).unwrap();
    assert_eq!(shelf.head().unwrap(), head);
    assert_eq!(shelf.written.lock().unwrap().len(), 4);
}

/// `watchdog` finds the receipts of new digests by their keys.
#[test]
fn receipts_of_new_digests_are_stored_apart() {
    let checked = |after: i64| {
        let at = time("2026-01-15T12:00:00Z") + SignedDuration::from_hours(after);
        let ends = ["20260115T110000Z", "20260115T120000Z"];
        let receipts = ends.map(|end| checked_at(valid("management", end), at));
        documents(&receipts).len()
    };
    assert_eq!((checked(1), checked(71), checked(72)), (2, 2, 1));
}
