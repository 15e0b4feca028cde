//! The KMS review accepts and concludes any record, with any result for its object and key; its
//! findings are limited in number, and each is reported once.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::collections::{BTreeMap, HashSet};
use trailseal::kms::event::KmsEvent;
use trailseal::kms::expected::Expected;
use trailseal::kms::policy::check_policy;
use trailseal::kms::readers::{ReaderRule, Readers};
use trailseal::kms::review::{Facts, KeyState, KmsReview, ObjectState};
use trailseal::names::ids::TrailArn;
use trailseal::names::location::ObjectLocation;
use trailseal::names::object_key::{ObjectKind, classify};
use trailseal::names::places::Places;
use trailseal::world::{Absence, Encryption, KeyDescription};

const BUCKET: &str = "amzn-s3-demo-bucket";
const KEY: &str = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/15/111122223333_CloudTrail_us-east-1_20260115T1215Z_7xgocspSowgK0Gto.json.gz";
const KEY_ARN: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

fn expected(all: bool) -> Expected {
    let mut expected = Expected {
        places: Places {
            log_buckets: vec![BUCKET.to_owned()],
            ..Places::default()
        },
        ..Expected::default()
    };
    if all {
        let trail = "arn:aws:cloudtrail:us-east-1:111122223333:trail/management-events";
        expected.places.trails = vec![TrailArn::parse(trail).expect("a trail's ARN")];
        expected.key_arns = vec![KEY_ARN.to_owned()];
        let rule = "arn:aws:iam::111122223333:role/Audit=enclave";
        let rule = ReaderRule::parse(rule).expect("a rule");
        expected.readers = Readers::new(vec![rule], Vec::new());
        expected.enclave_images = vec!["0".repeat(96)];
    }
    expected
}

/// Returns the facts that are looked up; `turn` decides their results.
fn facts(review: &KmsReview<'_>, turn: usize) -> Facts {
    let looked = |number: usize| match (number + turn) % 4 {
        0 => ObjectState::Gone(Absence::NoObject),
        1 => ObjectState::Unknown,
        2 => ObjectState::Exists(Encryption::default()),
        _ => ObjectState::Exists(Encryption {
            algorithm: Some("aws:kms".to_owned()),
            kms_key_id: Some(KEY_ARN.to_owned()),
        }),
    };
    let key = KeyState {
        description: KeyDescription {
            arn: KEY_ARN.to_owned(),
            spec: "SYMMETRIC_DEFAULT".to_owned(),
            usage: "ENCRYPT_DECRYPT".to_owned(),
            state: "Enabled".to_owned(),
            expires: None,
        },
        policy: Some(check_policy("{}")),
    };
    let objects = review.objects().cloned().enumerate();
    let keys = review
        .keys()
        .map(|(name, _)| name)
        .chain(review.refused_keys());
    let trails = review.unknown_trails().cloned();
    Facts {
        objects: objects.map(|(number, at)| (at, looked(number))).collect(),
        keys: keys.map(|name| (name.to_owned(), key.clone())).collect(),
        chains: trails
            .map(|trail| (trail, Vec::new()))
            .collect::<BTreeMap<_, _>>(),
    }
}

fuzz_target!(|text: &str| {
    let at = ObjectLocation::new(BUCKET, KEY);
    let ObjectKind::LogFile(key) = classify(KEY) else {
        panic!("the key of a log file");
    };
    // Each line is a record.
    let records: Vec<&str> = text.lines().collect();
    let events = records
        .iter()
        .filter_map(|record| KmsEvent::from_record(record));
    let events = u64::try_from(events.count()).expect("a number of lines");
    for (all, turn) in [(false, 0), (true, 0), (true, 1), (true, 2), (true, 3)] {
        let expected = expected(all);
        let mut review = KmsReview::new(&expected, &at, &key).explaining();
        records.iter().for_each(|record| review.review(record));
        let facts = facts(&review, turn);
        let concluded = review.conclude(&facts);
        assert_eq!(concluded.report.counts.kms_events, Some(events));
        let mut ids = HashSet::new();
        for finding in &concluded.report.findings {
            assert!(ids.insert(finding.id()), "{finding:?}");
            assert!(finding.detail.len() <= 2000);
        }
        for waiting in &concluded.waiting {
            assert!(matches!(
                facts.objects.get(&waiting.object),
                Some(ObjectState::Exists(_))
            ));
        }
    }
});
