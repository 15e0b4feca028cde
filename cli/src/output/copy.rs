//! What a report for a terminal says of the files of a copy on disk.

use crate::report::copy::Note;
use std::io::{self, Write};
use trailseal::alert::printable;

/// Writes the notes, a line each, with one example.
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
