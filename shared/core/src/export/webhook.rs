//! Webhooks with the signatures of Standard Webhooks.
//!
//! Specification: <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>.
//! The signed content is `id.timestamp.body`, and "it's important to make sure that the payload sent
//! is the same as the payload signed".
//!
//! An API destination of EventBridge sends the webhook. It cannot sign. Therefore, the event on the
//! bus has the body and the headers. A rule selects the body with `InputPath` (`$.detail.body`), and
//! takes the headers from the event (`HeaderParameters`).
//!
//! AWS's documentation does not say with which bytes EventBridge writes the part of an event that
//! `InputPath` selects. A text is sent as JSON, with quotation marks around it
//! (<https://github.com/aws/aws-cdk/issues/30704>), so the body is an object. Every JSON writer
//! without extra white space writes this object with the same bytes, whether it keeps the order of
//! the names or sorts them:
//!
//! - the names are in alphabetical order;
//! - all values are texts, because writers differ in numbers;
//! - the texts have only letters, digits and `. _ : , -` and spaces, because writers differ in which
//!   characters they escape (`/`, `<`, `=`, `'`, everything that is not ASCII).
//!
//! The complete change is therefore in `data.document`, as JSON in base64 for URLs
//! ([RFC 4648](https://www.rfc-editor.org/rfc/rfc4648#section-5)).

use super::bus_event::{BusEvent, incident_detail};
use super::change::Change;
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt;

/// The detail type of the event that an API destination sends.
pub const DETAIL_TYPE: &str = "Trailseal Webhook";

/// The schema of the event's detail.
const SCHEMA: &str = "trailseal.webhook/1";

/// The size of a secret in bytes: "Between 24 bytes (192 bits) and 64 bytes (512 bits)".
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// The maximum number of secrets that sign a webhook. A header of an API destination has at most 512
/// characters: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_HttpParameters.html>.
const MAX_SECRETS: usize = 4;

/// The secrets that sign webhooks. Their values are never shown.
pub struct Secrets(Vec<hmac::Key>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({})", self.0.len())
    }
}

/// The reason why a secret cannot sign. It does not contain the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// There is no secret, or there are too many.
    #[error("it has {0} secrets separated by white space, and must have 1 to {MAX_SECRETS}")]
    Count(usize),
    /// It is not base64.
    #[error("it is not `whsec_` and base64")]
    Base64,
    /// It has a wrong size.
    #[error("it has {0} bytes, and must have 24 to 64")]
    Size(usize),
}

impl Secrets {
    /// Reads secrets, separated by white space: base64 with or without `whsec_` before it. Each of
    /// them signs, so that a receiver can go from one secret to the next.
    ///
    /// # Errors
    /// [`SecretError`].
    pub fn read(text: &str) -> Result<Self, SecretError> {
        let secrets: Vec<&str> = text.split_whitespace().collect();
        if !(1..=MAX_SECRETS).contains(&secrets.len()) {
            return Err(SecretError::Count(secrets.len()));
        }
        let keys = secrets.into_iter().map(|secret| {
            let secret = secret.strip_prefix("whsec_").unwrap_or(secret);
            let secret = secret.trim_end_matches('=');
            let bytes = STANDARD_NO_PAD
                .decode(secret)
                .map_err(|_| SecretError::Base64)?;
            if !SECRET_BYTES.contains(&bytes.len()) {
                return Err(SecretError::Size(bytes.len()));
            }
            Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
        });
        keys.collect::<Result<_, _>>().map(Self)
    }

    fn sign(&self, id: &str, timestamp: i64, body: &str) -> String {
        let content = format!("{id}.{timestamp}.{body}");
        let signatures = self.0.iter().map(|key| {
            let signature = hmac::sign(key, content.as_bytes());
            format!("v1,{}", STANDARD.encode(signature))
        });
        signatures.collect::<Vec<_>>().join(" ")
    }
}

/// The body of a webhook, in which every value is a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookBody {
    /// What changed. A map, because its names are in order.
    data: BTreeMap<String, String>,
    /// When it changed.
    timestamp: String,
    /// `trailseal.incident.opened`, ….
    #[serde(rename = "type")]
    event_type: String,
}

/// A webhook, signed or to be signed again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentWebhook {
    /// Its ID, the same on every try.
    pub id: String,
    /// Its body.
    pub body: WebhookBody,
    /// The number of this try, counted from 1.
    pub attempt: u32,
}

