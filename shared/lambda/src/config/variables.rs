//! Values of variables, read and checked: all problems are reported at once.

use std::fmt;
use trailseal::names::bucket_name::bucket_name;
use trailseal::names::evidence_lock::{EvidenceLock, LockMode};
use trailseal::names::value;

/// Every wrong value, by the name of its variable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError(Vec<(&'static str, String)>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration is wrong:")?;
        for (variable, problem) in &self.0 {
            write!(f, " {variable} {problem};")?;
        }
        f.write_str(" correct the stack's parameters and deploy again")
    }
}

/// The variables of an environment, and the problems of those that were read.
pub(super) struct Variables<V> {
    value: V,
    problems: Vec<(&'static str, String)>,
}

impl<V: Fn(&str) -> Option<String>> Variables<V> {
    /// Reads through `value`, which returns a variable's value.
    pub(super) fn new(value: V) -> Self {
        Self {
            value,
            problems: Vec::new(),
        }
    }

    /// Returns a variable's value; an empty value counts as missing.
    fn get(&self, name: &str) -> Option<String> {
        (self.value)(name).filter(|value| !value.trim().is_empty())
    }

    /// Fails if any variable was wrong.
    pub(super) fn finish(self) -> Result<(), ConfigError> {
        if self.problems.is_empty() {
            Ok(())
        } else {
            Err(ConfigError(self.problems))
        }
    }

    /// Records the problem of a variable; only the first problem of each variable is kept.
    pub(super) fn problem(&mut self, name: &'static str, problem: impl Into<String>) {
        if !self.problems.iter().any(|(n, _)| *n == name) {
            self.problems.push((name, problem.into()));
        }
    }

    /// Returns the value of a variable if it is set and correct.
    pub(super) fn one<T>(
        &mut self,
        name: &'static str,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let value = self.get(name)?;
        let parsed = parse(value::plain(&value));
        if parsed.is_none() {
            self.problem(name, format!("is `{value}`, which is not {expected}"));
        }
        parsed
    }

    /// Returns the values of a variable that contains a list.
    pub(super) fn list<T>(
        &mut self,
        name: &'static str,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Vec<T> {
        let Some(value) = self.get(name) else {
            return Vec::new();
        };
        // A value of only commas or quotes would otherwise mean "any".
        if value::list(&value).next().is_none() {
            self.problem(name, format!("is `{value}`, which contains no value"));
        }
        let mut items = Vec::new();
        for item in value::list(&value) {
            match parse(item) {
                Some(item) => items.push(item),
                None => self.problem(
                    name,
                    format!("contains `{item}`, but must be a comma-separated list of {expected}"),
                ),
            }
        }
        items
    }

    /// Reads the URL of a queue.
    pub(super) fn queue_url(&mut self, name: &'static str) -> Option<String> {
        self.one(name, "an SQS queue URL", queue_url_of)
    }

    /// Reads how the documents of the evidence bucket are locked, if they are.
    pub(super) fn evidence_lock(&mut self) -> Option<EvidenceLock> {
        let mode = self.one(
            "TRAILSEAL_EVIDENCE_LOCK",
            "Off, Governance or Compliance",
            |text| match LockMode::from_name(text) {
                None if !text.eq_ignore_ascii_case("off") => None,
                mode => Some(mode),
            },
        );
        let days = self.one(
            "TRAILSEAL_EVIDENCE_LOCK_DAYS",
            "a number of days from 1 to 36500",
            |text| {
                let days = text.parse().ok()?;
                EvidenceLock::new(LockMode::Governance, days).map(|_| days)
            },
        );
        let mode = mode.flatten()?;
        if days.is_none() {
            self.problem(
                "TRAILSEAL_EVIDENCE_LOCK_DAYS",
                "is missing: the documents of the evidence bucket are locked for a number of days",
            );
        }
        EvidenceLock::new(mode, days?)
    }

    /// Reads the name of the evidence bucket.
    pub(super) fn evidence_bucket(&mut self) -> Option<String> {
        self.one("TRAILSEAL_EVIDENCE_BUCKET", "a bucket name", bucket_name)
    }
}

/// Returns the text if it is the URL of a queue.
pub(super) fn queue_url_of(text: &str) -> Option<String> {
    (text.starts_with("https://") || text.starts_with("http://")).then(|| text.to_owned())
}
