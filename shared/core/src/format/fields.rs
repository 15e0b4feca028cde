//! Single fields of JSON objects, read without copying or parsing the others.
//!
//! A type that implements [`FromJson`] says which members it wants of which objects. It is read in
//! one pass over a record as CloudTrail writes it, and with `serde_json` from any other notation.
//!
//! Other tests are in `shared/core/src/kms/event.rs`.

use super::json;
use serde::Deserialize;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;

/// A type that is read from some members of an object, and of the objects in it.
pub(crate) trait FromJson<'a>: Sized {
    /// Reads the value. Returns `None` if it is not what this type is read from.
    fn read<V: JsonValue<'a>>(value: &mut V) -> Result<Option<Self>, V::Error>;
}

/// Reads a JSON value.
pub(crate) fn from_json<'a, T: FromJson<'a>>(json: &'a str) -> Option<T> {
    T::read(&mut Compact::new(json)).unwrap_or_else(|OtherNotation| {
        let Ok(value) = T::read(&mut Any(json));
        value
    })
}

/// Reads the JSON value at the start of `json`, if it is written as CloudTrail writes. Returns the
/// value's length in bytes, and what was read.
pub(crate) fn first_from_json<'a, T: FromJson<'a>>(json: &'a str) -> Option<(usize, Option<T>)> {
    let mut value = Compact::new(json);
    let read = T::read(&mut value).ok()?;
    Some((json.len() - value.rest.len(), read))
}

/// A JSON value, of which one method is called once, or none.
pub(crate) trait JsonValue<'a>: Sized {
    /// The reason why the value cannot be read in this way.
    type Error;

    /// Passes the name and the value of each member of an object to `each`, with what is collected
    /// about the object. A name may appear several times: for most readers, the last one counts.
    /// Returns `None` if the value is not an object.
    fn object<T: Default>(
        &mut self,
        each: impl FnMut(&mut T, &[u8], &mut Self) -> Result<(), Self::Error>,
    ) -> Result<Option<T>, Self::Error>;

    /// Passes each value of a list to `each`. Passes nothing if the value is not a list.
    fn list(
        &mut self,
        each: impl FnMut(&mut Self) -> Result<(), Self::Error>,
    ) -> Result<(), Self::Error>;

    /// Returns a text. Returns `None` if the value is not a text.
    fn text(&mut self) -> Result<Option<Cow<'a, str>>, Self::Error>;

    /// Returns the value itself. Returns `None` if it is null.
    fn json(&mut self) -> Result<Option<&'a str>, Self::Error>;
}

/// The error that a value is not written as CloudTrail writes, or is not JSON.
#[derive(Debug)]
struct OtherNotation;

/// The rest of a value that is written as CloudTrail writes.
struct Compact<'a> {
    json: &'a str,
    rest: &'a [u8],
}

impl<'a> Compact<'a> {
    fn new(json: &'a str) -> Self {
        Self {
            json,
            rest: json.as_bytes(),
        }
    }

    /// Returns the text from `start`, which was the rest before, to the current rest.
    fn since(&self, start: &[u8]) -> Option<&'a str> {
        let length = self.json.len();
        self.json
            .get(length - start.len()..length - self.rest.len())
    }

    /// Reads what follows the value that `each` was called for: a comma, or the end of the list or
    /// object. Returns whether it is the end. `value`: the rest before the call.
    fn is_last(&mut self, value: &[u8], end: u8) -> Result<bool, OtherNotation> {
        if self.rest.len() == value.len() {
            self.rest = json::after_value(self.rest).ok_or(OtherNotation)?;
        }
        let (next, after) = self.rest.split_first().ok_or(OtherNotation)?;
        self.rest = after;
        match *next {
            b',' => Ok(false),
            next if next == end => Ok(true),
            _ => Err(OtherNotation),
        }
    }
}

