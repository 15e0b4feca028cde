//! Writes a generated CloudTrail trail into S3 or a directory, for manual use and for scripts.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use aws_sdk_s3::config::{Credentials, Region};
use trailseal_tests::trail::{
    Backfill, BackfillLink, BucketChange, Deed, DeedKind, FirstDigest, KmsSpec, Object,
    ResponseStyle, Stop, Trail, TrailSpec, deliver,
};

const USAGE: &str = "\
Writes a CloudTrail trail, signed with test keys.

  trail [--s3 | --dir DIR] [--public-keys FILE] [options]

Where to:
  --s3                  into S3, in CloudTrail's order; buckets are created
  --endpoint-url URL    another S3 than AWS's, with dummy credentials
  --dir DIR             below a directory, as `aws s3 sync` leaves it
  --public-keys FILE    the keys by Region, for the local AWS
  --pinned-keys FILE    the home Region's keys as `aws cloudtrail list-public-keys` prints them
  --extras              also folder markers, Insight files and objects of others

What (the default is 24 hours of management-events, 111122223333, us-east-1):
  --bucket NAME         --prefix PREFIX          --org o-ID
  --accounts A,B        --owner ACCOUNT          --trail NAME
  --home-region REGION  --regions R,S            --start TIME
  --offset SECONDS      --hours N                --seed N
  --log-files MIN-MAX   --records MIN-MAX        --empty-hours H,I
  --stop LAST[-RESTART] --move HOUR:BUCKET       --backfill HOUR[:chained]
  --kms-key ARN         --bucket-key             --mid-chain
  --deed HOUR:CALL      a call that weakens logging, such as 3:StopLogging
";

#[derive(Default)]
struct Destination {
    s3: bool,
    endpoint_url: Option<String>,
    directory: Option<PathBuf>,
    public_keys: Option<PathBuf>,
    pinned_keys: Option<PathBuf>,
    extras: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.is_empty() || arguments.iter().any(|argument| argument == "--help") {
        print!("{USAGE}");
        return Ok(());
    }
    let (spec, destination) = parse(arguments)?;
    let trail = spec.build();
    if let Some(path) = &destination.public_keys {
        write_json(path, &trail.public_keys_by_region())?;
    }
    if let Some(path) = &destination.pinned_keys {
        let response =
            trail.list_public_keys_response(&trail.spec.home_region, ResponseStyle::CliV2);
        write_json(path, &response)?;
    }
    let extras = if destination.extras {
        trail.extras()
    } else {
        Vec::new()
    };
    if let Some(directory) = &destination.directory {
        deliver::write_to_dir(directory, trail.objects().into_iter().chain(&extras))?;
    }
    if destination.s3 {
        into_s3(&trail, &extras, destination.endpoint_url).await?;
    }
    println!(
        "{}: {} digests, {} log files, {} other objects",
        trail.spec.trail_arn(),
        trail.digests.len(),
        trail.log_files.len(),
        extras.len()
    );
    Ok(())
}

async fn into_s3(
    trail: &Trail,
    extras: &[Object],
    endpoint_url: Option<String>,
) -> anyhow::Result<()> {
    let region = trail.spec.home_region.clone();
    let mut loader = aws_config::defaults(aws_config::BehaviorVersion::latest())
        .region(Region::new(region.clone()));
    if let Some(url) = endpoint_url {
        loader = loader
            .endpoint_url(url)
            .credentials_provider(Credentials::for_tests());
    }
    let shared = loader.load().await;
    let config = aws_sdk_s3::config::Builder::from(&shared)
        .force_path_style(true)
        .build();
    let client = aws_sdk_s3::Client::from_conf(config);
    deliver::create_buckets(&client, &region, &trail.spec.buckets()).await?;
    deliver::deliver_to_s3(&client, extras).await?;
    deliver::deliver_in_order(&client, trail).await
}

fn write_json(path: &PathBuf, value: &serde_json::Value) -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(value)?;
    std::fs::write(path, text + "\n").with_context(|| format!("writing {}", path.display()))
}

