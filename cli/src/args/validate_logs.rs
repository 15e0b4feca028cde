//! The command line of `trailseal validate-logs`: the AWS CLI's flags.

use clap::Args;

#[derive(Debug, Args)]
#[command(
    args_override_self = true,
    infer_long_args = true,
    after_help = "\
Examples:
  trailseal validate-logs --trail-arn arn:aws:cloudtrail:us-east-1:111122223333:trail/management-events \\
      --start-time 2026-01-15T00:00:00Z --verbose

Exit codes, as in the AWS CLI: 0 all valid, 1 something is invalid, 255 something could not be verified or the command failed, 2 options are missing."
)]
pub(crate) struct ValidateLogsArgs {
    /// The trail's ARN
    #[arg(long, value_name = "ARN")]
    pub(crate) trail_arn: String,
    /// Validate log files after this time, in UTC: a date or a time (2026-01-15T08:00:00Z)
    #[arg(long, value_name = "TIME")]
    pub(crate) start_time: String,
    /// Validate log files before this time, in the form of --start-time. Without it, now
    #[arg(long, value_name = "TIME")]
    pub(crate) end_time: Option<String>,
    /// The bucket that contains the digest files. Without it, the bucket that the trail delivers to now
    #[arg(long, value_name = "BUCKET")]
    pub(crate) s3_bucket: Option<String>,
    /// The prefix of the digest files in that bucket
    #[arg(long, value_name = "PREFIX")]
    pub(crate) s3_prefix: Option<String>,
    /// For an organization trail, the account whose log files to validate
    #[arg(long, value_name = "ID")]
    pub(crate) account_id: Option<String>,
    /// Print a line for valid files, too
    #[arg(long)]
    pub(crate) verbose: bool,
    /// The Region whose log files to validate. Without it, the trail's home Region
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// Use this profile of the AWS configuration, and not access keys from environment variables
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// The URL to send CloudTrail requests to
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
                "--no-sign-request is not supported: CloudTrail lists its public keys only for signed requests",
            ),
            (
                self.ca_bundle.is_some(),
                "--ca-bundle is not supported: add the certificate to the trusted certificates of the operating system",
            ),
            (
                self.cli_auto_prompt,
                "--cli-auto-prompt is not supported: give all options on the command line",
            ),
        ];
        flags
            .into_iter()
            .find_map(|(given, why)| given.then_some(why))
    }
}
