use super::*;
use crate::format::records::tests::json;
use proptest::prelude::*;
use serde_json::Value;

/// What is read from an object: each kind of member, and the objects in it.
#[derive(Debug, Default, PartialEq)]
struct Found<'a> {
    text: Option<Cow<'a, str>>,
    json: Option<&'a str>,
    object: Option<Box<Found<'a>>>,
    list: Vec<Option<Found<'a>>>,
}

impl<'a> FromJson<'a> for Found<'a> {
    fn read<V: JsonValue<'a>>(value: &mut V) -> Result<Option<Self>, V::Error> {
        value.object(|found: &mut Self, name, value| {
            match name {
                b"a" => found.text = value.text()?,
                b"[" => found.json = value.json()?,
                b"" => found.object = Found::read(value)?.map(Box::new),
                b"]}" => {
                    found.list.clear();
                    value.list(|item| {
                        found.list.push(Found::read(item)?);
                        Ok(())
                    })?;
                }
                _ => {}
            }
            Ok(())
        })
    }
}

impl Found<'_> {
    /// Checks that the same is found as in a parsed value.
    fn agrees_with(&self, value: &Value) {
        assert_eq!(self.text.as_deref(), value["a"].as_str(), "{value}");
        let json = self.json.map(|json| serde_json::from_str(json).unwrap());
        let expected = value.get("[").filter(|value| !value.is_null());
        assert_eq!(json.as_ref(), expected, "{value}");
        agree(self.object.as_deref(), &value[""]);
        let list = value["]}"].as_array().cloned().unwrap_or_default();
        assert_eq!(self.list.len(), list.len(), "{value}");
        for (found, value) in self.list.iter().zip(&list) {
            agree(found.as_ref(), value);
        }
    }
}

fn agree(found: Option<&Found<'_>>, value: &Value) {
    assert_eq!(found.is_some(), value.is_object(), "{value}");
    if let Some(found) = found {
        found.agrees_with(value);
    }
}

fn compact(json: &str) -> Result<Option<Found<'_>>, OtherNotation> {
    Found::read(&mut Compact::new(json))
}

fn any_notation(json: &str) -> Option<Found<'_>> {
    let Ok(found) = Found::read(&mut Any(json));
    found
}

/// Checks that the short cut reads what the other way does, and both what `serde_json` does.
/// Returns whether the short cut is taken.
fn agrees(json: &str) -> bool {
    let found = any_notation(json);
    if let Ok(value) = serde_json::from_str(json) {
        agree(found.as_ref(), &value);
    }
    let compact = compact(json);
    if let Ok(compact) = &compact {
        assert_eq!(compact, &found, "{json}");
    }
    assert_eq!(from_json(json), found, "{json}");
    compact.is_ok()
}

/// Generates an object of the wanted names and others, mostly as CloudTrail writes.
fn object() -> impl Strategy<Value = String> {
    let name = || {
        prop::sample::select(vec![
            r#""a""#,
            r#""[""#,
            r#""""#,
            r#""]}""#,
            r#""b""#,
            r#""ab""#,
            r#""é""#,
            r#""\u0061""#,
            r#""a\"""#,
            r#""\ud800""#,
            r#""\u005b""#,
        ])
    };
    let leaf = prop_oneof![
        prop::sample::select(vec![
            "null",
            "7",
            "-0.5e+1",
            "true",
            "\"\"",
            r#""x""#,
            "\"é\"",
            r#""\u00e9\/""#,
            r#""\ud800""#,
            r#""\ud83d\ude00""#,
            r#""]}""#,
            "[]",
            "{}",
            "[{}]",
            r#"{"a":"y"}"#,
        ])
        .prop_map(str::to_owned),
        json(),
    ];
    let space = || prop::sample::select(vec!["", "", "", "", "", "", "", "", "", " ", "\n"]);
    leaf.prop_recursive(4, 40, 6, move |inner| {
        let member = (name(), space(), inner.clone(), space())
            .prop_map(|(name, a, value, b)| format!("{name}{a}:{value}{b}"));
        prop_oneof![
            3 => prop::collection::vec(member, 0..6)
                .prop_map(|members| format!("{{{}}}", members.join(","))),
            1 => (prop::collection::vec(inner, 0..6), space())
                .prop_map(|(values, space)| format!("[{}{space}]", values.join(","))),
        ]
    })
}

