//! The notes on the files of a copy on disk, in a report for a terminal.

use crate::report::copy::Note;
use std::io::{self, Write};
use trailseal::alert::printable;

/// Writes the notes, each on one line with one example.
pub(crate) fn notes(notes: &[Note], out: &mut impl Write) -> io::Result<()> {
    if notes.is_empty() {
        return Ok(());
    }
    writeln!(out, "THE COPY")?;
    for note in notes {
        writeln!(out, "  {}: {}", note.sentence(), printable(&note.example))?;
    }
    writeln!(out)
}
