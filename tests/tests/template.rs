//! The resources that the template deploys, as `CloudFormation` receives them.

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;
use trailseal::check::guard::read_message;
use trailseal::watch::{AppendTick, SecondLookTick, WatchMessage};
use trailseal_tests::local::paths;

/// The functions that S3's events trigger: their names in the template, and the names of their
/// crates.
const FUNCTIONS: [(&str, &str); 4] = [
    ("DigestValidator", "digest-validator"),
    ("LogVerifier", "log-verifier"),
    ("KmsContextChecker", "kms-context-checker"),
    MONITOR,
];

/// The function that hears nothing of a healthy trail.
const MONITOR: (&str, &str) = ("DeletionMonitor", "deletion-monitor");

/// The functions of the history, and the functions whose programs and roles they have.
const HISTORY: [(&str, &str); 2] = [
    ("HistoryDigestValidator", "DigestValidator"),
    ("HistoryLogVerifier", "LogVerifier"),
];

/// The other functions: findings, alerts and the clock trigger them.
const OTHERS: [(&str, &str); 4] = [
    ("Alerter", "alerter"),
    ("Exporter", "exporter"),
    SETTINGS_MONITOR,
    WATCHDOG,
];

const WATCHDOG: (&str, &str) = ("Watchdog", "watchdog");
const SETTINGS_MONITOR: (&str, &str) = ("SettingsMonitor", "settings-monitor");

/// The maximum length of a stack name for which every name fits, as the README says.
const LONGEST_STACK_NAME: usize = 29;

fn template() -> Value {
    let output = Command::new(paths::python())
        .arg(paths::translate_script())
        .arg(paths::template())
        .output()
        .expect("the environment of `make venv`");
    let problems = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{problems}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn resources<'a>(template: &'a Value, kind: &str) -> Vec<(&'a String, &'a Value)> {
    template["Resources"]
        .as_object()
        .expect("resources")
        .iter()
        .filter(|(_, resource)| resource["Type"] == kind)
        .collect()
}

/// The template has the list of functions. Every other list of all functions is the same.
#[test]
fn every_list_of_functions_equals_the_templates() {
    let template = template();
    let binary = |function: &Value| {
        let binary = &function["Metadata"]["BuildProperties"]["Binary"];
        binary.as_str().expect("a binary").to_owned()
    };
    let functions: BTreeMap<String, String> = resources(&template, "AWS::Lambda::Function")
        .into_iter()
        .map(|(name, function)| (name.clone(), binary(function)))
        .collect();
    let triggered = FUNCTIONS.map(|(name, binary)| (name.to_owned(), binary.to_owned()));
    let others = OTHERS.map(|(name, binary)| (name.to_owned(), binary.to_owned()));
    let binary_of = |name: &str| FUNCTIONS.iter().find(|(of, _)| *of == name).unwrap().1;
    let history = HISTORY.map(|(name, of)| (name.to_owned(), binary_of(of).to_owned()));
    let expected = triggered.into_iter().chain(history).chain(others);
    let expected = expected.collect();
    assert_eq!(functions, expected);

    let repository = paths::repository();
    let folders = fs::read_dir(repository.join("functions")).expect("functions/");
    let folders: BTreeSet<String> = folders
        .map(|entry| entry.expect("a folder").file_name())
        .map(|name| name.to_str().expect("UTF-8").to_owned())
        .collect();
    assert_eq!(folders, functions.values().cloned().collect());

    let variables = fs::read(repository.join("events/env.json")).expect("events/env.json");
    let variables: BTreeMap<String, Value> = serde_json::from_slice(&variables).expect("JSON");
    assert!(variables.keys().eq(functions.keys()), "events/env.json");

    let events: Vec<String> = fs::read_dir(repository.join("events"))
        .expect("events/")
        .map(|entry| entry.expect("a file").file_name())
        .map(|name| name.to_str().expect("UTF-8").to_owned())
        .collect();
    for binary in functions.values() {
        let sample = |name: &String| name.starts_with(&format!("{binary}-"));
        assert!(events.iter().any(sample), "events/ has none for {binary}");
    }
}

#[test]
fn the_template_names_no_endpoint() {
    let template = template();
    assert!(!template.to_string().contains("AWS_ENDPOINT_URL"));
    assert_eq!(template["Parameters"]["EndpointUrl"], Value::Null);
}

/// Lambda stops a function that sends messages to its own queue, unless the template allows it.
#[test]
fn functions_that_send_to_their_own_queue_are_allowed_to() {
    let template = template();
    for (name, function) in resources(&template, "AWS::Lambda::Function") {
        assert_eq!(function["Properties"]["RecursiveLoop"], "Allow", "{name}");
    }
}

#[test]
fn every_function_that_new_files_trigger_has_an_alarm_on_silence() {
    let template = template();
    for (function, _) in FUNCTIONS.into_iter().filter(|it| *it != MONITOR) {
        let alarm = |what: &str| &template["Resources"][format!("{function}{what}")]["Properties"];
        let silence = alarm("SilenceAlarm");
        // A missing hour is one without an invocation, regardless of what was before.
        assert_eq!(silence["Metrics"][0]["Expression"], "FILL(invocations, 0)");
        let stat = &silence["Metrics"][1]["MetricStat"];
        assert_eq!(stat["Metric"]["MetricName"], "Invocations");
        assert_eq!(stat["Metric"]["Dimensions"][0]["Value"]["Ref"], function);
        assert_eq!(silence["ComparisonOperator"], "LessThanThreshold");
        assert_eq!(silence["Threshold"], 1);
        assert_eq!(silence["TreatMissingData"], "breaching");
        let hours =
            stat["Period"].as_u64().unwrap() * silence["EvaluationPeriods"].as_u64().unwrap();
        assert_eq!(hours, 3 * 3600);
        assert!(silence["AlarmActions"][0]["Ref"].is_string());
    }
    let silent = format!("{}SilenceAlarm", MONITOR.0);
    assert_eq!(template["Resources"][silent], Value::Null);
}

