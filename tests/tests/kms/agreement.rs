//! Rules 1 to 4: trail, object and key agree, and the key is healthy.

use crate::case::{
    ACCOUNT, ALIAS, BARE, BUCKET, Case, DELIVERED, KEY, OBJECT_OF, OTHER_KEY, RESOURCE, Record,
    TRAIL, TRAIL_OF, arn_of, kinds, log_file, named, only, user, verdicts,
};
use trailseal::finding::FindingKind::{
    self, KmsContextMismatch, KmsKeyExpiring, KmsKeyMismatch, KmsKeyUnusable, KmsPolicyOpen,
};
use trailseal::finding::{Report, Verdict};
use trailseal::kms::rules::Rule;
use trailseal::names::ids::TrailArn;
use trailseal::world::{Cause, KeyDescription};
use trailseal_tests::trail::Encryption;

#[tokio::test]
async fn a_delivery_that_keeps_every_rule_is_valid() {
    let report = Case::new().check(&[Record::delivery()]).await;
    assert_eq!(kinds(&report), []);
    assert_eq!(report.report.verdict(), Verdict::Valid);
    assert_eq!(report.waiting.len(), 1);
    for rule in Rule::ALL {
        let expected: &[Verdict] = match rule {
            Rule::Readers | Rule::Enclaves | Rule::Logging => &[],
            // About the key and the object; about the key and its policy.
            Rule::Key | Rule::KeyHealth => &[Verdict::Valid, Verdict::Valid],
            _ => &[Verdict::Valid],
        };
        assert_eq!(verdicts(&report, rule), expected, "{rule:?}");
    }
}

#[tokio::test]
async fn a_context_with_an_unconfigured_trail_is_reported() {
    for trail in [
        "arn:aws:cloudtrail:us-east-1:111122223333:trail/shadow",
        "arn:aws:cloudtrail:us-west-2:111122223333:trail/management-events",
        "arn:aws:cloudtrail:us-east-1:444455556666:trail/management-events",
        "arn:aws-cn:cloudtrail:us-east-1:111122223333:trail/management-events",
        "arn:aws:cloudtrail:us-east-1:111122223333:eventdatastore/management-events",
        "arn:aws:cloudtrail:us-east-1:111122223333:trail/management-events/x",
        "Arn:aws:cloudtrail:us-east-1:111122223333:trail/management-events",
        "management-events",
        "",
    ] {
        let record = Record::delivery().with(TRAIL_OF, trail);
        let report = Case::new().check(&[record]).await;
        let findings = &report.report.findings;
        assert!(
            findings
                .iter()
                .all(|reported| reported.kind == KmsContextMismatch)
                && !findings.is_empty(),
            "{trail}: {findings:#?}"
        );
        assert_eq!(
            verdicts(&report, Rule::Trail),
            [Verdict::Finding],
            "{trail}"
        );
        assert_eq!(findings[0].object.key, DELIVERED);
        assert_eq!(findings[0].actual.as_deref(), Some(trail));
        // An object that it names is not pending.
        assert_eq!(report.waiting, []);
    }
}

#[tokio::test]
async fn a_trail_of_another_bucket_is_ignored() {
    let record = Record::delivery()
        .with(
            TRAIL_OF,
            "arn:aws:cloudtrail:us-east-1:111122223333:trail/other",
        )
        .with(
            OBJECT_OF,
            arn_of(DELIVERED).replace(BUCKET, "amzn-s3-demo-logging-bucket"),
        );
    let report = Case::new().check(std::slice::from_ref(&record)).await;
    assert_eq!(kinds(&report), []);
    assert_eq!(verdicts(&report, Rule::Trail), []);
    let report = Case::unconfigured().check(&[record]).await;
    assert_eq!(kinds(&report), []);
}

#[tokio::test]
async fn a_context_without_a_trail_breaks_no_trail_rule() {
    let report = Case::new()
        .check(&[Record::delivery().without(TRAIL_OF)])
        .await;
    assert_eq!(kinds(&report), []);
    assert_eq!(verdicts(&report, Rule::Trail), []);
    assert_eq!(verdicts(&report, Rule::Witness), [Verdict::Valid]);
}

