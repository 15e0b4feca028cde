//! The trails: CloudTrail delivers their log files and digests to the log buckets.

use crate::command::aws;
use crate::report::{Check, Remedy};
use crate::stack::Stack;
use jiff::Timestamp;
use std::collections::BTreeSet;
use trailseal::check::guard::ExpectedTrails;
use trailseal::finding::guard::GuardCondition;
use trailseal::names::ids::{AccountId, TrailArn};
use trailseal::names::object_key::ROOT_FOLDER;
use trailseal::names::region_folder::RegionFolder;
use trailseal::world::{StoreError, TrailStatus};

const CHECK: &str = "trail";

/// Returns the check for a stack that accepts any trail.
pub(crate) fn none_configured(stack: &Stack) -> Check {
    let detail = "the parameter TrailArns is empty: a trail that is stopped is not found before its chains are overdue";
    let steps =
        "set TrailArns to the trails that deliver to the log buckets, and deploy the stack again";
    Check::cannot_tell(CHECK, &stack.name, detail).with([Remedy::Do(steps.to_owned())])
}

/// Returns the checks of a trail. `folders` are those that the log buckets have.
pub(crate) fn trail(
    stack: &Stack,
    trail: &TrailArn,
    found: &Result<Option<TrailStatus>, StoreError>,
    folders: &[RegionFolder],
    now: Timestamp,
) -> Vec<Check> {
    let arn = trail.to_string();
    let status = match found {
        Ok(status) => status,
        Err(error) => {
            let actions = ["cloudtrail:GetTrail", "cloudtrail:GetTrailStatus"];
            let unread = Check::unread(CHECK, &arn, error, &actions, &arn);
            if trail.account == stack.account {
                return vec![unread];
            }
            let steps = format!(
                "run the command again with credentials of the account {}",
                trail.account
            );
            return vec![unread.with([Remedy::Do(steps)])];
        }
    };
    let places = stack.places();
    let ended = stack.ended();
    let expected = ExpectedTrails {
        places: &places,
        now,
        overdue: stack.overdue(),
        ended: &ended,
    };
    if ended.iter().any(|end| end.names_trail(trail)) {
        return vec![Check::ok(
            CHECK,
            &arn,
            "it was ended on purpose (EndedTrails)",
        )];
    }
    let answer = expected.answer(trail, Ok(status.clone())).condition;
    let wrong = match answer {
        Ok(Some(GuardCondition::TrailOff { state, .. })) => Some(state),
        _ => None,
    };
    let Some(status) = status else {
        let steps = "correct the parameter TrailArns, or create the trail";
        let remedies = vec![Remedy::Do(steps.to_owned())];
        return vec![Check::wrong(
            CHECK,
            &arn,
            wrong.unwrap_or_default(),
            remedies,
        )];
    };
    let mut checks = vec![match wrong {
        Some(state) => Check::wrong(CHECK, &arn, state, remedies(trail, status)),
        None => Check::ok(CHECK, &arn, delivers(status)),
    }];
    checks.extend(organization(&arn, status, folders));
    checks.extend(history_folders(stack, &arn, status));
    checks
}

fn delivers(status: &TrailStatus) -> String {
    match status.newest_digest {
        Some(newest) => format!("it logs, and CloudTrail delivered its newest digest at {newest}"),
        None => "it logs, and CloudTrail has not delivered a digest yet".to_owned(),
    }
}

fn remedies(trail: &TrailArn, status: &TrailStatus) -> Vec<Remedy> {
    let arn = trail.to_string();
    let mut remedies = Vec::new();
    if !status.is_logging {
        let words = ["cloudtrail", "start-logging", "--name", &arn];
        remedies.extend(aws(&words, &trail.home_region));
    }
    if !status.is_validated {
        let words = [
            "cloudtrail",
            "update-trail",
            "--name",
            &arn,
            "--enable-log-file-validation",
        ];
        remedies.extend(aws(&words, &trail.home_region));
    }
    if status.log_file_error.is_some() || status.digest_error.is_some() {
        let steps = "let CloudTrail write to the bucket: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html";
        remedies.push(Remedy::Do(steps.to_owned()));
    }
    if remedies.is_empty() {
        let steps = "check the bucket that the trail delivers to (aws cloudtrail get-trail) and the parameter LogBuckets";
        remedies.push(Remedy::Do(steps.to_owned()));
    }
    remedies
}

/// The digests of an organization trail are in folders of the organization, one an account. What
/// the stack needs does not depend on it: it reads everything in the log buckets, and calls no API
/// of AWS Organizations.
fn organization(arn: &str, status: &TrailStatus, folders: &[RegionFolder]) -> Option<Check> {
    const CHECK: &str = "organization";
    if !status.is_of_organization {
        return None;
    }
    let of_organization = folders.iter().filter(|it| it.folder.organization.is_some());
    let accounts: BTreeSet<&AccountId> = of_organization.map(|it| &it.folder.account).collect();
    Some(if accounts.is_empty() {
        let detail = "it is an organization trail, and the log buckets have no folder of an organization yet";
        Check::cannot_tell(CHECK, arn, detail)
    } else {
        let detail = format!(
            "it is an organization trail: the log buckets have files of {} accounts",
            accounts.len()
        );
        Check::ok(CHECK, arn, detail)
    })
}

