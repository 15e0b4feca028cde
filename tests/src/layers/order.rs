//! Compares the layers of the core with its imports, and the files of every crate with each other.

use super::Crate;
use std::fs;
use std::path::{Path, PathBuf};

/// The folders of the core, lowest first.
const LAYERS: [&str; 17] = [
    "names",
    "gzip",
    "format",
    "trust",
    "world",
    "finding",
    "bucket",
    "weakening",
    "kms",
    "check",
    "receipt",
    "evidence_log",
    "watch",
    "event",
    "alert",
    "export",
    "period",
];

/// The crates that the core must not need: it has no AWS, no runtime, and no Lambda.
const EDGES: [&str; 5] = [
    "aws-sdk-",
    "aws-config",
    "aws_lambda_events",
    "lambda_runtime",
    "tokio",
];

fn root(of: &str) -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap().join(of)
}

fn source(of: &str) -> Crate {
    Crate::read(&root(of).join("src"))
}

/// Returns the sources of the commands, of the shared crates, and of every function.
fn crates() -> Vec<PathBuf> {
    let mut found = vec![root("cli/src"), root("doctor/src")];
    for folder in ["shared", "functions"] {
        for entry in fs::read_dir(root(folder)).unwrap() {
            let source = entry.unwrap().path().join("src");
            found.extend(source.is_dir().then_some(source));
        }
    }
    found
}

fn layer(file: &str) -> usize {
    let folder = file.split("::").next().unwrap();
    let found = LAYERS.iter().position(|layer| *layer == folder);
    found.unwrap_or_else(|| panic!("{file} is in no layer: add its folder to LAYERS and lib.rs"))
}

#[test]
fn no_file_uses_a_layer_above_its_own() {
    let core = source("shared/core");
    let arrows = core.arrows();
    assert!(core.len() > 40, "{} files", core.len());
    assert!(
        arrows
            .values()
            .map(std::collections::BTreeSet::len)
            .sum::<usize>()
            > 150
    );
    for (file, used) in &arrows {
        for used in used {
            assert!(
                layer(used) <= layer(file),
                "{file} uses {used}, which is above it"
            );
        }
    }
}

#[test]
fn no_two_files_use_each_other() {
    let crates = crates();
    assert!(crates.len() > 6, "{crates:?}");
    let circles: Vec<_> = crates
        .iter()
        .flat_map(|of| Crate::read(of).circles())
        .collect();
    assert!(circles.is_empty(), "{circles:#?}");
}

#[test]
fn the_map_in_lib_names_the_layers_in_order() {
    let map = fs::read_to_string(root("shared/core/src/lib.rs")).unwrap();
    let mut from = 0;
    for layer in LAYERS {
        let line = format!("//! - [`{layer}`]");
        let at = map[from..].find(&line);
        from += at.unwrap_or_else(|| panic!("lib.rs does not name {layer} in its place"));
    }
}

#[test]
fn the_core_needs_no_edge() {
    let manifest = fs::read_to_string(root("shared/core/Cargo.toml")).unwrap();
    for edge in EDGES {
        assert!(
            !manifest.lines().any(|line| line.starts_with(edge)),
            "the core needs {edge}"
        );
    }
}
