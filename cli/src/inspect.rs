//! `trailseal inspect`: one digest, each check step by step.

mod checks;
mod step;
mod steps;
mod subject;

use crate::args::InspectArgs;
use crate::exit::{self, Stop};
use crate::options::{is_not, one};
use crate::output::finding::write_advice;
use crate::report::Outcome;
use crate::setup::{Services, pinned_keys, places};
use crate::source::{SourceDigests, of_no_use};
use checks::{Examined, Successor, Surroundings, examine};
use futures::stream::{self, StreamExt as _};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use step::{State, Step};
use subject::{Held, Subject};
use trailseal::alert::printable;
use trailseal::check::digest::DigestVerifier;
use trailseal::check::key_ring::KeyRing;
use trailseal::finding::{DigestReference, Finding, FindingKind, Report};
use trailseal::names::places::Places;
use trailseal::trust::given::GivenSignatures;
use trailseal::world::StoreError;
use trailseal_aws::Limited;

/// The most objects that are open at a time.
const OPEN: usize = 64;

/// Checks a digest, prints each step, and says the exit code.
pub(crate) async fn run(args: InspectArgs) -> ExitCode {
    match Box::pin(inspect(&args)).await {
        Ok(outcome) => exit::code(outcome),
        Err(stop) => stop.tell(),
    }
}

async fn inspect(args: &InspectArgs) -> Result<Outcome, Stop> {
    let mut subject = Subject::parse(&args.digest, args.complete)?;
    let is_file = !matches!(subject.held, Held::Bucket);
    let is_alone = matches!(subject.held, Held::Alone(_));
    let places = Places {
        log_buckets: vec![subject.at.bucket.clone()],
        bare_copy: is_file,
        ..places(args.bucket_owner.as_deref(), &args.aliases)?
    };
    let given = given_signature(args, &subject, is_file)?;
    let pinned = pinned_keys(args.keys.as_deref())?;
    let services = Services::of(args.keys.as_deref(), is_file, args.profile.as_deref()).await?;
    let objects = match std::mem::replace(&mut subject.held, Held::Bucket) {
        Held::Copy(objects) | Held::Alone(objects) => objects,
        Held::Bucket => services.s3(places.bucket_owner.clone())?,
    };
    let digests: SourceDigests = DigestVerifier::new(
        Arc::new(Limited::new(objects, OPEN)),
        KeyRing::new(services.keys, pinned),
        places.clone(),
    )
    .with_signatures(Arc::clone(&given));
    Box::pin(subject.find(digests.store())).await;
    let around = Surroundings {
        places: &places,
        is_alone,
        now: Timestamp::now(),
    };
    let examined = Box::pin(examine(&digests, &subject, around)).await;
    if let Some(stop) = nothing_there(&subject, &examined) {
        return Err(stop);
    }
    let mut page = Page::new(&args.digest);
    for step in steps::steps(&subject, &examined, &services.keys_from, is_alone) {
        page.step(&step);
    }
    page.take(&examined.settled.report);
    if let Successor::NamesThis { findings, .. } = &examined.successor {
        page.findings.extend(findings.iter().cloned());
    }
    log_files(args, &digests, &examined, &mut page).await;
    for line in of_no_use(&given, "--signature") {
        eprintln!("trailseal: {line}");
    }
    Ok(page.end())
}

/// The signature that is given.
fn given_signature(
    args: &InspectArgs,
    subject: &Subject,
    is_file: bool,
) -> Result<Arc<GivenSignatures>, Stop> {
    let read = |text: &str| {
        let pair = (subject.at.key.clone(), text.to_owned());
        GivenSignatures::new([pair])
            .map_err(|_| is_not(text, "a digest's signature, which has 512 hex digits: give what the object's metadata holds as `signature`"))
    };
    let given = one("--signature", args.signature.as_deref(), read)?;
    if given.is_some() && !is_file {
        return Err(Stop::usage(
            "--signature is for a file: an object in S3 has its signature in its metadata",
        ));
    }
    Ok(Arc::new(given.unwrap_or_default()))
}

