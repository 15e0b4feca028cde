//! A KMS event of a log file, read without copying.
//!
//! Every field may be missing, null or of another type than it should be. It is then `None`, and
//! the others are still read.
//!
//! Formats: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>,
//! <https://docs.aws.amazon.com/kms/latest/developerguide/logging-using-cloudtrail.html>,
//! <https://docs.aws.amazon.com/kms/latest/developerguide/ct-nitro-enclave.html>.

use super::key_name::is_key_arn;
use super::readers::Principal;
use crate::format::fields::{FromJson, JsonValue, first_from_json, from_json, text};
use crate::names::compact_time::read_event_time;
use crate::names::encryption_context::{OBJECT_CONTEXT, TRAIL_CONTEXT};
use crate::names::split::{after_parts, part};
use jiff::Timestamp;
use std::borrow::Cow;

/// A text that every record of a KMS event contains. Other records need not be parsed.
pub const EVENT_SOURCE: &str = "kms.amazonaws.com";

/// The maximum number of resources of an event that are checked. KMS names the key, or two keys if
/// it re-encrypts.
///
/// Source: <https://docs.aws.amazon.com/kms/latest/developerguide/ct-generatedatakey.html>.
const MAX_RESOURCES: usize = 100;

/// A KMS event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KmsEvent<'a> {
    /// `GenerateDataKey`, `Decrypt`, ….
    pub name: Cow<'a, str>,
    /// The event's ID, to find it again.
    pub id: Option<Cow<'a, str>>,
    /// The time of the call.
    pub time: Option<Timestamp>,
    /// The Region of the key's service.
    pub region: Option<Cow<'a, str>>,
    /// The source of the call.
    pub source: Option<Cow<'a, str>>,
    /// `AwsApiCall`, `AwsServiceEvent`, ….
    pub event_type: Option<Cow<'a, str>>,
    /// The reason why KMS refused, if it did: nothing was encrypted or read.
    pub error: Option<Cow<'a, str>>,
    /// The caller.
    pub caller: Caller<'a>,
    /// Indicates whether CloudTrail itself made the call.
    pub is_cloudtrails: bool,
    /// The encryption context's [`TRAIL_CONTEXT`].
    pub trail: Option<Cow<'a, str>>,
    /// The encryption context's [`OBJECT_CONTEXT`].
    pub object: Option<Cow<'a, str>>,
    /// The key as the caller named it: an ARN, a bare ID or an alias.
    pub requested_key: Option<Cow<'a, str>>,
    /// The key's ARN from `resources`, which refused calls lack.
    pub key: Option<Cow<'a, str>>,
    /// The enclave that the call came from.
    pub recipient: Option<Recipient<'a>>,
}

/// `userIdentity`: the caller.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caller<'a> {
    /// `AssumedRole`, `IAMUser`, `AWSService`, `AWSAccount`, ….
    pub kind: Option<Cow<'a, str>>,
    /// The principal's ARN.
    pub arn: Option<Cow<'a, str>>,
    /// The ARN of the role that the session belongs to.
    pub session_issuer_arn: Option<Cow<'a, str>>,
    /// The principal's account.
    pub account: Option<Cow<'a, str>>,
    /// The service that called, or that called for the principal.
    pub invoked_by: Option<Cow<'a, str>>,
    /// The principal's unique ID.
    pub principal_id: Option<Cow<'a, str>>,
}

/// The content of an attestation document about the enclave for which a key was generated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recipient<'a> {
    /// `attestationDocumentModuleId`: instance and enclave.
    pub module_id: Option<Cow<'a, str>>,
    /// `attestationDocumentEnclaveImageDigest`: PCR0.
    pub image: Option<Cow<'a, str>>,
}

impl<'a> KmsEvent<'a> {
    /// Reads a record. Returns `None` if it is not a KMS event.
    #[must_use]
    pub fn from_record(record: &'a str) -> Option<Self> {
        from_json::<SourcedEvent<'_>>(record)?.into_kms_event()
    }

