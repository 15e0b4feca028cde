//! The chains as a table.

use super::shown::ShownChains;
use super::{outcome, summary, text};
use crate::report::{ChainReport, Counts, Outcome};
use maud::{Markup, html};

/// Returns the section.
pub(super) fn section(chains: &ShownChains<'_>) -> Markup {
    html! {
        section #chains aria-labelledby="chains-title" {
            h2 #chains-title { "Chains" }
            p.lead {
                "CloudTrail writes one chain of hourly digests for each account, Region and trail. "
                "Each digest lists the log files of its hour and signs the digest before."
                @if let (true, Some((_, first))) = (chains.in_one_place(), chains.shown.first()) {
                    " All of these are in " (place(first)) "."
                }
            }
            @if chains.shown.is_empty() {
                p.quiet { "No chain was found." }
            } @else {
                div.scroll role="region" aria-labelledby="chains-title" tabindex="0" {
                    (table(chains))
                }
            }
            (chains.note())
        }
    }
}

fn table(chains: &ShownChains<'_>) -> Markup {
    html! {
        table.chains {
            thead {
                tr {
                    th scope="col" rowspan="2" { "Account" }
                    th scope="col" rowspan="2" { "Region" }
                    th scope="col" rowspan="2" { "Trail" }
                    th scope="col" rowspan="2" { "Verdict" }
                    th.group.start scope="colgroup" colspan="4" { "Digests" }
                    th.group.start scope="colgroup" colspan="3" { "Log files" }
                    th.times scope="col" rowspan="2" { "Valid" }
                }
                tr {
                    th.n scope="col" { "valid" }
                    th.n scope="col" { "finding" }
                    th.n scope="col" { "cannot" br; "tell" }
                    th.n scope="col" { "missing" }
                    th.n scope="col" { "valid" }
                    th.n scope="col" { "finding" }
                    th.n scope="col" { "cannot" br; "tell" }
                }
            }
            tbody {
                @for (number, chain) in &chains.shown {
                    (row(*number, chain, chains.in_one_place()))
                }
            }
        }
    }
}

fn row(number: usize, chain: &ChainReport, in_one_place: bool) -> Markup {
    html! {
        tr {
            td { (text::isolated(&chain.account)) }
            th scope="row" {
                a href={ "#" (anchor(number)) } { (text::isolated(&chain.region)) }
            }
            td.trail {
                (text::isolated(&chain.trail))
                div.sub {
                    "home " (text::isolated(&chain.home_region))
                    @if !in_one_place { ", " (place(chain)) }
                }
            }
            td { (outcome::badge(chain.verdict)) }
            (counts(chain.digests))
            (summary::number(chain.digests_missing, Outcome::Finding))
            (counts(chain.log_files))
            td.times {
                @match chain.valid_time() {
                    Some(time) => {
                        (text::moment(time.from)) " –" br; (text::moment(time.to))
                        @if let Some(gaps) = time.gaps_in_words() { div.sub { (gaps) } }
                    },
                    None => span.none { "none" },
                }
            }
        }
    }
}

fn counts(counts: Counts) -> Markup {
    html! {
        (summary::number(counts.valid, Outcome::Valid))
        (summary::number(counts.finding, Outcome::Finding))
        (summary::number(counts.cannot_tell, Outcome::CannotTell))
    }
}

/// Returns the place of its digests.
pub(super) fn place(chain: &ChainReport) -> Markup {
    html! {
        (text::isolated(&chain.bucket))
        @if let Some(prefix) = &chain.prefix { "/" (text::isolated(prefix)) }
        @if let Some(organization) = &chain.organization { ", " (text::isolated(organization)) }
    }
}

/// Returns the anchor of its calendar in the page.
pub(super) fn anchor(number: usize) -> String {
    format!("chain-{}", number + 1)
}
