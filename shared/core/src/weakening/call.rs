//! A watched call, as its record shows it.

use super::action::WatchedAction;
use crate::format::fields::{fields, text, within};
use jiff::Timestamp;
use serde_json::Value;
use std::borrow::Cow;

/// The maximum size in bytes of a request or response that is read. CloudTrail omits the content of
/// a field that has more than 100 KB.
///
/// Rule: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>
const MAX_PARAMETERS_BYTES: usize = 128 * 1024;

/// A call that may weaken what is recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct WatchedCall<'a> {
    /// The call.
    pub action: WatchedAction,
    /// The call's name in the record.
    pub name: Cow<'a, str>,
    /// The ID of the call, which is the same in every record of it: CloudTrail writes a call from
    /// another account into both accounts, under two event IDs and one shared ID.
    pub id: Option<Cow<'a, str>>,
    /// The event's ID, to find the record again.
    pub event_id: Option<Cow<'a, str>>,
    /// The time of the call.
    pub time: Option<Timestamp>,
    /// The Region of the call.
    pub region: Option<Cow<'a, str>>,
    /// The account that the record is written for.
    pub recipient: Option<Cow<'a, str>>,
    /// The source of the call: an address, or a service.
    pub source: Option<Cow<'a, str>>,
    /// The program that made the call, as it names itself.
    pub user_agent: Option<Cow<'a, str>>,
    /// The reason why AWS refused, if it did: nothing was changed.
    pub error: Option<Cow<'a, str>>,
    /// The caller's ARN.
    pub caller: Option<Cow<'a, str>>,
    /// The caller's account.
    pub caller_account: Option<Cow<'a, str>>,
    /// The service that called, or that called for the principal.
    pub invoked_by: Option<Cow<'a, str>>,
    /// The ARN of the first resource.
    pub(super) resource: Option<String>,
    pub(super) request: Value,
    pub(super) response: Value,
}

impl<'a> WatchedCall<'a> {
    /// Reads a record. Returns `None` if it is not the record of a watched call.
    #[must_use]
    pub fn from_record(record: &'a str) -> Option<Self> {
        let [
            service,
            name,
            event_id,
            shared_id,
            time,
            region,
            recipient,
            source,
            user_agent,
            error,
            identity,
            request,
            response,
            resources,
        ] = fields(
            record,
            [
                "eventSource",
                "eventName",
                "eventID",
                "sharedEventID",
                "eventTime",
                "awsRegion",
                "recipientAccountId",
                "sourceIPAddress",
                "userAgent",
                "errorCode",
                "userIdentity",
                "requestParameters",
                "responseElements",
                "resources",
            ],
        )?;
        let name = text(name)?;
        let action = WatchedAction::of(&text(service)?, &name)?;
        let [caller, account, invoked_by] = within(identity, ["arn", "accountId", "invokedBy"]);
        let resources = parameters(resources);
        let resource = resources.pointer("/0/ARN").and_then(Value::as_str);
        Some(Self {
            action,
            name,
            id: text(shared_id).or_else(|| text(event_id)),
            event_id: text(event_id),
            time: text(time).and_then(|time| time.parse().ok()),
            region: text(region),
            recipient: text(recipient),
            source: text(source),
            user_agent: text(user_agent),
            // An error without a name is still an error.
            error: error.map(|error| text(Some(error)).unwrap_or(Cow::Borrowed("an error"))),
            caller: text(caller),
            caller_account: text(account),
            invoked_by: text(invoked_by),
            resource: resource.map(str::to_owned),
            request: parameters(request),
            response: parameters(response),
        })
    }
}

/// Returns the content of a field; null if there is none, or more than CloudTrail writes.
fn parameters(json: Option<&str>) -> Value {
    json.filter(|json| json.len() <= MAX_PARAMETERS_BYTES)
        .and_then(|json| serde_json::from_str(json).ok())
        .unwrap_or_default()
}