    /// Reads the record at the start of `text`, if it is written as CloudTrail writes. Returns the
    /// record's length in bytes, and the event; no event if the record is not a KMS event.
    pub(super) fn first_in(text: &'a str) -> Option<(usize, Option<Self>)> {
        // A number or a literal may continue after the text.
        if !text.starts_with('{') {
            return None;
        }
        let (length, record) = first_from_json::<SourcedEvent<'_>>(text)?;
        Some((length, record.and_then(SourcedEvent::into_kms_event)))
    }

    /// Returns whether the call is made by CloudTrail itself.
    ///
    /// In current events, `userIdentity` is the service. In older ones, it is CloudTrail's own role or
    /// user, in an account that AWS owns, called from within AWS, as a service event. Calls of other
    /// callers are not service events, and the owner of a trail or key never has an account that AWS
    /// owns, whatever its roles are named.
    fn is_made_by_cloudtrail(&self) -> bool {
        let Caller {
            kind,
            arn,
            invoked_by,
            ..
        } = &self.caller;
        let kind = kind.as_deref().unwrap_or_default();
        let invoked_by = invoked_by.as_deref().unwrap_or_default();
        if kind == "AWSService" {
            return matches!(
                invoked_by,
                "cloudtrail.amazonaws.com" | "cloudtrail.amazonaws.com.cn"
            );
        }
        let resource = arn.as_deref().and_then(|arn| after_parts(arn, b':', 5));
        let is_its_own = resource.is_some_and(|resource| match kind {
            "AssumedRole" => resource.starts_with("assumed-role/AWSCloudTrail/"),
            "IAMUser" => resource == "user/AWSCloudTrail",
            _ => false,
        });
        is_its_own
            && invoked_by == "internal.amazonaws.com"
            && self.event_type.as_deref() == Some("AwsServiceEvent")
            && !self.is_of_an_owner()
    }

    /// Returns whether the caller's account owns the trail or the key of the call.
    pub(super) fn is_of_an_owner(&self) -> bool {
        fn account_in(arn: &str) -> Option<&str> {
            part(arn, b':', 4)
        }
        let by_arn = self.caller.arn.as_deref().and_then(account_in);
        let callers = [by_arn, self.caller.account.as_deref()];
        let owners = [&self.trail, &self.key, &self.requested_key];
        let mut owners = owners
            .into_iter()
            .map(|arn| arn.as_deref().and_then(account_in));
        owners.any(|owner| owner.is_some() && callers.contains(&owner))
    }

    /// Returns whether the call encrypts or decrypts, as almost every KMS event does. It changes
    /// nothing about the key.
    pub(super) fn is_cryptographic(&self) -> bool {
        self.name.starts_with("GenerateDataKey") || matches!(&*self.name, "Decrypt" | "Encrypt")
    }

    /// Returns whether KMS refused.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.error.is_some()
    }

    /// Returns the key's ARN, if the event shows it.
    pub(super) fn key_arn(&self) -> Option<&str> {
        let requested = self.requested_key.as_deref();
        let named = || requested.filter(|key| is_key_arn(key));
        self.key.as_deref().or_else(named)
    }

    /// Returns the best name of the key: its ARN, otherwise the name from the caller.
    #[must_use]
    pub fn key_named(&self) -> Option<&str> {
        self.key.as_deref().or(self.requested_key.as_deref())
    }
}

/// A record with the service that recorded it, which may be another than KMS.
#[derive(Default)]
struct SourcedEvent<'a> {
    source: Option<Cow<'a, str>>,
    event: KmsEvent<'a>,
}

impl<'a> SourcedEvent<'a> {
    fn into_kms_event(mut self) -> Option<KmsEvent<'a>> {
        if self.source.as_deref() != Some(EVENT_SOURCE) {
            return None;
        }
        self.event.is_cloudtrails = self.event.is_made_by_cloudtrail();
        Some(self.event)
    }
}