#[test]
fn every_function_has_an_alarm_on_messages_in_flight() {
    let template = template();
    for (function, _) in FUNCTIONS {
        let alarm = |what: &str| &template["Resources"][format!("{function}{what}")]["Properties"];
        let flight = alarm("InFlightAlarm");
        assert_eq!(
            flight["MetricName"],
            "ApproximateNumberOfMessagesNotVisible"
        );
        assert_eq!(flight["Threshold"], 60_000);
        assert!(flight["AlarmActions"][0]["Ref"].is_string());
    }
}

#[test]
fn a_rule_waits_for_the_policies_of_its_queues_and_can_start_disabled() {
    let template = template();
    let mut rules = resources(&template, "AWS::Events::Rule");
    // It sends what the functions have found, and does not trigger one.
    rules.retain(|(name, _)| *name != "WebhookRule");
    let each = FUNCTIONS.map(|(function, _)| (function, format!("{function}Rule")));
    let writes = (MONITOR.0, format!("{}WriteRule", MONITOR.0));
    let clock = [WATCHDOG, SETTINGS_MONITOR].map(|(name, _)| (name, format!("{name}Rule")));
    let each = each.into_iter().chain([writes]).chain(clock);
    let each: Vec<(&str, String)> = each.collect();
    assert_eq!(rules.len(), each.len());
    for (function, name) in each {
        let rule = &template["Resources"][name];
        for policy in ["QueuePolicy", "DeadLetterQueuePolicy"] {
            let policy = Value::from(format!("{function}{policy}"));
            let waits = rule["DependsOn"].as_array().unwrap();
            assert!(waits.contains(&policy), "{policy}");
        }
        assert_eq!(rule["Properties"]["State"]["Ref"], "State");
        let named = rule["Properties"]["Name"]["Fn::Sub"].as_str().unwrap();
        for policy in ["QueuePolicy", "DeadLetterQueuePolicy"] {
            let policy = &template["Resources"][format!("{function}{policy}")];
            let condition =
                policy["Properties"]["PolicyDocument"]["Statement"][0]["Condition"].to_string();
            assert!(
                condition.contains(&format!(":rule/{named}\"")),
                "{condition}"
            );
        }
    }
}

#[test]
fn roles_have_stable_names_that_fit_and_are_in_the_outputs_with_the_queues() {
    let template = template();
    for (function, name) in FUNCTIONS.into_iter().chain([WATCHDOG, SETTINGS_MONITOR]) {
        let role = &template["Resources"][format!("{function}Role")]["Properties"]["RoleName"];
        let pattern = role["Fn::Sub"].as_str().unwrap();
        assert_eq!(
            pattern,
            format!("${{AWS::StackName}}-${{AWS::Region}}-{name}")
        );
        let longest = pattern
            .replace("${AWS::StackName}", &"s".repeat(LONGEST_STACK_NAME))
            .replace("${AWS::Region}", "ap-southeast-2");
        assert!(longest.len() <= 64, "{} characters", longest.len());
        for output in ["RoleArn", "QueueArn", "DeadLetterQueueArn"] {
            let output = format!("{function}{output}");
            assert!(template["Outputs"][&output].is_object(), "{output}");
        }
    }
}

#[test]
fn reading_is_granted_in_buckets_of_the_owner_only() {
    let template = template();
    for policy in ["DigestReadPolicy", "LogReadPolicy", "VersionReadPolicy"] {
        let document = &template["Resources"][policy]["Properties"]["PolicyDocument"];
        let mut seen = 0;
        for statement in document["Statement"].as_array().unwrap() {
            // A statement that depends on a parameter is inside a condition.
            let statement = statement
                .get("Fn::If")
                .map_or(statement, |choice| &choice[1]);
            let action = statement["Action"].as_str().unwrap();
            if action.starts_with("s3:") {
                let owner = &statement["Condition"]["StringEquals"]["aws:ResourceAccount"];
                assert_eq!(owner["Fn::If"][0], "HasLogBucketOwner", "{policy} {action}");
                assert_eq!(owner["Fn::If"][2]["Ref"], "AWS::AccountId");
                seen += 1;
            }
        }
        assert!(seen >= 2);
    }
    let function = &template["Resources"]["LogVerifier"]["Properties"];
    let owner = &function["Environment"]["Variables"]["TRAILSEAL_BUCKET_OWNER"];
    assert_eq!(owner["Fn::If"][2]["Ref"], "AWS::AccountId");
}

