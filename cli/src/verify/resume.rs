//! Progress on disk: which digests have nothing but valid log files. It is of one run, however
//! often that is interrupted, and goes when the run comes to its end.
//!
//! The first line says what is being verified; each other line a digest that is done, by the
//! SHA-256 of its content, which lists its log files and their hashes. Whatever was wrong is not
//! kept, and looked at again. A line that was cut off by a crash is passed over.

use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use trailseal::sha256::Sha256;

const SCHEMA: &str = "trailseal.progress/1";

/// The most digests that a file may hold: a thousand chains for a year.
const MAX_DIGESTS: usize = 10_000_000;

#[derive(Serialize, Deserialize)]
struct Head {
    schema: String,
    source: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    digest: String,
    log_files: u64,
    bytes: u64,
}

/// The log files of a digest that were all found valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Done {
    /// How many.
    pub(crate) log_files: u64,
    /// Their inflated bytes.
    pub(crate) bytes: u64,
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
    done: HashMap<[u8; 32], Done>,
    file: Mutex<File>,
    path: PathBuf,
}

impl Resume {
    /// Opens a file of progress on `source`, or begins one.
    pub(crate) fn open(path: &Path, source: &str) -> Result<Self, ResumeError> {
        let failed = |error| ResumeError::Io {
            path: path.display().to_string(),
            error,
        };
        let foreign = || ResumeError::Foreign {
            path: path.display().to_string(),
        };
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path)
            .map_err(failed)?;
        let mut done = HashMap::new();
        let mut whole_lines = true;
        if file.metadata().map_err(failed)?.len() > 0 {
            let mut lines = BufReader::new(&file);
            let mut line = Vec::new();
            lines.read_until(b'\n', &mut line).map_err(failed)?;
            let head: Head = serde_json::from_slice(&line).map_err(|_| foreign())?;
            if head.schema != SCHEMA {
                return Err(foreign());
            }
            if head.source != source {
                return Err(ResumeError::OtherSource {
                    path: path.display().to_string(),
                    source_of_file: head.source,
                });
            }
            loop {
                line.clear();
                if lines.read_until(b'\n', &mut line).map_err(failed)? == 0 {
                    break;
                }
                whole_lines = line.ends_with(b"\n");
                let Ok(entry) = serde_json::from_slice::<Line>(&line) else {
                    continue;
                };
                if let Some(digest) = Sha256::from_hex(&entry.digest)
                    && done.len() < MAX_DIGESTS
                {
                    done.insert(
                        digest.to_bytes(),
                        Done {
                            log_files: entry.log_files,
                            bytes: entry.bytes,
                        },
                    );
                }
            }
        } else {
            let head = Head {
                schema: SCHEMA.to_owned(),
                source: source.to_owned(),
            };
            let head = serde_json::to_string(&head).map_err(|error| failed(error.into()))?;
            writeln!(file, "{head}").map_err(failed)?;
        }
        if !whole_lines {
            writeln!(file).map_err(failed)?;
        }
        Ok(Self {
            done,
            file: Mutex::new(file),
            path: path.to_owned(),
        })
    }

    /// Removes the file: the run has come to its end, and the next one looks at everything.
    pub(crate) fn complete(&self) -> io::Result<()> {
        std::fs::remove_file(&self.path)
    }

    /// The log files of the digest with this content, if they were all found valid before.
    pub(crate) fn done(&self, digest: Sha256) -> Option<Done> {
        self.done.get(&digest.to_bytes()).copied()
    }

    /// Notes that all log files of a digest are valid.
    pub(crate) fn note(&self, digest: Sha256, done: Done) -> io::Result<()> {
        let line = serde_json::to_string(&Line {
            digest: digest.to_string(),
            log_files: done.log_files,
            bytes: done.bytes,
        })?;
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        // One write: a crash cuts one line at most.
        file.write_all(format!("{line}\n").as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_is_known_again_also_after_a_line_was_cut_off() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("progress.ndjson");
        let (first, second) = (Sha256::of(b"1"), Sha256::of(b"2"));
        let done = Done {
            log_files: 3,
            bytes: 77,
        };
        let resume = Resume::open(&path, "s3://amzn-s3-demo-bucket").unwrap();
        assert_eq!(resume.done(first), None);
        resume.note(first, done).unwrap();
        drop(resume);
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        write!(file, "{{\"digest\":\"ab").unwrap();
        let resume = Resume::open(&path, "s3://amzn-s3-demo-bucket").unwrap();
        resume.note(second, done).unwrap();
        let resume = Resume::open(&path, "s3://amzn-s3-demo-bucket").unwrap();
        assert_eq!(resume.done(first), Some(done));
        assert_eq!(resume.done(second), Some(done));
    }

    #[test]
    fn other_files_are_refused_and_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notes.txt");
        std::fs::write(&path, "my notes\n").unwrap();
        let error = Resume::open(&path, "s3://a").unwrap_err();
        assert!(matches!(error, ResumeError::Foreign { .. }));
        assert_eq!(std::fs::read(&path).unwrap(), b"my notes\n");
        let path = directory.path().join("progress");
        Resume::open(&path, "s3://amzn-s3-demo-bucket").unwrap();
        assert!(matches!(
            Resume::open(&path, "s3://other"),
            Err(ResumeError::OtherSource { .. })
        ));
    }
}
