//! `trailseal kms`: the KMS events in log files, judged by the rules of the function
//! kms-context-checker, and explained.

mod bucket;
mod disk;
mod expected;
mod json;
mod subject;
mod tally;
mod text;

use crate::args::{KmsArgs, KmsFormat};
use crate::credentials::signed_in;
use crate::exit::{self, Stop};
use crate::interrupt;
use crate::output::file_name;
use crate::output::target::{self, Target};
use crate::progress::Display;
use crate::report::copy::Note;
use crate::report::{Outcome, Range};
use crate::source::Named;
use crate::time;
use bucket::{Bucket, Keys, Listing};
use disk::{Disk, Nothing};
use futures::stream::{self, BoxStream, StreamExt as _};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use subject::Subject;
use tally::{Progress, Tally};
use trailseal::bucket::wanted::Wanted;
use trailseal::check::kms_events::{KmsChecker, KmsReport};
use trailseal::finding::{Obstacle, Report};
use trailseal::kms::expected::Expected;
use trailseal::names::location::ObjectLocation;
use trailseal::names::object_key::{ObjectKind, classify};
use trailseal::names::seconds::whole_second;
use trailseal::world::{
    Cause, DescribeKey, ListObjects, ReadEncryption, ReadKeyPolicy, ReadObject, StoreError,
};
use trailseal_aws::{KmsKeys, Limited, S3Objects};

/// The most requests to S3 in flight.
const REQUESTS: usize = 64;

/// What takes less time is not displayed while it goes on.
const SOON: Duration = Duration::from_secs(2);

/// Judges, prints each log file and a table of rules, and says the exit code.
pub(crate) async fn run(args: KmsArgs) -> ExitCode {
    match Box::pin(judge(&args)).await {
        Ok(outcome) => exit::code(outcome),
        Err(stop) => stop.tell(),
    }
}

/// What is known before the first log file is read.
pub(super) struct Head {
    source: String,
    expected: Expected,
    requested: Range,
    /// Whether the buckets are those that the events name.
    buckets_found: bool,
    /// Whether valid events are explained, too.
    all: bool,
    /// Whether one log file is asked for.
    one: bool,
    started_at: Timestamp,
}

/// What is known when it is over.
pub(super) struct Foot {
    finished_at: Timestamp,
    interrupted: bool,
    requests: u64,
    verdict: Outcome,
    /// What is unusual about the files of a copy on disk.
    notes: Vec<Note>,
}

/// Log files, or why there may be more.
type Subjects = BoxStream<'static, Result<Subject, Unseen>>;

/// Why there may be log files that are not looked at.
struct Unseen(Box<Obstacle>);

