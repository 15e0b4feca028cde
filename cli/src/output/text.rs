//! The report for a terminal: a table of chains, the findings, and what could not be verified.

use crate::report::copy::CopyReport;
use crate::report::{
    CannotTell, ChainReport, Counts, FindingReport, Outcome, ReportSubject, Verification,
};
use indicatif::{HumanBytes, HumanCount};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::io::{self, Write};
use trailseal::alert::printable;
use trailseal::names::text::clip;
use trailseal::names::window::Window;

/// The maximum number of findings of one kind that are shown in full.
const MAX_SHOWN: usize = 10;

/// The maximum number of characters of a piece of evidence. The start of a signature is enough to
/// distinguish it from another.
const MAX_EVIDENCE_CHARS: usize = 300;

/// Writes the report.
pub(crate) fn write(verification: &Verification, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}", headline(verification))?;
    writeln!(out)?;
    table(verification, out)?;
    findings(verification, out)?;
    cannot_tell(
        &verification.cannot_tell,
        verification.cannot_tell_left_out,
        out,
    )?;
    if let Some(copy) = &verification.copy {
        super::copy::notes(&copy.notes, out)?;
    }
    totals(verification, out)
}

fn headline(verification: &Verification) -> String {
    let source = printable(&verification.source);
    let source = match verification.copy.as_ref().and_then(CopyReport::name) {
        Some(name) => format!("the {name} {source}"),
        None => source,
    };
    let found: u64 = verification.findings_by_kind.values().sum();
    let time = match (verification.requested.from, verification.requested.to) {
        (None, None) => String::new(),
        (Some(from), None) => format!(" since {}", short(from)),
        (None, Some(to)) => format!(" up to {}", short(to)),
        (Some(from), Some(to)) => format!(" from {} to {}", short(from), short(to)),
    };
    let (subject, verb, it) = match verification.subject {
        ReportSubject::Everything => (format!("everything in {source}"), "is", "it"),
        ReportSubject::DigestFiles => (
            format!("the digest files in {source}, with the log files that they list,"),
            "are",
            "them",
        ),
        ReportSubject::LogFiles => (format!("the log files in {source}"), "are", "them"),
        ReportSubject::DigestFile => (
            format!("the digest file {source}, with the log files that it lists,"),
            "is",
            "it",
        ),
        ReportSubject::LogFile => (format!("the log file {source}"), "is", "it"),
    };
    let mut line = match (verification.verdict, verification.subject) {
        (Outcome::Valid, _) => {
            format!("VALID: {subject}{time} {verb} as CloudTrail delivered {it}.")
        }
        (Outcome::Finding, ReportSubject::Everything) => format!(
            "{} in {source}{time}: the record is not what CloudTrail delivered.",
            counted(found, "FINDING", "FINDINGS")
        ),
        (Outcome::Finding, _) => format!(
            "{}: {subject}{time} {verb} not what CloudTrail delivered.",
            counted(found, "FINDING", "FINDINGS")
        ),
        (Outcome::CannotTell, ReportSubject::Everything) => {
            format!("CANNOT TELL: not everything in {source}{time} could be verified.")
        }
        (Outcome::CannotTell, _) => {
            format!("CANNOT TELL: {subject}{time} could not be verified.")
        }
    };
    if verification.interrupted {
        line.push_str(" The run was interrupted: objects that it did not reach are not included.");
    }
    line
}

/// Returns a text such as `1 digest` or `1,234 digests`.
pub(crate) fn counted(count: u64, one: &str, many: &str) -> String {
    format!(
        "{} {}",
        HumanCount(count),
        if count == 1 { one } else { many }
    )
}

fn short(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M").to_string()
}

fn table(verification: &Verification, out: &mut impl Write) -> io::Result<()> {
    let head = [
        "account",
        "region",
        "trail",
        "verdict",
        "digests",
        "log files",
        "valid (UTC)",
    ];
    let names = names(&verification.chains);
    let rows: Vec<[String; 7]> = verification
        .chains
        .iter()
        .zip(names)
        .map(|(chain, name)| row(chain, &name))
        .collect();
    let mut widths = head.map(str::len);
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut write_row = |row: &[&str]| {
        let cells: Vec<String> = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        writeln!(out, "{}", cells.join("  ").trim_end())
    };
    write_row(&head)?;
    for row in &rows {
        write_row(&row.each_ref().map(String::as_str))?;
    }
    writeln!(out)
}

