//! The acknowledgment of an incident.

use crate::args::AckArgs;
use crate::exit::{self, Stop};
use crate::options;
use crate::time;
use aws_config::SdkConfig;
use jiff::Timestamp;
use std::process::ExitCode;
use trailseal::alert::acknowledgment::Acknowledgment;
use trailseal::alert::incident::{Incident, MAX_DOCUMENT_BYTES, key};
use trailseal::alert::incident_pages::{INCIDENTS, incident_id};
use trailseal::names::bucket_name::bucket_name;
use trailseal::names::seconds::whole_second;
use trailseal::world::{AddEvidence as _, FetchEvidence as _, ListStored as _};
use trailseal_aws::{EvidenceBucket, caller};
use trailseal_sign_in::signed_in;

/// The minimum length of the start of an ID.
const MIN_ID_CHARS: usize = 8;

/// Writes the acknowledgment, and returns the exit code.
pub(super) async fn run(args: AckArgs) -> Result<ExitCode, Stop> {
    let now = whole_second(Timestamp::now());
    let until = options::one("--until", args.until.as_deref(), |text| {
        time::parse_future(text, now)
    })?;
    let (bucket, start) = named(&args)?;
    // Before anything is asked of AWS.
    Acknowledgment::new(&start, "", &args.reason, now, until).map_err(Stop::usage)?;
    let config = signed_in(args.profile.as_deref()).await?;
    let evidence = EvidenceBucket::new(&config, Some(bucket.clone()));
    let incident = find(&evidence, &start, &bucket).await?;
    if !incident.is_open() {
        return Err(Stop::usage(format_args!(
            "the incident {} is closed: there is nothing to acknowledge",
            incident.id
        )));
    }
    let by = match args.by {
        Some(by) => by,
        None => identity(&config).await?,
    };
    let acknowledged = Acknowledgment::new(&incident.id, &by, &args.reason, now, until);
    let acknowledged = acknowledged.map_err(Stop::usage)?;
    let key = acknowledged.key();
    let written = evidence.add(&key, acknowledged.document()).await;
    written.map_err(Stop::cannot_tell)?;
    let until = match until {
        Some(until) => format!("until {until}"),
        None => "until it is over".to_owned(),
    };
    exit::say(format_args!(
        "the alert about {} in {} is not repeated {until}; recorded in s3://{bucket}/{key}",
        trailseal::alert::printable(&incident.kind),
        trailseal::alert::printable(&incident.latest.object.to_string()),
    ));
    Ok(ExitCode::from(exit::VALID))
}

/// Returns the evidence bucket that the command line names, and the start of the incident's ID.
fn named(args: &AckArgs) -> Result<(String, String), Stop> {
    let incident = args.incident.trim();
    let (evidence, id) = if let Some(location) = incident.strip_prefix("s3://") {
        let (bucket, key) = location.split_once('/').unwrap_or((location, ""));
        let id = incident_id(key).ok_or_else(|| {
            Stop::usage(format_args!(
                "`{incident}` is not the document of an incident: give s3://BUCKET/incidents/ID.json, as in the alert"
            ))
        })?;
        (bucket, id)
    } else {
        let evidence = args.evidence.as_deref().unwrap_or_default();
        let bucket = evidence.strip_prefix("s3://").ok_or_else(|| {
            Stop::usage("give the evidence bucket with --evidence s3://BUCKET, or the document of the incident, as in the alert")
        })?;
        (bucket.trim_end_matches('/'), incident)
    };
    let bucket = bucket_name(evidence)
        .ok_or_else(|| Stop::usage(format_args!("`{evidence}` is not the name of a bucket")))?;
    let is_start = (MIN_ID_CHARS..=64).contains(&id.len());
    if !is_start || !id.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(Stop::usage(format_args!(
            "`{id}` is not the ID of an incident: give at least {MIN_ID_CHARS} of its 64 hexadecimal digits"
        )));
    }
    Ok((bucket, id.to_ascii_lowercase()))
}

/// Finds the incident whose ID starts with `start`.
async fn find(evidence: &EvidenceBucket, start: &str, bucket: &str) -> Result<Incident, Stop> {
    let prefix = format!("{INCIDENTS}{start}");
    let page = evidence.list_stored(&prefix, None).await;
    let page = page.map_err(Stop::cannot_tell)?;
    let keys = page.documents.iter().map(|document| document.key.as_str());
    let ids: Vec<&str> = keys.filter_map(incident_id).collect();
    let id = match ids[..] {
        [id] => id,
        [] => {
            return Err(Stop::usage(format_args!(
                "there is no incident {start} in s3://{bucket}: trailseal incidents s3://{bucket} lists them"
            )));
        }
        _ => {
            return Err(Stop::usage(format_args!(
                "more than one incident starts with {start}: give more of the ID"
            )));
        }
    };
    let document = evidence.fetch(&key(id), MAX_DOCUMENT_BYTES).await;
    let document = document.map_err(Stop::cannot_tell)?.unwrap_or_default();
    Incident::read(&document, id).ok_or_else(|| {
        Stop::cannot_tell(format_args!(
            "s3://{bucket}/{} is not an incident: somebody may have changed it. List its versions (aws s3api list-object-versions)",
            key(id)
        ))
    })
}

/// Returns the identity of the AWS credentials.
async fn identity(config: &SdkConfig) -> Result<String, Stop> {
    caller(config).await.map_err(|error| {
        Stop::cannot_tell(format_args!(
            "{error}. Say with --by who acknowledges the incident"
        ))
    })
}
