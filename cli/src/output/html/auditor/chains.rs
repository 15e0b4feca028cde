//! The chains as a table: how much was verified, when, and by which build.

use super::amount::{hours, times};
use super::days;
use crate::output::html::chains::anchor;
use crate::output::html::shown::ShownChains;
use crate::output::html::{outcome, text};
use crate::report::auditor::{AuditorChain, AuditorReport};
use maud::{Markup, html};

/// Returns the section.
pub(super) fn section(report: &AuditorReport, shown: &ShownChains<'_>) -> Markup {
    let rows: Vec<(usize, &AuditorChain)> = shown
        .shown
        .iter()
        .filter_map(|(number, _)| Some((*number, report.chains.get(*number)?)))
        .collect();
    html! {
        section #chains aria-labelledby="chains-title" {
            h2 #chains-title { "Chains" }
            p.lead {
                "CloudTrail writes one chain of hourly digests for each account, Region and trail. An hour is verified when "
                code { "digest-validator" } " and " code { "log-verifier" }
                " have receipts that say so, the second one for every log file of the hour."
            }
            @if rows.is_empty() {
                p.quiet { "The evidence has no chain in this period." }
            } @else {
                div.scroll role="region" aria-labelledby="chains-title" tabindex="0" { (table(&rows)) }
                (shown.note())
                (days::section(&rows))
            }
        }
    }
}

fn table(rows: &[(usize, &AuditorChain)]) -> Markup {
    html! {
        table.chains {
            thead { tr {
                th scope="col" { "Account" }
                th scope="col" { "Region" }
                th scope="col" { "Trail" }
                th scope="col" { "Result" }
                th.n scope="col" { "Hours" br; "verified" }
                th.n scope="col" { "not" br; "verified" }
                th scope="col" { "Watched since" }
                th.times scope="col" { "First verified" }
                th.times scope="col" { "Last verified" }
            } }
            tbody { @for (number, chain) in rows { (row(*number, chain)) } }
        }
    }
}

fn row(number: usize, chain: &AuditorChain) -> Markup {
    let id = &chain.id;
    html! {
        tr {
            td { (text::isolated(&id.account)) }
            th scope="row" { a href={ "#" (anchor(number)) } { (text::isolated(&id.region)) } }
            td.trail {
                (text::isolated(&id.trail))
                div.sub { "home " (text::isolated(&id.home_region)) }
            }
            td { (outcome::badge(chain.verdict)) }
            td.n { (hours(chain.seconds.verified)) }
            td.n { (hours(chain.seconds.not_verified())) }
            td.since { @match chain.watched_since { Some(since) => (text::moment(since)), None => "before the period" } }
            td.times { (times(&chain.verified, |hour| hour.first_at)) }
            td.times { (times(&chain.verified, |hour| hour.last_at)) }
        }
    }
}
