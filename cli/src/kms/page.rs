//! The output of the command.
//!
//! The tests are in `tests/tests/command/kms.rs`.

use super::head::{KmsFoot, KmsHead};
use super::tally::{KmsEntry, KmsTally};
use super::{json, text};
use crate::args::KmsFormat;
use crate::exit::Stop;
use crate::output::target::{self, Target};
use std::io;

/// The output of the command.
pub(super) struct KmsPage {
    form: PageForm,
    out: Target,
    /// Whether anything is printed. A run without a result prints nothing at all.
    begun: bool,
}

enum PageForm {
    Text(text::TextReport),
    Json(json::Json),
}

impl KmsPage {
    pub(super) fn new(format: KmsFormat, out: Target) -> Self {
        let form = match format {
            KmsFormat::Text => PageForm::Text(text::TextReport::default()),
            KmsFormat::Json => PageForm::Json(json::Json::default()),
        };
        Self {
            form,
            out,
            begun: false,
        }
    }

    fn begin(&mut self, head: &KmsHead) -> Result<(), Stop> {
        if self.begun {
            return Ok(());
        }
        self.begun = true;
        let written = match &mut self.form {
            PageForm::Text(_) => text::begin(head, &mut self.out),
            PageForm::Json(json) => json.begin(head, &mut self.out),
        };
        self.or_stop(written)
    }

    pub(super) fn entry(&mut self, head: &KmsHead, entry: &KmsEntry) -> Result<(), Stop> {
        self.begin(head)?;
        let written = match &mut self.form {
            PageForm::Text(text) => text.entry(head, entry, &mut self.out),
            PageForm::Json(json) => json.entry(head, entry, &mut self.out),
        };
        self.or_stop(written)
    }

    pub(super) fn end(
        mut self,
        head: &KmsHead,
        tally: &KmsTally,
        foot: &KmsFoot,
    ) -> Result<(), Stop> {
        self.begin(head)?;
        let name = self.out.name().to_owned();
        let written = match &mut self.form {
            PageForm::Text(text) => text.end(head, tally, foot, &mut self.out),
            PageForm::Json(_) => json::end(tally, foot, &mut self.out),
        };
        written
            .and_then(|()| self.out.finish())
            .map_err(|error| target::failed(&name, &error))
    }

    fn or_stop(&self, written: io::Result<()>) -> Result<(), Stop> {
        written.map_err(|error| target::failed(self.out.name(), &error))
    }
}
