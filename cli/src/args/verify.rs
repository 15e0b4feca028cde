//! The command line of `trailseal verify`.

use super::paths::{input_file, output_file};
use crate::options;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

const VERIFY_EXAMPLES: &str = "\
Examples:
  Everything a bucket holds
    trailseal verify s3://amzn-s3-demo-bucket

  The last week of one account, in two Regions
    trailseal verify s3://amzn-s3-demo-bucket --start-time 7d \\
        --account 111122223333 --region us-east-1 --region eu-west-1

  A report for the audit file, with log files that no digest lists
    trailseal verify s3://amzn-s3-demo-bucket --start-time 2026-01-01 --end-time 2026-02-01 \\
        --unlisted --format html --output january.html

  A copy on disk, without AWS
    trailseal keys --start-time 90d --output keys.json
    aws s3 sync s3://amzn-s3-demo-bucket copy
    trailseal verify copy --keys keys.json --complete

  One day of a Region, or one log file
    trailseal verify s3://amzn-s3-demo-bucket/AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/15/

  A member account that left the organization, whose trail ended then
    trailseal verify s3://amzn-s3-demo-bucket --ended 444455556666/organization-trail@2026-03-01T12:00:00Z

  A long run that may be interrupted
    trailseal verify s3://amzn-s3-demo-bucket --resume progress.ndjson

Exit codes: 0 all valid, 1 findings, 2 something could not be verified, 64 wrong usage.";

#[derive(Debug, Args)]
#[command(after_help = VERIFY_EXAMPLES)]
pub(crate) struct VerifyArgs {
    /// What to verify: `s3://BUCKET`, a prefix of it, a folder of an account, Region or day, one digest file or log file; or a directory as `aws s3 sync` leaves it, whose files may be decompressed
    pub(crate) source: String,
    /// Begin: a date (2026-01-15), a time (2026-01-15T08:00:00Z), or how long ago (7d, 24h): what is not there of the time after it is a finding. Without it, the oldest digest file that is kept
    #[arg(long, value_name = "TIME")]
    pub(crate) start_time: Option<String>,
    /// End, as --start-time; without it, now
    #[arg(long, value_name = "TIME")]
    pub(crate) end_time: Option<String>,
    /// Only this account; may be repeated, or hold several with commas between
    #[arg(long = "account", value_name = "ID")]
    pub(crate) accounts: Vec<String>,
    /// Only events of this Region; may be repeated, or hold several with commas between
    #[arg(long = "region", value_name = "REGION")]
    pub(crate) regions: Vec<String>,
    /// Only this trail, by name or ARN; may be repeated, or hold several with commas between
    #[arg(long = "trail", value_name = "NAME|ARN")]
    pub(crate) trails: Vec<String>,
    /// Public keys saved by `trailseal keys` or `aws cloudtrail list-public-keys`; with a directory, AWS is not asked at all
    #[arg(long, value_name = "FILE", value_parser = input_file())]
    pub(crate) keys: Option<PathBuf>,
    /// Signatures of digests that a directory does not hold: a JSON object, digest's key or file name to hex, or to what `aws s3api head-object` answers
    #[arg(long, value_name = "FILE", value_parser = input_file())]
    pub(crate) signatures: Option<PathBuf>,
    /// Use this profile of the AWS configuration; it comes before keys in the environment
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// The directory holds everything that was in the bucket: what is missing in it is a finding. Without it, nobody can tell, since a copy may be unfinished
    #[arg(long)]
    pub(crate) complete: bool,
    /// The most requests in flight
    #[arg(long, value_name = "N", default_value_t = 48, value_parser = options::concurrency)]
    pub(crate) concurrency: u16,
    /// The account that must own the bucket
    #[arg(long, value_name = "ID")]
    pub(crate) bucket_owner: Option<String>,
    /// A replica, and the bucket that CloudTrail delivered to; may be repeated, or hold several with commas between
    #[arg(long = "alias", value_name = "ORIGINAL=REPLICA")]
    pub(crate) aliases: Vec<String>,
    /// Look for log files that no digest lists, too, in every folder that CloudTrail delivers to; of all trails, since a log file's name does not say whose it is
    #[arg(long, conflicts_with = "trails")]
    pub(crate) unlisted: bool,
    /// A trail that was ended on purpose, and when: `[ACCOUNT/][REGION/]TRAIL[@TIME]`, TRAIL by name or ARN. Digest files that stop then are not a finding. Without TIME, only where nothing of the trail goes on anywhere; may be repeated, or hold several with commas between
    #[arg(long = "ended", value_name = "TRAIL[@TIME]")]
    pub(crate) ended: Vec<String>,
    /// Keep progress in FILE, and go on from it: each log file that was found valid is written there within a second, and is not looked at again. A run that comes to its end removes FILE
    #[arg(long, value_name = "FILE", value_parser = output_file())]
    pub(crate) resume: Option<PathBuf>,
    /// How to print what was found
    #[arg(long, value_enum, ignore_case = true, default_value_t = Format::Text)]
    pub(crate) format: Format,
    /// Write to FILE, not to standard output
    #[arg(long, value_name = "FILE", value_parser = output_file())]
    pub(crate) output: Option<PathBuf>,
}

/// An output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A table of chains, and the findings
    Text,
    /// One JSON object
    Json,
    /// One JSON object a line, as things are found
    Ndjson,
    /// One self-contained page
    Html,
}
