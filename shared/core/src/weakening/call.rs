//! A watched call, as its record shows it.

use super::action::WatchedAction;
use crate::format::fields::{FromJson, JsonValue, from_json, text};
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

/// The fields of a record.
#[derive(Default)]
struct Fields<'a> {
    service: Option<Cow<'a, str>>,
    name: Option<Cow<'a, str>>,
    event_id: Option<Cow<'a, str>>,
    shared_id: Option<Cow<'a, str>>,
    time: Option<Cow<'a, str>>,
    region: Option<Cow<'a, str>>,
    recipient: Option<Cow<'a, str>>,
    source: Option<Cow<'a, str>>,
    user_agent: Option<Cow<'a, str>>,
    error: Option<&'a str>,
    caller: UserIdentity<'a>,
    request: Option<&'a str>,
    response: Option<&'a str>,
    resources: Option<&'a str>,
}

impl<'a> FromJson<'a> for Fields<'a> {
    fn read<V: JsonValue<'a>>(record: &mut V) -> Result<Option<Self>, V::Error> {
        record.object(|fields: &mut Self, name, value| {
            match name {
                b"eventSource" => fields.service = value.text()?,
                b"eventName" => fields.name = value.text()?,
                b"eventID" => fields.event_id = value.text()?,
                b"sharedEventID" => fields.shared_id = value.text()?,
                b"eventTime" => fields.time = value.text()?,
                b"awsRegion" => fields.region = value.text()?,
                b"recipientAccountId" => fields.recipient = value.text()?,
                b"sourceIPAddress" => fields.source = value.text()?,
                b"userAgent" => fields.user_agent = value.text()?,
                b"errorCode" => fields.error = value.json()?,
                b"userIdentity" => fields.caller = UserIdentity::read(value)?.unwrap_or_default(),
                b"requestParameters" => fields.request = value.json()?,
                b"responseElements" => fields.response = value.json()?,
                b"resources" => fields.resources = value.json()?,
                _ => {}
            }
            Ok(())
        })
    }
}

/// `userIdentity`.
#[derive(Default)]
struct UserIdentity<'a> {
    arn: Option<Cow<'a, str>>,
    account: Option<Cow<'a, str>>,
    invoked_by: Option<Cow<'a, str>>,
}

impl<'a> FromJson<'a> for UserIdentity<'a> {
    fn read<V: JsonValue<'a>>(identity: &mut V) -> Result<Option<Self>, V::Error> {
        identity.object(|caller: &mut Self, name, value| {
            match name {
                b"arn" => caller.arn = value.text()?,
                b"accountId" => caller.account = value.text()?,
                b"invokedBy" => caller.invoked_by = value.text()?,
                _ => {}
            }
            Ok(())
        })
    }
}

impl<'a> WatchedCall<'a> {
    /// Reads a record. Returns `None` if it is not the record of a watched call.
    #[must_use]
    pub fn from_record(record: &'a str) -> Option<Self> {
        let fields: Fields<'_> = from_json(record)?;
        let name = fields.name?;
        let action = WatchedAction::of(&fields.service?, &name)?;
        let resources = parameters(fields.resources);
        let resource = resources.pointer("/0/ARN").and_then(Value::as_str);
        Some(Self {
            action,
            name,
            id: fields.shared_id.or_else(|| fields.event_id.clone()),
            event_id: fields.event_id,
            time: fields.time.and_then(|time| time.parse().ok()),
            region: fields.region,
            recipient: fields.recipient,
            source: fields.source,
            user_agent: fields.user_agent,
            // An error without a name is still an error.
            error: fields
                .error
                .map(|error| text(error).unwrap_or(Cow::Borrowed("an error"))),
            caller: fields.caller.arn,
            caller_account: fields.caller.account,
            invoked_by: fields.caller.invoked_by,
            resource: resource.map(str::to_owned),
            request: parameters(fields.request),
            response: parameters(fields.response),
        })
    }
}

/// Returns the content of a field; null if there is none, or more than CloudTrail writes.
fn parameters(json: Option<&str>) -> Value {
    json.filter(|json| json.len() <= MAX_PARAMETERS_BYTES)
        .and_then(|json| serde_json::from_str(json).ok())
        .unwrap_or_default()
}
