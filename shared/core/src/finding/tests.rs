//! The catalog and the report.

use super::object::remedy;
use super::redrive::redrive;
use super::*;

#[test]
fn the_remedy_fits_the_cause() {
    use crate::world::{Cause, CredentialTrouble, StoreError};
    let advice = |cause: Cause| {
        let mut report = Report::new();
        let error = StoreError {
            action: "read",
            subject: "x".to_owned(),
            cause,
        };
        report.cannot_tell(error, &Scope::default(), &ObjectLocation::new("b", "k"));
        assert_eq!(report.verdict(), Verdict::CannotTell);
        let finding = report.obstacles.remove(0).if_it_stays.unwrap();
        assert_eq!(finding.kind, FindingKind::ObjectUnreadableDenied);
        let stamp = Stamp::by_function("log-verifier", Timestamp::UNIX_EPOCH);
        let json = serde_json::to_value(stamp.stamp(&finding)).unwrap();
        assert_eq!(json["advice"], finding.advice());
        assert!(json.get("remedy").is_none());
        finding.advice().to_owned()
    };
    let text = || "no".to_owned();
    assert!(advice(Cause::Denied(text())).contains("s3:GetObject"));
    assert!(advice(Cause::KeyUnusable(text())).contains("aws kms enable-key"));
    assert!(advice(Cause::RegionDisabled(text())).contains("PinnedKeys"));
    let expired = Cause::Credentials(CredentialTrouble::Expired, text());
    assert!(advice(expired).contains("the function's own credentials"));
    for cause in [
        Cause::Denied(text()),
        Cause::KeyUnusable(text()),
        Cause::RegionDisabled(text()),
        Cause::Credentials(CredentialTrouble::Clock, text()),
    ] {
        // A function has no command line.
        assert!(!advice(cause).replace(redrive!(""), "").contains("--"));
    }
}

#[test]
fn the_unreadable_objects_of_a_folder_are_one_incident_for_each_cause() {
    use crate::world::{Cause, StoreError};
    const LOG: &str = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/15/111122223333_CloudTrail_us-east-1_20260115T1205Z_7JREEBimdK8d2nC9.json.gz";
    const DIGEST: &str = "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/01/15/111122223333_CloudTrail-Digest_us-east-1_management-events_us-east-1_20260115T120000Z.json.gz";
    let found = |key: &str, cause: Cause| {
        let mut report = Report::new();
        let object = ObjectLocation::new("amzn-s3-demo-bucket", key);
        let error = StoreError {
            action: "read",
            subject: object.to_string(),
            cause,
        };
        report.cannot_tell(error, &Scope::default(), &object);
        let finding = report.obstacles.remove(0).if_it_stays.unwrap();
        assert_eq!(finding.object, object);
        (finding.id(), finding.occurrence())
    };
    let denied = || Cause::Denied("no".to_owned());
    let first = found(LOG, denied());
    assert_eq!(found(LOG, denied()), first);
    for other in [LOG.replace("T1205Z", "T1210Z"), DIGEST.to_owned()] {
        let other = found(&other, denied());
        assert_eq!(other.0, first.0);
        assert_ne!(other.1, first.1);
    }
    for (key, cause) in [
        (LOG, Cause::KeyUnusable("no".to_owned())),
        (LOG, Cause::Archived("no".to_owned())),
        (&LOG.replace("us-east-1", "us-west-2"), denied()),
        (&LOG.replace("111122223333", "444455556666"), denied()),
        ("AWSLogs/111122223333/CloudTrail/x.json.gz", denied()),
    ] {
        assert_ne!(found(key, cause).0, first.0, "{key}");
    }
}

