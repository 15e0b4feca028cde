//! One folder of a copy on disk: its files, by their names in S3.
//!
//! Several files may represent one object: a decompressed one next to the one that was downloaded,
//! or the second copies of a browser. The file with the object's own name is used, otherwise the
//! decompressed one, otherwise the first by name. Files with the same content are skipped. A file
//! with other content keeps its own name, so that it is found wherever files are verified.

use super::links::Kind;
use super::names::{FileName, MACOS_FOLDER, decompressed, file_name};
use super::strays::Strays;
use crate::report::copy::NoteKind;
use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use trailseal::format::form::Form;
use trailseal::gzip::stream::Gunzip;
use trailseal::names::sha256::{Hasher, Sha256};

/// The size of the pieces in which files are compared.
const PIECE: usize = 256 * 1024;

/// The maximum number of bytes of a file, and of its content, that are compared with another file.
/// CloudTrail's files inflate to tens of megabytes.
const MAX_COMPARED: u64 = 128 * 1024 * 1024;

/// The entries directly below a folder.
#[derive(Debug, Default)]
pub(crate) struct Folder {
    /// Folders, sorted by name.
    pub(crate) folders: Vec<FolderEntry>,
    /// Files, sorted by name.
    pub(crate) files: Vec<FolderEntry>,
}

/// A file or a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FolderEntry {
    /// Its name. A file has the name that it has in S3.
    pub(crate) name: String,
    /// Its path.
    pub(crate) path: PathBuf,
    /// Whether it is a folder that a link leads to.
    pub(crate) is_linked: bool,
}

impl Folder {
    /// Reads a folder. Files that are skipped, or that represent others, are noted in `strays`.
    ///
    /// A link that leads nowhere is returned as a file, which cannot be read. Pipes, devices and
    /// names that are not text are left out: they are not copies of an object.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub(crate) fn read(path: &Path, strays: &Strays) -> io::Result<Self> {
        let mut folder = Self::default();
        let mut variants: BTreeMap<String, Vec<FolderEntry>> = BTreeMap::new();
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            let kind = Kind::of(&entry.path(), entry.file_type()?);
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let path = entry.path();
            let is_linked = kind == Kind::Folder { is_linked: true };
            let entry = FolderEntry {
                name,
                path,
                is_linked,
            };
            match kind {
                Kind::Folder { .. } if entry.name == MACOS_FOLDER => {
                    strays.note(NoteKind::Leftover, &entry.path);
                }
                Kind::Folder { .. } => folder.folders.push(entry),
                Kind::File | Kind::Broken => match file_name(&entry.name, &entry.path) {
                    FileName::Own => folder.files.push(entry),
                    FileName::Leftover => strays.note(NoteKind::Leftover, &entry.path),
                    FileName::Variant { object } => {
                        variants.entry(object).or_default().push(entry);
                    }
                },
                Kind::Special => {}
            }
        }
        let by_name = |a: &FolderEntry, b: &FolderEntry| a.name.cmp(&b.name);
        folder.folders.sort_unstable_by(by_name);
        folder.files.sort_unstable_by(by_name);
        for (object, of_object) in variants {
            folder.settle(object, of_object, strays);
        }
        Ok(folder)
    }

    /// Takes the files that have other names for one object.
    fn settle(&mut self, object: String, mut variants: Vec<FolderEntry>, strays: &Strays) {
        in_order(&object, &mut variants);
        let mut variants = variants.into_iter();
        let own = self.files.binary_search_by(|file| file.name.cmp(&object));
        let own = own.ok().and_then(|at| self.files.get(at));
        let taken = if let Some(own) = own {
            own.path.clone()
        } else {
            let Some(first) = variants.next() else { return };
            if Some(first.name.as_str()) != decompressed(&object) {
                strays.note(NoteKind::Renamed, &first.path);
            }
            let path = first.path.clone();
            self.insert(FolderEntry {
                name: object,
                ..first
            });
            path
        };
        let mut content = None;
        for other in variants {
            let content = *content.get_or_insert_with(|| content_of(&taken));
            if content.is_some() && content == content_of(&other.path) {
                strays.note(NoteKind::Duplicate, &other.path);
            } else {
                strays.note(NoteKind::Differing, &other.path);
                self.insert(other);
            }
        }
    }

    /// Inserts a file at its place in the order.
    fn insert(&mut self, file: FolderEntry) {
        let at = self.files.partition_point(|other| other.name < file.name);
        self.files.insert(at, file);
    }
}

/// Sorts the files that have other names for one object: the decompressed one first, then by name.
fn in_order(object: &str, variants: &mut [FolderEntry]) {
    let plain = decompressed(object);
    variants.sort_unstable_by(|a, b| {
        let key = |entry: &FolderEntry| (Some(entry.name.as_str()) != plain, entry.name.len());
        (key(a), &a.name).cmp(&(key(b), &b.name))
    });
}

/// Returns the decompressed file next to the place of an object, if there is one.
pub(super) fn decompressed_sibling(folder: &Path, object: &str) -> Option<PathBuf> {
    let plain = folder.join(decompressed(object)?);
    fs::symlink_metadata(&plain).is_ok().then_some(plain)
}

