//! Data sets: a chain of signed digests with the log files that they list, as `aws s3 sync` leaves
//! it.
//!
//! Everything is actually signed and chained. A set is made once and kept; its name and [`FORMAT`]
//! identify its content.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, bail};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use trailseal_tests::local::paths;
use trailseal_tests::trail::{
    DigestDocument, KeySchedule, LogEntry, PoolKey, ResponseStyle, Signer, gzip,
};

use crate::content::{Amount, Content};

/// Changes when sets of the same name get other content.
const FORMAT: u32 = 1;
pub(crate) const BUCKET: &str = "amzn-s3-demo-bucket";
pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const REGION: &str = "us-east-1";
const TRAIL: &str = "management-events";
/// The end of the last digest's hour in every set.
const END: &str = "2026-11-01T00:00:00Z";
/// The number of files that wait to be written.
const WAITING: usize = 1000;

/// A data set to make.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) name: &'static str,
    /// The number of hourly digests that follow the starting one.
    hours: u32,
    /// The number of log files that each of them lists; if there are fewer contents, contents
    /// repeat.
    logs_per_hour: LogsPerHour,
    contents: Option<Amount>,
    /// Whether the signatures of all digests are kept, which S3 has as metadata. The newest one's
    /// is always kept.
    served: bool,
}

#[derive(Debug, Clone, Copy)]
enum LogsPerHour {
    Fixed(u32),
    /// As many as needed to list every content once.
    EachContentOnce,
}

/// Some of the contents repeat in the larger sets: every log file is still read, inflated and
/// hashed, and making the sets does not take a quarter of an hour.
const DIFFERENT: u32 = 1000;

const fn logs(name: &'static str, hours: u32, served: bool) -> Plan {
    Plan {
        name,
        hours,
        logs_per_hour: LogsPerHour::Fixed(100),
        contents: Some(Amount::Ordinary(DIFFERENT)),
        served,
    }
}

const fn empty_hours(name: &'static str, hours: u32) -> Plan {
    Plan {
        name,
        hours,
        logs_per_hour: LogsPerHour::Fixed(0),
        contents: None,
        served: false,
    }
}

/// One digest and nothing else: the cost of starting the command.
pub(crate) const NOTHING: Plan = empty_hours("nothing", 0);
/// 2 GB of log files of 1 to 10 MB, all different.
pub(crate) const BUSY: Plan = Plan {
    name: "busy",
    hours: 24,
    logs_per_hour: LogsPerHour::EachContentOnce,
    contents: Some(Amount::Busy(2_000_000_000)),
    served: false,
};
/// One log file that is nearly as large as allowed.
pub(crate) const LARGEST: Plan = Plan {
    name: "largest",
    hours: 1,
    logs_per_hour: LogsPerHour::EachContentOnce,
    contents: Some(Amount::One(250 << 20)),
    served: false,
};
/// One digest that lists 1,000 log files.
pub(crate) const HOUR: Plan = Plan {
    name: "hour",
    hours: 1,
    logs_per_hour: LogsPerHour::EachContentOnce,
    contents: Some(Amount::Ordinary(DIFFERENT)),
    served: true,
};
/// Log files over two orders of magnitude, 100 an hour.
pub(crate) const LOGS: [Plan; 3] = [
    logs("logs-1000", 10, true),
    logs("logs-10000", 100, true),
    logs("logs-100000", 1000, false),
];
/// Digests of empty hours over two orders of magnitude.
pub(crate) const DIGESTS: [Plan; 3] = [
    empty_hours("digests-1000", 999),
    empty_hours("digests-10000", 9_999),
    empty_hours("digests-100000", 99_999),
];

/// Every set.
pub(crate) const ALL: [&Plan; 10] = [
    &NOTHING,
    &BUSY,
    &LARGEST,
    &HOUR,
    &LOGS[0],
    &LOGS[1],
    &LOGS[2],
    &DIGESTS[0],
    &DIGESTS[1],
    &DIGESTS[2],
];