impl SentWebhook {
    /// Returns the webhook of a change of an incident.
    #[must_use]
    pub fn of(change: &Change) -> Self {
        let Change { finding, incident } = change;
        let document = URL_SAFE_NO_PAD.encode(incident_detail(change));
        let data = [
            ("account", finding.account.as_deref().unwrap_or_default()),
            ("document", &document),
            ("incident", &finding.id),
            ("kind", &finding.kind),
            ("region", finding.region.as_deref().unwrap_or_default()),
            ("severity", finding.severity.as_str()),
            ("state", incident.state.as_str()),
        ];
        let data = data.map(|(name, value)| (name.to_owned(), plain(value)));
        Self {
            id: format!("msg_{}", change.id()),
            body: WebhookBody {
                data: data.into(),
                timestamp: change.time().to_string(),
                event_type: format!("trailseal.incident.{}", incident.state.as_str()),
            },
            attempt: 1,
        }
    }

    /// Returns the event that an API destination sends, signed at a time.
    #[must_use]
    pub fn event(&self, secrets: &Secrets, now: Timestamp) -> BusEvent {
        let body = self.bytes();
        let timestamp = now.as_second();
        let detail = json!({
            "schema": SCHEMA,
            "attempt": self.attempt,
            "headers": {
                "id": self.id,
                "timestamp": timestamp.to_string(),
                "signature": secrets.sign(&self.id, timestamp, &body),
            },
            "body": self.body,
        });
        BusEvent {
            detail_type: DETAIL_TYPE,
            detail: detail.to_string(),
            resources: Vec::new(),
        }
    }

    /// Returns the bytes that are signed and sent.
    fn bytes(&self) -> String {
        // Texts: JSON can hold everything in them.
        serde_json::to_string(&self.body).unwrap_or_default()
    }
}

/// Reads an event that EventBridge could not deliver.
///
/// # Errors
/// It is not such an event.
pub(super) fn read_returned(json: &[u8]) -> Result<SentWebhook, serde_json::Error> {
    #[derive(Deserialize)]
    struct ReturnedEvent {
        detail: ReturnedDetail,
    }
    #[derive(Deserialize)]
    struct ReturnedDetail {
        attempt: u32,
        headers: ReturnedHeaders,
        body: WebhookBody,
    }
    #[derive(Deserialize)]
    struct ReturnedHeaders {
        id: String,
    }
    let ReturnedEvent { detail } = serde_json::from_slice(json)?;
    let mut body = detail.body;
    for value in body.data.values_mut() {
        *value = plain(value);
    }
    Ok(SentWebhook {
        id: plain(&detail.headers.id),
        body,
        attempt: detail.attempt,
    })
}

/// Returns a text of characters that every JSON writer leaves as they are.
fn plain(text: &str) -> String {
    let plain = text.chars().map(|c| match c {
        c if c.is_ascii_alphanumeric() || " ._:,-".contains(c) => c,
        _ => '_',
    });
    plain.collect()
}

/// Returns the complete change in the body of a webhook, for tests and tools.
#[must_use]
pub fn document(body: &Value) -> Option<Value> {
    let document = body.get("data")?.get("document")?.as_str()?;
    let document = URL_SAFE_NO_PAD.decode(document).ok()?;
    serde_json::from_slice(&document).ok()
}

