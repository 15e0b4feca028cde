//! Single fields of a JSON object, read without copying or parsing the others.
//!
//! The tests are in `shared/core/src/kms/event.rs`.

use serde::Deserialize;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// Returns a text, if it is one.
pub(crate) fn text(json: Option<&RawValue>) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
    let Text(text) = serde_json::from_str(json?.get()).ok()?;
    Some(text)
}

/// Returns fields of an object that may be missing.
pub(crate) fn within<'a, const N: usize>(
    json: Option<&'a RawValue>,
    names: [&str; N],
) -> [Option<&'a RawValue>; N] {
    json.and_then(|json| fields(json.get(), names))
        .unwrap_or([None; N])
}

/// Returns the fields with these names, without those that are null. Returns `None` if `json` is
/// not an object. For a duplicate name, the last field counts, as for most readers.
pub(crate) fn fields<'a, const N: usize>(
    json: &'a str,
    names: [&str; N],
) -> Option<[Option<&'a RawValue>; N]> {
    struct Fields<'n, const N: usize>([&'n str; N]);

    impl<'de, const N: usize> Visitor<'de> for Fields<'_, N> {
        type Value = [Option<&'de RawValue>; N];

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            #[derive(Deserialize)]
            struct Name<'a>(#[serde(borrow)] Cow<'a, str>);
            let mut found = [None; N];
            while let Some(Name(name)) = map.next_key()? {
                let place = self.0.iter().position(|wanted| *wanted == name);
                match place.and_then(|place| found.get_mut(place)) {
                    Some(field) => {
                        let value: &RawValue = map.next_value()?;
                        *field = (value.get() != "null").then_some(value);
                    }
                    None => {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
            }
            Ok(found)
        }
    }

    let mut json = serde_json::Deserializer::from_str(json);
    serde::Deserializer::deserialize_map(&mut json, Fields(names)).ok()
}
