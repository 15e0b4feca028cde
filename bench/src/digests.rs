//! Many empty digests: the cost of the chain itself.

use crate::data;
use crate::lab::Lab;
use crate::report::{Section, Table, count, float, median, micros, percent, seconds};
use crate::signatures;

pub(crate) fn run(lab: &mut Lab) -> anyhow::Result<Section> {
    const ROUNDS: usize = 3;
    let plan = &data::DIGESTS[2];
    let set = lab.set(plan)?;
    let runs = lab.directory_runs(plan, ROUNDS)?;
    let checks = signatures::measure(&set)?;
    let digests = float(set.about.digests);
    let processor = median(runs.iter().map(|run| run.processor()));
    let wall = median(runs.iter().map(|run| run.wall));
    let mut table = Table::new(["", "in all", "a digest", "of the processor time"]);
    let mut row = |what: &str, all: f64, of: Option<f64>| {
        table.row([
            what.to_owned(),
            seconds(all),
            micros(all / digests),
            of.map_or_else(String::new, |of| percent(all / of)),
        ]);
    };
    row("trailseal verify, on the clock", wall, None);
    row(
        "trailseal verify, on the processors",
        processor,
        Some(processor),
    );
    row(
        "signature checks, with aws-lc-rs as trailseal does",
        checks.aws_lc * digests,
        Some(processor),
    );
    row(
        "signature checks, with the crate rsa",
        checks.rsa * digests,
        Some(processor),
    );
    let mut section = Section::new(
        "Many digests",
        format!(
            "One chain of {} digests of empty hours, {:.1} years, in a directory; medians of {} runs. Signature checks are measured alone, of one digest again and again.",
            count(set.about.digests),
            digests / 24.0 / 365.25,
            runs.len(),
        ),
    );
    section.table(table);
    section.below(
        "signature checks' share of the processor time",
        checks.aws_lc * digests / processor,
        0.5,
        percent,
    );
    Ok(section)
}
