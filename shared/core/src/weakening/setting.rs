//! Values of a request, as its record writes them.
//!
//! S3's requests are XML. In the record, an element is an object, a repeated element a list, an
//! element without content an empty text, and a number or a truth value has quotes or not.

use serde_json::Value;

/// Returns the items of a repeated element, of which one needs no list.
pub(super) fn items(value: Option<&Value>) -> Vec<&Value> {
    match value {
        Some(Value::Array(items)) => items.iter().collect(),
        Some(item @ Value::Object(_)) => vec![item],
        _ => Vec::new(),
    }
}

/// Returns a truth value.
pub(super) fn truth(value: Option<&Value>) -> Option<bool> {
    match value? {
        Value::Bool(truth) => Some(*truth),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// Returns a count, such as a number of days.
pub(super) fn count(value: Option<&Value>) -> Option<u64> {
    match value? {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// Returns a text.
pub(super) fn text(value: Option<&Value>) -> Option<&str> {
    value?.as_str()
}

/// Returns whether an element says `Enabled`.
pub(super) fn is_enabled(value: Option<&Value>) -> bool {
    text(value).is_some_and(|status| status.eq_ignore_ascii_case("Enabled"))
}
