//! What is wrong with the evidence itself, what is about other objects, and what is not in the log
//! yet.

use super::amount::{left_out, more};
use crate::output::html::text;
use crate::report::auditor::AuditorReport;
use maud::{Markup, html};
use trailseal::evidence_log::LogFault;

/// The maximum number of entries of each list of a page.
const MAX_LISTED: usize = 500;

/// Returns the number of entries that need attention.
pub(super) fn number(report: &AuditorReport) -> u64 {
    let lists = [
        report.evidence_findings.len(),
        report.other_findings.len(),
        report.cannot_tell.len(),
    ];
    let listed: usize = lists.iter().sum();
    left_out(listed, 0).saturating_add(report.left_out)
}

/// Returns the section.
pub(super) fn section(report: &AuditorReport) -> Markup {
    html! {
        section #evidence aria-labelledby="evidence-title" {
            h2 #evidence-title { "The evidence itself" }
            @if number(report) == 0 {
                p.quiet { "Every receipt and incident of the period is as the log names it." }
            }
            (documents(report))
            (objects(report))
            (obstacles(report))
            (younger(report))
            @if report.left_out > 0 {
                p.more { (text::number(report.left_out)) " more findings and obstacles are not listed anywhere: the report has a limit of 10,000 of each." }
            }
        }
    }
}

/// Returns a fault in words.
fn words(fault: LogFault) -> &'static str {
    match fault {
        LogFault::Checkpoint => "The checkpoint is wrong",
        LogFault::History => "The history was rewritten",
        LogFault::Batch => "A batch of the log is wrong",
        LogFault::Tile => "A tile of the log is wrong",
        LogFault::Entry => "An entry of the log is wrong",
        LogFault::Unexpected => "An object does not belong to the log",
        LogFault::Round => "A round of the log is wrong",
        LogFault::DocumentMissing => "Missing, though logged",
        LogFault::DocumentChanged => "Changed since it was logged",
        LogFault::DocumentUnlogged => "Older than its folder in the log, and not in the log",
        LogFault::DocumentBackdated => "Back-dated",
        LogFault::DigestMissing => "A digest is missing",
        LogFault::DigestChanged => "A digest is not the recorded one",
        LogFault::DigestUnrecorded => "A digest has no receipt",
    }
}

fn documents(report: &AuditorReport) -> Markup {
    let findings = &report.evidence_findings;
    html! {
        @if !findings.is_empty() {
            h3 { "Documents that are not as they were logged" }
            ul.list {
                @for finding in findings.iter().take(MAX_LISTED) {
                    li {
                        strong { (words(finding.fault)) } ": "
                        span.mono { (text::isolated(&finding.key)) }
                        div.sub { (text::isolated(&finding.message)) }
                    }
                }
            }
            (more(left_out(findings.len(), MAX_LISTED)))
        }
    }
}

fn objects(report: &AuditorReport) -> Markup {
    let found = &report.other_findings;
    html! {
        @if !found.is_empty() {
            h3 { "Findings about other objects" }
            p.lead { "Receipts about objects that are not the digest of an hour: planted objects, and digests that CloudTrail generated later." }
            ul.list {
                @for object in found.iter().take(MAX_LISTED) {
                    li {
                        strong { (text::isolated(&object.finding.kind)) } ", "
                        (text::moment(object.checked_at)) ": "
                        span.mono { (text::isolated(&object.finding.object)) }
                        div.sub { "receipt " span.mono { (text::isolated(&object.receipt)) } }
                    }
                }
            }
            (more(left_out(found.len(), MAX_LISTED)))
        }
    }
}

fn obstacles(report: &AuditorReport) -> Markup {
    html! {
        @if !report.cannot_tell.is_empty() {
            h3 { "What could not be verified" }
            ul.list {
                @for why in report.cannot_tell.iter().take(MAX_LISTED) { li { (text::isolated(why)) } }
            }
            (more(left_out(report.cannot_tell.len(), MAX_LISTED)))
        }
    }
}

fn younger(report: &AuditorReport) -> Markup {
    let all = report.totals.not_logged_yet;
    html! {
        @if all > 0 {
            h3 { "Not in the log yet" }
            p.lead { "Documents that were written after the checkpoint. They are not used in this report: write it again later." }
            ul.list {
                @for key in &report.not_logged_yet { li.mono { (text::isolated(key)) } }
            }
            @if all > left_out(report.not_logged_yet.len(), 0) {
                p.more { (text::number(all)) " documents in all." }
            }
        }
    }
}
