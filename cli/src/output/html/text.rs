//! Numbers, times and external texts, as they are printed.

use crate::report::Range;
use jiff::Timestamp;
use maud::{Markup, PreEscaped, html};
use std::fmt::Write;

/// The maximum number of characters of one external text.
const MAX_CHARS: usize = 2200;

/// Returns an external text in isolation: characters that hide or reorder text are spelled out, and
/// a text that is too long is clipped.
pub(super) fn isolated(text: &str) -> Markup {
    let mut isolated = String::with_capacity(text.len());
    for (number, c) in text.chars().enumerate() {
        if number == MAX_CHARS {
            isolated.push('…');
            break;
        }
        if is_forging(c) {
            let spelled = html! { span.code { "U+" (format!("{:04X}", u32::from(c))) } };
            isolated.push_str(&spelled.into_string());
        } else {
            let mut buffer = [0; 4];
            let escaped = html! { (&*c.encode_utf8(&mut buffer)) };
            isolated.push_str(&escaped.into_string());
        }
    }
    html! { bdi { (PreEscaped(isolated)) } }
}

/// Returns the same for places that allow only text, such as a title.
pub(super) fn plain(text: &str) -> String {
    text.chars()
        .take(MAX_CHARS)
        .map(|c| if is_forging(c) { '\u{fffd}' } else { c })
        .collect()
}

/// Returns whether a character is a control character, or reorders or hides text.
fn is_forging(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{2028}' | '\u{2029}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff0}'..='\u{fffc}' | '\u{e0000}'..='\u{e007f}')
}

/// Returns a text such as `12,345`.
pub(super) fn number(number: impl TryInto<u64>) -> String {
    let digits = number.try_into().unwrap_or(u64::MAX).to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Returns a text such as `1 digest` or `12,345 digests`.
pub(super) fn count(count: impl TryInto<u64>, one: &str, many: &str) -> String {
    let count = count.try_into().unwrap_or(u64::MAX);
    let what = if count == 1 { one } else { many };
    format!("{} {what}", number(count))
}

/// Returns a text such as `1.5 GiB`.
pub(super) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut tenths = u128::from(bytes) * 10;
    let mut unit = "bytes";
    for next in UNITS {
        if tenths < 10_240 {
            break;
        }
        tenths /= 1024;
        unit = next;
    }
    if unit == "bytes" || tenths >= 1000 {
        format!("{} {unit}", number(tenths / 10))
    } else {
        format!("{}.{} {unit}", tenths / 10, tenths % 10)
    }
}

/// Returns a text such as `2026-01-15 17:00`, with seconds if there are any.
pub(super) fn moment(time: Timestamp) -> String {
    let format = if time.as_second().rem_euclid(60) == 0 {
        "%Y-%m-%d %H:%M"
    } else {
        "%Y-%m-%d %H:%M:%S"
    };
    time.strftime(format).to_string()
}

/// Returns the same, with its time zone.
pub(super) fn time(time: Timestamp) -> String {
    format!("{} UTC", moment(time))
}

/// Returns the requested time in words.
pub(super) fn range(range: Range) -> String {
    let from = range.from.map_or("the oldest digest".to_owned(), moment);
    let to = range.to.map_or("now".to_owned(), moment);
    format!("{from} to {to} UTC")
}

/// Returns a duration such as `3 min 12 s`, on one line.
pub(super) fn duration(from: Timestamp, to: Timestamp) -> String {
    let seconds = to.as_second().saturating_sub(from.as_second()).max(0);
    let mut text = String::new();
    let parts = [
        (seconds / 3600, "h"),
        (seconds / 60 % 60, "min"),
        (seconds % 60, "s"),
    ];
    for (amount, unit) in parts {
        if amount > 0 || (unit == "s" && text.is_empty()) {
            let space = if text.is_empty() { "" } else { "\u{a0}" };
            // Writing to a String cannot fail.
            let _ = write!(text, "{space}{amount}\u{a0}{unit}");
        }
    }
    text
}

/// Returns the command line, quoted for a POSIX shell.
pub(super) fn command(words: &[String]) -> String {
    let words: Vec<_> = words.iter().map(|word| quoted(word)).collect();
    words.join(" ")
}

fn quoted(word: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(is_bare) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_sizes_are_readable() {
        assert_eq!(number(0_u64), "0");
        assert_eq!(number(999_u64), "999");
        assert_eq!(number(1_000_u64), "1,000");
        assert_eq!(number(12_345_678_u64), "12,345,678");
        assert_eq!(count(1_u64, "digest", "digests"), "1 digest");
        assert_eq!(bytes(0), "0 bytes");
        assert_eq!(bytes(1023), "1,023 bytes");
        assert_eq!(bytes(1024), "1.0 KiB");
        assert_eq!(bytes(1536 * 1024 * 1024), "1.5 GiB");
        assert_eq!(bytes(u64::MAX), "16,383 PiB");
    }

    #[test]
    fn times_are_utc_and_have_seconds_when_they_matter() {
        assert_eq!(
            time("2026-01-15T17:00:00Z".parse().unwrap()),
            "2026-01-15 17:00 UTC"
        );
        assert_eq!(
            moment("2026-01-15T17:00:31Z".parse().unwrap()),
            "2026-01-15 17:00:31"
        );
        assert_eq!(range(Range::default()), "the oldest digest to now UTC");
        let from = "2026-01-15T17:00:00Z".parse().unwrap();
        assert_eq!(
            duration(from, "2026-01-15T18:02:03Z".parse().unwrap()),
            "1\u{a0}h\u{a0}2\u{a0}min\u{a0}3\u{a0}s"
        );
        assert_eq!(duration(from, from), "0\u{a0}s");
    }

    #[test]
    fn untrusted_text_is_escaped_and_hides_nothing() {
        assert_eq!(
            isolated("a<b>\u{202e}\"&").into_string(),
            "<bdi>a&lt;b&gt;<span class=\"code\">U+202E</span>&quot;&amp;</bdi>"
        );
        assert_eq!(plain("a\u{202e}\nb"), "a\u{fffd}\u{fffd}b");
        assert!(isolated(&"x".repeat(5000)).into_string().len() < 2300);
    }

    #[test]
    fn a_command_can_be_pasted_into_a_shell() {
        let words = ["trailseal", "verify", "s3://b/it's $HOME", ""].map(str::to_owned);
        assert_eq!(
            command(&words),
            r"trailseal verify 's3://b/it'\''s $HOME' ''"
        );
    }
}