/// Where there is no such object, and nothing proves that somebody deleted it.
fn nothing_there(subject: &Subject, examined: &Examined) -> Option<Stop> {
    let said = match &examined.successor {
        Successor::NamesThis {
            may_have_expired: true,
            ..
        } => {
            "what is kept of its chain begins after it: a lifecycle rule expired it, or somebody deleted it and all digests before it"
        }
        Successor::NamesThis { .. } => return None,
        _ => "no digest says that it was there",
    };
    let is_gone = |finding: &&Finding| {
        finding.kind == FindingKind::DigestMissing && finding.object == subject.at
    };
    let gone = examined.settled.report.findings.iter().find(is_gone)?;
    Some(Stop::cannot_tell(format_args!(
        "cannot read {}: {}, and {said}",
        subject.at,
        gone.actual.as_deref().unwrap_or("it is not there")
    )))
}

/// Verifies the log files that the digest lists, and prints each.
async fn log_files(
    args: &InspectArgs,
    digests: &SourceDigests,
    examined: &Examined,
    page: &mut Page,
) {
    if args.no_log_files {
        page.step(&steps::log_files_left(
            State::Nothing,
            "not looked at, because of --no-log-files",
        ));
        return;
    }
    let Some(digest) = &examined.settled.authentic else {
        page.step(&steps::log_files_left(
            State::CannotTell,
            steps::LIST_NOT_BELIEVED,
        ));
        return;
    };
    let digest = digest.digest();
    if digest.log_files.is_empty() {
        page.step(&steps::log_files_left(State::Nothing, "it lists none"));
        return;
    }
    let scope = &digests.scope(&examined.settled.key);
    let listed_in = &DigestReference::of(&examined.settled.at, digest);
    let mut verified = stream::iter(&digest.log_files)
        .map(|file| async move {
            let verified = Box::pin(digests.verify_log_file(file, scope, listed_in)).await;
            (file, verified)
        })
        .buffered(OPEN);
    while let Some((file, verified)) = verified.next().await {
        page.take(&verified.report);
        let errors: Vec<StoreError> = verified
            .report
            .obstacles
            .into_iter()
            .map(|obstacle| obstacle.error)
            .collect();
        page.step(&steps::log_file(
            &file.location.to_string(),
            &file.hash.to_string(),
            verified.report.findings,
            &errors,
            verified.form,
        ));
    }
}

/// What is printed, and what it comes to. A reader that wants no more is no error.
struct Page {
    out: io::Stdout,
    findings: Vec<Finding>,
    obstacles: usize,
}

impl Page {
    fn new(digest: &str) -> Self {
        let mut page = Self {
            out: io::stdout(),
            findings: Vec::new(),
            obstacles: 0,
        };
        page.line(&format!("{}\n", printable(digest)));
        page
    }

    fn line(&mut self, line: &str) {
        let _ = writeln!(self.out, "{line}");
    }

    fn step(&mut self, step: &Step) {
        let _ = step.write(&mut self.out);
    }

    fn take(&mut self, report: &Report) {
        self.findings.extend(report.findings.iter().cloned());
        self.obstacles += report.obstacles.len();
    }

    /// Prints the verdict, and what to do.
    fn end(mut self) -> Outcome {
        let ids: BTreeSet<_> = self.findings.iter().map(|f| f.id().to_string()).collect();
        let (outcome, line) = match (ids.len(), self.obstacles) {
            (0, 0) => (
                Outcome::Valid,
                "VALID: this is what CloudTrail delivered.".to_owned(),
            ),
            (0, 1) => (
                Outcome::CannotTell,
                "CANNOT TELL: a check could not be made; nothing wrong was seen.".to_owned(),
            ),
            (0, count) => (
                Outcome::CannotTell,
                format!("CANNOT TELL: {count} checks could not be made; nothing wrong was seen."),
            ),
            (1, _) => (
                Outcome::Finding,
                "1 FINDING: the record is not what CloudTrail delivered.".to_owned(),
            ),
            (count, _) => (
                Outcome::Finding,
                format!("{count} FINDINGS: the record is not what CloudTrail delivered."),
            ),
        };
        self.line(&format!("\n{line}"));
        let kinds: BTreeSet<_> = self.findings.iter().map(|finding| finding.kind).collect();
        let _ = write_advice(kinds, &mut self.out);
        outcome
    }
}
