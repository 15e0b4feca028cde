//! One self-contained page for the audit file.
//!
//! It holds no script and loads nothing from other places, and its content security policy says so.
//! Object keys, messages and evidence may be written by an attacker: they only ever become text,
//! and characters that hide or reorder text are spelled out.

pub(crate) mod auditor;
mod calendar;
mod chains;
mod findings;
mod method;
mod outcome;
mod shown;
mod summary;
mod text;
mod unreadable;

use crate::report::Verification;
use crate::report::copy::CopyReport;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use shown::ShownChains;

const STYLE: &str = include_str!("html/style.css");

/// The content security policy: a browser may only show the page.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/// Returns the head of a page with this title about a source. `more` is added to the style.
fn head(title: &str, source: &str, version: &str, more: &str) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta http-equiv="Content-Security-Policy" content=(POLICY);
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="referrer" content="no-referrer";
            meta name="generator" content={ "Trailseal " (version) };
            title { (title) " – " (text::plain(source)) " – Trailseal" }
            link rel="icon" href="data:,";
            style { (PreEscaped(STYLE)) (PreEscaped(more)) }
        }
    }
}

/// Returns the page.
pub(crate) fn page(verification: &Verification) -> String {
    let verdict = outcome::sentence(verification);
    let range = text::range(verification.requested);
    let chains = ShownChains::of(verification);
    html! {
        (DOCTYPE)
        html lang="en" {
            (head(&verdict, &verification.source, verification.version, ""))
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
                            span.mono { (text::isolated(&verification.source)) }
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
                    (calendar::section(&chains, &calendar::VERIFICATION))
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

#[cfg(test)]
mod tests;