impl<'a> FromJson<'a> for SourcedEvent<'a> {
    fn read<V: JsonValue<'a>>(record: &mut V) -> Result<Option<Self>, V::Error> {
        record.object(|Self { source, event }, name, value| {
            match name {
                b"eventSource" => *source = value.text()?,
                b"eventName" => event.name = value.text()?.unwrap_or_default(),
                b"eventID" => event.id = value.text()?,
                b"eventTime" => {
                    event.time = value.text()?.and_then(|time| read_event_time(&time));
                }
                b"awsRegion" => event.region = value.text()?,
                b"sourceIPAddress" => event.source = value.text()?,
                b"eventType" => event.event_type = value.text()?,
                // An error without a name is still an error.
                b"errorCode" => {
                    let error = |json| text(json).unwrap_or(Cow::Borrowed("an error"));
                    event.error = value.json()?.map(error);
                }
                b"userIdentity" => event.caller = Caller::read(value)?.unwrap_or_default(),
                b"requestParameters" => {
                    let Request { context, key } = Request::read(value)?.unwrap_or_default();
                    (event.trail, event.object) = (context.trail, context.object);
                    event.requested_key = key;
                }
                b"additionalEventData" => event.recipient = recipient_in(value)?,
                b"resources" => event.key = key_in(value)?,
                _ => {}
            }
            Ok(())
        })
    }
}

/// `requestParameters`.
#[derive(Default)]
struct Request<'a> {
    context: Context<'a>,
    key: Option<Cow<'a, str>>,
}

impl<'a> FromJson<'a> for Request<'a> {
    fn read<V: JsonValue<'a>>(request: &mut V) -> Result<Option<Self>, V::Error> {
        request.object(|request: &mut Self, name, value| {
            match name {
                b"encryptionContext" => {
                    request.context = Context::read(value)?.unwrap_or_default();
                }
                b"keyId" => request.key = value.text()?,
                _ => {}
            }
            Ok(())
        })
    }
}

/// `encryptionContext`.
#[derive(Default)]
struct Context<'a> {
    trail: Option<Cow<'a, str>>,
    object: Option<Cow<'a, str>>,
}

impl<'a> FromJson<'a> for Context<'a> {
    fn read<V: JsonValue<'a>>(context: &mut V) -> Result<Option<Self>, V::Error> {
        const TRAIL: &[u8] = TRAIL_CONTEXT.as_bytes();
        const OBJECT: &[u8] = OBJECT_CONTEXT.as_bytes();
        context.object(|context: &mut Self, name, value| {
            match name {
                TRAIL => context.trail = value.text()?,
                OBJECT => context.object = value.text()?,
                _ => {}
            }
            Ok(())
        })
    }
}

impl<'a> FromJson<'a> for Caller<'a> {
    fn read<V: JsonValue<'a>>(identity: &mut V) -> Result<Option<Self>, V::Error> {
        identity.object(|caller: &mut Self, name, value| {
            match name {
                b"type" => caller.kind = value.text()?,
                b"principalId" => caller.principal_id = value.text()?,
                b"arn" => caller.arn = value.text()?,
                b"accountId" => caller.account = value.text()?,
                b"sessionContext" => caller.session_issuer_arn = issuer_in(value)?,
                b"invokedBy" => caller.invoked_by = value.text()?,
                _ => {}
            }
            Ok(())
        })
    }
}

impl<'a> FromJson<'a> for Recipient<'a> {
    fn read<V: JsonValue<'a>>(recipient: &mut V) -> Result<Option<Self>, V::Error> {
        recipient.object(|recipient: &mut Self, name, value| {
            match name {
                b"attestationDocumentModuleId" => recipient.module_id = value.text()?,
                b"attestationDocumentEnclaveImageDigest" => recipient.image = value.text()?,
                _ => {}
            }
            Ok(())
        })
    }
}

/// Returns the text of an object's member.
fn member<'a, V: JsonValue<'a>>(
    object: &mut V,
    wanted: &[u8],
) -> Result<Option<Cow<'a, str>>, V::Error> {
    let text = object.object(|text: &mut Option<_>, name, value| {
        if name == wanted {
            *text = value.text()?;
        }
        Ok(())
    })?;
    Ok(text.flatten())
}

/// Returns the ARN of the issuer of a `sessionContext`.
fn issuer_in<'a, V: JsonValue<'a>>(session: &mut V) -> Result<Option<Cow<'a, str>>, V::Error> {
    let issuer = session.object(|arn: &mut Option<_>, name, value| {
        if name == b"sessionIssuer" {
            *arn = member(value, b"arn")?;
        }
        Ok(())
    })?;
    Ok(issuer.flatten())
}

