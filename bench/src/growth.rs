//! Measures whether ten times as much takes ten times as long.

use crate::data::{self, About, Plan};
use crate::lab::Lab;
use crate::plot::{self, Point, Series};
use crate::report::{Section, Table, count, float, median, micros, percent, seconds};

/// The shorter a run, the more runs.
const ROUNDS: [usize; 3] = [15, 7, 3];
const CONSTANT: f64 = 0.1;
/// The name of the picture, in the folder of the data sets.
pub(crate) const PICTURE: &str = "growth.svg";

/// The cost of a run that finds almost nothing.
struct EmptyRun {
    wall: f64,
    processor: f64,
}

pub(crate) fn run(lab: &mut Lab) -> anyhow::Result<Section> {
    let nothing = lab.directory_runs(&data::NOTHING, ROUNDS[0])?;
    let nothing = EmptyRun {
        wall: median(nothing.iter().map(|run| run.wall)),
        processor: median(nothing.iter().map(|run| run.processor())),
    };
    let mut section = Section::new(
        "Growth",
        format!(
            "Directories; medians of {}, {} and {} runs. A run over a single digest takes {}, which the net times leave out.",
            ROUNDS[0],
            ROUNDS[1],
            ROUNDS[2],
            seconds(nothing.wall)
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
        let points = measure(lab, plans, items, &nothing)?;
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
    plans: &'static [Plan; 3],
    items: fn(&About) -> u64,
    nothing: &EmptyRun,
) -> anyhow::Result<Vec<Point>> {
    // In turn, so that other activity of the machine affects all sizes.
    for round in 1..=ROUNDS[0] {
        for (plan, rounds) in plans.iter().zip(ROUNDS) {
            lab.directory_runs(plan, round.min(rounds))?;
        }
        lab.directory_runs(&data::NOTHING, round)?;
    }
    plans
        .iter()
        .zip(ROUNDS)
        .map(|(plan, rounds)| {
            let runs = lab.directory_runs(plan, rounds)?;
            let items = items(&lab.set(plan)?.about);
            let wall = median(runs.iter().map(|run| run.wall));
            Ok(Point {
                items,
                raw: wall / float(items),
                net: (wall - nothing.wall) / float(items),
                processor: (median(runs.iter().map(|run| run.processor())) - nothing.processor)
                    / float(items),
            })
        })
        .collect()
}
