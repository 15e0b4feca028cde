//! The messages of `watchdog`.

use super::tick::{Tick, TickError};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// The number of seconds for which a document waits, unless a message says otherwise. S3 may set the
/// time of an object before the object appears in listings, and clocks differ.
const MARGIN_SECONDS: u32 = 600;

/// A message of `watchdog`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WatchMessage {
    /// Starts a round over all chains, or continues one: `{"watch":{…}}`.
    Round(Box<Tick>),
    /// Adds what is new to the evidence log: `{"append":{}}`.
    Append(AppendTick),
    /// Has open incidents looked at again: `{"secondLook":{}}`.
    SecondLook(SecondLookTick),
}

/// How new documents are added to the evidence log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct AppendTick {
    /// How old a document is at least, in seconds. Less than ten minutes is right only if no
    /// function is writing documents.
    pub margin_seconds: u32,
}

impl Default for AppendTick {
    fn default() -> Self {
        Self {
            margin_seconds: MARGIN_SECONDS,
        }
    }
}

impl AppendTick {
    /// Returns how old a document is at least.
    #[must_use]
    pub fn margin(self) -> SignedDuration {
        SignedDuration::from_secs(self.margin_seconds.into())
    }

    /// Returns the message that adds more.
    #[must_use]
    pub fn into_message(self) -> String {
        serde_json::json!({"append": self}).to_string()
    }
}

/// The start of a second look at open incidents, or of its rest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct SecondLookTick {
    /// The key of the last document that was read; `None` at the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// The number of open incidents up to there.
    #[serde(skip_serializing_if = "is_zero")]
    pub open: u64,
}

/// Says what JSON leaves out.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature is serde's"
)]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl SecondLookTick {
    /// Returns the message that continues after the document with the key `after`. There were `open`
    /// open incidents up to there.
    #[must_use]
    pub fn rest(after: String, open: u64) -> String {
        let rest = Self {
            after: Some(after),
            open,
        };
        serde_json::json!({"secondLook": rest}).to_string()
    }
}

impl WatchMessage {
    /// Reads a message.
    ///
    /// # Errors
    /// [`TickError`]: it is none of them.
    pub fn read(body: &str) -> Result<Self, TickError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        enum Other {
            Append(AppendTick),
            SecondLook(SecondLookTick),
        }
        match serde_json::from_str(body) {
            Ok(Other::Append(tick)) => Ok(Self::Append(tick)),
            Ok(Other::SecondLook(tick)) => Ok(Self::SecondLook(tick)),
            Err(_) => Tick::read(body).map(|tick| Self::Round(Box::new(tick))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_starts_a_round_or_an_append() {
        let append = AppendTick::default();
        for message in [r#"{"append":{}}"#.to_owned(), append.into_message()] {
            let read = WatchMessage::read(&message);
            assert_eq!(read, Ok(WatchMessage::Append(append)), "{message}");
        }
        let at_once = AppendTick { margin_seconds: 0 };
        let read = WatchMessage::read(&at_once.into_message());
        assert_eq!(read, Ok(WatchMessage::Append(at_once)));
        let look = SecondLookTick::default();
        let read = WatchMessage::read(r#"{"secondLook":{}}"#);
        assert_eq!(read, Ok(WatchMessage::SecondLook(look)));
        let rest = SecondLookTick::rest("incidents/1.json".to_owned(), 3);
        let Ok(WatchMessage::SecondLook(look)) = WatchMessage::read(&rest) else {
            panic!("{rest}");
        };
        assert_eq!(look.after.as_deref(), Some("incidents/1.json"));
        assert_eq!(look.open, 3);
        let round = WatchMessage::read(r#"{"watch":{}}"#);
        assert_eq!(round, Ok(WatchMessage::Round(Box::default())));
        for other in [
            r#"{"append":true}"#,
            r#"{"append":{"margin":1}}"#,
            r#"{"append":{"marginSeconds":-1}}"#,
            r#"{"append":{},"watch":1}"#,
            r#"{"secondLook":{"before":"x"}}"#,
            r#"{"secondLook":{},"append":{}}"#,
            "append",
            "{}",
        ] {
            assert!(WatchMessage::read(other).is_err(), "{other}");
        }
    }
}
