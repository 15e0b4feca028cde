//! When the hours of each day were verified for the first and for the last time.

use super::amount::{hours, more, times};
use crate::output::html::text;
use crate::report::auditor::{AuditorChain, AuditorHour};
use maud::{Markup, html};

/// The maximum number of builds of a chain that are named.
const MAX_BUILDS: usize = 6;

/// The maximum number of rows of a page.
const MAX_ROWS: usize = 3_000;

/// Returns a table for each chain.
pub(super) fn section(chains: &[(usize, &AuditorChain)]) -> Markup {
    let mut room = MAX_ROWS;
    let mut left_out = 0_u64;
    let mut tables = Vec::new();
    for (number, chain) in chains {
        let days: Vec<&[AuditorHour]> = chain.verified.chunk_by(same_day).collect();
        if days.len() > room {
            left_out = left_out.saturating_add(u64::try_from(days.len()).unwrap_or(u64::MAX));
            continue;
        }
        room -= days.len();
        if !days.is_empty() {
            tables.push((number, chain, days));
        }
    }
    html! {
        @if !tables.is_empty() {
            h3 { "When each day was verified" }
        }
        @for (_, chain, days) in &tables {
            details.days {
                summary {
                    (text::isolated(&chain.id.account)) ", " (text::isolated(&chain.id.region)) ", "
                    (text::isolated(&chain.id.trail)) ": "
                    (text::count(days.len(), "day", "days"))
                }
                (builds(chain))
                div.scroll { table {
                    thead { tr {
                        th scope="col" { "Day" }
                        th.n scope="col" { "Hours verified" }
                        th scope="col" { "First" }
                        th scope="col" { "Last" }
                    } }
                    tbody { @for day in days { (row(day)) } }
                } }
            }
        }
        (more(left_out))
    }
}

fn same_day(one: &AuditorHour, other: &AuditorHour) -> bool {
    one.from.as_second().div_euclid(86_400) == other.from.as_second().div_euclid(86_400)
}

fn row(day: &[AuditorHour]) -> Markup {
    let first = day
        .first()
        .map(|hour| hour.from.strftime("%Y-%m-%d").to_string());
    let seconds = day.iter().map(|hour| {
        let seconds = hour.to.as_second().saturating_sub(hour.from.as_second());
        u64::try_from(seconds).unwrap_or_default()
    });
    html! {
        tr {
            th scope="row" { (first.unwrap_or_default()) }
            td.n { (hours(seconds.sum())) }
            td { (times(day, |hour| hour.first_at)) }
            td { (times(day, |hour| hour.last_at)) }
        }
    }
}

/// Returns the versions of the functions that wrote the receipts.
fn builds(chain: &AuditorChain) -> Markup {
    let left_out = chain.verified_by.len().saturating_sub(MAX_BUILDS);
    html! {
        p.sub {
            "Verified by "
            @for (number, known) in chain.verified_by.iter().take(MAX_BUILDS).enumerate() {
                @if number > 0 { ", " }
                (text::isolated(&known.build.function)) " "
                (text::isolated(&known.build.version)) " (version "
                (text::isolated(&known.build.function_version)) " of the function): "
                (text::count(known.receipts, "receipt", "receipts"))
            }
            @if left_out > 0 { ", and " (text::number(left_out)) " other versions" }
        }
    }
}
