//! The keys of a log and of its cosigners, on the command line or in the evidence bucket.

use crate::exit::Stop;
use crate::input;
use std::path::Path;
use trailseal::evidence_log::{LogCheckpoint, LogKey, places};
use trailseal::names::value::plain;
use trailseal::world::FetchEvidence;

/// The maximum size in bytes of a file with a key or a checkpoint.
const MAX_BYTES: usize = 64 * 1024;

/// The key of a log, and where it comes from.
pub(super) struct GivenKey {
    /// The key.
    pub(super) key: LogKey,
    /// Indicates whether it comes from the evidence bucket itself.
    pub(super) is_from_bucket: bool,
}

/// Reads a key: its text, or the name of a file.
///
/// # Errors
/// [`Stop`]: it is neither.
pub(super) fn read(option: &str, text: &str) -> Result<LogKey, Stop> {
    let text = plain(text);
    let wrong = |error: &dyn std::fmt::Display| Stop::usage(format_args!("{option}: {error}"));
    let error = match LogKey::read(text) {
        Ok(key) => return Ok(key),
        Err(error) => error,
    };
    if !Path::new(text).exists() {
        return Err(wrong(&format_args!("{error}, and `{text}` is not a file")));
    }
    let content = input::read(Path::new(text), MAX_BYTES)?;
    LogKey::read(&String::from_utf8_lossy(&content))
        .map_err(|error| wrong(&format_args!("{text}: {error}")))
}

/// Returns the key of a log: the one that is given, otherwise the one in the evidence bucket.
///
/// # Errors
/// [`Stop`]: there is none.
pub(super) async fn of_log<E: FetchEvidence>(
    given: Option<&str>,
    evidence: &E,
) -> Result<GivenKey, Stop> {
    if let Some(given) = given {
        return Ok(GivenKey {
            key: read("--key", given)?,
            is_from_bucket: false,
        });
    }
    let found = evidence.fetch(places::PUBLIC_KEY, MAX_BYTES).await;
    let found = found.map_err(Stop::cannot_tell)?.ok_or_else(|| {
        Stop::cannot_tell(format_args!(
            "there is no evidence log: {} does not exist",
            places::PUBLIC_KEY
        ))
    })?;
    let key = LogKey::read(&String::from_utf8_lossy(&found));
    let key = key.map_err(|error| {
        Stop::cannot_tell(format_args!(
            "{} in the evidence bucket is not a public key: {error}. Give the key with --key",
            places::PUBLIC_KEY
        ))
    })?;
    Ok(GivenKey {
        key,
        is_from_bucket: true,
    })
}

/// Reads a checkpoint that somebody received earlier.
///
/// # Errors
/// [`Stop`]: it is not one of the log with this key.
pub(super) fn checkpoint(path: &Path, key: &LogKey) -> Result<LogCheckpoint, Stop> {
    let content = input::read(path, MAX_BYTES)?;
    LogCheckpoint::read(&content, key).map_err(|error| {
        Stop::usage(format_args!(
            "--checkpoint: {} is not a checkpoint of this log: {error}",
            path.display()
        ))
    })
}
