//! Metrics, as log lines in the Embedded Metric Format of `CloudWatch`.
//!
//! Format: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>.
//!
//! Lambda can filter a function's log by level, and a line that it drops is not a metric. For a
//! runtime such as this one, Lambda reads the level from the key `level` of a JSON line, and only
//! if the line has a valid RFC 3339 time in `timestamp`; any other line is `INFO`
//! (<https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html>).
//! Therefore, each line has both, and the level that no filter drops.

use serde_json::{Value, json};
use std::io::Write as _;
use trailseal::evidence_log::Appended;
use trailseal::finding::Stamp;
use trailseal::watch::Totals;

/// The namespace of all metrics.
const NAMESPACE: &str = "Trailseal";

/// The level of all lines: the highest level that Lambda has.
const LEVEL: &str = "FATAL";

/// A metric and its value.
#[derive(Debug, Clone)]
pub(super) struct Metric {
    /// Its name.
    pub(super) name: &'static str,
    /// Its unit.
    pub(super) unit: &'static str,
    /// A number, or several.
    pub(super) value: Value,
}

impl Metric {
    /// Returns a metric with one value.
    pub(super) fn new(name: &'static str, unit: &'static str, value: u64) -> Self {
        Self {
            name,
            unit,
            value: value.into(),
        }
    }
}

/// Metrics of the same dimensions: the function, and perhaps one more, by its name and value.
pub(super) type MetricSet<'a> = (Option<(&'a str, &'a str)>, Vec<Metric>);

/// Returns one line with sets of metrics.
pub(super) fn line(stamp: Stamp<'_>, sets: &[MetricSet<'_>]) -> Value {
    let directives = sets.iter().map(|(dimension, metrics)| {
        let mut dimensions = vec!["Function"];
        dimensions.extend(dimension.map(|(name, _)| name));
        let metrics = metrics.iter();
        let units: Vec<_> = metrics
            .map(|metric| json!({"Name": metric.name, "Unit": metric.unit}))
            .collect();
        json!({"Namespace": NAMESPACE, "Dimensions": [dimensions], "Metrics": units})
    });
    let directives: Vec<_> = directives.collect();
    let mut line = json!({
        "level": LEVEL,
        "timestamp": stamp.detected_at.to_string(),
        "_aws": {
            "Timestamp": stamp.detected_at.as_millisecond(),
            "CloudWatchMetrics": directives,
        },
        "Function": stamp.function,
    });
    if let Some(fields) = line.as_object_mut() {
        for (dimension, metrics) in sets {
            fields.extend(dimension.map(|(name, value)| (name.to_owned(), value.into())));
            let values = metrics.iter();
            fields.extend(values.map(|metric| (metric.name.to_owned(), metric.value.clone())));
        }
    }
    line
}

/// Returns one line with metrics of the function.
fn of_function(stamp: Stamp<'_>, metrics: &[(&'static str, &'static str, u64)]) -> Value {
    let metrics = metrics.iter();
    let metrics = metrics.map(|(name, unit, value)| Metric::new(name, unit, *value));
    line(stamp, &[(None, metrics.collect())])
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
    of_function(stamp, &metrics)
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
    of_function(stamp, &metrics)
}

/// Writes to the function's log how many settings a look at all of them could not read.
pub fn write_settings_look(unread: u64, stamp: Stamp<'_>) {
    write_lines(&[of_settings_look(unread, stamp)]);
}

/// Returns one line for a look at the settings, by function.
fn of_settings_look(unread: u64, stamp: Stamp<'_>) -> Value {
    of_function(stamp, &[("NotWatched", "Count", unread)])
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
    of_function(stamp, &metrics)
}

/// Writes to the function's log how many incidents were open at a second look at all of them.
pub fn write_open_incidents(count: u64, stamp: Stamp<'_>) {
    write_lines(&[of_open_incidents(count, stamp)]);
}

