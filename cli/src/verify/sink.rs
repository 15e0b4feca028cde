//! The destination of the report of `trailseal verify`.

use super::lines::LineTarget;
use crate::args::{Format, VerifyArgs};
use crate::exit::Stop;
use crate::output;
use crate::output::target::{self, Target};
use crate::report::Verification;
use std::fmt::Display as Say;
use std::fs::File;
use std::io::{self, BufWriter, Write as _};

/// The destination of the report.
pub(super) struct Sink {
    format: Format,
    /// The destination of lines that are written during the work.
    lines: Option<LineTarget>,
    /// The destination of every other report, written at the end.
    report: Option<Target>,
    target: String,
}

impl Sink {
    pub(super) fn open(args: &VerifyArgs) -> Result<Self, Stop> {
        let path = target::file(args.output.as_deref());
        let mut sink = Self {
            format: args.format,
            lines: None,
            report: None,
            target: target::name(path),
        };
        match (path, args.format) {
            (Some(path), Format::Ndjson) => {
                let file = File::create(path).map_err(|error| target::refused(path, &error))?;
                sink.lines = Some(Box::new(BufWriter::new(file)));
            }
            (None, Format::Ndjson) => sink.lines = Some(Box::new(io::stdout())),
            _ => sink.report = Some(Target::open(path)?),
        }
        Ok(sink)
    }

    pub(super) fn lines(&mut self) -> Option<LineTarget> {
        self.lines.take()
    }

    pub(super) fn failed(&self, error: &dyn Say) -> Stop {
        target::failed(&self.target, error)
    }

    pub(super) fn write(&mut self, verification: &Verification) -> Result<(), Stop> {
        let Some(mut out) = self.report.take() else {
            return Ok(());
        };
        self.format_into(verification, &mut out)
            .and_then(|()| out.finish())
            .map_err(|error| self.failed(&error))
    }

    fn format_into(&self, verification: &Verification, out: &mut Target) -> io::Result<()> {
        match self.format {
            Format::Text => output::text::write(verification, out),
            Format::Json | Format::Ndjson => output::json::write(verification, out),
            Format::Html => out.write_all(output::html::page(verification).as_bytes()),
        }
    }
}
