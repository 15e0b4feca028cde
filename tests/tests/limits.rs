//! The limits that `docs/architecture.md` names, compared with the constants of the code.

use std::fs;
use std::path::{Path, PathBuf};
use trailseal_tests::local::paths;

/// The format of a limit in the document.
#[derive(Clone, Copy)]
enum Written {
    /// `1,000`.
    Number,
    /// `256 KiB`.
    Kibibytes,
    /// `64 MiB`.
    Mebibytes,
    /// `2 hours`.
    Hours,
    /// `3 days`.
    Days,
}
use Written::{Days, Hours, Kibibytes, Mebibytes, Number};

/// The first cell of a row, and the constants whose values its second cell names, each in a file
/// below a folder.
type Row = (
    &'static str,
    &'static [(&'static str, &'static str, Written)],
);

const ROWS: &[Row] = &[
    (
        "digest",
        &[
            ("shared/core/src/format", "MAX_OBJECT_BYTES", Mebibytes),
            ("shared/core/src/format", "MAX_INFLATED_BYTES", Mebibytes),
            ("shared/core/src/format", "MAX_TEXT_BYTES", Kibibytes),
        ],
    ),
    (
        "log file",
        &[
            ("shared/core/src/format", "MAX_INFLATED_BYTES", Mebibytes),
            ("shared/core/src/format", "MAX_OBJECT_BYTES", Mebibytes),
        ],
    ),
    (
        "log file, verified",
        &[("shared/core/src/gzip", "MAX_WHOLE_INFLATED", Mebibytes)],
    ),
    (
        "log files held whole",
        &[
            (
                "shared/core/src/check/log_file",
                "MAX_HELD_BYTES",
                Mebibytes,
            ),
            ("shared/core/src/trust", "MAX_WHOLE_BYTES", Mebibytes),
        ],
    ),
    (
        "requests of `trailseal verify` at a time",
        &[("cli/src/requests.rs", "REQUESTS", Number)],
    ),
    (
        "log file, KMS events",
        &[
            ("shared/core/src/format", "MAX_RECORD_BYTES", Mebibytes),
            ("shared/core/src/kms", "MAX_RESOURCES", Number),
            ("shared/core/src/kms", "MAX_DELIVERIES", Number),
            ("shared/core/src/kms", "MAX_KEYS", Number),
            ("shared/core/src/kms", "MAX_READERS", Number),
            ("shared/core/src/kms", "MAX_TRAILS", Number),
            ("shared/core/src/kms", "MAX_OPEN", Number),
        ],
    ),
    (
        "log file, calls that weaken logging",
        &[
            (
                "shared/core/src/weakening",
                "MAX_PARAMETERS_BYTES",
                Kibibytes,
            ),
            ("shared/core/src/kms/review", "MAX_WAITING", Number),
        ],
    ),
    (
        "findings of a log file about KMS",
        &[
            ("shared/core/src/kms", "MAX_GROUPS", Number),
            ("shared/core/src/kms", "MAX_OF_A_KIND", Number),
        ],
    ),
    (
        "deliveries that wait",
        &[
            ("shared/core/src/check/pending", "MAX_PAGES", Number),
            ("shared/core/src/check/pending", "MAX_DOCUMENTS", Number),
            ("shared/core/src/check", "MAX_DOCUMENT_BYTES", Mebibytes),
            ("shared/core/src/check/pending", "MAX_HELD_BYTES", Mebibytes),
            ("shared/core/src/check/pending", "MAX_LOOKS", Number),
            ("shared/core/src/check/pending", "MAX_DIGESTS", Number),
            ("shared/core/src/check/pending", "MAX_BACKFILLS", Number),
            ("shared/core/src/check", "GIVEN_UP_AFTER", Days),
        ],
    ),
    (
        "receipt",
        &[
            ("shared/core/src/receipt", "MAX_NAMED", Number),
            ("shared/core/src/receipt", "MAX_TEXT_CHARS", Number),
            ("shared/core/src/receipt", "MAX_RECEIPT_BYTES", Mebibytes),
        ],
    ),
    (
        "chain head",
        &[
            ("shared/core/src/receipt", "MAX_HEAD_BYTES", Kibibytes),
            ("shared/core/src/receipt", "WRITE_ATTEMPTS", Number),
        ],
    ),
    (
        "round of `watchdog`",
        &[
            ("shared/core/src/watch", "MAX_CHAINS", Number),
            ("shared/core/src/watch/listing.rs", "MAX_PAGES", Number),
            ("shared/core/src/watch/receipts.rs", "MAX_PAGES", Number),
            ("shared/core/src/watch", "MAX_LOST", Number),
            ("shared/core/src/watch", "MAX_SENDINGS", Number),
            ("shared/core/src/watch", "MAX_UNVERIFIED", Number),
            ("shared/core/src/watch", "MAX_MEMORY_BYTES", Mebibytes),
            ("shared/core/src/watch/log_files.rs", "MAX_PAGES", Number),
            ("shared/core/src/watch/unlisted.rs", "MAX_DIGESTS", Number),
            (
                "shared/core/src/watch/needed_digests.rs",
                "MAX_DIGESTS",
                Number,
            ),
            (
                "shared/core/src/watch/needed_digests.rs",
                "MAX_UNKNOWN",
                Number,
            ),
            ("shared/core/src/watch/tally.rs", "MAX_NAMED", Number),
        ],
    ),
    (
        "record of an incident",
        &[("functions/alerter/src", "RECORD_TRIES", Number)],
    ),
    (
        "second look at open incidents",
        &[
            (
                "shared/core/src/check/kms_events/checker.rs",
                "MAX_NAMED_KEYS",
                Number,
            ),
            (
                "shared/core/src/alert/second_look.rs",
                "MAX_DIGESTS",
                Number,
            ),
            (
                "shared/core/src/names/event_object.rs",
                "MAX_INCIDENTS",
                Number,
            ),
            (
                "shared/core/src/alert/incident.rs",
                "MAX_REMEMBERED",
                Number,
            ),
            (
                "shared/core/src/alert/verified_again.rs",
                "MAX_LOCATION_BYTES",
                Number,
            ),
        ],
    ),
    (
        "acknowledgments",
        &[
            (
                "shared/core/src/alert/acknowledgment.rs",
                "MAX_TEXT_CHARS",
                Number,
            ),
            (
                "shared/core/src/alert",
                "MAX_ACKNOWLEDGMENT_BYTES",
                Kibibytes,
            ),
            (
                "shared/core/src/alert/acknowledgment.rs",
                "MAX_READ",
                Number,
            ),
        ],
    ),
    (
        "look of `settings-monitor`",
        &[
            ("shared/core/src/watch", "MAX_CHAINS", Number),
            ("functions/settings-monitor", "TRAILS_AT_ONCE", Number),
            ("shared/core/src/check/guard", "MAX_STATE_BYTES", Mebibytes),
        ],
    ),
    (
        "list of `trailseal incidents`",
        &[("cli/src/incidents", "MAX_INCIDENTS", Number)],
    ),
    (
        "receipts held against a trail",
        &[
            (
                "shared/core/src/period/trail_comparison.rs",
                "DIGESTS_AT_ONCE",
                Number,
            ),
            (
                "shared/core/src/period/trail_comparison.rs",
                "MAX_PAGES",
                Number,
            ),
        ],
    ),
    (
        "append to the evidence log",
        &[
            ("shared/core/src/evidence_log", "MAX_DOCUMENTS", Number),
            ("shared/core/src/evidence_log", "MAX_PAGES", Number),
        ],
    ),
    (
        "report on a period",
        &[
            ("cli/src/evidence", "MAX_PERIOD_DAYS", Number),
            ("shared/core/src/period", "MAX_RECEIPTS", Number),
            ("shared/core/src/period", "MAX_CHAINS", Number),
            ("shared/core/src/period", "MAX_INCIDENTS", Number),
            ("shared/core/src/period", "MAX_ACKNOWLEDGMENTS", Number),
            ("shared/core/src/period", "MAX_OF_AN_INCIDENT", Number),
            ("shared/core/src/period", "MAX_LISTED", Number),
            ("shared/core/src/period/chains.rs", "MAX_GAPS", Number),
            ("shared/core/src/period/chains.rs", "MAX_ALL_GAPS", Number),
            ("shared/core/src/period", "MAX_CHECKS", Number),
            ("shared/core/src/period", "MAX_LOST", Number),
            ("shared/core/src/period", "MAX_DAYS", Number),
            ("shared/core/src/period", "MAX_FOLDERS", Number),
        ],
    ),
    (
        "event",
        &[
            ("shared/core/src/event", "MAX_ENVELOPES", Number),
            ("shared/core/src/event", "MAX_OBJECTS", Number),
            ("shared/core/src/names", "MAX_KEY_BYTES", Number),
        ],
    ),
    (
        "folders looked into for trails",
        &[
            ("shared/core/src/bucket", "MAX_FOLDERS", Number),
            ("cli/src/source", "MAX_DIRECTORIES", Number),
        ],
    ),
    (
        "folders that symbolic links lead to",
        &[("cli/src/source", "MAX_LINKED", Number)],
    ),
    (
        "log file, KMS events, decompressed on disk",
        &[("cli/src/kms", "MAX_INFLATED_BYTES", Mebibytes)],
    ),
    (
        "look back",
        &[
            ("shared/core/src/bucket", "MAX_LISTS", Number),
            ("shared/core/src/check", "MAX_CANDIDATES", Number),
        ],
    ),
    (
        "an object that was deleted or written",
        &[
            ("shared/aws/src", "MAX_VERSION_PAGES", Number),
            ("shared/core/src/check", "MAX_VERSIONS_READ", Number),
            ("shared/core/src/check", "MAX_DIGEST_PAGES", Number),
            ("shared/core/src/check", "MAX_DIGESTS_READ", Number),
        ],
    ),
    (
        "messages of a batch at a time",
        &[("shared/lambda/src", "AT_ONCE", Number)],
    ),
    (
        "tries of a message, and rests of a digest",
        &[("shared/lambda/src", "MAX_HOPS", Number)],
    ),
    (
        "wait that a message may ask for",
        &[("shared/lambda/src", "MAX_WAIT", Hours)],
    ),
    (
        "open objects",
        &[
            ("shared/lambda/src", "FIRST_OBJECTS", Number),
            ("shared/lambda/src", "OPEN_OBJECTS", Number),
        ],
    ),
    (
        "answers that name another Region",
        &[("shared/aws/src", "MAX_REDIRECTS", Number)],
    ),
    (
        "requests with what the SDK resolved",
        &[
            ("shared/aws/src/s3", "MAX_BUCKETS", Number),
            ("shared/aws/src/s3", "REFUSALS", Number),
            ("shared/aws/src/s3", "MAX_ERROR_BYTES", Kibibytes),
        ],
    ),
    (
        "log buckets of a stack",
        &[("shared/lambda/src", "MAX_LOG_BUCKETS", Number)],
    ),
    (
        "lists of readers and images in the evidence bucket",
        &[("shared/lambda/src", "MAX_LIST_BYTES", Kibibytes)],
    ),
    (
        "files of keys and signatures",
        &[
            ("cli/src/source", "MAX_FILE_BYTES", Mebibytes),
            ("shared/lambda/src", "MAX_BYTES", Mebibytes),
            ("shared/core/src/trust", "MAX_SAVED_KEYS", Number),
        ],
    ),
    (
        "evidence bundle",
        &[
            ("cli/src/bundle", "MAX_MANIFEST_BYTES", Mebibytes),
            ("cli/src/bundle", "MAX_ANSWERS", Number),
            ("cli/src/bundle", "MAX_FAILURES", Number),
        ],
    ),
    (
        "`trailseal doctor`",
        &[
            ("doctor/src", "MAX_PAGES", Number),
            ("doctor/src", "MAX_REGIONS", Number),
            ("doctor/src", "MAX_ACCOUNTS", Number),
            ("doctor/src/judge/chains.rs", "MAX_LISTED", Number),
            ("doctor/src", "JOBS_AT_ONCE", Number),
        ],
    ),
    (
        "baseline",
        &[
            ("shared/core/src/alert", "MAX_KNOWN", Number),
            ("shared/core/src/alert", "MAX_BASELINE_BYTES", Mebibytes),
        ],
    ),
    (
        "outputs",
        &[
            ("shared/core/src/export", "MAX_TEXT_CHARS", Number),
            ("shared/core/src/export", "MAX_NAME_CHARS", Number),
            ("shared/core/src/export", "MAX_LIST_BYTES", Mebibytes),
            ("shared/core/src/export", "MAX_ENTRIES", Number),
            ("shared/core/src/export", "MAX_BYTES", Kibibytes),
            ("shared/core/src/export", "MAX_FINDINGS", Number),
            ("shared/core/src/export", "MAX_REQUEST_BYTES", Kibibytes),
            ("functions/exporter", "CHANGES_AT_ONCE", Number),
            ("shared/core/src/export", "MAX_CHAT_MESSAGES", Number),
            ("functions/exporter", "MAX_TRIES", Number),
            ("functions/exporter", "MAX_TRIES_IF_REFUSED", Number),
            ("shared/core/src/export", "MAX_SECRETS", Number),
        ],
    ),
    (
        "alert text",
        &[("shared/core/src/names", "MAX_VALUE_CHARS", Number)],
    ),
];

