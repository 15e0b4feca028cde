//! The functions' verdicts on each object, read from their own logs.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use serde_json::Value;
use trailseal_tests::local::LocalAws;
use trailseal_tests::trail::Trail;

/// The function that validates digests.
pub(crate) const DIGEST_VALIDATOR: &str = "DigestValidator";
/// The function that verifies log files.
pub(crate) const LOG_VERIFIER: &str = "LogVerifier";
/// The function that checks KMS calls.
pub(crate) const KMS_CONTEXT_CHECKER: &str = "KmsContextChecker";

/// The function that looks at deleted files.
pub(crate) const DELETION_MONITOR: &str = "DeletionMonitor";

/// The function that looks at everything once an hour.
pub(crate) const WATCHDOG: &str = "Watchdog";

/// The function that sends findings to people.
pub(crate) const ALERTER: &str = "Alerter";

/// All functions that check new files, in this order.
const FUNCTIONS: [&str; 3] = [DIGEST_VALIDATOR, LOG_VERIFIER, KMS_CONTEXT_CHECKER];

/// All functions that S3's events or the clock trigger.
pub(crate) const TRIGGERED: [&str; 5] = [
    DIGEST_VALIDATOR,
    LOG_VERIFIER,
    KMS_CONTEXT_CHECKER,
    DELETION_MONITOR,
    WATCHDOG,
];

/// How many files each function has called valid. An object that is checked again counts once, with
/// its best result: the result on arrival.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Valid {
    /// Digests, by the digest-validator.
    pub(crate) digests: usize,
    /// Log files, by the log-verifier.
    pub(crate) log_files: usize,
    /// Log files whose records the kms-context-checker could read.
    pub(crate) kms: usize,
}

impl Valid {
    /// Returns the counts of all files until the end of an hour.
    pub(crate) fn if_untouched(trail: &Trail, hour: i64) -> Self {
        let digests = trail.digests.iter().filter(|digest| digest.hour <= hour);
        let log_files = trail.log_files.iter().filter(|log| log.hour <= hour);
        let log_files = log_files.count();
        Self {
            digests: digests.count(),
            log_files,
            kms: log_files,
        }
    }
}

/// The logs of the functions.
pub(crate) struct Verdicts {
    logs: [Log; 3],
}

struct Log {
    path: PathBuf,
    read: u64,
    /// The start of a line whose end is not written yet.
    unfinished: Vec<u8>,
    /// How many files were valid, by the object that was checked.
    valid: BTreeMap<String, usize>,
}

impl Verdicts {
    /// Finds the functions' logs, which exist after the functions have started.
    pub(crate) fn find(aws: &LocalAws) -> Result<Self> {
        let [digests, log_files, kms] = FUNCTIONS.map(|function| Log::find(aws, function));
        Ok(Self {
            logs: [digests?, log_files?, kms?],
        })
    }

    /// Reads what was logged since the last time, and returns the totals.
    pub(crate) fn valid(&mut self) -> Result<Valid> {
        let [digests, log_files, kms] = &mut self.logs;
        Ok(Valid {
            digests: digests.valid()?,
            log_files: log_files.valid()?,
            kms: kms.valid()?,
        })
    }
}

impl Log {
    fn find(aws: &LocalAws, function: &str) -> Result<Self> {
        let end = format!("-{function}.log");
        let path = fs::read_dir(aws.directory())?
            .flatten()
            .map(|entry| entry.path())
            .find(|path| path.to_string_lossy().ends_with(&end));
        Ok(Self {
            path: path.with_context(|| format!("{function} has no log"))?,
            read: 0,
            unfinished: Vec::new(),
            valid: BTreeMap::new(),
        })
    }

    /// Reads further, and returns how many files were valid until now.
    fn valid(&mut self) -> Result<usize> {
        self.read_on()?;
        Ok(self.valid.values().sum())
    }

    fn read_on(&mut self) -> Result<()> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(self.read))?;
        let mut bytes = std::mem::take(&mut self.unfinished);
        let begun = bytes.len();
        file.read_to_end(&mut bytes)?;
        self.read += u64::try_from(bytes.len() - begun)?;
        let end = bytes.iter().rposition(|byte| *byte == b'\n');
        self.unfinished = bytes.split_off(end.map_or(0, |end| end + 1));
        for line in bytes.split(|byte| *byte == b'\n') {
            self.read_line(line);
        }
        Ok(())
    }

    /// The functions log in JSON; the emulator's own lines have another format.
    fn read_line(&mut self, line: &[u8]) {
        let entry: Value = serde_json::from_slice(line).unwrap_or_default();
        let fields = &entry["fields"];
        if fields["message"] == "checked"
            && let (Some(object), Some(valid)) = (
                fields["object"].as_str(),
                fields["valid"]
                    .as_u64()
                    .and_then(|valid| usize::try_from(valid).ok()),
            )
        {
            let best = self.valid.entry(object.to_owned()).or_default();
            *best = valid.max(*best);
        }
    }
}
