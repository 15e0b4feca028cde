//! The checks as JSON.

use super::check::{Check, Status};
use super::checkup::Checkup;
use serde::Serialize;

/// The schema of the document.
const SCHEMA: &str = "trailseal.doctor/1";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    schema: &'static str,
    stack: &'a str,
    region: &'a str,
    ok: usize,
    wrong: usize,
    cannot_tell: usize,
    checks: &'a [Check],
}

/// Returns the checks as JSON.
pub(crate) fn to_json(checkup: &Checkup) -> String {
    let document = Document {
        schema: SCHEMA,
        stack: &checkup.stack,
        region: &checkup.region,
        ok: checkup.count(Status::Ok),
        wrong: checkup.count(Status::Wrong),
        cannot_tell: checkup.count(Status::CannotTell),
        checks: &checkup.checks,
    };
    // Text and numbers: JSON can hold everything in it.
    let mut json = serde_json::to_string_pretty(&document).unwrap_or_default();
    json.push('\n');
    json
}
