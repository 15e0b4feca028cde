//! Text from others, made safe to show in an email, a subject, or a terminal.

/// The maximum length of one shown value: a complete `s3://` URI, of 63 + 1,024 bytes.
const MAX_VALUE_CHARS: usize = 1100;

/// Escapes a text. Anybody may choose names in a bucket, and nothing in them may forge a line of
/// the message.
#[must_use]
pub fn printable(text: &str) -> String {
    let mut printable: String = text
        .chars()
        .take(MAX_VALUE_CHARS)
        .map(|c| if is_forging(c) { '\u{fffd}' } else { c })
        .collect();
    if text.chars().count() > MAX_VALUE_CHARS {
        printable.push('…');
    }
    printable
}

/// Returns whether a character is a control character, or reorders or hides text.
fn is_forging(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{2028}' | '\u{2029}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff0}'..='\u{ffff}' | '\u{e0000}'..='\u{e007f}')
}

/// Returns JSON that a queue accepts. SQS refuses U+FFFE and U+FFFF, which JSON and the names of
/// objects may contain. They are written as escapes, so that the JSON has the same meaning.
///
/// Characters: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>.
/// The JSON contains no raw control characters.
#[must_use]
pub fn json_for_queue(json: String) -> String {
    if json.contains(['\u{fffe}', '\u{ffff}']) {
        json.replace('\u{fffe}', "\\ufffe")
            .replace('\u{ffff}', "\\uffff")
    } else {
        json
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_a_queue_refuses_are_escaped_without_loss() {
        let name = "a\u{fffe}b\u{ffff}\n\"";
        let json = json_for_queue(serde_json::json!({ "key": name }).to_string());
        assert!(!json.contains(['\u{fffe}', '\u{ffff}', '\n']), "{json}");
        let read: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(read["key"], name);
    }
}
