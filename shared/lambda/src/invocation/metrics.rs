//! Metrics, as log lines in the Embedded Metric Format of `CloudWatch`.
//!
//! Format: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>.
//!
//! Lambda can filter a function's log by level, and a line that it drops is not a metric. For a
//! runtime such as this one, Lambda reads the level from the key `level` of a JSON line, and only
//! if the line has a valid RFC 3339 time in `timestamp`; any other line is `INFO`
//! (<https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html>).
//! Therefore, each line has both, and the level that no filter drops.

use super::verified::Verified;
use serde_json::{Value, json};
use std::io::Write as _;
use trailseal::evidence_log::Appended;
use trailseal::finding::{Report, Stamp, Verdict};
use trailseal::names::location::ObjectLocation;
use trailseal::names::object_key::{DigestSeries, ObjectKind, classify};
use trailseal::watch::Totals;

/// The namespace of all metrics.
const NAMESPACE: &str = "Trailseal";

/// The level of all lines: the highest level that Lambda has.
const LEVEL: &str = "FATAL";

/// Returns one line with metrics of the same dimensions, each with its name, unit and value.
fn line(stamp: Stamp<'_>, dimension: Option<(&str, &str)>, metrics: &[(&str, &str, u64)]) -> Value {
    let mut dimensions = vec!["Function"];
    dimensions.extend(dimension.map(|(name, _)| name));
    let units = metrics.iter();
    let units: Vec<_> = units
        .map(|(name, unit, _)| json!({"Name": name, "Unit": unit}))
        .collect();
    let mut line = json!({
        "level": LEVEL,
        "timestamp": stamp.detected_at.to_string(),
        "_aws": {
            "Timestamp": stamp.detected_at.as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [dimensions],
                "Metrics": units,
            }],
        },
        "Function": stamp.function,
    });
    if let Some(fields) = line.as_object_mut() {
        fields.extend(dimension.map(|(name, value)| (name.to_owned(), value.into())));
        let values = metrics.iter();
        fields.extend(values.map(|(name, _, value)| ((*name).to_owned(), (*value).into())));
    }
    line
}

/// Returns one line for each rule that was applied: how many times it was kept, was broken, or
/// could not be verified, by function and rule.
fn of_rules(report: &Report, stamp: Stamp<'_>) -> Vec<Value> {
    let rules = report.rules.iter();
    rules
        .map(|(rule, count)| {
            let metrics = [
                ("Valid", "Count", count.valid),
                ("Finding", "Count", count.finding),
                ("CannotTell", "Count", count.cannot_tell),
            ];
            line(stamp, Some(("Rule", rule)), &metrics)
        })
        .collect()
}

/// Returns one line for an object that was checked, counted under `name` by function and verdict.
fn of_object(name: &str, verdict: Verdict, stamp: Stamp<'_>) -> Value {
    let verdict = match verdict {
        Verdict::Valid => "valid",
        Verdict::Finding => "finding",
        Verdict::CannotTell => "cannot-tell",
        Verdict::Ignored => "ignored",
    };
    line(stamp, Some(("Verdict", verdict)), &[(name, "Count", 1)])
}

/// Returns one line for the verdict on an hourly digest: how many seconds after the digest's end
/// the verdict was reached. Returns `None` if the object is not an hourly digest, or if there is no
/// verdict.
fn of_lag(object: &ObjectLocation, verdict: Verdict, stamp: Stamp<'_>) -> Option<Value> {
    if !matches!(verdict, Verdict::Valid | Verdict::Finding) {
        return None;
    }
    match classify(&object.key) {
        ObjectKind::Digest(key) if key.series == DigestSeries::Hourly => {
            let lag = stamp.detected_at.duration_since(key.end_time).as_secs();
            let lag = u64::try_from(lag).unwrap_or_default();
            Some(line(stamp, None, &[("Lag", "Seconds", lag)]))
        }
        _ => None,
    }
}

/// Writes to the function's log what one alert contains: how many findings, and how many new
/// incidents.
pub fn write_alert(findings: u64, opened: u64, stamp: Stamp<'_>) {
    write_lines(&[of_alert(findings, opened, stamp)]);
}

/// Returns one line for an alert that SNS has accepted, by function.
fn of_alert(findings: u64, opened: u64, stamp: Stamp<'_>) -> Value {
    let metrics = [
        ("Alerts", "Count", 1),
        ("Findings", "Count", findings),
        ("IncidentsOpened", "Count", opened),
    ];
    line(stamp, None, &metrics)
}

/// Writes to the function's log what a complete round of `watchdog` counted.
pub fn write_round(totals: &Totals, stamp: Stamp<'_>) {
    write_lines(&[of_round(totals, stamp)]);
}

