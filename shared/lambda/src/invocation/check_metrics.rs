//! The metrics of the objects that an invocation checks: added up, and written when it ends. A batch
//! of ten digests then takes one line and not thirty.
//!
//! A line may have metrics of several dimensions, and a metric several values, at most 100:
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>.

use super::metrics::{self, Metric};
use super::verified::Verified;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use trailseal::finding::{Counts, Stamp, Verdict};
use trailseal::names::location::ObjectLocation;
use trailseal::names::object_key::{DigestSeries, ObjectKind, classify};

/// The maximum number of values of a metric in one line.
const MAX_VALUES: usize = 100;

/// The metrics since the last invocation ended.
#[derive(Debug, Default)]
pub(crate) struct CheckMetrics(Mutex<Sums>);

#[derive(Debug, Default)]
struct Sums {
    /// How many times each rule was kept, was broken, or could not be verified.
    rules: BTreeMap<&'static str, Counts>,
    /// The number of objects, by the name of the metric and by verdict.
    objects: BTreeMap<(&'static str, &'static str), u64>,
    /// The seconds from the end of each hourly digest to the verdict on it.
    lags: Vec<u64>,
}

impl CheckMetrics {
    /// Adds an object. One that is verified again has a count of its own, and no lag.
    pub(super) fn add(&self, verified: Verified<'_>, stamp: Stamp<'_>) {
        let Verified {
            object,
            verdict,
            report,
            is_settled,
            is_history,
        } = verified;
        let mut sums = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (rule, count) in &report.rules {
            let sum = sums.rules.entry(rule).or_default();
            sum.valid = sum.valid.saturating_add(count.valid);
            sum.finding = sum.finding.saturating_add(count.finding);
            sum.cannot_tell = sum.cannot_tell.saturating_add(count.cannot_tell);
        }
        let name = if is_history {
            "HistoryObjects"
        } else {
            "Objects"
        };
        let count = sums
            .objects
            .entry((name, verdict_name(verdict)))
            .or_default();
        *count = count.saturating_add(1);
        if is_settled && !is_history {
            sums.lags.extend(lag(object, verdict, stamp));
        }
    }

    /// Writes the metrics of an invocation that read this many bytes of objects.
    pub(super) fn write(&self, bytes_read: u64, stamp: Stamp<'_>) {
        metrics::write_lines(&self.take(bytes_read, stamp));
    }

    /// Returns the lines: one for each rule, and one for each verdict. The first of these also has
    /// the metrics of the function.
    fn take(&self, bytes_read: u64, stamp: Stamp<'_>) -> Vec<Value> {
        let sums = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let mut lines = Vec::new();
        let mut values = sums.lags.chunks(MAX_VALUES);
        let mut own = vec![Metric::new("BytesRead", "Bytes", bytes_read)];
        own.extend(values.next().map(lag_metric));
        for ((name, verdict), count) in &sums.objects {
            let mut sets = vec![(
                Some(("Verdict", *verdict)),
                vec![Metric::new(name, "Count", *count)],
            )];
            let own = std::mem::take(&mut own);
            if !own.is_empty() {
                sets.push((None, own));
            }
            lines.push(metrics::line(stamp, &sets));
        }
        // An invocation that checked no object.
        if !own.is_empty() {
            lines.push(metrics::line(stamp, &[(None, own)]));
        }
        let more = values.map(|values| metrics::line(stamp, &[(None, vec![lag_metric(values)])]));
        lines.extend(more);
        lines.extend(sums.rules.iter().map(|(rule, count)| {
            let counts = vec![
                Metric::new("Valid", "Count", count.valid),
                Metric::new("Finding", "Count", count.finding),
                Metric::new("CannotTell", "Count", count.cannot_tell),
            ];
            metrics::line(stamp, &[(Some(("Rule", *rule)), counts)])
        }));
        lines
    }
}

fn lag_metric(lags: &[u64]) -> Metric {
    Metric {
        name: "Lag",
        unit: "Seconds",
        value: match lags {
            [lag] => json!(lag),
            lags => json!(lags),
        },
    }
}

fn verdict_name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Valid => "valid",
        Verdict::Finding => "finding",
        Verdict::CannotTell => "cannot-tell",
        Verdict::Ignored => "ignored",
    }
}

