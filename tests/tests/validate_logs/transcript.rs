//! The output of `validate-logs`, parsed and printed again.

use anyhow::{Result, bail};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::aws_cli::{Answer, Stream};

/// A line about a file or a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    /// On standard output, and only with `--verbose`.
    Valid(String),
    /// On standard error.
    Problem(String),
}

/// A run that finished.
#[derive(Debug, Clone)]
pub(crate) struct Transcript {
    header: String,
    pub(crate) entries: Vec<Entry>,
    requested: String,
    /// The found range, if anything was found.
    found: Option<String>,
}

/// A program's output and exit code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Printed {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<&Answer> for Printed {
    fn from(answer: &Answer) -> Self {
        Self {
            code: answer.code,
            out: answer.text(Stream::Out),
            err: answer.text(Stream::Err),
        }
    }
}

const DIGEST: &str = "Digest file\t";
const BACKFILL: &str = "(backfill) Digest file\t";
const LOG: &str = "Log file\t";

impl Transcript {
    /// Reads the AWS CLI's output, in which each message is one write.
    pub(crate) fn read(answer: &Answer) -> Result<Self> {
        let mut writes = answer.writes.iter().peekable();
        let Some((Stream::Out, header)) = writes.next() else {
            bail!("no header: {answer:?}");
        };
        let mut entries = Vec::new();
        let mut requested = None;
        for (stream, text) in writes.by_ref() {
            match (stream, text.trim_matches('\n')) {
                (Stream::Out, "") => {}
                (Stream::Out, line) if line.starts_with("Results requested for ") => {
                    requested = Some(line.to_owned());
                    break;
                }
                (Stream::Out, line) => entries.push(Entry::Valid(line.to_owned())),
                (Stream::Err, line) => entries.push(Entry::Problem(line.to_owned())),
            }
        }
        let Some(requested) = requested else {
            bail!("it did not come to its end: {answer:?}");
        };
        let found = writes.next().map(|(_, text)| text.trim_end().to_owned());
        let found = found.filter(|line| line != "No digests found");
        Ok(Self {
            header: header.clone(),
            entries,
            requested,
            found,
        })
    }

    /// Prints it as the AWS CLI does, with the totals of its entries.
    pub(crate) fn print(&self, verbose: bool) -> Printed {
        let (mut out, mut err) = (self.header.clone(), String::new());
        let mut is_apart = true;
        for entry in &self.entries {
            match entry {
                Entry::Valid(line) if verbose => {
                    out += line;
                    out.push('\n');
                    is_apart = false;
                }
                Entry::Valid(_) => {}
                Entry::Problem(line) => {
                    let before = if is_apart { "" } else { "\n" };
                    err += &[before, line, "\n\n"].concat();
                    is_apart = true;
                }
            }
        }
        if !is_apart {
            out.push('\n');
        }
        out += &[&self.requested, "\n"].concat();
        let totals = [
            (DIGEST, "digest"),
            (BACKFILL, "backfill digest"),
            (LOG, "log"),
        ]
        .map(|(start, name)| (self.total(start), name));
        match &self.found {
            None => out.push_str("No digests found\n"),
            Some(found) => {
                out += &[found, "\n"].concat();
                for (total, name) in &totals {
                    total.print(name, &mut out);
                }
                out.push('\n');
            }
        }
        let code = if totals.iter().any(|(total, _)| total.invalid > 0) {
            1
        } else if totals.iter().any(|(total, _)| total.unverified > 0) {
            255
        } else {
            0
        };
        Printed { code, out, err }
    }

    fn total(&self, start: &str) -> Total {
        let mut total = Total::default();
        for entry in &self.entries {
            match entry {
                Entry::Valid(line) if line.starts_with(start) => total.valid += 1,
                Entry::Problem(line) if line.starts_with(start) => {
                    if line.contains("\tUNVERIFIED: ") {
                        total.unverified += 1;
                    } else {
                        total.invalid += lost_digests(line).unwrap_or(1);
                    }
                }
                _ => {}
            }
        }
        total
    }

    /// Replaces each line with this verdict on the file. Returns whether there was one.
    pub(crate) fn replace(&mut self, file: &str, verdict: &str, with: &str) -> bool {
        let mut replaced = false;
        for entry in &mut self.entries {
            let (Entry::Valid(line) | Entry::Problem(line)) = &*entry;
            let Some(kind) = line.strip_suffix(&format!("\t{file}\t{verdict}")) else {
                continue;
            };
            *entry = Entry::Problem(format!("{kind}\t{file}\t{with}"));
            replaced = true;
        }
        replaced
    }

