//! The report on a copy on disk: its form, what it does not hold, and the files in it that do not
//! have the names that CloudTrail gave them.

use indicatif::HumanCount;
use serde::Serialize;

/// The description of a copy on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CopyReport {
    /// Whether the command line says that the copy holds everything that was in the bucket.
    pub(crate) complete: bool,
    /// The form of its files, as far as they were verified.
    pub(crate) form: CopyForm,
    /// The number of hourly digests that are not in the copy, as far as it is known. None of them
    /// is reported missing from the bucket.
    pub(crate) digests_not_in_copy: u64,
    /// The number of listed log files that are not in the copy. None of them is reported missing
    /// from the bucket.
    pub(crate) log_files_not_in_copy: u64,
    /// The unusual facts about its files, one entry for each kind.
    pub(crate) notes: Vec<Note>,
}

/// The form of the files of a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum CopyForm {
    /// Gzip, as CloudTrail wrote them.
    AsDelivered,
    /// All are decompressed.
    Decompressed,
    /// Some are decompressed.
    PartlyDecompressed,
}

/// An unusual fact about files of a copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Note {
    /// The kind of note.
    pub(crate) kind: NoteKind,
    /// The number of files that it is about.
    pub(crate) files: u64,
    /// Whether there are more files than could be counted.
    pub(crate) at_least: bool,
    /// One of the files: its path, or its location in S3.
    pub(crate) example: String,
}

/// The unusual facts that may apply to a file of a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum NoteKind {
    /// The file is decompressed, and its content was verified.
    Decompressed,
    /// The file has the name that a browser or a file manager gives a second copy, and no file has
    /// the right name: it was read instead.
    Renamed,
    /// The file has the same content as another file of the same object, and was skipped.
    Duplicate,
    /// The file has the name of another form or copy of an object, and has other content.
    Differing,
    /// A tool left the file, and it was skipped.
    Leftover,
}

impl Note {
    /// Returns a note about no file yet.
    pub(crate) fn new(kind: NoteKind, example: String) -> Self {
        Self {
            kind,
            files: 0,
            at_least: false,
            example,
        }
    }

    /// Returns the note in one sentence, without the example.
    pub(crate) fn sentence(&self) -> String {
        let more = if self.at_least { "more than " } else { "" };
        let files = match self.files {
            1 if !self.at_least => "1 file".to_owned(),
            count => format!("{more}{} files", HumanCount(count)),
        };
        match (self.kind, self.files == 1 && !self.at_least) {
            (NoteKind::Decompressed, true) => format!(
                "{files} is decompressed: its content, which CloudTrail hashes and signs, was verified"
            ),
            (NoteKind::Decompressed, false) => format!(
                "{files} are decompressed: their content, which CloudTrail hashes and signs, was verified"
            ),
            (NoteKind::Renamed, true) => {
                format!("{files} has the name of a second copy, and was read as the object itself")
            }
            (NoteKind::Renamed, false) => format!(
                "{files} have the names of second copies, and were read as the objects themselves"
            ),
            (NoteKind::Duplicate, true) => {
                format!("{files} repeats the content of another, and was skipped")
            }
            (NoteKind::Duplicate, false) => {
                format!("{files} repeat the content of others, and were skipped")
            }
            (NoteKind::Differing, true) => {
                format!(
                    "{files} has the name of another form or copy of an object, but different content"
                )
            }
            (NoteKind::Differing, false) => {
                format!(
                    "{files} have the names of other forms or copies of objects, but different content"
                )
            }
            (NoteKind::Leftover, true) => {
                format!(
                    "{files} that macOS, Windows, a browser or the AWS CLI left there was skipped"
                )
            }
            (NoteKind::Leftover, false) => {
                format!(
                    "{files} that macOS, Windows, a browser or the AWS CLI left there were skipped"
                )
            }
        }
    }
}

impl CopyReport {
    /// Returns the name for a copy that is not complete or not as delivered.
    pub(crate) fn name(&self) -> Option<&'static str> {
        let is_incomplete = self.digests_not_in_copy > 0 || self.log_files_not_in_copy > 0;
        match (is_incomplete, self.form) {
            (false, CopyForm::AsDelivered) => None,
            (false, CopyForm::Decompressed) => Some("decompressed copy"),
            (false, CopyForm::PartlyDecompressed) => Some("partly decompressed copy"),
            (true, CopyForm::AsDelivered) => Some("incomplete copy"),
            (true, CopyForm::Decompressed) => Some("incomplete, decompressed copy"),
            (true, CopyForm::PartlyDecompressed) => Some("incomplete, partly decompressed copy"),
        }
    }
}
