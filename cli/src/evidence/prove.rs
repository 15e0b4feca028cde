//! `trailseal evidence prove`.

use super::hour::{Hour, ReadReceipt};
use super::key::{self, GivenKey};
use super::source::Evidence;
use crate::args::ProveArgs;
use crate::exit::{self, Stop};
use crate::options;
use crate::output::file_name;
use crate::output::target;
use crate::time;
use jiff::Timestamp;
use std::process::ExitCode;
use trailseal::evidence_log::{
    BatchIndex, EvidenceProof, FoundEntry, LogCheckpoint, LogKey, MAX_CHECKPOINT_BYTES,
    ProvenDocument, places, prove,
};
use trailseal::names::ids::{AccountId, Region, TrailArn};
use trailseal::world::FetchEvidence as _;

/// Writes a proof, and returns the exit code.
pub(super) async fn run(args: ProveArgs) -> Result<ExitCode, Stop> {
    file_name::check(args.output.as_deref(), "json", &["json"], &[])?;
    let start = options::one("--hour", Some(&args.hour), |text| {
        time::parse(text, Timestamp::now())
    })?;
    let account = options::one("--account", args.account.as_deref(), AccountId::new)?;
    let region = options::one("--region", args.region.as_deref(), Region::new)?;
    let arn = TrailArn::parse(&args.trail).ok();
    let hour = Hour {
        trail: arn.as_ref().map_or(&args.trail, |arn| arn.name.as_str()),
        home_region: arn.as_ref().map(|arn| arn.home_region.as_str()),
        start: start.unwrap_or_default(),
        account: account.as_ref().map(AccountId::as_str),
        region: region.as_ref().map(Region::as_str),
    };
    let evidence = Evidence::open(&args.source, args.profile.as_deref()).await?;
    let GivenKey { key, .. } = key::of_log(args.key.as_deref(), &evidence).await?;
    let checkpoint = checkpoint(&evidence, &key).await?;
    let receipts = hour.receipts(&evidence).await?;
    if receipts.is_empty() {
        return Err(Stop::cannot_tell(format_args!(
            "there is no receipt of a digest file of the trail {} for the hour of {}",
            hour.trail, hour.start
        )));
    }
    let index = BatchIndex::read(&evidence, &key, &checkpoint).await;
    let index = index.map_err(Stop::cannot_tell)?;
    let mut documents = Vec::new();
    for ReadReceipt { stored, content } in receipts {
        let found = index.find(&evidence, &stored).await;
        let Some(FoundEntry { index, entry }) = found.map_err(Stop::cannot_tell)? else {
            return Err(Stop::cannot_tell(format_args!(
                "{} is not in the evidence log yet. The log is continued once an hour",
                stored.key
            )));
        };
        let hashes = prove(&evidence, &checkpoint, index, &entry).await;
        let hashes = hashes.map_err(Stop::cannot_tell)?;
        let proven = ProvenDocument::new(&stored.key, content, entry, index, &hashes, &checkpoint);
        let proven = proven.map_err(Stop::cannot_tell)?;
        proven
            .verify(&key)
            .map_err(|error| Stop::cannot_tell(format_args!("{error}. Verify the evidence log")))?;
        documents.push(proven);
    }
    let count = documents.len();
    let json = EvidenceProof::new(&key, documents).to_json();
    let name = target::write(args.output.as_deref(), &json)?;
    exit::say(format_args!(
        "{count} receipts are proven in {name} ({} bytes), under the checkpoint of {} entries",
        json.len(),
        checkpoint.size
    ));
    Ok(ExitCode::from(exit::VALID))
}

async fn checkpoint(evidence: &Evidence, key: &LogKey) -> Result<LogCheckpoint, Stop> {
    let found = evidence.fetch(places::CHECKPOINT, MAX_CHECKPOINT_BYTES);
    let found = found.await.map_err(Stop::cannot_tell)?.ok_or_else(|| {
        Stop::cannot_tell(format_args!(
            "there is no evidence log: {} does not exist",
            places::CHECKPOINT
        ))
    })?;
    LogCheckpoint::read(&found, key)
        .map_err(|error| Stop::cannot_tell(format_args!("{}: {error}", places::CHECKPOINT)))
}