#[cfg(test)]
mod tests {
    use super::super::bus_event::of_incident;
    use super::super::change::ChangeState;
    use super::super::incoming::{Incoming, read};
    use super::super::sample::{change, home};
    use super::*;
    use proptest::prelude::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    /// The example in the tests of the libraries of Standard Webhooks:
    /// <https://github.com/standard-webhooks/standard-webhooks/blob/main/libraries/go/webhook_test.go>.
    #[test]
    fn the_signature_is_the_one_of_the_published_example() {
        let secrets = Secrets::read(SECRET).unwrap();
        let signature = secrets.sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            "{\"test\": 2432232314}",
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn each_secret_signs_and_no_other_text_is_a_secret() {
        let other = STANDARD.encode([7; 24]);
        let both = Secrets::read(&format!("{SECRET}\n{other}")).unwrap();
        let signatures = both.sign("msg_1", 1, "{}");
        let each: Vec<String> = [SECRET, other.as_str()]
            .iter()
            .map(|secret| Secrets::read(secret).unwrap().sign("msg_1", 1, "{}"))
            .collect();
        assert_eq!(signatures, each.join(" "));
        for (text, error) in [
            ("", SecretError::Count(0)),
            ("a b c d e", SecretError::Count(5)),
            ("whsec_%%%%", SecretError::Base64),
            ("whsec_c2hvcnQ=", SecretError::Size(5)),
        ] {
            let refused = Secrets::read(text).unwrap_err();
            assert_eq!(refused, error);
            assert!(text.is_empty() || !refused.to_string().contains("c2hvcnQ"));
        }
        assert!(!format!("{both:?}").contains("MfKQ"));
    }

    #[test]
    fn the_signed_bytes_are_the_body_of_the_event() {
        let secrets = Secrets::read(SECRET).unwrap();
        let webhook = SentWebhook::of(&change(ChangeState::Opened));
        let now: Timestamp = "2026-01-15T15:40:25Z".parse().unwrap();
        let event = webhook.event(&secrets, now);
        let detail: Value = serde_json::from_str(&event.detail).unwrap();
        let body = detail["body"].to_string();
        assert_eq!(body, webhook.bytes());
        assert!(event.detail.contains(&body));
        let headers = &detail["headers"];
        assert_eq!(headers["timestamp"], "1768491625");
        assert_eq!(headers["id"], webhook.id.as_str());
        assert_eq!(
            headers["signature"],
            secrets.sign(&webhook.id, 1_768_491_625, &body)
        );
        assert_eq!(detail["body"]["type"], "trailseal.incident.opened");
        let expected = of_incident(&change(ChangeState::Opened), &home()).detail;
        let expected: Value = serde_json::from_str(&expected).unwrap();
        assert_eq!(document(&detail["body"]).unwrap(), expected);
    }

    /// It has the same ID and body, and another time.
    #[test]
    fn a_webhook_that_was_not_delivered_is_signed_again() {
        let secrets = Secrets::read(SECRET).unwrap();
        let webhook = SentWebhook::of(&change(ChangeState::Opened));
        let now: Timestamp = "2026-01-15T15:40:25Z".parse().unwrap();
        let event = webhook.event(&secrets, now);
        let detail: Value = serde_json::from_str(&event.detail).unwrap();
        let returned = json!({"version": "0", "source": "trailseal", "detail-type": DETAIL_TYPE, "detail": detail});
        let Incoming::Returned(again) = read(returned.to_string().as_bytes(), "b").unwrap() else {
            panic!("a webhook");
        };
        assert_eq!(again, webhook);
        let later = again.event(&secrets, now + jiff::SignedDuration::from_mins(10));
        assert_ne!(later.detail, event.detail);
        assert_eq!(again.bytes(), webhook.bytes());
    }

    /// How other writers of JSON write a value: in any order, and with more escapes.
    fn written_by_others(value: &Value) -> Vec<String> {
        let text = value.to_string();
        let escaped = |text: &str, c: char, to: &str| text.replace(c, to);
        vec![
            escaped(&text, '/', "\\/"),
            escaped(&text, '<', "\\u003c"),
            escaped(&text, '=', "\\u003d"),
            escaped(&text, '\'', "\\u0027"),
            escaped(&text, '&', "\\u0026"),
            text.chars()
                .map(|c| {
                    if c.is_ascii() {
                        c.to_string()
                    } else {
                        format!("\\u{:04x}", u32::from(c))
                    }
                })
                .collect(),
            text,
        ]
    }

    proptest! {
        #[test]
        fn every_writer_of_json_writes_the_signed_bytes(text in any::<String>(), kind in any::<String>()) {
            let mut change = change(ChangeState::Grown);
            change.finding.message = text.clone();
            change.finding.kind = kind;
            change.finding.account = Some(text);
            let webhook = SentWebhook::of(&change);
            let bytes = webhook.bytes();
            // The map of serde_json is in alphabetical order.
            let sorted: Value = serde_json::from_str(&bytes).unwrap();
            for written in written_by_others(&sorted) {
                prop_assert_eq!(&written, &bytes);
            }
            prop_assert!(!bytes.contains('\\'));
        }

        #[test]
        fn a_webhook_fits_in_an_event(length in 0_usize..9000, c in any::<char>()) {
            let mut change = change(ChangeState::Grown);
            change.finding.message = std::iter::repeat_n(c, length).collect();
            change.finding.advice = std::iter::repeat_n(c, length).collect();
            change.finding.expected = Some(std::iter::repeat_n(c, length).collect());
            change.finding.actual = Some(std::iter::repeat_n(c, length).collect());
            let secrets = Secrets::read(SECRET).unwrap();
            let event = SentWebhook::of(&change.bounded().unwrap()).event(&secrets, Timestamp::UNIX_EPOCH);
            prop_assert!(event.size() < 250 * 1024, "{}", event.size());
        }
    }
}
