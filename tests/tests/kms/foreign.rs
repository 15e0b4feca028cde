//! A call under somebody else's key proves nothing about the trail, regardless of its encryption
//! context.

use crate::case::{
    ACCOUNT, ALIAS, BUCKET, Case, DELIVERED, KEY, OBJECT_OF, OTHER_KEY, RECORDED, RESOURCE, Record,
    TRAIL, TRAIL_OF, kinds, log_file, log_key, named, only, session, table, user, verdicts,
};
use serde_json::json;
use trailseal::finding::FindingKind::{
    KmsForeignCaller, KmsForeignContext, KmsKeyMismatch, KmsKeyUnusable, KmsUnlistedReader,
};
use trailseal::finding::{Severity, Verdict};
use trailseal::kms::rules::Rule;
use trailseal::names::ids::AccountId;
use trailseal::world::Cause;
use trailseal_tests::trail::Encryption;

/// A key of an account that has no rights to the bucket or the trail's key.
const FOREIGN_KEY: &str =
    "arn:aws:kms:us-east-1:444455556666:key/0ff1cebe-0ff1-4ceb-8ff1-0ff1cebe0ff1";
const DIGEST_OF_ANOTHER: &str = "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/01/15/111122223333_CloudTrail-Digest_us-east-1_another-trail_us-east-1_20260115T110000Z.json.gz";

fn under(record: Record, key: &str) -> Record {
    record
        .with(RESOURCE, key)
        .with("/requestParameters/keyId", key)
}

/// Returns a call by a developer of another account, with his own key.
fn by_mallory(key: &str) -> Record {
    let mallory = json!({
        "type": "IAMUser",
        "principalId": "AIDAEXAMPLE",
        "arn": "arn:aws:iam::444455556666:user/mallory",
        "accountId": "444455556666",
        "userName": "mallory",
    });
    under(Record::delivery().by(mallory), key)
}