fn digest(account: &str, region: &str, trail: &str, home: &str, time: &str) -> String {
    let (y, m, d) = (&time[..4], &time[4..6], &time[6..8]);
    format!(
        "AWSLogs/{account}/CloudTrail-Digest/{region}/{y}/{m}/{d}/{account}_CloudTrail-Digest_{region}_{trail}_{home}_{time}.json.gz"
    )
}

#[tokio::test]
async fn an_unconfigured_trail_is_known_by_its_digests() {
    let day_before = "20260114T230000Z";
    for (region, home, time, is_known) in [
        ("us-east-1", "us-east-1", "20260115T120000Z", true),
        ("us-east-1", "us-east-1", day_before, true),
        // A trail of another home Region, and digests of long ago.
        ("us-east-1", "us-west-2", "20260115T120000Z", false),
        ("us-east-1", "us-east-1", "20260112T120000Z", false),
    ] {
        let mut case = Case::unconfigured();
        case.memory.put(named(&digest(
            ACCOUNT,
            region,
            "management-events",
            home,
            time,
        )));
        let other = digest(
            ACCOUNT,
            region,
            "another-trail",
            "us-east-1",
            "20260115T110000Z",
        );
        case.memory.put(named(&other));
        let report = case.check(&[Record::delivery()]).await;
        assert_eq!(report.report.findings, []);
        let verdict = verdicts(&report, Rule::Trail);
        if is_known {
            assert_eq!(verdict, [Verdict::Valid], "{home} {time}");
            assert!(report.report.obstacles.is_empty());
        } else {
            assert_eq!(verdict, [Verdict::CannotTell], "{home} {time}");
            assert_stays(&report.report, KmsContextMismatch);
        }
    }
}

#[track_caller]
fn assert_stays(report: &Report, kind: FindingKind) {
    let [obstacle] = report.obstacles.as_slice() else {
        panic!("{:#?}", report.obstacles);
    };
    assert_eq!(obstacle.if_it_stays.as_ref().unwrap().kind, kind);
    assert_eq!(obstacle.if_it_stays.as_ref().unwrap().object.key, DELIVERED);
}

/// Its log files in many Regions and accounts are occurrences of one incident.
#[tokio::test]
async fn an_unknown_trail_is_one_incident() {
    let mut case = Case::unconfigured();
    let time = "20260115T110000Z";
    let other = digest(ACCOUNT, "us-east-1", "another-trail", "us-east-1", time);
    case.memory.put(named(&other));
    let elsewhere = DELIVERED.replace("us-east-1", "eu-central-1");
    case.memory.put(log_file(&elsewhere, &[]));
    let records = [
        Record::delivery(),
        Record::delivery().object(&elsewhere).id("elsewhere"),
    ];
    let report = case.check(&records).await;
    let stays: Vec<_> = report
        .report
        .obstacles
        .iter()
        .map(|obstacle| obstacle.if_it_stays.as_ref().unwrap())
        .collect();
    let [first, second] = stays.as_slice() else {
        panic!("{stays:#?}");
    };
    assert_eq!(first.id(), second.id());
    assert_ne!(first.occurrence(), second.occurrence());
    let said = report.report.obstacles[0].error.to_string();
    assert!(said.contains(TRAIL), "{said}");
}

#[tokio::test]
async fn an_unknown_trail_is_not_reported_if_the_bucket_has_no_digests() {
    let report = Case::unconfigured().check(&[Record::delivery()]).await;
    assert_eq!(kinds(&report), []);
    assert_eq!(verdicts(&report, Rule::Trail), []);
}

