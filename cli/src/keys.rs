//! `trailseal keys`: CloudTrail's public keys, saved to verify without AWS.

use crate::args::KeysArgs;
use crate::credentials::signed_in;
use crate::exit::{self, Stop};
use crate::time;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::stream::{self, StreamExt as _};
use jiff::Timestamp;
use serde::Serialize;
use std::io::Write as _;
use std::process::ExitCode;
use trailseal::aws::{CloudTrailKeys, command_config};
use trailseal::ids::Region;
use trailseal::public_key::{PublicKey, SigningPeriod};
use trailseal::seconds::whole_second;
use trailseal::store::{Cause, ListPublicKeys as _};

/// Regions that are asked at a time.
const PARALLEL: usize = 16;

/// Every Region, as the partitions file of the AWS SDKs has them.
const REGIONS: [&str; 42] = [
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "cn-north-1",
    "cn-northwest-1",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-iso-east-1",
    "us-iso-west-1",
    "us-isob-east-1",
    "eusc-de-east-1",
];

/// A saved `list-public-keys` response, whose entries say their Region.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    public_key_list: Vec<SavedKey>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SavedKey {
    value: String,
    validity_start_time: Timestamp,
    validity_end_time: Timestamp,
    fingerprint: String,
    region: String,
}

/// Saves the keys, and says the exit code.
pub(crate) async fn run(args: KeysArgs) -> ExitCode {
    match save(&args).await {
        Ok(code) => code,
        Err(stop) => stop.tell(),
    }
}

async fn save(args: &KeysArgs) -> Result<ExitCode, Stop> {
    let now = whole_second(Timestamp::now());
    let read = |text: &str| time::parse(text, now).map_err(Stop::usage);
    let from = read(&args.start_time)?;
    let to = args.end_time.as_deref().map_or(Ok(now), read)?;
    if from >= to {
        return Err(Stop::usage(format_args!(
            "the start time {from} is not before the end time {to}: exchange them, or leave one out"
        )));
    }
    let named: Vec<Region> = args
        .regions
        .iter()
        .map(|region| Region::new(region).map_err(Stop::usage))
        .collect::<Result<_, _>>()?;
    let config = signed_in(command_config().await).await?;
    let all = named.is_empty();
    let regions = if all {
        let partition = config
            .region()
            .and_then(|region| Region::new(region.as_ref()).ok())
            .map_or("aws", |region| region.partition());
        REGIONS
            .iter()
            .filter_map(|region| Region::new(region).ok())
            .filter(|region| region.partition() == partition)
            .collect()
    } else {
        named
    };
    let cloudtrail = CloudTrailKeys::new(&config);
    let period = SigningPeriod { from, to };
    let answers: Vec<_> = stream::iter(regions)
        .map(|region| {
            let cloudtrail = &cloudtrail;
            async move {
                let keys = cloudtrail.list_public_keys(&region, period).await;
                (region, keys)
            }
        })
        .buffered(PARALLEL)
        .collect()
        .await;
    let mut saved = Saved {
        public_key_list: Vec::new(),
    };
    let mut refused = false;
    for (region, keys) in answers {
        match keys {
            Ok(keys) => saved
                .public_key_list
                .extend(keys.iter().map(|key| saved_key(key, &region))),
            Err(error) => {
                // A Region that the account has not opted into has no digests of it.
                refused |= !(all && matches!(error.cause, Cause::Denied(_)));
                eprintln!("trailseal: {region} is left out: {}", error.cause);
            }
        }
    }
    if saved.public_key_list.is_empty() {
        return Err(Stop::cannot_tell("no Region gave a key: nothing is saved"));
    }
    let text = serde_json::to_string_pretty(&saved).map_err(Stop::cannot_tell)? + "\n";
    match &args.output {
        Some(file) => {
            std::fs::write(file, text).map_err(|error| {
                Stop::usage(format_args!("cannot write {}: {error}", file.display()))
            })?;
            eprintln!(
                "trailseal: {} keys saved to {}",
                saved.public_key_list.len(),
                file.display()
            );
        }
        None => {
            let _ = std::io::stdout().write_all(text.as_bytes());
        }
    }
    Ok(ExitCode::from(if refused {
        exit::CANNOT_TELL
    } else {
        exit::VALID
    }))
}

fn saved_key(key: &PublicKey, region: &Region) -> SavedKey {
    SavedKey {
        value: STANDARD.encode(key.der()),
        validity_start_time: key.valid_from,
        validity_end_time: key.valid_to,
        fingerprint: key.fingerprint.clone(),
        region: region.to_string(),
    }
}
