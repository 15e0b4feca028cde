//! Digest signatures that somebody provides, because a copy on disk holds none.
//!
//! A signature proves itself, regardless of who provides it: a provided signature is tried, and
//! never trusted. Useless signatures are remembered, because their provider should learn about
//! them.

use crate::names::text::clip_visibly;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU8, Ordering};

/// The lengths, in hex digits, of signatures by RSA keys of 2048, 3072, 4096 and 8192 bits.
/// CloudTrail's have 2048 bits.
const LENGTHS: [usize; 4] = [512, 768, 1024, 2048];

/// The maximum length of a name or value in a message, in characters.
const MAX_SHOWN: usize = 200;

/// The reason why provided signatures cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GivenError {
    /// A value that is not a signature.
    #[error(
        "the signature given for `{name}` is `{value}`, but a digest's signature has 512 hexadecimal digits"
    )]
    NoSignature {
        /// The name of its digest.
        name: String,
        /// The provided value.
        value: String,
    },
    /// A name that is not a digest's name.
    #[error("a signature has no digest name: give the digest's key or file name with it")]
    NoName,
    /// One digest has two signatures.
    #[error("two different signatures are given for `{name}`")]
    Twice {
        /// The digest.
        name: String,
    },
    /// Two digests have the same signature, which is impossible.
    #[error(
        "the same signature is given for `{first}` and for `{second}`, but each digest has its own"
    )]
    Shared {
        /// One digest.
        first: String,
        /// The other.
        second: String,
    },
}

/// The state of a signature.
const UNUSED: u8 = 0;
const USED: u8 = 1;
const CONTRADICTED: u8 = 2;

#[derive(Debug)]
struct Entry {
    name: String,
    hex: String,
    state: AtomicU8,
}

/// Signatures by their digests' keys and file names.
#[derive(Debug, Default)]
pub struct GivenSignatures {
    entries: Vec<Entry>,
    by_key: HashMap<String, usize>,
    /// `None` if digests of several folders have the name.
    by_file: HashMap<String, Option<usize>>,
    /// File names that were given alone, without a folder.
    bare: HashSet<String>,
}

