//! Alerts: one SNS message for all findings of a digest or event.
//!
//! Limits: <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>: a message of 256 KiB
//! with all its attributes, a subject of at most 100 printable ASCII characters.

use crate::finding::{Finding, Severity, Stamp, StampedFinding};
use crate::location::ObjectLocation;
use crate::seconds::whole_second;
use crate::sha256::Sha256;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// The schema of an alert's JSON form.
pub const SCHEMA: &str = "trailseal.alert/1";

/// SNS takes 262,144 bytes; some are left for attributes and for how JSON escapes JSON.
const MAX_MESSAGE_BYTES: usize = 250_000;

/// SNS's limit for a subject.
const MAX_SUBJECT_CHARS: usize = 100;

/// How many findings are tried to fit into a message: none takes less than 500 bytes.
const MAX_FINDINGS_IN_MESSAGE: usize = 500;

/// How many findings the e-mail text tells in full: more is not read at night.
const MAX_FINDINGS_IN_TEXT: usize = 20;

/// How much of one value the e-mail text shows: an `s3://` URI in full, of 63 + 1,024 bytes.
const MAX_VALUE_CHARS: usize = 1100;

/// A message for SNS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Severity, count, kind, account and Region.
    pub subject: String,
    /// The `MessageStructure: json` document: a text for each protocol.
    pub message: String,
    /// String attributes for filter policies.
    pub attributes: BTreeMap<&'static str, String>,
    /// The `kinds` attribute, a `String.Array`.
    pub kinds: String,
    /// The whole list as one document, if the message does not hold it.
    pub overflow: Option<Overflow>,
}

/// The whole list of findings, for the evidence bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overflow {
    /// The object's key.
    pub key: String,
    /// Its content: an alert document with every finding.
    pub document: String,
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    findings: &'a [StampedFinding<'a>],
    #[serde(rename = "leftOut", skip_serializing_if = "Option::is_none")]
    left_out: Option<LeftOut<'a>>,
}

#[derive(Serialize)]
struct LeftOut<'a> {
    count: usize,
    #[serde(rename = "wholeList")]
    whole_list: &'a str,
}

/// Writes the alert for `findings`; none if there are none.
///
/// `occasion` is the digest or event that led to them. `evidence_bucket` is where the whole list
/// will lie if it does not fit.
#[must_use]
pub fn compose(
    findings: &[Finding],
    occasion: &ObjectLocation,
    stamp: Stamp<'_>,
    evidence_bucket: Option<&str>,
) -> Option<Alert> {
    let mut findings: Vec<&Finding> = findings.iter().collect();
    // Stable: findings of one severity keep the order in which the digest lists their objects.
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity()));
    let worst = *findings.first()?;
    let stamped: Vec<StampedFinding<'_>> = findings.iter().map(|f| stamp.stamp(f)).collect();
    let overflow_key = overflow_key(&findings, stamp.detected_at);
    let whole_list = evidence_bucket.map_or_else(
        || "the function's log".to_owned(),
        |bucket| format!("s3://{bucket}/{overflow_key}"),
    );
    let (message, shown) = fitting_message(&findings, &stamped, occasion, stamp, &whole_list);
    let overflow = (shown < stamped.len()).then(|| Overflow {
        key: overflow_key,
        document: document(&stamped, None),
    });
    let kinds: BTreeSet<&str> = findings.iter().map(|f| f.kind.as_str()).collect();
    let mut attributes = BTreeMap::from([("severity", worst.severity().as_str().to_owned())]);
    for (name, value) in [
        ("account", &worst.scope.account),
        ("region", &worst.scope.region),
        ("trail", &worst.scope.trail),
    ] {
        if let Some(value) = value {
            attributes.insert(name, value.clone());
        }
    }
    Some(Alert {
        subject: subject(&findings, worst),
        message,
        attributes,
        kinds: serde_json::json!(kinds).to_string(),
        overflow,
    })
}

