use super::*;
use crate::format::records::tests::json;
use proptest::prelude::*;

const NAMES: [&str; 3] = ["a", "[", ""];

/// Checks that the short cut reads what the other way does, and a text as `serde_json` does.
fn agrees(json: &str) {
    let fields = any_fields(json, NAMES);
    if let Some(found) = compact_fields(json, &NAMES) {
        assert_eq!(Some(found), fields, "{json}");
    }
    for value in fields.into_iter().flatten().flatten() {
        let expected: Option<String> = serde_json::from_str(value).ok();
        assert_eq!(text(Some(value)).as_deref(), expected.as_deref(), "{json}");
    }
}

#[test]
fn both_ways_read_the_same() {
    for (json, is_compact) in [
        (r#"{"a":1,"b":2,"a":[3],"":"x"}"#, true),
        (r#"{"a":"\u00e9","[":"\ud800"}"#, true),
        (r#"{"a":null}"#, true),
        (r#"{"a":1,"a":null}"#, true),
        (r#"{"a":1}x"#, true),
        (r#"{"\u0061":1}"#, false),
        (r#"{"a":1,"\u0061":2}"#, false),
        (r#"{"a":1,"\ud800":2}"#, false),
        (r#"{ "a":1}"#, false),
        (r#"{"a":1 }"#, false),
        ("{}", false),
        (r#"{"a":1"#, false),
        (r#"{"a":1]"#, false),
        (r#"["a"]"#, false),
        ("7", false),
    ] {
        let compact = compact_fields(json, &NAMES);
        assert_eq!(compact.is_some(), is_compact, "{json}");
        agrees(json);
    }
}

proptest! {
    #[test]
    fn both_ways_read_the_same_of_any_value(
        json in json(),
        damage in prop::collection::vec(
            (any::<prop::sample::Index>(), prop::sample::select(b"[]{},:\"\\ -.0eEu\n".to_vec())),
            0..3,
        ),
    ) {
        agrees(&json);
        let mut bytes = json.into_bytes();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(json) = str::from_utf8(&bytes) {
            agrees(json);
        }
    }
}
