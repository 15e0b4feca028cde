//! The layout of the product code: small files, and one place for each name.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use trailseal_tests::local::paths;

/// The maximum number of lines of a file, without its tests.
const MAX_LINES: usize = 400;

/// The maximum number of lines of a function.
const MAX_FUNCTION_LINES: usize = 80;

/// The maximum number of lines of tests inside a file.
const MAX_TEST_LINES: usize = 150;

/// A file of product code: its path below the repository, and its code without its tests.
struct Product {
    path: PathBuf,
    code: String,
    test_lines: usize,
}

impl Product {
    /// Returns the folder of its crate, such as `shared/core`.
    fn package(&self) -> &Path {
        let source = self.path.ancestors().find(|path| path.ends_with("src"));
        source.and_then(Path::parent).expect("a crate")
    }

    /// Returns its lines of code: neither comments nor documentation.
    fn code_lines(&self) -> impl Iterator<Item = &str> {
        self.code
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
    }
}

fn product() -> Vec<Product> {
    let root = paths::repository();
    let mut folders: Vec<PathBuf> = ["shared", "functions", "cli", "doctor"]
        .map(|name| root.join(name))
        .into();
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .expect("UTF-8");
            if path.is_dir() {
                if name != "tests" {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && name != "tests.rs"
            {
                let text = fs::read_to_string(&path).expect("UTF-8");
                let (code, tests) = text
                    .split_once("#[cfg(test)]\nmod tests {")
                    .unwrap_or((&text, ""));
                found.push(Product {
                    path: path.strip_prefix(&root).expect("below").to_owned(),
                    code: code.to_owned(),
                    test_lines: tests.lines().count(),
                });
            }
        }
    }
    let for_tests: Vec<PathBuf> = found.iter().flat_map(modules_for_tests).collect();
    found.retain(|file| !for_tests.contains(&file.path));
    assert!(found.len() > 150, "{} files", found.len());
    found
}

/// Returns the files of the modules that a file declares only for tests.
fn modules_for_tests(file: &Product) -> Vec<PathBuf> {
    let folder = match file.path.file_stem().and_then(|stem| stem.to_str()) {
        Some("mod" | "lib" | "main") => file.path.with_file_name(""),
        _ => file.path.with_extension(""),
    };
    file.code
        .split("#[cfg(test)]\n")
        .skip(1)
        .filter_map(|rest| {
            let line = rest.lines().next()?;
            let (_, module) = line.strip_suffix(';')?.rsplit_once("mod ")?;
            Some(folder.join(format!("{module}.rs")))
        })
        .collect()
}

#[test]
fn no_file_is_long() {
    let long: Vec<String> = product()
        .iter()
        .filter(|file| file.code.lines().count() > MAX_LINES || file.test_lines > MAX_TEST_LINES)
        .map(|file| {
            let lines = file.code.lines().count();
            format!(
                "{}: {lines} lines, {} of tests",
                file.path.display(),
                file.test_lines
            )
        })
        .collect();
    assert!(
        long.is_empty(),
        "one concept a file, long tests beside it: {long:#?}"
    );
}

/// By rustfmt's indentation: a function ends where a brace closes at the column of the function's
/// start.
#[test]
fn no_function_is_long() {
    let mut functions = 0;
    for file in product() {
        let lines: Vec<&str> = file.code.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let indent = line.len() - line.trim_start().len();
            let mut words = line.split_whitespace();
            let is_function = words
                .by_ref()
                .take_while(|word| {
                    word.starts_with("pub") || matches!(*word, "const" | "async" | "fn")
                })
                .any(|word| word == "fn");
            if !is_function {
                continue;
            }
            let closes = format!("{}}}", " ".repeat(indent));
            let length = lines[at..].iter().position(|line| {
                // A function without a body ends with a semicolon.
                line.starts_with(&closes)
                    || line.ends_with(';') && line.len() - line.trim_start().len() == indent
            });
            let length = length.map_or(0, |length| length + 1);
            functions += 1;
            assert!(
                length <= MAX_FUNCTION_LINES,
                "{}:{}: {length} lines",
                file.path.display(),
                at + 1
            );
        }
    }
    assert!(functions > 1500, "{functions} functions");
}

#[test]
fn no_crate_has_two_types_of_one_name() {
    let product = product();
    let mut types: BTreeMap<(&Path, &str), Vec<&Path>> = BTreeMap::new();
    for file in &product {
        for line in file.code_lines() {
            // Types within functions and macros are indented.
            let line = match line.split_once(' ') {
                Some((visibility, rest)) if visibility.starts_with("pub") => rest,
                _ => line,
            };
            let mut words = line.split(|c: char| !(c.is_alphanumeric() || c == '_'));
            if let (Some("struct" | "enum" | "trait" | "type"), Some(name)) =
                (words.next(), words.next())
            {
                types
                    .entry((file.package(), name))
                    .or_default()
                    .push(&file.path);
            }
        }
    }
    assert!(types.len() > 300, "{} types", types.len());
    types.retain(|_, files| files.len() > 1);
    assert!(types.is_empty(), "qualify the names: {types:#?}");
}

/// Any other file that spells the folder of the trails would have its own rules about keys.
#[test]
fn one_file_spells_the_folder_of_the_trails() {
    let files: Vec<PathBuf> = product()
        .into_iter()
        .filter(|file| {
            // Help texts show keys.
            !file.path.starts_with("cli/src/args")
                && file.code_lines().any(|line| line.contains("AWSLogs"))
        })
        .map(|file| file.path)
        .collect();
    assert_eq!(files.len(), 1, "{files:#?}");
}

#[test]
fn only_constructors_make_findings() {
    for file in product() {
        if !file.path.starts_with("shared/core/src/finding") {
            let makes = file.code_lines().any(|line| line.contains("Finding::new("));
            assert!(
                !makes,
                "{} makes a finding: add a constructor",
                file.path.display()
            );
        }
    }
}

#[test]
fn the_name_of_a_kind_is_in_one_place() {
    let product = product();
    for kind in trailseal::finding::FindingKind::ALL {
        let name = format!("\"{kind}\"");
        let files: Vec<&Path> = product
            .iter()
            .filter(|file| file.code_lines().any(|line| line.contains(&name)))
            .map(|file| file.path.as_path())
            .collect();
        assert_eq!(files.len(), 1, "{kind}: {files:?}");
    }
}