/// The same for the same findings, whenever they are found again on a day.
fn overflow_key(findings: &[&Finding], detected_at: Timestamp) -> String {
    let ids: String = findings.iter().map(|f| f.id().to_string()).collect();
    format!(
        "alerts/{}/{}.json",
        detected_at.strftime("%Y/%m/%d"),
        Sha256::of(ids.as_bytes())
    )
}

/// The message with as many findings, the most severe first, as SNS takes.
fn fitting_message(
    findings: &[&Finding],
    stamped: &[StampedFinding<'_>],
    occasion: &ObjectLocation,
    stamp: Stamp<'_>,
    whole_list: &str,
) -> (String, usize) {
    let mut shown = stamped.len().min(MAX_FINDINGS_IN_MESSAGE);
    loop {
        let (some, left_out) = stamped.split_at_checked(shown).unwrap_or((stamped, &[]));
        let left_out = (!left_out.is_empty()).then_some(LeftOut {
            count: left_out.len(),
            whole_list,
        });
        let text = email(findings, shown, occasion, stamp, left_out.as_ref());
        let json = document(some, left_out);
        let message = serde_json::json!({
            "default": text, "email": text,
            "sqs": json, "lambda": json, "http": json, "https": json,
        })
        .to_string();
        if message.len() <= MAX_MESSAGE_BYTES || shown == 0 {
            return (message, shown);
        }
        // Proportionally fewer, and always fewer: a handful of rounds whatever the number.
        let fitting = shown.saturating_mul(MAX_MESSAGE_BYTES) / message.len();
        shown = fitting.min(shown - 1);
    }
}

fn document(findings: &[StampedFinding<'_>], left_out: Option<LeftOut<'_>>) -> String {
    let document = Document {
        schema: SCHEMA,
        findings,
        left_out,
    };
    // Texts, times and lists: there is nothing in it that JSON cannot hold.
    serde_json::to_string(&document).unwrap_or_default()
}

fn subject(findings: &[&Finding], worst: &Finding) -> String {
    let kinds: BTreeSet<&str> = findings.iter().map(|f| f.kind.as_str()).collect();
    let others = match kinds.len() - 1 {
        0 => String::new(),
        n => format!(" +{n} more"),
    };
    let count = match findings.len() {
        1 => "1 finding".to_owned(),
        n => format!("{n} findings"),
    };
    let mut place = String::new();
    for part in [&worst.scope.account, &worst.scope.region]
        .into_iter()
        .flatten()
    {
        place.push(' ');
        place.push_str(part);
    }
    let subject = format!(
        "[{}] Trailseal: {count}: {}{others},{place}",
        shout(worst.severity()),
        worst.kind
    );
    subject
        .trim_end_matches(',')
        .chars()
        .map(|c| {
            if c.is_ascii_graphic() || c == ' ' {
                c
            } else {
                '?'
            }
        })
        .take(MAX_SUBJECT_CHARS)
        .collect()
}

fn shout(severity: Severity) -> String {
    severity.as_str().to_ascii_uppercase()
}

fn email(
    findings: &[&Finding],
    in_message: usize,
    occasion: &ObjectLocation,
    stamp: Stamp<'_>,
    left_out: Option<&LeftOut<'_>>,
) -> String {
    let mut text = String::new();
    // Even where no finding fits in all its forms, the worst is told in this one.
    let told = in_message.clamp(1, MAX_FINDINGS_IN_TEXT);
    let worst = findings.first().map_or(Severity::Low, |f| f.severity());
    // Writing into a String does not fail.
    let _ = write_head(&mut text, findings, worst, occasion, stamp);
    for (number, finding) in findings.iter().take(told).enumerate() {
        let _ = write_finding(&mut text, number + 1, finding);
    }
    let untold = findings.len() - told;
    if untold > 0 {
        let _ = writeln!(text, "\n… and {untold} more, none more severe than these.");
        if let Some(left_out) = left_out {
            let _ = writeln!(text, "The whole list: {}", left_out.whole_list);
        } else {
            let _ = writeln!(
                text,
                "All are in the JSON form of this message (sqs, lambda, http and https subscriptions)."
            );
        }
    }
    text
}

fn write_head(
    text: &mut String,
    findings: &[&Finding],
    worst: Severity,
    occasion: &ObjectLocation,
    stamp: Stamp<'_>,
) -> std::fmt::Result {
    let count = match findings.len() {
        1 => "1 finding".to_owned(),
        n => format!("{n} findings, the worst"),
    };
    writeln!(text, "Trailseal: {count} {}", shout(worst))?;
    writeln!(text)?;
    if let Some(finding) = findings.first() {
        let scope = &finding.scope;
        for (label, value) in [
            ("Account", &scope.account),
            ("Region", &scope.region),
            ("Trail", &scope.trail),
        ] {
            if let Some(value) = value {
                writeln!(text, "{label:<11}{}", printable(value))?;
            }
        }
    }
    writeln!(
        text,
        "{:<11}{}",
        "Checked",
        printable(&occasion.to_string())
    )?;
    writeln!(
        text,
        "{:<11}{} by {}",
        "Detected",
        whole_second(stamp.detected_at),
        stamp.function
    )
}

fn write_finding(text: &mut String, number: usize, finding: &Finding) -> std::fmt::Result {
    writeln!(text)?;
    writeln!(
        text,
        "{number}. {} {}",
        shout(finding.severity()),
        finding.kind
    )?;
    writeln!(text, "   {}", printable(&finding.message))?;
    let mut line = |label: &str, value: &str| writeln!(text, "   {label:<11}{}", printable(value));
    line("Object", &finding.object.to_string())?;
    if let Some(digest) = &finding.digest
        && (digest.bucket != finding.object.bucket || digest.key != finding.object.key)
    {
        line("Digest", &format!("s3://{}/{}", digest.bucket, digest.key))?;
    }
    if let Some(window) = finding.window {
        let from = window
            .from
            .map_or_else(|| "unknown".to_owned(), |from| from.to_string());
        line("Uncovered", &format!("{from} to {}", window.to))?;
    }
    if let Some(expected) = &finding.expected {
        line("Expected", expected)?;
    }
    if let Some(actual) = &finding.actual {
        line("Actual", actual)?;
    }
    line("Finding", &finding.id().to_string())?;
    writeln!(text, "   What to do: {}", finding.advice())
}

/// Names in a bucket may be anybody's: nothing in them may forge a line of the message.
#[must_use]
pub fn printable(text: &str) -> String {
    let mut printable: String = text
        .chars()
        .take(MAX_VALUE_CHARS)
        .map(|c| if is_forging(c) { '\u{fffd}' } else { c })
        .collect();
    if text.chars().count() > MAX_VALUE_CHARS {
        printable.push('…');
    }
    printable
}

/// Control characters, and those that reorder or hide text.
fn is_forging(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{2028}' | '\u{2029}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff0}'..='\u{ffff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{FindingKind, Scope, Window};
    use serde_json::Value;

    fn finding(kind: FindingKind, key: &str) -> Finding {
        let scope = Scope {
            account: Some("111122223333".to_owned()),
            region: Some("us-east-1".to_owned()),
            trail: Some(
                "arn:aws:cloudtrail:us-east-1:111122223333:trail/management-events".to_owned(),
            ),
            home_region: Some("us-east-1".to_owned()),
        };
        Finding::new(
            kind,
            scope,
            ObjectLocation::new("amzn-s3-demo-bucket", key),
            "Something was done.",
        )
    }

    fn alert(findings: &[Finding]) -> Alert {
        let occasion = ObjectLocation::new("amzn-s3-demo-bucket", "digest");
        let stamp = Stamp {
            function: "log-verifier",
            detected_at: "2026-01-15T12:34:56Z".parse().unwrap(),
        };
        compose(findings, &occasion, stamp, Some("evidence")).unwrap()
    }

    fn text(alert: &Alert, protocol: &str) -> String {
        let message: Value = serde_json::from_str(&alert.message).unwrap();
        message[protocol].as_str().unwrap().to_owned()
    }

    #[test]
    fn no_findings_make_no_alert() {
        let stamp = Stamp {
            function: "log-verifier",
            detected_at: Timestamp::UNIX_EPOCH,
        };
        assert_eq!(
            compose(&[], &ObjectLocation::new("b", "k"), stamp, None),
            None
        );
    }

    #[test]
    fn the_worst_comes_first_and_names_the_alert() {
        let alert = alert(&[
            finding(FindingKind::ObjectArchived, "a"),
            finding(FindingKind::LogFileModified, "b"),
            finding(FindingKind::LogFileModified, "c"),
        ]);
        assert_eq!(
            alert.subject,
            "[CRITICAL] Trailseal: 3 findings: log-file-modified +1 more, 111122223333 us-east-1"
        );
        assert_eq!(alert.attributes["severity"], "critical");
        assert_eq!(alert.kinds, r#"["log-file-modified","object-archived"]"#);
        let json: Value = serde_json::from_str(&text(&alert, "sqs")).unwrap();
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

    #[test]
    fn a_finding_as_json_has_every_field_of_the_contract() {
        let alert = alert(&[finding(FindingKind::DigestMissing, "k")
            .with_window(Window {
                from: Some("2026-01-15T10:00:00Z".parse().unwrap()),
                to: "2026-01-15T12:00:00Z".parse().unwrap(),
            })
            .with_evidence("a digest", "none")]);
        let json: Value = serde_json::from_str(&text(&alert, "sqs")).unwrap();
        let mut finding = json["findings"][0].clone();
        let id = finding["id"].take();
        assert_eq!(id.as_str().unwrap().len(), 64);
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
                "version": env!("CARGO_PKG_VERSION"),
            })
        );
    }

    #[test]
    fn the_id_is_of_kind_and_subject_alone() {
        let one = finding(FindingKind::LogFileMissing, "k");
        let other = one.clone().with_evidence("a", "b");
        assert_eq!(one.id(), other.id());
        assert_ne!(one.id(), finding(FindingKind::LogFileModified, "k").id());
        assert_ne!(one.id(), finding(FindingKind::LogFileMissing, "l").id());
        assert_ne!(one.id(), one.clone().with_detail("d").id());
    }

    #[test]
    fn ten_thousand_findings_fit_and_say_where_the_rest_is() {
        let findings: Vec<Finding> = (0..10_000)
            .map(|n| finding(FindingKind::LogFileMissing, &format!("{n:0900}")))
            .collect();
        let alert = alert(&findings);
        assert!(alert.message.len() <= MAX_MESSAGE_BYTES);
        let json: Value = serde_json::from_str(&text(&alert, "sqs")).unwrap();
        let told = json["findings"].as_array().unwrap().len();
        assert!(told > 10, "{told}");
        assert_eq!(json["leftOut"]["count"], 10_000 - told);
        let overflow = alert.overflow.as_ref().unwrap();
        let place = format!("s3://evidence/{}", overflow.key);
        assert_eq!(json["leftOut"]["wholeList"], place.as_str());
        assert!(text(&alert, "email").contains(&place));
        let whole: Value = serde_json::from_str(&overflow.document).unwrap();
        assert_eq!(whole["findings"].as_array().unwrap().len(), 10_000);
    }

    #[test]
    fn a_text_without_end_neither_fills_nor_empties_the_alert() {
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
    fn a_hostile_key_forges_no_line_and_no_subject() {
        let alert = alert(&[finding(
            FindingKind::LogFileMissing,
            "x\n\n1. LOW all is well\u{202e}",
        )]);
        let email = text(&alert, "email");
        assert!(!email.contains("\n1. LOW"), "{email}");
        assert!(email.contains("x\u{fffd}\u{fffd}1. LOW all is well\u{fffd}"));
        let mut hostile = finding(FindingKind::LogFileMissing, "k");
        hostile.scope.account = Some("1\nBcc: x".repeat(50));
        let subject = super::subject(&[&hostile], &hostile);
        assert_eq!(subject.len(), 100);
        assert!(subject.bytes().all(|b| b.is_ascii_graphic() || b == b' '));
    }
}
