//! Whole runs over a trail in memory, for situations that the differential test against the AWS CLI
//! cannot produce.

use super::lines::{Detail, Lines};
use super::time::{ValidatedRange, parse};
use super::trail::{Asked, DescribeTrails, Description, ExpectedPlace, Owner, TrailError};
use super::{Validation, ValidationStop};
use crate::args::{Cli, Command, ValidateLogsArgs};
use clap::Parser as _;
use trailseal::names::ids::Region;
use trailseal::world::{Absence, Cause, CredentialTrouble, StoreError};
use trailseal_tests::memory::Memory;
use trailseal_tests::trail::tamper::digest::copied_to;
use trailseal_tests::trail::{BucketChange, Location, Object, Trail, TrailSpec, hostile};

const ACCOUNT: &str = "111122223333";
const REGION: &str = "us-east-1";

/// The output of a run, and its exit code.
#[derive(Debug)]
struct Printed {
    out: String,
    err: String,
    code: u8,
}

fn args(trail: &Trail, more: &[&str]) -> ValidateLogsArgs {
    let arn = trail.spec.trail_arn();
    let mut line = vec![
        "trailseal",
        "validate-logs",
        "--trail-arn",
        &arn,
        "--start-time",
        "2026-01-14T20:00:00Z",
        "--verbose",
    ];
    line.extend(more);
    match Cli::try_parse_from(line).unwrap().command {
        Command::ValidateLogs(args) => *args,
        other => panic!("{other:?}"),
    }
}

/// Runs over a bucket, as with `--s3-bucket`.
async fn run(memory: Memory, trail: &Trail, more: &[&str]) -> Result<Printed, ValidationStop> {
    let buckets = trail.spec.buckets();
    let bucket = ["--s3-bucket", buckets.last().unwrap()];
    let args = args(trail, &[&bucket, more].concat());
    let located = Asked::read(&args).unwrap().locate(&NoTrails).await.unwrap();
    run_located(memory, located).await
}

async fn run_located(memory: Memory, located: ExpectedPlace) -> Result<Printed, ValidationStop> {
    let memory: &'static Memory = Box::leak(Box::new(memory));
    let range = ValidatedRange {
        start: parse("2026-01-14T20:00:00Z").unwrap(),
        end: parse("2026-01-16T00:00:00Z").unwrap(),
    };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut lines = Lines::new(&mut out, &mut err, Detail::EveryFile, range);
    let validation = Validation::new(memory, memory, range);
    validation.run(located, &mut lines).await?;
    let code = lines.exit_code();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ok(Printed {
        out: text(out),
        err: text(err),
        code,
    })
}

/// CloudTrail without trails.
struct NoTrails;

impl DescribeTrails for NoTrails {
    async fn trails(&self, _: &Region) -> Result<Vec<Description>, StoreError> {
        Ok(Vec::new())
    }
    async fn organization(&self) -> Result<String, StoreError> {
        Ok("o-exampleorgid".to_owned())
    }
}

/// CloudTrail with one trail.
struct One(Description);

impl DescribeTrails for One {
    async fn trails(&self, region: &Region) -> Result<Vec<Description>, StoreError> {
        assert_eq!(region.as_str(), REGION, "asked in the home Region");
        Ok(vec![self.0.clone()])
    }
    async fn organization(&self) -> Result<String, StoreError> {
        Ok("o-exampleorgid".to_owned())
    }
}

fn trail() -> Trail {
    TrailSpec {
        hours: 6,
        log_files_per_hour: 2..=2,
        records_per_file: 1..=1,
        ..TrailSpec::default()
    }
    .build()
}

fn count(text: &str, what: &str) -> usize {
    text.lines().filter(|line| line.contains(what)).count()
}

#[tokio::test]
async fn credentials_that_expire_end_the_run_in_one_line() {
    let trail = trail();
    let failing = |trouble| {
        let memory = Memory::of(&trail);
        for log in &trail.log_files {
            let refused = Cause::Credentials(trouble, "CODE".to_owned());
            memory.fail(&log.object, &refused, 99);
        }
        memory
    };
    let expired = failing(CredentialTrouble::Expired);
    match run(expired, &trail, &[]).await {
        Err(ValidationStop::Reason(line)) => {
            let said = "the credentials have expired: CODE";
            assert!(line.contains(said), "{line}");
        }
        other => panic!("{other:?}"),
    }
    // Any other trouble may be specific to one bucket.
    let unknown = failing(CredentialTrouble::Unknown);
    let printed = run(unknown, &trail, &[]).await.unwrap();
    assert_eq!(printed.code, 255);
    assert_eq!(count(&printed.err, "UNVERIFIED"), trail.log_files.len());
}