/// Returns whether a text is the hex of an RSA signature.
#[must_use]
pub fn is_signature(text: &str) -> bool {
    LENGTHS.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

impl GivenSignatures {
    /// Reads signatures with the names of their digests: `s3://BUCKET/KEY`, a key, a path or a file
    /// name. White space and quotes around either are skipped.
    ///
    /// # Errors
    /// [`GivenError`] if they contradict each other, or one is not a signature.
    pub fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Result<Self, GivenError> {
        let mut given = Self::default();
        let mut by_signature: HashMap<String, usize> = HashMap::new();
        for (name, value) in pairs {
            let (name, value) = (
                crate::names::value::plain(&name),
                crate::names::value::plain(&value),
            );
            if name.is_empty() {
                return Err(GivenError::NoName);
            }
            if !is_signature(value) {
                return Err(GivenError::NoSignature {
                    name: shown(name),
                    value: shown(value),
                });
            }
            let hex = value.to_ascii_lowercase();
            let index = match by_signature.get(&hex) {
                None => {
                    by_signature.insert(hex.clone(), given.entries.len());
                    given.entries.push(Entry {
                        name: name.to_owned(),
                        hex,
                        state: AtomicU8::new(UNUSED),
                    });
                    given.entries.len() - 1
                }
                Some(&index) => {
                    let first = given.entries.get(index).map_or("", |entry| &entry.name);
                    if file_name(first) != file_name(name) {
                        return Err(GivenError::Shared {
                            first: shown(first),
                            second: shown(name),
                        });
                    }
                    index
                }
            };
            given.name(name, index)?;
        }
        Ok(given)
    }

    /// Adds one more name to an entry.
    fn name(&mut self, name: &str, index: usize) -> Result<(), GivenError> {
        let twice = || GivenError::Twice { name: shown(name) };
        let file = file_name(name);
        let is_path = file.len() < name.len();
        if is_path {
            let known = *self.by_key.entry(key_of(name).to_owned()).or_insert(index);
            if known != index {
                return Err(twice());
            }
        } else {
            self.bare.insert(file.to_owned());
        }
        match self.by_file.get(file) {
            None => {
                self.by_file.insert(file.to_owned(), Some(index));
            }
            Some(known) if *known != Some(index) => {
                if self.bare.contains(file) {
                    return Err(twice());
                }
                self.by_file.insert(file.to_owned(), None);
            }
            Some(_) => {}
        }
        Ok(())
    }

    /// Returns whether no signature is provided.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns the signature of the digest with this key, in hex: the one for the key, otherwise
    /// the one for its file name.
    #[must_use]
    pub fn of(&self, key: &str) -> Option<&str> {
        let entry = self.find(key)?;
        // A signature that is known to be wrong remains so.
        let _ = entry
            .state
            .compare_exchange(UNUSED, USED, Ordering::Relaxed, Ordering::Relaxed);
        Some(&entry.hex)
    }

    /// Records that the digest with this key is CloudTrail's, by another signature than the
    /// provided one.
    pub fn contradict(&self, key: &str) {
        if let Some(entry) = self.find(key) {
            entry.state.store(CONTRADICTED, Ordering::Relaxed);
        }
    }

    /// Returns the names whose signatures were never requested: no digest that was read has such a
    /// name.
    pub fn unused(&self) -> impl Iterator<Item = &str> {
        self.in_state(UNUSED)
    }

    /// Returns the names whose signatures are not those of their digests, as another signature
    /// proves.
    pub fn contradicted(&self) -> impl Iterator<Item = &str> {
        self.in_state(CONTRADICTED)
    }

    fn in_state(&self, state: u8) -> impl Iterator<Item = &str> {
        self.entries
            .iter()
            .filter(move |entry| entry.state.load(Ordering::Relaxed) == state)
            .map(|entry| entry.name.as_str())
    }

    fn find(&self, key: &str) -> Option<&Entry> {
        let by_file = || self.by_file.get(file_name(key)).copied().flatten();
        let index = self.by_key.get(key).copied().or_else(by_file)?;
        self.entries.get(index)
    }
}

/// Returns the last part of a key or of a path, on Windows, too.
fn file_name(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or(name)
}

/// Returns the key of an S3 URI, otherwise the name itself.
fn key_of(name: &str) -> &str {
    name.strip_prefix("s3://")
        .and_then(|rest| rest.split_once('/'))
        .map_or(name, |(_, key)| key)
}

fn shown(text: &str) -> String {
    clip_visibly(text.to_owned(), MAX_SHOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str =
        "111122223333_CloudTrail-Digest_us-east-1_t01_us-east-1_20260115T120000Z.json.gz";

    fn key() -> String {
        format!("AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/01/15/{NAME}")
    }

    fn given(pairs: &[(&str, &str)]) -> Result<GivenSignatures, GivenError> {
        GivenSignatures::new(
            pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        )
    }

    fn hex(byte: &str) -> String {
        byte.repeat(256)
    }

    #[test]
    fn a_signature_is_found_under_every_name_of_its_digest() {
        let (key, hex) = (key(), hex("aB"));
        let lower = hex.to_ascii_lowercase();
        for name in [
            NAME.to_owned(),
            key.clone(),
            format!("s3://amzn-s3-demo-bucket/{key}"),
            format!("./copy/amzn-s3-demo-bucket/{key}"),
            format!("C:\\copy\\{NAME}"),
            format!(" \"{NAME}\"\n"),
        ] {
            for value in [hex.clone(), format!("{hex}\n"), format!("\"{hex}\"\r\n")] {
                let given = given(&[(&name, &value)]).unwrap();
                assert_eq!(given.unused().count(), 1);
                assert_eq!(given.of(&key), Some(lower.as_str()), "{name}");
                assert_eq!(given.of(NAME), Some(lower.as_str()), "{name}");
                assert_eq!(given.of("other.json.gz"), None);
                assert_eq!(given.unused().count(), 0);
            }
        }
    }

    #[test]
    fn text_that_is_not_a_signature_is_refused_with_the_name_of_its_digest() {
        for value in [
            "",
            "zz",
            "None",
            "null",
            &hex("zz"),
            &hex("ab")[1..],
            &format!("{}ab", hex("ab")),
            &format!("{} {}", &hex("ab")[..256], &hex("ab")[256..]),
            &format!("'{}", hex("ab")),
        ] {
            let error = given(&[("other.json.gz", &hex("00")), (NAME, value)]).unwrap_err();
            assert!(
                matches!(&error, GivenError::NoSignature { name, .. } if name == NAME),
                "{value}: {error}"
            );
        }
        assert_eq!(given(&[(" ", &hex("ab"))]).unwrap_err(), GivenError::NoName);
        let long = given(&[(NAME, &"x".repeat(5000))]).unwrap_err().to_string();
        assert!(long.len() < 600, "{long}");
    }

    #[test]
    fn each_digest_has_one_signature_and_each_signature_one_digest() {
        let (key, one, other) = (key(), hex("ab"), hex("cd"));
        let url = format!("s3://amzn-s3-demo-bucket/{key}");
        let under = |prefix: &str| format!("{prefix}/{key}");
        // The same, twice.
        let given_twice = given(&[(NAME, &one), (&key, &one), (&url, &one)]).unwrap();
        assert!(given_twice.of(&key).is_some());
        assert_eq!(given_twice.unused().count(), 0);
        for pairs in [
            [(NAME, &*one), (NAME, &*other)],
            [(&*key, &*one), (&*url, &*other)],
            [(&*key, &*one), (NAME, &*other)],
            [(NAME, &*one), (&*key, &*other)],
        ] {
            let error = given(&pairs).unwrap_err();
            assert!(
                matches!(error, GivenError::Twice { .. }),
                "{pairs:?}: {error}"
            );
        }
        let error = given(&[(NAME, &one), ("other.json.gz", &one)]).unwrap_err();
        assert!(matches!(error, GivenError::Shared { .. }), "{error}");
        // Trails of the same name below two prefixes.
        let (a, b) = (under("a"), under("b"));
        let two = given(&[(&a, &one), (&b, &other)]).unwrap();
        assert_eq!(two.of(&a), Some(&*one));
        assert_eq!(two.of(&b), Some(&*other));
        assert_eq!(two.of(&under("c")), None, "nobody knows which");
    }

    #[test]
    fn a_contradicted_signature_stays_contradicted() {
        let given = given(&[(NAME, &hex("ab"))]).unwrap();
        assert!(given.of(&key()).is_some());
        assert_eq!(given.contradicted().count(), 0);
        given.contradict(&key());
        assert!(given.of(&key()).is_some());
        assert_eq!(given.contradicted().collect::<Vec<_>>(), [NAME]);
        assert_eq!(given.unused().count(), 0);
    }
}
