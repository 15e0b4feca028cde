//! The KMS events of a trail, untouched and attacked.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::trail::{
    EnclaveSpec, Encryption, KmsAnomaly, KmsAnomalyKind, KmsEvent, KmsSpec, LogFile, Reader, Trail,
    TrailSpec, gzip,
};

const KEY_ARN: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const TRAIL_ARN: &str = "arn:aws:cloudtrail:us-east-1:111122223333:trail/management-events";
const MALLORY: &str = "arn:aws:iam::111122223333:user/mallory";
const ENCLAVE_ROLE: &str = "arn:aws:iam::111122223333:role/enclaves/LogArchive";
const HOUR: u32 = 3;

/// The kinds that are additional events next to a delivery, and how many events each leaves.
const ADDITIONAL: [(KmsAnomalyKind, usize); 10] = [
    (KmsAnomalyKind::PlantedFile, 1),
    (KmsAnomalyKind::PlantedFileBare, 1),
    (KmsAnomalyKind::ForeignConfiguration, 1),
    (KmsAnomalyKind::UnlistedReader, 5),
    (KmsAnomalyKind::RefusedReader, 5),
    (KmsAnomalyKind::UnlistedImage, 1),
    (KmsAnomalyKind::MalformedModule, 1),
    (KmsAnomalyKind::MalformedImage, 1),
    (KmsAnomalyKind::MissingAttestation, 1),
    (KmsAnomalyKind::DeniedMany, 20),
];

fn kms() -> KmsSpec {
    KmsSpec {
        enclave: Some(EnclaveSpec::new(ENCLAVE_ROLE)),
        unrelated_calls: true,
        ..KmsSpec::new(KEY_ARN)
    }
}

fn build(kms: KmsSpec) -> Trail {
    TrailSpec {
        hours: 8,
        kms: Some(kms),
        ..TrailSpec::default()
    }
    .build()
}

fn with(kinds: &[KmsAnomalyKind]) -> Trail {
    let attacked = |kind: &KmsAnomalyKind| KmsAnomaly {
        hour: HOUR,
        kind: *kind,
    };
    build(KmsSpec {
        anomalies: kinds.iter().map(attacked).collect(),
        ..kms()
    })
}

fn records_of(log: &LogFile) -> Vec<Value> {
    let content: Value = serde_json::from_slice(&gzip::inflate(&log.object.body)).expect("JSON");
    content["Records"].as_array().expect("records").clone()
}

fn records(trail: &Trail) -> Vec<Value> {
    trail.log_files.iter().flat_map(records_of).collect()
}

/// Returns the records whose encryption context names the trail, or an object of its log bucket's
/// folder.
fn records_about(trail: &Trail) -> Vec<Value> {
    let mut records = records(trail);
    records.retain(|record| {
        let context = &record["requestParameters"]["encryptionContext"];
        let object = context["aws:s3:arn"].as_str().unwrap_or_default();
        context["aws:cloudtrail:arn"] == TRAIL_ARN
            || object.starts_with("arn:aws:s3:::amzn-s3-demo-bucket/AWSLogs/")
    });
    records
}

#[track_caller]
fn record_of(log: &LogFile, event: &KmsEvent) -> Value {
    let mut records = records_of(log).into_iter();
    records
        .find(|record| record["eventID"] == *event.event_id)
        .expect("the event's record")
}

#[track_caller]
fn anomaly(trail: &Trail, kind: KmsAnomalyKind) -> (&KmsEvent, Value) {
    let (log, event) = trail.kms_anomaly(kind);
    (event, record_of(log, event))
}

#[track_caller]
fn is_hex(value: &Value, digits: usize) {
    let text = value.as_str().expect("text");
    assert!(
        text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{text}"
    );
}

#[track_caller]
fn assert_module(value: &Value) {
    let text = value.as_str().expect("text");
    let (instance, enclave) = text.split_once("-enc").expect("instance and enclave");
    is_hex(&instance[2..].into(), 17);
    is_hex(&enclave.into(), 17);
    assert!(text.starts_with("i-"), "{text}");
}

/// Returns a trail with readers of every kind, each of whom reads on average every fifth log file.
fn readers() -> Trail {
    build(KmsSpec {
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
            EnclaveSpec::new(ENCLAVE_ROLE).reader(),
        ],
        read_one_in: 1,
        ..KmsSpec::new(KEY_ARN)
    })
}

