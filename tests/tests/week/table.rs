//! The table of the tamperings of the week, in `docs/tampering.md`.

use crate::deed::Deed;
use crate::kinds::Kind;
use crate::tampered::Found;
use jiff::SignedDuration;
use std::fmt::Write as _;
use std::fs;
use trailseal_tests::local::paths;

/// The environment variable with which the test writes the table.
const WRITE: &str = "TRAILSEAL_WRITE";

/// The document.
const PAGE: &str = "docs/tampering.md";

/// The line before the table.
const START: &str =
    "<!-- The test two_hundred_tamperings_of_a_week_are_found_in_time holds this table. -->";

/// The line after the table.
const END: &str = "<!-- The end of the table. -->";

/// Compares the table in the document with this one, or writes it there.
///
/// # Panics
/// If they differ, with what to do.
pub(crate) fn compare(seed: u64, found: &[(&Deed, Found)]) {
    let path = paths::repository().join(PAGE);
    let page = fs::read_to_string(&path).expect(PAGE);
    let (before, rest) = page.split_once(START).expect("the start of the table");
    let (held, after) = rest.split_once(END).expect("the end of the table");
    let table = format!("\n\n{}\n", table(seed, found));
    if std::env::var_os(WRITE).is_some() {
        let page = format!("{before}{START}{table}{END}{after}");
        fs::write(&path, page).expect(PAGE);
        return;
    }
    assert!(
        held == table,
        "the table in {PAGE} is out of date. To write it, set {WRITE}=1 and run this test again. It is now: {table}"
    );
}

fn table(seed: u64, found: &[(&Deed, Found)]) -> String {
    let mut table = String::from(
        "| somebody | tried | found | as | by | stated time | longest time | longest time to an alert |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for kind in Kind::ALL {
        let of_kind = found.iter().filter(|(deed, _)| deed.kind == kind);
        let times: Vec<Found> = of_kind.map(|(_, found)| *found).collect();
        let facts = kind.facts();
        let longest = |time: fn(&Found) -> SignedDuration| {
            let longest = times.iter().map(time).max();
            in_words(longest.expect("each kind is tried"))
        };
        let count = times.len();
        let _ = writeln!(
            table,
            "| {} | {count} | {count} | `{}` | `{}` | {} after {} | {} | {} |",
            facts.deed,
            facts.finding,
            facts.function,
            in_words(facts.within),
            facts.since.as_str(),
            longest(|found| found.after),
            match longest(|found| found.alerted_after).as_str() {
                // Another function found it before that.
                "0 s" => "earlier",
                time => time,
            },
        );
    }
    let count = found.len();
    let _ = writeln!(
        table,
        "\n{count} of {count} found, each by the expected function within the stated time. False alarms: 0. Seed: {seed}."
    );
    table
}

/// Returns a time in the two largest units.
fn in_words(time: SignedDuration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes) = (seconds / 3600, seconds % 3600 / 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds} s"),
        (0, 1) if seconds % 60 == 0 => "1 min".to_owned(),
        (0, minutes) if seconds % 60 == 0 => format!("{minutes} min"),
        (0, minutes) => format!("{minutes} min {} s", seconds % 60),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}
