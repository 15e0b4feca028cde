//! Values of options: tolerant of how tools write them, and otherwise strict.
//!
//! White space and quotes around a value are ignored. An option that can be repeated also takes
//! several values at once, separated by commas, as the functions' parameters do. Every other
//! mistake in a value is refused, and the message names the option.

use crate::exit::Stop;
use std::fmt::Display;
use std::path::PathBuf;
use trailseal::names::bucket_name::bucket_alias;
use trailseal::names::ids::AccountId;
use trailseal::names::text::clip_visibly;
use trailseal::names::value::{list, plain};

/// Reads the value of an option, if it is given.
///
/// # Errors
/// [`Stop`], with the option's name, if `read` refuses the value or the value is empty.
pub(crate) fn one<T, E: Display>(
    option: &str,
    text: Option<&str>,
    read: impl Fn(&str) -> Result<T, E>,
) -> Result<Option<T>, Stop> {
    text.map(|text| match plain(text) {
        "" => Err(empty(option)),
        value => read(value).map_err(|error| refused(option, &error)),
    })
    .transpose()
}

/// Reads the values of an option that may be repeated.
///
/// # Errors
/// As for [`one`]: an option without a value would mean "any", which nobody wrote.
pub(crate) fn many<T, E: Display>(
    option: &str,
    texts: &[String],
    read: impl Fn(&str) -> Result<T, E>,
) -> Result<Vec<T>, Stop> {
    let mut values = Vec::new();
    for text in texts {
        let before = values.len();
        for value in list(text) {
            values.push(read(value).map_err(|error| refused(option, &error))?);
        }
        if values.len() == before {
            return Err(empty(option));
        }
    }
    Ok(values)
}

/// Reads the value of `--bucket-owner`.
///
/// # Errors
/// As for [`one`].
pub(crate) fn bucket_owner(text: Option<&str>) -> Result<Option<AccountId>, Stop> {
    one("--bucket-owner", text, AccountId::new)
}

/// Reads the values of `--alias`: the names of an original and of its replica.
///
/// # Errors
/// As for [`many`].
pub(crate) fn aliases(texts: &[String]) -> Result<Vec<(String, String)>, Stop> {
    many("--alias", texts, |text| {
        bucket_alias(text)
            .ok_or_else(|| is_not(text, "ORIGINAL=REPLICA, which are the names of two buckets"))
    })
}

/// Returns the message that a value is not what the option takes.
pub(crate) fn is_not(text: &str, takes: &str) -> String {
    format!("`{}` is not {takes}", shown(text))
}

/// Returns a path as it was meant: unchanged if it exists, otherwise without the quotes or white
/// space that a tool put around it.
pub(crate) fn input(path: PathBuf) -> PathBuf {
    if path.symlink_metadata().is_ok() {
        return path;
    }
    let meant = output(path.clone());
    if meant.symlink_metadata().is_ok() {
        meant
    } else {
        path
    }
}

/// Returns the path of a file to write, without the quotes or white space that a tool put around
/// it.
pub(crate) fn output(path: PathBuf) -> PathBuf {
    match path.to_str().map(plain) {
        Some(meant) if !meant.is_empty() => PathBuf::from(meant),
        _ => path,
    }
}

/// Reads a number of concurrent requests or files.
///
/// # Errors
/// The values that it accepts.
pub(crate) fn concurrency(text: &str) -> Result<u16, String> {
    plain(text)
        .parse()
        .ok()
        .filter(|number| (1..=1000).contains(number))
        .ok_or_else(|| "it takes a number from 1 to 1000".to_owned())
}

fn empty(option: &str) -> Stop {
    Stop::usage(format_args!(
        "{option} has no value: give one, or leave the option out"
    ))
}

fn refused(option: &str, error: &dyn Display) -> Stop {
    Stop::usage(format_args!("{option} {error}"))
}

/// The maximum number of characters of a value that a message repeats.
const SHOWN: usize = 300;

fn shown(text: &str) -> String {
    clip_visibly(text.to_owned(), SHOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts(texts: &[&str]) -> Result<Vec<AccountId>, Stop> {
        let texts: Vec<String> = texts.iter().map(|&text| text.to_owned()).collect();
        many("--account", &texts, AccountId::new)
    }

    #[test]
    fn repeated_and_listed_values_are_one_list() {
        let expected = ["111122223333", "444455556666"].map(|id| AccountId::new(id).unwrap());
        for texts in [
            &["111122223333", "444455556666"][..],
            &["111122223333,444455556666"],
            &["111122223333\t444455556666\n"],
            &[" '111122223333'", "\"444455556666\"\r\n"],
        ] {
            assert_eq!(accounts(texts).unwrap(), expected, "{texts:?}");
        }
        assert_eq!(accounts(&[]).unwrap(), []);
    }

    #[test]
    fn an_option_without_a_value_is_refused() {
        for text in ["", " ", ",", "\"\"", "\n"] {
            assert!(accounts(&["111122223333", text]).is_err(), "{text:?}");
            assert!(one("--bucket-owner", Some(text), AccountId::new).is_err() || text == ",");
        }
        assert!(one("--bucket-owner", Some(","), AccountId::new).is_err());
        assert!(
            one("--bucket-owner", None, AccountId::new)
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn numbers_are_read_with_white_space_around_them() {
        for (text, number) in [("8", Some(8)), (" 8\n", Some(8)), ("1000", Some(1000))] {
            assert_eq!(concurrency(text).ok(), number);
        }
        for text in ["", "0", "1001", "8 8", "8,8", "many", "-1", "8.0"] {
            assert!(concurrency(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_existing_path_is_used_unchanged() {
        let folder = tempfile::tempdir().unwrap();
        let (odd, plain) = (folder.path().join("a "), folder.path().join("a"));
        std::fs::write(&plain, "").unwrap();
        assert_eq!(input(odd.clone()), plain);
        std::fs::write(&odd, "").unwrap();
        assert_eq!(input(odd.clone()), odd);
        assert_eq!(output(odd), plain);
        let gone = folder.path().join("gone\n");
        assert_eq!(input(gone.clone()), gone);
    }
}
