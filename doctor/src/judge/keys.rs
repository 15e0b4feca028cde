//! The KMS keys: they can be used, and their policies let the functions decrypt log files.

use super::remedies::or_do;
use crate::access::{AccessPolicy, AccessRequest, Truth};
use crate::command::{add_to_key_policy, aws};
use crate::parts::FUNCTIONS;
use crate::report::{Check, Remedy};
use crate::stack::Stack;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use trailseal::names::ids::Region;
use trailseal::world::{KeyDescription, StoreError};

/// What the functions do with the key of the log files. The README has the same statement.
const NEEDED: [&str; 3] = ["kms:Decrypt", "kms:DescribeKey", "kms:GetKeyPolicy"];

/// The function that reads the description and the policy of the keys.
const DESCRIBES: &str = "KmsContextChecker";

/// Returns the check whether a key can be used.
pub(crate) fn state(stack: &Stack, key: &str, found: &Result<KeyDescription, StoreError>) -> Check {
    const CHECK: &str = "KMS key";
    let region = region_of(stack, key);
    let found = match found {
        Ok(found) => found,
        Err(error) => return Check::unread(CHECK, key, error, &["kms:DescribeKey"], key),
    };
    // Both calls are for the account of the key only.
    let id = key.rsplit('/').next().unwrap_or_default();
    let command = |action: &str| aws(&["kms", action, "--key-id", id], &region);
    match found.state.as_str() {
        "Enabled" | "Updating" => Check::ok(CHECK, key, format!("its state is {}", found.state)),
        "Disabled" => Check::wrong(
            CHECK,
            key,
            "it is disabled",
            or_do(command("enable-key"), "enable the key"),
        ),
        // The state is Disabled after that.
        "PendingDeletion" => {
            let remedies = or_do(command("cancel-key-deletion"), "cancel the deletion");
            let enable = command("enable-key");
            Check::wrong(CHECK, key, "it is about to be deleted", remedies).with(enable)
        }
        state => {
            let steps = "find out why the key cannot be used: https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html";
            let detail = format!("its state is {state}");
            Check::wrong(CHECK, key, detail, vec![Remedy::Do(steps.to_owned())])
        }
    }
}

/// Returns the check whether the policy of a key of the log files lets the functions use it.
pub(crate) fn policy(stack: &Stack, key: &str, found: &Result<String, StoreError>) -> Check {
    const CHECK: &str = "key policy";
    let is_own = key.split(':').nth(4) == Some(stack.account.as_str());
    let json = match found {
        Ok(json) => json,
        Err(error) => {
            let unread = Check::unread(CHECK, key, error, &["kms:GetKeyPolicy"], key);
            return if is_own {
                unread
            } else {
                let statement = statement(stack, "Trailseal").to_string();
                let steps = "KMS shows the policy of a key to its own account only: check there that it has this statement";
                Check::cannot_tell(CHECK, key, error.to_string())
                    .with([Remedy::Do(steps.to_owned()), Remedy::Statement(statement)])
            };
        }
    };
    let policy = match AccessPolicy::of_resource(json) {
        Ok(policy) => policy,
        Err(problem) => return Check::cannot_tell(CHECK, key, problem),
    };
    let (mut refused, mut deniers, mut possibly) =
        (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for (role, request) in requests(stack, key) {
        let ruling = policy.ruling(&request);
        match (ruling.denied, ruling.allowed) {
            (Truth::Yes, _) => deniers.extend(ruling.deniers),
            (_, Truth::No) => {
                refused.insert(role);
            }
            (Truth::Unknown, _) | (_, Truth::Unknown) => {
                possibly.insert(role);
            }
            (Truth::No, Truth::Yes) => {}
        }
    }
    let joined = |names: BTreeSet<String>| names.into_iter().collect::<Vec<_>>().join(", ");
    if !deniers.is_empty() {
        let names = joined(deniers);
        let steps = format!(
            "add this condition to the statements {names}: {}",
            json!({"ArnNotLike": {"aws:PrincipalArn": stack.roles_pattern()}})
        );
        let detail = format!("statements deny what the functions do with the key: {names}");
        return Check::wrong(CHECK, key, detail, vec![Remedy::Do(steps)]);
    }
    if !refused.is_empty() {
        let statement = statement(stack, &policy.free_sid("Trailseal"));
        let detail = format!(
            "it does not let these roles use the key: {}",
            joined(refused)
        );
        let command = add_to_key_policy(key, &statement, &region_of(stack, key));
        let remedies = vec![Remedy::Statement(statement.to_string())];
        return Check::wrong(CHECK, key, detail, remedies).with(command);
    }
    if !possibly.is_empty() {
        let detail = format!(
            "whether it lets these roles use the key depends on conditions that are not known here: {}",
            joined(possibly)
        );
        return Check::cannot_tell(CHECK, key, detail);
    }
    Check::ok(CHECK, key, "it lets the functions decrypt log files")
}

/// Returns what the functions do with a key of the log files, by role.
fn requests(stack: &Stack, key: &str) -> Vec<(String, AccessRequest)> {
    let account = stack.account.as_str();
    // Every role that the stack gives kms:Decrypt; watchdog reads digests only, which CloudTrail
    // encrypts with SSE-S3.
    let roles = FUNCTIONS
        .iter()
        .filter(|part| (part.reads_log_files || part.reads_digests) && part.function != "Watchdog");
    let mut requests = Vec::new();
    for part in roles {
        let Some(name) = stack.resource(part.role) else {
            continue;
        };
        let role = stack.role_arn(name);
        let request = |action| AccessRequest::of_role(&role, account, action, key);
        let via = format!("s3.{}.amazonaws.com", stack.region);
        let decrypt = request("kms:Decrypt").with("kms:ViaService", &via);
        requests.push((name.to_owned(), decrypt));
        if part.function == DESCRIBES {
            requests.push((name.to_owned(), request("kms:DescribeKey")));
            requests.push((name.to_owned(), request("kms:GetKeyPolicy")));
        }
    }
    requests
}

/// Returns the statement that lets the functions use a key. It does not name the roles as
/// principals: KMS would store their IDs, and roles of the same names that are created later have
/// other ones.
fn statement(stack: &Stack, sid: &str) -> Value {
    json!({
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"AWS": stack.root_arn()},
        "Action": NEEDED,
        "Resource": "*",
        "Condition": {"ArnLike": {"aws:PrincipalArn": stack.roles_pattern()}},
    })
}

