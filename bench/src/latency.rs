//! Only the endpoint is the limit, or nothing is: compared with the AWS CLI in S3.

use std::time::Duration;

use crate::data::{self, Plan};
use crate::lab::Lab;
use crate::limit;
use crate::measure::Run;
use crate::report::{Section, Table, count, median, seconds, times};
use crate::sample::Sample;
use crate::server::{Endpoint, Served};

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

    fn wall(&self) -> Sample {
        self.done.iter().map(|run| run.wall).collect()
    }

    fn requests(&self) -> u64 {
        self.served.last().map_or(0, |served| served.requests)
    }

    /// Returns the seconds from a request to its answer, at the endpoint.
    fn latency(&self) -> f64 {
        median(self.served.iter().map(|served| served.latency))
    }
}

/// A comparison with the AWS CLI.
struct Race {
    plan: &'static Plan,
    /// The milliseconds after which every request is answered.
    delay: u64,
    /// The runs of the AWS CLI: one of them can take minutes.
    cli: usize,
    verify: usize,
    /// How many times as fast as the AWS CLI.
    bound: f64,
}

const RACES: [Race; 3] = [
    Race {
        plan: &data::LOGS[0],
        delay: 20,
        cli: 2,
        verify: 9,
        bound: 80.0,
    },
    Race {
        plan: &data::LOGS[0],
        delay: 80,
        cli: 1,
        verify: 9,
        bound: 120.0,
    },
    Race {
        plan: &data::LOGS[1],
        delay: 20,
        cli: 1,
        verify: 5,
        bound: 150.0,
    },
];

/// Measures with endpoints that answer after a delay.
pub(crate) fn slow(lab: &mut Lab) -> anyhow::Result<Section> {
    let mut table = Table::new([
        "",
        "time",
        "least to most",
        "as fast as the AWS CLI",
        "requests",
        "latency",
        "time ÷ latency",
    ]);
    let mut targets = Vec::new();
    for race in &RACES {
        let set = lab.set(race.plan)?;
        let endpoint = Endpoint::start(&set, Duration::from_millis(race.delay))?;
        let (mut cli, mut verify) = (Runs::default(), Runs::default());
        for round in 0..race.verify {
            verify.add(&endpoint, || lab.verify_s3(&set, &endpoint, None))?;
            if round < race.cli {
                cli.add(&endpoint, || lab.aws_cli(&set, &endpoint))?;
            }
        }
        let what = format!(
            "{} log files, {} ms",
            count(set.about.log_files),
            race.delay
        );
        let cli_time = cli.wall().median();
        for (tool, runs) in [("the AWS CLI", &cli), ("trailseal verify", &verify)] {
            let wall = runs.wall();
            table.row([
                format!("{what}: {tool}"),
                seconds(wall.median()),
                wall.spread(seconds),
                times(cli_time / wall.median()),
                count(runs.requests()),
                format!("{:.1} ms", runs.latency() * 1e3),
                format!("{:.1}", wall.median() / runs.latency()),
            ]);
        }
        let factor = verify.wall().map(|wall| cli_time / wall);
        targets.push((what, factor, race.bound));
    }
    let mut section = Section::new(
        "Latency bound",
        "Log files in S3, 100 in a digest file, every request answered after a delay at least, and at the endpoint's latency as measured; both tools get the trail, account, Region and time as options. `trailseal verify` finds the number of requests at a time itself.".to_owned(),
    );
    section.table(table);
    for (what, factor, bound) in targets {
        let what = format!("{what}: as fast as the AWS CLI");
        section.at_least(&what, factor, bound, times);
    }
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
            seconds(runs.wall().median()),
            times(cli.wall().median() / runs.wall().median()),
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
        verify.wall().map(|wall| cli.wall().median() / wall),
        10.0,
        times,
    );
    Ok(section)
}
