//! Reads of log files by a principal that is not a listed reader.
//!
//! The tests are in `tests/tests/kms/reading.rs`.

use super::call::EventReference;
use super::evidence::{Evidence, FindingSubject, finding};
use crate::finding::{Finding, FindingKind};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// The expectation for every reader.
const LISTED: &str = "one of the listed readers";

/// A call of a reader that is not listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnlistedReader {
    /// The caller and its source address.
    pub caller: String,
}

impl Evidence for UnlistedReader {
    fn kind(&self) -> FindingKind {
        FindingKind::KmsUnlistedReader
    }

    fn expected(&self) -> String {
        LISTED.to_owned()
    }

    fn actual(&self) -> String {
        self.caller.clone()
    }
}

/// All reads by a principal that is not a listed reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnlistedReads {
    /// The principal.
    pub reader: String,
    /// The source addresses.
    pub sources: BTreeSet<String>,
    /// The number of calls.
    pub calls: u64,
    /// The number of log files; for a call with an S3 Bucket Key, the file is unknown.
    pub files: usize,
    /// The first call.
    pub first: EventReference,
    /// The time of the last call.
    pub last: Option<Timestamp>,
}

impl UnlistedReads {
    fn files(&self) -> String {
        match self.files {
            0 => "an unknown number of log files (S3 Bucket Key)".to_owned(),
            1 => "1 log file".to_owned(),
            many => format!("{many} log files"),
        }
    }

    fn sources(&self) -> String {
        let sources: Vec<&str> = self.sources.iter().map(String::as_str).collect();
        if sources.is_empty() {
            "an unknown address".to_owned()
        } else {
            sources.join(", ")
        }
    }
}

impl Evidence for UnlistedReads {
    fn kind(&self) -> FindingKind {
        FindingKind::KmsUnlistedReader
    }

    fn expected(&self) -> String {
        LISTED.to_owned()
    }

    fn actual(&self) -> String {
        let time = |time: Option<Timestamp>| {
            time.map_or_else(|| "an unknown time".to_owned(), |time| time.to_string())
        };
        let calls = match self.calls {
            1 => "1 call".to_owned(),
            calls => format!("{calls} calls"),
        };
        format!(
            "{} from {}: {}, {calls}, first {} (event ID {}), last {}",
            self.reader,
            self.sources(),
            self.files(),
            time(self.first.time),
            self.first.id,
            time(self.last),
        )
    }
}

/// Reports that a principal that is not a listed reader read log files.
#[must_use]
pub fn unlisted_reader(subject: FindingSubject, reads: &UnlistedReads) -> Finding {
    finding(
        subject,
        reads,
        format!(
            "{} read {} from {}, and is not a listed reader.",
            reads.reader,
            reads.files(),
            reads.sources()
        ),
    )
}