fn parse(arguments: Vec<String>) -> anyhow::Result<(TrailSpec, Destination)> {
    let mut spec = TrailSpec::default();
    let mut destination = Destination::default();
    let mut bucket_key = false;
    let mut arguments = arguments.into_iter();
    while let Some(option) = arguments.next() {
        match option.as_str() {
            "--s3" => destination.s3 = true,
            "--extras" => destination.extras = true,
            "--bucket-key" => bucket_key = true,
            "--mid-chain" => {
                spec.first_digest = FirstDigest::MidChain;
            }
            _ => {
                let value = arguments
                    .next()
                    .with_context(|| format!("unknown option or no value: {option}"))?;
                set(&mut spec, &mut destination, &option, value)
                    .with_context(|| format!("in {option}"))?;
            }
        }
    }
    if let Some(kms) = &mut spec.kms {
        kms.bucket_key = bucket_key;
    }
    Ok((spec, destination))
}

fn set(
    spec: &mut TrailSpec,
    destination: &mut Destination,
    option: &str,
    value: String,
) -> anyhow::Result<()> {
    match option {
        "--endpoint-url" => destination.endpoint_url = Some(value),
        "--dir" => destination.directory = Some(value.into()),
        "--public-keys" => destination.public_keys = Some(value.into()),
        "--pinned-keys" => destination.pinned_keys = Some(value.into()),
        "--bucket" => spec.bucket = value,
        "--prefix" => spec.prefix = Some(value),
        "--org" => spec.organization_id = Some(value),
        "--accounts" => spec.accounts = list(&value),
        "--owner" => spec.owner = Some(value),
        "--trail" => spec.trail_name = value,
        "--home-region" => spec.home_region = value,
        "--regions" => spec.regions = list(&value),
        "--start" => spec.start = value.parse()?,
        "--offset" => spec.offset_seconds = value.parse()?,
        "--hours" => spec.hours = value.parse()?,
        "--seed" => spec.seed = value.parse()?,
        "--log-files" => spec.log_files_per_hour = range(&value)?,
        "--records" => spec.records_per_file = range(&value)?,
        "--empty-hours" => {
            let hours: Result<BTreeSet<u32>, _> = value.split(',').map(str::parse).collect();
            spec.empty_hours = hours?;
        }
        "--stop" => spec.stops.push(stop(&value)?),
        "--move" => {
            let (hour, bucket) = value.split_once(':').context("HOUR:BUCKET")?;
            spec.bucket_change = Some(BucketChange {
                hour: hour.parse()?,
                bucket: bucket.to_owned(),
            });
        }
        "--backfill" => spec.backfills.push(backfill(&value)?),
        "--deed" => spec.deeds.push(deed(&value)?),
        "--kms-key" => spec.kms = Some(KmsSpec::new(&value)),
        _ => bail!("unknown option"),
    }
    Ok(())
}

/// Returns the first deed with the name of the call.
fn deed(value: &str) -> anyhow::Result<Deed> {
    let (hour, call) = value.split_once(':').context("HOUR:CALL")?;
    let mut kinds = DeedKind::ALL.into_iter();
    let kind = kinds.find(|kind| kind.weakens() && kind.event_name() == call);
    Ok(Deed {
        hour: hour.parse()?,
        kind: kind.context("no such call")?,
    })
}

fn list(value: &str) -> Vec<String> {
    value.split(',').map(str::to_owned).collect()
}

fn range(value: &str) -> anyhow::Result<std::ops::RangeInclusive<u32>> {
    let (low, high) = value.split_once('-').unwrap_or((value, value));
    Ok(low.parse()?..=high.parse()?)
}

fn stop(value: &str) -> anyhow::Result<Stop> {
    let (last, restart) = match value.split_once('-') {
        Some((last, restart)) => (last, Some(restart.parse()?)),
        None => (value, None),
    };
    Ok(Stop {
        last_hour: last.parse()?,
        restart_hour: restart,
    })
}

fn backfill(value: &str) -> anyhow::Result<Backfill> {
    let (hour, link) = match value.split_once(':') {
        Some((hour, "chained")) => (hour, BackfillLink::PreviousBackfill),
        Some(_) => bail!("HOUR or HOUR:chained"),
        None => (value, BackfillLink::Unlinked),
    };
    Ok(Backfill {
        hour: hour.parse()?,
        log_files: 2,
        generated_after_hours: 30,
        link,
    })
}
