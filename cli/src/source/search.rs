//! The search for trails below a directory: the folders that hold an `AWSLogs` folder.

use super::directory_error::DirectoryError;
use super::folders::Folders;
use super::links::broken;
use super::names::MACOS_FOLDER;
use super::strays::Strays;
use crate::report::copy::NoteKind;
use std::collections::{BTreeSet, HashSet, VecDeque};
use std::path::{Path, PathBuf};
use trailseal::names::object_key::ROOT_FOLDER;

/// The maximum depth of an [`ROOT_FOLDER`] folder below the directory, or below a folder that a
/// link leads to.
const MAX_DEPTH: usize = 10;
/// The maximum number of directories that are searched for such folders.
const MAX_DIRECTORIES: usize = 10_000;

/// A search for folders that hold an [`ROOT_FOLDER`] folder.
///
/// Symbolic links are followed after everything else, so that their targets do not use up the limit
/// for the directory itself. A folder is searched once, regardless of how many links lead there.
pub(super) struct Search<'a> {
    strays: &'a Strays,
    /// The folders that hold an [`ROOT_FOLDER`] folder, without links in their paths if possible.
    pub(super) found: BTreeSet<PathBuf>,
    /// The reasons why there may be more.
    pub(super) unseen: Vec<String>,
    visited: HashSet<PathBuf>,
    links: VecDeque<PathBuf>,
    is_full: bool,
}

impl<'a> Search<'a> {
    /// Searches `path` and everything below it. `path` itself contains no links.
    ///
    /// # Errors
    /// [`DirectoryError`], if a folder that no link led to cannot be read.
    pub(super) fn below(path: &Path, strays: &'a Strays) -> Result<Self, DirectoryError> {
        let mut search = Self {
            strays,
            found: BTreeSet::new(),
            unseen: Vec::new(),
            visited: HashSet::new(),
            links: VecDeque::new(),
            is_full: false,
        };
        search.look(path)?;
        while let Some(link) = search.links.pop_front() {
            search.follow(&link);
        }
        Ok(search)
    }

    fn follow(&mut self, link: &Path) {
        let Ok(target) = link.canonicalize() else {
            let error = broken(link);
            self.unseen.push(format!("{}: {error}", link.display()));
            return;
        };
        let root = target
            .ancestors()
            .find(|folder| folder.file_name().is_some_and(|name| name == ROOT_FOLDER))
            .and_then(Path::parent);
        match root {
            Some(root) if root.join(ROOT_FOLDER) == target => {
                self.found.insert(root.to_owned());
            }
            Some(root) if self.found.contains(root) => {}
            Some(root) => self.unseen.push(format!(
                "{} is a symbolic link to a folder of the trail in {}: give that directory",
                link.display(),
                root.display()
            )),
            None => {
                if let Err(error) = self.look(&target) {
                    self.unseen.push(error.to_string());
                }
            }
        }
    }

    fn look(&mut self, start: &Path) -> Result<(), DirectoryError> {
        let mut level = vec![start.to_owned()];
        for _ in 0..MAX_DEPTH {
            let mut next = Vec::new();
            for folder in level {
                if !self.visited.insert(folder.clone()) {
                    continue;
                }
                if self.visited.len() > MAX_DIRECTORIES {
                    self.say_full(start);
                    return Ok(());
                }
                let below = Folders::of(&folder).map_err(|error| DirectoryError::Read {
                    path: folder.display().to_string(),
                    error,
                })?;
                self.take(&folder, below, &mut next);
            }
            level = next;
        }
        if !level.is_empty() {
            self.unseen.push(format!(
                "{} contains directories more than {MAX_DEPTH} levels deep, which were not searched: give the directories that contain an {ROOT_FOLDER} folder",
                start.display()
            ));
        }
        Ok(())
    }

    /// Takes the entries directly below a folder: those that hold a trail, and those to search
    /// next.
    fn take(&mut self, folder: &Path, below: Folders, next: &mut Vec<PathBuf>) {
        for name in below.real {
            let path = folder.join(&name);
            if name == MACOS_FOLDER {
                self.strays.note(NoteKind::Leftover, &path);
            } else if name == ROOT_FOLDER {
                self.found.insert(folder.to_owned());
                // The trail's prefix may have the same name as the folder.
                if path.join(ROOT_FOLDER).is_dir() {
                    next.push(path);
                }
            } else {
                next.push(path);
            }
        }
        for name in below.linked {
            let path = folder.join(&name);
            let is_elsewhere = || {
                path.canonicalize()
                    .is_ok_and(|target| target.file_name().is_none_or(|name| name != ROOT_FOLDER))
            };
            if name == ROOT_FOLDER && is_elsewhere() {
                self.found.insert(folder.to_owned());
            } else if self.links.len() < MAX_DIRECTORIES {
                self.links.push_back(path);
            } else {
                self.say_full(folder);
            }
        }
    }

    fn say_full(&mut self, start: &Path) {
        if !std::mem::replace(&mut self.is_full, true) {
            self.unseen.push(format!(
                "{} contains, or has links to, more than {MAX_DIRECTORIES} directories besides those of trails, and not all were searched: give the directories that contain an {ROOT_FOLDER} folder",
                start.display()
            ));
        }
    }
}
