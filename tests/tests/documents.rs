//! The documents' statements about the code are true: every test that a table names exists. And
//! every kind of finding has a constructor and a test.

#[path = "documents/commands.rs"]
mod commands;
#[path = "documents/links.rs"]
mod links;
#[path = "documents/operations.rs"]
mod operations;
#[path = "documents/runbook.rs"]
mod runbook;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use trailseal::finding::FindingKind;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the tests are in a folder of the repository")
        .to_owned()
}

/// Returns the names and files in the last column of a row: `` `a`, `b` (file.rs), `c` (other.rs)
/// ``.
fn tests_of(cell: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut names = Vec::new();
    for piece in cell.split('`').skip(1).enumerate() {
        match piece {
            (at, name) if at % 2 == 0 => names.push(name.to_owned()),
            (_, between) => {
                if let Some((file, _)) = between
                    .split_once('(')
                    .and_then(|(_, rest)| rest.split_once(')'))
                {
                    found.extend(names.drain(..).map(|name| (name, file.to_owned())));
                }
            }
        }
    }
    assert!(names.is_empty(), "no file is named for {names:?}");
    found
}

#[test]
fn every_test_that_the_field_table_names_exists() {
    let rows = count_existing_tests("docs/field.md", "tests/tests/command");
    assert!(rows > 80, "{rows} rows");
}

#[test]
fn every_test_that_the_table_of_attacks_names_exists() {
    let rows = count_existing_tests("docs/attacks.md", "tests/tests");
    assert!(rows > 25, "{rows} rows");
}

#[test]
fn every_test_that_the_threat_model_names_exists() {
    let rows = count_existing_tests("docs/threat-model.md", "tests/tests");
    assert!(rows > 35, "{rows} rows");
}

/// A link that a mail scanner may follow must not end a subscription.
#[test]
fn subscriptions_are_confirmed_with_authentication() {
    for page in ["README.md", "docs/alerts.md"] {
        let page = fs::read_to_string(root().join(page)).expect(page);
        assert!(page.contains(
            "aws sns confirm-subscription --topic-arn ARN --token TOKEN --authenticate-on-unsubscribe true"
        ));
    }
}

/// Fails unless each row of a page's tables with the last column `test` names existing tests there,
/// or `–`. The place next to a test is a file, or a folder whose files are searched; it is relative to
/// the root, or to `folder`. Returns the number of rows with tests.
fn count_existing_tests(page: &str, folder: &str) -> usize {
    let root = root();
    let page = fs::read_to_string(root.join(page)).expect(page);
    let mut missing = BTreeSet::new();
    let (mut count, mut is_of_tests, mut is_first) = (0, false, true);
    for row in page.lines() {
        if !row.starts_with("| ") {
            is_first = true;
            continue;
        }
        let cell = row.trim_end_matches(" |").rsplit(" | ").next();
        let cell = cell.expect("a cell");
        if is_first {
            (is_of_tests, is_first) = (cell == "test", false);
            continue;
        }
        if !is_of_tests || row.starts_with("| ---") || cell == "–" {
            continue;
        }
        let tests = tests_of(cell);
        assert!(!tests.is_empty(), "no test is named: {row}");
        count += 1;
        for (name, file) in tests {
            let places = [root.join(&file), root.join(folder).join(&file)];
            if !places.iter().any(|place| has_test(place, &name)) {
                missing.insert(format!("{name} in {file}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
    count
}

/// Returns whether a file, or a file below a folder, contains the test.
fn has_test(place: &Path, name: &str) -> bool {
    has_code(place, &|code| code.contains(&format!("fn {name}(")))
}

/// Only the files of `finding` describe what is wrong: each kind has a constructor there.
#[test]
fn every_kind_of_finding_has_a_constructor() {
    let folder = root().join("shared/core/src/finding");
    for kind in FindingKind::ALL {
        let variant = format!("FindingKind::{kind:?}");
        let makes = |code: &str| {
            code.match_indices(&variant)
                .any(|(at, _)| code[at + variant.len()..].starts_with(is_not_letter))
        };
        let has_constructor = fs::read_dir(&folder)
            .expect("the folder of findings")
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| !path.ends_with("tests.rs"))
            .any(|path| has_code(&path, &makes));
        assert!(has_constructor, "no constructor makes a finding {kind}");
    }
}

/// No product code except for the constructors makes a finding.
#[test]
fn only_constructors_make_findings() {
    let makes = |code: &str| {
        let product = code.split("#[cfg(test)]").next().unwrap_or(code);
        product.contains("Finding::new(")
    };
    let mut folders: Vec<PathBuf> = ["shared", "cli", "doctor", "functions"]
        .map(|folder| root().join(folder))
        .to_vec();
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(&folder).expect("a folder").flatten() {
            let path = path.path();
            let is_of_tests = ["tests", "tests.rs", "sample.rs"]
                .iter()
                .any(|name| path.ends_with(name));
            if is_of_tests || path.ends_with("shared/core/src/finding") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                assert!(
                    !has_code(&path, &makes),
                    "{} makes a finding",
                    path.display()
                );
            }
        }
    }
}

/// A kind without a story is never raised, as far as anybody knows.
#[test]
fn every_kind_of_finding_has_a_story() {
    const STORIES: [&str; 6] = [
        "stories.rs",
        "changed",
        "kms",
        "command",
        "watch",
        "pipeline",
    ];
    let stories: Vec<PathBuf> = STORIES
        .map(|story| root().join("tests/tests").join(story))
        .to_vec();
    for kind in FindingKind::ALL {
        let (variant, name) = (format!("{kind:?}"), format!("\"{kind}\""));
        let is_reported = stories.iter().any(|story| {
            has_code(story, &|code| {
                code.contains(&name) || code.split(is_not_letter).any(|word| word == variant)
            })
        });
        assert!(is_reported, "no story has a finding {kind}");
    }
}

fn is_not_letter(letter: char) -> bool {
    !letter.is_alphanumeric()
}

/// Returns whether a file, or a file below a folder, contains code that is `wanted`.
fn has_code(place: &Path, wanted: &dyn Fn(&str) -> bool) -> bool {
    if let Ok(entries) = fs::read_dir(place) {
        let mut files = entries.flatten().map(|entry| entry.path());
        return files.any(|file| has_code(&file, wanted));
    }
    place.extension().is_some_and(|extension| extension == "rs")
        && fs::read_to_string(place).is_ok_and(|code| wanted(&code))
}