#[test]
fn both_ways_read_the_same() {
    for (json, is_compact) in [
        (r#"{"a":"x","b":2,"a":"y","":{"a":"z"}}"#, true),
        (r#"{"a":"\u00e9","[":"\ud800"}"#, true),
        (r#"{"a":"\ud800"}"#, true),
        (r#"{"a":null,"[":null,"":null,"]}":null}"#, true),
        (r#"{"a":"x","a":null,"[":1,"[":null}"#, true),
        (r#"{"":{"a":"x"},"":7,"]}":[{"a":"x"}],"]}":[]}"#, true),
        (r#"{"":{"a":"x","[":1},"":{"[":2}}"#, true),
        (r#"{"]}":[7,{"a":"x"},[],{"":{"]}":[{}]}},null]}"#, true),
        (r#"{"a":1}x"#, true),
        ("{}", true),
        (r#"["a"]"#, true),
        ("7", true),
        ("", false),
        (" {}", false),
        (" 7", false),
        (r#"{"\u0061":"x"}"#, false),
        (r#"{"a":"x","\u0061":"y"}"#, false),
        (r#"{"a":"x","\ud800":2}"#, false),
        (r#"{"a":"x","":{"a":"y","\ud800":2}}"#, false),
        (r#"{"a":"x","]}":[{"a":"y","\ud800":2},{"a":"z"}]}"#, false),
        (r#"{ "a":1}"#, false),
        (r#"{"a":1 }"#, false),
        (r#"{"a":"x","":{ "a":"y"}}"#, false),
        (r#"{"a":"x","]}":[ {"a":"y"}]}"#, false),
        (r#"{"a":"x","b":[ 1]}"#, false),
        (r#"{"a":"x""#, false),
        (r#"{"a":"x"]"#, false),
        (r#"{"a":"x","":{"a":"y"}"#, false),
        (r#"{"]}":[{"a":"y"}}"#, false),
        ("{\"a\":\"\n\"}", false),
        ("{", false),
    ] {
        assert_eq!(agrees(json), is_compact, "{json}");
    }
}

#[test]
fn nested_members_are_read_at_any_depth() {
    for depth in [1, 60, 64, 65, 100, 1000] {
        let deep = format!("{}7{}", "[".repeat(depth), "]".repeat(depth));
        let json = format!(r#"{{"b":{deep},"a":"x","":{{"b":{deep},"a":"y"}}}}"#);
        let found: Found<'_> = from_json(&json).unwrap();
        assert_eq!(found.text.as_deref(), Some("x"), "{depth}");
        assert_eq!(found.object.unwrap().text.as_deref(), Some("y"), "{depth}");
        assert_eq!(any_notation(&json), from_json(&json), "{depth}");
    }
}

#[test]
fn an_object_that_is_cut_off_anywhere_is_not_read() {
    let json = r#"{"a":"\u00e9","b":[{}],"":{"a":"x","[":[1,-2e3]},"]}":[{"a":"y"},null,[]]}"#;
    assert!(agrees(json));
    for end in 0..json.len() {
        agrees(&json[..end]);
        assert_eq!(from_json::<Found<'_>>(&json[..end]), None, "{end}");
    }
}

proptest! {
    #[test]
    fn both_ways_read_the_same_of_any_value(
        json in prop_oneof![object(), json()],
        damage in prop::collection::vec(
            (any::<prop::sample::Index>(), prop::sample::select(b"[]{},:\"\\ -.0eEua\n".to_vec())),
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