/// A data set on disk.
#[derive(Debug, Clone)]
pub(crate) struct DataSet {
    folder: PathBuf,
    pub(crate) about: About,
}

/// The content of a set.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct About {
    format: u32,
    pub(crate) digests: u64,
    pub(crate) log_files: u64,
    /// Bytes of log files as stored.
    pub(crate) stored: u64,
    /// Bytes of log files, inflated.
    pub(crate) inflated: u64,
    /// The end of the first digest's hour.
    pub(crate) start: String,
    /// The end of the last digest's hour.
    pub(crate) end: String,
    /// The key of the last digest.
    pub(crate) newest: String,
}

impl DataSet {
    /// Returns the bucket as a directory.
    pub(crate) fn directory(&self) -> PathBuf {
        self.folder.join(BUCKET)
    }

    /// Returns a saved response of `aws cloudtrail list-public-keys`.
    pub(crate) fn keys(&self) -> PathBuf {
        self.folder.join("keys.json")
    }

    /// Returns the newest digest's signature, by key: a directory has no metadata.
    pub(crate) fn newest_signature(&self) -> PathBuf {
        self.folder.join("newest.json")
    }

    /// Returns every digest's signature, by key.
    pub(crate) fn signatures(&self) -> anyhow::Result<BTreeMap<String, String>> {
        let path = self.folder.join("signatures.json");
        let text = fs::read(&path).with_context(|| path.display().to_string())?;
        Ok(serde_json::from_slice(&text)?)
    }

    /// Returns `arn:aws:cloudtrail:…`.
    pub(crate) fn trail_arn() -> String {
        format!("arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/{TRAIL}")
    }

    /// Opens a set, and makes it first if it does not exist.
    pub(crate) fn open(plan: &Plan, root: &Path) -> anyhow::Result<Self> {
        let folder = root.join(plan.name);
        let about = folder.join("about.json");
        if let Ok(text) = fs::read(&about)
            && let Ok(about) = serde_json::from_slice::<About>(&text)
            && about.format == FORMAT
        {
            return Ok(Self { folder, about });
        }
        eprintln!("making the data set {} …", plan.name);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        let made = make(plan, &folder).with_context(|| format!("making {}", plan.name))?;
        // Written last: without this file, the set is made again.
        fs::write(about, serde_json::to_vec_pretty(&made)?)?;
        Ok(Self {
            folder,
            about: made,
        })
    }
}

/// A file to be written to the disk.
enum File {
    Log(PathBuf, Bytes),
    Digest(PathBuf, String),
}

fn make(plan: &Plan, folder: &Path) -> anyhow::Result<About> {
    let contents = match plan.contents {
        Some(amount) => amount.make()?,
        None => Vec::new(),
    };
    let (sender, receiver) = mpsc::sync_channel::<File>(WAITING);
    let receiver = Arc::new(Mutex::new(receiver));
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..std::thread::available_parallelism()?.get())
            .map(|_| {
                let receiver = Arc::clone(&receiver);
                scope.spawn(move || write_files(&receiver))
            })
            .collect();
        let about = Chain::new(plan, folder, &contents, sender)?.build();
        for writer in writers {
            writer.join().ok().context("a writer panicked")??;
        }
        about
    })
}

fn write_files(receiver: &Mutex<mpsc::Receiver<File>>) -> anyhow::Result<()> {
    loop {
        let next = receiver
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .recv();
        let (path, body) = match next {
            Ok(File::Log(path, body)) => (path, body),
            Ok(File::Digest(path, json)) => (path, gzip::compress(json.as_bytes())),
            Err(mpsc::RecvError) => return Ok(()),
        };
        fs::write(&path, body).with_context(|| path.display().to_string())?;
    }
}

/// A chain that is being built.
struct Chain<'a> {
    plan: &'a Plan,
    folder: &'a Path,
    contents: &'a [Content],
    files: mpsc::SyncSender<File>,
    folders: HashSet<PathBuf>,
    keys: KeySchedule,
    signers: BTreeMap<i64, (Signer, RsaKeyPair)>,
    signatures: BTreeMap<String, String>,
    about: About,
    next_log: usize,
}