#[test]
fn deletions_and_writes_by_others_trigger_the_monitor() {
    let template = template();
    let pattern = |rule: &str| &template["Resources"][rule]["Properties"]["EventPattern"];
    let keys = json!([{"wildcard": "*/CloudTrail/*.json.gz"}, {"wildcard": "*/CloudTrail-Digest/*.json.gz"}]);
    let deleted = pattern("DeletionMonitorRule");
    assert_eq!(deleted["detail-type"], json!(["Object Deleted"]));
    assert_eq!(deleted["detail"]["requester"], Value::Null);
    let written = pattern("DeletionMonitorWriteRule");
    assert_eq!(written["detail-type"], json!(["Object Created"]));
    // An event without a requester, too.
    assert_eq!(
        written["detail"]["requester"],
        json!([{"anything-but": ["cloudtrail.amazonaws.com"]}, {"exists": false}])
    );
    for rule in [deleted, written] {
        assert_eq!(rule["source"], json!(["aws.s3"]));
        assert_eq!(rule["detail"]["bucket"]["name"]["Ref"], "LogBuckets");
        assert_eq!(rule["detail"]["object"]["key"], keys);
    }
}

/// No function may change or delete what is on record, or write in the name of another.
#[test]
fn the_checking_functions_may_do_in_the_evidence_bucket_what_they_do_and_no_more() {
    const READ: &str = "s3:GetObject";
    const WRITE: &str = "s3:PutObject";
    const DELETE: &str = "s3:DeleteObject";
    // S3 allows the request only if nothing is at the key.
    const WRITE_NEW: &str = "s3:PutObject if new";
    const FINDINGS: (&str, &[&str]) = ("/findings/*", &[WRITE]);
    const LIST: (&str, &[&str]) = ("", &["s3:ListBucket"]);
    let template = template();
    for (function, expected) in [
        (
            "DigestValidator",
            &[
                ("/receipts/*/digest-validator-*.json", &[WRITE_NEW][..]),
                ("/chains/*", &[READ, WRITE]),
                LIST,
            ][..],
        ),
        (
            "LogVerifier",
            &[
                ("/receipts/*/log-verifier-*.json", &[WRITE_NEW]),
                ("/pending/*", &[READ, WRITE, DELETE]),
                FINDINGS,
                LIST,
            ],
        ),
        (
            "KmsContextChecker",
            &[
                ("/receipts/kms-context-checker/*", &[WRITE_NEW]),
                ("/pending/*", &[WRITE]),
                ("/config/*", &[READ]),
                FINDINGS,
            ],
        ),
        (MONITOR.0, &[]),
        (
            SETTINGS_MONITOR.0,
            &[
                ("/chains/*", &[READ]),
                ("/watch/guard.json", &[READ, WRITE]),
                LIST,
            ],
        ),
        (
            WATCHDOG.0,
            &[
                ("/receipts/*", &[READ]),
                ("/incidents/*", &[READ]),
                ("/acknowledgments/*", &[READ]),
                ("/chains/*", &[READ]),
                ("/watch/????????????.json", &[READ, WRITE]),
                ("/watch/stack.json", &[READ, WRITE]),
                ("/watch/checkpoint.json", &[READ, WRITE]),
                ("/log/*", &[READ]),
                ("/log/batches/*", &[WRITE_NEW]),
                ("/log/staged/*", &[WRITE_NEW]),
                ("/log/tile/*", &[WRITE_NEW]),
                ("/log/public-key", &[WRITE_NEW]),
                ("/log/checkpoint", &[WRITE]),
                ("/log/head.json", &[WRITE]),
                FINDINGS,
                LIST,
            ],
        ),
    ] {
        let role = &template["Resources"][format!("{function}Role")]["Properties"];
        let shared = &template["Resources"]["FindingsPolicy"]["Properties"]["PolicyDocument"];
        let own = &role["Policies"][0]["PolicyDocument"];
        let statements = [own, shared]
            .into_iter()
            .flat_map(|document| document["Statement"].as_array().unwrap());
        let mut found = BTreeSet::new();
        for statement in statements {
            for resource in list(&statement["Resource"]) {
                let text = resource.to_string();
                if text.contains("EvidenceBucket") {
                    let (_, path) = text.split_once("Arn").unwrap();
                    let path = path.trim_matches(['}', '"', ']']).to_owned();
                    let actions = list(&statement["Action"]);
                    let if_new = json!({"Null": {"s3:if-none-match": "false"}});
                    let suffix = match &statement["Condition"] {
                        Value::Null => "",
                        condition if *condition == if_new => " if new",
                        condition => panic!("{condition}"),
                    };
                    found.extend(actions.iter().map(|action| {
                        let action = action.as_str().unwrap();
                        (path.clone(), format!("{action}{suffix}"))
                    }));
                }
            }
        }
        let expected: BTreeSet<(String, String)> = expected
            .iter()
            .flat_map(|(path, actions)| actions.iter().map(|action| (*path, *action)))
            .map(|(path, action)| (path.to_owned(), action.to_owned()))
            .collect();
        assert_eq!(found, expected, "{function}");
    }
}

/// Returns the values of a field that has one or several.
fn list(value: &Value) -> Vec<&Value> {
    value
        .as_array()
        .map_or_else(|| vec![value], |values| values.iter().collect())
}

#[test]
fn no_lifecycle_rule_deletes_receipts_of_digests_or_chain_heads() {
    let template = template();
    let bucket = &template["Resources"]["EvidenceBucket"]["Properties"];
    let rules = bucket["LifecycleConfiguration"]["Rules"]
        .as_array()
        .unwrap();
    let rules: Vec<&Value> = rules
        .iter()
        .map(|rule| rule.get("Fn::If").map_or(rule, |choice| &choice[1]))
        .collect();
    for key in ["receipts/2026/01/15/x", "chains/111122223333/x"] {
        let of_key = rules.iter().filter(|rule| {
            let prefix = rule["Prefix"].as_str().unwrap_or_default();
            key.starts_with(prefix)
        });
        for rule in of_key {
            for field in ["ExpirationInDays", "ExpirationDate", "Transitions"] {
                assert_eq!(rule[field], Value::Null, "{key}: {rule:#}");
            }
        }
    }
    let heads = rules
        .iter()
        .find(|rule| rule["Prefix"] == "chains/")
        .unwrap();
    assert_eq!(heads["NoncurrentVersionExpiration"]["NoncurrentDays"], 30);
}

