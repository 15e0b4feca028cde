//! Whether the number of requests at a time that the command finds is a good one.

use std::time::Duration;

use crate::data::{self, DataSet};
use crate::lab::Lab;
use crate::report::{Section, Table, count, seconds, times};
use crate::sample::Sample;
use crate::server::Endpoint;

/// Fixed numbers of requests at a time to compare with.
const FIXED: [u32; 6] = [16, 32, 64, 128, 256, 512];
/// The number of runs with each number. Runs that take a moment differ more than those that take seconds.
const ROUNDS: usize = 3;
const ROUNDS_OF_SHORT: usize = 9;
/// Without a number, the command may take this many times as long as with the best fixed one.
const BOUND: f64 = 1.3;

/// An endpoint to compare at.
struct Place {
    plan: &'static data::Plan,
    delay: Duration,
    /// The requests that it answers in a second; others are throttled.
    rate: Option<u32>,
    rounds: usize,
}

const fn answering_after(millis: u64) -> Place {
    Place {
        plan: &data::LOGS[0],
        delay: Duration::from_millis(millis),
        rate: None,
        rounds: if millis < 50 { ROUNDS_OF_SHORT } else { ROUNDS },
    }
}

const PLACES: [Place; 5] = [
    answering_after(5),
    answering_after(20),
    answering_after(80),
    answering_after(200),
    Place {
        plan: &data::LOGS[1],
        delay: Duration::from_millis(20),
        rate: Some(1500),
        rounds: ROUNDS,
    },
];

/// The times at one endpoint.
struct Measured {
    fixed: Vec<(u32, Sample)>,
    own: Sample,
    throttled: Sample,
}

pub(crate) fn run(lab: &mut Lab) -> anyhow::Result<Section> {
    let mut section = Section::new(
        "Requests at a time",
        format!(
            "`trailseal verify` without an option, and with fixed numbers of requests at a time, at endpoints that answer after a delay; medians of {ROUNDS} runs, in turn, and of {ROUNDS_OF_SHORT} where the delay is below 50 ms."
        ),
    );
    let head: Vec<String> = FIXED
        .iter()
        .map(|fixed| format!("{fixed} at a time"))
        .collect();
    let mut table = Table::new([
        "",
        &head[0],
        &head[1],
        &head[2],
        &head[3],
        &head[4],
        &head[5],
        "by itself",
        "throttled",
    ]);
    let mut targets = Vec::new();
    for place in &PLACES {
        let set = lab.set(place.plan)?;
        let measured = measure(lab, place, &set)?;
        let delay = place.delay.as_millis();
        let what = match place.rate {
            None => format!("{} log files, {delay} ms", count(set.about.log_files)),
            Some(rate) => format!(
                "{} log files, {delay} ms, {} requests a second",
                count(set.about.log_files),
                count(rate.into())
            ),
        };
        let mut row = vec![what.clone()];
        row.extend(
            measured
                .fixed
                .iter()
                .map(|(_, time)| seconds(time.median())),
        );
        row.push(seconds(measured.own.median()));
        row.push(format!("{:.0}", measured.throttled.median()));
        table.row(row);
        let best = measured
            .fixed
            .iter()
            .map(|(_, time)| time.median())
            .fold(f64::MAX, f64::min);
        targets.push((what, measured.own.map(|own| own / best)));
    }
    section.table(table);
    for (what, ratio) in targets {
        let what = format!("{what}: time ÷ that of the best fixed number");
        section.below(&what, ratio, BOUND, times);
    }
    Ok(section)
}

fn measure(lab: &Lab, place: &Place, set: &DataSet) -> anyhow::Result<Measured> {
    let endpoint = match place.rate {
        None => Endpoint::start(set, place.delay)?,
        Some(rate) => Endpoint::start_throttling(set, place.delay, rate)?,
    };
    let mut fixed: Vec<(u32, Vec<f64>)> = FIXED.iter().map(|n| (*n, Vec::new())).collect();
    let (mut own, mut throttled) = (Vec::new(), Vec::new());
    let quiet = lab.quiet();
    for _ in 0..place.rounds {
        let (time, served) = quiet.undisturbed(|| {
            endpoint.take_served();
            let run = lab.verify_s3(set, &endpoint, None)?;
            Ok((run.wall, endpoint.take_served().throttled))
        })?;
        own.push(time);
        throttled.push(f64::from(u32::try_from(served)?));
        for (number, times) in &mut fixed {
            let number = Some(*number);
            times.push(quiet.undisturbed(|| Ok(lab.verify_s3(set, &endpoint, number)?.wall))?);
        }
    }
    let sample = |times: Vec<f64>| times.into_iter().collect::<Sample>();
    Ok(Measured {
        fixed: fixed
            .into_iter()
            .map(|(n, times)| (n, sample(times)))
            .collect(),
        own: sample(own),
        throttled: sample(throttled),
    })
}
