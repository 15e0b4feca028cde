//! The command that restores an object, with the AWS CLI.
//!
//! Somebody copies it from an alert into a shell, and an attacker may have chosen the key. A name
//! that cannot be written safely makes no command.

use crate::names::location::ObjectLocation;
use crate::names::shell::shell_word;

/// The maximum length of a command: a longer one would be cut off in an email.
const MAX_COMMAND_CHARS: usize = 800;

/// How an intact version becomes the current one again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Restoration {
    /// The delete marker with this version ID hides it, and nothing else does. "To undelete the
    /// object, you must delete this delete marker"
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/ManagingDelMarkers.html>).
    RemoveMarker(String),
    /// The version with this ID is copied over the current one. Without a metadata directive, S3
    /// copies the metadata, too, which holds a digest's signature
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html>).
    Copy(String),
}

impl Restoration {
    /// Returns the command for the object at `at`, or `None` if a name in it cannot be written
    /// safely.
    #[must_use]
    pub fn command(&self, at: &ObjectLocation) -> Option<String> {
        let (bucket, key) = (at.bucket.as_str(), at.key.as_str());
        let command = match self {
            Self::RemoveMarker(marker) => format!(
                "aws s3api delete-object --bucket {} --key {} --version-id {}",
                word(bucket)?,
                word(key)?,
                word(marker)?
            ),
            // The AWS CLI encodes the source for the URL.
            Self::Copy(version) => {
                let source = format!("{bucket}/{key}?versionId={version}");
                format!(
                    "aws s3api copy-object --bucket {} --key {} --copy-source {}",
                    word(bucket)?,
                    word(key)?,
                    word(&source)?
                )
            }
        };
        (command.chars().count() <= MAX_COMMAND_CHARS).then_some(command)
    }
}

/// Returns a value for the AWS CLI as one word of a shell's command line.
fn word(text: &str) -> Option<String> {
    is_value(text).then(|| shell_word(text)).flatten()
}

/// Returns whether the AWS CLI takes a text as a value: not as an option, and not as the name of a
/// file that holds the value
/// (<https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-parameters-file.html>).
fn is_value(text: &str) -> bool {
    !text.is_empty() && !text.starts_with('-') && !text.contains("://")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: &str = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/15/111122223333_CloudTrail_us-east-1_20260115T1205Z_7JREEBimdK8d2nC9.json.gz";

    fn commands(key: &str, version: &str) -> [Option<String>; 2] {
        let at = ObjectLocation::new("amzn-s3-demo-bucket", key);
        [
            Restoration::RemoveMarker(version.to_owned()),
            Restoration::Copy(version.to_owned()),
        ]
        .map(|restoration| restoration.command(&at))
    }

    #[test]
    fn a_command_names_the_object_and_the_version() {
        let expected = [
            format!(
                "aws s3api delete-object --bucket amzn-s3-demo-bucket --key {KEY} --version-id 3HL4kqtJvjVBH40Nrjfkd"
            ),
            format!(
                "aws s3api copy-object --bucket amzn-s3-demo-bucket --key {KEY} --copy-source 'amzn-s3-demo-bucket/{KEY}?versionId=3HL4kqtJvjVBH40Nrjfkd'"
            ),
        ];
        assert_eq!(commands(KEY, "3HL4kqtJvjVBH40Nrjfkd"), expected.map(Some));
    }

    #[test]
    fn a_hostile_name_makes_no_command_that_does_anything_else() {
        for prefix in ["team a+b", "$(reboot)", "a;b", "a&b", "a\"b", "ä", "*", "#"] {
            for command in commands(&format!("{prefix}/{KEY}"), "v")
                .into_iter()
                .flatten()
            {
                let quoted = command.contains(&format!("--key '{prefix}/"));
                assert!(quoted, "{command}");
            }
        }
        for prefix in [
            "'; reboot '",
            "`reboot`",
            "\\",
            "-x",
            "file:///etc",
            "a\nb",
            "\u{202e}",
        ] {
            assert_eq!(
                commands(&format!("{prefix}/{KEY}"), "v")[0],
                None,
                "{prefix}"
            );
        }
        assert_eq!(
            commands(KEY, "v; reboot")[0]
                .as_deref()
                .map(|c| c.ends_with("'v; reboot'")),
            Some(true)
        );
        assert_eq!(commands(KEY, "")[0], None);
        assert_eq!(
            commands(&format!("{}/{KEY}", "p".repeat(800)), "v"),
            [None, None]
        );
    }

    /// Splits a command line as a POSIX shell does, if nothing in it is special outside of single
    /// quotes.
    fn split(command: &str) -> Option<Vec<String>> {
        let (mut words, mut quoted) = (vec![String::new()], false);
        for c in command.chars() {
            match c {
                '\'' => quoted = !quoted,
                ' ' if !quoted => words.push(String::new()),
                c if quoted || c.is_ascii_alphanumeric() || "-_./:=@+,".contains(c) => {
                    words.last_mut()?.push(c);
                }
                _ => return None,
            }
        }
        (!quoted).then_some(words)
    }

    proptest! {
        #[test]
        fn a_shell_reads_the_names_back(key in any::<String>(), version in "[ -~]{0,40}") {
            let at = ObjectLocation::new("amzn-s3-demo-bucket", key.clone());
            let marker = Restoration::RemoveMarker(version.clone());
            if let Some(command) = marker.command(&at) {
                let words = split(&command).expect("a command line");
                prop_assert_eq!(&words[..3], ["aws", "s3api", "delete-object"]);
                prop_assert_eq!(&words[5..], ["--key", &key, "--version-id", &version]);
            }
            let copy = Restoration::Copy(version.clone());
            if let Some(command) = copy.command(&at) {
                let words = split(&command).expect("a command line");
                let source = format!("amzn-s3-demo-bucket/{key}?versionId={version}");
                prop_assert_eq!(&words[5..], ["--key", &key, "--copy-source", &source]);
            }
        }
    }
}
