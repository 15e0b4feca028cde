//! The options that select what to verify in a source.

use clap::Args;
use serde::{Deserialize, Serialize};

/// The options that select what to verify in a source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SelectionArgs {
    /// Verify the time from here: a date (2026-01-15), a time (2026-01-15T08:00:00Z), or how long ago (7d, 24h). A digest file that is missing after this time is a finding. Without it, the time of the oldest digest file
    #[arg(long, value_name = "TIME")]
    pub(crate) start_time: Option<String>,
    /// Verify the time up to here, in the form of --start-time. Without it, now
    #[arg(long, value_name = "TIME")]
    pub(crate) end_time: Option<String>,
    /// Only this account. To give several, repeat the option or separate them with commas
    #[arg(long = "account", value_name = "ID")]
    pub(crate) accounts: Vec<String>,
    /// Only events of this Region. To give several, repeat the option or separate them with commas
    #[arg(long = "region", value_name = "REGION")]
    pub(crate) regions: Vec<String>,
    /// Only this trail, by name or ARN. To give several, repeat the option or separate them with commas
    #[arg(long = "trail", value_name = "NAME|ARN")]
    pub(crate) trails: Vec<String>,
    /// The account that must own the bucket
    #[arg(long, value_name = "ID")]
    pub(crate) bucket_owner: Option<String>,
    /// A bucket that CloudTrail delivers to, and the replica to read in its place. To give several, repeat the option or separate them with commas
    #[arg(long = "alias", value_name = "ORIGINAL=REPLICA")]
    pub(crate) aliases: Vec<String>,
    /// Also report log files that no digest lists, in every folder that CloudTrail delivers to. This covers all trails, because the name of a log file does not contain its trail
    #[arg(long, conflicts_with = "trails")]
    pub(crate) unlisted: bool,
    /// A trail that somebody ended on purpose, and when: `[ACCOUNT/][REGION/]TRAIL[@TIME]`, where TRAIL is a name or an ARN. It is not a finding that its digest files stop at that time. Without TIME, this applies only to a trail that does not continue anywhere. To give several, repeat the option or separate them with commas
    #[arg(long = "ended", value_name = "TRAIL[@TIME]")]
    pub(crate) ended: Vec<String>,
}

impl SelectionArgs {
    /// Returns the given options with their values.
    pub(crate) fn given(&self) -> Vec<(&'static str, &str)> {
        let mut given: Vec<_> = [
            ("--start-time", &self.start_time),
            ("--end-time", &self.end_time),
            ("--bucket-owner", &self.bucket_owner),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.as_deref()?)))
        .collect();
        for (name, values) in [
            ("--account", &self.accounts),
            ("--region", &self.regions),
            ("--trail", &self.trails),
            ("--alias", &self.aliases),
            ("--ended", &self.ended),
        ] {
            given.extend(values.iter().map(|value| (name, value.as_str())));
        }
        if self.unlisted {
            given.push(("--unlisted", ""));
        }
        given
    }
}
