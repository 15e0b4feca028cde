//! What is found, written as one JSON object a line while the work goes on.

use serde::Serialize;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

/// Where the lines go.
pub(super) type LineTarget = Box<dyn Write + Send>;

/// A line: what it is about, and its fields.
#[derive(Serialize)]
struct TypedLine<'a, T> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(flatten)]
    value: &'a T,
}

/// Writes lines, if lines are wanted.
pub(super) struct JsonLines {
    target: Option<Mutex<LineTarget>>,
    /// Why a line could not be written: the first time.
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

    /// Whether lines are wanted.
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

    /// Whether a line could not be written.
    pub(super) fn are_broken(&self) -> bool {
        let error = self.error.lock().unwrap_or_else(PoisonError::into_inner);
        error.is_some()
    }

    /// Says why a line could not be written, once.
    ///
    /// # Errors
    /// When one could not.
    pub(super) fn check(&self) -> io::Result<()> {
        let mut error = self.error.lock().unwrap_or_else(PoisonError::into_inner);
        error.take().map_or(Ok(()), Err)
    }

    /// Writes what is still held back.
    ///
    /// # Errors
    /// When it cannot be written.
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
