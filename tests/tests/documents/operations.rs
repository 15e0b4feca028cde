//! The pages on operation name what the template has.

use crate::root;
use std::collections::BTreeSet;
use std::fs;

/// Whoever removes the stack knows what remains.
#[test]
fn the_retained_resources_are_documented() {
    let template = fs::read_to_string(root().join("template.yaml")).expect("template.yaml");
    let mut retained = BTreeSet::new();
    let mut resource = "";
    for line in template.lines() {
        let name = line
            .strip_prefix("  ")
            .and_then(|line| line.strip_suffix(':'));
        if let Some(name) = name.filter(|name| name.chars().all(char::is_alphanumeric)) {
            resource = name;
        } else if line == "    DeletionPolicy: Retain" {
            retained.insert(resource);
        }
    }
    let page = fs::read_to_string(root().join("docs/operations.md")).expect("docs/operations.md");
    let (_, uninstall) = page.split_once("\n## Uninstall\n").expect("the section");
    let rows = uninstall.lines().filter(|line| line.starts_with("| `"));
    let mut named = BTreeSet::new();
    for cell in rows.filter_map(|row| row.split(" | ").next()) {
        let name = cell.split('`').nth(1).expect("a name").to_owned();
        if cell.contains("with its policy") {
            named.insert(format!("{name}Policy"));
        }
        named.insert(name);
    }
    // The table after it is about `EvidenceLock`.
    let of_lock = ["EvidenceLock", "Off", "Governance", "Compliance"];
    named.retain(|name| !of_lock.contains(&name.as_str()));
    assert_eq!(named, retained.into_iter().map(str::to_owned).collect());
}
