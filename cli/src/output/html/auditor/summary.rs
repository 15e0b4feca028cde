//! The summary: the hours by result, and what the report rests on.

use super::amount::hours;
use crate::output::html::{outcome, text};
use crate::report::Outcome;
use crate::report::auditor::{AuditorLog, AuditorReport};
use maud::{Markup, html};

/// Returns the section.
pub(super) fn section(report: &AuditorReport) -> Markup {
    html! {
        section #summary aria-labelledby="summary-title" {
            h2 #summary-title { "Summary" }
            p.command { code { (text::isolated(&text::command(&report.command))) } }
            div.columns {
                (results(report))
                (rests_on(report))
            }
        }
    }
}

fn results(report: &AuditorReport) -> Markup {
    let seconds = report.totals.seconds;
    let rows = [
        ("verified", seconds.verified, Outcome::Valid),
        (
            "receipts with findings, or receipts deleted or changed",
            seconds.finding,
            Outcome::Finding,
        ),
        (
            "could not be verified",
            seconds.cannot_tell,
            Outcome::CannotTell,
        ),
        ("no receipt", seconds.no_receipt, Outcome::CannotTell),
        (
            "younger than the log",
            seconds.not_logged_yet,
            Outcome::CannotTell,
        ),
        (
            "before the chain was watched",
            seconds.before_watch,
            Outcome::CannotTell,
        ),
    ];
    html! {
        div {
            table {
                caption { "Hours of " (text::count(report.totals.chains, "chain", "chains")) }
                thead { tr {
                    th scope="col" { "Result" }
                    th.n scope="col" { "Hours" }
                } }
                tbody {
                    @for (words, seconds, outcome) in rows {
                        @if seconds > 0 || outcome == Outcome::Valid {
                            tr {
                                th scope="row" { (outcome::badge(outcome)) " " (words) }
                                td.n { (hours(seconds)) }
                            }
                        }
                    }
                    tr {
                        th scope="row" { "all" }
                        td.n { (hours(seconds.due())) }
                    }
                }
            }
            @if seconds.before_trail > 0 {
                p.sub { (hours(seconds.before_trail)) " hours before the first digest of a trail are not counted." }
            }
            dl.facts {
                div { dt { "Receipts that are as logged" } dd { (text::number(report.totals.receipts)) } }
                div { dt { "Documents that are not in the log yet" } dd { (text::number(report.totals.not_logged_yet)) } }
                div { dt { "Version" } dd { "Trailseal " (report.version) ", report " (report.schema) } }
            }
        }
    }
}

fn rests_on(report: &AuditorReport) -> Markup {
    let log = &report.log;
    html! {
        div {
            h3 #checkpoint { "The checkpoint that this rests on" }
            @match (&log.root, log.size) {
                (Some(root), Some(size)) => (checkpoint(log, root, size)),
                _ => p { "There is none: no checkpoint with a right signature was found. Nothing in this report is proven." },
            }
        }
    }
}

fn checkpoint(log: &AuditorLog, root: &str, size: u64) -> Markup {
    let (state, signature) = if log.key_from_evidence {
        (
            Outcome::CannotTell,
            "not verified: the key is the one in the evidence bucket",
        )
    } else if log.signed {
        (
            Outcome::Valid,
            "right, by the key that was given, and about all entries of the log",
        )
    } else {
        (
            Outcome::Finding,
            "right, by the key that was given, and about other entries than those in the bucket",
        )
    };
    html! {
        dl.facts {
            div { dt { "Log" } dd.mono.hash { (text::isolated(&log.origin)) } }
            div { dt { "Size" } dd { (text::count(size, "entry", "entries")) } }
            div { dt { "Root" } dd.mono.hash { (text::isolated(root)) } }
            div {
                dt { "Time" }
                dd { @match log.newest_round { Some(at) => (text::time(at)), None => "unknown" } }
            }
            div { dt { "Signature" } dd { (outcome::badge(state)) " " (signature) } }
            div { dt { "Fingerprint of the key, SHA-256" } dd.mono.hash { (log.key_fingerprint) } }
            div {
                dt { "Cosignatures" }
                dd {
                    @if log.cosigners.is_empty() { "none verified" }
                    @for cosigner in &log.cosigners {
                        p {
                            (text::isolated(&cosigner.name))
                            @if let Some(at) = cosigner.at { ", " (text::time(at)) }
                        }
                    }
                }
            }
        }
    }
}