#[tokio::test]
async fn an_honest_trail_is_valid() {
    let trail = trail();
    let printed = run(Memory::of(&trail), &trail, &[]).await.unwrap();
    assert_eq!((printed.code, printed.err.as_str()), (0, ""));
    assert!(
        printed
            .out
            .ends_with("7/7 digest files valid\n12/12 log files valid\n")
    );
    assert_eq!(count(&printed.out, "\tvalid"), 19);
}

#[tokio::test]
async fn denied_objects_are_unverified_and_the_rest_is_validated() {
    let trail = trail();
    let memory = Memory::of(&trail);
    let denied = Cause::Denied("AccessDenied: Access Denied".to_owned());
    memory.fail(&trail.log_files[3].object, &denied, 99);
    memory.fail(&trail.digest(ACCOUNT, REGION, 5).object, &denied, 99);
    let printed = run(memory, &trail, &[]).await.unwrap();
    assert_eq!(printed.code, 255);
    let line = "\tUNVERIFIED: access is denied: AccessDenied: Access Denied";
    assert_eq!(count(&printed.err, line), 2);
    assert!(
        printed
            .out
            .contains("6/7 digest files valid, 1/7 digest files UNVERIFIED\n")
    );
    assert!(
        printed
            .out
            .contains("9/10 log files valid, 1/10 log files UNVERIFIED\n")
    );
}

#[tokio::test]
async fn a_broken_connection_is_retried() {
    let trail = trail();
    let memory = Memory::of(&trail);
    let broken = Cause::Unavailable("reset".to_owned());
    memory.fail(&trail.log_files[0].object, &broken, 2);
    memory.fail(&trail.log_files[1].object, &broken, 3);
    let printed = run(memory, &trail, &[]).await.unwrap();
    assert_eq!(printed.code, 255);
    assert!(
        printed
            .out
            .contains("11/12 log files valid, 1/12 log files UNVERIFIED\n")
    );
}

#[tokio::test]
async fn a_run_without_keys_ends() {
    let trail = trail();
    let mut memory = Memory::of(&trail);
    memory.fail_keys(Cause::Denied("OptInRequired".to_owned()));
    let Err(ValidationStop::Reason(message)) = run(memory, &trail, &[]).await else {
        panic!("it goes on")
    };
    assert_eq!(
        message,
        "cannot list CloudTrail's public keys in us-east-1: access is denied: OptInRequired"
    );
    let elsewhere = ["--region", "eu-west-1"];
    let Err(ValidationStop::Reason(message)) = run(Memory::of(&trail), &trail, &elsewhere).await
    else {
        panic!("it goes on")
    };
    assert_eq!(
        message,
        "No public keys found between 2026-01-14T20:00:00Z and 2026-01-16T02:00:00Z"
    );
}

#[tokio::test]
async fn every_form_of_a_prefix_finds_its_digests() {
    for prefix in ["logs", "a/b", "a/", "AWSLogs", "AWSLogs/o-exampleorgid"] {
        let trail = TrailSpec {
            prefix: Some(prefix.to_owned()),
            ..trail().spec
        }
        .build();
        let printed = run(Memory::of(&trail), &trail, &["--s3-prefix", prefix]).await;
        assert!(
            printed.unwrap().out.contains("7/7 digest files valid"),
            "{prefix}"
        );
    }
}

#[tokio::test]
async fn the_trails_of_all_organizations_of_a_bucket_are_found() {
    let one = TrailSpec {
        organization_id: Some("o-exampleorgid".to_owned()),
        ..trail().spec
    }
    .build();
    let other = TrailSpec {
        organization_id: Some("o-exampleorgi2".to_owned()),
        ..trail().spec
    }
    .build();
    let mut memory = Memory::of(&one);
    for object in other.objects() {
        memory.put(object.clone());
    }
    let printed = run(memory, &one, &[]).await.unwrap();
    assert_eq!((printed.code, printed.err.as_str()), (0, ""));
    assert!(printed.out.contains("14/14 digest files valid"));
}

