//! The roles of the functions: their own policies allow what the template gives them.

use super::remedies::deploy_again;
use crate::access::{AccessPolicy, AccessRequest, Truth};
use crate::command::aws;
use crate::parts::FunctionPart;
use crate::ports::RolePolicy;
use crate::report::{Check, Remedy};
use crate::stack::Stack;
use std::collections::BTreeSet;
use trailseal::names::object_key::{DIGEST_FOLDER, LOG_FOLDER, ROOT_FOLDER};
use trailseal::world::StoreError;

/// The managed policies of the stack, by what they let a role read.
const DIGESTS: &str = "DigestReadPolicy";
const LOG_FILES: &str = "LogReadPolicy";

/// Returns the check of a function's role.
pub(crate) fn role(
    stack: &Stack,
    part: &FunctionPart,
    name: &str,
    found: &Result<Option<Vec<RolePolicy>>, StoreError>,
) -> Check {
    const CHECK: &str = "role";
    let policies = match found {
        Ok(Some(policies)) => policies,
        Ok(None) => return Check::wrong(CHECK, name, "it does not exist", vec![deploy_again()]),
        Err(error) => {
            let actions = [
                "iam:ListAttachedRolePolicies",
                "iam:ListRolePolicies",
                "iam:GetRolePolicy",
                "iam:GetPolicy",
                "iam:GetPolicyVersion",
            ];
            return Check::unread(CHECK, name, error, &actions, "*");
        }
    };
    let mut read = Vec::new();
    for policy in policies {
        match AccessPolicy::of_identity(&policy.json) {
            Ok(policy) => read.push(policy),
            Err(problem) => {
                let detail = format!("the policy {}: {problem}", policy.name);
                return Check::cannot_tell(CHECK, name, detail);
            }
        }
    }
    let (mut missing, mut lacking, mut denied) = (Vec::new(), BTreeSet::new(), false);
    for (managed, request) in requests(stack, part, name) {
        let rulings = || read.iter().map(|policy| policy.ruling(&request));
        let is_denied = rulings().any(|ruling| ruling.denied == Truth::Yes);
        let is_allowed = rulings().any(|ruling| ruling.allowed != Truth::No);
        denied |= is_denied;
        if is_denied || !is_allowed {
            missing.push(format!("{} on {}", request.action, request.resource));
            lacking.insert(managed);
        }
    }
    if missing.is_empty() {
        return Check::ok(CHECK, name, "its policies allow what the function does");
    }
    let is_attached = |arn: &str| policies.iter().any(|policy| policy.name == arn);
    let detached = lacking.iter().filter_map(|id| stack.resource(id));
    let detached: Vec<&str> = detached.filter(|arn| !is_attached(arn)).collect();
    let commands = detached.iter().filter_map(|arn| {
        let words = [
            "iam",
            "attach-role-policy",
            "--role-name",
            name,
            "--policy-arn",
            arn,
        ];
        aws(&words, &stack.region)
    });
    let mut remedies: Vec<Remedy> = commands.collect();
    if remedies.len() < lacking.len() || denied {
        remedies.push(deploy_again());
    }
    let detail = format!("its policies do not allow {}", missing.join(", "));
    Check::wrong(CHECK, name, detail, remedies)
}

/// Returns what a function does with the log buckets and the keys, and the managed policy of the
/// stack that allows it.
fn requests(stack: &Stack, part: &FunctionPart, name: &str) -> Vec<(&'static str, AccessRequest)> {
    let owner = stack.bucket_owner();
    let (account, region) = (stack.account.as_str(), &stack.region);
    let of_role = |action, resource: String| {
        AccessRequest::of_role(&stack.role_arn(name), account, action, resource)
            .with("aws:ResourceAccount", owner.as_str())
    };
    let mut requests = Vec::new();
    let reads = [
        (part.reads_digests, DIGESTS, DIGEST_FOLDER),
        (part.reads_log_files, LOG_FILES, LOG_FOLDER),
    ];
    for (_, managed, folder) in reads.into_iter().filter(|(reads, ..)| *reads) {
        for bucket in stack.log_buckets() {
            let arn = stack.bucket_arn(&bucket);
            let object =
                format!("{arn}/{ROOT_FOLDER}/{account}/{folder}/{region}/2026/01/15/x.json.gz");
            requests.push((managed, of_role("s3:GetObject", object)));
            requests.push((managed, of_role("s3:ListBucket", arn)));
        }
        for key in stack.log_keys() {
            let via = format!("s3.{region}.amazonaws.com");
            let decrypt = of_role("kms:Decrypt", key).with("kms:ViaService", &via);
            requests.push((managed, decrypt));
        }
    }
    requests
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parts::FUNCTIONS;
    use crate::report::Status;
    use crate::stack::sample;
    use serde_json::json;

    const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    const ARN: &str = "arn:aws:iam::111122223333:policy/trailseal-DigestReadPolicy";

    fn stack() -> Stack {
        let mut stack = sample::stack(&[("KmsKeyArns", KEY)]);
        stack.resources.insert(DIGESTS.to_owned(), ARN.to_owned());
        stack
    }

    fn policy(name: &str, keys: &[&str]) -> RolePolicy {
        let owner = json!({"StringEquals": {"aws:ResourceAccount": "111122223333"}});
        let json = json!({"Statement": [
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::amzn-s3-demo-bucket/*/CloudTrail-Digest/*", "Condition": owner},
            {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::amzn-s3-demo-bucket", "Condition": owner},
            {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": keys, "Condition": {"StringLike": {"kms:ViaService": "s3.*"}}},
        ]});
        RolePolicy {
            name: name.to_owned(),
            json: json.to_string(),
        }
    }

    fn check(policies: Vec<RolePolicy>) -> Check {
        role(&stack(), &FUNCTIONS[0], "r", &Ok(Some(policies)))
    }

    #[test]
    fn the_policies_of_a_role_name_the_bucket_and_the_key() {
        assert_eq!(check(vec![policy(ARN, &[KEY])]).status, Status::Ok);
        let without = check(vec![policy(ARN, &[])]);
        assert_eq!(without.status, Status::Wrong);
        assert_eq!(
            without.detail,
            format!("its policies do not allow kms:Decrypt on {KEY}")
        );
        assert_eq!(without.remedies, [deploy_again()]);
    }

    #[test]
    fn a_detached_policy_is_attached_again() {
        let check = check(Vec::new());
        let expected = format!(
            "aws iam attach-role-policy --role-name r --policy-arn {ARN} --region us-east-1"
        );
        assert_eq!(check.remedies, [Remedy::Run(expected)]);
    }

    #[test]
    fn a_deny_is_not_mended_by_attaching() {
        let deny = json!({"Statement": {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}});
        let deny = RolePolicy {
            name: "stop".to_owned(),
            json: deny.to_string(),
        };
        let check = check(vec![policy(ARN, &[KEY]), deny]);
        assert_eq!(check.status, Status::Wrong);
        assert_eq!(check.remedies, [deploy_again()]);
    }
}
