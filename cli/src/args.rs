//! The command line.

use crate::options;
use clap::builder::{PathBufValueParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Verify that CloudTrail's log files still are what CloudTrail delivered.
#[derive(Debug, Parser)]
#[command(
    name = "trailseal",
    version,
    after_help = "Exit codes: 0 all valid, 1 findings, 2 something could not be verified, 64 wrong usage.\n\nCredentials, Region and endpoint come from where the AWS CLI takes them (--profile, AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL, …)."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Verify every trail in a bucket or directory
    Verify(Box<VerifyArgs>),
    /// Do what `aws cloudtrail validate-logs` does, with its flags, lines and exit codes
    ValidateLogs(Box<ValidateLogsArgs>),
    /// Check one digest step by step
    Inspect(InspectArgs),
    /// Judge the KMS events in log files: who wrote, read and encrypted, under which key
    Kms(Box<KmsArgs>),
    /// Save CloudTrail's public keys, to verify without AWS
    Keys(KeysArgs),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

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

/// Reads the name of a file that is there.
fn input_file() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().map(options::input)
}

/// Reads the name of a file that is to be written.
fn output_file() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().map(options::output)
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

#[derive(Debug, Args)]
#[command(
    args_override_self = true,
    infer_long_args = true,
    after_help = "\
Examples:
  trailseal validate-logs --trail-arn arn:aws:cloudtrail:us-east-1:111122223333:trail/management-events \\
      --start-time 2026-01-15T00:00:00Z --verbose

Exit codes, as the AWS CLI's: 0 all valid, 1 something is invalid, 255 something could not be verified or nothing could be done, 2 flags are missing."
)]
pub(crate) struct ValidateLogsArgs {
    /// The trail's ARN
    #[arg(long, value_name = "ARN")]
    pub(crate) trail_arn: String,
    /// Begin, in UTC: a date or a time (2026-01-15T08:00:00Z)
    #[arg(long, value_name = "TIME")]
    pub(crate) start_time: String,
    /// End, as --start-time; without it, now
    #[arg(long, value_name = "TIME")]
    pub(crate) end_time: Option<String>,
    /// The bucket; without it, the trail's present one
    #[arg(long, value_name = "BUCKET")]
    pub(crate) s3_bucket: Option<String>,
    /// The prefix in that bucket
    #[arg(long, value_name = "PREFIX")]
    pub(crate) s3_prefix: Option<String>,
    /// The account whose log files are validated, where it is not the trail's: a member of the organization
    #[arg(long, value_name = "ID")]
    pub(crate) account_id: Option<String>,
    /// Print valid files, too
    #[arg(long)]
    pub(crate) verbose: bool,
    /// The Region whose log files are validated; without it, the trail's home Region
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// Use this profile of the AWS configuration; it comes before keys in the environment
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Send requests to CloudTrail to this URL
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint_url: Option<String>,
    /// Flags of every command of the AWS CLI that make no difference to this one
    #[command(flatten)]
    pub(crate) idle: IdleArgs,
    /// Flags of every command of the AWS CLI that this one refuses by their names
    #[command(flatten)]
    pub(crate) foreign: ForeignArgs,
}

/// Flags that scripts give to every command of the AWS CLI, and that change nothing here.
#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the AWS CLI, and nobody reads it"
)]
pub(crate) struct IdleArgs {
    #[arg(long, hide = true)]
    output: Option<String>,
    #[arg(long, hide = true)]
    query: Option<String>,
    #[arg(long, hide = true)]
    color: Option<String>,
    #[arg(long, hide = true)]
    no_paginate: bool,
    #[arg(long, hide = true)]
    no_cli_pager: bool,
    #[arg(long, hide = true)]
    no_cli_auto_prompt: bool,
    #[arg(long, hide = true)]
    cli_binary_format: Option<String>,
    #[arg(long, hide = true)]
    cli_read_timeout: Option<String>,
    #[arg(long, hide = true)]
    cli_connect_timeout: Option<String>,
    #[arg(long, hide = true)]
    debug: bool,
    #[arg(long, hide = true)]
    v2_debug: bool,
}

