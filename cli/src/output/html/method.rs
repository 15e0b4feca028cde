//! The explanation of how the verdicts were established, and what they do not prove.

use super::text;
use crate::report::Verification;
use maud::{Markup, html};

/// Returns the section.
pub(super) fn section(verification: &Verification) -> Markup {
    html! {
        section #method aria-labelledby="method-title" {
            h2 #method-title { "How this was established" }
            div.columns {
                (checks(verification))
                (limits(verification))
            }
        }
    }
}

fn checks(verification: &Verification) -> Markup {
    html! {
        div {
            h3 { "What is checked" }
            dl.checks {
                dt { "Place" }
                dd { "Each digest states the bucket and key that CloudTrail delivered it to. It must be there." }
                dt { "Signature" }
                dd {
                    "CloudTrail signs each digest with SHA-256 and RSA. The signature covers the digest's end time, place and content, and the signature of its predecessor. It is verified with CloudTrail's public key for the digest's Region and time. The public keys are from "
                    (text::isolated(&verification.keys)) "."
                }
                dt { "Chain" }
                dd { "Each digest contains the hash and the signature of its predecessor. Both must match, and the digest must start when its predecessor ends. A predecessor that does not exist is a finding, and so is a chain that starts again." }
                dt { "Log files" }
                dd { "Each log file that a signed digest lists is read to its last byte and decompressed. Its SHA-256 must be the one in the digest, and no data may follow its end." }
                @if verification.totals.unlisted.is_some() {
                    dt { "Unlisted log files" }
                    dd { "The log files in the bucket were listed and compared with those that the digests list." }
                }
            }
            h3 { "The three verdicts" }
            dl.checks {
                dt { "valid" }
                dd { "The content of the object is what CloudTrail signed." }
                dt { "finding" }
                dd { "The content is something else, or the object is missing. The report shows the evidence." }
                dt { "cannot tell" }
                dd { "The object could not be read: access was denied, it is archived, or a service failed." }
            }
        }
    }
}

fn limits(verification: &Verification) -> Markup {
    let totals = &verification.totals;
    html! {
        div {
            h3 { "What this report does not prove" }
            ul {
                li { "That CloudTrail recorded every call. Only the files that it delivered are verified." }
                @if totals.unlisted.is_none() {
                    li { "That the bucket contains nothing else. This run did not look for log files that no digest lists." }
                }
                li { "Anything about an hour that is not over, or that has no digest yet." }
                li { "Anything after this run. This page does not show a later change of an object." }
                li { "Anything about log files of a trail under another prefix or in another bucket. A trail that was stopped and started again there begins a new chain, which is not linked to the old one." }
                @if totals.resumed > 0 {
                    li {
                        (text::count(totals.resumed, "log file was", "log files were"))
                        " verified by an earlier run and not read again. For them, the report relies on the resume file."
                    }
                }
            }
            h3 { "What this report relies on" }
            ul {
                li { "The public keys, from " (text::isolated(&verification.keys)) "." }
                li { "The machine and the program that wrote this page. It does not rely on anything in the bucket." }
            }
            h3 { "How to repeat the verification" }
            p {
                "Run the command under " a href="#summary" { "Summary" }
                " again. This page is not a proof. The proof is the signed digests, with the log files and CloudTrail's public keys."
            }
        }
    }
}
