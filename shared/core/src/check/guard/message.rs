//! The message that starts a look at the settings.

use crate::names::text::clip_visibly;
use serde::Deserialize;
use serde_json::Value;

/// The maximum length in characters of what an error quotes.
const MAX_QUOTED_CHARS: usize = 200;

/// The reason why a message does not start a look.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the message is not {{\"settings\":{{}}}}: {0}")]
pub struct NoLook(String);

/// Reads a message: `{"settings":{}}`, or the event of an `EventBridge` rule with a schedule
/// (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html>).
///
/// # Errors
/// [`NoLook`]: it is another message.
pub fn read_message(body: &str) -> Result<(), NoLook> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Nothing {}
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Message {
        #[serde(rename = "settings")]
        _settings: Nothing,
    }
    let no_look =
        |error: serde_json::Error| NoLook(clip_visibly(error.to_string(), MAX_QUOTED_CHARS));
    let value: Value = serde_json::from_str(body).map_err(no_look)?;
    if value.get("source").and_then(Value::as_str) == Some("aws.events") {
        return Ok(());
    }
    let _: Message = serde_json::from_value(value).map_err(no_look)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_starts_a_look() {
        for look in [
            r#"{"settings":{}}"#,
            r#"{"version":"0","detail-type":"Scheduled Event","source":"aws.events","detail":{}}"#,
        ] {
            assert_eq!(read_message(look), Ok(()), "{look}");
        }
        for other in [
            r#"{"watch":{}}"#,
            r#"{"settings":{"after":"x"}}"#,
            r#"{"settings":null}"#,
            r#"{"settings":{},"watch":{}}"#,
            r#"{"source":"aws.s3"}"#,
            "settings",
            "{}",
        ] {
            let error = read_message(other).unwrap_err().to_string();
            assert!(
                error.starts_with(r#"the message is not {"settings":{}}: "#),
                "{error}"
            );
        }
    }
}