/// Returns the recipient in `additionalEventData`, which may be of any type.
fn recipient_in<'a, V: JsonValue<'a>>(data: &mut V) -> Result<Option<Recipient<'a>>, V::Error> {
    let recipient = data.object(|recipient: &mut Option<_>, name, value| {
        if name == b"recipient" {
            let json = value.json()?;
            *recipient = json.map(|json| from_json(json).unwrap_or_default());
        }
        Ok(())
    })?;
    Ok(recipient.flatten())
}

/// Returns the first KMS key ARN among the first [`MAX_RESOURCES`]. The others are not checked.
fn key_in<'a, V: JsonValue<'a>>(resources: &mut V) -> Result<Option<Cow<'a, str>>, V::Error> {
    let (mut key, mut checked) = (None, 0);
    resources.list(|resource| {
        if key.is_none() && checked < MAX_RESOURCES {
            checked += 1;
            key = member(resource, b"ARN")?.filter(|arn| is_key_arn(arn));
        }
        Ok(())
    })?;
    Ok(key)
}

impl Caller<'_> {
    /// Returns the caller as reader patterns see it. The record does not show whether its account
    /// is one of ours.
    #[must_use]
    pub fn principal(&self) -> Principal<'_> {
        Principal {
            kind: self.kind.as_deref(),
            arn: self.arn.as_deref(),
            session_issuer_arn: self.session_issuer_arn.as_deref(),
            account: self.account.as_deref(),
            invoked_by: self.invoked_by.as_deref(),
            principal_id: self.principal_id.as_deref(),
            is_ours: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RECORD: &str = r#"{"eventVersion":"1.11","userIdentity":{"type":"AssumedRole","principalId":"AROAEXAMPLE:alice","arn":"arn:aws:sts::111122223333:assumed-role/Audit/alice","accountId":"111122223333","sessionContext":{"sessionIssuer":{"type":"Role","arn":"arn:aws:iam::111122223333:role/path/Audit"},"attributes":{}},"invokedBy":"AWS Internal"},"eventTime":"2026-01-15T12:00:00Z","eventSource":"kms.amazonaws.com","eventName":"Decrypt","awsRegion":"us-east-1","sourceIPAddress":"AWS Internal","errorCode":null,"requestParameters":{"encryptionContext":{"aws:cloudtrail:arn":"arn:aws:cloudtrail:us-east-1:111122223333:trail\/t01","aws:s3:arn":"arn:aws:s3:::amzn-s3-demo-bucket"},"keyId":"alias/x"},"resources":[{"ARN":"arn:aws:s3:::b"},7,{"accountId":"111122223333","ARN":"arn:aws:kms:us-east-1:111122223333:key/a"}],"additionalEventData":{"recipient":{"attestationDocumentModuleId":"i-1-enc2","attestationDocumentEnclaveImageDigest":3}},"eventID":"e1","eventType":"AwsApiCall"}"#;

    #[test]
    fn every_field_is_read() {
        let event = KmsEvent::from_record(RECORD).unwrap();
        let followed = format!("{RECORD},{RECORD}]}}");
        let first = Some((RECORD.len(), Some(event.clone())));
        assert_eq!(KmsEvent::first_in(&followed), first);
        let some = |text: &'static str| Some(Cow::Borrowed(text));
        let expected = KmsEvent {
            name: "Decrypt".into(),
            id: some("e1"),
            time: Some("2026-01-15T12:00:00Z".parse().unwrap()),
            region: some("us-east-1"),
            source: some("AWS Internal"),
            event_type: some("AwsApiCall"),
            error: None,
            caller: Caller {
                kind: some("AssumedRole"),
                arn: some("arn:aws:sts::111122223333:assumed-role/Audit/alice"),
                session_issuer_arn: some("arn:aws:iam::111122223333:role/path/Audit"),
                account: some("111122223333"),
                invoked_by: some("AWS Internal"),
                principal_id: some("AROAEXAMPLE:alice"),
            },
            is_cloudtrails: false,
            trail: some("arn:aws:cloudtrail:us-east-1:111122223333:trail/t01"),
            object: some("arn:aws:s3:::amzn-s3-demo-bucket"),
            requested_key: some("alias/x"),
            key: some("arn:aws:kms:us-east-1:111122223333:key/a"),
            recipient: Some(Recipient {
                module_id: some("i-1-enc2"),
                image: None,
            }),
        };
        assert_eq!(event, expected);
        // Nothing is copied unnecessarily.
        assert!(matches!(event.object, Some(Cow::Borrowed(_))));
        assert!(matches!(event.trail, Some(Cow::Owned(_))));
    }

    #[test]
    fn the_key_is_looked_for_among_the_first_hundred_resources() {
        let key = r#"{"ARN":"arn:aws:kms:us-east-1:111122223333:key/a"}"#;
        for (before, is_found) in [(0, true), (99, true), (100, false)] {
            let resources = format!("[{}{key},{key}]", "0,".repeat(before));
            let record =
                format!(r#"{{"eventSource":"kms.amazonaws.com","resources":{resources}}}"#);
            let event = KmsEvent::from_record(&record).unwrap();
            assert_eq!(event.key.is_some(), is_found, "{before}");
        }
    }

    #[test]
    fn records_that_are_not_kms_events_are_skipped() {
        for record in [
            "7",
            "null",
            "[]",
            r#""kms.amazonaws.com""#,
            "{}",
            r#"{"eventSource":null}"#,
            r#"{"eventSource":["kms.amazonaws.com"]}"#,
            r#"{"eventSource":"s3.amazonaws.com","userAgent":"kms.amazonaws.com"}"#,
        ] {
            assert_eq!(KmsEvent::from_record(record), None, "{record}");
            let first = KmsEvent::first_in(record).and_then(|(_, event)| event);
            assert_eq!(first, None, "{record}");
        }
    }

    /// Checks that a field with any content does not affect the others.
    #[test]
    fn a_field_of_any_type_affects_no_other_field() {
        let whole: serde_json::Value = serde_json::from_str(RECORD).unwrap();
        for name in whole.as_object().unwrap().keys() {
            if name == "eventSource" {
                continue;
            }
            for odd in ["null", "7", "\"x\"", "[]", "{}", "[{\"ARN\":1}]", "true"] {
                let mut record = whole.clone();
                record[name] = serde_json::from_str(odd).unwrap();
                let record = record.to_string();
                let event = KmsEvent::from_record(&record).unwrap();
                if name != "eventID" {
                    assert_eq!(event.id.as_deref(), Some("e1"), "{name} {odd}");
                }
                if name != "requestParameters" {
                    assert!(event.object.is_some(), "{name} {odd}");
                }
                let mut without = whole.clone();
                without.as_object_mut().unwrap().remove(name);
                assert!(KmsEvent::from_record(&without.to_string()).is_some());
            }
        }
    }

    #[test]
    fn a_name_that_appears_twice_counts_once() {
        let record = r#"{"eventSource":"s3.amazonaws.com","eventSource":"kms.amazonaws.com","eventID":"a","eventID":"b"}"#;
        let event = KmsEvent::from_record(record).unwrap();
        assert_eq!(event.id.as_deref(), Some("b"));
    }

    proptest! {
        /// A record is the same event whether its end is known or not.
        #[test]
        fn the_first_record_of_a_text_is_the_event_that_it_is_alone(
            value in crate::format::records::tests::json(),
            name in prop::sample::select(vec!["eventID", "userIdentity", "resources", "x"]),
            after in prop::sample::select(vec!["", "]}", ",{", "}", "\"", "x"]),
        ) {
            let with = format!(r#"{{"{name}":{value},"#);
            for record in [RECORD.replacen('{', &with, 1), value] {
                let text = format!("{record}{after}");
                if let Some((length, event)) = KmsEvent::first_in(&text) {
                    prop_assert_eq!(length, record.len());
                    prop_assert_eq!(event, KmsEvent::from_record(&record));
                }
            }
        }

        #[test]
        fn any_text_never_panics(text in "\\PC*") {
            let _ = KmsEvent::from_record(&text);
            let _ = KmsEvent::from_record(&RECORD.replacen("e1", &text, 1));
        }
    }
}