#[tokio::test]
async fn a_deleted_former_bucket_of_the_trail_is_reported() {
    let trail = TrailSpec {
        bucket_change: Some(BucketChange {
            hour: 4,
            bucket: "moved".to_owned(),
        }),
        ..trail().spec
    }
    .build();
    let mut memory = Memory::of(&trail);
    for object in trail.objects() {
        if object.bucket != "moved" {
            memory.fail(object, &Cause::Absent(Absence::NoBucket), 99);
            memory.delete(object);
        }
    }
    let printed = run(memory, &trail, &[]).await.unwrap();
    assert_eq!(printed.code, 1);
    assert!(
        printed
            .out
            .contains("3/4 digest files valid, 1/4 digest files INVALID\n")
    );
}

#[tokio::test]
async fn input_built_to_exhaust_memory_is_invalid() {
    let trail = trail();
    let mut memory = Memory::of(&trail);
    let digest = trail.digest(ACCOUNT, REGION, 3);
    memory.put(digest.object.with_body(hostile::zeros_gzip(1 << 30)));
    let nested = trail.digest(ACCOUNT, REGION, 5);
    memory.put(nested.object.with_body(hostile::nested_json(100_000)));
    memory.put(
        trail.log_files[0]
            .object
            .with_body(hostile::nested_json(100_000)),
    );
    let planted: Vec<Object> = (0..3000)
        .map(|number| {
            let key = format!("{}{number}.json.gz", digest.object.key);
            let bucket = digest.object.bucket.clone();
            copied_to(&digest.object, &Location { bucket, key })
        })
        .collect();
    for object in planted {
        memory.put(object);
    }
    let printed = run(memory, &trail, &[]).await.unwrap();
    assert_eq!(printed.code, 1);
    assert_eq!(count(&printed.err, "INVALID: invalid format"), 2);
    assert_eq!(count(&printed.err, "INVALID: hash value doesn't match"), 1);
    assert!(
        printed
            .out
            .contains("5/7 digest files valid, 2/7 digest files INVALID\n")
    );
}

#[tokio::test]
async fn a_digest_with_very_many_log_files_is_reported_file_by_file() {
    let trail = trail();
    let mut memory = Memory::of(&trail);
    let digest = trail.digest(ACCOUNT, REGION, 6);
    memory.put(hostile::digest_with_entries(digest, 20_000));
    let printed = run(memory, &trail, &[]).await.unwrap();
    assert_eq!(count(&printed.err, "INVALID: not found"), 20_000);
    assert_eq!(printed.code, 1);
}

#[tokio::test]
async fn a_trail_is_looked_up_in_its_home_region() {
    let trail = trail();
    let description = Description {
        arn: trail.spec.trail_arn(),
        bucket: trail.spec.bucket.clone(),
        prefix: Some(String::new()),
        owner: Owner::Account,
    };
    let asked = Asked::read(&args(&trail, &["--region", "us-west-2"])).unwrap();
    let located = asked.locate(&One(description)).await.unwrap();
    assert_eq!(
        located.chain.region_prefix(),
        "AWSLogs/111122223333/CloudTrail-Digest/us-west-2/"
    );
    let Err(TrailError::Unknown(arn)) = asked.locate(&NoTrails).await else {
        panic!("nobody has a trail")
    };
    assert_eq!(arn, trail.spec.trail_arn());
}

#[tokio::test]
async fn an_organizations_trail_needs_an_account() {
    let trail = trail();
    let trails = One(Description {
        arn: trail.spec.trail_arn(),
        bucket: trail.spec.bucket.clone(),
        prefix: Some("p".to_owned()),
        owner: Owner::Organization,
    });
    let asked = Asked::read(&args(&trail, &[])).unwrap();
    assert_eq!(
        asked.locate(&trails).await.unwrap_err().to_string(),
        "Missing required parameter for organization trail: '--account-id'"
    );
    let asked = Asked::read(&args(&trail, &["--account-id", "444455556666"])).unwrap();
    assert_eq!(
        asked.locate(&trails).await.unwrap().chain.region_prefix(),
        "p/AWSLogs/o-exampleorgid/444455556666/CloudTrail-Digest/us-east-1/"
    );
}

#[test]
fn impossible_flags_are_refused_in_one_line() {
    let trail = trail();
    for (flags, message) in [
        (
            ["--trail-arn", "arn:aws:s3:::b"],
            "Invalid trail ARN provided: arn:aws:s3:::b",
        ),
        (
            ["--region", "Us East"],
            "Provided region_name 'Us East' doesn't match a supported format.",
        ),
        (
            ["--account-id", "me"],
            "Invalid --account-id: `me` is not an AWS account ID (12 digits, without dashes)",
        ),
    ] {
        assert_eq!(Asked::read(&args(&trail, &flags)).unwrap_err(), message);
    }
}
