//! How to read the report, what it does not prove, and how to check it.

use crate::output::html::text;
use crate::report::auditor::AuditorReport;
use maud::{Markup, html};

/// Returns the section.
pub(super) fn section(report: &AuditorReport) -> Markup {
    html! {
        section #method aria-labelledby="method-title" {
            h2 #method-title { "How to read this" }
            div.columns {
                (results())
                (limits(report))
            }
        }
    }
}

fn results() -> Markup {
    html! {
        div {
            h3 { "The results" }
            dl.checks {
                dt { "verified" }
                dd { "The newest receipt of each function says valid, about the same content of the digest, which CloudTrail signed, and the receipts are about every log file that the digest lists." }
                dt { "finding" }
                dd { "The newest receipt has findings, or a receipt was deleted or changed, so that nobody knows what it said." }
                dt { "cannot tell" }
                dd { "A receipt says that something could not be read, or there is no receipt." }
                dt { "First" }
                dd { "When all of the hour had been verified for the first time." }
                dt { "Last" }
                dd { "All of the hour was verified at this time or later." }
            }
            h3 { "What it comes from" }
            p { "Every receipt and incident in this report is in the evidence log, and its content is what the log names. The entries of the log are those under the signed checkpoint. Documents in the bucket that the log does not name are not used." }
        }
    }
}

fn limits(report: &AuditorReport) -> Markup {
    html! {
        div {
            h3 { "What this report does not prove" }
            ul {
                li { "That the trail is intact now. It says what was verified, and when. " code { "trailseal verify" } " reads the trail itself." }
                li { "That CloudTrail recorded every call." }
                li { "That the functions told the truth. Their roles may write only their own receipts, and the log fixes them within the hour." }
                li { "That nobody removed the newest entries of the log. A checkpoint that somebody else received shows that." }
            }
            h3 { "How to check it" }
            p { "Verify the whole log, with a checkpoint that you received:" }
            code.note { "trailseal evidence verify " (text::isolated(&report.source)) " --key KEY --checkpoint FILE" }
            @if let Some(checkpoint) = &report.log.checkpoint {
                p { "The checkpoint, as it was signed:" }
                code.note { @for line in checkpoint.lines() { (text::isolated(line)) "\n" } }
            }
        }
    }
}
