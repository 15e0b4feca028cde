//! Progress on disk: which log files were found valid. The file is about one run, however often
//! that run is interrupted, and is removed when the run comes to its end.
//!
//! The first line names the source. Each other line holds log files of one digest, by their
//! positions in the digest's list:
//!
//! ```text
//! {"schema":"trailseal.progress/2","source":"s3://amzn-s3-demo-bucket"}
//! {"digest":"…","of":200,"valid":"0-63,70,72-80","bytes":1234567}
//! ```
//!
//! `digest` is the SHA-256 of the digest's content, which lists the log files and their hashes: a
//! digest that changes is a digest that the file does not know. `bytes` are the inflated bytes of
//! the log files of the line. Whatever was not valid is never kept, and so is looked at again. A
//! line that a crash cut off, and a line that contradicts itself or an earlier one, is passed over.
//!
//! Version 1 of the format holds whole digests (`{"digest":"…","logFiles":200,"bytes":1}`). Its
//! lines are read, too. An earlier version of Trailseal passes over the lines of version 2.
//!
//! Lines are written together every half second, with one `write` each time. So a process that is
//! killed loses half a second of work. The file is synchronized with the disk at the end only: a
//! machine that loses its power may lose what the operating system had not written.

use crate::report::CannotTell;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use trailseal::names::sha256::Sha256;

const SCHEMA: &str = "trailseal.progress/2";
const SCHEMA_OF_WHOLE_DIGESTS: &str = "trailseal.progress/1";

/// The most digests that are kept from a file: a thousand chains for a year. The log files of
/// others are verified again.
const MAX_DIGESTS: usize = 10_000_000;

/// The most ranges of log files that are kept from a file, of all digests together.
const MAX_RANGES: usize = 20_000_000;

/// The longest line that is read, in bytes. A digest of 30,000 log files, every other of them
/// valid, takes a tenth of it.
const MAX_LINE: u64 = 1 << 20;

/// How often what was verified is written.
const EVERY: Duration = Duration::from_millis(500);

#[derive(Serialize, Deserialize)]
struct Head {
    schema: String,
    source: String,
}

/// A line as it is written.
#[derive(Serialize)]
struct Line<'a> {
    digest: &'a str,
    of: u32,
    valid: &'a str,
    bytes: u64,
}

/// A line as it is read: of version 2, or of version 1, which has `logFiles` alone.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AnyLine {
    digest: String,
    of: Option<u32>,
    valid: Option<String>,
    log_files: Option<u32>,
    bytes: u64,
}

/// Positions in a list, as ranges with both ends: in order, without overlaps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Positions(Vec<(u32, u32)>);

/// The log files of a digest that were found valid before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Done {
    /// How many log files the digest lists.
    of: u32,
    valid: Positions,
    /// The inflated bytes of the log files that were found valid.
    pub(crate) bytes: u64,
}

/// What was verified since the last line of a digest.
#[derive(Debug, Default)]
struct Pending {
    of: u32,
    positions: Vec<u32>,
    bytes: u64,
}

/// Why a file cannot be gone on from.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ResumeError {
    /// It cannot be read or written.
    #[error("cannot keep progress in {path}: {error}")]
    Io {
        /// The file.
        path: String,
        /// Why not.
        error: io::Error,
    },
    /// It holds something else.
    #[error("{path} holds no progress of `trailseal verify`: name another file, or remove it")]
    Foreign {
        /// The file.
        path: String,
    },
    /// A version of Trailseal wrote it that keeps progress in another way.
    #[error(
        "{path} holds progress in the form {schema}, which this version of Trailseal does not read: use the version that wrote the file, or remove the file"
    )]
    OtherVersion {
        /// The file.
        path: String,
        /// The form that the file names.
        schema: String,
    },
    /// Another run keeps its progress in it.
    #[error("another run of trailseal uses {path}: wait for its end, or name another file")]
    InUse {
        /// The file.
        path: String,
    },
    /// It is about something else.
    #[error(
        "{path} holds the progress of verifying {source_of_file}: name another file, or remove it"
    )]
    OtherSource {
        /// The file.
        path: String,
        /// What it is about.
        source_of_file: String,
    },
}

