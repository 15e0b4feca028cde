//! The preparation of `trailseal verify`, before it makes its first request.

use super::plan::{Medium, Plan, SearchTarget};
use super::resume::Resume;
use crate::args::{Format, VerifyArgs};
use crate::bundle::AnswersFrom;
use crate::exit::Stop;
use crate::options::many;
use crate::output::file_name;
use crate::report::Range;
use crate::requests::Requests;
use crate::setup::{self, Services, pinned_keys};
use crate::source::strays::Strays;
use crate::source::{Named, Objects, SourcePlace, open_directory, read_signatures};
use crate::time;
use jiff::Timestamp;
use std::sync::Arc;
use trailseal::bucket::selection::Selection;
use trailseal::bucket::wanted::{TrailFilter, Wanted};
use trailseal::check::chain_end::{Ended, trail_filter};
use trailseal::check::digest::DigestVerifier;
use trailseal::check::key_ring::KeyRing;
use trailseal::names::ids::{AccountId, Region};
use trailseal::names::places::{Places, Storage};
use trailseal::trust::given::GivenSignatures;
use trailseal_aws::Limited;

/// Everything that a run needs.
pub(super) struct Prepared {
    pub(super) plan: Plan,
    pub(super) objects: Arc<Limited<Objects>>,
    pub(super) source: String,
    /// The source of public keys.
    pub(super) keys: String,
    /// The signatures from a file.
    pub(super) given: Arc<GivenSignatures>,
    pub(super) requested: Range,
    /// The unusual files of a copy on disk.
    pub(super) strays: Option<Arc<Strays>>,
}

/// Reads the options, signs in if necessary, and opens the source.
///
/// # Errors
/// [`Stop`], with the error.
pub(super) async fn prepare(
    args: &VerifyArgs,
    from: &AnswersFrom,
    now: Timestamp,
) -> Result<Prepared, Stop> {
    check_output(args)?;
    let named = Named::parse(&args.source).map_err(Stop::usage)?;
    let (wanted, requested) = wanted(args, now)?;
    let mut places = places(args, &wanted)?;
    let pinned = pinned_keys(args.keys.as_deref())?;
    let given = given_signatures(args, &named)?;
    let source = match from {
        AnswersFrom::Bundle(bundle) => bundle.describe(),
        AnswersFrom::Source | AnswersFrom::Recorded(_) => named.to_string(),
    };
    let requests = requests(args, &named, from);
    let (services, objects, look_in) = open(args, named, from, &mut places, &requests).await?;
    let resume = open_resume(args)?;
    let (unseen, strays) = match &objects {
        Objects::Directory(directory) => (directory.unseen().to_vec(), Some(directory.strays())),
        _ => (Vec::new(), None),
    };
    let selection = look_in
        .first()
        .map_or_else(|| Selection::of(""), |(_, prefix)| Selection::of(prefix));
    let wanted = selection.narrow(&wanted).ok_or_else(|| {
        Stop::usage(format_args!(
            "{source} is a folder of a time that is not between --start-time and --end-time, or that is in the future"
        ))
    })?;
    let expected_until = match (places.is_copy(), &args.selection.end_time) {
        // Nobody knows when a copy was made.
        (true, None) => None,
        _ => wanted.to.map(|to| to.min(now)),
    };
    let medium = match (places.is_copy(), args.complete) {
        (false, _) => Medium::Bucket,
        (true, true) => Medium::WholeCopy,
        (true, false) => Medium::PartialCopy,
    };
    let objects = Arc::new(Limited::new(objects, requests.places));
    let keys = KeyRing::new(services.keys, pinned).settled_before(now);
    let digests =
        DigestVerifier::new(Arc::clone(&objects), keys, places).with_signatures(Arc::clone(&given));
    let plan = Plan {
        digests,
        is_open_ended: requested.to.is_none() && selection.time().is_none(),
        target: SearchTarget {
            places: look_in,
            part: selection.part,
        },
        kept_since: requested.from,
        wanted,
        expected_until,
        ended: many("--ended", &args.selection.ended, |text| {
            Ended::parse(text, |at| time::parse(at, now))
        })?,
        unseen,
        now,
        unlisted: args.selection.unlisted,
        resume,
        concurrency: requests.at_most,
        medium,
    };
    Ok(Prepared {
        plan,
        objects,
        source,
        keys: services.keys_from,
        given,
        requested,
        strays,
    })
}

