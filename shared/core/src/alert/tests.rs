use super::incident::Incident;
use super::message::MAX_MESSAGE_BYTES;
use super::notice::{Notice, Pace};
use super::received::{self, Received};
use super::text::MAX_SUBJECT_CHARS;
use super::*;
use crate::finding::{Finding, FindingKind, Scope, Stamp};
use crate::names::location::ObjectLocation;
use crate::names::window::Window;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

fn finding(kind: FindingKind, key: &str) -> Finding {
    let scope = Scope {
        account: Some("111122223333".to_owned()),
        region: Some("us-east-1".to_owned()),
        trail: Some("arn:aws:cloudtrail:us-east-1:111122223333:trail/management-events".to_owned()),
        home_region: Some("us-east-1".to_owned()),
    };
    Finding::for_tests(
        kind,
        scope,
        ObjectLocation::new("amzn-s3-demo-bucket", key),
        "Something was done.",
    )
}

fn now() -> Timestamp {
    "2026-01-15T12:34:56Z".parse().unwrap()
}

/// Returns the incidents that findings open.
fn incidents(findings: &[Finding]) -> Vec<Incident> {
    let stamp = Stamp::by_function("log-verifier", now());
    let mut incidents = Vec::new();
    for message in findings_message::compose(findings, stamp, None) {
        let Ok(Received::Findings(sent)) = received::read(message.body.as_bytes()) else {
            panic!("findings");
        };
        for finding in sent {
            let mut incident = Incident::of(&finding);
            incident.add(&finding, now());
            incidents.push(incident);
        }
    }
    incidents
}

fn composed(incidents: &[Incident], more: u64) -> Composed {
    let pace = Pace {
        update_after: SignedDuration::from_hours(1),
        repeat_after: SignedDuration::from_hours(24),
    };
    let mut entries: Vec<AlertEntry<'_>> = incidents
        .iter()
        .map(|incident| AlertEntry {
            incident,
            notice: incident.notice(now(), pace),
            waited: incident.unpublished() > 1,
        })
        .collect();
    entries.sort_by_key(rank);
    compose(
        &entries,
        more,
        Some("s3://evidence/alerts/x.json"),
        "evidence",
        now(),
    )
    .unwrap()
}

fn alert(findings: &[Finding]) -> Alert {
    composed(&incidents(findings), 0).alert
}

fn text(alert: &Alert, protocol: &str) -> String {
    let message: Value = serde_json::from_str(&alert.message).unwrap();
    message[protocol].as_str().unwrap().to_owned()
}

fn json(alert: &Alert) -> Value {
    serde_json::from_str(&text(alert, "sqs")).unwrap()
}

#[test]
fn no_findings_make_no_alert() {
    assert_eq!(compose(&[], 0, None, "evidence", now()), None);
}

