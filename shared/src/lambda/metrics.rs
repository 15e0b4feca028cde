//! Metrics, as log lines in the Embedded Metric Format of `CloudWatch`.
//!
//! Format: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>.

use crate::finding::{Report, Stamp};
use serde_json::{Value, json};
use std::io::Write as _;

/// The namespace of all metrics.
const NAMESPACE: &str = "Trailseal";

/// One line for each rule that was applied: how often it was kept, broken, or neither could be
/// said, by function and rule.
pub(super) fn lines(report: &Report, stamp: Stamp<'_>) -> Vec<Value> {
    let metric = |name: &str| json!({"Name": name, "Unit": "Count"});
    let rules = report.rules.iter();
    rules
        .map(|(rule, count)| {
            json!({
                "_aws": {
                    "Timestamp": stamp.detected_at.as_millisecond(),
                    "CloudWatchMetrics": [{
                        "Namespace": NAMESPACE,
                        "Dimensions": [["Function", "Rule"]],
                        "Metrics": [metric("Valid"), metric("Finding"), metric("CannotTell")],
                    }],
                },
                "Function": stamp.function,
                "Rule": rule,
                "Valid": count.valid,
                "Finding": count.finding,
                "CannotTell": count.cannot_tell,
            })
        })
        .collect()
}

/// One line for the messages of one kind that were somebody else's, by function and kind.
pub(super) fn unrelated(kind: &str, count: u64, stamp: Stamp<'_>) -> Value {
    json!({
        "_aws": {
            "Timestamp": stamp.detected_at.as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [["Function", "Kind"]],
                "Metrics": [{"Name": "Unrelated", "Unit": "Count"}],
            }],
        },
        "Function": stamp.function,
        "Kind": kind,
        "Unrelated": count,
    })
}

/// Writes what a report counts to the function's log.
pub(super) fn write(report: &Report, stamp: Stamp<'_>) {
    write_lines(&lines(report, stamp));
}

/// Writes lines to the function's log.
pub(super) fn write_lines(lines: &[Value]) {
    let mut log = std::io::stdout().lock();
    for line in lines {
        // A log that cannot be written to cannot be told about, either.
        let _ = writeln!(log, "{line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Verdict;
    use jiff::Timestamp;

    #[test]
    fn every_metric_that_is_announced_is_there() {
        let mut report = Report::new();
        let count = report.rules.entry("caller").or_default();
        count.add(Verdict::Valid);
        count.add(Verdict::Valid);
        count.add(Verdict::Finding);
        let stamp = Stamp {
            function: "kms-context-checker",
            detected_at: Timestamp::UNIX_EPOCH,
        };
        let unrelated = unrelated("aws-config", 17, stamp);
        let directive = &unrelated["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Metrics"][0]["Name"], "Unrelated");
        assert_eq!(unrelated["Unrelated"], 17);
        for dimension in directive["Dimensions"][0].as_array().unwrap() {
            assert!(unrelated[dimension.as_str().unwrap()].is_string());
        }
        let lines = lines(&report, stamp);
        assert_eq!(lines.len(), 1);
        let line = &lines[0];
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        let values: Vec<(&str, u64)> = directive["Metrics"]
            .as_array()
            .unwrap()
            .iter()
            .map(|metric| metric["Name"].as_str().unwrap())
            .map(|name| (name, line[name].as_u64().unwrap()))
            .collect();
        assert_eq!(values, [("Valid", 2), ("Finding", 1), ("CannotTell", 0)]);
        for dimension in directive["Dimensions"][0].as_array().unwrap() {
            assert!(line[dimension.as_str().unwrap()].is_string());
        }
    }
}