/// Returns how many requests, or open files, there are at a time.
fn requests(args: &VerifyArgs, named: &Named, from: &AnswersFrom) -> Requests {
    let is_offline = matches!(named, Named::Directory(_)) || matches!(from, AnswersFrom::Bundle(_));
    if is_offline || args.fixed_concurrency {
        Requests::fixed(args.concurrency)
    } else {
        Requests::to_s3(args.concurrency)
    }
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

/// Returns what was requested, always with an end, and the range as the user gave it.
fn wanted(args: &VerifyArgs, now: Timestamp) -> Result<(Wanted, Range), Stop> {
    let selection = &args.selection;
    let (start, end) = (&selection.start_time, &selection.end_time);
    let requested = time::range(start.as_deref(), end.as_deref(), now)?;
    let wanted = Wanted {
        accounts: many("--account", &selection.accounts, AccountId::new)?,
        regions: many("--region", &selection.regions, Region::new)?,
        trails: many("--trail", &selection.trails, trail_filter)?,
        from: requested.from,
        to: Some(requested.to.unwrap_or(now)),
    };
    Ok((wanted, requested))
}

fn places(args: &VerifyArgs, wanted: &Wanted) -> Result<Places, Stop> {
    Ok(Places {
        trails: wanted
            .trails
            .iter()
            .filter_map(|trail| match trail {
                TrailFilter::Arn(arn) => Some(arn.clone()),
                TrailFilter::Name(_) => None,
            })
            .collect(),
        ..setup::places(
            args.selection.bucket_owner.as_deref(),
            &args.selection.aliases,
        )?
    })
}

/// Returns the signatures from a file.
fn given_signatures(args: &VerifyArgs, named: &Named) -> Result<Arc<GivenSignatures>, Stop> {
    match (&args.signatures, named) {
        (Some(_), Named::S3 { .. }) => Err(Stop::usage(
            "--signatures is for a directory: an object in S3 has its signature in its metadata",
        )),
        (Some(file), Named::Directory(_)) => read_signatures(file).map_err(Stop::usage),
        (None, _) => Ok(Arc::default()),
    }
}

/// Opens a source, and returns the buckets and prefixes to search for trails.
async fn open(
    args: &VerifyArgs,
    named: Named,
    from: &AnswersFrom,
    places: &mut Places,
    requests: &Requests,
) -> Result<(Services, Objects, Vec<SourcePlace>), Stop> {
    let keys = args.keys.as_deref();
    let is_on_disk = matches!(named, Named::Directory(_));
    let services = match from {
        AnswersFrom::Bundle(bundle) => Services::of_bundle(keys, bundle),
        AnswersFrom::Source | AnswersFrom::Recorded(_) => {
            Services::of(keys, is_on_disk, args.profile.as_deref()).await?
        }
    };
    match named {
        Named::S3 { .. } if args.complete => Err(Stop::usage(
            "--complete is for a copy on disk: a bucket always counts as complete",
        )),
        Named::S3 { bucket, prefix } => {
            let owner = places.bucket_owner.clone();
            let (services, objects) = match from {
                AnswersFrom::Source => {
                    let objects = services.s3(owner, requests)?;
                    (services, objects)
                }
                AnswersFrom::Recorded(recorder) => services.recorded(owner, requests, recorder)?,
                AnswersFrom::Bundle(bundle) => (services, Objects::Bundle(Arc::clone(bundle))),
            };
            places.log_buckets = vec![bucket.clone()];
            Ok((services, objects, vec![(bucket, prefix)]))
        }
        Named::Directory(path) => {
            let (directory, look_in) = open_directory(&path, args.complete).map_err(Stop::usage)?;
            places.storage = Storage::BareCopy;
            places.log_buckets = look_in.iter().map(|(bucket, _)| bucket.clone()).collect();
            Ok((services, Objects::Directory(directory), look_in))
        }
    }
}

/// Opens the progress file, if one is named.
fn open_resume(args: &VerifyArgs) -> Result<Option<Arc<Resume>>, Stop> {
    args.resume
        .as_deref()
        .map(|file| Resume::open(file, &resumed_source(&args.source, &args.selection.aliases)))
        .transpose()
        .map(|resume| resume.map(Arc::new))
        .map_err(Stop::usage)
}

/// Returns the source that a progress file is for. The same words in another directory mean another
/// source.
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