/// Rows whose limits are not constants of the code: those of `serde_json`, SQS, or the template.
const OTHERS: &[&str] = &[
    "messages of a batch that ran out of time before",
    "JSON depth",
];

/// Returns the rows of the table: first and second cell.
fn table() -> Vec<(String, String)> {
    let page = paths::repository().join("docs/architecture.md");
    let page = fs::read_to_string(page).expect("docs/architecture.md");
    let (_, table) = page
        .split_once("| what | bound |\n| --- | --- |\n")
        .expect("the table");
    table
        .lines()
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let line = line.trim_start_matches("| ").trim_end_matches(" |");
            let (head, bound) = line.split_once(" | ").expect("two cells");
            (head.to_owned(), bound.to_owned())
        })
        .collect()
}

/// Collects the expressions of every constant of this name in a file, or in the files below a
/// folder; each with its file.
fn constants(place: &Path, name: &str, found: &mut Vec<(PathBuf, String)>) {
    if let Ok(entries) = fs::read_dir(place) {
        for entry in entries.flatten() {
            constants(&entry.path(), name, found);
        }
        return;
    }
    let Ok(code) = fs::read_to_string(place) else {
        return;
    };
    for (at, mark) in code.match_indices(&format!("const {name}: ")) {
        let rest = &code[at + mark.len()..];
        let (_, value) = rest.split_once('=').expect("a value");
        let (value, _) = value.split_once(';').expect("an end");
        found.push((place.to_owned(), value.trim().to_owned()));
    }
}

