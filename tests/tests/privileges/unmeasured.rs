//! The permissions that no test can use: Lambda itself uses them, with the function's role.

/// A permission by its statement and its action, and who uses it.
pub(crate) const BY_LAMBDA: [(&str, &str, &str); 7] = [
    ("Logs", "logs:CreateLogStream", WRITES_LOGS),
    ("Logs", "logs:PutLogEvents", WRITES_LOGS),
    ("Queue", "sqs:ReceiveMessage", POLLS),
    ("Queue", "sqs:DeleteMessage", POLLS),
    ("Queue", "sqs:GetQueueAttributes", POLLS),
    ("Trace", "xray:PutTraceSegments", TRACES),
    ("Trace", "xray:PutTelemetryRecords", TRACES),
];

/// <https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html>
const WRITES_LOGS: &str = "Lambda writes the log";

/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html>
const POLLS: &str = "Lambda polls the queue";

/// <https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html>
const TRACES: &str = "Lambda sends the trace";

/// Returns who uses a permission that no test can use.
pub(crate) fn by_lambda(sid: &str, action: &str) -> Option<&'static str> {
    let mut all = BY_LAMBDA.into_iter();
    let found = all.find(|(of, name, _)| *of == sid && *name == action);
    found.map(|(_, _, who)| who)
}
