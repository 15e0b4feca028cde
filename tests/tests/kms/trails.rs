//! Whole trails: an untouched trail causes no finding and leaves nothing pending, and each error is
//! reported exactly.

use crate::world::{World, assert_nothing};
use std::collections::BTreeSet;
use trailseal::finding::FindingKind::{
    self, EnclaveAttestationMalformed, EnclaveAttestationMissing, EnclaveImageUnlisted,
    KmsContextMismatch, KmsDeliveryDenied, KmsForeignCaller, KmsKeyMismatch, KmsUnlistedReader,
    LogFileEncryptionChanged, LogFileMissing,
};
use trailseal::finding::Report;
use trailseal_tests::trail::{EnclaveSpec, KmsAnomaly, KmsAnomalyKind, KmsSpec, Reader, TrailSpec};

const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const ENCLAVE_ROLE: &str = "arn:aws:iam::111122223333:role/enclaves/LogArchive";
/// An image in the generator's ordinary records.
const ORDINARY: &str = "7fb5c55bc2ecbb68ed99a13d7122abfc0666b926a79d5379bc58b9445c84217f59cfdd36c08b2c79552928702efe23e4";
const LISTED: [&str; 4] = [
    "arn:aws:iam::111122223333:user/cloudtrail-admin",
    "arn:aws:iam::111122223333:role/audit/LogReader",
    "arn:aws:iam::444455556666:root",
    "arn:aws:iam::111122223333:role/enclaves/LogArchive=enclave",
];

fn kms() -> KmsSpec {
    let enclave = EnclaveSpec::new(ENCLAVE_ROLE);
    KmsSpec {
        readers: vec![
            Reader::User("arn:aws:iam::111122223333:user/cloudtrail-admin".into()),
            Reader::Role {
                arn: "arn:aws:iam::111122223333:role/audit/LogReader".into(),
                session: "alice".into(),
            },
            Reader::OtherAccount {
                account: "444455556666".into(),
                principal: "AROAEXAMPLE:session".into(),
            },
            Reader::CloudTrail,
            enclave.reader(),
        ],
        read_one_in: 2,
        enclave: Some(enclave),
        unrelated_calls: true,
        ..KmsSpec::new(KEY)
    }
}

/// Returns a small trail whose shape depends on its seed.
fn untouched(seed: u64) -> World {
    let organization = seed.is_multiple_of(3);
    let spec = TrailSpec {
        seed,
        hours: 5,
        log_files_per_hour: 1..=3,
        records_per_file: 1..=3,
        offset_seconds: if seed.is_multiple_of(2) { 0 } else { 1763 },
        organization_id: organization.then(|| "o-exampleorgid".to_owned()),
        accounts: if organization {
            vec!["111122223333".to_owned(), "444455556666".to_owned()]
        } else {
            vec!["111122223333".to_owned()]
        },
        regions: if seed.is_multiple_of(5) {
            vec!["us-east-1".to_owned(), "eu-central-1".to_owned()]
        } else {
            vec!["us-east-1".to_owned()]
        },
        prefix: seed.is_multiple_of(7).then(|| "audit/AWSLogs".to_owned()),
        kms: Some(KmsSpec {
            bucket_key: seed % 4 == 1,
            ..kms()
        }),
        ..TrailSpec::default()
    };
    let mut world = World::new(spec.build()).listing_readers(&LISTED);
    world.expected.enclave_images = vec![EnclaveSpec::new(ENCLAVE_ROLE).image, ORDINARY.to_owned()];
    match seed % 3 {
        // Nothing is configured, or only the trail, or everything.
        0 if seed.is_multiple_of(2) => {
            world.expected.places.trails.clear();
            world.expected.key_arns.clear();
            world.expected.enclave_images.clear();
            world = world.listing_readers(&[]);
        }
        1 => world.expected.key_arns.clear(),
        _ => {}
    }
    world
}

/// Checks that what is left waits for the digest after the last one: to be counted, or to be
/// listed.
#[track_caller]
fn assert_settled(world: &World, seed: u64) {
    let ends = world.trail.digests.iter().map(|digest| {
        let end = &digest.document.digest_end_time;
        end.parse::<jiff::Timestamp>().unwrap()
    });
    let last_hour = ends.max().unwrap() - jiff::SignedDuration::from_mins(75);
    for (name, deliveries) in world.waiting() {
        let newest = deliveries.iter().map(|(_, time)| *time).max();
        assert!(
            newest >= Some(last_hour),
            "seed {seed}: {name} {deliveries:?}"
        );
    }
}

