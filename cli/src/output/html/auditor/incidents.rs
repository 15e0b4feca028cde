//! The incidents that were open in the period.

use super::amount::{left_out, more};
use crate::output::html::{findings, text};
use crate::report::auditor::{AuditorIncident, AuditorReport};
use jiff::Timestamp;
use maud::{Markup, html};

/// The maximum number of incidents of a page.
const MAX_INCIDENTS: usize = 1_000;

/// Returns the section.
pub(super) fn section(report: &AuditorReport) -> Markup {
    html! {
        section #incidents aria-labelledby="incidents-title" {
            h2 #incidents-title { "Incidents" }
            @if report.incidents.is_empty() {
                p.quiet { "None was open in the period." }
            } @else {
                p.lead { "The incidents that were open at any time of the period, and what became of them until this report was written." }
                div.scroll role="region" aria-labelledby="incidents-title" tabindex="0" {
                    table.incidents {
                        thead { tr {
                            th scope="col" { "Severity" }
                            th scope="col" { "What" }
                            th scope="col" { "Opened" }
                            th scope="col" { "Repeated" }
                            th scope="col" { "Acknowledged" }
                            th scope="col" { "Closed" }
                        } }
                        tbody { @for incident in report.incidents.iter().take(MAX_INCIDENTS) { (row(incident)) } }
                    }
                }
                (more(left_out(report.incidents.len(), MAX_INCIDENTS)))
            }
        }
    }
}

fn row(incident: &AuditorIncident) -> Markup {
    html! {
        tr {
            td { (findings::severity(incident.severity)) }
            td.wrap {
                strong { (text::isolated(&findings::title(&incident.kind))) }
                @if let Some(account) = &incident.account { ", " (text::isolated(account)) }
                @if let Some(region) = &incident.region { " " (text::isolated(region)) }
                div { (text::isolated(&incident.message)) }
                div.mono { (text::isolated(&incident.object)) }
                div.sub { "ID " span.mono { (text::isolated(&incident.id)) } }
                @if !incident.as_logged {
                    div.sub { "The document was written after the checkpoint: the log does not have this state yet." }
                }
            }
            td.when { (text::moment(incident.opened_at)) }
            td.when {
                @if incident.occurrences > 1 {
                    (text::number(incident.occurrences)) " times,"
                    br; "last " (text::moment(incident.repeated_at))
                } @else if incident.repeated_at > incident.opened_at {
                    "last seen" br; (text::moment(incident.repeated_at))
                } @else {
                    span.none { "once" }
                }
            }
            td {
                @match &incident.acknowledged {
                    Some(known) => {
                        (text::isolated(&known.by)) br; (text::moment(known.at))
                        @if let Some(until) = known.until { div.sub { "until " (text::moment(until)) } }
                        div { (text::isolated(&known.reason)) }
                    },
                    None => span.none { "no" },
                }
            }
            td.when { (closed(incident.closed_at)) }
        }
    }
}

fn closed(at: Option<Timestamp>) -> Markup {
    html! {
        @match at {
            Some(at) => (text::moment(at)),
            None => strong { "open" },
        }
    }
}
