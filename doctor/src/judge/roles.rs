//! The roles of the functions: their own policies allow what the template gives them, and no
//! permissions boundary takes it away.
//!
//! "An explicit deny in any of these policies overrides the allow", and what the boundary does not
//! allow is denied:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html>

use super::buckets::SETTINGS;
use super::remedies::deploy_again;
use crate::access::{AccessPolicy, AccessRequest, Truth};
use crate::command::aws;
use crate::parts::FunctionPart;
use crate::ports::{RoleFacts, RolePolicy};
use crate::report::{Check, Remedy};
use crate::stack::Stack;
use std::collections::BTreeSet;
use trailseal::names::object_key::{DIGEST_FOLDER, LOG_FOLDER, ROOT_FOLDER};
use trailseal::world::StoreError;

/// The managed policies of the stack, by what they let a role read.
const DIGESTS: &str = "DigestReadPolicy";
const LOG_FILES: &str = "LogReadPolicy";

/// The role's own policy, which the template has within the role.
const OWN: &str = "own-resources";

const CHECK: &str = "role";

/// Returns the check of a function's role.
pub(crate) fn role(
    stack: &Stack,
    part: &FunctionPart,
    name: &str,
    found: &Result<Option<RoleFacts>, StoreError>,
) -> Check {
    let RoleFacts { policies, boundary } = match found {
        Ok(Some(facts)) => facts,
        Ok(None) => return Check::wrong(CHECK, name, "it does not exist", vec![deploy_again()]),
        Err(error) => {
            let actions = [
                "iam:GetRole",
                "iam:ListAttachedRolePolicies",
                "iam:ListRolePolicies",
                "iam:GetRolePolicy",
                "iam:GetPolicy",
                "iam:GetPolicyVersion",
            ];
            return Check::unread(CHECK, name, error, &actions, "*");
        }
    };
    let requests = requests(stack, part, name);
    match of_policies(stack, name, policies, &requests) {
        Ok(()) => {}
        Err(check) => return *check,
    }
    let Some(boundary) = boundary else {
        return Check::ok(CHECK, name, "its policies allow what the function does");
    };
    of_boundary(stack, name, boundary, &requests)
}

/// Reads a policy. If it cannot be read, nothing can be said.
fn read(name: &str, policy: &RolePolicy) -> Result<AccessPolicy, Box<Check>> {
    AccessPolicy::of_identity(&policy.json).map_err(|problem| {
        let detail = format!("the policy {}: {problem}", policy.name);
        Box::new(Check::cannot_tell(CHECK, name, detail))
    })
}

