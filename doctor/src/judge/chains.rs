//! The chains that the functions have verified: each continues.

use crate::report::{Check, Remedy};
use crate::stack::Stack;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use trailseal::watch::{Heads, WatchedChain};

/// The maximum number of chains, and of unreadable chain heads, that are listed by name.
const MAX_LISTED: usize = 50;

/// The time until the first digest after the deployment. CloudTrail delivers one every hour, some
/// half an hour late.
const FIRST_DIGEST: SignedDuration = SignedDuration::from_hours(3);

const CHECK: &str = "chain";

/// Returns the checks of all chains. `continued` has the ends of chains that continue at another
/// place, by their places, as the function `watchdog` remembers them.
pub(crate) fn chains(
    stack: &Stack,
    heads: &Heads,
    continued: &BTreeMap<String, Timestamp>,
    now: Timestamp,
) -> Vec<Check> {
    let (trails, ended) = (stack.trails(), stack.ended());
    let all = heads.chains.values().flatten();
    let expected = all.filter(|it| {
        let is_of_trail = trails.is_empty() || trails.iter().any(|arn| it.chain.is_of(arn));
        is_of_trail && stack.log_buckets().contains(&it.bucket)
    });
    let has_to_continue = |it: &&WatchedChain| {
        !ended.iter().any(|end| end.names(&it.chain))
            && continued.get(&it.place()) != Some(&it.newest_end)
    };
    let (mut live, mut overdue, mut over) = (Vec::new(), Vec::new(), 0_usize);
    for chain in expected {
        if now.duration_since(chain.newest_end) <= stack.overdue() {
            live.push(chain);
        } else if has_to_continue(&chain) {
            overdue.push(chain);
        } else {
            over = over.saturating_add(1);
        }
    }
    let unread: Vec<_> = heads.unread.values().flatten().collect();
    let mut checks = Vec::new();
    checks.extend(summary(stack, &live, over));
    checks.extend(overdue.iter().take(MAX_LISTED).map(|it| late(it, now)));
    let more = overdue.len().saturating_sub(MAX_LISTED);
    if more > 0 {
        let detail = format!("{more} more chains are overdue");
        checks.push(Check::wrong(CHECK, &stack.name, detail, Vec::new()));
    }
    checks.extend(unread.iter().take(MAX_LISTED).map(|(document, cause)| {
        Check::cannot_tell(CHECK, document, format!("its head cannot be read: {cause}"))
    }));
    let more = unread.len().saturating_sub(MAX_LISTED);
    if more > 0 {
        let detail = format!("{more} more heads cannot be read");
        checks.push(Check::cannot_tell(CHECK, &stack.name, detail));
    }
    if checks.is_empty() {
        checks.push(none(stack, now));
    }
    checks
}

fn summary(stack: &Stack, live: &[&WatchedChain], over: usize) -> Option<Check> {
    let oldest = live.iter().map(|chain| chain.newest_end).min();
    let over = match over {
        0 => String::new(),
        n => format!("; {n} ended or continue at another place"),
    };
    let detail = match (oldest, over.is_empty()) {
        (Some(oldest), _) => {
            let chains = match live.len() {
                1 => "1 chain continues".to_owned(),
                n => format!("{n} chains continue"),
            };
            format!("{chains}, with a verified digest that ends at {oldest} or later{over}")
        }
        (None, true) => return None,
        (None, false) => over.trim_start_matches("; ").to_owned(),
    };
    Some(Check::ok(CHECK, &stack.name, detail))
}

fn late(chain: &WatchedChain, now: Timestamp) -> Check {
    let hours = now.duration_since(chain.newest_end).as_hours();
    let detail = format!(
        "its newest verified digest ended {hours} hours ago, at {}",
        chain.newest_end
    );
    let steps = "if the trail was ended on purpose, add it to EndedTrails; otherwise follow the alert digest-overdue, and the checks of the trail, the bucket, the rule and the function here";
    Check::wrong(
        CHECK,
        chain.place(),
        detail,
        vec![Remedy::Do(steps.to_owned())],
    )
}

fn none(stack: &Stack, now: Timestamp) -> Check {
    if stack.age(now).is_none_or(|age| age < FIRST_DIGEST) {
        let detail =
            "no digest is verified yet: CloudTrail delivers one every hour, some half an hour late";
        return Check::cannot_tell(CHECK, &stack.name, detail);
    }
    let detail = "no digest was ever verified";
    let steps = "check log file validation of the trail, and the checks of the bucket, the rule and the function here";
    Check::wrong(
        CHECK,
        &stack.name,
        detail,
        vec![Remedy::Do(steps.to_owned())],
    )
}

#[cfg(test)]
mod tests;