/// A digest's record of its predecessor.
struct Previous {
    key: String,
    sha256: String,
    signature: String,
}

impl<'a> Chain<'a> {
    fn new(
        plan: &'a Plan,
        folder: &'a Path,
        contents: &'a [Content],
        files: mpsc::SyncSender<File>,
    ) -> anyhow::Result<Self> {
        let end: Timestamp = END.parse()?;
        Ok(Self {
            plan,
            folder,
            contents,
            files,
            folders: HashSet::new(),
            keys: KeySchedule::default(),
            signers: BTreeMap::new(),
            signatures: BTreeMap::new(),
            about: About {
                format: FORMAT,
                start: (end - hours(plan.hours)).to_string(),
                end: END.to_owned(),
                ..About::default()
            },
            next_log: 0,
        })
    }

    fn build(mut self) -> anyhow::Result<About> {
        let end: Timestamp = END.parse()?;
        let mut previous = None;
        for hour in 0..=self.plan.hours {
            let at = end - hours(self.plan.hours - hour);
            let logs = if hour == 0 {
                Vec::new()
            } else {
                self.logs(at, hour)?
            };
            previous = Some(self.digest(at, logs, previous)?);
        }
        let newest = previous.context("there is a digest")?;
        let write = |name: &str, value: &serde_json::Value| {
            fs::write(self.folder.join(name), value.to_string())
        };
        let newest_signature = BTreeMap::from([(&newest.key, &newest.signature)]);
        write("newest.json", &serde_json::to_value(newest_signature)?)?;
        if self.plan.served {
            write("signatures.json", &serde_json::to_value(&self.signatures)?)?;
        }
        let start: Timestamp = self.about.start.parse()?;
        let response = self.keys.list_public_keys_response(
            REGION,
            start - hours(1),
            end,
            ResponseStyle::CliV2,
        );
        write("keys.json", &response)?;
        self.about.newest = newest.key;
        Ok(self.about)
    }

    /// Makes the log files of the hour that ends `at`.
    fn logs(&mut self, at: Timestamp, hour: u32) -> anyhow::Result<Vec<LogEntry>> {
        let count = match self.plan.logs_per_hour {
            LogsPerHour::Fixed(count) => count,
            LogsPerHour::EachContentOnce => {
                let left = self.contents.len() - self.next_log;
                let hours_left = usize::try_from(self.plan.hours - hour + 1)?;
                u32::try_from(left.div_ceil(hours_left))?
            }
        };
        (0..count)
            .map(|number| {
                // At some time in the hour, in order.
                let delivered = at - SignedDuration::from_secs(3600)
                    + SignedDuration::from_secs(i64::from(number) * 3599 / i64::from(count));
                self.log(delivered)
            })
            .collect()
    }

    fn log(&mut self, delivered: Timestamp) -> anyhow::Result<LogEntry> {
        let number = self.next_log;
        self.next_log += 1;
        let content = &self.contents[number % self.contents.len()];
        // Fibonacci hashing, so that names are not sequential.
        let unique = u64::try_from(number + 1)?.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let key = format!(
            "AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/{}/{ACCOUNT}_CloudTrail_{REGION}_{}_{unique:016X}.json.gz",
            delivered.strftime("%Y/%m/%d"),
            delivered.strftime("%Y%m%dT%H%MZ"),
        );
        self.about.log_files += 1;
        self.about.stored += u64::try_from(content.body.len())?;
        self.about.inflated += content.inflated;
        let entry = LogEntry {
            s3_bucket: BUCKET.to_owned(),
            s3_object: key.clone(),
            hash_value: content.sha256.clone(),
            hash_algorithm: "SHA-256".to_owned(),
            newest_event_time: iso(delivered - SignedDuration::from_secs(60)),
            oldest_event_time: iso(delivered - SignedDuration::from_secs(540)),
        };
        let path = self.path(&key)?;
        self.files
            .send(File::Log(path, content.body.clone()))
            .ok()
            .context("no writer is left")?;
        Ok(entry)
    }

