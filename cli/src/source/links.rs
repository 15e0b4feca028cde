//! Symbolic links in a copy on disk: their targets, and when to follow them.

use std::fs::{self, FileType};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The kind of an entry of a folder, after any symbolic link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A folder.
    Folder {
        /// Whether a link leads to it.
        is_linked: bool,
    },
    /// A regular file, or a link to one.
    File,
    /// A link whose target does not exist or cannot be read.
    Broken,
    /// A pipe, a device or a socket, which is never opened.
    Special,
}

impl Kind {
    /// Returns the kind of an entry of a folder.
    pub(crate) fn of(path: &Path, kind: FileType) -> Self {
        if kind.is_dir() {
            return Self::Folder { is_linked: false };
        }
        if kind.is_file() {
            return Self::File;
        }
        if !kind.is_symlink() {
            return Self::Special;
        }
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => Self::Folder { is_linked: true },
            Ok(metadata) if metadata.is_file() => Self::File,
            Ok(_) => Self::Special,
            Err(_) => Self::Broken,
        }
    }
}

/// The folders on a path that links led to.
#[derive(Debug, Clone)]
pub(crate) struct Followed {
    start: Arc<Path>,
    folders: Vec<PathBuf>,
}

impl Followed {
    /// Returns a path that starts at a folder.
    pub(crate) fn from(start: &Path) -> Self {
        Self {
            start: start.into(),
            folders: Vec::new(),
        }
    }

    /// Returns the path that continues through a link in the folder `parent`. Returns none if the
    /// link leads back to a folder on the path, or to one that contains the start: the objects in
    /// it have other names than the link gives them.
    pub(crate) fn through(&self, link: &Path, parent: &Path) -> Option<Self> {
        let target = link.canonicalize().ok()?;
        let leads_up = parent
            .canonicalize()
            .is_ok_and(|parent| parent.starts_with(&target));
        let leads_back = || {
            let mut above = self.start.ancestors();
            above.any(|folder| folder.canonicalize().is_ok_and(|folder| folder == target))
        };
        if leads_up || self.folders.contains(&target) || leads_back() {
            return None;
        }
        let mut folders = self.folders.clone();
        folders.push(target);
        Some(Self {
            start: Arc::clone(&self.start),
            folders,
        })
    }
}

/// Returns the reason why a link cannot be followed.
pub(crate) fn broken(path: &Path) -> io::Error {
    let target = fs::read_link(path).map_or_else(
        |_| "a file that does not exist".to_owned(),
        |target| target.display().to_string(),
    );
    io::Error::other(format!(
        "it is a symbolic link to {target}, which cannot be read"
    ))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_to_a_parent_folder_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        for name in ["a", "b", "a/deep"] {
            fs::create_dir(root.join(name)).unwrap();
        }
        symlink(root.join("b"), root.join("a/to-b")).unwrap();
        symlink(root.join("a"), root.join("b/to-a")).unwrap();
        symlink(&root, root.join("a/deep/up")).unwrap();
        let way = Followed::from(&root.join("a"));
        let on = way.through(&root.join("a/to-b"), &root.join("a")).unwrap();
        let back = root.join("a/to-b/to-a");
        assert!(on.through(&back, &root.join("a/to-b")).is_none());
        let up = root.join("a/deep/up");
        assert!(way.through(&up, &root.join("a/deep")).is_none());
        assert!(way.through(&root.join("nowhere"), &root).is_none());
        // A link up from a start that is itself behind a link.
        symlink(root.join("b"), root.join("a/deep/away")).unwrap();
        fs::create_dir_all(root.join("c/inner")).unwrap();
        symlink(root.join("c"), root.join("c/inner/up")).unwrap();
        let up = root.join("c/inner/up");
        assert!(way.through(&up, &root.join("c/inner")).is_none());
        let way = Followed::from(&root.join("a/deep/away"));
        let up = root.join("a/deep/away/to-a");
        assert!(way.through(&up, &root.join("a/deep/away")).is_none());
    }
}
