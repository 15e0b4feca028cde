//! The Regions that have digests: CloudTrail lists its public keys of each.

use crate::command::aws;
use crate::report::{Check, Remedy, grant};
use crate::stack::Stack;
use std::collections::BTreeMap;
use trailseal::names::ids::Region;
use trailseal::world::{Cause, StoreError};

/// The number of public keys by Region.
pub(crate) type KeysByRegion = BTreeMap<Region, Result<usize, StoreError>>;

const CHECK: &str = "public keys";

/// Returns the checks of all Regions.
pub(crate) fn regions(stack: &Stack, found: &KeysByRegion) -> Vec<Check> {
    // If the same identity may list the keys of another Region, its policies do not refuse this one:
    // the rules of the account do, and the functions get the same answer.
    let is_allowed = found.values().any(Result::is_ok);
    let checks = found.iter().map(|(region, found)| match found {
        Ok(0) => {
            let detail = "CloudTrail lists no public key of the last day: no digest of the Region can be verified";
            let steps = "ask AWS Support why ListPublicKeys has no key of the Region";
            Check::wrong(CHECK, region.as_str(), detail, vec![Remedy::Do(steps.to_owned())])
        }
        Ok(number) => Check::ok(CHECK, region.as_str(), format!("CloudTrail lists {number}")),
        Err(error) => unlisted(stack, region, error, is_allowed),
    });
    checks.collect()
}

fn unlisted(stack: &Stack, region: &Region, error: &StoreError, is_allowed: bool) -> Check {
    let has_pinned = stack.parameter("PinnedKeys").is_some();
    match &error.cause {
        Cause::RegionDisabled(_) | Cause::Denied(_) if has_pinned => {
            let detail = format!(
                "{error}. The functions use the pinned keys (PinnedKeys), if the file has those of this Region"
            );
            Check::ok(CHECK, region.as_str(), detail)
        }
        Cause::RegionDisabled(_) => {
            let words = ["account", "enable-region", "--region-name", region.as_str()];
            let enable = aws(&words, &stack.region);
            Check::wrong(CHECK, region.as_str(), error.to_string(), Vec::new())
                .with(enable)
                .with([pin()])
        }
        Cause::Denied(_) if is_allowed => {
            let detail = format!(
                "{error}. The same identity may list the keys of other Regions: something, such as a service control policy, denies this Region to the account of the functions"
            );
            let steps = "exempt cloudtrail:ListPublicKeys in the policy that denies the Region";
            Check::wrong(
                CHECK,
                region.as_str(),
                detail,
                vec![Remedy::Do(steps.to_owned()), pin()],
            )
        }
        Cause::Denied(_) => Check::cannot_tell(CHECK, region.as_str(), error.to_string())
            .with([grant(&["cloudtrail:ListPublicKeys"], "*")]),
        _ => Check::cannot_tell(CHECK, region.as_str(), error.to_string()),
    }
}

fn pin() -> Remedy {
    let steps = "or save the keys of the Region with an account that may list them (trailseal keys), and set the parameter PinnedKeys";
    Remedy::Do(steps.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Status;
    use crate::stack::sample;

    fn error(cause: Cause) -> Result<usize, StoreError> {
        Err(StoreError {
            action: "list CloudTrail's public keys in",
            subject: "eu-west-1".to_owned(),
            cause,
        })
    }

    /// Returns the status of `eu-west-1`, beside another Region.
    fn status(
        parameters: &[(&str, &str)],
        other: Result<usize, StoreError>,
        found: Result<usize, StoreError>,
    ) -> Status {
        let region = |name| Region::new(name).unwrap();
        let found = [(region("us-east-1"), other), (region("eu-west-1"), found)];
        let found = BTreeMap::from(found);
        regions(&sample::stack(parameters), &found)[0].status
    }

    #[test]
    fn a_region_that_is_denied_is_wrong_only_if_another_one_is_not() {
        let denied = || error(Cause::Denied("AccessDenied".to_owned()));
        let disabled = || error(Cause::RegionDisabled("OptInRequired".to_owned()));
        assert_eq!(status(&[], Ok(1), Ok(2)), Status::Ok);
        assert_eq!(status(&[], Ok(1), Ok(0)), Status::Wrong);
        assert_eq!(status(&[], Ok(1), denied()), Status::Wrong);
        assert_eq!(status(&[], denied(), denied()), Status::CannotTell);
        assert_eq!(status(&[], Ok(1), disabled()), Status::Wrong);
        let later = error(Cause::Unavailable("503".to_owned()));
        assert_eq!(status(&[], Ok(1), later), Status::CannotTell);
        let pinned = [("PinnedKeys", "s3://amzn-s3-demo-keys/keys.json")];
        assert_eq!(status(&pinned, Ok(1), disabled()), Status::Ok);
    }
}
