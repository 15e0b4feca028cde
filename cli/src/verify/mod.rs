//! `trailseal verify`.

pub(crate) mod collector;
mod coverage;
mod ends;
pub(crate) mod engine;
mod family;
mod gaps;
mod kept;
mod log_files;
mod named;
pub(crate) mod partial;
mod progress;
mod resume;
mod tally;
mod unlisted;

use crate::args::{Format, VerifyArgs};
use crate::credentials::signed_in;
use crate::exit::{self, Stop};
use crate::interrupt::close_at_first;
use crate::options::{aliases, many, one};
use crate::output;
use crate::output::file_name;
use crate::output::target::{self, Target};
use crate::progress::Display;
use crate::report::copy::NoteKind;
use crate::report::{CannotTell, Range, Subject, Verification};
use crate::source::strays::Strays;
use crate::source::{
    Keys, Named, Objects, SourcePlace, of_no_use, open_directory, read_keys, read_signatures,
};
use crate::time;
use aws_config::SdkConfig;
use collector::{Collector, Lines, Run};
use ends::{Ended, trail_filter};
use engine::{Medium, Plan};
use jiff::Timestamp;
use resume::Resume;
use std::fmt::Display as Say;
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use trailseal::bucket::selection::{Part, Selection};
use trailseal::bucket::wanted::TrailFilter;
use trailseal::bucket::wanted::Wanted;
use trailseal::check::digest::DigestVerifier;
use trailseal::check::key_ring::KeyRing;
use trailseal::names::ids::{AccountId, Region};
use trailseal::names::places::Places;
use trailseal::names::seconds::whole_second;
use trailseal::trust::given::GivenSignatures;
use trailseal::trust::public_key::KeySet;
use trailseal_aws::{Limited, S3Objects};

/// Verifies, prints the report, and says the exit code.
pub(crate) async fn run(args: VerifyArgs) -> ExitCode {
    match verify(&args).await {
        Ok(verification) => exit::code(verification.verdict),
        Err(stop) => stop.tell(),
    }
}

async fn verify(args: &VerifyArgs) -> Result<Verification, Stop> {
    let started_at = Timestamp::now();
    let now = whole_second(started_at);
    let Prepared {
        plan,
        objects,
        source,
        keys,
        given,
        requested,
        strays,
    } = prepare(args, now).await?;
    let mut sink = Sink::open(args)?;
    let part = plan.part.clone();
    let collector = Arc::new(Collector::new(now, sink.lines()));
    let shown = Arc::clone(&collector);
    let display = Display::start(Duration::ZERO, move |elapsed| {
        progress::line(&shown.progress, elapsed)
    });
    let interrupted = tokio::spawn(close_at_first(Arc::clone(&objects)));
    let signed_out = tokio::spawn(close_when_signed_out(
        Arc::clone(&collector),
        Arc::clone(&objects),
    ));
    let resume = plan.resume.clone();
    let kept = resume.clone().map(|resume| tokio::spawn(resume.keep()));
    let found = engine::verify(plan, Arc::clone(&collector)).await;
    interrupted.abort();
    signed_out.abort();
    let is_signed_out = collector.is_signed_out();
    if let Some(kept) = kept {
        kept.abort();
    }
    if let Some(resume) = resume.filter(|_| objects.is_closed()) {
        resume.end();
        if let Some(not_kept) = resume.not_kept() {
            collector.not_told(not_kept);
        }
    }
    display.stop();
    if let Some(file) = &args.signatures {
        for line in of_no_use(&given, &file.display().to_string()) {
            eprintln!("trailseal: {line}");
        }
    }
    let run = Run {
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
        subject: Subject::of(&part),
        unlisted: args.unlisted || (part.is_log_files() && args.trails.is_empty()),
        copy: strays.map(|strays| (args.complete, strays.notes())),
    };
    say_what_differs(&run, &collector);
    let verification = collector
        .finish(run)
        .and_then(|verification| collector.summary(&verification).map(|()| verification))
        .map_err(|error| sink.failed(&error))?;
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
    sink.write(&verification)?;
    if verification.interrupted {
        let how = match &args.resume {
            Some(file) => format!("go on with --resume {}", file.display()),
            None => "the next time, --resume FILE keeps what is done".to_owned(),
        };
        let why = if is_signed_out {
            "the credentials are no longer good"
        } else {
            "interrupted"
        };
        exit::say(format_args!(
            "{why}, what was not reached is not in the report; {how}"
        ));
    }
    Ok(verification)
}

