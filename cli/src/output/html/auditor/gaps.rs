//! What was not verified, and why.

use super::amount::{hours, left_out, more};
use crate::output::html::{outcome, text};
use crate::report::auditor::{AuditorChain, AuditorGap, AuditorReport, outcome as outcome_of};
use maud::{Markup, html};
use trailseal::period::HourState;

/// The maximum number of gaps of a page.
const MAX_GAPS: usize = 1_000;

/// The maximum number of findings, reasons and receipts of a gap.
const MAX_OF_A_GAP: usize = 5;

/// Returns the number of gaps.
pub(super) fn number(report: &AuditorReport) -> u64 {
    let chains = report.chains.iter();
    chains
        .map(|chain| left_out(chain.gaps.len(), 0).saturating_add(chain.gaps_left_out))
        .sum()
}

/// Returns the section.
pub(super) fn section(report: &AuditorReport) -> Markup {
    let gaps = report
        .chains
        .iter()
        .flat_map(|chain| chain.gaps.iter().map(move |gap| (chain, gap)));
    let mut gaps: Vec<(&AuditorChain, &AuditorGap)> = gaps.collect();
    gaps.sort_by_key(|(_, gap)| (std::cmp::Reverse(gap.reason), gap.from));
    let shown = gaps.len().min(MAX_GAPS);
    let all = number(report);
    html! {
        section #gaps aria-labelledby="gaps-title" {
            h2 #gaps-title { "Not verified" }
            @if gaps.is_empty() {
                p.quiet { "Nothing: every hour of every chain was verified." }
            } @else {
                p.lead { "The time that was not verified, the worst reason first." }
                div.scroll role="region" aria-labelledby="gaps-title" tabindex="0" {
                    table.gaps {
                        thead { tr {
                            th scope="col" { "From – to" }
                            th.n scope="col" { "Hours" }
                            th scope="col" { "Chain" }
                            th scope="col" { "Reason" }
                        } }
                        tbody { @for (chain, gap) in gaps.iter().take(MAX_GAPS) { (row(chain, gap)) } }
                    }
                }
                (more(all.saturating_sub(left_out(shown, 0))))
            }
        }
    }
}

/// Returns the reason in words.
fn words(reason: HourState) -> &'static str {
    match reason {
        HourState::Verified => "verified",
        HourState::BeforeTrail => "before the first digest of the trail",
        HourState::NotLoggedYet => "younger than the log: its receipts may follow",
        HourState::BeforeWatch => "before the chain was watched",
        HourState::NoReceipt => "no receipt",
        HourState::CannotTell => "could not be verified",
        HourState::Finding => "in its receipts, or about them",
    }
}

fn row(chain: &AuditorChain, gap: &AuditorGap) -> Markup {
    let seconds = gap.to.as_second().saturating_sub(gap.from.as_second());
    html! {
        tr {
            td { (text::moment(gap.from)) " –" br; (text::moment(gap.to)) }
            td.n { (hours(u64::try_from(seconds).unwrap_or_default())) }
            td {
                (text::isolated(&chain.id.account)) " " (text::isolated(&chain.id.region))
                div.sub { (text::isolated(&chain.id.trail)) }
            }
            td.wrap {
                (outcome::badge(outcome_of(gap.reason.verdict()))) " " (words(gap.reason))
                @for reason in gap.reasons.iter().take(MAX_OF_A_GAP) { div { (text::isolated(reason)) } }
                @for finding in gap.findings.iter().take(MAX_OF_A_GAP) {
                    div {
                        strong { (text::isolated(&finding.kind)) } " "
                        span.mono { (text::isolated(&finding.object)) }
                        div.sub { "ID " span.mono { (text::isolated(&finding.id)) } }
                    }
                }
                @for receipt in gap.receipts.iter().take(MAX_OF_A_GAP) {
                    div.sub { "receipt " span.mono { (text::isolated(receipt)) } }
                }
                (rest(gap))
            }
        }
    }
}

fn rest(gap: &AuditorGap) -> Markup {
    let lists = [gap.findings.len(), gap.reasons.len(), gap.receipts.len()];
    let rest: usize = lists
        .iter()
        .map(|len| len.saturating_sub(MAX_OF_A_GAP))
        .sum();
    html! {
        @if rest > 0 { div.sub { (text::number(rest)) " more entries are in the JSON form" } }
    }
}
