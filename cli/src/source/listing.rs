//! The contents of a folder of a copy on disk, by their keys in the bucket.

use super::folder::Folder;
use super::links::Followed;
use super::strays::Strays;
use std::io;
use std::path::Path;
use trailseal::world::{Depth, Page};

/// The maximum number of folders of one listing that links lead to, or that are below such a
/// folder.
const MAX_LINKED: usize = 10_000;

/// Lists the contents of a folder whose key in the bucket is `prefix`. A folder that does not exist
/// is empty.
///
/// # Errors
/// If a folder below cannot be read, or links lead to more than `MAX_LINKED` folders.
pub(super) fn list_below(
    path: &Path,
    prefix: &str,
    depth: Depth,
    strays: &Strays,
) -> io::Result<Page> {
    let mut page = Page::default();
    let mut linked = 0;
    let mut folders = vec![(
        path.to_owned(),
        prefix.to_owned(),
        Followed::from(path),
        false,
    )];
    let mut is_first = true;
    while let Some((path, key, followed, is_below_link)) = folders.pop() {
        let below = match Folder::read(&path, strays) {
            Ok(below) => below,
            Err(error) if error.kind() == io::ErrorKind::NotFound && is_first => break,
            Err(error) => return Err(error),
        };
        is_first = false;
        linked += usize::from(is_below_link);
        if linked > MAX_LINKED {
            return Err(io::Error::other(format!(
                "symbolic links in it lead to more than {MAX_LINKED} folders"
            )));
        }
        let files = below.files.into_iter();
        page.keys
            .extend(files.map(|file| format!("{key}{}", file.name)));
        for folder in below.folders {
            let key = format!("{key}{}/", folder.name);
            if depth == Depth::Folders {
                page.folders.push(key);
                continue;
            }
            // A link that leads back into the listing leads to nothing else.
            let on = if folder.is_linked {
                followed.through(&folder.path, &path)
            } else {
                Some(followed.clone())
            };
            folders.extend(on.map(|on| {
                let is_below_link = is_below_link || folder.is_linked;
                (folder.path, key, on, is_below_link)
            }));
        }
    }
    page.keys.sort_unstable();
    page.folders.sort_unstable();
    Ok(page)
}