#[test]
fn the_worst_finding_is_first_and_in_the_subject() {
    let alert = alert(&[
        finding(FindingKind::ObjectArchived, "a"),
        finding(FindingKind::LogFileModified, "b"),
        finding(FindingKind::LogFileModified, "c"),
    ]);
    assert_eq!(
        alert.subject,
        "[CRITICAL] Trailseal: 3 findings: log-file-modified and 1 other kind, 111122223333 us-east-1"
    );
    assert_eq!(alert.attributes["severity"], "critical");
    let json = json(&alert);
    assert_eq!(json["schema"], "trailseal.alert/1");
    let keys: Vec<_> = json["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f["object"]["key"].as_str().unwrap())
        .collect();
    assert_eq!(keys, ["b", "c", "a"]);
    for protocol in ["lambda", "http", "https"] {
        assert_eq!(text(&alert, protocol), text(&alert, "sqs"));
    }
    assert_eq!(text(&alert, "email"), text(&alert, "default"));
}

/// Checks that a filter policy on the message body finds its fields at the top level, whether SNS
/// uses a protocol's text or the complete message.
#[test]
fn fields_for_filter_policies_are_at_the_top_level_of_the_body() {
    let alert = alert(&[
        finding(FindingKind::ObjectArchived, "a"),
        finding(FindingKind::LogFileModified, "b"),
    ]);
    let message: Value = serde_json::from_str(&alert.message).unwrap();
    for body in [&json(&alert), &message] {
        assert_eq!(body["severity"], "critical");
        assert_eq!(
            body["kinds"],
            serde_json::json!(["log-file-modified", "object-archived"])
        );
        assert_eq!(body["accounts"], serde_json::json!(["111122223333"]));
        assert_eq!(body["regions"], serde_json::json!(["us-east-1"]));
    }
}

#[test]
fn a_finding_as_json_has_every_field_of_the_contract() {
    let alert = alert(&[finding(FindingKind::DigestMissing, "k")
        .with_window(Window {
            from: Some("2026-01-15T10:00:00Z".parse().unwrap()),
            to: "2026-01-15T12:00:00Z".parse().unwrap(),
        })
        .with_evidence("a digest", "none")]);
    let mut finding = json(&alert)["findings"][0].clone();
    let id = finding["id"].take();
    let id = id.as_str().unwrap();
    assert_eq!(id.len(), 64);
    finding["occurrence"].take();
    assert_eq!(
        finding,
        serde_json::json!({
            "schema": "trailseal.finding/1", "id": null, "kind": "digest-missing",
            "severity": "critical", "account": "111122223333", "region": "us-east-1",
            "trail": "arn:aws:cloudtrail:us-east-1:111122223333:trail/management-events",
            "homeRegion": "us-east-1",
            "object": {"bucket": "amzn-s3-demo-bucket", "key": "k"},
            "window": {"from": "2026-01-15T10:00:00Z", "to": "2026-01-15T12:00:00Z"},
            "expected": "a digest", "actual": "none", "message": "Something was done.",
            "advice": FindingKind::DigestMissing.advice(),
            "detectedAt": "2026-01-15T12:34:56Z", "function": "log-verifier",
            "version": env!("CARGO_PKG_VERSION"), "occurrence": null,
            "incident": {
                "state": "opened", "firstSeen": "2026-01-15T12:34:56Z", "lastSeen": "2026-01-15T12:34:56Z",
                "occurrences": 1, "new": 1,
                "document": format!("s3://evidence/incidents/{id}.json"),
            },
        })
    );
}

#[test]
fn the_id_depends_on_kind_and_subject_only() {
    let one = finding(FindingKind::LogFileMissing, "k");
    let other = one.clone().with_evidence("a", "b");
    assert_eq!(one.id(), other.id());
    assert_ne!(one.id(), finding(FindingKind::LogFileModified, "k").id());
    assert_ne!(one.id(), finding(FindingKind::LogFileMissing, "l").id());
    assert_ne!(one.id(), one.clone().with_detail("d").id());
    // All findings about a key are one incident, whichever object shows them.
    let about = |key: &str| finding(FindingKind::KmsKeyUnusable, key).about("a key", key);
    assert_eq!(about("k").id(), about("l").id());
    assert_ne!(about("k").occurrence(), about("l").occurrence());
    let other_key = finding(FindingKind::KmsKeyUnusable, "k").about("another", "k");
    assert_ne!(about("k").id(), other_key.id());
}

#[test]
fn a_missing_object_is_one_occurrence_and_each_modification_another() {
    let evidence = |kind, actual: &str| finding(kind, "k").with_evidence("e", actual).occurrence();
    let gone = FindingKind::LogFileMissing;
    assert_eq!(
        evidence(gone, "no such object"),
        evidence(gone, "a delete marker")
    );
    let modified = FindingKind::LogFileModified;
    assert_ne!(
        evidence(modified, "content a"),
        evidence(modified, "content b")
    );
    assert_eq!(
        evidence(modified, "content a"),
        evidence(modified, "content a")
    );
}

#[test]
fn ten_thousand_findings_fit_and_the_alert_says_where_the_rest_is() {
    let findings: Vec<Finding> = (0..10_000)
        .map(|n| finding(FindingKind::LogFileMissing, &format!("{n:0900}")))
        .collect();
    let incidents = incidents(&findings);
    let Composed { alert, shown } = composed(&incidents, 0);
    assert!(alert.message.len() <= MAX_MESSAGE_BYTES);
    let json = json(&alert);
    let listed = json["findings"].as_array().unwrap().len();
    assert!(listed > 10, "{listed}");
    assert_eq!(shown.iter().filter(|shown| **shown).count(), listed);
    assert_eq!(json["leftOut"]["count"], 10_000 - listed);
    assert_eq!(json["leftOut"]["wholeList"], "s3://evidence/alerts/x.json");
    assert_eq!(json["counts"][0]["count"], 10_000);
    let email = text(&alert, "email");
    assert!(email.contains("s3://evidence/alerts/x.json"), "{email}");
    assert!(
        email.contains("10000 log-file-missing 111122223333 us-east-1"),
        "{email}"
    );
    assert!(alert.subject.contains("10000 findings"));
}

/// Checks that a flood of one kind does not displace other kinds.
#[test]
fn each_kind_is_named_with_its_count_and_an_example() {
    let mut findings: Vec<Finding> = (0..5_000)
        .map(|n| finding(FindingKind::DigestMalformed, &format!("junk{n:0900}")))
        .collect();
    for kind in FindingKind::ALL {
        findings.push(finding(kind, &format!("the only {kind}")));
    }
    let alert = alert(&findings);
    assert!(alert.message.len() <= MAX_MESSAGE_BYTES);
    let (json, email) = (json(&alert), text(&alert, "email"));
    for kind in FindingKind::ALL {
        let counts = json["counts"].as_array().unwrap();
        let count = counts.iter().find(|count| count["kind"] == kind.as_str());
        let count = count.unwrap_or_else(|| panic!("{kind} is not counted"));
        let expected = if kind == FindingKind::DigestMalformed {
            5_001
        } else {
            1
        };
        assert_eq!(count["count"], expected, "{kind}");
        assert!(
            email.contains(&format!(" {expected} {kind} ")),
            "{kind}: {email}"
        );
        if expected == 1 {
            assert!(
                email.contains(&format!("the only {kind}")),
                "{kind}: {email}"
            );
            let example = count["example"].as_str().unwrap();
            assert!(example.ends_with(&format!("/the only {kind}")), "{example}");
        }
    }
}

#[test]
fn an_update_names_what_is_new_and_since_when() {
    let mut incidents = incidents(&[finding(FindingKind::KmsUnlistedReader, "a").about("r", "1")]);
    let incident = &mut incidents[0];
    incident.publish("2026-01-15T10:00:00Z".parse().unwrap(), 1, 0);
    for n in 0..3 {
        let mut next = incident.latest.clone();
        next.occurrence = format!("{n:016}");
        incident.add(&next, now());
    }
    let alert = composed(&incidents, 0).alert;
    assert_eq!(
        alert.subject,
        "[MEDIUM] Trailseal: update: 3 findings: kms-unlisted-reader, 111122223333 us-east-1"
    );
    let email = text(&alert, "email");
    assert!(
        email.contains("3 more since the alert at 2026-01-15T10:00:00Z. 4 in total"),
        "{email}"
    );
    assert!(
        email.contains("More       s3://evidence/incidents/"),
        "{email}"
    );
    let state = &json(&alert)["findings"][0]["incident"];
    assert!(state["waited"].as_str().unwrap().ends_with('/'));
    assert_eq!(state["state"], "grown");
    assert_eq!(
        (&state["new"], &state["occurrences"]),
        (&3.into(), &4.into())
    );
    assert_eq!(state["lastAlert"], "2026-01-15T10:00:00Z");
}

#[test]
fn a_very_long_text_neither_fills_nor_empties_the_alert() {
    let endless = "\u{1}".repeat(10_000_000);
    let mut hostile = finding(FindingKind::DigestMalformed, "k");
    hostile = hostile.with_evidence(endless.as_str(), endless.as_str());
    assert!(hostile.actual.as_ref().unwrap().len() < 3000);
    let alert = alert(&[hostile]);
    assert!(alert.message.len() <= MAX_MESSAGE_BYTES);
    assert!(text(&alert, "email").contains("1. CRITICAL digest-malformed"));
    assert!(text(&alert, "sqs").contains("digest-malformed"));
}

#[test]
fn a_hostile_key_forges_no_line_or_subject_and_every_queue_accepts_it() {
    let hostile = finding(
        FindingKind::LogFileMissing,
        "x\n\n1. LOW all is well\u{202e}\u{ffff}",
    );
    let alert = alert(&[hostile]);
    let email = text(&alert, "email");
    assert!(!email.contains("\n1. LOW"), "{email}");
    assert!(email.contains("x\u{fffd}\u{fffd}1. LOW all is well\u{fffd}\u{fffd}"));
    assert!(!text(&alert, "sqs").contains('\u{ffff}'));
    let mut hostile = finding(FindingKind::LogFileMissing, "k");
    hostile.scope.account = Some("1\nBcc: x".repeat(50));
    let subject = super::tests::alert(&[hostile]).subject;
    assert_eq!(subject.len(), MAX_SUBJECT_CHARS);
    assert!(subject.bytes().all(|b| b.is_ascii_graphic() || b == b' '));
}

/// Checks names of characters that take six bytes in JSON, and twelve in JSON within JSON.
#[test]
fn names_that_grow_when_escaped_leave_room_for_each_kind() {
    let mut findings: Vec<Finding> = (0..200)
        .map(|n| {
            let name = format!("{}{n}", "\u{1}\"\\".repeat(300));
            let mut junk = finding(FindingKind::DigestMalformed, &name);
            junk.scope.account = Some(format!("{n:012}"));
            junk
        })
        .collect();
    findings.push(finding(FindingKind::LogFileModified, "real"));
    let Composed { alert, shown } = composed(&incidents(&findings), 0);
    assert!(
        alert.message.len() <= MAX_MESSAGE_BYTES,
        "{}",
        alert.message.len()
    );
    assert!(shown.iter().any(|shown| *shown));
    let (json, email) = (json(&alert), text(&alert, "email"));
    for kind in ["digest-malformed", "log-file-modified"] {
        let listed = json["findings"].as_array().unwrap().iter();
        assert!(listed.clone().any(|f| f["kind"] == kind), "{kind}");
        assert!(email.contains(kind));
    }
}

#[test]
fn the_shortest_alert_names_each_kind_and_what_filters_need() {
    let incidents = incidents(&[
        finding(FindingKind::LogFileModified, "a"),
        finding(FindingKind::ObjectArchived, "b"),
    ]);
    let entries: Vec<AlertEntry<'_>> = incidents
        .iter()
        .map(|incident| AlertEntry {
            incident,
            notice: Notice::Opened,
            waited: false,
        })
        .collect();
    let alert = plain(&entries, "s3://evidence/alerts/x.json").unwrap();
    let (json, email) = (json(&alert), text(&alert, "email"));
    assert_eq!(
        json["kinds"],
        serde_json::json!(["log-file-modified", "object-archived"])
    );
    assert_eq!(json["counts"][0]["kind"], "log-file-modified");
    assert_eq!(json["accounts"], serde_json::json!(["111122223333"]));
    for part in [
        "1 log-file-modified",
        "1 object-archived",
        "s3://evidence/alerts/x.json",
    ] {
        assert!(email.contains(part), "{part}: {email}");
    }
}
