//! The output of a benchmark: Markdown tables, and targets with whether they are met.

use std::fmt;

use crate::others;
use crate::quiet;
use crate::sample::Sample;

/// The result of one benchmark.
#[derive(Debug)]
pub(crate) struct Section {
    title: String,
    intro: String,
    tables: Vec<Table>,
    notes: Vec<String>,
    targets: Vec<Target>,
    /// The share of the processors' time that other programs used meanwhile.
    others: f64,
    /// The share by which other guests of the host slowed a fixed piece of work.
    slowdown: f64,
    /// Whether the targets are about one program: other work can only make it slower or larger.
    is_of_one_program: bool,
}

/// A table.
#[derive(Debug)]
pub(crate) struct Table {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// A requirement for a measured value.
#[derive(Debug)]
pub(crate) struct Target {
    what: String,
    bound: String,
    measured: String,
    /// The least and the largest measured value.
    spread: String,
    met: bool,
}

impl Section {
    pub(crate) fn new(title: &str, intro: String) -> Self {
        Self {
            title: title.to_owned(),
            intro,
            tables: Vec::new(),
            notes: Vec::new(),
            targets: Vec::new(),
            others: 0.0,
            slowdown: 0.0,
            is_of_one_program: false,
        }
    }

    /// Says that the targets are not ratios of two programs, which other work slows differently.
    /// A target that is met beside other work is met.
    pub(crate) fn of_one_program(mut self) -> Self {
        self.is_of_one_program = true;
        self
    }

    /// States the share of the processors' time that other programs used during the benchmark, and
    /// the share by which other guests of the host slowed a fixed piece of work.
    pub(crate) fn beside(&mut self, others: f64, slowdown: f64) {
        self.others = others;
        self.slowdown = slowdown;
        if self.is_disturbed() {
            let without_verdict = if self.is_of_one_program {
                "A target that is not met"
            } else {
                "A target"
            };
            self.note(format!(
                "{without_verdict} gets no verdict: other programs used {} of the processors' time. Run nothing else.",
                percent(others)
            ));
        }
        if self.is_slowed() {
            self.note(format!(
                "Other guests of the host slowed a fixed piece of work by {} on average. A target that is not met gets no verdict.",
                percent(slowdown)
            ));
        }
    }

    fn is_slowed(&self) -> bool {
        self.slowdown > quiet::MAX_SLOWDOWN
    }

    fn is_disturbed(&self) -> bool {
        self.others > others::MAX_SHARE
    }

    pub(crate) fn table(&mut self, table: Table) {
        self.tables.push(table);
    }

    pub(crate) fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// Adds measured values whose median must be at least `bound`; `show` formats them.
    pub(crate) fn at_least(
        &mut self,
        what: &str,
        measured: impl Into<Sample>,
        bound: f64,
        show: impl Fn(f64) -> String,
    ) {
        let measured = measured.into();
        self.targets.push(Target {
            what: what.to_owned(),
            bound: format!("at least {}", show(bound)),
            measured: show(measured.median()),
            spread: measured.spread(&show),
            met: measured.median() >= bound,
        });
    }

    /// Adds measured values whose median must be below `bound`; `show` formats them.
    pub(crate) fn below(
        &mut self,
        what: &str,
        measured: impl Into<Sample>,
        bound: f64,
        show: impl Fn(f64) -> String,
    ) {
        let measured = measured.into();
        self.targets.push(Target {
            what: what.to_owned(),
            bound: format!("below {}", show(bound)),
            measured: show(measured.median()),
            spread: measured.spread(&show),
            met: measured.median() < bound,
        });
    }
}

impl Table {
    pub(crate) fn new<const N: usize>(head: [&str; N]) -> Self {
        Self {
            head: head.map(str::to_owned).to_vec(),
            rows: Vec::new(),
        }
    }

