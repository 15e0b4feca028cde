//! A finding in lines for people.

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

/// Writes the advice, once for each kind.
pub(crate) fn write_advice(
    kinds: impl IntoIterator<Item = FindingKind>,
    out: &mut impl Write,
) -> io::Result<()> {
    for kind in kinds {
        writeln!(out, "What to do about {kind}: {}", kind.command_advice())?;
    }
    Ok(())
}
