//! The forms of an alert for other systems, compared with the definitions of those systems.

use serde_json::{Value, json};
use std::io::Write as _;
use std::process::{Command, Stdio};
use trailseal::export::change::Change;
use trailseal::export::detection;
use trailseal::export::home::Home;
use trailseal::finding::FindingKind;
use trailseal_tests::local::paths;

/// Returns a change of each state for each kind of finding, with and without what is optional.
fn changes() -> Vec<Change> {
    let mut changes = Vec::new();
    for kind in FindingKind::ALL {
        for state in ["opened", "grown", "persists", "closed"] {
            let mut finding = json!({
                "schema": "trailseal.finding/1", "id": "0".repeat(64), "severity": "high",
                "kind": kind.as_str(), "account": null, "region": null, "trail": null,
                "homeRegion": null, "object": {"bucket": "", "key": ""}, "message": "m",
                "advice": "a", "detectedAt": "2026-01-15T12:34:56Z", "function": "log-verifier",
                "version": "0.1.0", "occurrence": "2cf24dba5fb0a30e",
                "incident": {
                    "state": state, "firstSeen": "2026-01-15T12:34:56Z", "occurrences": 1,
                    "new": 1, "document": "s3://amzn-s3-demo-bucket/incidents/0.json",
                },
            });
            changes.push(finding.clone());
            let whole = json!({
                "account": "111122223333", "region": "us-east-1", "homeRegion": "us-east-1",
                "trail": "arn:aws:cloudtrail:us-east-1:111122223333:trail/management-events",
                "object": {"bucket": "amzn-s3-demo-bucket", "key": "AWSLogs/x", "versionId": "v"},
                "digest": {"bucket": "amzn-s3-demo-bucket", "key": "d", "startTime": null, "endTime": null},
                "window": {"from": null, "to": "2026-01-15T12:00:00Z"},
                "expected": "e", "actual": "a", "allClear": state == "closed",
            });
            for (name, value) in whole.as_object().unwrap() {
                finding[name] = value.clone();
            }
            changes.push(finding);
        }
    }
    let changes = changes.into_iter();
    changes
        .map(|change| serde_json::from_value::<Change>(change).unwrap())
        .map(|change| change.bounded().unwrap())
        .collect()
}

/// Validates documents with the JSON Schema of the class. Returns what is wrong.
fn problems(documents: &[Value]) -> String {
    let folder = paths::repository().join("tests/ocsf");
    let mut child = Command::new(paths::python())
        .arg(folder.join("validate.py"))
        .arg(folder.join("detection_finding.schema.json"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the environment of `make venv`");
    let lines: Vec<String> = documents.iter().map(ToString::to_string).collect();
    let lines = lines.join("\n");
    let mut input = child.stdin.take().unwrap();
    input.write_all(lines.as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let count = format!("{} documents\n", documents.len());
    text.strip_suffix(&count).expect("all documents").to_owned()
}

#[test]
fn every_ocsf_event_is_a_detection_finding_of_the_schema() {
    let home = Home::new("eu-west-1", "444455556666").unwrap();
    let changes = changes();
    assert_eq!(changes.len(), FindingKind::ALL.len() * 8);
    let events: Vec<Value> = changes
        .iter()
        .map(|change| detection::of(change, &home))
        .collect();
    assert_eq!(problems(&events), "");
}

/// What the schema says is wrong with an event is found.
#[test]
fn the_schema_refuses_what_is_not_a_detection_finding() {
    let home = Home::new("eu-west-1", "444455556666").unwrap();
    let good = detection::of(&changes()[1], &home);
    for (pointer, value, problem) in [
        ("/activity_id", json!(9), "not one of"),
        ("/type_uid", json!(200_403), "not valid"),
        ("/severity_id", json!("high"), "not of type 'integer'"),
        ("/time", json!("2026-01-15"), "not of type 'integer'"),
        ("/finding_info/uid", json!(1), "not of type 'string'"),
        ("/cloud", json!({}), "'provider' is a required property"),
        ("/metadata/product", json!({"version": "1"}), "not valid"),
        ("/resources/0", json!({"arn": "x"}), "Additional properties"),
    ] {
        let mut wrong = good.clone();
        *wrong.pointer_mut(pointer).unwrap() = value;
        let problems = problems(&[wrong]);
        assert!(problems.contains(problem), "{pointer}: {problems}");
    }
}
