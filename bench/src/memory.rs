//! The peak of memory, regardless of the amount to verify.

use std::time::Duration;

use crate::data::{self, DataSet};
use crate::lab::Lab;
use crate::measure::Run;
use crate::report::{Section, Table, count, float, megabytes};
use crate::server::Endpoint;

const LIMIT: f64 = 200e6;
/// The additional memory that a hundred times the log files may take for the memory to count as
/// flat: a tenth of the limit.
const FLAT: f64 = LIMIT / 10.0;

pub(crate) fn run(lab: &mut Lab) -> anyhow::Result<Section> {
    let mut table = Table::new(["", "digests", "log files", "inflated", "peak of memory"]);
    let mut row = |what: &str, set: &DataSet, peak: f64| {
        table.row([
            what.to_owned(),
            count(set.about.digests),
            count(set.about.log_files),
            megabytes(float(set.about.inflated)),
            megabytes(peak),
        ]);
    };
    let mut peaks = Vec::new();
    for plan in &data::LOGS {
        let peak = highest(&lab.directory_runs(plan, 3)?);
        row("directory", &lab.set(plan)?, peak);
        peaks.push(peak);
    }
    let many_digests = highest(&lab.directory_runs(&data::DIGESTS[2], 1)?);
    row("directory", &lab.set(&data::DIGESTS[2])?, many_digests);
    let one = highest(&lab.directory_runs(&data::LARGEST, 1)?);
    row("directory", &lab.set(&data::LARGEST)?, one);
    let mut in_s3 = Vec::new();
    for plan in &data::LOGS[..2] {
        let set = lab.set(plan)?;
        let endpoint = Endpoint::start(&set, Duration::ZERO)?;
        let peak = highest(&[lab.verify_s3(&set, &endpoint, None)?]);
        row("S3", &set, peak);
        in_s3.push(peak);
    }
    let mut section = Section::new(
        "Memory",
        "The peak of resident memory of `trailseal verify`.".to_owned(),
    )
    .of_one_program();
    section.table(table);
    let [least, _, most] = peaks[..] else {
        anyhow::bail!("three sets");
    };
    section.below("peak for 100,000 log files", most, LIMIT, megabytes);
    section.below("peak for a log file of 250 MiB", one, LIMIT, megabytes);
    section.below("peak for 100,000 digests", many_digests, LIMIT, megabytes);
    section.below(
        "peak for 100,000 log files, more than for 1,000",
        most - least,
        FLAT,
        megabytes,
    );
    Ok(section)
}

fn highest(runs: &[Run]) -> f64 {
    runs.iter().map(|run| float(run.peak)).fold(0.0, f64::max)
}