#[test]
fn each_event_matches_its_record() {
    let kinds = ADDITIONAL.map(|(kind, _)| kind);
    for trail in [with(&kinds), readers()] {
        let mut stated = BTreeSet::new();
        for log in &trail.log_files {
            for event in &log.kms_events {
                let record = record_of(log, event);
                let context = &record["requestParameters"]["encryptionContext"];
                assert_eq!(record["eventSource"], "kms.amazonaws.com");
                assert_eq!(record["eventName"], event.event_name);
                assert_eq!(record["eventTime"], event.time.to_string());
                assert_eq!(record["userIdentity"]["arn"], json!(event.caller_arn));
                assert_eq!(record["sourceIPAddress"], *event.source_ip);
                assert_eq!(context["aws:s3:arn"], *event.s3_arn);
                assert_eq!(context["aws:cloudtrail:arn"], json!(event.trail_arn));
                assert_eq!(record.get("errorCode").is_some(), event.failed);
                assert_eq!(record.get("resources").is_none(), event.failed);
                if !event.failed {
                    let key = &record["resources"][0];
                    assert_eq!(key["ARN"], *event.key_arn);
                    assert_eq!(key["accountId"], "111122223333");
                    assert_eq!(key.get("type").is_none(), record["eventVersion"] == "1.02");
                }
                stated.insert(event.event_id.clone());
            }
        }
        // No other record is about the trail.
        for record in records_about(&trail) {
            let id = record["eventID"].as_str().expect("an id");
            assert!(stated.contains(id), "{record}");
        }
    }
}

#[test]
fn readers_are_logged_with_their_identity() {
    let trail = readers();
    let mut seen = BTreeMap::new();
    for record in records_about(&trail) {
        if record["eventName"] == "Decrypt" {
            let identity = &record["userIdentity"];
            let kind = identity["type"].as_str().expect("a type").to_owned();
            let enclave = record.get("additionalEventData").is_some();
            seen.insert((kind, enclave), record.clone());
        }
    }
    let reader = |kind: &str, enclave: bool| &seen[&(kind.to_owned(), enclave)];
    assert_eq!(seen.len(), 5, "{:?}", seen.keys());

    let user = reader("IAMUser", false);
    assert_eq!(user["userIdentity"]["userName"], "cloudtrail-admin");

    let role = &reader("AssumedRole", false)["userIdentity"];
    let session = "arn:aws:sts::111122223333:assumed-role/LogReader/alice";
    assert_eq!(role["arn"], session);
    let issuer = &role["sessionContext"]["sessionIssuer"];
    assert_eq!(
        issuer["arn"],
        "arn:aws:iam::111122223333:role/audit/LogReader"
    );
    assert_eq!(issuer["userName"], "LogReader");

    let other = reader("AWSAccount", false);
    let identity = json!({
        "type": "AWSAccount",
        "principalId": "AROAEXAMPLE:session",
        "accountId": "444455556666",
    });
    assert_eq!(other["userIdentity"], identity);
    assert_eq!(other["recipientAccountId"], "111122223333");
    assert!(other["sharedEventID"].is_string());

    let cloudtrail = reader("AWSService", false);
    assert_eq!(
        cloudtrail["userIdentity"]["invokedBy"],
        "cloudtrail.amazonaws.com"
    );

    let enclave = reader("AssumedRole", true);
    let arn = enclave["userIdentity"]["arn"].as_str();
    assert_eq!(
        arn,
        EnclaveSpec::new(ENCLAVE_ROLE).reader().arn().as_deref()
    );
    assert_eq!(
        enclave["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"],
        ENCLAVE_ROLE
    );
}

