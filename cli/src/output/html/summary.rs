//! The summary: the result, and the command that was run.

use super::{findings, outcome, text};
use crate::report::copy::CopyReport;
use crate::report::{Counts, Outcome, Verification};
use maud::{Markup, html};

/// Returns the section.
pub(super) fn section(verification: &Verification) -> Markup {
    let groups = findings::groups(verification);
    html! {
        section #summary aria-labelledby="summary-title" {
            h2 #summary-title { "Summary" }
            p.command { code { (text::isolated(&text::command(&verification.command))) } }
            div.columns {
                @if groups.is_empty() {
                    (totals(verification))
                    (run(verification))
                } @else {
                    div {
                        (totals(verification))
                        (run(verification))
                    }
                    (by_kind(verification, &groups))
                }
            }
        }
    }
}

fn totals(verification: &Verification) -> Markup {
    let totals = &verification.totals;
    html! {
        div.scroll role="region" aria-label="Objects" tabindex="0" { table.totals {
            caption { "Objects in " (text::count(totals.chains, "chain", "chains")) }
            thead {
                tr {
                    td {}
                    th.n scope="col" { "Total" }
                    th.n scope="col" { "Valid" }
                    th.n scope="col" { "Finding" }
                    th.n scope="col" { "Cannot tell" }
                    th.n scope="col" { "Missing" }
                }
            }
            tbody {
                tr {
                    th scope="row" { "Digests" }
                    (counts(totals.digests))
                    (number(totals.digests_missing, Outcome::Finding))
                }
                tr {
                    th scope="row" { "Log files" }
                    (counts(totals.log_files))
                    td.n { span.none title="A missing log file is a finding" { "–" } }
                }
            }
        } }
    }
}

fn counts(counts: Counts) -> Markup {
    html! {
        td.n { (text::number(counts.total())) }
        (number(counts.valid, Outcome::Valid))
        (number(counts.finding, Outcome::Finding))
        (number(counts.cannot_tell, Outcome::CannotTell))
    }
}

/// Returns a number in a table: pale if it is zero, conspicuous if it is bad.
pub(super) fn number(number: u64, outcome: Outcome) -> Markup {
    let class = match (number, outcome) {
        (0, _) => "none",
        (_, Outcome::Valid) => "",
        (_, outcome) => outcome::class(outcome),
    };
    html! { td.n { span class=(class) { (text::number(number)) } } }
}

fn by_kind(verification: &Verification, groups: &[findings::Group<'_>]) -> Markup {
    html! {
        table.kinds {
            caption { (text::count(outcome::findings(verification), "finding", "findings")) " by kind" }
            thead {
                tr {
                    th scope="col" { "Severity" }
                    th scope="col" { "Kind" }
                    th.n scope="col" { "Findings" }
                }
            }
            tbody {
                @for group in groups {
                    tr {
                        td { (findings::severity(group.severity)) }
                        td { a href={ "#" (group.anchor()) } { (group.title()) } }
                        td.n { (text::number(group.total)) }
                    }
                }
            }
        }
    }
}

fn run(verification: &Verification) -> Markup {
    let totals = &verification.totals;
    html! {
        dl.facts {
            div {
                dt { "Source" }
                dd.mono { (text::isolated(&verification.source)) }
            }
            div {
                dt { "Requested time" }
                dd { (text::range(verification.requested)) }
            }
            div {
                dt { "Public keys" }
                dd { "from " (text::isolated(&verification.keys)) }
            }
            div {
                dt { "Run" }
                dd {
                    (text::time(verification.started_at)) ", "
                    (text::duration(verification.started_at, verification.finished_at))
                    @if verification.interrupted { ", " strong { "interrupted" } }
                }
            }
            div {
                dt { "Log files hashed" }
                dd {
                    (text::bytes(totals.bytes)) " inflated, "
                    (text::count(totals.requests, "request or file", "requests or files"))
                    @if totals.resumed > 0 {
                        ", " (text::count(totals.resumed, "log file", "log files"))
                        " taken from an earlier run"
                    }
                }
            }
            div {
                dt { "Log files that no digest lists" }
                dd {
                    @match totals.unlisted {
                        Some(0) => "none in the bucket",
                        Some(number) => strong { (text::number(number)) " in the bucket" },
                        None => { "not searched for (" code { "--unlisted" } " looks)" },
                    }
                }
            }
            @if let Some(copy) = &verification.copy {
                (of_copy(copy))
            }
            div {
                dt { "Version" }
                dd { "Trailseal " (verification.version) ", report " (verification.schema) }
            }
        }
    }
}

/// Returns the facts about a copy on disk, and what is unusual about its files.
fn of_copy(copy: &CopyReport) -> Markup {
    html! {
        div {
            dt { "Copy on disk" }
            dd {
                (if copy.complete {
                    "given as complete (--complete)"
                } else {
                    "may be incomplete"
                })
                @if copy.digests_not_in_copy > 0 {
                    ", " (text::count(copy.digests_not_in_copy, "digest is", "digests are")) " not in it"
                }
                @if copy.log_files_not_in_copy > 0 {
                    ", " (text::count(copy.log_files_not_in_copy, "log file is", "log files are")) " not in it"
                }
            }
        }
        @for note in &copy.notes {
            div {
                dt { "Files of the copy" }
                dd { (note.sentence()) ": " span.mono { (text::isolated(&note.example)) } }
            }
        }
    }
}
