//! `trailseal collect`: verifies a source, and saves every answer in a bundle.

use crate::args::CollectArgs;
use crate::bundle::{AnswersFrom, CollectionSummary, Recorder};
use crate::exit::{self, Stop};
use crate::report::Verification;
use crate::source::Named;
use crate::verify::verify;
use jiff::Timestamp;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use trailseal::names::seconds::whole_second;

/// Verifies, writes the bundle, prints the report, and returns the exit code of the verdict.
pub(crate) async fn run(args: CollectArgs) -> ExitCode {
    match collect(&args).await {
        Ok(verification) => exit::code(verification.verdict),
        Err(stop) => stop.print(),
    }
}

async fn collect(args: &CollectArgs) -> Result<Verification, Stop> {
    let named = Named::parse(&args.source).map_err(Stop::usage)?;
    if let Named::Directory(_) = named {
        return Err(Stop::usage(
            "collect reads a bucket: give s3://BUCKET or s3://BUCKET/PREFIX. A directory holds neither the signatures of digests nor CloudTrail's answers",
        ));
    }
    let now = whole_second(Timestamp::now());
    let recorder = Arc::new(Recorder::create(&args.into)?);
    let from = AnswersFrom::Recorded(Arc::clone(&recorder));
    let mut collected = None;
    let args_of_verify = args.verification();
    let verified = verify(&args_of_verify, &from, now, |verification| {
        let finished = recorder.finish(verification, &named.to_string(), &args.selection, now);
        collected = Some(finished.map_err(Stop::cannot_tell)?);
        Ok(())
    });
    let verified = verified.await;
    match collected {
        Some(collected) => say(&collected, &recorder, &args.into),
        None => recorder.discard(),
    }
    verified
}

/// Reports what is in the bundle.
fn say(collected: &CollectionSummary, recorder: &Recorder, folder: &Path) {
    exit::say(format_args!(
        "{} objects ({} bytes) and {} public keys are in the bundle {}",
        collected.objects,
        recorder.bytes(),
        collected.keys,
        folder.display()
    ));
    exit::say(format_args!(
        "SHA-256 of manifest.json: {}",
        collected.sha256
    ));
}
