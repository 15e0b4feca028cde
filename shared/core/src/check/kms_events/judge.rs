//! Judges the bytes of a log file without any request.
//!
//! The tests are in `tests/tests/kms/robust.rs` and `tests/tests/kms/bombs.rs`.

use crate::check::turn::yield_now;
use crate::finding::kms::{FindingSubject, not_a_log_file};
use crate::finding::{Report, Scope};
use crate::format::form::Form;
use crate::format::records::{
    RecordReader, RecordVisitor, RecordsError, STEP_BYTES, for_each_record_at_once,
};
use crate::kms::expected::Expected;
use crate::kms::review::{
    Conclusion, Explanation, Facts, KmsReview, RecordedDelivery, judged_records,
};
use crate::names::location::ObjectLocation;
use crate::names::object_key::LogFileKey;
use crate::names::places::Storage;
use crate::world::{Body, Cause, StoreError};

/// The result of the check of a log file's KMS events.
#[derive(Debug, Default)]
pub struct KmsReport {
    /// The findings and obstacles.
    pub report: Report,
    /// The deliveries whose digest has not arrived yet.
    pub waiting: Vec<RecordedDelivery>,
    /// The result of each rule for each event, if explanations were requested.
    pub explanations: Vec<Explanation>,
}

impl From<Report> for KmsReport {
    fn from(report: Report) -> Self {
        Self {
            report,
            ..Self::default()
        }
    }
}

/// Judges and explains the KMS events of a copy of a log file, which has neither headers nor keys
/// to look up.
pub async fn judge_copy(
    expected: &Expected,
    at: &ObjectLocation,
    key: &LogFileKey,
    bytes: &[u8],
) -> KmsReport {
    let mut review = KmsReview::new(expected, at, key).explaining();
    let read = read_held(bytes, Form::of_copy(bytes), &mut review).await;
    let scope = Scope::of_log_file(key, &expected.places.trails);
    let report = report_of_reading(read, at, &scope, Storage::BareCopy);
    conclude(review, &Facts::default(), report, at, &scope)
}

/// Returns the report on whether a log file's records could be read.
pub(super) fn report_of_reading(
    read: Result<(), RecordsError>,
    at: &ObjectLocation,
    scope: &Scope,
    storage: Storage,
) -> Report {
    let mut report = Report::new();
    match read {
        Ok(()) => report.valid = 1,
        Err(error) => {
            let subject = FindingSubject {
                scope: scope.clone(),
                object: at.clone(),
            };
            let finding = not_a_log_file(subject, &error, storage);
            report.findings.push(finding);
        }
    }
    report
}

/// Adds the conclusions about the events, from the facts about what they name.
pub(super) fn conclude(
    review: KmsReview<'_>,
    facts: &Facts,
    mut report: Report,
    at: &ObjectLocation,
    scope: &Scope,
) -> KmsReport {
    let Conclusion {
        report: concluded,
        waiting,
        explanations,
        overflow,
    } = review.conclude(facts);
    report.absorb(concluded);
    if let Some(what) = overflow {
        let error = StoreError {
            action: "check every KMS event of",
            subject: at.to_string(),
            cause: Cause::Failed(format!(
                "it names more {what} than Trailseal checks for one log file"
            )),
        };
        report.cannot_tell(error, scope, at);
    }
    KmsReport {
        report,
        waiting,
        explanations,
    }
}

/// Passes the KMS events of an object that is held in memory to `review`.
pub(super) async fn read_held(
    object: &[u8],
    form: Form,
    review: &mut KmsReview<'_>,
) -> Result<(), RecordsError> {
    if form == Form::Gzip
        && let Some(scan) = for_each_record_at_once(object, judged_records(), &mut *review)
    {
        return scan.map(|_| ());
    }
    let mut reader = RecordReader::new(form, judged_records(), review);
    push(&mut reader, object).await?;
    reader.finish().map(|_| ())
}

/// Passes the KMS events of an object to `review`. `held` has arrived, and `body` is still to
/// arrive.
pub(super) async fn read_stream(
    held: Vec<u8>,
    mut body: impl Body,
    review: &mut KmsReview<'_>,
) -> Result<Result<(), RecordsError>, StoreError> {
    let mut reader = RecordReader::new(Form::Gzip, judged_records(), review);
    let mut read = push(&mut reader, &held).await;
    drop(held);
    while read.is_ok() {
        match body.next().await? {
            Some(piece) => read = push(&mut reader, &piece).await,
            None => return Ok(reader.finish().map(|_| ())),
        }
    }
    Ok(read)
}

/// Reads more bytes, and yields to other tasks in between.
async fn push<V: RecordVisitor>(
    reader: &mut RecordReader<'_, V>,
    bytes: &[u8],
) -> Result<(), RecordsError> {
    for step in bytes.chunks(STEP_BYTES) {
        reader.push(step)?;
        yield_now().await;
    }
    Ok(())
}
