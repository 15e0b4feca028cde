//! Single fields of a JSON object, read without copying or parsing the others.
//!
//! Other tests are in `shared/core/src/kms/event.rs`.

use super::json;
use serde::Deserialize;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// Returns a text, if it is one. `value` is a JSON value.
pub(crate) fn text(value: Option<&str>) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
    let value = value?;
    let quoted = value.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    if let Some(text) = quoted.filter(|text| json::is_plain(text)) {
        return Some(Cow::Borrowed(text));
    }
    let Text(text) = serde_json::from_str(value).ok()?;
    Some(text)
}

/// Returns fields of an object that may be missing.
pub(crate) fn within<'a, const N: usize>(
    json: Option<&'a str>,
    names: [&str; N],
) -> [Option<&'a str>; N] {
    json.and_then(|json| fields(json, names))
        .unwrap_or([None; N])
}

/// Returns the fields with these names, without those that are null. Returns `None` if `json` is
/// not an object. For a duplicate name, the last field counts, as for most readers.
pub(crate) fn fields<'a, const N: usize>(
    json: &'a str,
    names: [&str; N],
) -> Option<[Option<&'a str>; N]> {
    compact_fields(json, &names).or_else(|| any_fields(json, names))
}

/// Does the same for an object as CloudTrail writes it. `None`: it is another object, or none.
fn compact_fields<'a, const N: usize>(
    object: &'a str,
    names: &[&str; N],
) -> Option<[Option<&'a str>; N]> {
    let mut found = [None; N];
    let mut next = 0;
    let mut rest = object.as_bytes().strip_prefix(b"{")?;
    loop {
        let (name, value) = json::plain_name(rest)?;
        let after = json::after_value(value)?;
        // Members mostly have the order of the names.
        let mut places = (next..N).chain(0..next);
        let is = |place: &usize| names.get(*place).is_some_and(|it| it.as_bytes() == name);
        if let Some(place) = places.find(is)
            && let Some(field) = found.get_mut(place)
        {
            next = place + 1;
            let value = object.get(object.len() - value.len()..object.len() - after.len())?;
            *field = (value != "null").then_some(value);
        }
        rest = match after {
            [b',', rest @ ..] => rest,
            [b'}', ..] => return Some(found),
            _ => return None,
        };
    }
}

/// Does the same for any object.
fn any_fields<'a, const N: usize>(json: &'a str, names: [&str; N]) -> Option<[Option<&'a str>; N]> {
    struct Fields<'n, const N: usize>([&'n str; N]);

    impl<'de, const N: usize> Visitor<'de> for Fields<'_, N> {
        type Value = [Option<&'de str>; N];

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
                        *field = Some(value.get()).filter(|value| *value != "null");
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

/// Returns the first of the first `most` values of a list for which `find` returns something. The
/// others are not read. `list` is a JSON value.
pub(crate) fn find_value<'a, T>(
    list: &'a str,
    most: usize,
    mut find: impl FnMut(&'a str) -> Option<T>,
) -> Option<T> {
    find_compact_value(list, most, &mut find)
        .unwrap_or_else(|OtherNotation| find_any_value(list, most, find))
}

/// The error that a list is not written as CloudTrail writes, or is none.
struct OtherNotation;

/// Does the same for a list as CloudTrail writes it.
fn find_compact_value<'a, T>(
    list: &'a str,
    most: usize,
    mut find: impl FnMut(&'a str) -> Option<T>,
) -> Result<Option<T>, OtherNotation> {
    let mut rest = list.as_bytes().strip_prefix(b"[").ok_or(OtherNotation)?;
    for _ in 0..most {
        let after = json::after_value(rest).ok_or(OtherNotation)?;
        let value = list.get(list.len() - rest.len()..list.len() - after.len());
        let found = value.and_then(&mut find);
        rest = match after {
            _ if found.is_some() => return Ok(found),
            [b',', rest @ ..] => rest,
            [b']', ..] => return Ok(None),
            _ => return Err(OtherNotation),
        };
    }
    Ok(None)
}

/// Does the same for any list.
fn find_any_value<'a, T>(
    list: &'a str,
    most: usize,
    find: impl FnMut(&'a str) -> Option<T>,
) -> Option<T> {
    struct Values<'f, T, F>(&'f mut Option<T>, usize, F);

    impl<'a, T, F: FnMut(&'a str) -> Option<T>> Visitor<'a> for Values<'_, T, F> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }

        fn visit_seq<A: SeqAccess<'a>>(self, mut list: A) -> Result<(), A::Error> {
            let Self(found, most, mut find) = self;
            for _ in 0..most {
                let Some(value) = list.next_element::<&'a RawValue>()? else {
                    break;
                };
                *found = find(value.get());
                if found.is_some() {
                    break;
                }
            }
            Ok(())
        }
    }

    let mut found = None;
    let mut json = serde_json::Deserializer::from_str(list);
    // For a list that is not read to its end, the reader reports that it continues.
    let _ = serde::Deserializer::deserialize_seq(&mut json, Values(&mut found, most, find));
    found
}

#[cfg(test)]
mod tests;
