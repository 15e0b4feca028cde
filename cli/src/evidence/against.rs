//! Holds the receipts of a period against the digests in a log bucket.

use super::key::GivenKey;
use super::source::Evidence;
use crate::args::EvidenceVerifyArgs;
use crate::exit::Stop;
use crate::progress::Display;
use crate::requests::Requests;
use crate::time;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use std::sync::Arc;
use trailseal::check::digest::DigestVerifier;
use trailseal::check::key_ring::KeyRing;
use trailseal::evidence_log::{LogFault, LogReport};
use trailseal::names::bucket_name::bucket_name;
use trailseal::names::places::{Places, Storage};
use trailseal::names::seconds::whole_second;
use trailseal::period::{PeriodReader, PeriodScope, PeriodSpan, TrailComparison};
use trailseal::trust::public_key::KeySet;
use trailseal_aws::{CloudTrailKeys, Limited, S3Objects};
use trailseal_sign_in::signed_in;

/// The length of the period, unless the command line says otherwise.
const DEFAULT_PERIOD: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The maximum length of a period.
const LONGEST_PERIOD: SignedDuration = SignedDuration::from_hours(400 * 24);

/// The digests in a log bucket that were held against their receipts.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ComparedTrail {
    /// The bucket.
    pub(super) bucket: String,
    /// The period.
    pub(super) from: Timestamp,
    /// The end of the period.
    pub(super) to: Timestamp,
    /// The number of digests that are what their receipts state.
    pub(super) same: u64,
    /// The number of digests in other buckets.
    pub(super) elsewhere: u64,
}

/// Compares, if the command line asks for it, and adds what is found to the report.
///
/// # Errors
/// [`Stop`]: the command line is wrong, or nothing could be read.
pub(super) async fn compare(
    args: &EvidenceVerifyArgs,
    evidence: &Evidence,
    given: &GivenKey,
    report: &mut LogReport,
) -> Result<Option<ComparedTrail>, Stop> {
    let Some(against) = &args.against else {
        return Ok(None);
    };
    let bucket = against
        .strip_prefix("s3://")
        .map(|it| it.trim_end_matches('/'));
    let bucket = bucket.and_then(bucket_name).ok_or_else(|| {
        Stop::usage(format_args!(
            "--against {against}: give the log bucket as s3://BUCKET, without a folder"
        ))
    })?;
    let period = period(args)?;
    let config = signed_in(args.profile.as_deref()).await?;
    let places = Requests::to_s3(None).places;
    let objects = S3Objects::new(&config, None).with_places(Arc::clone(&places));
    let store = Limited::new(objects, places);
    let keys = KeyRing::new(CloudTrailKeys::new(&config), KeySet::default());
    let places = Places {
        log_buckets: vec![bucket.clone()],
        bucket_owner: None,
        trails: Vec::new(),
        aliases: Vec::new(),
        storage: Storage::Bucket,
    };
    let digests = DigestVerifier::new(store, keys, places);
    let reader = PeriodReader {
        evidence,
        key: &given.key,
        cosigners: &[],
        period,
        scope: PeriodScope::default(),
    };
    let (display, work) = Display::counting("digests");
    let comparison = reader
        .against(&digests, &bucket, |done, all| work.note(done, all))
        .await;
    display.stop();
    let comparison = comparison.map_err(Stop::cannot_tell)?;
    let trail = ComparedTrail {
        bucket,
        from: period.from,
        to: period.to,
        same: comparison.same,
        elsewhere: comparison.elsewhere,
    };
    add(comparison, report);
    Ok(Some(trail))
}

/// Adds what the comparison found to the report of the audit, which has found the rest already.
fn add(comparison: TrailComparison, report: &mut LogReport) {
    let found = comparison.report.findings.into_iter();
    report.findings.extend(found.filter(|finding| {
        matches!(
            finding.fault,
            LogFault::DigestMissing | LogFault::DigestChanged | LogFault::DigestUnrecorded
        )
    }));
    for why in comparison.report.cannot_tell {
        if !report.cannot_tell.contains(&why) {
            report.cannot_tell.push(why);
        }
    }
    report.left_out = report.left_out.saturating_add(comparison.report.left_out);
}

/// Reads the period.
fn period(args: &EvidenceVerifyArgs) -> Result<PeriodSpan, Stop> {
    let now = whole_second(Timestamp::now());
    let range = time::range(args.start_time.as_deref(), args.end_time.as_deref(), now)?;
    let to = range.to.unwrap_or(now);
    let from = range.from.or_else(|| to.checked_sub(DEFAULT_PERIOD).ok());
    let period = PeriodSpan::new(from.unwrap_or(Timestamp::UNIX_EPOCH), to);
    let period = period.filter(|it| it.to.duration_since(it.from) <= LONGEST_PERIOD);
    period.ok_or_else(|| {
        Stop::usage(
            "the period has more than 400 days: compare several periods, one after the other",
        )
    })
}
