//! Only the endpoint is the limit, or nothing is: compared with the AWS CLI in S3.

use std::time::Duration;

use crate::data;
use crate::lab::Lab;
use crate::limit;
use crate::measure::Run;
use crate::report::{Section, Table, count, float, median, seconds, times};
use crate::server::{Endpoint, Served};

const LATENCY: Duration = Duration::from_millis(20);
/// The command's default.
const CONCURRENCY: u32 = 48;
const HIGHER: [u32; 3] = [16, 32, 128];

/// One tool's runs.
#[derive(Default)]
struct Runs {
    done: Vec<Run>,
    served: Vec<Served>,
    /// The seconds on the processors for the endpoint, which is in this process, by run.
    endpoint: Vec<f64>,
}

impl Runs {
    fn add(
        &mut self,
        endpoint: &Endpoint,
        run: impl FnOnce() -> anyhow::Result<Run>,
    ) -> anyhow::Result<()> {
        let before = limit::processor_time()?;
        self.done.push(run()?);
        self.endpoint.push(limit::processor_time()? - before);
        self.served.push(endpoint.take_served());
        Ok(())
    }

    fn wall(&self) -> f64 {
        median(self.done.iter().map(|run| run.wall))
    }

    fn requests(&self) -> u64 {
        self.served.last().map_or(0, |served| served.requests)
    }

    /// Returns the seconds from a request to its answer, at the endpoint.
    fn latency(&self) -> f64 {
        median(self.served.iter().map(|served| served.latency))
    }

    /// Returns the seconds that the requests take with this concurrency, and with nothing else to
    /// do.
    fn ideal(&self, concurrency: u32) -> f64 {
        float(self.requests()) / f64::from(concurrency) * self.latency()
    }
}

/// Measures with an endpoint that answers after 20 ms.
pub(crate) fn slow(lab: &mut Lab) -> anyhow::Result<Section> {
    const ROUNDS: usize = 2;
    const VERIFIES: usize = 3;
    let set = lab.set(&data::LOGS[0])?;
    let endpoint = Endpoint::start(&set, LATENCY)?;
    let mut cli = Runs::default();
    let mut verify = Runs::default();
    for _ in 0..ROUNDS {
        for _ in 0..VERIFIES {
            verify.add(&endpoint, || lab.verify_s3(&set, &endpoint, None))?;
        }
        cli.add(&endpoint, || lab.aws_cli(&set, &endpoint))?;
    }
    let mut others = Vec::new();
    for concurrency in HIGHER {
        let mut runs = Runs::default();
        for _ in 0..VERIFIES {
            runs.add(&endpoint, || {
                lab.verify_s3(&set, &endpoint, Some(concurrency))
            })?;
        }
        others.push((concurrency, runs));
    }
    let mut table = Table::new([
        "",
        "time",
        "as fast as the AWS CLI",
        "requests",
        "latency",
        "requests ÷ concurrency × latency",
        "time ÷ that",
    ]);
    let mut row = |what: &str, runs: &Runs, concurrency: u32| {
        let ideal = runs.ideal(concurrency);
        table.row([
            what.to_owned(),
            seconds(runs.wall()),
            times(cli.wall() / runs.wall()),
            count(runs.requests()),
            format!("{:.1} ms", runs.latency() * 1e3),
            seconds(ideal),
            times(runs.wall() / ideal),
        ]);
    };
    row("aws cloudtrail validate-logs", &cli, 1);
    row(
        &format!("trailseal verify ({CONCURRENCY} at a time)"),
        &verify,
        CONCURRENCY,
    );
    for (concurrency, runs) in &others {
        row(
            &format!("trailseal verify --concurrency {concurrency}"),
            runs,
            *concurrency,
        );
    }
    let mut section = Section::new(
        "Latency bound",
        format!(
            "{} log files of {} digests in S3, every request answered after {} ms at least, and at the endpoint's latency as measured; both are reported trail, account, Region and time; medians of {} runs, of {ROUNDS} for the AWS CLI.",
            count(set.about.log_files),
            set.about.digests,
            LATENCY.as_millis(),
            ROUNDS * VERIFIES,
        ),
    );
    section.table(table);
    section.at_least(
        "as fast as the AWS CLI",
        cli.wall() / verify.wall(),
        40.0,
        times,
    );
    section.below(
        "time ÷ (requests ÷ concurrency × latency)",
        verify.wall() / verify.ideal(CONCURRENCY),
        1.3,
        times,
    );
    Ok(section)
}

/// Measures the same without delay.
pub(crate) fn fast(lab: &mut Lab) -> anyhow::Result<Section> {
    const ROUNDS: usize = 3;
    const VERIFIES: usize = 3;
    let set = lab.set(&data::LOGS[0])?;
    let endpoint = Endpoint::start(&set, Duration::ZERO)?;
    let mut cli = Runs::default();
    let mut verify = Runs::default();
    for _ in 0..ROUNDS {
        for _ in 0..VERIFIES {
            verify.add(&endpoint, || lab.verify_s3(&set, &endpoint, None))?;
        }
        cli.add(&endpoint, || lab.aws_cli(&set, &endpoint))?;
    }
    let mut table = Table::new([
        "",
        "time",
        "as fast as the AWS CLI",
        "requests",
        "processor time",
        "of the endpoint besides",
    ]);
    for (what, runs) in [
        ("aws cloudtrail validate-logs", &cli),
        ("trailseal verify", &verify),
    ] {
        table.row([
            what.to_owned(),
            seconds(runs.wall()),
            times(cli.wall() / runs.wall()),
            count(runs.requests()),
            seconds(median(runs.done.iter().map(|run| run.processor()))),
            seconds(median(runs.endpoint.iter().copied())),
        ]);
    }
    let mut section = Section::new(
        "No latency",
        format!(
            "The same log files and endpoint without delay, the endpoint on the same processors; medians of {} runs, of {ROUNDS} for the AWS CLI.",
            ROUNDS * VERIFIES
        ),
    );
    section.table(table);
    section.at_least(
        "as fast as the AWS CLI",
        cli.wall() / verify.wall(),
        10.0,
        times,
    );
    Ok(section)
}