/// Flags of every command of the AWS CLI that would change what is validated, or whom it is asked
/// of, and that this one cannot follow.
#[derive(Debug, Args)]
pub(crate) struct ForeignArgs {
    #[arg(long, hide = true)]
    no_verify_ssl: bool,
    #[arg(long, hide = true)]
    no_sign_request: bool,
    #[arg(long, hide = true, value_name = "FILE")]
    ca_bundle: Option<String>,
    #[arg(long, hide = true)]
    cli_auto_prompt: bool,
}

impl ForeignArgs {
    /// Why the command line cannot be followed, if it has one of these flags.
    pub(crate) fn refusal(&self) -> Option<&'static str> {
        let flags = [
            (
                self.no_verify_ssl,
                "--no-verify-ssl is not supported: the certificate of every service is verified",
            ),
            (
                self.no_sign_request,
                "--no-sign-request is not supported: CloudTrail gives its public keys to signed requests only",
            ),
            (
                self.ca_bundle.is_some(),
                "--ca-bundle is not supported: add the certificate to those that the operating system trusts",
            ),
            (
                self.cli_auto_prompt,
                "--cli-auto-prompt is not supported: nothing is asked for interactively",
            ),
        ];
        flags
            .into_iter()
            .find_map(|(given, why)| given.then_some(why))
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  trailseal inspect s3://amzn-s3-demo-bucket/AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/01/15/111122223333_CloudTrail-Digest_us-east-1_management-events_us-east-1_20260115T120000Z.json.gz

Exit codes: 0 valid, 1 findings, 2 could not be verified, 64 wrong usage.")]
pub(crate) struct InspectArgs {
    /// The digest: `s3://BUCKET/KEY`, or a file
    pub(crate) digest: String,
    /// Public keys saved by `trailseal keys` or `aws cloudtrail list-public-keys`
    #[arg(long, value_name = "FILE", value_parser = input_file())]
    pub(crate) keys: Option<PathBuf>,
    /// The signature (hex) of a digest in a file, as `aws s3api head-object --query Metadata.signature` prints it
    #[arg(long, value_name = "HEX")]
    pub(crate) signature: Option<String>,
    /// The directory that the file is in holds everything that was in the bucket: what is missing in it is a finding
    #[arg(long)]
    pub(crate) complete: bool,
    /// The account that must own the bucket
    #[arg(long, value_name = "ID")]
    pub(crate) bucket_owner: Option<String>,
    /// A replica, and the bucket that CloudTrail delivered to; may be repeated, or hold several with commas between
    #[arg(long = "alias", value_name = "ORIGINAL=REPLICA")]
    pub(crate) aliases: Vec<String>,
    /// Use this profile of the AWS configuration; it comes before keys in the environment
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Do not look at the log files it lists
    #[arg(long)]
    pub(crate) no_log_files: bool,
}

const KMS_EXAMPLES: &str = "\
Examples:
  One log file, and what each rule says of each of its events
    trailseal kms s3://amzn-s3-demo-bucket/AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/15/111122223333_CloudTrail_us-east-1_20260115T1205Z_7JREEBimdK8d2nC9.json.gz --all

  A day of a Region, as the function kms-context-checker judges it
    trailseal kms s3://amzn-s3-demo-bucket/AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/15/ \\
        --trail arn:aws:cloudtrail:us-east-1:111122223333:trail/management-events \\
        --key arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab \\
        --reader 'arn:aws:iam::111122223333:role/Audit*' --reader athena.amazonaws.com

  The last week of everything that a bucket holds
    trailseal kms s3://amzn-s3-demo-bucket --start-time 7d

