//! The findings, by severity and kind, each with its evidence.

use super::{outcome, text};
use crate::report::{FindingReport, Verification};
use maud::{Markup, PreEscaped, html};
use std::cmp::Reverse;
use trailseal::finding::{Finding, FindingKind, Scope, Severity};

/// The maximum number of findings of one kind that are printed.
const MAX_OF_A_KIND: usize = 100;
/// The number of those that are visible without a click.
const OPEN: usize = 10;
/// The maximum number of bytes of all findings.
const MAX_BYTES: usize = 6 << 20;

/// The findings of one kind.
#[derive(Debug)]
pub(super) struct Group<'a> {
    kind: &'a str,
    /// The kind of this name, if there is one.
    known: Option<FindingKind>,
    /// The severity of the findings.
    pub(super) severity: Severity,
    /// The number of findings, including those left out.
    pub(super) total: u64,
    findings: Vec<&'a FindingReport>,
}

/// Returns the findings by kind, the most severe first.
pub(super) fn groups(verification: &Verification) -> Vec<Group<'_>> {
    let mut groups: Vec<_> = verification
        .findings_by_kind
        .iter()
        .filter(|(_, total)| **total > 0)
        .map(|(kind, total)| {
            let known = FindingKind::named(kind);
            Group {
                kind,
                known,
                severity: known.map_or(Severity::High, FindingKind::severity),
                total: *total,
                findings: Vec::new(),
            }
        })
        .collect();
    for finding in &verification.findings {
        let kind = finding.finding.kind.as_str();
        if let Some(group) = groups.iter_mut().find(|group| group.kind == kind) {
            group.findings.push(finding);
        }
    }
    groups.sort_by_key(|group| (Reverse(group.severity), group.known.is_none(), group.known));
    groups
}

impl Group<'_> {
    /// Returns its anchor in the page.
    pub(super) fn anchor(&self) -> String {
        format!("kind-{}", self.kind)
    }

    /// Returns the kind as words.
    pub(super) fn title(&self) -> String {
        title(self.kind)
    }

    /// Returns the advice, which is the same for all.
    fn advice(&self) -> Option<&'static str> {
        self.findings.first().map(|first| first.advice())
    }
}

/// Returns a kind as words: `Log file missing`.
pub(super) fn title(kind: &str) -> String {
    let mut words = kind.replace('-', " ").replace("kms", "KMS");
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    words
}

/// Returns the severity as a marked word.
pub(super) fn severity(severity: Severity) -> Markup {
    let word = severity.as_str();
    html! { span class={ "severity " (word) } { (word) } }
}

/// Returns the section.
pub(super) fn section(verification: &Verification) -> Markup {
    let groups = groups(verification);
    let mut room = MAX_BYTES;
    html! {
        section #findings aria-labelledby="findings-title" {
            h2 #findings-title { "Findings" }
            @if groups.is_empty() {
                p.quiet { "Everything that could be verified is as CloudTrail delivered it." }
            } @else {
                p.lead {
                    (text::count(outcome::findings(verification), "finding", "findings"))
                    ", the most severe first. Each finding has its evidence: the expected value, the actual value, and the digest that states the expected value."
                }
            }
            @for group in &groups { (kind(group, &mut room)) }
        }
    }
}

fn kind(group: &Group<'_>, room: &mut usize) -> Markup {
    let anchor = group.anchor();
    let advice = group.advice();
    let shown = rendered(group, room);
    let (open, folded) = shown.split_at(shown.len().min(OPEN));
    let left_out = group
        .total
        .saturating_sub(u64::try_from(shown.len()).unwrap_or(u64::MAX));
    html! {
        section.kind id=(anchor) aria-labelledby={ (anchor) "-title" } {
            div.head {
                h3 id={ (anchor) "-title" } {
                    (severity(group.severity)) " " (group.title()) " "
                    span.count { (text::number(group.total)) }
                    code.name { (text::isolated(group.kind)) }
                }
                dl {
                    @if let Some(kind) = group.known {
                        dt { "Means" }
                        dd { (kind.means()) }
                        dt { "Established by" }
                        dd { (kind.established()) }
                    }
                    @if let Some(advice) = advice {
                        dt { "What to do" }
                        dd { (text::isolated(advice)) }
                    }
                }
            }
            ol.findings { @for finding in open { (finding) } }
            @if !folded.is_empty() {
                details.folded {
                    summary { (text::number(folded.len())) " more of this kind" }
                    ol.findings start=(OPEN + 1) { @for finding in folded { (finding) } }
                }
            }
            @if left_out > 0 {
                p.more {
                    (text::number(left_out)) " more are not shown. "
                    code { "--format json" } " contains up to " (text::number(crate::report::MAX_KEPT))
                    " findings, " code { "--format ndjson" } " all of them."
                }
            }
        }
    }
}

/// Returns the findings of a kind that there is room for.
fn rendered(group: &Group<'_>, room: &mut usize) -> Vec<Markup> {
    let mut shown = Vec::new();
    for report in group.findings.iter().take(MAX_OF_A_KIND) {
        let PreEscaped(item) = finding(report);
        let Some(left) = room.checked_sub(item.len()) else {
            break;
        };
        *room = left;
        shown.push(PreEscaped(item));
    }
    shown
}

fn finding(report: &FindingReport) -> Markup {
    let finding = &report.finding;
    let Scope {
        account,
        region,
        trail,
        ..
    } = &finding.scope;
    let scope = [account, region, trail].map(|part| part.as_deref().unwrap_or_default());
    html! {
        li.finding {
            p.scope {
                @for part in scope.into_iter().filter(|part| !part.is_empty()) {
                    span { (text::isolated(part)) }
                }
            }
            p.message { (text::isolated(&finding.message)) }
            dl {
                dt { "Object" }
                dd.mono {
                    (text::isolated(&finding.object.to_string()))
                    @if let Some(version) = &finding.object.version_id {
                        " version " (text::isolated(version))
                    }
                }
                (time(finding))
                (evidence(finding.expected.as_deref(), "Expected"))
                (evidence(finding.actual.as_deref(), "Actual"))
                @if let Some(digest) = report.other_digest() {
                    dt { "Digest" }
                    dd.mono { (text::isolated(&digest)) }
                }
                dt { "Finding ID" }
                dd.mono.sub { (text::isolated(&finding.id().to_string())) }
            }
        }
    }
}

/// Returns the time left uncovered, otherwise that of the digest.
fn time(finding: &Finding) -> Markup {
    let (title, from, to) = match (finding.window, &finding.digest) {
        (Some(window), _) => ("Window", window.from, Some(window.to)),
        (None, Some(digest)) => ("Digest for", digest.start_time, digest.end_time),
        (None, None) => return html! {},
    };
    html! {
        @match (from, to) {
            (_, None) => {},
            (None, Some(to)) => {
                dt { (title) }
                dd { "up to " (text::time(to)) }
            },
            (Some(from), Some(to)) => {
                dt { (title) }
                dd { (text::moment(from)) " to " (text::time(to)) }
            },
        }
    }
}

fn evidence(value: Option<&str>, title: &str) -> Markup {
    let value = value.unwrap_or_default();
    html! {
        @if !value.is_empty() {
            dt { (title) }
            dd.mono { (text::isolated(value)) }
        }
    }
}
