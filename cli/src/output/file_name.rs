//! The check that the name of an output file fits the format of its content.
//!
//! `--output` names the format in the AWS CLI, but a file here.

use crate::exit::Stop;
use std::path::{Path, PathBuf};

/// The values that the AWS CLI accepts after `--output`, and the values of `--format`.
const FORMATS: [&str; 9] = [
    "json",
    "text",
    "table",
    "yaml",
    "yaml-stream",
    "ndjson",
    "html",
    "csv",
    "off",
];

/// The formats that the extension of a file's name represents.
const ENDINGS: [(&str, &[&str]); 7] = [
    ("json", &["json", "ndjson"]),
    ("ndjson", &["ndjson"]),
    ("jsonl", &["ndjson"]),
    ("html", &["html"]),
    ("htm", &["html"]),
    ("csv", &[]),
    ("pdf", &[]),
];

/// Checks the name of the file for a report in `format`: refuses the name of a format, the
/// extension of another format, and a file that is read.
///
/// # Errors
/// [`Stop`], with the text to write instead.
pub(crate) fn check(
    output: Option<&Path>,
    format: &str,
    formats: &[&str],
    inputs: &[Option<&PathBuf>],
) -> Result<(), Stop> {
    let Some(output) = output else {
        return Ok(());
    };
    let name = output.to_string_lossy();
    let known = |format: &str| formats.contains(&format);
    if FORMATS.iter().any(|word| name.eq_ignore_ascii_case(word)) {
        let word = name.to_ascii_lowercase();
        let instead = if formats.len() > 1 && known(&word) {
            format!("did you mean --format {word}?")
        } else if formats.len() > 1 {
            format!("--format takes {}.", formats.join(", "))
        } else {
            format!("the output is {format}.")
        };
        return Err(Stop::usage(format_args!(
            "--output {name} is the name of a file, not of a format: {instead} To write a file with that name, give ./{name}"
        )));
    }
    let ending = output
        .extension()
        .map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    let of_ending = ENDINGS
        .iter()
        .find(|(known, _)| ending.as_deref() == Some(known));
    if let Some((ending, holds)) = of_ending
        && !holds.contains(&format)
    {
        let fitting: Vec<&str> = holds.iter().copied().filter(|one| known(one)).collect();
        let instead = match fitting.first() {
            Some(fitting) => format!("add --format {fitting}, or give the file another name"),
            None => "give the file another name".to_owned(),
        };
        return Err(Stop::usage(format_args!(
            "--output {name} ends in .{ending}, but the output is {format}: {instead}"
        )));
    }
    let real = output.canonicalize().ok();
    let is_read = |input: &&PathBuf| real.is_some() && input.canonicalize().ok() == real;
    if output.is_file()
        && inputs
            .iter()
            .copied()
            .flatten()
            .any(|input| is_read(&input))
    {
        return Err(Stop::usage(format_args!(
            "--output {name} is a file that another option reads: give another name"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [&str; 4] = ["text", "json", "ndjson", "html"];

    fn refusal(output: &str, format: &str) -> Option<String> {
        let checked = check(Some(Path::new(output)), format, &ALL, &[]);
        checked.err().map(|stop| format!("{stop:?}"))
    }

    #[test]
    fn matching_file_names_are_accepted() {
        for (output, format) in [
            ("report", "text"),
            ("report.txt", "json"),
            ("report.json", "json"),
            ("report.json", "ndjson"),
            ("report.ndjson", "ndjson"),
            ("january.HTML", "html"),
            ("./json", "text"),
            ("/dev/stdout", "html"),
            ("-", "html"),
        ] {
            assert_eq!(refusal(output, format), None, "{output}");
        }
        assert!(check(None, "html", &ALL, &[]).is_ok());
    }

    #[test]
    fn a_format_instead_of_a_file_name_is_refused() {
        for output in ["json", "JSON", "html", "text", "ndjson"] {
            let line = refusal(output, "text").unwrap();
            let format = format!("--format {}", output.to_ascii_lowercase());
            assert!(line.contains(&format), "{line}");
        }
        for output in ["table", "yaml", "csv"] {
            let line = refusal(output, "text").unwrap();
            assert!(line.contains("takes text, json, ndjson, html"), "{line}");
        }
        let keys = check(Some(Path::new("json")), "json", &["json"], &[]).unwrap_err();
        assert!(format!("{keys:?}").contains("the output is json"));
    }

    #[test]
    fn a_file_name_of_another_format_is_refused() {
        for (output, format, instead) in [
            ("report.html", "text", "--format html"),
            ("report.htm", "json", "--format html"),
            ("a/report.json", "text", "--format json"),
            ("report.json", "html", "--format json"),
            ("report.ndjson", "json", "--format ndjson"),
            ("report.csv", "text", "another name"),
        ] {
            let line = refusal(output, format).unwrap();
            assert!(line.contains(instead), "{line}");
        }
        // A format that the command does not have is not suggested.
        let formats = ["text", "json"];
        let kms = check(Some(Path::new("kms.html")), "json", &formats, &[]).unwrap_err();
        assert!(!format!("{kms:?}").contains("--format"), "{kms:?}");
    }

    #[test]
    fn an_input_file_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let keys = folder.path().join("keys.json");
        let same = folder.path().join(".").join("keys.json");
        let checked = || check(Some(&same), "json", &ALL, &[None, Some(&keys)]);
        assert!(checked().is_ok());
        std::fs::write(&keys, "{}").unwrap();
        assert!(format!("{:?}", checked().unwrap_err()).contains("another option reads"));
        assert!(check(Some(&same), "json", &ALL, &[None]).is_ok());
    }
}