#[tokio::test]
async fn a_foreign_context_is_reported_for_the_caller_and_not_for_an_object() {
    let shadow = TRAIL.replace("management-events", "shadow");
    let forms = [
        by_mallory(FOREIGN_KEY),
        by_mallory(FOREIGN_KEY).without(TRAIL_OF),
        by_mallory(FOREIGN_KEY).with(TRAIL_OF, "no trail at all"),
        by_mallory(FOREIGN_KEY).with(TRAIL_OF, shadow),
        by_mallory(FOREIGN_KEY).object("AWSLogs/111122223333/"),
        by_mallory(FOREIGN_KEY).object("AWSLogs/111122223333/CloudTrail/us-east-1/x.json.gz"),
        by_mallory(FOREIGN_KEY).with(OBJECT_OF, format!("arn:aws:s3:::{BUCKET}")),
        by_mallory(FOREIGN_KEY).with(OBJECT_OF, "arn:aws:s3:::amzn-s3-demo-other"),
        by_mallory(FOREIGN_KEY).with("/eventName", "Encrypt"),
        // A "read" of a log file under a key other than the trail's did not read it.
        by_mallory(FOREIGN_KEY).with("/eventName", "Decrypt"),
    ];
    for record in forms {
        let mut case = Case::new().with_readers(&["arn:aws:iam::111122223333:role/Audit=enclave"]);
        let report = case.check(std::slice::from_ref(&record)).await;
        let finding = only(&report);
        assert_eq!(finding.kind, KmsForeignContext, "{record:#?}");
        assert_eq!(finding.severity(), Severity::Medium);
        assert_eq!(finding.object.key, RECORDED, "{record:#?}");
        let principal = "arn:aws:iam::444455556666:user/mallory";
        assert_eq!(finding.about.as_deref(), Some(principal));
        assert!(finding.actual.as_ref().unwrap().contains(FOREIGN_KEY));
        assert_eq!(report.waiting, []);
        let said: Vec<Rule> = table(&report).into_iter().map(|(rule, _)| rule).collect();
        assert_eq!(said, [Rule::Caller, Rule::Encryption], "{record:#?}");
        assert_eq!(case.memory.described(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn foreign_contexts_are_one_incident_for_each_principal() {
    let mut case = Case::new();
    let records: Vec<Record> = (0..30)
        .map(|number| {
            by_mallory(FOREIGN_KEY)
                .object(&log_key(number))
                .id(&format!("event-{number}"))
        })
        .collect();
    let report = case.check(&records).await;
    let first = only(&report).clone();
    assert!(first.message.contains("And 29 more like it"), "{first:#?}");
    // A retry is the same occurrence; another log file's is another occurrence of the same
    // incident.
    let again = case.check(&records).await;
    assert_eq!(only(&again).id(), first.id());
    assert_eq!(only(&again).occurrence(), first.occurrence());
    let later = case
        .check(&[by_mallory(&FOREIGN_KEY.replace("0ff1", "1ff1")).id("later")])
        .await;
    assert_eq!(only(&later).id(), first.id());
    assert_ne!(only(&later).occurrence(), first.occurrence());
    let other = case.check(&[by_mallory(FOREIGN_KEY).by(user("eve"))]).await;
    assert_ne!(only(&other).id(), first.id());
}

#[tokio::test]
async fn a_refused_call_of_a_stranger_is_ignored() {
    let refused = Record::delivery()
        .refused()
        .by(user("mallory"))
        .with(TRAIL_OF, TRAIL.replace("management-events", "shadow"));
    for record in [
        refused.clone(),
        by_mallory(FOREIGN_KEY).with("/errorCode", "x"),
    ] {
        for mut case in [Case::new(), Case::unconfigured()] {
            assert_eq!(case.kinds(record.clone()).await, []);
        }
    }
}

#[tokio::test]
async fn a_stranger_under_our_key_is_critical() {
    for mut case in [Case::new(), Case::unconfigured()] {
        let report = case
            .check(&[by_mallory(FOREIGN_KEY), by_mallory(KEY).id("ours")])
            .await;
        let mut kinds = kinds(&report);
        kinds.sort_unstable();
        assert_eq!(kinds, [KmsForeignContext, KmsForeignCaller]);
        assert_eq!(report.waiting, []);
    }
    // With every form of the key's name in the record, and without a name.
    for name in [
        json!("1234abcd-12ab-34cd-56ef-1234567890ab"),
        json!(ALIAS),
        json!(null),
    ] {
        let record = by_mallory(KEY)
            .without("/resources")
            .with("/requestParameters/keyId", name);
        assert_eq!(Case::new().kinds(record).await, [KmsForeignCaller]);
    }
}

/// A multi-Region key has the same ID and material in each Region.
#[tokio::test]
async fn a_replica_of_our_key_is_our_key() {
    let ours = "arn:aws:kms:us-east-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab";
    let mut case = Case::new();
    case.expected.key_arns = vec![ours.to_owned()];
    case.recorded.encryption = Encryption::Kms(ours.to_owned());
    let replica = ours.replace("us-east-1", "eu-west-1");
    assert_eq!(case.kinds(by_mallory(&replica)).await, [KmsForeignCaller]);
    for other in [
        replica.replace("mrk-1", "mrk-2"),
        replica.replace(ACCOUNT, "444455556666"),
        KEY.replace("us-east-1", "eu-west-1"),
    ] {
        assert_eq!(case.kinds(by_mallory(&other)).await, [KmsForeignContext]);
    }
}

/// If no key is configured, the object says which key it is under.
#[tokio::test]
async fn without_a_configured_key_the_objects_header_decides() {
    let case = |encryption: Option<Encryption>| {
        let mut case = Case::unconfigured();
        // The log file itself names no key.
        case.recorded.encryption = Encryption::S3;
        let mut object = log_file(DELIVERED, &[]);
        case.memory.delete(&object);
        if let Some(encryption) = encryption {
            object.encryption = encryption;
            case.memory.put(object);
        }
        case
    };
    let kms = |key: &str| Some(Encryption::Kms(key.to_owned()));
    for (encryption, expected) in [
        // He wrote the existing object.
        (kms(FOREIGN_KEY), KmsForeignCaller),
        (
            kms("0ff1cebe-0ff1-4ceb-8ff1-0ff1cebe0ff1"),
            KmsForeignCaller,
        ),
        // Somebody else did, or nobody.
        (kms(KEY), KmsForeignContext),
        (Some(Encryption::S3), KmsForeignContext),
        (None, KmsForeignContext),
    ] {
        let mut case = case(encryption.clone());
        let report = case.check(&[by_mallory(FOREIGN_KEY)]).await;
        assert_eq!(kinds(&report), [expected], "{encryption:?}");
        assert_eq!(report.waiting, [], "{encryption:?}");
    }
    // A key that the log file itself is under, or that CloudTrail wrote with, is ours, and so are
    // deleted objects that were written under it.
    for recorded in [Encryption::Kms(KEY.to_owned()), Encryption::S3] {
        let mut case = Case::unconfigured();
        case.recorded.encryption = recorded.clone();
        let report = case
            .check(&[
                by_mallory(KEY).object(&log_key(7)).id("planted"),
                Record::delivery(),
            ])
            .await;
        assert_eq!(kinds(&report), [KmsForeignCaller], "{recorded:?}");
    }
}

/// Other trails deliver to the same bucket, under their own keys.
#[tokio::test]
async fn a_reader_of_another_trails_log_files_is_not_a_stranger() {
    let reads = |object: &str| {
        under(Record::read(), OTHER_KEY).with(OBJECT_OF, format!("arn:aws:s3:::{BUCKET}{object}"))
    };
    let mut case = Case::unconfigured();
    let mut object = log_file(&log_key(1), &[]);
    object.encryption = Encryption::Kms(OTHER_KEY.to_owned());
    case.memory.put(object);
    case.memory
        .describe(OTHER_KEY, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "Enabled");
    // By the object's header; with a Bucket Key; and if the log file has expired.
    for object in [
        format!("/{}", log_key(1)),
        String::new(),
        format!("/{}", log_key(2)),
    ] {
        assert_eq!(case.kinds(reads(&object)).await, [], "{object}");
    }
    // It is a read of ours, for rule 9, too.
    let mut case = case.with_readers(&["arn:aws:iam::111122223333:role/Other"]);
    let report = case.check(&[reads(&format!("/{}", log_key(1)))]).await;
    assert_eq!(kinds(&report), [KmsUnlistedReader]);
}

/// A flood is limited, and reported as a flood.
#[tokio::test]
async fn without_a_configured_key_a_flood_of_names_is_bounded() {
    let mut case = Case::unconfigured();
    let records: Vec<Record> = (0..3000)
        .map(|number| {
            by_mallory(FOREIGN_KEY)
                .object(&log_key(number))
                .id(&format!("event-{number}"))
        })
        .collect();
    let report = case.check(&records).await.report;
    let [looked_at, others] = report.findings.as_slice() else {
        panic!("{:#?}", report.findings);
    };
    assert_eq!(looked_at.kind, KmsForeignContext);
    // Nothing is known about the calls that are not checked, and nothing waits for them.
    assert_eq!(others.kind, KmsForeignContext);
    assert!(others.message.contains("so many one by one"), "{others:?}");
    assert!(report.obstacles.is_empty(), "{:#?}", report.obstacles);
    let caller = report.rules["caller"];
    assert_eq!(caller.finding + caller.cannot_tell, 3_000);
    assert!(caller.cannot_tell >= 2_000, "{caller:?}");
    // A context longer than a key can be in S3 is not requested.
    let absurd = format!("{}{DELIVERED}", "p/".repeat(1000));
    let report = case.check(&[by_mallory(FOREIGN_KEY).object(&absurd)]).await;
    assert_eq!(kinds(&report), [KmsForeignContext]);
}

#[tokio::test]
async fn keys_of_other_accounts_are_not_described() {
    let described = |case: &Case| case.memory.described();
    // The key belongs to none of our accounts: the owner of the buckets is known.
    let mut case = Case::unconfigured();
    case.expected.places.bucket_owner = Some(AccountId::new(ACCOUNT).unwrap());
    let delivery = under(Record::delivery(), FOREIGN_KEY);
    let mut object = log_file(DELIVERED, &[]);
    object.encryption = Encryption::Kms(FOREIGN_KEY.to_owned());
    case.memory.put(object.clone());
    let report = case.check(std::slice::from_ref(&delivery)).await;
    assert_eq!(kinds(&report), []);
    assert_eq!(verdicts(&report, Rule::KeyHealth), [Verdict::CannotTell]);
    assert_eq!(described(&case), Vec::<String>::new());
    // The management account's key, which is configured, is described.
    case.memory = Case::new().memory;
    case.memory.put(object);
    case.expected.key_arns = vec![FOREIGN_KEY.to_owned()];
    case.recorded.encryption = Encryption::Kms(FOREIGN_KEY.to_owned());
    case.memory.describe(
        FOREIGN_KEY,
        "SYMMETRIC_DEFAULT",
        "ENCRYPT_DECRYPT",
        "Disabled",
    );
    let report = case.check(&[delivery]).await;
    assert_eq!(kinds(&report), [KmsKeyUnusable]);
    assert_eq!(described(&case), [FOREIGN_KEY]);
}

#[tokio::test]
async fn a_key_that_may_not_be_described_leaves_rule_four_open_and_parks_no_message() {
    for (mut case, name) in [
        (Case::new(), KEY),
        (Case::unconfigured(), KEY),
        (Case::unconfigured(), ALIAS),
    ] {
        case.memory
            .fail_descriptions(Cause::Denied("kms:DescribeKey".to_owned()));
        let mut record = Record::delivery();
        if name == ALIAS {
            record = record
                .without("/resources")
                .with("/requestParameters/keyId", ALIAS);
        }
        let report = case.check_unexplained(std::slice::from_ref(&record)).await;
        assert_eq!(kinds(&report), [], "{name}");
        let open = if name == ALIAS {
            Rule::Key
        } else {
            Rule::KeyHealth
        };
        let count = report.report.rules[open.as_str()];
        assert_eq!((count.valid, count.cannot_tell), (0, 1), "{name}");
        assert_eq!(report.waiting.len(), 1);
        // If explanations are requested, they include the reason.
        let report = case.check(&[record]).await;
        assert_eq!(verdicts(&report, open), [Verdict::CannotTell], "{name}");
        let [obstacle] = report.report.obstacles.as_slice() else {
            panic!("{:#?}", report.report.obstacles);
        };
        assert!(obstacle.error.to_string().contains("kms:DescribeKey"));
    }
    // A request that may succeed a moment later is tried again.
    let mut case = Case::new();
    case.memory
        .fail_descriptions(Cause::Unavailable("throttled".to_owned()));
    let report = case.check(&[Record::delivery()]).await;
    assert_eq!(report.report.obstacles.len(), 1);
}

#[tokio::test]
async fn a_trail_that_a_stranger_names_is_not_looked_up() {
    let shadow = TRAIL.replace("management-events", "shadow");
    for (record, expected) in [
        (by_mallory(FOREIGN_KEY), vec![KmsForeignContext]),
        (by_mallory(KEY), vec![KmsForeignCaller]),
        (Record::read(), vec![]),
    ] {
        let mut case = Case::unconfigured();
        case.memory.put(named(DIGEST_OF_ANOTHER));
        // There is no obstacle, which would send the log file back repeatedly.
        let report = case.check(&[record.with(TRAIL_OF, shadow.clone())]).await;
        assert_eq!(kinds(&report), expected);
        assert_eq!(case.memory.lists(), 0);
    }
}

/// A call by CloudTrail itself under another key is about the trail.
#[tokio::test]
async fn cloudtrail_under_another_key_is_reported() {
    let mut case = Case::new();
    let report = case.check(&[under(Record::delivery(), OTHER_KEY)]).await;
    assert_eq!(only(&report).kind, KmsKeyMismatch);
    assert_eq!(only(&report).object.key, DELIVERED);
}

/// Naming a replica's ARN gives a caller no more access to its key than to ours. S3 writes to the
/// replica under the replica's key.
#[tokio::test]
async fn the_name_of_a_replica_does_not_count_under_a_foreign_key() {
    let replica = "amzn-s3-demo-replica";
    let watching = |mut case: Case| {
        case.expected.places.log_buckets.push(replica.to_owned());
        case.expected.places.aliases = vec![(BUCKET.to_owned(), replica.to_owned())];
        case.with_readers(&["arn:aws:iam::111122223333:role/Audit=enclave"])
    };
    let there = |encryption: Encryption| {
        let mut object = log_file(DELIVERED, &[]);
        replica.clone_into(&mut object.bucket);
        object.encryption = encryption;
        object
    };
    let by_mallory = |key: &str, object: &str| {
        by_mallory(key).with(OBJECT_OF, format!("arn:aws:s3:::{replica}{object}"))
    };
    let log = format!("/{DELIVERED}");
    let shadow = TRAIL.replace("management-events", "shadow");
    let forms = [
        by_mallory(FOREIGN_KEY, &log),
        by_mallory(FOREIGN_KEY, &log).without(TRAIL_OF),
        by_mallory(FOREIGN_KEY, &log).with(TRAIL_OF, "no trail at all"),
        by_mallory(FOREIGN_KEY, &log).with(TRAIL_OF, shadow),
        by_mallory(FOREIGN_KEY, "/AWSLogs/111122223333/"),
        by_mallory(
            FOREIGN_KEY,
            "/AWSLogs/111122223333/CloudTrail/us-east-1/x.json.gz",
        ),
        by_mallory(FOREIGN_KEY, ""),
    ];
    for form in forms {
        for mut case in [watching(Case::new()), watching(Case::unconfigured())] {
            for writes in [form.clone(), form.clone().with("/eventName", "Encrypt")] {
                assert_eq!(case.kinds(writes.clone()).await, [], "{writes:#?}");
            }
        }
        let reads = form.with("/eventName", "Decrypt");
        let mut case = watching(Case::new());
        let report = case.check(std::slice::from_ref(&reads)).await;
        assert_eq!(only(&report).kind, KmsForeignContext, "{reads:#?}");
        assert_eq!(only(&report).object.key, RECORDED, "{reads:#?}");
        let said: Vec<Rule> = table(&report).into_iter().map(|(rule, _)| rule).collect();
        assert_eq!(said, [Rule::Caller, Rule::Encryption], "{reads:#?}");
    }
    // If no key is configured, the replica's object says which key it is under.
    for (encryption, expected) in [
        (Encryption::Kms(OTHER_KEY.to_owned()), KmsForeignContext),
        (Encryption::Kms(FOREIGN_KEY.to_owned()), KmsUnlistedReader),
    ] {
        let mut case = watching(Case::unconfigured());
        case.memory.put(there(encryption.clone()));
        let reads = by_mallory(FOREIGN_KEY, &log).with("/eventName", "Decrypt");
        assert_eq!(case.kinds(reads).await, [expected], "{encryption:?}");
    }
    // Under our key, it is reported as usual.
    let reads = by_mallory(KEY, &log).with("/eventName", "Decrypt");
    assert_eq!(
        watching(Case::new()).kinds(reads).await,
        [KmsUnlistedReader]
    );
}

/// S3 encrypts what it replicates under the replica's key.
#[tokio::test]
async fn replication_under_the_replicas_own_key_is_valid() {
    let replica = "amzn-s3-demo-replica";
    let mut case = Case::new();
    case.expected.places.log_buckets.push(replica.to_owned());
    case.expected.places.aliases = vec![(BUCKET.to_owned(), replica.to_owned())];
    let record = under(Record::delivery(), OTHER_KEY)
        .by(session("replication", "s3-replication"))
        .without(TRAIL_OF)
        .with(OBJECT_OF, format!("arn:aws:s3:::{replica}/{DELIVERED}"));
    assert_eq!(case.kinds(record).await, []);
}
