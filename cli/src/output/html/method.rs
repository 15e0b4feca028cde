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
                dd { "Each digest states the bucket and key that CloudTrail delivered it to: it has to lie there." }
                dt { "Signature" }
                dd {
                    "Each digest is signed with SHA-256 and RSA, over its end time, place, content and the signature before. It is checked with CloudTrail's public key of the digest's Region and time. The public keys came from "
                    (text::isolated(&verification.keys)) "."
                }
                dt { "Chain" }
                dd { "Each digest holds the hash and signature of the previous one: both must match, and their times must meet. A digest that is named and does not exist is missing. A chain that starts again was restarted." }
                dt { "Log files" }
                dd { "Each log file that a signed digest lists is read to its last byte and inflated: its SHA-256 has to be the one in the digest, and nothing may follow its end." }
                @if verification.totals.unlisted.is_some() {
                    dt { "Unlisted log files" }
                    dd { "The log folders of the bucket were listed and compared with what the digests list." }
                }
            }
            h3 { "The three verdicts" }
            dl.checks {
                dt { "valid" }
                dd { "Its content is what CloudTrail signed." }
                dt { "finding" }
                dd { "It is not, or the object is missing. The evidence is given." }
                dt { "cannot tell" }
                dd { "It could not be looked at: access was denied, it is archived, or a service failed." }
            }
        }
    }
}

fn limits(verification: &Verification) -> Markup {
    let totals = &verification.totals;
    html! {
        div {
            h3 { "What is not proved" }
            ul {
                li { "That CloudTrail recorded every call: only what it delivered is compared." }
                @if totals.unlisted.is_none() {
                    li { "That nothing else is in the bucket: log files that no digest lists were not searched for." }
                }
                li { "Anything about the hour that is not over, or that has no digest yet." }
                li { "Anything after this run: an object that is changed later is not noticed by this page." }
                li { "What a trail recorded under another prefix or in another bucket: a trail that was stopped and started again there begins a new chain that nothing connects with the old one." }
                @if totals.resumed > 0 {
                    li {
                        (text::count(totals.resumed, "log file was", "log files were"))
                        " verified by an earlier run and not read again: the resume file is trusted for them."
                    }
                }
            }
            h3 { "What is trusted" }
            ul {
                li { "The public keys, from " (text::isolated(&verification.keys)) "." }
                li { "The machine and the program that made this page. Nothing in the bucket is trusted." }
            }
            h3 { "To repeat it" }
            p {
                "Run the command under " a href="#summary" { "Summary" }
                " again. The page is no proof by itself: the signed digests are, together with the log files and CloudTrail's public keys."
            }
        }
    }
}
