//! The checks as text: one line a check, and below it what to do.

use super::check::{Check, Remedy, Status};
use super::checkup::Checkup;
use std::fmt::Write as _;
use trailseal::alert::printable;

/// Returns the checks as text.
pub(crate) fn to_text(checkup: &Checkup) -> String {
    let mut text = format!("{}\n\n", summary(checkup));
    for check in &checkup.checks {
        line(&mut text, check);
    }
    text
}

fn summary(checkup: &Checkup) -> String {
    let all = checkup.checks.len();
    let (wrong, unread) = (
        checkup.count(Status::Wrong),
        checkup.count(Status::CannotTell),
    );
    let of = format!(
        "the stack {} in {}",
        printable(&checkup.stack),
        printable(&checkup.region)
    );
    match (wrong, unread) {
        (0, 0) => format!("All {all} checks of {of} are ok."),
        (0, _) => format!("Nothing is wrong with {of}. Of {all} checks, {unread} cannot tell."),
        (_, 0) => format!("Of {all} checks of {of}, {wrong} {} WRONG.", is(wrong)),
        _ => format!(
            "Of {all} checks of {of}, {wrong} {} WRONG, and {unread} cannot tell.",
            is(wrong)
        ),
    }
}

fn is(number: usize) -> &'static str {
    if number == 1 { "is" } else { "are" }
}

fn line(text: &mut String, check: &Check) {
    let status = match check.status {
        Status::Ok => "ok",
        Status::Wrong => "WRONG",
        Status::CannotTell => "cannot tell",
    };
    let (subject, detail) = (printable(&check.subject), printable(&check.detail));
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{status:<11}  {}  {subject}: {detail}", check.check);
    for remedy in &check.remedies {
        // A remedy is not clipped: it is made of checked words.
        let _ = match remedy {
            Remedy::Run(command) => writeln!(text, "    run: {command}"),
            Remedy::Statement(json) => writeln!(text, "    add the statement: {json}"),
            Remedy::Grant(json) => writeln!(text, "    your identity needs: {json}"),
            Remedy::Do(steps) => writeln!(text, "    do: {}", printable(steps)),
        };
    }
}
