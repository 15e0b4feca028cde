//! Lifecycle rules that delete more of a trail's files than others.

use super::setting::Setting;
use crate::finding::guard::GuardCondition;
use crate::names::key_prefix::may_start_trail_files;
use crate::world::{ExpirationRule, Lifecycle};

impl Lifecycle {
    /// Returns the rules that may delete files of trails. `roots` are the starts of the keys of the
    /// bucket's trails: see [`may_start_trail_files`].
    fn of_trail_files(&self, roots: &[&str]) -> Self {
        let rules = self.rules.iter();
        let rules = rules.filter(|rule| may_start_trail_files(&rule.prefix, roots));
        Self {
            rules: rules.cloned().collect(),
        }
    }

    /// Returns the rules for people.
    fn text(&self) -> String {
        let rules = self.rules.iter().map(|rule| {
            let days =
                |days: Option<u32>| days.map_or("never".to_owned(), |d| format!("after {d} days"));
            format!(
                "rule `{}` for `{}*`{}: objects expire {}, earlier versions {}",
                rule.id,
                rule.prefix,
                filter(rule),
                days(rule.days),
                days(rule.noncurrent_days)
            )
        });
        let rules: Vec<String> = rules.collect();
        if rules.is_empty() {
            "nothing expires".to_owned()
        } else {
            rules.join("; ")
        }
    }
}

impl Setting for Lifecycle {
    const NAME: &'static str = "lifecycle rules";

    /// Returns whether a rule deletes something that none of the earlier rules deletes so soon.
    fn is_weaker_than(&self, was: &Self, roots: &[&str]) -> bool {
        let (is, was) = (self.of_trail_files(roots), was.of_trail_files(roots));
        let is_covered = |rule: &ExpirationRule, days: fn(&ExpirationRule) -> Option<u32>| {
            let Some(soon) = days(rule) else { return true };
            was.rules.iter().any(|earlier| {
                rule.prefix.starts_with(&earlier.prefix)
                    && has_filter_of(rule, earlier)
                    && days(earlier).is_some_and(|days| days <= soon)
            })
        };
        is.rules.iter().any(|rule| {
            !is_covered(rule, |rule| rule.days) || !is_covered(rule, |rule| rule.noncurrent_days)
        })
    }

    /// A new rule of which it is not known that it deletes files of a trail is not accepted: it is
    /// compared again when another trail is known, or a chain head can be read again.
    fn recorded_after(self, was: &Self, roots: &[&str]) -> Self {
        let rules = self
            .rules
            .into_iter()
            .filter(|rule| may_start_trail_files(&rule.prefix, roots) || was.rules.contains(rule));
        Self {
            rules: rules.collect(),
        }
    }

    fn difference(&self, was: &Self) -> (String, String) {
        (was.text(), self.text())
    }
}

/// Returns whether the sizes and tags of `earlier` include all objects of `rule`. Which tags does not
/// matter: CloudTrail's files have none, and who may add tags may add any.
fn has_filter_of(rule: &ExpirationRule, earlier: &ExpirationRule) -> bool {
    let larger = earlier.larger_than.unwrap_or(0) <= rule.larger_than.unwrap_or(0);
    let limit = |rule: &ExpirationRule| rule.smaller_than.unwrap_or(u64::MAX);
    larger && limit(earlier) >= limit(rule) && (rule.needs_tags || !earlier.needs_tags)
}

/// Returns the filter of the rule for people.
fn filter(rule: &ExpirationRule) -> String {
    let larger = rule.larger_than;
    let larger = larger.map(|size| format!(" larger than {size} bytes"));
    let smaller = rule.smaller_than;
    let smaller = smaller.map(|size| format!(" smaller than {size} bytes"));
    let tags = rule.needs_tags.then(|| " with certain tags".to_owned());
    let filters: Vec<String> = [larger, smaller, tags].into_iter().flatten().collect();
    filters.join(",")
}

/// Returns the condition of the lifecycle rule that reaches furthest into the retention. Rules that
/// apply only to some tags are left to the comparison with the record: CloudTrail's files have no
/// tags.
pub(super) fn too_soon(
    bucket: &str,
    lifecycle: &Lifecycle,
    roots: &[&str],
    retention_days: Option<u64>,
) -> Option<GuardCondition> {
    let retention_days = retention_days?;
    let rules = lifecycle.of_trail_files(roots).rules.into_iter();
    let too_soon = rules.filter(|rule| !rule.needs_tags).filter_map(|rule| {
        let days = rule.days?;
        (u64::from(days) < retention_days).then_some((days, rule.id))
    });
    let (days, rule) = too_soon.min()?;
    Some(GuardCondition::ExpiresTooSoon {
        bucket: bucket.to_owned(),
        rule,
        days,
        retention_days,
    })
}
