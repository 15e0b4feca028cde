//! Results, written as one JSON object per line during the work.

use serde::Serialize;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

/// The destination of the lines.
pub(super) type LineTarget = Box<dyn Write + Send>;

/// A line: its type, and its fields.
#[derive(Serialize)]
struct TypedLine<'a, T> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(flatten)]
    value: &'a T,
}

/// Writes lines, if lines are requested.
pub(super) struct JsonLines {
    target: Option<Mutex<LineTarget>>,
    /// The first error on writing a line.
    error: Mutex<Option<io::Error>>,
}

impl JsonLines {
    /// Writes to a target, if there is one.
    pub(super) fn new(target: Option<LineTarget>) -> Self {
        Self {
            target: target.map(Mutex::new),
            error: Mutex::default(),
        }
    }

    /// Returns whether lines are requested.
    pub(super) fn are_wanted(&self) -> bool {
        self.target.is_some()
    }

    /// Writes a line.
    pub(super) fn write(&self, kind: &'static str, value: &impl Serialize) {
        let Some(target) = &self.target else {
            return;
        };
        let written = serde_json::to_string(&TypedLine { kind, value })
            .map_err(io::Error::from)
            .and_then(|line| {
                let mut target = target.lock().unwrap_or_else(PoisonError::into_inner);
                writeln!(target, "{line}")
            });
        if let Err(error) = written {
            let mut first = self.error.lock().unwrap_or_else(PoisonError::into_inner);
            first.get_or_insert(error);
        }
    }

    /// Returns whether a line could not be written.
    pub(super) fn are_broken(&self) -> bool {
        let error = self.error.lock().unwrap_or_else(PoisonError::into_inner);
        error.is_some()
    }

    /// Returns once why a line could not be written.
    ///
    /// # Errors
    /// If a line could not be written.
    pub(super) fn check(&self) -> io::Result<()> {
        let mut error = self.error.lock().unwrap_or_else(PoisonError::into_inner);
        error.take().map_or(Ok(()), Err)
    }

    /// Writes the lines that are still buffered.
    ///
    /// # Errors
    /// If they cannot be written.
    pub(super) fn flush(&self) -> io::Result<()> {
        match &self.target {
            None => Ok(()),
            Some(target) => {
                let mut target = target.lock().unwrap_or_else(PoisonError::into_inner);
                target.flush()
            }
        }
    }
}