#[test]
fn the_command_names_no_parameter_and_the_functions_name_no_flag() {
    for kind in FindingKind::ALL {
        let (ours, theirs) = (kind.command_advice(), kind.advice());
        assert!(!ours.contains("TRAILSEAL_"), "{kind}: {ours}");
        assert!(!ours.contains("dead-letter"), "{kind}: {ours}");
        let theirs = theirs.replace(redrive!(""), "");
        assert!(!theirs.contains(" --"), "{kind}: {theirs}");
    }
    let finding = Finding::new(
        FindingKind::DigestMoved,
        Scope::default(),
        ObjectLocation::new("b", "k"),
        "moved",
    );
    let at = Timestamp::UNIX_EPOCH;
    for (stamp, word) in [
        (Stamp::by_command("trailseal verify", at), "--alias"),
        (
            Stamp::by_function("digest-validator", at),
            "stack parameter BucketAliases",
        ),
    ] {
        let json = serde_json::to_value(stamp.stamp(&finding)).unwrap();
        assert!(json["advice"].as_str().unwrap().contains(word), "{json}");
    }
}

/// Checks the destination, because nothing shows which queue a parked message came from.
#[test]
fn advice_to_move_a_message_back_names_the_destination() {
    let causes = [
        crate::world::Cause::KeyUnusable("no".to_owned()),
        crate::world::Cause::RegionDisabled("no".to_owned()),
        crate::world::Cause::Credentials(crate::world::CredentialTrouble::Unknown, "no".to_owned()),
    ];
    let advice = FindingKind::ALL.iter().map(|kind| kind.advice());
    let advice = advice.chain(causes.iter().filter_map(remedy));
    let moving: Vec<_> = advice
        .filter(|text| text.contains("start-message-"))
        .collect();
    assert_eq!(moving.len(), 5);
    for text in moving {
        assert!(text.contains("--source-arn"), "{text}");
        assert!(text.contains("--destination-arn"), "{text}");
    }
}

/// Returns the rows of a table in a document, by the kind's name: the other cells.
fn documented<'a, const N: usize>(document: &'a str, head: &str) -> Vec<(&'a str, [&'a str; N])> {
    let (_, table) = document.split_once(head).expect("the table");
    let rows = table.lines().take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let (kind, others) = cells.split_first().expect("a kind");
        let others = others.try_into().unwrap_or_else(|_| panic!("{N}: {row}"));
        (kind.trim_matches('`'), others)
    })
    .collect()
}

/// Checks that the document has a row for each kind and for nothing else, in the order of the
/// catalog. Its text about a kind starts with the text in the catalog.
#[test]
fn the_document_has_the_texts_of_the_catalog() {
    const KINDS: &str = "| kind | severity | means | `object` is |\n| --- | --- | --- | --- |\n";
    const ADVICE: &str = "| kind | what to do |\n| --- | --- |\n";
    let document = include_str!("../../../../docs/findings.md");
    let rows = documented(document, KINDS);
    let names: Vec<&str> = rows.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, FindingKind::ALL.map(FindingKind::as_str));
    for (kind, (_, [severity, means, object])) in FindingKind::ALL.into_iter().zip(rows) {
        assert_eq!(severity, kind.severity().as_str(), "{kind}");
        assert_eq!(object, kind.object(), "{kind}");
        assert!(means.starts_with(kind.means()), "{kind}: {means}");
    }
    let rows = documented(document, ADVICE);
    let advice = FindingKind::ALL.map(|kind| (kind.as_str(), [kind.advice()]));
    assert_eq!(rows, advice);
}

#[test]
fn a_kind_is_recognized_by_its_name_and_by_no_other() {
    for kind in FindingKind::ALL {
        assert_eq!(FindingKind::named(kind.as_str()), Some(kind));
    }
    assert_eq!(FindingKind::named("no-such-kind"), None);
}