#[tokio::test]
async fn an_untouched_trail_has_no_findings_and_no_pending_deliveries() {
    let (mut events, mut waited, mut listed) = (0, 0, 0);
    for seed in 0..40 {
        // In the usual order: each object when it is delivered.
        let world = untouched(seed);
        let mut report = Report::new();
        for object in world.trail.objects() {
            if object.key.contains("CloudTrail-Digest") {
                report.absorb(world.settle(object).await);
            } else {
                report.absorb(world.look(object).await);
            }
        }
        assert_nothing(&report);
        assert!(
            report.rules.values().all(|rule| rule.finding == 0),
            "{seed}: {report:#?}"
        );
        assert_settled(&world, seed);
        events += report.counts.kms_events.unwrap();
        listed += report.rules.get("witness").map_or(0, |rule| rule.valid);

        // The first check is late, and digests arrive in reverse; then everything again.
        let world = untouched(seed);
        assert_nothing(&world.settle_all().await);
        assert_nothing(&world.look_at_all().await);
        waited += world.waiting().len();
        for _ in 0..2 {
            for digest in world.digests().iter().rev() {
                assert_nothing(&world.settle(digest).await);
            }
            assert_settled(&world, seed);
        }
        assert_nothing(&world.look_at_all().await);
        assert_nothing(&world.settle_all().await);
        assert_nothing(&world.settle_all().await);
        assert_settled(&world, seed);
    }
    assert!(
        events > 2000 && waited > 100 && listed > 300,
        "{events} {waited} {listed}"
    );
}

#[tokio::test]
async fn every_delivery_of_an_untouched_trail_has_an_event() {
    for seed in [1, 2, 3] {
        let spec = TrailSpec {
            seed,
            hours: 8,
            log_files_per_hour: 3..=4,
            records_per_file: 1..=2,
            kms: Some(KmsSpec::new(KEY)),
            ..TrailSpec::default()
        };
        let world = World::new(spec.build());
        world.look_at_all().await;
        let digests = world.digests();
        let mut witnessed = 0;
        for digest in &digests[..digests.len() - 1] {
            let counts = world.settle(digest).await.counts;
            assert_eq!(counts.unwitnessed.unwrap_or_default(), 0, "seed {seed}");
            witnessed += counts.witnessed.unwrap_or_default();
        }
        let listed = &digests[..digests.len() - 2];
        let listed = world
            .trail
            .digests
            .iter()
            .filter(|it| listed.contains(&it.object));
        let listed: usize = listed.map(|it| it.document.log_files.len()).sum();
        assert_eq!(usize::try_from(witnessed).unwrap(), listed);
    }
}

#[tokio::test]
async fn a_log_file_without_an_event_is_counted_and_not_reported() {
    let spec = TrailSpec {
        hours: 8,
        log_files_per_hour: 3..=3,
        kms: Some(KmsSpec::new(KEY)),
        ..TrailSpec::default()
    };
    let world = World::new(spec.build());
    // The log files that record the deliveries of hour 3 are not checked, except for one event.
    let of_hour = |hour: i64| {
        world
            .trail
            .log_files
            .iter()
            .filter(move |log| log.hour == hour)
    };
    let keys: BTreeSet<&str> = of_hour(3).map(|log| log.object.key.as_str()).collect();
    let records = |log: &&trailseal_tests::trail::LogFile| {
        let about = log
            .kms_events
            .iter()
            .filter(|event| event.event_name == "GenerateDataKey");
        about
            .filter_map(|event| event.about.as_ref())
            .any(|at| keys.contains(at.key.as_str()))
    };
    let recording: Vec<_> = world.trail.log_files.iter().filter(records).collect();
    let about_three = |log: &trailseal_tests::trail::LogFile| {
        log.kms_events
            .iter()
            .filter(|event| event.event_name == "GenerateDataKey")
            .filter(|event| {
                event
                    .about
                    .as_ref()
                    .is_some_and(|at| keys.contains(at.key.as_str()))
            })
            .count()
    };
    assert!(recording.len() > 1, "several log files record the hour");
    for log in &world.trail.log_files {
        if log.object != recording[0].object && recording.iter().any(|it| it.object == log.object) {
            continue;
        }
        world.look(&log.object).await;
    }
    let mut counted = None;
    for digest in world.digests() {
        let report = world.settle(&digest).await;
        assert_nothing(&report);
        let is_after = digest.key
            == world
                .trail
                .digest("111122223333", "us-east-1", 4)
                .object
                .key;
        if is_after {
            counted = Some(report.counts);
        }
    }
    let counts = counted.unwrap();
    let seen = about_three(recording[0]);
    assert_eq!(counts.witnessed, u64::try_from(seen).ok());
    assert_eq!(counts.unwitnessed, u64::try_from(keys.len() - seen).ok());
}