impl<'a> JsonValue<'a> for Compact<'a> {
    type Error = OtherNotation;

    fn object<T: Default>(
        &mut self,
        mut each: impl FnMut(&mut T, &[u8], &mut Self) -> Result<(), OtherNotation>,
    ) -> Result<Option<T>, OtherNotation> {
        let mut object = T::default();
        self.rest = match self.rest {
            [b'{', b'}', after @ ..] => {
                self.rest = after;
                return Ok(Some(object));
            }
            [b'{', members @ ..] => members,
            _ => return self.json().map(|_| None),
        };
        loop {
            let (name, value) = json::plain_name(self.rest).ok_or(OtherNotation)?;
            self.rest = value;
            each(&mut object, name, self)?;
            if self.is_last(value, b'}')? {
                return Ok(Some(object));
            }
        }
    }

    fn list(
        &mut self,
        mut each: impl FnMut(&mut Self) -> Result<(), OtherNotation>,
    ) -> Result<(), OtherNotation> {
        self.rest = match self.rest {
            [b'[', b']', after @ ..] => {
                self.rest = after;
                return Ok(());
            }
            [b'[', values @ ..] => values,
            _ => return self.json().map(|_| ()),
        };
        loop {
            let value = self.rest;
            each(self)?;
            if self.is_last(value, b']')? {
                return Ok(());
            }
        }
    }

    fn text(&mut self) -> Result<Option<Cow<'a, str>>, OtherNotation> {
        let Some(quoted) = self.rest.strip_prefix(b"\"") else {
            return self.json().map(|_| None);
        };
        let Some(after) = json::after_plain_text(quoted) else {
            return Ok(self.json()?.and_then(text));
        };
        self.rest = after;
        let text = self.since(quoted).and_then(|text| text.strip_suffix('"'));
        Ok(text.map(Cow::Borrowed))
    }

    fn json(&mut self) -> Result<Option<&'a str>, OtherNotation> {
        let value = self.rest;
        self.rest = json::after_value(value).ok_or(OtherNotation)?;
        Ok(self.since(value).filter(|value| *value != "null"))
    }
}

/// A value in any notation.
struct Any<'a>(&'a str);

impl<'a> JsonValue<'a> for Any<'a> {
    type Error = Infallible;

    fn object<T: Default>(
        &mut self,
        each: impl FnMut(&mut T, &[u8], &mut Self) -> Result<(), Infallible>,
    ) -> Result<Option<T>, Infallible> {
        struct Members<T, F>(T, F);

        impl<'de, T, F> Visitor<'de> for Members<T, F>
        where
            F: FnMut(&mut T, &[u8], &mut Any<'de>) -> Result<(), Infallible>,
        {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
                let Self(mut object, mut each) = self;
                while let Some(JsonText(name)) = map.next_key()? {
                    let value: &RawValue = map.next_value()?;
                    let Ok(()) = each(&mut object, name.as_bytes(), &mut Any(value.get()));
                }
                Ok(object)
            }
        }

        let mut json = serde_json::Deserializer::from_str(self.0);
        let members = Members(T::default(), each);
        Ok(serde::Deserializer::deserialize_map(&mut json, members).ok())
    }

    fn list(
        &mut self,
        each: impl FnMut(&mut Self) -> Result<(), Infallible>,
    ) -> Result<(), Infallible> {
        struct Values<F>(F);

        impl<'de, F> Visitor<'de> for Values<F>
        where
            F: FnMut(&mut Any<'de>) -> Result<(), Infallible>,
        {
            type Value = ();

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
                while let Some(value) = list.next_element::<&RawValue>()? {
                    let Ok(()) = self.0(&mut Any(value.get()));
                }
                Ok(())
            }
        }

        let mut json = serde_json::Deserializer::from_str(self.0);
        // The values before a fault count.
        let _ = serde::Deserializer::deserialize_seq(&mut json, Values(each));
        Ok(())
    }

    fn text(&mut self) -> Result<Option<Cow<'a, str>>, Infallible> {
        Ok(text(self.0))
    }

    fn json(&mut self) -> Result<Option<&'a str>, Infallible> {
        Ok(Some(self.0).filter(|value| *value != "null"))
    }
}

#[derive(Deserialize)]
struct JsonText<'a>(#[serde(borrow)] Cow<'a, str>);

/// Returns a text. Returns `None` if the JSON value is not a text.
pub(crate) fn text(json: &str) -> Option<Cow<'_, str>> {
    let JsonText(text) = serde_json::from_str(json).ok()?;
    Some(text)
}

#[cfg(test)]
mod tests;
