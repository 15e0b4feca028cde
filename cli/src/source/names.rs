//! The names of files in a copy on disk, and the names that the same objects have in S3.
//!
//! A name is never proof: regardless of its name, a file is verified by its signature or its hash.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use trailseal::names::object_key::{DigestKey, ObjectKind, classify, key_of_log_file};

/// The suffix of digest files and log files.
const SUFFIX: &str = ".json.gz";

/// The maximum length of a name that is examined, in bytes. No file system has longer names, and
/// the names of a trail's objects are much shorter.
const MAX_NAME_BYTES: usize = 512;

/// The maximum number of copy marks in one name: `NAME (1) - Copy (2)`.
const MAX_MARKS: usize = 4;

/// The first bytes of an `AppleDouble` file (RFC 1740).
const APPLE_DOUBLE: [u8; 4] = [0x00, 0x05, 0x16, 0x07];

/// The folder that macOS adds to ZIP archives. It holds `AppleDouble` files.
pub(crate) const MACOS_FOLDER: &str = "__MACOSX";

/// The meaning of a file's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FileName {
    /// A name that an object in S3 may have: it is used unchanged.
    Own,
    /// Another name of the digest file or log file `object`.
    Variant {
        /// The file name that the object has in S3.
        object: String,
    },
    /// A file that macOS, Windows, a browser or the AWS CLI leaves.
    Leftover,
}

/// Returns the kind of a file in a copy, by its name. For an `AppleDouble` file, the first bytes
/// are read, because anybody can choose a name.
pub(crate) fn file_name(name: &str, path: &Path) -> FileName {
    if is_leftover(name) || (name.starts_with("._") && is_apple_double(path)) {
        return FileName::Leftover;
    }
    match object_name(name) {
        Some(object) if object != name => FileName::Variant { object },
        _ => FileName::Own,
    }
}

/// Returns the name in S3 of the digest file or log file that a file of this name is a copy of.
/// Returns none if the name does not belong to such a file.
///
/// Known are decompressed files (`NAME.json`), and the names that browsers and file managers give
/// to a second copy: `NAME (1).json.gz`, `NAME.json (1).gz`, `NAME - Copy.json.gz`,
/// `Copy of NAME.json.gz`, `NAME copy 2.json.gz`, `NAME-2.json.gz`.
pub(crate) fn object_name(name: &str) -> Option<String> {
    if name.len() > MAX_NAME_BYTES {
        return None;
    }
    if is_object_name(name) {
        return Some(name.to_owned());
    }
    let rest = without_marks(without_prefix(name));
    let rest = rest.strip_suffix(".gz").unwrap_or(rest);
    let stem = without_marks(rest).strip_suffix(".json")?;
    let object = format!("{}{SUFFIX}", without_marks(stem));
    is_object_name(&object).then_some(object)
}

/// Returns the name of the decompressed file for an object of this name: `NAME.json`.
pub(super) fn decompressed(object: &str) -> Option<&str> {
    object
        .ends_with(SUFFIX)
        .then(|| object.strip_suffix(".gz"))
        .flatten()
}

/// Returns whether a digest file or a log file may have this name in S3.
fn is_object_name(name: &str) -> bool {
    name.ends_with(SUFFIX)
        && !name.contains('/')
        && (DigestKey::of_name(name).is_some()
            || key_of_log_file(name)
                .is_some_and(|key| matches!(classify(&key), ObjectKind::LogFile(_))))
}

/// Returns the name without the prefix that Windows adds: `Copy of `, `Copy (2) of `.
fn without_prefix(name: &str) -> &str {
    let Some(rest) = name.strip_prefix("Copy ") else {
        return name;
    };
    let rest = match rest
        .strip_prefix('(')
        .and_then(|rest| rest.split_once(") "))
    {
        Some((number, rest)) if is_number(number) => rest,
        _ => rest,
    };
    rest.strip_prefix("of ").unwrap_or(name)
}

/// Returns the name without the marks of a copy at its end.
fn without_marks(name: &str) -> &str {
    let mut name = name;
    for _ in 0..MAX_MARKS {
        match without_mark(name) {
            Some(rest) => name = rest,
            None => break,
        }
    }
    name
}

/// Returns the name without one such mark at its end.
fn without_mark(name: &str) -> Option<&str> {
    for mark in [" - Copy", " copy", " (copy)", " (another copy)"] {
        if let Some(rest) = name.strip_suffix(mark) {
            return Some(rest);
        }
    }
    if let Some((rest, number)) = name.strip_suffix(')').and_then(|n| n.rsplit_once('('))
        && is_number(number)
    {
        return Some(rest.strip_suffix(' ').unwrap_or(rest));
    }
    for mark in [" copy ", "-"] {
        if let Some((rest, number)) = name.rsplit_once(mark)
            && is_number(number)
        {
            return Some(rest);
        }
    }
    None
}