/// Returns one line for a round of `watchdog`, by function.
fn of_round(totals: &Totals, stamp: Stamp<'_>) -> Value {
    let age = totals.oldest.map_or(0, |oldest| {
        let age = stamp.detected_at.duration_since(oldest).as_secs();
        u64::try_from(age).unwrap_or_default()
    });
    let metrics = [
        ("ChainsWatched", "Count", totals.chains),
        ("ChainsOverdue", "Count", totals.overdue),
        ("NewestVerifiedAge", "Seconds", age),
        ("UnverifiedDigests", "Count", totals.unverified),
        ("LostEvents", "Count", totals.lost),
        ("UnlistedLogFiles", "Count", totals.unlisted),
        ("UnprovenLogFiles", "Count", totals.unproven),
        ("NotWatched", "Count", totals.unread),
    ];
    line(stamp, None, &metrics)
}

/// Writes to the function's log what an append to the evidence log did.
pub fn write_append(appended: &Appended, stamp: Stamp<'_>) {
    write_lines(&[of_append(appended, stamp)]);
}

/// Returns one line for an append to the evidence log, by function.
fn of_append(appended: &Appended, stamp: Stamp<'_>) -> Value {
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let left_out = appended.unread.saturating_add(appended.not_listed.len());
    let metrics = [
        ("LoggedDocuments", "Count", count(appended.documents)),
        ("NotLogged", "Count", count(left_out)),
    ];
    line(stamp, None, &metrics)
}

/// Writes to the function's log how many findings are in the baseline and were not published.
pub fn write_known_findings(count: u64, stamp: Stamp<'_>) {
    write_lines(&[of_known_findings(count, stamp)]);
}

/// Returns one line for findings that are in the baseline, by function.
fn of_known_findings(count: u64, stamp: Stamp<'_>) -> Value {
    line(stamp, None, &[("KnownFindings", "Count", count)])
}

/// Returns one line for the bytes of objects that an invocation read, by function.
pub(super) fn bytes_read(bytes: u64, stamp: Stamp<'_>) -> Value {
    line(stamp, None, &[("BytesRead", "Bytes", bytes)])
}

/// Returns one line for the unrelated messages of one kind, by function and kind.
pub(super) fn unrelated(kind: &str, count: u64, stamp: Stamp<'_>) -> Value {
    line(
        stamp,
        Some(("Kind", kind)),
        &[("Unrelated", "Count", count)],
    )
}

/// Writes the metrics of an object to the function's log.
pub(super) fn write(verified: Verified<'_>, stamp: Stamp<'_>) {
    write_lines(&of_check(verified, stamp));
}

/// Returns the lines for an object. One that is verified again has a count of its own, and no lag.
fn of_check(verified: Verified<'_>, stamp: Stamp<'_>) -> Vec<Value> {
    let Verified {
        object,
        verdict,
        report,
        is_settled,
        is_history,
    } = verified;
    let mut lines = of_rules(report, stamp);
    let name = if is_history {
        "HistoryObjects"
    } else {
        "Objects"
    };
    lines.push(of_object(name, verdict, stamp));
    if is_settled && !is_history {
        lines.extend(of_lag(object, verdict, stamp));
    }
    lines
}

