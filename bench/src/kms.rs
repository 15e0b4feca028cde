//! Finding and judging the KMS events of log files, compared with inflating and hashing the same
//! files.

mod speed;

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail, ensure};
use trailseal::format::log_file_size::MAX_INFLATED_BYTES;
use trailseal::format::records::{Scan, for_each_record, for_each_record_with};
use trailseal::gzip::stream::gunzip;
use trailseal::kms::event::EVENT_SOURCE;
use trailseal::kms::expected::Expected;
use trailseal::kms::review::{Facts, KmsReview, judged_records};
use trailseal::names::ids::TrailArn;
use trailseal::names::location::ObjectLocation;
use trailseal::names::object_key::{LogFileKey, ObjectKind, classify};
use trailseal::names::places::Places;
use trailseal::names::sha256::Sha256;
use trailseal::trust::log_file::{LogFileCheck, MAX_WHOLE_BYTES, check_whole};
use trailseal_tests::trail::{KmsSpec, TrailSpec, gzip};

use crate::data::{self, ACCOUNT, REGION};
use crate::lab::{self, Lab};
use crate::measure::{self, Program};
use crate::quiet::Quiet;
use crate::report::{Section, Table, count, float, megabytes, percent, whole};
use speed::{Found, Measured, ROUNDS, RUNS};

/// The argument that makes this program read the records of one file.
pub(crate) const CHILD: &str = "read-records";

/// The total number of bytes that the log files of each kind inflate to.
const BYTES: u64 = 64 << 20;
/// The number of bytes that the large log file inflates to.
const LARGE: u64 = 50_000_000;
/// One record in this many is a KMS event.
const ONE_IN: usize = 20;
/// The size of the pieces in which a large object is read.
const PIECE: usize = 64 * 1024;
/// The minimum speed of finding records, relative to the speed of inflating and hashing.
const SPEED: f64 = 0.85;
/// The same for a file that contains only KMS events.
const SPEED_OF_EVENTS: f64 = 0.5;
const MEMORY: f64 = 100e6;

/// Judges the KMS events of log files, all as if they were from one file.
struct Judge {
    expected: Expected,
    log_file: ObjectLocation,
    key: LogFileKey,
}

impl Judge {
    fn new() -> anyhow::Result<Self> {
        let spec = trail();
        let trail = TrailArn::parse(&spec.trail_arn())?;
        let key = format!(
            "AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/2026/01/15/{ACCOUNT}_CloudTrail_{REGION}_20260115T1205Z_7JREEBimdK8d2nC9.json.gz"
        );
        let ObjectKind::LogFile(log) = classify(&key) else {
            bail!("{key} is no log file's");
        };
        Ok(Self {
            expected: Expected {
                places: Places {
                    log_buckets: vec![spec.bucket.clone()],
                    trails: vec![trail],
                    ..Places::default()
                },
                key_arns: spec.kms.map(|kms| kms.key_arn).into_iter().collect(),
                ..Expected::default()
            },
            log_file: ObjectLocation::new(spec.bucket, key),
            key: log,
        })
    }

    /// Does what kms-context-checker does with the bytes of a log file; the objects and keys that
    /// the events name are not looked up.
    fn read(&self, body: &[u8]) -> anyhow::Result<Scan> {
        let mut review = KmsReview::new(&self.expected, &self.log_file, &self.key);
        let scan = for_each_record_with(body, judged_records(), &mut review)?;
        black_box(review.conclude(&Facts::default()));
        Ok(scan)
    }
}

/// Returns a trail that encrypts its log files.
fn trail() -> TrailSpec {
    let key = format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab");
    TrailSpec {
        log_files_per_hour: 40..=40,
        records_per_file: 1..=1,
        kms: Some(KmsSpec::new(&key)),
        ..TrailSpec::default()
    }
}