/// New files never wait for old ones.
#[test]
fn the_history_has_queues_concurrency_and_logs_of_its_own() {
    let template = template();
    let resource = |name: String| &template["Resources"][name]["Properties"];
    for (history, live) in HISTORY {
        let (own, new) = (resource(history.to_owned()), resource(live.to_owned()));
        assert_eq!(own["Role"], new["Role"]);
        for same in ["Timeout", "Architectures"] {
            assert_eq!(own[same], new[same], "{history} {same}");
        }
        // Nobody waits for the past: the cheapest size is right (docs/scale.md).
        assert_eq!(own["MemorySize"], 512, "{history}");
        let variables = |function: &Value| {
            let variables = function["Environment"]["Variables"].clone();
            serde_json::from_value::<BTreeMap<String, Value>>(variables).unwrap()
        };
        let (mut own_variables, mut new_variables) = (variables(own), variables(new));
        assert_eq!(own_variables.remove("TRAILSEAL_HISTORY").unwrap(), "true");
        for (variable, queue) in [
            ("TRAILSEAL_QUEUE_URL", "Queue"),
            ("TRAILSEAL_DEAD_LETTER_QUEUE_URL", "DeadLetterQueue"),
        ] {
            for (function, variables) in [(history, &mut own_variables), (live, &mut new_variables)]
            {
                let url = variables.remove(variable).unwrap();
                assert_eq!(url["Ref"], format!("{function}{queue}"));
                for output in ["Url", "Arn"] {
                    let output = format!("{function}{queue}{output}");
                    assert!(template["Outputs"][&output].is_object(), "{output}");
                }
            }
        }
        assert_eq!(own_variables, new_variables);
        assert_ne!(own["LoggingConfig"], new["LoggingConfig"]);
        let mapping = resource(format!("{history}Messages"));
        let queue = &mapping["EventSourceArn"]["Fn::GetAtt"][0];
        assert_eq!(*queue, format!("{history}Queue"));
        let limit = &mapping["ScalingConfig"]["MaximumConcurrency"]["Ref"];
        assert_eq!(*limit, "HistoryConcurrency");
        let redrive = &resource(format!("{history}Queue"))["RedrivePolicy"];
        let parked = &redrive["deadLetterTargetArn"]["Fn::GetAtt"][0];
        assert_eq!(*parked, format!("{history}DeadLetterQueue"));
        for alarm in ["ParkedAlarm", "ParkedMoreAlarm", "DelayAlarm"] {
            let alarm = resource(format!("{history}{alarm}"));
            assert_eq!(alarm["AlarmActions"][0]["Ref"], "AlarmTopic", "{history}");
        }
    }
}

/// Calls `visit` with the name and the definition of every state, and of the states inside it.
fn visit_states(program: &Value, visit: &mut impl FnMut(&str, &Value)) {
    for (name, state) in program["States"].as_object().expect("states") {
        visit(name, state);
        if state["ItemProcessor"].is_object() {
            visit_states(&state["ItemProcessor"], visit);
        }
    }
}

/// What the local AWS replaces (`tests/local-aws/state_machines.py`), and what failures need.
#[test]
fn the_state_machine_sends_in_batches_tries_again_and_keeps_what_failed() {
    let template = template();
    let machine = &template["Resources"]["History"]["Properties"];
    let (mut tasks, mut maps) = (Vec::new(), BTreeMap::new());
    visit_states(&machine["Definition"], &mut |name, state| {
        if state["Type"] == "Task" {
            let retry = &state["Retry"][0];
            assert_eq!(retry["ErrorEquals"][0], "States.ALL", "{name}");
            assert!(retry["MaxAttempts"].as_u64() >= Some(5), "{name}");
            assert!(retry["BackoffRate"].as_u64() >= Some(2), "{name}");
            tasks.push(name.to_owned());
        }
        if state["ItemProcessor"]["ProcessorConfig"]["Mode"] == "DISTRIBUTED" {
            assert!(state["MaxConcurrency"].as_u64() <= Some(10), "{name}");
            assert_eq!(state["Catch"][0]["ErrorEquals"][0], "States.ALL", "{name}");
            maps.insert(name.to_owned(), state.clone());
        }
    });
    assert_eq!(
        tasks.iter().map(String::as_str).collect::<BTreeSet<_>>(),
        BTreeSet::from([
            "ListAccounts",
            "ListRegions",
            "Look",
            "Backlog",
            "Count",
            "Send"
        ])
    );
    assert!(maps.keys().eq(["Accounts", "Digests", "Folders"]));
    let digests = &maps["Digests"];
    // A state's data is at most 256 KiB, and each character of a key may be escaped twice.
    assert_eq!(digests["ItemBatcher"]["MaxItemsPerBatch"], 240);
    assert_eq!(digests["ItemBatcher"]["MaxInputBytesPerBatch"], 65_536);
    let config = &digests["ItemProcessor"]["ProcessorConfig"];
    assert_eq!(config["ExecutionType"], "EXPRESS");
    assert_eq!(digests["ToleratedFailurePercentage"], 20);
    let writer = &digests["ResultWriter"]["Arguments"];
    assert_eq!(writer["Bucket"]["Ref"], "EvidenceBucket");
    let prefix = writer["Prefix"].as_str().unwrap();
    assert!(prefix.contains("\"history/\" & "), "{prefix}");
    // A Distributed Map cannot run in an EXPRESS child workflow.
    for name in ["Accounts", "Folders"] {
        let config = &maps[name]["ItemProcessor"]["ProcessorConfig"];
        assert_eq!(config["ExecutionType"], "STANDARD");
        assert_eq!(maps[name]["ToleratedFailurePercentage"], 100);
    }
}

