//! The findings about one log file are grouped and limited, and no kind takes room from another.

use crate::case::{Case, OTHER_KEY, RECORDED, RESOURCE, Record, log_key, user};
use std::collections::BTreeMap;
use trailseal::check::kms_events::KmsReport;
use trailseal::finding::FindingKind::{
    self, KmsDeliveryDenied, KmsForeignCaller, KmsKeyMismatch, LogFileMissing,
};

fn by(who: &str, number: usize) -> Record {
    Record::delivery()
        .by(user(who))
        .object(&log_key(number))
        .id(&format!("{who}-{number}"))
}

fn of_kind(report: &KmsReport, kind: FindingKind) -> usize {
    let findings = report.report.findings.iter();
    findings.filter(|finding| finding.kind == kind).count()
}

#[tokio::test]
async fn principal_key_and_folder_identify_one_finding() {
    let elsewhere = log_key(1)
        .replace("/2026/01/15/", "/2026/01/16/")
        .replace("_20260115T", "_20260116T");
    let mut records: Vec<Record> = (0..3000).map(|number| by("mallory", number)).collect();
    records.push(by("mallory", 0).object(&elsewhere).id("elsewhere"));
    records.push(by("eve", 1));
    let mut case = Case::new();
    let report = case.check(&records).await;
    let findings = &report.report.findings;
    assert_eq!(findings.len(), 3, "{findings:#?}");
    let first = &findings[0];
    assert_eq!(first.object.key, log_key(0));
    assert!(first.message.contains("mallory-0"), "{first:#?}");
    assert!(
        first.message.contains("And 2999 more like it"),
        "{first:#?}"
    );
    assert!(first.message.contains(&log_key(1)), "{first:#?}");
    assert_eq!(report.report.rules["caller"].finding, 3002);
    // The same on a retry.
    let ids = |report: &KmsReport| -> Vec<String> {
        let findings = report.report.findings.iter();
        findings.map(|finding| finding.id().to_string()).collect()
    };
    let again = case.check(&records).await;
    assert_eq!(ids(&again), ids(&report));
    // Under another key of ours, by the same principal: a separate finding.
    case.expected.key_arns.push(OTHER_KEY.to_owned());
    records.push(by("mallory", 0).with(RESOURCE, OTHER_KEY).id("other key"));
    let report = case.check(&records).await;
    assert_eq!(of_kind(&report, KmsForeignCaller), 4);
}

/// Thousands of principals of one kind, and one of each other kind among them.
#[tokio::test]
async fn a_flood_of_one_kind_hides_no_other() {
    let mut case = Case::new();
    let flood = |from: usize| (from..from + 3000).map(|number| by(&format!("m{number}"), number));
    let mut records: Vec<Record> = flood(0).collect();
    records.push(Record::delivery().refused().id("refused"));
    records.push(Record::delivery().object(&log_key(9999)).id("gone"));
    records.push(Record::delivery().with(RESOURCE, OTHER_KEY).id("other key"));
    records.extend(flood(3000));
    let report = case.check(&records).await;
    let mut reported: BTreeMap<FindingKind, usize> = BTreeMap::new();
    for finding in &report.report.findings {
        *reported.entry(finding.kind).or_default() += 1;
    }
    // Fifty, and one that says how many more there are.
    assert_eq!(reported[&KmsForeignCaller], 51);
    for kind in [KmsDeliveryDenied, LogFileMissing, KmsKeyMismatch] {
        assert_eq!(reported[&kind], 1, "{reported:?}");
    }
    let more = report.report.findings.iter();
    let mut more = more.filter(|finding| finding.message.contains("5950 more findings"));
    let more = more.next().unwrap();
    assert_eq!(
        (more.kind, more.object.key.as_str()),
        (KmsForeignCaller, RECORDED)
    );
    // The log file that records the calls is intact: the kind's usual advice does not apply to it.
    assert!(more.message.contains("not listed one by one"), "{more:#?}");
    assert_ne!(more.advice(), KmsForeignCaller.advice());
    assert!(more.advice().contains("trailseal kms s3://"), "{more:#?}");
    // It is not a reason to read the log file again.
    assert!(report.report.obstacles.is_empty());
}
