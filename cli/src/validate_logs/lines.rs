//! The printed lines, the blank lines between them, and their totals.

use super::exit_code::{FAILED, INVALID};
use super::time::{ValidatedRange, display};
use jiff::Timestamp;
use std::borrow::Cow;
use std::io::{self, Write};
use trailseal::finding::{self, Counts};
use trailseal::names::location::ObjectLocation;
use trailseal::names::object_key::DigestSeries;
use trailseal::names::text::clip;

/// The verdict on one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is what CloudTrail delivered.
    Valid,
    /// It is not, for this reason.
    Invalid(Cow<'static, str>),
    /// It could not be verified, for this reason.
    Unverified(String),
}

impl Verdict {
    /// Returns its outcome, one of three.
    fn outcome(&self) -> finding::Verdict {
        match self {
            Self::Valid => finding::Verdict::Valid,
            Self::Invalid(_) => finding::Verdict::Finding,
            Self::Unverified(_) => finding::Verdict::CannotTell,
        }
    }
}

/// The level of detail: only problems, or every file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    /// Only problems.
    Problems,
    /// Every file.
    EveryFile,
}

/// Prints the lines of a run: valid files to `out`, everything else to `err`.
#[derive(Debug)]
pub(super) struct Lines<O, E> {
    out: O,
    err: E,
    detail: Detail,
    range: ValidatedRange,
    /// Whether a blank line followed the last line.
    is_apart: bool,
    hourly: Counts,
    backfill: Counts,
    logs: Counts,
    /// Whether a bucket could not be listed, so that the total is unknown.
    is_incomplete: bool,
    found: Option<ValidatedRange>,
}

impl<O: Write, E: Write> Lines<O, E> {
    /// Returns the state before the first line.
    pub(super) fn new(out: O, err: E, detail: Detail, range: ValidatedRange) -> Self {
        Self {
            out,
            err,
            detail,
            range,
            is_apart: true,
            hourly: Counts::default(),
            backfill: Counts::default(),
            logs: Counts::default(),
            is_incomplete: false,
            found: None,
        }
    }

    /// Prints what the run validates.
    pub(super) fn begin(&mut self, trail_arn: &str) -> io::Result<()> {
        let ValidatedRange { start, end } = self.range;
        write!(
            self.out,
            "Validating log files for trail {} between {} and {}\n\n",
            plain(trail_arn),
            display(start),
            display(end)
        )?;
        self.out.flush()
    }

    /// Prints the verdict on a digest.
    pub(super) fn digest(
        &mut self,
        series: DigestSeries,
        at: &ObjectLocation,
        verdict: &Verdict,
    ) -> io::Result<()> {
        self.of(series).add(verdict.outcome());
        self.file(&format!("{}Digest file", prefix(series)), at, verdict)
    }

    /// Prints the verdict on a log file.
    pub(super) fn log_file(&mut self, at: &ObjectLocation, verdict: &Verdict) -> io::Result<()> {
        self.logs.add(verdict.outcome());
        self.file("Log file", at, verdict)
    }

    /// Records the time that a digest covers, as far as it was requested.
    pub(super) fn cover(&mut self, start: Timestamp, end: Timestamp) {
        let (start, end) = (start.max(self.range.start), end.min(self.range.end));
        let found = self.found.get_or_insert(ValidatedRange { start, end });
        found.start = found.start.min(start);
        found.end = found.end.max(end);
    }

    /// Prints that logging was off.
    pub(super) fn gap(
        &mut self,
        series: DigestSeries,
        from: Timestamp,
        to: Timestamp,
    ) -> io::Result<()> {
        let line = format!(
            "{}No log files were delivered by CloudTrail between {} and {}",
            prefix(series),
            display(from),
            display(to)
        );
        self.problem(&line)
    }

    /// Prints the number of a folder's hourly digests that are missing and that no digest names.
    pub(super) fn lost(
        &mut self,
        folder: &ObjectLocation,
        from: Timestamp,
        to: Timestamp,
        digests: u64,
    ) -> io::Result<()> {
        self.hourly.finding = self.hourly.finding.saturating_add(digests);
        let plural = if digests == 1 { "" } else { "s" };
        let reason = format!(
            "not found: {digests} hourly digest{plural} between {} and {}",
            display(from),
            display(to)
        );
        self.file("Digest file", folder, &Verdict::Invalid(reason.into()))
    }