pub(crate) fn run(lab: &mut Lab) -> anyhow::Result<Section> {
    let set = lab.set(&data::BUSY)?;
    let log_files = set
        .directory()
        .join("AWSLogs")
        .join(ACCOUNT)
        .join("CloudTrail");
    let events = kms_events()?;
    let plain = records_of(&lab::files(&log_files)?)?;
    let mixed: Vec<Vec<String>> = plain
        .iter()
        .map(|file| mix(file, &events, ONE_IN))
        .collect();
    let only: Vec<Vec<String>> = plain.iter().map(|file| mix(file, &events, 1)).collect();
    let large = [first(mixed.concat(), LARGE)];

    let mut table = table();
    let mut section = Section::new(
        "KMS records",
        format!(
            "Log files in memory, one thread: hashed as by log-verifier, and their KMS events (`{EVENT_SOURCE}`) found and judged as by kms-context-checker, in turn; the fastest of {RUNS} runs for each file, and medians of {ROUNDS} rounds."
        ),
    );
    let mut kind = |what: &str, files: &[Vec<String>]| {
        let objects = files.iter().map(|records| Object::of(records));
        let objects: Vec<Object> = objects.collect::<anyhow::Result<_>>()?;
        let measured = speed::measure(lab.quiet(), &objects)?;
        row(&mut table, what, &objects, &measured);
        anyhow::Ok((objects, measured))
    };
    let (_, without) = kind("no KMS events", &plain)?;
    ensure!(without.read == Found::default(), "there are KMS events");
    let (_, twentieth) = kind("every twentieth record a KMS event", &mixed)?;
    let (_, events_only) = kind("KMS events only", &only)?;
    let (objects, of_large) = kind("one large file, every twentieth record", &large)?;
    section.table(table);

    let path = lab.scratch().join("large.json.gz");
    fs::write(&path, &objects[0].body)?;
    let program = Program {
        path: std::env::current_exe()?,
        arguments: vec![CHILD.into(), path.clone().into_os_string()],
        env: [].into(),
    };
    let output = measure::measure(&program, lab.scratch())?;
    fs::remove_file(path)?;
    ensure!(
        output.run.code == Some(0) && output.stdout.trim() == of_large.read.records.to_string(),
        "the large file was not read: {}{}",
        output.stdout,
        output.stderr
    );

    for (what, measured, bound) in [
        ("no KMS events", without, SPEED),
        ("every twentieth record", twentieth, SPEED),
        ("KMS events only", events_only, SPEED_OF_EVENTS),
        ("one large file", of_large, SPEED),
    ] {
        section.at_least(
            &format!("speed of hashing, {what}"),
            measured.speed,
            bound,
            percent,
        );
    }
    section.below(
        "peak of memory, one large file",
        float(output.run.peak),
        MEMORY,
        megabytes,
    );
    Ok(section)
}

/// Measures the same for the log files in a folder of the user's.
pub(crate) fn files(arguments: &[String]) -> anyhow::Result<ExitCode> {
    let folder = arguments.get(1).context("log files in which folder?")?;
    let load = |path: &PathBuf| {
        let body = fs::read(path)?;
        Object::new(body).with_context(|| path.display().to_string())
    };
    let mut paths = lab::files(Path::new(folder))?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "gz"));
    let objects: Vec<Object> = paths.iter().map(load).collect::<anyhow::Result<_>>()?;
    ensure!(!objects.is_empty(), "there are no log files");
    let mut table = table();
    let measured = speed::measure(&Quiet::new(), &objects)?;
    row(&mut table, folder, &objects, &measured);
    print!("{table}");
    Ok(ExitCode::SUCCESS)
}

/// Reads the KMS records of one file, in a process whose memory is measured.
pub(crate) fn child(arguments: &[String]) -> anyhow::Result<ExitCode> {
    let path = arguments.get(1).context("which file?")?;
    let scan = Judge::new()?.read(&fs::read(path)?)?;
    println!("{}", scan.records);
    Ok(ExitCode::SUCCESS)
}

/// A log file in memory.
struct Object {
    body: Vec<u8>,
    sha256: Sha256,
    inflated: u64,
}