#[test]
fn an_enclave_makes_its_calls_every_hour() {
    let trail = build(kms());
    let enclave = EnclaveSpec::new(ENCLAVE_ROLE);
    let arn = enclave.reader().arn().expect("a session");
    let mut calls: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for record in records(&trail) {
        if record["userIdentity"]["arn"] == *arn {
            let name = record["eventName"].as_str().expect("a name").to_owned();
            calls.entry(name).or_default().push(record);
        }
    }
    let names: Vec<&str> = calls.keys().map(String::as_str).collect();
    assert_eq!(names, ["Decrypt", "GenerateDataKey", "GenerateRandom"]);
    for record in calls.values().flatten() {
        let recipient = &record["additionalEventData"]["recipient"];
        assert_eq!(
            recipient["attestationDocumentEnclaveImageDigest"],
            *enclave.image
        );
        is_hex(&recipient["attestationDocumentEnclaveImageDigest"], 96);
        assert_module(&recipient["attestationDocumentModuleId"]);
    }
    let delivered: BTreeSet<String> = trail
        .log_files
        .iter()
        .map(|log| format!("arn:aws:s3:::{}/{}", log.object.bucket, log.object.key))
        .collect();
    for record in &calls["Decrypt"] {
        let context = &record["requestParameters"]["encryptionContext"];
        assert_eq!(context["aws:cloudtrail:arn"], TRAIL_ARN);
        assert!(delivered.contains(context["aws:s3:arn"].as_str().expect("an object")));
        assert_eq!(record["resources"][0]["ARN"], KEY_ARN);
    }
    for record in &calls["GenerateDataKey"] {
        let parameters = record["requestParameters"].as_object().expect("an object");
        let names: Vec<&String> = parameters.keys().collect();
        assert_eq!(names, ["keyId", "numberOfBytes"]);
        assert_eq!(record["resources"][0]["ARN"], KEY_ARN);
    }
    for record in &calls["GenerateRandom"] {
        assert_eq!(record["requestParameters"], Value::Null);
        assert_eq!(record["resources"], json!([]));
    }
    // Two an hour of each; the last events are too late for the last log file.
    let decrypted = calls["Decrypt"].len();
    assert!((14..=16).contains(&decrypted), "{decrypted}");
}

#[test]
fn old_and_current_forms_are_mixed() {
    let mut kms = kms();
    kms.read_one_in = 1;
    let trail = TrailSpec {
        hours: 24,
        kms: Some(kms),
        ..TrailSpec::default()
    }
    .build();
    let mut forms = BTreeSet::new();
    for record in records(&trail) {
        if record["eventName"] != "GenerateDataKey" {
            continue;
        }
        let typed = record["resources"][0].get("type").is_some();
        let key = record["requestParameters"]["keyId"].as_str();
        let key = key.expect("a key");
        for form in [
            "arn:aws:kms:us-east-1:111122223333:alias/",
            KEY_ARN,
            "1234abcd-",
        ] {
            if key.starts_with(form) {
                let enclave = record.get("additionalEventData").is_some();
                forms.insert((enclave, form, typed));
            }
        }
    }
    assert_eq!(forms.len(), 2 * 3 * 2, "{forms:?}");
}

type Is<'a> = &'a dyn Fn(&Value) -> bool;

#[test]
fn unrelated_kms_calls_do_not_name_log_files() {
    let quiet = build(KmsSpec::new(KEY_ARN));
    let trail = build(KmsSpec {
        unrelated_calls: true,
        ..KmsSpec::new(KEY_ARN)
    });
    let ids = |records: Vec<Value>| -> BTreeSet<String> {
        let id = |record: &Value| record["eventID"].to_string();
        records.iter().map(id).collect()
    };
    assert_eq!(ids(records_about(&trail)), ids(records_about(&quiet)));
    let before = ids(records(&quiet));
    let added: Vec<Value> = records(&trail)
        .into_iter()
        .filter(|record| !before.contains(&record["eventID"].to_string()))
        .collect();
    let count = |what: Is| added.iter().filter(|record| what(record)).count();
    let context = |record: &Value, name: &str| {
        record["requestParameters"]["encryptionContext"]
            .get(name)
            .is_some()
    };
    let under_our_key = |record: &Value| record["resources"][0]["ARN"] == KEY_ARN;
    let of_kms = |record: &Value| record["eventSource"] == "kms.amazonaws.com";
    // Each hour has one of each; the last events are too late for the last log file.
    let each: [(&str, Is, usize); 8] = [
        ("volumes", &|r| context(r, "aws:ebs:id"), 2),
        ("secrets", &|r| context(r, "SecretARN"), 1),
        ("objects", &|r| context(r, "aws:s3:arn"), 6),
        ("another trail", &|r| context(r, "aws:cloudtrail:arn"), 1),
        (
            "no parameters",
            &|r| of_kms(r) && r["requestParameters"].is_null(),
            2,
        ),
        ("a look at the key", &|r| r["eventName"] == "DescribeKey", 1),
        ("beside log files", &under_our_key, 3),
        (
            "mentions",
            &|r| !of_kms(r) && r.to_string().contains("kms.amazonaws.com"),
            3,
        ),
    ];
    for (what, is, an_hour) in each {
        let found = count(is);
        assert!(
            found >= 7 * an_hour && found <= 8 * an_hour,
            "{what}: {found}"
        );
    }
}