#[tokio::test]
async fn a_trail_is_known_after_any_number_of_other_trails_digests() {
    let mut case = Case::unconfigured();
    for hour in 0..24 {
        let time = format!("20260115T{hour:02}0000Z");
        case.memory.put(named(&digest(
            ACCOUNT,
            "us-east-1",
            "a-trail",
            "us-east-1",
            &time,
        )));
    }
    let time = "20260115T120000Z";
    case.memory.put(named(&digest(
        ACCOUNT,
        "us-east-1",
        "management-events",
        "us-east-1",
        time,
    )));
    let report = case.check(&[Record::delivery()]).await;
    assert_eq!(kinds(&report), []);
    assert_eq!(verdicts(&report, Rule::Trail), [Verdict::Valid]);
}

/// The key of an organization belongs to one account, and all deliveries are recorded there.
#[tokio::test]
async fn an_organization_of_thousands_of_accounts_is_one_trail() {
    let mut case = Case::unconfigured();
    let mut records = Vec::new();
    for number in 0..1500 {
        let account = format!("{:012}", 300_000_000_000_u64 + number);
        let key = DELIVERED
            .replace(ACCOUNT, &account)
            .replace("AWSLogs/", "AWSLogs/o-exampleorgid/");
        case.memory.put(log_file(&key, &[]));
        records.push(
            Record::delivery()
                .object(&key)
                .id(&format!("event-{number}")),
        );
    }
    let time = "20260115T120000Z";
    let of_trail = |account: &str, trail: &str| {
        digest(account, "us-east-1", trail, "us-east-1", time)
            .replace("AWSLogs/", "AWSLogs/o-exampleorgid/")
    };
    case.memory
        .put(named(&of_trail(ACCOUNT, "management-events")));
    case.memory
        .put(named(&of_trail("300000000000", "another-trail")));
    let report = case.check(&records).await;
    assert_eq!(kinds(&report), []);
    assert_eq!(report.waiting.len(), 1500);
    assert!(
        verdicts(&report, Rule::Trail)
            .iter()
            .all(|it| *it == Verdict::Valid)
    );
    assert!(case.memory.lists() < 50, "{}", case.memory.lists());
    // Another organization's trail that delivers there is not known by that.
    let foreign = Record::delivery()
        .object(
            &DELIVERED
                .replace(ACCOUNT, "300000000000")
                .replace("AWSLogs/", "AWSLogs/o-exampleorgid/"),
        )
        .with(
            TRAIL_OF,
            TRAIL
                .replace(ACCOUNT, "444455556666")
                .replace("management-events", "shadow"),
        );
    let report = case.check(&[foreign]).await;
    assert_eq!(verdicts(&report, Rule::Trail), [Verdict::CannotTell]);
    assert_eq!(report.report.obstacles.len(), 1);
}

/// A refused call costs nothing, and must not decide where a trail is looked for.
#[tokio::test]
async fn a_refused_call_does_not_hide_an_unknown_trail() {
    let mut case = Case::unconfigured();
    let time = "20260115T120000Z";
    let home = digest(ACCOUNT, "us-east-1", "management-events", "us-east-1", time);
    case.memory
        .put(named(&home.replace("AWSLogs/", "AWSLogs/o-exampleorgid/")));
    let shadow = TRAIL
        .replace(ACCOUNT, "444455556666")
        .replace("management-events", "shadow");
    let in_organization = |account: &str| {
        DELIVERED
            .replace(ACCOUNT, account)
            .replace("AWSLogs/", "AWSLogs/o-exampleorgid/")
    };
    let bogus = Record::read()
        .with(TRAIL_OF, shadow.clone())
        .object(&in_organization("999999999999"))
        .refused();
    let real = Record::delivery()
        .with(TRAIL_OF, shadow)
        .object(&in_organization(ACCOUNT));
    case.memory.put(log_file(&in_organization(ACCOUNT), &[]));
    let report = case.check(&[bogus, real]).await;
    assert_eq!(verdicts(&report, Rule::Trail), [Verdict::CannotTell]);
    assert_eq!(report.report.obstacles.len(), 1);
}

