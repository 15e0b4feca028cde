//! The command line of `trailseal keys`.

use super::paths::output_file;
use clap::Args;
use std::path::PathBuf;

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
