//! The demo's output: readable at 100 columns, with colors and a live bar on a terminal only.

use std::cell::Cell;
use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::Instant;

use trailseal_tests::local::Alert;

/// The width in columns of all output, except for quoted text.
pub(crate) const COLUMNS: usize = 100;
/// The column at which the text of a step starts, after its time.
const STEP_INDENT: usize = 11;
/// The width of the bar.
const BAR: usize = 12;

/// Standard output.
pub(crate) struct Screen {
    began: Instant,
    is_terminal: bool,
    has_colors: bool,
    bar_is_shown: Cell<bool>,
}

/// How a line is emphasized.
#[derive(Clone, Copy)]
pub(crate) enum Style {
    Plain,
    Bold,
    Good,
    Bad,
}

impl Screen {
    pub(crate) fn new() -> Self {
        let is_terminal = io::stdout().is_terminal();
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            began: Instant::now(),
            is_terminal,
            has_colors: is_terminal && !no_color,
            bar_is_shown: Cell::new(false),
        }
    }

    /// Prints the title of a part.
    pub(crate) fn heading(&self, text: &str) {
        self.line("");
        self.styled(text, Style::Bold);
    }

    /// Prints something that happens now.
    pub(crate) fn step(&self, text: &str) {
        let time = format!("[{:5.1} s] ", self.began.elapsed().as_secs_f64());
        for (number, line) in wrap(text, COLUMNS - STEP_INDENT).iter().enumerate() {
            let before = if number == 0 { &time } else { "" };
            self.line(&format!("{before:STEP_INDENT$}{line}"));
        }
    }

    /// Prints more about the previous step.
    pub(crate) fn detail(&self, text: &str) {
        for line in wrap(text, COLUMNS - STEP_INDENT) {
            self.line(&format!("{:STEP_INDENT$}{line}", ""));
        }
    }

    /// Prints an alert that arrives now.
    pub(crate) fn alert(&self, text: &str) {
        self.styled(&format!("{:STEP_INDENT$}ALERT  {text}", ""), Style::Bad);
    }

    /// Prints an all-clear that arrives now.
    pub(crate) fn all_clear(&self, text: &str) {
        self.styled(
            &format!("{:STEP_INDENT$}ALL CLEAR  {text}", ""),
            Style::Good,
        );
    }

    /// Prints a file, by the name that ends its key.
    pub(crate) fn file(&self, key: &str) {
        let name = key.rsplit('/').next().unwrap_or_default();
        self.detail(&shortened_in_the_middle(name, COLUMNS - STEP_INDENT));
    }

    /// Prints a line unchanged.
    pub(crate) fn line(&self, text: &str) {
        self.styled(text, Style::Plain);
    }

    /// Prints a line unchanged, with emphasis.
    pub(crate) fn styled(&self, text: &str, style: Style) {
        self.end_progress();
        let code = match style {
            _ if !self.has_colors => "",
            Style::Plain => "",
            Style::Bold => "\x1b[1m",
            Style::Good => "\x1b[1;32m",
            Style::Bad => "\x1b[1;31m",
        };
        let reset = if code.is_empty() { "" } else { "\x1b[0m" };
        print(&format!("{code}{}{reset}\n", text.trim_end()));
    }

    /// Shows how far something is. On a terminal, the next line overwrites this one; elsewhere, the
    /// line is left out unless it is a milestone.
    pub(crate) fn progress(&self, done: usize, of: usize, text: &str, milestone: bool) {
        if self.is_terminal {
            let filled = BAR * done / of.max(1);
            let bar = format!("{:.<BAR$}", "#".repeat(filled));
            print(&format!("\r\x1b[2K  [{bar}] {text}"));
            self.bar_is_shown.set(true);
        } else if milestone {
            self.detail(text);
        }
    }

    /// Leaves the bar as it is.
    pub(crate) fn end_progress(&self) {
        if self.bar_is_shown.replace(false) {
            print("\n");
        }
    }

    /// Prints an alert as an email subscriber receives it. A terminal shows it as a mail reader
    /// does, with long lines wrapped between words; any other output gets every line as it was
    /// sent.
    pub(crate) fn mail(&self, alert: &Alert) {
        self.line(&"-".repeat(COLUMNS));
        for line in alert.to_string().trim_end().lines() {
            if !self.is_terminal {
                self.line(line);
                continue;
            }
            let indent = line.len() - line.trim_start().len();
            for (number, part) in wrap(line.trim_start(), COLUMNS - indent).iter().enumerate() {
                let style = match number {
                    0 if line.starts_with("Subject: ") => Style::Bold,
                    _ => Style::Plain,
                };
                self.styled(&format!("{:indent$}{part}", ""), style);
            }
        }
    }

    /// Prints rows under a head, each cell wrapped within its column.
    pub(crate) fn table<const N: usize>(
        &self,
        widths: [usize; N],
        head: [&str; N],
        rows: &[[String; N]],
    ) {
        self.row(widths, &head.map(str::to_owned), Style::Bold);
        self.line(&widths.map(|width| "-".repeat(width)).join("  "));
        for row in rows {
            self.row(widths, row, Style::Plain);
            if row.iter().any(|cell| cell.contains('\n')) {
                self.line("");
            }
        }
    }

    fn row<const N: usize>(&self, widths: [usize; N], cells: &[String; N], style: Style) {
        let wrapped: Vec<Vec<String>> = cells
            .iter()
            .zip(widths)
            .map(|(cell, width)| cell.lines().flat_map(|line| wrap(line, width)).collect())
            .collect();
        let height = wrapped.iter().map(Vec::len).max().unwrap_or_default();
        for number in 0..height {
            let mut line = String::new();
            for (cell, width) in wrapped.iter().zip(widths) {
                let part = cell.get(number).map_or("", String::as_str);
                let _ = write!(line, "{part:width$}  ");
            }
            self.styled(&line, style);
        }
    }
}

/// Writes to standard output, which may be closed before the demo is over.
fn print(text: &str) {
    let mut output = io::stdout().lock();
    let _ = output
        .write_all(text.as_bytes())
        .and_then(|()| output.flush());
}

/// Breaks a text between words. A word that is longer than a line is not broken or moved.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for (number, word) in text.split(' ').enumerate() {
        let word_width = word.chars().count();
        let is_full = line.chars().count() + 1 + word_width > width;
        if is_full && word_width <= width && !line.trim().is_empty() {
            lines.push(std::mem::take(&mut line));
        } else if number > 0 {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

/// Returns a name without its middle, if it is too long.
fn shortened_in_the_middle(name: &str, width: usize) -> String {
    const MARK: &str = "...";
    let length = name.chars().count();
    if length <= width {
        return name.to_owned();
    }
    let shown = width.saturating_sub(MARK.len());
    let before: String = name.chars().take(shown - shown / 3).collect();
    let after: String = name.chars().skip(length - shown / 3).collect();
    format!("{before}{MARK}{after}")
}

/// Returns `1 alert`, `2 alerts`.
pub(crate) fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_lose_their_middle() {
        assert_eq!(shortened_in_the_middle("abcdefghij", 8), "abcd...j");
        assert_eq!(shortened_in_the_middle("abcdefgh", 8), "abcdefgh");
    }

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("a s3://a-long-name b", 5), ["a s3://a-long-name", "b"]);
        assert_eq!(wrap("label      value", 40), ["label      value"]);
        assert_eq!(wrap("", 5), [""]);
    }
}
