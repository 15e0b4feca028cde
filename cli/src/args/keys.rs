//! The command line of `trailseal keys`.

use super::paths::output_file;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  trailseal keys --start-time 90d --output keys.json
  trailseal keys --region us-east-1 --region eu-west-1 --start-time 2025-01-01 --output keys.json

CloudTrail does not list the keys of a Region that is not enabled for the account. The command prints the name of such a Region and saves the keys of the others.

Exit codes: 0 saved, 2 the keys of some Region could not be listed, 64 wrong usage.")]
pub(crate) struct KeysArgs {
    /// Only this Region. To give several, repeat the option or separate them with commas. Without it, every Region that is enabled for the account
    #[arg(long = "region", value_name = "REGION")]
    pub(crate) regions: Vec<String>,
    /// Use this profile of the AWS configuration, and not access keys from environment variables
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Save keys that were valid after this time: a date, a time, or how long ago (90d)
    #[arg(long, value_name = "TIME", default_value = "90d")]
    pub(crate) start_time: String,
    /// Save keys that were valid before this time. Without it, now
    #[arg(long, value_name = "TIME")]
    pub(crate) end_time: Option<String>,
    /// Write to FILE instead of standard output
    #[arg(long, value_name = "FILE", value_parser = output_file())]
    pub(crate) output: Option<PathBuf>,
}
