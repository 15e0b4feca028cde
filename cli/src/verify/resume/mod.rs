//! Progress on disk: the log files that were found valid. The file is for one run, regardless of
//! how often that run is interrupted, and is removed when the run is complete.
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
//! digest that changes is a digest that the file does not know. `bytes` is the number of inflated
//! bytes of the line's log files. A log file that was not valid is never saved, and is therefore
//! verified again. A line that a crash cut off, and a line that contradicts itself or an earlier
//! one, is ignored.
//!
//! Version 1 of the format holds whole digests (`{"digest":"…","logFiles":200,"bytes":1}`). Its
//! lines are read, too. An earlier version of Trailseal ignores the lines of version 2.
//!
//! Lines are written together every half second, with one `write` each time. Therefore a process
//! that is killed loses half a second of work. The file is synchronized with the disk only at the
//! end: a machine that loses power may lose what the operating system had not written.

mod done;
mod error;
mod lines;
mod positions;
#[cfg(test)]
mod tests;

pub(crate) use done::Done;
pub(crate) use error::ResumeError;

use crate::report::CannotTell;
use lines::{Unwritten, check_head, head, lines, read};
use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use trailseal::names::sha256::Sha256;

/// The interval at which verified log files are written.
const EVERY: Duration = Duration::from_millis(500);

/// The work done before, and a file to add to.
#[derive(Debug)]
pub(crate) struct Resume {
    done: HashMap<Sha256, Done>,
    state: Mutex<ProgressFile>,
    path: PathBuf,
}

#[derive(Debug)]
struct ProgressFile {
    file: File,
    pending: HashMap<Sha256, Unwritten>,
    /// Whether a write failed. Nothing is saved after that.
    broken: bool,
    error: Option<io::Error>,
}

impl Resume {
    /// Opens a progress file for `source`, or starts one.
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
        // Some file systems have no locks: there, users must not run twice on one file.
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
            let head = head(source).map_err(failed)?;
            file.write_all(head.as_bytes()).map_err(failed)?;
        }
        Ok(Self {
            done,
            state: Mutex::new(ProgressFile {
                file,
                pending: HashMap::new(),
                broken: false,
                error: None,
            }),
            path: path.to_owned(),
        })
    }

    fn state(&self) -> MutexGuard<'_, ProgressFile> {
        // At worst, pending entries are written twice, and readers ignore the repetition.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes the file: the run is complete, and the next one verifies everything.
    pub(crate) fn complete(&self) -> io::Result<()> {
        self.state().pending.clear();
        std::fs::remove_file(&self.path)
    }

    /// Returns the log files that were found valid before, of the digest with this content, if the
    /// digest lists `of` log files.
    pub(crate) fn done(&self, digest: Sha256, of: usize) -> Option<&Done> {
        self.done
            .get(&digest)
            .filter(|done| usize::try_from(done.of).is_ok_and(|known| known == of))
    }

    /// Records that the log file at `position` of the digest's list of `of` log files is valid. The
    /// next [`Self::flush`] writes it.
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

    /// Writes what was recorded since the last call. If that fails, nothing more is saved, and
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

    /// Writes what was recorded, and waits until it is on the disk.
    pub(crate) fn end(&self) {
        self.flush();
        let mut state = self.state();
        if !state.broken
            && let Err(error) = state.file.sync_data()
        {
            state.error = Some(error);
        }
    }

    /// Returns, once, why progress is no longer saved.
    pub(crate) fn not_kept(&self) -> Option<CannotTell> {
        let error = self.state().error.take()?;
        Some(CannotTell::of_run(
            "the progress file",
            format!("progress cannot be saved: {error}"),
            "Free some disk space, or leave --resume out.",
        ))
    }

    /// Writes what was recorded every half second, until the task is aborted.
    pub(crate) async fn keep(self: Arc<Self>) {
        let mut ticks = tokio::time::interval(EVERY);
        loop {
            ticks.tick().await;
            self.flush();
        }
    }
}
