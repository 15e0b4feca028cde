//! Only the processors are the limit: log files in the page cache.

use crate::data::{self, ACCOUNT};
use crate::lab::{self, Lab};
use crate::limit;
use crate::report::{Section, Table, float, median, megabytes, percent, seconds, whole};

const ROUNDS: usize = 9;

pub(crate) fn run(lab: &mut Lab) -> anyhow::Result<Section> {
    let set = lab.set(&data::BUSY)?;
    let log_files = set
        .directory()
        .join("AWSLogs")
        .join(ACCOUNT)
        .join("CloudTrail");
    let files = lab::files(&log_files)?;
    let threads = std::thread::available_parallelism()?.get();
    lab.verify_directory(&set)?;
    let (mut limits, mut streams, mut runs) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        limits.push(limit::whole_files(&files, threads)?);
        runs.push(lab.verify_directory(&set)?);
        streams.push(limit::streamed(&files, threads)?);
    }
    anyhow::ensure!(
        limits
            .iter()
            .all(|pass| pass.inflated == set.about.inflated),
        "the data set is not what it was"
    );
    let bytes = float(set.about.inflated);
    let limit = median(limits.iter().map(|pass| pass.wall));
    let mut table = Table::new([
        "",
        "time",
        "inflated per second",
        "of the limit",
        "processor time",
    ]);
    let mut row = |what: &str, wall: f64, processor: f64| {
        table.row([
            what.to_owned(),
            seconds(wall),
            format!("{} MB", whole(bytes / wall / 1e6)),
            percent(limit / wall),
            seconds(processor),
        ]);
    };
    row(
        "the limit: libdeflate and SHA-256, whole files",
        limit,
        median(limits.iter().map(|pass| pass.processor)),
    );
    let verify = median(runs.iter().map(|run| run.wall));
    row(
        "trailseal verify",
        verify,
        median(runs.iter().map(|run| run.processor())),
    );
    row(
        "zlib-rs and SHA-256, streamed",
        median(streams.iter().map(|pass| pass.wall)),
        median(streams.iter().map(|pass| pass.processor)),
    );
    let mut section = Section::new(
        "Processor bound",
        format!(
            "{} log files of a directory in the page cache, {} stored, {} inflated, {threads} threads; medians of {ROUNDS} rounds.",
            set.about.log_files,
            megabytes(float(set.about.stored)),
            megabytes(bytes),
        ),
    );
    section.table(table);
    let ratios = limits
        .iter()
        .zip(&runs)
        .map(|(pass, run)| pass.wall / run.wall);
    section.at_least(
        "throughput of the limit's, median of the rounds",
        median(ratios),
        0.85,
        percent,
    );
    Ok(section)
}
