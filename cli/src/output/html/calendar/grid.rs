//! Stretches of time as rows of cells.

use crate::output::html::outcome;
use crate::report::{Outcome, Stretch};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use std::collections::BTreeMap;

/// The number of consecutive rows with one bad state, and nothing else, from which they become one
/// row of words.
const FOLDED_FROM: usize = 5;

/// The maximum number of stretches that a row's summary lists.
const MAX_LISTED: usize = 16;

/// The time that a cell represents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// A row is a day.
    Hour,
    /// A row is a month.
    Day,
    /// A row is a year.
    Month,
}

/// The state of a cell's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cell {
    /// All of it is valid.
    Valid,
    /// The requested part is valid, but it is not all of the time.
    Part,
    /// Some of it is a finding.
    Finding,
    /// Some of it could not be verified, and none is a finding.
    CannotTell,
    /// None of it was requested.
    Outside,
}

/// A row of a calendar.
#[derive(Debug)]
pub(super) enum Row {
    /// A day, a month or a year.
    Drawn {
        /// Its name.
        label: String,
        /// The content of its cells, exactly and in words.
        summary: String,
        /// Its cells.
        cells: Vec<Cell>,
    },
    /// Many rows that show the same state, in words.
    Folded {
        /// The state that each of their cells would show.
        cell: Cell,
        /// A text such as `2026-01-16 to 2026-11-27: no digest`.
        words: String,
    },
}

/// The rows to show, by their first days: one row, or all rows up to the one that starts on another
/// day.
type Rows = BTreeMap<Date, Option<Date>>;

/// The calendar of a chain.
#[derive(Debug)]
pub(super) struct Grid {
    /// The time that its cells represent.
    pub(super) unit: Unit,
    /// The rows that contain anything, oldest first.
    pub(super) rows: Vec<Row>,
    /// Whether older rows are left out.
    pub(super) cut: bool,
}

impl Grid {
    /// Returns the calendar of these stretches, in the smallest unit that takes no more than `room`
    /// cells.
    pub(super) fn of(coverage: &[Stretch], room: usize) -> Self {
        let rows_in = |unit: Unit| newest_rows(coverage, unit, (room / unit.cells_a_row()).max(1));
        let (unit, (rows, cut)) = [Unit::Hour, Unit::Day]
            .into_iter()
            .map(|unit| (unit, rows_in(unit)))
            .find(|(_, (_, cut))| !cut)
            .unwrap_or_else(|| (Unit::Month, rows_in(Unit::Month)));
        let rows = rows
            .into_iter()
            .filter_map(|(start, last)| match last {
                None => row(coverage, unit, start),
                Some(last) => folded(coverage, unit, start, last),
            })
            .collect();
        Self { unit, rows, cut }
    }
}

impl Unit {
    fn cells_a_row(self) -> usize {
        match self {
            Self::Hour => 24,
            Self::Day => 31,
            Self::Month => 12,
        }
    }

    /// Returns the first day of the row that a day is in.
    fn row_of(self, day: Date) -> Date {
        match self {
            Self::Hour => day,
            Self::Day => day.first_of_month(),
            Self::Month => day.first_of_year(),
        }
    }

    fn row_before(self, start: Date) -> Option<Date> {
        match self {
            Self::Hour => start.checked_sub(1.day()),
            Self::Day => start.checked_sub(1.month()),
            Self::Month => start.checked_sub(1.year()),
        }
        .ok()
    }

    fn row_after(self, start: Date) -> Option<Date> {
        match self {
            Self::Hour => start.checked_add(1.day()),
            Self::Day => start.checked_add(1.month()),
            Self::Month => start.checked_add(1.year()),
        }
        .ok()
    }

    /// Returns the seconds at which the cells of a row start, and the last one ends.
    fn edges(self, start: Date) -> Option<Vec<i64>> {
        let midnight = |day: Date| {
            let midnight = day.to_zoned(TimeZone::UTC).ok()?;
            Some(midnight.timestamp().as_second())
        };
        match self {
            Self::Hour => {
                let start = midnight(start)?;
                Some((0..=24).map(|hour| start + hour * 3600).collect())
            }
            Self::Day => (0..=i32::from(start.days_in_month()))
                .map(|day| midnight(start.checked_add(day.days()).ok()?))
                .collect(),
            Self::Month => (0..=12)
                .map(|month: i32| midnight(start.checked_add(month.months()).ok()?))
                .collect(),
        }
    }

    fn label(self, start: Date) -> String {
        match self {
            Self::Hour => start.strftime("%m-%d"),
            Self::Day => start.strftime("%Y-%m"),
            Self::Month => start.strftime("%Y"),
        }
        .to_string()
    }

    fn full_label(self, start: Date) -> String {
        match self {
            Self::Hour => start.to_string(),
            Self::Day | Self::Month => self.label(start),
        }
    }
}

/// Returns the newest rows that contain anything, and whether there are older ones.
fn newest_rows(coverage: &[Stretch], unit: Unit, most: usize) -> (Rows, bool) {
    let mut rows = Rows::new();
    for stretch in coverage.iter().rev() {
        let (start, end) = seconds(stretch);
        let first = unit.row_of(day_of(start));
        let fold = whole_rows(stretch, unit);
        let mut row = Some(unit.row_of(day_of(end - 1)));
        while let Some(present) = row.filter(|row| *row >= first) {
            let (present, last) = match fold {
                Some((first, last)) if present == last => (first, Some(last)),
                _ => (present, None),
            };
            if rows.len() >= most && !rows.contains_key(&present) {
                return (rows, true);
            }
            rows.entry(present).or_insert(last);
            row = unit.row_before(present);
        }
    }
    (rows, false)
}

