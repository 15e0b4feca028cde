//! The folder `AWSLogs` of a copy on disk, which every trail's objects lie in.

use super::folders::Folders;
use std::path::{Path, PathBuf};

/// The folder that every trail's objects lie in.
pub(super) const ROOT: &str = "AWSLogs";
/// The folder that an account's log files are in.
const LOG_FILES: &str = "CloudTrail";
/// The folder that an account's digests are in.
pub(super) const DIGESTS: &str = "CloudTrail-Digest";

/// Whether the [`ROOT`] folder of a root holds any trail's objects. Other services deliver
/// there, too.
pub(super) fn holds_trail(root: &Path) -> bool {
    let folders = |path: &Path| -> Vec<PathBuf> {
        let below = Folders::of(path).map(Folders::all).unwrap_or_default();
        below.into_iter().map(|name| path.join(name)).collect()
    };
    let of_trail = |account: &PathBuf| {
        folders(account).iter().any(|folder| {
            folder
                .file_name()
                .is_some_and(|name| name == LOG_FILES || name == DIGESTS)
        })
    };
    let first = folders(&root.join(ROOT));
    first.iter().any(of_trail)
        || first
            .iter()
            .filter(|folder| {
                let name = folder.file_name().and_then(|name| name.to_str());
                name.is_some_and(|name| name.starts_with("o-"))
            })
            .any(|organization| folders(organization).iter().any(of_trail))
}

/// For a directory inside an [`ROOT`] folder: what holds that, and the way down.
pub(super) fn above(path: &Path) -> Option<(PathBuf, String)> {
    let root = path
        .ancestors()
        .find(|folder| folder.file_name().is_some_and(|name| name == ROOT))?;
    let inside = path.strip_prefix(root).ok()?.to_str()?;
    Some((root.parent()?.to_owned(), inside.to_owned()))
}