/// The history looks only in the folders that a parameter names.
fn history_folders(stack: &Stack, arn: &str, status: &TrailStatus) -> Option<Check> {
    const CHECK: &str = "history folders";
    let prefix = status.prefix.as_deref()?.trim_matches('/');
    if stack.number("ReverifyDays", 30) == 0 {
        return None;
    }
    let wanted = format!("{prefix}/{ROOT_FOLDER}/");
    let folders = stack.list("HistoryFolders");
    Some(
        if folders.iter().any(|folder| folder.starts_with(&wanted)) {
            Check::ok(CHECK, arn, format!("the history looks in {wanted}"))
        } else {
            let detail = format!(
                "the trail's files are in {wanted}, where the history does not look: they are not verified again"
            );
            let steps =
                format!("add {wanted} to the parameter HistoryFolders, and deploy the stack again");
            Check::wrong(CHECK, arn, detail, vec![Remedy::Do(steps)])
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Status;
    use crate::stack::sample;
    use trailseal::names::ids::{OrganizationId, Region};
    use trailseal::names::object_key::AccountFolder;
    use trailseal::world::Cause;

    const ARN: &str = "arn:aws:cloudtrail:us-east-1:444455556666:trail/management-events";

    fn healthy() -> TrailStatus {
        TrailStatus {
            is_logging: true,
            is_validated: true,
            bucket: Some("amzn-s3-demo-bucket".to_owned()),
            newest_digest: Some("2026-01-15T11:30:00Z".parse().unwrap()),
            ..TrailStatus::default()
        }
    }

    fn checks(
        parameters: &[(&str, &str)],
        status: TrailStatus,
        folders: &[RegionFolder],
    ) -> Vec<Check> {
        let arn = TrailArn::parse(ARN).unwrap();
        let now = "2026-01-15T12:00:00Z".parse().unwrap();
        trail(
            &sample::stack(parameters),
            &arn,
            &Ok(Some(status)),
            folders,
            now,
        )
    }

    #[test]
    fn a_trail_that_does_not_deliver_has_its_command() {
        assert_eq!(checks(&[], healthy(), &[])[0].status, Status::Ok);
        let stopped = TrailStatus {
            is_logging: false,
            ..healthy()
        };
        let check = &checks(&[], stopped.clone(), &[])[0];
        assert_eq!(check.status, Status::Wrong);
        let expected = format!("aws cloudtrail start-logging --name {ARN} --region us-east-1");
        assert_eq!(check.remedies, [Remedy::Run(expected)]);
        let ended = checks(&[("EndedTrails", ARN)], stopped, &[]);
        assert_eq!(ended[0].status, Status::Ok);
        let elsewhere = TrailStatus {
            bucket: Some("amzn-s3-demo-other".to_owned()),
            ..healthy()
        };
        assert_eq!(checks(&[], elsewhere, &[])[0].status, Status::Wrong);
    }

    #[test]
    fn a_trail_of_another_account_that_may_not_be_read_cannot_tell() {
        let arn = TrailArn::parse(ARN).unwrap();
        let error = StoreError {
            action: "read the status of the trail",
            subject: ARN.to_owned(),
            cause: Cause::Denied("AccessDenied".to_owned()),
        };
        let found = trail(
            &sample::stack(&[]),
            &arn,
            &Err(error),
            &[],
            Timestamp::UNIX_EPOCH,
        );
        assert_eq!(found[0].status, Status::CannotTell);
        assert!(matches!(found[0].remedies.last(), Some(Remedy::Do(_))));
    }

    #[test]
    fn the_accounts_of_an_organization_trail_are_counted() {
        let of_organization = TrailStatus {
            is_of_organization: true,
            ..healthy()
        };
        let status =
            |folders: &[RegionFolder]| checks(&[], of_organization.clone(), folders)[1].clone();
        assert_eq!(status(&[]).status, Status::CannotTell);
        let folder = RegionFolder {
            bucket: "amzn-s3-demo-bucket".to_owned(),
            folder: AccountFolder {
                prefix: None,
                organization: Some(OrganizationId::new("o-exampleorgid").unwrap()),
                account: AccountId::new("444455556666").unwrap(),
            },
            region: Region::new("us-east-1").unwrap(),
        };
        assert_eq!(status(std::slice::from_ref(&folder)).status, Status::Ok);
    }

    #[test]
    fn the_history_looks_in_the_folder_of_the_trail() {
        let prefixed = TrailStatus {
            prefix: Some("p/q".to_owned()),
            ..healthy()
        };
        for (parameters, expected) in [
            (&[][..], Some(Status::Wrong)),
            (
                &[("HistoryFolders", "AWSLogs/,p/q/AWSLogs/")],
                Some(Status::Ok),
            ),
            (&[("HistoryFolders", "q/AWSLogs/")], Some(Status::Wrong)),
            (&[("ReverifyDays", "0")], None),
        ] {
            let found = checks(parameters, prefixed.clone(), &[]);
            assert_eq!(found.get(1).map(|it| it.status), expected, "{parameters:?}");
        }
    }
}