/// Returns the first and the last of the rows that a bad stretch fills, if they are many.
fn whole_rows(stretch: &Stretch, unit: Unit) -> Option<(Date, Date)> {
    if stretch.state == Outcome::Valid {
        return None;
    }
    let (start, end) = seconds(stretch);
    let (first, last) = (unit.row_of(day_of(start)), unit.row_of(day_of(end - 1)));
    let begins = |row| unit.edges(row).and_then(|edges| edges.first().copied());
    let ends = |row| unit.edges(row).and_then(|edges| edges.last().copied());
    let first = if begins(first).is_some_and(|at| at >= start) {
        first
    } else {
        unit.row_after(first)?
    };
    let last = if ends(last).is_some_and(|at| at <= end) {
        last
    } else {
        unit.row_before(last)?
    };
    let mut fifth = first;
    for _ in 1..FOLDED_FROM {
        fifth = unit.row_after(fifth)?;
    }
    (fifth <= last).then_some((first, last))
}

fn folded(coverage: &[Stretch], unit: Unit, first: Date, last: Date) -> Option<Row> {
    let from = *unit.edges(first)?.first()?;
    let stretch = overlapping(coverage, from, from + 1).first()?;
    let what = match (stretch.state, stretch.digests) {
        (Outcome::Finding, 0) => "no digest",
        (state, _) => outcome::word(state),
    };
    let (first, last) = (unit.full_label(first), unit.full_label(last));
    Some(Row::Folded {
        cell: cell(coverage, from, from + 1),
        words: format!("{first} to {last}: {what}"),
    })
}

fn row(coverage: &[Stretch], unit: Unit, start: Date) -> Option<Row> {
    let edges = unit.edges(start)?;
    let (from, to) = (*edges.first()?, *edges.last()?);
    let within = overlapping(coverage, from, to);
    let cells = edges
        .windows(2)
        .filter_map(|edges| match edges {
            [from, to] => Some(cell(within, *from, *to)),
            _ => None,
        })
        .collect();
    Some(Row::Drawn {
        label: unit.label(start),
        summary: summary(within, unit, start, from, to),
        cells,
    })
}

/// Returns the stretches that share any time with `from..to`.
fn overlapping(coverage: &[Stretch], from: i64, to: i64) -> &[Stretch] {
    let first = coverage.partition_point(|stretch| seconds(stretch).1 <= from);
    let after = coverage.partition_point(|stretch| seconds(stretch).0 < to);
    coverage.get(first..after).unwrap_or_default()
}

fn cell(coverage: &[Stretch], from: i64, to: i64) -> Cell {
    let mut valid = 0;
    let mut worst = None;
    for stretch in overlapping(coverage, from, to) {
        worst = worst.max(Some(stretch.state));
        if stretch.state == Outcome::Valid {
            let (start, end) = seconds(stretch);
            valid += end.min(to) - start.max(from);
        }
    }
    match worst {
        Some(Outcome::Finding) => Cell::Finding,
        Some(Outcome::CannotTell) => Cell::CannotTell,
        Some(Outcome::Valid) if valid >= to - from => Cell::Valid,
        Some(Outcome::Valid) => Cell::Part,
        None => Cell::Outside,
    }
}

/// Returns a row in words, to the second.
fn summary(within: &[Stretch], unit: Unit, start: Date, from: i64, to: i64) -> String {
    let mut said: Vec<_> = within
        .iter()
        .take(MAX_LISTED)
        .map(|stretch| {
            let (start, end) = seconds(stretch);
            let state = outcome::word(stretch.state);
            if start <= from && end >= to {
                format!("all {state}")
            } else {
                let start = moment(unit, start.max(from), from);
                let end = moment(unit, end.min(to), from);
                format!("{state} {start} to {end}")
            }
        })
        .collect();
    if let Some(more @ 1..) = within.len().checked_sub(MAX_LISTED) {
        said.push(format!("{more} more stretches"));
    }
    format!("{}: {}", unit.full_label(start), said.join(", "))
}

/// Returns a time that is as short as its row allows.
fn moment(unit: Unit, second: i64, row_start: i64) -> String {
    if unit == Unit::Hour {
        let passed = second - row_start;
        let (hour, minute, second) = (passed / 3600, passed / 60 % 60, passed % 60);
        return if second == 0 {
            format!("{hour:02}:{minute:02}")
        } else {
            format!("{hour:02}:{minute:02}:{second:02}")
        };
    }
    Timestamp::from_second(second).map_or_else(
        |_| String::new(),
        |time| time.strftime("%m-%d %H:%M").to_string(),
    )
}

/// Returns a stretch in seconds. An empty one counts as one second.
fn seconds(stretch: &Stretch) -> (i64, i64) {
    let start = stretch.from.as_second();
    (start, stretch.to.as_second().max(start + 1))
}

fn day_of(second: i64) -> Date {
    Timestamp::from_second(second)
        .unwrap_or(Timestamp::MAX)
        .to_zoned(TimeZone::UTC)
        .date()
}

#[cfg(test)]
mod tests;