/// Makes no further request once the credentials are gone: each would fail, and a run that is
/// interrupted can be gone on with.
async fn close_when_signed_out(collector: Arc<Collector>, objects: Arc<Limited<Objects>>) {
    collector.signed_out().await;
    objects.close();
}

/// Everything that a run needs, before it makes its first request.
struct Prepared {
    plan: Plan,
    objects: Arc<Limited<Objects>>,
    source: String,
    /// Where public keys come from.
    keys: String,
    /// The signatures that a file gives.
    given: Arc<GivenSignatures>,
    requested: Range,
    /// What is unusual about the files of a copy on disk.
    strays: Option<Arc<Strays>>,
}

async fn prepare(args: &VerifyArgs, now: Timestamp) -> Result<Prepared, Stop> {
    check_output(args)?;
    let named = Named::parse(&args.source).map_err(Stop::usage)?;
    let (wanted, requested) = wanted(args, now)?;
    let mut places = places(args, &wanted)?;
    let pinned = match &args.keys {
        Some(file) => read_keys(file).map_err(Stop::usage)?,
        None => KeySet::default(),
    };
    let given = match (&args.signatures, &named) {
        (Some(_), Named::S3 { .. }) => {
            return Err(Stop::usage(
                "--signatures is for a directory: objects in S3 have their signatures in their metadata",
            ));
        }
        (Some(file), Named::Directory(_)) => read_signatures(file).map_err(Stop::usage)?,
        (None, _) => Arc::default(),
    };
    let needs_aws = args.keys.is_none() || matches!(named, Named::S3 { .. });
    let config = if needs_aws {
        Some(signed_in(args.profile.as_deref()).await?)
    } else {
        None
    };
    let source = named.to_string();
    let (objects, look_in) = open(named, config.as_ref(), &mut places, args.complete)?;
    let (keys, keys_from) = match (&args.keys, &config) {
        (Some(file), _) => {
            let told = format!("the file {}", file.display());
            (Keys::File(file.clone()), told)
        }
        (None, Some(config)) => {
            let told = "CloudTrail (ListPublicKeys)".to_owned();
            (Keys::cloudtrail(config), told)
        }
        (None, None) => return Err(Stop::cannot_tell("no public keys are at hand")),
    };
    let resume = args
        .resume
        .as_deref()
        .map(|file| Resume::open(file, &resumed_source(&args.source, &args.aliases)))
        .transpose()
        .map(|resume| resume.map(Arc::new))
        .map_err(Stop::usage)?;
    let (unseen, strays) = match &objects {
        Objects::Directory(directory) => (directory.unseen().to_vec(), Some(directory.strays())),
        _ => (Vec::new(), None),
    };
    let target = look_in
        .first()
        .map_or_else(|| Selection::of(""), |(_, prefix)| Selection::of(prefix));
    let wanted = target.narrow(&wanted).ok_or_else(|| {
        Stop::usage(format_args!(
            "{source} names another time than --start-time and --end-time, or one that is yet to come"
        ))
    })?;
    let expected_until = match (places.bare_copy, &args.end_time) {
        // Nobody knows when a copy was made.
        (true, None) => None,
        _ => wanted.to.map(|to| to.min(now)),
    };
    let concurrency = usize::from(args.concurrency);
    let objects = Arc::new(Limited::new(objects, concurrency));
    let keys = KeyRing::new(keys, pinned).settled_before(now);
    let bare_copy = places.bare_copy;
    let digests =
        DigestVerifier::new(Arc::clone(&objects), keys, places).with_signatures(Arc::clone(&given));
    Ok(Prepared {
        plan: Plan {
            digests,
            places: look_in,
            part: target.part.clone(),
            is_open_ended: requested.to.is_none() && target.time().is_none(),
            kept_since: requested.from,
            wanted,
            expected_until,
            ended: many("--ended", &args.ended, |text| Ended::parse(text, now))?,
            unseen,
            now,
            unlisted: args.unlisted,
            resume,
            concurrency,
            medium: match (bare_copy, args.complete) {
                (false, _) => Medium::Bucket,
                (true, true) => Medium::WholeCopy,
                (true, false) => Medium::PartialCopy,
            },
        },
        objects,
        source,
        keys: keys_from,
        given,
        requested,
        strays,
    })
}

