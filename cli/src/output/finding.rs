//! A finding in lines for people.

use std::collections::BTreeSet;
use std::io::{self, Write};
use trailseal::alert::printable;
use trailseal::finding::{Finding, FindingKind};

/// Writes the finding: severity, kind and message.
pub(crate) fn write_head(finding: &Finding, indent: &str, out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "{indent}{} {}: {}",
        finding.severity().as_str().to_uppercase(),
        finding.kind,
        printable(&finding.message)
    )
}

/// Writes the expected and the actual state.
pub(crate) fn write_evidence(
    finding: &Finding,
    indent: &str,
    out: &mut impl Write,
) -> io::Result<()> {
    for (what, text) in [("expected", &finding.expected), ("actual", &finding.actual)] {
        if let Some(text) = text {
            writeln!(out, "{indent}  {what:<9} {}", printable(text))?;
        }
    }
    Ok(())
}

/// The advice about findings, by kind. Findings of one kind may need different actions.
pub(crate) type Advice = BTreeSet<(FindingKind, &'static str)>;

/// Returns the key of a finding's advice: two findings with the same key need the same action.
pub(crate) fn advice_on(finding: &Finding) -> (FindingKind, &'static str) {
    (finding.kind, finding.command_advice())
}

/// Writes each advice once.
pub(crate) fn write_advice(all: &Advice, out: &mut impl Write) -> io::Result<()> {
    for (kind, advice) in all {
        writeln!(out, "What to do about {kind}: {advice}")?;
    }
    Ok(())
}
