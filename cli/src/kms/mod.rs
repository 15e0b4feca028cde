//! `trailseal kms`: checks the KMS events in log files by the rules of the function
//! kms-context-checker, and explains them.
//!
//! The tests are in `tests/tests/command/kms.rs`.

mod disk;
mod expected;
mod head;
mod json;
mod judge;
mod listing;
mod page;
mod run;
mod subject;
mod tally;
mod text;

use crate::args::{KmsArgs, KmsFormat};
use crate::exit::{self, Stop};
use crate::output::file_name;
use crate::output::target::Target;
use crate::report::Outcome;
use crate::source::Named;
use crate::time;
use disk::Disk;
use futures::stream::{self, StreamExt as _};
use head::KmsHead;
use jiff::Timestamp;
use judge::Judge;
use listing::{KmsListing, SharedObjects};
use page::KmsPage;
use run::KmsRun;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use subject::{KmsSubject, Subjects, Unseen};
use trailseal::bucket::wanted::Wanted;
use trailseal::check::kms_events::KmsChecker;
use trailseal::names::location::ObjectLocation;
use trailseal::names::object_key::{ObjectKind, classify};
use trailseal::names::places::Storage;
use trailseal::names::seconds::whole_second;
use trailseal_aws::{KmsKeys, Limited, Remembered, RequestPlaces, S3Objects};
use trailseal_sign_in::signed_in;

/// The maximum number of requests to S3 in flight.
const REQUESTS: usize = 64;

/// Checks the events, prints each log file and a table of rules, and returns the exit code.
pub(crate) async fn run(args: KmsArgs) -> ExitCode {
    match Box::pin(judge(&args)).await {
        Ok(outcome) => exit::code(outcome),
        Err(stop) => stop.print(),
    }
}

async fn judge(args: &KmsArgs) -> Result<Outcome, Stop> {
    let started_at = Timestamp::now();
    let format = match args.format {
        KmsFormat::Text => "text",
        KmsFormat::Json => "json",
    };
    file_name::check(args.output.as_deref(), format, &["text", "json"], &[])?;
    let named = Named::parse(&args.source).map_err(Stop::usage)?;
    let requested = time::range(
        args.start_time.as_deref(),
        args.end_time.as_deref(),
        whole_second(started_at),
    )?;
    let head = KmsHead {
        source: named.to_string(),
        expected: expected::expected(args)?,
        requested,
        buckets_found: false,
        all: args.all,
        one: false,
        started_at,
    };
    let wanted = Wanted {
        from: requested.from,
        to: requested.to,
        ..Wanted::default()
    };
    match named {
        Named::S3 { bucket, prefix } => in_bucket(args, head, wanted, bucket, prefix).await,
        Named::Directory(path) => on_disk(args, head, wanted, path).await,
    }
}

async fn in_bucket(
    args: &KmsArgs,
    mut head: KmsHead,
    wanted: Wanted,
    bucket: String,
    prefix: String,
) -> Result<Outcome, Stop> {
    let at = ObjectLocation::new(&bucket, &prefix);
    let readings = KmsSubject::readings(&bucket, &prefix);
    match classify(&prefix) {
        ObjectKind::Digest(_) => {
            return Err(Stop::usage(format_args!(
                "{at} is a digest, not a log file: `trailseal inspect` checks it"
            )));
        }
        _ if readings.is_empty() && prefix.ends_with(".json.gz") => {
            return Err(disk::no_log_file(&at.to_string()));
        }
        _ => {}
    }
    let target = Target::open(args.output.as_deref())?;
    let config = signed_in(args.profile.as_deref()).await?;
    let places = &mut head.expected.places;
    if places.log_buckets.is_empty() {
        places.log_buckets.push(bucket.clone());
    }
    let request_places = RequestPlaces::growing(REQUESTS, REQUESTS);
    let s3 = S3Objects::new(&config, places.bucket_owner.clone())
        .with_places(Arc::clone(&request_places));
    let store = Arc::new(Limited::new(s3, request_places));
    let keys = Remembered::new(KmsKeys::new(&config));
    let checker = KmsChecker::new(Arc::clone(&store), keys, head.expected.clone());
    let one = Box::pin(KmsSubject::most_likely(readings, &store)).await;
    head.one = one.is_some();
    let subjects: Subjects = match one {
        Some(subject) => stream::iter([Ok(subject)]).boxed(),
        None => listed(Arc::clone(&store), bucket, prefix, wanted),
    };
    let run = KmsRun {
        judge: Judge::Bucket(Arc::new(checker.explaining())),
        head,
        at_once: args.concurrency.into(),
    };
    let page = KmsPage::new(args.format, target);
    let outcome = run.judge(subjects, page, || store.requests()).await;
    store.close();
    outcome
}

/// Lists the log files below a prefix, page by page.
fn listed(store: SharedObjects, bucket: String, prefix: String, wanted: Wanted) -> Subjects {
    let begin = async move {
        let (listing, unseen) = KmsListing::of(store, &bucket, &prefix, wanted).await;
        let unseen = stream::iter(unseen).map(|obstacle| Err(Unseen(Box::new(obstacle))));
        let found = stream::unfold(listing, |mut listing| async move {
            let next = listing.next().await?;
            Some((next.map_err(Unseen::from), listing))
        });
        unseen.chain(found)
    };
    stream::once(begin).flatten().boxed()
}

async fn on_disk(
    args: &KmsArgs,
    mut head: KmsHead,
    wanted: Wanted,
    path: PathBuf,
) -> Result<Outcome, Stop> {
    let disk = Disk::open(&path)?;
    let target = Target::open(args.output.as_deref())?;
    let at_once = usize::from(args.concurrency);
    head.one = disk.is_file();
    head.expected.places.storage = Storage::BareCopy;
    if head.expected.places.log_buckets.is_empty() {
        head.buckets_found = true;
        let mut buckets = disk.buckets();
        let files = disk
            .walk(wanted.clone())
            .filter_map(|subject| subject.ok()?.file);
        let mut named = stream::iter(files)
            .map(|file| tokio::spawn(disk::buckets_named(file)))
            .buffered(at_once);
        while let Some(more) = named.next().await {
            disk::add(&mut buckets, &more.unwrap_or_default());
        }
        head.expected.places.log_buckets = buckets.into_iter().collect();
    }
    let subjects = stream::iter(disk.walk(wanted))
        .map(|subject| subject.map_err(Unseen::from))
        .boxed();
    let run = KmsRun {
        judge: Judge::Copy(disk, Arc::new(head.expected.clone())),
        head,
        at_once,
    };
    let page = KmsPage::new(args.format, target);
    run.judge(subjects, page, || 0).await
}