/// Returns the name of each chain: its trail, with prefix and organization if it has any, and with
/// bucket and home Region if another chain of the account and Region has the same name.
fn names(chains: &[ChainReport]) -> Vec<String> {
    let mut alike: BTreeMap<_, u64> = BTreeMap::new();
    let of = |chain: &'_ ChainReport| {
        let ChainReport {
            account,
            region,
            trail,
            prefix,
            organization,
            ..
        } = chain.clone();
        (account, region, trail, prefix, organization)
    };
    for chain in chains {
        *alike.entry(of(chain)).or_default() += 1;
    }
    chains
        .iter()
        .map(|chain| {
            let mut added: Vec<String> = [&chain.prefix, &chain.organization]
                .into_iter()
                .flatten()
                .cloned()
                .collect();
            if alike.get(&of(chain)).is_some_and(|count| *count > 1) {
                added.push(chain.bucket.clone());
                added.push(format!("home {}", chain.home_region));
            }
            if added.is_empty() {
                chain.trail.clone()
            } else {
                format!("{} ({})", chain.trail, added.join(", "))
            }
        })
        .collect()
}

fn row(chain: &ChainReport, name: &str) -> [String; 7] {
    let valid = chain.valid_time().map_or_else(
        || "nothing".to_owned(),
        |time| {
            let gaps = time
                .gaps_in_words()
                .map_or_else(String::new, |gaps| format!(" ({gaps})"));
            format!("{} – {}{gaps}", short(time.from), short(time.to))
        },
    );
    let mut digests = counts(chain.digests);
    if chain.digests_missing > 0 {
        let missing = HumanCount(chain.digests_missing);
        digests = format!("{digests}, {missing} missing");
    }
    [
        chain.account.clone(),
        chain.region.clone(),
        printable(name),
        match chain.verdict {
            Outcome::Valid => "valid",
            Outcome::Finding => "FINDING",
            Outcome::CannotTell => "cannot tell",
        }
        .to_owned(),
        digests,
        counts(chain.log_files),
        valid,
    ]
}

/// Returns `24` if all are valid, and otherwise `21 of 24 valid`.
fn counts(counts: Counts) -> String {
    if counts.valid == counts.total() {
        HumanCount(counts.valid).to_string()
    } else {
        format!(
            "{} of {} valid",
            HumanCount(counts.valid),
            HumanCount(counts.total())
        )
    }
}

fn findings(verification: &Verification, out: &mut impl Write) -> io::Result<()> {
    let mut kinds: Vec<(&str, Vec<&FindingReport>)> = Vec::new();
    for finding in &verification.findings {
        let kind = finding.finding.kind.as_str();
        match kinds.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, same)) => same.push(finding),
            None => kinds.push((kind, vec![finding])),
        }
    }
    for (kind, same) in kinds {
        let all = verification
            .findings_by_kind
            .get(kind)
            .copied()
            .unwrap_or(0);
        let Some(first) = same.first() else { continue };
        writeln!(
            out,
            "{} {kind}: {}",
            first.finding.severity().as_str().to_uppercase(),
            HumanCount(all)
        )?;
        for finding in same.iter().take(MAX_SHOWN) {
            write_finding(finding, out)?;
        }
        let shown = u64::try_from(same.len().min(MAX_SHOWN)).unwrap_or(all);
        if all > shown {
            writeln!(
                out,
                "  … and {} more; --format json or html contains {}, --format ndjson all of them",
                HumanCount(all - shown),
                if verification.findings_left_out == 0 {
                    "them"
                } else {
                    "most"
                },
            )?;
        }
        writeln!(out, "  What to do: {}", first.advice())?;
        writeln!(out)?;
    }
    Ok(())
}