  A copy on disk, by program: headers and keys are not at hand there
    trailseal kms copy --format json --output kms.json

Exit codes: 0 all valid, 1 findings, 2 something could not be judged, 64 wrong usage.";

#[derive(Debug, Args)]
#[command(after_help = KMS_EXAMPLES)]
pub(crate) struct KmsArgs {
    /// `s3://BUCKET/KEY` of a log file, `s3://BUCKET[/PREFIX]` for every one below, a file, or a directory
    pub(crate) source: String,
    /// A trail that delivers there; may be repeated, or hold several with commas between. Without it, every one whose digests lie beside the log files
    #[arg(long = "trail", value_name = "ARN")]
    pub(crate) trails: Vec<String>,
    /// A key that log files are encrypted under; may be repeated, or hold several with commas between. Without it, any
    #[arg(long = "key", value_name = "ARN")]
    pub(crate) keys: Vec<String>,
    /// Who may read log files: an ARN pattern (`*` and `?` stand for any characters and for one) or a service principal, for itself and for callers of the accounts that own trail, key and bucket. With `=via:SERVICE` after it, through this service only; with `=enclave`, from within a Nitro Enclave only. May be repeated, or hold several with commas between. Without it, nobody asks who reads
    #[arg(long = "reader", value_name = "PATTERN[=via:SERVICE|=enclave]")]
    pub(crate) readers: Vec<String>,
    /// A role of Trailseal's own functions, which read log files, too; may be repeated, or hold several with commas between
    #[arg(long = "own-role", value_name = "ARN")]
    pub(crate) own_roles: Vec<String>,
    /// PCR0 of an enclave that may use KMS; may be repeated, or hold several with commas between. Without it, any
    #[arg(long = "enclave-image", value_name = "PCR0")]
    pub(crate) enclave_images: Vec<String>,
    /// A bucket that the trails deliver to; may be repeated, or hold several with commas between. Without it, the one of SOURCE; on disk those that the events name for log files
    #[arg(long = "bucket", value_name = "NAME")]
    pub(crate) buckets: Vec<String>,
    /// The account that must own the bucket
    #[arg(long, value_name = "ID")]
    pub(crate) bucket_owner: Option<String>,
    /// A replica, and the bucket that CloudTrail delivered to; may be repeated, or hold several with commas between
    #[arg(long = "alias", value_name = "ORIGINAL=REPLICA")]
    pub(crate) aliases: Vec<String>,
    /// Use this profile of the AWS configuration; it comes before keys in the environment
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Only log files that were delivered since: a date (2026-01-15), a time (2026-01-15T08:00:00Z), or how long ago (7d, 24h)
    #[arg(long, value_name = "TIME")]
    pub(crate) start_time: Option<String>,
    /// Only log files that were delivered before, as --start-time
    #[arg(long, value_name = "TIME")]
    pub(crate) end_time: Option<String>,
    /// Explain also what is valid, event by event
    #[arg(long)]
    pub(crate) all: bool,
    /// The most log files that are looked at together
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = options::concurrency)]
    pub(crate) concurrency: u16,
    /// How to print what was found
    #[arg(long, value_enum, ignore_case = true, default_value_t = KmsFormat::Text)]
    pub(crate) format: KmsFormat,
    /// Write to FILE, not to standard output
    #[arg(long, value_name = "FILE", value_parser = output_file())]
    pub(crate) output: Option<PathBuf>,
}

/// An output format of `trailseal kms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum KmsFormat {
    /// The events that a rule found something in, and a table of rules
    Text,
    /// One JSON object
    Json,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  trailseal keys --start-time 90d --output keys.json
  trailseal keys --region us-east-1 --region eu-west-1 --start-time 2025-01-01 --output keys.json

A Region that the account has not opted into refuses: it is named, and left out.

Exit codes: 0 saved, 2 some Region could not be asked, 64 wrong usage.")]
pub(crate) struct KeysArgs {
    /// Only this Region; may be repeated, or hold several with commas between. Without it, every Region that the account may use
    #[arg(long = "region", value_name = "REGION")]
    pub(crate) regions: Vec<String>,
    /// Use this profile of the AWS configuration; it comes before keys in the environment
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Begin: a date, a time, or how long ago (90d)
    #[arg(long, value_name = "TIME", default_value = "90d")]
    pub(crate) start_time: String,
    /// End; without it, now
    #[arg(long, value_name = "TIME")]
    pub(crate) end_time: Option<String>,
    /// Write to FILE, not to standard output
    #[arg(long, value_name = "FILE", value_parser = output_file())]
    pub(crate) output: Option<PathBuf>,
}
