//! `trailseal keys`: saves CloudTrail's public keys, to verify without AWS.

use crate::advice::advice;
use crate::args::KeysArgs;
use crate::exit::{self, Stop};
use crate::options;
use crate::output::file_name;
use crate::output::target::{self, Target};
use crate::time;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::stream::{self, StreamExt as _};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::io::Write as _;
use std::process::ExitCode;
use trailseal::names::ids::Region;
use trailseal::names::seconds::whole_second;
use trailseal::trust::public_key::{PublicKey, SigningPeriod};
use trailseal::world::{Cause, ListPublicKeys as _};
use trailseal_aws::CloudTrailKeys;
use trailseal_sign_in::signed_in;

/// The number of Regions that are queried at a time.
const PARALLEL: usize = 16;

/// Every Region in the partitions file of the AWS SDKs.
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

/// A saved `list-public-keys` response whose entries name their Region.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    public_key_list: Vec<SavedKey>,
}

/// A key of a saved response.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SavedKey {
    value: String,
    validity_start_time: Timestamp,
    validity_end_time: Timestamp,
    fingerprint: String,
    region: String,
}

/// Saves the keys, and returns the exit code.
pub(crate) async fn run(args: KeysArgs) -> ExitCode {
    match save(&args).await {
        Ok(code) => code,
        Err(stop) => stop.print(),
    }
}

async fn save(args: &KeysArgs) -> Result<ExitCode, Stop> {
    let now = whole_second(Timestamp::now());
    file_name::check(args.output.as_deref(), "json", &["json"], &[])?;
    let end_time = args.end_time.as_deref();
    let range = time::range(Some(&args.start_time), end_time, now)?;
    let period = SigningPeriod {
        from: range.from.unwrap_or(now),
        to: range.to.unwrap_or(now),
    };
    let named = options::many("--region", &args.regions, Region::new)?;
    let mut target = Target::open(args.output.as_deref())?;
    let config = signed_in(args.profile.as_deref()).await?;
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
    let mut missing = Missing::default();
    for (region, keys) in answers {
        match keys {
            Ok(keys) => saved
                .public_key_list
                .extend(keys.iter().map(|key| saved_key(key, &region))),
            Err(error) => missing.take(&region, &error.cause, all),
        }
    }
    missing.print();
    if saved.public_key_list.is_empty() {
        return Err(Stop::cannot_tell(
            "no keys were saved, because CloudTrail listed none in any Region",
        ));
    }
    let text = serde_json::to_string_pretty(&saved).map_err(Stop::cannot_tell)? + "\n";
    let name = target.name().to_owned();
    let written = target
        .write_all(text.as_bytes())
        .and_then(|()| target.finish());
    if target::file(args.output.as_deref()).is_some() {
        written.map_err(|error| target::failed(&name, &error))?;
        eprintln!(
            "trailseal: {} keys saved to {name}",
            saved.public_key_list.len()
        );
    }
    Ok(ExitCode::from(if missing.is_wanted {
        exit::CANNOT_TELL
    } else {
        exit::VALID
    }))
}

/// The Regions that gave no keys.
#[derive(Default)]
struct Missing {
    /// Regions by cause, in their order. Credentials fail for the same reason in each Region.
    regions: Vec<(Cause, Vec<Region>)>,
    /// Whether one of them was expected to give keys.
    is_wanted: bool,
}

impl Missing {
    fn take(&mut self, region: &Region, cause: &Cause, all: bool) {
        // A Region that the account has not opted into, or may not use, has no digests of the
        // account.
        self.is_wanted |= !(all && matches!(cause, Cause::Denied(_) | Cause::RegionDisabled(_)));
        let same = |known: &Cause| match (known, cause) {
            (Cause::Credentials(known, _), Cause::Credentials(trouble, _)) => known == trouble,
            _ => false,
        };
        match self.regions.iter_mut().find(|(known, _)| same(known)) {
            Some((_, regions)) => regions.push(region.clone()),
            None => self.regions.push((cause.clone(), vec![region.clone()])),
        }
    }

    /// Prints why each Region is left out, and what helps.
    fn print(&self) {
        for (cause, regions) in &self.regions {
            let these = match regions.as_slice() {
                [region] => region.to_string(),
                regions => format!("{} Regions", regions.len()),
            };
            let advice = match cause {
                Cause::RegionDisabled(_) => {
                    ". Save the keys of this Region with an account for which it is enabled."
                        .to_owned()
                }
                Cause::Credentials(..) => format!(". {}", advice(cause)),
                _ => String::new(),
            };
            eprintln!("trailseal: the keys of {these} are not saved: {cause}{advice}");
        }
    }
}

/// Returns a key of a Region, as it is saved.
pub(crate) fn saved_key(key: &PublicKey, region: &Region) -> SavedKey {
    SavedKey {
        value: STANDARD.encode(key.der()),
        validity_start_time: key.valid_from,
        validity_end_time: key.valid_to,
        fingerprint: key.fingerprint.clone(),
        region: region.to_string(),
    }
}
