//! The effect of new lifecycle rules on a log bucket.
//!
//! Rules: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_LifecycleRule.html>,
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html>

use super::call::WatchedCall;
use super::effect::{Effect, Guarded, MIN_DAYS_TO_REACT};
use super::setting::{count, is_enabled, items, text};
use crate::names::key_prefix::may_start_trail_files;
use serde_json::Value;

/// The maximum number of rules in a configuration.
///
/// Rule: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-to-set-lifecycle-configuration-intro.html>
const MAX_RULES: usize = 1000;

pub(super) fn effect(call: &WatchedCall<'_>, bucket: &str, guarded: &Guarded<'_>) -> Effect {
    let configuration = call.request.get("LifecycleConfiguration");
    let Some(configuration) = configuration.filter(|value| value.is_object()) else {
        return Effect::Unclear("the record does not contain the bucket's new lifecycle rules");
    };
    let rules = items(
        configuration
            .get("Rule")
            .or_else(|| configuration.get("Rules")),
    );
    if rules.len() > MAX_RULES {
        return Effect::Unclear("the record has more lifecycle rules than a bucket can have");
    }
    let root = guarded.root_in(bucket);
    let weaknesses = rules
        .into_iter()
        .filter(|rule| is_enabled(rule.get("Status")) && reaches_log_files(rule, root.as_deref()))
        .flat_map(|rule| of_rule(rule, guarded.retention()))
        .collect();
    Effect::of(
        weaknesses,
        "no lifecycle rule removes log files before their time",
    )
}

/// Returns whether a rule is about log files or digests. `root`: the start of their keys, if it is
/// known. Tags and sizes do not count: the author of the rule may also set tags.
fn reaches_log_files(rule: &Value, root: Option<&str>) -> bool {
    let prefix = ["/Filter/Prefix", "/Filter/And/Prefix", "/Prefix"]
        .iter()
        .find_map(|place| text(rule.pointer(place)))
        .unwrap_or_default();
    let roots: Vec<&str> = root.into_iter().collect();
    may_start_trail_files(prefix, &roots)
}

/// Returns the words for a number of days.
fn days_of(days: u64) -> String {
    format!("{days} {}", if days == 1 { "day" } else { "days" })
}

/// Returns what is weak about an enabled rule.
fn of_rule(rule: &Value, retention: u64) -> Vec<String> {
    let name = text(rule.get("ID")).unwrap_or("without a name");
    let mut weaknesses = Vec::new();
    let expiration = rule.get("Expiration");
    let days = count(expiration.and_then(|it| it.get("Days")));
    if let Some(days) = days.filter(|days| *days < retention) {
        weaknesses.push(format!(
            "the lifecycle rule {name} expires log files after {} (they must be kept for {})",
            days_of(days),
            days_of(retention)
        ));
    }
    if let Some(date) = text(expiration.and_then(|it| it.get("Date"))) {
        weaknesses.push(format!(
            "the lifecycle rule {name} expires all log files on {date}"
        ));
    }
    let versions = rule.get("NoncurrentVersionExpiration");
    let days = count(versions.and_then(|it| it.get("NoncurrentDays")));
    if let Some(days) = days.filter(|days| *days < MIN_DAYS_TO_REACT) {
        weaknesses.push(format!(
            "the lifecycle rule {name} removes overwritten and deleted versions after {}",
            days_of(days)
        ));
    }
    weaknesses
}
