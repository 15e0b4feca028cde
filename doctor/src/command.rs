//! Commands of the AWS CLI that mend something.
//!
//! Somebody copies them into a shell. A name that cannot be written safely makes no command.

use crate::report::Remedy;
use serde_json::Value;
use trailseal::names::ids::Region;
use trailseal::names::shell::shell_word;

/// Adds the statement of its first argument to the policy that it reads.
const ADD_STATEMENT: &str = "import json,sys; p=json.load(sys.stdin); s=p.get(\"Statement\",[]); s=s if isinstance(s,list) else [s]; p[\"Statement\"]=s+[json.loads(sys.argv[1])]; print(json.dumps(p))";

/// Adds the switch for EventBridge to the notification configuration that it reads. The AWS CLI
/// prints nothing if there is none.
const ADD_EVENT_BRIDGE: &str = "import json,sys; t=sys.stdin.read(); c=json.loads(t) if t.strip() else {}; c.pop(\"ResponseMetadata\",None); c[\"EventBridgeConfiguration\"]={}; print(json.dumps(c))";

/// Enables the schedule that it reads, and sets its expression, its target, its role and its input
/// from its arguments. `UpdateSchedule` replaces all of it.
const SET_SCHEDULE: &str = "import json,sys; e,a,r,n=sys.argv[1:]; s=json.load(sys.stdin); [s.pop(k,None) for k in (\"Arn\",\"CreationDate\",\"LastModificationDate\",\"StartDate\",\"EndDate\")]; s[\"State\"]=\"ENABLED\"; s[\"ScheduleExpression\"]=e; s[\"Target\"].update(Arn=a,RoleArn=r,Input=json.dumps({\"share\":{\"of\":int(n),\"at\":\"<aws.scheduler.scheduled-time>\"}})); print(json.dumps(s))";

/// Returns the command of these words after `aws`, in a Region.
fn line(words: &[&str], region: &Region) -> Option<String> {
    let words = words.iter().map(|word| shell_word(word));
    let words: Option<Vec<String>> = words.collect();
    Some(format!("aws {} --region {region}", words?.join(" ")))
}

/// Returns the command of these words after `aws`, in a Region.
pub(crate) fn aws(words: &[&str], region: &Region) -> Option<Remedy> {
    line(words, region).map(Remedy::Run)
}

/// Returns the command that reads a document, changes it with a program of Python, and writes it
/// back: what else is in the document stays. If reading fails, nothing is written.
fn changed(
    read: &[&str],
    program: &[&str],
    file: &str,
    write: &[&str],
    region: &Region,
) -> Option<Remedy> {
    let words: Option<Vec<String>> = program.iter().map(|word| shell_word(word)).collect();
    Some(Remedy::Run(format!(
        "{} > {file} && python3 -c {} < {file} > new-{file} && {}",
        line(read, region)?,
        words?.join(" "),
        line(write, region)?
    )))
}

/// Returns the command that adds a statement to the policy of a key.
pub(crate) fn add_to_key_policy(key: &str, statement: &Value, region: &Region) -> Option<Remedy> {
    let (file, statement) = ("key-policy.json", statement.to_string());
    let read = [
        "kms",
        "get-key-policy",
        "--key-id",
        key,
        "--policy-name",
        "default",
        "--query",
        "Policy",
        "--output",
        "text",
    ];
    let write = [
        "kms",
        "put-key-policy",
        "--key-id",
        key,
        "--policy-name",
        "default",
        "--policy",
        "file://new-key-policy.json",
    ];
    changed(&read, &[ADD_STATEMENT, &statement], file, &write, region)
}

/// Returns the command that adds a statement to the policy of a bucket, which may have none.
pub(crate) fn add_to_bucket_policy(
    bucket: &str,
    has_policy: bool,
    statement: &Value,
    region: &Region,
) -> Option<Remedy> {
    if !has_policy {
        let policy = serde_json::json!({"Version": "2012-10-17", "Statement": [statement]});
        let policy = policy.to_string();
        let words = ["s3api", "put-bucket-policy", "--bucket", bucket, "--policy"];
        return aws(&[&words[..], &[&policy]].concat(), region);
    }
    let (file, statement) = ("bucket-policy.json", statement.to_string());
    let read = [
        "s3api",
        "get-bucket-policy",
        "--bucket",
        bucket,
        "--query",
        "Policy",
        "--output",
        "text",
    ];
    let write = [
        "s3api",
        "put-bucket-policy",
        "--bucket",
        bucket,
        "--policy",
        "file://new-bucket-policy.json",
    ];
    changed(&read, &[ADD_STATEMENT, &statement], file, &write, region)
}

/// Returns the command that makes a bucket send its events to EventBridge. "This action replaces
/// the existing notification configuration":
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html>
pub(crate) fn switch_on_events(bucket: &str, region: &Region) -> Option<Remedy> {
    let read = [
        "s3api",
        "get-bucket-notification-configuration",
        "--bucket",
        bucket,
        "--output",
        "json",
    ];
    let write = [
        "s3api",
        "put-bucket-notification-configuration",
        "--bucket",
        bucket,
        "--notification-configuration",
        "file://new-notifications.json",
    ];
    changed(
        &read,
        &[ADD_EVENT_BRIDGE],
        "notifications.json",
        &write,
        region,
    )
}

/// Returns the command that sets the expression, the target and the role of the schedule of the
/// history, which verifies everything again in a number of days.
/// <https://docs.aws.amazon.com/scheduler/latest/APIReference/API_UpdateSchedule.html>
pub(crate) fn set_schedule(
    name: &str,
    settings: [&str; 3],
    days: u32,
    region: &Region,
) -> Option<Remedy> {
    let read = [
        "scheduler",
        "get-schedule",
        "--name",
        name,
        "--output",
        "json",
    ];
    let write = [
        "scheduler",
        "update-schedule",
        "--cli-input-json",
        "file://new-schedule.json",
    ];
    let [expression, target, role] = settings;
    let days = days.to_string();
    let program = [SET_SCHEDULE, expression, target, role, &days];
    changed(&read, &program, "schedule.json", &write, region)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region() -> Region {
        Region::new("us-east-1").unwrap()
    }

    #[test]
    fn the_words_of_a_command_are_quoted() {
        let command = aws(
            &["events", "put-rule", "--event-pattern", r#"{"a":["b c"]}"#],
            &region(),
        );
        let expected = r#"aws events put-rule --event-pattern '{"a":["b c"]}' --region us-east-1"#;
        assert_eq!(command, Some(Remedy::Run(expected.to_owned())));
    }

    #[test]
    fn a_name_that_cannot_be_quoted_makes_no_command() {
        for name in ["a'b", "a`b", "a\\b", "a\nb"] {
            assert_eq!(aws(&["x", name], &region()), None, "{name:?}");
            assert_eq!(switch_on_events(name, &region()), None, "{name:?}");
        }
    }
}
