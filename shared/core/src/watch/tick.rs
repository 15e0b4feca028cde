//! The message that starts a round, or continues one.

use super::totals::Totals;
use crate::names::ids::AccountId;
use crate::names::text::clip_visibly;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The maximum length in characters of what an error quotes.
const MAX_QUOTED_CHARS: usize = 200;

/// The start of a round, or of its rest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Tick {
    /// The last account that is done; `None` at the start of a round.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// The accounts before it that failed, and are tried again at the end of the round.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<String>,
    /// The counts of the accounts that are done.
    pub totals: Totals,
}

/// The reason why a message does not start a round.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TickError {
    /// It is not a message for `watchdog`.
    #[error("the message is not {{\"watch\":{{…}}}}: {0}")]
    Malformed(String),
    /// The account after which it continues is not an account.
    #[error("`{0}` is not an account ID")]
    NoAccount(String),
}

/// A message for `watchdog`.
#[derive(Serialize, Deserialize)]
struct Message {
    watch: Tick,
}

impl Tick {
    /// Reads a message: `{"watch":{}}`, or the event of an EventBridge rule with a schedule
    /// (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html>).
    ///
    /// # Errors
    /// [`TickError`].
    pub fn read(body: &str) -> Result<Self, TickError> {
        let malformed = |error: serde_json::Error| {
            TickError::Malformed(clip_visibly(error.to_string(), MAX_QUOTED_CHARS))
        };
        let value: Value = serde_json::from_str(body).map_err(malformed)?;
        if value.get("source").and_then(Value::as_str) == Some("aws.events")
            && value.get("watch").is_none()
        {
            return Ok(Self::default());
        }
        let Message { watch } = serde_json::from_value(value).map_err(malformed)?;
        for account in watch.after.iter().chain(&watch.failed) {
            AccountId::new(account).map_err(|_| {
                TickError::NoAccount(clip_visibly(account.clone(), MAX_QUOTED_CHARS))
            })?;
        }
        Ok(watch)
    }

    /// Returns the message that continues the round.
    #[must_use]
    pub fn into_message(self) -> String {
        // Numbers, names and times: JSON can hold everything in it.
        serde_json::to_string(&Message { watch: self }).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_starts_and_continues_with_its_message() {
        assert_eq!(Tick::read(r#"{"watch":{}}"#), Ok(Tick::default()));
        let scheduled = r#"{"version":"0","id":"x","detail-type":"Scheduled Event","source":"aws.events","detail":{}}"#;
        assert_eq!(Tick::read(scheduled), Ok(Tick::default()));
        let rest = Tick {
            after: Some("111122223333".to_owned()),
            failed: vec!["111111111111".to_owned()],
            totals: Totals {
                chains: 17,
                oldest: Some("2026-01-15T12:00:00Z".parse().unwrap()),
                ..Totals::default()
            },
        };
        assert_eq!(Tick::read(&rest.clone().into_message()), Ok(rest));
    }

    #[test]
    fn other_messages_are_refused() {
        for body in [
            "",
            "{}",
            "[]",
            "tick",
            r#"{"watch":7}"#,
            r#"{"watch":{"totals":{"chains":-1}}}"#,
            r#"{"bucket":"b","key":"k"}"#,
        ] {
            let read = Tick::read(body);
            assert!(matches!(read, Err(TickError::Malformed(_))), "{body}");
        }
        for body in [
            r#"{"watch":{"after":"x"}}"#,
            r#"{"watch":{"failed":["x"]}}"#,
        ] {
            let read = Tick::read(body);
            assert_eq!(read, Err(TickError::NoAccount("x".to_owned())), "{body}");
        }
    }
}