#[test]
fn could_not_verify_is_never_valid() {
    assert_eq!(Report::default().verdict(), Verdict::Ignored);
    let mut report = Report::new();
    assert_eq!(report.verdict(), Verdict::Valid);
    let error = crate::world::StoreError {
        action: "read",
        subject: "x".to_owned(),
        cause: crate::world::Cause::Unavailable("no".to_owned()),
    };
    report.cannot_tell(error, &Scope::default(), &ObjectLocation::new("b", "k"));
    assert_eq!(report.verdict(), Verdict::CannotTell);
    // Nor if everything could be read, and a rule could not be applied.
    let mut report = Report::new();
    report.valid = 1;
    report
        .rules
        .entry("witness")
        .or_default()
        .add(Verdict::Valid);
    assert_eq!(report.verdict(), Verdict::Valid);
    report
        .rules
        .entry("key-health")
        .or_default()
        .add(Verdict::CannotTell);
    assert_eq!(report.verdict(), Verdict::CannotTell);
    report.findings.push(Finding::new(
        FindingKind::LogFileMissing,
        Scope::default(),
        ObjectLocation::new("b", "k"),
        "gone",
    ));
    assert_eq!(report.verdict(), Verdict::Finding);
}

/// Collects the code of the product, without its tests.
fn product_files(folder: &std::path::Path, found: &mut Vec<(std::path::PathBuf, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && !["tests", "target"].contains(&name) {
            product_files(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs")
            && !["tests.rs", "sample.rs"].contains(&name)
        {
            let code = std::fs::read_to_string(&path).unwrap();
            let code = code.split("#[cfg(test)]\nmod tests {").next().unwrap();
            found.push((path, code.to_owned()));
        }
    }
}

#[test]
fn every_raised_kind_has_a_constructor_here() {
    let repository = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = Vec::new();
    for folder in ["shared", "functions", "cli/src"] {
        product_files(&repository.join(folder), &mut files);
    }
    assert!(files.len() > 150, "{} files", files.len());
    for (path, code) in files {
        assert!(
            !code.contains("Finding::for_tests("),
            "{} raises a finding that is for tests",
            path.display()
        );
    }
}

/// Three functions may find it: people are alerted once.
#[test]
fn an_unlisted_log_file_is_one_occurrence_whoever_finds_it() {
    let at = ObjectLocation::new("amzn-s3-demo-bucket", "AWSLogs/key.json.gz");
    let scope = Scope::default();
    let digest = DigestReference::by_key(&at, None);
    let time = "2026-01-15T12:00:00Z".parse().unwrap();
    let by_listing = log_file::unlisted(scope.clone(), at.clone());
    let by_event = changed::unlisted(&changed::ChangedObject {
        scope: scope.clone(),
        at: &at,
        kind: changed::ChangedKind::LogFile,
        deed: None,
        listed: None,
    });
    let subject = kms::FindingSubject {
        scope,
        object: at.clone(),
    };
    let delivery = kms::UnlistedLogFile {
        event_id: "event",
        recorded_in: "log file",
        delivered: time,
    };
    let by_kms = kms::unlisted_log_file(subject, &delivery, time, digest);
    for other in [by_event, by_kms] {
        assert_eq!(other.id(), by_listing.id());
        assert_eq!(other.occurrence(), by_listing.occurrence());
    }
}

/// A prefix of a trail may have any characters.
#[test]
fn the_command_for_many_unlisted_log_files_is_safe_in_a_shell() {
    let message = |folder: &str| {
        let at = ObjectLocation::new("amzn-s3-demo-bucket", "AWSLogs/key.json.gz");
        log_file::more_unlisted(Scope::default(), at, 7, folder).message
    };
    for (folder, end) in [
        (
            "s3://amzn-s3-demo-bucket/AWSLogs/",
            "verify the folder (trailseal verify s3://amzn-s3-demo-bucket/AWSLogs/ --unlisted).",
        ),
        (
            "s3://amzn-s3-demo-bucket/a b/",
            "verify the folder (trailseal verify 's3://amzn-s3-demo-bucket/a b/' --unlisted).",
        ),
        ("s3://amzn-s3-demo-bucket/it's/", "verify the folder."),
    ] {
        let message = message(folder);
        assert!(message.ends_with(end), "{message}");
    }
}
