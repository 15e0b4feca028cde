use super::*;
use crate::format::records::tests::json;
use proptest::prelude::*;
use serde::Deserialize as _;
use serde_json::value::RawValue;

/// Returns the length of the value at the start of the bytes, as `serde_json` reads it.
fn reference(bytes: &[u8]) -> Option<usize> {
    let value = <&RawValue>::deserialize(&mut serde_json::Deserializer::from_slice(bytes));
    Some(value.ok()?.get().len())
}

/// Checks that a length, if there is one, is the reference's.
#[track_caller]
fn agrees(bytes: &[u8]) -> Option<usize> {
    let length = length(bytes)?;
    if str::from_utf8(&bytes[..length]).is_ok() {
        assert_eq!(Some(length), reference(bytes), "{}", bytes.escape_ascii());
    }
    Some(length)
}

#[test]
fn a_value_as_cloudtrail_writes_it_has_a_length() {
    let text = r#""plain, and \" \\ \/ \b\f\n\r\t \u00e9 \ud83d é 😀 \"""#;
    for value in [
        "{}",
        "[]",
        r#""""#,
        text,
        &format!("{{{text}:{text}}}"),
        r#"{"a":{},"b":[],"c":[{"d":[[],{}]}],"e":true,"f":false,"g":null}"#,
        "[0,-0,7,-12,3.25,1e3,2E-7,-0.5e+10,0.0,10,1e05]",
    ] {
        for after in ["", ",", "}", "]", "x", "\"", "\\", " "] {
            let bytes = format!("{value}{after}");
            assert_eq!(agrees(bytes.as_bytes()), Some(value.len()), "{bytes}");
        }
    }
}

#[test]
fn a_value_that_ends_too_early_or_has_a_fault_has_no_length() {
    let value = r#"{"a":{"b":[1,-2.5e-1,"\u00e9\n",true,null]},"c":[]}"#;
    for end in 0..value.len() {
        assert_eq!(length(&value.as_bytes()[..end]), None, "{end}");
    }
    for fault in [
        "[1,]",
        "[,1]",
        "[1 2]",
        "[1,2}",
        "{1:2}",
        r#"{"a"}"#,
        r#"{"a":}"#,
        r#"{"a":1,}"#,
        r#"{"a":1]"#,
        r#"{"a",1}"#,
        r#"{"a":1"b":2}"#,
        "[01]",
        "[-]",
        "[1.]",
        "[.5]",
        "[1e]",
        "[1e+]",
        "[+1]",
        "[-01]",
        "[tru]",
        "[nulll]",
        "[True]",
        "[NaN]",
        r#"["\x"]"#,
        r#"["\u12g4"]"#,
        r#"["\u123"]"#,
        "[\"\n\"]",
        "[\"\0\"]",
        "[\"\u{1f}\"]",
        "[\"long enough\u{1f}\"]",
        "[']']",
        "[[]",
        "x",
    ] {
        assert_eq!(agrees(fault.as_bytes()), None, "{fault}");
    }
}

#[test]
fn a_number_or_a_literal_alone_has_no_length() {
    // More digits may follow.
    for value in ["7", "-1.5", "true", "null"] {
        assert_eq!(length(value.as_bytes()), None);
    }
}

#[test]
fn the_depth_is_limited() {
    for (depth, is_read) in [(1, true), (64, true), (65, false), (100_000, false)] {
        for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
            let value = format!("{}7{}", open.repeat(depth), close.repeat(depth));
            assert_eq!(agrees(value.as_bytes()).is_some(), is_read, "{depth}");
        }
    }
}

/// Checks every byte at every place of the words in which a text is read.
#[test]
fn a_special_byte_is_found_wherever_it_is() {
    for length in 0..20 {
        for at in 0..length {
            for byte in 0..=u8::MAX {
                let mut bytes = vec![b'a'; length];
                bytes[at] = byte;
                let is_special = byte < b' ' || byte == b'"' || byte == b'\\';
                let plain = if is_special { at } else { length };
                assert_eq!(plain_bytes(&bytes), plain, "{byte} at {at} of {length}");
            }
        }
    }
}

proptest! {
    #[test]
    fn a_length_is_that_of_serde_json(
        json in json(),
        after in "[\\[\\]{}:,\" 0-9a-z]{0,3}",
        damage in prop::collection::vec(
            (any::<prop::sample::Index>(), prop_oneof![
                prop::sample::select(b"[]{},:\"\\ -.0eEu\n\xff".to_vec()),
                any::<u8>(),
            ]),
            0..4,
        ),
    ) {
        let mut bytes = format!("{json}{after}").into_bytes();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = agrees(&bytes);
    }

    #[test]
    fn a_compact_value_has_a_length(json in json()) {
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        let compact = value.to_string();
        if value.is_object() || value.is_array() || value.is_string() {
            prop_assert_eq!(agrees(compact.as_bytes()), Some(compact.len()));
        }
    }

    #[test]
    fn any_bytes_agree(bytes in "[\\[\\]{}:,\"\\\\ue.0-9tfn\\PC]{0,40}") {
        let _ = agrees(bytes.as_bytes());
    }
}