/// Returns how many seconds after the end of an hourly digest the verdict on it was reached. Returns
/// `None` if the object is not an hourly digest, or if there is no verdict.
fn lag(object: &ObjectLocation, verdict: Verdict, stamp: Stamp<'_>) -> Option<u64> {
    if !matches!(verdict, Verdict::Valid | Verdict::Finding) {
        return None;
    }
    match classify(&object.key) {
        ObjectKind::Digest(key) if key.series == DigestSeries::Hourly => {
            let lag = stamp.detected_at.duration_since(key.end_time).as_secs();
            Some(u64::try_from(lag).unwrap_or_default())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invocation::metrics::tests::{announced, owned, stamp};
    use std::sync::LazyLock;
    use trailseal::finding::Report;

    fn digest(end: &str) -> ObjectLocation {
        ObjectLocation::new(
            "amzn-s3-demo-bucket",
            format!(
                "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/01/15/111122223333_CloudTrail-Digest_us-east-1_management-events_us-east-1_{end}.json.gz"
            ),
        )
    }

    fn checked(object: &ObjectLocation, verdict: Verdict) -> Verified<'_> {
        static REPORT: LazyLock<Report> = LazyLock::new(Report::new);
        Verified {
            object,
            verdict,
            report: &REPORT,
            is_settled: true,
            is_history: false,
        }
    }

    #[test]
    fn the_objects_of_a_batch_take_one_line_for_each_verdict() {
        let metrics = CheckMetrics::default();
        let (one, other) = (digest("20260115T120000Z"), digest("20260115T130000Z"));
        metrics.add(checked(&one, Verdict::Valid), stamp());
        metrics.add(checked(&other, Verdict::Finding), stamp());
        metrics.add(checked(&other, Verdict::Valid), stamp());
        let lines = metrics.take(4096, stamp());
        assert_eq!(lines.len(), 2);
        let function = ("Function", "log-verifier");
        let announced = lines.iter().flat_map(announced);
        let announced: Vec<_> = announced.collect();
        let expected = [
            (
                "Objects",
                "Count",
                json!(1),
                vec![function, ("Verdict", "finding")],
            ),
            ("BytesRead", "Bytes", json!(4096), vec![function]),
            ("Lag", "Seconds", json!([3907, 307, 307]), vec![function]),
            (
                "Objects",
                "Count",
                json!(2),
                vec![function, ("Verdict", "valid")],
            ),
        ];
        let expected = expected.map(|(name, unit, value, dimensions)| {
            (name.to_owned(), unit.to_owned(), value, owned(&dimensions))
        });
        assert_eq!(announced, expected);
        // The next invocation starts at zero, and still says that it read nothing.
        let lines = metrics.take(0, stamp());
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0]["BytesRead"], 0);
        assert_eq!(lines[0].get("Objects"), None);
    }

    #[test]
    fn the_counts_of_a_rule_are_added_up() {
        let mut report = Report::new();
        let count = report.rules.entry("caller").or_default();
        count.add(Verdict::Valid);
        count.add(Verdict::Finding);
        let object = digest("20260115T120000Z");
        let verified = Verified {
            report: &report,
            ..checked(&object, Verdict::CannotTell)
        };
        let metrics = CheckMetrics::default();
        metrics.add(verified, stamp());
        metrics.add(verified, stamp());
        let lines = metrics.take(0, stamp());
        let of_rule = lines.iter().flat_map(announced);
        let of_rule =
            of_rule.filter(|(.., dimensions)| dimensions[1..] == owned(&[("Rule", "caller")]));
        let values: Vec<_> = of_rule.map(|(name, _, value, _)| (name, value)).collect();
        let expected = [("Valid", 2), ("Finding", 2), ("CannotTell", 0)];
        assert_eq!(
            values,
            expected.map(|(name, value)| (name.to_owned(), json!(value)))
        );
    }

    #[test]
    fn a_line_has_at_most_a_hundred_values() {
        let metrics = CheckMetrics::default();
        let object = digest("20260115T120000Z");
        for _ in 0..201 {
            metrics.add(checked(&object, Verdict::Valid), stamp());
        }
        let lines = metrics.take(0, stamp());
        let values = lines
            .iter()
            .map(|line| line["Lag"].as_array().map_or(1, Vec::len));
        assert_eq!(values.collect::<Vec<_>>(), [100, 100, 1]);
    }

    #[test]
    fn the_lag_is_measured_from_the_end_of_an_hourly_digest_to_its_verdict() {
        let key = digest;
        let lag_of = |object: &ObjectLocation, verdict| lag(object, verdict, stamp());
        assert_eq!(lag_of(&key("20260115T120000Z"), Verdict::Valid), Some(3907));
        // A clock that is slow, no verdict, and objects that are not hourly digests.
        assert_eq!(lag_of(&key("20260115T140000Z"), Verdict::Finding), Some(0));
        assert_eq!(lag_of(&key("20260115T120000Z"), Verdict::CannotTell), None);
        let backfill = key("20260115T120000Z_backfill");
        assert_eq!(lag_of(&backfill, Verdict::Valid), None);
        let other = ObjectLocation::new("amzn-s3-demo-bucket", "x");
        assert_eq!(lag_of(&other, Verdict::Valid), None);
    }

    /// The months between a past digest and its verification are not a lag.
    #[test]
    fn what_is_verified_again_is_counted_apart() {
        let object = digest("20260115T120000Z");
        for (is_history, expected) in [
            (false, &["Objects", "BytesRead", "Lag"][..]),
            (true, &["HistoryObjects", "BytesRead"]),
        ] {
            let metrics = CheckMetrics::default();
            let verified = Verified {
                is_history,
                ..checked(&object, Verdict::Valid)
            };
            metrics.add(verified, stamp());
            let lines = metrics.take(0, stamp());
            let names = lines.iter().flat_map(announced).map(|(name, ..)| name);
            assert_eq!(names.collect::<Vec<_>>(), expected);
        }
    }
}
