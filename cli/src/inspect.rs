//! `trailseal inspect`: checks one digest, step by step.
//!
//! The tests are in `tests/tests/command/inspect.rs`.

mod checks;
mod log_files;
mod page;
mod step;
mod steps;
mod subject;

use crate::args::InspectArgs;
use crate::exit::{self, Stop};
use crate::options::{is_not, one};
use crate::report::Outcome;
use crate::requests::Requests;
use crate::setup::{Services, pinned_keys, places};
use crate::source::{SourceDigests, unused_messages};
use checks::{Examined, NextDigest, Surroundings, examine};
use jiff::Timestamp;
use log_files::log_files;
use page::InspectPage;
use std::process::ExitCode;
use std::sync::Arc;
use subject::{HeldIn, InspectedDigest};
use trailseal::check::digest::DigestVerifier;
use trailseal::check::key_ring::KeyRing;
use trailseal::finding::{Finding, FindingKind};
use trailseal::names::places::{Places, Storage};
use trailseal::trust::given::GivenSignatures;
use trailseal_aws::Limited;

/// Checks a digest, prints each step, and returns the exit code.
pub(crate) async fn run(args: InspectArgs) -> ExitCode {
    match Box::pin(inspect(&args)).await {
        Ok(outcome) => exit::code(outcome),
        Err(stop) => stop.print(),
    }
}

async fn inspect(args: &InspectArgs) -> Result<Outcome, Stop> {
    let mut subject = InspectedDigest::parse(&args.digest, args.complete)?;
    let storage = subject.held.storage();
    let is_file = storage == Storage::BareCopy;
    let is_alone = matches!(subject.held, HeldIn::Alone(_));
    let places = Places {
        log_buckets: vec![subject.at.bucket.clone()],
        storage,
        ..places(args.bucket_owner.as_deref(), &args.aliases)?
    };
    let given = given_signature(args, &subject, is_file)?;
    let pinned = pinned_keys(args.keys.as_deref())?;
    let services = Services::of(args.keys.as_deref(), is_file, args.profile.as_deref()).await?;
    let requests = if is_file {
        Requests::fixed(None)
    } else {
        Requests::to_s3(None)
    };
    let objects = match std::mem::replace(&mut subject.held, HeldIn::Bucket) {
        HeldIn::Copy(objects) | HeldIn::Alone(objects) => objects,
        HeldIn::Bucket => services.s3(places.bucket_owner.clone(), &requests)?,
    };
    let digests: SourceDigests = DigestVerifier::new(
        Arc::new(Limited::new(objects, requests.places)),
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
    if let Some(stop) = not_found(&subject, &examined) {
        return Err(stop);
    }
    let mut page = InspectPage::new(&args.digest);
    for step in steps::steps(&subject, &examined, &services.keys_from, is_alone) {
        page.step(&step);
    }
    page.take(&examined.settled.report);
    if let NextDigest::NamesThis { findings, .. } = &examined.successor {
        page.add_findings(findings);
    }
    let at_once = (!args.no_log_files).then_some(requests.at_most);
    log_files(&digests, &examined, at_once, &mut page).await;
    for line in unused_messages(&given, "--signature") {
        eprintln!("trailseal: {line}");
    }
    Ok(page.end())
}

/// Returns the signature that `--signature` gives.
fn given_signature(
    args: &InspectArgs,
    subject: &InspectedDigest,
    is_file: bool,
) -> Result<Arc<GivenSignatures>, Stop> {
    let read = |text: &str| {
        let pair = (subject.at.key.clone(), text.to_owned());
        GivenSignatures::new([pair])
            .map_err(|_| is_not(text, "a digest's signature, which has 512 hexadecimal digits: give the value of `signature` in the object's metadata"))
    };
    let given = one("--signature", args.signature.as_deref(), read)?;
    if given.is_some() && !is_file {
        return Err(Stop::usage(
            "--signature is for a file on disk: an object in S3 has its signature in its metadata",
        ));
    }
    Ok(Arc::new(given.unwrap_or_default()))
}

/// Returns an error if the object does not exist and nothing proves that somebody deleted it.
fn not_found(subject: &InspectedDigest, examined: &Examined) -> Option<Stop> {
    let said = match &examined.successor {
        NextDigest::NamesThis {
            may_have_expired: true,
            ..
        } => {
            "the oldest digest of its chain in the bucket is a later one: a lifecycle rule expired it, or somebody deleted it and all digests before it"
        }
        NextDigest::NamesThis { .. } => return None,
        _ => "no digest shows that it ever existed",
    };
    let is_gone = |finding: &&Finding| {
        finding.kind == FindingKind::DigestMissing && finding.object == subject.at
    };
    let gone = examined.settled.report.findings.iter().find(is_gone)?;
    Some(Stop::cannot_tell(format_args!(
        "cannot read {}: {}, and {said}",
        subject.at,
        gone.actual.as_deref().unwrap_or("it does not exist")
    )))
}