#[test]
fn anomalies_change_only_their_hour() {
    let untouched = build(kms());
    let ids_of_untouched: BTreeSet<String> = records(&untouched)
        .iter()
        .map(|record| record["eventID"].to_string())
        .collect();
    for (kind, count) in ADDITIONAL {
        let trail = with(&[kind]);
        let found = trail.kms_anomalies(kind);
        assert_eq!(found.len(), count, "{kind:?}");
        let (log, event) = trail.kms_anomaly(kind);
        assert_eq!(
            (&log.object.key, event),
            (&found[0].0.object.key, found[0].1)
        );
        let hour = untouched.spec.hour_end(i64::from(HOUR));
        for (_, event) in &found {
            assert!((event.time - hour).get_hours().abs() < 1, "{event:?}");
            assert!(event.time < hour, "{event:?}");
        }
        let further: Vec<Value> = records(&trail)
            .into_iter()
            .filter(|record| !ids_of_untouched.contains(&record["eventID"].to_string()))
            .collect();
        assert_eq!(further.len(), count, "{kind:?}");
        assert_eq!(records(&trail).len(), ids_of_untouched.len() + count);
    }
    assert!(untouched.planted.is_empty());
    let events = untouched.log_files.iter().flat_map(|log| &log.kms_events);
    assert!(events.into_iter().all(|event| event.anomaly.is_none()));
}

#[test]
fn a_planted_file_has_a_log_file_name_and_is_in_no_digest() {
    let (by_context, bare) = (KmsAnomalyKind::PlantedFile, KmsAnomalyKind::PlantedFileBare);
    let trail = with(&[by_context, bare]);
    assert_eq!(trail.planted.len(), 2);
    for (kind, names_the_trail) in [(by_context, true), (bare, false)] {
        let object = trail.planted_by(kind);
        let (event, record) = anomaly(&trail, kind);
        assert_eq!(event.event_name, "GenerateDataKey");
        assert_eq!(event.caller_arn.as_deref(), Some(MALLORY));
        assert_eq!(event.source_ip, "198.51.100.7");
        assert_eq!(event.trail_arn.is_some(), names_the_trail);
        assert_eq!(event.about, Some(object.location()));
        assert_eq!(record["userIdentity"]["type"], "IAMUser");
        assert_eq!(
            event.s3_arn,
            format!("arn:aws:s3:::{}/{}", object.bucket, object.key)
        );
        assert_eq!(object.encryption, Encryption::Kms(KEY_ARN.into()));
        let (stem, unique) = object.key.rsplit_once('_').expect("a log file's key");
        assert!(
            stem.starts_with(
                "AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/15/\
                 111122223333_CloudTrail_us-east-1_20260115T02"
            ),
            "{stem}"
        );
        assert_eq!(unique.len(), "0123456789abcdef.json.gz".len());
        let content: Value = serde_json::from_slice(&gzip::inflate(&object.body)).expect("JSON");
        assert!(!content["Records"].as_array().expect("records").is_empty());
        let delivered = trail.objects();
        assert!(delivered.iter().all(|other| other.key != object.key));
        let mut listed = trail
            .digests
            .iter()
            .flat_map(|digest| &digest.document.log_files);
        assert!(listed.all(|entry| entry.s3_object != object.key));
    }
}

#[test]
fn the_intruder_reads_five_log_files_or_is_refused() {
    for (kind, refused) in [
        (KmsAnomalyKind::UnlistedReader, false),
        (KmsAnomalyKind::RefusedReader, true),
    ] {
        let trail = with(&[kind]);
        let mut read = BTreeSet::new();
        for (log, event) in trail.kms_anomalies(kind) {
            let record = record_of(log, event);
            assert_eq!(event.caller_arn.as_deref(), Some(MALLORY));
            assert_eq!(record["sourceIPAddress"], "198.51.100.7");
            assert_eq!(record["eventName"], "Decrypt");
            assert_eq!(record["errorCode"] == "AccessDenied", refused);
            let about = event.about.as_ref().expect("a log file");
            let file = trail
                .objects()
                .into_iter()
                .find(|object| object.location() == *about)
                .expect("a delivered log file");
            assert!(file.delivered_at < event.time);
            read.insert(about.clone());
        }
        assert_eq!(read.len(), 5);
    }
}