impl Object {
    fn new(body: Vec<u8>) -> anyhow::Result<Self> {
        let inflated = gunzip(&body, MAX_INFLATED_BYTES)?;
        Ok(Self {
            body,
            sha256: Sha256::of(&inflated),
            inflated: u64::try_from(inflated.len())?,
        })
    }

    fn of(records: &[String]) -> anyhow::Result<Self> {
        let content = format!(r#"{{"Records":[{}]}}"#, records.join(","));
        Self::new(gzip::compress(content.as_bytes()).into())
    }

    /// Does what log-verifier does with its bytes.
    fn hash(&self) -> anyhow::Result<u64> {
        if u64::try_from(self.body.len())? <= MAX_WHOLE_BYTES {
            return Ok(check_whole(&self.body, self.sha256)?);
        }
        let mut check = LogFileCheck::new(self.sha256);
        for piece in self.body.chunks(PIECE) {
            check.push(piece)?;
        }
        Ok(check.finish()?)
    }
}

fn table() -> Table {
    Table::new([
        "",
        "log files",
        "inflated",
        "parsed",
        "KMS records",
        "hashed per second",
        "read per second",
        "of the speed",
        "least to most",
    ])
}

fn row(table: &mut Table, what: &str, objects: &[Object], measured: &Measured) {
    let bytes = float(objects.iter().map(|object| object.inflated).sum());
    let per_second = |seconds: f64| format!("{} MB", whole(bytes / seconds / 1e6));
    table.row([
        what.to_owned(),
        objects.len().to_string(),
        megabytes(bytes),
        count(measured.read.parsed),
        count(measured.read.records),
        per_second(measured.hash),
        per_second(measured.find),
        percent(measured.speed.median()),
        measured.speed.spread(percent),
    ]);
}

/// Returns the records of the first files, without those that contain the needle.
fn records_of(paths: &[PathBuf]) -> anyhow::Result<Vec<Vec<String>>> {
    let mut files = Vec::new();
    let mut bytes = 0;
    for path in paths {
        if bytes >= BYTES {
            break;
        }
        let mut records = Vec::new();
        for_each_record(&fs::read(path)?, |record| {
            if !record.contains(EVENT_SOURCE) {
                bytes += length(record);
                records.push(record.to_owned());
            }
        })
        .with_context(|| path.display().to_string())?;
        files.push(records);
    }
    ensure!(bytes >= BYTES, "there are too few log files");
    Ok(files)
}

/// Returns the records that deliveries and readers of encrypted log files cause.
fn kms_events() -> anyhow::Result<Vec<String>> {
    let mut events = Vec::new();
    for log in trail().build().log_files {
        for_each_record(&log.object.body, |record| {
            if record.contains(EVENT_SOURCE) && record.contains("aws:cloudtrail:arn") {
                events.push(record.to_owned());
            }
        })?;
    }
    ensure!(!events.is_empty(), "there are no KMS events");
    Ok(events)
}

/// Returns records of which one in `one_in` is replaced by a KMS event; as many bytes if all are
/// replaced.
fn mix(records: &[String], events: &[String], one_in: usize) -> Vec<String> {
    let bytes: u64 = records.iter().map(|record| length(record)).sum();
    let mut events = events.iter().cycle();
    let mixed = records.iter().cycle().enumerate().map(|(index, record)| {
        let event = index
            .is_multiple_of(one_in)
            .then(|| events.next())
            .flatten();
        event.unwrap_or(record).clone()
    });
    first(mixed, bytes)
}

/// Returns records until they have this many bytes.
fn first(records: impl IntoIterator<Item = String>, bytes: u64) -> Vec<String> {
    let mut taken = 0;
    let below = |record: &String| {
        let more = taken < bytes;
        taken += length(record);
        more
    };
    records.into_iter().take_while(below).collect()
}

fn length(record: &str) -> u64 {
    u64::try_from(record.len()).unwrap_or(u64::MAX)
}
