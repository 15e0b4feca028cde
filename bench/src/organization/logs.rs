//! The log lines of the functions, as they write them.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read};

use serde_json::Value;

use super::day::{BATCHES, Line};
use super::settings::Function;
use super::stage::{MARK, Messages};
use crate::report::float;

/// The lines of the invocations with batches of one size.
#[derive(Debug, Clone, Copy, Default)]
struct Written {
    invocations: f64,
    lines: f64,
    bytes: f64,
}

/// The log lines of an hour of files of the assumed sizes.
#[derive(Debug, Default)]
pub(crate) struct LogLines {
    /// By the names of [`super::day::key`].
    written: BTreeMap<String, Written>,
    /// The metrics with their dimensions.
    pub(crate) metrics: BTreeSet<String>,
    /// The number of files of these invocations, by the same names.
    pub(crate) messages: BTreeMap<String, f64>,
}

impl LogLines {
    /// Reads the output of the simulation: lines after a mark belong to the invocation that it
    /// names.
    pub(crate) fn read(output: impl Read) -> anyhow::Result<Self> {
        let mut logs = Self::default();
        let mut current: Option<String> = None;
        for line in BufReader::new(output).lines() {
            let line = line?;
            if let Some(mark) = line.strip_prefix(MARK) {
                current = mark.strip_prefix("sized ").map(str::to_owned);
                if let Some(name) = &current {
                    logs.written.entry(name.clone()).or_default().invocations += 1.0;
                }
            } else if let Some(name) = &current {
                let written = logs.written.entry(name.clone()).or_default();
                written.lines += 1.0;
                written.bytes += float(line.len() as u64);
                logs.note_metrics(&line);
            }
        }
        Ok(logs)
    }

    /// Notes the metrics of a line in the Embedded Metric Format.
    fn note_metrics(&mut self, line: &str) {
        let line: Value = serde_json::from_str(line).unwrap_or_default();
        let directives = line["_aws"]["CloudWatchMetrics"].as_array();
        for directive in directives.into_iter().flatten() {
            let sets = directive["Dimensions"].as_array().into_iter().flatten();
            for dimensions in sets {
                let names = dimensions.as_array().into_iter().flatten();
                let values: Vec<String> = names
                    .filter_map(Value::as_str)
                    .map(|name| format!("{name}={}", line[name]))
                    .collect();
                let metrics = directive["Metrics"].as_array().into_iter().flatten();
                let metrics = metrics.map(|metric| format!("{} {values:?}", metric["Name"]));
                self.metrics.extend(metrics);
            }
        }
    }

    fn line(&self, function: Function, messages: Messages, of: fn(Written) -> f64) -> Line<f64> {
        let point = |batch| {
            let name = super::day::key(function, messages, batch);
            let written = self.written.get(&name).copied().unwrap_or_default();
            let messages = self.messages.get(&name).copied().unwrap_or_default();
            (
                messages / written.invocations,
                of(written) / written.invocations,
            )
        };
        let [(few, less), (many, more)] = BATCHES.map(point);
        let message = (more - less) / (many - few);
        Line {
            invocation: less - message * few,
            message,
        }
    }

    /// Returns the number of lines of an invocation.
    pub(crate) fn lines(&self, function: Function, messages: Messages) -> Line<f64> {
        self.line(function, messages, |written| written.lines)
    }

    /// Returns the bytes of the lines of an invocation.
    pub(crate) fn bytes(&self, function: Function, messages: Messages) -> Line<f64> {
        self.line(function, messages, |written| written.bytes)
    }
}