    pub(crate) fn row(&mut self, cells: impl Into<Vec<String>>) {
        self.rows.push(cells.into());
    }
}

impl Section {
    /// Returns the targets, each with the section's title if there is one.
    fn target_table(&self, title: Option<&str>) -> Table {
        let mut table = Table::new(TARGETS);
        for target in &self.targets {
            let what = match title {
                Some(title) => format!("{title}: {}", target.what),
                None => target.what.clone(),
            };
            let met = match target.met {
                true if self.is_of_one_program || !self.is_disturbed() => "yes",
                false if !self.is_disturbed() && !self.is_slowed() => "**no**",
                _ => "no verdict",
            };
            table.row([
                what,
                target.bound.clone(),
                target.measured.clone(),
                target.spread.clone(),
                met.to_owned(),
            ]);
        }
        table
    }
}

/// The head of a table of targets.
const TARGETS: [&str; 5] = ["target", "bound", "median", "least to most", "met"];

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "### {}\n\n{}", self.title, self.intro)?;
        for table in &self.tables {
            writeln!(f, "\n{table}")?;
        }
        for note in &self.notes {
            writeln!(f, "{note}\n")?;
        }
        if !self.targets.is_empty() {
            writeln!(f, "{}", self.target_table(None))?;
        }
        Ok(())
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |column: usize| {
            std::iter::once(&self.head)
                .chain(&self.rows)
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or_default()
                .max(3)
        };
        let widths: Vec<usize> = (0..self.head.len()).map(width).collect();
        // The first column is text, the others are numbers.
        let line = |f: &mut fmt::Formatter<'_>, row: &[String]| {
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                if column == 0 {
                    write!(f, "| {cell:<width$} ")?;
                } else {
                    write!(f, "| {cell:>width$} ")?;
                }
            }
            writeln!(f, "|")
        };
        line(f, &self.head)?;
        for (column, width) in widths.iter().enumerate() {
            if column == 0 {
                write!(f, "| {} ", "-".repeat(*width))?;
            } else {
                write!(f, "| {}: ", "-".repeat(width - 1))?;
            }
        }
        writeln!(f, "|")?;
        self.rows.iter().try_for_each(|row| line(f, row))
    }
}

/// Returns all targets in one table.
pub(crate) fn summary(sections: &[Section]) -> String {
    let mut table = Table::new(TARGETS);
    for section in sections {
        table
            .rows
            .extend(section.target_table(Some(&section.title)).rows);
    }
    format!("### Targets\n\n{table}")
}

/// Returns a number with its thousands separated.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Returns a number as a float; counts and bytes here are far below 2^53.
#[expect(clippy::cast_precision_loss)]
pub(crate) fn float(number: u64) -> f64 {
    number as f64
}

/// Returns a number without its fraction.
pub(crate) fn whole(number: f64) -> String {
    format!("{number:.0}")
}

/// Returns seconds, or milliseconds if there are few.
pub(crate) fn seconds(seconds: f64) -> String {
    if seconds < 1.0 {
        format!("{:.0} ms", seconds * 1e3)
    } else {
        format!("{seconds:.2} s")
    }
}

/// Returns milliseconds.
pub(crate) fn millis(seconds: f64) -> String {
    format!("{:.1} ms", seconds * 1e3)
}

/// Returns microseconds.
pub(crate) fn micros(seconds: f64) -> String {
    format!("{:.1} µs", seconds * 1e6)
}

/// Returns bytes as megabytes.
pub(crate) fn megabytes(bytes: f64) -> String {
    format!("{:.1} MB", bytes / 1e6)
}

/// Returns a share in percent.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// Returns a factor.
pub(crate) fn times(factor: f64) -> String {
    if factor < 10.0 {
        format!("{factor:.2} ×")
    } else {
        format!("{factor:.1} ×")
    }
}

/// Returns the median.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    values.into_iter().collect::<Sample>().median()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_separated() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1000), "1,000");
        assert_eq!(count(1_234_567), "1,234,567");
    }

    /// Returns what a section says of a target that is met and of one that is not.
    fn verdicts(section: Section, others: f64, slowdown: f64) -> Vec<String> {
        let mut section = section;
        section.below("met", 1.0, 2.0, whole);
        section.below("missed", 3.0, 2.0, whole);
        section.beside(others, slowdown);
        let rows = section.target_table(None).rows;
        rows.into_iter().filter_map(|mut row| row.pop()).collect()
    }

    #[test]
    fn other_work_leaves_no_verdict_on_ratios_and_on_what_it_can_have_caused() {
        let ratios = || Section::new("", String::new());
        let one_program = || ratios().of_one_program();
        assert_eq!(verdicts(ratios(), 0.0, 0.0), ["yes", "**no**"]);
        assert_eq!(verdicts(ratios(), 0.0, 0.5), ["yes", "no verdict"]);
        assert_eq!(verdicts(ratios(), 0.1, 0.0), ["no verdict", "no verdict"]);
        assert_eq!(verdicts(one_program(), 0.0, 0.0), ["yes", "**no**"]);
        assert_eq!(verdicts(one_program(), 0.1, 0.0), ["yes", "no verdict"]);
    }

    #[test]
    fn columns_line_up() {
        let mut table = Table::new(["what", "n"]);
        table.row(["a".into(), "1,000".into()]);
        assert_eq!(
            table.to_string(),
            "| what |     n |\n| ---- | ----: |\n| a    | 1,000 |\n"
        );
    }
}