#[tokio::test]
async fn each_documented_form_of_the_object_is_valid() {
    let organization = DELIVERED
        .replace(ACCOUNT, "444455556666")
        .replace("AWSLogs/", "audit/logs/AWSLogs/o-exampleorgid/");
    for key in [
        "",
        "/AWSLogs/111122223333/",
        "/some/prefix/AWSLogs/111122223333/",
        "/AWSLogs/o-exampleorgid/",
        "/AWSLogs/o-exampleorgid/111122223333/",
        &format!("/{DELIVERED}"),
        &format!("/{organization}"),
        "/AWSLogs/111122223333/CloudTrail-Insight/us-east-1/2026/01/15/111122223333_CloudTrail-Insight_us-east-1_20260115T1205Z_7JREEBimdK8d2nC9.json.gz",
        // The empty objects with which CloudTrail makes its folders.
        "/AWSLogs/111122223333/CloudTrail/",
        "/AWSLogs/111122223333/CloudTrail-Digest/",
        "/p/AWSLogs/o-exampleorgid/111122223333/CloudTrail/",
    ] {
        let mut case = Case::new();
        case.memory.put(log_file(&organization, &[]));
        let record = Record::delivery().with(OBJECT_OF, format!("arn:aws:s3:::{BUCKET}{key}"));
        let report = case.check(&[record]).await;
        assert_eq!(kinds(&report), [], "{key}");
        assert_eq!(verdicts(&report, Rule::Object), [Verdict::Valid], "{key}");
    }
}

#[tokio::test]
async fn an_object_of_another_trail_or_with_a_contradiction_is_reported() {
    let odd = |from: &str, to: &str| arn_of(&DELIVERED.replacen(from, to, 1));
    for arn in [
        arn_of(DELIVERED).replace(BUCKET, "amzn-s3-demo-destination-bucket"),
        arn_of(DELIVERED).replace("arn:aws:", "arn:aws-cn:"),
        // A trail's log files are its own account's, unless it is an organization's.
        arn_of(&DELIVERED.replace(ACCOUNT, "444455556666")),
        arn_of("AWSLogs/444455556666/"),
        odd("/us-east-1/", "/us-west-2/"),
        odd("/2026/01/15/", "/2026/01/16/"),
        odd("AWSLogs/111122223333", "AWSLogs/444455556666"),
        odd("T1205Z", "T1260Z"),
        odd("7JREEBimdK8d2nC9", "7JREEBimdK8d2nC9.x"),
        odd("7JREEBimdK8d2nC9", ""),
        odd(".json.gz", ".json"),
        odd("AWSLogs/", "AWSLogs/x/"),
        arn_of("AWSLogs/"),
        arn_of(""),
        arn_of("notes/on call.txt"),
        arn_of("AWSLogs/111122223333/CloudTrail/us-east-1/"),
        arn_of("AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/01/15/x.json.gz"),
        arn_of(&format!("{}/{DELIVERED}", "p".repeat(1000))),
        "arn:aws:s3:us-east-1:111122223333:accesspoint/x".to_owned(),
        "s3://amzn-s3-demo-bucket".to_owned(),
        String::new(),
    ] {
        let report = Case::new()
            .check(&[Record::delivery().with(OBJECT_OF, arn.clone())])
            .await;
        let finding = only(&report);
        assert_eq!(finding.kind, KmsContextMismatch, "{arn}");
        assert_eq!(verdicts(&report, Rule::Object), [Verdict::Finding], "{arn}");
        assert_eq!(report.waiting, [], "{arn}");
    }
    let without = Record::delivery().without(OBJECT_OF);
    assert_eq!(Case::new().kinds(without).await, [KmsContextMismatch]);
}

#[tokio::test]
async fn another_object_of_the_bucket_without_a_trail_is_ignored() {
    for key in ["notes/on call.txt", "AWSLogs/111122223333/Config/x.json.gz"] {
        let record = Record::delivery()
            .by(user("bob"))
            .object(key)
            .without(TRAIL_OF);
        let report = Case::new().check(&[record]).await;
        assert_eq!(
            (kinds(&report), report.explanations.len()),
            (vec![], 1),
            "{key}"
        );
    }
}

