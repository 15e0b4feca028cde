//! The root folder of a copy on disk, which contains every trail's objects.

use super::folders::Folders;
use std::path::{Path, PathBuf};
use trailseal::names::object_key::{DIGEST_FOLDER, LOG_FOLDER, ROOT_FOLDER};

/// Returns whether the [`ROOT_FOLDER`] folder of a root holds any trail's objects. Other services
/// also deliver there.
pub(super) fn holds_trail(root: &Path) -> bool {
    let folders = |path: &Path| -> Vec<PathBuf> {
        let below = Folders::of(path).map(Folders::all).unwrap_or_default();
        below.into_iter().map(|name| path.join(name)).collect()
    };
    let of_trail = |account: &PathBuf| {
        folders(account).iter().any(|folder| {
            folder
                .file_name()
                .is_some_and(|name| name == LOG_FOLDER || name == DIGEST_FOLDER)
        })
    };
    let first = folders(&root.join(ROOT_FOLDER));
    first.iter().any(of_trail)
        || first
            .iter()
            .filter(|folder| {
                let name = folder.file_name().and_then(|name| name.to_str());
                name.is_some_and(|name| name.starts_with("o-"))
            })
            .any(|organization| folders(organization).iter().any(of_trail))
}

/// Returns, for a directory inside an [`ROOT_FOLDER`] folder, the parent of that folder, and the
/// path down from it.
pub(super) fn above(path: &Path) -> Option<(PathBuf, String)> {
    let root = path
        .ancestors()
        .find(|folder| folder.file_name().is_some_and(|name| name == ROOT_FOLDER))?;
    let inside = path.strip_prefix(root).ok()?.to_str()?;
    Some((root.parent()?.to_owned(), inside.to_owned()))
}
