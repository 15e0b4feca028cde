//! The lines of a progress file, as they are written and read.

use super::done::Done;
use super::error::ResumeError;
use super::positions::Positions;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::io::{self, BufRead, Read as _};
use std::path::Path;
use trailseal::names::sha256::Sha256;

const SCHEMA: &str = "trailseal.progress/2";
const SCHEMA_OF_WHOLE_DIGESTS: &str = "trailseal.progress/1";

/// The maximum number of digests that are kept from a file: a thousand chains for a year. The log
/// files of other digests are verified again.
const MAX_DIGESTS: usize = 10_000_000;

/// The maximum number of ranges of log files that are kept from a file, for all digests together.
const MAX_RANGES: usize = 20_000_000;

/// The maximum length of a line that is read, in bytes. A digest of 30,000 log files, every other
/// of them valid, takes a tenth of it.
const MAX_LINE: u64 = 1 << 20;

#[derive(Serialize, Deserialize)]
struct ProgressHead {
    schema: String,
    source: String,
}

/// A line to write.
#[derive(Serialize)]
struct WrittenLine<'a> {
    digest: &'a str,
    of: u32,
    valid: &'a str,
    bytes: u64,
}

/// A line that was read: of version 2, or of version 1, which has only `logFiles`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReadLine {
    digest: String,
    of: Option<u32>,
    valid: Option<String>,
    log_files: Option<u32>,
    bytes: u64,
}

/// The log files verified since the last line of a digest.
#[derive(Debug, Default)]
pub(super) struct Unwritten {
    pub(super) of: u32,
    pub(super) positions: Vec<u32>,
    pub(super) bytes: u64,
}

/// Returns the pending lines.
pub(super) fn lines(pending: HashMap<Sha256, Unwritten>) -> io::Result<String> {
    let mut lines = String::new();
    for (digest, pending) in pending {
        let line = serde_json::to_string(&WrittenLine {
            digest: &digest.to_string(),
            of: pending.of,
            valid: &Positions::of(pending.positions).text(),
            bytes: pending.bytes,
        })?;
        lines.push_str(&line);
        lines.push('\n');
    }
    Ok(lines)
}

/// Reads the first line, and refuses a file that is for something else.
pub(super) fn check_head(
    lines: &mut impl BufRead,
    path: &Path,
    source: &str,
) -> Result<(), ResumeError> {
    let path = || path.display().to_string();
    let mut line = Vec::new();
    next(lines, &mut line).map_err(|error| ResumeError::Io {
        path: path(),
        error,
    })?;
    let head: ProgressHead =
        serde_json::from_slice(&line).map_err(|_| ResumeError::Foreign { path: path() })?;
    match head.schema.as_str() {
        SCHEMA | SCHEMA_OF_WHOLE_DIGESTS => {}
        schema if schema.starts_with("trailseal.progress/") => {
            return Err(ResumeError::OtherVersion {
                path: path(),
                schema: head.schema,
            });
        }
        _ => return Err(ResumeError::Foreign { path: path() }),
    }
    if head.source != source {
        return Err(ResumeError::OtherSource {
            path: path(),
            source_of_file: head.source,
        });
    }
    Ok(())
}

/// Reads the lines after the first. Returns whether the last one is complete.
pub(super) fn read(lines: &mut impl BufRead, done: &mut HashMap<Sha256, Done>) -> io::Result<bool> {
    let mut line = Vec::new();
    let mut whole = true;
    let mut ranges = 0;
    while next(lines, &mut line)? {
        whole = line.ends_with(b"\n");
        let Some((digest, entry)) = entry(&line) else {
            continue;
        };
        let known = done.get(&digest);
        if known.is_none() && done.len() >= MAX_DIGESTS {
            continue;
        }
        let (before, entry) = match known {
            None => (0, Some(entry)),
            Some(known) => (known.valid.ranges(), known.with(&entry)),
        };
        let Some(entry) = entry else { continue };
        let after = ranges - before + entry.valid.ranges();
        if after <= MAX_RANGES {
            ranges = after;
            done.insert(digest, entry);
        }
    }
    Ok(whole)
}

/// Reads a line with its end, or the available part of one. Keeps nothing of a line that is too
/// long.
fn next(lines: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    if lines.by_ref().take(MAX_LINE).read_until(b'\n', line)? == 0 {
        return Ok(false);
    }
    if !line.ends_with(b"\n") && lines.skip_until(b'\n')? > 0 {
        line.clear();
        line.push(b'\n');
    }
    Ok(true)
}

/// Returns the entry of a line, or none if the line is not a possible one.
fn entry(line: &[u8]) -> Option<(Sha256, Done)> {
    let line: ReadLine = serde_json::from_slice(line).ok()?;
    let (of, valid) = match (line.of, line.valid, line.log_files) {
        (Some(of), Some(valid), None) => (of, Positions::parse(&valid, of)?),
        (None, None, Some(of)) => (of, Positions::all(of)?),
        _ => return None,
    };
    let digest = Sha256::from_hex(&line.digest)?;
    let bytes = line.bytes;
    Some((digest, Done { of, valid, bytes }))
}

/// Returns the first line of a progress file for `source`.
pub(super) fn head(source: &str) -> io::Result<String> {
    let head = ProgressHead {
        schema: SCHEMA.to_owned(),
        source: source.to_owned(),
    };
    Ok(serde_json::to_string(&head)? + "\n")
}