    /// Prints that a folder's digests could not be listed.
    pub(super) fn unlisted(
        &mut self,
        series: DigestSeries,
        folder: &ObjectLocation,
        cause: &str,
    ) -> io::Result<()> {
        self.is_incomplete = true;
        let verdict = Verdict::Unverified(cause.to_owned());
        self.file(&format!("{}Digest file", prefix(series)), folder, &verdict)
    }

    /// Prints the totals.
    pub(super) fn end(&mut self) -> io::Result<()> {
        if !self.is_apart {
            writeln!(self.out)?;
        }
        let ValidatedRange { start, end } = self.range;
        let (start, end) = (display(start), display(end));
        writeln!(self.out, "Results requested for {start} to {end}")?;
        if self.hourly.total() == 0 && self.backfill.total() == 0 {
            writeln!(self.out, "No digests found")?;
            return self.out.flush();
        }
        match self.found {
            None => writeln!(self.out, "No valid digests found in range")?,
            Some(ValidatedRange { start, end }) => {
                let (start, end) = (display(start), display(end));
                writeln!(self.out, "Results found for {start} to {end}:")?;
            }
        }
        for (count, name) in [
            (self.hourly, "digest"),
            (self.backfill, "backfill digest"),
            (self.logs, "log"),
        ] {
            let total = count.total();
            if total == 0 {
                continue;
            }
            write!(self.out, "\n{}/{total} {name} files valid", count.valid)?;
            for (number, what) in [
                (count.finding, "INVALID"),
                (count.cannot_tell, "UNVERIFIED"),
            ] {
                if number > 0 {
                    write!(self.out, ", {number}/{total} {name} files {what}")?;
                }
            }
        }
        writeln!(self.out)?;
        self.out.flush()
    }

    /// Returns the exit code for the printed verdicts.
    pub(super) fn exit_code(&self) -> u8 {
        let counts = [self.hourly, self.backfill, self.logs];
        if counts.iter().any(|count| count.finding > 0) {
            INVALID
        } else if self.is_incomplete || counts.iter().any(|count| count.cannot_tell > 0) {
            FAILED
        } else {
            0
        }
    }

    fn of(&mut self, series: DigestSeries) -> &mut Counts {
        match series {
            DigestSeries::Hourly => &mut self.hourly,
            DigestSeries::Backfill => &mut self.backfill,
        }
    }

    fn file(&mut self, kind: &str, at: &ObjectLocation, verdict: &Verdict) -> io::Result<()> {
        let at = at.to_string();
        let at = plain(&at);
        match verdict {
            Verdict::Valid if self.detail == Detail::Problems => Ok(()),
            Verdict::Valid => {
                self.is_apart = false;
                writeln!(self.out, "{kind}\t{at}\tvalid")
            }
            Verdict::Invalid(reason) => {
                self.problem(&format!("{kind}\t{at}\tINVALID: {}", plain(reason)))
            }
            Verdict::Unverified(cause) => {
                self.problem(&format!("{kind}\t{at}\tUNVERIFIED: {}", plain(cause)))
            }
        }
    }

    fn problem(&mut self, line: &str) -> io::Result<()> {
        let before = if self.is_apart { "" } else { "\n" };
        self.is_apart = true;
        // Earlier output appears before the problem if both go to a terminal.
        self.out.flush()?;
        write!(self.err, "{before}{line}\n\n")?;
        self.err.flush()
    }
}

fn prefix(series: DigestSeries) -> &'static str {
    match series {
        DigestSeries::Hourly => "",
        DigestSeries::Backfill => "(backfill) ",
    }
}

/// The maximum number of characters of one value that are printed.
const MAX_VALUE: usize = 4096;