/// Returns the check of the boundary.
fn of_boundary(
    stack: &Stack,
    name: &str,
    boundary: &RolePolicy,
    requests: &[(&'static str, AccessRequest)],
) -> Check {
    let policy = match read(name, boundary) {
        Ok(policy) => policy,
        Err(check) => return *check,
    };
    let rulings = requests
        .iter()
        .map(|(_, request)| (request, policy.ruling(request)));
    let refused = rulings.filter(|(_, it)| it.denied == Truth::Yes || it.allowed == Truth::No);
    let refused: Vec<String> = refused.map(|(request, _)| described(request)).collect();
    let arn = &boundary.name;
    if refused.is_empty() {
        let detail =
            format!("its policies and its permissions boundary {arn} allow what the function does");
        return Check::ok(CHECK, name, detail);
    }
    let detail = format!(
        "its permissions boundary {arn} does not allow {}",
        refused.join(", ")
    );
    let delete = [
        "iam",
        "delete-role-permissions-boundary",
        "--role-name",
        name,
    ];
    let mut remedies = vec![Remedy::Do(
        "if your organization requires this boundary, allow these actions in it; otherwise remove it from the role, to which the template gives none".to_owned(),
    )];
    remedies.extend(aws(&delete, &stack.region));
    Check::wrong(CHECK, name, detail, remedies)
}

fn described(request: &AccessRequest) -> String {
    format!("{} on {}", request.action, request.resource)
}

/// Fails with the check of the policies, unless they allow the requests.
fn of_policies(
    stack: &Stack,
    name: &str,
    policies: &[RolePolicy],
    requests: &[(&'static str, AccessRequest)],
) -> Result<(), Box<Check>> {
    let policies_read = policies.iter().map(|policy| read(name, policy));
    let policies_read: Vec<AccessPolicy> = policies_read.collect::<Result<_, _>>()?;
    let (mut missing, mut lacking, mut denied) = (Vec::new(), BTreeSet::new(), false);
    for (managed, request) in requests {
        let rulings = || policies_read.iter().map(|policy| policy.ruling(request));
        let is_denied = rulings().any(|ruling| ruling.denied == Truth::Yes);
        let is_allowed = rulings().any(|ruling| ruling.allowed != Truth::No);
        denied |= is_denied;
        if is_denied || !is_allowed {
            missing.push(described(request));
            lacking.insert(*managed);
        }
    }
    if missing.is_empty() {
        return Ok(());
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
    Err(Box::new(Check::wrong(CHECK, name, detail, remedies)))
}

/// Returns what a function does with its queue, the log buckets and the keys, and the policy that
/// allows it.
fn requests(stack: &Stack, part: &FunctionPart, name: &str) -> Vec<(&'static str, AccessRequest)> {
    let owner = stack.bucket_owner();
    let (account, region) = (stack.account.as_str(), &stack.region);
    let of_role = |action, resource: String| {
        AccessRequest::of_role(&stack.role_arn(name), account, action, resource)
            .with("aws:ResourceAccount", owner.as_str())
    };
    let queue = stack.queue_arn(stack.resource(part.queue).unwrap_or_default());
    let receive = of_role("sqs:ReceiveMessage", queue).with("aws:ResourceAccount", account);
    let mut requests = vec![(OWN, receive)];
    if part.reads_settings {
        for bucket in stack.log_buckets() {
            let arn = stack.bucket_arn(&bucket);
            requests.extend(SETTINGS.map(|action| (OWN, of_role(action, arn.clone()))));
        }
    }
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
        of_json(name, &json)
    }

    fn of_json(name: &str, json: &serde_json::Value) -> RolePolicy {
        RolePolicy {
            name: name.to_owned(),
            json: json.to_string(),
        }
    }

    fn own(queue: &str) -> RolePolicy {
        let arn = format!("arn:aws:sqs:us-east-1:111122223333:trailseal-{queue}");
        let statement = json!({"Effect": "Allow", "Action": "sqs:ReceiveMessage", "Resource": arn});
        of_json(OWN, &json!({"Statement": statement}))
    }

    fn check_with(policies: Vec<RolePolicy>, boundary: Option<RolePolicy>) -> Check {
        let facts = RoleFacts { policies, boundary };
        role(&stack(), &FUNCTIONS[0], "r", &Ok(Some(facts)))
    }

    fn check(mut policies: Vec<RolePolicy>) -> Check {
        policies.push(own("DigestValidatorQueue"));
        check_with(policies, None)
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
        let deny = of_json("stop", &deny);
        let check = check(vec![policy(ARN, &[KEY]), deny]);
        assert_eq!(check.status, Status::Wrong);
        assert_eq!(check.remedies, [deploy_again()]);
    }

    #[test]
    fn a_role_that_may_not_read_its_queue_is_deployed_again() {
        let check = check_with(vec![policy(ARN, &[KEY]), own("FindingsQueue")], None);
        assert_eq!(check.status, Status::Wrong);
        assert!(check.detail.contains("sqs:ReceiveMessage"), "{check:?}");
        assert_eq!(check.remedies, [deploy_again()]);
    }

    #[test]
    fn a_boundary_takes_away_what_it_does_not_allow() {
        const BOUNDARY: &str = "arn:aws:iam::111122223333:policy/boundary";
        let with = |statement: serde_json::Value| {
            let policies = vec![policy(ARN, &[KEY]), own("DigestValidatorQueue")];
            let boundary = of_json(BOUNDARY, &json!({"Statement": statement}));
            check_with(policies, Some(boundary))
        };
        let everything = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
        let open = with(everything.clone());
        assert_eq!(open.status, Status::Ok);
        assert!(open.detail.contains(BOUNDARY), "{open:?}");
        let narrow = with(json!({"Effect": "Allow", "Action": ["s3:*", "sqs:*"], "Resource": "*"}));
        assert_eq!(narrow.status, Status::Wrong);
        assert_eq!(
            narrow.detail,
            format!("its permissions boundary {BOUNDARY} does not allow kms:Decrypt on {KEY}")
        );
        let command =
            "aws iam delete-role-permissions-boundary --role-name r --region us-east-1".to_owned();
        assert_eq!(narrow.remedies.last(), Some(&Remedy::Run(command)));
        let deny = json!({"Effect": "Deny", "Action": "sqs:*", "Resource": "*"});
        assert_eq!(with(json!([everything, deny])).status, Status::Wrong);
        assert_eq!(with(json!("no statement")).status, Status::CannotTell);
    }
}