fn write_finding(report: &FindingReport, out: &mut impl Write) -> io::Result<()> {
    let finding = &report.finding;
    writeln!(out, "  {}", printable(&finding.message))?;
    let object = finding.object.to_string();
    writeln!(out, "    object    {}", printable(&object))?;
    if let Some(digest) = report.other_digest() {
        writeln!(out, "    digest    {}", printable(&digest))?;
    }
    if let Some(Window { from, to }) = finding.window {
        let from = from.map_or_else(|| "unknown".to_owned(), |from| from.to_string());
        writeln!(out, "    window    {from} – {to}")?;
    }
    for (field, text) in [("expected", &finding.expected), ("actual", &finding.actual)] {
        let text = text.as_deref().unwrap_or_default();
        if !text.is_empty() {
            let shown = clip(text, MAX_EVIDENCE_CHARS);
            let rest = if shown.len() < text.len() { "…" } else { "" };
            writeln!(out, "    {field:<9} {}{rest}", printable(shown))?;
        }
    }
    Ok(())
}

/// Writes what could not be verified, each reason once.
pub(crate) fn cannot_tell(
    things: &[CannotTell],
    left_out: u64,
    out: &mut impl Write,
) -> io::Result<()> {
    let all = things.len();
    if all == 0 {
        return Ok(());
    }
    let count = u64::try_from(all).unwrap_or(u64::MAX) + left_out;
    writeln!(out, "COULD NOT BE VERIFIED: {}", HumanCount(count))?;
    // Many objects may have the same reason: it is printed once.
    let mut by_advice: BTreeMap<&str, Vec<(&str, usize)>> = BTreeMap::new();
    for thing in things {
        let reasons = by_advice.entry(&thing.advice).or_default();
        match reasons.last_mut() {
            Some((reason, times)) if *reason == thing.reason => *times += 1,
            _ => reasons.push((&thing.reason, 1)),
        }
    }
    for (advice, reasons) in by_advice {
        for (reason, times) in reasons.iter().take(MAX_SHOWN) {
            let times = match times {
                1 => String::new(),
                times => format!(" ({times} times)"),
            };
            writeln!(out, "  {}{times}", printable(reason))?;
        }
        if reasons.len() > MAX_SHOWN {
            writeln!(
                out,
                "  … and {} more like these; --format json contains them",
                reasons.len() - MAX_SHOWN
            )?;
        }
        if !advice.is_empty() {
            writeln!(out, "  What to do: {advice}")?;
        }
    }
    writeln!(out)
}

fn totals(verification: &Verification, out: &mut impl Write) -> io::Result<()> {
    let totals = verification.totals;
    let seconds = verification
        .finished_at
        .duration_since(verification.started_at)
        .as_secs_f64();
    let mut parts = vec![
        counted(totals.chains, "chain", "chains"),
        format!("{} digests", counts(totals.digests)),
        format!("{} log files", counts(totals.log_files)),
        HumanBytes(totals.bytes).to_string(),
    ];
    if totals.digests_missing > 0 {
        parts.push(counted(
            totals.digests_missing,
            "digest missing",
            "digests missing",
        ));
    }
    if let Some(unlisted) = totals.unlisted {
        parts.push(counted(unlisted, "unlisted log file", "unlisted log files"));
    }
    if totals.resumed > 0 {
        parts.push(format!(
            "{} verified by an earlier run",
            HumanCount(totals.resumed)
        ));
    }
    writeln!(
        out,
        "{} in {seconds:.1} s, keys from {}",
        parts.join(", "),
        verification.keys
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_name_what_is_not_valid() {
        let mut some = Counts {
            valid: 1234,
            ..Counts::default()
        };
        assert_eq!(counts(some), "1,234");
        some.finding = 1;
        assert_eq!(counts(some), "1,234 of 1,235 valid");
    }

    #[test]
    fn chains_of_one_name_are_distinguished() {
        let chain = crate::report::sample::valid().chains.remove(0);
        let other = ChainReport {
            home_region: "eu-west-1".to_owned(),
            ..chain.clone()
        };
        let third = ChainReport {
            prefix: Some("old".to_owned()),
            ..chain.clone()
        };
        let bucket = &chain.bucket;
        assert_eq!(
            names(&[chain.clone(), other, third]),
            [
                format!("management-events ({bucket}, home us-east-1)"),
                format!("management-events ({bucket}, home eu-west-1)"),
                "management-events (old)".to_owned(),
            ]
        );
        assert_eq!(names(&[chain]), ["management-events"]);
    }
}