    /// Starts with a missing digest.
    pub(crate) fn start_with_missing(&mut self, file: &str) {
        let line = format!("{DIGEST}{file}\tINVALID: not found");
        self.entries.insert(0, Entry::Problem(line));
        let nothing = || "No valid digests found in range".to_owned();
        self.found.get_or_insert_with(nothing);
    }

    /// Escapes control characters in the last field of lines. Returns whether there were any.
    pub(crate) fn escape(&mut self) -> bool {
        let mut escaped = false;
        for entry in &mut self.entries {
            let Entry::Problem(line) = entry else {
                continue;
            };
            let mut fields = line.splitn(3, '\t');
            let (Some(kind), Some(file), Some(text)) =
                (fields.next(), fields.next(), fields.next())
            else {
                continue;
            };
            let plain: String = text
                .chars()
                .map(|c| match c {
                    c if c.is_control() => format!("\\u{{{:x}}}", u32::from(c)),
                    c => c.to_string(),
                })
                .collect();
            escaped |= plain != text;
            *line = format!("{kind}\t{file}\t{plain}");
        }
        escaped
    }

    /// Adds, after each hourly digest that is not valid, how many hours are between it and the next
    /// digest that is read. Returns whether there were any.
    pub(crate) fn add_lost_digests(&mut self) -> Result<bool> {
        let mut reported = false;
        let mut index = 0;
        while let Some(entry) = self.entries.get(index) {
            index += 1;
            let Entry::Problem(line) = entry else {
                continue;
            };
            let Some((file, end)) = hourly_digest(line)? else {
                continue;
            };
            let Some(older) = self.entries[index..].iter().find_map(|entry| {
                let (Entry::Valid(line) | Entry::Problem(line)) = entry;
                hourly_digest(line).transpose()
            }) else {
                continue;
            };
            let (_, from) = older?;
            let to = end - SignedDuration::from_hours(1);
            let minutes = to.duration_since(from).as_mins();
            if minutes < 30 {
                continue;
            }
            let digests = (minutes + 30) / 60;
            let plural = if digests == 1 { "" } else { "s" };
            // …/CloudTrail-Digest/REGION/YYYY/MM/DD/NAME
            let folder: Vec<&str> = file.rsplitn(5, '/').collect();
            let line = format!(
                "{DIGEST}{}/\tINVALID: not found: {digests} hourly digest{plural} between {from} and {to}",
                folder[4],
            );
            self.entries.insert(index, Entry::Problem(line));
            index += 1;
            reported = true;
        }
        Ok(reported)
    }
}

/// Returns the file and the end of an hourly digest that a line is about.
fn hourly_digest(line: &str) -> Result<Option<(String, Timestamp)>> {
    let Some(rest) = line.strip_prefix(DIGEST) else {
        return Ok(None);
    };
    let Some((file, _)) = rest.split_once('\t') else {
        bail!("not a line: {line:?}");
    };
    let Some((_, time)) = file
        .strip_suffix(".json.gz")
        .and_then(|name| name.rsplit_once('_'))
    else {
        return Ok(None);
    };
    let end = DateTime::strptime("%Y%m%dT%H%M%SZ", time)?.to_zoned(TimeZone::UTC)?;
    Ok(Some((file.to_owned(), end.timestamp())))
}

fn lost_digests(line: &str) -> Option<u64> {
    let (_, rest) = line.split_once("/\tINVALID: not found: ")?;
    rest.split(' ').next()?.parse().ok()
}

#[derive(Debug, Default)]
struct Total {
    valid: u64,
    invalid: u64,
    unverified: u64,
}

impl Total {
    fn print(&self, name: &str, out: &mut String) {
        let all = self.valid + self.invalid + self.unverified;
        if all == 0 {
            return;
        }
        let valid = format!("\n{}/{all} {name} files valid", self.valid);
        out.push_str(&valid);
        for (count, verdict) in [(self.invalid, "INVALID"), (self.unverified, "UNVERIFIED")] {
            if count > 0 {
                let others = format!(", {count}/{all} {name} files {verdict}");
                out.push_str(&others);
            }
        }
    }
}
