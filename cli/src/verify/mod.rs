//! `trailseal verify`.

mod absent;
mod bundled;
mod chain;
mod chains;
mod collected;
mod collector;
mod counters;
mod coverage;
mod end;
mod engine;
mod family;
mod find;
mod gaps;
mod job;
mod kept;
mod limits;
mod lines;
mod listing;
mod log_files;
mod named;
mod no_digests;
mod nothing;
mod outcomes;
mod outside;
mod partial;
mod plan;
mod prepare;
mod progress;
mod read_ahead;
mod resume;
mod settled;
mod sink;
mod tally;
mod to_read;
mod uncovered;
mod unlisted;
mod unverified_files;

use crate::args::VerifyArgs;
use crate::bundle::AnswersFrom;
use crate::exit::{self, Stop};
use crate::interrupt::close_on_interrupt;
use crate::progress::Display;
use crate::report::copy::NoteKind;
use crate::report::{CannotTell, ReportSubject, Verification};
use crate::source::{Objects, unused_messages};
use collected::RunFacts;
use collector::Collector;
use jiff::Timestamp;
use nothing::nothing;
use plan::Plan;
use prepare::{Prepared, prepare};
use sink::Sink;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use trailseal::names::seconds::whole_second;
use trailseal_aws::Limited;

/// Verifies, prints the report, and returns the exit code.
pub(crate) async fn run(args: VerifyArgs) -> ExitCode {
    match verify_named(&args).await {
        Ok(verification) => exit::code(verification.verdict),
        Err(stop) => stop.print(),
    }
}

async fn verify_named(args: &VerifyArgs) -> Result<Verification, Stop> {
    if let Some((args, bundle)) = bundled::find(args)? {
        let now = bundle.collected_at();
        return verify(&args, &AnswersFrom::Bundle(bundle), now, |_| Ok(())).await;
    }
    let now = whole_second(Timestamp::now());
    verify(args, &AnswersFrom::Source, now, |_| Ok(())).await
}

/// Verifies a source as of a time, with answers from the source or a bundle, and prints the report.
/// Calls `keep` before it prints: what is kept does not depend on whether somebody reads the report.
///
/// # Errors
/// [`Stop`], if there is nothing to report, or the report cannot be printed.
pub(crate) async fn verify(
    args: &VerifyArgs,
    from: &AnswersFrom,
    now: Timestamp,
    keep: impl FnOnce(&Verification) -> Result<(), Stop>,
) -> Result<Verification, Stop> {
    let started_at = Timestamp::now();
    let Prepared {
        plan,
        objects,
        source,
        keys,
        given,
        requested,
        strays,
    } = prepare(args, from, now).await?;
    let mut sink = Sink::open(args)?;
    let part = plan.target.part.clone();
    let collector = Arc::new(Collector::new(now, sink.lines()));
    let found = work(plan, &collector, &objects).await;
    if let Some(file) = &args.signatures {
        for line in unused_messages(&given, &file.display().to_string()) {
            eprintln!("trailseal: {line}");
        }
    }
    let is_signed_out = collector.is_signed_out();
    let run = RunFacts {
        command: std::env::args_os()
            .map(|argument| argument.to_string_lossy().into_owned())
            .collect(),
        source,
        keys,
        requested,
        started_at,
        finished_at: Timestamp::now(),
        interrupted: objects.is_closed(),
        requests: objects.requests(),
        subject: ReportSubject::of(&part),
        unlisted: args.selection.unlisted
            || (part.is_log_files() && args.selection.trails.is_empty()),
        copy: strays.map(|strays| (args.complete, strays.notes())),
    };
    say_what_differs(&run, &collector);
    if let AnswersFrom::Bundle(bundle) = from {
        for unverified in bundle.check_rest() {
            collector.unverified(unverified);
        }
    }
    let verification = collector.finish(run).map_err(|error| sink.failed(&error))?;
    let looked_at = if part.is_log_files() {
        verification.totals.log_files
    } else {
        verification.totals.digests
    };
    if looked_at.total() == 0
        && verification.findings.is_empty()
        && (is_signed_out || !verification.interrupted)
    {
        return Err(nothing(&verification, &part, found));
    }
    keep(&verification)?;
    sink.write(&verification)?;
    if verification.interrupted {
        say_interrupted(args, from, is_signed_out);
    }
    Ok(verification)
}

/// Runs the plan until it is done or interrupted. Returns whether anything was found to verify.
async fn work(plan: Plan, collector: &Arc<Collector>, objects: &Arc<Limited<Objects>>) -> bool {
    let shown = Arc::clone(collector);
    let display = Display::start(Duration::ZERO, move |elapsed| {
        progress::line(&shown.counters, elapsed)
    });
    let interrupted = tokio::spawn(close_on_interrupt(Arc::clone(objects)));
    let signed_out = tokio::spawn(close_when_signed_out(
        Arc::clone(collector),
        Arc::clone(objects),
    ));
    let resume = plan.resume.clone();
    let kept = resume.clone().map(|resume| tokio::spawn(resume.keep()));
    let found = engine::verify(plan, Arc::clone(collector)).await;
    interrupted.abort();
    signed_out.abort();
    if let Some(kept) = kept {
        kept.abort();
    }
    if let Some(resume) = resume.filter(|_| objects.is_closed()) {
        resume.end();
        if let Some(not_kept) = resume.not_kept() {
            collector.unverified(not_kept);
        }
    }
    display.stop();
    found
}

/// Stops all requests once the credentials no longer work: each request would fail, and an
/// interrupted run can be continued.
async fn close_when_signed_out(collector: Arc<Collector>, objects: Arc<Limited<Objects>>) {
    collector.signed_out().await;
    objects.close();
}

/// Reports that files of a copy on disk that represent one object have different contents: one of
/// them was verified, and somebody may read another.
fn say_what_differs(run: &RunFacts, collector: &Collector) {
    let notes = run.copy.iter().flat_map(|(_, notes)| notes);
    for note in notes.filter(|note| note.kind == NoteKind::Differing) {
        collector.unverified(CannotTell::of_run(
            note.example.as_str(),
            format!("{}, such as {}", note.sentence(), note.example),
            "Only the file with the object's own name was verified or, if it does not exist, the decompressed one. Do not rely on the others: compare them, and find out who made them.",
        ));
    }
}

/// Prints why a run ended early, and how to continue.
fn say_interrupted(args: &VerifyArgs, from: &AnswersFrom, is_signed_out: bool) {
    let how = match (&args.resume, from) {
        (Some(file), _) => format!("continue with --resume {}", file.display()),
        (None, AnswersFrom::Recorded(_)) => {
            "the bundle does not hold them either, so collect the evidence again".to_owned()
        }
        (None, AnswersFrom::Source | AnswersFrom::Bundle(_)) => {
            "give --resume FILE to save the progress of the next run".to_owned()
        }
    };
    let why = if is_signed_out {
        "the credentials can no longer be used"
    } else {
        "the run was interrupted"
    };
    exit::say(format_args!(
        "{why}: the report does not include objects that the run did not reach; {how}"
    ));
}