impl From<StoreError> for Unseen {
    fn from(error: StoreError) -> Self {
        Self(Box::new(Obstacle {
            error,
            if_it_stays: None,
        }))
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
    let head = Head {
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
    mut head: Head,
    wanted: Wanted,
    bucket: String,
    prefix: String,
) -> Result<Outcome, Stop> {
    let at = ObjectLocation::new(&bucket, &prefix);
    let readings = Subject::readings(&bucket, &prefix);
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
    let s3 = S3Objects::new(&config, places.bucket_owner.clone());
    let store = Bucket(Arc::new(Limited::new(s3, REQUESTS)));
    let keys = Keys::new(KmsKeys::new(&config));
    let checker = KmsChecker::new(store.clone(), keys, head.expected.clone());
    let one = Box::pin(Subject::likeliest(readings, &store)).await;
    head.one = one.is_some();
    let subjects: Subjects = match one {
        Some(subject) => stream::iter([Ok(subject)]).boxed(),
        None => listed(store.clone(), bucket, prefix, wanted),
    };
    let run = Run {
        checker: Arc::new(checker.explaining()),
        head,
        at_once: args.concurrency.into(),
        disk: None,
    };
    let page = Page::new(args.format, target);
    let outcome = run.judge(subjects, page, || store.0.requests()).await;
    store.0.close();
    outcome
}

/// The log files below a prefix, page by page.
fn listed(store: Bucket, bucket: String, prefix: String, wanted: Wanted) -> Subjects {
    let begin = async move {
        let (listing, unseen) = Listing::of(store, &bucket, &prefix, wanted).await;
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
    mut head: Head,
    wanted: Wanted,
    path: PathBuf,
) -> Result<Outcome, Stop> {
    let disk = Disk::open(&path)?;
    let target = Target::open(args.output.as_deref())?;
    let at_once = usize::from(args.concurrency);
    head.one = disk.is_file();
    head.expected.places.bare_copy = true;
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
    let checker = KmsChecker::new(Nothing, Nothing, head.expected.clone());
    let subjects = stream::iter(disk.walk(wanted))
        .map(|subject| subject.map_err(Unseen::from))
        .boxed();
    let run = Run {
        checker: Arc::new(checker.explaining()),
        head,
        at_once,
        disk: Some(disk),
    };
    let page = Page::new(args.format, target);
    run.judge(subjects, page, || 0).await
}

/// A run over log files.
struct Run<S, K> {
    checker: Arc<KmsChecker<S, K>>,
    head: Head,
    at_once: usize,
    /// The copy on disk that the log files are in.
    disk: Option<Disk>,
}

impl<S, K> Run<S, K>
where
    S: ReadObject + ReadEncryption + ListObjects + 'static,
    K: DescribeKey + ReadKeyPolicy + 'static,
{
    /// Judges log files, several at once, and prints them in their order.
    async fn judge(
        self,
        subjects: Subjects,
        mut page: Page,
        requests: impl Fn() -> u64,
    ) -> Result<Outcome, Stop> {
        let head = &self.head;
        let progress = Arc::new(Progress::default());
        let shown = Arc::clone(&progress);
        let display = Display::start(SOON, move |elapsed| shown.line(elapsed));
        let mut tally = Tally::new(head.started_at);
        let mut judged = pin!(
            subjects
                .map(|subject| self.judge_one(subject))
                .buffered(self.at_once)
        );
        let mut interrupted = pin!(interrupt::first());
        let mut is_interrupted = false;
        while !tally.is_signed_out() {
            let next = tokio::select! {
                next = judged.next() => next,
                () = &mut interrupted => {
                    is_interrupted = true;
                    None
                }
            };
            let (subject, report) = match next {
                None => break,
                Some(Err(unseen)) => {
                    tally.unseen(&unseen.0.error);
                    continue;
                }
                Some(Ok(judged)) => judged,
            };
            if !report.report.checked {
                // Gone since it was listed.
                if head.one {
                    display.stop();
                    return Err(Stop::cannot_tell(format_args!(
                        "cannot read {}: it does not exist",
                        subject.at
                    )));
                }
                continue;
            }
            let entry = tally.take(subject, report);
            progress.count(&tally);
            display.aside(|| page.entry(head, &entry))?;
        }
        display.stop();
        let why = if tally.is_signed_out() {
            "the credentials are no longer good"
        } else {
            "interrupted"
        };
        if (tally.is_signed_out() || !is_interrupted) && tally.is_empty() {
            return Err(nothing(head, &tally));
        }
        is_interrupted |= tally.is_signed_out();
        let foot = Foot {
            finished_at: Timestamp::now(),
            interrupted: is_interrupted,
            requests: requests(),
            verdict: tally.verdict(is_interrupted),
            notes: self.disk.iter().flat_map(Disk::notes).collect(),
        };
        page.end(head, &tally, &foot)?;
        if is_interrupted {
            exit::say(format_args!(
                "{why}, what was not reached is not in the report"
            ));
        }
        Ok(foot.verdict)
    }

    async fn judge_one(
        &self,
        subject: Result<Subject, Unseen>,
    ) -> Result<(Subject, KmsReport), Unseen> {
        let subject = subject?;
        let (checker, asked) = (Arc::clone(&self.checker), subject.clone());
        let disk = self.disk.clone();
        let report = tokio::spawn(async move {
            let Some(file) = &asked.file else {
                return Box::pin(checker.check(&asked.at)).await;
            };
            match disk::read(file).await {
                Ok(bytes) => {
                    if let Some(disk) = &disk {
                        disk.note_form(file, &bytes);
                    }
                    Box::pin(checker.check_read(&asked.at, &asked.key, &bytes, None)).await
                }
                Err(error) => {
                    let mut report = Report::new();
                    let scope = trailseal::finding::Scope::of_log_file(&asked.key, &[]);
                    report.cannot_tell(error, &scope, &asked.at);
                    report.into()
                }
            }
        });
        match report.await {
            Ok(report) => Ok((subject, report)),
            Err(error) => Err(StoreError {
                action: "judge",
                subject: subject.at.to_string(),
                cause: Cause::Failed(error.to_string()),
            }
            .into()),
        }
    }
}

/// Why there is nothing to report on.
fn nothing(head: &Head, tally: &Tally) -> Stop {
    if let Some(first) = tally.cannot_tell().first() {
        let reason = first.reason.trim_end_matches('.');
        return Stop::cannot_tell(format_args!("{reason}. {}", first.advice));
    }
    let of_the_time = if head.requested == Range::default() {
        ""
    } else {
        " of the time asked for"
    };
    Stop::cannot_tell(format_args!(
        "{} holds no log file{of_the_time}: no AWSLogs/ACCOUNT/CloudTrail folder with one is there; check the bucket, the prefix and the times",
        head.source
    ))
}

/// What is printed.
struct Page {
    form: Form,
    out: Target,
    /// Whether anything is: what has nothing to say says nothing at all.
    begun: bool,
}

enum Form {
    Text(text::Text),
    Json(json::Json),
}

impl Page {
    fn new(format: KmsFormat, out: Target) -> Self {
        let form = match format {
            KmsFormat::Text => Form::Text(text::Text::default()),
            KmsFormat::Json => Form::Json(json::Json::default()),
        };
        Self {
            form,
            out,
            begun: false,
        }
    }

    fn begin(&mut self, head: &Head) -> Result<(), Stop> {
        if self.begun {
            return Ok(());
        }
        self.begun = true;
        let written = match &mut self.form {
            Form::Text(_) => text::begin(head, &mut self.out),
            Form::Json(json) => json.begin(head, &mut self.out),
        };
        self.said(written)
    }

    fn entry(&mut self, head: &Head, entry: &tally::Entry) -> Result<(), Stop> {
        self.begin(head)?;
        let written = match &mut self.form {
            Form::Text(text) => text.entry(head, entry, &mut self.out),
            Form::Json(json) => json.entry(head, entry, &mut self.out),
        };
        self.said(written)
    }

    fn end(mut self, head: &Head, tally: &Tally, foot: &Foot) -> Result<(), Stop> {
        self.begin(head)?;
        let name = self.out.name().to_owned();
        let written = match &mut self.form {
            Form::Text(text) => text.end(head, tally, foot, &mut self.out),
            Form::Json(_) => json::end(tally, foot, &mut self.out),
        };
        written
            .and_then(|()| self.out.finish())
            .map_err(|error| target::failed(&name, &error))
    }

    fn said(&self, written: io::Result<()>) -> Result<(), Stop> {
        written.map_err(|error| target::failed(self.out.name(), &error))
    }
}

/// Names in one line.
fn names<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    let names: BTreeSet<&str> = names.into_iter().map(String::as_str).collect();
    names.into_iter().collect::<Vec<_>>().join(", ")
}