#[tokio::test]
async fn an_event_under_an_unconfigured_key_is_reported() {
    let record = Record::delivery().with(RESOURCE, OTHER_KEY);
    let mut case = Case::new();
    let report = case.check(std::slice::from_ref(&record)).await;
    let finding = only(&report);
    assert_eq!(
        (finding.kind, finding.object.key.as_str()),
        (KmsKeyMismatch, DELIVERED)
    );
    assert_eq!(
        finding.actual.as_deref(),
        Some(&*format!("the KMS call used {OTHER_KEY}"))
    );
    case.expected.key_arns.push(OTHER_KEY.to_owned());
    case.memory
        .describe(OTHER_KEY, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "Enabled");
    // Both are configured; event and object still disagree.
    let report = case.check(&[record]).await;
    let finding = only(&report);
    assert_eq!(finding.kind, KmsKeyMismatch);
    assert_eq!(
        finding.actual.as_deref(),
        Some(&*format!("the object is encrypted under {KEY}"))
    );
}

#[tokio::test]
async fn a_key_is_the_same_by_its_arn_its_id_and_its_alias() {
    for (name, header) in [
        (KEY, KEY),
        (BARE, KEY),
        (ALIAS, KEY),
        (KEY, BARE),
        ("alias/logs", BARE),
    ] {
        let mut case = Case::new();
        let description = KeyDescription {
            arn: KEY.to_owned(),
            spec: "SYMMETRIC_DEFAULT".to_owned(),
            usage: "ENCRYPT_DECRYPT".to_owned(),
            state: "Enabled".to_owned(),
            expires: None,
        };
        for other in [BARE, ALIAS, "alias/logs"] {
            case.memory.describe_as(other, description.clone());
        }
        let mut object = log_file(DELIVERED, &[]);
        object.encryption = Encryption::Kms(header.to_owned());
        case.memory.put(object);
        let record = Record::delivery().with("/requestParameters/keyId", name);
        for record in [record.clone().without("/resources"), record] {
            let report = case.check(&[record]).await;
            assert_eq!(kinds(&report), [], "{name} {header}");
            assert!(verdicts(&report, Rule::Key).contains(&Verdict::Valid));
        }
    }
}

#[tokio::test]
async fn an_alias_is_reported_if_it_refers_to_another_key() {
    let mut case = Case::new();
    case.memory.describe_as(
        ALIAS,
        KeyDescription {
            arn: OTHER_KEY.to_owned(),
            spec: "SYMMETRIC_DEFAULT".to_owned(),
            usage: "ENCRYPT_DECRYPT".to_owned(),
            state: "Enabled".to_owned(),
            expires: None,
        },
    );
    let record = Record::delivery()
        .with("/requestParameters/keyId", ALIAS)
        .without("/resources");
    let report = case.check(&[record]).await;
    assert_eq!(only(&report).kind, KmsKeyMismatch);
    assert_eq!(
        only(&report).actual.as_deref(),
        Some(&*format!("the KMS call used {OTHER_KEY}"))
    );
}

/// The key that it referred to may still exist.
#[tokio::test]
async fn a_deleted_alias_is_not_a_finding() {
    let record = Record::delivery()
        .with("/requestParameters/keyId", ALIAS)
        .without("/resources");
    for mut case in [Case::new(), Case::unconfigured()] {
        let report = case.check(std::slice::from_ref(&record)).await;
        assert_eq!(report.report.findings, []);
        assert_eq!(verdicts(&report, Rule::Key), [Verdict::CannotTell]);
        assert_eq!(report.report.verdict(), Verdict::CannotTell);
    }
}

#[tokio::test]
async fn without_a_configured_key_event_and_object_must_agree() {
    let mut case = Case::unconfigured();
    assert_eq!(case.kinds(Record::delivery()).await, []);
    case.memory
        .describe(OTHER_KEY, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "Enabled");
    let record = Record::delivery().with(RESOURCE, OTHER_KEY);
    assert_eq!(case.kinds(record).await, [KmsKeyMismatch]);
}

