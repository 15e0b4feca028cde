//! The page of `trailseal evidence report`: what the evidence says about a period.
//!
//! As the page of `trailseal verify`, it holds no script and loads nothing. Everything in it comes
//! from documents in a bucket, and only ever becomes text.

mod amount;
mod chains;
mod days;
mod evidence;
mod gaps;
mod incidents;
mod method;
mod summary;
#[cfg(test)]
mod tests;

use super::calendar::{self, CalendarWords};
use super::shown::ShownChains;
use super::{head, outcome, text};
use crate::report::auditor::{AuditorChain, AuditorReport};
use crate::report::{ChainReport, Counts, Outcome};
use amount::hours;
use maud::{DOCTYPE, Markup, html};

/// What differs from the page of `trailseal verify`.
const OWN_STYLE: &str = include_str!("auditor.css");

const WORDS: CalendarWords = CalendarWords {
    lead: "The result for each hour of each chain, in UTC, as the receipts say. A cell shows the worst result of its time.",
    valid: "verified",
    part: "verified, and not all of the hour is in the period",
    outside: "not in the period, or before the trail",
};

/// The name of the product and of the page.
const PRODUCT: &str = "Trailseal: what the evidence says about a period";

/// Returns the page.
pub(crate) fn page(report: &AuditorReport) -> String {
    let verdict = sentence(report);
    let drawn: Vec<ChainReport> = report.chains.iter().map(drawn).collect();
    let chains = ShownChains::among(&drawn);
    html! {
        (DOCTYPE)
        html lang="en" {
            (head(&verdict, &report.source, report.version, OWN_STYLE))
            body {
                a.skip href="#content" { "Skip to the content" }
                (banner(report, &verdict))
                (contents(report))
                main.wide #content tabindex="-1" {
                    (summary::section(report))
                    (calendar::section(&chains, &WORDS))
                    (chains::section(report, &chains))
                    (gaps::section(report))
                    (incidents::section(report))
                    (evidence::section(report))
                    (method::section(report))
                }
                footer {
                    p.wide {
                        "Written by Trailseal " (report.version) " at "
                        (text::time(report.written_at))
                        ". All times are UTC."
                    }
                }
            }
        }
    }
    .into_string()
}

fn banner(report: &AuditorReport, verdict: &str) -> Markup {
    html! {
        header class={ "banner " (outcome::class(report.verdict)) } {
            div.wide {
                p.product { (PRODUCT) }
                h1 {
                    span.mark aria-hidden="true" { (outcome::mark(report.verdict)) }
                    (verdict)
                }
                p.subject {
                    span.mono { (text::isolated(&report.source)) }
                    span.range { (text::range(report.requested)) }
                    @if let Some(account) = &report.account { span { "account " (text::isolated(account)) } }
                    @if let Some(region) = &report.region { span { (text::isolated(region)) } }
                }
                @for addition in additions(report) {
                    p.addition { (addition) }
                }
            }
        }
    }
}

fn contents(report: &AuditorReport) -> Markup {
    let gaps = gaps::number(report);
    let evidence = evidence::number(report);
    html! {
        nav aria-label="Contents" {
            ol.wide {
                li { a href="#summary" { "Summary" } }
                li { a href="#coverage" { "Coverage" } }
                li { a href="#chains" { "Chains" } }
                li { a href="#gaps" { "Not verified " span.count { (text::number(gaps)) } } }
                li { a href="#incidents" { "Incidents " span.count { (text::number(report.incidents.len())) } } }
                li { a href="#evidence" { "The evidence itself " span.count { (text::number(evidence)) } } }
                li { a href="#method" { "How to read this" } }
            }
        }
    }
}

/// Returns the result in words.
pub(crate) fn sentence(report: &AuditorReport) -> String {
    let seconds = report.totals.seconds;
    let missed = format!(
        "{} of {} hours not verified",
        hours(seconds.not_verified()),
        hours(seconds.due())
    );
    let all_verified = seconds.not_verified() == 0;
    match report.verdict {
        Outcome::Finding if report.log.checkpoint.is_none() => {
            "Finding: the evidence log is not the one that was signed".to_owned()
        }
        Outcome::Finding if !report.evidence_findings.is_empty() => {
            format!("Finding: the evidence is not as it was logged; {missed}")
        }
        Outcome::Finding if all_verified => {
            "Finding: every hour was verified, and other objects have findings".to_owned()
        }
        Outcome::Finding => format!("Finding: {missed}"),
        Outcome::CannotTell if report.chains.is_empty() => {
            "Could not tell: the evidence has no chain in this period".to_owned()
        }
        Outcome::CannotTell if all_verified => {
            "Could not tell: every hour has valid receipts, and what they rest on could not be verified completely".to_owned()
        }
        Outcome::CannotTell => format!("Could not tell: {missed}; nothing wrong was found"),
        Outcome::Valid => format!(
            "Every hour verified: {} hours of {}",
            hours(seconds.verified),
            text::count(report.totals.chains, "chain", "chains")
        ),
    }
}

/// Returns what the result does not say.
fn additions(report: &AuditorReport) -> Vec<String> {
    let open = report.incidents.iter();
    let open = open.filter(|incident| {
        let end = report.requested.to.unwrap_or(report.written_at);
        incident.closed_at.is_none_or(|closed| closed >= end)
    });
    let open = match open.count() {
        0 => None,
        number => Some(format!(
            "{} open at the end of the period.",
            text::count(number, "incident was", "incidents were")
        )),
    };
    let unsigned = report.log.key_from_evidence.then(|| {
        "Who signed the log was not verified: the key is the one in the evidence bucket. Give the key with --key.".to_owned()
    });
    unsigned.into_iter().chain(open).collect()
}

/// Returns a chain as the calendar draws it.
fn drawn(chain: &AuditorChain) -> ChainReport {
    let id = &chain.id;
    ChainReport {
        bucket: id
            .bucket
            .clone()
            .unwrap_or_else(|| "unknown bucket".to_owned()),
        prefix: id.folder.as_deref().and_then(prefix_of),
        organization: None,
        account: id.account.clone(),
        region: id.region.clone(),
        trail: id.trail.clone(),
        home_region: id.home_region.clone(),
        verdict: chain.verdict,
        digests: Counts::default(),
        digests_missing: 0,
        log_files: Counts::default(),
        bytes: 0,
        coverage: chain.coverage.clone(),
        end: None,
    }
}

/// Returns the folder above that of the account.
fn prefix_of(folder: &str) -> Option<String> {
    let (above, _account) = folder.trim_end_matches('/').rsplit_once('/')?;
    Some(above.to_owned())
}