/// Checks the name of the file that the report is written to.
fn check_output(args: &VerifyArgs) -> Result<(), Stop> {
    let format = match args.format {
        Format::Text => "text",
        Format::Json => "json",
        Format::Ndjson => "ndjson",
        Format::Html => "html",
    };
    file_name::check(
        args.output.as_deref(),
        format,
        &["text", "json", "ndjson", "html"],
        &[
            args.keys.as_ref(),
            args.signatures.as_ref(),
            args.resume.as_ref(),
        ],
    )
}

fn places(args: &VerifyArgs, wanted: &Wanted) -> Result<Places, Stop> {
    Ok(Places {
        bucket_owner: one(
            "--bucket-owner",
            args.bucket_owner.as_deref(),
            AccountId::new,
        )?,
        aliases: aliases(&args.aliases)?,
        trails: wanted
            .trails
            .iter()
            .filter_map(|trail| match trail {
                TrailFilter::Arn(arn) => Some(arn.clone()),
                TrailFilter::Name(_) => None,
            })
            .collect(),
        ..Places::default()
    })
}

/// Opens a source, and says in which buckets, below which prefixes, trails are looked for.
fn open(
    named: Named,
    config: Option<&SdkConfig>,
    places: &mut Places,
    is_complete: bool,
) -> Result<(Objects, Vec<SourcePlace>), Stop> {
    match (named, config) {
        (Named::S3 { .. }, _) if is_complete => Err(Stop::usage(
            "--complete is for a copy on disk: a bucket is always taken for all there is",
        )),
        (Named::S3 { bucket, prefix }, Some(config)) => {
            let s3 = S3Objects::new(config, places.bucket_owner.clone());
            places.log_buckets = vec![bucket.clone()];
            Ok((Objects::S3(Box::new(s3)), vec![(bucket, prefix)]))
        }
        (Named::S3 { .. }, None) => Err(Stop::cannot_tell("the AWS configuration cannot be read")),
        (Named::Directory(path), _) => {
            let (directory, look_in) = open_directory(&path, is_complete).map_err(Stop::usage)?;
            places.bare_copy = true;
            places.log_buckets = look_in.iter().map(|(bucket, _)| bucket.clone()).collect();
            Ok((Objects::Directory(directory), look_in))
        }
    }
}

/// What a progress file is about: the same words in another directory are another source.
fn resumed_source(source: &str, aliases: &[String]) -> String {
    let mut source = match std::fs::canonicalize(source) {
        Ok(path) if !source.starts_with("s3://") => path.display().to_string(),
        _ => source.trim_end_matches('/').to_owned(),
    };
    for alias in aliases {
        source.push_str(" with alias ");
        source.push_str(alias);
    }
    source
}

/// Says that files of a copy on disk which stand for one object hold different things: one of them
/// was verified, and somebody may read another.
fn say_what_differs(run: &Run, collector: &Collector) {
    let notes = run.copy.iter().flat_map(|(_, notes)| notes);
    for note in notes.filter(|note| note.kind == NoteKind::Differing) {
        collector.not_told(CannotTell {
            subject: note.example.clone(),
            account: None,
            region: None,
            trail: None,
            reason: format!("{}, such as {}", note.sentence(), note.example),
            advice: "Only the file with the object's own name was verified, or the decompressed one where that is not there. Do not read the others as CloudTrail's: compare them, and find out who made them.".to_owned(),
        });
    }
}