/// Returns a text in one line. Characters that control a terminal, end a line or a field, or change
/// the direction of writing are escaped.
pub(super) fn plain(text: &str) -> Cow<'_, str> {
    let changes = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if text.len() <= MAX_VALUE && !text.contains(changes) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len().min(MAX_VALUE));
    for c in clip(text, MAX_VALUE).chars() {
        if changes(c) {
            escaped.extend(c.escape_unicode());
        } else {
            escaped.push(c);
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Timestamp {
        super::super::time::parse(text).unwrap()
    }

    fn lines(detail: Detail) -> Lines<Vec<u8>, Vec<u8>> {
        let range = ValidatedRange {
            start: time("2026-01-15T00:00:00Z"),
            end: time("2026-01-16T00:00:00Z"),
        };
        Lines::new(Vec::new(), Vec::new(), detail, range)
    }

    fn text(lines: Lines<Vec<u8>, Vec<u8>>) -> (String, String) {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (text(lines.out), text(lines.err))
    }

    #[test]
    fn lines_and_blank_lines_are_those_of_the_aws_cli() {
        let mut lines = lines(Detail::EveryFile);
        let at = ObjectLocation::new("b", "k");
        lines.begin("arn").unwrap();
        lines
            .digest(DigestSeries::Hourly, &at, &Verdict::Valid)
            .unwrap();
        lines.cover(time("2026-01-14T23:30:00Z"), time("2026-01-15T00:30:00Z"));
        lines
            .log_file(&at, &Verdict::Invalid("not found".into()))
            .unwrap();
        lines
            .log_file(&at, &Verdict::Unverified("denied".into()))
            .unwrap();
        lines.log_file(&at, &Verdict::Valid).unwrap();
        lines.end().unwrap();
        assert_eq!(lines.exit_code(), 1);
        assert_eq!(
            text(lines),
            (
                "Validating log files for trail arn between 2026-01-15T00:00:00Z and 2026-01-16T00:00:00Z\n\n\
                 Digest file\ts3://b/k\tvalid\nLog file\ts3://b/k\tvalid\n\n\
                 Results requested for 2026-01-15T00:00:00Z to 2026-01-16T00:00:00Z\n\
                 Results found for 2026-01-15T00:00:00Z to 2026-01-15T00:30:00Z:\n\n\
                 1/1 digest files valid\n\
                 1/3 log files valid, 1/3 log files INVALID, 1/3 log files UNVERIFIED\n"
                    .to_owned(),
                "\nLog file\ts3://b/k\tINVALID: not found\n\n\
                 Log file\ts3://b/k\tUNVERIFIED: denied\n\n"
                    .to_owned()
            )
        );
    }

    #[test]
    fn a_run_without_digests_is_clean() {
        let mut lines = lines(Detail::Problems);
        lines.end().unwrap();
        assert_eq!(lines.exit_code(), 0);
        assert!(text(lines).0.ends_with("No digests found\n"));
    }

    #[test]
    fn an_unverified_log_file_is_neither_valid_nor_invalid() {
        let mut lines = lines(Detail::Problems);
        let verdict = Verdict::Unverified("denied".into());
        let at = ObjectLocation::new("b", "k");
        lines.digest(DigestSeries::Backfill, &at, &verdict).unwrap();
        assert_eq!(lines.exit_code(), 255);
        lines
            .lost(&at, time("2026-01-15"), time("2026-01-16"), 24)
            .unwrap();
        assert_eq!(lines.exit_code(), 1);
        lines.end().unwrap();
        let (out, err) = text(lines);
        assert!(out.contains("0/24 digest files valid, 24/24 digest files INVALID\n"));
        assert!(
            out.contains("0/1 backfill digest files valid, 1/1 backfill digest files UNVERIFIED")
        );
        assert!(err.starts_with("(backfill) Digest file\ts3://b/k\tUNVERIFIED: denied\n\n"));
    }

    #[test]
    fn a_value_cannot_forge_a_line() {
        assert_eq!(plain("ab c_Ж"), "ab c_Ж");
        assert_eq!(
            plain("a\nDigest\tb\u{1b}[2K\u{202e}"),
            "a\\u{a}Digest\\u{9}b\\u{1b}[2K\\u{202e}"
        );
        assert_eq!(plain(&"x".repeat(10_000)).len(), MAX_VALUE);
    }
}