#[test]
fn one_enclave_call_has_one_error() {
    let kinds = [
        KmsAnomalyKind::UnlistedImage,
        KmsAnomalyKind::MalformedModule,
        KmsAnomalyKind::MalformedImage,
        KmsAnomalyKind::MissingAttestation,
    ];
    let trail = with(&kinds);
    let enclave = EnclaveSpec::new(ENCLAVE_ROLE);
    for kind in kinds {
        let (event, record) = anomaly(&trail, kind);
        assert_eq!(event.event_name, "Decrypt");
        assert_eq!(event.caller_arn, enclave.reader().arn());
        assert!(event.about.is_some());
        if kind == KmsAnomalyKind::MissingAttestation {
            assert!(record.get("additionalEventData").is_none());
            continue;
        }
        let recipient = &record["additionalEventData"]["recipient"];
        let (module, image) = (
            &recipient["attestationDocumentModuleId"],
            &recipient["attestationDocumentEnclaveImageDigest"],
        );
        match kind {
            KmsAnomalyKind::MalformedModule => assert_eq!(module, "i-zz"),
            _ => assert_module(module),
        }
        match kind {
            KmsAnomalyKind::UnlistedImage => {
                is_hex(image, 96);
                assert_ne!(*image, *enclave.image);
                assert_eq!(*image, *enclave.other_image());
            }
            KmsAnomalyKind::MalformedImage => is_hex(image, 64),
            _ => assert_eq!(*image, *enclave.image),
        }
    }
}

#[test]
fn twenty_deliveries_are_refused_and_none_is_written() {
    let kind = KmsAnomalyKind::DeniedMany;
    let trail = with(&[kind]);
    let mut objects = BTreeSet::new();
    for (log, event) in trail.kms_anomalies(kind) {
        let record = record_of(log, event);
        assert_eq!(record["errorCode"], "AccessDenied");
        assert!(record["requestParameters"]["keyId"].is_string());
        assert_eq!(event.trail_arn.as_deref(), Some(TRAIL_ARN));
        assert!(
            event
                .caller_arn
                .as_ref()
                .is_none_or(|arn| arn.contains("086441151436"))
        );
        assert_eq!(event.about, None);
        let (_, key) = event.s3_arn.split_once('/').expect("an object");
        assert!(trail.objects().iter().all(|object| object.key != key));
        objects.insert(key);
    }
    assert_eq!(objects.len(), 20);
}

#[test]
fn a_foreign_configuration_differs_in_its_caller() {
    let kind = KmsAnomalyKind::ForeignConfiguration;
    let trail = with(&[kind]);
    let (event, _) = anomaly(&trail, kind);
    let mut others = trail.log_files.iter().flat_map(|log| &log.kms_events);
    let genuine = others
        .find(|other| other.s3_arn.ends_with('/') && other.anomaly.is_none())
        .expect("the trail's own configuration");
    assert_eq!(event.s3_arn, genuine.s3_arn);
    assert_eq!(event.trail_arn, genuine.trail_arn);
    assert_eq!(event.caller_arn.as_deref(), Some(MALLORY));
    assert_eq!(genuine.caller_arn, None);
}

#[test]
fn all_anomalies_together_are_deterministic() {
    let kinds = ADDITIONAL.map(|(kind, _)| kind);
    let bytes = |trail: &Trail| -> Vec<_> {
        let planted = trail.planted.iter().map(|planted| &planted.object);
        let objects = trail.objects().into_iter().chain(planted);
        objects.cloned().collect()
    };
    let first = with(&kinds);
    assert_eq!(bytes(&first), bytes(&with(&kinds)));
    for (kind, count) in ADDITIONAL {
        assert_eq!(first.kms_anomalies(kind).len(), count, "{kind:?}");
    }
}

#[test]
fn a_trail_of_another_partition_uses_that_partition_everywhere() {
    let key =
        "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let trail = TrailSpec {
        home_region: "us-gov-west-1".into(),
        regions: vec!["us-gov-west-1".into()],
        hours: 5,
        kms: Some(KmsSpec {
            anomalies: ADDITIONAL
                .map(|(kind, _)| KmsAnomaly { hour: HOUR, kind })
                .to_vec(),
            enclave: Some(EnclaveSpec::new(
                "arn:aws-us-gov:iam::111122223333:role/LogArchive",
            )),
            unrelated_calls: true,
            ..KmsSpec::new(key)
        }),
        ..TrailSpec::default()
    }
    .build();
    for log in &trail.log_files {
        let content = gzip::inflate_text(&log.object.body);
        assert!(!content.contains("arn:aws:"), "{content}");
    }
}

#[test]
fn with_a_bucket_key_only_anomalies_name_objects() {
    let trail = build(KmsSpec {
        bucket_key: true,
        ..kms()
    });
    let events = trail.log_files.iter().flat_map(|log| &log.kms_events);
    for event in events {
        assert!(
            event.s3_arn == "arn:aws:s3:::amzn-s3-demo-bucket" || event.s3_arn.ends_with('/'),
            "{event:?}"
        );
    }
}
