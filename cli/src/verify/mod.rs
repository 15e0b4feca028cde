//! `trailseal verify`.

pub(crate) mod collector;
mod coverage;
pub(crate) mod engine;
mod log_files;
mod progress;
mod resume;
mod unlisted;

use crate::args::{Format, VerifyArgs};
use crate::credentials::signed_in;
use crate::exit::{self, Stop};
use crate::interrupt::close_at_first;
use crate::output;
use crate::output::target::{self, Target};
use crate::progress::Display;
use crate::report::{Range, Verification};
use crate::source::{Keys, Named, Objects, Place, open_directory, read_keys, read_signatures};
use crate::time;
use aws_config::SdkConfig;
use collector::{Collector, Lines, Run};
use engine::Plan;
use jiff::Timestamp;
use resume::Resume;
use std::collections::HashMap;
use std::fmt::Display as Say;
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use trailseal::aws::{Limited, S3Objects, command_config};
use trailseal::config::Places;
use trailseal::discovery::{TrailFilter, Wanted};
use trailseal::ids::{AccountId, IdError, Region, TrailArn, TrailName};
use trailseal::pinned_keys::KeyRing;
use trailseal::public_key::KeySet;
use trailseal::seconds::whole_second;
use trailseal::validation::Digests;

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
        requested,
    } = prepare(args, now).await?;
    let mut sink = Sink::open(args)?;
    let collector = Arc::new(Collector::new(now, sink.lines()));
    let shown = Arc::clone(&collector);
    let display = Display::start(Duration::ZERO, move |elapsed| {
        progress::line(&shown.progress, elapsed)
    });
    let interrupted = tokio::spawn(close_at_first(Arc::clone(&objects)));
    let resume = plan.resume.clone();
    let kept = resume.clone().map(|resume| tokio::spawn(resume.keep()));
    let found = engine::verify(plan, Arc::clone(&collector)).await;
    interrupted.abort();
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
        unlisted: args.unlisted,
    };
    let verification = collector
        .finish(run)
        .and_then(|verification| collector.summary(&verification).map(|()| verification))
        .map_err(|error| sink.failed(&error))?;
    if verification.totals.digests.total() == 0
        && verification.findings.is_empty()
        && !verification.interrupted
    {
        return Err(nothing(&verification, found));
    }
    sink.write(&verification)?;
    if verification.interrupted {
        let how = match &args.resume {
            Some(file) => format!("go on with --resume {}", file.display()),
            None => "the next time, --resume FILE keeps what is done".to_owned(),
        };
        exit::say(format_args!(
            "interrupted, what was not reached is not in the report; {how}"
        ));
    }
    Ok(verification)
}

/// Everything that a run needs, before it makes its first request.
struct Prepared {
    plan: Plan,
    objects: Arc<Limited<Objects>>,
    source: String,
    /// Where public keys come from.
    keys: String,
    requested: Range,
}

async fn prepare(args: &VerifyArgs, now: Timestamp) -> Result<Prepared, Stop> {
    let named = Named::parse(&args.source).map_err(Stop::usage)?;
    let (wanted, requested) = wanted(args, now)?;
    let mut places = places(args, &wanted)?;
    let pinned = match &args.keys {
        Some(file) => read_keys(file).map_err(Stop::usage)?,
        None => KeySet::default(),
    };
    let signatures = match &args.signatures {
        Some(file) => read_signatures(file).map_err(Stop::usage)?,
        None => HashMap::new(),
    };
    let needs_aws = args.keys.is_none() || matches!(named, Named::S3 { .. });
    let config = if needs_aws {
        Some(signed_in(command_config().await).await?)
    } else {
        None
    };
    let source = named.to_string();
    let (objects, look_in) = open(named, config.as_ref(), &mut places)?;
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
    let unseen = match &objects {
        Objects::Directory(directory) => directory.unseen().to_vec(),
        _ => Vec::new(),
    };
    let expected_until = match (places.bare_copy, &args.end_time) {
        // Nobody knows when a copy was made.
        (true, None) => None,
        _ => wanted.to.map(|to| to.min(now)),
    };
    let concurrency = usize::from(args.concurrency);
    let objects = Arc::new(Limited::new(objects, concurrency));
    let keys = KeyRing::new(keys, pinned).settled_before(now);
    let bare_copy = places.bare_copy;
    let digests = Digests::new(Arc::clone(&objects), keys, places).with_signatures(signatures);
    Ok(Prepared {
        plan: Plan {
            digests,
            places: look_in,
            wanted,
            expected_until,
            ended: many(&args.ended, trail_filter)?,
            unseen,
            now,
            unlisted: args.unlisted,
            resume,
            concurrency,
            bare_copy,
        },
        objects,
        source,
        keys: keys_from,
        requested,
    })
}

fn places(args: &VerifyArgs, wanted: &Wanted) -> Result<Places, Stop> {
    Ok(Places {
        bucket_owner: one(args.bucket_owner.as_deref(), AccountId::new)?,
        aliases: args
            .aliases
            .iter()
            .map(|alias| alias_of(alias))
            .collect::<Result<_, _>>()?,
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
) -> Result<(Objects, Vec<Place>), Stop> {
    match (named, config) {
        (Named::S3 { bucket, prefix }, Some(config)) => {
            let s3 = S3Objects::new(config, places.bucket_owner.clone());
            places.log_buckets = vec![bucket.clone()];
            Ok((Objects::S3(Box::new(s3)), vec![(bucket, prefix)]))
        }
        (Named::S3 { .. }, None) => Err(Stop::cannot_tell("the AWS configuration cannot be read")),
        (Named::Directory(path), _) => {
            let (directory, look_in) = open_directory(&path).map_err(Stop::usage)?;
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

/// Why there is nothing to report on.
fn nothing(verification: &Verification, found: bool) -> Stop {
    if let Some(first) = verification.cannot_tell.first() {
        return Stop::cannot_tell(format_args!("{}. {}", first.reason, first.advice));
    }
    let Verification { source, .. } = verification;
    if found {
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
        accounts: many(&args.accounts, AccountId::new)?,
        regions: many(&args.regions, Region::new)?,
        trails: many(&args.trails, trail_filter)?,
        from: requested.from,
        to: Some(requested.to.unwrap_or(now)),
    };
    Ok((wanted, requested))
}

fn trail_filter(text: &str) -> Result<TrailFilter, IdError> {
    if text.starts_with("arn:") {
        TrailArn::parse(text).map(TrailFilter::Arn)
    } else {
        TrailName::new(text).map(TrailFilter::Name)
    }
}

fn many<T>(texts: &[String], read: impl Fn(&str) -> Result<T, IdError>) -> Result<Vec<T>, Stop> {
    texts
        .iter()
        .map(|text| read(text).map_err(Stop::usage))
        .collect()
}

fn one<T>(
    text: Option<&str>,
    read: impl Fn(&str) -> Result<T, IdError>,
) -> Result<Option<T>, Stop> {
    text.map(read).transpose().map_err(Stop::usage)
}

/// Reads `original=replica`.
pub(crate) fn alias_of(text: &str) -> Result<(String, String), Stop> {
    match text.split_once('=') {
        Some((original, replica)) if !original.is_empty() && !replica.is_empty() => {
            Ok((original.to_owned(), replica.to_owned()))
        }
        _ => Err(Stop::usage(format_args!(
            "--alias `{text}` is not ORIGINAL=REPLICA, two names of buckets"
        ))),
    }
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
        let path = args.output.as_deref();
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
