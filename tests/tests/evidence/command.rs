//! `trailseal evidence report` on a copy of an evidence bucket.

use crate::verified::{append, hour, incident, receipt, write, write_with_head};
use crate::world::World;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use trailseal::alert::acknowledgment::Acknowledgment;
use trailseal_tests::evidence::{EvidenceStore, LocalSigner};
use trailseal_tests::local::paths;

/// Writes the bucket into a folder, as `aws s3 sync` does.
fn copy(store: &EvidenceStore, folder: &Path) {
    for (key, stored) in store.objects() {
        let path = folder.join(key);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, stored.content).expect("a file");
        let file = fs::File::options().append(true).open(&path);
        let at = std::time::SystemTime::from(stored.at);
        file.and_then(|file| file.set_modified(at)).expect("a time");
    }
}

fn report(arguments: &[&str]) -> Output {
    Command::new(paths::command().expect("the command"))
        .args(["evidence", "report"])
        .args(arguments)
        .output()
        .expect("it runs")
}

fn json_of(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

#[tokio::test]
async fn the_command_reports_on_a_copy() {
    let world = World::new();
    let mut keys = Vec::new();
    for _ in 0..30 {
        keys.extend(hour(&world).await);
    }
    let folder = tempfile::tempdir().expect("a folder");
    let source = folder.path().join("copy");
    copy(&world.store, &source);
    let place = source.to_str().expect("a path");
    let key = world.key().to_string();
    let period = [
        "--from",
        "2026-01-15T02:00:00Z",
        "--to",
        "2026-01-15T20:00:00Z",
    ];
    let with_key = [&[place][..], &period, &["--key", &key, "--format", "json"]].concat();

    let output = report(&with_key);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("Every hour verified: 54 hours of 3 chains"),
        "{said}"
    );
    let found = json_of(&output);
    assert_eq!(found["verdict"], "valid");
    assert_eq!(found["totals"]["seconds"]["verified"], 54 * 3600);
    assert_eq!(found["log"]["signed"], true);
    assert_eq!(
        found["chains"][0]["verified"].as_array().map(Vec::len),
        Some(18)
    );

    // Without the key of somebody else, nobody knows who signed.
    let output = report(&[&[place][..], &period, &["--format", "json"]].concat());
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert_eq!(json_of(&output)["log"]["keyFromEvidence"], true);

    // The name of the file says the format.
    let page = folder.path().join("report.html");
    let page_name = page.to_str().expect("a path");
    let output = report(&[&[place][..], &period, &["--key", &key, "-o", page_name]].concat());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let page = fs::read_to_string(page).expect("a page");
    assert!(page.contains("Every hour verified"), "{page}");
    let json = folder.path().join("report.json");
    let json_name = json.to_str().expect("a path");
    let output = report(&[&[place][..], &period, &["--key", &key, "-o", json_name]].concat());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let json: Value = serde_json::from_slice(&fs::read(json).expect("a file")).expect("JSON");
    assert_eq!(json["schema"], "trailseal.evidence-report/1");

    // A receipt that somebody deletes.
    fs::remove_file(source.join(&keys[60])).expect("a receipt");
    let output = report(&with_key);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let found = json_of(&output);
    assert_eq!(found["evidenceFindings"][0]["fault"], "document-missing");
    assert_eq!(found["evidenceFindings"][0]["key"], keys[60].as_str());
    assert_eq!(found["chains"][0]["gaps"][0]["reason"], "finding");
}

