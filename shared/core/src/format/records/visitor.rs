//! What receives the records of a log file.
//!
//! The tests are in `shared/core/src/format/records/tests.rs` and in `tests/tests/kms/`.

/// Receives the records of a log file, one after the other.
///
/// A function that takes the raw JSON of a record is one. A visitor that reads some fields of most
/// records can do so in the pass that finds the end of a record.
pub trait RecordVisitor {
    /// The fields of a record that are read in the pass that finds its end.
    type Read<'a>;

    /// Reads the record at the start of `text`. Returns its length in bytes, and what was read.
    /// Returns `None` if this is not one complete JSON value, or is written in an unusual way:
    /// [`RecordVisitor::visit`] then gets the record, if it is one.
    fn read_first(text: &str) -> Option<(usize, Self::Read<'_>)>;

    /// Receives a record, and what [`RecordVisitor::read_first`] read of it.
    fn visit_read(&mut self, record: &str, read: Self::Read<'_>);

    /// Receives a record, as raw JSON.
    fn visit(&mut self, record: &str);
}

impl<F: FnMut(&str)> RecordVisitor for F {
    type Read<'a> = ();

    fn read_first(_: &str) -> Option<(usize, ())> {
        None
    }

    fn visit_read(&mut self, record: &str, (): ()) {
        self(record);
    }

    fn visit(&mut self, record: &str) {
        self(record);
    }
}
