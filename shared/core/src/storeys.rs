//! The storeys of the crate, held against its imports.
//!
//! A file may use its own storey and those below it. Within a storey, no two files use each other.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The folders of the crate, lowest first.
const STOREYS: [&str; 11] = [
    "names", "gzip", "format", "trust", "world", "finding", "bucket", "kms", "check", "event",
    "alert",
];

/// The crates that the core must not need: it knows no AWS, no runtime, and no Lambda.
const EDGES: [&str; 5] = [
    "aws-sdk-",
    "aws-config",
    "aws_lambda_events",
    "lambda_runtime",
    "tokio",
];

/// A file of the crate, by its module path, such as `trust::signature`.
type Files = BTreeMap<String, String>;

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every file with product code, without its comments and its tests.
fn files() -> Files {
    let mut found = Files::new();
    let mut folders = vec![source()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let below = path.strip_prefix(source()).unwrap().with_extension("");
            let mut names: Vec<_> = below.iter().map(|name| name.to_str().unwrap()).collect();
            if names == ["lib"] || names == ["storeys"] || names.last() == Some(&"tests") {
                continue;
            }
            names.retain(|name| *name != "mod");
            let code = fs::read_to_string(&path).unwrap();
            let code = code.split("#[cfg(test)]\nmod tests {").next().unwrap();
            let code: String = code
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .flat_map(|line| [line, "\n"])
                .collect();
            found.insert(names.join("::"), code);
        }
    }
    found
}

/// The module paths that a file names, from the crate's root on.
fn named(of: &str, code: &str) -> Vec<String> {
    let parent = of.rsplit_once("::").map_or("", |(parent, _)| parent);
    let mut paths = Vec::new();
    for (mark, root) in [("crate::", String::new()), ("super::", parent.to_owned())] {
        for (at, _) in code.match_indices(mark) {
            if code[..at].ends_with("super::") {
                continue;
            }
            let rest = &code[at + mark.len()..];
            let end = rest
                .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'))
                .unwrap_or(rest.len());
            let (path, group) = rest.split_at(end);
            let join = |tail: &str| {
                let parts = [root.as_str(), tail.trim_matches(':')];
                let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
                parts.join("::")
            };
            match group
                .strip_prefix('{')
                .and_then(|group| group.split_once('}'))
            {
                Some((names, _)) if path.ends_with("::") || path.is_empty() => {
                    for name in names.split(',') {
                        paths.push(join(&format!("{path}{}", name.trim())));
                    }
                }
                _ => paths.push(join(path)),
            }
        }
    }
    paths
}

/// The file that a module path is in. What a `mod.rs` only passes on is in the file that has it.
fn file_of(files: &Files, path: &str) -> Option<String> {
    let mut module = path;
    let mut item = "";
    loop {
        if let Some(code) = files.get(module) {
            let passed_on = code.match_indices("pub use ").find_map(|(at, _)| {
                let line = code[at + 8..].split(';').next()?;
                let (child, names) = line.split_once("::")?;
                let has = names
                    .split(|c: char| !(c.is_alphanumeric() || c == '_'))
                    .any(|name| name == item);
                (!item.is_empty() && has).then(|| format!("{module}::{child}"))
            });
            return Some(
                passed_on
                    .filter(|file| files.contains_key(file))
                    .unwrap_or_else(|| module.to_owned()),
            );
        }
        let (above, last) = module.rsplit_once("::")?;
        (module, item) = (above, last);
    }
}

/// Which files each file uses.
fn arrows(files: &Files) -> BTreeMap<String, BTreeSet<String>> {
    files
        .iter()
        .map(|(file, code)| {
            let used = named(file, code)
                .iter()
                .filter_map(|path| file_of(files, path))
                .filter(|used| used != file)
                .collect();
            (file.clone(), used)
        })
        .collect()
}

fn storey(file: &str) -> usize {
    let folder = file.split("::").next().unwrap();
    let found = STOREYS.iter().position(|storey| *storey == folder);
    found.unwrap_or_else(|| panic!("{file} is in no storey: add its folder to STOREYS and lib.rs"))
}

#[test]
fn no_file_uses_a_storey_above_its_own() {
    let files = files();
    let arrows = arrows(&files);
    assert!(files.len() > 40, "{} files", files.len());
    assert!(arrows.values().map(BTreeSet::len).sum::<usize>() > 150);
    for (file, used) in &arrows {
        for used in used {
            assert!(
                storey(used) <= storey(file),
                "{file} uses {used}, which is above it"
            );
        }
    }
}

#[test]
fn no_two_files_use_each_other() {
    let arrows = arrows(&files());
    for start in arrows.keys() {
        let mut seen = BTreeSet::new();
        let mut next: Vec<&String> = arrows[start].iter().collect();
        while let Some(file) = next.pop() {
            assert!(file != start, "{start} uses itself, by way of {seen:?}");
            if seen.insert(file) {
                next.extend(&arrows[file]);
            }
        }
    }
}

#[test]
fn the_map_in_lib_names_the_storeys_in_their_order() {
    let map = fs::read_to_string(source().join("lib.rs")).unwrap();
    let mut from = 0;
    for storey in STOREYS {
        let line = format!("//! - [`{storey}`]");
        let at = map[from..].find(&line);
        from += at.unwrap_or_else(|| panic!("lib.rs does not name {storey} in its place"));
    }
}

#[test]
fn the_core_needs_no_edge() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let manifest = fs::read_to_string(manifest).unwrap();
    for edge in EDGES {
        assert!(
            !manifest.lines().any(|line| line.starts_with(edge)),
            "the core needs {edge}"
        );
    }
}