#[test]
fn the_history_starts_daily_for_a_share_and_stops_with_the_stack() {
    let template = template();
    let schedule = &template["Resources"]["HistorySchedule"];
    assert_eq!(schedule["Condition"], "HasReverification");
    let schedule = &schedule["Properties"];
    assert_eq!(schedule["State"]["Ref"], "State");
    assert_eq!(schedule["ScheduleExpression"], "rate(1 day)");
    let input = schedule["Target"]["Input"]["Fn::Sub"].as_str().unwrap();
    let input: Value = serde_json::from_str(&input.replace("${ReverifyDays}", "30")).unwrap();
    assert_eq!(input["share"]["of"], 30);
    assert_eq!(input["share"]["at"], "<aws.scheduler.scheduled-time>");
    let alarm = &template["Resources"]["HistoryStoppedAlarm"];
    assert_eq!(alarm["Condition"], "HasReverification");
    for alarm in ["HistoryStoppedAlarm", "HistoryFailedAlarm"] {
        let alarm = &template["Resources"][alarm]["Properties"];
        assert_eq!(alarm["AlarmActions"][0]["Ref"], "AlarmTopic");
    }
}

#[test]
fn the_state_machine_lists_the_buckets_of_the_owner_and_reads_no_object() {
    let template = template();
    let role = &template["Resources"]["HistoryRole"]["Properties"];
    let statements = &role["Policies"][0]["PolicyDocument"]["Statement"];
    let mut seen = BTreeSet::new();
    for statement in statements.as_array().unwrap() {
        let actions = list(&statement["Action"]);
        for action in actions.iter().filter_map(|action| action.as_str()) {
            seen.insert(action.to_owned());
            let resource = statement["Resource"].to_string();
            if action == "s3:ListBucket" {
                let owner = &statement["Condition"]["StringEquals"]["aws:ResourceAccount"];
                assert_eq!(owner["Fn::If"][0], "HasLogBucketOwner");
                assert!(!resource.contains("/*"), "{resource}");
            } else if action.starts_with("s3:") {
                assert!(
                    resource.contains("${EvidenceBucket.Arn}/history/*"),
                    "{action}"
                );
            } else if action.starts_with("sqs:") {
                assert!(resource.contains("History") && !resource.contains('*'));
            }
        }
    }
    assert!(seen.contains("sqs:SendMessage") && seen.contains("states:StartExecution"));
    assert!(
        !seen
            .iter()
            .any(|action| action.contains("Delete") && action.starts_with("s3:"))
    );
}

/// With Object Lock, a function locks what it keeps, for the time and in the mode that the parameters
/// say. Without it, it has no permission to do so.
#[test]
fn a_function_locks_only_what_it_keeps() {
    let template = template();
    let bucket = &template["Resources"]["EvidenceBucket"]["Properties"];
    let lock = &bucket["ObjectLockConfiguration"]["Fn::If"];
    assert_eq!(lock[0], "HasEvidenceLock");
    // A default retention would also lock what is removed as planned.
    assert_eq!(lock[1], json!({"ObjectLockEnabled": "Enabled"}));
    let mut found = BTreeMap::new();
    for (name, resource) in template["Resources"].as_object().unwrap() {
        let text = resource.to_string();
        for never in [
            "BypassGovernanceRetention",
            "PutObjectLegalHold",
            "DeleteObjectVersion",
        ] {
            assert!(!text.contains(never), "{name}: {never}");
        }
        if !text.contains("Retention\"") {
            continue;
        }
        let policies = list(&resource["Properties"]["Policies"]);
        for statement in policies
            .into_iter()
            .flat_map(|policy| list(&policy["PolicyDocument"]["Statement"]))
        {
            let conditional = &statement["Fn::If"];
            let text = statement.to_string();
            if !text.contains("s3:PutObjectRetention") {
                continue;
            }
            assert_eq!(conditional[0], "HasEvidenceLock", "{name}");
            let statement = &conditional[1];
            assert_eq!(statement["Action"], "s3:PutObjectRetention", "{name}");
            assert_eq!(
                statement["Condition"],
                json!({
                    "StringEqualsIgnoreCase": {"s3:object-lock-mode": {"Ref": "EvidenceLock"}},
                    "NumericLessThanEquals": {
                        "s3:object-lock-remaining-retention-days": {"Ref": "EvidenceLockDays"}
                    },
                }),
                "{name}"
            );
            let paths = list(&statement["Resource"]).into_iter().map(|resource| {
                let text = resource.to_string();
                let (_, path) = text.split_once("EvidenceBucket.Arn}").unwrap();
                path.trim_matches(['}', '"']).to_owned()
            });
            found.insert(name.clone(), paths.collect::<Vec<_>>());
        }
    }
    let expected = [
        ("AlerterRole", &["/incidents/*"][..]),
        (
            "DigestValidatorRole",
            &["/receipts/*/digest-validator-*.json"],
        ),
        (
            "KmsContextCheckerRole",
            &["/receipts/kms-context-checker/*"],
        ),
        ("LogVerifierRole", &["/receipts/*/log-verifier-*.json"]),
        (
            "WatchdogRole",
            &["/log/batches/*", "/log/tile/*", "/log/public-key"],
        ),
    ];
    let expected = expected.map(|(role, paths)| {
        let paths = paths.iter().map(ToString::to_string);
        (role.to_owned(), paths.collect::<Vec<_>>())
    });
    assert_eq!(found, BTreeMap::from(expected));
}

