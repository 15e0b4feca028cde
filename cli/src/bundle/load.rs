//! Opening a bundle.

use super::archive::{Archive, BundleError};
use super::content::{is_object_file, open_regular};
use super::failure::RecordedAnswer;
use super::manifest::{Manifest, Recorded, StoredFile, StoredObject};
use super::public_keys::RegionKeys;
use super::{MANIFEST, MAX_ANSWERS, MAX_MANIFEST_BYTES, OBJECTS, REPORTS, SCHEMA};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs;
use std::io::Read as _;
use std::path::Path;
use trailseal::names::seconds::whole_second;
use trailseal::names::sha256::Sha256;
use trailseal::names::text::clip;
use trailseal::trust::public_key::KeySet;

/// The start of every schema of a bundle.
const SCHEMAS: &str = "trailseal.bundle/";

/// The number of files below `objects` that are looked at, to find out whether a folder without a
/// manifest is a bundle.
const LOOKED_AT: usize = 1_000;

/// Opens the bundle in a folder. Returns none if the folder is not a bundle.
///
/// # Errors
/// [`BundleError`]: it is one, but cannot be used.
pub(crate) fn open(folder: &Path) -> Result<Option<Archive>, BundleError> {
    let path = folder.join(MANIFEST);
    // Copies of buckets may hold a file of this name.
    let is_sure = has_objects(folder);
    if !folder.is_dir() || path.symlink_metadata().is_err() {
        return if is_sure {
            Err(damaged(
                &path,
                "is missing: the collection did not end, or the file was removed",
            ))
        } else {
            Ok(None)
        };
    }
    let bytes = match read(&path) {
        Ok(bytes) => bytes,
        Err(_) if !is_sure => return Ok(None),
        Err(error) => return Err(error),
    };
    match schema_of(&bytes) {
        Some(schema) if schema == SCHEMA => {}
        Some(schema) if schema.starts_with(SCHEMAS) => {
            return Err(BundleError::OtherSchema {
                path: path.display().to_string(),
                schema: clip(&schema, 100).to_owned(),
            });
        }
        None if is_sure => return Err(damaged(&path, "is not a manifest")),
        Some(_) | None => return Ok(None),
    }
    let manifest: Manifest = serde_json::from_slice(&bytes)
        .map_err(|error| damaged(&path, &format!("is not a manifest: {error}")))?;
    check(&manifest).map_err(|what| damaged(&path, &what))?;
    load(folder, manifest, Sha256::of(&bytes)).map(Some)
}

/// Returns whether a folder has files with the names that a collection gives to objects. Those of the
/// first requests may be missing: a request that is tried again gets another number.
fn has_objects(folder: &Path) -> bool {
    let files = fs::read_dir(folder.join(OBJECTS)).into_iter().flatten();
    let names = files.take(LOOKED_AT).flatten().map(|file| file.file_name());
    names.into_iter().any(|name| {
        let name = name.to_str().map(|name| format!("{OBJECTS}/{name}"));
        name.is_some_and(|name| is_object_file(&name))
    })
}

fn damaged(path: &Path, what: &str) -> BundleError {
    BundleError::Damaged {
        path: path.display().to_string(),
        what: what.to_owned(),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, BundleError> {
    let unread = |error: &dyn Display| BundleError::Unread {
        path: path.display().to_string(),
        error: error.to_string(),
    };
    let file = open_regular(path).map_err(|error| unread(&error))?;
    let mut bytes = Vec::new();
    let read = file
        .take(MAX_MANIFEST_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| unread(&error))?;
    if u64::try_from(read).is_ok_and(|read| read <= MAX_MANIFEST_BYTES) {
        Ok(bytes)
    } else {
        Err(BundleError::TooLarge {
            path: path.display().to_string(),
        })
    }
}

/// Returns the schema that a JSON object states.
fn schema_of(bytes: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Stated {
        schema: String,
    }
    let stated: Stated = serde_json::from_slice(bytes).ok()?;
    Some(stated.schema)
}

/// Checks that the manifest names only files of the bundle, and is not larger than any that a
/// collection writes. Returns the damage, in words.
fn check(manifest: &Manifest) -> Result<(), String> {
    let answers = [
        manifest.objects.len(),
        manifest.headers.len(),
        manifest.listings.len(),
        manifest.key_requests.len(),
        manifest.reports.len(),
    ];
    if answers.into_iter().any(|number| number > MAX_ANSWERS) {
        return Err(format!("has more than {MAX_ANSWERS} answers of one kind"));
    }
    let objects = manifest.objects.iter().filter_map(file_of);
    let wrong = objects
        .filter(|stored| !is_object_file(&stored.file))
        .chain(
            manifest
                .reports
                .iter()
                .filter(|stored| !REPORTS.contains(&stored.file.as_str())),
        )
        .next();
    match wrong {
        Some(stored) => Err(format!(
            "names {:?}, which is not a file of a bundle",
            clip(&stored.file, 200)
        )),
        None => Ok(()),
    }
}

fn file_of(
    recorded: &Recorded<trailseal::names::location::ObjectLocation, StoredObject>,
) -> Option<&StoredFile> {
    match &recorded.answer {
        RecordedAnswer::Found(stored) => Some(&stored.content),
        RecordedAnswer::Absent(_) | RecordedAnswer::Failed(_) => None,
    }
}

fn load(folder: &Path, manifest: Manifest, sha256: Sha256) -> Result<Archive, BundleError> {
    let path = folder.join(MANIFEST);
    let damaged = |what: String| damaged(&path, &what);
    let keys = serde_json::to_vec(&manifest.public_key_list)
        .map_err(|error| damaged(error.to_string()))?;
    let listed = if manifest.public_key_list.is_empty() {
        KeySet::default()
    } else {
        KeySet::from_saved_response(&keys)
            .map_err(|error| damaged(format!("holds unusable public keys: {error}")))?
    };
    let keys = RegionKeys::default();
    for key in listed {
        let Some(region) = key.region.clone() else {
            return Err(damaged("holds a public key without a Region".to_owned()));
        };
        keys.add(&region, [key])
            .map_err(|cause| damaged(cause.to_string()))?;
    }
    Ok(Archive {
        folder: folder.to_owned(),
        sha256,
        source: manifest.source,
        selection: manifest.selection,
        collected_at: whole_second(manifest.collected_at),
        interrupted: manifest.interrupted,
        reports: manifest.reports,
        keys,
        key_requests: by_request(manifest.key_requests).map_err(damaged)?,
        objects: by_request(manifest.objects).map_err(damaged)?,
        headers: by_request(manifest.headers).map_err(damaged)?,
        listings: by_request(manifest.listings).map_err(damaged)?,
        checked: std::sync::Mutex::default(),
    })
}

/// Returns the answers by their requests.
///
/// # Errors
/// One request has two answers.
fn by_request<K: Ord, T>(
    recorded: Vec<Recorded<K, T>>,
) -> Result<BTreeMap<K, RecordedAnswer<T>>, String> {
    let count = recorded.len();
    let by_request: BTreeMap<_, _> = recorded
        .into_iter()
        .map(|one| (one.request, one.answer))
        .collect();
    if by_request.len() == count {
        Ok(by_request)
    } else {
        Err("holds two answers to one request".to_owned())
    }
}