fn attacked(seed: u64, kind: KmsAnomalyKind) -> World {
    let spec = TrailSpec {
        seed,
        hours: 6,
        log_files_per_hour: 1..=3,
        records_per_file: 1..=3,
        kms: Some(KmsSpec {
            anomalies: vec![KmsAnomaly { hour: 2, kind }],
            ..kms()
        }),
        ..TrailSpec::default()
    };
    let mut world = World::new(spec.build()).listing_readers(&LISTED);
    world.expected.enclave_images = vec![EnclaveSpec::new(ENCLAVE_ROLE).image, ORDINARY.to_owned()];
    for planted in &world.trail.planted {
        world.memory.put(planted.object.clone());
    }
    world
}

#[tokio::test]
async fn each_anomaly_gives_exactly_its_findings() {
    use KmsAnomalyKind as Kind;
    let cases: [(Kind, &[FindingKind]); 17] = [
        (Kind::WrongTrail, &[KmsContextMismatch]),
        (Kind::WrongBucket, &[KmsContextMismatch]),
        (Kind::MissingObject, &[LogFileMissing]),
        (Kind::WrongKeyInEvent, &[KmsKeyMismatch]),
        // By the event, and by the object when it is checked itself.
        (
            Kind::WrongKeyOnObject,
            &[KmsKeyMismatch, LogFileEncryptionChanged],
        ),
        (Kind::Denied, &[KmsDeliveryDenied]),
        (Kind::ForeignCaller, &[KmsForeignCaller]),
        (Kind::PlantedFile, &[KmsForeignCaller]),
        (Kind::PlantedFileBare, &[KmsForeignCaller]),
        (Kind::ForeignConfiguration, &[KmsForeignCaller]),
        (Kind::UnlistedReader, &[KmsUnlistedReader]),
        (Kind::RefusedReader, &[]),
        (Kind::UnlistedImage, &[EnclaveImageUnlisted]),
        (Kind::MalformedModule, &[EnclaveAttestationMalformed]),
        (Kind::MalformedImage, &[EnclaveAttestationMalformed]),
        (Kind::MissingAttestation, &[EnclaveAttestationMissing]),
        (Kind::DeniedMany, &[KmsDeliveryDenied]),
    ];
    for (kind, expected) in cases {
        for seed in 0..6 {
            let world = attacked(seed, kind);
            let mut report = world.look_at_all().await;
            for planted in &world.trail.planted {
                report.absorb(world.look(&planted.object).await);
            }
            report.absorb(world.settle_all().await);
            assert!(report.obstacles.is_empty(), "{kind:?} {seed}: {report:#?}");
            // The findings about one key or reader are one incident.
            let mut alerts = BTreeSet::new();
            let mut reported: Vec<FindingKind> = Vec::new();
            for finding in &report.findings {
                if alerts.insert(finding.id().to_string()) {
                    reported.push(finding.kind);
                }
            }
            reported.sort_by_key(|kind| kind.as_str());
            // Five reads may be recorded in two log files of two hours.
            if kind == Kind::UnlistedReader {
                reported.dedup();
            }
            assert_eq!(
                reported, expected,
                "{kind:?} {seed}: {:#?}",
                report.findings
            );
            let events = world.trail.kms_anomalies(kind);
            assert!(!events.is_empty());
            if let [finding] = report.findings.as_slice()
                && kind != Kind::WrongBucket
                && let Some(at) = &events[0].1.about
                && !is_enclave_kind(kind)
            {
                let named = events[0].1.s3_arn.split_once('/').unwrap().1;
                let of_event = [at.key.as_str(), named];
                assert!(
                    of_event.contains(&finding.object.key.as_str()),
                    "{kind:?} {finding:#?}"
                );
            }
        }
    }
}

fn is_enclave_kind(kind: KmsAnomalyKind) -> bool {
    matches!(
        kind,
        KmsAnomalyKind::UnlistedImage
            | KmsAnomalyKind::MalformedModule
            | KmsAnomalyKind::MalformedImage
            | KmsAnomalyKind::MissingAttestation
    )
}
