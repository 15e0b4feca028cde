//! The folders directly below a folder of a copy on disk.

use std::fs;
use std::io;
use std::path::Path;

/// The names of the folders directly below a folder, sorted.
#[derive(Debug, Default)]
pub(super) struct Folders {
    /// Actual folders.
    pub(super) real: Vec<String>,
    /// Links that lead to folders.
    pub(super) linked: Vec<String>,
}

impl Folders {
    /// Reads a folder.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let mut folders = Self::default();
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            if kind.is_dir() {
                folders.real.push(name);
            } else if kind.is_symlink() && entry.path().is_dir() {
                folders.linked.push(name);
            }
        }
        folders.real.sort();
        folders.linked.sort();
        Ok(folders)
    }

    /// Returns all of them, sorted.
    pub(super) fn all(self) -> Vec<String> {
        let mut all = self.real;
        all.extend(self.linked);
        all.sort();
        all
    }
}
