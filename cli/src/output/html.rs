//! One self-contained page for the audit file.
//!
//! It holds no script and asks for nothing from elsewhere, and its content security policy says so.
//! Object keys, messages and evidence may be an attacker's words: they only ever become text, with
//! characters that hide or reorder text spelled out.

mod calendar;
mod chains;
mod findings;
mod method;
mod outcome;
mod summary;
mod text;
mod unreadable;

use crate::report::copy::CopyReport;
use crate::report::{ChainReport, Outcome, Verification};
use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = include_str!("html/style.css");

/// What a browser may do with the page: show it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/// The most chains that are listed and drawn; the most alarming are.
const MAX_CHAINS: usize = 1000;

/// The page.
pub(crate) fn page(verification: &Verification) -> String {
    let verdict = outcome::sentence(verification);
    let range = text::range(verification.requested);
    let chains = ShownChains::of(verification);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="referrer" content="no-referrer";
                meta name="generator" content={ "Trailseal " (verification.version) };
                title { (verdict) " – " (text::plain(&verification.source)) " – Trailseal" }
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#content" { "Skip to the content" }
                header class={ "banner " (outcome::class(verification.verdict)) } {
                    div.wide {
                        p.product { "Trailseal: verification of CloudTrail digest and log files" }
                        h1 {
                            span.mark aria-hidden="true" { (outcome::mark(verification.verdict)) }
                            (verdict)
                        }
                        p.subject {
                            @if let Some(name) = verification.copy.as_ref().and_then(CopyReport::name) {
                                (name) " "
                            }
                            span.mono { (text::told(&verification.source)) }
                            span.range { (range) }
                        }
                        @if let Some(addition) = outcome::addition(verification) {
                            p.addition { (addition) }
                        }
                    }
                }
                (contents(verification))
                main.wide #content tabindex="-1" {
                    (summary::section(verification))
                    (calendar::section(&chains))
                    (chains::section(&chains))
                    (findings::section(verification))
                    (unreadable::section(verification))
                    (method::section(verification))
                }
                footer {
                    p.wide {
                        "Written by Trailseal " (verification.version) " at "
                        (text::time(verification.finished_at))
                        ". All times are UTC."
                    }
                }
            }
        }
    }
    .into_string()
}

fn contents(verification: &Verification) -> Markup {
    let findings = outcome::findings(verification);
    let unreadable = outcome::unreadable(verification);
    html! {
        nav aria-label="Contents" {
            ol.wide {
                li { a href="#summary" { "Summary" } }
                li { a href="#coverage" { "Coverage" } }
                li { a href="#chains" { "Chains" } }
                li { a href="#findings" { "Findings" " " span.count { (text::number(findings)) } } }
                li { a href="#unreadable" { "Cannot tell " span.count { (text::number(unreadable)) } } }
                li { a href="#method" { "How this was established" } }
            }
        }
    }
}

/// The chains that are listed and drawn.
struct ShownChains<'a> {
    /// Those, in the order of the report, each with its number there.
    shown: Vec<(usize, &'a ChainReport)>,
    /// How many are left out.
    left_out: usize,
}

impl<'a> ShownChains<'a> {
    fn of(verification: &'a Verification) -> Self {
        let mut shown: Vec<_> = verification.chains.iter().enumerate().collect();
        let left_out = shown.len().saturating_sub(MAX_CHAINS);
        if left_out > 0 {
            shown.sort_by_key(|(_, chain)| std::cmp::Reverse(chain.verdict));
            shown.truncate(MAX_CHAINS);
            shown.sort_by_key(|(number, _)| *number);
        }
        Self { shown, left_out }
    }

    /// Whether all lie under one prefix of one bucket.
    fn in_one_place(&self) -> bool {
        self.shown
            .array_windows()
            .all(|[(_, one), (_, other)]| one.is_beside(other))
    }

    /// What is said where chains are left out.
    fn note(&self) -> Markup {
        html! {
            @if self.left_out > 0 {
                p.more {
                    (text::count(self.left_out, "more chain", "more chains"))
                    " not shown here; those with findings come first. "
                    code { "--format json" } " holds every chain."
                }
            }
        }
    }
}

impl ChainReport {
    /// Whether another chain lies under the same prefix of the same bucket.
    fn is_beside(&self, other: &Self) -> bool {
        (&self.bucket, &self.prefix, &self.organization)
            == (&other.bucket, &other.prefix, &other.organization)
    }
}

/// Whether a chain, or anything else, is as it should be.
fn is_fine(outcome: Outcome) -> bool {
    outcome == Outcome::Valid
}

#[cfg(test)]
mod tests;
