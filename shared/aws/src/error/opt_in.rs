//! The Regions that an account has to opt into.

use trailseal::names::ids::Region;

/// The Regions of the partition `aws` that every account has. The list does not grow: since March
/// 2019, an account has to opt into each new Region.
/// <https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html>
const ALWAYS_ENABLED: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// Returns whether an account has to opt into a Region.
pub(super) fn is_opted_into(region: &str) -> bool {
    Region::new(region).is_ok_and(|region| region.partition() == "aws")
        && !ALWAYS_ENABLED.contains(&region)
}
