//! The report as one JSON object.

use crate::report::Verification;
use std::io::{self, Write};

/// Writes the report.
pub(crate) fn write(verification: &Verification, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, verification)?;
    writeln!(out)
}
