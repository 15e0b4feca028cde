//! The uses between the files of a crate, by their imports.
//!
//! A file that re-exports what is in another file (`pub use`) does not use that file. An import of
//! a re-exported item counts as a use of the file that defines it.

#[cfg(test)]
mod order;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The files of a crate with product code, by their module paths, such as `trust::signature`: their
/// code without comments and tests.
#[derive(Debug)]
pub struct Crate(BTreeMap<String, String>);

/// The files that each file uses.
pub type Arrows = BTreeMap<String, BTreeSet<String>>;

/// Returns whether a character may be part of a path.
fn is_of_path(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == ':'
}

impl Crate {
    /// Reads a crate's `src` folder.
    pub fn read(source: &Path) -> Self {
        let mut files = BTreeMap::new();
        let mut folders = vec![source.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let below = path.strip_prefix(source).unwrap().with_extension("");
                let mut names: Vec<_> = below.iter().map(|name| name.to_str().unwrap()).collect();
                if names == ["lib"] || names == ["main"] || names.last() == Some(&"tests") {
                    continue;
                }
                names.retain(|name| *name != "mod");
                let code = fs::read_to_string(&path).unwrap();
                files.insert(names.join("::"), product_code(&code));
            }
        }
        Self(files)
    }

    /// Returns the number of files.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether there are no files.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the files that each file uses.
    pub fn arrows(&self) -> Arrows {
        self.0
            .iter()
            .map(|(file, code)| {
                let used = paths(file, code)
                    .iter()
                    .filter_map(|path| self.file_of(path))
                    .filter(|used| used != file)
                    .collect();
                (file.clone(), used)
            })
            .collect()
    }

    /// Returns the files that use each other, directly or through others: each cycle once.
    pub fn circles(&self) -> Vec<Vec<String>> {
        let arrows = self.arrows();
        let reached: BTreeMap<_, _> = arrows
            .keys()
            .map(|file| (file, reached(&arrows, file)))
            .collect();
        let mut circles: Vec<Vec<String>> = Vec::new();
        for (file, used) in &reached {
            let is_new = !circles.iter().any(|circle| circle.contains(file));
            if is_new && used.contains(file) {
                let back = used.iter().filter(|other| reached[**other].contains(file));
                circles.push(back.map(|other| (*other).clone()).collect());
            }
        }
        circles
    }

    /// Returns the file that a module path is in. A re-exported item is in the file that defines
    /// it.
    fn file_of(&self, path: &str) -> Option<String> {
        let mut module = path;
        let mut item = "";
        loop {
            if let Some(code) = self.0.get(module) {
                let passed_on = code.split(';').find_map(|statement| {
                    let (visible, line) = statement.trim().rsplit_once(" use ").or_else(|| {
                        let at = statement.find("pub use ")?;
                        Some(("pub", &statement[at + 8..]))
                    })?;
                    let (child, names) = line.split_once("::")?;
                    let has = names
                        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
                        .any(|name| name == item);
                    let file = format!("{module}::{child}");
                    (visible.contains("pub") && has && self.0.contains_key(&file)).then_some(file)
                });
                let passed_on = passed_on.filter(|_| !item.is_empty());
                return Some(passed_on.unwrap_or_else(|| module.to_owned()));
            }
            let (above, last) = module.rsplit_once("::")?;
            (module, item) = (above, last);
        }
    }
}

/// Returns the files that a file uses, directly or through others.
fn reached<'a>(arrows: &'a Arrows, start: &String) -> BTreeSet<&'a String> {
    let mut seen = BTreeSet::new();
    let mut next: Vec<&String> = arrows[start].iter().collect();
    while let Some(file) = next.pop() {
        if seen.insert(file) {
            next.extend(&arrows[file]);
        }
    }
    seen
}

/// Returns the code of a file without its comments and its tests.
fn product_code(code: &str) -> String {
    let code = code.split("\nmod tests {").next().unwrap();
    code.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| [line, "\n"])
        .collect()
}

/// Returns the module paths that a file names, starting from the crate's root.
fn paths(of: &str, code: &str) -> Vec<String> {
    let parent = of.rsplit_once("::").map_or("", |(parent, _)| parent);
    let mut marks = vec![
        ("crate::".to_owned(), String::new()),
        ("super::".to_owned(), parent.to_owned()),
    ];
    // Modules below the file, which it names without a prefix. A file does not use what it
    // re-exports.
    let used: String = code
        .split_inclusive(';')
        .filter(|statement| {
            let statement = statement.trim_start();
            !(statement.starts_with("pub") && statement.contains("use "))
        })
        .collect();
    let children = code.lines().filter_map(|line| {
        let line = line.strip_suffix(';')?;
        line.rsplit_once("mod ").map(|(_, name)| name)
    });
    for child in children {
        marks.push((format!("{child}::"), format!("{of}::{child}")));
    }
    let mut found = Vec::new();
    for (mark, root) in &marks {
        let code = if mark == "crate::" || mark == "super::" {
            code
        } else {
            &used
        };
        for (at, _) in code.match_indices(mark.as_str()) {
            if code[..at].chars().next_back().is_some_and(is_of_path) {
                continue;
            }
            found.extend(named(root, &code[at + mark.len()..]));
        }
    }
    found
}

/// Returns the paths that start at a module and continue from there.
fn named(root: &str, rest: &str) -> Vec<String> {
    let end = rest.find(|c| !is_of_path(c)).unwrap_or(rest.len());
    let (path, group) = rest.split_at(end);
    let join = |tail: &str| {
        let parts = [root, tail.trim_matches(':')];
        let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        parts.join("::")
    };
    let group = group
        .strip_prefix('{')
        .and_then(|group| group.split_once('}'));
    match group {
        Some((names, _)) if path.ends_with("::") || path.is_empty() => names
            .split(',')
            .map(|name| join(&format!("{path}{}", name.trim())))
            .collect(),
        _ => vec![join(path)],
    }
}
