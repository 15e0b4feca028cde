//! Measures whether ten times as much takes ten times as long.

use crate::data::{self, About, DataSet, Plan};
use crate::lab::Lab;
use crate::plot::{self, Point, Series};
use crate::report::{Section, Table, count, float, median, micros, percent, seconds};

const ROUNDS: u64 = 5;
/// The number of runs of each size in a round. Every size verifies as many items in a round, so that
/// the work of other guests of the host lasts as long a part of the time of each.
const RUNS: [u64; 3] = [100, 10, 1];
/// The number of runs over nothing in a round.
const EMPTY_RUNS: usize = 10;
const CONSTANT: f64 = 0.1;
/// The name of the picture, in the folder of the data sets.
pub(crate) const PICTURE: &str = "growth.svg";

/// The cost of runs, in seconds.
#[derive(Debug, Default, Clone, Copy)]
struct Cost {
    wall: f64,
    processor: f64,
}

/// A size, and the sum of the costs of its runs.
struct Size {
    set: DataSet,
    runs_in_a_round: u64,
    sum: Cost,
}

impl Size {
    fn new(lab: &mut Lab, plan: &Plan, runs_in_a_round: u64) -> anyhow::Result<Self> {
        Ok(Self {
            set: lab.set(plan)?,
            runs_in_a_round,
            sum: Cost::default(),
        })
    }

    /// Runs, if this size has a run at this step of a round.
    fn step(&mut self, lab: &Lab, step: u64) -> anyhow::Result<()> {
        if step.is_multiple_of(RUNS[0] / self.runs_in_a_round) {
            let run = lab.verify_directory(&self.set)?;
            self.sum.wall += run.wall;
            self.sum.processor += run.processor();
        }
        Ok(())
    }

    fn mean(&self) -> Cost {
        let runs = float(ROUNDS * self.runs_in_a_round);
        Cost {
            wall: self.sum.wall / runs,
            processor: self.sum.processor / runs,
        }
    }
}

pub(crate) fn run(lab: &mut Lab) -> anyhow::Result<Section> {
    let mut section = Section::new(
        "Growth",
        format!(
            "Directories; means of {ROUNDS} rounds. In a round, each size verifies as many items: the smallest in {} runs, the next in {}, the largest in {}, in turn. The net times leave out the time of a run over a single digest.",
            RUNS[0], RUNS[1], RUNS[2],
        ),
    );
    let mut series = Vec::new();
    for (what, plans, items) in [
        (
            "log file",
            &data::LOGS,
            (|about| about.log_files) as fn(&About) -> u64,
        ),
        ("digest", &data::DIGESTS, |about| about.digests),
    ] {
        let points = measure(lab, plans, items)?;
        let mut table = Table::new([
            &format!("{what}s"),
            "time",
            &format!("a {what}"),
            &format!("a {what}, net"),
            &format!("a {what}, on the processors, net"),
        ]);
        for point in &points {
            table.row([
                count(point.items),
                seconds(point.raw * float(point.items)),
                micros(point.raw),
                micros(point.net),
                micros(point.processor),
            ]);
        }
        section.table(table);
        // Other work of the machine changes the processors' clock less than the one on the wall.
        let times = points.iter().map(|point| point.processor);
        let least = times.clone().fold(f64::MAX, f64::min);
        let most = times.fold(0.0, f64::max);
        section.below(
            &format!("processor time a {what}, net, the longest over the shortest, more by"),
            most / least - 1.0,
            CONSTANT,
            percent,
        );
        series.push(Series {
            name: format!("a {what}"),
            points,
        });
    }
    let drawn = lab.data().join(PICTURE);
    std::fs::write(&drawn, plot::growth(&series))?;
    eprintln!("{} shows it", drawn.display());
    section.note(format!("`docs/{PICTURE}` shows it."));
    Ok(section)
}

fn measure(
    lab: &mut Lab,
    plans: &[Plan; 3],
    items: fn(&About) -> u64,
) -> anyhow::Result<Vec<Point>> {
    let mut sizes = Vec::new();
    for (plan, runs) in plans.iter().zip(RUNS) {
        sizes.push(Size::new(lab, plan, runs)?);
    }
    let mut nothing = Vec::new();
    for round in 1..=usize::try_from(ROUNDS)? {
        nothing = lab.directory_runs(&data::NOTHING, round * EMPTY_RUNS)?;
        for step in 0..RUNS[0] {
            for size in &mut sizes {
                size.step(lab, step)?;
            }
        }
    }
    let nothing = Cost {
        wall: median(nothing.iter().map(|run| run.wall)),
        processor: median(nothing.iter().map(|run| run.processor())),
    };
    let points = sizes.iter().map(|size| {
        let (items, mean) = (items(&size.set.about), size.mean());
        Point {
            items,
            raw: mean.wall / float(items),
            net: (mean.wall - nothing.wall) / float(items),
            processor: (mean.processor - nothing.processor) / float(items),
        }
    });
    Ok(points.collect())
}