/// The clock starts the watchdog, its silence is an alarm, and it hands lost events only to the
/// functions that verify digests.
#[test]
fn the_clock_starts_the_watchdog() {
    let template = template();
    let resource = |name: &str| &template["Resources"][name]["Properties"];
    let rule = resource("WatchdogRule");
    assert_eq!(rule["ScheduleExpression"], "rate(1 hour)");
    assert_eq!(rule["EventPattern"], Value::Null);
    let targets = rule["Targets"].as_array().unwrap();
    let messages = targets.iter().map(|target| {
        // The evidence log is optional.
        let target = target["Fn::If"].get(1).unwrap_or(target);
        WatchMessage::read(target["Input"].as_str().unwrap())
    });
    assert_eq!(
        messages.collect::<Result<Vec<_>, _>>(),
        Ok(vec![
            WatchMessage::Round(Box::default()),
            WatchMessage::SecondLook(SecondLookTick::default()),
            WatchMessage::Append(AppendTick::default()),
        ])
    );
    let silence = resource("WatchdogSilenceAlarm");
    assert_eq!(silence["Metrics"][0]["Expression"], "FILL(rounds, 0)");
    let stat = &silence["Metrics"][1]["MetricStat"];
    assert_eq!(stat["Metric"]["MetricName"], "ChainsWatched");
    assert_eq!(stat["Metric"]["Dimensions"][0]["Value"], "watchdog");
    assert_eq!(stat["Stat"], "SampleCount");
    assert_eq!(silence["TreatMissingData"], "breaching");
    let statements = &resource("WatchdogRole")["Policies"][0]["PolicyDocument"]["Statement"];
    let sends = statements
        .as_array()
        .unwrap()
        .iter()
        .find(|statement| statement["Sid"] == "SendLostEvents")
        .unwrap();
    let queues: Vec<_> = list(&sends["Resource"])
        .into_iter()
        .map(|queue| queue["Fn::GetAtt"][0].as_str().unwrap())
        .collect();
    assert_eq!(queues, ["DigestValidatorQueue", "LogVerifierQueue"]);
    assert_eq!(sends["Action"], "sqs:SendMessage");
}

/// The clock starts the look at the settings, and its silence is an alarm.
#[test]
fn the_clock_starts_the_look_at_the_settings() {
    let template = template();
    let resource = |name: &str| &template["Resources"][name]["Properties"];
    let rule = resource("SettingsMonitorRule");
    assert_eq!(rule["ScheduleExpression"], "rate(1 hour)");
    let messages = rule["Targets"].as_array().unwrap().iter();
    let messages = messages.map(|target| read_message(target["Input"].as_str().unwrap()));
    assert_eq!(messages.collect::<Vec<_>>(), [Ok(())]);
    let silence = resource("SettingsMonitorSilenceAlarm");
    assert_eq!(silence["Metrics"][0]["Expression"], "FILL(looks, 0)");
    let stat = &silence["Metrics"][1]["MetricStat"];
    assert_eq!(stat["Metric"]["MetricName"], "NotWatched");
    assert_eq!(stat["Metric"]["Dimensions"][0]["Value"], "settings-monitor");
    assert_eq!(stat["Stat"], "SampleCount");
    assert_eq!(silence["TreatMissingData"], "breaching");
}

/// Returns the logical IDs in a variable of settings-monitor, which is a list of references.
fn watched(template: &Value, variable: &str) -> BTreeSet<String> {
    let variables =
        &template["Resources"][SETTINGS_MONITOR.0]["Properties"]["Environment"]["Variables"];
    let list = variables[variable]["Fn::Join"][1].as_array();
    let items = list.expect("a list").iter();
    let names = items.map(|item| match &item["Fn::If"][1] {
        Value::Null => &item["Ref"],
        if_true => &if_true["Ref"],
    });
    names
        .map(|name| name.as_str().expect("a reference").to_owned())
        .collect()
}

#[test]
fn settings_monitor_looks_at_every_rule_of_s3s_events_topic_and_dead_letter_queue() {
    let template = template();
    let named = |kind: &str, is_wanted: fn(&str, &Value) -> bool| -> BTreeSet<String> {
        let all = resources(&template, kind).into_iter();
        let wanted = all.filter(|(name, resource)| is_wanted(name, resource));
        wanted.map(|(name, _)| name.clone()).collect()
    };
    // The outputs only repeat what the alert topic says.
    let rules = named("AWS::Events::Rule", |name, rule| {
        rule["Properties"]["EventPattern"].is_object() && name != "WebhookRule"
    });
    assert!(rules.len() > FUNCTIONS.len());
    assert_eq!(watched(&template, "TRAILSEAL_WATCHED_RULES"), rules);
    let topics = named("AWS::SNS::Topic", |name, _| name != "ChatMessageTopic");
    assert_eq!(watched(&template, "TRAILSEAL_WATCHED_TOPICS"), topics);
    let queues = named("AWS::SQS::Queue", |name, _| {
        name.ends_with("DeadLetterQueue")
    });
    assert_eq!(
        watched(&template, "TRAILSEAL_WATCHED_DEAD_LETTER_QUEUES"),
        queues
    );
}