/// Returns the value of a constant's expression: a sum of products of numbers and of constants of
/// the same file, or a time, in seconds.
fn value(file: &Path, expression: &str) -> Option<u64> {
    if let Some((_, call)) = expression.rsplit_once("Duration::from_") {
        let (unit, number) = call.split_once('(')?;
        let seconds = match unit {
            "secs" => 1,
            "mins" => 60,
            "hours" => 3600,
            _ => return None,
        };
        return Some(value(file, number.trim_end_matches(')'))? * seconds);
    }
    let factor = |factor: &str| {
        let factor = factor.trim();
        if let Ok(number) = factor.replace('_', "").parse() {
            return Some(number);
        }
        let mut found = Vec::new();
        constants(file, factor, &mut found);
        value(file, &found.first()?.1)
    };
    expression
        .split('+')
        .map(|product| product.split('*').map(factor).product::<Option<u64>>())
        .sum()
}

fn written(value: u64, how: Written) -> Option<String> {
    let whole = |unit: u64, name: &str| {
        value
            .is_multiple_of(unit)
            .then(|| format!("{} {name}", value / unit))
    };
    match how {
        Number => {
            let digits = value.to_string();
            let groups: Vec<&str> = digits
                .as_bytes()
                .rchunks(3)
                .rev()
                .map(|group| std::str::from_utf8(group).expect("digits"))
                .collect();
            Some(groups.join(","))
        }
        Kibibytes => whole(1024, "KiB"),
        Mebibytes => whole(1024 * 1024, "MiB"),
        Hours => whole(3600, "hours"),
        Days => whole(24 * 3600, "days"),
    }
}

