//! The command line of `trailseal baseline`.

use super::paths::{input_file, output_file};
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  trailseal verify s3://amzn-s3-demo-bucket --format json --output report.json
  trailseal baseline report.json --reviewer 'Jane Doe' --reason 'Known gaps of 2024, ticket 4711' --output baseline.json
  aws s3 cp baseline.json s3://EVIDENCE-BUCKET/config/baseline.json

Read the findings before you store the file: nobody is alerted about them again, until they are found in a worse or another form.

Exit codes: 0 written, 2 the report is not complete, 64 wrong usage.")]
pub(crate) struct BaselineArgs {
    /// A report of `trailseal verify --format json`
    #[arg(value_name = "REPORT", value_parser = input_file())]
    pub(crate) report: PathBuf,
    /// Who has reviewed the findings
    #[arg(long, value_name = "NAME")]
    pub(crate) reviewer: String,
    /// Why nobody needs an alert about them
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// Only findings of this kind, such as digest-missing. To give several, repeat the option or separate them with commas
    #[arg(long = "kind", value_name = "KIND")]
    pub(crate) kinds: Vec<String>,
    /// Also keep the findings of this baseline, with their own reviewers and reasons
    #[arg(long, value_name = "FILE", value_parser = input_file())]
    pub(crate) add_to: Option<PathBuf>,
    /// Write to FILE instead of standard output
    #[arg(long, value_name = "FILE", value_parser = output_file())]
    pub(crate) output: Option<PathBuf>,
}
