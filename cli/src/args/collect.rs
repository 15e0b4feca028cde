//! The command line of `trailseal collect`.

use super::paths::output_file;
use super::selection::SelectionArgs;
use super::verify::{Format, VerifyArgs};
use crate::options;
use clap::Args;
use std::path::PathBuf;

const COLLECT_EXAMPLES: &str = "\
Examples:
  The last week of one account, for the responder
    trailseal collect s3://amzn-s3-demo-bucket --start-time 7d --account 111122223333 --into bundle

  The same, with a text report in a file
    trailseal collect s3://amzn-s3-demo-bucket --start-time 7d --account 111122223333 \\
        --into bundle --output report.txt

  Verify the bundle on a machine without AWS
    trailseal verify bundle --manifest-sha256 SHA256

The command prints the SHA-256 of the bundle's manifest. Write it down where nobody who can change the bundle can change it: it proves later that the bundle is the one that you collected.

Exit codes: as for `trailseal verify`: 0 all valid, 1 findings, 2 something could not be verified or collected, 64 wrong usage.";

#[derive(Debug, Args)]
#[command(after_help = COLLECT_EXAMPLES)]
pub(crate) struct CollectArgs {
    /// What to verify and collect: `s3://BUCKET`, a prefix in it, the folder of an account, Region or day, or one digest file or log file
    pub(crate) source: String,
    /// The directory to write the bundle to. It does not exist yet, or is empty
    #[arg(long, value_name = "DIR", value_parser = output_file())]
    pub(crate) into: PathBuf,
    #[command(flatten)]
    pub(crate) selection: SelectionArgs,
    /// Use this profile of the AWS configuration, and not access keys from environment variables
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// The maximum number of requests at the same time. Without this option, it is 512. The command starts with fewer, sends more while that makes it faster, and sends fewer if S3 slows requests down
    #[arg(long, value_name = "N", value_parser = options::concurrency)]
    pub(crate) concurrency: Option<u16>,
    /// The form of the report. The bundle also holds it, as JSON and as a web page
    #[arg(long, value_enum, ignore_case = true, default_value_t = Format::Text)]
    pub(crate) format: Format,
    /// Write the report to FILE instead of standard output
    #[arg(long, value_name = "FILE", value_parser = output_file())]
    pub(crate) output: Option<PathBuf>,
}

impl CollectArgs {
    /// Returns the command line of the verification that is collected.
    pub(crate) fn verification(&self) -> VerifyArgs {
        VerifyArgs {
            source: self.source.clone(),
            selection: self.selection.clone(),
            keys: None,
            signatures: None,
            profile: self.profile.clone(),
            complete: false,
            concurrency: self.concurrency,
            fixed_concurrency: false,
            manifest_sha256: None,
            resume: None,
            format: self.format,
            output: self.output.clone(),
        }
    }
}
