//! The objects that could not be verified, by reason.

use super::{outcome, text};
use crate::report::{CannotTell, Verification};
use maud::{Markup, html};

/// The maximum number of reasons that are printed.
const MAX_REASONS: usize = 50;
/// The maximum number of objects for one reason that are printed.
const MAX_OF_A_REASON: usize = 100;
/// The number of those that are visible without a click.
const OPEN: usize = 10;

/// Returns the section.
pub(super) fn section(verification: &Verification) -> Markup {
    let mut groups: Vec<Vec<&CannotTell>> = Vec::new();
    let mut sorted: Vec<_> = verification.cannot_tell.iter().collect();
    sorted.sort_by_key(|one| (&one.reason, &one.advice));
    for group in sorted.chunk_by(|a, b| (&a.reason, &a.advice) == (&b.reason, &b.advice)) {
        groups.push(group.to_vec());
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.len()));
    let unprinted: usize = groups.iter().skip(MAX_REASONS).map(Vec::len).sum();
    html! {
        section #unreadable aria-labelledby="unreadable-title" {
            h2 #unreadable-title { "What could not be verified" }
            @if groups.is_empty() {
                p.quiet { "Everything that was requested could be verified." }
            } @else {
                p.lead {
                    (text::count(outcome::unreadable(verification), "object", "objects"))
                    ". They count neither as valid nor as changed, because they could not be checked."
                }
            }
            @for group in groups.iter().take(MAX_REASONS) { (reason(group)) }
            (left_out(unprinted, verification.cannot_tell_left_out))
        }
    }
}

fn reason(group: &[&CannotTell]) -> Markup {
    let printed: Vec<_> = group.iter().take(MAX_OF_A_REASON).collect();
    let (open, folded) = printed.split_at(printed.len().min(OPEN));
    let Some(first) = group.first() else {
        return html! {};
    };
    html! {
        section.kind {
            div.head {
                h3 {
                    span.badge.c { span aria-hidden="true" { "?" } " cannot tell" } " "
                    (text::isolated(&first.reason)) " "
                    span.count { (text::number(group.len())) }
                }
                dl {
                    dt { "What to do" }
                    dd { (text::isolated(&first.advice)) }
                }
            }
            ol.findings { @for one in open { (item(one)) } }
            @if !folded.is_empty() {
                details.folded {
                    summary { (text::number(folded.len())) " more for this reason" }
                    ol.findings start=(OPEN + 1) { @for one in folded { (item(one)) } }
                }
            }
            (left_out(group.len() - printed.len(), 0))
        }
    }
}

fn item(one: &CannotTell) -> Markup {
    let scope = [&one.account, &one.region, &one.trail];
    html! {
        li.finding {
            p.scope {
                @for part in scope.into_iter().flatten() { span { (text::isolated(part)) } }
            }
            p.mono { (text::isolated(&one.subject)) }
        }
    }
}

fn left_out(unprinted: usize, uncounted: u64) -> Markup {
    let left_out = u64::try_from(unprinted)
        .unwrap_or(u64::MAX)
        .saturating_add(uncounted);
    html! {
        @if left_out > 0 {
            p.more {
                (text::number(left_out)) " more are not shown. "
                code { "--format json" } " contains up to " (text::number(crate::report::MAX_KEPT))
                ", " code { "--format ndjson" } " all of them."
            }
        }
    }
}