/// Why there is nothing to report on.
fn nothing(verification: &Verification, part: &Part, found: bool) -> Stop {
    if let Some(first) = verification.cannot_tell.first() {
        let reason = first.reason.trim_end_matches('.');
        return Stop::cannot_tell(format_args!("{reason}. {}", first.advice));
    }
    let Verification { source, .. } = verification;
    if let Part::Elsewhere(_) = part {
        Stop::cannot_tell(format_args!(
            "CloudTrail delivers nothing to {source}, so that nothing there can be verified: name the bucket, or a folder AWSLogs/ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/ of log files or AWSLogs/ACCOUNT/CloudTrail-Digest/REGION/YYYY/MM/DD/ of digest files"
        ))
    } else if let Part::Digest(_) = part {
        Stop::cannot_tell(format_args!(
            "{source} does not exist, and no later digest file names it: check the name"
        ))
    } else if part.is_log_files() && found {
        Stop::cannot_tell(format_args!(
            "no log file is in {source}, and no digest file lists one that should be there: check the name"
        ))
    } else if found {
        Stop::cannot_tell(format_args!(
            "{source} has no digest of what was asked for: check --start-time, --end-time, --account, --region and --trail, and that log file validation is enabled on the trail"
        ))
    } else {
        Stop::cannot_tell(format_args!(
            "{source} holds no trail: no AWSLogs/ACCOUNT/CloudTrail-Digest folder is below it; check the bucket and the prefix"
        ))
    }
}

/// What was asked for: with an end, always, and as it was said.
fn wanted(args: &VerifyArgs, now: Timestamp) -> Result<(Wanted, Range), Stop> {
    let requested = time::range(args.start_time.as_deref(), args.end_time.as_deref(), now)?;
    let wanted = Wanted {
        accounts: many("--account", &args.accounts, AccountId::new)?,
        regions: many("--region", &args.regions, Region::new)?,
        trails: many("--trail", &args.trails, trail_filter)?,
        from: requested.from,
        to: Some(requested.to.unwrap_or(now)),
    };
    Ok((wanted, requested))
}

/// Where the report goes.
struct Sink {
    format: Format,
    /// Lines are written while the work goes on.
    lines: Option<Lines>,
    /// Everything else when it is done.
    report: Option<Target>,
    target: String,
}

impl Sink {
    fn open(args: &VerifyArgs) -> Result<Self, Stop> {
        let path = target::file(args.output.as_deref());
        let mut sink = Self {
            format: args.format,
            lines: None,
            report: None,
            target: target::name(path),
        };
        match (path, args.format) {
            (Some(path), Format::Ndjson) => {
                let file = File::create(path).map_err(|error| target::refused(path, &error))?;
                sink.lines = Some(Box::new(BufWriter::new(file)));
            }
            (None, Format::Ndjson) => sink.lines = Some(Box::new(io::stdout())),
            _ => sink.report = Some(Target::open(path)?),
        }
        Ok(sink)
    }

    fn lines(&mut self) -> Option<Lines> {
        self.lines.take()
    }

    fn failed(&self, error: &dyn Say) -> Stop {
        target::failed(&self.target, error)
    }

    fn write(&mut self, verification: &Verification) -> Result<(), Stop> {
        let Some(mut out) = self.report.take() else {
            return Ok(());
        };
        self.format_into(verification, &mut out)
            .and_then(|()| out.finish())
            .map_err(|error| self.failed(&error))
    }

    fn format_into(&self, verification: &Verification, out: &mut Target) -> io::Result<()> {
        match self.format {
            Format::Text => output::text::write(verification, out),
            Format::Json | Format::Ndjson => output::json::write(verification, out),
            Format::Html => out.write_all(output::html::page(verification).as_bytes()),
        }
    }
}