/// Returns the files of a folder that represent objects with other names, by those names.
pub(super) fn substitutes(folder: &Path, strays: &Strays) -> io::Result<HashMap<String, PathBuf>> {
    let files = Folder::read(folder, strays)?.files.into_iter();
    let others = files.filter(|file| file.path.file_name().is_none_or(|name| *name != *file.name));
    Ok(others.map(|file| (file.name, file.path)).collect())
}

/// Returns the hash of a file's content, compressed or not. Returns none if there is nothing to
/// compare: the file cannot be read, is damaged or larger than [`MAX_COMPARED`], or bytes follow
/// its content.
fn content_of(path: &Path) -> Option<Sha256> {
    let is_file = fs::metadata(path).is_ok_and(|metadata| metadata.is_file());
    let mut file = is_file.then(|| File::open(path).ok()).flatten()?;
    let mut hasher = Hasher::default();
    let mut gunzip = None;
    let mut taken = 0;
    let mut piece = vec![0; PIECE];
    loop {
        let read = file.read(&mut piece).ok()?;
        let bytes = piece.get(..read)?;
        if taken == 0 && Form::of_copy(bytes) == Form::Gzip {
            gunzip = Some(Gunzip::new(MAX_COMPARED));
        }
        taken += u64::try_from(read).ok()?;
        if taken > MAX_COMPARED {
            return None;
        }
        match &mut gunzip {
            _ if read == 0 => break,
            Some(gunzip) => gunzip.push(bytes, |piece| hasher.update(piece)).ok()?,
            None => hasher.update(bytes),
        }
    }
    if let Some(gunzip) = gunzip {
        gunzip.finish().ok()?;
    }
    Some(hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEM: &str = "111122223333_CloudTrail_us-east-1_20260115T1205Z_7JREEBimdK8d2nC9";

    fn read(files: &[(&str, &str)]) -> (Vec<String>, Vec<(NoteKind, u64)>) {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            fs::write(folder.path().join(name.replace("NAME", STEM)), content).unwrap();
        }
        let strays = Strays::default();
        let read = Folder::read(folder.path(), &strays).unwrap();
        let names = read.files.iter().map(|file| {
            let at = file.path.file_name().unwrap().to_str().unwrap();
            format!("{} = {at}", file.name).replace(STEM, "NAME")
        });
        let notes = strays.notes();
        let notes = notes.iter().map(|note| (note.kind, note.files));
        (names.collect(), notes.collect())
    }

    #[test]
    fn the_file_with_the_right_name_is_used_and_equal_ones_are_skipped() {
        let (files, notes) = read(&[
            ("NAME.json.gz", "{1}"),
            ("NAME.json", "{1}"),
            ("NAME (1).json.gz", "{1}"),
            ("notes.txt", "{2}"),
        ]);
        assert_eq!(
            files,
            ["NAME.json.gz = NAME.json.gz", "notes.txt = notes.txt"]
        );
        assert_eq!(notes, [(NoteKind::Duplicate, 2)]);
    }

    #[test]
    fn a_copy_with_other_content_keeps_its_name() {
        let (files, notes) = read(&[
            ("NAME.json.gz", "{1}"),
            ("NAME.json", "{2}"),
            ("NAME (1).json.gz", "not gzip"),
        ]);
        assert_eq!(
            files,
            [
                "NAME (1).json.gz = NAME (1).json.gz",
                "NAME.json = NAME.json",
                "NAME.json.gz = NAME.json.gz",
            ]
        );
        assert_eq!(notes, [(NoteKind::Differing, 2)]);
    }

    #[test]
    fn a_second_copy_replaces_a_missing_file() {
        let (files, notes) = read(&[("NAME (2).json.gz", "{1}"), ("NAME (1).json.gz", "{1}")]);
        assert_eq!(files, ["NAME.json.gz = NAME (1).json.gz"]);
        assert_eq!(notes, [(NoteKind::Renamed, 1), (NoteKind::Duplicate, 1)]);
        // The decompressed file comes first, regardless of the others.
        let (files, notes) = read(&[("Copy of NAME.json.gz", "{1}"), ("NAME.json", "{1}")]);
        assert_eq!(files, ["NAME.json.gz = NAME.json"]);
        assert_eq!(notes, [(NoteKind::Duplicate, 1)]);
    }

    #[test]
    fn two_damaged_files_are_never_equal() {
        let (files, notes) = read(&[("NAME.json.gz", "damaged"), ("NAME (1).json.gz", "damaged")]);
        assert_eq!(files.len(), 2);
        assert_eq!(notes, [(NoteKind::Differing, 1)]);
    }

    #[test]
    fn a_file_too_large_to_compare_is_not_equal() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large");
        fs::write(&path, "{").unwrap();
        assert_eq!(content_of(&path), Some(Sha256::of(b"{")));
        let file = File::options().write(true).open(&path).unwrap();
        file.set_len(MAX_COMPARED + 1).unwrap();
        assert_eq!(content_of(&path), None);
    }
}