/// Returns one line for open incidents, by function.
fn of_open_incidents(count: u64, stamp: Stamp<'_>) -> Value {
    of_function(stamp, &[("OpenIncidents", "Count", count)])
}

/// Writes to the function's log how many findings are in the baseline and were not published.
pub fn write_known_findings(count: u64, stamp: Stamp<'_>) {
    write_lines(&[of_known_findings(count, stamp)]);
}

/// Returns one line for findings that are in the baseline, by function.
fn of_known_findings(count: u64, stamp: Stamp<'_>) -> Value {
    of_function(stamp, &[("KnownFindings", "Count", count)])
}

/// Returns one line for the unrelated messages of one kind, by function and kind.
pub(super) fn unrelated(kind: &str, count: u64, stamp: Stamp<'_>) -> Value {
    let metrics = vec![Metric::new("Unrelated", "Count", count)];
    line(stamp, &[(Some(("Kind", kind)), metrics)])
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
pub(super) mod tests {
    use super::*;
    use jiff::Timestamp;

    pub(in crate::invocation) fn stamp() -> Stamp<'static> {
        Stamp::by_function("log-verifier", "2026-01-15T13:05:07.25Z".parse().unwrap())
    }

    /// A dimension's name and value.
    type Dimension = (String, String);
    /// A metric's name, unit, value and dimensions.
    type Announced = (String, String, Value, Vec<Dimension>);

    /// The metrics that a line announces.
    pub(in crate::invocation) fn announced(line: &Value) -> Vec<Announced> {
        assert_eq!(line["level"], "FATAL");
        let at: Timestamp = line["timestamp"].as_str().unwrap().parse().unwrap();
        assert_eq!(line["_aws"]["Timestamp"], at.as_millisecond());
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let mut announced = Vec::new();
        for directive in line["_aws"]["CloudWatchMetrics"].as_array().unwrap() {
            assert_eq!(directive["Namespace"], "Trailseal");
            let dimensions = directive["Dimensions"][0].as_array().unwrap().iter();
            let dimensions = dimensions.map(|name| (text(name), text(&line[text(name)])));
            let dimensions: Vec<_> = dimensions.collect();
            let metrics = directive["Metrics"].as_array().unwrap().iter();
            announced.extend(metrics.map(|metric| {
                let name = text(&metric["Name"]);
                let value = line[&name].clone();
                assert!(value.is_u64() || value.is_array(), "{name}: {value}");
                (name, text(&metric["Unit"]), value, dimensions.clone())
            }));
        }
        announced
    }

    pub(in crate::invocation) fn owned(texts: &[(&str, &str)]) -> Vec<Dimension> {
        let texts = texts.iter();
        texts
            .map(|(one, other)| ((*one).to_owned(), (*other).to_owned()))
            .collect()
    }

    #[test]
    fn every_announced_metric_exists() {
        let function = ("Function", "log-verifier");
        let metrics = announced(&of_alert(7, 3, stamp()));
        let metrics: Vec<_> = metrics
            .into_iter()
            .map(|(name, _, value, dimensions)| {
                assert_eq!(dimensions, owned(&[function]));
                (name, value)
            })
            .collect();
        let expected = [("Alerts", 1), ("Findings", 7), ("IncidentsOpened", 3)];
        let expected = expected.map(|(name, value)| (name.to_owned(), json!(value)));
        assert_eq!(metrics, expected);

        for (line, name, value, dimension) in [
            (
                unrelated("aws-config", 17, stamp()),
                "Unrelated",
                17,
                Some(("Kind", "aws-config")),
            ),
            (of_known_findings(3, stamp()), "KnownFindings", 3, None),
            (of_open_incidents(0, stamp()), "OpenIncidents", 0, None),
        ] {
            let dimensions: Vec<_> = std::iter::once(function).chain(dimension).collect();
            let expected = (
                name.to_owned(),
                "Count".to_owned(),
                json!(value),
                owned(&dimensions),
            );
            assert_eq!(announced(&line), [expected]);
        }
    }
}