/// Returns whether a cell contains a limit as a separate word: `64` is not in `640` or `1,064`.
fn names(cell: &str, bound: &str) -> bool {
    cell.match_indices(bound).any(|(at, _)| {
        let is_part = |c: char| c.is_ascii_digit() || c == ',';
        let before = cell[..at].chars().next_back().is_some_and(is_part);
        let mut after = cell[at + bound.len()..].chars();
        let after = match (after.next(), after.next()) {
            (Some(','), Some(next)) | (Some(next), _) => next.is_ascii_digit(),
            (None, _) => false,
        };
        !before && !after
    })
}

#[test]
fn every_bound_in_the_document_equals_that_of_the_code() {
    let table = table();
    for (head, constants_of_row) in ROWS {
        let cell = table
            .iter()
            .find_map(|(of, cell)| (of == head).then_some(cell))
            .unwrap_or_else(|| panic!("docs/architecture.md has no row \"{head}\""));
        for (folder, name, how) in *constants_of_row {
            let folder = paths::repository().join(folder);
            let mut found = Vec::new();
            constants(&folder, name, &mut found);
            let values: Vec<String> = found
                .iter()
                .filter_map(|(file, expression)| written(value(file, expression)?, *how))
                .collect();
            assert!(
                !values.is_empty(),
                "{name} in {}: {found:?}",
                folder.display()
            );
            assert!(
                values.iter().any(|bound| names(cell, bound)),
                "{name} is {values:?}, but \"{head}\" says: {cell}"
            );
        }
    }
}

#[test]
fn every_row_of_bounds_is_compared_with_the_code() {
    for (head, _) in table() {
        let held = ROWS.iter().any(|(known, _)| *known == head) || OTHERS.contains(&head.as_str());
        assert!(held, "no constant is known for \"{head}\"");
    }
}
