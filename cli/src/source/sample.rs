//! The place that a copy on disk was delivered to, according to most of a few of its digests.

use super::folder::Folder;
use super::folders::Folders;
use super::place::SourcePlace;
use super::strays::Strays;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use trailseal::format::digest::{self, UnverifiedDigest};
use trailseal::format::form::Form;
use trailseal::names::object_key::{DIGEST_FOLDER, ObjectKind, ROOT_FOLDER, classify};

/// The maximum number of directories that are searched for a few digests.
const MAX_DIRECTORIES: usize = 10_000;
/// The number of digests that are read for the place they were delivered to.
const SAMPLES: usize = 7;
/// The maximum number of Regions of an account that are searched for a digest.
const MAX_REGIONS: usize = 100;
/// The maximum number of folders of a Region that are searched for a digest.
const MAX_DATES: usize = 50;
/// The maximum number of files of a Region that are read to find a digest.
const MAX_TRIED: usize = 10;

/// Returns the place that most of a few digests say they were delivered to: the bucket, and the
/// prefix before [`ROOT_FOLDER`].
pub(super) fn delivered_to(root: &Path, strays: &Strays) -> Option<SourcePlace> {
    let mut stated: BTreeMap<SourcePlace, usize> = BTreeMap::new();
    for (relative, said) in sample(root, strays) {
        if let Some(prefix) = said.location.key.strip_suffix(&relative)
            && (prefix.is_empty() || prefix.ends_with('/'))
        {
            *stated
                .entry((said.location.bucket, prefix.to_owned()))
                .or_default() += 1;
        }
    }
    stated
        .into_iter()
        .max_by_key(|(_, times)| *times)
        .map(|(place, _)| place)
}

/// Returns the newest digests of a few accounts and Regions, with their paths below the root.
fn sample(root: &Path, strays: &Strays) -> Vec<(String, UnverifiedDigest)> {
    let mut samples = Vec::new();
    let mut folders = vec![root.join(ROOT_FOLDER)];
    let mut looked_into = 0;
    while let Some(folder) = folders.pop() {
        looked_into += 1;
        if samples.len() >= SAMPLES || looked_into > MAX_DIRECTORIES {
            break;
        }
        let Ok(mut below) = Folders::of(&folder).map(Folders::all) else {
            continue;
        };
        if folder.file_name().is_some_and(|name| name == DIGEST_FOLDER) {
            let regions = below.iter().take(MAX_REGIONS);
            let newest = regions
                .filter_map(|region| newest_digest(root, folder.join(region), strays))
                .take(SAMPLES);
            samples.extend(newest);
            continue;
        }
        let is_account =
            |name: &String| name.len() == 12 && name.bytes().all(|b| b.is_ascii_digit());
        below.retain(|name| is_account(name) || name.starts_with("o-") || name == DIGEST_FOLDER);
        folders.extend(below.into_iter().map(|name| folder.join(name)));
    }
    samples
}

/// Returns the newest readable digest of a Region, by its name in S3, with its path below the root.
fn newest_digest(
    root: &Path,
    region: PathBuf,
    strays: &Strays,
) -> Option<(String, UnverifiedDigest)> {
    let mut folders = vec![region];
    let (mut looked_into, mut tried) = (0, 0);
    while let Some(folder) = folders.pop() {
        looked_into += 1;
        let read = Folder::read(&folder, strays).ok()?;
        let inside = folder.strip_prefix(root).ok()?.to_owned();
        for file in read.files.into_iter().rev() {
            let Some(relative) = inside.join(&file.name).to_str().map(str::to_owned) else {
                continue;
            };
            if !matches!(classify(&relative), ObjectKind::Digest(_)) {
                continue;
            }
            if let Some(said) = read_digest(&file.path) {
                return Some((relative, said));
            }
            tried += 1;
            if tried >= MAX_TRIED {
                return None;
            }
        }
        if looked_into >= MAX_DATES {
            return None;
        }
        // The newest year, month or day is searched first.
        let is_date = |name: &str| name.bytes().all(|b| b.is_ascii_digit());
        let dates = read.folders.into_iter().filter(|date| is_date(&date.name));
        folders.extend(dates.map(|date| date.path));
    }
    None
}

/// Returns the digest in a file, if it is one. The file may be decompressed.
pub(super) fn read_digest(path: &Path) -> Option<UnverifiedDigest> {
    let is_file = fs::metadata(path).is_ok_and(|metadata| metadata.is_file());
    let mut bytes = Vec::new();
    is_file
        .then(|| File::open(path).ok())
        .flatten()?
        .take(digest::MAX_OBJECT_BYTES)
        .read_to_end(&mut bytes)
        .ok()?;
    let content = Form::of_copy(&bytes).inflate(&bytes, digest::MAX_INFLATED_BYTES);
    UnverifiedDigest::parse(&content.ok()?).ok()
}
