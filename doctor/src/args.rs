//! The command line.

use clap::{Parser, ValueEnum};

/// How the checks are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DoctorFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Check a deployed stack and its log buckets, and print what mends each thing that is wrong.
#[derive(Debug, Parser)]
#[command(
    name = "trailseal-doctor",
    bin_name = "trailseal doctor",
    version,
    after_help = "\
Examples:
  trailseal doctor --stack trailseal
  trailseal doctor --stack trailseal --region us-east-1 --format json

The command only reads. docs/doctor.md lists the permissions that it needs.

Exit codes: 0 everything is ok, 1 something is wrong, 2 something could not be read and nothing else is wrong, 64 wrong usage."
)]
pub(crate) struct DoctorArgs {
    /// The name of the stack
    #[arg(long, value_name = "NAME", value_parser = stack_name)]
    pub(crate) stack: String,
    /// The Region of the stack. Without it, the configured one
    #[arg(long, value_name = "REGION", value_parser = region)]
    pub(crate) region: Option<String>,
    /// How to print the checks
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: DoctorFormat,
    /// Use this profile of the AWS configuration, and not access keys from environment variables
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
}

/// "A stack name can contain only alphanumeric characters (case sensitive) and hyphens. It must
/// start with an alphabetical character and cannot be longer than 128 characters."
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html>
fn stack_name(text: &str) -> Result<String, String> {
    let is_name = (1..=128).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if is_name {
        Ok(text.to_owned())
    } else {
        Err("it must be the name of a stack: letters, digits and hyphens".to_owned())
    }
}

fn region(text: &str) -> Result<String, String> {
    trailseal::names::ids::Region::new(text)
        .map(|region| region.to_string())
        .map_err(|error| error.to_string())
}