/// What settings-monitor looks at, it may look at.
#[test]
fn settings_monitor_may_look_at_everything_that_it_watches() {
    let template = template();
    let role = &template["Resources"]["SettingsMonitorRole"]["Properties"];
    let statements = role["Policies"][0]["PolicyDocument"]["Statement"].as_array();
    let statements = statements.expect("statements");
    for (sid, variable) in [
        ("LookAtRules", "TRAILSEAL_WATCHED_RULES"),
        ("LookAtTopics", "TRAILSEAL_WATCHED_TOPICS"),
        (
            "LookAtDeadLetterQueues",
            "TRAILSEAL_WATCHED_DEAD_LETTER_QUEUES",
        ),
    ] {
        let mut of_sid = statements
            .iter()
            .filter(|statement| statement["Sid"] == sid);
        let statement = of_sid.next().expect(sid);
        let names = list(&statement["Resource"]).into_iter().map(|resource| {
            let resource = match &resource["Fn::If"][1] {
                Value::Null => resource,
                if_true => if_true,
            };
            let name = resource["Ref"]
                .as_str()
                .or(resource["Fn::GetAtt"][0].as_str());
            name.expect("a reference").to_owned()
        });
        let allowed: BTreeSet<String> = names.collect();
        assert_eq!(watched(&template, variable), allowed, "{sid}");
    }
}

/// The dashboard, with the names of resources in place of what `CloudFormation` puts in.
fn dashboard(template: &Value) -> (Value, BTreeSet<String>) {
    let body = &template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"];
    let text = body[0].as_str().expect("a text");
    let mut named = BTreeSet::new();
    let mut resolved = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after.split_once('}').expect("a closing brace");
        resolved.push_str(before);
        match body[1].get(name) {
            // What not every stack has.
            Some(choice) => {
                let named_by_it = choice["Fn::If"][1]["Fn::Sub"].as_str().expect("a text");
                let mut parts = named_by_it.split("${");
                resolved.push_str(parts.next().unwrap_or_default());
                for (name, after) in parts.filter_map(|part| part.split_once('}')) {
                    resolved.push_str(name);
                    resolved.push_str(after);
                    named.insert(name.to_owned());
                }
            }
            None if name == "OverdueHours" => resolved.push('6'),
            None => {
                resolved.push_str(name);
                named.insert(name.to_owned());
            }
        }
        rest = after;
    }
    resolved.push_str(rest);
    let dashboard = serde_json::from_str(&resolved).expect("JSON");
    (dashboard, named)
}

/// Returns every metric of the dashboard: its texts (namespace, name, dimensions) and its options.
fn metrics_of(dashboard: &Value) -> Vec<(Vec<&str>, &Value)> {
    let widgets = dashboard["widgets"].as_array().expect("widgets").iter();
    let metrics = widgets.filter_map(|widget| widget["properties"]["metrics"].as_array());
    let metrics = metrics.flatten().map(|metric| {
        let metric = metric.as_array().expect("a metric");
        let texts = metric.iter().filter_map(Value::as_str).collect();
        (texts, metric.last().expect("a part"))
    });
    metrics.collect()
}

#[test]
fn the_dashboard_shows_every_function_queue_and_alarm() {
    let template = template();
    let (_, named) = dashboard(&template);
    for (kind, attribute) in [
        ("AWS::Lambda::Function", ""),
        ("AWS::SQS::Queue", ".QueueName"),
        ("AWS::CloudWatch::Alarm", ".Arn"),
    ] {
        for (name, _) in resources(&template, kind) {
            let name = format!("{name}{attribute}");
            assert!(named.contains(&name), "the dashboard lacks {name}");
        }
    }
}

/// `CloudWatch` draws a metric that does not exist as an empty line.
#[test]
fn the_dashboards_metrics_are_the_functions() {
    let template = template();
    let (dashboard, _) = dashboard(&template);
    let documented = fs::read_to_string(paths::repository().join("docs/architecture.md"))
        .expect("docs/architecture.md");
    let documented: BTreeSet<&str> = documented
        .lines()
        .filter(|line| line.starts_with("| `"))
        .filter_map(|line| line.split('|').nth(1))
        .flat_map(|names| names.split(','))
        .map(|name| name.trim().trim_matches('`'))
        .collect();
    let metrics = metrics_of(&dashboard);
    assert!(metrics.len() > 50, "{}", metrics.len());
    for (texts, _) in &metrics {
        if let ["Trailseal", name, ..] = texts[..] {
            assert!(documented.contains(name), "no function writes {name}");
        }
    }

    // The cost of Lambda is the time of each function times its memory.
    let costs = metrics.iter().find_map(|(_, options)| {
        let expression = options["expression"].as_str()?;
        expression.contains("0.0000166667").then_some(expression)
    });
    let costs = costs.expect("an expression for Lambda");
    for (name, function) in resources(&template, "AWS::Lambda::Function") {
        if function["Condition"].is_string() {
            // What not every stack has takes a few invocations a day.
            continue;
        }
        let duration = metrics.iter().find(|(texts, _)| {
            texts[..] == ["AWS/Lambda", "Duration", "FunctionName", name.as_str()]
        });
        let (_, options) = duration.unwrap_or_else(|| panic!("no duration of {name}"));
        let id = options["id"].as_str().expect("an ID");
        let term = format!("{id} * {}", function["Properties"]["MemorySize"]);
        assert!(costs.contains(&term), "{costs} lacks {term} of {name}");
    }
}

