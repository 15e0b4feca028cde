//! That somebody read log files who is no listed reader.
//!
//! The tests are in `tests/tests/kms/reading.rs`.

use super::call::EventReference;
use super::evidence::{Evidence, FindingSubject, finding};
use crate::finding::{Finding, FindingKind};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// What is expected of whoever reads.
const LISTED: &str = "one of the listed readers";

/// A call of a reader that is not listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnlistedReader {
    /// Who called, from where.
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

/// All that a reader read who is not listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnlistedReads {
    /// Who read.
    pub reader: String,
    /// From which addresses.
    pub sources: BTreeSet<String>,
    /// In how many calls.
    pub calls: u64,
    /// How many log files; of an S3 Bucket Key's use no file is known.
    pub files: usize,
    /// The first call.
    pub first: EventReference,
    /// When the last call was made.
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
            "{} from {}: {}, {calls}, first {} (event {}), last {}",
            self.reader,
            self.sources(),
            self.files(),
            time(self.first.time),
            self.first.id,
            time(self.last),
        )
    }
}

/// Somebody read log files who is no listed reader.
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