/// Writes lines to the function's log.
pub(super) fn write_lines(lines: &[Value]) {
    let mut log = std::io::stdout().lock();
    for line in lines {
        // If writing to the log fails, the failure cannot be logged, either.
        let _ = writeln!(log, "{line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    fn stamp() -> Stamp<'static> {
        Stamp::by_function("log-verifier", "2026-01-15T13:05:07.25Z".parse().unwrap())
    }

    /// A metric's name, unit and value.
    type Metric = (String, String, u64);
    /// A dimension's name and value.
    type Dimension = (String, String);

    /// The metrics that a line announces, and their dimensions.
    fn announced(line: &Value) -> (Vec<Metric>, Vec<Dimension>) {
        assert_eq!(line["level"], "FATAL");
        let at: Timestamp = line["timestamp"].as_str().unwrap().parse().unwrap();
        assert_eq!(line["_aws"]["Timestamp"], at.as_millisecond());
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Namespace"], "Trailseal");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let metrics = directive["Metrics"].as_array().unwrap().iter();
        let metrics = metrics.map(|metric| {
            let name = text(&metric["Name"]);
            let value = line[&name].as_u64().unwrap();
            (name, text(&metric["Unit"]), value)
        });
        let dimensions = directive["Dimensions"][0].as_array().unwrap().iter();
        let dimensions = dimensions.map(|name| (text(name), text(&line[text(name)])));
        (metrics.collect(), dimensions.collect())
    }

    fn owned(texts: &[(&str, &str)]) -> Vec<(String, String)> {
        let texts = texts.iter();
        texts
            .map(|(one, other)| ((*one).to_owned(), (*other).to_owned()))
            .collect()
    }

    #[test]
    fn every_announced_metric_exists() {
        let mut report = Report::new();
        let count = report.rules.entry("caller").or_default();
        count.add(Verdict::Valid);
        count.add(Verdict::Valid);
        count.add(Verdict::Finding);
        let function = ("Function", "log-verifier");
        let lines = of_rules(&report, stamp());
        assert_eq!(lines.len(), 1);
        let (metrics, dimensions) = announced(&lines[0]);
        let metrics: Vec<_> = metrics.iter().map(|(n, _, v)| (n.as_str(), *v)).collect();
        assert_eq!(metrics, [("Valid", 2), ("Finding", 1), ("CannotTell", 0)]);
        assert_eq!(dimensions, owned(&[function, ("Rule", "caller")]));

        let (metrics, dimensions) = announced(&of_alert(7, 3, stamp()));
        let metrics: Vec<_> = metrics.iter().map(|(n, _, v)| (n.as_str(), *v)).collect();
        assert_eq!(
            metrics,
            [("Alerts", 1), ("Findings", 7), ("IncidentsOpened", 3)]
        );
        assert_eq!(dimensions, owned(&[function]));

        for (line, name, unit, value, dimension) in [
            (
                unrelated("aws-config", 17, stamp()),
                "Unrelated",
                "Count",
                17,
                Some(("Kind", "aws-config")),
            ),
            (
                of_object("Objects", Verdict::CannotTell, stamp()),
                "Objects",
                "Count",
                1,
                Some(("Verdict", "cannot-tell")),
            ),
            (bytes_read(4096, stamp()), "BytesRead", "Bytes", 4096, None),
            (
                of_known_findings(3, stamp()),
                "KnownFindings",
                "Count",
                3,
                None,
            ),
        ] {
            let (metrics, dimensions) = announced(&line);
            assert_eq!(metrics, [(name.to_owned(), unit.to_owned(), value)]);
            let expected: Vec<_> = std::iter::once(function).chain(dimension).collect();
            assert_eq!(dimensions, owned(&expected));
        }
    }

    #[test]
    fn the_lag_is_measured_from_the_end_of_an_hourly_digest_to_its_verdict() {
        let key = |end: &str| {
            ObjectLocation::new(
                "amzn-s3-demo-bucket",
                format!(
                    "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/01/15/111122223333_CloudTrail-Digest_us-east-1_management-events_us-east-1_{end}.json.gz"
                ),
            )
        };
        let lag = of_lag(&key("20260115T120000Z"), Verdict::Valid, stamp()).unwrap();
        let (metrics, dimensions) = announced(&lag);
        let expected = ("Lag".to_owned(), "Seconds".to_owned(), 3907);
        assert_eq!(metrics, [expected]);
        assert_eq!(dimensions, owned(&[("Function", "log-verifier")]));
        // A clock that is slow, no verdict, and objects that are not hourly digests.
        let early = of_lag(&key("20260115T140000Z"), Verdict::Finding, stamp()).unwrap();
        assert_eq!(early["Lag"], 0);
        let hourly = key("20260115T120000Z");
        assert_eq!(of_lag(&hourly, Verdict::CannotTell, stamp()), None);
        let backfill = key("20260115T120000Z_backfill");
        assert_eq!(of_lag(&backfill, Verdict::Valid, stamp()), None);
        let other = ObjectLocation::new("amzn-s3-demo-bucket", "x");
        assert_eq!(of_lag(&other, Verdict::Valid, stamp()), None);
    }

    /// The months between a past digest and its verification are not a lag.
    #[test]
    fn what_is_verified_again_is_counted_apart() {
        let object = ObjectLocation::new(
            "amzn-s3-demo-bucket",
            "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/01/15/111122223333_CloudTrail-Digest_us-east-1_management-events_us-east-1_20260115T120000Z.json.gz",
        );
        let report = Report::new();
        for (is_history, expected) in [
            (false, &["Objects", "Lag"][..]),
            (true, &["HistoryObjects"]),
        ] {
            let verified = Verified {
                object: &object,
                verdict: Verdict::Valid,
                report: &report,
                is_settled: true,
                is_history,
            };
            let lines = of_check(verified, stamp());
            let names: Vec<String> = lines
                .iter()
                .flat_map(|line| announced(line).0)
                .map(|(name, _, _)| name)
                .collect();
            assert_eq!(names, expected);
        }
    }
}