#[test]
fn no_two_widgets_of_the_dashboard_overlap() {
    let (dashboard, _) = dashboard(&template());
    let mut taken = BTreeSet::new();
    for widget in dashboard["widgets"].as_array().expect("widgets") {
        let [x, y, width, height] =
            ["x", "y", "width", "height"].map(|name| widget[name].as_u64().expect(name));
        // A dashboard has 24 columns.
        assert!(x + width <= 24, "{widget}");
        for column in x..x + width {
            for row in y..y + height {
                assert!(taken.insert((column, row)), "{widget}");
            }
        }
    }
}

/// Returns whether a condition holds if no parameter is given.
fn holds_by_default(template: &Value, condition: &Value) -> bool {
    let value = |operand: &Value| match operand["Ref"].as_str() {
        Some(parameter) => template["Parameters"][parameter]["Default"].clone(),
        None => operand.clone(),
    };
    if let Some(name) = condition["Condition"].as_str() {
        return holds_by_default(template, &template["Conditions"][name]);
    }
    if let Some(operands) = condition["Fn::Equals"].as_array() {
        return value(&operands[0]) == value(&operands[1]);
    }
    if let Some(operands) = condition["Fn::Not"].as_array() {
        return !holds_by_default(template, &operands[0]);
    }
    let operands = condition["Fn::Or"].as_array().expect("a known condition");
    operands
        .iter()
        .any(|operand| holds_by_default(template, operand))
}

/// Each output is off unless its parameter turns it on, and then it has what it needs.
#[test]
fn nothing_of_an_output_exists_unless_it_is_turned_on() {
    let mut template = template();
    let created = |template: &Value| -> BTreeSet<String> {
        let all = template["Resources"].as_object().unwrap().iter();
        let all = all.filter(|(_, resource)| match resource["Condition"].as_str() {
            None => true,
            Some(name) => holds_by_default(template, &template["Conditions"][name]),
        });
        let of_outputs = ["Exporter", "Bus", "Chat", "Webhook"];
        let all = all.filter(|(name, _)| of_outputs.iter().any(|of| name.starts_with(of)));
        all.map(|(name, _)| name.clone()).collect()
    };
    assert_eq!(created(&template), BTreeSet::new());
    for (parameter, value, also) in [
        ("EventBus", "Enabled", &["Bus"][..]),
        ("OcsfEvents", "Enabled", &["Bus"]),
        ("SecurityHub", "Enabled", &[]),
        (
            "ChatTopic",
            "Enabled",
            &["ChatMessageTopic", "ChatMessageTopicPolicy"],
        ),
        (
            "WebhookUrl",
            "https://hooks.example.com",
            &[
                "Bus",
                "WebhookConnection",
                "WebhookDestination",
                "WebhookRole",
                "WebhookRule",
                "WebhookSecret",
            ],
        ),
    ] {
        let default = template["Parameters"][parameter]["Default"].take();
        template["Parameters"][parameter]["Default"] = value.into();
        let mut created = created(&template);
        created.retain(|name| !name.starts_with("Exporter"));
        let also: BTreeSet<String> = also.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(created, also, "{parameter}");
        template["Parameters"][parameter]["Default"] = default;
    }
}

/// The receiver gets the bytes that are signed: the rule selects the body, and transforms nothing.
#[test]
fn the_rule_of_the_webhook_sends_the_signed_body_and_headers() {
    let template = template();
    let rule = &template["Resources"]["WebhookRule"]["Properties"];
    let target = &rule["Targets"][0];
    assert_eq!(target["InputPath"], "$.detail.body");
    assert_eq!(target["InputTransformer"], Value::Null);
    assert_eq!(
        target["HttpParameters"],
        json!({"HeaderParameters": {
            "webhook-id": "$.detail.headers.id",
            "webhook-timestamp": "$.detail.headers.timestamp",
            "webhook-signature": "$.detail.headers.signature",
        }})
    );
    // A webhook comes back before a receiver refuses the age of its signature.
    let age = target["RetryPolicy"]["MaximumEventAgeInSeconds"].as_u64();
    assert!(age.is_some_and(|age| (60..300).contains(&age)));
    assert_eq!(
        target["DeadLetterConfig"]["Arn"]["Fn::GetAtt"][0],
        "ExporterQueue"
    );
    let named = rule["Name"]["Fn::Sub"].as_str().unwrap();
    let policy = &template["Resources"]["ExporterQueuePolicy"]["Properties"];
    assert!(
        policy.to_string().contains(&format!("/{named}\"")),
        "{policy}"
    );
}

/// No variable of a function holds the secret, and only the exporter may read it.
#[test]
fn only_the_exporter_reads_the_secret_of_the_webhook() {
    let template = template();
    for (name, role) in resources(&template, "AWS::IAM::Role") {
        let reads = role.to_string().contains("secretsmanager:");
        assert_eq!(reads, name == "ExporterRole", "{name}");
    }
    assert!(!template["Parameters"].to_string().contains("NoEcho"));
}