fn is_number(text: &str) -> bool {
    (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns whether tools leave files of this name, which no reader of log files takes for a log
/// file.
fn is_leftover(name: &str) -> bool {
    const OWN_FILES: [&str; 5] = [
        ".DS_Store",
        ".localized",
        "Thumbs.db",
        "ehthumbs.db",
        "desktop.ini",
    ];
    const UNFINISHED: [&str; 5] = [".part", ".partial", ".crdownload", ".download", ".tmp"];
    OWN_FILES.iter().any(|own| name.eq_ignore_ascii_case(own))
        || UNFINISHED.iter().any(|suffix| {
            name.len() > suffix.len()
                && name
                    .get(name.len() - suffix.len()..)
                    .is_some_and(|end| end.eq_ignore_ascii_case(suffix))
        })
        || is_unfinished_sync(name)
}

/// Returns whether `aws s3 sync` or `aws s3 cp` writes to this name while it downloads an object.
/// They write to `NAME.6eF32F12`, with a random end, and rename the file to `NAME` when it is
/// complete.
///
/// Source: `random_file_extension` in <https://github.com/boto/s3transfer/blob/develop/s3transfer/utils.py>.
fn is_unfinished_sync(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(object, end)| {
        end.len() == 8
            && end.bytes().all(|byte| byte.is_ascii_hexdigit())
            && object_name(object).is_some()
    })
}

/// Returns whether macOS keeps a file's attributes in this file, because the file system has no
/// place for them.
fn is_apple_double(path: &Path) -> bool {
    let is_file = std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file());
    let mut first = [0; APPLE_DOUBLE.len()];
    is_file
        && File::open(path)
            .and_then(|mut file| file.read_exact(&mut first))
            .is_ok_and(|()| first == APPLE_DOUBLE)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEMS: [&str; 3] = [
        "111122223333_CloudTrail_us-east-1_20260115T1205Z_7JREEBimdK8d2nC9",
        "111122223333_CloudTrail-Digest_us-east-1_management_events-2_us-east-1_20260115T120000Z",
        "111122223333_CloudTrail-Digest_us-east-1_my.trail_us-east-1_20260115T120000Z_backfill",
    ];

    #[test]
    fn the_name_of_a_copy_gives_the_objects_name() {
        for stem in STEMS {
            let object = format!("{stem}.json.gz");
            for name in [
                format!("{stem}.json.gz"),
                format!("{stem}.json"),
                format!("{stem} (1).json.gz"),
                format!("{stem}(12).json.gz"),
                format!("{stem}.json (1).gz"),
                format!("{stem}.json.gz (3)"),
                format!("{stem} (1).json"),
                format!("{stem} - Copy.json.gz"),
                format!("{stem} - Copy (2).json.gz"),
                format!("{stem}.json - Copy.gz"),
                format!("Copy of {stem}.json.gz"),
                format!("Copy (2) of {stem}.json.gz"),
                format!("{stem} copy.json.gz"),
                format!("{stem} copy 3.json.gz"),
                format!("{stem}-2.json.gz"),
                format!("{stem} (another copy).json.gz"),
                format!("{stem} - Copy (1) (2).json.gz"),
            ] {
                assert_eq!(object_name(&name).as_ref(), Some(&object), "{name}");
            }
        }
    }

    #[test]
    fn other_names_are_kept_unchanged() {
        for name in [
            "",
            "(1).json.gz",
            "notes.json.gz",
            "Copy of notes.json.gz",
            "._111122223333_CloudTrail_us-east-1_20260115T1205Z_7JREEBimdK8d2nC9.json.gz",
            "x111122223333_CloudTrail_us-east-1_20260115T1205Z_7JREEBimdK8d2nC9.json.gz",
            "111122223333_CloudTrail_us-east-1_20260115T1205Z_7JREEBimdK8d2nC9.gz",
            "111122223333_CloudTrail_us-east-1_20260115T1205Z_7JREEBimdK8d2nC9 (x).json.gz",
            "111122223333_CloudTrail_us-east-1_20260115T1205Z_Planted Copy.json.gz",
            "../111122223333_CloudTrail_us-east-1_20260115T1205Z_7JREEBimdK8d2nC9 (1).json.gz",
        ] {
            assert_eq!(object_name(name), None, "{name}");
            assert_eq!(file_name(name, Path::new("/nowhere")), FileName::Own);
        }
        // A log file's own name is not a copy's name.
        let own = "111122223333_CloudTrail_us-east-1_20260115T1205Z_copy.json.gz";
        assert_eq!(object_name(own).as_deref(), Some(own));
        assert_eq!(
            object_name(&format!("{} (1).json.gz", "x".repeat(600))),
            None
        );
    }

    #[test]
    fn files_that_tools_leave_are_recognized_by_name() {
        let object = format!("{}.json.gz", STEMS[0]);
        for name in [
            ".DS_Store",
            "Thumbs.db",
            "thumbs.DB",
            "desktop.ini",
            "Unconfirmed 12345.crdownload",
            "x.json.gz.part",
            "x.tmp",
            &format!("{object}.6eF32F12"),
        ] {
            assert_eq!(
                file_name(name, Path::new("/nowhere")),
                FileName::Leftover,
                "{name}"
            );
        }
        for name in [
            ".tmp",
            "x.json.gz.6eF32F12",
            &format!("{object}.6eF32F1g"),
            &format!("{object}.6eF32F1"),
            "DS_Store",
        ] {
            assert_eq!(
                file_name(name, Path::new("/nowhere")),
                FileName::Own,
                "{name}"
            );
        }
    }

    #[test]
    fn an_apple_double_file_is_also_recognized_by_content() {
        let folder = tempfile::tempdir().unwrap();
        let name = format!("._{}.json.gz", STEMS[0]);
        let path = folder.path().join(&name);
        std::fs::write(&path, [0, 5, 0x16, 7, 0, 2, 0, 0]).unwrap();
        assert_eq!(file_name(&name, &path), FileName::Leftover);
        std::fs::write(&path, b"\x1f\x8b planted").unwrap();
        assert_eq!(file_name(&name, &path), FileName::Own);
    }

    #[test]
    fn the_name_of_a_log_file_gives_its_key() {
        let name = "111122223333_CloudTrail_us-east-1_20260115T1205Z_7JREEBimdK8d2nC9.json.gz";
        assert_eq!(
            key_of_log_file(name).unwrap(),
            format!("AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/15/{name}")
        );
        for name in [
            "",
            "x.json.gz",
            "1_2_3_4.json.gz",
            "../a_b_c_20260115T.json.gz",
        ] {
            assert!(!is_object_name(name), "{name}");
        }
    }
}