    fn digest(
        &mut self,
        at: Timestamp,
        logs: Vec<LogEntry>,
        previous: Option<Previous>,
    ) -> anyhow::Result<Previous> {
        let key = format!(
            "AWSLogs/{ACCOUNT}/CloudTrail-Digest/{REGION}/{}/{ACCOUNT}_CloudTrail-Digest_{REGION}_{TRAIL}_{REGION}_{}.json.gz",
            at.strftime("%Y/%m/%d"),
            at.strftime("%Y%m%dT%H%M%SZ"),
        );
        let path = self.path(&key)?;
        let (signer, pair) = self.signer(at)?;
        let newest = logs.iter().map(|log| &log.newest_event_time).max();
        let oldest = logs.iter().map(|log| &log.oldest_event_time).min();
        let mut document = DigestDocument {
            aws_account_id: ACCOUNT.to_owned(),
            digest_start_time: iso(at - SignedDuration::from_hours(1)),
            digest_end_time: iso(at),
            digest_s3_bucket: BUCKET.to_owned(),
            digest_s3_object: key.clone(),
            digest_public_key_fingerprint: signer.fingerprint.clone(),
            digest_signature_algorithm: "SHA256withRSA".to_owned(),
            newest_event_time: newest.cloned(),
            oldest_event_time: oldest.cloned(),
            previous_digest_s3_bucket: None,
            previous_digest_s3_object: None,
            previous_digest_hash_value: None,
            previous_digest_hash_algorithm: None,
            previous_digest_signature: None,
            log_files: logs,
        };
        if let Some(previous) = previous {
            document.previous_digest_s3_bucket = Some(BUCKET.to_owned());
            document.previous_digest_s3_object = Some(previous.key);
            document.previous_digest_hash_value = Some(previous.sha256);
            document.previous_digest_hash_algorithm = Some("SHA-256".to_owned());
            document.previous_digest_signature = Some(previous.signature);
        }
        let json = document.to_json();
        let sha256 = hex::encode(Sha256::digest(&json));
        let mut signature = vec![0; pair.public_modulus_len()];
        let message = document.signing_string(&sha256);
        let random = SystemRandom::new();
        if pair
            .sign(
                &RSA_PKCS1_SHA256,
                &random,
                message.as_bytes(),
                &mut signature,
            )
            .is_err()
        {
            bail!("{key} could not be signed");
        }
        let signature = hex::encode(signature);
        self.about.digests += 1;
        if self.plan.served {
            self.signatures.insert(key.clone(), signature.clone());
        }
        self.files
            .send(File::Digest(path, json))
            .ok()
            .context("no writer is left")?;
        Ok(Previous {
            key,
            sha256,
            signature,
        })
    }

    /// Returns the signer at a moment.
    fn signer(&mut self, at: Timestamp) -> anyhow::Result<&(Signer, RsaKeyPair)> {
        let period = self.keys.period_at(at);
        if !self.signers.contains_key(&period) {
            let signer = self.keys.signer(REGION, period);
            let PoolKey::Slot { slot, period: file } = signer.key else {
                bail!("a key of no Region");
            };
            let path = paths::repository().join(format!("tests/keys/slot{slot}-period{file}.der"));
            let der = fs::read(&path).with_context(|| path.display().to_string())?;
            let pair = RsaKeyPair::from_der(&der).context("a committed key")?;
            self.signers.insert(period, (signer, pair));
        }
        self.signers.get(&period).context("just inserted")
    }

    /// Returns the path of an object, and creates its folder.
    fn path(&mut self, key: &str) -> anyhow::Result<PathBuf> {
        let path = self.folder.join(BUCKET).join(key);
        let folder = path.parent().context("a file has a folder")?;
        if !self.folders.contains(folder) {
            fs::create_dir_all(folder)?;
            self.folders.insert(folder.to_path_buf());
        }
        Ok(path)
    }
}

fn hours(count: u32) -> SignedDuration {
    SignedDuration::from_hours(i64::from(count))
}

fn iso(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