#[test]
fn periods_that_cannot_be_reported_on_are_refused() {
    for (arguments, why) in [
        (
            &["--from", "2026-02-01", "--to", "2026-01-01"][..],
            "is not before",
        ),
        (
            &["--from", "2024-01-01", "--to", "2026-01-01"],
            "more than 400 days",
        ),
        (&["--from", "yesterday"], "--from"),
        (
            &["--from", "2026-01-01", "-o", "report.csv"],
            "another name",
        ),
    ] {
        let output = report(&[&["."][..], arguments].concat());
        assert_eq!(output.status.code(), Some(64), "{output:?}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(why), "{said}");
    }
}

/// The chains of the picture.
const CHAINS: [(&str, &str); 4] = [
    ("111122223333", "us-east-1"),
    ("111122223333", "eu-west-1"),
    ("444455556666", "us-east-1"),
    ("444455556666", "eu-west-1"),
];

/// What happened to an hour of a chain of the picture.
fn edits(chain: usize, hour: i64, receipt: &mut Value, function: &str) {
    let validates = function == "digest-validator";
    let finding = |kind: &str, object: &str| json!([{"id": "33b09ce3444297dcc2db4f128cd5f4b17da4489924016eccf1f93902b439a59b", "kind": kind, "object": object}]);
    match (chain, hour, validates) {
        (0, 491, false) => {
            receipt["verdict"] = "finding".into();
            receipt["logFiles"]["valid"] = 2.into();
            receipt["logFiles"]["finding"] = 1.into();
            receipt["findings"] = finding(
                "log-file-modified",
                "s3://amzn-s3-demo-bucket/AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/21/111122223333_CloudTrail_us-east-1_20260121T1025Z_7JREEBimdK8d2nC9.json.gz",
            );
        }
        (3, 300..306, false) => {
            receipt["verdict"] = "cannot-tell".into();
            receipt["logFiles"]["valid"] = 2.into();
            receipt["logFiles"]["cannotTell"] = 1.into();
            receipt["cannotTell"] = json!([
                "cannot read s3://amzn-s3-demo-bucket/AWSLogs/444455556666/CloudTrail/eu-west-1/2026/01/13/444455556666_CloudTrail_eu-west-1_20260113T1230Z_7JREEBimdK8d2nC9.json.gz: access is denied: AccessDenied"
            ]);
        }
        _ => {}
    }
}

/// Writes a copy of an evidence bucket after a month, in which something happened, into the folder
/// that `TRAILSEAL_EVIDENCE` names, and the key of the log beside it.
#[tokio::test]
#[ignore = "tests/browser/picture asks for it"]
async fn a_month_for_the_picture() {
    let folder = PathBuf::from(std::env::var_os("TRAILSEAL_EVIDENCE").expect("TRAILSEAL_EVIDENCE"));
    let start: Timestamp = "2026-01-01T00:30:00Z".parse().expect("a time");
    let world = World {
        store: EvidenceStore::at(start),
        signer: LocalSigner::new(7),
    };
    let id = "33b09ce3444297dcc2db4f128cd5f4b17da4489924016eccf1f93902b439a59b";
    let mut deleted = None;
    for number in 0..750 {
        let now = world.store.now();
        let end = now - SignedDuration::from_mins(30);
        for (at, chain) in CHAINS.into_iter().enumerate() {
            // The last account was added on the fourth day. For some hours, nothing was verified.
            let is_away = at > 1 && number < 80 || at == 1 && (217..224).contains(&number);
            for function in ["digest-validator", "log-verifier"] {
                let mut receipt = receipt(function, chain, end, now);
                receipt["functionVersion"] = "7".into();
                edits(at, number, &mut receipt, function);
                if is_away {
                    continue;
                }
                let key = if function == "digest-validator" {
                    write_with_head(&world, &receipt)
                } else {
                    write(&world, &receipt)
                };
                if (at, number) == (2, 620) {
                    deleted = Some(key);
                }
            }
        }
        if number == 491 {
            let opened = now.to_string();
            world.store.put(
                &format!("incidents/{id}.json"),
                incident(id, &opened, None).to_string(),
            );
        }
        if number == 493 {
            let reason = "Restored from the replica.";
            let known = Acknowledgment::new(
                id,
                "arn:aws:iam::111122223333:user/alice",
                reason,
                now,
                None,
            );
            let known = known.expect("an acknowledgment");
            world.store.put(&known.key(), known.document());
        }
        if number == 495 {
            let opened = (now - SignedDuration::from_hours(4)).to_string();
            let closed = incident(id, &opened, Some(&now.to_string()));
            world
                .store
                .put(&format!("incidents/{id}.json"), closed.to_string());
        }
        append(&world).await;
    }
    world.store.remove(&deleted.expect("a receipt"));
    copy(&world.store, &folder.join("evidence"));
    fs::write(folder.join("log.key"), world.key().to_string()).expect("a file");
}