/// Returns the Region of a key: the one that its ARN names.
fn region_of(stack: &Stack, key: &str) -> Region {
    let region = key.split(':').nth(3);
    region
        .and_then(|region| Region::new(region).ok())
        .unwrap_or_else(|| stack.region.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Status;
    use crate::stack::sample;
    use trailseal::world::Cause;

    const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

    #[expect(
        clippy::needless_pass_by_value,
        reason = "it is written in place, with json!"
    )]
    fn check(statements: Value) -> Check {
        let json = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
        policy(&sample::stack(&[]), KEY, &Ok(json))
    }

    fn cloudtrail() -> Value {
        json!({"Sid": "Trailseal", "Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "kms:GenerateDataKey*", "Resource": "*"})
    }

    #[test]
    fn the_statement_that_is_printed_mends_the_policy() {
        let wrong = check(json!([cloudtrail()]));
        assert_eq!(wrong.status, Status::Wrong);
        let Some(Remedy::Statement(statement)) = wrong.remedies.first() else {
            panic!("{wrong:?}");
        };
        let statement: Value = serde_json::from_str(statement).unwrap();
        assert_eq!(statement["Sid"], "Trailseal2");
        assert_eq!(check(json!([cloudtrail(), statement])).status, Status::Ok);
    }

    #[test]
    fn who_may_use_the_key() {
        let allow = |elements: Value| {
            let mut statement = json!({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "kms:*", "Resource": "*"});
            for (name, value) in elements.as_object().unwrap() {
                statement[name] = value.clone();
            }
            statement
        };
        for (elements, expected) in [
            (json!({}), Status::Ok),
            (
                json!({"Principal": {"AWS": "arn:aws:iam::444455556666:root"}}),
                Status::Wrong,
            ),
            (json!({"Action": "kms:Decrypt"}), Status::Wrong),
            (
                json!({"Action": ["kms:Decrypt", "kms:DescribeKey", "kms:GetKeyPolicy"]}),
                Status::Ok,
            ),
            (
                json!({"Condition": {"ArnLike": {"aws:PrincipalArn": "*-log-verifier"}}}),
                Status::Wrong,
            ),
            (
                json!({"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-exampleorgid"}}}),
                Status::CannotTell,
            ),
        ] {
            assert_eq!(
                check(json!([allow(elements.clone())])).status,
                expected,
                "{elements}"
            );
        }
        let deny = json!({"Sid": "No", "Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"});
        let denied = check(json!([allow(json!({})), deny]));
        assert_eq!(denied.status, Status::Wrong);
        assert!(denied.detail.ends_with(": No"), "{}", denied.detail);
    }

    #[test]
    fn the_policy_of_a_key_of_another_account_is_shown_there() {
        let key = KEY.replace("111122223333", "444455556666");
        let error = StoreError {
            action: "read the policy of the KMS key",
            subject: key.clone(),
            cause: Cause::Denied("no".to_owned()),
        };
        let check = policy(&sample::stack(&[]), &key, &Err(error));
        assert_eq!(check.status, Status::CannotTell);
        assert!(matches!(check.remedies.last(), Some(Remedy::Statement(_))));
    }

    #[test]
    fn the_state_of_a_key() {
        for (found, expected, commands) in [
            ("Enabled", Status::Ok, &[][..]),
            ("Disabled", Status::Wrong, &["enable-key"]),
            (
                "PendingDeletion",
                Status::Wrong,
                &["cancel-key-deletion", "enable-key"],
            ),
            ("Unavailable", Status::Wrong, &[]),
        ] {
            let description = KeyDescription {
                arn: KEY.to_owned(),
                spec: "SYMMETRIC_DEFAULT".to_owned(),
                usage: "ENCRYPT_DECRYPT".to_owned(),
                state: found.to_owned(),
                expires: None,
            };
            let check = state(&sample::stack(&[]), KEY, &Ok(description));
            assert_eq!(check.status, expected, "{found}");
            let runs = check.remedies.iter().filter_map(|it| match it {
                Remedy::Run(command) => command.split(' ').nth(2),
                _ => None,
            });
            assert_eq!(runs.collect::<Vec<_>>(), commands, "{found}");
        }
    }
}
