//! The unusual facts about the files of a copy on disk: their forms, and the other files next to
//! them.

use crate::report::copy::{Note, NoteKind};
use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, HashSet};
use std::hash::BuildHasher as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// The maximum number of files that are distinguished. This bounds memory, regardless of how many
/// files there are.
const MAX_FILES: usize = 1_000_000;

/// The noted files. Each counts once, regardless of how often it is found.
#[derive(Debug, Default)]
pub(crate) struct Strays {
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    hasher: RandomState,
    /// Hashes of the paths.
    files: HashSet<u64>,
    notes: BTreeMap<NoteKind, Note>,
}

impl Strays {
    /// Notes a file.
    pub(crate) fn note(&self, kind: NoteKind, path: &Path) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let file = seen.hasher.hash_one((kind, path));
        if seen.files.contains(&file) {
            return;
        }
        let is_full = seen.files.len() >= MAX_FILES;
        if !is_full {
            seen.files.insert(file);
        }
        let example = || path.display().to_string();
        let note = seen
            .notes
            .entry(kind)
            .or_insert_with(|| Note::new(kind, example()));
        if is_full {
            note.at_least = true;
        } else {
            note.files += 1;
        }
    }

    /// Returns the notes, by kind.
    pub(crate) fn notes(&self) -> Vec<Note> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.notes.values().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_found_twice_counts_once() {
        let strays = Strays::default();
        for name in ["a", "b", "a"] {
            strays.note(NoteKind::Leftover, Path::new(name));
        }
        strays.note(NoteKind::Renamed, Path::new("a"));
        let notes = strays.notes();
        let counts: Vec<_> = notes.iter().map(|note| (note.kind, note.files)).collect();
        assert_eq!(counts, [(NoteKind::Renamed, 1), (NoteKind::Leftover, 2)]);
        assert_eq!(notes[1].example, "a");
    }
}