#[tokio::test]
async fn a_key_that_cannot_continue_to_encrypt_is_reported() {
    let description =
        |spec: &str, usage: &str, state: &str, expires: Option<&str>| KeyDescription {
            arn: KEY.to_owned(),
            spec: spec.to_owned(),
            usage: usage.to_owned(),
            state: state.to_owned(),
            expires: expires.map(|time| time.parse().unwrap()),
        };
    let (symmetric, encrypts) = ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT");
    let (soon, later) = (Some("2026-01-28T12:00:00Z"), Some("2026-01-30T12:00:00Z"));
    for (spec, usage, state, expires, expected) in [
        (symmetric, encrypts, "Enabled", None, None),
        (symmetric, encrypts, "Updating", None, None),
        (symmetric, encrypts, "Enabled", later, None),
        (symmetric, encrypts, "Enabled", soon, Some(KmsKeyExpiring)),
        (
            symmetric,
            encrypts,
            "Enabled",
            Some("2026-01-01T12:00:00Z"),
            Some(KmsKeyExpiring),
        ),
        (symmetric, encrypts, "Disabled", None, Some(KmsKeyUnusable)),
        (
            symmetric,
            encrypts,
            "PendingDeletion",
            None,
            Some(KmsKeyUnusable),
        ),
        (
            symmetric,
            encrypts,
            "PendingImport",
            None,
            Some(KmsKeyUnusable),
        ),
        (
            symmetric,
            encrypts,
            "Unavailable",
            None,
            Some(KmsKeyUnusable),
        ),
        (
            symmetric,
            "GENERATE_VERIFY_MAC",
            "Enabled",
            None,
            Some(KmsKeyUnusable),
        ),
        ("RSA_2048", encrypts, "Enabled", None, Some(KmsKeyUnusable)),
    ] {
        let mut case = Case::new();
        case.memory
            .describe_as(KEY, description(spec, usage, state, expires));
        // Once for the file, regardless of who else uses it.
        let report = case
            .check(&[
                Record::delivery(),
                Record::read(),
                Record::delivery().id("x"),
            ])
            .await;
        assert_eq!(
            kinds(&report),
            expected.into_iter().collect::<Vec<_>>(),
            "{spec} {usage} {state} {expires:?}"
        );
        if let Some(finding) = report.report.findings.first() {
            assert_eq!(finding.about.as_deref(), Some(KEY));
        }
    }
}

#[tokio::test]
async fn an_open_policy_is_reported_and_an_unreadable_one_is_not() {
    let open = r#"{"Statement":[{"Sid":"Any trail","Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"kms:GenerateDataKey*","Resource":"*"}]}"#;
    let mut case = Case::new();
    case.memory.set_policy(KEY, Ok(open));
    let report = case.check(&[Record::delivery()]).await;
    let finding = only(&report);
    assert_eq!(
        (finding.kind, finding.severity().as_str()),
        (KmsPolicyOpen, "medium")
    );
    assert!(
        finding.actual.as_ref().unwrap().contains("Any trail"),
        "{finding:#?}"
    );
    assert_eq!(finding.about.as_deref(), Some(KEY));
    for cause in [Cause::Denied("kms:GetKeyPolicy".to_owned())] {
        case.memory.set_policy(KEY, Err(cause));
        let report = case.check(&[Record::delivery()]).await;
        assert_eq!(kinds(&report), []);
        assert_eq!(
            verdicts(&report, Rule::KeyHealth),
            [Verdict::Valid, Verdict::CannotTell]
        );
    }
}

/// Several trails may be configured; each trail's log files are its own account's.
#[tokio::test]
async fn one_trail_does_not_deliver_for_another() {
    let second = "arn:aws:cloudtrail:us-east-1:444455556666:trail/second";
    let mut case = Case::new();
    case.expected
        .places
        .trails
        .push(TrailArn::parse(second).unwrap());
    let record = Record::delivery().with(TRAIL_OF, second);
    assert_eq!(case.kinds(record.clone()).await, [KmsContextMismatch]);
    let own = DELIVERED.replace(ACCOUNT, "444455556666");
    case.memory.put(log_file(&own, &[]));
    assert_eq!(case.kinds(record.object(&own)).await, []);
    assert_eq!(case.kinds(Record::delivery()).await, []);
}