/// What was done before, and a file to add to.
#[derive(Debug)]
pub(crate) struct Resume {
    done: HashMap<Sha256, Done>,
    state: Mutex<State>,
    path: PathBuf,
}

#[derive(Debug)]
struct State {
    file: File,
    pending: HashMap<Sha256, Pending>,
    /// Whether a write failed: nothing is kept from then on.
    broken: bool,
    error: Option<io::Error>,
}

impl Resume {
    /// Opens a file of progress on `source`, or begins one.
    pub(crate) fn open(path: &Path, source: &str) -> Result<Self, ResumeError> {
        let failed = |error| ResumeError::Io {
            path: path.display().to_string(),
            error,
        };
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path)
            .map_err(failed)?;
        // Some file systems know no locks: two runs on one file are the user's own doing there.
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            return Err(ResumeError::InUse {
                path: path.display().to_string(),
            });
        }
        let mut done = HashMap::new();
        if file.metadata().map_err(failed)?.len() > 0 {
            let mut lines = BufReader::new(&file);
            check_head(&mut lines, path, source)?;
            let whole = read(&mut lines, &mut done).map_err(failed)?;
            if !whole {
                writeln!(file).map_err(failed)?;
            }
        } else {
            let head = Head {
                schema: SCHEMA.to_owned(),
                source: source.to_owned(),
            };
            let head = serde_json::to_string(&head).map_err(|error| failed(error.into()))?;
            file.write_all(format!("{head}\n").as_bytes())
                .map_err(failed)?;
        }
        Ok(Self {
            done,
            state: Mutex::new(State {
                file,
                pending: HashMap::new(),
                broken: false,
                error: None,
            }),
            path: path.to_owned(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // What is pending may be written twice at worst, which readers pass over.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes the file: the run has come to its end, and the next one looks at everything.
    pub(crate) fn complete(&self) -> io::Result<()> {
        self.state().pending.clear();
        std::fs::remove_file(&self.path)
    }

    /// The log files of the digest with this content that were found valid before, where the
    /// digest lists `of` log files.
    pub(crate) fn done(&self, digest: Sha256, of: usize) -> Option<&Done> {
        self.done
            .get(&digest)
            .filter(|done| usize::try_from(done.of).is_ok_and(|known| known == of))
    }

    /// Notes that the log file at `position` of the digest's list of `of` log files is valid. It
    /// is written with the next [`Self::flush`].
    pub(crate) fn note(&self, digest: Sha256, of: usize, position: usize, bytes: u64) {
        let (Ok(of), Ok(position)) = (u32::try_from(of), u32::try_from(position)) else {
            return;
        };
        let mut state = self.state();
        if state.broken {
            return;
        }
        let pending = state.pending.entry(digest).or_default();
        pending.of = of;
        pending.positions.push(position);
        pending.bytes = pending.bytes.saturating_add(bytes);
    }

    /// Writes what was noted since the last call. Where that fails, nothing more is kept, and
    /// [`Self::not_kept`] says why.
    pub(crate) fn flush(&self) {
        let mut state = self.state();
        let pending = std::mem::take(&mut state.pending);
        if pending.is_empty() || state.broken {
            return;
        }
        let written = lines(pending).and_then(|lines| state.file.write_all(lines.as_bytes()));
        if let Err(error) = written {
            state.broken = true;
            state.error = Some(error);
        }
    }

    /// Writes what was noted, and waits until the disk has it.
    pub(crate) fn end(&self) {
        self.flush();
        let mut state = self.state();
        if !state.broken
            && let Err(error) = state.file.sync_data()
        {
            state.error = Some(error);
        }
    }

    /// Why progress is no longer kept. It is said once.
    pub(crate) fn not_kept(&self) -> Option<CannotTell> {
        let error = self.state().error.take()?;
        Some(CannotTell {
            subject: "the progress file".to_owned(),
            account: None,
            region: None,
            trail: None,
            reason: format!("progress cannot be kept: {error}"),
            advice: "Make room, or leave --resume out.".to_owned(),
        })
    }

    /// Writes what is noted every half second, until the task is aborted.
    pub(crate) async fn keep(self: Arc<Self>) {
        let mut ticks = tokio::time::interval(EVERY);
        loop {
            ticks.tick().await;
            self.flush();
        }
    }
}

impl Done {
    /// How many log files were found valid.
    pub(crate) fn count(&self) -> u64 {
        self.valid.count()
    }

    /// Whether the log file at this position of the digest's list was found valid.
    pub(crate) fn holds(&self, position: usize) -> bool {
        u32::try_from(position).is_ok_and(|position| self.valid.holds(position))
    }
}

impl Positions {
    /// Reads `0-63,70`. None where it is anything but ranges in order, below `of`.
    fn parse(text: &str, of: u32) -> Option<Self> {
        let number = |text: &str| -> Option<u32> {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|number| digits && *number < of)
        };
        let mut ranges: Vec<(u32, u32)> = Vec::new();
        for range in text.split(',') {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            let (first, last) = (number(first)?, number(last)?);
            let follows = ranges.last().is_none_or(|(_, before)| first > *before);
            if first > last || !follows {
                return None;
            }
            ranges.push((first, last));
        }
        Some(Self(ranges).joined())
    }

    /// The ranges of positions that come in any order, once each.
    fn of(mut positions: Vec<u32>) -> Self {
        positions.sort_unstable();
        positions.dedup();
        Self(positions.into_iter().map(|at| (at, at)).collect()).joined()
    }

    /// Both together. None where they share a position.
    fn with(&self, other: &Self) -> Option<Self> {
        let mut ranges = [self.0.as_slice(), other.0.as_slice()].concat();
        ranges.sort_unstable();
        let apart = ranges
            .array_windows()
            .all(|[(_, last), (first, _)]| first > last);
        apart.then(|| Self(ranges).joined())
    }

    /// The same, with neighbours as one range.
    fn joined(self) -> Self {
        let mut joined: Vec<(u32, u32)> = Vec::new();
        for (first, last) in self.0 {
            match joined.last_mut() {
                Some((_, before)) if before.checked_add(1) == Some(first) => *before = last,
                _ => joined.push((first, last)),
            }
        }
        joined.shrink_to_fit();
        Self(joined)
    }

    fn count(&self) -> u64 {
        self.0
            .iter()
            .map(|(first, last)| u64::from(last - first) + 1)
            .sum()
    }

    fn holds(&self, position: u32) -> bool {
        let after = self.0.partition_point(|(first, _)| *first <= position);
        after
            .checked_sub(1)
            .and_then(|at| self.0.get(at))
            .is_some_and(|(_, last)| *last >= position)
    }

    /// `0-63,70`.
    fn text(&self) -> String {
        let mut text = String::new();
        for (first, last) in &self.0 {
            let comma = if text.is_empty() { "" } else { "," };
            // Writing to a String cannot fail.
            let _ = if first == last {
                write!(text, "{comma}{first}")
            } else {
                write!(text, "{comma}{first}-{last}")
            };
        }
        text
    }
}

/// The lines of what is pending.
fn lines(pending: HashMap<Sha256, Pending>) -> io::Result<String> {
    let mut lines = String::new();
    for (digest, pending) in pending {
        let line = serde_json::to_string(&Line {
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

/// Reads the first line, and refuses a file that is about something else.
fn check_head(lines: &mut impl BufRead, path: &Path, source: &str) -> Result<(), ResumeError> {
    let path = || path.display().to_string();
    let mut line = Vec::new();
    next(lines, &mut line).map_err(|error| ResumeError::Io {
        path: path(),
        error,
    })?;
    let head: Head =
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

/// Reads the lines after the first. Whether the last one is whole.
fn read(lines: &mut impl BufRead, done: &mut HashMap<Sha256, Done>) -> io::Result<bool> {
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
            Some(known) => (known.valid.0.len(), known.with(&entry)),
        };
        let Some(entry) = entry else { continue };
        let after = ranges - before + entry.valid.0.len();
        if after <= MAX_RANGES {
            ranges = after;
            done.insert(digest, entry);
        }
    }
    Ok(whole)
}

/// Reads a line with its end, or what there is of one. Of a line that is too long nothing is kept.
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

/// What a line says. None where it says nothing that can be.
fn entry(line: &[u8]) -> Option<(Sha256, Done)> {
    let line: AnyLine = serde_json::from_slice(line).ok()?;
    let (of, valid) = match (line.of, line.valid, line.log_files) {
        (Some(of), Some(valid), None) => (of, Positions::parse(&valid, of)?),
        (None, None, Some(of)) => (of, Positions(vec![(0, of.checked_sub(1)?)])),
        _ => return None,
    };
    let digest = Sha256::from_hex(&line.digest)?;
    let bytes = line.bytes;
    Some((digest, Done { of, valid, bytes }))
}

impl Done {
    /// What two lines say of a digest. None where they contradict each other.
    fn with(&self, other: &Self) -> Option<Self> {
        if self.of != other.of {
            return None;
        }
        Some(Self {
            of: self.of,
            valid: self.valid.with(&other.valid)?,
            bytes: self.bytes.checked_add(other.bytes)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "s3://amzn-s3-demo-bucket";

    fn open(path: &Path) -> Resume {
        Resume::open(path, SOURCE).unwrap()
    }

    fn append(path: &Path, text: &str) {
        let mut file = OpenOptions::new().append(true).open(path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    /// Which of a digest's log files are known, and their bytes.
    fn known(resume: &Resume, digest: Sha256, of: usize) -> (Vec<usize>, u64) {
        resume.done(digest, of).map_or((Vec::new(), 0), |done| {
            let positions: Vec<usize> = (0..of).filter(|at| done.holds(*at)).collect();
            assert_eq!(done.count(), u64::try_from(positions.len()).unwrap());
            (positions, done.bytes)
        })
    }

    #[test]
    fn what_was_verified_is_known_again_also_after_a_line_was_cut_off() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("progress.ndjson");
        let (first, second) = (Sha256::of(b"1"), Sha256::of(b"2"));
        let resume = open(&path);
        assert_eq!(resume.done(first, 9), None);
        for position in [5, 3, 4, 0] {
            resume.note(first, 9, position, 10);
        }
        resume.flush();
        resume.note(first, 9, 8, 7);
        resume.note(second, 2, 1, 1);
        resume.flush();
        // Not written: lost.
        resume.note(first, 9, 7, 7);
        drop(resume);
        append(&path, "{\"digest\":\"ab");
        let resume = open(&path);
        assert_eq!(known(&resume, first, 9), (vec![0, 3, 4, 5, 8], 47));
        assert_eq!(known(&resume, second, 2), (vec![1], 1));
        resume.note(second, 2, 0, 2);
        resume.end();
        drop(resume);
        let resume = open(&path);
        assert_eq!(known(&resume, second, 2), (vec![0, 1], 3));
        assert!(resume.not_kept().is_none());
    }

    #[test]
    fn a_list_of_another_length_is_another_digest() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("progress");
        let digest = Sha256::of(b"1");
        let resume = open(&path);
        resume.note(digest, 9, 3, 10);
        resume.flush();
        drop(resume);
        let resume = open(&path);
        assert!(resume.done(digest, 9).is_some());
        assert_eq!(resume.done(digest, 8), None);
        assert_eq!(resume.done(digest, 10), None);
    }

    #[test]
    fn lines_that_cannot_be_are_passed_over() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("progress");
        let digest = Sha256::of(b"1");
        drop(open(&path));
        for line in [
            // Beyond the list, not in order, not numbers.
            r#""of":4,"valid":"0-4","bytes":1"#,
            r#""of":4,"valid":"4","bytes":1"#,
            r#""of":4,"valid":"2,1","bytes":1"#,
            r#""of":4,"valid":"2-1","bytes":1"#,
            r#""of":4,"valid":"1,1","bytes":1"#,
            r#""of":4,"valid":"","bytes":1"#,
            r#""of":4,"valid":"+1","bytes":1"#,
            r#""of":4,"valid":"1-","bytes":1"#,
            r#""of":4,"valid":"99999999999","bytes":1"#,
            r#""of":0,"valid":"0","bytes":1"#,
            r#""of":4,"bytes":1"#,
            r#""valid":"1","bytes":1"#,
            r#""logFiles":0,"bytes":1"#,
            r#""of":4,"valid":"1","logFiles":4,"bytes":1"#,
        ] {
            append(&path, &format!("{{\"digest\":\"{digest}\",{line}}}\n"));
        }
        append(&path, &format!("{}\n", "x".repeat(3 << 20)));
        append(
            &path,
            "{\"digest\":\"zz\",\"of\":4,\"valid\":\"1\",\"bytes\":1}\n",
        );
        let resume = open(&path);
        assert!(resume.done.is_empty(), "{:?}", resume.done);
        drop(resume);
        // What follows them is read; what repeats or contradicts a line before is not.
        for line in [
            r#""of":4,"valid":"1-2","bytes":5"#,
            r#""of":4,"valid":"2-3","bytes":1"#,
            r#""of":5,"valid":"4","bytes":1"#,
        ] {
            append(&path, &format!("{{\"digest\":\"{digest}\",{line}}}\n"));
        }
        assert_eq!(known(&open(&path), digest, 4), (vec![1, 2], 5));
    }

    #[test]
    fn whole_digests_of_version_1_are_known() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("progress");
        let (first, second) = (Sha256::of(b"1"), Sha256::of(b"2"));
        let head = format!("{{\"schema\":\"trailseal.progress/1\",\"source\":\"{SOURCE}\"}}\n");
        let line = format!("{{\"digest\":\"{first}\",\"logFiles\":3,\"bytes\":77}}\n");
        std::fs::write(&path, head + &line).unwrap();
        let resume = open(&path);
        assert_eq!(known(&resume, first, 3), (vec![0, 1, 2], 77));
        resume.note(second, 4, 1, 1);
        resume.flush();
        drop(resume);
        let resume = open(&path);
        assert_eq!(known(&resume, first, 3), (vec![0, 1, 2], 77));
        assert_eq!(known(&resume, second, 4), (vec![1], 1));
        // An earlier Trailseal, which takes each of its lines for a whole digest, passes over the
        // new ones.
        let text = std::fs::read_to_string(&path).unwrap();
        let newest = text.lines().last().unwrap();
        assert!(
            newest.contains("\"of\":4") && !newest.contains("logFiles"),
            "{newest}"
        );
    }

    #[test]
    fn other_files_are_refused_and_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notes.txt");
        for (text, is_version) in [
            ("my notes\n", false),
            ("{\"schema\":\"other/2\",\"source\":\"s3://a\"}\n", false),
            (
                "{\"schema\":\"trailseal.progress/3\",\"source\":\"s3://a\"}\n",
                true,
            ),
        ] {
            std::fs::write(&path, text).unwrap();
            let error = Resume::open(&path, "s3://a").unwrap_err();
            let expected = match error {
                ResumeError::Foreign { .. } => !is_version,
                ResumeError::OtherVersion { .. } => is_version,
                _ => false,
            };
            assert!(expected, "{error}");
            assert_eq!(std::fs::read(&path).unwrap(), text.as_bytes());
        }
        let path = directory.path().join("progress");
        drop(open(&path));
        assert!(matches!(
            Resume::open(&path, "s3://other"),
            Err(ResumeError::OtherSource { .. })
        ));
    }

    #[test]
    fn two_runs_do_not_share_a_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("progress");
        let first = open(&path);
        assert!(matches!(
            Resume::open(&path, SOURCE),
            Err(ResumeError::InUse { .. })
        ));
        drop(first);
        open(&path);
    }

    #[test]
    fn positions_are_read_as_they_are_written() {
        let mut state = 1_u32;
        for size in 1..200 {
            let positions: Vec<u32> = (0..size)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 16) % 300
                })
                .collect();
            let ranges = Positions::of(positions.clone());
            assert_eq!(Positions::parse(&ranges.text(), 300), Some(ranges.clone()));
            for at in 0..300 {
                assert_eq!(ranges.holds(at), positions.contains(&at), "{ranges:?}");
            }
        }
    }
}
